//! Model files, sound and broken.

use std::path::Path;

use super::fasttext::dictionary::{Dictionary, Grams};
use super::fasttext::matrix::Matrix;
use super::fasttext::output::Loss;
use super::fasttext::{Model, Scratch};
use super::ngram::{self, Units, estimate};
use super::{Place, train};

/// Numbers that a seed decides.
fn numbers(count: usize, mut seed: u64) -> Vec<f32> {
    let mut next = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// A model of some words and labels, with subwords and pairs of words.
fn model(loss: Loss) -> Model {
    let grams = Grams { words: 2, least: 1, most: 3, buckets: 50 };
    let words = [("</s>", 9), ("春天", 5), ("rain", 3)];
    let labels = [("__label__好", 8), ("__label__bad", 4), ("__label__c", 3), ("__label__d", 2), ("__label__e", 1)];
    let dictionary = Dictionary::new(&words, &labels, grams);
    let rows = dictionary.rows() as usize;
    Model::new(dictionary, Matrix::dense(6, numbers(6 * rows, 1)), Matrix::dense(6, numbers(30, 2)), loss)
}

fn written(model: &Model) -> Vec<u8> {
    let mut bytes = Vec::new();
    model.write(&mut bytes).unwrap();
    bytes
}

fn on_disk<T>(bytes: &[u8], read: impl Fn(&Path) -> super::Result<T>) -> super::Result<T> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    read(file.path())
}

const TEXTS: [&str; 4] = ["春天 rain 来了", "rain\nrain 下个不停\u{3000}的 雨", "", "__label__好 naïve 🌧"];

fn best(model: &Model, text: &str) -> Vec<(u32, f32)> {
    let mut scratch = Scratch::default();
    model.best(&mut scratch, text, 5);
    scratch.best
}

#[test]
fn what_is_written_is_read_and_scores_the_same() {
    for loss in [Loss::Tree, Loss::Negative, Loss::Softmax, Loss::OneVsAll] {
        let model = model(loss);
        let read = on_disk(&written(&model), Model::read).unwrap();
        assert_eq!(read.labels(), ["好", "bad", "c", "d", "e"]);
        for text in TEXTS {
            let both = (best(&model, text), best(&read, text));
            assert_eq!(both.0, both.1);
            assert_eq!(both.0.len(), 5, "{loss:?}");
            assert!(both.0.windows(2).all(|w| w[0].1 >= w[1].1));
            for (label, probability) in both.0 {
                let mut scratch = Scratch::default();
                read.begin(&mut scratch);
                read.push(&mut scratch, text);
                let one = read.probability_of_pushed(&mut scratch, label).unwrap();
                assert!((one - probability).abs() < 1e-6, "{loss:?} {text:?} {one} {probability}");
            }
        }
        let sum: f32 = best(&read, TEXTS[0]).iter().map(|(_, p)| p).sum();
        assert!((sum - 1.0).abs() < 1e-3 || matches!(loss, Loss::Negative | Loss::OneVsAll), "{loss:?} {sum}");
    }
}

#[test]
fn words_one_by_one_are_a_text_and_labels_are_no_words() {
    let model = model(Loss::Softmax);
    let mut scratch = Scratch::default();
    model.begin(&mut scratch);
    assert!(["春天", "rain", "来了"].iter().all(|word| model.push(&mut scratch, word)));
    model.best_of_pushed(&mut scratch, 5);
    assert_eq!(scratch.best, best(&model, "春天 rain 来了"));
    assert_eq!(best(&model, "__label__好 rain"), best(&model, "rain"));
    assert_eq!(best(&model, "rain </s> 春天"), best(&model, "rain"));
    assert_eq!(model.label("__label__bad", Path::new("m.bin")).unwrap(), 1);
    let unknown = model.label("worse", Path::new("m.bin")).unwrap_err().to_string();
    assert_eq!(unknown, "m.bin: has no label `worse`; its labels: 好, bad, c, d, e");
}

