use super::*;
use crate::formats::shapes::tests::{preference, row, said};

fn read(json: &str) -> (Vec<String>, Vec<String>, Vec<String>, Option<f64>) {
    let row = row(&SHAPE, json, Use::Rlhf).unwrap();
    let p = preference(&row);
    let side = |side: &Option<Vec<Message<'_>>>| said(side.as_deref().unwrap());
    (said(&p.prompt), side(&p.chosen), side(&p.rejected), p.margin)
}

#[test]
fn reads_every_layout() {
    let plain = read(r#"{"prompt":"p","chosen":"c","rejected":"c"}"#);
    assert_eq!((plain.0[0].as_str(), plain.1[0].as_str(), plain.3), ("user: p", "assistant: c", Some(0.0)));
    let factory = r#"{"conversations":[{"from":"human","value":"p"}],"chosen":{"from":"gpt","value":"c"},
        "rejected":{"from":"gpt","value":"r"}}"#;
    assert_eq!(read(factory).2, ["assistant: r"]);
    let two = read(r#"{"instruction":"a","input":"b","output":["c","d"]}"#);
    assert_eq!((two.0[0].as_str(), two.2[0].as_str(), two.3), ("user: a\nb", "assistant: d", None));
    let gpt4 = read(r#"{"user_input":"p","completion_a":"c","completion_b":"r"}"#);
    assert_eq!(
        (gpt4.0[0].as_str(), gpt4.1[0].as_str(), gpt4.2[0].as_str()),
        ("user: p", "assistant: c", "assistant: r")
    );
    let cvalues = read(r#"{"prompt":"p","pos_resp":"c","neg_resp":"r","pos_type":"拒绝为主","neg_type":"风险回复"}"#);
    assert_eq!(cvalues.2, ["assistant: r"]);
    let side = |text: &str| {
        format!(r#"{{"messages":[{{"role":"user","content":"p"}},{{"role":"assistant","content":"{text}"}}]}}"#)
    };
    let lmflow = read(&format!(r#"{{"conversation_id":1,"chosen":{},"rejected":{}}}"#, side("c"), side("r")));
    assert_eq!(
        (lmflow.0[0].as_str(), lmflow.1[0].as_str(), lmflow.2[0].as_str()),
        ("user: p", "assistant: c", "assistant: r")
    );
    let ultra = r#"{"prompt":"p","prompt_id":"9","chosen":[{"role":"user","content":"p"},{"role":"assistant","content":"c"}],
        "rejected":[{"role":"user","content":"p"},{"role":"assistant","content":"r"}],"score_chosen":8.5,"score_rejected":"6"}"#;
    assert_eq!(
        read(ultra),
        (vec!["user: p".into()], vec!["assistant: c".into()], vec!["assistant: r".into()], Some(2.5))
    );
    assert_eq!(row(&SHAPE, ultra, Use::Rlhf).unwrap().meta.as_deref(), Some(r#"{"prompt_id":"9"}"#));
}

fn three(json: &str) -> [Vec<String>; 3] {
    let (prompt, chosen, rejected, _) = read(json);
    [prompt, chosen, rejected]
}

#[test]
fn a_prompt_that_is_said_again_is_said_once() {
    let user = |text: &str| format!(r#"{{"role":"user","content":"{text}"}}"#);
    let says = |text: &str| format!(r#"{{"role":"assistant","content":"{text}"}}"#);
    let system = r#"{"role":"system","content":"s"}"#;
    let whole = |text: &str| format!("[{},{},{},{}]", user("p"), says("a"), user("q"), says(text));
    let row = |prompt: &str, chosen: &str, rejected: &str| {
        format!(r#"{{"prompt":{prompt},"chosen":{chosen},"rejected":{rejected}}}"#)
    };
    let want = [vec!["user: p", "assistant: a", "user: q"], vec!["assistant: c"], vec!["assistant: r"]];
    let (both, alone) = ((whole("c"), whole("r")), (format!("[{}]", says("c")), "\"r\""));
    let list = format!("[{},{},{}]", user("p"), says("a"), user("q"));
    for prompt in ["\"p\"", "\"q\"", &list] {
        assert_eq!(three(&row(prompt, &both.0, &both.1)), want, "{prompt}");
        assert_eq!(three(&row(prompt, &both.0, alone.1)), want, "{prompt}");
        assert_eq!(three(&row(prompt, &alone.0, &both.1)), want, "{prompt}");
    }
    let with_system = row(&format!("[{system},{}]", user("p")), &both.0, &both.1);
    assert_eq!(three(&with_system)[0], ["system: s", "user: p", "assistant: a", "user: q"]);
    let twice = format!(
        r#"{{"system":"s","chosen":[{system},{},{}],"rejected":[{system},{},{}]}}"#,
        user("p"),
        says("c"),
        user("p"),
        says("r")
    );
    assert_eq!(three(&twice), [vec!["system: s", "user: p"], vec!["assistant: c"], vec!["assistant: r"]]);
    let other = row("\"x\"", &both.0, "\"r\"");
    assert_eq!(crate::formats::shapes::tests::row(&SHAPE, &other, Use::Rlhf).unwrap_err().reason, "dialogue_mismatch");
}

#[test]
fn sides_may_be_json_text() {
    let side =
        |said: &str| format!(r#"[{{"role": "user", "content": "p"}}, {{"role": "assistant", "content": "{said}"}}]"#);
    let json = serde_json::json!({"prompt": "p", "chosen": side("c"), "rejected": side("r").replace('"', "'")});
    let want = [vec!["user: p"], vec!["assistant: c"], vec!["assistant: r"]];
    assert_eq!(three(&json.to_string()), want);
    // An answer that is JSON of another kind stays one.
    let json = serde_json::json!({"prompt": "p", "chosen": "[{\"a\": 1}]", "rejected": "[{\"role\": \"king\"}]"});
    assert_eq!(three(&json.to_string())[1..], [["assistant: [{\"a\": 1}]"], ["assistant: [{\"role\": \"king\"}]"]]);
}

#[test]
fn answers_under_other_names_and_by_verdict() {
    let want = [vec!["user: p"], vec!["assistant: c"], vec!["assistant: r"]];
    for json in [
        r#"{"question":"p","response_j":"c","response_k":"r"}"#,
        r#"{"prompt":"p","winning_response":"c","losing_response":"r"}"#,
        r#"{"prompt":"p","response_a":"c","response_b":"r","preference":"A"}"#,
        r#"{"prompt":"p","response_a":"r","response_b":"c","winner":"model_b"}"#,
        r#"{"instruction":"p","output_1":"r","output_2":"c","preference":2.0}"#,
        r#"{"prompt":"p","answer1":"c","answer2":"r","better":"answer1"}"#,
    ] {
        assert_eq!(three(json), want, "{json}");
        assert_eq!(SHAPE.fits(&[Object::parse(json).unwrap()]), 1.0, "{json}");
    }
    let verdict = |word: &str| format!(r#"{{"prompt":"p","response_a":"c","response_b":"r","winner":{word}}}"#);
    assert_eq!(read(&verdict("\"tie (both bad)\"")).3, Some(0.0));
    let odd = row(&SHAPE, &verdict("3"), Use::Rlhf).unwrap().aside;
    assert_eq!(odd, Some(("unranked", "3".to_owned())));
    let rated = r#"{"prompt":"p","chosen":"c","rejected":"r","chosen-rating":5.0,"rejected-rating":1.5}"#;
    assert_eq!((read(rated).3, row(&SHAPE, rated, Use::Rlhf).unwrap().meta), (Some(3.5), None));
}

#[test]
fn names_what_is_wrong() {
    let error = |json: &str| row(&SHAPE, json, Use::Rlhf).unwrap_err().reason;
    assert_eq!(error(r#"{"prompt":"p","chosen":"c"}"#), "field_missing");
    assert_eq!(error(r#"{"prompt":null,"chosen":"c","rejected":"r"}"#), "field_missing");
    assert_eq!(error(r#"{"instruction":"p","output":["c"]}"#), "field_type");
    assert_eq!(error(r#"{"prompt":[],"chosen":"c","rejected":"r"}"#), "dialogue_mismatch");
    let apart = r#"{"chosen":[{"role":"user","content":"a"},{"role":"assistant","content":"c"}],
        "rejected":[{"role":"user","content":"b"},{"role":"assistant","content":"r"}]}"#;
    assert_eq!(error(apart), "dialogue_mismatch");
}

#[test]
fn a_sign_is_no_part_of_a_name() {
    assert_eq!(better(&["response_1", "response_2"], "response_2"), Some(Some(1)));
    assert_eq!(better(&["response_1", "response_2"], "2"), Some(Some(1)));
    assert_eq!(better(&["response_1", "response_2"], "-2"), None);
    assert_eq!(better(&["response_0", "response_1"], "-1"), None);
}
