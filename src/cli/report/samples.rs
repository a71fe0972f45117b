//! The rows that a page shows: some of each reason, some on either side of each limit, some that stay.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::Result;
use crate::cli::rows_of::{self, Part, Wanted};
use crate::cli::show::{self, Fields};
use crate::pipeline::publish::manifest::Manifest;
use crate::text::personal::{Action, Kinds, replace};

/// Characters of a text that are shown.
const CHARS: usize = 700;
/// Turns of a dialogue that are shown.
const TURNS: usize = 12;
/// Reasons of which rows are shown.
const REASONS: usize = 40;

/// How rows are shown.
pub struct Show {
    /// Rows of a group.
    pub most: usize,
    /// Whether personal data is masked.
    pub masked: bool,
    /// Of the draw.
    pub seed: u64,
}

/// For each reason, the most frequent first, some of the rows that went for it; those that went for their likeness to
/// another row with that one beside.
///
/// # Errors
/// Shards that cannot be read.
pub fn by_reason(show: &Show, manifest: &Manifest, data: &[Part], dropped: &[Part]) -> Result<Vec<Json>> {
    let mut reasons: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for line in &manifest.reasons {
        *reasons.entry((&line.stage, &line.reason)).or_default() += line.rows;
    }
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let mut all = Vec::new();
    for ((stage, reason), rows) in reasons.into_iter().take(REASONS) {
        let wanted = Wanted { reason: Some(reason.to_owned()), content: Some(true), ..Wanted::default() };
        let drawn = rows_of::sample(dropped, &wanted, show.most, show.seed)?;
        let mut shown = Vec::new();
        for fields in drawn.iter().flatten().filter(|f| show::text(f, "stage") == Some(stage)) {
            let mut row = row(show, fields);
            let id = show::text(fields, "kept_id");
            if let Some(kept) = id.map(|id| kept_row(show, data, id)).transpose()?.flatten() {
                row["kept"] = kept;
            }
            shown.push(row);
        }
        all.push(json!({"kind": "reason", "stage": stage, "reason": reason, "total": rows, "rows": shown}));
    }
    Ok(all)
}

/// The row that was kept in another's place, where it is in `data/` still.
fn kept_row(show: &Show, data: &[Part], id: &str) -> Result<Option<Json>> {
    for part in data {
        if let Some(fields) = rows_of::by_ids(part, &[id.to_owned()])?.first() {
            return Ok(Some(row(show, fields)));
        }
    }
    Ok(None)
}

/// Rows on either side of each limit, as `inspect --near-limit` finds them.
pub fn near_limits(show: &Show, limits: &[Json]) -> Vec<Json> {
    let side = |limit: &Json, side: &str| -> Vec<Json> {
        let rows = limit[side].as_array().into_iter().flatten();
        rows.map(|near| {
            let fields: Fields =
                near["row"].as_object().into_iter().flatten().map(|f| (f.0.clone(), f.1.clone())).collect();
            let mut row = row(show, &fields);
            row["value"] = near["value"].clone();
            row["side"] = side.into();
            row
        })
        .collect()
    };
    let group = |limit: &Json| {
        let rows = [side(limit, "dropped"), side(limit, "kept")].concat();
        json!({"kind": "limit", "stage": limit["stage"], "reason": limit["reason"], "limit": limit["limit"], "rows": rows})
    };
    limits.iter().map(group).collect()
}

/// Some rows of each use that stay.
///
/// # Errors
/// Shards that cannot be read.
pub fn kept(show: &Show, data: &[Part]) -> Result<Vec<Json>> {
    let mut all = Vec::new();
    for part in data {
        let drawn = rows_of::sample(std::slice::from_ref(part), &Wanted::default(), show.most, show.seed)?;
        let rows: Vec<Json> = drawn.iter().flatten().map(|fields| row(show, fields)).collect();
        all.push(json!({"kind": "kept", "table": part.name, "rows": rows}));
    }
    Ok(all)
}

