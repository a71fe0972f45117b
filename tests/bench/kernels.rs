//! Micro-benchmarks of the text kernels, in bytes of UTF-8 a second: `cargo bench`, or `cargo bench -- near` for some.
//!
//! The texts are made here, from a seed, so that two machines and two commits measure the same bytes. They are not
//! language: Han characters and words are drawn one by one, so dictionaries find less in them than in real text, and
//! figures compare commits, not tools. `tests/bench/speed.sh` measures whole builds over real files.

use corpus::text::near::fold::Fold;
use corpus::text::near::shingle::{Shingler, Unit};
use corpus::text::near::simhash::Fingerprinter;
use corpus::text::near::sketch::Sketcher;
use corpus::text::overlap::Size;
use corpus::text::overlap::set::{Builder, Set};
use corpus::text::{classes, convert, html, language, lines, normalize, script, substrings, wikitext, words};
use divan::counter::BytesCount;
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

/// Documents of a run, and bytes of each, about: a megabyte in all.
const DOCUMENTS: usize = 256;
const BYTES: usize = 4096;

/// Common characters, as many lines as there are kinds of text below need.
const HAN: &str = "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经";
const TRADITIONAL: &str =
    "這國們來時對會發動產種後學經點當沒還樣開關於與從長問機電話車門書見現場號應實頭廣東報認識讓論調談請謝";
const ENGLISH: [&str; 24] = [
    "river", "the", "of", "bridge", "stone", "was", "built", "in", "and", "mended", "by", "people", "who", "lived",
    "near", "it", "for", "many", "years", "a", "Their", "names", "are", "unknown",
];

fn pick<T: Copy>(random: &mut fastrand::Rng, of: &[T]) -> T {
    of[random.usize(..of.len())]
}

/// Sentences of 8 to 30 characters, three to a line.
fn han(seed: u64, characters: &str) -> Vec<String> {
    let characters: Vec<char> = characters.chars().collect();
    documents(seed, &|random, text| {
        for _ in 0..random.usize(8..30) {
            text.push(pick(random, &characters));
        }
        text.push(pick(random, &['，', '。', '。', '！', '？']));
    })
}

fn english(seed: u64) -> Vec<String> {
    documents(seed, &|random, text| {
        for _ in 0..random.usize(5..20) {
            text.push_str(pick(random, &ENGLISH));
            text.push(' ');
        }
        text.pop();
        text.push_str(". ");
    })
}

fn documents(seed: u64, sentence: &dyn Fn(&mut fastrand::Rng, &mut String)) -> Vec<String> {
    let mut random = fastrand::Rng::with_seed(seed);
    let document = |_| {
        let (mut text, mut sentences) = (String::with_capacity(BYTES + 128), 0);
        while text.len() < BYTES {
            sentence(&mut random, &mut text);
            sentences += 1;
            if sentences % 3 == 0 {
                text.push('\n');
            }
        }
        text
    };
    (0..DOCUMENTS).map(document).collect()
}

/// The kinds of text that kernels are measured on.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Simplified,
    Traditional,
    English,
}

const KINDS: [Kind; 3] = [Kind::Simplified, Kind::Traditional, Kind::English];

fn texts(kind: Kind) -> Vec<String> {
    match kind {
        Kind::Simplified => han(1, HAN),
        Kind::Traditional => han(2, TRADITIONAL),
        Kind::English => english(3),
    }
}

/// Runs a kernel over all documents, and counts their bytes.
fn over<T>(bencher: Bencher, texts: &[String], mut kernel: impl FnMut(&str) -> T) {
    let bytes: usize = texts.iter().map(String::len).sum();
    bencher.counter(BytesCount::new(bytes)).bench_local(|| {
        for text in texts {
            black_box(kernel(black_box(text)));
        }
    });
}

#[divan::bench(args = KINDS)]
fn character_classes(bencher: Bencher, kind: Kind) {
    over(bencher, &texts(kind), classes::Counts::of);
}

#[divan::bench(args = KINDS)]
fn language_and_script(bencher: Bencher, kind: Kind) {
    over(bencher, &texts(kind), |text| script::judge(&[text]));
}

/// Text that is normal already: borrowed as it is.
#[divan::bench(args = KINDS)]
fn normalize_nothing(bencher: Bencher, kind: Kind) {
    over(bencher, &texts(kind), |text| normalize::normalize(text).len());
}

/// Full-width letters and digits in every sentence.
#[divan::bench]
fn normalize_widths(bencher: Bencher) {
    let texts: Vec<String> = han(4, HAN).iter().map(|text| text.replace('的', "Ａ１")).collect();
    over(bencher, &texts, |text| normalize::normalize(text).len());
}

#[divan::bench(args = ["s2t", "s2twp", "t2s"])]
fn convert_script(bencher: Bencher, mode: &str) {
    let texts = texts(if mode == "t2s" { Kind::Traditional } else { Kind::Simplified });
    let converter = convert::mode(mode).expect("one of the modes");
    over(bencher, &texts, |text| converter.convert(text).len());
}

