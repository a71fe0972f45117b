//! `corpus tokenizer-report`: what tokenizers make of text, side by side.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use clap::Args;

use super::inspect::parse_use;
use super::interrupt::stop_on_interrupt;
use super::texts_of::Texts;
use super::{Context, Format, ui};
use crate::models::tokenizer::Tokenizer;
use crate::models::tokenizer::tally::splits::{Splits, splits};
use crate::models::tokenizer::tally::{Subject, Tally};
use crate::rows::Use;
use crate::text::figures::count;
use crate::{Error, Result};

mod output;

/// Bytes of text that a thread counts in one go.
const BLOCK: usize = 1 << 18;

/// Say what tokenizers make of text: characters and bytes to a token by language and source, what falls into bytes, and
/// the words that fall into most pieces.
///
/// Reads builds, and what `corpus inspect` reads. The figures depend on neither the threads nor the memory.
#[derive(Debug, Args)]
pub struct TokenizerReport {
    /// The tokenizers: tokenizer.json, SentencePiece's .model, tiktoken's ranks, tekken.json.
    #[arg(required = true, value_name = "TOKENIZER")]
    tokenizers: Vec<PathBuf>,
    /// What they are looked at on: folders of builds, or files.
    #[arg(long, required = true, num_args = 1.., value_name = "BUILD|FILE")]
    on: Vec<PathBuf>,
    /// Only rows of this use, of builds.
    #[arg(long = "use", value_name = "USE", value_parser = parse_use)]
    usage: Option<Use>,
    /// How many characters and words are shown of those that fall into most pieces.
    #[arg(long, default_value_t = 10, value_name = "N")]
    longest: usize,
    /// Threads that cut texts [default: the cores there are].
    #[arg(long)]
    threads: Option<NonZeroUsize>,
}

/// A tokenizer's file, and what it is.
struct Named {
    path: PathBuf,
    sha256: String,
}

/// Texts that a thread is given.
#[derive(Default)]
struct Block {
    text: String,
    /// Where each text ends, its language and source (by their places), and its row.
    parts: Vec<(usize, usize, String)>,
    groups: Vec<(String, String)>,
}

impl TokenizerReport {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// [`Error::Input`] of a tokenizer that cannot be read or cannot cut a text, of folders that are no builds, and of
    /// files that are no data; [`Error::Interrupted`].
    pub fn run(self, context: &Context) -> Result<()> {
        let stop = stop_on_interrupt();
        let stop = || stop.load(Ordering::Relaxed);
        let (mut named, mut subjects) = (Vec::new(), Vec::new());
        for path in &self.tokenizers {
            subjects.push(Subject::new(Tokenizer::read(path)?));
            let sha256 = crate::disk::sha256(path, &stop).map_err(Error::io(path))?;
            named.push(Named { path: path.clone(), sha256 });
        }
        let tally = self.tally(context, &subjects, &stop)?;
        if tally.groups.is_empty() {
            return Err(Error::input("there is no text to look at", "name builds or files that have rows: --on"));
        }
        let longest: Vec<Splits> = subjects.iter().map(|s| splits(s, &tally.words, self.longest)).collect();
        let report = output::Report { named: &named, subjects: &subjects, tally: &tally, longest: &longest };
        if context.format == Format::Json {
            return super::print(&format!("{}\n", report.json()));
        }
        super::print(&report.text())?;
        if tally.words.one_in() > 1 {
            ui::say(context, &format!("of the words one in {} was looked at", count(tally.words.one_in())));
        }
        Ok(())
    }

