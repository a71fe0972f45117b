//! Dialogues as token ids: chat templates, what is learnt, and rows that have no place.

use std::fs;
use std::path::{Path, PathBuf};

use arrow::array::AsArray;
use arrow::datatypes::Int32Type;
use corpus::models::tokenizer::{Scratch as Buffers, Tokenizer};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value as Json, json};

use crate::harness::{Scratch, contains, files_under};
use crate::schemas::held;

fn tiny() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "models", "tiny-tokenizer.json"].iter().collect()
}

fn ids(text: &str) -> Vec<i32> {
    let mut ids = Vec::new();
    Tokenizer::read(&tiny()).unwrap().encode(text, &mut Buffers::default(), &mut ids).unwrap();
    ids.into_iter().map(|id| id as i32).collect()
}

/// Qwen's, which refuses turns of a `tool`.
const TEMPLATE: &str = "{%- for m in messages %}{%- if m.role == 'tool' %}{{- raise_exception('no tools here') }}{%- endif %}\
    {{- '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}{%- endfor %}\
    {%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}";

fn turn(role: &str, content: &str) -> Json {
    json!({"role": role, "content": content})
}

/// 40 dialogues of two answers, of which the first is not learnt where the number is odd; then rows that have no place.
fn folder() -> Scratch {
    let scratch = Scratch::new();
    scratch.write("tiny.json", fs::read(tiny()).unwrap());
    scratch.write("chat.jinja", TEMPLATE);
    let mut lines = String::new();
    for n in 0..40 {
        let mut first = turn("assistant", &format!("答 {n}。"));
        first["loss"] = json!(n % 2 == 0);
        let messages = [turn("user", &asked(n)), first, turn("user", "再问"), turn("assistant", "再答")];
        lines += &format!("{}\n", json!({"id": format!("d{n}"), "messages": messages}));
    }
    let odd: [(&str, Vec<Json>); 3] = [
        ("tool", vec![turn("user", "a"), turn("assistant", "b"), turn("tool", "c"), turn("assistant", "d")]),
        ("long", vec![turn("user", &"很长的问题。".repeat(200)), turn("assistant", "b")]),
        ("open", vec![turn("user", "a"), turn("assistant", "b"), turn("user", "c")]),
    ];
    for (id, messages) in odd {
        lines += &format!("{}\n", json!({"id": id, "messages": messages}));
    }
    scratch.write("chat.jsonl", lines);
    let source = "[[source]]\nname = 'chat'\npath = 'chat.jsonl'\nuse = 'instruct'\nformat = 'messages'\n";
    scratch.write("recipe.toml", format!("name = 'chat'\n{source}"));
    scratch
}

fn asked(n: usize) -> String {
    format!("问题 {n}：<|im_end|>{}", "船".repeat(n % 7))
}

fn export(scratch: &Scratch, more: &[&str]) -> Json {
    let first = ["export", "out", "--to", "packed", "--tokenizer", "tiny.json", "--template", "chat.jinja"];
    let run = scratch.corpus(&[&first[..], &["--seq-length", "256", "--format", "json"], more].concat());
    assert_eq!(run.code(), 0, "{}", run.stderr());
    held(&run.stdout(), "export", "packed")
}

/// The dialogues of packed Parquet, each with ids and labels, sorted.
fn packed(folder: &Path) -> Vec<(Vec<i32>, Vec<i32>)> {
    let file = fs::File::open(folder.join("data/train-00000.parquet")).unwrap();
    let mut found = Vec::new();
    for batch in ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap() {
        let batch = batch.unwrap();
        let list = |name: &str, row: usize| -> Vec<i32> {
            let values = batch.column_by_name(name).unwrap().as_list::<i32>().value(row);
            values.as_primitive::<Int32Type>().values().to_vec()
        };
        for row in 0..batch.num_rows() {
            let (ids, labels, lengths) = (list("input_ids", row), list("labels", row), list("seq_lengths", row));
            assert!(ids.len() <= 256 && ids.len() == labels.len());
            let mut at = 0;
            for length in lengths {
                let part = at..at + length as usize;
                found.push((ids[part.clone()].to_vec(), labels[part.clone()].to_vec()));
                at = part.end;
            }
            assert_eq!(at, ids.len());
        }
    }
    found.sort_unstable();
    found
}

