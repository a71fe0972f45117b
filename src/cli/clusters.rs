//! `corpus inspect BUILD --clusters`: the largest groups of duplicates, with pairs side by side.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use arrow::array::{Array, AsArray, BooleanArray};
use arrow::datatypes::Float64Type;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowPredicateFn, RowFilter};
use serde_json::{Value as Json, json};

use super::show::{self, Fields};
use super::table::{cut, left, line};
use crate::Result;
use crate::messages::said;
use crate::output::parquet_files::{below, open};
use crate::rows::{self, Use};
use crate::text::diff::{Part, diff};
use crate::text::figures::plural;

/// Differences of a pair that are shown.
const SHOWN: usize = 6;
/// Characters shown before and after a difference.
const AROUND: usize = 16;
/// Characters of a text that are compared.
const COMPARED: usize = 20_000;

/// A row that was kept, and those that went for it.
pub struct Cluster {
    usage: Use,
    kept: String,
    /// Rows that went.
    dropped: u64,
    /// The least and the most similar of them: id, similarity.
    least: (String, f64),
    most: (String, f64),
    texts: BTreeMap<String, String>,
}

/// The `wanted` largest clusters of a build.
///
/// # Errors
///
/// A shard that cannot be opened or is no Parquet of ours.
pub fn largest(folder: &Path, uses: &[Use], wanted: usize) -> Result<Vec<Cluster>> {
    let mut all: HashMap<(Use, String), Cluster> = HashMap::new();
    for usage in uses {
        for path in below(&folder.join("dropped").join(usage.as_str())) {
            let reader = open(&path)?;
            let columns = ["id", "kept_id", "similarity"].map(|name| reader.schema().index_of(name));
            let [Ok(id), Ok(kept), Ok(similarity)] = columns else { continue };
            let mask = ProjectionMask::roots(reader.parquet_schema(), [id, kept, similarity]);
            for batch in reader.with_projection(mask).build()? {
                let batch = batch?;
                let text = |at: usize| batch.column(at).as_string::<i32>();
                let (ids, kept, similarities) = (text(0), text(1), batch.column(2).as_primitive::<Float64Type>());
                for row in (0..batch.num_rows()).filter(|row| kept.is_valid(*row)) {
                    let similarity = if similarities.is_valid(row) { similarities.value(row) } else { 1.0 };
                    add(&mut all, *usage, kept.value(row), (ids.value(row), similarity));
                }
            }
        }
    }
    let mut all: Vec<Cluster> = all.into_values().collect();
    all.sort_by(|a, b| b.dropped.cmp(&a.dropped).then_with(|| (a.usage, &a.kept).cmp(&(b.usage, &b.kept))));
    all.truncate(wanted);
    for usage in uses {
        let of: Vec<&mut Cluster> = all.iter_mut().filter(|c| c.usage == *usage).collect();
        read_texts(folder, *usage, of)?;
    }
    Ok(all)
}

fn add(all: &mut HashMap<(Use, String), Cluster>, usage: Use, kept: &str, (id, similarity): (&str, f64)) {
    let row = || (id.to_owned(), similarity);
    let new = || Cluster { usage, kept: kept.into(), dropped: 0, least: row(), most: row(), texts: BTreeMap::new() };
    let cluster = all.entry((usage, kept.to_owned())).or_insert_with(new);
    cluster.dropped += 1;
    if similarity < cluster.least.1 {
        cluster.least = row();
    }
    if similarity > cluster.most.1 {
        cluster.most = row();
    }
}

/// Finds the texts of the kept rows and of those that are shown beside them.
fn read_texts(folder: &Path, usage: Use, mut clusters: Vec<&mut Cluster>) -> Result<()> {
    let shown = |c: &Cluster| [c.kept.clone(), c.least.0.clone(), c.most.0.clone()];
    let wanted: std::collections::HashSet<String> = clusters.iter().flat_map(|c| shown(c)).collect();
    for kind in ["data", "dropped"] {
        for path in below(&folder.join(kind).join(usage.as_str())) {
            let reader = open(&path)?.with_batch_size(64);
            let Ok(id) = reader.schema().index_of("id") else { continue };
            let mask = ProjectionMask::roots(reader.parquet_schema(), [id]);
            let wanted = wanted.clone();
            let predicate = ArrowPredicateFn::new(mask, move |batch| {
                let ids = batch.column(0).as_string::<i32>();
                Ok(ids.iter().map(|id| Some(id.is_some_and(|id| wanted.contains(id)))).collect::<BooleanArray>())
            });
            for batch in reader.with_row_filter(RowFilter::new(vec![Box::new(predicate)])).build()? {
                for fields in show::rows(&batch?) {
                    let Some(id) = show::text(&fields, "id") else { continue };
                    for cluster in clusters.iter_mut().filter(|c| shown(c).iter().any(|s| s == id)) {
                        cluster.texts.insert(id.to_owned(), content(&fields, usage));
                    }
                }
            }
        }
    }
    Ok(())
}

/// The text of a row: its turns or sides with newlines between.
fn content(fields: &Fields, usage: Use) -> String {
    let mut texts: Vec<&str> = Vec::new();
    for (_, value) in fields.iter().filter(|f| rows::text_columns(usage).contains(&f.0.as_str())) {
        match value {
            Json::String(text) => texts.push(text),
            Json::Array(turns) => texts.extend(turns.iter().filter_map(|turn| turn.get("content")?.as_str())),
            _ => {}
        }
    }
    texts.join("\n")
}

