//! Several answers to one question: the pairs that their ranking makes, and what a pair is for instruction tuning.

use crate::formats::{Choice, Layout};
use crate::rows::{Content, Message, Preference, Use};

/// Which answers of a ranking are set against which.
pub const RANKED_PAIRS: Choice = Choice {
    name: "pairs",
    words: &["best", "all"],
    about: "the best answer against each other one, or every two answers",
};

/// What becomes of a pair for instruction tuning.
pub const ANSWERS: Choice = Choice {
    name: "answers",
    words: &["chosen", "none"],
    about: "for instruction tuning: the chosen answer to the prompt, or the prompt alone",
};

/// A pair as the layout's use wants it: as it is, or for instruction tuning its prompt with the chosen answer, or alone.
pub fn content<'a>(layout: &Layout, pair: Preference<'a>) -> Content<'a> {
    if layout.usage != Use::Instruct {
        return Content::Rlhf(Box::new(pair));
    }
    let mut messages = pair.prompt;
    if layout.option(ANSWERS.name) != Some("none") {
        messages.extend(pair.chosen.into_iter().flatten());
    }
    Content::Instruct { messages, tools: None }
}

/// An answer of a ranking.
#[derive(Clone, Debug)]
pub struct RankedAnswer<'a> {
    pub message: Message<'a>,
    /// Higher is better.
    pub score: f64,
}

/// Pairs of answers, the better one chosen; equal scores are a tie, whose margin is 0. `scored` says that the scores
/// are the source's own, and not only an order.
pub fn pairs<'a>(
    layout: &Layout,
    prompt: &[Message<'a>],
    mut answers: Vec<RankedAnswer<'a>>,
    scored: bool,
) -> Vec<(Content<'a>, usize, usize)> {
    let mut order: Vec<usize> = (0..answers.len()).collect();
    order.sort_by(|a, b| answers[*b].score.total_cmp(&answers[*a].score).then(a.cmp(b)));
    answers = order.iter().map(|i| answers[*i].clone()).collect();
    let tops = if layout.option(RANKED_PAIRS.name) == Some("all") { answers.len() } else { 1 };
    let mut out = Vec::new();
    for (better, chosen) in answers.iter().enumerate().take(tops) {
        for (worse, rejected) in answers.iter().enumerate().skip(better + 1) {
            let number = |n: f64| scored.then_some(n);
            let margin = chosen.score - rejected.score;
            let pair = Preference {
                prompt: prompt.to_vec(),
                chosen: Some(vec![chosen.message.clone()]),
                rejected: Some(vec![rejected.message.clone()]),
                chosen_score: number(chosen.score),
                rejected_score: number(rejected.score),
                margin: number(margin).or((margin == 0.0).then_some(0.0)),
                ..Preference::default()
            };
            out.push((Content::Rlhf(Box::new(pair)), order[better], order[worse]));
        }
    }
    out
}

/// A row of preferences without a pair, for a question that has none and is set aside.
pub fn unpaired<'a>(prompt: Vec<Message<'a>>) -> Content<'a> {
    Content::Rlhf(Box::new(Preference { prompt, ..Preference::default() }))
}