/// A dialogue by the pieces of which the template makes it: with `true` those that are learnt.
fn wanted(n: usize) -> (Vec<i32>, Vec<i32>) {
    let (open, close) = (vec![481], vec![482]);
    let first = n.is_multiple_of(2);
    let pieces = [
        (open.clone(), false),
        (ids(&format!("user\n{}", asked(n))), false),
        (close.clone(), false),
        (ids("\n"), false),
        (open.clone(), false),
        (ids("assistant\n"), false),
        (ids(&format!("答 {n}。")), first),
        (close.clone(), first),
        (ids("\n"), first),
        (open.clone(), false),
        (ids("user\n再问"), false),
        (close.clone(), false),
        (ids("\n"), false),
        (open, false),
        (ids("assistant\n"), false),
        (ids("再答"), true),
        (close, true),
        (ids("\n"), true),
    ];
    let labels = pieces.iter().flat_map(|(ids, learnt)| ids.iter().map(move |id| if *learnt { *id } else { -100 }));
    (pieces.iter().flat_map(|piece| piece.0.clone()).collect(), labels.collect())
}

#[test]
fn dialogues_are_packed_whole_with_what_is_learnt() {
    let scratch = folder();
    assert_eq!(scratch.build("out", &[]).total("kept"), 43);
    let report = export(&scratch, &["--threads", "3"]);
    let mut dialogues: Vec<(Vec<i32>, Vec<i32>)> = (0..40).map(wanted).collect();
    dialogues.sort_unstable();
    assert_eq!(packed(&scratch.path("out/exports/packed")), dialogues);
    let learnt = dialogues.iter().flat_map(|d| &d.1).filter(|label| **label != -100).count();
    let tokens: usize = dialogues.iter().map(|d| d.0.len()).sum();
    assert_eq!((&report["tokens"]["learnt"], &report["tokens"]["tokens"]), (&json!(learnt), &json!(tokens)));
    assert_eq!(report["tokens"]["template"]["learnt_by"], "difference");
    assert_eq!(report["tokens"]["packed"]["cuts"], 0);
    let uses = json!([{"use": "instruct", "read": 43, "written": 40, "aside": 3, "loses": {},
        "reasons": {"export_no_answer": 1, "export_template": 1, "export_too_long": 1}}]);
    assert_eq!(report["uses"], uses);
    let dropped = fs::read_to_string(scratch.path("out/exports/packed/dropped/instruct.jsonl")).unwrap();
    let rows: Vec<Json> = dropped.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let report: Vec<(&str, &str)> =
        rows.iter().map(|r| (r["id"].as_str().unwrap(), r["aside_reason"].as_str().unwrap())).collect();
    assert_eq!(report, [("tool", "export_template"), ("long", "export_too_long"), ("open", "export_no_answer")]);
    contains(rows[0]["aside_detail"].as_str().unwrap(), &["no tools here", "line 1"], &[]);
}

#[test]
fn the_bytes_of_dialogues_depend_on_no_thread() {
    let scratch = folder();
    scratch.build("out", &[]);
    let run = |threads: &str| {
        export(&scratch, &["--threads", threads]);
        let folder = scratch.path("out/exports/packed");
        files_under(&folder).into_iter().map(|path| (fs::read(&path).unwrap(), path)).collect::<Vec<_>>()
    };
    assert!(run("1") == run("4"));
}

#[test]
fn the_template_beside_the_tokenizer_is_found() {
    let scratch = folder();
    scratch.build("out", &[]);
    let config = json!({"eos_token": "<|im_end|>", "chat_template": TEMPLATE.replace("+ m.content +", "+ (system|default('')) + m.content +")});
    scratch.write("tokenizer_config.json", config.to_string());
    let run = |more: &[&str]| {
        let first =
            ["export", "out", "--to", "packed", "--tokenizer", "tiny.json", "--seq-length", "256", "--template"];
        scratch.corpus(&[&first[..], more].concat())
    };
    let done = run(&["--format", "json"]);
    assert_eq!(done.code(), 0, "{}", done.stderr());
    let report = held(&done.stdout(), "export", "packed");
    assert_eq!(report["tokens"]["template"]["file"], "tokenizer_config.json");
    let before = packed(&scratch.path("out/exports/packed"));
    // An option of the template comes out.
    let done = run(&["--template-options", "{\"system\": \"船\"}"]);
    contains(&done.stderr(), &["written by tokenizer_config.json", "learnt (", "3 set aside"], &[]);
    assert_ne!(packed(&scratch.path("out/exports/packed")), before);
}

