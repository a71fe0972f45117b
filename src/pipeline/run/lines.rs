//! `line_dedup`: lines counted over all rows, and what becomes of them and of their rows.
//!
//! ```text
//! count     hash and row of each line, sorted; runs as long as `documents` are repeated
//! mark      row and hash of what is repeated, sorted
//! judge     rows in order, with their marks: spans to cut, or a drop
//! rescan    to cut: the scan once more, over the text without the spans
//! ```
//!
//! Records are of 16 bytes, sorted in memory or on disk; neither shows in what comes out.

use super::cuts::Out;
use super::row_scan::{Marks, ROW_BITS, Walk};
use crate::Result;
use crate::engine::functions::lines::{column, each};
use crate::pipeline::jobs::Job;
use crate::pipeline::plan::plans::Plans;
use crate::pipeline::plan::stage_plan::Link;
use crate::pipeline::{Build, Scanned, usage};
use crate::spill::{Space, scratch};
use crate::stages::line_dedup::{LineDedup, Stay};

/// One run of the stage.
struct Run<'a> {
    walk: Walk<'a>,
    options: &'a LineDedup,
    space: Space,
}

impl Build<'_> {
    /// Finds repeated lines; writes what they cut, and the drops.
    pub(crate) async fn lines(
        &self,
        plans: &Plans<'_>,
        scanned: &Scanned,
        drops: Option<&Job>,
        (link, options): (&Link, &LineDedup),
        job: &Job,
    ) -> Result<()> {
        self.progress.phase("Counting lines", 0);
        let units: Vec<usize> = scanned.units.concat();
        if units.iter().all(|u| job.has(*u)) {
            self.progress.done(&format!("{}: reused", link.name));
            return Ok(());
        }
        self.log.line(job, 0, "start");
        let space = Space { folder: job.folder.join("work"), budget: self.options.memory as usize / 2 };
        scratch(&space.folder)?;
        let walk = Walk { build: self, plans, scanned, at: scanned.folders(None, drops), link, scope: options.scope };
        let run = Run { walk, options, space };
        let (marks, repeated) = run.marks().await?;
        let rows = run.judge(marks, drops, job).await?;
        let _ = std::fs::remove_dir_all(&run.space.folder);
        self.log.line(job, 0, "done");
        let what = if options.cuts() { "cut" } else { "dropped" };
        let (repeated, rows) = (usage::count(repeated), usage::count(rows));
        self.progress.done(&format!("{}: {repeated} repeated lines, {rows} rows {what}", link.name));
        Ok(())
    }
}

impl Run<'_> {
    /// What is repeated, by row; and how many lines are.
    async fn marks(&self) -> Result<(Marks, u64)> {
        let mut sorter = self.space.sorter("lines", 16);
        let mut hashes: Vec<u128> = Vec::new();
        self.walk
            .rows(&column(self.walk.link.number), |row, _, salt, records| {
                hashes.clear();
                hashes.extend(each(records).filter(|(hash, _)| *hash != 0).map(|(hash, _)| hash ^ salt));
                hashes.sort_unstable();
                hashes.dedup();
                hashes.iter().try_for_each(|hash| sorter.push(hash << ROW_BITS | u128::from(row)))
            })
            .await?;
        Marks::new(sorter, &self.space, u64::from(self.options.documents), self.options.keep == Stay::None)
    }

    /// Walks rows and marks side by side; how many rows are cut, or dropped.
    async fn judge(&self, mut marks: Marks, drops: Option<&Job>, job: &Job) -> Result<u64> {
        let mut out = Out::new(&self.walk, drops, job)?;
        let (mut hashes, mut touched) = (Vec::new(), 0);
        self.walk
            .rows(&column(self.walk.link.number), |row, ord, salt, records| {
                marks.of(row, &mut hashes)?;
                if hashes.is_empty() {
                    return Ok(());
                }
                let (mut spans, mut place, mut bytes): (Vec<(usize, usize)>, _, _) = (Vec::new(), 0, 0);
                for (hash, length) in each(records) {
                    if hash != 0 && hashes.binary_search(&(hash ^ salt)).is_ok() {
                        bytes += length;
                        match spans.last_mut() {
                            Some(last) if last.1 == place => last.1 += length,
                            _ => spans.push((place, place + length)),
                        }
                    }
                    place += length;
                }
                let share = bytes as f64 / place.max(1) as f64;
                if self.options.cuts() {
                    touched += 1;
                    out.cut(ord, spans)?;
                } else if share >= self.options.share {
                    touched += 1;
                    out.drop(ord, "repeated_lines", (share, self.options.limit()), spans)?;
                }
                Ok(())
            })
            .await?;
        out.finish()?;
        Ok(touched)
    }
}
