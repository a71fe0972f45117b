//! `corpus_rows(…)`: all row-wise work of a recipe over a batch, in one call: texts cleaned, signals measured, keys of
//! whole stages hashed, each at its place in the recipe.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{Array, ArrayRef, AsArray, Decimal128Builder, StringArray, StructArray};
use arrow::datatypes::{DataType, Field, Fields, Float64Type, Int64Type};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use xxhash_rust::xxh3::xxh3_128;

pub use super::batch::Batch;
use super::given::Given;
use super::near::Near;
use super::overlap::{self, Overlap};
use super::{Kernel, block, lines, substrings};
use crate::rows::spans;
use crate::rows::{self, Use};
use crate::stages::keep::Rule;
use crate::stages::line_dedup::LineDedup;
use crate::stages::substring_dedup::SubstringDedup;
use crate::stages::{self, Clean, Kind, Measure, Stage, Value};
use crate::{Error, Result};

/// Rows that any function of this kind has worked on in this process: a test counts them, since an engine may run a
/// function once for each field that is read.
pub static EVALUATED: AtomicU64 = AtomicU64::new(0);

/// One stage of the chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepSpec {
    /// Number of the stage in the recipe: its columns are called `signal@number`.
    pub number: usize,
    /// The stage.
    pub run: String,
    /// Its options, resolved.
    pub options: Json,
    /// Rows of these languages only; empty is all.
    pub languages: Vec<String>,
    /// Files that it reads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<Given>,
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
}

impl RowsSpec {
    /// The same without places of files: what results depend on.
    pub fn identity(&self) -> RowsSpec {
        let mut spec = self.clone();
        spec.steps.iter_mut().flat_map(|s| &mut s.files).for_each(|file| *file = file.identity());
        spec
    }
}

/// The type of keys: 128 bits of a hash. One primitive column sorts, and spills, far cheaper than two.
pub const KEY: DataType = DataType::Decimal128(38, 0);

/// The arguments in front of the content columns.
pub const ARGUMENTS: [&str; 5] = ["id", "url", "subset", "language_hint", "meta"];

enum Work {
    Clean(Box<dyn Clean>),
    Measure(Box<dyn Measure>, Vec<stages::Signal>),
    Key(String),
    Near(Near),
    Block(stages::block::Block),
    Overlap(Overlap),
    Lines(LineDedup, usize),
    Substrings(SubstringDedup, usize),
    /// Rows that fail are measured no further: `(signal, place among the measured columns, rule)`.
    Early(Vec<(String, usize, Rule)>),
}

struct Step {
    languages: Vec<String>,
    work: Work,
}

/// The ready function.
pub struct RowsKernel {
    spec: RowsSpec,
    steps: Vec<Step>,
    fields: Fields,
}

impl Debug for RowsKernel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.spec.fmt(f)
    }
}

/// The Arrow type of a signal.
pub fn signal_type(kind: Kind) -> DataType {
    match kind {
        Kind::Int => DataType::Int64,
        Kind::Float => DataType::Float64,
        Kind::Text => DataType::Utf8,
        Kind::Words => DataType::List(Arc::new(Field::new("item", DataType::Utf8, true))),
    }
}

/// The columns that come out, for a spec.
pub fn fields(spec: &RowsSpec) -> Result<Fields> {
    Ok(RowsKernel::new(spec.clone())?.fields)
}

impl Kernel for RowsKernel {
    const NAME: &'static str = "corpus_rows";
    type Spec = RowsSpec;

