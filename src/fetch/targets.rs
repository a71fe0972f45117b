//! What a name means: a card of the catalog, or a set by its address.

use url::Url;

use super::{names, ways};
use crate::catalog::{Card, Catalog};
use crate::store::{Store, StoredFile};
use crate::text::spelling;
use crate::{Error, Result};

/// A set to fetch.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its folder in the store.
    pub key: String,
    /// Its name for people and manifests: the card's, or the address without revision.
    pub name: String,
    /// The card, where the catalog has one.
    pub card: Option<Card>,
    /// The parts wanted; `all` without a card.
    pub parts: Vec<String>,
    /// Whether these parts were asked for by name.
    pub by_name: bool,
    /// The revision asked for.
    pub revision: Option<String>,
    /// Without a card: the addresses, all of one host and one set.
    pub from: Vec<String>,
}

impl Target {
    /// Parts of a card.
    pub fn of_card(card: &Card, parts: Vec<String>, revision: Option<String>) -> Self {
        Target {
            key: card.name.clone(),
            name: card.name.clone(),
            card: Some(card.clone()),
            parts,
            by_name: true,
            revision,
            from: Vec::new(),
        }
    }

    fn of_address(from: &str, name: String, revision: Option<String>) -> Self {
        Target {
            key: crate::store::key(&name),
            name,
            card: None,
            parts: vec!["all".into()],
            by_name: false,
            revision,
            from: vec![from.to_owned()],
        }
    }

    /// Whether its manifest grows with every address rather than being listed anew.
    pub fn grows(&self) -> bool {
        self.card.is_none() && self.from.iter().any(|from| one_file(from).is_some())
    }

    /// The paths in the store of the single files that are asked for.
    pub fn single_files(&self) -> Vec<String> {
        self.from.iter().filter_map(|from| one_file(from)).collect()
    }
}

/// The path in the store of the one file that an address names; `None` for an address of a set.
fn one_file(from: &str) -> Option<String> {
    let way = ways::of(from)?;
    if way.prefixes().contains(&"http://") {
        return ways::web::path(from);
    }
    if !way.prefixes().contains(&"s3://") {
        return None;
    }
    let (_, rest) = from.split_once("://")?;
    let (folder, name) = rest.rsplit_once('/')?;
    (!folder.is_empty() && !name.is_empty()).then(|| name.to_owned())
}

/// The files of a part of a set in the store, by the set's name as on the command line: a card, `hf:owner/name`, a URL,
/// …; `all` is the part of what is no card. `None` where the store has not all of it.
///
/// # Errors
///
/// As [`Store::find`], and an address that is none.
pub fn find(store: &Store, name: &str, part: &str, revision: Option<&str>) -> Result<Option<Vec<StoredFile>>> {
    let Some(target) = address(name, revision)? else {
        let (card, at) = name.split_once('@').map_or((name, None), |(card, at)| (card, Some(at)));
        return store.find(card, part, at.or(revision));
    };
    if !target.grows() {
        return store.find(&target.key, part, target.revision.as_deref());
    }
    for (set, manifest) in store.revisions(&target.key)? {
        let paths = target.single_files();
        if !paths.is_empty() && paths.iter().all(|path| set.has(&manifest, path)) {
            return Ok(Some(paths.iter().map(|path| set.stored(&manifest, path)).collect()));
        }
    }
    Ok(None)
}

/// An error of the command line.
fn usage(message: String, cure: impl Into<String>) -> Error {
    Error::Other { message, hint: Some(cure.into()) }
}

/// What names on the command line mean. Addresses of one web server are one set. Of `parts_asked`, `PART` is of every
/// card here that has it, `CARD/PART` of that card; a set of one part needs none.
///
/// # Errors
/// An unknown card, a part that no card here has, a card of several parts of which none is named beside others.
pub fn read(
    catalog: &Catalog,
    given: &[String],
    parts_asked: &[String],
    revision: Option<&str>,
) -> Result<Vec<Target>> {
    let mut targets: Vec<Target> = Vec::new();
    for name in given {
        let target = one(catalog, name, revision)?;
        match targets.iter_mut().find(|t| t.key == target.key && t.revision == target.revision) {
            Some(before) if target.card.is_none() => {
                for from in target.from {
                    if !before.from.contains(&from) {
                        before.from.push(from);
                    }
                }
            }
            Some(_) => {}
            None => targets.push(target),
        }
    }
    share(&mut targets, parts_asked)?;
    Ok(targets)
}

/// What one name means, with all parts that are not optional.
fn one(catalog: &Catalog, given: &str, revision: Option<&str>) -> Result<Target> {
    if let Some(target) = address(given, revision)? {
        return Ok(target);
    }
    let (name, at) = given.split_once('@').map_or((given, None), |(name, at)| (name, Some(at)));
    let card = catalog.find(name)?;
    let mut target = Target::of_card(card, parts(card, &[])?, at.or(revision).map(str::to_owned));
    target.by_name = false;
    Ok(target)
}

