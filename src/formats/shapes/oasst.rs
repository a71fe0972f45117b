//! OpenAssistant's message trees: every path is a dialogue, ranked siblings are preference pairs.
//!
//! ```json
//! {"message_tree_id": "…", "tree_state": "ready_for_export", "prompt": {"text": "问", "role": "prompter", "lang": "zh",
//!   "replies": [{"text": "好", "role": "assistant", "rank": 0, "replies": []},
//!               {"text": "差", "role": "assistant", "rank": 1, "replies": []}]}}
//! {"message_id": "…", "parent_id": null, "message_tree_id": "…", "text": "问", "role": "prompter", "lang": "zh"}
//! {"message_id": "…", "parent_id": "…", "message_tree_id": "…", "text": "好", "role": "assistant", "rank": 0}
//! ```
//!
//! The second layout is that of the `messages` files and of the Parquet copy: a message a row, those of a tree one after
//! the other. They are put together first, and make the same rows as the tree.
//!
//! For instruction tuning each path from the root to a leaf is a row; with `paths = "best"` only the one that follows
//! the best reply (rank 0, else the first) at each step. For RLHF the replies of the assistant to one message that have
//! a rank make pairs, the lower rank chosen. Messages that are deleted, or that reviewers rejected
//! (`review_result` false), are left out with all that hangs on them. The id is that of the tree, the language its
//! root's. What messages have besides (labels, emojis, ids) is in `meta.turn_fields`.
//!
//! Limits: a tree of which nothing is left is set aside (`rejected`), one without ranked siblings too, for RLHF
//! (`unranked`). More than 100 messages below one another are unreadable. So are messages whose tree has no root beside
//! them (`dialogue_mismatch`: a file that was sorted or filtered otherwise; take the one named `trees`); where only the
//! message is missing that some reply answers, the reply is set aside (`parent_missing`). A file is read by one core.
use std::borrow::Cow;

use super::support::ranking::{RANKED_PAIRS, RankedAnswer, pairs, unpaired};
use super::support::reading::Reading;
use super::support::values::{first, items, mismatch, share, starts, wrong_use};
use crate::formats::json::Json;
use crate::formats::object::field_type;
use crate::formats::{Choice, Layout, Object, Shape};
use crate::rows::{Content, Message, Row, Unreadable, Use};

mod messages;

use messages::Messages;

/// The shape.
pub const SHAPE: Oasst = Oasst;
/// See the module.
pub struct Oasst;

/// More messages than any dialogue has.
const DEEPEST: usize = 100;
/// Fields of a message that are read.
const KNOWN: [&str; 4] = ["text", "role", "replies", "message_tree_id"];

impl Shape for Oasst {
    fn name(&self) -> &'static str {
        "oasst"
    }
    fn about(&self) -> &'static str {
        "OpenAssistant's message trees: paths, or pairs of ranked replies"
    }
    fn docs(&self) -> &'static str {
        crate::text::docs::module_docs(include_str!("oasst.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Instruct, Use::Rlhf]
    }
    fn options(&self) -> &'static [Choice] {
        const PATHS: Choice = Choice {
            name: "paths",
            words: &["all", "best"],
            about: "every path of a message tree, or the one that follows the best replies",
        };
        &[PATHS, RANKED_PAIRS]
    }
    fn several(&self) -> bool {
        true
    }
    fn joins(&self) -> bool {
        true
    }
    fn joined(&self, object: &Object<'_>) -> Option<String> {
        let tree = object.text("message_tree_id").ok().flatten().filter(|_| flat(object))?;
        Some(tree.into_owned())
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        let tree =
            |o: &Object<'_>| o.get("prompt.replies").is_some_and(|v| first(v) == b'[') && starts(o, "chosen").is_none();
        share(sample, |o| tree(o) || flat(o))
    }
    fn map<'a>(&self, object: &Object<'a>, layout: &Layout, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
        if let Err(error) = map(object, layout, emit) {
            emit(Err(error));
        }
    }
}

