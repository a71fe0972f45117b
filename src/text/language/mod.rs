//! Names of human languages, in one normal form: `zh`, however a set spells it.
//!
//! The normal code of a language is its code of two letters (ISO 639-1), else that of three (639-3). A tag (BCP 47) may
//! have a script (ISO 15924) and a region (ISO 3166-1, or a number of UN M.49) behind it: `zh-Hant-TW`. Two letters that
//! are no region are none: `de_en` is a pair of languages, not the German of a country EN.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

/// Languages, a line each: the normal code, other codes, names.
const CODES: &str = include_str!("codes.txt");

/// Regions of ISO 3166-1, and Kosovo's code.
const REGIONS: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT \
                       BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG \
                       EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN \
                       HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI \
                       LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC \
                       NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA \
                       SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR \
                       TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";

/// Scripts (ISO 15924) that stand behind a language; other words of four letters are no part of a tag.
const SCRIPTS: &str = "Adlm Arab Aran Armn Bali Beng Bopo Bugi Cakm Cans Cham Cher Copt Cyrl Deva Ethi Geor Glag Goth Grek \
                       Gujr Guru Hang Hani Hans Hant Hebr Hira Hmng Hrkt Java Jpan Kana Khmr Knda Kore Lana Laoo Latn Lepc \
                       Limb Lisu Mlym Mong Mtei Mymr Nkoo Olck Orya Phag Plrd Rohg Runr Samr Saur Sinh Sund Sylo Syrc Tale \
                       Talu Taml Telu Tfng Thaa Thai Tibt Vaii Xsux Yiii Zyyy Zzzz";

/// Languages whose code of two letters names a field of that language.
const OF_FIELDS: &str = "ar bg bn bo cs da de el en es et fa fi fr he hi hu it ja ko lt lv mn ms nl pl pt ro ru sk sv sw ta th \
                         tr ug uk ur vi yue zh";

/// Names that mean something else where they name a field.
const NO_FIELDS: [&str; 3] = ["polish", "latin", "tonga"];

/// Normal codes by every other code and name.
static NAMED: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    let mut named = HashMap::new();
    for line in CODES.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let mut parts = line.split("; ");
        let mut codes = parts.next().unwrap_or_default().split(' ');
        let Some(code) = codes.next() else { continue };
        named.insert(code, code);
        named.extend(codes.chain(parts).map(|other| (other, code)));
    }
    named
});

/// A language with what stands behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Tag {
    language: &'static str,
    script: Option<&'static str>,
    region: Option<Cow<'static, str>>,
}

/// The normal code of a word in small letters that is a code or a name as a whole.
fn named(word: &str) -> Option<&'static str> {
    NAMED.get(word).copied()
}

/// Whether a word can be a code: two or three letters.
fn is_code(word: &str) -> bool {
    matches!(word.len(), 2 | 3) && word.bytes().all(|b| b.is_ascii_lowercase())
}

fn script(part: &str) -> Option<&'static str> {
    SCRIPTS.split_ascii_whitespace().find(|script| script.eq_ignore_ascii_case(part))
}

fn region(part: &str) -> Option<Cow<'static, str>> {
    if part.len() == 3 && part.bytes().all(|b| b.is_ascii_digit()) {
        return Some(Cow::Owned(part.to_owned()));
    }
    REGIONS.split_ascii_whitespace().find(|region| region.eq_ignore_ascii_case(part)).map(Cow::Borrowed)
}

/// What stands behind the code of a language, in order: scripts, then regions.
fn behind<'a>(language: &'static str, parts: impl Iterator<Item = &'a str>) -> Option<Tag> {
    let mut tag = Tag { language, script: None, region: None };
    for part in parts {
        match (script(part), region(part)) {
            (Some(script), _) if tag.script.is_none() && tag.region.is_none() => tag.script = Some(script),
            (None, Some(region)) if tag.region.is_none() => tag.region = Some(region),
            _ => return None,
        }
    }
    Some(tag)
}

