//! The stages that CONTRIBUTING.md offers to copy, in a build: a measuring stage with a file, a pass over all rows.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::{Built, Options, Progress, run};

struct Silent;

impl Progress for Silent {
    fn phase(&self, _: &str, _: u64) {}
    fn advance(&self, _: u64) {}
    fn done(&self, _: &str) {}
}

fn built(folder: &Path) -> Built {
    let recipe = crate::recipe::load(&folder.join("r.toml").to_string_lossy(), &[]).unwrap();
    let options = Options {
        out: folder.join("out"),
        work: folder.join("work"),
        threads: 2,
        memory: 1 << 30,
        unit: 1 << 20,
        reuse: None,
        fresh: false,
        keep_work: false,
        work_limit: None,
        replace: false,
        stop: Arc::new(AtomicBool::new(false)),
        watch: None,
        worker: None,
        cluster: None,
    };
    run(&recipe, &options, &Silent).unwrap()
}

#[test]
fn the_templates_of_stages_run_in_a_build() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("words.txt", "猫\n");
    let row = |text: &str| format!("{{\"text\": \"{text}\"}}\n");
    write("a.jsonl", &["猫在河边走", "猫在河边跑，跑得很快", "山上没有人家"].map(row).concat());
    write(
        "r.toml",
        "[[source]]\nname = 'a'\npath = 'a.jsonl'\nuse = 'pretrain'\n[[stage]]\nrun = 'listed_words'\nlist = 'words.txt'\n\
         [[stage]]\nrun = 'same_start'\nchars = 4\n[[stage]]\nrun = 'keep'\nlisted_words = { min = 1 }\n",
    );
    let reasons = |built: &Built| {
        let all = built.manifest.reasons.iter();
        all.map(|r| (r.stage.clone(), r.reason.clone(), r.rows)).collect::<Vec<_>>()
    };
    let expected = |first: u64| {
        let line = |stage: &str, reason: &str, rows| (stage.to_owned(), reason.to_owned(), rows);
        let mut all = vec![line("keep", "listed_words_min", first), line("same_start", "same_start", 1)];
        all.sort();
        all
    };
    let sorted = |built: &Built| {
        let mut all = reasons(built);
        all.sort();
        all
    };
    assert_eq!(sorted(&built(folder.path())), expected(1));
    // Another list is another measuring.
    write("words.txt", "河\n山\n");
    assert_eq!(sorted(&built(folder.path())), expected(0)[1..].to_vec());
}
