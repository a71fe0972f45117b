//! Files whose content could be any text, and whose name says what they are: a table of one row or one column, and what is
//! called JSON and is none.

use std::path::Path;

use super::{Detected, also, first_lines, refuse};
use crate::formats::containers::csv;
use crate::formats::{Object, not_data};
use crate::input::encoding;

/// What tables are called, and which separators each may have, in the order in which they are tried.
const TABLES: [(&str, &[(char, &str)]); 3] = [
    ("csv", &[(',', "csv"), (';', "csv"), ('\t', "tsv"), ('|', "csv")]),
    ("tsv", &[('\t', "tsv")]),
    ("tab", &[('\t', "tsv")]),
];

/// The name that a file has in its folder or archive.
pub(in crate::formats) fn name(path: &Path, member: Option<&str>) -> String {
    let file = || path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    member.filter(|m| !m.is_empty()).map_or_else(file, str::to_owned)
}

/// Looks at the name of what was taken for plain text.
pub(super) fn settle(name: &str, head: &[u8], whole: bool, found: &mut Detected) {
    if found.container != "text" || head.is_empty() {
        return;
    }
    let name = name.to_ascii_lowercase();
    let packed = [".gz", ".bz2", ".xz", ".zst"].iter().find_map(|end| name.strip_suffix(end));
    let Some((_, extension)) = packed.unwrap_or(&name).rsplit_once('.') else { return };
    if matches!(extension, "json" | "jsonl" | "ndjson") {
        let text = encoding::decoded(head, &found.encoding);
        return match lines_of_objects(&text, whole) {
            objects if objects.is_empty() => refuse(not_data::NO_JSON, not_data::UNKNOWN, found),
            objects => json_lines(&objects, found),
        };
    }
    let Some((_, separators)) = TABLES.iter().find(|t| t.0 == extension) else { return };
    let text = encoding::decoded(head, &found.encoding).replace("\r\n", "\n").replace('\r', "\n");
    let text = text.trim_start();
    let (lines, _) = first_lines(text, whole);
    let note = found.note.take();
    found.rows = None;
    found.runner_up = None;
    found.note = super::of_encoding(note.clone());
    if !lines.is_empty() && (named_columns(text, lines[0], separators, found) || one_column(&lines, found)) {
        return;
    }
    (found.rows, found.note) = (Some(crate::formats::TextRows::File), note);
    also(
        found,
        "called a table, and its first row names no columns: if it is one, say `format = \"csv\"` and \
         `fields = { text = \"1\" }`"
            .into(),
    );
}

/// Judges the rows of a table that a recipe says is one, if its first row names the columns.
pub(super) fn asked(text: &str, whole: bool, container: &str, found: &mut Detected) {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let text = text.trim_start();
    let separators = TABLES.iter().find(|table| table.0 == container).map_or(&[][..], |table| table.1);
    let (lines, _) = first_lines(text, whole);
    if let Some(first) = lines.first()
        && !named_columns(text, first, separators, found)
    {
        one_column(&lines, found);
    }
    found.columns = None;
}

/// The lines that are objects, where most are: the first may be the end of one, where a file was cut, or a remark.
fn lines_of_objects(text: &str, whole: bool) -> Vec<String> {
    let (lines, _) = first_lines(text, whole);
    let object = |line: &&&str| line.trim_start().starts_with('{') && Object::parse(line.trim()).is_ok();
    let objects: Vec<String> = lines.iter().filter(object).map(|line| (*line).to_owned()).collect();
    if objects.len() * 2 < lines.len() { Vec::new() } else { objects.into_iter().take(super::SAMPLE).collect() }
}

/// Lines of which some are no objects: those are told one by one.
fn json_lines(objects: &[String], found: &mut Detected) {
    (found.container, found.rows, found.runner_up, found.note) = ("jsonl", None, None, None);
    (found.shape, found.confidence) = (Some("fields".into()), 0.9);
    super::shape(objects, found);
}

