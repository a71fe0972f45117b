//! `[[source]] card = "…"`: a data set of the catalog. Each of its parts becomes a source of its own, since parts differ
//! in format and use; they share the name by which the recipe, the rows and the manifest call them.

use std::ops::Range;

use super::kinds::Kind;
use super::reader::Reader;
use super::toml::Entry;
use super::{FromCard, Source};
use crate::catalog::{Card, Catalog, Freedom, Part};
use crate::formats::TextRows;
use crate::objects;
use crate::text::spelling::did_you_mean;

/// Words of a source that only a card has.
pub(super) const ONLY_CARD: [&str; 2] = ["parts", "revision"];

/// What `[policy]` allows.
#[derive(Clone, Debug, Default)]
pub(super) struct Policy {
    /// Kinds of licences; empty is all.
    licenses: Vec<Freedom>,
}

impl Reader {
    /// `[policy]`.
    pub(super) fn policy(&mut self, entry: Option<&Entry>) -> Policy {
        let mut policy = Policy::default();
        for entry in self.table(entry, &["licenses"], "[policy]") {
            for (word, span) in self.texts(entry) {
                let kinds = Freedom::ALL.map(Freedom::as_str);
                let found = Freedom::ALL.into_iter().find(|f| f.as_str() == word);
                policy.licenses.extend(self.word(&word, &span, "licenses", &kinds, found));
            }
        }
        policy
    }

    /// Where a data set without a card lies: `hf:`, `ms:`, `opus:`, `wikimedia:`, or an object store.
    fn scheme(&mut self, scheme: &str, span: &Range<usize>) {
        if !["hf", "ms", "opus", "wikimedia"].contains(&scheme) && !objects::SCHEMES.contains(&scheme) {
            let help = "a card of the catalog, `hf:owner/name`, `ms:owner/name`, `opus:UNPC/en-zh`, `wikimedia:zhwiki`, `s3://bucket/folder/`";
            self.cure(Kind::UnknownPlace, span, format!("`{scheme}:` is no place for data sets"), "this card", help);
        }
    }

    /// A card of the catalog.
    fn card(&mut self, name: &str, span: &Range<usize>) -> Option<Card> {
        let mut failed = |kind: Kind, error: crate::Error, label: &str| {
            let help = error.hint().unwrap_or_default().to_owned();
            self.cure(kind, span, error.to_string(), label, help);
        };
        let catalog =
            Catalog::load(None).map_err(|error| failed(Kind::BrokenCatalog, error, "needs the catalog")).ok()?;
        let card = catalog.find(name).map_err(|error| failed(Kind::UnknownCard, error, "unknown card")).ok()?.clone();
        if card.evaluation {
            let help = "give it to a `decontaminate` stage; what is trained on cannot be measured with";
            let message = format!("`{name}` is an evaluation set");
            self.cure(Kind::Evaluation, span, message, "not to train on", help);
        }
        if let Some(model) = &card.model {
            let help = format!("give it to the stage that reads it: run = \"{}\", model = \"{name}\"", model.stage);
            self.cure(Kind::ModelCard, span, format!("`{name}` is a model"), "no rows in it", help);
        }
        Some(card)
    }

