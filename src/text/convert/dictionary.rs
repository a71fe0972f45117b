//! A dictionary: keys, found by their longest match at a place of a text.

use std::borrow::Cow;

/// Pages of 256 characters up to the last plane that has ideographs.
const PAGES: usize = 0x323B0_usize.div_ceil(256);

/// A set of characters.
#[derive(Default)]
pub(super) struct Starts {
    bits: Vec<u64>,
}

impl Starts {
    fn add(&mut self, c: char) {
        let at = c as usize;
        if self.bits.len() <= at / 64 {
            self.bits.resize(at / 64 + 1, 0);
        }
        self.bits[at / 64] |= 1 << (at % 64);
    }

    /// Adds all characters of another set.
    pub(super) fn join(&mut self, other: &Starts) {
        if self.bits.len() < other.bits.len() {
            self.bits.resize(other.bits.len(), 0);
        }
        self.bits.iter_mut().zip(&other.bits).for_each(|(a, b)| *a |= b);
    }

    /// The first character of `text` that is in the set or begins an ideographic description sequence, and where it is.
    pub(super) fn find(&self, text: &str) -> Option<(usize, char)> {
        text.char_indices().find(|(_, c)| {
            let at = *c as usize;
            self.bits.get(at / 64).is_some_and(|bits| bits >> (at % 64) & 1 == 1) || (0x2FF0..=0x2FFF).contains(&at)
        })
    }
}

/// Keys and values, as a tree by characters. A node is a number; its children are in one table for all nodes.
pub struct Dictionary {
    /// Characters that keys begin with.
    pub(super) starts: Starts,
    /// Nodes of first characters: `pages[c / 256] * 256 + c % 256` is a place in `first`.
    pages: Vec<u16>,
    first: Vec<u32>,
    /// Open addressing: (node, character) and the child. Empty slots have child 0.
    slots: Vec<(u64, u32)>,
    /// By node: its value's place in `values` plus one, or 0; and whether it has children.
    nodes: Vec<(u32, bool)>,
    values: Vec<Cow<'static, str>>,
}

fn slot_of(key: u64, mask: usize) -> usize {
    (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize & mask
}

impl Dictionary {
    /// Reads lines `key TAB value`, or `key` where the value is the same. Of equal keys the first counts.
    pub(super) fn new(texts: &[&'static str]) -> Dictionary {
        let lines = texts.iter().flat_map(|t| t.lines()).filter(|l| !l.is_empty());
        Dictionary::from_pairs(lines.map(|line| {
            let (key, value) = line.split_once('\t').unwrap_or((line, line));
            (key, Cow::Borrowed(value))
        }))
    }

    /// A dictionary of keys, none empty, and values. Of equal keys the first counts.
    pub fn from_pairs<'k>(pairs: impl Iterator<Item = (&'k str, Cow<'static, str>)> + Clone) -> Dictionary {
        let room: usize = pairs.clone().map(|(key, _)| key.chars().count().saturating_sub(1)).sum();
        let mut new = Dictionary {
            starts: Starts::default(),
            pages: vec![0; PAGES],
            first: vec![0; 256],
            slots: vec![(0, 0); (room * 2).max(2).next_power_of_two()],
            nodes: vec![(0, false)],
            values: Vec::new(),
        };
        for (key, value) in pairs {
            let node = new.insert(key);
            if new.nodes[node].0 == 0 {
                new.values.push(value);
                new.nodes[node].0 = new.values.len() as u32;
            }
        }
        new
    }

    /// The node of a key.
    fn insert(&mut self, key: &str) -> usize {
        let mut node = 0;
        for (n, c) in key.chars().enumerate() {
            if n == 0 {
                self.starts.add(c);
                let page = &mut self.pages[c as usize / 256];
                if *page == 0 {
                    *page = (self.first.len() / 256) as u16;
                    self.first.resize(self.first.len() + 256, 0);
                }
                let place = *page as usize * 256 + c as usize % 256;
                if self.first[place] == 0 {
                    self.first[place] = self.nodes.len() as u32;
                    self.nodes.push((0, false));
                }
                node = self.first[place] as usize;
                continue;
            }
            let (key, mask) = ((node as u64) << 21 | c as u64, self.slots.len() - 1);
            let mut slot = slot_of(key, mask);
            while self.slots[slot].1 != 0 && self.slots[slot].0 != key {
                slot = (slot + 1) & mask;
            }
            if self.slots[slot].1 == 0 {
                self.nodes[node].1 = true;
                self.slots[slot] = (key, self.nodes.len() as u32);
                self.nodes.push((0, false));
            }
            node = self.slots[slot].1 as usize;
        }
        node
    }

    /// The longest key that `text` begins with: its bytes, and its value.
    pub fn longest(&self, text: &str) -> Option<(usize, &str)> {
        let mut chars = text.chars();
        let c = chars.next()?;
        let page = *self.pages.get(c as usize / 256)? as usize;
        let mut node = self.first[page * 256 + c as usize % 256] as usize;
        if node == 0 {
            return None;
        }
        let mut found = None;
        loop {
            let (value, parent) = self.nodes[node];
            if value > 0 {
                found = Some((text.len() - chars.as_str().len(), value));
            }
            if !parent {
                break;
            }
            let Some(c) = chars.next() else { break };
            let (key, mask) = ((node as u64) << 21 | c as u64, self.slots.len() - 1);
            let mut slot = slot_of(key, mask);
            while self.slots[slot].1 != 0 && self.slots[slot].0 != key {
                slot = (slot + 1) & mask;
            }
            node = self.slots[slot].1 as usize;
            if node == 0 {
                break;
            }
        }
        found.map(|(bytes, value)| (bytes, &*self.values[value as usize - 1]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_key_wins() {
        let d = Dictionary::new(&["一\n一二\t12\n一二三四\t1234\nB超\t超\n𠮷\t吉\n", "一二\tnot this\n二\t2"]);
        assert_eq!(d.longest("一x"), Some((3, "一")));
        assert_eq!(d.longest("一二三"), Some((6, "12")));
        assert_eq!(d.longest("一二三四五"), Some((12, "1234")));
        assert_eq!(d.longest("B超"), Some((4, "超")));
        assert_eq!(d.longest("𠮷"), Some((4, "吉")));
        assert_eq!(d.longest("二三"), Some((3, "2")));
        assert_eq!(d.longest("B"), None);
        assert_eq!(d.longest("三"), None);
        assert_eq!(d.longest("\u{10FFFF}"), None);
        assert_eq!(d.longest(""), None);
        assert_eq!(d.starts.find("x三𠮷"), Some((4, '𠮷')));
        assert_eq!(Dictionary::new(&[""]).longest("一"), None);
    }
}
