//! Files of rows as they are written: text in a frame, Parquet of a layout's own columns, the build's own columns in
//! shards, or tar archives.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow_json::ReaderBuilder;
use arrow_json::reader::Decoder;

use super::folder::{Hashed, Out, Staging, Written};
use super::native::Shards;
use super::tar::Tars;
use super::{Example, Exporter, Frame};
use crate::output::codec::Codec;
use crate::output::parquet_file::{RowFile, Style};
use crate::{Error, Result};

/// Rows that become one batch of a table.
const ROWS: usize = 128;
/// Bytes of JSON that do.
const BYTES: usize = 1 << 20;
/// Bytes of text in a shard of [`Frame::Native`], about 400 MB of Parquet.
const SHARD: u64 = 1 << 30;
/// Bytes of an archive of [`Frame::Tars`].
const ARCHIVE: u64 = 1 << 28;

/// A file of rows that is being written.
pub enum Sink<'a> {
    /// Lines, or JSON that is one value.
    Text {
        /// The file.
        file: Hashed,
        /// What stands around its rows.
        frame: Frame,
        /// Rows so far.
        rows: u64,
    },
    /// Parquet of a layout's own columns.
    Table(Table),
    /// Parquet of the build's columns.
    Shards(Shards<'a>),
    /// Tar archives.
    Tars(Tars<'a>),
}

impl<'a> Sink<'a> {
    /// Opens a file that is laid out as the layout's file `name`, at `path`.
    ///
    /// # Errors
    ///
    /// What the system says of making it.
    pub fn open(exporter: &dyn Exporter, staging: &'a Staging, (name, path): (&'static str, &str)) -> Result<Self> {
        match exporter.frame(name) {
            Frame::Table(schema) => Ok(Sink::Table(Table::new(staging, path, schema(name))?)),
            Frame::Native => Ok(Sink::Shards(Shards::new(staging, path, SHARD))),
            Frame::Tars => Ok(Sink::Tars(Tars::new(staging, path, ARCHIVE))),
            frame => Ok(Sink::Text { file: staging.file(path)?, frame, rows: 0 }),
        }
    }

    /// Appends a row; `line` is scratch.
    ///
    /// # Errors
    ///
    /// What the system says of writing; [`Error::Engine`] where the row's JSON is not of the table's columns.
    pub fn row(&mut self, exporter: &dyn Exporter, row: &Example<'_>, line: &mut Vec<u8>) -> Result<()> {
        line.clear();
        match self {
            Sink::Text { file, frame, rows } => {
                let (head, between, _) = frame.marks();
                line.extend_from_slice(if *rows == 0 { head } else { between }.as_bytes());
                *rows += 1;
                exporter.write(row, line);
                file.write(line)
            }
            Sink::Table(table) => {
                exporter.write(row, line);
                table.row(line)
            }
            Sink::Shards(shards) => shards.row(row),
            Sink::Tars(tars) => {
                exporter.write(row, line);
                tars.row(line)
            }
        }
    }

    /// Ends the file, and brings it to the disk.
    ///
    /// # Errors
    ///
    /// As [`Sink::row`].
    pub fn close(self) -> Result<Vec<Written>> {
        match self {
            Sink::Text { mut file, frame, .. } => {
                file.write(frame.marks().2.as_bytes())?;
                Ok(vec![file.close()?])
            }
            Sink::Table(table) => Ok(vec![table.close()?]),
            Sink::Shards(shards) => shards.close(),
            Sink::Tars(tars) => tars.close(),
        }
    }
}

/// A column of texts.
pub fn text(name: &str) -> Field {
    Field::new(name, DataType::Utf8, true)
}

/// A column of lists.
pub fn list(name: &str, item: Field) -> Field {
    Field::new(name, DataType::List(Arc::new(item)), true)
}

/// A field that has fields.
pub fn record(name: &str, fields: Vec<Field>) -> Field {
    Field::new(name, DataType::Struct(fields.into()), true)
}

/// A column of messages that have a role and a content.
pub fn messages(name: &str) -> Field {
    list(name, record("item", vec![text("role"), text("content")]))
}

/// A column of lists of JSON values, kept as text: `datasets` (4.7 and later) hands out the values, each with its own keys
/// and no nulls in between.
pub fn json(name: &str) -> Field {
    let mark = [("ARROW:extension:name", "arrow.json"), ("ARROW:extension:metadata", "")];
    let mark = mark.map(|(key, value)| (key.to_owned(), value.to_owned()));
    list(name, text("item").with_metadata(mark.into()))
}

/// A Parquet file of a layout's own columns: rows come as JSON.
pub struct Table {
    decoder: Decoder,
    sizes: Vec<u64>,
    bytes: usize,
    file: RowFile<Out>,
    name: String,
}

impl Table {
    fn new(staging: &Staging, name: &str, fields: Vec<Field>) -> Result<Self> {
        let schema: SchemaRef = Arc::new(Schema::new(fields));
        let file = RowFile::new(Out(staging.file(name)?), schema.clone(), Style::Ship(Codec::default()))?;
        // A key without a column would be lost without a word.
        let decoder = ReaderBuilder::new(schema).with_strict_mode(true).with_batch_size(2 * ROWS).build_decoder()?;
        Ok(Table { decoder, sizes: Vec::new(), bytes: 0, file, name: name.to_owned() })
    }

    fn row(&mut self, line: &[u8]) -> Result<()> {
        let read = self.decoder.decode(line)?;
        if read != line.len() {
            return Err(Error::Engine(format!("{}: a row is more than one JSON value", self.name)));
        }
        self.sizes.push(line.len() as u64);
        self.bytes += line.len();
        if self.sizes.len() == ROWS || self.bytes >= BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        if let Some(batch) = self.decoder.flush()? {
            self.file.write(&batch, &self.sizes)?;
        }
        self.sizes.clear();
        self.bytes = 0;
        Ok(())
    }

    fn close(mut self) -> Result<Written> {
        self.flush()?;
        self.file.end()?.0.close()
    }
}
