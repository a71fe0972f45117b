//! Token ids for llm.c and modded-nanogpt.
//!
//! # What it writes
//! `corpus_train_000000.bin`, `corpus_train_000001.bin`, …: a header of 256 numbers of 32 bits (magic, version, how many
//! ids follow), then the ids, each document with its end token in front of it. Where the vocabulary fits, ids are
//! `uint16` and the magic is 20240520 with version 1 (GPT-2); else `uint32`, 20240801 and 7 (Llama 3). A file has at most
//! 16,777,216 ids; documents run on from one into the next.
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
use super::{Layout, Sequence, Sheet, Side, Width, Writer, module_docs};
use crate::Result;

/// Ids of a file.
const FILE: usize = 1 << 24;

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
    fn end_stands(&self) -> Side {
        Side::Before
    }
    fn width(&self, vocabulary: u32) -> Width {
        Width::fitting(vocabulary, 1 << 16, Width::U32)
    }
    fn writer<'a>(&self, sheet: &Sheet<'_>, staging: &'a Staging) -> Result<Box<dyn Writer + 'a>> {
        Ok(Box::new(Files { staging, width: sheet.width, ids: Vec::new(), limit: FILE, written: Vec::new() }))
    }
    fn start(&self, folder: &str, _files: &[Written], _sheet: &Sheet<'_>) -> String {
        format!("./train_gpt2cu -i \"{folder}/corpus_train_*.bin\" -j \"VALIDATION/*.bin\"\n")
    }
}

pub(super) struct Files<'a> {
    pub(super) staging: &'a Staging,
    pub(super) width: Width,
    pub(super) ids: Vec<u32>,
    pub(super) limit: usize,
    pub(super) written: Vec<Written>,
}

impl Files<'_> {
    fn flush(&mut self) -> Result<()> {
        let mut file = self.staging.file(&format!("corpus_train_{:06}.bin", self.written.len()))?;
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
        self.ids.clear();
        self.written.push(file.close()?);
        Ok(())
    }
}

impl Writer for Files<'_> {
    fn sequence(&mut self, sequence: &Sequence<'_>) -> Result<()> {
        let mut ids = sequence.ids;
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
    fn close(mut self: Box<Self>) -> Result<Vec<Written>> {
        if !self.ids.is_empty() {
            self.flush()?;
        }
        Ok(self.written)
    }
}
