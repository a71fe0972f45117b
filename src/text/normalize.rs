//! The fold that makes equal texts equal: one table of classes, unchanged runs copied whole.
//!
//! - Full-width letters and digits become ASCII. Chinese punctuation (`，！？（）「」`), full-width signs (`％＋＝`) and
//!   half-width kana stay: NFKC, which would fold them too, is not used.
//! - Control characters but `\n` and `\t` go, and zero-width and direction marks, soft hyphens, byte-order marks,
//!   annotation marks and noncharacters, and the whole of a terminal's sequence (ECMA-48: `ESC [32m`). U+FFFD stays: it
//!   tells of damage.
//! - A zero-width joiner stays between two emoji; both joiners stay after a letter or mark of Arabic, Syriac and the
//!   Indic scripts, where they change the letter. Tag characters stay in flags (after U+1F3F4).
//! - White space other than `\t` and `\n` becomes a space (no-break, ideographic, …); `\r\n`, `\r`, vertical tab, form
//!   feed, U+0085, U+2028 and U+2029 become `\n`.
//! - Radicals (Kangxi, and the whole characters among the CJK supplement) and compatibility ideographs become unified
//!   ideographs. Then NFC, if any character of the text can be touched by it.
//! - White space at the end of lines and around the text goes; three or more newlines become two. Spaces within a line
//!   stay as they are: they may be code.

use std::borrow::Cow;
use std::sync::LazyLock;

use unicode_normalization::{
    IsNormalized, UnicodeNormalization, char::canonical_combining_class, is_nfc, is_nfc_quick,
};

use super::table::Table;

const KEEP: u8 = 0;
/// Goes.
const DROP: u8 = 1;
/// Becomes a space.
const SPACE: u8 = 2;
/// `\n`, and what becomes it.
const LINE: u8 = 3;
/// Becomes [`mapped`].
const MAP: u8 = 4;
/// Stays or goes by its neighbours.
const JOIN: u8 = 5;
/// Stays here, but NFC may change it.
const COMPOSE: u8 = 6;

static TABLE: LazyLock<Table> = LazyLock::new(|| Table::new(action));

/// Radicals of the CJK supplement that look like a whole character, or a part that is one in Unicode: PDF files leave
/// them in its place, and compatibility decomposition leaves them.
const RADICALS: &str = "⺁厂⺄乙⺅亻⺆冂⺉刂⺊卜⺋㔾⺎兀⺐尢⺒巳⺓幺⺔彑⺖忄⺗㣺⺘扌⺙攵⺛旡⺝月⺞歺⺟母⺠民⺡氵⺢氺⺣灬⺤爫⺥爫⺦丬⺧牛⺨犭⺩王⺪疋⺬示\
    ⺭礻⺮竹⺯糹⺰纟⺱罓⺲罒⺶羊⺷羊⺹耂⺺肀⺻聿⺽臼⺾艹⺿艹⻀艹⻁虎⻂衤⻃覀⻄西⻅见⻆角⻈讠⻉贝⻊足⻋车⻌辶⻍辶⻎辶⻏阝⻐钅⻑長⻒镸\
    ⻓长⻔门⻖阝⻗雨⻘青⻙韦⻚页⻛风⻜飞⻝食⻟飠⻠饣⻢马⻣骨⻤鬼⻥鱼⻦鸟⻧卤⻨麦⻩黄⻪黾⻫斉⻬齐⻭歯⻮齿⻯竜⻰龙⻱龜⻲亀⻳龟";

