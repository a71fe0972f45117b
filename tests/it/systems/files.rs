//! Raw rows into the files that a data set comes in: lines, arrays, Parquet, archives, compressed as their names say.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, Float64Array, Int64Array, ListArray, NullArray, RecordBatch, StringArray, StructArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{Field, Fields};
use corpus::catalog::{Card, Part};
use serde_json::{Map, Value as Json, json};

use super::rows::Raw;

/// The name of a part's file: the first of its original layout, with something in place of what a glob leaves open.
pub fn name(card: &Card, part: &Part) -> String {
    let of_way = || card.way.iter().find_map(|w| w.files.get(&part.name)?.first());
    let pattern =
        part.names.first().or_else(of_way).unwrap_or_else(|| panic!("{} ({}) names no file", card.name, part.name));
    let mut out = String::new();
    let mut rest = pattern.replace("**/", "");
    while let Some(at) = rest.find('[') {
        out += &rest[..at];
        out.extend(rest[at + 1..].chars().next());
        rest = rest.split_off(rest[at..].find(']').unwrap() + at + 1);
    }
    (out + &rest).replace('*', "x")
}

/// A file of that name with these rows.
pub fn file(name: &str, raw: Raw) -> Vec<u8> {
    let lines = |rows: &[Json]| rows.iter().map(|r| format!("{r}\n")).collect::<String>().into_bytes();
    let bytes = match raw {
        Raw::Rows(rows) if name.ends_with(".parquet") => return parquet(&rows),
        Raw::Rows(rows) => lines(&rows),
        Raw::Array(rows) => serde_json::to_vec_pretty(&rows).unwrap(),
        Raw::LmFlow(rows) => json!({"type": "text2text", "instances": rows}).to_string().into_bytes(),
        Raw::Text(text) => text.into_bytes(),
        Raw::Each(rows) => {
            let files =
                rows.iter().enumerate().map(|(i, row)| (format!("chat/{i}.json"), row.to_string().into_bytes()));
            return tar(files);
        }
    };
    packed(name, bytes)
}

fn packed(name: &str, bytes: Vec<u8>) -> Vec<u8> {
    let inner = |ending: &str| name.rsplit('/').next().unwrap().trim_end_matches(ending).to_owned();
    if name.ends_with(".tar.gz") {
        let inner = inner(".tar.gz");
        return tar([(format!("{inner}/train/train.json"), bytes)].into_iter());
    }
    if name.ends_with(".zip") {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        zip.start_file(inner(".zip"), zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(&bytes).unwrap();
        return zip.finish().unwrap().into_inner();
    }
    match name.rsplit('.').next() {
        Some("gz") => gzip(&bytes),
        Some("zst") => zstd::encode_all(&bytes[..], 0).unwrap(),
        Some("bz2") => {
            let mut out = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            out.write_all(&bytes).unwrap();
            out.finish().unwrap()
        }
        _ => bytes,
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn tar(files: impl Iterator<Item = (String, Vec<u8>)>) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, &bytes[..]).unwrap();
    }
    gzip(&tar.into_inner().unwrap())
}

/// Rows as one Parquet file; the types follow from the values.
fn parquet(rows: &[Json]) -> Vec<u8> {
    let table = array(&rows.iter().map(Some).collect::<Vec<_>>());
    let batch = RecordBatch::from(table.as_any().downcast_ref::<StructArray>().unwrap());
    let mut out = Vec::new();
    let mut writer = parquet::arrow::ArrowWriter::try_new(&mut out, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    out
}

fn array(values: &[Option<&Json>]) -> ArrayRef {
    let given = || values.iter().flatten().find(|v| !v.is_null());
    match given() {
        None => Arc::new(NullArray::new(values.len())),
        Some(Json::Object(_)) => {
            let mut names: Vec<&String> = Vec::new();
            let of = |v: &Option<&Json>| v.and_then(Json::as_object).cloned().unwrap_or_else(Map::new);
            for value in values.iter().flatten().filter_map(|v| v.as_object()) {
                value.keys().for_each(|key| {
                    if !names.contains(&key) {
                        names.push(key)
                    }
                });
            }
            let rows: Vec<Map<String, Json>> = values.iter().map(of).collect();
            let columns: Vec<ArrayRef> =
                names.iter().map(|n| array(&rows.iter().map(|r| r.get(*n)).collect::<Vec<_>>())).collect();
            let fields = names.iter().zip(&columns).map(|(n, c)| Field::new(*n, c.data_type().clone(), true));
            Arc::new(StructArray::new(fields.collect::<Fields>(), columns, None))
        }
        Some(Json::Array(_)) => {
            let lists: Vec<&[Json]> =
                values.iter().map(|v| v.and_then(Json::as_array).map_or(&[][..], Vec::as_slice)).collect();
            let items = array(&lists.iter().flat_map(|l| l.iter().map(Some)).collect::<Vec<_>>());
            let field = Arc::new(Field::new("item", items.data_type().clone(), true));
            Arc::new(ListArray::new(field, OffsetBuffer::from_lengths(lists.iter().map(|l| l.len())), items, None))
        }
        Some(Json::Number(n)) if n.is_i64() => {
            Arc::new(values.iter().map(|v| v.and_then(Json::as_i64)).collect::<Int64Array>())
        }
        Some(Json::Number(_)) => Arc::new(values.iter().map(|v| v.and_then(Json::as_f64)).collect::<Float64Array>()),
        Some(_) => Arc::new(values.iter().map(|v| v.and_then(Json::as_str)).collect::<StringArray>()),
    }
}
