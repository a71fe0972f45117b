//! Rows of several lists of ids as Parquet: what layouts of pairs share.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanBuilder, Float64Builder, Int32Builder, ListBuilder, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;

use super::super::export::folder::{Out, Staging, Written};
use super::{Sequence, Writer};
use crate::output::codec::Codec;
use crate::output::parquet_file::{Style, properties};
use crate::{Error, Result};

/// Tokens that are handed over in one call, that make a row group, and a file.
const CALL: usize = 1 << 20;
const GROUP: usize = 1 << 23;
const FILE: usize = 1 << 26;

/// A number beside the ids of a row.
enum Value {
    None,
    Number(Float64Builder),
    Flag(BooleanBuilder),
}

/// Parquet files `data/train-00000.parquet`, … of rows of lists.
pub(super) struct Lists<'a> {
    staging: &'a Staging,
    schema: SchemaRef,
    lists: Vec<ListBuilder<Int32Builder>>,
    value: Value,
    open: Option<ArrowWriter<Out>>,
    /// Tokens of the rows that are not handed over, of the row group, and of the file.
    tokens: [usize; 3],
    written: Vec<Written>,
}

impl<'a> Lists<'a> {
    /// Columns of ids by name, and one of a number (`Float64`) or a flag (`Boolean`) behind them.
    pub(super) fn new(staging: &'a Staging, lists: &[&str], value: Option<(&str, DataType)>) -> Self {
        let list = |name: &&str| Field::new(*name, DataType::new_list(DataType::Int32, true), false);
        let mut fields: Vec<Field> = lists.iter().map(list).collect();
        let builder = match &value {
            None => Value::None,
            Some((_, DataType::Boolean)) => Value::Flag(BooleanBuilder::new()),
            Some(_) => Value::Number(Float64Builder::new()),
        };
        fields.extend(value.map(|(name, kind)| Field::new(name, kind, false)));
        let schema = Arc::new(Schema::new(fields));
        let lists = lists.iter().map(|_| ListBuilder::default()).collect();
        Lists { staging, schema, lists, value: builder, open: None, tokens: [0; 3], written: Vec::new() }
    }

    fn flush(&mut self) -> Result<()> {
        let mut columns: Vec<ArrayRef> =
            self.lists.iter_mut().map(|list| Arc::new(list.finish()) as ArrayRef).collect();
        match &mut self.value {
            Value::None => {}
            Value::Number(numbers) => columns.push(Arc::new(numbers.finish())),
            Value::Flag(flags) => columns.push(Arc::new(flags.finish())),
        }
        let batch = RecordBatch::try_new(self.schema.clone(), columns)?;
        let open = match &mut self.open {
            Some(open) => open,
            None => {
                let file = self.staging.file(&format!("data/train-{:05}.parquet", self.written.len()))?;
                let properties = properties(&self.schema, Style::Ship(Codec::default())).build();
                self.open.insert(ArrowWriter::try_new(Out(file), self.schema.clone(), Some(properties))?)
            }
        };
        open.write(&batch)?;
        let [rows, group, file] = self.tokens;
        self.tokens = [0, group + rows, file + rows];
        if self.tokens[1] >= GROUP {
            open.flush()?;
            self.tokens[1] = 0;
        }
        if self.tokens[2] >= FILE { self.end() } else { Ok(()) }
    }

    fn end(&mut self) -> Result<()> {
        self.tokens = [0; 3];
        if let Some(open) = self.open.take() {
            self.written.push(open.into_inner()?.0.close()?);
        }
        Ok(())
    }
}

impl Writer for Lists<'_> {
    fn sequence(&mut self, sequence: &Sequence<'_>) -> Result<()> {
        if sequence.lengths.len() != self.lists.len() {
            let message = format!("a row of {} lists of ids, of {}", sequence.lengths.len(), self.lists.len());
            return Err(Error::Engine(message));
        }
        let mut rest = sequence.ids;
        for (list, length) in self.lists.iter_mut().zip(sequence.lengths) {
            let (ids, more) = rest.split_at(*length as usize);
            ids.iter().for_each(|id| list.values().append_value(*id as i32));
            list.append(true);
            rest = more;
        }
        let value = sequence.value.unwrap_or(0.0);
        match &mut self.value {
            Value::None => {}
            Value::Number(numbers) => numbers.append_value(value),
            Value::Flag(flags) => flags.append_value(value != 0.0),
        }
        // A row without ids counts too.
        self.tokens[0] += sequence.ids.len() + 1;
        if self.tokens[0] >= CALL { self.flush() } else { Ok(()) }
    }

    fn close(mut self: Box<Self>) -> Result<Vec<Written>> {
        if self.tokens[0] > 0 {
            self.flush()?;
        }
        self.end()?;
        Ok(self.written)
    }
}
