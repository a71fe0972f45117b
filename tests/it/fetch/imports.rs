//! `--from`, as people pack and keep their files: nothing is refused for how it was packed, nothing is replaced
//! unasked, nothing counts twice, and nothing of ours stays behind.

use std::path::Path;

use super::Client;
use super::client::Got;
use crate::harness::files_under;
use crate::servers::archive::zip_of;
use crate::servers::{Answer, Content, Server};

const CARD: &str = "name = \"mine\"\ntitle = { en = \"Mine\", zh = \"自有\" }\nabout = { en = \"Rows\", zh = \"数据\" }\n\
     best = \"pretrain\"\nwhy = { en = \"Ours\", zh = \"自有\" }\nlanguages = [\"zh\"]\n\
     homepage = \"https://example.org/mine\"\nlicense = [{ name = \"MIT\", kind = \"open\", says = \"we do\" }]\n\
     [[part]]\nname = \"all\"\nnames = [\"*.jsonl\"]\n\
     [[way]]\nfrom = \"hand\"\nfiles = { all = [] }\nhow = { en = \"ask us\", zh = \"问我们\" }\n";

fn client() -> Client {
    let client = Client::new().with("CORPUS_CARDS", "cards");
    client.scratch.write("cards/mine.toml", CARD);
    client
}

fn import(client: &Client, from: &Path, more: &[&str]) -> Got {
    client.fetch(&[&["mine", "--from", from.to_str().unwrap()], more].concat())
}

/// A tar whose members have exactly these names, as `tar cf x.tar .` writes them.
fn tar_of(members: &[(&str, &str)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, text) in members {
        let mut header = tar::Header::new_gnu();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        if name.ends_with('/') {
            header.set_entry_type(tar::EntryType::Directory);
        }
        header.set_cksum();
        tar.append(&header, text.as_bytes()).unwrap();
    }
    tar.into_inner().unwrap()
}

#[test]
fn members_named_as_packers_name_them() {
    let (one, two) = ("{\"text\":\"第一\"}\n", "{\"text\":\"第二\"}\n");
    for (first, second) in
        [("./a.jsonl", "./deep/b.jsonl"), ("a.jsonl", "deep\\b.jsonl"), (".\\a.jsonl", "x/./b.jsonl")]
    {
        let packed = [
            ("own.tar", tar_of(&[("./", ""), (first, one), (second, two)])),
            ("own.zip", zip_of(&[(first, one.as_bytes()), (second, two.as_bytes())]).to_vec()),
        ];
        for (name, bytes) in packed {
            let client = client();
            let path = client.scratch.write(name, bytes);
            import(&client, &path, &[]).done();
            let sums: Vec<String> = client.stored().into_values().map(|f| f.sha256).collect();
            for text in [one, two] {
                assert!(
                    sums.contains(&Content::from(text).sha256()),
                    "{name}: {first} {second}: {:#?}",
                    client.stored()
                );
            }
        }
    }
}

#[cfg(unix)]
#[test]
fn links_that_lead_nowhere_stop_nothing() {
    let client = client();
    client.scratch.write("in/a.jsonl", "{\"text\":\"a\"}\n");
    let folder = client.scratch.path("in");
    std::os::unix::fs::symlink("gone.jsonl", folder.join("b.jsonl")).unwrap();
    std::os::unix::fs::symlink(".", folder.join("round")).unwrap();
    let got = import(&client, &folder, &[]);
    got.done();
    assert!(got.stderr.contains("b.jsonl") && got.stderr.contains("leads nowhere"), "{}", got.stderr);
    client.has("a.jsonl", &Content::from("{\"text\":\"a\"}\n"));
    // A link to a file has the name by which it was given, as in the hub's own cache.
    let blob = client.scratch.write("blobs/0f3a", "{\"text\":\"c\"}\n");
    let link = client.scratch.path("c.jsonl");
    std::os::unix::fs::symlink(blob, &link).unwrap();
    import(&client, &link, &[]).done();
    client.has("c.jsonl", &Content::from("{\"text\":\"c\"}\n"));
}

