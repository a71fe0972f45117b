//! A program of your own as a stage: rows go to it as JSON lines, and signals, texts or verdicts come back.
//!
//! # What it does
//! Starts `command` in the recipe's folder, one process a thread, writes each row as a line of JSON to its input, and
//! reads a line of JSON for each from its output, in the same order and with the same `id`:
//!
//! ```text
//! {"id": "a7", "language": "zh", "text": "…", "url": "…", "use": "pretrain"}
//! {"id": "a7", "score": 0.93}
//! ```
//!
//! A row has what it has in `data/`: `text`, or `input` and `output`, or `messages`, or `prompt`, `chosen` and `rejected`;
//! beside them `url`, `subset`, `language`, `meta`, and under `signals` what was measured before (but for a program that
//! rewrites, which sees what the source says alone). An answer may have
//!
//! - `signals`: those that the stage declares, each with its type (`number`, `integer`, `text`), `null` where a row has
//!   none. A `keep` and the output take them like any other.
//! - texts, with `rewrites = true`: the columns of text that it changes, as they came. It neither adds nor removes turns.
//! - a verdict, with `judges = true`: `keep`, true or false, and for a row that goes a `reason` (a word) and a `value`.
//!
//! `batch = 32` sends arrays of up to 32 rows, and expects an array of as many answers: for models that judge many rows
//! at a time. docs/command.md has programs in Python, and how a filter of datatrove becomes one.
//!
//! Another command, another file among its arguments or in `files`, another `version`: rows are measured again. So name
//! in `files` what the program reads, and in `version` what no file shows (a package, a service).
//!
//! # Example
//! ```toml
//! [[stage]]
//! run     = "command"
//! command = ["python3", "judge.py"]
//! signals = { score = "number", topic = "text" }
//! version = "1"
//!
//! [[stage]]
//! run   = "keep"
//! score = { min = 0.5 }
//! ```
//!
//! # Limits
//! The program has to answer each row by that row alone: which rows share a process or a batch differs from build to
//! build. It has your rights: `plan` and `build` name it before it runs (`plan` over its sample), `check` runs nothing, and
//! `--no-commands` refuses recipes that have one. Rows without text are not sent. A row without an id of its own has `#` and
//! a hash of its content as `id`. Signals are of the text as it came, and are not measured again where a stage behind
//! changes it. The text is written to the work folder once, so that no row is sent twice, unless a stage behind cuts text
//! out of it by looking at all rows. A process that ends or says nothing for `timeout` seconds is started again, with the
//! rows that it has not answered; where it fails at its first row, the build ends with an error, and what was finished
//! before stays.

mod pool;
mod process;
mod protocol;
mod work;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::judge::{Failure, Judge, JudgedRow, Verdict};
use super::resources::{Need, Resource, Wanted};
use super::{Column, Effect, Entry, Kind, Reads, RowWork, Stage, build};
use crate::rows::{self, Use};
use crate::{Error, Result};
use pool::Pool;
use process::Launch;
pub use protocol::SignalType;
use protocol::{Asks, REFUSED, is_word};
use work::Work;

/// Options of `command`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// The program and its arguments; paths are from the recipe's folder, in which it runs.
    pub command: Vec<String>,
    /// Files and globs that the program reads besides: another content measures everything again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// The version of what no file shows; another one measures everything again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The signals that it gives, with their types.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub signals: BTreeMap<String, SignalType>,
    /// Whether it gives texts back.
    #[serde(default)]
    pub rewrites: bool,
    /// Whether it says which rows stay.
    #[serde(default)]
    pub judges: bool,
    /// Rows that it gets as one array; where absent each is an object, on a line of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<u32>,
    /// Seconds that an answer may take, the start of the program among them.
    #[serde(default = "timeout")]
    pub timeout: u32,
    /// Processes at a time; as many as threads where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processes: Option<u32>,
}

fn timeout() -> u32 {
    120
}

/// The columns of its verdict.
const REASON: &str = "reason_key";
const VALUE: &str = "value_key";

