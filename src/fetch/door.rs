//! Licences at the door: what is not open is told before anything is fetched, and accepted by name.

use std::collections::BTreeMap;

use super::names;
use super::targets::Target;
use crate::catalog::Freedom;
use crate::catalog::card::License;
use crate::messages::{chinese, said};
use crate::text::shell::quoted;
use crate::{Error, Result};

/// The licence in force for a part.
#[derive(Clone, Debug, PartialEq)]
pub struct InForce {
    /// All licences in one line.
    pub line: String,
    /// The strictest class of all licences of the set.
    pub freedom: Freedom,
    /// Each, with who says so.
    pub each: Vec<License>,
    /// By which word it was accepted, where it had to be.
    pub accepted: Option<String>,
}

/// A licence by the name that a hub gives it.
pub fn license(name: &str, says: &str) -> License {
    License::new(names::shown(name.trim()), freedom(name), says)
}

/// The licence of a set for which nobody states one.
pub fn unstated() -> License {
    License::new("unstated", Freedom::Unstated, "nobody")
}

/// How free a licence is, by its name.
fn freedom(name: &str) -> Freedom {
    let name = name.trim().to_ascii_lowercase().replace([' ', '_'], "-");
    let word = |w: &str| name.split('-').any(|part| part == w);
    if matches!(name.as_str(), "" | "unknown" | "unstated" | "none") {
        return Freedom::Unstated;
    }
    if word("nc") || name.contains("noncommercial") || name.contains("non-commercial") {
        return Freedom::Noncommercial;
    }
    if word("research") || word("academic") {
        return Freedom::Research;
    }
    let heads = [
        "apache",
        "mit",
        "bsd",
        "cc0",
        "cc-by",
        "odc-by",
        "odbl",
        "pddl",
        "gpl",
        "lgpl",
        "agpl",
        "gfdl",
        "gnu",
        "mpl",
        "isc",
        "unlicense",
        "wtfpl",
        "zlib",
        "artistic",
        "afl",
        "cdla",
        "eupl",
        "ecl",
        "epl",
        "ms-pl",
        "ofl",
        "osl",
        "postgresql",
        "ncsa",
        "lppl",
        "etalab",
        "public-domain",
        "mulanpsl",
        "c-uda",
        "bsl",
        "0bsd",
    ];
    // No derivatives: what a build makes of it is one.
    if word("nd") || !heads.iter().any(|head| name.starts_with(head)) { Freedom::Custom } else { Freedom::Open }
}

/// The licences of the parts of a target, before any acceptance. `stated` is what the host says of a set without card.
pub fn in_force(target: &Target, stated: Option<&License>) -> BTreeMap<String, InForce> {
    let of = |part: &String| {
        let each: Vec<License> = match &target.card {
            Some(card) => match card.part(part).and_then(|p| p.license.clone()) {
                Some(license) => vec![license],
                None => card.license.clone(),
            },
            None => vec![stated.cloned().unwrap_or_else(unstated)],
        };
        let line = each.iter().map(|l| l.name.as_str()).collect::<Vec<_>>().join(" | ");
        let freedom = each.iter().map(|l| l.kind).max().unwrap_or(Freedom::Unstated);
        InForce { line, freedom, each, accepted: None }
    };
    target.parts.iter().map(|part| (part.clone(), of(part))).collect()
}

/// Lets a target in, or says which licences must be accepted, who states them, and how.
///
/// # Errors
/// A licence that is not open and was not accepted.
pub fn pass(
    target: &Target,
    stated: Option<&License>,
    accept: &[String],
    command: &str,
) -> Result<BTreeMap<String, InForce>> {
    let all = accepted(target, stated, accept);
    let closed = closed(&all);
    if closed.is_empty() { Ok(all) } else { Err(refused(&[(target, closed)], command)) }
}

/// Lets all in whose licence is known before anybody is asked (that of a card; of a bare address nobody tells one), or
/// says of all of them at once what must be accepted.
///
/// # Errors
/// Licences that are not open and were not accepted.
pub fn pass_all(targets: &[Target], accept: &[String], command: &str) -> Result<()> {
    let known = targets.iter().filter(|t| t.card.is_some() || t.from.iter().any(|from| from.contains("://")));
    let all: Vec<_> = known.map(|t| (t, accepted(t, None, accept))).collect();
    let refusals: Vec<_> = all.iter().map(|(t, all)| (*t, closed(all))).filter(|(_, c)| !c.is_empty()).collect();
    if refusals.is_empty() { Ok(()) } else { Err(refused(&refusals, command)) }
}

/// The licences of a target, each with the word that accepts it, where one does.
fn accepted(target: &Target, stated: Option<&License>, accept: &[String]) -> BTreeMap<String, InForce> {
    let mut all = in_force(target, stated);
    for (part, license) in all.iter_mut().filter(|(_, l)| l.freedom != Freedom::Open) {
        license.accepted = accept.iter().find(|word| accepts(target, part, license, word)).cloned();
    }
    all
}

/// A part whose licence stands before it.
type Closed<'a> = (&'a String, &'a InForce);

fn closed(all: &BTreeMap<String, InForce>) -> Vec<Closed<'_>> {
    all.iter().filter(|(_, l)| l.freedom != Freedom::Open && l.accepted.is_none()).collect()
}

