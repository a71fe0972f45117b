//! The same rows and recipe give the same bytes.

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::harness::{Scratch, files_under, json_lines, same_files, same_output};

const RECIPE: &str = r#"
name = "same"
about = "a test"
[[source]]
name = "docs"
path = ["docs/*.jsonl"]
use = "pretrain"
[[stage]]
run = "normalize"
[[stage]]
run = "words"
[[stage]]
run = "language"
[[stage]]
run = "keep"
chars = { min = 60 }
[[stage]]
run = "exact_dedup"
[[stage]]
run = "sample"
share = 0.8
seed = 7
[output]
shard = "1MiB"
signals = ["chars", "word_count", "language"]
"#;

#[test]
fn bytes_depend_on_rows_and_recipe_alone() {
    let scratch = Scratch::new();
    let lines = json_lines(20_000);
    scratch.write("docs/a.jsonl", &lines);
    scratch.write("recipe.toml", RECIPE);
    let built = scratch.build("one", &["--threads", "1", "--unit", "64MiB"]);
    built.check_accounts();
    let one = built.bytes();
    assert!(one.len() >= 3, "several shards, so that cuts matter: {:?}", one.keys());
    for (out, more) in [
        ("two", ["--threads", "2", "--unit", "64KiB"]),
        ("four", ["--threads", "4", "--unit", "1MiB"]),
        ("spill", ["--memory", "64MiB", "--unit", "256KiB"]),
    ] {
        same_files(&one, &scratch.build(out, &more).bytes(), &format!("{more:?} changed the bytes"));
    }
    // The same rows in other files, in the same order.
    std::fs::remove_file(scratch.path("docs/a.jsonl")).unwrap();
    let all: Vec<&str> = lines.split_inclusive('\n').collect();
    for (i, part) in all.chunks(3_333).enumerate() {
        scratch.write(&format!("docs/part-{i}.jsonl"), part.concat());
    }
    let split = scratch.build("split", &["--unit", "100KiB"]);
    same_files(&one, &split.bytes(), "splitting the input changed the bytes");
}

#[test]
fn of_duplicates_the_stated_one_stays() {
    let scratch = Scratch::new();
    scratch.write("a.jsonl", "{\"id\":\"a1\",\"text\":\"同一段文字\"}\n{\"id\":\"a2\",\"text\":\"别的\"}\n");
    scratch.write("b.jsonl", "{\"id\":\"b1\",\"text\":\"同一段文字\"}\n{\"id\":\"b1\",\"text\":\"又一段\"}\n");
    let recipe = |priority: i64| {
        format!(
            "name='d'\nabout='x'\n[[source]]\nname='a'\npath=['a.jsonl']\nuse='pretrain'\n[[source]]\nname='b'\n\
             path=['b.jsonl']\nuse='pretrain'\npriority={priority}\n[[stage]]\nrun='exact_dedup'\n"
        )
    };
    scratch.write("recipe.toml", recipe(0));
    let first = scratch.build("first", &[]);
    assert_eq!(first.column("data/pretrain", "id"), ["a1", "a2", "b1~2"]);
    assert_eq!(first.column("dropped/pretrain", "kept_id"), ["a1"]);
    scratch.write("recipe.toml", recipe(1));
    let better = scratch.build("better", &[]);
    assert_eq!(better.column("dropped/pretrain", "id"), ["a1"]);
    assert_eq!(better.column("dropped/pretrain", "kept_id"), ["b1"]);
}

#[test]
fn a_limit_reads_the_first_rows_and_no_more() {
    let scratch = Scratch::new();
    scratch.write("docs/a.jsonl", json_lines(3_000));
    scratch.write("recipe.toml", RECIPE);
    let built = scratch.build("few", &["--limit", "100", "--unit", "16KiB"]);
    built.check_accounts();
    assert_eq!(built.total("read"), 100);
    let whole = scratch.build("few-at-once", &["--limit", "100", "--unit", "64MiB", "--threads", "1"]);
    same_output(&built, &whole, "small units and one");
}

