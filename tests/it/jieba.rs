//! The packed dictionary of the cutter is that of the crate jieba-rs, at the version of Cargo.lock: the crate's own files
//! are packed again, and what comes out is what is compiled in.

use std::cmp::Reverse;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value as Json;

use crate::harness::{same_bytes, skipped};

const PACKED: &str = "src/text/words/jieba/dictionary.zst";

/// `CORPUS_UPDATE=1 cargo test generated` packs the dictionary anew, where it is another one.
#[test]
fn the_generated_dictionary_is_that_of_jieba() {
    let (Some(dictionary), Some(model)) =
        (of_crate("jieba-rs", "src/data/dict.txt"), of_crate("jieba-macros", "src/hmm.model"))
    else {
        return skipped("no source of jieba-rs on this machine");
    };
    let fresh = packed(&dictionary, &model);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PACKED);
    let there = || std::fs::read(&path).ok().and_then(|bytes| zstd::decode_all(&bytes[..]).ok()).unwrap_or_default();
    if std::env::var_os("CORPUS_UPDATE").is_some() && there() != fresh {
        std::fs::write(&path, zstd::bulk::compress(&fresh, 22).unwrap()).unwrap();
    }
    same_bytes(&there(), &fresh, &format!("{PACKED} is stale: run CORPUS_UPDATE=1 cargo test generated"));
}

/// A file of a crate that Cargo.lock names, where its source is.
fn of_crate(name: &str, file: &str) -> Option<String> {
    let run = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--offline", "--format-version", "1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .ok()?;
    let metadata: Json = serde_json::from_slice(&run.stdout).ok()?;
    let package = metadata["packages"].as_array()?.iter().find(|p| p["name"] == name)?;
    let manifest = PathBuf::from(package["manifest_path"].as_str()?);
    std::fs::read_to_string(manifest.with_file_name(file)).ok()
}

/// The layout that `src/text/words/jieba/trie.rs` reads and describes.
fn packed(dictionary: &str, model: &str) -> Vec<u8> {
    let (first, follows, emits) = read_model(model);
    let (total, words) = read_words(dictionary);
    let mut sums: HashMap<char, u64> = emits.keys().map(|c| (*c, 0)).collect();
    for (word, frequency) in &words {
        word.chars().for_each(|c| *sums.entry(c).or_default() += frequency);
    }
    let mut chars: Vec<char> = sums.keys().copied().collect();
    chars.sort_unstable_by_key(|c| (Reverse(sums[c]), *c));
    let mut out = Vec::new();
    number(&mut out, total);
    let text: String = chars.iter().collect();
    number(&mut out, text.len() as u64);
    out.extend(text.as_bytes());
    put_words(&mut out, &words, &chars);
    first.iter().chain(&follows).for_each(|real| out.extend(real.to_le_bytes()));
    put_emissions(&mut out, &emits, &chars);
    out
}

/// The sum of all frequencies, and the words that jieba can find: those within one of its stretches.
fn read_words(dictionary: &str) -> (u64, Vec<(&str, u64)>) {
    let (mut total, mut words) = (0, Vec::new());
    let block = |c: char| {
        c.is_ascii_alphanumeric()
            || "+#&._%-".contains(c)
            || matches!(c, '\u{4E00}'..='\u{9FFF}' | '\u{3400}'..='\u{4DBF}' | '\u{F900}'..='\u{FAFF}')
            || matches!(c, '\u{20000}'..='\u{2A6DF}' | '\u{2A700}'..='\u{2EBEF}' | '\u{2F800}'..='\u{2FA1F}')
    };
    for line in dictionary.lines() {
        let [word, frequency, ..] = line.split_ascii_whitespace().collect::<Vec<_>>()[..] else {
            panic!("`{line}` is no entry")
        };
        let frequency = frequency.parse().unwrap();
        assert!(frequency > 0, "`{line}`: a word of frequency 0 would have no weight");
        total += frequency;
        if word.chars().all(block) {
            words.push((word, frequency));
        }
    }
    let different: BTreeSet<&str> = words.iter().map(|w| w.0).collect();
    assert_eq!(different.len(), words.len(), "a word stands twice, and counts twice in the sum");
    (total, words)
}

