//! LLaMA-Factory's layouts (0.9): running text, ShareGPT dialogues with tools, ranked pairs and KTO, with the
//! `dataset_info.json` that names them.
//!
//! # What it writes
//! JSON lines, each file with the same keys on every line, all of them texts or lists of texts, so that `datasets` reads
//! every block of a file alike:
//!
//! - `pretrain.jsonl` (`corpus_pt`): `{"text"}`
//! - `task.jsonl`, `instruct.jsonl` (`corpus_task`, `corpus_sft`): `{"conversations":[{"from","value"}],"system","tools"}`
//! - `ranking.jsonl` (`corpus_dpo`): `conversations` that end on `human`, `system`, and `chosen`, `rejected` as one
//!   object each
//! - `kto.jsonl` (`corpus_kto`): `conversations` with the answer, `system`, and `label`
//!
//! The roles are `human`, `gpt`, `function_call`, `observation`; a system turn is the column `system`. Calls are JSON
//! text with `name` and `arguments` as an object. What the assistant thought stands in front of its answer, between
//! `<think>` and `</think>`. `dataset_info.json` lists all columns and tags, since the defaults vanish where one is
//! named.
//!
//! # What is set aside
//! What LLaMA-Factory empties without a word: `export_not_alternating` (`human` or `observation` and `gpt` or
//! `function_call` do not take turns; also two results of tools in a row), `export_no_turns`, `export_empty_turn`,
//! `export_no_answer`, `export_no_prompt`, `export_tools_no_list`, `export_arguments` (of a call, no JSON object); of
//! tasks `export_no_pair`; of pairs `export_equal_answers`, `export_several_turns`, `export_unpaired`.
//!
//! # Example
//! ```console
//! corpus export builds/quickstart --to llama_factory
//! ```
//!
//! # Limits
//! Text beside calls has no place in a `function_call`. It, names, scores, choices and what a
//! program checks an answer against are lost, and counted.

use super::example::task_turns;
use super::json::{self, Object};
use super::{Aside, Example, Exporter, Held, Part, Rows, checks, messages, module_docs};
use crate::rows::split::Split;
use crate::rows::{Content, Message, Preference, Use};

/// The exporter.
pub struct LlamaFactory;

/// Its instance.
pub static EXPORTER: LlamaFactory = LlamaFactory;

/// Files of rows, the names of their entries, and the stage of training that reads them.
const FILES: [(&str, &str, &str); 5] = [
    ("pretrain.jsonl", "corpus_pt", "pt"),
    ("task.jsonl", "corpus_task", "sft"),
    ("instruct.jsonl", "corpus_sft", "sft"),
    ("ranking.jsonl", "corpus_dpo", "dpo"),
    ("kto.jsonl", "corpus_kto", "kto"),
];

