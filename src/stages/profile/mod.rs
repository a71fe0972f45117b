//! Keep rows that pass a named profile: published rules (Gopher, C4, FineWeb …) or ours for Chinese, in one line.
//!
//! # What it does
//! `profile` names one of the sets of rules below; `docs/profiles.md` prints each whole, with its source and what it keeps
//! of what. Rules are limits of signals, as in `keep`, and are put together as there, with `any`, `all`, `not` and `when`. A row
//! goes by the first rule that it fails, with the reason `<signal>_min`, `<signal>_max` or `<signal>_in`. `rules` are asked after those of the profile, or instead of one; `without` leaves
//! out the rules whose first signal is named. What a rule looks at is measured by itself (stages `quality` and
//! `characters`), in the units that the profile was published for: `unit` says it otherwise. A `quality` of the recipe that
//! measures in other units is not what these profiles read.
//!
//! | profile | for | units |
//! | --- | --- | --- |
//! | `zh-web` | Chinese pages of any kind: spam, gibberish, keyword rows, boilerplate, wrong encodings, link lists go | characters |
//! | `zh-book` | books, and what reads like them | characters |
//! | `zh-wiki` | encyclopaedias | characters |
//! | `zh-dialogue` | conversations, code among them | characters |
//! | `zh-classical` | classical Chinese, verse too | characters |
//! | `zh-sft` | Chinese instruction rows and dialogues: whole, in order, answered, without traces of models and templates | characters |
//! | `sft` | the same in any language | characters |
//! | `preference` | two different answers to one whole prompt, neither of them broken | characters |
//! | `gopher` | Gopher's quality and repetition rules (English) | words |
//! | `c4` | what C4 drops pages by (English) | either |
//! | `fineweb` | FineWeb's own three rules and line ends (English) | words |
//! | `fineweb2-cmn_Hani` | FineWeb-2's limits for Chinese | words |
//! | `dclm` | the heuristics of RefinedWeb as DCLM has them (English) | words |
//! | `data-juicer-zh` | Data-Juicer's recipe for Chinese instruction sets | characters |
//! | `chinesewebtext` | ChineseWebText's rules (drops traditional Chinese) | characters |
//!
//! # Example
//! ```toml
//! [[stage]]
//! run     = "profile"
//! profile = "zh-web"
//! without = ["link_ratio"]
//! rules   = [
//!     { units = { min = 100 } },
//!     { any = [{ ended_chars = { min = 0.5 } }, { list_lines = { min = 0.6 } }] },
//! ]
//! only    = { language = ["zh"] }
//! ```
//!
//! # Limits
//! Rules look at signals only, so changing one measures nothing again. A signal that was not measured fails no rule. The
//! profiles of Chinese are for rows whose language is Chinese: say so with `only`.

mod published;

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::stages::clause::Clause;
use crate::stages::judge::Judge;
use crate::stages::quality::{self, Unit};
use crate::stages::resources::Resource;
use crate::stages::{Built, Entry, Reads, Stage, Takes, Wish};
pub use published::{ALL, Profile, page, profile};

/// Options of `profile`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// The profile whose rules are asked; none asks `rules` alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Signals whose rules of the profile are left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<String>,
    /// Rules beside those of the profile: limits of signals, or `when`, `any`, `all`, `not` of rules.
    #[schemars(with = "Vec<serde_json::Map<String, serde_json::Value>>")]
    pub rules: Vec<Clause>,
    /// What Chinese is counted in where `quality` measures for these rules: as the profile was published, or, where it does
    /// not say, as the last `quality` before has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
}

/// The stage.
struct Rules {
    /// In the order in which they are asked.
    rules: Vec<Clause>,
    /// What their limits are of, if that is said.
    unit: Option<Unit>,
}

impl Rules {
    fn all(&self) -> Clause {
        Clause::of(self.rules.clone())
    }
}

impl Stage for Rules {
    fn reads(&self) -> Option<Vec<Reads>> {
        Some(self.all().signals().into_iter().map(Reads::Signal).collect())
    }

    fn judge(&self, _files: &[Resource]) -> Result<Option<Box<dyn Judge>>> {
        let all = self.all();
        Ok(Some(Box::new(all.asked(&all.signals()))))
    }

    fn rules(&self) -> Vec<Clause> {
        self.rules.clone()
    }

    fn wishes(&self) -> Option<Wish> {
        let value = serde_json::to_value(self.unit?).ok()?;
        Some(Wish { stage: quality::ENTRY.name, option: "unit", value })
    }
}

/// Builds the stage; the options that it gives back have the rules of the profile written out.
fn make(json: serde_json::Value) -> Result<Built, String> {
    let mut options: Options = serde_json::from_value(json).map_err(|e| e.to_string())?;
    if let Some(name) = options.profile.take() {
        let Profile { mut rules, unit, .. } = profile(&name)?;
        options.unit = options.unit.or(unit);
        for signal in &options.without {
            let before = rules.len();
            rules.retain(|rule| rule.signals().first() != Some(signal));
            if rules.len() == before {
                return Err(format!("`without`: no rule of `{name}` begins with `{signal}`"));
            }
        }
        rules.append(&mut options.rules);
        options.rules = rules;
    } else if !options.without.is_empty() {
        return Err("`without` leaves rules of a profile out: give `profile`".into());
    }
    options.without.clear();
    if options.rules.is_empty() {
        return Err("no rules: give `profile = \"zh-web\"`, or `rules`".into());
    }
    options.rules.iter().try_for_each(Clause::check)?;
    let resolved = serde_json::to_value(&options).map_err(|e| e.to_string())?;
    Ok((std::sync::Arc::new(Rules { rules: options.rules, unit: options.unit }), resolved))
}

/// The entry of this stage.
pub const ENTRY: Entry = Entry::new(
    "profile",
    "keep",
    "rows that pass a named set of rules stay: zh-web, zh-sft, preference, gopher, fineweb2-cmn_Hani and others",
    include_str!("mod.rs"),
    || schemars::schema_for!(Options),
    make,
)
.takes(Takes::Clauses("rules"));

#[cfg(test)]
mod tests;
