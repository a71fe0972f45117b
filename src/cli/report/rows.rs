//! A row as the page shows it: what identifies it, why it went, and its texts in pieces with what is guilty marked.

use serde_json::{Value as Json, json};

use crate::cli::show::{self, Fields};
use crate::rows::{self, Use};
use crate::stages;
use crate::text::personal::{Action, Kinds, find, replace};

/// Turns of a dialogue that are shown.
const TURNS: usize = 12;
/// Bytes before a text's first stretch from which on it is shown.
const BEFORE: usize = 300;
/// Bytes on either side of what is shown in which personal data is looked for.
const AROUND: usize = 400;

/// How rows are shown.
#[derive(Clone, Copy)]
pub struct Show {
    /// Characters of a text.
    pub chars: usize,
    /// Whether personal data is masked.
    pub masked: bool,
}

/// What identifies a row, or says why it went.
const FACTS: [&str; 16] = [
    "id",
    "source",
    "use",
    "language",
    "script",
    "license",
    "task",
    "domain",
    "stage",
    "reason",
    "value",
    "limit",
    "kept_id",
    "similarity",
    "chosen_score",
    "rejected_score",
];
/// Columns that hold texts, in the order in which they are shown.
const TEXTS: [&str; 10] =
    ["text", "input", "output", "messages", "prompt", "chosen", "rejected", "completion", "answer", "label"];

/// A row as the page shows it.
pub fn row(show: &Show, fields: &Fields) -> Json {
    let mut row = json!({});
    for name in FACTS {
        if let Some(value) = field(fields, name) {
            // What a stage quotes of the text is text.
            row[name] = match value {
                Json::String(text) if show.masked && name == "value" => {
                    replace(text, Kinds::ALL, &Action::Mask).0.into_owned().into()
                }
                other => other.clone(),
            };
        }
    }
    let (bases, guilty, marked) = (bases(fields), spans(fields), message(fields));
    let mut texts = Vec::new();
    for name in TEXTS {
        let base =
            |turn: usize, part: &str| bases.iter().find(|b| b.0 == name && b.1 == turn && b.2 == part).map(|b| b.3);
        let own = |base: Option<usize>, text: &str| base.map_or(Vec::new(), |base| within(&guilty, base, text.len()));
        match field(fields, name) {
            Some(Json::String(text)) if !text.is_empty() => {
                texts.push(json!({"field": name, "pieces": pieces(show, text, &own(base(0, ""), text))}));
            }
            Some(Json::Bool(label)) => texts.push(json!({"field": name, "pieces": [[label.to_string(), 0]]})),
            Some(Json::Array(turns)) => {
                let (from, shown) =
                    (marked.filter(|_| name == "messages").map_or(0, |m| m.saturating_sub(TURNS / 2)), turns.len());
                for (at, turn) in turns.iter().enumerate().skip(from).take(TURNS) {
                    let said = |key: &str| turn[key].as_str().unwrap_or_default();
                    let mut one = json!({"field": name, "role": said("role"), "turn": at + 1});
                    for (key, part) in [("thought", "reasoning"), ("pieces", "content")] {
                        let text = said(part);
                        if !text.is_empty() || part == "content" {
                            one[key] = pieces(show, text, &own(base(at, part), text)).into();
                        }
                    }
                    if let Some(calls) = calls(turn) {
                        one["calls"] = pieces(show, &calls, &[]).into();
                    }
                    if !said("name").is_empty() {
                        one["by"] = said("name").into();
                    }
                    if name == "messages" && marked == Some(at + 1) {
                        one["guilty"] = true.into();
                    }
                    texts.push(one);
                }
                if shown > from + TURNS {
                    row["more_turns"] = (shown - from - TURNS).into();
                }
            }
            _ => {}
        }
    }
    row["texts"] = texts.into();
    row
}

/// The calls of tools of a turn, as JSON.
fn calls(turn: &Json) -> Option<String> {
    match &turn["tool_calls"] {
        Json::String(calls) if !calls.is_empty() => Some(calls.clone()),
        Json::Array(calls) if !calls.is_empty() => Some(Json::Array(calls.clone()).to_string()),
        _ => None,
    }
}

/// All that a row says, one text behind the other.
pub fn said(fields: &Fields) -> String {
    let mut all: Vec<&str> = Vec::new();
    for name in TEXTS {
        match field(fields, name) {
            Some(Json::String(text)) => all.push(text),
            Some(Json::Array(turns)) => all.extend(turns.iter().filter_map(|turn| turn["content"].as_str())),
            _ => {}
        }
    }
    all.join("\n")
}

