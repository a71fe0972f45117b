//! Recipes: all mistakes at once, each with its place and cure.

use crate::harness::{Scratch, json_lines};

const MISTAKES: &str = r#"name = "a/b"
abuot = "typo"

[[source]]
name = "docs"
path = ["*.jsonl"]
use  = "pretrian"
formt = "jsonl"

[[source]]
name = "docs"
path = 7

[input]
max_row = "64 mega"

[[stage]]
run = "normalise"

[[stage]]
run = "words"
colum = true

[[stage]]
run = "keep"
chras = { min = 10 }
language = { in = ["zh"] }

[[stage]]
run = "sample"
share = 2

[output]
dropped_text = "some"
"#;

#[test]
fn ten_mistakes_are_reported_at_once() {
    let scratch = Scratch::new();
    scratch.write("recipe.toml", MISTAKES);
    let run = scratch.try_build("out", &[]);
    let said = run.stderr();
    assert_eq!(run.code(), 1);
    for (line, what) in [
        (1, "cannot name a folder"),
        (2, "did you mean `about`?"),
        (7, "did you mean `pretrain`?"),
        (8, "did you mean `format`?"),
        (11, "two sources are called `docs`"),
        (12, "`path` should be text or a list of texts"),
        (15, "`max_row` should be a size"),
        (18, "did you mean `normalize`?"),
        (22, "did you mean `column`?"),
        (26, "did you mean `chars`?"),
        (27, "no stage before this one measures `language`"),
        (31, "a share lies between 0 and 1"),
        (34, "`dropped_text` should be"),
    ] {
        assert!(said.contains(what), "not said: {what}\n{said}");
        assert!(said.contains(&format!("recipe.toml:{line}:")), "no problem is placed at line {line}\n{said}");
    }
    assert!(said.contains("13 problems in recipe.toml"), "{said}");
    assert!(!scratch.path("out").exists(), "a recipe with problems writes nothing");
}

#[test]
fn set_changes_an_option_and_knows_its_words() {
    let scratch = Scratch::new();
    scratch.write("docs.jsonl", json_lines(100));
    scratch.write(
        "recipe.toml",
        "name='s'\n[[source]]\nname='d'\npath=['docs.jsonl']\n[[stage]]\nrun='keep'\nname='basics'\nchars={min=1}\n",
    );
    let strict = scratch.build("strict", &["--set", "basics.chars.min=100000"]);
    assert_eq!((strict.total("kept"), strict.reasons()["chars_min"]), (0, 100));
    for (set, said) in [("basic.chars.min=3", "did you mean `basics`?"), ("nonsense", "not STAGE.KEY=VALUE")] {
        let run = scratch.try_build("wrong", &["--set", set]);
        assert_eq!(run.code(), 2);
        assert!(run.stderr().contains(said), "{}", run.stderr());
    }
}

#[test]
fn shipped_recipes_have_no_problems() {
    for (name, text) in corpus::recipe::SHIPPED {
        let read = corpus::recipe::read(text, name.as_ref(), ".".as_ref(), &[]);
        assert!(read.is_ok(), "{name}: {}", read.unwrap_err());
        assert!(text.starts_with("#:schema ../schemas/recipe.schema.json"), "{name} names no schema");
    }
}

/// A stage for one language only cleans what is measured to be of it, in the output as in the signals.
#[test]
fn cleaning_by_language_is_the_same_however_often_text_is_read() {
    let scratch = Scratch::new();
    let zh = "今天（１２３）我们在图书馆里读了一整天的书，晚上才回到家里休息。";
    let en = "We read （１２３） books in the library all day and went home in the evening.";
    let lines: Vec<String> = [zh, en].iter().map(|t| serde_json::json!({"text": t}).to_string()).collect();
    scratch.write("d.jsonl", lines.join("\n"));
    scratch.write(
        "recipe.toml",
        "name='r'\n[[source]]\nname='d'\npath='d.jsonl'\nuse='pretrain'\n[[stage]]\nrun='language'\n\
         [[stage]]\nrun='normalize'\nonly={language=['zh']}\n[[stage]]\nrun='keep'\nchars={min=5}\n",
    );
    let texts = scratch.build("out", &[]).column("data/pretrain", "text");
    assert_eq!(texts, [zh.replace("１２３", "123"), en.to_owned()]);
}
