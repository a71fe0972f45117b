//! Questions and answers: JSON lines of `{"question","answer"}`, the first exchange of a dialogue.
//!
//! # What it writes
//! `qa.jsonl`: the first turn of the user and the answer to it; of a task its input and output.
//!
//! # What is set aside
//! `export_no_turns`, `export_empty_turn`, `export_no_answer` (also where the first question is answered by a call of a
//! tool); of tasks `export_no_pair`.
//!
//! # Example
//! ```console
//! corpus export builds/mine --to qa
//! ```
//!
//! # Limits
//! All else of a row is lost, and counted.

use super::json::Object;
use super::{Aside, Example, Exporter, Held, Part, checks, module_docs};
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
            Content::Instruct { messages, .. } => {
                checks::turns(messages)?;
                checks::exchange(messages).map(|_| ())
            }
            Content::Pretrain { .. } | Content::Rlhf(_) => Err(Aside::new("export_no_turns", "no dialogue")),
        }
    }
    fn write(&self, row: &Example<'_>, out: &mut Vec<u8>) {
        let (question, answer) = match &row.content {
            Content::Task(task) => (task.input.as_deref(), task.output.as_deref()),
            Content::Instruct { messages, .. } => checks::exchange(messages).ok().unzip(),
            Content::Pretrain { .. } | Content::Rlhf(_) => (None, None),
        };
        let mut object = Object::new(out);
        object.text("question", question.unwrap_or_default());
        object.text("answer", answer.unwrap_or_default());
        object.end();
    }
    fn start(&self, folder: &str, files: &[&str], _held: Held<'_>) -> String {
        let quoted = |file: &&str| crate::text::shell::quoted(&format!("{folder}/{file}"));
        files.iter().map(|file| format!("my-trainer --data {}\n", quoted(file))).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use arrow::array::{Array, ArrayRef, ListArray, RecordBatch, StringArray, StructArray};
    use arrow::buffer::OffsetBuffer;
    use arrow::datatypes::Field;

    use super::super::folder::MANIFEST;
    use super::super::run::{Job, Table, export, survey};
    use super::*;
    use crate::rows::split::Split;

    /// A column of texts: those that stand at `at`.
    fn texts<const N: usize>(rows: &[[&str; N]], at: usize) -> ArrayRef {
        Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row[at])))
    }

    /// Rows as a build has them.
    fn table(path: &Path, usage: Use, columns: Vec<(&str, ArrayRef)>) -> Table {
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let file = std::fs::File::create(path).unwrap();
        let mut writer = parquet::arrow::ArrowWriter::try_new(file, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        Table { usage, split: Split::Train, files: vec![path.to_owned()] }
    }

    #[test]
    fn a_row_is_a_line_and_what_has_no_answer_is_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        let rows = [["a", "一加一？", "二"], ["b", "二加二？", ""], ["c", "三加三？", "六\n"]];
        let columns = vec![("id", texts(&rows, 0)), ("input", texts(&rows, 1)), ("output", texts(&rows, 2))];
        let tables = [table(&folder.path().join("rows.parquet"), Use::Task, columns)];
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

    #[test]
    fn the_answer_is_the_turn_behind_the_question() {
        let folder = tempfile::tempdir().unwrap();
        // Three rows: answered, answered by a call, and greeted by the assistant before the question.
        let turns = [
            ["user", "几点？", ""],
            ["assistant", "九点。", ""],
            ["user", "几点？", ""],
            ["assistant", "", r#"[{"name":"clock","arguments":{}}]"#],
            ["tool", "9:00", ""],
            ["assistant", "九点。", ""],
            ["assistant", "您好！", ""],
            ["user", "今天星期几？", ""],
            ["assistant", "星期一。", ""],
        ];
        let calls = StringArray::from_iter(turns.map(|turn| Some(turn[2]).filter(|calls| !calls.is_empty())));
        let calls: ArrayRef = Arc::new(crate::rows::calls::list(&calls, false));
        let field = |name: &str, column: &ArrayRef| Arc::new(Field::new(name, column.data_type().clone(), true));
        let parts = [("role", texts(&turns, 0)), ("content", texts(&turns, 1)), ("tool_calls", calls)];
        let turns = StructArray::from(parts.map(|(name, column)| (field(name, &column), column)).to_vec());
        let item = Arc::new(Field::new("item", turns.data_type().clone(), true));
        let messages = ListArray::new(item, OffsetBuffer::from_lengths([2, 4, 3]), Arc::new(turns), None);
        let columns = vec![("id", texts(&[["a"], ["b"], ["c"]], 0)), ("messages", Arc::new(messages) as ArrayRef)];
        let tables = [table(&folder.path().join("rows.parquet"), Use::Instruct, columns)];
        let job = Job { exporter: &EXPORTER, tables: &tables, batch: 2, stop: &|| false };
        let out = folder.path().join("out");
        let exported = export(&job, &out, &serde_json::Value::Null).unwrap();
        assert_eq!(exported.accounts[0].reasons["export_no_answer"], 1);
        let written = std::fs::read_to_string(out.join("qa.jsonl")).unwrap();
        let lines =
            [r#"{"question":"几点？","answer":"九点。"}"#, r#"{"question":"今天星期几？","answer":"星期一。"}"#];
        assert_eq!(written, lines.map(|line| format!("{line}\n")).concat());
        let dropped = std::fs::read_to_string(out.join("dropped/instruct.jsonl")).unwrap();
        assert!(dropped.contains("\"id\":\"b\""), "{dropped}");
    }
}
