//! Real files beside the repository that some tests read, and the notes of tests that do not run on this machine.
//! Compiled into the library's own tests and into the integration binary, so that both say the same.
//!
//! A note goes to stderr, past what holds back the output of tests that pass, and into a file: the one that
//! `CORPUS_SKIPPED` names, else `tmp/skipped` in the target folder. `.ci/run` empties the file first, and prints and
//! counts its lines last.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The folder with the real files; no test needs it, for each has a sample of our own beside it.
const FOLDER: &str = "../shared";

/// A file or folder below [`FOLDER`]; none, with a note, where it is not there.
pub fn beside(path: &str) -> Option<PathBuf> {
    let found = Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER).join(path).canonicalize();
    if found.is_err() {
        skipped(&format!("no {} beside the repository", Path::new(FOLDER).join(path).display()));
    }
    found.ok()
}

/// Notes that the test of this thread does not run here, and why.
pub fn skipped(why: &str) {
    let line = note(&place(), why);
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

fn place() -> PathBuf {
    if let Some(place) = std::env::var_os("CORPUS_SKIPPED") {
        return place.into();
    }
    // A test binary lies in `target/PROFILE/deps`.
    let binary = std::env::current_exe().unwrap();
    binary.ancestors().nth(3).unwrap().join("tmp/skipped")
}

fn note(place: &Path, why: &str) -> String {
    let thread = std::thread::current();
    let line = format!("skipped: {}: {why}\n", thread.name().unwrap_or("a test"));
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    let file = fs::OpenOptions::new().create(true).append(true).open(place);
    file.and_then(|mut file| file.write_all(line.as_bytes())).unwrap();
    line
}

#[test]
fn a_test_that_does_not_run_leaves_a_note() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("tmp/skipped");
    note(&place, "nothing, this is a trial");
    note(&place, "a trial again");
    let thread = std::thread::current();
    let test = format!("skipped: {}", thread.name().unwrap());
    assert!(test.ends_with("beside::a_test_that_does_not_run_leaves_a_note"), "{test}");
    let there = fs::read_to_string(&place).unwrap();
    assert_eq!(there, format!("{test}: nothing, this is a trial\n{test}: a trial again\n"));
}
