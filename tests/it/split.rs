//! `[split]`: rows held out in whole clusters, the same ones however a build runs; told in `build.json`, the card, `plan`
//! and exports.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::{Value as Json, json};

use crate::harness::{Built, Scratch, document, files_under, json_lines, same_files, same_output};
use crate::schemas::held;

/// Rows by split, of a build's `data/USE`: what `column` says of each.
fn by_split(built: &Scratch, out: &str, usage: &str, column: &str) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let folder = built.path(&format!("{out}/data/{usage}"));
    for path in files_under(&folder) {
        let split = path.file_name().unwrap().to_str().unwrap().split('-').next().unwrap().to_owned();
        all.entry(split).or_default().extend(column_of(&path, column));
    }
    all
}

fn column_of(path: &std::path::Path, name: &str) -> Vec<String> {
    use arrow::util::display::array_value_to_string;
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(fs::File::open(path).unwrap());
    let batches = reader.unwrap().build().unwrap().map(Result::unwrap);
    let of = |batch: arrow::array::RecordBatch| {
        let column = batch.column_by_name(name).unwrap().clone();
        (0..batch.num_rows()).map(move |row| array_value_to_string(&column, row).unwrap()).collect::<Vec<_>>()
    };
    batches.flat_map(of).collect()
}

const RECIPE: &str = "name = 'parted'
[[source]]
name = 'pages'
path = ['pages*.jsonl']
use = 'pretrain'
[[source]]
name = 'news'
path = ['news.jsonl']
use = 'pretrain'
[[source]]
name = 'talk'
path = ['talk.jsonl']
[[stage]]
run = 'near_dedup'
of = 'prompt'
most = 3
[split]
validation = 0.05
test = 40
";

/// 800 pages of which some share an address or a text but for white space; 200 news; 300 dialogues, three to a question.
fn rows() -> Scratch {
    let scratch = Scratch::new();
    let page = |n: u64| match n % 10 {
        0 => json!({"text": document(n), "url": format!("https://www.a.example/{}?utm_source=x{n}", n / 40)}),
        1 => json!({"text": document(n - n % 50).replace('。', "。 ") + if n % 50 == 1 { "" } else { "\n" }}),
        _ => json!({"text": document(n)}),
    };
    let lines = |rows: Vec<Json>| rows.iter().map(|row| format!("{row}\n")).collect::<String>();
    scratch.write("pages.jsonl", lines((0..800).map(page).collect()));
    scratch.write("news.jsonl", lines((5_000..5_200).map(|n| json!({"text": document(n)})).collect()));
    let talk = |n: u64| {
        let asked = if n % 3 == 2 { document(9_000 + n / 3) } else { format!("{} ", document(9_000 + n / 3)) };
        json!({"messages": [{"role": "user", "content": asked}, {"role": "assistant", "content": document(20_000 + n)}]})
    };
    scratch.write("talk.jsonl", lines((0..300).map(talk).collect()));
    scratch.write("recipe.toml", RECIPE);
    scratch
}

fn manifest(scratch: &Scratch, out: &str) -> Json {
    let text = fs::read_to_string(scratch.path(&format!("{out}/build.json"))).unwrap();
    held(&text, "build", "build.json with splits")
}

