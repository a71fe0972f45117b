//! Rows that are asked for by a condition in SQL: what stands behind WHERE, and no more. It is read as `corpus sql` reads
//! queries, refuses what they refuse, and is bounded by time, memory and the number of rows that are listed.

use std::collections::BinaryHeap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;

use super::query::{At, Filter};
use crate::cli::sql_tables::open_build;
use crate::cli::tables::Table;
use crate::engine::sql::{Bounds, Database, Part, Table as Named};
use crate::pipeline::publish::manifest::Manifest;
use crate::{Error, Result};

/// How long a condition may be looked for in a table.
const TIME: Duration = Duration::from_secs(20);
/// Bytes that it may take.
const MEMORY: u64 = 128 << 20;
/// Rows that are listed at most: the first.
const LISTED: usize = 1_000;
/// Conditions whose rows are remembered.
const REMEMBERED: usize = 8;

/// A build whose rows are asked for.
pub struct Build<'a> {
    /// Its folder.
    pub folder: &'a Path,
    /// Its folder of finished jobs.
    pub work: &'a Path,
    /// Its account.
    pub manifest: &'a Manifest,
    /// Its tables.
    pub tables: &'a [Table],
}

/// The rows for which a condition holds.
#[derive(Debug)]
pub struct Chosen {
    /// How many there are.
    pub total: u64,
    /// The first of them, in the order of tables.
    pub rows: Vec<At>,
}

/// Opened with the first condition, and kept open.
#[derive(Default)]
pub struct Conditions {
    open: Mutex<Option<(Arc<Database>, TempDir)>>,
    known: Mutex<Vec<(Filter, Arc<Chosen>)>>,
}

impl Conditions {
    /// The rows for which a condition holds, of the tables that a filter looks at; remembered for the last conditions.
    /// A table that lacks a column of the condition has no such rows; where all lack it, that is the answer.
    ///
    /// # Errors
    /// [`Error::Input`] of what is no condition; [`Error::Other`] where time or memory are not enough.
    pub fn chosen(&self, build: &Build, filter: &Filter, condition: &str) -> Result<Arc<Chosen>> {
        let known = self.known.lock().ok().and_then(|known| known.iter().find(|k| k.0 == *filter).map(|k| k.1.clone()));
        if let Some(chosen) = known {
            return Ok(chosen);
        }
        let database = self.database(build)?;
        let (mut chosen, mut lacking, mut looked) = (Chosen { total: 0, rows: Vec::new() }, None, false);
        let asked = |(_, table): &(usize, &Table)| filter.reads(table) && table.rows() > 0;
        for (at, table) in build.tables.iter().enumerate().filter(asked) {
            let mut first = BinaryHeap::new();
            let room = LISTED - chosen.rows.len();
            let mut total = 0;
            let found = database.places(&numbered_name(&table.part.name), condition, |place| {
                total += 1;
                first.push(place);
                if first.len() > room {
                    first.pop();
                }
            });
            match found {
                Ok(()) => looked = true,
                Err(Error::Input { message, hint }) if message.contains("there is no column") => {
                    lacking.get_or_insert(Error::Input { message, hint });
                    continue;
                }
                Err(other) => return Err(other),
            }
            chosen.total += total;
            chosen.rows.extend(first.into_sorted_vec().into_iter().map(|place| (at, place)));
        }
        if let Some(error) = lacking.filter(|_| !looked) {
            return Err(error);
        }
        let chosen = Arc::new(chosen);
        if let Ok(mut known) = self.known.lock() {
            known.insert(0, (filter.clone(), chosen.clone()));
            known.truncate(REMEMBERED);
        }
        Ok(chosen)
    }

    fn database(&self, build: &Build) -> Result<Arc<Database>> {
        let busy = |_| Error::Engine("a condition before this one broke off".into());
        let mut open = self.open.lock().map_err(busy)?;
        if let Some((database, _)) = open.as_ref() {
            return Ok(database.clone());
        }
        let folder = tempfile::Builder::new().prefix("corpus-view-").tempdir();
        let folder = folder.map_err(Error::io(std::env::temp_dir()))?;
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let bounds = Bounds { threads, memory: MEMORY, folder: folder.path().to_path_buf(), time: Some(TIME) };
        let numbered = |table: &Table| {
            let files = table.files().map(|(path, first)| Part { path: path.clone(), split: None, first });
            // Names of tables without a use are taken: `unreadable` is one of them.
            Named { name: numbered_name(&table.part.name), files: files.collect(), split: false, numbered: true }
        };
        let numbered = build.tables.iter().map(numbered).collect();
        let database = Arc::new(open_build(build.folder, build.work, build.manifest, numbered, &bounds)?);
        *open = Some((database.clone(), folder));
        Ok(database)
    }
}

/// The name of a table whose rows are numbered, beside the one that queries name.
fn numbered_name(name: &str) -> String {
    format!("rows/{name}")
}
