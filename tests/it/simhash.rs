//! `simhash_dedup`: rows whose fingerprints differ in few bits, by fingerprints made and compared one by one.

use std::collections::BTreeMap;

use corpus::stages::simhash_dedup::SimhashDedup;
use corpus::text::near::simhash::{Fingerprinter, distance};
use serde_json::json;

use crate::harness::{Built, Scratch, same_output};

/// A small generator, the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % n
    }

    fn character(&mut self) -> char {
        char::from_u32(0x4e00 + self.below(2000) as u32).unwrap()
    }
}

/// Texts of 20 to 900 characters; of every four, two are an earlier one with up to three characters changed.
fn texts(count: usize, seed: u64) -> Vec<String> {
    let mut random = Random(seed);
    let mut all: Vec<Vec<char>> = Vec::new();
    for i in 0..count {
        let mut text = match i % 4 {
            0 | 1 => (0..20 + random.below(880)).map(|_| random.character()).collect(),
            _ => all[random.below(all.len())].clone(),
        };
        if i % 4 > 1 {
            for _ in 0..random.below(4) {
                let at = random.below(text.len());
                text[at] = random.character();
            }
        }
        all.push(text);
    }
    all.into_iter().map(String::from_iter).collect()
}

fn lines(texts: &[String]) -> String {
    let line = |(i, text)| format!("{}\n", json!({"id": format!("d{i}"), "text": text}));
    texts.iter().enumerate().map(line).collect()
}

fn recipe(options: &str) -> String {
    format!(
        "name='s'\n[[source]]\nname='s'\npath=['docs/*.jsonl']\nuse='pretrain'\n[[stage]]\nrun='simhash_dedup'\n{options}\n"
    )
}

/// Dropped id: the columns that say why.
fn drops(built: &Built) -> BTreeMap<String, [String; 5]> {
    let names = ["kept_id", "similarity", "reason", "value", "limit"];
    let columns = names.map(|name| built.column("dropped/pretrain", name));
    let ids = built.column("dropped/pretrain", "id");
    ids.into_iter().enumerate().map(|(i, id)| (id, std::array::from_fn(|c| columns[c][i].clone()))).collect()
}

#[test]
fn what_goes_is_close_to_what_stays_and_nothing_close_stays() {
    let texts = texts(1_500, 1);
    let scratch = Scratch::new();
    scratch.write("docs/a.jsonl", lines(&texts));
    for within in [3, 0, 6] {
        scratch.write("recipe.toml", recipe(&format!("distance={within}")));
        let built = scratch.build("out", &[]);
        built.check_accounts();
        let drops = drops(&built);
        let mut made = Fingerprinter::new(SimhashDedup::default().shingler());
        let prints: Vec<Option<u64>> = texts.iter().map(|text| made.fingerprint(&[text])).collect();
        let mut stay: Vec<usize> = Vec::new();
        for (i, text) in texts.iter().enumerate() {
            let far = |other: &usize| match (prints[*other], prints[i]) {
                _ if texts[*other] == *text => Some(0),
                (Some(a), Some(b)) => Some(distance(a, b)).filter(|d| *d <= within),
                _ => None,
            };
            let goes = stay.iter().any(|kept| far(kept).is_some());
            let dropped = drops.get(&format!("d{i}"));
            assert_eq!(goes, dropped.is_some(), "{within}: d{i}");
            if let Some([kept, similarity, reason, value, limit]) = dropped {
                let truth = far(&kept[1..].parse().unwrap()).unwrap();
                assert_eq!(similarity.parse::<f64>().unwrap(), 1.0 - f64::from(truth) / 64.0);
                assert_eq!(
                    (reason.as_str(), value, limit),
                    ("simhash_duplicate", &truth.to_string(), &within.to_string())
                );
                assert!(stay.contains(&kept[1..].parse().unwrap()));
            } else {
                stay.push(i);
            }
        }
        assert!(drops.len() > 150, "{within}: {}", drops.len());
    }
    // Another distance reads nothing again.
    let log = std::fs::read_to_string(scratch.path("out/.work/units.log")).unwrap();
    assert_eq!(log.lines().filter(|l| l.starts_with("done scan ")).count(), 1);
}