/// First states, transitions, and the emissions of characters that the model cuts.
type Model = (Vec<f64>, Vec<f64>, BTreeMap<char, [Option<f64>; 4]>);

fn read_model(model: &str) -> Model {
    let mut lines = model.lines().filter(|line| !line.starts_with('#'));
    let reals = |line: &str| line.split(' ').map(|n| n.parse().unwrap()).collect::<Vec<f64>>();
    let first = reals(lines.next().unwrap());
    let follows: Vec<f64> = lines.by_ref().take(4).flat_map(reals).collect();
    assert_eq!((first.len(), follows.len()), (4, 16));
    let mut emits: BTreeMap<char, [Option<f64>; 4]> = BTreeMap::new();
    for (state, line) in lines.enumerate() {
        for pair in line.split(',') {
            let (c, real) = pair.split_once(':').unwrap();
            let c = c.chars().next().unwrap();
            if ('\u{4E00}'..='\u{9FD5}').contains(&c) {
                emits.entry(c).or_default()[state] = Some(real.parse().unwrap());
            }
        }
    }
    (first, follows, emits)
}

/// Frequencies, and the trie level by level.
fn put_words(out: &mut Vec<u8>, words: &[(&str, u64)], chars: &[char]) {
    let place: HashMap<char, u64> = chars.iter().copied().zip(0..).collect();
    let frequencies: BTreeSet<u64> = words.iter().map(|w| w.1).collect();
    number(out, frequencies.len() as u64);
    frequencies.iter().fold(0, |before, frequency| {
        number(out, frequency - before);
        *frequency
    });
    let index: HashMap<u64, u64> = frequencies.into_iter().zip(1..).collect();
    // For each beginning of a word how long it is, its characters, how many go on from it, and the word's frequency.
    let mut nodes: BTreeMap<(usize, Vec<u64>), (u64, u64)> = BTreeMap::from([((0, Vec::new()), (0, 0))]);
    for (word, frequency) in words {
        let word: Vec<u64> = word.chars().map(|c| place[&c]).collect();
        for len in 1..=word.len() {
            if let Entry::Vacant(new) = nodes.entry((len, word[..len].to_vec())) {
                new.insert((0, 0));
                nodes.get_mut(&(len - 1, word[..len - 1].to_vec())).unwrap().0 += 1;
            }
        }
        nodes.get_mut(&(word.len(), word)).unwrap().1 = index[frequency];
    }
    number(out, nodes.len() as u64);
    nodes.values().for_each(|(fan, _)| number(out, *fan));
    let mut before: &[u64] = &[];
    for (len, chars) in nodes.keys().skip(1) {
        let sibling = before.len() == *len && before[..len - 1] == chars[..len - 1];
        number(out, chars[len - 1] - if sibling { before[len - 1] + 1 } else { 0 });
        before = chars;
    }
    nodes.values().skip(1).for_each(|(_, frequency)| number(out, *frequency));
}

fn put_emissions(out: &mut Vec<u8>, emits: &BTreeMap<char, [Option<f64>; 4]>, chars: &[char]) {
    let mut values: Vec<f64> = emits.values().flatten().flatten().copied().collect();
    values.sort_unstable_by(f64::total_cmp);
    values.dedup();
    number(out, values.len() as u64);
    values.iter().for_each(|value| out.extend(value.to_le_bytes()));
    for emit in chars.iter().flat_map(|c| emits.get(c).copied().unwrap_or_default()) {
        let place = emit.map_or(0, |real| values.partition_point(|value| *value < real) + 1);
        out.extend(u16::try_from(place).unwrap().to_le_bytes());
    }
}

/// Seven bits a byte, the lowest first.
fn number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 128 {
        out.push(number as u8 | 128);
        number >>= 7;
    }
    out.push(number as u8);
}
