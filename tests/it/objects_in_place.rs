//! Sources in object stores are read where they lie, and give what the same files on a disk give; whatever goes wrong with
//! the store costs requests, or ends the build with one error.

use std::process::Command;

use serde_json::Value;

use crate::harness::{Built, Run, Scratch, json_lines, same_output};
use crate::object_stores::{SHARDS, STAGES};
use crate::servers::s3::{S3, Trouble};
use crate::servers::{Content, Fault};

const DEDUP: &str = "[[stage]]\nrun = \"exact_dedup\"\n[[stage]]\nrun = \"near_dedup\"\n";

struct Place {
    scratch: Scratch,
    s3: S3,
}

impl Place {
    fn new() -> Place {
        Place { scratch: Scratch::new(), s3: S3::start() }
    }

    /// A file of this machine, and the same one in the bucket.
    fn put(&self, name: &str, bytes: impl Into<Vec<u8>>) {
        let bytes = bytes.into();
        self.scratch.write(name, &bytes);
        self.s3.put(&format!("bucket/{name}"), Content::new(bytes));
    }

    /// A recipe of sources, each a name, a path, and what else is said of it; below `head` lie the paths.
    fn recipe(&self, head: &str, sources: &[(&str, &str, &str)]) {
        let mut text = "name = \"placed\"\nabout = \"a test\"\n".to_owned();
        for (name, path, more) in sources {
            text += &format!("[[source]]\nname = \"{name}\"\npath = [\"{head}{path}\"]\nuse = \"pretrain\"\n{more}\n");
        }
        self.scratch.write("recipe.toml", text + STAGES + DEDUP + SHARDS);
    }

    fn command(&self, arguments: &[&str]) -> Command {
        self.s3.command(&self.scratch, arguments)
    }

    fn build(&self, out: &str, more: &[&str]) -> Run {
        let all = ["build", "--recipe", "recipe.toml", "--out", out, "--quiet", "--unit", "48KiB", "--offline"];
        let run = Run::of(&mut self.command(&[&all[..], more].concat()));
        let said = run.stdout() + &run.stderr();
        assert!(!said.contains("secretOfTheStore") && !said.contains("keyOfTheStore"), "{said}");
        run
    }

    #[track_caller]
    fn builds(&self, out: &str, more: &[&str]) -> Built {
        let run = self.build(out, more);
        assert_eq!(run.code(), 0, "{}", run.stderr());
        self.scratch.built(out)
    }
}

fn files(manifest: &Value, key: &str) -> Vec<Value> {
    let sources = manifest["sources"].as_array().unwrap();
    sources.iter().flat_map(|s| s["files"].as_array().unwrap()).map(|file| file[key].clone()).collect()
}

fn gz(text: &str) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut out, text.as_bytes()).unwrap();
    out.finish().unwrap()
}

/// Lines of JSON in quarters: a plain file of many pieces, two compressed ones, and one below a folder of a Chinese name.
fn lines(place: &Place, rows: u64) {
    let rows = json_lines(rows);
    let count = rows.lines().count() / 4;
    let quarter = |n: usize| rows.lines().skip(n * count).take(count).map(|l| l.to_owned() + "\n").collect::<String>();
    place.put("corpus/a.jsonl", quarter(0));
    place.put("corpus/b.jsonl.gz", gz(&quarter(1)));
    place.put("corpus/c.jsonl.zst", zstd::encode_all(quarter(2).as_bytes(), 3).unwrap());
    place.put("corpus/语料/d~1.jsonl", quarter(3));
    place.put("corpus/.hidden.jsonl", "{}\n");
}

const LINES: (&str, &str, &str) = ("docs", "corpus/**/*.jsonl*", "");