#[divan::bench(args = KINDS)]
fn word_count(bencher: Bencher, kind: Kind) {
    over(bencher, &texts(kind), words::count);
}

#[divan::bench(args = KINDS)]
fn words_each(bencher: Bencher, kind: Kind) {
    over(bencher, &texts(kind), |text| {
        let mut bytes = 0;
        words::each(text, |word| bytes += word.len());
        bytes
    });
}

/// The same words by the crate that ours are held against.
#[divan::bench(args = [Kind::Simplified, Kind::Traditional])]
fn words_each_by_jieba_rs(bencher: Bencher, kind: Kind) {
    let jieba = jieba_rs::Jieba::new();
    let table = classes::table();
    over(bencher, &texts(kind), |text| {
        let tokens = jieba.cut(text, true).into_iter();
        tokens.filter(|t| t.word.starts_with(|c| classes::is_han(table.get(c)))).map(|t| t.word.len()).sum::<usize>()
    });
}

#[divan::bench(args = KINDS)]
fn lines_of_text(bencher: Bencher, kind: Kind) {
    over(bencher, &texts(kind), |text| {
        let mut bytes = 0;
        lines::lines(&[text], |line, _| bytes += line.len());
        bytes
    });
}

#[divan::bench(args = KINDS)]
fn near_shingles(bencher: Bencher, kind: Kind) {
    let shingler = Shingler::new(Fold::default(), 5, Unit::Chars);
    over(bencher, &texts(kind), |text| {
        let mut sum = 0_u64;
        shingler.each(&[text], |hashes| sum = sum.wrapping_add(hashes.iter().fold(0, |a, h| a ^ h)));
        sum
    });
}

#[divan::bench(args = KINDS)]
fn near_sketch(bencher: Bencher, kind: Kind) {
    let mut sketcher = Sketcher::new(Shingler::new(Fold::default(), 5, Unit::Chars));
    over(bencher, &texts(kind), move |text| sketcher.sketch(&[text]));
}

#[divan::bench(args = KINDS)]
fn near_simhash(bencher: Bencher, kind: Kind) {
    let mut fingerprinter = Fingerprinter::new(Shingler::new(Fold::default(), 5, Unit::Chars));
    over(bencher, &texts(kind), move |text| fingerprinter.fingerprint(&[text]));
}

/// The anchors of windows of 200 bytes.
#[divan::bench(args = KINDS)]
fn substring_anchors(bencher: Bencher, kind: Kind) {
    let mut anchors = substrings::Anchors::new(200);
    over(bencher, &texts(kind), move |text| {
        let mut found = 0_u64;
        anchors.each(text, |hash, _| found ^= hash);
        found
    });
}

/// An evaluation set of 1,000 questions, of which a document of sixteen holds one.
#[divan::bench(args = KINDS)]
fn decontaminate_search(bencher: Bencher, kind: Kind) {
    let mut texts = texts(kind);
    let questions: Vec<String> = texts.iter().flat_map(|t| t.lines().map(str::to_owned)).take(1000).collect();
    let mut builder = Builder::new(Size { words: 13, chars: 18 });
    for (row, question) in questions.iter().enumerate() {
        builder.add(0, row as u32, &[&question.chars().rev().collect::<String>()]);
    }
    for text in texts.iter_mut().step_by(16) {
        text.push_str(&questions[0].chars().rev().collect::<String>());
    }
    let set: Set = builder.finish(u32::MAX);
    let mut grams = set.grams();
    over(bencher, &texts, |text| set.search(&mut grams, &[text], 0.8).is_some());
}

/// A page of sentences with links, bold words, templates, references and a heading every three lines.
#[divan::bench]
fn wikitext_page(bencher: Bencher) {
    let page = |text: &String| {
        let marked = text.replace('，', "，[[河流|青石河]]").replace('！', "'''桥'''{{lang|en|bridge}}。");
        marked.replace('？', "<ref name=\"a\">{{cite web|title=桥}}</ref>。\n\n== 桥梁 ==\n")
    };
    let pages: Vec<String> = han(5, HAN).iter().map(page).collect();
    over(bencher, &pages, |text| wikitext::plain(text, &wikitext::Options::default()).len());
}

/// An answer as the page of a chat shows it.
#[divan::bench]
fn html_of_a_chat(bencher: Bencher) {
    let page = |text: &String| {
        let paragraphs = text.lines().map(|line| format!("<p>{line}<strong>桥</strong></p>"));
        format!("<div class=\"markdown prose\">{}<ul><li>一</li><li>二</li></ul></div>", paragraphs.collect::<String>())
    };
    let pages: Vec<String> = han(6, HAN).iter().map(page).collect();
    over(bencher, &pages, |text| html::markdown(text).len());
}

/// Codes as data sets write them.
#[divan::bench]
fn language_codes(bencher: Bencher) {
    let codes: Vec<String> = ["zh", "zh-Hans-CN", "eng", "ENG_Latn", "cmn"].map(str::to_owned).into();
    over(bencher, &codes, language::code);
}
