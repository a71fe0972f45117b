//! `corpus plan`: what a build would do, reuse and cost.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;

use clap::Args;
use serde_json::{Value as Json, json};

use super::build::{RecipeOption, RunOptions, bytes};
use super::plan_cluster::{cluster_json, cluster_table};
use super::plan_stages::{exports_table, held_out, kind, splits_table, stages_json, stages_table};
use super::ready::seen;
use super::{Context, Format, choices, gates, heavy, plan_cards, table, ui};
use crate::Result;
use crate::messages;
use crate::objects::is_url;
use crate::pipeline::estimate::{Depth, Estimate, Range, estimate, on_cluster};
use crate::pipeline::gates::{Facts, Judged, judge};
use crate::pipeline::heavy::Lost;
use crate::pipeline::plan::stage_plan::StagePlan;
use crate::pipeline::plan::state::{JobState, State, state};
use crate::pipeline::publish::ids;
use crate::pipeline::usage::{count, size};
use crate::pipeline::{Options, Progress};
use crate::recipe::Recipe;
use crate::rows::Use;
use crate::text::figures::plural;

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
    /// Say also what a cluster would do of it, whose executors have so many threads in all: jobs, tasks, bytes moved.
    #[arg(long, value_name = "THREADS", num_args = 0..=1, default_missing_value = "16")]
    cluster: Option<NonZeroUsize>,
}

impl PlanCommand {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// As [`seen`], [`state`] and [`estimate`].
    pub fn run(self, context: &Context) -> Result<()> {
        self.run.settle();
        let mut recipe = self.run.recipe(self.recipe.reference("plan")?)?;
        choices::warn(context, &recipe)?;
        let depth = Depth { read: bytes("--read", &self.read)?, text: bytes("--sample", &self.sample)? };
        let missing = seen(&mut recipe)?;
        let options = self.run.options(context, &recipe)?;
        let chain = StagePlan::new(&recipe)?;
        if let Some(missing) = &missing {
            return plan_cards::run(context, &recipe, missing);
        }
        ids::ready(&recipe)?;
        let bars = ui::Bars::new(context);
        bars.phase("Looking at what is done", 0);
        let state = state(&recipe, &chain, &options)?;
        bars.named(&recipe.name);
        bars.phase("Building a sample", 0);
        let estimate = estimate(&recipe, &chain, &options, depth, &state)?;
        let sampled: u64 = estimate.sources.iter().map(|s| s.sampled).sum();
        bars.done(&plural(sampled, "row"));
        let threads = self.cluster.map(NonZeroUsize::get);
        let cluster =
            threads.map(|threads| on_cluster(&chain, &options, (&state, recipe.exports.len()), &estimate, threads));
        let cluster = cluster.transpose()?;
        if context.format == Format::Json {
            let mut document = document(&recipe, &options, &state, &estimate);
            if let Some(cluster) = &cluster {
                document["cluster"] = cluster_json(cluster);
            }
            return super::print(&format!("{document}\n"));
        }
        let mut text = text(&recipe, &options, &state, &estimate);
        if let Some(cluster) = cluster.filter(|_| !state.finished) {
            text += &cluster_table(&cluster, duration, table::terminal());
        }
        super::print(&text)?;
        heavy::warn(context, &estimate.heavy, None);
        ui::say(context, &format!("next: `corpus build --recipe {}`", ui::quoted(self.recipe.reference("plan")?)));
        Ok(())
    }
}

fn said(job: &JobState) -> String {
    match (job.units, job.done) {
        (_, 0) => "run".into(),
        (Some(units), done) if done >= units => "reuse".into(),
        (_, done) => format!("resume ({} done)", count(done)),
    }
}

/// What a job does: the names of its stages, as they are, and words of ours.
fn does(recipe: &Recipe, job: &JobState) -> String {
    let comma = if messages::chinese() { "、" } else { ", " };
    let is_name =
        |part: &str| recipe.stages.iter().any(|step| step.name == part) || crate::stages::entry(part).is_some();
    let part = |part| if is_name(part) { part.to_owned() } else { messages::said(part).into_owned() };
    job.does.split(", ").map(part).collect::<Vec<_>>().join(comma)
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

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|w| messages::said(w).into_owned()).collect()
}

fn text(recipe: &Recipe, options: &Options, state: &State, estimate: &Estimate) -> String {
    let columns = table::terminal();
    let (sources, stages) =
        (plural(recipe.sources.len() as u64, "source"), plural(recipe.stages.len() as u64, "stage"));
    let mut text = format!("{} · {}\n", recipe.name, messages::said(&format!("{sources} · {stages}")));
    text += &format!("\n{}", table::table(&source_rows(estimate), 2, columns));
    text += &stages_table(recipe, columns);
    text += &exports_table(recipe, columns);
    let mut rows = vec![words(&["job", "units", "state", "does"])];
    rows.extend(
        state
            .jobs
            .iter()
            .map(|job| (job, messages::said(&said(job)).into_owned(), does(recipe, job)))
            .map(|(job, state, does)| vec![job.name.to_owned(), job.units.map_or("?".to_owned(), count), state, does]),
    );
    text += &format!("\n{}", table::table(&rows, 2, columns));
    if state.finished {
        let there = format!("{} holds this very build already: nothing would run", options.out.display());
        text += &format!("\n{}\n", messages::said(&there));
        return text;
    }
    text += &costs(options, state, estimate, columns);
    text += &losses(estimate, columns);
    text += &splits_table(&held_out(recipe, &kept(estimate)), columns);
    text += &gates::table(&expected(recipe, estimate), columns);
    if recipe.stages.iter().any(|s| kind(&s.run) == "whole") && estimate.read < 1.0 {
        let upper =
            "Duplicates were looked for in what was read alone: the upper end is if each lies in another place.";
        text += &format!("  {}\n", messages::said(upper));
    }
    text
}

