//! `nlp_chinese_corpus`, the set that everyone starts with, by both its ways, and a build from the store.

use super::Client;
use crate::servers::Content;
use crate::servers::archive::zip_of;
use crate::servers::hub::{Access, Hub};
use crate::servers::plain::{Drive, GoogleDrive};

const ROWS: u64 = 12;

/// Running Chinese text of some length, another for each number.
fn text(number: u64) -> String {
    const PARTS: [&str; 12] = [
        "今年春天来得比往年早一些",
        "河岸上的柳树已经抽出新芽",
        "老人坐在石凳上慢慢地下棋",
        "孩子们追着风筝跑过了广场",
        "城里的图书馆重新开放之后",
        "每天都有许多学生排队等候",
        "科学家解释了潮汐形成的原因",
        "他们在山谷里建起一座水坝",
        "这本书讲述了一位工匠的故事",
        "火车穿过隧道驶向南方小镇",
        "市场上的蔬菜价格有所回落",
        "夜里的雨把街道洗得很干净",
    ];
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut out = String::new();
    for _ in 0..8 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out.push_str(PARTS[(state % 12) as usize]);
        out.push_str(if state.is_multiple_of(5) { "。" } else { "，" });
    }
    format!("{out}这是第{number}篇。")
}

fn lines(from: u64, row: impl Fn(u64, String) -> serde_json::Value) -> String {
    (from..from + ROWS).map(|n| row(n, text(n)).to_string() + "\n").collect()
}

