//! The container of files that are no data: one record, which says what a file is and what helps.

use std::io;

use super::{BINARY, NAME};
use crate::formats::containers::support::records::unreadable;
use crate::formats::{Container, Layout, Piece, Reader, Split, detect};
use crate::rows::{Record, Use};

/// The container; its name is no word of recipes.
pub static CONTAINER: NotData = NotData;

/// Decoded bytes that tell what a file is.
const HEAD: usize = 256 << 10;

/// See the module.
pub struct NotData;

impl Container for NotData {
    fn name(&self) -> &'static str {
        NAME
    }
    fn about(&self) -> &'static str {
        "a file that is no data: one record that says what it is"
    }
    fn docs(&self) -> &'static str {
        crate::text::docs::module_docs(include_str!("../not_data.rs"))
    }
    fn objects(&self) -> bool {
        false
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Pretrain, Use::Instruct, Use::Rlhf, Use::Task]
    }
    fn split(&self, _layout: &Layout) -> Split {
        Split::Whole
    }
    fn open(&self, piece: &Piece, layout: &Layout) -> io::Result<Box<dyn Reader>> {
        let head = crate::input::head(&piece.path, piece.member.as_deref(), layout.transport.compression, HEAD)?;
        let name = detect::name(&piece.path, piece.member.as_deref());
        let found = detect::of_file(&head, head.len() < HEAD, &name);
        let said = found.note.filter(|_| found.container == NAME);
        Ok(Box::new(Refusal(Some((said.unwrap_or_else(|| BINARY.sentence()), head)))))
    }
}

/// Reads one record: what a file is and what helps, with its first bytes.
struct Refusal(Option<(String, Vec<u8>)>);

impl Reader for Refusal {
    fn next(&mut self, emit: &mut dyn FnMut(Record<'_>)) -> bool {
        let Some((detail, head)) = self.0.take() else { return false };
        emit(unreadable(NAME, detail, &head, 0, 0));
        true
    }
}
