//! The other hosts, each by its own rules: Wikimedia, OPUS, ModelScope, Google Drive, an object store, mirrors.

use super::Client;
use crate::servers::archive::zip_of;
use crate::servers::modelscope::ModelScope;
use crate::servers::opus::{Opus, STORE};
use crate::servers::plain::{Drive, GoogleDrive, Plain};
use crate::servers::s3::S3;
use crate::servers::wikimedia::Wikimedia;
use crate::servers::{Content, Fault};

const DUMP: &str = "pages-articles-multistream.xml.bz2";
const INDEX: &str = "pages-articles-multistream-index.txt.bz2";

#[test]
fn wikimedia_newest_finished_date() {
    let dumps = Wikimedia::start();
    let of = |seed| Content::noise(seed, 20_000);
    dumps.add("zhwiki", "20231220", true, &[(DUMP, of(1)), (INDEX, of(2)), ("pages-meta-current.xml.bz2", of(3))]);
    dumps.add("zhwiki", "20240101", true, &[(DUMP, of(4)), (INDEX, of(5)), ("pages-articles.xml.bz2", of(6))]);
    dumps.add("zhwiki", "20240120", false, &[(DUMP, of(7))]);
    dumps.add("zhwiki", "20240201", true, &[(DUMP, of(8))]);
    dumps.lose_status("zhwiki", "20240201");
    let client = Client::new().with("WIKIMEDIA_DUMPS_ENDPOINT", dumps.server.url());
    client.fetch(&["wikimedia:zhwiki"]).done();
    let name = format!("zhwiki-20240101-{DUMP}");
    client.has(&name, &of(4));
    assert_eq!(client.file(&name).unwrap().revision, "20240101");
    for other in [
        &format!("zhwiki-20231220-{DUMP}"),
        &format!("zhwiki-20240120-{DUMP}"),
        "zhwiki-20240101-pages-articles.xml.bz2",
    ] {
        client.has_not(other);
    }
    // A date of one's own, one that is not done, one that is gone.
    client.fetch(&["wikimedia:zhwiki@20231220"]).done();
    client.has(&format!("zhwiki-20231220-{DUMP}"), &of(1));
    client.fetch(&["wikimedia:zhwiki@20240120"]).failed(&["20240120", "zhwiki"]);
    client.has_not(&format!("zhwiki-20240120-{DUMP}"));
    client.fetch(&["wikimedia:zhwiki@20200101"]).failed(&["20200101", "zhwiki"]);
    client.fetch(&["wikimedia:nosuchwiki"]).failed(&["nosuchwiki", "127.0.0.1"]);
}

/// Parts and the whole hold the same pages: one kind is taken.
#[test]
fn wikimedia_parts() {
    let dumps = Wikimedia::start();
    let of = |seed| Content::noise(seed, 9000);
    let parts = ["pages-articles-multistream1.xml-p1p187712.bz2", "pages-articles-multistream2.xml-p187713p630160.bz2"];
    dumps.add("zhwiki", "20240101", true, &[(DUMP, of(1)), (parts[0], of(2)), (parts[1], of(3))]);
    dumps.add("bigwiki", "20240101", true, &[(parts[0], of(2)), (parts[1], of(3))]);
    let client = Client::new().with("WIKIMEDIA_DUMPS_ENDPOINT", dumps.server.url());
    client.fetch(&["wikimedia:zhwiki"]).done();
    let whole = client.file(&format!("zhwiki-20240101-{DUMP}")).is_some();
    let first = client.file(&format!("zhwiki-20240101-{}", parts[0])).is_some();
    let second = client.file(&format!("zhwiki-20240101-{}", parts[1])).is_some();
    assert!(whole != first && first == second, "whole {whole}, parts {first} {second}");
    client.fetch(&["wikimedia:bigwiki"]).done();
    client.has(&format!("bigwiki-20240101-{}", parts[0]), &of(2));
    client.has(&format!("bigwiki-20240101-{}", parts[1]), &of(3));
}

