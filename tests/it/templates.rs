//! The files that CONTRIBUTING.md offers to copy hold what it says of them. Those in Rust are compiled and tested where
//! their copies would be: `formats/shapes/mod.rs` and `formats/containers/mod.rs` name them as a module of tests.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use corpus::catalog::{Card, check};

use crate::harness::{Scratch, files_under};
use crate::schemas::held;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/templates")
}

#[test]
fn the_card_is_one_and_can_be_used() {
    let text = std::fs::read_to_string(folder().join("card.toml")).unwrap();
    let card: Card = toml::from_str(&text).unwrap();
    assert_eq!(check::problems(&card, "card"), Vec::<String>::new());
    let scratch = Scratch::new();
    scratch.write("cards/card.toml", &text);
    scratch.write("recipe.toml", "[[source]]\ncard = 'card'\n");
    let run = |arguments: &[&str]| {
        let output = scratch.command(arguments).env("CORPUS_CARDS", "cards").output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let answer = held(&run(&["explain", "card", "--format", "json"]), "explain", "explain card");
    assert_eq!(answer["entries"][0]["card"]["rows"], 1200, "{answer}");
    assert!(run(&["list", "sources", "--use", "instruct"]).contains("A Thousand Questions"));
    run(&["check", "recipe.toml", "--no-inputs"]);
}

/// The layers of `src` that a text names by `crate::LAYER`.
fn layers(text: &str) -> BTreeSet<&str> {
    let ends = |rest: &str| rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    text.split("crate::").skip(1).map(|rest| &rest[..ends(rest)]).filter(|word| !word.is_empty()).collect()
}

/// A copy lies among its like, and may use the layers that they use: templates are outside of `src`, where no house rule
/// looks.
#[test]
fn templates_use_the_layers_of_their_like() {
    for (template, like) in [("shape.rs", "src/formats/shapes"), ("container.rs", "src/formats/containers")] {
        let text = std::fs::read_to_string(folder().join(template)).unwrap();
        let files = files_under(&Path::new(env!("CARGO_MANIFEST_DIR")).join(like));
        let texts: Vec<String> = files.iter().map(|f| std::fs::read_to_string(f).unwrap()).collect();
        let known: BTreeSet<&str> = texts.iter().flat_map(|t| layers(t)).collect();
        let strange: Vec<_> = layers(&text).difference(&known).copied().collect();
        assert!(
            strange.is_empty() && known.len() > 2,
            "tests/templates/{template} uses {strange:?}; its like {known:?}"
        );
    }
}

/// Each kind of component that has a template is in CONTRIBUTING.md with the file, the place of its copy, and its list.
#[test]
fn contributing_names_every_template() {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("CONTRIBUTING.md")).unwrap();
    let mut templates = 0;
    for entry in std::fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(text.contains(&format!("tests/templates/{name}")), "CONTRIBUTING.md does not name {name}");
        templates += 1;
    }
    assert!(templates >= 3, "{templates} templates");
    // What a shell or a reader would follow.
    for word in text.split(|c: char| c.is_whitespace() || "`()[],:;|".contains(c)) {
        let path = word.trim_end_matches('.');
        if ["src/", "tests/", "docs/", "schemas/", ".ci/"].iter().any(|f| path.starts_with(f)) && !path.contains("NAME")
        {
            assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(path).exists(), "CONTRIBUTING.md: there is no {path}");
        }
    }
}
