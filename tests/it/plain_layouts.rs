//! Plain and popular layouts are read without a key, or refused with a cure that is right when it is followed.

use serde_json::{Value, json};

use super::certain::read;
use super::harness::{Built, Scratch, files_under};

/// Makes the row of a number.
type Make = fn(usize) -> Value;

const ASKED: &str = "河水涨到哪里了？";

fn said(n: usize) -> String {
    format!("第{n}天，河水涨到了桥下的第{}级石阶，船都系在柳树上。", n + 3)
}

fn lines(row: impl Fn(usize) -> Value) -> String {
    (0..8).map(|n| format!("{}\n", row(n))).collect()
}

/// All rows of a build, as JSON.
fn rows(built: &Built) -> Vec<Value> {
    let mut out = Vec::new();
    for path in files_under(&built.folder.join("data")) {
        let file = std::fs::File::open(path).unwrap();
        let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        let mut writer = arrow::json::LineDelimitedWriter::new(Vec::new());
        reader.build().unwrap().for_each(|batch| writer.write(&batch.unwrap()).unwrap());
        writer.finish().unwrap();
        let text = String::from_utf8(writer.into_inner()).unwrap();
        out.extend(text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()));
    }
    out
}

/// The rows of a file that is read as it stands.
fn plain(row: impl Fn(usize) -> Value, more: &str) -> Vec<Value> {
    let scratch = Scratch::new();
    let (code, talk, built) = read(&scratch, "a.jsonl", lines(row).as_bytes(), more);
    assert_eq!(code, 0, "{talk}");
    let rows = rows(&built.unwrap());
    assert_eq!(rows.len(), 8, "{talk}");
    rows
}

/// The rows of a file that is refused, once what the refusal says is done, word for word.
fn cured(row: impl Fn(usize) -> Value) -> Vec<Value> {
    let scratch = Scratch::new();
    let (code, talk, built) = read(&scratch, "a.jsonl", lines(&row).as_bytes(), "");
    assert!(code == 1 && built.is_none(), "{talk}");
    let (_, cure) = talk.split_once("hint: say what ").unwrap();
    let (_, cure) = cure.split_once(": ").unwrap();
    let (keys, _) = cure.split_once("; or").unwrap();
    plain(row, &(keys.replace(", fields", "\nfields") + "\n"))
}

fn turns(value: &Value) -> Vec<(&str, &str)> {
    value.as_array().unwrap().iter().map(|m| (m["role"].as_str().unwrap(), m["content"].as_str().unwrap())).collect()
}

#[test]
fn questions_and_answers_in_other_letters_and_in_chinese() {
    let rows: [Make; 6] = [
        |n| json!({"Question": ASKED, "Answer": said(n)}),
        |n| json!({"QUESTION": ASKED, "ANSWER": said(n)}),
        |n| json!({"问题": ASKED, "答案": said(n)}),
        |n| json!({"问题": ASKED, "回答": said(n), "来源": "河边"}),
        |n| json!({"question": format!("问：{ASKED}"), "answer": format!("答：{}", said(n))}),
        |n| json!({"Instruction": ASKED, "Input": "nan", "Output": said(n)}),
    ];
    for row in rows {
        let read = plain(row, "");
        assert_eq!(turns(&read[1]["messages"]), [("user", ASKED), ("assistant", said(1).as_str())], "{}", row(1));
    }
}

