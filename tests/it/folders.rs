//! What lies in a folder and was not written by a build stays as it is.

use std::fs;
use std::path::Path;

use crate::harness::{Files, Scratch, files_under, json_lines, same_files, same_output};

const RECIPE: &str =
    "name = \"mine\"\nabout = \"a test\"\n[[source]]\nname = \"docs\"\npath = [\"PATH\"]\nuse = \"pretrain\"\n";

fn scratch(path: &str) -> Scratch {
    let scratch = Scratch::new();
    scratch.write(path, json_lines(20));
    scratch.write("recipe.toml", RECIPE.replace("PATH", path));
    scratch
}

fn bytes(folder: &Path) -> Files {
    files_under(folder).into_iter().map(|p| (p.to_string_lossy().into_owned(), fs::read(p).unwrap())).collect()
}

#[test]
fn files_of_others_under_names_of_ours_are_in_the_way_and_stay() {
    let names = [
        "out/data/x",
        "out/data/pretrain/00000.parquet",
        "out/dropped/x",
        "out/unreadable/x",
        "out/index/x",
        "out/README.md",
        "out/build.json",
        "out/.corpus/new/x",
        "work/x",
        "work/new/x",
        "work/spill/x",
        "work/unpacked/x",
        "work/inputs.json",
        "work/units.log",
        "work/scan-0123456789abcdef/0.parquet",
    ];
    let scratch = scratch("docs.jsonl");
    for name in names {
        let foreign = scratch.write(name, "mine");
        for more in [&["--work", "work"][..], &["--work", "work", "--fresh"]] {
            let run = scratch.try_build("out", more);
            assert_eq!(run.code(), 1, "{name}: {}", run.stderr());
            assert!(run.stderr().contains("is in the way"), "{name}: {}", run.stderr());
            assert_eq!(fs::read(&foreign).unwrap(), b"mine", "{name}");
        }
        fs::remove_dir_all(scratch.path(name.split_once('/').unwrap().0)).unwrap();
    }
    // Names that are not ours stay through builds, and so does what came into a finished build.
    let kept = ["out/notes.txt", "out/old/x", "out/new/x", "out/spill/x"].map(|name| scratch.write(name, "mine"));
    scratch.build("out", &["--work", "work"]);
    let beside = scratch.write("work/mine.txt", "mine");
    scratch.build("out", &["--work", "work", "--fresh"]);
    kept.iter().chain([&beside]).for_each(|path| assert_eq!(fs::read(path).unwrap(), b"mine"));
    let late = scratch.write("out/data/pretrain/late.parquet", "mine");
    let before = bytes(&scratch.path("out"));
    assert_eq!(scratch.try_build("out", &["--fresh"]).code(), 1);
    assert_eq!(fs::read(&late).unwrap(), b"mine");
    let mut after = bytes(&scratch.path("out"));
    after.retain(|name, _| before.contains_key(name)); // the work folder grows
    same_files(&before, &after, "a refused build");
}

#[test]
fn inputs_under_the_folders_that_a_build_writes_are_refused() {
    for (input, out, work) in [
        ("data/a.jsonl", ".", "w"),
        ("dropped/a.jsonl", ".", "w"),
        ("index/a.jsonl", ".", "w"),
        ("w/in/a.jsonl", "o", "w"),
    ] {
        let scratch = scratch(input);
        let before = bytes(scratch.path("").as_path());
        let run = scratch.try_build(out, &["--work", work, "--fresh"]);
        assert_eq!(run.code(), 1, "{}", run.stderr());
        assert!(run.stderr().contains("where the build would write"), "{}", run.stderr());
        same_files(&before, &bytes(&scratch.path("")), &format!("{input}: something was written"));
    }
}

#[test]
fn urls_are_no_folders() {
    let scratch = scratch("docs.jsonl");
    for (out, more, (code, says)) in [
        ("https://host/x", &[][..], (1, "is a URL")),
        ("out", &["--work", "file:///tmp/x"][..], (1, "is a URL")),
        // Jobs in an object store are for a build that goes to one.
        ("out", &["--work", "s3://bucket/x"][..], (2, "let --out be in a store too")),
    ] {
        let run = scratch.try_build(out, more);
        run.says(code, &[says]);
    }
    let made = |name: &&str| scratch.path(name).exists();
    assert_eq!(["https:", "file:", "s3:"].iter().find(|name| made(name)), None);
}