#[test]
fn the_rows_are_those_of_the_same_files_on_a_disk() {
    let place = Place::new();
    lines(&place, 2_400);
    // Row groups of Parquet: the shards of a build.
    place.recipe("", &[LINES]);
    let first = place.builds("first", &[]);
    let shard = std::fs::read(first.folder.join("data/pretrain/part-00000.parquet")).unwrap();
    place.put("tables/one.parquet", shard);
    for (name, text) in
        [("one", "一个文档，自成一行，长到能够留下来。"), ("two", "Another document that is a row of its own.")]
    {
        place.put(&format!("texts/{name}.txt"), format!("{text}\n\n{text}{text}\n"));
    }
    for (code, text) in [
        ("en", "A line of a text that is long enough to stay."),
        ("zh", "这是足够长、会留下来的一行文字，真的够长了。"),
    ] {
        let side: String = (0..50).map(|n| format!("{text} {n}\n")).collect();
        place.put(&format!("pairs/talk.{code}"), side);
    }
    place.put("set/README.md", "---\nlicense: mit\n---\nA set.\n");
    place.put("set/train.jsonl", json_lines(40));
    place.put("set/test.jsonl", json_lines(20));
    let sources = [
        LINES,
        ("tables", "tables/one.parquet", ""),
        ("texts", "texts/*.txt", "rows = \"file\""),
        ("pairs", "pairs/talk.*", ""),
        ("set", "set/", ""),
    ];
    place.recipe("", &sources);
    let disk = place.builds("disk", &[]);
    place.recipe("s3://bucket/", &sources);
    place.s3.rough(7);
    let there = place.builds("there", &["--threads", "2"]);
    assert!(place.s3.troubled() > 5, "{}", place.s3.troubled());
    place.s3.calm();
    same_output(&disk, &there, "in place");
    let urls: Vec<Value> =
        files(&disk.manifest, "path").iter().map(|p| format!("s3://bucket/{}", p.as_str().unwrap()).into()).collect();
    assert_eq!(files(&there.manifest, "path"), urls);
    // An entity tag tells which bytes they were, and nothing was read to hash it.
    assert!(files(&there.manifest, "e_tag").iter().all(Value::is_string), "{}", there.manifest["sources"]);
    assert!(files(&there.manifest, "sha256").iter().all(Value::is_null));
    // Nothing was copied, and no secret was written down.
    assert!(!place.scratch.path("there/.work/unpacked").exists() && !place.scratch.path("recipe.lock").exists());
    for file in crate::harness::files_under(&there.folder) {
        let bytes = std::fs::read(&file).unwrap();
        for secret in ["secretOfTheStore", "keyOfTheStore"] {
            assert!(memchr::memmem::find(&bytes, secret.as_bytes()).is_none(), "{}", file.display());
        }
    }
    // Of Parquet, too, a store that does not answer makes no row.
    for skip in 0..3 {
        place
            .s3
            .trouble(Trouble::SlowDown, usize::MAX, skip, |r| r.target.contains("one.parquet") && r.method == "GET");
        let all = ["build", "--recipe", "recipe.toml", "--out", "gone", "--quiet", "--threads", "1", "--fresh"];
        let run = Run::of(place.command(&all).env("CORPUS_RETRY_FOR", "1"));
        place.s3.calm();
        run.says(2, &["s3://bucket/tables/one.parquet: ", "SlowDown"]);
    }
    // A plan reads them there too, and so does whoever asks about a row.
    let plan = Run::of(&mut place.command(&["plan", "--recipe", "recipe.toml", "--format", "json", "--quiet"]));
    assert_eq!(plan.code(), 0, "{}", plan.stderr());
    let why = Run::of(&mut place.command(&["why", "there", "texts:one.txt"]));
    contains_all(&why.stdout(), &["s3://bucket/texts/one.txt", "etag"]);
}

#[track_caller]
fn contains_all(text: &str, parts: &[&str]) {
    crate::harness::contains(text, parts, &[]);
}

#[test]
fn an_object_is_known_by_its_version() {
    let place = Place::new();
    lines(&place, 800);
    place.recipe("s3://bucket/", &[LINES]);
    place.builds("there", &[]);
    // Known by size and version, nothing is read again but what tells the format of each.
    place.s3.server.forget();
    place.builds("there", &[]);
    let asked = place.s3.server.log().len();
    assert!(asked <= 1 + 4 * 3, "{asked} requests");
    // One that changes is another input.
    let fresh = "{\"text\": \"一行新的文字，足够长，能够留下来，因为这里要四十个字以上才行，所以还要再写一些。\"}\n";
    place.put("corpus/c.jsonl.zst", zstd::encode_all(fresh.as_bytes(), 3).unwrap());
    let there = place.builds("there", &[]);
    place.recipe("", &[LINES]);
    same_output(&place.builds("disk", &[]), &there, "after a change");
    // One that changes between two reads of it is an error, told once, and the same command goes on with what is there now.
    place.recipe("s3://bucket/", &[LINES]);
    std::fs::remove_dir_all(place.scratch.path("there")).unwrap();
    let other = json_lines(300).replace("\"text\": \"", "\"text\": \"other ");
    place.scratch.write("corpus/a.jsonl", &other);
    place.s3.changes("bucket/corpus/a.jsonl", 6, Content::new(other.into_bytes()));
    let run = place.build("there", &[]);
    run.says(2, &["s3://bucket/corpus/a.jsonl: another object is there by now", "run the same command again"]);
    assert_eq!(run.stderr().matches("another object is there").count(), 1, "{}", run.stderr());
    assert!(!place.scratch.path("there/build.json").exists());
    let there = place.builds("there", &[]);
    place.recipe("", &[LINES]);
    same_output(&place.builds("disk", &[]), &there, "after a change in between");
}

