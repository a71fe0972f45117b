//! A trial begins with what the real build has done: finished files of its jobs under second names (hard links), so that
//! nothing is read or measured again, and nothing in the real build's folder is written.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use super::publish::ours::{MEMBERS, is_marked, job};
use super::run::decisions::REPEATS;
use super::run::pass_context::LINKS;
use super::usage::count;
use super::{Options, Progress};
use crate::output::parquet_file::write_whole;
use crate::{Error, Result};

impl Options {
    /// Work folders in which finished jobs are looked for.
    pub(crate) fn works(&self) -> impl Iterator<Item = &Path> {
        std::iter::once(self.work.as_path()).chain(self.reuse.as_deref())
    }

    /// The work folder that remembers what the inputs are.
    pub(crate) fn known(&self) -> Option<&Path> {
        self.works().find(|work| work.join("inputs.json").is_file())
    }
}

/// Takes what is there, and says so.
pub(crate) fn begin(options: &Options, progress: &dyn Progress) -> Result<()> {
    let Some(from) = options.reuse.as_ref().filter(|_| !options.fresh) else { return Ok(()) };
    let said = match take(from, &options.work)? {
        Taken::Files(0) => return Ok(()),
        Taken::Files(files) => format!("{} finished files of {}", count(files), from.display()),
        Taken::Busy => format!("nothing: a build is at work in {}", from.display()),
    };
    progress.phase("Reusing", 0);
    progress.done(&said);
    Ok(())
}

/// What became of it.
enum Taken {
    /// So many files are there under second names.
    Files(u64),
    /// Another build is at work in the folder: what lies there may not belong together yet.
    Busy,
}

/// Gives finished files of the jobs in `from` second names in `work`, where they are not there yet.
///
/// Only files that a job gave their names when they were whole are taken: no job writes into such a file again, it puts
/// another in its place.
fn take(from: &Path, work: &Path) -> Result<Taken> {
    if !is_marked(from) {
        return Ok(Taken::Files(0));
    }
    // Workers of other machines may not show in the lock.
    if from.join(MEMBERS).exists() {
        return Ok(Taken::Busy);
    }
    let lock = from.join(".lock");
    let held = match File::open(&lock) {
        Ok(file) => match file.try_lock_shared() {
            Ok(()) => file,
            Err(TryLockError::WouldBlock) => return Ok(Taken::Busy),
            Err(TryLockError::Error(e)) => return Err(Error::io(lock)(e)),
        },
        Err(_) => return Ok(Taken::Files(0)),
    };
    // Hashes of inputs: without them each file would be read once more.
    let (known, mine) = (from.join("inputs.json"), work.join("inputs.json"));
    if let (Ok(bytes), false) = (fs::read(&known), mine.exists()) {
        write_whole(&mine, &bytes)?;
    }
    let mut files = 0;
    for file in finished(from) {
        let to = work.join(file.strip_prefix(from).unwrap_or(&file));
        if to.exists() {
            continue;
        }
        let folder = to.parent().unwrap_or(work);
        fs::create_dir_all(folder).map_err(Error::io(folder))?;
        // Where there are no second names, or no more of them, the jobs run.
        match fs::hard_link(&file, &to) {
            Ok(()) => files += 1,
            // Another worker of this build takes them, too.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(_) => break,
        }
    }
    drop(held);
    Ok(Taken::Files(files))
}

/// Finished files in a work folder, but for slabs, which are of one output. Files of units come last: they tell that
/// those beside them are there.
fn finished(work: &Path) -> Vec<PathBuf> {
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let all = walkdir::WalkDir::new(work).min_depth(1).into_iter().filter_entry(|entry| {
        let name = name(entry.path());
        let slabs = ["apply-", "shuffle-"].iter().any(|slabs| name.starts_with(slabs));
        entry.depth() > 1 || job(&name) && !slabs && name != "spill" && name != "unpacked"
    });
    let prepared = work.join("prepared");
    let ends = |path: &PathBuf| path.extension().is_some_and(|end| end == "parquet");
    let counted = |path: &Path| name(path) == REPEATS;
    let whole = |path: &PathBuf| ends(path) || name(path) == LINKS || counted(path) || path.parent() == Some(&prepared);
    let files = all.flatten().filter(|e| e.file_type().is_file() && e.depth() > 1).map(walkdir::DirEntry::into_path);
    let mut files: Vec<PathBuf> = files.filter(whole).collect();
    let unit =
        |path: &PathBuf| path.components().count() == work.components().count() + 2 && name(path).starts_with("unit-");
    // How many ids repeat is said when all units are there.
    files.sort_by_key(|path| (counted(path), unit(path), path.clone()));
    files
}
