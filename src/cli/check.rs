//! `corpus check`: every problem of a recipe at once, then a look at what it reads.

use clap::Args;
use serde_json::{Value as Json, json};

use super::notes::{self, Note};
use super::ready::{Ways, ready};
use super::table::plural;
use super::{Context, Format, ui};
use crate::build::chain::Chain;
use crate::build::inputs;
use crate::build::usage::{count, size};
use crate::formats::explain::Mapping;
use crate::formats::{Layout, detect};
use crate::recipe::problem::Place;
use crate::recipe::{self, Recipe, Source};
use crate::rows::Use;
use crate::{Error, Result, input};

/// Files of a source that are looked into; of more, as many spread over all.
const LOOKED_AT: usize = 100;

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
    error: Error,
    /// The file that it is about.
    file: Option<String>,
    /// Problems of the recipe's text, one by one.
    places: Vec<Place>,
}

impl Fault {
    fn new(error: Error, file: Option<&str>) -> Self {
        Fault { error, file: file.map(str::to_owned), places: Vec::new() }
    }

    /// For programs: an object a problem.
    fn json(&self) -> Vec<Json> {
        if self.places.is_empty() {
            let file = match &self.error {
                Error::Io { path, .. } => Some(path.display().to_string()),
                _ => self.file.clone(),
            };
            return vec![json!({"code": self.error.code(), "severity": "error", "file": file, "line": null,
                "column": null, "message": self.error.to_string(), "hint": self.error.hint()})];
        }
        let mut all: Vec<Json> = self.places.iter().map(|p| json!(p)).collect();
        all.iter_mut().for_each(|place| place["severity"] = json!("error"));
        all
    }
}

