//! Tokens: counted in builds, shared out by a mix, and exported as ids in each layout.

use std::fs;
use std::path::{Path, PathBuf};

use arrow::array::AsArray;
use arrow::datatypes::Int32Type;
use corpus::models::tokenizer::{Scratch as Buffers, Tokenizer};
use corpus::output::tokens::ALL;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value as Json, json};

use crate::harness::{Scratch, contains, files_under};
use crate::schemas::held;

/// The tokenizer of 485 ids that `tests/python/make_tokenizers.py` made.
fn tiny() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "models", "tiny-tokenizer.json"].iter().collect()
}

fn ids(text: &str) -> Vec<u32> {
    let mut ids = Vec::new();
    Tokenizer::read(&tiny()).unwrap().encode(text, &mut Buffers::default(), &mut ids).unwrap();
    ids
}

/// A document that is longer or shorter by its number.
fn text(number: usize) -> String {
    let mut words = format!("第 {number} 篇：<|endoftext|> 河边的小镇很安静。");
    (0..number % 23).for_each(|at| words += &format!("{} boats 上桥，", number * at));
    words
}

const STAGE: &str = "[[stage]]\nrun = 'tokens'\ntokenizer = 'tiny.json'\n";

/// 60 documents of `a`, 40 of `b`.
fn folder(more: &str, of: [&str; 2]) -> Scratch {
    let scratch = Scratch::new();
    scratch.write("tiny.json", fs::read(tiny()).unwrap());
    let mut recipe = "name = 'ids'\n".to_owned();
    for (name, numbers, words) in [("a", 0..60, of[0]), ("b", 100..140, of[1])] {
        let line = |n: usize| format!("{}\n", json!({"id": format!("{name}{n}"), "text": text(n)}));
        scratch.write(&format!("{name}.jsonl"), numbers.map(line).collect::<String>());
        recipe += &format!("[[source]]\nname = '{name}'\npath = '{name}.jsonl'\nuse = 'pretrain'\n{words}\n");
    }
    scratch.write("recipe.toml", recipe + more);
    scratch
}

fn sum(numbers: impl Iterator<Item = usize>) -> usize {
    numbers.map(|n| ids(&text(n)).len()).sum()
}

#[test]
fn rows_and_the_build_say_their_tokens() {
    let scratch = folder(&format!("{STAGE}[[stage]]\nrun = 'keep'\ntokens = {{ max = 200 }}\n"), ["", ""]);
    let chat = json!({"id": "c", "messages": [{"role": "user", "content": "你好"}, {"role": "assistant",
        "content": "你好！", "reasoning_content": "问好。"}]});
    scratch.write("chat.jsonl", format!("{chat}\n"));
    let recipe = fs::read_to_string(scratch.path("recipe.toml")).unwrap();
    scratch.write("recipe.toml", recipe + "[[source]]\nname = 'chat'\npath = 'chat.jsonl'\nuse = 'instruct'\n");
    let built = scratch.build("out", &[]);
    let short = |n: &usize| ids(&text(*n)).len() <= 200;
    let (a, b) = ((0..60).filter(short), (100..140).filter(short));
    let counts: Vec<usize> = a.clone().chain(b.clone()).map(|n| ids(&text(n)).len()).collect();
    assert!((10..100).contains(&counts.len()), "{} of 100 are short", counts.len());
    let column: Vec<usize> = built.column("data/pretrain", "tokens").iter().map(|n| n.parse().unwrap()).collect();
    assert_eq!(column, counts);
    assert_eq!(built.reasons()["tokens_max"], 100 - counts.len() as u64);
    // What is said and thought, each by itself; no roles.
    let turns = ids("你好").len() + ids("你好！").len() + ids("问好。").len();
    assert_eq!(built.column("data/instruct", "tokens"), [turns.to_string()]);
    let lines = built.manifest["tokens"].as_array().unwrap();
    let answer: Vec<(&Json, &Json, &Json)> = lines.iter().map(|l| (&l["source"], &l["use"], &l["tokens"])).collect();
    let wanted = [("a", "pretrain", sum(a)), ("b", "pretrain", sum(b)), ("chat", "instruct", turns)];
    let wanted = wanted.map(|(source, usage, tokens)| (json!(source), json!(usage), json!(tokens)));
    assert_eq!(answer, wanted.iter().map(|w| (&w.0, &w.1, &w.2)).collect::<Vec<_>>());
    assert_eq!(lines[0]["tokenizer"], "tiny.json");
    let card = fs::read_to_string(scratch.path("out/README.md")).unwrap();
    let all = counts.iter().sum::<usize>() + turns;
    contains(
        &card,
        &["| rows kept | tokens |", &format!("| chat | instruct | not stated | 1 | {turns} |"), "tiny.json"],
        &[],
    );
    contains(&scratch.corpus(&["inspect", "out"]).stdout(), &["tokens"], &[]);
    assert_eq!(lines.iter().map(|l| l["tokens"].as_u64().unwrap()).sum::<u64>(), all as u64);
}

