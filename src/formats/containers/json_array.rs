//! JSON arrays: one array of objects, or objects one after the other over several lines.
//!
//! # What it reads
//! Elements one by one, so an array of any size is never held whole. Where the file is a single object that holds an
//! array of objects under `data`, `rows`, `examples`, `instances`, `items`, `records`, a scene of Safety-Prompts or the
//! name of a split, that array is read, and those behind it under such a key. Of several splits `train` is read, or what
//! the recipe's `split` says; the rows of the others are set aside (`other_split`). Where `train` stands behind the first
//! 256 KiB, the file is read once more for the keys of its lists before a row of another split is judged.
//! Objects without an array around them (pretty-printed, or concatenated) are read the same way. For pretraining a
//! string among the elements is a text.
//!
//! # What is unreadable
//! `json` (an element that does not parse; reading goes on after it), `truncated` (the array breaks off: the elements
//! before were read), `corrupt`, `row_too_large`, `utf8`, `not_object`, `by_columns`, and what the shape says.
//!
//! # Example
//! ```toml
//! [[source]]
//! name = "alpaca"
//! path = ["alpaca_data.json"]
//! ```
//!
//! # Limits
//! A plain file is cut for several cores at elements, which costs one quick pass over it; not where its first rows are of
//! another split than `train`, and 256 KiB do not tell whether that is there. After an element whose quote
//! is not closed, reading goes on at the next line that begins with `{`: in an array on one line, the rest is lost.

use std::io::{self, Read};

mod elements;
mod holder;
mod scan;

use elements::{Elements, End};
use holder::holder;

use super::support::mapper::Mapper;
use super::support::records::{stream_broke, too_large, unreadable};
use crate::formats::{Container, Layout, Piece, Reader, Split};
use crate::input::open_at;
use crate::rows::Record;
use crate::text::docs::module_docs;
use crate::text::splits;

/// The container.
pub struct JsonArray;

/// Its instance.
pub static CONTAINER: JsonArray = JsonArray;

/// Bytes before an element that tell how far it is indented.
const BEFORE: u64 = 1024;

/// The longest key that may name a split, in bytes.
const KEY: usize = 256;

impl Container for JsonArray {
    fn name(&self) -> &'static str {
        "json"
    }
    fn about(&self) -> &'static str {
        "a JSON array of objects, streamed; or objects over several lines"
    }
    fn docs(&self) -> &'static str {
        module_docs(include_str!("json_array.rs"))
    }
    fn split(&self, layout: &Layout) -> Split {
        Mapper::split(layout, Split::Cuts)
    }
    fn cuts(&self, whole: &Piece, layout: &Layout, unit: u64) -> io::Result<Vec<u64>> {
        let opened = open_at(whole, &layout.transport)?;
        let mut elements = Elements::new(opened.stream, opened.offset, KEY);
        let (frame, mut cuts) = (elements.frame(), vec![0]);
        // Whether these rows are read is decided by a list behind them: one reader finds that out for all.
        if layout.split.is_empty() && elements.split().is_some() && elements.has_train().is_none() {
            return Ok(cuts);
        }
        while let Some(element) = elements.next_element() {
            let begins = !matches!(element.end, End::Cut | End::Failed(_)) || element.length > 0;
            // A reader that begins at a cut takes it for a place within what the file begins with.
            let same = elements.frame() == frame;
            if begins && same && element.offset >= cuts.last().unwrap_or(&0) + unit {
                cuts.push(element.offset);
            }
        }
        Ok(cuts)
    }
    fn open(&self, piece: &Piece, layout: &Layout) -> io::Result<Box<dyn Reader>> {
        let max = usize::try_from(layout.max_row).unwrap_or(usize::MAX);
        let opened = open_at(&Piece { start: 0, ..piece.clone() }, &layout.transport)?;
        let mut elements = Elements::new(opened.stream, opened.offset, max);
        if piece.start > 0 {
            let near = Piece { start: piece.start.saturating_sub(BEFORE), ..piece.clone() };
            let mut near = open_at(&near, &layout.transport)?;
            let mut before = vec![0; piece.start.saturating_sub(near.offset) as usize];
            near.stream.read_exact(&mut before)?;
            elements = Elements::within(near.stream, piece.start, max, elements.frame(), &before).of(&elements);
        }
        let (mapper, max, end) = (Mapper::new(layout)?, layout.max_row, piece.end);
        let whole = Piece { start: 0, end: u64::MAX, ..piece.clone() };
        Ok(Box::new(ArrayReader { elements, mapper, max, end, whole, layout: layout.clone(), train: None }))
    }
}

