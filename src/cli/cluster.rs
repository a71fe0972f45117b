//! `corpus cluster`: the processes of an Apache Ballista cluster.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::build::{memory, threads_for};
use super::{Context, Format, ui};
use crate::engine::cluster::{self, Address, ExecutorOptions, PORT, Say, SchedulerOptions};
use crate::heap;
use crate::pipeline::jobs::BUILD;
use crate::{Error, Result};

/// Run the processes of a cluster, on which `corpus build --cluster` has its units done: Apache Ballista's, in this binary.
///
/// There is no password: whoever reaches a port may run what an executor may. Keep them in a network of your own.
#[derive(Debug, Args)]
pub struct ClusterCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Hand out the units of builds; one a cluster. Its state is at http://HOST:PORT/api/state.
    Scheduler {
        /// Where it listens: a number and a port, or a port; 0 is a free one [default: 0.0.0.0:50050].
        #[arg(long, value_name = "IP:PORT")]
        bind: Option<String>,
        /// The name under which executors reach it [default: the name of this machine].
        #[arg(long, value_name = "NAME")]
        host: Option<String>,
        /// Seconds without a sign of life after which an executor counts as lost.
        #[arg(long, value_name = "SECONDS", default_value_t = 60.0, hide = true)]
        lease: f64,
    },
    /// Do units; one a machine. It waits for the scheduler, and ends when that is gone for a minute.
    Executor {
        /// The scheduler.
        #[arg(long, value_name = "HOST:PORT")]
        scheduler: String,
        /// Where it listens, on this port and the next: a number and a port, or a port; 0 is two free ones [default:
        /// 0.0.0.0:50051].
        #[arg(long, value_name = "IP:PORT")]
        bind: Option<String>,
        /// The name under which the scheduler reaches it [default: the address from which it calls].
        #[arg(long, value_name = "NAME")]
        host: Option<String>,
        /// Units worked on at a time [default: the cores there are]; one for each 32 MiB of --memory at most.
        #[arg(long)]
        threads: Option<NonZeroUsize>,
        /// Memory to use: peak resident stays under this plus 200 MiB.
        #[arg(long, default_value = "2GiB")]
        memory: String,
        /// The folder for what is spilled, on a disk of this machine [default: that of temporary files].
        #[arg(long, value_name = "FOLDER")]
        scratch: Option<PathBuf>,
        /// Seconds without a sign of life after which the scheduler takes it for lost.
        #[arg(long, value_name = "SECONDS", default_value_t = 60.0, hide = true)]
        lease: f64,
    },
}

impl ClusterCommand {
    /// Runs the command until it is ended.
    ///
    /// # Errors
    ///
    /// An address that is none, a port that is taken; as [`cluster::scheduler`] and [`cluster::executor`].
    pub fn run(self, context: &Context) -> Result<()> {
        let (quiet, format) = (context.quiet, context.format);
        let say: Say = Arc::new(move |line: &str| {
            if !quiet && format == Format::Human {
                ui::eprint(&crate::messages::said(line));
            }
        });
        match self.what {
            What::Scheduler { bind: at, host, lease } => {
                let bind = bind(at.as_deref(), PORT)?;
                cluster::scheduler(SchedulerOptions { bind, host, lease: time(lease), version: BUILD }, &say)
            }
            What::Executor { scheduler, bind: at, host, threads, memory: given, scratch, lease } => {
                let memory = memory(&given)?;
                heap::few(memory);
                let options = ExecutorOptions {
                    scheduler: Address::parse("--scheduler", &scheduler)?,
                    bind: bind(at.as_deref(), PORT + 1)?,
                    host,
                    threads: threads_for(context, threads, (memory, &given)),
                    memory,
                    scratch: scratch.unwrap_or_else(std::env::temp_dir),
                    lease: time(lease),
                    version: BUILD,
                };
                cluster::executor(options, &say)
            }
        }
    }
}

fn time(lease: f64) -> Duration {
    Duration::from_secs_f64(lease.clamp(1.0, 86_400.0))
}

/// The address of `--bind`.
fn bind(given: Option<&str>, port: u16) -> Result<SocketAddr> {
    let any = |port: u16| SocketAddr::from(([0, 0, 0, 0], port));
    let Some(text) = given else { return Ok(any(port)) };
    let port_alone = text.parse().map(any);
    port_alone.or_else(|_| text.parse()).map_err(|_| {
        let cure = format!("write the number of an interface and a port: 0.0.0.0:{port}");
        Error::other(format!("--bind: `{text}` is no address of this machine"), cure)
    })
}
