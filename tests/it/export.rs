//! `corpus export`: golden bytes of each layout, what rows lose, what is set aside, and folders that are whole or not
//! there.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use corpus::output::export::run::{BATCH, Job, Table, export};
use corpus::output::export::{ALL, exporter};
use corpus::rows::Use;
use corpus::rows::split::Split;
use serde_json::{Value as Json, json};

use crate::export_layouts::table;
use crate::harness::{Files, Scratch, contains, files_under, same_files, same_text};
use crate::schemas::held;

/// Rows of all four uses, some of them with tools, reasoning, a system turn, scores, or faults.
const ROWS: [(&str, &str); 4] = [
    ("text.jsonl", "{\"id\":\"p1\",\"text\":\"河水流过\\\"桥\\\"。\"}\n{\"id\":\"p2\",\"text\":\"second\\nline\"}\n"),
    (
        "task.jsonl",
        "{\"id\":\"t1\",\"input\":\"把“河”译成英文\",\"output\":\"river\"}\n{\"id\":\"t2\",\"input\":\"没有回答\",\"output\":\"\",\"task\":\"translation\"}\n",
    ),
    (
        "chat.jsonl",
        concat!(
            r#"{"id":"c1","messages":[{"role":"user","content":"你好"},{"role":"assistant","content":"你好！"}]}"#,
            "\n",
            r#"{"id":"c2","messages":[{"role":"system","content":"简短回答"},{"role":"user","content":"几点？"},{"role":"assistant","content":"","tool_calls":[{"type":"function","function":{"name":"clock","arguments":"{\"zone\": 8}"}}]},{"role":"tool","content":"9:00"},{"role":"assistant","content":"九点。","reasoning_content":"钟上是九点。"},{"role":"user","content":"谢谢"},{"role":"assistant","content":"不客气。"}],"tools":"[ {\"name\": \"clock\", \"parameters\": {\"type\": \"object\"}} ]"}"#,
            "\n",
            r#"{"id":"c3","messages":[{"role":"user","content":"只有问题"}]}"#,
            "\n",
        ),
    ),
    (
        "pairs.jsonl",
        concat!(
            r#"{"id":"r1","prompt":[{"role":"user","content":"一加一？"}],"chosen":[{"role":"assistant","content":"二"}],"rejected":[{"role":"assistant","content":"三"}],"chosen_score":2.0,"rejected_score":0.5}"#,
            "\n",
            r#"{"id":"r2","prompt":[{"role":"user","content":"二加二？"}],"chosen":[{"role":"assistant","content":"四"}],"rejected":[{"role":"assistant","content":"四"}],"chosen_score":1.0,"rejected_score":1.0}"#,
            "\n",
        ),
    ),
];

pub const RECIPE: &str = "name = 'all'
[[source]]
name = 'text'
path = ['text.jsonl']
use = 'pretrain'
[[source]]
name = 'task'
path = ['task.jsonl']
use = 'task'
options = { empty = 'keep' }
[[source]]
name = 'chat'
path = ['chat.jsonl']
use = 'instruct'
options = { empty = 'keep' }
[[source]]
name = 'pairs'
path = ['pairs.jsonl']
use = 'rlhf'
";

/// A folder with the rows.
pub fn rows() -> Scratch {
    let scratch = Scratch::new();
    for (name, rows) in ROWS {
        scratch.write(name, rows);
    }
    scratch
}

pub fn built() -> Scratch {
    let scratch = rows();
    scratch.write("recipe.toml", RECIPE);
    let built = scratch.build("out", &[]);
    assert_eq!(built.total("kept"), 9, "{}", built.manifest["reasons"]);
    scratch
}

pub fn files(folder: &Path) -> Files {
    let of =
        |path: PathBuf| (path.strip_prefix(folder).unwrap().to_string_lossy().into_owned(), fs::read(path).unwrap());
    files_under(folder).into_iter().map(of).collect()
}

