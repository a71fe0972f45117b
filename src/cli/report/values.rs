//! Numbers counted by bins, and the rows nearest to a limit.

/// Counts of neighbouring bins.
#[derive(Clone, Debug, Default)]
struct Run {
    first: usize,
    counts: Vec<u64>,
}

impl Run {
    fn add(&mut self, at: usize, count: u64) {
        if self.counts.is_empty() {
            (self.first, self.counts) = (at, vec![0]);
        } else if at < self.first {
            let more = self.first - at;
            self.counts.splice(0..0, std::iter::repeat_n(0, more));
            self.first = at;
        } else if at >= self.first + self.counts.len() {
            self.counts.resize(at - self.first + 1, 0);
        }
        self.counts[at - self.first] += count;
    }

    fn bins(&self) -> impl DoubleEndedIterator<Item = (usize, u64)> + '_ {
        self.counts.iter().enumerate().filter(|c| *c.1 > 0).map(|(at, count)| (self.first + at, *count))
    }
}

/// How often values come, by bins that are at most 1/32 of the value wide: a float's sign, exponent and first five bits
/// of its fraction. Some hundred counts for most signals, whatever the number of values.
#[derive(Clone, Debug, Default)]
pub struct Values {
    below: Run,
    zero: u64,
    above: Run,
    /// How many there are.
    pub count: u64,
}

impl Values {
    /// Counts a value, if it is a number.
    pub fn add(&mut self, value: f64) {
        if value.is_finite() {
            self.put(bin(value), 1);
        }
    }

    fn put(&mut self, bin: i64, count: u64) {
        self.count += count;
        match bin {
            0 => self.zero += count,
            bin if bin > 0 => self.above.add(bin as usize, count),
            bin => self.below.add(bin.unsigned_abs() as usize, count),
        }
    }

    /// Adds what another one counted.
    pub fn merge(&mut self, other: &Values) {
        other.bins().for_each(|(bin, count)| self.put(bin, count));
    }

    /// The bins that have values, ascending, with how many.
    pub fn bins(&self) -> impl Iterator<Item = (i64, u64)> + '_ {
        let below = self.below.bins().rev().map(|(at, count)| (-(at as i64), count));
        let zero = Some((0, self.zero)).filter(|zero| zero.1 > 0);
        below.chain(zero).chain(self.above.bins().map(|(at, count)| (at as i64, count)))
    }

    /// The value under which a share of all lies.
    pub fn quantile(&self, share: f64) -> f64 {
        let (mut left, mut last) = (share * self.count as f64, 0.0);
        for (bin, count) in self.bins() {
            left -= count as f64;
            last = low(bin);
            if left <= 0.0 {
                break;
            }
        }
        last
    }
}

/// The number of a value's bin; greater values have greater numbers.
pub fn bin(value: f64) -> i64 {
    let bits = (value.abs().to_bits() >> 47) as i64;
    if value < 0.0 { -bits - 1 } else { bits }
}

/// The least value of a bin.
pub fn low(bin: i64) -> f64 {
    if bin < 0 { -f64::from_bits(((-bin) as u64) << 47) } else { f64::from_bits((bin as u64) << 47) }
}

/// The rows with the least numbers (distances, or hashes), at most `most`.
#[derive(Clone, Debug)]
pub struct Least {
    most: usize,
    /// Number, table and place, ascending.
    pub rows: Vec<(f64, usize, u64)>,
}

impl Least {
    /// Of none so far.
    pub fn new(most: usize) -> Least {
        Least { most, rows: Vec::new() }
    }

    /// A row.
    pub fn see(&mut self, number: f64, table: usize, place: u64) {
        let last = self.rows.last().copied();
        if self.most == 0
            || !number.is_finite()
            || self.rows.len() == self.most && last.is_some_and(|l| !less((number, table, place), l))
        {
            return;
        }
        let at = self.rows.partition_point(|row| less(*row, (number, table, place)));
        self.rows.insert(at, (number, table, place));
        self.rows.truncate(self.most);
    }

    /// Adds what another one saw.
    pub fn merge(&mut self, other: Least) {
        other.rows.into_iter().for_each(|(number, table, place)| self.see(number, table, place));
    }
}

fn less(a: (f64, usize, u64), b: (f64, usize, u64)) -> bool {
    a.0.total_cmp(&b.0).then((a.1, a.2).cmp(&(b.1, b.2))).is_lt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_are_in_the_order_of_values_and_a_32nd_wide() {
        let values = [-1e9, -33.0, -1.0, -1e-9, 0.0, 1e-9, 0.5, 1.0, 1.03125, 33.0, 1e9];
        for pair in values.windows(2) {
            assert!(bin(pair[0]) < bin(pair[1]), "{pair:?}");
        }
        for value in values {
            let from = low(bin(value));
            assert!(from <= value && value - from <= value.abs() / 32.0 + f64::MIN_POSITIVE, "{value}: {from}");
        }
        let mut all = Values::default();
        values.iter().rev().for_each(|value| all.add(*value));
        all.add(f64::NAN);
        assert_eq!(all.bins().map(|b| low(b.0)).collect::<Vec<_>>(), values.map(|v| low(bin(v))));
        let mut twice = all.clone();
        twice.merge(&all);
        assert_eq!((twice.count, twice.quantile(0.5), twice.quantile(1.0)), (22, low(bin(1e-9)), low(bin(1e9))));
    }

    #[test]
    fn the_nearest_are_kept_whatever_the_order() {
        let rows = [(3.0, 0, 1), (1.0, 0, 9), (2.0, 1, 0), (1.0, 0, 2), (f64::NAN, 0, 0), (0.5, 2, 4)];
        let (mut one, mut two, mut all) = (Least::new(3), Least::new(3), Least::new(3));
        rows[..3].iter().for_each(|r| one.see(r.0, r.1, r.2));
        rows[3..].iter().for_each(|r| two.see(r.0, r.1, r.2));
        rows.iter().for_each(|r| all.see(r.0, r.1, r.2));
        two.merge(one);
        assert_eq!(two.rows, all.rows);
        assert_eq!(all.rows, [(0.5, 2, 4), (1.0, 0, 2), (1.0, 0, 9)]);
    }
}
