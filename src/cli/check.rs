//! `corpus check`: every problem of a recipe at once, then a look at what it reads.

use std::path::Path;

use clap::Args;
use serde_json::{Value as Json, json};

use super::choices;
use super::notes::{self, Note};
use super::ready::{Missing, seen};
use super::{Context, Format, ui};
use super::{no_rows, no_rows::Failed};
use crate::formats::{Layout, Piece, detect, not_data};
use crate::input::{self, Compression};
use crate::messages::said;
use crate::objects::{self, is_url};
use crate::pipeline::inputs;
use crate::pipeline::inputs::sample;
use crate::pipeline::inputs::understood;
use crate::pipeline::inputs::understood::Understood;
use crate::pipeline::plan::stage_plan::StagePlan;
use crate::pipeline::publish::ids;
use crate::pipeline::usage::{count, size};
use crate::recipe::kinds::Kind;
use crate::recipe::problem::Place;
use crate::recipe::{self, Recipe, Source};
use crate::text::figures::plural;
use crate::{Error, Result};

/// Files of a source that are looked into; of more, as many spread over all.
const LOOKED_AT: usize = 100;
/// Rows of each that are read, and decoded bytes.
const ROWS: u64 = 100;
const BYTES: u64 = 1 << 20;
/// Larger files whose rows are made together with others are not read.
const JOINT: u64 = 64 << 20;

/// Find every problem of recipes, and look at the files that they read, without building.
#[derive(Debug, Args)]
pub struct Check {
    /// Recipes: paths, or names of shipped ones.
    #[arg(required = true)]
    recipes: Vec<String>,
    /// Look at the recipes alone, not at their inputs.
    #[arg(long)]
    no_inputs: bool,
}

/// A problem, and where it is.
struct Fault {
    /// What kind of problem; `None` where the places say it of each.
    kind: Option<Kind>,
    error: Error,
    /// The file that it is about.
    file: Option<String>,
    /// Problems of the recipe's text, one by one.
    places: Vec<Place>,
}

impl Fault {
    fn new(kind: Kind, error: Error, file: Option<&str>) -> Self {
        Fault { kind: Some(kind), error, file: file.map(str::to_owned), places: Vec::new() }
    }

    /// For programs: an object a problem.
    fn json(&self) -> Vec<Json> {
        if self.places.is_empty() {
            let file = match &self.error {
                Error::Io { path, .. } => Some(path.display().to_string()),
                _ => self.file.clone(),
            };
            let id = self.kind.map(|kind| kind.row().id);
            return vec![json!({"id": id, "code": self.error.code(), "severity": "error", "file": file, "line": null,
                "column": null, "message": self.error.to_string(), "hint": self.error.hint()})];
        }
        let mut all: Vec<Json> = self.places.iter().map(|p| json!(p)).collect();
        all.iter_mut().for_each(|place| place["severity"] = json!("error"));
        all
    }
}

/// A note for programs: a problem that stops nothing.
fn warning(note: &Note) -> Json {
    let code = if note.file.is_none() && note.text.contains(": looked into ") { "sampled" } else { "uncertain" };
    json!({"id": null, "code": code, "severity": "warning", "file": note.file, "line": null, "column": null,
        "message": note.text, "hint": null})
}

/// What was found about one recipe.
#[derive(Default)]
struct Found {
    problems: Vec<Fault>,
    notes: Vec<Note>,
    /// How each source is mapped.
    mappings: Vec<String>,
    facts: String,
    /// What the recipe reads and the store lacks: no problem of the recipe.
    missing: Option<Missing>,
}

