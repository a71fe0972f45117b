//! Overlap with evaluation sets: the sets read and compiled, and the columns of a row.

use std::io::Read;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use arrow::array::{ArrayRef, Float64Builder, Int64Builder, StringBuilder};
use arrow::datatypes::{DataType, Field};
use serde_json::value::RawValue;

use super::given::{Given, Shared};
use super::rows::Batch;
use crate::formats::shapes::texts;
use crate::formats::{self, Layout, Object, Piece, Shape, TextRows, detect};
use crate::input::{self, Transport};
use crate::rows::spans::{Spans, spans_type};
use crate::rows::{Content, Use};
use crate::stages::decontaminate::{Action, Decontaminate};
use crate::stages::keep::number;
use crate::text::overlap::set::{Builder, Found, Set};
use crate::text::sentences::widen;
use crate::{Error, Result};

/// The names of the columns of stage `number`: the overlap, the hit, its spans, and bytes that were cut.
pub fn columns(number: usize) -> [String; 4] {
    ["overlap", "hit", "spans", "cut"].map(|what| format!("{what}_key@{number}"))
}

/// Their fields; null where a row has nothing in common with any item.
pub fn fields(number: usize) -> Vec<Field> {
    let kinds = [DataType::Float64, DataType::Utf8, spans_type(), DataType::Int64];
    columns(number).into_iter().zip(kinds).map(|(name, kind)| Field::new(name, kind, true)).collect()
}

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
pub fn evaluation(options: &Decontaminate, files: &[Given]) -> Result<Arc<Evaluation>> {
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
    fn place(&self, item: usize) -> String {
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
    fn read(&mut self, given: &Given) -> Result<()> {
        let path = given.path.as_path();
        let io = |e| Error::io(path)(e);
        let outer = input::compression(path).map_err(io)?;
        let Some(members) = input::members(path, outer).map_err(io)? else {
            return self.file(given, path, None);
        };
        let data = |name: &str| name.rsplit('.').take(2).any(|end| DATA.contains(&end.to_ascii_lowercase().as_str()));
        members.iter().filter(|m| data(&m.name)).try_for_each(|m| self.file(given, path, Some(&m.name)))
    }

    fn file(&mut self, given: &Given, path: &Path, member: Option<&str>) -> Result<()> {
        let shown = member.map_or(given.shown.clone(), |m| format!("{}!{m}", given.shown));
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
        let mut stream = serde_json::Deserializer::from_str(&json).into_iter::<&RawValue>();
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
        let mut item = |item: &RawValue| {
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
            [one] => items(one, &mut item),
            lines => lines.iter().for_each(|value| item(value)),
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
fn items<'v>(value: &'v RawValue, found: &mut dyn FnMut(&'v RawValue)) {
    let list = |value: &'v RawValue| serde_json::from_str::<Vec<&'v RawValue>>(value.get()).ok();
    if let Some(all) = list(value) {
        return all.into_iter().for_each(found);
    }
    let Ok(object) = Object::parse(value.get()) else { return found(value) };
    let of_objects = |value: &&'v RawValue| list(value).is_some_and(|l| l.iter().any(|i| i.get().starts_with('{')));
    let lists: Vec<&'v RawValue> = object.fields().map(|(_, value)| value).filter(of_objects).collect();
    match lists.as_slice() {
        [] => found(value),
        lists => lists.iter().for_each(|value| items(value, found)),
    }
}

/// Makes the columns of one stage, and cuts.
pub struct Overlap {
    options: Decontaminate,
    files: Vec<Given>,
    compiled: OnceLock<Arc<Evaluation>>,
}

/// What was found in the rows of a batch.
pub struct Overlaps {
    /// The columns.
    pub columns: Vec<ArrayRef>,
    /// Stretches to take out of each row, where the stage cuts any.
    pub cuts: Option<Vec<Vec<(usize, usize)>>>,
}

/// Characters of a stretch that are shown.
const SHOWN: usize = 60;

impl Overlap {
    /// As the options say. The sets are read when the first row comes.
    pub fn new(options: Decontaminate, files: Vec<Given>) -> Self {
        Overlap { options, files, compiled: OnceLock::new() }
    }

    /// Whether texts are changed.
    pub fn cuts(&self) -> bool {
        self.options.action == Action::Cut
    }

    /// Searches a batch.
    pub fn search(&self, batch: &Batch<'_>, rows: usize, applies: Option<&[bool]>) -> Result<Overlaps> {
        let evaluation = match self.compiled.get() {
            Some(compiled) => compiled,
            None => {
                let compiled = evaluation(&self.options, &self.files)?;
                self.compiled.get_or_init(|| compiled)
            }
        };
        let (mut shares, mut hits) = (Float64Builder::new(), StringBuilder::new());
        let (mut all_spans, mut bytes) = (Spans::default(), Int64Builder::new());
        let mut cuts: Vec<Vec<(usize, usize)>> = Vec::new();
        let (mut grams, mut texts) = (evaluation.set.grams(), Vec::new());
        for row in 0..rows {
            texts.clear();
            if applies.is_none_or(|a| a[row]) {
                batch.texts(row, &mut texts);
            }
            let Some(found) = evaluation.set.search(&mut grams, &texts, self.options.overlap) else {
                shares.append_null();
                hits.append_null();
                all_spans.push(&[]);
                bytes.append_null();
                if !cuts.is_empty() {
                    cuts.push(Vec::new());
                }
                continue;
            };
            shares.append_value(found.share);
            hits.append_value(shown(&texts, &found, evaluation));
            all_spans.push(&found.spans);
            let wide = if self.cuts() { widened(&texts, &found.spans) } else { Vec::new() };
            bytes.append_option((!wide.is_empty()).then(|| wide.iter().map(|(s, e)| (e - s) as i64).sum::<i64>()));
            if !wide.is_empty() {
                cuts.resize(row, Vec::new());
                cuts.push(wide);
            }
        }
        let columns: Vec<ArrayRef> =
            vec![Arc::new(shares.finish()), Arc::new(hits.finish()), all_spans.finish(), Arc::new(bytes.finish())];
        Ok(Overlaps { columns, cuts: (!cuts.is_empty()).then_some(cuts) })
    }
}

/// Stretches of a row widened to sentences of its texts.
fn widened(texts: &[&str], spans: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let (mut base, mut wide) = (0, Vec::new());
    for text in texts {
        let end = base + text.len();
        let inside = |span: &&(usize, usize)| span.0 >= base && span.1 <= end;
        let own: Vec<_> = spans.iter().filter(inside).map(|(s, e)| (s - base, e - base)).collect();
        wide.extend(widen(text, &own).into_iter().map(|(s, e)| (s + base, e + base)));
        base = end + 1;
    }
    wide
}

/// `0.62 of eval/a.jsonl:17: the first stretch`.
fn shown(texts: &[&str], found: &Found, evaluation: &Evaluation) -> String {
    let (mut base, mut stretch) = (0, "");
    for text in texts {
        if (base..=base + text.len()).contains(&found.first.0) {
            stretch = text.get(found.first.0 - base..found.first.1 - base).unwrap_or_default();
            break;
        }
        base += text.len() + 1;
    }
    let mut excerpt: String = stretch.chars().take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if stretch.chars().nth(SHOWN).is_some() {
        excerpt.push('…');
    }
    format!("{} of {}: {excerpt}", number((found.share * 1e4).round() / 1e4), evaluation.place(found.item))
}
