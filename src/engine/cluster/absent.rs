//! What stands for a cluster in a binary that was built without it: every way in says so.

use std::path::Path;

use super::{Address, ExecutorOptions, Say, SchedulerOptions};
use crate::engine::Session;
use crate::engine::plan::Plan;
use crate::{Error, Result};

fn absent() -> Error {
    Error::other(
        "this corpus was built without Apache Ballista",
        "compile it with Cargo's feature `cluster`; several processes share a build without it, too: `corpus build --recipe \
         RECIPE --worker 1/2`",
    )
}

/// A cluster: there is none here.
pub enum Cluster {}

impl Cluster {
    /// Says that there is none.
    ///
    /// # Errors
    ///
    /// Always.
    pub async fn join(_at: &Address, _version: &'static str, _work: &Path) -> Result<Self> {
        Err(absent())
    }

    /// How many executors there are, and their threads in all.
    ///
    /// # Errors
    ///
    /// None.
    pub async fn executors(&self) -> Result<(usize, usize)> {
        match *self {}
    }

    /// Runs parts of a job.
    ///
    /// # Errors
    ///
    /// None.
    pub async fn drive(
        &self,
        _session: &Session,
        _what: (usize, Vec<usize>),
        _plan: impl Fn(usize) -> Result<Plan>,
        _begin: impl Fn(usize) -> Result<bool>,
        _there: impl AsyncFn(usize) -> bool,
        _done: impl FnMut(usize) -> Result<()>,
    ) -> Result<()> {
        match *self {}
    }
}

/// Says that there is no scheduler.
///
/// # Errors
///
/// Always.
pub fn scheduler(_options: SchedulerOptions, _say: &Say) -> Result<()> {
    Err(absent())
}

/// Says that there is no executor.
///
/// # Errors
///
/// Always.
pub fn executor(_options: ExecutorOptions, _say: &Say) -> Result<()> {
    Err(absent())
}
