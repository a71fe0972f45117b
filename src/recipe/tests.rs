use std::path::Path;

use serde_json::json;

use super::read::check;
use super::*;

/// A sound recipe of one source, to put stages behind.
const SOURCE: &str = "name = \"r\"\n[[source]]\nname = \"d\"\npath = \"d.jsonl\"\n";

fn problems_of(text: &str, sets: &[&str]) -> Problems {
    let sets: Vec<String> = sets.iter().map(|s| (*s).to_owned()).collect();
    check(text, Path::new("r.toml"), Path::new("."), &sets).expect_err("the recipe has problems")
}

/// `line:column message | hint` of each problem.
fn problems(text: &str, sets: &[&str]) -> Vec<String> {
    let tell = |p: problem::Place| {
        let hint = p.hint.map(|h| format!(" | {h}")).unwrap_or_default();
        format!("{}:{} {}{hint}", p.line, p.column, p.message)
    };
    problems_of(text, sets).places().into_iter().map(tell).collect()
}

/// The same for stages behind a sound source; lines count from the first stage.
fn problems_of_stages(stages: &str) -> Vec<String> {
    let above = SOURCE.lines().count();
    let shift = |problems: String| {
        let (line, rest) = problems.split_once(':').unwrap();
        format!("{}:{rest}", line.parse::<usize>().unwrap() - above)
    };
    problems(&format!("{SOURCE}{stages}"), &[]).into_iter().map(shift).collect()
}

#[test]
fn a_sound_recipe_is_read_whole() {
    let text = r#"
        name  = "zh"
        about = "中文"
        [[source]]
        name     = "novels"
        path     = ["a/*.txt", "b.txt"]
        split    = ["train", "test"]
        config   = "zh"
        format   = "text"
        rows     = "block"
        use      = "preference"
        language = "zh"
        license  = "CC0-1.0"
        encoding = "gb2312"
        variant  = "zh-Hant-TW"
        fields   = { text = "body.content", id = "uid" }
        limit    = 10_000
        priority = -2
        weight   = 2.5
        repeat   = 3
        seed     = 9
        [[source]]
        name = "rest"
        path = "c.jsonl"
        weight = 1
        [mix]
        by    = "chars"
        total = 1_000_000
        [input]
        max_unreadable = 0
        max_row        = "1.5MiB"
        [[stage]]
        run = "language"
        [[stage]]
        run      = "keep"
        only     = { use = "pretrain", source = ["rest"], language = ["zh"] }
        chars    = { min = 50 }
        language = { in = ["zh"] }
        [[stage]]
        run = "exact_dedup"
        [[stage]]
        run = "exact_dedup"
        by  = "url"
        [output]
        shard        = 1048576
        signals      = ["chars", "language"]
        dropped_text = 0.25
        compression  = "zstd:9"
    "#;
    let rest = Source {
        name: "rest".into(),
        label: "rest".into(),
        card: None,
        path: vec!["c.jsonl".into()],
        split: Vec::new(),
        config: Vec::new(),
        format: None,
        rows: None,
        usage: None,
        language: None,
        license: None,
        encoding: None,
        variant: None,
        fields: BTreeMap::new(),
        options: BTreeMap::new(),
        limit: None,
        priority: 0,
        share: Share { weight: Some(1.0), ..Share::default() },
        members: Vec::new(),
        stored: Vec::new(),
        line: 22,
    };
    let novels = Source {
        name: "novels".into(),
        label: "novels".into(),
        card: None,
        path: vec!["a/*.txt".into(), "b.txt".into()],
        split: vec!["train".into(), "test".into()],
        config: vec!["zh".into()],
        format: Some("text".into()),
        rows: Some(TextRows::Block),
        usage: Some(Use::Rlhf),
        language: Some("zh".into()),
        license: Some("CC0-1.0".into()),
        encoding: Some("GBK".into()),
        variant: Some("zh-tw".into()),
        fields: [("text".into(), "body.content".into()), ("id".into(), "uid".into())].into(),
        options: BTreeMap::new(),
        limit: Some(10_000),
        priority: -2,
        share: Share { weight: Some(2.5), repeat: Some(3.0), seed: Some(9) },
        members: Vec::new(),
        stored: Vec::new(),
        line: 4,
    };
    let step = |run: &str, name: &str, only: Only, options: Json| Step {
        run: run.into(),
        name: name.into(),
        only,
        options,
        stored: BTreeMap::new(),
        revisions: BTreeMap::new(),
    };
    let only = Only { usage: vec![Use::Pretrain], source: vec!["rest".into()], language: vec!["zh".into()] };
    let rules = json!({"chars": {"min": 50.0}, "language": {"in": ["zh"]}});
    let expected = Recipe {
        name: "zh".into(),
        about: "中文".into(),
        path: "recipes/zh.toml".into(),
        base: "recipes".into(),
        sources: vec![novels, rest],
        mix: Some(Mix { by: By::Chars, total: Some(1e6) }),
        input: Input { max_unreadable: 0.0, max_row: 3 << 19 },
        stages: vec![
            step("language", "language", Only::default(), json!({})),
            step("keep", "keep", only, rules),
            step("exact_dedup", "exact_dedup", Only::default(), json!({"by": "content", "keep": "first", "most": 1})),
            step("exact_dedup", "exact_dedup_2", Only::default(), json!({"by": "url", "keep": "first", "most": 1})),
        ],
        output: Output {
            shard: 1 << 20,
            signals: Some(vec!["chars".into(), "language".into()]),
            dropped_text: 0.25,
            compression: Codec::Zstd(9),
        },
        exports: Vec::new(),
        gates: None,
    };
    assert_eq!(read(text, "recipes/zh.toml".as_ref(), "recipes".as_ref(), &[]).unwrap(), expected);
}

