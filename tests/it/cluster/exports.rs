//! Exports of a recipe, by executors: their bytes are those that one process writes.

use serde_json::json;

use super::processes::{Cluster, bare, spawned};
use crate::export::{RECIPE, files, read, rows};
use crate::harness::{Run, Scratch, same_files, same_output};
use crate::objects_exports::Place;
use crate::workers::{MORE, ends, lines, until};

/// Some more rows of each use, after those that `rows` has.
fn many(scratch: &Scratch) {
    let turn = |role: &str, content: String| json!({"role": role, "content": content});
    let mut of: [String; 4] = ["text.jsonl", "task.jsonl", "chat.jsonl", "pairs.jsonl"].map(|name| read(scratch, name));
    for n in 0..900 {
        let (asked, said) = (turn("user", format!("第{n}问：几点？")), turn("assistant", format!("{}点。", n % 24)));
        let other = turn("assistant", "不知道。".repeat(1 + n % 3));
        let lines = [
            json!({"id": format!("p{n}x"), "text": format!("第{n}段，{}", "河水流过桥。".repeat(1 + n % 40))}),
            json!({"id": format!("t{n}x"), "input": format!("译：{n}"), "output": format!("number {n}")}),
            json!({"id": format!("c{n}x"), "messages": [asked, said]}),
            json!({"id": format!("r{n}x"), "prompt": [asked], "chosen": [said], "rejected": [other],
                "chosen_score": 2.0, "rejected_score": 0.5}),
        ];
        of.iter_mut().zip(lines).for_each(|(of, line)| *of += &format!("{line}\n"));
    }
    let names = ["text.jsonl", "task.jsonl", "chat.jsonl", "pairs.jsonl"];
    names.iter().zip(of).for_each(|(name, of)| drop(scratch.write(name, of)));
}

const TEMPLATE: &str = "{%- for m in messages %}{{- '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}\
    {%- endfor %}{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}";

/// Every layout of rows, and token ids: of running text, packed and not, and of dialogues and pairs, which a template writes.
fn every() -> String {
    let rows = corpus::output::export::ALL.iter().map(|layout| format!("[[export]]\nto = '{}'\n", layout.name()));
    let ids = |to: &str, more: &str| format!("[[export]]\nto = '{to}'\ntokenizer = 'models/tiny.json'\n{more}");
    let end = "eos = '<|endoftext|>'\n";
    let chat = "template = 'models/chat.jinja'\nseq_length = 256\n";
    rows.collect::<String>()
        + &ids("megatron", end)
        + &ids("mds", &format!("{end}seq_length = 64\nshard_tokens = 640\n"))
        + &ids("packed", &format!("{end}seq_length = 96\npacking = 'best-fit'\n"))
        + &ids("packed", &format!("{chat}out = 'exports/chat'\n"))
        + &ids("dpo", chat)
        + "[[export]]\nto = 'trl'\nuse = 'task'\nsplit = 'test'\n"
}

fn models(scratch: &Scratch) {
    let tiny = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/tiny-tokenizer.json");
    scratch.write("models/tiny.json", std::fs::read(tiny).unwrap());
    scratch.write("models/chat.jinja", TEMPLATE);
}

/// Every layout, side by side; an executor is lost on the way.
#[test]
fn executors_write_exports() {
    let scratch = rows();
    many(&scratch);
    models(&scratch);
    let split = "[split]\nvalidation = 0.05\ntest = 60\n";
    scratch.write("recipe.toml", format!("{RECIPE}{split}{}", every()));
    let alone = scratch.build("alone", &MORE);
    let all = alone.manifest["exports"].as_array().unwrap().len();
    assert!(all > 24, "{all}");
    let mut cluster = Cluster::start(&scratch, 2);
    let build = spawned(cluster.command(&scratch, "shared"));
    until(&scratch, "done exports ", 2);
    cluster.loses_one(&scratch, 2);
    ends(build);
    let shared = scratch.built("shared");
    same_output(&alone, &shared, "two executors");
    assert_eq!(bare(&alone), bare(&shared));
    let exports = |out: &str| files(&scratch.path(&format!("{out}/exports")));
    assert!(exports("alone").len() > 2 * all);
    same_files(&exports("alone"), &exports("shared"), "exports by executors");
    assert_eq!(lines(&scratch, "done exports "), all);
    let left = |folder: &str, part: &str| {
        let all = std::fs::read_dir(scratch.path(folder)).unwrap().flatten();
        all.filter(|entry| entry.file_name().to_string_lossy().contains(part)).count()
    };
    assert_eq!((left("shared/exports", ".corpus-export"), left("shared/.work", "exports-")), (0, 0));
}

