//! Masks personal data: addresses of mail and of machines, telephone, identity, card and plate numbers, names on QQ and
//! WeChat, street addresses, keys and tokens; right beside Han characters as well.
//!
//! # What it does
//! Finds personal data of these `kinds` (all of them, unless the recipe names some) and puts a mark in its place:
//!
//! | kind | what it is |
//! | --- | --- |
//! | `email` | an e-mail address; also `＠`, `(at)`, `[at]` |
//! | `ip` | an IPv4 or IPv6 address; not loopback, netmasks, networks (`10.0.0.0/8`) and versions (`版本1.2.3.4`) |
//! | `mobile`, `landline` | a Chinese mobile or landline number, parted by spaces or hyphens or not, with `+86` or without |
//! | `phone` | a number of North America or the UK, or any with `+` and a country code |
//! | `id_number` | a resident identity number: 18 digits whose check holds, with a region and a date; 15 as before 1999 |
//! | `bank_card` | 13 to 19 digits with the prefix of an issuer whose Luhn check holds |
//! | `passport` | a passport or travel permit, beside a word that says so |
//! | `plate` | a Chinese vehicle plate, new-energy ones among them |
//! | `qq`, `wechat` | a number or name right behind `QQ`, `微信`, `WeChat`, `VX` and the like; not of groups |
//! | `address` | a Chinese street address with its district, building or room, or behind a word like `住`, `寄`, `址` |
//! | `ssn` | a social security number of the US |
//! | `secret` | a private key; keys and tokens of clouds and services by their prefixes; long values named as such |
//!
//! `action` says what stands there then: `mask`, its kind (`[MOBILE]`); `hash`, also twelve letters of a hash with your
//! `salt`, the same for the same value (`[MOBILE#kbdnjfalcmop]`); `drop`, nothing. Numbers of orders, parcels, books and
//! parts, versions, dates, amounts and hashes stay. Adds `personal_data`, how many were found in the row, and
//! `personal_kinds`, which (`email 1, mobile 2`): a `keep` behind it can drop rows that had some.
//!
//! # Example
//! ```toml
//! [[stage]]
//! run    = "personal_data"
//! kinds  = ["email", "mobile", "id_number", "bank_card"]
//! action = "mask"
//! ```
//! `联系人13812345678，邮箱a@example.org` becomes `联系人[MOBILE]，邮箱[EMAIL]`.
//!
//! # Limits
//! It reads forms, not meaning: names of people and addresses in other languages are not found, and a number that nothing
//! marks as a person's, in a form that things have too, stays. So does a road with a number alone (`中山路35号`), and what
//! is said to lie there (`纪念馆位于…`). Whoever has the salt can try all telephone numbers, so a hash is a pseudonym and not anonymous. Addresses of
//! private networks (`192.168.1.5`) are masked.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::resources::Resource;
use super::{Column, Effect, Entry, Kind, Mend, RowWork, Stage, Value, build, mending, signal};
use crate::Result;
use crate::text::personal::{self, Kinds};

/// What stands in the place of personal data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Its kind: `[EMAIL]`.
    #[default]
    Mask,
    /// Its kind and a hash of it with the salt.
    Hash,
    /// Nothing.
    Drop,
}

/// Options of `personal_data`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PersonalData {
    /// The kinds that are masked; all where there are none.
    pub kinds: Vec<String>,
    /// What stands in their place.
    pub action: Action,
    /// What `hash` mixes in: keep it secret, and the same where hashes are to agree.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub salt: Option<String>,
}

/// The stage: kinds and action, as the text kernels know them.
#[derive(Clone)]
struct Masking {
    kinds: Kinds,
    action: personal::Action,
}

