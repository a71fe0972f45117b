//! What the program says, in the language of its reader.
//!
//! A sentence is written once, in English, where it is said; its Chinese is a line of `zh/*.toml` with that English as
//! the key. What is printed for people passes [`said`], which finds the line whose English made the sentence, and
//! says it in Chinese with the same names and figures. So no error and no report carries an id for the sake of its
//! translation, a message without a line is said in English, and what programs read (`--format json`) is English
//! always. `tests/it/messages.rs` holds the lines against the source: none for a sentence that is gone, none with
//! other placeholders, and none missing of help texts, reasons, lists and problems.

use std::borrow::Cow;
use std::sync::OnceLock;

mod catalogue;
mod pattern;
mod prose;
mod remarks;

pub use catalogue::{Catalogue, FILES, lines};
pub use pattern::{Filling, Pattern, Sentence};
pub use prose::prose;
pub use remarks::{Speech, remarks};

/// A language of what is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Chinese.
    Zh,
}

impl Lang {
    /// The language of a locale (`zh_CN.UTF-8`) or of a word for one (`zh`): Chinese, else English.
    pub fn of(locale: &str) -> Lang {
        if locale.to_ascii_lowercase().starts_with("zh") { Lang::Zh } else { Lang::En }
    }
}

static LANG: OnceLock<Lang> = OnceLock::new();

/// Settles the language for the whole process; the first word counts.
pub fn speak(lang: Lang) {
    let _ = LANG.set(lang);
}

/// Whether people are spoken to in Chinese.
pub fn chinese() -> bool {
    LANG.get() == Some(&Lang::Zh)
}

/// A text for people, in the language of the reader: as it is where that is English, or where no line has it.
pub fn said(text: &str) -> Cow<'_, str> {
    let chinese = chinese().then(|| Catalogue::shipped().say(text)).flatten();
    chinese.map_or(Cow::Borrowed(text), Cow::Owned)
}