/// Gives each target the parts that are asked of it.
fn share(targets: &mut [Target], asked: &[String]) -> Result<()> {
    for word in asked {
        if !targets.iter().any(|t| of_target(t, word).is_some()) {
            return Err(nobody_has(targets, word));
        }
    }
    let alone = targets.len() == 1;
    for target in targets.iter_mut().filter(|_| !asked.is_empty()) {
        let mine: Vec<String> = asked.iter().filter_map(|word| of_target(target, word)).collect();
        let Some(card) = &target.card else { continue };
        if mine.is_empty() && card.part.len() > 1 && !alone {
            let names: Vec<&str> = card.part.iter().map(|p| p.name.as_str()).collect();
            let cure = format!("add --part {}/PART for each you want: {}", card.name, names.join(", "));
            return Err(usage(format!("--part names no part of {}, which is fetched beside others", card.name), cure));
        }
        if !mine.is_empty() {
            (target.parts, target.by_name) = (parts(card, &mine)?, true);
        }
    }
    Ok(())
}

/// The part of a target that a word after `--part` means.
fn of_target(target: &Target, word: &str) -> Option<String> {
    let Some(card) = &target.card else { return (word == "all").then(|| word.to_owned()) };
    let own = word.split_once('/').filter(|(name, _)| card.name == *name || card.aliases.iter().any(|a| a == name));
    let part = own.map_or(word, |(_, part)| part);
    card.part(part).map(|p| p.name.clone())
}

/// The error of a part that none of the targets has.
fn nobody_has(targets: &[Target], word: &str) -> Error {
    let shown = names::shown(word);
    match targets {
        [Target { card: None, name, .. }] => {
            let cure = "use --include GLOB to take some of its files";
            usage(format!("--part is for cards, and `{}` is an address", names::shown(name)), cure)
        }
        [Target { card: Some(card), .. }] => {
            let cure = spelling::did_you_mean(word, card.part.iter().map(|p| p.name.as_str()));
            usage(format!("{} has no part `{shown}`", card.name), cure)
        }
        several => {
            let known = several.iter().filter_map(|t| t.card.as_ref());
            let known = known.flat_map(|c| c.part.iter().map(|p| format!("{}/{}", c.name, p.name)));
            let known: Vec<String> = known.collect();
            let names: Vec<&str> = several.iter().map(|t| t.name.as_str()).collect();
            let cure = spelling::did_you_mean(word, known.iter().map(String::as_str));
            usage(format!("none of {} has a part `{shown}`", names.join(", ")), cure)
        }
    }
}

/// The set that an address names; `None` for the name of a card.
fn address(given: &str, revision: Option<&str>) -> Result<Option<Target>> {
    let is_address = ways::of(given).is_some() && given != "hand";
    if !is_address {
        return Ok(None);
    }
    let versioned = ["hf:", "ms:", "opus:", "wikimedia:"].iter().any(|p| given.starts_with(p));
    let (name, at) = match given.split_once('@') {
        Some((name, at)) if versioned && !at.is_empty() => (name, Some(at)),
        _ => (given, None),
    };
    if let (Some(at), Some(revision)) = (at, revision)
        && at != revision
    {
        return Err(usage(
            format!("`{}` and --revision {revision} are two revisions", names::shown(given)),
            "name one",
        ));
    }
    let revision = at.or(revision).map(str::to_owned);
    let behind = name.split_once(':').map_or("", |(_, rest)| rest.trim_matches('/'));
    let shape_ok = match name.split_once(':').map(|p| p.0) {
        Some("hf" | "ms") => {
            let word = |w: &str| {
                !w.is_empty() && !w.starts_with('.') && !w.chars().any(|c| c.is_control() || "?#%\\ ".contains(c))
            };
            (1..=2).contains(&behind.split('/').count()) && behind.split('/').all(word)
        }
        Some("wikimedia") => {
            !behind.is_empty() && behind.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
        }
        Some("opus") => behind.split('/').count() == 2,
        _ => true,
    };
    if !shape_ok {
        let cure =
            "write hf:OWNER/NAME[@REVISION], ms:OWNER/NAME, opus:CORPUS/en-zh[@VERSION], wikimedia:zhwiki[@DATE]";
        return Err(usage(format!("`{}` is no name of a set", names::shown(name)), cure));
    }
    if name.starts_with("http") && !ways::of(name).is_some_and(|w| w.prefixes().contains(&"drive:")) {
        let url = Url::parse(name)
            .map_err(|e| usage(format!("`{}` is no address: {e}", names::shown(name)), "write http(s)://HOST/PATH"))?;
        return Ok(Some(Target::of_address(name, ways::web::set(&url), None)));
    }
    let shown = if name.contains("://") { super::endpoints::shown(name) } else { name.to_owned() };
    let set = match name.split_once(':').map(|p| p.0) {
        // A key of one object is a set of its folder, so that neighbours lie together.
        Some("s3" | "gs" | "az") if one_file(name).is_some() => {
            shown.rsplit_once('/').map_or(shown.clone(), |(folder, _)| folder.to_owned())
        }
        // The pair in the order in which OPUS keeps it.
        Some("opus") => sorted_pair(&shown),
        _ => shown.trim_end_matches('/').to_owned(),
    };
    Ok(Some(Target::of_address(name, set, revision)))
}

