//! An export of dialogues as it runs: one thread reads batches of rows and writes ids, the others render and cut; rows come
//! back in the order in which they were read, so the bytes do not depend on the threads.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Mutex, PoisonError};

use arrow::array::RecordBatch;

use super::{Chat, Ids};
use crate::models::tokenizer::{Scratch, Tokenizer};
use crate::output::export::folder::{Hashed, Staging, Written};
use crate::output::export::run::{Account, Table, batches};
use crate::output::export::{Aside, Example};
use crate::output::tokens::Layout;
use crate::rows::Use;
use crate::{Error, Result};

/// Rows that a thread takes at a time.
const ROWS: usize = 32;

/// How rows become ids.
pub struct Way<'a> {
    /// What writes them.
    pub chat: &'a Chat,
    /// What takes them.
    pub layout: &'a dyn Layout,
    /// What cuts them.
    pub tokenizer: &'a Tokenizer,
    /// Tokens of a row at the most.
    pub length: u32,
    /// Threads beside the one that reads and writes.
    pub threads: usize,
    /// Asked between batches; ends the export early once it says so.
    pub stop: &'a dyn Fn() -> bool,
}

/// Rows that are rendered and cut together.
struct Block<'t> {
    table: &'t Table,
    file: &'t Path,
    batch: RecordBatch,
}

/// What became of each row of a block.
type Done = Result<Vec<std::result::Result<Ids, Aside>>>;

impl Block<'_> {
    fn row(&self, at: usize) -> Result<Example<'_>> {
        Example::of(self.table.usage, &self.batch, at, self.file)
    }

    fn cut(&self, part: &Part<'_>, scratch: &mut Scratch) -> Done {
        let one = |at| {
            let row = self.row(at)?;
            Ok(part.layout.ids(part.chat, (&row, part.tokenizer, part.length), scratch))
        };
        (0..self.batch.num_rows()).map(one).collect()
    }
}

/// The blocks that threads take, with where what became of them goes.
type Blocks<'t> = Mutex<Receiver<(std::sync::Arc<Block<'t>>, SyncSender<Done>)>>;

/// What threads need of a [`Way`].
struct Part<'a> {
    chat: &'a Chat,
    layout: &'a dyn Layout,
    tokenizer: &'a Tokenizer,
    length: u32,
}

fn work(blocks: &Blocks<'_>, part: &Part<'_>) {
    let mut scratch = Scratch::default();
    loop {
        let next = blocks.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((block, back)) = next else { return };
        // Nobody waits for it where the export has failed.
        let _ = back.send(block.cut(part, &mut scratch));
    }
}

/// Rows of a table that are on their way, and what is written of them.
struct Queue<'q, 't> {
    send: Sender<(std::sync::Arc<Block<'t>>, SyncSender<Done>)>,
    waiting: VecDeque<(std::sync::Arc<Block<'t>>, Receiver<Done>)>,
    most: usize,
    account: &'q mut Account,
    dropped: Dropped<'q>,
}

/// The file of rows that have no place; made when the first one comes.
struct Dropped<'q> {
    staging: &'q Staging,
    usage: Use,
    file: Option<Hashed>,
    line: Vec<u8>,
}

impl Dropped<'_> {
    fn row(&mut self, row: &Example<'_>, aside: &Aside) -> Result<()> {
        self.line.clear();
        row.aside(aside, &mut self.line);
        self.line.push(b'\n');
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(self.staging.file(&format!("dropped/{}.jsonl", self.usage))?),
        };
        file.write(&self.line)
    }
}

impl<'t> Queue<'_, 't> {
    fn push(&mut self, block: Block<'t>, act: &mut dyn FnMut(&Ids) -> Result<()>) -> Result<()> {
        let (back, done) = sync_channel(1);
        let block = std::sync::Arc::new(block);
        self.send.send((block.clone(), back)).map_err(|e| Error::Engine(e.to_string()))?;
        self.waiting.push_back((block, done));
        if self.waiting.len() >= self.most { self.pull(act) } else { Ok(()) }
    }

    fn pull(&mut self, act: &mut dyn FnMut(&Ids) -> Result<()>) -> Result<()> {
        let Some((block, done)) = self.waiting.pop_front() else { return Ok(()) };
        for (at, row) in done.recv().map_err(|e| Error::Engine(e.to_string()))??.iter().enumerate() {
            self.account.read += 1;
            match row {
                Ok(ids) => {
                    self.account.written += 1;
                    act(ids)?;
                }
                Err(aside) => {
                    self.account.aside += 1;
                    *self.account.reasons.entry(aside.reason.into()).or_default() += 1;
                    self.dropped.row(&block.row(at)?, aside)?;
                }
            }
        }
        Ok(())
    }
}

/// Hands over the ids of every row of a table that has a place, in order, and writes the others to `dropped/`; gives back
/// the account of the table, and that file.
///
/// # Errors
///
/// A file of the build that cannot be read; [`Error::Interrupted`]; those of `act`; what the system says of writing.
pub fn rows(
    way: &Way<'_>,
    table: &Table,
    staging: &Staging,
    act: &mut dyn FnMut(&Ids) -> Result<()>,
) -> Result<(Account, Option<Written>)> {
    let (send, blocks) = channel();
    let blocks: Blocks<'_> = Mutex::new(blocks);
    let threads = way.threads.max(1);
    let part = Part { chat: way.chat, layout: way.layout, tokenizer: way.tokenizer, length: way.length };
    let mut account = Account::new(table.usage);
    let dropped = std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| work(&blocks, &part));
        }
        // The queue goes at the end of this scope, and with it the threads.
        let dropped = Dropped { staging, usage: table.usage, file: None, line: Vec::new() };
        let mut queue = Queue { send, waiting: VecDeque::new(), most: 2 * threads + 2, account: &mut account, dropped };
        batches(table, ROWS, way.stop, &mut |batch, file| {
            queue.push(Block { table, file, batch: batch.clone() }, act)
        })?;
        while !queue.waiting.is_empty() {
            queue.pull(act)?;
        }
        queue.dropped.file.take().map(Hashed::close).transpose()
    })?;
    Ok((account, dropped))
}
