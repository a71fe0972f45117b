//! What `corpus tune` says: to a person as bars and tables, to a program as JSON.

use std::collections::HashMap;

use serde_json::{Value as Json, json};

use super::table;
use crate::pipeline::tune::{Bin, LimitReport, Near, Tuned};
use crate::pipeline::usage::count;
use crate::stages::rule::number;
use crate::text::personal::{Action, Kinds, replace};

/// Columns of the longest bar.
const BAR: usize = 40;

/// What of a row is shown beside a limit.
struct Shown {
    id: String,
    text: Option<String>,
}

/// Rows by their ids.
pub(super) type Texts = HashMap<String, Option<String>>;

/// Masks the personal data of the texts.
pub(super) fn mask(texts: &mut Texts) {
    texts.values_mut().flatten().for_each(|text| *text = masked(text));
}

/// A text without personal data.
pub(super) fn masked(text: &str) -> String {
    replace(text, Kinds::ALL, &Action::Mask).0.into_owned()
}

/// A row near a limit, with its text where that is known.
fn shown(ids: &[String], texts: &Texts) -> Shown {
    let known = ids.iter().find(|id| texts.contains_key(*id)).or(ids.first());
    let id = known.cloned().unwrap_or_default();
    Shown { text: texts.get(&id).cloned().flatten(), id }
}

/// Words in the reader's language.
struct Words {
    reach: &'static str,
    go: &'static str,
    fail: &'static str,
    alone: &'static str,
    limit: &'static str,
    beyond: &'static str,
    drops: &'static str,
    change: &'static str,
    failing: &'static str,
    holding: &'static str,
    no_text: &'static str,
    left: &'static str,
    comma: &'static str,
}

const ENGLISH: Words = Words {
    reach: "rows reach it",
    go: "go",
    fail: "fail it",
    alone: "by it alone",
    limit: "limit",
    beyond: "fail it",
    drops: "stage drops",
    change: "change",
    failing: "just beyond",
    holding: "just within",
    no_text: "(text not kept)",
    left: "not shown",
    comma: ", ",
};

const CHINESE: Words = Words {
    reach: "行到达此阶段",
    go: "行被去掉",
    fail: "行不满足",
    alone: "行仅因它被去掉",
    limit: "界限",
    beyond: "不满足",
    drops: "阶段共去掉",
    change: "变化",
    failing: "刚好出界",
    holding: "刚好在内",
    no_text: "（未保留正文）",
    left: "未显示",
    comma: "，",
};

/// The limits for a person.
pub(super) fn text(tuned: &[Tuned], texts: &Texts) -> String {
    let words = if crate::messages::chinese() { &CHINESE } else { &ENGLISH };
    let columns = table::terminal();
    let mut out = String::new();
    for stage in tuned {
        let gap = if out.is_empty() { "" } else { "\n" };
        let (reached, drops) = (count(stage.reached), count(stage.drops));
        let (name, comma) = (table::line(&stage.name), words.comma);
        out += &format!("{gap}{name} · {reached} {}{comma}{drops} {}\n", words.reach, words.go);
        for limit in &stage.limits {
            out += &format!("\n{}", limit_text(limit, texts, words, columns));
        }
        for (key, why) in &stage.left {
            out += &format!("\n{key} · {}: {why}\n", words.left);
        }
    }
    out
}

/// The key without its side, and the sign of the side.
fn rule(limit: &LimitReport) -> String {
    let sign = if limit.upper { "≤" } else { "≥" };
    let key = limit.key.rsplit_once('.').map_or(limit.key.as_str(), |key| key.0);
    let percentile = limit.percentile.map_or(String::new(), |p| format!(" (percentile {p})"));
    format!("{key} {sign} {}{percentile}", number(limit.limit))
}

fn share(rows: u64, of: u64) -> String {
    if of == 0 { String::new() } else { format!(" ({:.2} %)", rows as f64 * 100.0 / of as f64) }
}

fn limit_text(limit: &LimitReport, texts: &Texts, words: &Words, columns: usize) -> String {
    let (beyond, alone) = (count(limit.beyond), count(limit.alone));
    let share = share(limit.beyond, limit.rows);
    let mut out = format!("{} · {beyond}{share} {}{}{alone} {}\n", rule(limit), words.fail, words.comma, words.alone);
    out += &bars(limit, columns);
    let change = |drops: u64| match drops.cmp(&now(limit)) {
        std::cmp::Ordering::Equal => String::new(),
        std::cmp::Ordering::Less => format!("−{}", count(now(limit) - drops)),
        std::cmp::Ordering::Greater => format!("+{}", count(drops - now(limit))),
    };
    let mut rows = vec![["", words.limit, words.beyond, words.drops, words.change].map(str::to_owned).to_vec()];
    rows.extend(limit.neighbours.iter().map(|near| {
        let here = if near.limit == limit.limit { "→" } else { "" };
        vec![here.to_owned(), number(near.limit), count(near.beyond), count(near.drops), change(near.drops)]
    }));
    out += &table::table(&rows, 1, columns);
    for (what, rows) in [(words.failing, &limit.failing), (words.holding, &limit.holding)] {
        for near in rows {
            out += &near_text(what, near, texts, words, columns);
        }
    }
    out
}