/// A text that changes after it was counted is counted again.
#[test]
fn the_count_is_of_the_text_that_comes_out() {
    let scratch = folder(&format!("{STAGE}[[stage]]\nrun = 'normalize'\n"), ["limit = 1", "limit = 1"]);
    scratch.write(
        "a.jsonl",
        format!("{}\n", json!({"id": "a", "text": "ｂｏａｔｓ\u{200b}\u{200b}\u{200b}   \n\n\n\n\n上桥"})),
    );
    let built = scratch.build("out", &[]);
    let texts = built.column("data/pretrain", "text");
    let counts: Vec<String> = texts.iter().map(|text| ids(text).len().to_string()).collect();
    assert_ne!(texts[0].len(), "ｂｏａｔｓ\u{200b}\u{200b}\u{200b}   \n\n\n\n\n上桥".len(), "the text has changed");
    assert_eq!(built.column("data/pretrain", "tokens"), counts);
}

#[test]
fn a_mix_shares_tokens_out() {
    let scratch = folder(&format!("[mix]\nby = 'tokens'\ntotal = 3_000\n{STAGE}"), ["weight = 2", "weight = 1"]);
    let built = scratch.build("out", &[]);
    let longest = (0..60).chain(100..140).map(|n| ids(&text(n)).len()).max().unwrap() as u64;
    for (line, wanted) in built.manifest["tokens"].as_array().unwrap().iter().zip([2_000, 1_000]) {
        let tokens = line["tokens"].as_u64().unwrap();
        assert!(tokens <= wanted && tokens + longest > wanted, "{line} of {wanted}");
    }
    let plan = scratch.corpus(&["plan", "--recipe", "recipe.toml", "--out", "new"]);
    assert_eq!(plan.code(), 0, "{}", plan.stderr());
    // A stage for some rows only leaves the others without a count.
    let only =
        folder(&format!("[mix]\nby = 'tokens'\n{STAGE}only = {{ source = ['a'] }}\n"), ["weight = 2", "weight = 1"]);
    only.try_build("out", &[]).says(1, &["no stage counts the tokens of every row", "tokenizer = "]);
}

/// The ids of all documents in order, by the library itself.
fn documents() -> Vec<Vec<u32>> {
    (0..60).chain(100..140).map(|n| ids(&text(n))).collect()
}

fn exported(scratch: &Scratch, to: &str, more: &[&str]) -> Json {
    let first = ["export", "out", "--to", to, "--tokenizer", "tiny.json", "--eos", "<|endoftext|>", "--format", "json"];
    let run = scratch.corpus(&[&first[..], more].concat());
    assert_eq!(run.code(), 0, "{}", run.stderr());
    held(&run.stdout(), "export", to)
}

