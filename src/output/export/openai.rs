//! OpenAI's chat messages as JSON lines, for its fine-tuning and for the many trainers that read the same.
//!
//! # What it writes
//! `instruct.jsonl` and `task.jsonl`: `{"messages":[{"role","content"}],"tools":[…]}`; a task is a turn of the user and
//! one of the assistant. `rlhf.jsonl`: `{"input":{"messages":[…],"tools":[],"parallel_tool_calls":true},
//! "preferred_output":[…],"non_preferred_output":[…]}`.
//!
//! There is no null: what a message has not is left out. Calls are objects (`id`, `type`, `function`) with their
//! `arguments` as JSON text, as OpenAI has them; calls without an id get `call_1`, `call_2`, … in order, and the turns of
//! tools that follow them the same ids. Tools are objects in a list; one without `type` and `function` is wrapped. What
//! the assistant thought is `reasoning_content`, as DeepSeek, Qwen and vLLM name it: OpenAI's own service has no such
//! field.
//!
//! # What is set aside
//! `export_no_turns`, `export_empty_turn`, `export_no_answer`, `export_tools_no_list`; of tasks `export_no_pair`; of
//! pairs `export_unpaired`, `export_equal_answers`, `export_several_turns`, `export_no_prompt`.
//!
//! # Example
//! ```console
//! corpus export builds/quickstart --to openai --use instruct
//! ```
//!
//! # Limits
//! `datasets` settles the keys by the first 10 MB of a file, and refuses one in which the first row with tools or
//! thinking comes later: read such a file line by line. Ids, sources, licences and measured columns have no place.
//! Scores and margins of pairs, answers to choose from and what a program checks an answer against are lost, and counted.

use super::example::task_turns;
use super::json::Object;
use super::messages::{Arguments, list, tool_list};
use super::{Aside, Example, Exporter, Held, Part, checks, module_docs};
use crate::rows::{Content, Use};

/// The exporter.
pub struct OpenAi;

/// Its instance.
pub static EXPORTER: OpenAi = OpenAi;

impl Exporter for OpenAi {
    fn name(&self) -> &'static str {
        "openai"
    }
    fn about(&self) -> &'static str {
        "chat messages as JSON lines, no nulls, calls as objects"
    }
    fn docs(&self) -> &'static str {
        module_docs(include_str!("openai.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Task, Use::Instruct, Use::Rlhf]
    }
    fn loses(&self, row: &Example<'_>) -> &'static [Part] {
        match row.content.usage() {
            Use::Pretrain => &[],
            Use::Task => &[Part::Choices],
            Use::Instruct => &[Part::Truth],
            Use::Rlhf => &[Part::Scores],
        }
    }
    fn file(&self, row: &Example<'_>) -> &'static str {
        match row.content.usage() {
            Use::Pretrain | Use::Instruct => "instruct.jsonl",
            Use::Task => "task.jsonl",
            Use::Rlhf => "rlhf.jsonl",
        }
    }
    fn special(&self) -> bool {
        // The service takes such a string for text.
        true
    }
    fn check(&self, row: &Example<'_>) -> Result<(), Aside> {
        match &row.content {
            Content::Pretrain { .. } => Err(Aside::new("export_no_turns", "running text")),
            Content::Task(task) => checks::task(task),
            Content::Instruct { messages, tools } => {
                checks::answered(messages)?;
                checks::tools(tools.as_deref())
            }
            Content::Rlhf(row) => {
                let (chosen, rejected) = checks::pair(row)?;
                checks::prompt(&row.prompt)?;
                checks::one_turn(chosen)?;
                checks::one_turn(rejected)
            }
        }
    }
    fn write(&self, row: &Example<'_>, out: &mut Vec<u8>) {
        let mut object = Object::new(out);
        match &row.content {
            Content::Pretrain { .. } => {}
            Content::Task(task) => {
                list(&task_turns(task), Arguments::Text, object.key("messages"));
            }
            Content::Instruct { messages, tools } => {
                list(messages, Arguments::Text, object.key("messages"));
                if let Some(tools) = tools {
                    tool_list(tools, object.key("tools"));
                }
            }
            Content::Rlhf(row) => {
                let mut input = Object::new(object.key("input"));
                list(&row.prompt, Arguments::Text, input.key("messages"));
                input.key("tools").extend_from_slice(b"[]");
                input.flag("parallel_tool_calls", true);
                input.end();
                list(row.chosen.as_deref().unwrap_or_default(), Arguments::Text, object.key("preferred_output"));
                list(row.rejected.as_deref().unwrap_or_default(), Arguments::Text, object.key("non_preferred_output"));
            }
        }
        object.end();
    }
    fn start(&self, folder: &str, files: &[&str], _held: Held<'_>) -> String {
        let upload = |file: &&str| {
            format!(
                "openai api files.create --purpose fine-tune --file {}\n",
                crate::text::shell::quoted(&format!("{folder}/{file}"))
            )
        };
        files.iter().map(upload).collect()
    }
}
