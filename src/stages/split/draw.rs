//! Which clusters are held out: of each source as many rows as its share of a split asks for.

use super::{Amount, HoldOut};
use crate::rows::Use;
use crate::rows::split::Split;

/// Rows of the clusters that begin in one source, and how many of them each split takes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quota {
    /// The use of the source's rows.
    pub usage: Option<Use>,
    /// Rows of its clusters.
    pub rows: u64,
    /// Rows that are left to be taken for each split of [`Split::HELD_OUT`].
    pub left: [u64; 2],
}

/// How many rows of each source each split takes: whole rows that add up to those of the use, the largest remainders
/// rounded up.
pub fn quotas(options: &HoldOut, sources: &mut [Quota]) {
    for (at, split) in Split::HELD_OUT.into_iter().enumerate() {
        let Some(amount) = options.amount(split) else { continue };
        for usage in Use::ALL {
            let mine: Vec<usize> = (0..sources.len()).filter(|s| sources[*s].usage == Some(usage)).collect();
            let all: u64 = mine.iter().map(|s| sources[*s].rows).sum();
            if all == 0 {
                continue;
            }
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
    }
}

impl Quota {
    /// The split that takes a cluster of so many rows: the first that has room for all of them.
    pub fn takes(&mut self, size: u64) -> Split {
        for (left, split) in self.left.iter_mut().zip(Split::HELD_OUT) {
            if size <= *left {
                *left -= size;
                return split;
            }
        }
        Split::Train
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(usage: Use, rows: u64) -> Quota {
        Quota { usage: Some(usage), rows, left: [0; 2] }
    }

    #[test]
    fn each_source_gives_its_share_and_the_sum_is_met() {
        let options =
            HoldOut { validation: Some(Amount::Share(0.01)), test: Some(Amount::Rows(10)), ..HoldOut::default() };
        let rows = [1_000, 120, 80, 50];
        let mut sources: Vec<Quota> = rows.iter().map(|rows| source(Use::Pretrain, *rows)).collect();
        sources.push(source(Use::Task, 30));
        quotas(&options, &mut sources);
        // 12.5 rows of a hundredth are 13 (of halves the even way up); every tenth of a row that is missing goes to the
        // largest remainder.
        let left: Vec<[u64; 2]> = sources.iter().map(|s| s.left).collect();
        assert_eq!(left.iter().take(4).map(|l| l[0]).sum::<u64>(), 13);
        assert_eq!(left.iter().take(4).map(|l| l[1]).sum::<u64>(), 10);
        assert_eq!((left[0], left[1][0], left[2][0]), ([10, 8], 1, 1));
        // A use has one row at least in a split that is a share.
        assert_eq!(left[4], [1, 10]);
    }

    #[test]
    fn a_cluster_goes_where_all_of_it_fits() {
        let mut quota = Quota { left: [3, 5], ..source(Use::Pretrain, 100) };
        let taken: Vec<Split> = [2, 4, 2, 1, 1, 9].into_iter().map(|size| quota.takes(size)).collect();
        use Split::{Test, Train, Validation};
        assert_eq!(taken, [Validation, Test, Train, Validation, Test, Train]);
        assert_eq!(quota.left, [0, 0]);
    }
}
