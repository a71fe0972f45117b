//! The driver's side of a cluster: parts of a job handed to the scheduler, one Ballista job each, as many at a time as keep
//! all executors busy.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ballista_core::config::BallistaConfig;
use ballista_core::extension::SessionConfigExt;
use ballista_core::serde::protobuf::execute_query_params::Query;
use ballista_core::serde::protobuf::job_status::Status;
use ballista_core::serde::protobuf::scheduler_grpc_client::SchedulerGrpcClient;
use ballista_core::serde::protobuf::{
    CancelJobParams, ExecuteQueryParams, GetJobStatusParams, JobStatus, KeyValuePair,
};
use ballista_core::utils::{GrpcClientConfig, create_grpc_client_endpoint};
use ballista_core::version::insert_version_header;
use datafusion_execution::config::SessionConfig;
use datafusion_proto::physical_plan::AsExecutionPlan;
use datafusion_proto::protobuf::PhysicalPlanNode;
use futures::StreamExt;
use serde_json::Value as Json;
use tokio::sync::Semaphore;
use tonic::Code;
use tonic::transport::Channel;

use super::codec::ClusterCodec;
use super::{Address, LARGEST, faults};
use crate::engine::plan::Plan;
use crate::engine::session::{Session, configured};
use crate::{Error, Result};

/// Jobs that share a connection: more streams than some 200 of one would wait for one another.
const OF_A_CONNECTION: usize = 100;
/// Jobs under way at least: executors that come later have something to do at once.
const LEAST: usize = 64;
/// Times that a unit is handed in, where Ballista gave up: it tries four times itself.
const ATTEMPTS: usize = 2;
/// How often a look is taken at whether the user asks to stop.
const MOMENT: Duration = Duration::from_millis(200);
/// How long a file that a task wrote may take to be seen from here.
const SEEN_AFTER: Duration = Duration::from_secs(60);
/// How often a look is taken at what nobody tells: whether there are executors, and whether the files of a job that is
/// under way are there. An executor tells once what its task came to, and that may be lost.
const UNTOLD: Duration = Duration::from_secs(20);
/// How long a build waits once all executors are gone; the scheduler waits as long for those of one job.
const NOBODY: Duration = Duration::from_secs(5 * 60);
/// How Ballista says that it has given up a job for that.
const ALL_LOST: &str = "all executors were lost";

type Client = SchedulerGrpcClient<Channel>;

/// A cluster, as a build uses it.
pub struct Cluster {
    at: Address,
    codec: ClusterCodec,
    /// What all jobs of this build are called.
    name: String,
    /// Begins the names of this build's sessions.
    session: String,
    clients: Mutex<Vec<Client>>,
    http: reqwest::Client,
    /// One for each job that may be under way, of whichever part of the build; and how many there are.
    slots: Semaphore,
    width: Mutex<usize>,
    /// Jobs that are not at their end, by Ballista's names for them.
    under_way: Mutex<BTreeSet<String>>,
    /// When a look was taken at the executors, and when it was that there were some.
    looked: Mutex<(Instant, Option<Instant>)>,
}

