//! A row of Arrow as JSON text, for the shapes.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use arrow::array::{Array, AsArray, StructArray};
use arrow::datatypes::DataType::{
    BinaryView, Boolean, Dictionary, FixedSizeBinary, FixedSizeList, Float16, Float32, Float64, Int8, Int16, Int32,
    Int64, LargeBinary, LargeList, LargeUtf8, List, Map, Null, Struct, UInt8, UInt16, UInt32, UInt64, Utf8, Utf8View,
};
use arrow::datatypes::{
    self as t, DataType::Binary, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
};
use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};

/// A row on its way to JSON.
#[derive(Default)]
pub(super) struct Json {
    /// What was written.
    pub text: String,
    /// The columns in which a text is not UTF-8: what is wrong in it was written as U+FFFD.
    pub damaged: Vec<String>,
    /// Whether a text of this kind was written.
    lossy: bool,
}

impl Json {
    /// As before the first row.
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.damaged.clear();
    }

    /// Gives back the memory of a long row, once it is dealt with.
    pub(super) fn release(&mut self) {
        if self.text.capacity() >= super::LONG {
            self.text = String::new();
        }
    }

    fn push(&mut self, letter: char) {
        self.text.push(letter);
    }

    fn push_str(&mut self, text: &str) {
        self.text.push_str(text);
    }
}

impl fmt::Write for Json {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push_str(text);
        Ok(())
    }
}

/// Writes row `row` of a batch as a JSON object.
pub(super) fn object(batch: &RecordBatch, row: usize, out: &mut Json) {
    out.push('{');
    for (index, (field, column)) in batch.schema_ref().fields().iter().zip(batch.columns()).enumerate() {
        out.push_str(if index == 0 { "" } else { "," });
        text(field.name(), out);
        out.push(':');
        value(column.as_ref(), row, out);
        if std::mem::take(&mut out.lossy) {
            out.damaged.push(field.name().clone());
        }
    }
    out.push('}');
}

/// Writes text that was not checked: what is not UTF-8 in it is U+FFFD.
fn unchecked(bytes: &[u8], out: &mut Json) {
    let valid = String::from_utf8_lossy(bytes);
    out.lossy |= matches!(valid, Cow::Owned(_));
    text(&valid, out);
}

/// Writes JSON text.
fn text(text: &str, out: &mut Json) {
    out.push('"');
    let mut done = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..0x20 => "",
            _ => continue,
        };
        out.push_str(&text[done..at]);
        if escape.is_empty() {
            let _ = write!(out, "\\u{byte:04x}");
        } else {
            out.push_str(escape);
        }
        done = at + 1;
    }
    out.push_str(&text[done..]);
    out.push('"');
}

/// Bytes are text where they are UTF-8 (writers without the annotation), else null.
fn bytes(bytes: &[u8], out: &mut Json) {
    match std::str::from_utf8(bytes) {
        Ok(valid) => text(valid, out),
        Err(_) => out.push_str("null"),
    }
}

fn float(number: f64, out: &mut Json) {
    if number.is_finite() {
        let _ = write!(out, "{number:?}");
    } else {
        out.push_str("null");
    }
}

fn list(items: &dyn Array, out: &mut Json) {
    out.push('[');
    for index in 0..items.len() {
        out.push_str(if index == 0 { "" } else { "," });
        value(items, index, out);
    }
    out.push(']');
}

/// Writes anything else (dates, times, decimals, unions) as the text in which Arrow shows it.
fn shown(array: &dyn Array, row: usize) -> Option<String> {
    let options = FormatOptions::new().with_display_error(false);
    let formatter = ArrayFormatter::try_new(array, &options).ok()?;
    let mut shown = String::new();
    formatter.value(row).write(&mut shown).ok()?;
    Some(shown)
}

/// The fields of a row of structs as an object.
fn fields(structs: &StructArray, row: usize, out: &mut Json) {
    out.push('{');
    for (index, (field, column)) in structs.fields().iter().zip(structs.columns()).enumerate() {
        out.push_str(if index == 0 { "" } else { "," });
        text(field.name(), out);
        out.push(':');
        value(column, row, out);
    }
    out.push('}');
}

/// The entries of a map as an object.
fn map(entries: &StructArray, out: &mut Json) {
    out.push('{');
    for index in 0..entries.len() {
        out.push_str(if index == 0 { "" } else { "," });
        match entries.column(0).as_binary_view_opt() {
            Some(keys) => unchecked(keys.value(index), out),
            None => text(&shown(entries.column(0), index).unwrap_or_default(), out),
        }
        out.push(':');
        value(entries.column(1), index, out);
    }
    out.push('}');
}

