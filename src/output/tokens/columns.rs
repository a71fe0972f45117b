//! Ids as Parquet: files of so many tokens, one after the other, and rows of several lists of ids.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanBuilder, Float64Builder, Int32Builder, ListBuilder, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;

use super::super::export::folder::{Out, Staging};
use super::{Done, Sequence, Shard, Writer};
use crate::output::codec::Codec;
use crate::output::parquet_file::{Style, properties};
use crate::{Error, Result};

/// Tokens that are handed over in one call.
pub(super) const CALL: usize = 1 << 20;
/// Tokens of a row group, and of a file.
const GROUP: usize = 1 << 23;
pub(super) const FILE: u64 = 1 << 26;
/// The most tokens that one can be asked to have.
pub(super) const MOST: u64 = 1 << 40;

/// Parquet files `data/train-00000.parquet`, …, one after the other.
pub(super) struct Shards<'a> {
    staging: &'a Staging,
    schema: SchemaRef,
    open: Option<ArrowWriter<Out>>,
    /// Tokens of the row group.
    group: usize,
    done: Done,
}

impl<'a> Shards<'a> {
    /// Files with these columns; none is there yet.
    pub(super) fn new(staging: &'a Staging, fields: Vec<Field>) -> Self {
        Shards { staging, schema: Arc::new(Schema::new(fields)), open: None, group: 0, done: Done::default() }
    }

    /// Rows and tokens of the open file; none where none is open.
    pub(super) fn filled(&self) -> (u64, u64) {
        let last = self.done.shards.last().filter(|_| self.open.is_some());
        last.map_or((0, 0), |shard| (shard.rows, shard.tokens))
    }

    /// Appends so many rows, of so many tokens, to the open file, or to a new one.
    ///
    /// # Errors
    ///
    /// What the system says of writing.
    pub(super) fn write(&mut self, columns: Vec<ArrayRef>, tokens: usize) -> Result<()> {
        let batch = RecordBatch::try_new(self.schema.clone(), columns)?;
        if self.open.is_none() {
            let path = format!("data/train-{:05}.parquet", self.done.files.len());
            let properties = properties(&self.schema, Style::Ship(Codec::default())).build();
            let out = Out(self.staging.file(&path)?);
            self.open = Some(ArrowWriter::try_new(out, self.schema.clone(), Some(properties))?);
            self.done.shards.push(Shard { path, ..Shard::default() });
        }
        if let Some(shard) = self.done.shards.last_mut() {
            shard.rows += batch.num_rows() as u64;
            shard.tokens += tokens as u64;
        }
        let Some(open) = &mut self.open else { return Ok(()) };
        open.write(&batch)?;
        self.group += tokens;
        if self.group >= GROUP {
            open.flush()?;
            self.group = 0;
        }
        Ok(())
    }

    /// Ends the open file.
    ///
    /// # Errors
    ///
    /// As [`Shards::write`].
    pub(super) fn end(&mut self) -> Result<()> {
        self.group = 0;
        if let Some(open) = self.open.take() {
            self.done.files.push(open.into_inner()?.0.close()?);
        }
        Ok(())
    }

    /// Ends the open file; all of them, in order.
    ///
    /// # Errors
    ///
    /// As [`Shards::write`].
    pub(super) fn finish(mut self) -> Result<Done> {
        self.end()?;
        Ok(self.done)
    }
}

/// A column of lists of ids.
pub(super) fn list(name: &str) -> Field {
    Field::new(name, DataType::new_list(DataType::Int32, true), false)
}

/// A number beside the ids of a row.
enum Value {
    None,
    Number(Float64Builder),
    Flag(BooleanBuilder),
}

/// Files of rows of several lists.
pub(super) struct Lists<'a> {
    shards: Shards<'a>,
    lists: Vec<ListBuilder<Int32Builder>>,
    value: Value,
    /// Rows that are not handed over, and their tokens.
    waiting: [usize; 2],
    /// Tokens of a file.
    most: u64,
}

impl<'a> Lists<'a> {
    /// Columns of ids by name, and one of a number (`Float64`) or a flag (`Boolean`) behind them.
    pub(super) fn new(staging: &'a Staging, lists: &[&str], value: Option<(&str, DataType)>, most: u64) -> Self {
        let mut fields: Vec<Field> = lists.iter().map(|name| list(name)).collect();
        let builder = match &value {
            None => Value::None,
            Some((_, DataType::Boolean)) => Value::Flag(BooleanBuilder::new()),
            Some(_) => Value::Number(Float64Builder::new()),
        };
        fields.extend(value.map(|(name, kind)| Field::new(name, kind, false)));
        let lists = lists.iter().map(|_| ListBuilder::default()).collect();
        Lists { shards: Shards::new(staging, fields), lists, value: builder, waiting: [0; 2], most }
    }

    fn flush(&mut self) -> Result<()> {
        let mut columns: Vec<ArrayRef> =
            self.lists.iter_mut().map(|list| Arc::new(list.finish()) as ArrayRef).collect();
        match &mut self.value {
            Value::None => {}
            Value::Number(numbers) => columns.push(Arc::new(numbers.finish())),
            Value::Flag(flags) => columns.push(Arc::new(flags.finish())),
        }
        let [_, tokens] = std::mem::take(&mut self.waiting);
        self.shards.write(columns, tokens)?;
        if self.shards.filled().1 >= self.most { self.shards.end() } else { Ok(()) }
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
        let [rows, tokens] = &mut self.waiting;
        (*rows, *tokens) = (*rows + 1, *tokens + sequence.ids.len());
        // A row without ids takes room too.
        let full = *rows + *tokens >= CALL || self.shards.filled().1 + *tokens as u64 >= self.most;
        if full { self.flush() } else { Ok(()) }
    }

    fn close(mut self: Box<Self>) -> Result<Done> {
        if self.waiting[0] > 0 {
            self.flush()?;
        }
        self.shards.finish()
    }
}
