//! Slabs strung together to shards: row groups are copied as they are, nothing is encoded again.

pub mod sent;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::{Int64Type, SchemaRef};
use parquet::arrow::ProjectionMask;
use parquet::column::writer::ColumnCloseResult;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::FileReader;
use parquet::file::serialized_reader::SerializedFileReader;
use parquet::file::writer::SerializedFileWriter;
use serde::{Deserialize, Serialize};

use super::parquet_file::CREATED_BY;
use super::parquet_files::open;
use super::slab::{data_schema, dropped_schema, unreadable_schema};
use super::target::Target;
use crate::rows::column::{Kind, TOKENS};
use crate::rows::{Filled, Use};
use crate::{Error, Result};

/// Which rows a shard holds: its columns follow from that.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Table {
    /// Kept rows.
    Kept {
        /// Their use.
        usage: Use,
        /// Signals that stand beside them.
        signals: Vec<(String, Kind)>,
        /// Which fields of messages are filled.
        filled: Filled,
    },
    /// Dropped rows.
    Dropped {
        /// Their use.
        usage: Use,
        /// Which fields of messages are filled.
        filled: Filled,
    },
    /// What could not be read.
    Unreadable,
}

impl Table {
    /// Its columns.
    pub fn schema(&self) -> SchemaRef {
        match self {
            Table::Kept { usage, signals, filled } => data_schema(*usage, signals, *filled),
            Table::Dropped { usage, filled } => dropped_schema(*usage, *filled),
            Table::Unreadable => unreadable_schema(),
        }
    }
}

/// A shard that is to be written, and all that its bytes depend on ([`write()`]).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shard {
    /// Its name within the output: `data/pretrain/part-00000.parquet`.
    pub name: String,
    /// The slab files that it is made of, in order. No other shard has any of them.
    pub parts: Vec<PathBuf>,
    /// Which rows these hold.
    pub table: Table,
    /// What its metadata says.
    pub labels: BTreeMap<String, String>,
}

/// A shard that was written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Written {
    /// Its bytes.
    pub bytes: u64,
    /// Its rows.
    pub rows: u64,
    /// Their tokens, where a stage counts them.
    pub tokens: Option<u64>,
}

/// Plans shards, called `folder/stem-00000.parquet` and so on: a new one begins once the text in the last has reached
/// `limit` bytes. `slabs`: file and bytes of text, in order. Which slabs make which shard so depends on the layout alone.
pub fn plan(
    (folder, stem): (&str, &str),
    (table, labels): (&Table, &BTreeMap<String, String>),
    slabs: impl Iterator<Item = (PathBuf, u64)>,
    limit: u64,
) -> Vec<Shard> {
    let mut shards: Vec<Shard> = Vec::new();
    let mut bytes = limit;
    for (part, size) in slabs {
        if bytes >= limit {
            let name = format!("{folder}/{stem}-{:05}.parquet", shards.len());
            shards.push(Shard { name, parts: Vec::new(), table: table.clone(), labels: labels.clone() });
            bytes = 0;
        }
        bytes += size;
        if let Some(shard) = shards.last_mut() {
            shard.parts.push(part);
        }
    }
    shards
}

/// Writes one shard. Its bytes, rows and tokens are a function of `shard` and of its own slab files: of no other shard, no
/// thread and no folder. So whoever sees these slabs may write it, beside whoever writes others, and again after a kill.
///
/// # Errors
///
/// [`Error::Io`] of reading the slabs; [`Error::Engine`] where a slab is broken; what the target says.
pub fn write(shard: &Shard, target: &dyn Target) -> Result<Written> {
    let schema = shard.table.schema();
    let (rows, tokens) = sums(&shard.parts, schema.index_of(TOKENS).is_ok())?;
    let bytes = match target.finished(&shard.name)? {
        Some(bytes) => bytes,
        None => copied(shard, &schema, target)?,
    };
    Ok(Written { bytes, rows, tokens })
}

/// Copies the row groups of the slabs of a shard into its file, and labels that; its bytes.
fn copied(shard: &Shard, schema: &SchemaRef, target: &dyn Target) -> Result<u64> {
    let expected = shard.parts.iter().filter_map(|part| Some(std::fs::metadata(part).ok()?.len())).sum();
    let file = target.create(&shard.name, expected)?;
    // Readers that go by Arrow's own schema (pyarrow's `schema.metadata`) see the labels there.
    let labelled = schema.as_ref().clone().with_metadata(shard.labels.clone().into_iter().collect());
    let mut labels: Vec<KeyValue> = shard.labels.iter().map(|(k, v)| KeyValue::new(k.clone(), v.clone())).collect();
    labels.push(KeyValue::new(
        parquet::arrow::ARROW_SCHEMA_META_KEY.to_owned(),
        parquet::arrow::encode_arrow_schema(&labelled),
    ));
    let properties =
        WriterProperties::builder().set_created_by(CREATED_BY.into()).set_key_value_metadata(Some(labels)).build();
    let root = parquet::arrow::ArrowSchemaConverter::new().convert(schema)?.root_schema_ptr();
    let mut writer = SerializedFileWriter::new(file, root, Arc::new(properties))?;
    for part in &shard.parts {
        append(&mut writer, part)?;
    }
    writer.into_inner()?.finish()
}

