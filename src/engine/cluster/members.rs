//! The executors of a cluster, as the scheduler knows them: Ballista's own table, in front of which stands who may enter.
//! An executor's name begins with the version of its code; one of another version would find plans that it cannot read, or
//! reads otherwise.
//!
//! Ballista tells an executor whose sign of life is late to end. It may only have been held up (a busy machine, a network
//! that stood still), and where that befalls all executors nobody is left. So one that is late is shown as one that ends by
//! itself: its tasks are handed to others all the same, and its next sign of life lets it in again.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ballista_core::JobId;
use ballista_core::error::{BallistaError, Result};
use ballista_core::serde::protobuf::executor_status::Status;
use ballista_core::serde::protobuf::{ExecutorHeartbeat, ExecutorStatus};
use ballista_core::serde::scheduler::{ExecutorData, ExecutorMetadata};
use ballista_scheduler::cluster::memory::InMemoryClusterState;
use ballista_scheduler::cluster::{BoundTask, ClusterState, ClusterStateEventStream, ExecutorSlot};
use ballista_scheduler::config::TaskDistributionPolicy;
use ballista_scheduler::state::task_manager::JobInfoCache;

use super::Say;
use crate::text::figures::plural;

/// What stands between the version and the rest of an executor's name.
const BREAK: char = '~';

/// The name of an executor of this version of the code.
pub(super) fn name(version: &str) -> String {
    format!("{}{BREAK}{}-{:08x}", plain(version), std::process::id(), fastrand::u32(..))
}

/// A version without what a path of a URL is cut at.
fn plain(version: &str) -> String {
    version.replace('/', "-")
}

/// The executors of a cluster.
pub(super) struct Members {
    inner: InMemoryClusterState,
    version: &'static str,
    /// How long one may show no sign of life.
    lease: Duration,
    /// Threads that have a task, by executor. One that was late and came back also ends what it had before, and no thread
    /// may be given back for that.
    taken: Mutex<HashMap<String, u32>>,
    say: Say,
}

impl Members {
    /// None yet.
    pub(super) fn new(version: &'static str, lease: Duration, say: &Say) -> Self {
        Members { inner: InMemoryClusterState::default(), version, lease, taken: Mutex::default(), say: say.clone() }
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<String, u32>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As many threads as are given back, of those that are taken.
    fn given_back(&self, slots: Vec<ExecutorSlot>) -> Vec<ExecutorSlot> {
        let mut taken = self.taken();
        let of = |(executor, threads): ExecutorSlot| {
            let left = taken.get_mut(&executor)?;
            let back = threads.min(*left);
            *left -= back;
            (back > 0).then_some((executor, back))
        };
        slots.into_iter().filter_map(of).collect()
    }

    /// How many there are, for people.
    async fn count(&self) -> String {
        let all = self.inner.registered_executor_metadata().await;
        let threads: u32 = all.iter().map(|executor| executor.specification.vcores).sum();
        format!("{} with {}", plural(all.len() as u64, "executor"), plural(u64::from(threads), "thread"))
    }
}

#[tonic::async_trait]
impl ClusterState for Members {
    async fn init(&self) -> Result<()> {
        self.inner.init().await
    }

    async fn bind_schedulable_tasks(
        &self,
        distribution: TaskDistributionPolicy,
        active_jobs: Arc<HashMap<JobId, JobInfoCache>>,
        executors: Option<HashSet<String>>,
    ) -> Result<Vec<BoundTask>> {
        let bound = self.inner.bind_schedulable_tasks(distribution, active_jobs, executors).await?;
        let mut taken = self.taken();
        bound.iter().for_each(|(executor, task)| *taken.entry(executor.clone()).or_default() += task.vcores_consumed);
        Ok(bound)
    }

    async fn unbind_tasks(&self, slots: Vec<ExecutorSlot>) -> Result<()> {
        let slots = self.given_back(slots);
        self.inner.unbind_tasks(slots).await
    }

