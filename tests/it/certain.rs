//! Rows of public layouts that are certain, and rows that look like others: each comes out right, or is told. Nothing here
//! may be read wrong without a word.

use std::fs;
use std::io::Write;

use serde_json::{Value, json};

use super::harness::{Built, Scratch};

const Q: &str = "写一句关于雨的话。";
const A: &str = "雨落在青石板上，像有人轻轻敲门。";
const B: &str = "雨就是水，没什么好写的。";

/// What a build of one file comes to: its exit code, what it says, and the build.
pub fn read(scratch: &Scratch, name: &str, bytes: &[u8], more: &str) -> (i32, String, Option<Built>) {
    for folder in ["in", "out"] {
        let _ = fs::remove_dir_all(scratch.path(folder));
    }
    scratch.write(&format!("in/{name}"), bytes);
    scratch.write("recipe.toml", format!("[[source]]\nname='s'\npath=['in/*']\n{more}"));
    let run = scratch.try_build("out", &[]);
    let built = scratch.path("out/build.json").is_file().then(|| scratch.built("out"));
    if let Some(built) = &built {
        built.check_accounts();
    }
    (run.code(), run.stderr(), built)
}

fn turns(value: &Value) -> Vec<(String, String)> {
    let text = |m: &Value, key: &str| m[key].as_str().unwrap_or_default().to_owned();
    value.as_array().unwrap().iter().map(|m| (text(m, "role"), text(m, "content"))).collect()
}

/// Layouts of sets that are trained on today: question, answer, and what stands beside them.
#[test]
fn dialogues_of_public_sets_are_read_without_a_key() {
    let scratch = Scratch::new();
    let said = [("user".to_owned(), Q.to_owned()), ("assistant".to_owned(), A.to_owned())];
    let user = json!({"role": "user", "content": Q});
    let answer = json!({"role": "assistant", "content": A});
    let turns_of = json!([{"from": "human", "value": Q}, {"from": "gpt", "value": A}]);
    let rows = [
        json!({"uuid": "u", "generator": "R", "category": "chat", "reasoning": "on", "messages": [user, answer]}),
        json!({"model": "m", "conversation": [user, answer], "turn": 1, "language": "Chinese", "toxic": false, "redacted": false}),
        json!({"instruction": Q, "response": A, "conversations": turns_of, "input_quality": "good", "difficulty": "easy"}),
        json!({"instruction": Q, "input": "", "output": A, "answer_from": "human", "human_verified": false}),
        json!({"type": "a", "query": Q, "original_question": "写一句话。", "response": A}),
        json!({"conversations": [Q, A], "source": "s"}),
        json!({"source": "s", "conversation": [{"input": Q, "output": A}]}),
        json!({"input": [user], "output": A, "category": "chat", "reasoning": "off", "generator": "g"}),
        json!({"prompt": [user], "completion": [answer]}),
        json!({"text": format!("### Human: {Q}### Assistant: {A}")}),
        json!({"text": format!("<|im_start|>user\n{Q}<|im_end|>\n<|im_start|>assistant\n{A}<|im_end|>\n")}),
        json!({"problem": Q, "generated_solution": A, "problem_source": "s"}),
    ];
    for row in rows {
        let (code, talk, built) = read(&scratch, "a.jsonl", format!("{row}\n").as_bytes(), "");
        assert_eq!(code, 0, "{row}: {talk}");
        let kept = super::turns::messages(&built.unwrap(), "data/instruct");
        assert_eq!(kept.len(), 1, "{row}");
        assert_eq!(turns(&kept[0]), said, "{row}");
    }
}

/// Alpaca has each row once more in its template, which loses nothing; what says more than the row does is told.
#[test]
fn a_row_in_its_template_beside_itself_is_no_other_answer() {
    let scratch = Scratch::new();
    let rows = |more: &str| -> String {
        let row = |n: usize| {
            let (input, asked) = if n.is_multiple_of(2) { ("", "") } else { ("河水", "\n\n### Input:\n河水") };
            let text =
                format!("Below is an instruction.\n\n### Instruction:\n{Q}{n}{asked}\n\n### Response:\n{more}{A}{n}");
            format!(
                "{}\n",
                json!({"instruction": format!("{Q}{n}"), "input": input, "output": format!("{A}{n}"), "text": text})
            )
        };
        (0..6).map(row).collect()
    };
    let (code, talk, built) = read(&scratch, "a.jsonl", rows("").as_bytes(), "");
    assert_eq!((code, built.map(|built| built.total("kept"))), (0, Some(6)), "{talk}");
    let (code, talk, _) = read(&scratch, "a.jsonl", rows("先想一想：雨从云里来，落到地上。\n").as_bytes(), "");
    assert!(code == 1 && talk.contains("would be lost"), "{talk}");
}

