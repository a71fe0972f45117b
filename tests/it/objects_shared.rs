//! Several processes share a build that goes into an object store: what lies there is what one process puts there, whoever
//! is lost on the way.

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::{Run, Scratch, same_files};
use crate::servers::s3::{S3, Trouble};
use crate::workers::{MORE, ends, everything};

const PLACE: &str = "bucket/shared";

fn worker(scratch: &Scratch, s3: &S3, which: &str, lease: &str) -> Command {
    let out = format!("s3://{PLACE}");
    let all =
        ["build", "--recipe", "recipe.toml", "--out", &out, "--work", "work", "--worker", which, "--lease", lease];
    let mut command = s3.command(scratch, &[&all[..], &MORE[..]].concat());
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// The Parquet files that the manifest in the store names; nothing else lies there but it and its claim.
#[track_caller]
fn found(s3: &S3) -> BTreeMap<String, Vec<u8>> {
    let manifest: Value = serde_json::from_slice(&s3.get(&format!("{PLACE}/build.json")).unwrap()).unwrap();
    let at = manifest["at"].as_str().unwrap();
    let names: Vec<&String> = manifest["written"].as_object().unwrap().keys().collect();
    let bytes = |name: &&String| s3.get(&format!("{PLACE}/{at}/{name}")).unwrap_or_else(|| panic!("{name} is missing"));
    let files = names.iter().map(|name| ((*name).clone(), bytes(name))).collect();
    assert_eq!(s3.names().len(), names.len() + 2, "{:?}", s3.names());
    assert_eq!(s3.open_uploads(), 0);
    files
}

/// The same files of a build on a disk.
fn alone(scratch: &Scratch) -> BTreeMap<String, Vec<u8>> {
    let built = scratch.build("alone", &MORE);
    let names = built.manifest["written"].as_object().unwrap().keys();
    names.map(|name| (name.clone(), std::fs::read(built.folder.join(name)).unwrap())).collect()
}

fn until(scratch: &Scratch, what: &str, count: usize) {
    let began = Instant::now();
    let lines = || {
        let log = std::fs::read_to_string(scratch.path("work/units.log")).unwrap_or_default();
        log.lines().filter(|line| line.starts_with(what)).count()
    };
    while lines() < count {
        assert!(began.elapsed() < Duration::from_secs(120), "there are never {count} of `{what}`");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn three_workers_put_there_what_one_process_builds() {
    let (scratch, s3) = (Scratch::new(), S3::start());
    everything(&scratch);
    let alone = alone(&scratch);
    s3.rough(9);
    let workers = ["1/3", "2/3", "3/3"].map(|which| worker(&scratch, &s3, which, "30").spawn().unwrap());
    workers.into_iter().for_each(ends);
    s3.calm();
    same_files(&alone, &found(&s3), "three workers");
    assert!(!scratch.path("work/workers").exists() && !scratch.path("work/upload.log").exists());
    // Whoever comes later finds it there, and puts nothing.
    s3.server.forget();
    ends(worker(&scratch, &s3, "2/3", "30").spawn().unwrap());
    assert!(s3.server.log().iter().all(|seen| seen.request.method != "PUT"));
    // Another build in its place, by workers too.
    let recipe = std::fs::read_to_string(scratch.path("recipe.toml")).unwrap();
    scratch.write("recipe.toml", recipe.replace("min_percentile = 5", "min_percentile = 9"));
    let workers = ["1/2", "2/2"].map(|which| worker(&scratch, &s3, which, "30").spawn().unwrap());
    workers.into_iter().for_each(ends);
    let again = found(&s3);
    assert_ne!(again, alone);
    same_files(&self::alone(&scratch), &again, "two workers");
}

/// The process that puts the build there is killed or held up, before, in the middle of and after its puts: another one
/// takes its turn.
#[test]
fn the_one_that_puts_it_there_may_be_lost() {
    let (scratch, s3) = (Scratch::new(), S3::start());
    everything(&scratch);
    let alone = alone(&scratch);
    let run = |stop: &dyn Fn(&mut Child), moment: &str| {
        // Puts come slowly, so that there is a middle.
        let shards = |method: &str, s3: &S3| {
            s3.server.log().iter().filter(|r| r.request.method == method && r.request.target.contains("/data/")).count()
        };
        s3.server.forget();
        let mut first = worker(&scratch, &s3, "1/2", "1").spawn().unwrap();
        match moment {
            "apply" => until(&scratch, "start apply ", 1),
            moment => {
                let count = if moment == "first" { 1 } else { 6 };
                let began = Instant::now();
                while shards("PUT", &s3) < count && first.try_wait().unwrap().is_none() {
                    assert!(began.elapsed() < Duration::from_secs(120));
                    std::thread::sleep(Duration::from_millis(1));
                }
            }
        }
        stop(&mut first);
        ends(worker(&scratch, &s3, "2/2", "1").spawn().unwrap());
        same_files(&alone, &found(&s3), moment);
        first
    };
    let clear = || {
        s3.names().iter().for_each(|name| s3.remove(name));
        std::fs::remove_dir_all(scratch.path("work")).unwrap();
    };
    for moment in ["apply", "first", "later"] {
        let mut first = run(&|first| first.kill().unwrap(), moment);
        first.wait().unwrap();
        clear();
    }
    for moment in ["apply", "first"] {
        let signal = |id: u32, name: &str| {
            assert!(Command::new("kill").args([name, &id.to_string()]).status().unwrap().success());
        };
        let first = run(&|first| signal(first.id(), "-STOP"), moment);
        signal(first.id(), "-CONT");
        let went_on = Run::from(first.wait_with_output().unwrap());
        assert!(went_on.code() == 0 || went_on.stderr().contains("another took over"), "{}", went_on.stderr());
        same_files(&alone, &found(&s3), "it went on");
        clear();
    }
    // One whose puts are refused ends with an error; another one goes on from what it has put.
    s3.trouble(Trouble::Denied, 1, 1, |request| request.method == "PUT" && request.target.contains("/data/"));
    let first = worker(&scratch, &s3, "1/2", "1").spawn().unwrap().wait_with_output().unwrap();
    assert!(!first.status.success());
    s3.calm();
    s3.server.forget();
    ends(worker(&scratch, &s3, "2/2", "1").spawn().unwrap());
    same_files(&alone, &found(&s3), "after a refusal");
}
