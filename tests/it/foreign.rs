//! No file that this program did not write is ever changed: foreign files of every name that it uses lie in the output
//! folder, the work folder, the store, among the inputs and the temporary files; every command runs, is killed at random
//! moments, and all of them are compared byte for byte.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use corpus::pipeline::publish::place;
use corpus::store::{self, PARTIAL};

use crate::harness::{Run, Scratch, json_lines};

const SET: &str = "https://host.example/set.jsonl";

/// What lies at foreign paths: bytes, where a link leads, or that it is a folder without anything in it.
#[derive(Debug, PartialEq)]
enum There {
    File(Vec<u8>),
    PlannedStage(PathBuf),
    Folder(usize),
    Nothing,
}

struct World {
    scratch: Scratch,
    foreign: BTreeMap<String, There>,
}

impl World {
    fn new() -> Self {
        let scratch = Scratch::new();
        for (name, input, stage) in [
            ("mine", "in/docs.jsonl", "run = \"near_dedup\"\nindex = true\n"),
            ("other", "in/more.jsonl", "run = \"words\"\n"),
        ] {
            let recipe = format!(
                "name = \"{name}\"\nabout = \"a test\"\n[[source]]\nname = \"docs\"\npath = [\"{input}\"]\n\
                 use = \"pretrain\"\n[[stage]]\n{stage}[[stage]]\nrun = \"keep\"\nchars = {{ min = 40 }}\n\
                 [[stage]]\nrun = \"shuffle\"\n"
            );
            scratch.write(&format!("{name}.toml"), recipe);
        }
        fs::create_dir_all(scratch.path("tmp")).unwrap();
        let mut world = World { scratch, foreign: BTreeMap::new() };
        world.put("in/docs.jsonl", &json_lines(150));
        world.put("in/more.jsonl", &json_lines(90));
        world.put("in/set.jsonl", &json_lines(9));
        world
    }

    fn put(&mut self, name: &str, content: &str) {
        self.scratch.write(name, content);
        self.foreign.insert(name.to_owned(), There::File(content.as_bytes().to_vec()));
    }

    /// A file of somebody else's.
    fn file(&mut self, name: &str) {
        self.put(name, &format!("{name} is mine"));
    }

    fn folder(&mut self, name: &str) {
        fs::create_dir_all(self.scratch.path(name)).unwrap();
        self.foreign.insert(name.to_owned(), There::Folder(0));
    }

