//! Sources of cards and URLs, from the store: which files they have, how that copy is read, and where it came from.

use std::collections::BTreeMap;
use std::path::Path;

use crate::catalog::{Card, Catalog, Way};
use crate::fetch::{Lacking, Want, targets};
use crate::objects::is_url;
use crate::recipe::{FromCard, Origin, Recipe, Source, Step, Stored};
use crate::stages::resolved::Resolved;
use crate::stages::resources::{self, Wanted};
use crate::store::{Store, StoredFile};
use crate::{Error, Result};

/// The part of a set that the catalog does not know: all of it.
pub const ALL: &str = "all";

/// A set that a recipe reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// A card, or `hf:owner/name`, a URL, ….
    pub card: String,
    /// Its part.
    pub part: String,
    /// Commit, dump date or version; any where absent.
    pub revision: Option<String>,
}

/// What a recipe reads out of the store, in its order.
pub fn needs(recipe: &Recipe) -> Vec<Need> {
    let mut needs: Vec<Need> = Vec::new();
    recipe.sources.iter().for_each(|source| needs.extend(of_source(source)));
    let cards = recipe.stages.iter().flat_map(of_stage);
    needs.extend(cards.flat_map(|(_, needs)| needs));
    needs
}

/// What a source reads out of the store.
pub fn of_source(source: &Source) -> Vec<Need> {
    let url = |url: &String| Need { card: url.clone(), part: ALL.into(), revision: None };
    let urls = source.path.iter().filter(|p| is_fetched(p)).map(url);
    source.card.as_ref().map(need).into_iter().chain(urls).collect()
}

/// The parts of a set that a word of a stage names: of a card all that are not optional, or the one behind a `/` where
/// one file is wanted (`lid176/bin`). `None` where the word names files of this machine.
pub fn parts_of(catalog: &Catalog, wanted: &Wanted, word: &str) -> Option<Vec<String>> {
    if !wanted.takes_cards() {
        return None;
    }
    if let Some((card, part)) = card_of(catalog, wanted, word) {
        let whole = || card.part.iter().filter(|p| !p.optional).map(|p| p.name.clone()).collect();
        return Some(part.map_or_else(whole, |part| vec![part.to_owned()]));
    }
    let scheme = ["hf:", "ms:", "opus:", "wikimedia:"].iter().any(|s| word.starts_with(s));
    (scheme || is_fetched(word) || is_url(Path::new(word))).then(|| vec![ALL.to_owned()])
}

/// The card that a word of a stage names, and the part of it, where one is named.
pub fn card_of<'c, 'w>(catalog: &'c Catalog, wanted: &Wanted, word: &'w str) -> Option<(&'c Card, Option<&'w str>)> {
    if let Some(card) = catalog.get(word) {
        return Some((card, None));
    }
    let (name, part) = word.rsplit_once('/').filter(|_| *wanted == Wanted::FileOrCard)?;
    let card = catalog.get(name).filter(|card| card.part(part).is_some())?;
    Some((card, Some(part)))
}

/// The cards that a stage names, as it names them, with what it reads of each.
pub(crate) fn of_stage(step: &Step) -> Vec<(String, Vec<Need>)> {
    let Ok(resolved) = Resolved::new(&step.run, &step.options) else { return Vec::new() };
    let words: Vec<_> = resolved.stage.needs().into_iter().filter(|need| need.wanted.takes_cards()).collect();
    if words.is_empty() {
        return Vec::new();
    }
    // Private cards that cannot be read are an error of whoever reads them next.
    let catalog = Catalog::load(None).unwrap_or_default();
    let named = |word: &resources::Need| {
        let parts = parts_of(&catalog, &word.wanted, &word.name)?;
        let name = card_of(&catalog, &word.wanted, &word.name).map_or(&word.name, |(card, _)| &card.name);
        let revision = step.revisions.get(&word.name);
        let need = |part| Need { card: name.clone(), part, revision: revision.cloned() };
        Some((word.name.clone(), parts.into_iter().map(need).collect()))
    };
    words.iter().filter_map(named).collect()
}

/// What the card says of a stage's options that the stage names in place of a model's file: how text is prepared, and
/// which label is the score.
///
/// # Errors
/// A card that is no model, or a model for another stage.
pub fn of_model(step: &Step, need: &resources::Need) -> Result<BTreeMap<String, String>> {
    if need.wanted != Wanted::FileOrCard {
        return Ok(BTreeMap::new());
    }
    let catalog = Catalog::load(None)?;
    let Some((card, _)) = card_of(&catalog, &need.wanted, &need.name) else { return Ok(BTreeMap::new()) };
    let wrong =
        |what: String, cure: String| Error::input(format!("stage `{}`: `{}` {what}", step.name, card.name), cure);
    match &card.model {
        None => Err(wrong("is a data set, no model".into(), "`corpus list sources --use model` shows those".into())),
        Some(model) if model.stage != step.run => {
            Err(wrong(format!("is a model for `{}`", model.stage), format!("run = \"{}\"", model.stage)))
        }
        Some(model) => Ok(model.defaults()),
    }
}

/// Whether a path of a source is fetched before it is read: objects of a store are read where they lie.
pub fn is_fetched(path: &str) -> bool {
    ["http://", "https://"].iter().any(|scheme| path.starts_with(scheme))
}