/// The table of sources, with its head.
fn source_rows(estimate: &Estimate) -> Vec<Vec<String>> {
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
    rows
}

/// A number of rows as a share of all.
fn share(of: u64, rows: u64) -> String {
    format!("{:.1}", of as f64 * 100.0 / rows.max(1) as f64)
}

fn shares(range: &Range, rows: u64) -> String {
    let share = |of| share(of, rows);
    match range.is_exact() {
        true => format!("{}%", share(range.likely)),
        false => format!("{}% ({} to {})", share(range.likely), share(range.low), share(range.high)),
    }
}

fn sizes(range: &Range) -> String {
    match range.is_exact() {
        true => size(range.likely),
        false => format!("{} ({} to {})", size(range.likely), size(range.low), size(range.high)),
    }
}

/// Rows, time, memory and disk that a build would take.
fn costs(options: &Options, state: &State, estimate: &Estimate, columns: usize) -> String {
    let (rows, sampled) = sums(estimate);
    let mut text = format!("\n{}\n", messages::said(&basis(estimate, rows, sampled)));
    let (cpu, threads) = (&estimate.cpu_seconds, plural(options.threads as u64, "thread"));
    let kept = shares(&estimate.kept, rows);
    let lines = [
        ("rows", format!("{} -> {} kept, {kept}", count(rows), count(estimate.kept.likely))),
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
    let line = |(name, value): &(&str, String)| {
        table::hanging(&format!("  {} ", table::left(&messages::said(name), 10)), &messages::said(value), columns)
    };
    text += &lines.iter().map(line).collect::<String>();
    if let Some(free) = crate::disk::free(on_disk(options)) {
        let short = if free < estimate.disk_bytes().likely { ": TOO LITTLE" } else { "" };
        text += &line(&("free disk", format!("{}{short}", size(free))));
    }
    if state.spare_bytes > 0 {
        let spare = format!(
            "{} of finished jobs that this build does not use: `corpus cache prune --work {}` shows which may go after it, and `corpus build --work-limit SIZE` bounds them",
            size(state.spare_bytes),
            ui::quoted(&options.work.to_string_lossy())
        );
        text += &line(&("spare", spare));
    }
    text
}

/// What each stage would take, by reason; nothing where none takes anything.
fn losses(estimate: &Estimate, columns: usize) -> String {
    if estimate.losses.is_empty() {
        return String::new();
    }
    let (rows, _) = sums(estimate);
    let mut table = vec![words(&["expected loss", "of rows", "stage"])];
    table.extend(estimate.losses.iter().map(|l| {
        vec![
            messages::said(&l.reason).into_owned(),
            messages::said(&shares(&l.rows, rows)).into_owned(),
            l.stage.clone(),
        ]
    }));
    let mut text = format!("\n{}", table::table(&table, 2, columns));
    if estimate.unseen > 0 {
        let most = share(estimate.unseen, rows);
        let others = format!("Other reasons, which the sample did not show: up to {most}% each.");
        text += &format!("  {}\n", messages::said(&others));
    }
    text
}

/// Rows that are expected to be kept, by use.
fn kept(estimate: &Estimate) -> BTreeMap<Use, u64> {
    let mut kept = BTreeMap::new();
    let known = estimate.sources.iter().filter_map(|s| Some((s.usage?, s.kept)));
    known.for_each(|(usage, rows)| *kept.entry(usage).or_default() += rows);
    kept
}

/// The gates of the recipe, judged by the rows and losses that are expected.
fn expected(recipe: &Recipe, estimate: &Estimate) -> Vec<Judged> {
    let lost = estimate.losses.iter();
    let lost = lost.map(|l| Lost { stage: &l.stage, reason: &l.reason, source: "", rows: l.rows.likely });
    let (readable, rows) = (sums(estimate).0, estimate.kept.likely);
    let facts = Facts { readable, rows, lost: lost.collect(), ..Facts::default() };
    recipe.gates.as_ref().map(|gates| judge(recipe, gates, &facts)).unwrap_or_default()
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
    let gates = expected(recipe, estimate).into_iter().map(|gate| {
        let known = gates::estimated(&gate);
        json!({"gate": gate.gate, "of": gate.of, "limit": gate.limit, "expected": known.then_some(gate.value),
            "passes": known.then_some(gate.passed)})
    });
    let splits = held_out(recipe, &kept(estimate)).into_iter();
    let splits = splits.map(|(split, usage, rows)| json!({"split": split, "use": usage, "rows": rows}));
    json!({
        "v": 1,
        "recipe": recipe.name,
        "finished": state.finished,
        "spare_work_bytes": state.spare_bytes,
        "sources": sources.collect::<Vec<_>>(),
        "stages": stages_json(recipe),
        "exports": recipe.exports,
        "gates": gates.collect::<Vec<_>>(),
        "splits": splits.collect::<Vec<_>>(),
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
            "peak_disk_bytes_range": range(&estimate.disk_bytes()), "free_disk_bytes": crate::disk::free(on_disk(options)),
            "losses": losses.collect::<Vec<_>>(), "unseen_rows": estimate.unseen, "heavy": estimate.heavy,
        },
    })
}

/// The folder whose disk a build fills: that of the output, or of the jobs where the output is in a store.
fn on_disk(options: &Options) -> &Path {
    if is_url(&options.out) { &options.work } else { &options.out }
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
