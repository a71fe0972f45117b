//! Exports into object stores: the files of an export on a disk, whole or not at all, whatever goes wrong on the way.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::{Run, Scratch, files_under, json_lines};
use crate::object_stores::recipe;
use crate::servers::Content;
use crate::servers::s3::{S3, Trouble};

const BUILD: &str = "s3://bucket/build";

pub type Files = BTreeMap<String, Vec<u8>>;

pub struct Place {
    pub scratch: Scratch,
    pub s3: S3,
}

impl Place {
    /// A build in a store, out of sources there.
    pub fn new(rows: u64, exports: &str) -> Place {
        let place = Place { scratch: Scratch::new(), s3: S3::start() };
        place.s3.put("bucket/raw/docs.jsonl", Content::from(json_lines(rows)));
        place.recipe(exports);
        assert_eq!(place.build().code(), 0);
        place
    }

    pub fn recipe(&self, exports: &str) {
        self.scratch.write("recipe.toml", recipe("exported", "s3://bucket/raw/*.jsonl", "") + exports);
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        self.s3.command(&self.scratch, arguments)
    }

    fn build(&self) -> Run {
        let run = Run::of(&mut self.command(&["build", "--recipe", "recipe.toml", "--out", BUILD, "--work", "work"]));
        assert!(!(run.stdout() + &run.stderr()).contains("secretOfTheStore"));
        run
    }

    fn export(&self, layout: &str, out: &str) -> Command {
        self.command(&["export", BUILD, "--to", layout, "--out", out, "--quiet"])
    }

    fn json(&self, name: &str) -> Value {
        serde_json::from_slice(&self.s3.get(name).unwrap_or_else(|| panic!("{name} is missing"))).unwrap()
    }

    /// The files of the export at a place, by their names; nothing else lies there but its manifest and its claim.
    #[track_caller]
    pub fn found(&self, place: &str) -> Files {
        let manifest = self.json(&format!("{place}/export.json"));
        let (at, files) = (manifest["at"].as_str().unwrap(), manifest["files"].as_array().unwrap());
        let one = |file: &Value| {
            let name = file["path"].as_str().unwrap();
            let bytes = self.s3.get(&format!("{place}/{at}/{name}")).unwrap_or_else(|| panic!("{name} is missing"));
            assert_eq!(bytes.len() as u64, file["bytes"].as_u64().unwrap());
            (name.to_owned(), bytes)
        };
        let found: Files = files.iter().map(one).collect();
        let id = at.strip_prefix("versions/").unwrap();
        let mut ours: Vec<String> = found.keys().map(|name| format!("{place}/{at}/{name}")).collect();
        ours.extend([format!("{place}/export.json"), format!("{place}/.corpus-export/{id}.json")]);
        ours.sort();
        let there = self.s3.names().into_iter().filter(|name| name.starts_with(&format!("{place}/")));
        assert_eq!(there.collect::<Vec<_>>(), ours);
        found
    }

    /// Those of an export of the same build on this machine.
    pub fn local(&self, layout: &str) -> Files {
        let out = format!("local-{layout}");
        assert_eq!(Run::of(&mut self.export(layout, &out)).code(), 0);
        let folder = self.scratch.path(&out);
        let name = |path: &std::path::Path| path.strip_prefix(&folder).unwrap().to_string_lossy().into_owned();
        let files = files_under(&folder).into_iter().filter(|path| !path.ends_with("export.json"));
        files.map(|path| (name(&path), std::fs::read(&path).unwrap())).collect()
    }
}

#[test]
fn the_files_are_those_of_an_export_on_a_disk() {
    let place = Place::new(600, "");
    for layout in ["text", "jsonl", "hf", "trl", "webdataset", "lmflow"] {
        let local = place.local(layout);
        place.s3.rough(6);
        let run = Run::of(&mut place.export(layout, &format!("s3://bucket/exports/{layout}")));
        place.s3.calm();
        assert_eq!(run.code(), 0, "{layout}: {}", run.stderr());
        let found = place.found(&format!("bucket/exports/{layout}"));
        assert!(!local.is_empty() && found == local, "{layout}: {:?} {:?}", found.keys(), local.keys());
        let at = place.json(&format!("bucket/exports/{layout}/export.json"))["at"].as_str().unwrap().to_owned();
        if layout == "lmflow" {
            assert!(run.stdout().contains(&format!("s3://bucket/exports/{layout}/{at}")), "{}", run.stdout());
        }
    }
    assert_eq!(place.s3.open_uploads(), 0);
    // Without a place: beside the build.
    assert_eq!(Run::of(&mut place.command(&["export", BUILD, "--to", "text"])).code(), 0);
    assert_eq!(place.found("bucket/build/exports/text"), place.local("text"));
    // The next build there is not in the way of it, and leaves it.
    place.recipe("[[stage]]\nrun = \"exact_dedup\"\n");
    let run = place.build();
    assert_eq!(run.code(), 0, "{}", run.stderr());
    place.found("bucket/build/exports/text");
}

