//! OpenAssistant's messages of a tree, one by one, put together.
use std::collections::HashMap;

use super::super::support::values::{items, mismatch};
use super::{DEEPEST, Node, message};
use crate::formats::Object;
use crate::formats::json::Json;
use crate::formats::object::field_type;
use crate::rows::Unreadable;

/// The messages of a tree that stand one by one: which one is the root, which ones reply to which, and which ones reply
/// to one that is not there (with its id).
pub struct Messages<'a> {
    pub list: Vec<Object<'a>>,
    pub root: usize,
    replies: HashMap<usize, Vec<usize>>,
    pub orphans: Vec<(usize, String)>,
}

impl<'a> Messages<'a> {
    /// # Errors
    ///
    /// `field_type`, `field_missing` or `dialogue_mismatch`: a message twice, no root or several, replies in a circle.
    pub fn of(rows: Json<'a>) -> Result<Self, Unreadable> {
        let mut list = Vec::new();
        for (index, row) in items("rows", rows)?.into_iter().enumerate() {
            let wrong = |e: serde_json::Error| field_type(&format!("rows.{index}"), "a message", &e.to_string());
            list.push(Object::parse(row.get()).map_err(wrong)?);
        }
        let mut ids: HashMap<String, usize> = HashMap::new();
        for (index, said) in list.iter().enumerate() {
            let id = said.require("message_id")?.into_owned();
            if ids.contains_key(&id) {
                return Err(mismatch(format!("the message {id} stands twice in its tree")));
            }
            ids.insert(id, index);
        }
        let (mut roots, mut replies, mut orphans) = (Vec::new(), HashMap::<usize, Vec<usize>>::new(), Vec::new());
        for (index, said) in list.iter().enumerate() {
            match said.text("parent_id")?.filter(|parent| !parent.is_empty()) {
                None => roots.push(index),
                Some(parent) => match ids.get(parent.as_ref()) {
                    Some(parent) => replies.entry(*parent).or_default().push(index),
                    None => orphans.push((index, parent.into_owned())),
                },
            }
        }
        let [root] = roots[..] else {
            return Err(mismatch(format!(
                "{} of these {} messages begin their tree, where one should: the messages of a tree must stand one after \
                 the other; take the file named `trees` (2023-11-05_oasst2_ready.trees.jsonl.gz)",
                roots.len(),
                list.len()
            )));
        };
        // What is below neither the root nor an orphan replies to itself.
        let (mut open, mut met): (Vec<usize>, usize) = (orphans.iter().map(|o| o.0).chain([root]).collect(), 0);
        while let Some(index) = open.pop() {
            met += 1;
            open.extend(replies.get(&index).into_iter().flatten());
        }
        if met < list.len() {
            return Err(mismatch(format!("{} messages reply to one another in a circle", list.len() - met)));
        }
        Ok(Messages { list, root, replies, orphans })
    }

    /// A message with its replies; `None` is one that does not count.
    ///
    /// # Errors
    ///
    /// `dialogue_mismatch` where messages lie deeper than [`DEEPEST`], and what a message lacks.
    pub fn node(&self, index: usize, depth: usize) -> Result<Option<Node<'a>>, Unreadable> {
        if depth > DEEPEST {
            return Err(mismatch(format!("more than {DEEPEST} messages below one another")));
        }
        let Some(mut node) = message(&self.list[index])? else { return Ok(None) };
        for reply in self.replies.get(&index).into_iter().flatten() {
            node.replies.extend(self.node(*reply, depth + 1)?);
        }
        Ok(Some(node))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{instruct, layout, preference, rows_with, said};
    use super::super::{SHAPE, Shape};
    use super::*;
    use crate::rows::{Row, Use};

    fn of(id: &str, parent: &str, role: &str, more: &str) -> String {
        let parent = if parent.is_empty() { "null".to_owned() } else { format!("\"{parent}\"") };
        format!(
            r#"{{"message_id":"{id}","parent_id":{parent},"message_tree_id":"t","role":"{role}","text":"{id}","lang":"zh"{more}}}"#
        )
    }

    fn rows(messages: &[String], usage: Use) -> Vec<String> {
        let json = format!(r#"{{"group":"t","rows":[{}]}}"#, messages.join(","));
        let show = |row: Result<Row<'_>, Unreadable>| match row {
            Err(error) => format!("{}: {}", error.reason, error.detail),
            Ok(row) if row.aside.is_some() => format!("{:?}", row.aside.unwrap()),
            Ok(row) if usage == Use::Rlhf => {
                let pair = preference(&row);
                let said = |m: &Option<Vec<crate::rows::Message<'_>>>| m.as_ref().unwrap()[0].content.to_string();
                format!("{} > {}", said(&pair.chosen), said(&pair.rejected))
            }
            Ok(row) => {
                assert_eq!((row.id.as_deref(), row.language.as_deref()), (Some("t"), Some("zh")));
                said(instruct(&row)).join(" | ")
            }
        };
        rows_with(&SHAPE, &json, &layout(usage)).into_iter().map(show).collect()
    }

    #[test]
    fn messages_make_the_rows_of_their_tree() {
        let tree = [
            of("q", "", "prompter", ""),
            of("a", "q", "assistant", r#","rank":1"#),
            of("q2", "a", "prompter", ""),
            of("b", "q", "assistant", r#","rank":0"#),
            of("gone", "q", "assistant", r#","deleted":true"#),
            of("below", "gone", "prompter", ""),
        ];
        assert_eq!(rows(&tree, Use::Instruct), ["user: q | assistant: a | user: q2", "user: q | assistant: b"]);
        assert_eq!(rows(&tree, Use::Rlhf), ["b > a"]);
        let object = Object::parse(&tree[1]).unwrap();
        assert_eq!((SHAPE.joined(&object).as_deref(), SHAPE.fits(&[object])), (Some("t"), 1.0));
    }

    #[test]
    fn what_does_not_make_a_tree_is_told() {
        let [q, a] = [of("q", "", "prompter", ""), of("a", "q", "assistant", "")];
        let orphan = rows(&[q.clone(), a.clone(), of("x", "lost", "assistant", "")], Use::Instruct);
        assert_eq!(orphan, [r#"("parent_missing", "lost")"#, "user: q | assistant: a"]);
        let error = |messages: &[String]| rows(messages, Use::Instruct).join("|");
        assert!(error(std::slice::from_ref(&a)).starts_with("dialogue_mismatch: 0 of these 1 messages"));
        assert!(error(&[q.clone(), q.clone()]).contains("stands twice"));
        let circle = [q, of("x", "y", "assistant", ""), of("y", "x", "prompter", "")];
        assert!(error(&circle).contains("in a circle"));
    }
}
