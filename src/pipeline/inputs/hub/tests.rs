use super::*;

const NOTHING: Asked<'_> = Asked { split: &[], config: &[] };

fn taken<'n>(names: &[&'n str], card: Option<&str>, set: bool, asked: &Asked<'_>) -> (Vec<&'n str>, String) {
    let chosen = choose(names, card, set, asked).unwrap();
    (chosen.files.iter().map(|n| names[*n]).collect(), chosen.said.join("; "))
}

#[test]
fn names_tell_splits() {
    for (name, wanted) in [
        ("data/train-00000-of-00002.parquet", Some("train")),
        ("data/train_sft-00000-of-00002-0a1b.parquet", Some("train")),
        ("zh/dev.jsonl", Some("validation")),
        ("test/part-7.jsonl", Some("test")),
        ("train/eval_1.jsonl", Some("test")),
        ("train_test.jsonl", None),
        ("a/trains.jsonl", None),
        ("latest.jsonl", None),
        ("devices.csv", None),
        ("val2.csv", Some("validation")),
    ] {
        assert_eq!(split(name), wanted, "{name}");
    }
}

#[test]
fn train_is_read_and_the_rest_is_said() {
    let names = ["data/test-0.parquet", "data/train-0.parquet", "data/train-1.parquet", "extra.parquet", "README.md"];
    let (files, said) = taken(&names, None, true, &NOTHING);
    assert_eq!(files, ["data/train-0.parquet", "data/train-1.parquet", "extra.parquet"]);
    assert!(said.contains("`test` (data/test-0.parquet)") && said.contains("split = \"all\""), "{said}");
    assert!(said.contains("README.md"), "{said}");
    let all = ["all".to_owned()];
    assert_eq!(taken(&names, None, true, &Asked { split: &all, config: &[] }).0.len(), 4);
    let test = ["test".to_owned()];
    assert_eq!(taken(&names, None, true, &Asked { split: &test, config: &[] }).0, ["data/test-0.parquet"]);
    let missing = ["validation".to_owned()];
    let error = choose(&names, None, true, &Asked { split: &missing, config: &[] }).unwrap_err();
    assert!(error.contains("`validation`") && error.contains("test, train"), "{error}");
    // Without a split called train there is nothing to prefer.
    assert_eq!(taken(&["test.jsonl", "dev.jsonl"], None, true, &NOTHING).0.len(), 2);
    // Folders of a plain folder are sets of their own.
    let plain = ["a/train.jsonl", "a/test.jsonl", "b/test.jsonl", "c/train/x.txt", "c/test/y.txt"];
    assert_eq!(taken(&plain, None, false, &NOTHING).0, ["a/train.jsonl", "b/test.jsonl", "c/train/x.txt"]);
}

const CARD: &str = "license: mit\nconfigs:\n- config_name: zh\n  data_files:\n  - split: train\n    path: zh/*.jsonl\n  - split: test\n    path: [zh/held/*.jsonl]\n- config_name: en\n  data_dir: en\n";

#[test]
fn configurations_of_the_card_name_the_data() {
    let names = ["zh/a.jsonl", "zh/held/b.jsonl", "en/train.jsonl", "en/dev.jsonl", "notes.txt", "more.jsonl"];
    let (files, said) = taken(&names, Some(CARD), true, &NOTHING);
    assert_eq!(files, ["zh/a.jsonl", "en/train.jsonl", "more.jsonl"]);
    for word in ["`test` (zh/held/b.jsonl)", "`validation` (en/dev.jsonl)", "names: notes.txt"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    let zh = ["zh".to_owned()];
    let (files, said) = taken(&names, Some(CARD), true, &Asked { split: &[], config: &zh });
    assert_eq!(files, ["zh/a.jsonl"]);
    assert!(said.contains("`en` (en/train.jsonl, en/dev.jsonl)") && said.contains("config = \"all\""), "{said}");
    let fr = ["fr".to_owned()];
    let error = choose(&names, Some(CARD), true, &Asked { split: &[], config: &fr }).unwrap_err();
    assert!(error.contains("`fr`") && error.contains("zh, en"), "{error}");
}

#[test]
fn a_default_configuration_stands_for_the_set() {
    let card = "configs:\n- config_name: default\n  data_files: data/*.parquet\n- config_name: raw\n  data_files:\n    train: raw.parquet\n";
    let names = ["data/a.parquet", "raw.parquet", "old.parquet"];
    let (files, said) = taken(&names, Some(card), true, &NOTHING);
    assert_eq!(files, ["data/a.parquet"]);
    assert!(said.contains("`raw` (raw.parquet)") && said.contains("names: old.parquet"), "{said}");
}

#[test]
fn a_table_in_two_kinds_of_file_is_read_once() {
    let (files, said) = taken(&["a.csv", "a.parquet", "b.csv", "x/a.csv"], None, true, &NOTHING);
    assert_eq!(files, ["a.parquet", "b.csv", "x/a.csv"]);
    assert!(said.contains("a.csv"), "{said}");
}

#[test]
fn cards_are_told_from_other_readmes() {
    assert_eq!(card("---\nlicense: mit\n---\n# A set\n"), Some("license: mit\n"));
    assert_eq!(card("---\r\nlicense: mit\r\n---\r\n"), Some("license: mit\r\n"));
    assert_eq!(card("# A set\n---\nx\n---\n"), None);
    assert!(configs("not: [closed").is_empty() && configs("a: 1\n").is_empty());
}
