//! `near_dedup` of prompts, with as many similar ones as may stay; and with Traditional and Simplified Chinese alike.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::harness::{Built, Scratch, same_output};

fn build(usage: &str, rows: &[Json], options: &str) -> (Scratch, Built) {
    let scratch = Scratch::new();
    scratch.write("rows.jsonl", rows.iter().map(|r| format!("{r}\n")).collect::<String>());
    scratch.write("recipe.toml", recipe(usage, options));
    let built = scratch.build("out", &[]);
    built.check_accounts();
    (scratch, built)
}

fn recipe(usage: &str, options: &str) -> String {
    format!(
        "name='p'\n[[source]]\nname='s'\npath=['rows.jsonl']\nuse='{usage}'\n[[stage]]\nrun='near_dedup'\n{options}\n"
    )
}

/// Ids of rows that stay, and of those that go with the row kept.
fn fates(usage: &str, rows: &[Json], options: &str) -> (Vec<String>, BTreeMap<String, String>) {
    let (_scratch, built) = build(usage, rows, options);
    let dropped = |name| built.column(&format!("dropped/{usage}"), name);
    (built.column(&format!("data/{usage}"), "id"), dropped("id").into_iter().zip(dropped("kept_id")).collect())
}

fn chat(id: &str, turns: &[(&str, &str)]) -> Json {
    let turns: Vec<_> = turns.iter().map(|(role, content)| json!({"role": role, "content": content})).collect();
    json!({"id": id, "messages": turns})
}

const QUESTION: &str = "请用通俗的语言解释一下，为什么天空在白天是蓝色的，而到了傍晚又会变成红色？";

fn asked(id: &str, question: &str, answer: &str) -> Json {
    chat(id, &[("user", question), ("assistant", answer)])
}

#[test]
fn similar_prompts_keep_as_many_answers_as_may_stay() {
    let near = format!("{QUESTION}谢谢");
    let rows = [
        asked("a", QUESTION, "散射"),
        asked("b", &near, "因为瑞利散射，蓝光比红光散射得多，傍晚阳光穿过的大气更厚。"),
        asked("c", QUESTION, "第三种回答"),
        asked("copy of a", QUESTION, "散射"),
        asked("d", &near, "第四种回答"),
        asked("copy of b", &near, "因为瑞利散射，蓝光比红光散射得多，傍晚阳光穿过的大气更厚。"),
        // The same words, but one turn earlier: another prompt.
        chat(
            "long",
            &[("user", QUESTION), ("assistant", "散射"), ("user", "那么海水为什么也是蓝的？"), ("assistant", "x")],
        ),
        asked("other", "今天中午吃什么好呢？有没有清淡一点的建议", "散射"),
    ];
    let (kept, dropped) = fates("instruct", &rows, "of='prompt'");
    assert_eq!(kept, ["a", "long", "other"]);
    assert!(dropped.len() == 5 && dropped.values().all(|kept| kept == "a"), "{dropped:?}");

    let (kept, dropped) = fates("instruct", &rows, "of='prompt'\nmost=2");
    assert_eq!(kept, ["a", "b", "long", "other"]);
    // Of two kept rows the most similar one is named.
    let named = |id: &str| dropped[id].as_str();
    assert_eq!(["c", "copy of a", "d", "copy of b"].map(named), ["a", "a", "b", "b"]);

    let (kept, dropped) = fates("instruct", &rows, "of='prompt'\nmost=9");
    assert_eq!(kept, ["a", "b", "c", "d", "long", "other"]);
    assert_eq!(dropped.into_keys().collect::<Vec<_>>(), ["copy of a", "copy of b"]);

    // All texts: only the answers tell these rows apart.
    let (kept, _) = fates("instruct", &rows, "most=9\nthreshold=0.5");
    assert_eq!(kept, ["a", "b", "c", "d", "long", "other"]);

    let (_scratch, built) = build("instruct", &rows, "of='prompt'\nmost=2\nverify='sketch'\ncluster_size=true");
    assert_eq!(built.column("data/instruct", "cluster_size"), ["3", "3", "1", "1"]);
    assert_eq!(built.reasons()["similar_prompt"], 4);
    let (_scratch, built) = build("instruct", &rows, "of='prompt'\nmost=2\nkeep='longest'");
    assert_eq!(built.column("data/instruct", "id"), ["b", "d", "long", "other"]);
}

#[test]
fn short_prompts_have_as_many_answers_too() {
    let rows = [
        asked("a", "你好", "你好"),
        asked("b", "你好", "您好"),
        asked("c", "你好", "在的"),
        asked("copy of a", "你好", "你好"),
        asked("d", "再见", "你好"),
        chat("e", &[("user", "你好")]),
    ];
    // Folded; "e" asks the same, and has another content.
    assert_eq!(fates("instruct", &rows, "of='prompt'").0, ["a", "d"]);
    assert_eq!(fates("instruct", &rows, "of='prompt'\nmost=2").0, ["a", "b", "d"]);
    assert_eq!(fates("instruct", &rows, "of='prompt'\nmost=4").0, ["a", "b", "c", "d", "e"]);
}

