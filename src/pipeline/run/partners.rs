//! Rows whose key stands in another row too, found by a cluster ([`crate::engine::partners`]): keys are sorted by groups of
//! units, compared by ranges, and of the rows that are listed somebody writes down what a sort needs, by group again. What
//! is left to the driver is to sort those: most rows have no partner.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion_physical_plan::ExecutionPlan;

use super::units::Parts;
use crate::engine::functions::repeated::RepeatedSpec;
use crate::engine::part::{self, PartSpec};
use crate::engine::partners::Work;
use crate::engine::plan::{self, Plan};
use crate::engine::session::NARROW_ROWS;
use crate::engine::sink::{SinkExec, SinkSpec, UnitsSpec, unit_file};
use crate::pipeline::inputs::Inputs;
use crate::pipeline::jobs::Job;
use crate::pipeline::plan::key_scan::{IDS, contiguous};
use crate::pipeline::plan::planner::Plans;
use crate::pipeline::{Build, Scanned};
use crate::spill::scratch;
use crate::{Error, Result};

/// Units of a group at most: what a lost task costs.
const UNITS: usize = 64;
/// Groups for each thread, so that the last ones end together.
pub(super) const GROUPS: usize = 4;
/// Ranges of keys for each thread.
const RANGES: usize = 2;
/// Ranges at most: each group's file is opened once for each.
const MOST: usize = 4096;

/// What is asked of the rows of some units, which are of one source, each as a plan of one partition.
pub(super) struct Asked<'a> {
    /// What is read.
    pub(super) inputs: &'a Inputs,
    /// Row keys and keys, `ord` first.
    pub(super) keys: &'a dyn Fn(&[usize]) -> Result<Plan>,
    /// Of the rows that are listed, all that a sort needs.
    pub(super) listed: &'a dyn Fn(&[usize], RepeatedSpec) -> Result<Plan>,
}

/// The rows that may have a partner.
pub(super) struct Listed {
    /// A file for each group of units, with the place of its source among those that were asked for.
    pub(super) files: Vec<(PathBuf, usize)>,
    /// What these files hold.
    pub(super) schema: SchemaRef,
}

