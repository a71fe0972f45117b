//! `corpus inspect` of a raw file: what it was taken for, and its first rows as a recipe would get them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value as Json, json};

use super::show::{self, Fields};
use super::{reasons, table, unlisted};
use crate::formats::{self, Layout, Piece, detect};
use crate::input;
use crate::messages::said;
use crate::pipeline::inputs;
use crate::pipeline::inputs::sample;
use crate::pipeline::usage::{count, size};
use crate::recipe::Source;
use crate::rows::{self, Rows, Use};
use crate::text::figures::plural;
use crate::text::wikitext::Unlisted;
use crate::{Error, Result};

/// Records looked at for the share of unreadable ones.
const RECORDS: u64 = 2_000;
/// Bytes looked at.
const BYTES: u64 = 8 << 20;
/// Members of an archive, and files of a folder, that are named.
const NAMED: usize = 20;

/// What a raw file holds.
pub struct Peek {
    path: String,
    /// Whether it came through a pipe.
    piped: bool,
    bytes: u64,
    members: Vec<String>,
    layout: Layout,
    confidence: f32,
    runner_up: Option<String>,
    note: Option<String>,
    /// Ours ← theirs, in a line.
    mapping: Option<String>,
    /// Why a build refuses the file unless it is told how to read it.
    refusal: Option<String>,
    seen: sample::Seen,
    /// Rows that a build would go on with, each with its line.
    rows: Vec<(u64, Fields)>,
    /// Rows that the format sets aside.
    aside: Vec<(u64, Fields)>,
    unreadable: Vec<Json>,
    /// Reason words of what cannot be read, to records, of those looked at.
    reasons: BTreeMap<&'static str, u64>,
    /// Reason words of what the format sets aside, to rows.
    asides: BTreeMap<&'static str, u64>,
    /// Templates of a wiki's dump that the converter does not know, of those pages; none of other files.
    unlisted: Option<Vec<Unlisted>>,
    /// Cards that have a file of this name: `card (part)`.
    cards: Vec<String>,
}

/// A source as `corpus inspect` makes one up for a file without a recipe.
pub fn source(name: &str, usage: Option<Use>) -> Source {
    Source {
        name: name.to_owned(),
        label: name.to_owned(),
        card: None,
        path: Vec::new(),
        split: Vec::new(),
        config: Vec::new(),
        format: None,
        rows: None,
        usage,
        language: None,
        license: None,
        encoding: None,
        variant: None,
        fields: BTreeMap::new(),
        options: Default::default(),
        limit: None,
        priority: 0,
        share: Default::default(),
        members: Vec::new(),
        stored: Vec::new(),
        line: 1,
    }
}

/// What to show of a raw file.
pub struct Wanted<'a> {
    /// Rows of each kind.
    pub rows: usize,
    /// Only rows that the format sets aside.
    pub dropped: bool,
    /// Only rows with this reason word.
    pub reason: Option<&'a str>,
    /// Which use to read rows for.
    pub usage: Option<Use>,
    /// A container or a shape to read the file by; detected where absent.
    pub format: Option<&'a str>,
    /// Lines that a text may take.
    pub lines: usize,
}

