//! The life of a row as `corpus why` tells it: to a person, and to a program.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::inspect::rows_text;
use super::life::{Life, Outcome};
use super::show::{self, Fields, labelled};
use super::table::{cut, line};
use crate::messages::said;
use crate::pipeline::publish::manifest::StageLine;
use crate::pipeline::usage::{count, size};
use crate::stages;
use crate::stages::clause::{Clause, Values};
use crate::stages::percentile::Percentile;
use crate::stages::rule::Rule;
use crate::text::figures::plural;

/// Lines of a text that is not asked for whole.
const LINES: usize = 12;
/// Stretches that are named.
const SPANS: usize = 5;
/// Characters of a stretch that are shown.
const SHOWN: usize = 60;

/// What a stage made of the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// It let it through (or measured, or cleaned it).
    Passed,
    /// It dropped it.
    Dropped,
    /// The row was gone before.
    NotReached,
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Verdict::Passed => "passed",
            Verdict::Dropped => "dropped",
            Verdict::NotReached => "not reached",
        }
    }
}

/// A signal of the row as a rule found it.
struct Judged<'r> {
    signal: &'r str,
    rule: &'r Rule,
    /// The limits, where percentiles are limits too.
    min: Option<f64>,
    max: Option<f64>,
    value: Json,
}

/// A rule of rules as it found the row.
struct JudgedClause<'r> {
    clause: &'r Clause,
    signals: Vec<String>,
    row: Measured,
    /// Whether it holds, where what was measured tells.
    holds: Option<bool>,
}

impl JudgedClause<'_> {
    fn value(&self, signal: &str) -> Option<&Json> {
        self.signals.iter().position(|s| s == signal).and_then(|at| self.row.values.get(at))
    }

    fn json(&self) -> Json {
        let values: Map<String, Json> = self.signals.iter().cloned().zip(self.row.values.iter().cloned()).collect();
        json!({"clause": self.clause, "values": values, "holds": self.holds})
    }
}

/// What a row has of signals, and what percentiles are for it.
struct Measured {
    values: Vec<Json>,
    found: Vec<Option<f64>>,
}

impl Values for Measured {
    fn number(&self, at: usize) -> Option<f64> {
        self.values.get(at)?.as_f64()
    }

    fn word(&self, at: usize) -> Option<&str> {
        self.values.get(at)?.as_str()
    }

    fn found(&self, number: usize) -> Option<f64> {
        self.found.get(number).copied().flatten()
    }
}

