//! Answers to one question that lie anywhere in the files of a source, as pairs of preferences.
//!
//! A shape says how one answer is read ([`ReadCandidate`]); a build brings those of one question together
//! (`pipeline/inputs/group.rs`), and the rest is the same for all shapes.

use std::borrow::Cow;

use super::ranking::unpaired;
use super::reading::{Reading, all};
use super::values::items;
use crate::formats::json::Json;
use crate::formats::{Choice, Grouped, Layout, Object};
use crate::rows::{Content, Message, Preference, Row, Unreadable};

/// Which answers to a question are set against which.
pub const SCORED_PAIRS: Choice = Choice {
    name: "pairs",
    words: &["best_worst", "adjacent", "all"],
    about: "for RLHF: the highest score against the lowest, each score against the next lower one, or every two answers \
            whose scores differ (of more than 16 answers to a question, the 8 highest and the 8 lowest)",
};

/// Answers to one question that `all` sets against one another.
const MOST: usize = 16;

/// One answer, before it is known what it is set against.
pub struct Candidate<'s, 'a> {
    /// What it has in common with other answers to the same question.
    pub question: Cow<'a, str>,
    /// Its own number.
    pub number: Option<Cow<'a, str>>,
    /// What the user says.
    pub prompt: Cow<'a, str>,
    /// What the assistant says.
    pub text: Cow<'a, str>,
    /// Higher is better; without one it cannot be ranked.
    pub score: Option<f64>,
    /// The object, without what was taken.
    pub reading: Reading<'s, 'a>,
}

/// How a shape reads one answer.
pub type ReadCandidate = for<'s, 'a> fn(&'s Object<'a>, &'s Layout) -> Result<Candidate<'s, 'a>, Unreadable>;

/// Reads a group, or one of the objects that belong to one.
pub fn map<'a>(
    read: ReadCandidate,
    object: &Object<'a>,
    layout: &Layout,
    emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>),
) {
    if let Some(list) = object.get("group").filter(|_| layout.grouped.is_none()) {
        return all(items("group", list).and_then(|list| pairs(read, &list, layout)), emit);
    }
    let answer = match read(object, layout) {
        Ok(answer) => answer,
        Err(error) => return emit(Err(error)),
    };
    match (layout.grouped, answer.score) {
        (Some(Grouped::Gather), Some(_)) => {
            let mut row = Row::new(Content::Pretrain { text: object.rest(&[]).unwrap_or_default() });
            row.id = Some(answer.question);
            emit(Ok(row));
        }
        (Some(Grouped::Gather), None) | (Some(Grouped::Rest), Some(_)) => {}
        (_, None) => emit(aside(answer, "unscored", String::new())),
        // A file that is inspected by itself.
        (None, Some(_)) => emit(aside(answer, "one_answer", String::new())),
    }
}

/// A question that makes no pair.
fn aside<'a>(mut answer: Candidate<'_, 'a>, reason: &'static str, value: String) -> Result<Row<'a>, Unreadable> {
    answer.reading.aside(reason, value);
    answer.reading.extra("answer", &serde_json::to_string(&answer.text).unwrap_or_default());
    answer.reading.row(unpaired(vec![Message::new("user", answer.prompt)]))
}

fn pairs<'a>(read: ReadCandidate, list: &[Json<'a>], layout: &Layout) -> Result<Vec<Row<'a>>, Unreadable> {
    let parse = |value: &Json<'a>| {
        Object::parse(value.get()).map_err(|e| crate::formats::object::field_type("group", "objects", &e.to_string()))
    };
    let objects: Vec<Object<'a>> = list.iter().map(parse).collect::<Result<_, _>>()?;
    // Ranked, the earlier one first where scores are equal.
    let mut ranked: Vec<(f64, &Object<'a>)> = Vec::with_capacity(objects.len());
    for object in &objects {
        if let Some(score) = read(object, layout)?.score {
            ranked.push((score, object));
        }
    }
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (Some(best), Some(worst)) = (ranked.first(), ranked.last()) else {
        return Err(crate::formats::object::field_type("group", "answers with scores", "without one"));
    };
    if ranked.len() == 1 {
        return Ok(vec![aside(read(best.1, layout)?, "one_answer", best.0.to_string())?]);
    }
    if best.0 == worst.0 {
        return Ok(vec![aside(read(best.1, layout)?, "same_score", best.0.to_string())?]);
    }
    // The first of each score, from the highest to the lowest.
    let levels: Vec<usize> = (0..ranked.len()).filter(|n| *n == 0 || ranked[n - 1].0 != ranked[*n].0).collect();
    let wanted: Vec<(usize, usize)> = match layout.option(SCORED_PAIRS.name) {
        Some("adjacent") => levels.windows(2).map(|two| (two[0], two[1])).collect(),
        Some("all") => {
            if ranked.len() > MOST {
                ranked.drain(MOST / 2..ranked.len() - MOST / 2);
            }
            let two = |a: usize| (a + 1..ranked.len()).map(move |b| (a, b));
            (0..ranked.len()).flat_map(two).filter(|(a, b)| ranked[*a].0 != ranked[*b].0).collect()
        }
        _ => vec![(0, levels[levels.len() - 1])],
    };
    wanted.into_iter().map(|(a, b)| pair(read(ranked[a].1, layout)?, read(ranked[b].1, layout)?)).collect()
}

/// The row has what the chosen answer has; what the rejected one has besides is `rejected` in `meta`.
fn pair<'a>(mut chosen: Candidate<'_, 'a>, rejected: Candidate<'_, 'a>) -> Result<Row<'a>, Unreadable> {
    if let (Some(a), Some(b)) = (&chosen.number, &rejected.number) {
        chosen.reading.columns.id = Some(Cow::Owned(format!("{}/{a}/{b}", chosen.question)));
    }
    if let Some(rest) = rejected.reading.meta() {
        chosen.reading.extra("rejected", &rest);
    }
    let pair = Preference {
        prompt: vec![Message::new("user", chosen.prompt)],
        chosen: Some(vec![Message::new("assistant", chosen.text)]),
        rejected: Some(vec![Message::new("assistant", rejected.text)]),
        chosen_score: chosen.score,
        rejected_score: rejected.score,
        margin: chosen.score.zip(rejected.score).map(|(a, b)| a - b),
        ..Preference::default()
    };
    chosen.reading.row(Content::Rlhf(Box::new(pair)))
}