/// Looks into a file (or a member of an archive).
///
/// # Errors
///
/// [`Error::Io`] where the file cannot be read, [`Error::Input`] where the archive has no such member or the format
/// does not fit the file.
pub fn peek(path: &Path, member: Option<&str>, wanted: &Wanted<'_>) -> Result<Peek> {
    let io = |e| Error::io(path)(e);
    let bytes = std::fs::metadata(path).map_err(io)?.len();
    let compression = input::compression(path).map_err(io)?;
    // A broken archive is one file that cannot be read; its own reader says why.
    let members: Vec<String> =
        input::members(path, compression).unwrap_or(None).into_iter().flatten().map(|m| m.name).collect();
    let member = member.map(str::to_owned).or_else(|| members.first().cloned());
    if let Some(name) = member.as_ref().filter(|m| !members.contains(m)) {
        let hint = format!("it holds {}", members.iter().take(3).cloned().collect::<Vec<_>>().join(", "));
        return Err(Error::input(format!("{}: no member is called {name}", path.display()), hint));
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let stem = stem.split('.').next().unwrap_or_default().to_owned();
    let found = detect::detect(path, member.as_deref()).map_err(io)?;
    let (layout, note) = {
        let source = Source { format: wanted.format.map(str::to_owned), ..source(&stem, wanted.usage) };
        inputs::layout(64 << 20, &source, path, found.clone())?
    };
    let mut peek = Peek {
        path: member.as_ref().map_or_else(|| path.display().to_string(), |m| format!("{}!{m}", path.display())),
        piped: false,
        bytes,
        members,
        layout,
        confidence: if wanted.format.is_some() { 1.0 } else { found.confidence },
        runner_up: found.runner_up.filter(|_| wanted.format.is_none()),
        note,
        mapping: None,
        refusal: None,
        seen: sample::Seen::default(),
        rows: Vec::new(),
        aside: Vec::new(),
        unreadable: Vec::new(),
        reasons: BTreeMap::new(),
        asides: BTreeMap::new(),
        unlisted: None,
        cards: cards(path),
    };
    if let Some(mapping) = inputs::mapping(&peek.layout, &found.sample) {
        let shape = peek.layout.shape.as_deref().unwrap_or("fields");
        peek.refusal = mapping.refusal(shape, peek.layout.usage).map(|(what, cure)| format!("{what}; {cure}"));
        peek.refusal = peek.refusal.filter(|_| wanted.format.is_none());
        peek.mapping = Some(mapping.line());
    }
    peek.read(&Piece { path: path.to_path_buf(), member, start: 0, end: u64::MAX }, wanted)?;
    Ok(peek)
}

impl Peek {
    /// Says that what was looked at is a copy of what came through the pipe `name`.
    pub fn through(mut self, name: &Path) -> Self {
        (self.path, self.piped) = (name.display().to_string(), true);
        self
    }

    fn read(&mut self, piece: &Piece, wanted: &Wanted<'_>) -> Result<()> {
        let new = || (Rows::new(self.layout.usage), Vec::new());
        let (mut kept, mut gone) = (new(), new());
        let (unreadable, reasons, asides) = (&mut self.unreadable, &mut self.reasons, &mut self.asides);
        self.seen = sample::read(piece, &self.layout, RECORDS.max(wanted.rows as u64), BYTES, &mut |record| {
            let line = record.line + 1;
            match &record.row {
                Ok(row) => {
                    let aside = row.aside.as_ref().map(|a| a.0);
                    if let Some(aside) = aside {
                        *asides.entry(aside).or_default() += 1;
                    }
                    let fits = wanted.reason.is_none_or(|r| aside == Some(r)) && (!wanted.dropped || aside.is_some());
                    let (rows, lines) = if aside.is_some() { &mut gone } else { &mut kept };
                    if fits && lines.len() < wanted.rows {
                        rows.push(lines.len() as u64, &record);
                        lines.push(line);
                    }
                }
                Err(error) => {
                    *reasons.entry(error.reason).or_default() += 1;
                    let fits = wanted.reason.is_none_or(|r| r == error.reason);
                    if fits && unreadable.len() < wanted.rows {
                        unreadable.push(json!({"line": line, "offset": record.offset, "reason": error.reason,
                            "detail": error.detail, "head": error.head}));
                    }
                }
            }
        });
        let of = |(mut rows, lines): (Rows, Vec<u64>)| {
            let shown = |name: &str| matches!(name, "aside" | "aside_value");
            let hidden: Vec<String> = rows::hidden().iter().map(|f| f.name().clone()).filter(|n| !shown(n)).collect();
            let fields = show::rows(&rows.finish()).into_iter().map(|mut fields| {
                fields.retain(|f| !hidden.contains(&f.0) && !f.1.is_null());
                fields
            });
            lines.into_iter().zip(fields).collect()
        };
        (self.rows, self.aside) = (of(kept), of(gone));
        // Why a file does not open was said above.
        if let Some(container) = formats::container(&self.layout.container).filter(|_| !reasons.contains_key("open")) {
            let found = container.unlisted(piece, &self.layout, self.seen.records);
            self.unlisted = found.map_err(Error::io(&piece.path))?;
        }
        Ok(())
    }

    fn format(&self) -> String {
        let l = &self.layout;
        l.shape.as_ref().map_or_else(|| l.container.clone(), |s| format!("{}/{s}", l.container))
    }

    /// As one JSON document.
    pub fn json(&self, recipe: Option<&str>) -> Json {
        let rows = |rows: &[(u64, Fields)]| -> Vec<Json> {
            let of = |(line, fields): &(u64, Fields)| {
                let mut row = show::object(fields);
                row["line"] = json!(line);
                row
            };
            rows.iter().map(of).collect()
        };
        json!({
            "v": 1, "kind": "file", "path": self.path, "bytes": self.bytes, "members": self.members,
            "detected": {"format": self.format(), "layout": self.layout, "confidence": self.confidence,
                "runner_up": self.runner_up, "note": self.note,
                "mapping": self.mapping, "refusal": self.refusal},
            "looked_at": {"records": self.seen.records, "whole": self.seen.ended, "reasons": self.reasons,
                "set_aside": self.asides},
            "unlisted_templates": self.unlisted.as_deref().map(unlisted::json),
            "cards": self.cards, "rows": rows(&self.rows), "set_aside": rows(&self.aside),
            "unreadable": self.unreadable, "recipe": recipe,
        })
    }

    /// What the file is, how it is read, and what is not certain of that.
    fn head(&self, wanted: &Wanted<'_>) -> String {
        let l = &self.layout;
        let packed = format!("{:?}", l.transport.compression).to_lowercase();
        let mut facts = vec![self.path.clone(), size(self.bytes), self.format(), l.transport.encoding.0.clone()];
        facts.extend(Some(packed).filter(|p| p != "none"));
        facts.extend(l.rows.map(|r| format!("a row a {}", r.as_str())));
        facts.push(format!("use {}", l.usage));
        let mut text = format!("{}\n", said(&facts.join(" · ")));
        let sure = match wanted.format {
            Some(_) => format!("read as {}", self.format()),
            None => format!("taken for {}, {:.0}% sure", self.format(), self.confidence * 100.0),
        };
        let other = self.runner_up.as_ref().map_or(String::new(), |r| format!("; else it would be {r}"));
        text += &format!("{}{}\n", said(&sure), said(&other));
        if let Some(mapping) = &self.mapping {
            text += &format!("{}\n", said(&format!("mapped: {mapping}")));
        }
        if let Some(refusal) = &self.refusal {
            text += &format!("{}\n", said(&format!("a build refuses this file unless told: {refusal}")));
        }
        if let Some(note) = &self.note {
            text += &format!("{}\n", said(&format!("not certain: {note}")));
        }
        if !self.members.is_empty() {
            let named: Vec<&str> = self.members.iter().take(NAMED).map(String::as_str).collect();
            let more = if self.members.len() > NAMED { ", …" } else { "" };
            let members = format!("{} members: {}{more}", count(self.members.len() as u64), named.join(", "));
            text += &format!("{}\n", said(&members));
        }
        if !self.cards.is_empty() {
            text += &format!("{}\n", said(&format!("the catalog has files of this name: {}", self.cards.join(", "))));
        }
        text
    }

    /// For people; without readable rows where only others are asked for.
    pub fn text(&self, columns: usize, wanted: &Wanted<'_>, readable: bool) -> String {
        let mut text = self.head(wanted);
        let whole = if self.seen.ended { "all" } else { "the first" };
        let sum = |counts: &BTreeMap<&str, u64>| count(counts.values().sum());
        let (records, gone, aside) = (plural(self.seen.records, "record"), sum(&self.reasons), sum(&self.asides));
        let counted = format!("{whole} {records}: {gone} unreadable, {aside} set aside by the format");
        text += &format!("{}\n", said(&counted));
        for (word, n) in self.reasons.iter().chain(&self.asides) {
            let why = reasons::explain(word).unwrap_or_default();
            text += &show::labelled(&count(*n), &format!("{word}: {}", said(&why)), columns, 3);
        }
        text += &self.unlisted.as_deref().map_or(String::new(), |all| unlisted::text(all, self.seen.records, columns));
        let row = |title: &str, (line, fields): &(u64, Fields)| {
            format!("\n{}", show::row(fields, &said(&format!("{title}line {line}")), columns, wanted.lines))
        };
        if readable {
            text += &self.rows.iter().map(|r| row("", r)).collect::<String>();
            // One of a kind, where they are not what was asked for.
            let all = wanted.dropped || wanted.reason.is_some();
            let mut seen = BTreeSet::new();
            let aside = self.aside.iter().filter(|(_, fields)| seen.insert(show::text(fields, "aside")) || all);
            text += &aside.map(|r| row("set aside · ", r)).collect::<String>();
        }
        for row in &self.unreadable {
            let of = |key: &str| row[key].as_str().unwrap_or_default();
            text += &format!("\n{}\n", said(&format!("line {} · unreadable: {}", row["line"], of("reason"))));
            text += &show::labelled(&said("detail"), &said(of("detail")), columns, 3);
            if !of("head").is_empty() {
                text += &show::labelled(&said("begins"), of("head"), columns, 2);
            }
        }
        text
    }

    /// What to do next; `recipe` is one that reads the file.
    pub fn next(&self, recipe: Option<&str>) -> String {
        let path = super::ui::quoted(&self.path);
        match (self.reasons.keys().next(), recipe) {
            _ if self.piped => "next: save what comes through the pipe to a file; a recipe reads files".to_owned(),
            (Some(word), None) => format!("next: `corpus explain {word}`"),
            (_, Some(recipe)) => {
                let lines: String = recipe.lines().map(|line| format!("  {line}\n")).collect();
                format!(
                    "next: a recipe that reads it (`corpus init {path}` adds stages and remarks):\n{}",
                    lines.trim_end()
                )
            }
            _ => format!("next: `corpus init {path}`"),
        }
    }
}

/// The cards that have a file of this name, where few do.
fn cards(path: &Path) -> Vec<String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let fits = |pattern: &String| {
        let own = pattern.rsplit('/').next().unwrap_or_default();
        own.len() > 8 && globset::Glob::new(own).is_ok_and(|g| g.compile_matcher().is_match(&name))
    };
    let cards = crate::catalog::shipped().iter();
    let parts = cards.flat_map(|c| c.part.iter().filter(|p| p.names.iter().any(fits)).map(move |p| (c, p)));
    let found: Vec<String> = parts.map(|(card, part)| format!("{} ({})", card.name, part.name)).collect();
    if found.len() > 3 { Vec::new() } else { found }
}

