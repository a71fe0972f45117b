//! A card: what a data set is, what it is best used for, what is wrong with it, and where it lies.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::rows::Use;

/// A sentence or two in both languages of the catalog.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// English.
    pub en: String,
    /// Chinese.
    pub zh: String,
}

/// A data set, or a trained model. As TOML: one file, named after the card.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// The word in recipes and on the command line: lower case, digits, `_`, `-`; the file's stem.
    pub name: String,
    /// Its title.
    pub title: Words,
    /// Other names that people look for it by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// A description of the content, in a sentence.
    pub about: Words,
    /// What it is best used for.
    pub best: Use,
    /// The reason for that use.
    pub why: Words,
    /// What else it is good for, and what for not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Also>,
    /// Whether it is an evaluation set: to decontaminate against, never to train on.
    #[serde(default)]
    pub evaluation: bool,
    /// What reads it, where it is a trained model: a file that scores text, never a source of rows. `best` is the use of
    /// the rows that it judges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Trained>,
    /// Languages as in rows (`zh`, `en`, …), most of it first; `many` for more than a handful.
    pub languages: Vec<String>,
    /// The year of its newest edition that this card describes.
    pub year: Option<u16>,
    /// Tokens, as its authors count them.
    pub tokens: Option<u64>,
    /// The card to take instead, where a newer edition or a better copy replaced it.
    pub superseded_by: Option<String>,
    /// Why it is here only so that older models can be reproduced, where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reproduce: Option<Reproduce>,
    /// Rows, as its authors count them.
    pub rows: Option<u64>,
    /// Bytes to fetch.
    pub bytes: Option<u64>,
    /// Licences, each with who says so; two that conflict are both here.
    pub license: Vec<License>,
    /// Where its authors describe it.
    pub homepage: String,
    /// The paper, or how its authors wish to be cited; none where they say nothing.
    pub citation: Option<String>,
    /// Models trained on it.
    #[serde(default)]
    pub used_by: Vec<String>,
    /// The same in Chinese, where they are more than names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub used_by_zh: Vec<String>,
    /// What is known to be wrong with it.
    #[serde(default)]
    pub problems: Vec<String>,
    /// The same in Chinese, where somebody wrote it down.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems_zh: Vec<String>,
    /// Other cards that hold the same rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overlaps: Vec<Overlap>,
    /// Facts of this card that nobody verified at their source, by field: `rows`, `bytes`, `license`, `ways`,
    /// `fields`, `citation`, `used_by`, `problems`, `languages`, `homepage`, `why`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unverified: Vec<String>,
    /// Its parts, at least one. A card of one part calls it `all`.
    pub part: Vec<Part>,
    /// Where it lies, best first, at least one.
    pub way: Vec<Way>,
}

/// A trained model: the stage that reads it, and what text it was trained on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trained {
    /// The stage: `language`, `classify` or `perplexity`.
    pub stage: String,
    /// How text is cut before the model sees it: `plain`, `jieba`, or `pieces` of a tokenizer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preparation: Option<String>,
    /// Whether letters are made small before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lowercase: bool,
    /// The label whose probability is the score.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Its labels, as its authors count them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<u32>,
}

impl Trained {
    /// The stage, and what it takes from the card, as a recipe says it: `classify`, `preparation = "jieba"`.
    pub fn said(&self) -> String {
        let mut said = format!("`{}`", self.stage);
        for (key, word) in self.defaults() {
            said += &if word == "true" { format!(", `{key} = true`") } else { format!(", `{key} = \"{word}\"`") };
        }
        said
    }

    /// What a stage takes from the card where the recipe says nothing: `preparation`, `lowercase` and `label`.
    pub fn defaults(&self) -> BTreeMap<String, String> {
        let lowercase = self.lowercase.then(|| "true".to_owned());
        let all = [("preparation", &self.preparation), ("lowercase", &lowercase), ("label", &self.label)];
        all.into_iter().filter_map(|(key, word)| Some((key.to_owned(), word.clone()?))).collect()
    }
}

/// Why a set is there to reproduce older models alone. All such sets are of 2023 or before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reproduce {
    /// Its answers are of models of its day, which those of today surpass; sets of a domain and dialogues of real users
    /// are worth more than their answers, and stay.
    Answers,
    /// A pack, a copy or a sample of sets that have cards of their own.
    Pack,
    /// Newer sets of its kind are larger, cleaner and better documented.
    Replaced,
}

/// Another use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Also {
    /// The use.
    #[serde(rename = "use")]
    pub usage: Use,
    /// Why, and at what cost.
    pub why: Words,
}

/// The class of a licence, from free use to research only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Freedom {
    /// Any use, perhaps with attribution or share-alike.
    Open,
    /// Free as a packaging only: its makers say nothing, or own nothing, of the texts inside.
    Packaging,
    /// Terms of its own: read them.
    Custom,
    /// Nobody says.
    Unstated,
    /// Not for commercial use.
    Noncommercial,
    /// For research only.
    Research,
}

