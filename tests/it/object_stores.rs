//! Builds into an object store: a reader finds the old build or the new one, whatever goes wrong on the way, and nothing
//! that no build wrote is touched.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::{Built, Run, Scratch, contains, files_under, json_lines};
use crate::servers::s3::{S3, Trouble};
use crate::servers::{Content, Request};

/// What is kept of the documents of these tests: long ones.
pub const STAGES: &str = "[[stage]]\nrun = \"normalize\"\n[[stage]]\nrun = \"keep\"\nchars = { min = 40 }\n";
/// Several shards.
pub const SHARDS: &str = "[output]\nshard = \"64KiB\"\n";

/// A recipe over documents at a path; `more` stands between what is kept and the output.
pub fn recipe(name: &str, path: &str, more: &str) -> String {
    let source = format!("[[source]]\nname = \"docs\"\npath = [\"{path}\"]\nuse = \"pretrain\"\n");
    format!("name = \"{name}\"\nabout = \"a test\"\n{source}{STAGES}{more}{SHARDS}")
}

/// The recipe of a place.
fn stored() -> String {
    recipe("stored", "docs.jsonl", "[[stage]]\nrun = \"exact_dedup\"\n[[stage]]\nrun = \"near_dedup\"\nindex = true\n")
}

const OUT: &str = "s3://bucket/some/build";
const BELOW: &str = "bucket/some/build/";

/// A recipe, and a store to build it into.
pub struct Place {
    pub scratch: Scratch,
    pub s3: S3,
}

impl Place {
    pub fn new(rows: u64) -> Place {
        let scratch = Scratch::new();
        scratch.write("docs.jsonl", json_lines(rows));
        scratch.write("recipe.toml", stored());
        Place { scratch, s3: S3::start() }
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        self.s3.command(&self.scratch, arguments)
    }

    pub fn arguments<'a>(&self, more: &[&'a str]) -> Vec<&'a str> {
        let all = ["build", "--recipe", "recipe.toml", "--out", OUT, "--work", "work", "--quiet", "--threads", "2"];
        [&all[..], more].concat()
    }

    fn build(&self, more: &[&str]) -> Run {
        let run = Run::of(&mut self.command(&self.arguments(more)));
        let said = run.stdout() + &run.stderr();
        assert!(!said.contains("secretOfTheStore") && !said.contains("keyOfTheStore"), "{said}");
        run
    }

    #[track_caller]
    fn builds(&self, more: &[&str]) {
        let run = self.build(more);
        assert_eq!(run.code(), 0, "{}", run.stderr());
    }

    fn manifest(&self) -> Value {
        serde_json::from_slice(&self.s3.get(&format!("{BELOW}build.json")).unwrap()).unwrap()
    }

    /// What a reader finds: the files that the manifest names, by their names, and nothing else below the versions.
    #[track_caller]
    fn found(&self) -> BTreeMap<String, Vec<u8>> {
        let manifest = self.manifest();
        let at = manifest["at"].as_str().unwrap();
        let written = manifest["written"].as_object().unwrap();
        let file = |name: &String| {
            let bytes = self.s3.get(&format!("{BELOW}{at}/{name}")).unwrap_or_else(|| panic!("{name} is missing"));
            assert_eq!(Some(bytes.len() as u64), written[name].as_u64(), "{name}");
            (name.clone(), bytes)
        };
        written.keys().map(file).collect()
    }

    /// Nothing lies there but one build.
    #[track_caller]
    pub fn tidy(&self) {
        let manifest = self.manifest();
        let at = manifest["at"].as_str().unwrap();
        let id = at.strip_prefix("versions/").unwrap();
        let mut ours: Vec<String> =
            manifest["written"].as_object().unwrap().keys().map(|n| format!("{BELOW}{at}/{n}")).collect();
        ours.extend([format!("{BELOW}build.json"), format!("{BELOW}.corpus/{id}.json")]);
        ours.sort();
        assert_eq!(self.s3.names(), ours);
        assert_eq!(self.s3.open_uploads(), 0);
        assert!(!self.scratch.path("work/upload.log").exists());
    }

    /// The same recipe on a disk.
    pub fn on_disk(&self) -> Built {
        self.scratch.build("disk", &["--quiet"])
    }

    #[track_caller]
    pub fn same_as(&self, disk: &Built) {
        let found = self.found();
        let there = files_under(&disk.folder).into_iter().filter(|path| !path.starts_with(disk.folder.join(".work")));
        let name = |path: &std::path::Path| path.strip_prefix(&disk.folder).unwrap().to_string_lossy().into_owned();
        let mut there: BTreeMap<String, Vec<u8>> = there.map(|p| (name(&p), std::fs::read(p).unwrap())).collect();
        there.retain(|name, _| name != "build.json" && name != ".lock");
        assert_eq!(found.keys().collect::<Vec<_>>(), there.keys().collect::<Vec<_>>());
        found.iter().for_each(|(name, bytes)| assert!(*bytes == there[name], "{name}"));
        let bare = |manifest: &Value| {
            let mut manifest = manifest.clone();
            ["timings", "at"].iter().for_each(|key| drop(manifest.as_object_mut().unwrap().remove(*key)));
            manifest
        };
        assert_eq!(bare(&self.manifest()), bare(&disk.manifest));
    }
}

