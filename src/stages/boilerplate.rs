//! Cuts boilerplate of web pages: lines of navigation, of editors, of copyright, of sharing and following, Chinese and
//! English.
//!
//! # What it does
//! A line goes when one of some four hundred patterns takes all of it (`展开全文`, `责任编辑：王小明`, `上一篇：… 下一篇：…`,
//! `未经授权，不得转载`, `Share this:`), or when it is a row of such (`首页 | 新闻 | 登录`); so does the end of a line, in
//! brackets or behind the last sentence. Some patterns cut wherever they stand, others (`来源：…`, `发布时间：…`, `Home`) only
//! among the first 6 and the last 10 lines of a text; words that are titles too (`教育`, `News`) only there, and beside
//! others. A sentence about such things stays, as headings and code do. Each
//! pattern belongs to a group: `expand`, `navigate`, `editor`, `copyright`, `follow`, `share`, `comment`, `advert`; `skip`
//! names groups that stay. `add` has patterns of your own: `*` stands for up to 40 characters without a sentence's end,
//! `**` for up to 300 of any.
//!
//! # Example
//! ```toml
//! [[stage]]
//! run  = "boilerplate"
//! skip = ["editor"]
//! add  = [{ pattern = "本文首发于*" }, { pattern = "出品：*", place = "edge" }]
//! ```
//! A line `本文首发于某某论坛` goes.
//!
//! # Limits
//! Patterns are in Chinese (simplified, a few traditional) and English; what a site alone has is for `add`, and what many
//! rows have for `line_dedup`. A text of one or two lines has no edge.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::resources::Resource;
use super::{Clean, Effect, Entry, RowWork, Stage, build, cleaning};
use crate::Result;
use crate::text::boilerplate::{Cutter, EN, Pattern, Place, ZH, parse};

/// Where a pattern cuts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Where {
    /// Wherever it stands.
    #[default]
    Any,
    /// Among the first and last lines of a text.
    Edge,
}

/// A pattern of the recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Added {
    /// The line, with `*` or `**` where anything may stand.
    pub pattern: String,
    /// Where it cuts.
    #[serde(default)]
    pub place: Where,
}

/// Options of `boilerplate`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Boilerplate {
    /// Groups of patterns that are not cut.
    pub skip: Vec<String>,
    /// Patterns beside those that are built in.
    pub add: Vec<Added>,
}

impl Boilerplate {
    fn cutter(&self) -> Result<Cutter, String> {
        let mut patterns = [parse(ZH)?, parse(EN)?].concat();
        if let Some(name) = self.skip.iter().find(|name| patterns.iter().all(|p| p.group != **name)) {
            return Err(format!(
                "`{name}` is no group of patterns; there are expand, navigate, editor, copyright, follow, share, \
                 comment, advert"
            ));
        }
        patterns.retain(|p| !self.skip.contains(&p.group));
        for added in &self.add {
            if added.pattern.trim_matches(['*', ' ']).is_empty() {
                return Err(format!("the pattern `{}` has no words: it would take every line", added.pattern));
            }
            let place = if added.place == Where::Edge { Place::Edge } else { Place::Any };
            patterns.push(Pattern {
                group: "added".into(),
                place,
                text: added.pattern.clone(),
                source: "the recipe".into(),
                example: String::new(),
            });
        }
        Ok(Cutter::new(patterns))
    }
}

/// The stage: its patterns, ready.
#[derive(Clone)]
struct Cut(Arc<Cutter>);

impl Stage for Cut {
    fn effect(&self) -> Effect {
        Effect::Rewrites
    }

    fn row_work(&self, _files: &[Resource]) -> Result<Option<Box<dyn RowWork>>> {
        Ok(cleaning(self.clone()))
    }
}

impl Clean for Cut {
    fn clean<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.0.clean(text)
    }
}

/// The entry of this stage.
pub const ENTRY: Entry = Entry::new(
    "boilerplate",
    "clean",
    "cuts lines that belong to a web page and not to its text, Chinese and English",
    include_str!("boilerplate.rs"),
    || schemars::schema_for!(Boilerplate),
    |json| build::<Boilerplate, _>(json, |stage| Ok(Cut(Arc::new(stage.cutter()?)))),
);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn cleaned(options: serde_json::Value, text: &str) -> String {
        let stage: Boilerplate = serde_json::from_value(options).unwrap();
        Cut(Arc::new(stage.cutter().unwrap())).clean(text).into_owned()
    }

    #[test]
    fn the_example_holds() {
        let text = "本文首发于某某论坛\n正文在此。\n责任编辑：王小明\n展开全文";
        let added = json!({ "skip": ["editor"], "add": [{ "pattern": "本文首发于*" }] });
        assert_eq!(cleaned(added, text), "正文在此。\n责任编辑：王小明");
        assert_eq!(cleaned(json!({}), text), "本文首发于某某论坛\n正文在此。");
    }

    #[test]
    fn options_that_cannot_be_are_named() {
        let error = |options| (ENTRY.build)(options).err().unwrap_or_default();
        assert!(error(json!({ "skip": ["menus"] })).contains("`menus` is no group"));
        assert!(error(json!({ "add": [{ "pattern": "**" }] })).contains("no words"));
        assert!(error(json!({ "add": [{ "pattern": "甲", "place": "top" }] })).contains("top"));
    }
}
