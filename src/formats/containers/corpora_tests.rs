//! Containers of corpora: aligned files, TMX, WET, articles in folders.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::formats::{self, Layout, Piece, Split, detect};
use crate::rows::{Content, Row};

/// A record as (row in words, what set it aside, reason of an unreadable one).
type Seen = Vec<String>;

fn layout(container: &str, usage: &str) -> Layout {
    let shape = formats::container(container).unwrap().shape();
    serde_json::from_value(serde_json::json!({
        "container": container, "shape": shape, "usage": usage, "compression": "none", "encoding": "UTF-8",
        "rows": null, "fields": {}, "source": "s", "language": null, "max_row": 1000
    }))
    .unwrap()
}

fn said(row: &Row<'_>) -> String {
    let text = match &row.content {
        Content::Pretrain { text } => text.to_string(),
        Content::Task(task) => [&task.input_language, &task.input, &task.output_language, &task.output]
            .map(|v| v.as_deref().unwrap_or("-"))
            .join("|"),
        other => panic!("{other:?}"),
    };
    match &row.aside {
        Some((reason, value)) => format!("{reason}={value}: {text}"),
        None => text,
    }
}

fn read_at(path: &Path, member: Option<&str>, layout: &Layout, (start, end): (u64, u64)) -> Seen {
    let piece = Piece { path: path.to_path_buf(), member: member.map(str::to_owned), start, end };
    let mut reader = match formats::container(&layout.container).unwrap().open(&piece, layout) {
        Ok(reader) => reader,
        Err(error) => return vec![format!("! open {error}")],
    };
    let mut seen = Vec::new();
    while reader.next(&mut |record| {
        seen.push(match &record.row {
            Ok(row) => said(row),
            Err(unreadable) => format!("! {}: {}", unreadable.reason, unreadable.detail),
        });
    }) {}
    seen
}

fn read(path: &Path, layout: &Layout) -> Seen {
    read_at(path, None, layout, (0, u64::MAX))
}

fn write(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, bytes).unwrap();
    path
}

fn gzip(parts: &[&str]) -> Vec<u8> {
    parts
        .iter()
        .flat_map(|part| {
            let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            out.write_all(part.as_bytes()).unwrap();
            out.finish().unwrap()
        })
        .collect()
}

#[test]
fn lines_of_two_files_are_pairs() {
    let folder = tempfile::tempdir().unwrap();
    let en = write(folder.path(), "N.en-zh.en", "a\u{2028}b\r\nc\n\n<title>t</title>\n<seg id=\"1\"> d </seg>\ne");
    let zh = write(folder.path(), "N.en-zh.zh", "甲\u{85}乙\n\n\n<title>题</title>\n<seg id=\"1\">丁</seg>\n戊\n");
    let layout = layout("aligned", "task");
    let want = [
        "en|a\u{2028}b|zh|甲\u{85}乙",
        "one_side_empty=output: en|c|zh|",
        "en||zh|",
        "header=title: -|<title>t</title>|-|<title>题</title>",
        "en|d|zh|丁",
        "en|e|zh|戊",
    ];
    assert_eq!(read(&en, &layout), want);
    assert_eq!(read(&zh, &layout), [""; 0], "the other side makes no rows");
    let found = detect::detect(&en, None).unwrap();
    assert_eq!((found.container, found.shape.as_deref()), ("aligned", Some("pairs")));
    assert!(found.note.unwrap().contains("N.en-zh.zh"));
}

#[test]
fn files_of_different_lengths_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let en = write(folder.path(), "casia_en.txt", "a\nb\n");
    write(folder.path(), "casia_ch.txt", "甲\n");
    let seen = read(&en, &layout("aligned", "task"));
    assert_eq!(seen, ["! misaligned: en has 2 lines, zh has 1: which lines belong together cannot be told"]);
    let lone = write(folder.path(), "x.en", "a\n");
    assert!(read(&lone, &layout("aligned", "task"))[0].starts_with("! open"));
    assert_eq!(detect::detect(&lone, None).unwrap().container, "text");
}