fn is_shard(request: &Request) -> bool {
    request.method == "PUT" && request.target.contains("/data/")
}

fn is_manifest(request: &Request) -> bool {
    request.method == "PUT" && request.target.ends_with("/build.json")
}

#[test]
fn a_build_in_a_store_is_the_one_on_a_disk() {
    let place = Place::new(3_000);
    let disk = place.on_disk();
    place.builds(&[]);
    place.same_as(&disk);
    place.tidy();
    assert!(place.found().len() > 6 && place.found().keys().any(|name| name.starts_with("index/")));
    // No copy of the corpus stays on the machine.
    let here = files_under(&place.scratch.path("work"));
    assert!(here.iter().all(|path| !path.to_string_lossy().contains("apply-")), "{here:?}");
    // The same again finds it, and puts nothing.
    place.s3.server.forget();
    place.builds(&[]);
    assert!(place.s3.server.log().iter().all(|seen| ["GET", "HEAD"].contains(&seen.request.method.as_str())));
    // Anew, with a file that is missing; the version is another one, and the old one is gone.
    let (before, lost) = (place.manifest()["at"].clone(), place.found().keys().next().unwrap().clone());
    place.s3.remove(&format!("{BELOW}{}/{lost}", before.as_str().unwrap()));
    place.builds(&[]);
    assert_ne!(place.manifest()["at"], before);
    place.same_as(&disk);
    place.tidy();
}

/// Whatever else lies there stays; what lies where builds write is told by name, before anything is put.
#[test]
fn what_no_build_wrote_is_not_touched() {
    let place = Place::new(300);
    place.s3.put(&format!("{BELOW}notes.txt"), Content::from("mine"));
    place.builds(&[]);
    let notes = |place: &Place| place.s3.get(&format!("{BELOW}notes.txt")) == Some(b"mine".to_vec());
    assert!(notes(&place));
    let (at, names) = (place.manifest()["at"].as_str().unwrap().to_owned(), place.s3.names());
    for foreign in
        [format!("{at}/data/mine.parquet"), "versions/other/x".into(), "README.md".into(), ".corpus/x.json".into()]
    {
        let name = format!("{BELOW}{foreign}");
        place.s3.put(&name, Content::from("mine"));
        place.s3.server.forget();
        place.build(&["--fresh"]).says(1, &[&foreign, "is in the way", "--out"]);
        assert!(place.s3.server.log().iter().all(|seen| ["GET", "HEAD"].contains(&seen.request.method.as_str())));
        place.s3.remove(&name);
    }
    // One of its files that was changed, and a card that was edited in place.
    let card = format!("{BELOW}{at}/README.md");
    let was = place.s3.get(&card).unwrap();
    let mut edited = was.clone();
    edited[20] ^= 1;
    place.s3.put(&card, Content::new(edited));
    place.build(&["--fresh"]).says(1, &["README.md", "it was changed since the build wrote it"]);
    place.s3.put(&card, Content::new(was));
    assert_eq!(place.s3.names(), names);
    // The build of another recipe wants --replace.
    place.scratch.write("recipe.toml", stored().replace("stored", "another"));
    place.build(&[]).says(1, &["holds the build of another recipe, `stored`", "--replace"]);
    place.builds(&["--replace"]);
    assert!(notes(&place));
    // A manifest that is none.
    place.s3.put(&format!("{BELOW}build.json"), Content::from("{}"));
    place.build(&[]).says(1, &["build.json", "is in the way"]);
}

