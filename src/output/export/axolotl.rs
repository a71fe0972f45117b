//! axolotl's data sets (0.19) as Parquet, with a configuration for each kind of training.
//!
//! # What it writes
//!
//! | file | columns | read as | configuration |
//! | --- | --- | --- | --- |
//! | `pretrain.parquet` | `text` | `completion` | `pretrain.yaml` |
//! | `task.parquet`, `instruct.parquet` | `messages`, `tools` | `chat_template` | `sft.yaml` |
//! | `dpo.parquet` | `messages` (the prompt), `chosen`, `rejected` (a message each) | `chat_template.default` | `dpo.yaml` |
//! | `kto.parquet` | `completion` (the dialogue with the answer), `label` | `chatml.argilla_chat` | `kto.yaml` |
//!
//! `messages` have `role`, `content`, `reasoning_content`, `name`, `tool_calls` (in OpenAI's form, `arguments` as JSON text,
//! which axolotl parses) and `tool_call_id`; axolotl leaves out what is null before a template sees it. `tools` is the JSON
//! text of a list. In preferences, what the assistant thought stands before what it said, between `<think>` and `</think>`.
//! The configurations name what must be chosen in capitals.
//!
//! # What is set aside
//! `export_no_turns`, `export_empty_turn`, `export_no_answer`, `export_no_prompt`, `export_turn_order`,
//! `export_tools_no_list`, `export_arguments`, `export_special_token`; of tasks `export_no_pair`; of preferences
//! `export_tools`, `export_equal_answers`, `export_several_turns`, `export_unpaired`.
//!
//! # Example
//! ```console
//! corpus export builds/quickstart --to axolotl
//! ```
//!
//! # Limits
//! Prompts without an answer (GRPO) need code of their own in axolotl, and are set aside. Choices, scores, and what a
//! program checks an answer against are lost, and counted; so are names in preferences. KTO comes in ChatML alone.

use arrow::datatypes::{DataType, Field};

use super::example::task_turns;
use super::json::Object;
use super::messages::Arguments;
use super::{Aside, Example, Exporter, Frame, Held, Part, Rows, checks, messages, module_docs, sink};
use crate::rows::split::Split;
use crate::rows::{Content, Message, Use};
use crate::text::shell::quoted;

/// The exporter.
pub struct Axolotl;

/// Its instance.
pub static EXPORTER: Axolotl = Axolotl;

/// Configurations, and what each names of its files: `(configuration, of the run, files, of each data set)`.
const CONFIGURATIONS: [(&str, &str, &[&str], &str); 4] = [
    ("pretrain.yaml", "", &["pretrain.parquet"], "    type: completion\n    field: text\n"),
    (
        "sft.yaml",
        "chat_template: tokenizer_default\n",
        &["task.parquet", "instruct.parquet"],
        "    type: chat_template\n    field_messages: messages\n    field_tools: tools\n    roles_to_train: [assistant]\n",
    ),
    (
        "dpo.yaml",
        "rl: dpo\nchat_template: tokenizer_default\n",
        &["dpo.parquet"],
        "    type: chat_template.default\n    field_messages: messages\n    field_chosen: chosen\n    \
         field_rejected: rejected\n",
    ),
    ("kto.yaml", "rl: kto\n", &["kto.parquet"], "    type: chatml.argilla_chat\n"),
];

/// The columns of a file.
fn columns(file: &str) -> Vec<Field> {
    use sink::{list, messages, record, text};
    let said = |name: &str| record(name, vec![text("role"), text("content")]);
    match file {
        "pretrain.parquet" => vec![text("text")],
        "dpo.parquet" => vec![messages("messages"), said("chosen"), said("rejected")],
        "kto.parquet" => vec![messages("completion"), Field::new("label", DataType::Boolean, true)],
        _ => {
            let function = record("function", vec![text("name"), text("arguments")]);
            let calls = list("tool_calls", record("item", vec![text("id"), text("type"), function]));
            let texts = ["role", "content", "reasoning_content", "name"].map(text);
            let turn = texts.into_iter().chain([calls, text("tool_call_id")]).collect();
            vec![list("messages", record("item", turn)), text("tools")]
        }
    }
}

