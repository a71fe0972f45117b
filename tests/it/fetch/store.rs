//! The store after something else has been at it: what is damaged is found, and fetched again.

use super::Client;
use crate::harness::files_under;
use crate::servers::Content;
use crate::servers::hub::{Access, Hub};

#[test]
fn what_is_damaged_is_found_and_cured() {
    let hub = Hub::start();
    let (one, two) = (Content::noise(70, 50_000), Content::noise(71, 60_000));
    hub.commit("some/set", Access::Open, &[("one.bin", one.clone(), true), ("two.bin", two.clone(), false)]);
    let client = Client::new().with("HF_ENDPOINT", hub.url());
    client.fetch(&["hf:some/set"]).done();
    assert_eq!(client.run(&["cache", "verify"]).code, 0);
    let path = client.file("one.bin").unwrap().path;

    // Gone, cut short: the next fetch sees it.
    std::fs::remove_file(&path).unwrap();
    client.fetch(&["hf:some/set"]).done();
    client.has("one.bin", &one);
    std::fs::write(&path, &one.to_vec()[..20_000]).unwrap();
    client.fetch(&["hf:some/set"]).done();
    client.has("one.bin", &one);

    // One byte another: `verify` sees it, names it, and says what to do.
    let mut bytes = one.to_vec();
    bytes[30_000] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let got = client.run(&["cache", "verify"]);
    assert_eq!(got.code, 1, "{}{}", got.stdout, got.stderr);
    let said = format!("{}{}", got.stdout, got.stderr);
    assert!(said.contains("one.bin") && !said.contains("two.bin: "), "{said}");
    client.fetch(&["hf:some/set"]).done();
    client.has("one.bin", &one);
    assert_eq!(client.run(&["cache", "verify"]).code, 0);
}

/// A set of two revisions keeps both: a build that has pinned the old one goes on.
#[test]
fn two_revisions_side_by_side() {
    let hub = Hub::start();
    let (old, new) = (Content::from("old\n"), Content::from("new\n"));
    let first = hub.commit("some/set", Access::Open, &[("a.txt", old.clone(), false)]);
    let client = Client::new().with("HF_ENDPOINT", hub.url());
    client.fetch(&["hf:some/set"]).done();
    let second = hub.commit("some/set", Access::Open, &[("a.txt", new.clone(), false)]);
    client.fetch(&["hf:some/set"]).done();
    let stored = client.stored();
    let with = |commit: &str| stored.values().find(|f| f.revision == commit).map(|f| f.sha256.clone());
    assert_eq!((with(&first), with(&second)), (Some(old.sha256()), Some(new.sha256())), "{stored:#?}");
}

/// The list is there, and empty, before anything was fetched.
#[test]
fn an_empty_store() {
    let client = Client::new();
    assert!(client.stored().is_empty());
    assert_eq!(client.run(&["cache", "size"]).code, 0);
    assert_eq!(client.run(&["cache", "verify"]).code, 0);
    assert!(files_under(&client.store()).is_empty(), "asking writes nothing");
}
