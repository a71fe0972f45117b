//! Every path that a shell takes, wherever the command line or a recipe takes one; and what is no file.

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use crate::harness::{Run, Scratch, json_lines};

/// A recipe that runs through every plan that reads files of its own back, with a source for each path.
fn recipe(paths: &[&str]) -> String {
    let mut text = "name = \"mine\"\nabout = \"a test\"\n".to_owned();
    for (path, number) in paths.iter().zip(1..) {
        let path = serde_json::to_string(path).unwrap();
        text += &format!("[[source]]\nname = \"docs{number}\"\npath = [{path}]\nuse = \"pretrain\"\n");
    }
    text + "[[stage]]\nrun = \"near_dedup\"\n[[stage]]\nrun = \"exact_dedup\"\n"
}

/// A folder `here`, in which the folders of each kind have a folder and a link beside them.
fn scratch(kinds: &[&str]) -> Scratch {
    let scratch = Scratch::new();
    for kind in kinds {
        fs::create_dir_all(scratch.path(&format!("here/{kind}/x"))).unwrap();
        fs::create_dir_all(scratch.path(&format!("real/{kind}"))).unwrap();
        symlink(format!("../../real/{kind}"), scratch.path(&format!("here/{kind}/li"))).unwrap();
    }
    scratch
}

fn run(scratch: &Scratch, arguments: &[&str]) -> Run {
    let run = Run::of(scratch.command(arguments).current_dir(scratch.path("here")));
    assert_eq!(run.code(), 0, "{arguments:?}: {}", run.stderr());
    run
}

#[test]
fn every_path_that_a_shell_takes_works() {
    let names =
        ["../up-KIND", "./x/../y", "trail/", "x//z", "two words", "h#1", "q?m", "p%20", "b[1]", "{a,b}", "语料"];
    for name in names.into_iter().chain(["li", "li/in", "qu'o\"te", "st*r", "back\\slash"]) {
        let scratch = scratch(&["in", "out", "work", "rec"]);
        let at = |kind: &str| format!("{kind}/{}", name.replace("KIND", kind));
        let (folder, out, work) = (at("in"), at("out"), at("work"));
        let inside = folder.trim_end_matches('/');
        scratch.write(&format!("here/{folder}/a.jsonl"), json_lines(5));
        scratch.write(&format!("here/{folder}/b[2]#3?.jsonl"), json_lines(8));
        let absolute = scratch.path(&format!("here/{inside}/a.jsonl"));
        let (absolute, file) = (absolute.to_str().unwrap(), format!("{inside}/b[2]#3?.jsonl"));
        let paths = [absolute, &file, &folder, &format!("{inside}/*.jsonl")];
        scratch.write("here/recipe.toml", recipe(&paths));
        run(&scratch, &["build", "--recipe", "recipe.toml", "--out", &out, "--work", &work]);
        let built = scratch.built(&format!("here/{out}"));
        let sources = built.manifest["sources"].as_array().unwrap();
        let read = |source: &serde_json::Value| -> u64 {
            source["files"].as_array().unwrap().iter().map(|f| f["read"].as_u64().unwrap()).sum()
        };
        assert_eq!(sources.iter().map(read).collect::<Vec<_>>(), [5, 8, 13, 13], "{name}");
        let place = format!("{}/recipe.toml", at("rec"));
        scratch.write(&format!("here/{place}"), recipe(&[absolute]));
        run(&scratch, &["check", &place]);
        if name.contains("..") {
            run(&scratch, &["plan", "--recipe", &place, "--out", &out, "--work", &work]);
        }
        run(&scratch, &["inspect", &out]);
        run(&scratch, &["inspect", &folder]);
        run(&scratch, &["inspect", &format!("{inside}/b[2]#3?.jsonl")]);
    }
}

#[test]
fn a_store_lies_under_any_path() {
    for name in ["../up-cache", "./x/../y", "two words#1?%20[1]", "语料", "li"] {
        let scratch = scratch(&["cache"]);
        let cache = format!("cache/{name}");
        scratch.write("here/in/set.jsonl", json_lines(6));
        let corpus = |arguments: &[&str]| {
            let mut command = scratch.command(arguments);
            let run = Run::of(command.current_dir(scratch.path("here")).env("CORPUS_CACHE", &cache));
            assert_eq!(run.code(), 0, "{name} {arguments:?}: {}", run.stderr());
            run
        };
        corpus(&["fetch", "https://host.example/set.jsonl", "--from", "in/set.jsonl", "--accept-license", "unstated"]);
        let listed = corpus(&["cache", "list", "--format", "json"]).stdout();
        assert!(listed.contains("set.jsonl"), "{listed}");
        corpus(&["cache", "verify"]);
        assert!(scratch.path(&format!("here/{cache}/sets")).is_dir(), "{name}");
    }
}

