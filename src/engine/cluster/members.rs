//! The executors of a cluster, as the scheduler knows them: Ballista's own table, in front of which stands who may enter.
//! An executor's name begins with the version of its code; one of another version would find plans that it cannot read, or
//! reads otherwise.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use ballista_core::JobId;
use ballista_core::error::{BallistaError, Result};
use ballista_core::serde::protobuf::ExecutorHeartbeat;
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
    say: Say,
}

impl Members {
    /// None yet.
    pub(super) fn new(version: &'static str, say: &Say) -> Self {
        Members { inner: InMemoryClusterState::default(), version, say: say.clone() }
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
        self.inner.bind_schedulable_tasks(distribution, active_jobs, executors).await
    }

    async fn unbind_tasks(&self, slots: Vec<ExecutorSlot>) -> Result<()> {
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
        if let Ok(known) = known {
            (self.say)(&format!("{}: an executor is gone: {}", known.host, self.count().await));
        }
        Ok(())
    }

    fn executor_heartbeats(&self) -> HashMap<String, ExecutorHeartbeat> {
        self.inner.executor_heartbeats()
    }

    fn get_executor_heartbeat(&self, executor: &str) -> Option<ExecutorHeartbeat> {
        self.inner.get_executor_heartbeat(executor)
    }

    async fn cluster_state_events(&self) -> Result<ClusterStateEventStream> {
        self.inner.cluster_state_events().await
    }
}