fn field<'f>(fields: &'f Fields, name: &str) -> Option<&'f Json> {
    fields.iter().find(|f| f.0 == name && !f.1.is_null()).map(|f| &f.1)
}

/// A text of a row: column, turn, part of the turn, and where it begins among the bytes of the row's texts.
type Base = (&'static str, usize, &'static str, usize);

/// Where each text of a row begins: one byte lies between two, and of turns all that was said comes before all that was
/// thought.
fn bases(fields: &Fields) -> Vec<Base> {
    let usage = show::text(fields, "use").and_then(Use::parse);
    let (mut all, mut at) = (Vec::new(), 0);
    for name in usage.map_or(&[][..], rows::text_columns) {
        let mut push = |turn: usize, part: &'static str, text: &str| {
            all.push((*name, turn, part, at));
            at += text.len() + 1;
        };
        match field(fields, name) {
            Some(Json::String(text)) => push(0, "", text),
            Some(Json::Array(turns)) => {
                for part in ["content", "reasoning"] {
                    let said = turns.iter().enumerate().filter_map(|(turn, said)| Some((turn, said[part].as_str()?)));
                    said.for_each(|(turn, text)| push(turn, part, text));
                }
            }
            _ => {}
        }
    }
    all
}

/// The stretches of a dropped row: bytes of its texts.
fn spans(fields: &Fields) -> Vec<(usize, usize)> {
    let spans = field(fields, "spans").and_then(|f| f.as_array());
    let at = |span: &Json, name: &str| usize::try_from(span[name].as_u64()?).ok();
    spans.into_iter().flatten().filter_map(|s| Some((at(s, "start")?, at(s, "end")?))).collect()
}

/// Those of the stretches that lie in a text.
fn within(spans: &[(usize, usize)], base: usize, length: usize) -> Vec<(usize, usize)> {
    let inside = spans.iter().filter(|span| span.0 < base + length && span.1 > base);
    inside.map(|(start, end)| (start.saturating_sub(base), (*end).min(base + length) - base)).collect()
}

/// The message that a dialogue went for, from 1, where its reason is one that names a message.
fn message(fields: &Fields) -> Option<usize> {
    let reason = show::text(fields, "reason")?;
    let signal = reason.rsplit_once('_').map_or(reason, |reason| reason.0);
    let named = stages::names_message(signal) || stages::names_message(reason);
    Some(show::text(fields, "value")?.parse::<f64>().ok()? as usize).filter(|number| named && *number > 0)
}

/// A text in pieces `[text, 1 where it is guilty]`, cut to what is shown: from a little before the first guilty one on.
fn pieces(show: &Show, text: &str, guilty: &[(usize, usize)]) -> Vec<Json> {
    let from = guilty.first().map_or(0, |span| text.floor_char_boundary(span.0.saturating_sub(BEFORE)));
    let end = text[from..].char_indices().nth(show.chars).map_or(text.len(), |(at, _)| from + at);
    let mut all: Vec<Json> = Vec::new();
    let mut push = |piece: &str, mark: u8| {
        if piece.is_empty() {
            return;
        }
        // What the context of the whole text did not show, a piece alone may.
        let piece = if show.masked { replace(piece, Kinds::ALL, &Action::Mask).0 } else { piece.into() };
        all.push(json!([piece, mark]));
    };
    if from > 0 {
        push("…", 0);
    }
    let personal = if show.masked { personal(text, from, end) } else { Vec::new() };
    let mut at = from;
    for (start, stop, mark, mask) in parts(text, guilty, &personal, (from, end)) {
        push(&text[at..start], 0);
        push(mask.unwrap_or(&text[start..stop]), mark);
        at = stop;
    }
    push(&text[at..end], 0);
    if end < text.len() {
        push("…", 0);
    }
    all
}

/// Personal data of a stretch of a text, found in its surroundings: where it stands, and its mask.
fn personal(text: &str, from: usize, end: usize) -> Vec<(usize, usize, &'static str)> {
    let first = text.floor_char_boundary(from.saturating_sub(AROUND));
    let last = text.ceil_char_boundary((end + AROUND).min(text.len()));
    let spans = find(&text[first..last], Kinds::ALL).into_iter();
    let spans = spans.map(|span| (first + span.start, first + span.end, span.kind.mask()));
    spans.filter(|span| span.0 < end && span.1 > from).collect()
}