/// Copies the row groups of a slab.
fn append(writer: &mut SerializedFileWriter<impl std::io::Write + Send>, part: &Path) -> Result<()> {
    let input = File::open(part).map_err(Error::io(part))?;
    let reader = SerializedFileReader::new(input.try_clone().map_err(Error::io(part))?)?;
    for group in reader.metadata().row_groups() {
        let mut out = writer.next_row_group()?;
        for column in group.columns() {
            let close = ColumnCloseResult {
                bytes_written: column.compressed_size() as u64,
                rows_written: group.num_rows() as u64,
                metadata: column.clone(),
                bloom_filter: None,
                column_index: None,
                offset_index: None,
            };
            out.append_column(&input, close)?;
        }
        out.close()?;
    }
    Ok(())
}

/// The rows of slabs, and their tokens, where these are `counted`.
fn sums(parts: &[PathBuf], counted: bool) -> Result<(u64, Option<u64>)> {
    let (mut rows, mut sum) = (0, 0);
    for part in parts {
        let reader = open(part)?;
        rows += u64::try_from(reader.metadata().file_metadata().num_rows()).unwrap_or(0);
        if counted {
            let mask = ProjectionMask::columns(reader.parquet_schema(), [TOKENS]);
            for batch in reader.with_projection(mask).with_batch_size(8192).build()? {
                let batch = batch?;
                let tokens = batch.column(0).as_primitive_opt::<Int64Type>();
                sum += tokens.into_iter().flatten().flatten().map(|tokens| tokens as u64).sum::<u64>();
            }
        }
    }
    Ok((rows, counted.then_some(sum)))
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, new_null_array};

    use super::*;
    use crate::output::codec::Codec;
    use crate::output::parquet_file::{PartFile, Style};
    use crate::output::target::InFolder;

    /// A slab of so many kept rows, of three tokens each.
    fn slab(path: &Path, table: &Table, rows: usize) {
        let schema = table.schema();
        let column = |field: &arrow::datatypes::FieldRef| -> ArrayRef {
            match field.name().as_str() {
                "id" => Arc::new((0..rows).map(|row| Some(format!("{row}"))).collect::<StringArray>()),
                TOKENS => Arc::new(Int64Array::from(vec![3; rows])),
                _ => new_null_array(field.data_type(), rows),
            }
        };
        let columns = schema.fields().iter().map(column).collect();
        let mut file = PartFile::create(path, schema.clone(), Style::Ship(Codec::default())).unwrap();
        file.write(&RecordBatch::try_new(schema, columns).unwrap(), &vec![10; rows]).unwrap();
        file.finish().unwrap();
    }

    /// Whoever writes a shard, in whatever order and company: the same bytes, rows and tokens.
    #[test]
    fn a_shard_is_a_function_of_its_own_slabs() {
        let here = tempfile::tempdir().unwrap();
        let signals = vec![(TOKENS.to_owned(), Kind::Int)];
        let table = Table::Kept { usage: Use::Pretrain, signals, filled: Filled::default() };
        let slabs: Vec<PathBuf> = (0..5).map(|number| here.path().join(format!("slab-{number}.parquet"))).collect();
        slabs.iter().enumerate().for_each(|(number, path)| slab(path, &table, 40 + number));
        let labels = BTreeMap::from([("corpus.use".to_owned(), "pretrain".to_owned())]);
        let shards = plan(("data", "part"), (&table, &labels), slabs.iter().map(|path| (path.clone(), 10)), 20);
        let names: Vec<&str> = shards.iter().map(|shard| shard.name.as_str()).collect();
        assert_eq!(names, [0, 1, 2].map(|number| format!("data/part-0000{number}.parquet")));
        let (all, alone) = (InFolder(here.path().join("all")), InFolder(here.path().join("alone")));
        let written: Vec<Written> = shards.iter().map(|shard| write(shard, &all).unwrap()).collect();
        assert_eq!(written.iter().map(|made| made.rows).collect::<Vec<_>>(), [81, 85, 44]);
        for (shard, made) in shards.iter().zip(&written).rev() {
            // As somebody else would be told of it.
            let told: Shard = serde_json::from_slice(&serde_json::to_vec(shard).unwrap()).unwrap();
            assert_eq!(told, *shard);
            assert_eq!(write(&told, &alone).unwrap(), *made);
            assert_eq!(made.tokens, Some(3 * made.rows));
            let [one, other] = [&all, &alone].map(|folder| std::fs::read(folder.0.join(&shard.name)).unwrap());
            assert!(one == other && one.len() as u64 == made.bytes);
        }
    }
}
