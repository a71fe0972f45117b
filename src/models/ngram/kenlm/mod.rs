//! KenLM's binary files, version 5 of the format (<https://kheafield.com/code/kenlm/structures/>), of all six kinds:
//! probing tables with and without rest costs, and tries with quantised probabilities, compressed pointers, or both.
//!
//! The format is the memory of a 64-bit little-endian machine. N-grams are taken over into tables of our own as they are
//! read, so threads share plain memory; the words themselves are not needed, the file knows them by their hashes.

use std::path::Path;

use super::table::{Table, Words};
use super::{LONGEST, Model, Units};
use crate::models::Result;
use crate::models::source::Source;

mod trie;

/// What the file begins with; then zeros up to a multiple of 8.
const MAGIC: &[u8] = b"mmap lm http://kheafield.com/code format version 5\n";
const MAGIC_BYTES: usize = 56;

/// The head of a file.
struct Head {
    /// How many n-grams there are of each length.
    counts: Vec<u64>,
    /// Slots for each entry of a probing table.
    multiplier: f32,
    /// Whether the words themselves follow.
    words: bool,
}

impl Head {
    fn read(source: &mut Source) -> Result<(Head, u32)> {
        let magic = source.bytes(MAGIC_BYTES as u64, "the head of a KenLM file")?;
        if !magic.starts_with(MAGIC) {
            let text = String::from_utf8_lossy(&magic[..MAGIC.len()]).trim_end_matches(['\n', '\0']).to_owned();
            return Err(
                source.error(0, format!("`{text}` is not version 5 of KenLM's format: build it again from ARPA"))
            );
        }
        // Zero, one, minus a half, 1, the greatest number of a word, nothing, and 1 in 64 bits.
        let at = source.at();
        let sane: Vec<u8> = [0f32.to_le_bytes(), 1f32.to_le_bytes(), (-0.5f32).to_le_bytes()]
            .into_iter()
            .chain([1u32, u32::MAX, 0, 1, 0].map(u32::to_le_bytes))
            .flatten()
            .collect();
        if source.bytes(32, "the test values")? != sane {
            return Err(source.error(at, "test values differ: it was built on another kind of machine"));
        }
        let order = (source.int("the longest n-gram")? & 0xff) as usize;
        if !(2..=LONGEST).contains(&order) {
            return Err(
                source.error(source.at() - 4, format!("n-grams of 2 to {LONGEST} words can be read, not of {order}"))
            );
        }
        let at = source.at();
        let multiplier = source.floats(1, "the size of probing tables")?[0];
        if !(1.0..=1000.0).contains(&multiplier) {
            return Err(source.error(at, format!("{multiplier} slots an entry")));
        }
        let kind = source.int_in("the kind of model", 0, 5)? as u32;
        let words = source.int("whether the words follow")? & 0xff != 0;
        source.int_in("the version of the search", i32::from(kind >= 2), i32::from(kind >= 2))?;
        let counts = (0..order).map(|_| source.long_in("a count of n-grams", 1, 1 << 40).map(|n| n as u64));
        let counts = counts.collect::<Result<Vec<u64>>>()?;
        if counts[0] >= u64::from(u32::MAX) {
            return Err(source.error(at, format!("{} words are more than 32 bits can number", counts[0])));
        }
        let odd = source.at() % 8;
        source.bytes((8 - odd) % 8, "padding")?;
        Ok((Head { counts, multiplier, words }, kind))
    }

    /// Slots of a probing table.
    fn slots(&self, entries: u64) -> u64 {
        (entries + 1).max((self.multiplier * entries as f32) as u64)
    }
}

/// Reads a KenLM binary file.
///
/// # Errors
/// If it cannot be read, or is none that KenLM could have written; the error names the byte.
pub fn read(path: &Path) -> Result<Model> {
    let mut source = Source::open(path)?;
    let (head, kind) = Head::read(&mut source)?;
    let model = match kind {
        0 => probing(&mut source, &head, 2),
        1 => probing(&mut source, &head, 3),
        _ => trie::read(&mut source, &head, kind & 1 == 1, kind >= 4),
    }?;
    if head.words {
        names(&mut source, &head)?;
    }
    Ok(model)
}

