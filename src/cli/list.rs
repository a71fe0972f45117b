//! `corpus list`: what there is to build with.

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::{Context, Format, sources, table, ui};
use crate::catalog::card::Words;
use crate::catalog::{Card, Catalog, picks};
use crate::messages::{chinese, said};
use crate::output::export::{self, Exporter};
use crate::output::tokens;
use crate::recipe::kinds;
use crate::rows::Use;
use crate::stages::Kind;
use crate::text::figures::count;
use crate::{Error, Result, formats, recipe, stages};

/// List data sets, stages, formats, signals, recipes and layouts of trainers.
#[derive(Debug, Args)]
pub struct List {
    /// Only one of the lists [default: all but problems].
    #[arg(value_enum)]
    what: Option<Section>,
    #[command(flatten)]
    filter: sources::Filter,
    /// Data sets that we would take, by task.
    #[arg(long)]
    best: bool,
}

/// A list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Section {
    /// What can happen to rows.
    Stages,
    /// What raw files can look like.
    Formats,
    /// Shipped recipes.
    Recipes,
    /// What can be measured, and asked for in a `keep`.
    Signals,
    /// Layouts of trainers.
    Exports,
    /// Data sets.
    Sources,
    /// What can be wrong with a recipe.
    Problems,
}

/// A line of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// The word in recipes.
    pub name: String,
    /// What kind of thing it is.
    pub kind: String,
    /// One line.
    pub about: String,
}

impl Item {
    fn new(name: &str, kind: &str, about: &str) -> Self {
        Item { name: name.to_owned(), kind: kind.to_owned(), about: about.to_owned() }
    }

    /// Its line for people.
    fn cells(self) -> Vec<String> {
        vec![self.name, said(&self.kind).into_owned(), said(&self.about).into_owned()]
    }
}

impl Section {
    fn title(self) -> &'static str {
        match self {
            Section::Stages => "stages",
            Section::Formats => "formats",
            Section::Recipes => "recipes",
            Section::Signals => "signals",
            Section::Exports => "exports",
            Section::Sources => "sources",
            Section::Problems => "problems",
        }
    }

    /// Its items, sorted by name.
    pub fn items(self) -> Vec<Item> {
        let mut items: Vec<Item> = match self {
            Section::Stages => stages::ALL.iter().map(|e| Item::new(e.name, e.kind, e.about)).collect(),
            Section::Formats => {
                let containers = formats::containers::ALL.iter().map(|c| Item::new(c.name(), "container", c.about()));
                let shapes = formats::shapes::ALL.iter().map(|s| {
                    let uses: Vec<&str> = s.uses().iter().map(|u| u.as_str()).collect();
                    Item::new(s.name(), "shape", &with(s.about(), &uses.join(", ")))
                });
                containers.chain(shapes).collect()
            }
            Section::Recipes => {
                recipe::SHIPPED.iter().map(|(name, text)| Item::new(name, "recipe", &about(text))).collect()
            }
            Section::Signals => signals(),
            Section::Exports => {
                let words = |uses: &[Use]| uses.iter().map(|u| u.as_str()).collect::<Vec<_>>().join(", ");
                let uses = |e: &dyn Exporter| words(e.uses());
                let of_text = export::ALL.iter().map(|e| Item::new(e.name(), "layout", &with(e.about(), &uses(*e))));
                let of_ids = tokens::ALL.iter().map(|l| {
                    let uses = [l.uses(false), l.uses(true)].concat();
                    Item::new(l.name(), "token ids", &with(l.about(), &words(&uses)))
                });
                of_text.chain(of_ids).collect()
            }
            Section::Problems => kinds::ALL.iter().map(|row| Item::new(row.id, row.code, row.title)).collect(),
            Section::Sources => crate::catalog::shipped().iter().map(source).collect(),
        };
        items.sort_by(|a, b| a.name.cmp(&b.name).then(a.kind.cmp(&b.kind)));
        items
    }
}

/// The line of a data set.
fn source(card: &Card) -> Item {
    let usage = match (&card.model, card.evaluation) {
        (Some(_), _) => "model",
        (None, true) => "evaluation",
        (None, false) => card.best.as_str(),
    };
    let zh = chinese();
    let rows = card.rows.map(|rows| said(&format!("{} rows", count(rows))).into_owned());
    let freedom = if zh { card.freedom().zh() } else { card.freedom().as_str() };
    let facts = [Some(card.languages.join(" ")), rows, Some(freedom.to_owned())];
    let facts: Vec<String> = facts.into_iter().flatten().collect();
    let title = if zh { &card.title.zh } else { &card.title.en };
    let about = with(title, &facts.join(if zh { "，" } else { ", " }));
    Item { name: card.name.clone(), kind: usage.to_owned(), about }
}

/// What a thing is, with what is to be known of it in brackets, in the language of the reader.
fn with(about: &str, more: &str) -> String {
    let (about, more) = (said(about), said(more));
    if chinese() { format!("{about}（{more}）") } else { format!("{about} ({more})") }
}

/// What a recipe says that it is for.
fn about(text: &str) -> String {
    let table = text.parse::<toml::Table>().unwrap_or_default();
    table.get("about").and_then(|a| a.as_str()).unwrap_or_default().to_owned()
}

