//! What a fetch says of faults that mislead: each is named as what it is, with a cure that helps.

use std::time::Duration;

use super::Client;
use crate::servers::archive::zip_of;
use crate::servers::hub::{Access, Hub, TOKEN};
use crate::servers::plain::{Drive, GoogleDrive, Plain};
use crate::servers::{Answer, Content, Fault, Server};

/// A mirror that sends everything, or files alone, on to the hub: the token stays with the mirror, and this is said,
/// with the way out.
#[test]
fn a_mirror_that_sends_on_is_named() {
    let hub = Hub::start();
    let content = Content::noise(7, 5_000);
    for (id, access) in [("some/gated", Access::Gated), ("some/private", Access::Private)] {
        hub.commit(id, access, &[("a.bin", content.clone(), true)]);
    }
    let to = hub.url();
    let all = Server::named("localhost", move |request| Answer::redirect(307, &format!("{to}{}", request.target)));
    for id in ["some/gated", "some/private"] {
        let name = format!("hf:{id}");
        let client = Client::new().with("HF_ENDPOINT", all.url()).with("HF_TOKEN", TOKEN);
        let got = client.fetch(&[&name]);
        let (origin, mirror) = (hub.url(), all.authority());
        got.failed(&[
            id,
            &format!("{mirror} sends on to {origin}"),
            &format!("the token is for {mirror} alone"),
            &format!("HF_ENDPOINT={origin}"),
        ]);
        assert!(!got.stderr.contains("ask for access") && got.took < Duration::from_secs(15), "{}", got.stderr);
        client.token_is_kept(&got, &[&hub.cdn]);
        // As it was told.
        let client = Client::new().with("HF_ENDPOINT", origin).with("HF_TOKEN", TOKEN);
        client.fetch(&[&name]).done();
        client.has("a.bin", &content);
        // Without a token, both steps are told.
        let client = Client::new().with("HF_ENDPOINT", all.url());
        let page = format!("ask for access at {}/datasets/{id}", hub.url());
        client.fetch(&[&name]).failed(&[&page, "HF_TOKEN", &format!("HF_ENDPOINT={}", hub.url())]);
    }
    // A mirror with listings of its own, whose files lie at the hub.
    let mirror = Hub::start();
    let commit = mirror.commit("some/gated", Access::Open, &[("a.bin", content.clone(), true)]);
    let path = Hub::resolve_path("some/gated", &commit, "a.bin");
    mirror.api.always(&path, Fault::Redirect(format!("{}{path}", hub.url())));
    let client = Client::new().with("HF_ENDPOINT", mirror.url()).with("HF_TOKEN", TOKEN);
    hub.api.forget();
    let got = client.fetch(&["hf:some/gated"]);
    got.failed(&["a.bin", &format!("{} sends on to {}", mirror.api.authority(), hub.url()), "HF_ENDPOINT="]);
    client.token_is_kept(&got, &[&hub.cdn, &hub.api]);
}

/// Redirects that lead round are the host's fault, name the way round, and are not to be tried again.
#[test]
fn circles_are_the_fault_of_the_host() {
    let plain = Plain::start();
    plain.put("/rows.jsonl", Content::noise(1, 100));
    let url = plain.url("/rows.jsonl");
    for (fault, says) in [
        (Fault::Loop, format!("redirects in a circle: {url} -> {url}")),
        (Fault::Chase, format!("more redirects than anyone needs: {url} -> {url}?again=")),
    ] {
        plain.server.always("/rows.jsonl*", fault);
        let got = Client::new().fetch(&[&url]);
        got.failed(&[&says, "the host is at fault", "--from"]);
        assert!(!got.stderr.contains("run the same command again"), "{}", got.stderr);
        plain.server.clear();
    }
}

