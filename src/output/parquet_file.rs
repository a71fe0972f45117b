//! A Parquet file whose bytes depend on its rows and options alone.
//!
//! Page and row-group boundaries depend on where `write` calls end, so rows are collected and cut again by their own
//! sizes: a call every `CALL_BYTES` of text, a row group every `GROUP_BYTES`. The file is written beside its place
//! and renamed when whole and synced.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder, WriterVersion};
use parquet::schema::types::ColumnPath;

use crate::output::codec::Codec;
use crate::{Error, Result};

/// Bytes of text handed over in one call.
const CALL_BYTES: u64 = 1 << 20;
/// Bytes of text in a row group (about 24 MB on disk with zstd 3).
pub const GROUP_BYTES: u64 = 64 << 20;
/// Packed bytes of a row group that only this build reads: its reader holds one whole.
const STAGED: usize = 4 << 20;
/// Rows in a row group, for rows with hardly any text.
const GROUP_ROWS: usize = 1 << 20;

/// Bytes of text from which a row is large: it is handed over alone, without a copy of what stands before it, and the
/// file has pages of the second version, which the writer packs as they are. (Those of the first it copies once more,
/// behind their levels; they are what the oldest readers know.)
pub const LARGE: u64 = 16 << 20;

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Read again by this build: fast.
    Stage,
    /// Handed to the user: as the recipe says.
    Ship(Codec),
    /// The same, where there may be [`LARGE`] rows.
    ShipLarge(Codec),
}

impl Style {
    /// What is handed to the user, with [`LARGE`] rows or without.
    pub fn ship(codec: Codec, large: bool) -> Self {
        if large { Style::ShipLarge(codec) } else { Style::Ship(codec) }
    }
}

/// What is written into every file as its writer.
pub const CREATED_BY: &str = concat!("corpus ", env!("CARGO_PKG_VERSION"));

/// Columns whose few values repeat: the only ones that gain from a dictionary.
const REPEATING: [&str; 14] = [
    "source",
    "subset",
    "use",
    "language",
    "script",
    "license",
    "stage",
    "reason",
    "limit",
    "task",
    "domain",
    "input_language",
    "output_language",
    "role",
];

/// Writer properties for a schema.
pub fn properties(schema: &SchemaRef, style: Style) -> WriterPropertiesBuilder {
    let compression = match style {
        Style::Stage => Compression::LZ4_RAW,
        Style::Ship(codec) | Style::ShipLarge(codec) => match codec {
            Codec::Zstd(level) => Compression::ZSTD(ZstdLevel::try_new(level).unwrap_or_default()),
            Codec::Lz4 => Compression::LZ4_RAW,
            Codec::Snappy => Compression::SNAPPY,
            Codec::Uncompressed => Compression::UNCOMPRESSED,
        },
    };
    let version = match style {
        Style::Ship(_) => WriterVersion::PARQUET_1_0,
        Style::Stage | Style::ShipLarge(_) => WriterVersion::PARQUET_2_0,
    };
    let mut builder = WriterProperties::builder()
        .set_writer_version(version)
        .set_encoding(Encoding::PLAIN)
        .set_created_by(CREATED_BY.into())
        .set_compression(compression)
        .set_dictionary_enabled(false)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_max_row_group_row_count(None)
        .set_offset_index_disabled(true);
    for field in schema.fields() {
        builder = properties_of(builder, field, vec![field.name().clone()]);
    }
    builder
}

fn properties_of(builder: WriterPropertiesBuilder, field: &Field, path: Vec<String>) -> WriterPropertiesBuilder {
    match field.data_type() {
        DataType::List(item) => {
            let path = path.into_iter().chain(["list".into(), item.name().clone()]).collect();
            properties_of(builder, item, path)
        }
        DataType::Struct(fields) => fields.iter().fold(builder, |builder, field| {
            let path = path.iter().cloned().chain([field.name().clone()]).collect();
            properties_of(builder, field, path)
        }),
        DataType::Utf8 if REPEATING.contains(&field.name().as_str()) => {
            builder.set_column_dictionary_enabled(ColumnPath::new(path), true)
        }
        // Sketches: no codec makes them smaller.
        DataType::FixedSizeBinary(_) => {
            builder.set_column_compression(ColumnPath::new(path), Compression::UNCOMPRESSED)
        }
        DataType::Int64 | DataType::Float64 | DataType::UInt64 => {
            builder.set_column_statistics_enabled(ColumnPath::new(path), EnabledStatistics::Chunk)
        }
        _ => builder,
    }
}

/// Rows on their way into a Parquet file, wherever that is written to.
pub struct RowFile<W: Write + Send> {
    writer: ArrowWriter<W>,
    pending: Vec<RecordBatch>,
    call: u64,
    group: u64,
    group_rows: usize,
}

impl<W: Write + Send> RowFile<W> {
    /// Starts a file.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`] where the Parquet writer refuses the schema.
    pub fn new(to: W, schema: SchemaRef, style: Style) -> Result<Self> {
        let properties = properties(&schema, style).build();
        let writer = ArrowWriter::try_new(to, schema, Some(properties))?;
        Ok(RowFile { writer, pending: Vec::new(), call: 0, group: 0, group_rows: 0 })
    }

