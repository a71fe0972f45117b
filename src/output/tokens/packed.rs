//! Packed token ids as Parquet, for TRL and whoever trains on `input_ids`.
//!
//! # What it writes
//! `data/train-00000.parquet`, …: a row a sequence of at most `--seq-length` tokens: `input_ids`, and `seq_lengths`, the
//! lengths of the documents (or parts of them) of which it consists, in order: positions begin anew, and attention ends,
//! where one ends. Each document has its end token behind it. Every file but the last has as many sequences
//! (of 67,108,864 tokens, or of `--shard-tokens`, if all were full), and `index.json` says how many sequences and tokens each has: sequence *n* of a
//! run that goes on where it stopped is row *n* mod `sequences` of file *n* / `sequences`.
//!
//! `--packing best-fit` (the default) keeps every document whole that fits into a sequence: it stands where the least
//! room is left that holds it (Ding et al. 2024); longer ones are cut at the length. Sequences are not quite full then,
//! and there is nothing in them that is padding. `--packing cut` puts all documents behind one another and cuts the
//! stream; only the last sequence may be short.
//!
//! With `--template` the rows of tasks and dialogues are packed instead, as the model's chat template writes them: each
//! whole, in best fit, with a third column, `labels`: the ids, and -100 where a token is not learnt (docs/tokens.md).
//!
//! # What is set aside
//! Of dialogues: `export_template`, `export_too_long`, `export_no_mask`, `export_nothing_learnt`, `export_not_cut`,
//! `export_special_token`, `export_no_answer`, `export_no_turns`, `export_empty_turn`, `export_arguments`,
//! `export_tools_no_list`; of tasks `export_no_pair`.
//!
//! # Example
//! ```console
//! corpus export builds/mine --to packed --tokenizer models/qwen3/tokenizer.json --seq-length 4096
//! corpus export builds/chat --to packed --tokenizer models/qwen3/tokenizer.json --template --seq-length 4096
//! ```
//!
//! # Limits
//! Best fit looks at 8,388,608 tokens at a time, so rows leave the order of the build by as much. Attention across
//! documents is the trainer's business: TRL keeps them apart with `padding_free = True` and FlashAttention.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Builder, ListBuilder};
use serde::Serialize;

use super::super::export::folder::{Staging, Written};
use super::columns::{CALL, FILE, MOST, Shards, list};
use super::{Done, Layout, Packing, Sequence, Shard, Sheet, UNLEARNT, Width, Writer, module_docs};
use crate::rows::Use;
use crate::{Error, Result};

/// The label of a token that is not learnt: what PyTorch's loss leaves out.
const IGNORED: i32 = -100;

/// The layout.
pub struct Packed;

/// Its instance.
pub static LAYOUT: Packed = Packed;

impl Layout for Packed {
    fn name(&self) -> &'static str {
        "packed"
    }
    fn about(&self) -> &'static str {
        "packed token ids as Parquet, with the lengths of documents"
    }
    fn docs(&self) -> &'static str {
        module_docs(include_str!("packed.rs"))
    }
    fn trainer(&self) -> Option<&'static str> {
        Some("TRL 1.16.0")
    }
    fn uses(&self, chat: bool) -> &'static [Use] {
        if chat { &[Use::Task, Use::Instruct] } else { &[Use::Pretrain] }
    }
    fn packings(&self) -> &'static [Packing] {
        &[Packing::BestFit, Packing::Cut]
    }
    fn most_of_shard(&self) -> Option<u64> {
        Some(MOST)
    }
    fn width(&self, _vocabulary: u32) -> Width {
        Width::I32
    }
    fn writer<'a>(&self, sheet: &Sheet<'_>, staging: &'a Staging) -> Result<Box<dyn Writer + 'a>> {
        let mut fields = vec![list("input_ids"), list("seq_lengths")];
        fields.extend(sheet.chat.as_ref().map(|_| list("labels")));
        let length = sheet.packed.map_or(1, |p| p.1);
        let each = (sheet.shard.unwrap_or(FILE) / u64::from(length)).max(1);
        let (files, labelled) = (Shards::new(staging, fields), sheet.chat.is_some());
        Ok(Box::new(Files { staging, files, labelled, length, each, rows: Rows::default() }))
    }
    fn start(&self, folder: &str, _files: &[Written], sheet: &Sheet<'_>) -> String {
        let files = serde_json::json!(format!("{folder}/data/*.parquet"));
        let length = sheet.packed.map_or(0, |p| p.1);
        // TRL refuses a length beside `padding_free` unless it packs itself; it would cut `input_ids` alone.
        format!(
            "from datasets import load_dataset\nimport trl\n\
             # sequences of {length} tokens at the most; MODEL with FlashAttention\n\
             rows = load_dataset(\"parquet\", data_files={files}, split=\"train\")\n\
             args = trl.SFTConfig(max_length=None, padding_free=True)\n\
             trl.SFTTrainer(model=\"MODEL\", args=args, train_dataset=rows).train()\n"
        )
    }
}

