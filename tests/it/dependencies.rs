//! What comes with the crate, and what goes out with it: licences of dependencies, crates that are banned, the Rust
//! version that they ask for, and the files of the published package. `deny.toml` is the list of what is allowed;
//! `cargo deny` reads it where it is installed, this test reads it everywhere.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value as Json;

use crate::harness::{Scratch, files_under};

#[allow(dead_code, reason = "cargo runs its `main`")]
#[path = "../../src/build.rs"]
mod build_script;

/// What processes of a cluster compare changes with each of the files that the crate is compiled from, with their names and
/// with nothing else; and the binary has that of this tree.
#[test]
fn sources_are_hashed() {
    let scratch = Scratch::new();
    scratch.write("src/a/b.rs", "fn b() {}\n");
    scratch.write("src/c.rs", "fn c() {}\n");
    scratch.write("notes.md", "one");
    let hash = || build_script::hash(&scratch.path(""), &["src", "Cargo.lock"]).unwrap();
    let first = hash();
    scratch.write("notes.md", "two");
    scratch.write("src/c.rs", "fn c() {}\r\n");
    assert_eq!(hash(), first);
    let mut seen = BTreeSet::from([first]);
    scratch.write("src/a/b.rs", "fn b() { }\n");
    assert!(seen.insert(hash()));
    std::fs::rename(scratch.path("src/c.rs"), scratch.path("src/d.rs")).unwrap();
    assert!(seen.insert(hash()));
    scratch.write("Cargo.lock", "version = 4");
    assert!(seen.insert(hash()));
    let (name, sources) = corpus::pipeline::jobs::BUILD.split_once('/').unwrap();
    assert_eq!((name, sources.len()), (env!("CARGO_PKG_VERSION"), 16));
    assert!(sources.bytes().all(|byte| byte.is_ascii_hexdigit()));
}

/// An SPDX expression held against a list: `A OR B` needs one of them, `A AND B` both. `A/B` is an old way to write OR.
fn allows(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let holds = any(&words, &mut at, allowed);
    holds && at == words.len()
}

fn any(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let mut holds = all(words, at, allowed);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        holds |= all(words, at, allowed);
    }
    holds
}

fn all(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let mut holds = one(words, at, allowed);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        holds &= one(words, at, allowed);
    }
    holds
}

fn one(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let Some(word) = words.get(*at) else { return false };
    *at += 1;
    if *word == "(" {
        let holds = any(words, at, allowed);
        *at += 1; // the closing one
        return holds;
    }
    let mut name = (*word).to_owned();
    if words.get(*at) == Some(&"WITH") {
        name = format!("{name} WITH {}", words.get(*at + 1).unwrap_or(&""));
        *at += 2;
    }
    allowed.contains(&name)
}

#[test]
fn spdx_expressions_are_read() {
    let allowed: BTreeSet<String> = ["MIT", "ISC", "Apache-2.0"].map(str::to_owned).into();
    for (expression, holds) in [
        ("MIT", true),
        ("GPL-3.0-only", false),
        ("GPL-2.0 OR MIT", true),
        ("GPL-2.0/MIT", true),
        ("MIT AND GPL-2.0", false),
        ("MIT AND ISC", true),
        ("(GPL-2.0 OR MIT) AND ISC", true),
        ("(GPL-2.0 OR MIT) AND BSD-3-Clause", false),
        ("GPL-2.0 OR MIT AND BSD-3-Clause", false),
        ("Apache-2.0 WITH LLVM-exception", false),
        ("Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT", true),
        ("", false),
        ("MIT ISC", false),
    ] {
        assert_eq!(allows(expression, &allowed), holds, "{expression}");
    }
}

fn deny() -> toml::Table {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deny.toml");
    std::fs::read_to_string(path).unwrap().parse().unwrap()
}

