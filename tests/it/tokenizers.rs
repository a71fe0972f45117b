//! `corpus tokenizer-report`: what tokenizers make of text.

use std::fs;
use std::path::PathBuf;

use corpus::models::tokenizer::{Scratch as Buffers, Tokenizer};
use serde_json::{Value as Json, json};

use crate::harness::{Scratch, contains};
use crate::schemas::held;

/// A tokenizer that `tests/python/make_tokenizers.py` made.
fn tiny(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "models", name].iter().collect()
}

fn tokens(name: &str, text: &str) -> u64 {
    let mut ids = Vec::new();
    Tokenizer::read(&tiny(name)).unwrap().encode(text, &mut Buffers::default(), &mut ids).unwrap();
    ids.len() as u64
}

const BOOK: &str = "河边的小镇很安静，魑魅魍魉都不见了。";
const PAGE: &str = "The boats under the bridge are extraordinarily quiet, and so is the town beside them.";

/// A build of three sources: 30 documents in Chinese, 20 in English, 6 dialogues.
fn folder() -> Scratch {
    let scratch = Scratch::new();
    for name in ["tiny-tokenizer.json", "tiny-spm.model"] {
        scratch.write(name, fs::read(tiny(name)).unwrap());
    }
    let lines = |text: &str, rows: usize| -> String {
        (0..rows).map(|n| format!("{}\n", json!({"id": format!("r{n}"), "text": format!("{text}{n}")}))).collect()
    };
    scratch.write("books.jsonl", lines(BOOK, 30));
    scratch.write("pages.jsonl", lines(PAGE, 20));
    let turns = json!({"messages": [{"role": "user", "content": "你好，请问桥在哪里？"}, {"role": "assistant",
        "content": "在小镇的东边。", "reasoning_content": "先想一想。"}]});
    scratch.write("chat.jsonl", format!("{turns}\n").repeat(6));
    let source =
        |name: &str, usage: &str| format!("[[source]]\nname = '{name}'\npath = '{name}.jsonl'\nuse = '{usage}'\n");
    let sources = [("books", "pretrain"), ("pages", "pretrain"), ("chat", "instruct")].map(|(n, u)| source(n, u));
    scratch.write("recipe.toml", format!("name = 'r'\n{}", sources.concat()));
    scratch
}

fn report(scratch: &Scratch, more: &[&str]) -> Json {
    let run = scratch.corpus(&[&["tokenizer-report", "--format", "json"], more].concat());
    assert_eq!(run.code(), 0, "{}{}", run.stdout(), run.stderr());
    held(&run.stdout(), "tokenizer-report", "corpus tokenizer-report")
}

