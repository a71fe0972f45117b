//! A build on an Apache Ballista cluster: what comes out is what one process makes, whoever is lost on the way. The
//! processes are real ones, on loopback, of a binary with the feature `cluster`; without it the tests say that they do not
//! run.

#[cfg(feature = "cluster")]
mod processes;

#[cfg(not(feature = "cluster"))]
use crate::harness::{Scratch, skipped};

#[cfg(not(feature = "cluster"))]
#[test]
fn a_binary_without_it_says_so() {
    let scratch = Scratch::new();
    scratch.write("docs.jsonl", crate::harness::json_lines(3));
    scratch.write("recipe.toml", crate::kill::RECIPE);
    let executor = ["cluster", "executor", "--scheduler", "127.0.0.1:1"];
    let build = ["build", "--recipe", "recipe.toml", "--cluster", "df://127.0.0.1:1"];
    for command in [&["cluster", "scheduler", "--bind", "127.0.0.1:0"][..], &executor, &build] {
        scratch.corpus(command).says(2, &["built without Apache Ballista", "feature `cluster`"]);
    }
    skipped("builds on a cluster: the tests were compiled without the feature `cluster`");
}

/// Addresses are looked at before anything else, in any binary.
#[test]
fn addresses_are_checked() {
    use crate::harness::Scratch;
    let scratch = Scratch::new();
    let build = ["build", "--recipe", "quickstart", "--cluster", "http://head:50050"];
    scratch.corpus(&build).says(2, &["--cluster: `http://head:50050` is no address of a scheduler", "df://HOST:50050"]);
    let scheduler = ["cluster", "scheduler", "--bind", "head:50050"];
    scratch.corpus(&scheduler).says(2, &["--bind: `head:50050` is no address of this machine"]);
}

/// The commands in the files of docs/cluster.md for Docker, Kubernetes and Slurm parse.
#[test]
fn examples_parse() {
    use saphyr::{LoadableYamlNode, Yaml};
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/cluster.md")).unwrap();
    let blocks = |kind: &str| -> Vec<String> {
        let fence = format!("```{kind}\n");
        let all = text.split(fence.as_str()).skip(1);
        all.map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
    };
    let parses = |words: Vec<String>| {
        let parsed = corpus::cli::command().try_get_matches_from(&words);
        assert!(parsed.is_ok(), "{words:?}: {:?}", parsed.err());
    };
    let mut commands = 0;
    for block in blocks("yaml") {
        let documents = Yaml::load_from_str(&block).unwrap();
        assert!(!documents.is_empty());
        for line in block.lines().filter_map(|line| line.split_once("command: [")).map(|(_, rest)| rest) {
            let words = line.trim_end_matches(']').split(',').map(|word| word.trim().trim_matches('"').to_owned());
            parses(words.collect());
            commands += 1;
        }
    }
    for script in blocks("bash").iter().filter(|script| script.contains("corpus cluster ")) {
        for line in script.replace("\\\n", " ").lines().filter_map(|line| line.get(line.find("corpus ")?..)) {
            let value = |word: &str| match word.trim_matches('"') {
                number if number.starts_with("$SLURM_CPUS") => "16".to_owned(),
                other => other.to_owned(),
            };
            parses(line.trim_end_matches('&').split_whitespace().map(value).collect());
            commands += 1;
        }
    }
    assert_eq!(commands, 3 + 3 + 3);
}
