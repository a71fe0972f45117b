//! One row of a finished build traced back through the work folder: the file it stands in, what was measured of it at
//! each stage, and what was cut out of it.

use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float64Type, Int64Type, UInt64Type};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{RowSelection, RowSelector};
use serde_json::{Value as Json, json};

use super::publish::manifest::{FileLine, Manifest, SourceLine};
use crate::Result;
use crate::output::parquet_files::{open, within};

/// A signal, the number of the stage that measured it, and its value.
pub type Measured = (String, usize, Json);

/// What the work folder tells of a row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    /// Its source and file, as places in the manifest; none where a `limit` left rows out.
    pub file: Option<(usize, usize)>,
    /// Its place among the rows of that file, from 0.
    pub row: u64,
    /// What was measured.
    pub signals: Vec<Measured>,
    /// What stages took out: number of the stage, bytes from and to.
    pub cuts: Vec<(usize, Vec<(u64, u64)>)>,
}

/// Traces the row `id` of a source (by its name in the output). None where the work folder does not hold what this build
/// was made of, or not this row.
///
/// # Errors
///
/// [`Error`](crate::Error) where a file of the work folder cannot be read.
pub fn trace(manifest: &Manifest, work: &Path, source: &str, id: &str) -> Result<Option<Trace>> {
    let Some(folders) = manifest.timings.get("work") else { return Ok(None) };
    let Some(scan) = folders["scan"].as_str() else { return Ok(None) };
    let units = within(&work.join(scan));
    let mut rows = Vec::new();
    for unit in &units {
        rows.push(open(unit)?.metadata().file_metadata().num_rows().max(0) as u64);
    }
    let whole = rows.iter().sum::<u64>() == manifest.totals.read;
    let within = whole.then(|| span(manifest, source)).flatten();
    let own = find(&units, &rows, id, within)?;
    let place = match own {
        Some(place) => place,
        None => match generated(manifest, id).filter(|_| whole) {
            Some(place) => place,
            None => return Ok(None),
        },
    };
    let mut trace = Trace::default();
    if whole && let Some((file, row)) = file_of(manifest, place) {
        (trace.file, trace.row) = (Some(file), row);
    }
    let (mut unit, mut at) = (0, place);
    while rows.get(unit).is_some_and(|n| *n <= at) {
        at -= rows[unit];
        unit += 1;
    }
    let Some(path) = units.get(unit) else { return Ok(None) };
    let (ord, signals) = measured(path, at)?;
    trace.signals = signals;
    for (number, folder) in folders["cuts"].as_object().into_iter().flatten() {
        let (Ok(number), Some(folder), Some(name)) = (number.parse(), folder.as_str(), path.file_name()) else {
            continue;
        };
        let spans = cut(&work.join(folder).join("cuts").join(name), ord)?;
        if !spans.is_empty() {
            trace.cuts.push((number, spans));
        }
    }
    Ok(Some(trace))
}

