//! Containers from outside: whatever is done to a file, every record comes out once, in its place, with its reason.

use std::fs;
use std::io::Write;
use std::path::Path;

use crate::formats::{self, Layout, Piece};
use crate::input::{self, Compression};
use crate::rows::{Content, Use};

fn layout(container: &str) -> Layout {
    Layout {
        shape: Some("fields".into()),
        rows: Some(formats::TextRows::Line),
        fields: [("text".into(), "text".into())].into(),
        source: "s".into(),
        ..Layout::plain(container, Use::Pretrain, 1000)
    }
}

/// A record as (offset, line, text or reason).
type Seen = (u64, u64, String);

fn piece(path: &Path, start: u64, end: u64) -> Piece {
    Piece { path: path.to_path_buf(), member: None, start, end }
}

fn read(piece: &Piece, layout: &Layout, skip: u64) -> Vec<Seen> {
    let mut reader = match formats::container(&layout.container).unwrap().open(piece, layout) {
        Ok(reader) => reader,
        Err(error) => return vec![(0, 0, format!("! open {error}"))],
    };
    let mut seen = Vec::new();
    let skipped = reader.skip(skip);
    seen.resize(skipped as usize, (0, 0, "skipped".to_owned()));
    while reader.next(&mut |record| {
        let what = match &record.row {
            Ok(row) => match &row.content {
                Content::Pretrain { text } => text.to_string(),
                other => format!("{other:?}"),
            },
            Err(unreadable) => format!("! {}", unreadable.reason),
        };
        seen.push((record.offset, record.line, what));
    }) {}
    seen
}

fn whole(path: &Path, layout: &Layout) -> Vec<Seen> {
    read(&piece(path, 0, u64::MAX), layout, 0)
}

fn words(seen: &[Seen]) -> Vec<&str> {
    seen.iter().map(|s| s.2.as_str()).collect()
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> std::path::PathBuf {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    path
}

fn packed(bytes: &[u8], compression: Compression) -> Vec<u8> {
    match compression {
        Compression::None => bytes.to_vec(),
        Compression::Gzip => {
            let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            out.write_all(bytes).unwrap();
            out.finish().unwrap()
        }
        Compression::Bzip2 => {
            let mut out = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            out.write_all(bytes).unwrap();
            out.finish().unwrap()
        }
        Compression::Xz => {
            let mut out = liblzma::write::XzEncoder::new(Vec::new(), 1);
            out.write_all(bytes).unwrap();
            out.finish().unwrap()
        }
        Compression::Zstd => zstd::encode_all(bytes, 1).unwrap(),
    }
}

const PACKED: [Compression; 4] = [Compression::Gzip, Compression::Bzip2, Compression::Xz, Compression::Zstd];

/// Rows that do not compress well.
fn rows(count: u32) -> String {
    (0..count).fold(String::new(), |mut out, i| {
        let mut number = u64::from(i).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let text: String = (0..20)
            .map(|_| {
                number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                char::from_u32(0x4e00 + (number >> 40) as u32 % 20_000).unwrap()
            })
            .collect();
        out.push_str(&format!("{{\"text\":\"{text}\"}}\n"));
        out
    })
}

/// Every way to cut a file in two or three gives the same records.
fn cuts_agree(text: &str, layout: &Layout, starts: &[u64]) {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "f", text.as_bytes());
    let all = whole(&path, layout);
    let breaks = |to: u64| text.as_bytes()[..to as usize].iter().filter(|b| **b == b'\n').count() as u64;
    for (i, &first) in starts.iter().enumerate() {
        for &second in &starts[i..] {
            let mut found = Vec::new();
            for (start, end) in [(0, first), (first, second), (second, u64::MAX)] {
                if start < end {
                    let part = read(&piece(&path, start, end), layout, 0);
                    found.extend(part.into_iter().map(|(offset, line, what)| (offset, line + breaks(start), what)));
                }
            }
            assert_eq!(found, all, "{} cut at {first} and {second}", layout.container);
        }
    }
    for skip in 0..all.len() as u64 + 2 {
        let seen = read(&piece(&path, 0, u64::MAX), layout, skip);
        assert_eq!(seen.len(), all.len(), "{} skipping {skip}", layout.container);
    }
}