impl Check {
    /// Runs the command; gives back the exit code.
    ///
    /// # Errors
    ///
    /// What the system says of writing to stdout. Problems of recipes are printed, and give the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let (mut code, mut documents, mut commands) = (0, Vec::new(), Vec::new());
        for reference in &self.recipes {
            let found = self.check(reference);
            for problem in &found.problems {
                code = code.max(problem.error.exit_code());
            }
            if context.format == Format::Json {
                let mut problems: Vec<Json> = found.problems.iter().flat_map(Fault::json).collect();
                problems.extend(found.notes.iter().map(warning));
                documents.push(json!({"recipe": reference, "ok": found.problems.is_empty(), "problems": problems,
                    "mappings": found.mappings, "missing": found.missing.as_ref().map(|m| &m.lacking)}));
                continue;
            }
            found.problems.iter().for_each(|problem| ui::problem(context, problem.kind, &problem.error));
            notes::warn(context, &found.notes);
            found.mappings.iter().for_each(|line| ui::say(context, line));
            if let Some(missing) = &found.missing {
                ui::say(context, &missing.headline());
                missing.lacking.lines().iter().for_each(|line| ui::say(context, &format!("  {line}")));
                commands.extend(missing.lacking.commands().into_iter().map(str::to_owned));
            }
            if found.problems.is_empty() {
                super::print(&format!("{}\n", said(&format!("ok {reference} · {}", found.facts))))?;
            }
        }
        if context.format == Format::Json {
            super::print(&format!("{}\n", json!({"v": 2, "recipes": documents})))?;
            return Ok(code);
        }
        for command in &commands {
            ui::say(context, &format!("next: `{command}`"));
        }
        if code == 0
            && commands.is_empty()
            && let [recipe] = self.recipes.as_slice()
        {
            ui::say(context, &format!("next: `corpus plan --recipe {}`", ui::quoted(recipe)));
        }
        Ok(code)
    }

    fn check(&self, reference: &str) -> Found {
        let mut found = Found::default();
        let mut recipe = match recipe::check(reference, &[]) {
            Ok(Ok(recipe)) => recipe,
            Ok(Err(problems)) => {
                let places = problems.places();
                found.problems.push(Fault { kind: None, error: problems.into_error(false), file: None, places });
                return found;
            }
            Err(error) => {
                found.problems.push(Fault::new(Kind::NoRecipe, error, Some(reference)));
                return found;
            }
        };
        if let Err(error) = StagePlan::new(&recipe) {
            found.problems.push(Fault::new(Kind::Unbuildable, error, Some(reference)));
        }
        let (sources, stages) = (recipe.sources.len() as u64, recipe.stages.len() as u64);
        found.facts = format!("{} · {}", plural(sources, "source"), plural(stages, "stage"));
        match choices::of(&recipe) {
            Ok(notes) => found.notes.extend(notes),
            Err(error) => found.problems.push(Fault::new(Kind::BrokenCatalog, error, None)),
        }
        if self.no_inputs {
            return found;
        }
        if let Err(error) = ids::ready(&recipe) {
            found.problems.push(Fault::new(Kind::ExportKeys, error, Some(reference)));
        }
        match seen(&mut recipe) {
            Err(error) => found.problems.push(Fault::new(Kind::NotLocked, error, Some(reference))),
            Ok(missing) => {
                let there = |source: &&Source| !missing.as_ref().is_some_and(|m| m.lacks(source));
                let (mut files, mut bytes) = (0, 0);
                for source in recipe.sources.iter().filter(there) {
                    let (n, size) = look(&recipe, source, &mut found);
                    files += n;
                    bytes += size;
                }
                if files > 0 || missing.is_none() {
                    found.facts += &format!(" · {}, {}", plural(files, "file"), size(bytes));
                }
                if let Some(missing) = &missing {
                    let lacking = format!("{} to fetch", plural(missing.lacking.parts() as u64, "part"));
                    found.facts += &format!(" · {lacking}");
                }
                found.missing = missing;
            }
        }
        found
    }
}

/// A file, or a member of an archive, that was looked into.
struct Seen {
    name: String,
    layout: Layout,
    note: Option<String>,
    understood: Understood,
    /// Rows of its beginning, and those that cannot be read.
    rows: u64,
    failed: Vec<Failed>,
}

/// What is wrong with the files of one source.
pub fn faults(recipe: &Recipe, source: &Source) -> Vec<Error> {
    let mut found = Found::default();
    look(recipe, source, &mut found);
    found.problems.into_iter().map(|fault| fault.error).collect()
}

/// Looks at the files of a source; gives back how many there are, and their bytes.
fn look(recipe: &Recipe, source: &Source, found: &mut Found) -> (u64, u64) {
    let inputs::Found { files, said } = match inputs::find(recipe, source) {
        Ok(files) => files,
        Err(error) => {
            found.problems.push(Fault::new(Kind::NoFile, error, Some(&recipe.path.display().to_string())));
            return (0, 0);
        }
    };
    let of = |text: String| Note { file: None, text: format!("source `{}`: {text}", source.name) };
    found.notes.extend(said.into_iter().map(of));
    let bytes = files.iter().filter_map(|f| inputs::size(&f.1)).sum();
    let step = files.len().div_ceil(LOOKED_AT).max(1);
    let (mut seen, mut refused) = (Vec::new(), Vec::new());
    for (shown, path) in files.iter().step_by(step) {
        for member in members(source, path) {
            let name = member.as_ref().map_or_else(|| shown.clone(), |m| format!("{shown}!{m}"));
            let looked = file(recipe, source, &name, path, member.as_deref());
            match objects::lost().map_or(looked, Err) {
                Ok(file) => seen.push(file),
                Err(error) => refused.push((name, error)),
            }
        }
    }
    let left = inputs::only_data(source, &mut seen, |s| (&s.name, &s.layout));
    found.notes.extend(left.map(of));
    // What is left out of a build is no problem of it.
    let data = seen.iter().any(|s| !inputs::may_go(source, &s.name));
    refused.retain(|(name, _)| !data || !inputs::may_go(source, name));
    found.problems.extend(refused.into_iter().map(|(name, error)| Fault::new(Kind::BadFile, error, Some(&name))));
    if let Some(most) = understood::one_reading(source, seen.iter().map(|s| (&s.layout, &s.understood))) {
        for file in seen.iter_mut().filter(|s| s.layout.container == "text") {
            let open = understood::is_open(file.understood.runner_up.as_deref());
            if open && file.layout.rows != Some(most.0) {
                (file.layout.rows, file.note) = (Some(most.0), Some(understood::as_most(most)));
            }
        }
    }
    found.mappings.extend(understood::lines(source, seen.iter().map(|s| (&s.layout, &s.understood)), true));
    let holds = seen.iter().filter(|s| s.layout.container != not_data::NAME);
    let recipe_file = recipe.path.display().to_string();
    let mixed = understood::one_use(source, holds.map(|s| (s.name.as_str(), s.layout.usage))).err();
    found.problems.extend(mixed.map(|e| Fault::new(Kind::TwoUses, e, Some(&recipe_file))));
    rows(recipe, source, &seen, step == 1, found);
    if step > 1 {
        let looked = files.len().div_ceil(step);
        let text = format!("source `{}`: looked into {looked} of {} files", source.name, count(files.len() as u64));
        found.notes.push(Note { file: None, text });
    }
    (files.len() as u64, bytes)
}

