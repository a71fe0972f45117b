//! What commands print with `--format json` is what `schemas/output` says, for real output of each command.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use crate::harness::{Scratch, document, json_lines};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/output")
}

fn schema(name: &str) -> Json {
    let path = folder().join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// What of JSON Schema our schemas use; a word that is not known here fails, so that none holds by being ignored.
fn faults(value: &Json, rule: &Json, root: &Json, at: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut say = |what: String| found.push(format!("{at}: {what}"));
    let kinds = |kinds: &Json| -> Vec<String> {
        let all = kinds.as_array().cloned().unwrap_or_else(|| vec![kinds.clone()]);
        all.iter().map(|k| k.as_str().unwrap().to_owned()).collect()
    };
    let is = |kind: &String| match kind.as_str() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("no type is called {other}"),
    };
    let mut below = Vec::new();
    for (word, wanted) in rule.as_object().expect("a schema is an object") {
        match word.as_str() {
            "$schema" | "$defs" | "title" | "description" => {}
            "type" if !kinds(wanted).iter().any(is) => say(format!("is no {wanted}: {value}")),
            "type" => {}
            "const" if value != wanted => say(format!("is not {wanted}: {value}")),
            "enum" if !wanted.as_array().unwrap().contains(value) => say(format!("is none of {wanted}: {value}")),
            "minimum" if value.as_f64().is_some_and(|v| v < wanted.as_f64().unwrap()) => say(format!("below {wanted}")),
            "const" | "enum" | "minimum" => {}
            "required" => {
                let lacks = |key: &&Json| value.is_object() && value.get(key.as_str().unwrap()).is_none();
                wanted.as_array().unwrap().iter().filter(lacks).for_each(|key| say(format!("has no {key}")));
            }
            "properties" => {
                for (key, rule) in wanted.as_object().unwrap() {
                    let inner = value.get(key).map(|v| faults(v, rule, root, &format!("{at}.{key}")));
                    below.extend(inner.unwrap_or_default());
                }
            }
            "additionalProperties" => {
                let known = rule.get("properties").and_then(Json::as_object);
                for (key, inner) in value.as_object().into_iter().flatten() {
                    match wanted {
                        _ if known.is_some_and(|k| k.contains_key(key)) => {}
                        Json::Bool(false) => say(format!("`{key}` is not in the schema")),
                        rule => below.extend(faults(inner, rule, root, &format!("{at}.{key}"))),
                    }
                }
            }
            "items" => {
                for (i, item) in value.as_array().into_iter().flatten().enumerate() {
                    below.extend(faults(item, wanted, root, &format!("{at}[{i}]")));
                }
            }
            "anyOf" => {
                let ways: Vec<Vec<String>> =
                    wanted.as_array().unwrap().iter().map(|r| faults(value, r, root, at)).collect();
                if ways.iter().all(|w| !w.is_empty()) {
                    // The way that comes nearest tells most.
                    below.extend(ways.into_iter().min_by_key(Vec::len).unwrap_or_default());
                }
            }
            "$ref" => {
                let wanted = wanted.as_str().unwrap();
                match wanted.strip_prefix('#') {
                    Some(inner) => below.extend(faults(value, root.pointer(inner).expect(wanted), root, at)),
                    None => {
                        let other = schema(wanted);
                        below.extend(faults(value, &other, &other, at));
                    }
                }
            }
            other => panic!("{at}: the checker does not know `{other}`"),
        }
    }
    found.extend(below);
    found
}

/// Parses what a command printed, and holds it against the schema.
pub fn held(printed: &str, name: &str, by: &str) -> Json {
    let value: Json = serde_json::from_str(printed).unwrap_or_else(|e| panic!("{by}: {e}: {printed:?}"));
    let rule = schema(&format!("{name}.json"));
    let wrong = faults(&value, &rule, &rule, "");
    assert!(
        wrong.is_empty(),
        "{by} prints what schemas/output/{name}.json does not describe (new fields are added there by hand):\n{}",
        wrong.join("\n")
    );
    assert!(value["v"].as_u64().is_some_and(|v| v > 0), "{by}: no `v`");
    value
}

fn run(scratch: &Scratch, name: &str, arguments: &[&str]) -> Json {
    let run = scratch.corpus(&[arguments, &["--format", "json"]].concat());
    held(&run.stdout(), name, &format!("corpus {}", arguments.join(" ")))
}