    /// Counts all texts, on all threads.
    fn tally(&self, context: &Context, subjects: &[Subject], stop: &dyn Fn() -> bool) -> Result<Tally> {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let threads = self.threads.map_or_else(cores, NonZeroUsize::get);
        let (send, blocks) = sync_channel::<Block>(2 * threads);
        let (blocks, failed) = (Arc::new(Mutex::new(blocks)), AtomicBool::new(false));
        let failed = &failed;
        std::thread::scope(|scope| {
            let start = |_| {
                let blocks = Arc::clone(&blocks);
                scope.spawn(move || count_blocks(subjects, &blocks, failed))
            };
            let workers: Vec<_> = (0..threads).map(start).collect();
            // The workers alone hold it: once none is left, who reads is told.
            drop(blocks);
            let read = self.hand_out(context, (send, failed), stop);
            let mut all = Tally::default();
            let mut wrong = None;
            for worker in workers {
                match worker.join().map_err(|_| Error::Engine("a thread that counts tokens has failed".into()))? {
                    Ok(tally) => all.add(tally),
                    Err(failed) => wrong = Some(failed),
                }
            }
            if let Some((at, row, why)) = wrong {
                let path = self.tokenizers[at].display();
                let hint = "name a tokenizer that has a token for what it does not know";
                return Err(Error::input(format!("{path}: a text of {row} cannot be cut: {why}"), hint));
            }
            read.map(|()| all)
        })
    }

    /// Reads texts, and hands them out in blocks.
    fn hand_out(
        &self,
        context: &Context,
        (send, failed): (SyncSender<Block>, &AtomicBool),
        stop: &dyn Fn() -> bool,
    ) -> Result<()> {
        let texts = Texts { paths: &self.on, usage: self.usage, only_train: false };
        let mut block = Block::default();
        texts.each(context, stop, &mut |text| {
            let group = (text.language, text.source);
            let mut known = block.groups.iter();
            let at = known.position(|known| (known.0.as_str(), known.1.as_str()) == group).unwrap_or_else(|| {
                block.groups.push((group.0.to_owned(), group.1.to_owned()));
                block.groups.len() - 1
            });
            block.text.push_str(text.text);
            block.parts.push((block.text.len(), at, text.id.to_owned()));
            // A thread that has failed says so itself.
            Ok(!failed.load(Ordering::Relaxed)
                && (block.text.len() < BLOCK || send.send(std::mem::take(&mut block)).is_ok()))
        })?;
        let _ = send.send(block);
        Ok(())
    }
}

/// Counts blocks until there are no more; else the tokenizer that cannot cut a text, the row, and why.
fn count_blocks(
    subjects: &[Subject],
    blocks: &Mutex<Receiver<Block>>,
    failed: &AtomicBool,
) -> std::result::Result<Tally, (usize, String, String)> {
    let (mut tally, mut wrong) = (Tally::default(), None);
    loop {
        let next = blocks.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(block) = next else { return wrong.map_or(Ok(tally), Err) };
        // What was read before the failure was known is taken, or the reader would wait for ever.
        if wrong.is_none() {
            wrong = count_block(subjects, &block, &mut tally).err();
            failed.fetch_or(wrong.is_some(), Ordering::Relaxed);
        }
    }
}

/// Counts a block.
fn count_block(
    subjects: &[Subject],
    block: &Block,
    tally: &mut Tally,
) -> std::result::Result<(), (usize, String, String)> {
    let mut from = 0;
    for (to, group, row) in &block.parts {
        let (language, source) = &block.groups[*group];
        let text = &block.text[from..*to];
        tally.text(subjects, text, (language, source)).map_err(|(at, why)| (at, row.clone(), why))?;
        from = *to;
    }
    Ok(())
}

/// The shortest end of each path that tells them apart.
fn short(paths: &[&Path]) -> Vec<String> {
    let end = |path: &Path, parts: usize| {
        let all: Vec<_> = path.components().collect();
        all[all.len().saturating_sub(parts)..].iter().collect::<PathBuf>().display().to_string()
    };
    let most = paths.iter().map(|path| path.components().count()).max().unwrap_or(1);
    for parts in 1..=most {
        let mut names: Vec<String> = paths.iter().map(|path| end(path, parts)).collect();
        let all = names.clone();
        names.sort();
        names.dedup();
        if names.len() == paths.len() || parts == most {
            return all;
        }
    }
    Vec::new()
}
