//! Names of human languages, in one normal form: `zh`, however a set spells it.

use std::borrow::Cow;

/// Code, the codes of three letters, and names in English, Chinese and the language itself.
const LANGUAGES: &[(&str, &[&str])] = &[
    ("ar", &["ara", "arb", "arabic", "阿拉伯语"]),
    ("bg", &["bul", "bulgarian"]),
    ("bn", &["ben", "bengali"]),
    ("bo", &["bod", "tib", "tibetan", "藏语", "藏文"]),
    ("cs", &["ces", "cze", "czech"]),
    ("da", &["dan", "danish"]),
    ("de", &["deu", "ger", "german", "deutsch", "德语", "德文"]),
    ("el", &["ell", "gre", "greek"]),
    ("en", &["eng", "english", "英语", "英文"]),
    ("es", &["spa", "spanish", "español", "西班牙语"]),
    ("et", &["est", "estonian"]),
    ("fa", &["fas", "per", "pes", "persian", "farsi"]),
    ("fi", &["fin", "finnish"]),
    ("fr", &["fra", "fre", "french", "français", "法语", "法文"]),
    ("he", &["heb", "hebrew"]),
    ("hi", &["hin", "hindi"]),
    ("hu", &["hun", "hungarian"]),
    ("id", &["ind", "indonesian"]),
    ("it", &["ita", "italian", "italiano", "意大利语"]),
    ("ja", &["jpn", "japanese", "日语", "日文", "日本語"]),
    ("ko", &["kor", "korean", "韩语", "韩文", "한국어"]),
    ("lt", &["lit", "lithuanian"]),
    ("lv", &["lav", "lvs", "latvian"]),
    ("mn", &["mon", "khk", "mongolian", "蒙古语"]),
    ("ms", &["msa", "may", "zsm", "malay"]),
    ("nl", &["nld", "dut", "dutch"]),
    ("no", &["nor", "nob", "norwegian"]),
    ("pl", &["pol", "polish"]),
    ("pt", &["por", "portuguese", "português", "葡萄牙语"]),
    ("ro", &["ron", "rum", "romanian"]),
    ("ru", &["rus", "russian", "русский", "俄语", "俄文"]),
    ("sk", &["slk", "slo", "slovak"]),
    ("sv", &["swe", "swedish"]),
    ("sw", &["swa", "swh", "swahili"]),
    ("ta", &["tam", "tamil"]),
    ("th", &["tha", "thai", "泰语"]),
    ("tr", &["tur", "turkish"]),
    ("ug", &["uig", "uyghur", "uighur", "维吾尔语"]),
    ("uk", &["ukr", "ukrainian"]),
    ("ur", &["urd", "urdu"]),
    ("vi", &["vie", "vietnamese", "越南语"]),
    ("yue", &["cantonese", "粤语"]),
    (
        "zh",
        &[
            "zho",
            "chi",
            "cmn",
            "cn",
            "chinese",
            "mandarin",
            "simplified chinese",
            "traditional chinese",
            "中文",
            "汉语",
            "简体中文",
            "繁体中文",
            "繁體中文",
        ],
    ),
];

/// The other codes of ISO 639-1.
const OTHERS: &str = "aa ab ae af ak am an as av ay az ba be bi br bs ca ce ch co cr cu cv cy dv dz ee eo eu ff fj fo fy \
                      ga gd gl gn gu gv ha ho hr ht hy hz ia ie ig ii ik io is iu jv ka kg ki kj kk kl km kn kr ks ku kv kw ky la lb \
                      lg li ln lo lu mg mh mi mk ml mr mt my na nb nd ne ng nn nr nv ny oc oj om or os pa pi ps qu rm rn rw sa sc sd se \
                      sg si sl sm sn so sq sr ss st su te tg ti tk tl tn to ts tt tw ty uz ve vo wa wo xh yi yo za zu";

