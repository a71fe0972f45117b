//! The row-wise work of the stage: rows to the program, answers back, a process that fails started again once.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, StringBuilder};
use serde_json::Value as Json;

use super::pool::{Lent, Pool};
use super::process::{Fault, Launch};
use super::protocol::{self, Answer, Asks, Question, Wrong, head};
use crate::rows::batch::Batch;
use crate::stages::{Column, RowContext, RowWork, Worked, columns_of};
use crate::text::shell;
use crate::{Error, Result};

/// The work of one thread.
pub struct Work {
    /// How the program is started.
    pub launch: Launch,
    /// Its processes.
    pub pool: Arc<Pool>,
    /// What it answers.
    pub asks: Asks,
    /// Rows that it gets as one array; none where each is a line of its own.
    pub batch: Option<usize>,
    /// The columns of signals.
    pub columns: Vec<Column>,
}

impl RowWork for Work {
    fn run(&mut self, batch: &mut Batch<'_>, context: &RowContext<'_>) -> Result<Worked> {
        // Where texts alone are read again nothing is measured: what a text becomes must not depend on it.
        let questions = protocol::questions(batch, context, !self.asks.rewrites);
        let answers = if questions.is_empty() { Vec::new() } else { self.ask(batch, context, &questions)? };
        let mut of_row: Vec<Option<Answer>> = std::iter::repeat_with(|| None).take(context.rows).collect();
        for (question, answer) in questions.iter().zip(answers) {
            of_row[question.row] = Some(answer);
        }
        if self.asks.rewrites {
            rewrite(batch, &of_row);
        }
        if !context.columns {
            return Ok(Worked::default());
        }
        let values = of_row.iter_mut().map(|a| a.as_mut().map_or(Vec::new(), |a| std::mem::take(&mut a.values)));
        let mut columns = columns_of(&self.columns, values);
        if self.asks.judges {
            columns.extend(verdicts(&of_row));
        }
        Ok(Worked { columns, stop: None })
    }
}

/// Puts changed texts in their places.
fn rewrite(batch: &mut Batch<'_>, of_row: &[Option<Answer>]) {
    let mut next = vec![0; of_row.len()];
    batch.change(|row, text| {
        let changed = of_row[row].as_ref().and_then(|a| a.texts.as_ref()).and_then(|texts| texts.get(next[row]));
        next[row] += 1;
        changed.map_or_else(|| text.into(), |changed| changed.clone().into())
    });
}

/// The columns of the verdict: the reason, and the value.
fn verdicts(of_row: &[Option<Answer>]) -> [ArrayRef; 2] {
    let (mut reasons, mut values) = (StringBuilder::new(), StringBuilder::new());
    for answer in of_row {
        let dropped = answer.as_ref().and_then(|a| a.dropped.as_ref());
        reasons.append_option(dropped.map(|d| d.0.as_str()));
        values.append_option(dropped.and_then(|d| d.1.as_deref()));
    }
    [Arc::new(reasons.finish()), Arc::new(values.finish())]
}

impl Work {
    /// Puts all questions to a process, and reads its answers. A process that fails is started again, and asked what is
    /// not answered yet; one that fails at its first question will fail again.
    fn ask(&self, batch: &Batch<'_>, context: &RowContext<'_>, questions: &[Question]) -> Result<Vec<Answer>> {
        let groups = self.groups(questions.len());
        let mut lent = self.pool.lend().map_err(|e| self.unstartable(&e))?;
        let mut answers = Vec::with_capacity(questions.len());
        let mut at = 0;
        let mut asked = false;
        while let Some(group) = groups.get(at) {
            if !asked {
                let mut bytes = Vec::new();
                groups[at..].iter().for_each(|group| self.line(&questions[group.clone()], &mut bytes));
                self.process(&mut lent)?.send(bytes);
                asked = true;
            }
            match self.process(&mut lent)?.answer() {
                Ok(line) => {
                    let questions = &questions[group.clone()];
                    self.read(&line, questions, batch, &mut answers).map_err(|(question, wrong)| {
                        self.failed(&mut lent, context, &questions[question], &wrong.what, wrong.cure)
                    })?;
                    at += 1;
                }
                Err(fault) => {
                    if self.process(&mut lent)?.answered() == 0 {
                        let (what, cure) = self.explained(&fault);
                        return Err(self.failed(&mut lent, context, &questions[group.start], &what, cure));
                    }
                    lent.restart().map_err(|e| self.unstartable(&e))?;
                    asked = false;
                }
            }
        }
        if let (Some(line), Some(last)) = (self.process(&mut lent)?.unasked(), questions.last()) {
            let what = format!("it writes on where all rows are answered: {}", head(&line));
            return Err(self.failed(&mut lent, context, last, &what, ONE_EACH.to_owned()));
        }
        lent.give_back();
        Ok(answers)
    }

