//! What the files of each job depend on: one function a job, so that `build` and `plan` cannot differ.

use serde::Serialize;
use serde_json::{Value as Json, json};

use super::planner::Plans;
use super::stage_plan::{PlannedStage, StagePlan};
use crate::formats::Layout;
use crate::pipeline::inputs::{InputFile, Inputs};
use crate::pipeline::jobs::{CODE, fingerprint};
use crate::recipe::{Mix, Recipe};

/// Stretches of row keys that a `limit` cuts off.
pub type Cuts = [(u64, u64)];
/// Those of sources without a limit.
pub const NO_CUTS: &Cuts = &[];

/// A list that is written down one by one: there may be a hundred thousand files.
struct Each<F>(F);

impl<I: Iterator<Item: Serialize>, F: Fn() -> I> Serialize for Each<F> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0())
    }
}

/// What makes two inputs the same: content, layout and cuts; not where they lie.
pub fn inputs(inputs: &Inputs) -> impl Serialize + '_ {
    let file = |f: &InputFile| {
        let prepared = f.layout.prepared.as_ref().and_then(|p| p.file_name()).map(std::path::PathBuf::from);
        let layout = Layout { prepared, file: f.named.clone(), ..f.layout.as_ref().clone() };
        json!([f.sha256, f.member, layout])
    };
    let source = move |number: usize| {
        let s = &inputs.sources[number];
        (&s.source.name, s.usage, s.source.priority, Each(move || s.files.iter().map(file)))
    };
    (Each(move || (0..inputs.sources.len()).map(source)), Each(move || inputs.pieces.iter().map(|p| (p.start, p.end))))
}

/// Of the resolved stages, output options, uses and version: without paths, inputs, threads or memory.
pub fn recipe(recipe: &Recipe, inputs: &Inputs, chain: &StagePlan) -> String {
    let links: Vec<_> = chain.stages.iter().map(PlannedStage::identity).collect();
    let uses: Vec<_> = inputs.sources.iter().map(|s| s.usage).collect();
    let output = output(recipe);
    match &recipe.mix {
        None => fingerprint(&(CODE, links, output, uses)),
        Some(mix) => fingerprint(&(CODE, links, output, uses, mix, shares(inputs))),
    }
}

/// What the recipe says of the output; a codec only where it names another one than all did before there was a choice.
fn output(recipe: &Recipe) -> Json {
    let output = &recipe.output;
    match output.compression.is_default() {
        true => json!([output.shard, output.signals, output.dropped_text]),
        false => json!([output.shard, output.signals, output.dropped_text, output.compression]),
    }
}

/// Of a whole build: its recipe's fingerprint, inputs and name, how many rows of each source are read, and what its rows
/// say that no file does.
pub fn build(recipe: &Recipe, all: &Inputs, fingerprint_of_recipe: &str) -> String {
    let sources = Each(|| all.sources.iter().map(|s| (s.source.limit, &s.source.license, &s.source.language)));
    fingerprint(&(fingerprint_of_recipe, inputs(all), &recipe.name, sources))
}

/// Of the scan.
pub fn scan(plans: &Plans<'_>, unit: u64) -> impl Serialize {
    let sources = &plans.inputs.sources;
    let specs: Vec<_> =
        sources.iter().map(|s| json!([plans.rows_spec(s).identity(), s.staged, s.source.limit])).collect();
    (inputs(plans.inputs), specs, unit)
}

/// Of the scan once more, over the text without what the job `cut` found.
pub fn rescan(plans: &Plans<'_>, unit: u64, cut: &str) -> impl Serialize {
    let specs: Vec<_> = plans.inputs.sources.iter().map(|s| plans.rows_spec(s).identity()).collect();
    (scan(plans, unit), specs, cut)
}

/// Of a judgement, after the job `before`.
pub fn judge(plans: &Plans<'_>, scan: &str, cuts: &Cuts, before: Option<&str>, links: &[&PlannedStage]) -> Json {
    let what: Vec<_> = links.iter().map(|l| l.identity()).collect();
    let sources: Vec<_> = plans.inputs.sources.iter().map(|s| &s.source.name).collect();
    json!([scan, cuts, before, what, sources])
}

/// Of a pass over all rows, after the job `before`: what is read again, the text, depends on the stages before it. Rows of
/// earlier builds are those of the files.
pub fn global(plans: &Plans<'_>, scan: &str, cuts: &Cuts, before: Option<&str>, stage: &PlannedStage) -> Json {
    let sources: Vec<_> = plans.inputs.sources.iter().map(|s| (&s.source.name, s.source.priority)).collect();
    let files: Vec<_> = stage.files.iter().map(|f| json!([f.shown, f.sha256])).collect();
    json!([scan, before, (&stage.name, stage.number, &stage.only, &stage.resolved.options), sources, cuts, files])
}

/// Of a mix, after the job `before`.
pub fn mix(plans: &Plans<'_>, scan: &str, cuts: &Cuts, before: Option<&str>, mix: &Mix) -> Json {
    json!([judge(plans, scan, cuts, before, &[]), mix, shares(plans.inputs)])
}

/// What the sources say of their places in a mix.
fn shares(inputs: &Inputs) -> Json {
    json!(inputs.sources.iter().map(|s| json!([s.source.label, s.source.share])).collect::<Vec<_>>())
}

/// Of the output, after the decisions `drops`.
pub fn apply(recipe: &Recipe, plans: &Plans<'_>, drops: &str) -> Json {
    let output = output(recipe);
    let licenses: Vec<_> = plans.inputs.sources.iter().map(|s| (&s.source.license, &s.source.language)).collect();
    let paths: Vec<_> = plans.inputs.sources.iter().flat_map(|s| &s.files).map(|f| &f.name).collect();
    // Rows that are shuffled lie in other files, arranged by the seed.
    let orders: Vec<_> = plans.chain.stages.iter().filter(|l| l.stage().order().is_some()).collect();
    let orders: Vec<_> = orders.iter().map(|l| json!([l.only, l.resolved.options])).collect();
    if orders.is_empty() {
        json!([drops, output, licenses, paths])
    } else {
        json!([drops, output, licenses, paths, orders])
    }
}

/// Of the new order of what the job `apply` wrote.
pub fn shuffle(apply: &str) -> Json {
    json!([apply])
}
