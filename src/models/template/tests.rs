use std::path::PathBuf;

use serde::Deserialize;

use super::*;

/// A line of `tests/python/render_templates.py`: a template, or what it gives of a conversation.
#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Template { name: String, template: String, variables: Variables, day: String },
    Case(Box<Case>),
}

/// Special tokens by name.
type Variables = std::collections::BTreeMap<String, String>;

#[derive(Deserialize)]
struct Case {
    name: String,
    conversation: String,
    prompt: bool,
    messages: Vec<Value>,
    tools: Value,
    text: Option<String>,
    #[serde(default)]
    learnt: Vec<(usize, usize)>,
    refused: Option<String>,
}

/// Messages as `transformers` hands them to a template.
fn aliased(message: &Value) -> Value {
    let reasoning = message.get_attr("reasoning_content").unwrap();
    if reasoning.is_undefined() {
        return message.clone();
    }
    let own = message.try_iter().unwrap().map(|key| (key.clone(), message.get_item(&key).unwrap()));
    Value::from_pairs([(Value::from("thinking"), reasoning.clone())].into_iter().chain(own))
}

/// Renders all cases of a file; gives back how many gave a text, how many were refused, and what differs.
fn compared(path: &Path) -> (usize, usize, Vec<String>) {
    let (mut texts, mut refusals, mut wrong) = (0, 0, Vec::new());
    let mut template = None;
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let case = match serde_json::from_str(line).unwrap() {
            Line::Template { name, template: source, variables, day } => {
                let day = Day::parse(&day).unwrap();
                let mut made = Template::of(Path::new(&name), &[(DEFAULT.to_owned(), source)], day).unwrap();
                variables.iter().for_each(|(name, value)| made.set(name, Value::from(value.as_str())));
                template = Some(made);
                continue;
            }
            Line::Case(case) => case,
        };
        let messages: Vec<Value> = case.messages.iter().map(aliased).collect();
        let got = template.as_ref().unwrap().render(&messages, &case.tools, case.prompt);
        let what = format!("{} {} {}", case.name, case.conversation, if case.prompt { "prompt" } else { "whole" });
        match (&got, &case.text) {
            (Ok(got), Some(text)) => {
                texts += 1;
                let learnt: Vec<(usize, usize)> = got.learnt.iter().map(|r| (r.start, r.end)).collect();
                if got.text != *text {
                    wrong.push(format!("{what}:\n  ours   {:?}\n  jinja2 {text:?}", got.text));
                } else if learnt != case.learnt {
                    wrong.push(format!("{what}: learnt {learnt:?}, jinja2 {:?}", case.learnt));
                }
            }
            (Err(_), None) => refusals += 1,
            (Ok(got), None) => wrong.push(format!("{what}: jinja2 {:?}, ours {:?}", case.refused, got.text)),
            (Err(why), Some(_)) => wrong.push(format!("{what}: refused: {why}")),
        }
    }
    (texts, refusals, wrong)
}

/// `tests/models/templates.jsonl`: real templates, and what Jinja2 made of them.
#[test]
fn real_templates_give_what_jinja2_gives() {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", "models", "templates.jsonl"].iter().collect();
    let (texts, refusals, wrong) = compared(&path);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(texts > 50 && refusals > 5, "{texts} texts, {refusals} refused");
}

/// The same of a file of one's own: all templates of a wheel, say.
#[test]
fn cases_of_a_file_give_what_jinja2_gives() {
    let Some(path) = std::env::var_os("CORPUS_TEMPLATE_CASES") else {
        crate::beside::skipped("CORPUS_TEMPLATE_CASES names no file of tests/python/render_templates.py");
        return;
    };
    let (texts, refusals, wrong) = compared(Path::new(&path));
    println!("{texts} texts and {refusals} refusals as Jinja2 has them, {} differ", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A block makes a variable of its own and sets an attribute of it, in a loop over a part of what stands outside.
#[test]
fn a_block_reads_what_stands_outside() {
    let source = "{%- set given = namespace(n=0) -%}{%- set list = messages -%}{%- for m in list -%}{%- generation -%}\
        {%- if m.a -%}{%- set own = namespace(found=false) -%}\
        {%- for other in list[loop.index:] -%}{%- if other.b -%}{%- set own.found = true -%}{%- endif -%}{%- endfor -%}\
        {%- set given.n = given.n + 1 -%}[{{ own.found }}]\
        {%- endif -%}{%- endgeneration -%}{%- endfor -%}{{ given.n }}";
    let template = Template::of(Path::new("t"), &[(DEFAULT.to_owned(), source.to_owned())], Day::today()).unwrap();
    let message = |a: bool, b: bool| Value::from_pairs([("a", a), ("b", b)]);
    let messages = [message(true, false), message(false, true), message(true, false)];
    let got = template.render(&messages, &Value::from(()), false).unwrap();
    assert_eq!(got.text, "[True][False]2");
    assert_eq!(got.learnt, [0..6, 6..6, 6..13]);
}
