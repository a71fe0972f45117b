//! A build that is killed goes on where it was, and ends with the same bytes.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::harness::{Scratch, difference, json_lines, same_files, same_output};

/// A recipe whose build takes long enough to be killed at any of its jobs.
pub const RECIPE: &str = r#"
name = "killed"
about = "a test"
[[source]]
name = "docs"
path = ["docs.jsonl"]
use = "pretrain"
[[stage]]
run = "normalize"
[[stage]]
run = "words"
[[stage]]
run = "keep"
chars = { min = 40 }
[[stage]]
run = "exact_dedup"
[output]
shard = "1MiB"
"#;

/// 20 kills at moments spread over the build's length, each followed by another run of the same command. A unit that a
/// kill interrupts is started again; nothing that was done is.
#[test]
fn sigkill_costs_at_most_a_unit_a_thread() {
    const THREADS: u64 = 2;
    let scratch = Scratch::new();
    scratch.write("docs.jsonl", json_lines(20_000));
    scratch.write("recipe.toml", RECIPE);
    let more = ["--unit", "48KiB", "--threads", "2", "--quiet"];
    let began = std::time::Instant::now();
    let undisturbed = scratch.build("calm", &more);
    let length = began.elapsed();
    let units = counts(&scratch, "calm", "done ").len();
    assert!(units >= 100, "only {units} units");
    let (mut kills, mut state, mut finished) = (0, 7u64, 0);
    let mut again = 0;
    while kills < 20 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let share = (state >> 33) as f64 / (1u64 << 31) as f64;
        let arguments = ["build", "--recipe", "recipe.toml", "--out", "killed"];
        let mut child = scratch.command(&[&arguments[..], &more[..]].concat()).spawn().unwrap();
        std::thread::sleep(length.mul_f64(share * 0.5).max(Duration::from_millis(10)));
        if child.try_wait().unwrap().is_none() {
            kills += 1;
            child.kill().unwrap();
            child.wait().unwrap();
            continue;
        }
        // It got through in spite of the kills before: compare, and begin anew.
        finished += 1;
        same_output(&undisturbed, &scratch.built("killed"), &format!("after {kills} kills"));
        again += started_again(&scratch);
        std::fs::remove_dir_all(scratch.path("killed")).unwrap();
        assert!(finished < 200, "the build is too fast to be killed");
    }
    let built = scratch.build("killed", &more);
    again += started_again(&scratch);
    same_output(&undisturbed, &built, "the last build after all kills");
    println!("{units} units, {kills} kills, {again} units started again");
    assert!(again <= THREADS * kills, "{again} units were started again in {kills} kills");
}

/// Units that were started more than once, and checks that none was done more than once.
fn started_again(scratch: &Scratch) -> u64 {
    for (unit, times) in counts(scratch, "killed", "done ") {
        assert_eq!(times, 1, "{unit} was done {times} times");
    }
    counts(scratch, "killed", "start ").values().map(|n| n - 1).sum()
}

/// How often each unit of each job was started or done.
fn counts(scratch: &Scratch, out: &str, what: &str) -> BTreeMap<String, u64> {
    let log = std::fs::read_to_string(scratch.path(out).join(".work/units.log")).unwrap();
    let mut units = BTreeMap::new();
    for line in log.lines().filter(|l| l.starts_with(what)) {
        *units.entry(line.to_owned()).or_default() += 1;
    }
    units
}

#[test]
fn two_builds_into_one_folder_are_refused() {
    let scratch = Scratch::new();
    scratch.write("docs.jsonl", json_lines(10));
    scratch.write("recipe.toml", RECIPE);
    std::fs::create_dir_all(scratch.path("out")).unwrap();
    let lock = std::fs::File::create(scratch.path("out/.lock")).unwrap();
    lock.lock().unwrap();
    let run = scratch.try_build("out", &[]);
    assert_eq!(run.code(), 2);
    assert!(run.stderr().contains("another build is writing into"), "{}", run.stderr());
    drop(lock);
    scratch.build("out", &[]);
}

/// SIGKILL before every step of the exchange: whoever reads the folder finds the old build or the new one whole, and
/// the next run of the same command ends what was begun.
#[test]
fn sigkill_at_any_step_of_the_exchange_leaves_one_build_whole() {
    let scratch = Scratch::new();
    scratch.write("recipe.toml", RECIPE.to_owned() + "[input]\nmax_unreadable = 1.0\n");
    scratch.write("out/notes.txt", "mine");
    // What a reader sees: files that are there, and what `inspect` makes of them.
    let seen = || {
        let built = scratch.built("out");
        let written = built.manifest["written"].as_object().unwrap();
        for (name, bytes) in written {
            let there = std::fs::metadata(scratch.path("out").join(name)).map(|m| m.len()).ok();
            assert_eq!(there, bytes.as_u64(), "{name}");
        }
        let run = scratch.corpus(&["inspect", "out", "--rows", "3", "--format", "json"]);
        assert_eq!(run.code(), 0, "{}", run.stderr());
        let mut shown: serde_json::Value = serde_json::from_str(&run.stdout()).unwrap();
        shown["manifest"].as_object_mut().unwrap().remove("timings");
        let mut seen = built.bytes();
        for name in ["README.md", "notes.txt"] {
            seen.insert(name.to_owned(), std::fs::read(scratch.path("out").join(name)).unwrap());
        }
        seen.insert("inspect.json".to_owned(), shown.to_string().into_bytes());
        seen
    };
    // One has rows that cannot be read, so the two have not the same folders.
    let inputs = [json_lines(300), json_lines(200) + "{broken\n"];
    let build = |input: &str, kill: &str| {
        scratch.write("docs.jsonl", input);
        let mut command = scratch.command(&["build", "--recipe", "recipe.toml", "--out", "out", "--work", "work"]);
        command.env("CORPUS_TEST_KILL_AT", kill).output().unwrap().status
    };
    let whole = inputs.each_ref().map(|input| {
        assert!(build(input, "").success());
        seen()
    });
    assert!(whole[0] != whole[1]);
    let (mut old, mut new, mut kills, mut switched) = (1, 0, 0, false);
    for step in 1.. {
        let status = build(&inputs[new], &step.to_string());
        if status.success() {
            break;
        }
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9), "{step}");
        kills += 1;
        let now = seen();
        let parted = |what: usize| difference(&now, &whole[what]).unwrap_or_default();
        let is_whole = now == whole[old] || now == whole[new];
        assert!(is_whole, "{step}: not the old build: {}\nnot the new one: {}", parted(old), parted(new));
        assert!(now == whole[new] || !switched, "{step}: the old build came back");
        switched = now == whole[new];
        assert!(build(&inputs[new], "").success());
        same_files(&seen(), &whole[new], &format!("{step}: the next build did not end it"));
        assert!(!scratch.path("out/.corpus").exists());
        (old, new) = (new, old);
    }
    assert!(kills > 15 && switched, "{kills} kills");
}
