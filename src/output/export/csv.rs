//! Tables as CSV (RFC 4180, UTF-8, a line of names first), for spreadsheets and for trainers that read no more.
//!
//! # What it writes
//! `pretrain.csv` (`id`, `source`, `text`), `task.csv` (`id`, `source`, `task`, `input`, `output`), `instruct.csv` (`id`,
//! `source`, `messages`, `tools`) and `rlhf.csv` (`id`, `source`, `prompt`, `chosen`, `rejected`, `completion`, `label`).
//! Messages are JSON text in OpenAI's form. A field that holds a comma, a quotation mark or the end of a line stands in
//! quotation marks; lines within it stay.
//!
//! # Example
//! ```console
//! corpus export builds/quickstart --to csv
//! ```
//!
//! # Limits
//! No row is set aside; choices, scores and what a program checks an answer against are lost, and counted. Other columns
//! of the build are left out: `jsonl` and `hf` have them.

use super::messages::{Arguments, list};
use super::{Aside, Example, Exporter, Frame, Held, Part, module_docs};
use crate::rows::{Content, Message, Use};

/// The exporter.
pub struct Csv;

/// Its instance.
pub static EXPORTER: Csv = Csv;

/// Appends a row.
fn row(fields: &[&str], out: &mut Vec<u8>) {
    for (at, field) in fields.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        if field.contains(['"', ',', '\n', '\r']) {
            out.extend_from_slice(format!("\"{}\"", field.replace('"', "\"\"")).as_bytes());
        } else {
            out.extend_from_slice(field.as_bytes());
        }
    }
}

/// Messages as JSON text; nothing where there are none.
fn json(messages: Option<&[Message<'_>]>) -> String {
    let mut out = Vec::new();
    if let Some(messages) = messages {
        list(messages, Arguments::Text, &mut out);
    }
    String::from_utf8_lossy(&out).into_owned()
}

impl Exporter for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }
    fn about(&self) -> &'static str {
        "tables as CSV, messages as JSON text"
    }
    fn docs(&self) -> &'static str {
        module_docs(include_str!("csv.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &Use::ALL
    }
    fn loses(&self, _row: &Example<'_>) -> &'static [Part] {
        &[Part::Choices, Part::Scores, Part::Truth]
    }
    fn file(&self, row: &Example<'_>) -> &'static str {
        match row.content.usage() {
            Use::Pretrain => "pretrain.csv",
            Use::Task => "task.csv",
            Use::Instruct => "instruct.csv",
            Use::Rlhf => "rlhf.csv",
        }
    }
    fn frame(&self, file: &str) -> Frame {
        let head = match file {
            "pretrain.csv" => "id,source,text\r\n",
            "task.csv" => "id,source,task,input,output\r\n",
            "instruct.csv" => "id,source,messages,tools\r\n",
            _ => "id,source,prompt,chosen,rejected,completion,label\r\n",
        };
        Frame::Around(head, "\r\n", "\r\n")
    }
    fn special(&self) -> bool {
        true
    }
    fn check(&self, _row: &Example<'_>) -> Result<(), Aside> {
        Ok(())
    }
    fn write(&self, example: &Example<'_>, out: &mut Vec<u8>) {
        let (id, source) = (example.id, example.source());
        match &example.content {
            Content::Pretrain { text } => row(&[id, source, text], out),
            Content::Task(task) => {
                let [name, input, output] = [&task.task, &task.input, &task.output].map(|t| t.as_deref().unwrap_or(""));
                row(&[id, source, name, input, output], out);
            }
            Content::Instruct { messages, tools } => {
                row(&[id, source, &json(Some(messages)), tools.as_deref().unwrap_or("")], out);
            }
            Content::Rlhf(pair) => {
                let label = pair.label.map_or("", |label| if label { "true" } else { "false" });
                let [chosen, rejected, completion] =
                    [&pair.chosen, &pair.rejected, &pair.completion].map(|answer| json(answer.as_deref()));
                row(&[id, source, &json(Some(&pair.prompt)), &chosen, &rejected, &completion, label], out);
            }
        }
    }
    fn start(&self, folder: &str, files: &[&str], _held: Held<'_>) -> String {
        let load = |file: &&str| format!("pandas.read_csv({})\n", serde_json::json!(format!("{folder}/{file}")));
        format!("import pandas\n{}", files.iter().map(load).collect::<String>())
    }
}
