//! Jobs in an object store that executors do: they see nothing of the driver's machine, nor it of theirs.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::processes::Cluster;
use crate::harness::{Run, Scratch};
use crate::object_stores::Place;
use crate::servers::s3::{S3, Trouble};
use crate::store_jobs::{JOBS, OUT, jobs, log, tidy, until};
use crate::workers::{MORE, ends, everything};

/// A machine of its own with the inputs on it, none of them packed.
fn machine() -> Scratch {
    let scratch = Scratch::new();
    everything(&scratch);
    let packed = std::fs::read(scratch.path("packed.jsonl.zst")).unwrap();
    scratch.write("plain.jsonl", zstd::decode_all(packed.as_slice()).unwrap());
    let recipe = std::fs::read_to_string(scratch.path("recipe.toml")).unwrap();
    scratch.write("recipe.toml", recipe.replace("packed.jsonl.zst", "plain.jsonl"));
    scratch
}

fn driver(place: &Place, machine: &Scratch, at: &str) -> Command {
    let arguments = ["build", "--recipe", "recipe.toml", "--out", OUT, "--work", JOBS, "--scratch", "jobs"];
    let mut command = place.s3.command(machine, &[&arguments[..], &["--cluster", at, "--lease", "2"], &MORE].concat());
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// Who did the units of a job: the beginnings of names, each once.
fn whose(place: &Place, job: &str) -> Vec<String> {
    let files = jobs(place).into_iter().filter(|name| name.starts_with(job) && name.contains("/part-"));
    let of = |name: String| name.split_once(".by-").map(|(_, by)| by.split(['-', '/']).next().unwrap().to_owned());
    let mut all: Vec<String> = files.filter_map(of).collect();
    all.sort();
    all.dedup();
    all
}

/// An executor is lost while it reads, the driver with its machine while rows are written, and another one goes on; then
/// another limit, of which nothing is read again; and last no new order, so that executors write the shards too.
#[test]
fn jobs_in_a_store_are_done_by_executors() {
    let place = Place { scratch: machine(), s3: S3::start() };
    let alone = place.scratch.build("alone", &MORE);
    let told = |command: Command| place.s3.known(command);
    let mut cluster = Cluster::knowing(&place.scratch, 2, told);
    let first = machine();
    let mut build = driver(&place, &first, &cluster.at).spawn().unwrap();
    until(&first, "done scan ", 3);
    cluster.loses_one_for(&place.scratch, 2, told);
    until(&first, "done apply ", 1);
    build.kill().unwrap();
    build.wait().unwrap();
    assert_eq!(whose(&place, "scan-"), ["task"], "{:?}", jobs(&place));
    let written = log(&first).lines().filter(|line| line.starts_with("done apply ")).count();
    drop(first);
    let second = machine();
    ends(driver(&place, &second, &cluster.at).spawn().unwrap());
    place.same_as(&alone);
    tidy(&place, 1);
    let again = log(&second);
    assert!(!again.contains(" scan ") && !again.contains(" judge "), "{again}");
    let slabs = |which: &str| again.lines().filter(|line| line.starts_with(which)).count();
    assert!(written > 0 && slabs("done apply ") > 0, "{again}");
    let recipe = std::fs::read_to_string(second.path("recipe.toml")).unwrap();
    for machine in [&second, &place.scratch] {
        machine.write("recipe.toml", recipe.replace("= 5 }", "= 6 }"));
    }
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    place.s3.trouble(Trouble::Lost, 1, 0, move |r| {
        let list = r.method == "GET" && r.target.contains("/judge-") && r.target.ends_with(".done");
        counted.fetch_add(usize::from(list), Ordering::Relaxed);
        false
    });
    ends(driver(&place, &second, &cluster.at).spawn().unwrap());
    assert_eq!(log(&second).lines().filter(|line| line.contains(" scan ")).count(), 0);
    // The driver asks for a list before all and when its task has ended, an executor before the task.
    let (asked, judged) =
        (asked.load(Ordering::Relaxed), log(&second).lines().filter(|line| line.starts_with("done judge ")).count());
    assert!(judged > 4 && (3 * judged..4 * judged).contains(&asked), "{asked} for {judged}");
    place.same_as(&place.scratch.build("alone", &MORE));
    assert_eq!(whose(&place, "judge-"), ["task"]);
    // A new order was made by the driver, and so were the shards of it; without one it sees no slab.
    let shards = |log: &str| log.lines().filter(|line| line.starts_with("done shards ")).count();
    assert_eq!(shards(&log(&second)), 0);
    for machine in [&second, &place.scratch] {
        machine.write("recipe.toml", recipe.replace("[[stage]]\nrun = \"shuffle\"\nseed = 3\n", ""));
    }
    ends(driver(&place, &second, &cluster.at).spawn().unwrap());
    assert!(shards(&log(&second)) > 8, "{}", log(&second));
    place.same_as(&place.scratch.build("alone", &MORE));
    tidy(&place, 1);
    // What executors made beside them is gone with their tasks.
    let left = |number: usize| {
        let folders = std::fs::read_dir(place.scratch.path(&format!("machine-{number}"))).unwrap().flatten();
        let within = folders.flat_map(|of| std::fs::read_dir(of.path()).into_iter().flatten().flatten());
        within.filter(|entry| entry.file_name().to_string_lossy().starts_with("away-")).count()
    };
    assert_eq!((left(1), left(2)), (0, 0));
}

/// Trouble of all kinds costs retries; a list that is there and whose answer never came counts once.
#[test]
fn a_store_in_trouble_costs_executors_retries() {
    let place = Place { scratch: machine(), s3: S3::start() };
    let alone = place.scratch.build("alone", &MORE);
    place.s3.stale();
    place.s3.rough(5);
    place.s3.trouble(Trouble::Lost, 2, 0, |r| r.method == "PUT" && r.target.ends_with(".done"));
    place.s3.trouble(Trouble::Late, 1, 3, |r| r.method == "PUT" && r.target.ends_with(".done"));
    let cluster = Cluster::knowing(&place.scratch, 2, |command| place.s3.known(command));
    let run = Run::of(&mut driver(&place, &machine(), &cluster.at));
    assert_eq!(run.code(), 0, "{}", run.stderr());
    assert!(place.s3.troubled() > 50, "{}", place.s3.troubled());
    place.s3.calm();
    place.same_as(&alone);
}

/// Executors that do not know the store say so; what is unpacked on the driver's disk is not theirs to see.
#[test]
fn what_executors_cannot_see_is_said() {
    let place = Place { scratch: machine(), s3: S3::start() };
    let cluster = Cluster::without_store(&place.scratch);
    let run = Run::of(&mut driver(&place, &machine(), &cluster.at));
    run.says(
        2,
        &["an executor moves scan-", "s3://bucket/jobs/scan-", "run the same command again once the store answers"],
    );
    drop(cluster);
    let packed = Scratch::new();
    everything(&packed);
    let cluster = Cluster::knowing(&place.scratch, 1, |command| place.s3.known(command));
    let run = Run::of(&mut driver(&place, &packed, &cluster.at));
    run.says(2, &["executors see nothing of ", "jobs/unpacked/", "put the files of this source into a store"]);
}