fn sorted_pair(name: &str) -> String {
    let Some((head, pair)) = name.rsplit_once('/') else { return name.to_owned() };
    let mut pair: Vec<&str> = pair.splitn(2, '-').collect();
    pair.sort_unstable();
    format!("{head}/{}", pair.join("-"))
}

/// The parts asked for, or all that are not optional.
///
/// # Errors
///
/// [`Error::Other`] that names the nearest part, where the card has none of that name.
pub fn parts(card: &Card, asked: &[String]) -> Result<Vec<String>> {
    for part in asked {
        if card.part(part).is_none() {
            let cure = spelling::did_you_mean(part, card.part.iter().map(|p| p.name.as_str()));
            return Err(usage(format!("{} has no part `{}`", card.name, names::shown(part)), cure));
        }
    }
    let wanted = card.part.iter().filter(|p| if asked.is_empty() { !p.optional } else { asked.contains(&p.name) });
    Ok(wanted.map(|p| p.name.clone()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_one(name: &str) -> Result<Target> {
        Ok(read(&Catalog::load(None)?, &[name.to_owned()], &[], None)?.remove(0))
    }

    #[test]
    fn names_mean_sets() {
        let of = |name: &str| {
            let target = read_one(name).unwrap();
            (target.key, target.revision.unwrap_or_default())
        };
        let pair = |key: &str, revision: &str| (key.to_owned(), revision.to_owned());
        assert_eq!(of("alpaca"), pair("alpaca", ""));
        assert_eq!(of("hf:a/b@refs/convert/parquet"), pair("hf--a--b", "refs/convert/parquet"));
        assert_eq!(of("opus:UNPC/zh-en@v1"), pair("opus--UNPC--en-zh", "v1"));
        assert_eq!(of("wikimedia:zhwiki@20240101"), pair("wikimedia--zhwiki", "20240101"));
        assert_eq!(of("http://h:1/a/b@c.txt"), pair("web--h-1", ""));
        for wrong in ["hf:", "hf:a/b/c", "hf:../x", "opus:UNPC", "wikimedia:a/b", "no_such_card", "hand"] {
            assert!(read_one(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn parts_are_shared_among_cards() {
        let catalog = Catalog::load(None).unwrap();
        let of = |given: &[&str], asked: &[&str]| {
            let words = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
            read(&catalog, &words(given), &words(asked), None)
                .map(|targets| targets.into_iter().map(|t| t.parts.join("+")).collect::<Vec<_>>().join(" "))
                .map_err(|e| format!("{e}; {}", e.hint().unwrap_or_default()))
        };
        let both = ["nlp_chinese_corpus", "alpaca"];
        assert_eq!(of(&["nlp_chinese_corpus"], &["news2016zh"]).unwrap(), "news2016zh");
        assert_eq!(of(&both, &["webtext2019zh", "news2016zh"]).unwrap(), "news2016zh+webtext2019zh all");
        assert_eq!(of(&both, &["nlp_chinese_corpus/news2016zh", "alpaca/all"]).unwrap(), "news2016zh all");
        assert_eq!(of(&["nlp_chinese_corpus", "hf:a/b"], &["news2016zh"]).unwrap(), "news2016zh all");
        for (given, asked, says) in [
            (&both[..1], "news2016", "did you mean `news2016zh`?"),
            (&both, "alpaca/news2016zh", "none of nlp_chinese_corpus, alpaca has a part `alpaca/news2016zh`"),
            (&both, "alpaca/all", "add --part nlp_chinese_corpus/PART"),
            (&both, "all", "add --part nlp_chinese_corpus/PART"),
            (&["hf:a/b"], "x", "--include GLOB"),
        ] {
            let said = of(given, &[asked]).unwrap_err();
            assert!(said.contains(says), "{asked}: {said}");
        }
    }

    #[test]
    fn addresses_of_a_server_are_one_set() {
        let names = ["http://h/a", "http://h/b", "http://i/a", "http://h/a"].map(str::to_owned);
        let targets = read(&Catalog::load(None).unwrap(), &names, &[], None).unwrap();
        assert_eq!(targets.iter().map(|t| t.from.len()).collect::<Vec<_>>(), [2, 1]);
    }
}
