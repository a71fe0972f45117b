//! How every shape looks its fields up: what the recipe maps first, then the usual names; and the fields that all rows
//! share.

use std::borrow::Cow;

use super::turn::TurnReader;
use super::values::{add, first, is_null, is_scalar, joined, kind, null, scalar};
use super::{marks, media};
use crate::formats::json::Json;
use crate::formats::object::{field_type, text_of};
use crate::formats::{Layout, Object};
use crate::rows::{Content, Message, Row, Truth, Unreadable};

/// Hands over the rows of an object. What is wrong with it is wrong with all of them: one error.
pub fn all<'a>(rows: Result<Vec<Row<'a>>, Unreadable>, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
    match rows {
        Ok(rows) => rows.into_iter().for_each(|row| emit(Ok(row))),
        Err(error) => emit(Err(error)),
    }
}

/// The usual names of an id.
const IDS: &[&str] = &["id", "_id", "uid", "doc_id", "qid"];

/// More fields than any shape takes out of one object.
const MOST: usize = 32;

/// One object being taken apart. It remembers which fields were taken: the others become `meta`.
pub struct Reading<'s, 'a> {
    pub object: &'s Object<'a>,
    pub layout: &'s Layout,
    taken: [&'s str; MOST],
    count: usize,
    /// Taken paths that were made on the way.
    more: Vec<String>,
    /// Reads turns, and has what they hold beside their messages.
    pub turns: TurnReader,
    /// Fields of `meta` that a shape made.
    extras: String,
    aside: Option<(&'static str, String)>,
    /// Columns that the shape fills by itself; they go before fields of the usual names.
    pub columns: OwnColumns<'a>,
}

/// Columns of a row that a shape fills by itself.
#[derive(Default)]
pub struct OwnColumns<'a> {
    pub id: Option<Cow<'a, str>>,
    pub url: Option<Cow<'a, str>>,
    pub subset: Option<Cow<'a, str>>,
    pub language: Option<Cow<'a, str>>,
    pub truth: Option<Box<Truth<'a>>>,
}

/// A field that was found: its name in the source, and its value.
pub type Found<'s, 'a> = (&'s str, Json<'a>);

impl<'s, 'a> Reading<'s, 'a> {
    pub fn new(object: &'s Object<'a>, layout: &'s Layout) -> Self {
        Reading {
            object,
            layout,
            taken: [""; MOST],
            count: 0,
            more: Vec::new(),
            turns: TurnReader::default(),
            extras: String::new(),
            aside: None,
            columns: OwnColumns::default(),
        }
    }

    /// Marks a field as taken.
    pub fn take(&mut self, path: &'s str) {
        if let Some(slot) = self.taken.get_mut(self.count) {
            *slot = path;
            self.count += 1;
        }
    }

    /// Marks a field inside another one as taken.
    pub fn take_path(&mut self, path: String) {
        self.more.push(path);
    }

    /// Sets the row aside: it is dropped for `reason`, with the value that decided. The first reason stays.
    pub fn aside(&mut self, reason: &'static str, value: impl Into<String>) {
        self.aside.get_or_insert_with(|| (reason, value.into()));
    }

