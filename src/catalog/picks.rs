//! What to take for a task: picks of the catalog, best first, and the order of cards that follows from them.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::Card;
use super::card::Words;

/// A task, and what to take for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// One word.
    pub name: String,
    /// What it is.
    pub title: Words,
    /// How the picks go together.
    pub advice: Words,
    /// The picks, best first.
    pub pick: Vec<Pick>,
}

/// A data set that is picked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pick {
    /// The card.
    pub card: String,
    /// Why, in a line.
    pub why: Words,
}

#[derive(Default, Deserialize)]
struct File {
    task: Vec<Task>,
}

/// The picks, by task, in the order of a model's training. They are of `picks.toml`.
pub fn all() -> &'static [Task] {
    static TASKS: OnceLock<Vec<Task>> = OnceLock::new();
    TASKS.get_or_init(|| toml::from_str::<File>(include_str!("picks.toml")).unwrap_or_default().task)
}

/// How good a choice a card is: what is picked first, then what is current, Chinese and new; what was superseded, and
/// what is there to reproduce older models, last.
pub fn ranked<'a>(cards: impl IntoIterator<Item = &'a Card>) -> Vec<&'a Card> {
    let picks: Vec<&str> = all().iter().flat_map(|t| t.pick.iter().map(|p| p.card.as_str())).collect();
    let mut cards: Vec<&Card> = cards.into_iter().collect();
    cards.sort_by_cached_key(|card| {
        let status = if card.reproduce.is_some() { 2 } else { u8::from(card.superseded_by.is_some()) };
        let pick = picks.iter().position(|p| *p == card.name).unwrap_or(picks.len());
        let language = card.languages.iter().position(|l| l == "zh").unwrap_or(9);
        (status, pick, language, u16::MAX - card.year.unwrap_or(0), card.name.clone())
    });
    cards
}

#[cfg(test)]
mod tests {
    use super::super::shipped;
    use super::*;

    #[test]
    fn picks_are_current_cards_to_train_on() {
        assert!(all().len() >= 12, "picks.toml is read");
        for task in all() {
            for text in [&task.title, &task.advice].into_iter().chain(task.pick.iter().map(|p| &p.why)) {
                assert!(!text.en.is_empty() && !text.zh.is_empty(), "{}", task.name);
            }
            assert!(!task.pick.is_empty(), "{}", task.name);
            for pick in &task.pick {
                let card = shipped().iter().find(|c| c.name == pick.card);
                let Some(card) = card else { panic!("{}: there is no card {}", task.name, pick.card) };
                let fit = card.is_training() && card.reproduce.is_none() && card.superseded_by.is_none();
                assert!(fit, "{}: {} is no pick", task.name, pick.card);
            }
            // Two of which one holds the other are never picked together.
            let names: Vec<&str> = task.pick.iter().map(|p| p.card.as_str()).collect();
            for card in shipped().iter().filter(|c| names.contains(&c.name.as_str())) {
                let never = card.overlaps.iter().find(|o| o.never && names.contains(&o.card.as_str()));
                assert!(never.is_none(), "{}: {} and {:?}", task.name, card.name, never);
            }
        }
    }

    #[test]
    fn what_is_current_comes_first() {
        let ranked = ranked(shipped());
        let status = |c: &&Card| if c.reproduce.is_some() { 2 } else { u8::from(c.superseded_by.is_some()) };
        assert!(ranked.is_sorted_by_key(status));
        assert_eq!(ranked.first().map(|c| c.name.as_str()), Some(all()[0].pick[0].card.as_str()));
    }
}
