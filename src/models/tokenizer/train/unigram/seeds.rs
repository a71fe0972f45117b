//! Strings that a unigram model begins with: all that stand twice within words and go on in more than one way, found by
//! sorting what follows each character; those that cover most text are taken.

/// Words as characters in one array, each behind the other with an end between.
pub struct Flat {
    chars: Vec<char>,
    /// Where each word begins and ends, and how often it stands.
    words: Vec<(usize, usize, u64)>,
}

/// What stands between words.
const END: char = '\0';

impl Flat {
    /// Of words and their counts.
    pub fn new<'w>(words: impl IntoIterator<Item = (&'w str, u64)>) -> Self {
        let mut flat = Flat { chars: Vec::new(), words: Vec::new() };
        for (word, times) in words {
            let from = flat.chars.len();
            flat.chars.extend(word.chars().filter(|c| *c != END));
            if flat.chars.len() > from {
                flat.words.push((from, flat.chars.len(), times));
                flat.chars.push(END);
            }
        }
        flat
    }

    /// Each word, with how often it stands.
    pub fn words(&self) -> impl ExactSizeIterator<Item = (&[char], u64)> {
        self.words.iter().map(|(from, to, times)| (&self.chars[*from..*to], *times))
    }

    /// What begins at a place, up to the end of the word and no longer than this.
    fn from(&self, at: u32, longest: usize) -> &[char] {
        let rest = &self.chars[at as usize..];
        let rest = &rest[..rest.len().min(longest)];
        &rest[..rest.iter().position(|c| *c == END).unwrap_or(rest.len())]
    }

    /// The strings of two characters and more that cover most text, with how often each stands; `most` of them.
    pub fn strings(&self, longest: usize, most: usize) -> Vec<(String, u64)> {
        let mut places: Vec<(u32, u32)> = Vec::with_capacity(self.chars.len());
        for (word, (from, to, _)) in (0..).zip(&self.words) {
            places.extend((*from..*to).map(|at| (at as u32, word)));
        }
        places.sort_unstable_by(|a, b| self.from(a.0, longest).cmp(self.from(b.0, longest)).then(a.cmp(b)));
        let mut found = Found { flat: self, all: Vec::new() };
        // Nested stretches of places that begin alike: how long, how often, and one of the places.
        let mut open: Vec<(usize, u64, u32)> = Vec::new();
        let mut before: &[char] = &[];
        for (at, word) in places {
            let mine = self.from(at, longest);
            let alike = mine.iter().zip(before).take_while(|(a, b)| a == b).count();
            found.close(&mut open, alike);
            let times = self.words[word as usize].2;
            match open.last_mut() {
                Some(last) if last.0 == mine.len() => last.1 += times,
                _ => open.push((mine.len(), times, at)),
            }
            before = mine;
        }
        found.close(&mut open, 0);
        let mut all = found.all;
        all.sort_unstable_by(|a, b| (b.0, self.string(b)).cmp(&(a.0, self.string(a))));
        all.truncate(most);
        all.iter().map(|found| (self.string(found).iter().collect(), found.0 / u64::from(found.2))).collect()
    }

    fn string(&self, found: &(u64, u32, u32)) -> &[char] {
        &self.chars[found.1 as usize..(found.1 + found.2) as usize]
    }
}

/// Strings that were found: how much text they cover, where one stands, how long it is.
struct Found<'f> {
    flat: &'f Flat,
    all: Vec<(u64, u32, u32)>,
}

impl Found<'_> {
    /// Ends all stretches that are longer than what the next place has alike with the last.
    fn close(&mut self, open: &mut Vec<(usize, u64, u32)>, alike: usize) {
        let mut inner = (0, 0);
        while let Some(last) = open.pop_if(|last| last.0 > alike) {
            let (long, times) = (last.0, last.1 + inner.0);
            if long > 1 && times > 1 && self.flat.chars.len() > long {
                self.all.push((times * long as u64, last.2, long as u32));
            }
            inner = (times, last.2);
        }
        if inner.0 > 0 && alike > 0 {
            match open.last_mut() {
                Some(last) if last.0 == alike => last.1 += inner.0,
                _ => open.push((alike, inner.0, inner.1)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// The same by counting every string; of those that always go on alike the longest stands.
    #[test]
    fn strings_are_those_of_counting_them_all() {
        let words = [("河边的小镇", 3), ("河边", 2), ("小镇的河边的", 1), ("aaaa", 2), ("x", 9), ("河边的", 1)];
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for (word, times) in words {
            let chars: Vec<char> = word.chars().collect();
            for from in 0..chars.len() {
                for to in from + 2..=chars.len().min(from + 4) {
                    *counts.entry(chars[from..to].iter().collect()).or_default() += times;
                }
            }
        }
        let found: BTreeMap<String, u64> = Flat::new(words).strings(4, 1_000).into_iter().collect();
        assert!(found.iter().all(|(string, times)| counts[string] == *times), "{found:?} of {counts:?}");
        for (string, times) in counts.iter().filter(|c| *c.1 > 1) {
            let longer = |other: &&String| other.starts_with(string.as_str()) && other.len() > string.len();
            let goes_on = counts.keys().filter(longer).any(|other| counts[other] == *times);
            assert_eq!(found.contains_key(string), !goes_on, "{string} {times}: {found:?}");
        }
        let best = Flat::new(words).strings(4, 2);
        let cover = |s: &(String, u64)| s.0.chars().count() as u64 * s.1;
        assert!(best.len() == 2 && cover(&best[0]) >= cover(&best[1]), "{best:?}");
    }
}