#[test]
fn what_stands_beside_an_answered_row_does_not_refuse_it() {
    let limo = plain(|n| json!({"question": ASKED, "solution": said(n), "answer": "石阶"}), "");
    assert_eq!((turns(&limo[0]["messages"])[1].1, limo[0]["answer"].as_str()), (said(0).as_str(), Some("石阶")));
    let scored =
        plain(|n| json!({"instruction": ASKED, "input": "", "output": said(n), "score": n + 3}), "format='alpaca'\n");
    assert!(scored[0]["meta"].as_str().unwrap().contains("\"score\":3"));
    plain(
        |n| json!({"conversations": [{"from": "human", "value": ASKED}, {"from": "gpt", "value": said(n)}], "reward": 2.5}),
        "format='sharegpt'\n",
    );
    plain(|n| json!({"translation": {"en": format!("Day {n}."), "zh": said(n)}, "score": 0.5}), "format='pairs'\n");
    plain(|n| json!({"prompt": ASKED, "response": said(n), "target_audience": "渔夫"}), "");
    let filled = |n| json!({"instruction": ASKED, "input": "", "output": said(n), "prompt": format!("Below is an instruction.\n\n### Instruction:\n{ASKED}\n\n### Output:\n{}", said(n))});
    plain(filled, "");
    let story = |n| json!({"prompt": "写一段河水的故事", "text": said(n).repeat(4), "audience": "general"});
    let told = plain(story, "use='pretrain'\n");
    assert_eq!(told[2]["text"].as_str(), Some(said(2).repeat(4).as_str()));
    let thought = json!([{"role": "user", "content": ASKED}]);
    let dolphin = plain(|n| json!({"messages": thought, "reasoning": "看看石阶。", "answer": said(n)}), "");
    let last = &dolphin[0]["messages"][1];
    assert_eq!((last["content"].as_str(), last["reasoning"].as_str()), (Some(said(0).as_str()), Some("看看石阶。")));
}

#[test]
fn questions_stand_below_what_they_are_about() {
    let above = |key: &str| plain(|n| json!({key: said(n), "question": ASKED, "answer": "石阶"}), "");
    for key in ["context", "passage"] {
        assert_eq!(turns(&above(key)[1]["messages"])[0].1, format!("{}\n\n{ASKED}", said(1)));
    }
    let summary = plain(|n| json!({"summary": "涨水", "text": said(n)}), "");
    assert_eq!((summary[0]["input"].as_str(), summary[0]["output"].as_str()), (Some(said(0).as_str()), Some("涨水")));
    let picked =
        plain(|n| json!({"context": said(n), "query": ASKED, "options": ["石阶", "屋顶"], "correct_option": 1}), "");
    assert_eq!(picked[0]["output"].as_str(), Some("屋顶"));
}

#[test]
fn pairs_of_answers_in_more_layouts() {
    let user = json!({"role": "user", "content": ASKED});
    let good = |n| json!({"role": "assistant", "content": said(n)});
    let bad = json!({"role": "assistant", "content": "不知道。"});
    let rows: [Box<dyn Fn(usize) -> Value>; 4] = [
        Box::new(
            |n| json!({"input": {"messages": [user]}, "preferred_output": [good(n)], "non_preferred_output": [bad]}),
        ),
        Box::new(|n| json!({"messages": [user, good(n)], "rejected_response": "不知道。"})),
        Box::new(|n| json!({"messages": [user, good(n)], "rejected_messages": [user, bad]})),
        Box::new(|n| {
            json!({"model_a": "x", "prompt": format!("[\"{ASKED}\"]"), "response_a": "[\"不知道。\"]",
            "response_b": format!("[\"{}\"]", said(n)), "winner_model_a": 0, "winner_model_b": 1, "winner_tie": 0})
        }),
    ];
    for row in rows {
        let read = plain(&row, "");
        let of = |key: &str| turns(&read[1][key]).iter().map(|t| t.1.to_owned()).collect::<Vec<_>>();
        assert_eq!(
            (of("prompt"), of("chosen"), of("rejected")),
            (vec![ASKED.to_owned()], vec![said(1)], vec!["不知道。".to_owned()]),
            "{}",
            row(1)
        );
    }
}

