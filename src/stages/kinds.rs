//! The common kinds of row-wise work: a text cleaned, signals measured, records of a whole stage, cuts taken out.

use std::borrow::Cow;

use arrow::array::{ArrayRef, BinaryBuilder, Float64Builder, Int64Builder, ListBuilder, StringBuilder};

use super::traits::{Column, Kind, RowContext, RowWork, Worked};
use super::value::Value;
use crate::Result;
use crate::rows::batch::Batch;
use crate::rows::spans;

/// Changes text. Pure; idempotent, unless its docs say where it is not.
pub trait Clean: Send {
    /// The changed text; borrowed where nothing changed.
    fn clean<'a>(&self, text: &'a str) -> Cow<'a, str>;
}

/// Measures texts. What it returns depends on them alone; scratch is its own.
pub trait Measure: Send {
    /// Measures one row, given the texts of the row in reading order (one for a document, one a turn for a dialogue),
    /// and pushes exactly one value for each column of the stage.
    fn measure(&mut self, texts: &[&str], out: &mut Vec<Value>);
}

/// Changes text and measures what it found on the way. Pure and idempotent, as [`Clean`] is.
pub trait Mend: Send {
    /// What is found in the texts of a row, added up.
    type Found: Default;

    /// The changed text, borrowed where nothing changed; what was found is added.
    fn mend<'a>(&self, text: &'a str, found: &mut Self::Found) -> Cow<'a, str>;

    /// Pushes exactly one value for each column of the stage.
    fn values(&self, found: &Self::Found, out: &mut Vec<Value>);
}

/// A change on top of others; [`Cow::Borrowed`] is no change.
pub fn then<'a>(now: Cow<'a, str>, change: impl FnOnce(&str) -> Cow<'_, str>) -> Cow<'a, str> {
    match change(&now) {
        Cow::Borrowed(_) => now,
        Cow::Owned(next) => Cow::Owned(next),
    }
}