/// Whether an object is a message of a tree, and not a tree.
fn flat(object: &Object<'_>) -> bool {
    let text = |key: &str| starts(object, key) == Some(b'"');
    ["message_id", "message_tree_id", "text", "role"].into_iter().all(text) && !object.has("prompt")
}

/// A message: what is said, its rank, its replies, and what it has besides.
struct Node<'a> {
    message: Message<'a>,
    rank: Option<f64>,
    rest: Option<Cow<'a, str>>,
    replies: Vec<Node<'a>>,
}

fn map<'a>(
    object: &Object<'a>,
    layout: &Layout,
    emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>),
) -> Result<(), Unreadable> {
    if !matches!(layout.usage, Use::Instruct | Use::Rlhf) {
        return Err(wrong_use("oasst", layout));
    }
    let messages = object.get("rows").map(Messages::of).transpose()?;
    let (root, language) = match (&messages, object.get("prompt")) {
        (Some(messages), _) => (messages.node(messages.root, 0)?, messages.list[messages.root].text("lang")?),
        (None, Some(prompt)) => (node("prompt", prompt, 0)?, object.text("prompt.lang")?),
        (None, None) => return Err(object.missing("prompt")),
    };
    let reading = |aside: Option<&'static str>| -> Result<Reading<'_, 'a>, Unreadable> {
        let mut reading = Reading::new(object, layout);
        ["prompt", "rows"].into_iter().for_each(|key| reading.take(key));
        reading.columns.id = reading.option("id", &["message_tree_id", "group"])?;
        reading.columns.language = language.clone();
        if let Some(reason) = aside {
            reading.aside(reason, "");
        }
        Ok(reading)
    };
    // What is wrong with the object is wrong with all its rows: one error.
    reading(None)?.row(unpaired(Vec::new()))?;
    let alone = |message: Message<'a>| match layout.usage {
        Use::Rlhf => unpaired(vec![message]),
        _ => Content::Instruct { messages: vec![message], tools: None },
    };
    if let Some(messages) = &messages {
        for (orphan, parent) in &messages.orphans {
            let Some(node) = message(&messages.list[*orphan])? else { continue };
            let mut reading = reading(None)?;
            reading.aside("parent_missing", parent.clone());
            emit(reading.row(alone(node.message)));
        }
    }
    let Some(root) = root else {
        let content = match layout.usage {
            Use::Rlhf => unpaired(Vec::new()),
            _ => Content::Instruct { messages: Vec::new(), tools: None },
        };
        emit(reading(Some("rejected"))?.row(content));
        return Ok(());
    };
    if layout.usage == Use::Instruct {
        dialogues(&root, layout, &reading, emit);
    } else if !rankings(&root, layout, &reading, emit) {
        emit(reading(Some("unranked"))?.row(unpaired(vec![root.message])));
    }
    Ok(())
}

/// What all rows of a tree have in common, and why one is set aside.
type Shared<'r, 's, 'a> = &'r dyn Fn(Option<&'static str>) -> Result<Reading<'s, 'a>, Unreadable>;

/// The paths of a tree, each from its prompt to a last reply, as dialogues.
fn dialogues<'a>(
    root: &Node<'a>,
    layout: &Layout,
    reading: Shared<'_, '_, 'a>,
    emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>),
) {
    let best = layout.option("paths") == Some("best");
    visit_paths(root, best, &mut Vec::new(), &mut |path| {
        emit(reading(None).and_then(|mut reading| {
            path.iter().enumerate().for_each(|(at, n)| keep(&mut reading, &at.to_string(), n));
            let messages = path.iter().map(|n| n.message.clone()).collect();
            reading.row(Content::Instruct { messages, tools: None })
        }));
    });
}

