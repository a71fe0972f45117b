//! The runtime of a build: memory pool, spill folder, and the driver that runs a plan's partitions in order.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::array::RecordBatch;
use datafusion_common::config::SpillCompression;
use datafusion_execution::TaskContext;
use datafusion_execution::config::SessionConfig;
use datafusion_execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion_execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion_execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion_physical_plan::ExecutionPlan;
use futures::{StreamExt, TryStreamExt};
use tokio::sync::mpsc::{Receiver, channel};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::JoinHandle;

use crate::{Error, Result};

/// Rows in a batch of a job that reads staged text: nothing but their number bounds what is read of a Parquet file at once.
pub const TEXT_ROWS: usize = 256;
/// Rows in a batch of any other job: of narrow columns, and of raw text, whose batches are cut by bytes first (`scan`).
pub const NARROW_ROWS: usize = 8192;

/// What every job of a build shares.
#[derive(Clone)]
pub struct Session {
    /// Partitions executed at a time.
    pub threads: usize,
    /// Bytes of the engine's memory pool: 60 % of what the user allows; the rest is for readers and writers.
    pub pool: usize,
    runtime: Arc<RuntimeEnv>,
    stop: Arc<AtomicBool>,
    /// One for each partition that may run, of whichever plan.
    slots: Arc<Semaphore>,
}

impl Session {
    /// A session with `memory` bytes in all, spilling to `folder`.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`] where the engine refuses the folder.
    pub fn new(threads: usize, memory: u64, folder: &Path, stop: Arc<AtomicBool>) -> Result<Self> {
        let (pool, runtime) = runtime(memory, folder)?;
        let threads = threads.max(1);
        Ok(Session { threads, pool, runtime, stop, slots: Arc::new(Semaphore::new(threads)) })
    }

    /// The context for a plan whose batches hold at most `rows` rows.
    pub fn context(&self, rows: usize) -> Arc<TaskContext> {
        let mut config = configured(SessionConfig::new(), rows);
        // A sort by several columns makes cursors of all its batches at once while it merges (measured: less than
        // half a partition's share fails).
        config.options_mut().execution.sort_spill_reservation_bytes = self.pool / (2 * self.threads);
        let none = std::collections::HashMap::new;
        Arc::new(TaskContext::new(
            None,
            "corpus".into(),
            config,
            none().into_iter().collect(),
            Default::default(),
            Default::default(),
            Default::default(),
            self.runtime.clone(),
        ))
    }

    /// Waits for one of the threads that all jobs share; it is given back when what comes is dropped.
    ///
    /// # Errors
    ///
    /// Where no partition may run any more.
    pub async fn slot(&self) -> Result<SemaphorePermit<'_>> {
        self.slots.acquire().await.map_err(|_| Error::Engine("no partition may run any more".into()))
    }

    /// Partitions that are read at a time where each holds something: as many as there are threads, and memory for.
    pub fn at_once(&self) -> usize {
        (self.pool / READ_AHEAD).clamp(1, self.threads)
    }

    /// Whether the user asked to stop.
    pub fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// The settings of a plan whose batches hold at most `rows` rows, wherever it runs.
pub(super) fn configured(config: SessionConfig, rows: usize) -> SessionConfig {
    let mut config = config.with_batch_size(rows).with_target_partitions(2);
    let options = config.options_mut();
    // Work stealing would move files between partitions; a declared order would be lost.
    options.execution.enable_file_stream_work_stealing = false;
    options.execution.spill_compression = SpillCompression::Lz4Frame;
    config
}

/// The engine's memory pool and its spill folder, of `memory` bytes in all; with the bytes of the pool.
///
/// # Errors
///
/// [`Error::Engine`] where the engine refuses the folder.
pub fn runtime(memory: u64, folder: &Path) -> Result<(usize, Arc<RuntimeEnv>)> {
    let pool = (memory as usize / 5 * 3).max(8 << 20);
    let consumers = NonZeroUsize::new(5).expect("five is not zero");
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(TrackConsumersPool::new(FairSpillPool::new(pool), consumers)))
        .with_disk_manager_builder(
            DiskManagerBuilder::default()
                .with_mode(DiskManagerMode::Directories(vec![folder.to_path_buf()]))
                .with_max_temp_directory_size(1 << 50),
        )
        .build_arc()?;
    Ok((pool, runtime))
}

