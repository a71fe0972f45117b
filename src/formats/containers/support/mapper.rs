//! Objects as JSON text, through the shape, to records.

use std::borrow::Cow;
use std::io;

use super::records::{head, not_utf8, too_large, unreadable};
use super::{by_columns, row_rules};
use crate::formats::object::{finite, mended};
use crate::formats::{self, Layout, Object, Shape, Split};
use crate::rows::{Record, Use};

/// The shape of a layout.
///
/// # Errors
/// Where no shape has the name.
pub fn shape_of(layout: &Layout) -> io::Result<&'static dyn Shape> {
    let name = layout.shape.as_deref().unwrap_or("fields");
    formats::shape(name).ok_or_else(|| io::Error::other(format!("no format is called `{name}`")))
}

/// Objects on their way to a shape. Those that make rows only together ([`Shape::joined`]) are collected first.
pub struct Mapper {
    shape: &'static dyn Shape,
    layout: Layout,
    group: Option<Group>,
}

/// Objects in a row that have something in common: `{"group": "…", "rows": […`.
struct Group {
    key: String,
    json: Vec<u8>,
    length: u64,
    place: (u64, u64),
}

impl Mapper {
    /// A mapper to the shape of a layout.
    ///
    /// # Errors
    /// Where no shape has the name.
    pub fn new(layout: &Layout) -> io::Result<Self> {
        Ok(Mapper { shape: shape_of(layout)?, layout: layout.clone(), group: None })
    }

    /// How a container whose plain files are cut by `split` cuts them for the shape of a layout.
    pub fn split(layout: &Layout, split: Split) -> Split {
        if shape_of(layout).is_ok_and(|shape| shape.joins()) { Split::Whole } else { split }
    }

    /// Whether each object is exactly one row.
    pub fn one_each(&self) -> bool {
        !(self.shape.several() || self.shape.groups(&self.layout))
    }

    /// Maps one object as [`map`] does, or collects it with those that it makes a row with.
    pub fn map(&mut self, bytes: &[u8], place: (u64, u64), whole: bool, emit: &mut dyn FnMut(Record<'_>)) {
        if self.shape.joins()
            && let Ok(json) = std::str::from_utf8(bytes)
            && let Ok(object) = Object::parse(&mended(json))
            && let Some(key) = self.shape.joined(&object)
        {
            if self.group.as_ref().is_none_or(|group| group.key != key) {
                self.finish(emit);
                let open = format!("{{\"group\":{},\"rows\":[", serde_json::to_string(&key).unwrap_or_default());
                self.group = Some(Group { key, length: open.len() as u64, json: open.into_bytes(), place });
            } else if let Some(group) = &mut self.group {
                group.json.push(b',');
            }
            if let Some(group) = &mut self.group {
                group.length += bytes.len() as u64 + 1;
                if group.length <= self.layout.max_row {
                    group.json.extend_from_slice(bytes);
                }
            }
            return;
        }
        self.finish(emit);
        map(bytes, place, whole, self.shape, &self.layout, emit);
    }

    /// Maps what was collected; false where there was nothing.
    pub fn finish(&mut self, emit: &mut dyn FnMut(Record<'_>)) -> bool {
        let Some(mut group) = self.group.take() else { return false };
        if group.length > self.layout.max_row {
            emit(too_large(&group.json, group.length, self.layout.max_row, group.place.0, group.place.1));
        } else {
            group.json.extend_from_slice(b"]}");
            map(&group.json, group.place, true, self.shape, &self.layout, emit);
        }
        true
    }
}

/// Maps the bytes of one JSON value to records. `whole` says that the value's end is not the end of the file: one that
/// breaks off all the same is broken, not truncated.
pub fn map(
    bytes: &[u8],
    (offset, line): (u64, u64),
    whole: bool,
    shape: &dyn Shape,
    layout: &Layout,
    emit: &mut dyn FnMut(Record<'_>),
) {
    let json = match simdutf8::compat::from_utf8(bytes) {
        Ok(json) => json,
        Err(error) => {
            let detail = format!(
                "not UTF-8 at byte {} of the row; if the file has another encoding, say `encoding`",
                error.valid_up_to()
            );
            let (reason, detail) = not_utf8(error, whole, detail);
            return emit(unreadable(reason, detail, bytes, offset, line));
        }
    };
    let mut json = mended(json);
    // A text without an object around it is a document.
    if layout.usage == Use::Pretrain && layout.fields.is_empty() && json.trim_start().starts_with('"') {
        json = Cow::Owned(format!("{{\"text\":{json}}}"));
    }
    let list = shape.lists() && json.trim_start().starts_with('[');
    let parse = |json| if list { Object::list(json) } else { Object::parse(json) };
    let numbers = std::cell::OnceCell::new();
    let without_nan = |error| match finite(&json) {
        Cow::Owned(json) => parse(numbers.get_or_init(|| json)).map_err(|_| error),
        Cow::Borrowed(_) => Err(error),
    };
    let object = match parse(&json).or_else(without_nan) {
        Ok(object) => object,
        Err(error) => {
            let (reason, detail) = reason(&json, whole, &error);
            return emit(unreadable(reason, detail, bytes, offset, line));
        }
    };
    // Who gives the fields names of ours knows what is in them.
    let renamed = || layout.fields.iter().any(|(ours, theirs)| ours != theirs);
    if let Some(detail) = by_columns::told(&object).filter(|_| !list && !renamed()) {
        return emit(unreadable("by_columns", detail, bytes, offset, line));
    }
    shape.map(&object, layout, &mut |row| match row {
        Ok(mut row) => {
            row_rules::apply(&mut row, layout);
            emit(Record { offset, line, row: Ok(row) });
        }
        Err(mut error) => {
            if error.head.is_empty() {
                error.head = head(bytes);
            }
            emit(Record { offset, line, row: Err(error) });
        }
    });
}

fn reason(json: &str, whole: bool, error: &serde_json::Error) -> (&'static str, String) {
    if error.is_eof() && !whole {
        return ("truncated", "the row breaks off before its JSON is closed".into());
    }
    match json.trim_start().as_bytes().first() {
        Some(b'{') => ("json", error.to_string()),
        Some(_) if serde_json::from_str::<serde::de::IgnoredAny>(json).is_ok() => {
            ("not_object", "a JSON value, but not an object with fields".into())
        }
        _ => ("json", error.to_string()),
    }
}
