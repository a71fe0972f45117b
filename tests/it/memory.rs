//! What a build does to keep to `--memory`: few heaps of the allocator, and threads that it has room for.

use std::collections::BTreeMap;

use crate::harness::{Run, Scratch, contains};

/// The variable of the environment that says how many heaps glibc may have.
const HEAPS: &str = "MALLOC_ARENA_MAX";

/// A program that writes down the environment of the build, and its own.
const LOOKS: &str = r#"
import json, os, sys
with open(f"/proc/{os.getppid()}/environ", "rb") as file:
    build = dict(one.split("=", 1) for one in file.read().decode().split("\0") if "=" in one)
with open("seen.json", "w") as out:
    json.dump([build, dict(os.environ)], out)
for line in sys.stdin:
    print(json.dumps({"id": json.loads(line)["id"], "size": 1}), flush=True)
"#;

const RECIPE: &str = "name='b'\n[[source]]\nname='s'\npath=['*.jsonl']\nuse='pretrain'\n\
    [[stage]]\nrun='command'\ncommand=['python3', 'looks.py']\nsignals={size='integer'}\n";

fn scratch() -> Scratch {
    let scratch = Scratch::new();
    scratch.write("a.jsonl", "{\"id\":\"a\",\"text\":\"一\"}\n{\"id\":\"b\",\"text\":\"二\"}\n");
    scratch.write("looks.py", LOOKS);
    scratch.write("recipe.toml", RECIPE);
    scratch
}

/// How many heaps a build may have, and how many a program that it starts, each as the variable says it.
fn heaps(memory: &str, set: &[(&str, &str)]) -> [Option<String>; 2] {
    let scratch = scratch();
    let mut command = scratch.command(&["build", "--recipe", "recipe.toml", "--out", "out", "--memory", memory]);
    for name in [HEAPS, "GLIBC_TUNABLES", "CORPUS_FEW_HEAPS"] {
        command.env_remove(name);
    }
    command.envs(set.iter().copied());
    let mut child = command.stderr(std::process::Stdio::null()).spawn().unwrap();
    assert!(child.wait().unwrap().success());
    scratch.built("out").check_accounts();
    let seen = std::fs::read(scratch.path("seen.json")).unwrap();
    let seen: [BTreeMap<String, String>; 2] = serde_json::from_slice(&seen).unwrap();
    seen.map(|environment| environment.get(HEAPS).cloned())
}

#[test]
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn a_build_has_few_heaps_and_its_programs_what_they_would_have() {
    let some = |number: &str| Some(number.to_owned());
    assert_eq!(heaps("256MiB", &[]), [some("1"), None]);
    assert_eq!(heaps("1GiB", &[]), [some("1"), None]);
    assert_eq!(heaps("1536MiB", &[]), [some("3"), None]);
    // As many as the allocator would have on its own: nothing is started anew.
    assert_eq!(heaps("64TiB", &[]), [None, None]);
    // Whoever has said it already is obeyed, and so are programs.
    assert_eq!(heaps("256MiB", &[(HEAPS, "5")]), [some("5"), some("5")]);
    assert_eq!(heaps("256MiB", &[("GLIBC_TUNABLES", "glibc.malloc.arena_max=7")]), [None, None]);
}

#[test]
fn a_thread_has_32_mib() {
    let scratch = scratch();
    let build = |out: &str, more: &[&str]| -> Run {
        let run = scratch.try_build(out, &[&["--threads", "5"], more].concat());
        assert_eq!(run.code(), 0, "{}", run.stderr());
        run
    };
    contains(&build("a", &["--memory", "64MiB"]).stderr(), &["--memory 64MiB is enough for 2 of 5 threads"], &[]);
    contains(&build("b", &["--memory", "160MiB"]).stderr(), &[], &["is enough for"]);
}