#[test]
fn a_cure_is_right_when_it_is_followed() {
    let program = |n: usize| format!("def level(day):\n    return day + {n}\n");
    let read =
        cured(|n| json!({"task_id": n, "text": "写一个函数。", "code": program(n), "test_list": ["assert level(1)"]}));
    assert_eq!(turns(&read[1]["messages"]), [("user", "写一个函数。"), ("assistant", program(1).as_str())]);
    let read = cured(|n| json!({"instruction": "翻译", "input": "河水", "output": "River", "std_answer": said(n)}));
    assert_eq!(turns(&read[1]["messages"]), [("user", "翻译\n河水"), ("assistant", said(1).as_str())]);
    // What is bad must not be learned as good, whatever its verdict is called.
    let verdicts: [(&str, Make); 5] = [
        ("feedback", |n| json!(["thumbs_up", "thumbs_down"][n % 2])),
        ("response_harm_label", |n| json!(["unharmful", "harmful"][n % 2])),
        ("harmful", |n| json!(n % 2 == 1)),
        ("is_toxic_label", |n| json!(n % 2 == 0)),
        ("is_good", |n| json!(n % 2 == 0)),
    ];
    for (name, verdict) in verdicts {
        let row = |n| json!({"prompt": ASKED, "response": said(n), "prompt_harm_label": "harmful", name: verdict(n)});
        let read = cured(row);
        assert_eq!((read[0]["label"].as_bool(), read[1]["label"].as_bool()), (Some(true), Some(false)), "{name}");
        let alpaca = |n| json!({"instruction": "翻译", "input": "河水", "output": said(n), name: verdict(n)});
        let read = cured(alpaca);
        assert_eq!(turns(&read[1]["prompt"]), [("user", "翻译\n河水")]);
        assert_eq!((read[0]["label"].as_bool(), read[1]["label"].as_bool()), (Some(true), Some(false)), "{name}");
    }
    let thinks = |n| json!({"question": ASKED, "solution": said(n), "thinking_trajectories": ["看看石阶。"]});
    assert_eq!(cured(thinks)[0]["messages"][1]["reasoning"].as_str(), Some("看看石阶。"));
}

/// What no key reads is not offered one.
#[test]
fn what_no_key_reads_is_told_so() {
    let scratch = Scratch::new();
    let rows: [(Make, &str); 4] = [
        (|n| json!({"text": said(n), "label": {"place": {"桥": [[0, 1]]}}}), "as the text that is to be learned"),
        (|n| json!({"query": ASKED, "pos": [said(n)], "neg": ["一句。", "两句。"]}), "make a row of each"),
        (|n| json!({"question": ASKED, "solutions": format!("[\"{}\", \"b\"]", said(n))}), "make a row of each"),
        (
            |n| json!({"question": ASKED, "answerA": "石阶", "answerB": "屋顶", "label": (n % 2 + 1).to_string()}),
            "format = \"choices\"",
        ),
    ];
    for (row, told) in rows {
        let (code, talk, built) = read(&scratch, "a.jsonl", lines(row).as_bytes(), "");
        assert!(code == 1 && built.is_none() && talk.contains(told), "{talk}");
    }
}

/// A container says how bytes fall into rows, and nothing of what is in them.
#[test]
fn a_container_alone_fixes_the_container() {
    let scratch = Scratch::new();
    let asked = |n| json!({"instruction": ASKED, "output": said(n)});
    for format in ["json", "jsonl"] {
        let read = plain(asked, &format!("format='{format}'\n"));
        assert_eq!(turns(&read[0]["messages"]), [("user", ASKED), ("assistant", said(0).as_str())]);
        let lost = lines(|n| json!({"prompt": ASKED, "std_answer": said(n)}));
        let (code, talk, _) = read_as(&scratch, "a.jsonl", &lost, format);
        assert!(code == 1 && talk.contains("would be lost"), "{talk}");
    }
    let table = format!("prompt,std_answer\n{}", (0..8).map(|n| format!("{ASKED},{}\n", said(n))).collect::<String>());
    let (code, talk, _) = read_as(&scratch, "a.txt", &table, "csv");
    assert!(code == 1 && talk.contains("would be lost"), "{talk}");
    let table = table.replace("std_answer", "response");
    let (code, talk, built) = read_as(&scratch, "a.txt", &table, "csv");
    assert_eq!(code, 0, "{talk}");
    assert_eq!(turns(&rows(&built.unwrap())[0]["messages"]).len(), 2);
}

fn read_as(scratch: &Scratch, name: &str, text: &str, format: &str) -> (i32, String, Option<Built>) {
    read(scratch, name, text.as_bytes(), &format!("format='{format}'\n"))
}

#[test]
fn a_table_by_columns_is_one_under_its_own_names_too() {
    let scratch = Scratch::new();
    let table = json!({"text": ["河水涨了。", "船靠岸了。"], "id": ["1", "2"]}).to_string();
    let (code, talk, _) = read(&scratch, "a.json", table.as_bytes(), "fields={text='text'}\n");
    assert!(code != 0 && talk.contains("by_columns"), "{talk}");
}