#[test]
fn byte_cuts_are_exact_with_and_without_a_mark() {
    for mark in ["", "\u{feff}"] {
        let lines = "{\"text\":\"一\"}\n\n{\"text\":\"二\"}\r\n  \nbroken\n{\"text\":\"三\"}";
        let text = format!("{mark}{lines}");
        let starts: Vec<u64> = (0..=text.len() as u64).collect();
        cuts_agree(&text, &layout("jsonl"), &starts);
        cuts_agree(&text, &layout("text"), &starts);
    }
    let text = "\ntext\tn\n一\t1\n\"二\t2\n\n三\n四\t4\r\n";
    let starts: Vec<u64> = (0..=text.len() as u64).collect();
    cuts_agree(text, &layout("tsv"), &starts);
    cuts_agree(text, &Layout { fields: [("text".to_owned(), "1".to_owned())].into(), ..layout("tsv") }, &starts);
}

#[test]
fn array_cuts_are_exact() {
    let elements =
        ["{\"text\":\"[,{\\\"\"}", "{\n\"text\": \"二\",\n \"n\":[1,{}]}", "7", "{\"text\":tru}", "{\"text\":\"末\"}"];
    for text in [
        format!("\u{feff}[\n{}\n]\n", elements.join(",\n")),
        format!("[{}]", elements.join(",")),
        format!("{{\"data\": [{{\"text\":\"x\"}},{}], \"n\": 3}}", elements.join(" , ")),
        elements.join("\n"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = write(folder.path(), "f", text.as_bytes());
        let layout = layout("json");
        for unit in [1, 20, 40] {
            let starts = formats::container("json").unwrap().cuts(&piece(&path, 0, u64::MAX), &layout, unit).unwrap();
            assert!(unit > 1 || starts.len() >= 5, "{starts:?}");
            cuts_agree(&text, &layout, &starts);
        }
    }
}

/// Whatever bytes are changed, reading ends, and cuts change nothing.
#[test]
fn noise_is_read_the_same_in_pieces() {
    let folder = tempfile::tempdir().unwrap();
    let samples = [
        "[\n  {\"text\":\"一\\n\"},\n  {\n    \"text\": \"b\",\n    \"n\": [1, {}]\n  },\n  {\"text\":\"c\"}\n]\n",
        "{\"text\":\"a\"}\n{\"text\":\"\\ud83d\"}\n\n{\"text\":\"二\"}\n",
        "{\"n\":1,\"data\":[{\"text\":\"a\"},\n{\"text\":\"b\"}],\"z\":{}}",
        "text,n\n\"a\nb\",1\n二,2\n\"c \"\"d\"\"\",3\n",
        "text\tn\na\t1\n\"二\t2\n",
    ];
    let noise = b"{}[]\"\\,:\n\r\t |0x\xff\xe4\xef\xbb\xbf";
    let mut number = 7u64;
    let mut below = |limit: usize| {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (number >> 33) as usize % limit
    };
    for round in 0..600 {
        let mut bytes = samples[round % samples.len()].as_bytes().to_vec();
        for _ in 0..=below(4) {
            let (at, byte) = (below(bytes.len()), noise[below(noise.len())]);
            match below(3) {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => bytes.truncate(bytes.len() - below(bytes.len())),
            }
        }
        let path = write(folder.path(), "f", &bytes);
        for (name, rows) in [
            ("jsonl", None),
            ("json", None),
            ("csv", None),
            ("tsv", None),
            ("text", Some(formats::TextRows::Line)),
            ("text", Some(formats::TextRows::Block)),
            ("text", Some(formats::TextRows::Mark)),
        ] {
            let layout = layout(name);
            let layout = Layout { max_row: 60, rows: rows.or(layout.rows), ..layout };
            let all = whole(&path, &layout);
            assert!(all.len() <= bytes.len() + 1 && all.is_sorted_by_key(|s| s.0), "{name}: {all:?}");
            let starts = match formats::container(name).unwrap().split(&layout) {
                formats::Split::Bytes => (0..bytes.len() as u64).step_by(3).collect(),
                formats::Split::Cuts => {
                    formats::container(name).unwrap().cuts(&piece(&path, 0, u64::MAX), &layout, 8).unwrap()
                }
                formats::Split::Whole => vec![0],
            };
            let ends = starts.iter().skip(1).copied().chain([u64::MAX]);
            let pieces: Vec<Seen> =
                starts.iter().zip(ends).flat_map(|(start, end)| read(&piece(&path, *start, end), &layout, 0)).collect();
            let bare = |seen: &[Seen]| seen.iter().map(|s| (s.0, s.2.clone())).collect::<Vec<_>>();
            assert_eq!(bare(&pieces), bare(&all), "{name} {starts:?} of {:?}", String::from_utf8_lossy(&bytes));
        }
        formats::detect::detect(&path, None).unwrap();
    }
}

#[test]
fn broken_elements_do_not_take_their_neighbours() {
    let folder = tempfile::tempdir().unwrap();
    let read = |text: &str| {
        let path = write(folder.path(), "f", text.as_bytes());
        whole(&path, &layout("json")).into_iter().map(|s| s.2).collect::<Vec<_>>()
    };
    let [a, b] = ["{\"text\":\"a\"}", "{\"text\":\"b\"}"];
    assert_eq!(read(&format!("[{a},{{\"text\":tru}},{b}]")), ["a", "! json", "b"]);
    assert_eq!(read(&format!("[\n  {a},\n  {{\"text\":[1}},\n  {b}\n]")), ["a", "! json", "b"], "bracket not closed");
    assert_eq!(read(&format!("[\n  {a},\n  {{\"text\":\"x}},\n  {b}\n]")), ["a", "! json", "b"], "quote not closed");
    assert_eq!(
        read("[\n  {\n    \"text\": \"a\n  },\n  {\n    \"text\": \"b\"\n  }\n]"),
        ["! json", "b"],
        "quote not closed, over several lines"
    );
    assert_eq!(read(&format!("[{a},{b}")), ["a", "b", "! truncated"]);
    assert_eq!(read(&format!("[{a},")), ["a", "! truncated"]);
    assert_eq!(read(&format!("[{a},{{\"text\":\"b")), ["a", "! truncated"]);
    assert_eq!(read(&format!("{a}\n{b}")), ["a", "b"]);
    assert_eq!(read(&format!("[{a},{{\"text\":\"{}\"}},{b}]", "x".repeat(5000))), ["a", "! row_too_large", "b"]);
    assert_eq!(read(&format!("{{\"version\": 1, \"data\": [{a},{b}]}}")), ["a", "b"], "a key before the array");
    assert_eq!(read(&format!("{{\"data\": [{a},{b}], \"version\": {{\"n\": 1}}}}")), ["a", "b"], "a key behind it");
    assert_eq!(read("[]"), [""; 0]);
    assert_eq!(read(&"[".repeat(100_000)), ["! truncated"]);
}

#[test]
fn deep_nesting_and_surrogates_and_bad_bytes_are_one_row_each() {
    let folder = tempfile::tempdir().unwrap();
    let deep = format!("{{\"text\":\"deep\",\"x\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let mut bytes = format!("{deep}\n{{\"text\":\"\\ud83d 孤\"}}\n").into_bytes();
    bytes.extend(b"{\"text\":\"\xff\"}\n\"text\"\n{\"text\":\"ok\"}\n{\"text\":\"cu");
    let path = write(folder.path(), "f", &bytes);
    let layout = Layout { max_row: 1 << 20, ..layout("jsonl") };
    let seen = whole(&path, &layout);
    assert_eq!(words(&seen), ["deep", "\u{fffd} 孤", "! utf8", "! not_object", "ok", "! truncated"]);
    // Nested too deep where a field is looked into.
    let path = write(folder.path(), "g", format!("{{\"text\":{}\n", "[".repeat(100_000)).as_bytes());
    assert_eq!(words(&whole(&path, &layout)), ["! json"]);
    assert_eq!(words(&whole(&path, &Layout { max_row: 1000, ..layout })), ["! row_too_large"]);
}

#[test]
fn a_file_cut_in_mid_character_is_truncated_and_other_bad_bytes_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let last = |container: &str, bytes: &[u8], rows: Option<formats::TextRows>| {
        let layout = Layout { rows, ..layout(container) };
        words(&whole(&write(folder.path(), "cut", bytes), &layout)).last().unwrap().to_string()
    };
    let lines = "{\"text\":\"一\"}\n{\"text\":\"二\"}";
    let cut = &lines.as_bytes()[..lines.len() - 3];
    for (container, bytes, rows) in [
        ("jsonl", cut, None),
        ("csv", &"text\n一\n二".as_bytes()[..11], None),
        ("tsv", &"text\tid\n一\t1\n1\t二".as_bytes()[..17], None),
        ("text", &"一\n二".as_bytes()[..6], Some(formats::TextRows::Line)),
        ("text", &"一\n\n二".as_bytes()[..7], Some(formats::TextRows::Block)),
        ("text", &"一\n<|endoftext|>二".as_bytes()[..19], Some(formats::TextRows::Mark)),
        ("text", &"一二".as_bytes()[..5], Some(formats::TextRows::File)),
        ("articles", &"一二".as_bytes()[..5], None),
    ] {
        let at = format!("{container} {rows:?}");
        assert_eq!(last(container, bytes, rows), "! truncated", "{at}");
        let more = [bytes, b"\n" as &[u8]].concat();
        assert_eq!(last(container, &more, rows), "! utf8", "{at}: something stands behind it");
    }
    assert_eq!(last("jsonl", b"{\"text\":\"\xff", None), "! utf8", "no character begins so");
}

#[test]
fn a_cut_stream_keeps_its_rows_and_says_so_once() {
    let folder = tempfile::tempdir().unwrap();
    let text = rows(20_000);
    let good: Vec<Seen> = whole(&write(folder.path(), "plain", text.as_bytes()), &layout("jsonl"));
    for compression in PACKED {
        let bytes = packed(text.as_bytes(), compression);
        for (container, cut) in
            [("jsonl", bytes.len() * 9 / 10), ("json", bytes.len() * 9 / 10), ("jsonl", bytes.len() - 3)]
        {
            let path = write(folder.path(), "cut", &bytes[..cut]);
            let layout = layout(container).compressed(compression);
            let seen = whole(&path, &layout);
            let (last, rows) = seen.split_last().unwrap();
            assert_eq!(last.2, "! truncated", "{compression:?} {container} cut at {cut} of {}", bytes.len());
            assert!(good.starts_with(rows), "{compression:?} {container}");
            assert!(
                compression == Compression::Xz || rows.len() > 10_000,
                "{compression:?} {container} {}",
                rows.len()
            );
            for skip in [rows.len() as u64, rows.len() as u64 + 1, rows.len() as u64 + 2] {
                assert_eq!(read(&piece(&path, 0, u64::MAX), &layout, skip).len(), seen.len(), "{compression:?} {skip}");
            }
        }
        let mut broken = bytes.clone();
        let middle = broken.len() / 2;
        broken[middle..middle + 400].fill(0x55);
        let seen = whole(&write(folder.path(), "broken", &broken), &layout("jsonl").compressed(compression));
        assert!(words(&seen).iter().any(|w| w.starts_with("! ")), "{compression:?}");
    }
}

#[test]
fn streams_end_to_end_padded_and_with_a_wide_window() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b] = ["{\"text\":\"a\"}\n{\"text\":\"x", "b\"}\n"].map(str::as_bytes);
    for compression in PACKED {
        let bytes = [packed(a, compression), packed(b"", compression), packed(b, compression)].concat();
        let path = write(folder.path(), "f", &bytes);
        assert_eq!(input::compression(&path).unwrap(), compression);
        assert_eq!(words(&whole(&path, &layout("jsonl").compressed(compression))), ["a", "xb"], "{compression:?}");
    }
    let gzip = layout("jsonl").compressed(Compression::Gzip);
    let mut bytes = packed(b"{\"text\":\"a\"}\n", Compression::Gzip);
    bytes.extend([0; 700]);
    assert_eq!(words(&whole(&write(folder.path(), "f", &bytes), &gzip)), ["a"]);
    bytes.extend(b"this is no gzip member, and long enough for a header");
    assert_eq!(words(&whole(&write(folder.path(), "f", &bytes), &gzip)), ["a", "! corrupt"]);
    let bad = write(folder.path(), "f", b"\x1f\x8b\x08\xff and then something else that is not a stream at all");
    assert!(words(&whole(&bad, &gzip)).last().is_some_and(|w| w.starts_with("! ")), "a bad header is told");

    let mut wide = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    wide.long_distance_matching(true).unwrap();
    wide.window_log(28).unwrap();
    wide.write_all(b"{\"text\":\"wide\"}\n").unwrap();
    let path = write(folder.path(), "f", &wide.finish().unwrap());
    let zstd = layout("jsonl").compressed(Compression::Zstd);
    assert_eq!(words(&whole(&path, &zstd)), ["wide"]);
}

