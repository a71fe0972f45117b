//! What becomes of rows, and whether anybody is told: rules that take too much, one row's life, rows near a limit.

use serde_json::{Value as Json, json};

use crate::harness::{Scratch, document};

/// Prose, and pages that are half code, of which a limit takes most.
fn write_sources(scratch: &Scratch) {
    let lines = |name: &str, text: &dyn Fn(u64) -> String, rows: u64| {
        let line = |i| format!("{}\n", json!({"id": format!("{name}{i}"), "text": text(i)}));
        scratch.write(&format!("{name}.jsonl"), (0..rows).map(line).collect::<String>());
    };
    let prose = |i: u64| document(i).replace("corpus", "语料").replace("text", "文本");
    lines("prose", &prose, 60);
    lines("tech", &|i| format!("{}\n{}", document(i), "let value = build(argument);\n".repeat(i as usize % 6)), 60);
}

const STAGES: &str = "[[stage]]\nrun='keep'\nname='basics'\nchars={min=10}\nhan_ratio={min=0.4}\n";

fn recipe(sources: &[&str], stages: &str) -> String {
    let source = |name: &&str| format!("[[source]]\nname='{name}'\npath=['{name}.jsonl']\nuse='pretrain'\n");
    format!("name='why'\n{}{stages}", sources.iter().map(source).collect::<String>())
}

#[test]
fn a_rule_that_takes_more_than_half_is_named() {
    let scratch = Scratch::new();
    write_sources(&scratch);
    scratch.write("recipe.toml", recipe(&["prose", "tech"], STAGES));
    let plan = scratch.corpus(&["plan", "--recipe", "recipe.toml", "--out", "out"]);
    let built = scratch.try_build("out", &[]);
    assert_eq!((plan.code(), built.code()), (0, 0), "{}", built.stderr());
    let answer = scratch.built("out").manifest["heavy"].clone();
    let dropped = answer[0]["rows"].as_u64().unwrap();
    assert!(dropped > 30 && dropped < 60, "{answer}");
    let one = json!([{"stage": "basics", "reason": "han_ratio_min", "source": "tech", "rows": dropped, "reached": 60,
        "rule": "han_ratio = { min = 0.4 }"}]);
    assert_eq!(answer, one, "the prose loses next to nothing");
    for run in [&plan, &built] {
        let said = run.stderr();
        let line = said.lines().find(|l| l.starts_with("warning:")).unwrap_or_else(|| panic!("{said}"));
        for part in ["`han_ratio = { min = 0.4 }`", "basics", "source tech", "basics.han_ratio.min", "of 60"] {
            assert!(line.contains(part), "{part}: {line}");
        }
    }
    // The key that is named is one that `--set` takes, and then nothing is said.
    let other = scratch.try_build("other", &["--set", "basics.han_ratio.min=0.05"]);
    assert!(other.code() == 0 && !other.stderr().contains("warning"), "{}", other.stderr());
    assert_eq!(scratch.built("other").manifest["heavy"], Json::Null);

    // Over all sources it is said once, and in Chinese to whoever reads Chinese.
    let mut chinese =
        scratch.command(&["build", "--recipe", "recipe.toml", "--out", "zh", "--set", "basics.chars.min=9999"]);
    let run = chinese.env("CORPUS_LANG", "zh").output().unwrap();
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    assert_eq!(said.matches("basics.chars.min").count(), 1, "{said}");
    assert!(said.contains("所有来源中到达它的 100.0%（120 行中的 120 行）"), "{said}");
    // What is drawn is drawn on purpose.
    scratch.write("recipe.toml", recipe(&["prose", "tech"], "[[stage]]\nrun='sample'\nshare=0.1\n"));
    let drawn = scratch.try_build("drawn", &[]);
    assert!(drawn.code() == 0 && !drawn.stderr().contains("warning"), "{}", drawn.stderr());
}