#[test]
fn another_recipe_needs_a_word_and_a_trial_has_its_own_folder() {
    let scratch = scratch("docs.jsonl");
    let default = |more: &[&str]| scratch.corpus(&[&["build", "--recipe", "recipe.toml"], more].concat());
    assert_eq!(default(&[]).code(), 0);
    let real = bytes(&scratch.path("builds/mine"));
    assert_eq!(default(&["--limit", "3"]).code(), 0);
    same_files(&real, &bytes(&scratch.path("builds/mine")), "the real build was changed");
    assert_eq!(scratch.built("builds/mine-trial").total("read"), 3);
    scratch.write("recipe.toml", RECIPE.replace("PATH", "docs.jsonl").replace("mine", "other"));
    let run = scratch.try_build("builds/mine", &[]);
    run.says(1, &["--replace"]);
    same_files(&real, &bytes(&scratch.path("builds/mine")), "the real build was changed");
    scratch.build("builds/mine", &["--replace"]);
}

#[test]
fn a_work_folder_in_use_says_by_whom() {
    let scratch = scratch("docs.jsonl");
    scratch.build("one", &["--work", "work"]);
    let lock = fs::File::options().read(true).write(true).open(scratch.path("work/.lock")).unwrap();
    lock.lock().unwrap();
    let run = scratch.try_build("two", &["--work", "work"]);
    assert_eq!(run.code(), 2, "{}", run.stderr());
    assert!(run.stderr().contains("recipe `mine`, --out one"), "{}", run.stderr());
}

#[test]
fn six_checks_at_once_unpack_the_same_samples() {
    let scratch = Scratch::new();
    fs::create_dir_all(scratch.path("tmp")).unwrap();
    let check = || scratch.command(&["check", "quickstart"]).env("TMPDIR", scratch.path("tmp")).spawn().unwrap();
    let mut running: Vec<_> = (0..6).map(|_| check()).collect();
    running.iter_mut().for_each(|child| assert!(child.wait().unwrap().success()));
}

#[test]
fn transcoded_files_have_a_hash() {
    let scratch = scratch("docs.txt");
    let (gbk, ..) = encoding_rs::GB18030.encode("我们把这些数据清洗干净以后再训练模型。\n第二段文字也在这里面等着。\n");
    scratch.write("docs.txt", &gbk);
    let file = scratch.build("out", &[]).manifest["sources"][0]["files"][0].clone();
    assert_ne!(file["encoding"], "utf-8");
    assert_eq!(file["sha256"].as_str().unwrap().len(), 64, "{file}");
}

#[test]
fn what_a_stage_reads_is_an_input_too() {
    let block = "[[stage]]\nrun = \"block\"\ndomains = \"FILE\"\n";
    let against = "[[stage]]\nrun = \"decontaminate\"\nagainst = [\"FILE\"]\n";
    let line =
        "{\"question\": \"为什么要先清洗再训练呢，请说一说其中的道理？\", \"answer\": \"因为数据里有很多重复。\"}\n";
    for (stage, content) in [(block, "spam.example\n"), (against, line)] {
        for (file, option) in [("out/data/list.jsonl", "--out"), ("work/unpacked/list.jsonl", "--work")] {
            let scratch = scratch("docs.jsonl");
            scratch.write(file, content);
            scratch.write("recipe.toml", RECIPE.replace("PATH", "docs.jsonl") + &stage.replace("FILE", file));
            let before = bytes(scratch.path("").as_path());
            let run = scratch.try_build("out", &["--work", "work", "--fresh"]);
            run.says(1, &["where the build would write", option]);
            same_files(&before, &bytes(&scratch.path("")), &format!("{file}: something was written"));
        }
    }
    let scratch = scratch("docs.jsonl");
    fs::create_dir_all(scratch.path("out/.work")).unwrap();
    fs::rename(scratch.path("recipe.toml"), scratch.path("out/.work/recipe.toml")).unwrap();
    let run = scratch.corpus(&["build", "--recipe", "out/.work/recipe.toml", "--out", "out"]);
    run.says(1, &["the recipe: out/.work/recipe.toml"]);
}