    /// The rows of each line.
    fn groups(&self, rows: usize) -> Vec<Range<usize>> {
        let size = self.batch.unwrap_or(1).max(1);
        (0..rows).step_by(size).map(|start| start..(start + size).min(rows)).collect()
    }

    /// The line that asks for some rows.
    fn line(&self, questions: &[Question], bytes: &mut Vec<u8>) {
        if self.batch.is_some() {
            bytes.push(b'[');
        }
        for (at, question) in questions.iter().enumerate() {
            if at > 0 {
                bytes.push(b',');
            }
            // Writing JSON into memory does not fail.
            let _ = serde_json::to_writer(&mut *bytes, &question.object);
        }
        if self.batch.is_some() {
            bytes.push(b']');
        }
        bytes.push(b'\n');
    }

    /// Reads a line of answers; the place of the row whose answer is wrong.
    fn read(
        &self,
        line: &[u8],
        questions: &[Question],
        batch: &Batch<'_>,
        into: &mut Vec<Answer>,
    ) -> Result<(), (usize, Wrong)> {
        let json: Json = serde_json::from_slice(line).map_err(|error| {
            let what = format!("the answer is no JSON ({error}): {}", head(line));
            (0, Wrong { what, cure: NO_JSON.to_owned() })
        })?;
        let list =
            if self.batch.is_none() { std::slice::from_ref(&json) } else { json.as_array().map_or(&[][..], |l| l) };
        if list.len() != questions.len() {
            let what = match json.as_array() {
                Some(_) => format!("{} rows got {} answers", questions.len(), list.len()),
                None => format!("the answer to an array is no array: {}", head(line)),
            };
            return Err((0, Wrong { what, cure: "a line with an array of rows is answered by a line with an array of as many answers, in the same order".to_owned() }));
        }
        for (at, (answer, question)) in list.iter().zip(questions).enumerate() {
            into.push(self.asks.read(answer, question, batch.usage()).map_err(|wrong| (at, wrong))?);
        }
        Ok(())
    }

    fn process<'l>(&self, lent: &'l mut Lent<'_>) -> Result<&'l mut super::process::Process> {
        lent.process().map_err(|e| self.unstartable(&e))
    }

    /// The command as a shell would read it.
    fn shown(&self) -> String {
        shown(&self.launch.command)
    }

    fn unstartable(&self, error: &io::Error) -> Error {
        let program = self.launch.command.first().map_or("", String::as_str);
        Error::input(
            format!("command `{}` cannot be started in {}: {error}", self.shown(), self.launch.folder.display()),
            format!(
                "`{program}` is looked for in PATH, or from the recipe's folder where it has a `/`; it has to be executable"
            ),
        )
    }

    /// What a fault means, and the cure.
    fn explained(&self, fault: &Fault) -> (String, String) {
        let seconds = self.launch.patience.as_secs();
        match fault {
            Fault::Ended(how) => (
                format!("it ended without an answer ({how})"),
                "run it by hand with one line of JSON on its input; it has to answer until its input ends".to_owned(),
            ),
            Fault::Silent => (
                format!("no answer within {seconds} seconds"),
                "let it write every answer at once (in Python `print(…, flush=True)`), before it reads the next row; raise `timeout` if a row takes longer".to_owned(),
            ),
        }
    }

    /// The error of a row: the command, the row, what is wrong, what the program last said on stderr.
    fn failed(
        &self,
        lent: &mut Lent<'_>,
        context: &RowContext<'_>,
        question: &Question,
        what: &str,
        cure: String,
    ) -> Error {
        let words = lent.process().map(|p| p.last_words()).unwrap_or_default();
        let mut message =
            format!("command `{}`: {}: row `{}`: {what}", self.shown(), context.place(question.row), question.id);
        if !words.is_empty() {
            message += "\nthe end of what it wrote to stderr:";
            words.lines().for_each(|line| message += &format!("\n  {line}"));
        }
        Error::input(message, cure)
    }
}

/// A command as a shell would read it.
pub fn shown(command: &[String]) -> String {
    command.iter().map(|word| shell::quoted(word)).collect::<Vec<_>>().join(" ")
}

