//! Language models in a file of our own: n-grams in order, each by what it does not share with the one before it.
//!
//! After [`MAGIC`] comes a zstd stream, little-endian: what is counted (1 byte: 0 words, 1 characters, 2 words that
//! jieba cut), the order (1), the number of words (4) and the words, each with a zero byte behind it; then for each length
//! from 1 the number of n-grams (8), and for each of them how many of its words, from the last one on, are those of the
//! n-gram before it (1 byte), the numbers of the others (7 bits a byte, the lowest first, the upper bit says that more
//! follow; the first as difference to that of the n-gram before), and log₁₀ of probability and, but for the longest, of
//! weight as 1/4096 (2 bytes each, signed). Each logarithm is rounded by at most 0.00013, and a word that backs off adds several: scores were seen to
//! differ by 1.6·10⁻⁴ a token from those of the ARPA file.

use std::io::{self, Read, Write};
use std::path::Path;

use super::Model;
use super::estimate::{BITS, MOST, Trained};
use super::units::Units;
use crate::models::{Error, Place, Result};

/// What a file begins with.
pub const MAGIC: &[u8] = b"corpus-n-grams 1\n";

const STEPS: f32 = 4096.0;

fn varint(mut n: u32, out: &mut Vec<u8>) {
    while n >= 128 {
        out.push(n as u8 | 128);
        n >>= 7;
    }
    out.push(n as u8);
}

impl Trained {
    /// Writes the model in our own format.
    ///
    /// # Errors
    /// If writing fails.
    pub fn write(&self, mut out: impl Write) -> io::Result<()> {
        out.write_all(MAGIC)?;
        let mut zstd = zstd::Encoder::new(out, 9)?;
        let units = match self.units {
            Units::Words => 0,
            Units::Characters => 1,
            Units::Segmented => 2,
        };
        let mut bytes = vec![units, self.orders.len() as u8];
        bytes.extend((self.names.len() as u32).to_le_bytes());
        for name in &self.names {
            bytes.extend(name.as_bytes());
            bytes.push(0);
        }
        for (n, grams) in (1..).zip(&self.orders) {
            bytes.extend((grams.len() as u64).to_le_bytes());
            let mut before: &[u32] = &[];
            for (ids, weights) in grams {
                let same = ids.iter().zip(before).take_while(|(a, b)| a == b).count();
                bytes.push(same as u8);
                for (place, id) in ids.iter().enumerate().skip(same) {
                    let from = if place == same { before.get(place).copied().unwrap_or(0) } else { 0 };
                    varint(id - from, &mut bytes);
                }
                for weight in &weights[..if n < self.orders.len() { 2 } else { 1 }] {
                    let steps = (weight * STEPS).round().clamp(f32::from(i16::MIN), f32::from(i16::MAX));
                    bytes.extend((steps as i16).to_le_bytes());
                }
                before = ids;
                if bytes.len() >= 1 << 16 {
                    zstd.write_all(&bytes)?;
                    bytes.clear();
                }
            }
        }
        zstd.write_all(&bytes)?;
        zstd.finish()?.flush()
    }
}

/// A reader of the stream that counts where it is.
struct Stream<R> {
    inner: R,
    at: u64,
}

impl<R: Read> Stream<R> {
    fn bytes<const N: usize>(&mut self) -> std::result::Result<[u8; N], String> {
        let mut bytes = [0; N];
        self.inner.read_exact(&mut bytes).map_err(|e| format!("byte {} of the unpacked text: {e}", self.at))?;
        self.at += N as u64;
        Ok(bytes)
    }

    fn varint(&mut self) -> std::result::Result<u32, String> {
        let mut n = 0u32;
        for shift in (0..28).step_by(7) {
            let [byte] = self.bytes()?;
            n |= u32::from(byte & 127) << shift;
            if byte < 128 {
                return Ok(n);
            }
        }
        Err(format!("byte {} of the unpacked text: a number that does not end", self.at))
    }

    fn name(&mut self) -> std::result::Result<String, String> {
        let mut name = Vec::new();
        loop {
            match self.bytes()? {
                [0] => break,
                [_] if name.len() > 1 << 16 => return Err("a word that does not end".to_owned()),
                [byte] => name.push(byte),
            }
        }
        String::from_utf8(name).map_err(|e| format!("byte {} of the unpacked text: {e}", self.at))
    }
}

/// Reads a model of our own format.
///
/// # Errors
/// If it cannot be read or breaks the format.
pub fn read(path: &Path) -> Result<Model> {
    let file = std::fs::File::open(path).map_err(|e| Error::file(path, e.to_string()))?;
    let mut file = io::BufReader::new(file);
    let mut magic = vec![0; MAGIC.len()];
    file.read_exact(&mut magic).map_err(|e| Error::file(path, e.to_string()))?;
    let error = |what: String| Error { file: path.into(), place: Place::Byte(MAGIC.len() as u64), what };
    let inner = zstd::Decoder::with_buffer(file).map_err(|e| error(e.to_string()))?;
    let stream = Stream { inner: io::BufReader::with_capacity(1 << 16, inner), at: 0 };
    trained(stream).map(|trained| trained.model()).map_err(error)
}

fn trained(mut stream: Stream<impl Read>) -> std::result::Result<Trained, String> {
    let [units, order] = stream.bytes()?;
    let units = match units {
        0 => Units::Words,
        1 => Units::Characters,
        2 => Units::Segmented,
        other => return Err(format!("units of kind {other}: made by a newer corpus")),
    };
    if !(2..=MOST).contains(&usize::from(order)) {
        return Err(format!("n-grams of up to {order} words"));
    }
    let words = u32::from_le_bytes(stream.bytes()?);
    if words >= 1 << BITS {
        return Err(format!("{words} words are more than a model of ours can have"));
    }
    let mut names = Vec::new();
    for _ in 0..words {
        names.push(stream.name()?);
    }
    if names.len() < 3 || names[..3] != ["<unk>", "<s>", "</s>"] {
        return Err("the words do not begin with <unk>, <s>, </s>".to_owned());
    }
    let mut orders = Vec::new();
    for n in 1..=usize::from(order) {
        let count = u64::from_le_bytes(stream.bytes()?);
        let mut grams: Vec<(Vec<u32>, [f32; 2])> = Vec::new();
        let mut before = vec![0u32; n];
        for _ in 0..count {
            let [same] = stream.bytes()?;
            if usize::from(same) >= n && n > 1 || same > 0 && grams.is_empty() {
                return Err(format!("byte {} of the unpacked text: {same} words of the n-gram before", stream.at));
            }
            let fresh = grams.is_empty();
            for (place, id) in before.iter_mut().enumerate().skip(usize::from(same)) {
                let from = if place == usize::from(same) && !fresh { *id } else { 0 };
                *id = from + stream.varint()?;
                if *id >= words {
                    return Err(format!("byte {} of the unpacked text: word {id} of {words}", stream.at));
                }
            }
            let mut weights = [0.0; 2];
            for weight in &mut weights[..if n < usize::from(order) { 2 } else { 1 }] {
                *weight = f32::from(i16::from_le_bytes(stream.bytes()?)) / STEPS;
            }
            // `<s>` is never predicted: its -99 does not fit.
            grams.push((before.clone(), weights));
        }
        orders.push(grams);
    }
    Ok(Trained { names, orders, units })
}
