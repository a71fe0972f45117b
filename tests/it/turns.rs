//! Messages of the output: the fields that rows fill, the same ones in every file, and calls as objects.

use std::collections::BTreeSet;
use std::fs::File;

use arrow::datatypes::{DataType, SchemaRef};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value as Json, json};

use crate::harness::{Built, Scratch, files_under, same_output};

const ROLES: [&str; 2] = ["role", "content"];

/// The fields of messages in a column of a table, which must be the same in all its files.
fn fields(built: &Built, table: &str, column: &str) -> Vec<String> {
    let schema = |path| -> SchemaRef {
        ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap().schema().clone()
    };
    let of = |schema: SchemaRef| {
        let DataType::List(item) = schema.field_with_name(column).unwrap().data_type().clone() else { panic!() };
        let DataType::Struct(fields) = item.data_type() else { panic!() };
        fields.iter().map(|f| f.name().clone()).collect::<Vec<_>>()
    };
    let all: BTreeSet<Vec<String>> =
        files_under(&built.folder.join(table)).into_iter().map(|path| of(schema(path))).collect();
    assert_eq!(all.len(), 1, "{table}: {all:?}");
    all.into_iter().next().unwrap()
}

/// The messages of each row, as JSON.
pub fn messages(built: &Built, table: &str) -> Vec<Json> {
    let mut out = Vec::new();
    for path in files_under(&built.folder.join(table)) {
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap().build().unwrap();
        let mut writer = arrow::json::LineDelimitedWriter::new(Vec::new());
        reader.for_each(|batch| writer.write(&batch.unwrap()).unwrap());
        writer.finish().unwrap();
        let text = String::from_utf8(writer.into_inner()).unwrap();
        out.extend(text.lines().map(|line| serde_json::from_str::<Json>(line).unwrap()["messages"].clone()));
    }
    out
}

fn plain(number: usize) -> String {
    let messages = json!([{"role": "user", "content": format!("第{number}问")},
        {"role": "assistant", "content": format!("第{number}答").repeat(40)}]);
    format!("{}\n", json!({"messages": messages}))
}

fn calling(id: Option<&str>) -> String {
    let mut call = json!({"type": "function", "function": {"name": "clock", "arguments": {"zone": 8}}});
    if let Some(id) = id {
        call["id"] = json!(id);
    }
    let messages = json!([{"role": "user", "content": "几点了？"},
        {"role": "assistant", "content": null, "tool_calls": [call]},
        {"role": "tool", "content": "9:00", "tool_call_id": id},
        {"role": "assistant", "content": "九点。", "reasoning_content": "钟上是九点。"}]);
    format!("{}\n", json!({"messages": messages}))
}

const RECIPE: &str = "name='t'\n[[source]]\nname='s'\npath=['*.jsonl']\n[output]\nshard=2000\n";

#[test]
fn plain_rows_have_plain_messages() {
    let scratch = Scratch::new();
    scratch.write("a.jsonl", (0..40).map(plain).collect::<String>());
    scratch.write("recipe.toml", RECIPE);
    let built = scratch.build("out", &[]);
    assert!(files_under(&built.folder.join("data/instruct")).len() > 2);
    assert_eq!(fields(&built, "data/instruct", "messages"), ROLES);
}

#[test]
fn one_row_gives_every_file_its_fields() {
    let scratch = Scratch::new();
    let all = |late: &str| (0..40).map(plain).collect::<String>() + late;
    scratch.write("a.jsonl", all(&calling(None)));
    scratch.write("recipe.toml", RECIPE);
    let built = scratch.build("out", &["--threads", "1"]);
    assert_eq!(fields(&built, "data/instruct", "messages"), ["role", "content", "reasoning", "tool_calls"]);
    let call = json!([{"type": "function", "function": {"name": "clock", "arguments": "{\"zone\":8}"}}]);
    let said = messages(&built, "data/instruct");
    assert_eq!((said[40][1]["tool_calls"].clone(), said[0][1]["tool_calls"].clone()), (call, json!([])));
    assert_eq!(said[40][3]["reasoning"], "钟上是九点。");
    // Any number of threads, and any split of the input.
    let other = scratch.build("other", &["--threads", "3", "--fresh"]);
    same_output(&built, &other, "three threads");

    scratch.write("a.jsonl", all(&calling(Some("c1"))));
    let built = scratch.build("out", &[]);
    let names = ["role", "content", "reasoning", "tool_calls", "tool_call_id"];
    assert_eq!(fields(&built, "data/instruct", "messages"), names);
    let said = messages(&built, "data/instruct");
    assert_eq!((&said[40][1]["tool_calls"][0]["id"], &said[40][2]["tool_call_id"]), (&json!("c1"), &json!("c1")));

    // What was written is read again as it was, and built again to the same rows.
    scratch.write(
        "recipe.toml",
        "name='t'\n[[source]]\nname='s'\npath=['out/data/instruct/*.parquet']\n[output]\nshard=2000\n",
    );
    let again = scratch.build("again", &[]);
    assert_eq!(fields(&again, "data/instruct", "messages"), names);
    assert_eq!(messages(&again, "data/instruct"), said);
}

