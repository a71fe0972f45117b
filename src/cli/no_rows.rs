//! Sources that give no row, and rows that cannot be read: for which reason, what was seen instead, and the key that
//! helps. Said by `build` at its end, and by `check` of the sample that it reads.

use std::collections::BTreeMap;
use std::path::Path;

use arrow::array::{Array, AsArray};
use arrow::datatypes::UInt64Type;

use super::opened::opened;
use super::{Context, ui};
use crate::output::parquet_files::{below, open};
use crate::pipeline::inputs::understood;
use crate::pipeline::publish::manifest::{Manifest, SourceLine};
use crate::pipeline::usage::count;
use crate::recipe::Recipe;
use crate::{Error, Result};

/// Rows of a source that cannot be read for one reason.
#[derive(Clone, Debug, PartialEq)]
pub struct Failed {
    /// The reason word.
    pub reason: String,
    /// Rows.
    pub rows: u64,
    /// Where the first one stands: the file, and the line in it.
    pub place: (String, u64),
    /// What is said of the first one.
    pub detail: String,
}

impl Failed {
    /// Counts a row among those of its reason.
    pub fn add(all: &mut Vec<Failed>, reason: &str, detail: &str, place: (&str, u64)) {
        if let Some(same) = all.iter_mut().find(|f| f.reason == reason) {
            same.rows += 1;
            return;
        }
        let place = (place.0.to_owned(), place.1);
        all.push(Failed { reason: reason.to_owned(), rows: 1, place, detail: detail.to_owned() });
    }

    /// The reason, what is said of the first row, and where that is.
    fn said(&self) -> String {
        let at = if self.reason == "not_data" { String::new() } else { format!(", line {}", self.place.1) };
        format!("{}: {} ({}{at})", self.reason, self.detail, self.place.0)
    }

    fn cure(&self) -> String {
        let key = understood::cure(&self.reason).map(str::to_owned);
        key.unwrap_or_else(|| format!("`corpus explain {}` says what helps", self.reason))
    }
}

/// What is wrong, and what helps.
pub type Message = (String, String);

/// A source of whose rows none can be read; `sampled` says that only its first ones were looked at.
pub fn none(source: &str, rows: u64, failed: &[Failed], sampled: bool) -> Message {
    let of = if sampled { "sampled rows" } else { "rows" };
    let mut reasons: Vec<&Failed> = failed.iter().collect();
    reasons.sort_by_key(|f| std::cmp::Reverse(f.rows));
    let Some(first) = reasons.first() else {
        return (format!("source `{source}`: none of its {} {of} can be read", count(rows)), String::new());
    };
    let others: Vec<String> = reasons[1..].iter().map(|f| format!("{} ({})", f.reason, count(f.rows))).collect();
    let others = if others.is_empty() { String::new() } else { format!("; others: {}", others.join(", ")) };
    let message = format!("source `{source}`: none of its {} {of} can be read: {}{others}", count(rows), first.said());
    (message, first.cure())
}

/// A source that has no row at all.
pub fn nothing(source: &str, files: &[(String, Option<String>)]) -> Message {
    let named: Vec<String> = files
        .iter()
        .take(3)
        .map(|(name, note)| note.as_ref().map_or_else(|| name.clone(), |note| format!("{name}: {note}")))
        .collect();
    let more = if files.len() > 3 { format!(" and {} more files", files.len() - 3) } else { String::new() };
    (
        format!("source `{source}` gives no row: {}{more}", named.join("; ")),
        "`corpus inspect FILE` shows what a file is taken for; say its `format`, or leave it out".into(),
    )
}

/// What cannot be read in a build, by source.
fn failed(out: &Path) -> Result<BTreeMap<String, Vec<Failed>>> {
    let mut all: BTreeMap<String, Vec<Failed>> = BTreeMap::new();
    for path in below(&opened(out)?.join("unreadable")) {
        for batch in open(&path)?.build()? {
            let batch = batch?;
            let text = |name: &str| batch.column_by_name(name).map(|c| c.as_string::<i32>());
            let (Some(source), Some(path), Some(reason), Some(detail)) =
                (text("source"), text("path"), text("reason"), text("detail"))
            else {
                continue;
            };
            let line = batch.column_by_name("line").map(|c| c.as_primitive::<UInt64Type>());
            for row in 0..batch.num_rows() {
                let line = line.filter(|l| l.is_valid(row)).map_or(0, |l| l.value(row));
                let of = all.entry(source.value(row).to_owned()).or_default();
                Failed::add(of, reason.value(row), detail.value(row), (path.value(row), line));
            }
        }
    }
    Ok(all)
}

/// What a source came to: rows read, kept and unreadable.
fn sums(source: &SourceLine) -> (u64, u64, u64) {
    let add = |sum: (u64, u64, u64), f: &crate::pipeline::publish::manifest::FileLine| {
        (sum.0 + f.counts.read, sum.1 + f.counts.kept, sum.2 + f.counts.unreadable)
    };
    source.files.iter().fold((0, 0, 0), add)
}