#[test]
fn a_quote_that_never_closes_takes_one_row() {
    let folder = tempfile::tempdir().unwrap();
    let csv = |text: &str| {
        let path = write(folder.path(), "f", text.as_bytes());
        whole(&path, &layout("csv")).into_iter().map(|s| (s.0, s.1, s.2)).collect::<Vec<_>>()
    };
    assert_eq!(words(&csv("text,n\n一,1\n\"二\n二\",2\n三\n")), ["一", "二\n二", "! columns"]);
    assert_eq!(words(&csv("text,n\n一,1\n\"二,2\n三,3\n")), ["一", "! columns", "三"]);
    let long = format!("text,n\n一,1\n\"二,2\n{}三,3\n", "长,1\n".repeat(1000));
    let seen = csv(&long);
    assert_eq!(seen.len(), 1003);
    assert_eq!((words(&seen)[1], words(&seen)[1002]), ("! row_too_large", "三"));
    assert_eq!(seen[1002].1, 1003);
    let seen = csv("\u{feff}text,n\r\n\"a \"\"b\"\" c\",1\r\n\r\nx\"y,2");
    assert_eq!(seen, [(11, 1, "a \"b\" c".to_owned()), (28, 3, "x\"y".to_owned())]);
}

#[test]
fn members_of_archives_are_checked_and_unpacked() {
    let folder = tempfile::tempdir().unwrap();
    let text = rows(2000);
    let zipped = folder.path().join("a.zip");
    let mut zip = zip::ZipWriter::new(fs::File::create(&zipped).unwrap());
    let options = zip::write::SimpleFileOptions::default();
    let members = [
        ("__MACOSX/x", b"x".to_vec()),
        ("新闻.jsonl", text.clone().into_bytes()),
        ("b.jsonl.gz", packed(text.as_bytes(), Compression::Gzip)),
    ];
    for (name, bytes) in &members {
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
    let names: Vec<_> =
        input::members(&zipped, Compression::None).unwrap().unwrap().into_iter().map(|m| m.name).collect();
    assert_eq!(names, ["新闻.jsonl", "b.jsonl.gz"]);
    for name in &names {
        let piece = Piece { member: Some(name.clone()), ..piece(&zipped, 0, u64::MAX) };
        assert_eq!(read(&piece, &layout("jsonl"), 0).len(), 2000, "{name}");
        let found = formats::detect::detect(&zipped, Some(name)).unwrap();
        assert_eq!((found.container, found.encoding.0.as_str()), ("jsonl", "UTF-8"), "{name}");
    }
    // One byte of the packed text is another: the checksum tells.
    let mut bytes = fs::read(&zipped).unwrap();
    bytes[20_000] ^= 0x10;
    let broken = write(folder.path(), "b.zip", &bytes);
    let piece_of = |path: &Path, name: &str| Piece { member: Some(name.to_owned()), ..piece(path, 0, u64::MAX) };
    let seen = read(&piece_of(&broken, "新闻.jsonl"), &layout("jsonl"), 0);
    assert!(words(&seen).last().unwrap().starts_with("! "), "{:?}", seen.last());

    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    tar.append_data(&mut header, "a.jsonl", text.as_bytes()).unwrap();
    let tarred = tar.into_inner().unwrap();
    let path = write(folder.path(), "a.tar", &tarred);
    assert_eq!(input::members(&path, Compression::None).unwrap().unwrap().len(), 1);
    assert_eq!(read(&piece_of(&path, "a.jsonl"), &layout("jsonl"), 0).len(), 2000);
    let path = write(folder.path(), "cut.tar", &tarred[..tarred.len() / 2]);
    let seen = read(&piece_of(&path, "a.jsonl"), &layout("jsonl"), 0);
    assert_eq!(words(&seen).last(), Some(&"! truncated"));
    assert!(seen.len() > 900);
    assert!(input::members(&write(folder.path(), "t", text.as_bytes()), Compression::None).unwrap().is_none());
}

#[test]
fn blocks_and_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "f", "一\n二\n\n \n三\n".as_bytes());
    let of = |rows| Layout { rows: Some(rows), ..layout("text") };
    let blocks = whole(&path, &of(formats::TextRows::Block));
    assert_eq!(blocks, [(0, 0, "一\n二".to_owned()), (11, 4, "三".to_owned())]);
    assert_eq!(whole(&path, &of(formats::TextRows::File)).len(), 1);
    let large = write(folder.path(), "g", "x".repeat(2000).as_bytes());
    assert_eq!(words(&whole(&large, &of(formats::TextRows::File))), ["! row_too_large"]);
    // A block in which the stream breaks is not handed out as if it were whole.
    let text = "一行\n".repeat(5) + "\n" + &"二行\n".repeat(100_000);
    let bytes = packed(text.as_bytes(), Compression::Gzip);
    let path = write(folder.path(), "h", &bytes[..bytes.len() - 9]);
    let layout = Layout { max_row: 10 << 20, ..of(formats::TextRows::Block).compressed(Compression::Gzip) };
    assert_eq!(words(&whole(&path, &layout)), ["一行\n一行\n一行\n一行\n一行", "! truncated"]);
}

