//! Packed token ids as MosaicML's `MDSWriter` writes them, for StreamingDataset and LLM Foundry.
//!
//! # What it writes
//! `shard.00000.mds`, … of 64 MiB at the most, or with `--shard-tokens` of as many sequences each, and `index.json`. A sample is one sequence of `--seq-length` tokens in the
//! column `tokens` (`ndarray:int32`); documents stand behind one another, each with its end token behind it, and are cut
//! where a sequence is full, as LLM Foundry's `ConcatTokensDataset` does it. What is left at the end is no full sequence
//! and is not written; the command says how many tokens that are.
//!
//! # Example
//! ```console
//! corpus export builds/mine --to mds --tokenizer models/qwen3/tokenizer.json --seq-length 4096
//! ```
//!
//! # Limits
//! Files are neither compressed nor hashed in `index.json`. LLM Foundry makes the masks of documents out of
//! `eos_token_id`, as the lines that the command prints have it.

use super::super::export::folder::{Staging, Written};
use super::{Done, Layout, Packing, Sequence, Shard, Sheet, Width, Writer, module_docs};
use crate::Result;

/// Bytes of a shard: what the real writer takes where it is not told.
const SHARD: usize = 1 << 26;
/// The most tokens that one can be asked to have: a shard of so many is not larger.
const MOST: u64 = 1 << 23;
/// The columns and options that each shard repeats.
const CONFIG: &str = "{\"column_encodings\": [\"ndarray:int32\"], \"column_names\": [\"tokens\"], \"column_sizes\": [null], \"compression\": null, \"format\": \"mds\", \"hashes\": [], \"size_limit\": 67108864, \"version\": 2}";

/// The layout.
pub struct Mds;

/// Its instance.
pub static LAYOUT: Mds = Mds;

impl Layout for Mds {
    fn name(&self) -> &'static str {
        "mds"
    }
    fn about(&self) -> &'static str {
        "packed token ids in shards, for MosaicML's StreamingDataset"
    }
    fn docs(&self) -> &'static str {
        module_docs(include_str!("mds.rs"))
    }
    fn trainer(&self) -> Option<&'static str> {
        Some("mosaicml-streaming 0.13.0")
    }
    fn packings(&self) -> &'static [Packing] {
        &[Packing::Cut]
    }
    fn most_of_shard(&self) -> Option<u64> {
        Some(MOST)
    }
    fn width(&self, _vocabulary: u32) -> Width {
        Width::I32
    }
    fn writer<'a>(&self, sheet: &Sheet<'_>, staging: &'a Staging) -> Result<Box<dyn Writer + 'a>> {
        let length = sheet.packed.map_or(0, |p| p.1 as usize);
        let most = sheet.shard.map_or(usize::MAX, |tokens| tokens as usize / length.max(1));
        let (shard, counts, written) = (Filling::default(), Vec::new(), Vec::new());
        Ok(Box::new(Shards { staging, length, most, shard, counts, written }))
    }
    fn start(&self, folder: &str, _files: &[Written], sheet: &Sheet<'_>) -> String {
        let length = sheet.packed.map_or(0, |p| p.1);
        format!(
            "train_loader:\n  name: text\n  dataset:\n    local: {}\n    max_seq_len: {length}\n    eos_token_id: {}\n",
            serde_json::json!(folder),
            sheet.end.as_ref().map_or(0, |end| end.1)
        )
    }
}

/// The samples of a shard that is being filled.
#[derive(Default)]
struct Filling {
    /// Sizes of the samples.
    sizes: Vec<u32>,
    bytes: Vec<u8>,
}

struct Shards<'a> {
    staging: &'a Staging,
    length: usize,
    /// Samples of a shard at the most.
    most: usize,
    shard: Filling,
    counts: Vec<usize>,
    written: Vec<Written>,
}

/// A list of numbers of one dimension: the byte says dimensions and the width of a size, then the size, then the values.
fn array(ids: &[u32], out: &mut Vec<u8>) {
    match ids.len() {
        length @ ..=0xff => out.extend_from_slice(&[1 << 2, length as u8]),
        length @ ..=0xffff => {
            out.push(1 << 2 | 1);
            out.extend_from_slice(&(length as u16).to_le_bytes());
        }
        length => {
            out.push(1 << 2 | 2);
            out.extend_from_slice(&(length as u32).to_le_bytes());
        }
    }
    Width::I32.write(ids, out);
}

impl Shards<'_> {
    fn flush(&mut self) -> Result<()> {
        let Filling { sizes, bytes } = std::mem::take(&mut self.shard);
        let mut head = Vec::with_capacity(8 + 4 * sizes.len() + CONFIG.len());
        head.extend_from_slice(&(sizes.len() as u32).to_le_bytes());
        let mut at = (8 + 4 * sizes.len() + CONFIG.len()) as u32;
        head.extend_from_slice(&at.to_le_bytes());
        for size in &sizes {
            at += size;
            head.extend_from_slice(&at.to_le_bytes());
        }
        head.extend_from_slice(CONFIG.as_bytes());
        let mut file = self.staging.file(&format!("shard.{:05}.mds", self.written.len()))?;
        file.write(&head)?;
        file.write(&bytes)?;
        self.counts.push(sizes.len());
        self.written.push(file.close()?);
        Ok(())
    }

    /// `index.json` as Python writes it, keys sorted.
    fn index(&self) -> String {
        let shard = |(shard, samples): (&Written, &usize)| {
            let config = CONFIG.trim_start_matches('{').trim_end_matches('}');
            let (front, back) = config.split_once("\"size_limit\"").unwrap_or((config, ""));
            format!(
                "{{{front}\"raw_data\": {{\"basename\": \"{}\", \"bytes\": {}, \"hashes\": {{}}}}, \"samples\": {samples}, \
                 \"size_limit\"{back}, \"zip_data\": null}}",
                shard.path, shard.bytes
            )
        };
        let shards: Vec<String> = self.written.iter().zip(&self.counts).map(shard).collect();
        format!("{{\"shards\": [{}], \"version\": 2}}", shards.join(", "))
    }
}

impl Writer for Shards<'_> {
    fn sequence(&mut self, sequence: &Sequence<'_>) -> Result<()> {
        if sequence.ids.len() < self.length {
            return Ok(());
        }
        let mut sample = Vec::with_capacity(4 * sequence.ids.len() + 16);
        sample.extend_from_slice(&[0; 4]);
        array(sequence.ids, &mut sample);
        let size = sample.len() as u32 - 4;
        sample[..4].copy_from_slice(&size.to_le_bytes());
        let full = 8 + CONFIG.len() + 4 * self.shard.sizes.len() + self.shard.bytes.len() + sample.len() + 4 > SHARD;
        let full = full || self.shard.sizes.len() == self.most;
        if full && !self.shard.sizes.is_empty() {
            self.flush()?;
        }
        self.shard.sizes.push(sample.len() as u32);
        self.shard.bytes.extend_from_slice(&sample);
        Ok(())
    }

    fn close(mut self: Box<Self>) -> Result<Done> {
        if !self.shard.sizes.is_empty() {
            self.flush()?;
        }
        let shard = |(file, samples): (&Written, &usize)| Shard {
            path: file.path.clone(),
            rows: *samples as u64,
            tokens: (samples * self.length) as u64,
        };
        let shards = self.written.iter().zip(&self.counts).map(shard).collect();
        let mut index = self.staging.file("index.json")?;
        index.write(self.index().as_bytes())?;
        self.written.push(index.close()?);
        Ok(Done { files: self.written, shards })
    }
}
