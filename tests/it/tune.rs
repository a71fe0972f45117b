//! `corpus tune`: what it says of limits is what a build with those limits does, and it measures nothing again.

use serde_json::{Value as Json, json};

use crate::harness::{Scratch, contains};
use crate::schemas::held;

/// Rows of many lengths, in two sources; some mostly digits, some of another language.
fn scratch(rule: &str) -> Scratch {
    let scratch = Scratch::new();
    for (name, seed) in [("a", 7), ("b", 11)] {
        let text = |i: u64| match i % 5 {
            0 => format!("第{i}号{}", "1234567890".repeat((i * seed % 9) as usize)),
            1 => format!(
                "The miller came down to the river on day {i}. {}",
                "He looked at the wheel. ".repeat((i % 7) as usize)
            ),
            _ => format!("第{i}天，{}", "老周推开门，看见院子里落了一层霜。".repeat((i * seed % 13) as usize)),
        };
        let line = |i| format!("{}\n", json!({"text": text(i)}));
        scratch.write(&format!("{name}.jsonl"), (0..400).map(line).collect::<String>());
    }
    let source = |name: &str| format!("[[source]]\nname='{name}'\npath=['{name}.jsonl']\nuse='pretrain'\n");
    let stages = format!(
        "[[stage]]\nrun='language'\n[[stage]]\nrun='keep'\nname='first'\nchars={{min=12}}\n[[stage]]\nrun='keep'\nname='keep'\n{rule}\n\
         [[stage]]\nrun='exact_dedup'\n"
    );
    scratch.write("recipe.toml", format!("name='t'\n{}{}{stages}", source("a"), source("b")));
    scratch
}

fn tuned(scratch: &Scratch, arguments: &[&str]) -> Json {
    let run = scratch.corpus(&[&["tune"], arguments, &["--format", "json"]].concat());
    assert_eq!(run.code(), 0, "{}", run.stderr());
    held(&run.stdout(), "tune", "corpus tune")
}

#[test]
fn neighbours_are_what_builds_with_them_do() {
    let scratch = scratch(
        "chars={min=40, max=200}\nany=[{digit_ratio={max=0.5}}, {chars={max=60}}]\nnot={latin_ratio={min=0.7}}",
    );
    let built = scratch.build("out", &[]);
    let answer = tuned(&scratch, &["out", "keep"]);
    let stage = &answer["stages"][0];
    let line = &built.manifest["stages"][3];
    assert_eq!(stage["reached"], line["rows_in"]);
    let dropped = line["rows_in"].as_u64().unwrap() - line["rows_out"].as_u64().unwrap();
    assert_eq!(stage["drops"], dropped);
    let keys: Vec<&str> = stage["limits"].as_array().unwrap().iter().map(|l| l["key"].as_str().unwrap()).collect();
    let all = ["chars.min", "chars.max", "any[0].digit_ratio.max", "any[1].chars.max", "not.latin_ratio.min"];
    assert_eq!(keys, all);
    let mut seen = 0;
    for limit in stage["limits"].as_array().unwrap() {
        let key = limit["key"].as_str().unwrap();
        let rows: u64 = limit["bins"].as_array().unwrap().iter().map(|b| b["rows"].as_u64().unwrap()).sum();
        assert_eq!(json!(rows), limit["rows"], "{key}");
        assert!(!limit["failing"].as_array().unwrap().is_empty() && limit["failing"][0]["text"].is_string(), "{limit}");
        for neighbour in limit["neighbours"].as_array().unwrap() {
            let value = &neighbour["limit"];
            if *value == limit["limit"] {
                assert_eq!(neighbour["drops"], dropped, "{key}");
            }
            // A trial with that value drops as many.
            if key.starts_with("chars.") && seen < 6 {
                seen += 1;
                let set = format!("keep.{key}={value}");
                let other = scratch.build("other", &["--set", &set]);
                let line = &other.manifest["stages"][3];
                let drops = line["rows_in"].as_u64().unwrap() - line["rows_out"].as_u64().unwrap();
                assert_eq!(neighbour["drops"], drops, "{set}");
            }
        }
    }
    let digits = &stage["limits"][2];
    let near = digits["neighbours"].as_array().unwrap().iter().find(|n| n["limit"] != digits["limit"]).unwrap();
    let recipe = std::fs::read_to_string(scratch.path("recipe.toml")).unwrap();
    scratch.write("nested.toml", recipe.replace("{max=0.5}", &format!("{{max={}}}", near["limit"])));
    // Of a recipe the limits that it has now are looked at, by what its build has measured.
    let now = tuned(&scratch, &["nested.toml", "keep.digit_ratio", "--out", "out"]);
    assert_eq!(now["stages"][0]["limits"][0]["limit"], near["limit"]);
    assert_eq!(now["stages"][0]["drops"], near["drops"], "a limit within `any`");
}