/// The tag that a word in small letters is: a code with script or region behind it, as `zh-hans-cn` or `zho_hant`.
fn parse(word: &str) -> Option<Tag> {
    let mut parts = word.split(['-', '_']);
    let base = parts.next().filter(|base| is_code(base))?;
    let mut parts = parts.peekable();
    // Languages of China as extensions of `zh`: `zh-yue-HK`, `zh-cmn-Hans`.
    let extended = parts.peek().filter(|part| base == "zh" && part.len() == 3 && is_code(part)).copied();
    if extended.is_some() {
        parts.next();
    }
    behind(code_alone(extended.unwrap_or(base), parts.peek().is_some())?, parts)
}

/// The normal form of a code; `als` is Albanian where a script stands behind it, else the Alemannic of wikis.
fn code_alone(base: &str, tagged: bool) -> Option<&'static str> {
    match base {
        "als" if tagged => Some("sq"),
        "als" => Some("gsw"),
        _ => named(base),
    }
}

/// A word as it is compared: small letters, without `__label__`, the encoding of a locale (`zh_CN.UTF-8`) and what
/// stands in brackets behind a name (`Chinese (Simplified)`).
fn plain(word: &str) -> String {
    let word = word.trim().to_lowercase();
    let word = word.strip_prefix("__label__").unwrap_or(&word);
    let word = match word.split_once('.') {
        Some((locale, encoding)) if ["utf", "gb", "big5", "iso"].iter().any(|e| encoding.starts_with(e)) => locale,
        _ => word,
    };
    let word = match word.split_once(['(', '（']) {
        Some((name, rest)) if rest.ends_with([')', '）']) => name,
        _ => word,
    };
    word.trim().to_owned()
}

/// The names of wikis that are no tags.
fn of_wiki(word: &str) -> Option<&'static str> {
    match word {
        "zh-classical" | "zh_classical" => Some("lzh"),
        "zh-min-nan" | "zh_min_nan" => Some("nan"),
        _ => None,
    }
}

/// The code of the language that a word names: `ZH`, `zh-CN`, `zho_Hans`, `cmn_Hani`, `__label__zh`, `Chinese`, `中文`
/// are `zh`. `None` of a word that names none, as programming languages and pairs of languages (`de_en`) do.
pub fn code(word: &str) -> Option<&'static str> {
    let word = plain(word);
    let found = of_wiki(&word).or_else(|| if word == "als" { Some("gsw") } else { named(&word) });
    let spaced = || named(&word.replace(['-', '_'], " "));
    found.or_else(|| parse(&word).map(|tag| tag.language)).or_else(spaced)
}

/// Codes that are a field's name more often than that of a language in it.
const AMBIGUOUS: [&str; 2] = ["id", "no"];

/// The language tag (BCP 47) that the name of a field or file is: a code of two letters, with a region or script behind
/// it (`zh_CN`, `zh-Hans`, `EN-US`); one of three with a script (`deu_Latn`), else only `eng`, `cmn`, `zho`; a name
/// (`english`, `中文`). The word `text` behind it says nothing: `en_text` is `en`.
pub fn tag(name: &str) -> Option<Cow<'static, str>> {
    let name = name.to_lowercase();
    let name = name.strip_suffix("_text").or_else(|| name.strip_suffix("-text")).unwrap_or(&name);
    let is_name = |word: &str| !is_code(word) && !NO_FIELDS.contains(&word);
    if let Some(code) = named(name).filter(|_| is_name(name)) {
        return Some(Cow::Borrowed(code));
    }
    let tag = parse(name)?;
    let base = name.split(['-', '_']).next().unwrap_or_default();
    let stands = match base {
        "eng" | "cmn" | "zho" => true,
        base if AMBIGUOUS.contains(&base) => false,
        base => tag.script.is_some() || OF_FIELDS.split_ascii_whitespace().any(|code| code == base),
    };
    let mut whole = stands.then_some(Cow::Borrowed(tag.language))?;
    for part in tag.script.map(Cow::Borrowed).into_iter().chain(tag.region) {
        whole = Cow::Owned(format!("{whole}-{part}"));
    }
    Some(whole)
}

