//! The other commands, used as a newcomer would.

use crate::harness::{Scratch, contains, json_lines, same_output};

#[test]
fn list_and_explain_know_every_component() {
    let scratch = Scratch::new();
    let listed = scratch.corpus(&["list"]);
    assert_eq!(listed.code(), 0, "{}", listed.stderr());
    for name in corpus::stages::ALL.iter().map(|s| s.name).chain(["alpaca", "mediawiki", "quickstart", "chars"]) {
        assert!(listed.stdout().contains(name), "{name} is not listed");
        let said = scratch.corpus(&["explain", name]);
        assert_eq!(said.code(), 0, "{name}: {}", said.stderr());
    }
    let near = scratch.corpus(&["explain", "normalise"]);
    assert_ne!(near.code(), 0);
    assert!(near.stderr().contains("normalize"), "{}", near.stderr());
    let json: serde_json::Value =
        serde_json::from_str(&scratch.corpus(&["list", "--format", "json"]).stdout()).unwrap();
    assert_eq!(json["v"], 1);
}

#[test]
fn quickstart_runs_from_any_folder_and_accounts_for_every_row() {
    let scratch = Scratch::new();
    let run = scratch.corpus(&["build", "--recipe", "quickstart", "--out", "out"]);
    assert_eq!(run.code(), 0, "{}", run.stderr());
    assert!(run.stdout().is_empty(), "stdout is data: {}", run.stdout());
    let built = scratch.built("out");
    built.check_accounts();
    let total = |what| built.total(what);
    assert_eq!((total("read"), total("kept"), total("dropped"), total("unreadable")), (97, 83, 12, 2));
    for (kind, rows) in [("pretrain", 34), ("task", 24), ("instruct", 17), ("rlhf", 8)] {
        assert_eq!(built.column(&format!("data/{kind}"), "id").len(), rows, "{kind}");
    }
    let kept = built.column("dropped/pretrain", "kept_id");
    assert_eq!(kept.iter().filter(|id| !id.is_empty()).collect::<Vec<_>>(), ["n003", "n024", "n002"]);
    let inspected = scratch.corpus(&["inspect", "out", "--dropped"]);
    assert_eq!(inspected.code(), 0, "{}", inspected.stderr());
    assert!(inspected.stdout().contains("chars_min"), "{}", inspected.stdout());
}

#[test]
fn plan_says_what_a_build_would_reuse() {
    let scratch = Scratch::new();
    scratch.write("docs.jsonl", json_lines(2_000));
    scratch.write(
        "recipe.toml",
        "name='p'\n[[source]]\nname='d'\npath=['docs.jsonl']\n[[stage]]\nrun='keep'\nchars={min=60}\n",
    );
    let plan = |more: &[&str]| -> serde_json::Value {
        let arguments = [&["plan", "--recipe", "recipe.toml", "--out", "out", "--format", "json"], more].concat();
        let run = scratch.corpus(&arguments);
        assert_eq!(run.code(), 0, "{}", run.stderr());
        serde_json::from_str(&run.stdout()).unwrap()
    };
    let before = plan(&[]).to_string();
    scratch.build("out", &[]);
    let after = plan(&["--set", "keep.chars.min=70"]).to_string();
    assert_ne!(before, after);
    assert!(before.contains("chars_min"), "the loss by reason is estimated: {before}");
}

/// What a profile said of each row is not asked again for another limit of a stage behind it.
#[test]
fn a_limit_behind_a_profile() {
    let scratch = Scratch::new();
    scratch.write("docs.jsonl", json_lines(500));
    let recipe = |least: u64| {
        let stages =
            format!("[[stage]]\nrun='profile'\nprofile='zh-web'\n[[stage]]\nrun='keep'\nchars={{min={least}}}\n");
        scratch.write("recipe.toml", format!("name='p'\n[[source]]\nname='d'\npath=['docs.jsonl']\n{stages}"));
    };
    let states = || -> Vec<String> {
        let run = scratch.corpus(&["plan", "--recipe", "recipe.toml", "--out", "out", "--format", "json"]);
        assert_eq!(run.code(), 0, "{}", run.stderr());
        let plan: serde_json::Value = serde_json::from_str(&run.stdout()).unwrap();
        let jobs = plan["jobs"].as_array().unwrap().iter();
        jobs.map(|job| format!("{} {}", job["name"].as_str().unwrap(), job["state"].as_str().unwrap())).collect()
    };
    recipe(60);
    scratch.build("out", &["--keep-work"]);
    recipe(70);
    assert_eq!(states(), ["scan reuse", "judge reuse", "judge run", "apply run"]);
    let again = scratch.build("out", &[]);
    same_output(&again, &scratch.build("alone", &[]), "a build that judges by the last limit alone, and a fresh one");
    let limits = again.column("dropped/pretrain", "stage");
    assert!(
        ["keep", "profile"].iter().all(|stage| limits.iter().any(|of| of.contains(stage) || of == "zh-web")),
        "{limits:?}"
    );
}

