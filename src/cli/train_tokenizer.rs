//! `corpus train-tokenizer`: a tokenizer out of a build's text, or new pieces for one that is there.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use clap::{Args, ValueEnum};
use serde_json::{Value as Json, json};

use super::inspect::parse_use;
use super::interrupt::stop_on_interrupt;
use super::texts_of::Texts;
use super::{Context, Format, ui};
use crate::messages::said;
use crate::models::tokenizer::train::extend::{Base, Checked, check, extend};
use crate::models::tokenizer::train::sample::{Sample, Seen};
use crate::models::tokenizer::train::words::{self, Words};
use crate::models::tokenizer::train::{Made, Options, file, fresh, unigram};
use crate::models::tokenizer::{Scratch, Tokenizer};
use crate::output::parquet_file::write_whole;
use crate::rows::Use;
use crate::text::figures::{count, plural, size};
use crate::{Error, Result};

/// What is trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Model {
    /// Byte-pair encoding.
    Bpe,
    /// A unigram model, as SentencePiece trains it.
    Unigram,
}

/// Train a tokenizer on the text of builds, or extend one by new pieces.
///
/// Reads builds (what they hold out for validation and test is left out), and what `corpus inspect` reads. Writes a
/// tokenizer.json that the library `tokenizers` and `transformers` load. The same texts, seed and options give the same file.
#[derive(Debug, Args)]
pub struct TrainTokenizer {
    /// Folders of builds, or files.
    #[arg(required = true, value_name = "BUILD|FILE")]
    builds: Vec<PathBuf>,
    /// What is trained.
    #[arg(long, value_enum, default_value = "bpe", conflicts_with = "extend")]
    model: Model,
    /// Ids that the tokenizer has; of one that is extended, old and new ones together.
    #[arg(long, value_name = "N")]
    size: u32,
    /// Pieces of bytes, as Qwen, DeepSeek and Llama 3 have them; else of characters, with bytes for those that are rare.
    #[arg(long, conflicts_with = "extend")]
    byte_level: bool,
    /// A tokenizer that gets new pieces behind its own: tokenizer.json or SentencePiece's .model, of byte-pair encoding.
    #[arg(long, value_name = "FILE")]
    extend: Option<PathBuf>,
    /// The folder that the files go to.
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,
    /// Megabytes of text that are drawn to train on.
    #[arg(long, default_value_t = 64, value_name = "MB", value_parser = clap::value_parser!(u64).range(1..65_536))]
    sample: u64,
    /// Which texts are drawn: another number, other texts.
    #[arg(long, default_value_t = 0, value_name = "S")]
    seed: u64,
    /// Only texts in this language: zh, en.
    #[arg(long, value_name = "LANGUAGE")]
    language: Option<String>,
    /// Only rows of this use, of builds.
    #[arg(long = "use", value_name = "USE", value_parser = parse_use)]
    usage: Option<Use>,
    /// A special token; may be repeated, and the first ends documents [default: <|endoftext|>].
    #[arg(long, value_name = "TOKEN", conflicts_with = "extend")]
    special: Vec<String>,
    /// Pairs that stand fewer times are no pieces.
    #[arg(long, default_value_t = 2, value_name = "N")]
    least: u64,
    /// Characters of the longest piece.
    #[arg(long, default_value_t = 16, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    longest: u16,
    /// Threads [default: the cores there are].
    #[arg(long)]
    threads: Option<NonZeroUsize>,
    /// Write over a tokenizer that is there.
    #[arg(long)]
    replace: bool,
}

/// Files that lie beside a tokenizer that is extended, and go with it.
const BESIDE: [&str; 3] = ["tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja"];

/// Of how many texts one is held out.
const HELD: usize = 50;

/// Why nothing was trained, with what helps.
fn other(why: String) -> Error {
    Error::other(why, "another --size, or other options: `corpus train-tokenizer --help`")
}

/// What came of it.
struct Trained {
    json: Json,
    model: Option<Vec<u8>>,
    made: Made,
}

/// What the texts that were held out are to it.
struct Held {
    characters: u64,
    checked: Checked,
}

