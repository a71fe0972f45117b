//! Which shape real files have, and how many rows come out of them.
use std::path::PathBuf;

use crate::beside::beside;
use crate::formats::containers::support::row_rules;
use crate::formats::json::Json;
use crate::formats::{Layout, Object, Shape};
use crate::rows::{Content, Message, Preference, Row, Unreadable, Use};

mod round_trips;

pub(super) fn layout(usage: Use) -> Layout {
    Layout { source: "test".into(), ..Layout::plain("jsonl", usage, 1 << 20) }
}

pub(super) fn row_with<'a>(shape: &dyn Shape, json: &'a str, layout: &Layout) -> Result<Row<'a>, Unreadable> {
    let mut out = Vec::new();
    shape.map(&Object::parse(json).unwrap(), layout, &mut |row| out.push(row));
    assert_eq!(out.len(), 1);
    out.remove(0)
}

pub(super) fn rows_with<'a>(shape: &dyn Shape, json: &'a str, layout: &Layout) -> Vec<Result<Row<'a>, Unreadable>> {
    let mut out = Vec::new();
    shape.map(&Object::parse(json).unwrap(), layout, &mut |row| out.push(row));
    for row in out.iter_mut().flatten() {
        row_rules::apply(row, layout);
    }
    out
}

pub(super) fn row<'a>(shape: &dyn Shape, json: &'a str, usage: Use) -> Result<Row<'a>, Unreadable> {
    row_with(shape, json, &layout(usage))
}

pub(super) fn instruct<'r>(row: &'r Row<'_>) -> &'r [Message<'r>] {
    match &row.content {
        Content::Instruct { messages, .. } => messages,
        other => panic!("{other:?}"),
    }
}

pub(super) fn preference<'r>(row: &'r Row<'_>) -> &'r Preference<'r> {
    match &row.content {
        Content::Rlhf(preference) => preference,
        other => panic!("{other:?}"),
    }
}

pub(super) fn said(messages: &[Message<'_>]) -> Vec<String> {
    let calls = |m: &Message<'_>| m.tool_calls.as_ref().map_or(String::new(), |c| format!(" {c}"));
    let thought = |m: &Message<'_>| m.reasoning.as_ref().map_or(String::new(), |r| format!("({r})"));
    messages.iter().map(|m| format!("{}: {}{}{}", m.role, thought(m), m.content, calls(m))).collect()
}

/// The objects of a file (an array, lines, or one object), as text.
fn objects(path: &PathBuf) -> Vec<String> {
    let mut text = String::new();
    let file = std::fs::File::open(path).unwrap();
    let mut file: Box<dyn std::io::Read> = match path.extension() {
        Some(gz) if gz == "gz" => Box::new(flate2::read::MultiGzDecoder::new(file)),
        _ => Box::new(file),
    };
    std::io::Read::read_to_string(&mut file, &mut text).unwrap();
    match serde_json::from_str::<Vec<Json<'_>>>(&text) {
        Ok(items) => items.into_iter().map(|item| item.get().to_owned()).collect(),
        Err(_) => text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect(),
    }
}

/// The shape that fits best among those that have the use.
fn best(objects: &[String], usage: Use) -> &'static dyn Shape {
    let sample: Vec<Object<'_>> = objects.iter().take(100).map(|json| Object::parse(json).unwrap()).collect();
    let fit = |shape: &&&dyn Shape| (shape.fits(&sample) * 1000.0) as i64;
    super::ALL.iter().filter(|shape| shape.uses().contains(&usage)).max_by_key(fit).copied().unwrap()
}

/// File, use, shape, rows, rows that cannot be read or are set aside.
const FILES: &[(&str, Use, &str, usize, usize)] = &[
    ("instruct/alpaca_zh_demo.json", Use::Instruct, "alpaca", 1000, 0),
    ("instruct/alpaca_en_demo.json", Use::Instruct, "alpaca", 999, 0),
    ("instruct/identity.json", Use::Instruct, "alpaca", 91, 0),
    ("instruct/chinese-vicuna-instruct_sample.jsonl", Use::Instruct, "alpaca", 10, 0),
    ("instruct/chatglm_adgen_sample.jsonl", Use::Instruct, "prompt", 100, 0),
    ("instruct/cvalues_responsibility_prompts.jsonl", Use::Instruct, "prompt", 664, 0),
    ("instruct/self-instruct_seed_tasks.jsonl", Use::Instruct, "self_instruct", 175, 0),
    ("instruct/belle_zh_seed_tasks.json", Use::Instruct, "self_instruct", 175, 0),
    ("chat/sharegpt-dummy_conversation.json", Use::Instruct, "sharegpt", 500, 0),
    ("chat/sharegpt_zh_500.jsonl", Use::Instruct, "sharegpt", 500, 0),
    ("chat/glaive_toolcall_zh_demo.json", Use::Instruct, "sharegpt", 300, 0),
    ("chat/chinese-vicuna-chat_sample.jsonl", Use::Instruct, "alpaca", 3, 0),
    ("chat/oasst_en_100_tree.jsonl", Use::Instruct, "oasst", 626, 0),
    // Single messages are documents at most.
    ("chat/oasst_realistic_seed_data.json", Use::Pretrain, "fields", 444, 0),
    ("prefs/dpo_zh_demo.json", Use::Rlhf, "preference", 300, 0),
    ("prefs/dpo_en_demo.json", Use::Rlhf, "preference", 300, 0),
    ("prefs/kto_en_demo.json", Use::Rlhf, "kto", 300, 0),
    ("prefs/hh-rlhf-harmless-test-1-800.jsonl.gz", Use::Rlhf, "hh", 798, 2),
    ("pretrain/zhwiki-plain.jsonl", Use::Pretrain, "fields", 50, 0),
    ("pretrain/c4_demo.jsonl", Use::Pretrain, "fields", 300, 0),
    ("pretrain/cc_en_head-0174.jsonl.gz", Use::Pretrain, "web", 10, 0),
    ("pretrain/md-javaguide.jsonl", Use::Pretrain, "fields", 30, 0),
    ("poetry/poet.tang.5000.json", Use::Pretrain, "fields", 1000, 0),
    ("poetry/ci.song.17000.json", Use::Pretrain, "fields", 1000, 0),
    ("poetry/lunyu.json", Use::Pretrain, "fields", 20, 0),
    ("poetry/shijing.json", Use::Pretrain, "fields", 305, 0),
];

