//! Sources mixed and shuffled: shares, copies, order; and the same bytes however a build runs.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::harness::{Built, Scratch, document, json_lines, same_files, same_json, same_output};

/// Rows of `data/{usage}` by source.
fn by_source(built: &Built, usage: &str) -> BTreeMap<String, u64> {
    let mut rows = BTreeMap::new();
    built.column(&format!("data/{usage}"), "source").into_iter().for_each(|s| *rows.entry(s).or_default() += 1);
    rows
}

/// Characters of `data/pretrain` by source.
fn chars_by_source(built: &Built) -> BTreeMap<String, u64> {
    let mut chars = BTreeMap::new();
    let rows = built.column("data/pretrain", "source").into_iter().zip(built.column("data/pretrain", "text"));
    rows.for_each(|(source, text)| *chars.entry(source).or_default() += text.chars().count() as u64);
    chars
}

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
        same_files(&one, &scratch.build(out, &more).bytes(), &format!("{more:?} changed the bytes"));
    }
    let lines = json_lines(6_000);
    std::fs::remove_file(scratch.path("a/a.jsonl")).unwrap();
    let all: Vec<&str> = lines.split_inclusive('\n').collect();
    for (i, part) in all.chunks(1_111).enumerate() {
        scratch.write(&format!("a/part-{i}.jsonl"), part.concat());
    }
    let split = scratch.build("split", &["--unit", "100KiB"]);
    same_files(&one, &split.bytes(), "splitting the input changed the bytes");
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
    same_output(&calm, &built, "after the kills");
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

/// Three sources of 1,000, 2,000 and 500 rows; `of` is what the recipe says of each, `more` what it says besides.
fn mixed(of: [&str; 3], more: &str) -> Scratch {
    let scratch = Scratch::new();
    let mut recipe = "name = 'mixed'\n".to_owned();
    for ((name, rows), words) in [("a", 0..1_000), ("b", 10_000..12_000), ("c", 30_000..30_500)].into_iter().zip(of) {
        scratch.write(&format!("{name}/rows.jsonl"), plain(rows));
        recipe += &format!("[[source]]\nname='{name}'\npath=['{name}/*.jsonl']\nuse='pretrain'\n{words}\n");
    }
    scratch.write("recipe.toml", recipe + more);
    scratch
}

/// Changes the recipe of a scratch folder.
fn change(scratch: &Scratch, from: &str, to: &str) {
    let recipe = std::fs::read_to_string(scratch.path("recipe.toml")).unwrap();
    assert!(recipe.contains(from), "{recipe}");
    scratch.write("recipe.toml", recipe.replace(from, to));
}