#[test]
fn opus_by_its_api() {
    let opus = Opus::start();
    let content = zip_of(&[
        ("README", b"read me"),
        ("LICENSE", b"free"),
        ("UNPC.en-zh.en", "one\ntwo\n".as_bytes()),
        ("UNPC.en-zh.zh", "一\n二\n".as_bytes()),
    ]);
    let old = zip_of(&[("UNPC.en-zh.en", b"one\n"), ("UNPC.en-zh.zh", "一\n".as_bytes())]);
    opus.add("UNPC", "v0.9", ("en", "zh"), old.clone());
    opus.add("UNPC", "v1.0", ("en", "zh"), content.clone());
    opus.add("OpenSubtitles", "v2018", ("en", "zh_CN"), old.clone());
    let client = Client::new()
        .with("OPUS_ENDPOINT", opus.api.url())
        .with("CORPUS_MIRRORS", format!("{STORE}={}/", opus.store.url()));
    client.fetch(&["opus:UNPC/en-zh"]).done();
    let stored = client.stored();
    let zip: Vec<_> = stored.values().filter(|f| f.path.extension().is_some_and(|e| e == "zip")).collect();
    assert_eq!(zip.len(), 1, "{stored:#?}");
    assert_eq!((&zip[0].sha256, zip[0].revision.as_str()), (&content.sha256(), "v1.0"));
    // The other order names the same pair; a version may be named.
    let other = Client::new()
        .with("OPUS_ENDPOINT", opus.api.url())
        .with("CORPUS_MIRRORS", format!("{STORE}={}/", opus.store.url()));
    other.fetch(&["opus:UNPC/zh-en@v0.9"]).done();
    assert!(other.stored().values().any(|f| f.sha256 == old.sha256()), "{:#?}", other.stored());
    other.fetch(&["opus:OpenSubtitles/en-zh_CN"]).done();
    other.fetch(&["opus:NoSuchCorpus/en-zh"]).failed(&["NoSuchCorpus", "127.0.0.1"]);
    other.fetch(&["opus:UNPC/de-zh"]).failed(&["UNPC", "de-zh"]);
    other.fetch(&["opus:UNPC/en-zh@v7"]).failed(&["UNPC", "v7"]);
}

#[test]
fn modelscope_pages_and_envelopes() {
    let scope = ModelScope::start();
    let contents: Vec<(String, Content)> =
        (0..230).map(|n| (format!("part/{n:03} 号.jsonl"), Content::from(format!("{{\"n\":{n}}}\n")))).collect();
    let files: Vec<(&str, Content)> = contents.iter().map(|(name, content)| (name.as_str(), content.clone())).collect();
    scope.add("some/set", false, &files);
    scope.add("some/private", true, &files[..1]);
    let client = Client::new().with("MODELSCOPE_ENDPOINT", scope.server.url());
    client.fetch(&["ms:some/set"]).done();
    assert_eq!(client.stored().len(), 230);
    for (name, content) in [&contents[0], &contents[120], &contents[229]] {
        client.has(name, content);
    }
    client.fetch(&["ms:some/missing"]).failed(&["some/missing", "127.0.0.1"]);
    client.fetch(&["ms:some/private"]).failed(&["some/private", "127.0.0.1"]);
    client.fetch(&["ms:some/set@no-such-revision"]).failed(&["no-such-revision"]);
}

#[test]
fn google_drive() {
    let drive = GoogleDrive::start();
    let content = zip_of(&[("wiki_zh/AA/wiki_00", &Content::noise(5, 300_000).to_vec())]);
    for (id, kind) in
        [("1small", Drive::Small), ("1large", Drive::Warns), ("1quota", Drive::Quota), ("1closed", Drive::Closed)]
    {
        drive.put(id, "wiki_zh_2019.zip", content.clone(), kind);
    }
    for (address, good) in [
        ("https://drive.google.com/uc?id=1small&export=download", true),
        ("https://drive.google.com/uc?id=1large&export=download", true),
        ("https://drive.usercontent.google.com/download?id=1large&export=download", true),
        ("https://drive.usercontent.google.com/download?id=1large&export=download&confirm=t", true),
        ("https://drive.usercontent.google.com/download?id=1quota&export=download&confirm=t", false),
        ("https://drive.google.com/uc?id=1closed", false),
    ] {
        let client = Client::new().with("CORPUS_MIRRORS", drive.mirrors());
        let got = client.fetch(&[address]);
        let stored = client.stored();
        if got.code == 0 {
            assert!(good, "{address}");
            assert!(
                stored.values().all(|f| f.sha256 == content.sha256()) && stored.len() == 1,
                "{address} {stored:#?}"
            );
        } else {
            // Recognised as a failure is good enough where the page has to be passed; data is never HTML.
            got.failed(&["google.com"]);
            assert!(stored.is_empty(), "{address} {stored:#?}");
            assert!(!good || !address.contains("confirm"), "{address}\n{}", got.stderr);
        }
    }
}

