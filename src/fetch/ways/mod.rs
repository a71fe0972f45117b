//! The ways to fetch. One file a way, and its name in `ways!(…)`: the rest of the room asks a way only to list files.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::BoxFuture;
use globset::{GlobBuilder, GlobMatcher};
use url::Url;

use super::client::{Client, Pass};
use super::endpoints::Token;
use super::problem::{Kind, Problem};
use super::sums::Checksums;
use crate::catalog::card::{License, Pin, Way};

/// Declares the modules and the list of ways.
macro_rules! ways {
    ($($name:ident),* $(,)?) => {
        $(pub mod $name;)*
        /// Every way.
        pub const ALL: &[&'static dyn Lists] = &[$(&$name::LISTS),*];
    };
}

ways!(drive, hand, hub, modelscope, object, opus, web, wikimedia);

/// What a provider is asked to list: place, revision, globs.
#[derive(Clone, Debug)]
pub struct Request {
    /// Where, as in a card: `hf:owner/name`, `https://host/folder/`, …
    pub from: String,
    /// Branch, tag, commit, date or version; the newest where absent.
    pub revision: Option<String>,
    /// Globs by part; an empty list asks for whatever the way calls the data.
    pub files: BTreeMap<String, Vec<String>>,
    /// Sizes and checksums that the card pins.
    pub pins: Vec<Pin>,
    /// Where the globs come from: a card, or nobody (the whole set is asked for).
    pub card: bool,
}

/// The answer of a provider: revision, files, licence.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// Commit, date or version; `-` where there is none.
    pub revision: String,
    /// The files asked for.
    pub files: Vec<Remote>,
    /// The licence that the host tells.
    pub license: Option<License>,
    /// Names that cannot be taken, with the reason.
    pub refused: Vec<(String, String)>,
    /// Parts of which nothing is there, and why that is so.
    pub lacking: Vec<(String, Problem)>,
}

/// A file at its source.
#[derive(Clone, Debug)]
pub struct Remote {
    /// Its path there, and in the store.
    pub path: String,
    /// Its part.
    pub part: String,
    /// The address or object-store key of its bytes.
    pub place: Place,
    /// Its address for people and the manifest, without secrets.
    pub source: String,
    /// Its size, where it is known.
    pub bytes: Option<u64>,
    /// Its checksums, where they are known.
    pub expected: Checksums,
}

/// The place of a file's bytes.
#[derive(Clone, Debug)]
pub enum Place {
    /// An HTTP address.
    Web {
        /// The address.
        url: Url,
        /// For its own origin only.
        token: Option<Token>,
        /// How to pass a page that stands before it.
        pass: Option<Pass>,
    },
    /// In an object store.
    Object {
        /// The store.
        store: Arc<dyn object_store::ObjectStore>,
        /// The key.
        key: object_store::path::Path,
        /// Its name for people, and for counting connections.
        host: String,
    },
}

/// Lists what lies at a kind of place.
pub trait Lists: Sync {
    /// The prefixes of `from` that belong to this provider.
    fn prefixes(&self) -> &'static [&'static str];
    /// Lists files.
    fn list<'a>(&'a self, client: &'a Client, request: &'a Request) -> BoxFuture<'a, Result<Listing, Problem>>;
    /// The request that would list the files, for `--dry-run --offline`.
    fn plan(&self, client: &Client, request: &Request) -> String;
    /// Says what a failure means here, and what helps.
    fn explain(&self, _: &Client, request: &Request, problem: Problem) -> Problem {
        problem.about(&request.from)
    }
    /// The licence of everything there, where all of it has one.
    fn license(&self) -> Option<License> {
        None
    }
}

/// The way that an address belongs to.
pub fn of(from: &str) -> Option<&'static dyn Lists> {
    ALL.iter().copied().find(|way| way.prefixes().iter().any(|p| from.starts_with(p)))
}

impl Request {
    /// What a card's way has of some parts.
    pub fn of_way(way: &Way, parts: &[String], revision: Option<&str>) -> Self {
        let files = parts.iter().filter_map(|p| Some((p.clone(), way.files.get(p)?.clone())));
        Request {
            from: way.from.clone(),
            revision: revision.map(str::to_owned).or_else(|| way.revision.clone()),
            files: files.collect(),
            pins: way.pin.clone(),
            card: true,
        }
    }

    /// Everything that lies at an address.
    pub fn of_name(from: &str, revision: Option<&str>) -> Self {
        let files = BTreeMap::from([("all".to_owned(), Vec::new())]);
        Request { from: from.to_owned(), revision: revision.map(str::to_owned), files, pins: Vec::new(), card: false }
    }