fn bytes(scratch: &Scratch, name: &str) -> Vec<u8> {
    fs::read(scratch.path("out/exports").join(name)).unwrap()
}

fn u16s(bytes: &[u8]) -> Vec<u32> {
    bytes.chunks_exact(2).map(|b| u32::from(u16::from_le_bytes([b[0], b[1]]))).collect()
}

fn u32s(bytes: &[u8]) -> Vec<u32> {
    bytes.chunks_exact(4).map(|b| u32::from_le_bytes(b.try_into().unwrap())).collect()
}

fn u64s(bytes: &[u8]) -> Vec<u64> {
    bytes.chunks_exact(8).map(|b| u64::from_le_bytes(b.try_into().unwrap())).collect()
}

const END: u32 = 480;

#[test]
fn whole_documents_with_their_ends() {
    let scratch = folder("", ["", ""]);
    assert_eq!(scratch.build("out", &[]).total("kept"), 100);
    let documents = documents();
    let ended: Vec<u32> = documents.iter().flat_map(|d| d.iter().copied().chain([END])).collect();
    let ends: Vec<u64> = documents
        .iter()
        .scan(0, |at, d| {
            *at += d.len() as u64 + 1;
            Some(*at)
        })
        .collect();
    let answer = exported(&scratch, "nanogpt", &["--threads", "3"]);
    assert_eq!(answer["tokens"]["tokens"], ended.len());
    assert_eq!((&answer["tokens"]["dtype"], &answer["uses"][0]["written"]), (&json!("uint16"), &json!(100)));
    assert_eq!(u16s(&bytes(&scratch, "nanogpt/train.bin")), ended);
    exported(&scratch, "datatrove", &[]);
    assert_eq!(u16s(&bytes(&scratch, "datatrove/00000_unshuffled.ds")), ended);
    assert_eq!(u64s(&bytes(&scratch, "datatrove/00000_unshuffled.ds.index")), ends);
    let metadata = String::from_utf8(bytes(&scratch, "datatrove/00000_unshuffled.ds.metadata")).unwrap();
    contains(&metadata, &["tiny.json|2\n", &format!("\n{}\n", ended.len()), " kT"], &[]);
    exported(&scratch, "llmc", &[]);
    let file = bytes(&scratch, "llmc/corpus_train_000000.bin");
    let header = u32s(&file[..1024]);
    assert_eq!((header[..3].to_vec(), header[3..].iter().sum::<u32>()), (vec![20_240_520, 1, ended.len() as u32], 0));
    let begun: Vec<u32> = documents.iter().flat_map(|d| [END].into_iter().chain(d.iter().copied())).collect();
    assert_eq!(u16s(&file[1024..]), begun);
    exported(&scratch, "megatron", &[]);
    assert_eq!(u16s(&bytes(&scratch, "megatron/corpus_text_document.bin")), ended);
    let index = bytes(&scratch, "megatron/corpus_text_document.idx");
    assert_eq!(index[..18], *b"MMIDIDX\0\0\x01\0\0\0\0\0\0\0\x08");
    assert_eq!(u64s(&index[18..34]), [100, 101]);
    let lengths: Vec<u32> = documents.iter().map(|d| d.len() as u32 + 1).collect();
    assert_eq!(u32s(&index[34..434]), lengths);
    let begins: Vec<u64> = [0].into_iter().chain(ends.iter().map(|end| 2 * end)).take(100).collect();
    assert_eq!(u64s(&index[434..1234]), begins);
    assert_eq!(u64s(&index[1234..]), (0..=100).collect::<Vec<u64>>());
}

/// The rows of packed Parquet: ids, and lengths of documents.
fn packed(folder: &Path) -> Vec<(Vec<u32>, Vec<u32>)> {
    let file = fs::File::open(folder.join("data/train-00000.parquet")).unwrap();
    let mut rows = Vec::new();
    for batch in ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap() {
        let batch = batch.unwrap();
        let list = |column: usize, row: usize| -> Vec<u32> {
            let values = batch.column(column).as_list::<i32>().value(row);
            values.as_primitive::<Int32Type>().values().iter().map(|v| *v as u32).collect()
        };
        rows.extend((0..batch.num_rows()).map(|row| (list(0, row), list(1, row))));
    }
    rows
}

