//! Questions and answers: JSON lines of `{"question","answer"}`, the first exchange of a dialogue.
//!
//! # What it writes
//! `qa.jsonl`: the first turn of the user and the answer to it; of a task its input and output.
//!
//! # What is set aside
//! `export_no_turns`, `export_empty_turn`, `export_no_answer`; of tasks `export_no_pair`.
//!
//! # Example
//! ```console
//! corpus export builds/mine --to qa
//! ```
//!
//! # Limits
//! All else of a row is lost, and counted.

use super::json::Object;
use super::{Aside, Example, Exporter, Part, checks, module_docs};
use crate::rows::{Content, Use};

/// The exporter.
pub struct QuestionAnswer;

/// Its instance.
pub static EXPORTER: QuestionAnswer = QuestionAnswer;

impl Exporter for QuestionAnswer {
    fn name(&self) -> &'static str {
        "qa"
    }
    fn about(&self) -> &'static str {
        "questions and answers as JSON lines"
    }
    fn docs(&self) -> &'static str {
        module_docs(include_str!("exporter.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Task, Use::Instruct]
    }
    fn loses(&self, _row: &Example<'_>) -> &'static [Part] {
        &Part::ALL
    }
    fn file(&self, _row: &Example<'_>) -> &'static str {
        "qa.jsonl"
    }
    fn check(&self, row: &Example<'_>) -> Result<(), Aside> {
        match &row.content {
            Content::Task(task) => checks::task(task),
            Content::Instruct { messages, .. } => checks::answered(messages),
            Content::Pretrain { .. } | Content::Rlhf(_) => Err(Aside::new("export_no_turns", "no dialogue")),
        }
    }
    fn write(&self, row: &Example<'_>, out: &mut Vec<u8>) {
        let (question, answer) = match &row.content {
            Content::Task(task) => (task.input.as_deref(), task.output.as_deref()),
            Content::Instruct { messages, .. } => {
                let of = |role: &str| messages.iter().find(|m| m.role == role).map(|m| m.content.as_ref());
                (of("user"), of("assistant"))
            }
            Content::Pretrain { .. } | Content::Rlhf(_) => (None, None),
        };
        let mut object = Object::new(out);
        object.text("question", question.unwrap_or_default());
        object.text("answer", answer.unwrap_or_default());
        object.end();
    }
    fn start(&self, folder: &str, files: &[&str]) -> String {
        files.iter().map(|file| format!("my-trainer --data {folder}/{file}\n")).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use arrow::array::{ArrayRef, RecordBatch, StringArray};

    use super::super::folder::MANIFEST;
    use super::super::run::{Job, Table, export, survey};
    use super::*;

    /// Rows of tasks as a build has them: id, input, output.
    fn table(path: &Path, rows: &[[&str; 3]]) -> Table {
        let of = |at: usize| Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row[at]))) as ArrayRef;
        let batch = RecordBatch::try_from_iter([("id", of(0)), ("input", of(1)), ("output", of(2))]).unwrap();
        let file = std::fs::File::create(path).unwrap();
        let mut writer = parquet::arrow::ArrowWriter::try_new(file, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        Table { usage: Use::Task, files: vec![path.to_owned()] }
    }

    #[test]
    fn a_row_is_a_line_and_what_has_no_answer_is_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        let rows = [["a", "一加一？", "二"], ["b", "二加二？", ""], ["c", "三加三？", "六\n"]];
        let tables = [table(&folder.path().join("rows.parquet"), &rows)];
        let job = Job { exporter: &EXPORTER, tables: &tables, batch: 2, stop: &|| false };
        let out = folder.path().join("out");
        let exported = export(&job, &out, &serde_json::Value::Null).unwrap();
        let account = &exported.accounts[0];
        assert_eq!((account.read, account.written, account.reasons["export_no_pair"]), (3, 2, 1));
        assert_eq!(survey(&job).unwrap(), exported.accounts);
        let written = std::fs::read_to_string(out.join("qa.jsonl")).unwrap();
        let lines = [r#"{"question":"一加一？","answer":"二"}"#, r#"{"question":"三加三？","answer":"六\n"}"#];
        assert_eq!(written, lines.map(|line| format!("{line}\n")).concat());
        let dropped = std::fs::read_to_string(out.join("dropped/task.jsonl")).unwrap();
        assert!(dropped.contains("\"aside_reason\":\"export_no_pair\"") && dropped.contains("\"id\":\"b\""));
        assert!(out.join(MANIFEST).is_file());
    }
}