#[test]
fn what_does_not_fit_a_template_is_said() {
    let scratch = folder();
    scratch.build("out", &[]);
    let says = |arguments: &[&str], parts: &[&str]| {
        let first = ["export", "out", "--tokenizer", "tiny.json", "--to"];
        let run = scratch.corpus(&[&first[..], arguments].concat());
        assert_ne!(run.code(), 0, "{arguments:?}");
        contains(&run.stderr(), parts, &[]);
    };
    says(&["packed", "--seq-length", "256"], &["no rows that `packed` takes", "--template"]);
    says(&["nanogpt", "--template", "chat.jinja"], &["has no place for dialogues"]);
    says(&["packed", "--seq-length", "256", "--template"], &["has no chat template beside it", "--template FILE"]);
    let with = |more: &'static [&'static str]| {
        [&["packed", "--seq-length", "256", "--template", "chat.jinja"][..], more].concat()
    };
    says(&with(&["--packing", "cut"]), &["dialogues are not cut"]);
    says(&with(&["--eos", "<|im_end|>"]), &["writes how dialogues end"]);
    says(&with(&["--template-options", "[1]"]), &["no JSON object", "enable_thinking"]);
    says(&with(&["--strict"]), &["has no place for all of these rows", "export_too_long", "without --strict"]);
    assert!(!scratch.path("out/exports/packed").exists());
    scratch.write("broken.jinja", "{% if %}");
    says(&["packed", "--seq-length", "256", "--template", "broken.jinja"], &["broken.jinja", "line 1"]);
    scratch.write("none.json", "{}");
    says(&["packed", "--seq-length", "256", "--template", "none.json"], &["none.json: has no `chat_template`"]);
    says(&["packed", "--seq-length", "256", "--date", "2026-11-29"], &["--template"]);
}

/// Pairs and labelled answers, and rows that have no place.
fn pairs() -> Scratch {
    let scratch = Scratch::new();
    scratch.write("tiny.json", fs::read(tiny()).unwrap());
    scratch.write("chat.jinja", TEMPLATE);
    let pair = |n: usize, rejected: &str| {
        json!({"id": format!("p{n}"), "prompt": [turn("user", &asked(n))], "chosen": [turn("assistant", &format!("好 {n}"))],
            "rejected": [turn("assistant", rejected)]})
    };
    let mut lines: String = (0..50).map(|n| format!("{}\n", pair(n, "坏"))).collect();
    lines += &format!("{}\n", pair(50, &"长".repeat(400)));
    scratch.write("pairs.jsonl", lines);
    let label = |n: usize| json!({"id": format!("k{n}"), "prompt": [turn("user", &asked(n))], "completion": [turn("assistant", "答")], "label": n.is_multiple_of(3)});
    scratch.write("labelled.jsonl", (0..20).map(|n| format!("{}\n", label(n))).collect::<String>());
    let source = |name: &str| format!("[[source]]\nname = '{name}'\npath = '{name}.jsonl'\nuse = 'rlhf'\n");
    scratch.write("recipe.toml", format!("name = 'pairs'\n{}{}", source("pairs"), source("labelled")));
    scratch
}

/// Lists of ids, and what stands beside them.
type Row = (Vec<Vec<i32>>, Option<f64>);

/// The rows of a layout of pairs.
fn lists(folder: &Path) -> Vec<Row> {
    let file = fs::File::open(folder.join("data/train-00000.parquet")).unwrap();
    let mut rows = Vec::new();
    for batch in ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap() {
        let batch = batch.unwrap();
        for row in 0..batch.num_rows() {
            let (mut ids, mut value) = (Vec::new(), None);
            for column in batch.columns() {
                if let Some(list) = column.as_list_opt::<i32>() {
                    ids.push(list.value(row).as_primitive::<Int32Type>().values().to_vec());
                } else if let Some(flags) = column.as_boolean_opt() {
                    value = Some(f64::from(u8::from(flags.value(row))));
                } else {
                    value = Some(column.as_primitive::<arrow::datatypes::Float64Type>().value(row));
                }
            }
            rows.push((ids, value));
        }
    }
    rows
}

