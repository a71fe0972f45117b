//! Rows of a finished build, from its unit files: what became of each, where it comes from, and its columns.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::UInt64Type;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;

use super::Judging;
use crate::engine::functions::rows::column_name;
use crate::output::parquet_files::{open, within};
use crate::pipeline::publish::manifest::{FileLine, Manifest, SourceLine};
use crate::rows::LANGUAGE;
use crate::{Error, Result};

/// Rows that are read at a time.
const BATCH: usize = 16_384;
/// The place in the funnel of rows that stay.
const KEPT: u16 = u16::MAX;
/// That of rows that count for nothing, since a limit of their source left them out.
const LEFT_OUT: u16 = 0;

/// A unit file.
pub(super) struct Unit {
    path: PathBuf,
    columns: Vec<String>,
    /// By row: the place in the funnel at which it went.
    pub(super) dropped_by: Vec<u16>,
    /// The place of its first row among all rows that count.
    first: u64,
}

/// All unit files of a build, in order.
pub(super) struct Units {
    pub(super) all: Vec<Unit>,
}

fn lacking(work: &Path) -> Error {
    Error::input(
        format!("{} does not hold what this build was made of", work.display()),
        "run `corpus build` again (what is done already is taken over), or name the folder with --work",
    )
}

impl Units {
    /// Opens what the build was made of.
    pub(super) fn open(manifest: &Manifest, work: &Path) -> Result<Self> {
        let folders = manifest.timings.get("work").ok_or_else(|| lacking(work))?;
        let folder = |name: &str| folders[name].as_str().map(|name| work.join(name)).filter(|path| path.is_dir());
        let (scan, drops) = folder("scan").zip(folder("drops")).ok_or_else(|| lacking(work))?;
        let left_out: Vec<(u64, u64)> = serde_json::from_value(folders["left_out"].clone()).unwrap_or_default();
        let places: BTreeMap<&str, u16> = (0u16..).zip(&manifest.stages).map(|(at, s)| (s.name.as_str(), at)).collect();
        let read = super::parallel(&within(&scan), |path| {
            let beside = drops.join(path.file_name().unwrap_or_default());
            Unit::read(path, &beside, &places, &left_out)
        })?;
        let (mut all, mut first) = (Vec::new(), 0);
        for mut unit in read {
            unit.first = first;
            first += unit.dropped_by.iter().filter(|dropped_by| **dropped_by != LEFT_OUT).count() as u64;
            all.push(unit);
        }
        if first != manifest.totals.read {
            return Err(lacking(work));
        }
        Ok(Units { all })
    }

    /// The ids of some rows (unit, row), as far as they are known without the output.
    pub(super) fn ids(
        &self,
        manifest: &Manifest,
        places: BTreeSet<(usize, usize)>,
    ) -> Result<BTreeMap<(usize, usize), Vec<String>>> {
        let mut ids = BTreeMap::new();
        for (number, unit) in self.all.iter().enumerate() {
            let wanted: Vec<usize> = places.iter().filter(|p| p.0 == number).map(|p| p.1).collect();
            let mut left = wanted.iter().peekable();
            let mut at = 0;
            for batch in unit.read_columns(&["id".to_owned()])? {
                if left.peek().is_none() {
                    break;
                }
                let batch = batch?;
                let own = batch.column(0).as_string_opt::<i32>();
                while let Some(row) = left.next_if(|row| **row < at + batch.num_rows()) {
                    let own = own.filter(|own| own.is_valid(row - at)).map(|own| own.value(row - at).to_owned());
                    let known = own.map_or_else(|| generated(manifest, unit.place(*row)), |own| vec![own]);
                    ids.insert((number, *row), known);
                }
                at += batch.num_rows();
            }
        }
        Ok(ids)
    }
}

impl Unit {
    fn read(path: &Path, drops: &Path, places: &BTreeMap<&str, u16>, left_out: &[(u64, u64)]) -> Result<Self> {
        let columns = open(path)?.schema().fields().iter().map(|f| f.name().clone()).collect();
        let mut unit = Unit { path: path.to_path_buf(), columns, dropped_by: Vec::new(), first: 0 };
        let mut ords: Vec<u64> = Vec::new();
        for batch in unit.read_columns(&["ord".to_owned()])? {
            ords.extend(batch?.column(0).as_primitive::<UInt64Type>().values());
        }
        let out = |ord: &u64| left_out.iter().any(|(from, to)| (from..to).contains(&ord));
        unit.dropped_by =
            ords.iter().map(|ord| if !left_out.is_empty() && out(ord) { LEFT_OUT } else { KEPT }).collect();
        let reader = open(drops)?;
        let mask = ProjectionMask::columns(reader.parquet_schema(), ["ord", "stage"]);
        let mut at = 0;
        for batch in reader.with_projection(mask).with_batch_size(BATCH).build()? {
            let batch = batch?;
            let stages = batch.column(1).as_string::<i32>();
            for (row, ord) in batch.column(0).as_primitive::<UInt64Type>().values().iter().enumerate() {
                while ords.get(at).is_some_and(|here| here < ord) {
                    at += 1;
                }
                if stages.is_valid(row) && ords.get(at) == Some(ord) {
                    // What formats set aside, and what could not be read, went before every stage.
                    unit.dropped_by[at] = 1 + places.get(stages.value(row)).copied().unwrap_or(0);
                }
            }
        }
        Ok(unit)
    }

