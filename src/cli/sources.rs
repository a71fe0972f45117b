//! The catalog as a person reads it: data sets by use, language and licence, and one card whole.

use std::borrow::Cow;

use serde_json::{Value as Json, json};

use super::table;
use crate::catalog::card::Also;
use crate::catalog::{Card, Catalog, Freedom, Part, Way};
use crate::messages::said;
use crate::rows::Use;
use crate::text::figures::{count, size};
use crate::{Error, Result};

/// Which data sets to list.
#[derive(Debug, Default, clap::Args)]
pub struct Filter {
    /// Only data sets for this use: pretrain, task, instruct, rlhf, or evaluation; or model, what judges text.
    #[arg(long = "use")]
    usage: Option<String>,
    /// Only data sets in this language: zh, en, …
    #[arg(long)]
    language: Option<String>,
    /// Only data sets under this kind of licence: open, packaging, custom, unstated, noncommercial, research.
    #[arg(long)]
    license: Option<String>,
}

impl Filter {
    /// Whether any filter is set.
    pub fn is_set(&self) -> bool {
        self.usage.is_some() || self.language.is_some() || self.license.is_some()
    }

    /// The cards that pass.
    ///
    /// # Errors
    ///
    /// [`Error::Other`] where the use or the kind of licence is none.
    pub fn cards(&self, catalog: &Catalog) -> Result<Vec<Card>> {
        let usage = match self.usage.as_deref() {
            None | Some("evaluation" | "model") => None,
            Some(word) => Some(Use::parse(word).ok_or_else(|| {
                Error::other(format!("`{word}` is no use"), "pretrain, task, instruct, rlhf, evaluation or model")
            })?),
        };
        let kind = match self.license.as_deref() {
            None => None,
            Some(word) => Some(Freedom::ALL.into_iter().find(|f| f.as_str() == word).ok_or_else(|| {
                Error::other(
                    format!("`{word}` is no kind of licence"),
                    "open, packaging, custom, unstated, noncommercial or research",
                )
            })?),
        };
        let evaluation = self.usage.as_deref() == Some("evaluation");
        let model = self.usage.as_deref() == Some("model");
        let passes = |card: &&Card| {
            usage.is_none_or(|u| card.is_training() && card.uses().contains(&u))
                && (!evaluation || card.evaluation)
                && (!model || card.model.is_some())
                && self.language.as_ref().is_none_or(|l| card.languages.contains(l))
                && kind.is_none_or(|k| card.freedom() == k)
        };
        Ok(catalog.iter().filter(passes).cloned().collect())
    }
}

/// Licence kind, access and size in a few words.
pub fn short(card: &Card, zh: bool) -> String {
    let (kind, access) = match zh {
        true => (card.freedom().zh(), card.access().zh()),
        false => (card.freedom().as_str(), card.access().as_str()),
    };
    let comma = if zh { "，" } else { ", " };
    let size = card.bytes.map_or(String::new(), |bytes| format!("{comma}{}", size(bytes)));
    format!("{kind}{comma}{access}{size}")
}

/// A card for machines: as it stands, and what follows from it.
pub fn json(card: &Card) -> Json {
    let mut json = serde_json::to_value(card).unwrap_or_default();
    if let Json::Object(fields) = &mut json {
        fields.insert("freedom".into(), json!(card.freedom().as_str()));
        fields.insert("uses".into(), json!(card.uses()));
        fields.insert("access".into(), json!(card.access()));
    }
    json
}

/// A card whole, for people; `zh` prefers Chinese where the card has both.
pub fn text(card: &Card, columns: usize, zh: bool) -> String {
    let word = |words: &crate::catalog::card::Words| if zh { words.zh.clone() } else { words.en.clone() };
    let mut page = Page { text: String::new(), columns };
    let kind = match (&card.model, card.evaluation) {
        (Some(_), _) => "model",
        (None, true) => "evaluation set, not to train on",
        (None, false) => "data set",
    };
    page.wrapped(&format!("{} · {kind} · {} · {}", card.name, card.title.en, card.title.zh));
    if !card.aliases.is_empty() {
        page.wrapped(&format!("also: {}", card.aliases.join(", ")));
    }
    page.line("");
    page.wrapped(&word(&card.about));
    page.line("");
    page.wrapped(&format!("Best for {}: {}", card.best, word(&card.why)));
    for Also { usage, why } in &card.also {
        page.wrapped(&format!("Also for {usage}: {}", word(why)));
    }
    if let Some(model) = &card.model {
        page.wrapped(&format!("Read by {}", model.said()));
    }
    page.line("");
    page.facts(card, zh);
    let doubt = |fact: &str| doubt(card, fact);
    if !card.problems.is_empty() {
        page.title("Known problems", &doubt("problems"));
        let problems = if zh && !card.problems_zh.is_empty() { &card.problems_zh } else { &card.problems };
        problems.iter().for_each(|p| page.bullet(p));
    }
    if !card.overlaps.is_empty() {
        page.title("Overlaps", "");
        card.overlaps.iter().for_each(|o| {
            let never = if zh { "（绝不可同用）" } else { " (never together)" };
            let never = if o.never { never } else { "" };
            page.bullet(&format!("{}{never}{}{}", o.card, signs(zh)[1], o.said(zh)));
        });
    }
    page.title("Parts", "");
    card.part.iter().for_each(|p| page.bullet(&part(card, p, &doubt("fields"), zh)));
    page.title("Where it lies", &doubt("ways"));
    card.way.iter().for_each(|w| page.bullet(&way(w, zh)));
    page.text
}

