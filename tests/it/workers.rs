//! Several processes share one build: what comes out is what one process makes, whoever is lost on the way.

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::harness::{Run, Scratch, files_under, json_lines, same_output};
use crate::kill::RECIPE;

/// All kinds of jobs: plain and packed files, own ids, a limit, percentiles, passes that drop, cut and hold out, a mix,
/// another order.
const EVERYTHING: &str = r#"
name = "shared"
about = "a test"
[[source]]
name = "docs"
path = ["docs.jsonl"]
use = "pretrain"
weight = 2.0
[[source]]
name = "packed"
path = ["packed.jsonl.zst"]
use = "pretrain"
weight = 1.0
limit = 900
[[stage]]
run = "normalize"
[[stage]]
run = "words"
[[stage]]
run = "keep"
chars = { min_percentile = 5 }
[[stage]]
run = "line_dedup"
[[stage]]
run = "near_dedup"
[[stage]]
run = "shuffle"
seed = 3
[mix]
by = "chars"
[split]
test = 0.02
[output]
shard = "64KiB"
"#;

pub const MORE: [&str; 6] = ["--unit", "48KiB", "--threads", "1", "--quiet", "--offline"];

fn worker(scratch: &Scratch, which: &str, lease: &str) -> Command {
    let arguments = ["build", "--recipe", "recipe.toml", "--out", "shared", "--worker", which, "--lease", lease];
    let mut command = scratch.command(&[&arguments[..], &MORE[..]].concat());
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// Waits for a build, which is to succeed.
pub fn ends(child: Child) {
    let run = Run::from(child.wait_with_output().unwrap());
    assert_eq!(run.code(), 0, "{}", run.stderr());
}

/// Lines of the log of units that begin so.
pub fn lines(scratch: &Scratch, what: &str) -> usize {
    let log = std::fs::read_to_string(scratch.path("shared/.work/units.log")).unwrap_or_default();
    log.lines().filter(|line| line.starts_with(what)).count()
}

/// Waits until the log has so many lines that begin so.
pub fn until(scratch: &Scratch, what: &str, count: usize) {
    let began = Instant::now();
    while lines(scratch, what) < count {
        assert!(began.elapsed() < Duration::from_secs(120), "there are never {count} of `{what}`");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Nothing is left of workers that were not lost, of what they had under way, or of their leases.
fn tidy(scratch: &Scratch, lost: usize) {
    let files = files_under(&scratch.path("shared/.work/workers"));
    let workers = files.iter().filter(|path| path.extension().is_some_and(|end| end == "worker")).count();
    assert!(workers <= lost && (lost > 0 || files.is_empty()), "{files:?}");
    assert!(!scratch.path("shared/.corpus").exists());
    assert!(lost > 0 || !scratch.path("shared/.work/spill").exists());
    let name = |path: &std::path::Path| path.file_name().unwrap().to_string_lossy().into_owned();
    let left = files_under(&scratch.path("shared")).into_iter().filter(|path| !files.contains(path));
    let left = left.map(|path| name(&path)).filter(|name| name.contains(".lease-") || name.ends_with(".tmp"));
    let left: Vec<_> = left.collect();
    assert!(left.is_empty(), "{left:?}");
}

pub fn everything(scratch: &Scratch) {
    let footer = "未经许可不得转载，违者必究，谢谢合作，请勿回复此邮件。";
    scratch.write("docs.jsonl", json_lines(3_000).replace("\"}\n", &format!("\\n{footer}\"}}\n")));
    let packed: String = json_lines(4_000).lines().skip(2_500).map(|line| line.to_owned() + "\n").collect();
    scratch.write("packed.jsonl.zst", zstd::encode_all(packed.as_bytes(), 3).unwrap());
    scratch.write("recipe.toml", EVERYTHING);
}

#[test]
fn three_workers_make_what_one_process_makes() {
    let scratch = Scratch::new();
    everything(&scratch);
    let alone = scratch.build("alone", &MORE);
    let workers = ["1/3", "2/3", "3/3"].map(|which| worker(&scratch, which, "30").spawn().unwrap());
    workers.into_iter().for_each(ends);
    let shared = scratch.built("shared");
    same_output(&alone, &shared, "three workers");
    let bare = |manifest: &serde_json::Value| {
        let mut manifest = manifest.clone();
        manifest.as_object_mut().unwrap().remove("timings");
        manifest
    };
    assert_eq!(bare(&alone.manifest), bare(&shared.manifest));
    tidy(&scratch, 0);
    // Nobody was lost, so nothing was done twice.
    let log = std::fs::read_to_string(scratch.path("shared/.work/units.log")).unwrap();
    let mut times: BTreeMap<&str, u32> = BTreeMap::new();
    log.lines().for_each(|line| *times.entry(line).or_default() += 1);
    let twice: Vec<_> = times.iter().filter(|line| *line.1 > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    // Whoever comes later finds it done.
    let run = Run::of(&mut worker(&scratch, "2/3", "30"));
    assert_eq!(run.code(), 0, "{}", run.stderr());
    tidy(&scratch, 0);
}

#[test]
fn one_of_three_finishes_the_build_alone() {
    let scratch = Scratch::new();
    scratch.write("docs.jsonl", json_lines(2_000));
    scratch.write("recipe.toml", RECIPE);
    let alone = scratch.build("alone", &MORE);
    ends(worker(&scratch, "2/3", "30").spawn().unwrap());
    same_output(&alone, &scratch.built("shared"), "a lone worker");
    tidy(&scratch, 0);
}

/// kill -9 in the middle of each kind of job: the others finish what the lost worker had begun, once its lease is over.
#[test]
fn a_lost_worker_costs_what_it_had_in_hand() {
    let scratch = Scratch::new();
    everything(&scratch);
    let alone = scratch.build("alone", &MORE);
    let units = {
        let log = std::fs::read_to_string(scratch.path("alone/.work/units.log")).unwrap();
        move |job: &str| log.lines().filter(|line| line.starts_with(&format!("done {job} "))).count()
    };
    let mut again = Vec::new();
    for (job, share) in [("scan", 3), ("lines", 1), ("rescan", 2), ("near", 1), ("apply", 2), ("shuffle", 2)] {
        let count = (units(job) / share).max(1);
        assert!(units(job) > 0, "{job} has no units");
        // The one that is killed does all until then.
        let mut first = worker(&scratch, "1/3", "1").spawn().unwrap();
        until(&scratch, &format!("start {job} "), count);
        let others = ["2/3", "3/3"].map(|which| worker(&scratch, which, "1").spawn().unwrap());
        std::thread::sleep(Duration::from_millis(3));
        first.kill().unwrap();
        first.wait().unwrap();
        others.into_iter().for_each(ends);
        same_output(&alone, &scratch.built("shared"), &format!("killed in {job}"));
        tidy(&scratch, 1);
        let log = std::fs::read_to_string(scratch.path("shared/.work/units.log")).unwrap();
        let mut open: BTreeMap<String, i64> = BTreeMap::new();
        for line in log.lines() {
            let (what, unit) = line.split_once(' ').unwrap();
            *open.entry(unit.to_owned()).or_default() += if what == "start" { 1 } else { -1 };
        }
        println!("{job}: {:?}", open.iter().filter(|o| *o.1 != 0).collect::<Vec<_>>());
        again.push((job, lines(&scratch, "start ") as i64 - lines(&scratch, "done ") as i64));
        std::fs::remove_dir_all(scratch.path("shared")).unwrap();
    }
    println!("started and not ended, by the job in which the kill came: {again:?}");
    assert!(again.iter().all(|a| a.1 <= 2), "a thread has a unit in hand: {again:?}");
}

/// One that was stopped for longer than a lease, and goes on: what it does twice is the same.
#[test]
fn a_worker_that_was_held_up_does_no_harm() {
    let scratch = Scratch::new();
    scratch.write("docs.jsonl", json_lines(6_000));
    scratch.write("recipe.toml", RECIPE);
    let alone = scratch.build("alone", &MORE);
    for job in ["scan", "dedup", "apply"] {
        let slow = worker(&scratch, "1/2", "0.5").spawn().unwrap();
        until(&scratch, &format!("start {job} "), 1);
        let signal = |name: &str| {
            assert!(Command::new("kill").args([name, &slow.id().to_string()]).status().unwrap().success());
        };
        signal("-STOP");
        ends(worker(&scratch, "2/2", "0.5").spawn().unwrap());
        same_output(&alone, &scratch.built("shared"), &format!("stopped in {job}"));
        signal("-CONT");
        ends(slow);
        same_output(&alone, &scratch.built("shared"), &format!("went on in {job}"));
        std::fs::remove_dir_all(scratch.path("shared")).unwrap();
    }
}

#[test]
fn strangers_are_refused() {
    let scratch = Scratch::new();
    scratch.write("docs.jsonl", json_lines(20_000));
    scratch.write("recipe.toml", RECIPE);
    let mut first = worker(&scratch, "1/2", "2").spawn().unwrap();
    until(&scratch, "start scan ", 2);
    let refused = |command: &mut Command, parts: &[&str]| {
        let run = Run::of(command);
        assert_eq!(run.code(), 2, "{}", run.stderr());
        crate::harness::contains(&run.stderr(), parts, &[]);
    };
    let lone = ["build", "--recipe", "recipe.toml", "--out", "shared"];
    refused(&mut scratch.command(&lone), &["another build is writing into shared (workers, recipe `killed`"]);
    // The folder of jobs of another machine, on which the lock does not show.
    let elsewhere = ["build", "--recipe", "recipe.toml", "--out", "other", "--work", "shared/.work", "--worker", "2/2"];
    refused(&mut scratch.command(&elsewhere), &["worker 1/2 on ", "with another output folder, "]);
    scratch.write("renamed.toml", RECIPE.replace("\"killed\"", "\"renamed\""));
    let renamed = ["build", "--recipe", "renamed.toml", "--out", "shared", "--worker", "2/2"];
    refused(&mut scratch.command(&renamed), &["worker 1/2 on ", "at another recipe, `killed`"]);
    let options =
        ["build", "--recipe", "recipe.toml", "--out", "shared", "--worker", "2/2", "--set", "keep.chars.min=41"];
    refused(&mut scratch.command(&[&options[..], &MORE].concat()), &["builds another recipe, or other options"]);
    scratch.write("elsewhere/docs.jsonl", json_lines(10));
    scratch.write("elsewhere/recipe.toml", RECIPE);
    let inputs = ["build", "--recipe", "elsewhere/recipe.toml", "--out", "shared", "--worker", "2/2"];
    refused(&mut scratch.command(&[&inputs[..], &MORE].concat()), &["worker 1/2 on ", "builds other inputs"]);
    assert!(first.try_wait().unwrap().is_none(), "it was to be at work all the time");
    first.kill().unwrap();
    first.wait().unwrap();
    // Lost: whoever comes now looks for a sign of life first, and then has the folders to itself.
    scratch.build("shared", &MORE);
    tidy(&scratch, 0);
    for bad in ["3/2", "0/2", "2", "a/b", "1/0"] {
        let run = scratch.corpus(&["build", "--recipe", "recipe.toml", "--worker", bad]);
        run.says(2, &[&format!("--worker: `{bad}` is not one of so many workers")]);
    }
}

/// The scripts of docs/cluster.md are scripts, and what they start parses.
#[test]
fn scripts_for_slurm_parse() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/cluster.md")).unwrap();
    let scripts: Vec<&str> = text.split("```bash\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert_eq!(scripts.len(), 3);
    let scratch = Scratch::new();
    for script in scripts {
        let path = scratch.write("script.sh", script);
        let run = Run::of(Command::new("bash").arg("-n").arg(&path));
        assert_eq!(run.code(), 0, "{}", run.stderr());
        let command = script.replace("\\\n", " ");
        let command = command.split("corpus build ").nth(1).unwrap().split('\'').next().unwrap();
        if script.contains("corpus cluster ") {
            continue; // tests/it/cluster.rs parses its commands
        }
        let words = command.split_whitespace().map(|word| word.trim_matches('"')).filter(|word| !word.is_empty());
        let words: Vec<String> =
            words.map(|word| if word.starts_with('$') { "1".into() } else { word.into() }).collect();
        let words = words.join(" ").replace("\"$((SLURM_PROCID + 1))/$SLURM_NTASKS\"", "1/8");
        let words = words.replace("1 + 1))/$SLURM_NTASKS", "1/8");
        let all = ["corpus", "build"].into_iter().chain(words.split(' '));
        let parsed = corpus::cli::command().try_get_matches_from(all);
        assert!(parsed.is_ok(), "{words}: {:?}", parsed.err());
    }
}
