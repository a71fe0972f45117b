//! The cutter held against jieba-rs: the same words, whatever the text and the dictionary.
//!
//! `CORPUS_SENTENCES` says how many sentences are made up; a check of a change takes ten million, with `--release`.
//! `CORPUS_TEXTS` names a folder, every file of which is cut.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::PathBuf;

use fastrand::Rng;
use jieba_rs::Jieba;

use super::super::classes::{self, PUNCT, SPACE};
use super::jieba::Cutter;
use super::{Dictionary, count, foreign, spaced, split};
use crate::beside::beside;

/// Words by jieba-rs, by the rules at the head of `words`.
fn by_reference<'a>(jieba: &Jieba, text: &'a str) -> Vec<&'a str> {
    const LONGEST: usize = 64 << 10;
    let (table, mut rest, mut words) = (classes::table(), text, Vec::new());
    let is_han = |c: char| classes::is_han(table.get(c));
    let length = |text: &str, holds: &dyn Fn(char, usize) -> bool| {
        text.char_indices().find(|(at, c)| !holds(*c, *at)).map_or(text.len(), |(at, _)| at)
    };
    while !rest.is_empty() {
        let other = length(rest, &|c, _| !is_han(c));
        foreign::words(&rest[..other], &mut |word| words.push(word));
        rest = &rest[other..];
        let han = length(rest, &|c, at| match table.get(c) {
            PUNCT | SPACE => at < LONGEST && !c.is_ascii_punctuation(),
            _ => is_han(c),
        });
        let tokens = jieba.cut(&rest[..han], true);
        words.extend(tokens.into_iter().map(|t| t.word).filter(|w| w.starts_with(is_han)));
        rest = &rest[han..];
    }
    words
}

/// All of jieba-rs' tokens but white space.
fn tokens_by_reference<'a>(jieba: &Jieba, text: &'a str) -> Vec<&'a str> {
    jieba.cut(text, true).into_iter().map(|t| t.word).filter(|w| !w.trim().is_empty()).collect()
}

fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    Cutter::standard().tokens(text, |token| tokens.push(token));
    tokens
}

fn holds(jieba: &Jieba, text: &str) {
    let words = by_reference(jieba, text);
    let shown = || text.chars().take(200).collect::<String>();
    assert_eq!(split(text), words, "{}", shown());
    assert_eq!(count(text), words.len(), "{}", shown());
    assert_eq!(tokens(text), tokens_by_reference(jieba, text), "{}", shown());
}

/// Where the character at `place` begins.
fn start(word: &str, place: usize) -> usize {
    word.char_indices().nth(place).map_or(word.len(), |(at, _)| at)
}

/// Makes up sentences: words of the dictionary and their beginnings, characters by frequency and of every kind.
struct Maker {
    random: Rng,
    words: Vec<String>,
    chars: Vec<char>,
    /// Words whose first character is none, and that character before a word that begins with their second one.
    stubs: Vec<String>,
}

impl Maker {
    fn new(seed: u64) -> Maker {
        let mut words = Vec::new();
        let chars = Cutter::known(|word| words.push(word.to_owned()));
        assert!(words.len() > 340_000, "{}", words.len());
        let singles: BTreeSet<&str> = words.iter().filter(|w| w.chars().count() == 1).map(String::as_str).collect();
        let behind: BTreeMap<&str, &String> =
            words.iter().filter(|w| w.len() > start(w, 1)).map(|w| (&w[..start(w, 1)], w)).collect();
        let mut stubs = Vec::new();
        for word in words.iter().filter(|word| !singles.contains(&word[..start(word, 1)])) {
            let (first, second) = (&word[..start(word, 1)], &word[start(word, 1)..start(word, 2)]);
            stubs.push(word.clone());
            stubs.extend(behind.get(second).map(|longer| format!("{first}{longer}")));
        }
        assert!(stubs.len() > 300, "{}", stubs.len());
        Maker { random: Rng::with_seed(seed), words, chars, stubs }
    }

    fn sentence(&mut self, text: &mut String) {
        let kind = self.random.u8(..16);
        for _ in 0..self.random.usize(1..14) {
            self.part(kind, text);
        }
    }

