//! `corpus diff`: two builds compared, down to the rows that one keeps and the other does not.

use serde_json::{Value as Json, json};

use crate::harness::{Scratch, contains};
use crate::schemas::held;

fn row(id: &str, text: &str) -> String {
    format!("{}\n", json!({"id": id, "text": text}))
}

fn recipe(least: u32, more: &str) -> String {
    format!(
        "name='d'\n[[source]]\nname='s'\npath=['docs.jsonl']\nuse='pretrain'\n[[stage]]\nrun='language'\n\
         [[stage]]\nrun='keep'\nchars={{min={least}}}\n{more}"
    )
}

/// Two builds: a higher limit, one more stage, a file with a row less, one more, and one with another text.
fn builds(scratch: &Scratch) {
    let same = [row("a", "春天来了，花开了。"), row("b", "夏天很热，大家去游泳。"), row("c", "秋。")].concat();
    scratch.write("docs.jsonl", same.clone() + &row("gone", "这一行后来没有了。") + &row("e", "Winter is cold here."));
    scratch.write("recipe.toml", recipe(2, ""));
    scratch.build("before", &[]);
    scratch.write("docs.jsonl", same + &row("new", "夏天很热，大家去游泳。") + &row("e", "Winter is very cold here."));
    scratch.write("recipe.toml", recipe(9, "[[stage]]\nrun='exact_dedup'\n"));
    scratch.build("after", &[]);
}

fn diff(scratch: &Scratch, more: &[&str]) -> Json {
    let run = scratch.corpus(&[&["diff", "before", "after", "--format", "json"], more].concat());
    assert_eq!(run.code(), 0, "{}", run.stderr());
    held(&run.stdout(), "diff", "corpus diff")
}

#[test]
fn rows_gained_and_lost_are_named() {
    let scratch = Scratch::new();
    builds(&scratch);
    let found = diff(&scratch, &["--texts"]);
    let ways: Vec<(&Json, &Json, &Json)> =
        found["moves"].as_array().unwrap().iter().map(|m| (&m["from"], &m["to"], &m["ids"])).collect();
    let kept = json!({"in": "kept"});
    let dropped = |stage: &str, reason: &str| json!({"in": "dropped", "stage": stage, "reason": reason});
    let lost = dropped("keep", "chars_min");
    let copy = dropped("exact_dedup", "exact_duplicate");
    let wanted =
        [(&Json::Null, &copy, &json!(["new"])), (&kept, &Json::Null, &json!(["gone"])), (&kept, &lost, &json!(["c"]))];
    assert_eq!(ways.len(), wanted.len(), "{ways:?}");
    assert!(wanted.iter().all(|way| ways.contains(way)), "{ways:?}");
    assert_eq!(found["both"], 3);
    assert_eq!(found["texts"], json!({"same": 2, "changed": 1, "ids": ["e"]}));
    assert_eq!(found["totals"][2], json!({"what": "kept", "of": [5, 3]}));
    let limit = json!([{"signal": "chars", "side": "min", "of": ["2", "9"]}]);
    let stages = found["stages"].as_array().unwrap();
    let stage = |name: &str| stages.iter().find(|s| s["name"] == name).unwrap();
    assert_eq!((&stage("keep")["limits"], &stage("keep")["differs"]), (&limit, &json!(true)));
    assert_eq!(stage("language")["differs"], false);
    assert_eq!(stage("exact_dedup")["rows_in"], json!([null, 4]));
    assert_eq!(found["sources"][0]["changed"], json!(["docs.jsonl"]));
    let groups = found["kept"].as_array().unwrap();
    let english = groups.iter().find(|g| g["language"] == "en").unwrap();
    assert_eq!(english["rows"], json!([1, 1]));
    assert_eq!(found["same_recipe"], false);

    let said = scratch.corpus(&["diff", "before", "after"]);
    assert_eq!(said.code(), 0);
    let parts = ["chars min 2 -> 9", "`exact_dedup` is there after only", "3 rows kept by both, 0 gained, 2 lost"];
    contains(&said.stdout(), &parts, &[]);
    contains(&said.stdout(), &["with other bytes, 1 file: docs.jsonl", "dropped: chars_min (keep)", "not there"], &[]);
    contains(&said.stderr(), &["corpus why after "], &[]);
}

/// Little memory, and what goes to disk with it, finds the same as much.
#[test]
fn memory_changes_nothing() {
    let scratch = Scratch::new();
    let rows = |step: usize| -> String {
        (0..70_000)
            .step_by(step)
            .map(|n| row(&format!("row-{n}"), if n % 3 == 0 { "短" } else { "一个长一点的句子" }))
            .collect()
    };
    scratch.write("docs.jsonl", rows(1));
    scratch.write("recipe.toml", recipe(1, ""));
    scratch.build("before", &[]);
    scratch.write("docs.jsonl", rows(2));
    scratch.write("recipe.toml", recipe(2, ""));
    scratch.build("after", &[]);
    let (little, much) = (diff(&scratch, &["--memory", "1MiB"]), diff(&scratch, &[]));
    assert_eq!(little, much);
    assert_eq!(little["both"], 23_333);
    let rows: Vec<u64> = little["moves"].as_array().unwrap().iter().map(|m| m["rows"].as_u64().unwrap()).collect();
    assert_eq!(rows, [35_000, 11_667]);
    let same = scratch.corpus(&["diff", "after", "after"]);
    contains(&same.stdout(), &["the recipes say the same", "the inputs are the same", "0 gained, 0 lost"], &[]);
    scratch
        .corpus(&["diff", "after", "none"])
        .says(1, &["none is no build", "the one before, then the one after; or two recipes"]);
}

/// Two recipes, key by key.
#[test]
fn recipes_are_compared_by_key() {
    let scratch = Scratch::new();
    scratch.write("one.toml", recipe(2, ""));
    scratch.write("other.toml", recipe(9, "[output]\ncompression='lz4'\n"));
    let run = scratch.corpus(&["diff", "one.toml", "other.toml", "--format", "json"]);
    let found = held(&run.stdout(), "diff", "corpus diff of recipes");
    let keys: Vec<&str> = found["differences"].as_array().unwrap().iter().map(|d| d["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["output.compression", "stage.keep.chars.min"]);
    assert_eq!(found["differences"][1]["of"], json!([2.0, 9.0]));
    let said = scratch.corpus(&["diff", "one.toml", "other.toml"]).stdout();
    contains(&said, &["stage.keep.chars.min", "output.compression"], &[]);
    assert_eq!(scratch.corpus(&["diff", "one.toml", "one.toml"]).stdout(), "the recipes say the same\n");
}
