//! One JSON object of a raw file: its top-level fields as unparsed JSON, taken apart only where a shape asks.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};

use super::json::{Json, members};
use crate::rows::Unreadable;

/// The fields of an object in source order. Of a key that stands twice, the last one counts.
#[derive(Debug, Default)]
pub struct Object<'a> {
    fields: Vec<(Cow<'a, str>, Json<'a>)>,
}

struct Key;

impl<'de> serde::de::DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Cow<'de, str>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_borrowed_str<E>(self, v: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(v))
            }
            fn visit_str<E>(self, v: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(v.to_owned()))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Object<'de>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut object = Object::empty();
        while let Some(key) = map.next_key_seed(Key)? {
            object.set(key, map.next_value()?);
        }
        Ok(object)
    }
}

impl<'a> Object<'a> {
    fn empty() -> Self {
        Object { fields: Vec::with_capacity(8) }
    }

    fn set(&mut self, key: Cow<'a, str>, value: Json<'a>) {
        match self.fields.iter_mut().find(|(k, _)| *k == key) {
            Some(field) => field.1 = value,
            None => self.fields.push((key, value)),
        }
    }

    /// Takes a JSON object apart at its top level.
    ///
    /// # Errors
    ///
    /// What the JSON parser says, where the text is no object or something follows it.
    pub fn parse(json: &'a str) -> Result<Self, serde_json::Error> {
        let mut object = Object::empty();
        if members(json, |key, value| object.set(key, value)) {
            return Ok(object);
        }
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let object = deserializer.deserialize_map(Fields)?;
        deserializer.end()?;
        Ok(object)
    }

    /// Takes a JSON array apart: its items are the fields, their names are numbers from 0.
    ///
    /// # Errors
    ///
    /// What the JSON parser says, where the text is no array.
    pub fn list(json: &'a str) -> Result<Self, serde_json::Error> {
        let items: Vec<Json<'a>> = serde_json::from_str(json)?;
        let fields = items.into_iter().enumerate().map(|(at, item)| (Cow::Owned(at.to_string()), item));
        Ok(Object { fields: fields.collect() })
    }

    /// The fields in source order.
    pub fn fields(&self) -> impl Iterator<Item = (&str, Json<'a>)> {
        self.fields.iter().map(|(k, v)| (k.as_ref(), *v))
    }

    /// Whether a top-level field is there (even as null).
    pub fn has(&self, key: &str) -> bool {
        self.fields.iter().any(|(k, _)| k == key)
    }

    /// The value at a path nested by dots; `None` where it is missing. A key that itself holds a dot is tried first.
    /// A step that is a number indexes an array. A key in other letters, or in Chinese, is told as [`Object::key`] does.
    pub fn get(&self, path: &str) -> Option<Json<'a>> {
        if let Some((_, value)) = self.field(path) {
            return Some(value);
        }
        let (head, rest) = path.split_once('.')?;
        get_in(self.field(head)?.1, rest)
    }

    /// The key that a name means: itself, in other letters (`Question`), or in Chinese (`问题`); else the name.
    pub fn key<'s>(&'s self, name: &'s str) -> &'s str {
        self.field(name).map_or(name, |(key, _)| key)
    }

    fn field(&self, name: &str) -> Option<(&str, Json<'a>)> {
        let same = self.fields().find(|(key, _)| *key == name);
        // Of one letter, small and large ones are two (`a`, `A` of choices).
        let plain = name.len() > 1 && !name.bytes().any(|b| b.is_ascii_uppercase());
        same.or_else(|| self.fields().find(|(key, _)| plain && means(key, name)))
    }

    /// The text at a path: `Ok(None)` where it is missing or null; a number or boolean is its JSON text; an object or
    /// array is an error (`field_type`).
    ///
    /// # Errors
    ///
    /// `field_type` where an object, an array or broken text stands there.
    pub fn text(&self, path: &str) -> Result<Option<Cow<'a, str>>, Unreadable> {
        match self.get(path) {
            None => Ok(None),
            Some(value) => text_of(value).map_err(|kind| field_type(path, "text", kind)),
        }
    }

    /// Like [`Object::text`], but a missing field is an error (`field_missing`). Null counts as missing.
    ///
    /// # Errors
    ///
    /// `field_missing` with the names of the fields that are there, and `field_type` as [`Object::text`].
    pub fn require(&self, path: &str) -> Result<Cow<'a, str>, Unreadable> {
        self.text(path)?.ok_or_else(|| self.missing(path))
    }

    /// The error for a missing field: names the fields that are there.
    pub fn missing(&self, path: &str) -> Unreadable {
        let there: Vec<&str> = self.fields.iter().take(12).map(|(k, _)| k.as_ref()).collect();
        Unreadable {
            reason: "field_missing",
            detail: format!("no field `{path}`; the row has: {}", there.join(", ")),
            head: String::new(),
        }
    }

    /// A JSON object of what is not in `used`: names of fields, or paths into them. Of an object or array into which a
    /// path reaches, what else it holds stays.
    pub fn rest(&self, used: &[&str]) -> Option<Cow<'a, str>> {
        let mut out = String::new();
        for (key, value) in &self.fields {
            if used.iter().any(|u| *u == key) {
                continue;
            }
            let inside =
                |u: &&&str| u.len() > key.len() && u.starts_with(key.as_ref()) && u.as_bytes()[key.len()] == b'.';
            let value = match used.iter().any(|u| inside(&u)) {
                false => Cow::Borrowed(value.get()),
                true => {
                    let paths: Vec<&str> = used.iter().filter(inside).map(|u| &u[key.len() + 1..]).collect();
                    let Some(value) = without(*value, &paths) else { continue };
                    value
                }
            };
            out.push(if out.is_empty() { '{' } else { ',' });
            out.push_str(&serde_json::to_string(key).unwrap_or_default());
            out.push(':');
            out.push_str(&value);
        }
        if out.is_empty() {
            return None;
        }
        out.push('}');
        Some(Cow::Owned(out))
    }
}