/// A row as the page shows it: what identifies it, why it went, and its texts.
fn row(show: &Show, fields: &Fields) -> Json {
    let mut row = json!({});
    for name in ["id", "source", "use", "language", "value", "limit", "kept_id", "similarity"] {
        if let Some((_, value)) = fields.iter().find(|f| f.0 == name && !f.1.is_null()) {
            row[name] = value.clone();
        }
    }
    let spans = spans(fields);
    let mut texts = Vec::new();
    let label =
        ["text", "input", "output", "messages", "prompt", "chosen", "rejected", "completion", "answer", "label"];
    for name in label {
        match fields.iter().find(|f| f.0 == name).map(|f| &f.1) {
            Some(Json::String(text)) => texts.push(json!({"label": name, "pieces": pieces(show, text, &spans)})),
            Some(Json::Array(turns)) => texts.extend(turns.iter().take(TURNS).map(|turn| {
                let said = |field: &str| turn[field].as_str().unwrap_or_default();
                let role = format!("{name} · {}", said("role"));
                let content = [said("reasoning"), said("content"), said("tool_calls")];
                let content: Vec<&str> = content.into_iter().filter(|text| !text.is_empty()).collect();
                json!({"label": role, "pieces": pieces(show, &content.join("\n"), &[])})
            })),
            Some(Json::Bool(label)) => texts.push(json!({"label": name, "pieces": [[label.to_string(), 0]]})),
            _ => {}
        }
    }
    row["texts"] = texts.into();
    row
}

/// The spans of a dropped row: bytes of its text.
fn spans(fields: &Fields) -> Vec<(usize, usize)> {
    let spans = fields.iter().find(|f| f.0 == "spans").and_then(|f| f.1.as_array());
    let at = |span: &Json, name: &str| usize::try_from(span[name].as_u64()?).ok();
    spans.into_iter().flatten().filter_map(|s| Some((at(s, "start")?, at(s, "end")?))).collect()
}

/// A text in pieces `[text, 1 where it is a span]`, cut to what is shown: from a little before the first span on.
fn pieces(show: &Show, text: &str, spans: &[(usize, usize)]) -> Vec<Json> {
    let bounded = |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let from = spans.first().map_or(0, |span| bounded(span.0.saturating_sub(300)));
    let end = text[from..].char_indices().nth(CHARS).map_or(text.len(), |(at, _)| from + at);
    let (mut all, mut at) = (Vec::new(), from);
    let mut push = |piece: &str, span: u8| {
        if !piece.is_empty() {
            let piece = if show.masked { replace(piece, Kinds::ALL, &Action::Mask).0 } else { piece.into() };
            all.push(json!([piece, span]));
        }
    };
    if from > 0 {
        push("…", 0);
    }
    for (start, stop) in spans {
        let (start, stop) = (bounded(*start).clamp(at, end.max(at)), bounded(*stop).clamp(at, end.max(at)));
        push(&text[at..start], 0);
        push(&text[start..stop], 1);
        at = stop;
    }
    push(&text[at..end.max(at)], 0);
    if end < text.len() {
        push("…", 0);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOW: Show = Show { most: 3, masked: true, seed: 1 };

    #[test]
    fn spans_are_marked_and_personal_data_is_masked() {
        let text = "他的电话是13812345678，欢迎关注公众号，谢谢。";
        let start = text.find("欢迎").unwrap();
        let stop = text.find("，谢谢").unwrap();
        let shown = pieces(&SHOW, text, &[(start, stop)]);
        assert_eq!(shown[1], json!(["欢迎关注公众号", 1]));
        assert!(shown[0][0].as_str().unwrap().contains("[MOBILE]"), "{shown:?}");
        let plain = pieces(&Show { masked: false, ..SHOW }, text, &[]);
        assert_eq!(plain, [json!([text, 0])]);
    }

    #[test]
    fn a_span_that_fits_no_character_cuts_none() {
        let text = "深度学习".repeat(400);
        for span in [(1, 2), (0, 9_999), (5, 3), (4_000, 4_001), (usize::MAX, 0)] {
            let shown = pieces(&SHOW, &text, &[span, (7, 11)]);
            let chars: usize = shown.iter().map(|p| p[0].as_str().unwrap().chars().count()).sum();
            assert!(chars <= CHARS + 2, "{span:?}: {chars}");
        }
    }

    #[test]
    fn turns_are_texts_with_their_role() {
        let turns =
            json!([{"role": "user", "content": "你好"}, {"role": "assistant", "reasoning": "想", "content": "好"}]);
        let fields: Fields = vec![("id".into(), "a".into()), ("messages".into(), turns)];
        let shown = row(&SHOW, &fields);
        assert_eq!(shown["texts"][1], json!({"label": "messages · assistant", "pieces": [["想\n好", 0]]}));
    }
}
