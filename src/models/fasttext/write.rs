//! A model as fastText's `.bin`, version 12, so that any program that reads fastText's models can use it.

use std::io::{self, Write};

use super::output::Loss;
use super::{MAGIC, Model};

impl Model {
    /// Writes the model as `.bin`.
    ///
    /// # Errors
    /// If writing fails, or the model is quantised, whose numbers are gone.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let (dictionary, grams) = (&self.dictionary, self.dictionary.grams());
        let loss = match self.output.loss() {
            Loss::Tree => 1,
            Loss::Negative => 2,
            Loss::Softmax => 3,
            Loss::OneVsAll => 4,
        };
        let (words, labels) = (dictionary.words(), dictionary.labels());
        // Size, window, epochs, least count, negative samples; n-grams; loss, kind; buckets, subwords, rate of updates.
        let arguments = [
            [self.input.columns() as i32, 5, 5, 1, 5, grams.words as i32],
            [loss, 3, grams.buckets as i32, grams.least as i32, grams.most as i32, 100],
        ];
        for number in [MAGIC, 12].into_iter().chain(arguments.into_iter().flatten()) {
            out.write_all(&number.to_le_bytes())?;
        }
        out.write_all(&1e-4f64.to_le_bytes())?;
        for number in [words + labels, words, labels] {
            out.write_all(&number.to_le_bytes())?;
        }
        let tokens: i64 = (0..words + labels).map(|id| dictionary.count(id)).sum();
        out.write_all(&tokens.to_le_bytes())?;
        out.write_all(&(-1i64).to_le_bytes())?;
        for id in 0..words + labels {
            out.write_all(dictionary.word(id))?;
            out.write_all(&[0])?;
            out.write_all(&dictionary.count(id).to_le_bytes())?;
            out.write_all(&[u8::from(id >= words)])?;
        }
        for matrix in [&self.input, self.output.matrix()] {
            let cells =
                matrix.cells().ok_or_else(|| io::Error::other("a quantised model cannot be written as .bin"))?;
            out.write_all(&[0])?;
            out.write_all(&matrix.rows().to_le_bytes())?;
            out.write_all(&(matrix.columns() as u64).to_le_bytes())?;
            for cell in cells {
                out.write_all(&cell.to_le_bytes())?;
            }
        }
        Ok(())
    }
}