impl TrainTokenizer {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// [`Error::Input`] of builds, files and a tokenizer that cannot be read; [`Error::Other`] where there is no room for
    /// what must be in the vocabulary, options do not go together, or a tokenizer is there already;
    /// [`Error::Interrupted`]; [`Error::Io`] of writing.
    pub fn run(self, context: &Context) -> Result<()> {
        let stop = stop_on_interrupt();
        let stop = || stop.load(Ordering::Relaxed);
        self.check()?;
        let base = self.extend.as_deref().map(Base::read).transpose()?;
        let (texts, seen) = self.draw(context, &stop)?;
        let bytes: u64 = texts.iter().map(|text| text.len() as u64).sum();
        let drawn = plural(texts.len() as u64, "part");
        ui::say(context, &format!("drawn: {drawn}, {} of {}", size(bytes), size(seen.bytes)));
        let (mut held, mut read) = (Vec::new(), Vec::new());
        for (at, text) in texts.into_iter().enumerate() {
            if (at + 1).is_multiple_of(HELD) { held.push(text) } else { read.push(text) }
        }
        let words = self.words(&read, base.as_ref())?;
        drop(read);
        ui::say(context, &format!("{} that differ", plural(words.len() as u64, "word")));
        let trained = self.train(&words, base.as_ref(), &stop)?;
        if stop() {
            return Err(Error::Interrupted);
        }
        let own = Tokenizer::of_json(&self.out.join("tokenizer.json"), trained.json.clone())?;
        let held = self.held(&held, &own, base.as_ref())?;
        let files = self.write(&trained, base.is_some())?;
        let summary = Summary { drawn: bytes, seen, words: words.len(), ids: own.vocabulary(), files, held };
        self.report(context, &trained, base.as_ref(), &summary)
    }

    /// Refuses options that do not go together, and to write over what is there.
    fn check(&self) -> Result<()> {
        if self.byte_level && self.model == Model::Unigram {
            let hint = "leave --byte-level out: rare characters fall into bytes all the same";
            return Err(Error::other("a unigram model is of characters", hint));
        }
        crate::disk::local("--out", &self.out)?;
        let there = self.out.join("tokenizer.json");
        if there.exists() && !self.replace {
            let what = format!("{} is there already", there.display());
            return Err(Error::other(what, "name another folder with --out, or write over it with --replace"));
        }
        Ok(())
    }

    fn options(&self) -> Options {
        let end = || vec!["<|endoftext|>".to_owned()];
        let specials = if self.special.is_empty() { end() } else { self.special.clone() };
        Options { size: self.size, specials, least: self.least.max(1), longest: usize::from(self.longest) }
    }

    fn threads(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        self.threads.map_or_else(cores, NonZeroUsize::get)
    }

    /// Draws texts to train on.
    fn draw(&self, context: &Context, stop: &dyn Fn() -> bool) -> Result<(Vec<Box<str>>, Seen)> {
        let mut sample = Sample::new(self.sample << 20, self.seed);
        let texts = Texts { paths: &self.builds, usage: self.usage, only_train: true };
        texts.each(context, stop, &mut |text| {
            if self.language.as_deref().is_none_or(|wanted| wanted == text.language) {
                sample.push(text.text);
            }
            Ok(true)
        })?;
        let (texts, seen) = sample.finish();
        if texts.is_empty() {
            let hint = "name builds or files that have such rows: `corpus inspect` shows them";
            return Err(Error::input("there is no text to train on", hint));
        }
        Ok((texts, seen))
    }

    /// Splits texts into words, and counts them.
    fn words(&self, texts: &[Box<str>], base: Option<&Base>) -> Result<Words> {
        let options = self.options();
        let own = match base {
            Some(base) => base.splitter(&options),
            None => fresh::splitter(&options).map(Some),
        };
        let own = own.map_err(other)?;
        let splitter = own.as_ref().or(base.map(Base::tokenizer));
        let splitter = splitter.ok_or_else(|| Error::Engine("nothing splits texts into words".into()))?;
        words::count(texts, splitter, self.threads()).map_err(other)
    }

    fn train(&self, words: &Words, base: Option<&Base>, stop: &dyn Fn() -> bool) -> Result<Trained> {
        let options = self.options();
        if let Some(base) = base {
            let extended = extend(base, words, &options, stop).map_err(other)?;
            return Ok(Trained { json: extended.json, model: extended.model, made: extended.made });
        }
        let (json, made) = match self.model {
            Model::Bpe => fresh::bpe(words, &options, self.byte_level, stop),
            Model::Unigram => unigram::train(words, &options, self.threads(), stop),
        }
        .map_err(other)?;
        Ok(Trained { json, model: None, made })
    }