/// The language and script that a label of a model is: `zh`, `__label__cmn_Hani`, `eng_Latn`. A code of three letters
/// that is not in our table stays as it is; what is no code is `None`.
pub fn label(word: &str) -> Option<(Cow<'static, str>, Option<&'static str>)> {
    let word = plain(word);
    if let Some(tag) = parse(&word) {
        return Some((Cow::Borrowed(tag.language), tag.script));
    }
    if let Some(code) = of_wiki(&word).or_else(|| named(&word)) {
        return Some((Cow::Borrowed(code), None));
    }
    let (base, rest) = word.split_once(['-', '_']).unwrap_or((&word, ""));
    let script = if rest.is_empty() { None } else { Some(script(rest)?) };
    // Codes for what is no language: undetermined, no linguistic content, several, uncoded.
    let none = ["und", "zxx", "mul", "mis"].contains(&base);
    (base.len() == 3 && is_code(base) && !none).then(|| (Cow::Owned(base.to_owned()), script))
}

/// Languages by the scripts, beside Latin, that write them; a script of one language is in [`classes`].
///
/// [`classes`]: super::classes::SCRIPTS
const WRITTEN: &[(&str, &str)] = &[
    ("Hani", "zh yue wuu lzh nan gan hak hsn cdo"),
    ("Jpan", "ja"),
    ("Kore", "ko"),
    (
        "Cyrl",
        "ab av az ba be bg bxr ce crh cu cv kk krc kv ky lez mhr mk mn mrj myv os rue ru sah sh sr tg tk tt tyv udm uk uz xal",
    ),
    ("Arab", "acm acq aeb ajp apc ar arq ars ary arz az azb bal ckb fa ks ku lrc mzn pnb prs ps sd tk ug ur uz"),
    ("Deva", "awa bho dty gom hi hne ks mag mai mr ne new sa sd"),
    ("Beng", "as bn bpy mni"),
    ("Ethi", "am ti"),
    ("Hebr", "he yi"),
    ("Mymr", "my shn"),
    ("Tibt", "bo dz"),
    ("Thaa", "dv"),
    ("Olck", "sat"),
];

/// Those of them that are written in Latin letters too.
const LATIN_TOO: &str = "az bxr crh ks ku sh sr tk tt uz";

