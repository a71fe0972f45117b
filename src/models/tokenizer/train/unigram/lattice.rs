//! The ways in which a word can be cut into pieces: how often each piece is expected over all of them, and the best one.

use std::collections::HashMap;

/// Pieces with their scores, the logarithms of their probabilities, and a tree in which they are looked for.
pub struct Pieces {
    strings: Vec<(String, f64)>,
    /// Characters of each.
    long: Vec<u32>,
    /// By node and character, the node behind it; 0 is the root.
    edges: HashMap<(u32, char), u32>,
    /// By node, the piece that ends there.
    ends: Vec<Option<u32>>,
}

/// What is added up over words.
pub struct Sums {
    /// By piece, how often it stands or is expected.
    pub times: Vec<f64>,
    /// Words, each as often as it stands.
    pub words: f64,
}

impl Sums {
    /// Nothing yet, of so many pieces.
    pub fn new(pieces: usize) -> Self {
        Sums { times: vec![0.0; pieces], words: 0.0 }
    }

    /// Adds others of the same pieces.
    pub fn add(&mut self, other: &Sums) {
        self.words += other.words;
        self.times.iter_mut().zip(&other.times).for_each(|(mine, more)| *mine += more);
    }
}

impl Pieces {
    /// Of strings and scores.
    pub fn new(strings: Vec<(String, f64)>) -> Self {
        let mut pieces =
            Pieces { long: Vec::with_capacity(strings.len()), edges: HashMap::new(), ends: vec![None], strings };
        for (at, (string, _)) in (0..).zip(&pieces.strings) {
            let mut node = 0;
            for c in string.chars() {
                let next = pieces.ends.len() as u32;
                node = *pieces.edges.entry((node, c)).or_insert(next);
                if node == next {
                    pieces.ends.push(None);
                }
            }
            pieces.ends[node as usize] = Some(at);
            pieces.long.push(string.chars().count() as u32);
        }
        pieces
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.strings.len()
    }

    /// The string of one.
    pub fn string(&self, at: usize) -> &str {
        &self.strings[at].0
    }

    /// The score of one.
    pub fn score(&self, at: usize) -> f64 {
        self.strings[at].1
    }

    /// Whether one is a single character.
    pub fn is_single(&self, at: usize) -> bool {
        self.long[at] == 1
    }

    /// Hands over the pieces that begin a text: how many characters, and which.
    fn each(&self, text: &[char], mut found: impl FnMut(usize, usize)) {
        let mut node = 0;
        for (at, c) in text.iter().enumerate() {
            let Some(next) = self.edges.get(&(node, *c)) else { return };
            node = *next;
            if let Some(piece) = self.ends[node as usize] {
                found(at + 1, piece as usize);
            }
        }
    }

    /// The best way to cut a text, without a piece where one is named: the pieces, last first, and the score. Nothing
    /// where there is none.
    fn cut(&self, text: &[char], without: Option<usize>) -> Option<(Vec<usize>, f64)> {
        let mut best: Vec<(f64, usize)> = vec![(f64::NEG_INFINITY, usize::MAX); text.len() + 1];
        best[0].0 = 0.0;
        for from in 0..text.len() {
            let so_far = best[from].0;
            if so_far == f64::NEG_INFINITY {
                continue;
            }
            self.each(&text[from..], |long, piece| {
                let score = so_far + self.strings[piece].1;
                if Some(piece) != without && score > best[from + long].0 {
                    best[from + long] = (score, piece);
                }
            });
        }
        let score = best[text.len()].0;
        let (mut pieces, mut at) = (Vec::new(), text.len());
        while at > 0 {
            let piece = best[at].1;
            pieces.push(piece);
            at -= *self.long.get(piece)? as usize;
        }
        Some((pieces, score))
    }

    /// What a piece falls into without itself; nothing where that is likelier than the piece, or there is no such way.
    pub fn without(&self, at: usize) -> Option<Vec<usize>> {
        let text: Vec<char> = self.strings[at].0.chars().collect();
        self.cut(&text, Some(at)).filter(|(_, score)| *score < self.strings[at].1).map(|(parts, _)| parts)
    }
}

/// How often each piece stands in the best ways to cut words.
pub fn best(pieces: &Pieces, words: &[(&[char], u64)]) -> Sums {
    let mut sums = Sums::new(pieces.len());
    for (word, times) in words {
        sums.words += *times as f64;
        let cut = pieces.cut(word, None).map(|cut| cut.0).unwrap_or_default();
        cut.into_iter().for_each(|piece| sums.times[piece] += *times as f64);
    }
    sums
}

/// How often each piece is expected over all ways to cut words.
pub fn expected(pieces: &Pieces, words: &[(&[char], u64)]) -> Sums {
    let mut sums = Sums::new(pieces.len());
    // From, to, piece; and by place the logarithm of the sum of all ways that lead there, and from there to the end.
    let mut edges: Vec<(u32, u32, u32)> = Vec::new();
    let (mut to, mut on): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
    for (word, times) in words {
        sums.words += *times as f64;
        edges.clear();
        for from in 0..word.len() {
            pieces.each(&word[from..], |long, piece| edges.push((from as u32, (from + long) as u32, piece as u32)));
        }
        to.clear();
        to.resize(word.len() + 1, f64::NEG_INFINITY);
        on.clone_from(&to);
        (to[0], on[word.len()]) = (0.0, 0.0);
        for (a, b, piece) in &edges {
            to[*b as usize] = either(to[*b as usize], to[*a as usize] + pieces.score(*piece as usize));
        }
        for (a, b, piece) in edges.iter().rev() {
            on[*a as usize] = either(on[*a as usize], on[*b as usize] + pieces.score(*piece as usize));
        }
        let whole = to[word.len()];
        if whole == f64::NEG_INFINITY {
            continue;
        }
        for (a, b, piece) in &edges {
            let way = to[*a as usize] + pieces.score(*piece as usize) + on[*b as usize] - whole;
            sums.times[*piece as usize] += *times as f64 * way.exp();
        }
    }
    sums
}

/// The logarithm of a sum, of the logarithms of its parts.
fn either(a: f64, b: f64) -> f64 {
    let (less, more) = if a < b { (a, b) } else { (b, a) };
    // What is 50 below changes nothing.
    if less < more - 50.0 || less == f64::NEG_INFINITY { more } else { more + (less - more).exp().ln_1p() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_ways_to_cut_a_word() {
        let pieces = [("a", 0.25f64), ("b", 0.25), ("ab", 0.4), ("ba", 0.1)];
        let pieces = Pieces::new(pieces.map(|(s, p)| (s.to_owned(), p.ln())).to_vec());
        let word: Vec<char> = "aba".chars().collect();
        // a b a 1/64; ab a 1/10; a ba 1/40.
        let ways = [1.0 / 64.0, 0.1, 0.025];
        let all: f64 = ways.iter().sum();
        let wanted = [2.0 * ways[0] + ways[1] + ways[2], ways[0], ways[1], ways[2]].map(|w| 2.0 * w / all);
        let found = expected(&pieces, &[(&word, 2)]);
        assert!(found.times.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-12), "{:?} {wanted:?}", found.times);
        assert_eq!(best(&pieces, &[(&word, 3)]).times, [3.0, 0.0, 3.0, 0.0]);
        assert_eq!(pieces.without(2), Some(vec![1, 0]));
        assert_eq!(pieces.without(3), Some(vec![0, 1]));
    }
}