#[test]
fn the_checker_finds_what_is_wrong() {
    let rule = schema("check.json");
    let of = |value: Json| faults(&value, &rule, &rule, "").join("\n");
    let good = json!({"v": 2, "recipes": [{"recipe": "r", "ok": true, "problems": [], "mappings": ["a"]}]});
    assert_eq!(of(good.clone()), "");
    let with = |pointer: &str, value: Json| {
        let mut changed = good.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        of(changed)
    };
    assert_eq!(with("/v", json!(1)), ".v: is not 2: 1");
    assert!(with("/recipes/0/ok", json!("yes")).contains(".recipes[0].ok: is no \"boolean\""));
    assert!(with("/recipes/0/mappings/0", json!(3)).contains(".recipes[0].mappings[0]: is no"));
    assert!(with("/recipes/0", json!({"recipe": "r", "ok": true, "problems": [], "more": 1})).contains("has no"));
    let more = json!({"recipe": "r", "ok": true, "problems": [], "mappings": [], "more": 1});
    assert!(with("/recipes/0", more).contains("`more` is not in the schema"));
    let problem =
        json!({"code": "x", "severity": "fatal", "file": null, "line": 0, "column": 1, "message": "", "hint": null});
    let said = with("/recipes/0/problems", json!([problem]));
    assert!(said.contains("severity: is none of") && said.contains("line: below 1"), "{said}");
    let rule = schema("list.json");
    let none = faults(&json!({"v": 1, "stages": [{"name": "n"}]}), &rule, &rule, "");
    assert!(!none.is_empty(), "no way of `anyOf` fits");
}

#[test]
fn check_tells_each_problem_with_its_place() {
    let scratch = Scratch::new();
    scratch.write("docs.jsonl", json_lines(5));
    scratch.write("page.html", "<!DOCTYPE html><html><body>一页</body></html>");
    scratch.write(
        "bad.toml",
        "name='b'\n[[source]]\nname='d'\npath=['docs.jsonl']\nfromat='x'\n[[stage]]\nrun='kep'\n[[stage]]\nrun='keep'\nchars={ min='long' }\n",
    );
    let answer = run(&scratch, "check", &["check", "bad.toml"]);
    let problems = answer["recipes"][0]["problems"].as_array().unwrap();
    let of = |p: &Json| (p["code"].as_str().unwrap().to_owned(), p["line"].as_u64(), p["column"].as_u64());
    let places: Vec<_> = problems.iter().map(of).collect();
    assert_eq!(places[0], ("unknown_key".into(), Some(5), Some(1)), "{answer}");
    assert_eq!(places[1], ("unknown_name".into(), Some(7), Some(5)), "{answer}");
    assert_eq!((places.len(), places[2].1), (3, Some(10)), "{answer}");
    assert!(problems.iter().all(|p| p["file"] == "bad.toml" && p["severity"] == "error"), "{answer}");
    assert_eq!(problems[0]["hint"], "did you mean `format`?");

    scratch.write("syntax.toml", "name = 'b\n");
    let answer = run(&scratch, "check", &["check", "syntax.toml", "no-such.toml", "quickstart"]);
    let first = |i: usize| answer["recipes"][i]["problems"][0].clone();
    assert_eq!((&first(0)["code"], &first(0)["line"]), (&json!("syntax"), &json!(1)));
    assert_eq!((&first(1)["code"], &first(1)["file"]), (&json!("input"), &json!("no-such.toml")));
    // A row of the samples is broken on purpose.
    let warned = answer["recipes"][2]["problems"].as_array().unwrap();
    assert!(warned.iter().all(|p| p["severity"] == "warning" && p["code"] == "uncertain"), "{answer}");
    assert_eq!((&answer["recipes"][2]["ok"], warned.len()), (&json!(true), 1), "{answer}");

    scratch.write("file.toml", "name='b'\n[[source]]\nname='d'\npath=['docs.jsonl']\nuse='rlhf'\n");
    let answer = run(&scratch, "check", &["check", "file.toml"]);
    let problem = &answer["recipes"][0]["problems"][0];
    assert_eq!((&problem["file"], &problem["line"]), (&json!("docs.jsonl"), &json!(null)), "{answer}");
    assert!(problem["hint"].is_string(), "{answer}");
}

