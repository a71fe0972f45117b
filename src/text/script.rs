//! Language and script of a text.
//!
//! Han, kana and Hangul tell Chinese, Japanese and Korean apart better than any statistical model at every length that
//! was measured (`docs/language-detection.md`); only text in other scripts goes to `whichlang` (MIT; 16 languages).
//! Simplified or Traditional is told by the characters that only one of them writes.

use whichlang::Lang;

use super::classes::{Class, Counts};

/// Bytes of text in other scripts that are looked at: more does not change the verdict.
const PREFIX: usize = 2_000;

/// One Chinese character says about as much as this many Latin letters.
const WEIGHT: u64 = 5;

/// What a text is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// ISO 639-1 where there is one: `zh`, `en`, `ja`, …; `und` where nothing can be said.
    pub language: &'static str,
    /// ISO 15924: `Hans`, `Hant`, `Hani` (Chinese, but no character tells), `Latn`, `Jpan`, …; `mixed` for both
    /// Simplified and Traditional; `Zyyy` for text without letters.
    pub script: &'static str,
}

/// Judges the texts of a row together.
pub fn judge(texts: &[&str]) -> Verdict {
    let mut counts = Counts::default();
    texts.iter().for_each(|text| counts.add(text));
    let get = |class| counts.get(class);
    let (han, kana, hangul) = (get(Class::Han), get(Class::Kana), get(Class::Hangul));
    let others = [
        (get(Class::Latin), "", "Latn"),
        (get(Class::Cyrillic), "ru", "Cyrl"),
        (get(Class::Arabic), "ar", "Arab"),
        (get(Class::Greek), "el", "Grek"),
        (get(Class::Hebrew), "he", "Hebr"),
        (get(Class::Thai), "th", "Thai"),
        (get(Class::Devanagari), "hi", "Deva"),
    ];
    let (most, language, script) = others.into_iter().max_by_key(|o| o.0).unwrap_or((0, "", "Latn"));
    let east = han + kana + hangul;
    // One の in a Chinese sentence does not make it Japanese: kana must be a tenth of Han.
    let eastern = if hangul > han + kana {
        Verdict { language: "ko", script: "Kore" }
    } else if kana * 10 >= han.max(1) && kana >= hangul {
        Verdict { language: "ja", script: "Jpan" }
    } else {
        Verdict { language: "zh", script: variant(counts.simplified, counts.traditional) }
    };
    if east > 0 && east * WEIGHT >= most {
        return eastern;
    }
    if most == 0 {
        return Verdict { language: "und", script: "Zyyy" };
    }
    let language = match language {
        "" if most < 3 => "und",
        "" => latin(texts),
        known => known,
    };
    // Code around a question in Chinese: its letters are no language.
    if language == "und" && east > 0 { eastern } else { Verdict { language, script } }
}

/// Simplified or Traditional: one side has four times the characters of the other, else `mixed`.
fn variant(simplified: u64, traditional: u64) -> &'static str {
    match (simplified, traditional) {
        (0, 0) => "Hani",
        (hans, hant) if hans >= 4 * hant => "Hans",
        (hans, hant) if hant >= 4 * hans => "Hant",
        _ => "mixed",
    }
}

/// Which of the languages in Latin letters.
fn latin(texts: &[&str]) -> &'static str {
    let mut prefix = String::with_capacity(PREFIX + 4);
    for text in texts {
        let room = PREFIX.saturating_sub(prefix.len());
        let end = text.floor_char_boundary(room.min(text.len()));
        prefix.push_str(&text[..end]);
        prefix.push(' ');
        if end < text.len() {
            break;
        }
    }
    match whichlang::detect_language(&prefix) {
        Lang::Eng => "en",
        Lang::Deu => "de",
        Lang::Fra => "fr",
        Lang::Spa => "es",
        Lang::Ita => "it",
        Lang::Por => "pt",
        Lang::Nld => "nl",
        Lang::Swe => "sv",
        Lang::Tur => "tr",
        Lang::Vie => "vi",
        _ => "und",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> (&'static str, &'static str) {
        let verdict = judge(&[text]);
        (verdict.language, verdict.script)
    }

    #[test]
    fn tells_scripts_and_languages() {
        assert_eq!(of("我们这里讨论语言检测的问题"), ("zh", "Hans"));
        assert_eq!(of("我們這裡討論語言檢測的問題"), ("zh", "Hant"));
        assert_eq!(of("我們這裡讨论语言檢測的问题"), ("zh", "mixed"));
        assert_eq!(of("天地人"), ("zh", "Hani"));
        assert_eq!(of("これは日本語の文章です"), ("ja", "Jpan"));
        assert_eq!(of("优の良品是一个品牌，不是日语，只是名字里有一个假名而已"), ("zh", "Hans"));
        assert_eq!(of("이것은 한국어 문장입니다"), ("ko", "Kore"));
        assert_eq!(of("This is clearly an English sentence about nothing in particular."), ("en", "Latn"));
        assert_eq!(of("Это предложение на русском языке"), ("ru", "Cyrl"));
        assert_eq!(of("使用 cargo build --release 编译这个项目，然后运行 target/release/corpus 命令"), ("zh", "Hans"));
        assert_eq!(
            of("The word 你好 means hello in Chinese, as everybody who studied the language knows"),
            ("en", "Latn")
        );
        assert_eq!(of("12345 !!"), ("und", "Zyyy"));
        assert_eq!(of(""), ("und", "Zyyy"));
    }

    #[test]
    fn judges_a_dialogue_as_a_whole() {
        let verdict = judge(&["hi", "你好，请问有什么可以帮助你的吗？"]);
        assert_eq!(verdict, Verdict { language: "zh", script: "Hans" });
    }
}
