//! Sources mixed and shuffled: shares, copies, order; and the same bytes however a build runs.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::harness::{Built, Scratch, document, json_lines};

/// Rows of a source without ids of their own.
fn plain(rows: std::ops::Range<u64>) -> String {
    rows.map(|i| format!("{}\n", serde_json::json!({"text": document(i)}))).collect()
}

const SHUFFLED: &str = r#"
name = "shuffled"
[[source]]
name = "a"
path = ["a/*.jsonl"]
use = "pretrain"
[[source]]
name = "b"
path = ["b.jsonl"]
use = "pretrain"
[[source]]
name = "chat"
path = ["chat.jsonl"]
[[stage]]
run = "keep"
chars = { min = 60 }
[[stage]]
run = "exact_dedup"
[[stage]]
run = "shuffle"
seed = 5
[output]
shard = "200KiB"
signals = ["chars"]
"#;

fn shuffled() -> Scratch {
    let scratch = Scratch::new();
    scratch.write("a/a.jsonl", json_lines(6_000));
    scratch.write("b.jsonl", plain(20_000..23_000));
    let turns = |i: u64| serde_json::json!([{"role": "user", "content": document(i)}, {"role": "assistant", "content": document(i + 1)}]);
    let chat: String =
        (0..500).map(|i| format!("{}\n", serde_json::json!({"messages": turns(i), "topic": i % 7}))).collect();
    scratch.write("chat.jsonl", chat);
    scratch.write("recipe.toml", SHUFFLED);
    scratch
}

#[test]
fn a_shuffle_moves_every_row_and_loses_none() {
    let scratch = shuffled();
    let built = scratch.build("shuffled", &[]);
    built.check_accounts();
    scratch.write("recipe.toml", SHUFFLED.replace("[[stage]]\nrun = \"shuffle\"\nseed = 5\n", ""));
    let ordered = scratch.build("ordered", &[]);
    for (usage, content) in [("pretrain", "text"), ("instruct", "id")] {
        let rows = |b: &Built| -> Vec<(String, String, String)> {
            let kind = format!("data/{usage}");
            let (ids, sources, texts) = (b.column(&kind, "id"), b.column(&kind, "source"), b.column(&kind, content));
            ids.into_iter().zip(sources).zip(texts).map(|((i, s), t)| (i, s, t)).collect()
        };
        let (mut mixed, mut as_read) = (rows(&built), rows(&ordered));
        assert_ne!(mixed, as_read);
        // No order of the sources is left: neighbours are of two sources as often as chance has it, and a row's place
        // says nothing of the place it had.
        if usage == "pretrain" {
            let share = as_read.iter().filter(|r| r.1 == "b").count() as f64 / as_read.len() as f64;
            let expected = 2.0 * share * (1.0 - share);
            let changes = mixed.windows(2).filter(|w| w[0].1 != w[1].1).count() as f64 / (mixed.len() - 1) as f64;
            assert!((changes - expected).abs() < 0.02, "{changes} {expected}");
        }
        let place: BTreeMap<&str, usize> = as_read.iter().enumerate().map(|(at, r)| (r.0.as_str(), at)).collect();
        let places: Vec<f64> = mixed.iter().map(|r| place[r.0.as_str()] as f64).collect();
        let n = places.len() as f64;
        let mean = (n - 1.0) / 2.0;
        let covariance: f64 = places.iter().enumerate().map(|(at, p)| (at as f64 - mean) * (p - mean)).sum();
        let correlation = covariance / (n * (n * n - 1.0) / 12.0);
        assert!(correlation.abs() < 0.15, "{correlation}");
        mixed.sort();
        as_read.sort();
        assert_eq!(mixed, as_read);
    }
    let dropped = |b: &Built| b.column("dropped/pretrain", "id");
    assert_eq!(dropped(&built), dropped(&ordered), "only what is kept is shuffled");
    // Another seed, another order of the same rows.
    scratch.write("recipe.toml", SHUFFLED);
    let other = scratch.build("other", &["--set", "shuffle.seed=6"]);
    let (mut one, mut two) = (built.column("data/pretrain", "id"), other.column("data/pretrain", "id"));
    assert_ne!(one, two);
    one.sort();
    two.sort();
    assert_eq!(one, two);
}

