//! What a trained classifier does on texts that it was not trained on, and which features tell it most.

use std::collections::HashMap;

use super::{Example, Work};
use crate::models::fasttext::dictionary::{Dictionary, hash, is_space};
use crate::models::fasttext::{Model, Scratch};

/// How well a classifier does.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Texts trained on: bad, good.
    pub trained: [usize; 2],
    /// Texts held out: bad, good.
    pub held_out: [usize; 2],
    /// Share of the held-out texts that are judged right at 0.5.
    pub accuracy: f64,
    /// Chance that a good held-out text scores higher than a bad one (area under the ROC curve).
    pub ranking: f64,
    /// What a threshold keeps.
    pub curve: Vec<Point>,
    /// What tells good from bad most: the feature, and how much it moves the logit on average.
    pub good: Vec<(String, f32)>,
    /// What tells bad from good most.
    pub bad: Vec<(String, f32)>,
}

/// A threshold on the probability of `good`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The threshold.
    pub at: f64,
    /// Share of the good held-out texts that reach it.
    pub good: f64,
    /// Share of the bad held-out texts that reach it.
    pub bad: f64,
}

/// Thresholds of the curve.
const THRESHOLDS: [f64; 13] = [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99];

/// Features shown a side, and texts whose words are looked through to name them.
const SHOWN: usize = 20;
const NAMED_FROM: usize = 4_000;

/// Measures a model.
pub(super) fn measure(model: &Model, work: &Work, learn: &[Example], held: &[Example]) -> Report {
    let mut scratch = Scratch::default();
    let mut scores: Vec<(f64, bool)> = Vec::with_capacity(held.len());
    for example in held {
        model.begin(&mut scratch);
        model.push(&mut scratch, example.text);
        let score = model.probability_of_pushed(&mut scratch, 1).unwrap_or(0.0);
        scores.push((f64::from(score), example.good));
    }
    let count = |examples: &[Example]| {
        let good = examples.iter().filter(|e| e.good).count();
        [examples.len() - good, good]
    };
    let reach = |at: f64, side| scores.iter().filter(|(s, good)| *good == side && *s >= at).count();
    let held_out = count(held);
    let share = |at, side: bool| reach(at, side) as f64 / held_out[usize::from(side)] as f64;
    let right = reach(0.5, true) + held_out[0] - reach(0.5, false);
    let curve = THRESHOLDS.map(|at| Point { at, good: share(at, true), bad: share(at, false) }).to_vec();
    let accuracy = right as f64 / held.len() as f64;
    let ranking = ranking(&mut scores);
    let [good, bad] = telling(work, learn);
    Report { trained: count(learn), held_out, accuracy, ranking, curve, good, bad }
}

/// The chance that a good text scores higher than a bad one; equal scores count half (Mann and Whitney's U).
fn ranking(scores: &mut [(f64, bool)]) -> f64 {
    scores.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut bad, mut wins) = (0.0, 0.0);
    for equal in scores.chunk_by(|a, b| a.0 == b.0) {
        let good = equal.iter().filter(|s| s.1).count() as f64;
        let others = equal.len() as f64 - good;
        wins += good * (bad + others / 2.0);
        bad += others;
    }
    let good = scores.len() as f64 - bad;
    wins / (good * bad)
}

/// The features that move the logits of good and bad texts apart most, by name.
fn telling(work: &Work, learn: &[Example]) -> [Vec<(String, f32)>; 2] {
    let moves = |row: usize| work.weights[row][0] * (work.shares[row][1] - work.shares[row][0]);
    let mut rows: Vec<usize> = (1..work.weights.len()).filter(|row| moves(*row) > 0.0).collect();
    rows.sort_by(|a, b| moves(*b).total_cmp(&moves(*a)).then(a.cmp(b)));
    let side =
        |good: bool| rows.iter().copied().filter(move |row| (work.weights[*row][0] > 0.0) == good).take(2 * SHOWN);
    let (good, bad): (Vec<usize>, Vec<usize>) = (side(true).collect(), side(false).collect());
    let mut names: HashMap<u32, HashMap<String, u32>> =
        good.iter().chain(&bad).map(|row| (*row as u32, HashMap::new())).collect();
    let step = learn.len().div_ceil(NAMED_FROM);
    for example in learn.iter().step_by(step) {
        name(&work.dictionary, example.text, &mut names);
    }
    let best = |row: usize| {
        let most = names[&(row as u32)].iter().max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0)))?;
        Some((most.0.clone(), moves(row)))
    };
    let named = |rows: Vec<usize>| rows.into_iter().filter_map(best).take(SHOWN).collect();
    [named(good), named(bad)]
}

/// Counts the names that a text has for rows; several n-grams may share a row.
fn name(dictionary: &Dictionary, text: &str, names: &mut HashMap<u32, HashMap<String, u32>>) {
    let grams = dictionary.grams();
    let mut hit = |bucket: u32, name: &[u8]| {
        if let Some(seen) = names.get_mut(&(dictionary.words() + bucket)) {
            *seen.entry(String::from_utf8_lossy(name).into_owned()).or_default() += 1;
        }
    };
    let words: Vec<&[u8]> = text.as_bytes().split(|b| is_space(*b)).filter(|w| !w.is_empty()).collect();
    for word in &words {
        let framed = [b"<", *word, b">"].concat();
        let starts: Vec<usize> =
            (0..framed.len()).filter(|at| framed[*at] & 0xc0 != 0x80).chain([framed.len()]).collect();
        for from in 0..starts.len() - 1 {
            for to in from + grams.least.max(1)..=(from + grams.most).min(starts.len() - 1) {
                let gram = &framed[starts[from]..starts[to]];
                hit(hash(gram) % grams.buckets, gram);
            }
        }
    }
    for pair in words.windows(2) {
        let both = (hash(pair[0]) as i32 as u64).wrapping_mul(116_049_371).wrapping_add(hash(pair[1]) as i32 as u64);
        hit((both % u64::from(grams.buckets)) as u32, &[pair[0], b" ", pair[1]].concat());
    }
    for word in words {
        if let Some(row) = dictionary.row_of(word)
            && let Some(seen) = names.get_mut(&row)
        {
            *seen.entry(String::from_utf8_lossy(word).into_owned()).or_default() += 1;
        }
    }
}
