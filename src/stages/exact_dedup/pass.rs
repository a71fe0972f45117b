//! The pass: rows whose keys may stand twice sorted by them, the runs of equal keys walked once.

use super::{CONTENT, ExactDedup, Prefer};
use crate::Result;
use crate::stages::global::{Drop, Footprint, GlobalContext, GlobalPass, SortedRows};
use crate::stages::resources::Resource;
use crate::stages::runs::Runs;
use crate::text::figures::count;

/// Key, row key and id of a row, as they are sorted: bytes, where every row has a copy.
const ROW_BYTES: u64 = 48;

impl GlobalPass for ExactDedup {
    fn job(&self) -> &'static str {
        "dedup"
    }

    fn footprint(&self, _files: &[Resource]) -> Result<Footprint> {
        Ok(Footprint { sorted_rows: ROW_BYTES, elsewhere: true, ..Footprint::default() })
    }

    fn run(&self, context: &dyn GlobalContext) -> Result<()> {
        context.progress().phase("Comparing", 0);
        let key = context.own("key");
        let longest = self.keep == Prefer::Longest && self.by != CONTENT;
        let sort = SortedRows { key: &key, prefer: longest.then_some("row_bytes") };
        let (mut runs, mut rows) = (Runs::default(), 0);
        context.sorted(&sort, &mut |batch| {
            runs.walk(batch, &key, |like| {
                if like.nth < u64::from(self.most) {
                    return Ok(());
                }
                rows += 1;
                let own = like.first_id.as_ref().map(|(id, repeat)| (id.as_str(), *repeat));
                context.drop_row(Drop {
                    ord: like.ord,
                    reason: self.reason().into(),
                    kept_id: Some(context.kept_id(like.first, own)?),
                    similarity: Some(1.0),
                    ..Drop::default()
                })
            })
        })?;
        context.progress().done(&format!("{}: {} duplicates", context.stage(), count(rows)));
        Ok(())
    }
}