#[test]
fn an_export_takes_the_place_of_one_and_of_nothing_else() {
    let place = Place::new(2_000, "");
    let (text, csv) = (place.local("text"), place.local("csv"));
    assert_eq!(Run::of(&mut place.export("text", "s3://bucket/e")).code(), 0);
    assert_eq!(Run::of(&mut place.export("csv", "s3://bucket/e")).code(), 0);
    assert_eq!(place.found("bucket/e"), csv);
    // Something of somebody else's, and a file that was changed.
    place.s3.put("bucket/e/notes.txt", Content::from("mine"));
    let refused = ["notes.txt was not written by an export", "name another folder"];
    Run::of(&mut place.export("text", "s3://bucket/e")).says(1, &refused);
    place.s3.remove("bucket/e/notes.txt");
    let at = place.json("bucket/e/export.json")["at"].as_str().unwrap().to_owned();
    let name = format!("bucket/e/{at}/{}", csv.keys().next().unwrap());
    place.s3.put(&name, Content::from("edited"));
    Run::of(&mut place.export("text", "s3://bucket/e")).says(1, &["was changed since it was exported"]);
    place.s3.put(&name, Content::new(csv.values().next().unwrap().clone()));
    place.s3.put("bucket/other/export.json", Content::from("{}"));
    Run::of(&mut place.export("text", "s3://bucket/other")).says(1, &["was not written by an export"]);
    // A store that is gone in the middle, and one that refuses: what stood there stands.
    for (trouble, word) in [(Trouble::Internal, "InternalError"), (Trouble::Denied, "SignatureDoesNotMatch")] {
        place.s3.trouble(trouble, usize::MAX, 0, |r| r.method == "PUT" && r.target.contains("/bucket/e/versions/"));
        let run = Run::of(place.export("text", "s3://bucket/e").env("CORPUS_RETRY_FOR", "1"));
        place.s3.calm();
        assert_eq!(run.code(), 2, "{}", run.stderr());
        assert!(run.stderr().contains(word), "{}", run.stderr());
        assert_eq!(place.json("bucket/e/export.json")["to"], "csv");
    }
    // Killed while files arrive: the old one stands, and the next one tidies up.
    place.s3.server.pace(60_000);
    for wanted in [2, 4, 5] {
        place.s3.server.forget();
        let mut child = place.export("text", "s3://bucket/e").spawn().unwrap();
        let began = Instant::now();
        let puts = |s3: &S3| s3.server.log().iter().filter(|seen| seen.request.method == "PUT").count();
        while puts(&place.s3) < wanted && child.try_wait().unwrap().is_none() {
            assert!(began.elapsed() < Duration::from_secs(60));
            std::thread::sleep(Duration::from_millis(2));
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    place.s3.server.pace(0);
    assert_eq!(Run::of(&mut place.export("text", "s3://bucket/e")).code(), 0);
    assert_eq!(place.found("bucket/e"), text);
    assert_eq!(place.s3.open_uploads(), 0);
}

/// Sources, build and exports in a store: nothing of the corpus stays on this machine.
#[test]
fn a_recipe_may_export_into_the_store() {
    let exports = "[[export]]\nto = \"text\"\n[[export]]\nto = \"hf\"\nout = \"exports/rows\"\n";
    let place = Place::new(600, exports);
    let lines = |place: &Place| place.json("bucket/build/build.json")["exports"].as_array().unwrap().clone();
    let both = [("exports/text", "text"), ("exports/rows", "hf")];
    let check = |place: &Place| {
        assert_eq!(lines(place).len(), 2);
        for (line, (out, layout)) in lines(place).iter().zip(both) {
            assert_eq!((line["out"].as_str(), line["to"].as_str()), (Some(out), Some(layout)));
            assert_eq!(place.found(&format!("bucket/build/{out}")), place.local(layout), "{layout}");
        }
    };
    check(&place);
    let texts = files_under(&place.scratch.path("work")).into_iter().filter(|path| {
        let bytes = std::fs::read(path).unwrap();
        memchr::memmem::find(&bytes, b"PAR1").is_none() && bytes.len() > 100_000
    });
    assert_eq!(texts.count(), 0);
    // All is there: nothing is put.
    place.s3.server.forget();
    assert_eq!(place.build().code(), 0);
    let puts = place.s3.server.log().iter().filter(|seen| seen.request.method == "PUT").count();
    assert_eq!(puts, 0);
    // One is gone, and is written anew; the other one stays.
    let rows = place.json("bucket/build/exports/rows/export.json")["at"].clone();
    place.s3.names().iter().filter(|name| name.contains("/exports/text/")).for_each(|name| place.s3.remove(name));
    assert_eq!(place.build().code(), 0);
    check(&place);
    assert_eq!(place.json("bucket/build/exports/rows/export.json")["at"], rows);
    // Another build brings its own.
    place.recipe(&format!("[[stage]]\nrun = \"exact_dedup\"\n{exports}"));
    assert_eq!(place.build().code(), 0);
    check(&place);
}
