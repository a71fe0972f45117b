//! `run = "command"`: programs of one's own, those of docs/command.md among them; what they do wrong is an error that
//! names the row; a changed program is asked again, and an unchanged one is not.

use std::path::Path;

use crate::harness::{Scratch, contains, same_files};

const SOURCE: &str = "name='b'\n[[source]]\nname='s'\npath=['*.jsonl']\nuse='pretrain'\n";

/// A program that writes down each row that it is asked about.
const COUNTING: &str = r#"
import json, os, sys
for line in sys.stdin:
    row = json.loads(line)
    with open("asked.log", "a") as log:
        log.write(row["id"] + "\n")
    print(json.dumps({"id": row["id"], "size": len(row["text"])}), flush=True)
"#;

fn rows(from: usize, to: usize) -> String {
    let text = |n: usize| {
        if n.is_multiple_of(3) {
            format!("点击第{n}条，点击就看")
        } else {
            format!("第{n}条研究数据，结果如下")
        }
    };
    (from..to).map(|n| format!("{}\n", serde_json::json!({"id": format!("d{n}"), "text": text(n)}))).collect()
}

/// The programs of docs/command.md, by their first lines.
fn programs(scratch: &Scratch) -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/command.md");
    let page = std::fs::read_to_string(page).unwrap();
    let mut found = 0;
    for block in page.split("```python\n").skip(1) {
        let program = block.split("```").next().unwrap();
        let name = program.lines().next().unwrap().strip_prefix("# ").unwrap();
        scratch.write(name, program);
        found += 1;
    }
    assert_eq!(found, 5);
    page
}

/// The recipes of the page that have a source of their own.
fn recipes(page: &str) -> Vec<&str> {
    page.split("```toml\n")
        .skip(1)
        .map(|b| b.split("```").next().unwrap())
        .filter(|b| b.contains("[[source]]"))
        .collect()
}

#[test]
fn the_programs_of_the_page_run() {
    let scratch = Scratch::new();
    let page = programs(&scratch);
    scratch.write("docs.jsonl", rows(0, 9));
    let [score, filter] = recipes(&page)[..] else { panic!() };
    scratch.write("recipe.toml", score);
    let built = scratch.build("score", &[]);
    built.check_accounts();
    assert_eq!(built.column("data/pretrain", "id"), ["d1", "d2", "d4", "d5", "d7", "d8"]);
    assert_eq!(built.column("data/pretrain", "kind"), ["paper"; 6]);
    assert_eq!(built.reasons()["research_min"], 3);

    scratch.write("docs.jsonl", rows(0, 3) + "{\"id\":\"x\",\"text\":\"一\\n二\\n三\\n四\"}\n");
    scratch.write("recipe.toml", filter);
    assert_eq!(scratch.build("filter", &[]).column("dropped/pretrain", "reason"), ["dt_too_many_lines"]);

    let stage = "[[stage]]\nrun='command'\ncommand=['python3', 'judge.py']\njudges=true\n";
    scratch.write("recipe.toml", format!("{SOURCE}{stage}"));
    let built = scratch.build("judge", &[]);
    assert_eq!(built.column("dropped/pretrain", "id"), ["d0"]);
    assert_eq!(built.column("dropped/pretrain", "reason"), ["clickbait"]);
    assert_eq!(built.column("dropped/pretrain", "value"), ["2"]);

    let stage = "[[stage]]\nrun='command'\ncommand=['python3', 'batch.py']\nsignals={variety='number'}\nbatch=2\n";
    scratch.write("recipe.toml", format!("{SOURCE}{stage}[output]\nsignals=['variety']\n"));
    assert_eq!(scratch.build("batch", &[]).column("data/pretrain", "variety").len(), 4);

    let turns = r#"{"messages":[{"role":"user","content":"我的号码是 12345"},{"role":"assistant","content":"好 67"}]}"#;
    scratch.write("turns/a.jsonl", format!("{turns}\n"));
    let stage = "[[stage]]\nrun='command'\ncommand=['python3', 'mask.py']\nrewrites=true\n";
    scratch.write(
        "recipe.toml",
        format!("name='m'\n[[source]]\nname='s'\npath=['turns/*.jsonl']\nuse='instruct'\n{stage}"),
    );
    let built = scratch.build("mask", &[]);
    let shown = scratch.corpus(&["inspect", "mask", "--format", "json"]).stdout();
    contains(&shown, &["我的号码是 0000", "好 67"], &["12345"]);
    built.check_accounts();
}

