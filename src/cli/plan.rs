//! `corpus plan`: what a build would do, reuse and cost.

use clap::Args;
use serde_json::{Value as Json, json};

use super::build::{RecipeOption, RunOptions};
use super::ready::seen;
use super::table::plural;
use super::{Context, Format, heavy, plan_cards, table, ui};
use crate::build::chain::Chain;
use crate::build::estimate::{Estimate, estimate};
use crate::build::state::{JobState, State, state};
use crate::build::usage::{count, size};
use crate::build::{Options, Progress};
use crate::recipe::Recipe;
use crate::{Result, stages};

/// Say what a build would do: sources, stages, what is done already, and what the rest will cost.
#[derive(Debug, Args)]
pub struct PlanCommand {
    #[command(flatten)]
    recipe: RecipeOption,
    #[command(flatten)]
    run: RunOptions,
}

impl PlanCommand {
    /// Runs the command.
    pub fn run(self, context: &Context) -> Result<()> {
        let mut recipe = self.run.recipe(self.recipe.reference("plan")?)?;
        let missing = seen(&mut recipe)?;
        let options = self.run.options(&recipe)?;
        let chain = Chain::new(&recipe)?;
        if let Some(missing) = &missing {
            return plan_cards::run(context, &recipe, missing);
        }
        let bars = ui::Bars::new(context);
        bars.phase("Looking at what is done", 0);
        let state = state(&recipe, &chain, &options)?;
        bars.done(&recipe.name);
        bars.phase("Building a sample", 0);
        let estimate = estimate(&recipe, &chain, &options, &state)?;
        let sampled: u64 = estimate.sources.iter().map(|s| s.sampled).sum();
        bars.done(&format!("{} rows", count(sampled)));
        if context.format == Format::Json {
            return super::print(&format!("{}\n", document(&recipe, &options, &state, &estimate)));
        }
        super::print(&text(&recipe, &options, &state, &estimate))?;
        heavy::warn(context, &estimate.heavy, None);
        ui::say(context, &format!("next: `corpus build --recipe {}`", ui::quoted(self.recipe.reference("plan")?)));
        Ok(())
    }
}

/// The kind of a stage, by its word.
fn kind(run: &str) -> &'static str {
    stages::entry(run).map_or("", |e| e.kind)
}

fn said(job: &JobState) -> String {
    match (job.units, job.done) {
        (_, 0) => "run".into(),
        (Some(units), done) if done >= units => "reuse".into(),
        (_, done) => format!("resume ({} done)", count(done)),
    }
}

fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        0..10 => format!("{seconds:.1} s"),
        10..60 => format!("{whole} s"),
        60..3600 => format!("{} m {} s", whole / 60, whole % 60),
        _ => format!("{} h {} m", whole / 3600, whole % 3600 / 60),
    }
}

/// The stages of a recipe; nothing where it has none.
pub(super) fn stages_table(recipe: &Recipe, columns: usize) -> String {
    let words = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
    let mut rows = vec![words(&["#", "stage", "runs", "kind", "options"])];
    rows.extend(recipe.stages.iter().zip(1..).map(|(step, n)| {
        let only = serde_json::to_value(&step.only).unwrap_or_default();
        let only: Vec<String> = only
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(_, v)| v.as_array().is_some_and(|v| !v.is_empty()))
            .map(|(k, v)| format!("only {k} {v}"))
            .collect();
        let options = [vec![step.options.to_string()], only].concat().join(" ");
        let options = if options == "{}" { String::new() } else { options };
        vec![n.to_string(), step.name.clone(), step.run.clone(), kind(&step.run).to_owned(), options]
    }));
    if rows.len() > 1 { format!("\n{}", table::table(&rows, 2, columns)) } else { String::new() }
}

/// The stages of a recipe, for machines.
pub(super) fn stages_json(recipe: &Recipe) -> Vec<Json> {
    let stage = |s: &crate::recipe::Step| json!({"name": s.name, "run": s.run, "kind": kind(&s.run), "only": s.only, "options": s.options});
    recipe.stages.iter().map(stage).collect()
}