fn value(array: &dyn Array, row: usize, out: &mut Json) {
    macro_rules! integer {
        ($type:ty) => {{
            let _ = write!(out, "{}", array.as_primitive::<$type>().value(row));
        }};
    }
    if array.is_null(row) {
        return out.push_str("null");
    }
    match array.data_type() {
        Null => out.push_str("null"),
        Utf8 => text(array.as_string::<i32>().value(row), out),
        LargeUtf8 => text(array.as_string::<i64>().value(row), out),
        Utf8View => text(array.as_string_view().value(row), out),
        Boolean => out.push_str(if array.as_boolean().value(row) { "true" } else { "false" }),
        Int8 => integer!(Int8Type),
        Int16 => integer!(Int16Type),
        Int32 => integer!(Int32Type),
        Int64 => integer!(Int64Type),
        UInt8 => integer!(t::UInt8Type),
        UInt16 => integer!(t::UInt16Type),
        UInt32 => integer!(t::UInt32Type),
        UInt64 => integer!(t::UInt64Type),
        Float16 => float(array.as_primitive::<Float16Type>().value(row).to_f64(), out),
        // Not by way of f64, which would show digits that were never written.
        Float32 => match array.as_primitive::<Float32Type>().value(row) {
            number if number.is_finite() => {
                let _ = write!(out, "{number:?}");
            }
            _ => out.push_str("null"),
        },
        Float64 => float(array.as_primitive::<Float64Type>().value(row), out),
        List(_) => list(&array.as_list::<i32>().value(row), out),
        LargeList(_) => list(&array.as_list::<i64>().value(row), out),
        FixedSizeList(..) => list(&array.as_fixed_size_list().value(row), out),
        Struct(_) => fields(array.as_struct(), row, out),
        Map(..) => map(&array.as_map().value(row), out),
        Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            match dictionary.normalized_keys().get(row) {
                Some(key) if *key < dictionary.values().len() => value(dictionary.values(), *key, out),
                _ => out.push_str("null"),
            }
        }
        Binary => bytes(array.as_binary::<i32>().value(row), out),
        LargeBinary => bytes(array.as_binary::<i64>().value(row), out),
        // Never the type of a file's own bytes, but of its texts where one of them is not UTF-8.
        BinaryView => unchecked(array.as_binary_view().value(row), out),
        FixedSizeBinary(_) => bytes(array.as_fixed_size_binary().value(row), out),
        _ => match shown(array, row) {
            Some(shown) => text(&shown, out),
            None => out.push_str("null"),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        ArrayRef, BinaryArray, Date32Array, DictionaryArray, Float32Array, Float64Array, Int64Array, ListArray,
        MapBuilder, NullArray, StringArray, StringBuilder, StructArray, TimestampSecondArray,
    };
    use arrow::datatypes::{DataType, Field};

    use super::*;

    #[test]
    fn writes_every_kind_of_value() {
        let mut map = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
        map.keys().append_value("k\"");
        map.values().append_value("v");
        map.append(true).unwrap();
        map.append(false).unwrap();
        let names: ArrayRef = Arc::new(StringArray::from(vec![Some("深\n\u{1}\\"), None]));
        let nested = StructArray::from(vec![(Arc::new(Field::new("a", DataType::Utf8, true)), names.clone())]);
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("s", names),
            ("i", Arc::new(Int64Array::from(vec![Some(-3), None]))),
            ("f", Arc::new(Float64Array::from(vec![1e300, f64::NAN]))),
            ("g", Arc::new(Float32Array::from(vec![0.1, 2.0]))),
            ("b", Arc::new(BinaryArray::from(vec![&b"ok"[..], &b"\xff"[..]]))),
            ("d", Arc::new(Date32Array::from(vec![Some(1), None]))),
            ("t", Arc::new(TimestampSecondArray::from(vec![Some(0), None]))),
            ("l", Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(vec![Some(vec![Some(1), None]), None]))),
            ("o", Arc::new(nested)),
            ("m", Arc::new(map.finish())),
            ("n", Arc::new(NullArray::new(2))),
            ("c", Arc::new(vec![Some("x"), None].into_iter().collect::<DictionaryArray<Int32Type>>())),
        ];
        let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, c)| (n, c, true))).unwrap();
        let line = |row| {
            let mut out = Json::default();
            object(&batch, row, &mut out);
            serde_json::from_str::<serde_json::Value>(&out.text).unwrap();
            out.text
        };
        assert_eq!(
            line(0),
            r#"{"s":"深\n\u0001\\","i":-3,"f":1e300,"g":0.1,"b":"ok","d":"1970-01-02","t":"1970-01-01T00:00:00","l":[1,null],"o":{"a":"深\n\u0001\\"},"m":{"k\"":"v"},"n":null,"c":"x"}"#
        );
        assert_eq!(
            line(1),
            r#"{"s":null,"i":null,"f":null,"g":2.0,"b":null,"d":null,"t":null,"l":null,"o":{"a":null},"m":null,"n":null,"c":null}"#
        );
    }
}