impl Command {
    /// The options, if they can be meant.
    fn checked(self) -> Result<Self, String> {
        if self.command.first().is_none_or(String::is_empty) {
            return Err("`command` names no program; for example command = [\"python3\", \"judge.py\"]".into());
        }
        if self.signals.is_empty() && !self.rewrites && !self.judges {
            return Err(
                "nothing comes back from the program: give `signals`, `rewrites = true` or `judges = true`".into()
            );
        }
        for name in self.signals.keys() {
            if !is_word(name) || rows::column::is_hidden(name) {
                return Err(format!(
                    "`signals`: `{name}` cannot be a signal; it is a word of lower-case letters, digits and `_`, and neither `key` nor ends in `_key`"
                ));
            }
            if taken(name) {
                return Err(format!(
                    "`signals`: `{name}` is a column of rows, or a signal of another stage: choose another name"
                ));
            }
        }
        for (name, number) in [("batch", self.batch), ("timeout", Some(self.timeout)), ("processes", self.processes)] {
            if number == Some(0) {
                return Err(format!("`{name}` is 0; the least is 1"));
            }
        }
        Ok(self)
    }

    /// The columns of signals.
    fn signal_columns(&self) -> Vec<Column> {
        let kind = |of: SignalType| match of {
            SignalType::Number => Kind::Float,
            SignalType::Integer => Kind::Int,
            SignalType::Text => Kind::Text,
        };
        let column =
            |(name, of): (&String, &SignalType)| Column { name: name.clone().into(), ..Column::signal("", kind(*of)) };
        self.signals.iter().map(column).collect()
    }
}

/// Whether a name is one of a row, or of what another stage measures.
fn taken(name: &str) -> bool {
    const MORE: [&str; 7] = ["source", "use", "script", "language", "keep", "reason", "signals"];
    let content = Use::ALL.into_iter().flat_map(rows::content);
    let of_rows = rows::hidden().into_iter().chain(rows::common()).chain(content).any(|field| field.name() == name);
    let of_stages = super::ALL.iter().flat_map(|entry| entry.signals).any(|signal| signal.name == name);
    of_rows || of_stages || MORE.contains(&name) || name == rows::column::CLUSTER_SIZE
}

impl Stage for Command {
    fn columns(&self) -> Vec<Column> {
        let verdict = [Column::hidden(REASON, Kind::Text), Column::hidden(VALUE, Kind::Text)];
        self.signal_columns().into_iter().chain(verdict.into_iter().filter(|_| self.judges)).collect()
    }

    /// Not how long it may take, nor how many there are.
    fn hands_on(&self) -> bool {
        // A program that rewrites texts is told nothing that was measured.
        !self.rewrites
    }

    fn measured(&self, options: &Json) -> Json {
        let mut options = options.clone();
        if let Some(options) = options.as_object_mut() {
            options.remove("timeout");
            options.remove("processes");
        }
        options
    }

    fn effect(&self) -> Effect {
        if self.rewrites { Effect::Rewrites } else { Effect::None }
    }

    /// What it says of a text is dear: it is asked once, at its place.
    fn of_text(&self) -> bool {
        false
    }

    fn is_costly(&self) -> bool {
        true
    }

    fn needs(&self) -> Vec<Need> {
        let need = |option, name: &str, wanted| Need { option, name: name.to_owned(), wanted, for_rows: true };
        let folder = need("command", "", Wanted::RecipeFolder);
        // An option such as `-c` is no file, and a bare program is looked for in PATH.
        let named = self.command.iter().enumerate().filter(|(at, word)| match at {
            0 => word.contains('/'),
            _ => !word.is_empty() && !word.starts_with('-'),
        });
        let named = named.map(|(_, word)| need("command", word, Wanted::FileIfThere));
        let files = self.files.iter().map(|name| need("files", name, Wanted::Files));
        std::iter::once(folder).chain(named).chain(files).collect()
    }

    fn program(&self) -> Option<String> {
        Some(work::shown(&self.command))
    }

    fn names_rows(&self) -> bool {
        true
    }

    fn row_work(&self, files: &[Resource]) -> Result<Option<Box<dyn RowWork>>> {
        let folder = files.iter().find(|file| file.path.is_dir()).map(|file| file.path.clone());
        let folder = folder.ok_or_else(|| Error::Engine("`command` has no folder to run in".into()))?;
        Ok(Some(Box::new(self.work(folder))))
    }