    async fn register_executor(&self, metadata: ExecutorMetadata, data: ExecutorData) -> Result<()> {
        let theirs = metadata.id.split_once(BREAK).map_or("of another kind", |name| name.0);
        if theirs != plain(self.version) {
            let ours = plain(self.version);
            let message = format!("the scheduler is corpus {ours}, and the executor {theirs}");
            (self.say)(&format!("{}: refused: {message}", metadata.host));
            return Err(BallistaError::Configuration(message));
        }
        let host = metadata.host.clone();
        self.inner.register_executor(metadata, data).await?;
        (self.say)(&format!("{host}: an executor joins: {}", self.count().await));
        Ok(())
    }

    async fn save_executor_metadata(&self, metadata: ExecutorMetadata) -> Result<()> {
        self.inner.save_executor_metadata(metadata).await
    }

    async fn get_executor_metadata(&self, executor: &str) -> Result<ExecutorMetadata> {
        self.inner.get_executor_metadata(executor).await
    }

    async fn registered_executor_metadata(&self) -> Vec<ExecutorMetadata> {
        self.inner.registered_executor_metadata().await
    }

    async fn save_executor_heartbeat(&self, heartbeat: ExecutorHeartbeat) -> Result<()> {
        self.inner.save_executor_heartbeat(heartbeat).await
    }

    async fn remove_executor(&self, executor: &str) -> Result<()> {
        let known = self.inner.get_executor_metadata(executor).await;
        self.inner.remove_executor(executor).await?;
        self.taken().remove(executor);
        if let Ok(known) = known {
            (self.say)(&format!("{}: an executor is gone: {}", known.host, self.count().await));
        }
        Ok(())
    }

    fn executor_heartbeats(&self) -> HashMap<String, ExecutorHeartbeat> {
        let mut all = self.inner.executor_heartbeats();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        show_late(&mut all, now.saturating_sub(self.lease));
        all
    }

    fn get_executor_heartbeat(&self, executor: &str) -> Option<ExecutorHeartbeat> {
        self.inner.get_executor_heartbeat(executor)
    }

    async fn cluster_state_events(&self) -> Result<ClusterStateEventStream> {
        self.inner.cluster_state_events().await
    }
}

/// Shows executors without a sign of life since then as such that end by themselves.
fn show_late(all: &mut HashMap<String, ExecutorHeartbeat>, since: Duration) {
    for late in all.values_mut().filter(|last| last.timestamp <= since.as_secs()) {
        late.status = Some(ExecutorStatus { status: Some(Status::Terminating(String::new())) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_is_late_is_not_told_to_end() {
        let of = |timestamp| ExecutorHeartbeat {
            executor_id: "e".into(),
            timestamp,
            metrics: Vec::new(),
            status: Some(ExecutorStatus { status: Some(Status::Active(String::new())) }),
            peak_proc_physical_memory: 0,
            peak_proc_virtual_memory: 0,
        };
        let mut all = HashMap::from([("late".to_owned(), of(40)), ("there".to_owned(), of(41))]);
        show_late(&mut all, Duration::from_millis(40_999));
        let ends = |name: &str| matches!(all[name].status.as_ref().unwrap().status, Some(Status::Terminating(_)));
        assert_eq!(["late", "there"].map(ends), [true, false]);
    }

    #[test]
    fn no_more_threads_come_back_than_were_taken() {
        let say: Say = Arc::new(|_| ());
        let members = Members::new("1", Duration::from_secs(60), &say);
        members.taken().extend([("a".to_owned(), 2), ("b".to_owned(), 1)]);
        let back = |slots: &[(&str, u32)]| {
            members.given_back(slots.iter().map(|(name, threads)| ((*name).to_owned(), *threads)).collect())
        };
        assert_eq!(back(&[("a", 1), ("b", 3), ("c", 1)]), [("a".to_owned(), 1), ("b".to_owned(), 1)]);
        assert_eq!(back(&[("a", 1), ("b", 1)]), [("a".to_owned(), 1)]);
        assert_eq!(back(&[("a", 1)]), []);
    }
}
