//! The kept rows as they lie in files, for whoever reads them in order: rows and tokens of each file, and of each split.

use serde::{Deserialize, Serialize};

use crate::pipeline::inputs::Inputs;
use crate::pipeline::run::slabs::Layout;
use crate::rows::Use;
use crate::rows::split::Split;

/// Rows of a source that are in a split.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SplitLine {
    /// The split.
    pub split: Split,
    /// The source.
    pub source: String,
    /// The use of its rows.
    #[serde(rename = "use")]
    pub usage: Use,
    /// Kept rows, copies too.
    pub rows: u64,
    /// Their characters.
    pub chars: u64,
}

/// A file of kept rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardLine {
    /// Its path within the output folder.
    pub path: String,
    /// The use of its rows.
    #[serde(rename = "use")]
    pub usage: Use,
    /// The split, where rows are held out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<Split>,
    /// How many rows of the same use and split lie in the files before it: the number of its first row, from 0.
    pub first: u64,
    /// Its rows.
    pub rows: u64,
    /// Their tokens, where a stage counts them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
}

/// Kept rows by split and source, parts of one card together; none where no row is held out.
pub fn splits(inputs: &Inputs, layout: &Layout) -> Vec<SplitLine> {
    let mut lines: Vec<SplitLine> = Vec::new();
    for ((source, split), (rows, chars)) in &layout.splits {
        let of = &inputs.sources[*source];
        let (source, usage, split) = (&of.source.label, of.usage, *split);
        match lines.iter_mut().find(|l| l.source == *source && l.usage == usage && l.split == split) {
            Some(line) => (line.rows, line.chars) = (line.rows + rows, line.chars + chars),
            None => lines.push(SplitLine { split, source: source.clone(), usage, rows: *rows, chars: *chars }),
        }
    }
    lines.sort_by_key(|line| line.split);
    lines
}

/// Says of each file how many rows of its use and split lie before it; the files stand in the order in which they are read.
pub fn numbered(mut lines: Vec<ShardLine>) -> Vec<ShardLine> {
    let mut before = None;
    for line in &mut lines {
        let of = (line.usage, line.split);
        let first = match before {
            Some((last, rows)) if last == of => rows,
            _ => 0,
        };
        line.first = first;
        before = Some((of, first + line.rows));
    }
    lines
}
