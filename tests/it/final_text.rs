//! What a column says of a text is measured on the text that comes out, whatever changed it and whenever it was measured.

use std::collections::{BTreeMap, BTreeSet};

use corpus::stages;
use serde_json::json;

use crate::harness::{Built, Scratch, document};

/// A line that every page has.
const FOOT: &str = "Please subscribe to our weekly newsletter and read more 123 stories";
/// A stretch that stands in the middle of lines.
const QUOTE: &str = "the committee shall publish its findings within ninety days of the final hearing of all parties.";
/// What an evaluation set asks.
const ITEM: &str = "How many barrels of oil did the merchant from Genoa sell to his eleven neighbours that winter?";

/// Stages that change text, with what makes each change some of [`pages`].
const CHANGES: [(&str, &str); 10] = [
    ("normalize", ""),
    ("boilerplate", ""),
    ("convert_script", "to='zh-hans'"),
    ("decontaminate", "against=['eval.jsonl']\naction='cut'"),
    ("layout", ""),
    ("line_dedup", ""),
    ("mojibake", ""),
    ("personal_data", ""),
    ("residue", ""),
    ("substring_dedup", "min_chars=60"),
];

/// Pages of which every stage changes some: wide letters, traditional characters, a question, a line and a stretch that
/// repeat; of some nothing Chinese is left.
fn pages() -> String {
    let page = |i: u64| {
        let own = document(i);
        match i % 5 {
            0 => format!("{own}\nＷｉｄｅ　１２３４５６ letters。\n{FOOT}"),
            1 => format!("第{i}頁：這個問題與語言學習無關，請檢查電腦。\n{own}\n{FOOT}"),
            2 => format!("{own}\n{ITEM} Nobody knows {i}.\n{FOOT}"),
            3 => format!("{own}\nOn page {i} it says: {QUOTE} And so on.\n{FOOT}"),
            _ => format!("{own}\n{FOOT}\n{QUOTE}"),
        }
    };
    (0..60).map(|i| format!("{}\n", json!({"id": format!("p{i}"), "text": page(i)}))).collect()
}

/// Every stage that measures, in a recipe's words, and the columns that they fill.
fn measures() -> (String, BTreeSet<String>) {
    let (mut all, mut columns) = (String::new(), BTreeSet::new());
    // What needs a model is measured in `model_stages`.
    let alone = |e: &&&stages::Entry| (e.schema)().to_value()["required"].as_array().is_none_or(Vec::is_empty);
    for entry in stages::ALL.iter().filter(|e| e.kind == "measure").filter(alone) {
        let without_model = |option: &str| !option.starts_with("model");
        let here = entry.signals.iter().filter(|s| s.option.is_none_or(without_model));
        columns.extend(here.clone().map(|s| s.name.to_owned()));
        let options: BTreeSet<&str> = here.filter_map(|s| s.option).collect();
        all += &format!("[[stage]]\nrun='{}'\n", entry.name);
        options.iter().for_each(|option| all += &format!("{option}\n"));
    }
    // A row of running text has no margin.
    columns.remove("margin");
    (all, columns)
}

fn recipe(path: &str, stages: &str, columns: &BTreeSet<String>) -> String {
    // These two are columns of every row.
    let signals: Vec<&String> =
        columns.iter().filter(|c| *c != "language" && *c != "script" && *c != "words").collect();
    format!(
        "name='f'\n[[source]]\nname='s'\npath=['{path}']\nuse='pretrain'\n{stages}\n[output]\nsignals={signals:?}\n"
    )
}

/// Text and columns of the rows kept, by id.
fn rows(built: &Built, columns: &BTreeSet<String>) -> BTreeMap<String, Vec<String>> {
    let mut rows: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let ids = built.column("data/pretrain", "id");
    for column in std::iter::once("text").chain(columns.iter().map(String::as_str)) {
        for (id, value) in ids.iter().zip(built.column("data/pretrain", column)) {
            rows.entry(id.clone()).or_default().push(value);
        }
    }
    rows
}

/// The same texts, measured with nothing behind.
fn measured(scratch: &Scratch, texts: &BTreeMap<String, Vec<String>>) -> BTreeMap<String, Vec<String>> {
    let (measures, columns) = measures();
    let line = |(id, row): (&String, &Vec<String>)| format!("{}\n", json!({"id": id, "text": row[0]}));
    scratch.write("again.jsonl", texts.iter().map(line).collect::<String>());
    scratch.write("recipe.toml", recipe("again.jsonl", &measures, &columns));
    rows(&scratch.build("again", &[]), &columns)
}

/// The pages, one in five with lines behind that the stages for residue of all kinds change.
fn marked() -> String {
    const MARKS: &str =
        "展开全文\n中 文 字 体 的 设 计\n他说：&quot;ä¸\u{AD}æ–‡&quot;，写信到li.ming@example.org。\n尾行到此结束。";
    let line = |(at, line): (usize, &str)| {
        if at % 5 != 0 {
            return format!("{line}\n");
        }
        let mut page: serde_json::Value = serde_json::from_str(line).unwrap();
        page["text"] = json!(format!("{}\n{MARKS}", page["text"].as_str().unwrap()));
        format!("{page}\n")
    };
    pages().lines().enumerate().map(line).collect()
}

fn scratch() -> Scratch {
    let scratch = Scratch::new();
    scratch.write("pages.jsonl", pages());
    scratch.write("eval.jsonl", format!("{}\n", json!({"question": ITEM})));
    scratch
}

