//! Dialogues in the layouts in which people keep them, each read as the dialogue that it is.

use serde_json::{Value as Json, json};

use crate::harness::{Built, Scratch};

/// Builds one file; the turns of each instruct row.
fn build(scratch: &Scratch, name: &str, content: &str) -> (Built, Vec<Vec<String>>) {
    scratch.write(name, content);
    scratch.write("recipe.toml", format!("name='t'\n[[source]]\nname='s'\npath=['{name}']\n"));
    let built = scratch.build("out", &[]);
    let turn = |m: &Json| format!("{}: {}", m["role"].as_str().unwrap(), m["content"].as_str().unwrap());
    let rows = super::turns::messages(&built, "data/instruct");
    let said = rows.iter().map(|row| row.as_array().unwrap().iter().map(turn).collect()).collect();
    (built, said)
}

fn lines(rows: &[Json]) -> String {
    rows.iter().map(|row| format!("{row}\n")).collect()
}

#[test]
fn a_file_of_turns_is_one_dialogue() {
    let turns = json!([{"role": "来访者", "content": "最近很累。"}, {"role": "咨询师", "content": "从什么时候起？"},
        {"role": "来访者", "content": "上个月。"}]);
    let (_, said) = build(&Scratch::new(), "a.json", &turns.to_string());
    assert_eq!(said, [["user: 最近很累。", "assistant: 从什么时候起？", "user: 上个月。"]]);
    let pretty =
        json!({"id": "a1", "items": [{"from": "human", "value": "Rain?"}, {"from": "gpt", "value": "Not yet."}]});
    let scratch = Scratch::new();
    let (built, said) = build(&scratch, "b.json", &serde_json::to_string_pretty(&pretty).unwrap());
    assert_eq!(
        (said, built.column("data/instruct", "id")),
        (vec![vec!["user: Rain?".into(), "assistant: Not yet.".to_owned()]], vec!["a1".into()])
    );
}

#[test]
fn the_whole_dialogue_wins_over_its_first_turns() {
    let row = json!({"instruction": "甲？", "response": "甲。", "conversations": [{"from": "human", "value": "甲？"},
        {"from": "gpt", "value": "甲。"}, {"from": "human", "value": "乙？"}, {"from": "gpt", "value": "乙。"}]});
    let (_, said) = build(&Scratch::new(), "a.jsonl", &lines(&[row.clone(), row]));
    assert_eq!(said.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4]);
}

#[test]
fn turns_of_either_kind_stand_in_either_list() {
    let row = json!({"conversations": [{"role": "user", "content": "谁？"}, {"role": "assistant", "content": "我。"}]});
    let (_, said) = build(&Scratch::new(), "a.jsonl", &lines(&[row]));
    assert_eq!(said, [["user: 谁？", "assistant: 我。"]]);
}

#[test]
fn a_system_prompt_is_said_once() {
    let turns = |system: &str| json!([{"from": "system", "value": system}, {"from": "human", "value": "去哪？"}, {"from": "gpt", "value": "上山。"}]);
    let row = |system: &str| json!({"system": "你带路。", "conversations": turns(system)});
    let (_, said) = build(&Scratch::new(), "a.jsonl", &lines(&[row("你带路。"), row("说短些。")]));
    assert_eq!(said[0], ["system: 你带路。", "user: 去哪？", "assistant: 上山。"]);
    assert_eq!(said[1][..2], ["system: 你带路。", "system: 说短些。"]);
}

#[test]
fn a_label_that_does_not_judge_is_metadata() {
    let said = json!([{"role": "user", "content": "几加几？"}, {"role": "assistant", "content": "二加二。"}]);
    let row = |label: Json| json!({"messages": said, "label": label});
    let scratch = Scratch::new();
    let (built, all) = build(&scratch, "a.jsonl", &lines(&[row(json!(1)), row(json!(4)), row(json!(0))]));
    assert_eq!((all.len(), &built.column("data/instruct", "meta")[1]), (3, &"{\"label\":4}".to_owned()));
    assert_eq!(build(&Scratch::new(), "b.jsonl", &lines(&[row(json!("algebra"))])).1.len(), 1);
}

#[test]
fn markers_of_a_flattened_dialogue_leave_nothing_behind() {
    let row = |asked: &str| json!({"instruction": asked, "input": "", "output": "后山。"});
    let rows = [
        "Human: 在家吗\nAssistant: 在。\nHuman: 去哪\nAssistant:",
        "Human:在家吗\r\n\r\nAssistant:在。 \r\n\r\nHuman:去哪",
        "Human:在家吗\n\nAssistant:在。\n\nHuman:去哪\n\nAssistant: ",
    ];
    let (_, said) = build(&Scratch::new(), "a.jsonl", &lines(&rows.map(row)));
    for turns in said {
        assert_eq!(turns, ["user: 在家吗", "assistant: 在。", "user: 去哪", "assistant: 后山。"]);
    }
}

#[test]
fn lists_of_turns_may_be_json_text() {
    let said = json!([{"role": "user", "content": "谁？"}, {"role": "assistant", "content": "我。"}]).to_string();
    let from = json!([{"from": "human", "value": "谁？"}, {"from": "gpt", "value": "我。"}]).to_string();
    for (name, rows) in [("a.jsonl", json!({"messages": said})), ("b.jsonl", json!({"conversations": from}))] {
        assert_eq!(build(&Scratch::new(), name, &lines(&[rows])).1, [["user: 谁？", "assistant: 我。"]]);
    }
}

#[test]
fn thoughts_beside_an_answer_are_its_reasoning() {
    for row in [
        json!({"Question": "水几度结冰？", "Complex_CoT": "想一想。", "Response": "零度。"}),
        json!({"problem": "水几度结冰？", "reasoning": "想一想。", "solution": "零度。"}),
        json!({"instruction": "水几度结冰？", "input": "", "output": "零度。", "think": "想一想。"}),
    ] {
        let scratch = Scratch::new();
        let (built, said) = build(&scratch, "a.jsonl", &lines(&[row.clone(), row]));
        assert_eq!(said[0], ["user: 水几度结冰？", "assistant: 零度。"]);
        let rows = super::turns::messages(&built, "data/instruct");
        assert_eq!(rows[0][1]["reasoning"], "想一想。");
    }
}

#[test]
fn speakers_that_nobody_knows_are_named() {
    let scratch = Scratch::new();
    let turns = json!([{"speaker": "甲方", "text": "几点？"}, {"speaker": "乙方", "text": "九点。"}, {"speaker": "甲方", "text": "好。"}]);
    scratch.write("a.json", turns.to_string());
    scratch.write("recipe.toml", "name='t'\n[[source]]\nname='s'\npath=['a.json']\n");
    let run = scratch.try_build("out", &[]);
    assert!(run.code() != 0 && run.stderr().contains("甲方"), "{}", run.stderr());
}

#[test]
fn an_answer_that_was_said_already_is_no_truth() {
    let said = json!([{"from": "human", "value": "甲？"}, {"from": "gpt", "value": "甲。"},
        {"from": "human", "value": "乙？"}, {"from": "gpt", "value": "乙。"}]);
    let scratch = Scratch::new();
    let rows = [json!({"answer": "甲。", "conversations": said}), json!({"answer": "丙", "conversations": said})];
    let (built, _) = build(&scratch, "a.jsonl", &lines(&rows));
    assert_eq!(built.column("data/instruct", "answer"), ["", "丙"]);
}
