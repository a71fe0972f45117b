//! The job behind a stage that cuts what only all rows together tell: rows that lose something are measured again, over
//! the text without it. All others are what the scan found, whose unit files are taken as they are, or written again
//! with the new rows in the place of the old ones.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::interleave_record_batch;
use arrow::datatypes::{SchemaRef, UInt64Type};
use futures::{StreamExt, TryStreamExt};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use crate::disk;
use crate::engine::session::{NARROW_ROWS, TEXT_ROWS};
use crate::engine::sink::PIECES;
use crate::output::parquet_file::{PartFile, Style, label};
use crate::pipeline::inputs::SourceInput;
use crate::pipeline::jobs::Job;
use crate::pipeline::plan::fingerprints;
use crate::pipeline::plan::folders::TextCuts;
use crate::pipeline::plan::planner::Plans;
use crate::pipeline::plan::stage_plan::PlannedStage;
use crate::pipeline::{Amount, Build, Scanned};
use crate::{Error, Result};

/// Units a thread whose changed rows are listed at a time.
const UNITS: usize = 16;

impl Build<'_> {
    /// The unit files without what `stage` cuts, if it cuts.
    ///
    /// # Errors
    ///
    /// What reading and writing give, and [`Error::Interrupted`].
    pub(crate) async fn rescan(
        &self,
        plans: &Plans<'_>,
        scanned: &mut Scanned,
        stage: &PlannedStage,
        cut: &Job,
    ) -> Result<()> {
        if !stage.cuts_late() {
            return Ok(());
        }
        let key = fingerprints::rescan(plans, self.options.unit, &cut.fingerprint);
        let job = Job::new(&self.options.work, "rescan", &key)?;
        // Changed rows alone, until they are joined with the others.
        let changed = Job { folder: job.folder.join("changed"), ..job.clone() };
        std::fs::create_dir_all(&changed.folder).map_err(Error::io(&changed.folder))?;
        let before = scanned.job.clone();
        scanned.text_cuts.push((stage.number, cut.folder.join("cuts")));
        let units = scanned.units.concat().len() as u64;
        self.progress.counted("Measuring what was cut", units, Amount::Bytes(plans.inputs.bytes()));
        let at_once = UNITS * self.session.threads * self.workers.count();
        for (number, (source, units)) in plans.inputs.sources.iter().zip(&scanned.units).enumerate() {
            let cut = Some(cut).filter(|_| stage.applies(source));
            for units in units.chunks(at_once) {
                let jobs = (&before, &changed, &job);
                self.rescan_some(plans, (source, number), units, jobs, (cut, &scanned.text_cuts)).await?;
            }
        }
        if !self.workers.is_shared() {
            // Others may look into it still.
            let _ = std::fs::remove_dir_all(&changed.folder);
        }
        let last = plans.chain.stages.iter().rfind(|s| s.cuts_late()).is_none_or(|last| last.number == stage.number);
        if last && !self.options.keep_work {
            let _ = std::fs::remove_dir_all(self.options.work.join("unpacked"));
        }
        self.progress.done(&format!("without what {} cuts", stage.name));
        scanned.job = job;
        Ok(())
    }

    /// The same for some units of a source, in which the job `cut` found what goes, if the stage applies to it.
    async fn rescan_some(
        &self,
        plans: &Plans<'_>,
        (source, number): (&SourceInput, usize),
        units: &[usize],
        (before, changed, job): (&Job, &Job, &Job),
        (cut, cuts): (Option<&Job>, &[TextCuts]),
    ) -> Result<()> {
        let mut rows: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
        for unit in units.iter().filter(|unit| !job.has(**unit)) {
            let cut = match cut {
                Some(cut) => cut_rows(&cut.cuts(*unit))?,
                None => Vec::new(),
            };
            if cut.is_empty() {
                let (from, to) = (before.unit(*unit), job.unit(*unit));
                disk::second(&from, &to).map_err(Error::io(&to))?;
            } else {
                rows.insert(*unit, cut);
            }
        }
        self.progress.reused((units.len() - rows.len()) as u64);
        if rows.is_empty() {
            return Ok(());
        }
        let left: Vec<usize> = rows.keys().copied().collect();
        if left.iter().any(|unit| !changed.has(*unit)) {
            self.readable(source, number).await?;
        }
        let schema = plans.unit_schema(source)?;
        self.units(changed, &left, &schema, NARROW_ROWS, |left| plans.scan(source, left, changed, cuts, Some(&rows)))
            .await?;
        self.replace_all(&left, (before, changed, job)).await
    }

    /// Writes units anew, with their changed rows.
    async fn replace_all(&self, units: &[usize], (before, changed, job): (&Job, &Job, &Job)) -> Result<()> {
        while units.iter().any(|unit| !job.has(*unit)) {
            let tasks = units.iter().filter(|unit| !job.has(**unit)).map(|unit| async move {
                let _slot = self.session.slot().await?;
                if self.session.stopped() {
                    return Err(Error::Interrupted);
                }
                // Those without a folder in common have all that it is made of, and make it each for itself.
                if !self.workers.is_apart() && !self.workers.claims(&job.lease(*unit as u64), || job.has(*unit))? {
                    return Ok(());
                }
                let (old, new, to) = (before.unit(*unit), changed.unit(*unit), job.unit(*unit));
                let done = tokio::spawn(async move { replace(&old, &new, &to) }).await;
                done.map_err(|panic| Error::Engine(format!("a worker failed: {panic}")))?
            });
            let tasks = futures::stream::iter(tasks).buffer_unordered(self.session.threads);
            tasks.try_collect::<()>().await?;
            self.go_on()?;
            self.workers.pause().await?;
        }
        Ok(())
    }
}

