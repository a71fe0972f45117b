//! A layout of preference rows as token ids: what `dpo`, `reward` and `kto` share.

use arrow::datatypes::DataType;

use super::super::columns::{FILE, Lists, MOST};
use super::super::{Layout, Sheet, Width, Writer};
use super::{Chat, Ids};
use crate::Result;
use crate::models::tokenizer::{Scratch, Tokenizer};
use crate::output::export::folder::{Staging, Written};
use crate::output::export::{Aside, Example};
use crate::rows::Use;

/// The ids of a row that a chat template writes: the row, the tokenizer, and how many tokens fit.
type Cut = fn(&Chat, (&Example<'_>, &Tokenizer, u32), &mut Scratch) -> std::result::Result<Ids, Aside>;

/// A layout for one of TRL's trainers, row by row into Parquet.
pub struct Preferences {
    /// The word behind `--to`.
    pub name: &'static str,
    /// One line, without a full stop.
    pub about: &'static str,
    /// The `//!` text of its file.
    pub docs: &'static str,
    /// The columns of ids.
    pub lists: &'static [&'static str],
    /// A column of a number or a flag beside them.
    pub value: Option<(&'static str, DataType)>,
    /// How a row is cut.
    pub cut: Cut,
    /// TRL's word for the training: in front of `Trainer` and `Config`.
    pub trainer: &'static str,
    /// The lines in which rows of ids are made ready, of trainers of TRL 1.16 that would cut texts themselves; none of
    /// those that take ids.
    pub prepare: &'static [&'static str],
}

impl Layout for Preferences {
    fn name(&self) -> &'static str {
        self.name
    }
    fn about(&self) -> &'static str {
        self.about
    }
    fn docs(&self) -> &'static str {
        crate::text::docs::module_docs(self.docs)
    }
    fn uses(&self, chat: bool) -> &'static [Use] {
        if chat { &[Use::Rlhf] } else { &[] }
    }
    fn is_limited(&self) -> bool {
        true
    }
    fn ids(
        &self,
        chat: &Chat,
        row: (&Example<'_>, &Tokenizer, u32),
        scratch: &mut Scratch,
    ) -> std::result::Result<Ids, Aside> {
        (self.cut)(chat, row, scratch)
    }
    fn most_of_shard(&self) -> Option<u64> {
        Some(MOST)
    }
    fn width(&self, _vocabulary: u32) -> Width {
        Width::I32
    }
    fn writer<'a>(&self, sheet: &Sheet<'_>, staging: &'a Staging) -> Result<Box<dyn Writer + 'a>> {
        Ok(Box::new(Lists::new(staging, self.lists, self.value.clone(), sheet.shard.unwrap_or(FILE))))
    }
    fn start(&self, folder: &str, _files: &[Written], sheet: &Sheet<'_>) -> String {
        let files = serde_json::json!(format!("{folder}/data/*.parquet"));
        let (length, name) = (sheet.limit.unwrap_or(0), self.trainer);
        let mut lines = "from datasets import load_dataset\nimport trl\n".to_owned();
        let mut class = format!("trl.{name}Trainer");
        if !self.prepare.is_empty() {
            class = "Trainer".to_owned();
            lines += &format!("\n\nclass Trainer(trl.{name}Trainer):  # which would cut texts itself\n");
            lines += "    def _prepare_dataset(self, rows, processing_class, args, name):\n";
            self.prepare.iter().for_each(|line| lines += &format!("        {line}\n"));
            lines += "\n\n";
        }
        lines += &format!("rows = load_dataset(\"parquet\", data_files={files}, split=\"train\")\n");
        lines += &format!("args = trl.{name}Config(max_length={length})\n");
        lines += &format!("{class}(model=\"MODEL\", args=args, train_dataset=rows).train()\n");
        lines
    }
}