#[test]
fn every_stage_that_changes_text_is_tried() {
    let tried: BTreeSet<&str> = CHANGES.iter().map(|c| c.0).collect();
    for entry in stages::ALL {
        let cuts = serde_json::to_string(&(entry.schema)()).unwrap().contains("\"cut\"");
        assert_eq!(entry.kind == "clean" || cuts, tried.contains(entry.name), "{}", entry.name);
    }
}

#[test]
fn every_column_is_of_the_text_that_comes_out() {
    let scratch = scratch();
    scratch.write("pages.jsonl", marked());
    let (measures, columns) = measures();
    assert!(columns.len() >= 11, "{columns:?}");
    scratch.write("recipe.toml", recipe("pages.jsonl", &measures, &columns));
    let before = rows(&scratch.build("before", &[]), &columns);
    let mut told_apart = BTreeSet::new();
    for (run, options) in CHANGES {
        let stages = format!("{measures}[[stage]]\nrun='{run}'\n{options}\n");
        scratch.write("recipe.toml", recipe("pages.jsonl", &stages, &columns));
        let built = scratch.build(run, &[]);
        built.check_accounts();
        let after = rows(&built, &columns);
        assert!(after.iter().any(|(id, row)| row[0] != before[id][0]), "{run} changes nothing");
        let expected = measured(&scratch, &after);
        for (id, row) in &after {
            for (at, column) in columns.iter().enumerate().map(|(at, c)| (at + 1, c)) {
                assert_eq!(row[at], expected[id][at], "{column} after {run}, of {id}: {}", row[0]);
                if row[at] != before[id][at] {
                    told_apart.insert(column.clone());
                }
            }
        }
    }
    // Each column was caught at least once with a text of which the earlier value is wrong; of a stage with many signals
    // (of advertisements, rhymes, code …) those that these pages have something of.
    let many = stages::ALL.iter().filter(|entry| entry.signals.len() > 20);
    let rare: BTreeSet<String> = many.flat_map(|entry| entry.signals).map(|s| s.name.to_owned()).collect();
    let missed: Vec<&String> = columns.iter().filter(|c| !told_apart.contains(*c) && !rare.contains(*c)).collect();
    assert!(missed.is_empty(), "never wrong before: {missed:?}");
    let seen = rare.intersection(&told_apart).count();
    assert!(seen >= 20, "of {} rare columns {seen} were told apart", rare.len());
}

#[test]
fn judgements_see_the_text_as_it_stands_and_each_part_its_own_measure() {
    let scratch = scratch();
    scratch.write("more/pages.jsonl", pages());
    let other = "[[source]]\nname='o'\npath=['more/*.jsonl']\nuse='pretrain'\n";
    let stages = "[[stage]]\nrun='language'\n[[stage]]\nrun='words'\ncolumn=true\nonly={source=['s']}\n\
        [[stage]]\nrun='words'\nonly={source=['o'],language=['zh']}\n\
        [[stage]]\nrun='keep'\nname='first'\nword_count={min=3}\nearly=true\n\
        [[stage]]\nrun='line_dedup'\nonly={source=['s']}\n\
        [[stage]]\nrun='keep'\nname='second'\nword_count={min=30}\n[[stage]]\nrun='convert_script'\nto='zh-hans'\n";
    let head = "name='f'\n[[source]]\nname='s'\npath=['pages.jsonl']\nuse='pretrain'\n";
    scratch.write("recipe.toml", format!("{head}{other}{stages}"));
    let built = scratch.build("out", &[]);
    built.check_accounts();
    let column = |name| built.column("data/pretrain", name);
    let texts: BTreeMap<String, Vec<String>> =
        column("id").into_iter().zip(column("text")).map(|(id, text)| (id, vec![text])).collect();
    let expected = measured(&scratch, &texts);
    let (_, columns) = measures();
    let at = |name: &str| columns.iter().position(|c| c == name).unwrap() + 1;
    let (counts, words, sources) = (column("word_count"), column("words"), column("source"));
    let (languages, scripts) = (column("language"), column("script"));
    assert!(sources.iter().zip(&languages).any(|(s, l)| s == "o" && l != "zh"), "{languages:?}");
    assert_eq!(sources.iter().collect::<BTreeSet<_>>().len(), 2);
    for (row, (id, source)) in column("id").iter().zip(&sources).enumerate() {
        let counted = source == "s" || languages[row] == "zh";
        assert_eq!(counts[row], if counted { expected[id][at("word_count")].as_str() } else { "" }, "{id}");
        let list = if source == "s" { expected[id][at("words")].as_str() } else { "" };
        assert_eq!(words[row], list, "{id}");
        assert_eq!(scripts[row], expected[id][at("script")], "{id}");
    }
    // The second judgement counts the words that the cut has left.
    let dropped = |name| built.column("dropped/pretrain", name);
    let by_second = dropped("stage").iter().filter(|s| *s == "second").count();
    assert!(by_second > 0, "{:?}", built.reasons());
    assert!(dropped("language").iter().all(|l| !l.is_empty()), "rows that go say their language");
    let funnel: Vec<&str> =
        built.manifest["stages"].as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap()).collect();
    assert_eq!(funnel, ["read", "language", "words", "words_2", "first", "line_dedup", "second", "convert_script"]);
}
