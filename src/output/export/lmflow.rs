//! LMFlow's data sets: a folder a type, with one JSON file of `{"type","instances"}` in each.
//!
//! # What it writes
//! `text_only/data.json` (`{"text"}`), `text2text/data.json` (tasks: `{"input","output"}`), `conversation/data.json`
//! (`{"messages","system","tools","conversation_id"}`) and `paired_conversation/data.json` (`{"chosen","rejected"}`, two
//! whole dialogues). LMFlow looks for the type in the first 100 and last 100 bytes of a file, and stumbles where those
//! begin within a Chinese character: each file ends in 120 empty lines.
//!
//! # What is set aside
//! `export_tools` (calls, and what tools answer: tools on offer have a place), `export_no_turns`, `export_empty_turn`,
//! `export_no_answer`, `export_no_prompt`, `export_not_alternating`, `export_special_token`; of tasks `export_no_pair`; of
//! pairs `export_equal_answers`, `export_unpaired`, `export_labelled`.
//!
//! # Example
//! ```console
//! corpus export builds/quickstart --to lmflow
//! ```
//!
//! # Limits
//! Thinking, names, scores, choices and what a program checks an answer against are lost, and counted. Files are read into
//! memory. Written by its code (`LMFlow@f3597db`); its loader is not on PyPI and was not run.

use super::json::{self, Object};
use super::{Aside, Example, Exporter, Frame, Held, Part, checks, messages, module_docs};
use crate::rows::{Content, Message, Use};
use crate::text::shell::quoted;

/// The exporter.
pub struct LmFlow;

/// Its instance.
pub static EXPORTER: LmFlow = LmFlow;

/// What stands behind the rows: 120 bytes that no character is cut by.
const TAIL: &str = concat!(
    "\n]}\n",
    "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n",
    "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n",
    "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n"
);

/// What a file begins with, by its name.
const FILES: [(&str, &str); 4] = [
    ("text_only/data.json", "{\"type\": \"text_only\", \"instances\": [\n"),
    ("text2text/data.json", "{\"type\": \"text2text\", \"instances\": [\n"),
    ("conversation/data.json", "{\"type\": \"conversation\", \"instances\": [\n"),
    ("paired_conversation/data.json", "{\"type\": \"paired_conversation\", \"instances\": [\n"),
];

/// Appends the members of a dialogue: its turns without that of the system, and that.
fn dialogue(parts: &[&[Message<'_>]], object: &mut Object<'_>) {
    let turns = || parts.iter().flat_map(|part| part.iter());
    json::list(turns().filter(|m| m.role != "system"), object.key("messages"), |message, out| {
        let mut turn = Object::new(out);
        turn.text("role", &message.role);
        turn.text("content", &message.content);
        turn.end();
    });
    object.text("system", turns().find(|m| m.role == "system").map_or("", |m| &m.content));
}

impl Exporter for LmFlow {
    fn name(&self) -> &'static str {
        "lmflow"
    }
    fn about(&self) -> &'static str {
        "LMFlow's typed JSON: text, text2text, conversation, paired_conversation"
    }
    fn docs(&self) -> &'static str {
        module_docs(include_str!("lmflow.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &Use::ALL
    }
    fn loses(&self, _row: &Example<'_>) -> &'static [Part] {
        &[Part::Reasoning, Part::Names, Part::Truth, Part::Scores, Part::Choices]
    }
    fn file(&self, row: &Example<'_>) -> &'static str {
        match row.content.usage() {
            Use::Pretrain => FILES[0].0,
            Use::Task => FILES[1].0,
            Use::Instruct => FILES[2].0,
            Use::Rlhf => FILES[3].0,
        }
    }
    fn frame(&self, file: &str) -> Frame {
        let head = FILES.iter().find(|f| f.0 == file).map_or("", |f| f.1);
        Frame::Around(head, ",\n", TAIL)
    }
    fn check(&self, row: &Example<'_>) -> Result<(), Aside> {
        let called = row.dialogues().into_iter().flatten().any(|m| m.tool_calls.is_some() || m.role == "tool");
        if called {
            return Err(Aside::new("export_tools", "calls of tools"));
        }
        match &row.content {
            Content::Pretrain { .. } => Ok(()),
            Content::Task(task) => checks::task(task),
            Content::Instruct { messages, tools } => {
                checks::tools(tools.as_deref())?;
                checks::answered(messages)?;
                checks::alternates(messages)
            }
            Content::Rlhf(row) => {
                checks::pairs_only(row)?;
                checks::preference(row)?;
                checks::alternates(&row.prompt)
            }
        }
    }
    fn write(&self, row: &Example<'_>, out: &mut Vec<u8>) {
        let mut object = Object::new(out);
        match &row.content {
            Content::Pretrain { text } => object.text("text", text),
            Content::Task(task) => {
                object.text("input", task.input.as_deref().unwrap_or_default());
                object.text("output", task.output.as_deref().unwrap_or_default());
            }
            Content::Instruct { messages, tools } => {
                object.text("conversation_id", row.id);
                dialogue(&[messages], &mut object);
                let offered = messages::tools(tools.as_deref().unwrap_or_default());
                json::list(offered, object.key("tools"), |tool, out| json::text(&tool, out));
            }
            Content::Rlhf(row) => {
                for (name, answer) in [("chosen", &row.chosen), ("rejected", &row.rejected)] {
                    let mut whole = Object::new(object.key(name));
                    dialogue(&[&row.prompt, answer.as_deref().unwrap_or_default()], &mut whole);
                    whole.end();
                }
            }
        }
        object.end();
    }
    fn start(&self, folder: &str, files: &[&str], _held: Held<'_>) -> String {
        let train = |file: &&str| {
            let script = if file.starts_with("paired") { "run_dpo_align.sh" } else { "run_finetune.sh" };
            let path = file.trim_end_matches("/data.json");
            format!(
                "scripts/{script} --model_name_or_path MODEL --dataset_path {}\n",
                quoted(&format!("{folder}/{path}"))
            )
        };
        files.iter().map(train).collect()
    }
}