const ONE_EACH: &str = "it has to answer each row once, a line each; what else it has to say goes to stderr";
const NO_JSON: &str =
    "each line of its output is one JSON value; what else it has to say goes to stderr, and NaN is `null`";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use arrow::array::{StringArray, UInt64Array};

    use super::*;
    use crate::rows::Use;
    use crate::stages::Kind;
    use crate::stages::command::protocol::SignalType;

    /// Runs a script over texts; the texts that come out, and the columns.
    fn run(script: &str, asks: Asks, batch: Option<usize>, texts: &[&str]) -> Result<(Vec<String>, Vec<ArrayRef>)> {
        let command = ["sh", "-c", script].map(str::to_owned).to_vec();
        let launch = Launch { command, folder: std::env::temp_dir(), patience: Duration::from_secs(2) };
        let columns = asks.signals.iter().map(|_| Column::signal("n", Kind::Int)).collect();
        let mut work = Work { pool: Pool::of(launch.clone(), 9), launch, asks, batch, columns };
        let content: Vec<ArrayRef> = vec![Arc::new(StringArray::from(texts.to_vec()))];
        let mut rows = Batch::new(Use::Pretrain, &content, texts.len())?;
        let ids: Vec<String> = (0..texts.len()).map(|n| n.to_string()).collect();
        let none = || Arc::new(StringArray::new_null(texts.len())) as ArrayRef;
        let number = |from: u64| Arc::new(UInt64Array::from_iter_values(from..from + texts.len() as u64)) as ArrayRef;
        let common = [Arc::new(StringArray::from(ids)), none(), none(), none(), none(), number(3 << 32), number(0)];
        let places = [(3, "in.jsonl".to_owned())];
        let context = RowContext {
            rows: texts.len(),
            common: &common,
            applies: None,
            columns: true,
            cuts: None,
            measured: &[],
            places: &places,
        };
        let worked = work.run(&mut rows, &context)?;
        let mut found = Vec::new();
        let mut texts_of = Vec::new();
        for row in 0..texts.len() {
            rows.texts(row, &mut found);
            texts_of.push(found.concat());
        }
        Ok((texts_of, worked.columns))
    }

    fn error(script: &str, batch: Option<usize>, texts: &[&str]) -> (String, String) {
        let error = run(script, Asks { rewrites: true, ..Asks::default() }, batch, texts).err().unwrap();
        (error.to_string(), error.hint().unwrap_or_default().to_owned())
    }

    #[test]
    fn rows_come_back_rewritten() {
        let asks = || Asks { rewrites: true, ..Asks::default() };
        let (texts, _) = run("sed -u s/猫/狗/", asks(), None, &["一只猫", "鸟"]).unwrap();
        assert_eq!(texts, ["一只狗", "鸟"]);
        let (texts, _) = run("sed -u s/猫/狗/g", asks(), Some(2), &["猫", "鸟", "小猫"]).unwrap();
        assert_eq!(texts, ["狗", "鸟", "小狗"]);
    }

    #[test]
    fn a_process_that_dies_on_the_way_is_started_again() {
        let script = r#"for n in 1 2; do read -r line || exit 0; echo "$line"; done; exit 9"#;
        let (texts, _) = run(script, Asks::default(), None, &["a", "b", "c", "d", "e"]).unwrap();
        assert_eq!(texts, ["a", "b", "c", "d", "e"]);
    }

    #[test]
    fn a_row_at_which_it_dies_twice_is_named() {
        let script = r#"while read -r line; do case "$line" in *bad*) echo 'cannot do this' >&2; exit 4;; esac; echo "$line"; done"#;
        let (said, cure) = error(script, None, &["a", "b", "bad", "d"]);
        for part in ["command `sh -c ", "in.jsonl: line 3: row `2`", "exit status: 4", "cannot do this"] {
            assert!(said.contains(part), "{said}");
        }
        assert!(cure.contains("by hand"), "{cure}");
    }

    #[test]
    fn what_a_program_may_do_wrong_is_an_error_with_its_cure() {
        for (script, batch, what, cures) in [
            ("while read -r line; do echo hello; done", None, "no JSON", "stderr"),
            ("sleep 30", None, "no answer within 2 seconds", "flush=True"),
            ("read -r a; read -r b; echo \"$b\"", None, "for the row \"1\"", "repeat the row's `id`"),
            ("while read -r a; do echo \"$a\"; echo \"$a\"; done", None, "for the row \"0\"", "in the order"),
            ("while read -r a; do echo '[]'; done", Some(2), "2 rows got 0 answers", "as many answers"),
            ("while read -r a; do echo '{}'; done", Some(2), "is no array", "as many answers"),
            ("exec ./none-such", None, "exit status", "by hand"),
        ] {
            let (said, cure) = error(script, batch, &["a", "b", "c"]);
            assert!(said.contains(what) && said.contains("in.jsonl: line "), "{script}: {said}");
            assert!(cure.contains(cures), "{script}: {cure}");
        }
    }

    #[test]
    fn signals_and_verdicts_are_columns() {
        let signals = vec![("n".to_owned(), SignalType::Integer)];
        let asks = Asks { signals, rewrites: false, judges: true };
        let script = r#"while read -r line; do
            case "$line" in *bad*) say='"keep":false,"reason":"sad","value":7';; *) say='"keep":true';; esac
            id=${line#*'"id":'}; echo "{\"id\":${id%%,*},\"n\":2,$say}"; done"#;
        let (_, columns) = run(script, asks, None, &["good", "bad"]).unwrap();
        let shown = |at: usize| format!("{:?}", columns[at]);
        assert_eq!(columns.len(), 3);
        assert!(shown(0).contains('2') && shown(1).contains("sad") && shown(2).contains('7'), "{columns:?}");
    }
}
