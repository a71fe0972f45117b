//! Values as Python writes them: JSON by `json.dumps`, and `str()` of lists and objects.

use minijinja::value::{Value, ValueKind};
use minijinja::{Error, ErrorKind};

use super::python::Arguments;

/// How JSON is written.
struct Style {
    /// Characters beyond ASCII as `\uXXXX`.
    ascii: bool,
    /// Spaces a level; none for one line.
    indent: Option<String>,
    /// Between items, and behind a key.
    between: (String, String),
    /// Keys in order.
    sorted: bool,
}

/// The filter `tojson`, as `transformers` has it: `json.dumps(x, ensure_ascii=False)` with its other options.
pub(super) fn tojson(value: &Value, arguments: &[Value]) -> Result<Value, Error> {
    let arguments = Arguments::of(arguments);
    let on = |at, name| arguments.get(at, name).is_some_and(|v| v.is_true());
    let indent = arguments.get(1, "indent").filter(|v| !v.is_none());
    let indent = indent.map(|v| match (v.as_str(), v.as_usize()) {
        (Some(text), _) => text.to_owned(),
        (None, spaces) => " ".repeat(spaces.unwrap_or(0).min(64)),
    });
    let between = match arguments.get(2, "separators").filter(|v| !v.is_none()) {
        Some(pair) => (pair.get_item_by_index(0)?.to_string(), pair.get_item_by_index(1)?.to_string()),
        None if indent.is_some() => (",".to_owned(), ": ".to_owned()),
        None => (", ".to_owned(), ": ".to_owned()),
    };
    let style = Style { ascii: on(0, "ensure_ascii"), indent, between, sorted: on(3, "sort_keys") };
    let mut out = String::new();
    style.value(value, 0, &mut out)?;
    Ok(Value::from(out))
}

impl Style {
    fn value(&self, value: &Value, depth: usize, out: &mut String) -> Result<(), Error> {
        match value.kind() {
            ValueKind::None => out.push_str("null"),
            ValueKind::Bool => out.push_str(if value.is_true() { "true" } else { "false" }),
            ValueKind::Number => out.push_str(&number(value)),
            ValueKind::String => self.text(value.as_str().unwrap_or_default(), out),
            ValueKind::Seq => {
                let items: Vec<Value> = value.try_iter()?.collect();
                self.items(('[', ']'), &items, depth, out, |style, item, out| style.value(item, depth + 1, out))?;
            }
            ValueKind::Map => {
                let mut keys: Vec<Value> = value.try_iter()?.collect();
                if self.sorted {
                    keys.sort_by_key(|key| key.to_string());
                }
                self.items(('{', '}'), &keys, depth, out, |style, key, out| {
                    style.text(&key_text(key), out);
                    out.push_str(&style.between.1);
                    style.value(&value.get_item(key)?, depth + 1, out)
                })?;
            }
            kind => {
                let what = format!("{kind} is no JSON, which `tojson` was asked for");
                return Err(Error::new(ErrorKind::InvalidOperation, what));
            }
        }
        Ok(())
    }

    fn items(
        &self,
        (open, close): (char, char),
        items: &[Value],
        depth: usize,
        out: &mut String,
        write: impl Fn(&Self, &Value, &mut String) -> Result<(), Error>,
    ) -> Result<(), Error> {
        out.push(open);
        let line = |depth: usize, out: &mut String| {
            if let Some(indent) = &self.indent {
                out.push('\n');
                out.push_str(&indent.repeat(depth));
            }
        };
        for (at, item) in items.iter().enumerate() {
            out.push_str(if at > 0 { &self.between.0 } else { "" });
            line(depth + 1, out);
            write(self, item, out)?;
        }
        if !items.is_empty() {
            line(depth, out);
        }
        out.push(close);
        Ok(())
    }

