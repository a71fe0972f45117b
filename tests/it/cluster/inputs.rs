//! Inputs that executors hash: what is known of them is what one process finds.

use std::io::Write;

use super::processes::{Cluster, bare, spawned};
use crate::archives::zip;
use crate::harness::{Run, Scratch, json_lines, same_output};
use crate::workers::{MORE, ends, lines, until};

/// Plain and packed files, cut and whole, with a broken line far behind, members of archives; a driver and an executor are lost
/// on the way, and what is known already is not asked for again.
#[test]
fn executors_hash_what_is_read() {
    let scratch = Scratch::new();
    for part in 0..40u64 {
        let rows: String = json_lines(400 * (part + 1))
            .lines()
            .skip(400 * part as usize)
            .fold(String::new(), |all, line| all + line + "\n");
        let broken = rows.replacen("{\"", if part % 5 == 3 { "[{\"" } else { "{\"" }, 1);
        scratch.write(
            &format!("in/plain-{part:02}.jsonl"),
            broken + if part % 7 == 2 { "{\"text\": \"an end\n" } else { "" },
        );
        let (few, rest) = rows.split_at(rows.find("\n").unwrap() + 1);
        scratch.write(&format!("in/packed-{part:02}.jsonl.zst"), zstd::encode_all(few.as_bytes(), 3).unwrap());
        if part == 7 {
            scratch.write("in/large.jsonl.zst", zstd::encode_all(rest.as_bytes(), 3).unwrap());
            let members = ["one.jsonl", "two.jsonl"].map(|name| (name, few.as_bytes().to_vec()));
            scratch.write("in/set.zip", zip(&members, zip::CompressionMethod::Deflated));
        }
    }
    let source = "[[source]]\nname = \"all\"\npath = [\"in/*\"]\nuse = \"pretrain\"\n[input]\nmax_unreadable = 0.5\n";
    scratch.write("recipe.toml", format!("name = \"all\"\nabout = \"a test\"\n{source}"));
    let alone = scratch.build("alone", &MORE);
    assert!(alone.total("unreadable") > 8, "{}", alone.manifest["totals"]);
    let mut cluster = Cluster::start(&scratch, 2);
    let mut driver = spawned(cluster.command(&scratch, "shared"));
    until(&scratch, "done hashes ", 1);
    driver.kill().unwrap();
    driver.wait().unwrap();
    cluster.loses_one(&scratch, 2);
    let done = lines(&scratch, "done hashes ");
    ends(spawned(cluster.command(&scratch, "shared")));
    let shared = scratch.built("shared");
    same_output(&alone, &shared, "two executors");
    assert_eq!(bare(&alone), bare(&shared));
    let all = lines(&scratch, "done hashes ");
    assert!(all > done && all > 8, "{done} of {all}");
    // What the first driver had in hand is all that is done again, and what had come to it is not.
    let log = std::fs::read_to_string(scratch.path("shared/.work/units.log")).unwrap();
    let told = log.lines().filter(|line| line.starts_with("done hashes "));
    let told: Vec<&str> = told.filter_map(|line| line.split(' ').next_back()).collect();
    assert_eq!(told.iter().collect::<std::collections::BTreeSet<_>>().len(), told.len(), "{told:?}");
    let remembered = |out: &str| -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(scratch.path(&format!("{out}/.work/inputs.json"))).unwrap()).unwrap()
    };
    assert_eq!(remembered("alone"), remembered("shared"));
    // One that has changed is hashed again, and no other.
    let (path, more) = (scratch.path("in/plain-11.jsonl"), "{\"text\":\"又来了一行，河水流过桥。\"}\n");
    std::fs::OpenOptions::new().append(true).open(path).unwrap().write_all(more.as_bytes()).unwrap();
    Run::of(&mut cluster.command(&scratch, "shared")).says(0, &[]);
    assert_eq!(lines(&scratch, "done hashes "), all + 1);
    scratch.try_build("alone", &MORE).says(0, &[]);
    assert_eq!(bare(&scratch.built("alone")), bare(&scratch.built("shared")));
}
