//! A plan comes true: what it says of an input is what a build of it does, or lies in the range that it tells.

use serde_json::Value as Json;

use crate::archives::{gzip, tar, zip};
use crate::harness::{Built, Scratch, document};

/// Texts, of which each fifth stands a second time and each fourth in another version; long ones are rare.
fn rows(name: &str, from: u64, count: u64) -> String {
    let mut all = String::new();
    for n in from..from + count {
        let long = if n % 40 == 0 { 6 } else { 2 };
        let text: String = (0..long).map(|part| document(n * 7 + part)).collect();
        if n % 10 == 3 {
            all += &format!("{}\n", serde_json::json!({"id": format!("{name}{n}-short"), "text": format!("第{n}条")}));
        }
        let versions =
            [Some(text.clone()), (n % 5 == 0).then(|| text.clone()), (n % 4 == 0).then(|| format!("{text}（新版）"))];
        for (version, text) in versions.into_iter().enumerate().filter_map(|(v, t)| Some((v, t?))) {
            // A head that all rows share draws none of them together.
            let text = format!("本站内容仅供学习交流使用，转载请注明出处。\n{text}");
            all += &format!("{}\n", serde_json::json!({"id": format!("{name}{n}-{version}"), "text": text}));
        }
    }
    all
}

fn scratch() -> Scratch {
    let scratch = Scratch::new();
    for (name, from, count) in [("a", 0, 1200), ("b", 900, 1200)] {
        scratch.write(&format!("{name}.jsonl"), rows(name, from, count));
    }
    scratch.write(
        "recipe.toml",
        "name='p'\n[[source]]\nname='a'\npath=['a.jsonl']\nuse='pretrain'\n[[source]]\nname='b'\npath=['b.jsonl']\nuse='pretrain'\n\
         [[stage]]\nrun='keep'\nchars={min=90}\n[[stage]]\nrun='exact_dedup'\n[[stage]]\nrun='near_dedup'\n",
    );
    scratch
}

fn plan(scratch: &Scratch, more: &[&str]) -> Json {
    let run =
        scratch.corpus(&[&["plan", "--recipe", "recipe.toml", "--out", "out", "--format", "json"], more].concat());
    assert_eq!(run.code(), 0, "{}", run.stderr());
    serde_json::from_str::<Json>(&run.stdout()).unwrap()["estimate"].clone()
}

/// Rows by reason, as a build dropped them, and as a plan told: low, likely, high.
fn compared(built: &Built, plan: &Json) -> Vec<(String, u64, [u64; 3])> {
    let range = |json: &Json| ["low", "likely", "high"].map(|key| json[key].as_u64().unwrap());
    let mut all = vec![("kept".to_owned(), built.total("kept"), range(&plan["kept_range"]))];
    for (reason, rows) in built.reasons() {
        let losses = plan["losses"].as_array().unwrap();
        let answer = losses.iter().find(|l| l["reason"] == reason.as_str());
        let unseen = [0, 0, plan["unseen_rows"].as_u64().unwrap()];
        all.push((reason, rows, answer.map_or(unseen, |l| range(&l["range"]))));
    }
    all
}

/// A small input is built for trial, so all that is said of rows is exact: with copies between sources.
#[test]
fn what_is_said_of_a_small_input_is_what_comes_out() {
    let scratch = scratch();
    let answer = plan(&scratch, &[]);
    let built = scratch.build("out", &[]);
    let compared = compared(&built, &answer);
    assert!(compared.len() >= 4, "kept, too short, copies, near copies: {compared:?}");
    for (what, rows, range) in compared {
        assert_eq!(range, [rows; 3], "{what}");
    }
    assert_eq!(answer["sampled_rows"], answer["rows"]);
}

/// Of a larger one a sample is built: what is true lies in the ranges, and these say something.
#[test]
fn what_is_said_of_a_sample_lies_in_its_range() {
    let scratch = scratch();
    let built = scratch.build("out", &[]);
    let answer = plan(&scratch, &["--sample", "400KiB"]);
    let (sampled, rows) = (answer["sampled_rows"].as_u64().unwrap(), answer["rows"].as_u64().unwrap());
    assert!(sampled * 2 < rows && sampled > 300, "{sampled} of {rows}");
    assert_eq!(rows, built.total("read"), "rows were counted");
    for (what, rows, [low, likely, high]) in compared(&built, &answer) {
        assert!((low..=high).contains(&rows), "{what}: {rows} is not in {low} to {high} ({likely})");
        assert!(low <= likely && likely <= high, "{what}");
        // Without copies drawn together a tenth of them would be seen; a range as wide as everything says nothing.
        assert!(rows < 200 || (high - low) < rows * 2, "{what}: {low} to {high} of {rows}");
    }
}