#[test]
fn weights_are_shares_of_rows() {
    let scratch = mixed(["weight = 1", "weight = 1.5", "weight = 2"], "");
    let built = scratch.build("out", &[]);
    built.check_accounts();
    // Source c is the scarce one: all of it is taken, and the others in proportion.
    assert_eq!(by_source(&built, "pretrain"), [("a".into(), 250), ("b".into(), 375), ("c".into(), 500)].into());
    assert_eq!(built.reasons(), [("not_sampled".into(), 750 + 1_625)].into());
    assert_eq!((built.total("added"), built.total("dropped")), (0, 2_375));
    assert!(built.column("dropped/pretrain", "text").iter().all(String::is_empty), "left out without text");
    assert!(built.column("dropped/pretrain", "stage").iter().all(|s| s == "mix"));
    let limits: std::collections::BTreeSet<String> = built.column("dropped/pretrain", "limit").into_iter().collect();
    assert_eq!(limits, ["0.1875".into(), "0.25".into()].into(), "how much of the source was taken");
    let stages = built.manifest["stages"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(stages, serde_json::json!({"name": "mix", "rows_in": 3_500, "rows_out": 1_125}));
    // With repeats it is another one that is scarce, and a total takes less of all.
    change(&scratch, "weight = 2", "weight = 2\nrepeat = 10");
    let built = scratch.build("more", &[]);
    built.check_accounts();
    assert_eq!(by_source(&built, "pretrain"), [("a".into(), 1_000), ("b".into(), 1_500), ("c".into(), 2_000)].into());
    assert_eq!(built.total("added"), 1_500);
    change(&scratch, "name = 'mixed'", "name = 'mixed'\n[mix]\ntotal = 100");
    let built = scratch.build("few", &[]);
    built.check_accounts();
    assert_eq!(by_source(&built, "pretrain"), [("a".into(), 22), ("b".into(), 33), ("c".into(), 44)].into());
}

#[test]
fn weights_are_shares_of_characters() {
    let scratch = mixed(["weight = 3", "weight = 2", "weight = 2\nrepeat = 5"], "[mix]\nby='chars'\n");
    let longest = (0..31_000).map(|i| document(i).chars().count()).max().unwrap() as f64;
    let built = scratch.build("out", &[]);
    built.check_accounts();
    let chars = chars_by_source(&built);
    let all: u64 = (0..1_000).map(|i| document(i).chars().count() as u64).sum();
    assert_eq!(chars["a"], all, "the scarce source is taken whole");
    for (source, weight) in [("b", 2.0), ("c", 2.0)] {
        let wanted = all as f64 / 3.0 * weight;
        assert!((chars[source] as f64 - wanted).abs() <= longest, "{source}: {} of {wanted}", chars[source]);
    }
    assert!(built.total("added") > 0, "c comes more than once");
    change(&scratch, "by='chars'", "by='chars'\ntotal=70000");
    for (source, chars) in chars_by_source(&scratch.build("few", &[])) {
        let wanted = if source == "a" { 30_000.0 } else { 20_000.0 };
        assert!(wanted - longest <= chars as f64 && chars as f64 <= wanted, "{source}: {chars} of {wanted}");
    }
}

#[test]
fn repeats_are_copies_and_a_seeded_part() {
    let scratch = mixed(["repeat = 2.5", "", "repeat = 0.1"], "[[stage]]\nrun='shuffle'\n");
    let built = scratch.build("out", &[]);
    built.check_accounts();
    assert_eq!(by_source(&built, "pretrain"), [("a".into(), 2_500), ("b".into(), 2_000), ("c".into(), 50)].into());
    assert_eq!((built.total("read"), built.total("added"), built.total("dropped")), (3_500, 1_500, 450));
    let mut ids = built.column("data/pretrain", "id");
    let texts: BTreeMap<String, String> = ids.iter().cloned().zip(built.column("data/pretrain", "text")).collect();
    let of = |ids: &[String], end: &str| ids.iter().filter(|i| i.starts_with("a:") && i.ends_with(end)).count();
    assert_eq!((of(&ids, "#2"), of(&ids, "#3")), (1_000, 500));
    assert!(texts.iter().all(|(id, text)| *text == texts[id.split('#').next().unwrap()]));
    // Copies lie apart.
    let place: BTreeMap<&str, usize> = ids.iter().enumerate().map(|(at, id)| (id.as_str(), at)).collect();
    let apart: usize =
        (0..1_000).map(|i| place[format!("a:{i}").as_str()].abs_diff(place[format!("a:{i}#2").as_str()])).sum();
    assert!(apart / 1_000 > 1_000, "{}", apart / 1_000);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 4_550, "every row has an id of its own");
    // A row that is drawn into a part of a source is spread as the others are: it does not come first.
    let sources = built.column("data/pretrain", "source");
    let early = sources[..sources.len() / 2].iter().filter(|s| *s == "c").count();
    assert!((10..40).contains(&early), "{early} of 50");
    // Another seed draws others.
    let drawn = |built: &Built| -> std::collections::BTreeSet<String> {
        built.column("data/pretrain", "id").into_iter().filter(|i| i.ends_with("#3") || i.starts_with("c:")).collect()
    };
    change(&scratch, "repeat = 2.5", "repeat = 2.5\nseed = 4");
    let other = scratch.build("other", &[]);
    assert_eq!(other.total("kept"), built.total("kept"));
    let (one, two) = (drawn(&built), drawn(&other));
    let same = |source: &str| one.intersection(&two).filter(|i| i.starts_with(source)).count();
    assert!((150..350).contains(&same("a:")), "{}", same("a:"));
    assert_eq!(same("c:"), 50, "the seed is of one source");
}