pub fn read(scratch: &Scratch, name: &str) -> String {
    fs::read_to_string(scratch.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

pub fn exported(scratch: &Scratch, arguments: &[&str]) -> Json {
    let run = scratch.corpus(&[&["export", "out", "--format", "json"], arguments].concat());
    assert_eq!(run.code(), 0, "{}", run.stdout());
    held(&run.stdout(), "export", &format!("export {arguments:?}"))
}

#[test]
fn openai_has_no_nulls_and_calls_as_objects() {
    let scratch = built();
    let exported = exported(&scratch, &["--to", "openai", "--out", "chat"]);
    let wanted = concat!(
        r#"{"messages":[{"role":"user","content":"你好"},{"role":"assistant","content":"你好！"}]}"#,
        "\n",
        r#"{"messages":[{"role":"system","content":"简短回答"},{"role":"user","content":"几点？"},{"role":"assistant","content":"","tool_calls":[{"id":"call_1","type":"function","function":{"name":"clock","arguments":"{\"zone\": 8}"}}]},{"role":"tool","content":"9:00","tool_call_id":"call_1"},{"role":"assistant","content":"九点。","reasoning_content":"钟上是九点。"},{"role":"user","content":"谢谢"},{"role":"assistant","content":"不客气。"}],"tools":[{"type":"function","function":{"name":"clock","parameters":{"type":"object"}}}]}"#,
        "\n",
    );
    same_text(&read(&scratch, "chat/instruct.jsonl"), wanted, "instruct.jsonl");
    let wanted = "{\"messages\":[{\"role\":\"user\",\"content\":\"把“河”译成英文\"},{\"role\":\"assistant\",\"content\":\"river\"}]}\n";
    same_text(&read(&scratch, "chat/task.jsonl"), wanted, "task.jsonl");
    let wanted = concat!(
        r#"{"input":{"messages":[{"role":"user","content":"一加一？"}],"tools":[],"parallel_tool_calls":true},"#,
        r#""preferred_output":[{"role":"assistant","content":"二"}],"#,
        r#""non_preferred_output":[{"role":"assistant","content":"三"}]}"#,
        "\n",
    );
    same_text(&read(&scratch, "chat/rlhf.jsonl"), wanted, "rlhf.jsonl");
    let line = |of: &str| exported["uses"].as_array().unwrap().iter().find(|u| u["use"] == of).unwrap().clone();
    assert_eq!(
        line("instruct"),
        json!({"use": "instruct", "read": 3, "written": 2, "aside": 1, "reasons": {"export_no_answer": 1}, "loses": {}})
    );
    assert_eq!(
        line("rlhf"),
        json!({"use": "rlhf", "read": 2, "written": 1, "aside": 1, "reasons": {"export_equal_answers": 1},
            "loses": {"scores": 1}})
    );
    let dropped: Json = serde_json::from_str(&read(&scratch, "chat/dropped/rlhf.jsonl")).unwrap();
    assert_eq!((&dropped["aside_reason"], &dropped["id"]), (&json!("export_equal_answers"), &json!("r2")));
    assert_eq!(dropped["chosen"], dropped["rejected"]);
    let explained = scratch.corpus(&["explain", "export_equal_answers"]);
    explained.says(0, &[]);
    contains(&explained.stdout(), &["nothing can be preferred"], &[]);
}

#[test]
fn alpaca_has_the_first_exchange() {
    let scratch = built();
    let exported = exported(&scratch, &["--to", "alpaca", "--out", "alpaca"]);
    let wanted = concat!(
        "[\n",
        r#"{"instruction":"把“河”译成英文","input":"","output":"river"}"#,
        ",\n",
        r#"{"instruction":"你好","input":"","output":"你好！"}"#,
        "\n]\n",
    );
    same_text(&read(&scratch, "alpaca/alpaca.json"), wanted, "alpaca.json");
    // The first question of `c2` is answered by a call, `c3` has no answer.
    assert_eq!(exported["uses"][1]["reasons"], json!({"export_no_answer": 2}));
    let start = "torchrun --nproc_per_node=4 train.py --model_name_or_path MODEL --data_path alpaca/alpaca.json";
    contains(exported["start"].as_str().unwrap(), &[start], &[]);
}

#[test]
fn llama_factory_has_its_roles_and_its_description() {
    let scratch = built();
    let exported = exported(&scratch, &["--to", "llama_factory", "--out", "lf"]);
    same_text(
        &read(&scratch, "lf/pretrain.jsonl"),
        "{\"text\":\"河水流过\\\"桥\\\"。\"}\n{\"text\":\"second\\nline\"}\n",
        "pretrain",
    );
    let wanted = concat!(
        r#"{"conversations":[{"from":"human","value":"你好"},{"from":"gpt","value":"你好！"}],"system":"","tools":""}"#,
        "\n",
        r#"{"conversations":[{"from":"human","value":"几点？"},{"from":"function_call","value":"{\"name\":\"clock\",\"arguments\":{\"zone\":8}}"},{"from":"observation","value":"9:00"},{"from":"gpt","value":"<think>\n钟上是九点。\n</think>\n\n九点。"},{"from":"human","value":"谢谢"},{"from":"gpt","value":"不客气。"}],"system":"简短回答","tools":"[ {\"name\": \"clock\", \"parameters\": {\"type\": \"object\"}} ]"}"#,
        "\n",
    );
    same_text(&read(&scratch, "lf/instruct.jsonl"), wanted, "instruct.jsonl");
    let wanted = concat!(
        r#"{"conversations":[{"from":"human","value":"一加一？"}],"system":"","chosen":{"from":"gpt","value":"二"},"#,
        r#""rejected":{"from":"gpt","value":"三"}}"#,
        "\n",
    );
    same_text(&read(&scratch, "lf/ranking.jsonl"), wanted, "ranking.jsonl");
    let described: Json = serde_json::from_str(&read(&scratch, "lf/dataset_info.json")).unwrap();
    let names: Vec<&String> = described.as_object().unwrap().keys().collect();
    assert_eq!(names, ["corpus_dpo", "corpus_pt", "corpus_sft", "corpus_task"]);
    assert_eq!(described["corpus_pt"], json!({"file_name": "pretrain.jsonl", "columns": {"prompt": "text"}}));
    let tags = json!({"role_tag": "from", "content_tag": "value", "user_tag": "human", "assistant_tag": "gpt",
        "observation_tag": "observation", "function_tag": "function_call", "system_tag": "system"});
    let columns = json!({"messages": "conversations", "system": "system", "chosen": "chosen", "rejected": "rejected"});
    let pairs = json!({"file_name": "ranking.jsonl", "formatting": "sharegpt", "ranking": true, "columns": columns,
        "tags": tags});
    assert_eq!(described["corpus_dpo"], pairs);
    contains(exported["start"].as_str().unwrap(), &["--stage dpo", "--dataset_dir lf --dataset corpus_dpo"], &["kto"]);
}

/// Of labelled answers, and of what LLaMA-Factory would empty without a word.
#[test]
fn labelled_answers_and_broken_turns() {
    let scratch = Scratch::new();
    scratch.write(
        "kto.jsonl",
        concat!(
            r#"{"prompt":[{"role":"user","content":"一加一？"}],"completion":[{"role":"assistant","content":"二"}],"label":true}"#,
            "\n",
            r#"{"prompt":[{"role":"user","content":"二加二？"}],"completion":[{"role":"assistant","content":"五"}],"label":false}"#,
            "\n",
        ),
    );
    let twice = json!({"messages": [{"role": "user", "content": "问"}, {"role": "user", "content": "再问"},
        {"role": "assistant", "content": "答"}]});
    let told_first = json!({"messages": [{"role": "system", "content": "简短回答"}, {"role": "user", "content": "问"},
        {"role": "user", "content": "再问"}, {"role": "assistant", "content": "答"}]});
    scratch.write("chat.jsonl", format!("{twice}\n{told_first}\n"));
    let source = |name: &str, usage: &str| format!("[[source]]\nname='{name}'\npath=['{name}.jsonl']\nuse='{usage}'\n");
    scratch.write("recipe.toml", format!("name='k'\n{}{}", source("kto", "rlhf"), source("chat", "instruct")));
    assert_eq!(scratch.build("out", &[]).total("kept"), 4);
    let of = exported(&scratch, &["--to", "llama_factory", "--out", "lf"]);
    let wanted = concat!(
        r#"{"conversations":[{"from":"human","value":"一加一？"},{"from":"gpt","value":"二"}],"system":"","label":true}"#,
        "\n",
        r#"{"conversations":[{"from":"human","value":"二加二？"},{"from":"gpt","value":"五"}],"system":"","label":false}"#,
        "\n",
    );
    same_text(&read(&scratch, "lf/kto.jsonl"), wanted, "kto.jsonl");
    assert_eq!(of["uses"][0]["reasons"], json!({"export_not_alternating": 2}));
    // Turns are counted as they stand in the row, that of the system too.
    let dropped = read(&scratch, "lf/dropped/instruct.jsonl");
    let details: Vec<Json> =
        dropped.lines().map(|line| serde_json::from_str::<Json>(line).unwrap()["aside_detail"].take()).collect();
    assert_eq!(details, ["turn 2 is of user", "turn 3 is of user"]);
    exported(&scratch, &["--to", "trl", "--out", "trl"]);
    let first = r#"{"prompt":[{"role":"user","content":"一加一？"}],"completion":[{"role":"assistant","content":"二"}],"label":true}"#;
    assert_eq!(read(&scratch, "trl/unpaired.jsonl").lines().next(), Some(first));
    let of = exported(&scratch, &["--to", "openai", "--use", "rlhf"]);
    assert_eq!(of["uses"][0]["reasons"], json!({"export_unpaired": 2}));
}

#[test]
fn trl_has_a_file_a_type() {
    let scratch = built();
    let exported = exported(&scratch, &["--to", "trl", "--out", "trl"]);
    for (file, first) in [
        ("text.jsonl", r#"{"text":"河水流过\"桥\"。"}"#),
        (
            "prompt_completion.jsonl",
            r#"{"prompt":[{"role":"user","content":"把“河”译成英文"}],"completion":[{"role":"assistant","content":"river"}]}"#,
        ),
        (
            "prompts.jsonl",
            r#"{"prompt":[{"role":"user","content":"只有问题"}],"answer":"","answer_kind":"","data_source":""}"#,
        ),
        (
            "preference.jsonl",
            r#"{"prompt":[{"role":"user","content":"一加一？"}],"chosen":[{"role":"assistant","content":"二"}],"rejected":[{"role":"assistant","content":"三"}]}"#,
        ),
    ] {
        assert_eq!(read(&scratch, &format!("trl/{file}")).lines().next(), Some(first), "{file}");
    }
    let chat = exported["uses"].as_array().unwrap().iter().find(|u| u["use"] == "instruct").unwrap();
    assert_eq!((&chat["written"], &chat["reasons"], &chat["loses"]), (&json!(3), &json!({}), &json!({})));
    let wanted = [
        json!({"messages": [r#"{"role":"user","content":"你好"}"#, r#"{"role":"assistant","content":"你好！"}"#],
            "tools": []}),
        json!({
            "messages": [
                r#"{"role":"system","content":"简短回答"}"#,
                r#"{"role":"user","content":"几点？"}"#,
                r#"{"role":"assistant","content":"","tool_calls":[{"id":"call_1","type":"function","function":{"name":"clock","arguments":{"zone":8}}}]}"#,
                r#"{"role":"tool","content":"9:00","tool_call_id":"call_1"}"#,
                r#"{"role":"assistant","content":"九点。","reasoning_content":"钟上是九点。"}"#,
                r#"{"role":"user","content":"谢谢"}"#,
                r#"{"role":"assistant","content":"不客气。"}"#,
            ],
            "tools": [r#"{"type":"function","function":{"name":"clock","parameters":{"type":"object"}}}"#]}),
    ];
    let (rows, schema) = table(&scratch.path("trl/messages.parquet"));
    assert_eq!(rows, wanted);
    let arrow::datatypes::DataType::List(item) = schema.field(0).data_type() else { panic!("{schema}") };
    assert_eq!(item.metadata().get("ARROW:extension:name").map(String::as_str), Some("arrow.json"));
    contains(exported["start"].as_str().unwrap(), &["trl.DPOTrainer(", "\"trl/preference.jsonl\""], &["KTOTrainer"]);
}

#[test]
fn plain_rows_have_every_column() {
    let scratch = built();
    exported(&scratch, &["--to", "jsonl"]);
    let text = read(&scratch, "out/exports/jsonl/instruct.jsonl");
    let rows: Vec<Json> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let keys = |row: &Json| row.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(rows.len(), 3);
    assert!(rows.iter().all(|row| keys(row) == keys(&rows[0])), "the same keys on every line: {text}");
    assert_eq!(
        rows[0]["messages"],
        json!([{"role": "user", "content": "你好"}, {"role": "assistant", "content": "你好！"}])
    );
    let call = json!([{"type": "function", "function": {"name": "clock", "arguments": "{\"zone\": 8}"}}]);
    assert_eq!((&rows[1]["messages"][2]["tool_calls"], &rows[1]["tools"].is_string()), (&call, &true));
    assert_eq!(rows[1]["messages"][4]["reasoning"], "钟上是九点。");
    let text = read(&scratch, "out/exports/jsonl/pretrain.jsonl");
    assert!(text.starts_with("{\"id\":\"p1\",\"source\":\"text\",\"subset\":null,\"use\":\"pretrain\","), "{text}");
    assert!(text.contains("\"text\":\"河水流过\\\"桥\\\"。\""), "{text}");
    let pair: Json =
        serde_json::from_str(read(&scratch, "out/exports/jsonl/rlhf.jsonl").lines().next().unwrap()).unwrap();
    assert_eq!((&pair["chosen_score"], &pair["rejected_score"]), (&json!(2.0), &json!(0.5)));
}

/// read = written + set aside, files are those that `export.json` lists, and every line of rows is JSON: for all layouts.
#[test]
fn every_layout_accounts_for_every_row() {
    let scratch = built();
    for layout in ALL {
        let exported = exported(&scratch, &["--to", layout.name()]);
        let folder = scratch.path("out/exports").join(layout.name());
        let manifest: Json = serde_json::from_slice(&fs::read(folder.join("export.json")).unwrap()).unwrap();
        assert_eq!(
            (&manifest["uses"], &manifest["files"]),
            (&exported["uses"], &exported["files"]),
            "{}",
            layout.name()
        );
        let mut listed: Vec<&str> =
            exported["files"].as_array().unwrap().iter().map(|f| f["path"].as_str().unwrap()).collect();
        listed.push("export.json");
        listed.sort_unstable();
        assert_eq!(files(&folder).into_keys().collect::<Vec<_>>(), listed, "{}", layout.name());
        let kept = BTreeMap::from([("pretrain", 2), ("task", 2), ("instruct", 3), ("rlhf", 2)]);
        for line in exported["uses"].as_array().unwrap() {
            let of = |key: &str| line[key].as_u64().unwrap();
            assert_eq!(of("read"), of("written") + of("aside"), "{}: {line}", layout.name());
            assert_eq!(of("read"), kept[line["use"].as_str().unwrap()], "{}: {line}", layout.name());
        }
        assert!(!exported["start"].as_str().unwrap().is_empty(), "{} does not say how to go on", layout.name());
    }
}

/// The bytes do not depend on how many rows are read at a time.
#[test]
fn any_batch_gives_the_same_bytes() {
    let scratch = built();
    for layout in ALL {
        let tables: Vec<Table> = (layout.uses().iter())
            .map(|usage| Table {
                usage: *usage,
                split: Split::Train,
                files: files_under(&scratch.path(&format!("out/data/{usage}"))),
            })
            .collect();
        let at = |batch: usize| {
            let job = Job { exporter: *layout, tables: &tables, batch, stop: &|| false };
            let out = scratch.path(&format!("{}-{batch}", layout.name()));
            export(&job, &out, &json!({"recipe": "all"})).unwrap();
            files(&out)
        };
        let one = at(1);
        assert!(one.len() > 1, "{}", layout.name());
        for batch in [2, BATCH] {
            same_files(&one, &at(batch), &format!("{} in batches of {batch}", layout.name()));
        }
    }
}

#[test]
fn what_is_interrupted_leaves_what_was_there() {
    let scratch = built();
    let tables =
        [Table { usage: Use::Instruct, split: Split::Train, files: files_under(&scratch.path("out/data/instruct")) }];
    let out = scratch.path("exports/chat");
    let asked = std::cell::Cell::new(0);
    let stop = || asked.replace(asked.get() + 1) > 0;
    let job = Job { exporter: exporter("openai").unwrap(), tables: &tables, batch: 1, stop: &stop };
    let error = export(&job, &out, &Json::Null).unwrap_err();
    assert_eq!(error.code(), "interrupted");
    assert!(files_under(&scratch.path("exports")).is_empty(), "a half export is left");

    let whole = Job { stop: &|| false, ..job };
    export(&whole, &out, &Json::Null).unwrap();
    let before = files(&out);
    asked.set(0);
    export(&Job { stop: &stop, ..whole }, &out, &Json::Null).unwrap_err();
    same_files(&before, &files(&out), "the export before");
    assert_eq!(fs::read_dir(scratch.path("exports")).unwrap().count(), 1);

    // What a kill left aside goes with the next export.
    scratch.write("exports/.chat.corpus-export/instruct.jsonl", "{\"half");
    export(&Job { stop: &|| false, exporter: exporter("jsonl").unwrap(), ..whole }, &out, &Json::Null).unwrap();
    assert_eq!(files(&out).into_keys().collect::<Vec<_>>(), ["export.json", "instruct.jsonl"]);
    assert_eq!(fs::read_dir(scratch.path("exports")).unwrap().count(), 1);
}

#[test]
fn files_of_others_stay() {
    let scratch = built();
    scratch.write("mine/notes.txt", "mine");
    let run = scratch.corpus(&["export", "out", "--to", "openai", "--out", "mine"]);
    run.says(1, &["mine/notes.txt was not written by an export", "--out"]);
    assert_eq!(files(&scratch.path("mine")).into_keys().collect::<Vec<_>>(), ["notes.txt"]);
    scratch.corpus(&["export", "out", "--to", "openai", "--out", "ours"]).says(0, &[]);
    scratch.corpus(&["export", "out", "--to", "openai", "--out", "ours"]).says(0, &[]);
    let changed = read(&scratch, "ours/task.jsonl") + "{}\n";
    scratch.write("ours/task.jsonl", &changed);
    let run = scratch.corpus(&["export", "out", "--to", "openai", "--out", "ours"]);
    run.says(1, &["ours/task.jsonl was changed since it was exported"]);
    assert_eq!(read(&scratch, "ours/task.jsonl"), changed);
    scratch.corpus(&["export", "out", "--to", "openai", "--out", "docs.txt/x/.."]).says(2, &["has no name"]);
}

#[test]
fn losses_are_said_and_strict_refuses() {
    let scratch = built();
    let run = scratch.corpus(&["export", "out", "--to", "openai", "--strict"]);
    run.says(1, &["--strict", "rlhf: 2 rows: 1 to be written, 1 to be set aside", "1 row without scores and margins"]);
    assert!(!scratch.path("out/exports").exists());
    let run = scratch.corpus(&["export", "out", "--to", "jsonl", "--strict", "--use", "rlhf", "--out", "plain"]);
    run.says(0, &["rlhf: 2 rows: 2 written, 0 set aside", "rlhf.jsonl"]);
    let load = "load_dataset(\"json\", data_files=\"plain/rlhf.jsonl\", split=\"train\")\n";
    assert_eq!(run.stdout(), format!("from datasets import load_dataset\n{load}"));
    let run = scratch.corpus(&["export", "out", "--to", "openai"]);
    run.says(
        0,
        &[
            "has no place for pretrain rows",
            "1 row to be set aside: export_no_answer",
            "1 row set aside: export_no_answer",
        ],
    );
}

#[test]
fn what_cannot_be_exported_says_why() {
    let scratch = built();
    let run = scratch.corpus(&["export", "out", "--to", "opnai"]);
    run.says(2, &["no layout is called `opnai`", "did you mean `openai`?"]);
    scratch.corpus(&["export", "nothing", "--to", "openai"]).says(1, &["nothing is no build"]);
    let run = scratch.corpus(&["export", "out", "--to", "openai", "--use", "pretrain"]);
    run.says(2, &["`openai` has no place for pretrain rows", "task, instruct, rlhf"]);
    let listed = scratch.corpus(&["list", "exports"]).stdout();
    for layout in ALL {
        contains(&listed, &[layout.name(), layout.about()], &[]);
        let explained = scratch.corpus(&["explain", layout.name()]).stdout();
        contains(&explained, &["export (layout of", "# Limits", "# Example", "# What it writes"], &[]);
    }
    fs::remove_dir_all(scratch.path("out/data")).unwrap();
    scratch.corpus(&["export", "out", "--to", "openai"]).says(1, &["out has no rows that `openai` takes"]);
}