#[test]
fn texts_between_marks() {
    let folder = tempfile::tempdir().unwrap();
    let text = "一\n二\n<|endoftext|>\n三<|endoftext|>四\n\n五 <|endoftext|>\r\n<|endoftext|>\n六<|end_of_text|>\n";
    let layout = Layout { rows: Some(formats::TextRows::Mark), ..layout("text") };
    let path = write(folder.path(), "f", text.as_bytes());
    let all = whole(&path, &layout);
    assert_eq!(words(&all), ["一\n二", "三", "四\n\n五", "六"]);
    let at = |part: &str| text.find(part).unwrap() as u64;
    assert_eq!(all.iter().map(|seen| seen.0).collect::<Vec<_>>(), [0, at("三"), at("四"), at("六")]);
    // Cut anywhere behind a mark, the pieces give the same.
    let cuts = formats::container("text").unwrap().cuts(&piece(&path, 0, u64::MAX), &layout, 1).unwrap();
    assert_eq!(cuts, [0, at("三"), at("<|endoftext|>\n六")]);
    let ends = cuts.iter().skip(1).copied().chain([u64::MAX]);
    let pieces = cuts.iter().zip(ends).flat_map(|(start, end)| read(&piece(&path, *start, end), &layout, 0));
    assert_eq!(words(&pieces.collect::<Vec<_>>()), words(&all));
    let joined =
        write(folder.path(), "joined", "从前有座山。\n<|endoftext|>\n山里有座庙。\n<|endoftext|>\n".as_bytes());
    let found = formats::detect::detect(&joined, None).unwrap();
    assert_eq!((found.rows, found.container), (Some(formats::TextRows::Mark), "text"));
    // A document in which the stream breaks is part of the break; one that is too long is one record.
    let long = format!("短。<|endoftext|>{}<|endoftext|>\n又短。\n", "长\n".repeat(500));
    let path = write(folder.path(), "g", long.as_bytes());
    assert_eq!(words(&whole(&path, &Layout { max_row: 900, ..layout.clone() })), ["短。", "! row_too_large", "又短。"]);
    let bytes = packed("好。\n<|endoftext|>\n".repeat(50_000).as_bytes(), Compression::Gzip);
    let path = write(folder.path(), "h", &bytes[..bytes.len() - 9]);
    assert_eq!(words(&whole(&path, &layout.compressed(Compression::Gzip))).last(), Some(&"! truncated"));
}