/// The ranked replies of a tree as pairs; false where there is none.
fn rankings<'a>(
    root: &Node<'a>,
    layout: &Layout,
    reading: Shared<'_, '_, 'a>,
    emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>),
) -> bool {
    let mut found = false;
    ranked(root, &mut Vec::new(), &mut |path, replies| {
        let prompt: Vec<Message<'a>> = path.iter().map(|n| n.message.clone()).collect();
        // A low rank is a good one.
        let answer = |n: &&Node<'a>| RankedAnswer { message: n.message.clone(), score: -n.rank.unwrap_or(f64::MAX) };
        for (content, better, worse) in pairs(layout, &prompt, replies.iter().map(answer).collect(), false) {
            found = true;
            emit(reading(None).and_then(|mut reading| {
                keep(&mut reading, "chosen", replies[better]);
                keep(&mut reading, "rejected", replies[worse]);
                reading.row(content)
            }));
        }
    });
    found
}

fn keep(reading: &mut Reading<'_, '_>, name: &str, node: &Node<'_>) {
    if let Some(rest) = &node.rest {
        reading.keep(name, rest);
    }
}

/// Reads a message with its replies; `None` is one that does not count.
fn node<'a>(path: &str, value: Json<'a>, depth: usize) -> Result<Option<Node<'a>>, Unreadable> {
    if depth > DEEPEST {
        return Err(mismatch(format!("more than {DEEPEST} messages below one another")));
    }
    let object = Object::parse(value.get()).map_err(|e| field_type(path, "a message", &e.to_string()))?;
    let Some(mut read) = message(&object)? else { return Ok(None) };
    if let Some(list) = object.get("replies").filter(|v| first(*v) != b'n') {
        for (index, reply) in items("replies", list)?.into_iter().enumerate() {
            read.replies.extend(node(&format!("{path}.replies.{index}"), reply, depth + 1)?);
        }
    }
    Ok(Some(read))
}

/// Reads a message without its replies.
fn message<'a>(object: &Object<'a>) -> Result<Option<Node<'a>>, Unreadable> {
    let says = |key: &str, word: &str| object.get(key).is_some_and(|v| v.get() == word);
    if says("deleted", "true") || says("review_result", "false") {
        return Ok(None);
    }
    let role = match object.require("role")?.as_ref() {
        "prompter" => "user",
        "assistant" => "assistant",
        "system" => "system",
        other => return Err(field_type("role", "prompter or assistant", &format!("`{other}`"))),
    };
    let message = Message::new(role, object.require("text")?);
    let rank = object.text("rank")?.and_then(|r| r.parse().ok());
    Ok(Some(Node { message, rank, rest: object.rest(&KNOWN), replies: Vec::new() }))
}

type Path<'n, 'a> = Vec<&'n Node<'a>>;

/// Visits every path from a node to a leaf, or the best one.
fn visit_paths<'n, 'a>(node: &'n Node<'a>, best: bool, path: &mut Path<'n, 'a>, each: &mut dyn FnMut(&Path<'n, 'a>)) {
    path.push(node);
    let rank = |n: &&Node<'a>| n.rank.unwrap_or(f64::MAX);
    match (node.replies.is_empty(), best) {
        (true, _) => each(path),
        (false, false) => node.replies.iter().for_each(|reply| visit_paths(reply, best, path, each)),
        (false, true) => {
            if let Some(reply) = node.replies.iter().min_by(|a, b| rank(a).total_cmp(&rank(b))) {
                visit_paths(reply, best, path, each);
            }
        }
    }
    path.pop();
}

/// Every message to which two replies of the assistant or more are ranked.
fn ranked<'n, 'a>(node: &'n Node<'a>, path: &mut Path<'n, 'a>, each: &mut dyn FnMut(&Path<'n, 'a>, &[&'n Node<'a>])) {
    path.push(node);
    let answers: Vec<&Node<'a>> =
        node.replies.iter().filter(|n| n.message.role == "assistant" && n.rank.is_some()).collect();
    if answers.len() > 1 {
        each(path, &answers);
    }
    node.replies.iter().for_each(|reply| ranked(reply, path, each));
    path.pop();
}

