//! What follows once a build is in its place, or was found there: what it is judged by, exports of its recipe, and the jobs
//! that nothing uses any more.

use std::time::SystemTime;

use super::publish::verdict;
use super::{Build, Built, spare, usage};
use crate::Result;

impl Build<'_> {
    /// Judges a build, writes its exports, and tidies up among jobs, those of builds before `began`.
    pub(super) async fn ended(&self, built: &mut Built, began: SystemTime) -> Result<()> {
        let (recipe, options, bucket) = (self.recipe, self.options, self.bucket.as_ref());
        let estimated = self.given.is_some();
        match bucket {
            Some(bucket) if built.reused => bucket.judge(recipe, &mut built.manifest)?,
            None if !estimated => verdict::run(recipe, &options.out, &mut built.manifest)?,
            _ => {}
        }
        if !estimated {
            self.exports(&mut built.manifest, built.reused).await?;
        }
        let mut stored = None;
        if !built.reused {
            let used = spare::note_used(&options.work, began)?;
            stored = self.workers.keep(&used, options.work_limit)?;
        }
        if let Some(limit) = options.work_limit {
            self.progress.phase("Tidying up", 0);
            let (freed, left) = spare::shrink(&options.work, limit)?;
            let (freed, left) = stored.map_or((freed, left), |stored| (freed + stored.0, left + stored.1));
            self.progress.done(&format!("{} of jobs freed, {} kept", usage::size(freed), usage::size(left)));
        }
        Ok(())
    }
}
