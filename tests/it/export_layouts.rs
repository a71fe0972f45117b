//! What each layout of a trainer holds of rows with tools, thinking, labels, margins and checked answers.

use std::fs::File;
use std::path::Path;

use arrow::datatypes::SchemaRef;
use corpus::output::export::json::{Object, value};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value as Json, json};

use crate::export::{built, exported, files, read};
use crate::harness::{Scratch, contains, same_text};

/// The rows of a Parquet file as JSON, and its schema.
pub fn table(path: &Path) -> (Vec<Json>, SchemaRef) {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    let schema = reader.schema().clone();
    let mut rows = Vec::new();
    for batch in reader.build().unwrap().map(Result::unwrap) {
        for at in 0..batch.num_rows() {
            let mut out = Vec::new();
            let mut object = Object::new(&mut out);
            for (field, column) in schema.fields().iter().zip(batch.columns()) {
                value(column.as_ref(), at, object.key(field.name()));
            }
            object.end();
            rows.push(serde_json::from_slice(&out).unwrap());
        }
    }
    (rows, schema)
}

fn rows(scratch: &Scratch, path: &str) -> Vec<Json> {
    table(&scratch.path(path)).0
}

/// The lines of a file.
fn lines(scratch: &Scratch, path: &str) -> Vec<Json> {
    read(scratch, path).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Why rows were set aside, by use.
fn reasons(exported: &Json, usage: &str) -> Json {
    exported["uses"].as_array().unwrap().iter().find(|u| u["use"] == usage).unwrap()["reasons"].clone()
}

/// Prompts with and without an answer to check, labelled answers, pairs with a margin, with several turns before them.
fn hard() -> Scratch {
    let scratch = Scratch::new();
    let turn = |role: &str, text: &str| json!({"role": role, "content": text});
    let (user, assistant) = (|text: &str| turn("user", text), |text: &str| turn("assistant", text));
    let write = |name: &str, rows: &[Json]| {
        scratch.write(name, rows.iter().map(|row| format!("{row}\n")).collect::<String>());
    };
    write(
        "prompts.jsonl",
        &[
            json!({"id": "q1", "messages": [user("三乘四？")], "answer": "12", "answer_kind": "math", "data_source": "gsm8k"}),
            json!({"id": "q2", "messages": [user("起个名字")]}),
            json!({"id": "q3", "messages": [assistant("欢迎。"), user("几点？"), assistant("九点。")]}),
            json!({"id": "q4", "messages": [user("<|im_end|>是什么"), assistant("记号。")]}),
        ],
    );
    write(
        "labelled.jsonl",
        &[json!({"id": "k1", "prompt": [user("二加二？")], "completion": [assistant("五")], "label": false})],
    );
    write(
        "pairs.jsonl",
        &[
            json!({"id": "r1", "prompt": [turn("system", "简短"), user("一加一？")], "chosen": [assistant("二")],
                "rejected": [assistant("三")], "chosen_score": 2.0, "rejected_score": 0.5}),
            json!({"id": "r2", "prompt": [user("你好"), assistant("你好！"), user("讲个笑话")],
                "chosen": [assistant("好")], "rejected": [assistant("不")], "chosen_score": 1.0, "rejected_score": 0.0}),
        ],
    );
    let source =
        |name: &str, usage: &str| format!("[[source]]\nname = '{name}'\npath = '{name}.jsonl'\nuse = '{usage}'\n");
    let sources = [("prompts", "instruct"), ("labelled", "rlhf"), ("pairs", "rlhf")].map(|(n, u)| source(n, u));
    scratch.write("recipe.toml", format!("name = 'hard'\n{}", sources.concat()));
    assert_eq!(scratch.build("out", &[]).total("kept"), 7);
    scratch
}

#[test]
fn ms_swift_has_loss_flags_channels_and_margins() {
    let scratch = built();
    exported(&scratch, &["--to", "ms_swift", "--out", "swift"]);
    let wanted = concat!(
        r#"{"messages":[{"role":"user","content":"把“河”译成英文","loss":false},{"role":"assistant","content":"river","loss":true}],"tools":"[]","channel":"task"}"#,
        "\n",
        r#"{"messages":[{"role":"user","content":"你好","loss":false},{"role":"assistant","content":"你好！","loss":true}],"tools":"[]","channel":"chat"}"#,
        "\n",
        r#"{"messages":[{"role":"system","content":"简短回答","loss":false},{"role":"user","content":"几点？","loss":false},{"role":"tool_call","content":"{\"name\":\"clock\",\"arguments\":{\"zone\":8}}","loss":true},{"role":"tool_response","content":"9:00","loss":false},{"role":"assistant","content":"<think>\n钟上是九点。\n</think>\n\n九点。","loss":true},{"role":"user","content":"谢谢","loss":false},{"role":"assistant","content":"不客气。","loss":true}],"tools":"[{\"type\":\"function\",\"function\":{\"name\":\"clock\",\"parameters\":{\"type\":\"object\"}}}]","channel":"chat"}"#,
        "\n",
    );
    same_text(&read(&scratch, "swift/sft.jsonl"), wanted, "sft.jsonl");
    let first = r#"{"messages":[{"role":"assistant","content":"河水流过\"桥\"。","loss":true}],"channel":"text"}"#;
    assert_eq!(read(&scratch, "swift/pt.jsonl").lines().next(), Some(first));

    let scratch = hard();
    let of = exported(&scratch, &["--to", "ms_swift", "--out", "swift"]);
    let first = concat!(
        r#"{"messages":[{"role":"user","content":"三乘四？","loss":false}],"solution":"12","answer_kind":"math","#,
        r#""data_source":"gsm8k","channel":"prompts"}"#
    );
    assert_eq!(read(&scratch, "swift/rl.jsonl").lines().next(), Some(first));
    let kto = concat!(
        r#"{"messages":[{"role":"user","content":"二加二？","loss":false},{"role":"assistant","content":"五","loss":true}],"#,
        r#""label":false,"channel":"labelled"}"#,
        "\n"
    );
    same_text(&read(&scratch, "swift/kto.jsonl"), kto, "kto.jsonl");
    let pairs = lines(&scratch, "swift/pairs.jsonl");
    assert_eq!((&pairs[0]["margin"], &pairs[0]["rejected_messages"][2]["content"]), (&json!(1.5), &json!("三")));
    assert_eq!(reasons(&of, "instruct"), json!({"export_special_token": 1, "export_turn_order": 1}));
    let start = of["start"].as_str().unwrap();
    contains(start, &["# ms-swift 4.6.0\n", "--rlhf_type kto", "--rlhf_type grpo", "--dataset swift/kto.jsonl"], &[]);
    assert_eq!(of["trainer"], "ms-swift 4.6.0");
}

#[test]
fn verl_has_ground_truths_and_plain_messages() {
    let scratch = built();
    let of = exported(&scratch, &["--to", "verl", "--out", "verl"]);
    let said = |user: &str, assistant: &str| json!({"messages": [{"role": "user", "content": user}, {"role": "assistant", "content": assistant}]});
    assert_eq!(rows(&scratch, "verl/sft.parquet"), [said("把“河”译成英文", "river"), said("你好", "你好！")]);
    assert_eq!(reasons(&of, "instruct"), json!({"export_no_truth": 1, "export_tools": 1}));
    assert_eq!(rows(&scratch, "verl/rm.parquet"), [json!({"prompt": "一加一？", "chosen": "二", "rejected": "三"})]);

    let scratch = hard();
    let of = exported(&scratch, &["--to", "verl", "--out", "verl"]);
    let wanted = json!({"data_source": "gsm8k", "prompt": [{"role": "user", "content": "三乘四？"}], "ability": "math",
        "reward_model": {"style": "rule", "ground_truth": "12"}, "extra_info": {"id": "q1", "source": "prompts"}});
    assert_eq!(rows(&scratch, "verl/rl.parquet"), [wanted]);
    assert_eq!(reasons(&of, "rlhf"), json!({"export_labelled": 1, "export_long_prompt": 1}));
    let lost = of["uses"].as_array().unwrap().iter().find(|u| u["use"] == "rlhf").unwrap();
    assert_eq!(lost["loses"], json!({"system": 1, "scores": 1}));
    contains(of["start"].as_str().unwrap(), &["verl.trainer.main_ppo data.train_files=verl/rl.parquet"], &["sft"]);
}

#[test]
fn openrlhf_has_dialogues_prompts_and_margins() {
    let scratch = built();
    let of = exported(&scratch, &["--to", "openrlhf", "--out", "o"]);
    let wanted = concat!(
        r#"{"messages":[{"role":"user","content":"把“河”译成英文"},{"role":"assistant","content":"river"}]}"#,
        "\n",
        r#"{"messages":[{"role":"user","content":"你好"},{"role":"assistant","content":"你好！"}]}"#,
        "\n",
    );
    same_text(&read(&scratch, "o/sft.jsonl"), wanted, "sft.jsonl");
    assert_eq!(reasons(&of, "instruct"), json!({"export_tools": 1}));
    let scratch = hard();
    exported(&scratch, &["--to", "openrlhf", "--out", "o"]);
    let wanted = concat!(
        r#"{"prompt":[{"role":"user","content":"三乘四？"}],"label":"12","datasource":"gsm8k"}"#,
        "\n",
        r#"{"prompt":[{"role":"user","content":"起个名字"}],"label":"","datasource":"prompts"}"#,
        "\n",
    );
    same_text(&read(&scratch, "o/prompts.jsonl"), wanted, "prompts.jsonl");
    let first = concat!(
        r#"{"prompt":[{"role":"system","content":"简短"},{"role":"user","content":"一加一？"}],"#,
        r#""chosen":[{"role":"assistant","content":"二"}],"rejected":[{"role":"assistant","content":"三"}],"margin":1.5}"#
    );
    assert_eq!(read(&scratch, "o/preference.jsonl").lines().next(), Some(first));
}

#[test]
fn axolotl_has_its_columns_and_a_configuration_a_training() {
    let scratch = built();
    let of = exported(&scratch, &["--to", "axolotl", "--out", "a"]);
    let chat = rows(&scratch, "a/instruct.parquet");
    assert_eq!(chat.len(), 2);
    let call = json!({"role": "assistant", "content": "", "tool_calls": [{"id": "call_1", "type": "function",
        "function": {"name": "clock", "arguments": "{\"zone\": 8}"}}]});
    assert_eq!(
        (&chat[1]["messages"][2], &chat[1]["messages"][4]["reasoning_content"]),
        (&call, &json!("钟上是九点。"))
    );
    assert_eq!(chat[0]["tools"], "[]");
    let said = |text: &str| json!({"role": "assistant", "content": text});
    let pair =
        json!({"messages": [{"role": "user", "content": "一加一？"}], "chosen": said("二"), "rejected": said("三")});
    assert_eq!(rows(&scratch, "a/dpo.parquet"), [pair]);
    let wanted = "base_model: MODEL\nchat_template: tokenizer_default\ndatasets:\n  - path: task.parquet\n    ds_type: parquet\n    \
                  split: train\n    type: chat_template\n    field_messages: messages\n    field_tools: tools\n    \
                  roles_to_train: [assistant]\n  - path: instruct.parquet\n";
    assert!(read(&scratch, "a/sft.yaml").starts_with(wanted), "{}", read(&scratch, "a/sft.yaml"));
    assert!(!scratch.path("a/kto.yaml").exists());
    contains(of["start"].as_str().unwrap(), &["(cd a && axolotl train sft.yaml)", "train dpo.yaml"], &["kto"]);
    let scratch = hard();
    exported(&scratch, &["--to", "axolotl", "--out", "a"]);
    let wanted = json!({"completion": [{"role": "user", "content": "二加二？"}, {"role": "assistant", "content": "五"}],
        "label": false});
    assert_eq!(rows(&scratch, "a/kto.parquet"), [wanted]);
    contains(&read(&scratch, "a/kto.yaml"), &["rl: kto\n", "type: chatml.argilla_chat\n"], &[]);
}

#[test]
fn llama_factory_v1_has_parts_with_weights() {
    let scratch = built();
    let of = exported(&scratch, &["--to", "llama_factory_v1", "--out", "v1"]);
    let first = concat!(
        r#"{"messages":[{"role":"user","content":[{"type":"text","value":"把“河”译成英文"}],"loss_weight":0.0},"#,
        r#"{"role":"assistant","content":[{"type":"text","value":"river"}],"loss_weight":1.0}],"tools":""}"#
    );
    assert_eq!(read(&scratch, "v1/sft.jsonl").lines().next(), Some(first));
    let chat = &lines(&scratch, "v1/sft.jsonl")[2]["messages"];
    assert_eq!(
        chat[2]["content"],
        json!([{"type": "tool_call", "value": "{\"name\":\"clock\",\"arguments\":{\"zone\":8}}"}])
    );
    assert_eq!(
        chat[4]["content"],
        json!([{"type": "reasoning", "value": "钟上是九点。"}, {"type": "text", "value": "九点。"}])
    );
    same_text(&read(&scratch, "v1/sft.yaml"), "corpus_sft:\n  path: sft.jsonl\n  source: local\n", "sft.yaml");
    let pair = &lines(&scratch, "v1/pairs.jsonl")[0];
    assert_eq!(pair["chosen_messages"][1]["content"][0]["value"], "二");
    assert_eq!(pair["rejected_messages"][0]["content"][0]["value"], "一加一？");
    contains(of["start"].as_str().unwrap(), &["(cd v1 && USE_V1=1 llamafactory-cli sft "], &["pretrain"]);
}

#[test]
fn hf_has_every_row_and_column_under_names_of_splits() {
    let scratch = built();
    let of = exported(&scratch, &["--to", "hf", "--out", "hub"]);
    let mut names: Vec<String> = files(&scratch.path("hub")).into_keys().collect();
    names.sort();
    let shard = |usage: &str| format!("data/{usage}/train-00000-of-00001.parquet");
    let wanted = ["README.md".to_owned(), shard("instruct"), shard("pretrain"), shard("rlhf"), shard("task")];
    assert_eq!(names, [&wanted[..], &["export.json".to_owned()]].concat());
    for usage in ["pretrain", "task", "instruct", "rlhf"] {
        let (rows, schema) = table(&scratch.path(&format!("hub/{}", shard(usage))));
        let (of, from) = table(&scratch.path(&format!("out/data/{usage}/part-00000.parquet")));
        assert_eq!((rows, schema.fields()), (of, from.fields()), "{usage}");
    }
    let card = read(&scratch, "hub/README.md");
    let head = "---\npretty_name: \"all\"\nsize_categories:\n- n<1K\nconfigs:\n- config_name: pretrain\n  default: true\n  \
                data_files:\n  - split: train\n    path: data/pretrain/train-*.parquet\n- config_name: task\n";
    assert!(card.starts_with(head), "{card}");
    contains(&card, &["- config_name: instruct\n  splits:\n  - name: train\n    num_examples: 3\n"], &[]);
    contains(of["start"].as_str().unwrap(), &["load_dataset(\"hub\", \"rlhf\", split=\"train\")\n"], &[]);
}

#[test]
fn plain_layouts_have_their_bytes() {
    let scratch = built();
    let first = |file: &str| read(&scratch, file).lines().next().unwrap_or_default().to_owned();
    let of = exported(&scratch, &["--to", "fastchat", "--out", "fc"]);
    let wanted = concat!(
        "[\n",
        r#"{"id":"t1","conversations":[{"from":"human","value":"把“河”译成英文"},{"from":"gpt","value":"river"}]}"#,
        ",\n",
        r#"{"id":"c1","conversations":[{"from":"human","value":"你好"},{"from":"gpt","value":"你好！"}]}"#,
        "\n]\n",
    );
    same_text(&read(&scratch, "fc/fastchat.json"), wanted, "fastchat.json");
    assert_eq!(reasons(&of, "instruct"), json!({"export_no_answer": 1, "export_tools": 1}));

    exported(&scratch, &["--to", "chatglm", "--out", "glm"]);
    assert_eq!(first("glm/chatglm.jsonl"), r#"{"prompt":"把“河”译成英文","response":"river","history":[]}"#);

    exported(&scratch, &["--to", "lmflow", "--out", "lm"]);
    let conversation = read(&scratch, "lm/conversation/data.json");
    let wanted = concat!(
        "{\"type\": \"conversation\", \"instances\": [\n",
        r#"{"conversation_id":"c1","messages":[{"role":"user","content":"你好"},{"role":"assistant","content":"你好！"}],"system":"","tools":[]}"#,
        "\n]}\n",
    );
    same_text(&conversation, &format!("{wanted}{}", "\n".repeat(120)), "conversation");
    let paired: Json = serde_json::from_str(&read(&scratch, "lm/paired_conversation/data.json")).unwrap();
    assert_eq!(paired["instances"][0]["rejected"]["messages"][1], json!({"role": "assistant", "content": "三"}));
    let text: Json = serde_json::from_str(&read(&scratch, "lm/text_only/data.json")).unwrap();
    assert_eq!((&text["type"], &text["instances"][1]["text"]), (&json!("text_only"), &json!("second\nline")));

    exported(&scratch, &["--to", "text", "--out", "plain"]);
    same_text(&read(&scratch, "plain/text.txt"), "河水流过\"桥\"。\n\nsecond\nline\n", "text.txt");
    exported(&scratch, &["--to", "csv", "--out", "csv"]);
    let wanted = "id,source,text\r\np1,text,\"河水流过\"\"桥\"\"。\"\r\np2,text,\"second\nline\"\r\n";
    same_text(&read(&scratch, "csv/pretrain.csv"), wanted, "pretrain.csv");
    let wanted = concat!(
        "id,source,prompt,chosen,rejected,completion,label\r\nr1,pairs,",
        r#""[{""role"":""user"",""content"":""一加一？""}]","[{""role"":""assistant"",""content"":""二""}]","#,
        r#""[{""role"":""assistant"",""content"":""三""}]",,"#,
        "\r\n",
    );
    assert!(read(&scratch, "csv/rlhf.csv").starts_with(wanted), "{}", read(&scratch, "csv/rlhf.csv"));
}

#[test]
fn belle_and_chatyuan_have_their_bytes() {
    let scratch = built();
    let of = exported(&scratch, &["--to", "belle", "--out", "belle"]);
    let wanted = concat!(
        r#"{"id":"t1","conversations":[{"from":"human","value":"把“河”译成英文"},{"from":"assistant","value":"river"}]}"#,
        "\n",
        r#"{"id":"c1","conversations":[{"from":"human","value":"你好"},{"from":"assistant","value":"你好！"}]}"#,
        "\n",
    );
    same_text(&read(&scratch, "belle/belle.jsonl"), wanted, "belle.jsonl");
    assert_eq!(reasons(&of, "instruct"), json!({"export_no_answer": 1, "export_tools": 1}));
    contains(of["start"].as_str().unwrap(), &["sft_train.py", "--train_file belle/belle.jsonl"], &[]);

    let scratch = Scratch::new();
    let turn = |role: &str, text: &str| json!({"role": role, "content": text});
    let row = json!({"id": "m", "messages": [turn("system", "简短"), turn("user", "你好"), turn("assistant", "你好！\n请讲。"),
        turn("user", "列表\t一"), turn("assistant", "一\n二")]});
    scratch.write("chat.jsonl", format!("{row}\n"));
    scratch.write("recipe.toml", "name = 'chat'\n[[source]]\nname = 'chat'\npath = 'chat.jsonl'\nuse = 'instruct'\n");
    scratch.build("out", &[]);
    let of = exported(&scratch, &["--to", "chatyuan", "--out", "yuan"]);
    let wanted = concat!(
        r#"{"source":"用户：你好\\n小元：你好！\\n请讲。\\n用户：列表\\t一\\n小元：","target":"一\\n二"}"#,
        "\n"
    );
    same_text(&read(&scratch, "yuan/chatyuan.jsonl"), wanted, "chatyuan.jsonl");
    assert_eq!(of["uses"][0]["loses"], json!({"system": 1}));
    contains(of["start"].as_str().unwrap(), &["def prepare_data():", "\"yuan/chatyuan.jsonl\""], &[]);
}

#[test]
fn webdataset_has_every_row_in_its_archives() {
    let scratch = built();
    let of = exported(&scratch, &["--to", "webdataset", "--out", "tars"]);
    let members = |name: &str| -> Vec<(String, String)> {
        let mut archive = tar::Archive::new(File::open(scratch.path("tars").join(name)).unwrap());
        let text = |entry: std::io::Result<tar::Entry<'_, File>>| {
            let mut entry = entry.unwrap();
            (entry.path().unwrap().to_string_lossy().into_owned(), std::io::read_to_string(&mut entry).unwrap())
        };
        archive.entries().unwrap().map(text).collect()
    };
    let text = members("pretrain-000000.tar");
    let member = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    assert_eq!(
        text[..2],
        [
            member("000000000.json", r#"{"id":"p1","source":"text","use":"pretrain"}"#),
            member("000000000.txt", "河水流过\"桥\"。")
        ]
    );
    assert_eq!(text[3], member("000000001.txt", "second\nline"));
    let chat: Json = serde_json::from_str(&members("instruct-000000.tar")[1].1).unwrap();
    assert_eq!((&chat["id"], &chat["messages"][4]["reasoning"]), (&json!("c2"), &json!("钟上是九点。")));
    assert_eq!(chat["messages"][0], json!({"role": "system", "content": "简短回答"}));
    let written = of["uses"].as_array().unwrap().iter().map(|u| u["written"].as_u64().unwrap());
    assert_eq!(written.collect::<Vec<_>>(), [2, 2, 3, 2]);
    contains(of["start"].as_str().unwrap(), &["# webdataset 1.0.2", "glob.glob(\"tars/rlhf-*.tar\")"], &[]);
}

/// All rows are in one of the two files, flat, with what the phases need.
#[test]
fn deepspeed_chat_has_flat_prompts() {
    let scratch = built();
    let of = exported(&scratch, &["--to", "deepspeed_chat", "--out", "ds"]);
    let rows: Vec<Json> = ["train.json", "eval.json"]
        .iter()
        .filter(|file| scratch.path(&format!("ds/{file}")).is_file())
        .flat_map(|file| serde_json::from_str::<Vec<Json>>(&read(&scratch, &format!("ds/{file}"))).unwrap())
        .collect();
    assert_eq!(rows.len(), 3);
    let pair = json!({"prompt": "Human: 一加一？ Assistant:", "chosen": "二", "rejected": "三"});
    assert!(rows.contains(&pair), "{rows:?}");
    assert!(
        rows.contains(&json!({"prompt": "Human: 你好 Assistant:", "chosen": "你好！", "rejected": null})),
        "{rows:?}"
    );
    contains(of["start"].as_str().unwrap(), &["--data_path local/jsonfile"], &[]);
}
