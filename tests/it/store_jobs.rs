//! Workers that see no folder in common share a build through an object store: what comes out is what one process makes,
//! whichever machine is lost on the way, and whatever the store does.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::harness::{Built, Run, Scratch};
use crate::object_stores::Place;
use crate::servers::Content;
use crate::servers::s3::{S3, Trouble};
use crate::workers::{MORE, ends, everything};

pub const OUT: &str = "s3://bucket/some/build";
pub const JOBS: &str = "s3://bucket/jobs";

/// A machine of its own, with the inputs on it.
fn machine() -> Scratch {
    let scratch = Scratch::new();
    everything(&scratch);
    scratch
}

/// A place, and the build of one process on a disk.
fn place() -> (Place, Built) {
    let place = Place { scratch: machine(), s3: S3::start() };
    let alone = place.scratch.build("alone", &MORE);
    (place, alone)
}

fn worker(place: &Place, machine: &Scratch, which: &str, lease: &str) -> Command {
    let arguments = ["build", "--recipe", "recipe.toml", "--out", OUT, "--work", JOBS, "--scratch", "jobs"];
    let mut command =
        place.s3.command(machine, &[&arguments[..], &["--worker", which, "--lease", lease], &MORE].concat());
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

pub fn log(machine: &Scratch) -> String {
    std::fs::read_to_string(machine.path("jobs/units.log")).unwrap_or_default()
}

pub fn until(machine: &Scratch, what: &str, count: usize) {
    let began = Instant::now();
    while log(machine).lines().filter(|line| line.starts_with(what)).count() < count {
        assert!(began.elapsed() < Duration::from_secs(120), "there are never {count} of `{what}`");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Names of objects of jobs.
pub fn jobs(place: &Place) -> Vec<String> {
    place.s3.names().into_iter().filter_map(|name| Some(name.strip_prefix("bucket/jobs/")?.to_owned())).collect()
}

/// What is left in the store: unit files with their lists, and nothing of who did what, of slabs, or of credentials.
#[track_caller]
pub fn tidy(place: &Place, lost: usize) {
    let names = jobs(place);
    // Whoever comes later takes a turn at what ends a build, and finds that it has ended.
    let lease = |name: &str| name.contains(".lease-") && !name.starts_with("workers/last.");
    let left = |name: &&String| lease(name) || name.starts_with("apply-");
    assert_eq!(names.iter().filter(left).collect::<Vec<_>>(), Vec::<&String>::new());
    let workers = names.iter().filter(|name| name.ends_with(".worker")).count();
    assert!(workers <= lost, "{names:?}");
    let files: Vec<&String> = names.iter().filter(|name| name.contains(".by-")).collect();
    assert!(files.iter().any(|name| name.starts_with("scan-")) && files.iter().any(|name| name.starts_with("near-")));
    for name in files {
        let part = name.split_once(".by-").unwrap();
        let list = place.s3.get(&format!("bucket/jobs/{}.done", part.0)).unwrap_or_else(|| panic!("{name}"));
        assert!(String::from_utf8(list).unwrap().contains(part.1.split_once('/').unwrap().0), "{name} is nobody's");
    }
    for name in names {
        let bytes = place.s3.get(&format!("bucket/jobs/{name}")).unwrap();
        for secret in ["keyOfTheStore", "secretOfTheStore"] {
            assert!(memchr::memmem::find(&bytes, secret.as_bytes()).is_none(), "{name}");
        }
    }
}

/// Lines of logs of machines that come more than once.
fn twice(machines: &[&Scratch]) -> Vec<String> {
    let mut times: BTreeMap<String, u32> = BTreeMap::new();
    machines.iter().flat_map(|m| log(m).lines().map(str::to_owned).collect::<Vec<_>>()).for_each(|line| {
        *times.entry(line).or_default() += 1;
    });
    // The order is made by the one who ends the build.
    times.into_iter().filter(|line| line.1 > 1).map(|line| line.0).collect()
}

#[test]
fn three_machines_make_what_one_process_makes() {
    let (place, alone) = place();
    let machines = [machine(), machine(), machine()];
    let workers: Vec<Child> = machines
        .iter()
        .zip(["1/3", "2/3", "3/3"])
        .map(|(m, which)| worker(&place, m, which, "30").spawn().unwrap())
        .collect();
    workers.into_iter().for_each(ends);
    place.same_as(&alone);
    tidy(&place, 0);
    assert_eq!(twice(&machines.each_ref()), Vec::<String>::new());
    let shares = machines.each_ref().map(|m| log(m).lines().filter(|line| line.starts_with("done scan ")).count());
    assert!(shares.iter().all(|share| *share > 0), "{shares:?}");
    // A machine that comes later, with nothing on it, finds the build done.
    let late = machine();
    place.s3.server.forget();
    ends(worker(&place, &late, "2/3", "30").spawn().unwrap());
    assert_eq!(log(&late), "");
    // Another threshold reads nothing again: what was measured comes out of the store.
    late.write("recipe.toml", std::fs::read_to_string(late.path("recipe.toml")).unwrap().replace("= 5 }", "= 6 }"));
    ends(worker(&place, &late, "1/1", "30").spawn().unwrap());
    assert!(!log(&late).contains(" scan ") && log(&late).contains("done judge "), "{}", log(&late));
    tidy(&place, 0);
}

/// kill -9 in the middle of each kind of job, and the machine is gone with all that is on it.
#[test]
fn a_lost_machine_costs_what_it_had_in_hand() {
    for (job, count) in [("scan", 4), ("lines", 1), ("rescan", 2), ("near", 1), ("apply", 2)] {
        let (place, alone) = place();
        let lost = machine();
        let mut first = worker(&place, &lost, "1/3", "2").spawn().unwrap();
        until(&lost, &format!("start {job} "), count);
        let machines = [machine(), machine()];
        let others: Vec<Child> = machines
            .iter()
            .zip(["2/3", "3/3"])
            .map(|(m, which)| worker(&place, m, which, "2").spawn().unwrap())
            .collect();
        std::thread::sleep(Duration::from_millis(3));
        first.kill().unwrap();
        first.wait().unwrap();
        let again = twice(&[&lost, &machines[0], &machines[1]]);
        drop(lost);
        others.into_iter().for_each(ends);
        place.same_as(&alone);
        tidy(&place, 1);
        println!("killed in {job}: begun twice when the kill came: {again:?}");
    }
}

/// Trouble of all kinds, listings of a moment ago, a put that is answered late: retries, and the same bytes.
#[test]
fn a_store_in_trouble_costs_retries() {
    let (place, alone) = place();
    place.s3.put("bucket/elsewhere", Content::from("mine"));
    place.s3.stale();
    place.s3.rough(5);
    // A lease and a list that were put, and whose answers never came.
    place.s3.trouble(Trouble::Lost, 1, 0, |r| r.method == "PUT" && r.target.contains(".lease-0"));
    place.s3.trouble(Trouble::Late, 1, 3, |r| r.method == "PUT" && r.target.ends_with(".done"));
    let machines = [machine(), machine()];
    let workers: Vec<Child> =
        machines.iter().zip(["1/2", "2/2"]).map(|(m, which)| worker(&place, m, which, "30").spawn().unwrap()).collect();
    workers.into_iter().for_each(ends);
    assert!(place.s3.troubled() > 50, "{}", place.s3.troubled());
    place.s3.calm();
    place.same_as(&alone);
    assert_eq!(twice(&machines.each_ref()), Vec::<String>::new());
    assert_eq!(place.s3.get("bucket/elsewhere").unwrap(), b"mine");
}

/// One process, without `--worker`: what it has done is not lost with its machine.
#[test]
fn another_machine_goes_on() {
    let (place, alone) = place();
    let build = |machine: &Scratch| {
        let arguments = ["build", "--recipe", "recipe.toml", "--out", OUT, "--work", JOBS, "--lease", "1"];
        place.s3.command(machine, &[&arguments[..], &MORE].concat())
    };
    let log =
        |machine: &Scratch| std::fs::read_to_string(machine.path("builds/shared/.work/units.log")).unwrap_or_default();
    let first = machine();
    let mut child = build(&first).stderr(Stdio::null()).spawn().unwrap();
    let began = Instant::now();
    while !log(&first).contains("done near ") {
        assert!(began.elapsed() < Duration::from_secs(120) && child.try_wait().unwrap().is_none());
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    drop(first);
    let second = machine();
    let run = Run::of(&mut build(&second));
    assert_eq!(run.code(), 0, "{}", run.stderr());
    place.same_as(&alone);
    tidy(&place, 1);
    assert!(!log(&second).contains(" scan ") && !log(&second).contains(" lines "), "{}", log(&second));
}

#[test]
fn what_cannot_be_is_refused_with_the_cure() {
    let place = Place { scratch: machine(), s3: S3::start() };
    let run = |arguments: &[&str]| {
        Run::of(&mut place.s3.command(&place.scratch, &[&["build", "--recipe", "recipe.toml"], arguments].concat()))
    };
    run(&["--work", JOBS]).says(2, &["--out is a folder of one machine", "s3://"]);
    run(&["--work", JOBS, "--out", "s3://bucket/jobs/out"]).says(2, &["--work holds the place of --out"]);
    run(&["--work", JOBS, "--out", OUT, "--fresh"]).says(2, &["--fresh: jobs in an object store may be"]);
    run(&["--work", "here", "--scratch", "there"]).says(2, &["--scratch goes with --work in an object store"]);
    let plan = ["plan", "--recipe", "recipe.toml", "--out", OUT, "--work", JOBS];
    Run::of(&mut place.s3.command(&place.scratch, &plan))
        .says(2, &["jobs are looked for on this machine", "--scratch"]);
    // Something that is not of builds, and a store of long ago.
    place.s3.put("bucket/jobs/mine.txt", Content::from("mine"));
    let names = place.s3.names();
    run(&["--work", JOBS, "--out", OUT]).says(1, &["s3://bucket/jobs/mine.txt is in the way", "--work"]);
    assert_eq!(place.s3.names(), names);
    place.s3.remove("bucket/jobs/mine.txt");
    place.s3.careless();
    run(&["--work", JOBS, "--out", OUT]).says(2, &["the store does no conditional puts"]);
    place.s3.calm();
    // A second process in the same folder of this machine.
    let mut first = worker(&place, &place.scratch, "1/2", "30").spawn().unwrap();
    until(&place.scratch, "start scan ", 1);
    let second = Run::of(&mut worker(&place, &place.scratch, "2/2", "30"));
    second.says(2, &["another build works in jobs", "--scratch"]);
    // Another recipe at the same jobs.
    let other = machine();
    let text = std::fs::read_to_string(other.path("recipe.toml")).unwrap();
    other.write("recipe.toml", text.replace("\"shared\"", "\"another\""));
    assert!(Path::new(&other.path("recipe.toml")).exists());
    let run = Run::of(&mut worker(&place, &other, "2/2", "1"));
    run.says(2, &["worker 1/2 on ", "s3://bucket/jobs at another recipe, `shared`"]);
    first.kill().unwrap();
    first.wait().unwrap();
}

/// Jobs that the last build did not use go when they are told to, lists first; those that it used stay, and so do those of a
/// build that is at work.
#[test]
fn jobs_that_no_build_uses_any_more_go() {
    let place = Place { scratch: machine(), s3: S3::start() };
    let text = std::fs::read_to_string(place.scratch.path("recipe.toml")).unwrap();
    let build = |percentile: u64, more: &[&str]| {
        place
            .scratch
            .write("recipe.toml", text.replace("min_percentile = 5", &format!("min_percentile = {percentile}")));
        let arguments = ["build", "--recipe", "recipe.toml", "--out", OUT, "--work", JOBS, "--scratch", "jobs"];
        place.s3.command(&place.scratch, &[&arguments[..], more, &MORE].concat())
    };
    let prune = |more: &[&str]| {
        let arguments = [&["cache", "prune", "--work", JOBS][..], more].concat();
        Run::of(&mut place.s3.command(&place.scratch, &arguments))
    };
    let folders = |name: &str| -> std::collections::BTreeSet<String> {
        let all = jobs(&place).into_iter().filter_map(|name| Some(name.split_once('/')?.0.to_owned()));
        all.filter(|job| job.starts_with(name)).collect()
    };
    prune(&[]).says(1, &["s3://bucket/jobs is no place of jobs of builds", "build --work"]);
    ends(build(5, &[]).spawn().unwrap());
    prune(&["--yes"]).says(0, &["Removed 0 jobs (0 B)"]);
    ends(build(9, &[]).spawn().unwrap());
    let before = jobs(&place);
    assert_eq!((folders("scan-").len(), folders("near-").len()), (1, 2));
    let shown = prune(&[]);
    shown.says(0, &["s3://bucket/jobs/near-", "Would remove ", "--yes does it"]);
    assert_eq!(jobs(&place), before);
    // Not beside a worker.
    let mut at_work = build(13, &["--worker", "1/2", "--lease", "4"]).stderr(Stdio::null()).spawn().unwrap();
    let began = Instant::now();
    while !jobs(&place).iter().any(|name| name.ends_with(".worker")) {
        assert!(began.elapsed() < Duration::from_secs(60) && at_work.try_wait().unwrap().is_none());
        std::thread::sleep(Duration::from_millis(2));
    }
    assert!(Command::new("kill").args(["-STOP", &at_work.id().to_string()]).status().unwrap().success());
    let waiting = Run::from({
        let arguments = ["cache", "prune", "--work", JOBS, "--yes"];
        let child = place.s3.command(&place.scratch, &arguments).stderr(Stdio::piped()).spawn().unwrap();
        std::thread::sleep(Duration::from_secs(1));
        assert!(Command::new("kill").args(["-CONT", &at_work.id().to_string()]).status().unwrap().success());
        child.wait_with_output().unwrap()
    });
    waiting.says(2, &["worker 1/2 on ", "is at work in s3://bucket/jobs"]);
    at_work.kill().unwrap();
    at_work.wait().unwrap();
    assert!(before.iter().filter(|name| name.contains(".done")).all(|name| jobs(&place).contains(name)));
    // That one was lost, and is known to be when it shows no life; what it has put counts as used until a build ends.
    ends(build(9, &["--worker", "1/1", "--lease", "1"]).spawn().unwrap());
    ends(build(17, &["--worker", "1/1", "--lease", "1"]).spawn().unwrap());
    let used = std::fs::read_to_string(place.scratch.path("jobs/last.json")).unwrap();
    assert_eq!(place.s3.get("bucket/jobs/last.json").unwrap(), used.as_bytes());
    place.s3.server.forget();
    prune(&["--yes"]).says(0, &["Removed ", " jobs ("]);
    assert_eq!((folders("scan-").len(), folders("near-").len()), (1, 1));
    assert!(folders("").iter().filter(|name| name.contains('-')).all(|name| used.contains(name.as_str())));
    // Nothing is done again of the last build, by a machine that has nothing; and a limit frees what is spare at its end.
    std::fs::remove_dir_all(place.scratch.path("jobs")).unwrap();
    ends(build(21, &["--work-limit", "1KiB"]).spawn().unwrap());
    assert!(!log(&place.scratch).contains(" scan "), "{}", log(&place.scratch));
    assert_eq!((folders("scan-").len(), folders("near-").len()), (1, 1));
    place.scratch.write("recipe.toml", text.replace("min_percentile = 5", "min_percentile = 21"));
    place.same_as(&place.scratch.build("alone", &MORE));
}
