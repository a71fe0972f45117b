//! The plans of a build, one function a job. Each is from files to files, and made of what [`crate::engine`] offers.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use datafusion_common::ScalarValue;

use super::column_scan::{Narrow, each};
use super::folders::{Folders, TextCuts};
use super::planner::{NARROW, Plans, STAGED};
use crate::Result;
use crate::engine::functions::ids::IdsKernel;
use crate::engine::functions::judge::{self, Ask, Decision, JudgeKernel, JudgeSpec};
use crate::engine::functions::rows::RowsKernel;
use crate::engine::functions::{Function, rows::RowsSpec};
use crate::engine::plan::{self, Expr, Plan};
use crate::engine::scan::{ScanSpec, scan};
use crate::engine::sink::{SinkExec, SinkSpec, UnitsSpec};
use crate::output::slab::OutputSpec;
use crate::pipeline::inputs::SourceInput;
use crate::pipeline::jobs::Job;
use crate::pipeline::run::slabs::Slab;
use crate::rows;
use crate::rows::batch::ARGUMENTS;
use crate::rows::column::{CLUSTER_SIZE, TOKENS, is_hidden};
use crate::rows::spans::argument;
use crate::rows::split::SPLIT;
use crate::stages::Reads;

impl Plans<'_> {
    /// Raw files of some units to unit files: everything row-wise, in one pass over the text.
    /// With what `cuts` take out of texts taken out; of each unit the rows `only`, where that says which.
    ///
    /// # Errors
    /// Where the engine refuses the plan.
    pub fn scan(
        &self,
        source: &SourceInput,
        units: &[usize],
        job: &Job,
        cuts: &[TextCuts],
        only: Option<&BTreeMap<usize, Vec<u64>>>,
    ) -> Result<Plan> {
        let first = source.pieces.start;
        let mut spec = self.scan_spec(source);
        let groups: Vec<Vec<usize>> = units
            .iter()
            .map(|unit| {
                let mut pieces: Vec<usize> = self.inputs.units[*unit].pieces.clone().map(|p| p - first).collect();
                if let Some(rows) = only.and_then(|only| only.get(unit)) {
                    pieces.retain(|piece| {
                        let only = stretches(rows, (first + *piece) as u64);
                        let any = !only.is_empty();
                        spec.pieces[*piece].only = Some(only);
                        any
                    });
                }
                pieces
            })
            .collect();
        let groups = only_those(&mut spec, groups);
        let mut rows = self.rows_spec(source);
        rows.place(&spec);
        let scanned = scan(Arc::new(spec), &groups);
        let mut names = NARROW.to_vec();
        if source.staged {
            names.extend(STAGED);
        }
        let each: Vec<Vec<usize>> = units.iter().map(|unit| vec![*unit]).collect();
        let scanned = self.with_cuts(scanned, &mut rows, &each, cuts)?;
        let worked = worked(scanned, source, &names, rows)?;
        let units = units.iter().map(|u| (self.inputs.units[*u].pieces.start as u64, *u as u64)).collect();
        let sink = SinkSpec::Units(UnitsSpec { folder: job.folder.clone(), units });
        Ok(Arc::new(SinkExec::new(sink, worked)))
    }

    /// Judges the rows of some units of a source, by a judgement and the signals that it reads: drops so far and new ones to
    /// files of drops.
    ///
    /// # Errors
    /// Where the engine refuses the plan, or a judging stage asks for a column that is in no unit file.
    pub(crate) fn judged(
        &self,
        source: &SourceInput,
        units: &[usize],
        (spec, signals): (JudgeSpec, &[String]),
        at: &Folders<'_>,
        job: &Job,
    ) -> Result<Plan> {
        let schema = self.unit_schema(source)?;
        let mut wanted: Vec<&str> = vec!["ord", "error", "aside", "aside_value", "blank", "language_hint", "id"];
        wanted.extend(signals.iter().map(String::as_str));
        let mut node = self.narrow(&Narrow::of(&each(units), wanted, &schema, at))?;
        let by_id = |d: &Decision| match &d.ask {
            Ask::Stage(resolved, ..) => resolved.stage.reads().unwrap_or_default().contains(&Reads::Id),
            Ask::Take(_) => true,
            Ask::Emptied(..) => false,
        };
        let final_id =
            if spec.decisions.iter().any(by_id) { Some(id_of(&node, at, &self.pieces_of(units))?) } else { None };
        let mut arguments = Vec::new();
        for name in judge::ARGUMENTS {
            let before = node.schema().index_of(name).is_ok();
            arguments.push(match (name, &final_id) {
                ("final_id", Some(id)) => id.clone(),
                ("similarity", _) if !before => plan::constant(ScalarValue::Float64(None)),
                _ if !before => plan::constant(ScalarValue::Utf8(None)),
                _ => plan::column(&node, name)?,
            });
        }
        for signal in signals {
            arguments.push(plan::column(&node, signal)?);
        }
        let verdict = plan::call(&node, Function::<JudgeKernel>::of(spec)?, arguments)?;
        let ord = plan::column(&node, "ord")?;
        node = plan::project(node, vec![(ord, "ord".into()), (verdict, "verdict".into())])?;
        let mut columns = vec![(plan::column(&node, "ord")?, "ord".to_owned())];
        for field in judge::drop_fields().iter() {
            let verdict = plan::column(&node, "verdict")?;
            columns.push((plan::field(&node, verdict, field.name())?, field.name().clone()));
        }
        node = plan::project(node, columns)?;
        let predicate = plan::is_not_null(&node, "stage")?;
        node = plan::filter(node, predicate)?;
        let units = units.iter().map(|u| (self.inputs.units[*u].pieces.start as u64, *u as u64)).collect();
        Ok(Arc::new(SinkExec::new(SinkSpec::Units(UnitsSpec { folder: job.folder.clone(), units }), node)))
    }

    /// The sizes and fates of a source's rows, in order, a partition a unit; and their ids, if `ids` says so.
    ///
    /// # Errors
    /// Where the engine refuses the plan.
    pub fn layout(&self, source: &SourceInput, units: &[usize], at: &Folders<'_>, ids: bool) -> Result<Plan> {
        let schema = self.unit_schema(source)?;
        let cut: Vec<String> = self.chain.cutting(source).into_iter().map(|c| c.1).collect();
        let tokens = self.chain.last_column(source, TOKENS);
        let wanted = ["ord", "row_bytes", "row_chars", "filled"]
            .into_iter()
            .chain(cut.iter().map(String::as_str))
            .chain(ids.then_some("id"))
            .chain(tokens.as_deref())
            .collect();
        let read = Narrow::of(&each(units), wanted, &schema, at);
        let read = Narrow { repeats: at.repeats.filter(|_| ids), splits: at.splits, ..read };
        let node = self.narrow(&read)?;
        let mut columns = ["ord", "row_bytes", "row_chars", "stage", "reason", "filled"]
            .into_iter()
            .chain(cut.iter().map(String::as_str))
            .map(|name| Ok((plan::column(&node, name)?, name.to_owned())))
            .collect::<Result<Vec<_>>>()?;
        if ids {
            columns.push((id_of(&node, at, &self.pieces_of(units))?, "final_id".into()));
        }
        if let Some(tokens) = tokens {
            columns.push((plan::column(&node, &tokens)?, TOKENS.to_owned()));
        }
        if at.splits.is_some() {
            columns.push((plan::column(&node, SPLIT)?, SPLIT.to_owned()));
        }
        plan::project(node, columns)
    }

    /// The text of some slabs (or runs of neighbours) of a source joined with what became of each row, to the output
    /// files of the slabs that `output` names.
    ///
    /// # Errors
    /// Where the engine refuses the plan.
    pub fn apply(&self, source: &SourceInput, slabs: &[Slab], at: &Folders<'_>, output: OutputSpec) -> Result<Plan> {
        let schema = self.unit_schema(source)?;
        let range = |name| Field::new(name, DataType::UInt64, true);
        let groups = slabs
            .iter()
            .map(|slab| {
                let bounds = vec![ScalarValue::UInt64(Some(slab.first)), ScalarValue::UInt64(Some(slab.last))];
                self.units_of(source, slab).into_iter().map(|u| (u, bounds.clone())).collect()
            })
            .collect();
        let mut wanted: Vec<&str> = vec!["ord", "row_bytes"];
        if source.staged {
            wanted = schema.fields().iter().map(|f| f.name().as_str()).filter(|n| !is_hidden(n)).collect();
        } else {
            wanted.push("id");
            let columns = output.signals.iter().filter_map(|s| s.2.as_deref());
            for column in
                columns.chain(output.measured_language.iter().chain(&output.measured_script).map(String::as_str))
            {
                if !wanted.contains(&column) && column != CLUSTER_SIZE {
                    wanted.push(column);
                }
            }
        }
        let read = Narrow {
            groups,
            constants: plan::BOUNDS.map(range).to_vec(),
            cuts: &[],
            sizes: at.sizes,
            splits: at.splits,
            ..Narrow::of(&[], wanted.clone(), &schema, at)
        };
        let mut node = self.narrow(&read)?;
        let predicate = plan::between(&node, "ord", plan::BOUNDS[0], plan::BOUNDS[1])?;
        node = plan::filter(node, predicate)?;
        let mut columns = vec![(id_of(&node, at, &pieces_of(slabs))?, "final_id".to_owned())];
        for field in node.schema().fields() {
            let name = field.name().as_str();
            let text_side = name == "id" && !source.staged;
            if !text_side && !name.starts_with("slab_") && name != "repeat" {
                columns.push((plan::column(&node, name)?, name.to_owned()));
            }
        }
        node = plan::project(node, columns)?;
        if !source.staged {
            let text = self.text(source, slabs, at)?;
            // Rows that are arranged for a shuffle are copied once in any case.
            let text = if output.scatter.is_empty() { plan::views(text)? } else { text };
            node = plan::left_join(text, node)?;
        }
        Ok(Arc::new(SinkExec::new(SinkSpec::Slabs(Box::new(output)), node)))
    }

    /// The pieces between the first and the last of some units.
    fn pieces_of(&self, units: &[usize]) -> Range<u64> {
        let pieces = |unit: &usize| &self.inputs.units[*unit].pieces;
        let first = units.iter().map(|unit| pieces(unit).start).min().unwrap_or(0);
        first as u64..units.iter().map(|unit| pieces(unit).end).max().unwrap_or(0) as u64
    }

    /// The units that have rows of a slab.
    fn units_of(&self, source: &SourceInput, slab: &Slab) -> Vec<usize> {
        let overlaps = |u: &usize| {
            let pieces = &self.inputs.units[*u].pieces;
            (pieces.start as u64) <= (slab.last - 1) >> 32 && slab.first >> 32 < pieces.end as u64
        };
        source.units.clone().filter(overlaps).collect()
    }

    /// The text of slabs, read from the raw files again and cleaned again.
    fn text(&self, source: &SourceInput, slabs: &[Slab], at: &Folders<'_>) -> Result<Plan> {
        let mut spec = self.scan_spec(source);
        spec.pieces.clear();
        let mut groups = Vec::new();
        for slab in slabs {
            let start = spec.pieces.len();
            for piece in (slab.first >> 32)..=((slab.last - 1) >> 32) {
                if at.rows.get(piece as usize).is_none_or(|rows| *rows == 0) {
                    continue;
                }
                let mut part = self.inputs.pieces[piece as usize].clone();
                if piece == slab.first >> 32 {
                    part.first = slab.first & 0xffff_ffff;
                }
                if piece == slab.last >> 32 {
                    part.last = slab.last & 0xffff_ffff;
                }
                spec.pieces.push(part);
            }
            groups.push((start..spec.pieces.len()).collect());
        }
        let mut work = self.chain.rows(source, true, false);
        work.place(&spec);
        let scanned = scan(Arc::new(spec), &groups);
        let names: Vec<String> = rows::hidden().iter().chain(&rows::common()).map(|f| f.name().clone()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        if self.chain.cleans(source, 0..usize::MAX) {
            let groups: Vec<Vec<usize>> = slabs.iter().map(|slab| self.units_of(source, slab)).collect();
            let scanned = self.with_cuts(scanned, &mut work, &groups, at.text_cuts)?;
            return worked(scanned, source, &names, work);
        }
        let content = rows::content(source.usage);
        let all: Vec<&str> = names.into_iter().chain(content.iter().map(|f| f.name().as_str())).collect();
        plan::select(scanned, &all)
    }
}