/// What the fields of rows are called in Chinese.
const CHINESE: [(&str, &[&str]); 8] = [
    ("question", &["问题", "提问", "题目"]),
    ("answer", &["答案", "回答", "回复", "答复"]),
    ("instruction", &["指令"]),
    ("input", &["输入"]),
    ("output", &["输出"]),
    ("text", &["正文", "文本"]),
    ("content", &["内容"]),
    ("title", &["标题"]),
];

/// Whether a key is a name in other letters, or in Chinese.
fn means(key: &str, name: &str) -> bool {
    key.len() == name.len() && key.eq_ignore_ascii_case(name)
        || !key.is_ascii() && CHINESE.iter().any(|(ours, theirs)| *ours == name && theirs.contains(&key))
}

/// A value without what stands at the paths; `None` where nothing is left.
fn without<'a>(value: Json<'a>, paths: &[&str]) -> Option<Cow<'a, str>> {
    match value.get().as_bytes().first()? {
        b'{' => Object::parse(value.get()).ok()?.rest(paths),
        b'[' => {
            let items: Vec<Json<'a>> = serde_json::from_str(value.get()).ok()?;
            let mut left: Vec<Cow<'a, str>> = Vec::new();
            for (index, item) in items.into_iter().enumerate() {
                let index = index.to_string();
                let steps = || paths.iter().map(|p| p.split_once('.').map_or((*p, None), |(s, r)| (s, Some(r))));
                let inner: Vec<&str> =
                    steps().filter(|(step, _)| *step == index).filter_map(|(_, rest)| rest).collect();
                if steps().any(|(step, rest)| step == index && rest.is_none()) {
                    continue;
                }
                left.extend(if inner.is_empty() { Some(Cow::Borrowed(item.get())) } else { without(item, &inner) });
            }
            (!left.is_empty()).then(|| Cow::Owned(format!("[{}]", left.join(","))))
        }
        _ => Some(Cow::Borrowed(value.get())),
    }
}

/// Lone surrogate escapes (Python's `json.dumps` writes them) become U+FFFD: they stand for no character.
pub fn mended(json: &str) -> Cow<'_, str> {
    let bytes = json.as_bytes();
    let escape = |at: usize| -> Option<u32> {
        let hex = bytes.get(at + 2..at + 6)?;
        (bytes.get(at..at + 2)? == b"\\u").then_some(())?;
        u32::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()
    };
    let (mut out, mut copied, mut at) = (String::new(), 0, 0);
    // Most text has no escape of this kind at all: one search says so.
    let Some(first) = memchr::memmem::find(bytes, b"\\u") else { return Cow::Borrowed(json) };
    // Surrogates are written \uD8.. to \uDF..: text without `\ud` or `\uD` has none.
    let rest = &bytes[first..];
    if memchr::memmem::find(rest, b"\\ud").is_none() && memchr::memmem::find(rest, b"\\uD").is_none() {
        return Cow::Borrowed(json);
    }
    while let Some(found) = memchr::memchr(b'\\', &bytes[at..]) {
        let here = at + found;
        at = here + 2;
        match escape(here) {
            Some(0xd800..=0xdbff) if matches!(escape(here + 6), Some(0xdc00..=0xdfff)) => at = here + 12,
            Some(0xd800..=0xdfff) => {
                out.push_str(&json[copied..here]);
                out.push_str("\\ufffd");
                at = here + 6;
                copied = at;
            }
            _ => {}
        }
        if at >= bytes.len() {
            break;
        }
    }
    if copied == 0 {
        return Cow::Borrowed(json);
    }
    out.push_str(&json[copied..]);
    Cow::Owned(out)
}