/// What the stage drops with the limit as it is.
fn now(limit: &LimitReport) -> u64 {
    limit.neighbours.iter().find(|near| near.limit == limit.limit).map_or(0, |near| near.drops)
}

fn near_text(what: &str, near: &Near, texts: &Texts, words: &Words, columns: usize) -> String {
    let row = shown(&near.ids, texts);
    let text = row.text.map_or_else(|| words.no_text.to_owned(), |text| table::line(&text));
    let head = format!("  {what}  {}  {}  ", number(near.value), table::line(&row.id));
    format!("{}\n", table::cut(&format!("{head}{text}"), columns))
}

/// The distribution as bars, with a line where the limit is.
fn bars(limit: &LimitReport, columns: usize) -> String {
    let longest = limit.bins.iter().map(|bin| bin.rows).max().unwrap_or(0).max(1);
    let ends: Vec<(String, String)> = limit.bins.iter().map(|bin| (number(bin.from), number(bin.to))).collect();
    let width = |of: fn(&(String, String)) -> &String| ends.iter().map(|e| of(e).len()).max().unwrap_or(0);
    let (left, right) = (width(|e| &e.0), width(|e| &e.1));
    let room = columns.saturating_sub(left + right + 24).min(BAR);
    let mut out = String::new();
    for (bin, (from, to)) in limit.bins.iter().zip(&ends) {
        if bin.from == limit.limit {
            out += &format!("  ── {} {}\n", if limit.upper { "≤" } else { "≥" }, number(limit.limit));
        }
        let bar = bar(bin, longest, room);
        out += &format!(
            "  {from:>left$} – {to:<right$}  {bar}{} {}\n",
            if bar.is_empty() { "" } else { " " },
            count(bin.rows)
        );
    }
    if limit.bins.last().is_some_and(|bin| bin.to == limit.limit) {
        out += &format!("  ── {} {}\n", if limit.upper { "≤" } else { "≥" }, number(limit.limit));
    }
    out
}

/// A bar in eighths of a column; what is there at all is seen.
fn bar(bin: &Bin, longest: u64, room: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let length = (bin.rows as f64 / longest as f64 * (room * 8) as f64).round() as usize;
    let length = if bin.rows > 0 { length.max(1) } else { 0 };
    format!("{}{}", "█".repeat(length / 8), EIGHTHS[length % 8])
}

/// The limits for a program.
pub(super) fn json(tuned: &[Tuned], texts: &Texts) -> Json {
    let near = |rows: &[Near]| -> Vec<Json> {
        let one = |near: &Near| {
            let row = shown(&near.ids, texts);
            json!({"value": near.value, "id": row.id, "text": row.text})
        };
        rows.iter().map(one).collect()
    };
    let limit = |l: &LimitReport| {
        let bins: Vec<Json> = l.bins.iter().map(|b| json!({"from": b.from, "to": b.to, "rows": b.rows})).collect();
        let neighbours = l.neighbours.iter().map(|n| json!({"limit": n.limit, "beyond": n.beyond, "drops": n.drops}));
        json!({"key": l.key, "signal": l.signal, "side": if l.upper { "max" } else { "min" }, "limit": l.limit,
            "percentile": l.percentile, "rows": l.rows, "beyond": l.beyond, "alone": l.alone, "least": l.range.0,
            "most": l.range.1, "bins": bins, "neighbours": neighbours.collect::<Vec<_>>(),
            "failing": near(&l.failing), "holding": near(&l.holding)})
    };
    let stage = |t: &Tuned| {
        let left: Vec<Json> = t.left.iter().map(|(key, why)| json!({"key": key, "why": why})).collect();
        json!({"name": t.name, "reached": t.reached, "drops": t.drops,
            "limits": t.limits.iter().map(limit).collect::<Vec<_>>(), "left": left})
    };
    json!({"v": 1, "kind": "build", "stages": tuned.iter().map(stage).collect::<Vec<_>>()})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_seen() {
        let of = |rows| bar(&Bin { from: 0.0, to: 1.0, rows }, 1_000_000, 10);
        assert_eq!((of(0).as_str(), of(1).as_str(), of(1_000_000).as_str()), ("", "▏", "██████████"));
    }
}