fn action(c: char) -> u8 {
    match c {
        '\n' | '\r' | '\u{B}' | '\u{C}' | '\u{85}' | '\u{2028}' | '\u{2029}' => LINE,
        '\t' | ' '..='~' => KEEP,
        '\u{200C}' | '\u{200D}' | '\u{E0020}'..='\u{E007F}' => JOIN,
        '\u{AD}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' => DROP,
        '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{FDD0}'..='\u{FDEF}' | '\u{E0001}' => DROP,
        _ if c.is_control() || c as u32 & 0xFFFE == 0xFFFE => DROP,
        _ if c.is_whitespace() => SPACE,
        '０'..='９' | 'Ａ'..='Ｚ' | 'ａ'..='ｚ' => MAP,
        // No character of these blocks decomposes or composes; asking for each would cost a start 20 ms.
        '\u{3400}'..='\u{A66E}' | '\u{AC00}'..='\u{D7A3}' | '\u{E000}'..='\u{F8FF}' | '\u{20000}'..='\u{2F7FF}' => KEEP,
        '\u{2FA20}'..=char::MAX => KEEP,
        '\u{2E80}'..='\u{2FD5}' | '\u{F900}'..='\u{FAFF}' | '\u{2F800}'..='\u{2FA1F}' if mapped(c) != c => MAP,
        _ if canonical_combining_class(c) != 0 => COMPOSE,
        _ if is_nfc_quick(std::iter::once(c)) != IsNormalized::Yes => COMPOSE,
        _ => KEEP,
    }
}

/// What a `MAP` character becomes.
fn mapped(c: char) -> char {
    let single =
        |mut chars: unicode_normalization::Recompositions<std::iter::Once<char>>| match (chars.next(), chars.next()) {
            (Some(other), None) => other,
            _ => c,
        };
    match c {
        '\u{FF00}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
        '\u{2E80}'..='\u{2FD5}' => {
            let mut pairs = RADICALS.chars();
            while let (Some(radical), Some(whole)) = (pairs.next(), pairs.next()) {
                if radical == c {
                    return whole;
                }
            }
            single(std::iter::once(c).nfkc())
        }
        _ => single(std::iter::once(c).nfc()),
    }
}

/// Whether a joiner or tag stays between `before` (as already folded) and `after` (as it comes).
fn joins(c: char, before: Option<char>, after: Option<char>) -> bool {
    let emoji = |c: Option<char>| {
        c.is_some_and(|c| matches!(c, '\u{2190}'..='\u{2BFF}' | '\u{FE0F}' | '\u{1F000}'..='\u{1FAFF}'))
    };
    let shaping = |c: char| {
        matches!(c, '\u{600}'..='\u{DFF}' | '\u{1780}'..='\u{18AF}' | '\u{A8E0}'..='\u{A8FF}'
            | '\u{FB50}'..='\u{FDCF}' | '\u{FE70}'..='\u{FEFC}')
    };
    match c {
        '\u{E0020}'..='\u{E007F}' => before.is_some_and(|b| matches!(b, '\u{1F3F4}' | '\u{E0020}'..='\u{E007E}')),
        '\u{200D}' if emoji(before) && emoji(after) => true,
        _ => before.is_some_and(shaping),
    }
}

/// The folded text; borrowed only if it is the text itself.
pub fn normalize(text: &str) -> Cow<'_, str> {
    let (folded, compose) = fold(text);
    if !compose || is_nfc(&folded) {
        return folded;
    }
    // What NFC writes can be folded again in principle (it reorders marks beside joiners): repeat until it is still.
    let mut text: String = folded.nfc().collect();
    for _ in 0..4 {
        let Cow::Owned(again) = fold(&text).0 else { break };
        text = again.nfc().collect();
    }
    Cow::Owned(text)
}

/// All but NFC, and whether NFC may have anything to do.
fn fold(text: &str) -> (Cow<'_, str>, bool) {
    let table = &*TABLE;
    let mut out = Out { text, done: String::new(), start: 0, changed: false };
    let mut compose = false;
    let mut at = 0;
    while at < text.len() {
        while text.as_bytes()[at..].first_chunk::<16>().is_some_and(plain) {
            at += 16;
        }
        for _ in 0..32 {
            // U+4000 to U+9FFF and printable ASCII need no look at the table, nor decoding.
            match text.as_bytes().get(at) {
                None => break,
                Some(0xE4..=0xE9) => {
                    at += 3;
                    continue;
                }
                Some(b' '..=b'~') => {
                    at += 1;
                    continue;
                }
                _ => {}
            }
            let (here, mut chars) = (at, text[at..].chars());
            let Some(c) = chars.next() else { break };
            at += c.len_utf8();
            match table.get(c) {
                KEEP => {}
                COMPOSE => compose = true,
                LINE if c == '\r' && chars.as_str().starts_with('\n') => out.replace(here, at, None),
                LINE => out.line(here, at, c),
                SPACE => out.replace(here, at, Some(' ')),
                MAP => out.replace(here, at, Some(mapped(c))),
                JOIN if joins(c, out.written(here).chars().next_back(), chars.next()) => {}
                _ => {
                    at += if c == '\u{1B}' { sequence(&text.as_bytes()[at..]) } else { 0 };
                    out.replace(here, at, None);
                }
            }
        }
    }
    (out.finish(), compose)
}

