//! The stages `classify` and `perplexity`: models made by the commands that train them, read by builds.

use crate::harness::Scratch;
use crate::models::rows;

/// A folder with a classifier, a language model, and a recipe of these stages over rows forwards and backwards.
fn folder(stages: &str) -> Scratch {
    let scratch = Scratch::new();
    scratch.write("good.jsonl", rows(300, false));
    scratch.write("bad.jsonl", rows(300, true));
    for command in [
        &["train-quality", "--good", "good.jsonl", "--bad", "bad.jsonl", "--out", "m.bin"][..],
        &["train-perplexity", "good.jsonl", "--out", "m.ngrams"],
    ] {
        scratch.corpus(command).says(0, &[]);
    }
    let source = "[[source]]\nname = \"rows\"\nuse = \"pretrain\"\npath = [\"good.jsonl\", \"bad.jsonl\"]\n";
    scratch.write("recipe.toml", format!("{source}{stages}"));
    scratch
}

const CLASSIFY: &str = "[[stage]]\nrun = \"classify\"\nmodel = \"m.bin\"\nlabel = \"good\"\n";

#[test]
fn rows_go_by_the_score_of_a_classifier_and_another_model_measures_anew() {
    let scratch = folder(&format!("{CLASSIFY}[[stage]]\nrun = \"keep\"\nclass_score = {{ min = 0.5 }}\n"));
    let built = scratch.build("out", &[]);
    assert_eq!((built.total("kept"), built.total("dropped")), (300, 300));
    scratch.corpus(&["train-quality", "--good", "bad.jsonl", "--bad", "good.jsonl", "--out", "m.bin"]).says(0, &[]);
    let again = scratch.build("out", &[]);
    assert_eq!(again.total("kept"), 300);
    let kept = scratch.corpus(&["inspect", "out", "--sample", "3"]).stdout();
    assert!(kept.contains("。天"), "the other half is kept: {kept}");
}

#[test]
fn rows_go_by_perplexity() {
    let limits = "[[stage]]\nrun = \"keep\"\nperplexity = { max = 12 }\nunknown_ratio = { max = 0.5 }\n";
    let scratch = folder(&format!("[[stage]]\nrun = \"perplexity\"\nmodel = \"m.ngrams\"\n{limits}"));
    let built = scratch.build("out", &[]);
    assert_eq!((built.total("kept"), built.total("dropped")), (300, 300));
    assert_eq!(built.reasons()["perplexity_max"], 300);
}

#[test]
fn models_that_cannot_be_used_are_named_before_anything_is_read() {
    let scratch = folder(CLASSIFY);
    let model = std::fs::read(scratch.path("m.bin")).unwrap();
    scratch.write("m.bin", &model[..model.len() / 2]);
    scratch.try_build("out", &[]).says(1, &["m.bin, byte ", "bytes are left", "fetch it again"]);
    scratch.write("m.bin", &model);
    scratch.write(
        "recipe.toml",
        std::fs::read_to_string(scratch.path("recipe.toml")).unwrap().replace("\"good\"", "\"fine\""),
    );
    scratch.try_build("out", &[]).says(1, &["has no label `fine`; its labels: bad, good"]);
}

#[test]
fn a_model_of_words_that_jieba_cut_says_so() {
    let stage = "[[stage]]\nrun = \"perplexity\"\nmodel = \"m.ngrams\"\n";
    let scratch = folder(&format!("{stage}[output]\nsignals = [\"perplexity\", \"unknown_ratio\"]\n"));
    scratch.corpus(&["train-perplexity", "good.jsonl", "--unit", "jieba", "--out", "m.ngrams"]).says(0, &[]);
    let built = scratch.build("out", &[]);
    let unknown: Vec<f64> =
        built.column("data/pretrain", "unknown_ratio").iter().filter_map(|share| share.parse().ok()).collect();
    // Cut at white space alone, a Chinese line would be one unknown word.
    assert_eq!(unknown.len(), 600);
    assert!(unknown[..300].iter().all(|share| *share < 0.2), "{:?}", &unknown[..5]);
    let recipe = std::fs::read_to_string(scratch.path("recipe.toml")).unwrap();
    scratch.write("recipe.toml", recipe.replace(stage, &format!("{stage}unit = \"plain\"\n")));
    scratch.try_build("again", &[]).says(1, &["counts words that jieba cuts", "leave `unit` out"]);
}