/// The signals that stages measure, with the stages that do.
fn signals() -> Vec<Item> {
    let mut found: BTreeMap<&str, (&str, &str, Vec<&stages::Entry>)> = BTreeMap::new();
    for entry in stages::ALL {
        for signal in entry.signals {
            let kind = match signal.kind {
                Kind::Int if signal.message => "message",
                Kind::Int => "number",
                Kind::Float => "share",
                Kind::Text => "word",
                // No rule can look at it.
                Kind::Words | Kind::Key | Kind::Bytes | Kind::Fixed(_) | Kind::Spans => continue,
            };
            found.entry(signal.name).or_insert((kind, signal.about, Vec::new())).2.push(entry);
        }
    }
    let about = |by: &[&stages::Entry]| {
        if by.first().is_some_and(|entry| entry.implied.is_some()) {
            return "measured wherever a `keep` asks for it".to_owned();
        }
        let names: Vec<&str> = by.iter().map(|entry| entry.name).collect();
        format!("measured by `{}`", names.join("`, `"))
    };
    let item = |(name, (kind, what, by)): (&str, (&str, &str, Vec<&stages::Entry>))| match what {
        "" => Item::new(name, kind, &about(&by)),
        what => Item::new(name, kind, &with(what, &about(&by))),
    };
    found.into_iter().map(item).collect()
}

impl List {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// As [`Catalog::load`]; [`Error::Other`] where a filter has a word that is none, or is for another list.
    pub fn run(self, context: &Context) -> Result<()> {
        if self.best {
            return self.picks(context);
        }
        if self.what == Some(Section::Sources) || self.filter.is_set() {
            return self.sources(context);
        }
        // Problems are looked up one by one: they are listed when asked for.
        let all =
            [Section::Stages, Section::Formats, Section::Signals, Section::Recipes, Section::Exports, Section::Sources];
        let sections: Vec<Section> = self.what.map_or(all.to_vec(), |one| vec![one]);
        if context.format == Format::Json {
            let mut lists = serde_json::Map::from_iter([("v".to_owned(), json!(1))]);
            for section in sections {
                let items =
                    section.items().into_iter().map(|i| json!({"name": i.name, "kind": i.kind, "about": i.about}));
                lists.insert(section.title().to_owned(), items.collect());
            }
            return super::print(&format!("{}\n", serde_json::Value::Object(lists)));
        }
        let columns = table::lists();
        let mut text = String::new();
        for section in &sections {
            let items = section.items();
            if items.is_empty() {
                continue;
            }
            let rows: Vec<Vec<String>> = items.into_iter().map(Item::cells).collect();
            if sections.len() > 1 {
                text += &format!("{}{}\n", if text.is_empty() { "" } else { "\n" }, said(section.title()));
                text += &table::table(&rows, 2, columns);
            } else {
                text += &table::table(&rows, 0, columns);
            }
        }
        super::print(&text)?;
        ui::say(context, "next: `corpus explain NAME`");
        Ok(())
    }

    /// What to take for each task, of the data sets that pass the filter.
    fn picks(self, context: &Context) -> Result<()> {
        if self.what.is_some_and(|w| w != Section::Sources) {
            return Err(Error::other("--best is for data sets", "`corpus list sources --best`"));
        }
        let cards = self.filter.cards(&Catalog::load(None)?)?;
        let of = |pick: &picks::Pick| cards.iter().find(|c| c.name == pick.card);
        if context.format == Format::Json {
            let tasks = picks::all().iter().map(|task| {
                let picks = task.pick.iter().filter(|p| of(p).is_some());
                json!({"name": task.name, "title": task.title, "advice": task.advice, "picks": picks.collect::<Vec<_>>()})
            });
            return super::print(&format!("{}\n", json!({"v": 1, "best": tasks.collect::<Vec<_>>()})));
        }
        let zh = chinese();
        let word = |words: &Words| if zh { words.zh.clone() } else { words.en.clone() };
        let mut text = String::new();
        for task in picks::all() {
            let rows: Vec<Vec<String>> = (task.pick.iter())
                .filter_map(|pick| Some((pick, of(pick)?)))
                .map(|(pick, card)| vec![card.name.clone(), sources::short(card, zh), word(&pick.why)])
                .collect();
            if !rows.is_empty() {
                text += &format!(
                    "{}{}{}{}\n",
                    if text.is_empty() { "" } else { "\n" },
                    word(&task.title),
                    if zh { "：" } else { ": " },
                    word(&task.advice)
                );
                text += &table::table(&rows, 2, table::lists());
            }
        }
        super::print(&text)?;
        ui::say(context, if text.is_empty() { "no data set is like that" } else { "next: `corpus explain NAME`" });
        Ok(())
    }

    /// Data sets, private ones among them.
    fn sources(self, context: &Context) -> Result<()> {
        if self.what.is_some_and(|w| w != Section::Sources) {
            let cure = "`corpus list sources --use rlhf --language zh --license open`";
            return Err(Error::other("--use, --language and --license are for data sets", cure));
        }
        let cards = self.filter.cards(&Catalog::load(None)?)?;
        let cards = picks::ranked(&cards);
        if context.format == Format::Json {
            let cards: Vec<_> = cards.iter().map(|card| sources::json(card)).collect();
            return super::print(&format!("{}\n", json!({"v": 2, "sources": cards})));
        }
        let items = cards.iter().map(|card| source(card));
        let rows: Vec<Vec<String>> = items.map(Item::cells).collect();
        super::print(&table::table(&rows, 0, table::lists()))?;
        let more = if cards.is_empty() { "no data set is like that" } else { "next: `corpus explain NAME`" };
        ui::say(context, more);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_and_say_something() {
        for section in [Section::Stages, Section::Formats, Section::Signals] {
            let items = section.items();
            assert!(items.is_sorted_by(|a, b| a.name <= b.name), "{section:?}");
            assert!(items.iter().all(|i| !i.name.is_empty() && !i.kind.is_empty()), "{section:?}");
        }
        assert!(Section::Stages.items().iter().any(|i| i.name == "keep" && i.kind == "keep"));
        assert!(Section::Sources.items().iter().any(|i| i.name == "alpaca" && i.kind == "instruct"));
    }
}