fn need(card: &FromCard) -> Need {
    Need {
        card: card.card.clone(),
        part: card.part.clone().unwrap_or_else(|| ALL.into()),
        revision: card.revision.clone(),
    }
}

/// The needs that the store has nothing, or not all, of.
///
/// # Errors
///
/// As [`Store::find`] and [`of_model`].
pub fn missing(recipe: &Recipe, store: &Store) -> Result<Vec<Need>> {
    let mut missing = Vec::new();
    for step in &recipe.stages {
        let Ok(resolved) = Resolved::new(&step.run, &step.options) else { continue };
        resolved.stage.needs().iter().try_for_each(|need| of_model(step, need).map(drop))?;
    }
    for need in needs(recipe) {
        if found(store, &need)?.is_none() {
            missing.push(need);
        }
    }
    Ok(missing)
}

fn found(store: &Store, need: &Need) -> Result<Option<Vec<StoredFile>>> {
    targets::find(store, &need.card, &need.part, need.revision.as_deref())
}

/// Gives every source of a card its files, and the fields and formats of the copy that is there.
///
/// # Errors
/// A set that is not in the store, with the command that fetches it; a copy that lost what the recipe's use needs.
pub fn resolve(recipe: &mut Recipe, store: &Store) -> Result<()> {
    resolve_without(recipe, store, &[])
}

/// The same, where what is `missing` is left out: sources and stages that read it get no files.
///
/// # Errors
/// As above.
pub fn resolve_without(recipe: &mut Recipe, store: &Store, missing: &[Need]) -> Result<()> {
    let catalog = Catalog::load(None)?;
    let lacks = |needs: &[Need]| needs.iter().any(|need| missing.contains(need));
    for source in recipe.sources.iter_mut().filter(|s| !lacks(&of_source(s))) {
        let mut files = Vec::new();
        for url in source.path.iter().filter(|p| is_fetched(p)) {
            let need = Need { card: url.clone(), part: ALL.into(), revision: None };
            files.extend(all_of(&catalog, store, &need)?);
        }
        if let Some(card) = source.card.clone() {
            let mut of_card = all_of(&catalog, store, &need(&card))?;
            as_the_copy_is(source, &catalog, &card, &of_card)?;
            files.append(&mut of_card);
        }
        source.stored = files.iter().map(stored).collect();
    }
    for step in &mut recipe.stages {
        for (card, needs) in of_stage(step).into_iter().filter(|(_, needs)| !lacks(needs)) {
            let files = needs.iter().map(|need| all_of(&catalog, store, need)).collect::<Result<Vec<_>>>()?.concat();
            step.stored.insert(card, files.iter().map(stored).collect());
        }
    }
    Ok(())
}

fn all_of(catalog: &Catalog, store: &Store, need: &Need) -> Result<Vec<StoredFile>> {
    if let Some(files) = found(store, need)? {
        return Ok(files);
    }
    let want = Want { card: need.card.clone(), parts: vec![need.part.clone()], revision: need.revision.clone() };
    Err(Lacking::of(catalog, store, &[want])?.error(store))
}

fn stored(file: &StoredFile) -> Stored {
    let entry = &file.entry;
    Stored {
        shown: format!("{}/{}", file.card, file.name),
        path: file.path.clone(),
        sha256: entry.sha256.clone(),
        bytes: entry.bytes,
        origin: Origin {
            url: entry.source.clone(),
            way: entry.way.clone(),
            revision: file.revision.clone(),
            license: entry.license.clone(),
            accepted: entry.accepted.clone(),
            lost: entry.lost.clone(),
        },
    }
}

/// A mirror may have other field names, or fewer uses, than the original.
fn as_the_copy_is(source: &mut Source, catalog: &Catalog, of: &FromCard, files: &[StoredFile]) -> Result<()> {
    let Some(first) = files.first() else { return Ok(()) };
    if source.license.is_none() {
        source.license = Some(first.entry.license.clone());
    }
    if let (Some(usage), false) = (source.usage, first.entry.uses.is_empty())
        && !first.entry.uses.contains(&usage)
    {
        let lost = first.entry.lost.clone().unwrap_or_else(|| "what that use needs".into());
        return Err(Error::input(
            format!("{}: the copy from {} is not good for {usage}: it lost {lost}", source.name, first.entry.way),
            format!(
                "fetch the original: `corpus fetch {} --way …`; `corpus explain {}` names the ways",
                of.card, of.card
            ),
        ));
    }
    let Some(card) = catalog.get(&of.card) else { return Ok(()) };
    // Two ways may lead to one place; the files tell them apart.
    let lists = |way: &&Way| {
        let globs = way.files.values().flatten().filter_map(|g| globset::Glob::new(g).ok());
        globs.map(|g| g.compile_matcher()).any(|g| g.is_match(&first.name))
    };
    let mut ways = card.way.iter().filter(|w| w.from == first.entry.way);
    let Some(way) = ways.clone().find(lists).or_else(|| ways.next()) else { return Ok(()) };
    if !way.fields.is_empty() {
        source.fields.clone_from(&way.fields);
    }
    if way.format.is_some() {
        source.format.clone_from(&way.format);
    }
    Ok(())
}