#[test]
fn real_files_have_the_right_shape_and_all_their_rows() {
    let Some(data) = beside("data") else { return };
    for (file, usage, shape, rows, bad) in FILES {
        let objects = objects(&data.join(file));
        let best = best(&objects, *usage);
        assert_eq!(best.name(), *shape, "{file}");
        let (mut good, mut errors) = (0, Vec::new());
        let mut batch = crate::rows::Rows::new(*usage);
        for json in &objects {
            for row in rows_with(best, json, &layout(*usage)) {
                match row {
                    Ok(row) if row.aside.is_some() => errors.push(format!("{:?}", row.aside)),
                    Ok(row) => {
                        assert!(row.meta.as_ref().is_none_or(|m| Object::parse(m).is_ok()), "{file}: {:?}", row.meta);
                        let record = crate::rows::Record { offset: 0, line: 0, row: Ok(row) };
                        batch.push(good as u64, &record);
                        good += 1;
                    }
                    Err(error) => errors.push(format!("{error:?}")),
                }
            }
        }
        assert_eq!((good, errors.len()), (*rows, *bad), "{file}: {:?}", errors.first());
        assert_eq!(batch.finish().num_rows(), good);
        println!("{file}: {shape}, {good} rows, {bad} unreadable {:?}", errors.first());
    }
}

#[test]
fn an_answer_inside_of_a_list_is_mapped_by_its_path() {
    let mut layout = layout(Use::Instruct);
    layout.fields.insert("prompt".into(), "instruction".into());
    layout.fields.insert("response".into(), "instances.0.output".into());
    let json =
        r#"{"instruction":"造句","instances":[{"input":"","output":"天晴了。"},{"input":"","output":"下雨了。"}]}"#;
    let row = row_with(&super::fields::SHAPE, json, &layout).unwrap();
    assert_eq!(said(instruct(&row)), ["user: 造句", "assistant: 天晴了。"]);
    let error = row_with(&super::fields::SHAPE, r#"{"instruction":"造句","instances":[]}"#, &layout).unwrap_err();
    assert_eq!(error.reason, "field_missing");
}

#[test]
fn nested_answers_are_read_when_mapped() {
    let Some(data) = beside("data/instruct") else { return };
    let mut layout = layout(Use::Instruct);
    layout.fields.insert("prompt".into(), "instruction".into());
    layout.fields.insert("response".into(), "instances.0.output".into());
    for file in ["self-instruct_seed_tasks.jsonl", "belle_zh_seed_tasks.json"] {
        let objects = objects(&data.join(file));
        let read =
            |json: &String| row_with(&super::fields::SHAPE, json, &layout).is_ok_and(|r| instruct(&r).len() == 2);
        assert_eq!(objects.iter().filter(|json| read(json)).count(), 175, "{file}");
    }
}

#[test]
fn every_shape_survives_every_object() {
    let Some(data) = beside("data") else { return };
    let odd = [
        "null",
        "1",
        "true",
        "\"\"",
        "\"x\"",
        "[]",
        "{}",
        "[[]]",
        "[{}]",
        "[null]",
        "[\"x\"]",
        "[{\"role\":1,\"from\":[]}]",
    ];
    for (file, ..) in FILES {
        for json in objects(&data.join(file)).iter().take(3) {
            let whole: serde_json::Map<String, serde_json::Value> = serde_json::from_str(json).unwrap();
            for (key, odd) in whole.keys().flat_map(|key| odd.iter().map(move |odd| (key, odd))) {
                let mut object = whole.clone();
                object.insert(key.clone(), serde_json::from_str(odd).unwrap());
                let json = serde_json::to_string(&object).unwrap();
                for shape in super::ALL {
                    let _ = shape.fits(&[Object::parse(&json).unwrap()]);
                    for usage in Use::ALL {
                        let rows = rows_with(*shape, &json, &layout(usage));
                        assert!(!rows.is_empty() && (rows.len() == 1 || shape.several()), "{}: {json}", shape.name());
                        let errors = rows.iter().filter(|r| r.is_err()).count();
                        assert!(errors == 0 || rows.len() == 1, "{}: {json}", shape.name());
                        for row in rows {
                            match row {
                                Ok(row) => assert_eq!(row.content.usage(), usage),
                                Err(error) => assert!(!error.reason.is_empty() && !error.detail.is_empty()),
                            }
                        }
                    }
                }
            }
        }
    }
}
