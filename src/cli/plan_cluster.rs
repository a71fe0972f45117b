//! A build on a cluster, as `corpus plan --cluster` shows it.

use serde_json::{Value as Json, json};

use super::table;
use crate::messages::said;
use crate::pipeline::estimate::{ClusterJob, ClusterPlan};
use crate::pipeline::usage::{count, size};

/// Who does a job.
fn place(job: &ClusterJob) -> &'static str {
    match (job.driver, job.executors) {
        (true, true) => "driver, executors",
        (false, true) => "executors",
        _ => "driver",
    }
}

/// The jobs as a table, with what it comes to; `duration` says seconds.
pub fn cluster_table(plan: &ClusterPlan, duration: impl Fn(f64) -> String, columns: usize) -> String {
    let words = |words: &[&str]| words.iter().map(|word| said(word).into_owned()).collect::<Vec<_>>();
    let bytes = |bytes: u64| if bytes > 0 { size(bytes) } else { String::new() };
    let mut rows = vec![words(&["job on a cluster", "done by", "tasks", "read", "shuffled", "written"])];
    rows.extend(plan.jobs.iter().map(|job| {
        let tasks = match job.executors {
            true => job.tasks.map_or("?".to_owned(), count),
            false => String::new(),
        };
        let (read, shuffled, written) = (job.read_bytes, job.shuffled_bytes, job.written_bytes);
        vec![job.name.to_owned(), said(place(job)).into_owned(), tasks, bytes(read), bytes(shuffled), bytes(written)]
    }));
    let sum = |of: fn(&ClusterJob) -> u64| size(plan.jobs.iter().map(of).sum());
    let (read, written) = (sum(|job| job.read_bytes), sum(|job| job.written_bytes));
    let moved = format!("{read} read and {written} written on the file system that all share, besides what is sorted.");
    let time = format!(
        "About {} on {} threads: {} of CPU that they share, and up to {} while they wait for the driver.",
        duration(plan.wall_seconds),
        count(plan.threads as u64),
        duration(plan.executor_seconds),
        duration(plan.driver_seconds)
    );
    let line = |text: String| table::hanging("  ", &said(&text), columns);
    format!("\n{}{}{}", table::table(&rows, 2, columns), line(moved), line(time))
}

/// The same, for machines.
pub fn cluster_json(plan: &ClusterPlan) -> Json {
    let jobs = plan.jobs.iter().map(|job| {
        json!({"name": job.name, "driver": job.driver, "executors": job.executors, "tasks": job.tasks,
            "read_bytes": job.read_bytes, "shuffled_bytes": job.shuffled_bytes, "written_bytes": job.written_bytes})
    });
    json!({"threads": plan.threads, "driver_seconds": plan.driver_seconds,
        "executor_seconds": plan.executor_seconds, "wall_seconds": plan.wall_seconds,
        "jobs": jobs.collect::<Vec<_>>()})
}