    fn part(&mut self, kind: u8, text: &mut String) {
        const SIGNS: [&str; 18] = [
            "，", "。", "！", "\n", " ", "\u{3000}", "·", "〇", "々", "⺀", "の", "ー", "1", "a", "’s", "-", "\r\n",
            "😀",
        ];
        const LATIN: [&str; 14] =
            ["Vue.js", "C++", "AT&T", "3.14", "50%", "a-", "_b", "#", "A", "T恤", "B超", "1.2.3", "卡拉", "OK"];
        const RANGES: [(u32, u32); 8] = [
            (0x4E00, 0x9FFF),
            (0x9FD0, 0x9FFF),
            (0x3400, 0x4DBF),
            (0xF900, 0xFAFF),
            (0x20000, 0x2A6FF),
            (0x2A700, 0x2EBFF),
            (0x2F800, 0x2FA2F),
            (0x2E80, 0x2FDF),
        ];
        let random = &mut self.random;
        match random.u8(..24) {
            0 => text.push_str(SIGNS[random.usize(..SIGNS.len())]),
            1 if kind > 12 => text.push_str(LATIN[random.usize(..LATIN.len())]),
            1 | 2 if kind > 9 => {
                let (from, to) = RANGES[random.usize(..RANGES.len())];
                text.extend(char::from_u32(random.u32(from..=to)));
            }
            3..10 if kind > 4 => text.push(self.chars[random.usize(..300)]),
            10..12 if kind > 4 => text.push(self.chars[random.usize(..self.chars.len())]),
            12 if kind > 4 => text.push_str(&self.stubs[random.usize(..self.stubs.len())]),
            13..15 if kind > 6 => {
                let word = &self.words[random.usize(..self.words.len())];
                let some = random.usize(1..=word.chars().count());
                text.extend(word.chars().take(some));
            }
            _ => text.push_str(&self.words[random.usize(..self.words.len())]),
        }
    }
}

fn sentences() -> usize {
    std::env::var("CORPUS_SENTENCES").ok().and_then(|n| n.parse().ok()).unwrap_or(20_000)
}

#[test]
fn made_up_sentences_are_cut_as_jieba_does() {
    let (jieba, mut maker, mut text) = (Jieba::new(), Maker::new(1), String::new());
    for at in 0..sentences() {
        maker.sentence(&mut text);
        // Some texts are of one sentence, most of many.
        if at % 16 == 0 || at % 64 < 8 {
            holds(&jieba, &text);
            text.clear();
        }
    }
}

#[test]
fn words_of_ones_own_are_added_as_jieba_does() {
    let mut maker = Maker::new(2);
    for round in 0..8 {
        let (mut jieba, mut lines, mut own) = (Jieba::new(), String::new(), Vec::new());
        for at in 0..1 << (2 * round).min(10) {
            let mut word = String::new();
            for _ in 0..if at == 3 { 300 } else { maker.random.usize(1..4) } {
                maker.part(12, &mut word);
            }
            // Characters that jieba takes for words of their own are counted, and never found in a longer word.
            word.retain(|c| classes::is_han(classes::class(c)));
            if word.is_empty() {
                continue;
            }
            let frequency = [None, Some(1), Some(3 + at as usize), Some(1_000_000_000)][maker.random.usize(..4)];
            jieba.add_word(&word, frequency, None);
            let _ = writeln!(lines, "{word} {}", frequency.map_or(String::new(), |f| f.to_string()));
            own.push(word);
        }
        let dictionary = Dictionary::with_words(&lines).unwrap();
        for _ in 0..sentences() / 400 {
            let mut text = String::new();
            for _ in 0..8 {
                maker.sentence(&mut text);
                text.push_str(own.get(maker.random.usize(..own.len().max(1))).map_or("", |word| word));
            }
            let words = by_reference(&jieba, &text);
            assert_eq!(dictionary.split(&text), words, "{lines}");
            assert_eq!(dictionary.count(&text), words.len(), "{lines}");
        }
    }
}

#[test]
fn a_word_without_a_frequency_gets_that_of_jieba() {
    let (jieba, mut maker) = (Jieba::new(), Maker::new(3));
    for _ in 0..sentences() / 20 {
        let mut word = String::new();
        for _ in 0..maker.random.usize(1..4) {
            maker.part(12, &mut word);
        }
        word.retain(|c| classes::is_han(classes::class(c)));
        if !word.is_empty() {
            assert_eq!(Cutter::standard().suggest(&word), jieba.suggest_freq(&word) as u64, "{word}");
        }
    }
}

