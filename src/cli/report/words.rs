//! Words of kept rows against those of dropped ones: which word tells the one from the other, by log-odds with a prior
//! out of both together (Monroe, Colaresi, Quinn 2008, "Fightin' Words", section 3.4.1). A word counts once a row, so that
//! one long row does not speak for all.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Value as Json, json};

use crate::text::personal::{Action, Kinds, replace};
use crate::text::words;

/// Characters of a row that are looked at.
const CHARS: usize = 2_000;
/// Words that are shown of each side.
const SHOWN: usize = 30;
/// Words that are shown of a reason.
const OF_REASON: usize = 16;
/// Rows that a reason must have.
const ENOUGH: u64 = 20;
/// Reasons that are shown.
const REASONS: usize = 8;
/// Rows that the prior counts as.
const PRIOR: f64 = 500.0;
/// Rows that a word must stand in: what a few rows say is chance.
const LEAST: u64 = 5;
/// How sure it must be, in standard deviations.
const SURE: f64 = 1.96;

/// In how many rows each word stands.
#[derive(Default)]
pub struct Counts {
    /// Rows that were looked at.
    pub rows: u64,
    words: HashMap<String, u64>,
    total: u64,
}

impl Counts {
    /// Looks at a row.
    pub fn see(&mut self, texts: &str, masked: bool) {
        self.rows += 1;
        let end = texts.char_indices().nth(CHARS).map_or(texts.len(), |(at, _)| at);
        let text = &texts[..end];
        let text = if masked { replace(text, Kinds::ALL, &Action::Mask).0 } else { text.into() };
        let mut seen = BTreeSet::new();
        words::each(&text, |word| {
            if telling(word) {
                seen.insert(word.to_lowercase());
            }
        });
        self.total += seen.len() as u64;
        for word in seen {
            *self.words.entry(word).or_default() += 1;
        }
    }

    /// Adds what another one counted.
    pub fn merge(&mut self, other: Counts) {
        self.rows += other.rows;
        self.total += other.total;
        other.words.into_iter().for_each(|(word, count)| *self.words.entry(word).or_default() += count);
    }

    fn of(&self, word: &str) -> u64 {
        self.words.get(word).copied().unwrap_or(0)
    }
}

/// The words of dropped rows by stage and reason.
#[derive(Default)]
pub struct ByReason(BTreeMap<(String, String), Counts>);

impl ByReason {
    /// Looks at a row.
    pub fn see(&mut self, why: (String, String), texts: &str, masked: bool) {
        self.0.entry(why).or_default().see(texts, masked);
    }

    /// Adds what another one counted.
    pub fn merge(&mut self, other: ByReason) {
        other.0.into_iter().for_each(|(why, counts)| self.0.entry(why).or_default().merge(counts));
    }

    /// Of all reasons together.
    fn all(&self) -> Counts {
        let mut all = Counts::default();
        for counts in self.0.values() {
            all.merge(Counts { rows: counts.rows, words: counts.words.clone(), total: counts.total });
        }
        all
    }
}

/// Whether a word may say something of a text: letters, no digits, and no mark of masked data.
fn telling(word: &str) -> bool {
    let masks = ["EMAIL", "IP", "MOBILE", "LANDLINE", "PHONE", "BANK_CARD", "ID_NUMBER", "ADDRESS", "SECRET", "WECHAT"];
    let long = word.len() > 1 && word.chars().count() <= 24;
    long && word.chars().any(char::is_alphabetic) && !word.chars().any(char::is_numeric) && !masks.contains(&word)
}

/// The words that tell the first from the second, the surest first: word, rows of the first, rows of the second, and how
/// many standard deviations lie between.
fn telling_words<'w>(first: &'w Counts, second: &Counts, most: usize) -> Vec<(&'w str, u64, u64, f64)> {
    let (n1, n2) = (first.total as f64, second.total as f64);
    let prior = PRIOR.min(n1 + n2);
    let odds = |count: f64, total: f64| (count / (total - count).max(1e-9)).ln();
    let word = |(word, count): (&'w String, &u64)| {
        let (y1, y2) = (*count as f64, second.of(word) as f64);
        let of_prior = prior * (y1 + y2) / (n1 + n2);
        let difference = odds(y1 + of_prior, n1 + prior) - odds(y2 + of_prior, n2 + prior);
        let z = difference / (1.0 / (y1 + of_prior) + 1.0 / (y2 + of_prior)).sqrt();
        (word.as_str(), *count, second.of(word), (z * 100.0).round() / 100.0)
    };
    let mut all: Vec<_> = first.words.iter().filter(|w| *w.1 >= LEAST).map(word).filter(|w| w.3 > SURE).collect();
    all.sort_by(|a, b| b.3.total_cmp(&a.3).then_with(|| a.0.cmp(b.0)));
    all.truncate(most);
    all
}

/// What the page shows: kept against dropped, and kept against each reason of which there are enough rows.
pub fn json(kept: &Counts, dropped: &ByReason) -> Json {
    let mut reasons: Vec<_> = dropped.0.iter().filter(|r| r.1.rows >= ENOUGH).collect();
    reasons.sort_by(|a, b| b.1.rows.cmp(&a.1.rows).then_with(|| a.0.cmp(b.0)));
    let reason = |(why, counts): (&(String, String), &Counts)| {
        let words = telling_words(counts, kept, OF_REASON);
        json!({"stage": why.0, "reason": why.1, "rows": counts.rows, "words": words})
    };
    let reasons: Vec<Json> = reasons.into_iter().take(REASONS).map(reason).collect();
    let all = dropped.all();
    json!({"kept_rows": kept.rows, "dropped_rows": all.rows, "kept": telling_words(kept, &all, SHOWN),
        "dropped": telling_words(&all, kept, SHOWN), "reasons": reasons})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_one_side_says_comes_first_and_what_both_say_does_not() {
        let (mut kept, mut dropped) = (Counts::default(), Counts::default());
        for _ in 0..50 {
            kept.see("这条河流经过平原，流入大海。", true);
            dropped.see("欢迎关注公众号，点击购买，电话13812345678。", true);
            kept.see("他们在平原上种田。", true);
            dropped.see("点击购买这条裙子，公众号里有优惠。", true);
        }
        let words: Vec<_> = telling_words(&dropped, &kept, 5).into_iter().map(|w| (w.0, w.1, w.2)).collect();
        assert_eq!(words[0].1, 100, "{words:?}");
        assert!(["点击", "购买", "公众", "号"].contains(&words[0].0), "{words:?}");
        assert!(telling_words(&kept, &dropped, 9).iter().all(|w| w.0 != "这" && w.0 != "条"));
        let mut reasons = ByReason::default();
        (0..20).for_each(|_| reasons.see(("s".into(), "r".into()), "一 a1 13812345678 再见", true));
        let shown = json(&kept, &reasons);
        assert!(shown.to_string().contains("再见") && shown["reasons"][0]["rows"] == 20, "{shown}");
        assert!(!["138", "MOBILE", "mobile", "a1"].iter().any(|word| shown.to_string().contains(word)), "{shown}");
    }

    #[test]
    fn few_rows_tell_nothing() {
        let (mut one, none) = (Counts::default(), Counts::default());
        assert!(telling_words(&none, &one, 9).is_empty());
        one.see("河流", true);
        assert!(telling_words(&one, &none, 9).is_empty());
    }
}
