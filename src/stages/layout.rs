//! Mends the layout of Chinese text: spaces between its characters, lines broken within a sentence, sentences that stand
//! twice.
//!
//! # What it does
//! - `spaces` (on): where a line shows that spaces part nothing (`中 文 字`, or a line cut into words), those between Han
//!   characters go; so does a space before `，。！？；：、）》」` and behind `（《「`. `第一章 总则` and lists of names stay.
//! - `lines` (on): a line that begins with such punctuation goes on the line before; lines of paragraphs that are broken
//!   at one width (three or more, 18 characters or wider) are joined. Verse, lists, tables and code stay.
//! - `repeats`: sentences and lines of at least so many letters that stood in the same text before go. Off unless given.
//!
//! # Example
//! ```toml
//! [[stage]]
//! run     = "layout"
//! repeats = 12
//! ```
//! `中 文 字 体 ，很好` becomes `中文字体，很好`.
//!
//! # Limits
//! For text with Han characters; lines of ASCII are left alone. Refrains of at least `repeats` letters go as well.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::resources::Resource;
use super::{Clean, Effect, Entry, RowWork, Stage, build, cleaning, settled, then};
use crate::Result;
use crate::text::layout;

/// Options of `layout`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Layout {
    /// Spaces between Han characters.
    pub spaces: bool,
    /// Lines broken within a sentence.
    pub lines: bool,
    /// The least letters of a sentence that may not stand twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub repeats: Option<usize>,
}

impl Default for Layout {
    fn default() -> Self {
        Layout { spaces: true, lines: true, repeats: None }
    }
}

impl Stage for Layout {
    fn effect(&self) -> Effect {
        Effect::Rewrites
    }

    fn row_work(&self, _files: &[Resource]) -> Result<Option<Box<dyn RowWork>>> {
        Ok(cleaning(self.clone()))
    }
}

impl Layout {
    fn once<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut now = Cow::Borrowed(text);
        if self.lines {
            now = then(now, layout::unbreak);
        }
        if self.spaces {
            now = then(now, layout::unspace);
        }
        match self.repeats {
            Some(letters) => then(now, |text| layout::unrepeat(text, letters)),
            None => now,
        }
    }
}

impl Clean for Layout {
    fn clean<'a>(&self, text: &'a str) -> Cow<'a, str> {
        // Lines that were joined may show that their spaces part nothing.
        settled(text, |text| self.once(text))
    }
}

/// The entry of this stage.
pub const ENTRY: Entry = Entry::new(
    "layout",
    "clean",
    "mends spaces between Han characters, broken lines, sentences that stand twice",
    include_str!("layout.rs"),
    || schemars::schema_for!(Layout),
    |json| {
        build::<Layout, _>(json, |stage| match stage.repeats {
            Some(0) => Err("`repeats` is the least letters of a sentence; give 1 or more, or leave it out".into()),
            _ => Ok(stage),
        })
    },
);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_example_holds() {
        let stage: Layout = serde_json::from_value(json!({ "repeats": 12 })).unwrap();
        assert_eq!(stage.clean("中 文 字 体 ，很好"), "中文字体，很好");
        let text = "他说了\n很久 ，没有 人\n，回 答 他 的 话\n。";
        let once = stage.clean(text).into_owned();
        assert_eq!(stage.clean(&once), once);
        assert_eq!(Layout { spaces: false, lines: false, repeats: None }.clean("中 文 字 体"), "中 文 字 体");
        assert!((ENTRY.build)(json!({ "repeats": 0 })).is_err());
    }
}
