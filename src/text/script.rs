//! Language and script of a text: by what its characters are, and a detector only where that leaves a choice.
//!
//! 1. Characters are counted by script ([`classes`]). Chinese, Japanese and Korean are taken together
//!    and win if five times their number is at least that of any other script: a Han character says as much as five
//!    Latin letters, and technical Chinese is full of those. Another script needs half as many letters as Latin, which
//!    stands in text of every language as names, addresses and markup.
//! 2. Hangul at least Han and kana: `ko`. Kana at least a tenth of Han: `ja`. Else `zh`.
//! 3. Chinese is `Hans` or `Hant` if the characters of that side only are four times those of the other, `mixed` if
//!    neither is, `Hani` if the text has no character of either side (`大家好`).
//! 4. A script with one language is that language. Latin, Cyrillic, Arabic and Devanagari go to `whichlang`, with the
//!    first 2,000 bytes; its answer counts if the text has letters of that language's script. Letters that none of its
//!    languages of the script uses, more than two in a hundred, make it `und`. Where this and rule 5 say `und` beside
//!    some Chinese, Japanese or Korean, rule 2 decides.
//! 5. Too few letters: `und` ([`ENOUGH`], [`ENOUGH_LATIN`]); the script is still told. No letters: script `Zyyy`;
//!    letters of a script that is not in the table: `Zzzz`.
//!
//! `hans_hant.txt` has the characters of simplified only and of traditional only, a line each. They are derived from
//! `STCharacters.txt` and `TSCharacters.txt` of OpenCC (<https://github.com/BYVoid/OpenCC>, Apache-2.0, commit
//! 5249273): the keys of one that are neither among their own values nor keys of the other; without those that are
//! common on the other side too (12 of Big5's frequent characters, such as `床` and `群`, and 7 of GB 2312, such as
//! `摺`).

use super::classes::{self, Counts, FIRST_SCRIPT, HANGUL, HANS, HANT, KANA, LATIN, OTHER, SCRIPTS};

/// Letters under which a script other than Chinese, Japanese and Korean has no language.
pub const ENOUGH: usize = 3;
/// Letters under which Latin text has no language.
pub const ENOUGH_LATIN: usize = 12;
/// Latin letters that say as much as one Han character.
const WEIGHT: usize = 5;
/// Bytes that the detector sees.
const SAMPLE: usize = 2_000;
/// No language.
pub const UND: &str = "und";

/// The language and script that [`judge`] finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// ISO 639-1, or `und`.
    pub language: &'static str,
    /// ISO 15924, or `mixed` for Chinese of both sides.
    pub script: &'static str,
}

/// Language and script of texts that belong together.
pub fn judge(texts: &[&str]) -> Verdict {
    let mut counts = Counts::default();
    texts.iter().for_each(|text| counts.add(text));
    decide(&counts, texts)
}

/// The same, with the counts of the texts at hand.
pub fn decide(counts: &Counts, texts: &[&str]) -> Verdict {
    let verdict = |language, script| Verdict { language, script };
    let (han, kana, hangul) = (counts.han() + counts.script("Bopo"), counts.get(KANA), counts.get(HANGUL));
    let last = FIRST_SCRIPT + SCRIPTS.len() as u8 - 1; // Bopomofo, counted with Han
    let weigh = |class| if class == LATIN { 1 } else { 2 };
    let class = (LATIN..last).chain([OTHER]).max_by_key(|class| counts.get(*class) * weigh(*class)).unwrap_or(OTHER);
    let most = counts.get(class);
    let cjk = han + kana + hangul;
    let eastern = if hangul >= han + kana {
        verdict("ko", "Kore")
    } else if kana > 0 && kana * 10 >= han {
        verdict("ja", "Jpan")
    } else {
        verdict("zh", side(counts))
    };
    if cjk > 0 && cjk * WEIGHT >= most {
        return eastern;
    }
    if most == 0 {
        return verdict(UND, "Zyyy");
    }
    let (code, language) = match class {
        LATIN => ("Latn", ""),
        OTHER => ("Zzzz", UND),
        _ => SCRIPTS.get((class - FIRST_SCRIPT) as usize).map_or(("Zzzz", UND), |s| (s.code, s.language)),
    };
    let found = match language {
        _ if most < if class == LATIN { ENOUGH_LATIN } else { ENOUGH } => verdict(UND, code),
        "" => detect(class, code, counts, texts),
        language => verdict(language, code),
    };
    // Code and names that say nothing, around some Chinese.
    if found.language == UND && cjk > 0 { eastern } else { found }
}

/// Simplified or traditional.
fn side(counts: &Counts) -> &'static str {
    match (counts.get(HANS), counts.get(HANT)) {
        (0, 0) => "Hani",
        (s, t) if s >= 4 * t => "Hans",
        (s, t) if t >= 4 * s => "Hant",
        _ => "mixed",
    }
}

