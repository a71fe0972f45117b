//! The kept rows as they lie in files, for whoever reads them in order: rows and tokens of each file, and of each split.

use std::fs::File;
use std::path::Path;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde::{Deserialize, Serialize};

use super::tables::{split_of, tables};
use crate::pipeline::inputs::Inputs;
use crate::pipeline::run::slabs::Layout;
use crate::rows::Use;
use crate::rows::column::TOKENS;
use crate::rows::split::Split;
use crate::{Error, Result};

/// Rows of a source that are in a split.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SplitLine {
    /// The split.
    pub split: Split,
    /// The source.
    pub source: String,
    /// The use of its rows.
    #[serde(rename = "use")]
    pub usage: Use,
    /// Kept rows, copies too.
    pub rows: u64,
    /// Their characters.
    pub chars: u64,
}

/// A file of kept rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardLine {
    /// Its path within the output folder.
    pub path: String,
    /// The use of its rows.
    #[serde(rename = "use")]
    pub usage: Use,
    /// The split, where rows are held out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<Split>,
    /// How many rows of the same use and split lie in the files before it: the number of its first row, from 0.
    pub first: u64,
    /// Its rows.
    pub rows: u64,
    /// Their tokens, where a stage counts them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
}

/// Kept rows by split and source, parts of one card together; none where no row is held out.
pub fn splits(inputs: &Inputs, layout: &Layout) -> Vec<SplitLine> {
    let mut lines: Vec<SplitLine> = Vec::new();
    for ((source, split), (rows, chars)) in &layout.splits {
        let of = &inputs.sources[*source];
        let (source, usage, split) = (&of.source.label, of.usage, *split);
        match lines.iter_mut().find(|l| l.source == *source && l.usage == usage && l.split == split) {
            Some(line) => (line.rows, line.chars) = (line.rows + rows, line.chars + chars),
            None => lines.push(SplitLine { split, source: source.clone(), usage, rows: *rows, chars: *chars }),
        }
    }
    lines.sort_by_key(|line| line.split);
    lines
}

/// The files of kept rows in a folder, in the order in which they are read.
///
/// # Errors
///
/// [`Error::Io`] where a file cannot be opened, [`Error::Engine`] where it is no Parquet.
pub fn shards(folder: &Path) -> Result<Vec<ShardLine>> {
    let mut lines = Vec::new();
    for table in tables(folder, &Use::ALL) {
        let mut first = 0;
        for path in &table.files {
            let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).map_err(Error::io(path))?)?;
            let rows = u64::try_from(reader.metadata().file_metadata().num_rows()).unwrap_or(0);
            let shown = path.strip_prefix(folder).unwrap_or(path).to_string_lossy().into_owned();
            let (usage, split, tokens) = (table.usage, split_of(path), tokens(reader)?);
            lines.push(ShardLine { path: shown, usage, split, first, rows, tokens });
            first += rows;
        }
    }
    Ok(lines)
}

/// The sum of the column of tokens, where there is one.
fn tokens(reader: ParquetRecordBatchReaderBuilder<File>) -> Result<Option<u64>> {
    if reader.schema().index_of(TOKENS).is_err() {
        return Ok(None);
    }
    let mask = ProjectionMask::columns(reader.parquet_schema(), [TOKENS]);
    let mut sum = 0;
    for batch in reader.with_projection(mask).with_batch_size(8192).build()? {
        let batch = batch?;
        let tokens = batch.column(0).as_primitive_opt::<Int64Type>();
        sum += tokens.into_iter().flatten().flatten().map(|tokens| tokens as u64).sum::<u64>();
    }
    Ok(Some(sum))
}