/// The word that accepts all of a target.
pub fn word(target: &Target) -> String {
    match (&target.card, target.from.as_slice()) {
        (Some(card), _) => card.name.clone(),
        (None, [from]) if !from.contains("://") => from.clone(),
        _ => "unstated".into(),
    }
}

/// A licence with who states it, in the language of the reader.
fn stated(license: &License) -> String {
    let (name, says) = license.said(chinese());
    match chinese() {
        true => format!("{}（{}），依据：{}", said(name), license.kind.zh(), said(says)),
        false => format!("{name} [{}], says {says}", license.kind.as_str()),
    }
}

/// The error of licences that were not accepted.
fn refused(refusals: &[(&Target, Vec<Closed<'_>>)], command: &str) -> Error {
    // A set of addresses is known to people by them.
    let shown = |target: &Target| match (&target.card, target.from.first()) {
        (None, Some(from)) if from.contains("://") => super::endpoints::shown(from),
        _ => target.name.clone(),
    };
    let names: Vec<String> = refusals.iter().map(|(target, _)| shown(target)).collect();
    let several = names.len() > 1;
    let mut message = match names.as_slice() {
        [name] => format!("the licence of {name} has to be accepted first"),
        names => format!("the licences of {} have to be accepted first", names.join(", ")),
    };
    let (mut homes, mut words) = (Vec::new(), Vec::new());
    for (target, closed) in refusals {
        let mut lines: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (part, license) in closed {
            let each: Vec<String> = license.each.iter().map(stated).collect();
            lines.entry(each.join(if chinese() { "；" } else { "; " })).or_default().push(part);
        }
        for (license, parts) in lines {
            let of = if several { format!("{}: ", shown(target)) } else { String::new() };
            let only = target.card.is_some() && target.parts.len() > 1;
            let parts = if only { format!("{}: ", parts.join(", ")) } else { String::new() };
            message += &format!("\n  {of}{parts}{license}");
        }
        homes.extend(target.card.as_ref().map(|c| c.homepage.as_str()));
        let word = format!(" --accept-license {}", quoted(&word(target)));
        if !words.contains(&word) {
            words.push(word);
        }
    }
    let home = if homes.is_empty() { String::new() } else { format!(" (see {})", homes.join(", ")) };
    Error::input(message, format!("if you may use it so{home}, run\n  {command}{}", words.concat()))
}

fn accepts(target: &Target, part: &str, license: &InForce, word: &str) -> bool {
    let word = word.trim();
    let same = |other: &str| other.eq_ignore_ascii_case(word);
    let of_set = same(&target.name)
        || target.from.iter().any(|from| same(from) || from.split_once(':').is_some_and(|p| same(p.1)));
    let of_part = target.card.is_some() && same(part) && part != "all";
    // One licence of several is accepted by its name only if no stricter one stands beside it.
    let of_license = same(&license.line) || license.each.iter().any(|l| same(&l.name) && l.kind == license.freedom);
    of_set || of_part || of_license
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::fetch::targets;

    #[test]
    fn names_tell_freedom() {
        for (name, kind) in [
            ("apache-2.0", Freedom::Open),
            ("Apache License 2.0", Freedom::Open),
            ("cc-by-sa-4.0", Freedom::Open),
            ("cc-by-nc-sa-4.0", Freedom::Noncommercial),
            ("cc-by-nd-4.0", Freedom::Custom),
            ("other", Freedom::Custom),
            ("llama3", Freedom::Custom),
            ("unknown", Freedom::Unstated),
            ("odc-by", Freedom::Open),
            ("openrail", Freedom::Custom),
        ] {
            assert_eq!(freedom(name), kind, "{name}");
        }
    }

    #[test]
    fn what_is_not_open_is_accepted_by_name() {
        let catalog = Catalog::load(None).unwrap();
        let target = |name: &str| targets::read(&catalog, &[name.to_owned()], &[], None).unwrap().remove(0);
        let corpus = target("nlp_chinese_corpus");
        let pass = |target: &Target, accept: &[&str]| {
            let accept: Vec<String> = accept.iter().map(|a| (*a).to_owned()).collect();
            pass(target, None, &accept, "corpus fetch x")
        };
        let refused = pass(&corpus, &[]).unwrap_err();
        assert!(refused.to_string().contains("nobody") && refused.exit_code() == 1);
        assert!(refused.hint().unwrap().contains("--accept-license nlp_chinese_corpus"));
        assert!(!refused.to_string().contains("wiki2019zh"), "{refused}");
        for wrong in [&["alpaca"][..], &["news2016zh"], &["MIT"], &["all"]] {
            assert!(pass(&corpus, wrong).is_err(), "{wrong:?}");
        }
        let passed = pass(&corpus, &["nlp_chinese_corpus"]).unwrap();
        assert_eq!(passed["wiki2019zh"].accepted, None);
        assert_eq!(passed["news2016zh"].accepted.as_deref(), Some("nlp_chinese_corpus"));
        assert!(pass(&corpus, &["unstated"]).is_ok());
        assert!(pass(&target("hf:a/b"), &[]).is_err());
        for right in ["hf:a/b", "a/b", "unstated"] {
            assert!(pass(&target("hf:a/b"), &[right]).is_ok());
        }
    }
}
