//! Token ids in chunks as litdata's `optimize` writes them, for LitGPT and whoever reads them with `TokensLoader`.
//!
//! # What it writes
//! `chunk-0-0.bin`, `chunk-0-1.bin`, …: how many documents a chunk has and where each begins, then their ids as `int32`,
//! each document with its end token behind it; and `index.json`: documents and tokens of each chunk. A chunk holds whole
//! documents, of 16,777,216 tokens together (64 MiB) at the most; one that is longer is a chunk of its own. With
//! `--shard-tokens` every chunk but the last has just so many tokens, and a document is cut where a chunk ends: of a
//! multiple of the block's length the trainer then leaves nothing out.
//!
//! # Example
//! ```console
//! corpus export builds/mine --to litdata --tokenizer models/qwen3/tokenizer.json
//! ```
//!
//! # Limits
//! The trainer cuts a chunk into blocks (LitGPT's are `max_seq_length + 1` long) and leaves out what is left at the end of
//! a chunk. Ends of documents are tokens like any others to it. Chunks are not compressed. LitGPT validates on the rows
//! that it trains on unless the folder has two folders in it, which `split_names` names.

use sha2::{Digest, Sha256};

use super::super::export::folder::{Staging, Written};
use super::{Done, Layout, Sequence, Shard, Sheet, Width, Writer, module_docs};
use crate::disk::hex;
use crate::{Error, Result};

/// Tokens of a chunk.
const CHUNK: u64 = 1 << 24;
/// The most that one can be asked to have: the chunk that is filled is in memory.
const MOST: u64 = 1 << 25;
/// Tokens of a document whose bytes cannot be counted in 32 bits.
const LONGEST: usize = (1 << 30) - 4;

/// The layout.
pub struct LitData;

/// Its instance.
pub static LAYOUT: LitData = LitData;

impl Layout for LitData {
    fn name(&self) -> &'static str {
        "litdata"
    }
    fn about(&self) -> &'static str {
        "token ids in chunks of whole documents, for LitGPT"
    }
    fn docs(&self) -> &'static str {
        module_docs(include_str!("litdata.rs"))
    }
    fn trainer(&self) -> Option<&'static str> {
        Some("litdata 0.2.76")
    }
    fn most_of_shard(&self) -> Option<u64> {
        Some(MOST)
    }
    fn width(&self, _vocabulary: u32) -> Width {
        Width::I32
    }
    fn writer<'a>(&self, sheet: &Sheet<'_>, staging: &'a Staging) -> Result<Box<dyn Writer + 'a>> {
        let limit = sheet.shard.unwrap_or(CHUNK) as usize;
        Ok(Box::new(Chunks { cuts: sheet.shard.is_some(), ..Chunks::new(staging, limit) }))
    }
    fn start(&self, folder: &str, _files: &[Written], _sheet: &Sheet<'_>) -> String {
        let folder = crate::text::shell::quoted(folder);
        format!(
            "litgpt pretrain MODEL --tokenizer_dir TOKENIZER --data LitData --data.data_path {folder} --train.max_seq_length 4096\n"
        )
    }
}

/// Chunks that are being written; one is in memory.
pub(super) struct Chunks<'a> {
    staging: &'a Staging,
    limit: usize,
    /// Whether a document is cut where a chunk is full.
    cuts: bool,
    ids: Vec<u32>,
    /// Tokens of each document of the chunk.
    lengths: Vec<usize>,
    /// Documents that begin in the chunk.
    begun: u64,
    shards: Vec<Shard>,
    /// Documents, or parts of them, and tokens of the chunks that are written.
    counts: Vec<(usize, usize)>,
    written: Vec<Written>,
}

impl<'a> Chunks<'a> {
    /// Chunks of at most so many tokens.
    pub(super) fn new(staging: &'a Staging, limit: usize) -> Self {
        let (ids, lengths, counts, written) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Chunks { staging, limit, cuts: false, ids, lengths, begun: 0, shards: Vec::new(), counts, written }
    }