#[test]
fn tokenizers_side_by_side_on_a_build() {
    let scratch = folder();
    scratch.build("out", &[]);
    let names = ["tiny-tokenizer.json", "tiny-spm.model"];
    let both = [names[0], names[1], "--on", "out"];
    let answer = report(&scratch, &both);
    let group = |source: &str| answer["groups"].as_array().unwrap().iter().find(|g| g["source"] == source).unwrap();
    for (at, name) in names.iter().enumerate() {
        let books: u64 = (0..30).map(|n| tokens(name, &format!("{BOOK}{n}"))).sum();
        assert_eq!(group("books")["made"][at]["tokens"], books, "{name}");
        // Each turn, and what was thought before it.
        let turns: u64 = ["你好，请问桥在哪里？", "在小镇的东边。", "先想一想。"].iter().map(|t| tokens(name, t)).sum();
        assert_eq!((&group("chat")["made"][at]["tokens"], &group("chat")["texts"]), (&json!(6 * turns), &json!(18)));
    }
    assert_eq!((&group("books")["language"], &group("pages")["language"]), (&json!("zh"), &json!("en")));
    let chars: usize = (0..30).map(|n| format!("{BOOK}{n}").chars().count()).sum();
    assert_eq!(group("books")["characters"], chars);
    let made = &group("books")["made"][1];
    let quotient = chars as f64 / made["tokens"].as_f64().unwrap();
    assert!((made["characters_per_token"].as_f64().unwrap() - quotient).abs() < 1e-9, "{made}");
    assert!(made["byte_tokens"].as_u64().unwrap() >= 30 * 12 && made["unknown"] == 0, "{made}");
    // 魑魅魍魉 have no pieces in either vocabulary.
    for tokenizer in answer["tokenizers"].as_array().unwrap() {
        let characters = tokenizer["characters"].as_array().unwrap();
        let of = |c: &str| characters.iter().find(|s| s["word"] == c).unwrap_or_else(|| panic!("{c}: {tokenizer}"));
        let wanted: String = "魍".bytes().map(|b| format!("<0x{b:02X}>")).collect();
        let pieces = of("魍")["pieces"].as_array().unwrap();
        assert_eq!(pieces.iter().map(|p| p.as_str().unwrap()).collect::<String>(), wanted);
        assert_eq!(of("魍")["times"], 30);
        let words: Vec<&str> =
            tokenizer["words"].as_array().unwrap().iter().map(|w| w["word"].as_str().unwrap()).collect();
        assert!(words.contains(&"extraordinarily"), "{words:?}");
    }
    // The sums of the parts are the whole, and nothing depends on the threads.
    let sum = |key: &str| answer["groups"].as_array().unwrap().iter().map(|g| g[key].as_u64().unwrap()).sum::<u64>();
    assert_eq!((sum("characters"), sum("texts")), (answer["total"]["characters"].as_u64().unwrap(), 68));
    for threads in ["1", "5"] {
        assert_eq!(report(&scratch, &[&both[..], &["--threads", threads]].concat()), answer, "{threads} threads");
    }
    let only = report(&scratch, &[&both[..], &["--use", "instruct", "--longest", "1"]].concat());
    assert_eq!(
        (only["groups"].as_array().unwrap().len(), only["tokenizers"][0]["characters"].as_array().unwrap().len()),
        (1, 1)
    );
}

#[test]
fn the_table_and_raw_files() {
    let scratch = folder();
    let run = scratch.corpus(&["tokenizer-report", "tiny-spm.model", "--on", "books.jsonl", "pages.jsonl"]);
    assert_eq!(run.code(), 0, "{}", run.stderr());
    let wanted = ["50 texts", "tiny-spm.model", "SentencePiece", "chars/token", "zh", "books", "<0xE9> | "];
    contains(&run.stdout(), &wanted, &[]);
    let run = scratch.corpus(&["tokenizer-report", "tiny-spm.model", "--on", "books.jsonl", "--lang", "zh"]);
    contains(&run.stdout(), &["30 段文本：", "字符/词元", "落成字节"], &["chars/token"]);
}

#[test]
fn what_cannot_be_looked_at_is_said() {
    let scratch = folder();
    let run = |words: &[&str]| scratch.corpus(&[&["tokenizer-report"], words].concat());
    run(&["tiny-spm.model", "--on", "."]).says(1, &["is no build: it has no build.json", "finished build"]);
    run(&["books.jsonl", "--on", "books.jsonl"]).says(1, &["books.jsonl"]);
    run(&["tiny-spm.model", "--on", "nothing.jsonl"]).says(2, &["nothing.jsonl"]);
    // A vocabulary of two words that has no piece for what it lacks: the row is named, whatever the threads.
    let model = json!({"type": "WordLevel", "vocab": {"a": 0, "b": 1}, "unk_token": "[UNK]"});
    let tokenizer = json!({"version": "1.0", "added_tokens": [], "normalizer": null, "model": model,
        "pre_tokenizer": {"type": "Whitespace"}, "post_processor": null, "decoder": null});
    scratch.write("two.json", tokenizer.to_string());
    for threads in ["1", "4"] {
        run(&["two.json", "--on", "books.jsonl", "--threads", threads])
            .says(1, &["two.json", "a text of books.jsonl cannot be cut", "name a tokenizer that has a token"]);
    }
}
