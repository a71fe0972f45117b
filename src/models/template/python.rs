//! What templates take for granted since their engine is written in Python: the methods of texts, objects and lists, and
//! what counts as white space, as a sequence, and as something to go through.

use minijinja::value::{Value, ValueKind};
use minijinja::{Error, ErrorKind, State};

/// The arguments of a call: by place, and by name.
pub(super) struct Arguments<'a> {
    plain: &'a [Value],
    named: Option<&'a Value>,
}

impl<'a> Arguments<'a> {
    pub(super) fn of(all: &'a [Value]) -> Self {
        match all.split_last() {
            Some((last, plain)) if last.is_kwargs() => Arguments { plain, named: Some(last) },
            _ => Arguments { plain: all, named: None },
        }
    }

    /// The argument at this place, or of this name.
    pub(super) fn get(&self, at: usize, name: &str) -> Option<Value> {
        let named = || self.named?.get_attr(name).ok().filter(|v| !v.is_undefined());
        self.plain.get(at).cloned().or_else(named)
    }

    /// The same, where `None` stands for nothing.
    fn some(&self, at: usize, name: &str) -> Option<Value> {
        self.get(at, name).filter(|v| !v.is_none())
    }

    /// A text that has to be there.
    fn text(&self, at: usize, name: &str) -> Result<String, Error> {
        let value = self.get(at, name);
        value.as_ref().and_then(Value::as_str).map(str::to_owned).ok_or_else(|| wrong(&format!("{name} is no text")))
    }

    /// How often at the most: all where it is negative or left out.
    fn most(&self, at: usize, name: &str) -> usize {
        self.some(at, name).and_then(|v| v.as_i64()).and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX)
    }
}

fn wrong(what: &str) -> Error {
    Error::new(ErrorKind::InvalidOperation, what.to_owned())
}

/// White space by `str.isspace`: Rust's, and four characters that separate records.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// A method of a value that the engine does not have.
pub(super) fn method(_: &mut State, value: &Value, name: &str, arguments: &[Value]) -> Result<Value, Error> {
    let given = Arguments::of(arguments);
    match value.kind() {
        ValueKind::String => of_text(value.as_str().unwrap_or_default(), name, &given),
        ValueKind::Map => of_object(value, name, &given),
        ValueKind::Seq => of_list(value, name, &given),
        _ => Err(Error::from(ErrorKind::UnknownMethod)),
    }
}

fn of_object(value: &Value, name: &str, given: &Arguments<'_>) -> Result<Value, Error> {
    let keys = || value.try_iter().map(|keys| keys.collect::<Vec<Value>>());
    match name {
        "get" => {
            let key = given.get(0, "key").ok_or_else(|| wrong("get() takes a key"))?;
            let found = value.get_item(&key)?;
            Ok(if found.is_undefined() { given.get(1, "default").unwrap_or(Value::from(())) } else { found })
        }
        "keys" => Ok(Value::from(keys()?)),
        "values" => Ok(Value::from(keys()?.iter().map(|key| value.get_item(key)).collect::<Result<Vec<_>, _>>()?)),
        "items" => {
            let pair = |key: Value| Ok(Value::from(vec![key.clone(), value.get_item(&key)?]));
            Ok(Value::from(keys()?.into_iter().map(pair).collect::<Result<Vec<Value>, Error>>()?))
        }
        _ => Err(Error::from(ErrorKind::UnknownMethod)),
    }
}

fn of_list(value: &Value, name: &str, given: &Arguments<'_>) -> Result<Value, Error> {
    let wanted = || given.get(0, "value").ok_or_else(|| wrong("a value is asked for"));
    match name {
        "count" => {
            let wanted = wanted()?;
            Ok(Value::from(value.try_iter()?.filter(|item| *item == wanted).count()))
        }
        "index" => {
            let wanted = wanted()?;
            value.try_iter()?.position(|item| item == wanted).map(Value::from).ok_or_else(|| wrong("not in the list"))
        }
        _ => Err(Error::from(ErrorKind::UnknownMethod)),
    }
}

fn of_text(text: &str, name: &str, given: &Arguments<'_>) -> Result<Value, Error> {
    let every = |is: fn(char) -> bool| Value::from(!text.is_empty() && text.chars().all(is));
    Ok(match name {
        "strip" => Value::from(stripped(text, given, true, true)),
        "lstrip" => Value::from(stripped(text, given, true, false)),
        "rstrip" => Value::from(stripped(text, given, false, true)),
        "startswith" => Value::from(any(given, "prefix", |part| text.starts_with(part))?),
        "endswith" => Value::from(any(given, "suffix", |part| text.ends_with(part))?),
        "removeprefix" => Value::from(text.strip_prefix(&*given.text(0, "prefix")?).unwrap_or(text)),
        "removesuffix" => Value::from(text.strip_suffix(&*given.text(0, "suffix")?).unwrap_or(text)),
        "split" => Value::from(split(text, given)?),
        "rsplit" => Value::from(rsplit(text, given)?),
        "splitlines" => Value::from(lines(text, given.get(0, "keepends").is_some_and(|v| v.is_true()))),
        "partition" | "rpartition" => {
            let separator = given.text(0, "sep")?;
            let last = name == "rpartition";
            let parts = if last { text.rsplit_once(&*separator) } else { text.split_once(&*separator) };
            let none = if last { ["", "", text] } else { [text, "", ""] };
            let parts = parts.map_or(none, |(front, back)| [front, &separator, back]);
            Value::from(parts.map(Value::from).to_vec())
        }
        "replace" => {
            let (old, new) = (given.text(0, "old")?, given.text(1, "new")?);
            Value::from(text.replacen(&*old, &new, given.most(2, "count")))
        }
        "join" => {
            let items = given.get(0, "iterable").ok_or_else(|| wrong("join() takes texts"))?;
            let items: Option<Vec<String>> = items.try_iter()?.map(|v| v.as_str().map(str::to_owned)).collect();
            Value::from(items.ok_or_else(|| wrong("join() takes texts"))?.join(text))
        }
        "upper" => Value::from(text.to_uppercase()),
        "lower" | "casefold" => Value::from(text.to_lowercase()),
        "capitalize" => Value::from(capitalized(text)),
        "title" => Value::from(titled(text)),
        "count" => Value::from(text.matches(&*given.text(0, "sub")?).count()),
        "find" | "rfind" | "index" | "rindex" => {
            let wanted = given.text(0, "sub")?;
            let found = if name.starts_with('r') { text.rfind(&*wanted) } else { text.find(&*wanted) };
            match found {
                Some(at) => Value::from(text[..at].chars().count()),
                None if name.ends_with("find") => Value::from(-1),
                None => return Err(wrong("substring not found")),
            }
        }
        "isspace" => every(is_space),
        "isalpha" => every(char::is_alphabetic),
        "isalnum" => every(char::is_alphanumeric),
        "isdigit" | "isdecimal" | "isnumeric" => every(char::is_numeric),
        "isupper" => Value::from(text.chars().any(char::is_uppercase) && !text.chars().any(char::is_lowercase)),
        "islower" => Value::from(text.chars().any(char::is_lowercase) && !text.chars().any(char::is_uppercase)),
        _ => return Err(Error::from(ErrorKind::UnknownMethod)),
    })
}

