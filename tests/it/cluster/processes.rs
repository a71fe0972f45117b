//! Real processes of a cluster, on loopback.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::harness::{Built, Run, Scratch, json_lines, same_output};
use crate::object_stores::Place;
use crate::workers::{MORE, ends, everything, lines, until};

/// A process that ends with the test, and what it says.
struct Process {
    child: Child,
    said: Receiver<String>,
}

impl Process {
    fn start(mut command: Command) -> Process {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let (to, said) = channel();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| drop(to.send(line))));
        Process { child, said }
    }

    /// The first line from here on that has `part` in it.
    fn says(&self, part: &str) -> String {
        let until = Instant::now() + Duration::from_secs(60);
        let mut before = Vec::new();
        while let Ok(line) = self.said.recv_timeout(until.saturating_duration_since(Instant::now())) {
            if line.contains(part) {
                return line;
            }
            before.push(line);
        }
        panic!("never said `{part}`: {before:?}");
    }

    fn kill(&mut self) {
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A scheduler, its address, and executors of one thread each.
struct Cluster {
    scheduler: Process,
    at: String,
    executors: Vec<Process>,
}

impl Cluster {
    fn start(scratch: &Scratch, executors: usize) -> Cluster {
        let scheduler = scheduler(scratch, "127.0.0.1:0");
        let line = scheduler.says("the scheduler is at df://");
        let at = line.split_once("is at ").unwrap().1.to_owned();
        let executors: Vec<Process> = (0..executors).map(|number| executor(scratch, &at, number)).collect();
        if !executors.is_empty() {
            scheduler.says(&format!("{} executors with {0} threads", executors.len()));
        }
        Cluster { scheduler, at, executors }
    }

    fn command(&self, scratch: &Scratch, out: &str) -> Command {
        let arguments = ["build", "--recipe", "recipe.toml", "--out", out, "--cluster", &self.at];
        scratch.command(&[&arguments[..], &MORE].concat())
    }
}

fn scheduler(scratch: &Scratch, bind: &str) -> Process {
    Process::start(scratch.command(&["cluster", "scheduler", "--bind", bind, "--lease", "2"]))
}

/// It runs in a folder of its own: no path may be relative to that of the build.
fn executor(scratch: &Scratch, at: &str, number: usize) -> Process {
    let folder = scratch.path(&format!("machine-{number}"));
    std::fs::create_dir_all(&folder).unwrap();
    let arguments =
        ["cluster", "executor", "--scheduler", at, "--bind", "127.0.0.1:0", "--threads", "1", "--lease", "2"];
    let mut command = scratch.command(&[&arguments[..], &["--scratch", "."]].concat());
    command.current_dir(folder);
    Process::start(command)
}

fn spawned(mut command: Command) -> Child {
    command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

fn bare(built: &Built) -> serde_json::Value {
    let mut manifest = built.manifest.clone();
    manifest.as_object_mut().unwrap().remove("timings");
    manifest
}

#[test]
fn the_quick_start_is_the_same_on_a_cluster() {
    let scratch = Scratch::new();
    let cluster = Cluster::start(&scratch, 2);
    let run = scratch.corpus(&["build", "--recipe", "quickstart", "--out", "alone"]);
    assert_eq!(run.code(), 0, "{}", run.stderr());
    let run = scratch.corpus(&["build", "--recipe", "quickstart", "--out", "shared", "--cluster", &cluster.at]);
    assert_eq!(run.code(), 0, "{}", run.stderr());
    let (alone, shared) = (scratch.built("alone"), scratch.built("shared"));
    same_output(&alone, &shared, "two executors");
    assert_eq!(bare(&alone), bare(&shared));
}

/// All kinds of jobs; then an executor is lost in the middle of each, and its place is taken by a new one.
#[test]
fn a_lost_executor_costs_its_tasks() {
    let scratch = Scratch::new();
    everything(&scratch);
    let alone = scratch.build("alone", &MORE);
    let mut cluster = Cluster::start(&scratch, 2);
    ends(spawned(cluster.command(&scratch, "shared")));
    let shared = scratch.built("shared");
    same_output(&alone, &shared, "two executors");
    assert_eq!(bare(&alone), bare(&shared));
    let units = lines(&scratch, "done scan ");
    assert!(units > 4, "{units} units");
    for (round, job) in ["scan", "near-parts", "apply"].into_iter().enumerate() {
        std::fs::remove_dir_all(scratch.path("shared")).unwrap();
        let build = spawned(cluster.command(&scratch, "shared"));
        until(&scratch, &format!("done {job} "), 1);
        cluster.executors[0].kill();
        ends(build);
        same_output(&alone, &scratch.built("shared"), &format!("an executor killed in {job}"));
        cluster.executors[0] = executor(&scratch, &cluster.at, 2 + round);
        cluster.scheduler.says("2 executors with 2 threads");
    }
}

/// A driver or a scheduler that is killed costs what was under way: the same command goes on.
#[test]
fn the_same_command_goes_on() {
    let scratch = Scratch::new();
    scratch.write("docs.jsonl", json_lines(6_000));
    scratch.write("recipe.toml", crate::kill::RECIPE);
    let alone = scratch.build("alone", &MORE);
    let mut cluster = Cluster::start(&scratch, 2);
    let mut driver = spawned(cluster.command(&scratch, "shared"));
    until(&scratch, "done scan ", 3);
    driver.kill().unwrap();
    driver.wait().unwrap();
    let done = lines(&scratch, "done scan ");
    let begun = lines(&scratch, "start scan ");
    let build = spawned(cluster.command(&scratch, "shared"));
    until(&scratch, "start scan ", begun + 1);
    cluster.scheduler.kill();
    let run = Run::from(build.wait_with_output().unwrap());
    run.says(2, &[&format!("the scheduler at {} is gone", cluster.at), "start it again"]);
    let port = cluster.at.rsplit_once(':').unwrap().1;
    cluster.scheduler = scheduler(&scratch, &format!("127.0.0.1:{port}"));
    cluster.scheduler.says("the scheduler is at df://");
    let run = Run::of(&mut cluster.command(&scratch, "shared"));
    assert_eq!(run.code(), 0, "{}", run.stderr());
    same_output(&alone, &scratch.built("shared"), "killed twice");
    assert!(done >= 3, "{done}");
}

/// Executors fill the folder of jobs, and the driver puts shards into an object store that is in trouble now and then:
/// what lies there is what a build on a disk has. A driver that is killed there goes on.
#[test]
fn a_cluster_builds_into_an_object_store() {
    let place = Place::new(3_000);
    let disk = place.on_disk();
    let cluster = Cluster::start(&place.scratch, 2);
    let command = |more: &[&str]| {
        let more = [&["--cluster", &cluster.at, "--unit", "48KiB"][..], more].concat();
        place.command(&place.arguments(&more))
    };
    place.s3.rough(7);
    let run = Run::of(&mut command(&[]));
    assert_eq!(run.code(), 0, "{}", run.stderr());
    assert!(place.s3.troubled() > 0);
    place.s3.calm();
    place.same_as(&disk);
    place.tidy();
    let log = || std::fs::read_to_string(place.scratch.path("work/units.log")).unwrap_or_default();
    assert!(log().contains("done near-parts"), "{}", log());
    std::fs::remove_dir_all(place.scratch.path("work")).unwrap();
    let mut driver = spawned(command(&["--fresh"]));
    while !log().contains("done apply ") {
        assert!(driver.try_wait().unwrap().is_none(), "over before it was killed");
        std::thread::sleep(Duration::from_millis(2));
    }
    driver.kill().unwrap();
    driver.wait().unwrap();
    let run = Run::of(&mut command(&[]));
    assert_eq!(run.code(), 0, "{}", run.stderr());
    place.same_as(&disk);
    place.tidy();
}

/// An executor takes no more tasks at a time than its memory is enough for.
#[test]
fn threads_go_by_memory() {
    let scratch = Scratch::new();
    let cluster = Cluster::start(&scratch, 0);
    let arguments = ["cluster", "executor", "--scheduler", &cluster.at, "--bind", "127.0.0.1:0", "--threads", "3"];
    let executor =
        Process::start(scratch.command(&[&arguments[..], &["--memory", "64MiB", "--scratch", "x"]].concat()));
    executor.says("--memory 64MiB is enough for 2 of 3 threads");
    executor.says("2 threads");
    cluster.scheduler.says("1 executor with 2 threads");
}

#[test]
fn no_scheduler_is_said() {
    let scratch = Scratch::new();
    scratch.write("docs.jsonl", json_lines(10));
    scratch.write("recipe.toml", crate::kill::RECIPE);
    let build = ["build", "--recipe", "recipe.toml", "--cluster", "df://127.0.0.1:1"];
    scratch.corpus(&build).says(2, &["no scheduler answers at df://127.0.0.1:1", "corpus cluster scheduler"]);
}