#[test]
fn many_mistakes_are_told_at_once() {
    let text = r#"name = "r"
abuot = "x"
[[source]]
name = "d"
path = "d.jsonl"
formt = "text"
use = "pretrian"
weight = -2
[input]
max_row = "64 mega"
[[stage]]
run = "normalise"
[[stage]]
run = "words"
column = "yes"
[[stage]]
run = "keep"
chras = { min = 1 }
script = { in = ["Hans"] }
[output]
dropped_text = 2
compression = "zstd:30"
"#;
    assert_eq!(
        problems(text, &[]),
        [
            "2:1 a recipe has no key `abuot` | did you mean `about`?",
            "6:1 a source has no key `formt` | did you mean `format`?",
            "7:7 `pretrian` is no `use` | did you mean `pretrain`?",
            "8:10 `weight` should be over 0 | to leave a source out, delete it",
            "10:11 `max_row` should be a size | write a number with KiB, MiB or GiB: \"64MiB\"",
            "12:7 no stage is called `normalise` | did you mean `normalize`?",
            "15:10 option `column` of `words`: wrong type: string \"yes\", expected true or false | Whether the words are \
             written as the column `words`.",
            "18:1 no signal is called `chras` | did you mean `chars`?",
            "19:1 no stage before this one measures `script` | add [[stage]] run = \"language\" above",
            "21:16 `dropped_text` is a share between 0 and 1",
            "22:15 `zstd:30` is no compression of the output | write \"zstd:3\" (levels 1 to 22), \"lz4\", \"snappy\" or \
             \"none\"",
        ]
    );
    let rendered = problems_of(text, &[]).render(false);
    assert!(rendered.ends_with("\n\n11 problems in r.toml"), "{rendered}");
    assert!(problems_of(text, &[]).render(true).contains("\u{1b}["));
}

#[test]
fn a_problem_is_underlined() {
    let rendered = problems_of(&format!("{SOURCE}[[stage]]\nrun = \"exact-dedup\" # 去重\n"), &[]).render(false);
    let expected = r#"error[R031]: no stage is called `exact-dedup`
 --> r.toml:6:7
  |
6 | run = "exact-dedup" # 去重
  |       ^^^^^^^^^^^^^ unknown stage
  |
  = help: did you mean `exact_dedup`?

1 problem in r.toml"#;
    assert_eq!(rendered, expected);
}

/// The examples of every kind of problem: wrong in that way alone, and right.
#[test]
fn the_examples_of_every_kind_are_wrong_and_right() {
    let source = "\n[[source]]\nname = \"d\"\npath = \"d.jsonl\"\n";
    let whole = |part: &str| if part.contains("source]") { part.to_owned() } else { format!("{part}{source}") };
    let read = |part: &str| check(&whole(part), Path::new("r.toml"), Path::new("."), &[]);
    let mut shown = 0;
    for row in kinds::ALL.iter().filter(|row| !row.wrong.is_empty()) {
        let ids: Vec<&str> = read(row.wrong).err().iter().flat_map(Problems::places).map(|p| p.id).collect();
        assert_eq!(ids, [row.id], "the wrong example of {}", row.id);
        if let Err(problems) = read(row.right) {
            panic!("the right example of {}:\n{}", row.id, problems.render(false));
        }
        shown += 1;
    }
    assert!(shown > 35, "{shown} examples");
}

