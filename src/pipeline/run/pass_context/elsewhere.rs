//! What a pass has done by a cluster: its parts, and the texts of rows, a unit each.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion_physical_plan::ExecutionPlan;
use tokio::runtime::Handle;

use super::PassContext;
use crate::engine::part::{self, PartSpec};
use crate::engine::plan::{self, Plan};
use crate::engine::session::{NARROW_ROWS, TEXT_ROWS};
use crate::engine::sink::{SinkExec, SinkSpec, UnitsSpec};
use crate::pipeline::inputs::SourceInput;
use crate::pipeline::inputs::group::make_readable;
use crate::pipeline::jobs::Job;
use crate::pipeline::run::partners::Asked;
use crate::pipeline::run::units::Parts;
use crate::spill::scratch;
use crate::stages::global::{Fed, Part, SortedRows};
use crate::{Error, Result};

/// Texts of rows of some units, in files that others have written; gone with this.
pub(super) struct Written {
    job: Job,
    units: Vec<usize>,
    schema: SchemaRef,
}

impl Written {
    /// The plan that reads them, a partition a unit.
    pub(super) fn plan(&self) -> Result<Plan> {
        let files: Vec<_> = self.units.iter().map(|unit| vec![(self.job.unit(*unit), Vec::new())]).collect();
        let names: Vec<&str> = self.schema.fields().iter().map(|field| field.name().as_str()).collect();
        plan::parquet(&files, &self.schema, &names, &[])
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.job.folder);
    }
}

