//! `corpus diff BEFORE AFTER`: two builds compared: what was read, what the recipes say, why rows went, and which rows
//! were gained and lost; or two recipes, key by key.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value as Json, json};

use super::build::bytes;
use super::inspect_build::manifest;
use super::opened::{is_build, opened};
use super::table::{line, table, terminal};
use super::{Context, Format, ui};
use crate::messages::said;
use crate::pipeline::compare::rows::{Group, Move, Options, Outcome};
use crate::pipeline::compare::{Build, Comparison, LimitChange, StageChange, compare};
use crate::pipeline::publish::manifest::Manifest;
use crate::pipeline::usage::count;
use crate::recipe::differences::differences;
use crate::text::figures::plural;
use crate::{Error, Result, recipe};

/// Compare two builds: what was read, what the recipes say, why rows went, which rows were gained and lost; or two recipes.
#[derive(Debug, Args)]
pub struct Diff {
    /// A build folder: the build before; or a recipe.
    before: PathBuf,
    /// A build folder: the build after; or a recipe.
    after: PathBuf,
    /// Ids that are named of the rows that went the same way.
    #[arg(long, value_name = "N", default_value_t = 3)]
    ids: usize,
    /// Compare what rows say that both builds keep, too: reads all their text.
    #[arg(long)]
    texts: bool,
    /// Memory for sorting ids; what does not fit goes to the folder of temporary files.
    #[arg(long, value_name = "SIZE", default_value = "512MiB")]
    memory: String,
}

/// Rows of a table that are shown.
const SHOWN: usize = 20;

impl Diff {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// [`Error::Input`] where a folder is no build; a file of a build that cannot be read.
    pub fn run(self, context: &Context) -> Result<()> {
        let is_recipe = |path: &Path| path.is_file() && path.extension().is_some_and(|x| x == "toml");
        if is_recipe(&self.before) && is_recipe(&self.after) {
            return self.recipes(context);
        }
        let memory = usize::try_from(bytes("--memory", &self.memory)?).unwrap_or(usize::MAX).max(1 << 20);
        let [(of_before, before), (of_after, after)] = [found(&self.before)?, found(&self.after)?];
        let folder = tempfile::tempdir().map_err(Error::io(std::env::temp_dir()))?;
        let memory = if self.texts { memory / 2 } else { memory };
        let options = Options { memory, folder: folder.path().to_path_buf(), ids: self.ids, texts: self.texts };
        let a = Build { folder: &of_before, manifest: &before };
        let b = Build { folder: &of_after, manifest: &after };
        let compared = compare(a, b, &options)?;
        if context.format == Format::Json {
            return super::print(&format!("{}\n", document(&compared)));
        }
        super::print(&text(&compared, terminal()))?;
        if let Some(id) = compared.moves.iter().flat_map(|way| &way.ids).next() {
            let of = ui::quoted(&compared.builds[1].folder);
            ui::say(context, &format!("next: `corpus why {of} {}`", ui::quoted(id)));
        }
        Ok(())
    }

    /// Compares two recipes.
    fn recipes(&self, context: &Context) -> Result<()> {
        let both = [&self.before, &self.after].map(|path| path.display().to_string());
        let (a, b) = (recipe::load(&both[0], &[])?, recipe::load(&both[1], &[])?);
        let found = differences(&a, &b);
        if context.format == Format::Json {
            let document = json!({"v": 1, "kind": "recipes", "recipes": both, "differences": found});
            return super::print(&format!("{document}\n"));
        }
        if found.is_empty() {
            return super::print(&format!("{}\n", said("the recipes say the same")));
        }
        let shown = |of: &Option<Json>| match of {
            None => "-".to_owned(),
            Some(Json::String(text)) => line(text),
            Some(json) => line(&json.to_string()),
        };
        let mut rows = vec![cells(&["key", "before", "after"])];
        rows.extend(found.iter().map(|d| vec![line(&d.key), shown(&d.of[0]), shown(&d.of[1])]));
        super::print(&table(&rows, 0, terminal()))
    }
}

