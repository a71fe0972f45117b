//! A build that is killed goes on where it was, and ends with the same bytes.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::harness::{Scratch, json_lines};

const RECIPE: &str = r#"
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

/// 20 kills at moments spread over the build's length, each followed by another run; no unit is done twice, but those
/// that a kill interrupted (one a thread).
#[test]
fn sigkill_costs_at_most_a_unit_a_thread() {
    let scratch = Scratch::new();
    scratch.write("docs.jsonl", json_lines(30_000));
    scratch.write("recipe.toml", RECIPE);
    let arguments = ["build", "--recipe", "recipe.toml", "--unit", "64KiB", "--threads", "2", "--quiet", "--out"];
    let began = std::time::Instant::now();
    let undisturbed = scratch.build("calm", &arguments[3..8]);
    let length = began.elapsed();
    assert!(done(&scratch, "calm").values().sum::<u64>() >= 100, "too few units to mean anything");
    let mut kills = 0;
    for i in 0..20u32 {
        let mut child = scratch.command(&arguments).arg("killed").spawn().unwrap();
        std::thread::sleep(length.mul_f64(f64::from(i * 7 % 20 + 1) / 24.0).max(Duration::from_millis(20)));
        kills += u64::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let built = scratch.build("killed", &arguments[3..8]);
    assert!(undisturbed.bytes() == built.bytes());
    let twice: u64 = done(&scratch, "killed").values().map(|n| n - 1).sum();
    assert!(kills >= 3, "only {kills} kills hit a running build");
    assert!(twice <= 2 * kills, "{twice} units were done twice in {kills} kills");
}

/// How often each unit of each job was done.
fn done(scratch: &Scratch, out: &str) -> BTreeMap<String, u64> {
    let log = std::fs::read_to_string(scratch.path(out).join(".work/units.log")).unwrap();
    let mut units = BTreeMap::new();
    for line in log.lines().filter(|l| l.starts_with("done ")) {
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
