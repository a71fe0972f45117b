use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{Cut, Scratch, Tokenizer, Turns};

fn tiny(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "models", name].iter().collect()
}

/// A file in a folder of its own.
fn file(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn refused(name: &str, bytes: &[u8]) -> String {
    let (_folder, path) = file(name, bytes);
    match Tokenizer::read(&path) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("{name} was read"),
    }
}

/// The ids of `tests/models/tiny-ids.json`, which the Python libraries gave.
#[test]
fn ids_are_those_of_the_libraries_themselves() {
    let golden = std::fs::read(tiny("tiny-ids.json")).unwrap();
    let golden: BTreeMap<String, Vec<(String, Vec<u32>)>> = serde_json::from_slice(&golden).unwrap();
    assert_eq!(golden.len(), 2);
    for (name, texts) in golden {
        let tokenizer = Tokenizer::read(&tiny(&name)).unwrap();
        let mut scratch = Scratch::default();
        for (text, wanted) in texts {
            let mut ids = vec![7];
            tokenizer.encode(&text, &mut scratch, &mut ids).unwrap();
            assert_eq!(ids[1..], wanted, "{name}: {text:?}");
            assert_eq!(tokenizer.count(&text, &mut scratch), Ok(wanted.len()));
        }
    }
}

#[test]
fn a_tokenizer_says_what_it_is() {
    let json = Tokenizer::read(&tiny("tiny-tokenizer.json")).unwrap();
    assert_eq!((json.kind(), json.vocabulary()), ("tokenizer.json", 485));
    assert_eq!((json.id("<|endoftext|>"), json.id("</think>"), json.id("a")), (Some(480), Some(484), None));
    assert_eq!(json.end(), None);
    let pieces = Tokenizer::read(&tiny("tiny-spm.model")).unwrap();
    assert_eq!((pieces.kind(), pieces.vocabulary(), pieces.end()), ("SentencePiece", 400, Some(("</s>", 2))));
}

/// Of a model of dialogues the end of a turn is no end of a document.
#[test]
fn the_configuration_beside_says_what_ends_a_document() {
    let bytes = std::fs::read(tiny("tiny-tokenizer.json")).unwrap();
    let (folder, path) = file("tokenizer.json", &bytes);
    let end = |configuration: &str| {
        std::fs::write(folder.path().join("tokenizer_config.json"), configuration).unwrap();
        Tokenizer::read(&path).unwrap().end().map(|(token, id)| (token.to_owned(), id))
    };
    assert_eq!(end("{\"eos_token\": \"<|im_end|>\"}"), Some(("<|endoftext|>".into(), 480)));
    assert_eq!(end("{\"eos_token\": {\"content\": \"<|im_start|>\"}}"), Some(("<|im_start|>".into(), 481)));
    assert_eq!(end("{\"eos_token\": \"</none>\"}"), None);
    assert_eq!(end("no JSON"), None);
}

#[test]
fn ranks_of_an_unknown_vocabulary_are_refused() {
    let error = refused("x.tiktoken", b"IQ== 0\nIg== 1\nIw== 2\n");
    assert!(
        error.contains("3 ranks") && error.contains("Qwen (151643)") && error.contains("tokenizer.json"),
        "{error}"
    );
}

/// GPT-2's split, which the number of ranks stands for: bytes, then two pairs, then ranks that no text has.
#[test]
fn known_ranks_are_split_as_their_model_does() {
    let b = base64_of;
    let mut ranks: Vec<Vec<u8>> = (0..=255u8).map(|byte| vec![byte]).collect();
    ranks.extend([b"ab".to_vec(), b" a".to_vec()]);
    ranks.extend((ranks.len() as u32..50_256).map(|n| [&[0xff, 0xfe][..], &n.to_be_bytes()].concat()));
    let lines: String = ranks.iter().zip(0..).map(|(rank, id)| format!("{} {id}\n", b(rank))).collect();
    let (_folder, path) = file("r50k.tiktoken", lines.as_bytes());
    let tokenizer = Tokenizer::read(&path).unwrap();
    assert_eq!((tokenizer.kind(), tokenizer.vocabulary()), ("r50k", 50_257));
    assert_eq!(tokenizer.end(), Some(("<|endoftext|>", 50_256)));
    let (mut scratch, mut ids) = (Scratch::default(), Vec::new());
    // The space before a letter belongs to it; a line end does not.
    tokenizer.encode("ab a\na<|endoftext|>", &mut scratch, &mut ids).unwrap();
    assert_eq!(ids[..4], [256, 257, 10, 97]);
    assert_eq!(ids[4..], b"<|endoftext|>".map(u32::from));
}

