//! `corpus_rows(…)`: all row-wise work of a recipe over a batch, in one call: texts cleaned, signals measured, keys of
//! whole stages hashed, each at its place in the recipe.

use std::borrow::Cow;
use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, ArrayRef, AsArray, Decimal128Builder, StringArray, StructArray};
use arrow::datatypes::{DataType, Field, Fields};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use xxhash_rust::xxh3::xxh3_128;

use super::Kernel;
use crate::engine::scan::{PieceSpec, ScanSpec};
use crate::rows::batch::{ARGUMENTS, Batch};
use crate::rows::column::KEY;
use crate::rows::{self, Use};
use crate::stages::resolved::Resolved;
use crate::stages::resources::Resource;
use crate::stages::{Column, Effect, RowContext, RowWork, Worked};
use crate::{Error, Result};

/// Rows that any function of this kind has worked on in this process: a test counts them, since an engine may run a
/// function once for each field that is read.
pub static EVALUATED: AtomicU64 = AtomicU64::new(0);

/// One stage of the recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepSpec {
    /// Number of the stage in the recipe: its columns are called `signal@number`.
    pub number: usize,
    /// The stage.
    pub stage: Resolved,
    /// Rows of these languages only; empty is all.
    pub languages: Vec<String>,
    /// Files on which its work depends.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<Resource>,
}

/// What is done to the rows of one source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RowsSpec {
    /// Their use.
    pub usage: Use,
    /// The language of the source, where stated.
    pub language: Option<String>,
    /// The stages that touch text, in order.
    pub steps: Vec<StepSpec>,
    /// Whether the content columns come out.
    pub content: bool,
    /// Whether signals and keys come out.
    pub signals: bool,
    /// Stages whose cuts are known: the stretches are arguments, in this order, behind [`ARGUMENTS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cuts: Vec<usize>,
    /// The file of each piece, by number, where a stage names rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<(u64, String)>,
}

impl RowsSpec {
    /// What results depend on: no places of files, and of options only those that measure.
    pub fn identity(&self) -> Json {
        let step = |s: &StepSpec| {
            let files: Vec<Json> = s.files.iter().map(Resource::identity).collect();
            json!([s.number, s.stage.run(), s.stage.stage.measured(&s.stage.options), s.languages, files])
        };
        let steps: Vec<Json> = self.steps.iter().map(step).collect();
        json!([self.usage, self.language, steps, self.content, self.signals, self.cuts])
    }

    /// Says where the rows of a scan stand, if a stage names rows.
    pub fn place(&mut self, scan: &ScanSpec) {
        if self.steps.iter().any(|step| step.stage.stage.names_rows()) {
            let file = |piece: &PieceSpec| {
                let member = piece.member.as_ref().map(|member| format!("!{member}")).unwrap_or_default();
                (piece.number, format!("{}{member}", piece.path.display()))
            };
            self.places = scan.pieces.iter().map(file).collect();
        }
    }

    /// The columns that come out.
    pub fn fields(&self) -> Fields {
        let mut fields = Vec::new();
        if self.content {
            fields.extend(rows::content(self.usage));
        }
        if self.signals {
            fields.push(Field::new("row_bytes", DataType::Int64, false));
            fields.push(Field::new("row_chars", DataType::Int64, false));
            fields.push(Field::new("blank", DataType::Boolean, false));
            fields.push(Field::new("filled", DataType::Int64, false));
            fields.push(Field::new("id_key", KEY, true));
            for step in &self.steps {
                let name = |column: &Column| column_name(&column.name, step.number);
                let columns = step.stage.stage.columns();
                fields.extend(columns.iter().map(|c| Field::new(name(c), c.kind.data_type(), true)));
            }
        }
        Fields::from(fields)
    }
}

/// The name in the unit files of a column that stage `number` adds.
pub fn column_name(column: &str, number: usize) -> String {
    format!("{column}@{number}")
}

/// A stage as the function runs it.
struct Step {
    languages: Vec<String>,
    columns: Vec<Column>,
    changes_text: bool,
    /// Where the cuts of its pass stand among the arguments.
    cuts: Option<usize>,
}

/// The work of all stages, of one thread.
type Works = Vec<Box<dyn RowWork>>;

/// The ready function.
pub struct RowsKernel {
    spec: RowsSpec,
    steps: Vec<Step>,
    fields: Fields,
    /// Work that no thread is busy with: each thread takes one, and makes one where there is none.
    idle: Mutex<Vec<Works>>,
}

impl Debug for RowsKernel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.spec.fmt(f)
    }
}

