//! The work of a build grows with its input and no faster: counted in bytes read, not in seconds.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;

use crate::harness::{Built, Scratch, json_lines, same_output};

/// A recipe of one source, with slabs small enough that a small input has dozens.
fn recipe(source: &str, stages: &str) -> String {
    format!(
        "name = \"grow\"\n[[source]]\nname = \"docs\"\npath = [\"docs/*\"]\n{source}\n{stages}\n[output]\nshard = \"32KiB\"\n"
    )
}

fn read_by(built: &Built, job: &str) -> u64 {
    built.manifest["timings"][job]["read_bytes"].as_u64().unwrap()
}

fn texts(count: u64) -> Vec<String> {
    let lines = json_lines(count);
    lines
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["text"].as_str().unwrap().into())
        .collect()
}

/// What is read from its start only (a table with quotes, blocks of text, a stream) is not read once a slab.
#[test]
fn a_piece_that_cannot_be_cut_is_not_read_once_a_slab() {
    let texts = texts(6_000);
    let csv = texts.iter().fold("id,body\n".to_owned(), |mut csv, text| {
        writeln!(csv, "1,\"{}\n\"", text.replace('"', "\"\"")).unwrap();
        csv
    });
    let packed = |text: &str| {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
        out.write_all(text.as_bytes()).unwrap();
        out.finish().unwrap()
    };
    let lines = json_lines(6_000);
    let array = format!("[{}]", lines.trim_end().replace('\n', ","));
    let cases = [
        ("a.csv", csv.into_bytes(), "use = \"pretrain\"\nfields = { text = \"body\" }"),
        ("a.txt", texts.join("\n\n").into_bytes(), "use = \"pretrain\"\nrows = \"block\""),
        ("a.jsonl.gz", packed(&lines), "use = \"pretrain\""),
        ("a.json.gz", packed(&array), "use = \"pretrain\""),
    ];
    for (name, bytes, source) in cases {
        let scratch = Scratch::new();
        scratch.write(&format!("docs/{name}"), &bytes);
        scratch.write("recipe.toml", recipe(source, ""));
        let built = scratch.build("out", &["--threads", "2"]);
        built.check_accounts();
        let slabs = built.bytes().keys().filter(|n| n.starts_with("data/")).count() as u64;
        let (read, size) = (read_by(&built, "apply"), bytes.len() as u64);
        assert!(slabs > 20, "{name}: only {slabs} slabs");
        assert!(read < 3 * size + (1 << 20), "{name}: {read} bytes read of {size} for {slabs} slabs");
        same_output(&built, &scratch.build("one", &["--threads", "1", "--memory", "64MiB"]), name);
    }
}

/// Nor is staged text, where slabs are small.
#[test]
fn staged_text_is_not_read_once_a_slab() {
    let scratch = Scratch::new();
    scratch.write("docs/a.jsonl", json_lines(6_000));
    scratch.write("recipe.toml", recipe("use = \"pretrain\"", "[[stage]]\nrun = \"words\"\ncolumn = true\n"));
    let built = scratch.build("out", &["--threads", "2", "--keep-work"]);
    let slabs = built.bytes().keys().filter(|n| n.starts_with("data/")).count() as u64;
    let scan = std::fs::read_dir(scratch.path("out/.work")).unwrap().flatten();
    let scan = scan.map(|e| e.path()).find(|p| p.file_name().unwrap().to_string_lossy().starts_with("scan-")).unwrap();
    let unit: u64 = std::fs::read_dir(scan).unwrap().flatten().map(|e| e.metadata().unwrap().len()).sum();
    let read = read_by(&built, "apply");
    assert!(slabs > 20, "only {slabs} slabs");
    assert!(read < 4 * unit + (1 << 20), "{read} bytes read of {unit} for {slabs} slabs");
}

/// As many parts as there are files of slabs: the files are not listed once a part, and the order is that of few parts.
#[test]
fn a_shuffle_reads_its_rows_a_few_times_whatever_the_parts() {
    let scratch = Scratch::new();
    scratch.write("docs/a.jsonl", json_lines(1_500));
    let write = |shard: &str| {
        let recipe = recipe("use = \"pretrain\"", "[[stage]]\nrun = \"shuffle\"\nseed = 5\n");
        scratch.write("recipe.toml", recipe.replace("32KiB", shard));
    };
    write("1KiB");
    let built = scratch.build("many", &["--threads", "2", "--keep-work"]);
    let files = walkdir::WalkDir::new(scratch.path("many/.work")).into_iter().flatten();
    let scattered = files.filter(|e| e.path().extension().is_some_and(|e| e == "arrow"));
    let sizes: Vec<u64> = scattered.map(|e| e.metadata().unwrap().len()).collect();
    let (read, size) = (read_by(&built, "shuffle"), sizes.iter().sum::<u64>());
    assert!(sizes.len() > 300, "only {} slabs", sizes.len());
    assert!(read < 4 * size, "{read} bytes read of {size} in {} files", sizes.len());
    write("1GiB");
    let whole = scratch.build("whole", &["--threads", "1"]);
    assert_eq!(built.column("data/pretrain", "id"), whole.column("data/pretrain", "id"));
}