impl Cluster {
    /// The pairs that are shown: the least similar first.
    fn pairs(&self) -> Vec<&(String, f64)> {
        if self.least.0 == self.most.0 { vec![&self.least] } else { vec![&self.least, &self.most] }
    }

    /// The id of the row that went and is the least like the one that stayed.
    pub fn least_like(&self) -> &str {
        &self.least.0
    }

    /// For a machine.
    pub fn json(&self) -> Json {
        let pair = |p: &(String, f64)| json!({"id": p.0, "similarity": p.1, "text": self.texts.get(&p.0)});
        json!({"use": self.usage.as_str(), "kept_id": self.kept, "rows": self.dropped + 1,
            "text": self.texts.get(&self.kept), "pairs": self.pairs().into_iter().map(pair).collect::<Vec<_>>()})
    }

    /// For a person.
    pub fn text(&self, columns: usize) -> String {
        let (least, most) = (self.least.1, self.most.1);
        let range = if least == most { format!("{least:.4}") } else { format!("{least:.4} to {most:.4}") };
        let rows = plural(self.dropped + 1, "row");
        let mut out =
            format!("{}\n", cut(&said(&format!("{} · {rows} · similarity {range}", line(&self.kept))), columns));
        for (id, similarity) in self.pairs() {
            out += &format!("\n  {}\n", cut(&said(&format!("{} · similarity {similarity:.4}", line(id))), columns - 2));
            out += &match (self.texts.get(&self.kept), self.texts.get(id)) {
                (Some(kept), Some(dropped)) => side_by_side(kept, dropped, columns),
                (None, _) if self.kept.contains('#') => format!("  {}\n", said("the row kept is in an earlier build")),
                _ => format!("  {}\n", said("its text is not in the build (`dropped_text`)")),
            };
        }
        out
    }
}

/// The places where two texts differ, one above the other.
fn side_by_side(kept: &str, dropped: &str, columns: usize) -> String {
    let head = |text: &str| text.chars().take(COMPARED).collect::<String>();
    let parts = diff(&head(kept), &head(dropped));
    let differing = parts.iter().filter(|p| matches!(p, Part::Differs(..))).count();
    if differing == 0 {
        let text = line(&head(kept));
        return format!("  {}\n", said(&format!("the same: {}", cut(&text, columns.saturating_sub(12)))));
    }
    let mut out = String::new();
    let mut shown = 0;
    for (at, part) in parts.iter().enumerate() {
        let Part::Differs(a, b) = part else { continue };
        if shown == SHOWN {
            let more = format!("… and {} more", plural((differing - shown) as u64, "difference"));
            out += &format!("  {}\n", said(&more));
            break;
        }
        shown += 1;
        let before = match at.checked_sub(1).map(|at| &parts[at]) {
            Some(Part::Same(text)) => {
                let from = text.char_indices().rev().nth(AROUND - 1).map_or(0, |(at, _)| at);
                format!("{}{}", if from > 0 { "…" } else { "" }, &text[from..])
            }
            _ => String::new(),
        };
        let after = match parts.get(at + 1) {
            Some(Part::Same(text)) => {
                let to = text.char_indices().nth(AROUND).map_or(text.len(), |(at, _)| at);
                format!("{}{}", &text[..to], if to < text.len() { "…" } else { "" })
            }
            _ => String::new(),
        };
        let row = |label: &str, middle: &str, colour: &str| {
            let room = columns.saturating_sub(80).max(40);
            format!(
                "  {} {}{}{}\n",
                left(&said(label), 8),
                signs(&before),
                mark(&cut(&signs(middle), room), colour),
                signs(&after)
            )
        };
        out += &row("kept", a, "32");
        out += &row("dropped", b, "31");
    }
    out
}

/// A stretch of text on one line: breaks and tabs as signs, and nothing that would steer the terminal.
fn signs(text: &str) -> String {
    let sign = |c: char| match c {
        '\n' => '⏎',
        '\t' => '⇥',
        c if c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c) => '�',
        c => c,
    };
    text.chars().map(sign).collect()
}

/// A stretch that differs: in colour on a terminal, else in brackets.
fn mark(text: &str, colour: &str) -> String {
    if super::columns::coloured() && !text.is_empty() {
        format!("\x1b[7;{colour}m{text}\x1b[0m")
    } else {
        format!("⟦{text}⟧")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_stand_one_above_the_other() {
        let shown = side_by_side("我们清洗 数据，然后训练。\n完", "我们整理 数据，然后训练。\n完了", 100);
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[0], "  kept     我们⟦清洗⟧ 数据，然后训练。⏎完");
        assert_eq!(lines[1], "  dropped  我们⟦整理⟧ 数据，然后训练。⏎完");
        assert_eq!(lines[2], "  kept      数据，然后训练。⏎完⟦⟧");
        assert_eq!(lines[3], "  dropped   数据，然后训练。⏎完⟦了⟧");
        assert!(side_by_side("一样", "一样", 80).contains("the same"));
    }
}
