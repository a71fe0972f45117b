//! `corpus export`: a build in the layout of a trainer.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use clap::Args;
use serde_json::json;

use super::inspect::parse_use;
use super::inspect_build::manifest;
use super::interrupt::stop_on_interrupt;
use super::{Context, Format, rows_of, table, ui};
use crate::output::export::run::{Account, BATCH, Exported, Job, Table, export, survey};
use crate::output::export::{ALL, Exporter, Part, exporter};
use crate::pipeline::usage::count;
use crate::rows::Use;
use crate::text::figures::plural;
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
            strict(exporter, &before)?;
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
        let (mut tables, mut left) = (Vec::new(), Vec::new());
        for usage in Use::ALL.into_iter().filter(|u| self.usage.is_none_or(|w| w == *u)) {
            let files: Vec<PathBuf> =
                rows_of::parts(&self.build, &["data"], Some(usage)).into_iter().flat_map(|p| p.files).collect();
            match takes(&usage) {
                _ if files.is_empty() => {}
                true => tables.push(Table { usage, files }),
                false => left.push(usage),
            }
        }
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
        let lines = exporter.start(&folder, &exported.rows);
        let start = match exporter.trainer() {
            Some(trainer) => format!("# {trainer}\n{lines}"),
            None => lines,
        };
        if context.format == Format::Json {
            let told = json!({"v": 1, "to": exporter.name(), "trainer": exporter.trainer(), "out": folder, "uses": exported.accounts,
                "files": exported.files, "start": start});
            return super::print(&format!("{told}\n"));
        }
        self::lines(&exported.accounts, "").iter().for_each(|line| ui::say(context, line));
        let files = exported.files.iter().map(|f| vec![f.path.clone(), format!("{} bytes", count(f.bytes))]);
        let files = table::table(&files.collect::<Vec<_>>(), 2, table::talk());
        files.lines().for_each(|line| ui::say(context, line));
        super::print(&start)
    }
}

/// The accounts as lines of talk: rows, why some are set aside, what the others lose; `to_be` before it is done.
fn lines(accounts: &[Account], to_be: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for account in accounts {
        let (written, aside) = (count(account.written), count(account.aside));
        let rows = plural(account.read, "row");
        lines.push(format!("{}: {rows}: {written} {to_be}written, {aside} {to_be}set aside", account.usage));
        for (reason, rows) in &account.reasons {
            lines.push(format!("  {} {to_be}set aside: {reason}", plural(*rows, "row")));
        }
        for (part, rows) in Part::ALL.iter().filter_map(|p| Some((p, account.loses.get(p.as_str())?))) {
            lines.push(format!("  {} without {} ({})", plural(*rows, "row"), part.about(), part.as_str()));
        }
    }
    lines
}

/// Refuses where anything is lost.
fn strict(exporter: &dyn Exporter, accounts: &[Account]) -> Result<()> {
    let whole = |account: &&Account| account.aside == 0 && account.loses.is_empty();
    let lossy: Vec<Account> = accounts.iter().filter(|a| !whole(a)).cloned().collect();
    if lossy.is_empty() {
        return Ok(());
    }
    let told = lines(&lossy, "to be ").join("\n");
    let message = format!("`{}` cannot hold all of these rows, and --strict was asked for:\n{told}", exporter.name());
    Err(Error::input(message, "export without --strict, or to another layout: `corpus list exports`"))
}