#[test]
fn a_tilde_that_no_shell_replaced_is_no_folder() {
    let scratch = Scratch::new();
    scratch.write("docs.jsonl", json_lines(3));
    let build = |path: &str, more: &[&str]| {
        scratch.write("recipe.toml", recipe(&[path]));
        let arguments = [&["build", "--recipe", "recipe.toml"], more].concat();
        let run = Run::of(scratch.command(&arguments).env("HOME", "/home/someone"));
        assert_eq!(run.code(), 1, "{more:?}: {}", run.stderr());
        run.stderr()
    };
    assert!(build("docs.jsonl", &["--out=~/o"]).contains("/home/someone/o"));
    assert!(build("docs.jsonl", &["--out", "o", "--work=~/w"]).contains("/home/someone/w"));
    assert!(build("~/docs.jsonl", &["--out", "o"]).contains("/home/someone/docs.jsonl"));
    let mut list = scratch.command(&["cache", "size"]);
    let run = Run::of(list.env("CORPUS_CACHE", "~/c").env("HOME", "/home/someone"));
    run.says(1, &["/home/someone/c"]);
    assert!(Run::of(scratch.command(&["cache", "size"]).env("CORPUS_CACHE", "s3://b/x")).stderr().contains("is a URL"));
    assert!(!scratch.path("~").exists());
    // Who has such a folder may mean it.
    scratch.write("~/docs.jsonl", json_lines(3));
    scratch.write("recipe.toml", recipe(&["~/docs.jsonl"]));
    assert_eq!(scratch.try_build("~/o", &[]).code(), 0);
}

/// `inspect` of a pipe says what it says of the file; a build, which reads its inputs more than once, refuses one.
#[test]
fn a_pipe_is_looked_into_and_is_no_input() {
    let scratch = Scratch::new();
    let file = scratch.write("docs.jsonl", json_lines(30));
    let facts = |text: String| text.lines().next().unwrap().split_once(" · ").unwrap().1.to_owned();
    let of_file = facts(scratch.corpus(&["inspect", "docs.jsonl"]).stdout());
    assert!(of_file.contains("jsonl"), "{of_file}");
    for name in ["/dev/stdin", "-"] {
        let mut child = scratch.command(&["inspect", name]);
        let mut child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(&fs::read(&file).unwrap()).unwrap();
        let shown = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
        assert!(shown.starts_with(name), "{shown}");
        assert_eq!(facts(shown), of_file);
    }
    // `inspect - < FILE`.
    let from = fs::File::open(&file).unwrap();
    let run = scratch.command(&["inspect", "-"]).stdin(from).output().unwrap();
    assert_eq!(facts(String::from_utf8(run.stdout).unwrap()), of_file);
    assert!(Command::new("mkfifo").arg(scratch.path("pipe.jsonl")).status().unwrap().success());
    scratch.write("in/a.jsonl", json_lines(3));
    assert!(Command::new("mkfifo").arg(scratch.path("in/pipe.jsonl")).status().unwrap().success());
    for path in ["pipe.jsonl", "in", "in/*.jsonl", "/dev/null"] {
        scratch.write("recipe.toml", recipe(&[path]));
        let run = scratch.try_build("out", &[]);
        run.says(1, &["is a pipe or a device"]);
    }
}

/// One file under two names is read once, and said; a link that leads nowhere or back is named with its cure.
#[test]
fn links_among_inputs() {
    let scratch = Scratch::new();
    let file = scratch.write("in/a.jsonl", json_lines(5));
    let linked = |to: &str, at: &str| symlink(to, scratch.path(at)).unwrap();
    linked("a.jsonl", "in/b.jsonl");
    linked("in", "again");
    for paths in
        [&["in"][..], &["in/*.jsonl"], &["in/a.jsonl", "./again/../in/a.jsonl", "again/b.jsonl"], &["in", "again"]]
    {
        let list = paths.iter().map(|p| format!("{p:?}")).collect::<Vec<_>>().join(", ");
        scratch.write("recipe.toml", recipe(&["PATH"]).replace("\"PATH\"", &list));
        let run = scratch.try_build("out", &["--fresh"]);
        assert_eq!(run.code(), 0, "{}", run.stderr());
        assert!(run.stderr().contains("second names"), "{paths:?}: {}", run.stderr());
        assert_eq!(scratch.built("out").total("read"), 5, "{paths:?}");
    }
    linked("gone", "in/lost.txt");
    let code = |path: &str, said: &str| {
        scratch.write("recipe.toml", recipe(&[path]));
        let run = scratch.try_build("out", &[]);
        assert!(run.stderr().contains(said), "{path}: {}", run.stderr());
        run.code()
    };
    assert_eq!(code("in/*.jsonl", ""), 0);
    assert_eq!(code("in", "leads nowhere"), 1);
    fs::remove_file(scratch.path("in/lost.txt")).unwrap();
    linked("../in", "in/loop");
    assert_eq!(code("in", "leads back"), 1);
    assert!(file.is_file());
}