/// 300 rows of two uses in small shards: some short, some not Chinese, some copies; one of a hundred dropped keeps text.
fn built(scratch: &Scratch, more: &str) {
    let text = |i: u64| match i {
        i if i % 5 == 0 => format!("短文{i}号{}", "，很短".repeat(i as usize % 7)),
        i if i % 11 == 0 => document(7),
        i => format!("{}\n记号{i}乙", document(i)),
    };
    let docs = (0..200).map(|i| format!("{}\n", json!({"id": format!("d{i}"), "text": text(i)})));
    scratch.write("docs.jsonl", docs.collect::<String>() + "not JSON at all\n");
    let turn = |role: &str, said: String| json!({"role": role, "content": said});
    let talk = |i: u64| json!({"messages": [turn("user", format!("问题{i}？")), turn("assistant", format!("{}记号{i}乙", document(i)))]});
    scratch.write("talk.jsonl", (0..100).map(|i| format!("{}\n", talk(i))).collect::<String>());
    let sources = "[[source]]\nname='docs'\npath=['docs.jsonl']\nuse='pretrain'\n\
        [[source]]\nname='talk'\npath=['talk.jsonl']\nuse='instruct'\n[input]\nmax_unreadable=0.1\n";
    let stages = "[[stage]]\nrun='keep'\nname='basics'\nchars={min=20,max=400}\n[[stage]]\nrun='exact_dedup'\n\
        [[stage]]\nrun='near_dedup'\nthreshold=0.8\n";
    scratch.write("recipe.toml", format!("name='why'\n{sources}{stages}{more}"));
    scratch.build("out", &[]);
}

fn look(scratch: &Scratch, arguments: &[&str]) -> Json {
    let run = scratch.corpus(&[&["inspect", "out", "--format", "json"], arguments].concat());
    assert_eq!(run.code(), 0, "{arguments:?}: {}", run.stdout());
    serde_json::from_str(&run.stdout()).unwrap()
}

fn rows(seen: &Json, part: &str) -> Vec<Json> {
    seen["rows"][part].as_array().unwrap_or_else(|| panic!("no {part}: {}", seen["rows"])).clone()
}

