//! What is decided over all rows, by executors: what comes out is what one process makes.

use super::processes::{Cluster, bare, gone, spawned};
use crate::harness::{Scratch, json_lines, same_output};
use crate::workers::{MORE, ends, lines, until};

/// Rows that say which of two answers is the better one; some say it the other way round.
fn pairs(rows: std::ops::Range<u64>) -> String {
    let said = |role: &str, text: String| serde_json::json!([{"role": role, "content": text}]);
    let row = |n: u64| {
        let answer = |at: u64| said("assistant", format!("答案是{}，因为它在书里写着。", (n % 700 + at) % 3));
        let (better, worse) = if n.is_multiple_of(31) { (answer(1), answer(0)) } else { (answer(0), answer(1)) };
        let prompt = said("user", format!("第{}个问题：这座桥是哪一年修的？", n % 700));
        let row = serde_json::json!({"prompt": prompt, "chosen": better, "rejected": worse});
        format!("{row}\n")
    };
    rows.map(row).collect()
}

/// Amounts of a mix, what is held out, and labels that contradict each other, of plain and packed files; executors are lost
/// on the way.
#[test]
fn executors_mix_hold_out_and_compare_labels() {
    let scratch = Scratch::new();
    let pages = |rows: std::ops::Range<usize>| -> String {
        let all = json_lines(rows.end as u64);
        let page = |(n, line): (usize, &str)| {
            line.replace("\"}", &format!("\",\"url\":\"https://a.example/{}\"}}\n", n % 900))
        };
        all.lines().enumerate().skip(rows.start).map(page).collect()
    };
    scratch.write("docs.jsonl", pages(0..2_500));
    scratch.write("packed.jsonl.zst", zstd::encode_all(pages(1_900..3_400).as_bytes(), 3).unwrap());
    scratch.write("pairs.jsonl", pairs(0..2_400));
    scratch.write("others.jsonl.zst", zstd::encode_all(pairs(2_000..3_000).as_bytes(), 3).unwrap());
    let source =
        |name: &str, path: &str, more: &str| format!("[[source]]\nname = \"{name}\"\npath = [\"{path}\"]\n{more}\n");
    let sources = source("docs", "docs.jsonl", "use = \"pretrain\"\nweight = 2.0")
        + &source("packed", "packed.jsonl.zst", "use = \"pretrain\"\nweight = 1.0\nrepeat = 3.0")
        + &source("pairs", "pairs.jsonl", "use = \"preference\"\nweight = 0.5\nrepeat = 1.5")
        + &source("others", "others.jsonl.zst", "use = \"preference\"\nweight = 0.25");
    for (round, (by, job)) in [("chars", "conflicts"), ("rows", "mix"), ("chars", "split")].into_iter().enumerate() {
        let stages = "[[stage]]\nrun = \"label_conflict\"\n";
        let mix = format!("[mix]\nby = \"{by}\"\n[split]\nvalidation = 0.05\ntest = 40\nseed = {round}\n");
        scratch.write("recipe.toml", format!("name = \"all\"\nabout = \"a test\"\n{sources}{stages}{mix}"));
        let alone = scratch.build("alone", &MORE);
        let stages = alone.manifest["stages"].as_array().unwrap();
        let conflicts = stages.iter().find(|stage| stage["run"] == "label_conflict").map(gone);
        assert!(conflicts > Some(100), "{conflicts:?}");
        let mut cluster = Cluster::start(&scratch, 2);
        let build = spawned(cluster.command(&scratch, "shared"));
        until(&scratch, &format!("done {job}-parts "), 3);
        cluster.loses_one(&scratch, 2);
        ends(build);
        let shared = scratch.built("shared");
        same_output(&alone, &shared, &format!("lost in {job}"));
        assert_eq!(bare(&alone), bare(&shared));
        assert!(["conflicts", "mix", "split"].iter().all(|job| lines(&scratch, &format!("done {job}-parts ")) > 8));
        std::fs::remove_dir_all(scratch.path("shared")).unwrap();
    }
}