    /// A document, or a part of one.
    fn add(&mut self, ids: &[u32]) {
        if !ids.is_empty() {
            self.ids.extend_from_slice(ids);
            self.lengths.push(ids.len());
        }
    }

    fn flush(&mut self) -> Result<()> {
        let mut bytes = Vec::with_capacity(1 << 18);
        let mut at = 4 * (self.lengths.len() + 2);
        let head = [self.lengths.len(), at].into_iter().chain(self.lengths.iter().map(|length| {
            at += 4 * length;
            at
        }));
        head.for_each(|number| bytes.extend_from_slice(&(number as u32).to_le_bytes()));
        let mut file = self.staging.file(&format!("chunk-0-{}.bin", self.written.len()))?;
        file.write(&bytes)?;
        for ids in self.ids.chunks(1 << 16) {
            bytes.clear();
            Width::I32.write(ids, &mut bytes);
            file.write(&bytes)?;
        }
        self.counts.push((self.lengths.len(), self.ids.len()));
        let file = file.close()?;
        let (rows, tokens) = (std::mem::take(&mut self.begun), self.ids.len() as u64);
        self.shards.push(Shard { path: file.path.clone(), rows, tokens });
        self.ids.clear();
        self.lengths.clear();
        self.written.push(file);
        Ok(())
    }

    /// `index.json` as Python writes it, keys sorted. `updated_at` is a time there: readers throw away what they copied
    /// of a folder under another one. Here it is a hash of the chunks, so that the same export has the same bytes.
    fn index(&self) -> String {
        let chunk = |(file, (documents, tokens)): (&Written, &(usize, usize))| {
            format!(
                "{{\"chunk_bytes\": {}, \"chunk_size\": {documents}, \"dim\": {tokens}, \"filename\": \"{}\"}}",
                file.bytes, file.path
            )
        };
        let chunks: Vec<String> = self.written.iter().zip(&self.counts).map(chunk).collect();
        let hash = self.written.iter().fold(Sha256::new(), |hash, file| hash.chain_update(&file.sha256));
        format!(
            "{{\"chunks\": [{}], \"config\": {{\"chunk_bytes\": null, \"chunk_size\": {}, \"compression\": null, \
             \"compression_batch_size\": null, \"compression_level\": null, \"data_format\": [\"no_header_tensor:16\"], \
             \"data_spec\": \"[1, {{\\\"type\\\": null, \\\"context\\\": null, \\\"children_spec\\\": []}}]\", \
             \"encryption\": null, \"ipc_compression\": null, \"item_loader\": \"TokensLoader\", \"types\": \"tensor\"}}, \
             \"updated_at\": \"{}\"}}",
            chunks.join(", "),
            self.limit,
            hex(&hash.finalize())
        )
    }
}

impl Writer for Chunks<'_> {
    fn sequence(&mut self, sequence: &Sequence<'_>) -> Result<()> {
        if sequence.ids.len() >= LONGEST {
            let message = format!("a document has {} tokens", sequence.ids.len());
            return Err(Error::other(message, "a chunk counts its bytes in 32 bits: leave the document out"));
        }
        let mut ids = sequence.ids;
        // One that is cut needs room for its first token, one that is not for all of them.
        let least = if self.cuts { 1 } else { ids.len() };
        if !self.lengths.is_empty() && self.ids.len() + least > self.limit {
            self.flush()?;
        }
        self.begun += 1;
        while self.cuts && self.ids.len() + ids.len() > self.limit {
            let (now, rest) = ids.split_at(self.limit - self.ids.len());
            self.add(now);
            self.flush()?;
            ids = rest;
        }
        self.add(ids);
        Ok(())
    }

    fn close(mut self: Box<Self>) -> Result<Done> {
        if !self.lengths.is_empty() {
            self.flush()?;
        }
        let mut index = self.staging.file("index.json")?;
        index.write(self.index().as_bytes())?;
        self.written.push(index.close()?);
        Ok(Done { files: self.written, shards: self.shards })
    }
}