    fn link(&mut self, name: &str, to: &str) {
        fs::create_dir_all(self.scratch.path(name).parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(to, self.scratch.path(name)).unwrap();
        self.foreign.insert(name.to_owned(), There::PlannedStage(to.into()));
    }

    fn unchanged(&self, after: &str) {
        for (name, was) in &self.foreign {
            let path = self.scratch.path(name);
            let now = match fs::symlink_metadata(&path) {
                Ok(m) if m.is_symlink() => There::PlannedStage(fs::read_link(&path).unwrap()),
                Ok(m) if m.is_dir() => There::Folder(fs::read_dir(&path).unwrap().count()),
                Ok(_) => There::File(fs::read(&path).unwrap()),
                Err(_) => There::Nothing,
            };
            assert!(now == *was, "{name} was changed by {after}: {now:?}");
        }
    }

    fn command(&self, words: &str) -> std::process::Command {
        let mut command = self.scratch.command(&words.split(' ').collect::<Vec<_>>());
        command.env("TMPDIR", self.scratch.path("tmp")).env("HOME", self.scratch.path("home"));
        command
    }

    /// Runs a command to its end.
    fn run(&self, words: &str) -> Run {
        let run = Run::of(&mut self.command(words));
        assert!((0..=2).contains(&run.code()), "{words}: {} {}", run.code(), run.stderr());
        self.unchanged(words);
        run
    }

    /// Runs a command, and kills it after a while; whether it was still running.
    fn kill(&self, words: &str, after: Duration) -> bool {
        let mut child = self.command(words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(after);
        let killed = child.try_wait().unwrap().is_none();
        let _ = child.kill();
        child.wait().unwrap();
        self.unchanged(&format!("{words}, killed after {after:?}"));
        killed
    }
}

/// Every command, with every option that writes or removes something.
const COMMANDS: [&str; 34] = [
    "build --recipe mine.toml --out out --work work --threads 2",
    "build --recipe other.toml --out out --work work --replace",
    "build --recipe mine.toml --out out --work work --replace --fresh",
    "build --recipe other.toml --out out --work work --replace --keep-work",
    "build --recipe mine.toml --out out --work work --replace --limit 20",
    "build --recipe mine.toml --out out --work work --replace --set keep.chars.min=60",
    "build --recipe mine.toml --out out --replace",
    "build --recipe mine.toml",
    "build --recipe mine.toml --limit 30",
    "build --recipe mine.toml --set keep.chars.min=80",
    "build --recipe quickstart --out out --replace",
    "build --recipe rec/stored.toml --out out --replace --offline",
    "build --recipe rec/stored.toml --out out --replace --offline --update",
    "plan --recipe mine.toml --out out --work work",
    "plan --recipe other.toml",
    "check mine.toml",
    "check quickstart",
    "inspect out",
    "inspect out --dropped",
    "inspect in",
    "inspect in/docs.jsonl",
    "list sources",
    "explain near_dedup",
    "cache list",
    "cache verify",
    "cache size",
    "cache prune",
    "cache prune --yes",
    "completions bash",
    "fetch https://host.example/set.jsonl --from in/set.jsonl --accept-license unstated",
    "init in",
    "init in --out in/docs.jsonl",
    "why out d5",
    "why out d5 --work work",
];
/// Those that take away a set, or put another one in its place.
const STORE: [&str; 3] = [
    "fetch https://host.example/set.jsonl --from in/other/set.jsonl --accept-license unstated --replace",
    "cache prune web:host.example --yes",
    "fetch https://host.example/set.jsonl --from in/set.jsonl --accept-license unstated",
];

#[test]
fn foreign_files_under_names_of_ours_stay() {
    let (output, work) = place::names();
    let all: Vec<String> =
        output.iter().map(|n| format!("out/{n}")).chain(work.iter().map(|n| format!("work/{n}"))).collect();
    for name in all.iter().filter(|n| !n.ends_with(".lock")) {
        for shape in 0..4 {
            let mut world = World::new();
            match shape {
                0 => world.file(name),
                1 => world.file(&format!("{name}/mine")),
                2 => world.link(name, "../in"),
                _ => world.folder(&format!("{name}/mine")),
            }
            let run = world.run(COMMANDS[0]);
            assert_ne!(run.code(), 0, "{name} as {shape}");
            if shape < 2 {
                world.run(COMMANDS[2]);
            }
        }
    }
    // All of them at once, under every command; and the lock of recipes, the store and samples that are others'.
    let mut world = World::new();
    all.iter().for_each(|name| world.file(&format!("{name}/mine")));
    world.run("check quickstart");
    let samples = fs::read_dir(world.scratch.path("tmp")).unwrap().flatten().next().unwrap().file_name();
    let samples = samples.into_string().unwrap();
    let set = format!("cache/sets/{}/-", store::key("web:host.example"));
    for name in ["rec/corpus.lock", &format!("tmp/{samples}/quickstart/news.jsonl"), &format!("{set}/set.jsonl")] {
        world.file(name);
    }
    world.scratch.write("rec/stored.toml", stored());
    for command in COMMANDS.iter().chain(&STORE) {
        world.run(command);
    }
    let run = world.run(COMMANDS[29]);
    assert!(run.code() != 0 && run.stderr().contains("no fetch put it there"), "{}", run.stderr());
    world.file(&format!("{set}/.corpus.json"));
    for command in COMMANDS.iter().chain(&STORE) {
        world.run(command);
    }
}

fn stored() -> String {
    format!(
        "name = \"stored\"\nabout = \"a test\"\n[[source]]\nname = \"docs\"\npath = [\"{SET}\"]\nuse = \"pretrain\"\n"
    )
}

#[test]
fn foreign_files_beside_ours_stay_whatever_runs_and_is_killed() {
    let mut world = World::new();
    world.scratch.write("rec/stored.toml", stored());
    world.put("in/other/set.jsonl", &json_lines(7));
    for command in [COMMANDS[0], COMMANDS[6], COMMANDS[7], COMMANDS[29]] {
        assert_eq!(world.run(command).code(), 0, "{command}");
    }
    let (output, work) = place::names();
    let set = format!("cache/sets/{}", store::key("web:host.example"));
    // Names of the one place in the other, and names like ours.
    for (folder, names) in [("out", &work), ("work", &output), ("builds/mine", &work), ("cache", &output)] {
        for name in names.iter().filter(|n| ![".lock", ".corpus"].contains(n)) {
            world.file(&format!("{folder}/{name}"));
        }
    }
    for name in ["scan", "apply-mine/x", "shuffle-notes.txt", "spill.txt", "inputs.json.bak", "scan-0123456789abcdeg/x"]
    {
        world.file(&format!("work/{name}"));
        world.file(&format!("builds/mine/.work/{name}"));
    }
    for name in ["build.json.tmp", "data.old/x", "README.md.1-00000000.tmp", "old/x", "new/data/x", ".git/config"] {
        world.file(&format!("out/{name}"));
    }
    for name in ["notes.txt", "sets/notes.txt", "sets/mine/-/x"] {
        world.file(&format!("cache/{name}"));
    }
    for name in
        ["notes.txt", "-/mine.jsonl", "-/data/mine.jsonl", &format!("-/{PARTIAL}/mine.part"), "-/.corpus.json.bak"]
    {
        world.file(&format!("{set}/{name}"));
    }
    for name in ["corpus-plan-1/x", "corpus-samples-0.1.0/x", "corpus-pipe-x", "mine"] {
        world.file(&format!("tmp/{name}"));
    }
    world.folder("out/empty");
    world.folder("work/empty");
    world.link("out/link", "../in/docs.jsonl");
    world.link("work/link", "../in");
    let (mut state, mut kills) = (11u64, 0);
    let mut random = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) % below
    };
    let most = {
        let began = std::time::Instant::now();
        world.run(COMMANDS[2]);
        began.elapsed().as_micros() as u64
    };
    let commands: Vec<&str> = COMMANDS.into_iter().chain(STORE).collect();
    let mut runs = 0;
    while kills < 40 && runs < 200 {
        // Every second one puts an output in the place of another.
        let from = if random(2) == 0 { 8 } else { commands.len() as u64 };
        let command = commands[random(from) as usize];
        let most = if command.starts_with("build") { most } else { most / 4 };
        kills += usize::from(world.kill(command, Duration::from_micros(random(most))));
        runs += 1;
    }
    assert!(kills >= 30, "only {kills} kills in {runs} runs");
    let _ = fs::remove_file(world.scratch.path("rec/corpus.lock"));
    for command in [STORE[1], COMMANDS[29]].iter().chain(&COMMANDS).chain(&STORE) {
        let run = world.run(command);
        // Another recipe's build is there, the row is not of the build, the file is not replaced, or the set went in
        // one of the runs above.
        let refused = ["work work --threads", "other.toml", "why ", "--out in/docs.jsonl", "cache prune web:"];
        let allowed = refused.iter().any(|part| command.contains(part));
        assert!(run.code() == 0 || allowed, "{command}: {}", run.stderr());
    }
    world.scratch.built("out").check_accounts();
}
