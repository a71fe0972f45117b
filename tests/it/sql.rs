//! `corpus sql`: questions to a finished build, and the refusal of all that is none.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::SystemTime;

use serde_json::{Value as Json, json};

use crate::harness::{Scratch, files_under};
use crate::schemas::held;

const RECIPE: &str = "name = 'asked'
[[source]]
name = 'pages'
path = ['pages.jsonl']
[[source]]
name = '对话'
path = ['talk.jsonl']
use = 'instruct'
[input]
max_unreadable = 0.5
[[stage]]
run = 'keep'
name = 'length'
only = { use = ['pretrain'] }
chars = { min = 10 }
[[stage]]
run = 'exact_dedup'
[output]
signals = ['chars']
";

/// Pages of 8 to 27 characters, a copy, a dialogue without an id, and a line that is no JSON.
fn built(recipe: &str) -> Scratch {
    let scratch = Scratch::new();
    let mut pages: Vec<Json> = (0..20).map(|n| json!({"id": format!("p{n}"), "text": "河".repeat(8 + n)})).collect();
    pages.push(json!({"id": "copy", "text": "河".repeat(12)}));
    let lines = |rows: &[Json]| rows.iter().map(|row| format!("{row}\n")).collect::<String>();
    scratch.write("pages.jsonl", lines(&pages) + "no json\n");
    let turns = json!([{"role": "user", "content": "几点了？"}, {"role": "assistant", "content": "九点整。"}]);
    scratch.write("talk.jsonl", lines(&[json!({"messages": turns})]));
    scratch.write("recipe.toml", recipe);
    scratch.corpus(&["build", "--recipe", "recipe.toml", "--out", "out"]).says(0, &[]);
    scratch
}

/// The rows that answer a query.
fn asked(scratch: &Scratch, query: &str) -> Vec<Json> {
    let run = scratch.corpus(&["sql", "out", query, "--format", "json"]);
    held(&run.stdout(), "sql", query)["rows"].as_array().unwrap_or_else(|| panic!("{query}: {}", run.stdout())).clone()
}

#[test]
fn tables_are_listed_and_asked() {
    let scratch = built(RECIPE);
    let run = scratch.corpus(&["sql", "out", "--format", "json"]);
    let answer = held(&run.stdout(), "sql", "corpus sql out");
    let tables: BTreeMap<&str, u64> = answer["tables"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| (t["name"].as_str().unwrap(), t["rows"].as_u64().unwrap()))
        .collect();
    let wanted = [("data", 19), ("dropped", 3), ("instruct", 1), ("pretrain", 18), ("signals", 22), ("unreadable", 1)];
    assert_eq!(tables, BTreeMap::from(wanted));
    let run = scratch.corpus(&["sql", "out"]);
    run.says(0, &["next: `corpus sql out "]);
    for line in ["data · 19 rows", "unreadable · 1 row", "chars integer"] {
        assert!(run.stdout().contains(line), "{line}: {}", run.stdout());
    }

    let by =
        asked(&scratch, "select source, use, count(*) as n, max(chars) as most from data group by 1, 2 order by n");
    assert_eq!(
        by,
        [
            json!({"source": "对话", "use": "instruct", "n": 1, "most": 8}),
            json!({"source": "pages", "use": "pretrain", "n": 18, "most": 27})
        ]
    );
    // Kept, dropped and measured rows, joined by id.
    let dropped = "select s.id, s.chars, d.reason, d.kept_id from signals s join dropped d using (id) order by s.place";
    let dropped = asked(&scratch, dropped);
    let row = |id: &str, chars: u64, reason: &str, kept: Option<&str>| json!({"id": id, "chars": chars, "reason": reason, "kept_id": kept});
    assert_eq!(
        dropped,
        [
            row("p0", 8, "chars_min", None),
            row("p1", 9, "chars_min", None),
            row("copy", 12, "exact_duplicate", Some("p4"))
        ]
    );
    let measured =
        "select count(*) as n from signals s join data d on s.id = d.id and s.source = d.source and s.chars = d.chars";
    assert_eq!(asked(&scratch, measured), [json!({"n": 19})], "ids of rows without one of their own are found too");
    // What comes with the engine: windows, nested values, expressions over texts.
    let nested = "select messages[1]['content'] as said, array_length(messages) as turns, messages from instruct";
    let said = asked(&scratch, nested);
    assert_eq!(
        (&said[0]["said"], &said[0]["turns"], &said[0]["messages"][1]["role"]),
        (&json!("几点了？"), &json!(2), &json!("assistant"))
    );
    let window = "select id, rank() over (order by chars desc) as r from pretrain where character_length(text) = chars order by r limit 2";
    assert_eq!(asked(&scratch, window), [json!({"id": "p19", "r": 1}), json!({"id": "p18", "r": 2})]);
    let twice = asked(
        &scratch,
        "select a.id, b.id from pretrain a join pretrain b on a.chars = b.chars + 1 order by 1 limit 1",
    );
    assert_eq!(twice, [json!({"id": "p10", "id_2": "p9"})], "a name that stands twice keeps both values");
}

