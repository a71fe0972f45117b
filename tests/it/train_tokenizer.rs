//! `corpus train-tokenizer`: tokenizers trained on builds, and vocabularies that are extended. `tests/bench/train_tokenizers.py`
//! holds the files against the libraries that read them.

use std::fs;
use std::path::{Path, PathBuf};

use corpus::models::tokenizer::{Scratch as Buffers, Tokenizer};
use serde_json::{Value as Json, json};

use crate::harness::{Scratch, contains};
use crate::schemas::held;

fn tiny(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "models", name].iter().collect()
}

fn ids(file: &Path, text: &str) -> Vec<u32> {
    let mut ids = Vec::new();
    Tokenizer::read(file).unwrap().encode(text, &mut Buffers::default(), &mut ids).unwrap();
    ids
}

/// A document of words that stand together again and again.
fn text(n: usize) -> String {
    let words = ["河边的小镇", "很安静", "，", "the boats", " under ", "the bridge", "人工智能", "。\n", "数据", " 12"];
    (0..40).map(|at| words[(n * 7 + at * at + at * n) % words.len()]).collect()
}

/// 300 documents, and the tokenizers that are extended.
fn folder() -> Scratch {
    let scratch = Scratch::new();
    let line = |n: usize| format!("{}\n", json!({"id": format!("d{n}"), "text": text(n)}));
    scratch.write("docs.jsonl", (0..300).map(line).collect::<String>());
    for name in ["tiny-tokenizer.json", "tiny-spm.model", "tiny-unigram.model"] {
        scratch.write(&format!("base/{name}"), fs::read(tiny(name)).unwrap());
    }
    scratch.write("base/tokenizer_config.json", json!({"eos_token": "<|endoftext|>"}).to_string());
    scratch
}

fn train(scratch: &Scratch, more: &[&str]) -> Json {
    let run = scratch.corpus(&[&["train-tokenizer", "--format", "json"], more].concat());
    assert_eq!(run.code(), 0, "{}{}", run.stdout(), run.stderr());
    held(&run.stdout(), "train-tokenizer", "corpus train-tokenizer")
}

#[test]
fn tokenizers_are_trained_on_a_build() {
    let scratch = folder();
    scratch.write("recipe.toml", "name = 'r'\n[[source]]\nname = 'docs'\npath = 'docs.jsonl'\nuse = 'pretrain'\n");
    scratch.build("out", &[]);
    for (name, size, more) in [
        ("bytes", "400", &["--byte-level"][..]),
        ("characters", "400", &["--special", "<eos>", "--special", "<pad>"]),
        ("unigram", "330", &["--model", "unigram"]),
    ] {
        let words = [&["out", "--size", size, "--out", name], more].concat();
        let answer = train(&scratch, &words);
        let file = scratch.path(name).join("tokenizer.json");
        let tokenizer = Tokenizer::read(&file).unwrap();
        let wanted: u32 = size.parse().unwrap();
        assert!(tokenizer.vocabulary() <= wanted && tokenizer.vocabulary() > 280, "{answer}");
        assert_eq!(
            (answer["ids"].as_u64(), answer["texts"]["of_texts"].as_u64()),
            (Some(tokenizer.vocabulary().into()), Some(300))
        );
        let end = if name == "characters" { "<eos>" } else { "<|endoftext|>" };
        assert_eq!(tokenizer.end().map(|end| end.0), Some(end), "{name}");
        // Each piece that is made of a text says what it stands for, and all together say the text.
        let sample = "河边的小镇很安静，魑魅\u{1F600}  the boats.\n";
        let pieces: Vec<u8> = ids(&file, sample)
            .into_iter()
            .flat_map(|id| match tokenizer.piece(id).unwrap() {
                corpus::models::tokenizer::pieces::Piece::Text(text) => text.into_bytes(),
                corpus::models::tokenizer::pieces::Piece::Bytes(bytes) => bytes,
                other => panic!("{name}: {other:?}"),
            })
            .collect();
        assert_eq!(String::from_utf8(pieces).unwrap(), sample, "{name}");
        assert!(ids(&file, "河边的小镇").len() <= 2, "{name}: {:?}", ids(&file, "河边的小镇"));
        // The same by other threads.
        let again = [&words[..], &["--threads", "3", "--replace"]].concat();
        let before = fs::read(&file).unwrap();
        train(&scratch, &again);
        assert_eq!(fs::read(&file).unwrap(), before, "{name}");
    }
    let run =
        scratch.corpus(&["train-tokenizer", "out", "--size", "300", "--byte-level", "--out", "told", "--lang", "zh"]);
    contains(&run.stdout(), &["编号         300：1 个特殊词元，256 个字节", "留出"], &["held out"]);
    scratch
        .corpus(&["train-tokenizer", "out", "--size", "300", "--out", "bytes"])
        .says(2, &["is there already", "--replace"]);
}

