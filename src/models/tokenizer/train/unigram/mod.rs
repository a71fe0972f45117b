//! A unigram model (Kudo 2018), learnt as SentencePiece learns it: from many strings ([`seeds`]), their probabilities are
//! estimated by expectation maximisation with a sparse prior, and those without which the text would be the least less
//! likely are let go, until as many are left as there is room for. Single characters stay.
//!
//! Words are gone through in shares of a fixed size, whose sums are added in order: the pieces depend on the words alone.

use serde_json::Value as Json;

use super::file::{self, UNKNOWN};
use super::words::{Words, alphabet};
use super::{Made, Options, fresh};
use lattice::{Pieces, Sums};
use seeds::Flat;

mod lattice;
pub mod seeds;

/// Strings to begin with.
const SEEDS: usize = 1_000_000;
/// The share of the pieces that stays in each round.
const SHRINK: f64 = 0.75;
/// Words that are gone through in one go.
const SHARE: usize = 1 << 14;

/// The logarithmic derivative of the gamma function, as SentencePiece approximates it.
fn digamma(mut x: f64) -> f64 {
    let mut result = 0.0;
    while x < 7.0 {
        result -= 1.0 / x;
        x += 1.0;
    }
    x -= 0.5;
    let square = (1.0 / x).powi(2);
    let fourth = square * square;
    result + x.ln() + square / 24.0 - 7.0 / 960.0 * fourth + 31.0 / 8064.0 * fourth * square
        - 127.0 / 30720.0 * fourth * fourth
}

/// What is summed up over words, each with how often it stands there.
type Counting = fn(&Pieces, &[(&[char], u64)]) -> Sums;

/// Sums over all words, on several threads.
fn sums(flat: &Flat, pieces: &Pieces, threads: usize, count: Counting) -> Sums {
    let words: Vec<(&[char], u64)> = flat.words().collect();
    let mut all = Sums::new(pieces.len());
    for wave in words.chunks(SHARE * threads.max(1)) {
        let counted: Vec<Sums> = std::thread::scope(|scope| {
            let work = |share| scope.spawn(move || count(pieces, share));
            let workers: Vec<_> = wave.chunks(SHARE).map(work).collect();
            let joined = |worker: std::thread::ScopedJoinHandle<'_, Sums>| {
                worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            };
            workers.into_iter().map(joined).collect()
        });
        counted.iter().for_each(|sums| all.add(sums));
    }
    all
}

/// New probabilities by how often each piece is expected: what is not expected goes, but for single characters.
fn maximised(pieces: &Pieces, expected: &[f64]) -> Pieces {
    let stays = |(at, times): (usize, &f64)| {
        let single = pieces.is_single(at);
        (single || *times >= 0.5).then(|| (pieces.string(at).to_owned(), times.max(0.5)))
    };
    let left: Vec<(String, f64)> = expected.iter().enumerate().filter_map(stays).collect();
    let all = digamma(left.iter().map(|piece| piece.1).sum());
    Pieces::new(left.into_iter().map(|(piece, times)| (piece, digamma(times) - all)).collect())
}

/// Lets those go without which the text is the least less likely, down to `most`.
fn pruned(pieces: &Pieces, found: &Sums, most: usize) -> Pieces {
    let all: f64 = found.times.iter().sum();
    let (log_all, words) = (all.ln(), found.words.max(1.0));
    let (mut stay, mut lost) = (Vec::new(), Vec::new());
    for at in 0..pieces.len() {
        let times = found.times[at];
        if pieces.is_single(at) {
            stay.push(at);
            continue;
        }
        // What it falls into without itself; a piece that is not the best way to cut itself is of no use.
        let Some(parts) = pieces.without(at).filter(|_| times > 0.0) else { continue };
        let log_others = (all + times * (parts.len() as f64 - 1.0)).ln();
        let others: f64 = parts.iter().map(|part| (found.times[*part] + times).ln() - log_others).sum();
        lost.push((times / words * (times.ln() - log_all - others), at));
    }
    lost.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let room = most.saturating_sub(stay.len());
    stay.extend(lost.into_iter().take(room).map(|piece| piece.1));
    stay.sort_unstable();
    Pieces::new(stay.into_iter().map(|at| (pieces.string(at).to_owned(), pieces.score(at))).collect())
}

