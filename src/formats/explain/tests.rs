use super::*;
use crate::formats::{self, detect};

fn mapped(json: &str, shape: &str, usage: Use) -> Mapping {
    of(&[json.to_owned()], shape, usage)
}

#[test]
fn an_answer_under_another_name_is_suspect_and_metadata_is_not() {
    let json = r#"{"prompt":"一年有几个月？","std_answer":"十二个月","id":"1","source":"book"}"#;
    let found = mapped(json, "prompt", Use::Instruct);
    let names: Vec<&str> = found.suspects().map(|l| l.name.as_str()).collect();
    assert_eq!(names, ["std_answer"]);
    let (message, cure) = found.refusal("prompt", Use::Instruct).unwrap();
    assert!(message.contains("`std_answer` (text, in every row"), "{message}");
    assert!(cure.contains("fields = { response = \"std_answer\", prompt = \"prompt\" }"), "{cure}");
    assert!(found.line().contains("prompt ← prompt; id ← id; meta ← source, std_answer"), "{}", found.line());
    let plain = mapped(r#"{"prompt":"几点了？","response":"九点。","source":"x"}"#, "prompt", Use::Instruct);
    assert_eq!(plain.refusal("prompt", Use::Instruct), None);
}

#[test]
fn what_the_row_holds_already_is_not_lost() {
    let json = r#"{"prompt":"早上好","messages":[{"role":"user","content":"早上好"},{"role":"assistant","content":"你也好"}]}"#;
    assert_eq!(mapped(json, "messages", Use::Instruct).refusal("messages", Use::Instruct), None);
    let json = r#"{"prompt":"晚安，明天见","messages":[{"role":"user","content":"早上好"},{"role":"assistant","content":"你也好"}]}"#;
    assert!(mapped(json, "messages", Use::Instruct).refusal("messages", Use::Instruct).is_some());
}

#[test]
fn what_goes_to_meta_is_not_said_to_be_read() {
    // The name of the site stands in the text too.
    let json = r#"{"text":"据zhihu报道，今天天气不错。","source":"zhihu","url":"https://a.b/c"}"#;
    let line = mapped(json, "fields", Use::Pretrain).line();
    assert!(line.starts_with("text ← text; url ← url; meta ← source; "), "{line}");
}

#[test]
fn one_reason_for_all_rows_is_told() {
    let found = mapped(r#"{"a":1}"#, "fields", Use::Pretrain);
    assert_eq!((found.rows, found.failed), (0, 1));
    assert!(found.reason.unwrap().contains("the row has: a"));
}

#[test]
fn the_sample_comes_from_detection() {
    let found = detect::of("{\"text\":\"一\",\"label\":1}\n{\"text\":\"二\",\"label\":0}\n".as_bytes(), true);
    assert_eq!(found.sample.len(), 2);
}

/// The mapping of several objects.
fn of(rows: &[String], shape: &str, usage: Use) -> Mapping {
    let plain = formats::Layout::plain("jsonl", usage, 1 << 20);
    let layout = formats::Layout { shape: Some(shape.into()), source: "test".into(), ..plain };
    mapping(rows, formats::shape(shape).unwrap(), &layout)
}

fn names(found: &Mapping) -> Vec<&str> {
    found.suspects().map(|l| l.name.as_str()).collect()
}

#[test]
fn rows_made_of_several_objects_are_looked_into() {
    // Messages of a tree, which are put together first.
    let message = |n: u32, role: &str, more: &str| {
        let parent = if n == 0 { "null".to_owned() } else { format!("\"m{}\"", n - 1) };
        format!(
            r#"{{"message_id":"m{n}","parent_id":{parent},"message_tree_id":"m0","role":"{role}","text":"第{n}句话。"{more}}}"#
        )
    };
    let plain = [message(0, "prompter", ""), message(1, "assistant", r#","lang":"zh""#)];
    let found = of(&plain, "oasst", Use::Instruct);
    assert_eq!((found.rows, found.failed, names(&found)), (1, 0, vec![]), "{found:?}");
    let lost = [message(0, "prompter", ""), message(1, "assistant", r#","better_answer":"更好的一句。""#)];
    assert_eq!(names(&of(&lost, "oasst", Use::Instruct)), ["better_answer"]);
    // An answer that is set against those of other objects.
    let answer = |more: &str| {
        vec![format!(
            r#"{{"qid":1,"title":"水怎么煮？","desc":"","topic":"厨房","star":3,"content":"用锅煮。","answer_id":2,"answerer_tags":""{more}}}"#
        )]
    };
    let found = of(&answer(""), "webtext", Use::Rlhf);
    assert_eq!((found.rows, names(&found)), (1, vec![]), "{found:?}");
    assert!(found.read.contains(&("chosen".into(), "content".into())), "{found:?}");
    assert_eq!(names(&of(&answer(r#","参考答案":"用壶煮。""#), "webtext", Use::Rlhf)), ["参考答案"]);
}

#[test]
fn an_answer_in_one_row_of_ten_is_an_answer_and_an_oddity_is_reported() {
    let rows = |more: &str| -> Vec<String> {
        let row = |n: usize| {
            let more = if n == 7 { more } else { "" };
            format!(r#"{{"prompt":"第{n}问","response":"第{n}答"{more}}}"#)
        };
        (0..10).map(row).collect()
    };
    assert_eq!(names(&of(&rows(r#","std_answer":"另一答""#), "prompt", Use::Instruct)), ["std_answer"]);
    let odd = of(&rows(r#","note":"随手一记""#), "prompt", Use::Instruct);
    assert_eq!((names(&odd), odd.left.len()), (vec![], 1));
}

#[test]
fn shapes_of_one_data_set_leave_only_what_they_say() {
    let row = |more: &str| vec![format!(r#"{{"problem":"二加三？","solution":"数到五。","answer":"5"{more}}}"#)];
    assert_eq!(names(&of(&row(""), "problem", Use::Instruct)), Vec::<&str>::new());
    assert_eq!(names(&of(&row(r#","verdict":false"#), "problem", Use::Instruct)), ["verdict"]);
}

#[test]
fn a_switch_is_no_thought_and_a_class_of_the_talk_no_verdict() {
    let row = |more: &str| vec![format!(r#"{{"prompt":"几点了？","response":"九点。"{more}}}"#)];
    let found = |more: &str| of(&row(more), "prompt", Use::Instruct);
    for fine in [r#","toxic":false"#, r#","answer_from":"human""#, r#","input_quality":"good""#, r#","redacted":true"#]
    {
        assert_eq!(names(&found(fine)), Vec::<&str>::new(), "{fine}");
    }
    for (lost, name) in [
        (r#","is_good":false"#, "is_good"),
        (r#","feedback":"down""#, "feedback"),
        (r#","answers":[{"text":"十点。"}]"#, "answers"),
        (r#","response_zh":"十点。""#, "response_zh"),
    ] {
        assert_eq!(names(&found(lost)), [name], "{lost}");
    }
    let (_, cure) = found(r#","is_good":false"#).refusal("prompt", Use::Instruct).unwrap();
    assert!(cure.contains("use = \"rlhf\"") && cure.contains("completion = \"response\""), "{cure}");
    // How good it is alone makes no pair.
    let (_, cure) = found(r#","reward":-3.5"#).refusal("prompt", Use::Instruct).unwrap();
    assert!(!cure.contains("rlhf") && cure.contains("format = \"prompt\""), "{cure}");
}
