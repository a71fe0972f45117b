//! The compiled set of n-grams, and the search for them in a row.

use std::collections::HashMap;

use super::Size;
use super::tokens::{Gram, Grams};

/// Where an item stands, and how much of it can be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// Number of its file.
    pub file: u32,
    /// Its record in the file, from 1.
    pub row: u32,
    /// N-grams that are its own: those that no item before it has.
    pub grams: u32,
}

/// Collects the texts of items.
pub struct Builder {
    size: Size,
    grams: Grams,
    entries: Vec<(u64, u32)>,
    items: Vec<Item>,
    short: u64,
}

/// N-grams by hash: 14.5 bytes each (8 the hash, 4 its item, 2 a filter of bits, 0.5 an index), and 12 bytes an item.
#[derive(Debug, Default)]
pub struct Set {
    size: Option<Size>,
    hashes: Vec<u64>,
    owners: Vec<u32>,
    /// A bit for each n-gram, by the lowest bits of its hash.
    filter: Vec<u64>,
    /// Where hashes begin that start with the same bits; one more at the end.
    index: Vec<u32>,
    shift: u32,
    /// The items.
    pub items: Vec<Item>,
    /// Items too short to have an n-gram.
    pub short: u64,
    /// N-grams left out, since too many items share them.
    pub common: u64,
}

/// The n-grams of a row that items share.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The greatest share of an item's own n-grams that the row has.
    pub share: f64,
    /// Number of that item.
    pub item: usize,
    /// The first stretch of the row that it shares with that item, in bytes.
    pub first: (usize, usize),
    /// All stretches shared with items of which the row has enough; ascending, apart from one another.
    pub spans: Vec<(usize, usize)>,
}

impl Builder {
    /// An empty set.
    pub fn new(size: Size) -> Self {
        Builder { size, grams: Grams::new(size), entries: Vec::new(), items: Vec::new(), short: 0 }
    }

    /// Adds an item by its texts. Where none of them is as long as an n-gram, they count as one text.
    pub fn add(&mut self, file: u32, row: u32, texts: &[&str]) {
        let item = self.items.len() as u32;
        let entries = &mut self.entries;
        let mut any = false;
        for text in texts {
            any |= self.grams.each(text, 0, &mut |gram| entries.push((gram.hash, item)));
        }
        if !any {
            any = self.grams.joined(texts.iter().copied(), &mut |gram| entries.push((gram.hash, item)));
        }
        self.short += u64::from(!any);
        self.items.push(Item { file, row, grams: 0 });
    }

    /// The set, without n-grams that more than `common` items share.
    pub fn finish(mut self, common: u32) -> Set {
        self.entries.sort_unstable();
        self.entries.dedup();
        let mut set = Set { size: Some(self.size), items: self.items, short: self.short, ..Set::default() };
        for same in self.entries.chunk_by(|a, b| a.0 == b.0) {
            if same.len() > common as usize {
                set.common += 1;
                continue;
            }
            set.hashes.push(same[0].0);
            set.owners.push(same[0].1);
            set.items[same[0].1 as usize].grams += 1;
        }
        let bits = (set.hashes.len().max(4) * 16).next_power_of_two();
        set.filter = vec![0; bits / 64];
        for hash in &set.hashes {
            let bit = *hash as usize & (bits - 1);
            set.filter[bit / 64] |= 1 << (bit % 64);
        }
        let starts = (set.hashes.len() / 8).max(1).next_power_of_two();
        set.shift = 64 - starts.trailing_zeros();
        let start = |prefix: usize| set.hashes.partition_point(|h| prefix_of(*h, set.shift) < prefix) as u32;
        set.index = (0..=starts).map(start).collect();
        set
    }
}

#[inline(always)]
fn prefix_of(hash: u64, shift: u32) -> usize {
    hash.checked_shr(shift).unwrap_or(0) as usize
}

