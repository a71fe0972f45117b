//! Percentiles of the corpus: what a rule's share of the rows is as a value, found in a few passes over narrow columns.

use std::path::PathBuf;

use super::looks::Look;
use crate::engine::in_order;
use crate::engine::part::{self, PartSpec};
use crate::engine::plan;
use crate::engine::session::NARROW_ROWS;
use crate::output::parquet_file::write_whole;
use crate::pipeline::inputs::SourceInput;
use crate::pipeline::jobs::Job;
use crate::pipeline::plan::folders::Folders;
use crate::pipeline::plan::planner::Plans;
use crate::pipeline::plan::stage_plan::PlannedStage;
use crate::pipeline::{Build, Scanned};
use crate::rows::LANGUAGE;
use crate::stages::percentile::rows::{self, Searches};
use crate::stages::percentile::{Found, Per, Percentile};
use crate::text::figures::plural;
use crate::{Error, Result};

/// The file of a job that holds what was found.
const FILE: &str = "limits.json";

/// The columns that are read of the rows of a source, and what the searches are told of it.
fn columns(
    plans: &Plans<'_>,
    source: &SourceInput,
    stage: &PlannedStage,
    asked: &[Percentile],
) -> (Vec<String>, rows::Source) {
    let mut names = vec!["ord".to_owned(), "language_hint".to_owned()];
    let mut place = |signal: &str| {
        let (column, _) = plans.chain.column(source, signal, stage.number)?;
        Some(names.iter().position(|name| *name == column).unwrap_or_else(|| {
            names.push(column);
            names.len() - 1
        }))
    };
    let signals = asked.iter().map(|percentile| place(&percentile.signal)).collect();
    let by_language = !stage.only.language.is_empty() || asked.iter().any(|p| p.per == Some(Per::Language));
    let measured = if by_language { place(LANGUAGE) } else { None };
    let language = source.source.language.as_deref().unwrap_or("und").to_owned();
    let only = stage.only.language.clone();
    let of = rows::Source { label: source.source.label.clone(), language, only, signals, measured, hint: 1 };
    (names, of)
}

/// What a pass reads: the sources that have rows, and their units.
type Read<'a> = Vec<(&'a SourceInput, Vec<usize>)>;

impl Build<'_> {
    /// What the percentiles of a judgement are: those of its first stage, which alone may ask for some
    /// ([`crate::pipeline::plan::stage_plan::StagePlan::decisions`]).
    pub(crate) async fn percentiles(
        &self,
        plans: &Plans<'_>,
        scanned: &Scanned,
        at: &Folders<'_>,
        stages: &[&PlannedStage],
        job: &Job,
    ) -> Result<Vec<Found>> {
        let Some(stage) = stages.first() else { return Ok(Vec::new()) };
        let asked = stage.percentiles();
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let path = job.folder.join(FILE);
        let known = || serde_json::from_slice::<Vec<Found>>(&std::fs::read(&path).ok()?).ok();
        let Some(turn) = self.turn(&job.folder.join("limits"), || known().is_some()).await? else {
            return known().ok_or_else(|| Error::Engine(format!("{} is gone", path.display())));
        };
        self.progress.phase("Finding percentiles", 0);
        let mut searches = Searches::new(asked);
        let sources = plans.inputs.sources.iter().zip(&scanned.units);
        let read: Read<'_> = sources
            .filter(|(source, units)| !units.is_empty() && stage.applies(source))
            .map(|(source, units)| (source, units.clone()))
            .collect();
        let mut passes = 0;
        loop {
            passes += 1;
            match self.executors() {
                Some(_) => self.seen_elsewhere((plans, at, stage), &read, (job, passes), &mut searches).await?,
                None => self.seen_here((plans, at, stage), &read, &mut searches).await?,
            }
            if searches.end() {
                break;
            }
        }
        let found = searches.found();
        write_whole(&path, &serde_json::to_vec(&found).map_err(|e| Error::Engine(e.to_string()))?)?;
        turn.hand(|| vec![path.clone()])?;
        self.progress.done(&format!("{}: {}", stage.name, plural(passes, "column reading")));
        Ok(found)
    }

    /// A pass over all rows by this process.
    async fn seen_here(
        &self,
        (plans, at, stage): (&Plans<'_>, &Folders<'_>, &PlannedStage),
        read: &Read<'_>,
        searches: &mut Searches,
    ) -> Result<()> {
        for (source, units) in read {
            let (names, of) = columns(plans, source, stage, searches.asked());
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let rows = plans.still_there(source, units, at, &names, false)?;
            let rows = plan::select(rows, &names)?;
            in_order(&self.session, self.seen(rows), NARROW_ROWS, |batch| {
                searches.see(batch, &of);
                Ok(())
            })
            .await?;
        }
        Ok(())
    }

    /// The same by executors, each some units of a source; what they saw is added up.
    async fn seen_elsewhere(
        &self,
        (plans, at, stage): (&Plans<'_>, &Folders<'_>, &PlannedStage),
        read: &Read<'_>,
        (job, number): (&Job, u64),
        searches: &mut Searches,
    ) -> Result<()> {
        let units: Vec<Vec<usize>> = read.iter().map(|of| of.1.clone()).collect();
        let of: Vec<_> = read.iter().map(|of| columns(plans, of.0, stage, searches.asked())).collect();
        let before = searches.clone();
        let plan = |place: usize, units: &[usize], file: PathBuf| {
            let (names, source) = &of[place];
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let rows = plans.together(read[place].0, &[units.to_vec()], at, &names, false)?;
            let spec = PartSpec::Percentiles { file, searches: before.clone(), source: source.clone() };
            Ok(part::part(spec, Some(plan::select(rows, &names)?)))
        };
        self.looked_elsewhere(&Look { job, number, units: &units }, plan, |_, file| searches.add(file)).await
    }
}
