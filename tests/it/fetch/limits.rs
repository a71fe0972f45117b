//! Patience has bounds that can be set, hosts are not stormed, and what fetches is polite.

use std::time::{Duration, Instant};

use super::Client;
use crate::servers::hub::{Access, Hub};
use crate::servers::plain::Plain;
use crate::servers::wikimedia::Wikimedia;
use crate::servers::{Content, Fault};

/// Files enough to keep many connections busy.
fn crowd(plain: &Plain, count: usize) -> Vec<String> {
    (0..count)
        .map(|n| {
            let path = format!("/{n}.bin");
            plain.put(&path, Content::noise(60 + n as u64, 300_000));
            plain.url(&path)
        })
        .collect()
}

#[test]
fn connections_per_host() {
    for (most, options) in
        [(8, vec![]), (2, vec!["--connections-per-host", "2"]), (1, vec!["--connections-per-host", "1"])]
    {
        let plain = Plain::start();
        let urls = crowd(&plain, 16);
        plain.server.pace(4_000_000);
        let client = Client::new();
        let arguments: Vec<&str> = urls.iter().map(String::as_str).chain(["--jobs", "16"]).chain(options).collect();
        client.fetch(&arguments).done();
        assert!(plain.server.peak() <= most, "{} requests at once, at most {most}", plain.server.peak());
        assert!(most == 1 || plain.server.peak() > 1, "one at a time");
        assert_eq!(client.stored().len(), 16);
    }
}

/// Wikimedia allows three; a fourth is refused by our server as by theirs.
#[test]
fn wikimedia_has_three() {
    let dumps = Wikimedia::start();
    let contents: Vec<Content> = (0..8).map(|n| Content::noise(80 + n, 200_000)).collect();
    let names: Vec<String> = (0..8).map(|n| format!("pages-articles-multistream{n}.xml-p{n}p9.bz2")).collect();
    let files: Vec<(&str, Content)> = names.iter().map(String::as_str).zip(contents.iter().cloned()).collect();
    dumps.add("zhwiki", "20240101", true, &files);
    dumps.server.pace(3_000_000);
    let client = Client::new().with("WIKIMEDIA_DUMPS_ENDPOINT", dumps.server.url());
    client.fetch(&["wikimedia:zhwiki", "--jobs", "8"]).done();
    assert!(dumps.server.peak() <= 3, "{} requests at once", dumps.server.peak());
    assert!(dumps.server.log().iter().all(|seen| seen.status != 503));
    for (name, content) in &files {
        client.has(&format!("zhwiki-20240101-{name}"), content);
    }
    let agents: Vec<_> =
        dumps.server.log().iter().map(|seen| seen.request.header("user-agent").map(str::to_owned)).collect();
    assert!(agents.iter().all(|agent| agent.as_ref().is_some_and(|a| a.contains("corpus"))), "{agents:?}");
}

/// A time that the server names is waited for, and not longer.
#[test]
fn waits_as_told() {
    for header in [("Retry-After", "2".to_owned()), ("RateLimit", "\"api\";r=0;t=2".to_owned())] {
        let hub = Hub::start();
        let content = Content::from("a\n");
        hub.commit("some/set", Access::Open, &[("a.txt", content.clone(), false)]);
        hub.api.once("/api/datasets/some/set*", Fault::Status(429, vec![header.clone()]));
        let client = Client::new().with("HF_ENDPOINT", hub.url());
        let got = client.fetch(&["hf:some/set"]);
        got.done();
        client.has("a.txt", &content);
        let log = hub.api.log();
        let waited = log[1].at - log[0].at;
        assert!(waited >= Duration::from_millis(1900), "{header:?}: only {waited:?} were waited");
        assert!(waited < Duration::from_secs(6), "{header:?}: {waited:?} were waited");
    }
}

/// A wait beyond what was allowed is an error at once, and says how long it would be.
#[test]
fn does_not_wait_for_ever() {
    let plain = Plain::start();
    plain.put("/a.bin", Content::noise(1, 1000));
    for wait in ["3600", "99999999999999999999", "Fri, 31 Dec 2100 23:59:59 GMT"] {
        plain.server.always("/a.bin", Fault::busy(wait));
        let client = Client::new();
        let got = client.fetch(&[&plain.url("/a.bin")]);
        got.failed(&["a.bin", "127.0.0.1"]);
        assert!(got.took < Duration::from_secs(20), "{:?} for {wait}", got.took);
        plain.server.clear();
    }
}

#[test]
fn tries_are_counted() {
    let plain = Plain::start();
    plain.put("/a.bin", Content::noise(1, 1000));
    plain.server.always("/a.bin", Fault::status(503));
    let client = Client::new();
    client.fetch(&[&plain.url("/a.bin")]).failed(&["a.bin", "503"]);
    let gets = plain.server.log().iter().filter(|seen| seen.request.method == "GET").count();
    assert!((2..=3).contains(&gets), "{gets} requests for --tries 3");
    // What asking again cannot cure is not asked for again.
    plain.server.clear();
    plain.server.forget();
    plain.server.always("/a.bin", Fault::status(404));
    client.fetch(&[&plain.url("/a.bin")]).failed(&["a.bin", "404"]);
    let gets = plain.server.log().iter().filter(|seen| seen.request.method == "GET").count();
    assert_eq!(gets, 1, "404 was asked for again");
}

/// Nobody listens: told at once, not after minutes.
#[test]
fn nobody_there() {
    let began = Instant::now();
    Client::new().fetch(&["http://127.0.0.1:9/some/a.bin"]).failed(&["a.bin", "127.0.0.1"]);
    assert!(began.elapsed() < Duration::from_secs(20));
    Client::new().fetch(&["http://no-such-host.invalid/some/a.bin"]).failed(&["a.bin", "no-such-host.invalid"]);
}

#[test]
fn a_proxy_is_used() {
    // A proxy is asked for whole addresses; this one has the file itself.
    let plain = Plain::start();
    let content = Content::noise(90, 5000);
    let of_proxy = content.clone();
    let proxy = crate::servers::Server::start(move |request| {
        if request.target.starts_with("http://far.example/") {
            crate::servers::Answer::file(of_proxy.clone())
        } else {
            crate::servers::Answer::status(404)
        }
    });
    let client = Client::new().with("http_proxy", proxy.url());
    client.fetch(&["http://far.example/a.bin"]).done();
    client.has("a.bin", &content);
    assert!(proxy.asked("http://far.example/") > 0);
    // What no_proxy names is asked directly.
    plain.put("/b.bin", content.clone());
    let client = Client::new().with("http_proxy", "http://127.0.0.1:9").with("no_proxy", "127.0.0.1,localhost");
    client.fetch(&[&plain.url("/b.bin")]).done();
    client.has("b.bin", &content);
}
