//! Slabs strung together to shards: row groups are copied as they are, nothing is encoded again.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use parquet::column::writer::ColumnCloseResult;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::FileReader;
use parquet::file::serialized_reader::SerializedFileReader;
use parquet::file::writer::SerializedFileWriter;

use super::parquet_file::CREATED_BY;
use super::target::Target;
use crate::{Error, Result};

/// A shard that is to be written.
pub struct Shard {
    /// Its name within the output: `data/pretrain/part-00000.parquet`.
    pub name: String,
    /// The slab files that it is made of, in order.
    pub parts: Vec<PathBuf>,
    /// Its schema.
    pub schema: SchemaRef,
}

/// Plans shards, called `folder/stem-00000.parquet` and so on: a new one begins once the text in the last has reached
/// `limit` bytes. `slabs`: file and bytes of text, in order.
pub fn plan(
    (folder, stem): (&str, &str),
    schema: &SchemaRef,
    slabs: impl Iterator<Item = (PathBuf, u64)>,
    limit: u64,
) -> Vec<Shard> {
    let mut shards: Vec<Shard> = Vec::new();
    let mut bytes = limit;
    for (part, size) in slabs {
        if bytes >= limit {
            let name = format!("{folder}/{stem}-{:05}.parquet", shards.len());
            shards.push(Shard { name, parts: Vec::new(), schema: schema.clone() });
            bytes = 0;
        }
        bytes += size;
        if let Some(shard) = shards.last_mut() {
            shard.parts.push(part);
        }
    }
    shards
}

/// Writes a shard and labels it; its bytes.
///
/// # Errors
///
/// [`Error::Io`] of reading the slabs; [`Error::Engine`] where a slab is broken; what the target says.
pub fn write(shard: &Shard, labels: &BTreeMap<String, String>, target: &dyn Target) -> Result<u64> {
    if let Some(bytes) = target.finished(&shard.name)? {
        return Ok(bytes);
    }
    let expected = shard.parts.iter().filter_map(|part| Some(std::fs::metadata(part).ok()?.len())).sum();
    let file = target.create(&shard.name, expected)?;
    // Readers that go by Arrow's own schema (pyarrow's `schema.metadata`) see the labels there.
    let labelled = shard.schema.as_ref().clone().with_metadata(labels.clone().into_iter().collect());
    let mut labels: Vec<KeyValue> = labels.iter().map(|(k, v)| KeyValue::new(k.clone(), v.clone())).collect();
    labels.push(KeyValue::new(
        parquet::arrow::ARROW_SCHEMA_META_KEY.to_owned(),
        parquet::arrow::encode_arrow_schema(&labelled),
    ));
    let properties =
        WriterProperties::builder().set_created_by(CREATED_BY.into()).set_key_value_metadata(Some(labels)).build();
    let schema = parquet::arrow::ArrowSchemaConverter::new().convert(&shard.schema)?;
    let mut writer = SerializedFileWriter::new(file, schema.root_schema_ptr(), Arc::new(properties))?;
    for part in &shard.parts {
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
    }
    writer.into_inner()?.finish()
}
