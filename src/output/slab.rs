//! What a build hands over: the public columns, and the routing of a slab's rows to `data`, `dropped` and `unreadable`.
//!
//! A slab is a stretch of row keys, planned from the sizes of its rows (`pipeline/run/slabs.rs`); its three files hold whole
//! row groups, which [`crate::output::shards`] strings together into shards without encoding anything again.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, StringArray, StringBuilder, UInt64Array,
    new_null_array,
};
use arrow::compute::{SlicesIterator, filter_record_batch, not, or, take_record_batch};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef, UInt64Type};
use serde::{Deserialize, Serialize};

use super::codec::Codec;
use super::parquet_file::{LARGE, PartFile, Style};
use super::scatter::{BATCH_BYTES, Scatter, ScatterSpec, kind, scattered};
use super::take::{NOT_SAMPLED, Take};
use crate::rows::column::Kind;
use crate::rows::draw::sampled;
use crate::rows::spans::spans_type;
use crate::rows::split::{SPLIT, Split};
use crate::rows::turns::{show, shown};
use crate::rows::{self, Filled, Use};
use crate::{Error, Result};

/// How the rows of one source become output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutputSpec {
    /// The folder for slabs.
    pub folder: PathBuf,
    /// `(first row key, number)` of each slab, ascending.
    pub slabs: Vec<(u64, u64)>,
    /// Numbers of slabs with a row of [`LARGE`] bytes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub large: Vec<u64>,
    /// The use of the rows.
    pub usage: Use,
    /// Name of the source.
    pub source: String,
    /// The part of a card that it is: the subset of rows that name none.
    pub subset: Option<String>,
    /// Licence of the source.
    pub license: Option<String>,
    /// Language of the source, where stated.
    pub language: Option<String>,
    /// Columns that hold the measured language, the last first: the first that has a value says it.
    pub measured_language: Vec<String>,
    /// Columns that hold the measured script, in the same way.
    pub measured_script: Vec<String>,
    /// Signals in `data/`: `(name, type, column it comes from)`; a column that this source lacks is null.
    pub signals: Vec<(String, Kind, Option<String>)>,
    /// Share of dropped rows that keep their content.
    pub dropped_text: f64,
    /// Which fields of messages are filled in `data/` and in `dropped/` of the use.
    pub filled: [Filled; 2],
    /// How often kept rows come, where a mix repeats them.
    pub take: Option<Take>,
    /// How pages are compressed.
    pub codec: Codec,
    /// How kept rows of each split are spread, where they are to be shuffled; empty where they are not.
    pub scatter: Vec<ScatterSpec>,
    /// `(first piece, path)` of each file, ascending, for `unreadable/`.
    pub paths: Vec<(u64, String)>,
}

impl OutputSpec {
    /// How the files of a slab are written.
    fn style(&self, slab: u64) -> Style {
        Style::ship(self.codec, self.large.contains(&slab))
    }
}

/// The schema of `data/{use}`, where rows fill these fields of messages.
pub fn data_schema(usage: Use, signals: &[(String, Kind)], filled: Filled) -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let common = ["id", "source", "subset", "use", "language", "script", "license", "url", "meta"].map(text);
    let signals = signals.iter().map(|(name, kind)| Field::new(name, kind.data_type(), true));
    let fields: Vec<Field> = common.into_iter().chain(shown(usage, filled)).chain(signals).collect();
    Arc::new(Schema::new(fields))
}

/// The schema of `dropped/{use}`, where rows fill these fields of messages.
pub fn dropped_schema(usage: Use, filled: Filled) -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let mut fields: Vec<Field> =
        ["id", "source", "use", "stage", "reason", "value", "limit", "kept_id"].map(text).to_vec();
    fields.push(Field::new("similarity", DataType::Float64, true));
    fields.push(Field::new("spans", spans_type(), true));
    fields.extend(["subset", "language", "script", "license", "url", "meta"].map(text));
    fields.extend(shown(usage, filled));
    Arc::new(Schema::new(fields))
}