/// The pieces between the first and the last of some slabs.
pub(crate) fn pieces_of(slabs: &[Slab]) -> Range<u64> {
    let first = slabs.iter().map(|slab| slab.first >> 32).min().unwrap_or(0);
    first..slabs.iter().map(|slab| (slab.last >> 32) + 1).max().unwrap_or(0)
}

/// Leaves in a scan the pieces of `groups` alone, which are what is sent elsewhere, and gives back their new numbers.
fn only_those(spec: &mut ScanSpec, groups: Vec<Vec<usize>>) -> Vec<Vec<usize>> {
    let mut kept = Vec::new();
    let mut keep = |piece: usize| {
        kept.push(spec.pieces[piece].clone());
        kept.len() - 1
    };
    let groups = groups.into_iter().map(|group| group.into_iter().map(&mut keep).collect()).collect();
    spec.pieces = kept;
    groups
}

/// The final id of rows of these pieces: the row's own (with `~n` where it stood before), else made of source and ordinal.
pub(crate) fn id_of(node: &Plan, at: &Folders<'_>, pieces: &Range<u64>) -> Result<Expr> {
    let repeat = match at.repeats {
        Some(_) => plan::column(node, "repeat")?,
        None => plan::constant(ScalarValue::Int64(None)),
    };
    let arguments = vec![plan::column(node, "ord")?, plan::column(node, "id")?, repeat];
    plan::call(node, Function::<IdsKernel>::of(at.ids.within(pieces))?, arguments)
}