#[test]
fn a_build_of_an_older_corpus_is_named_with_its_cure() {
    let scratch = scratch("docs.jsonl");
    scratch.build("out", &["--work", "work"]);
    let mut manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(scratch.path("out/build.json")).unwrap()).unwrap();
    for column in ["written", "kept_chars"] {
        manifest.as_object_mut().unwrap().remove(column);
        scratch.write("out/build.json", manifest.to_string());
        let before = bytes(&scratch.path("out"));
        let run = scratch.try_build("out", &["--work", "work", "--replace"]);
        run.says(1, &["an older corpus (`mine`, 0.", "rm -r 'out/build.json' 'out/data' 'out/README.md'"]);
        same_files(&before, &bytes(&scratch.path("out")), "something was written");
    }
    fs::remove_file(scratch.path("work/.corpus-work")).unwrap();
    fs::remove_dir_all(scratch.path("out")).unwrap();
    let run = scratch.try_build("out", &["--work", "work"]);
    run.says(1, &["of an older corpus", "rm -r 'work'"]);
    scratch.write("work/notes.txt", "mine");
    let run = scratch.try_build("out", &["--work", "work"]);
    assert!(run.code() == 1 && !run.stderr().contains("rm -r"), "{}", run.stderr());
}

#[test]
fn a_card_that_was_edited_stays() {
    let scratch = scratch("docs.jsonl");
    scratch.build("out", &[]);
    let card = fs::read_to_string(scratch.path("out/README.md")).unwrap();
    // The same number of bytes.
    scratch.write("out/README.md", card.replace("mine", "MINE"));
    let run = scratch.try_build("out", &["--fresh"]);
    run.says(1, &["README.md is in the way"]);
    scratch.write("out/README.md", card);
    scratch.build("out", &["--fresh"]);
}

#[test]
fn a_file_is_no_folder() {
    let scratch = scratch("docs.jsonl");
    scratch.write("file", "mine");
    std::os::unix::fs::symlink("gone", scratch.path("lost")).unwrap();
    for (folder, what) in [("file", "is a file"), ("file/x", "is a file"), ("lost", "leads nowhere")] {
        for (out, work) in [(folder, "w"), ("o", folder)] {
            let run = scratch.try_build(out, &["--work", work]);
            run.says(2, &[what]);
        }
    }
    assert_eq!(fs::read(scratch.path("file")).unwrap(), b"mine");
}

#[test]
fn an_empty_folder_of_others_stays() {
    let scratch = scratch("docs.jsonl");
    scratch.build("out", &[]);
    fs::create_dir_all(scratch.path("out/data/mine")).unwrap();
    let run = scratch.try_build("out", &["--fresh"]);
    run.says(1, &["out/data/mine is in the way"]);
    assert!(scratch.path("out/data/mine").is_dir());
}

/// A trial of another threshold reads and measures nothing again, and writes nothing into the real build's folder.
#[test]
fn a_trial_begins_with_what_the_real_build_has_done() {
    let stages = "[[stage]]\nrun = \"near_dedup\"\nindex = true\n[[stage]]\nrun = \"line_dedup\"\n\
                  [[stage]]\nrun = \"keep\"\nchars = { min = 40 }\n";
    let scratch = Scratch::new();
    scratch.write("docs.jsonl", json_lines(400));
    scratch.write("recipe.toml", RECIPE.replace("PATH", "docs.jsonl") + stages);
    let unit = ["--unit", "16KiB"];
    let run = |more: &[&str]| {
        let run = scratch.corpus(&[&["build", "--recipe", "recipe.toml"], &unit[..], more].concat());
        assert_eq!(run.code(), 0, "{}", run.stderr());
        run.stderr()
    };
    run(&[]);
    let real = bytes(&scratch.path("builds/mine"));
    let set = ["--set", "keep.chars.min=60"];
    let plan = scratch.corpus(&[&["plan", "--recipe", "recipe.toml"], &unit[..], &set[..]].concat()).stdout();
    let job = |name: &str| plan.lines().rfind(|l| l.trim_start().starts_with(name)).unwrap().to_owned();
    let states = ["scan  ", "near  ", "judge  "].map(|name| job(name).contains("reuse"));
    assert_eq!(states, [true, true, false], "{plan}");
    let said = run(&set);
    assert!(said.contains("finished files of builds/mine/.work"), "{said}");
    let started = fs::read_to_string(scratch.path("builds/mine-trial/.work/units.log")).unwrap();
    let again = |log: &str| ["scan", "rescan", "ids"].iter().any(|job| log.contains(&format!("start {job} ")));
    assert!(!again(&started), "{started}");
    same_files(&real, &bytes(&scratch.path("builds/mine")), "the real build was changed");
    // The same bytes as a build that reuses nothing.
    let trial = scratch.built("builds/mine-trial");
    let alone = scratch.build("alone", &[&unit[..], &set[..]].concat());
    same_output(&trial, &alone, "a trial that reuses, and a build that does not");
    assert!(trial.total("dropped") > scratch.built("builds/mine").total("dropped"));
    // A trial that begins anew, one beside a build at work, and one after the real build is gone.
    run(&[&set[..], &["--fresh"]].concat());
    let started = fs::read_to_string(scratch.path("builds/mine-trial/.work/units.log")).unwrap();
    assert!(["start scan ", "start ids "].iter().all(|job| started.contains(job)), "{started}");
    fs::remove_dir_all(scratch.path("builds/mine-trial")).unwrap();
    let lock = fs::File::options().read(true).write(true).open(scratch.path("builds/mine/.work/.lock")).unwrap();
    lock.lock().unwrap();
    assert!(run(&set).contains("nothing: a build is at work in builds/mine/.work"));
    drop(lock);
    fs::remove_dir_all(scratch.path("builds/mine-trial")).unwrap();
    run(&set);
    fs::remove_dir_all(scratch.path("builds/mine")).unwrap();
    run(&["--set", "keep.chars.min=61"]);
}

