//! Preference pairs of answers that lie anywhere in the files of a source.

use std::collections::BTreeMap;

use crate::harness::{Built, Scratch, same_files, same_output};

const RECIPE: &str =
    "name='p'\nabout='x'\n[[source]]\nname='zh'\npath=['in']\nuse='rlhf'\nOPTIONS\n[input]\nmax_unreadable=0.5\n";

/// Answers to 300 questions, some with one, some whose stars are equal, in no order.
fn answers() -> Vec<String> {
    let mut lines = Vec::new();
    for round in 0..5 {
        for question in 0..300u64 {
            if round > question % 5 {
                continue;
            }
            let star = if question % 3 == 0 { 4 } else { (question * 7 + round * 5) % 11 };
            let answer = serde_json::json!({"qid": question, "title": format!("问题{question}"), "desc": "", "topic": "数学",
                "star": star, "content": format!("回答{round}<br>"), "answer_id": question * 10 + round,
                "answerer_tags": "x"});
            lines.push(answer.to_string());
        }
    }
    lines
}

/// What has to come out, worked out the plain way.
fn expected(lines: &[String]) -> (Vec<String>, usize, usize) {
    let mut questions: BTreeMap<u64, Vec<(i64, u64)>> = BTreeMap::new();
    for line in lines {
        let answer: serde_json::Value = serde_json::from_str(line).unwrap();
        let number = |key: &str| answer[key].as_u64().unwrap();
        questions.entry(number("qid")).or_default().push((number("star") as i64, number("answer_id")));
    }
    let (mut pairs, mut alone, mut same) = (Vec::new(), 0, 0);
    for (question, answers) in questions {
        let (best, worst) = (answers.iter().map(|a| a.0).max().unwrap(), answers.iter().map(|a| a.0).min().unwrap());
        let first = |star: i64| answers.iter().find(|a| a.0 == star).unwrap().1;
        match (answers.len(), best == worst) {
            (1, _) => alone += 1,
            (_, true) => same += 1,
            _ => pairs.push(format!("{question}/{}/{}", first(best), first(worst))),
        }
    }
    pairs.sort();
    (pairs, alone, same)
}

fn check(built: &Built, lines: &[String], unreadable: u64) {
    built.check_accounts();
    let (pairs, alone, same) = expected(lines);
    let mut ids = built.column("data/rlhf", "id");
    ids.sort();
    assert_eq!(ids, pairs);
    let reasons = built.reasons();
    assert_eq!((reasons["one_answer"], reasons["same_score"]), (alone as u64, same as u64));
    assert_eq!(built.total("unreadable"), unreadable);
    assert_eq!(built.total("read"), (pairs.len() + alone + same) as u64 + unreadable);
}

#[test]
fn answers_to_one_question_become_pairs() {
    let scratch = Scratch::new();
    let lines = answers();
    scratch.write("in/a.json", lines.join("\n"));
    scratch.write("recipe.toml", RECIPE.replace("OPTIONS", ""));
    let one = scratch.build("one", &["--threads", "1", "--unit", "64MiB"]);
    check(&one, &lines, 0);
    let margins = one.column("data/rlhf", "margin");
    let scores = one.column("data/rlhf", "chosen_score").into_iter().zip(one.column("data/rlhf", "rejected_score"));
    for ((chosen, rejected), margin) in scores.zip(&margins) {
        let number = |text: &str| text.parse::<f64>().unwrap();
        assert_eq!(number(&chosen) - number(&rejected), number(margin));
        assert!(number(margin) > 0.0);
    }
    assert!(!scratch.path("one/.work/unpacked").exists(), "the copy goes when its units are there");
    for (out, more) in [
        ("two", ["--threads", "2", "--unit", "4KiB"]),
        ("four", ["--threads", "4", "--unit", "16KiB"]),
        ("small", ["--memory", "64MiB", "--unit", "8KiB"]),
    ] {
        same_output(&one, &scratch.build(out, &more), &format!("{more:?} changed the bytes"));
    }
    // The same answers in two files, one of them compressed, and as an array.
    std::fs::remove_file(scratch.path("in/a.json")).unwrap();
    scratch.write("in/a.json", format!("[{}]", lines[..400].join(",\n  ")));
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gz, lines[400..].join("\n").as_bytes()).unwrap();
    scratch.write("in/b.json.gz", gz.finish().unwrap());
    let split = scratch.build("split", &[]);
    check(&split, &lines, 0);
    let data = |built: &Built| {
        let mut bytes = built.bytes();
        bytes.retain(|name, _| name.starts_with("data"));
        bytes
    };
    same_files(&data(&one), &data(&split), "another split of the files changed the bytes");
    // Another choice of pairs, and a later stage: the copy is made again where it is read again.
    scratch.write("recipe.toml", RECIPE.replace("OPTIONS", "options={pairs='adjacent'}"));
    let adjacent = scratch.build("split", &[]);
    adjacent.check_accounts();
    assert!(adjacent.total("kept") > one.total("kept"));
    // The same answers for another use are rows by themselves.
    scratch.write("recipe.toml", RECIPE.replace("OPTIONS", "").replace("rlhf", "instruct"));
    assert_eq!(scratch.build("instruct", &[]).total("kept"), lines.len() as u64);
}

#[test]
fn what_is_no_answer_keeps_its_place() {
    let scratch = Scratch::new();
    let lines = answers();
    let mut first: Vec<String> = lines[..100].to_vec();
    first.insert(50, "{\"qid\": 1, \"title\": ".into());
    first.insert(60, lines[0].replace("\"qid\":0,", ""));
    first.insert(70, lines[0].replace("\"star\":4", "\"star\":\"many\""));
    scratch.write("in/a.json", first.join("\n"));
    scratch.write("in/b.json", format!("{}\n[1]\n{}", lines[100], lines[101..].join("\n")));
    scratch.write("recipe.toml", RECIPE.replace("OPTIONS", ""));
    let built = scratch.build("out", &["--unit", "4KiB", "--threads", "3"]);
    check(&built, &lines, 4);
    let places: Vec<(String, String, String)> = (built.column("unreadable", "path").into_iter())
        .zip(built.column("unreadable", "line"))
        .zip(built.column("unreadable", "reason"))
        .map(|((path, line), reason)| (path, line, reason))
        .collect();
    let place = |path: &str, line: &str, reason: &str| (path.to_owned(), line.to_owned(), reason.to_owned());
    assert_eq!(
        places,
        [
            place("in/a.json", "51", "json"),
            place("in/a.json", "61", "field_missing"),
            place("in/a.json", "71", "field_type"),
            place("in/b.json", "2", "not_object"),
        ]
    );
}