#[test]
fn every_wrong_option_of_a_stage_is_told() {
    let problems = problems_of_stages("[[stage]]\nrun='sample'\nseed=-1\nshare='x'\nshar=1\n[[stage]]\nrun='sample'\n");
    assert_eq!(
        problems,
        [
            "3:6 option `seed` of `sample`: invalid value: integer `-1`, expected a whole number from 0 | Another seed \
             chooses other rows.",
            "4:7 option `share` of `sample`: wrong type: string \"x\", expected a number | The share of rows that stays, \
             0 to 1.",
            "5:1 `sample` has no option `shar` | did you mean `share`?",
            "7:5 stage `sample_2`: it lacks the option `share`",
        ]
    );
}

#[test]
fn rules_that_decide_nothing_are_problems() {
    let rules =
        "chars={min=nan}\nbytes={min=3,max=2}\nhan_ratio={}\nlanguage={in=[]}\nscript={in='Hans'}\nwords={min=1}\n";
    let problems = problems_of_stages(&format!("[[stage]]\nrun='language'\n[[stage]]\nrun='keep'\n{rules}"));
    assert_eq!(
        problems,
        [
            "5:12 `min` is no finite number",
            "6:18 `min` is greater than `max`: nothing would stay",
            "7:11 the rule on `han_ratio` has no limits | for example { min = 50 }",
            "8:14 `in` lists no word: nothing would stay",
            "9:12 `in` should be a list of texts, but is text",
            "10:1 `words` is a list: no rule can look at it | there is `word_count`",
        ]
    );
}

#[test]
fn rules_of_rules_are_checked_where_they_stand() {
    let rules = "any=[{chars={min=1}},{chras={min=1}},{}]\nall=[]\nwhen={script='Hans'}\nnot=[{chars={max=1}}]\n";
    let in_keep = problems_of_stages(&format!("[[stage]]\nrun='keep'\n{rules}"));
    assert_eq!(
        in_keep,
        [
            "3:23 no signal is called `chras` | did you mean `chars`?",
            "3:38 the rule says nothing | for example { chars = { min = 50 } }",
            "4:5 `all` lists no rule | for example [{ chars = { min = 50 } }]",
            "5:7 no stage before this one measures `script` | add [[stage]] run = \"language\" above",
            "6:5 a rule is a table, not a list | for example { chars = { min = 50 } }",
        ]
    );
    let rules = "rules=[{words={min=1}},{not={when={chars={min=1}},bytes={min='x'}}},{language=['zh',3]}]\n";
    let in_profile = problems_of_stages(&format!("[[stage]]\nrun='language'\n[[stage]]\nrun='profile'\n{rules}"));
    assert_eq!(
        in_profile,
        [
            "5:9 `words` is a list: no rule can look at it | there is `word_count`",
            "5:30 `when` stands in a `not` | put it beside: { when = …, not = … }",
            "5:62 `min` should be a number, but is text",
            "5:85 `language` lists texts, not a whole number",
        ]
    );
    let good = "[[stage]]\nrun='language'\n[[stage]]\nrun='keep'\nlanguage='zh'\nall=[{when={language=['zh']},chars={min=9}}]\n";
    check(&format!("{SOURCE}{good}"), Path::new("r.toml"), Path::new("."), &[]).unwrap();
}

#[test]
fn one_mistake_is_one_problem() {
    for (stages, count) in [
        ("[[stage]]\nrun='langauge'\n[[stage]]\nrun='keep'\nlanguage={in=['zh']}\n", 1),
        ("[[stage]]\nrun='words'\ncolum=true\n[[stage]]\nrun='keep'\nword_count={min=2}\n", 1),
        ("[[stage]]\nrun='keep'\nlanguage={in=['zh']}\n[[stage]]\nrun='language'\n", 1),
        ("[output]\nsignals=['word_count', 'language', 'chars']\n", 1),
    ] {
        let problems = problems_of_stages(stages);
        assert_eq!(problems.len(), count, "{problems:?}");
    }
    assert_eq!(problems("[[source]]\n[[source]]\n", &[]).len(), 4);
    assert_eq!(
        problems("source = []", &[]),
        ["1:1 the recipe names no source | add [[source]] with a `card`, or with a `name` and a `path`"]
    );
    assert_eq!(problems("[source]\nname='x'\n", &[]).len(), 1);
    assert_eq!(problems("", &[]).len(), 1);
    assert_eq!(problems("a = \n", &[]).len(), 1);
}

