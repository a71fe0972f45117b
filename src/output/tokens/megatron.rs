//! Token ids as Megatron-LM's `preprocess_data.py` writes them.
//!
//! # What it writes
//! `corpus_text_document.bin`: the ids of all documents behind one another, each with its end token behind it
//! (`--append-eod`), as `uint16` where the vocabulary has fewer than 65,500 ids, else `int32`; and
//! `corpus_text_document.idx`: lengths of the documents, where each begins, and their numbers, one sequence a document.
//!
//! # Example
//! ```console
//! corpus export builds/mine --to megatron --tokenizer models/qwen3/tokenizer.json
//! ```
//!
//! # Limits
//! One pair of files, in the order of the build; Megatron shuffles, cuts and packs by itself. A document of more than
//! 2,147,483,647 tokens has no place.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};

use super::super::export::folder::{Hashed, Staging, Written};
use super::{Done, Layout, Sequence, Sheet, Width, Writer, module_docs};
use crate::{Error, Result};

/// The name of both files.
const NAME: &str = "corpus_text_document";

/// The layout.
pub struct Megatron;

/// Its instance.
pub static LAYOUT: Megatron = Megatron;

impl Layout for Megatron {
    fn name(&self) -> &'static str {
        "megatron"
    }
    fn about(&self) -> &'static str {
        "token ids with an index of documents (`.bin`, `.idx`), for Megatron-LM and what reads its data"
    }
    fn docs(&self) -> &'static str {
        module_docs(include_str!("megatron.rs"))
    }
    fn trainer(&self) -> Option<&'static str> {
        Some("Megatron Core 0.16.1")
    }
    fn width(&self, vocabulary: u32) -> Width {
        Width::fitting(vocabulary, 65_499, Width::I32)
    }
    fn writer<'a>(&self, sheet: &Sheet<'_>, staging: &'a Staging) -> Result<Box<dyn Writer + 'a>> {
        let ids = staging.file(&format!("{NAME}.bin"))?;
        let lengths = BufWriter::with_capacity(1 << 16, staging.scratch()?);
        Ok(Box::new(Files { staging, ids, lengths, documents: 0, tokens: 0, width: sheet.width, bytes: Vec::new() }))
    }
    fn start(&self, folder: &str, _files: &[Written], sheet: &Sheet<'_>) -> String {
        format!("--data-path {folder}/{NAME} --vocab-size {}\n", sheet.tokenizer.vocabulary())
    }
}

struct Files<'a> {
    staging: &'a Staging,
    ids: Hashed,
    /// Lengths of documents: the index has them in front of all else.
    lengths: BufWriter<File>,
    documents: u64,
    tokens: u64,
    width: Width,
    bytes: Vec<u8>,
}

/// An error of the file without a name.
fn scratch(error: std::io::Error) -> Error {
    Error::io(std::path::Path::new("a file of the export that has no name"))(error)
}

impl Writer for Files<'_> {
    fn sequence(&mut self, sequence: &Sequence<'_>) -> Result<()> {
        let length = i32::try_from(sequence.ids.len()).map_err(|_| {
            let message = format!("document {} has {} tokens", self.documents + 1, sequence.ids.len());
            Error::other(message, "Megatron counts the tokens of a document in 31 bits: leave the document out")
        })?;
        self.bytes.clear();
        self.width.write(sequence.ids, &mut self.bytes);
        self.ids.write(&self.bytes)?;
        self.documents += 1;
        self.tokens += sequence.ids.len() as u64;
        self.lengths.write_all(&length.to_le_bytes()).map_err(scratch)
    }

    fn close(self: Box<Self>) -> Result<Done> {
        let Files { staging, ids, lengths, documents, tokens, width, .. } = *self;
        let mut lengths = lengths.into_inner().map_err(|e| scratch(e.into_error()))?;
        let mut index = staging.file(&format!("{NAME}.idx"))?;
        index.write(b"MMIDIDX\0\0")?;
        index.write(&1u64.to_le_bytes())?;
        index.write(&[if width == Width::U16 { 8 } else { 4 }])?;
        index.write(&documents.to_le_bytes())?;
        index.write(&(documents + 1).to_le_bytes())?;
        each(&mut lengths, |length| index.write(&length.to_le_bytes()))?;
        let mut at = 0i64;
        each(&mut lengths, |length| {
            index.write(&at.to_le_bytes())?;
            at += i64::from(length) * width.bytes() as i64;
            Ok(())
        })?;
        (0..=documents).try_for_each(|document| index.write(&document.to_le_bytes()))?;
        Ok(Done::one(vec![ids.close()?, index.close()?], documents, tokens))
    }
}

/// Hands all lengths over.
fn each(lengths: &mut File, mut act: impl FnMut(i32) -> Result<()>) -> Result<()> {
    lengths.seek(SeekFrom::Start(0)).map_err(scratch)?;
    let mut lengths = BufReader::with_capacity(1 << 16, lengths);
    let mut bytes = [0; 4];
    loop {
        match lengths.read_exact(&mut bytes) {
            Ok(()) => act(i32::from_le_bytes(bytes))?,
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(scratch(error)),
        }
    }
}
