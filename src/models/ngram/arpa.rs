//! ARPA files, the text format of n-gram models (Doug Paul's, of MIT Lincoln Laboratory's tools; `ngram-format(5)` of
//! SRILM). Read as KenLM reads them: words are cut at spaces and tabs only, and an n-gram that lacks its own end (SRILM
//! prunes so) gets it with the probability that backing off gives.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use super::table::{Table, Words, extend, murmur};
use super::{LONGEST, Model, Units};
use crate::models::{Error, Place, Result};

/// What reading an ARPA file holds.
struct Reader {
    file: PathBuf,
    lines: BufReader<File>,
    line: Vec<u8>,
    number: u64,
    size: u64,
}

impl Reader {
    fn error(&self, what: impl Into<String>) -> Error {
        Error { file: self.file.clone(), place: Place::Line(self.number), what: what.into() }
    }

    /// Reads the next line that is not blank; false at the end.
    fn next(&mut self) -> Result<bool> {
        loop {
            self.line.clear();
            self.number += 1;
            let got = self.lines.read_until(b'\n', &mut self.line).map_err(|e| self.error(e.to_string()))?;
            while self.line.last().is_some_and(u8::is_ascii_whitespace) {
                self.line.pop();
            }
            if got == 0 || !self.line.is_empty() {
                return Ok(got > 0);
            }
        }
    }

    fn text(&self) -> String {
        let text = String::from_utf8_lossy(&self.line);
        text.chars().take(60).collect()
    }

    /// The head: how many n-grams of each length follow.
    fn counts(&mut self) -> Result<Vec<u64>> {
        while self.next()? && self.line.starts_with(b"#") {}
        if self.line != b"\\data\\" {
            return Err(self.error(format!("is no ARPA file: begins with `{}` instead of `\\data\\`", self.text())));
        }
        let mut counts = Vec::new();
        while self.next()? && self.line.starts_with(b"ngram ") {
            let text = self.text();
            let pair = text["ngram ".len()..].split_once('=');
            let pair: Option<(usize, u64)> =
                pair.and_then(|(n, count)| Some((n.trim().parse().ok()?, count.trim().parse().ok()?)));
            let Some((n, count)) = pair else { return Err(self.error(format!("`{text}` is no count"))) };
            if n != counts.len() + 1 || n > LONGEST {
                return Err(self.error(format!("`{text}`: lengths must go from 1 to at most {LONGEST} in order")));
            }
            // The shortest line has a digit, a tab, and for each word a letter and a space or the line's end.
            let most = self.size / (2 + 2 * n as u64);
            if count > most || count > u64::from(u32::MAX) {
                return Err(self.error(format!("{count} {n}-grams do not fit into {} bytes", self.size)));
            }
            counts.push(count);
        }
        if counts.is_empty() {
            return Err(self.error("has no counts of n-grams"));
        }
        Ok(counts)
    }

    /// The n-gram of the line: probability, words, weight.
    fn entry(&self, n: usize) -> Result<(f32, Vec<&[u8]>, f32)> {
        let fields: Vec<&[u8]> = self.line.split(|b| matches!(b, b' ' | b'\t')).filter(|f| !f.is_empty()).collect();
        if fields.len() != n + 1 && fields.len() != n + 2 {
            return Err(self.error(format!("`{}` is no {n}-gram with its probability", self.text())));
        }
        let number = |field: &[u8]| {
            let parsed = std::str::from_utf8(field).ok().and_then(|f| f.parse().ok()).filter(|f: &f32| f.is_finite());
            parsed.ok_or_else(|| self.error(format!("`{}` is no number", String::from_utf8_lossy(field))))
        };
        let log10 = number(fields[0])?;
        if log10 > 0.0 {
            return Err(self.error(format!("{log10} is no log probability: it must not be over 0")));
        }
        let weight = if fields.len() == n + 2 { number(fields[n + 1])? } else { 0.0 };
        Ok((log10, fields[1..=n].to_vec(), weight))
    }
}

