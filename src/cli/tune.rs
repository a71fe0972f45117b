//! `corpus tune BUILD [STAGE.KEY]`: each limit of a finished build beside the values of the rows that reach it: what another
//! value would drop, and the rows just on either side. Nothing is measured again.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::inspect_build::manifest;
use super::opened::{is_build, opened};
use super::tune_output::{self, Texts};
use super::{Context, Format, rows_of, show, tune_reference, ui};
use crate::pipeline::publish::manifest::Manifest;
use crate::pipeline::tune::{Judging, Question, Tuned, judging, tune};
use crate::recipe::{self, Recipe};
use crate::stages::resolved::Resolved;
use crate::stages::{self, Takes};
use crate::text::quality::reference::Method;
use crate::text::spelling::did_you_mean;
use crate::{Error, Result};

/// Show how each limit of a build cuts the distribution of its signal, and what other values would drop.
///
/// Reads what the build measured; one limit of a million rows takes a second, all limits of a long profile some more. Of a
/// recipe its build is looked at (`builds/NAME`, or --out), by the limits that the recipe has now. With --from-reference,
/// limits are taken from text that is known to be good, and printed as a profile.
#[derive(Debug, Args)]
pub struct Tune {
    /// A build folder, or a recipe.
    #[arg(value_name = "BUILD|RECIPE", required_unless_present = "from_reference")]
    build: Option<PathBuf>,
    /// The limits that are looked at: a stage, or a signal or key of it (`keep.chars`, `keep.chars.max`) [default: all].
    #[arg(value_name = "STAGE.KEY")]
    key: Option<String>,
    /// The build of a recipe [default: builds/NAME].
    #[arg(long)]
    out: Option<PathBuf>,
    /// The build's folder of finished jobs [default: BUILD/.work].
    #[arg(long)]
    work: Option<PathBuf>,
    /// Rows that are shown on each side of a limit.
    #[arg(long, value_name = "N", default_value_t = 3)]
    rows: usize,
    /// Take limits from text that is known to be good: builds, or files that `corpus inspect` reads, each a set.
    #[arg(long, value_name = "BUILD|FILE", num_args = 1.., conflicts_with_all = ["build", "key", "out", "work"])]
    from_reference: Vec<PathBuf>,
    /// Where a limit lies: beyond the last rows of a set (see --tail), or so far from the mean (see --std).
    #[arg(long, value_enum, default_value = "tail", requires = "from_reference")]
    method: Taken,
    /// Percent of the rows that lie beyond a limit, before it is moved out by a quarter of its distance to the median.
    #[arg(long, value_name = "PERCENT", default_value_t = 0.2, requires = "from_reference")]
    tail: f64,
    /// Standard deviations between the mean and a limit.
    #[arg(long, value_name = "N", default_value_t = 3.0, requires = "from_reference")]
    std: f64,
    /// What is counted in Chinese text.
    #[arg(long, value_enum, default_value = "characters", requires = "from_reference")]
    unit: Unit,
}

/// How limits are taken from trusted text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Taken {
    /// From the last rows of a set.
    Tail,
    /// From mean and standard deviation.
    MeanStd,
}

/// What is counted in Chinese.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Unit {
    /// Characters.
    Characters,
    /// Words of jieba's cut.
    Words,
}

/// Bytes of a text that are looked at for an excerpt.
const EXCERPT: usize = 600;

impl Tune {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// [`Error::Input`] where there is no such build, stage or limit, or its work folder is gone; a file that cannot be read.
    pub fn run(self, context: &Context) -> Result<()> {
        if !self.from_reference.is_empty() {
            return self.reference(context);
        }
        let (place, recipe) = self.folder()?;
        let folder = opened(&place)?;
        if !is_build(&folder) {
            let what = format!("{} is no build: it has no build.json", folder.display());
            return Err(Error::input(what, "name the folder of a finished build, or a recipe that was built"));
        }
        let (manifest, _) = manifest(&folder)?;
        let mut stages = judging(&manifest);
        if let Some(recipe) = &recipe {
            stages.iter_mut().try_for_each(|stage| today(stage, recipe))?;
        }
        let key = chosen(&mut stages, self.key.as_deref(), &folder)?;
        let work = self.work.clone().unwrap_or_else(|| folder.join(".work"));
        let question = Question { key: key.as_deref(), near: self.rows, ..Question::default() };
        let tuned = tune(&manifest, &work, &stages, &question)?;
        if let Some(asked) =
            self.key.as_deref().filter(|_| tuned.iter().all(|t| t.limits.is_empty() && t.left.is_empty()))
        {
            let known =
                stages.iter().flat_map(|s| s.rules.iter().flat_map(|r| r.keys()).map(|k| format!("{}.{k}", s.name)));
            let known: Vec<String> = known.collect();
            let what = format!("{} has no limit `{asked}` that is a number", folder.display());
            return Err(Error::input(what, did_you_mean(asked, known.iter().map(String::as_str))));
        }
        let texts = texts(&folder, &tuned)?;
        if context.format == Format::Json {
            return super::print(&format!("{}\n", tune_output::json(&tuned, &texts)));
        }
        super::print(&tune_output::text(&tuned, &texts))?;
        self.next(context, &folder, &manifest, &tuned);
        Ok(())
    }