#[test]
fn percentiles_and_languages() {
    let rule = "chars={max_percentile=80}\nonly={language=['zh'], source=['b']}";
    let scratch = scratch(rule);
    let built = scratch.build("out", &[]);
    let stage = &tuned(&scratch, &["out"])["stages"][1];
    let found = &built.manifest["stages"][3]["limits"][0]["limits"][0];
    assert_eq!((&stage["limits"][0]["limit"], &stage["limits"][0]["percentile"]), (&found["limit"], &json!(80.0)));
    assert_eq!((&stage["reached"], &stage["drops"]), (&found["rows"], &json!(built.reasons()["chars_max"])));
    scratch.write(
        "two.toml",
        std::fs::read_to_string(scratch.path("recipe.toml")).unwrap().replace("80}", "80, per='source'}"),
    );
    let run = scratch.corpus(&["build", "--recipe", "two.toml", "--out", "two"]);
    assert_eq!(run.code(), 0, "{}", run.stderr());
    let left = tuned(&scratch, &["two", "keep"]);
    assert_eq!(left["stages"][0]["left"][0]["key"], "chars.max_percentile");
}

#[test]
fn the_next_step_can_be_taken() {
    for (rule, said) in [
        ("chars={min=40}", "--set keep.chars.min=…"),
        ("any=[{chars={min=40}},{digit_ratio={max=0.5}}]", "change keep.any[0].chars.min in the recipe"),
    ] {
        let scratch = scratch(rule);
        scratch.build("out", &["--limit", "300"]);
        scratch.corpus(&["tune", "out", "keep"]).says(0, &[said]);
    }
    let scratch = scratch("chars={min=40}\n[[stage]]\nrun='profile'\nprofile='zh-web'");
    scratch.build("out", &["--limit", "300"]);
    let shown = scratch.corpus(&["tune", "out", "profile.units"]);
    shown.says(0, &["leave the rule of profile.units.min out (`without`)"]);
    let set = ["--set", "profile.without=[\"units\"]"];
    scratch.build("out", &[&["--limit", "300"], &set[..]].concat());
}

#[test]
fn a_person_sees_bars_and_rows() {
    let scratch = scratch("chars={min=40}");
    scratch.build("out", &["--limit", "300"]);
    let shown = scratch.corpus(&["tune", "out", "keep.chars"]);
    shown.says(0, &["next: `corpus build"]);
    let bars = ["chars ≥ 40", "── ≥ 40", "█", "→", "just beyond", "just within", "a:"];
    contains(&shown.stdout(), &bars, &["text not kept"]);
    let mut chinese = scratch.command(&["tune", "out", "keep.chars", "--rows", "1"]);
    let said = String::from_utf8_lossy(&chinese.env("CORPUS_LANG", "zh").output().unwrap().stdout).into_owned();
    assert!(said.contains("行到达此阶段") && said.contains("刚好在内"), "{said}");
    for (arguments, said) in [
        (vec!["tune", "out", "kep"], "did you mean `keep`?"),
        (vec!["tune", "out", "keep.char"], "has no limit `keep.char`"),
        (vec!["tune", "nothing"], "is no build"),
        (vec!["tune", "out", "--work", "elsewhere"], "does not hold what this build was made of"),
    ] {
        let run = scratch.corpus(&arguments);
        assert!(run.code() == 1 && run.stderr().contains(said), "{arguments:?}: {}", run.stderr());
    }
    std::fs::remove_dir_all(scratch.path("out/.work")).unwrap();
    scratch.corpus(&["tune", "out"]).says(1, &["run `corpus build` again"]);
}

#[test]
fn limits_out_of_trusted_text() {
    let scratch = Scratch::new();
    let prose =
        "天还没亮，老周就起来了。他披上那件旧棉袄，推开门，院子里落了一层薄薄的霜。今天怕是要冷，他自言自语地说。";
    let line =
        |i: u64| format!("{}\n", json!({"text": format!("{}第{i}天，{prose}", prose.repeat(1 + i as usize % 5))}));
    scratch.write("good.jsonl", (0..300).map(line).collect::<String>());
    let answer = scratch.corpus(&["tune", "--from-reference", "good.jsonl", "--format", "json"]);
    let answer = held(&answer.stdout(), "tune", "trusted text");
    assert_eq!(
        (answer["sets"][0]["rows"].as_u64(), answer["passes"][0].as_f64() > Some(0.98)),
        (Some(300), true),
        "{answer}"
    );
    let printed = scratch.corpus(&["tune", "--from-reference", "good.jsonl", "--tail", "0.5"]);
    printed.says(0, &["keep to all limits"]);
    contains(&printed.stdout(), &["rules = [", "{ units = { min = "], &[]);
    assert_eq!(printed.stdout(), scratch.corpus(&["tune", "--from-reference", "good.jsonl", "--tail", "0.5"]).stdout());
    // What is printed goes into a recipe as it stands, and keeps the text that it was taken from.
    let rules = printed.stdout();
    let rules = &rules[rules.find("rules = [").unwrap()..];
    let source = "name='r'\n[[source]]\nname='g'\npath=['good.jsonl']\nuse='pretrain'\n";
    scratch.write("recipe.toml", format!("{source}[[stage]]\nrun = \"profile\"\n{rules}"));
    let built = scratch.build("out", &[]);
    assert!(built.total("kept") >= 290, "{:?}", built.reasons());
    let again = scratch.corpus(&["tune", "--from-reference", "out", "--method", "mean-std", "--std", "4"]);
    contains(&again.stdout(), &["4 standard deviations from the mean", "out ("], &[]);
    let bad = scratch.corpus(&["tune", "--from-reference", "good.jsonl", "--tail", "60"]);
    assert!(bad.code() == 2 && bad.stderr().contains("below 50"), "{}", bad.stderr());
}