#[test]
fn packed_sequences_hold_every_token_once() {
    let scratch = folder("", ["", ""]);
    scratch.build("out", &[]);
    let documents: Vec<Vec<u32>> = documents().into_iter().map(|d| d.into_iter().chain([END]).collect()).collect();
    let stream: Vec<u32> = documents.concat();
    let answer = exported(&scratch, "packed", &["--seq-length", "96"]);
    let rows = packed(&scratch.path("out/exports/packed"));
    assert_eq!(answer["tokens"]["packed"]["sequences"], rows.len());
    let index: Json = serde_json::from_slice(&bytes(&scratch, "packed/index.json")).unwrap();
    let shards = json!([{"path": "data/train-00000.parquet", "sequences": rows.len(), "tokens": stream.len()}]);
    assert_eq!(
        (&index["shards"], &index["sequences"], &index["length"]),
        (&shards, &json!((1 << 26) / 96), &json!(96))
    );
    // Each part is a document, or a piece of one that is longer than a sequence.
    let mut parts: Vec<Vec<u32>> = Vec::new();
    for (ids, lengths) in &rows {
        assert!(ids.len() <= 96 && lengths.iter().sum::<u32>() as usize == ids.len(), "{lengths:?}");
        let mut at = 0;
        for length in lengths {
            parts.push(ids[at..at + *length as usize].to_vec());
            at += *length as usize;
        }
    }
    let mut wanted: Vec<Vec<u32>> = documents.iter().flat_map(|d| d.chunks(96)).map(<[u32]>::to_vec).collect();
    wanted.sort_unstable();
    parts.sort_unstable();
    assert_eq!(parts, wanted);
    let cuts = wanted.len() - documents.len();
    assert_eq!(answer["tokens"]["packed"]["cuts"], cuts);
    let answer = exported(&scratch, "packed", &["--seq-length", "96", "--packing", "cut", "--out", "cut"]);
    let rows = packed(&scratch.path("cut"));
    assert_eq!(rows.iter().flat_map(|r| r.0.clone()).collect::<Vec<_>>(), stream);
    assert!(rows.iter().rev().skip(1).all(|r| r.0.len() == 96));
    assert!(answer["tokens"]["packed"]["cuts"].as_u64().unwrap() > cuts as u64);
    let answer = exported(&scratch, "mds", &["--seq-length", "96"]);
    let left = stream.len() % 96;
    assert_eq!(
        (&answer["tokens"]["packed"]["left_over"], &answer["tokens"]["packed"]["empty"]),
        (&json!(left), &json!(0.0))
    );
    let shard = bytes(&scratch, "mds/shard.00000.mds");
    let samples = u32s(&shard[..4])[0] as usize;
    let offsets = u32s(&shard[4..8 + 4 * samples]);
    assert_eq!((samples, *offsets.last().unwrap() as usize), (stream.len() / 96, shard.len()));
    let sample = |at: usize| &shard[offsets[at] as usize..offsets[at + 1] as usize];
    // The size of the array, one dimension of 96.
    assert!((0..samples).all(|at| sample(at)[..6] == [130, 1, 0, 0, 4, 96]));
    let ids: Vec<u32> = (0..samples).flat_map(|at| u32s(&sample(at)[6..])).collect();
    assert_eq!(ids, stream[..stream.len() - left]);
    let index: Json = serde_json::from_slice(&bytes(&scratch, "mds/index.json")).unwrap();
    assert_eq!(
        (&index["shards"][0]["samples"], &index["shards"][0]["raw_data"]["bytes"]),
        (&json!(samples), &json!(shard.len()))
    );
    let config: Json = serde_json::from_slice(&shard[8 + 4 * samples..offsets[0] as usize]).unwrap();
    assert_eq!(config["column_names"], json!(["tokens"]));
}

