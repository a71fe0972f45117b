//! KenLM's tries: n-grams under their last word, then the one before it, packed to the bit (Heafield, 2011, section 3.2;
//! pointers compressed as by Raj and Whittaker, 2003).

use super::{Head, f32_at, records, u64_at};
use crate::models::Result;
use crate::models::ngram::table::{Table, Words, extend};
use crate::models::ngram::{Model, Units};
use crate::models::source::Source;

/// How probabilities and weights of n-grams are packed.
enum Packing {
    /// As numbers: 31 bits for the probability, which is negative, and 32 for the weight.
    Plain,
    /// As places in tables of each length: probabilities, then weights.
    Tables { bits: [u32; 2], bins: Vec<[Vec<f32>; 2]> },
}

impl Packing {
    fn read(source: &mut Source, order: usize) -> Result<Packing> {
        let at = source.at();
        let head = source.bytes(8, "the head of the quantiser")?;
        let bits = [u32::from(head[1]), u32::from(head[2])];
        if head[0] != 2 || bits.iter().any(|b| !(1..=25).contains(b)) {
            return Err(source.error(at, format!("version {} and {bits:?} bits of quantised numbers", head[0])));
        }
        let mut bins = Vec::new();
        for n in 2..=order {
            let probabilities = source.floats(1 << bits[0], "quantised probabilities")?;
            let weights = if n < order { source.floats(1 << bits[1], "quantised weights")? } else { Vec::new() };
            bins.push([probabilities, weights]);
        }
        Ok(Packing::Tables { bits, bins })
    }

    /// Bits of an n-gram's numbers.
    fn bits(&self, longest: bool) -> u32 {
        match self {
            Packing::Plain => 31 + if longest { 0 } else { 32 },
            Packing::Tables { bits, .. } => bits[0] + if longest { 0 } else { bits[1] },
        }
    }

    /// The numbers at a bit.
    fn weights(&self, bytes: &[u8], bit: u64, n: usize, longest: bool) -> [f32; 2] {
        match self {
            Packing::Plain => {
                let log10 = f32::from_bits(bits_at(bytes, bit, 31) as u32 | 0x8000_0000);
                [log10, if longest { 0.0 } else { f32::from_bits(bits_at(bytes, bit + 31, 32) as u32) }]
            }
            Packing::Tables { bits, bins } if longest => [bins[n - 2][0][bits_at(bytes, bit, bits[0]) as usize], 0.0],
            Packing::Tables { bits, bins } => {
                let [probabilities, weights] = &bins[n - 2];
                let at = bits_at(bytes, bit + u64::from(bits[1]), bits[0]);
                [probabilities[at as usize], weights[bits_at(bytes, bit, bits[1]) as usize]]
            }
        }
    }
}

/// Up to 57 bits.
fn bits_at(bytes: &[u8], bit: u64, bits: u32) -> u64 {
    (u64_at(bytes, (bit / 8) as usize) >> (bit % 8)) & ((1 << bits) - 1)
}

/// Bits that numbers up to this one need.
fn needed(most: u64) -> u32 {
    u64::BITS - most.leading_zeros()
}

/// The pointers of an n-gram length to the next one: the upper bits may be left out, and stand in a table of the places
/// where they grow.
struct Pointers {
    bits: u32,
    places: Vec<u64>,
}

impl Pointers {
    fn read(source: &mut Source, entries: u64, next: u64, most: u32, base: u64) -> Result<Pointers> {
        let required = needed(next);
        // As KenLM: the number of upper bits that costs the fewest bits altogether.
        let cost = |chop: u32| ((next >> (required - chop)) as i64) * 64 - (entries as i64) * i64::from(chop);
        let chop = (0..=required.min(most)).min_by_key(|chop| cost(*chop)).unwrap_or(0);
        let count = (next >> (required - chop)) + 1;
        let padding = (8 - (source.at() - base) % 8) % 8;
        source.bytes(padding + 8, "the head of the pointers")?;
        source.room(count, 8, "pointers")?;
        let mut places = Vec::new();
        records(source, count, 8, "pointers", |record| {
            places.push(u64_at(record, 0));
            Ok(())
        })?;
        source.bytes(7 - padding, "padding")?;
        Ok(Pointers { bits: required - chop, places })
    }

    /// The upper bits of the pointer of an entry; `from` is how far the places have been gone through.
    fn upper(&self, entry: u64, from: &mut usize) -> u64 {
        while self.places.get(*from).is_some_and(|place| *place <= entry) {
            *from += 1;
        }
        from.saturating_sub(1) as u64
    }
}

/// The n-grams of one length, packed.
struct Level {
    bytes: Vec<u8>,
    /// Bits of a word, of its numbers, of its pointer.
    bits: [u32; 3],
    pointers: Pointers,
}

