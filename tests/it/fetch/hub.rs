//! The hub: pages, pins, who may read what, and where the token goes.

use super::Client;
use crate::servers::hub::{Access, Hub, Paging, TOKEN};
use crate::servers::plain::Plain;
use crate::servers::serve::{borrowed, sample};
use crate::servers::{Answer, Content, Fault, Server};

fn client(hub: &Hub) -> Client {
    Client::new().with("HF_ENDPOINT", hub.url())
}

#[test]
fn a_tree_of_many_pages() {
    let hub = Hub::start();
    let files = sample();
    let commit = hub.commit("some/set", Access::Open, &borrowed(&files));
    hub.page(4);
    hub.xet();
    let client = client(&hub);
    client.fetch(&["hf:some/set"]).done();
    let stored = client.stored();
    assert_eq!(stored.len(), files.len(), "{:#?}", stored.keys());
    for (path, content, _) in &files {
        client.has(path, content);
        let file = client.file(path).unwrap();
        assert_eq!(file.revision, commit, "{path}");
        assert!(file.source.contains("some/set"), "{}", file.source);
    }
    // A second run asks for no file again.
    hub.cdn.forget();
    hub.api.forget();
    client.fetch(&["hf:some/set"]).done();
    assert_eq!((hub.cdn.asked("/"), hub.api.asked("/datasets/")), (0, 0));
}

#[test]
fn some_files_only() {
    let hub = Hub::start();
    let files = sample();
    hub.commit("some/set", Access::Open, &borrowed(&files));
    let client = client(&hub);
    client.fetch(&["hf:some/set", "--include", "many/0*.jsonl"]).done();
    assert_eq!(client.stored().len(), 10);
    let got = client.fetch(&["hf:some/set", "--include", "no/such/*"]);
    got.failed(&["no/such/*", "some/set"]);
}

#[test]
fn a_dry_run_fetches_nothing() {
    let hub = Hub::start();
    hub.commit("some/set", Access::Open, &borrowed(&sample()));
    let client = client(&hub);
    let got = client.fetch(&["hf:some/set", "--dry-run"]);
    got.done();
    let said = format!("{}{}", got.stdout, got.stderr);
    assert!(said.contains("train-00000.parquet") && said.contains("apache-2.0"), "{said}");
    assert_eq!((hub.cdn.asked("/"), hub.api.asked("/datasets/")), (0, 0));
    assert!(client.stored().is_empty());
}

#[test]
fn a_revision_is_pinned() {
    let hub = Hub::start();
    let (old, new) = (Content::from("old\n"), Content::from("new\n"));
    let first = hub.commit("some/set", Access::Open, &[("a.txt", old.clone(), false)]);
    let parquet = Content::from("converted");
    hub.commit_as("some/set", Access::Open, "refs/convert/parquet", &[("default/0000.parquet", parquet.clone(), true)]);
    let second = hub.commit("some/set", Access::Open, &[("a.txt", new.clone(), false)]);
    for (arguments, content, commit) in
        [(vec!["hf:some/set"], &new, &second), (vec!["hf:some/set", "--revision", first.as_str()], &old, &first)]
    {
        let client = client(&hub);
        client.fetch(&arguments).done();
        client.has("a.txt", content);
        assert_eq!(&client.file("a.txt").unwrap().revision, commit);
    }
    let at = format!("hf:some/set@{first}");
    let old_one = client(&hub);
    old_one.fetch(&[&at]).done();
    old_one.has("a.txt", &old);
    let converted = client(&hub);
    converted.fetch(&["hf:some/set@refs/convert/parquet"]).done();
    converted.has("0000.parquet", &parquet);
    client(&hub).fetch(&["hf:some/set@no-such-branch"]).failed(&["no-such-branch", "some/set"]);
}

/// A commit that arrives while files are fetched changes nothing: all are of one commit.
#[test]
fn moved_while_fetching() {
    let hub = Hub::start();
    let names: Vec<String> = (0..20).map(|n| format!("{n:02}.txt")).collect();
    let tree = |word: &str| -> Vec<(String, Content, bool)> {
        names.iter().map(|name| (name.clone(), Content::from(format!("{word} {name}\n")), false)).collect()
    };
    hub.commit("some/set", Access::Open, &borrowed(&tree("old")));
    hub.api.pace(600);
    let client = client(&hub);
    let mut child = client.start(&["hf:some/set", "--jobs", "2"]);
    while hub.api.asked("/datasets/") == 0 {
        std::thread::sleep(std::time::Duration::from_millis(10));
        assert!(child.try_wait().unwrap().is_none(), "it ended without asking for a file");
    }
    hub.commit("some/set", Access::Open, &borrowed(&tree("new")));
    hub.api.pace(0);
    assert!(child.wait().unwrap().success());
    for (name, content, _) in tree("old") {
        client.has(&name, &content);
    }
}