/// How many rows are read, and what every row says of its source, make another build.
#[test]
fn a_limit_and_a_licence_make_another_build() {
    let scratch = scratch("docs.jsonl");
    let with = |more: &str| {
        scratch.write("recipe.toml", RECIPE.replace("PATH", "docs.jsonl").replace("use =", &format!("{more}\nuse =")));
        scratch.build("out", &[])
    };
    for (more, rows) in [("limit = 2", 2), ("", 20), ("limit = 5", 5), ("limit = 7", 7)] {
        assert_eq!(with(more).total("read"), rows, "{more}");
    }
    for license in ["CC-BY-4.0", "MIT", "CC-BY-4.0"] {
        let built = with(&format!("license = \"{license}\""));
        assert_eq!(built.column("data", "license"), vec![license; 20]);
    }
    for limit in ["1", "2"] {
        assert_eq!(scratch.corpus(&["build", "--recipe", "recipe.toml", "--limit", limit]).code(), 0);
        assert_eq!(scratch.built("builds/mine-trial").total("read").to_string(), limit);
    }
}

/// A recipe beside its data is built into a folder beside them: the next build reads the same rows again.
#[test]
fn what_a_build_wrote_is_no_input() {
    for pattern in ["texts", "texts/**/*", "*/**/*.{jsonl,parquet,json}"] {
        let scratch = Scratch::new();
        scratch.write("texts/docs.jsonl", json_lines(20));
        scratch.write("recipe.toml", RECIPE.replace("PATH", pattern));
        let first = scratch.build("texts/out", &[]);
        scratch.write("recipe.toml", RECIPE.replace("PATH", pattern).replace("a test", "another"));
        let run = scratch.try_build("texts/out", &["--fresh"]);
        assert_eq!(run.code(), 0, "{}", run.stderr());
        assert!(run.stderr().contains("left out what corpus wrote itself: texts/out"), "{pattern}: {}", run.stderr());
        let again = scratch.built("texts/out");
        assert_eq!((first.total("read"), again.total("read")), (20, 20), "{pattern}");
    }
    // Named, it is read: a build may go on from another.
    let scratch = scratch("texts/docs.jsonl");
    scratch.build("texts/out", &[]);
    for pattern in ["texts/out/data", "texts/*/data/**/*.parquet"] {
        scratch.write("recipe.toml", RECIPE.replace("PATH", pattern));
        assert_eq!(scratch.build("next", &["--replace"]).total("read"), 20, "{pattern}");
    }
    scratch.write("recipe.toml", RECIPE.replace("PATH", "texts/out/**/*.jsonl"));
    let run = scratch.try_build("next", &["--replace"]);
    run.says(1, &["nothing matches"]);
    scratch.write("recipe.toml", RECIPE.replace("PATH", "texts/o*/**"));
    let run = scratch.try_build("next", &["--replace"]);
    run.says(1, &["matches only what corpus wrote itself: texts/out", "texts/out/data/**/*.parquet"]);
}
