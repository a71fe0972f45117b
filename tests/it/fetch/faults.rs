//! The table: every fault, on every kind of host, once and for good.
//!
//! Once: the fetch gets over it and ends with the right bytes. For good: it ends with 1, names the file and the host,
//! and leaves nothing under the file's name. Then the fault goes away, and the next run is right.

use std::time::{Duration, Instant};

use super::{Client, in_parallel};
use crate::servers::archive::zip_of;
use crate::servers::hub::{Access, Hub};
use crate::servers::modelscope::ModelScope;
use crate::servers::plain::Plain;
use crate::servers::wikimedia::Wikimedia;
use crate::servers::{Content, Fault, Server};

/// What becomes of a fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Outcome {
    /// Right bytes, exit code 0.
    Right,
    /// A clear error, exit code 1.
    Error,
    /// Either, as long as no wrong file is left.
    Either,
}
use Outcome::{Either, Error, Right};

/// A fault; what comes of it when it strikes once; what when it strikes always; whether a checksum is needed to see it.
type Row = (&'static str, fn() -> Vec<Fault>, Outcome, Outcome, bool);

const SIZE: u64 = 900_000;

const TABLE: &[Row] = &[
    ("cut at the start", || vec![Fault::Cut(0)], Right, Error, false),
    ("cut early", || vec![Fault::Cut(1)], Right, Either, false),
    ("cut in the middle", || vec![Fault::Cut(400_000)], Right, Either, false),
    ("cut before the last byte", || vec![Fault::Cut(SIZE - 1)], Right, Either, false),
    ("hang up without an answer", || vec![Fault::Hangup], Right, Error, false),
    ("not HTTP", || vec![Fault::Garbage], Right, Error, false),
    ("200 instead of 206", || vec![Fault::Cut(300_000), Fault::Whole], Right, Either, false),
    ("length too long", || vec![Fault::Length(1000)], Right, Error, false),
    ("length too short", || vec![Fault::Length(-1000)], Right, Error, true),
    ("flipped byte", || vec![Fault::Flip(123_456)], Right, Error, true),
    ("429 with a time", || vec![Fault::busy("1")], Right, Error, false),
    ("429 without a time", || vec![Fault::status(429)], Right, Error, false),
    ("429 until tomorrow", || vec![Fault::busy("86400")], Either, Error, false),
    ("429 with a date that has passed", || vec![Fault::busy("Wed, 21 Oct 2015 07:28:00 GMT")], Right, Error, false),
    ("429 with nonsense", || vec![Fault::busy("soon")], Right, Error, false),
    (
        "429 with a rate limit",
        || vec![Fault::Status(429, vec![("RateLimit", "\"resolvers\";r=0;t=1".into())])],
        Right,
        Error,
        false,
    ),
    ("500", || vec![Fault::status(500)], Right, Error, false),
    ("502", || vec![Fault::status(502)], Right, Error, false),
    ("503", || vec![Fault::Status(503, vec![("Retry-After", "1".into())])], Right, Error, false),
    ("404", || vec![Fault::status(404)], Either, Error, false),
    ("418", || vec![Fault::status(418)], Either, Error, false),
    ("slow drip", || vec![Fault::Drip(Duration::from_millis(200))], Right, Error, false),
    ("stalled before the body", || vec![Fault::Stall(0)], Right, Error, false),
    ("stalled in the body", || vec![Fault::Stall(300_000)], Right, Either, false),
    ("HTML instead of data", || vec![Fault::Html], Right, Error, false),
    ("redirect to itself", || vec![Fault::Loop], Either, Error, false),
    ("redirects without end", || vec![Fault::Chase], Either, Error, false),
    ("redirect to nowhere", || vec![Fault::Redirect("http://127.0.0.1:9/away".into())], Either, Error, false),
    ("redirect to a file", || vec![Fault::Redirect("file:///etc/hostname".into())], Either, Error, false),
    ("redirect without a place", || vec![Fault::status(302)], Either, Error, false),
    ("another range, told", || vec![Fault::Cut(300_000), Fault::ShiftedRange(100)], Right, Either, false),
    ("another range, under the asked one", || vec![Fault::Cut(300_000), Fault::LyingRange(100)], Right, Either, true),
    ("less than the range", || vec![Fault::Cut(300_000), Fault::ShortRange(100_000)], Right, Either, false),
    ("416 for a range", || vec![Fault::Cut(300_000), Fault::status(416)], Right, Error, false),
    ("compressed unasked", || vec![Fault::Gzip], Either, Either, false),
    ("compressed and cut", || vec![Fault::GzipCut(0.5)], Either, Error, false),
    ("compressed without end", || vec![Fault::GzipBomb(8 << 30)], Either, Error, false),
    ("chunked", || vec![Fault::Chunked], Right, Right, false),
    ("chunked and cut", || vec![Fault::ChunkedCut(300_000)], Right, Either, false),
    ("chunked and cut at the start", || vec![Fault::ChunkedCut(0)], Right, Error, false),
    ("headers drop by drop", || vec![Fault::DripHead(Duration::from_millis(300))], Right, Error, false),
    ("headers without end", || vec![Fault::FloodHead], Right, Error, false),
    ("interim answers without end", || vec![Fault::Interim], Right, Error, false),
    ("206 without a range", || vec![Fault::Cut(300_000), Fault::Unlabelled], Right, Either, false),
    ("206 for the whole", || vec![Fault::Unasked(400_000)], Right, Either, false),
    ("nothing, properly", || vec![Fault::Empty], Right, Error, true),
    ("no length, closed at the end", || vec![Fault::Closing(u64::MAX)], Right, Right, false),
    ("no length, closed early", || vec![Fault::Closing(300_000)], Right, Either, true),
];

/// A host with one file on it, of its own for each row.
struct Stand {
    name: String,
    file: &'static str,
    content: Content,
    /// The server whose answers are spoiled.
    host: Box<dyn Host>,
    path: String,
    environment: Vec<(&'static str, String)>,
}

trait Host {
    fn server(&self) -> &Server;
}

impl Host for Plain {
    fn server(&self) -> &Server {
        &self.server
    }
}

impl Host for ModelScope {
    fn server(&self) -> &Server {
        &self.server
    }
}

impl Host for Wikimedia {
    fn server(&self) -> &Server {
        &self.server
    }
}

/// The hub itself.
impl Host for Hub {
    fn server(&self) -> &Server {
        &self.api
    }
}

/// The hub's other half.
struct Cdn(Hub);

impl Host for Cdn {
    fn server(&self) -> &Server {
        &self.0.cdn
    }
}

/// All rows on hosts of one kind; panics with every one that is wrong. `sums`: the host tells a checksum, or the file
/// has its own. `CORPUS_TEST_FAULT` picks rows by a word of their names.
fn check(kind: &str, sums: bool, stand: fn() -> Stand) {
    let only = std::env::var("CORPUS_TEST_FAULT").unwrap_or_default();
    let rows = TABLE.iter().filter(|row| row.0.contains(&only) && (sums || !row.4));
    let work: Vec<(&Row, bool)> = rows.flat_map(|row| [(row, false), (row, true)]).collect();
    in_parallel(&work, |((name, faults, once, always, _), for_good)| {
        let expected = if *for_good { *always } else { *once };
        let case = format!("{kind}: {name}, {}", if *for_good { "for good" } else { "once" });
        (case, Box::new(move || stand().row(&faults(), *for_good, expected)))
    });
}

impl Stand {
    fn row(&self, faults: &[Fault], for_good: bool, expected: Outcome) -> Duration {
        let client = self.environment.iter().fold(Client::new(), |client, (name, value)| client.with(name, value));
        let server = self.host.server();
        let (last, before) = faults.split_last().unwrap();
        for fault in before {
            server.once(&self.path, fault.clone());
        }
        if for_good {
            server.always(&self.path, last.clone());
        } else {
            server.once(&self.path, last.clone());
        }
        let got = client.fetch(&[&self.name]);
        match (expected, got.code) {
            (Right | Either, 0) => client.has(self.file, &self.content),
            (Error | Either, 1) => {
                client.has_not(self.file);
                for word in [self.file, server.host()] {
                    assert!(got.stderr.contains(word), "nothing about {word:?} in:\n{}", got.stderr);
                }
                assert!(got.stderr.lines().count() < 40, "too much talk:\n{}", got.stderr);
            }
            _ => panic!("expected {expected:?}, got code {}\n{}", got.code, got.stderr),
        }
        // The fault is gone: the next run is right.
        server.clear();
        client.fetch(&[&self.name]).done();
        client.has(self.file, &self.content);
        got.took
    }
}

#[test]
fn a_plain_file() {
    check("plain", false, || {
        let (host, content) = (Plain::start(), Content::noise(3, SIZE));
        host.put("/files/some.bin", content.clone());
        let (name, path) = (host.url("/files/some.bin"), "/files/some.bin".into());
        Stand { name, file: "some.bin", content, host: Box::new(host), path, environment: vec![] }
    });
}

/// A zip tells by its own sums whether it is whole, though nobody published one; the server knows no ranges.
#[test]
fn a_zip_without_a_sum() {
    check("zip on a simple server", true, || {
        let rows = Content::noise(4, SIZE - 500).to_vec();
        let (host, content) = (Plain::simple(), zip_of(&[("new2016zh/a.json", &rows), ("b.json", b"{}\n")]));
        host.put("/set.zip", content.clone());
        let (name, path) = (host.url("/set.zip"), "/set.zip".into());
        Stand { name, file: "set.zip", content, host: Box::new(host), path, environment: vec![] }
    });
}

fn on_the_hub(lfs: bool) -> (Hub, Content, String, Vec<(&'static str, String)>) {
    let (hub, content) = (Hub::start(), Content::noise(5, SIZE));
    let commit = hub.commit("some/set", Access::Open, &[("data/rows.bin", content.clone(), lfs)]);
    let path = if lfs { Hub::stored_at(&content) } else { Hub::resolve_path("some/set", &commit, "data/rows.bin") };
    let environment = vec![("HF_ENDPOINT", hub.url())];
    (hub, content, path, environment)
}

#[test]
fn a_small_file_of_the_hub() {
    check("hub, small file", true, || {
        let (hub, content, path, environment) = on_the_hub(false);
        Stand { name: "hf:some/set".into(), file: "rows.bin", content, host: Box::new(hub), path, environment }
    });
}

#[test]
fn a_large_file_of_the_hub() {
    check("hub, CDN", true, || {
        let (hub, content, path, environment) = on_the_hub(true);
        Stand { name: "hf:some/set".into(), file: "rows.bin", content, host: Box::new(Cdn(hub)), path, environment }
    });
}

#[test]
fn a_file_of_modelscope() {
    check("ModelScope", true, || {
        let (host, content) = (ModelScope::start(), Content::noise(8, SIZE));
        host.add("some/set", false, &[("rows.bin", content.clone())]);
        let environment = vec![("MODELSCOPE_ENDPOINT", host.server.url())];
        let path = "/api/v1/datasets/some/set/repo".into();
        Stand { name: "ms:some/set".into(), file: "rows.bin", content, host: Box::new(host), path, environment }
    });
}

#[test]
fn a_dump_of_wikimedia() {
    check("Wikimedia", true, || {
        let (host, content) = (Wikimedia::start(), Content::noise(9, SIZE));
        host.add("zhwiki", "20240101", true, &[("pages-articles-multistream.xml.bz2", content.clone())]);
        let environment = vec![("WIKIMEDIA_DUMPS_ENDPOINT", host.server.url())];
        let file = "zhwiki-20240101-pages-articles-multistream.xml.bz2";
        let path = format!("/zhwiki/20240101/{file}");
        Stand { name: "wikimedia:zhwiki".into(), file, content, host: Box::new(host), path, environment }
    });
}

/// The listing itself, not the file: what goes wrong there is told of the set.
#[test]
fn the_listing_of_the_hub() {
    let faults = [
        ("cut", Fault::Cut(20)),
        ("hang up", Fault::Hangup),
        ("not HTTP", Fault::Garbage),
        ("429", Fault::busy("1")),
        ("500", Fault::status(500)),
        ("503", Fault::status(503)),
        ("drip", Fault::Drip(Duration::from_millis(300))),
        ("stall", Fault::Stall(5)),
        ("HTML", Fault::Html),
        ("loop", Fault::Loop),
        ("flip", Fault::Flip(0)),
    ];
    let tree = |commit: &str| format!("/api/datasets/some/set/tree/{commit}");
    let work: Vec<_> = faults.iter().flat_map(|fault| [(fault, false), (fault, true)]).collect();
    in_parallel(&work, |((name, fault), of_tree)| {
        let case = format!("{}: {name}", if *of_tree { "tree" } else { "commit" });
        let fetch = move || {
            let began = Instant::now();
            let (hub, content) = (Hub::start(), Content::noise(7, 1000));
            let commit = hub.commit("some/set", Access::Open, &[("data/rows.bin", content.clone(), false)]);
            let path = if *of_tree { tree(&commit) } else { "/api/datasets/some/set*".to_owned() };
            let client = Client::new().with("HF_ENDPOINT", hub.url());
            hub.api.once(&path, (*fault).clone());
            let got = client.fetch(&["hf:some/set"]);
            if got.code == 0 {
                client.has("rows.bin", &content);
            } else {
                got.failed(&["some/set", "127.0.0.1"]);
            }
            hub.api.clear();
            hub.api.always(&path, (*fault).clone());
            let client = Client::new().with("HF_ENDPOINT", hub.url());
            client.fetch(&["hf:some/set"]).failed(&["some/set", "127.0.0.1"]);
            client.has_not("rows.bin");
            hub.api.clear();
            client.fetch(&["hf:some/set"]).done();
            client.has("rows.bin", &content);
            began.elapsed()
        };
        (case, Box::new(fetch))
    });
}

/// The file changes while it is fetched: never a mix of both.
#[test]
fn changed_on_the_way() {
    let (old, new) = (Content::noise(20, SIZE), Content::noise(21, SIZE));
    for simple in [false, true] {
        let plain = if simple { Plain::simple() } else { Plain::start() };
        plain.put("/some.bin", old.clone());
        plain.server.once("/some.bin", Fault::Replace(300_000, new.clone()));
        let client = Client::new();
        let got = client.fetch(&[&plain.url("/some.bin")]);
        if got.code == 0 {
            client.has("some.bin", &new);
        } else {
            got.failed(&["some.bin", "127.0.0.1"]);
            client.has_not("some.bin");
        }
        client.fetch(&[&plain.url("/some.bin")]).done();
        client.has("some.bin", &new);
    }
}

/// The file is replaced between two runs, the first of which did not get to its end.
#[test]
fn replaced_between_runs() {
    let (old, new) = (Content::noise(22, SIZE), Content::noise(23, SIZE + 1000));
    for simple in [false, true] {
        let plain = if simple { Plain::simple() } else { Plain::start() };
        plain.put("/some.bin", old.clone());
        plain.server.once("/some.bin", Fault::Cut(500_000));
        plain.server.always("/some.bin", Fault::status(500));
        let client = Client::new();
        client.fetch(&[&plain.url("/some.bin")]).failed(&["some.bin", "127.0.0.1", "500"]);
        client.has_not("some.bin");
        plain.server.clear();
        plain.put("/some.bin", new.clone());
        client.fetch(&[&plain.url("/some.bin")]).done();
        client.has("some.bin", &new);
    }
}

/// What is whole is not asked for again, and what was cut goes on where it was.
#[test]
fn nothing_twice() {
    let plain = Plain::start();
    let content = Content::noise(24, 8_000_000);
    plain.put("/some.bin", content.clone());
    plain.server.once("/some.bin", Fault::Cut(5_000_000));
    plain.server.times("/some.bin", Fault::status(500), 50, 0);
    let client = Client::new();
    client.fetch(&[&plain.url("/some.bin")]).failed(&["some.bin"]);
    plain.server.clear();
    client.fetch(&[&plain.url("/some.bin")]).done();
    client.has("some.bin", &content);
    let sent = plain.server.sent();
    assert!(sent < content.len() + (256 << 10), "{sent} bytes were sent for a file of {}", content.len());
    plain.server.forget();
    client.fetch(&[&plain.url("/some.bin")]).done();
    assert_eq!(plain.server.sent(), 0, "a file that is there was fetched again");
}
