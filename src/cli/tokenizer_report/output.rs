//! What `corpus tokenizer-report` says: tables for people, JSON for machines.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::{Named, short};
use crate::cli::table;
use crate::messages::said;
use crate::models::tokenizer::tally::splits::{Han, Split, Splits};
use crate::models::tokenizer::tally::{Made, Subject, Sums, Tally};
use crate::text::figures::{count, plural, size};

/// What is told.
pub struct Report<'a> {
    /// The tokenizers' files.
    pub(super) named: &'a [Named],
    /// The tokenizers.
    pub subjects: &'a [Subject],
    /// What was counted.
    pub tally: &'a Tally,
    /// What falls into most pieces, by tokenizer.
    pub longest: &'a [Splits],
}

/// A quotient; 0 of nothing.
fn share(of: u64, all: u64) -> f64 {
    if all == 0 { 0.0 } else { of as f64 / all as f64 }
}

/// The cells of what a tokenizer made of texts.
fn cells(sums: &Sums, made: &Made) -> [String; 5] {
    [
        count(made.tokens),
        format!("{:.3}", share(sums.chars, made.tokens)),
        format!("{:.3}", share(sums.bytes, made.tokens)),
        format!("{:.3}%", 100.0 * share(made.bytes, made.tokens)),
        format!("{:.3}%", 100.0 * share(made.unknown, made.tokens)),
    ]
}

const HEADS: [&str; 5] = ["tokens", "chars/token", "bytes/token", "in bytes", "unknown"];

fn head(before: &[&str], behind: &[&str]) -> Vec<String> {
    before.iter().chain(behind).map(|word| said(word).into_owned()).collect()
}

/// A piece as it is shown: a space is seen.
fn shown(pieces: &[String]) -> String {
    let piece = |piece: &String| table::line(&piece.replace(' ', "▁"));
    pieces.iter().map(piece).collect::<Vec<_>>().join(" | ")
}