#[test]
fn changing_a_threshold_reads_nothing_again() {
    let scratch = Scratch::new();
    scratch.write("docs/a.jsonl", json_lines(2_000));
    scratch.write("recipe.toml", RECIPE);
    scratch.build("out", &["--unit", "64KiB"]);
    let log = || std::fs::read_to_string(scratch.path("out/.work/units.log")).unwrap();
    let scans = |log: &str| log.lines().filter(|l| l.starts_with("done scan ")).count();
    let before = log();
    let tighter = scratch.build("out", &["--unit", "64KiB", "--set", "keep.chars.min=80"]);
    assert!(scans(&before) > 1);
    assert_eq!(scans(&log()), scans(&before), "the scan ran again");
    assert!(tighter.reasons()["chars_min"] > 0);
    let fresh = scratch.build("fresh", &["--set", "keep.chars.min=80"]);
    same_output(&tighter, &fresh, "a build that reuses the scan, and one that does not");
    // The same build again does nothing at all.
    let before = log();
    scratch.build("out", &["--unit", "64KiB", "--set", "keep.chars.min=80"]);
    assert_eq!(before, log());
}

#[test]
fn only_what_a_recipe_reads_is_measured() {
    let scratch = Scratch::new();
    scratch.write("docs/a.jsonl", json_lines(400));
    let recipe = |quality: &str, keep: &str| {
        let head = "name='q'\n[[source]]\nname='d'\npath=['docs/a.jsonl']\n";
        scratch.write("recipe.toml", format!("{head}{quality}[[stage]]\nrun='keep'\n{keep}\n"));
    };
    let measured = |folder: &str| {
        let work = scratch.built(folder).manifest["timings"]["work"]["scan"].as_str().unwrap().to_owned();
        let unit = files_under(&scratch.path(&format!("{folder}/.work/{work}")));
        let unit = unit.iter().find(|path| path.extension().is_some_and(|x| x == "parquet")).unwrap();
        let file = ParquetRecordBatchReaderBuilder::try_new(std::fs::File::open(unit).unwrap()).unwrap();
        let columns: Vec<String> = file.schema().fields().iter().map(|f| f.name().clone()).collect();
        ["list_lines@", "dup_lines@", "char_dup_13@"].map(|signal| columns.iter().any(|c| c.starts_with(signal)))
    };
    let log = |folder: &str| std::fs::read_to_string(scratch.path(&format!("{folder}/.work/units.log"))).unwrap();
    let scans = |folder: &str| log(folder).lines().filter(|l| l.starts_with("done scan ")).count();
    let plan = || scratch.corpus(&["plan", "--recipe", "recipe.toml", "--out", "out"]).stdout();
    let reuses = |plan: &str| plan.lines().any(|l| l.trim_start().starts_with("scan") && l.contains("reuse"));
    // What is put in for a rule: the group of what the rule reads. A limit on another signal of it measures nothing.
    recipe("", "ended_chars={min=0.1}");
    scratch.build("out", &[]);
    assert_eq!((measured("out"), scans("out")), ([true, false, false], 1));
    recipe("", "list_lines={max=0.9}");
    assert!(reuses(&plan()), "{}", plan());
    scratch.build("out", &[]);
    assert_eq!(scans("out"), 1);
    // One on a signal of another group does, and the plan says so.
    recipe("", "dup_lines={max=0.9}");
    assert!(!reuses(&plan()), "{}", plan());
    let again = scratch.build("out", &[]);
    assert_eq!((measured("out"), scans("out")), ([false, true, false], 2));
    // A stage that the recipe writes out measures all, unless it says otherwise; the rows are the same.
    let stage = |more: &str| format!("[[stage]]\nrun='quality'\n{more}\n");
    recipe(&stage(""), "dup_lines={max=0.9}");
    let all = scratch.build("all", &[]);
    assert_eq!(measured("all"), [true; 3]);
    assert_eq!(again.column("data/pretrain", "id"), all.column("data/pretrain", "id"));
    recipe(&stage("signals='used'"), "dup_lines={max=0.9}");
    scratch.build("used", &[]);
    assert_eq!(measured("used"), [false, true, false]);
    // What the output names is read too.
    let wanted =
        format!("{}[output]\nsignals=['char_dup_13']\n", std::fs::read_to_string(scratch.path("recipe.toml")).unwrap());
    scratch.write("recipe.toml", wanted);
    scratch.build("wanted", &[]);
    assert_eq!(measured("wanted"), [false, true, true]);
}

