//! The figures of the house, before and after: lines by layer, sizes of files and functions, circles, share of docs.

use std::collections::BTreeMap;
use std::io::Read;
use std::process::Command;

use super::graph::Graph;
use super::source::{File, Lines};
use super::{graph, sources, without_tests};
use crate::harness::skipped;

/// The sources at a revision of the repository; none where git has no such revision, or is not there.
fn at(revision: &str) -> Option<Vec<File>> {
    let archive = Command::new("git")
        .args(["archive", "--format=tar", revision, "src"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .ok()
        .filter(|archive| archive.status.success())?;
    let mut files = Vec::new();
    for entry in tar::Archive::new(&archive.stdout[..]).entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().to_string_lossy().into_owned();
        if path.ends_with(".rs") {
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            files.push(File::new(&path, text));
        }
    }
    Some(without_tests(files))
}

/// The middle value, the value that 5 % exceed, and the greatest.
fn spread(mut of: Vec<usize>) -> String {
    of.sort_unstable();
    let share = |percent: usize| of[(of.len() - 1) * percent / 100];
    format!("{} / {} / {}", share(50), share(95), share(100))
}

/// Public functions that return a `Result`, and how many of them say under `# Errors` when it is one.
fn fallible(file: &File) -> (usize, usize) {
    let lines: Vec<&str> = file.text.lines().map(str::trim).collect();
    let (mut all, mut said) = (0, 0);
    let is_public = |at: &usize| lines[*at].starts_with("pub fn ") || lines[*at].starts_with("pub async fn ");
    for at in (0..lines.len()).filter(is_public) {
        let end = lines[at..].iter().position(|l| l.ends_with('{') || l.ends_with(';')).unwrap_or(0);
        let signature = lines[at..=at + end].join(" ");
        if !signature.split_once("->").is_some_and(|(_, returns)| returns.contains("Result<")) {
            continue;
        }
        let docs = lines[..at].iter().rev().take_while(|l| l.starts_with("///") || l.starts_with("#["));
        all += 1;
        said += usize::from(docs.into_iter().any(|l| l.contains("# Errors")));
    }
    (all, said)
}

fn figures(files: &[File], graph: &Graph<'_>) -> BTreeMap<String, String> {
    let mut figures = BTreeMap::new();
    let mut layers: BTreeMap<&str, usize> = BTreeMap::new();
    let mut sum = Lines::default();
    let mut sizes = Vec::new();
    for file in files {
        let lines = file.lines();
        *layers.entry(file.layer()).or_default() += lines.all;
        sizes.push(lines.all);
        sum.all += lines.all;
        sum.docs += lines.docs;
        sum.comments += lines.comments;
    }
    for (layer, lines) in layers {
        figures.insert(format!("lines of `{}`", if layer == "main" { "lib" } else { layer }), lines.to_string());
    }
    let functions: Vec<usize> = files.iter().flat_map(File::functions).map(|f| f.lines).collect();
    let (count, long) = (functions.len(), functions.iter().filter(|l| **l > super::LONGEST).count());
    let circles = graph.circles();
    let share = |of: usize| format!("{:.1} %", of as f64 * 100.0 / sum.all as f64);
    figures.insert("files".into(), files.len().to_string());
    figures.insert("lines, all layers".into(), sum.all.to_string());
    figures.insert("lines a file, median / p95 / greatest".into(), spread(sizes));
    figures.insert("lines a function, median / p95 / greatest".into(), spread(functions));
    figures.insert("functions".into(), count.to_string());
    figures.insert(format!("functions over {} lines", super::LONGEST), long.to_string());
    figures.insert("circles".into(), circles.len().to_string());
    figures.insert("circles, files in them".into(), circles.iter().map(Vec::len).sum::<usize>().to_string());
    figures.insert("doc comments, share of lines".into(), share(sum.docs));
    figures.insert("other comments, share of lines".into(), share(sum.comments));
    let (all, said) = files.iter().map(fallible).fold((0, 0), |sum, of| (sum.0 + of.0, sum.1 + of.1));
    figures.insert("public functions returning a Result, with `# Errors`".into(), format!("{said} of {all}"));
    figures
}

/// `CORPUS_BEFORE=REVISION cargo it house::figures -- --nocapture` prints that revision beside what is here; without a
/// revision the last commit stands there, so that each run of the tests shows that the table can still be made.
#[test]
fn the_figures_of_the_house() {
    let after = figures(sources(), graph());
    let revision = std::env::var("CORPUS_BEFORE").ok();
    let before = at(revision.as_deref().unwrap_or("HEAD")).map(|files| figures(&files, &Graph::new(&files)));
    assert!(before.is_some() || revision.is_none(), "no revision {revision:?}");
    let before = before.unwrap_or_else(|| {
        skipped("figures of the last commit: there is no git, or no repository");
        BTreeMap::new()
    });
    for figures in [&after, &before].into_iter().filter(|figures| !figures.is_empty()) {
        let number = |name: &str| figures[name].parse::<usize>().unwrap();
        assert!(
            number("files") > 300 && number("functions") > 3000 && number("lines of `formats`") > 8000,
            "{figures:?}"
        );
    }
    let names: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    println!("| without tests | before | after |\n| --- | --- | --- |");
    for name in names {
        let value = |of: &BTreeMap<String, String>| of.get(name).cloned().unwrap_or_else(|| "–".into());
        println!("| {name} | {} | {} |", value(&before), value(&after));
    }
}