#[test]
fn stretches_of_any_length_are_cut_as_jieba_does() {
    let jieba = Jieba::new();
    for sign in ["", "，", " ", "。\n"] {
        for han in ["床前明月光", "的", "龘", "𠀀", "㐀", "一〇", "中华人民共和国", "鱻"] {
            // About the ends of a window, of a block of bits, and of the longest stretch.
            for times in [1, 12, 13, 31, 63, 64, 65, 127, 255, 256, 257, 511, 1_023, 8_000] {
                holds(&jieba, &format!("{}{sign}", han.repeat(times)));
                let text = format!("{han}{sign}").repeat(times);
                holds(&jieba, &text);
                holds(&jieba, &format!("a{text}1{text}"));
            }
        }
    }
    // Longer than what is kept for the next text.
    for text in ["的".repeat(200_000), "龘〇".repeat(150_000), "中华人民共和国，".repeat(40_000)] {
        holds(&jieba, &text);
    }
    // From 64 KiB on a sign ends a stretch: what stands behind it begins another part, of which this is a word.
    let long = format!("{}‿ab中", "文".repeat(21_846));
    assert!(split(&long).contains(&"‿ab"));
    holds(&jieba, &long);
    holds(&jieba, &long[3..]);
}

#[test]
fn every_character_is_cut_as_jieba_does() {
    let jieba = Jieba::new();
    for c in ('\0'..='\u{3FFFF}').filter(|c| !matches!(c, '\u{AC00}'..='\u{D7A3}')) {
        let text = format!("中{c}文");
        assert_eq!(split(&text), by_reference(&jieba, &text), "{c:?}");
        assert_eq!(tokens(&text), tokens_by_reference(&jieba, &text), "{c:?}");
    }
}

/// Files of real text: the beginnings of three that lie beside the repository, or every file of the folder that
/// `CORPUS_TEXTS` names, whole.
fn real_texts() -> Vec<String> {
    let read = |path: PathBuf| String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
    if let Some(folder) = std::env::var_os("CORPUS_TEXTS") {
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        return files.filter(|path| path.is_file()).map(read).collect();
    }
    let files = ["pretrain/zhwiki-plain.jsonl", "pretrain/md-javaguide.jsonl", "classical/shishuoxinyu-wikisource.txt"];
    let mut texts: Vec<String> = files.iter().filter_map(|name| beside(&format!("data/{name}"))).map(read).collect();
    texts.iter_mut().for_each(|text| text.truncate(text.floor_char_boundary(400_000)));
    texts
}

#[test]
fn real_texts_are_cut_as_jieba_does() {
    let (jieba, mut with_own, mut maker, mut lines) = (Jieba::new(), Jieba::new(), Maker::new(4), String::new());
    for at in 0..2_000 {
        let mut word = String::new();
        (0..maker.random.usize(1..4)).for_each(|_| maker.part(12, &mut word));
        word.retain(|c| classes::is_han(classes::class(c)));
        if !word.is_empty() {
            let frequency = [None, Some(3 + at)][maker.random.usize(..2)];
            with_own.add_word(&word, frequency, None);
            let _ = writeln!(lines, "{word} {}", frequency.map_or(String::new(), |f| f.to_string()));
        }
    }
    let dictionary = Dictionary::with_words(&lines).unwrap();
    for text in real_texts() {
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let (part, behind) = rest.split_at(rest.floor_char_boundary(1 << 20));
            holds(&jieba, part);
            let words = by_reference(&with_own, part);
            assert_eq!(dictionary.split(part), words);
            assert_eq!(dictionary.count(part), words.len());
            rest = behind;
        }
    }
}

#[test]
fn spaced_words_are_those_of_jieba() {
    let text = "我用C++写Vue.js，  AT&T的50%\r\n\n 中文。\ta_b-c..d%% 〇一";
    let by_lines = |line: &str| tokens_by_reference(&Jieba::new(), line).join(" ");
    assert_eq!(spaced(text).lines().collect::<Vec<_>>(), text.lines().map(by_lines).collect::<Vec<_>>());
}