fn text(recipe: &Recipe, options: &Options, state: &State, estimate: &Estimate) -> String {
    let columns = table::terminal();
    let words = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
    let (sources, stages) =
        (plural(recipe.sources.len() as u64, "source"), plural(recipe.stages.len() as u64, "stage"));
    let mut text = format!("{} · {sources} · {stages}\n", recipe.name);

    let mut rows = vec![words(&["source", "use", "files", "size", "rows", "kept", "format"])];
    rows.extend(estimate.sources.iter().map(|s| {
        let usage = s.usage.map_or(String::new(), |u| u.to_string());
        let rows = if s.rows == s.sampled { count(s.rows) } else { format!("~{}", count(s.rows)) };
        vec![
            s.name.clone(),
            usage,
            count(s.files),
            size(s.bytes),
            rows,
            format!("~{}", count(s.kept)),
            s.formats.join(", "),
        ]
    }));
    text += &format!("\n{}", table::table(&rows, 2, columns));

    text += &stages_table(recipe, columns);

    let mut rows = vec![words(&["job", "units", "state", "does"])];
    rows.extend(
        state
            .jobs
            .iter()
            .map(|job| vec![job.name.to_owned(), job.units.map_or("?".to_owned(), count), said(job), job.does.clone()]),
    );
    text += &format!("\n{}", table::table(&rows, 2, columns));
    if state.finished {
        text += &format!("\n{} holds this very build already: nothing would run\n", options.out.display());
        return text;
    }

    let (rows, kept, sampled) = sums(estimate);
    let share = |n: u64| format!("{:.1}%", n as f64 * 100.0 / rows.max(1) as f64);
    text += &format!("\nEstimated from {} sampled rows, all of it estimates but the memory bound:\n", count(sampled));
    let lines = [
        ("rows", format!("{} -> {} kept ({})", count(rows), count(kept), share(kept))),
        ("time", format!("{} on {}", duration(estimate.wall_seconds), plural(options.threads as u64, "thread"))),
        ("CPU", format!("{} in all", duration(estimate.cpu_seconds))),
        ("memory", format!("at most {}", size(estimate.memory_bytes))),
        ("output", size(estimate.output_bytes)),
        (
            "peak disk",
            format!(
                "{} ({} of jobs, {} of rows on their way, the output, {} of sorting)",
                size(estimate.disk_bytes()),
                size(estimate.work_bytes),
                size(estimate.slab_bytes),
                size(estimate.spill_bytes)
            ),
        ),
    ];
    text += &lines.iter().map(|(name, value)| format!("  {name:<10} {value}\n")).collect::<String>();
    if let Ok(free) = free(options) {
        let short = if free < estimate.disk_bytes() { ": TOO LITTLE" } else { "" };
        text += &format!("  {:<10} {}{short}\n", "free disk", size(free));
    }
    if !estimate.losses.is_empty() {
        let mut rows = vec![words(&["expected loss", "of rows", "stage"])];
        rows.extend(estimate.losses.iter().map(|l| vec![l.reason.clone(), share(l.rows), l.stage.clone()]));
        text += &format!("\n{}", table::table(&rows, 2, columns));
    }
    if recipe.stages.iter().any(|s| kind(&s.run) == "whole") && estimate.sources.iter().any(|s| s.rows > s.sampled) {
        text += "  Duplicates were looked for in the sample alone: expect more of them in the whole.\n";
    }
    text
}

/// Rows, kept rows, sampled rows.
fn sums(estimate: &Estimate) -> (u64, u64, u64) {
    estimate.sources.iter().fold((0, 0, 0), |sum, s| (sum.0 + s.rows, sum.1 + s.kept, sum.2 + s.sampled))
}

/// Bytes that are free where the output goes.
fn free(options: &Options) -> std::io::Result<u64> {
    let whole = std::path::absolute(&options.out)?;
    let there = whole.ancestors().find(|p| p.exists()).unwrap_or(&whole);
    let stat = rustix::fs::statvfs(there)?;
    Ok(stat.f_bavail * stat.f_frsize)
}

fn document(recipe: &Recipe, options: &Options, state: &State, estimate: &Estimate) -> Json {
    let (rows, kept, sampled) = sums(estimate);
    let sources = estimate.sources.iter().map(|s| {
        json!({"name": s.name, "use": s.usage, "files": s.files, "bytes": s.bytes, "formats": s.formats,
            "rows": s.rows, "kept": s.kept, "sampled": s.sampled})
    });
    let jobs = state
        .jobs
        .iter()
        .map(|j| json!({"name": j.name, "does": j.does, "units": j.units, "done": j.done, "state": said(j)}));
    let losses = estimate.losses.iter().map(
        |l| json!({"stage": l.stage, "reason": l.reason, "rows": l.rows, "share": l.rows as f64 / rows.max(1) as f64}),
    );
    json!({
        "v": 1,
        "recipe": recipe.name,
        "finished": state.finished,
        "sources": sources.collect::<Vec<_>>(),
        "stages": stages_json(recipe),
        "jobs": jobs.collect::<Vec<_>>(),
        "estimate": {
            "sampled_rows": sampled, "rows": rows, "kept": kept, "threads": options.threads,
            "wall_seconds": estimate.wall_seconds, "cpu_seconds": estimate.cpu_seconds,
            "memory_bytes": estimate.memory_bytes, "output_bytes": estimate.output_bytes,
            "work_bytes": estimate.work_bytes, "slab_bytes": estimate.slab_bytes, "spill_bytes": estimate.spill_bytes,
            "peak_disk_bytes": estimate.disk_bytes(), "free_disk_bytes": free(options).ok(),
            "losses": losses.collect::<Vec<_>>(), "heavy": estimate.heavy,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_states_read_well() {
        assert_eq!(
            (duration(0.04), duration(59.4), duration(250.0)),
            ("0.0 s".into(), "59 s".into(), "4 m 10 s".into())
        );
        assert_eq!(duration(7_300.0), "2 h 1 m");
        let job = |units, done| said(&JobState { name: "scan", does: String::new(), units, done });
        assert_eq!((job(Some(3), 0), job(Some(3), 3), job(None, 0)), ("run".into(), "reuse".into(), "run".into()));
        assert_eq!(job(Some(3), 2), "resume (2 done)");
    }
}
