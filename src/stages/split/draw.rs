//! Which clusters are held out: of each source as many rows as its share of a split asks for, of each use no more than is
//! asked of it.

use super::{Amount, HoldOut};
use crate::rows::Use;
use crate::rows::split::Split;

/// Rows for each split of [`Split::HELD_OUT`].
pub type Rows = [u64; Split::HELD_OUT.len()];

/// What one source gives.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quota {
    /// The place of its use among those that are drawn.
    pub usage: usize,
    /// Rows of its use in the clusters whose first row of that use it has.
    pub rows: u64,
    /// Rows that are left to be taken.
    left: Rows,
}

impl Quota {
    /// A source of a use, without rows yet.
    pub fn of(usage: usize) -> Self {
        Quota { usage, ..Quota::default() }
    }
}

/// Rows of one use.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawn {
    /// The use.
    pub usage: Use,
    /// Its rows.
    pub rows: u64,
    /// Rows that are asked for.
    pub asked: Rows,
    /// Rows that are taken.
    pub taken: Rows,
}

/// Draws clusters.
pub struct Draw {
    /// By source.
    sources: Vec<Quota>,
    /// By use.
    pub uses: Vec<Drawn>,
}

impl Draw {
    /// Shares out what is asked for: of each source whole rows that add up to those of the use, the largest remainders
    /// rounded up.
    pub fn new(options: &HoldOut, uses: &[Use], mut sources: Vec<Quota>) -> Self {
        let mut drawn = Vec::new();
        for (place, usage) in uses.iter().enumerate() {
            let mine: Vec<usize> = (0..sources.len()).filter(|s| sources[*s].usage == place).collect();
            let rows: u64 = mine.iter().map(|s| sources[*s].rows).sum();
            let mut asked = Rows::default();
            for (at, split) in Split::HELD_OUT.into_iter().enumerate().filter(|_| rows > 0) {
                let Some(amount) = options.amount(split) else { continue };
                share_out(&mut sources, &mine, (at, amount), rows);
                asked[at] = mine.iter().map(|s| sources[*s].left[at]).sum();
            }
            drawn.push(Drawn { usage: *usage, rows, asked, taken: Rows::default() });
        }
        Draw { sources, uses: drawn }
    }

    /// The split that takes a cluster, of so many rows of each use, that is drawn for a source: the first one that has room
    /// for those of the source's use in what the source gives, and for all of them in what their uses give.
    pub fn takes(&mut self, source: usize, sizes: &[u64]) -> Split {
        let quota = &mut self.sources[source];
        for (at, split) in Split::HELD_OUT.into_iter().enumerate() {
            let fits = |(size, of): (&u64, &Drawn)| of.taken[at] + size <= of.asked[at];
            let size = sizes[quota.usage];
            if size <= quota.left[at] && sizes.iter().zip(&self.uses).all(fits) {
                quota.left[at] -= size;
                sizes.iter().zip(&mut self.uses).for_each(|(size, of)| of.taken[at] += size);
                return split;
            }
        }
        Split::Train
    }
}

/// Shares the rows of a split out to the sources of a use, which have `all` rows.
fn share_out(sources: &mut [Quota], mine: &[usize], (at, amount): (usize, Amount), all: u64) {
    let (total, share) = match amount {
        Amount::Rows(rows) => (rows, rows as f64 / all as f64),
        Amount::Share(share) => (((share * all as f64).round() as u64).max(1), share),
    };
    let wanted = |s: &usize| sources[*s].rows as f64 * share;
    let mut parts: Vec<(usize, u64, f64)> =
        mine.iter().map(|s| (*s, wanted(s).floor() as u64, wanted(s).fract())).collect();
    let mut missing = total.saturating_sub(parts.iter().map(|part| part.1).sum());
    parts.sort_by(|a, b| b.2.total_cmp(&a.2).then(a.0.cmp(&b.0)));
    for (source, whole, _) in parts {
        let more = missing.min(1);
        missing -= more;
        sources[source].left[at] = whole + more;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(usage: usize, rows: u64) -> Quota {
        Quota { rows, ..Quota::of(usage) }
    }

    #[test]
    fn each_source_gives_its_share_and_the_sum_is_met() {
        let options =
            HoldOut { validation: Some(Amount::Share(0.01)), test: Some(Amount::Rows(10)), ..HoldOut::default() };
        let rows = [1_000, 120, 80, 50];
        let mut sources: Vec<Quota> = rows.iter().map(|rows| source(0, *rows)).collect();
        sources.push(source(1, 30));
        let draw = Draw::new(&options, &[Use::Pretrain, Use::Task], sources);
        // 12.5 rows of a hundredth are 13 (of halves the even way up); every tenth of a row that is missing goes to the
        // largest remainder.
        let left: Vec<Rows> = draw.sources.iter().map(|s| s.left).collect();
        assert_eq!(draw.uses[0].asked, [13, 10]);
        assert_eq!((left[0], left[1][0], left[2][0]), ([10, 8], 1, 1));
        // A use has one row at least in a split that is a share.
        assert_eq!((left[4], draw.uses[1].asked, draw.uses[1].rows), ([1, 10], [1, 10], 30));
    }

    /// One use whose only source has so many rows left for each split.
    fn one(left: Rows) -> Draw {
        let uses = vec![Drawn { usage: Use::Pretrain, rows: 100, asked: left, taken: [0; 2] }];
        Draw { sources: vec![Quota { left, ..source(0, 100) }], uses }
    }

    #[test]
    fn a_cluster_goes_where_all_of_it_fits() {
        let mut draw = one([3, 5]);
        let taken: Vec<Split> = [2, 4, 2, 1, 1, 9].into_iter().map(|size| draw.takes(0, &[size])).collect();
        use Split::{Test, Train, Validation};
        assert_eq!(taken, [Validation, Test, Train, Validation, Test, Train]);
        assert_eq!((draw.sources[0].left, draw.uses[0].taken), ([0, 0], [3, 5]));
    }

    #[test]
    fn rows_of_another_use_need_room_among_their_own() {
        let mut draw = one([4, 0]);
        draw.uses.push(Drawn { usage: Use::Rlhf, rows: 9, asked: [2, 0], taken: [0; 2] });
        use Split::{Train, Validation};
        let taken: Vec<Split> = [[1, 3], [2, 1], [1, 2], [0, 1], [1, 1]].iter().map(|s| draw.takes(0, s)).collect();
        assert_eq!(taken, [Train, Validation, Train, Validation, Train]);
        assert_eq!((draw.sources[0].left, draw.uses[0].taken, draw.uses[1].taken), ([2, 0], [2, 0], [2, 0]));
    }
}