/// Half of all requests in trouble, of every kind, and large files in parts: retries, and the same bytes.
#[test]
fn a_store_in_trouble_costs_retries() {
    let place = Place::new(3_000);
    let disk = place.on_disk();
    place.s3.rough(3);
    place.builds(&[]);
    assert!(place.s3.troubled() > 15, "{}", place.s3.troubled());
    place.s3.calm();
    place.same_as(&disk);
    place.tidy();
}

#[test]
fn large_files_go_in_parts() {
    let place = Place::new(300);
    // Noise does not pack: shards of more than a part.
    let noise = Content::noise(5, 26 << 20).to_vec();
    let text = |chunk: &[u8]| {
        chunk.iter().map(|b| char::from(33 + b % 90)).filter(|c| !"\"\\".contains(*c)).collect::<String>()
    };
    let lines = noise.chunks(1 << 16).map(|chunk| format!("{{\"text\": \"{}\"}}\n", text(chunk)));
    place.scratch.write("docs.jsonl", lines.collect::<String>());
    place.scratch.write("recipe.toml", stored().replace("64KiB", "64MiB"));
    let disk = place.on_disk();
    place.s3.rough(4);
    // The answer to the last request of an upload is lost; made again, it finds no such upload.
    place.s3.trouble(Trouble::Lost, 1, 0, |r| r.method == "POST" && r.target.contains("uploadId"));
    place.builds(&[]);
    place.s3.calm();
    let parts = place.s3.server.log().iter().filter(|seen| seen.request.target.contains("partNumber")).count();
    assert!(parts >= 3, "{parts}");
    place.same_as(&disk);
    place.tidy();
}

/// A put of the manifest that was done, and whose answer never came.
#[test]
fn a_put_that_is_answered_late_counts_once() {
    let place = Place::new(300);
    place.builds(&[]);
    for trouble in [Trouble::Late, Trouble::Lost] {
        let before = place.manifest()["at"].clone();
        place.s3.trouble(trouble, 1, 0, is_manifest);
        place.builds(&["--fresh"]);
        assert_ne!(place.manifest()["at"], before);
        place.tidy();
    }
    // It was done, and never heard of: whatever the build says, what is there counts, and the next run finds it.
    let before = place.manifest()["at"].clone();
    place.s3.trouble(Trouble::Late, usize::MAX, 0, is_manifest);
    let mut command = place.command(&place.arguments(&["--fresh"]));
    let run = Run::of(command.env("CORPUS_RETRY_FOR", "1"));
    place.s3.calm();
    let now = place.manifest()["at"].clone();
    assert_ne!(now, before, "{}", run.stderr());
    place.found();
    place.builds(&[]);
    assert_eq!(place.manifest()["at"], now);
}

