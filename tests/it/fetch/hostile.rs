//! Names that servers and archives give files cannot leave the store, or hide another file.

use super::Client;
use crate::harness::files_under;
use crate::servers::Content;
use crate::servers::hub::{Access, Hub};
use crate::servers::modelscope::ModelScope;

/// Names that no store takes, whatever system it lies on.
fn hostile() -> Vec<String> {
    let long = "长".repeat(200);
    let deep = format!("{}deep.txt", "d/".repeat(3000));
    [
        "../escape.txt",
        "a/../../escape.txt",
        "a/b/../../../escape.txt",
        "..",
        "a/..",
        "/absolute.txt",
        "//host/share.txt",
        "C:/drive.txt",
        "C:drive.txt",
        "\\\\host\\share.txt",
        "..\\backslash.txt",
        "a\\b.txt",
        "line\nbreak.txt",
        "carriage\rreturn.txt",
        "escape\u{1b}[2Jscreen.txt",
        "nul\0byte.txt",
        "del\u{7f}.txt",
        "CON",
        "nul.txt",
        "a/COM1.jsonl",
        "aux",
        "trailing.dot.",
        "a./b.txt",
        &long,
        &deep,
    ]
    .map(str::to_owned)
    .to_vec()
}

/// Names that a store may take, as long as it takes them as they are, or refuse.
const ODD: [&str; 14] = [
    "./dot.txt",
    "a/./dot.txt",
    "a//empty.txt",
    "a/",
    "c1\u{9b}.txt",
    "bidi\u{202e}txt.exe",
    "trailing space ",
    "a /b.txt",
    "stream.txt:hidden",
    "what?.txt",
    "star*.txt",
    "pipe|.txt",
    "quote\".txt",
    "less<than.txt",
];

const TAME: [&str; 7] = [
    "good.txt",
    "数据/第一 部分.jsonl",
    "a+b&c=d#e%20f.txt",
    "...three.txt",
    "console.txt",
    ".hidden",
    "dots..in..name",
];

/// The last word of a name, as an error would have to show it.
fn shown(got: &str, name: &str) -> bool {
    let visible = |c: char| !c.is_control() && c != '\u{202e}';
    let longest = name.split(|c: char| !visible(c) || "\\\"/".contains(c)).max_by_key(|part| part.len()).unwrap();
    let word: String = longest.chars().take(20).collect();
    got.contains(word.trim())
}

#[test]
fn names_of_a_listing() {
    let odd = ODD.map(str::to_owned);
    let names = hostile().into_iter().map(|name| (name, true)).chain(odd.into_iter().map(|name| (name, false)));
    for (name, refused) in names {
        let hub = Hub::start();
        let content = Content::from("hostile\n");
        let mut files: Vec<(&str, Content, bool)> = vec![(name.as_str(), content.clone(), false)];
        files.extend(TAME.map(|tame| (tame, Content::from(format!("tame {tame}")), false)));
        hub.commit("some/set", Access::Open, &files);
        let client = Client::new().with("HF_ENDPOINT", hub.url());
        let got = client.fetch(&["hf:some/set"]);
        for tame in TAME {
            client.has(tame, &Content::from(format!("tame {tame}")));
        }
        let raw = got.stderr.chars().find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
        assert!(raw.is_none(), "{raw:?} is printed for {name:?}:\n{}", got.stderr);
        let store = client.store();
        let written: Vec<_> = files_under(&client.scratch.path(""))
            .into_iter()
            .filter(|path| std::fs::read(path).unwrap() == b"hostile\n")
            .collect();
        if got.code == 0 {
            assert!(!refused, "{name:?} was taken: {written:?}\n{}", got.stderr);
            let taken = client.stored().into_values().filter(|file| file.sha256 == content.sha256()).count();
            assert_eq!(taken, 1, "{name:?}: {:#?}", client.stored().keys());
            assert!(written.iter().all(|path| path.starts_with(&store)), "{name:?}: {written:?}");
            continue;
        }
        assert_eq!(got.code, 1, "{name:?}\n{}", got.stderr);
        assert!(shown(&got.stderr, &name), "{name:?} is not named in:\n{}", got.stderr);
        assert_eq!(client.stored().len(), TAME.len(), "{name:?}: {:#?}", client.stored().keys());
        assert!(written.is_empty(), "{name:?} was written to {written:?}");
    }
}

/// Files that are one file on some systems: the second is refused, whatever the system.
#[test]
fn names_that_collide() {
    for (one, two) in [
        ("Data.txt", "data.txt"),
        ("a/B.txt", "A/b.txt"),
        ("caf\u{e9}.txt", "cafe\u{301}.txt"),
        ("a", "a/b.txt"),
        ("A", "a/b.txt"),
    ] {
        let scope = ModelScope::start();
        let tame = Content::from("tame");
        scope.add(
            "some/set",
            false,
            &[(one, Content::from("one")), (two, Content::from("two")), ("z.txt", tame.clone())],
        );
        let client = Client::new().with("MODELSCOPE_ENDPOINT", scope.server.url());
        let got = client.fetch(&["ms:some/set"]);
        assert_eq!(got.code, 1, "{one:?} and {two:?}\n{}", got.stderr);
        client.has("z.txt", &tame);
        assert!(client.stored().len() <= 2, "{one:?} and {two:?}: {:#?}", client.stored().keys());
        for (name, content) in [(one, "one"), (two, "two")] {
            if let Some(file) = client.file(name) {
                assert_eq!(std::fs::read_to_string(file.path).unwrap(), content, "{name}");
            }
        }
    }
}

/// A link that lies in the store, put there by something else, is not written through.
#[cfg(unix)]
#[test]
fn links_in_the_store() {
    let hub = Hub::start();
    let content = Content::noise(40, 5000);
    hub.commit("some/set", Access::Open, &[("a/b.bin", content.clone(), false)]);
    let client = Client::new().with("HF_ENDPOINT", hub.url());
    client.fetch(&["hf:some/set"]).done();
    let file = client.file("a/b.bin").unwrap().path;
    let outside = client.scratch.write("outside/victim.txt", "untouched");
    // The file itself, then its folder.
    std::fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink(&outside, &file).unwrap();
    let got = client.run(&["fetch", "hf:some/set"]);
    assert_eq!(std::fs::read(&outside).unwrap(), b"untouched", "{}", got.stderr);
    let folder = file.parent().unwrap();
    std::fs::remove_dir_all(folder).unwrap();
    std::os::unix::fs::symlink(outside.parent().unwrap(), folder).unwrap();
    let got = client.run(&["fetch", "hf:some/set"]);
    let beside = files_under(outside.parent().unwrap());
    assert_eq!(beside, vec![outside], "{}", got.stderr);
}