/// The pieces that are learnt of words of these characters, with their scores, best first; `room` of them.
fn learn(
    flat: &Flat,
    characters: &[char],
    (room, longest): (usize, usize),
    threads: usize,
    stop: &dyn Fn() -> bool,
) -> Vec<(String, f64)> {
    let mut times: std::collections::HashMap<char, u64> = characters.iter().map(|c| (*c, 1)).collect();
    for (word, count) in flat.words() {
        word.iter().for_each(|c| *times.entry(*c).or_default() += count);
    }
    let mut seeds: Vec<(String, u64)> = characters.iter().map(|c| (c.to_string(), times[c])).collect();
    let strings = flat.strings(longest, SEEDS);
    seeds.extend(strings.into_iter().map(|(s, times)| {
        let long = s.chars().count() as u64;
        (s, times * long)
    }));
    let all = (seeds.iter().map(|seed| seed.1).sum::<u64>() as f64).ln();
    let mut pieces = Pieces::new(seeds.into_iter().map(|(s, times)| (s, (times as f64).ln() - all)).collect());
    // A tenth more than is wanted, of which the best are taken in the end.
    let wanted = room + room / 10;
    while !stop() {
        for _ in 0..2 {
            let expected = sums(flat, &pieces, threads, lattice::expected);
            pieces = maximised(&pieces, &expected.times);
        }
        if pieces.len() <= wanted {
            break;
        }
        let found = sums(flat, &pieces, threads, lattice::best);
        let most = wanted.max((pieces.len() as f64 * SHRINK) as usize);
        let before = pieces.len();
        pieces = pruned(&pieces, &found, most);
        if pieces.len() == before {
            break;
        }
    }
    let mut all: Vec<(bool, f64, String)> =
        (0..pieces.len()).map(|at| (!pieces.is_single(at), pieces.score(at), pieces.string(at).to_owned())).collect();
    all.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)).then(a.2.cmp(&b.2)));
    all.truncate(room);
    all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.2.cmp(&b.2)));
    all.into_iter().map(|(_, score, piece)| (piece, score)).collect()
}

/// Trains a unigram model of characters, with bytes for those that are rare.
///
/// # Errors
/// A size that has no room for the special tokens, bytes and characters.
pub fn train(
    words: &Words,
    options: &Options,
    threads: usize,
    stop: &dyn Fn() -> bool,
) -> Result<(Json, Made), String> {
    let mut specials = vec![UNKNOWN.to_owned()];
    for token in &options.specials {
        if !specials.contains(token) {
            specials.push(token.clone());
        }
    }
    let known = specials.len() + 256;
    let room = fresh::room(options, known)?;
    let mut characters = alphabet(words, fresh::COVERAGE);
    // No text makes a special token.
    characters.retain(|c| !specials.iter().any(|token| *token == c.to_string()));
    if characters.len() >= room {
        return Err(fresh::too_small(options, known, characters.len()));
    }
    let rare = |c: char| characters.binary_search(&c).is_err();
    let runs = words.iter().flat_map(|(word, times)| word.split(rare).map(|run| (run, *times)));
    let flat = Flat::new(runs);
    let mut learnt = learn(&flat, &characters, (room, options.longest), threads, stop);
    learnt.retain(|piece| !specials.contains(&piece.0));
    let least = learnt.iter().map(|piece| piece.1).fold(0.0, f64::min);
    // The name of a byte that stands in a text is dearer than its characters, so that it is no byte there.
    let byte = 8.0 * least - 10.0;
    let made = Made { specials: specials.len(), characters: characters.len(), pieces: learnt.len() - characters.len() };
    let mut pieces: Vec<(String, f64)> = specials.iter().map(|token| (token.clone(), 0.0)).collect();
    pieces.extend(file::bytes(false).into_iter().map(|name| (name, byte)));
    pieces.extend(learnt);
    Ok((file::tokenizer(file::unigram(&pieces), &specials, false), made))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digamma_is_that_of_the_books() {
        for (x, wanted) in [(1.0, -0.577_215_664_9), (0.5, -1.963_510_026), (10.0, 2.251_752_589)] {
            assert!((digamma(x) - wanted).abs() < 1e-6, "{x}: {}", digamma(x));
        }
    }

    /// Strings that stand together become pieces, whatever the threads.
    #[test]
    fn pieces_are_what_stands_together() {
        let parts = ["河边", "小镇", "安静", "boats", "bridge"];
        let word = |n: u64| [1, 5, 25, 125].map(|by| parts[(n / by % 5) as usize]).concat();
        let words: Words = (0..625).map(|n| (word(n).into(), 1 + n % 3)).collect();
        let options = Options { size: 281, specials: vec!["<eos>".into()], least: 2, longest: 6 };
        let (json, made) = train(&words, &options, 2, &|| false).unwrap();
        let vocabulary: Vec<&str> =
            json["model"]["vocab"].as_array().unwrap().iter().map(|p| p[0].as_str().unwrap()).collect();
        for piece in ["河边", "小镇", "安静", "boats", "bridge", "<eos>", "<0x0A>"] {
            assert!(vocabulary.contains(&piece), "{piece}: {:?}", &vocabulary[258..]);
        }
        assert!(vocabulary.len() <= 281 && made.specials == 2, "{made:?}");
        assert_eq!(train(&words, &options, 1, &|| false).unwrap().0, json);
        let small = Options { size: 262, ..options };
        assert!(train(&words, &small, 1, &|| false).unwrap_err().contains("have no room"));
    }
}
