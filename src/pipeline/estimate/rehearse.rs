//! A rehearsal: the real build over a sample, in a folder of its own, and what it used.

use std::collections::BTreeMap;
use std::path::Path;

use arrow::array::AsArray;
use arrow::datatypes::Float64Type;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::pipeline::inputs::Inputs;
use crate::pipeline::publish::manifest::Manifest;
use crate::pipeline::{Options, Progress, run_over, usage};
use crate::recipe::Recipe;
use crate::{Error, Result, stages};

/// What a build of a sample showed.
pub struct Rehearsal {
    /// Rows and bytes of text that were built.
    pub amount: f64,
    /// What became of the rows.
    pub manifest: Manifest,
    /// Bytes of jobs, without rows on their way to the output.
    pub work: f64,
    /// Bytes of rows on their way to the output.
    pub slabs: f64,
    /// Bytes of the output.
    pub output: f64,
    /// Peak resident memory of the process.
    pub peak: u64,
    /// Mean similarity of dropped rows with what was kept, by stage.
    pub similarity: BTreeMap<String, f64>,
}

/// Silent progress.
struct Quiet;

impl Progress for Quiet {
    fn phase(&self, _name: &str, _total: u64) {}
    fn advance(&self, _steps: u64) {}
    fn done(&self, _summary: &str) {}
}

/// Builds `inputs`; the folder is empty before and after.
///
/// # Errors
///
/// As [`run_over`].
pub fn rehearse(recipe: &Recipe, inputs: Inputs, amount: f64, options: &Options, folder: &Path) -> Result<Rehearsal> {
    let mut recipe = recipe.clone();
    // Limits are kept by the sample; how much of each source comes out is known when all are counted.
    recipe.sources.iter_mut().for_each(|s| s.limit = None);
    recipe.mix = None;
    // What is held out of a sample says nothing of the whole, and numbers of rows may be more than it has.
    recipe.stages.retain(|step| stages::table(&step.run).is_none());
    let (out, work) = (folder.join("out"), folder.join("work"));
    let options = Options {
        out,
        work,
        reuse: None,
        fresh: false,
        keep_work: true,
        work_limit: None,
        worker: None,
        cluster: None,
        ..options.clone()
    };
    let built = run_over(&recipe, &options, &Quiet, Some(inputs))?;
    let size = |folder: &Path, wanted: &dyn Fn(&str) -> bool| -> f64 {
        let files = walkdir::WalkDir::new(folder).into_iter().flatten().filter(|e| e.file_type().is_file());
        let wanted = files.filter(|e| wanted(&e.path().to_string_lossy()));
        wanted.filter_map(|e| Some(e.metadata().ok()?.len())).sum::<u64>() as f64
    };
    let slab = |path: &str| path.contains("/apply-") || path.contains("/shuffle-");
    let rehearsal = Rehearsal {
        amount,
        work: size(&options.work, &|path| !slab(path)),
        slabs: size(&options.work, &slab),
        output: size(&options.out, &|path| path.ends_with(".parquet")),
        peak: usage::peak_memory(),
        similarity: similarities(&options.out)?,
        manifest: built.manifest,
    };
    std::fs::remove_dir_all(folder).map_err(Error::io(folder))?;
    Ok(rehearsal)
}

impl Rehearsal {
    /// CPU seconds of a phase.
    pub fn seconds(&self, phase: &str) -> f64 {
        self.manifest.timings.get(phase).and_then(|p| p["cpu_seconds"].as_f64()).unwrap_or(0.0)
    }
}

/// Mean similarity of dropped rows with the row kept, by stage.
fn similarities(out: &Path) -> Result<BTreeMap<String, f64>> {
    let mut sums: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    let files = walkdir::WalkDir::new(out.join("dropped")).into_iter().flatten();
    for file in files.filter(|e| e.path().extension().is_some_and(|e| e == "parquet")) {
        let open = std::fs::File::open(file.path()).map_err(Error::io(file.path()))?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(open)?;
        let mask = ProjectionMask::columns(builder.parquet_schema(), ["stage", "similarity"]);
        for batch in builder.with_projection(mask).build()? {
            let batch = batch?;
            let (Some(stages), Some(values)) = (batch.column_by_name("stage"), batch.column_by_name("similarity"))
            else {
                continue;
            };
            let (Some(stages), Some(values)) =
                (stages.as_string_opt::<i32>(), values.as_primitive_opt::<Float64Type>())
            else {
                continue;
            };
            for (stage, value) in stages.iter().zip(values).filter_map(|(s, v)| Some((s?, v?))) {
                let sum = sums.entry(stage.to_owned()).or_default();
                *sum = (sum.0 + value, sum.1 + 1.0);
            }
        }
    }
    Ok(sums.into_iter().map(|(stage, (sum, n))| (stage, sum / n)).collect())
}
