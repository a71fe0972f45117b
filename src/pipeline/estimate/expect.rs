//! How many rows a source has of which stretches were read, and how sure that is.
//!
//! Two estimators of survey sampling (Cochran, *Sampling Techniques*, chapters 2 and 6): rows a piece times pieces, which
//! is exact where a file is a row however large it is; and rows a byte times bytes, which is near where files are of many
//! sizes and rows are not. The one with the smaller error is taken. The error is twice the standard error, of the
//! differences between pieces or of those between rows, whichever is greater.

/// What was read of one piece.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stretch {
    /// Rows.
    pub rows: f64,
    /// Decoded bytes that hold them.
    pub bytes: f64,
    /// Whether this is all of the piece.
    pub ended: bool,
}

/// How many rows a source has.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Expected {
    /// The rows.
    pub rows: f64,
    /// The share of the source that was read.
    pub read: f64,
    /// By how much of themselves the rows may be off: two standard errors.
    pub off: f64,
}

/// The least error of rows of which few stretches were read: how rows differ between the beginning of a file and its
/// end is not seen then.
const FEW: (usize, f64) = (4, 0.05);

/// Rows of a source of `pieces` pieces and `total` decoded bytes, of some of which `seen` was read; `varied` is the
/// coefficient of variation of its rows' sizes.
pub fn expected(pieces: usize, total: f64, varied: f64, seen: &[Stretch]) -> Expected {
    let (n, all) = (seen.len() as f64, (pieces.max(seen.len()) as f64).max(1.0));
    let (rows, bytes) = seen.iter().fold((0.0, 0.0), |sum, s| (sum.0 + s.rows, sum.1 + s.bytes));
    let left = (1.0 - n / all).max(0.0);
    let error = |squares: f64, left: f64| match n > 1.0 {
        true => 2.0 * (n / (n - 1.0) * squares * left).sqrt() / rows.max(1.0),
        false => 0.0,
    };
    let mean = rows / n.max(1.0);
    let by_pieces = Expected {
        rows: mean * all,
        read: n / all,
        off: error(seen.iter().map(|s| (s.rows - mean) * (s.rows - mean)).sum(), left),
    };
    if bytes <= 0.0 || total <= 0.0 {
        return by_pieces;
    }
    let (each, read) = (rows / bytes, (bytes / total).min(1.0));
    let between = error(seen.iter().map(|s| (s.rows - each * s.bytes) * (s.rows - each * s.bytes)).sum(), 1.0 - read);
    let within = 2.0 * varied / rows.max(1.0).sqrt() * (1.0 - read).sqrt();
    let few = if seen.len() < FEW.0 && read < 1.0 { FEW.1 } else { 0.0 };
    let by_bytes = Expected { rows: rows * (total / bytes).max(1.0), read, off: between.max(within).max(few) };
    // Of a piece that goes on behind what was read, it is not known how many rows it has.
    let whole = n > 1.0 && seen.iter().all(|s| s.ended);
    if whole && by_pieces.off < by_bytes.off { Expected { read, ..by_pieces } } else { by_bytes }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rows: f64, bytes: f64) -> Stretch {
        Stretch { rows, bytes, ended: true }
    }

    #[test]
    fn files_that_are_rows_are_counted_as_files() {
        let seen: Vec<Stretch> = (0..256).map(|i| of(1.0, if i % 64 == 0 { 40_000.0 } else { 900.0 })).collect();
        let found = expected(6000, 9e6, 0.0, &seen);
        assert_eq!((found.rows, found.off), (6000.0, 0.0));
        assert!(found.read < 0.1);
    }

    #[test]
    fn rows_of_files_of_many_sizes_are_counted_by_bytes() {
        let seen: Vec<Stretch> =
            (1..=100).map(|i| of(f64::from(i) * 10.0 + f64::from(i % 3), f64::from(i) * 1000.0)).collect();
        let found = expected(1000, 1000.0 * 50_500.0, 0.3, &seen);
        assert!((found.rows - 506_000.0).abs() < 1_000.0, "{found:?}");
        assert!(found.off > 0.0 && found.off < 0.03, "{found:?}");
    }

    #[test]
    fn what_goes_on_is_no_whole_file_and_one_stretch_is_not_much() {
        let seen = [Stretch { rows: 100.0, bytes: 1e4, ended: false }];
        let found = expected(1, 1e6, 0.3, &seen);
        assert_eq!((found.rows, found.read), (10_000.0, 0.01));
        assert!(found.off >= 0.05, "{found:?}");
        // All of it: nothing is unsure.
        assert_eq!(expected(1, 1e4, 0.3, &[of(100.0, 1e4)]).off, 0.0);
    }
}
