//! `corpus inspect BUILD --near-limit`: the rows nearest to each limit, on both sides: what a little more or less of it
//! would change.

use std::path::Path;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use serde_json::{Value as Json, json};

use super::bare_rows::{bare_rows, without_text};
use super::inspect::{Inspect, rows_text};
use super::rows_of::{self, Part};
use super::show::{self, Fields};
use super::{Context, Format, table, ui};
use crate::messages::said;
use crate::output::take::NOT_SAMPLED;
use crate::pipeline::publish::manifest::{Manifest, StageLine};
use crate::rows::Use;
use crate::stages::rule::number as number_of;
use crate::text::spelling::did_you_mean;
use crate::{Error, Result};

/// A row near a limit: what it has, its table, itself.
struct Near {
    value: f64,
    part: String,
    row: Fields,
}

/// A limit, and the rows nearest to it.
struct Limit {
    stage: String,
    /// The reason word of rows that fail it.
    reason: String,
    /// The signal, and whether more of it passes; none where the limit is of what a stage found by comparing rows.
    signal: Option<(String, bool)>,
    limit: Option<f64>,
    dropped: Vec<Near>,
    kept: Vec<Near>,
    /// Why there are no kept rows, where that is no wonder.
    note: Option<String>,
}

/// Runs the command.
///
/// # Errors
///
/// [`Error::Input`] where the build has no such stage; a shard that cannot be read.
pub fn run(context: &Context, asked: &Inspect, manifest: &Manifest, stage: Option<&str>) -> Result<()> {
    let names: Vec<&str> = manifest.stages.iter().map(|s| s.name.as_str()).collect();
    if let Some(stage) = stage.filter(|s| !names.contains(s)) {
        let what = format!("{} has no stage `{}`", asked.path.display(), table::line(stage));
        return Err(Error::input(what, did_you_mean(stage, names)));
    }
    let dropped = rows_of::parts(&asked.path, &["dropped"], asked.usage);
    let mut limits = searched(&asked.path, asked.usage, manifest, stage, asked.rows)?;
    // Limits that cost rows come first.
    limits.sort_by_key(|l| l.dropped.is_empty());
    if context.format == Format::Json {
        let limits: Vec<Json> = limits.iter().map(Limit::json).collect();
        return super::print(&format!("{}\n", json!({"v": 1, "kind": "near_limit", "limits": limits})));
    }
    let columns = table::terminal();
    let text: Vec<String> = limits.iter().map(|l| l.text(columns, asked.lines())).collect();
    super::print(&text.join("\n"))?;
    let bare = |n: &Near| dropped.iter().any(|part| part.name == n.part && without_text(part, &n.row));
    if limits.iter().flat_map(|l| &l.dropped).any(bare) {
        ui::say(context, &bare_rows(manifest, false));
    }
    let folder = ui::quoted(&asked.path.display().to_string());
    let said = match (limits.is_empty(), stage) {
        (true, Some(stage)) => format!("stage {stage} has no limit that is a number, or no row fails it"),
        (true, None) => "no stage has a limit that is a number".to_owned(),
        _ => format!("next: `corpus why {folder} ID` tells all of a row"),
    };
    ui::say(context, &said);
    Ok(())
}

/// The limits of a build, or of one of its stages, with the rows nearest to each; without those that no row is near to.
fn searched(
    build: &Path,
    usage: Option<Use>,
    manifest: &Manifest,
    stage: Option<&str>,
    most: usize,
) -> Result<Vec<Limit>> {
    let data = rows_of::parts(build, &["data"], usage);
    let dropped = rows_of::parts(build, &["dropped"], usage);
    let mut limits = limits(manifest, stage);
    for limit in &mut limits {
        limit.find(&data, &dropped, most)?;
    }
    limits.retain(|l| !l.dropped.is_empty() || !l.kept.is_empty() || l.note.is_some());
    Ok(limits)
}

/// The limits of a build: those of its rules, and those that rows failed when they were compared.
fn limits(manifest: &Manifest, stage: Option<&str>) -> Vec<Limit> {
    let mut all: Vec<Limit> = Vec::new();
    for line in manifest.stages.iter().filter(|s| stage.is_none_or(|w| w == s.name)) {
        for (signal, rule) in &line.rules {
            for (side, limit) in [("min", rule.min), ("max", rule.max)] {
                let Some(limit) = limit else { continue };
                let reason = format!("{signal}_{side}");
                all.push(Limit::new(line, &reason, Some((signal.clone(), side == "min")), Some(limit)));
            }
        }
        for reason in manifest.reasons.iter().filter(|r| r.stage == line.name).map(|r| &r.reason) {
            let drawn = reason == NOT_SAMPLED || reason.ends_with("_in") && line.judges();
            if !drawn && !all.iter().any(|l| l.stage == line.name && l.reason == *reason) {
                all.push(Limit::new(line, reason, None, None));
            }
        }
    }
    all
}

impl Limit {
    fn new(line: &StageLine, reason: &str, signal: Option<(String, bool)>, limit: Option<f64>) -> Self {
        let (stage, reason) = (line.name.clone(), reason.to_owned());
        Limit { stage, reason, signal, limit, dropped: Vec::new(), kept: Vec::new(), note: None }
    }