#[test]
fn missing_private_gated_disabled() {
    let hub = Hub::start();
    let file = [("a.txt", Content::from("a\n"), true)];
    for (id, access) in [
        ("some/private", Access::Private),
        ("some/gated", Access::Gated),
        ("some/asked", Access::GatedNotAccepted),
        ("some/disabled", Access::Disabled),
    ] {
        hub.commit(id, access, &file);
    }
    // Without a token: what is private looks missing, and both cures are named.
    for id in ["some/missing", "some/private"] {
        client(&hub).fetch(&[&format!("hf:{id}")]).failed(&[id, "127.0.0.1", "HF_TOKEN"]);
    }
    client(&hub).fetch(&["hf:some/gated"]).failed(&["some/gated", "HF_TOKEN", "datasets/some/gated"]);
    client(&hub).fetch(&["hf:some/asked"]).failed(&["some/asked", "datasets/some/asked"]);
    client(&hub).fetch(&["hf:some/disabled"]).failed(&["some/disabled"]);
    // With one.
    for id in ["some/private", "some/gated"] {
        let client = client(&hub).with("HF_TOKEN", TOKEN);
        let got = client.fetch(&[&format!("hf:{id}")]);
        got.done();
        client.has("a.txt", &file[0].1);
        client.token_is_kept(&got, &[&hub.cdn]);
    }
    for (id, says) in [("some/asked", "datasets/some/asked"), ("some/missing", "some/missing")] {
        let client = client(&hub).with("HF_TOKEN", TOKEN);
        let got = client.fetch(&[&format!("hf:{id}")]);
        client.token_is_kept(got.failed(&[says]), &[&hub.cdn]);
    }
    // A token that the hub does not know is not a missing repository.
    let wrong = client(&hub).with("HF_TOKEN", "hf_expired");
    let got = wrong.fetch(&["hf:some/gated"]);
    got.failed(&["token"]);
    assert!(!got.stderr.contains("hf_expired"), "{}", got.stderr);
}

#[test]
fn the_token_file() {
    let hub = Hub::start();
    hub.commit("some/private", Access::Private, &[("a.txt", Content::from("a\n"), false)]);
    let client = client(&hub);
    client.scratch.write("hf/token", format!("{TOKEN}\n"));
    client.token_is_kept(client.fetch(&["hf:some/private"]).done(), &[&hub.cdn]);
    assert!(hub.api.log().iter().any(|seen| seen.request.bearer() == Some(TOKEN)));
}

/// Redirects, next pages and other sources: none is given the token, on whatever host or port.
#[test]
fn the_token_goes_nowhere_else() {
    let hub = Hub::start();
    let content = Content::noise(30, 100_000);
    let commit = hub.commit(
        "some/set",
        Access::Private,
        &[("a.bin", content.clone(), true), ("b.txt", Content::from("b"), false)],
    );
    let other = Plain::start();
    other.put("/c.bin", content.clone());
    let with_token = || client(&hub).with("HF_TOKEN", TOKEN);

    let client = with_token();
    client.token_is_kept(client.fetch(&["hf:some/set", &other.url("/c.bin")]).done(), &[&hub.cdn, &other.server]);
    client.has("a.bin", &content);
    client.has("c.bin", &content);

    // The same host on another port is another server.
    let path = Hub::resolve_path("some/set", &commit, "b.txt");
    other.put("/b.txt", Content::from("b"));
    hub.api.always(&path, Fault::Redirect(other.url("/b.txt")));
    let client = with_token();
    let got = client.fetch(&["hf:some/set"]);
    client.token_is_kept(&got, &[&hub.cdn, &other.server]);
    hub.api.clear();

    // A chain that comes back to the endpoint, by way of another host.
    let back = format!("{}{path}", hub.url());
    let between = Server::named("localhost", move |_| Answer::redirect(307, &back));
    hub.api.once(&path, Fault::Redirect(format!("{}/x", between.url())));
    let client = with_token();
    let got = client.fetch(&["hf:some/set"]);
    client.token_is_kept(&got, &[&hub.cdn, &between]);
    hub.api.clear();

    // The listing itself is redirected.
    hub.api.always("/api/datasets/some/set*", Fault::Redirect(other.url("/api")));
    let client = with_token();
    let got = client.fetch(&["hf:some/set"]);
    client.token_is_kept(got.failed(&["some/set"]), &[&hub.cdn, &other.server]);
    hub.api.clear();

    // The server repeats the token in what it says.
    let echo = Server::start(|request| {
        let mut answer =
            Answer::json(&serde_json::json!({"error": format!("bad token {:?}", request.header("authorization"))}));
        answer.status = 401;
        answer.with("X-Error-Message", format!("bad {:?}", request.header("authorization")))
    });
    let client = Client::new().with("HF_ENDPOINT", echo.url()).with("HF_TOKEN", TOKEN);
    let got = client.fetch(&["hf:some/set"]);
    client.token_is_kept(got.failed(&["some/set"]), &[]);
}