    fn text(&self, text: &str, out: &mut String) {
        out.push('"');
        for c in text.chars() {
            match c {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '\u{8}' => out.push_str("\\b"),
                '\u{c}' => out.push_str("\\f"),
                c if (c as u32) < 0x20 || self.ascii && !c.is_ascii() => {
                    let mut units = [0; 2];
                    c.encode_utf16(&mut units).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
                }
                c => out.push(c),
            }
        }
        out.push('"');
    }
}

/// A key of an object: JSON has texts alone.
fn key_text(key: &Value) -> String {
    match key.kind() {
        ValueKind::None => "null".to_owned(),
        ValueKind::Bool => if key.is_true() { "true" } else { "false" }.to_owned(),
        ValueKind::Number => number(key),
        _ => key.to_string(),
    }
}

/// A number as Python's `repr` has it.
fn number(value: &Value) -> String {
    if value.is_integer() {
        return value.to_string();
    }
    f64::try_from(value.clone()).map_or_else(|_| value.to_string(), float)
}

/// `repr` of a number with a point: the fewest digits, and an exponent below 0.0001 and from 1e16 on.
fn float(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let short = format!("{value:e}");
    let (digits, exponent) = short.split_once('e').unwrap_or((&short, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if value != 0.0 && !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", exponent.abs());
    }
    let plain = value.to_string();
    if plain.contains('.') { plain } else { plain + ".0" }
}

/// `str()` of a value: what stands in a text where the value is printed.
pub(super) fn shown(value: &Value) -> String {
    match value.kind() {
        ValueKind::Seq | ValueKind::Map => repr(value),
        ValueKind::Number if !value.is_integer() => match f64::try_from(value.clone()) {
            Ok(value) if !value.is_finite() => value.to_string().to_lowercase(),
            _ => number(value),
        },
        _ => value.to_string(),
    }
}

/// `repr()` of a value.
fn repr(value: &Value) -> String {
    let items = || value.try_iter().into_iter().flatten();
    match value.kind() {
        ValueKind::String => quoted(value.as_str().unwrap_or_default()),
        ValueKind::Seq => {
            let items: Vec<String> = items().map(|item| repr(&item)).collect();
            match value.is_tuple() {
                true if items.len() == 1 => format!("({},)", items[0]),
                true => format!("({})", items.join(", ")),
                false => format!("[{}]", items.join(", ")),
            }
        }
        ValueKind::Map => {
            let pair = |key: Value| format!("{}: {}", repr(&key), repr(&value.get_item(&key).unwrap_or_default()));
            format!("{{{}}}", items().map(pair).collect::<Vec<_>>().join(", "))
        }
        ValueKind::Undefined => "Undefined".to_owned(),
        _ => shown(value),
    }
}

/// `repr()` of a text.
fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::from(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => out.extend(['\\', c]),
            c if c != ' ' && (c.is_control() || c.is_whitespace()) => match c as u32 {
                code @ ..=0xff => out.push_str(&format!("\\x{code:02x}")),
                code @ ..=0xffff => out.push_str(&format!("\\u{code:04x}")),
                code => out.push_str(&format!("\\U{code:08x}")),
            },
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Python's `repr` says.
    #[test]
    fn numbers_are_those_of_python() {
        let wanted = [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (0.1, "0.1"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.5e-5, "1.5e-05"),
            (0.0001, "0.0001"),
            (123_456.789, "123456.789"),
            (1e300, "1e+300"),
        ];
        for (value, text) in wanted {
            assert_eq!(float(value), text);
        }
    }

    #[test]
    fn lists_and_objects_are_printed_as_python_does() {
        let json = r#"{"a": [1, 2.5, true, null, "it's", "q\"'"], "b": {"c": "\n\u3000"}}"#;
        let value: Value = serde_json::from_str(json).unwrap();
        let wanted = r#"{'a': [1, 2.5, True, None, "it's", 'q"\''], 'b': {'c': '\n\u3000'}}"#;
        assert_eq!(shown(&value), wanted);
        assert_eq!(shown(&Value::from("plain")), "plain");
    }
}