/// The members of an archive that are looked into (few of a compressed one, which must be unpacked up to each); a file
/// that is none is looked into itself.
fn members(source: &Source, path: &Path) -> Vec<Option<String>> {
    let Ok(compression) = input::compression(path) else { return vec![None] };
    if is_url(path) {
        return vec![None];
    }
    let all = input::members(path, compression).ok().flatten();
    let names: Vec<String> = all.into_iter().flatten().map(|m| m.name).collect();
    if names.is_empty() || compression == Compression::None && not_data::is_document(names.iter().map(String::as_str)) {
        return vec![None];
    }
    let most = if compression == Compression::None { LOOKED_AT } else { 3 };
    inputs::wanted(source, names).into_iter().take(most).map(Some).collect()
}

/// Looks into one file: what it is, how it is mapped, and whether its first rows can be read.
fn file(recipe: &Recipe, source: &Source, name: &str, path: &Path, member: Option<&str>) -> Result<Seen> {
    if is_url(path) {
        inputs::no_archive(path, input::compression(path).map_err(Error::io(path))?)?;
    }
    let mut found = detect::detect(path, member).map_err(Error::io(path))?;
    let sample = std::mem::take(&mut found.sample);
    let (confidence, runner_up) = (found.confidence, found.runner_up.clone());
    let (layout, note) = inputs::layout(recipe.input.max_row, source, path, found)?;
    let mapping = inputs::explained(source, name, &layout, &sample, recipe.input.max_unreadable)?;
    let (mut rows, mut failed) = (0, Vec::new());
    let large = inputs::size(path).is_some_and(|bytes| bytes > JOINT);
    if !(large && understood::is_joint(&layout)) {
        sample::read(&Piece::whole(path, member), &layout, ROWS, BYTES, &mut |record| {
            rows += 1;
            if let Err(error) = &record.row {
                Failed::add(&mut failed, error.reason, &error.detail, (name, record.line + 1));
            }
        });
    }
    let understood = Understood { confidence, runner_up, mapping };
    Ok(Seen { name: name.to_owned(), layout, note, understood, rows, failed })
}

/// Says what of the sampled rows cannot be read: of the source, and of single files.
fn rows(recipe: &Recipe, source: &Source, seen: &[Seen], all: bool, found: &mut Found) {
    let lost = |s: &Seen| s.failed.iter().map(|f| f.rows).sum::<u64>();
    let (sampled, failed) = (seen.iter().map(|s| s.rows).sum::<u64>(), seen.iter().map(lost).sum::<u64>());
    let none_readable = if sampled > 0 && sampled == failed {
        let mut reasons: Vec<Failed> = Vec::new();
        for one in seen.iter().flat_map(|s| &s.failed) {
            match reasons.iter_mut().find(|r| r.reason == one.reason) {
                Some(same) => same.rows += one.rows,
                None => reasons.push(one.clone()),
            }
        }
        Some(no_rows::none(&source.name, sampled, &reasons, true))
    } else if sampled == 0 && all && !seen.is_empty() && !seen.iter().any(|s| understood::is_joint(&s.layout)) {
        let files: Vec<_> = seen.iter().map(|s| (s.name.clone(), s.note.clone())).collect();
        Some(no_rows::nothing(&source.name, &files))
    } else {
        None
    };
    let whole = none_readable.is_some();
    match none_readable {
        Some((what, cure)) if recipe.input.max_unreadable < 1.0 => {
            let file = seen.first().map(|s| s.name.as_str());
            found.problems.push(Fault::new(Kind::NoRow, Error::input(what, cure), file));
        }
        Some((what, cure)) => found.notes.push(Note { file: None, text: format!("{what}; {cure}") }),
        None => {}
    }
    for file in seen {
        let note = file.note.as_ref().filter(|_| !whole || file.rows > 0);
        found.notes.extend(note.map(|note| Note::of(&file.name, note)));
        if whole || file.failed.is_empty() {
            continue;
        }
        let of = if lost(file) == file.rows { "none" } else { "not all" };
        let first = file.failed.iter().max_by_key(|f| f.rows);
        let why = first.map_or(String::new(), |f| format!("{}: {}", f.reason, f.detail));
        let text = format!("{of} of its first {} can be read: {why}", plural(file.rows, "row"));
        found.notes.push(Note::of(&file.name, text));
    }
}
