//! `corpus report`: what the page holds of a build, that it is the same for everybody, and what it is never written over.

use std::fs;

use serde_json::{Value as Json, json};

use crate::harness::Scratch;
use crate::schemas::held;

const RECIPE: &str = "name = 'seen'
[[source]]
name = 'pages'
path = ['pages.jsonl']
[[source]]
name = 'talk'
path = ['talk.jsonl']
use = 'instruct'
[[stage]]
run = 'keep'
name = 'length'
chars = { min = 6 }
[[stage]]
run = 'exact_dedup'
";

/// A build with a text that is markup, one with a telephone, copies, and rows under the limit.
fn built() -> Scratch {
    let scratch = Scratch::new();
    let mut pages: Vec<Json> = (0..40)
        .map(|n| json!({"id": format!("p{n}"), "text": "河水流过桥下。".repeat(n % 7 + 1) + &n.to_string()}))
        .collect();
    pages.push(json!({"id": "markup", "text": "</script><script>alert('河')</script>\u{202e}𠀀"}));
    pages.push(json!({"id": "telephone", "text": "请打电话13812345678给我，谢谢。"}));
    pages.push(json!({"id": "copy", "text": "河水流过桥下。0"}));
    pages.extend((0..3).map(|n| json!({"id": format!("short{n}"), "text": "短"})));
    let lines = |rows: &[Json]| rows.iter().map(|row| format!("{row}\n")).collect::<String>();
    scratch.write("pages.jsonl", lines(&pages));
    let turns = json!([{"role": "user", "content": "几点了？"}, {"role": "assistant", "content": "九点整。"}]);
    scratch.write("talk.jsonl", lines(&[json!({"id": "t1", "messages": turns})]));
    scratch.write("recipe.toml", RECIPE);
    scratch.corpus(&["build", "--recipe", "recipe.toml", "--out", "out"]).says(0, &[]);
    scratch
}

fn read(scratch: &Scratch, name: &str) -> String {
    fs::read_to_string(scratch.path(name)).unwrap()
}

/// What a page holds.
fn data(page: &str) -> Json {
    let behind = page.split_once("type=\"application/json\">").unwrap().1;
    serde_json::from_str(behind.split_once("</script>").unwrap().0).unwrap()
}

#[test]
fn the_page_shows_what_became_of_the_rows() {
    let scratch = built();
    held(&scratch.corpus(&["report", "out", "--format", "json"]).stdout(), "report", "report");
    let page = read(&scratch, "out/report.html");
    let seen = data(&page);
    assert_eq!((&seen["totals"]["read"], &seen["totals"]["dropped"]), (&json!(47), &json!(4)), "{}", seen["totals"]);

    // The signal with a limit comes first: what went by it lies below the limit, what stays above.
    let chars = &seen["signals"][0];
    assert_eq!(
        (&chars["name"], &chars["limits"][0]["limit"], &chars["limits"][0]["rows"]),
        (&json!("chars"), &json!(6.0), &json!(3))
    );
    let bars = chars["bars"].as_array().unwrap();
    let sum = |at: usize| bars.iter().map(|b| b[at].as_f64().unwrap()).sum::<f64>();
    assert_eq!((sum(2), sum(3)), (43.0, 3.0));
    assert!(bars.iter().filter(|b| b[0].as_f64() < Some(6.0)).all(|b| b[2] == 0.0), "{bars:?}");

    // A copy stands beside the row that was kept in its place.
    let groups = seen["samples"].as_array().unwrap();
    let copies = groups.iter().find(|g| g["reason"] == "exact_duplicate").unwrap();
    assert_eq!((&copies["rows"][0]["id"], &copies["rows"][0]["kept"]["id"]), (&json!("copy"), &json!("p0")));
    let limits = groups.iter().find(|g| g["kind"] == "limit" && g["reason"] == "chars_min").unwrap();
    assert!(limits["rows"].as_array().unwrap().iter().any(|r| r["side"] == "kept"), "{limits}");
    let talk = groups.iter().find(|g| g["table"] == "data/instruct").unwrap();
    let turn = &talk["rows"][0]["texts"][1];
    assert_eq!((&turn["role"], &turn["pieces"]), (&json!("assistant"), &json!([["九点整。", 0]])));

    // The same page for everybody; all samples where more are asked for, personal data masked unless asked for.
    scratch.corpus(&["report", "out", "--out", "again.html"]).says(0, &[]);
    assert_eq!(read(&scratch, "again.html"), page);
    scratch.corpus(&["report", "out", "--samples", "100", "--lang", "zh"]).says(0, &[]);
    let whole = read(&scratch, "out/report.html");
    assert!(whole.contains("[MOBILE]") && !whole.contains("13812345678") && whole.contains("<html lang=\"zh-Hans\">"));
    assert!(!whole.contains("<script>alert"), "no text of a row is markup");
    scratch.corpus(&["report", "out", "--samples", "100", "--show-personal-data"]).says(0, &[]);
    assert!(read(&scratch, "out/report.html").contains("13812345678"));
}

#[test]
fn what_is_no_page_of_ours_stays() {
    let scratch = built();
    scratch.write("out/report.html", "mine");
    scratch.corpus(&["report", "out"]).says(1, &["report.html is in the way"]);
    assert_eq!(read(&scratch, "out/report.html"), "mine");
    scratch.corpus(&["report", "nowhere"]).says(1, &["no build.json"]);
    // The next build leaves the page where it is, and a page of an earlier build is written over.
    scratch.corpus(&["report", "out", "--out", "out/page.html"]).says(0, &[]);
    scratch.corpus(&["build", "--recipe", "recipe.toml", "--out", "out"]).says(0, &[]);
    assert_eq!(read(&scratch, "out/report.html"), "mine");
    scratch.corpus(&["report", "out", "--out", "out/page.html"]).says(0, &[]);
}