/// The schema of `unreadable/`.
pub fn unreadable_schema() -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    Arc::new(Schema::new(vec![
        text("source"),
        text("path"),
        Field::new("offset", DataType::UInt64, true),
        Field::new("line", DataType::UInt64, true),
        text("reason"),
        text("detail"),
        text("head"),
    ]))
}

/// The file of one kind (`data`, `dropped`, `unreadable`) of a slab.
pub fn slab_file(folder: &Path, slab: u64, kind: &str) -> PathBuf {
    folder.join(format!("slab-{slab:06}.{kind}.parquet"))
}

/// Where kept rows go.
#[allow(clippy::large_enum_variant, reason = "one a slab")]
enum Kept {
    /// To a file in the order of the slab.
    Ordered(PartFile),
    /// To a file arranged for the shuffle.
    Scattered(Scatter),
}

impl Kept {
    /// The file of the rows of a slab that are in a split.
    fn create(spec: &OutputSpec, slab: u64, schema: &SchemaRef, split: Split) -> Result<Self> {
        if let Some(scatter) = spec.scatter.get(split.number() as usize) {
            let path = scattered(&spec.folder, slab, split);
            return Ok(Kept::Scattered(Scatter::create(&path, schema, scatter)?));
        }
        let path = slab_file(&spec.folder, slab, kind(split));
        Ok(Kept::Ordered(PartFile::create(&path, schema.clone(), spec.style(slab))?))
    }

    fn finish(self) -> Result<()> {
        match self {
            Kept::Ordered(file) => file.finish(),
            Kept::Scattered(file) => file.finish(),
        }
    }

    fn write(&mut self, rows: &RecordBatch, sizes: &[u64]) -> Result<()> {
        match self {
            Kept::Ordered(file) => file.write(rows, sizes),
            Kept::Scattered(file) => file.write(rows, sizes),
        }
    }
}

/// Writes the rows of one slab.
pub struct SlabWriter {
    spec: OutputSpec,
    slab: u64,
    end: u64,
    data_schema: SchemaRef,
    dropped_schema: SchemaRef,
    data: Kept,
    /// Rows that are held out, by split.
    held: [Option<Kept>; 2],
    dropped: Option<PartFile>,
    unreadable: Option<PartFile>,
}

impl SlabWriter {
    /// Opens the slab that the row key `ord` belongs to.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`] where the key is in no slab; as [`PartFile::create`] and [`Scatter::create`].
    pub fn open(spec: &OutputSpec, ord: u64) -> Result<Self> {
        let at = spec.slabs.partition_point(|(first, _)| *first <= ord);
        let end = spec.slabs.get(at).map_or(u64::MAX, |next| next.0);
        let slab = at.checked_sub(1).map(|at| spec.slabs[at].1);
        let slab = slab.ok_or_else(|| Error::Engine(format!("row {ord:x} is in no slab")))?;
        let signals: Vec<_> = spec.signals.iter().map(|(name, kind, _)| (name.clone(), *kind)).collect();
        let data_schema = data_schema(spec.usage, &signals, spec.filled[0]);
        let dropped_schema = dropped_schema(spec.usage, spec.filled[1]);
        let data = Kept::create(spec, slab, &data_schema, Split::Train)?;
        Ok(SlabWriter {
            spec: spec.clone(),
            slab,
            end,
            data_schema,
            dropped_schema,
            data,
            held: [None, None],
            dropped: None,
            unreadable: None,
        })
    }