/// The keys of rows of a unit that lose something, ascending.
fn cut_rows(cuts: &Path) -> Result<Vec<u64>> {
    let file = File::open(cuts).map_err(Error::io(cuts))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file)?;
    let mask = ProjectionMask::columns(builder.parquet_schema(), ["ord"]);
    let mut rows = Vec::new();
    for batch in builder.with_projection(mask).with_batch_size(NARROW_ROWS).build()? {
        rows.extend_from_slice(batch?.column(0).as_primitive::<UInt64Type>().values());
    }
    Ok(rows)
}

/// Writes the unit file `old` as `to`, with the rows of `new` in the place of those with the same key.
fn replace(old: &Path, new: &Path, to: &Path) -> Result<()> {
    let open = |path: &Path| -> Result<ParquetRecordBatchReaderBuilder<File>> {
        let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(path).map_err(Error::io(path))?)?;
        Ok(builder.with_batch_size(TEXT_ROWS))
    };
    let builder = open(old)?;
    // Without what the file's own labels add to it.
    let schema: SchemaRef = Arc::new(builder.schema().as_ref().clone().with_metadata(HashMap::new()));
    let bare = |batch: &RecordBatch| RecordBatch::try_new(schema.clone(), batch.columns().to_vec());
    let mut out = PartFile::create(to, schema.clone(), Style::Stage)?;
    let mut fresh = Fresh { reader: open(new)?.build()?, next: None, path: new.to_path_buf() };
    for batch in builder.build()? {
        let batch = bare(&batch?)?;
        let ords = ords(&batch, old)?;
        let Some(last) = ords.last() else { continue };
        let mut batches = vec![batch.clone()];
        let mut places: Vec<(usize, usize)> = (0..ords.len()).map(|row| (0, row)).collect();
        while let Some(rows) = fresh.up_to(*last)? {
            for (row, ord) in self::ords(&rows, new)?.iter().enumerate() {
                let at = ords.binary_search(ord);
                let at = at.map_err(|_| Error::Engine(format!("row {ord:x} is not in {}", old.display())))?;
                places[at] = (batches.len(), row);
            }
            batches.push(bare(&rows)?);
        }
        if batches.len() == 1 {
            out.write_all(&batch)?;
        } else {
            out.write_all(&interleave_record_batch(&batches.iter().collect::<Vec<_>>(), &places)?)?;
        }
    }
    if let Some(pieces) = label(old, PIECES)? {
        out.label(PIECES, pieces);
    }
    out.finish()
}

fn ords<'b>(batch: &'b RecordBatch, path: &Path) -> Result<&'b [u64]> {
    let column = batch.column_by_name("ord").and_then(|c| c.as_primitive_opt::<UInt64Type>());
    Ok(column.ok_or_else(|| Error::Engine(format!("{}: rows without a key", path.display())))?.values())
}

/// Changed rows, in order.
struct Fresh {
    reader: ParquetRecordBatchReader,
    next: Option<RecordBatch>,
    path: PathBuf,
}

impl Fresh {
    /// The next rows up to key `last`; `None` where the next has a greater one, or there is none.
    fn up_to(&mut self, last: u64) -> Result<Option<RecordBatch>> {
        let batch = match self.next.take() {
            Some(batch) => batch,
            None => match self.reader.next().transpose()? {
                Some(batch) => batch,
                None => return Ok(None),
            },
        };
        let count = ords(&batch, &self.path)?.partition_point(|ord| *ord <= last);
        if count < batch.num_rows() {
            self.next = Some(batch.slice(count, batch.num_rows() - count));
        }
        Ok((count > 0).then(|| batch.slice(0, count)))
    }
}
