//! `--dry-run`: what would come, summed from whoever tells, and whether the disk holds it.

use super::Client;
use crate::servers::plain::Plain;
use crate::servers::{Content, Fault};

const HEAD: &str = "name = \"mine\"\ntitle = { en = \"Mine\", zh = \"自有\" }\nabout = { en = \"Rows\", zh = \"数据\" }\n\
     best = \"pretrain\"\nwhy = { en = \"Ours\", zh = \"自有\" }\nlanguages = [\"zh\"]\n\
     homepage = \"https://example.org/mine\"\n";
const FREE: &str = "[[license]]\nname = \"MIT\"\nkind = \"open\"\nsays = \"we do\"\n";

/// A client whose card `mine` has these words of size and these parts, each with its bytes, by `from`.
fn client(all: Option<u64>, parts: &[(&str, Option<u64>)], from: &str) -> Client {
    let client = Client::new().with("CORPUS_CARDS", "cards");
    let bytes = |bytes: Option<u64>| bytes.map_or(String::new(), |b| format!("bytes = {b}\n"));
    let mut card = format!("{HEAD}{}{FREE}", bytes(all));
    parts.iter().for_each(|(name, size)| card += &format!("[[part]]\nname = \"{name}\"\n{}", bytes(*size)));
    card += &format!("[[way]]\nfrom = \"{from}\"\n[way.files]\n");
    parts.iter().for_each(|(name, _)| card += &format!("{name} = [\"{name}.jsonl\"]\n"));
    client.scratch.write("cards/mine.toml", card);
    client
}

/// What no listing tells, the card does: by its parts, or as a whole; a size that nobody tells is said to be missing.
#[test]
fn a_dry_run_sums_what_cards_tell() {
    const GIB: u64 = 1 << 30;
    for (all, parts, says) in [
        (None, &[("all", Some(7_086_696_038))][..], "about 6.6 GiB"),
        (Some(7_086_696_038), &[("all", None)], "about 6.6 GiB"),
        (None, &[("one", Some(2 * GIB)), ("two", Some(GIB / 2))], "about 2.5 GiB"),
        (Some(5 * GIB), &[("one", Some(2 * GIB)), ("two", None)], "about 5.0 GiB"),
        (
            None,
            &[("one", Some(2 * GIB)), ("two", None)],
            "2.0 GiB of it by what cards tell) and 1 file of unknown size",
        ),
        (None, &[("one", None), ("two", None)], "Would fetch 2 files of unknown size;"),
    ] {
        let client = client(all, parts, "hf:some/set");
        let got = client.fetch(&["mine", "--dry-run", "--offline"]);
        got.done();
        assert!(got.stdout.contains(says) && !got.stdout.contains(" 0 B"), "{says}: {}", got.stdout);
    }
    // One part of several: its own size, and not that of the whole.
    let client = client(Some(9 * GIB), &[("one", Some(2 * GIB)), ("two", None)], "hf:some/set");
    let got = client.fetch(&["mine", "--part", "two", "--dry-run", "--offline"]);
    assert!(got.done().stdout.contains("Would fetch 1 file of unknown size"), "{}", got.stdout);
}

/// A host that answers no question about sizes leaves the card's words; one that does is believed first.
#[test]
fn a_host_that_tells_a_size_is_believed_first() {
    let plain = Plain::start();
    plain.put("/one.jsonl", Content::noise(1, 3 << 20));
    plain.put("/two.jsonl", Content::noise(2, 3 << 20));
    let client = client(None, &[("one", Some(7)), ("two", Some(5 << 20))], &plain.url("/"));
    plain.server.always("/two.jsonl", Fault::status(403));
    let got = client.fetch(&["mine", "--dry-run"]);
    assert!(got.done().stdout.contains("about 8.0 MiB (5.0 MiB of it by what cards tell)"), "{}", got.stdout);
}

/// The disk that a plan calls too small is too small for the fetch, and both say by the same sum why.
#[test]
fn a_disk_that_is_too_small_is_told_beforehand() {
    let huge = 1 << 60;
    let of_card = client(None, &[("all", Some(huge))], "hf:some/set");
    let got = of_card.fetch(&["mine", "--dry-run", "--offline"]);
    got.done();
    for word in ["1024 PiB more", "64.0 MiB that a fetch leaves free", "left: free some space", "CORPUS_CACHE"] {
        assert!(got.stdout.contains(word), "{word}: {}", got.stdout);
    }
    let client = client(None, &[("all", None)], "https://files.example/");
    let card = std::fs::read_to_string(client.scratch.path("cards/mine.toml")).unwrap();
    let pinned = format!("{card}[[way.pin]]\npath = \"all.jsonl\"\nbytes = {huge}\n");
    client.scratch.write("cards/mine.toml", pinned);
    let got = client.fetch(&["mine"]);
    assert_eq!(got.code, 2, "{}", got.stderr);
    for word in ["1024 PiB more", "64.0 MiB that a fetch leaves free", "free some space", "CORPUS_CACHE"] {
        assert!(got.stderr.contains(word), "{word}: {}", got.stderr);
    }
}
