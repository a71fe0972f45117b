//! `corpus plan`: what a build would do, reuse and cost.

use clap::Args;
use serde_json::{Value as Json, json};

use super::build::{RecipeOption, RunOptions, bytes};
use super::ready::seen;
use super::table::plural;
use super::{Context, Format, choices, heavy, plan_cards, table, ui};
use crate::pipeline::estimate::{Depth, Estimate, Range, estimate};
use crate::pipeline::plan::stage_plan::Chain;
use crate::pipeline::plan::state::{JobState, State, state};
use crate::pipeline::usage::{count, size};
use crate::pipeline::{Options, Progress};
use crate::recipe::Recipe;
use crate::{Result, stages};

/// Say what a build would do: sources, stages, what is done already, and what the rest will cost.
#[derive(Debug, Args)]
pub struct PlanCommand {
    #[command(flatten)]
    recipe: RecipeOption,
    #[command(flatten)]
    run: RunOptions,
    /// Input up to which all of it is read for the estimate; of a larger one, so much of it.
    #[arg(long, value_name = "SIZE", default_value = "256MiB")]
    read: String,
    /// Text that is built for the estimate.
    #[arg(long, value_name = "SIZE", default_value = "64MiB")]
    sample: String,
}

impl PlanCommand {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// As [`seen`], [`state`] and [`estimate`].
    pub fn run(self, context: &Context) -> Result<()> {
        let mut recipe = self.run.recipe(self.recipe.reference("plan")?)?;
        choices::warn(context, &recipe)?;
        let depth = Depth { read: bytes("--read", &self.read)?, text: bytes("--sample", &self.sample)? };
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
        let estimate = estimate(&recipe, &chain, &options, depth, &state)?;
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
        let rows = if s.counted { count(s.rows) } else { format!("~{}", count(s.rows)) };
        vec![
            s.name.clone(),
            usage,
            count(s.files),
            size(s.bytes),
            rows,
            if s.rows == s.sampled { count(s.kept) } else { format!("~{}", count(s.kept)) },
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

    let (rows, sampled) = sums(estimate);
    let share = |n: u64| format!("{:.1}", n as f64 * 100.0 / rows.max(1) as f64);
    let shares = |r: &Range| match r.is_exact() {
        true => format!("{}%", share(r.likely)),
        false => format!("{}% ({} to {})", share(r.likely), share(r.low), share(r.high)),
    };
    let sizes = |r: &Range| match r.is_exact() {
        true => size(r.likely),
        false => format!("{} ({} to {})", size(r.likely), size(r.low), size(r.high)),
    };
    text += &format!("\n{}\n", basis(estimate, rows, sampled));
    let (cpu, threads) = (&estimate.cpu_seconds, plural(options.threads as u64, "thread"));
    let lines = [
        ("rows", format!("{} -> {} kept, {}", count(rows), count(estimate.kept.likely), shares(&estimate.kept))),
        ("time", format!("{} on {threads}", duration(estimate.wall_seconds))),
        ("CPU", format!("{} ({} to {})", duration(cpu.likely), duration(cpu.low), duration(cpu.high))),
        ("memory", format!("about {}, at most {}", size(estimate.likely_memory_bytes), size(estimate.memory_bytes))),
        ("output", sizes(&estimate.output_bytes)),
        (
            "peak disk",
            format!(
                "{} ({} of jobs, {} of rows on their way, the output, {} of sorting)",
                sizes(&estimate.disk_bytes()),
                size(estimate.work_bytes),
                size(estimate.slab_bytes),
                size(estimate.spill_bytes)
            ),
        ),
    ];
    let line = |(name, value): &(&str, String)| table::hanging(&format!("  {name:<10} "), value, columns);
    text += &lines.iter().map(line).collect::<String>();
    if let Ok(free) = free(options) {
        let short = if free < estimate.disk_bytes().likely { ": TOO LITTLE" } else { "" };
        text += &format!("  {:<10} {}{short}\n", "free disk", size(free));
    }
    if state.spare_bytes > 0 {
        let spare = format!(
            "{} of finished jobs that this build does not use: `corpus cache prune --work {}` shows which may go after it, and --work-limit bounds them",
            size(state.spare_bytes),
            ui::quoted(&options.work.to_string_lossy())
        );
        text += &line(&("spare", spare));
    }
    if !estimate.losses.is_empty() {
        let mut rows = vec![words(&["expected loss", "of rows", "stage"])];
        rows.extend(estimate.losses.iter().map(|l| vec![l.reason.clone(), shares(&l.rows), l.stage.clone()]));
        text += &format!("\n{}", table::table(&rows, 2, columns));
        if estimate.unseen > 0 {
            text +=
                &format!("  Other reasons, which the sample did not show: up to {}% each.\n", share(estimate.unseen));
        }
    }
    if recipe.stages.iter().any(|s| kind(&s.run) == "whole") && estimate.read < 1.0 {
        text +=
            "  Duplicates were looked for in what was read alone: the upper end is if each lies in another place.\n";
    }
    text
}

/// What the estimate was made from.
fn basis(estimate: &Estimate, rows: u64, sampled: u64) -> String {
    let read = match estimate.read {
        1.0.. => "the whole input was read".to_owned(),
        read => format!("{:.1}% of the input was read", read * 100.0),
    };
    match rows == sampled && estimate.read >= 1.0 {
        true => format!("Built for trial, all {} rows: what is said of rows is what comes out.", count(rows)),
        false => format!("Estimated from {} sampled rows ({read}); in brackets, what is likely:", count(sampled)),
    }
}

/// Rows, sampled rows.
fn sums(estimate: &Estimate) -> (u64, u64) {
    estimate.sources.iter().fold((0, 0), |sum, s| (sum.0 + s.rows, sum.1 + s.sampled))
}

/// Bytes that are free where the output goes.
fn free(options: &Options) -> std::io::Result<u64> {
    let whole = std::path::absolute(&options.out)?;
    let there = whole.ancestors().find(|p| p.exists()).unwrap_or(&whole);
    let stat = rustix::fs::statvfs(there)?;
    Ok(stat.f_bavail * stat.f_frsize)
}

fn document(recipe: &Recipe, options: &Options, state: &State, estimate: &Estimate) -> Json {
    let (rows, sampled) = sums(estimate);
    let range = |r: &Range| json!({"low": r.low, "likely": r.likely, "high": r.high});
    let cpu = &estimate.cpu_seconds;
    let sources = estimate.sources.iter().map(|s| {
        json!({"name": s.name, "use": s.usage, "files": s.files, "bytes": s.bytes, "formats": s.formats,
            "rows": s.rows, "counted": s.counted, "kept": s.kept, "sampled": s.sampled})
    });
    let jobs = state
        .jobs
        .iter()
        .map(|j| json!({"name": j.name, "does": j.does, "units": j.units, "done": j.done, "state": said(j)}));
    let losses = estimate.losses.iter().map(|l| {
        json!({"stage": l.stage, "reason": l.reason, "rows": l.rows.likely, "range": range(&l.rows),
            "share": l.rows.likely as f64 / rows.max(1) as f64})
    });
    json!({
        "v": 1,
        "recipe": recipe.name,
        "finished": state.finished,
        "spare_work_bytes": state.spare_bytes,
        "sources": sources.collect::<Vec<_>>(),
        "stages": stages_json(recipe),
        "jobs": jobs.collect::<Vec<_>>(),
        "estimate": {
            "sampled_rows": sampled, "read_share": estimate.read, "rows": rows, "threads": options.threads,
            "kept": estimate.kept.likely, "kept_range": range(&estimate.kept),
            "wall_seconds": estimate.wall_seconds, "cpu_seconds": cpu.likely,
            "cpu_seconds_range": {"low": cpu.low, "likely": cpu.likely, "high": cpu.high},
            "memory_bytes": estimate.memory_bytes, "likely_memory_bytes": estimate.likely_memory_bytes,
            "output_bytes": estimate.output_bytes.likely, "output_bytes_range": range(&estimate.output_bytes),
            "work_bytes": estimate.work_bytes, "slab_bytes": estimate.slab_bytes, "spill_bytes": estimate.spill_bytes,
            "peak_disk_bytes": estimate.disk_bytes().likely,
            "peak_disk_bytes_range": range(&estimate.disk_bytes()), "free_disk_bytes": free(options).ok(),
            "losses": losses.collect::<Vec<_>>(), "unseen_rows": estimate.unseen, "heavy": estimate.heavy,
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
