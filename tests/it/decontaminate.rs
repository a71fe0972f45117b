//! `decontaminate`: what evaluation sets hold goes, with the item and the place; by row or by sentence.

use crate::harness::{Scratch, contains, document, same_output};

const QUESTION: &str = "某工厂在开展节能活动时发现，每吨原料的处理费用与当日气温之间存在线性关系";
const ENGLISH: &str =
    "A merchant bought seventeen barrels of oil and sold them to eleven neighbours, keeping two for himself";

fn recipe(more: &str) -> String {
    format!(
        "name='d'\n[[source]]\nname='s'\npath=['docs.jsonl']\nuse='pretrain'\n[[stage]]\nrun='decontaminate'\n{more}\n"
    )
}

fn docs(texts: &[&str]) -> String {
    let line = |(i, text): (usize, &&str)| format!("{}\n", serde_json::json!({"id": format!("d{i}"), "text": text}));
    texts.iter().enumerate().map(line).collect()
}

/// A folder with two evaluation sets, in three layouts.
fn scratch(texts: &[&str]) -> Scratch {
    let scratch = Scratch::new();
    scratch.write("docs.jsonl", docs(texts));
    let zh = serde_json::json!({"keywords": "k", "example": [
        {"index": 0, "question": document(77)},
        {"index": 1, "question": QUESTION, "answer": ["A"]},
        {"index": 2, "question": "太短"},
    ]});
    scratch.write("eval/zh.json", serde_json::to_string_pretty(&zh).unwrap());
    scratch.write("eval/en.csv", format!("id,question,A\n0,\"{ENGLISH}.\",x\n1,short,y\n"));
    scratch
}

fn bytes(text: &str, part: &str) -> (usize, usize) {
    let at = text.find(part).unwrap();
    (at, at + part.len())
}

#[test]
fn rows_go_with_the_hit_shown() {
    // Other punctuation, layout, width and case are the same text.
    let zh = format!("前言。\n{}。后记。", QUESTION.replace('，', " , "));
    let en = format!("Some say:\n{}!", ENGLISH.to_uppercase().replace(", ", "\n"));
    let part = format!("见{}。", QUESTION.chars().take(22).collect::<String>());
    let scratch = scratch(&[&zh, "无关的一段话，什么也没有。", &en, &part]);
    scratch.write("recipe.toml", recipe("against=['eval/*']"));
    let run = scratch.try_build("out", &[]);
    assert_eq!(run.code(), 0, "{}", run.stderr());
    assert!(
        run.stderr().contains("5 items of 2 files") && run.stderr().contains("2 items too short"),
        "{}",
        run.stderr()
    );
    let built = scratch.built("out");
    built.check_accounts();
    let dropped = |name| built.column("dropped/pretrain", name);
    assert_eq!(dropped("id"), ["d0", "d2", "d3"]);
    assert!(dropped("reason").iter().all(|r| r == "contaminated"));
    let values = dropped("value");
    assert!(values[0].starts_with("1 of eval/zh.json:2: 某工厂在开展节能活动时发现 , 每吨"), "{values:?}");
    assert!(values[1].starts_with("1 of eval/en.csv:1: MERCHANT BOUGHT SEVENTEEN BARRELS"), "{values:?}");
    assert!(values[2].starts_with("0.125 of eval/zh.json:2: "), "{values:?}");
    assert!(dropped("limit").iter().all(|l| l == "13 words or 20 characters"));
    let spans = |text: &str, part: &str| {
        let (start, end) = bytes(text, part);
        format!("[{{start: {start}, end: {end}}}]")
    };
    let hit = part.trim_start_matches('见').trim_end_matches('。');
    assert_eq!(dropped("spans")[2], spans(&part, hit));
    assert_eq!(dropped("spans")[0], spans(&zh, &QUESTION.replace('，', " , ")));
}

#[test]
fn a_share_can_be_asked_for_without_reading_again() {
    let part = format!("见{}。", QUESTION.chars().take(22).collect::<String>());
    let scratch = scratch(&[QUESTION, &part]);
    scratch.write("recipe.toml", recipe("against=['eval/zh.json']"));
    assert_eq!(scratch.build("out", &[]).total("dropped"), 2);
    scratch.write("recipe.toml", recipe("against=['eval/zh.json']\noverlap=0.5"));
    let built = scratch.build("out", &[]);
    assert_eq!(built.column("dropped/pretrain", "id"), ["d0"]);
    assert_eq!(built.column("dropped/pretrain", "limit"), ["13 words or 20 characters, overlap 0.5"]);
    let log = std::fs::read_to_string(scratch.path("out/.work/units.log")).unwrap();
    assert_eq!(log.lines().filter(|l| l.starts_with("done scan")).count(), 1, "{log}");
}

