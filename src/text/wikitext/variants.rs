//! The variants of written Chinese, as MediaWiki names them, and what converts text to each.

use crate::text::convert::{self, Converter};

/// A variant of written Chinese, as MediaWiki names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Variant {
    /// `zh`: as written.
    Zh,
    /// `zh-hans`: Simplified.
    Hans,
    /// `zh-hant`: Traditional.
    Hant,
    /// `zh-cn`: mainland China, Simplified.
    Cn,
    /// `zh-hk`: Hong Kong, Traditional.
    Hk,
    /// `zh-mo`: Macau, Traditional.
    Mo,
    /// `zh-my`: Malaysia, Simplified.
    My,
    /// `zh-sg`: Singapore, Simplified.
    Sg,
    /// `zh-tw`: Taiwan, Traditional.
    Tw,
}

use Variant::{Cn, Hans, Hant, Hk, Mo, My, Sg, Tw, Zh};

/// Codes, and the names that Wikipedia shows for them.
const NAMES: [(Variant, &str, &str); 9] = [
    (Zh, "zh", "中文"),
    (Hans, "zh-hans", "简体"),
    (Hant, "zh-hant", "繁體"),
    (Cn, "zh-cn", "大陆"),
    (Hk, "zh-hk", "香港"),
    (Mo, "zh-mo", "澳門"),
    (My, "zh-my", "大马"),
    (Sg, "zh-sg", "新加坡"),
    (Tw, "zh-tw", "臺灣"),
];

/// Names that some languages have for themselves, for `-{N|…}-`.
const LANGUAGES: &[(&str, &str)] = &[
    ("de", "Deutsch"),
    ("en", "English"),
    ("es", "español"),
    ("fr", "français"),
    ("ja", "日本語"),
    ("ko", "한국어"),
    ("ru", "русский"),
    ("sr-ec", "српски (ћирилица)"),
    ("sr-el", "srpski (latinica)"),
    ("zh-classical", "文言"),
    ("zh-yue", "粵語"),
];

impl Variant {
    /// All of them, in MediaWiki's order.
    pub const ALL: [Variant; 9] = [Zh, Hans, Hant, Cn, Hk, Mo, My, Sg, Tw];

    /// The variant of a code (`zh-tw`), also of its longer form (`zh-Hant-TW`), in any case.
    pub fn parse(code: &str) -> Option<Variant> {
        let code = code.trim();
        let is = |c: &str| c.eq_ignore_ascii_case(code);
        let long = |v: Variant| match v {
            Cn => "zh-hans-cn",
            Hk => "zh-hant-hk",
            Mo => "zh-hant-mo",
            My => "zh-hans-my",
            Sg => "zh-hans-sg",
            Tw => "zh-hant-tw",
            Zh | Hans | Hant => "",
        };
        NAMES.iter().find(|(v, c, _)| is(c) || is(long(*v))).map(|(v, _, _)| *v)
    }

    /// Its code.
    pub fn code(self) -> &'static str {
        NAMES[self as usize].1
    }

    /// The name that Wikipedia shows for it.
    pub(super) fn name(self) -> &'static str {
        NAMES[self as usize].2
    }

    /// Whether rules that go both ways hold for it: it is the variant of a place.
    pub(super) fn two_way(self) -> bool {
        !matches!(self, Zh | Hans | Hant)
    }

    /// Whose words to take where there are none of its own, the closest first.
    pub(super) fn fallbacks(self) -> &'static [Variant] {
        match self {
            Zh => &[Hans, Hant, Cn, Tw, Hk, Sg, Mo, My],
            Hans => &[Cn, Sg, My],
            Hant => &[Tw, Hk, Mo],
            Cn => &[Hans, Sg, My],
            Hk => &[Mo, Hant, Tw],
            Mo => &[Hk, Hant, Tw],
            My => &[Sg, Hans, Cn],
            Sg => &[My, Hans, Cn],
            Tw => &[Hant, Hk, Mo],
        }
    }

    /// What converts whole text to it; nothing for `zh`.
    pub fn converter(self) -> Option<&'static Converter> {
        convert::mode(match self {
            Zh => return None,
            Hans | Cn | Sg | My => "t2s",
            Hant => "s2t",
            Tw => "s2tw",
            Hk | Mo => "s2hk",
        })
    }
}

/// The name of the language or variant of a code, in its own words.
pub(super) fn name_of(code: &str) -> Option<&'static str> {
    let language = || LANGUAGES.iter().find(|(c, _)| c.eq_ignore_ascii_case(code)).map(|(_, name)| *name);
    Variant::parse(code).map(Variant::name).or_else(language)
}