/// Asks whichlang about the start of the text.
fn detect(class: u8, code: &'static str, counts: &Counts, texts: &[&str]) -> Verdict {
    let table = classes::table();
    let mut sample = String::with_capacity(SAMPLE + 8);
    let (mut letters, mut unknown) = (0, 0);
    for c in texts.iter().flat_map(|text| text.chars().chain(['\n'])) {
        if sample.len() >= SAMPLE {
            break;
        }
        sample.push(c);
        if table.get(c) == class {
            letters += 1;
            unknown += usize::from(!c.is_ascii() && !known(code, c));
        }
    }
    if unknown * 50 > letters {
        return Verdict { language: UND, script: code };
    }
    use whichlang::Lang::*;
    let (language, script) = match whichlang::detect_language(&sample) {
        Ara => ("ar", "Arab"),
        Hin => ("hi", "Deva"),
        Rus => ("ru", "Cyrl"),
        Deu => ("de", "Latn"),
        Eng => ("en", "Latn"),
        Fra => ("fr", "Latn"),
        Ita => ("it", "Latn"),
        Nld => ("nl", "Latn"),
        Por => ("pt", "Latn"),
        Spa => ("es", "Latn"),
        Swe => ("sv", "Latn"),
        Tur => ("tr", "Latn"),
        Vie => ("vi", "Latn"),
        Cmn | Jpn | Kor => (UND, code),
    };
    // Another script, of which there is some: Latin letters were names and markup there.
    if script == code || counts.script(script) > 0 {
        Verdict { language, script }
    } else {
        Verdict { language: UND, script: code }
    }
}

/// Whether one of whichlang's languages of that script writes the letter.
fn known(code: &str, c: char) -> bool {
    match code {
        "Latn" => {
            matches!(c, 'À'..='ÿ' if !"ÐðÞþ".contains(c))
                || matches!(c, '\u{1EA0}'..='\u{1EF9}' | 'Ａ'..='Ｚ' | 'ａ'..='ｚ')
                || "ĂăĐđĞğĨĩİıŒœŞşŨũƠơƯưªº".contains(c)
        }
        "Cyrl" => matches!(c, 'А'..='я' | 'Ё' | 'ё'),
        "Arab" => !"پچژگکیەۆۇۈېۋڭٹڈڑںہھےۀۂۓۃڕڵڼټډړږښځڅݢڠڽۏ".contains(c),
        _ => true,
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
    fn chinese_and_its_sides() {
        assert_eq!(of("我们在学习汉语。"), ("zh", "Hans"));
        assert_eq!(of("我們在學習漢語。"), ("zh", "Hant"));
        assert_eq!(of("大家好"), ("zh", "Hani"));
        assert_eq!(of("简体中文与繁體中文，汉语漢語"), ("zh", "mixed"));
        assert_eq!(of("使用 Python 的 requests 库"), ("zh", "Hans"));
        assert_eq!(of("鲜の每日坚果，健康生活每一天"), ("zh", "Hans"));
        assert_eq!(of("ㄅㄆㄇㄈ"), ("zh", "Hani"));
        assert_eq!(of("METRICS_SUM 表"), ("zh", "Hani"));
        assert_eq!(of("The word 你好 means hello in Chinese, as everybody who studied the language knows").0, "en");
    }

    #[test]
    fn other_languages() {
        assert_eq!(of("日本語の文章です。漢字とかな。"), ("ja", "Jpan"));
        assert_eq!(of("한국어 문장입니다."), ("ko", "Kore"));
        assert_eq!(of("The quick brown fox jumps over the lazy dog."), ("en", "Latn"));
        assert_eq!(of("Der schnelle braune Fuchs springt über den faulen Hund, und das ist gut so."), ("de", "Latn"));
        assert_eq!(of("Съешь же ещё этих мягких французских булок"), ("ru", "Cyrl"));
        assert_eq!(of("Це речення написане українською мовою, її багато хто знає"), ("und", "Cyrl"));
        assert_eq!(of("ولد في مدينة القاهرة ودرس في جامعتها"), ("ar", "Arab"));
        assert_eq!(of("این یک جمله فارسی است که می‌خواهم بخوانم"), ("und", "Arab"));
        assert_eq!(of("Η ελληνική γλώσσα"), ("el", "Grek"));
        assert_eq!(of("ภาษาไทยเป็นภาษา"), ("th", "Thai"));
        assert_eq!(of("Zażółć gęślą jaźń, proszę państwa, już wkrótce"), ("und", "Latn"));
    }

    #[test]
    fn too_little_is_undetermined() {
        assert_eq!(of(""), ("und", "Zyyy"));
        assert_eq!(of("123 !? 😀"), ("und", "Zyyy"));
        assert_eq!(of("OK"), ("und", "Latn"));
        assert_eq!(of("α + β"), ("und", "Grek"));
        assert_eq!(judge(&[]), Verdict { language: "und", script: "Zyyy" });
    }

    #[test]
    fn texts_are_judged_together() {
        assert_eq!(judge(&["OK", "好的，我们现在开始学习这个新的问题"]).language, "zh");
        assert_eq!(judge(&["How are", "you doing today?"]).language, "en");
    }

    #[test]
    fn the_sides_are_disjoint() {
        let mut lines = include_str!("hans_hant.txt").lines();
        let (hans, hant) = (lines.next().unwrap(), lines.next().unwrap());
        assert_eq!((hans.chars().count(), hant.chars().count()), (3789, 3191));
        assert!(hans.chars().all(|c| classes::class(c) == HANS));
        assert!(hant.chars().all(|c| classes::class(c) == HANT));
    }
}