#[test]
fn lists_and_explanations() {
    let scratch = Scratch::new();
    for what in [
        &["list"][..],
        &["list", "stages"],
        &["list", "signals"],
        &["list", "recipes"],
        &["list", "exports"],
        &["list", "sources"],
        &["list", "sources", "--best"],
    ] {
        run(&scratch, "list", what);
    }
    for name in ["keep", "near_dedup", "quickstart", "chars_min", "mix", "jsonl", "sharegpt", "chars"] {
        run(&scratch, "explain", &["explain", name]);
    }
    // Every card has a place in the schema.
    let cards = run(&scratch, "list", &["list", "sources"]);
    let name = cards["sources"][0]["name"].as_str().unwrap();
    assert_eq!(run(&scratch, "explain", &["explain", name])["entries"][0]["card"]["name"], name);
    run(&scratch, "error", &["explain", "no such thing at all"]);
    assert_eq!(run(&scratch, "error", &["inspect", "--as", "nothing", "x"])["error"]["code"], "usage");
    assert_eq!(run(&scratch, "error", &["inspect", "nowhere"])["error"]["code"], "input");
}

#[test]
fn a_build_and_what_is_seen_of_it() {
    let scratch = Scratch::new();
    scratch.write("docs/a.jsonl", json_lines(40));
    scratch.write("docs/b.jsonl", format!("not JSON\n{}", json_lines(9)));
    scratch.write(
        "recipe.toml",
        "name='r'\n[[source]]\nname='d'\npath=['docs/*.jsonl']\n[input]\nmax_unreadable=0.5\n[[stage]]\nrun='keep'\n\
         chars={ min=60 }\n[[stage]]\nrun='exact_dedup'\n[[stage]]\nrun='near_dedup'\n",
    );
    run(&scratch, "plan", &["plan", "--recipe", "recipe.toml", "--out", "out"]);
    let build = run(&scratch, "build", &["build", "--recipe", "recipe.toml", "--out", "out"]);
    let file = std::fs::read_to_string(scratch.path("out/build.json")).unwrap();
    assert_eq!(held(&file, "build", "build.json")["totals"], build["totals"]);
    run(&scratch, "plan", &["plan", "--recipe", "recipe.toml", "--out", "out"]);
    run(&scratch, "plan", &["plan", "--recipe", "recipe.toml", "--out", "other", "--cluster", "8"]);
    for more in [&[][..], &["--dropped"], &["--unreadable"], &["--reason", "chars_min"]] {
        let seen = run(&scratch, "inspect", &[&["inspect", "out"], more].concat());
        assert!(seen["kind"] == "build" && !seen["rows"].as_object().unwrap().is_empty(), "{seen}");
    }
    for more in [&["--sample", "3"][..], &["--grep", "数据", "--all"], &["--id", "d3"]] {
        assert_eq!(run(&scratch, "inspect", &[&["inspect", "out"], more].concat())["kind"], "build");
    }
    let near = run(&scratch, "inspect", &["inspect", "out", "--near-limit"]);
    assert!(!near["limits"][0]["kept"].as_array().unwrap().is_empty(), "{near}");
    run(&scratch, "inspect", &["inspect", "out", "--clusters"]);
    let shard = crate::harness::files_under(&scratch.path("out/data"))[0].display().to_string();
    assert_eq!(run(&scratch, "inspect", &["inspect", &shard])["kind"], "parquet");
}

#[test]
fn raw_files_and_folders() {
    let scratch = Scratch::new();
    scratch.write("docs/a.jsonl", format!("{}not JSON\n", json_lines(9)));
    scratch.write("docs/b.txt", format!("{}\n", document(1)));
    scratch.write("docs/c.csv", "instruction,output\n问一,答一\n问二,答二\n");
    let page = "<page><title>桥</title><ns>0</ns><id>1</id><revision><id>1</id><text>高{{某尺|三丈}}。</text></revision></page>";
    scratch.write("wiki.xml", format!("<mediawiki>\n{page}\n</mediawiki>\n"));
    let wiki = run(&scratch, "inspect", &["inspect", "wiki.xml"]);
    assert_eq!(wiki["unlisted_templates"].as_array().map(Vec::len), Some(1), "{wiki}");
    for (path, kind) in [("docs", "folder"), ("docs/a.jsonl", "file"), ("docs/b.txt", "file"), ("docs/c.csv", "file")] {
        assert_eq!(run(&scratch, "inspect", &["inspect", path])["kind"], kind);
    }
    scratch.write("docs/page.html", "<!DOCTYPE html><html></html>");
    let init = run(&scratch, "init", &["init", "docs"]);
    assert_eq!(
        (init["sources"].as_array().unwrap().len(), init["no_data"].as_array().unwrap().len()),
        (3, 1),
        "{init}"
    );
    run(&scratch, "inspect", &["inspect", "docs/c.csv", "--as", "alpaca"]);
}