/// Columns with names, however many rows have another number of cells: those will be told one by one.
fn named_columns(text: &str, first: &str, separators: &[(char, &'static str)], found: &mut Detected) -> bool {
    let most = |(separator, _): &&(char, &str)| first.matches(*separator).count();
    let Some(&(separator, container)) = separators.iter().rev().max_by_key(most).filter(|s| most(s) > 0) else {
        return false;
    };
    let all = rows(text, separator, container == "csv");
    let Some((names, rows)) = all.split_first() else { return false };
    let header = names.iter().enumerate().all(|(column, name)| {
        is_name(name, column) && !rows.iter().any(|row| !name.is_empty() && row.get(column) == Some(name))
    });
    if !header && (container == "csv" || rows.iter().any(|row| row.len() != names.len())) {
        return false;
    }
    (found.container, found.shape, found.confidence) = (container, Some("fields".into()), 0.9);
    if header {
        below_names(&all, found);
    } else {
        super::headless(&text.lines().collect::<Vec<_>>(), separator, names.len(), found);
    }
    true
}

/// Rows as JSON objects of texts, for the shapes to judge: those that are as long as the first, which names the columns.
fn objects(rows: &[Vec<String>]) -> Vec<String> {
    let Some((names, rows)) = rows.split_first() else { return Vec::new() };
    let object = |row: &Vec<String>| {
        let fields = names.iter().zip(row).map(|(n, v)| (n.trim().to_owned(), serde_json::Value::from(v.trim())));
        serde_json::Value::Object(fields.collect()).to_string()
    };
    rows.iter().filter(|row| row.len() == names.len()).take(super::SAMPLE).map(object).collect()
}

/// The first rows of a table, as its container takes them apart: in CSV, cells in quotes may hold separators and breaks.
pub(super) fn rows(text: &str, separator: char, quotes: bool) -> Vec<Vec<String>> {
    const MOST: usize = super::SAMPLE + 1;
    match u8::try_from(separator) {
        Ok(separator) if quotes => csv::first_rows(text, separator, MOST),
        _ => {
            let row = |line: &str| line.split(separator).map(str::to_owned).collect();
            text.lines().filter(|line| !line.trim().is_empty()).take(MOST).map(row).collect()
        }
    }
}

/// Judges the rows below the names of columns, and says where two of these are the same.
pub(super) fn below_names(rows: &[Vec<String>], found: &mut Detected) {
    super::shape(&objects(rows), found);
    found.confidence = found.confidence.max(0.9);
    let names = rows.first().map(Vec::as_slice).unwrap_or_default();
    let again = names.iter().enumerate().find(|(at, name)| !name.trim().is_empty() && names[..*at].contains(name));
    if let Some((_, name)) = again {
        also(found, format!("several columns are called `{}`: the last of them is read", name.trim()));
    }
}

/// Whether a cell of the first row may be the name of a column; that of the numbers that pandas writes has none.
fn is_name(cell: &str, column: usize) -> bool {
    let name = cell.trim();
    name.is_empty() && column == 0
        || !name.is_empty()
            && name.chars().count() <= 40
            && !name.contains(['。', '，', '.', '！'])
            && name.parse::<f64>().is_err()
}

/// A column alone, under a name.
fn one_column(lines: &[&str], found: &mut Detected) -> bool {
    let name = lines[0].trim().trim_matches('"');
    let named = !name.is_empty()
        && name.chars().count() <= 20
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | ' '))
        && name.parse::<f64>().is_err()
        && lines[1..].iter().any(|l| l.chars().count() > name.chars().count());
    if named {
        let row = |l: &&str| serde_json::json!({ name: l.trim().trim_matches('"') }).to_string();
        let rows: Vec<String> = lines[1..].iter().take(super::SAMPLE).map(row).collect();
        found.container = "csv";
        super::shape(&rows, found);
    }
    named
}

#[cfg(test)]
mod tests {
    use super::super::{Detected, of_file};
    use crate::input::Encoding;

    fn seen(name: &str, text: &str) -> Detected {
        of_file(text.as_bytes(), true, name)
    }

    #[test]
    fn a_name_tells_a_table_that_could_be_text() {
        let cases = [
            ("a.csv", "instruction,output\n写一句话。,\"好,的。\"\n", "csv", Some("alpaca")),
            ("a.CSV.gz", "\"instruction\",\"input\",\"output\"\n\"一\n二\",,三\n", "csv", Some("alpaca")),
            ("a.csv", ",text\n0,河水慢慢流。\n1,船靠岸了。\n", "csv", Some("fields")),
            ("a.csv", "id|text\n1|河水慢慢流。\n2|船靠岸了。\n", "csv", Some("fields")),
            ("a.csv", "sep=;\r\nid;text\r\n1;河水慢慢流。\r\n", "csv", Some("fields")),
            ("a.csv", "text\n河水慢慢流。\n船靠岸了。\n", "csv", Some("fields")),
            ("a.csv", "instruction,output\n", "csv", Some("fields")),
            ("a.csv", "text,id\n\"河水\n慢慢\",1\n\"没有关,2\n", "csv", Some("fields")),
            (
                "a.tsv",
                "Hello there, my friend.\t你好，我的朋友。\nGood bye for today.\t今天再见了。\n",
                "tsv",
                Some("pairs"),
            ),
            ("a.csv", "第一句话，没有列名。\n第二句话，也没有。\n", "text", None),
            ("a.txt", "text\n河水慢慢流。\n船靠岸了。\n", "text", None),
        ];
        for (name, text, container, shape) in cases {
            let found = seen(name, text);
            assert_eq!((found.container, found.shape.as_deref()), (container, shape), "{name}: {text}");
        }
        assert!(seen("a.csv", "第一句话，没有列名。\n第二句话，也没有。\n").note.unwrap().contains("format = \"csv\""));
    }

    #[test]
    fn columns_of_one_name_are_told() {
        let said = |text: &str| seen("a.csv", text).note.unwrap_or_default();
        assert!(said("text,text\n河水慢慢流。,1\n船靠岸了。,2\n").contains("several columns are called `text`"));
        assert!(!said("text,id\n河水慢慢流。,1\n船靠岸了。,2\n").contains("several"));
    }

    #[test]
    fn what_is_called_json_and_is_none_is_no_text() {
        for text in ["\"河水\"\n\"船\"\n", "// 说明\n[\n{\"text\":\"河\"}\n]\n", "\u{1e}{\"text\":\"河\"}\n", "1\n2\n"]
        {
            assert_eq!(seen("in/a.jsonl", text).container, crate::formats::not_data::NAME, "{text}");
            assert_eq!(seen("in/a.txt", text).container, "text", "{text}");
        }
        assert_eq!(seen("a.json", "{\"text\":\"河\"}\n").container, "jsonl");
        assert_eq!(seen("a.json", "").container, "text");
    }

    #[test]
    fn text_that_ends_in_mid_character_is_what_it_was() {
        let text = "山脚下的磨坊每年秋天才开工".as_bytes();
        for cut in [4, 5, 7, 10, 11, 13, 16, 19, 20, 22, 38] {
            let found = super::super::of(&text[..cut], true);
            assert_eq!((found.container, found.encoding.clone()), ("text", Encoding("UTF-8".into())), "{cut}");
        }
        let gbk = encoding_rs::GBK.encode("山脚下的磨坊每年秋天才开工").0.into_owned();
        for cut in [11, 13] {
            assert_eq!(super::super::of(&gbk[..cut], true).container, "text", "{cut}");
        }
    }
}