#[test]
fn sides_may_be_compressed_or_members_of_an_archive() {
    let folder = tempfile::tempdir().unwrap();
    let en = write(folder.path(), "t.en.gz", gzip(&["a\n", "b\n"]));
    write(folder.path(), "t.zh", "甲\n乙");
    let layout = layout("aligned", "task");
    let zipped = layout.compressed(crate::input::Compression::Gzip);
    assert_eq!(read(&en, &zipped), ["en|a|zh|甲", "en|b|zh|乙"]);
    let moses = folder.path().join("en-zh.txt.zip");
    let mut zip = zip::ZipWriter::new(fs::File::create(&moses).unwrap());
    let files = [("README", "x"), ("UNPC.en-zh.zh", "甲\n"), ("UNPC.en-zh.en", "a\n"), ("UNPC.en-zh.ids", "1\t2\n")];
    for (name, text) in files {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap();
    let rows: Vec<Seen> = files.iter().map(|(name, _)| read_at(&moses, Some(name), &layout, (0, u64::MAX))).collect();
    assert_eq!(rows, [vec![], vec![], vec!["en|a|zh|甲".to_owned()], vec![]]);
    assert_eq!(detect::detect(&moses, Some("UNPC.en-zh.zh")).unwrap().container, "aligned");
}

const TMX: &str = "<?xml version=\"1.0\"?>\n<tmx version=\"1.4\"><header/>\n<body>\n\
    <tu tuid=\"1\"><tuv xml:lang=\"en\"><seg>a &amp; b</seg></tuv>\n<tuv xml:lang=\"zh\"><seg>甲</seg></tuv></tu>\n\
    <tu><tuv xml:lang=\"en\"><seg>broken</tuv></tu>\n\
    <tu>\n<tuv xml:lang=\"en\"><seg></seg></tuv><tuv xml:lang=\"zh\"><seg>乙</seg></tuv></tu>\n</body></tmx>\n";

#[test]
fn tmx_units_are_pairs_however_the_file_is_cut() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "t.tmx", TMX);
    let layout = layout("tmx", "task");
    let all = read(&path, &layout);
    assert_eq!((all.len(), all[0].as_str(), all[2].as_str()), (3, "en|a & b|zh|甲", "one_side_empty=input: en||zh|乙"));
    assert!(all[1].starts_with("! xml"), "{}", all[1]);
    assert_eq!(formats::container("tmx").unwrap().split(&layout), Split::Bytes);
    for cut in 0..=TMX.len() as u64 {
        let parts = [read_at(&path, None, &layout, (0, cut)), read_at(&path, None, &layout, (cut, u64::MAX))].concat();
        assert_eq!(parts, all, "cut at {cut}");
    }
    let found = detect::detect(&path, None).unwrap();
    assert_eq!((found.container, found.shape.as_deref()), ("tmx", Some("pairs")));
}

#[test]
fn a_cut_or_swollen_tmx_says_so_once() {
    let folder = tempfile::tempdir().unwrap();
    let layout = layout("tmx", "task");
    let inside = TMX.find("甲").unwrap();
    let behind = TMX.find("\n<tu><tuv").unwrap();
    for (cut, rows) in [(inside, 0), (behind, 1)] {
        let seen = read(&write(folder.path(), "c.tmx", &TMX.as_bytes()[..cut]), &layout);
        assert!(seen.len() == rows + 1 && seen[rows].starts_with("! truncated"), "{seen:?}");
    }
    let swollen = TMX.replace("甲", &"甲".repeat(2_000_000));
    let seen = read(&write(folder.path(), "s.tmx", &swollen), &layout);
    assert!(seen.len() == 3 && seen[0].starts_with("! row_too_large"), "{}", seen[0]);
    assert!(seen[1].starts_with("! xml"));
}

