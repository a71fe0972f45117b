//! The vocabulary of a fastText model: words and labels, and the rows of the input matrix that a line of text names.
//!
//! Follows `dictionary.cc` of fastText (<https://github.com/facebookresearch/fastText>, MIT) to the letter, odd corners
//! included: bytes are signed when they are hashed, subwords are cut at UTF-8 characters and framed by `<` and `>`,
//! word n-grams are hashed from the signed hashes of the words, and a line ends with the word `</s>`.

use crate::models::Result;
use crate::models::source::Source;

/// The word that ends each line.
pub const END: &[u8] = b"</s>";

/// Longest word that is read from a file; fastText has no limit, training text has no longer ones.
const LONGEST_WORD: usize = 1 << 20;

/// How a model cuts text: the part of fastText's arguments that matters after training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grams {
    /// Words of the longest word n-gram.
    pub words: usize,
    /// Characters of the shortest subword.
    pub least: usize,
    /// Characters of the longest subword; 0 for none.
    pub most: usize,
    /// Rows that n-grams are hashed into.
    pub buckets: u32,
}

/// FNV-1a of 32 bits, with bytes as signed as fastText takes them.
pub fn hash(bytes: &[u8]) -> u32 {
    bytes.iter().fold(FNV, |h, b| step(h, *b))
}

const FNV: u32 = 2_166_136_261;

#[inline(always)]
fn step(hash: u32, byte: u8) -> u32 {
    (hash ^ byte as i8 as u32).wrapping_mul(16_777_619)
}

/// Whether a byte ends a word.
#[inline(always)]
pub fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t' | 0x0b | 0x0c | 0)
}

/// Words and labels of a model.
#[derive(Clone, Debug)]
pub struct Dictionary {
    /// All words and labels, one behind the other, and where each ends.
    text: Vec<u8>,
    ends: Vec<u32>,
    words: u32,
    counts: Vec<i64>,
    /// Hash and number plus one of each word; 0 is empty. A power of two long.
    table: Vec<(u32, u32)>,
    pruned: Option<Pruned>,
    grams: Grams,
}

/// Where the n-grams that a quantised model keeps have their rows.
#[derive(Clone, Debug)]
struct Pruned {
    /// Bucket plus one and row; 0 is empty. A power of two long.
    table: Vec<(u32, u32)>,
}

fn slots(entries: usize) -> usize {
    (2 * entries + 1).next_power_of_two()
}

/// The first slot of a hash: its low bits are weak for short words.
#[inline(always)]
fn slot(hash: u32, table: usize) -> usize {
    ((u64::from(hash.wrapping_mul(0x9e37_79b9)) * table as u64) >> 32) as usize
}

impl Pruned {
    fn get(&self, bucket: u32) -> Option<u32> {
        let mut at = slot(bucket, self.table.len());
        loop {
            match self.table[at] {
                (0, _) => return None,
                (key, row) if key == bucket + 1 => return Some(row),
                _ => at = (at + 1) & (self.table.len() - 1),
            }
        }
    }

    fn put(&mut self, bucket: u32, row: u32) {
        let mut at = slot(bucket, self.table.len());
        while self.table[at].0 != 0 && self.table[at].0 != bucket + 1 {
            at = (at + 1) & (self.table.len() - 1);
        }
        self.table[at] = (bucket + 1, row);
    }
}

impl Dictionary {
    /// A dictionary of words, then labels, each with its count, as a trainer makes it.
    pub fn new(words: &[(&str, i64)], labels: &[(&str, i64)], grams: Grams) -> Dictionary {
        let mut made = Dictionary::empty(grams, words.len() + labels.len());
        for (word, count) in words.iter().chain(labels) {
            made.text.extend_from_slice(word.as_bytes());
            made.push(*count);
        }
        made.words = words.len() as u32;
        made
    }

    fn empty(grams: Grams, entries: usize) -> Dictionary {
        let table = vec![(0, 0); slots(entries)];
        Dictionary { text: Vec::new(), ends: Vec::new(), words: 0, counts: Vec::new(), table, pruned: None, grams }
    }

