//! Plain rows as JSON lines: every column of `data/`, an object a line, for a script or a trainer with a reader of its own.
//!
//! # What it writes
//! A file a use: `pretrain.jsonl`, `task.jsonl`, `instruct.jsonl`, `rlhf.jsonl`. Every line has every column of the
//! table in its order, with null where there is no value, since readers take the columns from the first lines. Inside
//! messages, fields without a value and empty lists of calls are left out, since templates ask whether they are there.
//! `meta`, `tools` and the arguments of calls stay JSON text.
//!
//! # Example
//! ```console
//! corpus export builds/quickstart --to jsonl
//! ```
//!
//! # Limits
//! Nothing is lost and no row is set aside. One file a use, of any size. `datasets` settles the types of columns by the
//! first 10 MB of a file, and refuses one in which the first value of a column comes later: give it the Parquet of
//! `data/`, which has its types.

use super::json::Object;
use super::{Aside, Example, Exporter, Held, Part, module_docs};
use crate::rows::Use;

/// The exporter.
pub struct Jsonl;

/// Its instance.
pub static EXPORTER: Jsonl = Jsonl;

impl Exporter for Jsonl {
    fn name(&self) -> &'static str {
        "jsonl"
    }
    fn about(&self) -> &'static str {
        "plain rows: every column, an object a line"
    }
    fn docs(&self) -> &'static str {
        module_docs(include_str!("jsonl.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &Use::ALL
    }
    fn loses(&self, _row: &Example<'_>) -> &'static [Part] {
        &[]
    }
    fn file(&self, row: &Example<'_>) -> &'static str {
        match row.content.usage() {
            Use::Pretrain => "pretrain.jsonl",
            Use::Task => "task.jsonl",
            Use::Instruct => "instruct.jsonl",
            Use::Rlhf => "rlhf.jsonl",
        }
    }
    fn special(&self) -> bool {
        true
    }
    fn check(&self, _row: &Example<'_>) -> Result<(), Aside> {
        Ok(())
    }
    fn write(&self, row: &Example<'_>, out: &mut Vec<u8>) {
        let mut object = Object::new(out);
        row.columns(&mut object);
        object.end();
    }
    fn start(&self, folder: &str, files: &[&str], _held: Held<'_>) -> String {
        let load = |file: &&str| {
            format!(
                "load_dataset(\"json\", data_files={}, split=\"train\")\n",
                serde_json::json!(format!("{folder}/{file}"))
            )
        };
        format!("from datasets import load_dataset\n{}", files.iter().map(load).collect::<String>())
    }
}