#[test]
fn a_shuffle_depends_on_rows_and_seed_alone() {
    let scratch = shuffled();
    let one = scratch.build("one", &["--threads", "1"]).bytes();
    assert!(one.keys().filter(|k| k.starts_with("data/pretrain")).count() >= 3, "{:?}", one.keys());
    for (out, more) in [
        ("two", ["--threads", "2", "--unit", "64KiB"]),
        ("four", ["--threads", "4", "--unit", "1MiB"]),
        ("little", ["--memory", "64MiB", "--unit", "256KiB"]),
    ] {
        assert!(one == scratch.build(out, &more).bytes(), "{more:?} changed the bytes");
    }
    let lines = json_lines(6_000);
    std::fs::remove_file(scratch.path("a/a.jsonl")).unwrap();
    let all: Vec<&str> = lines.split_inclusive('\n').collect();
    for (i, part) in all.chunks(1_111).enumerate() {
        scratch.write(&format!("a/part-{i}.jsonl"), part.concat());
    }
    assert!(one == scratch.build("split", &["--unit", "100KiB"]).bytes(), "splitting the input changed the bytes");
}

#[test]
fn some_uses_are_shuffled_and_others_not() {
    let scratch = shuffled();
    scratch.write("recipe.toml", SHUFFLED.replace("seed = 5", "only = { use = [\"instruct\"] }"));
    let built = scratch.build("out", &[]);
    built.check_accounts();
    let sources = built.column("data/pretrain", "source");
    assert!(sources.is_sorted(), "pretrain rows keep their order");
    assert_ne!(built.column("data/instruct", "id")[..3], ["chat:0", "chat:1", "chat:2"]);
}

/// The build is killed while it shuffles, again and again; parts that were done are not done again.
#[test]
fn a_kill_in_the_shuffle_costs_a_part() {
    let scratch = shuffled();
    let recipe = SHUFFLED.replace("200KiB", "24KiB");
    scratch.write("recipe.toml", &recipe);
    let more = ["--threads", "2", "--quiet"];
    let calm = scratch.build("calm", &more);
    let log = |out: &str| std::fs::read_to_string(scratch.path(out).join(".work/units.log")).unwrap_or_default();
    let count = |out: &str, what: &str| log(out).lines().filter(|l| l.starts_with(what)).count();
    let parts = count("calm", "done shuffle ");
    assert!(parts > 50, "{parts} parts");
    let mut kills = 0;
    for kill in 0..6 {
        let mut child = scratch
            .command(&[&["build", "--recipe", "recipe.toml", "--out", "killed"], &more[..]].concat())
            .spawn()
            .unwrap();
        let enough = 1 + kill * parts / 8;
        while child.try_wait().unwrap().is_none() {
            if count("killed", "start shuffle ") > enough {
                child.kill().unwrap();
                kills += 1;
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        child.wait().unwrap();
    }
    assert!(kills >= 2, "the build was killed {kills} times while it shuffled");
    let built = scratch.build("killed", &more);
    assert!(calm.bytes() == built.bytes());
    assert!(count("killed", "done shuffle ") <= parts, "a part was done twice");
    let again = count("killed", "start shuffle ") - parts;
    println!("{parts} parts, {kills} kills, {again} parts started again");
    assert!(again <= 2 * kills, "{again} parts were started again in {kills} kills");
    assert_eq!(count("killed", "start apply "), count("calm", "start apply "), "apply was done already");
}

#[test]
fn a_shuffle_comes_last_and_once() {
    let scratch = shuffled();
    let problem = |stages: &str| {
        let recipe = format!("name='p'\n[[source]]\nname='b'\npath=['b.jsonl']\nuse='pretrain'\n{stages}");
        scratch.write("recipe.toml", recipe);
        let run = scratch.corpus(&["check", "recipe.toml"]);
        assert_eq!(run.code(), 1, "{}", run.stderr());
        run.stderr() + &run.stdout()
    };
    let shuffle = "[[stage]]\nrun='shuffle'\n";
    let text = problem(&format!("{shuffle}[[stage]]\nrun='exact_dedup'\n"));
    assert!(text.contains("`shuffle` does not come last"), "{text}");
    let text = problem(&format!("{shuffle}{shuffle}"));
    assert!(text.contains("`shuffle_2` shuffles the rows that `shuffle` shuffles"), "{text}");
    let text = problem(&format!("{shuffle}only={{source=['b']}}\n"));
    assert!(text.contains("is for some rows only"), "{text}");
}
