//! `corpus inspect BUILD`: the summary of a build, and its rows: the first, those that are asked for, or a sample.

use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::bare_rows::{bare_rows, without_text};
use super::inspect::{Inspect, rows_text};
use super::rows_of::{self, Part, UNREADABLE, Wanted};
use super::show::{self, Fields};
use super::{Context, Format, heavy, near_limit, table, ui};
use crate::messages::said;
use crate::objects::known;
use crate::pipeline::publish::manifest::Manifest;
use crate::pipeline::usage::{count, size};
use crate::text::figures::plural;
use crate::{Error, Result};

/// Reads `build.json` of a folder: the manifest, and the JSON that it was.
///
/// # Errors
///
/// [`Error::Io`] where it cannot be read, [`Error::Input`] where it is of another version.
pub fn manifest(folder: &Path) -> Result<(Manifest, Json)> {
    let path = folder.join("build.json");
    let bytes = match known(folder) {
        Some(known) => known.manifest.clone(),
        None => std::fs::read(&path).map_err(Error::io(&path))?,
    };
    let wrong = |e| Error::input(format!("{}: {e}", path.display()), "another version wrote it: build again");
    let json: Json = serde_json::from_slice(&bytes).map_err(wrong)?;
    Ok((Manifest::deserialize(&json).map_err(wrong)?, json))
}

impl Inspect {
    /// Shows a finished build: its summary and rows, or the rows that are asked for.
    pub(super) fn build(&self, context: &Context) -> Result<()> {
        let (manifest, json) = manifest(&self.path)?;
        if let Some(stage) = &self.near_limit {
            return near_limit::run(context, self, &manifest, Some(stage.as_str()).filter(|s| !s.is_empty()));
        }
        let kinds = self.kinds();
        let parts = rows_of::parts(&self.path, kinds, self.usage);
        let rows = self.wanted_rows(&parts)?;
        if let Some(id) = self.id.as_deref().filter(|_| rows.iter().all(Vec::is_empty)) {
            return Err(Error::input(
                format!("{} has no row with the id `{}`", self.path.display(), table::line(id)),
                "`--grep TEXT --all` finds rows by what they say; copies that a mix makes are `ID#2`, repeated ids `ID~2`",
            ));
        }
        if context.format == Format::Json {
            let rows = parts.iter().zip(&rows);
            let rows = rows.map(|(part, rows)| (part.name.clone(), rows.iter().map(show::object).collect()));
            let rows: Map<String, Json> = rows.collect();
            return super::print(&format!("{}\n", json!({"v": 1, "kind": "build", "manifest": json, "rows": rows})));
        }
        let columns = table::terminal();
        let mut text = if self.asks_for_rows() { String::new() } else { summary(&manifest, columns) };
        for (part, rows) in parts.iter().zip(&rows) {
            let none = if rows.is_empty() { ": no such rows" } else { "" };
            let gap = if text.is_empty() { "" } else { "\n" };
            text += &format!(
                "{gap}{}{}\n{}",
                part.name,
                said(none),
                rows_text(&explained(part, rows), columns, self.lines())
            );
        }
        super::print(&text)?;
        if !self.asks_for_rows() {
            heavy::warn(context, &manifest.heavy, Some(&self.path.display().to_string()));
        }
        self.remarks(context, &manifest, &parts, &rows);
        ui::say(context, &self.next(&manifest));
        Ok(())
    }

    /// Which tables are looked at.
    fn kinds(&self) -> &'static [&'static str] {
        match (self.unreadable, self.dropped || self.reason.is_some()) {
            _ if self.all => &["data", "dropped", UNREADABLE],
            (true, _) => &[UNREADABLE],
            (_, true) => &["dropped"],
            _ if self.id.is_some() => &["data", "dropped"],
            _ => &["data"],
        }
    }

    /// Whether it is certain rows that are asked for, and not the build.
    fn asks_for_rows(&self) -> bool {
        self.kinds() != ["data"] || self.grep.is_some() || self.sample.is_some()
    }

    /// The rows to show, by table.
    fn wanted_rows(&self, parts: &[Part]) -> Result<Vec<Vec<Fields>>> {
        let wanted =
            Wanted { id: self.id.clone(), grep: self.grep.clone(), reason: self.reason.clone(), content: None };
        if let Some(most) = self.sample {
            return rows_of::sample(parts, &wanted, most, self.seed);
        }
        let of = |part: &Part| match part.name.starts_with("dropped/") {
            true => rows_of::with_text_first(part, &wanted, self.rows),
            false => rows_of::first(part, &wanted, self.rows),
        };
        parts.iter().map(of).collect()
    }

    /// What is to be said of the rows: that there are none, or why they have no text.
    fn remarks(&self, context: &Context, manifest: &Manifest, parts: &[Part], rows: &[Vec<Fields>]) {
        if rows.iter().all(Vec::is_empty) {
            let reasons: Vec<&str> = manifest.reasons.iter().map(|r| r.reason.as_str()).collect();
            if let Some(reason) = self.reason.as_deref().filter(|r| !reasons.contains(r) && !self.unreadable) {
                let folder = ui::quoted(&self.path.display().to_string());
                ui::warn(context, &format!("no row was dropped for `{reason}`; see `corpus inspect {folder}`"));
            }
        }
        let bare = parts.iter().zip(rows).any(|(part, rows)| rows.iter().any(|row| without_text(part, row)));
        let searched = self.grep.is_some() && parts.iter().any(|p| p.name.starts_with("dropped/"));
        if bare || searched && manifest.dropped_text.is_some_and(|share| share < 1.0) {
            ui::say(context, &bare_rows(manifest, searched));
        }
    }

    /// What to look at next.
    fn next(&self, manifest: &Manifest) -> String {
        let (totals, folder) = (&manifest.totals, ui::quoted(&self.path.display().to_string()));
        match self.kinds() {
            ["data"] if self.grep.is_some() && totals.dropped > 0 => {
                let grep = ui::quoted(self.grep.as_deref().unwrap_or_default());
                format!("next: `corpus inspect {folder} --grep {grep} --dropped` looks among dropped rows")
            }
            ["data"] if self.sample.is_some() => format!("next: `corpus why {folder} ID` tells how a row came here"),
            ["data"] if totals.dropped > 0 => format!("next: `corpus inspect {folder} --dropped`"),
            ["data"] if totals.unreadable > 0 => format!("next: `corpus inspect {folder} --unreadable`"),
            ["data"] => format!("next: read {folder}/README.md, the data set card"),
            [UNREADABLE] => "next: `corpus explain REASON`".to_owned(),
            _ => format!("next: `corpus explain REASON`, `corpus why {folder} ID`"),
        }
    }
}

