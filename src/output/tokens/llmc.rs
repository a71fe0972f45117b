//! Token ids for llm.c and modded-nanogpt.
//!
//! # What it writes
//! `corpus_train_000000.bin`, `corpus_train_000001.bin`, …: a header of 256 numbers of 32 bits (magic, version, how many
//! ids follow), then the ids, each document with its end token in front of it. Where the vocabulary fits, ids are
//! `uint16` and the magic is 20240520 with version 1 (GPT-2); else `uint32`, 20240801 and 7 (Llama 3). A file has
//! 16,777,216 ids, or what `--shard-tokens` says, all but the last; documents run on from one into the next.
//!
//! # Example
//! ```console
//! corpus export builds/mine --to llmc --tokenizer gpt2/tokenizer.json
//! ```
//!
//! # Limits
//! Both trainers refuse a file with fewer ids than a step takes, which the last one may have: remove it then. They want
//! files for validation too: export another build, or set one of the files aside.

use super::super::export::folder::{Staging, Written};
use super::{Done, Layout, Sequence, Shard, Sheet, Side, Width, Writer, module_docs};
use crate::Result;

/// Ids of a file.
const FILE: u64 = 1 << 24;
/// The most that it can be asked to have: the file that is filled is in memory.
const MOST: u64 = 1 << 25;

/// The layout.
pub struct LlmC;

/// Its instance.
pub static LAYOUT: LlmC = LlmC;

impl Layout for LlmC {
    fn name(&self) -> &'static str {
        "llmc"
    }
    fn about(&self) -> &'static str {
        "token ids in files with a header, for llm.c and modded-nanogpt"
    }
    fn docs(&self) -> &'static str {
        module_docs(include_str!("llmc.rs"))
    }
    fn trainer(&self) -> Option<&'static str> {
        Some("llm.c of May 2025")
    }
    fn most_of_shard(&self) -> Option<u64> {
        Some(MOST)
    }
    fn end_stands(&self) -> Side {
        Side::Before
    }
    fn width(&self, vocabulary: u32) -> Width {
        Width::fitting(vocabulary, 1 << 16, Width::U32)
    }
    fn writer<'a>(&self, sheet: &Sheet<'_>, staging: &'a Staging) -> Result<Box<dyn Writer + 'a>> {
        Ok(Box::new(Files::new(staging, sheet.width, sheet.shard.unwrap_or(FILE) as usize)))
    }
    fn start(&self, folder: &str, _files: &[Written], _sheet: &Sheet<'_>) -> String {
        format!("./train_gpt2cu -i \"{folder}/corpus_train_*.bin\" -j \"VALIDATION/*.bin\"\n")
    }
}

pub(super) struct Files<'a> {
    staging: &'a Staging,
    width: Width,
    ids: Vec<u32>,
    limit: usize,
    /// Documents that begin in the file.
    documents: u64,
    done: Done,
}

impl<'a> Files<'a> {
    /// Files of so many ids.
    pub(super) fn new(staging: &'a Staging, width: Width, limit: usize) -> Self {
        Files { staging, width, ids: Vec::new(), limit, documents: 0, done: Done::default() }
    }

    fn flush(&mut self) -> Result<()> {
        let mut file = self.staging.file(&format!("corpus_train_{:06}.bin", self.done.files.len()))?;
        let (magic, version) = if self.width == Width::U16 { (20_240_520, 1) } else { (20_240_801, 7) };
        let mut header = [0u32; 256];
        header[..3].copy_from_slice(&[magic, version, self.ids.len() as u32]);
        let mut bytes = Vec::with_capacity(1 << 20);
        Width::U32.write(&header, &mut bytes);
        for ids in self.ids.chunks(1 << 16) {
            self.width.write(ids, &mut bytes);
            file.write(&bytes)?;
            bytes.clear();
        }
        let file = file.close()?;
        let (path, rows, tokens) = (file.path.clone(), self.documents, self.ids.len() as u64);
        self.done.shards.push(Shard { path, rows, tokens });
        self.done.files.push(file);
        self.ids.clear();
        self.documents = 0;
        Ok(())
    }
}

impl Writer for Files<'_> {
    fn sequence(&mut self, sequence: &Sequence<'_>) -> Result<()> {
        let mut ids = sequence.ids;
        self.documents += 1;
        while !ids.is_empty() {
            let (now, rest) = ids.split_at(ids.len().min(self.limit - self.ids.len()));
            self.ids.extend_from_slice(now);
            ids = rest;
            if self.ids.len() == self.limit {
                self.flush()?;
            }
        }
        Ok(())
    }
    fn close(mut self: Box<Self>) -> Result<Done> {
        if !self.ids.is_empty() {
            self.flush()?;
        }
        Ok(self.done)
    }
}