impl Exporter for Axolotl {
    fn name(&self) -> &'static str {
        "axolotl"
    }
    fn about(&self) -> &'static str {
        "axolotl: Parquet for completion, chat_template, DPO and KTO, with its YAML"
    }
    fn docs(&self) -> &'static str {
        module_docs(include_str!("axolotl.rs"))
    }
    fn trainer(&self) -> Option<&'static str> {
        Some("axolotl 0.19.0")
    }
    fn uses(&self) -> &'static [Use] {
        &Use::ALL
    }
    fn loses(&self, row: &Example<'_>) -> &'static [Part] {
        match row.content.usage() {
            Use::Pretrain => &[],
            Use::Task => &[Part::Choices],
            Use::Instruct => &[Part::Truth],
            Use::Rlhf => &[Part::Names, Part::Scores],
        }
    }
    fn file(&self, row: &Example<'_>) -> &'static str {
        match &row.content {
            Content::Pretrain { .. } => "pretrain.parquet",
            Content::Task(_) => "task.parquet",
            Content::Instruct { .. } => "instruct.parquet",
            Content::Rlhf(row) if row.completion.is_some() => "kto.parquet",
            Content::Rlhf(_) => "dpo.parquet",
        }
    }
    fn frame(&self, _file: &str) -> Frame {
        Frame::Table(columns)
    }
    fn check(&self, row: &Example<'_>) -> Result<(), Aside> {
        match &row.content {
            Content::Pretrain { .. } => Ok(()),
            Content::Task(task) => checks::task(task),
            Content::Instruct { messages, tools } => {
                checks::tools(tools.as_deref())?;
                checks::arguments(messages)?;
                checks::opens(messages)?;
                checks::answered(messages)
            }
            Content::Rlhf(pair) => {
                checks::no_tools(row)?;
                checks::opens(&pair.prompt)?;
                checks::preference(pair)?;
                let answers = [&pair.chosen, &pair.rejected, &pair.completion];
                answers.into_iter().flatten().try_for_each(|answer| checks::one_turn(answer))
            }
        }
    }
    fn write(&self, row: &Example<'_>, out: &mut Vec<u8>) {
        let mut object = Object::new(out);
        match &row.content {
            Content::Pretrain { text } => object.text("text", text),
            Content::Task(task) => {
                messages::list(&task_turns(task), Arguments::Text, object.key("messages"));
                object.text("tools", "[]");
            }
            Content::Instruct { messages, tools } => {
                messages::list(messages, Arguments::Text, object.key("messages"));
                object.text("tools", &messages::tool_text(tools.as_deref()));
            }
            Content::Rlhf(row) => match &row.completion {
                Some(completion) => {
                    let whole: Vec<Message<'_>> = row.prompt.iter().chain(completion).cloned().collect();
                    messages::plain(&whole, object.key("completion"));
                    object.flag("label", row.label == Some(true));
                }
                None => {
                    messages::plain(&row.prompt, object.key("messages"));
                    for (name, answer) in [("chosen", &row.chosen), ("rejected", &row.rejected)] {
                        if let Some([answer]) = answer.as_deref() {
                            let mut said = Object::new(object.key(name));
                            said.text("role", &answer.role);
                            said.text("content", &messages::thought(answer, &answer.content));
                            said.end();
                        }
                    }
                }
            },
        }
        object.end();
    }
    fn names_splits(&self) -> bool {
        true
    }
    fn beside(&self, files: &[Rows], _build: &serde_json::Value) -> Vec<(&'static str, String)> {
        let written = CONFIGURATIONS.iter().filter_map(|(name, run, reads, set)| {
            let of = |split: Split| -> String {
                let there = |file: &&&str| files.iter().any(|f| f.name == **file && f.split == split);
                let path = |file: &&str| match split {
                    Split::Train => (*file).to_owned(),
                    held => self.held_out(file, held),
                };
                let set =
                    |file: &&str| format!("  - path: {}\n    ds_type: parquet\n    split: train\n{set}", path(file));
                reads.iter().filter(there).map(set).collect()
            };
            let (sets, held) = (of(Split::Train), of(Split::Validation));
            let held = match held.is_empty() {
                true => held,
                false => format!("test_datasets:\n{held}eval_strategy: epoch\n"),
            };
            let stem = name.trim_end_matches(".yaml");
            let rest = format!(
                "sequence_len: 4096\nmicro_batch_size: 1\ngradient_accumulation_steps: 8\nnum_epochs: 1\n\
                 learning_rate: 0.00002\noutput_dir: out/{stem}\n"
            );
            (!sets.is_empty()).then(|| (*name, format!("base_model: MODEL\n{run}datasets:\n{sets}{held}{rest}")))
        });
        written.collect()
    }
    fn start(&self, folder: &str, files: &[&str], _held: Held<'_>) -> String {
        let train = |(name, _, reads, _): &(&str, &str, &[&str], &str)| {
            let there = reads.iter().any(|file| files.contains(file));
            there.then(|| format!("(cd {} && axolotl train {name})\n", quoted(folder)))
        };
        CONFIGURATIONS.iter().filter_map(train).collect()
    }
}