    /// The first row key behind the slab.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Routes a batch.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`] where the batch lacks a column of the output, [`Error::Io`] of writing.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let sizes: Vec<u64> = Input { batch }.int("row_bytes")?.values().iter().map(|v| *v as u64).collect();
        let mut start = 0;
        // A large row goes alone: what takes some rows out of a batch would copy it.
        for row in (0..sizes.len()).filter(|row| sizes[*row] >= LARGE) {
            self.route(&batch.slice(start, row - start), &sizes[start..row])?;
            self.route(&batch.slice(row, 1), &sizes[row..=row])?;
            start = row + 1;
        }
        self.route(&batch.slice(start, sizes.len() - start), &sizes[start..])
    }

    fn route(&mut self, batch: &RecordBatch, sizes: &[u64]) -> Result<()> {
        let input = Input { batch };
        let style = self.spec.style(self.slab);
        let unreadable = arrow::compute::is_not_null(input.column("error")?)?;
        let dropped = arrow::compute::is_not_null(input.column("stage")?)?;
        let kept = not(&or(&unreadable, &dropped)?)?;
        let dropped = arrow::compute::and(&dropped, &not(&unreadable)?)?;
        if kept.true_count() > 0 {
            self.kept_rows(&input, &kept, sizes)?;
        }
        if dropped.true_count() > 0 {
            let rows = self.dropped_rows(&input)?;
            let path = slab_file(&self.spec.folder, self.slab, "dropped");
            let file = opened(&mut self.dropped, &path, self.dropped_schema.clone(), style)?;
            some(&rows, &dropped, sizes, |rows, sizes| file.write(rows, sizes))?;
        }
        if unreadable.true_count() > 0 {
            let rows = self.unreadable_rows(&input)?;
            let path = slab_file(&self.spec.folder, self.slab, "unreadable");
            let file = opened(&mut self.unreadable, &path, rows.schema(), style)?;
            some(&rows, &unreadable, &vec![200; sizes.len()], |rows, sizes| file.write(rows, sizes))?;
        }
        Ok(())
    }

    /// Ends the slab's files; `data` comes last, so that its presence means that the slab is done.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] of writing the rest, syncing or renaming.
    pub fn finish(self) -> Result<()> {
        for file in [self.dropped, self.unreadable].into_iter().flatten() {
            file.finish()?;
        }
        for file in self.held.into_iter().flatten() {
            file.finish()?;
        }
        self.data.finish()
    }

    /// Writes rows that are kept, each to the file of its split.
    fn kept_rows(&mut self, input: &Input<'_>, kept: &BooleanArray, sizes: &[u64]) -> Result<()> {
        let rows = self.data_rows(input)?;
        let splits = input.batch.column_by_name(SPLIT).map(|column| column.as_primitive::<Int64Type>());
        let of = |row: usize| splits.filter(|s| s.is_valid(row)).map_or(Split::Train, |s| Split::of(s.value(row)));
        let mine = |split: Split| -> BooleanArray {
            (0..kept.len()).map(|row| Some(kept.value(row) && of(row) == split)).collect()
        };
        let held = if splits.is_some() { &Split::HELD_OUT[..] } else { &[] };
        for (split, file) in held.iter().zip(&mut self.held) {
            let mine = mine(*split);
            if mine.true_count() > 0 {
                let file = match file {
                    Some(file) => file,
                    None => file.insert(Kept::create(&self.spec, self.slab, &self.data_schema, *split)?),
                };
                // What is held out comes once.
                some(&rows, &mine, sizes, |rows, sizes| file.write(rows, sizes))?;
            }
        }
        let train = splits.map(|_| mine(Split::Train));
        some(&rows, train.as_ref().unwrap_or(kept), sizes, |rows, sizes| match &self.spec.take {
            None => self.data.write(rows, sizes),
            Some(take) => copies(rows, sizes, take, |rows, sizes| self.data.write(rows, sizes)),
        })
    }

    fn public(&self, input: &Input<'_>, name: &str) -> Result<ArrayRef> {
        let rows = input.batch.num_rows();
        let constant = |text: &str| Arc::new(StringArray::from(vec![text; rows])) as ArrayRef;
        let or_else = |columns: &[String], hint: Option<&str>, other: Option<&str>| -> Result<ArrayRef> {
            let columns = columns.iter().map(String::as_str).chain(hint);
            let columns = columns.map(|c| input.text(c)).collect::<Result<Vec<_>>>()?;
            let mut out = StringBuilder::new();
            for row in 0..rows {
                let value = columns.iter().find(|a| a.is_valid(row)).map(|a| a.value(row));
                out.append_option(value.or(other));
            }
            Ok(Arc::new(out.finish()))
        };
        Ok(match name {
            "id" => input.column("final_id")?.clone(),
            "source" => constant(&self.spec.source),
            "use" => constant(self.spec.usage.as_str()),
            "language" => or_else(&self.spec.measured_language, Some("language_hint"), self.spec.language.as_deref())?,
            "script" => or_else(&self.spec.measured_script, None, None)?,
            "subset" => or_else(&[], Some("subset"), self.spec.subset.as_deref())?,
            "license" => or_else(&[], Some("license"), self.spec.license.as_deref())?,
            other => input.column(other)?.clone(),
        })
    }

    fn data_rows(&self, input: &Input<'_>) -> Result<RecordBatch> {
        let signals = self.data_schema.fields().len() - self.spec.signals.len();
        let mut columns = Vec::with_capacity(self.data_schema.fields().len());
        for field in &self.data_schema.fields()[..signals] {
            columns.push(show(&self.public(input, field.name())?, field.data_type())?);
        }
        for (_, kind, column) in &self.spec.signals {
            columns.push(match column {
                Some(column) => input.column(column)?.clone(),
                None => new_null_array(&kind.data_type(), input.batch.num_rows()),
            });
        }
        rows_of(&self.data_schema, columns)
    }

    fn dropped_rows(&self, input: &Input<'_>) -> Result<RecordBatch> {
        let schema = &self.dropped_schema;
        let first_content = schema.fields().len() - rows::content(self.spec.usage).len();
        let without = self.without_content(input)?;
        let mut columns = Vec::with_capacity(schema.fields().len());
        for (index, field) in schema.fields().iter().enumerate() {
            let column = match field.name().as_str() {
                "stage" | "reason" | "value" | "limit" | "kept_id" | "similarity" | "spans" => {
                    input.column(field.name())?.clone()
                }
                name => show(&self.public(input, name)?, field.data_type())?,
            };
            columns.push(match &without {
                Some(without) if index >= first_content => arrow::compute::nullif(&column, without)?,
                _ => column,
            });
        }
        rows_of(schema, columns)
    }

    /// Which dropped rows leave their content out: those of a sample, and those over the share that keeps it.
    fn without_content(&self, input: &Input<'_>) -> Result<Option<BooleanArray>> {
        let (ids, reasons) = (input.text("final_id")?, input.text("reason")?);
        let kept = |id: &str| sampled(0, self.spec.dropped_text, id);
        let without: BooleanArray =
            (0..ids.len()).map(|row| Some(reasons.value(row) == NOT_SAMPLED || !kept(ids.value(row)))).collect();
        Ok((without.true_count() > 0).then_some(without))
    }

    fn unreadable_rows(&self, input: &Input<'_>) -> Result<RecordBatch> {
        let rows = input.batch.num_rows();
        let ords = input.column("ord")?.as_primitive::<UInt64Type>();
        let path = |row: usize| {
            let at = self.spec.paths.partition_point(|(first, _)| *first <= ords.value(row) >> 32);
            at.checked_sub(1).map(|at| self.spec.paths[at].1.as_str())
        };
        let lines = input.column("line")?.as_primitive::<UInt64Type>();
        let columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from(vec![self.spec.source.as_str(); rows])),
            Arc::new((0..rows).map(path).collect::<StringArray>()),
            input.column("offset")?.clone(),
            Arc::new(lines.values().iter().map(|line| Some(line + 1)).collect::<UInt64Array>()),
            input.column("error")?.clone(),
            input.column("error_detail")?.clone(),
            input.column("error_head")?.clone(),
        ];
        Ok(RecordBatch::try_new(unreadable_schema(), columns)?)
    }
}

