//! A document a file, in folders by category (THUCNews): the first line is the title, the folder the category.
//!
//! # What it reads
//! For pretraining the text is the file as it stands, its title (the first line that is not blank) is in `meta`, and the
//! name of the folder, in an archive too, is the subset. For tasks the input is the text, the output the category, and
//! the task `classification`.
//!
//! # What is unreadable
//! As for `text`.
//!
//! # Example
//! ```toml
//! [[source]]
//! name   = "thucnews"
//! path   = ["THUCNews/**/*.txt"]
//! format = "articles"
//! ```
//!
//! # Limits
//! The content of a file does not tell that it is one of these: the recipe says so. The ideographic spaces that indent
//! paragraphs stay; `normalize` takes those at the front. A file right at the top of an archive has no category.

use std::borrow::Cow;
use std::io::{self, Read};
use std::path::Path;

use super::support::records::{not_utf8, stream_broke, too_large, unreadable};
use crate::formats::{Container, Layout, Piece, Reader, Split};
use crate::rows::{Content, Record, Row, Task, Use};
use crate::text::docs::module_docs;

/// The container.
pub struct Articles;

/// Its instance.
pub static CONTAINER: Articles = Articles;

impl Container for Articles {
    fn name(&self) -> &'static str {
        "articles"
    }
    fn about(&self) -> &'static str {
        "a document a file: its folder is the category, its first line the title"
    }
    fn docs(&self) -> &'static str {
        module_docs(include_str!("articles.rs"))
    }
    fn objects(&self) -> bool {
        false
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Pretrain, Use::Task]
    }
    fn split(&self, _layout: &Layout) -> Split {
        Split::Whole
    }
    fn open(&self, piece: &Piece, layout: &Layout) -> io::Result<Box<dyn Reader>> {
        let stream = Some(crate::input::open(piece, &layout.transport)?);
        let path = piece.member.as_ref().map_or(piece.path.as_path(), Path::new);
        let folder = path.parent().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
        Ok(Box::new(Article { stream, folder, layout: layout.clone() }))
    }
}

struct Article {
    stream: Option<Box<dyn Read + Send>>,
    folder: Option<String>,
    layout: Layout,
}

impl Reader for Article {
    fn next(&mut self, emit: &mut dyn FnMut(Record<'_>)) -> bool {
        let Some(mut stream) = self.stream.take() else { return false };
        let max = self.layout.max_row;
        let mut bytes = Vec::new();
        let read = (&mut stream).take(max.saturating_add(1)).read_to_end(&mut bytes);
        if let Err(error) = read {
            emit(stream_broke(&error, 0, 0));
        } else if bytes.len() as u64 > max {
            let rest = io::copy(&mut stream, &mut io::sink()).unwrap_or(0);
            emit(too_large(&bytes, bytes.len() as u64 + rest, max, 0, 0));
        } else {
            match simdutf8::compat::from_utf8(&bytes) {
                Ok(text) => emit(Record { offset: 0, line: 0, row: Ok(self.row(text)) }),
                Err(error) => {
                    let at = error.valid_up_to();
                    let detail = format!("not UTF-8 at byte {at}; if the file has another encoding, say `encoding`");
                    let (reason, detail) = not_utf8(error, false, detail);
                    emit(unreadable(reason, detail, &bytes, 0, 0));
                }
            }
        }
        true
    }
}

impl Article {
    fn row<'a>(&self, text: &'a str) -> Row<'a> {
        let folder = self.folder.clone().map(Cow::Owned);
        let mut row = match self.layout.usage {
            Use::Task => Row::new(Content::Task(Box::new(Task {
                task: Some("classification".into()),
                input: Some(text.into()),
                output: folder.clone(),
                ..Task::default()
            }))),
            _ => Row::new(Content::Pretrain { text: text.into() }),
        };
        if self.layout.usage == Use::Task && folder.is_none() {
            row.aside = Some(("no_answer", String::new()));
        }
        row.subset = folder;
        if let Some(title) = text.lines().map(str::trim).find(|line| !line.is_empty()) {
            row.meta = Some(Cow::Owned(serde_json::json!({ "title": title }).to_string()));
        }
        row
    }
}