#[test]
fn check_reports_problems_and_files() {
    let scratch = Scratch::new();
    scratch.write("docs.jsonl", json_lines(5));
    scratch.write("good.toml", "name='g'\n[[source]]\nname='d'\npath=['docs.jsonl']\n");
    scratch.write("bad.toml", "name='b'\n[[source]]\nname='d'\npath=['docs.jsonl']\nfromat='x'\n");
    assert_eq!(scratch.corpus(&["check", "good.toml"]).code(), 0);
    let bad = scratch.corpus(&["check", "good.toml", "bad.toml"]);
    assert_eq!(bad.code(), 1);
    assert!((bad.stderr() + &bad.stdout()).contains("did you mean `format`?"));
    assert!(scratch.corpus(&["completions", "bash"]).stdout().contains("corpus"));
}

#[test]
fn inspect_reads_a_raw_file_as_a_person_would() {
    let scratch = Scratch::new();
    let side = |last: &str| format!("\n\nHuman: 今天天气怎么样？\n\nAssistant: {last}");
    let row = |chosen: &str, rejected: &str| {
        format!("{}\n", serde_json::json!({"chosen": side(chosen), "rejected": side(rejected)}))
    };
    let good = row("今天是晴天，适合出门散步。\n记得带水。", "今天是雨天，适合出门散步。\n记得带水。");
    scratch.write("pairs.txt", format!("{good}{}{}not JSON\n", row("", "不知道。"), row("", "不清楚。")));
    let shown = scratch.corpus(&["inspect", "pairs.txt"]);
    assert_eq!(shown.code(), 0, "{}", shown.stderr());
    let shown = shown.stdout();
    for said in [
        "taken for jsonl/hh",
        "all 4 records: 1 unreadable, 2 set aside by the format",
        "empty_answer: An answer is empty",
        "+ chosen",
        "今天是⟦晴⟧天",
        "│ 今天是⟦雨⟧天",
        "set aside        empty_answer: chosen",
        "line 4 · unreadable: json",
    ] {
        assert!(shown.contains(said), "not said: {said}\n{shown}");
    }
    assert_eq!(shown.matches("set aside · line").count(), 1, "one of a kind is shown: {shown}");
    let dropped = scratch.corpus(&["inspect", "pairs.txt", "--dropped"]).stdout();
    assert!(dropped.matches("set aside · line").count() == 2 && !dropped.contains("晴"), "{dropped}");
    let json = scratch.corpus(&["--format", "json", "inspect", "pairs.txt"]).stdout();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((json["rows"].as_array().unwrap().len(), json["set_aside"].as_array().unwrap().len()), (1, 2));
    assert_eq!(json["looked_at"]["set_aside"]["empty_answer"], 2);

    let long = (0..40).map(|i| format!("第{i}行")).collect::<Vec<_>>().join("\n");
    scratch.write("instruct_chat_50k.jsonl", format!("{}\n", serde_json::json!({"instruction": "问", "output": long})));
    let cut = scratch.corpus(&["inspect", "instruct_chat_50k.jsonl"]).stdout();
    contains(&cut, &["chinese_vicuna (chat)", "…"], &["第39行"]);
    let full = scratch.corpus(&["inspect", "instruct_chat_50k.jsonl", "--full"]).stdout();
    assert!(full.contains("第39行"), "{full}");
    let other = scratch.corpus(&["inspect", "instruct_chat_50k.jsonl", "--as", "task", "--use", "task"]).stdout();
    assert!(other.contains("read as jsonl/task") && other.contains("field_missing"), "{other}");
    let wrong = scratch.corpus(&["inspect", "instruct_chat_50k.jsonl", "--as", "alpacca"]);
    wrong.says(2, &["did you mean `alpaca`?"]);
}