/// A store that refuses for good: one error that says so, the old build as it was; the next run goes on.
#[test]
fn a_store_that_is_gone_is_one_error() {
    let place = Place::new(3_000);
    place.builds(&[]);
    let (old, at) = (place.found(), place.manifest()["at"].clone());
    for (trouble, says) in [
        (Trouble::SlowDown, "SlowDown"),
        (Trouble::Internal, "InternalError"),
        (Trouble::Denied, "SignatureDoesNotMatch"),
    ] {
        place.s3.trouble(trouble, usize::MAX, 2, is_shard);
        let run = Run::of(place.command(&place.arguments(&["--fresh"])).env("CORPUS_RETRY_FOR", "1"));
        run.says(2, &[OUT, says]);
        contains(&run.stderr(), &[], &["keyOfTheStore", "secretOfTheStore"]);
        assert_eq!(place.manifest()["at"], at);
        assert!(place.found() == old);
        place.s3.calm();
    }
    // What has arrived is not put again; what the others left is removed.
    place.s3.trouble(Trouble::Internal, usize::MAX, 2, is_shard);
    Run::of(
        place.command(&place.arguments(&["--set", "keep.chars={min=41}", "--keep-work"])).env("CORPUS_RETRY_FOR", "1"),
    )
    .says(2, &[OUT]);
    place.s3.calm();
    place.s3.server.forget();
    place.builds(&["--set", "keep.chars={min=41}"]);
    let put = place.s3.server.log().iter().filter(|seen| is_shard(&seen.request)).count();
    let shards = place.manifest()["shards"].as_array().unwrap().len();
    assert!(put < shards && put > 0, "{put} of {shards}");
    place.tidy();
}

/// A reader that looks at any moment finds one build whole; so does one who looks after a kill at any moment.
#[test]
fn a_kill_leaves_the_old_build_or_the_new_one() {
    let place = Place::new(3_000);
    place.builds(&[]);
    place.s3.server.pace(300_000);
    // Kills are spread over the time that a build takes here; the last one is left alone.
    let began = Instant::now();
    place.builds(&["--set", "keep.chars={min=39}"]);
    let whole = began.elapsed();
    let (mut seen, mut killed) = (Vec::new(), 0);
    for (limit, share) in (40..52).zip([4, 9, 6, 8, 2, 10, 5, 7, 3, 9, 8, 100]) {
        let option = format!("keep.chars={{min={limit}}}");
        let mut child = place.command(&place.arguments(&["--set", &option])).spawn().unwrap();
        let until = Instant::now() + whole * share / 10;
        while Instant::now() < until && child.try_wait().unwrap().is_none() {
            // The old build goes once the new manifest stands: whoever read the old one looks again.
            std::thread::sleep(Duration::from_millis(20));
        }
        if child.try_wait().unwrap().is_none() {
            killed += 1;
            child.kill().unwrap();
        }
        child.wait().unwrap();
        seen.push(place.manifest()["at"].clone());
        place.found();
    }
    seen.dedup();
    assert!(killed >= 4 && seen.len() > 1, "{killed} kills, {} builds", seen.len());
    place.s3.server.pace(0);
    place.builds(&["--set", "keep.chars={min=60}"]);
    place.found();
    place.tidy();
}

/// Two builds onto one place: the one that ends later is refused, and takes nothing of the other with it.
#[test]
fn of_two_builds_at_once_one_stays() {
    let place = Place::new(1_500);
    place.builds(&[]);
    place.s3.server.pace(200_000);
    let run = |work: &'static str, limit: &str| {
        let option = format!("keep.chars={{min={limit}}}");
        let arguments = ["build", "--recipe", "recipe.toml", "--out", OUT, "--work", work, "--quiet", "--set", &option];
        place.command(&arguments).stderr(std::process::Stdio::piped()).spawn().unwrap()
    };
    let runs = [run("one", "45"), run("two", "50")].map(|child| Run::from(child.wait_with_output().unwrap()));
    place.s3.server.pace(0);
    let codes: Vec<i32> = runs.iter().map(Run::code).collect();
    assert!(codes.contains(&0), "{codes:?} {}", runs[0].stderr());
    if let Some(lost) = runs.iter().find(|run| run.code() != 0) {
        lost.says(1, &["another build was put there while this one ran", "run the same command again"]);
    }
    place.found();
    // Whoever comes next cleans up after both.
    place.builds(&["--fresh"]);
    place.tidy();
}

