//! Every TOML and console block of the README and of `docs/` holds.
//!
//! A block of TOML is a recipe, or a part of one: where it names no source it gets one of plain JSON lines, and where it
//! has stages, `language` and `words` run before them, so that what it decides by is measured. It is checked and built on
//! the files of [`folder`]; earlier builds that it names are made first. Lines of a console block that begin with `corpus` (or `cargo run … --`) run
//! there one after the other, without any network. A block that cannot run says why in the line above it:
//! `<!-- not run: needs the network -->`. In a block in which commands begin with `$`, the lines below them are what they
//! print; `…` stands for anything. Of what does not run a recipe is checked without its inputs, and command lines are only
//! parsed, but for those that look at nothing but the program itself (`list`, `explain`).

use std::path::Path;

use crate::harness::{Scratch, document, json_lines, skipped};

struct Block {
    place: String,
    kind: String,
    text: String,
    /// Why it does not run.
    marked: Option<String>,
}

fn blocks(name: &str, text: &str) -> Vec<Block> {
    let (mut found, mut before) = (Vec::new(), "");
    let mut lines = text.lines().zip(1..);
    while let Some((line, number)) = lines.next() {
        if let Some(kind) = line.trim_start().strip_prefix("```") {
            let inner: Vec<&str> =
                lines.by_ref().map(|l| l.0).take_while(|l| !l.trim_start().starts_with("```")).collect();
            let reason = before.trim().strip_prefix("<!-- not run:").and_then(|r| r.strip_suffix("-->"));
            found.push(Block {
                place: format!("{name}:{number}"),
                kind: kind.trim().to_owned(),
                text: inner.join("\n") + "\n",
                marked: reason.map(|r| r.trim().to_owned()),
            });
        }
        if !line.trim().is_empty() {
            before = line;
        }
    }
    found
}

fn documents() -> Vec<Block> {
    pages().iter().flat_map(|(name, text)| blocks(name, text)).collect()
}

/// Every page with its text.
fn pages() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut names = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"].map(str::to_owned).to_vec();
    let docs = std::fs::read_dir(root.join("docs")).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    names.extend(docs.filter(|n| n.ends_with(".md")).map(|n| format!("docs/{n}")));
    names.sort();
    assert!(names.len() > 8);
    names.into_iter().map(|n| (n.clone(), std::fs::read_to_string(root.join(n)).unwrap())).collect()
}

/// What the blocks may name: data, novels, lists, an evaluation set, and the shipped recipes as they lie in the
/// repository.
fn folder() -> Scratch {
    let scratch = Scratch::new();
    scratch.write("docs.jsonl", json_lines(40));
    scratch.write("data/docs.jsonl", json_lines(30));
    scratch.write("data/novels/one.txt", document(3));
    scratch.write("novels/one/first.txt", document(4));
    scratch.write("lists/takedowns.txt", "d3\n");
    scratch.write("lists/urls.txt", "https://a.example/x\n");
    scratch.write("lists/opted-out.txt", "example.org\n");
    scratch.write("lists/texts.txt", "");
    scratch.write("eval/ours.jsonl", "{\"question\":\"一加一等于几？\",\"answer\":\"二\"}\n");
    let split = |name: &str| format!("  - split: {name}\n    path: zh/{name}.jsonl\n");
    let card =
        format!("---\nconfigs:\n- config_name: zh\n  data_files:\n{}{}---\n", split("train"), split("validation"));
    scratch.write("downloads/some-set/README.md", card);
    scratch.write("downloads/some-set/zh/train.jsonl", json_lines(20));
    scratch.write("downloads/some-set/zh/validation.jsonl", json_lines(5));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("recipes");
    for path in crate::harness::files_under(&root) {
        let name = path.strip_prefix(&root).unwrap().to_str().unwrap();
        scratch.write(&format!("recipes/{name}"), std::fs::read(&path).unwrap());
    }
    scratch
}

/// A fragment as a whole recipe.
fn whole(fragment: &str) -> String {
    let source = "\n[[source]]\nname = \"docs\"\npath = [\"docs.jsonl\"]\n";
    let mut whole = if fragment.contains("[[source]]") { fragment.to_owned() } else { format!("{source}\n{fragment}") };
    for run in ["words", "language"] {
        let there = whole.lines().any(|l| l.starts_with("run") && l.contains(&format!("\"{run}\"")));
        if let (Some(at), false) = (whole.find("[[stage]]"), there) {
            whole.insert_str(at, &format!("[[stage]]\nrun = \"{run}\"\n\n"));
        }
    }
    whole
}

