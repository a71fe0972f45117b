//! Rows that a model is trained on: the texts of raw files, read as `corpus inspect` reads them, without the rows that
//! their format sets aside.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::{Context, peek, ui};
use crate::formats::{self, Piece, detect};
use crate::input;
use crate::pipeline::inputs;
use crate::rows::{Content, Message};
use crate::text::figures::plural;
use crate::{Error, Result};

/// Bytes of the largest record.
const LARGEST: u64 = 64 << 20;

/// Refuses to write a model over a file that does not begin with the mark of one.
///
/// # Errors
///
/// [`Error::Other`] where such a file is there.
pub fn free(out: &Path, mark: &[u8], kind: &str) -> Result<()> {
    let mut head = Vec::new();
    let read = File::open(out).and_then(|file| file.take(mark.len() as u64).read_to_end(&mut head));
    if read.is_ok() && head != mark {
        let what = format!("{} is there already, and {kind}", out.display());
        return Err(Error::other(what, "name another file with --out"));
    }
    Ok(())
}

/// Hands over the text of each row of some files until `take` says that it was the last; the texts of a dialogue or pair
/// are lines of one. What cannot be read is counted and said.
///
/// # Errors
///
/// [`Error::Io`] where a file cannot be read, [`Error::Input`] where it is no data or has no row.
pub fn each(context: &Context, files: &[PathBuf], take: &mut dyn FnMut(String) -> bool) -> Result<()> {
    let (mut more, mut wrong) = (true, (0u64, None));
    for path in files {
        let io = |e| Error::io(path)(e);
        let compression = input::compression(path).map_err(io)?;
        let members: Vec<Option<String>> = match input::members(path, compression).map_err(io)? {
            Some(members) => members.into_iter().map(|m| Some(m.name)).collect(),
            None => vec![None],
        };
        let mut rows = 0u64;
        for member in members {
            if more {
                more = file(path, member, &mut wrong, &mut |text| {
                    rows += 1;
                    take(text)
                })?;
            }
        }
        if more && rows == 0 {
            let what = format!("{}: has no row", path.display());
            return Err(Error::input(what, "`corpus inspect FILE` says how it is read"));
        }
    }
    if let (count @ 1.., Some(first)) = wrong {
        let records = plural(count, "record");
        ui::warn(context, &format!("left out, since it could not be read: {records}; the first: {first}"));
    }
    Ok(())
}

/// The rows of a file, or of a member of an archive; whether more are wanted.
fn file(
    path: &Path,
    member: Option<String>,
    wrong: &mut (u64, Option<String>),
    take: &mut dyn FnMut(String) -> bool,
) -> Result<bool> {
    let io = |e| Error::io(path)(e);
    let found = detect::detect(path, member.as_deref()).map_err(io)?;
    let (layout, _) = inputs::layout(LARGEST, &peek::source("training", None), path, found)?;
    let container = formats::container(&layout.container)
        .ok_or_else(|| Error::Engine(format!("no container is called {}", layout.container)))?;
    let piece = Piece { path: path.to_path_buf(), member, start: 0, end: u64::MAX };
    let mut reader = container.open(&piece, &layout).map_err(io)?;
    let mut more = true;
    while more
        && reader.next(&mut |record| match record.row {
            Ok(row) if more && row.aside.is_none() => {
                let text = text(&row.content);
                more = text.trim().is_empty() || take(text);
            }
            Ok(_) => {}
            Err(unreadable) => {
                wrong.0 += 1;
                let place = || format!("{}:{}: {}", path.display(), record.line + 1, unreadable.reason);
                wrong.1.get_or_insert_with(place);
            }
        })
    {}
    Ok(more)
}

/// All texts of a row, a line each.
fn text(content: &Content<'_>) -> String {
    fn turns<'a>(messages: &'a [Message<'_>]) -> impl Iterator<Item = &'a str> {
        messages.iter().map(|m| m.content.as_ref())
    }
    let texts: Vec<&str> = match content {
        Content::Pretrain { text } => vec![text.as_ref()],
        Content::Task(task) => {
            [&task.input, &task.output, &task.text].into_iter().flatten().map(AsRef::as_ref).collect()
        }
        Content::Instruct { messages, .. } => turns(messages).collect(),
        Content::Rlhf(pair) => {
            let sides = [&pair.chosen, &pair.rejected, &pair.completion].into_iter().flatten();
            turns(&pair.prompt).chain(sides.flat_map(|side| turns(side))).collect()
        }
    };
    texts.join("\n")
}
