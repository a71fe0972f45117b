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
    let told = scratch.built("out").manifest["heavy"].clone();
    let gone = told[0]["rows"].as_u64().unwrap();
    assert!(gone > 30 && gone < 60, "{told}");
    let one = json!([{"stage": "basics", "reason": "han_ratio_min", "source": "tech", "rows": gone, "reached": 60,
        "rule": "han_ratio = { min = 0.4 }"}]);
    assert_eq!(told, one, "the prose loses next to nothing");
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
