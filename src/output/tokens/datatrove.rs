//! Token ids as datatrove's `DocumentTokenizer` writes them, for Nanotron.
//!
//! # What it writes
//! `00000_unshuffled.ds`: the ids of all documents behind one another, each with its end token behind it (`uint16` where
//! the vocabulary has 65,536 ids at the most, else `uint32`); `00000_unshuffled.ds.index`: where each document ends, in
//! tokens, as `uint64`; `00000_unshuffled.ds.metadata`: the tokenizer and the bytes of an id, the number of tokens, and
//! the same for a person. With `--shard-tokens` the next file, `00001_unshuffled.ds`, begins behind the document that fills
//! one, so that files differ by a document at the most.
//!
//! # Example
//! ```console
//! corpus export builds/mine --to datatrove --tokenizer models/qwen3/tokenizer.json
//! ```
//!
//! # Limits
//! The order of the build: shuffle there, or give the folder to datatrove's `DocumentTokenizerMerger`. No
//! `.loss` is written. Nanotron names the tokenizer in its own configuration.

use super::super::export::folder::{Hashed, Staging, Written};
use super::{Done, Layout, Sequence, Shard, Sheet, Width, Writer, module_docs};
use crate::Result;

/// The most tokens that a file can be asked to have.
const MOST: u64 = 1 << 40;

/// The layout.
pub struct Datatrove;

/// Its instance.
pub static LAYOUT: Datatrove = Datatrove;

impl Layout for Datatrove {
    fn name(&self) -> &'static str {
        "datatrove"
    }
    fn about(&self) -> &'static str {
        "token ids with an index of documents (`.ds`), for Nanotron"
    }
    fn docs(&self) -> &'static str {
        module_docs(include_str!("datatrove.rs"))
    }
    fn trainer(&self) -> Option<&'static str> {
        Some("datatrove 0.10.1")
    }
    fn most_of_shard(&self) -> Option<u64> {
        Some(MOST)
    }
    fn width(&self, vocabulary: u32) -> Width {
        Width::fitting(vocabulary, 1 << 16, Width::U32)
    }
    fn writer<'a>(&self, sheet: &Sheet<'_>, staging: &'a Staging) -> Result<Box<dyn Writer + 'a>> {
        let (named, width, most) = (sheet.named.to_owned(), sheet.width, sheet.shard.unwrap_or(MOST));
        let (open, done) = (Some(Open::new(staging, 0)?), Done::default());
        Ok(Box::new(Files { staging, open, named, width, most, done, bytes: Vec::new() }))
    }
    fn start(&self, folder: &str, _files: &[Written], sheet: &Sheet<'_>) -> String {
        let (folder, bytes) = (serde_json::json!(folder), sheet.width.bytes());
        format!(
            "# Nanotron's configuration, data_stages:\ndata:\n  dataset:\n    dataset_folder: {folder}\n    token_size_in_bytes: {bytes}\n    vocab_size: {}\n",
            sheet.tokenizer.vocabulary()
        )
    }
}

/// The file that is written.
struct Open {
    name: String,
    ids: Hashed,
    index: Hashed,
    documents: u64,
    tokens: u64,
}

impl Open {
    fn new(staging: &Staging, number: usize) -> Result<Self> {
        let name = format!("{number:05}_unshuffled.ds");
        let (ids, index) = (staging.file(&name)?, staging.file(&format!("{name}.index"))?);
        Ok(Open { name, ids, index, documents: 0, tokens: 0 })
    }
}

struct Files<'a> {
    staging: &'a Staging,
    /// None once it has ended.
    open: Option<Open>,
    named: String,
    width: Width,
    /// Tokens of a file.
    most: u64,
    done: Done,
    bytes: Vec<u8>,
}

impl Files<'_> {
    /// Ends the open file.
    fn end(&mut self) -> Result<()> {
        let Some(Open { name, ids, index, documents, tokens }) = self.open.take() else { return Ok(()) };
        let mut metadata = self.staging.file(&format!("{name}.metadata"))?;
        metadata.write(format!("{}|{}\n{tokens}\n{}", self.named, self.width.bytes(), metric(tokens)).as_bytes())?;
        self.done.files.extend([ids.close()?, index.close()?, metadata.close()?]);
        self.done.shards.push(Shard { path: name, rows: documents, tokens });
        Ok(())
    }
}

impl Writer for Files<'_> {
    fn sequence(&mut self, sequence: &Sequence<'_>) -> Result<()> {
        if self.open.as_ref().is_some_and(|open| open.tokens >= self.most) {
            self.end()?;
        }
        let open = match &mut self.open {
            Some(open) => open,
            None => self.open.insert(Open::new(self.staging, self.done.shards.len())?),
        };
        self.bytes.clear();
        self.width.write(sequence.ids, &mut self.bytes);
        open.ids.write(&self.bytes)?;
        open.documents += 1;
        open.tokens += sequence.ids.len() as u64;
        open.index.write(&open.tokens.to_le_bytes())
    }
    fn close(mut self: Box<Self>) -> Result<Done> {
        self.end()?;
        Ok(self.done)
    }
}

/// A number of tokens for a person, as Python's `humanize.metric(tokens, unit="T")` has it: three digits.
fn metric(tokens: u64) -> String {
    let exponent = tokens.checked_ilog10().unwrap_or(0);
    let step = (exponent / 3).min(6);
    let prefix = ["", "k", "M", "G", "T", "P", "E"][step as usize];
    let value = tokens as f64 / 10f64.powi(3 * step as i32);
    format!("{value:.*} {prefix}T", 2usize.saturating_sub((exponent % 3) as usize))
}

#[cfg(test)]
mod tests {
    use super::metric;

    /// What Python's humanize says.
    #[test]
    fn numbers_for_a_person() {
        let wanted = [
            (0, "0.00 T"),
            (7, "7.00 T"),
            (98, "98.0 T"),
            (999, "999 T"),
            (1_234, "1.23 kT"),
            (65_536, "65.5 kT"),
            (999_999, "1000 kT"),
            (12_345_678, "12.3 MT"),
            (3_000_000_000_000, "3.00 TT"),
        ];
        for (tokens, text) in wanted {
            assert_eq!(metric(tokens), text);
        }
    }
}