#[test]
fn the_store_and_what_fills_it() {
    let scratch = Scratch::new();
    scratch.store("mine", "hf:owner/mine", "abc", &[("all", "a.jsonl", json_lines(3))]);
    for what in ["list", "size", "verify"] {
        run(&scratch, "cache", &["cache", what]);
    }
    let there = run(&scratch, "cache", &["cache", "list"])["files"][0]["path"].as_str().unwrap().to_owned();
    std::fs::write(there, "other").unwrap();
    let bad = run(&scratch, "cache", &["cache", "verify"]);
    assert_eq!(bad["bad"].as_array().unwrap().len(), 1, "{bad}");
    run(&scratch, "cache", &["cache", "prune", "mine"]);
    run(&scratch, "cache", &["cache", "prune", "mine", "--yes"]);

    let plan = run(&scratch, "fetch", &["fetch", "alpaca", "--dry-run", "--offline"]);
    assert!(plan["unknown"].is_u64() && !plan["sets"][0]["parts"].as_array().unwrap().is_empty(), "{plan}");
    let row = json!({"instruction": "问", "input": "", "output": "答"});
    scratch.write("mine/alpaca_data.json", json!([row]).to_string());
    let accept = ["--accept-license", "alpaca"];
    let answer = run(&scratch, "fetch", &[&["fetch", "alpaca", "--from", "mine"], &accept[..]].concat());
    assert_eq!(answer["sets"][0]["files"][0]["state"], "imported", "{answer}");
}

#[test]
fn recipes_before_there_is_data() {
    let scratch = Scratch::new();
    let answer = run(&scratch, "check", &["check", "zh-pretrain"]);
    assert!(answer["recipes"][0]["missing"]["command"].is_string(), "{answer}");
    let answer = run(&scratch, "plan", &["plan", "--recipe", "zh-pretrain"]);
    assert!(answer["estimate"].is_null() && answer["missing"]["untold"] == 0, "{answer}");
}

#[test]
fn models_that_are_trained() {
    let scratch = Scratch::new();
    scratch.write("good.jsonl", crate::models::rows(200, false));
    scratch.write("bad.jsonl", crate::models::rows(200, true));
    let answer = run(&scratch, "train-quality", &["train-quality", "--good", "good.jsonl", "--bad", "bad.jsonl"]);
    assert!(answer["telling"]["good"].as_array().is_some_and(|f| !f.is_empty()), "{answer}");
    let answer = run(&scratch, "train-perplexity", &["train-perplexity", "good.jsonl", "bad.jsonl", "--order", "3"]);
    assert_eq!(
        (answer["ngrams"].as_array().map(Vec::len), answer["full"].as_bool()),
        (Some(3), Some(false)),
        "{answer}"
    );
}

/// Every command that prints JSON names its schema in its help, and every schema is of a command (or part of one).
#[test]
fn help_names_the_schema() {
    let scratch = Scratch::new();
    let root = corpus::cli::command();
    let silent = ["cluster", "completions", "man", "help"];
    for command in root.get_subcommands().map(|c| c.get_name()) {
        let help = scratch.corpus(&[command, "--help"]).stdout();
        let path = format!("schemas/output/{command}.json");
        assert_eq!(help.contains(&path), !silent.contains(&command), "{command}: {help}");
        assert!(silent.contains(&command) || folder().join(format!("{command}.json")).is_file(), "{path} is not there");
    }
    assert!(scratch.corpus(&["cache", "size", "--help"]).stdout().contains("schemas/output/cache.json"));
    let known: BTreeSet<String> =
        corpus::cli::SCHEMAS.iter().chain(&["error", "card", "lacking"]).map(|n| format!("{n}.json")).collect();
    let there = std::fs::read_dir(folder()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    assert_eq!(there.collect::<BTreeSet<String>>(), known);
}
