//! How the files of a source were understood, put into lines for a person: container and shape, how sure, which key
//! settles it, which of our fields is read from which of theirs, and what goes to `meta`.

use super::read_as::is_shape_told;
use crate::formats::explain::Mapping;
use crate::formats::{self, Layout, TextRows, not_data};
use crate::recipe::Source;
use crate::rows::Use;
use crate::{Error, Result};

/// What detection made of a file, and how its sample was mapped.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Understood {
    /// How sure detection was, 0 to 1.
    pub confidence: f32,
    /// What else it might be.
    pub runner_up: Option<String>,
    /// How the sample was mapped, where a shape maps it.
    pub mapping: Option<Mapping>,
}

/// Different readings of one source that are said; of more, how many there are.
const READINGS: usize = 3;

/// The readings of a source, a block each: what its files are, and how their fields are mapped. `long` names all fields
/// that go to `meta`, and more than a few readings.
pub fn lines<'f>(
    source: &Source,
    files: impl Iterator<Item = (&'f Layout, &'f Understood)>,
    long: bool,
) -> Vec<String> {
    let mut readings: Vec<(String, usize)> = Vec::new();
    for (layout, seen) in files {
        if layout.container == not_data::NAME {
            continue;
        }
        let line = line(source, layout, seen, long);
        match readings.iter_mut().find(|r| r.0 == line) {
            Some(reading) => reading.1 += 1,
            None => readings.push((line, 1)),
        }
    }
    let all = readings.len();
    let shown = if long { all } else { all.min(READINGS) };
    let mut lines: Vec<String> = readings[..shown]
        .iter()
        .map(|(line, files)| if all > 1 { format!("{line} · {files} of the files") } else { line.clone() })
        .collect();
    if shown < all {
        lines.push(format!("{}: and {} more readings; `corpus check` names them all", source.name, all - shown));
    }
    lines
}

/// How one file is read.
fn line(source: &Source, layout: &Layout, seen: &Understood, long: bool) -> String {
    let mut parts = vec![source.name.clone(), layout.usage.to_string(), kind(layout)];
    parts.push(how(source, layout, seen));
    parts.extend(seen.mapping.as_ref().map(|mapping| if long { mapping.line() } else { mapping.brief() }));
    parts.join(" · ")
}

/// Container and shape, and what a row of plain text is.
fn kind(layout: &Layout) -> String {
    match (&layout.shape, layout.rows) {
        (Some(shape), _) => format!("{}/{shape}", layout.container),
        (None, Some(rows)) if layout.container == "text" => match rows {
            TextRows::File => "text, a document a file".into(),
            TextRows::Line => "text, a document a line".into(),
            TextRows::Block => "text, a document a block".into(),
            TextRows::Mark => "text, documents between marks".into(),
        },
        _ => layout.container.clone(),
    }
}

/// Who says so: the recipe, or detection, with the key that settles it.
fn how(source: &Source, layout: &Layout, seen: &Understood) -> String {
    if is_shape_told(source) {
        return if source.card.is_some() { "told by the card" } else { "told by `format`" }.into();
    }
    if !source.fields.is_empty() {
        return if source.card.is_some() { "told by the card" } else { "told by `fields`" }.into();
    }
    if source.rows.is_some() && layout.container == "text" {
        return "told by `rows`".into();
    }
    let other = seen.runner_up.as_ref().map_or(String::new(), |other| format!(", else {other}"));
    let key = match (&layout.shape, layout.rows) {
        (Some(shape), _) => format!("format = \"{shape}\""),
        (None, Some(_)) if layout.container == "text" => "`rows`".into(),
        _ => format!("format = \"{}\"", layout.container),
    };
    format!("{:.0}% sure{other}; {key} settles it", seen.confidence * 100.0)
}

/// How the plain text files of a source fall into rows, where their own beginnings disagree: as most of those do that
/// leave it open; and how many these are, of how many. `None` where they agree, or the recipe says it.
pub fn one_reading<'f>(
    source: &Source,
    files: impl Iterator<Item = (&'f Layout, &'f Understood)>,
) -> Option<(TextRows, usize, usize)> {
    if source.rows.is_some() || source.format.is_some() {
        return None;
    }
    let open = files.filter(|(layout, seen)| layout.container == "text" && is_open(seen.runner_up.as_deref()));
    let mut votes: Vec<(TextRows, usize)> = Vec::new();
    for rows in open.filter_map(|f| f.0.rows) {
        match votes.iter_mut().find(|v| v.0 == rows) {
            Some(vote) => vote.1 += 1,
            None => votes.push((rows, 1)),
        }
    }
    // Of as many the first.
    let most = votes.iter().rev().max_by_key(|v| v.1)?;
    (votes.len() > 1).then(|| (most.0, most.1, votes.iter().map(|v| v.1).sum()))
}

/// Whether the beginning of a plain text leaves open how it falls into rows.
pub fn is_open(runner_up: Option<&str>) -> bool {
    runner_up.is_some_and(|other| other.starts_with("rows"))
}

