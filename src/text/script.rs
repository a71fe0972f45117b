//! Language and script of a text: by what its characters are, and a detector only where that leaves a choice.
//!
//! 1. Characters are counted by script ([`classes`]). Chinese, Japanese and Korean are taken together
//!    and win if five times their number is at least that of any other script: a Han character says as much as five
//!    Latin letters, and technical Chinese is full of those; as ten where there are fewer than 40, which are names then. Another script needs half as many letters as Latin, which
//!    stands in text of every language as names, addresses and markup.
//! 2. Hangul at least Han and kana: `ko`. Kana at least a tenth of Han: `ja`; without kana too, if the text is short and
//!    a tenth of its Han are forms of Japan alone (`駅 売 転`). Else `zh`.
//! 3. Chinese is `Hans` or `Hant` if the characters of that side only are four times those of the other, `mixed` if
//!    neither is, `Hani` if the text has no character of either side (`大家好`).
//! 4. A script with one language is that language. Latin, Cyrillic, Arabic and Devanagari go to `whichlang`, with at
//!    most 2,048 bytes: the text, or eight pieces that lie evenly over all of it ([`sample`]); its answer counts if the text has letters of that language's script. beside Chinese, Japanese or Korean of one character in twenty only English
//!    is believed, since names and addresses look like Italian. Letters that none of its
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

use std::sync::LazyLock;

use super::classes::{self, Counts, FIRST_SCRIPT, HANGUL, HANS, HANT, KANA, LATIN, OTHER, SCRIPTS};
use super::table::Table;

/// Letters under which a script other than Chinese, Japanese and Korean has no language.
pub const ENOUGH: usize = 3;
/// Letters under which Latin text has no language.
pub const ENOUGH_LATIN: usize = 12;
/// Latin letters that say as much as one Han character.
const WEIGHT: usize = 5;
/// Latin letters under which those beside Chinese, Japanese or Korean are taken for names.
const NAMES: usize = 40;
/// Latin letters that say as much as one Han character then.
const WEIGHT_BESIDE_NAMES: usize = 10;
/// Bytes that a detector sees.
pub const SAMPLE: usize = 2_048;
/// Pieces that a longer text is sampled by.
pub const PIECES: usize = 8;
/// Bytes of the longest word that is left out where a piece cuts it.
const WORD: usize = 48;
/// Characters of a text that is short: without kana it is looked at for characters of Japan.
const SHORT: usize = 200;
/// Scripts that the detector knows languages of.
const DETECTED: [&str; 4] = ["Latn", "Cyrl", "Arab", "Deva"];
/// Forms of today's Japanese that neither GB 2312 nor Big5 has, and that no Chinese text looked at had.
const JAPANESE: &str = "働込駅円図団対応売読発転戦沢択変価仮児単圧塁増壊壌実専帰広廃弾従悪悩戯払拝拠拡挙掲揺摂検楽権気浄済渋渓滝\
                        焼犠猟獣畑県砕稲穂粋粛経継総緑縄縦繊聴脳臓荘薬蔵蛍覚覧観訳譲賛軽辺郷釈鉄鉱銭錬闘関陥険隠雑霊顔顕駄騒験髄\
                        鶏麺黒黙齢塩囲営剤剣労効厳呪嬢峠巌恵惣懐戻抜挿捜撹斉暁査枠桜桟栃榊歓殻満瀬畳痩穏絵脇剰勧匂匁塀奨庁徳栄様\
                        碁笹繍";
/// No language.
pub const UND: &str = "und";

/// 1 for each of them.
static OF_JAPAN: LazyLock<Table> = LazyLock::new(|| {
    let mut own: Vec<char> = JAPANESE.chars().collect();
    own.sort_unstable();
    Table::new(|c| u8::from(own.binary_search(&c).is_ok()))
});

/// The language and script that [`judge`] finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// ISO 639-1, or `und`.
    pub language: &'static str,
    /// ISO 15924, or `mixed` for Chinese of both sides.
    pub script: &'static str,
}

/// What the scripts of a text leave to be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Nothing: the script decides.
    Settled(Verdict),
    /// The language: several are written in this script.
    Open(Open),
}

/// A script of several languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open {
    class: u8,
    /// ISO 15924; `Zzzz` for letters of a script that is not in the table.
    pub code: &'static str,
    /// Letters of the script.
    pub letters: usize,
    /// Chinese, Japanese and Korean characters beside them.
    eastern: usize,
    /// The verdict where nothing can tell the language: `und`, or that of the Chinese, Japanese or Korean beside it.
    pub otherwise: Verdict,
}

