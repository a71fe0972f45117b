//! Finished jobs in a work folder that the last build there did not use: another threshold, another recipe. They are kept
//! for reuse, until a bound says otherwise; then the one that was used longest ago goes first.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::output::parquet_file::write_whole;
use crate::pipeline::publish::ours::{self, LAST};
use crate::{Error, Result};

/// A finished or begun job in a work folder.
#[derive(Clone, Debug, PartialEq)]
pub struct JobFolder {
    /// Where its files are.
    pub path: PathBuf,
    /// Bytes that removing it frees: not those of files that another build's work folder has, too.
    pub bytes: u64,
    /// When a build last used it.
    pub used: SystemTime,
}

impl JobFolder {
    /// Its name in the work folder.
    pub fn name(&self) -> String {
        self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }
}

/// The jobs of a work folder, the one used longest ago first; none where the folder is not of builds.
///
/// # Errors
///
/// Where the folder cannot be read.
pub fn jobs(work: &Path) -> Result<Vec<JobFolder>> {
    if !ours::is_marked(work) {
        return Ok(Vec::new());
    }
    let mut jobs = Vec::new();
    for entry in fs::read_dir(work).map_err(Error::io(work))?.flatten() {
        let path = entry.path();
        let name = entry.file_name();
        let is_job = ours::job(&name.to_string_lossy()) && name.to_string_lossy().contains('-');
        let Some(meta) = entry.metadata().ok().filter(|meta| is_job && meta.is_dir()) else { continue };
        let used = meta.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        jobs.push(JobFolder { bytes: own_bytes(&path), path, used });
    }
    jobs.sort_by(|a, b| (a.used, &a.path).cmp(&(b.used, &b.path)));
    Ok(jobs)
}

/// Bytes of files that have no second name elsewhere.
fn own_bytes(folder: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let files = walkdir::WalkDir::new(folder).into_iter().flatten().filter(|e| e.file_type().is_file());
    files.filter_map(|e| e.metadata().ok()).filter(|meta| meta.nlink() == 1).map(|meta| meta.len()).sum()
}

/// Writes down which jobs the build that ends now has used, and gives them back: those touched since it `began`.
pub(crate) fn note_used(work: &Path, began: SystemTime) -> Result<Vec<String>> {
    let used = jobs(work)?.into_iter().filter(|job| job.used >= began);
    let names: Vec<String> = used.map(|job| job.name()).collect();
    write_whole(&work.join(LAST), &serde_json::to_vec(&names).unwrap_or_default())?;
    Ok(names)
}

/// The jobs that the last build in a work folder did not use; those of one that has not ended count as used.
///
/// # Errors
///
/// As [`jobs`].
pub fn spare(work: &Path) -> Result<Vec<JobFolder>> {
    let last = work.join(LAST);
    let ended = fs::metadata(&last).and_then(|meta| meta.modified());
    let used = fs::read(&last).ok().and_then(|json| serde_json::from_slice::<BTreeSet<String>>(&json).ok());
    let (Ok(ended), Some(used)) = (ended, used) else { return Ok(Vec::new()) };
    Ok(jobs(work)?.into_iter().filter(|job| job.used < ended && !used.contains(&job.name())).collect())
}

/// Frees spare jobs until those of the folder take no more than `limit` bytes; what the last build used stays. Gives back
/// the bytes that went, and those that are there still.
///
/// # Errors
///
/// Where a job cannot be removed.
pub fn shrink(work: &Path, limit: u64) -> Result<(u64, u64)> {
    let mut there: u64 = jobs(work)?.iter().map(|job| job.bytes).sum();
    let mut freed = 0;
    for job in spare(work)? {
        if there <= limit {
            break;
        }
        ours::remove(&job.path)?;
        (there, freed) = (there.saturating_sub(job.bytes), freed + job.bytes);
    }
    Ok((freed, there))
}

/// Bytes of jobs in a work folder that are none of `needed` (by name).
pub(crate) fn beside(work: &Path, needed: &BTreeSet<String>) -> u64 {
    let jobs = jobs(work).unwrap_or_default();
    jobs.iter().filter(|job| !needed.contains(&job.name())).map(|job| job.bytes).sum()
}