impl Report<'_> {
    /// The sums of all texts.
    fn total(&self) -> Sums {
        let mut total = Sums::default();
        self.tally.groups.values().for_each(|sums| total.add(sums));
        total
    }

    /// By language.
    fn languages(&self) -> BTreeMap<&str, Sums> {
        let mut all: BTreeMap<&str, Sums> = BTreeMap::new();
        for ((language, _), sums) in &self.tally.groups {
            all.entry(language).or_default().add(sums);
        }
        all
    }

    /// Names of the tokenizers as tables have them.
    fn names(&self) -> Vec<String> {
        let paths: Vec<_> = self.named.iter().map(|n| n.path.as_path()).collect();
        short(&paths).iter().map(|name| table::line(name)).collect()
    }

    /// The tables.
    pub fn text(&self) -> String {
        let (columns, names, total) = (table::terminal(), self.names(), self.total());
        let texts =
            format!("{}: {} characters, {}", plural(total.texts, "text"), count(total.chars), size(total.bytes));
        let mut text = format!("{}\n\n", said(&texts));
        let mut rows = vec![head(&["tokenizer", "format", "ids"], &HEADS)];
        for ((name, subject), made) in names.iter().zip(self.subjects).zip(&total.made) {
            let tokenizer = subject.tokenizer();
            let own = [name.clone(), tokenizer.kind().to_owned(), count(tokenizer.vocabulary().into())];
            rows.push(own.into_iter().chain(cells(&total, made)).collect());
        }
        text += &table::table(&rows, 0, columns);
        let languages = self.languages();
        if languages.len() > 1 {
            let groups = languages.iter().map(|(language, sums)| (vec![*language], sums));
            text += &format!("\n{}", grouped(&["language"], groups, &names, columns));
        }
        let groups = self.tally.groups.iter().map(|((l, s), sums)| (vec![l.as_str(), s.as_str()], sums));
        text += &format!("\n{}", grouped(&["language", "source"], groups, &names, columns));
        text + &self.longest(&names, columns)
    }

    /// What falls into most pieces, as tables.
    fn longest(&self, names: &[String], columns: usize) -> String {
        let mut text = String::new();
        if self.longest.iter().any(|splits| splits.han.different > 0) {
            let words = ["tokenizer", "Han characters", "one piece", "in bytes", "text in bytes"];
            let mut rows = vec![head(&words, &[])];
            for (name, han) in names.iter().zip(self.longest).map(|(name, splits)| (name, splits.han)) {
                let of = |n: u64| format!("{:.2}%", 100.0 * share(n, han.different));
                let times = format!("{:.3}%", 100.0 * share(han.times_bytes, han.times));
                rows.push(vec![name.clone(), count(han.different), of(han.whole), of(han.bytes), times]);
            }
            text += &format!("\n{}", table::table(&rows, 0, columns));
        }
        for (name, splits) in names.iter().zip(self.longest) {
            let kinds = [&splits.characters, &splits.han_words, &splits.words];
            let mut rows = vec![head(&["most pieces", "times", "pieces", "as"], &[])];
            for split in kinds.into_iter().flatten() {
                let numbers = [count(split.times), count(split.pieces.len() as u64)];
                let [times, pieces] = numbers;
                rows.push(vec![split.word.clone(), times, pieces, shown(&split.pieces)]);
            }
            if rows.len() > 1 {
                text += &format!("\n{name}\n{}", table::table(&rows, 2, columns));
            }
        }
        text
    }

    /// The same for machines.
    pub fn json(&self) -> Json {
        let of = |named: (&Named, (&Subject, &Splits))| {
            let (named, (subject, splits)) = named;
            let tokenizer = subject.tokenizer();
            let list = |splits: &[Split]| splits.iter().map(split).collect::<Vec<_>>();
            json!({"path": named.path.display().to_string(), "sha256": named.sha256, "kind": tokenizer.kind(),
                "vocabulary": tokenizer.vocabulary(), "han": han(&splits.han), "characters": list(&splits.characters),
                "han_words": list(&splits.han_words), "words": list(&splits.words)})
        };
        let with = |mut answer: Json, more: &[(&str, &str)]| {
            more.iter().for_each(|(key, value)| answer[*key] = Json::from(*value));
            answer
        };
        let languages = self.languages();
        let languages = languages.iter().map(|(language, all)| with(sums(all), &[("language", language)]));
        let groups = self.tally.groups.iter();
        let groups = groups.map(|((l, s), all)| with(sums(all), &[("language", l), ("source", s)]));
        json!({
            "v": 1,
            "tokenizers": self.named.iter().zip(self.subjects.iter().zip(self.longest)).map(of).collect::<Vec<_>>(),
            "total": sums(&self.total()),
            "languages": languages.collect::<Vec<_>>(),
            "groups": groups.collect::<Vec<_>>(),
            "words_one_in": self.tally.words.one_in(),
        })
    }
}

/// A table with a row for each group and tokenizer.
fn grouped<'g>(
    keys: &[&str],
    groups: impl Iterator<Item = (Vec<&'g str>, &'g Sums)>,
    names: &[String],
    columns: usize,
) -> String {
    let mut rows = vec![head(keys, &[&["texts", "tokenizer"][..], &HEADS[..]].concat())];
    for (key, sums) in groups {
        for (at, (name, made)) in names.iter().zip(&sums.made).enumerate() {
            // What is the same for all tokenizers is said once.
            let once = |text: String| if at == 0 { text } else { String::new() };
            let own = key.iter().map(|word| once(table::line(word))).chain([once(count(sums.texts)), name.clone()]);
            rows.push(own.chain(cells(sums, made)).collect());
        }
    }
    table::table(&rows, 0, columns)
}

fn sums(sums: &Sums) -> Json {
    let made = sums.made.iter().map(|made| {
        json!({"tokens": made.tokens, "byte_tokens": made.bytes, "unknown": made.unknown,
            "characters_per_token": share(sums.chars, made.tokens), "bytes_per_token": share(sums.bytes, made.tokens)})
    });
    json!({"texts": sums.texts, "characters": sums.chars, "bytes": sums.bytes, "made": made.collect::<Vec<_>>()})
}

fn split(split: &Split) -> Json {
    json!({"word": split.word, "times": split.times, "pieces": split.pieces})
}

fn han(han: &Han) -> Json {
    json!({"different": han.different, "one_piece": han.whole, "in_bytes": han.bytes, "times": han.times,
        "times_in_bytes": han.times_bytes})
}