#[test]
fn prompts_of_preferences_and_tasks_but_not_of_documents() {
    let pair =
        |id: &str, prompt: &str, chosen: &str| json!({"id": id, "prompt": prompt, "chosen": chosen, "rejected": "差"});
    let near = QUESTION.replace("通俗", "简单");
    let rows =
        [pair("a", QUESTION, "好"), pair("b", &near, "完全不同的另一个回答"), pair("c", "另外一个问题是什么", "好")];
    assert_eq!(fates("rlhf", &rows, "of='prompt'").0, ["a", "c"]);
    let task = |id: &str, input: &str, output: &str| json!({"id": id, "input": input, "output": output});
    let rows = [task("a", QUESTION, "好"), task("b", &near, "更好"), task("c", "另外一个问题是什么", "好")];
    assert_eq!(fates("task", &rows, "of='prompt'").0, ["a", "c"]);
    let rows = ["a", "b"].map(|id| json!({"id": id, "text": QUESTION}));
    assert_eq!(fates("pretrain", &rows, "of='prompt'").0, ["a", "b"]);
    assert_eq!(fates("pretrain", &rows, "").0, ["a"]);
}

/// Questions in a few hundred families, each asked in many ways and answered in a few; `most` of a family stay, in
/// whatever order threads and memory come.
#[test]
fn most_holds_for_large_families_and_bytes_depend_on_rows_alone() {
    let family =
        |n: usize| (0..60).map(move |i| char::from_u32(0x4e00 + ((n * 7919 + i * i * 31) % 3000) as u32).unwrap());
    let rows: Vec<Json> = (0..6_000)
        .map(|i| {
            let mut question: String = family(i % 200).collect();
            if i % 3 == 0 {
                question.push_str(["好", "吗", "呢"][i % 9 / 3]);
            }
            asked(&format!("r{i}"), &question, &format!("回答{}", i / 200 % 25))
        })
        .collect();
    let options = "of='prompt'\nmost=7\ncluster_size=true";
    let (scratch, built) = build("instruct", &rows, options);
    let kept = built.column("data/instruct", "id");
    let mut families: BTreeMap<usize, usize> = BTreeMap::new();
    for id in &kept {
        *families.entry(id[1..].parse::<usize>().unwrap() % 200).or_default() += 1;
    }
    assert!(families.len() == 200 && families.values().all(|rows| *rows == 7), "{families:?}");
    let sizes: u64 = built.column("data/instruct", "cluster_size").iter().map(|s| s.parse::<u64>().unwrap()).sum();
    assert_eq!(sizes, 6_000);
    for (out, more) in [
        ("one", ["--threads", "1", "--unit", "1MiB"]),
        ("four", ["--threads", "4", "--unit", "256KiB"]),
        ("small", ["--memory", "16MiB", "--unit", "256KiB"]),
    ] {
        same_output(&built, &scratch.build(out, &more), &format!("{more:?} changed the bytes"));
    }
    // Another number that stays reads nothing again.
    let log = || std::fs::read_to_string(scratch.path("out/.work/units.log")).unwrap();
    let before = log().len();
    scratch.write("recipe.toml", recipe("instruct", "of='prompt'\nmost=2"));
    assert_eq!(scratch.build("out", &[]).total("kept"), 400);
    assert!(!log()[before..].contains("scan ") && log()[before..].contains("near "), "{}", &log()[before..]);
}

#[test]
fn scripts_are_alike_where_asked_for() {
    let rows = [
        ("simplified", "他说，皇后在后面的房间里找到了干燥的头发和面条，并且发现这台计算机坏了"),
        ("traditional", "他說，皇后在後面的房間裡找到了乾燥的頭髮和麵條，並且發現這臺計算機壞了"),
    ];
    let rows = rows.map(|(id, text)| json!({"id": id, "text": text}));
    assert_eq!(fates("pretrain", &rows, "").0, ["simplified", "traditional"]);
    let fold = "fold=['width','case','punctuation','script']";
    assert_eq!(fates("pretrain", &rows, fold).0, ["simplified"]);
}

/// One row a prompt, where not the first but the longest, or the one of the better source, stays.
#[test]
fn of_similar_prompts_the_longest_or_the_better_source_stays() {
    let near = format!("{QUESTION}谢谢");
    let rows = [asked("short", QUESTION, "散射"), asked("long", &near, "因为瑞利散射，蓝光比红光散射得多。")];
    let (kept, dropped) = fates("instruct", &rows, "of='prompt'\nkeep='longest'");
    assert_eq!((kept, dropped["short"].as_str()), (vec!["long".to_owned()], "long"));

    let scratch = Scratch::new();
    let source = |name: &str, row: &Json, priority: u8| {
        scratch.write(&format!("{name}.jsonl"), format!("{row}\n"));
        format!("[[source]]\nname='{name}'\npath=['{name}.jsonl']\nuse='instruct'\npriority={priority}\n")
    };
    let sources = source("plain", &rows[1], 1) + &source("better", &rows[0], 2);
    scratch.write("recipe.toml", format!("name='p'\n{sources}[[stage]]\nrun='near_dedup'\nof='prompt'\n"));
    let built = scratch.build("out", &[]);
    assert_eq!(built.column("data/instruct", "id"), ["short"]);
    assert_eq!(built.column("dropped/instruct", "kept_id"), ["short"]);
}
