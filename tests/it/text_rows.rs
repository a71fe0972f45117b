//! Rows of plain text can be traced to their file.

use std::io::Write;

use crate::harness::Scratch;

const RECIPE: &str = "name='n'\n[[source]]\nname='novels'\npath=['shelf/**/*.txt']\nrows='file'\n";

#[test]
fn a_file_that_is_one_document_keeps_its_id_when_others_come() {
    let scratch = Scratch::new();
    scratch.write("shelf/山/b.txt", "山中一夜雨，树杪百重泉。\n");
    scratch.write("shelf/c.txt", "明月松间照，清泉石上流。\n");
    scratch.write("recipe.toml", RECIPE);
    let built = scratch.build("one", &[]);
    assert_eq!(built.column("data/pretrain", "id"), ["novels:c.txt", "novels:山/b.txt"]);
    assert_eq!(built.column("data/pretrain", "meta"), [r#"{"file":"c.txt"}"#, r#"{"file":"山/b.txt"}"#]);
    scratch.write("shelf/a.txt", "空山新雨后，天气晚来秋。\n");
    let built = scratch.build("two", &[]);
    assert_eq!(built.column("data/pretrain", "id"), ["novels:a.txt", "novels:c.txt", "novels:山/b.txt"]);
}

#[test]
fn lines_name_their_file_kept_or_dropped() {
    let scratch = Scratch::new();
    scratch.write("shelf/a.txt", "第一行说的是春天的事情。\n短\n");
    scratch.write("shelf/b.txt", "第二本书里写的是秋天的事情。\n");
    let keep = "[[stage]]\nrun='keep'\nchars={min=5}\n";
    scratch.write("recipe.toml", RECIPE.replace("'file'", "'line'") + keep);
    let built = scratch.build("out", &[]);
    assert_eq!(built.column("data/pretrain", "meta"), [r#"{"file":"a.txt"}"#, r#"{"file":"b.txt"}"#]);
    assert_eq!(built.column("dropped/pretrain", "meta"), [r#"{"file":"a.txt"}"#]);
    assert_eq!(built.column("data/pretrain", "id"), ["novels:0", "novels:2"]);
}

#[test]
fn members_of_archives_name_archive_and_member() {
    let scratch = Scratch::new();
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in [("x/one.txt", "大漠孤烟直，长河落日圆。\n"), ("two.txt", "行到水穷处，坐看云起时。\n")]
    {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    scratch.write("shelf/books.zip", zip.finish().unwrap().into_inner());
    scratch.write("recipe.toml", RECIPE.replace("*.txt", "*.zip"));
    let built = scratch.build("out", &[]);
    let mut ids = built.column("data/pretrain", "id");
    ids.sort();
    assert_eq!(ids, ["novels:books.zip!two.txt", "novels:books.zip!x/one.txt"]);
    assert!(built.column("data/pretrain", "meta").contains(&r#"{"file":"books.zip!x/one.txt"}"#.to_owned()));
}

/// Members of an archive that leave it open are read in one way: as most of them would be.
#[test]
fn texts_of_one_source_fall_into_rows_alike() {
    let scratch = Scratch::new();
    // Prose, a paragraph a line; and one whose paragraphs are long and without a blank line between.
    let prose = "石桥下面的水很浅。\n\n孩子们在桥上走。\n\n天黑以前都回家。\n";
    let long = format!("{}\n", "山路弯弯曲曲，走了半天才到村口。".repeat(30)).repeat(8);
    for n in 0..4 {
        scratch.write(&format!("in/e{n}.txt"), format!("{prose}第{n}篇。\n"));
    }
    scratch.write("in/e9.txt", &long);
    scratch.write("recipe.toml", "[[source]]\nname='s'\npath=['in/*.txt']\n");
    let run = scratch.try_build("out", &[]);
    assert_eq!(run.code(), 0, "{}", run.stderr());
    assert_eq!(scratch.built("out").total("read"), 5, "{}", run.stderr());
    assert!(run.stderr().contains("as 4 of 5 texts of the source are"), "{}", run.stderr());
    let check = scratch.corpus(&["check", "recipe.toml"]).stderr();
    assert!(check.contains("as 4 of 5 texts of the source are"), "{check}");
    // By itself, and where the recipe says so, it is what it looks like.
    scratch.write("recipe.toml", "[[source]]\nname='s'\npath=['in/e9.txt']\n");
    assert_eq!(scratch.build("alone", &[]).total("read"), 8);
    scratch.write("recipe.toml", "[[source]]\nname='s'\npath=['in/*.txt']\nrows='line'\n");
    assert_eq!(scratch.build("told", &[]).total("read"), 24);
}

#[test]
fn files_too_short_to_tell_their_encoding_are_read_as_those_beside_them() {
    let scratch = Scratch::new();
    let gbk = |text: &str| encoding_rs::GBK.encode(text).0.into_owned();
    let words = ["山月", "茶", "渡口", "白鹭飞", "雨"];
    for (n, word) in words.iter().enumerate() {
        scratch.write(&format!("shelf/{n}.txt"), gbk(word));
    }
    let long = "码头的灯亮了，船都从河口回来，岸上的人数着桅杆。\n".repeat(40);
    scratch.write("shelf/long.txt", gbk(&long));
    scratch.write("shelf/utf8.txt", "雪夜访友");
    scratch.write("recipe.toml", RECIPE);
    let built = scratch.build("out", &[]);
    assert_eq!(built.total("unreadable"), 0);
    let texts = built.column("data/pretrain", "text");
    assert_eq!((&texts[..5], texts[6].as_str()), (&words.map(str::to_owned)[..], "雪夜访友"));
}

#[test]
fn aligned_files_of_which_no_two_belong_together_are_an_error() {
    let scratch = Scratch::new();
    scratch.write("shelf/source.txt", "河灯\n");
    scratch.write("shelf/target.txt", "river lamp\n");
    scratch.write("recipe.toml", RECIPE.replace("rows='file'", "format='aligned'"));
    let run = scratch.try_build("out", &[]);
    assert_eq!(run.code(), 1);
    let answer = run.stderr();
    assert!(answer.contains("shelf/source.txt") && answer.contains("differ by a language only"), "{answer}");
}