/// The model with its input quantised: 256 centroids for each of three parts, lengths apart.
fn quantised(dense: &[u8], rows: usize) -> (Vec<u8>, Vec<u8>) {
    let matrices = dense.len() - 2 * 17 - 4 * 6 * (rows + 5);
    let (parts, norms) = (numbers(256 * 6, 3), numbers(256, 4));
    let codes: Vec<u8> = (0..rows * 3).map(|n| (n * 37 % 256) as u8).collect();
    let norm_codes: Vec<u8> = (0..rows).map(|n| (n * 91 % 256) as u8).collect();
    let ints = |ints: &[i32]| ints.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<u8>>();
    let floats = |floats: &[f32]| floats.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<u8>>();
    let mut coded = dense[..matrices].to_vec();
    coded.extend([1, 1]);
    coded.extend([rows as i64, 6].iter().flat_map(|n| n.to_le_bytes()));
    coded.extend(ints(&[codes.len() as i32]));
    coded.extend(&codes);
    coded.extend(
        [ints(&[6, 3, 2, 2]), floats(&parts), norm_codes.clone(), ints(&[1, 1, 1, 1]), floats(&norms)].concat(),
    );
    let output = dense.len() - 17 - 4 * 30;
    coded.extend(&dense[output..]);
    // The same numbers written out.
    let mut plain = dense[..matrices + 17].to_vec();
    for row in 0..rows {
        let norm = norms[usize::from(norm_codes[row])];
        for part in 0..3 {
            let start = part * 512 + usize::from(codes[3 * row + part]) * 2;
            plain.extend(floats(&[norm * parts[start], norm * parts[start + 1]]));
        }
    }
    plain.extend(&dense[output..]);
    (coded, plain)
}

#[test]
fn a_quantised_model_scores_as_its_numbers_do() {
    let model = model(Loss::Tree);
    let (coded, plain) = quantised(&written(&model), model.dictionary().rows() as usize);
    let (coded, plain) = (on_disk(&coded, Model::read).unwrap(), on_disk(&plain, Model::read).unwrap());
    for text in TEXTS {
        assert_eq!(best(&coded, text), best(&plain, text));
    }
}

/// Every cut and thousands of changed bytes: an error with its place, or a model that answers.
fn survives<T>(bytes: &[u8], read: impl Fn(&Path) -> super::Result<T>, ask: impl Fn(&T)) {
    let mut refused = 0;
    let step = (bytes.len() / 400).max(1);
    for cut in (0..bytes.len()).step_by(step) {
        let error = on_disk(&bytes[..cut], &read).err().unwrap_or_else(|| panic!("cut at {cut} was read"));
        assert!(error.place != Place::File || cut < 64, "{error}");
    }
    let mut seed = 7u64;
    for _ in 0..500 {
        let mut broken = bytes.to_vec();
        for _ in 0..3 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let at = (seed >> 33) as usize % bytes.len().min(1500);
            broken[at] = [0, 1, 0x7f, 0x80, 0xff, (seed >> 20) as u8][(seed >> 60) as usize % 6];
        }
        match on_disk(&broken, &read) {
            Ok(model) => ask(&model),
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 50, "{refused}");
}

#[test]
fn broken_classifiers_are_refused_or_answer() {
    let model = model(Loss::Tree);
    let dense = written(&model);
    let (coded, _) = quantised(&dense, model.dictionary().rows() as usize);
    for bytes in [dense, coded] {
        survives(&bytes, Model::read, |model| TEXTS.iter().for_each(|text| drop(best(model, text))));
    }
    let cut = on_disk(&written(&model)[..400], Model::read).unwrap_err().to_string();
    assert!(cut.contains(": input matrix: at least 1272 bytes are claimed, "), "{cut}");
    let error = on_disk(b"not a model at all", Model::read).unwrap_err();
    assert_eq!((error.place, error.to_string().contains("is no fastText model")), (Place::Byte(0), true));
}