/// Exactly at the put: another manifest stands there by then.
#[test]
fn a_manifest_that_came_meanwhile_stays() {
    let place = Place::new(300);
    place.builds(&[]);
    let other = place.s3.get(&format!("{BELOW}build.json")).unwrap();
    let other = String::from_utf8(other).unwrap().replace("\"v\": 1,", "\"v\":  1,");
    // A put of the manifest is refused while another one is put there by hand.
    place.s3.server.pace(150_000);
    let child = place.command(&place.arguments(&["--fresh"])).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let began = Instant::now();
    while !place.s3.server.log().iter().any(|seen| is_shard(&seen.request) && seen.at > began) {
        assert!(began.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(5));
    }
    place.s3.put(&format!("{BELOW}build.json"), Content::from(other.as_str()));
    let run = Run::from(child.wait_with_output().unwrap());
    run.says(1, &["another build was put there while this one ran"]);
    assert_eq!(place.s3.get(&format!("{BELOW}build.json")).unwrap(), other.as_bytes());
    place.found();
    place.tidy();
}

#[test]
fn stale_listings_cost_nothing() {
    let place = Place::new(300);
    place.builds(&[]);
    // Listings tell of a build that is gone by the next run, and of none that comes after.
    place.s3.stale();
    place.builds(&["--fresh"]);
    place.found();
    place.builds(&["--fresh"]);
    place.found();
    place.s3.calm();
    place.builds(&["--fresh"]);
    place.tidy();
}

#[test]
fn what_cannot_be_is_said_before_anything_is_read() {
    let place = Place::new(30);
    // A store without conditions.
    place.s3.careless();
    place.build(&[]).says(2, &["the store does no conditional puts"]);
    assert!(!place.s3.names().iter().any(|name| name.ends_with("build.json")));
    place.s3.calm();
    let within = "[[export]]\nto = \"text\"\nout = \"versions/mine\"\n";
    place.scratch.write("recipe.toml", stored() + within);
    place.build(&[]).says(1, &["the export to `text` would lie in", "where the build writes"]);
    place.scratch.write("recipe.toml", stored());
    let build = |out: &str| Run::of(&mut place.command(&["build", "--recipe", "recipe.toml", "--out", out]));
    let run = build("s3://someone:hush@bucket/x");
    run.says(1, &["no credentials"]);
    contains(&run.stderr(), &[], &["hush"]);
    build("s3:///x").says(1, &["names no bucket"]);
    build("https://host/x").says(1, &["is a URL"]);
    let work = ["build", "--recipe", "recipe.toml", "--out", OUT, "--work", "https://host/work"];
    Run::of(&mut place.command(&work)).says(1, &["--work", "is a URL"]);
    // Jobs lie where those of a build on a disk would.
    let run = Run::of(&mut place.command(&["build", "--recipe", "recipe.toml", "--out", OUT]));
    run.says(0, &["builds/stored/.work"]);
    assert!(place.scratch.path("builds/stored/.work/units.log").exists());
}

/// Gates are judged before the manifest is put, and again where the build is there already.
#[test]
fn gates_are_judged_in_a_store_too() {
    let place = Place::new(300);
    let gates = |language: &str, least: f64| {
        let stage = stored().replace("[output]", "[[stage]]\nrun = \"language\"\n[output]");
        let recipe = format!("{stage}[gates]\nmin_language = {{ {language} = {least} }}\n");
        place.scratch.write("recipe.toml", recipe);
    };
    gates("zh", 0.01);
    place.builds(&[]);
    let judged = place.manifest()["gates"].clone();
    assert!(judged[0]["value"].as_f64().unwrap() > 0.01 && judged[0]["passed"] == true, "{judged}");
    let at = place.manifest()["at"].clone();
    gates("fr", 0.5);
    place.build(&[]).says(1, &["min_language.fr"]);
    assert_eq!(place.manifest()["at"], at);
    assert_eq!(place.manifest()["gates"][0]["passed"], Value::Bool(false));
    place.tidy();
}

