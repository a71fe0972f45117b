//! `corpus export --to` a layout of token ids: the options, and what is said of it.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value as Json, json};

use super::{Context, Format, table, ui};
use crate::messages;
use crate::models::template::Day;
use crate::models::tokenizer::Tokenizer;
use crate::objects::is_url;
use crate::output::export::folder::Written;
use crate::output::export::run::{BATCH, Table, lines};
use crate::output::tokens::run::{Exported, Job, Sums, export};
use crate::output::tokens::{Chat, Layout, Packing, Sheet};
use crate::pipeline::usage::count;
use crate::text::figures::plural;
use crate::{Error, Result};

/// Options of layouts of token ids.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Layouts of token ids")]
pub struct TokenOptions {
    /// The tokenizer: tokenizer.json, SentencePiece's .model, or tiktoken's ranks.
    #[arg(long, value_name = "FILE")]
    tokenizer: Option<String>,
    /// Tokens of a packed sequence.
    #[arg(long, value_name = "TOKENS", value_parser = clap::value_parser!(u32).range(1..))]
    seq_length: Option<u32>,
    /// Tokens of each file, of layouts of several [default: what the layout has].
    #[arg(long, value_name = "TOKENS", value_parser = clap::value_parser!(u64).range(1..))]
    shard_tokens: Option<u64>,
    /// How documents are packed: cut, best-fit [default: what the layout names first].
    #[arg(long, value_name = "HOW", value_parser = packing)]
    packing: Option<Packing>,
    /// The token that ends a document [default: the tokenizer's own].
    #[arg(long, value_name = "TOKEN")]
    eos: Option<String>,
    /// The chat template that writes dialogues: a file of Jinja, or JSON with `chat_template` [without FILE: the one beside
    /// the tokenizer].
    #[arg(long, value_name = "FILE", num_args = 0..=1)]
    template: Option<Option<PathBuf>>,
    /// Options of the template, a JSON object ({"enable_thinking": false}).
    #[arg(long, value_name = "JSON", requires = "template")]
    template_options: Option<String>,
    /// The day that the template is told, where it asks [default: today, UTC].
    #[arg(long, value_name = "YYYY-MM-DD", requires = "template", value_parser = day)]
    date: Option<Day>,
    /// Threads that cut texts [default: the cores there are].
    #[arg(long)]
    threads: Option<NonZeroUsize>,
}