#[test]
fn answers_are_tables_lines_and_documents() {
    let scratch = built(RECIPE);
    let query = "select id, chars, text, null as none from pretrain where chars < 12 order by id";
    let csv = scratch.corpus(&["sql", "out", query, "--format", "csv"]);
    csv.says(0, &[]);
    assert_eq!(csv.stdout(), format!("id,chars,text,none\np2,10,{},\np3,11,{},\n", "河".repeat(10), "河".repeat(11)));
    let lines = scratch.corpus(&["sql", "out", query, "--format", "jsonl", "--limit", "1"]).stdout();
    assert_eq!(lines, format!("{{\"id\":\"p2\",\"chars\":10,\"text\":\"{}\",\"none\":null}}\n", "河".repeat(10)));
    // A Chinese character takes two columns.
    let table = scratch.corpus(&["sql", "out", "select source, count(*) as n from data group by 1 order by n"]);
    assert_eq!(table.stdout(), "source   n\n对话     1\npages   18\n");
    table.says(0, &["2 rows"]);
    let cut = scratch.corpus(&["sql", "out", "select id from data", "--limit", "2"]);
    cut.says(0, &["the first 2 rows: --limit shows more"]);
    let cut = held(
        &scratch.corpus(&["sql", "out", "select id from data", "--limit", "2", "--format", "json"]).stdout(),
        "sql",
        "limit",
    );
    assert_eq!((cut["rows"].as_array().unwrap().len(), &cut["more"]), (2, &json!(true)));
    // A query by standard input.
    let mut piped = scratch.command(&["sql", "out", "-", "--format", "csv"]);
    let mut child = piped.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"select 1 as one;").unwrap();
    assert_eq!(String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap(), "one\n1\n");
    scratch.corpus(&["diff", "out", "out", "--format", "csv"]).says(2, &["only `corpus sql` prints jsonl and csv"]);
}

#[test]
fn splits_are_a_column() {
    let (pages, talk) = RECIPE.split_once("[[source]]\nname = '对话'").unwrap();
    let stages = talk.split_once("[input]").unwrap().1;
    let scratch = built(&format!("{pages}[input]{stages}[split]\nvalidation = 0.2\n"));
    let splits = asked(&scratch, "select split, count(*) as n from pretrain group by 1 order by 1");
    let held: u64 = splits.iter().filter(|s| s["split"] == "validation").map(|s| s["n"].as_u64().unwrap()).sum();
    assert_eq!((splits.len(), splits[0]["split"].as_str()), (2, Some("train")), "{splits:?}");
    assert!(held >= 1 && splits.iter().map(|s| s["n"].as_u64().unwrap()).sum::<u64>() == 18, "{splits:?}");
}

