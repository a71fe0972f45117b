//! The messages of a row, as checks of dialogues see them.

use arrow::array::{Array, AsArray, StringArray};

use super::{Batch, Leaf, SAID, THOUGHT};
use crate::rows::Use;
use crate::text::dialogue::turn::{Dialogue, Part, Role, Turn};

/// Calls of tools in a turn, and the call that a tool answers.
const CALLS: usize = 4;
const CALL_ID: usize = 5;

impl Batch<'_> {
    /// The messages of a row as they stand now, in reading order: a dialogue; the prompt of a preference and its answers;
    /// the input and output of a task. `None` for running text.
    pub fn dialogue(&self, row: usize) -> Option<Dialogue<'_>> {
        let mut turns = Vec::new();
        let said = self.leaves.iter().filter(|leaf| leaf.part == SAID || leaf.offsets.is_none());
        match self.usage {
            Use::Pretrain => return None,
            Use::Task => {
                // Input and output are the first two texts of a task.
                for (leaf, role) in said.zip([Role::User, Role::Assistant]) {
                    turns.extend(text(&leaf.texts, row).map(|content| Turn::new(role, content)));
                }
                if turns.is_empty() {
                    return None;
                }
            }
            Use::Instruct | Use::Rlhf => {
                let only = if self.label(row) { Part::Chosen } else { Part::Rejected };
                for (leaf, part) in said.zip([Part::Dialogue, Part::Chosen, Part::Rejected, only]) {
                    self.turns(leaf, part, row, &mut turns);
                }
            }
        }
        Some(Dialogue {
            turns,
            tools: self.beside("tools").and_then(|at| text(self.columns[at].as_string_opt()?, row)),
        })
    }

    /// Whether the only answer of an unpaired row is a good one, or nothing says otherwise.
    fn label(&self, row: usize) -> bool {
        let labels = self.beside("label").and_then(|at| self.columns[at].as_boolean_opt());
        labels.is_none_or(|labels| labels.is_null(row) || labels.value(row))
    }

    /// The place of a column beside the texts.
    fn beside(&self, name: &str) -> Option<usize> {
        self.beside.iter().find(|(known, _)| known == name).map(|(_, at)| *at)
    }

    /// The turns of one column.
    fn turns<'b>(&'b self, said: &'b Leaf, part: Part, row: usize, into: &mut Vec<Turn<'b>>) {
        let Some(turns) = self.columns[said.column].as_list_opt::<i32>().and_then(|l| l.values().as_struct_opt())
        else {
            return;
        };
        let [roles, calls, ids] = [0, CALLS, CALL_ID].map(|at| turns.column(at).as_string::<i32>());
        let thoughts = self.leaves.iter().find(|leaf| leaf.column == said.column && leaf.part == THOUGHT);
        into.extend(said.of(row).map(|i| Turn {
            role: text(roles, i).map_or(Role::Other, Role::of),
            part,
            content: text(&said.texts, i).unwrap_or_default(),
            reasoning: thoughts.and_then(|leaf| text(&leaf.texts, i)),
            calls: text(calls, i),
            call_id: text(ids, i),
        }));
    }
}

fn text(texts: &StringArray, at: usize) -> Option<&str> {
    texts.is_valid(at).then(|| texts.value(at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::{Content, Message, Preference, Record, Row, Rows, Task};

    fn seen(usage: Use, contents: Vec<Content<'static>>) -> Vec<Option<Vec<(Role, Part, String)>>> {
        let mut rows = Rows::new(usage);
        let count = contents.len();
        for (ord, content) in contents.into_iter().enumerate() {
            rows.push(ord as u64, &Record { offset: 0, line: 0, row: Ok(Row::new(content)) });
        }
        let batch = rows.finish();
        let first = batch.num_columns() - crate::rows::content(usage).len();
        let batch = Batch::new(usage, &batch.columns()[first..], count).unwrap();
        let turns =
            |row| batch.dialogue(row).map(|d| d.turns.iter().map(|t| (t.role, t.part, t.content.to_owned())).collect());
        (0..count).map(turns).collect()
    }

    #[test]
    fn every_use_has_its_messages() {
        let turn = |role: &'static str, said: &'static str| Message::new(role, said);
        let talk = Content::Instruct { messages: vec![turn("user", "问"), turn("tool", "晴")], tools: None };
        assert_eq!(
            seen(Use::Instruct, vec![talk])[0].as_deref().unwrap(),
            [(Role::User, Part::Dialogue, "问".into()), (Role::Tool, Part::Dialogue, "晴".into())]
        );
        let pair = Preference {
            prompt: vec![turn("user", "问")],
            chosen: Some(vec![turn("assistant", "好")]),
            rejected: Some(vec![turn("assistant", "坏")]),
            ..Preference::default()
        };
        let bad = Preference {
            prompt: vec![turn("user", "问")],
            completion: Some(vec![turn("assistant", "坏")]),
            label: Some(false),
            ..Preference::default()
        };
        let rows = seen(Use::Rlhf, vec![Content::Rlhf(Box::new(pair)), Content::Rlhf(Box::new(bad))]);
        let parts = |row: usize| rows[row].iter().flatten().map(|t| (t.1, t.2.as_str())).collect::<Vec<_>>();
        assert_eq!(parts(0), [(Part::Dialogue, "问"), (Part::Chosen, "好"), (Part::Rejected, "坏")]);
        assert_eq!(parts(1), [(Part::Dialogue, "问"), (Part::Rejected, "坏")]);
        let task = Task { input: Some("甲".into()), output: Some("乙".into()), ..Task::default() };
        let text = Task { text: Some("甲".into()), ..Task::default() };
        let rows = seen(Use::Task, vec![Content::Task(Box::new(task)), Content::Task(Box::new(text))]);
        assert_eq!((rows[0].as_ref().unwrap().len(), &rows[1]), (2, &None));
        assert_eq!(seen(Use::Pretrain, vec![Content::Pretrain { text: "甲".into() }]), [None]);
    }
}
