//! What a build would be on a cluster: which jobs executors do and which the driver does, and what goes over the file
//! system that all share.

use arrow::datatypes::DataType;

use super::Estimate;
use crate::Result;
use crate::pipeline::Options;
use crate::pipeline::plan::stage_plan::StagePlan;
use crate::pipeline::plan::state::State;
use crate::stages::Shown;

/// A job on a cluster.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClusterJob {
    /// Its name: those of [`State::jobs`], and of what stands around them.
    pub name: &'static str,
    /// Whether the driver has work to do in it.
    pub driver: bool,
    /// Whether executors have.
    pub executors: bool,
    /// Tasks of executors, where they are known.
    pub tasks: Option<u64>,
    /// Bytes read of the shared file system.
    pub read_bytes: u64,
    /// Bytes written there, to stay until the build is done.
    pub written_bytes: u64,
    /// Bytes of records that are sorted, through files of the job where they do not fit into memory.
    pub shuffled_bytes: u64,
}

/// A build on a cluster.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClusterPlan {
    /// Threads of all executors.
    pub threads: usize,
    /// The jobs, in order.
    pub jobs: Vec<ClusterJob>,
    /// CPU seconds of what the driver does while executors have nothing to do, at most.
    pub driver_seconds: f64,
    /// CPU seconds of what executors share.
    pub executor_seconds: f64,
    /// Seconds.
    pub wall_seconds: f64,
}

/// Phases that executors do. In `decide` they judge, and do parts of passes; how much that is of it is not told apart.
const SHARED: [&str; 4] = ["scan", "apply", "shuffle", "shards"];

/// The job of a name, where it reads and writes so much.
fn job(name: &'static str, [read, written, shuffled]: [u64; 3]) -> ClusterJob {
    let (read_bytes, written_bytes, shuffled_bytes) = (read, written, shuffled);
    ClusterJob { name, read_bytes, written_bytes, shuffled_bytes, ..ClusterJob::default() }
}

/// Bytes of keys and sketches of a row: columns that only the pass of their stage reads.
fn hidden(chain: &StagePlan) -> u64 {
    let width = |kind: DataType| match kind {
        DataType::FixedSizeBinary(bytes) => bytes as u64,
        kind => kind.primitive_width().unwrap_or(0) as u64,
    };
    let columns = chain.stages.iter().flat_map(|stage| stage.stage().columns());
    columns.filter(|column| column.shown == Shown::Never).map(|column| width(column.kind.data_type())).sum()
}

/// What a build with so many `exports` would be on executors with `threads` threads in all. Bytes are of the whole build,
/// whatever is done of it; seconds are of what is left.
///
/// # Errors
/// Of files that a pass reads.
pub fn on_cluster(
    chain: &StagePlan,
    options: &Options,
    (state, exports): (&State, usize),
    all: &Estimate,
    threads: usize,
) -> Result<ClusterPlan> {
    let rows: u64 = all.sources.iter().map(|source| source.rows).sum();
    let input: u64 = all.sources.iter().map(|source| source.bytes).sum();
    let (work, slabs, output) = (all.work_bytes, all.slab_bytes, all.output_bytes.likely);
    let keys = (rows * hidden(chain)).min(work);
    let narrow = work - keys;
    let units = all.sources.iter().map(|source| source.bytes.div_ceil(options.unit).max(1)).sum();
    let executors = |job: ClusterJob, tasks: u64| ClusterJob { executors: true, tasks: Some(tasks), ..job };
    let driver = |job: ClusterJob| ClusterJob { driver: true, ..job };
    let mut passes = chain.stages.iter().filter(|stage| stage.pass().is_some());
    let mut jobs = vec![driver(job("gather", [input, 0, 0]))];
    for line in &state.jobs {
        let tasks = line.units.unwrap_or(units);
        if line.name == "apply" {
            jobs.push(driver(job("layout", [narrow, 0, 0])));
        }
        jobs.push(match line.name {
            "scan" => executors(job("scan", [input, work, 0]), tasks),
            "judge" => executors(job("judge", [narrow, 0, 0]), tasks),
            "mix" => driver(executors(job("mix", [2 * narrow, 0, 0]), tasks)),
            // A task a slab, which layout plans.
            "apply" => ClusterJob { tasks: None, ..executors(job("apply", [input + narrow, slabs, 0]), 0) },
            "shuffle" => ClusterJob { tasks: None, ..executors(job("shuffle", [slabs, slabs, slabs]), 0) },
            name => {
                let Some(stage) = passes.next() else { continue };
                let Some(pass) = stage.pass() else { continue };
                let of = pass.footprint(&stage.files)?;
                let sorted = rows * (of.sorted_rows + of.records) + of.earlier * of.records;
                let job = driver(job(name, [keys, 0, sorted]));
                ClusterJob { executors: of.elsewhere, ..job }
            }
        });
    }
    // A task a file of the output.
    jobs.push(ClusterJob { tasks: None, ..executors(job("shards", [slabs, output, 0]), 0) });
    if exports > 0 {
        // A task each; what they write is a matter of their layouts.
        jobs.push(executors(job("exports", [output * exports as u64, 0, 0]), exports as u64));
    }
    let shared = |phase: &&(&str, f64)| SHARED.contains(&phase.0);
    let executor_seconds: f64 = all.phases.iter().filter(shared).map(|phase| phase.1).sum();
    let driver_seconds: f64 = all.phases.iter().filter(|phase| !shared(phase)).map(|phase| phase.1).sum();
    let wall_seconds = driver_seconds + executor_seconds / threads.max(1) as f64;
    Ok(ClusterPlan { threads, jobs, driver_seconds, executor_seconds, wall_seconds })
}
