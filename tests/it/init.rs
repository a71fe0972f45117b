//! `corpus init` writes recipes that check and give rows, and `inspect FILE` suggests such ones.

use std::path::Path;

use crate::harness::{Built, Scratch, document, json_lines};
use crate::servers::archive::zip_of;

/// Init of `paths` into `recipe.toml`, which checks; what was written, and what was said.
fn init(scratch: &Scratch, more: &[&str]) -> (String, String) {
    let run = scratch.corpus(&[&["init", "--out", "recipe.toml"], more].concat());
    assert_eq!(run.code(), 0, "{more:?}: {}", run.stderr());
    assert_eq!(run.stdout(), "", "the recipe went to the file");
    let text = std::fs::read_to_string(scratch.path("recipe.toml")).unwrap();
    let check = scratch.corpus(&["check", "recipe.toml"]);
    assert_eq!(check.code(), 0, "{more:?}: {}\n{text}", check.stderr());
    (text, run.stderr())
}

fn built(scratch: &Scratch, text: &str) -> Built {
    let run = scratch.corpus(&["build", "--recipe", "recipe.toml", "--out", "out", "--quiet"]);
    // Samples are broken on purpose, and may have more unreadable rows than one in a hundred.
    assert!(run.code() == 0 || run.stderr().contains("rows could not be read"), "{}\n{text}", run.stderr());
    let built = scratch.built("out");
    built.check_accounts();
    assert!(built.total("kept") > 0, "no row: {text}");
    built
}

fn samples() -> Vec<std::path::PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("recipes/quickstart");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 5);
    files
}

#[test]
fn every_bundled_sample_gives_rows() {
    for file in samples() {
        let scratch = Scratch::new();
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        scratch.write(&name, std::fs::read(&file).unwrap());
        let (text, _) = init(&scratch, &[&name]);
        assert!(text.contains(&format!("path = [\"{name}\"]")), "{text}");
        built(&scratch, &text);

        let seen = scratch.corpus(&["inspect", &name, "--format", "json"]).stdout();
        let seen: serde_json::Value = serde_json::from_str(&seen).unwrap();
        let suggested = seen["recipe"].as_str().unwrap_or_else(|| panic!("{name}: no recipe is suggested: {seen}"));
        scratch.write("suggested.toml", suggested);
        let check = scratch.corpus(&["check", "suggested.toml"]);
        assert_eq!(check.code(), 0, "{name}: {}\n{suggested}", check.stderr());
        let said = scratch.corpus(&["inspect", &name]).stderr();
        assert!(suggested.lines().all(|line| said.contains(line)), "{said}");
    }
}

#[test]
fn all_samples_together_with_the_stages_of_every_shipped_recipe() {
    let scratch = Scratch::new();
    for file in samples() {
        scratch.write(&format!("raw/{}", file.file_name().unwrap().to_str().unwrap()), std::fs::read(&file).unwrap());
    }
    for (name, shipped) in corpus::recipe::SHIPPED {
        let (text, said) = init(&scratch, &["raw", "--from", name, "--replace"]);
        let stages = |text: &str| text.lines().filter(|l| l.trim_start_matches("# ").starts_with("[[stage]]")).count();
        assert_eq!(stages(&text), stages(shipped), "{name}: {text}");
        assert!(!text.contains("card ") && !text.contains("[mix]"), "{name}: {text}");
        assert!(said.contains("8 sources"), "{said}");
    }
    let (text, _) = init(&scratch, &["raw", "--replace"]);
    let uses = built(&scratch, &text).manifest["sources"].as_array().unwrap().len();
    assert_eq!(uses, samples().len());
}