/// Whether the first argument, a text or a list of texts, has one that fits.
fn any(given: &Arguments<'_>, name: &str, fits: impl Fn(&str) -> bool) -> Result<bool, Error> {
    match given.get(0, name) {
        Some(list) if list.kind() == ValueKind::Seq => Ok(list.try_iter()?.any(|v| v.as_str().is_some_and(&fits))),
        _ => given.text(0, name).map(|part| fits(&part)),
    }
}

fn stripped<'t>(text: &'t str, given: &Arguments<'_>, front: bool, back: bool) -> &'t str {
    let set = given.some(0, "chars");
    let set: Option<Vec<char>> = set.as_ref().and_then(Value::as_str).map(|set| set.chars().collect());
    let goes = |c: char| set.as_ref().map_or_else(|| is_space(c), |set| set.contains(&c));
    let text = if front { text.trim_start_matches(goes) } else { text };
    if back { text.trim_end_matches(goes) } else { text }
}

/// The filter `trim`.
pub(super) fn trim(text: &str, arguments: &[Value]) -> Value {
    Value::from(stripped(text, &Arguments::of(arguments), true, true))
}

fn split(text: &str, given: &Arguments<'_>) -> Result<Vec<Value>, Error> {
    let most = given.most(1, "maxsplit");
    if given.some(0, "sep").is_some() {
        let separator = given.text(0, "sep")?;
        if separator.is_empty() {
            return Err(wrong("empty separator"));
        }
        return Ok(text.splitn(most.saturating_add(1), &*separator).map(Value::from).collect());
    }
    let (mut parts, mut rest) = (Vec::new(), text.trim_start_matches(is_space));
    while !rest.is_empty() {
        let end = if parts.len() < most { rest.find(is_space) } else { None };
        let (part, after) = rest.split_at(end.unwrap_or(rest.len()));
        parts.push(Value::from(part));
        rest = after.trim_start_matches(is_space);
    }
    Ok(parts)
}

fn rsplit(text: &str, given: &Arguments<'_>) -> Result<Vec<Value>, Error> {
    let most = given.most(1, "maxsplit");
    match given.some(0, "sep") {
        Some(_) => {
            let separator = given.text(0, "sep")?;
            if separator.is_empty() {
                return Err(wrong("empty separator"));
            }
            let mut parts: Vec<Value> = text.rsplitn(most.saturating_add(1), &*separator).map(Value::from).collect();
            parts.reverse();
            Ok(parts)
        }
        None if most == usize::MAX => split(text, given),
        None => Err(wrong("rsplit() with maxsplit takes a separator here")),
    }
}

/// Lines by every character that ends one.
fn lines(text: &str, keep: bool) -> Vec<Value> {
    let ends = |c: char| "\n\r\u{b}\u{c}\u{1c}\u{1d}\u{1e}\u{85}\u{2028}\u{2029}".contains(c);
    let (mut lines, mut rest) = (Vec::new(), text);
    while !rest.is_empty() {
        let end = rest.find(ends).unwrap_or(rest.len());
        let mark = match rest[end..].chars().next() {
            Some('\r') if rest[end + 1..].starts_with('\n') => 2,
            Some(c) => c.len_utf8(),
            None => 0,
        };
        lines.push(Value::from(&rest[..if keep { end + mark } else { end }]));
        rest = &rest[end + mark..];
    }
    lines
}

/// `str.capitalize`, which is the filter of that name too.
pub(super) fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    first + &chars.as_str().to_lowercase()
}

fn titled(text: &str) -> String {
    let mut inside = false;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if inside {
            out.extend(c.to_lowercase());
        } else {
            out.extend(c.to_uppercase());
        }
        inside = c.is_alphabetic();
    }
    out
}

/// The test `iterable`: texts, lists, objects, and what is undefined; not `none`.
pub(super) fn is_iterable(value: &Value) -> bool {
    !value.is_none() && value.try_iter().is_ok()
}

/// The test `sequence`: what has a length and items, texts and objects too.
pub(super) fn is_sequence(value: &Value) -> bool {
    value.is_undefined() || matches!(value.kind(), ValueKind::String | ValueKind::Seq | ValueKind::Map)
}
