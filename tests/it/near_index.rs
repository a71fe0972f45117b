//! `near_dedup` against the indexes of earlier builds: batches in a row drop what one build over all of them drops.

use std::collections::BTreeMap;
use std::fs;

use crate::harness::{Built, Scratch, document, same_files, same_items};
use crate::near::{drops, lines, recipe, texts};

const BATCHES: usize = 10;

/// Texts of which most are copies of earlier ones, a chain, texts shorter than a shingle, and the same texts again.
fn corpus(count: usize, seed: u64) -> Vec<String> {
    let mut all = texts(count, seed);
    let base: Vec<char> = texts(1, seed + 1)[0].chars().cycle().take(100).collect();
    let link = |n: usize| base.iter().enumerate().map(|(i, c)| if i < n { '改' } else { *c }).collect::<String>();
    for n in 0..=100 {
        let at = (n * 7919) % all.len();
        all.insert(at, link(n));
        all.insert((n * 104_729) % all.len(), ["猫", "狗", "ＡＢ，", "ab,", ""][n % 5].into());
        let again = all[(n * 31) % all.len()].clone();
        all.insert((n * 15_485_863) % all.len(), again);
    }
    all
}

/// Writes the batch recipe for batch `n`.
fn batch(scratch: &Scratch, n: usize, options: &str) {
    let against: Vec<String> = (0..n).map(|n| format!("'builds/day-{n}'")).collect();
    let options = format!("{options}\nindex=true\nagainst=[{}]", against.join(","));
    scratch.write("recipe.toml", recipe(&options).replace("docs/*.jsonl", &format!("docs/{n}.jsonl")));
}

/// Builds all batches one after another.
fn batches(scratch: &Scratch, options: &str, more: &[&str]) -> Vec<Built> {
    let _ = fs::remove_dir_all(scratch.path("builds"));
    let build = |n| {
        batch(scratch, n, options);
        scratch.build(&format!("builds/day-{n}"), more)
    };
    (0..BATCHES).map(build).collect()
}

/// An id of an earlier build without the name of the build.
fn plain(id: &str) -> String {
    id.rsplit('#').next().unwrap_or(id).to_owned()
}

#[test]
fn batches_drop_what_one_build_drops() {
    let scratch = Scratch::new();
    let all = lines(&corpus(3_000, 1));
    let all: Vec<&str> = all.split_inclusive('\n').collect();
    for (n, part) in all.chunks(all.len().div_ceil(BATCHES)).enumerate() {
        scratch.write(&format!("docs/{n}.jsonl"), part.concat());
    }
    for options in ["verify='sketch'", "verify='sketch'\nthreshold=0.6\nscope='all'\nrecall=0.9"] {
        scratch.write("recipe.toml", recipe(options));
        let _ = fs::remove_dir_all(scratch.path("whole"));
        let whole = scratch.build("whole", &[]);
        let days = batches(&scratch, options, &[]);
        let kept = |built: &Built| built.column("data/pretrain", "id");
        assert_eq!(days.iter().flat_map(kept).collect::<Vec<_>>(), kept(&whole));
        let mut drops_by_id = BTreeMap::new();
        let mut earlier = 0;
        for day in &days {
            day.check_accounts();
            for (id, (kept, similarity)) in drops(day) {
                earlier += usize::from(kept.contains('#'));
                drops_by_id.insert(id, (plain(&kept), similarity));
            }
        }
        assert_eq!(drops_by_id, drops(&whole));
        assert!(
            earlier > 800 && drops_by_id.len() > earlier + 100,
            "{earlier} of {} drops across batches",
            drops_by_id.len()
        );
    }
}