/// What reads a build reads it there, by ranges, and says the same as of the build on a disk.
#[test]
fn a_build_in_a_store_is_read_there() {
    let place = Place::new(1_000);
    place.on_disk();
    place.builds(&[]);
    let at = format!("{OUT}/{}", place.manifest()["at"].as_str().unwrap());
    let stdout_of = |arguments: &[&str]| {
        let run = Run::of(&mut place.command(arguments));
        assert_eq!(run.code(), 0, "{arguments:?}: {}", run.stderr());
        run.stdout().replace(&at, "disk").replace(OUT, "disk")
    };
    let both = |arguments: &[&str]| {
        let of = |build: &'static str| {
            let named: Vec<&str> = arguments.iter().map(|a| if *a == "BUILD" { build } else { a }).collect();
            stdout_of(&named)
        };
        let (store, disk) = (of(OUT), of("disk"));
        assert_eq!(store, disk, "{arguments:?}");
        store
    };
    both(&["inspect", "BUILD", "--rows", "3"]);
    let count = both(&["sql", "BUILD", "select source, count(*) as n from data group by 1", "--format", "json"]);
    assert!(count.contains("docs"), "{count}");
    let ids = both(&["sql", "BUILD", "select id from dropped order by id limit 1", "--format", "jsonl"]);
    let id: Value = serde_json::from_str(ids.lines().next().unwrap()).unwrap();
    let id = id["id"].as_str().unwrap().to_owned();
    let why = |build: &str, work: &str| stdout_of(&["why", build, &id, "--work", work, "--format", "json"]);
    assert_eq!(why(OUT, "work"), why("disk", "disk/.work"));
    let tune = |build: &str, work: &str| stdout_of(&["tune", build, "--work", work, "--format", "json"]);
    assert_eq!(tune(OUT, "work"), tune("disk", "disk/.work"));
    let diff: Value = serde_json::from_str(&stdout_of(&["diff", "disk", OUT, "--texts", "--format", "json"])).unwrap();
    assert_eq!((diff["same_recipe"].as_bool(), diff["moves"].as_array().unwrap().len()), (Some(true), 0), "{diff}");
    for (build, out) in [(OUT, "one"), ("disk", "other")] {
        stdout_of(&["export", build, "--to", "text", "--out", out, "--quiet"]);
    }
    let files = |out: &str| {
        let all = files_under(&place.scratch.path(out)).into_iter();
        all.map(|path| std::fs::read(path).unwrap()).collect::<Vec<_>>()
    };
    assert!(files("one") == files("other") && files("one").len() > 1);
    stdout_of(&["report", OUT, "--out", "page.html"]);
    assert!(std::fs::metadata(place.scratch.path("page.html")).unwrap().len() > 10_000);
    // Of a file that is read for one column, little goes over the wire.
    place.s3.server.forget();
    stdout_of(&["sql", OUT, "select count(*) from data"]);
    let whole: usize = place.found().values().map(Vec::len).sum();
    assert!(place.s3.server.sent() < whole as u64, "{} of {whole}", place.s3.server.sent());
    // Where nothing is written, a place has to be named; a folder without a build is none.
    Run::of(&mut place.command(&["report", OUT])).says(2, &["is in an object store", "--out"]);
    Run::of(&mut place.command(&["sql", "s3://bucket/none", "select 1"])).says(1, &["is no build"]);
    // A version that was replaced is named as that.
    place.builds(&["--fresh"]);
    Run::of(&mut place.command(&["inspect", &at])).says(1, &["not the build that stands there any more", OUT]);
    // A store in trouble costs retries.
    place.s3.rough(3);
    stdout_of(&["sql", OUT, "select count(*) from dropped"]);
}