/// A member of an archive, and the rows in it.
type Member = (&'static str, String);

/// The five archives as their authors made them, by the id on Google Drive.
fn archives() -> Vec<(&'static str, &'static str, Vec<Member>)> {
    use serde_json::json;
    let wiki = |n: u64, text: String| json!({"id": n.to_string(), "url": "", "title": format!("题{n}"), "text": format!("题{n}\n\n{text}")});
    let news = |n: u64, text: String| json!({"news_id": n.to_string(), "keywords": "春天，河岸", "title": format!("题{n}"), "desc": "", "source": "日报", "time": "03-22 12:00", "content": text});
    let baike = |n: u64, text: String| json!({"qid": format!("qid_{n}"), "category": "教育", "title": format!("问{n}？"), "desc": "", "answer": text});
    let web = |n: u64, text: String| json!({"qid": n, "title": format!("问{n}？"), "desc": "", "topic": "书", "star": 3 + n % 5, "content": text, "answer_id": n, "answerer_tags": ""});
    let pair = |n: u64, text: String| json!({"english": format!("This is sentence number {n}."), "chinese": text});
    vec![
        (
            "1EdHUZIDpgcBoSqbjlfNKJ3b1t0XIUjbt",
            "wiki_zh_2019.zip",
            vec![("wiki_zh/AA/wiki_00", lines(0, wiki)), ("wiki_zh/AM/wiki_99", lines(100, wiki))],
        ),
        (
            "1TMKu1FpTr6kcjWXWlQHX7YJsMfhhcVKp",
            "new2016zh.zip",
            vec![
                ("new2016zh/news2016zh_train.json", lines(200, news)),
                ("new2016zh/news2016zh_valid.json", lines(300, news)),
            ],
        ),
        (
            "1_vgGQZpfSxN_Ng9iTAvE7hM3Z7NVwXP2",
            "baike2018qa.zip",
            vec![
                ("baike_qa2019/baike_qa_train.json", lines(400, baike)),
                ("baike_qa2019/baike_qa_valid.json", lines(500, baike)),
            ],
        ),
        (
            "1u2yW_XohbYL2YAK6Bzc5XrngHstQTf0v",
            "webtext2019zh.zip",
            vec![
                ("webtext2019zh/web_text_zh_train.json", lines(600, web)),
                ("webtext2019zh/web_text_zh_valid.json", lines(700, web)),
                ("webtext2019zh/web_text_zh_testa.json", lines(800, web)),
            ],
        ),
        (
            "1EX8eE5YWBxCaohBO8Fh4e2j3b9C2bTVQ",
            "translation2019zh.zip",
            vec![
                ("translation2019zh_train.json", lines(900, pair)),
                ("translation2019zh_valid.json", lines(1000, pair)),
            ],
        ),
    ]
}

fn zipped(members: &[Member]) -> Content {
    let members: Vec<(&str, &[u8])> = members.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    zip_of(&members)
}

const SET: [&str; 3] = ["nlp_chinese_corpus", "--accept-license", "nlp_chinese_corpus"];

/// Builds the shipped recipe from the store alone: all rows of the four parts of running text, with where they are from.
fn builds(client: &Client, parts: u64) {
    let got = client.run(&["build", "--recipe", "zh-pretrain", "--out", "out", "--offline", "--quiet"]);
    got.done();
    let built = client.scratch.built("out");
    assert_eq!(built.total("read"), parts * ROWS);
    assert!(built.total("kept") > parts * ROWS / 2, "{}", built.manifest["reasons"]);
    built.check_accounts();
    let stored = client.stored();
    for source in built.manifest["sources"].as_array().unwrap() {
        assert_eq!(source["card"], "nlp_chinese_corpus", "{source}");
        for file in source["files"].as_array().unwrap() {
            assert!(file["license"].as_str().is_some_and(|l| !l.is_empty()), "{file}");
            let sha256 = file["sha256"].as_str().unwrap();
            assert!(
                stored.values().any(|s| s.sha256 == sha256) || file["path"].as_str().unwrap().contains(".zip"),
                "{file}"
            );
        }
    }
}

#[test]
fn from_google_drive_then_a_build() {
    let drive = GoogleDrive::start();
    for (id, name, members) in archives() {
        drive.put(id, name, zipped(&members), Drive::Warns);
    }
    let client = Client::new().with("CORPUS_MIRRORS", drive.mirrors());
    client.fetch(&[&SET[..], &["--way", "drive:"]].concat()).done();
    for (_, name, members) in archives() {
        client.has(name, &zipped(&members));
    }
    builds(&client, 9);
}

#[test]
fn from_local_archives_then_a_build() {
    let client = Client::new();
    for (_, name, members) in archives() {
        client.scratch.write(&format!("downloads/{name}"), zipped(&members).to_vec());
    }
    client.fetch(&[&SET[..], &["--from", "downloads"]].concat()).done();
    builds(&client, 9);
}

/// The hub's mirrors have lost fields: what they lost is told, and so is which uses remain.
#[test]
fn from_mirrors_on_the_hub_then_a_build() {
    let hub = Hub::start();
    let texts = |from: u64| Content::new(lines(from, |_, text| serde_json::json!({"text": text})));
    hub.commit(
        "YeungNLP/firefly-pretrain-dataset",
        Access::Open,
        &[
            ("README.md", Content::from("# cards\n"), false),
            ("wiki_zh.jsonl", texts(0), true),
            ("news2016zh_corpus.jsonl", texts(200), true),
            ("webText2019zh.jsonl", texts(600), true),
            ("translation2019zh.jsonl", texts(900), true),
            ("jinyong.jsonl", texts(2000), true),
        ],
    );
    let baike = archives().remove(2).2.remove(0).1;
    hub.commit(
        "ZhouLV/Chinese-Train-Datasets",
        Access::Open,
        &[("baike2018qa/baike_qa_train.json", Content::new(baike), true), ("other/x.json", Content::from("{}"), false)],
    );
    let client = Client::new().with("HF_ENDPOINT", hub.url());
    let parts = ["--part", "wiki2019zh", "--part", "news2016zh", "--part", "webtext2019zh"];
    let got = client.fetch(&[&SET[..], &parts, &["--way", "hf:YeungNLP"]].concat());
    got.done();
    assert!(got.stderr.contains("star") && got.stderr.contains("pretrain"), "{}", got.stderr);
    client.fetch(&[&SET[..], &["--part", "baike2018qa", "--way", "hf:ZhouLV"]].concat()).done();
    client.has("wiki_zh.jsonl", &texts(0));
    client.has_not("jinyong.jsonl");
    client.has_not("x.json");
    assert_eq!(client.stored().len(), 4);
    builds(&client, 4);
}
