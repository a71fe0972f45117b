//! The columns of `near_dedup` and `simhash_dedup`: what a row is compared by.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Decimal128Builder, FixedSizeBinaryBuilder, Int64Builder};
use xxhash_rust::xxh3::Xxh3;

use super::{Of, Rules};
use crate::Result;
use crate::formats::Object;
use crate::rows::batch::Batch;
use crate::rows::column::KEY;
use crate::stages::{Column, Kind, RowContext, RowWork, Worked};
use crate::text::date;
use crate::text::near::shingle::Shingler;
use crate::text::near::simhash::{BYTES, Fingerprinter};
use crate::text::near::sketch::{SLOTS, Sketcher};

/// The sketch or fingerprint of a row; null where the text is too short for one.
pub const SKETCH: &str = "sketch_key";
/// A key of the text that is compared.
pub const TEXT: &str = "text_key";
/// A key of the whole content, where that is more.
pub const CONTENT: &str = "content_key";
/// The time of the row, where the newest stays.
pub const TIME: &str = "time_key";

/// Bytes of what stands for a text until texts are compared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// A sketch.
    Sketch,
    /// A fingerprint.
    Fingerprint,
}

/// The columns of a stage with these rules.
pub fn columns(width: Width, rules: Rules<'_>) -> Vec<Column> {
    let bytes = if width == Width::Sketch { SLOTS } else { BYTES };
    let mut columns = vec![Column::hidden(SKETCH, Kind::Fixed(bytes as i32)), Column::hidden(TEXT, Kind::Key)];
    columns.extend((rules.of == Of::Prompt).then_some(Column::hidden(CONTENT, Kind::Key)));
    columns.extend(rules.field().map(|_| Column::hidden(TIME, Kind::Int)));
    columns
}

/// Makes the columns of one stage; the threshold and all else that decides has no part in it.
pub struct Signatures {
    shingler: Shingler,
    maker: Maker,
    /// What is compared.
    of: Of,
    /// The field by which the newest stays.
    field: Option<String>,
}

impl Signatures {
    /// As the options say.
    pub fn new(shingler: Shingler, width: Width, rules: Rules<'_>) -> Self {
        let maker = match width {
            Width::Sketch => Maker::Sketch(Box::new(Sketcher::new(shingler.clone()))),
            Width::Fingerprint => Maker::Fingerprint(Fingerprinter::new(shingler.clone())),
        };
        Signatures { shingler, maker, of: rules.of, field: rules.field().map(str::to_owned) }
    }
}

impl RowWork for Signatures {
    fn run(&mut self, batch: &mut Batch<'_>, context: &RowContext<'_>) -> Result<Worked> {
        if !context.columns {
            return Ok(Worked::default());
        }
        let rows = context.rows;
        let mut sketches = FixedSizeBinaryBuilder::with_capacity(rows, self.maker.bytes() as i32);
        let mut keys = Decimal128Builder::with_capacity(rows).with_data_type(KEY);
        let mut contents = Decimal128Builder::new().with_data_type(KEY);
        let mut times = Int64Builder::new();
        let meta = context.common[4].as_string::<i32>();
        let mut of_row = Vec::new();
        for row in 0..rows {
            texts(self.of, batch, row, &mut of_row);
            if of_row.is_empty() || !context.applies(row) {
                sketches.append_null();
                keys.append_null();
                contents.append_null();
                times.append_null();
                continue;
            }
            let sketch = self.maker.make(&of_row);
            keys.append_value(key(&of_row, sketch.is_none().then_some(&self.shingler)) as i128);
            if self.of == Of::Prompt {
                contents.append_option(batch.content_key(row, 0).map(|key| key as i128));
            }
            match &sketch {
                // It is as long as the column says.
                Some(sketch) => sketches.append_value(sketch).unwrap_or_default(),
                None => sketches.append_null(),
            }
            if let Some(field) = &self.field {
                let object = meta.is_valid(row).then(|| Object::parse(meta.value(row)).ok()).flatten();
                times.append_option(object.and_then(|o| o.get(field).and_then(|value| time(value.get()))));
            }
        }
        let mut columns: Vec<ArrayRef> = vec![Arc::new(sketches.finish()), Arc::new(keys.finish())];
        if self.of == Of::Prompt {
            columns.push(Arc::new(contents.finish()));
        }
        if self.field.is_some() {
            columns.push(Arc::new(times.finish()));
        }
        Ok(Worked { columns, stop: None })
    }
}

enum Maker {
    Sketch(Box<Sketcher>),
    Fingerprint(Fingerprinter),
}

impl Maker {
    /// Bytes of one.
    fn bytes(&self) -> usize {
        match self {
            Maker::Sketch(_) => SLOTS,
            Maker::Fingerprint(_) => BYTES,
        }
    }

    fn make(&mut self, texts: &[&str]) -> Option<Vec<u8>> {
        match self {
            Maker::Sketch(sketcher) => sketcher.sketch(texts).map(|sketch| sketch.to_vec()),
            Maker::Fingerprint(maker) => maker.fingerprint(texts).map(|bits| bits.to_le_bytes().to_vec()),
        }
    }
}

/// The texts of a row that are compared.
pub fn texts<'b>(of: Of, batch: &'b Batch<'_>, row: usize, into: &mut Vec<&'b str>) {
    match of {
        Of::Content => batch.texts(row, into),
        Of::Prompt => batch.prompt(row, into),
    }
}

/// xxh3-128 of the text as it stands, or of the folded text where that is all there is to compare.
fn key(texts: &[&str], folded_by: Option<&Shingler>) -> u128 {
    let mut hash = Xxh3::new();
    match folded_by {
        Some(shingler) => shingler.folded(texts).iter().for_each(|code| hash.update(&code.to_le_bytes())),
        None => {
            for (at, text) in texts.iter().enumerate() {
                hash.update(if at > 0 { b"\n" } else { b"" });
                hash.update(text.as_bytes());
            }
        }
    }
    hash.digest128()
}

/// A JSON value as a point in time: a number as it is, a date as its digits in universal time (year, month, day, hour,
/// minute, second).
fn time(json: &str) -> Option<i64> {
    if let Ok(number) = json.parse::<f64>() {
        return Some(number as i64);
    }
    let text: String = serde_json::from_str(json).ok()?;
    date::stamp(&text).or_else(|| text.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_order() {
        assert!(time("\"2024-03-01\"") < time("\"2024-03-01T10:00:00Z\""));
        assert!(time("\"2023-12-31 23:59\"") < time("\"2024\""));
        assert_eq!(time("17"), Some(17));
        assert_eq!((time("\"soon\""), time("\"1696118400\"")), (None, Some(1_696_118_400)));
        assert!(time("\"2023年9月30日\"") < time("\"2023年10月1日\""));
    }

    #[test]
    fn short_texts_are_folded_in_their_key() {
        let shingler = crate::stages::near_dedup::NearDedup::default().shingler();
        assert_eq!(key(&["Ａ，"], Some(&shingler)), key(&["a,"], Some(&shingler)));
        assert_ne!(key(&["猫"], Some(&shingler)), key(&["狗"], Some(&shingler)));
        assert_eq!(key(&["a", "b"], None), key(&["a\nb"], None));
    }
}