/// The folder of a build, and its manifest.
fn found(build: &Path) -> Result<(PathBuf, Manifest)> {
    let folder = opened(build)?;
    if !is_build(&folder) {
        return Err(Error::input(
            format!("{} is no build: it has no build.json", folder.display()),
            "name the folders of two finished builds (`builds/NAME`), the one before, then the one after; or two recipes",
        ));
    }
    let manifest = manifest(&folder)?.0;
    Ok((folder, manifest))
}

/// The comparison for machines.
fn document(compared: &Comparison) -> Json {
    let mut document = json!(compared);
    document["v"] = json!(1);
    document["kind"] = json!("builds");
    document
}

/// A number, and how it changed.
fn change(of: [u64; 2]) -> String {
    match of[1].cmp(&of[0]) {
        std::cmp::Ordering::Equal => String::new(),
        std::cmp::Ordering::Greater => format!("+{}", count(of[1] - of[0])),
        std::cmp::Ordering::Less => format!("-{}", count(of[0] - of[1])),
    }
}

fn cells(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| said(word).into_owned()).collect()
}

/// The comparison for people.
fn text(compared: &Comparison, columns: usize) -> String {
    let [a, b] = &compared.builds;
    let sides = [("before", a), ("after", b)].map(|(which, side)| {
        vec![
            said(which).into_owned(),
            line(&side.folder),
            line(&side.recipe),
            side.fingerprint.clone(),
            side.version.clone(),
        ]
    });
    let mut text = table(&sides, 0, columns);
    text += &format!("\n{}", said(&recipes(compared)));
    text += &read(compared);
    let mut rows = vec![cells(&["", "before", "after", "change"])];
    rows.extend(compared.totals.iter().map(|total| {
        vec![said(&total.what.replace('_', " ")).into_owned(), count(total.of[0]), count(total.of[1]), change(total.of)]
    }));
    text += &format!("\n{}", table(&rows, 2, columns));
    text += &stages(compared, columns);
    text += &reasons(compared, columns);
    text += &kept(compared, columns);
    text += &moves(compared, columns);
    text
}

/// In what the recipes differ, as far as builds tell.
fn recipes(compared: &Comparison) -> String {
    if compared.same_recipe {
        return "the recipes say the same\n".into();
    }
    let mut differences: Vec<String> = Vec::new();
    for stage in &compared.stages {
        let name = line(&stage.name);
        match stage.rows_in {
            [Some(_), None] => differences.push(format!("stage `{name}` is there before only")),
            [None, Some(_)] => differences.push(format!("stage `{name}` is there after only")),
            _ if stage.differs && stage.limits.is_empty() => {
                differences.push(format!("`{name}`: other options, files or rows (`only`)"));
            }
            _ => differences.extend(stage.limits.iter().map(|limit| format!("`{name}`: {}", limit_of(limit)))),
        }
    }
    if !compared.same_order {
        differences.push("the stages stand in another order".into());
    }
    if differences.is_empty() {
        return "the recipes differ in output options or uses\n".into();
    }
    format!("the recipes differ:\n{}", differences.iter().map(|what| format!("  {what}\n")).collect::<String>())
}

fn limit_of(limit: &LimitChange) -> String {
    let of = |at: usize| limit.of[at].as_deref().map_or_else(|| "none".into(), line);
    format!("{} {} {} -> {}", line(&limit.signal), limit.side, of(0), of(1))
}

/// In what the inputs differ.
fn read(compared: &Comparison) -> String {
    let mut text = String::new();
    for source in &compared.sources {
        let parts =
            [("only before", &source.missing), ("only after", &source.new), ("with other bytes", &source.changed)];
        for (what, files) in parts.into_iter().filter(|part| !part.1.is_empty()) {
            let first: Vec<String> = files.iter().take(3).map(|file| line(file)).collect();
            let more = if files.len() > 3 { ", …" } else { "" };
            let (of, name) = (plural(files.len() as u64, "file"), line(&source.source));
            let line = format!("source `{name}`: {what}, {of}: {}{more}", first.join(", "));
            text += &format!("{}\n", said(&line));
        }
    }
    if text.is_empty() { format!("{}\n", said("the inputs are the same")) } else { text }
}