/// A text changed until nothing changes, nine times at most: what one change uncovers is another's.
pub fn settled(text: &str, once: impl Fn(&str) -> Cow<'_, str>) -> Cow<'_, str> {
    let mut now = Cow::Borrowed(text);
    for _ in 0..9 {
        match once(&now) {
            Cow::Owned(next) if next != *now => now = Cow::Owned(next),
            _ => break,
        }
    }
    now
}

/// Row-wise work that cleans every text.
pub fn cleaning(clean: impl Clean + 'static) -> Option<Box<dyn RowWork>> {
    Some(Box::new(Cleaning(clean)))
}

struct Cleaning<C>(C);

impl<C: Clean> RowWork for Cleaning<C> {
    fn run(&mut self, batch: &mut Batch<'_>, context: &RowContext<'_>) -> Result<Worked> {
        batch.clean(|row| context.applies(row), |text| self.0.clean(text));
        Ok(Worked::default())
    }
}

/// Row-wise work that measures every row that has texts, for these columns.
pub fn measuring(columns: Vec<Column>, measure: impl Measure + 'static) -> Option<Box<dyn RowWork>> {
    Some(Box::new(Measuring { columns, measure, values: Vec::new() }))
}

struct Measuring<M> {
    columns: Vec<Column>,
    measure: M,
    values: Vec<Value>,
}

impl<M: Measure> RowWork for Measuring<M> {
    fn run(&mut self, batch: &mut Batch<'_>, context: &RowContext<'_>) -> Result<Worked> {
        let mut builders = Builders::new(&self.columns);
        let mut texts = Vec::new();
        for row in 0..context.rows {
            self.values.clear();
            batch.texts(row, &mut texts);
            if context.applies(row) && !texts.is_empty() {
                self.measure.measure(&texts, &mut self.values);
            }
            builders.push(&mut self.values);
        }
        Ok(builders.worked())
    }
}

/// Row-wise work that measures rows by more than their texts, for these columns: `measure` is given the batch and a row,
/// and pushes one value for each column, or none at all.
pub fn measuring_rows(
    columns: Vec<Column>,
    measure: impl FnMut(&Batch<'_>, usize, &mut Vec<Value>) + Send + 'static,
) -> Option<Box<dyn RowWork>> {
    Some(Box::new(MeasuringRows { columns, measure }))
}

struct MeasuringRows<M> {
    columns: Vec<Column>,
    measure: M,
}

impl<M: FnMut(&Batch<'_>, usize, &mut Vec<Value>) + Send> RowWork for MeasuringRows<M> {
    fn run(&mut self, batch: &mut Batch<'_>, context: &RowContext<'_>) -> Result<Worked> {
        let (mut builders, mut values) = (Builders::new(&self.columns), Vec::new());
        for row in 0..context.rows {
            if context.columns && context.applies(row) {
                (self.measure)(batch, row, &mut values);
            }
            builders.push(&mut values);
        }
        Ok(builders.worked())
    }
}

/// Row-wise work that changes every text and measures every row that has texts, for these columns.
pub fn mending(columns: Vec<Column>, mend: impl Mend + 'static) -> Option<Box<dyn RowWork>> {
    Some(Box::new(Mending { columns, mend }))
}

struct Mending<M> {
    columns: Vec<Column>,
    mend: M,
}

impl<M: Mend> RowWork for Mending<M> {
    fn run(&mut self, batch: &mut Batch<'_>, context: &RowContext<'_>) -> Result<Worked> {
        let mut found: Vec<Option<M::Found>> = std::iter::repeat_with(|| None).take(context.rows).collect();
        batch.change(|row, text| match context.applies(row) {
            true => self.mend.mend(text, found[row].get_or_insert_default()),
            false => text.into(),
        });
        if !context.columns {
            return Ok(Worked::default());
        }
        let (mut builders, mut values) = (Builders::new(&self.columns), Vec::new());
        for found in &found {
            if let Some(found) = found {
                self.mend.values(found, &mut values);
            }
            builders.push(&mut values);
        }
        Ok(builders.worked())
    }
}

/// The columns of signals, given the values of each row; nulls where it has none.
pub fn columns_of(columns: &[Column], rows: impl Iterator<Item = Vec<Value>>) -> Vec<ArrayRef> {
    let mut builders = Builders::new(columns);
    rows.for_each(|mut values| builders.push(&mut values));
    builders.worked().columns
}

/// A column of bytes: the records that `of` makes of a row's texts; null where it does not apply.
pub fn records(batch: &Batch<'_>, context: &RowContext<'_>, mut of: impl FnMut(&[&str], &mut Vec<u8>)) -> ArrayRef {
    let mut column = BinaryBuilder::new();
    let (mut texts, mut bytes) = (Vec::new(), Vec::new());
    for row in 0..context.rows {
        batch.texts(row, &mut texts);
        if texts.is_empty() || !context.applies(row) {
            column.append_null();
            continue;
        }
        bytes.clear();
        of(&texts, &mut bytes);
        column.append_value(&bytes);
    }
    std::sync::Arc::new(column.finish())
}

/// Takes out of the texts what the pass of a stage found, as far as that is known; the column [`super::traits::CUT`].
pub fn cut(batch: &mut Batch<'_>, context: &RowContext<'_>) -> ArrayRef {
    let (cuts, bytes) = spans::cuts(context.cuts, context.rows);
    batch.cut(&cuts);
    bytes
}

/// The columns of signals, row by row.
struct Builders(Vec<SignalBuilder>);

impl Builders {
    fn new(columns: &[Column]) -> Self {
        Builders(columns.iter().map(|c| SignalBuilder::new(c.kind)).collect())
    }

    /// Takes the values of a row; nulls where there are none.
    fn push(&mut self, values: &mut Vec<Value>) {
        values.resize(self.0.len(), Value::Null);
        for (builder, value) in self.0.iter_mut().zip(values.drain(..)) {
            builder.push(value);
        }
    }

    fn worked(self) -> Worked {
        Worked { columns: self.0.into_iter().map(SignalBuilder::finish).collect(), stop: None }
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
            // Keys and records are no values: stages build those columns themselves.
            Kind::Key | Kind::Bytes | Kind::Fixed(_) | Kind::Spans => SignalBuilder::Text(StringBuilder::new()),
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
            SignalBuilder::Int(mut b) => std::sync::Arc::new(b.finish()),
            SignalBuilder::Float(mut b) => std::sync::Arc::new(b.finish()),
            SignalBuilder::Text(mut b) => std::sync::Arc::new(b.finish()),
            SignalBuilder::Words(mut b) => std::sync::Arc::new(b.finish()),
        }
    }
}
