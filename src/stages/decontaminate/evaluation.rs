//! Evaluation sets, read and compiled.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use super::Decontaminate;
use crate::formats::json::Json;
use crate::formats::shapes::texts;
use crate::formats::{self, Layout, Object, Piece, Shape, TextRows, detect};
use crate::input::{self, Transport};
use crate::rows::{Content, Use};
use crate::stages::resources::{Resource, Shared};
use crate::text::overlap::set::{Builder, Set};
use crate::{Error, Result};

/// Evaluation sets, compiled.
#[derive(Debug)]
pub struct Evaluation {
    /// The n-grams.
    pub set: Set,
    files: Vec<String>,
}

static SETS: Shared<Evaluation> = Shared::new();

/// What a stage compares with, read and compiled, or found so.
///
/// # Errors
/// A file that cannot be read, with the place.
pub fn evaluation(options: &Decontaminate, files: &[Resource]) -> Result<Arc<Evaluation>> {
    let names: Vec<String> = files.iter().map(|f| format!("{} {}", f.sha256, f.path.display())).collect();
    let key = serde_json::json!([names, options.fields, options.words, options.chars, options.common]);
    SETS.get(&key.to_string(), || {
        let mut reader = Reader { builder: Builder::new(options.size()), files: Vec::new(), fields: &options.fields };
        files.iter().try_for_each(|file| reader.read(file))?;
        Ok(Evaluation { set: reader.builder.finish(options.common), files: reader.files })
    })
}

impl Evaluation {
    /// Where an item stands, for people.
    pub fn place(&self, item: usize) -> String {
        let item = self.set.items[item];
        format!("{}:{}", self.files[item.file as usize], item.row)
    }
}

struct Reader<'a> {
    builder: Builder,
    files: Vec<String>,
    fields: &'a [String],
}

const REPAIR: &str = "an evaluation set is read whole or not at all: repair it, or fetch it again";
/// Bytes of the largest record.
const LARGEST: u64 = 1 << 30;
/// Names of members that hold records; archives carry licences and programs as well.
const DATA: [&str; 8] = ["json", "jsonl", "ndjson", "csv", "tsv", "txt", "parquet", "arrow"];