/// Rows that are not handed over yet.
#[derive(Default)]
struct Rows {
    ids: ListBuilder<Int32Builder>,
    lengths: ListBuilder<Int32Builder>,
    /// Of dialogues: the ids, and -100 where one is not learnt.
    labels: ListBuilder<Int32Builder>,
    tokens: usize,
    sequences: u64,
}

/// A file in `index.json`.
#[derive(Serialize)]
struct Line<'a> {
    path: &'a str,
    sequences: u64,
    tokens: u64,
}

/// `index.json`.
#[derive(Serialize)]
struct Index<'a> {
    v: u32,
    /// Tokens of a full sequence.
    length: u32,
    /// Sequences of every file but the last.
    sequences: u64,
    shards: Vec<Line<'a>>,
}

struct Files<'a> {
    staging: &'a Staging,
    files: Shards<'a>,
    /// Whether there are labels.
    labelled: bool,
    length: u32,
    /// Sequences of a file.
    each: u64,
    rows: Rows,
}

impl Files<'_> {
    fn flush(&mut self) -> Result<()> {
        let rows = &mut self.rows;
        let mut columns: Vec<ArrayRef> = vec![Arc::new(rows.ids.finish()), Arc::new(rows.lengths.finish())];
        if self.labelled {
            columns.push(Arc::new(rows.labels.finish()));
        }
        self.files.write(columns, rows.tokens)?;
        (rows.tokens, rows.sequences) = (0, 0);
        if self.files.filled().0 == self.each { self.files.end() } else { Ok(()) }
    }
}

impl Writer for Files<'_> {
    fn sequence(&mut self, sequence: &Sequence<'_>) -> Result<()> {
        let list = |builder: &mut ListBuilder<Int32Builder>, values: &[u32], of: fn(u32) -> i32| {
            values.iter().for_each(|value| builder.values().append_value(of(*value)));
            builder.append(true);
        };
        list(&mut self.rows.ids, sequence.ids, |id| (id & !UNLEARNT) as i32);
        list(&mut self.rows.lengths, sequence.lengths, |length| length as i32);
        if self.labelled {
            list(&mut self.rows.labels, sequence.ids, |id| if id & UNLEARNT == 0 { id as i32 } else { IGNORED });
        }
        self.rows.tokens += sequence.ids.len();
        self.rows.sequences += 1;
        let full = self.rows.tokens >= CALL || self.files.filled().0 + self.rows.sequences == self.each;
        if full { self.flush() } else { Ok(()) }
    }
    fn close(mut self: Box<Self>) -> Result<Done> {
        if self.rows.tokens > 0 {
            self.flush()?;
        }
        let mut done = self.files.finish()?;
        let shards = done.shards.iter();
        let shards =
            shards.map(|Shard { path, rows, tokens }| Line { path, sequences: *rows, tokens: *tokens }).collect();
        let index = Index { v: 1, length: self.length, sequences: self.each, shards };
        let mut text = serde_json::to_vec_pretty(&index).map_err(|e| Error::Engine(e.to_string()))?;
        text.push(b'\n');
        let mut file = self.staging.file("index.json")?;
        file.write(&text)?;
        done.files.push(file.close()?);
        Ok(done)
    }
}