/// Comma, colon and full stop, with the space behind them that English has.
fn signs(zh: bool) -> [&'static str; 3] {
    if zh { ["，", "：", "。"] } else { [", ", ": ", ". "] }
}

/// What is said behind a fact that nobody has checked.
fn doubt(card: &Card, fact: &str) -> Cow<'static, str> {
    if card.is_unverified(fact) { said(" (not verified)") } else { Cow::Borrowed("") }
}

fn part(card: &Card, part: &Part, doubt: &str, zh: bool) -> String {
    let mut words = vec![card.part_use(part).to_string()];
    words.extend(part.language.clone());
    words.extend(part.rows.map(|r| format!("{} rows", count(r))));
    words.extend(part.bytes.map(size));
    words.extend(part.license.as_ref().map(|l| format!("{} ({})", l.name, l.kind.as_str())));
    words.extend(part.format.as_ref().map(|f| format!("format `{f}`")));
    if part.optional {
        words.push("only if asked for".into());
    }
    let [comma, colon, stop] = signs(zh);
    let about = part.said(zh).map_or(String::new(), |a| format!("{stop}{a}"));
    let fields: Vec<String> = part.fields.iter().map(|(ours, theirs)| format!("{ours} = {theirs}")).collect();
    let also: Vec<&str> = part.readings.keys().map(|u| u.as_str()).collect();
    if !also.is_empty() {
        words.push(format!("with `use` also read for {}", also.join(", ")));
    }
    let fields = match fields.is_empty() {
        true => String::new(),
        false => format!("{stop}{}{}{colon}{}", said("Fields"), said(doubt), fields.join(", ")),
    };
    let words: Vec<String> = words.iter().map(|word| said(word).into_owned()).collect();
    format!("{}{colon}{}{about}{fields}", part.name, words.join(comma))
}

fn way(way: &Way, zh: bool) -> String {
    let mut line = way.from.clone();
    if let Some(revision) = &way.revision {
        line += &said(&format!(" at {revision}"));
    }
    let parts: Vec<&str> = way.files.keys().map(String::as_str).filter(|p| *p != "all").collect();
    if !parts.is_empty() {
        line += &format!(" ({})", parts.join(", "));
    }
    if way.unverified {
        line += &said("; not verified");
    }
    if way.gated {
        line += &said("; one must ask for access there");
    }
    if let Some(lost) = way.lost(zh) {
        line += &said(&format!("; lost: {lost}"));
    }
    if !way.uses.is_empty() {
        let uses: Vec<&str> = way.uses.iter().map(|u| u.as_str()).collect();
        line += &said(&format!("; still good for {}", uses.join(", ")));
    }
    if let Some(how) = &way.how {
        line += &format!("{}{}", signs(zh)[1], if zh { &how.zh } else { &how.en });
    }
    line
}

struct Page {
    text: String,
    columns: usize,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.text += line.trim_end();
        self.text.push('\n');
    }

    fn wrapped(&mut self, text: &str) {
        self.text += &table::hanging("", &table::line(&said(text)), self.columns);
    }

    fn fact(&mut self, name: &str, value: &str) {
        self.text += &table::hanging(&table::left(&said(name), 11), &table::line(&said(value)), self.columns);
    }

    /// Languages, sizes, access, licences, and where they are from.
    fn facts(&mut self, card: &Card, zh: bool) {
        let doubt = |fact: &str| doubt(card, fact);
        let figure = |fact: &str, value: Option<String>| value.map(|v| format!("{v}{}", doubt(fact)));
        self.fact("languages", &format!("{}{}", card.languages.join(", "), doubt("languages")));
        self.fact("rows", &figure("rows", card.rows.map(count)).unwrap_or_else(|| "not known".into()));
        self.fact("tokens", &figure("tokens", card.tokens.map(count)).unwrap_or_else(|| "not stated".into()));
        if let Some(year) = figure("year", card.year.map(|y| y.to_string())) {
            self.fact("year", &year);
        }
        self.fact("access", card.access().as_str());
        if let Some(other) = &card.superseded_by {
            self.fact("status", &format!("superseded: take `{other}`"));
        } else if let Some(why) = card.reproduce {
            self.fact("status", &format!("only to reproduce older models: {}", why.said(zh)));
        }
        self.fact("to fetch", &figure("bytes", card.bytes.map(size)).unwrap_or_else(|| "not known".into()));
        for license in &card.license {
            let (name, says) = license.said(zh);
            let line = format!("{name} ({}), says {says}{}", license.kind.as_str(), doubt("license"));
            self.fact("licence", &line);
        }
        if card.freedom() != Freedom::Open {
            self.fact("", &format!("fetching it needs `--accept-license {}`", card.name));
        }
        self.fact("homepage", &card.homepage);
        self.fact("citation", &format!("{}{}", card.citation.as_deref().unwrap_or("none given"), doubt("citation")));
        if !card.used_by.is_empty() {
            let by = match zh && !card.used_by_zh.is_empty() {
                true => card.used_by_zh.join("、"),
                false => card.used_by.join(if zh { "、" } else { ", " }),
            };
            self.fact("used by", &format!("{by}{}", doubt("used_by")));
        }
    }

    fn title(&mut self, title: &str, doubt: &str) {
        self.line("");
        self.line(&format!("# {}{}", said(title), said(doubt)));
    }

    fn bullet(&mut self, text: &str) {
        self.text += &table::hanging("- ", &table::line(text), self.columns);
    }
}