impl Build<'_> {
    /// Threads of the executors that there are; at least one.
    pub(super) async fn width(&self) -> Result<usize> {
        match self.executors() {
            // One that does not answer is told of when something is handed to it.
            Some(cluster) => Ok(cluster.executors().await.map_or(1, |(_, threads)| threads.max(1))),
            None => Err(Error::Engine("there are no executors".into())),
        }
    }

    /// Has the executors find the rows of `sources` (the units of each) whose key may stand twice, for a job, in a folder of
    /// their own.
    pub(super) async fn partners(
        &self,
        (job, folder): (&Job, &Path),
        sources: &[Vec<usize>],
        asked: &Asked<'_>,
    ) -> Result<Listed> {
        let threads = self.width().await?;
        scratch(folder)?;
        let job = Job { name: format!("{}-parts", job.name), folder: folder.to_owned(), ..job.clone() };
        let groups = grouped(sources, GROUPS * threads);
        let ranges = (RANGES * threads).min(MOST);
        let sorts = (0..groups.len()).map(|group| Work::Sort { group });
        let lists = (0..ranges).map(|range| Work::List { range: (range, ranges), groups: groups.len() });
        let sorts: Vec<Work> = sorts.collect();
        self.compared(&job, 0, &sorts, |group| (asked.keys)(&groups[group].1)).await?;
        self.compared(&job, sorts.len(), &lists.collect::<Vec<_>>(), |_| Err(Error::Engine("no rows".into()))).await?;
        sorts.iter().for_each(|work| drop(std::fs::remove_file(work.file(folder))));
        self.listed(&job, sorts.len() + ranges, (&groups, ranges), asked).await
    }

    /// Has parts of the comparison done, which go by the numbers from `first` on; `rows` are those that one sorts.
    async fn compared(
        &self,
        job: &Job,
        first: usize,
        works: &[Work],
        rows: impl Fn(usize) -> Result<Plan>,
    ) -> Result<()> {
        let all = (first as u64..).take(works.len()).collect();
        let there = |place: usize| works[place].file(&job.folder).is_file();
        let parts = Parts { all, job, there: &there, steps: &|_| 0 };
        // A cluster is given one at a time.
        let plan = |places: &[usize]| -> Result<Arc<dyn ExecutionPlan>> {
            let work = works[places[0]].clone();
            let rows = match work {
                Work::Sort { group } => Some(rows(group)?),
                Work::List { .. } => None,
            };
            Ok(part::part(PartSpec::Keys { folder: job.folder.clone(), work }, rows))
        };
        self.share(&parts, NARROW_ROWS, plan).await
    }

    /// Has the rows of each group that are listed written down.
    async fn listed(
        &self,
        job: &Job,
        first: usize,
        (groups, lists): (&[(usize, Vec<usize>)], usize),
        asked: &Asked<'_>,
    ) -> Result<Listed> {
        let folder = job.folder.join("rows");
        scratch(&folder)?;
        let all = (first as u64..).take(groups.len()).collect();
        let there = |place: usize| unit_file(&folder, place as u64).is_file();
        let parts = Parts { all, job, there: &there, steps: &|_| 0 };
        let rows = |group: usize| -> Result<(u64, Plan)> {
            let units = &groups[group].1;
            let pieces = |unit: Option<&usize>| unit.map_or(0..0, |unit| asked.inputs.units[*unit].pieces.clone());
            let pieces = (pieces(units.first()).start as u64, pieces(units.last()).end as u64);
            let rows = (pieces.0 << 32, pieces.1 << 32);
            let spec = RepeatedSpec::Rows { folder: job.folder.clone(), lists, rows };
            Ok((pieces.0, (asked.listed)(units, spec)?))
        };
        let plan = |places: &[usize]| -> Result<Arc<dyn ExecutionPlan>> {
            let (piece, rows) = rows(places[0])?;
            let sink = UnitsSpec { folder: folder.clone(), units: vec![(piece, places[0] as u64)] };
            Ok(Arc::new(SinkExec::new(SinkSpec::Units(sink), rows)))
        };
        self.share(&parts, NARROW_ROWS, plan).await?;
        let files = groups.iter().enumerate().map(|(group, of)| (unit_file(&folder, group as u64), of.0));
        Ok(Listed { files: files.collect(), schema: rows(0)?.1.schema() })
    }

    /// Own ids that may repeat, sorted, as [`Plans::ids`] has all of them.
    pub(super) async fn own_ids_elsewhere(
        &self,
        plans: &Plans<'_>,
        scanned: &Scanned,
        at: (&Job, &Path),
    ) -> Result<Plan> {
        let folders = scanned.folders(None, None);
        let of = |units: &[usize], listed| plans.own_ids(&[units.to_vec()], &folders, listed);
        let keys = |units: &[usize]| of(units, None);
        let listed = |units: &[usize], spec| of(units, Some(spec));
        let asked = Asked { inputs: plans.inputs, keys: &keys, listed: &listed };
        let listed = self.partners(at, &scanned.units, &asked).await?;
        let files: Vec<plan::Part> = listed.files.into_iter().map(|file| (file.0, Vec::new())).collect();
        let names: Vec<&str> = listed.schema.fields().iter().map(|field| field.name().as_str()).collect();
        let groups = contiguous(&files, self.session.at_once());
        plan::sort(plan::parquet(&groups, &listed.schema, &names, &[])?, &IDS)
    }
}

/// The units of all sources in groups, so many that there are `least` of them where units are enough; each with the place
/// of its source.
pub(super) fn grouped(sources: &[Vec<usize>], least: usize) -> Vec<(usize, Vec<usize>)> {
    let all: usize = sources.iter().map(Vec::len).sum();
    let units = all.div_ceil(least.max(1)).clamp(1, UNITS);
    let of = |(source, all): (usize, &Vec<usize>)| -> Vec<(usize, Vec<usize>)> {
        all.chunks(units).map(|units| (source, units.to_vec())).collect()
    };
    sources.iter().enumerate().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_grouped_by_source() {
        let sources = [(0..130).collect(), Vec::new(), vec![200, 201]];
        let groups = grouped(&sources, 4);
        assert_eq!(
            groups.iter().map(|group| (group.0, group.1.len())).collect::<Vec<_>>(),
            [(0, 33), (0, 33), (0, 33), (0, 31), (2, 2)]
        );
        assert_eq!(groups.into_iter().flat_map(|group| group.1).collect::<Vec<_>>(), sources.concat());
        assert!(grouped(&sources, 1_000).iter().all(|group| group.1.len() == 1));
        let many = [(0..1_000).collect()];
        assert!(grouped(&many, 1).iter().all(|group| group.1.len() <= UNITS));
    }
}
