//! The stage `language` with a model: from a file, from a card of the store, line by line, and models that it refuses.

use std::fmt::Write;

use corpus::models::fasttext::Model;
use corpus::models::fasttext::dictionary::{Dictionary, Grams};
use corpus::models::fasttext::matrix::Matrix;
use corpus::models::fasttext::output::Loss;

use crate::harness::Scratch;
use crate::servers::Content;
use crate::servers::plain::Plain;

/// A model in fastText's format that knows a language by its words alone.
pub fn model(labels: &[(&str, &str)]) -> Vec<u8> {
    let words: Vec<(&str, usize)> =
        labels.iter().enumerate().flat_map(|(at, (_, words))| words.split(' ').map(move |word| (word, at))).collect();
    let count = |word| (word, 9i64);
    let known: Vec<(&str, i64)> = words.iter().map(|(word, _)| count(*word)).collect();
    let names: Vec<(&str, i64)> = labels.iter().map(|(label, _)| count(*label)).collect();
    let dictionary = Dictionary::new(&known, &names, Grams { words: 1, least: 0, most: 0, buckets: 0 });
    let columns = labels.len();
    let one = |at: usize, value: f32| (0..columns).map(move |column| if column == at { value } else { 0.0 });
    let input = words.iter().flat_map(|(_, at)| one(*at, 1.0)).collect();
    let output = (0..columns).flat_map(|at| one(at, 12.0)).collect();
    let mut bytes = Vec::new();
    let model = Model::new(dictionary, Matrix::dense(columns, input), Matrix::dense(columns, output), Loss::Softmax);
    model.write(&mut bytes).unwrap();
    bytes
}

const LABELS: [(&str, &str); 5] = [
    ("__label__eng_Latn", "the house stands on hill and is old"),
    ("__label__deu_Latn", "das Haus steht auf dem Hügel und ist alt"),
    ("__label__ukr_Cyrl", "будинок стоїть на пагорбі і він старий"),
    ("__label__rus_Cyrl", "дом стоит холме и он старый"),
    ("__label__cmn_Hani", "房子"),
];

const TEXTS: [&str; 5] = [
    "the house stands on the hill and is old",
    "das Haus steht auf dem Hügel und ist alt",
    "будинок стоїть на пагорбі і він старий",
    "房子很老，站在山上。",
    "佢哋喺度食緊嘢，唔使等。",
];

/// A folder with the model, the texts, and a recipe with these stages.
fn folder(stages: &str) -> Scratch {
    let scratch = Scratch::new();
    scratch.write("m.bin", model(&LABELS));
    let mut rows = String::new();
    for text in TEXTS {
        writeln!(rows, "{}", serde_json::json!({ "text": text })).unwrap();
    }
    scratch.write("rows.jsonl", rows);
    scratch.write(
        "recipe.toml",
        format!("[[source]]\nname = \"rows\"\nuse = \"pretrain\"\npath = \"rows.jsonl\"\n{stages}"),
    );
    scratch
}

#[test]
fn the_model_decides_among_the_languages_of_a_script_and_the_script_the_rest() {
    let signals = "[output]\nsignals = [\"lang_score\"]\n";
    let scratch = folder(&format!("[[stage]]\nrun = \"language\"\nmodel = \"m.bin\"\nvarieties = true\n{signals}"));
    let built = scratch.build("out", &[]);
    assert_eq!(built.column("data/pretrain", "language"), ["en", "de", "uk", "zh", "yue"]);
    assert_eq!(built.column("data/pretrain", "script")[..3], ["Latn", "Latn", "Cyrl"]);
    let scores: Vec<f64> =
        built.column("data/pretrain", "lang_score").iter().map(|score| score.parse().unwrap()).collect();
    assert!(scores.iter().all(|score| *score > 0.9 && *score <= 1.0), "{scores:?}");
    // The script says `zh` of what the model knows nothing of; alone, the model says nothing.
    let alone = "[[stage]]\nrun = \"language\"\nmodel = \"m.bin\"\ndecide = \"model\"\n";
    let scratch = folder(alone);
    let alone = scratch.build("out", &[]);
    assert_eq!(alone.column("data/pretrain", "language"), ["en", "de", "uk", "und", "und"]);
}

#[test]
fn rows_go_by_the_score_and_by_the_share_of_their_language() {
    let keep = "[[stage]]\nrun = \"keep\"\nmain_lang_share = { min = 0.6 }\n";
    let scratch = folder(&format!("[[stage]]\nrun = \"language\"\nlines = true\n{keep}"));
    let mixed = "今天我们读一段英文。\\nThe quick brown fox jumps over the lazy dog once more today.";
    let code = "先读入文件：\\nfor (int i = 0; i < n; i++) { sum += a[i]; }\\n再输出结果。";
    scratch.write("rows.jsonl", format!("{{\"text\":\"{mixed}\"}}\n{{\"text\":\"{code}\"}}\n"));
    let built = scratch.build("out", &[]);
    assert_eq!((built.total("kept"), built.reasons()["main_lang_share_min"]), (1, 1));
    assert!(built.column("data/pretrain", "text")[0].contains("sum +="));
}

