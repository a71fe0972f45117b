//! `corpus_id(ord, own id, repeat)`: the final id of a row.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringBuilder};
use arrow::datatypes::{DataType, Int64Type, UInt64Type};
use serde::{Deserialize, Serialize};

use super::Kernel;
use crate::Result;

/// What ids are made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IdsSpec {
    /// Names of the sources.
    pub sources: Vec<String>,
    /// `(piece, rows of its source before it, source)`, ascending by piece.
    pub bases: Vec<(u64, u64, usize)>,
}

impl IdsSpec {
    /// The same for the rows of some pieces alone: a plan that is sent elsewhere carries no others.
    pub fn within(&self, pieces: &Range<u64>) -> IdsSpec {
        let upto = |piece: u64| self.bases.partition_point(|(first, ..)| *first <= piece);
        let first = upto(pieces.start).saturating_sub(1);
        let end = upto(pieces.end.saturating_sub(1)).max(first);
        IdsSpec { sources: self.sources.clone(), bases: self.bases[first..end].to_vec() }
    }
}

/// The ready function.
#[derive(Debug)]
pub struct IdsKernel {
    spec: IdsSpec,
}

impl Kernel for IdsKernel {
    const NAME: &'static str = "corpus_id";
    type Spec = IdsSpec;

    fn new(spec: IdsSpec) -> Result<Self> {
        Ok(IdsKernel { spec })
    }

    fn returns(&self) -> DataType {
        DataType::Utf8
    }

    /// Arguments: `ord` u64, own id text, repeat i64 (null unless the id stood before: then 2, 3, …).
    fn run(&self, arguments: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        let ords = arguments[0].as_primitive::<UInt64Type>();
        let own = arguments[1].as_string::<i32>();
        let repeats = arguments[2].as_primitive::<Int64Type>();
        let mut ids = StringBuilder::with_capacity(rows, rows * 16);
        for row in 0..rows {
            if own.is_null(row) {
                ids.append_value(self.generated(ords.value(row)));
            } else if repeats.is_null(row) {
                ids.append_value(own.value(row));
            } else {
                ids.append_value(format!("{}~{}", own.value(row), repeats.value(row)));
            }
        }
        Ok(Arc::new(ids.finish()))
    }
}

impl IdsKernel {
    /// `source:ordinal`, the number of the row in its source from 0.
    pub fn generated(&self, ord: u64) -> String {
        let (piece, row) = (ord >> 32, ord & 0xffff_ffff);
        let at = self.spec.bases.partition_point(|(first, ..)| *first <= piece);
        match at.checked_sub(1).map(|at| self.spec.bases[at]) {
            Some((_, before, source)) => format!("{}:{}", self.spec.sources[source], before + row),
            None => format!(":{row}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Int64Array, StringArray, UInt64Array};

    #[test]
    fn some_pieces_are_enough_for_their_rows() {
        let all = IdsSpec {
            sources: vec!["a".into(), "b".into()],
            bases: vec![(2, 0, 0), (3, 5, 0), (5, 7, 0), (8, 0, 1), (9, 4, 1)],
        };
        let kernel = |spec: IdsSpec| IdsKernel::new(spec).unwrap();
        let whole = kernel(all.clone());
        for first in 0..12u64 {
            for end in first + 1..13 {
                let some = kernel(all.within(&(first..end)));
                assert!((first..end).all(|piece| some.generated(piece << 32) == whole.generated(piece << 32)));
            }
        }
        assert_eq!(all.within(&(5..9)).bases, all.bases[2..4]);
        assert_eq!(all.within(&(0..u64::MAX)), all);
    }

    #[test]
    fn own_ids_ordinals_and_repeats() {
        let kernel = IdsKernel::new(IdsSpec { sources: vec!["s".into()], bases: vec![(3, 0, 0), (4, 10, 0)] }).unwrap();
        let arguments: Vec<ArrayRef> = vec![
            Arc::new(UInt64Array::from(vec![3 << 32 | 2, 4 << 32 | 1, 4 << 32 | 2])),
            Arc::new(StringArray::from(vec![None, None, Some("a")])),
            Arc::new(Int64Array::from(vec![None, None, Some(2)])),
        ];
        let ids = kernel.run(&arguments, 3).unwrap();
        assert_eq!(ids.as_string::<i32>().iter().flatten().collect::<Vec<_>>(), ["s:2", "s:11", "a~2"]);
    }
}