    /// The rest of `from` behind the prefix.
    pub fn rest<'a>(&'a self, prefix: &str) -> &'a str {
        self.from.strip_prefix(prefix).unwrap_or(&self.from).trim_matches('/')
    }

    /// The first part whose globs take a path; everything, where there are no globs.
    pub fn part_of(&self, globs: &Globs, path: &str) -> Option<String> {
        let found = globs.0.iter().find(|(_, all)| all.is_empty() || all.iter().any(|g| g.takes(path)));
        found.map(|(part, _)| part.clone())
    }

    /// Its globs, ready to match.
    ///
    /// # Errors
    ///
    /// A lasting problem that names the glob that is none.
    pub fn globs(&self) -> Result<Globs, Problem> {
        let parts = self.files.iter().map(|(part, globs)| {
            let globs: Result<Vec<Glob>, Problem> = globs.iter().map(|g| Glob::new(g)).collect();
            Ok((part.clone(), globs?))
        });
        Ok(Globs(parts.collect::<Result<_, Problem>>()?))
    }

    /// Adds what the card pins of a file.
    pub fn pin(&self, remote: &mut Remote, name: &str) {
        if let Some(pin) = self.pins.iter().find(|p| p.path == name || p.path == remote.path) {
            remote.expected.pin(pin);
            remote.bytes = pin.bytes.or(remote.bytes);
        }
    }
}

/// Globs by part.
pub struct Globs(Vec<(String, Vec<Glob>)>);

/// A glob over a path, or over the name alone where it has no `/`.
pub struct Glob {
    matcher: GlobMatcher,
    name_only: bool,
}

impl Glob {
    /// Reads a glob: `*` stays within a folder, `**` does not.
    ///
    /// # Errors
    ///
    /// A lasting problem that names the text that is no pattern.
    pub fn new(text: &str) -> Result<Self, Problem> {
        let built = GlobBuilder::new(text.trim_start_matches("./")).literal_separator(true).build();
        let glob = built.map_err(|e| Problem::last(Kind::Name, format!("`{text}` is no pattern: {e}")))?;
        Ok(Glob { matcher: glob.compile_matcher(), name_only: !text.contains('/') })
    }

    /// Whether it takes a path.
    pub fn takes(&self, path: &str) -> bool {
        self.matcher.is_match(path)
            || (self.name_only && path.rsplit('/').next().is_some_and(|name| self.matcher.is_match(name)))
    }
}

/// Refuses what no store takes, and what collides; a listing then holds only names that can be written.
pub fn tame(listing: &mut Listing) {
    let mut taken = super::names::Taken::default();
    let (mut kept, mut refused) = (Vec::new(), Vec::new());
    for file in listing.files.drain(..) {
        match super::names::refusal(&file.path).map_or_else(|| taken.take(&file.path), Err) {
            Ok(()) => kept.push(file),
            Err(why) => refused.push((file.path, why)),
        }
    }
    listing.files = kept;
    listing.refused.extend(refused);
}

/// Appends percent-encoded segments to a base address that ends in `/`.
pub fn join(base: &Url, segments: impl IntoIterator<Item = impl AsRef<str>>) -> Url {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const KEEP: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    let path: Vec<String> = segments.into_iter().map(|s| utf8_percent_encode(s.as_ref(), &KEEP).to_string()).collect();
    let mut url = base.clone();
    let whole = format!("{}/{}", base.path().trim_end_matches('/'), path.join("/"));
    url.set_path(&whole);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scheme_of_a_card_has_its_way() {
        for scheme in crate::catalog::check::SCHEMES {
            assert!(of(scheme).is_some(), "{scheme}");
        }
        assert!(of("alpaca").is_none());
    }

    #[test]
    fn globs_match_paths_or_names() {
        let takes = |glob: &str, path: &str| Glob::new(glob).unwrap().takes(path);
        assert!(takes("*.jsonl", "a/b.jsonl") && takes("*.jsonl", "b.jsonl"));
        assert!(takes("data/*.parquet", "data/x.parquet") && !takes("data/*.parquet", "data/y/x.parquet"));
        assert!(takes("data/**/*.parquet", "data/x.parquet") && takes("**", "a/b"));
        assert!(takes("zh/{a,b}_[0-9].json", "zh/a_1.json"));
    }

    #[test]
    fn segments_are_encoded() {
        let base = Url::parse("http://h:1/p/").unwrap();
        let url = join(&base, ["datasets", "o/n", "数 #%"]);
        assert!(url.as_str().starts_with("http://h:1/p/datasets/o%2Fn/%E6%95%B0%20%23%25"), "{url}");
    }
}
