//! `[[export]]`: written at the end of a build, accounted for in `build.json`, and written again only where it must be.

use std::fs;

use serde_json::{Value as Json, json};

use crate::export::{RECIPE, files, read, rows};
use crate::harness::{Scratch, same_files, same_text};
use crate::schemas::held;

const EXPORTS: &str = "[[export]]\nto = 'trl'\n[[export]]\nto = 'openai'\nuse = 'task'\nout = 'chat'\n";

fn build(scratch: &Scratch, out: &str, more: &[&str]) -> (i32, String) {
    let run = scratch.corpus(&[&["build", "--recipe", "recipe.toml", "--out", out], more].concat());
    (run.code(), run.stderr())
}

fn manifest(scratch: &Scratch) -> Json {
    held(&read(scratch, "out/build.json"), "build", "build.json with exports")
}

#[test]
fn a_build_writes_its_exports() {
    let scratch = rows();
    scratch.write("recipe.toml", format!("{RECIPE}{EXPORTS}"));
    let plan = scratch.corpus(&["plan", "--recipe", "recipe.toml", "--out", "out", "--format", "json"]);
    let answer = held(&plan.stdout(), "plan", "plan with exports");
    let trl = json!({"to": "trl", "out": "exports/trl", "strict": false});
    assert_eq!(answer["exports"], json!([trl, {"to": "openai", "use": ["task"], "out": "chat", "strict": false}]));
    let plan = scratch.corpus(&["plan", "--recipe", "recipe.toml", "--out", "out"]).stdout();
    assert!(plan.contains("exports/trl") && plan.contains("pretrain, task, instruct, rlhf"), "{plan}");

    let (code, said) = build(&scratch, "out", &["--threads", "1"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("task: 2 rows: 1 written, 1 set aside"), "{said}");
    let made = manifest(&scratch);
    let folders: Vec<&str> = made["exports"].as_array().unwrap().iter().map(|e| e["out"].as_str().unwrap()).collect();
    assert_eq!(folders, ["exports/trl", "chat"]);
    let account =
        json!({"use": "task", "read": 2, "written": 1, "aside": 1, "reasons": {"export_no_pair": 1}, "loses": {}});
    assert_eq!(made["exports"][1]["uses"], json!([account]));
    // The same bytes as those of the command, and for any number of threads.
    scratch.corpus(&["export", "out", "--to", "trl", "--out", "by-hand"]).says(0, &[]);
    same_files(&files(&scratch.path("out/exports/trl")), &files(&scratch.path("by-hand")), "by recipe and by hand");
    assert_eq!(build(&scratch, "again", &["--threads", "2"]).0, 0);
    same_files(&files(&scratch.path("out/exports/trl")), &files(&scratch.path("again/exports/trl")), "threads");
    let lines = |path: &str| {
        let text = read(&scratch, path);
        serde_json::from_str::<Json>(&text).unwrap()["exports"].to_string()
    };
    same_text(&lines("out/build.json"), &lines("again/build.json"), "exports of build.json");
}

#[test]
fn what_stands_is_not_written_again() {
    let scratch = rows();
    scratch.write("recipe.toml", format!("{RECIPE}{EXPORTS}"));
    assert_eq!(build(&scratch, "out", &[]).0, 0);
    let before = manifest(&scratch);
    let written = |path: &str| fs::metadata(scratch.path(path)).unwrap().modified().unwrap();
    let (trl, chat) = (written("out/exports/trl/export.json"), written("out/chat/export.json"));
    // One is there, the other is missing.
    fs::remove_dir_all(scratch.path("out/chat")).unwrap();
    let (code, said) = build(&scratch, "out", &[]);
    assert!(code == 0 && said.contains("holds this very build already"), "{said}");
    assert_eq!(written("out/exports/trl/export.json"), trl);
    assert_ne!(written("out/chat/export.json"), chat);
    assert_eq!(manifest(&scratch), before);

    // `strict` looks at what is lost, and the build stays; what was written before it is said.
    scratch.write("recipe.toml", format!("{RECIPE}{EXPORTS}strict = true\n"));
    let (code, said) = build(&scratch, "out", &[]);
    assert!(code == 1 && said.contains("cannot hold all of these rows"), "{said}");
    let after = manifest(&scratch);
    assert_eq!(after["exports"].as_array().unwrap().len(), 1);
    assert_eq!(after["totals"], before["totals"]);

    // Without exports the recipe is the same build.
    scratch.write("recipe.toml", RECIPE);
    assert_eq!(build(&scratch, "out", &[]).0, 0);
    assert_eq!(manifest(&scratch).get("exports"), None);
    assert!(scratch.path("out/exports/trl/export.json").is_file());
}

#[test]
fn an_export_has_a_folder_of_its_own() {
    let scratch = rows();
    scratch.write("recipe.toml", format!("{RECIPE}[[export]]\nto = 'jsonl'\nout = 'data/plain'\n"));
    let (code, said) = build(&scratch, "out", &[]);
    assert!(code == 1 && said.contains("where the build writes"), "{said}");
    assert!(!scratch.path("out/data").exists());
    let only =
        "name = 'one'\n[[source]]\nname = 'text'\npath = 'text.jsonl'\nuse = 'pretrain'\n[[export]]\nto = 'openai'\n";
    scratch.write("recipe.toml", only);
    let (code, said) = build(&scratch, "out", &[]);
    assert!(code == 1 && said.contains("has no task or instruct or rlhf rows"), "{said}");
    assert!(scratch.path("out/build.json").is_file());
}
