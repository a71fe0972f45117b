//! Token ids for nanoGPT, and whoever reads a file of ids with `numpy.memmap`.
//!
//! # What it writes
//! `train.bin`: the ids of all documents behind one another, each document with its end token behind it; no header and no
//! index. Ids are `uint16` where the vocabulary fits, else `uint32`. Rows stand in the order of the build: shuffle there.
//!
//! # Example
//! ```console
//! corpus export builds/mine --to nanogpt --tokenizer gpt2/tokenizer.json
//! ```
//!
//! # Limits
//! nanoGPT's `train.py` reads `uint16`: for a larger vocabulary the two `np.memmap(…)` of its `get_batch` are changed, as
//! the lines that the command prints say. It wants a `val.bin` too: export another build, or cut the end off. Ends of
//! documents are tokens like any others to it; samples begin anywhere.

use super::super::export::folder::{Hashed, Staging, Written};
use super::{Done, Layout, Sequence, Sheet, Width, Writer, module_docs};
use crate::Result;

/// The layout.
pub struct NanoGpt;

/// Its instance.
pub static LAYOUT: NanoGpt = NanoGpt;

impl Layout for NanoGpt {
    fn name(&self) -> &'static str {
        "nanogpt"
    }
    fn about(&self) -> &'static str {
        "token ids behind one another, without a header"
    }
    fn docs(&self) -> &'static str {
        module_docs(include_str!("nanogpt.rs"))
    }
    fn trainer(&self) -> Option<&'static str> {
        Some("nanoGPT of November 2025")
    }
    fn width(&self, vocabulary: u32) -> Width {
        Width::fitting(vocabulary, 1 << 16, Width::U32)
    }
    fn writer<'a>(&self, sheet: &Sheet<'_>, staging: &'a Staging) -> Result<Box<dyn Writer + 'a>> {
        Ok(Box::new(Ids { file: staging.file("train.bin")?, width: sheet.width, bytes: Vec::new(), counts: [0; 2] }))
    }
    fn start(&self, folder: &str, _files: &[Written], sheet: &Sheet<'_>) -> String {
        let path = serde_json::json!(format!("{folder}/train.bin"));
        format!("data = np.memmap({path}, dtype=np.{}, mode=\"r\")\n", sheet.width.numpy())
    }
}

struct Ids {
    file: Hashed,
    width: Width,
    bytes: Vec<u8>,
    /// Documents and tokens.
    counts: [u64; 2],
}

impl Writer for Ids {
    fn sequence(&mut self, sequence: &Sequence<'_>) -> Result<()> {
        self.bytes.clear();
        self.counts = [self.counts[0] + 1, self.counts[1] + sequence.ids.len() as u64];
        self.width.write(sequence.ids, &mut self.bytes);
        self.file.write(&self.bytes)
    }
    fn close(self: Box<Self>) -> Result<Done> {
        let [documents, tokens] = self.counts;
        Ok(Done::one(vec![self.file.close()?], documents, tokens))
    }
}
