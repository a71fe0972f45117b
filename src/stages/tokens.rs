//! Tokens: how many ids a model's tokenizer makes of a row.
//!
//! # What it does
//! Reads a tokenizer (`tokenizer.json`, SentencePiece's `.model`, tiktoken's ranks, Mistral's `tekken.json`) and adds the
//! signal `tokens`: the ids of each text of the row, cut by itself, added up. Of a document that is its text; of a
//! dialogue what is said in each turn, and what was thought before it; of a task its input, output and text; of a
//! preference the prompt and every answer. Nothing that a trainer adds is counted: no token at the start or end, no
//! template, no roles, no tools. Special tokens that stand in a text as words are cut like any other text.
//!
//! Every row of `data/` says its `tokens`, `build.json` and the data card have their sums by source and use, `keep` can
//! ask for them, and `[mix] by = "tokens"` shares them out. Of several such stages the last one counts.
//!
//! # Example
//! ```toml
//! [[stage]]
//! run       = "tokens"
//! tokenizer = "models/qwen3/tokenizer.json"
//!
//! [[stage]]
//! run    = "keep"
//! tokens = { min = 32, max = 32_768 }
//! ```
//!
//! # Limits
//! Counts are those of the library `tokenizers` 1.0.0-rc.3 (of other files than `tokenizer.json`: of `kitoken` 0.11). Ranks
//! of tiktoken of a vocabulary that is not known, and models of SentencePiece other than those of LLaMA's kind, are refused.
//! A tokenizer is in memory once, some ten times its file, and a cache of a few MB a thread. Another tokenizer measures
//! everything again.

use std::sync::Arc;

use arrow::array::{Array, AsArray, Int64Builder};
use serde::{Deserialize, Serialize};

use super::resources::{Need, Resource, Shared, Wanted};
use super::{Column, Entry, Kind, RowContext, RowWork, Shown, Stage, Worked, build, signal};
use crate::models::tokenizer::{Scratch, Tokenizer};
use crate::rows::batch::Batch;
use crate::rows::column::TOKENS;
use crate::text::figures::plural;
use crate::{Error, Result};

/// Options of `tokens`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tokens {
    /// The file of the tokenizer.
    pub tokenizer: String,
}

static TOKENIZERS: Shared<Tokenizer> = Shared::new();

impl Tokens {
    fn read(&self, files: &[Resource]) -> Result<Arc<Tokenizer>> {
        let [file] = files else {
            let message = format!("`tokenizer` names {} files, where one is wanted", files.len());
            return Err(Error::input(message, "name the file of the tokenizer"));
        };
        TOKENIZERS.get(&file.sha256, || Ok(Tokenizer::read(&file.path)?))
    }
}

impl Stage for Tokens {
    fn columns(&self) -> Vec<Column> {
        vec![Column::signal(TOKENS, Kind::Int).shown(Shown::Always)]
    }

    fn needs(&self) -> Vec<Need> {
        vec![Need { option: "tokenizer", name: self.tokenizer.clone(), wanted: Wanted::File, for_rows: true }]
    }

    fn open(&self, files: &[Resource]) -> Result<Vec<String>> {
        let tokenizer = self.read(files)?;
        let size = plural(u64::from(tokenizer.vocabulary()), "id");
        Ok(vec![format!("{}: {}, {size}", self.tokenizer, tokenizer.kind())])
    }

    fn row_work(&self, files: &[Resource]) -> Result<Option<Box<dyn RowWork>>> {
        let (tokenizer, name) = (self.read(files)?, self.tokenizer.clone());
        Ok(Some(Box::new(Work { tokenizer, name, scratch: Scratch::default() })))
    }
}

/// The work of one thread.
struct Work {
    tokenizer: Arc<Tokenizer>,
    name: String,
    scratch: Scratch,
}

impl RowWork for Work {
    fn run(&mut self, batch: &mut Batch<'_>, context: &RowContext<'_>) -> Result<Worked> {
        if !context.columns {
            return Ok(Worked::default());
        }
        let (mut column, mut texts) = (Int64Builder::with_capacity(context.rows), Vec::new());
        for row in 0..context.rows {
            batch.texts(row, &mut texts);
            if texts.is_empty() || !context.applies(row) {
                column.append_null();
                continue;
            }
            let mut tokens = 0;
            for text in &texts {
                tokens += self.tokenizer.count(text, &mut self.scratch).map_err(|why| {
                    let ids = context.common.first().and_then(|ids| ids.as_string_opt::<i32>());
                    let id = ids.filter(|ids| ids.is_valid(row)).map_or("without an id", |ids| ids.value(row));
                    let hint = "name a tokenizer that has a token for what it does not know";
                    Error::input(format!("{}: a text of the row {id} cannot be cut: {why}", self.name), hint)
                })?;
            }
            column.append_value(tokens as i64);
        }
        Ok(Worked { columns: vec![Arc::new(column.finish())], stop: None })
    }
}

/// The entry of this stage.
pub const ENTRY: Entry = Entry::new(
    "tokens",
    "measure",
    "how many tokens a tokenizer makes of a row",
    include_str!("tokens.rs"),
    || schemars::schema_for!(Tokens),
    |json| build::<Tokens, _>(json, Ok),
)
.signals(&[signal(TOKENS, Kind::Int)]);
