//! `near_dedup`: what goes is similar to what stays, nothing similar stays, and nothing but rows and options decides.

use std::collections::{BTreeMap, HashSet};

use crate::harness::{Built, Scratch, contains, document, same_output};

/// A small generator, the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % n
    }
}

/// `count` texts of Chinese; of every five, three are an earlier one with some characters changed.
pub fn texts(count: usize, seed: u64) -> Vec<String> {
    let mut random = Random(seed);
    let mut all: Vec<Vec<char>> = Vec::new();
    for i in 0..count {
        let fresh = i % 5 < 2 || all.is_empty();
        let mut text: Vec<char> = if fresh {
            let length = 20 + random.below(160);
            (0..length).map(|_| char::from_u32(0x4e00 + random.below(1200) as u32).unwrap()).collect()
        } else {
            all[random.below(all.len())].clone()
        };
        if !fresh {
            for _ in 0..random.below(1 + text.len() / 12) {
                let at = random.below(text.len());
                match random.below(5) {
                    0 => drop(text.remove(at)),
                    1 => text.insert(at, '改'),
                    _ => text[at] = char::from_u32(0x4e00 + random.below(1200) as u32).unwrap(),
                }
            }
        }
        all.push(text);
    }
    all.into_iter().map(String::from_iter).collect()
}

pub fn lines(texts: &[String]) -> String {
    let line = |(i, text)| format!("{}\n", serde_json::json!({"id": format!("d{i}"), "text": text}));
    texts.iter().enumerate().map(line).collect()
}

pub fn recipe(options: &str) -> String {
    format!(
        "name='near'\n[[source]]\nname='s'\npath=['docs/*.jsonl']\nuse='pretrain'\n[[stage]]\nrun='near_dedup'\n{options}\n"
    )
}

type Shingles = HashSet<[char; 5]>;

/// Sets of five characters, by the book.
fn shingles(text: &str) -> Shingles {
    text.chars().collect::<Vec<_>>().windows(5).map(|w| w.try_into().unwrap()).collect()
}

fn similarity(a: &Shingles, b: &Shingles) -> f64 {
    let common = a.intersection(b).count();
    common as f64 / (a.len() + b.len() - common) as f64
}

fn jaccard(a: &str, b: &str) -> f64 {
    similarity(&shingles(a), &shingles(b))
}

/// Dropped id: id of the row kept, and similarity; of duplicates.
pub fn drops(built: &Built) -> BTreeMap<String, (String, f64)> {
    let column = |name| built.column("dropped/pretrain", name);
    let similarity = column("similarity").into_iter().map(|s| s.parse().unwrap_or_default());
    let kept = column("kept_id").into_iter().zip(similarity);
    column("id").into_iter().zip(kept).filter(|(_, (kept, _))| !kept.is_empty()).collect()
}

#[test]
fn what_goes_is_similar_to_what_stays_and_nothing_similar_stays() {
    let texts = texts(700, 1);
    let scratch = Scratch::new();
    scratch.write("docs/a.jsonl", lines(&texts));
    scratch.write("recipe.toml", recipe(""));
    let built = scratch.build("out", &[]);
    built.check_accounts();
    let drops = drops(&built);
    let number = |id: &str| id[1..].parse::<usize>().unwrap();
    let kept: HashSet<String> = built.column("data/pretrain", "id").into_iter().collect();
    for (id, (keeper, similarity)) in &drops {
        let truth = jaccard(&texts[number(id)], &texts[number(keeper)]);
        assert!(truth >= 0.7 && (truth - similarity).abs() < 1e-12, "{id} {keeper} {truth} {similarity}");
        assert!(kept.contains(keeper) && number(keeper) < number(id));
    }
    // Greedy by the book: a row goes if any kept row before it is similar.
    let mut stay: Vec<Shingles> = Vec::new();
    let mut wrong = 0;
    for (i, text) in texts.iter().enumerate() {
        let set = shingles(text);
        let goes = stay.iter().any(|kept| similarity(kept, &set) >= 0.7);
        wrong += usize::from(goes != drops.contains_key(&format!("d{i}")));
        if !goes {
            stay.push(set);
        }
    }
    assert!(drops.len() > 150 && wrong <= 2, "{wrong} of {} rows are judged differently", drops.len());
    let words = |name| built.column("dropped/pretrain", name);
    assert!(words("reason").iter().all(|r| r == "near_duplicate") && words("limit").iter().all(|l| l == "0.7"));
    assert!(words("value").iter().all(|v| v.parse::<f64>().unwrap() >= 0.7));
}