fn run(program: &str, arguments: &[&str]) -> String {
    let run = Command::new(program).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(run.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8(run.stdout).unwrap()
}

/// A crate, with its version as `cargo tree` writes it, and its licence.
type Crate = (String, String);

/// All crates that this machine's build needs, those of tests among them.
fn crates() -> BTreeSet<Crate> {
    let options = ["tree", "--locked", "--offline", "--edges", "all", "--prefix", "none", "--format", "{p}|{l}"];
    let tree = run(env!("CARGO"), &options);
    let of = |line: &str| {
        let (name, license) = line.trim_end_matches(" (*)").split_once('|')?;
        Some((name.split_whitespace().take(2).collect::<Vec<_>>().join(" "), license.to_owned()))
    };
    // Lines about features have no licence.
    tree.lines().filter_map(of).collect()
}

#[test]
fn licences_of_dependencies_are_permissive() {
    let deny = deny();
    let list = deny["licenses"]["allow"].as_array().unwrap();
    let allowed: BTreeSet<String> = list.iter().map(|l| l.as_str().unwrap().to_owned()).collect();
    assert!(!allowed.iter().any(|l| l.contains("GPL") || l.contains("MPL")), "{allowed:?}");
    let crates = crates();
    // What one crate alone may be under, by its name.
    let exceptions = deny["licenses"].get("exceptions").and_then(|e| e.as_array()).map_or(&[][..], Vec::as_slice);
    let excepted = |name: &str, license: &str| {
        let of = |e: &&toml::Value| name.split(' ').next() == e["crate"].as_str();
        let words =
            |e: &toml::Value| e["allow"].as_array().unwrap().iter().map(|l| l.as_str().unwrap().to_owned()).collect();
        exceptions.iter().find(of).is_some_and(|e| allows(license, &words(e)))
    };
    let wrong: Vec<String> = (crates.iter())
        .filter(|(name, license)| !allows(license, &allowed) && !excepted(name, license))
        .map(|(name, license)| format!("{name} is under {license:?}"))
        .collect();
    assert!(wrong.is_empty(), "not allowed by deny.toml:\n{}", wrong.join("\n"));
    assert!(crates.len() > 200, "{} crates", crates.len());
}

#[test]
fn banned_crates_are_not_locked() {
    let deny = deny();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let lock: toml::Table = std::fs::read_to_string(root.join("Cargo.lock")).unwrap().parse().unwrap();
    let locked: BTreeSet<&str> =
        lock["package"].as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap()).collect();
    let banned: Vec<&str> =
        deny["bans"]["deny"].as_array().unwrap().iter().map(|b| b["crate"].as_str().unwrap()).collect();
    assert!(banned.contains(&"arrow2") && locked.contains("arrow"));
    assert!(banned.iter().all(|b| !locked.contains(b)), "one of {banned:?} is in Cargo.lock");
}

/// No crate asks for a newer Rust than `rust-version` says.
#[test]
fn the_stated_rust_version_is_enough_for_all_crates() {
    let number = |version: &str| -> Vec<u64> {
        let mut parts: Vec<u64> = version.split('.').map(|n| n.parse().unwrap()).collect();
        parts.resize(3, 0);
        parts
    };
    let options = ["metadata", "--locked", "--offline", "--format-version", "1", "--filter-platform", &host()];
    let metadata: Json = serde_json::from_str(&run(env!("CARGO"), &options)).unwrap();
    let ours = env!("CARGO_PKG_RUST_VERSION");
    let needed: BTreeSet<String> = crates().into_iter().map(|c| c.0).collect();
    let (mut asked, mut newer) = (0, Vec::new());
    for package in metadata["packages"].as_array().unwrap() {
        let name = format!("{} v{}", package["name"].as_str().unwrap(), package["version"].as_str().unwrap());
        let Some(version) = package["rust_version"].as_str().filter(|_| needed.contains(&name)) else { continue };
        asked += 1;
        if number(version) > number(ours) {
            newer.push(format!("{name} asks for Rust {version}, Cargo.toml says {ours}"));
        }
    }
    assert!(newer.is_empty() && asked > 100, "{asked} crates ask; {}", newer.join("\n"));
}

fn host() -> String {
    let version = run("rustc", &["-vV"]);
    version.lines().find_map(|l| l.strip_prefix("host: ")).unwrap().to_owned()
}

/// The published package holds every file that `src` is compiled from, what a person reads, and no more.
#[test]
fn the_package_holds_what_it_is_compiled_from() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let listed = run(env!("CARGO"), &["package", "--list", "--allow-dirty", "--offline"]);
    let listed: BTreeSet<&str> = listed.lines().collect();
    for folder in ["src", "recipes", "schemas", "tests/templates"] {
        for path in files_under(&root.join(folder)) {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            assert!(listed.contains(name.as_str()), "{name} is not in the package: see `include` of Cargo.toml");
        }
    }
    for name in [
        "README.md",
        "LICENSE",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "ARCHITECTURE.md",
        "docs/recipe.md",
        "tests/beside.rs",
    ] {
        assert!(listed.contains(name), "{name} is not in the package");
    }
    // What `src` names by `#[path]`, for unit tests.
    let compiled = ["tests/beside.rs", "tests/templates/"];
    let kept_back =
        |n: &str| n.starts_with("tests/") && !compiled.iter().any(|c| n.starts_with(c)) || n.starts_with(".ci");
    let strange: Vec<_> = listed.iter().filter(|n| kept_back(n)).collect();
    assert!(strange.is_empty(), "in the package: {strange:?}");
}

/// The changelog has a section for what is not released yet, under the headings of keepachangelog.com; and whoever
/// raises `jobs::CODE` says there that finished work of earlier builds is not taken over.
#[test]
fn the_changelog_is_kept() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("CHANGELOG.md")).unwrap();
    let sections: Vec<&str> = text.lines().filter_map(|l| l.strip_prefix("## ")).collect();
    assert_eq!(sections.first(), Some(&"[Unreleased]"), "the first section is what is not released yet");
    let kinds = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"];
    for kind in text.lines().filter_map(|l| l.strip_prefix("### ")) {
        assert!(kinds.contains(&kind), "`### {kind}` is none of {kinds:?}");
    }
    let code = corpus::pipeline::jobs::CODE.rsplit('/').next().unwrap();
    let said = format!("job files are of version {code}");
    assert!(text.contains(&said), "CHANGELOG.md does not say, under Changed: {said}");
}