struct ArrayReader {
    elements: Elements,
    mapper: Mapper,
    max: u64,
    end: u64,
    whole: Piece,
    layout: Layout,
    /// Whether the object holds the split `train`, where what is behind the last element was searched for it.
    train: Option<bool>,
}

impl ArrayReader {
    /// The split that the last element is of, where it is not to be read.
    fn other_split(&mut self) -> io::Result<Option<&'static str>> {
        let Some(split) = self.elements.split() else { return Ok(None) };
        let read = match &self.layout.split[..] {
            [] => split == "train" || !self.has_train()?,
            asked => asked.iter().any(|a| a == splits::ALL || splits::word(a) == Some(split)),
        };
        Ok((!read).then_some(split))
    }

    /// Whether the object that holds the elements has the split `train`. Where that is not known yet, the file is read
    /// once more, for the keys of its lists.
    fn has_train(&mut self) -> io::Result<bool> {
        if let Some(train) = self.elements.has_train().or(self.train) {
            return Ok(train);
        }
        let opened = open_at(&self.whole, &self.layout.transport)?;
        let mut ahead = Elements::new(opened.stream, opened.offset, KEY);
        while ahead.has_train().is_none() && ahead.next_element().is_some() {}
        let train = ahead.has_train().unwrap_or(false);
        self.train = Some(train);
        Ok(train)
    }
}

/// What is said of a file whose beginning shows one object with several splits.
pub fn splits_of(head: &str) -> Option<String> {
    let splits: Vec<&str> = holder(head.as_bytes(), false).lists.iter().filter_map(|l| l.split).collect();
    (splits.len() > 1).then(|| {
        format!(
            "one object with the splits {}: `train` is read, where it is there, or what `split` says; rows of the others \
             are set aside (`other_split`)",
            splits.join(", ")
        )
    })
}

