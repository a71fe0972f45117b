//! `block`: rows on lists go, with the entry that names them; lists that are wrong say where.

use crate::harness::{Scratch, contains};

const RECIPE: &str = "name='b'\n[[source]]\nname='s'\npath=['docs.jsonl']\nuse='pretrain'\n[[stage]]\nrun='block'\n";

fn rows() -> String {
    let row =
        |id: &str, url: &str, text: &str| format!("{}\n", serde_json::json!({"id": id, "url": url, "text": text}));
    [
        row("a", "https://www.kept.example/x", "一"),
        row("b", "https://news.gone.example/1", "二"),
        row("c", "http://Page.example/p/?utm_source=feed#top", "三"),
        row("d", "https://page.example/q", "四"),
        row("e", "https://notgone.example/", "五"),
        row("f", "", "六"),
        row("f", "", "七"),
        format!("{}\n", serde_json::json!({"text": "八"})),
    ]
    .concat()
}

#[test]
fn every_list_has_its_reason() {
    let scratch = Scratch::new();
    scratch.write("docs.jsonl", rows());
    scratch.write("lists/ids.txt", "\u{feff}# who asked\nd  # by letter\n\nf~2\ns:7\n");
    scratch.write("lists/domains.txt", "*.gone.example\n");
    scratch.write("lists/urls.txt", "page.example/p\n");
    scratch.write("lists/keys.txt", "00d4ed4e0ef83bbfec0d9b5d9b48b7a5b1a0f6b1a6b4a2e9a7f9f2a0b7f4b001\n");
    let lists = "ids='lists/ids.txt'\ndomains='lists/domains.txt'\nurls='lists/urls.txt'\nkeys='lists/keys.txt'\n";
    scratch.write("recipe.toml", format!("{RECIPE}{lists}"));
    let built = scratch.build("out", &[]);
    built.check_accounts();
    let dropped = |name| built.column("dropped/pretrain", name);
    assert_eq!(dropped("id"), ["b", "c", "d", "f~2", "s:7"]);
    assert_eq!(dropped("reason"), ["blocked_domain", "blocked_url", "blocked_id", "blocked_id", "blocked_id"]);
    assert_eq!(dropped("value"), ["gone.example", "page.example/p", "d", "f~2", "s:7"]);
    assert_eq!(dropped("limit")[0], "lists/domains.txt");
    assert_eq!(built.column("data/pretrain", "id"), ["a", "e", "f"]);
}

#[test]
fn content_is_named_by_its_hash() {
    use sha2::{Digest, Sha256};
    let scratch = Scratch::new();
    scratch.write("docs.jsonl", rows());
    let hex: String = Sha256::digest("六").iter().map(|b| format!("{b:02X}")).collect();
    scratch.write("keys.txt", &hex);
    scratch.write("recipe.toml", format!("{RECIPE}keys='keys.txt'\n"));
    let built = scratch.build("out", &[]);
    assert_eq!(built.column("dropped/pretrain", "id"), ["f"]);
    assert_eq!(built.column("dropped/pretrain", "value"), [hex]);
}

/// Another list is another build, which reads no text again to decide.
#[test]
fn a_changed_list_decides_again() {
    let scratch = Scratch::new();
    scratch.write("docs.jsonl", rows());
    scratch.write("urls.txt", "page.example/q\n");
    scratch.write("recipe.toml", format!("{RECIPE}urls='urls.txt'\n"));
    assert_eq!(scratch.build("out", &[]).column("dropped/pretrain", "id"), ["d"]);
    scratch.write("urls.txt", "page.example/p\n");
    assert_eq!(scratch.build("out", &[]).column("dropped/pretrain", "id"), ["c"]);
    let log = std::fs::read_to_string(scratch.path("out/.work/units.log")).unwrap();
    let scans = log.lines().filter(|l| l.starts_with("done scan")).count();
    assert_eq!((scans, log.lines().filter(|l| l.starts_with("done judge")).count()), (1, 2), "{log}");
}

#[test]
fn wrong_lists_say_where() {
    let scratch = Scratch::new();
    scratch.write("docs.jsonl", rows());
    let said = |options: &str| {
        scratch.write("recipe.toml", format!("{RECIPE}{options}\n"));
        let run = scratch.try_build("out", &[]);
        assert_eq!(run.code(), 1);
        run.stderr()
    };
    contains(&said("ids='none.txt'"), &["`block`", "none.txt", "recipe's folder"], &[]);
    scratch.write("keys.txt", "# keys\nabc\n");
    assert!(said("keys='keys.txt'").contains("keys.txt:2: `abc` is no SHA-256"));
    scratch.write("domains.txt", "one two\n");
    assert!(said("domains='domains.txt'").contains("domains.txt:1"));
    assert!(said("").contains("names no list"));
    assert!(said("id='x'").contains("`ids`"));
}