#[test]
fn what_belongs_together_is_on_one_side_and_each_source_gives_its_share() {
    let scratch = rows();
    let built = scratch.build("out", &["--threads", "1"]);
    built.check_accounts();
    let made = manifest(&scratch, "out");
    let rows = |split: &str, source: &str| -> u64 {
        let lines = made["splits"].as_array().unwrap().iter();
        lines.filter(|l| l["split"] == split && l["source"] == source).map(|l| l["rows"].as_u64().unwrap()).sum()
    };
    // A twentieth of 800, 200 and 300; 40 of each use, in proportion: of clusters of three, 39.
    let of = |split: &str| ["pages", "news", "talk"].map(|source| rows(split, source));
    assert_eq!((of("validation"), of("test")), ([40, 10, 15], [32, 8, 39]));
    assert_eq!(of("train"), [728, 182, 246]);

    // Nothing that is held out is trained on: text, address, question.
    let bare = |text: &str| text.split_whitespace().collect::<String>();
    for (usage, column) in [("pretrain", "text"), ("pretrain", "url"), ("instruct", "messages")] {
        let mut sides: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (split, values) in by_split(&scratch, "out", usage, column) {
            for value in values.iter().filter(|value| !value.is_empty()) {
                let key = match column {
                    "url" => value.split('?').next().unwrap().to_owned(),
                    "messages" => bare(value.split("assistant").next().unwrap()),
                    _ => bare(value),
                };
                sides.entry(key).or_default().insert(split.clone());
            }
        }
        let both: Vec<_> = sides.iter().filter(|side| side.1.len() > 1).collect();
        assert!(sides.len() > 15 && both.is_empty(), "{usage} {column}: {both:?}");
    }

    // The card names the splits; what `datasets` calls them is what the files are called.
    let card = fs::read_to_string(scratch.path("out/README.md")).unwrap();
    let config = "- config_name: pretrain\n  default: true\n  data_files:\n  - split: train\n    path: \
                  data/pretrain/train-*.parquet\n  - split: validation\n    path: data/pretrain/validation-*.parquet\n";
    assert!(card.contains(config) && card.contains("| test | talk | instruct | 39 |"), "{card}");
    let shards = made["shards"].as_array().unwrap();
    let names: Vec<&str> = shards.iter().map(|s| s["path"].as_str().unwrap()).collect();
    assert_eq!(names[..2], ["data/pretrain/train-00000.parquet", "data/pretrain/validation-00000.parquet"]);
    assert_eq!(
        (&shards[1]["rows"], &shards[1]["first"], &shards[1]["split"]),
        (&json!(50), &json!(0), &json!("validation"))
    );
}