#[test]
fn copies_without_a_shuffle_stand_side_by_side() {
    let scratch = mixed(["repeat = 2", "", ""], "");
    let built = scratch.build("out", &[]);
    built.check_accounts();
    assert_eq!(built.column("data/pretrain", "id")[..4], ["a:0", "a:0#2", "a:1", "a:1#2"]);
}

#[test]
fn a_mix_depends_on_rows_and_seeds_alone() {
    let more = "[mix]\nby='chars'\n[[stage]]\nrun='keep'\nchars={min=60}\n[[stage]]\nrun='exact_dedup'\n[[stage]]\nrun='shuffle'\n\
                [output]\nshard='150KiB'\n";
    let scratch = mixed(["weight=1\nseed=3", "weight=2", "weight=1\nrepeat=3.5"], more);
    // Ids of their own, some of which stand twice.
    let rows =
        (0..1_000u64).map(|i| format!("{}\n", serde_json::json!({"id": format!("x{}", i % 900), "text": document(i)})));
    let rows: Vec<String> = rows.collect();
    scratch.write("a/rows.jsonl", rows.concat());
    let one = scratch.build("one", &["--threads", "1"]);
    one.check_accounts();
    let seen = (one.total("added"), one.reasons()["not_sampled"], one.reasons()["chars_min"]);
    assert!(![seen.0, seen.1, seen.2].contains(&0), "added, not sampled, too short: {seen:?}");
    for (out, more) in [
        ("two", ["--threads", "2", "--unit", "16KiB"]),
        ("four", ["--threads", "4", "--unit", "1MiB"]),
        ("little", ["--memory", "64MiB", "--unit", "64KiB"]),
    ] {
        let built = scratch.build(out, &more);
        same_output(&one, &built, &format!("{more:?} changed the bytes"));
        for what in ["totals", "reasons", "stages", "recipe"] {
            same_json(&one.manifest[what], &built.manifest[what], &format!("{more:?} changed {what}"));
        }
    }
    std::fs::remove_file(scratch.path("a/rows.jsonl")).unwrap();
    for (i, part) in rows.chunks(111).enumerate() {
        scratch.write(&format!("a/part-{i}.jsonl"), part.concat());
    }
    let split = scratch.build("split", &["--unit", "20KiB"]);
    split.check_accounts();
    same_output(&one, &split, "splitting the input changed the bytes");
}