/// How many bytes behind an escape are its sequence (ECMA-48, 5.4): `[`, parameters, and the letter that ends it.
fn sequence(rest: &[u8]) -> usize {
    const LONGEST: usize = 32;
    let inner = |byte: &&u8| (b' '..=b'?').contains(*byte);
    let length = 1 + rest.iter().skip(1).take(LONGEST).take_while(inner).count();
    let ends = rest.get(length).is_some_and(|byte| (b'@'..=b'~').contains(byte));
    if rest.starts_with(b"[") && ends { length + 1 } else { 0 }
}

/// Whether the fold leaves 16 bytes alone: printable ASCII.
#[inline(always)]
fn plain(block: &[u8; 16]) -> bool {
    block.iter().fold(true, |all, byte| all & (b' '..=b'~').contains(byte))
}

/// Output that copies the input from `start` only when something changes.
struct Out<'a> {
    text: &'a str,
    done: String,
    /// From here on the input is unchanged and not yet copied.
    start: usize,
    changed: bool,
}

impl Out<'_> {
    /// The end of the output before `here`: what is not yet copied, else what is.
    fn written(&self, here: usize) -> &str {
        let run = &self.text[self.start..here];
        if run.is_empty() { &self.done } else { run }
    }

    /// Copies up to `here`, then skips to `next`.
    fn replace(&mut self, here: usize, next: usize, with: Option<char>) {
        if !self.changed {
            self.done.reserve(self.text.len());
            self.changed = true;
        }
        self.done.push_str(&self.text[self.start..here]);
        self.done.extend(with);
        self.start = next;
    }

    /// A newline: trims the line before it, and is left out after two others.
    fn line(&mut self, here: usize, next: usize, c: char) {
        let run = &self.text.as_bytes()[self.start..here];
        let known = run.len() >= 2 || !self.changed;
        let blank = run.last().is_some_and(|b| matches!(b, b' ' | b'\t'));
        if c == '\n' && known && !blank && !run.ends_with(b"\n\n") {
            return;
        }
        self.replace(here, next, None);
        self.done.truncate(self.done.trim_end_matches([' ', '\t']).len());
        if !self.done.ends_with("\n\n") {
            self.done.push('\n');
        }
    }
}