#[test]
fn the_same_rows_are_held_out_however_a_build_runs() {
    let scratch = rows();
    let one = scratch.build("one", &["--threads", "1"]);
    let two = scratch.build("two", &["--threads", "2", "--memory", "64MiB", "--unit", "32KiB"]);
    same_output(&one, &two, "threads, memory and units");
    // The same lines in other files.
    let text = fs::read_to_string(scratch.path("pages.jsonl")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    fs::remove_file(scratch.path("pages.jsonl")).unwrap();
    for (at, chunk) in lines.chunks(300).enumerate() {
        scratch.write(&format!("pages-{at}.jsonl"), chunk.join("\n") + "\n");
    }
    let files = |built: &str| -> BTreeMap<String, Vec<String>> { by_split(&scratch, built, "pretrain", "text") };
    scratch.build("three", &[]);
    assert_eq!(files("one"), files("three"));
    // Another seed holds out others; other amounts measure nothing again.
    scratch.write("recipe.toml", format!("{RECIPE}seed = 5\n"));
    let said = scratch.corpus(&["build", "--recipe", "recipe.toml", "--out", "three"]);
    assert_eq!(said.code(), 0, "{}", said.stderr());
    assert_ne!(files("one")["validation"], files("three")["validation"]);
    // More validation rows are these and some more.
    scratch.write("recipe.toml", RECIPE.replace("0.05", "0.1"));
    scratch.build("four", &[]);
    let (few, more) = (files("one"), files("four"));
    let more: BTreeSet<&String> = more["validation"].iter().collect();
    let stay = few["validation"].iter().filter(|text| more.contains(text)).count();
    assert!(stay * 10 >= few["validation"].len() * 9, "{stay} of {}", few["validation"].len());
}

#[test]
fn without_a_split_nothing_changes() {
    let scratch = Scratch::new();
    scratch.write("docs.jsonl", json_lines(50));
    scratch.write("recipe.toml", "name='r'\n[[source]]\nname='d'\npath='docs.jsonl'\n");
    let built: Built = scratch.build("out", &[]);
    built.check_accounts();
    let made = manifest(&scratch, "out");
    assert_eq!(made.get("splits"), None);
    assert_eq!(
        made["shards"],
        json!([{"path": "data/pretrain/part-00000.parquet", "use": "pretrain", "first": 0, "rows": 50}])
    );
    let card = fs::read_to_string(scratch.path("out/README.md")).unwrap();
    assert!(card.contains("  data_files: data/pretrain/*.parquet\n") && !card.contains("split"), "{card}");
}

#[test]
fn shuffled_and_repeated_rows_keep_their_sides() {
    let scratch = rows();
    let mixed = RECIPE.replace("[[source]]\nname = 'news'", "repeat = 3\n[[source]]\nname = 'news'");
    scratch.write("recipe.toml", format!("{mixed}[[stage]]\nrun = 'shuffle'\nseed = 3\n"));
    let one = scratch.build("one", &["--threads", "1"]);
    let two = scratch.build("two", &["--threads", "2", "--unit", "32KiB"]);
    one.check_accounts();
    same_output(&one, &two, "threads and units");
    let ids = by_split(&scratch, "one", "pretrain", "id");
    // Rows that are trained on come three times, those that are held out once.
    assert_eq!((ids["train"].len(), ids["validation"].len(), ids["test"].len()), (3 * 728 + 182, 50, 40));
    let held: BTreeSet<&str> = ["validation", "test"].iter().flat_map(|s| &ids[*s]).map(String::as_str).collect();
    assert!(held.iter().all(|id| !id.contains('#')), "{held:?}");
    assert!(!ids["train"].iter().any(|id| held.contains(id.split('#').next().unwrap())));
    let sources = by_split(&scratch, "one", "pretrain", "source");
    let turns = sources["validation"].windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert!(turns > 5, "validation rows are shuffled too: {turns}");
}

#[test]
fn rows_that_are_alike_and_all_stay_are_on_one_side() {
    let scratch = Scratch::new();
    // 60 groups of five that differ in a few characters each.
    let near =
        |n: u64| document(n / 5 * 7).replacen('。', &format!("，第{}次。", n % 5), 1) + &format!("版本{}", n % 5);
    let rows: String = (0..300).map(|n| format!("{}\n", json!({"text": near(n), "group": n / 5}))).collect();
    scratch.write("docs.jsonl", rows);
    let recipe =
        |stage: &str| format!("name='r'\n[[source]]\nname='d'\npath='docs.jsonl'\n{stage}[split]\nvalidation = 0.2\n");
    let both = |out: &str| -> usize {
        let meta = by_split(&scratch, out, "pretrain", "meta");
        let of = |split: &str| meta[split].iter().cloned().collect::<BTreeSet<String>>();
        of("train").intersection(&of("validation")).count()
    };
    scratch.write("recipe.toml", recipe("[[stage]]\nrun = 'near_dedup'\ndrop = false\n"));
    let built = scratch.build("linked", &[]);
    assert_eq!((built.total("kept"), both("linked")), (300, 0));
    // Without the stage nobody knows that they are alike.
    scratch.write("recipe.toml", recipe(""));
    scratch.build("apart", &[]);
    assert!(both("apart") > 20);
    // A field says it as well.
    scratch.write("recipe.toml", recipe("") + "group = ['group']\n");
    scratch.build("grouped", &[]);
    assert_eq!(both("grouped"), 0);
}

/// Rows of each split and source.
fn counts(made: &Json) -> BTreeMap<(String, String), u64> {
    let name = |line: &Json, key: &str| line[key].as_str().unwrap().to_owned();
    let lines = made["splits"].as_array().unwrap().iter();
    lines.map(|line| ((name(line, "split"), name(line, "source")), line["rows"].as_u64().unwrap())).collect()
}

/// 300 dialogues, and preferences that ask what a third of them asks, two of each question: each use has its own number.
#[test]
fn rows_of_two_uses_with_one_question_count_for_both() {
    let scratch = Scratch::new();
    let lines = |rows: Vec<Json>| rows.iter().map(|row| format!("{row}\n")).collect::<String>();
    let turn = |role: &str, n: u64| json!({"role": role, "content": document(n)});
    let talk = (0..300).map(|n| json!({"messages": [turn("user", n), turn("assistant", 10_000 + n)]}));
    let pair = (0..200).map(|n| {
        json!({"prompt": [turn("user", n / 2 * 3)], "chosen": [turn("assistant", 20_000 + n)],
            "rejected": [turn("assistant", 30_000 + n)]})
    });
    scratch.write("talk.jsonl", lines(talk.collect()));
    scratch.write("pair.jsonl", lines(pair.collect()));
    let sources = |order: [&str; 2]| -> String {
        order.iter().map(|name| format!("[[source]]\nname='{name}'\npath='{name}.jsonl'\n")).collect()
    };
    let of = |out: &str, split: &str| {
        let all = counts(&manifest(&scratch, out));
        ["talk", "pair"].map(|source| all.get(&(split.to_owned(), source.to_owned())).copied().unwrap_or_default())
    };
    for (number, order) in [["talk", "pair"], ["pair", "talk"]].into_iter().enumerate() {
        let recipe = |split: &str| format!("name='r'\n{}[split]\n{split}\n", sources(order));
        // As many rows of each use; half of the preferences and more are held out by it.
        scratch.write("recipe.toml", recipe("test = 60\nvalidation = 40"));
        let out = format!("rows-{number}");
        let built = scratch.build(&out, &[]);
        built.check_accounts();
        assert_eq!(
            (of(&out, "test"), of(&out, "validation"), of(&out, "train")),
            ([60, 60], [40, 40], [200, 100]),
            "{order:?}"
        );
        let asked = |split: &str| -> BTreeSet<String> {
            let of = |usage: &str, column: &str| by_split(&scratch, &out, usage, column).remove(split).unwrap();
            let first = |row: String| row.split("role: assistant").next().unwrap().to_owned();
            of("instruct", "messages").into_iter().chain(of("rlhf", "prompt")).map(first).collect()
        };
        let (train, held) = (asked("train"), &asked("test") | &asked("validation"));
        assert!(train.len() > 150 && held.len() > 80 && train.is_disjoint(&held), "{} {}", train.len(), held.len());
        // A share of each.
        scratch.write("recipe.toml", recipe("validation = 0.1"));
        let out = format!("share-{number}");
        scratch.build(&out, &[]);
        assert_eq!((of(&out, "validation"), of(&out, "train")), ([30, 20], [270, 180]), "{order:?}");
    }
    // What is there cannot be held out whole.
    scratch.write("recipe.toml", format!("name='r'\n{}[split]\ntest = 200\n", sources(["talk", "pair"])));
    let run = scratch.corpus(&["build", "--recipe", "recipe.toml", "--out", "all"]);
    run.says(1, &["holds 200 rows of rlhf out, and there are 200: nothing is left to train on"]);
}

#[test]
fn what_cannot_be_held_out_is_said() {
    let scratch = Scratch::new();
    let rows: String = (0..40).map(|n| format!("{}\n", json!({"text": document(n), "title": "无题"}))).collect();
    scratch.write("docs.jsonl", rows);
    let source = "name='r'\n[[source]]\nname='d'\npath='docs.jsonl'\n";
    scratch.write("recipe.toml", format!("{source}[split]\ntest = 10\n"));
    let run = scratch.corpus(&["build", "--recipe", "recipe.toml", "--out", "out"]);
    run.says(
        1,
        &["can hold no row of pretrain out for test: 10 are wanted of 40", "clusters of up to 40 rows", "group = []"],
    );
    scratch.write("recipe.toml", format!("{source}[split]\ntest = 40\ngroup = []\n"));
    let run = scratch.corpus(&["build", "--recipe", "recipe.toml", "--out", "out"]);
    run.says(1, &["holds 40 rows of pretrain out, and there are 40: nothing is left to train on"]);
    for (wrong, answer) in [
        ("validaton = 0.1", "did you mean `validation`?"),
        ("validation = 1.5", "a share lies between 0 and 1"),
        ("seed = 1", "holds nothing out"),
        ("validation = 'a tenth'", "validation"),
    ] {
        scratch.write("recipe.toml", format!("{source}[split]\n{wrong}\n"));
        let check = scratch.corpus(&["check", "recipe.toml"]);
        let said = check.stdout() + &check.stderr();
        assert!(check.code() == 1 && said.contains(answer) && said.contains("recipe.toml:"), "{wrong}: {said}");
    }
    scratch.write("recipe.toml", format!("{source}[[stage]]\nrun = 'split'\n"));
    scratch.corpus(&["check", "recipe.toml"]).says(1, &[]);
}

#[test]
fn a_plan_and_exports_tell_of_splits() {
    let scratch = rows();
    let plan = scratch.corpus(&["plan", "--recipe", "recipe.toml", "--out", "out", "--format", "json"]);
    let answer = held(&plan.stdout(), "plan", "plan with splits");
    let expected = json!([
        {"split": "validation", "use": "pretrain", "rows": 50}, {"split": "validation", "use": "instruct", "rows": 15},
        {"split": "test", "use": "pretrain", "rows": 40}, {"split": "test", "use": "instruct", "rows": 40},
    ]);
    assert_eq!(answer["splits"], expected);
    let plan = scratch.corpus(&["plan", "--recipe", "recipe.toml", "--out", "out"]).stdout();
    assert!(plan.contains("validation") && plan.contains("split"), "{plan}");

    scratch.build("out", &[]);
    for (layout, file, rows) in
        [("jsonl", "validation/instruct.jsonl", 15), ("jsonl", "instruct.jsonl", 246), ("trl", "test/text.jsonl", 40)]
    {
        let run = scratch.corpus(&["export", "out", "--to", layout, "--out", layout, "--format", "json"]);
        let answer = held(&run.stdout(), "export", "export with splits");
        let path = scratch.path(&format!("{layout}/{file}"));
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), rows, "{layout} {file}");
        let held_out = answer["held_out"].as_array().unwrap();
        assert_eq!(held_out.iter().any(|f| f["path"] == file), file.contains('/'), "{answer}");
        let sums: u64 = answer["uses"].as_array().unwrap().iter().map(|u| u["read"].as_u64().unwrap()).sum();
        assert_eq!(sums, 1300, "{answer}");
    }
    let run = scratch.corpus(&["export", "out", "--to", "hf", "--out", "hf"]);
    assert_eq!(run.code(), 0, "{}", run.stderr());
    let card = fs::read_to_string(scratch.path("hf/README.md")).unwrap();
    let named = "  - split: validation\n    path: data/instruct/validation-*.parquet\n";
    assert!(card.contains(named) && card.contains("  - name: test\n    num_examples: 40\n"), "{card}");
    assert!(scratch.path("hf/data/instruct/test-00000-of-00001.parquet").is_file());
    assert!(run.stderr().contains("instruct (validation): 15 rows: 15 written"), "{}", run.stderr());
    // Twice the same bytes.
    scratch.corpus(&["export", "out", "--to", "hf", "--out", "again"]).says(0, &[]);
    let of = |folder: &str| -> BTreeMap<String, Vec<u8>> {
        let root = scratch.path(folder);
        let name = |path: &std::path::PathBuf| path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
        files_under(&root).into_iter().map(|path| (name(&path), fs::read(&path).unwrap())).collect()
    };
    same_files(&of("hf"), &of("again"), "an export of splits");
}

