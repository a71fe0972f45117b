//! The house rules that a machine can hold: which room knows which, and how long a file may be.

use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::files_under;

fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = files_under(&root.join("src")).into_iter().filter(|f| f.extension().is_some_and(|e| e == "rs"));
    files.map(|f| (f.strip_prefix(root).unwrap().to_path_buf(), fs::read_to_string(&f).unwrap())).collect()
}

/// Rooms from the ground up; a file may use its own room and those before it.
const FLOORS: [&str; 15] = [
    "error", "disk", "text", "spill", "rows", "input", "formats", "stages", "output", "catalog", "store", "fetch",
    "recipe", "engine", "pipeline",
];

#[test]
fn arrows_run_one_way() {
    // The places where two rooms hold hands, each with its reason.
    let allowed = [
        ("input", "formats"), // a piece and its layout are what is opened
        ("output", "engine"), // what a mix takes of a row
        ("error", "engine"),
    ];
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let room = path.components().nth(1).unwrap().as_os_str().to_string_lossy().replace(".rs", "");
        let Some(floor) = FLOORS.iter().position(|f| *f == room) else { continue };
        let code = text.split("#[cfg(test)]").next().unwrap();
        for (above, other) in FLOORS.iter().enumerate().skip(floor + 1) {
            let uses = code.contains(&format!("crate::{other}::")) || code.contains(&format!("crate::{{{other}"));
            if above > floor && uses && !allowed.contains(&(room.as_str(), other)) {
                wrong.push(format!("{} uses {other}", path.display()));
            }
        }
        if code.contains("datafusion")
            && code.contains("use datafusion")
            && !["engine", "pipeline"].contains(&room.as_str())
        {
            wrong.push(format!("{} names the engine", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn text_kernels_are_pure() {
    for (path, text) in sources().into_iter().filter(|(p, _)| p.starts_with("src/text")) {
        for word in ["use arrow", "datafusion", "std::fs", "std::io"] {
            let code = text.split("#[cfg(test)]").next().unwrap();
            assert!(!code.contains(word) || path.ends_with("tests.rs"), "{} uses {word}", path.display());
        }
    }
}

#[test]
fn files_are_read_in_one_sitting() {
    let long: Vec<String> = sources()
        .iter()
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > 500)
        .map(|(path, lines)| format!("{} has {lines} lines", path.display()))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn nothing_is_left_for_later_in_code() {
    for (path, text) in sources() {
        for word in ["todo!(", "unimplemented!(", "dbg!("] {
            assert!(!text.contains(word), "{} has {word}", path.display());
        }
    }
}