#[cfg(test)]
mod tests {
    use super::super::tests::{instruct, layout, preference, rows_with, said};
    use super::*;

    const TREE: &str = r#"{"message_tree_id":"t","tree_state":"ready","prompt":{"text":"q","role":"prompter","lang":"zh","replies":[
        {"text":"worse","role":"assistant","rank":1,"labels":{"spam":{"value":0.0,"count":3}},"replies":[]},
        {"text":"best","role":"assistant","rank":0,"replies":[{"text":"q2","role":"prompter","replies":[]}]},
        {"text":"last","role":"assistant","rank":2,"replies":[]},
        {"text":"gone","role":"assistant","deleted":true,"replies":[]},
        {"text":"bad","role":"assistant","review_result":false,"rank":3,"replies":[{"text":"x","role":"prompter","replies":[]}]}]}}"#;

    fn dialogues(paths: &str) -> Vec<Vec<String>> {
        let mut layout = layout(Use::Instruct);
        layout.options.insert("paths".into(), paths.into());
        rows_with(&SHAPE, TREE, &layout).into_iter().map(|r| said(instruct(&r.unwrap()))).collect()
    }

    #[test]
    fn paths() {
        let all = dialogues("all");
        assert_eq!(all.len(), 3);
        assert_eq!(all[1], ["user: q", "assistant: best", "user: q2"]);
        assert_eq!(dialogues("best"), [all[1].clone()]);
        let rows = rows_with(&SHAPE, TREE, &layout(Use::Instruct));
        let first = rows[0].as_ref().unwrap();
        assert_eq!((first.id.as_deref(), first.language.as_deref()), (Some("t"), Some("zh")));
        assert!(first.meta.as_deref().unwrap().contains(r#""1":{"rank":1,"labels":{"spam""#), "{:?}", first.meta);
    }

    #[test]
    fn ranked_pairs() {
        let pairs = |word: &str| {
            let mut layout = layout(Use::Rlhf);
            layout.options.insert("pairs".into(), word.into());
            let rows = rows_with(&SHAPE, TREE, &layout);
            let texts = |m: &Option<Vec<Message<'_>>>| m.as_ref().unwrap()[0].content.to_string();
            rows.iter()
                .map(|r| r.as_ref().unwrap())
                .map(|r| (texts(&preference(r).chosen), texts(&preference(r).rejected)))
                .collect::<Vec<_>>()
        };
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(pairs("best"), [pair("best", "worse"), pair("best", "last")]);
        assert_eq!(pairs("all").len(), 3);
    }

    #[test]
    fn what_has_nothing_is_set_aside() {
        fn one(json: &str, usage: Use) -> Result<Row<'_>, Unreadable> {
            rows_with(&SHAPE, json, &layout(usage)).remove(0)
        }
        let deleted = r#"{"prompt":{"text":"q","role":"prompter","deleted":true,"replies":[]}}"#;
        assert_eq!(one(deleted, Use::Instruct).unwrap().aside, Some(("rejected", String::new())));
        let lone = r#"{"prompt":{"text":"q","role":"prompter","replies":[{"text":"a","role":"assistant"}]}}"#;
        assert_eq!(one(lone, Use::Rlhf).unwrap().aside, Some(("unranked", String::new())));
        assert_eq!(one(r#"{"prompt":{"role":"x"}}"#, Use::Rlhf).unwrap_err().reason, "field_type");
        let deep = (0..200)
            .fold(String::from("[]"), |inner, _| format!(r#"[{{"text":"a","role":"assistant","replies":{inner}}}]"#));
        let deep = format!(r#"{{"prompt":{{"text":"q","role":"prompter","replies":{deep}}}}}"#);
        assert_eq!(one(&deep, Use::Instruct).unwrap_err().reason, "dialogue_mismatch");
    }
}