#[test]
fn bytes_depend_on_rows_and_options_alone() {
    let scratch = Scratch::new();
    let texts = texts(30_000, 2);
    let all = lines(&texts);
    scratch.write("docs/a.jsonl", &all);
    // Cleaning before and after: what is compared is the text as the stage finds it.
    let recipe = recipe("keep='longest'\n[[stage]]\nrun='normalize'").replace(
        "[[stage]]\nrun='near_dedup'",
        "[[stage]]\nrun='normalize'\nname='first'\n[[stage]]\nrun='near_dedup'",
    );
    scratch.write("recipe.toml", recipe);
    let one = scratch.build("one", &["--threads", "1"]);
    assert!(one.reasons()["near_duplicate"] > 5_000);
    for (out, more) in [
        ("two", ["--threads", "2", "--unit", "256KiB"]),
        ("four", ["--threads", "4", "--unit", "1MiB"]),
        ("spill", ["--memory", "16MiB", "--unit", "2MiB"]),
    ] {
        same_output(&one, &scratch.build(out, &more), &format!("{more:?} changed the bytes"));
    }
    std::fs::remove_file(scratch.path("docs/a.jsonl")).unwrap();
    let all: Vec<&str> = all.split_inclusive('\n').collect();
    for (i, part) in all.chunks(7_777).enumerate() {
        scratch.write(&format!("docs/part-{i}.jsonl"), part.concat());
    }
    same_output(&one, &scratch.build("split", &[]), "splitting the input changed the bytes");
}

#[test]
fn a_chain_keeps_its_ends() {
    // Each text is the one before with one more character changed: neighbours are similar, ends are not.
    let base: Vec<char> = texts(1, 9)[0].chars().cycle().take(100).collect();
    let chain: Vec<String> =
        (0..=100).map(|n| base.iter().enumerate().map(|(i, c)| if i < n { '改' } else { *c }).collect()).collect();
    let scratch = Scratch::new();
    scratch.write("docs/a.jsonl", lines(&chain));
    scratch.write("recipe.toml", recipe(""));
    let built = scratch.build("out", &[]);
    let drops = drops(&built);
    assert!(built.total("kept") >= 3 && drops.len() > 60, "{drops:?}");
    for (id, (keeper, similarity)) in drops {
        let truth = jaccard(&chain[id[1..].parse::<usize>().unwrap()], &chain[keeper[1..].parse::<usize>().unwrap()]);
        assert!(truth >= 0.7 && (truth - similarity).abs() < 1e-12);
    }
}

#[test]
fn short_texts_are_compared_as_a_whole() {
    let scratch = Scratch::new();
    let rows = ["猫", "狗", "猫", "ＡＢ，", "ab,", "", "五个字符呢", "五个字符呀", "一二三四", "一二三四"];
    scratch.write("docs/a.jsonl", lines(&rows.map(String::from)));
    scratch.write("recipe.toml", recipe(""));
    let built = scratch.build("out", &[]);
    assert_eq!(built.column("data/pretrain", "text"), ["猫", "狗", "ＡＢ，", "五个字符呢", "五个字符呀", "一二三四"]);
    assert_eq!(built.column("dropped/pretrain", "kept_id"), ["d0", "d3", "", "d8"]);
    assert_eq!(built.reasons()["empty"], 1);
}

#[test]
fn the_stated_row_stays() {
    let base = document(3);
    let rows = [
        ("a", base.clone(), "2023-05-01"),
        ("b", format!("{base}。多一点"), "2024-01-01"),
        ("c", base.to_uppercase(), "2022-01-01"),
    ];
    let scratch = Scratch::new();
    let line = |(id, text, date): &(&str, String, &str)| {
        format!("{}\n", serde_json::json!({"id": id, "text": text, "info": {"date": date}}))
    };
    scratch.write("docs/a.jsonl", rows.iter().map(line).collect::<String>());
    let keeps = |options: &str| {
        scratch.write("recipe.toml", recipe(options));
        let _ = std::fs::remove_dir_all(scratch.path("out"));
        let built = scratch.build("out", &[]);
        assert_eq!(built.total("kept"), 1, "{options}");
        built.column("data/pretrain", "id").remove(0)
    };
    assert_eq!(keeps(""), "a");
    assert_eq!(keeps("keep='longest'"), "b");
    assert_eq!(keeps("keep='newest'\nby='info.date'"), "b");
    assert_eq!(keeps("keep='best'\nby='chars'"), "b");
    assert_eq!(keeps("verify='sketch'"), "a");
    assert_eq!(keeps("unit='words'\nshingle=3"), "a");
    scratch.write("recipe.toml", recipe("keep='best'\nby='word_count'"));
    let run = scratch.try_build("wrong", &[]);
    assert_eq!(run.code(), 1);
    assert!(run.stderr().contains("word_count") && run.stderr().contains("run = \"words\""), "{}", run.stderr());
}