#[test]
fn a_folder_as_people_keep_it() {
    let scratch = Scratch::new();
    for i in 0..12 {
        let gbk =
            encoding_rs::GBK.encode(&format!("第{i}回\n\n{}\n{}\n", document(i), document(i + 50))).0.into_owned();
        scratch.write(&format!("书库/小说/[{}]卷/第{i}本.txt", i % 3), gbk);
    }
    scratch.write("书库/readme.txt", "这些小说从哪里来");
    scratch.write("书库/封面.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice());
    scratch.write("书库/空.txt", "");
    scratch.write("书库/网页/一.html", "<!DOCTYPE html><html><body>一页</body></html>");
    scratch.write("书库/语料/a.jsonl", json_lines(20));
    scratch.write("书库/语料/b.jsonl", json_lines(5));
    scratch.write("书库/对话/chat 1.jsonl", "{\"instruction\":\"问一\",\"input\":\"\",\"output\":\"答一\"}\n{\"instruction\":\"问二\",\"input\":\"\",\"output\":\"答二\"}\n");
    scratch.write("书库/平行/N.en-zh.en", "Hello there\nBye now\nSee you\n");
    scratch.write("书库/平行/N.en-zh.zh", "你好啊\n再见了\n回头见\n");
    let mixed = zip_of(&[
        ("a.jsonl", json_lines(3).as_bytes()),
        ("b.jsonl", b"{\"prompt\":\"p\",\"chosen\":\"a\",\"rejected\":\"b\"}\n"),
    ]);
    scratch.write("书库/包.zip", mixed.to_vec());
    scratch.write(".hidden/x.jsonl", json_lines(3));
    let (text, said) = init(&scratch, &["书库"]);
    for expected in [
        "path = [\"书库/小说/**/*.txt\"]",
        "path = [\"书库/语料/*.jsonl\"]",
        "path = [\"书库/对话/chat 1.jsonl\"]",
        "12 files",
        "GBK",
        "#   书库/readme.txt: stands beside data",
        "#   书库/封面.png: ",
        "#   书库/空.txt: empty",
        "#   书库/网页/一.html: ",
        "#   书库/包.zip: an archive of several kinds",
        "# rows = ",
    ] {
        assert!(
            text.contains(expected) || expected == "GBK" && text.contains("gb18030"),
            "not said: {expected}\n{text}"
        );
    }
    assert!(!text.contains("hidden") && text.contains("书库/平行/"), "{text}");
    assert!(said.contains("4 sources, 5 without data") && said.contains("next: "), "{said}");
    let built = built(&scratch, &text);
    let uses: Vec<&str> =
        ["pretrain", "instruct", "task"].into_iter().filter(|u| built.folder.join("data").join(u).is_dir()).collect();
    assert_eq!(uses.len(), 3, "{text}");
    // The build is no data of a later look, and no pattern reads it.
    let (again, _) = init(&scratch, &[".", "--replace"]);
    assert!(again.contains("#   out: a build of corpus") && !again.contains("parquet"), "{again}");
}

#[test]
fn what_would_be_lost_is_a_remark_that_says_so() {
    let scratch = Scratch::new();
    let row = |i: u64| serde_json::json!({"instruction": format!("问{i}"), "output": format!("答{i}"), "chain_of_thought": document(i)});
    scratch.write("raw/odd/a.jsonl", (0..9).map(|i| row(i).to_string() + "\n").collect::<String>());
    scratch.write("raw/good/b.jsonl", json_lines(9));
    let inspected = scratch.corpus(&["inspect", "raw/odd/a.jsonl"]).stdout();
    let refused = inspected.contains("a build refuses this file");
    let (text, said) = init(&scratch, &["raw"]);
    assert_eq!(refused, text.contains("# LEFT OUT: "), "{inspected}\n{text}");
    assert_eq!(refused, text.contains("# [[source]]\n# name = \"a\""), "{text}");
    assert_eq!(refused, said.contains("source `a` is only a remark"), "{said}");
    assert!(refused, "the case is one: {inspected}");
    built(&scratch, &text);
    let run = scratch.corpus(&["init", "raw/odd"]);
    run.says(1, &["chain_of_thought"]);
    assert_eq!(run.stdout(), "");
}

#[test]
fn nothing_is_written_over_and_names_start_from_the_recipe() {
    let scratch = Scratch::new();
    scratch.write("raw/a.jsonl", json_lines(9));
    scratch.write("mine.toml", "mine");
    let run = scratch.corpus(&["init", "raw", "--out", "mine.toml"]);
    run.says(2, &["--replace"]);
    assert_eq!(std::fs::read_to_string(scratch.path("mine.toml")).unwrap(), "mine");
    assert_eq!(scratch.corpus(&["init", "raw", "--out", "mine.toml", "--replace"]).code(), 0);
    assert!(std::fs::read_to_string(scratch.path("mine.toml")).unwrap().contains("[\"raw/a.jsonl\"]"));

    for (out, path) in [("raw/in.toml", "\"a.jsonl\""), ("recipes/r.toml", "/raw/a.jsonl\"")] {
        std::fs::create_dir_all(scratch.path("recipes")).unwrap();
        assert_eq!(scratch.corpus(&["init", "raw", "--out", out]).code(), 0);
        let text = std::fs::read_to_string(scratch.path(out)).unwrap();
        assert!(text.contains(path), "{out}: {text}");
        assert_eq!(scratch.corpus(&["check", out]).code(), 0);
    }
    let piped = scratch.corpus(&["init", "raw"]);
    scratch.write("recipe.toml", piped.stdout());
    assert_eq!(scratch.corpus(&["check", "recipe.toml"]).code(), 0, "{}", piped.stdout());

    scratch.write("pages/a.html", "<!DOCTYPE html><html></html>");
    for (path, expected) in [("pages", "no file of data"), ("nowhere", "there is no nowhere")] {
        let run = scratch.corpus(&["init", path]);
        run.says(1, &[expected]);
    }
    scratch.corpus(&["init", "pages"]).says(1, &["no file of data", "pages/a.html: a page of HTML"]);
    let unknown = scratch.corpus(&["init", "raw", "--from", "zh-pretain"]);
    unknown.says(1, &["zh-pretrain"]);
}
