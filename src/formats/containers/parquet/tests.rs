use std::fs::File;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;

use super::*;
use crate::beside::beside;
use crate::rows::{Content, Use};

fn layout() -> Layout {
    Layout { source: "test".into(), ..Layout::plain("parquet", Use::Pretrain, 1 << 20) }
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
    let zstd = layout().compressed(Compression::Zstd);
    assert_eq!(read(&piece(&packed, 0, u64::MAX), &zstd), (all.clone(), all, vec![]));
}

#[test]
fn each_row_behind_a_corrupt_page_is_told_of_and_the_next_group_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    write(&path, 3, 1500);
    let metadata = load(&File::open(&path).unwrap()).unwrap();
    let (start, length) = metadata.metadata().row_group(1).column(1).byte_range();
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = (start + length / 2) as usize;
    bytes[middle..middle + 40].fill(0xff);
    std::fs::write(&path, bytes).unwrap();
    let (ids, offsets, errors) = read(&piece(&path, 0, u64::MAX), &layout());
    let before = ids.iter().take_while(|id| **id < 3000).count();
    assert!((2000..3000).contains(&before) && before % 100 == 0, "{before}");
    assert_eq!(ids, (0..before as u64).chain(3000..4500).collect::<Vec<_>>());
    assert_eq!((errors.len(), offsets), (3000 - before, (0..4500).collect::<Vec<u64>>()));
    assert!(errors.iter().all(|e| e.starts_with("corrupt: row group 1: ")), "{}", errors[0]);
}

/// A file with a dictionary or without, and one of its texts damaged.
fn damaged(path: &Path, dictionary: bool, damage: &str) {
    let titles: Vec<String> = (0..50).map(|n| format!("题目{n}号")).collect();
    let texts: Vec<String> = (0..50).map(|n| format!("磨坊第{n}日")).collect();
    let tags = arrow::array::ListArray::from_nested_iter::<arrow::array::StringBuilder, _, _, _>(
        texts.iter().map(|t| Some([Some(t.replace("磨坊", "标签"))])),
    );
    let columns: [(&str, ArrayRef); 3] = [
        ("title", Arc::new(StringArray::from(titles))),
        ("text", Arc::new(StringArray::from(texts))),
        ("tags", Arc::new(tags)),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let properties = WriterProperties::builder()
        .set_dictionary_enabled(dictionary)
        .set_statistics_enabled(parquet::file::properties::EnabledStatistics::None)
        .set_compression(parquet::basic::Compression::UNCOMPRESSED);
    let file = File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties.build())).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let mut bytes = std::fs::read(path).unwrap();
    let at = memchr::memmem::find(&bytes, damage.as_bytes()).unwrap();
    bytes[at..at + 2].copy_from_slice(b"\xff\xfe");
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn one_text_that_is_not_utf8_costs_its_row_at_most() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    for dictionary in [false, true] {
        for (damage, lost) in [("磨坊第7日", 1), ("题目7号", 0), ("标签第7日", 0)] {
            damaged(&path, dictionary, damage);
            let (mut texts, mut errors, mut meta) = (Vec::new(), Vec::new(), String::new());
            let mut reader = CONTAINER.open(&piece(&path, 0, u64::MAX), &layout()).unwrap();
            while reader.next(&mut |record| match record.row {
                Ok(row) => {
                    let Content::Pretrain { text } = row.content else { panic!() };
                    texts.push(text.into_owned());
                    meta.extend(row.meta.as_deref());
                }
                Err(error) => errors.push((record.offset, error.reason, error.detail)),
            }) {}
            let want: Vec<String> = (0..50).filter(|n| lost == 0 || *n != 7).map(|n| format!("磨坊第{n}日")).collect();
            assert_eq!(texts, want, "{damage}");
            let expected = [(7, "utf8", "not UTF-8 in column `text`".to_owned())];
            assert_eq!(errors, expected[..lost], "{damage}");
            assert_eq!((meta.contains("题目8号"), meta.contains('\u{fffd}')), (true, lost == 0), "{meta}");
        }
    }
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
    for bytes in [&b""[..], b"PAR1", b"not parquet at all", &good[..good.len() / 2]] {
        assert_eq!(broken(bytes), (0, vec!["corrupt"]));
    }
    // Every page stands elsewhere than the metadata say.
    assert_eq!(broken(&good[4..]), (0, vec!["corrupt"; 300]));
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

/// A column of lists of structs, as the hub's library writes dialogues.
#[test]
fn a_list_of_structs_is_a_dialogue() {
    use arrow::array::{ListBuilder, StringBuilder, StructBuilder};
    use arrow::datatypes::{DataType, Field, Fields};
    let fields =
        Fields::from(vec![Field::new("role", DataType::Utf8, true), Field::new("content", DataType::Utf8, true)]);
    let mut list = ListBuilder::new(StructBuilder::from_fields(fields, 4));
    for dialogue in [["井深几尺？", "三尺。"], ["河宽几里？", "一里。"]] {
        for (role, content) in ["user", "assistant"].iter().zip(dialogue) {
            let message = list.values();
            message.field_builder::<StringBuilder>(0).unwrap().append_value(role);
            message.field_builder::<StringBuilder>(1).unwrap().append_value(content);
            message.append(true);
        }
        list.append(true);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chat.parquet");
    let batch = RecordBatch::try_from_iter([("messages", Arc::new(list.finish()) as ArrayRef)]).unwrap();
    let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let layout = Layout { usage: Use::Instruct, shape: Some("messages".into()), ..layout() };
    let mut reader = CONTAINER.open(&piece(&path, 0, u64::MAX), &layout).unwrap();
    let mut seen = Vec::new();
    while reader.next(&mut |record| {
        let row = record.row.unwrap();
        let Content::Instruct { messages, .. } = &row.content else { panic!() };
        seen.extend(messages.iter().map(|m| format!("{}: {}", m.role, m.content)));
    }) {}
    assert_eq!(seen, ["user: 井深几尺？", "assistant: 三尺。", "user: 河宽几里？", "assistant: 一里。"]);
}

#[test]
fn reads_a_file_of_messages() {
    let Some(path) = beside("facts/samples-instruct/golden/hf_features_messages.parquet") else { return };
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

#[test]
fn a_huge_row_is_no_sample_where_there_are_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let huge = "字".repeat(LONG / 3 + 1);
    let write = |texts: &[&str]| {
        let text: ArrayRef = Arc::new(StringArray::from(texts.to_vec()));
        let batch = RecordBatch::try_from_iter([("text", text)]).unwrap();
        let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        first(&path, None, 20)
    };
    let small = |text: &str| format!(r#"{{"text":"{text}"}}"#);
    assert!(write(&["一", &huge, "二"]) == [small("一"), small("二")]);
    assert!(write(&[&huge, &huge, "三"]) == [small("三")]);
    assert!(write(&[&huge, "四", &huge]) == [small("四")]);
    // Nothing else is there to go by.
    assert!(write(&[&huge, &huge]) == [small(&huge)]);
    let many = write(&["五"; 50]);
    assert!(many.len() == 20 && many.iter().all(|row| *row == small("五")));
}