/// A licence, and who says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct License {
    /// SPDX identifier where there is one, else its words; `unstated` where nobody says.
    pub name: String,
    /// The class of the licence.
    pub kind: Freedom,
    /// Who says so: "the hub card", "LICENSE in the repository", …
    pub says: String,
    /// Its words in Chinese, where it has no identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_zh: Option<String>,
    /// Who says so, in Chinese.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub says_zh: Option<String>,
}

/// Rows that another card has too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Overlap {
    /// The other card.
    pub card: String,
    /// The kind of overlap, in a sentence.
    pub how: String,
    /// The same in Chinese.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub how_zh: Option<String>,
    /// Whether the two must never be trained on together: one holds (most of) the other.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub never: bool,
}

/// The manner of access to the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Anyone may fetch it.
    Free,
    /// Only who logs in, and perhaps asks.
    Gated,
    /// No program can fetch it.
    ByHand,
}

/// A part of a data set: files of one shape and one use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The word after `--part`.
    pub name: String,
    /// What it holds, where the card's words do not say.
    pub about: Option<String>,
    /// The same in Chinese.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about_zh: Option<String>,
    /// The use of its rows; else the card's best.
    #[serde(rename = "use")]
    pub usage: Option<Use>,
    /// Its language, where all of it has one.
    pub language: Option<String>,
    /// Rows.
    pub rows: Option<u64>,
    /// Bytes.
    pub bytes: Option<u64>,
    /// Its own licence, where it differs from the card's.
    pub license: Option<License>,
    /// The format that reads it; detected where absent.
    pub format: Option<String>,
    /// Plain text only: `file`, `line` or `block`.
    pub rows_are: Option<String>,
    /// Field names, ours = theirs, nested by dots.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
    /// Choices that the format leaves open (`corpus explain FORMAT`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, String>,
    /// How to read it for another use: `[part.as.instruct]`.
    #[serde(rename = "as", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub readings: BTreeMap<Use, Reading>,
    /// Names of its files in the original layout, as globs over the path or the file name alone: what `--from` looks
    /// for, in folders and inside archives, and the members that are read of an archive in which any matches.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// Left out unless asked for by name (`--part`, `parts`): another form of the same rows, or far too large.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
}

/// How a part is read for a use that is not its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    /// The format; detected where absent.
    pub format: Option<String>,
    /// Field names, ours = theirs, nested by dots.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
    /// Choices that the format leaves open (`corpus explain FORMAT`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, String>,
}

/// A place that has the data, or a part of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Way {
    /// `hf:owner/name`, `ms:owner/name`, `wikimedia:zhwiki`, `opus:UNPC/en-zh`, `https://host/folder/`,
    /// `s3://…`, `gs://…`, `az://…`, `drive:`, or `hand`.
    pub from: String,
    /// Branch, tag, commit, dump date or version; the newest where absent.
    pub revision: Option<String>,
    /// What this copy lacks of the original, or adds to it.
    pub lost: Option<String>,
    /// The same in Chinese.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost_zh: Option<String>,
    /// The uses that remain possible; all of the card's where absent.
    #[serde(default, rename = "uses", skip_serializing_if = "Vec::is_empty")]
    pub uses: Vec<Use>,
    /// Whether nobody has verified that the files lie there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unverified: bool,
    /// Whether one must ask for access, or log in.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gated: bool,
    /// Files by part: globs under `from` (exact paths where they are known); on a web server paths under `from` or
    /// whole URLs; `ID/name` on Google Drive. What is not here cannot be had this way.
    #[serde(default)]
    pub files: BTreeMap<String, Vec<String>>,
    /// By hand: exactly what to do.
    pub how: Option<Words>,
    /// Field names that this copy changed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
    /// The format of this copy, where it differs from the part's.
    pub format: Option<String>,
    /// Sizes and checksums known beforehand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pin: Vec<Pin>,
}

/// What is known of a file before it is fetched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// The file, as in `files`.
    pub path: String,
    /// Its bytes.
    pub bytes: Option<u64>,
    /// Hex.
    pub sha256: Option<String>,
    /// Hex.
    pub sha1: Option<String>,
    /// Hex.
    pub md5: Option<String>,
}

impl Card {
    /// Whether it is data to train on, neither an evaluation set nor a model.
    pub fn is_training(&self) -> bool {
        !self.evaluation && self.model.is_none()
    }

    /// The strictest of its licences, which is the one to go by.
    pub fn freedom(&self) -> Freedom {
        self.license.iter().map(|l| l.kind).max().unwrap_or(Freedom::Unstated)
    }

