//! The profiles: a file each under `profiles/`, compiled in.

use serde::Deserialize;

use crate::stages::clause::Clause;
use crate::stages::quality::Unit;
use crate::text::spelling::did_you_mean;

/// A named set of rules.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// What it is for.
    pub about: String,
    /// Where its rules and limits come from.
    pub source: String,
    /// What its limits are of; none where they are of what is measured already, and of characters else.
    #[serde(default)]
    pub unit: Option<Unit>,
    /// The rules, in the order in which they are asked.
    pub rules: Vec<Clause>,
}

macro_rules! profiles {
    ($($name:literal),* $(,)?) => {
        /// Name and text of every profile.
        pub static ALL: &[(&str, &str)] = &[$(($name, include_str!(concat!("profiles/", $name, ".toml")))),*];
    };
}

profiles!(
    "zh-web",
    "zh-book",
    "zh-wiki",
    "zh-dialogue",
    "zh-classical",
    "zh-sft",
    "sft",
    "preference",
    "gopher",
    "c4",
    "fineweb",
    "fineweb2-cmn_Hani",
    "dclm",
    "data-juicer-zh",
    "chinesewebtext",
);

/// The profile of that name.
///
/// # Errors
/// Where none is called so.
pub fn profile(name: &str) -> Result<Profile, String> {
    let Some((_, text)) = ALL.iter().find(|p| p.0 == name) else {
        let cure = did_you_mean(name, ALL.iter().map(|p| p.0));
        return Err(format!("no profile is called `{name}`: {cure}"));
    };
    toml::from_str(text).map_err(|e| format!("profile `{name}`: {e}"))
}

/// The page of profiles, `docs/profiles.md`: each one whole.
pub fn page() -> String {
    let mut page = include_str!("head.md").to_owned();
    for (name, text) in ALL {
        page.push_str(&format!("\n### {name}\n\n```text\n{}\n```\n", text.trim()));
    }
    page
}