/// The code of the language that a word names: `ZH`, `zh-CN`, `zho_Hans`, `Chinese`, `中文` are `zh`. `None` of a word
/// that names none, as programming languages do.
pub fn code(word: &str) -> Option<&'static str> {
    let word = word.trim().to_lowercase();
    let (base, rest) = word.split_once(['-', '_']).unwrap_or((&word, ""));
    // A region or script behind it, as `zh-hans-cn`; a word of the list may not be cut out of any other.
    let region = |part: &str| matches!(part.len(), 2..=4) && part.bytes().all(|b| b.is_ascii_alphanumeric());
    let coded = base.len() < 4 && (rest.is_empty() || rest.split(['-', '_']).all(region));
    named(&word).or_else(|| if coded { named(base) } else { None })
}

/// Scripts (ISO 15924) that stand behind a language; other words of four letters are no part of a tag.
const SCRIPTS: &str = "Arab Armn Beng Bopo Cyrl Deva Ethi Geor Grek Gujr Guru Hang Hani Hans Hant Hebr Hira Jpan Kana Khmr Knda \
                       Kore Laoo Latn Mlym Mong Mymr Orya Sinh Taml Telu Thaa Thai Tibt";

/// Codes that are a field's name more often than that of a language in it.
const AMBIGUOUS: [&str; 2] = ["id", "no"];

/// The language tag (BCP 47) that the name of a field or file is: a code in small letters or capitals, with a region or
/// script behind it (`zh_CN`, `zh-Hans`, `EN-US`); of the names only `english` and `chinese`. The word `text` behind it
/// says nothing: `en_text` is `en`.
pub fn tag(name: &str) -> Option<Cow<'static, str>> {
    let mut parts = name.split(['_', '-']);
    let code = match parts.next()?.to_ascii_lowercase().as_str() {
        "english" | "eng" => "en",
        "chinese" | "cmn" | "zho" => "zh",
        code if AMBIGUOUS.contains(&code) => return None,
        code => LANGUAGES.iter().find(|(known, _)| *known == code)?.0,
    };
    let mut tag = Cow::Borrowed(code);
    for part in parts.filter(|part| !part.eq_ignore_ascii_case("text")) {
        // Regions are written in capitals, scripts with one.
        let part = match part.len() {
            2 if part.bytes().all(|b| b.is_ascii_alphabetic()) => Cow::Owned(part.to_ascii_uppercase()),
            4 => Cow::Borrowed(SCRIPTS.split_ascii_whitespace().find(|script| script.eq_ignore_ascii_case(part))?),
            _ => return None,
        };
        tag = Cow::Owned(format!("{tag}-{part}"));
    }
    Some(tag)
}

/// The code of a word in small letters that is a code, or a name, as a whole.
fn named(word: &str) -> Option<&'static str> {
    let found = LANGUAGES.iter().find(|(code, names)| *code == word || names.contains(&word)).map(|(code, _)| *code);
    found.or_else(|| OTHERS.split_ascii_whitespace().find(|code| *code == word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_one_code_and_programs_have_none() {
        for word in ["zh", "ZH", "zh-CN", "zh_Hant_TW", "zho_Hans", "cmn", "Chinese", "中文", "cn", " zh "] {
            assert_eq!(code(word), Some("zh"), "{word}");
        }
        for word in ["EN-US", "eng", "English", "en"] {
            assert_eq!(code(word), Some("en"), "{word}");
        }
        assert_eq!((code("sr-Latn"), code("Sr")), (Some("sr"), Some("sr")));
        for word in ["python", "c++", "java", "go", "", "en-tokenized", "unknown", "rust", "js"] {
            assert_eq!(code(word), None, "{word}");
        }
    }

    #[test]
    fn names_of_fields_are_tags_or_no_language() {
        let tags = ["zh_CN", "ZH-hant-tw", "english", "yue", "EN-US"].map(tag);
        assert_eq!(tags.map(|t| t.unwrap()), ["zh-CN", "zh-Hant-TW", "en", "yue", "en-US"]);
        for (word, code) in [("english_text", "en"), ("zh_text", "zh"), ("zh_hans_text", "zh-Hans")] {
            assert_eq!(tag(word).as_deref(), Some(code), "{word}");
        }
        for word in ["id", "no", "text", "english-language", "zh-tokenized", "en_word", "en_12", "", "xx"] {
            assert_eq!(tag(word), None, "{word}");
        }
    }
}
