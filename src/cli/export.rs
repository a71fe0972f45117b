//! `corpus export`: a build in the layout of a trainer.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use clap::Args;
use serde_json::{Value as Json, json};

use super::export_tokens::{TokenOptions, in_store, report_files};
use super::inspect::parse_use;
use super::inspect_build::manifest;
use super::interrupt::stop_on_interrupt;
use super::opened::{is_build, no_build, opened};
use super::{Context, Format, ui};
use crate::objects::is_url;
use crate::output::export::run::{BATCH, Exported, Job, Table, export, lines, losses, survey};
use crate::output::export::{ALL, Exporter, Held, exporter, fitting};
use crate::output::tokens;
use crate::pipeline::publish::tables::tables;
use crate::rows::Use;
use crate::rows::split::Split;
use crate::text::spelling::did_you_mean;
use crate::{Error, Result};

/// Write a build in the layout that a trainer reads; say which rows lose what there, and how the trainer is started.
#[derive(Debug, Args)]
pub struct Export {
    /// A build folder.
    build: PathBuf,
    /// The layout (`corpus list exports`).
    #[arg(long, value_name = "NAME")]
    to: String,
    /// Only rows of this use [default: all that the layout takes].
    #[arg(long = "use", value_name = "USE", value_parser = parse_use)]
    usage: Option<Use>,
    /// Only rows of this split: train, validation, test [default: all, each in files of its own; of token ids, train].
    #[arg(long, value_name = "SPLIT", value_parser = parse_split)]
    split: Option<Split>,
    /// Where it goes: a folder, or s3://BUCKET/FOLDER, gs://…, az://… [default: BUILD/exports/NAME].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Export nothing where a row would lose something or be set aside.
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    tokens: TokenOptions,
}

/// A split by its name.
fn parse_split(word: &str) -> std::result::Result<Split, String> {
    Split::parse(word).ok_or_else(|| did_you_mean(word, Split::ALL.map(Split::as_str)))
}

/// The tables of one split.
fn of_split(mut tables: Vec<Table>, split: Split) -> Result<Vec<Table>> {
    tables.retain(|table| table.split == split);
    if tables.is_empty() {
        let hint = "`splits` of build.json says what is held out; a recipe holds rows out by [split]";
        return Err(Error::input(format!("the build has no {split} rows that the layout takes"), hint));
    }
    Ok(tables)
}

/// The exporter of a name, or the one that was probably meant.
fn named(name: &str) -> Result<&'static dyn Exporter> {
    exporter(name).ok_or_else(|| {
        let message = format!("no layout is called `{name}`");
        let names = ALL.iter().map(|e| e.name()).chain(tokens::ALL.iter().map(|l| l.name()));
        Error::other(message, did_you_mean(name, names))
    })
}

impl Export {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// [`Error::Input`] where the folder is no build, has no rows that the layout takes, or with `--strict` would lose
    /// something; [`Error::Other`] where no layout has the name; as [`export`].
    pub fn run(mut self, context: &Context) -> Result<()> {
        let place = std::mem::take(&mut self.build);
        self.build = opened(&place)?;
        let stop = stop_on_interrupt();
        let stop = || stop.load(Ordering::Relaxed);
        if let Some(layout) = tokens::layout(&self.to) {
            let chat = self.tokens.chat();
            let uses = layout.uses(chat);
            if uses.is_empty() {
                let name = layout.name();
                let (what, hint) = match chat {
                    true => (
                        format!("`{name}` has no place for dialogues"),
                        "leave --template out for running text; `packed` takes dialogues",
                    ),
                    false => (
                        format!("`{name}` holds dialogues: it needs --template"),
                        "write --template for the one beside the tokenizer, or --template FILE",
                    ),
                };
                return Err(Error::other(what, hint));
            }
            let more = if chat || layout.uses(true).is_empty() { "" } else { "; dialogues become ids with --template" };
            let tables = self.tables(context, layout.name(), (uses, more))?;
            let tables = of_split(tables, self.split.unwrap_or_default())?;
            let (out, build) = self.places(&place, layout.name())?;
            return self.tokens.export(context, (layout, &tables), (&out, self.strict), (&build, &stop));
        }
        let exporter = named(&self.to)?;
        self.tokens.none(exporter.name())?;
        let mut tables = self.tables(context, exporter.name(), (exporter.uses(), ""))?;
        let exporter = fitting(exporter, &tables);
        if let Some(split) = self.split {
            tables = of_split(tables, split)?;
        }
        let (out, build) = self.places(&place, exporter.name())?;
        let job = Job { exporter, tables: &tables, batch: BATCH, stop: &stop };
        let before = survey(&job)?;
        if self.strict {
            losses(exporter, &before)?;
        }
        ui::say(context, &format!("{} → {} as {}", self.build.display(), out.display(), exporter.name()));
        lines(&before, "to be ").iter().for_each(|line| ui::say(context, line));
        let exported = export(&job, &out, &build)?;
        self.report(context, exporter, &exported)
    }