    /// Some columns, in the order in which they are named.
    pub(super) fn read_columns(&self, names: &[String]) -> Result<ParquetRecordBatchReader> {
        let reader = open(&self.path)?;
        let mask = ProjectionMask::columns(reader.parquet_schema(), names.iter().map(String::as_str));
        Ok(reader.with_projection(mask).with_batch_size(BATCH).build()?)
    }

    /// The column of a signal as it stood before a stage.
    pub(super) fn column(&self, signal: &str, before: usize) -> Option<String> {
        (0..before).rev().map(|number| column_name(signal, number)).find(|name| self.columns.contains(name))
    }

    /// The column of what a row itself says of its language.
    pub(super) fn hint(&self) -> Option<String> {
        Some("language_hint".to_owned()).filter(|name| self.columns.contains(name))
    }

    /// Whether a row reaches the stage at a place of the funnel.
    pub(super) fn reaches(&self, row: usize, place: usize) -> bool {
        self.dropped_by[row] != LEFT_OUT && usize::from(self.dropped_by[row]) > place
    }

    /// The place of a row among all that count.
    fn place(&self, row: usize) -> u64 {
        self.first + self.dropped_by[..row].iter().filter(|dropped_by| **dropped_by != LEFT_OUT).count() as u64
    }

    /// The file of each row that counts, as stretches: the row behind the last, its source and file.
    pub(super) fn files<'m>(&self, manifest: &'m Manifest) -> Vec<(usize, &'m SourceLine, &'m FileLine)> {
        let (mut stretches, mut before) = (Vec::new(), 0);
        let mut count = self.first;
        let mut rows = self.dropped_by.iter().enumerate();
        for (source, file) in files(manifest) {
            before += file.rows;
            if before <= count {
                continue;
            }
            let mut end = None;
            for (row, _) in rows.by_ref().filter(|(_, dropped_by)| **dropped_by != LEFT_OUT) {
                count += 1;
                end = Some(row + 1);
                if count == before {
                    break;
                }
            }
            let Some(end) = end else { break };
            stretches.push((end, source, file));
        }
        stretches
    }
}

/// The names of columns that a stage's rows are told apart by: the language, and what the row says of it.
pub(super) fn language_columns(unit: &Unit, stage: &Judging) -> Vec<String> {
    let by_language = !stage.only.language.is_empty()
        || stage.found.iter().any(|found| found.percentile.per == Some(crate::stages::percentile::Per::Language));
    if !by_language {
        return Vec::new();
    }
    unit.column(LANGUAGE, stage.number).into_iter().chain(unit.hint()).collect()
}

/// A column by its name, in a batch whose columns stand in the order of the file.
pub(super) fn named<'b>(batch: &'b arrow::array::RecordBatch, name: Option<&String>) -> Option<&'b ArrayRef> {
    batch.column_by_name(name?)
}

/// All files in the order of row keys.
fn files(manifest: &Manifest) -> impl Iterator<Item = (&SourceLine, &FileLine)> {
    manifest.sources.iter().flat_map(|source| source.files.iter().map(move |file| (source, file)))
}

/// The ids that a row at a place may have, where it has none of its own: of its source, or of its part.
fn generated(manifest: &Manifest, place: u64) -> Vec<String> {
    let mut before = 0;
    let mut here = None;
    for (source, file) in files(manifest) {
        if place < before + file.rows {
            here = Some((source, file));
            break;
        }
        before += file.rows;
    }
    let Some((source, file)) = here else { return Vec::new() };
    let ordinal = |of_part: bool| {
        let (mut first, mut before) = (None, 0);
        for (other, f) in files(manifest) {
            if other.name == source.name && (!of_part || f.part == file.part) {
                first = first.or(Some(before));
            }
            before += f.rows;
        }
        place - first.unwrap_or(0)
    };
    let mut ids = vec![format!("{}:{}", source.name, ordinal(false))];
    if let Some(part) = &file.part {
        ids.push(format!("{}/{part}:{}", source.name, ordinal(true)));
    }
    ids
}
