//! The tables that queries see of a finished build: kept rows, those of each use, dropped and unreadable ones, and what
//! was measured of every row, where the work folder is there.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use arrow::datatypes::DataType;

use super::rows_of::{self, UNREADABLE};
use crate::Result;
use crate::engine::sql::{Bounds, Database, PLACE, Part, Table};
use crate::output::parquet_files::{open, within};
use crate::pipeline::publish::manifest::Manifest;
use crate::pipeline::publish::tables::split_of;

/// The table of what was measured of every row.
const SIGNALS: &str = "signals";
/// Own ids that repeat, by the row's key: it goes into [`SIGNALS`], and nobody sees it.
const REPEATS: &str = "_repeats";

/// Opens the tables of a build, and those whose rows are numbered for [`Database::places`] beside them.
///
/// # Errors
///
/// A file of the build that cannot be read, or is no Parquet.
pub fn open_build(
    build: &Path,
    work: &Path,
    manifest: &Manifest,
    numbered: Vec<Table>,
    bounds: &Bounds,
) -> Result<Database> {
    let table = |name: &str, files: Vec<PathBuf>, split: bool| {
        let files = files.into_iter().map(|path| Part { split: split_of(&path), path, first: 0 });
        Table { name: name.to_owned(), files: files.collect(), split, numbered: false }
    };
    let data = rows_of::parts(build, &["data"], None);
    let all = |kind: &str| rows_of::parts(build, &[kind], None).into_iter().flat_map(|part| part.files).collect();
    let mut tables = vec![table("data", all("data"), true)];
    tables.extend(data.into_iter().map(|part| {
        let name = part.name.trim_start_matches("data/").to_owned();
        table(&name, part.files, true)
    }));
    tables.extend(["dropped", UNREADABLE].map(|kind| table(kind, all(kind), false)));
    let repeats = manifest.timings.get("work").and_then(|work| work["ids"].as_str()).map(|ids| within(&work.join(ids)));
    tables.extend(repeats.map(|files| table(REPEATS, files, false)).filter(|repeats| !repeats.files.is_empty()));
    let repeat = tables.last().is_some_and(|table| table.name == REPEATS);
    let measured = measured(work, manifest, repeat)?;
    tables.extend(measured.iter().map(|measured| measured.0.clone()));
    tables.extend(numbered);
    tables.retain(|table| !table.files.is_empty());
    let mut database = Database::open(tables, bounds)?;
    if let Some((_, query)) = measured {
        database.define(SIGNALS, &query)?;
    }
    database.hide(REPEATS)?;
    Ok(database)
}

/// The unit files of the scan, and the query that names what is in them; none where the work folder is gone. With
/// `repeat`, own ids that repeat are those of the output.
fn measured(work: &Path, manifest: &Manifest, repeat: bool) -> Result<Option<(Table, String)>> {
    let scan = manifest.timings.get("work").and_then(|work| work["scan"].as_str());
    let Some(scan) = scan.map(|scan| work.join(scan)).filter(|folder| folder.is_dir()) else { return Ok(None) };
    let (mut files, mut first) = (Vec::new(), 0);
    for path in within(&scan) {
        let rows = open(&path)?.metadata().file_metadata().num_rows().max(0) as u64;
        files.push(Part { path, split: None, first });
        first += rows;
    }
    let Some(part) = files.first() else { return Ok(None) };
    let place = "_first + _row";
    let mut query = format!("select {place} as {PLACE}");
    let own = if repeat { "case when repeat is null then id else concat(id, '~', repeat) end" } else { "id" };
    // With a `limit`, rows that were not read stand between those that were: which file is whose is not known then.
    match spans(manifest).filter(|spans| spans.last().is_some_and(|last| last.to == first)) {
        None => query += &format!(", {own} as id"),
        Some(spans) => {
            let (mut source, mut id) = (String::new(), String::new());
            for Span { source: name, label, from, to } in spans {
                let [name, label] = [name, label].map(|name| name.replace('\'', "''"));
                let _ = write!(source, " when {place} < {to} then '{name}'");
                let _ = write!(id, " when {place} < {to} then concat('{label}:', {place} - {from})");
            }
            let _ = write!(query, ", case{source} end as source, coalesce({own}, case{id} end) as id");
        }
    }
    let mut signals: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for field in open(&part.path)?.schema().fields() {
        let is_signal = matches!(field.data_type(), DataType::Int64 | DataType::Float64 | DataType::Utf8);
        if let Some((name, stage)) = field.name().split_once('@').filter(|_| is_signal) {
            signals.entry(name.to_owned()).or_default().push(stage.to_owned());
        }
    }
    for (name, stages) in &signals {
        for stage in stages {
            // Measured more than once, or named as the place is: the number of the stage tells which.
            let mut called = if stages.len() > 1 || name == PLACE { format!("{name}_{stage}") } else { name.clone() };
            while called != *name && signals.contains_key(&called) {
                called.push('_');
            }
            let _ = write!(query, ", \"{name}@{stage}\" as \"{called}\"");
        }
    }
    // What could not be read has nothing that was measured.
    let joined = if repeat { format!(" left join {REPEATS} on {SIGNALS}.ord = {REPEATS}.ord") } else { String::new() };
    query += &format!(" from {SIGNALS}{joined} where error is null");
    Ok(Some((Table { name: SIGNALS.to_owned(), files, split: false, numbered: true }, query)))
}

/// Rows that stand together: the source, what their ids begin with where they have none of their own, and their places.
struct Span {
    source: String,
    label: String,
    from: u64,
    to: u64,
}

/// The rows of each source, or part of one, in the order in which they were read; none where there are no rows.
fn spans(manifest: &Manifest) -> Option<Vec<Span>> {
    let (mut spans, mut before): (Vec<Span>, u64) = (Vec::new(), 0);
    for source in &manifest.sources {
        for file in &source.files {
            let part = file.part.as_ref().map_or(String::new(), |part| format!("/{part}"));
            let label = format!("{}{part}", source.name);
            match spans.last_mut().filter(|last| last.label == label && last.source == source.name) {
                Some(last) => last.to += file.rows,
                None => spans.push(Span { source: source.name.clone(), label, from: before, to: before + file.rows }),
            }
            before += file.rows;
        }
    }
    (before > 0).then_some(spans)
}