    /// The sources that a card gives: `common` holds what the recipe says of all of them.
    pub(super) fn of_card(
        &mut self,
        entry: &Entry,
        entries: &[Entry],
        common: &Source,
        policy: &Policy,
    ) -> Vec<Source> {
        let Some(name) = self.text(entry) else { return Vec::new() };
        let get = |key: &str| entries.iter().find(|e| e.key == key);
        let revision = get("revision").and_then(|e| self.text(e));
        let wanted = get("parts").map(|e| self.texts(e));
        if let Some(path) = get("path") {
            self.cure(
                Kind::CardAndPath,
                &path.span,
                "a card knows its files",
                "`path` beside `card`",
                "leave one of them out",
            );
        }
        let of = |name: &str, part: Option<&Part>, label: &str, several: bool| Source {
            name: match part {
                Some(part) if several => format!("{label}/{}", part.name),
                _ => label.to_owned(),
            },
            label: label.to_owned(),
            card: Some(FromCard {
                card: name.to_owned(),
                part: part.map(|p| p.name.to_owned()),
                revision: revision.clone(),
            }),
            ..common.clone()
        };
        if let Some((scheme, rest)) = name.split_once(':') {
            let label =
                if common.label.is_empty() { rest.trim_matches('/').replace('/', "-") } else { common.label.clone() };
            self.scheme(scheme, &entry.node.span);
            return vec![of(&name, None, &label, false)];
        }
        let Some(card) = self.card(&name, &entry.node.span) else { return Vec::new() };
        let card = &card;
        let parts = self.parts(card, wanted, &entry.node.span);
        let label = if common.label.is_empty() { card.name.clone() } else { common.label.clone() };
        let mut sources = Vec::new();
        for part in &parts {
            self.allowed(card, part, policy, &entry.node.span);
            let mut source = of(&card.name, Some(part), &label, parts.len() > 1);
            fill(&mut source, card, part);
            sources.push(source);
        }
        sources
    }

    /// The parts that a recipe wants: those it names, else all that are not optional and have the card's best use.
    fn parts<'c>(
        &mut self,
        card: &'c Card,
        wanted: Option<Vec<(String, Range<usize>)>>,
        span: &Range<usize>,
    ) -> Vec<&'c Part> {
        let Some(wanted) = wanted else {
            let parts: Vec<&Part> = card.part.iter().filter(|p| !p.optional && card.part_use(p) == card.best).collect();
            if parts.is_empty() {
                let names: Vec<&str> = card.part.iter().map(|p| p.name.as_str()).collect();
                let help = format!("name some with `parts`: {}", names.join(", "));
                self.cure(
                    Kind::NoPart,
                    span,
                    format!("`{}` has no part that is taken unasked", card.name),
                    "this card",
                    help,
                );
            }
            return parts;
        };
        let names = || card.part.iter().map(|p| p.name.as_str());
        let mut parts = Vec::new();
        for (name, span) in wanted {
            match card.part(&name) {
                Some(part) => parts.push(part),
                None => {
                    let help = did_you_mean(&name, names().collect::<Vec<_>>());
                    self.cure(
                        Kind::UnknownPart,
                        &span,
                        format!("`{}` has no part `{name}`", card.name),
                        "unknown part",
                        help,
                    );
                }
            }
        }
        parts
    }

    fn allowed(&mut self, card: &Card, part: &Part, policy: &Policy, span: &Range<usize>) {
        let freedom = card.part_freedom(part);
        if !policy.licenses.is_empty() && !policy.licenses.contains(&freedom) {
            let license = card.part_license(part);
            let allowed: Vec<&str> = policy.licenses.iter().map(|l| l.as_str()).collect();
            let message = format!("the licence of `{}` ({}) is {}: {license}", card.name, part.name, freedom.as_str());
            let help = format!("[policy] allows {}; leave the part out, or widen the policy", allowed.join(", "));
            self.cure(Kind::Refused, span, message, "refused by [policy]", help);
        }
    }
}

/// What a card says of a part, where the recipe says nothing of it.
fn fill(source: &mut Source, card: &Card, part: &Part) {
    source.members.clone_from(&part.names);
    let usage = source.usage.unwrap_or_else(|| card.part_use(part));
    source.usage = Some(usage);
    source.language = source.language.take().or_else(|| part.language.clone()).or_else(|| only_one(&card.languages));
    source.license = source.license.take().or_else(|| Some(card.part_license(part)));
    if source.format.is_none() && source.fields.is_empty() {
        let reading = card.reading(part, usage);
        (source.format, source.fields) = (reading.format, reading.fields);
        if source.options.is_empty() {
            source.options = reading.options;
        }
    }
    source.rows = source.rows.or_else(|| part.rows_are.as_deref().and_then(TextRows::parse));
}

fn only_one(languages: &[String]) -> Option<String> {
    match languages {
        [one] if one != "many" => Some(one.clone()),
        _ => None,
    }
}