#[test]
fn a_second_import_replaces_nothing_unasked() {
    let client = client();
    let (old, new) = (Content::from("{\"text\":\"old\"}\n"), Content::from("{\"text\":\"new\"}\n"));
    let first = client.scratch.write("one/a.jsonl", old.to_vec());
    let second = client.scratch.write("two/a.jsonl", new.to_vec());
    import(&client, &first, &[]).done();
    import(&client, &first, &[]).done();
    import(&client, &second, &[]).failed(&["a.jsonl", "another file of that name", "--replace"]);
    client.has("a.jsonl", &old);
    import(&client, &second, &["--replace"]).done();
    client.has("a.jsonl", &new);
    // The same within an archive.
    let zip = client.scratch.write("pack.zip", zip_of(&[("a.jsonl", b"{\"text\":\"third\"}\n")]).to_vec());
    import(&client, &zip, &[]).failed(&["a.jsonl", "another file of that name"]);
    client.has("a.jsonl", &new);
}

#[test]
fn an_archive_beside_its_unpacked_copy_counts_once() {
    let (one, two, other) = ("{\"text\":\"一\"}\n", "{\"text\":\"二\"}\n", "{\"text\":\"三\"}\n");
    for packed in ["set.zip", "set.tar"] {
        let client = client();
        let bytes = match packed {
            "set.zip" => zip_of(&[("d/a.jsonl", one.as_bytes()), ("d/b.jsonl", two.as_bytes())]).to_vec(),
            _ => tar_of(&[("d/a.jsonl", one), ("d/b.jsonl", two)]),
        };
        client.scratch.write(&format!("in/{packed}"), bytes);
        client.scratch.write("in/set/d/a.jsonl", one);
        // Of the same name, and another file: it comes in as well.
        client.scratch.write("in/set/d/b.jsonl", other);
        let got = import(&client, &client.scratch.path("in"), &[]);
        got.done();
        assert!(got.stderr.contains("counted once"), "{}", got.stderr);
        let mut sums: Vec<String> = client.stored().into_values().map(|f| f.sha256).collect();
        sums.sort();
        let mut right = [one, two, other].map(|text| Content::from(text).sha256()).to_vec();
        right.sort();
        assert_eq!(sums, right, "{packed}");
    }
}

#[test]
fn nothing_of_an_import_stays_behind() {
    let client = client();
    let path = client.scratch.write("a.jsonl", "{\"text\":\"a\"}\n");
    import(&client, &path, &[]).done();
    let stored = client.file("a.jsonl").unwrap().path;
    let partial = stored.parent().unwrap().join(".partial");
    // As a kill leaves them.
    std::fs::write(partial.join("77.import"), "half").unwrap();
    std::fs::write(partial.join("78.member"), "half").unwrap();
    // Members that cannot come to their place: all copies go.
    let zip = client.scratch.write("p.zip", zip_of(&[("a.jsonl", b"{\"text\":\"b\"}\n")]).to_vec());
    import(&client, &zip, &[]).failed(&["a.jsonl"]);
    let left: Vec<_> = files_under(&partial).into_iter().filter(|f| !f.ends_with("lock")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn addresses_that_differ_in_their_query_are_two_files() {
    let (one, two) = (Content::from("{\"text\":\"1\"}\n"), Content::from("{\"text\":\"2\"}\n"));
    let of = (one.clone(), two.clone());
    let server = Server::start(move |request| match request.query("id").as_deref() {
        Some("1") => Answer::file(of.0.clone()),
        Some("2") => Answer::file(of.1.clone()),
        _ => Answer::status(404),
    });
    let url = |id: u32| format!("{}/get.php?id={id}", server.url());
    let client = Client::new();
    client.fetch(&[&url(1), &url(2)]).done();
    // One after the other comes to the same.
    let apart = Client::new();
    apart.fetch(&[&url(1)]).done();
    apart.fetch(&[&url(2)]).done();
    for client in [client, apart] {
        let mut sums: Vec<String> = client.stored().into_values().map(|f| f.sha256).collect();
        sums.sort();
        let mut right = vec![one.sha256(), two.sha256()];
        right.sort();
        assert_eq!(sums, right, "{:#?}", client.stored());
    }
}