/// JSON text with null for what is no number: `NaN`, `Infinity`, as Python, pandas and C write them.
pub fn finite(json: &str) -> Cow<'_, str> {
    let bytes = json.as_bytes();
    let (mut out, mut copied, mut at) = (String::new(), 0, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'"' => at = text_end(bytes, at + 1),
            b'-' | b'+' | b'A'..=b'Z' | b'a'..=b'z' => {
                let word = at + usize::from(!bytes[at].is_ascii_alphabetic());
                let end = word + bytes[word..].iter().take_while(|b| b.is_ascii_alphanumeric()).count();
                if ["nan", "inf", "infinity"].iter().any(|w| json[word..end].eq_ignore_ascii_case(w)) {
                    out.push_str(&json[copied..at]);
                    out.push_str("null");
                    copied = end;
                }
                at = end;
            }
            _ => at += 1,
        }
    }
    if copied == 0 { Cow::Borrowed(json) } else { Cow::Owned(out + &json[copied..]) }
}

/// Where a JSON text ends, behind its closing quote, that goes on at `at`.
fn text_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        if bytes[at + found] == b'"' {
            return at + found + 1;
        }
        at += found + 2;
    }
    bytes.len()
}

/// The error for a field of the wrong type.
pub fn field_type(path: &str, wanted: &str, found: &str) -> Unreadable {
    Unreadable {
        reason: "field_type",
        detail: format!("field `{path}` should be {wanted}, but is {found}"),
        head: String::new(),
    }
}

/// The text of a JSON value; `Err` names what it is instead.
///
/// # Errors
///
/// What the value is where it is no text: an object, an array, text with broken escapes.
pub fn text_of(value: Json<'_>) -> Result<Option<Cow<'_, str>>, &'static str> {
    let json = value.get();
    match json.as_bytes().first() {
        Some(b'"') => match value.characters() {
            Some(text) => Ok(Some(text)),
            None => Err("not valid JSON text"),
        },
        Some(b'n') => Ok(None),
        Some(b'{') => Err("an object"),
        Some(b'[') => Err("an array"),
        _ => Ok(Some(Cow::Borrowed(json))),
    }
}

fn get_in<'a>(value: Json<'a>, path: &str) -> Option<Json<'a>> {
    match value.get().as_bytes().first()? {
        b'{' => Object::parse(value.get()).ok()?.get(path),
        b'[' => {
            let (step, rest) = path.split_once('.').map_or((path, None), |(s, r)| (s, Some(r)));
            let items: Vec<Json<'a>> = serde_json::from_str(value.get()).ok()?;
            let item = *items.get(step.parse::<usize>().ok()?)?;
            rest.map_or(Some(item), |rest| get_in(item, rest))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_is_null_and_texts_stay() {
        let json = r#"{"a": NaN, "b": [-Infinity, +inf,1], "c": "NaN \" nan", "NaN": nan, "n": null, "t": true}"#;
        let want = r#"{"a": null, "b": [null, null,1], "c": "NaN \" nan", "NaN": null, "n": null, "t": true}"#;
        assert_eq!(finite(json), want);
        for whole in [r#"{"a":"Infinity","b":-1,"c":"\\"}"#, "", "\"", "\"\\", "-", "深 -"] {
            assert!(matches!(finite(whole), Cow::Borrowed(text) if text == whole));
        }
    }

    #[test]
    fn reads_nested_and_dotted_paths() {
        let object = Object::parse(r#"{"a":{"b":[1,{"c":"深"}]},"a.x":"dotted","n":null,"a.x":"last"}"#).unwrap();
        assert_eq!(object.text("a.b.1.c").unwrap().unwrap(), "深");
        assert_eq!(object.text("a.x").unwrap().unwrap(), "last");
        assert_eq!(object.text("n").unwrap(), None);
        assert_eq!(object.text("a").unwrap_err().reason, "field_type");
        assert_eq!(object.require("zz").unwrap_err().reason, "field_missing");
        assert_eq!(object.rest(&["a.b", "n"]).unwrap(), r#"{"a.x":"last"}"#);
        assert_eq!(object.rest(&["a.b.1.c", "n", "a.x"]).unwrap(), r#"{"a":{"b":[1]}}"#);
        let list = Object::list(r#"["a",{"b":"c"}]"#).unwrap();
        assert_eq!((list.text("0").unwrap().unwrap(), list.text("1.b").unwrap().unwrap()), ("a".into(), "c".into()));
        let object = Object::parse(r#"{"a":{"b":1,"c":{"d":2,"e":3}},"ab":4}"#).unwrap();
        assert_eq!(object.rest(&["a.b", "a.c.e"]).unwrap(), r#"{"a":{"c":{"d":2}},"ab":4}"#);
    }

    #[test]
    fn mends_lone_surrogates_only() {
        assert_eq!(
            mended(r#"{"a":"\ud83d\ude00 \\ud83d \ud83d x \udc00"}"#),
            r#"{"a":"\ud83d\ude00 \\ud83d \ufffd x \ufffd"}"#
        );
        assert_eq!(mended(r#""\ud83d"#), r#""\ufffd"#);
        assert_eq!(mended(r#""\ud8"#), r#""\ud8"#);
        assert!(matches!(mended(r#"{"a":"\u4e2d"}"#), Cow::Borrowed(_)));
    }
}
