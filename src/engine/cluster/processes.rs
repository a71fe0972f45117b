//! Ballista's own processes with our codec: the scheduler, and an executor.

use std::net::{IpAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use ballista_core::extension::SessionConfigExt;
use ballista_core::utils::default_session_builder;
use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use ballista_scheduler::cluster::BallistaCluster;
use ballista_scheduler::cluster::memory::InMemoryJobState;
use ballista_scheduler::config::{SchedulerConfig, TaskDistributionPolicy};
use ballista_scheduler::scheduler_process::{create_scheduler, start_grpc_service_with_listener};
use datafusion_execution::config::SessionConfig;
use datafusion_proto::protobuf::{LogicalPlanNode, PhysicalPlanNode};

use super::codec::ClusterCodec;
use super::members::{Members, name};
use super::{Address, ExecutorOptions, LARGEST, Say, SchedulerOptions};
use crate::engine::room::{self, Room};
use crate::engine::session;
use crate::text::figures::{plural, size};
use crate::{Error, Result};

/// Seconds for which the scheduler remembers a job that has ended: one a unit comes to many.
const REMEMBERED: u64 = 60;

/// How often, and for how long, a connection is tried that nobody uses.
const ALIVE: Duration = Duration::from_secs(20);

/// What Ballista warns of, as lines of talk.
struct Logger(Say);

impl log::Log for Logger {
    fn enabled(&self, of: &log::Metadata<'_>) -> bool {
        of.level() <= log::Level::Warn && of.target().starts_with("ballista")
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            let said = record.args().to_string();
            // What `members.rs` makes of an executor that is late, with a time that is none; it says itself who is gone.
            if !said.starts_with("TERMINATING executor ") {
                (self.0)(&said);
            }
        }
    }

    fn flush(&self) {}
}

/// Lets Ballista say what it warns of.
fn listen(say: &Say) {
    // It lasts as long as the process.
    if log::set_logger(Box::leak(Box::new(Logger(say.clone())))).is_ok() {
        log::set_max_level(log::LevelFilter::Warn);
    }
}

/// Runs a scheduler until it is ended.
///
/// # Errors
///
/// A port that is taken; whatever ends Ballista's scheduler.
pub fn scheduler(options: SchedulerOptions, say: &Say) -> Result<()> {
    listen(say);
    runtime(None)?.block_on(async {
        let taken = |e: std::io::Error| {
            Error::other(format!("{} cannot be used: {e}", options.bind), "name another address with --bind")
        };
        let listener = tokio::net::TcpListener::bind(options.bind).await.map_err(taken)?;
        let port = listener.local_addr().map_err(taken)?.port();
        let host = options.host.unwrap_or_else(|| reached(options.bind.ip()));
        let codec = Arc::new(ClusterCodec::new(options.version));
        let config = SchedulerConfig {
            external_host: host.clone(),
            bind_host: options.bind.ip().to_string(),
            bind_port: port,
            task_distribution: TaskDistributionPolicy::RoundRobin,
            finished_job_data_clean_up_interval_seconds: REMEMBERED,
            finished_job_state_clean_up_interval_seconds: REMEMBERED,
            grpc_server_max_decoding_message_size: LARGEST as u32,
            grpc_server_max_encoding_message_size: LARGEST as u32,
            grpc_client_max_message_size: LARGEST as u32,
            executor_timeout_seconds: seconds(options.lease),
            expire_dead_executor_interval_seconds: seconds(options.lease / 4),
            no_executors_grace_period_seconds: seconds(options.lease * 5),
            override_config_producer: Some(Arc::new(SessionConfig::new_with_ballista)),
            override_physical_codec: Some(codec),
            ..SchedulerConfig::default()
        };
        let members = Members::new(options.version, options.lease, say);
        let jobs = InMemoryJobState::new(
            config.scheduler_id.clone(),
            Arc::new(default_session_builder),
            Arc::new(SessionConfig::new_with_ballista),
        );
        let cluster = BallistaCluster::new(Arc::new(members), Arc::new(jobs));
        let server = create_scheduler::<LogicalPlanNode, PhysicalPlanNode>(cluster, Arc::new(config)).await;
        let server = server.map_err(|e| Error::Engine(e.to_string()))?;
        say(&format!("the scheduler is at {}", Address { host, port }.shown()));
        tokio::select! {
            ended = start_grpc_service_with_listener(listener, server) => {
                ended.map_err(|e| Error::Engine(e.to_string()))
            }
            _ = tokio::signal::ctrl_c() => Ok(()),
        }
    })
}