impl Reader<'_> {
    fn read(&mut self, resource: &Resource) -> Result<()> {
        let path = resource.path.as_path();
        let io = |e| Error::io(path)(e);
        let outer = input::compression(path).map_err(io)?;
        let Some(members) = input::members(path, outer).map_err(io)? else {
            return self.file(resource, path, None);
        };
        let data = |name: &str| name.rsplit('.').take(2).any(|end| DATA.contains(&end.to_ascii_lowercase().as_str()));
        members.iter().filter(|m| data(&m.name)).try_for_each(|m| self.file(resource, path, Some(&m.name)))
    }

    fn file(&mut self, resource: &Resource, path: &Path, member: Option<&str>) -> Result<()> {
        let shown = member.map_or(resource.shown.clone(), |m| format!("{}!{m}", resource.shown));
        self.files.push(shown.clone());
        let file = self.files.len() as u32 - 1;
        let found = detect::detect(path, member).map_err(Error::io(path))?;
        let fields = self.fields.iter().enumerate().map(|(i, f)| (format!("{i:06}"), f.clone()));
        // A table whose content does not tell is told by its name.
        let named = |end: &str| found.container == "text" && shown.to_ascii_lowercase().ends_with(end);
        let container = if named(".csv") {
            "csv"
        } else if named(".tsv") {
            "tsv"
        } else {
            found.container
        };
        let objects = formats::container(container).is_some_and(|c| c.objects());
        let usage = if objects { Use::Instruct } else { Use::Pretrain };
        let layout = Layout {
            shape: Some(texts::SHAPE.name().to_owned()),
            transport: Transport { compression: found.compression, encoding: found.encoding },
            rows: Some(TextRows::Line),
            fields: fields.collect(),
            columns: found.columns,
            ..Layout::plain(container, usage, LARGEST)
        };
        let piece = Piece { path: path.to_owned(), member: member.map(str::to_owned), start: 0, end: u64::MAX };
        match container {
            "json" | "jsonl" => self.json(file, &shown, &piece, &layout),
            _ => self.records(file, &shown, &piece, &layout),
        }
    }

    /// JSON lines; or one JSON value: an array of items, or an object that has such arrays, as SQuAD and GAOKAO-Bench do.
    fn json(&mut self, file: u32, shown: &str, piece: &Piece, layout: &Layout) -> Result<()> {
        let mut json = String::new();
        let mut stream = input::open(piece, &layout.transport).map_err(Error::io(&piece.path))?;
        stream.read_to_string(&mut json).map_err(Error::io(&piece.path))?;
        let mut stream = serde_json::Deserializer::from_str(&json).into_iter::<Json<'_>>();
        let (mut values, mut end) = (Vec::new(), 0);
        while let Some(value) = stream.next() {
            let Ok(value) = value else {
                // The line on which the value begins that is none.
                let blank = json[end..].len() - json[end..].trim_start().len();
                let line = 1 + json[..end + blank].matches('\n').count();
                return Err(Error::input(format!("{shown}:{line}: json: no JSON value is whole here"), REPAIR));
            };
            values.push(value);
            end = stream.byte_offset();
        }
        let wanted: Vec<&str> = self.fields.iter().map(String::as_str).collect();
        let (mut rows, mut any) = (0, false);
        let mut item = |item: Json<'_>| {
            rows += 1;
            let mut texts = Vec::new();
            match Object::parse(item.get()) {
                Ok(object) => texts = texts::of(&object, &wanted),
                Err(_) => texts::add(item, &mut texts),
            }
            any |= !texts.is_empty();
            self.builder.add(file, rows, &texts.iter().map(String::as_str).collect::<Vec<_>>());
        };
        match values.as_slice() {
            [one] => items(*one, &mut item),
            lines => lines.iter().for_each(|value| item(*value)),
        }
        self.check(shown, any)
    }

    /// That fields which are named are there.
    fn check(&self, shown: &str, any: bool) -> Result<()> {
        if any || self.fields.is_empty() {
            return Ok(());
        }
        let fields = self.fields.join("`, `");
        Err(Error::input(
            format!("{shown}: no record has a text in `{fields}`"),
            "name the fields as the file has them (`corpus inspect FILE` shows some), or leave `fields` out",
        ))
    }

    fn records(&mut self, file: u32, shown: &str, piece: &Piece, layout: &Layout) -> Result<()> {
        let container = formats::container(&layout.container)
            .ok_or_else(|| Error::Engine(format!("no container is called {}", layout.container)))?;
        let mut reader = container.open(piece, layout).map_err(Error::io(&piece.path))?;
        let (mut rows, mut wrong, mut any) = (0, None, false);
        let builder = &mut self.builder;
        while wrong.is_none()
            && reader.next(&mut |record| match record.row {
                Ok(row) => {
                    rows += 1;
                    let texts: Vec<&str> = match &row.content {
                        Content::Instruct { messages, .. } => messages.iter().map(|m| m.content.as_ref()).collect(),
                        Content::Pretrain { text } => vec![text.as_ref()],
                        _ => Vec::new(),
                    };
                    any |= !texts.is_empty();
                    builder.add(file, rows, &texts);
                }
                Err(unreadable) => {
                    wrong.get_or_insert((record.line + 1, unreadable));
                }
            })
        {}
        match wrong {
            None => self.check(shown, any),
            Some((line, unreadable)) => {
                Err(Error::input(format!("{shown}:{line}: {}: {}", unreadable.reason, unreadable.detail), REPAIR))
            }
        }
    }
}

/// Items of a JSON value.
fn items<'v>(value: Json<'v>, found: &mut dyn FnMut(Json<'v>)) {
    let list = |value: Json<'v>| serde_json::from_str::<Vec<Json<'v>>>(value.get()).ok();
    if let Some(all) = list(value) {
        return all.into_iter().for_each(found);
    }
    let Ok(object) = Object::parse(value.get()) else { return found(value) };
    let of_objects = |value: &Json<'v>| list(*value).is_some_and(|l| l.iter().any(|i| i.get().starts_with('{')));
    let lists: Vec<Json<'v>> = object.fields().map(|(_, value)| value).filter(of_objects).collect();
    match lists.as_slice() {
        [] => found(value),
        lists => lists.iter().for_each(|value| items(*value, found)),
    }
}
