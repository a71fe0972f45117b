//! An export of token ids as it runs: one thread reads rows and writes ids, the others cut texts; documents come back in
//! the order in which they were read, so the bytes do not depend on the threads.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::chat::ChatFacts;
use super::chat::run::{Way, rows};
use super::packing::Packer;
use super::{Done, Layout, Packing, Sequence, Shard, Sheet, Side, UNLEARNT};
use crate::models::tokenizer::Scratch;
use crate::output::export::folder::{Staging, Written};
use crate::output::export::run::{Account, Table, each, expected, lines, manifest};
use crate::rows::Content;
use crate::{Error, Result};

/// Bytes of text that a thread cuts in one go.
const BLOCK: usize = 1 << 18;

/// What is exported, and how.
pub struct Job<'a> {
    /// The layout.
    pub layout: &'a dyn Layout,
    /// What it is made by.
    pub sheet: &'a Sheet<'a>,
    /// What is exported; of the uses that the layout takes.
    pub tables: &'a [Table],
    /// Rows read at a time.
    pub batch: usize,
    /// Threads that cut texts, beside the one that reads and writes.
    pub threads: usize,
    /// Whether a row that has no place is an error.
    pub strict: bool,
    /// Asked between batches; ends the export early once it says so.
    pub stop: &'a dyn Fn() -> bool,
}

/// The sums of an export.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sums {
    /// The file of the tokenizer, as it was named.
    pub tokenizer: String,
    /// Hex, of its bytes.
    pub sha256: String,
    /// Its size: one past the largest id.
    pub vocabulary: u32,
    /// The token that ends documents; none where a template writes them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
    /// Its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_id: Option<u32>,
    /// What writes dialogues.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<ChatFacts>,
    /// Tokens that are learnt, of dialogues.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learnt: Option<u64>,
    /// How an id is written.
    pub dtype: Cow<'static, str>,
    /// Documents.
    pub documents: u64,
    /// Their tokens, end tokens too.
    pub tokens: u64,
    /// Tokens of a row at the most, where rows are limited and not packed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Tokens that each file was asked to have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<u64>,
    /// How documents are packed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packed: Option<Packed>,
}

/// The sums of what was packed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Packed {
    /// How.
    pub packing: Packing,
    /// Tokens of a full sequence.
    pub length: u32,
    /// Sequences.
    pub sequences: u64,
    /// How often a document is cut at the end of one.
    pub cuts: u64,
    /// Tokens at the end that make no full sequence, of a layout that has no place for a short one.
    pub left_over: u64,
    /// The share of the positions of all sequences in which no token stands.
    pub empty: f64,
}

/// A finished export.
pub struct Exported {
    /// By use.
    pub accounts: Vec<Account>,
    /// Where its files are.
    pub folder: PathBuf,
    /// All files but `export.json`, in order of their names.
    pub files: Vec<Written>,
    /// Its sums.
    pub sums: Sums,
}

/// Texts of documents, and what they are cut into. Its buffers are large, and filled again for another block.
#[derive(Default)]
struct Block {
    text: String,
    /// Where each document ends in the text.
    ends: Vec<usize>,
    /// The ids of the rows.
    rows: Vec<String>,
    /// The tokens of all documents.
    ids: Vec<u32>,
    /// Where each document ends among them.
    cuts: Vec<usize>,
}

impl Block {
    /// Makes it empty.
    fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
        self.rows.clear();
        self.ids.clear();
        self.cuts.clear();
    }
}

/// A block with the tokens of its documents; or which document cannot be cut, and why.
type Cut = std::result::Result<Block, (String, String)>;

/// Cuts blocks until there are no more.
fn work(blocks: &Mutex<Receiver<(Block, SyncSender<Cut>)>>, sheet: &Sheet<'_>, side: Side) {
    let mut scratch = Scratch::default();
    loop {
        let next = blocks.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((block, back)) = next else { return };
        // Nobody waits for it where the export has failed.
        let _ = back.send(cut(block, sheet, side, &mut scratch));
    }
}

fn cut(mut block: Block, sheet: &Sheet<'_>, side: Side, scratch: &mut Scratch) -> Cut {
    let Block { text, ends, rows, ids, cuts } = &mut block;
    ids.reserve(text.len() / 3);
    let end = sheet.end.as_ref().map(|end| end.1);
    let mut from = 0;
    for (to, row) in ends.iter().zip(rows) {
        if side == Side::Before {
            ids.extend(end);
        }
        let cut = sheet.tokenizer.encode(&text[from..*to], scratch, ids);
        cut.map_err(|why| (std::mem::take(row), why))?;
        if side == Side::Behind {
            ids.extend(end);
        }
        cuts.push(ids.len());
        from = *to;
    }
    Ok(block)
}

/// Blocks that are being cut, in order.
struct Queue<'a> {
    send: Sender<(Block, SyncSender<Cut>)>,
    waiting: VecDeque<Receiver<Cut>>,
    most: usize,
    named: &'a str,
    /// Blocks whose documents were handed over.
    done: Vec<Block>,
}

