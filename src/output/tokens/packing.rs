//! Packing: documents joined into sequences of one length.
//!
//! *Cut* puts all documents behind one another and cuts the stream: every sequence is full, and most documents are cut
//! somewhere. *Best fit* keeps every document whole that fits into a sequence: it goes where the least room is left
//! that holds it ("Fewer Truncations Improve Language Modeling", Ding et al. 2024, arXiv:2404.10830); longer ones are
//! cut at the length, and their rest is packed like a document. Best fit looks at a window of documents at a time, so
//! memory does not grow with the corpus; sequences that are far from full at the end of a window are taken apart again
//! for the next one.

use crate::Result;

use super::Sequence;

/// How documents are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Packing {
    /// All documents behind one another, cut at the length.
    Cut,
    /// No document is cut that fits into a sequence.
    BestFit,
}

impl Packing {
    /// All of them.
    pub const ALL: [Packing; 2] = [Packing::Cut, Packing::BestFit];

    /// The word on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Packing::Cut => "cut",
            Packing::BestFit => "best-fit",
        }
    }
}

/// Tokens of a window of best fit: 32 MiB of ids.
const WINDOW: usize = 1 << 23;
/// Of a window, what may be taken apart again for the next one.
const CARRIED: usize = WINDOW / 4;

/// Takes sequences as they are done.
pub type Sink<'s> = &'s mut dyn FnMut(&Sequence<'_>) -> Result<()>;

/// Documents that become sequences.
pub struct Packer {
    length: usize,
    how: How,
}

enum How {
    Cut(Open),
    BestFit(Window),
}

/// A sequence that is being filled.
#[derive(Default)]
struct Open {
    ids: Vec<u32>,
    lengths: Vec<u32>,
}

impl Packer {
    /// Packs into sequences of `length` tokens.
    pub fn new(packing: Packing, length: u32) -> Self {
        Packer::with_window(packing, length, WINDOW, CARRIED)
    }

    fn with_window(packing: Packing, length: u32, window: usize, carried: usize) -> Self {
        let length = (length as usize).max(1);
        let how = match packing {
            Packing::Cut => How::Cut(Open::default()),
            Packing::BestFit => How::BestFit(Window { window, carried, ..Window::default() }),
        };
        Packer { length, how }
    }

    /// Adds a document.
    ///
    /// # Errors
    ///
    /// Those of the sink.
    pub fn document(&mut self, mut ids: &[u32], sink: Sink<'_>) -> Result<()> {
        match &mut self.how {
            How::Cut(open) => {
                while !ids.is_empty() {
                    let (now, rest) = ids.split_at(ids.len().min(self.length - open.ids.len()));
                    open.ids.extend_from_slice(now);
                    open.lengths.push(now.len() as u32);
                    ids = rest;
                    if open.ids.len() == self.length {
                        sink(&Sequence { ids: &open.ids, lengths: &open.lengths, value: None })?;
                        open.ids.clear();
                        open.lengths.clear();
                    }
                }
                Ok(())
            }
            How::BestFit(window) => {
                for part in ids.chunks(self.length) {
                    if part.len() == self.length {
                        sink(&Sequence { ids: part, lengths: &[part.len() as u32], value: None })?;
                        continue;
                    }
                    window.ids.extend_from_slice(part);
                    window.ends.push(window.ids.len());
                    if window.ids.len() >= window.window {
                        window.pack(self.length, false, sink)?;
                    }
                }
                Ok(())
            }
        }
    }

    /// Ends the last sequences, which may be short.
    ///
    /// # Errors
    ///
    /// Those of the sink.
    pub fn finish(self, sink: Sink<'_>) -> Result<()> {
        match self.how {
            How::Cut(open) if open.ids.is_empty() => Ok(()),
            How::Cut(open) => sink(&Sequence { ids: &open.ids, lengths: &open.lengths, value: None }),
            How::BestFit(mut window) => window.pack(self.length, true, sink),
        }
    }
}

/// Documents that are looked at together: shorter than a sequence, in their order.
#[derive(Default)]
struct Window {
    ids: Vec<u32>,
    ends: Vec<usize>,
    window: usize,
    carried: usize,
}

impl Window {
    fn document(&self, at: usize) -> &[u32] {
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.ids[start..self.ends[at]]
    }

    /// Packs what is there, and keeps what is to be packed with the next window.
    fn pack(&mut self, length: usize, last: bool, sink: Sink<'_>) -> Result<()> {
        let mut bins = self.bins(length);
        let size = |bin: &[usize]| bin.iter().map(|at| self.document(*at).len()).sum::<usize>();
        let mut apart = vec![false; bins.len()];
        if !last {
            // The emptiest first: a later window may fill them.
            let mut sizes: Vec<(usize, usize)> = bins.iter().map(|bin| size(bin)).zip(0..).collect();
            sizes.sort_unstable();
            let mut carried = 0;
            for (size, bin) in sizes {
                carried += size;
                if carried > self.carried || size * 100 >= length * 99 {
                    break;
                }
                apart[bin] = true;
            }
        }
        let (mut ids, mut lengths) = (Vec::with_capacity(length), Vec::new());
        let mut kept: Vec<usize> = Vec::new();
        for (bin, apart) in bins.iter_mut().zip(apart) {
            if apart {
                kept.append(bin);
                continue;
            }
            ids.clear();
            lengths.clear();
            for at in bin.iter() {
                ids.extend_from_slice(self.document(*at));
                lengths.push(self.document(*at).len() as u32);
            }
            sink(&Sequence { ids: &ids, lengths: &lengths, value: None })?;
        }
        kept.sort_unstable();
        let (mut ids, mut ends) = (Vec::with_capacity(self.window), Vec::with_capacity(kept.len()));
        for at in kept {
            ids.extend_from_slice(self.document(at));
            ends.push(ids.len());
        }
        (self.ids, self.ends) = (ids, ends);
        Ok(())
    }

    /// Which documents make which sequence, in order of each sequence's first document: the longest are placed first, and
    /// each where the least room is left that holds it.
    fn bins(&self, length: usize) -> Vec<Vec<usize>> {
        let mut order: Vec<usize> = (0..self.ends.len()).collect();
        order.sort_by_key(|at| (usize::MAX - self.document(*at).len(), *at));
        let mut rooms = Rooms::new(length);
        let mut bins: Vec<Vec<usize>> = Vec::new();
        for at in order {
            let size = self.document(at).len();
            let (bin, room) = rooms.take(size).unwrap_or_else(|| {
                bins.push(Vec::new());
                (bins.len() - 1, length)
            });
            bins[bin].push(at);
            rooms.put(bin, room - size);
        }
        bins.iter_mut().for_each(|bin| bin.sort_unstable());
        bins.sort_unstable_by_key(|bin| bin.first().copied());
        bins
    }
}

/// Sequences by the room that is left in them: a tree over the sizes of rooms, whose nodes say the largest one below.
struct Rooms {
    /// Sequences with as much room.
    bins: Vec<Vec<usize>>,
    /// Whether a node of the tree has any below it.
    any: Vec<bool>,
    leaves: usize,
}

impl Rooms {
    fn new(length: usize) -> Self {
        let leaves = (length + 1).next_power_of_two();
        Rooms { bins: vec![Vec::new(); leaves], any: vec![false; 2 * leaves], leaves }
    }

    /// Notes a sequence.
    fn put(&mut self, bin: usize, room: usize) {
        self.bins[room].push(bin);
        let mut node = self.leaves + room;
        while node > 0 && !self.any[node] {
            self.any[node] = true;
            node /= 2;
        }
    }

    /// Takes a sequence with the least room of at least `size` out, and says how much that is.
    fn take(&mut self, size: usize) -> Option<(usize, usize)> {
        let room = self.least(size)?;
        let bin = self.bins[room].pop()?;
        let mut node = self.leaves + room;
        self.any[node] = !self.bins[room].is_empty();
        while node > 1 && !self.any[node] && !self.any[node ^ 1] {
            node /= 2;
            self.any[node] = false;
        }
        Some((bin, room))
    }

    /// The least room of at least `size`.
    fn least(&self, size: usize) -> Option<usize> {
        let mut node = self.leaves + size;
        if self.any[node] {
            return Some(size);
        }
        // Up until a right neighbour has one, then down to its left.
        while node > 1 {
            let right = node.is_multiple_of(2) && self.any[node + 1];
            if right {
                node += 1;
                while node < self.leaves {
                    node = if self.any[2 * node] { 2 * node } else { 2 * node + 1 };
                }
                return Some(node - self.leaves);
            }
            node /= 2;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Documents of these lengths, packed; ids count on over all of them.
    fn packed(packer: &mut Packer, lengths: &[usize], out: &mut Vec<(Vec<u32>, Vec<u32>)>) {
        let mut next = 0;
        for length in lengths {
            let ids: Vec<u32> = (next..next + *length as u32).collect();
            next += *length as u32;
            packer
                .document(&ids, &mut |s| {
                    out.push((s.ids.to_vec(), s.lengths.to_vec()));
                    Ok(())
                })
                .unwrap();
        }
    }

    fn all(packing: Packing, length: u32, window: usize, lengths: &[usize]) -> Vec<(Vec<u32>, Vec<u32>)> {
        let (mut packer, mut out) = (Packer::with_window(packing, length, window, window / 4), Vec::new());
        packed(&mut packer, lengths, &mut out);
        packer
            .finish(&mut |s| {
                out.push((s.ids.to_vec(), s.lengths.to_vec()));
                Ok(())
            })
            .unwrap();
        out
    }

    #[test]
    fn a_stream_is_cut_and_says_where_documents_end() {
        let out = all(Packing::Cut, 4, 0, &[3, 6, 1]);
        let wanted = [(vec![0, 1, 2, 3], vec![3, 1]), (vec![4, 5, 6, 7], vec![4]), (vec![8, 9], vec![1, 1])];
        assert_eq!(out, wanted);
        assert!(all(Packing::Cut, 4, 0, &[]).is_empty());
        assert_eq!(all(Packing::Cut, 2, 0, &[2]), [(vec![0, 1], vec![2])]);
    }

    #[test]
    fn what_fits_is_never_cut_and_stands_where_the_least_room_is_left() {
        // 7 and 3 fill a sequence, 6 and 4 another one, though 3 would fit beside 6 as well.
        let out = all(Packing::BestFit, 10, 1 << 20, &[6, 7, 3, 4, 23]);
        let lengths: Vec<&[u32]> = out.iter().map(|s| s.1.as_slice()).collect();
        assert_eq!(lengths, [&[10][..], &[10], &[6, 4], &[7, 3], &[3]]);
        assert_eq!(out[2].0, [0, 1, 2, 3, 4, 5, 16, 17, 18, 19]);
        // What is longer than a sequence is cut at its length, and its rest is packed.
        assert_eq!(out[4].0, [40, 41, 42]);
    }

    #[test]
    fn windows_lose_no_document_and_hardly_any_room() {
        let mut seed = 7u64;
        let lengths: Vec<usize> = (0..3_000)
            .map(|_| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                1 + (seed >> 33) as usize % 400
            })
            .collect();
        let total: usize = lengths.iter().sum();
        for window in [2_000, 50_000, 1 << 20] {
            let out = all(Packing::BestFit, 256, window, &lengths);
            let mut ids: Vec<u32> = out.iter().flat_map(|s| s.0.iter().copied()).collect();
            ids.sort_unstable();
            assert!(ids.iter().copied().eq(0..total as u32), "every token once");
            let whole = lengths.iter().filter(|l| **l < 256).count();
            let parts: Vec<u32> = out.iter().flat_map(|s| s.1.iter().copied()).collect();
            let cut = lengths.iter().filter(|l| **l > 256).count();
            assert_eq!(parts.len(), whole + 2 * cut + lengths.iter().filter(|l| **l == 256).count());
            assert!(out.iter().all(|s| s.0.len() <= 256 && s.1.iter().sum::<u32>() as usize == s.0.len()));
            let lost = 1.0 - total as f64 / (out.len() * 256) as f64;
            assert!(lost < if window < 10_000 { 0.05 } else { 0.01 }, "{window}: {lost}");
        }
    }

    #[test]
    fn the_least_room_is_found_among_all() {
        let mut rooms = Rooms::new(100);
        for (bin, room) in [(0, 90), (1, 33), (2, 33), (3, 7), (4, 0)] {
            rooms.put(bin, room);
        }
        assert_eq!(rooms.take(34), Some((0, 90)));
        assert_eq!(rooms.take(34), None);
        assert_eq!(rooms.take(8), Some((2, 33)));
        assert_eq!(rooms.take(8), Some((1, 33)));
        assert_eq!(rooms.take(8), None);
        assert_eq!(rooms.take(1), Some((3, 7)));
        assert_eq!(rooms.take(0), Some((4, 0)));
        assert_eq!(rooms.take(0), None);
    }
}
