//! TOML as a tree in which every key and value knows its place.

use std::ops::Range;

use serde_json::Value as Json;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::kinds::Kind;
use super::problem::Problem;

/// A value with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Bytes of the recipe that it stands in.
    pub span: Range<usize>,
    /// The value.
    pub value: Value,
}

/// A TOML value; dates are their text.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Value {
    Text(String),
    Int(i64),
    Float(f64),
    Bool(bool),
    List(Vec<Node>),
    Table(Vec<Entry>),
}

/// A key with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub span: Range<usize>,
    /// Its value.
    pub node: Node,
}

/// Parses a whole document.
///
/// # Errors
///
/// The first place at which the text is no TOML ([`Kind::Syntax`]).
pub fn parse(text: &str) -> Result<Node, Problem> {
    let table = DeTable::parse(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        Problem::new(Kind::Syntax, span, error.message().lines().next().unwrap_or("not TOML"), "here")
    })?;
    Ok(Node { span: table.span(), value: table_of(table.get_ref()) })
}

/// Parses the right side of `--set KEY=VALUE`: TOML, else text. All of it has the span that is given.
pub fn parse_value(text: &str, span: Range<usize>) -> Node {
    fn place(node: &mut Node, span: &Range<usize>) {
        node.span = span.clone();
        match &mut node.value {
            Value::List(items) => items.iter_mut().for_each(|item| place(item, span)),
            Value::Table(entries) => entries.iter_mut().for_each(|entry| {
                entry.span = span.clone();
                place(&mut entry.node, span);
            }),
            _ => {}
        }
    }
    match DeValue::parse(text) {
        Ok(value) => {
            let mut node = node(&value);
            place(&mut node, &span);
            node
        }
        Err(_) => Node { span, value: Value::Text(text.to_owned()) },
    }
}

fn table_of(table: &DeTable<'_>) -> Value {
    let mut entries: Vec<Entry> = table
        .iter()
        .map(|(key, value)| Entry { key: key.get_ref().to_string(), span: key.span(), node: node(value) })
        .collect();
    entries.sort_by_key(|e| e.span.start);
    Value::Table(entries)
}

fn node(value: &Spanned<DeValue<'_>>) -> Node {
    let value_of = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => {
            let digits = number.as_str().replace('_', "");
            match i64::from_str_radix(&digits, number.radix()) {
                Ok(number) => Value::Int(number),
                Err(_) => Value::Float(digits.parse().unwrap_or(f64::NAN)),
            }
        }
        DeValue::Float(number) => Value::Float(number.as_str().replace('_', "").parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(yes) => Value::Bool(*yes),
        DeValue::Datetime(date) => Value::Text(date.to_string()),
        DeValue::Array(items) => Value::List(items.iter().map(node).collect()),
        DeValue::Table(table) => table_of(table),
    };
    Node { span: value.span(), value: value_of }
}

impl Node {
    /// What it is, for messages.
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Text(_) => "text",
            Value::Int(_) => "a whole number",
            Value::Float(_) => "a number",
            Value::Bool(_) => "true or false",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
        }
    }

    /// The entries of a table.
    pub fn entries(&self) -> Option<&[Entry]> {
        if let Value::Table(entries) = &self.value { Some(entries) } else { None }
    }

    /// As JSON, for the options of a stage.
    pub fn json(&self) -> Json {
        match &self.value {
            Value::Text(text) => Json::from(text.as_str()),
            Value::Int(number) => Json::from(*number),
            Value::Float(number) => Json::from(*number),
            Value::Bool(yes) => Json::from(*yes),
            Value::List(items) => Json::Array(items.iter().map(Node::json).collect()),
            Value::Table(entries) => Json::Object(entries.iter().map(|e| (e.key.clone(), e.node.json())).collect()),
        }
    }
}