impl Reader for ArrayReader {
    fn next(&mut self, emit: &mut dyn FnMut(Record<'_>)) -> bool {
        let Some(element) = self.elements.next_element().filter(|e| e.offset < self.end) else {
            return self.mapper.finish(emit);
        };
        let (offset, line) = (element.offset, element.line);
        let other_split = if matches!(element.end, End::Whole) { self.other_split() } else { Ok(None) };
        let bytes = self.elements.bytes();
        match element.end {
            End::TooLarge => emit(too_large(bytes, element.length, self.max, offset, line)),
            End::Whole => match other_split {
                Ok(Some(other)) => self.mapper.map(bytes, (offset, line), true, &mut |mut record| {
                    if let Ok(row) = &mut record.row {
                        row.aside = Some(("other_split", other.to_owned()));
                    }
                    emit(record);
                }),
                Ok(None) => self.mapper.map(bytes, (offset, line), true, emit),
                Err(error) => emit(stream_broke(&error, offset, line)),
            },
            End::Broken => {
                let detail = "a text runs over the end of its line: a quote is missing, or a line break not escaped";
                emit(unreadable("json", detail.to_owned(), bytes, offset, line));
            }
            End::Failed(error) => emit(stream_broke(&error, offset, line)),
            End::Behind => {
                let detail = "behind the object that holds the rows there is more, which was not read; give each object \
                              a file of its own";
                emit(unreadable("json", detail.to_owned(), bytes, offset, line));
            }
            End::Cut => {
                let place = if element.length > 0 { "within this row" } else { "here: it is not closed" };
                let detail = format!("the array breaks off {place}; the rows before were read");
                emit(unreadable("truncated", detail, bytes, offset, line));
            }
        }
        self.elements.release();
        true
    }

    fn skip(&mut self, wanted: u64) -> u64 {
        let mut skipped = 0;
        if !self.mapper.one_each() {
            return 0;
        }
        while skipped < wanted && self.elements.next_element().is_some_and(|e| e.offset < self.end) {
            skipped += 1;
        }
        skipped
    }
}

/// The first whole elements of a text, for detection.
pub fn first(text: &str, count: usize) -> Vec<String> {
    let stream = Box::new(io::Cursor::new(text.as_bytes().to_vec()));
    let mut elements = Elements::of_head(stream, text.len());
    let mut found = Vec::new();
    while found.len() < count
        && let Some(element) = elements.next_element()
    {
        match element.end {
            End::Whole => found.push(String::from_utf8_lossy(elements.bytes()).into_owned()),
            // An object larger than the head (one that holds a whole data set) is judged by what is there of it.
            End::Cut if found.is_empty() => found.extend(text.get(element.offset as usize..).and_then(closed)),
            _ => {}
        }
    }
    found
}

/// Whether a text begins with one JSON value over several lines, which may go on behind it.
pub fn over_lines(text: &str) -> bool {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<serde::de::IgnoredAny>();
    match values.next() {
        Some(Ok(_)) => text[..values.byte_offset()].trim().contains('\n'),
        Some(Err(error)) => error.is_eof() && text.trim().contains('\n'),
        None => false,
    }
}

/// The beginning of a JSON value, up to the last value within it that ends, and then closed.
fn closed(text: &str) -> Option<String> {
    let (mut open, mut quoted, mut escaped) = (Vec::new(), false, false);
    let mut last: Option<(usize, Vec<u8>)> = None;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if std::mem::take(&mut escaped) => {}
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'{' => open.push(b'}'),
            b'[' => open.push(b']'),
            b'}' | b']' => {
                open.pop()?;
                // Depth is no reason to copy much: only what a head of a real file has.
                if open.len() < 16 {
                    last = Some((at + 1, open.clone()));
                }
            }
            _ => {}
        }
    }
    let (end, open) = last?;
    Some(text[..end].chars().chain(open.iter().rev().map(|b| char::from(*b))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::{Content, Row, Use};

    fn all(text: &str, max: usize) -> Vec<(String, u64, String)> {
        let mut elements = Elements::new(Box::new(io::Cursor::new(text.as_bytes().to_vec())), 0, max);
        let mut found = Vec::new();
        while let Some(element) = elements.next_element() {
            let head = String::from_utf8_lossy(elements.bytes()).into_owned();
            found.push((head, element.line, format!("{:?}", element.end)));
        }
        found
    }

    fn texts(text: &str) -> Vec<String> {
        all(text, 1000).into_iter().map(|e| e.0).collect()
    }

    #[test]
    fn finds_elements_in_every_dress() {
        let rows = [r#"{"a":"],}"}"#, r#"{"b":[1,{"c":2}]}"#, r#"{"d":"\"\\"}"#];
        assert_eq!(texts(&format!("[{}]", rows.join(","))), rows);
        assert_eq!(texts(&format!(" [\n  {}\n]\n", rows.join(",\n  "))), rows);
        assert_eq!(texts(&rows.join("\n")), rows);
        assert_eq!(texts(&format!("{{\"data\": [{}], \"n\": 3}}", rows.join(", "))), rows);
        assert_eq!(texts("[1, \"two\", {\"three\": 3}]"), ["1", "\"two\"", "{\"three\": 3}"]);
        let turns = r#"{"conversations": [{"from": "human", "value": "你好"}]}"#;
        assert_eq!(texts(turns), [turns]);
        assert!(texts("[]").is_empty() && texts("").is_empty());
    }

    #[test]
    fn lists_of_one_object_are_read_one_after_the_other() {
        let text = r#"{"about": {"n": [1]}, "dev": [{"text":"a1"}], "n": 2, "train": [{"text":"a2"}, {"text":"a3"}], "test": [], "eval": [{"text":"a4"}], "x": [{"b":1}]}"#;
        assert_eq!(texts(text), [r#"{"text":"a1"}"#, r#"{"text":"a2"}"#, r#"{"text":"a3"}"#, r#"{"text":"a4"}"#]);
        assert!(splits_of(text).unwrap().contains("validation, train, test"));
        assert!(splits_of(r#"{"test": [{"a":1}]}"#).is_none());
        let owned = |rows: &[&str], others: &[&str]| {
            let own = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<String>>();
            (own(rows), own(others), Vec::new())
        };
        assert_eq!(read(text, &[]), owned(&["a2", "a3"], &["validation", "test"]));
        assert_eq!(read(text, &["test"]), owned(&["a4"], &["validation", "train", "train"]));
    }

    #[test]
    fn lists_larger_than_the_head_are_read_as_those_behind_them_say() {
        // More than a window holds at once.
        let long = |mark: &str| {
            let row = format!("{{\"text\":\"{mark}\",\"id\":\"{}\"}}", "河".repeat(300));
            vec![row; 1500].join(",\n")
        };
        let counts = |text: &str, asked: &[&str]| {
            let (rows, others, errors) = read(text, asked);
            let count = |mark: &str| rows.iter().filter(|row| *row == mark).count();
            (count("dev"), count("test"), count("train"), others.len(), errors)
        };
        let (dev, test) = (long("dev"), long("test"));
        let train = r#"{"text":"train","id":"1"}"#;
        let three = format!("{{\"dev\":[{dev}],\"about\":{{\"n\":[1]}},\"test\":[{test}],\"train\":[{train}]}}\n");
        assert_eq!(counts(&three, &[]), (0, 0, 1, 3000, vec![]));
        assert_eq!(counts(&three, &["dev"]), (1500, 0, 0, 1501, vec![]));
        assert_eq!(counts(&three, &["all"]), (1500, 1500, 1, 0, vec![]));
        let two = format!("{{\"dev\":[{{\"text\":\"dev\"}}],\"test\":[{test}],\"train\":[{train}]}}");
        assert_eq!(counts(&two, &[]), (0, 0, 1, 1501, vec![]));
        // Without `train` all are read, and rows under `data` always are.
        assert_eq!(counts(&format!("{{\"dev\":[{dev}],\"test\":[{test}]}}"), &[]), (1500, 1500, 0, 0, vec![]));
        let data = format!("{{\"data\":[{test}],\"dev\":[{{\"text\":\"dev\"}}],\"train\":[{train}]}}");
        assert_eq!(counts(&data, &[]), (0, 1500, 1, 1, vec![]));
        // What breaks off or follows is one record.
        assert_eq!(counts(&three[..three.len() - 3], &[]), (0, 0, 1, 3000, vec!["truncated"]));
        assert_eq!(counts(&three[..dev.len() + 20], &[]), (1500, 0, 0, 0, vec!["truncated"]));
        assert_eq!(counts(&format!("{three}{{\"more\":1}}"), &[]), (0, 0, 1, 3000, vec!["json"]));
    }

    /// Texts of the rows that are read, splits of those that are not, and what could not be read.
    fn read(text: &str, asked: &[&str]) -> (Vec<String>, Vec<String>, Vec<&'static str>) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        io::Write::write_all(&mut file, text.as_bytes()).unwrap();
        let mut layout = Layout::plain("json", Use::Pretrain, 1 << 20);
        layout.shape = Some("fields".into());
        layout.split = asked.iter().map(|a| (*a).to_owned()).collect();
        let whole = Piece::whole(file.path(), None);
        let starts = CONTAINER.cuts(&whole, &layout, 64 << 10).unwrap();
        let ends = starts.iter().skip(1).copied().chain([u64::MAX]);
        let (mut rows, mut others, mut errors) = (Vec::new(), Vec::new(), Vec::new());
        for (start, end) in starts.iter().zip(ends) {
            let piece = Piece { start: *start, end, ..whole.clone() };
            let mut reader = CONTAINER.open(&piece, &layout).unwrap();
            while reader.next(&mut |record| match record.row {
                Ok(Row { aside: Some((_, split)), .. }) => others.push(split),
                Ok(Row { content: Content::Pretrain { text }, .. }) => rows.push(text.into_owned()),
                Ok(row) => panic!("{row:?}"),
                Err(error) => errors.push(error.reason),
            }) {}
        }
        (rows, others, errors)
    }

    #[test]
    fn an_object_larger_than_the_head_is_judged_by_its_beginning() {
        let head = r#"{"data":[{"title":"a]","paragraphs":[{"context":"c","qas":[{"id":"1"},{"id":"2"#;
        assert_eq!(first(head, 20), [r#"{"title":"a]","paragraphs":[{"context":"c","qas":[{"id":"1"}]}]}"#]);
        assert!(first(r#"{"data":[{"title":"a"#, 20).is_empty());
    }

    #[test]
    fn a_value_over_several_lines_is_no_line() {
        let object = "{\n \"text\": \"a\",\n \"tags\": [\n  \"b\",\n  \"c\"\n ],\n \"n\": [\n  true\n ]\n}\n";
        assert!(over_lines(object));
        assert!(over_lines(&object.repeat(2)));
        assert!(over_lines(&object[..30]));
        assert!(!over_lines("{\"a\":1}\n{\"a\":2}\n"));
        assert!(!over_lines("{\"a\":\n"));
        assert!(!over_lines("{\"a\": \"b\n{\"a\":2}\n"));
    }

    #[test]
    fn tells_what_is_cut_and_what_is_too_large() {
        let found = all("[{\"a\":1},\n{\"b\":\"xxxxxxxxxxxxxxxxxxxxxxxx\"},\n{\"c\":2},{\"d", 16);
        let ends: Vec<_> = found.iter().map(|e| (e.1, e.2.as_str())).collect();
        assert_eq!(ends, [(0, "Whole"), (1, "TooLarge"), (2, "Whole"), (2, "Cut")]);
    }

    #[test]
    fn survives_any_prefix_and_deep_nesting() {
        let text = r#"[{"a":"],}\""},{"b":[1,{"c":"深"}]}]"#;
        (0..text.len()).filter(|i| text.is_char_boundary(*i)).for_each(|i| {
            all(&text[..i], 100);
        });
        assert_eq!(all(&"[".repeat(100_000), 100).len(), 1);
        assert_eq!(all(&format!("{{\"a\":{}", "[".repeat(100_000)), 100).len(), 1);
    }
}