/// A stretch that is not plain: bytes from and to, whether it is guilty, and the mask in its place.
type Stretch = (usize, usize, u8, Option<&'static str>);

/// The stretches of a text that are guilty, or masked, in order: a masked one is never taken apart.
fn parts(
    text: &str,
    guilty: &[(usize, usize)],
    masked: &[(usize, usize, &'static str)],
    (from, end): (usize, usize),
) -> Vec<Stretch> {
    let bounded = |at: usize| text.floor_char_boundary(at.min(text.len())).clamp(from, end);
    let mut all: Vec<Stretch> = Vec::new();
    for (start, stop, mask) in masked {
        let touched = guilty.iter().any(|span| span.0 < *stop && span.1 > *start);
        all.push((bounded(*start), bounded(*stop), u8::from(touched), Some(*mask)));
    }
    for (start, stop) in guilty {
        let (mut at, stop) = (bounded(*start), bounded(*stop));
        for (from, to, _) in masked.iter().filter(|m| m.0 < stop && m.1 > at).copied().collect::<Vec<_>>() {
            all.push((at, bounded(from).max(at), 1, None));
            at = bounded(to).max(at);
        }
        all.push((at, stop.max(at), 1, None));
    }
    all.sort_by_key(|part| (part.0, part.1));
    // Stretches of a row may overlap: what was seen is not shown twice.
    let mut seen = from;
    all.retain_mut(|part| {
        part.0 = part.0.max(seen);
        let left = part.0 < part.1;
        seen = seen.max(part.1);
        left
    });
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOW: Show = Show { chars: 700, masked: true };

    fn fields(row: Json) -> Fields {
        row.as_object().unwrap().iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    #[test]
    fn spans_are_marked_and_personal_data_is_masked() {
        let text = "他的电话是13812345678，欢迎关注公众号，谢谢。";
        let (start, stop) = (text.find("欢迎").unwrap(), text.find("，谢谢").unwrap());
        let shown = pieces(&SHOW, text, &[(start, stop)]);
        assert_eq!(
            shown,
            [
                json!(["他的电话是", 0]),
                json!(["[MOBILE]", 0]),
                json!(["，", 0]),
                json!(["欢迎关注公众号", 1]),
                json!(["，谢谢。", 0])
            ]
        );
        // A stretch that ends within a number shows no part of it.
        let middle = text.find("45678").unwrap();
        let shown = pieces(&SHOW, text, &[(0, middle)]);
        assert_eq!(
            shown[..3],
            [json!(["他的电话是", 1]), json!(["[MOBILE]", 1]), json!(["，欢迎关注公众号，谢谢。", 0])]
        );
        let plain = pieces(&Show { masked: false, ..SHOW }, text, &[]);
        assert_eq!(plain, [json!([text, 0])]);
        // Nor does the end of what is shown.
        for chars in 1..20 {
            let shown = Json::from(pieces(&Show { chars, ..SHOW }, text, &[])).to_string();
            assert!(!shown.contains("138"), "{chars}: {shown}");
        }
    }

    #[test]
    fn a_span_that_fits_no_character_cuts_none() {
        let text = "深度学习".repeat(400);
        for span in [(1, 2), (0, 9_999), (5, 3), (4_000, 4_001), (usize::MAX, 0)] {
            let shown = pieces(&SHOW, &text, &[span, (7, 11)]);
            let chars: usize = shown.iter().map(|p| p[0].as_str().unwrap().chars().count()).sum();
            assert!(chars <= SHOW.chars + 2, "{span:?}: {chars}");
        }
    }

    #[test]
    fn spans_of_dialogues_lie_in_their_turns() {
        let turns =
            json!([{"role": "user", "content": "你好"}, {"role": "assistant", "reasoning": "想想", "content": "好的"}]);
        // 你好\n好的\n想想: bytes 0–6, 7–13, 14–20.
        let spans = json!([{"start": 10, "end": 13}, {"start": 14, "end": 17}]);
        let shown = row(&SHOW, &fields(json!({"id": "a", "use": "instruct", "messages": turns, "spans": spans})));
        assert_eq!(shown["texts"][0]["pieces"], json!([["你好", 0]]));
        assert_eq!(shown["texts"][1]["pieces"], json!([["好", 0], ["的", 1]]));
        assert_eq!(shown["texts"][1]["thought"], json!([["想", 1], ["想", 0]]));
        assert_eq!((&shown["texts"][1]["role"], &shown["texts"][1]["turn"]), (&json!("assistant"), &json!(2)));
        let task = fields(
            json!({"id": "b", "use": "task", "input": "abc", "output": "def", "spans": [{"start": 4, "end": 6}]}),
        );
        let shown = row(&SHOW, &task);
        assert_eq!(
            (&shown["texts"][0]["pieces"], &shown["texts"][1]["pieces"]),
            (&json!([["abc", 0]]), &json!([["de", 1], ["f", 0]]))
        );
        assert_eq!(said(&task), "abc\ndef");
    }
}