impl Exporter for LlamaFactory {
    fn name(&self) -> &'static str {
        "llama_factory"
    }
    fn about(&self) -> &'static str {
        "LLaMA-Factory: text, ShareGPT with tools, ranking and KTO, with dataset_info.json"
    }
    fn docs(&self) -> &'static str {
        module_docs(include_str!("llama_factory.rs"))
    }
    fn trainer(&self) -> Option<&'static str> {
        Some("LLaMA-Factory 0.9.5")
    }
    fn uses(&self) -> &'static [Use] {
        &Use::ALL
    }
    fn loses(&self, row: &Example<'_>) -> &'static [Part] {
        match row.content.usage() {
            Use::Pretrain => &[],
            Use::Task => &[Part::Choices],
            Use::Instruct => &[Part::Beside, Part::Names, Part::Truth],
            Use::Rlhf => &[Part::Names, Part::Scores],
        }
    }
    fn file(&self, row: &Example<'_>) -> &'static str {
        match &row.content {
            Content::Pretrain { .. } => "pretrain.jsonl",
            Content::Task(_) => "task.jsonl",
            Content::Instruct { .. } => "instruct.jsonl",
            Content::Rlhf(row) if row.completion.is_some() => "kto.jsonl",
            Content::Rlhf(_) => "ranking.jsonl",
        }
    }
    fn check(&self, row: &Example<'_>) -> Result<(), Aside> {
        match &row.content {
            Content::Pretrain { .. } => Ok(()),
            Content::Task(task) => checks::task(task),
            Content::Instruct { messages, tools } => {
                checks::tools(tools.as_deref())?;
                checks::answered(messages)?;
                dialogue(messages)
            }
            Content::Rlhf(row) => pair(row),
        }
    }
    fn write(&self, row: &Example<'_>, out: &mut Vec<u8>) {
        let mut object = Object::new(out);
        match &row.content {
            Content::Pretrain { text } => object.text("text", text),
            Content::Task(task) => {
                conversations(&task_turns(task), &mut object);
                object.text("tools", "");
            }
            Content::Instruct { messages, tools } => {
                conversations(messages, &mut object);
                object.text("tools", tools.as_deref().unwrap_or_default());
            }
            Content::Rlhf(row) => match &row.completion {
                Some(completion) => {
                    let whole: Vec<Message<'_>> = row.prompt.iter().chain(completion).cloned().collect();
                    conversations(&whole, &mut object);
                    object.flag("label", row.label == Some(true));
                }
                None => {
                    conversations(&row.prompt, &mut object);
                    for (name, answer) in [("chosen", &row.chosen), ("rejected", &row.rejected)] {
                        if let Some([answer]) = answer.as_deref() {
                            turn(answer, object.key(name));
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
        let mut out = Vec::new();
        out.extend_from_slice(b"{\n");
        let of = |file: &(&str, &str, &'static str)| {
            let (file, name, stage) = *file;
            let mine = files.iter().filter(move |rows| rows.name == file);
            let named = |split: Split| match split {
                Split::Train => (file.to_owned(), name.to_owned()),
                held => (self.held_out(file, held), format!("{name}_{held}")),
            };
            mine.map(move |rows| (named(rows.split), stage)).collect::<Vec<_>>()
        };
        for (at, ((file, name), stage)) in FILES.iter().flat_map(of).enumerate() {
            out.extend_from_slice(if at == 0 { b"  " } else { b",\n  " });
            json::text(&name, &mut out);
            out.extend_from_slice(b": ");
            entry(&file, stage, &mut out);
        }
        out.extend_from_slice(b"\n}\n");
        vec![("dataset_info.json", String::from_utf8_lossy(&out).into_owned())]
    }
    fn start(&self, folder: &str, files: &[&str], held: Held<'_>) -> String {
        let folder = crate::text::shell::quoted(folder);
        let train = |(file, name, stage): &(&str, &str, &str)| {
            let held = held.validation(self, file).map_or(String::new(), |_| {
                format!(" --eval_dataset {name}_{} --eval_strategy epoch", Split::Validation)
            });
            format!(
                "llamafactory-cli train --stage {stage} --do_train --model_name_or_path MODEL --template TEMPLATE \
                 --finetuning_type lora --dataset_dir {folder} --dataset {name}{held} --output_dir saves/{name}\n"
            )
        };
        FILES.iter().filter(|f| files.contains(&f.0)).map(train).collect()
    }
}

/// The description of a file in `dataset_info.json`, on one line.
fn entry(file: &str, stage: &str, out: &mut Vec<u8>) {
    let mut entry = Object::new(out);
    entry.text("file_name", file);
    if stage == "pt" {
        let mut columns = Object::new(entry.key("columns"));
        columns.text("prompt", "text");
        columns.end();
        return entry.end();
    }
    entry.text("formatting", "sharegpt");
    if stage == "dpo" {
        entry.flag("ranking", true);
    }
    let more: &[(&str, &str)] = match stage {
        "dpo" => &[("chosen", "chosen"), ("rejected", "rejected")],
        "kto" => &[("kto_tag", "label")],
        _ => &[("tools", "tools")],
    };
    let mut columns = Object::new(entry.key("columns"));
    columns.text("messages", "conversations");
    columns.text("system", "system");
    more.iter().for_each(|(key, column)| columns.text(key, column));
    columns.end();
    let mut tags = Object::new(entry.key("tags"));
    tags.text("role_tag", "from");
    tags.text("content_tag", "value");
    tags.text("user_tag", "human");
    tags.text("assistant_tag", "gpt");
    tags.text("observation_tag", "observation");
    tags.text("function_tag", "function_call");
    tags.text("system_tag", "system");
    tags.end();
    entry.end();
}

/// The turns behind a system turn at the start.
fn spoken<'m, 'a>(messages: &'m [Message<'a>]) -> (&'m str, &'m [Message<'a>]) {
    match messages.split_first() {
        Some((first, rest)) if first.role == "system" => (&first.content, rest),
        _ => ("", messages),
    }
}

/// Asking and answering turns take turns, beginning with one that asks; calls have objects as arguments.
fn dialogue(messages: &[Message<'_>]) -> Result<(), Aside> {
    let (_, turns) = spoken(messages);
    // Turns are counted from 1, with that of the system.
    let first = messages.len() - turns.len() + 1;
    for (at, message) in turns.iter().enumerate() {
        let wanted: &[&str] = if at % 2 == 0 { &["user", "tool"] } else { &["assistant"] };
        if !wanted.contains(&message.role.as_ref()) {
            let detail = format!("turn {} is of {}", at + first, message.role);
            return Err(Aside::new("export_not_alternating", detail));
        }
        if let Some(calls) = &message.tool_calls
            && called(calls).is_none()
        {
            return Err(Aside::new("export_arguments", format!("a call in turn {} has no JSON object", at + first)));
        }
    }
    Ok(())
}

/// A pair, or a labelled answer, to a prompt that asks.
fn pair(row: &Preference<'_>) -> Result<(), Aside> {
    checks::prompt(&row.prompt)?;
    dialogue(&row.prompt)?;
    if let Some(completion) = &row.completion {
        if row.label.is_none() {
            return Err(Aside::new("export_unpaired", "an answer without a label"));
        }
        checks::answered(completion)?;
        return checks::one_turn(completion);
    }
    let (chosen, rejected) = checks::pair(row)?;
    checks::one_turn(chosen)?;
    checks::one_turn(rejected)
}

/// Calls as LLaMA-Factory reads them: `{"name","arguments":{…}}`, or a list of them; `None` where arguments are no
/// object.
fn called(calls: &str) -> Option<String> {
    let mut out = Vec::new();
    match messages::functions(calls)?.as_slice() {
        [call] => call.write(&mut out),
        calls => json::list(calls, &mut out, |call, out| call.write(out)),
    }
    String::from_utf8(out).ok()
}

/// Appends `conversations` and `system`.
fn conversations(messages: &[Message<'_>], object: &mut Object<'_>) {
    let (system, turns) = spoken(messages);
    json::list(turns, object.key("conversations"), turn);
    object.text("system", system);
}

fn turn(message: &Message<'_>, out: &mut Vec<u8>) {
    let calls = message.tool_calls.as_deref().and_then(called);
    let from = match (message.role.as_ref(), &calls) {
        ("user", _) => "human",
        ("tool", _) => "observation",
        (_, Some(_)) => "function_call",
        (_, None) => "gpt",
    };
    let value = calls.as_deref().unwrap_or(&message.content);
    let mut object = Object::new(out);
    object.text("from", from);
    object.text("value", &messages::thought(message, value));
    object.end();
}