#[test]
fn a_dropped_row_fills_no_field_of_the_data() {
    let scratch = Scratch::new();
    scratch.write("a.jsonl", (0..4).map(plain).collect::<String>() + &calling(Some("c1")));
    scratch.write(
        "recipe.toml",
        "name='t'\n[[source]]\nname='s'\npath=['a.jsonl']\n[[stage]]\nrun='characters'\n[[stage]]\nrun='keep'\nchars={min=60}\n[[stage]]\nrun='shuffle'\n",
    );
    let built = scratch.build("out", &[]);
    assert_eq!((built.total("kept"), built.total("dropped")), (4, 1));
    assert_eq!(fields(&built, "data/instruct", "messages"), ROLES);
    assert_eq!(fields(&built, "dropped/instruct", "messages").len(), 5);
}

#[test]
fn thoughts_in_an_answer_are_split_on_request() {
    let scratch = Scratch::new();
    let pair = json!({"prompt": "一加一？", "chosen": "<think>\n数一数。\n</think>\n\n二。", "rejected": "三。"});
    scratch.write("p.jsonl", format!("{pair}\n"));
    let answer = |text: &str| json!({"instruction": "一加一？", "input": "", "output": text}).to_string() + "\n";
    let rows = ["<think>数一数。</think>二。", "数一数。\n</think>\n二。", "<think>数不完", "二。"].map(answer);
    scratch.write("a.jsonl", rows.concat());
    let sources = |more: &str| {
        format!(
            "name='t'\n[[source]]\nname='a'\npath=['a.jsonl']\n{more}\n[[source]]\nname='p'\npath=['p.jsonl']\n{more}\n"
        )
    };
    scratch.write("recipe.toml", sources("options={think='split'}"));
    let built = scratch.build("out", &[]);
    let said = messages(&built, "data/instruct");
    let turn = |i: usize| (said[i][1]["reasoning"].clone(), said[i][1]["content"].clone());
    assert_eq!(turn(0), (json!("数一数。"), json!("二。")));
    assert_eq!(turn(1), turn(0));
    assert_eq!(turn(2), (Json::Null, json!("二。")));
    assert_eq!(built.reasons().get("empty_answer"), Some(&1));
    assert_eq!(fields(&built, "data/rlhf", "chosen"), ["role", "content", "reasoning"]);
    scratch.write("recipe.toml", sources(""));
    let kept = scratch.build("kept", &[]);
    assert_eq!(fields(&kept, "data/instruct", "messages"), ROLES);
    assert_eq!(messages(&kept, "data/instruct")[0][1]["content"], "<think>数一数。</think>二。");
}

#[test]
fn stages_see_what_was_thought() {
    let scratch = Scratch::new();
    let row = |thought: &str| {
        let said = json!([{"role": "user", "content": "几点了？"},
            {"role": "assistant", "content": "九点。", "reasoning_content": thought}]);
        format!("{}\n", json!({"messages": said}))
    };
    scratch.write("a.jsonl", [row("看鐘。"), row("問人。"), row("看鐘。")].concat());
    scratch.write(
        "recipe.toml",
        "name='t'\n[[source]]\nname='s'\npath=['a.jsonl']\n[[stage]]\nrun='convert_script'\nto='zh-hans'\n[[stage]]\nrun='exact_dedup'\n",
    );
    let built = scratch.build("out", &[]);
    let said = messages(&built, "data/instruct");
    let thoughts: Vec<&Json> = said.iter().map(|m| &m[1]["reasoning"]).collect();
    assert_eq!(thoughts, [&json!("看钟。"), &json!("问人。")]);
    assert_eq!(built.column("dropped/instruct", "kept_id"), ["s:0"]);
}
