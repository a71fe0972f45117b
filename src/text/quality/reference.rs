//! Limits of a profile out of trusted text, as FineWeb-2 takes them (arXiv 2506.20920): a limit is where the values of text
//! that is known to be good end, so that the rules fit a language without anybody's guess.

/// How a limit is taken from the values of a signal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Method {
    /// Where the last share (0 to 1) of the rows lies, moved out by a quarter of its distance to the median.
    Tail(f64),
    /// So many standard deviations from the mean.
    MeanStd(f64),
}

/// Signals of which good text has more than bad.
pub const LEAST: &[&str] = &[
    "units",
    "han_share",
    "frequent_ratio",
    "function_ratio",
    "known_pairs",
    "ended_chars",
    "unique_units",
    "unit_entropy",
];

/// Signals of which bad text has more than good.
pub const MOST: &[&str] = &[
    "broken_ratio",
    "mojibake_ratio",
    "misread_ratio",
    "rare_ratio",
    "char_dup_13",
    "dup_10_gram",
    "dup_segments",
    "sign_runs",
    "mark_ratio",
    "link_ratio",
    "markup_ratio",
    "divider_ratio",
    "code_ratio",
    "list_lines",
    "like_starts",
    "lines_upto_10",
    "spam_ratio",
    "boilerplate_ratio",
    "placeholder_ratio",
    "gambling_ratio",
    "adult_ratio",
    "cantonese_ratio",
    "half_width_signs",
    "unpaired_signs",
];

impl Method {
    /// The limit of one set's values, none of which is NaN; above it where `upper`, else below. None where there are none.
    pub fn limit(self, values: &mut [f64], upper: bool) -> Option<f64> {
        let count = values.len();
        values.sort_by(f64::total_cmp);
        let (first, last) = (values.first()?, values.last()?);
        let limit = match self {
            Method::Tail(tail) => {
                let share = if upper { 1.0 - tail } else { tail };
                let at = values[((share * count as f64) as usize).min(count - 1)];
                at + (at - values[count / 2]) / 4.0
            }
            Method::MeanStd(times) => {
                let mean = values.iter().sum::<f64>() / count as f64;
                let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count as f64;
                mean + if upper { times } else { -times } * variance.sqrt()
            }
        };
        // No signal of these is ever negative; and what all rows have says nothing of where good text ends.
        Some(if first == last { *first } else { limit.max(0.0) })
    }

    /// The limit for several sets: the widest, rounded outwards to two digits.
    pub fn widest(self, sets: &mut [Vec<f64>], upper: bool) -> Option<f64> {
        let limits = sets.iter_mut().filter_map(|values| self.limit(values, upper));
        let widest = limits.reduce(|a, b| if upper { a.max(b) } else { a.min(b) })?;
        Some(outwards(widest, upper))
    }
}

/// A number rounded to two digits, up or down.
fn outwards(value: f64, up: bool) -> f64 {
    if value <= 0.0 {
        return 0.0;
    }
    let digits = value.log10().floor() as i32 - 1;
    let scale = 10f64.powi(digits.abs());
    // Powers of ten below one have no exact form: their inverses have.
    let steps = if digits < 0 { value * scale } else { value / scale };
    let steps = if up { (steps - 1e-9).ceil() } else { (steps + 1e-9).floor() };
    if digits < 0 { steps / scale } else { steps * scale }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tail_is_moved_out_and_rounded() {
        let mut values: Vec<f64> = (0..1_000).map(f64::from).collect();
        // The value at the last tenth is 900, 400 above the median; a quarter of that further out is 1,000.
        assert_eq!(Method::Tail(0.1).limit(&mut values, true), Some(1_000.0));
        assert_eq!(Method::Tail(0.1).limit(&mut values, false), Some(0.0));
        assert_eq!(Method::Tail(0.1).limit(&mut [], false), None);
        assert_eq!(Method::Tail(0.1).limit(&mut [0.0; 5], true), Some(0.0));
        let mut sets = [vec![10.0, 11.0, 12.0], vec![1.0, 1.1, 1.23]];
        assert_eq!(Method::Tail(0.0).widest(&mut sets, false), Some(0.97));
        assert_eq!(Method::Tail(0.0).widest(&mut sets, true), Some(13.0));
    }

    #[test]
    fn deviations_are_counted_from_the_mean() {
        let mut values = [1.0, 3.0];
        assert_eq!(Method::MeanStd(2.0).limit(&mut values, true), Some(4.0));
        assert_eq!(Method::MeanStd(1.5).limit(&mut values, false), Some(0.5));
        assert_eq!(Method::MeanStd(3.0).limit(&mut values, false), Some(0.0));
    }

    #[test]
    fn two_digits_outwards() {
        for (value, up, wanted) in [
            (0.012_34, true, 0.013),
            (0.012_34, false, 0.012),
            (234.0, true, 240.0),
            (0.2, true, 0.2),
            (0.0, true, 0.0),
        ] {
            assert_eq!(outwards(value, up), wanted, "{value}");
        }
    }

    #[test]
    fn every_signal_is_measured() {
        let known = |name: &&&str| super::super::signal::SIGNALS.iter().any(|about| about.name == **name);
        let lacking: Vec<&&str> = LEAST.iter().chain(MOST).filter(|name| !known(name)).collect();
        assert!(lacking.is_empty(), "{lacking:?}");
    }
}
