//! Choices that are seldom meant: two data sets of which one holds the other, one that was superseded, and limits that
//! Chinese never fails.

use super::Context;
use super::notes::{self, Note};
use crate::catalog::{Card, Catalog};
use crate::pipeline::plan::stage_plan::StagePlan;
use crate::recipe::Recipe;
use crate::stages::resolved::Resolved;
use crate::stages::{Reads, quality};
use crate::text::quality::signal::OF_WORDS;
use crate::text::shell;
use crate::{Error, Result};

/// Remarks about the cards that a recipe names, each once.
pub fn notes(recipe: &Recipe, catalog: &Catalog) -> Vec<Note> {
    let mut cards: Vec<&Card> = Vec::new();
    for card in recipe.sources.iter().filter_map(|s| catalog.get(&s.card.as_ref()?.card)) {
        if !cards.iter().any(|c| c.name == card.name) {
            cards.push(card);
        }
    }
    let mut said = Vec::new();
    for (at, card) in cards.iter().enumerate() {
        for other in &cards[at + 1..] {
            let pair =
                |a: &Card, b: &Card| a.overlaps.iter().find(|o| o.never && o.card == b.name).map(|o| o.how.clone());
            if let Some(how) = pair(card, other).or_else(|| pair(other, card)) {
                said.push(format!(
                    "`{}` and `{}` must never be together ({how}): rows would count twice; leave one out, or read only \
                     `parts` that do not hold the other",
                    card.name, other.name
                ));
            }
        }
        if let Some(newer) = &card.superseded_by {
            said.push(format!("`{}` is superseded: `{newer}` is what to take for a new model", card.name));
        }
    }
    said.into_iter().map(|text| Note { file: None, text }).collect()
}

/// The same, by all cards that there are; a recipe without any needs none.
///
/// # Errors
///
/// As [`Catalog::load`], where the recipe names a card.
pub fn of(recipe: &Recipe) -> Result<Vec<Note>> {
    let said = |(name, program)| format!("stage `{name}` runs a program: `{program}`");
    let mut all: Vec<Note> =
        programs(recipe).map(said).chain(never_failed(recipe)).map(|text| Note { file: None, text }).collect();
    if recipe.sources.iter().any(|s| s.card.is_some()) {
        all.extend(notes(recipe, &Catalog::load(None)?));
    }
    Ok(all)
}

/// Limits on signals that are of words where Chinese is counted in characters: they have no value there, and drop nothing.
fn never_failed(recipe: &Recipe) -> Vec<String> {
    // What is wrong with a recipe is said by who runs it.
    let Ok(plan) = StagePlan::new(recipe) else { return Vec::new() };
    let chinese = |language: &String| language.starts_with("zh") || language == "und";
    if recipe.sources.iter().all(|source| source.language.as_ref().is_some_and(|language| !chinese(language))) {
        return Vec::new();
    }
    let mut said = Vec::new();
    for (at, stage) in plan.stages.iter().enumerate() {
        let languages = &stage.only.language;
        let measured = plan.stages[..at].iter().rfind(|before| before.run() == quality::ENTRY.name);
        let in_characters = measured.is_some_and(|quality| quality.resolved.options["unit"] == "characters");
        if !in_characters || !languages.is_empty() && !languages.iter().any(chinese) {
            continue;
        }
        let reads = stage.stage().reads().unwrap_or_default();
        let of_words = reads.iter().find_map(|reads| match reads {
            Reads::Signal(name) if OF_WORDS.contains(&name.as_str()) => Some(name),
            _ => None,
        });
        said.extend(of_words.map(|signal| {
            format!(
                "stage `{}`: Chinese is counted in characters before it, and `{signal}` is of words: no Chinese row fails \
                 that limit; put a stage with run = \"quality\" and unit = \"words\" before it",
                stage.name
            )
        }));
    }
    said
}

/// The programs that stages of a recipe run: the name of the stage, and the command.
fn programs(recipe: &Recipe) -> impl Iterator<Item = (&str, String)> {
    let of = |step: &crate::recipe::Step| Resolved::new(&step.run, &step.options).ok()?.stage.program();
    recipe.stages.iter().filter_map(move |step| Some((step.name.as_str(), of(step)?)))
}

/// Refuses a recipe that runs programs.
///
/// # Errors
///
/// [`Error::Input`] with the first of them.
pub fn refuse_programs(recipe: &Recipe) -> Result<()> {
    let Some((name, program)) = programs(recipe).next() else { return Ok(()) };
    let recipe = shell::quoted(&recipe.path.display().to_string());
    Err(Error::input(
        format!("stage `{name}` runs a program, and --no-commands forbids it: `{program}`"),
        format!("read {recipe} and the program; without --no-commands (and CORPUS_NO_COMMANDS) it runs"),
    ))
}

/// Warns of them.
///
/// # Errors
///
/// As [`of`].
pub fn warn(context: &Context, recipe: &Recipe) -> Result<()> {
    notes::warn(context, &of(recipe)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe;

    fn said(cards: &[&str]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.toml");
        let sources: String = cards.iter().map(|c| format!("[[source]]\ncard = \"{c}\"\n")).collect();
        std::fs::write(&path, format!("name = \"r\"\n{sources}")).unwrap();
        let recipe = recipe::load(path.to_str().unwrap(), &[]).unwrap();
        notes(&recipe, &Catalog::load(None).unwrap()).into_iter().map(|n| n.text).collect()
    }

    #[test]
    fn what_is_seldom_meant_is_said() {
        let both = said(&["fineweb2", "fineweb2_hq"]);
        assert!(both.iter().any(|s| s.contains("`fineweb2` and `fineweb2_hq` must never be together")), "{both:?}");
        let older = said(&["cci2"]);
        assert!(older.iter().any(|s| s.starts_with("`cci2` is superseded")), "{older:?}");
        assert_eq!(said(&["fineweb2", "zhwiki"]), Vec::<String>::new());
    }

    #[test]
    fn a_limit_that_no_chinese_row_fails_is_said() {
        let said = |source: &str, stages: &str| {
            let recipe = format!("name='b'\n[[source]]\nname='s'\npath='a.jsonl'\nuse='pretrain'\n{source}\n{stages}");
            let (file, folder) = (std::path::Path::new("r.toml"), std::path::Path::new("."));
            never_failed(&recipe::read(&recipe, file, folder, &[]).unwrap())
        };
        let keep = "[[stage]]\nrun='keep'\nunits={min=9}\ndup_5_gram={max=0.2}\n";
        let one = said("", keep);
        assert!(one.len() == 1 && one[0].contains("`dup_5_gram` is of words"), "{one:?}");
        assert!(said("language='en'", keep).is_empty());
        assert!(said("", &keep.replace("run=", "only={language=['en']}\nrun=")).is_empty());
        assert!(said("", &format!("[[stage]]\nrun='quality'\nunit='words'\n{keep}")).is_empty());
        for (profile, _) in crate::stages::profile::ALL {
            assert!(said("", &format!("[[stage]]\nrun='profile'\nprofile='{profile}'\n")).is_empty(), "{profile}");
        }
        assert_eq!(said("", "[[stage]]\nrun='profile'\nprofile='gopher'\nunit='characters'\n").len(), 1);
    }
}