    /// Where the export of the build at `place` goes, and what it says of the build.
    fn places(&self, place: &Path, layout: &str) -> Result<(PathBuf, Json)> {
        let out = match &self.out {
            Some(out) => out.clone(),
            None => {
                // Of a build in a store, its place, even where one version of it was named.
                let shown = place.to_string_lossy();
                let whole = shown.split_once("/versions/").filter(|_| is_url(place)).map(|(whole, _)| Path::new(whole));
                whole.unwrap_or(place).join("exports").join(layout)
            }
        };
        if !is_url(&out) {
            crate::disk::local("--out", &out)?;
        }
        let (built, _) = manifest(&self.build)?;
        Ok((out, json!({"recipe": built.recipe.name, "fingerprint": built.recipe.fingerprint})))
    }

    /// The tables of the build that the layout of this name takes, with rows of these uses, of the use that was asked for;
    /// `more` is said where there are none.
    fn tables(&self, context: &Context, layout: &str, (taken, more): (&[Use], &str)) -> Result<Vec<Table>> {
        if !is_build(&self.build) {
            return Err(no_build(&self.build, "corpus export builds/NAME --to openai"));
        }
        let takes = |usage: &Use| taken.contains(usage);
        let words = |uses: &[Use]| uses.iter().map(|u| u.as_str()).collect::<Vec<_>>().join(", ");
        if let Some(usage) = self.usage.filter(|u| !takes(u)) {
            return Err(Error::other(
                format!("`{layout}` has no place for {usage} rows"),
                format!("it takes {}{more}; `corpus list exports` has other layouts", words(taken)),
            ));
        }
        let asked: Vec<Use> = Use::ALL.into_iter().filter(|u| self.usage.is_none_or(|w| w == *u)).collect();
        let (tables, left): (Vec<Table>, Vec<Table>) =
            tables(&self.build, &asked).into_iter().partition(|table| takes(&table.usage));
        let left: Vec<Use> = left.iter().map(|table| table.usage).collect();
        if tables.is_empty() {
            return Err(Error::input(
                format!("{} has no rows that `{layout}` takes ({})", self.build.display(), words(taken)),
                format!("`corpus inspect {}` shows what it has{more}", ui::quoted(&self.build.display().to_string())),
            ));
        }
        if !left.is_empty() {
            ui::warn(context, &format!("`{layout}` has no place for {} rows: they are left out", words(&left)));
        }
        Ok(tables)
    }

    /// Says what was done, and how to go on.
    fn report(&self, context: &Context, exporter: &dyn Exporter, exported: &Exported) -> Result<()> {
        let folder = exported.folder.display().to_string();
        let start = match exported.rows.as_slice() {
            // What is held out alone trains nothing.
            [] => String::new(),
            rows => exporter.start(&folder, rows, Held(&exported.held_out)),
        };
        let start = match exporter.trainer() {
            Some(trainer) if !start.is_empty() => format!("# {trainer}\n{start}"),
            _ => start,
        };
        if context.format == Format::Json {
            let mut answer = json!({"v": 1, "to": exporter.name(), "trainer": exporter.trainer(), "out": folder, "uses": exported.accounts,
                "files": exported.files, "start": start});
            if !exported.held_out.is_empty() {
                let file = |(split, path): &(Split, String)| json!({"split": split, "path": path});
                answer["held_out"] = exported.held_out.iter().map(file).collect();
            }
            return super::print(&format!("{answer}\n"));
        }
        let mut start = start;
        for (split, file) in &exported.held_out {
            start += &format!("# held out for {split}: {folder}/{file}\n");
        }
        lines(&exported.accounts, "").iter().for_each(|line| ui::say(context, line));
        report_files(context, &exported.files);
        in_store(context, &exported.folder);
        super::print(&start)
    }
}
