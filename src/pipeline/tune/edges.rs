//! Numbers that values are counted between, and where a value lies among them.

/// Numbers that values are counted between: of all limits of a signal, and the ends of their bars.
pub(super) struct Edges {
    /// Ascending; no zero has a sign.
    edges: Vec<f64>,
    /// By the leading bits of a value, from `least` on: how many edges begin with lesser ones. Millions of values are looked
    /// up among dozens of edges, and a search by halves is wrong in every other step about where it goes on.
    before: Vec<u16>,
    /// The leading bits of the first edge.
    least: usize,
}

/// The leading bits of a number, sign, exponent and four of its fraction, so that they stand in the order of the numbers.
fn leading(value: f64) -> usize {
    let bits = value.to_bits();
    let ordered = if value.is_sign_negative() { !bits } else { bits | 1 << 63 };
    (ordered >> 48) as usize
}

impl Edges {
    pub(super) fn new(edges: Vec<f64>) -> Self {
        let mut edges: Vec<f64> = edges.into_iter().map(|edge| edge + 0.0).collect();
        edges.sort_by(f64::total_cmp);
        edges.dedup();
        let (Some(least), Some(most)) = (edges.first().map(|e| leading(*e)), edges.last().map(|e| leading(*e))) else {
            return Edges { edges, before: vec![0], least: 0 };
        };
        let mut before = Vec::with_capacity(most - least + 1);
        for bits in least..=most {
            let known = before.last().copied().unwrap_or(0);
            let more = edges[usize::from(known)..].iter().take_while(|edge| leading(**edge) < bits).count();
            before.push(known + more as u16);
        }
        Edges { edges, before, least }
    }

    /// The slot of a value: an odd one where it is an edge, else the even one between two.
    #[inline]
    pub(super) fn slot(&self, value: f64) -> usize {
        let bits = leading(value).saturating_sub(self.least).min(self.before.len() - 1);
        let mut at = usize::from(self.before[bits]);
        while self.edges.get(at).is_some_and(|edge| *edge < value) {
            at += 1;
        }
        2 * at + usize::from(self.edges.get(at) == Some(&value))
    }

    pub(super) fn slots(&self) -> usize {
        2 * self.edges.len() + 1
    }

    /// How many of the values counted by slot lie beyond a limit, which is an edge.
    pub(super) fn beyond(&self, counts: &[u64], limit: f64, upper: bool) -> u64 {
        let at = self.slot(limit);
        if upper { counts[at + 1..].iter().sum() } else { counts[..at].iter().sum() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_beyond_is_counted_as_one_by_one() {
        let values: Vec<f64> = (0..500).map(|i| f64::from(i * 37 % 101) / 2.0).collect();
        let limits = [-1.0, 0.0, 0.25, 7.5, 7.5000001, 49.5, 50.0, 80.0];
        for upper in [false, true] {
            let slow =
                |limit: &f64| values.iter().filter(|v| if upper { **v > *limit } else { **v < *limit }).count() as u64;
            let edges = Edges::new(limits.to_vec());
            let mut counts = vec![0; edges.slots()];
            values.iter().for_each(|value| counts[edges.slot(*value)] += 1);
            let found = limits.map(|limit| edges.beyond(&counts, limit, upper));
            assert_eq!(found.to_vec(), limits.iter().map(slow).collect::<Vec<_>>(), "{upper}");
        }
    }

    /// Of every sign and size, and edges that lie close together.
    #[test]
    fn a_value_lies_where_a_search_finds_it() {
        let all =
            [0.0, -0.0, 1.0, 1.0000001, -1.0, -3.5, 1e-300, -1e-300, 1e300, 7.0, 7.5, 8.0, 0.1, 0.3, f64::INFINITY];
        let mut values = all.to_vec();
        values.extend(all.iter().flat_map(|value| [value * 1.01, value - 0.5, -value, value / 3.0]));
        for count in 1..=all.len() {
            let edges = Edges::new(all[..count].to_vec());
            let mut sorted = all[..count].to_vec();
            sorted.sort_by(f64::total_cmp);
            sorted.dedup();
            for value in values.iter().filter(|value| !value.is_nan()) {
                let at = sorted.partition_point(|edge| edge < value);
                let slow = 2 * at + usize::from(sorted.get(at) == Some(value));
                assert_eq!(edges.slot(*value), slow, "{value} among {sorted:?}");
            }
        }
    }
}