impl Life<'_> {
    fn row(&self) -> &Fields {
        &self.places[0].row
    }

    fn field(&self, name: &str) -> Option<&str> {
        show::text(self.row(), name)
    }

    /// The stages with what each made of the row. A stage that dropped it may be none of the recipe's: `read`, formats.
    fn verdicts(&self) -> Vec<(&StageLine, Verdict)> {
        let by = self.field("stage").filter(|_| self.outcome == Outcome::Dropped);
        let known = by.is_none_or(|by| self.manifest.stages.iter().any(|s| s.name == by));
        let mut dropped = self.outcome == Outcome::Unreadable;
        let verdict = |stage: &'_ StageLine| {
            // What the format set aside is dropped while it is read.
            let here = by.is_some_and(|by| by == stage.name || !known && stage.name == "read");
            let verdict = match (dropped, here) {
                (true, _) => Verdict::NotReached,
                (_, true) => Verdict::Dropped,
                _ => Verdict::Passed,
            };
            dropped |= here;
            verdict
        };
        let verdicts: Vec<Verdict> = self.manifest.stages.iter().map(verdict).collect();
        self.manifest.stages.iter().zip(verdicts).collect()
    }

    /// The signal as it stood before a stage: from the work folder, else of what the rules say of a row that failed, else
    /// of the text that came out.
    fn value(&self, signal: &str, stage: &StageLine) -> Json {
        let before = stage.number.unwrap_or(usize::MAX);
        let known = self.trace.iter().flat_map(|t| &t.signals).filter(|s| s.0 == signal && s.1 < before);
        if let Some(found) = known.max_by_key(|s| s.1) {
            return found.2.clone();
        }
        let failed = self.field("stage") == Some(&stage.name)
            && self.field("reason").and_then(|r| r.rsplit_once('_')).is_some_and(|r| r.0 == signal);
        if failed && let Some(value) = self.field("value") {
            return value.parse::<f64>().map_or_else(|_| json!(value), |number| json!(number));
        }
        match self.trace {
            // A row that is dropped has no columns of signals.
            None => self.row().iter().find(|f| f.0 == signal).map_or(Json::Null, |f| f.1.clone()),
            Some(_) => Json::Null,
        }
    }

    /// The rules of rules that a stage has.
    fn clauses<'s>(&self, stage: &'s StageLine) -> Vec<JudgedClause<'s>> {
        let judged = |clause: &'s Clause| {
            let signals = clause.signals();
            let values: Vec<Json> = signals.iter().map(|signal| self.value(signal, stage)).collect();
            let row = Measured { values, found: self.found(clause, stage) };
            let holds = clause.asked(&signals).holds(&|limit| limit.holds(&row));
            JudgedClause { clause, signals, row, holds }
        };
        stage.clauses.iter().map(judged).collect()
    }

    fn judged<'s>(&self, stage: &'s StageLine) -> Vec<Judged<'s>> {
        let judged = |(signal, rule): (&'s String, &'s Rule)| {
            let limits = BTreeMap::from([(signal.clone(), rule.clone())]);
            let clause = Clause { limits, ..Clause::default() };
            let mut found = self.found(&clause, stage).into_iter();
            let min = rule.min.or_else(|| rule.min_percentile.and_then(|_| found.next()?));
            let max = rule.max.or_else(|| rule.max_percentile.and_then(|_| found.next()?));
            Judged { signal, rule, min, max, value: self.value(signal, stage) }
        };
        stage.rules.iter().map(judged).collect()
    }

    /// What the percentiles of a rule are for the row.
    fn found(&self, clause: &Clause, stage: &StageLine) -> Vec<Option<f64>> {
        let of = |name: &str| self.field(name).unwrap_or_default();
        let (source, language) = (of("source"), of("language"));
        let limit = |percentile: Percentile| {
            let found = stage.limits.iter().find(|found| found.percentile == percentile)?;
            found.for_source(source).of(language)
        };
        clause.percentiles().into_iter().map(limit).collect()
    }

    /// What a stage itself measured of the row.
    fn measured(&self, stage: &StageLine) -> Vec<(&str, &Json)> {
        let Some(number) = stage.number else { return Vec::new() };
        let of = self.trace.iter().flat_map(|t| &t.signals).filter(|s| s.1 == number && !s.2.is_null());
        of.map(|s| (s.0.as_str(), &s.2)).collect()
    }

    /// What a stage cut out of it, in bytes of the text as it found it.
    fn cuts(&self, stage: &StageLine) -> &[(u64, u64)] {
        let found = self.trace.iter().flat_map(|t| &t.cuts).find(|c| Some(c.0) == stage.number);
        found.map_or(&[], |c| c.1.as_slice())
    }

    /// The stretches that a dropped row went for.
    fn spans(&self) -> Vec<(u64, u64)> {
        let spans = self.row().iter().find(|f| f.0 == "spans").and_then(|f| f.1.as_array());
        let end = |span: &Json, key: &str| span.get(key).and_then(Json::as_u64);
        spans.into_iter().flatten().filter_map(|s| Some((end(s, "start")?, end(s, "end")?))).collect()
    }

    /// What stands in such a stretch, where the row kept its text and the stretch lies in it.
    fn stretch(&self, (from, to): (u64, u64)) -> Option<String> {
        let text = self.field("text")?.get(from as usize..to as usize)?;
        let shown: String = line(text).chars().take(SHOWN).collect();
        Some(if shown.chars().count() < line(text).chars().count() { format!("{shown}…") } else { shown })
    }
}

/// The row's life for a person.
pub fn text(life: &Life<'_>, columns: usize, full: bool) -> String {
    let usage = life.field("use").map_or(String::new(), |u| format!(" · {u}"));
    let mut out = format!("{}\n", cut(&format!("{} · {}{usage}", line(&life.id), said(life.outcome.word())), columns));
    let say = |out: &mut String, label: &str, text: &str| *out += &labelled(&said(label), &said(text), columns, 3);
    origin(life, |label, text| say(&mut out, label, text));
    for place in life.places.iter().take(10) {
        let copy =
            show::text(&place.row, "id").filter(|id| *id != life.id).map_or(String::new(), |id| format!(", as {id}"));
        say(&mut out, "output", &format!("{}, row {}{copy}", place.file, count(place.at + 1)));
    }
    if life.places.len() > 10 {
        say(&mut out, "", &format!("… and {} copies more", count(life.places.len() as u64 - 10)));
    }
    if life.outcome == Outcome::Unreadable {
        out += &rows_text(std::slice::from_ref(life.row()), columns, LINES);
        return out;
    }
    out += &format!("\n{}\n", said("stages"));
    for (stage, verdict) in life.verdicts() {
        stage_text(life, stage, verdict, |label, text| out += &labelled(label, &said(text), columns, 3));
    }
    if let Some(kept) = life.field("kept_id") {
        let there = match &life.kept {
            Some(place) if place.part.starts_with("data/") => {
                format!("kept, {} row {}", place.file, count(place.at + 1))
            }
            Some(place) => format!("which went later: {}", show::text(&place.row, "reason").unwrap_or_default()),
            None => "not in this build".to_owned(),
        };
        let similarity = life.row().iter().find(|f| f.0 == "similarity").and_then(|f| f.1.as_f64());
        let similarity = similarity.map_or(String::new(), |s| format!(", similarity {s:.4}"));
        out += "\n";
        say(&mut out, "stayed instead", &format!("{}{similarity}; {there}", line(kept)));
    }
    if life.stands_for.rows > 0 {
        let one = |(id, stage, similarity): &(String, String, Option<f64>)| {
            format!("{} ({stage}{})", line(id), similarity.map_or(String::new(), |s| format!(", {s:.4}")))
        };
        let named: Vec<String> = life.stands_for.first.iter().map(one).collect();
        let more = if life.stands_for.rows > named.len() as u64 { ", …" } else { "" };
        out += "\n";
        let rows = plural(life.stands_for.rows, "row");
        say(&mut out, "stands for", &format!("{rows} that went for it: {}{more}", named.join(", ")));
    }
    let mut row = life.row().clone();
    row.retain(|f| full || !matches!(f.0.as_str(), "spans" | "words"));
    out + &rows_text(&[row], columns, if full { show::FULL } else { LINES })
}