fn record(kind: &str, body: &str) -> String {
    format!(
        "WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: http://a.example/\r\nWARC-Record-ID: <urn:uuid:1>\r\n\
         WARC-Identified-Content-Language: zho,eng\r\nWARC-Date: 2024\r\nContent-Length: {}\r\n\r\n{body}\r\n\r\n",
        body.len()
    )
}

#[test]
fn wet_records_are_documents() {
    let folder = tempfile::tempdir().unwrap();
    let parts =
        [record("warcinfo", "Software: x"), record("conversion", "一\n\nWARC/1.0\n二"), record("metadata", "m")];
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let layout = layout("wet", "pretrain").compressed(crate::input::Compression::Gzip);
    let path = write(folder.path(), "a.warc.wet.gz", gzip(&parts));
    assert_eq!(read(&path, &layout), ["一\n\nWARC/1.0\n二", "record_type=metadata: "]);
    assert_eq!(detect::detect(&path, None).unwrap().container, "wet");
    let piece = Piece { path: path.clone(), member: None, start: 0, end: u64::MAX };
    let mut reader = formats::container("wet").unwrap().open(&piece, &layout).unwrap();
    reader.next(&mut |_| panic!("the file's description is no row"));
    reader.next(&mut |record| {
        let row = record.row.unwrap();
        let found = [row.url, row.id, row.language].map(|f| f.unwrap().into_owned());
        assert_eq!(found, ["http://a.example/", "urn:uuid:1", "zh"]);
        let meta = r#"{"WARC-Date":"2024","WARC-Identified-Content-Language":"zho,eng"}"#;
        assert_eq!(row.meta.as_deref(), Some(meta));
    });
}

#[test]
fn a_broken_wet_says_so_once() {
    let folder = tempfile::tempdir().unwrap();
    let layout = layout("wet", "pretrain");
    let whole = record("conversion", "一二三") + &record("conversion", "四五六");
    for cut in [whole.len() - 8, whole.len() - 40, whole.len() - 180] {
        let seen = read(&write(folder.path(), "c.wet", &whole.as_bytes()[..cut]), &layout);
        assert_eq!(seen.len(), 2, "{cut}: {seen:?}");
        assert_eq!(seen[0], "一二三", "{cut}: {seen:?}");
        assert!(seen[1].starts_with("! truncated"), "{cut}: {seen:?}");
    }
    let seen = read(&write(folder.path(), "g.wet", record("conversion", "一") + "garbage\r\n\r\n"), &layout);
    assert!(seen[1].starts_with("! warc"), "{seen:?}");
    let seen = read(&write(folder.path(), "l.wet", record("conversion", &"长".repeat(1_000)) + &whole), &layout);
    assert!(seen.len() == 3 && seen[0].starts_with("! row_too_large"), "{seen:?}");
    let seen =
        read(&write(folder.path(), "u.wet", b"WARC/1.0\nWARC-Type: conversion\nContent-Length: 1\n\n\x80"), &layout);
    assert!(seen[0].starts_with("! utf8"), "{seen:?}");
}

