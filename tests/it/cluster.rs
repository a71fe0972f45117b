//! A build on an Apache Ballista cluster: what comes out is what one process makes, whoever is lost on the way. The
//! processes are real ones, on loopback, of a binary with the feature `cluster`; without it the tests say that they do not
//! run.

#[cfg(feature = "cluster")]
mod decisions;
#[cfg(feature = "cluster")]
mod exports;
#[cfg(feature = "cluster")]
mod inputs;
#[cfg(feature = "cluster")]
mod processes;
#[cfg(feature = "cluster")]
mod stores;

#[cfg(not(feature = "cluster"))]
use crate::harness::{Scratch, skipped};

#[cfg(not(feature = "cluster"))]
#[test]
fn a_binary_without_it_says_so() {
    let scratch = Scratch::new();
    scratch.write("docs.jsonl", crate::harness::json_lines(3));
    scratch.write("recipe.toml", crate::kill::RECIPE);
    let executor = ["cluster", "executor", "--scheduler", "127.0.0.1:1"];
    let build = ["build", "--recipe", "recipe.toml", "--cluster", "df://127.0.0.1:1"];
    for command in [&["cluster", "scheduler", "--bind", "127.0.0.1:0"][..], &executor, &build] {
        scratch.corpus(command).says(2, &["built without Apache Ballista", "feature `cluster`"]);
    }
    skipped("builds on a cluster: the tests were compiled without the feature `cluster`");
}

/// Addresses are looked at before anything else, in any binary.
#[test]
fn addresses_are_checked() {
    use crate::harness::Scratch;
    let scratch = Scratch::new();
    let build = ["build", "--recipe", "quickstart", "--cluster", "http://head:50050"];
    scratch.corpus(&build).says(2, &["--cluster: `http://head:50050` is no address of a scheduler", "df://HOST:50050"]);
    let scheduler = ["cluster", "scheduler", "--bind", "head:50050"];
    scratch.corpus(&scheduler).says(2, &["--bind: `head:50050` is no address of this machine"]);
}

/// What a cluster would do is told by any binary: which jobs are tasks, how many, and what they move.
#[test]
fn a_plan_says_what_a_cluster_would_do() {
    use crate::harness::{Scratch, json_lines};
    let scratch = Scratch::new();
    let text = json_lines(900);
    let bytes = text.len() as u64;
    scratch.write("docs.jsonl", text);
    scratch.write(
        "recipe.toml",
        "name = 'r'\n[[source]]\nname = 'd'\npath = ['docs.jsonl']\n[[stage]]\nrun = 'near_dedup'\n[[stage]]\nrun = 'line_dedup'\n\
         [[export]]\nto = 'text'\n[[export]]\nto = 'jsonl'\n",
    );
    let plan = ["plan", "--recipe", "recipe.toml", "--out", "out", "--unit", "16KiB", "--cluster", "8"];
    let run = scratch.corpus(&[&plan[..], &["--format", "json"]].concat());
    assert_eq!(run.code(), 0, "{}", run.stderr());
    let plan_json: serde_json::Value = serde_json::from_str(&run.stdout()).unwrap();
    let (cluster, rows) = (&plan_json["cluster"], plan_json["estimate"]["rows"].as_u64().unwrap());
    let jobs = cluster["jobs"].as_array().unwrap();
    let names: Vec<&str> = jobs.iter().map(|job| job["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["gather", "scan", "judge", "near", "lines", "judge", "layout", "apply", "shards", "exports"]);
    let by = |at: usize| (jobs[at]["driver"].as_bool().unwrap(), jobs[at]["executors"].as_bool().unwrap());
    assert_eq!((by(9), jobs[9]["tasks"].as_u64()), ((false, true), Some(2)));
    assert_eq!([1, 3, 4, 8].map(by), [(false, true), (true, true), (true, true), (false, true)]);
    assert_eq!((jobs[1]["tasks"].as_u64(), jobs[7]["tasks"].as_u64()), (Some(bytes.div_ceil(16 << 10)), None));
    assert_eq!((jobs[0]["read_bytes"].as_u64(), jobs[1]["read_bytes"].as_u64()), (Some(bytes), Some(bytes)));
    // Sketch and key of each row are read, and 42 bands sorted beside them.
    assert_eq!(jobs[3]["shuffled_bytes"].as_u64(), Some(rows * (300 + 11 * 42)));
    let seconds = |name: &str| cluster[name].as_f64().unwrap();
    let wall = seconds("driver_seconds") + seconds("executor_seconds") / 8.0;
    assert!(wall > 0.0 && (seconds("wall_seconds") - wall).abs() < 1e-9, "{cluster}");
    let table = scratch.corpus(&plan).stdout();
    let parts = ["job on a cluster", "driver, executors", "on 8 threads", "read and"];
    assert!(parts.iter().all(|part| table.contains(part)), "{table}");
    assert!(!scratch.corpus(&plan[..7]).stdout().contains("job on a cluster"));
}

/// The commands in the files of docs/cluster.md for Docker, Kubernetes and Slurm parse.
#[test]
fn examples_parse() {
    use saphyr::{LoadableYamlNode, Yaml};
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/cluster.md")).unwrap();
    let blocks = |kind: &str| -> Vec<String> {
        let fence = format!("```{kind}\n");
        let all = text.split(fence.as_str()).skip(1);
        all.map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
    };
    let parses = |words: Vec<String>| {
        let parsed = corpus::cli::command().try_get_matches_from(&words);
        assert!(parsed.is_ok(), "{words:?}: {:?}", parsed.err());
    };
    let mut commands = 0;
    for block in blocks("yaml") {
        let documents = Yaml::load_from_str(&block).unwrap();
        assert!(!documents.is_empty());
        for line in block.lines().filter_map(|line| line.split_once("command: [")).map(|(_, rest)| rest) {
            let words = line.trim_end_matches(']').split(',').map(|word| word.trim().trim_matches('"').to_owned());
            parses(words.collect());
            commands += 1;
        }
    }
    for script in blocks("bash").iter().filter(|script| script.contains("corpus cluster ")) {
        for line in script.replace("\\\n", " ").lines().filter_map(|line| line.get(line.find("corpus ")?..)) {
            let value = |word: &str| match word.trim_matches('"') {
                number if number.starts_with("$SLURM_CPUS") => "16".to_owned(),
                other => other.to_owned(),
            };
            parses(line.trim_end_matches('&').split_whitespace().map(value).collect());
            commands += 1;
        }
    }
    assert_eq!(commands, 3 + 3 + 3);
}