#[test]
fn mirrors_by_the_longest_prefix() {
    let (near, far) = (Plain::start(), Plain::start());
    let (one, two) = (Content::from("near\n"), Content::from("far\n"));
    near.put("/deep/x/a.txt", one.clone());
    far.put("/b/a.txt", two.clone());
    let mirrors =
        format!("https://a.example/={}/,https://a.example/long/={}/deep/", far.server.url(), near.server.url());
    let client = Client::new().with("CORPUS_MIRRORS", mirrors.as_str());
    client.fetch(&["https://a.example/long/x/a.txt"]).done();
    client.has("a.txt", &one);
    let client = Client::new().with("CORPUS_MIRRORS", mirrors.as_str());
    client.fetch(&["https://a.example/b/a.txt"]).done();
    client.has("a.txt", &two);
    // The host that failed is the one that was asked.
    let client = Client::new().with("CORPUS_MIRRORS", mirrors.as_str());
    client.fetch(&["https://a.example/b/missing.txt"]).failed(&["missing.txt", "127.0.0.1"]);
    // Where a redirect leads may have a mirror too.
    far.put("/b/away.txt", two.clone());
    far.server.always("/b/away.txt", Fault::Redirect("https://a.example/long/x/a.txt".into()));
    let client = Client::new().with("CORPUS_MIRRORS", mirrors.as_str());
    client.fetch(&["https://a.example/b/away.txt"]).done();
    assert_eq!(client.stored().values().next().unwrap().sha256, one.sha256());
}

#[test]
fn an_object_store() {
    let s3 = S3::start();
    let content = Content::noise(6, 300_000);
    s3.put("bucket/set/data/a.jsonl", content.clone());
    s3.put("bucket/set/data/b.jsonl", Content::from("{}\n"));
    s3.put("bucket/other/c.jsonl", Content::from("{}\n"));
    let client = Client::new()
        .with("AWS_ENDPOINT", s3.server.url())
        .with("AWS_ALLOW_HTTP", "true")
        .with("AWS_ACCESS_KEY_ID", "key")
        .with("AWS_SECRET_ACCESS_KEY", "secretOfTheStore")
        .with("AWS_REGION", "us-east-1");
    let got = client.fetch(&["s3://bucket/set/data/a.jsonl"]);
    got.done();
    client.has("a.jsonl", &content);
    assert!(!format!("{}{}", got.stdout, got.stderr).contains("secretOfTheStore"));
    client.fetch(&["s3://bucket/set/"]).done();
    client.has("b.jsonl", &Content::from("{}\n"));
    client.has_not("c.jsonl");
    client.fetch(&["s3://bucket/none/x.jsonl"]).failed(&["none/x.jsonl"]);
    // A flipped length, a cut: nothing wrong is kept.
    s3.server.once("/bucket/other/c.jsonl", Fault::Cut(1));
    client.fetch(&["s3://bucket/other/c.jsonl"]);
    s3.server.clear();
    client.fetch(&["s3://bucket/other/c.jsonl"]).done();
    client.has("c.jsonl", &Content::from("{}\n"));
}

/// A server's own bytes are kept, whatever its headers call them; a page in the place of data is not data.
#[test]
fn pages_in_the_place_of_data() {
    let plain = Plain::start();
    let page = Content::from("<!DOCTYPE html><html><body>Sign in</body></html>");
    for (path, good) in [("/rows.jsonl", false), ("/set.zip", false), ("/rows.txt.gz", false), ("/page.html", true)] {
        plain.put(path, page.clone());
        plain.server.always(path, Fault::Html);
        let client = Client::new();
        let got = client.fetch(&[&plain.url(path)]);
        if good && got.code == 0 {
            continue;
        }
        got.failed(&["127.0.0.1"]);
        assert!(client.stored().is_empty(), "{path}");
    }
}