#[test]
fn a_model_of_quality_is_no_model_of_languages() {
    let scratch = folder("[[stage]]\nrun = \"language\"\nmodel = \"q.bin\"\n");
    scratch.write("q.bin", model(&[("__label__good", "房子"), ("__label__poor", "买")]));
    scratch.try_build("out", &[]).says(1, &["q.bin", "are no languages: good, poor", "`classify`"]);
    scratch.write("q.bin", &model(&LABELS)[..200]);
    scratch.try_build("out", &[]).says(1, &["q.bin, byte "]);
}

#[test]
fn a_model_is_fetched_by_its_card_and_named_by_it() {
    let host = Plain::start();
    let (small, whole) = (model(&LABELS), model(&LABELS[..2]));
    host.put("/fasttext/supervised-models/lid.176.ftz", Content::from(small.clone()));
    host.put("/fasttext/supervised-models/lid.176.bin", Content::from(whole));
    let scratch = folder("[[stage]]\nrun = \"language\"\nmodel = \"lid176\"\n");
    scratch.try_build("out", &["--offline"]).says(1, &["lid176 (ftz)", "corpus fetch lid176 --part ftz"]);
    let fetch = |part: &str| {
        let mirrors = format!("https://dl.fbaipublicfiles.com/={}/", host.server.url());
        crate::harness::Run::of(scratch.command(&["fetch", "lid176", "--part", part]).env("CORPUS_MIRRORS", mirrors))
            .says(0, &[]);
    };
    fetch("ftz");
    let of = |scratch: &Scratch| scratch.build("out", &["--offline"]).column("data/pretrain", "language");
    assert_eq!(of(&scratch)[..3], ["en", "de", "uk"]);
    // The whole model is another part, which is fetched and named for itself; this one knows no Ukrainian.
    let recipe = std::fs::read_to_string(scratch.path("recipe.toml")).unwrap();
    scratch.write("recipe.toml", recipe.replace("lid176", "lid176/bin"));
    scratch.try_build("out", &["--offline"]).says(1, &["corpus fetch lid176 --part bin"]);
    fetch("bin");
    assert_eq!(of(&scratch)[..3], ["en", "de", "und"]);
}

#[test]
fn a_card_says_how_its_model_reads_text_and_which_stage_reads_it() {
    let labels = [("__label__toxic", "the house stands on hill and is old"), ("__label__fine", "das Haus steht")];
    let card = |more: &str| {
        let text = include_str!("../../src/catalog/cards/dclm_fasttext.toml");
        let said = "preparation = \"plain\"\nlabel = \"hq\"";
        assert!(text.contains(said), "the card says this no more");
        text.replace(said, more)
    };
    let scratch =
        folder("[[stage]]\nrun = \"classify\"\nmodel = \"dclm_fasttext\"\n[output]\nsignals = [\"class_score\"]\n");
    scratch.write("cards/dclm_fasttext.toml", card("preparation = \"plain\"\nlabel = \"fine\""));
    scratch.store("dclm_fasttext", "https://huggingface.co/", "-", &[("all", "m.bin", model(&labels))]);
    let build = || {
        let run = crate::harness::Run::of(
            scratch
                .command(&["build", "--recipe", "recipe.toml", "--out", "out", "--offline"])
                .env("CORPUS_CARDS", "cards"),
        );
        run.says(0, &[]);
        scratch.built("out").column("data/pretrain", "class_score")
    };
    let english = |scores: Vec<String>| scores[0].parse::<f64>().unwrap();
    assert!(english(build()) < 0.1, "the score is of the card's label");
    scratch.write("cards/dclm_fasttext.toml", card("preparation = \"plain\"\nlabel = \"toxic\""));
    assert!(english(build()) > 0.9, "another card measures anew");
    scratch.write("cards/dclm_fasttext.toml", card("preparation = \"pieces\""));
    let pieces = crate::harness::Run::of(
        scratch
            .command(&["build", "--recipe", "recipe.toml", "--out", "out", "--offline"])
            .env("CORPUS_CARDS", "cards"),
    );
    pieces.says(1, &["trained on the pieces of a tokenizer"]);
    for (model, says) in [("lid176", "is a model for `language`"), ("alpaca", "is a data set, no model")] {
        let other = folder(&format!("[[stage]]\nrun = \"classify\"\nmodel = \"{model}\"\n"));
        other.try_build("out", &["--offline"]).says(1, &[says]);
    }
}
