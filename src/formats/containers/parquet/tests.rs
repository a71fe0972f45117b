use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;

use super::*;
use crate::rows::{Content, Use};

fn layout() -> Layout {
    Layout {
        container: "parquet".into(),
        shape: None,
        usage: Use::Pretrain,
        compression: Compression::None,
        encoding: Encoding("UTF-8".into()),
        rows: None,
        fields: Default::default(),
        columns: None,
        options: Default::default(),
        source: "test".into(),
        language: None,
        variant: None,
        prepared: None,
        file: None,
        grouped: None,
        max_row: 1 << 20,
    }
}

/// `groups` row groups of `rows` rows; pages of 100 rows.
fn write(path: &Path, groups: usize, rows: usize) {
    let batch = |group: usize| {
        let ids: Vec<i64> = (0..rows).map(|row| (group * rows + row) as i64).collect();
        let texts: Vec<String> = ids.iter().map(|id| format!("第{id}段正文")).collect();
        let columns: [(&str, ArrayRef); 2] =
            [("id", Arc::new(Int64Array::from(ids))), ("text", Arc::new(StringArray::from(texts)))];
        RecordBatch::try_from_iter(columns).unwrap()
    };
    let properties = WriterProperties::builder()
        .set_data_page_row_count_limit(100)
        .set_write_batch_size(100)
        .set_dictionary_enabled(false)
        .set_compression(parquet::basic::Compression::ZSTD(Default::default()))
        .build();
    let file = File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch(0).schema(), Some(properties)).unwrap();
    for group in 0..groups {
        writer.write(&batch(group)).unwrap();
        writer.flush().unwrap();
    }
    writer.close().unwrap();
}

/// Ids of the rows, offsets, and the reasons of what could not be read.
fn read(piece: &Piece, layout: &Layout) -> (Vec<u64>, Vec<u64>, Vec<String>) {
    let (mut ids, mut offsets, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    let mut reader = CONTAINER.open(piece, layout).unwrap();
    let mut emit = |record: Record<'_>| {
        offsets.push(record.offset);
        match record.row {
            Ok(row) => {
                let Content::Pretrain { text } = &row.content else { panic!() };
                let id: u64 = row.id.as_deref().unwrap().parse().unwrap();
                assert_eq!(*text, format!("第{id}段正文"));
                ids.push(id);
            }
            Err(error) => errors.push(format!("{}: {}", error.reason, error.detail)),
        }
    };
    while reader.next(&mut emit) {}
    assert!(!reader.next(&mut |_| panic!("after the end")));
    (ids, offsets, errors)
}

fn piece(path: &Path, start: u64, end: u64) -> Piece {
    Piece { path: path.to_owned(), member: None, start, end }
}

#[test]
fn reads_row_groups_by_pieces() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    write(&path, 3, 1500);
    let all: Vec<u64> = (0..4500).collect();
    assert_eq!(read(&piece(&path, 0, u64::MAX), &layout()), (all.clone(), all.clone(), vec![]));
    assert_eq!(CONTAINER.cuts(&piece(&path, 0, u64::MAX), &layout(), 1).unwrap(), [0, 1, 2]);
    assert_eq!(CONTAINER.cuts(&piece(&path, 0, u64::MAX), &layout(), 1 << 30).unwrap(), [0]);
    let middle: Vec<u64> = (1500..3000).collect();
    assert_eq!(read(&piece(&path, 1, 2), &layout()), (middle.clone(), middle, vec![]));
    assert_eq!(read(&piece(&path, 7, 9), &layout()), (vec![], vec![], vec![]));
    let packed = folder.path().join("a.parquet.zst");
    std::fs::write(&packed, zstd::encode_all(&std::fs::read(&path).unwrap()[..], 3).unwrap()).unwrap();
    let zstd = Layout { compression: Compression::Zstd, ..layout() };
    assert_eq!(read(&piece(&packed, 0, u64::MAX), &zstd), (all.clone(), all, vec![]));
}