/// Base64 with padding.
fn base64_of(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let three = |chunk: &[u8]| {
        let bits = chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        let letter =
            |at: usize| if at <= chunk.len() { LETTERS[(bits >> (18 - 6 * at)) as usize & 63] as char } else { '=' };
        (0..4).map(letter).collect::<String>()
    };
    bytes.chunks(3).map(three).collect()
}

#[test]
fn files_that_are_no_tokenizers_are_told() {
    assert!(refused("a.json", b"{\"eos_token\": \"x\"}").contains("not its tokenizer_config.json"));
    assert!(refused("a.json", b"{\n\"model\": ").contains("line 2: no JSON"));
    assert!(refused("a.json", b"{\"model\": {\"type\": \"BPE\"}}").contains("has no tokens"));
    assert!(refused("a.model", b"\n \n").contains("is empty"));
    assert!(refused("a.model", b"plain words").contains("tokenizer.json"));
    let whole = std::fs::read(tiny("tiny-spm.model")).unwrap();
    let unigram = std::fs::read(tiny("tiny-unigram.model")).unwrap();
    assert!(refused("unigram.model", &unigram).contains("that is not BPE"));
    assert!(refused("half.model", &whole[..whole.len() / 2]).contains("tokenizer.json"));
    let whole = std::fs::read_to_string(tiny("tiny-tokenizer.json")).unwrap();
    assert!(refused("odd.json", whole.replace("\"BPE\"", "\"ABC\"").as_bytes()).contains("cannot be used"));
}

/// The vocabulary and the merges are handed on as they stand: however they are written, the tokenizer is the same.
#[test]
fn a_file_reads_the_same_in_every_form() {
    let text = std::fs::read_to_string(tiny("tiny-tokenizer.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut older = json.clone();
    for merge in older["model"]["merges"].as_array_mut().unwrap() {
        *merge = format!("{} {}", merge[0].as_str().unwrap(), merge[1].as_str().unwrap()).into();
    }
    let utf16 = |c: char| c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect::<String>();
    let ascii = text.chars().map(|c| if c.is_ascii() { c.to_string() } else { utf16(c) }).collect::<String>();
    let broken_up = serde_json::to_string_pretty(&json).unwrap();
    let forms = [text, older.to_string(), ascii, broken_up];
    let masks = forms.map(|form| {
        let (_folder, path) = file("tokenizer.json", form.as_bytes());
        let (tokenizer, mut scratch) = (Tokenizer::read(&path).unwrap(), Scratch::default());
        let turns = "<|im_start|>渡船慢慢靠岸 the ferry🙂<|im_end|>\n";
        let learnt = 15..30;
        let turns = Turns { text: turns, words: &[], learnt: std::slice::from_ref(&learnt) };
        let mut cut = Cut::default();
        tokenizer.encode_turns(&turns, &mut scratch, &mut cut).unwrap();
        let pieces: Vec<_> = (0..tokenizer.vocabulary()).map(|id| tokenizer.piece(id)).collect();
        (cut, pieces, tokenizer.vocabulary(), tokenizer.special().to_vec())
    });
    assert!(masks[0].0.learnt.contains(&true) && masks[0].0.learnt.contains(&false));
    for other in &masks[1..] {
        assert_eq!(other, &masks[0]);
    }
}

#[test]
fn merges_and_pieces_that_cannot_be_read_are_told() {
    let whole = std::fs::read_to_string(tiny("tiny-tokenizer.json")).unwrap();
    let swapped = |old: &str, new: &str| {
        assert!(whole.contains(old), "{old}");
        refused("odd.json", whole.replacen(old, new, 1).as_bytes())
    };
    assert!(swapped("\"merges\":[[", "\"merges\":[[\"a\"],[").contains("cannot be used: a merge pair"));
    assert!(swapped("\"merges\":[[", "\"merges\":[\"a b c\",[").contains("cannot be used: legacy merge"));
    assert!(swapped("\"vocab\":{", "\"vocab\":{\"\\ud83d\":9,").contains("cannot be used: "));
    assert!(swapped("\"vocab\":{", "\"vocab\":3,\"pieces\":{").contains("cannot be used: "));
}