    /// Text that must be there.
    ///
    /// # Errors
    ///
    /// `field_missing` where no field has it, `field_type` where it is no text.
    pub fn need(&mut self, ours: &str, names: &[&'static str]) -> Result<Cow<'a, str>, Unreadable> {
        match self.find(ours, names, |_| true)? {
            Some((path, value)) => joined(path, value),
            None => Err(self.missing(ours, names[0])),
        }
    }

    /// The field that the recipe maps to `ours`: a row without it is an error; null is `None`.
    ///
    /// # Errors
    ///
    /// `field_missing` where the row lacks the field that the recipe maps.
    pub fn mapped(&mut self, ours: &str) -> Result<Option<Found<'s, 'a>>, Unreadable> {
        let Some(path) = self.layout.fields.get(ours).map(String::as_str) else { return Ok(None) };
        let value = self.object.get(path).ok_or_else(|| self.object.missing(path))?;
        let path = self.object.key(path);
        self.take(path);
        Ok(Some((path, value)).filter(|_| !is_null(value)))
    }

    /// The mapped field, or the first of `names` that is there, is not null, and passes `fits`.
    ///
    /// # Errors
    ///
    /// As [`Reading::mapped`], where the recipe maps it.
    pub fn find(
        &mut self,
        ours: &str,
        names: &[&'static str],
        fits: impl Fn(Json<'_>) -> bool,
    ) -> Result<Option<Found<'s, 'a>>, Unreadable> {
        if !self.layout.fields.is_empty() && self.layout.fields.contains_key(ours) {
            return self.mapped(ours);
        }
        for &name in names {
            let Some(value) = self.object.get(name) else { continue };
            let key = self.object.key(name);
            if is_null(value) {
                self.take(key);
            } else if fits(value) {
                self.take(key);
                return Ok(Some((key, value)));
            }
        }
        Ok(None)
    }

    /// Text that may be missing; an empty one counts as missing.
    ///
    /// # Errors
    ///
    /// As [`Reading::find`]; `field_type` where the mapped field is no text.
    pub fn option(&mut self, ours: &str, names: &[&'static str]) -> Result<Option<Cow<'a, str>>, Unreadable> {
        match self.find(ours, names, is_scalar)? {
            Some((path, value)) => scalar(path, value).map(|text| Some(text).filter(|t| !t.is_empty())),
            None => Ok(None),
        }
    }

    /// Text that may be missing; an array of texts is joined by line breaks, an empty text stays one.
    ///
    /// # Errors
    ///
    /// As [`Reading::find`]; `field_type` where the mapped field is neither text nor a list of texts.
    pub fn text(&mut self, ours: &str, names: &[&'static str]) -> Result<Option<Cow<'a, str>>, Unreadable> {
        match self.find(ours, names, |v| is_scalar(v) || first(v) == b'[')? {
            Some((path, value)) => joined(path, value).map(Some),
            None => Ok(None),
        }
    }

    /// A number that may be missing. Of the usual names, one that holds no number is left alone.
    ///
    /// # Errors
    ///
    /// As [`Reading::find`]; `field_type` where the mapped field holds no number.
    pub fn number(&mut self, ours: &str, names: &[&'static str]) -> Result<Option<f64>, Unreadable> {
        let parse = |value: Json<'_>| text_of(value).ok().flatten().and_then(|t| t.trim().parse::<f64>().ok());
        match self.find(ours, names, |v| parse(v).is_some())? {
            Some((path, value)) => parse(value).map(Some).ok_or_else(|| field_type(path, "a number", kind(value))),
            None => Ok(None),
        }
    }

    /// The error for content that is nowhere, or of no use: names what the recipe mapped, or the first usual name.
    pub fn missing(&self, ours: &str, name: &str) -> Unreadable {
        let path = self.layout.fields.get(ours).map_or(name, String::as_str);
        match self.object.get(path) {
            Some(value) if is_null(value) => null(path),
            Some(value) => field_type(path, "text", kind(value)),
            None => self.object.missing(path),
        }
    }

    /// Keeps the fields of a turn that the schema does not model: they become `meta.turn_fields`.
    pub fn keep(&mut self, turn: &str, fields: &str) {
        add(&mut self.turns.beside, turn, fields);
    }

    /// Adds a field to `meta`: its value as JSON.
    pub fn extra(&mut self, key: &str, json: &str) {
        add(&mut self.extras, key, json);
    }

    /// The row: id, url, subset, language, licence, and what is left as `meta`.
    ///
    /// # Errors
    ///
    /// As [`Reading::option`], of the fields that all rows have.
    pub fn row(mut self, mut content: Content<'a>) -> Result<Row<'a>, Unreadable> {
        match &mut content {
            Content::Instruct { messages, .. } => once(messages),
            Content::Rlhf(pair) => once(&mut pair.prompt),
            Content::Pretrain { .. } | Content::Task(_) => {}
        }
        marks::take_off(&mut content);
        if !matches!(content, Content::Pretrain { .. })
            && let Some(name) =
                media::beside(self.object, &self.taken[..self.count]).or_else(|| media::within(&content))
        {
            self.aside("media", name);
        }
        let mut row = Row::new(content);
        let own = std::mem::take(&mut self.columns);
        row.truth = own.truth;
        let mut of = |ours: &str, own: Option<Cow<'a, str>>, names: &[&'static str]| match own {
            Some(own) if !self.layout.fields.contains_key(ours) => Ok(Some(own)),
            _ => self.option(ours, names),
        };
        row.id = of("id", own.id, IDS)?;
        row.url = of("url", own.url, &["url"])?;
        row.subset = of("subset", own.subset, &["subset"])?;
        let language = of("language", own.language, &["language", "lang"])?;
        row.license = self.option("license", &["license", "licence"])?;
        match language.as_deref().map(|said| (said, crate::text::language::code(said))) {
            Some((_, Some(code))) => row.language = Some(code.into()),
            // No language of people that is known (a programming language, a word of the set's own): it stays in `meta`.
            Some((said, None)) if !said.trim().is_empty() => {
                self.extra("language", &serde_json::Value::from(said).to_string());
            }
            _ => {}
        }
        row.meta = self.meta();
        row.aside = self.aside;
        Ok(row)
    }

    /// The rows of an object that gives several: they share all but their content.
    pub fn rows(
        self,
        contents: impl IntoIterator<Item = Content<'a>>,
        emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>),
    ) {
        let mut contents = contents.into_iter();
        let Some(first) = contents.next() else { return };
        let mut row = match self.row(first) {
            Ok(row) => row,
            Err(error) => return emit(Err(error)),
        };
        for content in contents {
            let next = Row { content, ..row.shared() };
            emit(Ok(std::mem::replace(&mut row, next)));
        }
        emit(Ok(row));
    }

    /// What is left of the object.
    pub fn meta(&self) -> Option<Cow<'a, str>> {
        let taken = &self.taken[..self.count];
        let left = self.object.fields().any(|(key, _)| !taken.contains(&key));
        let rest = match (left, self.more.is_empty()) {
            (false, _) => None,
            (true, true) => self.object.rest(taken),
            (true, false) => {
                let all: Vec<&str> = taken.iter().copied().chain(self.more.iter().map(String::as_str)).collect();
                self.object.rest(&all)
            }
        };
        if self.extras.is_empty() && self.turns.beside.is_empty() {
            return rest;
        }
        let mut out = rest.as_deref().and_then(|m| m.strip_suffix('}')).unwrap_or("{").to_owned();
        let turns = &self.turns.beside;
        let turns = if turns.is_empty() { String::new() } else { format!("\"turn_fields\":{{{turns}}}") };
        for part in [&self.extras, &turns].into_iter().filter(|p| !p.is_empty()) {
            out.push_str(if out == "{" { "" } else { "," });
            out.push_str(part);
        }
        out.push('}');
        Some(Cow::Owned(out))
    }
}

/// A system prompt that stands in a field of its own and again as the first turn is said once; another one stays.
fn once(messages: &mut Vec<Message<'_>>) {
    let systems = messages.iter().take_while(|m| m.role == "system").count();
    for at in (1..systems).rev() {
        if messages[..at].iter().any(|m| m.content.trim() == messages[at].content.trim()) {
            messages.remove(at);
        }
    }
}
