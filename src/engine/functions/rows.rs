//! `corpus_rows(…)`: all row-wise work of a recipe over a batch, in one call: texts cleaned, signals measured, keys of
//! whole stages hashed, each at its place in the recipe.

use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanBuilder, Decimal128Builder, Float64Builder, Int64Builder, ListArray, ListBuilder,
    StringArray, StringBuilder, StructArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, Fields, Float64Type, Int64Type};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use xxhash_rust::xxh3::{Xxh3, xxh3_128, xxh3_128_with_seed};

use super::Kernel;
use super::near::Near;
use crate::formats::Object;
use crate::rows::{self, Use};
use crate::stages::exact_dedup::CONTENT;
use crate::stages::keep::Rule;
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
                Stage::NearDedup(near) => {
                    let near = Near::new(near);
                    fields.extend(near.fields(step.number).into_iter().filter(|_| spec.signals));
                    measured.extend(near.fields(step.number).iter().map(|_| String::new()));
                    Work::Near(near)
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
        let (common, content) = arguments.split_at(ARGUMENTS.len());
        let mut batch = Batch::new(self.spec.usage, content, rows)?;
        let mut columns: Vec<ArrayRef> = Vec::new();
        let mut language: Option<ArrayRef> = None;
        let mut gone: Option<Vec<bool>> = None;
        for step in &self.steps {
            let mut applies = self.applies(step, language.as_ref(), &common[3], rows);
            if let (Some(gone), false) = (&gone, matches!(step.work, Work::Clean(_))) {
                let all = applies.get_or_insert_with(|| vec![true; rows]);
                all.iter_mut().zip(gone).for_each(|(a, gone)| *a &= !gone);
            }
            match &step.work {
                Work::Clean(clean) => batch.clean(clean.as_ref(), applies.as_deref()),
                Work::Measure(measure, signals) if self.spec.signals => {
                    let measured = batch.measure(measure.as_ref(), signals, applies.as_deref());
                    if let Some(at) = signals.iter().position(|s| s.name == "language") {
                        language = Some(measured[at].clone());
                    }
                    columns.extend(measured);
                }
                Work::Key(by) if self.spec.signals => {
                    columns.push(batch.key(by, common, applies.as_deref()));
                }
                Work::Near(near) if self.spec.signals => {
                    columns
                        .extend(near.columns(rows, applies.as_deref(), &common[4], |row, into| batch.texts(row, into)));
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

/// The texts of a content column: the values of one string array, and which of them belong to a row.
struct Leaf {
    /// Index of the column among the content columns.
    column: usize,
    texts: StringArray,
    /// `None`: value *i* belongs to row *i*.
    offsets: Option<OffsetBuffer<i32>>,
}

impl Leaf {
    fn of(&self, row: usize) -> Range<usize> {
        match &self.offsets {
            None => row..row + 1,
            Some(offsets) => offsets[row] as usize..offsets[row + 1] as usize,
        }
    }
}

/// The content of a batch of rows, as the stages so far left it.
pub struct Batch<'a> {
    usage: Use,
    columns: &'a [ArrayRef],
    leaves: Vec<Leaf>,
    rows: usize,
}

impl<'a> Batch<'a> {
    /// The content `columns` of `rows` rows.
    pub fn new(usage: Use, columns: &'a [ArrayRef], rows: usize) -> Result<Self> {
        let names = rows::text_columns(usage);
        let mut leaves = Vec::new();
        for (column, field) in rows::content(usage).iter().enumerate() {
            if !names.contains(&field.name().as_str()) {
                continue;
            }
            let array = &columns[column];
            leaves.push(match array.as_list_opt::<i32>() {
                None => Leaf { column, texts: array.as_string::<i32>().clone(), offsets: None },
                Some(list) => Leaf {
                    column,
                    texts: list.values().as_struct().column(1).as_string::<i32>().clone(),
                    offsets: Some(list.offsets().clone()),
                },
            });
        }
        Ok(Batch { usage, columns, leaves, rows })
    }

    /// The texts of a row in reading order.
    pub fn texts<'b>(&'b self, row: usize, into: &mut Vec<&'b str>) {
        into.clear();
        for leaf in &self.leaves {
            into.extend(leaf.of(row).filter(|i| leaf.texts.is_valid(*i)).map(|i| leaf.texts.value(i)));
        }
    }

    fn clean(&mut self, clean: &dyn Clean, applies: Option<&[bool]>) {
        for leaf in &mut self.leaves {
            let mut changed: Option<StringBuilder> = None;
            for row in 0..self.rows {
                let touch = applies.is_none_or(|a| a[row]);
                for i in leaf.of(row) {
                    let before = leaf.texts.is_valid(i).then(|| leaf.texts.value(i));
                    let after = before.map(|text| if touch { clean.clean(text) } else { text.into() });
                    // A clean text may be a part of the old one: borrowed, but shorter.
                    let same = before.map(str::len) == after.as_ref().map(|a| a.len());
                    let owned = matches!(after, Some(std::borrow::Cow::Owned(_)));
                    if changed.is_none() && (owned || !same) {
                        let bytes = leaf.texts.value_data().len();
                        let mut builder = StringBuilder::with_capacity(leaf.texts.len(), bytes);
                        (0..i).for_each(|j| {
                            builder.append_option(leaf.texts.is_valid(j).then(|| leaf.texts.value(j)));
                        });
                        changed = Some(builder);
                    }
                    if let Some(builder) = &mut changed {
                        builder.append_option(after);
                    }
                }
            }
            if let Some(mut builder) = changed {
                // A list whose values reach past its last offset keeps the rest as it is.
                for i in arrow::array::ArrayBuilder::len(&builder)..leaf.texts.len() {
                    builder.append_option(leaf.texts.is_valid(i).then(|| leaf.texts.value(i)));
                }
                leaf.texts = builder.finish();
            }
        }
    }

    fn measure(&self, measure: &dyn Measure, signals: &[stages::Signal], applies: Option<&[bool]>) -> Vec<ArrayRef> {
        let mut builders: Vec<SignalBuilder> = signals.iter().map(|s| SignalBuilder::new(s.kind)).collect();
        let (mut texts, mut values) = (Vec::new(), Vec::with_capacity(signals.len()));
        for row in 0..self.rows {
            values.clear();
            self.texts(row, &mut texts);
            if applies.is_none_or(|a| a[row]) && !texts.is_empty() {
                measure.measure(&texts, &mut values);
            }
            values.resize(signals.len(), Value::Null);
            for (builder, value) in builders.iter_mut().zip(values.drain(..)) {
                builder.push(value);
            }
        }
        builders.into_iter().map(SignalBuilder::finish).collect()
    }

    fn sizes(&self) -> [ArrayRef; 3] {
        let mut bytes = Int64Builder::with_capacity(self.rows);
        let mut chars = Int64Builder::with_capacity(self.rows);
        let mut blank = BooleanBuilder::with_capacity(self.rows);
        let mut texts = Vec::new();
        for row in 0..self.rows {
            self.texts(row, &mut texts);
            bytes.append_value(texts.iter().map(|t| t.len() as i64).sum());
            chars.append_value(texts.iter().map(|t| t.chars().count() as i64).sum());
            blank.append_value(texts.iter().all(|t| t.trim().is_empty()));
        }
        [Arc::new(bytes.finish()), Arc::new(chars.finish()), Arc::new(blank.finish())]
    }

    fn key(&self, by: &str, common: &[ArrayRef], applies: Option<&[bool]>) -> ArrayRef {
        let mut keys = Decimal128Builder::with_capacity(self.rows).with_data_type(KEY);
        let seed = self.usage as u64;
        let at = ARGUMENTS[..3].iter().position(|name| *name == by);
        let content = rows::content(self.usage).iter().position(|f| f.name() == by);
        let column = at.map(|at| &common[at]).or(content.map(|at| &self.columns[at]));
        let column = column.and_then(|c| c.as_string_opt::<i32>());
        let meta = common[4].as_string::<i32>();
        let hash = |text: &str| xxh3_128_with_seed(text.as_bytes(), seed);
        for row in 0..self.rows {
            let key = if applies.is_some_and(|a| !a[row]) {
                None
            } else if by == CONTENT {
                self.content_key(row, seed)
            } else if let Some(column) = column {
                column.is_valid(row).then(|| hash(column.value(row)))
            } else {
                let object = meta.is_valid(row).then(|| Object::parse(meta.value(row)).ok()).flatten();
                object.and_then(|o| o.get(by).map(|value| hash(value.get())))
            };
            keys.append_option(key.map(|k| k as i128));
        }
        Arc::new(keys.finish())
    }

    /// xxh3-128 of the content: of the text alone where that is all, else of every text (and the roles) with its length.
    fn content_key(&self, row: usize, seed: u64) -> Option<u128> {
        if let [leaf] = self.leaves.as_slice()
            && leaf.offsets.is_none()
        {
            return leaf.texts.is_valid(row).then(|| xxh3_128_with_seed(leaf.texts.value(row).as_bytes(), seed));
        }
        let mut hash = Xxh3::with_seed(seed);
        let mut any = false;
        for leaf in &self.leaves {
            // Of a turn everything counts: two calls of tools may differ in nothing else.
            let turn = leaf.offsets.as_ref().map(|_| {
                let turns = self.columns[leaf.column].as_list::<i32>().values().as_struct();
                [0, 2, 3].map(|part| turns.column(part).as_string::<i32>())
            });
            hash.update(&[0xff]);
            let mut add = |text: Option<&str>| {
                hash.update(&text.map_or(u64::MAX, |t| t.len() as u64).to_le_bytes());
                hash.update(text.unwrap_or_default().as_bytes());
            };
            for i in leaf.of(row) {
                for part in turn.iter().flatten() {
                    add(part.is_valid(i).then(|| part.value(i)));
                }
                any |= leaf.texts.is_valid(i);
                add(leaf.texts.is_valid(i).then(|| leaf.texts.value(i)));
            }
        }
        any.then(|| hash.digest128())
    }

    /// The content columns, with the cleaned texts put back.
    fn content(&self) -> Vec<ArrayRef> {
        let mut columns = self.columns.to_vec();
        for leaf in &self.leaves {
            let texts: ArrayRef = Arc::new(leaf.texts.clone());
            columns[leaf.column] = match columns[leaf.column].as_list_opt::<i32>() {
                None => texts,
                Some(list) => {
                    let turns = list.values().as_struct();
                    let mut parts = turns.columns().to_vec();
                    parts[1] = texts;
                    let turns = StructArray::new(turns.fields().clone(), parts, turns.nulls().cloned());
                    let DataType::List(item) = list.data_type() else { continue };
                    let (offsets, nulls) = (list.offsets().clone(), list.nulls().cloned());
                    Arc::new(ListArray::new(item.clone(), offsets, Arc::new(turns), nulls))
                }
            };
        }
        columns
    }
}

enum SignalBuilder {
    Int(Int64Builder),
    Float(Float64Builder),
    Text(StringBuilder),
    Words(ListBuilder<StringBuilder>),
}

impl SignalBuilder {
    fn new(kind: Kind) -> Self {
        match kind {
            Kind::Int => SignalBuilder::Int(Int64Builder::new()),
            Kind::Float => SignalBuilder::Float(Float64Builder::new()),
            Kind::Text => SignalBuilder::Text(StringBuilder::new()),
            Kind::Words => SignalBuilder::Words(ListBuilder::new(StringBuilder::new())),
        }
    }

    fn push(&mut self, value: Value) {
        match (self, value) {
            (SignalBuilder::Int(b), Value::Int(v)) => b.append_value(v),
            (SignalBuilder::Int(b), _) => b.append_null(),
            (SignalBuilder::Float(b), Value::Float(v)) => b.append_value(v),
            (SignalBuilder::Float(b), _) => b.append_null(),
            (SignalBuilder::Text(b), Value::Text(v)) => b.append_value(v),
            (SignalBuilder::Text(b), _) => b.append_null(),
            (SignalBuilder::Words(b), Value::Words(v)) => {
                v.iter().for_each(|word| b.values().append_value(word));
                b.append(true);
            }
            (SignalBuilder::Words(b), _) => b.append(false),
        }
    }

    fn finish(self) -> ArrayRef {
        match self {
            SignalBuilder::Int(mut b) => Arc::new(b.finish()),
            SignalBuilder::Float(mut b) => Arc::new(b.finish()),
            SignalBuilder::Text(mut b) => Arc::new(b.finish()),
            SignalBuilder::Words(mut b) => Arc::new(b.finish()),
        }
    }
}
