//! What passes is waited for, what does not is told at once and as what it is; what is here needs nobody.

use std::time::Duration;

use super::Client;
use crate::harness::files_under;
use crate::servers::hub::{Access, Hub};
use crate::servers::plain::Plain;
use crate::servers::{Content, Fault};

/// Given up by time: not before it, and with the option that changes it.
#[test]
fn tries_end_by_time() {
    let plain = Plain::start();
    plain.put("/a.bin", Content::noise(1, 1000));
    plain.server.always("/a.bin", Fault::status(503));
    let arguments = ["fetch", &plain.url("/a.bin"), "--accept-license", "unstated", "--retry-for", "3"];
    let got = Client::new().run(&arguments);
    got.failed(&["a.bin", "503", "--retry-for"]);
    assert!(got.took >= Duration::from_secs(3), "{:?}", got.took);
    assert!(got.took < Duration::from_secs(20), "{:?}", got.took);
}

/// A host that never answered may be a wrong name: minutes are for those that did.
#[test]
fn a_dead_proxy_is_blamed_itself() {
    for (variable, url) in [("https_proxy", "https://data.example/a.bin"), ("http_proxy", "http://data.example/a.bin")]
    {
        let client = Client::new().with(variable, "http://me:secret@127.0.0.1:9");
        let got = client.fetch(&[url]);
        got.failed(&["a.bin", "the proxy 127.0.0.1:9", variable]);
        assert!(!got.stderr.contains("secret"), "{}", got.stderr);
    }
}

#[test]
fn a_commit_that_is_here_is_not_asked_for() {
    let hub = Hub::start();
    let one = Content::noise(7, 5000);
    let commit = hub.commit("some/set", Access::Open, &[("one.bin", one.clone(), true)]);
    let mut client = Client::new().with("HF_ENDPOINT", hub.url());
    let name = format!("hf:some/set@{commit}");
    client.fetch(&[&name]).done();
    client.set("HF_ENDPOINT", "http://127.0.0.1:9");
    client.fetch(&[&name]).done();
    client.has("one.bin", &one);
    // By a branch the hub has to be asked; what helps is told.
    client.fetch(&["hf:some/set"]).failed(&["127.0.0.1", "--offline"]);
    client.fetch(&["hf:some/set", "--offline"]).done();
    // What is not all here is asked for.
    std::fs::remove_file(client.file("one.bin").unwrap().path).unwrap();
    client.fetch(&[&name]).failed(&["127.0.0.1"]);
}

/// A store in which nothing can be locked (as on a disk that is mounted read-only) serves what it has.
#[test]
fn a_store_that_cannot_be_written_has_what_it_has() {
    let hub = Hub::start();
    let one = Content::noise(8, 5000);
    hub.commit("some/set", Access::Open, &[("one.bin", one.clone(), true)]);
    let client = Client::new().with("HF_ENDPOINT", hub.url());
    client.fetch(&["hf:some/set"]).done();
    let lock = files_under(&client.store()).into_iter().find(|f| f.ends_with(".partial/lock")).unwrap();
    std::fs::remove_file(&lock).unwrap();
    std::fs::create_dir(&lock).unwrap();
    client.fetch(&["hf:some/set"]).done();
    client.has("one.bin", &one);
    std::fs::remove_file(client.file("one.bin").unwrap().path).unwrap();
    let got = client.fetch(&["hf:some/set"]);
    assert_ne!(got.code, 0, "{}", got.stderr);
}