/// Runs an executor until it is ended.
///
/// # Errors
///
/// Ports that are taken; a scheduler of another version; a scheduler that is gone for as long as a lease.
pub fn executor(options: ExecutorOptions, say: &Say) -> Result<()> {
    listen(say);
    let (port, grpc_port) = ports(options.bind.ip(), options.bind.port())?;
    std::fs::create_dir_all(&options.scratch).map_err(Error::io(&options.scratch))?;
    let scratch = tempfile::Builder::new().prefix("corpus-executor-").tempdir_in(&options.scratch);
    let scratch = scratch.map_err(Error::io(&options.scratch))?;
    let (pool, engine) = session::runtime(options.memory, scratch.path())?;
    // Half of what a thread has is for what a part of a pass sorts: its own buffers, and rows on their way, come to it.
    room::give(Room {
        scratch: scratch.path().to_path_buf(),
        memory: options.memory as usize / options.threads.max(1) / 2,
        whole: options.memory as usize,
    });
    let at = &options.scheduler;
    answers(at, say);
    let config = ExecutorProcessConfig {
        executor_id: name(options.version),
        bind_host: options.bind.ip().to_string(),
        external_host: options.host,
        port,
        grpc_port,
        scheduler_host: at.host.clone(),
        scheduler_port: at.port,
        vcores: options.threads,
        work_dir: Some(scratch.path().to_string_lossy().into_owned()),
        grpc_max_decoding_message_size: LARGEST as u32,
        grpc_max_encoding_message_size: LARGEST as u32,
        executor_heartbeat_interval_seconds: seconds(options.lease / 5),
        memory_pool_size: Some(pool as u64),
        override_runtime_producer: Some(Arc::new(move |_| Ok(engine.clone()))),
        override_config_producer: Some(Arc::new(SessionConfig::new_with_ballista)),
        override_physical_codec: Some(Arc::new(ClusterCodec::new(options.version))),
        // What a task came to is told once, over a connection that may have stood still for an hour: one that is broken is
        // to be known before.
        override_create_grpc_client_endpoint: Some(Arc::new(|endpoint| {
            Ok(endpoint.http2_keep_alive_interval(ALIVE).keep_alive_timeout(ALIVE).keep_alive_while_idle(true))
        })),
        ..ExecutorProcessConfig::default()
    };
    let (threads, memory) = (plural(options.threads as u64, "thread"), size(options.memory));
    say(&format!("an executor of {}, {threads}, {memory}, on ports {port} and {grpc_port}", at.shown()));
    // Tasks have threads of their own: on these an executor says that it is alive, beside the plans that it is sent.
    let ended = runtime(Some(options.threads.max(2)))?.block_on(start_executor_process(Arc::new(config)));
    ended.map_err(|e| refused(at, &e.to_string()))
}

/// Why an executor ended.
fn refused(at: &Address, why: &str) -> Error {
    match why.find("the scheduler is corpus ") {
        Some(from) => {
            let end = why[from..].find(['"', '\n']).map_or(why.len(), |end| from + end);
            Error::other(&why[from..end], "copy one and the same corpus to all machines of a cluster")
        }
        None => Error::other(
            format!("the executor of {} ended: {why}", at.shown()),
            "see to it that the scheduler runs there and reaches this machine, then start it again",
        ),
    }
}

/// Waits until a scheduler answers.
fn answers(at: &Address, say: &Say) {
    let reached = || {
        let host = at.host.trim_start_matches('[').trim_end_matches(']');
        let mut found = (host, at.port).to_socket_addrs().into_iter().flatten();
        found.any(|address| TcpStream::connect_timeout(&address, Duration::from_secs(5)).is_ok())
    };
    if reached() {
        return;
    }
    say(&format!("waiting for a scheduler at {}", at.shown()));
    while !reached() {
        std::thread::sleep(Duration::from_millis(500));
    }
}

/// The two ports of an executor: this one and the next, or two free ones.
fn ports(host: IpAddr, first: u16) -> Result<(u16, u16)> {
    let taken = |port: u16| {
        move |e: std::io::Error| {
            let cure = "name another port with --bind; 0 takes two free ones";
            Error::other(format!("port {port} cannot be used: {e}"), cure)
        }
    };
    let second = if first == 0 { 0 } else { first.saturating_add(1) };
    // Both at once, or the second could be the first again.
    let one = TcpListener::bind((host, first)).map_err(taken(first))?;
    let other = TcpListener::bind((host, second)).map_err(taken(second))?;
    let port = |listener: &TcpListener| listener.local_addr().map(|at| at.port()).map_err(taken(first));
    Ok((port(&one)?, port(&other)?))
}

/// The name under which others reach a process that listens at `bind`.
fn reached(bind: IpAddr) -> String {
    if !bind.is_unspecified() {
        return match bind {
            IpAddr::V4(number) => number.to_string(),
            IpAddr::V6(number) => format!("[{number}]"),
        };
    }
    let named = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    Some(named.trim().to_owned()).filter(|name| !name.is_empty()).unwrap_or_else(|| "localhost".into())
}

/// Whole seconds, one at least.
fn seconds(time: Duration) -> u64 {
    time.as_secs().max(1)
}

/// A runtime of so many threads; of as many as there are cores where none is said.
fn runtime(threads: Option<usize>) -> Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if let Some(threads) = threads {
        builder.worker_threads(threads);
    }
    builder.enable_all().build().map_err(Error::io("the thread pool"))
}