fn ids(rows: &[Json]) -> Vec<String> {
    rows.iter().map(|r| r["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn rows_are_found_by_id_and_by_text() {
    let scratch = Scratch::new();
    built(&scratch, "[output]\nshard='2KiB'\n");
    assert!(crate::harness::files_under(&scratch.path("out/data/pretrain")).len() > 3, "several shards");
    let seen = look(&scratch, &["--id", "d17"]);
    assert_eq!(ids(&rows(&seen, "data/pretrain")), ["d17"]);
    let dropped = rows(&look(&scratch, &["--id", "d5"]), "dropped/pretrain");
    assert_eq!((dropped.len(), &dropped[0]["reason"]), (1, &json!("chars_min")));
    let none = scratch.corpus(&["inspect", "out", "--id", "d999"]);
    none.says(1, &["no row with the id `d999`"]);

    // In texts of any use, wherever it stands in a shard; as it is written, not as a pattern.
    let seen = look(&scratch, &["--grep", "记号88乙"]);
    assert_eq!(ids(&rows(&seen, "data/instruct")), ["talk:88"]);
    let seen = look(&scratch, &["--grep", "记号19", "--rows", "50"]);
    let found = ids(&rows(&seen, "data/pretrain"));
    assert!(found.len() > 5 && found.iter().all(|id| id.starts_with("d19")), "{found:?}");
    assert_eq!(rows(&look(&scratch, &["--grep", "记号.*乙"]), "data/pretrain"), Vec::<Json>::new());
    assert_eq!(rows(&look(&scratch, &["--grep", "短文15号"]), "data/pretrain"), Vec::<Json>::new());
    assert_eq!(ids(&rows(&look(&scratch, &["--grep", "短文15号", "--dropped"]), "dropped/pretrain")), ["d15"]);
    let all = look(&scratch, &["--grep", "JSON", "--all"]);
    assert_eq!(rows(&all, "unreadable")[0]["line"], 201);
    // A raw file has no ids to ask for.
    let raw = scratch.corpus(&["inspect", "docs.jsonl", "--grep", "x"]);
    raw.says(1, &["--grep is for a finished build"]);
}

#[test]
fn a_sample_is_drawn_from_all_rows_and_from_nothing_else() {
    let scratch = Scratch::new();
    built(&scratch, "[output]\nshard='2KiB'\n");
    let draw = |folder: &str, more: &[&str]| -> Vec<String> {
        let run = scratch.corpus(&[&["inspect", folder, "--format", "json"], more].concat());
        let seen: Json = serde_json::from_str(&run.stdout()).unwrap();
        let mut found: Vec<String> =
            seen["rows"].as_object().unwrap().values().flat_map(|r| ids(r.as_array().unwrap())).collect();
        found.sort();
        found
    };
    let first = draw("out", &["--sample", "20", "--seed", "4"]);
    assert_eq!((first.len(), &first), (20, &draw("out", &["--sample", "20", "--seed", "4"])));
    assert_ne!(first, draw("out", &["--sample", "20", "--seed", "5"]));
    let larger = draw("out", &["--sample", "40", "--seed", "4"]);
    assert!(first.iter().all(|id| larger.contains(id)), "a larger sample holds the smaller one");
    // Not the head: over many seeds every kept row comes, about as often as the others.
    let total = scratch.built("out").total("kept");
    let mut times: std::collections::BTreeMap<String, u64> = std::collections::BTreeMap::new();
    for seed in 0..40 {
        draw("out", &["--sample", "60", "--seed", &seed.to_string()])
            .into_iter()
            .for_each(|id| *times.entry(id).or_default() += 1);
    }
    let (least, most) = (times.values().min().unwrap(), times.values().max().unwrap());
    assert_eq!(times.len() as u64, total);
    assert!(*least >= 2 && *most <= 26, "{least} to {most} times");
    // Shards and order do not matter; a use or a reason narrows what is drawn from.
    scratch.write(
        "recipe.toml",
        std::fs::read_to_string(scratch.path("recipe.toml")).unwrap().replace("shard='2KiB'", "shard='1MiB'"),
    );
    scratch.build("one", &[]);
    assert_eq!(first, draw("one", &["--sample", "20", "--seed", "4"]));
    assert!(draw("out", &["--sample", "9", "--use", "instruct"]).iter().all(|id| id.starts_with("talk:")));
    let short = draw("out", &["--sample", "500", "--reason", "chars_min"]);
    assert_eq!(short.len() as u64, scratch.built("out").reasons()["chars_min"]);
    assert_eq!(
        draw("out", &["--sample", "5", "--grep", "记号88乙"]),
        ["d88", "talk:88"].map(str::to_owned).to_vec()[1..]
    );
}

#[test]
fn rows_near_a_limit_are_shown_on_both_sides() {
    let scratch = Scratch::new();
    built(&scratch, "[output]\nshard='2KiB'\n");
    let seen = look(&scratch, &["--near-limit", "basics", "--use", "pretrain"]);
    let limits = seen["limits"].as_array().unwrap();
    let of = |reason: &str| {
        limits.iter().find(|l| l["reason"] == reason).unwrap_or_else(|| panic!("{reason}: {seen}")).clone()
    };
    let values = |limit: &Json, side: &str| -> Vec<f64> {
        limit[side].as_array().unwrap().iter().map(|n| n["value"].as_f64().unwrap()).collect()
    };
    let built = scratch.built("out");
    let low = of("chars_min");
    // By the book: all values of that side, sorted by how far they are.
    let mut kept: Vec<f64> = built.column("data/pretrain", "chars").iter().map(|c| c.parse().unwrap()).collect();
    kept.sort_by(f64::total_cmp);
    assert_eq!(values(&low, "kept"), kept[..5]);
    let reasons = built.column("dropped/pretrain", "reason");
    let dropped = built.column("dropped/pretrain", "value").into_iter().zip(reasons).filter(|g| g.1 == "chars_min");
    let mut dropped: Vec<f64> = dropped.map(|g| g.0.parse().unwrap()).collect();
    dropped.sort_by(|a, b| b.total_cmp(a));
    assert_eq!((low["limit"].as_f64(), values(&low, "dropped")), (Some(20.0), dropped[..5].to_vec()));
    assert_eq!(low["dropped"][0]["row"]["reason"], "chars_min");
    // A limit that no row fails has its nearest rows all the same.
    let high = of("chars_max");
    assert_eq!(values(&high, "kept"), kept.iter().rev().take(5).copied().collect::<Vec<_>>());
    let text = scratch.corpus(&["inspect", "out", "--near-limit"]);
    assert!(text.stdout().contains("chars = { min = 20 } of stage basics"), "{}", text.stdout());
    let unknown = scratch.corpus(&["inspect", "out", "--near-limit", "basic"]);
    unknown.says(1, &["basics"]);

    // Where the signal is not written, that is said.
    let recipe = std::fs::read_to_string(scratch.path("recipe.toml")).unwrap();
    scratch.write("recipe.toml", recipe.replace("[output]", "[output]\nsignals=[]"));
    scratch.build("bare", &[]);
    let said = scratch.corpus(&["inspect", "bare", "--near-limit", "basics"]).stdout();
    assert!(said.contains("`chars` is no column of data/: add it to `signals`"), "{said}");
}

#[test]
fn dropped_rows_with_text_come_first_and_the_others_say_why() {
    let scratch = Scratch::new();
    built(&scratch, "[output]\ndropped_text=0.1\n");
    let texts = scratch.built("out").column("dropped/pretrain", "text");
    let with = texts.iter().filter(|t| !t.is_empty()).count();
    assert!(with > 1 && with < texts.len() / 2, "{with} of {}", texts.len());
    assert_eq!(texts[0], "", "the first dropped row has a text, so the order is not tested");
    let seen = rows(&look(&scratch, &["--dropped", "--rows", &(with + 2).to_string()]), "dropped/pretrain");
    let there: Vec<bool> = seen.iter().map(|r| r["text"].is_string()).collect();
    assert_eq!(there, [vec![true; with], vec![false; 2]].concat());
    let run = scratch.corpus(&["inspect", "out", "--dropped", "--rows", "60"]);
    assert!(run.stdout().contains("(not kept)"), "{}", run.stdout());
    assert!(
        run.stderr().contains("10 % of the dropped rows") && run.stderr().contains("dropped_text = 1.0"),
        "{}",
        run.stderr()
    );
    let mut chinese = scratch.command(&["inspect", "out", "--dropped", "--rows", "60"]);
    let said = chinese.env("CORPUS_LANG", "zh").output().unwrap().stderr;
    assert!(String::from_utf8_lossy(&said).contains("没有正文的行"), "{}", String::from_utf8_lossy(&said));
    // With all texts there is nothing to explain.
    built(&scratch, "");
    let run = scratch.corpus(&["inspect", "out", "--dropped", "--rows", "60"]);
    assert!(!run.stdout().contains("(not kept)") && !run.stderr().contains("dropped_text"), "{}", run.stderr());
}

fn life(scratch: &Scratch, folder: &str, id: &str) -> Json {
    let run = scratch.corpus(&["why", folder, id, "--format", "json"]);
    assert_eq!(run.code(), 0, "{id}: {}", run.stdout());
    let answer = crate::schemas::held(&run.stdout(), "why", "corpus why");
    let text = scratch.corpus(&["why", folder, id]);
    assert!(text.code() == 0 && text.stdout().contains(answer["outcome"].as_str().unwrap()), "{}", text.stdout());
    answer
}

fn stage<'l>(life: &'l Json, name: &str) -> &'l Json {
    life["stages"].as_array().unwrap().iter().find(|s| s["name"] == name).unwrap_or_else(|| panic!("{name}: {life}"))
}