#[test]
fn a_set_is_checked_like_the_recipe() {
    let text =
        format!("{SOURCE}[[stage]]\nrun='keep'\nname='basics'\nchars={{min=1}}\n[[stage]]\nrun='sample'\nshare=1\n");
    let sets = |sets: &[&str]| sets.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
    let good = sets(&["basics.chars.min=80", "basics.han_ratio={min=0.5}", "sample.seed=7"]);
    let recipe = read(&text, "r.toml".as_ref(), ".".as_ref(), &good).unwrap();
    assert_eq!(recipe.stages[0].options, json!({"chars": {"min": 80.0}, "han_ratio": {"min": 0.5}}));
    assert_eq!(recipe.stages[1].options, json!({"share": 1.0, "seed": 7}));
    for (set, column, message, hint) in [
        ("basics.chras.min=3", 8, "no signal is called `chras`", "did you mean `chars`?"),
        ("basics.script.in=['Hans']", 8, "no stage before this one measures `script`", "run = \"language\" above"),
        ("basics.chars.min=x", 18, "`min` should be a number", ""),
        ("basics.chars.max=0", 18, "`min` is greater than `max`", ""),
        ("basic.chars.min=3", 1, "no stage `basic`", "did you mean `basics`?"),
        ("sample.shar=1", 8, "no option `shar`", "did you mean `share`?"),
        ("sample.share=3", 14, "a share lies between 0 and 1", ""),
        ("nonsense", 1, "not STAGE.KEY=VALUE", "--set keep.chars.min=80"),
    ] {
        // A sound one before it: places are of the right `--set`.
        let problems = problems_of(&text, &["sample.seed=1", set]);
        let [place] = problems.places().try_into().unwrap();
        assert_eq!((place.path.as_str(), place.line, place.column), ("--set", 1, column), "{set}");
        assert!(place.message.contains(message), "{set}: {}", place.message);
        assert!(place.hint.unwrap_or_default().contains(hint), "{set}");
        let error = problems.into_error(false);
        assert!(error.exit_code() == 2 && error.to_string().starts_with(&format!("--set {set}: ")), "{error}");
        assert!(error.to_string().ends_with(&format!(" [{}]", place.id)), "{error}");
    }
    let both = problems_of(&format!("{text}abuot=1\n"), &["basic.chars.min=3"]).into_error(false);
    assert!(both.exit_code() == 1 && both.to_string().contains("--set:1:1"), "{both}");
}

#[test]
fn sizes() {
    let known = [("4096", 4096), ("64MiB", 64 << 20), ("1.5 GB", 1_500_000_000), ("2 KiB", 2048), (" 1TiB ", 1 << 40)];
    known.iter().for_each(|(text, size)| assert_eq!(bytes(text), Some(*size), "{text}"));
    ["", "MiB", "1.2.3", "-1", "64 mega", "1e3", "NaN"].iter().for_each(|text| assert_eq!(bytes(text), None, "{text}"));
}

fn messages(text: &str) -> Vec<String> {
    let problems = check(text, Path::new("r.toml"), Path::new("."), &[]).unwrap_err();
    problems.all.into_iter().map(|p| format!("{} | {}", p.message, p.help.unwrap_or_default())).collect()
}

#[test]
fn a_card_gives_a_source_for_each_part() {
    let text = r#"
        [[source]]
        card  = "nlp_chinese_corpus"
        parts = ["wiki2019zh", "translation2019zh"]
        priority = 3
    "#;
    let recipe = read(text, Path::new("r.toml"), Path::new("."), &[]).unwrap();
    let [wiki, translation] = &recipe.sources[..] else { panic!("{:?}", recipe.sources) };
    assert_eq!((wiki.name.as_str(), wiki.label.as_str()), ("nlp_chinese_corpus/wiki2019zh", "nlp_chinese_corpus"));
    assert_eq!((wiki.usage, translation.usage), (Some(Use::Pretrain), Some(Use::Task)));
    assert_eq!((wiki.language.as_deref(), wiki.priority, translation.priority), (Some("zh"), 3, 3));
    let card = FromCard { card: "nlp_chinese_corpus".into(), part: Some("wiki2019zh".into()), revision: None };
    assert_eq!(wiki.card, Some(card));
    assert_eq!(wiki.license.as_deref(), Some("CC-BY-SA-3.0"));
}

#[test]
fn cards_that_cannot_be_are_told_why() {
    let text = r#"
        [policy]
        licenses = "open"
        [[source]]
        card = "alpaca"
        [[source]]
        card = "alpacca"
        [[source]]
        card  = "nlp_chinese_corpus"
        parts = ["wiki2019"]
        [[source]]
        card = "alpaca"
        path = "x"
        [[source]]
        name  = "own"
        path  = "x"
        parts = ["a"]
    "#;
    let found = messages(text).join("\n");
    for words in [
        "the licence of `alpaca` (all) is noncommercial: CC-BY-NC-4.0",
        "no card `alpacca` | did you mean `alpaca`?",
        "has no part `wiki2019` | did you mean `wiki2019zh`?",
        "a card knows its files",
        "two sources are called `alpaca`",
        "`parts` is of a `card`",
    ] {
        assert!(found.contains(words), "{words}\n{found}");
    }
}