/// Makes the builds that a block compares its rows with.
fn earlier_builds(scratch: &Scratch, block: &Block) {
    for earlier in block.text.split('"').filter(|w| w.starts_with("builds/")) {
        scratch.write("earlier.toml", whole("[[stage]]\nrun = \"near_dedup\"\nverify = \"sketch\"\nindex = true\n"));
        let build = scratch.corpus(&["build", "--recipe", "earlier.toml", "--out", earlier, "--quiet"]);
        assert_eq!(build.code(), 0, "{}: {}", block.place, build.stderr());
    }
    // A check looks whether a model is there, a build what it is.
    block.text.split('"').filter(|w| w.starts_with("models/")).for_each(|model| drop(scratch.write(model, "")));
}

#[test]
fn every_block_of_toml_is_a_recipe() {
    let (mut ran, mut checked) = (0, Vec::new());
    for block in documents().into_iter().filter(|b| b.kind == "toml") {
        let scratch = folder();
        scratch.write("recipe.toml", whole(&block.text));
        earlier_builds(&scratch, &block);
        let more: &[&str] = if block.marked.is_some() { &["--no-inputs"] } else { &[] };
        let check = scratch.corpus(&[&["check", "recipe.toml"], more].concat());
        assert_eq!(check.code(), 0, "{}: {}{}", block.place, check.stdout(), check.stderr());
        match block.marked {
            Some(why) => checked.push(format!("{} ({why})", block.place)),
            None => {
                let build = scratch.corpus(&["build", "--recipe", "recipe.toml", "--out", "out", "--quiet"]);
                assert_eq!(build.code(), 0, "{}: {}", block.place, build.stderr());
                assert!(scratch.built("out").total("read") > 0, "{}: no row was read", block.place);
                ran += 1;
            }
        }
    }
    let which = checked.join(", ");
    skipped(&format!(
        "{} of {} blocks of TOML are checked without inputs: {which}",
        checked.len(),
        ran + checked.len()
    ));
    assert!(ran > 2 && ran + checked.len() > 7, "blocks were not found");
}

/// Examples in what `corpus explain` prints of stages and formats: recipes too, whose files are not there.
#[test]
fn every_example_of_a_component_checks() {
    let plain = |docs: &str| {
        let lines = docs.lines().map(|l| l.strip_prefix("//!").map_or(l, |l| l.strip_prefix(' ').unwrap_or(l)));
        lines.collect::<Vec<_>>().join("\n")
    };
    let stages = corpus::stages::ALL.iter().map(|s| (s.name, s.docs));
    let containers = corpus::formats::containers::ALL.iter().map(|c| (c.name(), c.docs()));
    let shapes = corpus::formats::shapes::ALL.iter().map(|s| (s.name(), s.docs()));
    let scratch = folder();
    let mut found = 0;
    for (name, docs) in stages.chain(containers).chain(shapes) {
        for block in blocks(name, &plain(docs)).into_iter().filter(|b| b.kind == "toml") {
            earlier_builds(&scratch, &block);
            scratch.write("recipe.toml", whole(&block.text));
            let check = scratch.corpus(&["check", "recipe.toml", "--no-inputs"]);
            assert_eq!(check.code(), 0, "explain {}: {}", block.place, check.stderr());
            found += 1;
        }
    }
    assert!(found > 20, "{found} examples");
}

