//! Every problem that `corpus check` shows has an id, the ids of problems of files are the right ones, and `corpus
//! explain` expands each. (Problems of the recipe's text are held by their examples, in `src/recipe/tests.rs`.)

use std::collections::BTreeSet;
use std::process::Output;

use corpus::recipe::kinds;

use crate::harness::{Scratch, json_lines};
use crate::schemas::held;

fn source(more: &str) -> String {
    format!("name = 'r'\n[[source]]\nname = 'd'\n{more}\n")
}

/// A folder in which each recipe has one problem: its name is the id.
fn folder() -> Scratch {
    let scratch = Scratch::new();
    scratch.write("docs.jsonl", json_lines(5));
    scratch.write("pairs.jsonl", "{\"prompt\":\"问\",\"chosen\":\"好的答案\",\"rejected\":\"坏的答案\"}\n".repeat(4));
    scratch.write("broken.jsonl", "not JSON\nnor this\n");
    scratch.write("cards/own.toml", "name = ");
    let card = include_str!("../../src/catalog/cards/alpaca.toml");
    scratch.write("optional/alpaca.toml", card.replace("[[part]]", "[[part]]\noptional = true"));
    scratch.write("R019.toml", "[[source]]\ncard = 'alpaca'\n");
    scratch.write("R022.toml", "[[source]]\ncard = 'alpaca'\n");
    scratch.write("locked/corpus.lock", "this is no lock\n");
    scratch.write("locked/R101.toml", "[[source]]\ncard = 'alpaca'\n");
    scratch.write("R102.toml", source("path = 'nothing-here-*.jsonl'"));
    scratch.write("R103.toml", source("path = 'docs.jsonl'\nuse = 'rlhf'"));
    scratch.write("R104.toml", source("path = ['docs.jsonl', 'pairs.jsonl']"));
    scratch.write("R105.toml", source("path = 'broken.jsonl'\nformat = 'jsonl'"));
    scratch
}

fn check(scratch: &Scratch, recipe: &str, format: &str) -> Output {
    let mut command = scratch.command(&["check", recipe, "--format", format]);
    match recipe {
        "R019.toml" => command.env("CORPUS_CARDS", "cards"),
        "R022.toml" => command.env("CORPUS_CARDS", "optional"),
        _ => &mut command,
    };
    command.output().unwrap()
}

#[test]
fn every_problem_has_its_id() {
    let scratch = folder();
    // Without an example in the table: problems of files, and those that need more than a recipe's text.
    let mut left: BTreeSet<&str> = kinds::ALL.iter().filter(|r| r.wrong.is_empty()).map(|r| r.id).collect();
    for set in ["R060", "R061"] {
        left.remove(set); // of `--set`, held by a test of the recipe reader
    }
    for recipe in
        ["R019.toml", "R022.toml", "R100.toml", "locked/R101.toml", "R102.toml", "R103.toml", "R104.toml", "R105.toml"]
    {
        let id = recipe.rsplit('/').next().unwrap().trim_end_matches(".toml");
        let printed = String::from_utf8(check(&scratch, recipe, "json").stdout).unwrap();
        let answer = held(&printed, "check", recipe);
        let problems = answer["recipes"][0]["problems"].as_array().unwrap();
        let errors: Vec<_> = problems.iter().filter(|p| p["severity"] == "error").collect();
        assert!(!errors.is_empty() && errors.iter().all(|p| p["id"] == id), "{recipe}: {answer}");
        assert!(problems.iter().filter(|p| p["severity"] == "warning").all(|p| p["id"].is_null()), "{answer}");
        let said = String::from_utf8(check(&scratch, recipe, "human").stderr).unwrap();
        assert!(said.contains(&format!("error[{id}]: ")), "{recipe}: {said}");
        assert!(left.remove(id), "{id} has an example");
    }
    assert!(left.is_empty(), "no test provokes {left:?}");
}

#[test]
fn every_id_is_explained() {
    let scratch = Scratch::new();
    let listed = scratch.corpus(&["list", "problems"]).stdout();
    for row in kinds::ALL {
        assert!(listed.contains(row.id), "{}: {listed}", row.id);
    }
    for id in ["R041", "r041"] {
        let answer = scratch.corpus(&["explain", id]).stdout();
        for words in ["asked for that no stage before measures", "Wrong", "script = { in = [\"Hans\"] }", "Right"] {
            assert!(answer.contains(words), "{words}: {answer}");
        }
    }
    let answer = held(&scratch.corpus(&["explain", "R102", "--format", "json"]).stdout(), "explain", "explain R102");
    assert!(answer["entries"][0]["docs"].as_str().unwrap().contains("No file matches"), "{answer}");
    let near = scratch.corpus(&["explain", "R999"]);
    assert_ne!(near.code(), 0);
}
