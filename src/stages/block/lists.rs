//! Block lists: the columns that rows are looked up by, and the lists.

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Decimal128Builder, StringBuilder};
use sha2::{Digest, Sha256};
use xxhash_rust::xxh3::xxh3_128;

use super::By;
use crate::rows::batch::Batch;
use crate::rows::column::KEY;
use crate::stages::judge::{Failure, Judge, JudgedRow, Verdict};
use crate::stages::resources::{Resource, Shared};
use crate::stages::{RowContext, RowWork, Worked};
use crate::text::web;
use crate::{Error, Result};

/// Makes the columns of these lists.
pub struct Keys(pub Vec<By>);

impl RowWork for Keys {
    fn run(&mut self, batch: &mut Batch<'_>, context: &RowContext<'_>) -> Result<Worked> {
        if !context.columns {
            return Ok(Worked::default());
        }
        let urls = context.common[1].as_string::<i32>();
        let url = |row: usize| (urls.is_valid(row) && context.applies(row)).then(|| urls.value(row));
        let keys = |key: &mut dyn FnMut(usize) -> Option<u128>| -> ArrayRef {
            let mut keys = Decimal128Builder::with_capacity(context.rows).with_data_type(KEY);
            (0..context.rows).for_each(|row| keys.append_option(key(row).map(|k| k as i128)));
            Arc::new(keys.finish())
        };
        let mut columns: Vec<ArrayRef> = Vec::new();
        for by in &self.0 {
            match by {
                By::Id => {}
                By::Url => columns.push(keys(&mut |row| url(row).map(url_key))),
                By::Domain => {
                    let mut hosts = StringBuilder::new();
                    (0..context.rows).for_each(|row| hosts.append_option(url(row).and_then(web::host)));
                    columns.push(Arc::new(hosts.finish()));
                }
                By::Content => {
                    let mut texts = Vec::new();
                    columns.push(keys(&mut |row| {
                        batch.texts(row, &mut texts);
                        (!texts.is_empty() && context.applies(row)).then(|| text_key(&texts))
                    }));
                }
            }
        }
        Ok(Worked { columns, stop: None })
    }
}

fn url_key(url: &str) -> u128 {
    xxh3_128(web::normal(url).as_bytes())
}

/// The first half of the SHA-256.
fn text_key(texts: &[&str]) -> u128 {
    let mut sha = Sha256::new();
    for (at, text) in texts.iter().enumerate() {
        sha.update(if at > 0 { "\n" } else { "" });
        sha.update(text);
    }
    sha.finalize().iter().take(16).fold(0, |key, byte| key << 8 | u128::from(*byte))
}

/// One list.
#[derive(Debug)]
pub enum List {
    /// Ids or domains.
    Words(HashSet<Box<str>>),
    /// Keys of addresses or texts, sorted, each with its entry.
    Keys(Vec<(u128, Box<str>)>),
}

static LISTS: Shared<List> = Shared::new();

/// Reads a list, or finds it read.
///
/// # Errors
/// A file that cannot be read; an entry that is none, with its line.
pub fn list(by: By, resource: &Resource) -> Result<Arc<List>> {
    LISTS.get(&format!("{by:?} {} {}", resource.sha256, resource.path.display()), || read(by, resource))
}

fn read(by: By, resource: &Resource) -> Result<List> {
    let file = std::fs::File::open(&resource.path).map_err(Error::io(&resource.path))?;
    let (mut words, mut keys) = (HashSet::new(), Vec::new());
    for (number, line) in BufReader::new(file).lines().enumerate() {
        let place = || format!("{}:{}", resource.shown, number + 1);
        let line = line.map_err(|e| match e.kind() {
            std::io::ErrorKind::InvalidData => {
                Error::input(format!("{}: not UTF-8", place()), "save the list as UTF-8, one entry a line")
            }
            _ => Error::io(&resource.path)(e),
        })?;
        let line = if number == 0 { line.trim_start_matches('\u{feff}') } else { &line };
        let entry = without_comment(line);
        if entry.is_empty() {
            continue;
        }
        let wrong = |what: &str, cure: &str| Err(Error::input(format!("{}: `{entry}` is {what}", place()), cure));
        match by {
            By::Id => drop(words.insert(entry.into())),
            By::Url => keys.push((url_key(entry), entry.into())),
            By::Domain => match web::host(entry.trim_start_matches("*.").trim_start_matches('.')) {
                Some(host) => drop(words.insert(host.into())),
                None => return wrong("no domain", "write it like example.org; what follows a # is a comment"),
            },
            By::Content => {
                let hex = |s: &str| s.len() == 64 && s.bytes().all(|b| b.is_ascii_hexdigit());
                match u128::from_str_radix(entry.get(..32).unwrap_or_default(), 16).ok().filter(|_| hex(entry)) {
                    Some(key) => keys.push((key, entry.into())),
                    None => return wrong("no SHA-256", "64 hex digits, as sha256sum prints them"),
                }
            }
        }
    }
    keys.sort();
    Ok(if matches!(by, By::Id | By::Domain) { List::Words(words) } else { List::Keys(keys) })
}

/// A `#` begins a comment at the start of a line, or after white space: an address may hold one.
fn without_comment(line: &str) -> &str {
    let mut before = ' ';
    for (at, c) in line.char_indices() {
        if c == '#' && before.is_whitespace() {
            return line[..at].trim();
        }
        before = c;
    }
    line.trim()
}

impl List {
    fn word<'a>(&self, word: &'a str) -> Option<&'a str> {
        match self {
            List::Words(words) => words.contains(word).then_some(word),
            List::Keys(_) => None,
        }
    }

    fn key(&self, key: u128) -> Option<&str> {
        let List::Keys(keys) = self else { return None };
        let at = keys.partition_point(|(k, _)| *k < key);
        keys.get(at).filter(|(k, _)| *k == key).map(|(_, entry)| entry.as_ref())
    }
}

/// The lists of a stage: by what, as the recipe names the file, and what it says.
pub struct Lists(pub Vec<(By, String, Arc<List>)>);

impl Judge for Lists {
    fn judge(&self, row: &JudgedRow<'_>) -> Option<Verdict> {
        let mut columns = 0;
        for (by, shown, list) in &self.0 {
            let at = columns;
            columns += usize::from(*by != By::Id);
            let found = match by {
                By::Id => row.own_id.into_iter().chain([row.final_id]).find_map(|id| list.word(id)),
                By::Domain => row.text(at).and_then(|host| web::domains(host).find_map(|domain| list.word(domain))),
                By::Url | By::Content => row.key(at).and_then(|key| list.key(key)),
            };
            if let Some(entry) = found {
                let (reason, value, limit) = (by.reason().into(), entry.to_owned(), shown.clone());
                return Some(Failure { reason, value, limit }.into());
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_begin_after_white_space() {
        assert_eq!(without_comment("# all of it"), "");
        assert_eq!(without_comment(" example.org  # asked 2026-01-02"), "example.org");
        assert_eq!(without_comment("https://example.org/a#b"), "https://example.org/a#b");
    }

    #[test]
    fn the_key_of_a_text_is_its_sha256() {
        // printf abc | sha256sum
        assert_eq!(text_key(&["abc"]), 0xba7816bf_8f01cfea_414140de_5dae2223);
        assert_eq!(text_key(&["a", "b"]), text_key(&["a\nb"]));
    }
}
