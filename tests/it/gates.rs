//! `[gates]`: judged when a build is done, told with their figures, and judged anew without building again.

use std::fs;

use serde_json::{Value as Json, json};

use crate::harness::{Scratch, document};
use crate::named_commands::holds;
use crate::schemas::held;

const RECIPE: &str = "name = 'gated'
[[source]]
name = 'pages'
path = ['pages.jsonl']
use = 'pretrain'
[[stage]]
run = 'language'
[[stage]]
run = 'decontaminate'
against = ['exam.jsonl']
[[stage]]
run = 'keep'
name = 'length'
chars = { min = 20 }
[[stage]]
run = 'exact_dedup'
";

/// 100 rows: 10 of them short, 5 English, 4 copies, 1 that an evaluation set holds.
fn rows() -> Scratch {
    let scratch = Scratch::new();
    let asked = "下列各组词语中，没有错别字且注音全部正确的一组是哪一组呢请选择";
    let row = |text: &str| format!("{}\n", json!({"text": text}));
    let mut text: String = (0..80).map(|n| row(&document(n))).collect();
    (0..10).for_each(|n| text += &row(&format!("短文{n}")));
    let english =
        |n: u32| format!("It was the {n}th day of the week, and the river was still high under the old bridge.");
    (0..5).for_each(|n| text += &row(&english(n)));
    text += &text.lines().take(4).map(|line| line.to_owned() + "\n").collect::<String>();
    text += &row(asked);
    scratch.write("pages.jsonl", text);
    scratch.write("exam.jsonl", format!("{}\n", json!({"question": asked})));
    scratch
}

fn build(scratch: &Scratch, gates: &str) -> (i32, String, Json) {
    scratch.write("recipe.toml", format!("{RECIPE}{gates}"));
    let run = scratch.corpus(&["build", "--recipe", "recipe.toml", "--out", "out"]);
    let written = fs::read_to_string(scratch.path("out/build.json")).unwrap();
    (run.code(), run.stderr(), held(&written, "build", "build.json with gates"))
}

#[test]
fn a_build_passes_its_gates_or_says_which_failed() {
    let scratch = rows();
    let (code, said, made) = build(
        &scratch,
        "[gates]\nmin_rows = 85\nmin_chars = 1000\nmin_language = { zh = 0.9 }\nmax_evaluation_hits = 1\n\
         max_dropped = { chars_min = 0.1, exact_dedup = 0.04, all = 0.15 }\n",
    );
    assert_eq!(code, 0, "{said}");
    assert_eq!(said.matches("gate passed").count(), 7, "{said}");
    let of = |made: &Json, name: &str| -> Json {
        let gates = made["gates"].as_array().unwrap();
        gates.iter().find(|g| g["of"] == name || g["gate"] == name).unwrap()["value"].clone()
    };
    assert_eq!((of(&made, "min_rows"), of(&made, "all")), (json!(85.0), json!(0.15)));
    assert!((of(&made, "zh").as_f64().unwrap() - 80.0 / 85.0).abs() < 1e-9, "{}", of(&made, "zh"));
    let before = made.clone();

    // Other limits judge the build that is there, and nothing is built again.
    let shard = scratch.path("out/data/pretrain/part-00000.parquet");
    let written = fs::metadata(&shard).unwrap().modified().unwrap();
    let (code, said, made) = build(
        &scratch,
        "[gates]\nmin_rows = 86\nmin_language = { zh = 0.95 }\nmax_evaluation_hits = 0\nmax_dropped = 0.2\n",
    );
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("holds this very build already"), "{said}");
    let answer = "3 of 4 gates failed: min_rows: 85, at least 86; min_language.zh: 94.118%, at least 95%; \
                max_evaluation_hits: 1, at most 0";
    assert!(said.contains(answer), "{said}");
    assert!(said.contains("gate passed  max_dropped.all: 15%, at most 20%"), "{said}");
    holds("build", &said);
    assert_eq!(fs::metadata(&shard).unwrap().modified().unwrap(), written);
    assert_eq!(made["totals"], before["totals"]);

    // The page shows them before all else.
    scratch.corpus(&["report", "out"]).says(0, &[]);
    let page = fs::read_to_string(scratch.path("out/report.html")).unwrap();
    let data = page.split_once("type=\"application/json\">").unwrap().1.split_once("</script>").unwrap().0;
    assert_eq!(serde_json::from_str::<Json>(data).unwrap()["gates"], made["gates"]);

    // Without gates the build is the same, and says nothing of them.
    let (code, said, made) = build(&scratch, "");
    assert!(code == 0 && !said.contains("  gate "), "{said}");
    assert_eq!(made.get("gates"), None);
}

#[test]
fn a_failed_gate_is_an_error_for_programs() {
    let scratch = rows();
    scratch.write("recipe.toml", format!("{RECIPE}[gates]\nmin_rows = 1000\n"));
    let run = scratch.corpus(&["build", "--recipe", "recipe.toml", "--out", "out", "--format", "json"]);
    assert_eq!(run.code(), 1);
    let printed = run.stdout();
    let (made, error) = printed.trim_end().split_once('\n').unwrap();
    let made = held(made, "build", "build with a failed gate");
    assert_eq!(made["gates"], json!([{"gate": "min_rows", "limit": 1000.0, "value": 85.0, "passed": false}]));
    let error = held(error, "error", "a failed gate");
    assert!(error.to_string().contains("the gate failed: min_rows: 85, at least 1"), "{error}");
}

#[test]
fn a_plan_tells_what_is_expected_of_gates() {
    let scratch = rows();
    scratch.write("recipe.toml", format!("{RECIPE}[gates]\nmin_rows = 86\nmin_chars = 5\nmax_dropped = 0.2\n"));
    let plan = scratch.corpus(&["plan", "--recipe", "recipe.toml", "--out", "out", "--format", "json"]);
    let answer = held(&plan.stdout(), "plan", "plan with gates");
    let gate = |at: usize, key: &str| answer["gates"][at][key].clone();
    assert_eq!((gate(0, "expected"), gate(0, "passes")), (json!(85.0), json!(false)));
    assert_eq!((gate(1, "expected"), gate(1, "passes")), (Json::Null, Json::Null));
    assert_eq!((gate(2, "of"), gate(2, "passes")), (json!("all"), json!(true)));
    let plan = scratch.corpus(&["plan", "--recipe", "recipe.toml", "--out", "out"]).stdout();
    assert!(plan.contains("max_dropped.all") && plan.contains("FAIL"), "{plan}");
}