impl Kernel for RowsKernel {
    const NAME: &'static str = "corpus_rows";
    type Spec = RowsSpec;

    fn new(spec: RowsSpec) -> Result<Self> {
        let step = |s: &StepSpec| Step {
            languages: s.languages.clone(),
            columns: s.stage.stage.columns(),
            changes_text: s.stage.stage.effect() != Effect::None,
            cuts: spec.cuts.iter().position(|number| *number == s.number),
        };
        let steps = spec.steps.iter().map(step).collect();
        Ok(RowsKernel { steps, fields: spec.fields(), spec, idle: Mutex::new(Vec::new()) })
    }

    fn returns(&self) -> DataType {
        DataType::Struct(self.fields.clone())
    }

    fn run(&self, arguments: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        EVALUATED.fetch_add(rows as u64, Ordering::Relaxed);
        let taken = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut works = taken.map_or_else(|| self.works(), Ok)?;
        let result = self.batch(&mut works, arguments, rows)?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(works);
        Ok(result)
    }
}

impl RowsKernel {
    /// The work of one more thread. What it opens is shared with the others.
    fn works(&self) -> Result<Works> {
        let work = |s: &StepSpec| {
            let none = || Error::Engine(format!("`{}` does nothing to rows", s.stage.run()));
            s.stage.stage.row_work(&s.files)?.ok_or_else(none)
        };
        self.spec.steps.iter().map(work).collect()
    }

    fn batch(&self, works: &mut Works, arguments: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        let (common, others) = arguments.split_at(ARGUMENTS.len());
        let (spans, content) = others.split_at(self.spec.cuts.len());
        let mut batch = Batch::new(self.spec.usage, content, rows)?;
        let mut measured: Vec<(Cow<'static, str>, ArrayRef)> = Vec::new();
        let mut columns: Vec<ArrayRef> = Vec::new();
        let mut stopped: Option<Vec<bool>> = None;
        for (step, work) in self.steps.iter().zip(works) {
            let mut applies = self.applies(step, &measured, &common[3], rows);
            if let (Some(stopped), false) = (&stopped, step.changes_text) {
                let all = applies.get_or_insert_with(|| vec![true; rows]);
                all.iter_mut().zip(stopped).for_each(|(a, stopped)| *a &= !stopped);
            }
            let context = RowContext {
                rows,
                common,
                applies: applies.as_deref(),
                columns: self.spec.signals,
                cuts: step.cuts.map(|at| &spans[at]),
                measured: &measured,
                places: &self.spec.places,
            };
            let Worked { columns: mut own, stop } = work.run(&mut batch, &context)?;
            for (column, array) in step.columns.iter().zip(&own).filter(|(c, _)| c.is_signal()) {
                measured.push((column.name.clone(), array.clone()));
            }
            if self.spec.signals {
                columns.append(&mut own);
            }
            if let Some(stop) = stop {
                let all = stopped.get_or_insert_with(|| vec![false; rows]);
                all.iter_mut().zip(stop).for_each(|(all, stop)| *all |= stop);
            }
        }
        let mut all = if self.spec.content { batch.content() } else { Vec::new() };
        if self.spec.signals {
            all.extend(batch.sizes());
            all.push(id_keys(common[0].as_string()));
        }
        all.extend(columns);
        Ok(Arc::new(StructArray::try_new(self.fields.clone(), all, None)?))
    }

    /// Which rows a step applies to; `None` is all of them.
    fn applies(
        &self,
        step: &Step,
        measured: &[(Cow<'static, str>, ArrayRef)],
        hint: &ArrayRef,
        rows: usize,
    ) -> Option<Vec<bool>> {
        if step.languages.is_empty() {
            return None;
        }
        let measured = measured.iter().rfind(|m| m.0 == rows::LANGUAGE).map(|m| &m.1);
        let hint = hint.as_string::<i32>();
        let of = |row: usize| {
            let measured = measured.filter(|m| m.is_valid(row)).map(|m| m.as_string::<i32>().value(row));
            measured.or_else(|| hint.is_valid(row).then(|| hint.value(row))).or(self.spec.language.as_deref())
        };
        Some((0..rows).map(|row| of(row).is_some_and(|l| step.languages.iter().any(|x| x == l))).collect())
    }
}

fn id_keys(ids: &StringArray) -> ArrayRef {
    let mut keys = Decimal128Builder::with_capacity(ids.len()).with_data_type(KEY);
    for id in ids {
        keys.append_option(id.map(|id| xxh3_128(id.as_bytes()) as i128));
    }
    Arc::new(keys.finish())
}