#[test]
fn bytes_depend_on_rows_and_options_alone() {
    let scratch = Scratch::new();
    let all = lines(&texts(8_000, 2));
    scratch.write("docs/a.jsonl", &all);
    scratch.write("recipe.toml", recipe("keep='longest'\ncluster_size=true"));
    let one = scratch.build("one", &["--threads", "1"]);
    assert!(one.reasons()["simhash_duplicate"] > 1_000);
    for (out, more) in [
        ("two", ["--threads", "2", "--unit", "256KiB"]),
        ("four", ["--threads", "4", "--unit", "1MiB"]),
        ("spill", ["--memory", "16MiB", "--unit", "2MiB"]),
    ] {
        same_output(&one, &scratch.build(out, &more), &format!("{more:?} changed the bytes"));
    }
    std::fs::remove_file(scratch.path("docs/a.jsonl")).unwrap();
    let all: Vec<&str> = all.split_inclusive('\n').collect();
    for (i, part) in all.chunks(2_777).enumerate() {
        scratch.write(&format!("docs/part-{i}.jsonl"), part.concat());
    }
    same_output(&one, &scratch.build("split", &[]), "splitting the input changed the bytes");
}

#[test]
fn short_texts_are_the_same_once_folded() {
    let scratch = Scratch::new();
    let rows =
        ["ＡＢ，好", "ab,好", "ab,坏", "", "第一句话不长也不短，刚好没有指纹", "第一句话不长也不短,刚好没有指纹"];
    scratch.write("docs/a.jsonl", lines(&rows.map(String::from)));
    scratch.write("recipe.toml", recipe(""));
    let built = scratch.build("out", &[]);
    assert_eq!(built.column("data/pretrain", "id"), ["d0", "d2", "d4"]);
    let drops = drops(&built);
    assert_eq!(["d1", "d5"].map(|id| drops[id][0].as_str()), ["d0", "d4"]);
    assert_eq!(drops["d1"][1..], ["1.0", "simhash_duplicate", "0", "3"].map(String::from));
}

#[test]
fn the_stated_row_stays_and_tells_how_many_it_stands_for() {
    let scratch = Scratch::new();
    let base: String = texts(8, 3).concat();
    let line = |id: &str, text: &str, date: &str| format!("{}\n", json!({"id": id, "text": text, "date": date}));
    let rows = line("a", &base, "2023-05-01")
        + &line("b", &format!("{base}。"), "2024-01-01")
        + &line("c", &base, "2022-01-01");
    scratch.write("docs/a.jsonl", rows);
    scratch.write("other.jsonl", line("x", &base, "2021-01-01"));
    let keeps = |options: &str, priority: i64| {
        let source =
            format!("[[source]]\nname='o'\npath=['other.jsonl']\nuse='pretrain'\npriority={priority}\n[[stage]]");
        scratch.write("recipe.toml", recipe(&format!("cluster_size=true\n{options}")).replace("[[stage]]", &source));
        let _ = std::fs::remove_dir_all(scratch.path("out"));
        let built = scratch.build("out", &[]);
        let sizes = built.column("data/pretrain", "cluster_size");
        built.column("data/pretrain", "id").into_iter().zip(sizes).map(|(id, n)| id + &n).collect::<Vec<_>>()
    };
    assert_eq!(keeps("", 0), ["a4"]);
    assert_eq!(keeps("", 1), ["x4"]);
    assert_eq!(keeps("keep='longest'", 0), ["b4"]);
    assert_eq!(keeps("keep='newest'\nby='date'", 0), ["b4"]);
    assert_eq!(keeps("keep='best'\nby='chars'", 0), ["b4"]);
    assert_eq!(keeps("scope='source'", 0), ["a3", "x1"]);
    scratch.write("recipe.toml", recipe("keep='best'\nby='word_count'"));
    let run = scratch.try_build("wrong", &[]);
    run.says(1, &["run = \"words\""]);
}

/// Rows of one template fill a bucket: what is found is bounded, and of rows that are all the same one stays.
#[test]
fn a_template_is_one_row() {
    let base: String = texts(8, 5).concat();
    let rows: Vec<String> = (0..3_000).map(|i| format!("{base}{i}")).collect();
    let scratch = Scratch::new();
    scratch.write("docs/a.jsonl", lines(&rows));
    scratch.write("recipe.toml", recipe("cluster_size=true"));
    let built = scratch.build("out", &[]);
    assert_eq!((built.total("kept"), built.column("data/pretrain", "cluster_size")), (1, vec!["3000".to_owned()]));
}
