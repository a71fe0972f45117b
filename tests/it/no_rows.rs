//! Sources that give no row end with the reason and the key that helps, in `check` and in `build`; and a build says how
//! it reads each source before it does.

use super::harness::{Scratch, contains};

/// A recipe of one source.
fn recipe(scratch: &Scratch, path: &str, more: &str) {
    scratch.write("recipe.toml", format!("[[source]]\nname='s'\npath=['{path}']\n{more}"));
}

/// Each ends `check` and `build` with code 1, and both say why and what helps.
#[test]
fn a_source_without_a_row_says_why_and_which_key_helps() {
    let scratch = Scratch::new();
    scratch.write(
        "names.csv",
        "mark,notice\n1,The ferry was late again today.\n0,A quiet harbour.\n1,Nets on the wall.\n",
    );
    scratch.write("broken.jsonl", "{\"text\": \"one\n{\"text\": \"two\n{\"text\": \"three\n{\"text\": \"four\n");
    scratch.write("page.html", "<!DOCTYPE html><html><body>Gone away.</body></html>");
    scratch.write("numbers.jsonl", "1\n2\n3\n");
    scratch.write("empty.jsonl", "");
    scratch.write("typed.jsonl", "{\"text\":{\"a\":[1]}}\n{\"text\":{\"a\":[2]}}\n");
    scratch.write("columns.json", r#"{"instruction":["1+1?","2+2?"],"output":["2","4"]}"#);
    scratch.write("pandas.json", r#"{"text":{"0":"A quiet harbour.","1":"Nets on the wall."}}"#);
    let cases: [(&str, &str, &[&str]); 8] = [
        ("names.csv", "", &["field_missing", "mark, notice", "fields = {"]),
        ("broken.jsonl", "format='fields'\n", &["broken.jsonl", "json", "format"]),
        ("page.html", "", &["a page of HTML", "page.html"]),
        ("numbers.jsonl", "format='jsonl'\n", &["not_object", "format = \"text\""]),
        ("empty.jsonl", "", &["empty.jsonl", "the file is empty"]),
        ("typed.jsonl", "use='pretrain'\n", &["field_type", "with dots"]),
        ("columns.json", "use='instruct'\n", &["by_columns", "holds 2 values", "orient=\"records\""]),
        ("pandas.json", "use='pretrain'\n", &["by_columns", "holds 2 values", "make each list one text"]),
    ];
    for (path, more, words) in cases {
        recipe(&scratch, path, more);
        let check = scratch.corpus(&["check", "recipe.toml"]);
        let build = scratch.try_build("out", &["--fresh"]);
        for (by, run) in [("check", check), ("build", build)] {
            let said = run.stderr();
            assert_eq!(run.code(), 1, "{by} {path}: {said}");
            for word in words {
                assert!(said.contains(word), "{by} {path}: {word} is not said:\n{said}");
            }
            assert!(!said.contains("raise `max_unreadable`"), "{by} {path}: {said}");
        }
    }
    // Whoever allows it gets the output, and is told all the same.
    recipe(&scratch, "broken.jsonl", "format='fields'\n[input]\nmax_unreadable=1.0\n");
    let build = scratch.try_build("all", &[]);
    assert_eq!(build.code(), 0);
    assert!(build.stderr().contains("warning: source `s`: none of its"), "{}", build.stderr());
}

#[test]
fn too_many_bad_rows_are_told_with_the_most_frequent_reason() {
    let scratch = Scratch::new();
    let good = "{\"text\":\"Bread is baked at four.\"}\n".repeat(8);
    scratch.write("a.jsonl", format!("{good}{{\"txet\":\"x\"}}\n{{\"txet\":\"y\"}}\nnot JSON\n"));
    recipe(&scratch, "a.jsonl", "");
    let said = scratch.try_build("out", &[]).stderr();
    assert!(said.contains("3 of 11 rows") && said.contains("2 of them for field_missing"), "{said}");
    assert!(said.contains("the row has: txet") && said.contains("raise `max_unreadable`"), "{said}");
    let check = scratch.corpus(&["check", "recipe.toml"]).stderr();
    assert!(check.contains("not all of its first 11 rows can be read: field_missing"), "{check}");
}

#[test]
fn a_file_that_is_no_data_under_a_glob_is_noted_by_check() {
    let scratch = Scratch::new();
    scratch.write("in/a.jsonl", "{\"text\":\"Bread is baked at four.\"}\n");
    scratch.write("in/b.pdf", b"%PDF-1.4\n1 0 obj\n");
    recipe(&scratch, "in/*", "");
    let run = scratch.corpus(&["check", "recipe.toml"]);
    assert_eq!(run.code(), 0, "{}", run.stderr());
    assert!(run.stderr().contains("in/b.pdf") && run.stderr().contains("a PDF document"), "{}", run.stderr());
}

/// A README beside data is left out by `check` as by `build`.
#[test]
fn check_looks_at_what_a_build_reads() {
    let scratch = Scratch::new();
    scratch.write("set/README.md", "# Words about it\n");
    scratch.write("set/a.jsonl", "{\"instruction\":\"Name a boat.\",\"input\":\"\",\"output\":\"A dinghy.\"}\n");
    recipe(&scratch, "set", "");
    let run = scratch.corpus(&["check", "recipe.toml"]);
    assert_eq!(run.code(), 0, "{}", run.stderr());
    assert!(run.stderr().contains("left out") && run.stderr().contains("README.md"), "{}", run.stderr());
}

#[test]
fn a_file_of_another_use_is_named() {
    let scratch = Scratch::new();
    for name in ["a", "b", "c"] {
        let row = format!("{{\"instruction\":\"Name a boat, {name}.\",\"input\":\"\",\"output\":\"A dinghy.\"}}\n");
        scratch.write(&format!("in/{name}.jsonl"), row);
    }
    scratch.write("in/odd.txt", "Only a page of prose about boats.\n");
    recipe(&scratch, "in/*", "");
    for run in [scratch.corpus(&["check", "recipe.toml"]), scratch.try_build("out", &[])] {
        assert_eq!(run.code(), 1);
        let said = run.stderr();
        assert!(said.contains("in/odd.txt for pretrain") && said.contains("use = \"instruct\""), "{said}");
    }
    // So is one whose rows the said use does not have.
    scratch.write("in/odd.txt", "井\t水\n山\t石\n路\t桥\n");
    recipe(&scratch, "in/odd.txt", "use='rlhf'\nformat='pairs'\n");
    let said = scratch.try_build("out", &[]).stderr();
    assert!(said.contains("odd.txt"), "{said}");
}

#[test]
fn a_build_says_first_how_it_reads_each_source() {
    let scratch = Scratch::new();
    let row = "{\"instruction\":\"Name a boat.\",\"input\":\"\",\"output\":\"A dinghy.\",\"k1\":1,\"k2\":2,\"k3\":3,\"k4\":4,\"k5\":5}\n";
    scratch.write("a.jsonl", row);
    scratch.write("b.txt", "Only a page of prose about boats.\n");
    let mut text =
        String::from("[[source]]\nname='boats'\npath=['a.jsonl']\n[[source]]\nname='prose'\npath=['b.txt']\n");
    scratch.write("recipe.toml", &text);
    let run = scratch.try_build("out", &[]);
    let said = run.stderr();
    assert_eq!(run.code(), 0, "{said}");
    let line = said.lines().find(|l| l.contains("boats · instruct")).unwrap_or_else(|| panic!("{said}"));
    for word in ["jsonl/alpaca", "% sure", "format = \"alpaca\" settles it", "response ← output", "and 1 more"] {
        assert!(line.contains(word), "{word}: {line}");
    }
    assert!(said.contains("prose · pretrain · text, a document a file"), "{said}");
    assert!(said.find("boats · ").unwrap() < said.find("Reading").unwrap(), "{said}");
    assert!(scratch.corpus(&["-q", "build", "--recipe", "recipe.toml", "--out", "q"]).stderr().is_empty());
    // Of many sources the first ones.
    (0..20).for_each(|n| text += &format!("[[source]]\nname='m{n}'\npath=['b.txt']\n"));
    scratch.write("recipe.toml", text);
    let said = scratch.try_build("many", &[]).stderr();
    contains(&said, &["m3 · ", "and 10 more sources"], &["m19 · "]);
}