/// Whether a language is written in a script; `named` is the script that a label of it names, which then decides alone.
pub fn is_written(language: &str, named: Option<&str>, script: &str) -> bool {
    if let Some(named) = named {
        let same = match named {
            "Hans" | "Hant" | "Bopo" => "Hani",
            "Hira" | "Kana" | "Hrkt" => "Jpan",
            "Hang" => "Kore",
            "Aran" => "Arab",
            other => other,
        };
        return same == script;
    }
    let has = |words: &str| words.split_ascii_whitespace().any(|word| word == language);
    let own = super::classes::SCRIPTS.iter().find(|s| s.language == language);
    match script {
        "Latn" => has(LATIN_TOO) || (own.is_none() && !WRITTEN.iter().any(|(_, languages)| has(languages))),
        _ => {
            own.is_some_and(|s| s.code == script) || WRITTEN.iter().any(|(s, languages)| *s == script && has(languages))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_one_code_and_programs_have_none() {
        for word in [
            "zh",
            "ZH",
            "zh-CN",
            "zh_Hant_TW",
            "zho_Hans",
            "cmn",
            "cmn_Hani",
            "Chinese",
            "中文",
            "cn",
            " zh ",
            "__label__zh",
            "zh-cmn-Hans-CN",
            "zh_CN.UTF-8",
            "Chinese (Simplified)",
            "simplified_chinese",
            "繁體中文",
        ] {
            assert_eq!(code(word), Some("zh"), "{word}");
        }
        for word in ["EN-US", "eng", "English", "en", "eng_Latn", "英文", "en-001"] {
            assert_eq!(code(word), Some("en"), "{word}");
        }
        for (word, wanted) in [
            ("sr-Latn", "sr"),
            ("Sr", "sr"),
            ("zh-yue-HK", "yue"),
            ("zh-classical", "lzh"),
            ("文言文", "lzh"),
            ("zh-min-nan", "nan"),
            ("Wu Chinese", "wuu"),
            ("jp", "ja"),
            ("als", "gsw"),
            ("als_Latn", "sq"),
            ("arb_Arab", "ar"),
            ("es-419", "es"),
            ("pt_BR", "pt"),
        ] {
            assert_eq!(code(word), Some(wanted), "{word}");
        }
        for word in ["python", "c++", "java", "go", "", "en-tokenized", "unknown", "rust", "js", "php", "sql", "css"] {
            assert_eq!(code(word), None, "{word}");
        }
    }

    #[test]
    fn two_letters_that_are_no_country_are_no_region() {
        for word in ["de_en", "zh-en", "en-zh", "fr_xx", "zh-CN-Hans", "zh-CN-TW", "zh-Hans-Hant", "en-zh-CN"] {
            assert_eq!((code(word), tag(word), label(word)), (None, None, None), "{word}");
        }
        assert_eq!(tag("en_de").as_deref(), Some("en-DE"), "a country that speaks another language is a region");
    }

    #[test]
    fn names_of_fields_are_tags_or_no_language() {
        let tags = ["zh_CN", "ZH-hant-tw", "english", "yue", "EN-US"].map(tag);
        assert_eq!(tags.map(|t| t.unwrap()), ["zh-CN", "zh-Hant-TW", "en", "yue", "en-US"]);
        for (word, code) in [
            ("english_text", "en"),
            ("zh_text", "zh"),
            ("zh_hans_text", "zh-Hans"),
            ("中文", "zh"),
            ("Japanese", "ja"),
            ("deu_Latn", "de-Latn"),
            ("zho_Hans", "zh-Hans"),
            ("ceb_Latn", "ceb-Latn"),
        ] {
            assert_eq!(tag(word).as_deref(), Some(code), "{word}");
        }
        for word in [
            "id",
            "no",
            "text",
            "english-language",
            "zh-tokenized",
            "en_word",
            "en_12",
            "",
            "xx",
            "is_human",
            "may",
            "polish",
        ] {
            assert_eq!(tag(word), None, "{word}");
        }
    }

    #[test]
    fn labels_of_models_are_languages_with_scripts() {
        let of = |word: &str| label(word).map(|(code, script)| (code.into_owned(), script));
        assert_eq!(of("__label__zh"), Some(("zh".into(), None)));
        assert_eq!(of("__label__cmn_Hani"), Some(("zh".into(), Some("Hani"))));
        assert_eq!(of("srp_Cyrl"), Some(("sr".into(), Some("Cyrl"))));
        assert_eq!(of("xyz_Latn"), Some(("xyz".into(), Some("Latn"))));
        assert_eq!(of("als"), Some(("gsw".into(), None)));
        for word in ["good", "und_Latn", "zxx_Zxxx", "__label__", "xyz_abcd", "hq"] {
            assert_eq!(of(word), None, "{word}");
        }
    }

    #[test]
    fn languages_are_written_in_scripts() {
        for (language, named, script, wanted) in [
            ("en", None, "Latn", true),
            ("en", None, "Cyrl", false),
            ("ru", None, "Cyrl", true),
            ("ru", None, "Latn", false),
            ("sr", None, "Latn", true),
            ("sr", Some("Cyrl"), "Latn", false),
            ("zh", None, "Latn", false),
            ("el", None, "Grek", true),
            ("el", None, "Latn", false),
            ("zh", Some("Hans"), "Hani", true),
            ("xyz", Some("Latn"), "Latn", true),
            ("fa", None, "Arab", true),
        ] {
            assert_eq!(is_written(language, named, script), wanted, "{language} {named:?} {script}");
        }
    }

    #[test]
    fn no_code_or_name_stands_twice() {
        let lines = CODES.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let words: Vec<&str> = lines
            .flat_map(|line| {
                line.split("; ").flat_map(|part| {
                    // Names have spaces; the codes stand before the first `;`.
                    if part.as_ptr() == line.as_ptr() { part.split(' ').collect() } else { vec![part] }
                })
            })
            .collect();
        assert_eq!(words.len(), NAMED.len());
        assert!(words.len() > 600, "{}", words.len());
    }
}