/// What is said of a text that is read as most of its source.
pub fn as_most((rows, of, all): (TextRows, usize, usize)) -> String {
    let word = match rows {
        TextRows::File => "file",
        TextRows::Line => "line",
        TextRows::Block => "block",
        TextRows::Mark => "part between marks",
    };
    format!("plain text: one document a {word}, as {of} of {all} texts of the source are; say `rows` to settle it")
}

/// Refuses a source whose files hold rows for different uses, and names those that the fewest others are like.
///
/// # Errors
/// Two uses in one source.
pub fn one_use<'f>(source: &Source, files: impl Iterator<Item = (&'f str, Use)>) -> Result<()> {
    let mut uses: Vec<(Use, Vec<&str>)> = Vec::new();
    for (name, usage) in files {
        match uses.iter_mut().find(|u| u.0 == usage) {
            Some(of) => of.1.push(name),
            None => uses.push((usage, vec![name])),
        }
    }
    if uses.len() < 2 {
        return Ok(());
    }
    uses.sort_by_key(|u| std::cmp::Reverse(u.1.len()));
    let said: Vec<String> = uses
        .iter()
        .map(|(usage, names)| {
            let shown = names[..names.len().min(READINGS)].join(", ");
            let more = names.len().saturating_sub(READINGS);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("{shown}{more} for {usage}")
        })
        .collect();
    let most = uses.first().map_or(Use::Pretrain, |u| u.0);
    Err(Error::input(
        format!("source `{}` holds rows for several uses: {}", source.name, said.join("; ")),
        format!(
            "make them several sources, leave the odd ones out of `path`, or say what all are for: use = \"{most}\""
        ),
    ))
}

/// The key that helps where rows cannot be read for this reason, as a sentence; `None` where the reason's own text says
/// it (`corpus explain`).
pub fn cure(reason: &str) -> Option<&'static str> {
    Some(match reason {
        "field_missing" => {
            "say what the fields are called: use = \"…\", fields = { ours = \"theirs\" }, or another `format` (`corpus list formats`)"
        }
        "field_type" => {
            "name the field inside it with dots, fields = { text = \"body.content\" }, or say another `format`"
        }
        "not_object" => "such values have no fields; if each is a plain text: format = \"text\"",
        "by_columns" => {
            "write an object a row, as pandas does: to_json(…, orient=\"records\", lines=True, force_ascii=False); if it is one row, make each list one text"
        }
        "wrong_use" => "say another `use`, or make two sources of it",
        "utf8" => {
            "mend the bytes that are broken, or let such rows go: max_unreadable under [input]; only where nearly all rows are told so is the file in another encoding: encoding = \"gb18030\", \"Big5\", …"
        }
        "truncated" => "the file is not whole: fetch it again, or take off what is left of its last row",
        "json" => "if the file is no JSON, say its `format`; `corpus inspect FILE` shows what it is taken for",
        "columns" => "say the `format` (csv, tsv, text), or mend the table",
        "row_too_large" => "raise `max_row` under [input], or say `rows`",
        _ => return None,
    })
}

/// Whether a layout's files cannot be read by themselves: rows are made of several objects, or of two files.
pub fn is_joint(layout: &Layout) -> bool {
    let shape = layout.shape.as_deref().and_then(formats::shape);
    layout.container == "aligned" || shape.is_some_and(|shape| shape.groups(layout))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_odd_files_are_named() {
        let source = crate::pipeline::inputs::understood::tests::source();
        assert!(one_use(&source, [("a", Use::Task), ("b", Use::Task)].into_iter()).is_ok());
        let many = [("odd.json", Use::Rlhf), ("a", Use::Task), ("b", Use::Task)];
        let error = one_use(&source, many.into_iter()).unwrap_err();
        assert!(error.to_string().ends_with("a, b for task; odd.json for rlhf"), "{error}");
        assert!(error.hint().unwrap().contains("use = \"task\""));
    }

    fn source() -> Source {
        let recipe = "name='n'\n[[source]]\nname='s'\npath=['a.jsonl']\n";
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("r.toml"), recipe).unwrap();
        let path = folder.path().join("r.toml");
        crate::recipe::load(&path.to_string_lossy(), &[]).unwrap().sources.remove(0)
    }

    #[test]
    fn readings_that_are_alike_are_one_line() {
        let source = source();
        let layout = |shape: &str| {
            let found = formats::detect::of(b"{\"text\":\"a\"}\n", true);
            let found = formats::detect::Detected { shape: Some(shape.into()), ..found };
            let path = std::path::Path::new("a");
            crate::pipeline::inputs::layout(1 << 20, &source, path, found).unwrap().0
        };
        let seen = Understood { confidence: 0.9, ..Understood::default() };
        let layouts = [layout("fields"), layout("fields"), layout("prompt")];
        let found = lines(&source, layouts.iter().map(|l| (l, &seen)), false);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(
            found[0].contains("format = \"fields\" settles it") && found[0].ends_with("2 of the files"),
            "{found:?}"
        );
    }
}