/// A note for programs: a problem that stops nothing.
fn warning(note: &Note) -> Json {
    let code = if note.file.is_some() { "uncertain" } else { "sampled" };
    json!({"code": code, "severity": "warning", "file": note.file, "line": null, "column": null,
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
}

impl Found {
    /// Says how a source is mapped: once for all its files that are mapped alike.
    fn mapped(&mut self, source: &Source, layout: &Layout, mapping: &Mapping, sure: f32, runner_up: Option<String>) {
        let shape = layout.shape.as_deref().unwrap_or("fields");
        let how = match (&source.format, source.fields.is_empty()) {
            (Some(_), _) => "told by `format`".to_owned(),
            (None, false) => "told by `fields`".to_owned(),
            (None, true) => {
                let other = runner_up.map_or(String::new(), |other| format!(", else {other}"));
                format!("{:.0}% sure{other}; format = \"{shape}\" settles it", sure * 100.0)
            }
        };
        let line = format!("{} · {} · {shape} · {how} · {}", source.name, layout.usage, mapping.line());
        if !self.mappings.contains(&line) {
            self.mappings.push(line);
        }
    }
}

impl Check {
    /// Runs the command; gives back the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let (mut code, mut documents) = (0, Vec::new());
        for reference in &self.recipes {
            let found = self.check(context, reference);
            for problem in &found.problems {
                code = code.max(problem.error.exit_code());
            }
            if context.format == Format::Json {
                let mut problems: Vec<Json> = found.problems.iter().flat_map(Fault::json).collect();
                problems.extend(found.notes.iter().map(warning));
                documents.push(json!({"recipe": reference, "ok": found.problems.is_empty(), "problems": problems,
                    "mappings": found.mappings}));
                continue;
            }
            found.problems.iter().for_each(|problem| ui::error(context, &problem.error));
            notes::warn(context, &found.notes);
            found.mappings.iter().for_each(|line| ui::say(context, line));
            if found.problems.is_empty() {
                super::print(&format!("ok {reference} · {}\n", found.facts))?;
            }
        }
        if context.format == Format::Json {
            super::print(&format!("{}\n", json!({"v": 2, "recipes": documents})))?;
        } else if code == 0
            && let [recipe] = self.recipes.as_slice()
        {
            ui::say(context, &format!("next: `corpus plan --recipe {}`", ui::quoted(recipe)));
        }
        Ok(code)
    }

    fn check(&self, context: &Context, reference: &str) -> Found {
        let mut found = Found::default();
        let mut recipe = match recipe::check(reference, &[]) {
            Ok(Ok(recipe)) => recipe,
            Ok(Err(problems)) => {
                let places = problems.places();
                found.problems.push(Fault { error: problems.into_error(false), file: None, places });
                return found;
            }
            Err(error) => {
                found.problems.push(Fault::new(error, Some(reference)));
                return found;
            }
        };
        if let Err(error) = Chain::new(&recipe) {
            found.problems.push(Fault::new(error, Some(reference)));
        }
        let (sources, stages) = (recipe.sources.len() as u64, recipe.stages.len() as u64);
        found.facts = format!("{} · {}", plural(sources, "source"), plural(stages, "stage"));
        if !self.no_inputs
            && let Err(error) = ready(context, &mut recipe, Ways::default())
        {
            found.problems.push(Fault::new(error, Some(reference)));
        } else if !self.no_inputs {
            let (mut files, mut bytes) = (0, 0);
            for source in &recipe.sources {
                let (n, size) = look(&recipe, source, &mut found);
                files += n;
                bytes += size;
            }
            found.facts += &format!(" · {}, {}", plural(files, "file"), size(bytes));
        }
        found
    }
}

/// Looks at the files of a source; gives back how many there are, and their bytes.
fn look(recipe: &Recipe, source: &Source, found: &mut Found) -> (u64, u64) {
    let files = match inputs::find(recipe, source) {
        Ok(files) => files,
        Err(error) => {
            found.problems.push(Fault::new(error, Some(&recipe.path.display().to_string())));
            return (0, 0);
        }
    };
    let bytes = files.iter().filter_map(|f| std::fs::metadata(&f.1).ok()).map(|m| m.len()).sum();
    let step = files.len().div_ceil(LOOKED_AT).max(1);
    let mut first: Option<(String, Use)> = None;
    for (shown, path) in files.iter().step_by(step) {
        let members = input::compression(path).and_then(|c| input::members(path, c));
        let member = members.ok().flatten().and_then(|m| m.into_iter().next()).map(|m| m.name);
        let seen = detect::detect(path, member.as_deref()).map_err(Error::io(path));
        let read = seen.and_then(|mut seen| {
            let (sample, sure) = (std::mem::take(&mut seen.sample), seen.confidence);
            let runner_up = seen.runner_up.clone();
            let (layout, note) = inputs::layout(recipe.input.max_row, source, path, seen)?;
            let mapping = inputs::explained(source, shown, &layout, &sample, recipe.input.max_unreadable)?;
            Ok((layout, note, mapping, sure, runner_up))
        });
        match read {
            Err(error) => found.problems.push(Fault::new(error, Some(shown))),
            Ok((layout, note, mapping, sure, runner_up)) => {
                if let Some(mapping) = &mapping {
                    if let Some(reason) = &mapping.reason {
                        let error = Error::input(
                            format!("source `{}`: {shown}: no row of the sample can be read: {reason}", source.name),
                            "map the fields that are there: fields = { … }, or name the `format`; `corpus list formats`",
                        );
                        found.problems.push(Fault::new(error, Some(shown)));
                    }
                    found.mapped(source, &layout, mapping, sure, runner_up);
                }
                found.notes.extend(note.map(|note| Note::of(shown, note)));
                match &first {
                    None => first = Some((shown.clone(), layout.usage)),
                    Some((other, usage)) if *usage != layout.usage => {
                        let error = Error::input(
                            format!(
                                "source `{}`: {other} holds rows for {usage}, {shown} rows for {}",
                                source.name, layout.usage
                            ),
                            "make them two sources, or say `use`",
                        );
                        found.problems.push(Fault::new(error, Some(shown)));
                        break;
                    }
                    Some(_) => {}
                }
            }
        }
    }
    if step > 1 {
        let looked = files.len().div_ceil(step);
        let text = format!("source `{}`: looked into {looked} of {} files", source.name, count(files.len() as u64));
        found.notes.push(Note { file: None, text });
    }
    (files.len() as u64, bytes)
}
