//! Bad input: an error or a counted reason that names the place and the cure; nothing is lost, nothing ends the build.

use std::fs;
use std::io::Write;

use crate::harness::{Scratch, json_lines, same_output};

const HEAD: &str = "name='bad'\nabout='x'\n[input]\nmax_unreadable=1.0\n";

fn recipe(path: &str, more: &str) -> String {
    format!("{HEAD}[[source]]\nname='s'\npath=['{path}']\nuse='pretrain'\n{more}")
}

#[test]
fn a_truncated_gzip_keeps_the_rows_before_the_cut() {
    let scratch = Scratch::new();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(json_lines(2_000).as_bytes()).unwrap();
    let bytes = gz.finish().unwrap();
    scratch.write("in/a.jsonl.gz", &bytes[..bytes.len() * 2 / 3]);
    scratch.write("in/b.jsonl", json_lines(10));
    scratch.write("recipe.toml", recipe("in/*", ""));
    let built = scratch.build("out", &[]);
    built.check_accounts();
    assert_eq!(built.total("unreadable"), 1);
    assert!(built.total("kept") > 500);
    assert_eq!(built.column("unreadable", "reason"), ["truncated"]);
    assert_eq!(built.column("unreadable", "path"), ["in/a.jsonl.gz"]);
}

#[test]
fn a_truncated_array_keeps_the_rows_before_the_cut() {
    let scratch = Scratch::new();
    scratch.write("a.json", r#"[{"text":"一"},{"text":"二"},{"text":"三"#);
    scratch.write("recipe.toml", recipe("a.json", ""));
    let built = scratch.build("out", &[]);
    built.check_accounts();
    assert_eq!(built.column("data/pretrain", "text"), ["一", "二"]);
    assert_eq!(built.column("unreadable", "reason"), ["truncated"]);
}

#[test]
fn a_file_that_ends_in_mid_character_is_told_to_be_fetched_again() {
    let scratch = Scratch::new();
    let lines = json_lines(9) + "{\"text\":\"末";
    let text = "整个文件是一篇文章，讲的是山里的冬天。\n".repeat(400) + "末";
    let text = text.as_bytes();
    for (name, bytes, more) in
        [("a.jsonl", &lines.as_bytes()[..lines.len() - 1], ""), ("a.txt", &text[..text.len() - 1], "rows='file'")]
    {
        scratch.write(name, bytes);
        scratch.write("recipe.toml", recipe(name, more).replace("max_unreadable=1.0", ""));
        let run = scratch.try_build("out", &["--replace"]);
        let said = run.stderr();
        assert!(run.code() == 1 && said.contains("in the middle of a character"), "{name}: {said}");
        assert!(said.contains("fetch it again") && !said.contains("encoding"), "{name}: {said}");
    }
}

#[test]
fn a_corrupt_parquet_among_good_ones_is_one_unreadable_row() {
    let scratch = Scratch::new();
    scratch.write("docs.jsonl", json_lines(300));
    scratch.write("recipe.toml", recipe("docs.jsonl", ""));
    scratch.build("first", &[]);
    let good = fs::read(scratch.path("first/data/pretrain/part-00000.parquet")).unwrap();
    scratch.write("in/a.parquet", &good);
    scratch.write("in/b.parquet", [&good[..good.len() / 2], b"broken".as_slice()].concat());
    scratch.write("in/c.parquet", &good);
    scratch.write("recipe.toml", recipe("in/*.parquet", ""));
    let built = scratch.build("second", &[]);
    built.check_accounts();
    assert_eq!((built.total("kept"), built.total("unreadable")), (600, 1));
    assert_eq!(built.column("unreadable", "path"), ["in/b.parquet"]);
}

#[test]
fn bad_lines_are_counted_by_reason_with_their_line() {
    let scratch = Scratch::new();
    let mut bytes = Vec::new();
    for line in [
        r#"{"text":"好"}"#.as_bytes(),
        b"{\"text\":\"\xff\xfe\"}",
        br#"{"text":"lone \ud83d surrogate"}"#,
        br#"{"txt":"no such field"}"#,
        br#"{"text":{"a":1}}"#,
        br#"{"text":""}"#,
        br#"{"text": nonsense}"#,
        br#"["not", "an object"]"#,
    ] {
        bytes.extend_from_slice(line);
        bytes.push(b'\n');
    }
    scratch.write("a.jsonl", bytes);
    scratch.write("recipe.toml", recipe("a.jsonl", "format='jsonl'\n"));
    let built = scratch.build("out", &[]);
    built.check_accounts();
    assert_eq!(built.column("data/pretrain", "text"), ["好", "lone \u{fffd} surrogate"]);
    assert_eq!(built.reasons()["empty"], 1);
    let lines: Vec<(String, String)> =
        built.column("unreadable", "line").into_iter().zip(built.column("unreadable", "reason")).collect();
    let want = [("2", "utf8"), ("4", "field_missing"), ("5", "field_type"), ("7", "json"), ("8", "not_object")];
    assert_eq!(lines, want.map(|(l, r)| (l.to_owned(), r.to_owned())));
    assert!(built.column("unreadable", "detail")[1].contains("txt"), "the detail names what is there");
}

#[test]
fn line_numbers_hold_across_units() {
    let scratch = Scratch::new();
    let mut lines: Vec<String> = json_lines(500).lines().map(str::to_owned).collect();
    lines[123] = "{broken".into();
    lines[407] = "{broken".into();
    scratch.write("a.jsonl", lines.join("\n"));
    scratch.write("recipe.toml", recipe("a.jsonl", ""));
    let built = scratch.build("out", &["--unit", "4KiB"]);
    built.check_accounts();
    assert_eq!(built.column("unreadable", "line"), ["124", "408"]);
}

#[test]
fn a_huge_line_is_too_large_until_max_row_is_raised() {
    let scratch = Scratch::new();
    let file = fs::File::create(scratch.path("a.jsonl")).unwrap();
    let mut file = std::io::BufWriter::new(file);
    file.write_all(b"{\"text\":\"before\"}\n{\"text\":\"").unwrap();
    for _ in 0..200 {
        file.write_all(&[b'x'; 1 << 20]).unwrap();
    }
    file.write_all(b"\"}\n{\"text\":\"after\"}\n").unwrap();
    file.into_inner().unwrap();
    scratch.write("recipe.toml", recipe("a.jsonl", ""));
    let built = scratch.build("out", &[]);
    built.check_accounts();
    assert_eq!(built.column("unreadable", "reason"), ["row_too_large"]);
    assert_eq!(built.total("kept"), 2);
    scratch.write("recipe.toml", recipe("a.jsonl", "").replace("max_unreadable", "max_row='256MiB'\nmax_unreadable"));
    assert_eq!(scratch.build("raised", &[]).total("kept"), 3);
}

#[test]
fn an_empty_file_has_no_rows_and_a_missing_one_is_an_error() {
    let scratch = Scratch::new();
    scratch.write("in/empty.jsonl", "");
    scratch.write("in/full.jsonl", json_lines(3));
    scratch.write("recipe.toml", recipe("in/*", ""));
    let built = scratch.build("out", &[]);
    built.check_accounts();
    assert_eq!((built.total("read"), built.total("kept")), (3, 3));
    scratch.write("recipe.toml", recipe("nowhere/*.jsonl", ""));
    let run = scratch.try_build("none", &[]);
    assert_eq!(run.code(), 1);
    assert!(run.stderr().contains("nowhere/*.jsonl") && run.stderr().contains("hint:"), "{}", run.stderr());
}

#[test]
fn too_many_unreadable_rows_end_with_code_1() {
    let scratch = Scratch::new();
    scratch.write("a.jsonl", format!("{}broken\n", json_lines(9)));
    scratch.write("recipe.toml", recipe("a.jsonl", "format='jsonl'\n").replace("1.0", "0.05"));
    let run = scratch.try_build("out", &[]);
    assert_eq!(run.code(), 1);
    assert!(run.stderr().contains("max_unreadable"), "{}", run.stderr());
    scratch.built("out").check_accounts();
}

#[test]
fn an_unwritable_output_names_the_folder() {
    let scratch = Scratch::new();
    scratch.write("a.jsonl", json_lines(3));
    scratch.write("out", "a file where the folder should be");
    scratch.write("recipe.toml", recipe("a.jsonl", ""));
    let run = scratch.try_build("out", &[]);
    assert_eq!(run.code(), 2);
    assert!(run.stderr().contains("out"), "{}", run.stderr());
}

#[test]
fn a_changed_input_is_read_anew() {
    let scratch = Scratch::new();
    scratch.write("a.jsonl", json_lines(50));
    scratch.write("recipe.toml", recipe("a.jsonl", ""));
    assert_eq!(scratch.build("out", &[]).total("read"), 50);
    scratch.write("a.jsonl", json_lines(60));
    let again = scratch.build("out", &[]);
    again.check_accounts();
    assert_eq!(again.total("read"), 60);
}

/// A small file system that fills up: the error says so, and the build goes on once there is room.
#[test]
fn a_full_disk_is_an_error_that_resumes() {
    let scratch = Scratch::new();
    let small = scratch.path("small");
    fs::create_dir_all(&small).unwrap();
    let mount = |options: &str| {
        let run =
            std::process::Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(&small).output();
        run.is_ok_and(|o| o.status.success())
    };
    if !mount("size=1m") {
        crate::harness::skipped("no small file system can be mounted here");
        return;
    }
    scratch.write("a.jsonl", json_lines(20_000));
    scratch.write("recipe.toml", recipe("a.jsonl", ""));
    let run = scratch.try_build("small/out", &["--unit", "256KiB"]);
    let grown = std::process::Command::new("mount").args(["-o", "remount,size=200m"]).arg(&small).status();
    let resumed = scratch.try_build("small/out", &["--unit", "256KiB"]);
    let total = scratch.built("small/out").total("read");
    let _ = std::process::Command::new("umount").arg(&small).status();
    assert_eq!(run.code(), 2, "{}", run.stderr());
    assert!(run.stderr().contains("No space left") && run.stderr().contains("hint:"), "{}", run.stderr());
    assert!(grown.unwrap().success());
    assert_eq!((resumed.code(), total), (0, 20_000), "{}", resumed.stderr());
}

/// One big compressed stream is cut like a plain file, and gives the same bytes; a threshold changed later reads it no
/// more.
#[test]
fn a_big_compressed_file_is_cut_into_units() {
    let scratch = Scratch::new();
    let lines = json_lines(4_000);
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(lines.as_bytes()).unwrap();
    scratch.write("gz/a.jsonl", gz.finish().unwrap());
    scratch.write("plain/a.jsonl", &lines);
    let stages = "[[stage]]\nrun='normalize'\n[[stage]]\nrun='keep'\nchars={min=30}\n[[stage]]\nrun='exact_dedup'\n";
    scratch.write("recipe.toml", recipe("gz/*", stages));
    let packed = scratch.build("packed", &["--unit", "32KiB"]);
    packed.check_accounts();
    let log = |out: &str| fs::read_to_string(scratch.path(out).join(".work/units.log")).unwrap();
    let scans = |log: String| log.lines().filter(|l| l.starts_with("done scan ")).count();
    let units = scans(log("packed"));
    assert!(units > 10, "{units} units");
    assert!(!scratch.path("packed/.work/unpacked").exists(), "the copy was not freed");
    scratch.build("packed", &["--unit", "32KiB", "--set", "keep.chars.min=50"]);
    assert_eq!(scans(log("packed")), units, "the scan ran again");
    scratch.build("packed", &["--unit", "32KiB"]);
    scratch.write("recipe.toml", recipe("plain/*", stages));
    let plain = scratch.build("plain-out", &[]);
    same_output(&plain, &scratch.built("packed"), "plain and packed");
}

/// An archive that does not open holds no document: it is one unreadable row, beside the rows of the good files.
#[test]
fn a_broken_archive_is_one_unreadable_row() {
    let scratch = Scratch::new();
    scratch.write("in/a.zip", b"PK\x03\x04 not a zip");
    scratch.write("in/b.jsonl", json_lines(20));
    scratch.write("recipe.toml", recipe("in/*", ""));
    let built = scratch.build("out", &[]);
    built.check_accounts();
    assert_eq!((built.total("kept"), built.total("unreadable")), (20, 1));
    assert_eq!(built.column("unreadable", "path"), ["in/a.zip"]);
    assert_eq!(built.column("unreadable", "reason"), ["open"]);
}

#[test]
fn malformed_bytes_of_other_encodings_are_counted() {
    let scratch = Scratch::new();
    let (text, ..) = encoding_rs::GB18030.encode("春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少。\n");
    let whole = text.repeat(200);
    let damaged = |every: usize| -> Vec<u8> {
        let lines = whole.split_inclusive(|b| *b == b'\n').enumerate();
        let bad = |number: usize| if number.is_multiple_of(every) { &b"\xff"[..] } else { b"" };
        lines.flat_map(|(number, line)| [bad(number), line].concat()).collect()
    };
    scratch.write("in/a.txt", &whole);
    scratch.write("in/b.txt", damaged(100));
    scratch.write("in/c.txt", damaged(4));
    scratch.write("recipe.toml", recipe("in/*.txt", "rows='line'\nencoding='gb18030'\n"));
    let run = scratch.try_build("out", &[]);
    let said = run.stderr();
    assert_eq!(run.code(), 0, "{said}");
    let built = scratch.built("out");
    built.check_accounts();
    let files = built.manifest["sources"][0]["files"].as_array().unwrap();
    let replaced: Vec<u64> = files.iter().map(|f| f["replaced"].as_u64().unwrap()).collect();
    assert_eq!(replaced, [0, 2, 50]);
    assert!(said.contains("52 malformed sequences in 2 files"), "{said}");
    let warned = |file: &str| said.lines().any(|l| l.contains(file) && l.contains("`encoding = \"…\"`"));
    assert!(warned("in/c.txt") && !warned("in/b.txt"), "{said}");
    // The second build remembers the counts.
    let again = scratch.try_build("out", &["--fresh"]);
    assert!(again.stderr().contains("52 malformed sequences"), "{}", again.stderr());
}

#[test]
fn one_bad_place_in_a_container_costs_no_row_beside_it() {
    let scratch = Scratch::new();
    // Scores that are no numbers, in every line; and files with a byte order mark, joined.
    scratch.write(
        "in/a.jsonl",
        "\u{feff}{\"text\":\"河灯\",\"score\":NaN}\n\u{feff}{\"text\":\"纸船\",\"score\":-Infinity}\n\
         {\"text\":\"NaN 风筝\",\"score\":Infinity}\n",
    );
    // One object over many lines, some of which are JSON by themselves.
    scratch.write(
        "in/b.json",
        "{\n  \"text\": \"木桥\",\n  \"tags\": [\n    \"桥\",\n    \"木\"\n  ],\n  \"n\": [\n    1,\n    2\n  ]\n}\n",
    );
    scratch.write("in/c.json", "\u{feff}[{\"text\":\"石阶\"}]\n\u{feff}[{\"text\":\"竹门\",\"score\":NaN}]\n");
    scratch.write("recipe.toml", recipe("in/*", ""));
    let built = scratch.build("out", &[]);
    built.check_accounts();
    assert_eq!(built.total("unreadable"), 0);
    assert_eq!(built.column("data/pretrain", "text"), ["河灯", "纸船", "NaN 风筝", "木桥", "石阶", "竹门"]);
    let meta = built.column("data/pretrain", "meta");
    assert_eq!((meta[0].as_str(), meta[2].as_str()), (r#"{"score":null}"#, r#"{"score":null}"#));
}
