//! `exact_dedup` by page and by prompt: one stays, or a few.

use crate::harness::Scratch;

fn build(usage: &str, rows: &[serde_json::Value], options: &str) -> (Vec<String>, Vec<String>, Vec<String>) {
    let scratch = Scratch::new();
    scratch.write("rows.jsonl", rows.iter().map(|r| format!("{r}\n")).collect::<String>());
    scratch.write(
        "recipe.toml",
        format!(
            "name='p'\n[[source]]\nname='s'\npath=['rows.jsonl']\nuse='{usage}'\n[[stage]]\nrun='exact_dedup'\n{options}\n"
        ),
    );
    let built = scratch.build("out", &[]);
    built.check_accounts();
    let dropped = format!("dropped/{usage}");
    (built.column(&format!("data/{usage}"), "id"), built.column(&dropped, "reason"), built.column(&dropped, "kept_id"))
}

#[test]
fn a_prompt_has_as_many_answers_as_may_stay() {
    let row = |id: &str, turns: &[(&str, &str)]| {
        let turns: Vec<_> = turns.iter().map(|(r, c)| serde_json::json!({"role": r, "content": c})).collect();
        serde_json::json!({"id": id, "messages": turns})
    };
    let one = |id: &str, answer: &str| row(id, &[("user", "问"), ("assistant", answer)]);
    let rows = [
        one("a", "短"),
        one("b", "长一些的回答"),
        one("c", "再长一些的一个回答"),
        row("d", &[("user", "问"), ("assistant", "短"), ("user", "又问"), ("assistant", "答")]),
        row("e", &[("system", "问"), ("assistant", "短")]),
        row("f", &[("user", "问")]),
    ];
    let (kept, reasons, instead) = build("instruct", &rows, "by='prompt'");
    assert_eq!(kept, ["a", "d", "e"]);
    assert_eq!((reasons, instead), (vec!["same_prompt".to_owned(); 3], vec!["a".to_owned(); 3]));
    assert_eq!(build("instruct", &rows, "by='prompt'\nmost=2").0, ["a", "b", "d", "e"]);
    assert_eq!(build("instruct", &rows, "by='prompt'\nmost=2\nkeep='longest'").0, ["b", "c", "d", "e"]);
}

#[test]
fn prompts_of_preferences_and_tasks() {
    let pair = |id: &str, prompt: &str, chosen: &str| serde_json::json!({"id": id, "prompt": prompt, "chosen": chosen, "rejected": "差"});
    let rows = [pair("a", "问", "好"), pair("b", "问", "更好"), pair("c", "别的", "好")];
    assert_eq!(build("rlhf", &rows, "by='prompt'").0, ["a", "c"]);
    let task = |id: &str, input: &str, output: &str| serde_json::json!({"id": id, "input": input, "output": output});
    let rows = [task("a", "问", "好"), task("b", "问", "更好"), task("c", "别的", "好")];
    assert_eq!(build("task", &rows, "by='prompt'").0, ["a", "c"]);
}

#[test]
fn a_page_is_the_same_however_its_address_is_written() {
    let row = |id: &str, url: Option<&str>| serde_json::json!({"id": id, "url": url, "text": format!("文本{id}")});
    let rows = [
        row("a", Some("https://www.example.org/x/?utm_source=feed&b=2&a=1#top")),
        row("b", Some("http://Example.org/x?a=1&b=2")),
        row("c", Some("http://example.org/X?a=1&b=2")),
        row("d", None),
        row("e", None),
    ];
    let (kept, reasons, _) = build("pretrain", &rows, "by='page'");
    assert_eq!(
        (kept, reasons),
        (vec!["a".into(), "c".into(), "d".into(), "e".into()], vec!["exact_duplicate".to_owned()])
    );
    assert_eq!(build("pretrain", &rows, "by='url'").0.len(), 5);
}