/// Rows without ids of their own; arrays on disk; another number of threads; another size of units.
#[test]
fn memory_and_threads_do_not_show_in_an_index() {
    let scratch = Scratch::new();
    let row = |text: &String| format!("{}\n", serde_json::json!({"text": text}));
    let (first, second): (Vec<String>, Vec<String>) = {
        let all = texts(40_000, 3);
        (all[..22_000].iter().map(row).collect(), all[22_000..].iter().map(row).collect())
    };
    scratch.write("docs/0.jsonl", first.concat());
    scratch.write("docs/1.jsonl", second.concat());
    scratch.write("recipe.toml", recipe("verify='sketch'"));
    let whole = scratch.build("whole", &[]);
    let mut seen = Vec::new();
    for (more, small) in [(["--threads", "2"], [""; 2]), (["--memory", "16MiB"], ["--unit", "256KiB"])] {
        let more: Vec<&str> = more.into_iter().chain(small).filter(|o| !o.is_empty()).collect();
        let _ = fs::remove_dir_all(scratch.path("builds"));
        batch(&scratch, 0, "verify='sketch'");
        scratch.build("builds/day-0", &more);
        batch(&scratch, 1, "verify='sketch'");
        let day = scratch.build("builds/day-1", &more);
        let mut files = day.bytes();
        for day in ["day-0", "day-1"] {
            let index = format!("builds/{day}/index/near_dedup.parquet");
            files.insert(index.clone(), fs::read(scratch.path(&index)).unwrap());
        }
        seen.push(files);
        same_files(&seen[0], &seen[seen.len() - 1], &format!("{more:?} changed the bytes"));
        // Ordinals of the second batch begin anew.
        let moved = |id: &str| format!("s:{}", id[2..].parse::<usize>().unwrap() + 22_000);
        let drops_by_id: BTreeMap<String, (String, f64)> = drops(&day)
            .into_iter()
            .map(|(id, (kept, s))| {
                (moved(&id), (kept.strip_prefix("day-0#").map_or_else(|| moved(&kept), str::to_owned), s))
            })
            .collect();
        let expected: BTreeMap<String, (String, f64)> =
            drops(&whole).into_iter().filter(|(id, _)| id[2..].parse::<usize>().unwrap() >= 22_000).collect();
        assert!(drops_by_id.len() > 5_000, "{} rows", drops_by_id.len());
        same_items(&Vec::from_iter(drops_by_id), &Vec::from_iter(expected), "two days, and both at once");
    }
}

#[test]
fn texts_of_the_batch_are_compared_by_themselves() {
    let scratch = Scratch::new();
    let all = corpus(1_000, 5);
    let half = all.len() / 2;
    scratch.write("docs/0.jsonl", lines(&all[..half]));
    batch(&scratch, 0, "");
    scratch.build("builds/day-0", &[]);
    let line = |(i, text): (usize, &String)| {
        format!("{}\n", serde_json::json!({"id": format!("d{}", i + half), "text": text}))
    };
    scratch.write("docs/1.jsonl", all[half..].iter().enumerate().map(line).collect::<String>());
    batch(&scratch, 1, "cluster_size=true");
    let day = scratch.build("builds/day-1", &[]);
    let number = |id: &str| plain(id)[1..].parse::<usize>().unwrap();
    let set = |id: &str| -> std::collections::HashSet<[char; 5]> {
        all[number(id)].chars().collect::<Vec<_>>().windows(5).map(|w| w.try_into().unwrap()).collect()
    };
    let (mut within, mut across, mut standing) = (0, 0, 0);
    for (id, (kept, similarity)) in drops(&day).into_iter() {
        let (a, b) = (set(&id), set(&kept));
        if a.is_empty() {
            continue;
        }
        let common = a.intersection(&b).count();
        let truth = common as f64 / (a.len() + b.len() - common) as f64;
        if kept.starts_with("day-0#") {
            across += 1;
            assert!((truth - similarity).abs() < 0.2, "{id} {kept} {truth} {similarity}");
        } else {
            within += 1;
            // A copy has the similarity of the row with the same text, which may stand before it.
            assert!(truth >= 0.7 && (truth - similarity).abs() < 1e-12, "{id} {kept} {truth} {similarity}");
        }
        standing += usize::from(!kept.contains('#'));
    }
    assert!(within > 30 && across > 150, "{within} {across}");
    let sizes: usize = day.column("data/pretrain", "cluster_size").iter().map(|n| n.parse::<usize>().unwrap()).sum();
    let short = drops(&day).iter().filter(|(id, (kept, _))| !kept.contains('#') && set(id).is_empty()).count();
    assert_eq!(sizes, day.total("kept") as usize + standing + short);
}

