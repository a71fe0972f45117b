use super::*;

fn kind(text: &str) -> (&'static str, Option<String>, Option<TextRows>) {
    let found = of(text.as_bytes(), true);
    (found.container, found.shape, found.rows)
}

#[test]
fn judges_by_content() {
    let fields = Some("fields".to_owned());
    assert_eq!(kind("{\"text\":\"a\"}\n{\"text\":\"b\"}\n"), ("jsonl", fields.clone(), None));
    assert_eq!(kind("[{\"text\":\"a\"},\n{\"text\":\"b\"}]"), ("json", fields.clone(), None));
    assert_eq!(kind("{\n  \"text\": \"a\"\n}\n{\n  \"text\": \"b\"\n}"), ("json", fields.clone(), None));
    assert_eq!(kind("[{\"text\":\"a\"},{\"text\":\"cut of"), ("json", fields.clone(), None));
    let held = "{\"type\":\"text_only\",\"instances\":[{\"text\":\"a\"},{\"text\":\"b\"}]}";
    assert_eq!(kind(held), ("json", fields.clone(), None));
    assert_eq!(of(&held.as_bytes()[..50], false).container, "json");
    let seed = "{\"instruction\":\"i\",\"instances\":[{\"input\":\"\",\"output\":\"o\"}],\"id\":\"1\",\"name\":\"n\",\"is_classification\":false}";
    assert_eq!(kind(seed).0, "jsonl");
    let alpaca = "[{\"instruction\":\"a\",\"input\":\"\",\"output\":\"b\"}]";
    assert_eq!(kind(alpaca).1.as_deref(), Some("alpaca"));
    assert_eq!(kind("<?xml version=\"1.0\"?>\n<mediawiki xmlns=\"x\">").0, "mediawiki");
    assert_eq!(kind("zh\ten\n你好\thello\n再见\tbye\n").0, "tsv");
    assert_eq!(kind("review,label\n\"好，很好\",1\n一般,0\n").0, "csv");
    assert_eq!(kind("一句话，很短。\n又一句话，也很短。\n第三句，完了。\n").0, "text");
    let pairs = of(
        "Hello there, my friend\t你好，我的朋友\t1.2\nGood bye for today\t今天再见了\t1.1\nSee you again\t再会\t1.0\n"
            .as_bytes(),
        true,
    );
    assert_eq!((pairs.container, pairs.shape.as_deref()), ("tsv", Some("pairs")));
    assert_eq!(pairs.columns.unwrap(), ["en", "zh", "3"]);
    let csl = of("to category\t题目一\t工学\nto category\t题目二\t理学\nto category\t题目三\t医学\n".as_bytes(), true);
    assert_eq!((csl.shape.as_deref(), csl.columns.map(|c| c.len())), (Some("fields"), Some(3)));
    let alpaca = of(b"instruction,output\na,b\nc,d\n", true);
    assert_eq!((alpaca.container, alpaca.shape.as_deref(), alpaca.columns), ("csv", Some("alpaca"), None));
    assert_eq!(kind("PAR1....").0, "parquet");
    assert_eq!(of(b"", true).note.as_deref(), Some("the file is empty"));
    assert!(of(&[0, 1, 2, 3, 255, 7, 8, 9], true).note.is_some());
}

#[test]
fn a_dialogue_without_turns_says_nothing_of_the_others() {
    let turns = r#"[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]"#;
    for text in [
        format!("{{\"messages\":[]}}\n{{\"messages\":{turns}}}\n"),
        format!("[{{\"messages\":[ ]}},{{\"messages\":[]}},\n{{\"messages\":{turns}}}]"),
    ] {
        assert_eq!(kind(&text).1.as_deref(), Some("messages"), "{text}");
    }
    // One with an empty list that fits stays what it is.
    let alpaca = "{\"instruction\":\"a\",\"input\":\"\",\"output\":\"b\",\"history\":[]}\n".repeat(2);
    assert_eq!(kind(&alpaca).1.as_deref(), Some("alpaca"));
    assert_eq!(kind("{\"tags\":[],\"text\":\"a\"}\n").1.as_deref(), Some("fields"));
}

#[test]
fn plain_text_says_what_it_chose_and_what_settles_it() {
    let found = of("第一段。\n\n第二段。\n\n第三段。\n".as_bytes(), true);
    assert_eq!((found.rows, found.runner_up.as_deref()), (Some(TextRows::File), Some("rows = \"block\"")));
    assert!(found.note.unwrap().contains("`rows`"));
    assert_eq!(of("诗一\n%\n诗二\n%\n诗三\n%\n".as_bytes(), true).rows, Some(TextRows::Block));
}

/// A file that was cut in front, or begins with a remark, is told row by row and not as a whole.
#[test]
fn json_lines_whose_first_line_is_broken() {
    for first in ["\": \"the end of a row\"}", "# made by hand", "INFO started", ""] {
        let text = format!("{first}\n{{\"text\":\"one\"}}\n{{\"text\":\"two\"}}\n");
        for name in ["a.jsonl", "a.ndjson", "a.json"] {
            let found = of_file(text.as_bytes(), true, name);
            assert_eq!((found.container, found.shape.as_deref()), ("jsonl", Some("fields")), "{first} {name}");
        }
    }
    for text in [
        "just words\nand more\n",
        "[\n  {\"a\": 1},\n  {\"b\": oops},\n  {\"c\": 2},\n",
        "a\nb\nc\n{\"text\":\"one\"}\n",
    ] {
        assert_ne!(of_file(text.as_bytes(), true, "a.jsonl").container, "jsonl", "{text}");
    }
}
