//! The tables of a finished build by row groups: narrow columns read side by side on all cores, and single rows by their
//! places. What is held depends on what is asked for, and not on the build.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::{Array, AsArray, Int32Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Int32Type, Schema};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::file::statistics::Statistics;

use super::rows_of::Part;
use super::show::{self, Fields};
use crate::Result;
use crate::output::parquet_files::Input;

/// Rows that are read at a time where a few narrow columns are.
const NARROW: usize = 8192;
/// Rows that are read at a time where they are read whole.
const WHOLE: usize = 64;
/// Columns of few words, read as numbers of words.
const REPEATING: [&str; 9] = ["source", "subset", "use", "language", "script", "license", "stage", "reason", "limit"];

/// A file of a table, its footer read.
struct Opened {
    path: PathBuf,
    /// Columns as they are.
    whole: ArrowReaderMetadata,
    /// Columns of few words as numbers of words.
    narrow: ArrowReaderMetadata,
}

/// A row group of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    file: usize,
    index: usize,
    /// The place of its first row in the table.
    pub first: u64,
    /// Its rows.
    pub rows: u64,
}

/// A table of a build, opened.
pub struct Table {
    /// Its name and files.
    pub part: Part,
    files: Vec<Opened>,
    groups: Vec<Group>,
    rows: u64,
}

impl Table {
    /// Opens the files of a table.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io) of a file that cannot be opened, [`Error::Engine`](crate::Error::Engine) of one that is no Parquet.
    pub fn open(part: &Part) -> Result<Table> {
        let mut table = Table { part: part.clone(), files: Vec::new(), groups: Vec::new(), rows: 0 };
        for path in &part.files {
            let file = Input::open(path)?;
            let whole = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())?;
            let options = ArrowReaderOptions::new().with_schema(Arc::new(numbered(whole.schema())));
            let narrow = ArrowReaderMetadata::try_new(whole.metadata().clone(), options)?;
            for index in 0..whole.metadata().num_row_groups() {
                let rows = whole.metadata().row_group(index).num_rows().max(0) as u64;
                table.groups.push(Group { file: table.files.len(), index, first: table.rows, rows });
                table.rows += rows;
            }
            table.files.push(Opened { path: path.clone(), whole, narrow });
        }
        Ok(table)
    }

    /// Opens several.
    ///
    /// # Errors
    /// As [`Table::open`].
    pub fn open_all(parts: &[Part]) -> Result<Vec<Table>> {
        parts.iter().map(Table::open).collect()
    }

    /// How many rows it has.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Its row groups, in order.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Its files, each with the place of its first row.
    pub fn files(&self) -> impl Iterator<Item = (&PathBuf, u64)> {
        let first =
            |at: usize| self.groups.iter().find(|group| group.file >= at).map_or(self.rows, |group| group.first);
        self.files.iter().enumerate().map(move |(at, file)| (&file.path, first(at)))
    }

    /// Its columns; none where it has no file.
    pub fn columns(&self) -> &[Arc<Field>] {
        self.files.first().map_or(&[], |file| file.whole.schema().fields())
    }

    /// Whether it has a column.
    pub fn has(&self, name: &str) -> bool {
        self.columns().iter().any(|field| field.name() == name)
    }

    /// The least and the greatest value of a column of numbers in a row group, where the file says them.
    pub fn range(&self, group: &Group, name: &str) -> Option<(f64, f64)> {
        let metadata = self.files[group.file].whole.metadata().row_group(group.index);
        let column = metadata.columns().iter().find(|column| column.column_descr().path().string() == name)?;
        match column.statistics()? {
            Statistics::Int64(of) => Some((*of.min_opt()? as f64, *of.max_opt()? as f64)),
            Statistics::Double(of) => Some((*of.min_opt()?, *of.max_opt()?)),
            _ => None,
        }
    }

    /// Some columns of a row group, batch after batch.
    ///
    /// # Errors
    /// As [`Table::open`].
    pub fn narrow(&self, group: &Group, columns: &[&str]) -> Result<ParquetRecordBatchReader> {
        let file = &self.files[group.file];
        let open = Input::open(&file.path)?;
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(open, file.narrow.clone());
        let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
        Ok(builder.with_projection(mask).with_row_groups(vec![group.index]).with_batch_size(NARROW).build()?)
    }

    /// Goes through some columns of all rows on all cores: `step` is given a batch and the place of its first row. Each
    /// core has a state of its own; they come back in no order.
    ///
    /// # Errors
    /// As [`Table::open`], and what `step` gives back.
    pub fn fold<A: Send>(
        &self,
        columns: &[&str],
        new: impl Fn() -> A + Sync,
        step: impl Fn(&mut A, &RecordBatch, u64) -> Result<()> + Sync,
    ) -> Result<Vec<A>> {
        on_all_cores(&self.groups, new, |state, group| {
            let mut first = group.first;
            for batch in self.narrow(group, columns)? {
                let batch = batch?;
                step(state, &batch, first)?;
                first += batch.num_rows() as u64;
            }
            Ok(())
        })
    }

    /// The rows at some places, whole, in the order of the places.
    ///
    /// # Errors
    /// As [`Table::open`].
    pub fn at(&self, places: &[u64]) -> Result<Vec<Fields>> {
        let read =
            self.each_at(places, Vec::new, |found: &mut Vec<(u64, Fields)>, place, row| found.push((place, row)))?;
        let mut rows: Vec<(u64, Fields)> = read.into_iter().flatten().collect();
        rows.sort_by_key(|row| row.0);
        let row = |place: &u64| rows.binary_search_by_key(place, |row| row.0).ok().map(|at| rows[at].1.clone());
        Ok(places.iter().filter_map(row).collect())
    }

    /// Looks at the rows at some places, whole, on all cores, each with a state of its own; a few are held at a time.
    ///
    /// # Errors
    /// As [`Table::open`].
    pub fn each_at<A: Send>(
        &self,
        places: &[u64],
        new: impl Fn() -> A + Sync,
        see: impl Fn(&mut A, u64, Fields) + Sync,
    ) -> Result<Vec<A>> {
        let mut sorted = places.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        let within = |group: &Group| {
            let before = |end: u64| sorted.partition_point(|place| *place < end);
            before(group.first)..before(group.first + group.rows)
        };
        let wanted: Vec<Group> = self.groups.iter().filter(|group| !within(group).is_empty()).copied().collect();
        on_all_cores(&wanted, new, |state, group| {
            let places = &sorted[within(group)];
            let mut left = places.iter();
            for batch in self.selected(group, places)? {
                show::rows(&batch?).into_iter().zip(left.by_ref()).for_each(|(row, place)| see(state, *place, row));
            }
            Ok(())
        })
    }

    /// Some rows of a row group, whole; of those between nothing is decoded.
    fn selected(&self, group: &Group, places: &[u64]) -> Result<ParquetRecordBatchReader> {
        let file = &self.files[group.file];
        let open = Input::open(&file.path)?;
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(open, file.whole.clone());
        let ranges = places.iter().map(|place| (place - group.first) as usize).map(|row| row..row + 1);
        let selection = RowSelection::from_consecutive_ranges(ranges, group.rows as usize);
        Ok(builder.with_row_groups(vec![group.index]).with_row_selection(selection).with_batch_size(WHOLE).build()?)
    }

    /// One column of texts of some stretches of rows, with the place of each batch's first row: what is searched.
    ///
    /// # Errors
    /// As [`Table::open`].
    pub fn texts(&self, group: &Group) -> Result<ParquetRecordBatchReader> {
        let file = &self.files[group.file];
        let open = Input::open(&file.path)?;
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(open, file.whole.clone());
        let schema = builder.schema().clone();
        let roots = self.part.texts().iter().filter_map(|name| schema.index_of(name).ok());
        let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
        Ok(builder.with_projection(mask).with_row_groups(vec![group.index]).with_batch_size(1024).build()?)
    }
}

