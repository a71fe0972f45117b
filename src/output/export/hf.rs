//! A folder for `datasets` and the Hugging Face hub: the build's Parquet in shards with the names of splits, and a
//! `README.md` whose YAML declares a configuration a use.
//!
//! # What it writes
//! `data/USE/train-00000-of-0000N.parquet`, of about 400 MB each: every column and row of `data/` with its type, without
//! the rows that were dropped and the account of the build. `README.md` names the configurations (`pretrain`, `task`,
//! `instruct`, `rlhf`; the first is the default), their splits with their rows (`train`, and `validation` and `test` where
//! the build has them: `data/USE/validation-…`), the category of its size, and the recipe.
//!
//! # Example
//! ```console
//! corpus export builds/quickstart --to hf
//! ```
//!
//! # Limits
//! Nothing is lost and no row is set aside. The licence of the whole is for its owner to state: each row has its own in
//! `license`. What stands in a trainer's way is not looked for: layouts of trainers do that.

use std::fmt::Write as _;

use super::{Aside, Example, Exporter, Frame, Held, Part, Rows, module_docs};
use crate::rows::Use;
use crate::rows::split::Split;

/// The exporter.
pub struct Hf;

/// Its instance.
pub static EXPORTER: Hf = Hf;

/// Shards without their numbers.
const FILES: [(Use, &str); 4] = [
    (Use::Pretrain, "data/pretrain/train"),
    (Use::Task, "data/task/train"),
    (Use::Instruct, "data/instruct/train"),
    (Use::Rlhf, "data/rlhf/train"),
];

/// The hub's words for numbers of rows below these.
const SIZES: [(u64, &str); 9] = [
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
    (100_000_000, "10M<n<100M"),
    (1_000_000_000, "100M<n<1B"),
    (10_000_000_000, "1B<n<10B"),
    (100_000_000_000, "10B<n<100B"),
];

/// The use of a file.
fn usage(file: &str) -> &'static str {
    FILES.iter().find(|f| f.1 == file).map_or("", |f| f.0.as_str())
}

impl Exporter for Hf {
    fn name(&self) -> &'static str {
        "hf"
    }
    fn about(&self) -> &'static str {
        "a folder for datasets and the hub: Parquet with splits, and README.md"
    }
    fn docs(&self) -> &'static str {
        module_docs(include_str!("hf.rs"))
    }
    fn trainer(&self) -> Option<&'static str> {
        Some("datasets 5.2.0")
    }
    fn uses(&self) -> &'static [Use] {
        &Use::ALL
    }
    fn loses(&self, _row: &Example<'_>) -> &'static [Part] {
        &[]
    }
    fn file(&self, row: &Example<'_>) -> &'static str {
        let usage = row.content.usage();
        FILES.iter().find(|f| f.0 == usage).map_or("data/train", |f| f.1)
    }
    fn held_out(&self, file: &str, split: Split) -> String {
        format!("{}{split}", file.strip_suffix(Split::Train.as_str()).unwrap_or(file))
    }
    fn names_splits(&self) -> bool {
        true
    }
    fn frame(&self, _file: &str) -> Frame {
        Frame::Native
    }
    fn special(&self) -> bool {
        true
    }
    fn check(&self, _row: &Example<'_>) -> Result<(), Aside> {
        Ok(())
    }
    fn write(&self, _row: &Example<'_>, _out: &mut Vec<u8>) {}
    fn beside(&self, files: &[Rows], build: &serde_json::Value) -> Vec<(&'static str, String)> {
        let recipe = build.get("recipe").and_then(|name| name.as_str()).unwrap_or("corpus");
        let rows: u64 = files.iter().map(|f| f.rows).sum();
        let size = SIZES.iter().find(|s| rows < s.0).map_or("100B<n<1T", |s| s.1);
        let mut out =
            format!("---\npretty_name: {}\nsize_categories:\n- {size}\nconfigs:\n", serde_json::json!(recipe));
        let mut info = String::from("dataset_info:\n");
        let named = |name: &'static str| files.iter().filter(move |file| file.name == name);
        for (at, (usage, name)) in FILES.iter().filter(|f| named(f.1).next().is_some()).enumerate() {
            let default = if at == 0 { "  default: true\n" } else { "" };
            let _ = write!(out, "- config_name: {usage}\n{default}  data_files:\n");
            let _ = write!(info, "- config_name: {usage}\n  splits:\n");
            for Rows { split, rows, .. } in named(name) {
                let path = self.held_out(name, *split);
                let _ = write!(out, "  - split: {split}\n    path: {path}-*.parquet\n");
                let _ = write!(info, "  - name: {split}\n    num_examples: {rows}\n");
            }
        }
        let _ = write!(out, "{info}---\n\n# {recipe}\n\nExported from a build of `corpus`, one configuration a use.\n");
        vec![("README.md", out)]
    }
    fn start(&self, folder: &str, files: &[&str], _held: Held<'_>) -> String {
        let folder = serde_json::json!(folder);
        let load = |file: &&str| format!("load_dataset({folder}, \"{}\", split=\"train\")\n", usage(file));
        format!("from datasets import load_dataset\n{}", files.iter().map(load).collect::<String>())
    }
}