/// A bad answer must not be one to learn because its verdict has another name or other words.
#[test]
fn verdicts_of_any_name_are_told() {
    let scratch = Scratch::new();
    let row = |text: &str, verdict: (&str, Value)| {
        let mut row = json!({"instruction": Q, "output": text});
        row[verdict.0] = verdict.1;
        format!("{row}\n")
    };
    let pairs = [
        ("is_good", json!(true), json!(false)),
        ("thumbs_up", json!(true), json!(false)),
        ("feedback", json!(true), json!(false)),
        ("liked", json!("yes"), json!("no")),
        ("accepted", json!("accepted"), json!("rejected")),
    ];
    for (name, good, bad) in pairs {
        let file = row(A, (name, good)) + &row(B, (name, bad));
        let (code, talk, built) = read(&scratch, "a.jsonl", file.as_bytes(), "");
        assert!(code == 1 && built.is_none(), "{name}: {talk}");
        assert!(talk.contains(&format!("`{name}`")) && talk.contains("label = \""), "{name}: {talk}");
    }
    // What is called a label and judges is one.
    for (good, bad) in [("up", "down"), ("desirable", "undesirable"), ("thumbs_up", "thumbs_down"), ("好", "坏")] {
        let file = row(A, ("label", json!(good))) + &row(B, ("label", json!(bad)));
        let (code, talk, built) = read(&scratch, "a.jsonl", file.as_bytes(), "");
        assert_eq!(
            (code, built.map(|b| b.column("data/rlhf", "label"))),
            (0, Some(vec!["true".into(), "false".into()])),
            "{talk}"
        );
    }
    // What is true or false of the row and not of its answer.
    for name in ["redacted", "human_verified", "in_train"] {
        let file = row(A, (name, json!(true))) + &row("又一句。", (name, json!(false)));
        assert_eq!(read(&scratch, "a.jsonl", file.as_bytes(), "").0, 0, "{name}");
    }
}

/// Answers that lie deeper, or in a second language.
#[test]
fn answers_deep_in_a_row_or_in_two_languages_are_told() {
    let scratch = Scratch::new();
    let rows = [
        json!({"question": Q, "answers": [{"text": A, "pm_score": 5}, {"text": B, "pm_score": 1}]}),
        json!({"question": "哪种会飞？", "mc1_targets": {"choices": ["鸟", "猫"], "labels": [1, 0]}}),
        json!({"instruction": "Say hi.", "input": "", "output": "Hi!", "instruction_zh": "打招呼。", "output_zh": "你好！"}),
    ];
    for row in rows {
        let (code, talk, _) = read(&scratch, "a.jsonl", format!("{row}\n").as_bytes(), "");
        assert!(code == 1 && talk.contains("would be lost"), "{row}: {talk}");
    }
}

#[test]
fn rows_of_pictures_are_set_aside_and_the_others_stay() {
    let scratch = Scratch::new();
    let row = |image: Value| json!({"conversations": [{"from": "human", "value": "<image>\n何物？"}, {"from": "gpt", "value": "船。"}], "image": image});
    let file = format!("{}\n{}\n", row(json!("a/1.jpg")), row(Value::Null));
    let (code, talk, built) = read(&scratch, "a.jsonl", file.as_bytes(), "");
    let built = built.unwrap();
    assert_eq!((code, built.total("kept"), built.total("dropped")), (0, 1, 1), "{talk}");
    assert_eq!(built.column("dropped/instruct", "reason"), ["media"]);
    assert_eq!(built.column("dropped/instruct", "value"), ["image"]);
}