/// Two files of rows with ids of their own and one of plain lines; a menu on most, copies, near copies, short ones.
fn with_lives(scratch: &Scratch, more: &str) {
    const MENU: &str = "首页 新闻 图片 视频 联系我们 关于本站";
    let text = |i: u64| match i {
        3 => "太短".to_owned(),
        11 => format!("{}\n{MENU}", document(2)),
        12 => format!("{}尾\n{MENU}", document(2)),
        i => format!("{MENU}\n{}\n{MENU}", document(i)),
    };
    let lines = |range: std::ops::Range<u64>| -> String {
        range.map(|i| format!("{}\n", json!({"id": format!("r{i}"), "text": text(i)}))).collect()
    };
    scratch.write("in/a.jsonl", lines(0..10));
    scratch.write("in/b.jsonl", format!("{}broken row\n{}", lines(10..20), lines(20..22)));
    // Ids that repeat, and rows without one.
    scratch
        .write("in/c.jsonl", [1, 2].map(|i| format!("{}\n", json!({"id": "r4", "text": document(60 + i)}))).concat());
    scratch.write("plain/p.txt", (0..6).map(|i| document(80 + i).replace('\n', "") + "\n").collect::<String>());
    let recipe = "name='l'\n[[source]]\nname='s'\npath=['in/*.jsonl']\nuse='pretrain'\nlicense='CC0-1.0'\n\
        [[source]]\nname='p'\npath=['plain/*.txt']\nrows='line'\nuse='pretrain'\n[input]\nmax_unreadable=0.2\n\
        [[stage]]\nrun='normalize'\n[[stage]]\nrun='keep'\nname='basics'\nchars={min=20}\n\
        [[stage]]\nrun='line_dedup'\ndocuments=5\n[[stage]]\nrun='words'\n\
        [[stage]]\nrun='keep'\nname='long'\nword_count={min=5}\n\
        [[stage]]\nrun='near_dedup'\nthreshold=0.7\n";
    scratch.write("recipe.toml", format!("{recipe}{more}"));
    scratch.build("out", &["--unit", "1KiB"]);
}