/// What each stage lets through.
fn stages(compared: &Comparison, columns: usize) -> String {
    let mut rows = vec![cells(&["stage", "runs", "rows before", "rows after", "change"])];
    let row = |stage: &StageChange| {
        let [a, b] = stage.rows_out;
        let shown = |rows: Option<u64>| rows.map_or_else(|| "-".to_owned(), count);
        let change = a.zip(b).map_or_else(String::new, |(a, b)| change([a, b]));
        vec![line(&stage.name), stage.run.clone(), shown(a), shown(b), change]
    };
    rows.extend(compared.stages.iter().map(row));
    format!("\n{}\n{}", said("rows behind each stage"), table(&rows, 2, columns))
}

/// A table of at most [`SHOWN`] rows, and how many there are more; nothing where there are none.
fn most(title: &str, heads: &[&str], rows: Vec<Vec<String>>, columns: usize) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let more = rows.len().saturating_sub(SHOWN);
    let all: Vec<Vec<String>> = std::iter::once(cells(heads)).chain(rows.into_iter().take(SHOWN)).collect();
    let rest = if more > 0 {
        format!("  {}\n", said(&format!("and {more} more: --format json has all")))
    } else {
        String::new()
    };
    format!("\n{}\n{}{rest}", said(title), table(&all, 2, columns))
}

fn reasons(compared: &Comparison, columns: usize) -> String {
    let row = |reason: &crate::pipeline::compare::ReasonChange| {
        let [a, b] = reason.rows.map(count);
        vec![line(&reason.reason), line(&reason.stage), a, b, change(reason.rows)]
    };
    let rows = compared.reasons.iter().map(row).collect();
    most("why rows went", &["reason", "stage", "before", "after", "change"], rows, columns)
}

fn kept(compared: &Comparison, columns: usize) -> String {
    let mut groups: Vec<&Group> = compared.kept.iter().collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.rows[0].abs_diff(group.rows[1])));
    let row = |group: &&Group| {
        let language = group.language.as_deref().map_or_else(|| "-".into(), line);
        let [a, b] = group.rows.map(count);
        vec![group.usage.to_string(), line(&group.source), language, a, b, change(group.rows)]
    };
    let rows = groups.iter().map(row).collect();
    most("what is kept", &["use", "source", "language", "before", "after", "change"], rows, columns)
}

fn moves(compared: &Comparison, columns: usize) -> String {
    let outcome = |outcome: &Option<Outcome>| match outcome {
        None => "not there".to_owned(),
        Some(Outcome::Kept) => "kept".to_owned(),
        Some(Outcome::Dropped { stage, reason }) => format!("dropped: {} ({})", line(reason), line(stage)),
    };
    let row = |way: &Move| {
        let ids: Vec<String> = way.ids.iter().map(|id| line(id)).collect();
        let outcome = |of| said(&outcome(of)).into_owned();
        vec![count(way.rows), outcome(&way.from), outcome(&way.to), ids.join(", ")]
    };
    let is = |wanted: &Option<Outcome>| *wanted == Some(Outcome::Kept);
    let sum = |of: &dyn Fn(&Move) -> bool| compared.moves.iter().filter(|way| of(way)).map(|way| way.rows).sum::<u64>();
    let (gained, lost) = (sum(&|way| is(&way.to)), sum(&|way| is(&way.from)));
    let both = format!("{} kept by both, {} gained, {} lost", plural(compared.both, "row"), count(gained), count(lost));
    let mut text = format!("\n{}\n", said(&both));
    if let Some(texts) = &compared.texts {
        let such = if texts.ids.is_empty() { String::new() } else { format!(" ({})", texts.ids.join(", ")) };
        let changed = format!("of those kept by both, {} say something else{such}", count(texts.changed));
        text += &format!("{}\n", said(&changed));
    }
    let rows: Vec<Vec<String>> = compared.moves.iter().map(row).collect();
    text + &most("rows that went another way", &["rows", "before", "after", "such as"], rows, columns)
}