#[test]
fn pairs_are_cut_where_the_answers_begin() {
    let scratch = pairs();
    assert_eq!(scratch.build("out", &[]).total("kept"), 71);
    let export = |to: &str| {
        let words =
            ["export", "out", "--to", to, "--tokenizer", "tiny.json", "--template", "chat.jinja", "--format", "json"];
        let run = scratch.corpus(&[&words[..], &["--seq-length", "200"]].concat());
        assert_eq!(run.code(), 0, "{}", run.stderr());
        (held(&run.stdout(), "export", to), lists(&scratch.path("out/exports").join(to)))
    };
    let prompt = |n: usize| {
        let ask = [vec![481], ids(&format!("user\n{}", asked(n))), vec![482], ids("\n"), vec![481], ids("assistant\n")];
        ask.concat()
    };
    let answer = |text: &str| [ids(text), vec![482], ids("\n")].concat();
    let (report, rows) = export("dpo");
    let wanted: Vec<Row> = (0..50).map(|n| (vec![prompt(n), answer(&format!("好 {n}")), answer("坏")], None)).collect();
    assert_eq!(rows, wanted);
    let account = &report["uses"][0];
    assert_eq!((&account["read"], &account["written"], &account["aside"]), (&json!(71), &json!(50), &json!(21)));
    assert_eq!(account["reasons"], json!({"export_too_long": 1, "export_unpaired": 20}));
    let (_, rows) = export("reward");
    let whole = |n: usize, text: &str| [prompt(n), answer(text)].concat();
    let wanted: Vec<Row> = (0..50).map(|n| (vec![whole(n, &format!("好 {n}")), whole(n, "坏")], Some(0.0))).collect();
    assert_eq!(rows, wanted);
    let (report, rows) = export("kto");
    let label = |n: usize| Some(f64::from(u8::from(n.is_multiple_of(3))));
    assert_eq!(rows, (0..20).map(|n| (vec![prompt(n), answer("答")], label(n))).collect::<Vec<_>>());
    assert_eq!(report["uses"][0]["reasons"], json!({"export_paired": 51}));
    let run = scratch.corpus(&["export", "out", "--to", "dpo", "--tokenizer", "tiny.json"]);
    contains(&run.stderr(), &["holds dialogues: it needs --template"], &[]);
    let words = ["export", "out", "--to", "dpo", "--tokenizer", "tiny.json", "--template", "chat.jinja"];
    contains(&scratch.corpus(&words).stderr(), &["`dpo` does not cut rows", "--seq-length"], &[]);
}

/// An `[[export]]` of a recipe writes what the command writes, and again only where something that it is made by is another.
#[test]
fn a_recipe_exports_dialogues_and_pairs() {
    let scratch = pairs();
    let source = "[[source]]\nname = 'chat'\npath = 'chat.jsonl'\nuse = 'instruct'\nformat = 'messages'\n";
    let lines: String = (0..40)
        .map(|n| {
            format!(
                "{}\n",
                json!({"id": format!("d{n}"), "messages": [turn("user", &asked(n)), turn("assistant", "答")]})
            )
        })
        .collect();
    scratch.write("chat.jsonl", lines);
    let before = fs::read_to_string(scratch.path("recipe.toml")).unwrap() + source;
    let keys = |to: &str, more: &str| {
        format!("[[export]]\nto = '{to}'\ntokenizer = 'tiny.json'\nseq_length = 200\ntemplate = 'chat.jinja'\n{more}")
    };
    let recipe = format!("{before}{}{}", keys("packed", ""), keys("dpo", "shard_tokens = 500\n"));
    scratch.write("recipe.toml", &recipe);
    let plan = scratch.corpus(&["plan", "--recipe", "recipe.toml", "--out", "out", "--format", "json"]);
    let report = held(&plan.stdout(), "plan", "plan with exports of dialogues");
    assert_eq!(report["exports"][1]["template"], "chat.jinja");
    let plan = scratch.corpus(&["plan", "--recipe", "recipe.toml", "--out", "out"]).stdout();
    contains(&plan, &["written by chat.jinja", "task, instruct", "rlhf"], &[]);
    scratch.build("out", &[]);
    let manifest =
        || held(&fs::read_to_string(scratch.path("out/build.json")).unwrap(), "build", "exports of dialogues");
    let made = manifest();
    assert_eq!(
        (&made["exports"][0]["tokens"]["template"]["file"], &made["exports"][1]["tokens"]["limit"]),
        (&json!("chat.jinja"), &json!(200))
    );
    // Files of as many tokens, with where each begins.
    let read = |path: &str| serde_json::from_str::<Json>(&fs::read_to_string(scratch.path(path)).unwrap()).unwrap();
    let shards = read("out/exports/dpo/export.json")["shards"].as_array().unwrap().clone();
    assert!(shards.len() > 3, "{shards:?}");
    let number = |shard: &Json, key: &str| shard[key].as_u64().unwrap();
    let (mut row, mut token) = (0, 0);
    for (at, shard) in shards.iter().enumerate() {
        assert_eq!((number(shard, "first_row"), number(shard, "first_token")), (row, token));
        (row, token) = (row + number(shard, "rows"), token + number(shard, "tokens"));
        assert!(at + 1 == shards.len() || (500..700).contains(&number(shard, "tokens")), "{shards:?}");
    }
    assert_eq!((json!(row), json!(token)), (json!(50), made["exports"][1]["tokens"]["tokens"].clone()));
    // The command writes the same.
    let words = ["export", "out", "--tokenizer", "tiny.json", "--template", "chat.jinja", "--seq-length", "200"];
    for (to, more) in [("packed", &[][..]), ("dpo", &["--shard-tokens", "500"])] {
        let run = scratch.corpus(&[&words[..], &["--to", to, "--out", to], more].concat());
        assert_eq!(run.code(), 0, "{}", run.stderr());
        let (by_recipe, by_hand) = (scratch.path("out/exports").join(to), scratch.path(to));
        let files = |folder: &Path| {
            let name = |path: &PathBuf| path.strip_prefix(folder).unwrap().to_owned();
            let kept = files_under(folder).into_iter().filter(|path| !path.ends_with("export.json"));
            kept.map(|path| (name(&path), fs::read(&path).unwrap())).collect::<Vec<_>>()
        };
        assert!(files(&by_recipe) == files(&by_hand), "{to}");
    }
    // What stands is not written again; an option of the template is another export.
    let time = || fs::metadata(scratch.path("out/exports/packed/export.json")).unwrap().modified().unwrap();
    let stood = time();
    scratch.build("out", &[]);
    assert_eq!((time(), manifest()), (stood, made));
    scratch.write(
        "recipe.toml",
        recipe.replacen("template = 'chat.jinja'\n", "template = 'chat.jinja'\ntemplate_options = { n = 1 }\n", 1),
    );
    scratch.build("out", &[]);
    assert_ne!(time(), stood);
    assert_eq!(manifest()["exports"][0]["tokens"]["template"]["options"], json!({"n": 1}));
}

