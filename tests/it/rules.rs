//! Rules on signals: put together, for some rows only, and the same in `keep` and in `profile`.

use serde_json::{Value as Json, json};

use crate::harness::{Scratch, contains, same_output};

/// Rows of two languages: long and short ones, some full of digits.
fn scratch() -> Scratch {
    let scratch = Scratch::new();
    let text = |i: u64| match i % 6 {
        0 => format!("第{i}天，老周照旧起得很早。{}", "他披上旧棉袄，推开门，看见院子里落了一层薄薄的霜。".repeat(3)),
        1 => format!("第{i}号短文，只有这一句话而已。"),
        2 => {
            format!("The {i}th page tells of a mill by the river, of its wheel, and of the old miller who lived there.")
        }
        3 => format!("A short line, number {i}, and nothing else."),
        4 => format!("序号{i}：{}", "一二三四五六七八九十".repeat(3) + &"1234567890".repeat(8)),
        _ => format!("Figures of {i}: {}", "10 20 30 40 50 ".repeat(8)),
    };
    let line = |i| format!("{}\n", json!({"id": format!("r{i}"), "text": text(i)}));
    scratch.write("rows.jsonl", (0..240).map(line).collect::<String>());
    scratch
}

fn recipe(stages: &str) -> String {
    format!(
        "name='r'\n[[source]]\nname='rows'\npath=['rows.jsonl']\nuse='pretrain'\n[[stage]]\nrun='language'\n{stages}\
         [output]\nsignals=['chars','digit_ratio']\n"
    )
}

const RULES: &str = "any = [{ chars = { min = 60 } }, { language = 'en' }]\n\
    not = { digit_ratio = { min = 0.6 } }\n\
    all = [{ when = { language = 'en' }, chars = { min = 50 } }, { language = ['zh', 'en'] }]\n";

#[test]
fn rules_are_put_together() {
    let scratch = scratch();
    scratch.write("recipe.toml", recipe(&format!("[[stage]]\nrun='keep'\n{RULES}")));
    let built = scratch.build("out", &[]);
    built.check_accounts();
    let reasons = built.reasons();
    // Short rows of Chinese fail the first alternative, short rows of English the rule that is for them alone.
    assert_eq!(reasons.get("chars_min"), Some(&80), "{reasons:?}");
    assert_eq!(reasons.get("digit_ratio_max"), Some(&40), "{reasons:?}");
    // Figures are of no language.
    assert_eq!((reasons.get("language_in"), built.total("kept")), (Some(&40), 80), "{reasons:?}");
    assert_eq!(built.manifest["stages"][2]["clauses"].as_array().unwrap().len(), 1);

    // A row's life has the rule, what the row has, and whether it keeps to it.
    let life = |id: &str| -> Json {
        let answer = scratch.corpus(&["why", "out", id, "--format", "json"]);
        serde_json::from_str(&answer.stdout()).unwrap()
    };
    let short = life("r3");
    assert_eq!((&short["dropped"]["reason"], &short["dropped"]["limit"]), (&json!("chars_min"), &json!("50")));
    let clause = &short["stages"][2]["clauses"][0];
    assert_eq!((&clause["holds"], &clause["values"]["language"]), (&json!(false), &json!("en")));
    assert_eq!(life("r2")["stages"][2]["clauses"][0]["holds"], json!(true));
    let answer = scratch.corpus(&["why", "out", "r4"]).stdout();
    contains(&answer, &["DROPPED: digit_ratio_max", "not (digit_ratio", "does not hold"], &[]);

    // The same rules in a profile, and in an early keep, decide the same.
    scratch.write("recipe.toml", recipe(&format!("[[stage]]\nrun='keep'\nearly=true\n{RULES}")));
    let early = scratch.build("early", &[]);
    assert_eq!(early.reasons(), reasons);
    let listed = RULES.lines().map(|rule| format!("{{ {rule} }}")).collect::<Vec<_>>();
    let order = [2, 0, 1].map(|at: usize| listed[at].clone()).join(", ");
    scratch.write("recipe.toml", recipe(&format!("[[stage]]\nrun='profile'\nname='keep'\nrules=[{order}]\n")));
    let profile = scratch.build("profile", &[]);
    for column in ["id", "reason", "value", "limit"] {
        assert_eq!(profile.column("dropped/pretrain", column), built.column("dropped/pretrain", column));
    }
}

