//! Percentiles of the corpus: what a rule's share of the rows is as a value, found in a few passes over narrow columns.

use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};

use crate::engine::in_order;
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
use crate::stages::judge::JudgedRow;
use crate::stages::percentile::{Found, FoundIn, Per, Percentile, Search};
use crate::text::figures::plural;
use crate::{Error, Result};

/// The file of a job that holds what was found.
const FILE: &str = "limits.json";

/// The columns that are read of the rows of a source, and what each is.
struct Columns {
    /// All, by name.
    names: Vec<String>,
    /// The place of each percentile's signal.
    signals: Vec<Option<usize>>,
    /// The place of the language, where it is asked for and measured.
    language: Option<usize>,
    /// The place of what the row itself says of its language.
    hint: usize,
}

impl Columns {
    fn of(plans: &Plans<'_>, source: &SourceInput, stage: &PlannedStage, asked: &[Percentile]) -> Self {
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
        let language = if by_language { place(LANGUAGE) } else { None };
        Columns { names, signals, language, hint: 1 }
    }
}

/// One search for each percentile and each source or language that it is taken within.
struct Searches<'p> {
    asked: &'p [Percentile],
    by: Vec<BTreeMap<String, Search>>,
}

impl Searches<'_> {
    /// Looks at the rows of a batch, each once.
    fn see(&mut self, batch: &RecordBatch, columns: &Columns, source: &SourceInput, only: &[String]) {
        let all: Vec<Option<&ArrayRef>> = columns.signals.iter().map(|at| Some(batch.column((*at)?))).collect();
        let text = |at: usize, row: usize| {
            let column = batch.column(at).as_string_opt::<i32>()?;
            column.is_valid(row).then(|| column.value(row))
        };
        let stated = source.source.language.as_deref().unwrap_or("und");
        for row in 0..batch.num_rows() {
            let language = columns.language.and_then(|at| text(at, row)).or_else(|| text(columns.hint, row));
            let language = language.unwrap_or(stated);
            if !only.is_empty() && !only.iter().any(|code| code == language) {
                continue;
            }
            let judged =
                JudgedRow { columns: &all, row, own_id: None, final_id: "", blank: false, found: &[], language };
            for (number, (percentile, by)) in self.asked.iter().zip(&mut self.by).enumerate() {
                let Some(value) = judged.number(number) else { continue };
                let of = match percentile.per {
                    Some(Per::Source) => source.source.label.as_str(),
                    Some(Per::Language) => language,
                    None => "",
                };
                match by.get_mut(of) {
                    Some(search) => search.see(value),
                    None => by.entry(of.to_owned()).or_insert_with(|| Search::new(percentile)).see(value),
                }
            }
        }
    }

    /// Ends a pass; whether everything is found.
    fn end(&mut self) -> bool {
        // Each of them ends its pass.
        self.by.iter_mut().flat_map(BTreeMap::values_mut).fold(true, |done, search| search.end() & done)
    }

    fn found(self) -> Vec<Found> {
        let found = |(percentile, by): (&Percentile, BTreeMap<String, Search>)| {
            let limit = |(of, search): (String, Search)| {
                let (limit, rows) = search.found()?;
                Some(FoundIn { of: percentile.per.map(|_| of), rows, limit })
            };
            Found { percentile: percentile.clone(), limits: by.into_iter().filter_map(limit).collect() }
        };
        self.asked.iter().zip(self.by).map(found).collect()
    }
}

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
        let Some(_turn) = self.turn(&job.folder.join("limits"), || known().is_some()).await? else {
            return known().ok_or_else(|| Error::Engine(format!("{} is gone", path.display())));
        };
        self.progress.phase("Finding percentiles", 0);
        let mut searches = Searches { asked: &asked, by: vec![BTreeMap::new(); asked.len()] };
        let mut passes = 0;
        loop {
            passes += 1;
            for (source, units) in plans.inputs.sources.iter().zip(&scanned.units) {
                if units.is_empty() || !stage.applies(source) {
                    continue;
                }
                let columns = Columns::of(plans, source, stage, &asked);
                let names: Vec<&str> = columns.names.iter().map(String::as_str).collect();
                let rows = plans.still_there(source, units, at, &names, false)?;
                let rows = plan::select(rows, &names)?;
                in_order(&self.session, self.seen(rows), NARROW_ROWS, |batch| {
                    searches.see(batch, &columns, source, &stage.only.language);
                    Ok(())
                })
                .await?;
            }
            if searches.end() {
                break;
            }
        }
        let found = searches.found();
        write_whole(&path, &serde_json::to_vec(&found).map_err(|e| Error::Engine(e.to_string()))?)?;
        self.progress.done(&format!("{}: {}", stage.name, plural(passes, "column reading")));
        Ok(found)
    }
}