#[test]
fn one_row_tells_its_life() {
    let scratch = Scratch::new();
    with_lives(&scratch, "");
    // A kept row: file, row in it, what every stage had, what was cut, what it stands for, where it went.
    let kept = life(&scratch, "out", "r2");
    assert_eq!(kept["outcome"], "kept");
    assert_eq!(
        (&kept["file"]["path"], &kept["file"]["row"], &kept["file"]["rows"]),
        (&json!("in/a.jsonl"), &json!(3), &json!(10))
    );
    let chars = stage(&kept, "basics")["rules"][0]["value"].as_u64().unwrap();
    let text = kept["row"]["text"].as_str().unwrap();
    assert!(chars > text.chars().count() as u64 + 30, "with the menu: {kept}");
    let cuts = stage(&kept, "line_dedup")["cuts"].as_array().unwrap();
    let bytes: u64 = cuts.iter().map(|c| c["end"].as_u64().unwrap() - c["start"].as_u64().unwrap()).sum();
    assert_eq!((cuts.len(), &json!(bytes)), (2, &stage(&kept, "line_dedup")["signals"]["cut"]), "{kept}");
    assert_eq!(stage(&kept, "words")["signals"]["word_count"], stage(&kept, "long")["rules"][0]["value"]);
    let named: Vec<&Json> = kept["stands_for"]["first"].as_array().unwrap().iter().map(|r| &r["id"]).collect();
    assert_eq!((kept["stands_for"]["rows"].as_u64(), named), (Some(2), vec![&json!("r11"), &json!("r12")]));
    let at = kept["places"][0]["row"].as_u64().unwrap() as usize;
    assert_eq!(scratch.built("out").column("data/pretrain", "id")[at], "r2");

    // A near copy: by which stage, how similar, for which row; what comes behind was not reached.
    let copy = life(&scratch, "out", "r12");
    assert_eq!(
        (&copy["outcome"], &copy["file"]["path"], &copy["file"]["row"]),
        (&json!("dropped"), &json!("in/b.jsonl"), &json!(3))
    );
    assert_eq!(
        (&copy["dropped"]["kept_id"], &copy["dropped"]["kept"]["part"]),
        (&json!("r2"), &json!("data/pretrain"))
    );
    assert!(copy["dropped"]["similarity"].as_f64().is_some_and(|s| s > 0.7 && s < 1.0), "{copy}");
    let verdicts = |life: &Json| -> Vec<String> {
        life["stages"].as_array().unwrap().iter().map(|s| s["verdict"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(verdicts(&copy).last().unwrap(), "dropped");
    let short = life(&scratch, "out", "r3");
    let expected = ["passed", "passed", "dropped", "not reached", "not reached", "not reached", "not reached"];
    assert_eq!(verdicts(&short), expected, "{short}");
    assert_eq!(
        (&short["dropped"]["reason"], &stage(&short, "basics")["rules"][0]["value"]),
        (&json!("chars_min"), &json!(2))
    );
    assert_eq!(stage(&short, "words")["signals"], json!({}), "what comes behind is not told");
    let said = scratch.corpus(&["why", "out", "r12"]);
    assert!(
        said.stdout().contains("DROPPED: near_duplicate") && said.stdout().contains("stayed instead"),
        "{}",
        said.stdout()
    );
    assert!(said.stderr().contains("next: `corpus why out r2`"), "{}", said.stderr());

    // An id that repeats, one made of an ordinal, a row that could not be read.
    let second = life(&scratch, "out", "r4~2");
    assert_eq!((&second["file"]["path"], &second["file"]["row"]), (&json!("in/c.jsonl"), &json!(1)));
    assert!(second["row"]["text"].as_str().unwrap().contains(document(61).lines().next().unwrap()), "{second}");
    assert_eq!(life(&scratch, "out", "r4~3")["file"]["row"], 2);
    let ordinal = life(&scratch, "out", "p:4");
    assert_eq!(
        (&ordinal["source"]["name"], &ordinal["file"]["path"], &ordinal["file"]["row"]),
        (&json!("p"), &json!("plain/p.txt"), &json!(5))
    );
    assert!(ordinal["row"]["text"].as_str().unwrap().starts_with("第84篇"), "{ordinal}");
    let broken = life(&scratch, "out", "in/b.jsonl:11");
    assert_eq!((&broken["outcome"], &broken["row"]["reason"]), (&json!("unreadable"), &json!("json")));

    // Wrong ids lead to right ones.
    let none = scratch.corpus(&["why", "out", "r211"]);
    none.says(1, &["no row with the id `r211`", "there is `r21`"]);
    assert_eq!(scratch.corpus(&["why", "in", "r1"]).code(), 1);
}

#[test]
fn a_life_without_the_work_folder_and_of_copies() {
    let scratch = Scratch::new();
    with_lives(&scratch, "[[stage]]\nrun='shuffle'\n[output]\nsignals=['chars']\n");
    let before = life(&scratch, "out", "r7");
    assert_eq!((&before["traced"], &before["file"]["row"]), (&json!(true), &json!(8)));
    std::fs::rename(scratch.path("out/.work"), scratch.path("elsewhere")).unwrap();
    let without = life(&scratch, "out", "r7");
    assert_eq!((&without["traced"], &without["file"]), (&json!(false), &Json::Null), "three files, and nobody knows");
    assert_eq!((&without["row"], &without["places"]), (&before["row"], &before["places"]));
    let said = scratch.corpus(&["why", "out", "r7"]);
    assert!(said.stderr().contains("--work"), "{}", said.stderr());
    let named = scratch.corpus(&["why", "out", "r7", "--work", "elsewhere", "--format", "json"]);
    assert_eq!(serde_json::from_str::<Json>(&named.stdout()).unwrap(), before);
    // Rows of plain text name their file themselves.
    assert_eq!(life(&scratch, "out", "p:1")["file"]["path"], "plain/p.txt");

    // Copies that a mix makes are of one row.
    scratch.write(
        "mix.jsonl",
        (0..5).map(|i| format!("{}\n", json!({"id": format!("m{i}"), "text": document(i)}))).collect::<String>(),
    );
    scratch.write(
        "recipe.toml",
        "name='m'\n[[source]]\nname='m'\npath=['mix.jsonl']\nuse='pretrain'\nrepeat=3\n[mix]\nby='rows'\n",
    );
    scratch.build("mixed", &[]);
    assert_eq!(life(&scratch, "mixed", "m3")["places"].as_array().unwrap().len(), 3);
    let second = life(&scratch, "mixed", "m3#2");
    assert_eq!((second["places"].as_array().unwrap().len(), &second["file"]["row"]), (1, &json!(4)));
}

#[test]
fn a_member_is_named_and_a_limit_does_not_lead_astray() {
    let scratch = Scratch::new();
    let lines = |from: u64| -> Vec<u8> {
        (from..from + 6).map(|i| format!("{}\n", json!({"text": document(i)}))).collect::<String>().into_bytes()
    };
    let members = [("one.jsonl", lines(0)), ("two.jsonl", lines(20))];
    scratch.write("in/set.zip", crate::archives::zip(&members, zip::CompressionMethod::Deflated));
    scratch.write("more.jsonl", lines(40));
    let source = |name: &str, path: &str, more: &str| {
        format!("[[source]]\nname='{name}'\npath=['{path}']\nuse='pretrain'\n{more}\n")
    };
    let write = |limit: &str| {
        let sources = source("z", "in/*.zip", limit) + &source("m", "more.jsonl", "");
        scratch.write("recipe.toml", format!("name='a'\n{sources}[[stage]]\nrun='words'\n"));
    };
    write("");
    scratch.build("out", &["--unit", "1KiB"]);
    let answer = life(&scratch, "out", "z:8");
    assert_eq!((&answer["file"]["path"], &answer["file"]["row"]), (&json!("in/set.zip!two.jsonl"), &json!(3)));
    assert!(answer["row"]["text"].as_str().unwrap().starts_with("第22篇"), "{answer}");
    assert!(stage(&answer, "words")["signals"]["word_count"].as_u64() > Some(5), "{answer}");
    // Rows that a limit leaves out are in the work folder all the same: no row of a file is told rather than a wrong one.
    write("limit=3");
    scratch.build("less", &["--unit", "1KiB"]);
    let answer = life(&scratch, "less", "m:2");
    assert_eq!((&answer["file"]["path"], &answer["row"]["text"]), (&json!("more.jsonl"), &json!(document(42))));
    assert!(answer["file"]["row"].is_null() || answer["file"]["row"] == 3, "{answer}");
    // Of the source that has the limit the row is not told, or it is the right one.
    let cut = life(&scratch, "less", "z:2");
    assert!(cut["file"]["row"].is_null() || cut["file"]["row"] == 3, "{cut}");
}