/// The share that goes is exact, whatever the threads, the memory and the files; equal values stay together.
#[test]
fn percentiles_are_of_the_rows_that_reach_the_stage() {
    let scratch = Scratch::new();
    let text = |i: u64| format!("第{i}号：{}", "好".repeat((i * 37 % 400) as usize + 1));
    let line = |i| format!("{}\n", json!({"id": format!("r{i}"), "text": text(i)}));
    let (all, half) = ((0..1_000).map(line).collect::<String>(), 500);
    scratch.write("a/rows.jsonl", &all);
    scratch.write("b/1.jsonl", (0..half).map(line).collect::<String>());
    scratch.write("b/2.jsonl", (half..1_000).map(line).collect::<String>());
    let recipe = |path: &str, rule: &str| {
        format!(
            "name='p'\n[[source]]\nname='rows'\npath=['{path}']\nuse='pretrain'\n[[stage]]\nrun='keep'\nname='first'\n\
             chars={{min=50}}\n[[stage]]\nrun='keep'\nname='keep'\nchars={rule}\n[output]\nsignals=['chars']\n"
        )
    };
    scratch.write("recipe.toml", recipe("a/*.jsonl", "{max_percentile=90, min_percentile=10}"));
    let built = scratch.build("out", &["--threads", "2"]);
    built.check_accounts();
    let line = &built.manifest["stages"][2];
    let (reach, stay) = (line["rows_in"].as_u64().unwrap(), line["rows_out"].as_u64().unwrap());
    let reasons = built.reasons();
    assert!(reach > 850 && reasons["chars_max"] <= reach / 10, "{reasons:?}");
    // Each length stands twice or thrice: no fewer go than a tenth without those that are equal to the limit.
    assert!(reasons["chars_max"] + 3 > reach / 10 && stay + 2 * (reach / 10) >= reach, "{reasons:?} of {reach}");
    let limits = line["limits"].as_array().unwrap();
    let answer: Vec<_> = limits.iter().map(|l| (l["upper"].as_bool().unwrap(), &l["limits"][0])).collect();
    assert!(!answer[0].0 && answer[1].0 && answer[1].1["rows"] == reach, "{limits:?}");
    let most = answer[1].1["limit"].as_f64().unwrap();
    let longest = built.column("data/pretrain", "chars").iter().map(|c| c.parse().unwrap()).fold(0.0, f64::max);
    assert_eq!(longest, most, "the limit is a value that stays");
    let limit = most.to_string();
    let dropped = built.column("dropped/pretrain", "limit");
    assert_eq!(dropped.iter().filter(|l| **l == limit).count() as u64, reasons["chars_max"]);
    let why = scratch.corpus(&["why", "out", "r54"]).stdout().split_whitespace().collect::<Vec<_>>().join(" ");
    contains(&why, &[&format!("max {limit} at percentile 90")], &[]);

    scratch.write("recipe.toml", recipe("b/*.jsonl", "{max_percentile=90, min_percentile=10}"));
    for (out, threads) in [("one", "1"), ("two", "2")] {
        let split = scratch.build(out, &["--threads", threads, "--unit", "16KiB"]);
        assert_eq!(split.column("data/pretrain", "id"), built.column("data/pretrain", "id"));
        assert_eq!(split.manifest["stages"][2]["limits"], built.manifest["stages"][2]["limits"]);
    }
    // Another percentile measures nothing again.
    let again =
        scratch.try_build("two", &["--threads", "2", "--unit", "16KiB", "--set", "keep.chars.max_percentile=80"]);
    assert_eq!(again.code(), 0, "{}", again.stderr());
    assert_eq!(scratch.built("two").reasons()["chars_min"], scratch.built("one").reasons()["chars_min"]);
    assert!(scratch.built("two").reasons()["chars_max"] > reasons["chars_max"]);
    // A plan says of its sample how many go.
    contains(&scratch.corpus(&["plan", "--recipe", "recipe.toml", "--out", "planned"]).stdout(), &["chars_max"], &[]);
}

#[test]
fn percentiles_within_each_source_and_language() {
    let scratch = Scratch::new();
    for (name, base) in [("short", 10), ("long", 1_000)] {
        let line = |i: usize| format!("{}\n", json!({"text": format!("{}。", "山".repeat(base + i))}));
        scratch.write(&format!("{name}.jsonl"), (0..100).map(line).collect::<String>());
    }
    let source = |name: &str, language: &str| {
        format!("[[source]]\nname='{name}'\npath=['{name}.jsonl']\nuse='pretrain'\nlanguage='{language}'\n")
    };
    let sources = format!("name='s'\n{}{}", source("short", "zh"), source("long", "ja"));
    for per in ["source", "language"] {
        let rule = format!("[[stage]]\nrun='keep'\nchars={{max_percentile=95, per='{per}'}}\n");
        scratch.write("recipe.toml", format!("{sources}{rule}"));
        let built = scratch.build(per, &[]);
        let limits = &built.manifest["stages"][1]["limits"][0]["limits"];
        let answer: Vec<(String, u64, f64)> = limits
            .as_array()
            .unwrap()
            .iter()
            .map(|l| (l["of"].as_str().unwrap().to_owned(), l["rows"].as_u64().unwrap(), l["limit"].as_f64().unwrap()))
            .collect();
        let (long, short) = if per == "source" { ("long", "short") } else { ("ja", "zh") };
        assert_eq!(answer, [(long.to_owned(), 100, 1095.0), (short.to_owned(), 100, 105.0)]);
        assert_eq!(built.column("dropped/pretrain", "limit"), [vec!["105"; 5], vec!["1095"; 5]].concat());
    }
    for (rule, said) in [
        ("chars={max_percentile=101}", "between 0 and 100"),
        ("chars={max_percentile=5, max=9}", "`max` and `max_percentile`"),
        ("chars={min=1, per='source'}", "`per` without a percentile"),
        ("chars={max_percentile=95, per='sorce'}", "did you mean `source`"),
        ("early=true\nchars={max_percentile=95}", "known when all are"),
    ] {
        scratch.write("recipe.toml", format!("{sources}[[stage]]\nrun='keep'\n{rule}\n"));
        let answer = scratch.corpus(&["check", "recipe.toml"]);
        assert!(
            answer.code() == 1 && format!("{}{}", answer.stdout(), answer.stderr()).contains(said),
            "{rule}: {}{}",
            answer.stdout(),
            answer.stderr()
        );
    }
}

#[test]
fn a_word_alone_stands_for_a_list() {
    let scratch = scratch();
    scratch.write("recipe.toml", recipe("[[stage]]\nrun='keep'\nlanguage='zh'\nchars={min=20}\n"));
    let short = scratch.build("short", &[]);
    scratch.write("recipe.toml", recipe("[[stage]]\nrun='keep'\nlanguage={in=['zh']}\nchars={min=20}\n"));
    let long = scratch.build("long", &[]);
    same_output(&short, &long, "a language as a word, and as a list");
}