/// The same bytes for any threads and split of the input, and each row is asked about once.
#[test]
fn rows_are_asked_about_once_whatever_the_threads() {
    let recipe = format!(
        "{SOURCE}[[stage]]\nrun='normalize'\n[[stage]]\nrun='command'\ncommand=['python3', 'count.py']\nsignals={{size='integer'}}\n\
         [[stage]]\nrun='keep'\nsize={{min=5}}\n[[stage]]\nrun='exact_dedup'\n[output]\nsignals=['size']\n"
    );
    let build = |parts: &[(usize, usize)], threads: &str| {
        let scratch = Scratch::new();
        scratch.write("count.py", COUNTING);
        scratch.write("recipe.toml", &recipe);
        for (from, to) in parts {
            scratch.write(&format!("d{from:05}.jsonl"), rows(*from, *to));
        }
        let built = scratch.build("out", &["--threads", threads, "--unit", "4KiB"]);
        let mut asked: Vec<String> =
            std::fs::read_to_string(scratch.path("asked.log")).unwrap().lines().map(str::to_owned).collect();
        asked.sort();
        let all = asked.len();
        asked.dedup();
        assert_eq!((asked.len(), all), (400, 400), "a row was asked about twice");
        built.bytes()
    };
    let one = build(&[(0, 400)], "1");
    same_files(&one, &build(&[(0, 400)], "3"), "threads");
    same_files(&one, &build(&[(0, 150), (150, 400)], "2"), "files");
}

#[test]
fn a_changed_program_is_asked_again_and_an_unchanged_one_is_not() {
    let scratch = Scratch::new();
    scratch.write("docs.jsonl", rows(0, 12));
    scratch.write("count.py", COUNTING);
    scratch.write("words.txt", "一\n");
    let recipe = |least: u32, timeout: u32| {
        let stage = format!(
            "command=['python3', 'count.py']\nfiles=['words.txt']\ntimeout={timeout}\nsignals={{size='integer'}}"
        );
        let recipe =
            format!("{SOURCE}[[stage]]\nrun='command'\n{stage}\n[[stage]]\nrun='keep'\nsize={{min={least}}}\n");
        scratch.write("recipe.toml", recipe);
    };
    let asked = || {
        scratch.build("out", &[]);
        std::fs::read_to_string(scratch.path("asked.log")).unwrap().lines().count()
    };
    recipe(5, 60);
    assert_eq!(asked(), 12);
    recipe(12, 90);
    assert_eq!(asked(), 12, "another limit, and another time limit, ask nothing again");
    assert!(scratch.built("out").total("dropped") > 0);
    scratch.write("count.py", COUNTING.replace("len(row[\"text\"])", "20"));
    assert_eq!(asked(), 24, "a changed program is asked again");
    assert_eq!(scratch.built("out").total("dropped"), 0);
    scratch.write("words.txt", "二\n");
    assert_eq!(asked(), 36, "so is one that reads another file");
}

#[test]
fn programs_are_named_before_they_run_and_can_be_refused() {
    let scratch = Scratch::new();
    scratch.write("docs.jsonl", rows(0, 6));
    scratch.write("count.py", COUNTING);
    let stage = "[[stage]]\nrun='command'\nname='size'\ncommand=['python3', 'count.py']\nsignals={size='integer'}\n";
    scratch.write("recipe.toml", format!("{SOURCE}{stage}"));
    let log = scratch.path("asked.log");
    let check = scratch.corpus(&["check", "recipe.toml"]);
    check.says(0, &["`size` runs a program: `python3 count.py`"]);
    for command in ["plan", "build"] {
        scratch.corpus(&[command, "--recipe", "recipe.toml", "--no-commands"]).says(1, &["`size`", "python3 count.py"]);
    }
    assert!(!log.exists(), "it ran");
    scratch.corpus(&["plan", "--recipe", "recipe.toml"]).says(0, &["`size` runs a program: `python3 count.py`"]);
    scratch.corpus(&["build", "--recipe", "recipe.toml", "--out", "out"]).says(0, &["`size` runs a program"]);
}