/// What was hashed before a run ended early is not read again by the next.
#[test]
fn what_was_looked_at_is_known_after_a_run_that_failed() {
    let scratch = Scratch::new();
    scratch.write("docs/a.jsonl", json_lines(8_000));
    scratch.write("docs/b.jsonl", "{\"id\": \"x\", \"n\": 1}\n");
    scratch.write("recipe.toml", recipe("use = \"pretrain\"", ""));
    let run = scratch.try_build("out", &["--threads", "1"]);
    run.says(1, &["b.jsonl"]);
    // As a kill in the middle of a line leaves it.
    let log = scratch.path("out/.work/inputs.log");
    let mut lines = std::fs::read_to_string(&log).unwrap();
    lines.push_str("[\"/docs/c.js");
    std::fs::write(&log, lines).unwrap();
    scratch.write("docs/b.jsonl", "{\"text\": \"另一个文件\"}\n");
    let built = scratch.build("out", &["--threads", "1"]);
    let (read, size) = (read_by(&built, "look"), std::fs::metadata(scratch.path("docs/a.jsonl")).unwrap().len());
    assert!(size > 2 << 20, "{size}");
    assert!(read < size, "{read} bytes read of a file of {size} that was hashed before");
    assert!(!log.exists());
}

/// The codec of the output changes its bytes, not its rows; that which is the default is the one that always was.
#[test]
fn the_output_is_compressed_as_the_recipe_says() {
    let scratch = Scratch::new();
    scratch.write("docs/a.jsonl", json_lines(300));
    let build = |out: &str, compression: &str| {
        let stages = "[[stage]]\nrun = \"exact_dedup\"\n";
        scratch.write("recipe.toml", recipe("use = \"pretrain\"", stages) + compression);
        scratch.build(out, &[])
    };
    let plain = build("plain", "");
    same_output(&plain, &build("same", "compression = \"zstd:3\"\n"), "the default codec by its name");
    let size = |built: &Built| built.bytes().values().map(Vec::len).sum::<usize>();
    let mut sizes = vec![];
    for codec in ["zstd:19", "zstd:3", "lz4", "none"] {
        let built = build(codec, &format!("compression = \"{codec}\"\n"));
        assert_eq!(plain.column("data/pretrain", "text"), built.column("data/pretrain", "text"), "{codec}");
        assert_eq!(plain.column("dropped/pretrain", "id"), built.column("dropped/pretrain", "id"), "{codec}");
        sizes.push(size(&built));
    }
    assert!(sizes.is_sorted() && sizes[0] < sizes[1] && sizes[1] < sizes[2] && sizes[2] < sizes[3], "{sizes:?}");
    // Another codec writes the same rows again; what was measured stays.
    let log = || std::fs::read_to_string(scratch.path("plain/.work/units.log")).unwrap();
    let done = |job: &str| log().lines().filter(|line| line.starts_with(&format!("done {job} "))).count();
    let written = done("apply");
    scratch.write(
        "recipe.toml",
        recipe("use = \"pretrain\"", "[[stage]]\nrun = \"exact_dedup\"\n") + "compression = \"lz4\"\n",
    );
    scratch.build("plain", &[]);
    assert_eq!(done("scan"), 1, "{}", log());
    assert!(written > 0 && done("apply") == 2 * written, "{}", log());
}