#[test]
fn other_rules_tell_what_they_would_replace() {
    let scratch = Scratch::new();
    let base = document(3);
    let row = |id: &str, text: &str, date: &str| {
        format!("{}\n", serde_json::json!({"id": id, "text": text, "info": {"date": date}}))
    };
    let other = document(4);
    scratch.write("docs/0.jsonl", row("a", &base, "2023-05-01") + &row("b", &other, "2023-05-01"));
    scratch.write("docs/1.jsonl", row("c", &format!("{base}。多一点"), "2022-01-01") + &row("d", &other, "2024-01-01"));
    let replaced = |options: &str, first: &str| {
        let _ = fs::remove_dir_all(scratch.path("builds"));
        batch(&scratch, 0, first);
        scratch.build("builds/day-0", &[]);
        batch(&scratch, 1, options);
        let run = scratch.try_build("builds/day-1", &[]);
        assert_eq!(run.code(), 0, "{}", run.stderr());
        let day = scratch.built("builds/day-1");
        assert_eq!(
            (day.total("kept"), day.column("dropped/pretrain", "kept_id")),
            (0, vec!["day-0#a".into(), "day-0#b".into()])
        );
        let rows = ["reason", "value", "limit"].map(|name| day.column("dropped/pretrain", name));
        let found =
            (0..2).filter(|r| rows[0][*r] == "would_replace").map(|r| (r, rows[1][r].clone(), rows[2][r].clone()));
        let found: Vec<_> = found.collect();
        assert_eq!(day.reasons().get("would_replace").copied().unwrap_or(0), found.len() as u64);
        (found, run.stderr())
    };
    let bytes = |text: &str| text.len().to_string();
    let longest = replaced("keep='longest'", "keep='longest'");
    assert_eq!(longest.0, [(0, bytes(&format!("{base}。多一点")), bytes(&base))]);
    assert!(longest.1.contains("1 of which would replace a published row"), "{}", longest.1);
    let newest = "keep='newest'\nby='info.date'";
    assert_eq!(replaced(newest, newest).0, [(1, "20240101000000".into(), "20230501000000".into())]);
    let best = "keep='best'\nby='chars'";
    assert_eq!(replaced(best, best).0.len(), 1);
    assert!(replaced("", "").0.is_empty());
    let unknown = replaced("keep='longest'", "");
    assert!(
        unknown.0.is_empty() && unknown.1.contains("not told what would replace rows of builds/day-0"),
        "{}",
        unknown.1
    );
    // A source that is preferred.
    let options = "index=true\nagainst=['builds/day-0']";
    let preferred = recipe(options).replace("use='pretrain'", "use='pretrain'\npriority=2").replace("docs/*", "docs/1");
    scratch.write("recipe.toml", preferred);
    let built = scratch.build("preferred", &[]);
    assert_eq!(built.column("dropped/pretrain", "value"), ["priority 2"; 2]);
    assert_eq!(built.column("dropped/pretrain", "limit"), ["priority 0"; 2]);
}