impl Queue<'_> {
    /// Has a block cut, and hands over the documents of one that is done where enough are waiting. Gives back an empty
    /// block.
    fn push(&mut self, block: Block, act: &mut dyn FnMut(&[u32]) -> Result<()>) -> Result<Block> {
        let (back, cut) = sync_channel(1);
        self.send.send((block, back)).map_err(|e| Error::Engine(e.to_string()))?;
        self.waiting.push_back(cut);
        if self.waiting.len() >= self.most {
            self.pull(act)?;
        }
        Ok(self.done.pop().unwrap_or_default())
    }

    fn pull(&mut self, act: &mut dyn FnMut(&[u32]) -> Result<()>) -> Result<()> {
        let Some(next) = self.waiting.pop_front() else { return Ok(()) };
        let mut block = next.recv().map_err(|e| Error::Engine(e.to_string()))?.map_err(|(row, why)| {
            let hint = "name a tokenizer that has a token for what it does not know";
            Error::input(format!("{}: the text of row {row} cannot be cut: {why}", self.named), hint)
        })?;
        let mut from = 0;
        for to in &block.cuts {
            act(&block.ids[from..*to])?;
            from = *to;
        }
        // What a huge document needed is given back.
        if block.text.capacity() <= 4 * BLOCK {
            block.clear();
            self.done.push(block);
        }
        Ok(())
    }
}

/// Hands over the ids of every document of a table, in order.
fn documents(job: &Job<'_>, table: &Table, act: &mut dyn FnMut(&[u32]) -> Result<()>) -> Result<()> {
    let (send, blocks) = channel();
    let blocks = Mutex::new(blocks);
    let (threads, sheet, side) = (job.threads.max(1), job.sheet, job.layout.end_stands());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| work(&blocks, sheet, side));
        }
        // It goes at the end of this scope, and with it the threads.
        let mut queue =
            Queue { send, waiting: VecDeque::new(), most: 2 * threads + 2, named: sheet.named, done: Vec::new() };
        let mut block = Block::default();
        each(table, job.batch, job.stop, &mut |row| {
            let Content::Pretrain { text } = &row.content else { return Ok(()) };
            block.text.push_str(text);
            block.ends.push(block.text.len());
            block.rows.push(row.id.to_owned());
            if block.text.len() >= BLOCK {
                block = queue.push(std::mem::take(&mut block), act)?;
            }
            Ok(())
        })?;
        queue.push(block, act)?;
        while !queue.waiting.is_empty() {
            queue.pull(act)?;
        }
        Ok(())
    })
}

/// Writes an export of ids into a folder, which then is there whole, with `export.json`; `build` is what that file says
/// of the build.
///
/// # Errors
///
/// A file of the build that cannot be read; a text that the tokenizer cannot cut; a folder that holds files of others;
/// [`Error::Interrupted`]; what the system says of writing. Nothing is left under the folder's name then but what was
/// there before.
pub fn export(job: &Job<'_>, out: &Path, build: &serde_json::Value) -> Result<Exported> {
    Staging::whole(out, || expected(job.tables), |staging| write(job, (staging, out), build))
}

/// Writes the files of an export that is to be `out`; gives back what it came to, and its `export.json`.
///
/// # Errors
///
/// As [`export`].
pub fn write(
    job: &Job<'_>,
    (staging, out): (&Staging, &Path),
    build: &serde_json::Value,
) -> Result<(Exported, Vec<u8>)> {
    let sheet = job.sheet;
    let mut writer = job.layout.writer(sheet, staging)?;
    let mut sums = Sums::new(sheet);
    let mut packer = sheet.packed.map(|(packing, length)| Packer::new(packing, length));
    let mut seen = Seen { length: sheet.packed.map_or(0, |p| p.1 as usize), ..Seen::default() };
    let mut write = |sequence: &Sequence<'_>| {
        seen.add(sequence);
        writer.sequence(sequence)
    };
    let (mut accounts, mut dropped) = (Vec::new(), Vec::new());
    for table in job.tables {
        let mut document = |ids: &[u32], lengths: &[u32], value: Option<f64>| {
            sums.add(ids);
            match &mut packer {
                Some(packer) => packer.document(ids, &mut write),
                None => write(&Sequence { ids, lengths, value }),
            }
        };
        if let Some(chat) = &sheet.chat {
            let length = sheet.limit.unwrap_or(u32::MAX);
            let (layout, tokenizer, threads, stop) = (job.layout, sheet.tokenizer, job.threads, job.stop);
            let way = Way { chat, layout, tokenizer, length, threads, stop };
            let (account, file) = rows(&way, table, staging, &mut |row| document(&row.ids, &row.lengths, row.value))?;
            accounts.push(Account { split: table.split, ..account });
            dropped.extend(file);
            continue;
        }
        let mut account = Account { split: table.split, ..Account::new(table.usage) };
        documents(job, table, &mut |ids| {
            account.read += 1;
            document(ids, &[ids.len() as u32], None)
        })?;
        account.written = account.read;
        accounts.push(account);
    }
    if let Some(packer) = packer {
        packer.finish(&mut write)?;
    }
    sums.packed = seen.packed(job, &sums);
    if job.strict && accounts.iter().any(|account| account.aside > 0) {
        let losses = lines(&accounts, "to be ").join("\n");
        let message = format!(
            "`{}` has no place for all of these rows, and `strict` was asked for:\n{losses}",
            job.layout.name()
        );
        return Err(Error::input(message, "export without --strict"));
    }
    let Done { mut files, shards } = writer.close()?;
    files.append(&mut dropped);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let json = |value: serde_json::Result<serde_json::Value>| value.map_err(|e| Error::Engine(e.to_string()));
    let (sums_json, shards) = (json(serde_json::to_value(&sums))?, json(serde_json::to_value(index(&shards)))?);
    let text = manifest(staging, job.layout.name(), build, (&accounts, &files), Some((&sums_json, &shards)))?;
    Ok((Exported { accounts, folder: staging.within(out), files, sums }, text))
}

