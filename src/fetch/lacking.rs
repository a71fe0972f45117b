//! What the store lacks, told before anything is fetched: parts, sizes, licences, and the one command that fetches just
//! that.

use serde::Serialize;

use super::targets::{self, Target};
use super::{Want, door, room, routes, ways};
use crate::catalog::card::{Access, Words};
use crate::catalog::{Card, Catalog, Freedom};
use crate::disk;
use crate::store::Store;
use crate::text::figures::{plural, size};
use crate::text::shell::quoted;
use crate::{Error, Result};

/// Everything that is wanted and not there.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Lacking {
    /// The sets, in the order in which they are wanted.
    pub sets: Vec<LackingSet>,
    /// What they come to, as far as their cards tell.
    pub bytes: u64,
    /// Parts whose size no card tells.
    pub untold: usize,
    /// What is wrong where the disk of the store does not hold it.
    pub short: Option<String>,
    /// The one command that fetches all that a program can fetch; none where all of it comes by hand.
    pub command: Option<String>,
}

/// A set that the store lacks, and the parts that are wanted of it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LackingSet {
    /// As on the command line, with its revision.
    pub name: String,
    /// The parts.
    pub parts: Vec<String>,
    /// What they come to, as far as the card tells.
    pub bytes: u64,
    /// Parts whose size it does not tell.
    pub untold: usize,
    /// Their licences, each in one line; none where the host tells it once it is asked.
    pub licenses: Vec<String>,
    /// The word that accepts them, where one is not open.
    pub accept: Option<String>,
    /// The address where access has to be requested, for a gated set.
    pub gated: Option<String>,
    /// Parts that only a person can fetch, how, and the command that then imports them.
    pub by_hand: Option<ByHand>,
}

/// Parts that only a person can download.
#[derive(Clone, Debug, Serialize)]
pub struct ByHand {
    /// The parts.
    pub parts: Vec<String>,
    /// Instructions for a person.
    pub how: Words,
    /// The command that imports them.
    pub command: String,
}

impl Lacking {
    /// What is told of the parts wanted, all of which `store` lacks.
    ///
    /// # Errors
    /// A set or a part that is not known.
    pub fn of(catalog: &Catalog, store: &Store, wants: &[Want]) -> Result<Self> {
        let mut all = Lacking::default();
        let mut asked: Vec<(Target, String)> = Vec::new();
        for want in wants {
            let name = std::slice::from_ref(&want.card);
            let target = targets::read(catalog, name, &want.parts, want.revision.as_deref())?.remove(0);
            let set = set(&target, want)?;
            let by_program = |part: &&String| !set.by_hand.as_ref().is_some_and(|hand| hand.parts.contains(part));
            let parts: Vec<String> = set.parts.iter().filter(by_program).cloned().collect();
            if !parts.is_empty() {
                asked.push((Target { parts, ..target }, set.name.clone()));
            }
            all.bytes += set.bytes;
            all.untold += set.untold;
            all.sets.push(set);
        }
        all.command = (!asked.is_empty()).then(|| command(&asked));
        let place = store.root().display().to_string();
        all.short = disk::free(store.root()).and_then(|free| room::short(all.bytes, free, &place));
        Ok(all)
    }

    /// How many parts there are.
    pub fn parts(&self) -> usize {
        self.sets.iter().map(|s| s.parts.len()).sum()
    }

    /// The licences of all of it, each once.
    fn licenses(&self, hub: &'static str) -> String {
        let mut licenses: Vec<&str> = Vec::new();
        for line in self.sets.iter().flat_map(|s| &s.licenses) {
            if !licenses.contains(&line.as_str()) {
                licenses.push(line);
            }
        }
        if self.sets.iter().any(|s| s.licenses.is_empty()) {
            licenses.push(hub);
        }
        licenses.join("; ")
    }

    /// What would come, in one line: `4 parts, about 6.1 GiB, these licences: …`.
    pub fn amount(&self) -> String {
        let (parts, licenses) = (plural(self.parts() as u64, "part"), self.licenses("what the hub tells"));
        let word = if licenses.contains("; ") { "these licences" } else { "this licence" };
        format!("{parts}, {}, {word}: {licenses}", about(self.bytes, self.untold))
    }

    /// The amount in Chinese.
    pub fn amount_zh(&self) -> String {
        let size = match (self.bytes, self.untold) {
            (0, _) => "大小未知".to_owned(),
            (bytes, 0) => format!("约 {}", size(bytes)),
            (bytes, untold) => format!("约 {}，另有 {untold} 个部分大小未知", size(bytes)),
        };
        format!("{} 个部分，{size}，许可证：{}", self.parts(), self.licenses("以平台所述为准"))
    }

