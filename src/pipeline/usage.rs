//! What a build used: CPU seconds and peak memory, and how such numbers are written for people.

use std::collections::BTreeMap;
use std::time::Instant;

use serde_json::{Value, json};

pub use crate::text::figures::{count, size};

/// CPU and wall seconds by phase.
pub struct Timings {
    start: (Instant, f64),
    last: (Instant, f64),
    phases: BTreeMap<String, Value>,
}

impl Timings {
    /// Starts the clock.
    pub fn start() -> Self {
        let now = (Instant::now(), cpu_seconds());
        Timings { start: now, last: now, phases: BTreeMap::new() }
    }

    /// A phase is over.
    pub fn lap(&mut self, phase: &str) {
        let now = (Instant::now(), cpu_seconds());
        let (wall, cpu) = ((now.0 - self.last.0).as_secs_f64(), now.1 - self.last.1);
        self.phases.insert(
            phase.to_owned(),
            json!({"wall_seconds": round(wall), "cpu_seconds": round(cpu),
            "peak_memory_bytes": peak_memory()}),
        );
        self.last = now;
    }

    /// All phases, and the whole.
    pub fn finish(mut self) -> BTreeMap<String, Value> {
        let (wall, cpu) = (self.start.0.elapsed().as_secs_f64(), cpu_seconds() - self.start.1);
        self.phases.insert(
            "total".into(),
            json!({"wall_seconds": round(wall), "cpu_seconds": round(cpu),
            "peak_memory_bytes": peak_memory()}),
        );
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