/// All files in the order of row keys, with the rows of each.
fn files(manifest: &Manifest) -> impl Iterator<Item = ((usize, usize), &SourceLine, &FileLine)> {
    let of = |(at, source): (usize, &'_ SourceLine)| (at, source.files.len());
    let all: Vec<(usize, usize)> = manifest.sources.iter().enumerate().map(of).collect();
    all.into_iter().flat_map(move |(at, files)| {
        (0..files).map(move |file| ((at, file), &manifest.sources[at], &manifest.sources[at].files[file]))
    })
}

/// The rows of a source: from, to.
fn span(manifest: &Manifest, source: &str) -> Option<(u64, u64)> {
    let (mut before, mut found) = (0, None);
    for (_, line, file) in files(manifest) {
        if line.name == source {
            found = Some((found.map_or(before, |f: (u64, u64)| f.0), before + file.rows));
        }
        before += file.rows;
    }
    found
}

/// The place of a row that has the id of its own: itself, or the nth of those that had it.
fn find(units: &[PathBuf], rows: &[u64], id: &str, within: Option<(u64, u64)>) -> Result<Option<u64>> {
    let nth = id.rsplit_once('~').and_then(|(base, n)| Some((base, n.parse::<u64>().ok()?)));
    let (mut before, mut seen) = (0, 0);
    for (path, count) in units.iter().zip(rows) {
        let reader = open(path)?;
        let mask = ProjectionMask::columns(reader.parquet_schema(), ["id"]);
        let mut at = before;
        for batch in reader.with_projection(mask).with_batch_size(8192).build()? {
            let batch = batch?;
            let Some(ids) = batch.columns().first().and_then(|c| c.as_string_opt::<i32>()) else { break };
            for own in ids {
                let here = within.is_none_or(|(from, to)| (from..to).contains(&at));
                if own == Some(id) && here {
                    return Ok(Some(at));
                }
                // Ids are made unique over all sources.
                if let Some((base, nth)) = nth
                    && own == Some(base)
                {
                    seen += 1;
                    if seen == nth {
                        return Ok(Some(at));
                    }
                }
                at += 1;
            }
        }
        before += count;
    }
    Ok(None)
}

/// The place of a row whose id is made of source and ordinal.
fn generated(manifest: &Manifest, id: &str) -> Option<u64> {
    let (source, ordinal) = id.rsplit_once(':')?;
    let ordinal: u64 = ordinal.parse().ok()?;
    let (label, part) = match source.split_once('/') {
        Some((label, part)) if !manifest.sources.iter().any(|s| s.name == source) => (label, Some(part)),
        _ => (source, None),
    };
    let mut before = 0;
    for (_, line, file) in files(manifest) {
        if line.name == label && part.is_none_or(|p| file.part.as_deref() == Some(p)) {
            return Some(before + ordinal);
        }
        before += file.rows;
    }
    None
}

/// The file that holds a row, and its place in there.
fn file_of(manifest: &Manifest, place: u64) -> Option<((usize, usize), u64)> {
    let mut before = 0;
    for (at, _, file) in files(manifest) {
        if place < before + file.rows {
            return Some((at, place - before));
        }
        before += file.rows;
    }
    None
}

/// Row `at` of a unit: its key, and its signals.
fn measured(path: &Path, at: u64) -> Result<(u64, Vec<Measured>)> {
    let reader = open(path)?;
    let fields = reader.schema().fields().clone();
    let wanted =
        fields.iter().enumerate().filter(|(_, f)| f.name() == "ord" || signal(f.name(), f.data_type()).is_some());
    let mask = ProjectionMask::roots(reader.parquet_schema(), wanted.map(|(i, _)| i));
    let rows = RowSelection::from(vec![RowSelector::skip(at as usize), RowSelector::select(1)]);
    let Some(batch) = reader.with_projection(mask).with_row_selection(rows).build()?.next() else {
        return Ok((0, Vec::new()));
    };
    let batch: RecordBatch = batch?;
    let (mut ord, mut signals) = (0, Vec::new());
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        if field.name() == "ord" {
            ord = column.as_primitive::<UInt64Type>().value(0);
        } else if let Some((name, number)) = signal(field.name(), field.data_type()) {
            signals.push((name.to_owned(), number, value(column.as_ref())));
        }
    }
    Ok((ord, signals))
}

/// `signal@number`, where the column is a signal or what a stage says of a row.
fn signal<'n>(column: &'n str, kind: &DataType) -> Option<(&'n str, usize)> {
    let (name, number) = column.split_once('@')?;
    let is_signal = matches!(kind, DataType::Int64 | DataType::Float64 | DataType::Utf8);
    is_signal.then_some((name.trim_end_matches("_key"), number.parse().ok()?))
}

fn value(column: &dyn Array) -> Json {
    match column.data_type() {
        _ if column.is_null(0) => Json::Null,
        DataType::Int64 => json!(column.as_primitive::<Int64Type>().value(0)),
        DataType::Float64 => json!(column.as_primitive::<Float64Type>().value(0)),
        _ => json!(column.as_string::<i32>().value(0)),
    }
}

/// What a file of cuts takes out of row `ord`.
fn cut(path: &Path, ord: u64) -> Result<Vec<(u64, u64)>> {
    if !path.is_file() {
        return Ok(Vec::new());
    }
    for batch in open(path)?.build()? {
        let batch = batch?;
        let ords = batch.column(0).as_primitive::<UInt64Type>();
        let Ok(row) = ords.values().binary_search(&ord) else { continue };
        let spans = batch.column(1).as_list::<i32>().value(row);
        let ends = spans.as_struct().columns().iter().map(|c| c.as_primitive::<Int64Type>());
        let ends: Vec<_> = ends.collect();
        return Ok((0..spans.len()).map(|i| (ends[0].value(i) as u64, ends[1].value(i) as u64)).collect());
    }
    Ok(Vec::new())
}