#[test]
fn each_side_of_aligned_files_has_its_own_encoding() {
    let english: String = (0..40).map(|n| format!("The café by the river closed on day {n}.\n")).collect();
    let chinese: String = (0..40).map(|n| format!("{}\n", said(n))).collect();
    let encoded = |text: &str, encoding: &'static encoding_rs::Encoding| encoding.encode(text).0.into_owned();
    let wide =
        |text: &str| [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let sides = [
        (encoded(&english, encoding_rs::WINDOWS_1252), chinese.clone().into_bytes()),
        (english.clone().into_bytes(), encoded(&chinese, encoding_rs::GB18030)),
        (english.clone().into_bytes(), wide(&chinese)),
        (wide(&english), encoded(&chinese, encoding_rs::GB18030)),
    ];
    for (en, zh) in sides {
        let scratch = Scratch::new();
        scratch.write("in/a.en", &en);
        scratch.write("in/a.zh", &zh);
        scratch.write("recipe.toml", "[[source]]\nname='s'\npath=['in/*']\n");
        let read = rows(&scratch.build("out", &[]));
        assert_eq!(read.len(), 40);
        assert_eq!(read[3]["input"].as_str(), Some("The café by the river closed on day 3."));
        assert_eq!(read[3]["output"].as_str(), Some(said(3).as_str()));
    }
}

#[test]
fn the_language_of_a_source_is_its_code() {
    for word in ["Chinese", "zho_Hans", "ZH", "中文", "zh"] {
        let read = plain(|n| json!({"text": said(n)}), &format!("language='{word}'\n"));
        assert_eq!(read[0]["language"].as_str(), Some("zh"), "{word}");
    }
}

#[test]
fn columns_by_number_make_a_table_of_what_is_called_one() {
    let scratch = Scratch::new();
    let table = "河水涨了，船系在柳树上。,1\n\"渔夫，都在等, 天黑。\",2\n第三天水退了。,3\n";
    let (code, talk, built) = read(&scratch, "a.csv", table.as_bytes(), "use='pretrain'\nfields={text='1', id='2'}\n");
    assert_eq!(code, 0, "{talk}");
    assert_eq!(built.unwrap().column("data/pretrain", "text")[1], "渔夫，都在等, 天黑。");
}

#[test]
fn lines_that_end_in_two_returns_have_none() {
    let scratch = Scratch::new();
    let (code, talk, built) = read(&scratch, "a.txt", "河水涨了。\r\r\n船靠岸了。\r\r\n".as_bytes(), "rows='line'\n");
    assert_eq!(code, 0, "{talk}");
    assert_eq!(built.unwrap().column("data/pretrain", "text"), ["河水涨了。", "船靠岸了。"]);
}

#[test]
fn headers_of_pages_in_small_letters() {
    let scratch = Scratch::new();
    let record = "WARC/1.0\r\nwarc-type: conversion\r\nwarc-target-uri: https://example.org/\r\ncontent-length: 16\r\n\r\n河水涨了。\n\r\n\r\n";
    let (code, talk, built) = read(&scratch, "a.wet", record.as_bytes(), "");
    assert_eq!(code, 0, "{talk}");
    assert_eq!(rows(&built.unwrap())[0]["url"].as_str(), Some("https://example.org/"));
}

/// The members of a tar before its break are read, and what is behind is told; those of joined ones are read all.
#[test]
fn members_before_a_break_and_behind_a_join() {
    let scratch = Scratch::new();
    let one = |name: &'static str, n: usize| {
        super::archives::tar(&[(name, lines(|i| json!({"text": said(n + i)})).into_bytes())])
    };
    let joined = [one("a.jsonl", 0), one("b.jsonl", 20)].concat();
    let (code, talk, built) = read(&scratch, "a.tar", &joined, "");
    assert_eq!((code, built.map(|b| b.total("kept"))), (0, Some(16)), "{talk}");
    let broken = [&joined[..2048], &[b'x'; 2048]].concat();
    for (name, bytes) in [("a.tar", broken.clone()), ("a.tar.gz", super::archives::gzip(&broken))] {
        let (_, talk, built) = read(&scratch, name, &bytes, "[input]\nmax_unreadable=1.0\n");
        let built = built.unwrap_or_else(|| panic!("{name}: {talk}"));
        assert_eq!((built.total("kept"), built.total("unreadable")), (8, 1), "{name}: {talk}");
        assert!(!talk.contains("is empty"), "{talk}");
    }
}
