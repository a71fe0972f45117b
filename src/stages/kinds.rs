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
        let mut builders: Vec<SignalBuilder> = self.columns.iter().map(|c| SignalBuilder::new(c.kind)).collect();
        let mut texts = Vec::new();
        for row in 0..context.rows {
            self.values.clear();
            batch.texts(row, &mut texts);
            if context.applies(row) && !texts.is_empty() {
                self.measure.measure(&texts, &mut self.values);
            }
            self.values.resize(builders.len(), Value::Null);
            for (builder, value) in builders.iter_mut().zip(self.values.drain(..)) {
                builder.push(value);
            }
        }
        Ok(Worked { columns: builders.into_iter().map(SignalBuilder::finish).collect(), stop: None })
    }
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
