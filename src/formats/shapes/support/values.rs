//! JSON values of fields: what they are, the text in them, and the errors for what they should not be.

use std::borrow::Cow;

use crate::formats::json::Json;
use crate::formats::object::{field_type, text_of};
use crate::formats::{Layout, Object};
use crate::rows::Unreadable;

/// Whether a JSON value is null.
pub fn is_null(value: Json<'_>) -> bool {
    value.get() == "null"
}

/// Whether a JSON value is text, a number or a boolean.
pub fn is_scalar(value: Json<'_>) -> bool {
    !matches!(first(value), b'[' | b'{' | b'n')
}

/// The first byte of a JSON value, which tells its type.
pub fn first(value: Json<'_>) -> u8 {
    value.get().as_bytes().first().copied().unwrap_or(b'n')
}

/// What a JSON value is, for a person.
pub fn kind(value: Json<'_>) -> &'static str {
    match first(value) {
        b'"' => "text",
        b'{' => "an object",
        b'[' => "an array",
        b'n' => "null",
        b't' | b'f' => "true or false",
        _ => "a number",
    }
}

/// The items of a JSON array.
///
/// # Errors
/// `field_type` where it is no array.
pub fn items<'a>(path: &str, value: Json<'a>) -> Result<Vec<Json<'a>>, Unreadable> {
    match first(value) {
        b'[' => serde_json::from_str(value.get()).map_err(|e| field_type(path, "an array", &e.to_string())),
        _ => Err(field_type(path, "an array", kind(value))),
    }
}

/// The text of a value that must be text (numbers and booleans are their JSON text).
///
/// # Errors
/// `field_missing` for null, `field_type` for an object or array.
pub fn scalar<'a>(path: &str, value: Json<'a>) -> Result<Cow<'a, str>, Unreadable> {
    match text_of(value) {
        Ok(Some(text)) => Ok(text),
        Ok(None) => Err(null(path)),
        Err(kind) => Err(field_type(path, "text", kind)),
    }
}

/// The text of a value; an array of texts is joined by line breaks.
///
/// # Errors
/// As [`scalar`].
pub fn joined<'a>(path: &str, value: Json<'a>) -> Result<Cow<'a, str>, Unreadable> {
    if first(value) != b'[' {
        return scalar(path, value);
    }
    let lines: Vec<Cow<'_, str>> = items(path, value)?
        .into_iter()
        .enumerate()
        .map(|(index, line)| {
            text_of(line).ok().flatten().ok_or_else(|| field_type(&format!("{path}.{index}"), "text", kind(line)))
        })
        .collect::<Result<_, _>>()?;
    Ok(Cow::Owned(lines.join("\n")))
}

/// What a label says, in the words that files have for yes and no: pandas writes a column with a hole as `1.0` and `0.0`.
pub fn verdict(text: &str) -> Option<bool> {
    match text.trim() {
        "true" | "True" | "TRUE" | "1" | "1.0" => Some(true),
        "false" | "False" | "FALSE" | "0" | "0.0" => Some(false),
        _ => None,
    }
}

/// The error for a required field that is null.
pub fn null(path: &str) -> Unreadable {
    Unreadable { reason: "field_missing", detail: format!("field `{path}` is null"), head: String::new() }
}

/// The error for a dialogue that is not put together as it must be.
pub fn mismatch(detail: impl Into<String>) -> Unreadable {
    Unreadable { reason: "dialogue_mismatch", detail: detail.into(), head: String::new() }
}

/// The error for a use that a shape does not have.
pub fn wrong_use(shape: &str, layout: &Layout) -> Unreadable {
    Unreadable {
        reason: "wrong_use",
        detail: format!("the shape `{shape}` has no rows for {}", layout.usage),
        head: String::new(),
    }
}

/// The share of a sample for which `test` holds; 0 for an empty sample.
pub fn share(sample: &[Object<'_>], test: impl Fn(&Object<'_>) -> bool) -> f32 {
    if sample.is_empty() {
        return 0.0;
    }
    sample.iter().filter(|o| test(o)).count() as f32 / sample.len() as f32
}

/// The first byte of a top-level field, which tells its type; `None` where it is missing or null.
pub fn starts(object: &Object<'_>, key: &str) -> Option<u8> {
    object.get(key).map(first).filter(|b| *b != b'n')
}

/// Adds a member to a JSON object that is not opened yet.
pub fn add(out: &mut String, key: &str, json: &str) {
    out.push_str(if out.is_empty() { "" } else { "," });
    out.push_str(&format!("{}:{json}", serde_json::to_string(key).unwrap_or_default()));
}