    /// The sets, a line each, with what stands before them.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for set in &self.sets {
            let licenses =
                if set.licenses.is_empty() { "licence: what the hub tells".into() } else { set.licenses.join("; ") };
            let (name, parts) = (&set.name, set.parts.join(", "));
            let mut line = format!("{name} ({parts}) · {} · {licenses}", about(set.bytes, set.untold));
            if set.accept.is_some() {
                line = [&line, "to be accepted"].join(" · ");
            }
            lines.push(line);
            if let Some(page) = &set.gated {
                lines.push(format!("  gated: ask for access first (see {page}), and set HF_TOKEN"));
            }
            if let Some(hand) = &set.by_hand {
                lines.push(format!("  by hand ({}): {}", hand.parts.join(", "), hand.how.en));
                lines.push(format!("  {}", hand.how.zh));
                lines.push(format!("  then: {}", hand.command));
            }
        }
        if let Some(short) = &self.short {
            lines.push(format!("the disk is too small: {short}: {}", room::CURE));
        }
        lines
    }

    /// The commands that get all of it, one line each: the fetch, and imports of what comes by hand.
    pub fn commands(&self) -> Vec<&str> {
        let hand = self.sets.iter().filter_map(|s| Some(s.by_hand.as_ref()?.command.as_str()));
        self.command.iter().map(String::as_str).chain(hand).collect()
    }

    /// As an error, where nothing may be fetched.
    pub fn error(&self, store: &Store) -> Error {
        let names: Vec<String> = self.sets.iter().map(|s| format!("{} ({})", s.name, s.parts.join(", "))).collect();
        let message = format!(
            "the store {} lacks {}: {}",
            store.root().display(),
            names.join("; "),
            plural(self.parts() as u64, "part")
        );
        Error::input(message, format!("where the network may be used, run\n  {}", self.commands().join("\n  ")))
    }
}

/// A size that a card tells.
fn about(bytes: u64, untold: usize) -> String {
    match (bytes, untold) {
        (0, _) => "size unknown".into(),
        (bytes, 0) => format!("about {}", size(bytes)),
        (bytes, untold) => format!("about {} and {} of unknown size", size(bytes), plural(untold as u64, "part")),
    }
}

/// A set, looked up.
fn set(target: &Target, want: &Want) -> Result<LackingSet> {
    let revision = want.revision.as_ref().filter(|r| !want.card.ends_with(&format!("@{r}")));
    let name = revision.map_or_else(|| want.card.clone(), |r| format!("{}@{r}", want.card));
    let parts = target.parts.clone();
    let Some(card) = &target.card else {
        let stated = ways::of(&want.card).and_then(|way| way.license());
        // A hub tells the licence of a set when it is asked for it; nobody tells that of a bare address.
        let unknown = stated.is_none() && !want.card.contains("://");
        let (mut licenses, mut accept) = (Vec::new(), None);
        if !unknown {
            (licenses, accept) = in_force(target, stated.as_ref());
        }
        return Ok(LackingSet { name, untold: parts.len(), parts, licenses, accept, ..LackingSet::default() });
    };
    let (bytes, untold) = card.bytes_of(parts.iter().map(String::as_str));
    let untold = untold.len();
    let (licenses, accept) = in_force(target, None);
    let gated = (card.access() == Access::Gated).then(|| card.homepage.clone());
    let by_hand = by_hand(target, card, accept.as_deref())?;
    Ok(LackingSet { name, parts, bytes, untold, licenses, accept, gated, by_hand })
}