/// A batch of a public schema, in which text may come as views.
fn rows_of(schema: &SchemaRef, columns: Vec<ArrayRef>) -> Result<RecordBatch> {
    let fields = schema.fields().iter().zip(&columns);
    let fields = fields.map(|(field, column)| match column.data_type() {
        DataType::Utf8View => Arc::new(field.as_ref().clone().with_data_type(DataType::Utf8View)),
        _ => field.clone(),
    });
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields.collect::<Vec<_>>())), columns)?)
}

fn opened<'a>(
    file: &'a mut Option<PartFile>,
    path: &Path,
    schema: SchemaRef,
    style: Style,
) -> Result<&'a mut PartFile> {
    match file {
        Some(file) => Ok(file),
        None => Ok(file.insert(PartFile::create(path, schema, style)?)),
    }
}

/// Bytes of text from which a stretch of rows is handed on where it lies. Shorter ones cost less copied together.
const STRETCH: u64 = 4 << 10;

/// Hands on some of the rows with their sizes, in order: stretches of the batch where these are long, so that their text
/// is not copied, else a batch of the rows alone. So too where it is the smaller part, which would keep the whole batch
/// in memory until it is written.
fn some(
    rows: &RecordBatch,
    which: &BooleanArray,
    sizes: &[u64],
    mut write: impl FnMut(&RecordBatch, &[u64]) -> Result<()>,
) -> Result<()> {
    let stretches: Vec<(usize, usize)> = SlicesIterator::new(which).collect();
    let bytes: u64 = stretches.iter().map(|(start, end)| sizes[*start..*end].iter().sum::<u64>()).sum();
    let larger = 2 * bytes >= sizes.iter().sum();
    if larger && bytes >= STRETCH * stretches.len() as u64 {
        return stretches
            .iter()
            .try_for_each(|(start, end)| write(&rows.slice(*start, end - start), &sizes[*start..*end]));
    }
    let sizes: Vec<u64> = stretches.iter().flat_map(|(start, end)| &sizes[*start..*end]).copied().collect();
    let rows = filter_record_batch(rows, which)?;
    write(&if larger { rows } else { apart(&rows)? }, &sizes)
}

