//! What unit files say of themselves: how many rows each piece has, and whether rows have ids of their own.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::array::Array;
use parquet::arrow::ProjectionMask;

use crate::engine::session::NARROW_ROWS;
use crate::engine::sink::PIECES;
use crate::output::parquet_file;
use crate::output::parquet_files::open;
use crate::pipeline::Build;
use crate::pipeline::jobs::Job;
use crate::pipeline::plan::key_scan::ID_KEY;
use crate::{Error, Result};

impl Build<'_> {
    /// Pieces and their rows, for each of some units of a job.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where a unit's file cannot be opened, [`Error::Engine`] where it does not count its rows.
    pub(crate) fn pieces_of(&self, job: &Job, units: &[usize]) -> Result<Vec<Vec<(u64, u64)>>> {
        self.all_threads(&job.folder, 0).side_by_side(units.len(), |at| pieces(&job.unit(units[at])))
    }

    /// Whether any row of some units of a job has an id of its own; so it is where a file cannot be read.
    ///
    /// # Errors
    ///
    /// [`Error::Interrupted`].
    pub(crate) fn has_ids(&self, job: &Job, units: &[usize]) -> Result<bool> {
        let found = AtomicBool::new(false);
        self.all_threads(&job.folder, 0).side_by_side(units.len(), |at| {
            if !found.load(Ordering::Relaxed) && has_ids(&job.unit(units[at])).unwrap_or(true) {
                found.store(true, Ordering::Relaxed);
            }
            Ok(())
        })?;
        Ok(found.into_inner())
    }
}

/// Rows by piece, as the unit's file counts them.
fn pieces(path: &Path) -> Result<Vec<(u64, u64)>> {
    let value = parquet_file::label(path, PIECES)?;
    serde_json::from_str(&value.unwrap_or_default()).map_err(|e| Error::Engine(format!("{}: {e}", path.display())))
}

/// Whether any row of a unit has an id of its own.
fn has_ids(path: &Path) -> Result<bool> {
    let builder = open(path)?;
    let Ok(index) = builder.schema().index_of(ID_KEY) else { return Ok(false) };
    let mask = ProjectionMask::roots(builder.parquet_schema(), [index]);
    for batch in builder.with_projection(mask).with_batch_size(NARROW_ROWS).build()? {
        let batch = batch?;
        if batch.column(0).null_count() < batch.num_rows() {
            return Ok(true);
        }
    }
    Ok(false)
}