#[test]
fn rows_are_compared_within_their_scope_and_by_priority() {
    let scratch = Scratch::new();
    let text = document(5);
    let near = format!("{text}！");
    scratch.write("a.jsonl", format!("{}\n", serde_json::json!({"id": "a", "text": text})));
    scratch.write("b.jsonl", format!("{}\n", serde_json::json!({"id": "b", "text": near})));
    scratch.write("c.jsonl", format!("{}\n", serde_json::json!({"instruction": near, "output": "好"})));
    let recipe = |scope: &str, priority: i64| {
        format!(
            "name='n'\n[[source]]\nname='a'\npath=['a.jsonl']\nuse='pretrain'\n[[source]]\nname='b'\npath=['b.jsonl']\n\
             use='pretrain'\npriority={priority}\n[[source]]\nname='c'\npath=['c.jsonl']\nuse='instruct'\n[[stage]]\n\
             run='near_dedup'\n{scope}\n"
        )
    };
    let kept = |scope: &str, priority: i64| {
        scratch.write("recipe.toml", recipe(scope, priority));
        let _ = std::fs::remove_dir_all(scratch.path("out"));
        let built = scratch.build("out", &[]);
        (built.column("data/pretrain", "id"), built.total("kept"))
    };
    assert_eq!(kept("", 0), (vec!["a".to_owned()], 2));
    assert_eq!(kept("", 1), (vec!["b".to_owned()], 2));
    assert_eq!(kept("scope='source'", 0).1, 3);
    assert_eq!(kept("scope='all'", 0).1, 1);
}

#[test]
fn another_threshold_reads_nothing_again() {
    let scratch = Scratch::new();
    scratch.write("docs/a.jsonl", lines(&texts(500, 4)));
    scratch.write("recipe.toml", recipe(""));
    let first = scratch.build("out", &[]);
    let log = || std::fs::read_to_string(scratch.path("out/.work/units.log")).unwrap();
    let scans = |log: &str| log.lines().filter(|l| l.starts_with("done scan ")).count();
    let before = log();
    let stricter = scratch.build("out", &["--set", "near_dedup.threshold=0.95"]);
    assert_eq!(scans(&log()), scans(&before), "the scan ran again");
    assert!(stricter.total("kept") > first.total("kept"));
    same_output(
        &stricter,
        &scratch.build("fresh", &["--set", "near_dedup.threshold=0.95"]),
        "a build that reuses the scan",
    );
    let work = scratch.path("out/.work");
    let near =
        std::fs::read_dir(work).unwrap().flatten().find(|e| e.file_name().to_string_lossy().starts_with("near-"));
    assert!(!near.unwrap().path().join("work").exists(), "files of the comparison stay behind");
}

#[test]
fn rows_tell_how_many_they_stand_for() {
    let scratch = Scratch::new();
    let base = document(9);
    scratch.write("docs/a.jsonl", lines(&[base.clone(), document(4), base.clone(), format!("{base}。")]));
    scratch.write("recipe.toml", recipe("cluster_size=true"));
    let built = scratch.build("out", &[]);
    assert_eq!(built.column("data/pretrain", "cluster_size"), ["3", "1"]);
    let small = scratch.build("small", &["--unit", "64", "--threads", "2"]);
    assert_eq!(small.column("data/pretrain", "cluster_size"), ["3", "1"]);
}

#[test]
fn clusters_are_shown_side_by_side() {
    let scratch = Scratch::new();
    let base = document(9);
    let changed = base.replacen("数据", "资料", 1);
    scratch.write("docs/a.jsonl", lines(&[base.clone(), document(4), base.clone(), changed, base]));
    scratch.write("recipe.toml", recipe(""));
    scratch.build("out", &[]);
    let shown = scratch.corpus(&["inspect", "out", "--clusters"]);
    let text = shown.stdout();
    contains(&text, &["d0 · 4 rows · similarity 0.", "⟦数据⟧", "⟦资料⟧"], &[]);
    let json: serde_json::Value =
        serde_json::from_str(&scratch.corpus(&["--format", "json", "inspect", "out", "--clusters"]).stdout()).unwrap();
    assert_eq!(
        (json["clusters"][0]["rows"].as_u64(), json["clusters"][0]["pairs"][0]["id"].as_str()),
        (Some(4), Some("d3"))
    );
    assert_eq!(scratch.corpus(&["inspect", "docs", "--clusters"]).code(), 1);
}

#[test]
fn a_kill_while_comparing_changes_nothing() {
    let scratch = Scratch::new();
    scratch.write("docs/a.jsonl", lines(&texts(12_000, 6)));
    scratch.write("recipe.toml", recipe("cluster_size=true"));
    let calm = scratch.build("calm", &[]);
    let comparing = |out: &str| {
        let jobs = std::fs::read_dir(scratch.path(&format!("{out}/.work"))).into_iter().flatten().flatten();
        jobs.into_iter().any(|job| job.path().join("work").is_dir())
    };
    for out in ["one", "two", "three"] {
        let arguments = ["build", "--recipe", "recipe.toml", "--out", out, "--quiet", "--memory", "16MiB"];
        let mut child = scratch.command(&arguments).spawn().unwrap();
        while !comparing(out) && child.try_wait().unwrap().is_none() {
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        std::thread::sleep(std::time::Duration::from_millis(60 * out.len() as u64));
        let _ = child.kill();
        child.wait().unwrap();
        same_output(&calm, &scratch.build(out, &[]), &format!("{out}, after a kill"));
        assert!(!comparing(out), "files of the comparison stay behind");
    }
}