    fn new(spec: RowsSpec) -> Result<Self> {
        let mut fields = Vec::new();
        if spec.content {
            fields.extend(rows::content(spec.usage));
        }
        if spec.signals {
            fields.push(Field::new("row_bytes", DataType::Int64, false));
            fields.push(Field::new("row_chars", DataType::Int64, false));
            fields.push(Field::new("blank", DataType::Boolean, false));
            fields.push(Field::new("filled", DataType::Int64, false));
            fields.push(Field::new("id_key", KEY, true));
        }
        let mut steps = Vec::new();
        // Names of the measured columns so far, in order; keys have none.
        let mut measured: Vec<String> = Vec::new();
        for step in &spec.steps {
            let entry = stages::entry(&step.run).ok_or_else(|| Error::Engine(format!("no stage {}", step.run)))?;
            let (stage, _) = (entry.build)(step.options.clone()).map_err(Error::Engine)?;
            let work = match stage {
                Stage::Clean(clean) => Work::Clean(clean),
                Stage::Measure(measure) => {
                    let signals = measure.signals();
                    measured.extend(signals.iter().map(|s| s.name.to_owned()));
                    fields.extend(
                        signals
                            .iter()
                            .filter(|_| spec.signals)
                            .map(|s| Field::new(format!("{}@{}", s.name, step.number), signal_type(s.kind), true)),
                    );
                    Work::Measure(measure, signals)
                }
                Stage::ExactDedup(dedup) => {
                    if spec.signals {
                        fields.push(Field::new(format!("key@{}", step.number), KEY, true));
                    }
                    measured.push(String::new());
                    Work::Key(dedup.by)
                }
                Stage::NearDedup(_) | Stage::SimhashDedup(_) => {
                    let near = match &stage {
                        Stage::SimhashDedup(options) => Near::simhash(options),
                        Stage::NearDedup(options) => Near::new(options),
                        _ => continue,
                    };
                    fields.extend(near.fields(step.number).into_iter().filter(|_| spec.signals));
                    measured.extend(near.fields(step.number).iter().map(|_| String::new()));
                    Work::Near(near)
                }
                Stage::Block(block) => {
                    let columns = block::fields(&block, step.number);
                    measured.extend(columns.iter().map(|_| String::new()));
                    fields.extend(columns.into_iter().filter(|_| spec.signals));
                    Work::Block(block)
                }
                Stage::Decontaminate(options) => {
                    let columns = overlap::fields(step.number);
                    measured.extend(columns.iter().map(|_| String::new()));
                    fields.extend(columns.into_iter().filter(|_| spec.signals));
                    Work::Overlap(Overlap::new(options, step.files.clone()))
                }
                Stage::LineDedup(options) => {
                    let columns = spans::record_fields(lines::column(step.number), options.cuts(), step.number);
                    measured.extend(columns.iter().map(|_| String::new()));
                    fields.extend(columns.into_iter().filter(|_| spec.signals));
                    Work::Lines(options, step.number)
                }
                Stage::SubstringDedup(options) => {
                    let columns = spans::record_fields(substrings::column(step.number), options.cuts(), step.number);
                    measured.extend(columns.iter().map(|_| String::new()));
                    fields.extend(columns.into_iter().filter(|_| spec.signals));
                    Work::Substrings(options, step.number)
                }
                Stage::Keep(keep) if keep.early && spec.signals => {
                    let place = |signal: &String| measured.iter().rposition(|m| m == signal);
                    let rules = keep.rules.into_iter().filter_map(|(s, rule)| Some((s.clone(), place(&s)?, rule)));
                    Work::Early(rules.collect())
                }
                Stage::Keep(_) | Stage::Sample(_) | Stage::Shuffle(_) => continue,
            };
            steps.push(Step { languages: step.languages.clone(), work });
        }
        Ok(RowsKernel { spec, steps, fields: Fields::from(fields) })
    }

    fn returns(&self) -> DataType {
        DataType::Struct(self.fields.clone())
    }