impl Open {
    /// Whether a language that a detector names is to be believed: names, addresses and markup in Latin letters look like
    /// Italian or Dutch, so beside some Chinese, Japanese or Korean (one character in twenty) only English is.
    pub fn believes(&self, language: &str) -> bool {
        self.class != LATIN || language == "en" || self.eastern * 20 < self.letters
    }
}

/// Language and script of texts that belong together.
pub fn judge(texts: &[&str]) -> Verdict {
    let mut counts = Counts::default();
    texts.iter().for_each(|text| counts.add(text));
    decide(&counts, texts)
}

/// The same, with the counts of the texts at hand.
pub fn decide(counts: &Counts, texts: &[&str]) -> Verdict {
    match by_script(counts, texts) {
        Finding::Settled(verdict) => verdict,
        Finding::Open(open) => {
            let enough = if open.class == LATIN { ENOUGH_LATIN } else { ENOUGH };
            let asked = open.letters >= enough && DETECTED.contains(&open.code);
            let found = asked
                .then(|| detect(open, counts, texts))
                .filter(|found| found.language != UND && open.believes(found.language));
            found.unwrap_or(open.otherwise)
        }
    }
}

/// What the scripts alone decide: rules 1 to 3, and the first half of 4.
pub fn by_script(counts: &Counts, texts: &[&str]) -> Finding {
    let verdict = |language, script| Verdict { language, script };
    let last = FIRST_SCRIPT + SCRIPTS.len() as u8 - 1; // Bopomofo, counted with Han
    let weigh = |class| if class == LATIN { 1 } else { 2 };
    let class = (LATIN..last).chain([OTHER]).max_by_key(|class| counts.get(*class) * weigh(*class)).unwrap_or(OTHER);
    let most = counts.get(class);
    let cjk = eastern_letters(counts);
    let weight = if class == LATIN && most < NAMES { WEIGHT_BESIDE_NAMES } else { WEIGHT };
    if cjk > 0 && cjk * weight >= most {
        return Finding::Settled(eastern(counts, texts));
    }
    if most == 0 {
        return Finding::Settled(verdict(UND, "Zyyy"));
    }
    let (code, language) = match class {
        LATIN => ("Latn", ""),
        OTHER => ("Zzzz", ""),
        _ => SCRIPTS.get((class - FIRST_SCRIPT) as usize).map_or(("Zzzz", ""), |s| (s.code, s.language)),
    };
    let otherwise = if cjk > 0 { eastern(counts, texts) } else { verdict(UND, code) };
    match language {
        "" | UND => Finding::Open(Open { class, code, letters: most, eastern: cjk, otherwise }),
        _ if most < ENOUGH => Finding::Settled(otherwise),
        language => Finding::Settled(verdict(language, code)),
    }
}

/// Han, Bopomofo, kana and Hangul.
fn eastern_letters(counts: &Counts) -> usize {
    counts.han() + counts.script("Bopo") + counts.get(KANA) + counts.get(HANGUL)
}

/// Chinese, Japanese or Korean.
fn eastern(counts: &Counts, texts: &[&str]) -> Verdict {
    let (han, kana, hangul) = (counts.han() + counts.script("Bopo"), counts.get(KANA), counts.get(HANGUL));
    if hangul >= han + kana {
        Verdict { language: "ko", script: "Kore" }
    } else if (kana > 0 && kana * 10 >= han) || (kana == 0 && only_japanese(counts, han, texts)) {
        Verdict { language: "ja", script: "Jpan" }
    } else {
        Verdict { language: "zh", script: side(counts) }
    }
}

/// Whether a short text without kana has forms of characters that Japan alone writes: at least one in ten.
fn only_japanese(counts: &Counts, han: usize, texts: &[&str]) -> bool {
    let own = || texts.iter().flat_map(|text| text.chars()).filter(|c| OF_JAPAN.get(*c) == 1).count();
    counts.chars() <= SHORT && own() * 10 >= han.max(1)
}

/// What letters weigh: each Han character, kana or Hangul syllable as much as five others.
pub fn weight(counts: &Counts) -> usize {
    counts.letters() + eastern_letters(counts) * (WEIGHT - 1)
}

