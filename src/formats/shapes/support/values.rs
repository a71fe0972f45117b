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

/// Words that judge by themselves: of what is good, and of what is bad.
const GOOD: &str = "good like liked thumbsup up desirable accept accepted chosen preferred pass passed correct helpful \
                    harmless unharmful safe 好 赞 点赞 正确 对 通过 合格 采纳 安全 无害 有用 满意";
const BAD: &str = "bad dislike disliked thumbsdown down undesirable reject rejected nonpreferred fail failed incorrect \
                   wrong unhelpful harmful unsafe 坏 差 踩 点踩 错误 错 不通过 不合格 有害 不安全 无用 不满意";
/// Last words of names of fields that say what is bad: there `true` is no praise.
const BLAME: &str = "bad harmful unsafe toxic wrong incorrect disliked undesirable rejected unhelpful 有害 不安全 错误";

/// What a label in the field `name` says: yes or no, or a word that judges. pandas writes a column with a hole as `1.0` and
/// `0.0`; of `harmful` or `is_toxic` yes is bad.
pub fn verdict(name: &str, text: &str) -> Option<bool> {
    let text = text.trim();
    let among = |words: &str, word: &str| words.split_ascii_whitespace().any(|one| one == word);
    let word = text.to_lowercase().replace(['_', '-', ' '], "");
    let judged = if among(GOOD, &word) { Some(true) } else { among(BAD, &word).then_some(false) };
    let last = name.rsplit(['.', '_', '-', ' ']).next().unwrap_or(name).to_lowercase();
    let said = match word.as_str() {
        "true" | "yes" | "是" => true,
        "false" | "no" | "否" => false,
        _ => match text {
            "1" | "1.0" => true,
            "0" | "0.0" => false,
            _ => return judged,
        },
    };
    Some(said != among(BLAME, &last))
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