/// The pages that Google Drive puts in the place of a file, wherever they turn up.
#[test]
fn pages_of_drive_are_named() {
    let drive = GoogleDrive::start();
    drive.put("1quota", "rows.zip", zip_of(&[("a", b"a")]), Drive::Quota);
    drive.put("1closed", "rows.zip", zip_of(&[("a", b"a")]), Drive::Closed);
    for (id, says) in
        [("1quota", "the quota of this file is exceeded"), ("1closed", "to sign in: the file is not shared")]
    {
        let client = Client::new().with("CORPUS_MIRRORS", drive.mirrors());
        drive.server.forget();
        client.fetch(&[&format!("drive:{id}/rows.zip"), "--accept-license", "unstated"]).failed(&[says, "--from FILE"]);
        assert_eq!(drive.server.asked("/download"), 1, "a quota is not asked for again");
        assert!(client.stored().is_empty());
    }
    // A page by its bytes, whatever its label; and one that a person saved under the name of the archive.
    let warning = "<!DOCTYPE html><html><head><title>Google Drive - Virus scan warning</title></head><body><p>rows.zip is \
                   too large</p></body></html>";
    let plain = Plain::start();
    plain.put("/rows.zip", Content::from(warning));
    Client::new().fetch(&[&plain.url("/rows.zip")]).failed(&[
        "127.0.0.1",
        "scan so large a file for viruses",
        "Download anyway",
    ]);
    let client = Client::new();
    client.scratch.write("in/wiki_zh_2019.zip", warning);
    let from = client.scratch.path("in");
    let part = ["nlp_chinese_corpus", "--part", "wiki2019zh", "--from", from.to_str().unwrap()];
    let got = client.fetch(&part);
    got.failed(&["wiki_zh_2019.zip", "scan so large a file for viruses", "not data"]);
    assert!(!got.stderr.contains("damaged"), "{}", got.stderr);
}

/// Archives that are not opened are named, with the command that opens them; one that nobody looks for stops nothing.
#[test]
fn archives_that_are_not_opened_are_named() {
    let heads: [(&str, &[u8], &str, &str); 4] = [
        ("rows.7z", b"7z\xbc\xaf\x27\x1c\0\x04", "a 7z archive", "7z x"),
        ("rows v1.rar", b"Rar!\x1a\x07\x01\0", "a RAR archive", "unrar x"),
        ("rows.jsonl.lz4", b"\x04\x22\x4d\x18aaaa", "compressed by lz4", "lz4 -d"),
        ("rows.cab", b"MSCF\0\0\0\0aaaa", "a cabinet archive", "7z x"),
    ];
    for (name, head, what, command) in heads {
        let client = Client::new();
        let file = client.scratch.write(&format!("in/{name}"), head);
        for from in [file.clone(), client.scratch.path("in")] {
            let part = ["nlp_chinese_corpus", "--part", "wiki2019zh", "--from", from.to_str().unwrap()];
            client.fetch(&part).failed(&[name, what, &format!("`{command} "), "--from"]);
        }
        // What is looked for lies beside it.
        client.scratch.write("in/wiki_00", "{\"id\":\"1\",\"title\":\"题\",\"text\":\"题\\n\\n正文。\"}\n");
        let from = client.scratch.path("in");
        client.fetch(&["nlp_chinese_corpus", "--part", "wiki2019zh", "--from", from.to_str().unwrap()]).done();
        // Fetched as it is, it is no data yet.
        let plain = Plain::start();
        let path = format!("/{}", name.replace(' ', "-"));
        plain.put(&path, Content::from(head.to_vec()));
        let got = Client::new().fetch(&[&plain.url(&path)]);
        got.done();
        assert!(got.stderr.contains(what) && got.stderr.contains("no build reads it"), "{}", got.stderr);
        // Whatever it is called.
        plain.put("/called.zip", Content::from(head.to_vec()));
        let got = Client::new().fetch(&[&plain.url("/called.zip")]);
        got.done();
        assert!(got.stderr.contains(what) && !got.stderr.contains("damaged"), "{}", got.stderr);
    }
    // The one that a card names is refused too: no build could read it.
    let client = Client::new();
    let rar = client.scratch.write("WuDaoCorpus2.0_base_200G.rar", b"Rar!\x1a\x07\x01\0");
    let got = client.fetch(&["wudao", "--from", rar.to_str().unwrap(), "--accept-license", "wudao"]);
    got.failed(&["a RAR archive", "unrar x"]);
    assert!(client.stored().is_empty());
}
