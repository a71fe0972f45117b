//! `corpus train-quality` and `corpus train-perplexity`: what they write, print and refuse.

use crate::harness::Scratch;

/// Rows of a small language, or of the same characters backwards.
pub fn rows(count: usize, backwards: bool) -> String {
    let (who, what, whom) = (["小王", "老李", "猫", "我们"], ["看", "写", "喜欢"], ["书", "长长的信", "山水", "鱼"]);
    let pick = |n: usize, of: usize| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) % of;
    let one = |n: usize| {
        let text =
            format!("{}{}{}，今天是第{n}天。", who[pick(n, 4)], what[pick(n + 1000, 3)], whom[pick(n * 7 + 3, 4)]);
        let text = if backwards { text.chars().rev().collect() } else { text };
        format!("{}\n", serde_json::json!({"text": text}))
    };
    (0..count).map(one).collect()
}

#[test]
fn a_classifier_is_trained_written_and_the_same_again() {
    let scratch = Scratch::new();
    scratch.write("good.jsonl", rows(400, false));
    scratch.write("bad.jsonl", rows(400, true));
    let train = ["train-quality", "--good", "good.jsonl", "--bad", "bad.jsonl", "--out", "m.bin"];
    let said = scratch.corpus(&train).stdout();
    assert!(said.contains("accuracy     100.0 %") && said.contains("held out"), "{said}");
    let first = std::fs::read(scratch.path("m.bin")).unwrap();
    assert!(first.starts_with(&793_712_314i32.to_le_bytes()));
    let json = scratch.corpus(&[&train[..], &["--format", "json"]].concat()).stdout();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["trained"]["good"].as_u64().unwrap() + json["held_out"]["good"].as_u64().unwrap(), 400);
    assert!(first == std::fs::read(scratch.path("m.bin")).unwrap(), "the same rows give the same file");
    let jieba = scratch.corpus(&[&train[..], &["--preparation", "jieba", "--rows", "300"]].concat()).stdout();
    assert!(jieba.contains("accuracy"), "{jieba}");
}

#[test]
fn a_language_model_is_trained_and_says_how_it_does_on_rows_held_out() {
    let scratch = Scratch::new();
    scratch.write("good.jsonl", rows(600, false));
    let train = ["train-perplexity", "good.jsonl", "--out", "m.ngrams", "--format", "json"];
    let json: serde_json::Value = serde_json::from_str(&scratch.corpus(&train).stdout()).unwrap();
    assert_eq!((json["rows"].as_u64(), json["held_out"].as_u64()), (Some(600), Some(6)), "{json}");
    let perplexity = json["perplexity"].as_f64().unwrap();
    assert!((1.0..6.0).contains(&perplexity), "{json}");
    assert!(std::fs::read(scratch.path("m.ngrams")).unwrap().starts_with(b"corpus-n-grams 1\n"));
    // A row that a build would set aside, since a turn is silent, is none to learn from.
    let silent = r#"{"messages":[{"role":"user","content":"问"},{"role":"assistant","content":""}]}"#;
    let said = r#"{"messages":[{"role":"user","content":"问"},{"role":"assistant","content":"答"}]}"#;
    scratch.write("chat.jsonl", format!("{silent}\n{said}\n{silent}\n"));
    let both = ["train-perplexity", "good.jsonl", "chat.jsonl", "--out", "m.ngrams", "--format", "json"];
    let json: serde_json::Value = serde_json::from_str(&scratch.corpus(&both).stdout()).unwrap();
    assert_eq!(json["rows"].as_u64(), Some(601), "{json}");
    let words = scratch.corpus(&["train-perplexity", "good.jsonl", "--unit", "jieba", "--out", "w.ngrams"]).stdout();
    assert!(words.contains("perplexity"), "{words}");
}

#[test]
fn other_files_are_not_written_over_and_too_few_rows_are_named() {
    let scratch = Scratch::new();
    scratch.write("good.jsonl", rows(5, false));
    scratch.write("notes.txt", "mine");
    let quality = ["train-quality", "--good", "good.jsonl", "--bad", "good.jsonl"];
    scratch.corpus(&quality).says(2, &["too few good texts"]);
    let perplexity = ["train-perplexity", "good.jsonl", "--out", "notes.txt"];
    for command in [&[&quality[..], &["--out", "notes.txt"]].concat()[..], &perplexity] {
        scratch.corpus(command).says(2, &["notes.txt is there already"]);
    }
    assert_eq!(std::fs::read_to_string(scratch.path("notes.txt")).unwrap(), "mine");
}