#[test]
fn listings_that_lead_astray() {
    let hub = Hub::start();
    let files = sample();
    hub.commit("some/set", Access::Open, &borrowed(&files));
    hub.page(5);
    let other = Hub::start();
    other.commit("some/set", Access::Open, &[("planted.txt", Content::from("planted"), false)]);
    for paging in [Paging::Loop, Paging::Itself, Paging::Elsewhere(other.url()), Paging::Elsewhere(other.cdn.url())] {
        hub.paging(paging);
        let client = client(&hub).with("HF_TOKEN", TOKEN);
        let got = client.fetch(&["hf:some/set"]);
        client.token_is_kept(got.failed(&["some/set", "127.0.0.1"]), &[&hub.cdn, &other.api, &other.cdn]);
        client.has_not("planted.txt");
        hub.paging(Paging::Right);
        client.fetch(&["hf:some/set"]).done();
        for (path, content, _) in &files {
            client.has(path, content);
        }
    }
}

/// New names on every page, without end: it ends all the same.
#[test]
fn a_listing_without_end() {
    let hub = Hub::start();
    hub.commit("some/set", Access::Open, &[("a.txt", Content::from("a"), false)]);
    hub.paging(Paging::Endless);
    hub.page(5);
    let client = client(&hub);
    client.fetch(&["hf:some/set"]).failed(&["some/set", "127.0.0.1"]);
    assert!(client.stored().is_empty());
}

/// Signed addresses expire: the next try asks the hub for a new one, and goes on where it was.
#[test]
fn an_expired_address() {
    let hub = Hub::start();
    let content = Content::noise(31, 4_000_000);
    hub.commit("some/set", Access::Open, &[("a.bin", content.clone(), true)]);
    // Refused outright once.
    hub.cdn.once(&Hub::stored_at(&content), Fault::status(403));
    let refused = client(&hub);
    refused.fetch(&["hf:some/set"]).done();
    refused.has("a.bin", &content);

    // Cut, and expired when it goes on.
    hub.cdn.forget();
    hub.cdn.pace(4_000_000);
    hub.cdn.once(&Hub::stored_at(&content), Fault::Cut(2_000_000));
    let cut = client(&hub);
    let mut child = cut.start(&["hf:some/set"]);
    while hub.cdn.sent() < 1_000_000 {
        std::thread::sleep(std::time::Duration::from_millis(5));
        assert!(child.try_wait().unwrap().is_none(), "it ended early");
    }
    hub.expire();
    assert!(child.wait().unwrap().success());
    cut.has("a.bin", &content);
    assert!(hub.cdn.sent() < content.len() + (600 << 10), "{} bytes for {}", hub.cdn.sent(), content.len());

    // For good: the CDN is named, and the file.
    hub.cdn.pace(0);
    hub.cdn.always(&Hub::stored_at(&content), Fault::status(403));
    let failing = client(&hub);
    failing.fetch(&["hf:some/set"]).failed(&["a.bin", "localhost"]);
    failing.has_not("a.bin");
    hub.cdn.clear();
    failing.fetch(&["hf:some/set"]).done();
    failing.has("a.bin", &content);
}

/// One file of many is broken for good: the rest is fetched, the exit code says that something is missing.
#[test]
fn the_rest_is_fetched() {
    let hub = Hub::start();
    let files = sample();
    let commit = hub.commit("some/set", Access::Open, &borrowed(&files));
    hub.api.always(&Hub::resolve_path("some/set", &commit, "many/03.jsonl"), Fault::status(500));
    let client = client(&hub);
    client.fetch(&["hf:some/set"]).failed(&["many/03.jsonl", "127.0.0.1"]);
    client.has_not("03.jsonl");
    for (path, content, _) in files.iter().filter(|(path, ..)| path != "many/03.jsonl") {
        client.has(path, content);
    }
    hub.api.clear();
    hub.api.forget();
    client.fetch(&["hf:some/set"]).done();
    client.has("03.jsonl", &files.iter().find(|(path, ..)| path == "many/03.jsonl").unwrap().1);
    assert_eq!(hub.api.asked("/datasets/"), 1, "only what was missing is asked for");
}

#[test]
fn offline_asks_nobody() {
    let hub = Hub::start();
    let content = Content::from("a\n");
    hub.commit("some/set", Access::Open, &[("a.txt", content.clone(), false)]);
    let mut client = client(&hub);
    client.fetch(&["hf:some/set", "--offline"]).failed(&["some/set", "offline"]);
    assert_eq!(hub.api.log().len(), 0);
    client.fetch(&["hf:some/set"]).done();
    hub.api.forget();
    client.fetch(&["hf:some/set", "--offline"]).done();
    client.set("CORPUS_OFFLINE", "1");
    client.fetch(&["hf:some/set"]).done();
    assert_eq!(hub.api.log().len(), 0);
}
