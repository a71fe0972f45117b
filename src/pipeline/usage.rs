//! What a build used: CPU seconds, bytes read and peak memory, and how such numbers are written for people.

use std::collections::BTreeMap;
use std::time::Instant;

use serde_json::{Value, json};

pub use crate::text::figures::{count, size};

/// What was used up to a moment: the clock, CPU seconds, bytes read.
#[derive(Clone, Copy)]
struct Used(Instant, f64, u64);

impl Used {
    fn now() -> Self {
        Used(Instant::now(), cpu_seconds(), bytes_read())
    }

    /// What was used since `before`.
    fn since(self, before: Used) -> Value {
        json!({
            "wall_seconds": round((self.0 - before.0).as_secs_f64()),
            "cpu_seconds": round(self.1 - before.1),
            "read_bytes": self.2 - before.2,
            "peak_memory_bytes": peak_memory(),
        })
    }
}

/// CPU and wall seconds and bytes read by phase.
pub struct Timings {
    start: Used,
    last: Used,
    phases: BTreeMap<String, Value>,
}

impl Timings {
    /// Starts the clock.
    pub fn start() -> Self {
        let now = Used::now();
        Timings { start: now, last: now, phases: BTreeMap::new() }
    }

    /// A phase is over.
    pub fn lap(&mut self, phase: &str) {
        let now = Used::now();
        self.phases.insert(phase.to_owned(), now.since(self.last));
        self.last = now;
    }

    /// All phases, and the whole.
    pub fn finish(mut self) -> BTreeMap<String, Value> {
        self.phases.insert("total".into(), Used::now().since(self.start));
        self.phases
    }
}

fn round(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

/// CPU seconds of this process so far; 0 where the system does not tell.
pub fn cpu_seconds() -> f64 {
    let Ok(stat) = std::fs::read_to_string("/proc/self/stat") else { return 0.0 };
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |i: usize| fields.get(i).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}

/// Bytes that this process has read so far, from files and whatever else, also those that were at hand in memory; 0 where
/// the system does not tell.
pub fn bytes_read() -> u64 {
    let Ok(io) = std::fs::read_to_string("/proc/self/io") else { return 0 };
    let read = io.lines().find_map(|l| l.strip_prefix("rchar:")).and_then(|n| n.trim().parse().ok());
    read.unwrap_or(0)
}

/// The most memory this process has held, bytes; 0 where the system does not tell.
pub fn peak_memory() -> u64 {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else { return 0 };
    let line = status.lines().find(|l| l.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_told() {
        assert!(peak_memory() > 0);
    }
}
