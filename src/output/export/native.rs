//! The build's own columns in shards: rows are handed on as the batches that they came in.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};

use super::Example;
use super::folder::{Out, Staging, Written};
use crate::Result;
use crate::output::codec::Codec;
use crate::output::parquet_file::{RowFile, Style};

/// Parquet files `NAME-00000-of-00002.parquet`, which `datasets` reads as the shards of a split.
pub struct Shards<'a> {
    staging: &'a Staging,
    /// Path of a shard, without its number.
    name: String,
    limit: u64,
    open: Option<(RowFile<Out>, SchemaRef)>,
    /// Bytes of text in the open shard.
    bytes: u64,
    /// Finished shards, under the names of the time of writing.
    made: Vec<Written>,
    run: Option<Run>,
}

/// Neighbouring rows of one batch that are not written yet.
struct Run {
    batch: RecordBatch,
    start: usize,
    /// Bytes of text in each.
    sizes: Vec<u64>,
}

impl Run {
    /// Whether a row stands right behind these.
    fn goes_on(&self, batch: &RecordBatch, at: usize) -> bool {
        self.start + self.sizes.len() == at && Arc::ptr_eq(self.batch.column(0), batch.column(0))
    }
}

impl<'a> Shards<'a> {
    /// Shards that end once their text has reached `limit` bytes.
    pub fn new(staging: &'a Staging, name: &str, limit: u64) -> Self {
        Shards { staging, name: name.to_owned(), limit, open: None, bytes: 0, made: Vec::new(), run: None }
    }

    /// Appends a row.
    ///
    /// # Errors
    ///
    /// What the system says of writing; [`Error::Engine`](crate::Error::Engine) where a file of the build has other columns than the first.
    pub fn row(&mut self, row: &Example<'_>) -> Result<()> {
        let (batch, at) = row.place();
        if self.bytes >= self.limit {
            self.end()?;
        }
        let size = row.size();
        self.bytes += size;
        match &mut self.run {
            Some(run) if run.goes_on(batch, at) => run.sizes.push(size),
            _ => {
                self.flush()?;
                self.run = Some(Run { batch: batch.clone(), start: at, sizes: vec![size] });
            }
        }
        Ok(())
    }

    /// Writes the rows that wait.
    fn flush(&mut self) -> Result<()> {
        let Some(run) = self.run.take() else { return Ok(()) };
        let (file, schema) = match &mut self.open {
            Some(open) => open,
            None => {
                // The labels of the build's files are the build's.
                let schema = Arc::new(Schema::new(run.batch.schema().fields().clone()));
                let out = Out(self.staging.file(&format!("{}.{:05}", self.name, self.made.len()))?);
                let file = RowFile::new(out, schema.clone(), Style::Ship(Codec::default()))?;
                self.open.insert((file, schema))
            }
        };
        let rows = RecordBatch::try_new(schema.clone(), run.batch.columns().to_vec())?;
        file.write(&rows.slice(run.start, run.sizes.len()), &run.sizes)
    }

    /// Ends the open shard.
    fn end(&mut self) -> Result<()> {
        self.flush()?;
        self.bytes = 0;
        if let Some((file, _)) = self.open.take() {
            self.made.push(file.end()?.0.close()?);
        }
        Ok(())
    }

    /// Ends the last shard, and gives all of them their names.
    ///
    /// # Errors
    ///
    /// What the system says of writing and renaming.
    pub fn close(mut self) -> Result<Vec<Written>> {
        self.end()?;
        let shards = self.made.len();
        let named = |(number, made): (usize, Written)| {
            let name = format!("{}-{number:05}-of-{shards:05}.parquet", self.name);
            self.staging.rename(made, name)
        };
        self.made.into_iter().enumerate().map(named).collect()
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, StringArray};

    use super::*;
    use crate::rows::Use;

    #[test]
    fn shards_end_by_their_text_and_say_how_many_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let staging = Staging::new(&folder.path().join("out")).unwrap();
        let column = |texts: [&str; 4]| Arc::new(StringArray::from_iter_values(texts)) as ArrayRef;
        let columns = [("id", column(["a", "b", "c", "d"])), ("text", column(["十个字节", "十", "一百", "千"]))];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let mut shards = Shards::new(&staging, "data/pretrain/train", 10);
        for at in 0..4 {
            shards.row(&Example::of(Use::Pretrain, &batch, at, folder.path()).unwrap()).unwrap();
        }
        let written = shards.close().unwrap();
        let names: Vec<&str> = written.iter().map(|file| file.path.as_str()).collect();
        let name = |n: usize| format!("data/pretrain/train-0000{n}-of-00002.parquet");
        assert_eq!(names, [name(0), name(1)]);
        staging.publish(b"{}\n").unwrap();
        let rows = |n: usize| {
            let file = std::fs::File::open(folder.path().join("out").join(name(n))).unwrap();
            let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
            let batches: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
            batches[0].column(0).clone()
        };
        let ids = |ids: &[&str]| Arc::new(StringArray::from_iter_values(ids)) as ArrayRef;
        // The first text has 12 bytes, the next two 9 together: the third row does not end the second shard's run.
        assert_eq!((rows(0), rows(1)), (ids(&["a"]), ids(&["b", "c", "d"])));
    }
}
