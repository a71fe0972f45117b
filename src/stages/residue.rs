//! Takes residue of markup out of text: tags and entities of HTML; if asked for, marks of Markdown and wikis, and links.
//!
//! # What it does
//! - `html` (on): comments, scripts, styles and tags of known elements go, entities (`&nbsp;`, `&#20013;`) become their
//!   characters, as often as they were escaped. A bare tag without its other half (`使用 <div> 排版`) stays.
//! - `markdown`: headings, bold and struck words and quotations lose their marks, links become their words, images and
//!   rules go. Lists stay.
//! - `wiki`: templates, references and files go, links become their words, headings and bold words lose their marks, and
//!   `[编辑]`, `[来源请求]`, `[edit]` and numbers of notes behind a sentence go.
//! - `links`: addresses of the web: `keep`, `drop`, or `mask` (`[URL]`).
//!
//! Code stays as it is: fenced blocks, what stands between backticks, indented lines of ASCII.
//!
//! # Example
//! ```toml
//! [[stage]]
//! run      = "residue"
//! markdown = true
//! links    = "drop"
//! ```
//! `**注意**：<br>见&nbsp;[手册](https://example.org/a)` becomes two lines, `注意：` and `见 手册`.
//!
//! # Limits
//! It mends text that has some markup left; pages and wikitext as a whole are better read by the formats `html` and
//! `mediawiki`. Cells of a table keep a space between them, and no rows of Markdown are made.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::resources::Resource;
use super::{Clean, Effect, Entry, RowWork, Stage, build, cleaning, settled, then};
use crate::Result;
use crate::text::residue;

/// What becomes of addresses of the web.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Links {
    /// They stay.
    #[default]
    Keep,
    /// They go.
    Drop,
    /// `[URL]` stands in their place.
    Mask,
}

/// Options of `residue`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Residue {
    /// Tags and entities of HTML.
    pub html: bool,
    /// Marks of Markdown.
    pub markdown: bool,
    /// Marks of wikis.
    pub wiki: bool,
    /// Addresses of the web.
    pub links: Links,
}

impl Default for Residue {
    fn default() -> Self {
        Residue { html: true, markdown: false, wiki: false, links: Links::Keep }
    }
}

impl Stage for Residue {
    fn effect(&self) -> Effect {
        Effect::Rewrites
    }

    fn row_work(&self, _files: &[Resource]) -> Result<Option<Box<dyn RowWork>>> {
        Ok(cleaning(self.clone()))
    }
}

impl Residue {
    fn once<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut now = Cow::Borrowed(text);
        if self.html {
            now = then(now, residue::html);
        }
        if self.wiki {
            now = then(now, residue::wiki);
        }
        if self.markdown {
            now = then(now, residue::markdown);
        }
        match self.links {
            Links::Keep => now,
            Links::Drop => then(now, |text| residue::unlink(text, "")),
            Links::Mask => then(now, |text| residue::unlink(text, "[URL]")),
        }
    }
}

impl Clean for Residue {
    fn clean<'a>(&self, text: &'a str) -> Cow<'a, str> {
        settled(text, |text| self.once(text))
    }
}

/// The entry of this stage.
pub const ENTRY: Entry = Entry::new(
    "residue",
    "clean",
    "takes tags, entities and other marks out of text, and links if asked for",
    include_str!("residue.rs"),
    || schemars::schema_for!(Residue),
    |json| build::<Residue, _>(json, Ok),
);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_example_holds() {
        let stage: Residue = serde_json::from_value(json!({ "markdown": true, "links": "drop" })).unwrap();
        let clean = "注意：\n见 手册";
        assert_eq!(stage.clean("**注意**：<br>见&nbsp;[手册](https://example.org/a)"), clean);
        assert_eq!(stage.clean(clean), clean);
        let all = json!({ "markdown": true, "wiki": true, "links": "mask" });
        let stage: Residue = serde_json::from_value(all).unwrap();
        for text in ["&lt;b&gt;[[甲|**乙**]]&lt;/b&gt; http://example.org/x。", "'''[a](b)'''", "&#91;&#91;甲]]"] {
            let once = stage.clean(text).into_owned();
            assert_eq!(stage.clean(&once), once, "{text}");
        }
    }
}