/// The words of a command line: quotes bind, `#` behind a space begins a remark.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in line.chars() {
        match (c, quote) {
            (c, Some(q)) if c == q => quote = None,
            ('\'' | '"', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            ('#', None) if word.is_none() => break,
            (' ', None) => words.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// The arguments of `corpus` in a line of a console block; `None` for another command.
fn arguments(line: &str) -> Option<Vec<String>> {
    let words = words(line.trim().trim_start_matches("$ "));
    match words.first()?.as_str() {
        "corpus" => Some(words[1..].to_vec()),
        "cargo" if words.get(1).is_some_and(|w| w == "run") => {
            Some(words.iter().skip_while(|w| *w != "--").skip(1).cloned().collect())
        }
        _ => None,
    }
}

#[test]
fn every_command_of_the_docs_is_one() {
    let (mut ran, mut parsed, mut others) = (0, Vec::new(), Vec::new());
    for block in documents().into_iter().filter(|b| ["console", "sh", "shell"].contains(&b.kind.as_str())) {
        let (scratch, mut printed) = (folder(), None);
        let prompted = block.text.lines().any(|l| l.starts_with("$ "));
        for line in block.text.lines().filter(|l| !l.trim().is_empty() && !l.trim().starts_with('#')) {
            if prompted && !line.starts_with("$ ") {
                let parts = line.split('…').map(str::trim);
                let lacks: Vec<&str> =
                    parts.filter(|p| printed.as_ref().is_some_and(|o: &String| !o.contains(p))).collect();
                assert!(lacks.is_empty(), "{}: {lacks:?} is not printed: {}", block.place, printed.unwrap_or_default());
                continue;
            }
            printed = None;
            let Some(arguments) = arguments(line) else {
                others.push(line.to_owned());
                continue;
            };
            let place = format!("{}: {line}", block.place);
            let whole = std::iter::once("corpus".to_owned()).chain(arguments.clone());
            if let Err(error) = corpus::cli::command().try_get_matches_from(whole) {
                panic!("{place}\n{error}");
            }
            let looks = ["list", "explain"].contains(&arguments[0].as_str());
            if block.marked.is_some() && !looks {
                parsed.push(format!("{} ({})", block.place, block.marked.as_deref().unwrap()));
                continue;
            }
            let run: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let output = scratch.command(&run).env("CORPUS_OFFLINE", "1").output().unwrap();
            assert!(output.status.success(), "{place}\n{}", String::from_utf8_lossy(&output.stderr));
            let all = [output.stdout, output.stderr].concat();
            printed = Some(String::from_utf8_lossy(&all).into_owned());
            ran += 1;
        }
    }
    let all = ran + parsed.len();
    let count = parsed.len();
    parsed.dedup();
    skipped(&format!("{count} of {all} commands in the docs are only parsed: {}", parsed.join(", ")));
    assert!(ran > 6 && count > 6, "commands were not found");
    assert!(others.iter().all(|l| l.contains("cargo ")), "{others:?}");
}

/// No block escapes: TOML and console blocks run here, the Python of the README in `tests/python/check_output.py`, that of
/// docs/command.md in `command.rs`, that of docs/output.md in `tests/python/check_splits.py`, that of docs/python.md in
/// `tests/python/check_module.py`; `tests/trainers/run snippets` holds that of docs/trainers.md against the trainers'
/// packages; the scripts and files of docs/cluster.md in `workers.rs` and `cluster.rs`; what is no program is `text`.
#[test]
fn every_block_is_of_a_known_kind() {
    for block in documents() {
        let known = ["toml", "console", "text"].contains(&block.kind.as_str())
            || block.kind == "python"
                && ["README.md", "docs/command.md", "docs/output.md", "docs/python.md"]
                    .iter()
                    .any(|p| block.place.starts_with(p))
            || ["bash", "yaml"].contains(&block.kind.as_str()) && block.place.starts_with("docs/cluster.md")
            || ["python", "yaml"].contains(&block.kind.as_str()) && block.place.starts_with("docs/trainers.md");
        assert!(known, "{}: nothing runs blocks of `{}`", block.place, block.kind);
    }
}

/// Commands within sentences and tables: the subcommand is there, and has the options that are named.
#[test]
fn commands_in_sentences_have_the_options_that_are_named() {
    let mut seen = 0;
    for (page, text) in pages() {
        for span in text.split('`').skip(1).step_by(2).filter(|s| !s.contains('\n')) {
            let words = words(&span.replace("\\|", " "));
            if words.first().is_none_or(|w| w != "corpus") || words.len() < 2 {
                continue;
            }
            let mut command = corpus::cli::command();
            command.build();
            for word in &words[1..] {
                if let Some(inner) = command.find_subcommand(word) {
                    command = inner.clone();
                } else if let Some(option) = word.strip_prefix("--") {
                    let name = option.split(['=', ',', '…']).next().unwrap();
                    let there = command.get_arguments().any(|a| a.get_long() == Some(name)) || name.is_empty();
                    assert!(there, "{page}: `{span}`: `{}` has no --{name}", command.get_name());
                    seen += 1;
                } else if command.get_name() == "corpus" {
                    panic!("{page}: `{span}`: there is no command `{word}`");
                }
            }
        }
    }
    assert!(seen > 15, "{seen} options");
}

#[test]
fn command_lines_fall_into_words() {
    assert_eq!(words("a 'b c' \"d\"e  # f"), ["a", "b c", "de"]);
    assert_eq!(words("a hf:x#y ''"), ["a", "hf:x#y", ""]);
    assert_eq!(arguments("$ cargo run --release -- build --recipe r").unwrap(), ["build", "--recipe", "r"]);
    assert_eq!(arguments("$ cargo test"), None);
    let found = blocks("n", "x\n<!-- not run: far -->\n\n```toml\na\n```\n```sh\nb\n```\n");
    let of = |b: &Block| (b.place.clone(), b.kind.clone(), b.text.clone(), b.marked.clone());
    assert_eq!(of(&found[0]), ("n:4".into(), "toml".into(), "a\n".into(), Some("far".into())));
    assert_eq!((found.len(), of(&found[1]).3), (2, None));
}