    /// Finds the rows nearest to it, at most `most` on each side.
    fn find(&mut self, data: &[Part], dropped: &[Part], most: usize) -> Result<()> {
        let (stage, reason) = (self.stage.clone(), self.reason.clone());
        let columns = ["stage", "reason", "value", "limit"];
        let mut limit = None;
        self.dropped = collect(dropped, &columns, most, |batch, row| {
            let text = |name: &str| text(batch, name, row);
            if text("stage") != Some(stage.as_str()) || text("reason") != Some(reason.as_str()) {
                return None;
            }
            let (value, line) = (text("value")?.parse::<f64>().ok()?, text("limit")?.parse::<f64>().ok()?);
            limit = Some(line);
            Some((value - line).abs())
        })?;
        for near in &mut self.dropped {
            near.value = show::text(&near.row, "value").and_then(|v| v.parse().ok()).unwrap_or_default();
        }
        self.limit = self.limit.or(limit);
        let (Some((signal, more)), Some(limit)) = (self.signal.clone(), self.limit) else { return Ok(()) };
        let there = |part: &&Part| part.has(&signal);
        if !data.iter().any(|part| there(&part)) && !data.is_empty() {
            self.note = Some(format!("`{signal}` is no column of data/: add it to `signals` under [output]"));
            return Ok(());
        }
        self.kept = collect(data, &[signal.as_str()], most, |batch, row| {
            let value = number(batch, &signal, row)?;
            (if more { value >= limit } else { value <= limit }).then_some((value - limit).abs())
        })?;
        for near in &mut self.kept {
            near.value = near.row.iter().find(|f| f.0 == signal).and_then(|f| f.1.as_f64()).unwrap_or_default();
        }
        Ok(())
    }

    /// The limit as it stands in a recipe.
    fn rule(&self) -> String {
        let limit = self.limit.map_or(String::new(), |l| l.to_string());
        match &self.signal {
            Some((signal, more)) => format!("{signal} = {{ {} = {limit} }}", if *more { "min" } else { "max" }),
            None => format!("{} at {limit}", self.reason),
        }
    }

    fn text(&self, columns: usize, lines: usize) -> String {
        let head = format!("{} of stage {}", self.rule(), table::line(&self.stage));
        let mut out = format!("{}\n", said(&head));
        for (what, rows) in [("dropped", &self.dropped), ("kept", &self.kept)] {
            let none = match (what, &self.note, &self.signal) {
                ("kept", Some(note), _) => format!(": {note}"),
                ("kept", None, None) => continue,
                _ if rows.is_empty() => ": no row".to_owned(),
                _ => String::new(),
            };
            out += &format!("\n {}\n", said(&format!("{what}{none}")));
            for near in rows {
                let title = format!("{} · {}", number_of(near.value), near.part);
                out += &rows_text(std::slice::from_ref(&titled(near, &title)), columns, lines);
            }
        }
        out
    }

    fn json(&self) -> Json {
        let rows = |rows: &[Near]| -> Vec<Json> {
            rows.iter().map(|n| json!({"value": n.value, "part": n.part, "row": show::object(&n.row)})).collect()
        };
        json!({"stage": self.stage, "reason": self.reason, "signal": self.signal.as_ref().map(|s| &s.0),
            "limit": self.limit, "dropped": rows(&self.dropped), "kept": rows(&self.kept), "note": self.note})
    }
}

/// The row with what it has in front of its id.
fn titled(near: &Near, title: &str) -> Fields {
    let with = |(name, value): &(String, Json)| match (name.as_str(), value.as_str()) {
        ("id", Some(id)) => (name.clone(), Json::from(format!("{title} · {id}"))),
        _ => (name.clone(), value.clone()),
    };
    near.row.iter().map(with).collect()
}

/// The rows of some tables that are nearest by `distance`, whole.
fn collect(
    parts: &[Part],
    columns: &[&str],
    most: usize,
    mut distance: impl FnMut(&RecordBatch, usize) -> Option<f64>,
) -> Result<Vec<Near>> {
    let mut found: Vec<(f64, usize, String)> = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        let near = rows_of::nearest(part, columns, most, &mut distance)?;
        found.extend(near.into_iter().map(|(far, id)| (far, at, id)));
    }
    found.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| (a.1, &a.2).cmp(&(b.1, &b.2))));
    found.truncate(most);
    let mut rows = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        let ids: Vec<String> = found.iter().filter(|f| f.1 == at).map(|f| f.2.clone()).collect();
        rows.push(rows_of::by_ids(part, &ids)?.into_iter());
    }
    // The rows of each table come in the order in which they were found.
    let next = |(_, at, _): &(f64, usize, String)| Some((parts[*at].name.clone(), rows[*at].next()?));
    Ok(found.iter().filter_map(next).map(|(part, row)| Near { value: 0.0, part, row }).collect())
}

fn text<'b>(batch: &'b RecordBatch, name: &str, row: usize) -> Option<&'b str> {
    let column = batch.column_by_name(name)?.as_string_opt::<i32>()?;
    column.is_valid(row).then(|| column.value(row))
}

fn number(batch: &RecordBatch, name: &str, row: usize) -> Option<f64> {
    let column = batch.column_by_name(name).filter(|c| c.is_valid(row))?;
    match column.data_type() {
        DataType::Int64 => Some(column.as_primitive::<Int64Type>().value(row) as f64),
        DataType::Float64 => Some(column.as_primitive::<Float64Type>().value(row)),
        _ => None,
    }
}