    fn run(&self, arguments: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        EVALUATED.fetch_add(rows as u64, Ordering::Relaxed);
        let (common, others) = arguments.split_at(ARGUMENTS.len());
        let (spans, content) = others.split_at(self.spec.cuts.len());
        let mut batch = Batch::new(self.spec.usage, content, rows)?;
        let mut columns: Vec<ArrayRef> = Vec::new();
        let mut language: Option<ArrayRef> = None;
        let mut gone: Option<Vec<bool>> = None;
        for step in &self.steps {
            let mut applies = self.applies(step, language.as_ref(), &common[3], rows);
            let cleans = match &step.work {
                Work::Clean(_) => true,
                Work::Overlap(overlap) => overlap.cuts(),
                Work::Lines(options, _) => options.cuts(),
                Work::Substrings(options, _) => options.cuts(),
                _ => false,
            };
            if let (Some(gone), false) = (&gone, cleans) {
                let all = applies.get_or_insert_with(|| vec![true; rows]);
                all.iter_mut().zip(gone).for_each(|(a, gone)| *a &= !gone);
            }
            match &step.work {
                Work::Clean(clean) => batch.clean(clean.as_ref(), applies.as_deref()),
                Work::Measure(measure, signals) => {
                    let measured = batch.measure(measure.as_ref(), signals, applies.as_deref());
                    if let Some(at) = signals.iter().position(|s| s.name == "language") {
                        language = Some(measured[at].clone());
                    }
                    columns.extend(measured.into_iter().filter(|_| self.spec.signals));
                }
                Work::Key(by) if self.spec.signals => {
                    columns.push(batch.key(by, common, applies.as_deref()));
                }
                Work::Near(near) if self.spec.signals => {
                    columns.extend(near.columns(&batch, rows, applies.as_deref(), &common[4]));
                }
                Work::Block(block) if self.spec.signals => {
                    columns.extend(block::columns(block, &batch, common, applies.as_deref()));
                }
                Work::Overlap(overlap) if self.spec.signals || overlap.cuts() => {
                    let found = overlap.search(&batch, rows, applies.as_deref())?;
                    columns.extend(found.columns.into_iter().filter(|_| self.spec.signals));
                    if let Some(cuts) = found.cuts {
                        batch.cut(&cuts);
                    }
                }
                Work::Lines(options, number) => {
                    if self.spec.signals {
                        columns.push(lines::records(options, &batch, rows, applies.as_deref()));
                    }
                    if options.cuts() {
                        columns.extend(self.cut_late(*number, spans, &mut batch, rows));
                    }
                }
                Work::Substrings(options, number) => {
                    if self.spec.signals {
                        columns.push(substrings::records(options, &batch, rows, applies.as_deref()));
                    }
                    if options.cuts() {
                        columns.extend(self.cut_late(*number, spans, &mut batch, rows));
                    }
                }
                Work::Early(rules) => {
                    let gone = gone.get_or_insert_with(|| vec![false; rows]);
                    for (row, gone) in
                        gone.iter_mut().enumerate().filter(|(row, _)| applies.as_ref().is_none_or(|a| a[*row]))
                    {
                        *gone |= rules.iter().any(|(s, at, rule)| rule.judge(s, &value(&columns[*at], row)).is_some());
                    }
                }
                _ => {}
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
}

impl RowsKernel {
    /// Takes out what stage `number` cuts, as far as it is known; the column that says how much.
    fn cut_late(&self, number: usize, known: &[ArrayRef], batch: &mut Batch<'_>, rows: usize) -> Option<ArrayRef> {
        let at = self.spec.cuts.iter().position(|n| *n == number);
        let (cuts, bytes) = spans::cuts(at.map(|at| &known[at]), rows);
        batch.cut(&cuts);
        self.spec.signals.then_some(bytes)
    }

    /// Which rows a step applies to; `None` is all of them.
    fn applies(&self, step: &Step, measured: Option<&ArrayRef>, hint: &ArrayRef, rows: usize) -> Option<Vec<bool>> {
        if step.languages.is_empty() {
            return None;
        }
        let hint = hint.as_string::<i32>();
        let of = |row: usize| {
            let measured = measured.filter(|m| m.is_valid(row)).map(|m| m.as_string::<i32>().value(row));
            measured.or_else(|| hint.is_valid(row).then(|| hint.value(row))).or(self.spec.language.as_deref())
        };
        Some((0..rows).map(|row| of(row).is_some_and(|l| step.languages.iter().any(|x| x == l))).collect())
    }
}

/// A measured value, as rules judge it.
fn value(column: &ArrayRef, row: usize) -> Value {
    if column.is_null(row) {
        return Value::Null;
    }
    match column.data_type() {
        DataType::Int64 => Value::Int(column.as_primitive::<Int64Type>().value(row)),
        DataType::Float64 => Value::Float(column.as_primitive::<Float64Type>().value(row)),
        DataType::Utf8 => Value::Text(column.as_string::<i32>().value(row).to_owned().into()),
        _ => Value::Null,
    }
}

fn id_keys(ids: &StringArray) -> ArrayRef {
    let mut keys = Decimal128Builder::with_capacity(ids.len()).with_data_type(KEY);
    for id in ids {
        keys.append_option(id.map(|id| xxh3_128(id.as_bytes()) as i128));
    }
    Arc::new(keys.finish())
}
