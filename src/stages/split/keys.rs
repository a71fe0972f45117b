//! What links rows: hashes of their text, of what is asked, of their page and other fields.

use std::sync::Arc;

use arrow::array::{Array, AsArray, BinaryBuilder, StringArray};
use xxhash_rust::xxh3::{Xxh3, xxh3_64, xxh3_64_with_seed};

use crate::Result;
use crate::formats::Object;
use crate::rows::batch::{ARGUMENTS, Batch};
use crate::stages::{RowContext, RowWork, Worked};
use crate::text::dialogue::turn::Role;
use crate::text::near::fold::Fold;
use crate::text::near::shingle::{Shingler, Unit};
use crate::text::web;

/// The column of the stage: keys of [`KEY`] bytes, that of the text first.
pub const COLUMN: &str = "split_key";
/// Bytes of a key.
pub const KEY: usize = 12;

/// Makes keys.
pub struct Keys {
    group: Vec<String>,
    fold: Shingler,
}

impl Keys {
    /// Keys of text and question, and of these fields.
    pub fn new(group: &[String]) -> Self {
        Keys { group: group.to_vec(), fold: Shingler::new(Fold::default(), 1, Unit::Chars) }
    }

    /// The key of texts without their white space, folded; none where nothing is left.
    fn of_texts(&self, what: &str, texts: &[&str]) -> Option<[u8; KEY]> {
        let mut bytes = Vec::new();
        for code in self.fold.folded(texts) {
            if !char::from_u32(code).is_some_and(char::is_whitespace) {
                bytes.extend_from_slice(&code.to_le_bytes());
            }
        }
        (!bytes.is_empty()).then(|| key(what, &bytes))
    }

    /// The keys of a row's fields, as far as it has them.
    fn of_fields(&self, columns: &[&StringArray], row: usize, record: &mut Vec<u8>) {
        let meta = columns[columns.len() - 1];
        let object = meta.is_valid(row).then(|| Object::parse(meta.value(row)).ok()).flatten();
        for field in &self.group {
            let found =
                match ARGUMENTS[..3].iter().position(|name| name == field) {
                    Some(at) if columns[at].is_null(row) => None,
                    Some(at) if field == "url" => Some(key(field, web::normal(columns[at].value(row)).as_bytes())),
                    Some(at) => Some(key(field, columns[at].value(row).as_bytes())),
                    None => object.as_ref().and_then(|object| object.get(field)).and_then(|value| {
                        match serde_json::from_str::<serde_json::Value>(value.get()).ok()? {
                            serde_json::Value::Null => None,
                            serde_json::Value::String(text) => self.of_texts(field, &[&text]),
                            other => Some(key(field, other.to_string().as_bytes())),
                        }
                    }),
                };
            found.iter().for_each(|key| record.extend_from_slice(key));
        }
    }
}

/// A hash of 96 bits; equal bytes of different things have different ones.
fn key(what: &str, bytes: &[u8]) -> [u8; KEY] {
    let mut hash = Xxh3::with_seed(xxh3_64(what.as_bytes()));
    hash.update(bytes);
    let mut key = [0; KEY];
    key.copy_from_slice(&hash.digest128().to_le_bytes()[..KEY]);
    key
}

/// The hash that draws a row, of its records: rows with the same text have the same.
pub fn draw_of(record: &[u8], seed: u64) -> u64 {
    xxh3_64_with_seed(record.get(..KEY).unwrap_or_default(), seed)
}

/// The keys of a row of a number, to be sorted.
pub fn keys_of(record: &[u8], row: u32) -> impl Iterator<Item = u128> + '_ {
    record.as_chunks::<KEY>().0.iter().map(move |key| {
        let mut bytes = [0; 16];
        bytes[..KEY].copy_from_slice(key);
        u128::from_le_bytes(bytes) << 32 | u128::from(row)
    })
}

impl RowWork for Keys {
    fn run(&mut self, batch: &mut Batch<'_>, context: &RowContext<'_>) -> Result<Worked> {
        if !context.columns {
            return Ok(Worked::default());
        }
        let text = |at: usize| context.common[at].as_string::<i32>();
        let columns = [text(0), text(1), text(2), text(4)];
        let (mut column, mut texts, mut record) = (BinaryBuilder::new(), Vec::new(), Vec::new());
        for row in 0..context.rows {
            record.clear();
            batch.texts(row, &mut texts);
            if let Some(key) = self.of_texts("text", &texts).filter(|_| context.applies(row)) {
                record.extend_from_slice(&key);
                let dialogue = batch.dialogue(row);
                let asks = dialogue.iter().flat_map(|d| &d.turns).find(|turn| turn.role == Role::User);
                let asked = asks.and_then(|turn| self.of_texts("question", &[turn.content]));
                asked.iter().for_each(|key| record.extend_from_slice(key));
                self.of_fields(&columns, row, &mut record);
            }
            column.append_value(&record);
        }
        Ok(Worked { columns: vec![Arc::new(column.finish())], stop: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_width_and_signs_do_not_count() {
        let keys = Keys::new(&[]);
        let of = |text: &str| keys.of_texts("text", &[text]);
        assert_eq!(of("你好，Ａ。\n"), of(" 你好,a ."));
        assert_ne!(of("你好"), of("您好"));
        assert_ne!(of("你好"), keys.of_texts("question", &["你好"]));
        assert_eq!(of(" \n"), None);
        assert_eq!(keys.of_texts("text", &["甲", "乙"]), of("甲乙"));
    }
}