#[test]
fn the_schema_offers_the_options_that_check_accepts() {
    use crate::formats::{choices::offered, containers, shapes};
    let schema = schema::recipe();
    let source = &schema["properties"]["source"]["items"];
    let formats = containers::ALL.iter().map(|c| c.name()).chain(shapes::ALL.iter().map(|s| s.name()));
    for format in formats.map(Some).chain([None]) {
        let here = |condition: &&serde_json::Value| {
            let named = condition["if"]["properties"]["format"]["enum"].as_array().unwrap();
            format.is_some_and(|format| named.contains(&json!(format)))
        };
        let narrowed: Vec<_> = source["allOf"].as_array().unwrap().iter().filter(here).collect();
        for choice in offered(None) {
            let any = source["properties"]["options"]["properties"][choice.name]["enum"].as_array().unwrap();
            assert_eq!(any, json!(choice.words).as_array().unwrap());
            for word in choice.words {
                let is_offered = narrowed.iter().map(|n| &n["then"]["properties"]["options"]).all(|own| {
                    let names = own["propertyNames"]["enum"].as_array().unwrap();
                    let words = own["properties"].get(choice.name).map(|own| own["enum"].as_array().unwrap());
                    names.contains(&json!(choice.name)) && words.is_none_or(|words| words.contains(&json!(word)))
                });
                let line = format.map_or(String::new(), |format| format!("format = \"{format}\"\n"));
                let text = format!("{SOURCE}{line}options = {{ {} = \"{word}\" }}\n", choice.name);
                let read = check(&text, Path::new("r.toml"), Path::new("."), &[]);
                assert_eq!(read.is_ok(), is_offered, "{format:?}: {} = {word}", choice.name);
            }
        }
    }
    // What one shape knows is no word of another.
    let refused = problems(&format!("{SOURCE}format = \"webtext\"\noptions = {{ pairs = \"best\" }}\n"), &[]);
    assert!(refused.len() == 1 && refused[0].contains("best_worst"), "{refused:?}");
    let none = problems(&format!("{SOURCE}format = \"text\"\noptions = {{ pairs = \"best\" }}\n"), &[]);
    assert!(none.len() == 1 && none[0].contains("text has no key `pairs`"), "{none:?}");
}

#[test]
fn exports_are_read_and_their_mistakes_told() {
    let source = "[[source]]\nname = 'd'\npath = 'd.jsonl'\n";
    let of = |exports: &str| read(&format!("{source}{exports}"), "r.toml".as_ref(), ".".as_ref(), &[]);
    let problems = |exports: &str| of(exports).unwrap_err().to_string();
    let text = "[[export]]\nto = 'trl'\n[[export]]\nto = 'openai'\nuse = 'instruct'\nout = 'chat'\nstrict = true\n";
    let made = of(text).unwrap().exports;
    let plain = Export {
        to: "trl".into(),
        usage: Vec::new(),
        split: None,
        out: "exports/trl".into(),
        strict: false,
        ids: None,
    };
    let full = Export {
        to: "openai".into(),
        usage: vec![Use::Instruct],
        split: None,
        out: "chat".into(),
        strict: true,
        ids: None,
    };
    assert_eq!(made, [plain, full]);
    for (text, says) in [
        ("[export]\nto = 'trl'\n", "write [[export]], with two brackets"),
        ("[[export]]\nout = 'a'\n", "the export has no `to`"),
        ("[[export]]\nto = 'tlr'\n", "did you mean `trl`?"),
        ("[[export]]\nto = 'openai'\nuse = 'pretrain'\n", "`openai` has no place for pretrain rows"),
        ("[[export]]\nto = 'trl'\nout = '../trl'\n", "is no folder within the build's"),
        ("[[export]]\nto = 'trl'\n[[export]]\nto = 'trl'\n", "go to the same folder, `exports/trl`"),
        ("[[export]]\nto = 'trl'\nstrict = 'yes'\n", "`strict` should be true or false, but is text"),
        ("[[export]]\nto = 'trl'\nform = 'x'\n", "an export has no key `form`"),
    ] {
        assert!(problems(text).contains(says), "{text}: {}", problems(text));
    }
}
