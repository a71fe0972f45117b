//! What becomes of rows, as a file between processes.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use crate::spill::written;
use crate::{Error, Result};

/// What becomes of a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// Row key.
    pub ord: u64,
    /// The stretches of its text that are to blame.
    pub spans: Vec<(usize, usize)>,
    /// The share of its text that they are.
    pub share: f64,
}

impl Verdict {
    /// Writes a file of them; `each` makes them, and says how many stretches there were, whatever became of them.
    ///
    /// # Errors
    /// Of the disk, and of `each`.
    pub fn write(file: &Path, each: impl FnOnce(&mut dyn FnMut(&Verdict) -> Result<()>) -> Result<u64>) -> Result<()> {
        written(file, |to| {
            let stretches = each(&mut |of: &Verdict| {
                let spans = of.spans.iter().flat_map(|span| [span.0 as u64, span.1 as u64]);
                let words = [of.ord, of.share.to_bits(), of.spans.len() as u64].into_iter().chain(spans);
                let bytes: Vec<u8> = words.flat_map(u64::to_le_bytes).collect();
                to.write_all(&bytes).map_err(Error::io(file))
            })?;
            to.write_all(&stretches.to_le_bytes()).map_err(Error::io(file))
        })
    }

    /// Hands over those of a file; how many stretches there were.
    ///
    /// # Errors
    /// Of the disk, and the first one of `found`.
    pub fn each(file: &Path, found: &mut impl FnMut(Verdict) -> Result<()>) -> Result<u64> {
        let opened = File::open(file).map_err(Error::io(file))?;
        let mut left = opened.metadata().map_err(Error::io(file))?.len() / 8;
        let mut from = BufReader::with_capacity(1 << 18, opened);
        let mut word = || {
            let mut bytes = [0; 8];
            from.read_exact(&mut bytes).map(|()| u64::from_le_bytes(bytes)).map_err(Error::io(file))
        };
        while left > 1 {
            let (ord, share, count) = (word()?, f64::from_bits(word()?), word()?);
            left -= (3 + 2 * count).min(left);
            let spans = (0..count).map(|_| Ok((word()? as usize, word()? as usize))).collect::<Result<_>>()?;
            found(Verdict { ord, spans, share })?;
        }
        word()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_are_read_as_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("judged");
        let of = |ord: u64, spans: &[(usize, usize)]| Verdict { ord, spans: spans.to_vec(), share: 1.0 / 3.0 };
        let all = [of(7, &[]), of(1 << 40, &[(0, 3), (9, 1 << 33)]), of(8, &[(1, 2)])];
        Verdict::write(&file, |add| all.iter().try_for_each(add).map(|()| 41)).unwrap();
        let mut read = Vec::new();
        let stretches = Verdict::each(&file, &mut |of| {
            read.push(of);
            Ok(())
        });
        assert_eq!((read, stretches.unwrap()), (all.to_vec(), 41));
    }
}
