use super::*;
use crate::formats::{self, detect};

fn mapped(json: &str, shape: &str, usage: Use) -> Mapping {
    let layout = Layout {
        container: "jsonl".into(),
        shape: Some(shape.into()),
        usage,
        compression: crate::input::Compression::None,
        encoding: crate::input::Encoding("UTF-8".into()),
        rows: None,
        fields: Default::default(),
        columns: None,
        options: Default::default(),
        source: "test".into(),
        language: None,
        variant: None,
        prepared: None,
        file: None,
        grouped: None,
        split: Vec::new(),
        max_row: 1 << 20,
    };
    mapping(&[json.to_owned()], formats::shape(shape).unwrap(), &layout)
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