#[test]
fn keeps_the_rows_before_a_corrupt_page() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    write(&path, 2, 1500);
    let metadata = load(&File::open(&path).unwrap()).unwrap();
    let (start, length) = metadata.metadata().row_group(1).column(1).byte_range();
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = (start + length / 2) as usize;
    bytes[middle..middle + 40].fill(0xff);
    std::fs::write(&path, bytes).unwrap();
    let (ids, offsets, errors) = read(&piece(&path, 0, u64::MAX), &layout());
    assert_eq!(ids, (0..ids.len() as u64).collect::<Vec<_>>());
    assert!(ids.len() >= 2000 && ids.len() % 100 == 0 && ids.len() < 3000, "{}", ids.len());
    assert_eq!((errors.len(), *offsets.last().unwrap()), (1, ids.len() as u64));
    assert!(errors[0].starts_with("corrupt: row group 1: "), "{}", errors[0]);
}

#[test]
fn survives_any_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    write(&path, 1, 300);
    let good = std::fs::read(&path).unwrap();
    let broken = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        CONTAINER.cuts(&piece(&path, 0, u64::MAX), &layout(), 1).unwrap();
        let mut reader = CONTAINER.open(&piece(&path, 0, u64::MAX), &layout()).unwrap();
        let (mut good, mut bad) = (0, Vec::new());
        while reader.next(&mut |record| match record.row {
            Ok(_) => good += 1,
            Err(error) => bad.push(error.reason),
        }) {
            assert!(good + bad.len() < 10_000);
        }
        (good, bad)
    };
    for bytes in [&b""[..], b"PAR1", b"not parquet at all", &good[..good.len() / 2], &good[4..]] {
        assert_eq!(broken(bytes), (0, vec!["corrupt"]));
    }
    let mut seed = 88172645463325252u64;
    for _ in 0..300 {
        let mut bytes = good.clone();
        for _ in 0..3 {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            let at = (seed >> 8) as usize % bytes.len();
            bytes[at] = seed as u8;
        }
        broken(&bytes);
    }
}

#[test]
fn rows_that_do_not_fit_are_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    write(&path, 1, 2);
    let mut small = layout();
    small.max_row = 5;
    let (_, _, errors) = read(&piece(&path, 0, u64::MAX), &small);
    assert!(errors.len() == 2 && errors[0].starts_with("row_too_large"), "{errors:?}");
    let mut mapped = layout();
    mapped.fields.insert("text".into(), "body".into());
    let (_, _, errors) = read(&piece(&path, 0, u64::MAX), &mapped);
    assert_eq!(errors[0], "field_missing: no field `body`; the row has: id, text");
    let missing = CONTAINER.open(&piece(&folder.path().join("none"), 0, 1), &layout()).err().unwrap();
    assert_eq!(missing.kind(), io::ErrorKind::NotFound);
}

#[test]
fn reads_a_file_of_messages() {
    let file = "../shared/facts/samples-instruct/golden/hf_features_messages.parquet";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if !path.exists() {
        println!("skipped: no {file}");
        return;
    }
    let layout = Layout { usage: Use::Instruct, shape: Some("messages".into()), ..layout() };
    let mut reader = CONTAINER.open(&piece(&path, 0, u64::MAX), &layout).unwrap();
    let mut rows = 0;
    while reader.next(&mut |record| {
        let row = record.row.unwrap();
        let Content::Instruct { messages, .. } = &row.content else { panic!() };
        assert!(!messages.is_empty());
        println!("{row:?}");
        rows += 1;
    }) {}
    assert!(rows > 0);
}

#[test]
fn the_shape_is_told_by_the_first_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("qa.parquet");
    let columns: Vec<(&str, arrow::array::ArrayRef)> = ["INSTRUCTION", "RESPONSE", "SOURCE", "METADATA"]
        .into_iter()
        .map(|name| (name, Arc::new(StringArray::from(vec![name, "x"])) as arrow::array::ArrayRef))
        .collect();
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let found = crate::formats::detect::detect(&path, None).unwrap();
    assert_eq!((found.container, found.shape.as_deref()), ("parquet", Some("zhihu")));
    // One that cannot be read is told of by its reader.
    std::fs::write(&path, b"PAR1 and no more").unwrap();
    assert_eq!(crate::formats::detect::detect(&path, None).unwrap().shape.as_deref(), Some("fields"));
}
