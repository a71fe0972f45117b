//! What a tokenizer splits texts into before pieces are looked for, counted: the words that training reads.

use std::collections::HashMap;

use crate::models::tokenizer::Tokenizer;

/// Characters of a word that is taken whole; longer ones are cut, as classical Chinese without signs has them.
const LONGEST: usize = 128;

/// Different words in order, with how often each stands.
pub type Words = Vec<(Box<str>, u64)>;

/// Counts the words of texts on several threads.
///
/// # Errors
/// Why a text cannot be split.
pub fn count(texts: &[Box<str>], splitter: &Tokenizer, threads: usize) -> Result<Words, String> {
    let share = texts.len().div_ceil(threads.max(1)).max(1);
    let counted: Vec<Result<HashMap<Box<str>, u64>, String>> = std::thread::scope(|scope| {
        let work = |texts| scope.spawn(move || of(texts, splitter));
        let workers: Vec<_> = texts.chunks(share).map(work).collect();
        let failed = |_| Err("a thread that counts words has failed".to_owned());
        workers.into_iter().map(|worker| worker.join().unwrap_or_else(failed)).collect()
    });
    let mut all: HashMap<Box<str>, u64> = HashMap::new();
    for words in counted {
        let words = words?;
        if all.is_empty() {
            all = words;
            continue;
        }
        words.into_iter().for_each(|(word, times)| *all.entry(word).or_default() += times);
    }
    let mut words: Words = all.into_iter().collect();
    words.sort_unstable();
    Ok(words)
}

/// The words of some of the texts.
fn of(texts: &[Box<str>], splitter: &Tokenizer) -> Result<HashMap<Box<str>, u64>, String> {
    let mut words: HashMap<Box<str>, u64> = HashMap::new();
    let mut one = |word: &str| match words.get_mut(word) {
        Some(times) => *times += 1,
        None => drop(words.insert(word.into(), 1)),
    };
    for text in texts {
        splitter.words(text, &mut |word| {
            let mut rest = word;
            while let Some((at, _)) = rest.char_indices().nth(LONGEST) {
                one(&rest[..at]);
                rest = &rest[at..];
            }
            one(rest);
        })?;
    }
    Ok(words)
}

/// The characters that make up this share of the words, in order: the rest are rare, and fall into bytes.
pub fn alphabet(words: &Words, coverage: f64) -> Vec<char> {
    let mut counts: HashMap<char, u64> = HashMap::new();
    for (word, times) in words {
        word.chars().for_each(|c| *counts.entry(c).or_default() += times);
    }
    let all: u64 = counts.values().sum();
    let mut chars: Vec<(char, u64)> = counts.into_iter().collect();
    chars.sort_unstable_by_key(|(c, times)| (std::cmp::Reverse(*times), *c));
    let (mut seen, mut kept) = (0, Vec::new());
    for (c, times) in chars {
        if seen as f64 >= coverage * all as f64 {
            break;
        }
        seen += times;
        kept.push(c);
    }
    kept.sort_unstable();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_counted_by_all_threads_alike() {
        let path = [env!("CARGO_MANIFEST_DIR"), "tests", "models", "tiny-tokenizer.json"]
            .iter()
            .collect::<std::path::PathBuf>();
        let splitter = Tokenizer::read(&path).unwrap();
        let texts: Vec<Box<str>> = (0..50).map(|n| format!("河边的小镇 boats {n}，boats。").into()).collect();
        let one = count(&texts, &splitter, 1).unwrap();
        assert!(one.contains(&(" boats".into(), 50)), "{one:?}");
        assert_eq!(count(&texts, &splitter, 3).unwrap(), one);
        let long: Vec<Box<str>> = vec!["长".repeat(300).into()];
        let long = count(&long, &splitter, 2).unwrap();
        assert_eq!(long.iter().map(|w| (w.0.chars().count(), w.1)).collect::<Vec<_>>(), [(44, 1), (128, 2)]);
    }

    #[test]
    fn rare_characters_are_left_out() {
        let words: Words = vec![("aaab".into(), 30), ("c".into(), 1), ("d".into(), 1)];
        assert_eq!(alphabet(&words, 0.98), ['a', 'b']);
        assert_eq!(alphabet(&words, 1.0), ['a', 'b', 'c', 'd']);
    }
}