const TINY: [(&str, &[u8]); 5] = [
    ("arpa", include_bytes!("../../tests/models/tiny.arpa")),
    ("probing", include_bytes!("../../tests/models/tiny.probing")),
    ("trie", include_bytes!("../../tests/models/tiny.trie")),
    ("trie -a 22", include_bytes!("../../tests/models/tiny.atrie")),
    ("trie -a 22 -q 3 -b 3", include_bytes!("../../tests/models/tiny.qatrie")),
];

/// What kenlm 0.3.0 (PyPI) says of these sentences, exact and quantised.
const SAID: [(&str, f64, f64); 4] = [
    ("山 青 水 秀", -1.83170, -1.84191),
    ("人 好 山 高 水 长", -3.44499, -3.41328),
    ("云 好 水", -4.73049, -4.77051),
    ("", -1.28844, -1.28844),
];

#[test]
fn every_format_of_kenlm_gives_its_scores() {
    for (format, bytes) in TINY {
        let model = on_disk(bytes, ngram::Model::read).unwrap();
        assert_eq!((model.order(), model.counts()[1..].to_vec()), (3, vec![17, 18]), "{format}");
        for (sentence, exact, quantised) in SAID {
            let mut score = ngram::Score::default();
            model.line(Units::Words, sentence, &mut score);
            let said = if format.contains("-q") { quantised } else { exact };
            assert!((score.log10 - said).abs() < 2e-5, "{format} {sentence}: {} {said}", score.log10);
        }
        let score = model.text("山 青 水 秀\n\n云 好 水\n");
        assert_eq!((score.tokens, score.unknown), (9, 1));
        let perplexity = score.perplexity().unwrap();
        assert!((perplexity - 10f64.powf(-score.log10 / 9.0)).abs() < 1e-9);
        assert_eq!(model.text(" \n").perplexity(), None);
    }
}

#[test]
fn broken_language_models_are_refused_or_answer() {
    for (_, bytes) in &TINY[1..] {
        survives(bytes, ngram::Model::read, |model| assert!(model.text("山 青 水 秀").tokens == 5));
    }
    let arpa = String::from_utf8(TINY[0].1.to_vec()).unwrap();
    let wrong = |from: &str, to: &str| {
        assert!(arpa.contains(from), "{from}");
        on_disk(arpa.replacen(from, to, 1).as_bytes(), ngram::Model::read).unwrap_err().to_string()
    };
    for (from, to, says) in [
        ("\\data\\", "data", "line 1: is no ARPA file"),
        ("ngram 2=17", "ngram 2=99999999", "line 3: 99999999 2-grams do not fit"),
        ("ngram 2=17", "ngram 2=18", "17 2-grams where 18 were announced"),
        ("ngram 2=17", "ngram 3=17", "lengths must go from 1"),
        ("\t山 青\t", "\t山 云\t", "`云` is no word of the 1-grams"),
        ("\t水 秀 山", "\t水 秀", "is no 3-gram"),
        ("-0.3971424", "-0.39x", "`-0.39x` is no number"),
        ("-0.3971424", "0.39", "must not be over 0"),
        ("\\end\\", "", "`\\end\\` must stand"),
        ("\t青\t", "\t山\t", "`山` stands twice"),
    ] {
        let said = wrong(from, to);
        assert!(said.contains(says), "{said}");
    }
}

#[test]
fn an_ngram_without_its_end_gets_what_backing_off_gives() {
    let (_, arpa) = TINY[0];
    let arpa = String::from_utf8(arpa.to_vec())
        .unwrap()
        .replace("ngram 2=17", "ngram 2=16")
        .replace("-0.3971424\t水 秀 </s>", "-0.3971424\t水 高 </s>");
    let arpa = arpa
        .replace("-0.69158\u{31}\t山 高\t-0.30103\n", "-0.6915821\t山 高\t-0.30103\n")
        .replace("-0.25847766\t长 </s>\t0\n", "");
    let model = on_disk(arpa.as_bytes(), ngram::Model::read).unwrap();
    // `长 </s>` and `高 </s>` are put in; the sums are those of the unigrams and their weights.
    assert_eq!(model.counts()[1], 18);
    let mut score = ngram::Score::default();
    model.line(Units::Words, "水 长", &mut score);
    assert!(score.log10 < -1.0);
}