#[test]
fn nothing_is_written_and_no_other_file_is_read() {
    let scratch = built(RECIPE);
    scratch.write("other.csv", "a,b\n1,2\n");
    scratch.write("other.jsonl", "{\"a\":1}\n");
    let state = || -> BTreeMap<_, (u64, SystemTime)> {
        let of = |path: &std::path::PathBuf| std::fs::metadata(path).map(|m| (m.len(), m.modified().unwrap())).unwrap();
        files_under(&scratch.path("")).into_iter().map(|path| (path.clone(), of(&path))).collect()
    };
    let before = state();
    for (query, what) in [
        ("create table t as select * from data", "CREATE TABLE"),
        ("create view t as select 1", "CREATE VIEW"),
        ("create external table t stored as csv location 'other.csv'", "CREATE EXTERNAL TABLE"),
        ("create function f() returns int return 1", "CREATE FUNCTION"),
        ("create schema s", "CREATE SCHEMA"),
        ("copy data to 'out.csv'", "COPY"),
        ("copy (select 1) to 'out.parquet'", "COPY"),
        ("insert into data select * from data", "INSERT INTO"),
        ("update data set id = 'x'", "UPDATE"),
        ("delete from data", "DELETE FROM"),
        ("truncate table data", "TRUNCATE TABLE"),
        ("drop table data", "DROP TABLE"),
        ("drop view signals", "DROP VIEW"),
        ("alter table data add column x int", "ALTER TABLE"),
        ("set datafusion.execution.batch_size = 1", "SET"),
        ("prepare p as select 1", "PREPARE"),
        ("execute p", "EXECUTE"),
        ("begin", "BEGIN"),
        ("explain insert into data select * from data", "INSERT INTO"),
        ("explain analyze insert into data select * from data", "INSERT INTO"),
        ("explain copy data to 'out.csv'", "COPY"),
    ] {
        scratch.corpus(&["sql", "out", query]).says(1, &[&format!("{what} "), "is refused", "nothing is written"]);
    }
    // Forms of a query that other engines let through.
    for query in [
        "select * from 'other.csv'",
        "select * from \"other.jsonl\"",
        "select * from read_csv('other.csv')",
        "select * from read_parquet('out/data/pretrain/part-00000.parquet')",
        "select * from 'file:///etc/passwd'",
        "with t as (insert into data select * from data) select * from t",
        "select * into t from data",
        "select 1; drop table data",
    ] {
        let run = scratch.corpus(&["sql", "out", query]);
        assert_eq!((run.code(), run.stdout().as_str()), (1, ""), "{query}: {}", run.stderr());
    }
    assert_eq!(before, state(), "something was written");
}

#[test]
fn mistakes_are_told_with_their_place_and_a_cure() {
    let scratch = built(RECIPE);
    for (query, said) in [
        (
            "select id,\n  sorce from data",
            &[
                "line 2, column 3: there is no column `sorce`",
                "    sorce from data\n    ^^^^^",
                "did you mean `source`?",
            ][..],
        ),
        (
            "select '中文', charz from data",
            &["column 14", "  select '中文', charz from data\n                 ^^^^^", "did you mean `chars`?"],
        ),
        ("select zzzzzz from unreadable", &["there is no column `zzzzzz`", "the columns are `source`, `path`"]),
        ("select * from dropt", &["line 1, column 15: there is no table `dropt`", "did you mean `dropped`?"]),
        ("select * from x.y.z", &["there is no table", "`pretrain`"]),
        ("select lenght(text) from data", &["column 8: there is no function `lenght`", "did you mean `length`?"]),
        (
            "select id from data where source = \"pages\"",
            &["there is no column `pages`", "text stands between single quotes: 'pages'"],
        ),
        ("selec 1", &["line 1, column 1", "an SQL statement"]),
        ("select from where", &["line 1, column"]),
        ("select 1; select 2", &["more than one statement", "one question at a time"]),
        (" ", &["there is no statement"]),
        ("select 1 / 0", &["division by zero", "nullif"]),
        ("select cast(id as int) from pretrain", &["`try_cast(a as int)`"]),
        ("select messages[1].content from instruct", &["`messages[1]['content']`"]),
        ("select id, count(*) from data", &["GROUP BY"]),
    ] {
        scratch.corpus(&["sql", "out", query]).says(1, said);
    }
    scratch.corpus(&["sql", "none", "select 1"]).says(1, &["none is no build", "`corpus sql builds/NAME`"]);
    let run = scratch.corpus(&["sql", "out", "select x", "--format", "json"]);
    held(&run.stdout(), "error", "a mistake");
}