#[test]
fn a_wet_goes_on_behind_a_record_of_the_wrong_length() {
    let folder = tempfile::tempdir().unwrap();
    let layout = layout("wet", "pretrain");
    let page = |text: &str| record("conversion", text);
    let says = |text: &str, length: &str| {
        page(text).replace(&format!("Content-Length: {}", text.len()), &format!("Content-Length: {length}"))
    };
    // Too short, too long (to beyond the end of the file, and to more than a row may have), no number, none at all.
    for length in ["5", "700", "70000", "9000000", "-1", "x"] {
        let parts = [page("码头上的灯亮了。"), says("风从河口来。", length), page("船都回来了。"), page("夜深了。")];
        for gzipped in [false, true] {
            use crate::input::Compression;
            let layout = layout.compressed(if gzipped { Compression::Gzip } else { Compression::None });
            let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
            let bytes = if gzipped { gzip(&parts) } else { parts.concat().into_bytes() };
            let seen = read(&write(folder.path(), "w.wet", bytes), &layout);
            assert_eq!((seen.len(), seen[0].as_str()), (4, "码头上的灯亮了。"), "{length}: {seen:?}");
            assert!(seen[1].starts_with("! warc"), "{length}: {seen:?}");
            assert_eq!(seen[2..], ["船都回来了。", "夜深了。"], "{length}");
        }
    }
    // A text that tells of such files is no record, as long as its own length is right.
    let header_like = "记录如此开始：\r\n\r\nWARC/1.0\r\nWARC-Type: conversion\r\nContent-Length: 3\r\n\r\nabc";
    assert_eq!(read(&write(folder.path(), "t.wet", page(header_like) + &page("完")), &layout), [header_like, "完"]);
    // Line breaks converted on the way: the lengths of before are those of the same text.
    let converted =
        (record("warcinfo", "Software: x\r\nFormat: y") + &page("一\r\n二\r\n三\r\n四\r\n五\r\n六") + &page("三"))
            .replace('\r', "");
    assert_eq!(read(&write(folder.path(), "lf.wet", converted), &layout), ["一\n二\n三\n四\n五\n六", "三"]);
    // Lines between records that belong to none.
    let between = page("一") + "lost lines\r\n" + &page("二");
    let seen = read(&write(folder.path(), "b.wet", between), &layout);
    assert_eq!(seen.len(), 3, "{seen:?}");
    assert!(seen[1].starts_with("! warc"), "{seen:?}");
    assert_eq!(seen[2], "二", "{seen:?}");
}

#[test]
fn articles_have_a_title_and_the_category_of_their_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "THUCNews/体育/1.txt", "\n标题\n\u{3000}\u{3000}正文。\n");
    let text = "\n标题\n\u{3000}\u{3000}正文。\n";
    assert_eq!(read(&path, &layout("articles", "pretrain")), [text]);
    assert_eq!(read(&path, &layout("articles", "task")), [format!("-|{text}|-|体育")]);
    let piece = Piece { path, member: None, start: 0, end: u64::MAX };
    let mut reader = formats::container("articles").unwrap().open(&piece, &layout("articles", "pretrain")).unwrap();
    reader.next(&mut |record| {
        let row = record.row.unwrap();
        assert_eq!((row.subset.as_deref(), row.meta.as_deref()), (Some("体育"), Some(r#"{"title":"标题"}"#)));
    });
}

#[test]
fn lines_that_take_turns_are_pairs() {
    let folder = tempfile::tempdir().unwrap();
    let layout = layout("alternating", "task");
    let good =
        "It rains in the north.\r\n北方在下雨。\nThe road is wet and long.\n\nThe end of the book.\n书的结尾。\n";
    let path = write(folder.path(), "good.txt", good);
    let want = [
        "en|It rains in the north.|zh|北方在下雨。",
        "one_side_empty=output: en|The road is wet and long.|zh|",
        "en|The end of the book.|zh|书的结尾。",
    ];
    assert_eq!(read(&path, &layout), want);
    let lost = good.replace("It rains in the north.\r\n", "It rains in the north.\n它在下雨。\n")
        + "The last one stands alone.";
    let seen = read(&write(folder.path(), "lost.txt", lost), &layout);
    assert!(seen[1].starts_with("! misaligned: these two lines are in zh and en"), "{seen:?}");
    assert!(seen.iter().filter(|s| s.starts_with("! misaligned")).count() >= 2, "{seen:?}");
    let odd = write(folder.path(), "odd.txt", format!("{good}The last one stands alone."));
    assert_eq!(read(&odd, &layout)[3], "! misaligned: the last line has no other half");
    let other = write(folder.path(), "other.txt", "一行。\n又一行。\n");
    assert!(read(&other, &layout)[0].starts_with("! open"));
    let pairs = good.repeat(3);
    assert_eq!(detect::of(pairs.as_bytes(), true).container, "alternating");
    let prose = "第一段在这里。\n第二段在这里。\nA sentence in English here.\n第三段在这里。\n".repeat(5);
    assert_eq!(detect::of(prose.as_bytes(), true).container, "text");
}
