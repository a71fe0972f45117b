//! What differs between two outputs, as a person wants to read it: the first file, row and column, and the values there.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::metadata::ParquetMetaData;
use serde_json::Value;

use super::Built;

/// The bytes of files, by name.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Fails where two builds wrote different bytes, and says where they part.
#[track_caller]
pub fn same_output(one: &Built, other: &Built, what: &str) {
    same_files(&one.bytes(), &other.bytes(), what);
}

/// Fails where two sets of files differ, and says where they part.
#[track_caller]
pub fn same_files(one: &Files, other: &Files, what: &str) {
    if let Some(difference) = difference(one, other) {
        panic!("{what}: {difference}");
    }
}

/// Fails where two texts differ, and shows the first line that does.
#[track_caller]
pub fn same_text(one: &str, other: &str, what: &str) {
    if let Some(difference) = line_difference(one, other) {
        panic!("{what}: {difference}");
    }
}

/// Fails where a generated file of the repository is not what the code writes today; with `CORPUS_UPDATE` set it is
/// written anew first. `test` is the one that writes it.
#[track_caller]
pub fn up_to_date(name: &str, fresh: &str, test: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if std::env::var_os("CORPUS_UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, fresh).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    same_text(&there, fresh, &format!("{name} is stale: run CORPUS_UPDATE=1 cargo test {test}"));
}

/// Fails where two runs of bytes differ, and says at which byte.
#[track_caller]
pub fn same_bytes(one: &[u8], other: &[u8], what: &str) {
    assert!(one == other, "{what}: {}", byte_difference(one, other));
}

/// Fails where two JSON values differ, and names the place by its JSON pointer (RFC 6901).
#[track_caller]
pub fn same_json(one: &Value, other: &Value, what: &str) {
    if let Some(difference) = json_difference(one, other) {
        panic!("{what}: {difference}");
    }
}

/// Fails at the first item that two lists do not share, and shows both.
#[track_caller]
pub fn same_items<T: PartialEq + std::fmt::Debug>(one: &[T], other: &[T], what: &str) {
    let differs = one.iter().zip(other).position(|(a, b)| a != b);
    if let Some(at) = differs.or((one.len() != other.len()).then(|| one.len().min(other.len()))) {
        let item = |of: &[T]| of.get(at).map_or("(none)".to_owned(), |item| format!("{item:?}"));
        let (shown, of_other) = apart(&item(one), &item(other));
        panic!("{what}: item {at} of {} and {}:\n  {shown}\n  {of_other}", one.len(), other.len());
    }
}

/// Fails where a text has not all of `parts`, or has one of `without`, and says which.
#[track_caller]
pub fn contains(text: &str, parts: &[&str], without: &[&str]) {
    let missing: Vec<&&str> = parts.iter().filter(|part| !text.contains(**part)).collect();
    let present: Vec<&&str> = without.iter().filter(|part| text.contains(**part)).collect();
    assert!(missing.is_empty(), "{missing:?} is not in:\n{text}");
    assert!(present.is_empty(), "{present:?} is in:\n{text}");
}

/// Where two sets of files part; none where they are the same.
pub fn difference(one: &Files, other: &Files) -> Option<String> {
    let mut said = String::new();
    for (which, these, those) in [("first", one, other), ("second", other, one)] {
        let alone: Vec<&String> = these.keys().filter(|name| !those.contains_key(*name)).collect();
        if !alone.is_empty() {
            let _ = writeln!(said, "only the {which} has {alone:?}");
        }
    }
    let differs =
        one.iter().find_map(|(name, bytes)| other.get(name).filter(|o| *o != bytes).map(|o| (name, bytes, o)));
    if let Some((name, one, other)) = differs {
        let _ = write!(said, "{name}: {}", file_difference(name, one, other));
    }
    (!said.is_empty()).then_some(said)
}

fn file_difference(name: &str, one: &[u8], other: &[u8]) -> String {
    let bytes = || byte_difference(one, other);
    if one.starts_with(b"PAR1") && other.starts_with(b"PAR1") {
        return table_difference(one, other).unwrap_or_else(|| format!("the same rows; {}", bytes()));
    }
    let (Ok(one), Ok(other)) = (std::str::from_utf8(one), std::str::from_utf8(other)) else { return bytes() };
    if name.ends_with(".json")
        && let (Ok(one), Ok(other)) = (serde_json::from_str::<Value>(one), serde_json::from_str::<Value>(other))
        && let Some(difference) = json_difference(&one, &other)
    {
        return difference;
    }
    line_difference(one, other).unwrap_or_else(bytes)
}

fn byte_difference(one: &[u8], other: &[u8]) -> String {
    let at = one.iter().zip(other).position(|(a, b)| a != b).unwrap_or(one.len().min(other.len()));
    format!("byte {at} of {} and {}", one.len(), other.len())
}

/// Where two JSON values part, as a JSON pointer, with both values.
fn json_difference(one: &Value, other: &Value) -> Option<String> {
    fn walk(at: &str, one: &Value, other: &Value) -> Option<String> {
        match (one, other) {
            (Value::Object(a), Value::Object(b)) => {
                let names: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
                let value = |of: &serde_json::Map<_, Value>, name| of.get(name).cloned().unwrap_or(Value::Null);
                names.into_iter().find_map(|name| {
                    let pointer = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
                    if a.contains_key(name) == b.contains_key(name) {
                        return walk(&pointer, &value(a, name), &value(b, name));
                    }
                    Some(format!("{pointer} is only in the {}", if a.contains_key(name) { "first" } else { "second" }))
                })
            }
            (Value::Array(a), Value::Array(b)) => {
                let pairs = a.iter().zip(b).enumerate();
                let inside = pairs.into_iter().find_map(|(i, (a, b))| walk(&format!("{at}/{i}"), a, b));
                inside.or((a.len() != b.len()).then(|| format!("{at} has {} and {} items", a.len(), b.len())))
            }
            _ => (one != other).then(|| {
                let (one, other) = apart(&one.to_string(), &other.to_string());
                format!("{at}: {one} and {other}")
            }),
        }
    }
    walk("", one, other)
}

fn line_difference(one: &str, other: &str) -> Option<String> {
    let (mut lines, mut others) = (one.split('\n'), other.split('\n'));
    for number in 1.. {
        match (lines.next(), others.next()) {
            (None, None) => return None,
            (one, other) if one == other => {}
            (one, other) => {
                let (one, other) = apart(one.unwrap_or("(no such line)"), other.unwrap_or("(no such line)"));
                return Some(format!("line {number}:\n  {one}\n  {other}"));
            }
        }
    }
    None
}

/// Two values, cut to what lies around the first character in which they differ.
fn apart(one: &str, other: &str) -> (String, String) {
    let at = one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    let part = |of: &str| {
        let start = at.saturating_sub(40);
        let shown: String = of.chars().skip(start).take(120).collect();
        let before = if start > 0 { "…" } else { "" };
        let after = if of.chars().count() > start + 120 { "…" } else { "" };
        format!("{before}{}{after}", shown.escape_debug())
    };
    (part(one), part(other))
}

struct Table {
    schema: SchemaRef,
    rows: RecordBatch,
    metadata: std::sync::Arc<ParquetMetaData>,
}

fn table(bytes: &[u8]) -> Table {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let (schema, metadata) = (builder.schema().clone(), builder.metadata().clone());
    let batches: Vec<RecordBatch> = builder.build().unwrap().map(Result::unwrap).collect();
    let plain = batches.first().map_or_else(|| schema.clone(), RecordBatch::schema);
    Table { rows: concat_batches(&plain, &batches).unwrap(), schema, metadata }
}

/// Where two Parquet files part: in columns, rows, row groups or metadata.
fn table_difference(one: &[u8], other: &[u8]) -> Option<String> {
    let (one, other) = (table(one), table(other));
    let columns = |of: &Table| -> Vec<String> {
        of.schema.fields().iter().map(|f| format!("{} {} {}", f.name(), f.data_type(), f.is_nullable())).collect()
    };
    let (names, others) = (columns(&one), columns(&other));
    if names != others {
        let alone = |of: &[String], not: &[String]| of.iter().find(|c| !not.contains(c)).cloned();
        return Some(format!("columns differ: {:?} and {:?}", alone(&names, &others), alone(&others, &names)));
    }
    let first = (0..names.len())
        .filter_map(|column| {
            let row = first_difference(one.rows.column(column), other.rows.column(column))?;
            Some((row, column))
        })
        .min();
    let (rows, other_rows) = (one.rows.num_rows(), other.rows.num_rows());
    if let Some((row, column)) = first {
        let (of_one, of_other) = apart(&value(one.rows.column(column), row), &value(other.rows.column(column), row));
        let name = one.schema.field(column).name().clone();
        return Some(format!("row {row} of {rows} and {other_rows}, column `{name}`:\n  {of_one}\n  {of_other}"));
    }
    let groups = |of: &Table| -> Vec<_> {
        of.metadata.row_groups().iter().map(|g| (g.num_rows(), g.total_byte_size(), g.compressed_size())).collect()
    };
    let (of_one, of_other) = (groups(&one), groups(&other));
    if let Some(at) = of_one.iter().zip(&of_other).position(|(a, b)| a != b) {
        let (a, b) = (of_one[at], of_other[at]);
        return Some(format!("the same rows; row group {at} (rows, bytes, compressed) {a:?} and {b:?}"));
    }
    if of_one.len() != of_other.len() {
        return Some(format!("the same rows; {} and {} row groups", of_one.len(), of_other.len()));
    }
    let (of_one, of_other) = (one.schema.metadata(), other.schema.metadata());
    let key = of_one.keys().chain(of_other.keys()).find(|key| of_one.get(*key) != of_other.get(*key))?;
    Some(format!("the same rows; metadata `{key}`: {:?} and {:?}", of_one.get(key), of_other.get(key)))
}

/// The first row in which two columns differ: the row behind the shorter, where that is the only difference.
fn first_difference(one: &ArrayRef, other: &ArrayRef) -> Option<usize> {
    if one == other {
        return None;
    }
    let rows = one.len().min(other.len());
    (0..rows).find(|row| one.slice(*row, 1) != other.slice(*row, 1)).or((one.len() != other.len()).then_some(rows))
}

fn value(column: &ArrayRef, row: usize) -> String {
    if row >= column.len() {
        return "(no such row)".to_owned();
    }
    let options = FormatOptions::default().with_null("null");
    ArrayFormatter::try_new(column, &options).unwrap().value(row).to_string()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int64Array, StringArray};
    use parquet::arrow::ArrowWriter;
    use parquet::file::properties::WriterProperties;

    use super::*;

    fn parquet(texts: &[&str], numbers: &[i64], rows_a_group: usize) -> Vec<u8> {
        let texts: ArrayRef = Arc::new(StringArray::from(texts.to_vec()));
        let numbers: ArrayRef = Arc::new(Int64Array::from(numbers.to_vec()));
        let batch = RecordBatch::try_from_iter([("text", texts), ("n", numbers)]).unwrap();
        let options = WriterProperties::builder().set_max_row_group_row_count(Some(rows_a_group)).build();
        let mut bytes = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(options)).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        bytes
    }

    fn files(of: &[(&str, &[u8])]) -> Files {
        of.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())).collect()
    }

    #[test]
    fn parquet_parts_at_a_row_and_a_column() {
        let table = parquet(&["甲", "乙", "丙"], &[1, 2, 3], 10);
        let name = "data/a.parquet";
        let against = |other: Vec<u8>| difference(&files(&[(name, &table)]), &files(&[(name, &other)]));
        assert_eq!(against(table.clone()), None);
        let value = against(parquet(&["甲", "乙", "丁"], &[1, 9, 3], 10)).unwrap();
        assert_eq!(value, "data/a.parquet: row 1 of 3 and 3, column `n`:\n  2\n  9");
        let longer = against(parquet(&["甲", "乙", "丙", "丁"], &[1, 2, 3, 4], 10)).unwrap();
        assert_eq!(longer, "data/a.parquet: row 3 of 3 and 4, column `text`:\n  (no such row)\n  丁");
        let groups = against(parquet(&["甲", "乙", "丙"], &[1, 2, 3], 2)).unwrap();
        assert!(groups.starts_with("data/a.parquet: the same rows; row group 0 (rows, "), "{groups}");
    }

    #[test]
    fn other_files_part_at_a_pointer_a_line_or_a_byte() {
        let between =
            |name: &str, one: &[u8], other: &[u8]| difference(&files(&[(name, one)]), &files(&[(name, other)]));
        let json = between("a.json", br#"{"a/b":[1,{"c":2}],"d":4}"#, br#"{"a/b":[1,{"c":3}],"e":4}"#).unwrap();
        assert_eq!(json, "a.json: /a~1b/1/c: 2 and 3");
        let name = between("a.json", br#"{"a":null,"b":1}"#, br#"{"b":1}"#).unwrap();
        assert_eq!(name, "a.json: /a is only in the first");
        assert_eq!(between("b.txt", b"x\ny\n", b"x\nz\n").unwrap(), "b.txt: line 2:\n  y\n  z");
        assert_eq!(between("b.txt", b"x\n", b"x").unwrap(), "b.txt: line 2:\n  \n  (no such line)");
        assert_eq!(between("c.bin", b"\xff12", b"\xff13").unwrap(), "c.bin: byte 2 of 3 and 3");
        let alone = difference(&files(&[("a", b""), ("b", b"")]), &files(&[("b", b""), ("c", b"")])).unwrap();
        assert_eq!(alone, "only the first has [\"a\"]\nonly the second has [\"c\"]\n");
    }

    #[test]
    fn long_values_are_cut_around_where_they_part() {
        let (one, other) = ("长".repeat(500) + "甲" + &"尾".repeat(500), "长".repeat(500) + "乙" + &"尾".repeat(500));
        let (one, other) = apart(&one, &other);
        assert!(one.chars().count() < 130, "{one}");
        assert_eq!(one.replace('甲', "乙"), other);
    }
}