impl PassContext<'_> {
    /// Threads of the executors that there are; at least one where there is a cluster.
    pub(super) fn threads_elsewhere(&self) -> usize {
        let Some(cluster) = self.build.executors() else { return 0 };
        // One that does not answer is told of when something is handed to it.
        let found = Handle::current().block_on(cluster.executors());
        found.map_or(1, |(_, threads)| threads.max(1))
    }

    /// A job of this pass that others do, in a folder of its own.
    fn job_elsewhere(&self, name: &str, folder: PathBuf) -> Job {
        Job { name: format!("{}-{name}", self.job.name), folder, fingerprint: self.job.fingerprint.clone() }
    }

    /// Has others do some parts.
    pub(super) fn parts_elsewhere(&self, folder: &Path, parts: &[Part]) -> Result<()> {
        let all: Vec<&Part> = parts.iter().collect();
        self.done_elsewhere(folder, NARROW_ROWS, &all, |_| Ok(None))
    }

    /// The same of parts that are handed columns of rows.
    pub(super) fn fed_elsewhere(&self, folder: &Path, columns: &[&str], parts: &[Fed]) -> Result<()> {
        let all: Vec<&Part> = parts.iter().map(|fed| &fed.part).collect();
        self.done_elsewhere(folder, NARROW_ROWS, &all, |place| {
            let Fed { source, units, .. } = &parts[place];
            let input = self.input(&self.sources[*source]);
            let rows = self.plans.together(input, std::slice::from_ref(units), &self.at, columns, false)?;
            plan::select(rows, columns).map(Some)
        })
    }

    /// The same of parts that are handed texts.
    pub(super) fn fed_texts_elsewhere(&self, folder: &Path, parts: &[(Fed, Vec<Vec<u64>>)]) -> Result<()> {
        let all: Vec<&Part> = parts.iter().map(|(fed, _)| &fed.part).collect();
        for source in &self.sources {
            let input = self.input(source);
            if !self.plans.is_staged(self.stage, input) {
                make_readable(&input.files, self.build.session.threads)?;
            }
        }
        self.done_elsewhere(folder, TEXT_ROWS, &all, |place| {
            let (Fed { source, units, .. }, ords) = &parts[place];
            let wanted: Vec<(usize, Vec<u64>)> = units.iter().copied().zip(ords.iter().cloned()).collect();
            self.plans.texts(self.stage, self.input(&self.sources[*source]), (&wanted, true), &self.at).map(Some)
        })
    }

    fn done_elsewhere(
        &self,
        folder: &Path,
        at_a_time: usize,
        parts: &[&Part],
        rows: impl Fn(usize) -> Result<Option<Plan>>,
    ) -> Result<()> {
        let job = self.job_elsewhere("parts", folder.to_owned());
        let first = self.handed.get();
        self.handed.set(first + parts.len() as u64);
        let all = (first..).take(parts.len()).collect();
        let there = |place: usize| parts[place].file.is_file();
        let these = Parts { all, job: &job, there: &there, steps: &|_| 0 };
        let stage = &self.stage.resolved;
        // A cluster is given one at a time.
        let plan = |places: &[usize]| -> Result<Arc<dyn ExecutionPlan>> {
            let part = parts[places[0]].clone();
            let spec = PartSpec::Pass { stage: stage.clone(), folder: folder.to_owned(), part };
            Ok(part::part(spec, rows(places[0])?))
        };
        Handle::current().block_on(self.build.share(&these, at_a_time, plan))
    }

    /// The plan of a sort of rows that others have found to have partners.
    pub(super) async fn sorted_elsewhere(&self, sort: &SortedRows<'_>) -> Result<Plan> {
        let columns = ["ord", sort.key];
        let source = |unit: &usize| self.sources.iter().find(|source| source.units.contains(unit));
        let keys = |units: &[usize]| {
            let source = units.first().and_then(source).ok_or_else(|| Error::Engine("a unit of no source".into()))?;
            let rows = self.plans.together(self.input(source), &[units.to_vec()], &self.at, &columns, false)?;
            plan::select(rows, &columns)
        };
        let listed = |units: &[usize], spec| self.plans.listed(sort, units, &self.at, spec);
        let asked = Asked { inputs: self.plans.inputs, keys: &keys, listed: &listed };
        let units: Vec<Vec<usize>> = self.sources.iter().map(|source| source.units.clone()).collect();
        let found = self.build.partners((self.job, &self.job.folder.join("work")), &units, &asked).await?;
        let of = |(file, source): (PathBuf, usize)| (file, self.input(&self.sources[source]));
        let files = found.files.into_iter().map(of).collect();
        self.plans.sorted_files(sort, &found.schema, files, self.build.session.at_once())
    }

    /// Has others read the texts of rows `wanted` again, where there are others.
    pub(super) fn texts_elsewhere(&self, input: &SourceInput, wanted: &[(usize, Vec<u64>)]) -> Result<Option<Written>> {
        if self.build.executors().is_none() || wanted.is_empty() {
            return Ok(None);
        }
        let folder = self.job.folder.join("texts");
        scratch(&folder)?;
        let job = self.job_elsewhere("texts", folder);
        let units: Vec<usize> = wanted.iter().map(|(unit, _)| *unit).collect();
        let schema = self.plans.texts(self.stage, input, (&wanted[..1], false), &self.at)?.schema();
        let written = Written { job, units, schema };
        let plan = |places: &[usize]| -> Result<Arc<dyn ExecutionPlan>> {
            let these: Vec<_> = places.iter().map(|place| wanted[*place].clone()).collect();
            let read = self.plans.texts(self.stage, input, (&these, false), &self.at)?;
            let first = |unit: usize| self.plans.inputs.units[unit].pieces.start as u64;
            let units = these.iter().map(|(unit, _)| (first(*unit), *unit as u64)).collect();
            let sink = SinkSpec::Units(UnitsSpec { folder: written.job.folder.clone(), units });
            Ok(Arc::new(SinkExec::new(sink, read)))
        };
        let there = |place: usize| written.job.has(written.units[place]);
        let all = written.units.iter().map(|unit| *unit as u64).collect();
        let parts = Parts { all, job: &written.job, there: &there, steps: &|_| 0 };
        Handle::current().block_on(self.build.share(&parts, TEXT_ROWS, plan))?;
        Ok(Some(written))
    }
}