/// Sentences of a small language: subjects, verbs, objects.
fn sentences(count: usize) -> Vec<String> {
    let (who, what, whom) = (["小王", "老李", "猫", "我们"], ["看", "写", "喜欢"], ["书", "长长的信", "山水", "鱼"]);
    let pick = |n: u64, of: u64| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) % of;
    let one = |n: u64| {
        let (a, b, c) = (pick(n, 4) as usize, pick(n + 1000, 3) as usize, pick(n * 7 + 3, 4) as usize);
        format!("{}{}{}，第{}天。", who[a], what[b], whom[c], n % 9)
    };
    (0..count as u64).map(one).collect()
}

fn trained(units: Units, texts: &[String]) -> estimate::Trained {
    let options = estimate::Options { units, ..estimate::Options::default() };
    let mut trainer = estimate::Trainer::new(options, 1 << 26).unwrap();
    assert!(texts.iter().all(|text| trainer.push(text)));
    trainer.train().unwrap()
}

#[test]
fn probabilities_after_any_context_add_up_to_one() {
    let trained = trained(Units::Characters, &sentences(400));
    let model = trained.model();
    for context in ["", "小王看", "猫喜欢山", "山看王", "云"] {
        let mut state = model.begin();
        Units::Characters.each(context, |c| {
            let _ = model.score(&mut state, model.word(c));
        });
        let next = |id: u32| {
            let mut state = state;
            10f64.powf(f64::from(model.score(&mut state, id)))
        };
        let sum: f64 = (0..trained.names.len() as u32).filter(|id| *id != 1).map(next).sum();
        assert!((sum - 1.0).abs() < 1e-3, "{context}: {sum}");
    }
}

#[test]
fn a_trained_model_knows_its_language_and_is_the_same_from_every_file() {
    let texts = sentences(400);
    let trained = trained(Units::Characters, &texts);
    let model = trained.model();
    let of = |model: &ngram::Model, text: &str| model.text(text).perplexity().unwrap();
    assert!(of(&model, "老李写长长的信，第3天。") * 3.0 < of(&model, "信的长长写李老，天第。"));
    let (mut compact, mut arpa) = (Vec::new(), Vec::new());
    trained.write(&mut compact).unwrap();
    trained.write_arpa(&mut arpa).unwrap();
    let read = on_disk(&compact, ngram::Model::read).unwrap();
    assert_eq!((read.units(), read.counts()), (Units::Characters, model.counts()));
    let from_arpa = on_disk(&arpa, ngram::Model::read).unwrap();
    for text in texts.iter().take(50) {
        let exact = of(&model, text);
        assert!((of(&read, text) / exact - 1.0).abs() < 1e-3);
        let cut = Units::Characters;
        let mut spaced = Vec::new();
        cut.each(text, |c| spaced.push(c));
        assert!((of(&from_arpa, &spaced.join(" ")) / exact - 1.0).abs() < 1e-5);
    }
    let again = {
        let mut bytes = Vec::new();
        self::trained(Units::Characters, &texts).write(&mut bytes).unwrap();
        bytes
    };
    assert!(again == compact, "the same text gives the same file");
    assert!(compact.len() < arpa.len() / 4);
    for cut in (0..compact.len()).step_by(37) {
        assert!(on_disk(&compact[..cut], ngram::Model::read).is_err(), "cut at {cut}");
    }
    let packed = zstd::encode_all(&[&[1u8, 4][..], &u32::MAX.to_le_bytes()].concat()[..], 1).unwrap();
    let error = on_disk(&[ngram::compact::MAGIC, &packed].concat(), ngram::Model::read).unwrap_err().to_string();
    assert!(error.contains("4294967295 words are more than a model of ours can have"), "{error}");
}