/// A sort of more than fits goes to disk; the folder is gone afterwards.
#[test]
fn what_does_not_fit_goes_to_disk() {
    let scratch = built(RECIPE);
    let query = "select v % 1000 as k, count(*) as n, max(v) as most from generate_series(1, 3000000) as t(v) group by v % 1000 order by k limit 1";
    let run = scratch.corpus(&["sql", "out", query, "--memory", "64MiB", "--format", "csv"]);
    assert_eq!((run.code(), run.stdout().as_str()), (0, "k,n,most\n0,3000,3000000\n"), "{}", run.stderr());
    let temporary = scratch.path("tmp");
    std::fs::create_dir_all(&temporary).unwrap();
    let sorted = "select v from generate_series(1, 8000000) as t(v) order by v % 1000, v desc";
    let mut command = scratch.command(&["sql", "out", sorted, "--memory", "64MiB", "--limit", "1", "--format", "csv"]);
    let run = crate::harness::Run::of(command.env("TMPDIR", &temporary));
    assert_eq!((run.code(), run.stdout().as_str()), (0, "v\n8000000\n"), "{}", run.stderr());
    assert_eq!(files_under(&temporary), Vec::<std::path::PathBuf>::new());
}

/// A program of the recipe's author may call a signal what the number of a row is called.
#[test]
fn a_signal_may_have_the_name_of_the_place() {
    let program = r#"import json, sys
for line in sys.stdin: print(json.dumps({"id": json.loads(line)["id"], "place": 7}), flush=True)"#;
    let stage = format!(
        "[[stage]]\nrun = 'command'\ncommand = ['python3', '-c', '''\n{program}''']\nsignals = {{ place = 'integer' }}\n"
    );
    let scratch = built(&RECIPE.replace("[[stage]]\nrun = 'exact_dedup'\n", &stage));
    let run =
        scratch.corpus(&["sql", "out", "select place, place_2 from signals order by place limit 2", "--format", "csv"]);
    assert_eq!((run.code(), run.stdout().as_str()), (0, "place,place_2\n0,7\n1,7\n"), "{}", run.stderr());
}

/// An own id that stands twice is the same in the table of what was measured as in the output.
#[test]
fn ids_that_repeat_are_those_of_the_output() {
    let scratch = Scratch::new();
    let row = |id: &str, text: &str| format!("{}\n", json!({"id": id, "text": text}));
    let rows = [("a", "河水流过桥下"), ("b", "山"), ("a", "另一条河"), ("b", "老人坐在门前"), ("a", "河")];
    scratch.write("pages.jsonl", rows.map(|(id, text)| row(id, text)).concat());
    scratch.write(
        "recipe.toml",
        "name = 'twice'\n[[source]]\nname = 'pages'\npath = ['pages.jsonl']\n[[stage]]\nrun = 'keep'\nchars = { min = 3 }\n",
    );
    scratch.corpus(&["build", "--recipe", "recipe.toml", "--out", "out"]).says(0, &[]);
    let all = asked(&scratch, "select id, chars from signals order by place");
    let wanted = [("a", 6), ("b", 1), ("a~2", 4), ("b~2", 6), ("a~3", 1)].map(|(id, n)| json!({"id": id, "chars": n}));
    assert_eq!(all, wanted);
    let joined = "select d.id, s.chars from dropped d join signals s using (id) order by 1";
    assert_eq!(asked(&scratch, joined), [json!({"id": "a~3", "chars": 1}), json!({"id": "b", "chars": 1})]);
    let run = scratch.corpus(&["sql", "out", "select * from _repeats"]);
    run.says(1, &["there is no table `_repeats`"]);
}