    fn reads(&self) -> Option<Vec<Reads>> {
        self.judges.then(|| [REASON, VALUE].map(Reads::Own).to_vec())
    }

    fn judge(&self, _files: &[Resource]) -> Result<Option<Box<dyn Judge>>> {
        Ok(Some(Box::new(Verdicts)))
    }
}

impl Command {
    fn work(&self, folder: PathBuf) -> Work {
        let patience = Duration::from_secs(self.timeout.into());
        let launch = Launch { command: self.command.clone(), folder, patience };
        let signals = self.signals.iter().map(|(name, kind)| (name.clone(), *kind)).collect();
        Work {
            pool: Pool::of(launch.clone(), self.processes.map_or(usize::MAX, |n| n as usize)),
            launch,
            asks: Asks { signals, rewrites: self.rewrites, judges: self.judges },
            batch: self.batch.map(|n| n as usize),
            columns: self.signal_columns(),
        }
    }
}

/// What the program said is what becomes of the row.
struct Verdicts;

impl Judge for Verdicts {
    fn judge(&self, row: &JudgedRow<'_>) -> Option<Verdict> {
        let reason = row.text(0)?.to_owned();
        let value = row.text(1).unwrap_or_default().to_owned();
        Some(Failure { reason, value, limit: String::new() }.into())
    }
}

/// Why rows go, and what to do about it.
const REASONS: &[(&str, &str)] = &[(
    REFUSED,
    "The program of a `command` said `keep = false` and gave no reason. Have it say one: \"reason\": \"a_word\"",
)];

/// The entry of this stage.
pub const ENTRY: Entry = Entry::new(
    "command",
    "measure",
    "a program of your own: rows as JSON lines, back come signals, texts or verdicts",
    include_str!("mod.rs"),
    || schemars::schema_for!(Command),
    |json| build(json, Command::checked),
)
.reasons(REASONS);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn options_are_checked() {
        let wrong = |more: Json| {
            let mut options = json!({"command": ["python3", "a.py"], "signals": {"score": "number"}});
            more.as_object().unwrap().iter().for_each(|(key, value)| options[key] = value.clone());
            (ENTRY.build)(options).err()
        };
        assert_eq!(wrong(json!({})), None);
        assert!(wrong(json!({"command": []})).unwrap().contains("names no program"));
        assert!(wrong(json!({"signals": {}})).unwrap().contains("nothing comes back"));
        assert_eq!(wrong(json!({"signals": {}, "judges": true})), None);
        assert!(wrong(json!({"signals": {"Score": "number"}})).unwrap().contains("`Score` cannot be a signal"));
        assert!(wrong(json!({"signals": {"a_key": "number"}})).unwrap().contains("_key"));
        for name in ["text", "chars", "id", "messages", "language"] {
            assert!(wrong(json!({"signals": {name: "number"}})).unwrap().contains("another name"), "{name}");
        }
        assert!(wrong(json!({"signals": {"score": "float"}})).unwrap().contains("number"));
        assert!(wrong(json!({"timeout": 0})).unwrap().contains("`timeout` is 0"));
    }

    #[test]
    fn files_among_the_arguments_are_resources() {
        let (stage, options) =
            (ENTRY.build)(json!({"command": ["python3", "-u", "a.py", "w.txt"], "files": ["m/*.py"],
            "judges": true, "timeout": 5}))
            .unwrap();
        let needs: Vec<_> = stage.needs().into_iter().map(|n| (n.name, n.wanted, n.for_rows)).collect();
        assert_eq!(
            needs,
            [
                (String::new(), Wanted::RecipeFolder, true),
                ("a.py".into(), Wanted::FileIfThere, true),
                ("w.txt".into(), Wanted::FileIfThere, true),
                ("m/*.py".into(), Wanted::Files, true)
            ]
        );
        assert_eq!(stage.measured(&options).get("timeout"), None);
        assert_eq!(stage.columns().iter().map(|c| c.name.as_ref()).collect::<Vec<_>>(), [REASON, VALUE]);
    }
}
