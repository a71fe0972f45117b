//! Sets of the hub in folders: data files, configurations and splits, and what is said of the rest.

use crate::harness::Scratch;

fn recipe(scratch: &Scratch, path: &str, more: &str) {
    scratch.write("recipe.toml", format!("[[source]]\nname='s'\npath=['{path}']\n{more}"));
}

fn texts(scratch: &Scratch) -> (Vec<String>, String) {
    let run = scratch.try_build("out", &["--fresh"]);
    assert_eq!(run.code(), 0, "{}", run.stderr());
    let built = scratch.built("out");
    built.check_accounts();
    (built.column("data/pretrain", "text"), run.stderr())
}

fn row(text: &str) -> String {
    format!("{{\"text\":\"{text}\"}}\n")
}

/// A download of a set as it lies on disk: a card with configurations, splits, and what tells of them.
fn set(scratch: &Scratch) {
    let card = "---\nlicense: mit\nconfigs:\n- config_name: 河\n  data_files:\n  - split: train\n    path: river/*.jsonl\n  - split: test\n    path: held/*.jsonl\n---\n# 一个数据集\n\n说明文字。\n";
    scratch.write("set/README.md", card);
    scratch.write("set/LICENSE", "MIT\n");
    scratch.write("set/dataset_infos.json", "{\"default\":{\"splits\":{}}}");
    scratch.write("set/load.py", "print('load')\n");
    scratch.write("set/.cache/huggingface/download/a.jsonl.metadata", "0123\n");
    scratch.write("set/river/a.jsonl", row("河水很急。"));
    scratch.write("set/held/b.jsonl", row("考题不在训练里。"));
    scratch.write("set/notes.txt", "随手记下的话。\n");
}

#[test]
fn a_set_is_read_by_its_card() {
    let scratch = Scratch::new();
    set(&scratch);
    recipe(&scratch, "set", "");
    let (read, said) = texts(&scratch);
    assert_eq!(read, ["河水很急。"]);
    for word in ["left out", "`test` (held/b.jsonl)", "split = \"all\"", "notes.txt", "README.md"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    let check = scratch.corpus(&["check", "recipe.toml"]);
    check.says(0, &["held/b.jsonl"]);
    recipe(&scratch, "set", "split='test'\n");
    assert_eq!(texts(&scratch).0, ["考题不在训练里。"]);
    recipe(&scratch, "set", "split='all'\n");
    assert_eq!(texts(&scratch).0.len(), 2);
    recipe(&scratch, "set", "config='山'\n");
    let run = scratch.try_build("out", &["--fresh"]);
    run.says(1, &["there are 河"]);
    // A glob is what the recipe says, and takes splits only where it asks for them.
    recipe(&scratch, "set/*/*.jsonl", "");
    assert_eq!(texts(&scratch).0.len(), 2);
}

#[test]
fn splits_of_a_folder_are_told_by_names() {
    let scratch = Scratch::new();
    scratch.write("in/data/train-00000-of-00001.jsonl", row("磨坊在河边。"));
    scratch.write("in/data/test-00000-of-00001.jsonl", row("灯塔在海边。"));
    scratch.write("in/data/validation-00000-of-00001.jsonl", row("桥在村口。"));
    recipe(&scratch, "in", "");
    let (read, said) = texts(&scratch);
    assert_eq!(read, ["磨坊在河边。"]);
    assert!(said.contains("`test`") && said.contains("`validation`"), "{said}");
    recipe(&scratch, "in", "split=['train','validation']\n");
    assert_eq!(texts(&scratch).0, ["磨坊在河边。", "桥在村口。"]);
    recipe(&scratch, "in", "split='held'\n");
    let run = scratch.try_build("out", &["--fresh"]);
    run.says(1, &["no split is called `held`"]);
}

/// Of the hub's own cache the snapshot that `main` is; its blobs are the same files again.
#[test]
fn the_cache_of_the_hub_is_read_once() {
    let scratch = Scratch::new();
    let home = "datasets--a--b";
    scratch.write(&format!("{home}/refs/main"), "bbb");
    scratch.write(&format!("{home}/blobs/77"), row("河边有人。"));
    scratch.write(&format!("{home}/snapshots/aaa/x.jsonl"), row("旧的一行。"));
    scratch.write(&format!("{home}/snapshots/bbb/x.jsonl"), row("河边有人。"));
    recipe(&scratch, home, "");
    assert_eq!(texts(&scratch).0, ["河边有人。"]);
}

/// A file that only tells of data ends no build, in a folder without a card either.
#[test]
fn what_tells_of_data_ends_no_build() {
    let scratch = Scratch::new();
    scratch.write("in/a.jsonl", row("河边有人。"));
    scratch.write("in/dataset_infos.json", "{\"default\":{\"splits\":{\"train\":{\"num_examples\":1}}}}");
    recipe(&scratch, "in/*", "");
    let (read, said) = texts(&scratch);
    assert_eq!(read, ["河边有人。"]);
    assert!(!said.contains("error"), "{said}");
}

/// Splits that are lists of one object: each row is read or set aside.
#[test]
fn splits_in_one_object_are_accounted_for() {
    let scratch = Scratch::new();
    let list = |word: &str, n: usize| {
        let rows: Vec<String> = (0..n).map(|i| format!("{{\"text\":\"{word}，第{i}行。\"}}")).collect();
        format!("[{}]", rows.join(", "))
    };
    let text = format!(
        "{{\"about\": \"x\",\n\"train\": {},\n\"dev\": {},\n\"test\": {}}}",
        list("山", 300),
        list("水", 3),
        list("石", 2)
    );
    scratch.write("all.json", text);
    recipe(&scratch, "all.json", "");
    for unit in ["2KiB", "64MiB"] {
        let run = scratch.try_build("out", &["--fresh", "--unit", unit]);
        assert_eq!(run.code(), 0, "{}", run.stderr());
        let built = scratch.built("out");
        built.check_accounts();
        assert_eq!((built.total("kept"), built.total("dropped")), (300, 5), "{unit}");
        assert_eq!(built.reasons()["other_split"], 5);
        assert!(run.stderr().contains("splits train, validation, test"), "{}", run.stderr());
    }
    recipe(&scratch, "all.json", "split='all'\n");
    assert_eq!(texts(&scratch).0.len(), 305);
    recipe(&scratch, "all.json", "split=['test']\n");
    assert_eq!(texts(&scratch).0, ["石，第0行。", "石，第1行。"]);
}