impl PersonalData {
    fn masking(&self) -> Result<Masking, String> {
        let mut kinds = Vec::new();
        for name in &self.kinds {
            let known = personal::Kind::ALL.iter().find(|k| k.name() == name);
            let names = || personal::Kind::ALL.iter().map(|k| k.name()).collect::<Vec<_>>().join(", ");
            kinds.push(*known.ok_or_else(|| format!("`{name}` is no kind of personal data; there are {}", names()))?);
        }
        let kinds = if kinds.is_empty() { Kinds::ALL } else { Kinds::of(&kinds) };
        let action = match (self.action, &self.salt) {
            (Action::Hash, Some(salt)) if !salt.is_empty() => personal::Action::Hash(salt.clone()),
            (Action::Hash, _) => return Err("`hash` needs a `salt`: without one, anyone can look the values up".into()),
            (_, Some(_)) => return Err("`salt` is for `action = \"hash\"` alone".into()),
            (Action::Mask, None) => personal::Action::Mask,
            (Action::Drop, None) => personal::Action::Drop,
        };
        Ok(Masking { kinds, action })
    }
}

const COUNT: &str = "personal_data";
const WHICH: &str = "personal_kinds";

impl Stage for Masking {
    fn columns(&self) -> Vec<Column> {
        vec![Column::signal(COUNT, Kind::Int), Column::signal(WHICH, Kind::Text)]
    }

    fn effect(&self) -> Effect {
        Effect::Rewrites
    }

    fn of_text(&self) -> bool {
        false
    }

    fn row_work(&self, _files: &[Resource]) -> Result<Option<Box<dyn RowWork>>> {
        Ok(mending(self.columns(), self.clone()))
    }
}

impl Mend for Masking {
    /// How many of each kind.
    type Found = [usize; personal::Kind::ALL.len()];

    fn mend<'a>(&self, text: &'a str, found: &mut Self::Found) -> Cow<'a, str> {
        let (text, spans) = personal::replace(text, self.kinds, &self.action);
        spans.iter().for_each(|span| found[span.kind as usize] += 1);
        text
    }

    fn values(&self, found: &Self::Found, out: &mut Vec<Value>) {
        let all: usize = found.iter().sum();
        out.push(Value::Int(all as i64));
        out.push(if all > 0 { Value::Text(named(found).into()) } else { Value::Null });
    }
}

/// Kinds with their numbers: `email 1, mobile 2`.
fn named(of_kind: &[usize]) -> String {
    let kinds = personal::Kind::ALL.iter().zip(of_kind).filter(|(_, n)| **n > 0);
    kinds.map(|(kind, n)| format!("{} {n}", kind.name())).collect::<Vec<_>>().join(", ")
}

/// The entry of this stage.
pub const ENTRY: Entry = Entry::new(
    "personal_data",
    "clean",
    "masks e-mail, telephone, identity and card numbers, handles, addresses and keys",
    include_str!("personal_data.rs"),
    || schemars::schema_for!(PersonalData),
    |json| build::<PersonalData, _>(json, |stage| stage.masking()),
)
.signals(&[signal(COUNT, Kind::Int), signal(WHICH, Kind::Text)]);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_example_holds() {
        let stage: PersonalData = serde_json::from_value(json!({ "kinds": ["email", "mobile"] })).unwrap();
        let masking = stage.masking().unwrap();
        let (text, spans) = personal::replace("联系人13812345678，邮箱a@example.org", masking.kinds, &masking.action);
        assert_eq!((&*text, spans.len()), ("联系人[MOBILE]，邮箱[EMAIL]", 2));
        assert_eq!(named(&[1, 0, 2]), "email 1, mobile 2");
    }

    #[test]
    fn options_that_cannot_be_are_named() {
        let error = |options| (ENTRY.build)(options).err().unwrap_or_default();
        assert!(error(json!({ "kinds": ["fax"] })).contains("`fax` is no kind"));
        assert!(error(json!({ "action": "hash" })).contains("salt"));
        assert!(error(json!({ "salt": "x" })).contains("hash"));
        assert!((ENTRY.build)(json!({ "action": "hash", "salt": "x" })).is_ok());
        assert!(
            personal::Kind::ALL.iter().all(|k| include_str!("personal_data.rs").contains(&format!("`{}`", k.name())))
        );
    }
}