#[test]
fn the_bytes_depend_on_no_thread_and_a_second_export_replaces_the_first() {
    let scratch = folder("", ["", ""]);
    scratch.build("out", &[]);
    for layout in ALL {
        let name = layout.name();
        if layout.uses(false).is_empty() {
            // Of dialogues alone: `chat_tokens.rs`.
            continue;
        }
        let length: &[&str] = if layout.packings().is_empty() { &[] } else { &["--seq-length", "50"] };
        let run = |threads: &str| {
            exported(&scratch, name, &[length, &["--threads", threads]].concat());
            let folder = scratch.path("out/exports").join(name);
            files_under(&folder).into_iter().map(|path| (fs::read(&path).unwrap(), path)).collect::<Vec<_>>()
        };
        let (one, five) = (run("1"), run("5"));
        assert!(one == five, "{name}");
        assert!(one.iter().any(|file| file.1.ends_with("export.json")), "{name}");
        let explained = scratch.corpus(&["explain", name]).stdout();
        contains(&explained, &["export (layout of token ids)", "# Limits", "# Example", "# What it writes"], &[]);
        let listed = scratch.corpus(&["list", "exports"]).stdout();
        contains(&listed, &[name, layout.about()], &[]);
    }
}

#[test]
fn what_is_missing_is_said() {
    let scratch = folder("", ["", ""]);
    scratch.build("out", &[]);
    let says = |arguments: &[&str], parts: &[&str]| {
        let run = scratch.corpus(&[&["export", "out", "--to"], arguments].concat());
        assert_ne!(run.code(), 0, "{arguments:?}");
        contains(&run.stderr(), parts, &[]);
    };
    says(&["nanogpt"], &["no tokenizer is named", "--tokenizer"]);
    says(&["nanogpt", "--tokenizer", "none.json"], &["none.json"]);
    says(&["nanogpt", "--tokenizer", "a.jsonl"], &["a.jsonl, line 2: no JSON"]);
    says(&["nanogpt", "--tokenizer", "tiny.json"], &["does not say which token ends a document", "--eos"]);
    says(&["nanogpt", "--tokenizer", "tiny.json", "--eos", "</s>"], &["no special token `</s>`", "<|im_end|>"]);
    let tiny = ["--tokenizer", "tiny.json", "--eos", "<|endoftext|>"];
    let with = |to: &'static str, more: &[&'static str]| [&[to][..], &tiny, more].concat();
    says(&with("megatron", &["--seq-length", "8"]), &["`megatron` takes whole documents"]);
    says(&with("packed", &[]), &["--seq-length 4096"]);
    says(&with("mds", &["--seq-length", "8", "--packing", "best-fit"]), &["--packing cut"]);
    says(&with("jsonl", &[]), &["`jsonl` holds text: --tokenizer does nothing there"]);
    says(&with("nanogtp", &[]), &["nanogpt"]);
    assert!(!scratch.path("out/exports").exists(), "nothing is left");
}

const EXPORTS: &str = "[[export]]
to = 'packed'
tokenizer = 'tiny.json'
seq_length = 96
eos = '<|endoftext|>'
[[export]]
to = 'megatron'
tokenizer = 'tiny.json'
eos = '<|endoftext|>'
out = 'ids'
";