    /// Cuts the texts that were held out.
    fn held(&self, texts: &[Box<str>], own: &Tokenizer, base: Option<&Base>) -> Result<Held> {
        let characters = texts.iter().map(|text| text.chars().count() as u64).sum();
        if let Some(base) = base {
            let checked = check(base.tokenizer(), own, texts).map_err(Error::Engine)?;
            return Ok(Held { characters, checked });
        }
        let (mut scratch, mut checked) = (Scratch::default(), Checked::default());
        for text in texts {
            checked.texts += 1;
            checked.after += own.count(text, &mut scratch).map_err(Error::Engine)? as u64;
        }
        Ok(Held { characters, checked })
    }

    /// Writes the files; their names.
    fn write(&self, trained: &Trained, extended: bool) -> Result<Vec<String>> {
        std::fs::create_dir_all(&self.out).map_err(Error::io(&self.out))?;
        let bytes = serde_json::to_vec(&trained.json).map_err(|e| Error::Engine(e.to_string()))?;
        let mut files = vec![("tokenizer.json", bytes)];
        files.extend(trained.model.clone().map(|model| ("tokenizer.model", model)));
        if extended {
            let beside = |name: &&str| {
                let from = self.extend.as_deref().and_then(Path::parent).map(|folder| folder.join(name))?;
                std::fs::read(from).ok()
            };
            files.extend(BESIDE.iter().filter_map(|name| Some((*name, beside(name)?))));
        } else {
            let unknown = trained.json["model"]["byte_fallback"].as_bool() == Some(true);
            let config = file::configuration(&self.options().specials[0], unknown);
            files.push(("tokenizer_config.json", format!("{config:#}\n").into_bytes()));
        }
        for (name, bytes) in &files {
            write_whole(&self.out.join(name), bytes)?;
        }
        Ok(files.into_iter().map(|file| file.0.to_owned()).collect())
    }

    fn report(&self, context: &Context, trained: &Trained, base: Option<&Base>, summary: &Summary) -> Result<()> {
        let Summary { drawn, seen, words, ids, files, held } = summary;
        let (made, checked) = (&trained.made, &held.checked);
        if context.format == Format::Json {
            let extended = base.map(|base| {
                json!({"ids": base.tokenizer().vocabulary(), "lines": checked.texts, "lines_as_before": checked.as_before,
                    "tokens_before": checked.before})
            });
            let answer = json!({"v": 1, "out": self.out, "files": files, "ids": ids,
                "made": {"specials": made.specials, "characters": made.characters, "pieces": made.pieces},
                "texts": {"bytes": drawn, "of_bytes": seen.bytes, "of_texts": seen.texts, "seed": self.seed},
                "words": words, "held_out": {"characters": held.characters, "tokens": checked.after},
                "extended": extended});
            return super::print(&format!("{answer}\n"));
        }
        let of = |tokens: u64| format!("{:.3}", held.characters as f64 / tokens.max(1) as f64);
        let (characters, pieces) = (plural(made.characters as u64, "character"), plural(made.pieces as u64, "piece"));
        let ids = count((*ids).into());
        let mut lines = match base {
            Some(base) => {
                let old = count(base.tokenizer().vocabulary().into());
                vec![format!("ids          {ids}: {old} as before, {characters} and {pieces} new")]
            }
            None => {
                let special = plural(made.specials as u64, "special token");
                vec![format!("ids          {ids}: {special}, 256 bytes, {characters}, {pieces}")]
            }
        };
        if checked.after > 0 {
            lines.push(format!("held out     {} characters, {} a token", count(held.characters), of(checked.after)));
        }
        if base.is_some() && checked.after > 0 {
            let (same, all) = (count(checked.as_before), plural(checked.texts, "line"));
            lines.push(format!("before       {} characters a token", of(checked.before)));
            lines.push(format!("as before    {same} of {all} have no new piece, and are cut as they were"));
        }
        lines.iter().try_for_each(|line| super::print(&format!("{}\n", said(line))))?;
        files.iter().for_each(|file| ui::say(context, &self.out.join(file).display().to_string()));
        Ok(())
    }
}

/// What is said of it beside what was made.
struct Summary {
    drawn: u64,
    seen: Seen,
    words: usize,
    ids: u32,
    files: Vec<String>,
    held: Held,
}