#[test]
fn a_trainer_takes_what_its_memory_holds_and_says_what_is_too_little() {
    let options = estimate::Options::default();
    let mut trainer = estimate::Trainer::new(options, 500 * estimate::BYTES_A_TOKEN).unwrap();
    let taken = sentences(400).iter().take_while(|text| trainer.push(text)).count();
    assert!((20..60).contains(&taken) && trainer.tokens() <= 500, "{taken}");
    assert!(trainer.train().err().is_some_and(|e| e.contains("too few")));
    assert!(estimate::Trainer::new(estimate::Options { order: 6, ..options }, 1).is_err());
}

#[test]
fn units_are_characters_with_white_space_only_where_it_says_something() {
    let cut = |units: Units, line| {
        let mut words = Vec::new();
        units.each(line, |word| words.push(word));
        words
    };
    assert_eq!(cut(Units::Characters, " 山 水 a b\tc。d "), ["山", "水", "a", "▁", "b", "▁", "c", "。", "d"]);
    assert_eq!(cut(Units::Words, "山水 a\u{3000}b\tc"), ["山水", "a\u{3000}b", "c"]);
}

/// What `normalize` of CCNet's `text_normalizer.py` (commit 1341eec) gives for these lines.
#[test]
fn the_normal_form_of_ccnet_is_that_of_its_code() {
    for (line, normal) in [
        (" Ab12，“好”…\u{7f} ", "ab00,\"好\"..."),
        ("ÉTÉ Ça, naïve; ΟΔΟΣ ὁ Ñandú ạ", "ete ca, naive; οδος ο nandu a"),
        ("が ガ 각 ﾊﾟ", "か カ \u{1100}\u{1161}\u{11a8} ﾊﾟ"),
        ("１２３％ ٣ ९ ①½ 三", "000% 0 0 ①½ 三"),
        ("《山》「水」、（a）：；？！", "\"山\"\"水\",(a):;?!"),
        ("–—━► ．～〈〉【】∶ ´’«»„\t\u{85}x", "- - -- . ~<>[]: ''\"\"\"x"),
        ("\u{3000}全 角 ＡＢ\u{3000}", "全 角 ａｂ"),
    ] {
        assert_eq!(ngram::units::ccnet(line), normal, "{line}");
    }
}

#[test]
fn a_classifier_learns_and_says_how_well() {
    let good = sentences(600);
    let salad = |text: &String| {
        let mut characters: Vec<char> = text.chars().collect();
        characters.reverse();
        characters.into_iter().collect::<String>()
    };
    let bad: Vec<String> = (0..).zip(good.iter().map(salad)).map(|(n, text)| format!("{text}{}", n % 31)).collect();
    let good: Vec<String> = (0..).zip(good).map(|(n, text)| format!("{text}{}", n % 37)).collect();
    let options = train::Options::default();
    let result = train::train(&good, &bad, &options).unwrap();
    let report = &result.report;
    assert!(report.accuracy > 0.97 && report.ranking > 0.99, "{} {}", report.accuracy, report.ranking);
    assert_eq!(report.trained.iter().sum::<usize>() + report.held_out.iter().sum::<usize>(), 1200);
    assert!(report.good.iter().any(|(name, _)| name == "，第"), "{:?}", report.good);
    assert!(report.curve.windows(2).all(|w| w[0].good >= w[1].good && w[0].bad >= w[1].bad));
    let again = train::train(&good, &bad, &options).unwrap();
    assert!(written(&again.model) == written(&result.model), "the same texts give the same model");
    let read = on_disk(&written(&result.model), Model::read).unwrap();
    assert_eq!(best(&read, &good[0]), best(&result.model, &good[0]));
    assert!(train::train(&good[..5], &bad, &options).err().is_some_and(|e| e.contains("too few good texts")));
}