    /// Adds a key-value pair to the file's metadata.
    pub fn label(&mut self, key: &str, value: String) {
        self.writer.append_key_value_metadata(KeyValue::new(key.to_owned(), value));
    }

    /// Adds rows whose sizes do not matter (narrow ones, or files of this build only), as they come.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] of writing, and [`Error::Engine`] where the batch is not of the file's schema.
    pub fn write_all(&mut self, batch: &RecordBatch) -> Result<()> {
        self.writer.write(batch)?;
        if self.writer.in_progress_size() > STAGED || self.writer.in_progress_rows() > GROUP_ROWS {
            self.writer.flush()?;
        }
        Ok(())
    }

    /// Adds rows, given the bytes of text in each.
    ///
    /// # Errors
    ///
    /// As [`RowFile::write_all`].
    pub fn write(&mut self, batch: &RecordBatch, sizes: &[u64]) -> Result<()> {
        let mut start = 0;
        for (row, size) in sizes.iter().enumerate() {
            if *size >= LARGE {
                self.pending.extend((start < row).then(|| batch.slice(start, row - start)));
                start = row;
                self.flush()?;
            }
            self.call += size + 64;
            if self.call >= CALL_BYTES {
                self.pending.push(batch.slice(start, row + 1 - start));
                start = row + 1;
                self.flush()?;
            }
        }
        if start < sizes.len() {
            self.pending.push(batch.slice(start, sizes.len() - start));
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        let batch = match self.pending.as_slice() {
            [] => return Ok(()),
            [one] => one.clone(),
            // Their own schema: text may come as views, which are written as the text that they are views of.
            many => concat_batches(many[0].schema_ref(), many)?,
        };
        self.pending.clear();
        self.writer.write(&batch)?;
        self.group += self.call;
        self.group_rows += batch.num_rows();
        self.call = 0;
        if self.group >= GROUP_BYTES || self.group_rows >= GROUP_ROWS {
            self.writer.flush()?;
            (self.group, self.group_rows) = (0, 0);
        }
        Ok(())
    }

    /// Ends the file; what it was written to.
    ///
    /// # Errors
    ///
    /// What writing the rest says.
    pub fn end(mut self) -> Result<W> {
        self.flush()?;
        Ok(self.writer.into_inner()?)
    }
}

/// A file of this machine that is being written.
pub struct PartFile {
    path: PathBuf,
    aside: PathBuf,
    rows: RowFile<BufWriter<File>>,
}

impl PartFile {
    /// Starts a file that will appear as `path`.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the file beside it cannot be made, [`Error::Engine`] where the Parquet writer refuses the
    /// schema.
    pub fn create(path: &Path, schema: SchemaRef, style: Style) -> Result<Self> {
        let aside = crate::disk::aside(path);
        let file = File::create(&aside).map_err(Error::io(&aside))?;
        let rows = RowFile::new(BufWriter::with_capacity(1 << 20, file), schema, style)?;
        Ok(PartFile { path: path.to_path_buf(), aside, rows })
    }

    /// Adds a key-value pair to the file's metadata.
    pub fn label(&mut self, key: &str, value: String) {
        self.rows.label(key, value);
    }

    /// Adds rows whose sizes do not matter, as [`RowFile::write_all`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn write_all(&mut self, batch: &RecordBatch) -> Result<()> {
        self.rows.write_all(batch)
    }

    /// Adds rows, given the bytes of text in each.
    ///
    /// # Errors
    ///
    /// As [`RowFile::write_all`].
    pub fn write(&mut self, batch: &RecordBatch, sizes: &[u64]) -> Result<()> {
        self.rows.write(batch, sizes)
    }

    /// Ends the file, syncs it and gives it its name.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] of writing the rest, syncing or renaming.
    pub fn finish(self) -> Result<()> {
        let file = self.rows.end()?.into_inner().map_err(|e| Error::io(&self.aside)(e.into_error()))?;
        settle(file, &self.aside, &self.path)
    }
}

/// What a file's metadata says under `key`.
///
/// # Errors
///
/// [`Error::Io`] where the file cannot be opened, [`Error::Engine`] where it is no Parquet.
pub fn label(path: &Path, key: &str) -> Result<Option<String>> {
    let file = File::open(path).map_err(Error::io(path))?;
    let metadata = parquet::file::metadata::ParquetMetaDataReader::new().parse_and_finish(&file)?;
    let pairs = metadata.file_metadata().key_value_metadata();
    Ok(pairs.and_then(|kv| kv.iter().find(|kv| kv.key == key)).and_then(|kv| kv.value.clone()))
}

/// Syncs a finished file and gives it its name.
///
/// # Errors
///
/// [`Error::Io`] of syncing or renaming the file, or of syncing its folder.
pub fn settle(file: File, aside: &Path, path: &Path) -> Result<()> {
    file.sync_all().map_err(Error::io(aside))?;
    drop(file);
    std::fs::rename(aside, path).map_err(Error::io(path))?;
    if let Some(folder) = path.parent() {
        File::open(folder).and_then(|f| f.sync_all()).map_err(Error::io(folder))?;
    }
    Ok(())
}

/// Writes a small file so that it appears whole or not at all, whoever else writes it at the same time.
///
/// # Errors
///
/// [`Error::Io`] of writing, syncing or renaming.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    crate::disk::write_whole(path, bytes).map_err(Error::io(path))
}
