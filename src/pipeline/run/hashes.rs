//! Files of the inputs that a cluster hashes: some to a task, by their sizes. What a task finds is one small file, so a driver
//! that was killed goes on with those that are there.

use std::mem;
use std::path::Path;
use std::sync::Arc;

use datafusion_physical_plan::ExecutionPlan;

use super::units::Parts;
use crate::engine::part::{self, PartSpec};
use crate::engine::session::NARROW_ROWS;
use crate::input::hash::{Hashed, Unhashed};
use crate::pipeline::inputs::Looked;
use crate::pipeline::jobs::Job;
use crate::pipeline::publish::ours;
use crate::pipeline::{Amount, Build};
use crate::{Error, Result};

/// Units of input that a task hashes: as long as it takes to scan a tenth of one.
const UNITS: u64 = 4;
/// Files of a task at the most: each has to be opened.
const FILES: usize = 4096;

/// Files in groups of so many bytes, or one that is larger.
fn groups(files: Vec<Unhashed>, most: u64) -> Vec<Vec<Unhashed>> {
    let (mut all, mut open, mut bytes) = (Vec::new(), Vec::new(), 0);
    for file in files {
        if !open.is_empty() && (bytes + file.bytes > most || open.len() == FILES) {
            all.push(mem::take(&mut open));
            bytes = 0;
        }
        bytes += file.bytes;
        open.push(file);
    }
    all.extend((!open.is_empty()).then_some(open));
    all
}

impl Build<'_> {
    /// Has executors hash what was looked at and nobody remembers; nothing where this process does all.
    ///
    /// # Errors
    ///
    /// As [`Build::share`].
    pub(super) async fn hashed_elsewhere(&self, looked: &mut Looked<'_>) -> Result<()> {
        let unhashed = looked.unhashed();
        if unhashed.is_empty() {
            return Ok(());
        }
        let job = Job::new(&self.options.work, "hashes", &(&unhashed, self.options.unit))?;
        let bytes = unhashed.iter().map(|file| file.bytes).sum();
        let groups = groups(unhashed, UNITS * self.options.unit);
        self.progress.counted("Looking at files", groups.len() as u64, Amount::Bytes(bytes));
        let file = |place: usize| job.folder.join(format!("found-{place:06}"));
        let there = |place: usize| file(place).is_file();
        let parts = Parts { all: (0..groups.len() as u64).collect(), job: &job, there: &there, steps: &|_| 1 };
        // A cluster is given one at a time.
        let plan = |places: &[usize]| -> Result<Arc<dyn ExecutionPlan>> {
            let (files, file) = (groups[places[0]].clone(), file(places[0]));
            Ok(part::part(PartSpec::Hashes { files, file }, None))
        };
        self.share(&parts, NARROW_ROWS, plan).await?;
        let found = (0..groups.len()).map(|place| found(&file(place))).collect::<Result<Vec<Vec<Hashed>>>>()?;
        looked.hashed(groups.into_iter().flatten().zip(found.into_iter().flatten()));
        // It is remembered now; what cannot be removed is small.
        let _ = ours::remove(&job.folder);
        Ok(())
    }
}

/// What a task has found.
fn found(file: &Path) -> Result<Vec<Hashed>> {
    let json = std::fs::read(file).map_err(Error::io(file))?;
    serde_json::from_slice(&json).map_err(|e| Error::Engine(format!("{}: {e}", file.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_grouped_by_their_sizes() {
        let file = |bytes| Unhashed { path: "a".into(), starts: vec![0], bytes, modified: 0 };
        let sizes = |files: &[u64], most| {
            let groups = groups(files.iter().map(|bytes| file(*bytes)).collect(), most);
            groups.iter().map(|group| group.iter().map(|file| file.bytes).collect()).collect::<Vec<Vec<u64>>>()
        };
        assert_eq!(sizes(&[3, 4, 3, 90, 1, 9, 1], 10), [vec![3, 4, 3], vec![90], vec![1, 9], vec![1]]);
        assert_eq!(sizes(&[0; 5000], 10).iter().map(Vec::len).collect::<Vec<_>>(), [FILES, 5000 - FILES]);
        assert!(sizes(&[], 10).is_empty());
    }
}
