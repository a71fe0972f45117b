//! The stage `dialogue` and the profiles on it: rows that go, the message that is to blame, and what is said of it.

use serde_json::{Value as Json, json};

use crate::harness::Scratch;

const ANSWER: &str = "都江堰在四川，是两千多年前修的水利工程，今天还在给田地送水。";

fn turns(said: &[(&str, &str)]) -> Json {
    json!(said.iter().map(|(role, content)| json!({"role": role, "content": content})).collect::<Vec<_>>())
}

/// Rows of instruction tuning: the id, and the reason and message for which it goes.
fn talks() -> Vec<(&'static str, &'static str, &'static str, Json)> {
    let asked = ("user", "请介绍一下都江堰。");
    let talk = |more: &[(&str, &str)]| {
        let mut all = vec![asked, ("assistant", ANSWER)];
        all.extend(more);
        json!({"messages": turns(&all)})
    };
    let weather = json!([{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]);
    let call = |name: &str| {
        json!({"messages": [{"role": "user", "content": "成都今天下雨吗？我想去看看都江堰。"},
            {"role": "assistant", "content": "", "tool_calls": [{"id": "c1", "type": "function",
                "function": {"name": name, "arguments": "{\"city\": \"成都\"}"}}]},
            {"role": "tool", "content": "{\"rain\": true}", "tool_call_id": "c1"},
            {"role": "assistant", "content": "今天下雨，路上滑，最好换一天再去。"}], "tools": weather})
    };
    vec![
        ("good", "", "", talk(&[])),
        ("good-tool", "", "", call("weather")),
        (
            "refuses",
            "refusal_max",
            "message 4",
            talk(&[("user", "谁修的？"), ("assistant", "抱歉，我无法回答这个问题。")]),
        ),
        (
            "model",
            "ai_line_max",
            "message 2",
            json!({"messages": turns(&[asked, ("assistant", "作为一个AI语言模型，我没有去过那里，不过听说很壮观。")])}),
        ),
        (
            "english",
            "answer_language_max",
            "message 2",
            json!({"messages": turns(&[asked, ("assistant", "It is an old irrigation system in the west of the country.")])}),
        ),
        (
            "token",
            "special_token_max",
            "message 2",
            json!({"messages": turns(&[asked, ("assistant", "是一座古老的水利工程。<|im_end|>")])}),
        ),
        (
            "twice",
            "wrong_order_max",
            "message 2",
            json!({"messages": turns(&[asked, ("user", "快说。"), ("assistant", ANSWER)])}),
        ),
        ("open", "no_answer_max", "message 3", talk(&[("user", "谁修的？")])),
        ("tool", "undeclared_tool_max", "message 2", call("forecast")),
    ]
}

fn scratch() -> Scratch {
    let scratch = Scratch::new();
    let line = |id: &str, mut row: Json| {
        row["id"] = json!(id);
        format!("{row}\n")
    };
    scratch.write("talks.jsonl", talks().into_iter().map(|(id, _, _, row)| line(id, row)).collect::<String>());
    let pair = |better: &str, worse: &str| {
        json!({"prompt": turns(&[("user", "请介绍一下都江堰。")]), "chosen": turns(&[("assistant", better)]),
            "rejected": turns(&[("assistant", worse)])})
    };
    let pairs = [
        ("pair", pair(ANSWER, "抱歉，我无法回答这个问题。")),
        ("same", pair(ANSWER, &ANSWER.replace('。', "！"))),
        ("cut", pair("都江堰在四川，由鱼嘴、飞沙堰、", ANSWER)),
    ];
    scratch.write("pairs.jsonl", pairs.into_iter().map(|(id, row)| line(id, row)).collect::<String>());
    scratch.write(
        "recipe.toml",
        "name = 't'\n[[source]]\nname = 'talks'\nuse = 'instruct'\npath = ['talks.jsonl']\n\
         [[source]]\nname = 'pairs'\nuse = 'preference'\npath = ['pairs.jsonl']\n\
         [[stage]]\nrun = 'profile'\nname = 'sft'\nprofile = 'zh-sft'\nonly = { source = ['talks'] }\n\
         [[stage]]\nrun = 'profile'\nname = 'pref'\nprofile = 'preference'\nonly = { source = ['pairs'] }\n\
         [output]\nsignals = ['refusal', 'pair_likeness']\n",
    );
    scratch
}

#[test]
fn rows_go_with_the_message_that_is_to_blame() {
    let scratch = scratch();
    let built = scratch.build("out", &[]);
    built.check_accounts();
    let why = |id: &str| -> Json {
        serde_json::from_str(&scratch.corpus(&["why", "out", id, "--format", "json"]).stdout()).unwrap()
    };
    for (id, reason, value, _) in talks() {
        let answer = why(id);
        match reason {
            "" => assert_eq!(answer["outcome"], "kept", "{id}: {answer}"),
            reason => assert_eq!(
                (&answer["dropped"]["reason"], &answer["dropped"]["value"], &answer["dropped"]["stage"]),
                (&json!(reason), &json!(value), &json!("sft")),
                "{id}"
            ),
        }
    }
    let dropped = |id: &str| why(id)["dropped"]["reason"].clone();
    assert_eq!(
        [dropped("pair"), dropped("same"), dropped("cut")],
        [Json::Null, json!("pair_likeness_max"), json!("truncated_max")]
    );
    // A row is explained to a person too, and its reason.
    let text = scratch.corpus(&["why", "out", "refuses"]).stdout();
    assert!(text.contains("DROPPED: refusal_max, has message 4, limit 0"), "{text}");
    scratch.corpus(&["explain", "refusal_max"]).says(0, &[]);
    let said = scratch.corpus(&["explain", "refusal_max"]).stdout();
    assert!(said.contains("names the first one") && said.contains("refuses"), "{said}");
    // Signals are written where they are asked for, and the same bytes come out again.
    assert_eq!(built.column("data/rlhf", "refusal"), ["0"]);
    assert_eq!(scratch.build("again", &["--threads", "1"]).bytes(), built.bytes());
}

#[test]
fn phrases_of_a_recipe_drop_rows() {
    let scratch = Scratch::new();
    let row = json!({"id": "a", "messages": turns(&[("user", "能退货吗？"), ("assistant", "本店概不退换，请谅解。")])});
    scratch.write("a.jsonl", format!("{row}\n"));
    let recipe = |add: &str| {
        format!(
            "name = 't'\n[[source]]\nname = 's'\npath = ['a.jsonl']\n[[stage]]\nrun = 'dialogue'\n{add}\n\
             [[stage]]\nrun = 'keep'\nrefusal = {{ max = 0 }}\n"
        )
    };
    scratch.write("recipe.toml", recipe(""));
    assert_eq!(scratch.build("out", &[]).total("kept"), 1);
    scratch.write("recipe.toml", recipe("add = [{ kind = 'refusal', pattern = '概不*换' }]"));
    assert_eq!(scratch.build("out", &[]).reasons()["refusal_max"], 1);
    scratch.write("recipe.toml", recipe("add = [{ kind = 'rude', pattern = '概不' }]"));
    scratch.try_build("bad", &[]).says(1, &["`rude` is no kind of phrase; there are refusal"]);
}

#[test]
fn rows_that_contradict_each_other_go() {
    let scratch = Scratch::new();
    let prompt = turns(&[("user", "几点了？")]);
    let said = |text: &str| turns(&[("assistant", text)]);
    let one = |id: &str, text: &str, label: bool| {
        format!("{}\n", json!({"id": id, "prompt": prompt, "completion": said(text), "label": label}))
    };
    let pair = |id: &str, better: &str, worse: &str| {
        format!("{}\n", json!({"id": id, "prompt": prompt, "chosen": said(better), "rejected": said(worse)}))
    };
    scratch.write(
        "a.jsonl",
        [
            one("good", "九点。", true),
            one("yes", "不知道。", true),
            one("no", "不知道。", false),
            one("twice", "九点。", true),
        ]
        .concat(),
    );
    scratch.write(
        "b.jsonl",
        [
            pair("ab", "九点。", "十点。"),
            pair("ba", "十点。", "九点。"),
            pair("bc", "十点。", "滚。"),
            pair("aa", "九点。", "九点。"),
        ]
        .concat(),
    );
    scratch.write(
        "recipe.toml",
        "name = 't'\n[[source]]\nname = 'a'\nuse = 'rlhf'\npath = ['a.jsonl']\n[[source]]\nname = 'b'\nuse = 'rlhf'\npath = ['b.jsonl']\n\
         [[stage]]\nrun = 'label_conflict'\n",
    );
    let built = scratch.build("out", &[]);
    built.check_accounts();
    assert_eq!(built.column("data/rlhf", "id"), ["good", "twice", "bc"]);
    assert_eq!(built.reasons()["label_conflict"], 5);
    let why = scratch.corpus(&["why", "out", "no"]).stdout();
    assert!(why.contains("DROPPED: label_conflict"), "{why}");
    let again = scratch.build("again", &["--threads", "1", "--memory", "1GiB"]);
    assert_eq!(again.bytes(), built.bytes());
}