/// Source and file.
fn origin(life: &Life<'_>, mut say: impl FnMut(&str, &str)) {
    if let Some(source) = life.source {
        let card = source.card.as_deref().map_or(String::new(), |c| format!(" · card {}", line(c)));
        let license = life.field("license").or(source.license.as_deref());
        let license = license.map_or(String::new(), |l| format!(" · licence {}", line(l)));
        say("source", &format!("{}{card}{license}", line(&source.name)));
    }
    let Some(file) = life.file else {
        return say("file", "not known: the source has several, and the work folder does not tell which");
    };
    let part = file.part.as_deref().map_or(String::new(), |p| format!(" · part {}", line(p)));
    let row = life.row_in_file.map_or(String::new(), |n| format!(", row {} of {}", count(n), count(file.rows)));
    let version = match (&file.e_tag, &file.version) {
        (Some(tag), _) => format!("etag {}", line(tag.trim_matches('"'))),
        (None, Some(version)) => format!("version {}", line(version)),
        (None, None) => format!("sha256 {}", file.sha256.chars().take(12).collect::<String>()),
    };
    let (path, of) = (line(&file.path), size(file.bytes));
    say("file", &format!("{path}{row}{part} · {} · {of} · {} · {version}", file.format, file.encoding));
}

/// A stage: what it measured, each rule with what the row has, and the verdict.
fn stage_text(life: &Life<'_>, stage: &StageLine, verdict: Verdict, mut say: impl FnMut(&str, &str)) {
    let run = if stage.run.is_empty() || stage.run == stage.name { String::new() } else { format!("{}: ", stage.run) };
    if verdict == Verdict::NotReached {
        return say(&stage.name, &format!("{run}not reached"));
    }
    let kind = stages::entry(&stage.run).map_or("", |e| e.kind);
    let mut parts: Vec<String> = Vec::new();
    for (signal, value) in life.measured(stage) {
        parts.push(match signal {
            "cut" => format!("cut {} bytes", shown(value)),
            signal => format!("{signal} {}", named(signal, value)),
        });
    }
    parts.extend(life.judged(stage).iter().map(rule_text));
    parts.extend(life.clauses(stage).iter().map(clause_text));
    if verdict == Verdict::Dropped {
        let field = |name: &str| life.field(name).unwrap_or_default().to_owned();
        let (value, limit) = (field("value"), field("limit"));
        let value = if value.is_empty() { value } else { format!(", has {value}") };
        let limit = if limit.is_empty() { limit } else { format!(", limit {limit}") };
        let by = field("stage");
        let by = if by == stage.name { String::new() } else { format!(" by {by}") };
        parts.insert(0, format!("DROPPED{by}: {}{value}{limit}", field("reason")));
    } else if parts.is_empty() {
        let said = match kind {
            "clean" => "cleaned",
            "measure" => "measured",
            "order" => "ordered",
            _ => "passed",
        };
        parts.push(said.to_owned());
    } else if stage.judges() {
        parts.insert(0, "passed".to_owned());
    }
    say(&stage.name, &format!("{run}{}", parts.join(" · ")));
    let (cuts, what) = match verdict {
        Verdict::Dropped => (life.spans(), "for bytes"),
        _ => (life.cuts(stage).to_vec(), "cut bytes"),
    };
    for span in cuts.iter().take(SPANS) {
        // What was cut stands in the text no more.
        let text = Some(()).filter(|()| verdict == Verdict::Dropped).and_then(|()| life.stretch(*span));
        let text = text.map_or(String::new(), |t| format!(": {t}"));
        say("", &format!("{what} {} to {}{text}", count(span.0), count(span.1)));
    }
    if cuts.len() > SPANS {
        say("", &format!("… and {} stretches more", count((cuts.len() - SPANS) as u64)));
    }
}

