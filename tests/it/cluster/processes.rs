//! Real processes of a cluster, on loopback.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::harness::{Built, Run, Scratch, json_lines, same_output};
use crate::object_stores::Place;
use crate::servers::Content;
use crate::servers::s3::S3;
use crate::workers::{MORE, ends, everything, lines, until};

/// A process that ends with the test, and what it says.
pub(super) struct Process {
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

    fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap().success());
    }

    pub(super) fn kill(&mut self) {
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
pub(super) struct Cluster {
    scheduler: Process,
    pub(super) at: String,
    pub(super) executors: Vec<Process>,
}

impl Cluster {
    pub(super) fn start(scratch: &Scratch, executors: usize) -> Cluster {
        Cluster::knowing(scratch, executors, |command| command)
    }

    /// One whose executors are told more.
    pub(super) fn knowing(scratch: &Scratch, executors: usize, told: impl Fn(Command) -> Command) -> Cluster {
        let scheduler = scheduler(scratch, "127.0.0.1:0");
        let line = scheduler.says("the scheduler is at df://");
        let at = line.split_once("is at ").unwrap().1.to_owned();
        let executors: Vec<Process> =
            (0..executors).map(|number| Process::start(told(execute(scratch, &at, number)))).collect();
        if !executors.is_empty() {
            let s = if executors.len() == 1 { "" } else { "s" };
            scheduler.says(&format!("{} executor{s} with {0} thread{s}", executors.len()));
        }
        Cluster { scheduler, at, executors }
    }

    /// One of an executor that does not know the store of the driver, and soon ends asking.
    pub(super) fn without_store(scratch: &Scratch) -> Cluster {
        Cluster::knowing(scratch, 1, |mut command| {
            command
                .env("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
                .env("AWS_ALLOW_HTTP", "true")
                .env("CORPUS_RETRY_FOR", "1");
            command
        })
    }

    /// Its first executor is killed, and another one of a number takes its place.
    pub(super) fn loses_one(&mut self, scratch: &Scratch, number: usize) {
        self.loses_one_for(scratch, number, |command| command);
    }

    /// The same, where the other one is told more.
    pub(super) fn loses_one_for(&mut self, scratch: &Scratch, number: usize, told: impl Fn(Command) -> Command) {
        self.executors[0].kill();
        self.executors[0] = Process::start(told(execute(scratch, &self.at, number)));
    }

    pub(super) fn command(&self, scratch: &Scratch, out: &str) -> Command {
        let arguments = ["build", "--recipe", "recipe.toml", "--out", out, "--cluster", &self.at];
        scratch.command(&[&arguments[..], &MORE].concat())
    }
}

fn scheduler(scratch: &Scratch, bind: &str) -> Process {
    Process::start(scratch.command(&["cluster", "scheduler", "--bind", bind, "--lease", "4"]))
}

/// It runs in a folder of its own: no path may be relative to that of the build.
fn execute(scratch: &Scratch, at: &str, number: usize) -> Command {
    let folder = scratch.path(&format!("machine-{number}"));
    std::fs::create_dir_all(&folder).unwrap();
    let arguments =
        ["cluster", "executor", "--scheduler", at, "--bind", "127.0.0.1:0", "--threads", "1", "--lease", "4"];
    let mut command = scratch.command(&[&arguments[..], &["--scratch", "."]].concat());
    command.current_dir(folder);
    command
}

pub(super) fn spawned(mut command: Command) -> Child {
    command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

pub(super) fn bare(built: &Built) -> serde_json::Value {
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
    for (round, job) in ["scan", "near-parts", "apply", "shards"].into_iter().enumerate() {
        std::fs::remove_dir_all(scratch.path("shared")).unwrap();
        let build = spawned(cluster.command(&scratch, "shared"));
        until(&scratch, &format!("done {job} "), 1);
        cluster.executors[0].kill();
        ends(build);
        same_output(&alone, &scratch.built("shared"), &format!("an executor killed in {job}"));
        cluster.executors[0] = Process::start(execute(&scratch, &cluster.at, 2 + round));
        cluster.scheduler.says("2 executors with 2 threads");
    }
}

/// An executor that was held up for longer than it may be counts as lost, and is there again when it goes on: it does not
/// end, or a machine that is busy for a while would cost a cluster all of its executors.
#[test]
fn a_late_executor_comes_back() {
    let scratch = Scratch::new();
    scratch.write("docs.jsonl", json_lines(6_000));
    scratch.write("recipe.toml", crate::kill::RECIPE);
    let alone = scratch.build("alone", &MORE);
    let mut cluster = Cluster::start(&scratch, 1);
    for job in ["scan", "dedup-parts"] {
        let build = spawned(cluster.command(&scratch, "shared"));
        until(&scratch, &format!("done {job} "), 2);
        cluster.executors[0].signal("-STOP");
        cluster.scheduler.says("an executor is gone: 0 executors");
        cluster.executors[0].signal("-CONT");
        ends(build);
        cluster.scheduler.says("an executor joins: 1 executor with 1 thread");
        assert!(cluster.executors[0].child.try_wait().unwrap().is_none());
        same_output(&alone, &scratch.built("shared"), &format!("held up in {job}"));
        std::fs::remove_dir_all(scratch.path("shared")).unwrap();
    }
}

/// A build that has lost all executors says so, and the same command goes on once there are some.
#[test]
fn a_build_without_executors_ends() {
    let scratch = Scratch::new();
    scratch.write("docs.jsonl", json_lines(6_000));
    scratch.write("recipe.toml", crate::kill::RECIPE);
    let alone = scratch.build("alone", &MORE);
    let mut cluster = Cluster::start(&scratch, 1);
    let build = spawned(cluster.command(&scratch, "shared"));
    until(&scratch, "done scan ", 2);
    cluster.executors[0].kill();
    let run = Run::from(build.wait_with_output().unwrap());
    run.says(2, &[&format!("all executors of {} are gone", cluster.at), "corpus cluster executor --scheduler"]);
    cluster.executors[0] = Process::start(execute(&scratch, &cluster.at, 1));
    let run = Run::of(&mut cluster.command(&scratch, "shared"));
    assert_eq!(run.code(), 0, "{}", run.stderr());
    same_output(&alone, &scratch.built("shared"), "gone on");
}

/// Keys and own ids that stand in several rows, of sources with priorities, are found by executors; one of them is lost.
#[test]
fn executors_compare_keys() {
    let scratch = Scratch::new();
    let lines = |rows: std::ops::Range<usize>| -> String {
        let all = json_lines(rows.end as u64);
        let page = |(n, line): (usize, &str)| {
            let tail = "再".repeat(n % 3);
            line.replace("\"}", &format!("{tail}\",\"url\":\"https://a.example/{}\"}}\n", n % 400))
        };
        all.lines().enumerate().skip(rows.start).map(page).collect()
    };
    scratch.write("docs.jsonl", lines(0..2_500));
    scratch.write("packed.jsonl.zst", zstd::encode_all(lines(1_900..3_400).as_bytes(), 3).unwrap());
    let source = |name: &str, path: &str, priority: i64| {
        format!("[[source]]\nname = \"{name}\"\npath = [\"{path}\"]\nuse = \"pretrain\"\npriority = {priority}\n")
    };
    let sources = source("docs", "docs.jsonl", 0) + &source("packed", "packed.jsonl.zst", 3);
    let stages = "[[stage]]\nrun = \"exact_dedup\"\n\
        [[stage]]\nrun = \"exact_dedup\"\nname = \"pages\"\nby = \"page\"\nkeep = \"longest\"\nmost = 3\n";
    scratch.write("recipe.toml", format!("name = \"keys\"\nabout = \"a test\"\n{sources}{stages}"));
    let alone = scratch.build("alone", &MORE);
    let all = alone.manifest["stages"].as_array().unwrap();
    let touched: Vec<u64> = all.iter().filter(|stage| stage["run"] == "exact_dedup").map(gone).collect();
    assert!(touched.len() == 2 && touched.iter().all(|rows| *rows > 300), "{touched:?}");
    let mut cluster = Cluster::start(&scratch, 2);
    let build = spawned(cluster.command(&scratch, "shared"));
    until(&scratch, "done dedup-parts ", 3);
    cluster.loses_one(&scratch, 2);
    ends(build);
    let shared = scratch.built("shared");
    same_output(&alone, &shared, "two executors");
    assert_eq!(bare(&alone), bare(&shared));
    assert!(self::lines(&scratch, "done ids-parts ") > 8);
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

/// Executors fill the folder of jobs, and put shards into an object store that is in trouble now and then: what lies there is
/// what a build on a disk has. A driver that is killed there goes on, and executors that do not know the store say so.
#[test]
fn a_cluster_builds_into_an_object_store() {
    let place = Place::new(3_000);
    let disk = place.on_disk();
    let cluster = Cluster::knowing(&place.scratch, 2, |command| place.s3.known(command));
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
    assert!(log().contains("done near-parts") && log().contains("done shards "), "{}", log());
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
    drop(cluster);
    let cluster = Cluster::without_store(&place.scratch);
    std::fs::remove_dir_all(place.scratch.path("work")).unwrap();
    let arguments = ["--cluster", &cluster.at, "--unit", "48KiB", "--fresh"];
    Run::of(&mut place.command(&place.arguments(&arguments))).says(2, &["an executor puts ", "s3://bucket/"]);
    place.same_as(&disk);
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

/// Lines and stretches of text that stand in many rows, of two sources, are found by executors alone; one of them is lost.
#[test]
fn executors_compare_lines_and_stretches() {
    let scratch = Scratch::new();
    let with = |first: u64, rows: u64| -> String {
        let more = |n: u64| match n % 5 {
            0 => format!("\\n第{}条通知：本页面的内容由网友上传，版权归原作者所有，如有问题请联系我们处理。", n % 7),
            1 => format!("在这之前{n}，引用一段很长的话，它在别的文章里也出现过，一字不差地抄了下来{}次。", n % 3),
            _ => String::new(),
        };
        let lines = json_lines(first + rows);
        let of = |(n, line): (usize, &str)| line.replace("\"}", &format!("{}\"}}\n", more(n as u64)));
        lines.lines().enumerate().skip(first as usize).map(of).collect()
    };
    scratch.write("docs.jsonl", with(0, 2_500));
    scratch.write("packed.jsonl.zst", zstd::encode_all(with(1_900, 1_500).as_bytes(), 3).unwrap());
    let recipe = |stages: &str| {
        let source = |name: &str, path: &str| {
            format!("[[source]]\nname = \"{name}\"\npath = [\"{path}\"]\nuse = \"pretrain\"\n")
        };
        let sources = source("docs", "docs.jsonl") + &source("packed", "packed.jsonl.zst");
        scratch.write("recipe.toml", format!("name = \"alike\"\nabout = \"a test\"\n{sources}{stages}"));
    };
    let mut cluster = Cluster::start(&scratch, 2);
    let cutting = "[[stage]]\nrun = \"line_dedup\"\ndocuments = 3\nkeep = \"first\"\nscope = \"all\"\n\
        [[stage]]\nrun = \"substring_dedup\"\nmin_chars = 25\nwhole = \"characters\"\n";
    let dropping = "[[stage]]\nrun = \"line_dedup\"\naction = \"drop\"\ndocuments = 4\nshare = 0.3\nscope = \"source\"\n\
        [[stage]]\nrun = \"substring_dedup\"\naction = \"drop\"\nkeep = \"none\"\nmin_chars = 20\nshare = 0.4\n";
    for (round, stages) in [cutting, dropping].into_iter().enumerate() {
        recipe(stages);
        let alone = scratch.build("alone", &MORE);
        let changed = alone.manifest["stages"].as_array().unwrap().iter();
        let cuts = alone.manifest["cuts"].as_array().map_or(&[][..], |cuts| cuts);
        let cut = |name: &serde_json::Value| -> u64 {
            cuts.iter().filter(|cut| cut["stage"] == *name).map(|cut| cut["rows"].as_u64().unwrap()).sum()
        };
        let touched = |stage: &serde_json::Value| cut(&stage["name"]) + gone(stage);
        assert!(changed.filter(|stage| touched(stage) > 20).count() == 2, "{}", alone.manifest["stages"]);
        let build = spawned(cluster.command(&scratch, "shared"));
        until(&scratch, ["done lines-parts ", "done substrings-parts "][round], 3);
        cluster.loses_one(&scratch, 2 + round);
        ends(build);
        let shared = scratch.built("shared");
        same_output(&alone, &shared, &format!("round {round}"));
        assert_eq!(bare(&alone), bare(&shared));
        std::fs::remove_dir_all(scratch.path("shared")).unwrap();
    }
}

/// Rows that a stage dropped.
pub(super) fn gone(stage: &serde_json::Value) -> u64 {
    stage["rows_in"].as_u64().unwrap() - stage["rows_out"].as_u64().unwrap()
}

/// Objects that are sources are read by executors, each in the version that the driver looked at: also by executors that
/// have read an earlier one for an earlier build.
#[test]
fn executors_read_sources_in_a_store() {
    let (scratch, s3) = (Scratch::new(), S3::start());
    let put = |name: &str, bytes: &[u8]| {
        scratch.write(&format!("corpus/{name}"), bytes);
        s3.put(&format!("bucket/corpus/{name}"), Content::new(bytes.to_vec()));
    };
    let recipe = |head: &str| {
        let path = format!("{head}corpus/*");
        scratch
            .write("recipe.toml", crate::object_stores::recipe("placed", &path, "[[stage]]\nrun = \"near_dedup\"\n"));
    };
    let cluster = Cluster::knowing(&scratch, 2, |command| s3.known(command));
    let others: String = json_lines(3_000).lines().skip(2_200).map(|line| line.to_owned() + "\n").collect();
    put("b.jsonl.zst", &zstd::encode_all(others.as_bytes(), 3).unwrap());
    for (round, rows) in [2_000, 1_500].into_iter().enumerate() {
        put("a.jsonl", json_lines(rows).as_bytes());
        recipe("");
        let disk = scratch.build("disk", &MORE);
        recipe("s3://bucket/");
        s3.rough(7);
        let run = Run::of(&mut s3.known(cluster.command(&scratch, "shared")));
        assert_eq!(run.code(), 0, "{}", run.stderr());
        assert!(s3.troubled() > 0);
        s3.calm();
        same_output(&disk, &scratch.built("shared"), &format!("round {round}"));
    }
    let log = std::fs::read_to_string(scratch.path("shared/.work/units.log")).unwrap();
    assert!(log.lines().filter(|line| line.starts_with("done scan ")).count() > 8, "{log}");
}

/// What an executor has seen of a store is of one build: files that belong together, and came or changed between two
/// builds, are found by it as the driver finds them.
#[test]
fn executors_look_at_a_store_anew_for_each_build() {
    let (scratch, s3) = (Scratch::new(), S3::start());
    let pair = |name: &str, lines: std::ops::Range<u64>, word: &str| {
        for (language, text) in [("en", "The ferry left at noon, number"), ("zh", word)] {
            let text: String = lines.clone().map(|n| format!("{text} {n}\n")).collect();
            let file = format!("corpus/{name}.en-zh.{language}");
            scratch.write(&file, text.as_bytes());
            s3.put(&format!("bucket/{file}"), Content::new(text.into_bytes()));
        }
    };
    let recipe = |head: &str| {
        let source = format!("[[source]]\nname = \"pairs\"\npath = [\"{head}corpus/*\"]\nformat = \"aligned\"\n");
        scratch.write("recipe.toml", format!("name = \"pairs\"\nabout = \"a test\"\n{source}"));
    };
    let cluster = Cluster::knowing(&scratch, 1, |command| s3.known(command));
    for round in 0..2 {
        match round {
            0 => pair("a", 0..900, "渡船中午开走了，第"),
            _ => {
                pair("a", 0..900, "渡船傍晚才开走，第");
                pair("b", 900..1_300, "船上的人挥着手，第");
            }
        }
        recipe("");
        let disk = scratch.build("disk", &MORE);
        assert_eq!(disk.total("read"), [900, 1_300][round], "{}", disk.manifest["totals"]);
        recipe("s3://bucket/");
        let run = Run::of(&mut s3.known(cluster.command(&scratch, "shared")));
        assert_eq!(run.code(), 0, "{}", run.stderr());
        same_output(&disk, &scratch.built("shared"), &format!("round {round}"));
    }
}

/// Two builds on one executor: what it sees of a store for one of them, the other one's tasks do not change. The first is held
/// up while the second one runs, with files that came in between.
#[test]
fn builds_side_by_side_see_a_store_each_as_it_found_it() {
    let (scratch, s3) = (Scratch::new(), S3::start());
    let put = |name: &str, text: String| {
        scratch.write(&format!("corpus/{name}"), text.as_bytes());
        s3.put(&format!("bucket/corpus/{name}"), Content::new(text.into_bytes()));
    };
    for pair in 0..300 {
        for (language, text) in [("en", "The ferry left at noon, number"), ("zh", "渡船中午开走了，第")] {
            put(&format!("p{pair}.{language}"), (0..200).map(|line| format!("{text} {pair}-{line}\n")).collect());
        }
    }
    let recipe = |head: &str| {
        let paths = format!("[\"{head}corpus/*.en\", \"{head}corpus/*.zh\"]");
        let source = format!("[[source]]\nname = \"pairs\"\npath = {paths}\nformat = \"aligned\"\n");
        scratch.write("recipe.toml", format!("name = \"pairs\"\nabout = \"a test\"\n{source}"));
    };
    recipe("");
    let disk = scratch.build("disk", &MORE);
    assert_eq!(disk.total("kept"), 60_000, "{}", disk.manifest["totals"]);
    recipe("s3://bucket/");
    let cluster = Cluster::knowing(&scratch, 1, |command| s3.known(command));
    let mut first = Process::start(s3.known(cluster.command(&scratch, "shared")));
    until(&scratch, "done scan ", 3);
    first.signal("-STOP");
    // With it the last pair would have three sides, of which nobody could tell which belong together.
    put("p299.de", "Die Faehre ist weg\n".repeat(200));
    let other = Run::of(&mut s3.known(cluster.command(&scratch, "other")));
    first.signal("-CONT");
    assert_eq!(other.code(), 0, "{}", other.stderr());
    assert!(scratch.built("other").total("kept") < 60_000, "{}", scratch.built("other").manifest["totals"]);
    assert!(first.child.wait().unwrap().success());
    same_output(&disk, &scratch.built("shared"), "held up");
    assert!(lines(&scratch, "done scan ") > 80);
}

#[test]
fn no_scheduler_is_said() {
    let scratch = Scratch::new();
    scratch.write("docs.jsonl", json_lines(10));
    scratch.write("recipe.toml", crate::kill::RECIPE);
    let build = ["build", "--recipe", "recipe.toml", "--cluster", "df://127.0.0.1:1"];
    scratch.corpus(&build).says(2, &["no scheduler answers at df://127.0.0.1:1", "corpus cluster scheduler"]);
}