/// Named in a recipe: the same bytes as by hand, listed by `plan`, accounted for, and written again where the tokenizer
/// has changed.
#[test]
fn a_recipe_names_its_token_ids() {
    let scratch = folder(EXPORTS, ["", ""]);
    let plan = scratch.corpus(&["plan", "--recipe", "recipe.toml", "--out", "out", "--format", "json"]);
    let answer = held(&plan.stdout(), "plan", "plan with exports of ids");
    let packed = json!({"to": "packed", "out": "exports/packed", "strict": false, "tokenizer": "tiny.json",
        "seq_length": 96, "eos": "<|endoftext|>"});
    assert_eq!(answer["exports"][0], packed);
    let plan = scratch.corpus(&["plan", "--recipe", "recipe.toml", "--out", "out"]).stdout();
    contains(&plan, &["tiny.json, sequences of 96, ends with <|endoftext|>"], &[]);
    let run = scratch.corpus(&["build", "--recipe", "recipe.toml", "--out", "out", "--threads", "2"]);
    run.says(0, &["pretrain: 100 rows: 100 written, 0 set aside", "100 documents: ", "sequences of 96 (best-fit)"]);
    let manifest = || held(&fs::read_to_string(scratch.path("out/build.json")).unwrap(), "build", "build.json");
    let made = manifest();
    let sums = &made["exports"][0]["tokens"];
    assert_eq!((&sums["documents"], &sums["packed"]["length"]), (&json!(100), &json!(96)));
    assert_eq!(made["exports"][1]["tokens"]["dtype"], "uint16");
    exported(&scratch, "packed", &["--seq-length", "96", "--out", "by-hand"]);
    let files = |folder: &str| -> Vec<Vec<u8>> {
        files_under(&scratch.path(folder)).into_iter().map(|path| fs::read(path).unwrap()).collect()
    };
    assert!(files("out/exports/packed") == files("by-hand"), "by recipe and by hand");

    // What stands is not written again; it is where the tokenizer or the length is another one.
    let written = |path: &str| fs::metadata(scratch.path(path)).unwrap().modified().unwrap();
    let times = || [written("out/exports/packed/export.json"), written("out/ids/export.json")];
    let before = times();
    let build = || scratch.corpus(&["build", "--recipe", "recipe.toml", "--out", "out"]);
    build().says(0, &["holds this very build already"]);
    assert_eq!((times(), manifest()), (before, made.clone()));
    let recipe = fs::read_to_string(scratch.path("recipe.toml")).unwrap();
    scratch.write("recipe.toml", recipe.replace("seq_length = 96", "seq_length = 64"));
    build().says(0, &["holds this very build already", "sequences of 64"]);
    let after = times();
    assert!(after[0] != before[0] && after[1] == before[1]);
    let other = fs::read_to_string(tiny()).unwrap() + "\n";
    scratch.write("tiny.json", other);
    build().says(0, &["holds this very build already"]);
    assert!(times()[0] != after[0] && times()[1] != after[1]);
    assert_ne!(manifest()["exports"][1]["tokens"]["sha256"], made["exports"][1]["tokens"]["sha256"]);
}

/// What is wrong with a tokenizer is said before anything is built.
#[test]
fn a_tokenizer_that_does_not_fit_stops_the_build_at_once() {
    let wrong = [
        ("to = 'megatron'\ntokenizer = 'none.json'\n", "none.json, which is no file"),
        ("to = 'megatron'\ntokenizer = 'a.jsonl'\n", "a.jsonl, line 2: no JSON"),
        ("to = 'megatron'\ntokenizer = 'tiny.json'\n", "does not say which token ends a document"),
        ("to = 'megatron'\ntokenizer = 'tiny.json'\neos = '</s>'\n", "no special token `</s>`"),
    ];
    for (export, says) in wrong {
        let scratch = folder(&format!("[[export]]\n{export}"), ["", ""]);
        for command in ["build", "plan"] {
            let run = scratch.corpus(&[command, "--recipe", "recipe.toml", "--out", "out"]);
            assert_ne!(run.code(), 0, "{command}: {export}");
            contains(&run.stderr(), &[says], &[]);
        }
        let check = scratch.corpus(&["check", "recipe.toml"]);
        assert_ne!(check.code(), 0, "{export}");
        contains(&check.stderr(), &[says], &[]);
        assert!(!scratch.path("out").exists(), "{export}");
    }
}
