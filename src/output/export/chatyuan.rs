//! ChatYuan's pairs: JSON lines of `{"source","target"}`, for its T5.
//!
//! # What it writes
//! `chatyuan.jsonl`: `source` is the dialogue so far, `用户：` and `小元：` in front of what each said, and ends on `小元：`;
//! `target` is the last answer. Ends of lines and tabs are written as `\n` and `\t`, two characters each, as ChatYuan's
//! `preprocess` does it: its vocabulary has neither. Of a task its input and output, as one exchange.
//!
//! # What is set aside
//! `export_tools`, `export_no_turns`, `export_empty_turn`, `export_no_answer`, `export_not_alternating`,
//! `export_special_token`; of tasks `export_no_pair`.
//!
//! # Example
//! ```console
//! corpus export builds/quickstart --to chatyuan
//! ```
//!
//! # Limits
//! The system turn, thinking, names, choices and what a program checks an answer against are lost, and counted. The trainer
//! cuts a source and a target after 512 tokens each, a source at its end, where the question stands. Written by its code
//! (`distributed-training`, 2023); its loader was not run.

use super::example::turn_texts;
use super::json::Object;
use super::{Aside, Example, Exporter, Held, Part, checks, module_docs};
use crate::rows::Use;

/// The exporter.
pub struct ChatYuan;

/// Its instance.
pub static EXPORTER: ChatYuan = ChatYuan;

/// A text without ends of lines and tabs.
fn escaped(text: &str) -> String {
    text.replace('\n', "\\n").replace('\t', "\\t")
}

impl Exporter for ChatYuan {
    fn name(&self) -> &'static str {
        "chatyuan"
    }
    fn about(&self) -> &'static str {
        "ChatYuan's JSON lines of source and target"
    }
    fn docs(&self) -> &'static str {
        module_docs(include_str!("chatyuan.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Task, Use::Instruct]
    }
    fn loses(&self, _row: &Example<'_>) -> &'static [Part] {
        &[Part::System, Part::Reasoning, Part::Names, Part::Truth, Part::Choices]
    }
    fn file(&self, _row: &Example<'_>) -> &'static str {
        "chatyuan.jsonl"
    }
    fn check(&self, row: &Example<'_>) -> Result<(), Aside> {
        checks::exchanges(row)
    }
    fn write(&self, row: &Example<'_>, out: &mut Vec<u8>) {
        let texts = turn_texts(row);
        let (target, asked) = texts.split_last().unwrap_or((&"", &[]));
        let mut source = String::new();
        for (text, speaker) in asked.iter().zip(["用户：", "小元："].into_iter().cycle()) {
            source.push_str(speaker);
            source.push_str(text);
            source.push('\n');
        }
        source.push_str("小元：");
        let mut object = Object::new(out);
        object.text("source", &escaped(&source));
        object.text("target", &escaped(target));
        object.end();
    }
    fn start(&self, folder: &str, _files: &[&str], _held: Held<'_>) -> String {
        let path = serde_json::json!(format!("{folder}/chatyuan.jsonl"));
        format!(
            "# distributed-training/data.py, then python train.py\nimport json\n\ndef prepare_data():\n    \
             rows = [json.loads(line) for line in open({path}, encoding=\"utf-8\")]\n    return rows[1000:], rows[:1000]\n"
        )
    }
}
