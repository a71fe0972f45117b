//! An export that somebody else writes: who sees the build, and the room into which its files go.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

use super::exporter;
use super::folder::{Room, Staging};
use super::run::{Account, BATCH, Job, Table, expected, losses, survey, write};
use crate::disk::write_whole;
use crate::objects::elsewhere;
use crate::output::tokens::run as of_ids;
use crate::output::tokens::run::Sums;
use crate::output::tokens::sent::Sent as Ids;
use crate::{Error, Result};

/// Threads that cut texts, beside the one that reads and writes: whoever does this does other things beside it.
const THREADS: usize = 1;

/// What is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "one an export")]
pub enum What {
    /// A layout of rows.
    Rows {
        /// Its name.
        to: String,
        /// Whether the build holds rows out: some layouts are others then ([`super::Exporter::of_splits`]).
        splits: bool,
    },
    /// A layout of token ids, and what it is made by.
    Ids(Ids),
}

/// An export that is sent away.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sent {
    /// What is written.
    pub what: What,
    /// Of which rows.
    pub tables: Vec<Table>,
    /// Whether a row that would lose something, or be set aside, is an error.
    pub strict: bool,
    /// What its manifest says of the build.
    pub build: serde_json::Value,
    /// Where it goes.
    pub room: Room,
    /// The file that says what it came to. It is written last.
    pub file: PathBuf,
}

/// What it came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "one an export")]
pub enum Came {
    /// It lies in a folder of the room.
    Written(Written),
    /// It cannot be: the same would come of it again.
    Refused {
        /// Why.
        message: String,
        /// What helps.
        hint: Option<String>,
    },
}

/// An export that was written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Written {
    /// The folder of its files within the room.
    pub at: String,
    /// Its manifest, as it is.
    pub manifest: String,
    /// Its rows.
    pub uses: Vec<Account>,
    /// Of token ids, its sums.
    pub tokens: Option<Sums>,
}

/// Bytes that an export of token ids holds at the most, as it was measured: texts, ids and windows of packing, a tokenizer.
const IDS: usize = 192 << 20;
/// And one of rows: a row group of Parquet, or less.
const ROWS: usize = 64 << 20;

impl Sent {
    /// Bytes of memory that whoever writes it needs.
    pub fn memory(&self) -> usize {
        match self.what {
            What::Rows { .. } => ROWS,
            What::Ids(_) => IDS,
        }
    }

    /// Writes the export, and says what it came to; `stop` ends that early.
    ///
    /// # Errors
    ///
    /// A room that is gone, since nobody waits any more; what the system says; a store that this process does not reach.
    /// That the build or the recipe is wrong is none: it is what the export came to.
    pub fn run(&self, stop: &Arc<AtomicBool>) -> Result<()> {
        match self.written(stop) {
            Ok((staging, written)) => {
                self.say(&Came::Written(written))?;
                staging.leave();
                Ok(())
            }
            Err(Error::Input { message, hint }) => self.say(&Came::Refused { message, hint }),
            Err(error) => Err(self.told(error)),
        }
    }

    /// An error of a store, which other machines may reach.
    fn told(&self, error: Error) -> Error {
        match (&self.room, error) {
            (_, Error::Interrupted) => Error::Interrupted,
            (Room::Folder(_), error) => error,
            (Room::Store(out), error) => elsewhere(format!("an executor writes {}: {error}", out.display()), &error),
        }
    }

    fn say(&self, came: &Came) -> Result<()> {
        let json = serde_json::to_vec(came).map_err(|e| Error::Engine(e.to_string()))?;
        write_whole(&self.file, &json).map_err(Error::io(&self.file))
    }

    fn written(&self, stop: &Arc<AtomicBool>) -> Result<(Staging, Written)> {
        let stop = || stop.load(Ordering::Relaxed);
        match &self.what {
            What::Rows { to, splits } => {
                let exporter = exporter(to).ok_or_else(|| Error::Engine(format!("no layout is called {to}")))?;
                let exporter = exporter.of_splits().filter(|_| *splits).unwrap_or(exporter);
                let job = Job { exporter, tables: &self.tables, batch: BATCH, stop: &stop };
                if self.strict {
                    losses(exporter, &survey(&job)?)?;
                }
                let staging = self.staging()?;
                let (done, manifest) = write(&job, (&staging, Path::new("")), &self.build)?;
                let at = staging.at_in_room();
                Ok((staging, Written { at, manifest: text(manifest)?, uses: done.accounts, tokens: None }))
            }
            What::Ids(ids) => ids.made(|layout, sheet| {
                let (tables, strict, threads) = (&self.tables, self.strict, THREADS);
                let job = of_ids::Job { layout, sheet, tables, batch: BATCH, threads, strict, stop: &stop };
                let staging = self.staging()?;
                let (done, manifest) = of_ids::write(&job, (&staging, Path::new("")), &self.build)?;
                let at = staging.at_in_room();
                Ok((staging, Written { at, manifest: text(manifest)?, uses: done.accounts, tokens: Some(done.sums) }))
            }),
        }
    }