fn day(word: &str) -> std::result::Result<Day, String> {
    Day::parse(word).ok_or_else(|| "a day, such as 2026-11-29".to_owned())
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn packing(word: &str) -> std::result::Result<Packing, String> {
    Packing::ALL.into_iter().find(|p| p.as_str() == word).ok_or_else(|| "cut or best-fit".to_owned())
}

impl TokenOptions {
    /// Refuses what a layout of text does not take.
    ///
    /// # Errors
    ///
    /// [`Error::Other`] that names the first such option.
    pub fn none(&self, layout: &str) -> Result<()> {
        let given = [
            ("--tokenizer", self.tokenizer.is_some()),
            ("--seq-length", self.seq_length.is_some()),
            ("--packing", self.packing.is_some()),
            ("--shard-tokens", self.shard_tokens.is_some()),
            ("--eos", self.eos.is_some()),
            ("--template", self.template.is_some()),
            ("--threads", self.threads.is_some()),
        ];
        match given.iter().find(|option| option.1) {
            None => Ok(()),
            Some((option, _)) => {
                let hint = "`corpus list exports` says which layouts hold token ids";
                Err(Error::other(format!("`{layout}` holds text: {option} does nothing there"), hint))
            }
        }
    }

    /// Whether a chat template writes what is exported.
    pub fn chat(&self) -> bool {
        self.template.is_some()
    }

    /// Writes an export of token ids.
    ///
    /// # Errors
    ///
    /// [`Error::Other`] where options are missing or do not fit; [`Error::Input`] of the tokenizer; as [`export`].
    pub fn export(
        &self,
        context: &Context,
        (layout, tables): (&dyn Layout, &[Table]),
        (out, strict): (&Path, bool),
        (build, stop): (&Json, &dyn Fn() -> bool),
    ) -> Result<()> {
        let name = layout.name();
        let named = self.tokenizer.as_deref().ok_or_else(|| {
            let hint = "name the model's file: --tokenizer models/qwen3/tokenizer.json";
            Error::other(format!("`{name}` holds token ids, and no tokenizer is named"), hint)
        })?;
        let path = Path::new(named);
        let tokenizer = Tokenizer::read(path)?;
        let sha256 = crate::disk::sha256(path, stop).map_err(Error::io(path))?;
        let packing = (self.packing, self.seq_length);
        let chat = self.template.as_ref().map(|file| {
            let options = self.template_options.as_deref();
            Chat::new((&tokenizer, path), file.as_deref(), options, self.date.unwrap_or_else(Day::today))
        });
        let sheet = Sheet::new(layout, (&tokenizer, named, &sha256), self.eos.as_deref(), packing, chat.transpose()?)?;
        let sheet = sheet.with_shards(layout, self.shard_tokens)?;
        let threads = self.threads.map_or_else(cores, NonZeroUsize::get);
        ui::say(context, &made_by(&sheet));
        if sheet.chat.as_ref().is_some_and(Chat::is_nameless) {
            let what = "the template writes bos_token or eos_token, and no tokenizer_config.json beside the tokenizer names them";
            ui::warn(context, &format!("{what}: fetch that file too"));
        }
        let job = Job { layout, sheet: &sheet, tables, batch: BATCH, threads, strict, stop };
        let Exported { accounts, folder, files, sums } = export(&job, out, build)?;
        let place = folder;
        let folder = place.display().to_string();
        let start = layout.start(&folder, &files, &sheet);
        let start = layout.trainer().map_or(start.clone(), |trainer| format!("# {trainer}\n{start}"));
        if context.format == Format::Json {
            let answer = json!({"v": 1, "to": name, "trainer": layout.trainer(), "out": folder, "uses": accounts, "files": files, "start": start,
                "tokens": sums});
            return super::print(&format!("{answer}\n"));
        }
        if sums.template.is_some() {
            lines(&accounts, "").iter().for_each(|line| ui::say(context, line));
        }
        said(&sums).iter().for_each(|line| ui::say(context, line));
        report_files(context, &files);
        in_store(context, &place);
        super::print(&start)
    }
}

/// What an export is made by, as a line of talk.
fn made_by(sheet: &Sheet<'_>) -> String {
    let (named, ids) = (sheet.named, count(sheet.tokenizer.vocabulary().into()));
    let what = match (&sheet.end, sheet.chat.as_ref().map(Chat::facts)) {
        (_, Some(facts)) => {
            let date = facts.date.as_ref().map_or(String::new(), |date| format!(", told that it is {date}"));
            let learnt = match facts.learnt_by.as_ref() {
                "generation" => "what it marks by generation blocks is learnt",
                _ => "what it adds for each answer is learnt",
            };
            format!("dialogues are written by {}{date}; {learnt}", facts.file)
        }
        (Some((end, id)), None) => format!("documents end with {end} ({id})"),
        (None, None) => String::new(),
    };
    format!("{named}: {ids} ids, {what}")
}

/// The sums as lines of talk.
pub fn said(sums: &Sums) -> Vec<String> {
    let documents = plural(sums.documents, "document");
    let mut lines = vec![format!("{documents}: {}, written as {}", plural(sums.tokens, "token"), sums.dtype)];
    if let Some(learnt) = sums.learnt {
        let share = 100.0 * learnt as f64 / sums.tokens.max(1) as f64;
        lines.push(format!("{} learnt ({share:.1}%)", plural(learnt, "token")));
    }
    if let Some(packed) = &sums.packed {
        let (sequences, length) = (plural(packed.sequences, "sequence"), count(packed.length.into()));
        let (how, empty, cuts) = (packed.packing.as_str(), 100.0 * packed.empty, count(packed.cuts));
        lines.push(format!(
            "{sequences} of {length} ({how}): {empty:.2}% of the positions empty, documents cut {cuts} times"
        ));
        if packed.left_over > 0 {
            let left = plural(packed.left_over, "token");
            lines.push(format!("{left} at the end make no full sequence and are not written"));
        }
    }
    lines
}

/// Says which files were written.
pub fn report_files(context: &Context, files: &[Written]) {
    let files =
        files.iter().map(|f| vec![f.path.clone(), messages::said(&format!("{} bytes", count(f.bytes))).into_owned()]);
    let files = table::table(&files.collect::<Vec<_>>(), 2, table::talk());
    files.lines().for_each(|line| ui::say(context, line));
}

/// Says what a trainer needs of an export that is in an object store.
pub fn in_store(context: &Context, folder: &Path) {
    if is_url(folder) {
        let (url, copy) = (folder.display(), copying(&folder.to_string_lossy()));
        ui::say(context, &format!("a trainer that reads folders needs a copy of {url}: `{copy}`"));
    }
}

/// The command that copies a folder of a store to this machine.
fn copying(url: &str) -> String {
    match url.split_once("://") {
        Some(("gs", _)) => format!("gcloud storage rsync -r {url} DIR"),
        Some(("az", rest)) => format!("azcopy sync https://ACCOUNT.blob.core.windows.net/{rest} DIR"),
        _ => format!("aws s3 sync {url} DIR"),
    }
}

#[cfg(test)]
mod tests {
    use super::copying;

    #[test]
    fn each_store_has_its_command() {
        assert_eq!(copying("s3://b/x"), "aws s3 sync s3://b/x DIR");
        assert_eq!(copying("gs://b/x"), "gcloud storage rsync -r gs://b/x DIR");
        assert_eq!(copying("az://c/x/y"), "azcopy sync https://ACCOUNT.blob.core.windows.net/c/x/y DIR");
    }
}
