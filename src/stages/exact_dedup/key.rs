//! The column of the stage: the key of a row.

use std::sync::Arc;

use arrow::array::{Array, AsArray, Decimal128Builder};
use xxhash_rust::xxh3::xxh3_128_with_seed;

use super::{CONTENT, PAGE, PROMPT};
use crate::Result;
use crate::formats::Object;
use crate::rows::batch::{ARGUMENTS, Batch};
use crate::rows::column::KEY;
use crate::stages::{RowContext, RowWork, Worked};
use crate::text::web;

/// Makes keys, by what the option `by` names.
pub struct Keys(pub String);

impl RowWork for Keys {
    fn run(&mut self, batch: &mut Batch<'_>, context: &RowContext<'_>) -> Result<Worked> {
        if !context.columns {
            return Ok(Worked::default());
        }
        let (by, common) = (self.0.as_str(), context.common);
        let mut keys = Decimal128Builder::with_capacity(context.rows).with_data_type(KEY);
        let seed = batch.seed();
        let at = ARGUMENTS[..3].iter().position(|name| *name == by);
        let column = match at {
            Some(at) => common[at].as_string_opt::<i32>(),
            None => batch.text_column(by),
        };
        let (urls, meta) = (common[1].as_string::<i32>(), common[4].as_string::<i32>());
        let hash = |text: &str| xxh3_128_with_seed(text.as_bytes(), seed);
        for row in 0..context.rows {
            let key = if !context.applies(row) {
                None
            } else if by == CONTENT {
                batch.content_key(row, seed)
            } else if by == PROMPT {
                batch.prompt_key(row, seed)
            } else if by == PAGE {
                urls.is_valid(row).then(|| hash(&web::normal(urls.value(row))))
            } else if let Some(column) = column {
                column.is_valid(row).then(|| hash(column.value(row)))
            } else {
                let object = meta.is_valid(row).then(|| Object::parse(meta.value(row)).ok()).flatten();
                object.and_then(|o| o.get(by).map(|value| hash(value.get())))
            };
            keys.append_option(key.map(|k| k as i128));
        }
        Ok(Worked { columns: vec![Arc::new(keys.finish())], stop: None })
    }
}
