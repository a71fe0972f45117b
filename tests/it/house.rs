//! The house rules that a machine can hold: which layer knows which, files that import each other, how long a file and
//! a function may be, and that every component on disk is registered.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use crate::harness::files_under;

mod figures;
mod graph;
pub mod source;

use graph::Graph;
use source::File;

/// Layers from the ground up; a file may use its own layer and those before it.
const LAYERS: [&str; 20] = [
    "heap", "messages", "error", "disk", "objects", "text", "models", "spill", "rows", "output", "input", "formats",
    "stages", "catalog", "store", "fetch", "recipe", "engine", "pipeline", "cli",
];

/// The places where a layer uses one above it, each with its reason. One that nothing uses has to go.
const ALLOWED: &[(&str, &str)] = &[];

/// Files that import each other and are not mended yet, by their names without folders. It may only shrink.
const CIRCLES: &[&str] = &[];

/// Lines of a function, from `fn` to its brace, that nothing may exceed.
const LONGEST: usize = 60;

/// Functions that are longer, as `file::function`, and why. One that is short by now has to go.
const LONG: &[(&str, &str)] = &[];

/// Every file below `src`, tests apart.
fn sources() -> &'static [File] {
    static FILES: LazyLock<Vec<File>> = LazyLock::new(read);
    &FILES
}

/// What the files import of one another.
fn graph() -> &'static Graph<'static> {
    static GRAPH: LazyLock<Graph<'static>> = LazyLock::new(|| Graph::new(sources()));
    &GRAPH
}

fn read() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = files_under(&root.join("src")).into_iter().filter(|f| f.extension().is_some_and(|e| e == "rs"));
    let named =
        files.map(|f| (f.strip_prefix(root).unwrap().to_string_lossy().into_owned(), fs::read_to_string(f).unwrap()));
    without_tests(named.map(|(path, text)| File::new(&path, text)).collect())
}

/// The files that are compiled outside of tests: those that a `#[cfg(test)] mod x;` names go.
fn without_tests(files: Vec<File>) -> Vec<File> {
    let tests: BTreeSet<Vec<String>> = files
        .iter()
        .flat_map(|f| f.test_modules.iter().map(|name| f.module.iter().chain([name]).cloned().collect()))
        .collect();
    let is_test = |f: &File| tests.iter().any(|test| f.module.starts_with(test));
    files.into_iter().filter(|f| !is_test(f) && !is_apart(&f.path)).collect()
}

/// Whether cargo compiles a file by itself: the binary, and the script that is run before.
fn is_apart(path: &str) -> bool {
    ["src/main.rs", "src/build.rs"].contains(&path)
}

