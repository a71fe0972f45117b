//! Rows by what they draw, as a mix sees them: by one process, or by several, each those of some units; what these have seen
//! is added up, in any order.

use std::path::Path;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use serde::{Deserialize, Serialize};

use super::Take;
use crate::spill::written;
use crate::{Error, Result};

/// Bits of a draw by which amounts are summed: 64 KiB a source.
pub const BITS: u32 = 13;

/// What is sought in a pass over rows, and found so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Draws {
    seed: u64,
    /// Whether a row counts for one, whatever its size.
    rows: bool,
    /// The stretch of draws whose rows are listed; where there is none amounts are summed by stretches.
    stretch: Option<u64>,
    /// Sums by stretch; or draw and amount of each row of the one.
    #[serde(skip)]
    found: Vec<u64>,
}

impl Draws {
    /// Amounts by the first bits of the draw.
    pub fn sums(seed: u64, rows: bool) -> Self {
        Draws { seed, rows, stretch: None, found: vec![0; 1 << BITS] }
    }

    /// Draw and amount of each row of one stretch.
    pub fn within(seed: u64, rows: bool, stretch: u64) -> Self {
        Draws { seed, rows, stretch: Some(stretch), found: Vec::new() }
    }

    /// Looks at rows, each once: ids and sizes.
    pub fn see(&mut self, batch: &RecordBatch) {
        let (ids, sizes) = (batch.column(0).as_string::<i32>(), batch.column(1).as_primitive::<Int64Type>());
        for row in 0..batch.num_rows() {
            let amount = if self.rows { 1 } else { sizes.value(row) as u64 };
            let draw = Take::draw(self.seed, ids.value(row));
            let at = draw >> (64 - BITS);
            match self.stretch {
                None => self.found[at as usize] += amount,
                Some(stretch) if stretch == at => self.found.extend([draw, amount]),
                Some(_) => {}
            }
        }
    }

    /// Looks at all rows that are handed over, and writes down what it saw, for [`Draws::add`].
    ///
    /// # Errors
    ///
    /// Of the disk, and of whoever hands over the rows.
    pub fn look(self, file: &Path, rows: &mut dyn Iterator<Item = Result<RecordBatch>>) -> Result<()> {
        // As it was sent: what was found until then was not.
        let mut own = match self.stretch {
            None => Draws::sums(self.seed, self.rows),
            Some(stretch) => Draws::within(self.seed, self.rows, stretch),
        };
        for batch in rows {
            own.see(&batch?);
        }
        let bytes: Vec<u8> = own.found.iter().flat_map(|number| number.to_le_bytes()).collect();
        written(file, |to| to.write_all(&bytes).map_err(Error::io(file)))
    }

    /// Adds what others have seen, and written down.
    ///
    /// # Errors
    ///
    /// Of the disk.
    pub fn add(&mut self, file: &Path) -> Result<()> {
        let bytes = std::fs::read(file).map_err(Error::io(file))?;
        let (numbers, rest) = bytes.as_chunks::<8>();
        let whole = if self.stretch.is_none() { numbers.len() == self.found.len() } else { numbers.len() % 2 == 0 };
        if !rest.is_empty() || !whole {
            return Err(Error::Engine(format!("{}: not what a mix looks for", file.display())));
        }
        let numbers = numbers.iter().map(|number| u64::from_le_bytes(*number));
        match self.stretch {
            None => self.found.iter_mut().zip(numbers).for_each(|(sum, number)| *sum += number),
            Some(_) => self.found.extend(numbers),
        }
        Ok(())
    }

    /// The sums, by stretch; or draws and amounts in turn.
    pub fn found(&self) -> &[u64] {
        &self.found
    }

    /// Draws and amounts of the rows of the stretch that was looked at.
    pub fn rows(&self) -> Vec<(u64, u64)> {
        self.found.as_chunks::<2>().0.iter().map(|row| (row[0], row[1])).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, StringArray};

    use super::*;

    fn batch(rows: std::ops::Range<u64>) -> RecordBatch {
        let ids: ArrayRef = Arc::new(StringArray::from_iter_values(rows.clone().map(|row| format!("d:{row}"))));
        let sizes: ArrayRef = Arc::new(Int64Array::from_iter_values(rows.map(|row| (row % 97) as i64)));
        RecordBatch::try_from_iter([("final_id", ids), ("size", sizes)]).unwrap()
    }

    /// However rows are shared out: what one process sees.
    #[test]
    fn several_see_what_one_sees() {
        let folder = tempfile::tempdir().unwrap();
        let sums = |rows| Draws::sums(7, rows);
        let mut all = sums(false);
        all.see(&batch(0..20_000));
        assert_eq!(all.found().iter().sum::<u64>(), (0..20_000u64).map(|row| row % 97).sum::<u64>());
        let mut counted = sums(true);
        counted.see(&batch(0..20_000));
        assert_eq!(counted.found().iter().sum::<u64>(), 20_000);
        let stretch = counted.found().iter().position(|rows| *rows > 2).unwrap() as u64;
        for sought in [sums(false), sums(true), Draws::within(7, false, stretch), Draws::within(7, true, stretch)] {
            let mut alone = sought.clone();
            alone.see(&batch(0..20_000));
            let mut shared = sought.clone();
            for (number, first) in [12_000, 0, 6_000, 19_000].into_iter().enumerate() {
                let last = [19_000, 6_000, 12_000, 20_000][number];
                let file = folder.path().join(number.to_string());
                let sent: Draws = serde_json::from_value(serde_json::to_value(&shared).unwrap()).unwrap();
                let middle = (first + last) / 2;
                let mut rows = [first..middle, middle..last].into_iter().map(|rows| Ok(batch(rows)));
                sent.look(&file, &mut rows).unwrap();
                shared.add(&file).unwrap();
            }
            let sorted = |of: &Draws| {
                let mut rows = of.rows();
                rows.sort_unstable();
                rows
            };
            match sought.stretch {
                None => assert_eq!(alone.found(), shared.found()),
                Some(_) => assert_eq!(sorted(&alone), sorted(&shared)),
            }
        }
        let mut within = Draws::within(7, true, stretch);
        within.see(&batch(0..20_000));
        assert_eq!(within.rows().len() as u64, counted.found()[stretch as usize]);
        std::fs::write(folder.path().join("0"), [1; 12]).unwrap();
        assert!(within.add(&folder.path().join("0")).is_err());
    }
}
