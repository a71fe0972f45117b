//! CSV: rows of columns, with quotes.
//!
//! # What it reads
//! The first row names the columns; where `fields` maps to column numbers (`"1"` is the first), there is no such row.
//! The separator (`,` `;` `|` or tab) is told from the first line. Quoted cells may hold separators and line breaks.
//! Every row becomes an object of texts, so that all shapes read it.
//!
//! # What is unreadable
//! `columns` (a row of another length than the first), `utf8`, `row_too_large`, `truncated`, and what the shape says.
//!
//! # Example
//! ```toml
//! [[source]]
//! name   = "reviews"
//! path   = ["reviews.csv"]
//! use    = "task"
//! fields = { input = "review", output = "label" }
//! ```
//!
//! # Limits
//! One core a file: a quote may open anywhere.

use std::io::{self, BufRead, BufReader, Read};

use super::mapped::{map, shape_of, stream_broke, too_large, unreadable};
use crate::formats::{Container, Layout, Piece, Reader, Shape, Split};
use crate::rows::Record;
use crate::stages::module_docs;

/// The container.
pub struct Csv;

/// Its instance.
pub static CONTAINER: Csv = Csv;

impl Container for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }
    fn about(&self) -> &'static str {
        "columns with quotes; the first row names them"
    }
    fn docs(&self) -> &'static str {
        module_docs(include_str!("csv.rs"))
    }
    fn split(&self, _layout: &Layout) -> Split {
        Split::Whole
    }
    fn open(&self, piece: &Piece, layout: &Layout) -> io::Result<Box<dyn Reader>> {
        let mut stream = BufReader::with_capacity(1 << 20, crate::input::open(piece, layout)?);
        let first = stream.fill_buf().unwrap_or_default();
        let first = &first[..memchr::memchr(b'\n', first).unwrap_or(first.len())];
        let count = |b: u8| memchr::memchr_iter(b, first).count();
        let separator = [b'\t', b',', b';', b'|'].into_iter().rev().max_by_key(|b| count(*b)).unwrap_or(b',');
        table(Box::new(stream), separator, true, layout)
    }
}

/// A reader of separated columns.
pub fn table(
    stream: Box<dyn Read + Send>,
    separator: u8,
    quotes: bool,
    layout: &Layout,
) -> io::Result<Box<dyn Reader>> {
    let rows = csv::ReaderBuilder::new()
        .delimiter(separator)
        .quoting(quotes)
        .flexible(true)
        .has_headers(false)
        .from_reader(stream);
    let numbered = !layout.fields.is_empty() && layout.fields.values().all(|f| f.parse::<usize>().is_ok());
    Ok(Box::new(TableReader {
        rows,
        names: None,
        numbered,
        shape: shape_of(layout)?,
        layout: layout.clone(),
        record: csv::ByteRecord::new(),
        json: Vec::new(),
        ended: false,
    }))
}

struct TableReader {
    rows: csv::Reader<Box<dyn Read + Send>>,
    names: Option<Vec<String>>,
    numbered: bool,
    shape: &'static dyn Shape,
    layout: Layout,
    record: csv::ByteRecord,
    json: Vec<u8>,
    ended: bool,
}

impl TableReader {
    /// The row as an object of texts.
    fn object(&mut self, names: &[String]) -> Result<(), String> {
        self.json.clear();
        for (i, (name, cell)) in names.iter().zip(&self.record).enumerate() {
            self.json.push(if i == 0 { b'{' } else { b',' });
            let cell = std::str::from_utf8(cell).map_err(|e| format!("column `{name}` is not UTF-8: {e}"))?;
            let write = |out: &mut Vec<u8>, text: &str| serde_json::to_writer(out, text).map_err(|e| e.to_string());
            write(&mut self.json, name)?;
            self.json.push(b':');
            write(&mut self.json, cell)?;
        }
        self.json.push(b'}');
        Ok(())
    }
}

impl Reader for TableReader {
    fn next(&mut self, emit: &mut dyn FnMut(Record<'_>)) -> bool {
        if self.ended {
            return false;
        }
        loop {
            let position = self.rows.position().clone();
            let place = (position.byte(), position.line().saturating_sub(1));
            match self.rows.read_byte_record(&mut self.record) {
                Ok(true) => {}
                Ok(false) => return false,
                Err(error) => {
                    self.ended = true;
                    let error = match error.into_kind() {
                        csv::ErrorKind::Io(error) => error,
                        other => io::Error::other(format!("{other:?}")),
                    };
                    emit(stream_broke(&error, place.0, place.1));
                    return true;
                }
            }
            let place = self.record.position().map_or(place, |p| (p.byte(), p.line().saturating_sub(1)));
            let bytes = self.record.as_slice();
            let Some(names) = self.names.take() else {
                let width = self.record.len();
                self.names = Some(if self.numbered {
                    (1..=width).map(|n| n.to_string()).collect()
                } else {
                    self.record.iter().map(|n| String::from_utf8_lossy(n).trim().to_owned()).collect()
                });
                if self.numbered {
                    // The first row is a row: give it out under its numbers.
                    let names = self.names.clone().unwrap_or_default();
                    self.emit(&names, place, emit);
                    return true;
                }
                continue;
            };
            if bytes.len() as u64 > self.layout.max_row {
                emit(too_large(bytes, bytes.len() as u64, self.layout.max_row, place.0, place.1));
            } else if self.record.len() != names.len() {
                let (found, wanted) = (self.record.len(), names.len());
                let detail = format!("{found} columns, but the first row has {wanted}");
                emit(unreadable("columns", detail, bytes, place.0, place.1));
            } else {
                self.emit(&names, place, emit);
            }
            self.names = Some(names);
            return true;
        }
    }
}

impl TableReader {
    fn emit(&mut self, names: &[String], place: (u64, u64), emit: &mut dyn FnMut(Record<'_>)) {
        match self.object(names) {
            Ok(()) => map(&self.json, place, true, self.shape, &self.layout, emit),
            Err(detail) => emit(unreadable("utf8", detail, self.record.as_slice(), place.0, place.1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_breaks_and_short_rows() {
        let layout: Layout = serde_json::from_value(serde_json::json!({
            "container": "csv", "shape": "fields", "usage": "task", "compression": "none", "encoding": "UTF-8",
            "rows": null, "fields": {"input": "q", "output": "a"}, "source": "s", "language": null, "max_row": 100
        }))
        .unwrap();
        let text = "q,a\n\"一,二\n三\",四\nonly one\n五,六\n";
        let stream = Box::new(io::Cursor::new(text.as_bytes().to_vec()));
        let mut reader = table(stream, b',', true, &layout).unwrap();
        let mut seen = Vec::new();
        while reader.next(&mut |record| {
            seen.push((record.line, record.row.as_ref().map(|_| ()).map_err(|e| e.reason)));
        }) {}
        assert_eq!(seen, [(1, Ok(())), (3, Err("columns")), (4, Ok(()))]);
    }
}