    /// All licences in one line: `gpl-3.0 | research only`.
    pub fn license_line(&self) -> String {
        self.license.iter().map(|l| l.name.as_str()).collect::<Vec<_>>().join(" | ")
    }

    /// How free a part is: by its own licence, else by the card's.
    pub fn part_freedom(&self, part: &Part) -> Freedom {
        part.license.as_ref().map_or_else(|| self.freedom(), |l| l.kind)
    }

    /// How one comes by it: by the easiest of its ways.
    pub fn access(&self) -> Access {
        let by_program = || self.way.iter().filter(|w| w.from != "hand");
        match (by_program().next(), by_program().any(|w| !w.gated)) {
            (None, _) => Access::ByHand,
            (Some(_), true) => Access::Free,
            (Some(_), false) => Access::Gated,
        }
    }

    /// What some of its parts come to, as far as it tells, and those of them whose size it does not tell.
    pub fn bytes_of<'p>(&self, parts: impl IntoIterator<Item = &'p str>) -> (u64, Vec<&'p str>) {
        let (known, unknown): (Vec<&str>, Vec<&str>) =
            parts.into_iter().partition(|p| self.part(p).is_some_and(|p| p.bytes.is_some()));
        let sum = |parts: &[&str]| parts.iter().filter_map(|p| self.part(p)?.bytes).sum::<u64>();
        // Its own size is that of all that is not optional.
        let whole = || self.part.iter().filter(|p| !p.optional).map(|p| p.name.as_str());
        let asked = |name: &str| known.contains(&name) || unknown.contains(&name);
        let optional = |name: &&&str| self.part(name).is_some_and(|p| p.optional);
        match self.bytes {
            Some(all) if !unknown.is_empty() && whole().all(asked) => {
                let extra: Vec<&str> = known.iter().filter(optional).copied().collect();
                (
                    all.max(sum(&known) - sum(&extra)) + sum(&extra),
                    unknown.into_iter().filter(|p| optional(&p)).collect(),
                )
            }
            _ => (sum(&known), unknown),
        }
    }

    /// The licence of a part, in one line.
    pub fn part_license(&self, part: &Part) -> String {
        part.license.as_ref().map_or_else(|| self.license_line(), |l| l.name.clone())
    }

    /// The use of a part's rows.
    pub fn part_use(&self, part: &Part) -> Use {
        part.usage.unwrap_or(self.best)
    }

    /// The part of that name.
    pub fn part(&self, name: &str) -> Option<&Part> {
        self.part.iter().find(|p| p.name == name)
    }

    /// How a part is read for `usage`: its own format and fields, or those that it has for that use.
    pub fn reading(&self, part: &Part, usage: Use) -> Reading {
        part.readings.get(&usage).cloned().unwrap_or_else(|| part.own_reading())
    }

    /// All uses: the best, then the others, then those of its parts.
    pub fn uses(&self) -> Vec<Use> {
        let mut uses = vec![self.best];
        let of_part = self.part.iter().flat_map(|p| p.usage.into_iter().chain(p.readings.keys().copied()));
        let more = self.also.iter().map(|a| a.usage).chain(of_part);
        for usage in more {
            if !uses.contains(&usage) {
                uses.push(usage);
            }
        }
        uses
    }

    /// What it pins of a file that came by hand under `name`: of the pins with the same file name the one with most
    /// folders in common, from behind; none where several are equally near and tell of different files.
    pub fn pin_of(&self, name: &str) -> Option<&Pin> {
        let alike = |address: &str| {
            address.rsplit('/').zip(name.rsplit('/')).take_while(|(theirs, ours)| theirs == ours).count()
        };
        let all =
            self.way.iter().flat_map(|way| way.pin.iter().map(move |pin| (format!("{}{}", way.from, pin.path), pin)));
        let near: Vec<(usize, &Pin)> = all.map(|(address, pin)| (alike(&address), pin)).filter(|p| p.0 > 0).collect();
        let most = near.iter().map(|(folders, _)| *folders).max()?;
        let mut nearest = near.iter().filter(|(folders, _)| *folders == most).map(|(_, pin)| *pin);
        let first = nearest.next()?;
        nearest.all(|pin| pin.same_file(first)).then_some(first)
    }

    /// Whether a fact of the card is marked as verified by nobody.
    pub fn is_unverified(&self, fact: &str) -> bool {
        self.unverified.iter().any(|u| u == fact)
    }
}

impl Pin {
    /// Whether two pins tell the same of a file, wherever they say that it lies.
    pub fn same_file(&self, other: &Pin) -> bool {
        (self.bytes, &self.sha256, &self.sha1, &self.md5) == (other.bytes, &other.sha256, &other.sha1, &other.md5)
    }
}

impl Part {
    /// How it is read for its own use.
    pub fn own_reading(&self) -> Reading {
        Reading { format: self.format.clone(), fields: self.fields.clone(), options: self.options.clone() }
    }
}