/// Runs partitions of `plan`, `session.threads` at a time, in the order given; `begin` hears of each when it is about to
/// start, and says whether it is to run, `ended` of each that ended, on the thread that ran it, then `done`, in order and on
/// one thread. Plans that are driven side by side share the threads.
/// This is for plans without operators whose partitions wait for one another; `is_drivable` refuses others.
///
/// # Errors
///
/// [`Error::Engine`] where the plan has an operator whose partitions wait for one another, or a partition fails;
/// [`Error::Interrupted`] once the session is stopped; the first error of `begin`, `ended` or `done`.
pub async fn drive(
    session: &Session,
    plan: Arc<dyn ExecutionPlan>,
    rows: usize,
    order: Vec<usize>,
    begin: impl Fn(usize) -> Result<bool>,
    ended: impl Fn(usize) -> Result<()> + Send + Sync + 'static,
    mut done: impl FnMut(usize) -> Result<()>,
) -> Result<()> {
    is_drivable(plan.as_ref())?;
    let (context, ended) = (session.context(rows), Arc::new(ended));
    let tasks = futures::stream::iter(order).map(|partition| {
        let (plan, context, session) = (plan.clone(), context.clone(), session.clone());
        let (begin, ended) = (&begin, ended.clone());
        async move {
            let _slot = session.slot().await?;
            if session.stopped() {
                return Err(Error::Interrupted);
            }
            if !begin(partition)? {
                return Ok(None);
            }
            let task = tokio::spawn(async move {
                let mut stream = plan.execute(partition, context)?;
                while let Some(batch) = stream.next().await {
                    batch?;
                }
                ended(partition)?;
                Ok::<_, Error>(Some(partition))
            });
            match task.await {
                Ok(result) => result,
                Err(panic) => Err(Error::Engine(format!("a worker failed: {panic}"))),
            }
        }
    });
    // More wait for a thread than there are: one that takes long, and whose end is to be heard first, holds up no other.
    let mut tasks = std::pin::pin!(tasks.buffered(session.threads * 4));
    while let Some(ran) = tasks.next().await {
        if let Some(partition) = ran? {
            done(partition)?;
        }
    }
    Ok(())
}

/// Batches of a partition that wait for their turn, at most.
const AHEAD: usize = 2;
/// Bytes of the pool for each partition that is read ahead: its batches are in no pool.
const READ_AHEAD: usize = 32 << 20;

/// Hands over the batches of all partitions of `plan`, one partition after the other. They are read and decoded by as many
/// threads as there are, and memory for: what is walked by one thread is read by all.
///
/// # Errors
///
/// [`Error::Engine`] where the plan has an operator whose partitions wait for one another, or a partition fails;
/// [`Error::Interrupted`] once the session is stopped; the first error of `each`.
pub async fn in_order(
    session: &Session,
    plan: Arc<dyn ExecutionPlan>,
    rows: usize,
    mut each: impl FnMut(&RecordBatch) -> Result<()>,
) -> Result<()> {
    is_drivable(plan.as_ref())?;
    let mut parts = 0..plan.properties().output_partitioning().partition_count();
    let at_once = session.at_once();
    let mut begun: VecDeque<(Receiver<RecordBatch>, JoinHandle<Result<()>>)> = VecDeque::new();
    loop {
        while begun.len() < at_once
            && let Some(partition) = parts.next()
        {
            let (to, from) = channel(AHEAD);
            let (plan, context) = (plan.clone(), session.context(rows));
            let read = tokio::spawn(async move {
                let mut stream = plan.execute(partition, context)?;
                while let Some(batch) = stream.next().await {
                    // Nobody listens any more where something else failed.
                    if to.send(batch?).await.is_err() {
                        break;
                    }
                }
                Ok(())
            });
            begun.push_back((from, read));
        }
        let Some((mut batches, read)) = begun.pop_front() else { return Ok(()) };
        while let Some(batch) = batches.recv().await {
            if session.stopped() {
                return Err(Error::Interrupted);
            }
            each(&batch)?;
        }
        read.await.map_err(|panic| Error::Engine(format!("a worker failed: {panic}")))??;
    }
}

/// Hands over the batches of all partitions of `plan`, `session.threads` partitions at a time: `each` is called by many
/// threads at once, in no order.
///
/// # Errors
///
/// As [`in_order`].
pub async fn side_by_side(
    session: &Session,
    plan: Arc<dyn ExecutionPlan>,
    rows: usize,
    each: impl Fn(&RecordBatch) -> Result<()> + Send + Sync + 'static,
) -> Result<()> {
    is_drivable(plan.as_ref())?;
    let partitions = plan.properties().output_partitioning().partition_count();
    let each = Arc::new(each);
    let tasks = futures::stream::iter(0..partitions).map(|partition| {
        let (plan, each, context) = (plan.clone(), each.clone(), session.context(rows));
        async move {
            let _slot = session.slot().await?;
            if session.stopped() {
                return Err(Error::Interrupted);
            }
            let read = tokio::spawn(async move {
                let mut stream = plan.execute(partition, context)?;
                while let Some(batch) = stream.next().await {
                    each(&batch?)?;
                }
                Ok(())
            });
            read.await.map_err(|panic| Error::Engine(format!("a worker failed: {panic}")))?
        }
    });
    tasks.buffer_unordered(session.threads).try_collect().await
}

/// Refuses a plan in which one partition could wait for another that has not been started.
fn is_drivable(plan: &dyn ExecutionPlan) -> Result<()> {
    const ALONE: [&str; 6] =
        ["DataSourceExec", "ProjectionExec", "FilterExec", "BesideExec", "SinkExec", "CooperativeExec"];
    if !ALONE.contains(&plan.name()) {
        return Err(Error::Engine(format!("{} cannot run partition by partition", plan.name())));
    }
    plan.children().into_iter().try_for_each(|child| is_drivable(child.as_ref()))
}
