//! Running text as it is, one document after the other with an empty line between: for tokenizers, n-gram models and
//! word vectors.
//!
//! # What it writes
//! `text.txt`: the text of each row, without the white space at its ends, then an empty line. Lines within a document stay,
//! and so do its own empty lines.
//!
//! # What is set aside
//! `export_no_text` (nothing but white space).
//!
//! # Example
//! ```console
//! corpus export builds/quickstart --to text
//! ```
//!
//! # Limits
//! Running text alone; ids and all other columns are left out, and documents with empty lines of their own cannot be told
//! apart again: `jsonl` keeps them.

use super::{Aside, Example, Exporter, Frame, Held, Part, module_docs};
use crate::rows::{Content, Use};
use crate::text::shell::quoted;

/// The exporter.
pub struct Text;

/// Its instance.
pub static EXPORTER: Text = Text;

fn text<'r>(row: &'r Example<'_>) -> &'r str {
    match &row.content {
        Content::Pretrain { text } => text.trim(),
        _ => "",
    }
}

impl Exporter for Text {
    fn name(&self) -> &'static str {
        "text"
    }
    fn about(&self) -> &'static str {
        "running text, an empty line between documents"
    }
    fn docs(&self) -> &'static str {
        module_docs(include_str!("text.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Pretrain]
    }
    fn loses(&self, _row: &Example<'_>) -> &'static [Part] {
        &[]
    }
    fn file(&self, _row: &Example<'_>) -> &'static str {
        "text.txt"
    }
    fn frame(&self, _file: &str) -> Frame {
        Frame::Around("", "\n\n", "\n")
    }
    fn special(&self) -> bool {
        true
    }
    fn check(&self, row: &Example<'_>) -> Result<(), Aside> {
        match text(row) {
            "" => Err(Aside::new("export_no_text", "white space alone")),
            _ => Ok(()),
        }
    }
    fn write(&self, row: &Example<'_>, out: &mut Vec<u8>) {
        out.extend_from_slice(text(row).as_bytes());
    }
    fn start(&self, folder: &str, _files: &[&str], _held: Held<'_>) -> String {
        format!("spm_train --input={} --model_prefix=MODEL --vocab_size=32000\n", quoted(&format!("{folder}/text.txt")))
    }
}