/// The same rows, whose text holds nothing else in memory.
fn apart(rows: &RecordBatch) -> Result<RecordBatch> {
    let columns = rows.columns().iter().map(|column| match column.as_string_view_opt() {
        Some(views) => Arc::new(views.gc()) as ArrayRef,
        None => column.clone(),
    });
    Ok(RecordBatch::try_new(rows.schema(), columns.collect())?)
}

/// Hands rows on as often as a mix takes them, the copies of a row beside it: `id`, `id#2`, `id#3`, ….
fn copies(
    rows: &RecordBatch,
    sizes: &[u64],
    take: &Take,
    mut write: impl FnMut(&RecordBatch, &[u64]) -> Result<()>,
) -> Result<()> {
    let at = rows.schema().index_of("id")?;
    let ids = rows.column(at).as_string::<i32>();
    let mut places: Vec<(u64, u64)> = Vec::new();
    let mut write = |places: &mut Vec<(u64, u64)>| -> Result<()> {
        let indices = UInt64Array::from_iter_values(places.iter().map(|p| p.0));
        let mut columns = take_record_batch(rows, &indices)?.columns().to_vec();
        let id = |(row, nth): &(u64, u64)| match nth {
            1 => ids.value(*row as usize).to_owned(),
            nth => format!("{}#{nth}", ids.value(*row as usize)),
        };
        columns[at] = Arc::new(StringArray::from_iter_values(places.iter().map(id)));
        let sizes: Vec<u64> = places.iter().map(|p| sizes[p.0 as usize]).collect();
        write(&RecordBatch::try_new(rows.schema(), columns)?, &sizes)?;
        places.clear();
        Ok(())
    };
    let mut bytes = 0;
    for (row, size) in sizes.iter().enumerate() {
        for nth in 1..=take.copies(ids.value(row)) {
            places.push((row as u64, nth));
            bytes += size + 64;
            if bytes >= BATCH_BYTES {
                write(&mut places)?;
                bytes = 0;
            }
        }
    }
    if places.is_empty() { Ok(()) } else { write(&mut places) }
}

struct Input<'a> {
    batch: &'a RecordBatch,
}

impl Input<'_> {
    fn column(&self, name: &str) -> Result<&ArrayRef> {
        self.batch.column_by_name(name).ok_or_else(|| Error::Engine(format!("the rows have no column {name}")))
    }
    fn text(&self, name: &str) -> Result<&StringArray> {
        let column = self.column(name)?;
        column.as_string_opt::<i32>().ok_or_else(|| Error::Engine(format!("column {name} is not text")))
    }
    fn int(&self, name: &str) -> Result<&Int64Array> {
        let column = self.column(name)?;
        column.as_primitive_opt::<Int64Type>().ok_or_else(|| Error::Engine(format!("column {name} is not a count")))
    }
}