/// Calls the row-wise function once, in a projection that names its result, and takes its fields apart above.
pub(crate) fn worked(scanned: Plan, source: &SourceInput, keep: &[&str], spec: RowsSpec) -> Result<Plan> {
    let content = rows::content(source.usage);
    let cuts: Vec<String> = spec.cuts.iter().map(|number| argument(*number)).collect();
    let arguments = ARGUMENTS.into_iter().chain(cuts.iter().map(String::as_str));
    let arguments = arguments.chain(content.iter().map(|f| f.name().as_str()));
    let arguments = arguments.map(|n| plan::column(&scanned, n)).collect::<Result<Vec<_>>>()?;
    let fields = spec.fields();
    let call = plan::call(&scanned, Function::<RowsKernel>::of(spec)?, arguments)?;
    let mut columns =
        keep.iter().map(|n| Ok((plan::column(&scanned, n)?, (*n).to_owned()))).collect::<Result<Vec<_>>>()?;
    columns.push((call, "worked".into()));
    let node = plan::project(scanned, columns)?;
    let mut columns =
        keep.iter().map(|n| Ok((plan::column(&node, n)?, (*n).to_owned()))).collect::<Result<Vec<_>>>()?;
    for field in fields.iter() {
        let worked = plan::column(&node, "worked")?;
        columns.push((plan::field(&node, worked, field.name())?, field.name().clone()));
    }
    plan::project(node, columns)
}

/// Those of the rows with ascending keys `rows` that are in a piece, as stretches of neighbours.
pub(crate) fn stretches(rows: &[u64], piece: u64) -> Vec<(u64, u64)> {
    let at = |piece: u64| rows.partition_point(|ord| ord >> 32 < piece);
    let mut stretches: Vec<(u64, u64)> = Vec::new();
    for row in rows[at(piece)..at(piece + 1)].iter().map(|ord| ord & 0xffff_ffff) {
        match stretches.last_mut() {
            Some(last) if last.1 == row => last.1 += 1,
            _ => stretches.push((row, row + 1)),
        }
    }
    stretches
}

/// The folder of a job, where there is one.
pub fn folder(job: Option<&Job>) -> Option<&Path> {
    job.map(|j| PathBuf::as_path(&j.folder))
}