#[test]
fn words_of_other_tools_lead_to_ours() {
    let scratch = Scratch::new();
    scratch.write("docs.jsonl", json_lines(5));
    for (word, ours) in [("minhash", "near_dedup"), ("lid", "language"), ("gopher_quality", "profile")] {
        let recipe = format!("name='a'\n[[source]]\nname='d'\npath=['docs.jsonl']\n[[stage]]\nrun='{word}'\n");
        scratch.write("recipe.toml", recipe);
        let checked = scratch.corpus(&["check", "recipe.toml"]);
        assert_eq!(checked.code(), 1, "{word}");
        assert!(checked.stderr().contains(ours), "{word}: {}", checked.stderr());
        assert!(scratch.corpus(&["explain", word]).stderr().contains(ours), "{word}");
    }
}

#[test]
fn a_shipped_recipe_is_printed_whole_and_a_mix_is_explained() {
    let scratch = Scratch::new();
    let said = scratch.corpus(&["explain", "zh-pretrain"]);
    let text = corpus::recipe::shipped("zh-pretrain").unwrap();
    assert!(said.stdout().contains(text.trim_end()), "{}", said.stdout());
    let mix = scratch.corpus(&["explain", "mix"]).stdout();
    assert!(mix.contains("weight") && mix.contains("[mix]"), "{mix}");
}

#[test]
fn values_that_cannot_be_meant_are_errors() {
    let scratch = Scratch::new();
    let build = |more: &[&str]| scratch.corpus(&[&["build", "--recipe", "quickstart", "--out", "out"], more].concat());
    for more in [["--memory", "1"], ["--memory", "512"], ["--threads", "0"], ["--limit", "0"]] {
        let run = build(&more);
        assert_eq!(run.code(), 2, "{more:?}: {}", run.stderr());
        assert!(run.stderr().contains(more[0]), "{more:?}: {}", run.stderr());
        assert!(!scratch.path("out").exists(), "{more:?}");
    }
    assert!(build(&["--memory", "2"]).stderr().contains("--memory 2GiB"));
    let missing = scratch.corpus(&["build", "--recipe", "no/such.toml"]);
    assert_eq!(missing.code(), 1, "{}", missing.stderr());
    let bare = scratch.corpus(&["build", "quickstart"]);
    assert_eq!(bare.code(), 2);
    assert!(bare.stderr().contains("corpus build --recipe quickstart"), "{}", bare.stderr());
}

#[test]
fn talk_is_in_colour_where_it_is_asked_for_and_paths_are_quoted() {
    let scratch = Scratch::new();
    scratch.write("a recipe.toml", "name='a'\n[[source]]\nname='d'\npath=['docs.jsonl']\n");
    scratch.write("docs.jsonl", json_lines(5));
    let check = |name: &str, value: &str, more: &[&str]| {
        let mut command = scratch.command(&[&["check", "no.toml"], more].concat());
        command.env_remove("NO_COLOR").env(name, value);
        String::from_utf8(command.output().unwrap().stderr).unwrap().contains('\x1b')
    };
    assert!(!check("TERM", "xterm", &[]), "a pipe is no terminal");
    assert!(check("CLICOLOR_FORCE", "1", &[]));
    assert!(!check("NO_COLOR", "1", &[]));
    assert!(check("NO_COLOR", "1", &["--color", "always"]));
    assert!(!check("CLICOLOR_FORCE", "1", &["--color", "never"]));
    let said = scratch.corpus(&["check", "a recipe.toml"]).stderr();
    assert!(said.contains("corpus plan --recipe 'a recipe.toml'"), "{said}");
    let widest = |columns: &str| {
        let shown = scratch.command(&["inspect", "docs.jsonl"]).env("COLUMNS", columns).output().unwrap();
        String::from_utf8(shown.stdout).unwrap().lines().map(|l| l.chars().count()).max().unwrap()
    };
    assert!(widest("60") < widest("160"), "{} {}", widest("60"), widest("160"));
}