/// Every kind of trouble, for good, at any moment: the build ends with one error that names the object, makes no row of it,
/// and the same command goes on afterwards.
#[test]
fn a_store_that_is_gone_is_no_unreadable_row() {
    let place = Place::new();
    lines(&place, 1_600);
    place.recipe("", &[LINES]);
    let disk = place.builds("disk", &[]);
    place.recipe("s3://bucket/", &[LINES]);
    let kinds =
        [(Trouble::Internal, "InternalError"), (Trouble::SlowDown, "SlowDown"), (Trouble::Reset, "no answer comes")];
    for (number, (trouble, word)) in kinds.into_iter().cycle().take(9).enumerate() {
        let name = ["a.jsonl", "b.jsonl.gz", "c.jsonl.zst"][number / 3];
        place
            .s3
            .trouble(trouble, usize::MAX, (number % 3).min(1), move |r| r.target.contains(name) && r.method == "GET");
        let all = ["build", "--recipe", "recipe.toml", "--out", "gone", "--quiet", "--unit", "48KiB", "--threads", "2"];
        let run = Run::of(place.command(&all).env("CORPUS_RETRY_FOR", "1"));
        place.s3.calm();
        assert_eq!(run.code(), 2, "{name} {trouble:?}: {}", run.stderr());
        contains_all(&run.stderr(), &[&format!("s3://bucket/corpus/{name}: "), word, "run the same command again"]);
        assert_eq!(run.stderr().matches("error: ").count(), 1, "{}", run.stderr());
        assert!(!place.scratch.path("gone/build.json").exists());
        if number % 3 == 2 {
            same_output(&disk, &place.builds("gone", &[]), &format!("after {name}"));
            std::fs::remove_dir_all(place.scratch.path("gone")).unwrap();
        }
    }
    // Bodies that end early cost requests.
    place.s3.server.times("/bucket/corpus/a.jsonl", Fault::Cut(9_000), 3, 3);
    same_output(&disk, &place.builds("gone", &[]), "after bodies were cut");
}

#[test]
fn what_cannot_be_read_in_place_is_told() {
    let place = Place::new();
    place.put("none.zip", b"PK\x03\x04 and more".to_vec());
    let tar = {
        let mut tar = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(3);
        header.set_mode(0o644);
        tar.append_data(&mut header, "a.txt", &b"abc"[..]).unwrap();
        tar.into_inner().unwrap()
    };
    place.put("some/members.tar.gz", gz(&String::from_utf8(tar).unwrap()));
    for name in ["none.zip", "some/members.tar.gz"] {
        place.recipe("s3://bucket/", &[("docs", name, "")]);
        let url = format!("s3://bucket/{name}");
        let cure = format!("corpus fetch {url}");
        place
            .build("x", &[])
            .says(1, &["an archive is not read in an object store", &cure, &format!("card = \"{url}\"")]);
    }
    let refused = |path: &str, parts: &[&str]| {
        place.recipe("", &[("docs", path, "")]);
        place.build("x", &[]).says(1, parts);
    };
    refused("s3://bucket/nothing/*.jsonl", &["source `docs`: nothing matches s3://bucket/nothing/*.jsonl", "`**`"]);
    refused("s3://bucket/nothing", &["nothing matches s3://bucket/nothing", "name an object"]);
    refused("s3://bucket/a[.jsonl", &["is not a pattern"]);
    refused("s3://KEY:hush@bucket/x", &["an address has no credentials"]);
    // What is fetched instead: a set of the store, of which there is a copy on this machine.
    place.put("set/train.jsonl", json_lines(40));
    place.recipe("", &[("docs", "set/train.jsonl", "license = \"unstated\"")]);
    let disk = place.builds("disk", &[]);
    let recipe = std::fs::read_to_string(place.scratch.path("recipe.toml")).unwrap();
    let recipe = recipe.replace("path = [\"set/train.jsonl\"]", "card = \"s3://bucket/set/\"");
    place.scratch.write("recipe.toml", recipe);
    place.build("x", &[]).says(1, &["corpus fetch s3://bucket/set/"]);
    let all =
        ["build", "--recipe", "recipe.toml", "--out", "fetched", "--quiet", "--accept-license", "s3://bucket/set/"];
    let run = Run::of(&mut place.command(&all));
    assert_eq!(run.code(), 0, "{}", run.stderr());
    same_output(&disk, &place.scratch.built("fetched"), "fetched");
}
