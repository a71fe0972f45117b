//! Words of a user's own for the stages that cut Chinese: they count as words, a wrong line is named, and another file
//! measures again.

use crate::harness::{Scratch, contains};

const SOURCE: &str = "name='w'\n[[source]]\nname='s'\npath=['docs.jsonl']\nuse='pretrain'\n";

#[test]
fn words_of_ones_own_are_words() {
    let scratch = Scratch::new();
    scratch.write("docs.jsonl", "{\"id\":\"a\",\"text\":\"凱特琳在云计算平台唱卡拉OK\"}\n");
    let recipe = format!(
        "{SOURCE}[[stage]]\nrun='words'\ncolumn=true\ndictionary='own.txt'\n[[stage]]\nrun='quality'\nunit='words'\n\
         dictionary='own.txt'\n[output]\nsignals=['word_count', 'units']\n"
    );
    scratch.write("recipe.toml", recipe);
    scratch.write("own.txt", "凱特琳 nz\n云计算平台 5 n\n卡拉OK\n");
    let built = scratch.build("out", &[]);
    assert_eq!(built.column("data/pretrain", "word_count"), ["5"]);
    assert_eq!(built.column("data/pretrain", "units"), ["5"]);
    scratch.write("own.txt", "云计算平台 5 n\n");
    let fewer: u64 = scratch.build("out", &[]).column("data/pretrain", "word_count")[0].parse().unwrap();
    assert!(fewer > 5, "another file measures again: {fewer}");

    scratch.write("own.txt", "凱特琳 nz\n云计算 5.5\n");
    for command in [&["check", "recipe.toml"][..], &["build", "--recipe", "recipe.toml", "--out", "out"]] {
        let run = scratch.corpus(command);
        assert_eq!(run.code(), 1);
        contains(&(run.stdout() + &run.stderr()), &["own.txt:2: `5.5` is no frequency", "云计算 5 n"], &[]);
    }
    scratch.write("recipe.toml", format!("{SOURCE}[[stage]]\nrun='quality'\ndictionary='own.txt'\n"));
    scratch.corpus(&["check", "recipe.toml"]).says(1, &["`dictionary` is for `unit = \"words\"` alone"]);
}