#[test]
fn imports_run_down() {
    let (files, graph) = (sources(), graph());
    let (mut wrong, mut used) = (BTreeSet::new(), BTreeSet::new());
    let floor = |layer: &str| LAYERS.iter().position(|l| *l == layer);
    let unknown: Vec<&str> = files
        .iter()
        .filter(|f| f.path != "src/lib.rs" && floor(f.layer()).is_none())
        .map(|f| f.path.as_str())
        .collect();
    assert!(unknown.is_empty(), "in no layer: {unknown:?}");
    for (at, file) in files.iter().enumerate().filter(|(_, f)| f.path != "src/lib.rs") {
        let layer = file.layer();
        // What is written, and what it leads to.
        let written = file.imports().into_iter().chain(file.inline_paths());
        let written = written.filter(|p| p.parts[0] == "crate" && p.parts.len() > 1);
        let written = written.map(|p| (p.parts[1].clone(), p.parts.join("::"), p.line));
        let led = graph.edges[at].iter().map(|e| (files[e.to].layer().to_owned(), e.path.clone(), e.line));
        for (other, path, line) in written.chain(led) {
            let Some((here, there)) = floor(layer).zip(floor(&other)) else { continue };
            if there <= here {
                continue;
            }
            match ALLOWED.iter().find(|pair| **pair == (layer, other.as_str())) {
                Some(pair) => {
                    used.insert(*pair);
                }
                None => {
                    wrong.insert(format!("{}:{line}: {layer} uses {other}: {path}", file.path));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", Vec::from_iter(wrong).join("\n"));
    let stale: Vec<_> = ALLOWED.iter().filter(|pair| !used.contains(*pair)).collect();
    assert!(stale.is_empty(), "allowed, and nothing uses it: {stale:?}");
}

#[test]
fn two_layers_name_the_engine() {
    let mut layers = BTreeSet::new();
    for file in sources() {
        if file.code.iter().any(|t| t.text.starts_with("datafusion")) {
            layers.insert(file.layer().to_owned());
        }
    }
    assert_eq!(Vec::from_iter(layers), ["engine", "pipeline"]);
}

#[test]
fn no_two_files_import_each_other() {
    let found: BTreeMap<String, &Vec<&str>> = graph().circles().iter().map(|circle| (names(circle), circle)).collect();
    let known: BTreeSet<&str> = CIRCLES.iter().copied().collect();
    let new: Vec<String> = found
        .iter()
        .filter(|(name, _)| !known.contains(name.as_str()))
        .map(|(name, circle)| shown(name, circle))
        .collect();
    assert!(new.is_empty(), "files that import each other, and are not on the list:\n{}", new.join("\n"));
    let mended: Vec<_> = known.iter().filter(|name| !found.contains_key(**name)).collect();
    assert!(mended.is_empty(), "strike off the list what is no circle any more: {mended:?}");
}

/// The names of files without folders, sorted: `src/build/near/mod.rs` is `near`.
fn names(paths: &[&str]) -> String {
    let mut names: Vec<&str> = paths.iter().map(|path| stem(path)).collect();
    names.sort_unstable();
    names.join(" ")
}

fn stem(path: &str) -> &str {
    let path = path.trim_end_matches(".rs").trim_end_matches("/mod");
    path.rsplit('/').next().unwrap_or(path)
}

/// A circle with the imports that make it.
fn shown(name: &str, circle: &[&str]) -> String {
    let (files, edges) = (sources(), &graph().edges);
    let mut lines = format!("\"{name}\",\n");
    for (file, edges) in files.iter().zip(edges).filter(|(f, _)| circle.contains(&f.path.as_str())) {
        for edge in edges.iter().filter(|e| circle.contains(&files[e.to].path.as_str())) {
            lines += &format!("    {}:{} {} → {}\n", file.path, edge.line, edge.path, files[edge.to].path);
        }
    }
    lines
}

/// `file::function` and lines of the functions that are longer than allowed.
fn long_functions(files: &[File]) -> BTreeMap<String, usize> {
    let all = files
        .iter()
        .flat_map(|f| f.functions().into_iter().map(|g| (format!("{}::{}", stem(&f.path), g.name), g.lines)));
    all.filter(|(_, lines)| *lines > LONGEST).collect()
}

#[test]
fn functions_fit_on_a_screen() {
    let long = long_functions(sources());
    let known: BTreeSet<&str> = LONG.iter().map(|(name, _)| *name).collect();
    let new: Vec<String> = long
        .iter()
        .filter(|(name, _)| !known.contains(name.as_str()))
        .map(|(name, lines)| format!("{name}: {lines} lines"))
        .collect();
    assert!(new.is_empty(), "longer than {LONGEST} lines:\n{}", new.join("\n"));
    let short: Vec<_> = known.iter().filter(|name| !long.contains_key(**name)).collect();
    assert!(short.is_empty(), "strike off the list what is short by now: {short:?}");
}

#[test]
fn text_kernels_are_pure() {
    for file in sources().iter().filter(|f| f.layer() == "text") {
        for path in file.imports() {
            let path = path.parts.join("::");
            let pure = !["arrow", "datafusion", "std::fs", "std::io"].iter().any(|w| path.starts_with(w));
            assert!(pure, "{} uses {path}", file.path);
        }
    }
}

#[test]
fn files_are_read_in_one_sitting() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut long = Vec::new();
    for path in files_under(&root.join("src")).iter().filter(|f| f.extension().is_some_and(|e| e == "rs")) {
        let lines = fs::read_to_string(path).unwrap().lines().count();
        if lines > 500 {
            long.push(format!("{} has {lines} lines", path.display()));
        }
    }
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn nothing_is_left_for_later_in_code() {
    for file in sources() {
        let calls = file.code.windows(2).filter(|pair| pair[1].text == "!").map(|pair| &pair[0]);
        for call in calls {
            let later = ["todo", "unimplemented", "dbg"].contains(&call.text.as_str());
            assert!(!later, "{}:{} has {}!", file.path, call.line, call.text);
        }
    }
}

/// A file that no `mod` and no line of a registry names is not compiled, and nobody would know.
#[test]
fn every_file_is_compiled() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let all: Vec<File> = files_under(&root.join("src"))
        .iter()
        .filter(|f| f.extension().is_some_and(|e| e == "rs"))
        .map(|f| File::new(&f.strip_prefix(root).unwrap().to_string_lossy(), fs::read_to_string(f).unwrap()))
        .filter(|f| !is_apart(&f.path))
        .collect();
    let declared: BTreeSet<Vec<String>> = all
        .iter()
        .flat_map(|f| {
            let registered = registries(f).into_iter().flat_map(|r| r.names);
            let names = f.declares().into_iter().chain(f.test_modules.iter().cloned()).chain(registered);
            names.map(|name| f.module.iter().cloned().chain([name]).collect::<Vec<_>>())
        })
        .collect();
    let lost: Vec<&str> =
        all.iter().filter(|f| !f.module.is_empty() && !declared.contains(&f.module)).map(|f| f.path.as_str()).collect();
    assert!(lost.is_empty(), "no line of a registry or `mod` names {lost:?}");
}

/// A macro that declares modules by name and lists one value of each.
struct Registry {
    name: String,
    names: Vec<String>,
    /// The value that each module defines: `ENTRY`, `SHAPE`.
    value: String,
}

/// The registries of a file: macros whose rules hold `mod $name;` and `$name::VALUE`.
fn registries(file: &File) -> Vec<Registry> {
    let mut found = Vec::new();
    for (name, rules) in file.macros() {
        let has = |words: &[&str]| {
            rules
                .windows(words.len())
                .position(|w| w.iter().zip(words).all(|(t, word)| *word == "_" || t.text == *word))
        };
        if let (Some(_), Some(at)) = (has(&["mod", "$"]), has(&["&", "$", "_", ":", ":"])) {
            let value = rules[at + 5].text.clone();
            found.push(Registry { names: file.arguments(&name), name, value });
        }
    }
    found
}

/// Whether a module has a value of that name: its own, or one that it re-exports.
fn has_value(file: &File, name: &str) -> bool {
    file.defines().contains(name) || file.imports().iter().any(|import| import.name.as_deref() == Some(name))
}

#[test]
fn registries_are_what_is_on_disk() {
    let files = sources();
    let mut seen = BTreeSet::new();
    for file in files {
        for registry in &registries(file) {
            let inside = |f: &&File| f.module.len() == file.module.len() + 1 && f.module.starts_with(&file.module);
            let on_disk: BTreeSet<&str> = files
                .iter()
                .filter(inside)
                .filter(|f| has_value(f, &registry.value))
                .map(|f| f.module[f.module.len() - 1].as_str())
                .collect();
            let names: BTreeSet<&str> = registry.names.iter().map(String::as_str).collect();
            assert_eq!(names.len(), registry.names.len(), "{}: a name stands twice", registry.name);
            let (lost, empty): (Vec<_>, Vec<_>) =
                (on_disk.difference(&names).collect(), names.difference(&on_disk).collect());
            assert!(lost.is_empty(), "{}!(…) of {} lacks {lost:?}", registry.name, file.path);
            assert!(
                empty.is_empty(),
                "{}!(…) of {}: no file defines {} of {empty:?}",
                registry.name,
                file.path,
                registry.value
            );
            seen.insert(registry.name.clone());
        }
    }
    let wanted = BTreeSet::from(["containers", "exporters", "shapes", "stages", "ways"].map(str::to_owned));
    assert!(seen.is_superset(&wanted), "registries that are not found: {:?}", wanted.difference(&seen));
}

/// Cards, recipes and sample data are compiled in by name: a file that no name brings in would be lost.
#[test]
fn what_is_compiled_in_is_what_is_on_disk() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (file, macros, folder, end) in [
        ("src/catalog/cards/mod.rs", "cards", "src/catalog/cards", ".toml"),
        ("src/recipe/mod.rs", "shipped", "recipes", ".toml"),
        ("src/recipe/samples.rs", "samples", "recipes/quickstart", ""),
    ] {
        let text = fs::read_to_string(root.join(file)).unwrap_or_else(|e| panic!("{file}: {e}"));
        let names = File::new(file, text).arguments(macros);
        let names: BTreeSet<String> = names.iter().map(|n| n.rsplit('/').next().unwrap().to_owned() + end).collect();
        let on_disk: BTreeSet<String> = fs::read_dir(root.join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(end))
            .collect();
        assert!(!names.is_empty(), "{file}: no {macros}!(…)");
        let lost: Vec<_> = on_disk.difference(&names).collect();
        assert!(lost.is_empty(), "{macros}!(…) of {file} lacks {lost:?}");
        let empty: Vec<_> = names.difference(&on_disk).collect();
        assert!(empty.is_empty(), "{folder} has no {empty:?}");
    }
}

/// The layers above stages know them by their traits: no path into a stage's module, and no comparison with its word.
#[test]
fn no_layer_knows_a_stage_by_name() {
    let above = ["recipe", "engine", "pipeline", "cli"];
    let code = |f: &File| f.code.iter().map(|token| token.text.as_str()).collect::<String>();
    let files: Vec<(&File, String)> =
        sources().iter().filter(|f| above.contains(&f.layer())).map(|f| (f, code(f))).collect();
    let mut wrong = Vec::new();
    for entry in corpus::stages::ALL {
        let paths = [format!("stages::{}::", entry.name), format!("stages::{};", entry.name)];
        let words = ["run==", "run!=", "name==", "name!="].map(|sign| format!("{sign}\"{}\"", entry.name));
        for (file, code) in &files {
            for found in paths.iter().chain(&words).filter(|p| code.contains(p.as_str())) {
                wrong.push(format!("{}: {found}", file.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
