//! The units of a build as tasks of an Apache Ballista cluster.
//!
//! What the cluster runs is what this process would run: the physical plan of a job, cut down to one unit, through
//! protobuf (`codec.rs` around [`super::codec`]). Each unit is a job of its own there, of one task (`driver.rs`). Ballista
//! takes the finished tasks of a lost executor for lost, too, as long as their job is under way, since it means to read
//! their output from that machine; ours is on a file system that all see, so nothing that is done may be done again. And a
//! job of one unit sends the pieces of that unit alone.
//!
//! The scheduler and the executors are Ballista's own processes with our codec (`processes.rs`), in the same binary.
//!
//! All of it is behind the Cargo feature `cluster`; without it every call says so (`absent.rs`).

#[cfg(not(feature = "cluster"))]
mod absent;
#[cfg(feature = "cluster")]
mod codec;
#[cfg(feature = "cluster")]
mod driver;
#[cfg(feature = "cluster")]
mod faults;
#[cfg(feature = "cluster")]
mod members;
#[cfg(feature = "cluster")]
mod processes;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

#[cfg(not(feature = "cluster"))]
pub use absent::{Cluster, executor, scheduler};
#[cfg(feature = "cluster")]
pub use driver::Cluster;
#[cfg(feature = "cluster")]
pub use processes::{executor, scheduler};

use crate::{Error, Result};

/// The port on which a scheduler listens where none is said.
pub const PORT: u16 = 50050;

/// Bytes of the largest message: a plan is packed, and far smaller.
#[cfg(feature = "cluster")]
const LARGEST: usize = 256 << 20;

/// Where a scheduler is.
#[derive(Clone, Debug, PartialEq)]
pub struct Address {
    /// The name or number of its machine.
    pub host: String,
    /// Its port.
    pub port: u16,
}

impl Address {
    /// The address that was said for `option`: `df://HOST:PORT`, or without the one or the other.
    ///
    /// # Errors
    ///
    /// What is none.
    pub fn parse(option: &str, text: &str) -> Result<Self> {
        let bare = text.strip_prefix("df://").unwrap_or(text).trim_end_matches('/');
        // A number of IPv6 has colons of its own, and stands in brackets before a port.
        let (host, port) = match bare.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, port.parse().ok()),
            _ => (bare, Some(PORT)),
        };
        let odd = |c: char| c.is_whitespace() || c == '/' || c == '@';
        match port.filter(|_| !host.is_empty() && !host.contains(odd)) {
            Some(port) => Ok(Address { host: host.to_owned(), port }),
            None => Err(Error::other(
                format!("{option}: `{text}` is no address of a scheduler"),
                format!("write it so: df://HOST:{PORT}"),
            )),
        }
    }

    /// The address as people write it.
    pub fn shown(&self) -> String {
        format!("df://{}:{}", self.host, self.port)
    }
}

/// What a process of a cluster says to whoever started it, a line at a time.
pub type Say = Arc<dyn Fn(&str) + Send + Sync>;

/// How a scheduler runs.
pub struct SchedulerOptions {
    /// Where it listens; port 0 is a free one.
    pub bind: SocketAddr,
    /// The name under which executors reach it, where it is another than the one they are told.
    pub host: Option<String>,
    /// The time without a sign of life after which an executor counts as lost.
    pub lease: Duration,
    /// The version of the code, which all processes of a cluster share.
    pub version: &'static str,
}

/// How an executor runs.
pub struct ExecutorOptions {
    /// The scheduler from which it takes tasks.
    pub scheduler: Address,
    /// Where it listens, on this port and the next; port 0 is two free ones.
    pub bind: SocketAddr,
    /// The name under which the scheduler reaches it, where it is another than the address from which it calls.
    pub host: Option<String>,
    /// Units worked on at a time.
    pub threads: usize,
    /// Bytes of memory, of which the engine's pool has its share.
    pub memory: u64,
    /// The folder for what is spilled.
    pub scratch: PathBuf,
    /// As [`SchedulerOptions::lease`].
    pub lease: Duration,
    /// As [`SchedulerOptions::version`].
    pub version: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        let read = |text: &str| Address::parse("--cluster", text).map(|at| (at.host, at.port)).ok();
        let at = |host: &str, port| Some((host.to_owned(), port));
        assert_eq!(read("df://head:50051"), at("head", 50051));
        assert_eq!(read("df://head:50051/"), at("head", 50051));
        assert_eq!(read("10.0.0.1:1"), at("10.0.0.1", 1));
        assert_eq!(read("df://head"), at("head", PORT));
        assert_eq!(read("df://[::1]:7"), at("[::1]", 7));
        for bad in ["", "df://", ":5", "df://a:b", "df://a:70000", "http://a:1", "a b:1", "s3://bucket/x"] {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert_eq!(Address::parse("--cluster", "head").unwrap().shown(), "df://head:50050");
    }
}