#[test]
fn what_a_program_does_wrong_names_the_row() {
    let scratch = Scratch::new();
    scratch.write("docs.jsonl", rows(0, 8));
    let failing = |program: &str, more: &str| {
        scratch.write("bad.py", program);
        let stage =
            format!("[[stage]]\nrun='command'\ncommand=['python3', 'bad.py']\nsignals={{size='integer'}}\n{more}\n");
        scratch.write("recipe.toml", format!("{SOURCE}{stage}"));
        let run = scratch.try_build("out", &[]);
        assert_eq!(run.code(), 1, "{}", run.stderr());
        assert!(!scratch.path("out/data").exists());
        run.stderr()
    };
    let raising = "import sys, json\nfor line in sys.stdin:\n    row = json.loads(line)\n    if row['id'] == 'd4':\n        raise ValueError('no 4')\n    print(json.dumps({'id': row['id'], 'size': 1}), flush=True)\n";
    let named = ["`python3 bad.py`", "docs.jsonl: line 5", "row `d4`"];
    contains(&failing(raising, ""), &[&named[..], &["ValueError: no 4", "exit status: 1"]].concat(), &[]);
    let lacking = raising.replace("raise ValueError('no 4')", "print(json.dumps({'id': row['id']}), flush=True)");
    contains(&failing(&lacking, ""), &[&named[..], &["lacks the signal `size`"]].concat(), &[]);
    let hanging = raising.replace("raise ValueError('no 4')", "import time; time.sleep(600)");
    contains(
        &failing(&hanging, "timeout=2"),
        &[&named[..], &["no answer within 2 seconds", "flush=True"]].concat(),
        &[],
    );
    scratch.write("recipe.toml", format!("{SOURCE}[[stage]]\nrun='command'\ncommand=['./none']\njudges=true\n"));
    scratch.try_build("out", &[]).says(1, &["`./none` cannot be started", "recipe's folder"]);
    // What is mended goes on as though nothing had been.
    scratch.write("bad.py", raising.replace("raise ValueError('no 4')", "pass"));
    scratch.write(
        "recipe.toml",
        format!("{SOURCE}[[stage]]\nrun='command'\ncommand=['python3', 'bad.py']\nsignals={{size='integer'}}\n"),
    );
    assert_eq!(scratch.build("out", &[]).total("kept"), 8);
}

/// After a kill only rows that were on their way are asked about again, and no program outlives the build.
#[test]
fn a_kill_costs_the_rows_on_their_way() {
    let scratch = Scratch::new();
    scratch.write("docs.jsonl", rows(0, 400));
    let slow = "import time\nopen('pid-%d' % os.getpid(), 'w')\n";
    let program = COUNTING
        .replace("for line", &format!("{slow}for line"))
        .replace("    row =", "    time.sleep(0.01)\n    row =");
    scratch.write("count.py", program);
    let stage = "[[stage]]\nrun='command'\ncommand=['python3', 'count.py']\nsignals={size='integer'}\n";
    scratch.write("recipe.toml", format!("{SOURCE}{stage}"));
    let arguments = ["build", "--recipe", "recipe.toml", "--out", "out", "--threads", "2", "--unit", "4KiB", "--quiet"];
    let asked = || std::fs::read_to_string(scratch.path("asked.log")).unwrap_or_default().lines().count();
    let mut child = scratch.command(&arguments).spawn().unwrap();
    while asked() < 150 && child.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let before = asked();
    assert!(before < 400, "the build was through before it was killed");
    let programs: Vec<String> = std::fs::read_dir(scratch.path("."))
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.strip_prefix("pid-").map(str::to_owned))
        .collect();
    assert!(!programs.is_empty());
    // What has ended and was not waited for has no command line any more.
    let line = |pid: &String| std::fs::read_to_string(Path::new("/proc").join(pid).join("cmdline")).unwrap_or_default();
    let alive = || programs.iter().any(|pid| line(pid).contains("count.py"));
    let began = std::time::Instant::now();
    while alive() && began.elapsed().as_secs() < 20 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert!(!alive(), "a program goes on");
    assert_eq!(scratch.build("out", &arguments[5..]).total("kept"), 400);
    let again = asked() - 400;
    assert!(again <= 150, "{again} rows were asked about again: those of two units are some 100");
}

/// A rule on what a stage declares is no further problem where the stage itself is wrong.
#[test]
fn a_wrong_stage_is_not_told_twice() {
    let scratch = Scratch::new();
    let keep = "[[stage]]\nrun='keep'\nscore={min=1}\ntopic={in=['a']}\n";
    for (stage, said) in [
        ("run='comand'\ncommand=['x']\nsignals={score='number', topic='text'}\n", "did you mean `command`"),
        ("run='command'\ncommand='x'\nsignals={score='number', topic='text'}\n", "wrong type"),
    ] {
        scratch.write("recipe.toml", format!("{SOURCE}[[stage]]\n{stage}{keep}"));
        let check = scratch.corpus(&["check", "recipe.toml", "--no-inputs"]);
        contains(&(check.stdout() + &check.stderr()), &[said, "1 problem"], &["no signal is called"]);
    }
}