/// Jobs of thresholds that were tried stay within a bound, or go on demand; those of the last build stay.
#[test]
fn the_work_folder_is_bounded() {
    let scratch = Scratch::new();
    scratch.write("docs/a.jsonl", json_lines(600));
    let stages = "[[stage]]\nrun = \"keep\"\nchars = { min = 60 }\n[[stage]]\nrun = \"exact_dedup\"\n";
    scratch.write("recipe.toml", recipe("use = \"pretrain\"", stages));
    let jobs = || {
        let entries = std::fs::read_dir(scratch.path("out/.work")).unwrap().flatten();
        let names = entries.map(|e| e.file_name().to_string_lossy().into_owned());
        names.filter(|n| ["judge-", "dedup-", "scan-"].iter().any(|j| n.starts_with(j))).collect::<BTreeSet<_>>()
    };
    let build = |least: u32, more: &[&str]| {
        let set = format!("keep.chars.min={least}");
        scratch.build("out", &[&["--set", &set], more].concat());
        jobs()
    };
    let first = build(61, &[]);
    let second = build(62, &[]);
    assert_eq!((first.len(), second.len()), (3, 5), "one scan; a judgement and a comparison each");
    let plan = |least: u32| {
        let set = format!("keep.chars.min={least}");
        let run = scratch.corpus(&["plan", "-r", "recipe.toml", "--out", "out", "--set", &set, "--format", "json"]);
        let plan: serde_json::Value = serde_json::from_str(&run.stdout()).unwrap();
        plan["spare_work_bytes"].as_u64().unwrap()
    };
    let (old, new) = (plan(63), plan(62));
    assert!(old > new && new > 0, "{old} {new}");
    // The same build once more uses nothing, and that makes nothing spare.
    assert_eq!(
        build(62, &["--work-limit", "1KiB"]),
        second.difference(&first).chain(first.iter().filter(|n| n.starts_with("scan-"))).cloned().collect()
    );
    // Within the bound everything stays.
    assert_eq!(build(64, &["--work-limit", "1GiB"]).len(), 5);
    let run = scratch.corpus(&["cache", "prune", "--work", "out/.work"]);
    run.says(0, &["Would remove 2 jobs"]);
    assert_eq!(jobs().len(), 5);
    let run = scratch.corpus(&["cache", "prune", "--work", "out/.work", "--yes", "--format", "json"]);
    let said: serde_json::Value = serde_json::from_str(&run.stdout()).unwrap();
    assert_eq!((said["removed"].as_bool(), said["paths"].as_array().unwrap().len()), (Some(true), 2));
    assert!(said["bytes"].as_u64().unwrap() > 0);
    assert_eq!(jobs().len(), 3);
    let run = scratch.corpus(&["cache", "prune", "--work", "docs", "--yes"]);
    run.says(1, &["docs is no work folder"]);
    assert!(scratch.path("docs/a.jsonl").is_file());
}

/// A row that `max_row` lets in and memory has no room for ends the build with its place, rather than the machine's
/// patience; a smaller `max_row` sets it aside.
#[test]
fn a_row_that_memory_has_no_room_for_is_named() {
    let scratch = Scratch::new();
    let huge = "长".repeat(19 << 20);
    scratch.write("docs/a.jsonl", format!("{{\"text\": \"甲\"}}\n{{\"text\": \"{huge}\"}}\n{{\"text\": \"乙\"}}\n"));
    scratch.write("recipe.toml", recipe("use = \"pretrain\"", ""));
    let run = scratch.try_build("out", &["--memory", "64MiB"]);
    run.says(
        1,
        &[
            "a.jsonl: line 2: a row of 57.0 MiB",
            "171 MiB of memory",
            "raise --memory to 71.0 MiB",
            "`max_row` (now 64.0 MiB)",
        ],
    );
    let recipe = recipe("use = \"pretrain\"", "") + "[input]\nmax_row = \"32MiB\"\nmax_unreadable = 1.0\n";
    scratch.write("recipe.toml", recipe);
    let built = scratch.build("out", &["--memory", "64MiB"]);
    assert_eq!((built.total("kept"), built.total("unreadable")), (2, 1));
}

/// A row large enough to be written in another way (pages of the second version) comes back as it was, in its place, and
/// the bytes depend on neither threads nor memory, in order and shuffled; slabs without one are as they always were.
#[test]
fn a_large_row_is_written_without_copies_and_read_back() {
    let large = "长".repeat(6 << 20);
    let around = json_lines(400);
    let lines: Vec<&str> = around.lines().collect();
    let (before, after) = (lines[..200].join("\n"), lines[200..].join("\n"));
    for stages in ["", "[[stage]]\nrun = \"shuffle\"\n"] {
        let scratch = Scratch::new();
        scratch.write("docs/a.jsonl", format!("{before}\n{{\"text\": \"{large}\\n\"}}\n{after}\n"));
        scratch.write("recipe.toml", recipe("use = \"pretrain\"", stages));
        let built = scratch.build("out", &["--threads", "2"]);
        built.check_accounts();
        let texts = built.column("data/pretrain", "text");
        assert_eq!(texts.iter().map(String::len).max(), Some(large.len() + 1));
        assert_eq!(texts.len(), 401);
        same_output(&built, &scratch.build("one", &["--threads", "1", "--memory", "64MiB"]), stages);
        scratch.write("docs/a.jsonl", format!("{around}{{\"text\": \"{large}\"}}\n"));
        let last = scratch.build("last", &["--memory", "64MiB"]);
        scratch.write("docs/a.jsonl", &around);
        let without = scratch.build("without", &[]);
        if stages.is_empty() {
            let first = |built: &Built| built.bytes().remove("data/pretrain/part-00000.parquet").unwrap();
            assert!(first(&last) == first(&without), "a slab without a large row");
        }
    }
}