impl Set {
    /// The number of n-grams.
    pub fn len(&self) -> usize {
        self.hashes.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// Its size in memory, in bytes.
    pub fn bytes(&self) -> usize {
        self.hashes.len() * 12 + self.filter.len() * 8 + self.index.len() * 4 + self.items.len() * size_of::<Item>()
    }

    #[inline(always)]
    fn find_hash(&self, hash: u64) -> Option<usize> {
        let bit = hash as usize & (self.filter.len() * 64 - 1);
        if self.filter[bit / 64] & 1 << (bit % 64) == 0 {
            return None;
        }
        let prefix = prefix_of(hash, self.shift);
        let (from, to) = (self.index[prefix] as usize, self.index[prefix + 1] as usize);
        self.hashes[from..to].binary_search(&hash).ok().map(|at| from + at)
    }

    /// The reader of n-grams for [`Set::search`].
    pub fn grams(&self) -> Grams {
        Grams::new(self.size.unwrap_or(Size { words: 1, chars: 1 }))
    }

    /// Searches the texts of a row. Places are bytes of the texts with one byte (a newline) between. `Found::spans` are
    /// of items of which the row has at least the share `enough`.
    pub fn search(&self, grams: &mut Grams, texts: &[&str], enough: f64) -> Option<Found> {
        if self.is_empty() {
            return None;
        }
        let mut hits: Vec<(usize, Gram)> = Vec::new();
        let mut base = 0;
        for text in texts {
            grams.each(text, base, &mut |gram| hits.extend(self.find_hash(gram.hash).map(|at| (at, gram))));
            base += text.len() + 1;
        }
        if hits.is_empty() {
            return None;
        }
        let mut distinct: Vec<usize> = hits.iter().map(|h| h.0).collect();
        distinct.sort_unstable();
        distinct.dedup();
        let mut counts: HashMap<u32, u32> = HashMap::new();
        distinct.iter().for_each(|at| *counts.entry(self.owners[*at]).or_default() += 1);
        let share = |item: u32| f64::from(counts[&item]) / f64::from(self.items[item as usize].grams.max(1));
        // Of equal shares, the item of which more was found; then the first.
        let better = |a: &u32, b: &u32| share(*a).total_cmp(&share(*b)).then(counts[a].cmp(&counts[b])).then(b.cmp(a));
        let best = counts.keys().copied().max_by(better)?;
        let span = |keep: &dyn Fn(u32) -> bool| {
            let mut spans: Vec<(usize, usize)> = Vec::new();
            for (at, gram) in &hits {
                match spans.last_mut() {
                    _ if !keep(self.owners[*at]) => {}
                    Some(last) if gram.start <= last.1 => last.1 = last.1.max(gram.end),
                    _ => spans.push((gram.start, gram.end)),
                }
            }
            spans
        };
        let first = span(&|item| item == best).first().copied()?;
        Some(Found { share: share(best), item: best as usize, first, spans: span(&|item| share(item) >= enough) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size { words: 3, chars: 5 };

    fn set(items: &[&[&str]], common: u32) -> Set {
        let mut builder = Builder::new(SIZE);
        items.iter().enumerate().for_each(|(i, texts)| builder.add(0, i as u32 + 1, texts));
        builder.finish(common)
    }

    #[test]
    fn what_is_shared_is_found_and_counted() {
        let set = set(&[&["春眠不觉晓处处闻啼鸟"], &["one two three four five", "A"]], 10);
        assert_eq!((set.len(), set.short, set.items[0].grams, set.items[1].grams), (9, 0, 6, 3));
        let mut grams = set.grams();
        let text = "他念：春眠不觉晓，处处闻……";
        let found = set.search(&mut grams, &["x", text], 0.0).unwrap();
        assert_eq!((found.share, found.item), (4.0 / 6.0, 0));
        let at = |span: (usize, usize)| text[span.0 - 2..span.1 - 2].to_owned();
        assert_eq!(found.spans.iter().copied().map(at).collect::<Vec<_>>(), ["春眠不觉晓，处处闻"]);
        assert!(set.search(&mut grams, &[text], 0.7).unwrap().spans.is_empty());
        assert_eq!(set.search(&mut grams, &["One (Two) THREE, then four five six"], 0.0).unwrap().share, 1.0 / 3.0);
        assert!(set.search(&mut grams, &["春眠不觉", "晓处处闻"], 0.0).is_none());
        assert!(set.search(&mut grams, &[], 0.0).is_none());
    }

    #[test]
    fn short_items_are_joined_or_counted() {
        let set = set(&[&["天净沙", "秋思"], &["A", "B"]], 10);
        assert_eq!((set.len(), set.short), (1, 1));
        assert!(set.search(&mut set.grams(), &["《天净沙·秋思》"], 0.0).is_some());
    }

    #[test]
    fn what_many_items_share_is_left_out() {
        let template = "下列说法正确的是";
        let items: Vec<String> =
            (0..5).map(|i| format!("{template}{}", "甲乙丙丁戊".chars().nth(i).unwrap())).collect();
        let texts: Vec<[&str; 1]> = items.iter().map(|i| [i.as_str()]).collect();
        let texts: Vec<&[&str]> = texts.iter().map(|t| t.as_slice()).collect();
        let set = set(&texts, 4);
        assert_eq!((set.common, set.len()), (4, 5));
        assert!(set.search(&mut set.grams(), &[template], 0.0).is_none());
        assert_eq!(set.search(&mut set.grams(), &["说法正确的是丙"], 0.0).unwrap().item, 2);
    }

    #[test]
    fn the_index_finds_every_hash() {
        let texts: Vec<String> = (0..3_000).map(|i| format!("a{i} b{i} c{i} d{i}")).collect();
        let texts: Vec<[&str; 1]> = texts.iter().map(|t| [t.as_str()]).collect();
        let set = set(&texts.iter().map(|t| t.as_slice()).collect::<Vec<_>>(), 9);
        assert_eq!(set.len(), 6_000);
        assert!(set.hashes.iter().enumerate().all(|(at, hash)| set.find_hash(*hash) == Some(at)));
        assert!(set.hashes.iter().all(|hash| set.find_hash(hash ^ 1).is_none()));
        assert!(set.bytes() < 6_000 * 17 + 3_000 * 12);
    }
}