/// Of what is too large to be read, stretches are, and the ranges of copies reach to what the rest may hold.
#[test]
fn what_is_not_read_is_in_the_range() {
    let scratch = scratch();
    let built = scratch.build("out", &[]);
    let answer = plan(&scratch, &["--read", "300KiB"]);
    let read = answer["read_share"].as_f64().unwrap();
    assert!(read < 1.0 && read > 0.0, "{read}");
    let near = |what: u64, truth: u64| what.abs_diff(truth) * 5 < truth;
    assert!(
        near(answer["rows"].as_u64().unwrap(), built.total("read")),
        "{} of {}",
        answer["rows"],
        built.total("read")
    );
    for (what, rows, [low, _, high]) in compared(&built, &answer).into_iter().skip(1) {
        assert!((low..=high).contains(&rows), "{what}: {rows} is not in {low} to {high}");
    }
}

/// What is said of rows, of rows kept, and by how much it was said to be off; of archives of six thousand documents, and of
/// a plain file beside them from which a mix takes as many.
#[test]
fn archives_are_sampled_over_members_and_files() {
    let scratch = Scratch::new();
    let text = |n: u64| {
        format!("{}{}", document(n), if n.is_multiple_of(50) { document(n + 1).repeat(8) } else { String::new() })
    };
    let line = |n: u64| format!("{}\n", serde_json::json!({ "text": text(n) }));
    for archive in 0..8 {
        let first = archive * 750;
        let texts: Vec<(String, Vec<u8>)> =
            (0..750).map(|n| (format!("d/{n:04}.txt"), text(first + n).into_bytes())).collect();
        let lines: Vec<(String, Vec<u8>)> = (0..25)
            .map(|part| {
                (
                    format!("d/{part}.jsonl"),
                    (0..30).map(|n| line(first + part * 30 + n)).collect::<String>().into_bytes(),
                )
            })
            .collect();
        let named = |members: &[(String, Vec<u8>)]| -> Vec<(&str, Vec<u8>)> {
            members
                .iter()
                .map(|(name, bytes)| (Box::leak(name.clone().into_boxed_str()) as &str, bytes.clone()))
                .collect()
        };
        let packed: Vec<(String, Vec<u8>)> =
            lines.iter().map(|(name, bytes)| (format!("{name}.gz"), gzip(bytes))).collect();
        let (texts, lines, packed) = (named(&texts), named(&lines), named(&packed));
        scratch.write(&format!("zip/{archive}.zip"), zip(&texts, zip::CompressionMethod::Deflated));
        scratch.write(&format!("tar/{archive}.tar.gz"), gzip(&tar(&texts)));
        scratch.write(&format!("lines/{archive}.zip"), zip(&lines, zip::CompressionMethod::Deflated));
        scratch.write(&format!("tars/{archive}.tar.gz"), gzip(&tar(&lines)));
        scratch.write(&format!("packed/{archive}.zip"), zip(&packed, zip::CompressionMethod::Stored));
    }
    scratch.write("plain.jsonl", (10_000..19_000).map(line).collect::<String>());
    for (folder, rows) in [("zip", "rows='file'"), ("tar", "rows='file'"), ("lines", ""), ("tars", ""), ("packed", "")]
    {
        scratch.write(
            "recipe.toml",
            format!(
                "name='p'\n[mix]\nby='rows'\n[[source]]\nname='a'\npath=['{folder}/*']\nuse='pretrain'\nweight=1\n{rows}\n\
                 [[source]]\nname='b'\npath=['plain.jsonl']\nuse='pretrain'\nweight=1\n"
            ),
        );
        let run =
            scratch.corpus(&["plan", "--recipe", "recipe.toml", "--out", "out", "--read", "96KiB", "--format", "json"]);
        assert_eq!(run.code(), 0, "{}", run.stderr());
        let said: Json = serde_json::from_str(&run.stdout()).unwrap();
        let estimate = &said["estimate"];
        let number = |json: &Json| json.as_u64().unwrap();
        let of = |source: usize, key: &str| number(&said["sources"][source][key]);
        assert!(estimate["read_share"].as_f64().unwrap() < 0.95, "{folder}: all was read");
        assert!(of(0, "rows").abs_diff(6000) < 600, "{folder}: {} of 6000 rows", of(0, "rows"));
        assert!(of(1, "rows").abs_diff(9000) < 900, "{folder}: {} of 9000 rows", of(1, "rows"));
        let range = &estimate["kept_range"];
        let (low, high) = (number(&range["low"]), number(&range["high"]));
        assert!((low..=high).contains(&12_000), "{folder}: 12000 rows are kept, not {low} to {high}");
        assert!(high - low < 4_000, "{folder}: {low} to {high} says nothing");
        if !rows.is_empty() {
            assert_eq!(of(0, "rows"), 6000, "{folder}: each member is a row");
        }
    }
}