    /// Takes the bytes behind the last word as a word.
    fn push(&mut self, count: i64) {
        let start = self.ends.last().copied().unwrap_or(0) as usize;
        let (id, hash) = (self.ends.len() as u32, hash(&self.text[start..]));
        self.ends.push(self.text.len() as u32);
        self.counts.push(count);
        let mut at = slot(hash, self.table.len());
        while self.table[at].1 != 0
            && (self.table[at].0 != hash || self.word(self.table[at].1 - 1) != &self.text[start..])
        {
            at = (at + 1) & (self.table.len() - 1);
        }
        self.table[at] = (hash, id + 1);
    }

    /// Reads the dictionary of a model.
    ///
    /// # Errors
    /// Where the file ends, or holds numbers that cannot be.
    pub fn read(source: &mut Source, grams: Grams) -> Result<Dictionary> {
        let at = source.at();
        let size = source.int_in("the size of the vocabulary", 0, i32::MAX)?;
        let words = source.int_in("the number of words", 0, size)?;
        let labels = source.int_in("the number of labels", 0, size)?;
        if words + labels != size {
            return Err(source.error(at, format!("{words} words and {labels} labels do not make {size} entries")));
        }
        source.long_in("the number of tokens", 0, i64::MAX)?;
        let pruned = source.long_in("the number of pruned n-grams", -1, i64::from(i32::MAX))?;
        let entries = source.room(size as u64, 10, "entries of the vocabulary")?;
        let mut made = Dictionary::empty(grams, entries);
        made.words = words as u32;
        let mut total = 0i64;
        for entry in 0..size {
            let at = source.at();
            source.word(LONGEST_WORD, &mut made.text)?;
            if made.text.len() > u32::MAX as usize {
                return Err(source.error(at, "the words of the vocabulary have more than 4 GiB"));
            }
            // Counts of labels build the tree of a hierarchical softmax, whose inner nodes start at 10¹⁵.
            let count = source.long_in("the count of a word", 0, 1_000_000_000_000_000)?;
            let at = source.at();
            let kind = source.byte("the kind of a word")?;
            if kind != u8::from(entry >= words) {
                return Err(
                    source.error(at, format!("entry {entry} has kind {kind}: words (0) come first, then labels (1)"))
                );
            }
            total += if entry < words { 0 } else { count };
            if total >= 1_000_000_000_000_000 {
                return Err(source.error(at, "the counts of the labels add up to more than 10¹⁵"));
            }
            made.push(count);
        }
        made.read_pruned(source, pruned)?;
        Ok(made)
    }

    fn read_pruned(&mut self, source: &mut Source, count: i64) -> Result<()> {
        if count < 0 {
            return Ok(());
        }
        let entries = source.room(count as u64, 8, "pruned n-grams")?;
        let mut pruned = Pruned { table: vec![(0, 0); slots(entries)] };
        for _ in 0..entries {
            let bucket = source.int_in("the bucket of an n-gram", 0, self.grams.buckets.max(1) as i32 - 1)?;
            let row = source.int_in("the row of an n-gram", 0, count as i32 - 1)?;
            pruned.put(bucket as u32, row as u32);
        }
        self.pruned = Some(pruned);
        Ok(())
    }

    /// The bytes of a word or label.
    pub fn word(&self, id: u32) -> &[u8] {
        let start = if id == 0 { 0 } else { self.ends[id as usize - 1] };
        &self.text[start as usize..self.ends[id as usize] as usize]
    }

    /// The row of a word that has one of its own.
    pub fn row_of(&self, word: &[u8]) -> Option<u32> {
        self.id(word, hash(word)).filter(|id| *id < self.words)
    }

    /// How many words there are.
    pub fn words(&self) -> u32 {
        self.words
    }

    /// How many labels there are.
    pub fn labels(&self) -> u32 {
        self.ends.len() as u32 - self.words
    }