#[test]
fn another_index_is_another_build() {
    let scratch = Scratch::new();
    let text = document(3);
    let row = |id: &str, text: &str| format!("{}\n", serde_json::json!({"id": id, "text": text}));
    scratch.write("docs/0.jsonl", row("a", &text));
    scratch.write("docs/1.jsonl", row("b", &format!("{text}！")) + &row("c", &document(5)));
    batch(&scratch, 0, "");
    scratch.build("builds/day-0", &[]);
    batch(&scratch, 1, "");
    let first = scratch.build("builds/day-1", &[]);
    assert_eq!(first.column("data/pretrain", "id"), ["c"]);
    let line = &first.manifest["indexes"][0];
    assert_eq!(
        (line["path"].as_str(), line["against"][0]["path"].as_str()),
        (Some("index/near_dedup.parquet"), Some("builds/day-0"))
    );
    let shown = scratch.corpus(&["inspect", "builds/day-1", "--clusters"]);
    assert!(shown.stdout().contains("day-0#a") && shown.stdout().contains("earlier build"), "{}", shown.stdout());
    // The earlier build is made again with other rows: nothing is scanned again, but all is decided again.
    let stale = first.manifest["recipe"]["fingerprint"].clone();
    scratch.write("docs/0.jsonl", row("a", &document(5)));
    batch(&scratch, 0, "");
    scratch.build("builds/day-0", &[]);
    batch(&scratch, 1, "");
    let second = scratch.build("builds/day-1", &[]);
    assert_eq!(second.column("data/pretrain", "id"), ["b"]);
    assert_ne!(second.manifest["recipe"]["fingerprint"], stale);
    let log = fs::read_to_string(scratch.path("builds/day-1/.work/units.log")).unwrap();
    assert_eq!(log.lines().filter(|l| l.starts_with("done scan")).count(), 1, "{log}");
    // An index is reused, put into its place again, and goes when nobody wants it.
    batch(&scratch, 1, "");
    let same = fs::read_to_string(scratch.path("recipe.toml")).unwrap();
    scratch.write("recipe.toml", same + "\n[output]\ndropped_text=0.5\n");
    scratch.build("builds/day-1", &[]);
    assert!(scratch.path("builds/day-1/index/near_dedup.parquet").is_file());
    scratch.build("builds/day-1", &["--set", "near_dedup.index=false"]);
    assert!(!scratch.path("builds/day-1/index").exists());
}

#[test]
fn wrong_indexes_say_what_to_do() {
    let scratch = Scratch::new();
    for n in 0..3 {
        scratch.write(&format!("docs/{n}.jsonl"), lines(&[document(n)]));
    }
    let built = |n: usize| {
        batch(&scratch, n, "");
        scratch.build(&format!("builds/day-{n}"), &[]);
    };
    (0..3).for_each(built);
    let said = |options: &str, out: &str| {
        scratch.write("recipe.toml", recipe(options));
        let run = scratch.try_build(out, &[]);
        assert_eq!(run.code(), 1, "{options}");
        run.stderr()
    };
    let all = "against=['builds/day-0','builds/day-1','builds/day-2']";
    for (options, parts) in [
        ("against=['builds/none']", ["builds/none", "not there", "recipe's folder"]),
        ("against=['docs']", ["no index/near_dedup.parquet", "index = true", "another name"]),
        ("against=['docs/0.jsonl']", ["0.jsonl", "no index", "index = true"]),
        (&format!("shingle=7\n{all}"), ["day-0", "shingle = 5, and here it is 7", "set shingle = 5"]),
        (&format!("fold=['case']\n{all}"), ["day-0", "fold = ", "cannot be compared"]),
        ("against=['builds/day-0','builds/day-2']", ["day-2", "compared with builds/day-1", "oldest first"]),
        ("against=['builds/day-0','builds/day-0']", ["day-0", "twice", "once"]),
    ] {
        let said = said(options, "out");
        assert!(parts.iter().all(|part| said.contains(part)), "{options}: {said}");
    }
    let data = "against=['builds/day-0/data/pretrain/part-00000.parquet']";
    assert!(said(data, "out").contains("another Parquet file"));
    assert!(said(all, "builds/day-1").contains("where the build would write"));
    assert!(scratch.path("builds/day-1/build.json").is_file());
    // A file of it, and builds that know nothing of one another.
    batch(&scratch, 0, "");
    scratch.build("builds/again", &["--fresh", "--set", "near_dedup.threshold=0.8"]);
    scratch.write(
        "recipe.toml",
        recipe(&format!("index=true\n{}", all.replace(']', ",'builds/again/index/near_dedup.parquet']"))),
    );
    let built = scratch.build("out", &[]);
    assert_eq!(built.column("dropped/pretrain", "kept_id"), ["day-0#d0", "day-1#d0", "day-2#d0"]);
}
