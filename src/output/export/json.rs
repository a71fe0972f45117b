//! JSON as the layouts want it: keys in their order, no spaces, UTF-8 as it is, one line.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};

/// Appends a text in quotes.
pub fn text(value: &str, out: &mut Vec<u8>) {
    // Writing a text to memory cannot fail.
    let _ = serde_json::to_writer(out, value);
}

/// Appends a number, or null where it is none that JSON has.
pub fn number(value: f64, out: &mut Vec<u8>) {
    let _ = serde_json::to_writer(out, &value);
}

/// Appends `true` or `false`.
pub fn flag(value: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(if value { b"true" } else { b"false" });
}

/// Appends JSON text on one line: the white space between its values goes.
pub fn compact(json: &str, out: &mut Vec<u8>) {
    let (mut inside, mut escaped) = (false, false);
    for byte in json.bytes() {
        if inside {
            (inside, escaped) = (escaped || byte != b'"', !escaped && byte == b'\\');
        } else if byte.is_ascii_whitespace() {
            continue;
        } else {
            inside = byte == b'"';
        }
        out.push(byte);
    }
}

/// An object that is being written.
pub struct Object<'a> {
    out: &'a mut Vec<u8>,
    first: bool,
}

impl<'a> Object<'a> {
    /// Opens an object.
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Object { out, first: true }
    }

    /// Appends a key, and gives back where its value goes.
    pub fn key(&mut self, key: &str) -> &mut Vec<u8> {
        if !self.first {
            self.out.push(b',');
        }
        self.first = false;
        text(key, self.out);
        self.out.push(b':');
        self.out
    }

    /// A key with a text.
    pub fn text(&mut self, key: &str, value: &str) {
        text(value, self.key(key));
    }

    /// A key with a text, where there is one.
    pub fn maybe(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(key, value);
        }
    }

    /// A key with `true` or `false`.
    pub fn flag(&mut self, key: &str, value: bool) {
        flag(value, self.key(key));
    }

    /// Closes the object.
    pub fn end(self) {
        self.out.push(b'}');
    }
}

/// Appends a list of what `write` appends of each item.
pub fn list<T>(items: impl IntoIterator<Item = T>, out: &mut Vec<u8>, mut write: impl FnMut(T, &mut Vec<u8>)) {
    out.push(b'[');
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write(item, out);
    }
    out.push(b']');
}

/// Appends a value of a column; in objects, fields without a value and empty lists are left out.
pub fn value(column: &dyn Array, at: usize, out: &mut Vec<u8>) {
    if column.is_null(at) {
        return out.extend_from_slice(b"null");
    }
    match column.data_type() {
        DataType::Utf8 => text(column.as_string::<i32>().value(at), out),
        DataType::Boolean => flag(column.as_boolean().value(at), out),
        DataType::Float32 => number(f64::from(column.as_primitive::<Float32Type>().value(at)), out),
        DataType::Float64 => number(column.as_primitive::<Float64Type>().value(at), out),
        DataType::List(_) => {
            let items = column.as_list::<i32>().value(at);
            list(0..items.len(), out, |item, out| value(items.as_ref(), item, out));
        }
        DataType::Struct(fields) => {
            let mut object = Object::new(out);
            for (field, column) in fields.iter().zip(column.as_struct().columns()) {
                let empty = column.as_list_opt::<i32>().is_some_and(|list| list.value_length(at) == 0);
                if column.is_valid(at) && !empty {
                    value(column.as_ref(), at, object.key(field.name()));
                }
            }
            object.end();
        }
        other => {
            let options = FormatOptions::default();
            let shown = ArrayFormatter::try_new(column, &options).map(|f| f.value(at).to_string()).unwrap_or_default();
            if other.is_integer() { out.extend_from_slice(shown.as_bytes()) } else { text(&shown, out) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_goes_between_values_alone() {
        let mut out = Vec::new();
        compact("{ \"a b\": [1,\n 2],\t\"q\": \"x \\\" y \\\\\" , \"z\" : \" \" }", &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), "{\"a b\":[1,2],\"q\":\"x \\\" y \\\\\",\"z\":\" \"}");
    }

    #[test]
    fn keys_stand_in_their_order() {
        let mut out = Vec::new();
        let mut object = Object::new(&mut out);
        object.text("z", "引\"号");
        object.maybe("none", None);
        list([1.5, f64::NAN], object.key("a"), number);
        object.end();
        assert_eq!(String::from_utf8(out).unwrap(), "{\"z\":\"引\\\"号\",\"a\":[1.5,null]}");
    }
}