#[test]
fn a_recipe_says_what_a_template_lacks() {
    let scratch = pairs();
    let before = fs::read_to_string(scratch.path("recipe.toml")).unwrap();
    let check = |more: &str, parts: &[&str]| {
        let keys = "[[export]]\nto = 'dpo'\ntokenizer = 'tiny.json'\nseq_length = 200\n";
        scratch.write("recipe.toml", format!("{before}{keys}{more}"));
        let run = scratch.corpus(&["build", "--recipe", "recipe.toml", "--out", "out"]);
        assert_ne!(run.code(), 0, "{more}");
        contains(&run.stderr(), parts, &[]);
        assert!(!scratch.path("out/build.json").exists());
    };
    check("", &["holds dialogues, and no chat template writes them", "recipe.toml:", "template = true"]);
    check("template = true\n", &["has no chat template beside it"]);
    check("template = 'absent.jinja'\n", &["`template` names", "absent.jinja, which is no file"]);
    scratch.write("dated.jinja", format!("{{{{ strftime_now('%d') }}}}{TEMPLATE}"));
    check("template = 'dated.jinja'\n", &["its chat template writes which day it is", "date = 2026-11-29"]);
    // A row that has no place is an error where that was asked for; the build itself is in its place then.
    let keys = "[[export]]\nto = 'dpo'\ntokenizer = 'tiny.json'\nseq_length = 200\nstrict = true\n";
    let keys = format!("{before}{keys}template = 'dated.jinja'\ndate = 2026-11-29\n");
    scratch.write("recipe.toml", &keys);
    let run = scratch.corpus(&["build", "--recipe", "recipe.toml", "--out", "out"]);
    contains(&run.stderr(), &["`dpo` has no place for all of these rows"], &[]);
    assert!(scratch.path("out/build.json").exists() && !scratch.path("out/exports/dpo").exists());
    scratch.write("recipe.toml", keys.replace("strict = true\n", ""));
    scratch.build("out", &[]);
    let report: Json = serde_json::from_str(&fs::read_to_string(scratch.path("out/build.json")).unwrap()).unwrap();
    assert_eq!(report["exports"][0]["tokens"]["template"]["date"], "2026-11-29");
}