/// Goes through the words at the end, each with a zero byte behind it: a file that is cut has fewer.
fn names(source: &mut Source, head: &Head) -> Result<()> {
    let (start, mut words, mut last) = (source.at(), 0u64, 0);
    let left = source.left();
    records(source, left, 1, "words", |byte| {
        last = byte[0];
        words += u64::from(last == 0);
        Ok(())
    })?;
    if last != 0 || words < head.counts[0] {
        let what = format!("{words} words follow where {} are counted; is the file cut?", head.counts[0]);
        return Err(source.error(start, what));
    }
    Ok(())
}

/// Reads `count` records of `bytes` bytes, and hands over those for which it is asked.
fn records(
    source: &mut Source,
    count: u64,
    bytes: usize,
    what: &str,
    mut take: impl FnMut(&[u8]) -> std::result::Result<(), String>,
) -> Result<()> {
    source.room(count, bytes as u64, what)?;
    let mut chunk = vec![0; bytes * (1 << 12)];
    let mut left = count;
    while left > 0 {
        let (now, start) = (left.min(1 << 12) as usize, source.at());
        source.fill(&mut chunk[..now * bytes], what)?;
        for (n, record) in chunk[..now * bytes].chunks_exact(bytes).enumerate() {
            take(record).map_err(|e| source.error(start + (n * bytes) as u64, e))?;
        }
        left -= now as u64;
    }
    Ok(())
}

fn u64_at(record: &[u8], at: usize) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&record[at..at + 8]);
    u64::from_le_bytes(bytes)
}

fn f32_at(record: &[u8], at: usize) -> std::result::Result<f32, String> {
    let value = f32::from_le_bytes([record[at], record[at + 1], record[at + 2], record[at + 3]]);
    if value.is_finite() { Ok(value) } else { Err(format!("{value} is no number")) }
}

/// A model of probing tables, `floats` numbers to an n-gram: probability, weight, and rest cost, which is not needed.
/// The sign of a probability says whether longer n-grams end with this one; it is always negative.
fn probing(source: &mut Source, head: &Head, floats: usize) -> Result<Model> {
    let at = source.at();
    source.int_in("the version of the vocabulary", 0, 0)?;
    let bound = source.int("the number of words")? as u32;
    if u64::from(bound) > head.counts[0] + 1 || bound == 0 {
        return Err(source.error(at, format!("{bound} words where {} are counted", head.counts[0])));
    }
    source.room(head.slots(head.counts[0]), 12, "slots of words")?;
    let mut words = Words::with_room(bound as usize);
    records(source, head.slots(head.counts[0]), 12, "words", |record| {
        let (hash, id) = (u64_at(record, 0), u32::from_le_bytes([record[8], record[9], record[10], record[11]]));
        if hash != 0 {
            if id >= bound {
                return Err(format!("word {id} of {bound}"));
            }
            words.put(hash, id);
        }
        Ok(())
    })?;
    let mut unigrams = Vec::with_capacity(source.room(head.counts[0] + 1, 4 * floats as u64, "words")?);
    records(source, head.counts[0] + 1, 4 * floats, "1-grams", |record| {
        unigrams.push([-f32_at(record, 0)?.abs(), f32_at(record, 4)?]);
        Ok(())
    })?;
    let mut tables = Vec::new();
    for (n, count) in (2..).zip(&head.counts[1..]) {
        let longest = n == head.counts.len();
        let bytes = if longest { 12 } else { 8 + 4 * floats };
        let slots = head.slots(*count);
        source.room(slots, bytes as u64, "slots of n-grams")?;
        let mut table = Table::with_room(*count as usize);
        records(source, slots, bytes, "n-grams", |record| {
            let key = u64_at(record, 0);
            if key != 0 {
                let weight = if longest { 0.0 } else { f32_at(record, 12)? };
                table.put(key, [-f32_at(record, 8)?.abs(), weight]);
            }
            Ok(())
        })?;
        tables.push(table);
    }
    Ok(Model { words, unigrams, tables, units: Units::Words })
}