/// Old ids stay, new ones come behind, and what has no new piece is cut as before.
#[test]
fn a_vocabulary_is_extended() {
    let scratch = folder();
    for name in ["tiny-tokenizer.json", "tiny-spm.model"] {
        let base = Tokenizer::read(&tiny(name)).unwrap();
        let (from, size) = (base.vocabulary(), (base.vocabulary() + 40).to_string());
        let file = format!("base/{name}");
        let answer = train(&scratch, &["docs.jsonl", "--extend", &file, "--size", &size, "--out", "more", "--replace"]);
        assert_eq!((&answer["extended"]["ids"], &answer["ids"]), (&json!(from), &json!(from + 40)), "{answer}");
        assert!(scratch.path("more/tokenizer_config.json").is_file());
        let new = scratch.path("more/tokenizer.json");
        let extended = Tokenizer::read(&new).unwrap();
        // What SentencePiece shows of an unknown piece is no name of it.
        let mut named = base.added().filter(|token| !token.contains('⁇'));
        assert!(named.all(|token| extended.id(token) == base.id(token)), "{name}");
        let mut kept = 0;
        for sample in ["boats 12 on 9 rivers.", "ab cd ef\n", "<|endoftext|> x", "\u{1F600}?", &text(3), "我很好。"]
        {
            let ids = ids(&new, sample);
            if ids.iter().all(|id| *id < from) {
                kept += 1;
                assert_eq!(ids, self::ids(&tiny(name), sample), "{name}: {sample:?}");
            }
        }
        assert!((1..6).contains(&kept), "{name}: {kept} without a new piece");
        assert!(ids(&new, &text(3)).len() < ids(&tiny(name), &text(3)).len() * 3 / 4, "{name}");
        let model = scratch.path("more/tokenizer.model");
        if name == "tiny-spm.model" {
            (0..50).for_each(|n| assert_eq!(ids(&model, &text(n)), ids(&new, &text(n)), "{n}"));
        }
        assert_eq!(model.is_file(), name == "tiny-spm.model");
    }
}

#[test]
fn what_cannot_be_trained_is_said() {
    let scratch = folder();
    let run = |words: &[&str]| scratch.corpus(&[&["train-tokenizer", "docs.jsonl", "--out", "new"], words].concat());
    run(&["--size", "900", "--model", "unigram", "--byte-level"])
        .says(2, &["is of characters", "leave --byte-level out"]);
    run(&["--size", "200"]).says(2, &["200 ids have no room for 258 special tokens and bytes", "--size"]);
    run(&["--size", "262"]).says(2, &["have no room for", "99.95% of the text"]);
    run(&["--size", "262", "--extend", "base/tiny-tokenizer.json"]).says(2, &["262 ids are no more than the 485"]);
    run(&["--size", "9000", "--extend", "base/tiny-unigram.model"]).says(1, &["tiny-unigram.model"]);
    run(&["--size", "9000", "--language", "de"]).says(1, &["there is no text to train on"]);
    assert!(!scratch.path("new").exists(), "nothing is left");
}
