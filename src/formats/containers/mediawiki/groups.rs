//! The wiki's conversion groups: collected from all of a dump before any page is read, since they lie behind the articles
//! that name them.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::Pages;
use super::page::title_and_text;
use crate::formats::{Layout, Piece};
use crate::text::wikitext::{Groups, collected, group_of};

/// Names and rules, in the order of the dump.
type Found = Vec<(String, Vec<String>)>;

/// The part of a page that is searched for its title.
const HEAD: usize = 1024;

/// The groups that a file holds, as JSON.
pub(super) fn found(piece: &Piece, layout: &Layout) -> io::Result<Vec<u8>> {
    let mut pages = Pages::open(piece, layout)?;
    let mut list: Found = Vec::new();
    while pages.seek() {
        match pages.finish() {
            Ok(end) => {
                let page = &pages.buffer[pages.at..end];
                pages.at = end;
                let head = &page[..page.len().min(HEAD)];
                if memchr::memmem::find(head, b":CGroup/").is_none() {
                    continue;
                }
                // A page that cannot be read is a record of the reader, later.
                let Some((title, text)) = std::str::from_utf8(page).ok().and_then(title_and_text) else { continue };
                if let Some(name) = group_of(&title) {
                    list.push((name.to_owned(), collected(&text)));
                }
            }
            Err(("truncated", _)) => break,
            Err(_) => {}
        }
    }
    Ok(serde_json::to_vec(&list)?)
}

/// The groups of several files, as one.
pub(super) fn join(files: Vec<Vec<u8>>) -> Vec<u8> {
    let all = files.iter().filter_map(|f| serde_json::from_slice::<Found>(f).ok()).flatten();
    let mut all: Found = all.filter(|(_, rules)| !rules.is_empty()).collect();
    // Of two pages for a name (a Lua module and the template that it replaced) the one with more rules counts.
    all.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.len().cmp(&a.1.len())));
    serde_json::to_vec(&all).unwrap_or_default()
}

/// The groups of a source; of the source read last they are kept. None where nothing was prepared (`corpus inspect`).
pub(super) fn load(path: Option<&Path>) -> io::Result<Option<Arc<Groups>>> {
    static LAST: Mutex<Option<(PathBuf, Arc<Groups>)>> = Mutex::new(None);
    let Some(path) = path else { return Ok(None) };
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, groups)) = last.as_ref().filter(|(p, _)| p == path) {
        return Ok(Some(groups.clone()));
    }
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        // `corpus plan` and `check` read a few rows without having prepared any.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let groups = Arc::new(Groups::new(serde_json::from_slice::<Found>(&bytes)?));
    *last = Some((path.to_owned(), groups.clone()));
    Ok(Some(groups))
}