/// The files of a folder that is no build, with what each was taken for.
pub fn folder(path: &Path) -> Vec<Vec<String>> {
    let mut rows = vec![["file", "size", "format", "note"].map(|w| said(w).into_owned()).to_vec()];
    let mut files: Vec<_> = walkdir::WalkDir::new(path)
        .sort_by_file_name()
        .into_iter()
        .flatten()
        .filter(|e| e.file_type().is_file() && !e.file_name().to_string_lossy().starts_with('.'))
        .collect();
    let all = files.len();
    files.truncate(NAMED);
    for entry in files {
        let bytes = entry.metadata().map(|m| m.len()).unwrap_or_default();
        let shown = entry.path().strip_prefix(path).unwrap_or(entry.path()).display().to_string();
        let (format, note) = match detect::detect(entry.path(), None) {
            Ok(found) => {
                let container = found.container.to_string();
                (found.shape.map_or(container.clone(), |s| format!("{container}/{s}")), found.note.unwrap_or_default())
            }
            Err(error) => ("?".into(), error.to_string()),
        };
        rows.push(vec![table::line(&shown), size(bytes), format, table::line(&said(&note))]);
    }
    if all > NAMED {
        rows.push(vec![
            said(&format!("… and {} more", count((all - NAMED) as u64))).into_owned(),
            String::new(),
            String::new(),
            String::new(),
        ]);
    }
    rows
}