impl<'a> Out<'a> {
    /// The whole output, trimmed.
    fn finish(mut self) -> Cow<'a, str> {
        const EDGE: [char; 3] = [' ', '\t', '\n'];
        if !self.changed {
            let trimmed = self.text.trim_matches(EDGE);
            return if trimmed.len() == self.text.len() { self.text.into() } else { trimmed.to_owned().into() };
        }
        self.done.push_str(&self.text[self.start..]);
        self.done.truncate(self.done.trim_end_matches(EDGE).len());
        let lead = self.done.len() - self.done.trim_start_matches(EDGE).len();
        self.done.drain(..lead);
        self.done.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule() {
        for (from, to) in [
            ("", ""),
            ("ＡＢＣ１２３，！？（）「」％＋", "ABC123，！？（）「」％＋"),
            ("a\u{0}b\u{7}c\u{200B}d\u{FEFF}e\u{AD}f\u{202E}g\u{7F}\u{80}", "abcdefg"),
            ("\u{FEFF}文", "文"),
            ("\u{1B}[32m题目\u{1B}[m\n\u{1B}[1;33m春\u{1B}[0K \u{1B}x\u{1B}[中\u{1B}[3", "题目\n春 x[中[3"),
            ("a\u{A0}b\u{3000}c\u{2003}d\te", "a b c d\te"),
            ("a\r\nb\rc\u{2028}d\u{85}e", "a\nb\nc\nd\ne"),
            ("a  \nb\t\n\n\n\nc \u{3000}\n", "a\nb\n\nc"),
            ("a\n \n \n \nb", "a\n\nb"),
            ("  x\n    y  z", "x\n    y  z"),
            ("⼈⽤⻅⻔豈\u{2F800}﨎", "人用见门豈丽﨎"),
            ("e\u{301}Ａ\u{30A}\u{1100}\u{1161}", "éÅ가"),
            ("👨\u{200D}👩\u{200D}👧 a\u{200D}b 中\u{200C}文", "👨\u{200D}👩\u{200D}👧 ab 中文"),
            ("می\u{200C}خواهم क्\u{200D}ष", "می\u{200C}خواهم क्\u{200D}ष"),
            ("🏴\u{E0067}\u{E007F} x\u{E0067}", "🏴\u{E0067}\u{E007F} x"),
            ("\u{FFFD}①㎡…“”", "\u{FFFD}①㎡…“”"),
            (" \u{200B} \n\n ", ""),
        ] {
            assert_eq!(normalize(from), to, "{from:?}");
        }
    }

    #[test]
    fn borrowed_means_unchanged() {
        for text in ["", "中文，English。\n\nfn x() {\n    1\n}", "é"] {
            assert!(matches!(normalize(text), Cow::Borrowed(same) if same.len() == text.len()));
        }
        assert!(matches!(normalize(" a"), Cow::Owned(_)));
    }

    #[test]
    fn tables_agree_with_unicode() {
        // The blocks that `action` does not ask about are indeed inert, and mapped characters are stable.
        for c in '\0'..=char::MAX {
            match TABLE.get(c) {
                KEEP => assert!(
                    canonical_combining_class(c) == 0 && is_nfc_quick(std::iter::once(c)) == IsNormalized::Yes,
                    "{c:?}"
                ),
                MAP => assert_eq!(TABLE.get(mapped(c)), KEEP, "{c:?}"),
                _ => {}
            }
            if matches!(c, '\u{4000}'..='\u{9FFF}' | ' '..='~') {
                assert_eq!(TABLE.get(c), KEEP, "{c:?}");
            }
        }
    }

    #[test]
    fn idempotent_on_many_inputs() {
        let pieces: Vec<char> = "a文，　 \t\n\r\u{0}\u{200B}\u{200C}\u{200D}\u{FEFF}Ａ１é\u{301}\u{323}\u{327}⼈⻅豈가ᄀ\u{1161}\u{11A8}\
             क\u{93C}\u{94D}م\u{650}\u{651}👩\u{FE0F}🏴\u{E0067}\u{E007F}\u{2028}\u{A0}\u{212B}\u{1FEF}\u{2329}\u{340}\u{344}\u{958}x"
            .chars()
            .chain(['\u{1D15E}', '\u{FB1D}', '\u{9E0}', '\u{FFFE}', ' ', '\n', '\n'])
            .collect();
        let mut state = 7u64;
        let mut next = |n: usize| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) as usize % n
        };
        for _ in 0..60_000 {
            let text: String = (0..next(14)).map(|_| pieces[next(pieces.len())]).collect();
            let once = normalize(&text).into_owned();
            assert!(matches!(normalize(&once), Cow::Borrowed(_)), "{text:?} -> {once:?} -> {:?}", normalize(&once));
            assert!(!once.contains("\n\n\n"));
            assert!(!once.contains(" \n"));
            assert!(!once.contains('\r'));
            assert!(is_nfc(&once));
        }
        for c in '\0'..=char::MAX {
            let text = format!("x{c}y");
            let once = normalize(&text).into_owned();
            assert_eq!(normalize(&once), once, "{c:?}");
        }
    }
}
