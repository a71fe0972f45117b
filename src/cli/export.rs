//! `corpus export`: a build in the layout of a trainer.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use clap::Args;
use serde_json::json;

use super::inspect::parse_use;
use super::inspect_build::manifest;
use super::interrupt::stop_on_interrupt;
use super::{Context, Format, table, ui};
use crate::output::export::run::{BATCH, Exported, Job, Table, export, lines, losses, survey};
use crate::output::export::{ALL, Exporter, exporter};
use crate::pipeline::publish::exports::tables;
use crate::pipeline::usage::count;
use crate::rows::Use;
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
    /// Where it goes [default: BUILD/exports/NAME].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Export nothing where a row would lose something or be set aside.
    #[arg(long)]
    strict: bool,
}

/// The exporter of a name, or the one that was probably meant.
fn named(name: &str) -> Result<&'static dyn Exporter> {
    exporter(name).ok_or_else(|| {
        let message = format!("no layout is called `{name}`");
        Error::other(message, did_you_mean(name, ALL.iter().map(|e| e.name())))
    })
}

impl Export {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// [`Error::Input`] where the folder is no build, has no rows that the layout takes, or with `--strict` would lose
    /// something; [`Error::Other`] where no layout has the name; as [`export`].
    pub fn run(self, context: &Context) -> Result<()> {
        let exporter = named(&self.to)?;
        let tables = self.tables(context, exporter)?;
        let out = self.out.clone().unwrap_or_else(|| self.build.join("exports").join(exporter.name()));
        crate::disk::local("--out", &out)?;
        let (built, _) = manifest(&self.build)?;
        let build = json!({"recipe": built.recipe.name, "fingerprint": built.recipe.fingerprint});
        let stop = stop_on_interrupt();
        let stop = || stop.load(Ordering::Relaxed);
        let job = Job { exporter, tables: &tables, batch: BATCH, stop: &stop };
        let before = survey(&job)?;
        if self.strict {
            losses(exporter, &before)?;
        }
        ui::say(context, &format!("{} → {} as {}", self.build.display(), out.display(), exporter.name()));
        lines(&before, "to be ").iter().for_each(|line| ui::say(context, line));
        let exported = export(&job, &out, &build)?;
        self.report(context, exporter, &out, &exported)
    }

    /// The tables of the build that the layout takes, of the use that was asked for.
    fn tables(&self, context: &Context, exporter: &dyn Exporter) -> Result<Vec<Table>> {
        if !self.build.join("build.json").is_file() {
            return Err(Error::input(
                format!("{} is no build: it has no build.json", self.build.display()),
                "name the folder of a finished build: `corpus export builds/NAME --to openai`",
            ));
        }
        let takes = |usage: &Use| exporter.uses().contains(usage);
        let words = |uses: &[Use]| uses.iter().map(|u| u.as_str()).collect::<Vec<_>>().join(", ");
        if let Some(usage) = self.usage.filter(|u| !takes(u)) {
            return Err(Error::other(
                format!("`{}` has no place for {usage} rows", exporter.name()),
                format!("it takes {}; `corpus list exports` has other layouts", words(exporter.uses())),
            ));
        }
        let asked: Vec<Use> = Use::ALL.into_iter().filter(|u| self.usage.is_none_or(|w| w == *u)).collect();
        let (tables, left): (Vec<Table>, Vec<Table>) =
            tables(&self.build, &asked).into_iter().partition(|table| takes(&table.usage));
        let left: Vec<Use> = left.iter().map(|table| table.usage).collect();
        if tables.is_empty() {
            return Err(Error::input(
                format!(
                    "{} has no rows that `{}` takes ({})",
                    self.build.display(),
                    exporter.name(),
                    words(exporter.uses())
                ),
                format!("`corpus inspect {}` shows what it has", ui::quoted(&self.build.display().to_string())),
            ));
        }
        if !left.is_empty() {
            ui::warn(
                context,
                &format!("`{}` has no place for {} rows: they are left out", exporter.name(), words(&left)),
            );
        }
        Ok(tables)
    }

    /// Says what was done, and how to go on.
    fn report(&self, context: &Context, exporter: &dyn Exporter, out: &Path, exported: &Exported) -> Result<()> {
        let folder = out.display().to_string();
        let start = exporter.start(&folder, &exported.rows);
        let start = match exporter.trainer() {
            Some(trainer) => format!("# {trainer}\n{start}"),
            None => start,
        };
        if context.format == Format::Json {
            let told = json!({"v": 1, "to": exporter.name(), "trainer": exporter.trainer(), "out": folder, "uses": exported.accounts,
                "files": exported.files, "start": start});
            return super::print(&format!("{told}\n"));
        }
        lines(&exported.accounts, "").iter().for_each(|line| ui::say(context, line));
        let files = exported.files.iter().map(|f| vec![f.path.clone(), format!("{} bytes", count(f.bytes))]);
        let files = table::table(&files.collect::<Vec<_>>(), 2, table::talk());
        files.lines().for_each(|line| ui::say(context, line));
        super::print(&start)
    }
}