impl Cluster {
    /// Finds the scheduler, for the build whose folder of jobs is `work`, which this process has to itself: what a driver
    /// before this one left under way there is called off.
    ///
    /// # Errors
    ///
    /// Where none answers.
    pub async fn join(at: &Address, version: &'static str, work: &Path) -> Result<Self> {
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build();
        let cluster = Cluster {
            at: at.clone(),
            name: work.to_string_lossy().into_owned(),
            codec: ClusterCodec::new(version),
            session: format!("corpus-{}-{:08x}", std::process::id(), fastrand::u32(..)),
            clients: Mutex::default(),
            http: http.map_err(|e| Error::Engine(e.to_string()))?,
            slots: Semaphore::new(0),
            width: Mutex::default(),
            under_way: Mutex::default(),
            looked: Mutex::new((Instant::now(), None)),
        };
        let clients = cluster.connected(1).await.map_err(|e| {
            let cure = format!("start one there: `corpus cluster scheduler --bind 0.0.0.0:{}`", at.port);
            Error::other(format!("no scheduler answers at {}: {e}", at.shown()), cure)
        })?;
        for job in cluster.status("jobs").await? {
            let ours = job["job_name"] == cluster.name.as_str();
            if let Some(id) = job["job_id"].as_str().filter(|_| ours && job["end_time"] == 0) {
                cluster.under_way.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned());
            }
        }
        cluster.call_off(&clients).await;
        Ok(cluster)
    }

    /// Connections, so many at least.
    async fn connected(&self, count: usize) -> Result<Vec<Client>, String> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner).clone();
        while clients.len() < count {
            let config = BallistaConfig::default();
            let grpc = GrpcClientConfig { http2_keepalive_interval_seconds: 20, ..GrpcClientConfig::from(&config) };
            let url = format!("http://{}:{}", self.at.host, self.at.port);
            let endpoint = create_grpc_client_endpoint(url, Some(&grpc)).map_err(|e| e.to_string())?;
            let channel = endpoint.connect().await.map_err(|e| root(&e))?;
            let client = SchedulerGrpcClient::new(channel);
            clients.push(client.max_encoding_message_size(LARGEST).max_decoding_message_size(LARGEST));
        }
        clients.clone_into(&mut self.clients.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(clients)
    }

    /// How many executors there are, and their threads in all.
    ///
    /// # Errors
    ///
    /// Where the scheduler does not answer.
    pub async fn executors(&self) -> Result<(usize, usize)> {
        let all = self.status("executors").await?;
        let threads = |executor: &Json| executor["specification"]["vcores"].as_u64().unwrap_or(0) as usize;
        Ok((all.len(), all.iter().map(threads).sum()))
    }

    /// What a page of the scheduler lists.
    async fn status(&self, what: &str) -> Result<Vec<Json>> {
        let url = format!("http://{}:{}/api/{what}", self.at.host, self.at.port);
        let answer = async { self.http.get(url).send().await?.error_for_status()?.bytes().await };
        let bytes = answer.await.map_err(|e| self.lost(&root(&e)))?;
        serde_json::from_slice(&bytes).map_err(|e| self.lost(&e.to_string()))
    }

    /// Runs the parts of a job in `order`, as [`drive`](crate::engine::drive) does; `plan` makes the plan of one part, of one
    /// partition, `there` says whether its files can be seen from here. Whoever is `done` comes in no order.
    ///
    /// # Errors
    ///
    /// A part that fails, on whatever machine; a scheduler that is gone; [`Error::Interrupted`] once the session is stopped;
    /// the first error of `plan`, `begin` or `done`. Whatever it is, what is under way is called off.
    pub async fn drive(
        &self,
        session: &Session,
        (rows, order): (usize, Vec<usize>),
        plan: impl Fn(usize) -> Result<Plan>,
        begin: impl Fn(usize) -> Result<bool>,
        there: impl AsyncFn(usize) -> bool,
        done: impl FnMut(usize) -> Result<()>,
    ) -> Result<()> {
        let (executors, threads) = self.executors().await?;
        if executors > 0 {
            self.looked.lock().unwrap_or_else(PoisonError::into_inner).1 = Some(Instant::now());
        }
        let width = self.widen(2 * threads);
        let clients = self.connected(width.div_ceil(OF_A_CONNECTION)).await.map_err(|e| self.lost(&e))?;
        let one = |(number, part): (usize, usize)| {
            let (plan, begin, there, client) = (&plan, &begin, &there, clients[number % clients.len()].clone());
            async move {
                let _slot = self.slots.acquire().await.map_err(|_| self.lost("no unit may be handed in any more"))?;
                if session.stopped() {
                    return Err(Error::Interrupted);
                }
                if !begin(part)? {
                    return Ok(None);
                }
                self.run(client, &plan(part)?, rows, &async || there(part).await).await?;
                self.seen(async || there(part).await).await?;
                Ok(Some(part))
            }
        };
        let tasks = futures::stream::iter(order.into_iter().enumerate()).map(one).buffer_unordered(width);
        let ended = self.until_stopped(session, tasks, done).await;
        if ended.is_err() {
            self.call_off(&clients).await;
        }
        ended
    }

    /// Lets so many jobs be under way, if those are more than so far; how many may be now.
    fn widen(&self, to: usize) -> usize {
        let mut width = self.width.lock().unwrap_or_else(PoisonError::into_inner);
        let to = to.max(LEAST);
        self.slots.add_permits(to.saturating_sub(*width));
        *width = to.max(*width);
        *width
    }

    /// Runs a plan, on whichever executor is free; `there` says whether its files are.
    async fn run(&self, mut client: Client, plan: &Plan, rows: usize, there: &impl AsyncFn() -> bool) -> Result<()> {
        let mut buf = Vec::new();
        PhysicalPlanNode::try_from_physical_plan(plan.clone(), &self.codec)?.try_encode(&mut buf)?;
        let mut left = ATTEMPTS;
        loop {
            let Some(failed) = self.job(&mut client, buf.clone(), rows, there).await? else { return Ok(()) };
            if failed.contains(ALL_LOST) {
                // Where others have come since, the job is theirs.
                if self.executors().await?.0 == 0 {
                    return Err(self.nobody());
                }
                continue;
            }
            left -= 1;
            // The same would come of a wrong input again.
            if left == 0 || matches!(faults::own(&failed), Some(Error::Input { .. })) {
                return Err(faults::of(&failed));
            }
        }
    }

    /// Hands in a plan and waits for the end of its job; why it failed, if it did.
    async fn job(
        &self,
        client: &mut Client,
        plan: Vec<u8>,
        rows: usize,
        there: &impl AsyncFn() -> bool,
    ) -> Result<Option<String>> {
        let mut request = tonic::Request::new(ExecuteQueryParams {
            query: Some(Query::PhysicalPlan(plan)),
            settings: settings(rows, &self.name)?,
            session_id: format!("{}-{rows}", self.session),
            operation_id: format!("{:016x}", fastrand::u64(..)),
        });
        insert_version_header(request.metadata_mut());
        let answer = client.execute_query_push(request).await;
        let mut updates = answer.map_err(|status| self.refused(&status))?.into_inner();
        let mut own: Option<String> = None;
        let mut seen = false;
        let ended = loop {
            let Ok(update) = tokio::time::timeout(UNTOLD, updates.next()).await else {
                let Some(job_id) = own.clone() else { continue };
                // Its files appear whole or not at all: where they are, it is done, whatever is told.
                if std::mem::replace(&mut seen, there().await) && seen {
                    let _ = client.cancel_job(CancelJobParams { job_id }).await;
                    break Ok(None);
                }
                match client
                    .get_job_status(GetJobStatusParams { job_id })
                    .await
                    .map(|answer| answer.into_inner().status)
                {
                    Ok(Some(JobStatus { status: Some(Status::Failed(job)), .. })) => break Ok(Some(job.error)),
                    _ => continue,
                }
            };
            let status = match update {
                Some(Ok(status)) => status.status,
                Some(Err(status)) => break Err(self.refused(&status)),
                None => break Err(self.lost("it ended the connection")),
            };
            let Some(status) = status else { continue };
            if own.is_none() {
                self.under_way.lock().unwrap_or_else(PoisonError::into_inner).insert(status.job_id.clone());
                own = Some(status.job_id);
            }
            match status.status {
                Some(Status::Successful(_)) => break Ok(None),
                Some(Status::Failed(job)) => break Ok(Some(job.error)),
                _ => {}
            }
        };
        if let Some(own) = own {
            self.under_way.lock().unwrap_or_else(PoisonError::into_inner).remove(&own);
        }
        ended
    }

    /// Hears the ends of `tasks` until the last, or until the user asks to stop, or nobody is left.
    async fn until_stopped(
        &self,
        session: &Session,
        tasks: impl futures::Stream<Item = Result<Option<usize>>>,
        mut done: impl FnMut(usize) -> Result<()>,
    ) -> Result<()> {
        let mut tasks = std::pin::pin!(tasks);
        let mut look = tokio::time::interval(MOMENT);
        loop {
            tokio::select! {
                next = tasks.next() => match next {
                    Some(ran) => if let Some(part) = ran? {
                        done(part)?;
                    },
                    None => return Ok(()),
                },
                _ = look.tick() => {
                    if session.stopped() {
                        return Err(Error::Interrupted);
                    }
                    self.anybody().await?;
                }
            }
        }
    }

    /// Sees to it that there are executors, where there were some: now and then, whoever asks. Jobs that were handed in when
    /// the last one was gone already would wait for ever, as they do for a first one.
    async fn anybody(&self) -> Result<()> {
        {
            let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
            if looked.0.elapsed() < UNTOLD {
                return Ok(());
            }
            looked.0 = Instant::now();
        }
        // A scheduler that is gone ends the jobs, and a busy one answers the next time.
        let Ok((executors, _)) = self.executors().await else { return Ok(()) };
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        match looked.1 {
            _ if executors > 0 => looked.1 = Some(Instant::now()),
            Some(last) if last.elapsed() > NOBODY => return Err(self.nobody()),
            _ => {}
        }
        Ok(())
    }

    /// The error of a cluster whose executors are gone.
    fn nobody(&self) -> Error {
        Error::other(
            format!("all executors of {} are gone", self.at.shown()),
            "start some: `corpus cluster executor --scheduler HOST:PORT`; the same command then goes on from the last \
             finished unit",
        )
    }

    /// Waits until the files of a part that is done are seen from here: other machines' take a while on some file systems.
    async fn seen(&self, there: impl AsyncFn() -> bool) -> Result<()> {
        let began = std::time::Instant::now();
        while !there().await {
            if began.elapsed() > SEEN_AFTER {
                return Err(Error::other(
                    "the cluster has written files that are not to be seen from here",
                    "name an --out and a --work that all machines see under the same path",
                ));
            }
            tokio::time::sleep(MOMENT / 4).await;
        }
        Ok(())
    }

    /// Calls off what is under way. Where that fails the cluster does what nobody asks for any more, and does no harm.
    async fn call_off(&self, clients: &[Client]) {
        let jobs = std::mem::take(&mut *self.under_way.lock().unwrap_or_else(PoisonError::into_inner));
        let cancel = |job_id: String| {
            let client = clients.first().cloned();
            async move {
                if let Some(mut client) = client {
                    let _ = client.cancel_job(CancelJobParams { job_id }).await;
                }
            }
        };
        let all = futures::stream::iter(jobs).for_each_concurrent(OF_A_CONNECTION / 2, cancel);
        let _ = tokio::time::timeout(Duration::from_secs(5), all).await;
    }

    /// The error of a scheduler that does not answer any more.
    fn lost(&self, why: &str) -> Error {
        Error::other(
            format!("the scheduler at {} is gone: {why}", self.at.shown()),
            "start it again, then run the same command: it goes on from the last finished unit",
        )
    }

    /// The error of a request that the scheduler refused, or did not answer.
    fn refused(&self, status: &tonic::Status) -> Error {
        match status.code() {
            Code::Unavailable | Code::Unknown | Code::Cancelled | Code::DeadlineExceeded => self.lost(status.message()),
            _ => faults::of(status.message()),
        }
    }
}

/// The settings with which executors run a plan whose batches hold at most `rows` rows.
fn settings(rows: usize, name: &str) -> Result<Vec<KeyValuePair>> {
    let mut config = configured(SessionConfig::new_with_ballista(), rows);
    for (key, value) in [
        ("ballista.job.name", name),
        // A plan of one partition is one task. Joins stay as they are written.
        ("ballista.scheduler.max_partitions_per_task", "1"),
        ("ballista.optimizer.broadcast_join_threshold_bytes", "0"),
        ("ballista.optimizer.broadcast_join_threshold_rows", "0"),
        ("ballista.planner.adaptive.enabled", "false"),
    ] {
        config.options_mut().set(key, value)?;
    }
    let entries = config.options().entries().into_iter();
    Ok(entries.map(|entry| KeyValuePair { key: entry.key, value: entry.value }).collect())
}

/// The last of an error's causes.
fn root(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}