/// Warns of files that are not whole: nobody knows how many rows stood behind the break.
fn warn_of_breaks(context: &Context, failed: &BTreeMap<String, Vec<Failed>>) {
    for (source, of) in failed {
        for broken in of.iter().filter(|f| matches!(f.reason.as_str(), "truncated" | "corrupt")) {
            let many = if broken.rows > 1 { format!(", the first of {}", count(broken.rows)) } else { String::new() };
            let said = broken.said();
            ui::warn(
                context,
                &format!(
                    "source `{source}`: a file is not whole, and rows behind the break are counted nowhere: {said}{many}"
                ),
            );
        }
    }
}

/// Judges a build that is done: a source that gives no row, or more rows than allowed that cannot be read, are the input's
/// fault; where all rows may be unreadable, it is only said.
///
/// # Errors
/// The first reason, and the key that helps.
pub fn judge(context: &Context, recipe: &Recipe, manifest: &Manifest, out: &Path) -> Result<()> {
    let (totals, limit) = (&manifest.totals, recipe.input.max_unreadable);
    let failed = if totals.unreadable > 0 { failed(out)? } else { BTreeMap::new() };
    let mut problems: Vec<Message> = Vec::new();
    for source in &manifest.sources {
        let of = failed.get(&source.name).map_or(&[][..], Vec::as_slice);
        match sums(source) {
            (0, ..) => {
                let files: Vec<_> = source.files.iter().map(|f| (f.path.clone(), f.note.clone())).collect();
                problems.push(nothing(&source.name, &files));
            }
            (read, _, unreadable) if unreadable == read => problems.push(none(&source.name, read, of, false)),
            (read, 0, _) => ui::warn(context, &dropped(manifest, source, read)),
            _ => {}
        }
    }
    warn_of_breaks(context, &failed);
    let share = totals.unreadable as f64 / (totals.read.max(1)) as f64;
    let over = share > limit;
    if limit >= 1.0 {
        problems.iter().for_each(|(what, cure)| ui::warn(context, &format!("{what}; {cure}")));
        return Ok(());
    }
    if problems.is_empty() && !over {
        return Ok(());
    }
    let where_all = format!("{}/unreadable says where and why", out.display());
    if problems.is_empty() {
        problems.push(too_many(manifest, &failed, share, limit));
        let raise = format!("{where_all}; raise `max_unreadable` under [input] if that is expected");
        problems.push((String::new(), raise));
    } else if totals.unreadable > 0 {
        problems.push((String::new(), where_all));
    }
    let join = |texts: Vec<&str>, by: &str| {
        let mut all: Vec<&str> = Vec::new();
        texts.into_iter().filter(|t| !t.is_empty()).for_each(|t| {
            if !all.contains(&t) {
                all.push(t);
            }
        });
        all.join(by)
    };
    Err(Error::input(
        join(problems.iter().map(|p| p.0.as_str()).collect(), "\n"),
        join(problems.iter().map(|p| p.1.as_str()).collect(), "\n"),
    ))
}

/// More rows than the recipe allows: how many, and why most of them.
fn too_many(manifest: &Manifest, failed: &BTreeMap<String, Vec<Failed>>, share: f64, limit: f64) -> Message {
    let totals = &manifest.totals;
    let most = failed.values().flatten().max_by_key(|f| f.rows);
    let first = most.map_or(String::new(), |f| format!("; {} of them for {}", count(f.rows), f.said()));
    let message = format!(
        "{} of {} rows could not be read ({:.2}%; the recipe allows {:.2}%){first}",
        count(totals.unreadable),
        count(totals.read),
        share * 100.0,
        limit * 100.0
    );
    (message, most.map_or(String::new(), Failed::cure))
}

/// A source of which nothing is kept, and what took its rows.
fn dropped(manifest: &Manifest, source: &SourceLine, read: u64) -> String {
    let mut reasons: Vec<_> = manifest.reasons.iter().filter(|r| r.source == source.name).collect();
    reasons.sort_by_key(|r| std::cmp::Reverse(r.rows));
    let said: Vec<String> =
        reasons.iter().take(3).map(|r| format!("{} {} ({})", count(r.rows), r.reason, r.stage)).collect();
    format!("source `{}`: none of its {} rows is kept: {}", source.name, count(read), said.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_reason_comes_first_with_its_key() {
        let mut failed = Vec::new();
        Failed::add(&mut failed, "json", "expected `:`", ("a.jsonl", 3));
        for line in 4..6 {
            Failed::add(&mut failed, "field_missing", "no field `text`; the row has: x", ("a.jsonl", line));
        }
        let (what, cure) = none("s", 3, &failed, true);
        assert!(
            what.contains("field_missing: no field `text`; the row has: x (a.jsonl, line 4); others: json (1)"),
            "{what}"
        );
        assert!(cure.contains("fields = {"), "{cure}");
        let (what, cure) = nothing("s", &[("a.csv".into(), Some("the file is empty".into()))]);
        assert!(what.contains("a.csv: the file is empty") && cure.contains("corpus inspect"), "{what}");
    }
}