/// Trainers are told what to measure by, and a layout that would draw rows itself takes those that are held out.
#[test]
fn trainers_are_told_what_is_held_out() {
    let scratch = rows();
    scratch.build("out", &[]);
    let read = |path: &str| fs::read_to_string(scratch.path(path)).unwrap();
    let lines = |layout: &str| {
        let run = scratch.corpus(&["export", "out", "--to", layout, "--use", "instruct", "--out", layout]);
        assert_eq!(run.code(), 0, "{}", run.stderr());
        run.stdout()
    };
    for (layout, says) in [
        ("llama_factory", "--dataset corpus_sft --eval_dataset corpus_sft_validation --eval_strategy epoch"),
        ("ms_swift", "--dataset ms_swift/sft.jsonl --val_dataset ms_swift/validation/sft.jsonl"),
        (
            "trl",
            "held_out = load_dataset(\"parquet\", data_files=\"trl/validation/messages.parquet\", split=\"train\")",
        ),
        ("trl", "train_dataset=rows, eval_dataset=held_out)"),
        ("verl", "data.train_files=verl/sft.parquet data.val_files=verl/validation/sft.parquet"),
        ("openrlhf", "--eval.dataset openrlhf/validation/sft.jsonl --eval.split train"),
        ("belle", "--validation_file belle/validation/belle.jsonl"),
        ("fastchat", "--eval_data_path fastchat/validation/fastchat.json"),
        ("chatglm", "--do_eval --validation_file chatglm/validation/chatglm.jsonl"),
    ] {
        let answer = lines(layout);
        assert!(answer.contains(says), "{layout}: {answer}");
    }
    let answer: serde_json::Value = serde_json::from_str(&read("llama_factory/dataset_info.json")).unwrap();
    let names: Vec<&String> = answer.as_object().unwrap().keys().collect();
    assert_eq!(names, ["corpus_sft", "corpus_sft_test", "corpus_sft_validation"]);
    assert_eq!(answer["corpus_sft_validation"]["file_name"], "validation/instruct.jsonl");
    assert_eq!(answer["corpus_sft_validation"]["columns"], answer["corpus_sft"]["columns"]);
    lines("axolotl");
    let answer = read("axolotl/sft.yaml");
    let held = "test_datasets:\n  - path: validation/instruct.parquet\n    ds_type: parquet\n";
    assert!(
        answer.contains(held) && answer.contains("eval_strategy: epoch\n") && !answer.contains("test/"),
        "{answer}"
    );

    let answer = lines("deepspeed_chat");
    assert!(answer.starts_with("cp deepspeed_chat/train.json deepspeed_chat/eval.json data/"), "{answer}");
    let count = |path: &str| serde_json::from_str::<serde_json::Value>(&read(path)).unwrap().as_array().unwrap().len();
    let counts = ["train.json", "eval.json", "test.json"].map(|file| count(&format!("deepspeed_chat/{file}")));
    let answer: serde_json::Value = serde_json::from_str(&read("deepspeed_chat/export.json")).unwrap();
    let uses = answer["uses"].as_array().unwrap();
    let read_of = |of: &str| uses.iter().map(|u| u[of].as_u64().unwrap()).collect::<Vec<_>>();
    assert_eq!(read_of("read"), [246, 15, 39]);
    assert_eq!(read_of("written"), counts.map(|rows| rows as u64));
    // The validation rows alone train nothing.
    let run = scratch.corpus(&["export", "out", "--to", "deepspeed_chat", "--split", "validation", "--out", "side"]);
    assert_eq!((run.code(), count("side/eval.json")), (0, 15), "{}", run.stderr());
    assert!(!run.stdout().contains("deepspeed main.py"), "{}", run.stdout());
}
