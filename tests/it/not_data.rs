//! What lies among the data and is none, members of one name, and files that look like what they are not.

use std::fs;
use std::io::Write;

use crate::harness::{Scratch, contains};
use crate::servers::archive::zip_of;

/// A recipe of one source; any share of rows may be unreadable.
fn recipe(path: &str, more: &str) -> String {
    format!("[[source]]\nname='s'\npath=['{path}']\n{more}\n[input]\nmax_unreadable=1.0\n")
}

fn texts(scratch: &Scratch) -> Vec<String> {
    let run = scratch.try_build("out", &["--fresh"]);
    assert_eq!(run.code(), 0, "{}", run.stderr());
    let built = scratch.built("out");
    built.check_accounts();
    built.column("data/pretrain", "text")
}

fn tar(members: &[(&[u8], &str)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, text) in members {
        let mut header = tar::Header::new_gnu();
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name);
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        tar.append(&header, text.as_bytes()).unwrap();
    }
    tar.into_inner().unwrap()
}

/// Each says what it is, and none is a row, whatever `rows` says.
#[test]
fn documents_pictures_and_pages_are_unreadable_by_name() {
    let scratch = Scratch::new();
    let office = zip_of(&[("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<w:t>Text</w:t>")]).to_vec();
    let nested = zip_of(&[("inner.zip", &zip_of(&[("a.txt", b"deep")]).to_vec())]).to_vec();
    let files: [(&str, &[u8], &str); 9] = [
        ("a.pdf", b"%PDF-1.4\n1 0 obj << /Length 44 >> stream\nBT (words) Tj ET\n", "PDF"),
        ("b.docx", &office, "Word"),
        ("c.zip", &nested, "archives in archives"),
        ("d.jsonl", b"<!DOCTYPE html>\n<title>404</title><p>Gone.</p>", "HTML"),
        ("e.parquet", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 7\n", "git lfs pull"),
        ("f.warc", b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 0\r\n\r\n\r\n\r\n", "WARC"),
        ("g.db", b"SQLite format 3\0\x10\0", "SQLite"),
        ("h.txt.lz4", b"\x04\x22\x4d\x18\x64\x40\xa7", "lz4"),
        ("i.bin", &[1, 2, 3, 0, 255, 254, 4, 5, 6, 7, 8, 0, 1, 2], "binary"),
    ];
    for (name, bytes, _) in files {
        scratch.write(&format!("in/{name}"), bytes);
    }
    scratch.write("in/z.txt", "井边的石头被绳子磨出了三道沟。\n");
    for more in ["use='pretrain'", "use='pretrain'\nrows='file'"] {
        scratch.write("recipe.toml", recipe("in/*", more));
        assert_eq!(texts(&scratch).len(), 1, "{more}");
        let built = scratch.built("out");
        let (reasons, details) = (built.column("unreadable", "reason"), built.column("unreadable", "detail"));
        assert!(reasons.iter().all(|r| r == "not_data"), "{reasons:?}");
        assert_eq!(details.len(), files.len());
        for ((name, _, word), detail) in files.iter().zip(&details) {
            assert!(detail.contains(word), "{name}: {detail}");
        }
    }
    // Whoever asks for a page's source gets it.
    scratch.write("recipe.toml", recipe("in/d.jsonl", "format='text'"));
    assert!(texts(&scratch)[0].starts_with("<!DOCTYPE"));
}

/// What stands beside data is left out, and named; by itself, or where the recipe names it, it is a text.
#[test]
fn readme_and_hidden_files_beside_data_are_left_out() {
    let scratch = Scratch::new();
    scratch.write("set/README.md", "# A set\n\nIt has two rows.\n");
    scratch.write("set/LICENSE", "Do as you like.\n");
    scratch.write("set/data/train.jsonl", "{\"text\":\"井水很凉。\"}\n{\"text\":\"河水很急。\"}\n");
    scratch.write("set/.cache/huggingface/download/train.jsonl.metadata", "0123abcd\nW/etag\n1700000000.0\n");
    scratch.write("set/data/._train.jsonl", b"\0\x05\x16\x07\0\x02\0\0Mac OS X");
    for path in ["set", "set/**/*"] {
        scratch.write("recipe.toml", recipe(path, ""));
        assert_eq!(texts(&scratch), ["井水很凉。", "河水很急。"]);
        let said = scratch.try_build("out", &["--fresh"]).stderr();
        contains(&said, &["README.md", "LICENSE", "left out"], &[]);
    }
    scratch.write("recipe.toml", recipe("set/*.md", ""));
    assert!(texts(&scratch)[0].contains("two rows"));
}

/// Each member is read once, in its place, whatever the names are.
#[test]
fn members_of_one_name_are_read_once_each() {
    let scratch = Scratch::new();
    let members: [(&[u8], &str); 4] =
        [(b"a.txt", "第一稿"), (b"b.txt", "另一篇"), (b"a.txt", "第二稿"), (b"._a.txt", "attributes")];
    let plain = tar(&members);
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(&plain).unwrap();
    scratch.write("in/a.tar", &plain);
    scratch.write("in/b.tar.gz", gz.finish().unwrap());
    // Names of bytes that no encoding has: they are shown alike.
    scratch.write("in/c.tar", tar(&[(b"\xff\xff.txt", "甲"), (b"\xff\xfe.txt", "乙")]));
    scratch.write("recipe.toml", recipe("in/*", "rows='file'"));
    let three = ["第一稿", "另一篇", "第二稿"];
    assert_eq!(texts(&scratch), [&three[..], &three[..], &["甲", "乙"]].concat());
}

/// `rows` is a key of plain text, and says so.
#[test]
fn rows_makes_text_of_what_looks_like_something_else() {
    let scratch = Scratch::new();
    scratch.write("in/a.lrc", "[ti:井]\n[00:01.00]井水很凉\n[00:05.20]河水很急\n");
    scratch.write("in/b.md", "[![badge](x.svg)](y)\n# 井\n\n水。\n");
    scratch.write("in/c.txt", "1.\t井水很凉\n2.\t河水很急\n3.\t海水很咸\n4.\t湖水很静\n");
    scratch.write("in/d.json", "[1, 2]\n");
    scratch.write("recipe.toml", recipe("in/*", "rows='file'"));
    let found = texts(&scratch);
    assert_eq!(found.len(), 4);
    assert!(found[2].starts_with("1.\t井水很凉\n2."), "{found:?}");
    let said = scratch.try_build("out", &["--fresh"]).stderr();
    assert!(said.contains("in/c.txt") && said.contains("looks like tsv"), "{said}");
    // Without `rows`, lyrics and Markdown are text all the same.
    scratch.write("recipe.toml", recipe("in/[ab].*", ""));
    assert_eq!(texts(&scratch).len(), 2);
}

#[test]
fn tables_that_begin_with_a_bracket_or_end_lines_by_a_carriage_return() {
    let scratch = Scratch::new();
    let table = "[id],text\n1,\"井水，很凉。\"\n2,\"河水，很急。\"\n3,\"海水，很咸。\"\n";
    scratch.write("in/a.csv", table);
    scratch.write("in/b.csv", table.replace('\n', "\r"));
    scratch.write("in/c.jsonl", "{\"text\":\"湖水\"}\r{\"text\":\"雨水\"}\r");
    scratch.write("recipe.toml", recipe("in/*", "use='pretrain'\nfields={text='text'}"));
    let three = ["井水，很凉。", "河水，很急。", "海水，很咸。"];
    assert_eq!(texts(&scratch), [&three[..], &three[..], &["湖水", "雨水"]].concat());
}

/// Files named by languages are pairs only where the use has pairs.
#[test]
fn texts_in_two_languages_are_texts_for_pretraining() {
    let scratch = Scratch::new();
    scratch.write("in/zh.txt", "井水很凉。\n河水很急。\n");
    scratch.write("in/en.txt", "The water of the well is cold.\nThe river is fast.\n");
    scratch.write("recipe.toml", recipe("in/*.txt", "use='pretrain'"));
    assert_eq!(texts(&scratch).len(), 2);
    scratch.write("recipe.toml", recipe("in/*.txt", "use='task'"));
    let run = scratch.try_build("out", &["--fresh"]);
    assert_eq!(run.code(), 0, "{}", run.stderr());
    assert_eq!(scratch.built("out").column("data/task", "input").len(), 2);
}

/// The recipe's folder is no pattern, nor are folders that are there by these names.
#[test]
fn brackets_in_names_of_folders_are_no_pattern() {
    let scratch = Scratch::new();
    fs::create_dir_all(scratch.path("[语料] {1}")).unwrap();
    scratch.write("[语料] {1}/a.txt", "井水很凉。");
    scratch.write("recipe.toml", recipe("[语料] {1}/*.txt", "rows='file'"));
    assert_eq!(texts(&scratch), ["井水很凉。"]);
}

#[test]
fn a_line_of_white_space_parts_blocks() {
    let scratch = Scratch::new();
    scratch.write("a.txt", "井水很凉。\n\u{3000}\u{3000}\n河水很急。\n\u{a0}\n海水很咸。\n");
    scratch.write("recipe.toml", recipe("a.txt", "rows='block'"));
    assert_eq!(texts(&scratch), ["井水很凉。", "河水很急。", "海水很咸。"]);
}