/// Reads an ARPA file.
///
/// # Errors
/// If it cannot be read or breaks the format; the error names the line.
pub fn read(path: &Path) -> Result<Model> {
    let file = File::open(path).map_err(|e| Error::file(path, e.to_string()))?;
    let size = file.metadata().map_err(|e| Error::file(path, e.to_string()))?.len();
    let lines = BufReader::with_capacity(1 << 18, file);
    let mut reader = Reader { file: path.into(), lines, line: Vec::new(), number: 0, size };
    let counts = reader.counts()?;
    let mut model = Model {
        words: Words::with_room(counts[0] as usize),
        unigrams: vec![[-100.0, 0.0]],
        tables: counts[1..].iter().map(|n| Table::with_room(*n as usize)).collect(),
        units: Units::Words,
    };
    for (n, count) in (1..).zip(&counts) {
        if reader.line != format!("\\{n}-grams:").as_bytes() {
            return Err(reader.error(format!("`{}` where `\\{n}-grams:` must stand", reader.text())));
        }
        let mut read = 0;
        while reader.next()? && !reader.line.starts_with(b"\\") {
            section(&reader, &mut model, n)?;
            read += 1;
        }
        if read != *count {
            return Err(reader.error(format!("{read} {n}-grams where {count} were announced; is the file cut?")));
        }
    }
    if reader.line != b"\\end\\" {
        return Err(reader.error(format!("`{}` where `\\end\\` must stand", reader.text())));
    }
    Ok(model)
}

/// Takes the n-gram of a line.
fn section(reader: &Reader, model: &mut Model, n: usize) -> Result<()> {
    let (log10, words, weight) = reader.entry(n)?;
    if n == 1 {
        if matches!(words[0], b"<unk>" | b"<UNK>") {
            model.unigrams[0] = [log10, weight];
            return Ok(());
        }
        if model.words.put(murmur(words[0]), model.unigrams.len() as u32).is_some() {
            return Err(reader.error(format!("`{}` stands twice", String::from_utf8_lossy(words[0]))));
        }
        model.unigrams.push([log10, weight]);
        return Ok(());
    }
    let mut ids = [0; LONGEST];
    for (id, word) in ids.iter_mut().zip(words.iter().rev()) {
        *id = model.words.get(word);
        if *id == 0 && !matches!(*word, b"<unk>" | b"<UNK>") {
            return Err(reader.error(format!("`{}` is no word of the 1-grams", String::from_utf8_lossy(word))));
        }
    }
    let mut key = u64::from(ids[0]);
    for before in 1..n {
        key = extend(key, ids[before]);
        if before + 1 < n && model.tables[before - 1].get(key).is_none() {
            let backed_off = model.backed_off(&ids[..=before]);
            model.tables[before - 1].put(key, [backed_off, 0.0]);
        }
    }
    model.tables[n - 2].put(key, [log10, weight]);
    Ok(())
}

impl Model {
    /// What the model gives a word after others (the word first, then those before it, the last first), by fewer words.
    fn backed_off(&self, ids: &[u32]) -> f32 {
        let mut state = super::State::default();
        let mut key = 0;
        for (n, id) in ids[1..].iter().enumerate() {
            key = if n == 0 { u64::from(*id) } else { extend(key, *id) };
            let weights = if n == 0 { Some(self.unigrams[*id as usize]) } else { self.tables[n - 1].get(key) };
            let Some([_, weight]) = weights else { break };
            (state.words[n], state.weights[n]) = (*id, weight);
            state.length = n + 1;
        }
        self.score(&mut state, ids[0])
    }
}

/// Writes n-grams as an ARPA file: for each length the words of each n-gram, its probability and its weight.
///
/// # Errors
/// If writing fails.
pub fn write<'a, I>(orders: &[(usize, I)], out: &mut impl Write) -> std::io::Result<()>
where
    I: Iterator<Item = (Vec<&'a str>, [f32; 2])> + Clone,
{
    writeln!(out, "\\data\\")?;
    for (n, (count, _)) in (1..).zip(orders) {
        writeln!(out, "ngram {n}={count}")?;
    }
    for (n, (_, entries)) in (1..).zip(orders) {
        writeln!(out, "\n\\{n}-grams:")?;
        for (words, [log10, weight]) in entries.clone() {
            if n < orders.len() {
                writeln!(out, "{log10}\t{}\t{weight}", words.join(" "))?;
            } else {
                writeln!(out, "{log10}\t{}", words.join(" "))?;
            }
        }
    }
    writeln!(out, "\n\\end\\")
}