    /// Takes limits from trusted text.
    fn reference(&self, context: &Context) -> Result<()> {
        if !(0.0..50.0).contains(&self.tail) || !self.std.is_finite() || self.std <= 0.0 {
            let hint = "--tail is a percentage below 50, such as 0.2; --std a number above 0, such as 3";
            return Err(Error::other("no limit can be taken so", hint));
        }
        let method = match self.method {
            Taken::Tail => Method::Tail(self.tail / 100.0),
            Taken::MeanStd => Method::MeanStd(self.std),
        };
        tune_reference::run(context, &self.from_reference, method, self.unit == Unit::Words)
    }

    /// The folder of the build, and the recipe where that is what was named.
    fn folder(&self) -> Result<(PathBuf, Option<Recipe>)> {
        let path = self.build.as_ref().ok_or_else(|| Error::other("nothing is named", "name a build, or a recipe"))?;
        if path.is_dir() || path.extension().is_none_or(|extension| extension != "toml") {
            return Ok((path.clone(), None));
        }
        let recipe = recipe::load(&path.to_string_lossy(), &[])?;
        let folder = self.out.clone().unwrap_or_else(|| Path::new("builds").join(&recipe.name));
        Ok((folder, Some(recipe)))
    }

    fn next(&self, context: &Context, folder: &Path, manifest: &Manifest, tuned: &[Tuned]) {
        let build = ui::quoted(&folder.display().to_string());
        let Some((stage, limit)) = tuned.iter().find_map(|t| Some((t, t.limits.first()?))) else {
            return ui::say(context, &format!("{build} has no stage with a limit that is a number"));
        };
        let (key, name) = (format!("{}.{}", stage.name, limit.key), &manifest.recipe.name);
        let run = manifest.stages.iter().find(|line| line.name == stage.name).map_or("", |line| line.run.as_str());
        let takes = stages::entry(if run.is_empty() { &stage.name } else { run }).map(|entry| entry.takes);
        let said = match takes {
            // Of a named set of rules one is changed by leaving it out.
            Some(Takes::Clauses(rules)) => format!(
                "next: in the recipe leave the rule of {key} out (`without`), write it anew (`{rules}`), and build: {name} measures nothing again"
            ),
            _ if limit.key.contains('[') => {
                format!("next: change {key} in the recipe, and build: {name} measures nothing again")
            }
            _ => format!("next: `corpus build --recipe … --set {key}=…` ({name} measures nothing again)"),
        };
        ui::say(context, &said);
    }
}

/// Takes the rules that a recipe has now.
fn today(stage: &mut Judging, recipe: &Recipe) -> Result<()> {
    if let Some(step) = recipe.stages.iter().find(|step| step.name == stage.name) {
        stage.rules = Resolved::new(&step.run, &step.options)?.stage.rules();
        stage.only = step.only.clone();
    }
    Ok(())
}

/// Leaves the stage that is asked for, and gives back the key within it.
fn chosen(stages: &mut Vec<Judging>, asked: Option<&str>, folder: &Path) -> Result<Option<String>> {
    let Some(asked) = asked else { return Ok(None) };
    let (name, key) = match asked.split_once('.') {
        Some((name, key)) => (name, Some(key.to_owned())),
        None => (asked, None),
    };
    if !stages.iter().any(|stage| stage.name == name) {
        let what = format!("{} has no stage `{name}` with limits", folder.display());
        return Err(Error::input(what, did_you_mean(name, stages.iter().map(|s| s.name.as_str()))));
    }
    stages.retain(|stage| stage.name == name);
    Ok(key)
}

/// The beginnings of the texts of all rows that are shown.
///
/// # Errors
///
/// Shards that cannot be read.
pub(super) fn texts(folder: &Path, tuned: &[Tuned]) -> Result<Texts> {
    let limits = tuned.iter().flat_map(|stage| &stage.limits);
    let mut ids: Vec<String> =
        limits.flat_map(|l| l.failing.iter().chain(&l.holding)).flat_map(|n| n.ids.clone()).collect();
    ids.sort();
    ids.dedup();
    let mut texts = Texts::new();
    for part in rows_of::parts(folder, &["data", "dropped"], None) {
        for row in rows_of::texts_by_ids(&part, &ids)? {
            let Some(id) = show::text(&row, "id") else { continue };
            let text = row.iter().find(|f| part.texts().contains(&f.0) && !f.1.is_null()).map(|f| match f.1.as_str() {
                Some(text) => text.to_owned(),
                None => said(&f.1),
            });
            let short = text.map(|text| text[..text.floor_char_boundary(EXCERPT)].to_owned());
            texts.entry(id.to_owned()).or_insert(short);
        }
    }
    Ok(texts)
}

/// What the messages of a row say.
fn said(messages: &serde_json::Value) -> String {
    let content = |message: &serde_json::Value| message["content"].as_str().map(str::to_owned);
    let all: Vec<String> = messages.as_array().into_iter().flatten().filter_map(content).collect();
    all.join(" / ")
}
