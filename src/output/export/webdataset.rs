//! WebDataset's tar archives: a sample a row, read one after the other from a disk or a web server.
//!
//! # What it writes
//! A set of archives a use, of about 256 MiB or 100,000 rows each: `pretrain-000000.tar`, …, `task-000000.tar`, …,
//! `instruct-000000.tar`, …, `rlhf-000000.tar`, …. A row's key is its number in the set (`000000041`), and it has the
//! member `json`: an object of all columns, without those that have no value. A row for pretraining has its text in a
//! member of its own, `txt`, and all else in `json`. Messages have what `jsonl` has; `meta`, `tools` and the arguments of
//! calls stay JSON text.
//!
//! # Example
//! ```console
//! corpus export builds/quickstart --to webdataset
//! ```
//!
//! # Limits
//! Nothing is lost and no row is set aside. What stands in a trainer's way is not looked for: layouts of trainers do that.
//! `datasets` settles the type of `json` by the first rows, and refuses a set in which a later row has other keys: give it
//! the folder of `hf`.

use super::json::Object;
use super::{Aside, Example, Exporter, Frame, Held, Part, module_docs};
use crate::rows::{Content, Use};

/// The exporter.
pub struct WebDataset;

/// Its instance.
pub static EXPORTER: WebDataset = WebDataset;

impl Exporter for WebDataset {
    fn name(&self) -> &'static str {
        "webdataset"
    }
    fn about(&self) -> &'static str {
        "WebDataset's tar archives: a sample a row, with `txt` and `json`"
    }
    fn docs(&self) -> &'static str {
        module_docs(include_str!("webdataset.rs"))
    }
    fn trainer(&self) -> Option<&'static str> {
        Some("webdataset 1.0.2")
    }
    fn uses(&self) -> &'static [Use] {
        &Use::ALL
    }
    fn loses(&self, _row: &Example<'_>) -> &'static [Part] {
        &[]
    }
    fn file(&self, row: &Example<'_>) -> &'static str {
        row.content.usage().as_str()
    }
    fn frame(&self, _file: &str) -> Frame {
        Frame::Tars
    }
    fn special(&self) -> bool {
        true
    }
    fn check(&self, _row: &Example<'_>) -> Result<(), Aside> {
        Ok(())
    }
    fn write(&self, row: &Example<'_>, out: &mut Vec<u8>) {
        let mut members = Object::new(out);
        let own = match &row.content {
            Content::Pretrain { text } => {
                members.text("txt", text);
                "text"
            }
            Content::Task(_) | Content::Instruct { .. } | Content::Rlhf(_) => "",
        };
        let mut object = Object::new(members.key("json"));
        row.values(own, &mut object);
        object.end();
        members.end();
    }
    fn start(&self, folder: &str, files: &[&str], _held: Held<'_>) -> String {
        let load = |file: &&str| {
            let archives = serde_json::json!(format!("{folder}/{file}-*.tar"));
            format!("rows = wds.WebDataset(sorted(glob.glob({archives})), shardshuffle=False).decode()\n")
        };
        format!("import glob\nimport webdataset as wds\n{}", files.iter().map(load).collect::<String>())
    }
}