/// Rows in which it stands where a text is missing that it was not kept.
fn explained(part: &Part, rows: &[Fields]) -> Vec<Fields> {
    let explained = |row: &Fields| {
        let mut row = row.clone();
        if without_text(part, &row) {
            row.push(("text".to_owned(), said("(not kept)").into()));
            row.retain(|f| f.0 != "text" || !f.1.is_null());
        }
        row
    };
    rows.iter().map(explained).collect()
}

/// Totals, the funnel, why rows went, and the files.
fn summary(manifest: &Manifest, columns: usize) -> String {
    let totals = &manifest.totals;
    let share = |rows: u64| format!("{:.1}%", rows as f64 * 100.0 / totals.read.max(1) as f64);
    let tokens = manifest.kept_tokens().map_or(String::new(), |tokens| format!(" · {} tokens", count(tokens)));
    let first = format!(
        "{} · {} read -> {} kept ({}), {} dropped, {} unreadable · {} characters kept{tokens}",
        manifest.recipe.name,
        count(totals.read),
        count(totals.kept),
        share(totals.kept),
        count(totals.dropped),
        count(totals.unreadable),
        count(manifest.kept_chars)
    );
    let mut text = table::wrap(&said(&first), columns, 3).join("\n") + "\n";
    let words = |words: &[&str]| words.iter().map(|w| said(w).into_owned()).collect::<Vec<_>>();
    let mut rows = vec![words(&["stage", "rows in", "rows out"])];
    rows.extend(manifest.stages.iter().map(|s| vec![s.name.clone(), count(s.rows_in), count(s.rows_out)]));
    text += &format!("\n{}", table::table(&rows, 2, columns));
    let mut reasons: Vec<(String, String, u64)> = Vec::new();
    for line in &manifest.reasons {
        match reasons.iter_mut().find(|r| r.0 == line.reason && r.1 == line.stage) {
            Some(reason) => reason.2 += line.rows,
            None => reasons.push((line.reason.clone(), line.stage.clone(), line.rows)),
        }
    }
    reasons.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| a.cmp(b)));
    if !reasons.is_empty() {
        let mut rows = vec![words(&["reason", "stage", "rows", "of read"])];
        rows.extend(reasons.into_iter().map(|(reason, stage, n)| vec![reason, stage, count(n), share(n)]));
        text += &format!("\n{}", table::table(&rows, 2, columns));
    }
    const FILES: usize = 30;
    let files: Vec<_> = manifest.sources.iter().flat_map(|s| s.files.iter().map(move |f| (s, f))).collect();
    let mut rows = vec![words(&["source", "file", "size", "format", "read", "kept", "dropped", "unreadable"])];
    rows.extend(files.iter().take(FILES).map(|(source, file)| {
        let c = &file.counts;
        let counts = [c.read, c.kept, c.dropped, c.unreadable].map(count);
        let row = [source.name.clone(), table::line(&file.path), size(file.bytes), file.format.clone()];
        row.into_iter().chain(counts).collect()
    }));
    text += &format!("\n{}", table::table(&rows, 2, columns));
    if files.len() > FILES {
        let more = format!("… and {} more, in build.json", plural((files.len() - FILES) as u64, "file"));
        text += &format!("  {}\n", said(&more));
    }
    for (_, file) in files.iter().take(FILES) {
        if let Some(note) = &file.note {
            text += &format!("  {}\n", said(&format!("not certain: {}: {note}", file.path)));
        }
    }
    text
}