    fn staging(&self) -> Result<Staging> {
        Ok(Staging::within_room(&self.room)?.expecting(|| expected(&self.tables)))
    }

    /// What it came to, once that was said and its files can be seen from here.
    pub fn came(&self) -> Option<Came> {
        let came = serde_json::from_slice(&std::fs::read(&self.file).ok()?).ok()?;
        match came {
            Came::Refused { .. } => Some(came),
            Came::Written(Written { at, manifest, uses, tokens }) => {
                let seen = self.room.shows(&at, manifest.as_bytes());
                seen.then(|| Came::Written(Written { at, manifest, uses, tokens: tokens.map(Sums::exact) }))
            }
        }
    }
}

/// A manifest as text.
fn text(manifest: Vec<u8>) -> Result<String> {
    String::from_utf8(manifest).map_err(|e| Error::Engine(e.to_string()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use arrow::array::{ArrayRef, RecordBatch, StringArray};

    use super::super::run::export;
    use super::*;
    use crate::rows::Use;
    use crate::rows::split::Split;

    fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
        let all = walkdir::WalkDir::new(folder).into_iter().flatten().filter(|entry| entry.file_type().is_file());
        let name = |path: &Path| path.strip_prefix(folder).unwrap().to_path_buf();
        all.map(|entry| (name(entry.path()), std::fs::read(entry.path()).unwrap())).collect()
    }

    /// It comes as the one that is written here would, however often it is done; and nothing is written where nobody waits.
    #[test]
    fn an_export_is_written_by_somebody_else() {
        let here = tempfile::tempdir().unwrap();
        let (rows, out, own) = (here.path().join("rows.parquet"), here.path().join("out"), here.path().join("own"));
        let column = |texts: [&str; 3]| Arc::new(StringArray::from_iter_values(texts)) as ArrayRef;
        let columns = [("id", column(["a", "b", "c"])), ("text", column(["河水流过桥。", "<|im_end|>", "再见。"]))];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let mut writer =
            parquet::arrow::ArrowWriter::try_new(std::fs::File::create(&rows).unwrap(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        let tables = vec![Table { usage: Use::Pretrain, split: Split::Train, files: vec![rows] }];
        for to in ["trl", "hf"] {
            let (exporter, build) = (exporter(to).unwrap(), serde_json::json!({"recipe": "r"}));
            let job = Job { exporter, tables: &tables, batch: BATCH, stop: &|| false };
            let accounts = export(&job, &own, &build).unwrap().accounts;
            let (mut staging, room) = Staging::awaiting(&out).unwrap();
            let (what, file) = (What::Rows { to: to.into(), splits: false }, here.path().join("came"));
            let sent = Sent { what, tables: tables.clone(), strict: false, build, room: room.clone(), file };
            let sent: Sent = serde_json::from_slice(&serde_json::to_vec(&sent).unwrap()).unwrap();
            assert_eq!(sent.came(), None);
            let stop = Arc::default();
            sent.run(&stop).unwrap();
            let Some(Came::Written(first)) = sent.came() else { panic!("{:?}", sent.came()) };
            // Once more, by one who did not hear of that.
            sent.run(&stop).unwrap();
            let Some(Came::Written(again)) = sent.came() else { panic!("{:?}", sent.came()) };
            assert!(first.at != again.at && first.manifest == again.manifest && again.uses == accounts);
            let Room::Folder(folder) = &room else { panic!("{room:?}") };
            std::fs::rename(folder.join(&again.at), folder.join("late")).unwrap();
            assert_eq!(sent.came(), None, "its files are not to be seen yet");
            std::fs::rename(folder.join("late"), folder.join(&again.at)).unwrap();
            staging.take(&room, &again.at).unwrap();
            let error = sent.run(&stop).unwrap_err().to_string();
            assert!(error.contains("nobody waits") && !folder.exists(), "{error}");
            staging.publish(again.manifest.as_bytes()).unwrap();
            assert!(files(&own).len() > 2 && files(&own) == files(&out), "{to}: {:?}", files(&out).keys());
            assert_eq!(std::fs::read_dir(here.path()).unwrap().count(), 4, "{to}");
            // What a row would lose is said once, as what it came to.
            let (staging, room) = Staging::awaiting(&out).unwrap();
            let sent = Sent { room, strict: true, ..sent };
            sent.run(&stop).unwrap();
            let refused = matches!(sent.came(), Some(Came::Refused { message, .. }) if message.contains("cannot hold"));
            assert_eq!(refused, to == "trl");
            drop(staging);
            assert_eq!(std::fs::read_dir(here.path()).unwrap().count(), 4, "{to}");
            std::fs::remove_file(&sent.file).unwrap();
        }
    }
}