#[test]
fn sentences_are_cut_and_stages_behind_see_the_rest() {
    let zh = format!("前言在此。题目：{QUESTION}？答案是线性。后记。");
    let scratch = scratch(&[&zh, "无关。", QUESTION]);
    let more = "against=['eval/zh.json']\naction='cut'\n[[stage]]\nrun='keep'\nchars={min=1}\n";
    scratch.write("recipe.toml", recipe(more));
    let built = scratch.build("out", &[]);
    built.check_accounts();
    assert_eq!(built.column("data/pretrain", "text"), ["前言在此。答案是线性。后记。", "无关。"]);
    assert_eq!(built.column("data/pretrain", "chars"), ["14", "3"], "measured after the cut");
    assert_eq!(built.column("dropped/pretrain", "reason"), ["contaminated"]);
    let cuts = &built.manifest["cuts"][0];
    let cut = zh.len() - "前言在此。答案是线性。后记。".len();
    assert_eq!((cuts["rows"].as_u64(), cuts["bytes"].as_u64()), (Some(1), Some(cut as u64)), "{cuts}");
    assert_eq!(built.manifest["kept_chars"], 17);
}

#[test]
fn dialogues_are_cut_turn_by_turn() {
    let scratch = scratch(&[]);
    let messages = serde_json::json!([
        {"role": "user", "content": format!("请回答：{QUESTION}？谢谢。")},
        {"role": "assistant", "content": "好的。是正相关。"},
    ]);
    scratch.write("docs.jsonl", format!("{}\n", serde_json::json!({"messages": messages})));
    let recipe = recipe("against=['eval/zh.json']\naction='cut'").replace("pretrain", "instruct");
    scratch.write("recipe.toml", recipe);
    let text = scratch.build("out", &[]).column("data/instruct", "messages").concat();
    contains(&text, &["content: 谢谢。}", "好的。是正相关。"], &["工厂"]);
}

#[test]
fn cards_come_from_the_store() {
    let scratch = scratch(&[QUESTION]);
    scratch.write("recipe.toml", recipe("against=['ceval']"));
    let run = scratch.try_build("out", &["--offline"]);
    assert_ne!(run.code(), 0);
    assert!(run.stderr().contains("corpus fetch ceval"), "{}", run.stderr());
    let row = serde_json::json!({"id": 0, "question": QUESTION, "A": "甲", "answer": "A"});
    scratch.store("ceval", "hf:ceval/ceval-exam", "abc", &[("all", "law/val.jsonl", format!("{row}\n"))]);
    let built = scratch.build("out", &["--offline"]);
    assert!(built.column("dropped/pretrain", "value")[0].starts_with("1 of ceval/law/val.jsonl:1: "));
    let lock = std::fs::read_to_string(scratch.path("corpus.lock")).unwrap();
    assert!(lock.contains("source = \"decontaminate: ceval\"\nrevision = \"abc\""), "{lock}");

    // A newer revision is not taken unasked.
    let other = "{\"id\": 0, \"question\": \"另一个足够长的问题，与上面的毫无关系，只是为了不同。\"}\n".to_owned();
    scratch.store("ceval", "hf:ceval/ceval-exam", "newer", &[("all", "law/val.jsonl", other)]);
    same_output(&scratch.build("out2", &["--locked", "--offline"]), &built, "a newer revision was taken unasked");
    let updated = scratch.build("out3", &["--update", "--offline"]);
    assert_eq!((updated.total("kept"), updated.total("dropped")), (1, 0));
}

#[test]
fn wrong_sets_say_where() {
    let scratch = scratch(&[QUESTION]);
    let said = |options: &str| {
        scratch.write("recipe.toml", recipe(options));
        let run = scratch.try_build("out", &["--offline"]);
        assert_eq!(run.code(), 1, "{}", run.stderr());
        run.stderr()
    };
    assert!(said("against=['none/*.jsonl']").contains("nothing matches"));
    assert!(said("").contains("against"));
    scratch.write("bad.jsonl", "{\"question\":\"q\"}\n{\"question\":\n");
    assert!(said("against=['bad.jsonl']").contains("bad.jsonl:2: json"), "{}", said("against=['bad.jsonl']"));
    assert!(said("against=['eval/zh.json']\nfields=['stem']").contains("`stem`"));
    assert!(said("against=['eval/zh.json']\noverlap=3").contains("overlap"));
}

#[test]
fn bytes_depend_on_rows_and_sets_alone() {
    let texts: Vec<String> = (0..400).map(document).collect();
    let scratch = scratch(&texts.iter().map(String::as_str).collect::<Vec<_>>());
    let eval: Vec<String> = (0..40).map(|i| document(i * 10)).collect();
    scratch.write("eval/own.jsonl", docs(&eval.iter().map(String::as_str).collect::<Vec<_>>()));
    for action in ["drop", "cut"] {
        scratch.write(
            "recipe.toml",
            recipe(&format!("against=['eval/*']\nfields=['question','text']\naction='{action}'")),
        );
        let one = scratch.build(&format!("{action}-one"), &["--threads", "1"]);
        let two = scratch.build(&format!("{action}-two"), &["--threads", "3", "--unit", "4KiB"]);
        same_output(&one, &two, action);
        assert!(one.reasons()["contaminated"] >= 20, "{:?}", one.reasons());
    }
}