/// The licences of the parts of a target, and the word that accepts them.
pub(super) fn in_force(
    target: &Target,
    stated: Option<&crate::catalog::card::License>,
) -> (Vec<String>, Option<String>) {
    let all = door::in_force(target, stated);
    let mut lines: Vec<String> = Vec::new();
    for license in all.values() {
        let line = match license.freedom {
            Freedom::Open | Freedom::Unstated => license.line.clone(),
            freedom => format!("{} [{}]", license.line, freedom.as_str()),
        };
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    let closed = all.values().any(|l| l.freedom != Freedom::Open);
    (lines, closed.then(|| door::word(target)))
}

/// The parts to which no way leads that a program can go.
fn by_hand(target: &Target, card: &Card, accept: Option<&str>) -> Result<Option<ByHand>> {
    let routes = routes::of(target, None)?;
    let unreached = |part: &&String| !routes.iter().any(|r| r.parts.contains(*part));
    let parts: Vec<String> = target.parts.iter().filter(unreached).cloned().collect();
    let Some(how) = card.way.iter().find_map(|w| w.how.clone()).filter(|_| !parts.is_empty()) else { return Ok(None) };
    let command = import_command(card, &parts, accept);
    Ok(Some(ByHand { parts, how, command }))
}

/// The command that imports these parts of a card; `accept` is the word that its licences need, where they need one.
pub(super) fn import_command(card: &Card, parts: &[String], accept: Option<&str>) -> String {
    let mut command = format!("corpus fetch {}", card.name);
    if card.part.len() > 1 {
        parts.iter().for_each(|part| command += &format!(" --part {part}"));
    }
    command += " --from FILE_OR_FOLDER";
    accept.iter().for_each(|word| command += &format!(" --accept-license {}", quoted(word)));
    command
}

/// The command that fetches these parts of these sets, and nothing else.
fn command(asked: &[(Target, String)]) -> String {
    let mut words = vec!["corpus fetch".to_owned()];
    words.extend(asked.iter().map(|(_, name)| quoted(name)));
    let mut parts: Vec<String> = Vec::new();
    for (target, _) in asked {
        let Some(card) = target.card.as_ref().filter(|c| c.part.len() > 1) else { continue };
        for part in &target.parts {
            // Bare where no other set here would take it for one of its own.
            let taken = |(other, _): &&(Target, String)| {
                other.key != target.key && other.card.as_ref().is_some_and(|c| c.part(part).is_some())
            };
            let own = asked.iter().any(|other| taken(&other));
            parts.push(if own { format!("{}/{part}", card.name) } else { part.clone() });
        }
    }
    let mut accept: Vec<String> = Vec::new();
    for (target, _) in asked {
        let host_tells = target.card.is_none() && !target.from.iter().any(|f| f.contains("://"));
        let stated = target.from.first().and_then(|f| ways::of(f)).and_then(|way| way.license());
        let (_, word) = in_force(target, stated.as_ref());
        accept.extend(word.filter(|_| !host_tells));
    }
    let unique = |words: Vec<String>, option: &str| {
        let mut seen: Vec<String> = Vec::new();
        for word in words.iter().map(|w| format!("{option} {}", quoted(w))) {
            if !seen.contains(&word) {
                seen.push(word);
            }
        }
        seen
    };
    words.extend(unique(parts, "--part"));
    words.extend(unique(accept, "--accept-license"));
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(wants: &[(&str, &[&str], Option<&str>)]) -> Lacking {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path().join("store")).unwrap();
        let want = |(card, parts, revision): &(&str, &[&str], Option<&str>)| Want {
            card: (*card).to_owned(),
            parts: parts.iter().map(|p| (*p).to_owned()).collect(),
            revision: revision.map(str::to_owned),
        };
        let wants: Vec<Want> = wants.iter().map(want).collect();
        Lacking::of(&Catalog::load(None).unwrap(), &store, &wants).unwrap()
    }

    #[test]
    fn one_command_fetches_just_what_is_lacking() {
        let lacking = of(&[
            ("nlp_chinese_corpus", &["webtext2019zh", "news2016zh"], None),
            ("alpaca", &["all"], None),
            ("hf:a/b", &["all"], Some("v1")),
        ]);
        assert_eq!(
            lacking.command.as_deref().unwrap(),
            "corpus fetch nlp_chinese_corpus alpaca hf:a/b@v1 --part news2016zh --part webtext2019zh \
             --accept-license nlp_chinese_corpus --accept-license alpaca"
        );
        let amount = lacking.amount();
        assert!(amount.starts_with("4 parts, about 5.0 GiB and 1 part of unknown size, these licences: "), "{amount}");
        assert!(amount.contains("MIT | unstated; ") && amount.ends_with("; what the hub tells"), "{amount}");
        // A part whose licence is its own needs no acceptance.
        let open = of(&[("nlp_chinese_corpus", &["wiki2019zh"], None)]);
        assert_eq!(open.command.as_deref(), Some("corpus fetch nlp_chinese_corpus --part wiki2019zh"));
    }

    #[test]
    fn parts_that_only_people_fetch_are_told_apart() {
        let catalog = Catalog::load(None).unwrap();
        let hand = catalog.iter().find(|c| c.access() == Access::ByHand && !c.evaluation).unwrap();
        let part = hand.part[0].name.as_str();
        let lacking = of(&[(&hand.name, &[part], None), ("alpaca", &["all"], None)]);
        assert_eq!(lacking.command.as_deref(), Some("corpus fetch alpaca --accept-license alpaca"));
        let lines = lacking.lines().join("\n");
        assert!(lines.contains(&hand.way[0].how.as_ref().unwrap().zh) && lines.contains("--from FILE_OR_FOLDER"));
        assert_eq!(of(&[(&hand.name, &[part], None)]).command, None);
    }
}