/// A file of ids in `export.json`, for a run that goes on where it stopped.
#[derive(Serialize)]
struct Placed<'a> {
    path: &'a str,
    /// How many documents, sequences or pairs begin in the files before it, and in it.
    first_row: u64,
    rows: u64,
    /// How many tokens lie in the files before it, and in it.
    first_token: u64,
    tokens: u64,
}

/// Files of ids in the order in which they are read, each with where it begins.
fn index(shards: &[Shard]) -> Vec<Placed<'_>> {
    let (mut placed, mut first_row, mut first_token) = (Vec::with_capacity(shards.len()), 0, 0);
    for Shard { path, rows, tokens } in shards {
        placed.push(Placed { path, first_row, rows: *rows, first_token, tokens: *tokens });
        (first_row, first_token) = (first_row + rows, first_token + tokens);
    }
    placed
}

/// The share of the positions of so many sequences of a length in which no token stands.
fn empty((sequences, length): (u64, u32), tokens: u64) -> f64 {
    let positions = sequences * u64::from(length);
    (positions - tokens) as f64 / positions.max(1) as f64
}

impl Sums {
    /// The same after it was read from JSON, which may change the last digit of a share.
    pub fn exact(mut self) -> Self {
        let tokens = self.tokens;
        if let Some(packed) = &mut self.packed {
            packed.empty = empty((packed.sequences, packed.length), tokens - packed.left_over);
        }
        self
    }

    fn add(&mut self, ids: &[u32]) {
        self.documents += 1;
        self.tokens += ids.len() as u64;
        if let Some(learnt) = &mut self.learnt {
            *learnt += ids.iter().filter(|id| **id & UNLEARNT == 0).count() as u64;
        }
    }

    /// No documents yet.
    fn new(sheet: &Sheet<'_>) -> Self {
        Sums {
            tokenizer: sheet.named.to_owned(),
            sha256: sheet.sha256.to_owned(),
            vocabulary: sheet.tokenizer.vocabulary(),
            end: sheet.end.as_ref().map(|end| end.0.clone()),
            end_id: sheet.end.as_ref().map(|end| end.1),
            template: sheet.chat.as_ref().map(|chat| chat.facts().clone()),
            learnt: sheet.chat.as_ref().filter(|_| sheet.packed.is_some()).map(|_| 0),
            dtype: sheet.width.numpy().into(),
            documents: 0,
            tokens: 0,
            limit: sheet.row_limit(),
            shard: sheet.shard,
            packed: None,
        }
    }
}

/// What the writer was given.
#[derive(Default)]
struct Seen {
    /// Tokens of a full sequence.
    length: usize,
    sequences: u64,
    /// Documents, and parts of them.
    parts: u64,
    /// Tokens of sequences that are not full.
    short: u64,
}

impl Seen {
    fn add(&mut self, sequence: &Sequence<'_>) {
        self.sequences += 1;
        self.parts += sequence.lengths.len() as u64;
        if sequence.ids.len() < self.length {
            self.short += sequence.ids.len() as u64;
        }
    }

    /// The sums of what was packed.
    fn packed(&self, job: &Job<'_>, sums: &Sums) -> Option<Packed> {
        let (packing, length) = job.sheet.packed?;
        // A layout that packs in one way alone writes full sequences only.
        let left_over = if job.layout.packings().len() == 1 { self.short } else { 0 };
        let sequences = self.sequences - u64::from(left_over > 0);
        let empty = empty((sequences, length), sums.tokens - left_over);
        let cuts = self.parts.saturating_sub(sums.documents);
        Some(Packed { packing, length, sequences, cuts, left_over, empty })
    }
}