    /// How often a word or label stood in the training text.
    pub fn count(&self, id: u32) -> i64 {
        self.counts[id as usize]
    }

    /// How text is cut.
    pub fn grams(&self) -> Grams {
        self.grams
    }

    /// Whether only some n-grams have rows.
    pub fn is_pruned(&self) -> bool {
        self.pruned.is_some()
    }

    /// Rows that the input matrix must have.
    pub fn rows(&self) -> u64 {
        let grams = match &self.pruned {
            Some(pruned) => pruned.table.iter().filter(|(key, _)| *key != 0).map(|(_, row)| row + 1).max().unwrap_or(0),
            None if self.grams.words > 1 || self.grams.most > 0 => self.grams.buckets,
            None => 0,
        };
        u64::from(self.words) + u64::from(grams)
    }

    /// Bytes in memory.
    pub fn memory(&self) -> usize {
        let pruned = self.pruned.as_ref().map_or(0, |p| 8 * p.table.capacity());
        self.text.capacity()
            + 4 * self.ends.capacity()
            + 8 * self.counts.capacity()
            + 8 * self.table.capacity()
            + pruned
    }

    fn id(&self, word: &[u8], hash: u32) -> Option<u32> {
        let mut at = slot(hash, self.table.len());
        loop {
            match self.table[at] {
                (_, 0) => return None,
                (h, id) if h == hash && self.word(id - 1) == word => return Some(id - 1),
                _ => at = (at + 1) & (self.table.len() - 1),
            }
        }
    }

    /// Calls `row` with the row of an n-gram, if it has one.
    #[inline(always)]
    fn gram(&self, bucket: u32, row: &mut impl FnMut(u32)) {
        match &self.pruned {
            None => row(self.words + bucket),
            Some(pruned) => {
                if let Some(at) = pruned.get(bucket) {
                    row(self.words + at);
                }
            }
        }
    }

    /// Calls `row` with each row of a word (itself, then its subwords) and gives the hash that word n-grams are made of;
    /// `None` of a label, which is no text.
    pub fn word_rows(&self, word: &[u8], row: &mut impl FnMut(u32)) -> Option<u32> {
        let hash = hash(word);
        match self.id(word, hash) {
            Some(id) if id >= self.words => return None,
            Some(id) => row(id),
            None if word.starts_with(b"__label__") => return None,
            None => {}
        }
        if self.grams.most > 0 && word != END {
            self.subwords(word, row);
        }
        Some(hash)
    }

    /// The character n-grams of `<word>`; a single `<` or `>` is none.
    fn subwords(&self, word: &[u8], row: &mut impl FnMut(u32)) {
        let length = word.len() + 2;
        let byte = |at: usize| match at {
            0 => b'<',
            at if at == length - 1 => b'>',
            at => word[at - 1],
        };
        let follows = |at: usize| at < length && byte(at) & 0xc0 == 0x80;
        let mut start = 0;
        while start < length {
            let (mut at, mut hash) = (start, FNV);
            let mut next = length;
            for n in 1..=self.grams.most {
                if at >= length {
                    break;
                }
                loop {
                    hash = step(hash, byte(at));
                    at += 1;
                    if !follows(at) {
                        break;
                    }
                }
                if n == 1 {
                    next = at;
                }
                if n >= self.grams.least && !(n == 1 && (start == 0 || at == length)) {
                    self.gram(hash % self.grams.buckets, row);
                }
            }
            start = next;
        }
    }

    /// Calls `row` with each row of the word n-grams (of two words and more) of a line, given the hashes of its words.
    pub fn word_gram_rows(&self, hashes: &[u32], row: &mut impl FnMut(u32)) {
        for (first, hash) in hashes.iter().enumerate() {
            let mut hash = *hash as i32 as u64;
            for next in &hashes[first + 1..hashes.len().min(first + self.grams.words.max(1))] {
                hash = hash.wrapping_mul(116_049_371).wrapping_add(*next as i32 as u64);
                self.gram((hash % u64::from(self.grams.buckets)) as u32, row);
            }
        }
    }
}
