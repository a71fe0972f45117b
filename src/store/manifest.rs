//! The manifest of a set at a revision: what lies in its folder, and how it came there.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::rows::Use;

/// Its name in the folder of the set.
pub const NAME: &str = ".corpus.json";

/// What lies in a folder of the store.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this layout: 1.
    pub v: u32,
    /// The card, or the name of the set as it was asked for (`hf:owner/name`).
    pub card: String,
    /// Commit, dump date or version; `-` where there is none.
    pub revision: String,
    /// Other words by which this revision was asked for: a branch, a tag.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub asked: BTreeSet<String>,
    /// Parts whose files are all known, and stand in `listed`.
    #[serde(default)]
    pub parts: BTreeSet<String>,
    /// All files of these parts, fetched or not, by path.
    #[serde(default)]
    pub listed: BTreeMap<String, Listed>,
    /// The files that are here, by path.
    #[serde(default)]
    pub files: BTreeMap<String, Entry>,
}

/// A file that belongs to a part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Its part.
    pub part: String,
    /// Its size, where the listing told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}

/// A file of the store.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its part.
    pub part: String,
    /// Its size.
    pub bytes: u64,
    /// Hex, of the bytes as they lie here.
    pub sha256: String,
    /// Other checksums that its host told and that were compared: `sha1`, `md5`, `git`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sums: BTreeMap<String, String>,
    /// Where it came from: a URL without secrets, or the local file it was imported from.
    pub source: String,
    /// The way: `hf:owner/name`, `drive:`, …; `from` for an import.
    pub way: String,
    /// The entity tag that its host told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// The licence in force when it was fetched.
    pub license: String,
    /// `open`, `packaging`, `custom`, `unstated`, `noncommercial`, `research`.
    pub freedom: String,
    /// By which word of `--accept-license` it was accepted, where it had to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<String>,
    /// When, in UTC: `2026-01-02T03:04:05Z`.
    pub fetched: String,
    /// Whether `corpus cache verify` found other bytes than were fetched.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub damaged: bool,
    /// What this copy lacks of the original.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<String>,
    /// The uses that remain; all of the card's where empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uses: Vec<Use>,
}

impl Manifest {
    /// An empty manifest.
    pub fn new(card: &str, revision: &str) -> Self {
        Manifest { v: 1, card: card.to_owned(), revision: revision.to_owned(), ..Manifest::default() }
    }

    /// Whether this is the revision meant.
    pub fn is_revision(&self, word: &str) -> bool {
        self.revision == word || self.asked.contains(word)
    }

    /// Takes over what a listing told of some parts: what it does not name any more is no longer listed.
    pub fn list(&mut self, parts: &BTreeSet<String>, files: impl IntoIterator<Item = (String, Listed)>) {
        self.listed.retain(|_, listed| !parts.contains(&listed.part));
        self.listed.extend(files);
        self.parts.extend(parts.iter().cloned());
    }
}