/// Weight and repeat of a card hold for all its parts together.
#[test]
fn parts_of_a_card_share_its_weight() {
    let scratch = mixed(["weight = 1", "weight = 1", "weight = 1\nrepeat = 2"], "[[source]]\ncard='mine'\nweight=1\n");
    scratch.write(
        "cards/mine.toml",
        "name = 'mine'\ntitle = { en = 'Mine', zh = '自有' }\nabout = { en = 'Rows', zh = '数据' }\nbest = 'pretrain'\n\
         why = { en = 'Ours', zh = '自有' }\nlanguages = ['zh']\nhomepage = 'https://example.org/mine'\n\
         license = [{ name = 'MIT', kind = 'open', says = 'we do' }]\n[[part]]\nname = 'long'\nnames = ['long.jsonl']\n\
         [[part]]\nname = 'short'\nnames = ['short.jsonl']\n[[way]]\nfrom = 'hand'\nfiles = { long = [], short = [] }\n\
         how = { en = 'Ask', zh = '问' }\n",
    );
    let (long, short) = (plain(50_000..50_300), plain(60_000..60_100));
    scratch.store("mine", "hand", "-", &[("long", "long.jsonl", long), ("short", "short.jsonl", short)]);
    let with = |arguments: &[&str]| {
        let done = scratch.command(arguments).env("CORPUS_CARDS", "cards").output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    with(&["build", "--recipe", "recipe.toml", "--out", "out", "--offline"]);
    let built = scratch.built("out");
    built.check_accounts();
    assert_eq!(by_source(&built, "pretrain"), ["a", "b", "c", "mine"].map(|s| (s.to_owned(), 400)).into());
    change(&scratch, "weight=1\n", "weight=1\n[mix]\ntotal=800\n");
    with(&["build", "--recipe", "recipe.toml", "--out", "out", "--offline"]);
    let built = scratch.built("out");
    built.check_accounts();
    assert_eq!(by_source(&built, "pretrain")["mine"], 200);
    let ids = built.column("data/pretrain", "id");
    let long = ids.iter().filter(|i| i.starts_with("mine/long:")).count();
    assert!((130..170).contains(&long), "{long} of 200 out of the part that has three quarters");
}

#[test]
fn mistakes_in_a_mix_are_told() {
    let refusal = |of: [&str; 3], more: &str| {
        let scratch = mixed(of, more);
        let run = scratch.try_build("out", &[]);
        assert_eq!(run.code(), 1, "{}", run.stderr());
        run.stderr()
    };
    for (of, more, said) in [
        (["", "", ""], "[mix]\nby='tokens'\n", "no stage counts the tokens of every row"),
        (["", "", ""], "[mix]\nby='row'\n", "did you mean `rows`?"),
        (["weight=1", "", "weight=1"], "", "the source has no `weight`, but others have"),
        (["weight=0", "weight=1", "weight=1"], "", "`weight` should be over 0"),
        (["seed=1", "", ""], "", "nothing is drawn from this source"),
        (["repeat=2", "", ""], "[[stage]]\nrun='keep'\nname='mix'\nchars={min=1}\n", "a stage is called `mix`"),
        (
            ["weight=1", "weight=1", "weight=1"],
            "[mix]\ntotal=3000\n",
            "takes 1000 rows of source `c`, which has 500: 2.00 times as much, but it repeats at most 1 times",
        ),
        (
            ["weight=1", "weight=1", "weight=1"],
            "[[stage]]\nrun='keep'\nonly={source=['b']}\nchars={min=5000}\n",
            "no row of source `b` is left to be mixed",
        ),
    ] {
        let text = refusal(of, more);
        assert!(text.contains(said), "not said: {said}\n{text}");
    }
}

/// Another share reads nothing again; `plan` knows what a mix and a shuffle do, and what they find done.
#[test]
fn plans_know_of_the_mix() {
    let scratch = mixed(["weight = 1", "weight = 1.5", "weight = 2"], "[[stage]]\nrun='shuffle'\n");
    let plan = || -> serde_json::Value {
        let run = scratch.corpus(&["plan", "--recipe", "recipe.toml", "--out", "out", "--format", "json"]);
        assert_eq!(run.code(), 0, "{}", run.stderr());
        serde_json::from_str(&run.stdout()).unwrap()
    };
    let states = |plan: &serde_json::Value| -> Vec<(String, String)> {
        let jobs = plan["jobs"].as_array().unwrap();
        let word = |j: &serde_json::Value, key: &str| j[key].as_str().unwrap().to_owned();
        jobs.iter().map(|j| (word(j, "name"), word(j, "state"))).collect()
    };
    let before = plan();
    assert_eq!(
        states(&before).into_iter().map(|j| j.0).collect::<Vec<_>>(),
        ["scan", "judge", "mix", "apply", "shuffle"]
    );
    let kept = before["estimate"]["kept"].as_u64().unwrap();
    assert!((1_060..1_190).contains(&kept), "{kept} of 1125");
    scratch.build("out", &["--keep-work"]);
    let log = || std::fs::read_to_string(scratch.path("out/.work/units.log")).unwrap();
    let scans = log().lines().filter(|l| l.starts_with("done scan ")).count();
    change(&scratch, "weight = 1.5", "weight = 1");
    let run = |name: &str| (name.to_owned(), "run".to_owned());
    let reuse = |name: &str| (name.to_owned(), "reuse".to_owned());
    assert_eq!(states(&plan()), [reuse("scan"), reuse("judge"), run("mix"), run("apply"), run("shuffle")]);
    let built = scratch.build("out", &[]);
    assert_eq!(by_source(&built, "pretrain"), [("a".into(), 250), ("b".into(), 250), ("c".into(), 500)].into());
    assert_eq!(log().lines().filter(|l| l.starts_with("done scan ")).count(), scans, "the scan ran again");
}