#[test]
fn an_early_keep_measures_no_further_and_decides_the_same() {
    let scratch = Scratch::new();
    scratch.write("docs/a.jsonl", json_lines(2_000));
    let recipe = |early: bool| {
        format!(
            "name='e'\n[[source]]\nname='d'\npath=['docs/a.jsonl']\n[[stage]]\nrun='characters'\n[[stage]]\nrun='keep'\n\
             early={early}\nchars={{min=120}}\n[[stage]]\nrun='words'\n[[stage]]\nrun='exact_dedup'\n\
             [output]\nsignals=['chars','word_count']\n"
        )
    };
    scratch.write("recipe.toml", recipe(false));
    let late = scratch.build("late", &[]);
    scratch.write("recipe.toml", recipe(true));
    let early = scratch.build("early", &[]);
    early.check_accounts();
    assert!(early.reasons()["chars_min"] > 100);
    assert_eq!(early.reasons(), late.reasons());
    assert_eq!(early.column("data/pretrain", "word_count"), late.column("data/pretrain", "word_count"));
}

#[test]
fn duplicates_by_a_named_field_of_the_source() {
    let scratch = Scratch::new();
    let rows = [("一", "x"), ("二二", "y"), ("三三三", "x"), ("四", "")];
    let lines: String = rows
        .iter()
        .map(|(text, key)| {
            let key = if key.is_empty() { serde_json::json!({}) } else { serde_json::json!({"thread": key}) };
            format!("{}\n", serde_json::json!({"text": text, "info": key}))
        })
        .collect();
    scratch.write("a.jsonl", lines);
    let recipe = |keep: &str| {
        format!(
            "name='f'\n[[source]]\nname='s'\npath=['a.jsonl']\n[[stage]]\nrun='exact_dedup'\nby='info.thread'\n\
             keep='{keep}'\n"
        )
    };
    scratch.write("recipe.toml", recipe("first"));
    assert_eq!(scratch.build("first", &[]).column("data/pretrain", "text"), ["一", "二二", "四"]);
    scratch.write("recipe.toml", recipe("longest"));
    assert_eq!(scratch.build("longest", &[]).column("data/pretrain", "text"), ["二二", "三三三", "四"]);
}

#[test]
fn dialogues_that_differ_in_a_tool_call_are_no_duplicates() {
    let scratch = Scratch::new();
    let row = |city: &str| {
        let call = format!("{{\"name\": \"weather\", \"arguments\": {{\"city\": \"{city}\"}}}}");
        serde_json::json!({"conversations": [
            {"from": "human", "value": "天气如何？"}, {"from": "function_call", "value": call},
            {"from": "observation", "value": "晴"}, {"from": "gpt", "value": "晴天。"}]})
    };
    let lines: String = ["北京", "上海", "北京"].iter().map(|city| format!("{}\n", row(city))).collect();
    scratch.write("a.jsonl", lines);
    scratch.write("recipe.toml", "name='t'\n[[source]]\nname='s'\npath=['a.jsonl']\n[[stage]]\nrun='exact_dedup'\n");
    let built = scratch.build("out", &[]);
    assert_eq!(built.column("data/instruct", "id"), ["s:0", "s:1"]);
    assert_eq!(built.column("dropped/instruct", "kept_id"), ["s:0"]);
}

#[test]
fn rows_that_differ_in_a_label_tools_or_choices_are_no_duplicates() {
    let scratch = Scratch::new();
    let two = |a: String, b: &str, c: &str| format!("{a}\n{}\n{a}\n", a.replace(b, c));
    let kto = serde_json::json!({"prompt": "海水咸吗？", "completion": "咸。", "label": true}).to_string();
    scratch.write("k.jsonl", two(kto, "true", "false"));
    let said =
        serde_json::json!([{"role": "user", "content": "几点了？"}, {"role": "assistant", "content": "不知道。"}]);
    let answer = serde_json::json!({"messages": said, "tools": [{"name": "clock"}]}).to_string();
    scratch.write("t.jsonl", two(answer, "clock", "radio"));
    let task = serde_json::json!({"input": "哪个会飞？", "target": "鹰", "answer_choices": ["鹰", "蛇"], "type": "mc"});
    scratch.write("c.jsonl", two(task.to_string(), "蛇", "鱼"));
    let source = |name: &str, more: &str| format!("[[source]]\nname='{name}'\npath=['{name}.jsonl']\n{more}\n");
    let sources = [source("k", "use='rlhf'"), source("t", ""), source("c", "format='task'")].concat();
    scratch.write("recipe.toml", format!("name='t'\n{sources}[[stage]]\nrun='exact_dedup'\n"));
    let built = scratch.build("out", &[]);
    for (usage, name) in [("rlhf", "k"), ("instruct", "t"), ("task", "c")] {
        assert_eq!(built.column(&format!("data/{usage}"), "id"), [format!("{name}:0"), format!("{name}:1")]);
        assert_eq!(built.column(&format!("dropped/{usage}"), "kept_id"), [format!("{name}:0")]);
    }
}