/// What stands is not written again; an export that cannot be is told as it is by one process, and those before it stand.
#[test]
fn an_export_that_is_refused_ends_those_behind_it() {
    let scratch = rows();
    let exports = |strict: &str| {
        let one = |to: &str, more: &str| format!("[[export]]\nto = '{to}'\n{more}");
        let recipe = one("jsonl", "") + &one("openai", strict) + &one("alpaca", "");
        scratch.write("recipe.toml", format!("{RECIPE}{recipe}"));
    };
    exports("strict = true\n");
    let alone = scratch.try_build("alone", &MORE);
    let cluster = Cluster::start(&scratch, 1);
    let shared = Run::of(&mut cluster.command(&scratch, "shared"));
    assert_eq!((alone.code(), shared.code()), (1, 1), "{}", shared.stderr());
    let why = |run: &Run| run.stderr().lines().skip_while(|line| !line.contains("cannot hold all")).collect::<String>();
    assert!(!why(&alone).is_empty() && why(&alone) == why(&shared), "{}", shared.stderr());
    let there = |out: &str| files(&scratch.path(&format!("{out}/exports")));
    same_files(&there("alone"), &there("shared"), "the first export alone");
    assert_eq!(bare(&scratch.built("alone")), bare(&scratch.built("shared")));
    let written = || scratch.path("shared/exports/jsonl/export.json").metadata().unwrap().modified().unwrap();
    let before = written();
    exports("");
    scratch.try_build("alone", &MORE).says(0, &[]);
    Run::of(&mut cluster.command(&scratch, "shared")).says(0, &[]);
    same_files(&there("alone"), &there("shared"), "all");
    assert_eq!(bare(&scratch.built("alone")), bare(&scratch.built("shared")));
    assert_eq!((written(), lines(&scratch, "done exports ")), (before, 3 + 2));
}

/// Into an object store that is in trouble now and then, with jobs on a disk and in the store; executors that do not know it say
/// so.
#[test]
fn executors_put_exports_into_a_store() {
    let place = Place::new(600, "");
    let layouts = ["text", "jsonl", "hf", "webdataset"];
    place.recipe(&layouts.map(|to| format!("[[export]]\nto = '{to}'\n")).concat());
    let build = |at: &str, work: &str| {
        let recipe =
            ["build", "--recipe", "recipe.toml", "--out", "s3://bucket/build", "--cluster", at, "--work", work];
        place.command(&[&recipe[..], if work == "work" { &[] } else { &["--scratch", "jobs"] }].concat())
    };
    let cluster = Cluster::without_store(&place.scratch);
    let said = ["an executor writes s3://bucket/build/exports/", "run the same command again once the store answers"];
    let run = Run::of(&mut build(&cluster.at, "work"));
    assert!(run.code() == 2 && said.iter().all(|part| run.stderr().contains(part)), "{}", run.stderr());
    drop(cluster);
    let cluster = Cluster::knowing(&place.scratch, 2, |command| place.s3.known(command));
    for (round, work) in ["work", "work", "s3://bucket/jobs"].into_iter().enumerate() {
        place.s3.rough(6);
        let run = Run::of(&mut build(&cluster.at, work));
        place.s3.calm();
        assert_eq!(run.code(), 0, "{}", run.stderr());
        for layout in layouts {
            let (found, local) = (place.found(&format!("bucket/build/exports/{layout}")), place.local(layout));
            assert!(!local.is_empty() && found == local, "{layout}: {:?} {:?}", found.keys(), local.keys());
            // One that is gone is written again, over what is left of it.
            place.s3.remove(&format!("bucket/build/exports/{layout}/export.json"));
        }
        assert_eq!(place.s3.open_uploads(), 0, "round {round}");
        let left = place.s3.names().into_iter().filter(|name| name.starts_with("bucket/jobs/exports-"));
        assert_eq!(left.collect::<Vec<_>>(), Vec::<String>::new());
    }
}
