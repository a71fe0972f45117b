//! The servers for programs other than `cargo test`: scripts that measure, the Python client, and people who look.
//!
//! `CORPUS_TEST_SERVE=plain:BYTES[:BYTES_A_SECOND]` or `hub` runs the test `serve` as a server until its standard input
//! ends. It prints one line of JSON when it is ready (the address, and what lies there), and one at the end.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::hub::{Access, Hub, TOKEN};
use super::plain::Plain;
use super::{Content, Server};

#[test]
fn serve() {
    let Ok(what) = std::env::var("CORPUS_TEST_SERVE") else { return };
    let mut words = what.split(':');
    match words.next() {
        Some("plain") => {
            let bytes = words.next().and_then(|n| n.parse().ok()).expect("plain:BYTES");
            let plain = Plain::start();
            let content = Content::noise(1, bytes);
            if let Some(pace) = words.next() {
                plain.server.pace(pace.parse().expect("plain:BYTES:BYTES_A_SECOND"));
            }
            let sha256 = content.sha256();
            plain.put("/noise.bin", content);
            say(&json!({"url": plain.url("/noise.bin"), "bytes": bytes, "sha256": sha256}));
            until_told(&[&plain.server]);
        }
        Some("hub") => {
            let (hub, printed) = stand_in();
            say(&printed);
            until_told(&[&hub.api, &hub.cdn]);
        }
        _ => panic!("CORPUS_TEST_SERVE is plain:BYTES[:BYTES_A_SECOND] or hub"),
    }
}

/// The stand-in is fair: the client that everyone uses gets the same tree from it.
#[test]
fn python_hub_client_gets_the_same_tree() {
    let python = std::env::var("CORPUS_PYTHON").unwrap_or_else(|_| "python3".into());
    let has = Command::new(&python).args(["-c", "import huggingface_hub"]).stderr(Stdio::null()).status();
    if !has.is_ok_and(|status| status.success()) {
        crate::harness::skipped(&format!("{python} has no huggingface_hub (set CORPUS_PYTHON to one that has)"));
        return;
    }
    let (hub, printed) = stand_in();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/hub_standin.py");
    let mut child = Command::new(&python).arg(script).stdin(Stdio::piped()).spawn().unwrap();
    writeln!(child.stdin.take().unwrap(), "{printed}").unwrap();
    assert!(child.wait().unwrap().success(), "{script} failed");
    // It too keeps the token from the CDN, which would refuse it.
    assert!(hub.cdn.log().iter().all(|seen| seen.request.header("authorization").is_none()));
}

fn say(line: &Value) {
    let mut out = std::io::stdout();
    writeln!(out, "\n{line}").and_then(|()| out.flush()).expect("standard output is open");
}

/// Serves until standard input ends, then says what was sent.
fn until_told(servers: &[&Server]) {
    let mut rest = Vec::new();
    let _ = std::io::stdin().read_to_end(&mut rest);
    let sent: u64 = servers.iter().map(|server| server.sent()).sum();
    let requests: usize = servers.iter().map(|server| server.log().len()).sum();
    say(&json!({"sent": sent, "requests": requests}));
}

/// A hub with a tree to read and repositories that may not be read, and a word on what is there.
fn stand_in() -> (Hub, Value) {
    let hub = Hub::start();
    let files = sample();
    let commit = hub.commit("stand/in", Access::Open, &borrowed(&files));
    let small = [("a.jsonl", Content::from("{\"text\":\"a\"}\n"), false)];
    hub.commit("stand/private", Access::Private, &small);
    hub.commit("stand/gated", Access::Gated, &small);
    hub.commit("stand/asked-not-let-in", Access::GatedNotAccepted, &small);
    hub.page(5);
    let listed: Vec<_> =
        files.iter().map(|(path, content, _)| json!({"path": path, "sha256": content.sha256()})).collect();
    let printed = json!({"url": hub.url(), "repo": "stand/in", "commit": commit, "token": TOKEN, "files": listed});
    (hub, printed)
}

/// A tree with everything that makes a hub's tree: folders, small and large files, names that need quoting, more
/// entries than a page holds, an empty file.
pub fn sample() -> Vec<(String, Content, bool)> {
    let mut files = vec![
        ("README.md".into(), Content::from("---\nlicense: apache-2.0\n---\n# 样本\n"), false),
        (".gitattributes".into(), Content::from("*.parquet filter=lfs\n"), false),
        ("empty.txt".into(), Content::from(""), false),
        ("data/train-00000.parquet".into(), Content::noise(11, 3_000_000), true),
        ("data/中文 名字#1.jsonl".into(), Content::from("{\"text\":\"你好\"}\n"), false),
        ("data/deep/er/large+file.bin".into(), Content::noise(12, 700_001), true),
    ];
    for n in 0..12 {
        files.push((format!("many/{n:02}.jsonl"), Content::from(format!("{{\"text\":\"第{n}行\"}}\n")), false));
    }
    files
}

pub fn borrowed(files: &[(String, Content, bool)]) -> Vec<(&str, Content, bool)> {
    files.iter().map(|(path, content, lfs)| (path.as_str(), content.clone(), *lfs)).collect()
}