fn shown(value: &Json) -> String {
    match value {
        Json::Null => "?".to_owned(),
        Json::String(text) => line(text),
        Json::Number(n) if n.is_f64() => stages::rule::number(n.as_f64().unwrap_or_default()),
        other => other.to_string(),
    }
}

fn clause_text(judged: &JudgedClause<'_>) -> String {
    let has = |signal: &str| judged.value(signal).map_or_else(String::new, |value| format!(" {}", shown(value)));
    let line = judged.clause.line(&has);
    if judged.holds == Some(false) { format!("{line} does not hold") } else { line }
}

/// A value of a signal: `message 4` where its number is that of a message.
fn named(signal: &str, value: &Json) -> String {
    match value.as_u64().filter(|n| *n > 0 && stages::names_message(signal)) {
        Some(number) => format!("message {number}"),
        None => shown(value),
    }
}

fn rule_text(judged: &Judged<'_>) -> String {
    let Judged { signal, rule, min, max, value } = judged;
    let mut limits = Vec::new();
    let at = |percentile: Option<f64>| percentile.map_or(String::new(), |p| format!(" at percentile {p}"));
    limits.extend(min.map(|min| format!("min {min}{}", at(rule.min_percentile))));
    limits.extend(max.map(|max| format!("max {max}{}", at(rule.max_percentile))));
    limits.extend(rule.any.as_ref().map(|any| format!("in {}", any.join(", "))));
    format!("{signal} {} ({})", named(signal, value), limits.join(", "))
}

/// The row's life for a program.
pub fn json(life: &Life<'_>) -> Json {
    let places = life.places.iter().map(|p| json!({"part": p.part, "file": p.file, "row": p.at}));
    let source = life.source.map(|s| json!({"name": s.name, "card": s.card, "license": s.license}));
    let file = life.file.map(|f| {
        json!({"path": f.path, "part": f.part, "row": life.row_in_file, "rows": f.rows, "format": f.format,
            "encoding": f.encoding, "bytes": f.bytes, "sha256": f.sha256, "e_tag": f.e_tag, "version": f.version})
    });
    let span = |(start, end): &(u64, u64)| json!({"start": start, "end": end});
    let stages = life.verdicts().into_iter().map(|(stage, verdict)| {
        let reached = verdict != Verdict::NotReached;
        let signals: Map<String, Json> =
            life.measured(stage).into_iter().map(|(name, value)| (name.to_owned(), value.clone())).collect();
        let rules: Vec<Json> = life
            .judged(stage)
            .iter()
            .map(|j| json!({"signal": j.signal, "min": j.min, "max": j.max, "in": j.rule.any, "value": j.value}))
            .collect();
        let clauses: Vec<Json> = life.clauses(stage).iter().map(JudgedClause::json).collect();
        let cuts: Vec<Json> = life.cuts(stage).iter().map(span).collect();
        json!({"name": stage.name, "run": stage.run, "verdict": verdict.word(),
            "signals": if reached { signals } else { Map::new() }, "rules": if reached { rules } else { Vec::new() },
            "clauses": if reached { clauses } else { Vec::new() }, "cuts": cuts})
    });
    let dropped = (life.outcome == Outcome::Dropped).then(|| {
        let field = |name: &str| life.field(name);
        let similarity = life.row().iter().find(|f| f.0 == "similarity").map_or(Json::Null, |f| f.1.clone());
        let kept = life.kept.as_ref().map(|p| json!({"part": p.part, "file": p.file, "row": p.at}));
        json!({"stage": field("stage"), "reason": field("reason"), "value": field("value"), "limit": field("limit"),
            "spans": life.spans().iter().map(span).collect::<Vec<_>>(), "kept_id": field("kept_id"),
            "similarity": similarity, "kept": kept})
    });
    let first = life.stands_for.first.iter();
    let first: Vec<Json> =
        first.map(|(id, stage, similarity)| json!({"id": id, "stage": stage, "similarity": similarity})).collect();
    json!({"v": 1, "id": life.id, "outcome": life.outcome.word(), "places": places.collect::<Vec<_>>(),
        "source": source, "file": file, "traced": life.trace.is_some(), "stages": stages.collect::<Vec<_>>(),
        "dropped": dropped, "stands_for": {"rows": life.stands_for.rows, "first": first}, "row": show::object(life.row())})
}
