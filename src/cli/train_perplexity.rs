//! `corpus train-perplexity`: a language model of one's own, out of rows that are as text should be.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::{Context, Format, training_rows, ui};
use crate::messages::said;
use crate::models::ngram::compact::MAGIC;
use crate::models::ngram::estimate::{Options, Trainer};
use crate::models::ngram::{Score, Units};
use crate::text::figures::size;
use crate::text::words;
use crate::{Error, Result};

/// What the model counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Unit {
    /// Characters.
    Characters,
    /// Words, cut by jieba.
    Jieba,
    /// What stands between white space.
    Plain,
}

/// Train a language model on good text, by which the perplexity of rows is measured.
///
/// Reads what `corpus inspect` reads. Every hundredth row is held out, and the model's perplexity on those is said.
/// Smoothing is modified Kneser-Ney. The same rows give the same file.
#[derive(Debug, Args)]
pub struct TrainPerplexity {
    /// Files of rows that are as text should be.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The model that is written.
    #[arg(short, long, default_value = "perplexity.ngrams", value_name = "FILE")]
    out: PathBuf,
    /// What is counted.
    #[arg(long, value_enum, default_value = "characters")]
    unit: Unit,
    /// Units of the longest n-gram, 2 to 5.
    #[arg(long, default_value_t = 4, value_name = "N")]
    order: usize,
    /// N-grams of three units and more that stand fewer times are left out.
    #[arg(long, default_value_t = 2, value_name = "N")]
    least: u32,
    /// Megabytes of memory; text that does not fit is not read.
    #[arg(long, default_value_t = 1024, value_name = "MB")]
    memory: usize,
}

/// Why nothing was trained, with what helps.
fn other(why: String) -> Error {
    Error::other(why, "name more files, or other options")
}

impl TrainPerplexity {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// [`Error::Input`] of files that cannot be read, [`Error::Other`] where there is too little text, or another file has
    /// the model's name; [`Error::Io`] of writing.
    pub fn run(self, context: &Context) -> Result<()> {
        training_rows::free(&self.out, MAGIC, "no model of ours")?;
        let (trainer, Taken { held, rows, full }) = self.take(context)?;
        let tokens = trainer.tokens();
        let trained = trainer.train().map_err(other)?;
        let mut bytes = Vec::new();
        trained.write(&mut bytes).map_err(Error::io(&self.out))?;
        crate::output::parquet_file::write_whole(&self.out, &bytes)?;
        let model = trained.model();
        let mut score = Score::default();
        for text in &held {
            let one = model.text(text);
            score.log10 += one.log10;
            score.tokens += one.tokens;
        }
        let perplexity = score.perplexity();
        if context.format == Format::Json {
            let answer = json!({
                "v": 1, "out": self.out, "bytes": bytes.len(), "memory": model.memory(), "rows": rows, "units": tokens,
                "ngrams": model.counts(), "held_out": held.len(), "perplexity": perplexity, "full": full,
            });
            super::print(&format!("{answer}\n"))?;
        } else {
            let counts = model.counts().iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
            let held = perplexity.map(|p| format!("perplexity   {p:.2} of {} rows held out\n", held.len()));
            let trained = format!("trained on   {tokens} units and line ends of {rows} rows\n");
            super::print(&said(&format!("{trained}n-grams      {counts}\n{}", held.unwrap_or_default())))?;
        }
        let (file, memory) = (size(bytes.len() as u64), size(model.memory() as u64));
        ui::say(context, &format!("{}: {file}, {memory} in memory", self.out.display()));
        Ok(())
    }

    /// Takes the rows.
    fn take(&self, context: &Context) -> Result<(Trainer, Taken)> {
        let units = match self.unit {
            Unit::Characters => Units::Characters,
            Unit::Jieba => Units::Segmented,
            Unit::Plain => Units::Words,
        };
        let options = Options { units, order: self.order, least: self.least, ..Options::default() };
        let mut trainer = Trainer::new(options, self.memory << 20).map_err(other)?;
        let (mut held, mut rows, mut full) = (Vec::new(), 0u64, false);
        training_rows::each(context, &self.files, &mut |text| {
            rows += 1;
            let text = if self.unit == Unit::Jieba { words::spaced(&text) } else { text };
            if rows.is_multiple_of(100) {
                held.push(text);
            } else {
                full = !trainer.push(&text);
            }
            !full
        })?;
        if full {
            ui::warn(context, &format!("memory is full after row {rows}: what follows was not read (--memory)"));
        }
        Ok((trainer, Taken { held, rows, full }))
    }
}

/// Rows that were read: those held out, how many in all, and whether memory was full.
struct Taken {
    held: Vec<String>,
    rows: u64,
    full: bool,
}