/// The schema in which columns of few words are numbers of words.
fn numbered(schema: &Schema) -> Schema {
    let kind = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let field = |field: &Arc<Field>| match field.data_type() {
        DataType::Utf8 if REPEATING.contains(&field.name().as_str()) => {
            Arc::new(field.as_ref().clone().with_data_type(kind.clone()))
        }
        _ => field.clone(),
    };
    Schema::new(schema.fields().iter().map(field).collect::<Vec<_>>())
}

/// A column of few words in a batch.
pub struct Words<'b> {
    keys: &'b Int32Array,
    /// Its words.
    pub words: &'b StringArray,
}

impl<'b> Words<'b> {
    /// A column of a batch of [`Table::narrow`]; none where the batch has no such column.
    pub fn of(batch: &'b RecordBatch, name: &str) -> Option<Words<'b>> {
        let column = batch.column_by_name(name)?.as_dictionary_opt::<Int32Type>()?;
        Some(Words { keys: column.keys(), words: column.values().as_string_opt::<i32>()? })
    }

    /// The number of a row's word.
    pub fn key(&self, row: usize) -> Option<usize> {
        self.keys.is_valid(row).then(|| self.keys.value(row) as usize)
    }

    /// A row's word.
    pub fn get(&self, row: usize) -> Option<&'b str> {
        self.key(row).map(|key| self.words.value(key))
    }
}

/// Works on items on all cores; each core has a state of its own, and they come back in no order.
///
/// # Errors
/// The first that `work` gives back.
pub fn on_all_cores<T: Sync, A: Send>(
    items: &[T],
    new: impl Fn() -> A + Sync,
    work: impl Fn(&mut A, &T) -> Result<()> + Sync,
) -> Result<Vec<A>> {
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(items.len()).max(1);
    let run = || {
        let mut state = new();
        while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
            work(&mut state, item)?;
        }
        Ok(state)
    };
    std::thread::scope(|scope| {
        let running: Vec<_> = (1..threads).map(|_| scope.spawn(run)).collect();
        let mut done: Vec<Result<A>> = vec![run()];
        done.extend(running.into_iter().map(|thread| match thread.join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        }));
        done.into_iter().collect()
    })
}