/// The share of a text's letters, by weight, that are of the verdict's script; `None` without letters.
pub fn share_of(counts: &Counts, verdict: Verdict) -> Option<f64> {
    let (han, kana, hangul) = (counts.han() + counts.script("Bopo"), counts.get(KANA), counts.get(HANGUL));
    let own = match verdict.script {
        "Jpan" => (han + kana) * WEIGHT,
        "Kore" => (han + hangul) * WEIGHT,
        "Hans" | "Hant" | "Hani" | "mixed" => han * WEIGHT,
        "Latn" => counts.get(LATIN),
        "Zzzz" => counts.get(OTHER),
        code => counts.script(code),
    };
    let all = weight(counts);
    (all > 0).then(|| own as f64 / all as f64)
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

/// At most [`SAMPLE`] bytes of texts that belong together: all of them, line by line, or [`PIECES`] pieces that lie evenly
/// over them from the first byte to the last, without the words that a piece cuts.
pub fn sample(texts: &[&str], into: &mut String) {
    into.clear();
    let all: usize = texts.iter().map(|text| text.len() + 1).sum();
    if all <= SAMPLE {
        for text in texts {
            into.push_str(text);
            into.push('\n');
        }
        return;
    }
    let piece = SAMPLE / PIECES;
    for number in 0..PIECES {
        let (mut skip, mut left) = ((all - piece) * number / (PIECES - 1), piece);
        for text in texts {
            if left == 0 {
                break;
            }
            if skip > text.len() {
                skip -= text.len() + 1;
                continue;
            }
            let end = (skip + left).min(text.len());
            into.push_str(whole_words(text, skip, end));
            into.push('\n');
            (skip, left) = (0, left.saturating_sub(end - skip + 1));
        }
    }
}

/// What lies between two bytes of a text, without a word that either of them cuts, if that is short.
fn whole_words(text: &str, from: usize, to: usize) -> &str {
    let (start, end) = (text.ceil_char_boundary(from), text.floor_char_boundary(to));
    let piece = text.get(start..end).unwrap_or("");
    let first = piece.find(char::is_whitespace).filter(|at| start > 0 && *at < WORD).unwrap_or(0);
    let last = piece.rfind(char::is_whitespace).filter(|at| end < text.len() && piece.len() - at < WORD);
    piece.get(first..last.unwrap_or(piece.len())).unwrap_or(piece)
}

/// Asks whichlang about a sample of the text.
fn detect(open: Open, counts: &Counts, texts: &[&str]) -> Verdict {
    let Open { class, code, .. } = open;
    let table = classes::table();
    let mut text = String::with_capacity(SAMPLE + PIECES);
    sample(texts, &mut text);
    let (mut letters, mut unknown) = (0, 0);
    for c in text.chars().filter(|c| table.get(*c) == class) {
        letters += 1;
        unknown += usize::from(!c.is_ascii() && !known(code, c));
    }
    if unknown * 50 > letters {
        return Verdict { language: UND, script: code };
    }
    use whichlang::Lang::*;
    let (language, script) = match whichlang::detect_language(&text) {
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
        assert_eq!(of("BotPasswordsSessionProvider不可用。").0, "zh");
        assert_eq!(of("Joël Robuchon, Pierre Gagnaire, Alain Ducasse, Paul Bocuse：法国厨师").0, "zh");
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
    fn japanese_without_kana_by_its_own_forms() {
        for text in ["東京駅", "検索結果", "中国語（簡体）利用者権限一覧", "個人情報関連"] {
            assert_eq!(of(text), ("ja", "Jpan"), "{text}");
        }
        assert_eq!(of("王昭君出塞，毎思故國").0, "zh");
        assert_eq!(of("日本作家中条省平的作品在中国出版，其中提到了栃木县的历史和文化").0, "zh");
    }

    #[test]
    fn a_long_text_is_sampled_over_all_of_it() {
        let (english, german) =
            ("The house stands on the hill. ".repeat(100), "Das Haus steht auf dem Hügel. ".repeat(900));
        assert_eq!(of(&format!("{english}{german}")).0, "de", "the start alone is English");
        let mut sampled = String::new();
        let turns = vec!["Wir gehen nach Hause."; 400];
        sample(&turns, &mut sampled);
        assert!(sampled.len() <= SAMPLE + PIECES && sampled.len() > SAMPLE - PIECES * 2 * WORD, "{}", sampled.len());
        assert!(
            sampled.lines().all(|line| line.is_empty() || line.split(' ').all(|w| turns[0].contains(w))),
            "{sampled}"
        );
        sample(&["字".repeat(5_000).as_str(), "", "尾"], &mut sampled);
        assert!(sampled.len() <= SAMPLE + PIECES && sampled.ends_with("尾\n"), "{sampled}");
        sample(&["short", "text"], &mut sampled);
        assert_eq!(sampled, "short\ntext\n");
    }

    #[test]
    fn letters_of_the_script_are_a_share_of_all() {
        let share = |text: &str| {
            let counts = Counts::of(text);
            share_of(&counts, decide(&counts, &[text]))
        };
        assert_eq!(share("汉字，汉字。"), Some(1.0));
        assert_eq!(share("汉字ab汉字cdef12345"), Some(20.0 / 26.0));
        assert_eq!(share("12345"), None);
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