/// A table of one row, of one column, with Excel's first line, with numbers that pandas wrote.
#[test]
fn what_is_called_a_table_is_one() {
    let scratch = Scratch::new();
    for table in [
        "text\n河水慢慢流。\n船靠岸了。\n",
        "sep=;\r\nid;text\r\n1;河水慢慢流。\r\n2;船靠岸了。\r\n",
        ",text\n0,河水慢慢流。\n1,船靠岸了。\n",
        "id|text\n1|河水慢慢流。\n2|船靠岸了。\n",
    ] {
        let (code, talk, built) = read(&scratch, "a.csv", table.as_bytes(), "");
        assert_eq!(code, 0, "{table}: {talk}");
        assert_eq!(built.unwrap().column("data/pretrain", "text"), ["河水慢慢流。", "船靠岸了。"], "{table}");
    }
    let (code, talk, built) = read(&scratch, "a.csv", "instruction,output\n写一句。,\"好,的。\"\n".as_bytes(), "");
    assert_eq!((code, built.unwrap().total("kept")), (0, 1), "{talk}");
    let ragged = "id,text,place\n1,河水慢慢流。,a\n2,船靠岸了。\n3,灯亮了。,c\n";
    let (_, talk, built) = read(&scratch, "a.csv", ragged.as_bytes(), "use='pretrain'\n[input]\nmax_unreadable=1.0\n");
    assert_eq!(built.unwrap().column("unreadable", "reason"), ["columns"], "{talk}");
}

#[test]
fn what_is_called_json_and_markup_are_no_text() {
    let scratch = Scratch::new();
    let files: [(&str, &str, &str); 6] = [
        ("a.jsonl", "\"河水\"\n\"船\"\n", "called JSON"),
        ("a.json", "// 说明\n[\n {\"text\":\"河\"}\n]\n", "called JSON"),
        ("a.xlf", "<?xml version=\"1.0\"?>\n<xliff version=\"1.2\"><file/></xliff>\n", "XLIFF"),
        ("wiki_00", "<doc id=\"1\" url=\"u\" title=\"河\">\n河\n\n河水慢慢流。\n</doc>\n", "WikiExtractor"),
        ("a.srt", "1\n00:00:01,000 --> 00:00:02,000\n你好。\n", "subtitles"),
        ("a.dat", "<doc>\n<url>u</url>\n<content>河水慢慢流。</content>\n</doc>\n", "SGML"),
    ];
    for (name, text, word) in files {
        let (code, talk, _) = read(&scratch, name, text.as_bytes(), "use='pretrain'\n");
        assert!(code == 1 && talk.contains(word), "{name}: {talk}");
        let (code, talk, built) = read(&scratch, name, text.as_bytes(), "use='pretrain'\nformat='text'\nrows='file'\n");
        assert_eq!((code, built.unwrap().total("kept")), (0, 1), "{name}: {talk}");
    }
}

/// A few characters of Chinese that were cut at a size are no other encoding.
#[test]
fn a_short_text_that_was_cut_is_no_mojibake() {
    let scratch = Scratch::new();
    let text = "春天来了，花开了，河水慢慢流。".as_bytes();
    for cut in [4, 5, 10, 16, 19, 20, 22, 40] {
        let (code, talk, built) = read(&scratch, "a.txt", &text[..cut], "use='pretrain'\nrows='file'\n");
        let built = built.unwrap();
        assert_eq!((code, built.total("kept")), (1, 0), "{cut}: {talk}");
        assert_eq!(built.column("unreadable", "reason"), ["truncated"], "{cut}: {talk}");
    }
}

/// What is behind the break of a stream is counted nowhere, so it is said, however few rows cannot be read.
#[test]
fn a_stream_that_breaks_off_is_said_aloud() {
    let scratch = Scratch::new();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(super::harness::json_lines(2_000).as_bytes()).unwrap();
    let bytes = gz.finish().unwrap();
    let (code, talk, built) = read(&scratch, "a.jsonl.gz", &bytes[..bytes.len() - 40], "");
    assert_eq!((code, built.unwrap().total("unreadable")), (0, 1), "{talk}");
    assert!(talk.contains("a file is not whole") && talk.contains("a.jsonl.gz"), "{talk}");
}
