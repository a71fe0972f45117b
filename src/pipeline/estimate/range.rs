//! How sure an estimate is: two standard deviations of what a sample of that size tells, and more where copies were
//! looked for in a part of the input only.

/// What is likely, and between what it should lie.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Range<T = u64> {
    /// The least.
    pub low: T,
    /// The estimate.
    pub likely: T,
    /// The most.
    pub high: T,
}

impl Range<u64> {
    /// Rows or bytes that may be off by a share of themselves.
    pub fn counted(likely: f64, spread: f64) -> Self {
        let of = Range::about(likely, spread);
        Range { low: of.low as u64, likely: of.likely.round() as u64, high: of.high.ceil() as u64 }
    }

    /// Whether nothing is unsure.
    pub fn is_exact(&self) -> bool {
        self.low == self.high
    }

    /// By how much of itself it may be off.
    pub fn spread(&self) -> f64 {
        (self.high - self.low) as f64 / 2.0 / self.likely.max(1) as f64
    }

    /// The same, if it may be off by a share of itself for another reason as well.
    pub fn wider(&self, off: f64) -> Self {
        let both = |end: u64| self.likely.abs_diff(end) as f64 / self.likely.max(1) as f64;
        let of = |end: u64| (both(end).powi(2) + off * off).sqrt() * self.likely as f64;
        if off <= 0.0 {
            return *self;
        }
        let low = (self.likely as f64 - of(self.low)).max(0.0) as u64;
        Range { low, likely: self.likely, high: self.likely + of(self.high).ceil() as u64 }
    }

    /// A part of it.
    pub fn times(&self, part: f64) -> Self {
        let of = |n: u64| (n as f64 * part).round() as u64;
        Range { low: of(self.low), likely: of(self.likely), high: of(self.high) }
    }
}

impl Range<f64> {
    /// A quantity that may be off by a share of itself.
    pub fn about(likely: f64, spread: f64) -> Self {
        Range { low: (likely * (1.0 - spread)).max(0.0), likely, high: likely * (1.0 + spread) }
    }
}

/// Rows of a sample, and what they stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Weight {
    /// Rows that were seen.
    pub rows: f64,
    /// Rows that each stands for.
    pub each: f64,
    /// Whether they are all there are.
    pub whole: bool,
    /// Whether they went for what other rows hold.
    pub copies: bool,
    /// Rows that are there or not by how it is counted.
    pub doubt: f64,
    /// By how much of itself the number of rows that each stands for may be off: two standard errors.
    pub off: f64,
    /// The estimate, of several such.
    likely: f64,
    /// Its variance.
    variance: f64,
    /// Rows that may be there although none was drawn.
    unseen: f64,
}

impl Weight {
    /// Rows that were seen, and how many each stands for; `whole` where they are all there are.
    pub fn new(rows: f64, each: f64, whole: bool) -> Self {
        Weight { rows, each, whole, ..Weight::default() }
    }

    /// Adds rows of another source.
    pub fn add(&mut self, other: Weight) {
        self.rows += other.rows;
        self.likely += other.rows * other.each;
        self.copies |= other.copies;
        if !other.whole {
            // Rows that go together (a page in many versions, the files of one archive) are drawn together: they tell
            // less than as many that were drawn one by one. Of a sample that is nearly all there is little is unsure.
            let together = if other.copies { 4.0 } else { 2.0 };
            let left = 1.0 - 1.0 / other.each.max(1.0);
            self.variance += other.each * other.each * other.rows * together * left;
            self.variance += (other.rows * other.each * other.off / 2.0).powi(2);
            self.unseen += other.each * 2.0 * left.sqrt();
            self.doubt += other.doubt * other.each;
        }
    }

    /// The range, where `read` of the input (a share) was read; it has `rows` rows.
    pub fn range(&self, rows: u64, read: f64) -> Range {
        let off = 2.0 * self.variance.sqrt() + self.doubt;
        let mut high = self.likely + off + self.unseen;
        if self.copies && read < 1.0 {
            // If every copy lies in another place than its original, a share of the input shows that share of them.
            high /= read.max(1e-9);
        }
        let high = high.min(rows as f64).max(self.likely);
        let (low, likely) = ((self.likely - off).max(0.0), self.likely.round() as u64);
        Range { low: (low.floor() as u64).min(likely), likely, high: (high.ceil() as u64).max(likely) }
    }
}

/// The range of what is kept: doubts of all losses, which are not all off to the same side.
pub fn kept(likely: u64, losses: impl Iterator<Item = Range>, rows: u64) -> Range {
    let (mut less, mut more) = (0f64, 0f64);
    for loss in losses {
        less += (loss.high - loss.likely) as f64 * (loss.high - loss.likely) as f64;
        more += (loss.likely - loss.low) as f64 * (loss.likely - loss.low) as f64;
    }
    let low = likely.saturating_sub(less.sqrt().ceil() as u64);
    Range { low, likely, high: (likely + more.sqrt().ceil() as u64).min(rows.max(likely)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_sure_and_what_was_drawn_is_not() {
        let all = |whole, copies, read| {
            let mut sum = Weight::default();
            sum.add(Weight { copies, ..Weight::new(100.0, 10.0, whole) });
            sum.range(100_000, read)
        };
        assert_eq!(all(true, true, 1.0), Range { low: 1000, likely: 1000, high: 1000 });
        let drawn = all(false, false, 1.0);
        assert!((700..760).contains(&drawn.low) && (1260..1310).contains(&drawn.high), "{drawn:?}");
        // Copies are drawn together, and those beyond what was read are not seen.
        assert!(all(false, true, 1.0).high > drawn.high);
        assert!(all(false, true, 0.1).high >= 10_000);
        let kept = kept(5000, [drawn, drawn].into_iter(), 100_000);
        assert!(kept.low > 5000 - 450 && kept.low < 5000 - 300, "{kept:?}");
    }

    #[test]
    fn rows_that_were_not_counted_make_a_range_wider() {
        let exact = Range { low: 1000, likely: 1000, high: 1000 };
        assert_eq!(exact.wider(0.0), exact);
        assert_eq!(exact.wider(0.05), Range { low: 950, likely: 1000, high: 1050 });
        let drawn = Range { low: 970, likely: 1000, high: 1040 };
        assert_eq!(drawn.wider(0.03), Range { low: 957, likely: 1000, high: 1050 });
        let mut sum = Weight::default();
        sum.add(Weight { off: 0.1, ..Weight::new(1000.0, 10.0, false) });
        let mut counted = Weight::default();
        counted.add(Weight::new(1000.0, 10.0, false));
        assert!(sum.range(100_000, 1.0).high > counted.range(100_000, 1.0).high + 200);
    }

    #[test]
    fn nothing_seen_is_not_nothing_there() {
        let mut sum = Weight::default();
        sum.add(Weight::new(0.0, 50.0, false));
        assert_eq!(sum.range(1000, 1.0), Range { low: 0, likely: 0, high: 99 });
    }
}