impl Level {
    fn read(
        source: &mut Source,
        head: &Head,
        n: usize,
        packing: &Packing,
        compressed: Option<u32>,
        base: u64,
    ) -> Result<Level> {
        let (entries, longest) = (head.counts[n - 1], n == head.counts.len());
        let pointers = match (longest, compressed) {
            (true, _) => Pointers { bits: 0, places: Vec::new() },
            (false, None) => Pointers { bits: needed(head.counts[n]), places: Vec::new() },
            (false, Some(most)) => Pointers::read(source, entries + 1, head.counts[n], most, base)?,
        };
        let bits = [needed(head.counts[0]), packing.bits(longest), pointers.bits];
        let total = u64::from(bits.iter().sum::<u32>());
        let Some(size) = (entries + 1).checked_mul(total).map(|bits| bits.div_ceil(8) + 8) else {
            return Err(source.error(source.at(), format!("{entries} n-grams")));
        };
        Ok(Level { bytes: source.bytes(size, "n-grams")?, bits, pointers })
    }

    fn total(&self) -> u64 {
        u64::from(self.bits.iter().sum::<u32>())
    }
}

/// Reads the rest of a file that holds a trie.
pub(super) fn read(source: &mut Source, head: &Head, quantised: bool, compressed: bool) -> Result<Model> {
    let base = source.at();
    let counts = &head.counts;
    let listed = source.long_in("the number of words", 0, counts[0] as i64)?;
    source.room(counts[0], 8, "words")?;
    let mut words = Words::with_room(counts[0] as usize);
    let mut id = 0;
    records(source, counts[0], 8, "words", |record| {
        id += 1;
        if i64::from(id) <= listed {
            words.put(u64_at(record, 0), id);
        }
        Ok(())
    })?;
    let packing = if quantised { Packing::read(source, counts.len())? } else { Packing::Plain };
    let (mut unigrams, mut next) = (Vec::new(), Vec::new());
    source.room(counts[0] + 2, 16, "words")?;
    records(source, counts[0] + 2, 16, "1-grams", |record| {
        unigrams.push([f32_at(record, 0)?, f32_at(record, 4)?]);
        next.push(u64_at(record, 8));
        Ok(())
    })?;
    next.truncate(counts[0] as usize + 1);
    let mut keys: Vec<u64> = (0..counts[0]).collect();
    let mut tables = Vec::new();
    let mut most = None;
    for n in 2..=counts.len() {
        if compressed && n == 2 && counts.len() > 2 {
            most = Some(u32::from(peek_bits(source)?));
        }
        let at = source.at();
        let level = Level::read(source, head, n, &packing, most, base)?;
        let (table, below) = level_table(&level, head, n, &packing, (&keys, &next)).map_err(|e| source.error(at, e))?;
        tables.push(table);
        (keys, next) = below;
    }
    Ok(Model { words, unigrams, tables, units: Units::Words })
}

/// The bits of pointers that may stand apart, from the head of the first compressed pointers.
fn peek_bits(source: &mut Source) -> Result<u8> {
    let at = source.at();
    // The version and the bits stand where the level begins, before any padding.
    let (version, bits) = match source.peek(2, "the head of the pointers")? {
        [version, bits, ..] => (*version, *bits),
        _ => (u8::MAX, 0),
    };
    if version != 0 || bits > 64 {
        return Err(source.error(at, format!("version {version} of compressed pointers")));
    }
    Ok(bits)
}

/// Keys of n-grams, and where those begin that go on with one more word.
type Below = (Vec<u64>, Vec<u64>);

/// Unpacks the n-grams of one length.
fn level_table(
    level: &Level,
    head: &Head,
    n: usize,
    packing: &Packing,
    (parents, next): (&[u64], &[u64]),
) -> std::result::Result<(Table, Below), String> {
    let (entries, longest) = (head.counts[n - 1], n == head.counts.len());
    // It grows, so that a count alone takes no memory.
    let mut table = Table::with_room(entries.min(1 << 20) as usize);
    let (mut keys, mut below, mut place) = (Vec::new(), Vec::new(), 0);
    let mut pointer = |entry: u64| {
        let bit = entry * level.total() + u64::from(level.bits[0] + level.bits[1]);
        let lower = bits_at(&level.bytes, bit, level.bits[2]);
        level.pointers.upper(entry, &mut place) << level.bits[2] | lower
    };
    for (parent, range) in parents.iter().zip(next.windows(2)) {
        if range[0] > range[1] || range[1] > entries {
            return Err(format!("{n}-grams {} to {} of {entries}", range[0], range[1]));
        }
        let mut before = None;
        for entry in range[0]..range[1] {
            let bit = entry * level.total();
            let word = bits_at(&level.bytes, bit, level.bits[0]);
            let weights = packing.weights(&level.bytes, bit + u64::from(level.bits[0]), n, longest);
            if word > head.counts[0] || weights.iter().any(|w| !w.is_finite()) {
                return Err(format!("{n}-gram {entry} has word {word} and weights {weights:?}"));
            }
            if before.replace(word).is_some_and(|before| before >= word) {
                return Err(format!("{n}-gram {entry} has word {word}, which does not come in order"));
            }
            let key = extend(*parent, word as u32);
            table.put(key, weights);
            if !longest {
                keys.push(key);
                below.push(pointer(entry));
            }
        }
    }
    if !longest {
        below.push(pointer(keys.len() as u64));
    }
    Ok((table, (keys, below)))
}
