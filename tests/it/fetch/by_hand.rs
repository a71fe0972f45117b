//! What must be fetched by hand comes in by `--from`; cards of one's own; licences at the door.

use std::path::PathBuf;

use super::Client;
use crate::harness::files_under;
use crate::servers::archive::{zip_bomb, zip_of, zip_with_link};
use crate::servers::hub::{Access, Hub};
use crate::servers::plain::{Drive, GoogleDrive, Plain};
use crate::servers::{Content, Fault};

/// Rows of each set, in the field names and folders of the archives that its authors made.
pub const ORIGINALS: [(&str, &[(&str, &str)]); 5] = [
    (
        "wiki_zh_2019.zip",
        &[
            (
                "wiki_zh/AA/wiki_00",
                "{\"id\":\"1\",\"url\":\"https://zh.wikipedia.org/wiki?curid=1\",\"title\":\"数学\",\"text\":\"数学\\n\\n数学是研究数量、结构以及空间等概念的学科。\"}\n",
            ),
            (
                "wiki_zh/AB/wiki_01",
                "{\"id\":\"2\",\"url\":\"https://zh.wikipedia.org/wiki?curid=2\",\"title\":\"历史\",\"text\":\"历史\\n\\n历史指人类社会过去的事件和行动。\"}\n",
            ),
        ],
    ),
    (
        "new2016zh.zip",
        &[
            ("new2016zh/", ""),
            (
                "new2016zh/news2016zh_train.json",
                "{\"news_id\":\"1\",\"keywords\":\"门票\",\"title\":\"公园门票降价\",\"desc\":\"今起执行\",\"source\":\"新华网\",\"time\":\"03-22 12:00\",\"content\":\"今起执行新的价格，市民表示欢迎。\"}\n",
            ),
            (
                "new2016zh/news2016zh_valid.json",
                "{\"news_id\":\"2\",\"keywords\":\"\",\"title\":\"地铁通车\",\"desc\":\"\",\"source\":\"日报\",\"time\":\"05-01 08:00\",\"content\":\"新线路今天通车，首日客流平稳。\"}\n",
            ),
            ("__MACOSX/new2016zh/._news2016zh_valid.json", "\u{0}\u{5}\u{16}\u{7}"),
        ],
    ),
    (
        "baike2018qa.zip",
        &[
            (
                "baike_qa2019/baike_qa_train.json",
                "{\"qid\":\"qid_1\",\"category\":\"教育\",\"title\":\"月亮多大？\",\"desc\":\"\",\"answer\":\"月球的直径约为\\r\\r三千四百七十六公里。\"}\n",
            ),
            (
                "baike_qa2019/baike_qa_valid.json",
                "{\"qid\":\"qid_2\",\"category\":\"健康\",\"title\":\"如何早睡？\",\"desc\":\"\",\"answer\":\"睡前少看手机，固定作息时间。\"}\n",
            ),
        ],
    ),
    (
        "webtext2019zh.zip",
        &[
            (
                "web_text_zh_train.json",
                "{\"qid\":1,\"title\":\"如何学棋？\",\"desc\":\"\",\"topic\":\"棋\",\"star\":5,\"content\":\"先学规则，再多对局，复盘最重要。\",\"answer_id\":11,\"answerer_tags\":\"围棋@教育\"}\n",
            ),
            (
                "web_text_zh_valid.json",
                "{\"qid\":2,\"title\":\"何谓好书？\",\"desc\":\"\",\"topic\":\"读书\",\"star\":3,\"content\":\"值得重读的书就是好书。\",\"answer_id\":12,\"answerer_tags\":\"\"}\n",
            ),
            (
                "web_text_zh_testa.json",
                "{\"qid\":3,\"title\":\"怎样跑步？\",\"desc\":\"\",\"topic\":\"运动\",\"star\":4,\"content\":\"循序渐进，注意呼吸和步频。\",\"answer_id\":13,\"answerer_tags\":\"跑步\"}\n",
            ),
        ],
    ),
    (
        "translation2019zh.zip",
        &[
            (
                "translation2019zh_train.json",
                "{\"english\":\"The weather is fine today.\",\"chinese\":\"今天天气很好。\"}\n",
            ),
            ("translation2019zh_valid.json", "{\"english\":\"He reads a book.\",\"chinese\":\"他在读一本书。\"}\n"),
        ],
    ),
];

fn archive(members: &[(&str, &str)]) -> Content {
    let members: Vec<(&str, &[u8])> = members.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    zip_of(&members)
}

/// The archives as files of a folder.
fn downloads(client: &Client) -> PathBuf {
    for (name, members) in ORIGINALS {
        client.scratch.write(&format!("downloads/{name}"), archive(members).to_vec());
    }
    client.scratch.path("downloads")
}

const ACCEPT: [&str; 2] = ["--accept-license", "nlp_chinese_corpus"];

/// Every data file of the originals is in the store, as a file of its own or inside the archive as it came.
fn has_all(client: &Client) {
    let stored = client.stored();
    for (name, members) in ORIGINALS {
        let whole = archive(members).sha256();
        if stored.values().any(|file| file.sha256 == whole) {
            continue;
        }
        for (member, text) in
            members.iter().filter(|(member, _)| !member.ends_with('/') && !member.starts_with("__MACOSX"))
        {
            let last = member.rsplit('/').next().unwrap();
            let sha256 = Content::from(text).sha256();
            assert!(
                stored.iter().any(|(path, file)| path.ends_with(last) && file.sha256 == sha256),
                "{member} of {name} is not in the store: {:#?}",
                stored.keys()
            );
        }
    }
    assert!(!stored.keys().any(|path| path.contains("__MACOSX")), "{:#?}", stored.keys());
}

#[test]
fn archives_in_their_original_layout() {
    let client = Client::new();
    let folder = downloads(&client);
    let from = folder.to_str().unwrap();
    client.fetch(&[&["nlp_chinese_corpus", "--from", from], &ACCEPT[..]].concat()).done();
    has_all(&client);
    // What was given is left as it was.
    assert_eq!(files_under(&folder).len(), ORIGINALS.len());
}

#[test]
fn unpacked_in_a_folder() {
    let client = Client::new();
    for (_, members) in ORIGINALS {
        for (member, text) in members.iter().filter(|(member, _)| !member.ends_with('/')) {
            client.scratch.write(&format!("unpacked/{member}"), text);
        }
    }
    let folder = client.scratch.path("unpacked");
    client.fetch(&[&["nlp_chinese_corpus", "--from", folder.to_str().unwrap()], &ACCEPT[..]].concat()).done();
    has_all(&client);
}

#[test]
fn one_part_from_one_file() {
    let client = Client::new();
    let folder = downloads(&client);
    let zip = folder.join("webtext2019zh.zip");
    let arguments = ["nlp_chinese_corpus", "--part", "webtext2019zh", "--from", zip.to_str().unwrap()];
    client.fetch(&[&arguments[..], &ACCEPT[..]].concat()).done();
    assert!(!client.stored().is_empty());
    // An archive of another part is not it.
    let other = Client::new();
    let zip = downloads(&other).join("translation2019zh.zip");
    let arguments = ["nlp_chinese_corpus", "--part", "webtext2019zh", "--from", zip.to_str().unwrap()];
    other.fetch(&[&arguments[..], &ACCEPT[..]].concat()).failed(&["webtext2019zh", "web_text_zh"]);
    assert!(other.stored().is_empty());
    let nothing = other.scratch.path("nowhere");
    let arguments = ["nlp_chinese_corpus", "--from", nothing.to_str().unwrap()];
    other.fetch(&[&arguments[..], &ACCEPT[..]].concat()).failed(&["nowhere"]);
}

/// A damaged archive is found out by its own sums, whatever byte was hit.
#[test]
fn a_damaged_archive() {
    let whole = archive(ORIGINALS[3].1).to_vec();
    for share in [0.1, 0.3, 0.5, 0.7] {
        let client = Client::new();
        let mut bytes = whole.clone();
        let at = (bytes.len() as f64 * share) as usize;
        bytes[at] ^= 0x55;
        let path = client.scratch.write("webtext2019zh.zip", &bytes);
        let arguments = ["nlp_chinese_corpus", "--part", "webtext2019zh", "--from", path.to_str().unwrap()];
        client.fetch(&[&arguments[..], &ACCEPT[..]].concat()).failed(&["webtext2019zh.zip"]);
        let stored = client.stored();
        for (path, file) in &stored {
            let right = ORIGINALS[3].1.iter().any(|(_, text)| Content::from(text).sha256() == file.sha256);
            assert!(right, "{path} is damaged (byte {at})");
        }
    }
    // Cut short, as a download that was broken off.
    let client = Client::new();
    let path = client.scratch.write("webtext2019zh.zip", &whole[..whole.len() / 2]);
    let arguments = ["nlp_chinese_corpus", "--part", "webtext2019zh", "--from", path.to_str().unwrap()];
    client.fetch(&[&arguments[..], &ACCEPT[..]].concat()).failed(&["webtext2019zh.zip"]);
    assert!(client.stored().is_empty());
}

/// Names inside an archive cannot leave the store either.
#[test]
fn hostile_archives() {
    for hostile in [
        "../web_text_zh_valid.json",
        "/tmp/web_text_zh_valid.json",
        "a/../../web_text_zh_valid.json",
        "C:\\web_text_zh_valid.json",
    ] {
        let client = Client::new();
        let planted = "{\"qid\":666,\"title\":\"x\",\"desc\":\"\",\"topic\":\"\",\"star\":3,\"content\":\"planted\",\"answer_id\":1,\"answerer_tags\":\"\"}\n";
        let zip = archive(&[ORIGINALS[3].1[0], (hostile, planted), ORIGINALS[3].1[2]]);
        let path = client.scratch.write("in/webtext2019zh.zip", zip.to_vec());
        let arguments = ["nlp_chinese_corpus", "--part", "webtext2019zh", "--from", path.to_str().unwrap()];
        let got = client.fetch(&[&arguments[..], &ACCEPT[..]].concat());
        got.failed(&["web_text_zh_valid.json"]);
        for file in files_under(&client.scratch.path("")) {
            let bytes = std::fs::read(&file).unwrap();
            assert!(bytes != planted.as_bytes(), "{hostile} was written to {}", file.display());
        }
        let outside: Vec<_> = files_under(&client.scratch.path(""))
            .into_iter()
            .filter(|file| !file.starts_with(client.store()) && !file.ends_with("webtext2019zh.zip"))
            .collect();
        assert!(outside.is_empty(), "{hostile}: {outside:?}");
    }
}

/// A link in an archive is refused by name; what lies beside it comes in.
#[test]
fn links_in_archives() {
    let client = Client::new();
    let outside = client.scratch.write("secret.txt", "secret of this machine");
    let row = ORIGINALS[3].1[0].1;
    let zip =
        zip_with_link("web_text_zh_valid.json", outside.to_str().unwrap(), "web_text_zh_train.json", row.as_bytes());
    let path = client.scratch.write("in/webtext2019zh.zip", zip.to_vec());
    let arguments = ["nlp_chinese_corpus", "--part", "webtext2019zh", "--from", path.to_str().unwrap()];
    client.fetch(&[&arguments[..], &ACCEPT[..]].concat()).failed(&["web_text_zh_valid.json"]);
    for file in files_under(&client.store()) {
        assert!(!std::fs::symlink_metadata(&file).unwrap().is_symlink(), "{} is a link", file.display());
        assert!(std::fs::read(&file).unwrap() != b"secret of this machine", "{}", file.display());
    }
}

/// Three gigabytes of zeros in three megabytes: it stops soon, says why, and leaves nothing behind.
#[test]
fn a_bomb() {
    let bomb = zip_bomb("web_text_zh_train.json", 3 << 30);
    let client = Client::new();
    let path = client.scratch.write("in/webtext2019zh.zip", bomb.to_vec());
    let arguments = ["nlp_chinese_corpus", "--part", "webtext2019zh", "--from", path.to_str().unwrap()];
    client.fetch(&[&arguments[..], &ACCEPT[..]].concat()).failed(&["webtext2019zh.zip"]);
    assert!(client.stored().is_empty());
    let bytes: u64 = files_under(&client.store()).iter().map(|f| f.metadata().unwrap().len()).sum();
    assert!(bytes < 1 << 30, "{bytes} bytes were unpacked");
    // The same from a server.
    let plain = Plain::start();
    plain.put("/set.zip", bomb);
    let client = Client::new();
    client.fetch(&[&plain.url("/set.zip")]).failed(&["set.zip", "127.0.0.1"]);
    client.has_not("set.zip");
}

/// The licence is unstated: told before anything is fetched, and accepted by name.
#[test]
fn licences_at_the_door() {
    let client = Client::new();
    let folder = downloads(&client);
    let from = ["nlp_chinese_corpus", "--from", folder.to_str().unwrap()];
    let got = client.fetch(&from);
    assert_ne!(got.code, 0);
    assert!(got.stderr.contains("--accept-license nlp_chinese_corpus"), "{}", got.stderr);
    assert!(client.stored().is_empty());
    // Another set's name accepts nothing.
    let got = client.fetch(&[&from[..], &["--accept-license", "alpaca"]].concat());
    assert_ne!(got.code, 0);
    assert!(client.stored().is_empty());
    client.fetch(&[&from[..], &ACCEPT[..]].concat()).done();
    assert!(client.stored().values().all(|file| !file.license.is_empty()), "{:#?}", client.stored());
}

/// A card of one's own, complete.
fn card(name: &str, license: &str, kind: &str, ways: &str) -> String {
    format!(
        "name = \"{name}\"\ntitle = {{ en = \"Mine\", zh = \"自有\" }}\nabout = {{ en = \"Rows\", zh = \"数据\" }}\n\
         best = \"pretrain\"\nwhy = {{ en = \"Ours\", zh = \"自有\" }}\nlanguages = [\"zh\"]\n\
         homepage = \"https://example.org/mine\"\nlicense = [{{ name = \"{license}\", kind = \"{kind}\", says = \"we do\" }}]\n\
         [[part]]\nname = \"all\"\nnames = [\"rows.jsonl\"]\n{ways}"
    )
}

#[test]
fn private_cards() {
    let plain = Plain::start();
    let content = Content::from("{\"text\":\"自有数据\"}\n");
    plain.put("/deep/rows.jsonl", content.clone());
    let way = format!(
        "[[way]]\nfrom = \"{}/\"\nfiles = {{ all = [\"deep/rows.jsonl\"] }}\npin = [{{ path = \"deep/rows.jsonl\", sha256 = \"{}\" }}]\n",
        plain.server.url(),
        content.sha256()
    );
    let client = Client::new();
    client.scratch.write("cards/mine.toml", card("mine", "MIT", "open", &way));
    client.fetch(&["mine", "--cards", "cards"]).done();
    client.has("rows.jsonl", &content);
    assert_eq!(client.file("rows.jsonl").unwrap().license, "MIT");
    // By the environment; and a pinned sum that the bytes do not match is an error.
    let client = Client::new().with("CORPUS_CARDS", "cards");
    let wrong = way.replace(&content.sha256(), &Content::from("other").sha256());
    client.scratch.write("cards/mine.toml", card("mine", "MIT", "open", &wrong));
    client.fetch(&["mine"]).failed(&["rows.jsonl", "127.0.0.1"]);
    client.has_not("rows.jsonl");
    client.scratch.write("cards/mine.toml", card("mine", "MIT", "open", &way));
    client.fetch(&["mine"]).done();
    client.has("rows.jsonl", &content);
    // A name with a slip of the finger.
    let got = client.fetch(&["mien"]);
    assert_ne!(got.code, 0);
    assert!(got.stderr.contains("mine"), "{}", got.stderr);
}

/// Two files of one name are told apart by their folders, when they are compared with what a card pins.
#[test]
fn pins_of_files_of_one_name() {
    let (east, west) = ("{\"text\":\"东边\"}\n", "{\"text\":\"西边的\"}\n");
    let (left, right) = (Content::from(east), Content::from(west));
    let pin = |path: &str, content: &Content| format!("{{ path = \"{path}\", sha256 = \"{}\" }}", content.sha256());
    let way = |folder: &str, content: &Content| {
        format!(
            "[[way]]\nfrom = \"https://example.org/{folder}/\"\nfiles = {{ all = [\"rows.jsonl\"] }}\npin = [{}]\n",
            pin("rows.jsonl", content)
        )
    };
    let one = format!(
        "[[way]]\nfrom = \"https://example.org/\"\nfiles = {{ all = [\"east/rows.jsonl\", \"west/rows.jsonl\"] }}\npin = [{}, {}]\n",
        pin("east/rows.jsonl", &left),
        pin("west/rows.jsonl", &right)
    );
    for ways in [one, way("east", &left) + &way("west", &right)] {
        let client = Client::new().with("CORPUS_CARDS", "cards");
        client.scratch.write("cards/mine.toml", card("mine", "MIT", "open", &ways));
        client.scratch.write("hand/east/rows.jsonl", east);
        client.scratch.write("hand/west/rows.jsonl", west);
        client.fetch(&["mine", "--from", "hand"]).done();
        client.has("east/rows.jsonl", &left);
        client.has("west/rows.jsonl", &right);
        // The other's bytes are not what is pinned.
        client.scratch.write("hand/west/rows.jsonl", east);
        client.fetch(&["mine", "--from", "hand", "--replace"]).failed(&["west/rows.jsonl", "compared with the card"]);
    }
}

/// The first way is out of order: which other ways there are is told, and `--way` takes one.
#[test]
fn another_way() {
    let (broken, good) = (Plain::start(), Hub::start());
    let content = Content::from("{\"text\":\"a\"}\n");
    broken.server.always("/rows.jsonl", Fault::status(500));
    good.commit("some/mirror", Access::Open, &[("rows.jsonl", content.clone(), false)]);
    let ways = format!(
        "[[way]]\nfrom = \"{}/\"\nfiles = {{ all = [\"rows.jsonl\"] }}\n\
         [[way]]\nfrom = \"hf:some/mirror\"\nlost = \"field star\"\nfiles = {{ all = [\"*.jsonl\"] }}\n",
        broken.server.url()
    );
    let client = Client::new().with("CORPUS_CARDS", "cards").with("HF_ENDPOINT", good.url());
    client.scratch.write("cards/mine.toml", card("mine", "MIT", "open", &ways));
    let got = client.fetch(&["mine"]);
    if got.code == 0 {
        client.has("rows.jsonl", &content);
    } else {
        got.failed(&["rows.jsonl", "127.0.0.1", "--way"]);
        client.has_not("rows.jsonl");
    }
    let client = Client::new().with("CORPUS_CARDS", "cards").with("HF_ENDPOINT", good.url());
    client.scratch.write("cards/mine.toml", card("mine", "MIT", "open", &ways));
    let got = client.fetch(&["mine", "--way", "hf:"]);
    got.done();
    client.has("rows.jsonl", &content);
    assert!(got.stderr.contains("field star"), "what the mirror lost is told: {}", got.stderr);
}

/// A set that only a person can fetch says how, and where to put it.
#[test]
fn by_hand_only() {
    let how = "[[way]]\nfrom = \"hand\"\nfiles = { all = [] }\nhow = { en = \"Ask at https://example.org/form\", zh = \"请填写表格\" }\n";
    let client = Client::new().with("CORPUS_CARDS", "cards");
    client.scratch.write("cards/mine.toml", card("mine", "MIT", "open", how));
    client.fetch(&["mine"]).failed(&["https://example.org/form", "--from"]);
    let rows = client.scratch.write("got/rows.jsonl", "{\"text\":\"a\"}\n");
    client.fetch(&["mine", "--from", rows.to_str().unwrap()]).done();
    client.has("rows.jsonl", &Content::from("{\"text\":\"a\"}\n"));
}

/// A set on Google Drive, by its card.
#[test]
fn a_card_on_google_drive() {
    let drive = GoogleDrive::start();
    let content = zip_of(&[("rows.jsonl", b"{\"text\":\"a\"}\n")]);
    drive.put("1abc", "rows.zip", content.clone(), Drive::Warns);
    let way = "[[way]]\nfrom = \"drive:\"\nfiles = { all = [\"1abc/rows.zip\"] }\n";
    let client = Client::new().with("CORPUS_CARDS", "cards").with("CORPUS_MIRRORS", drive.mirrors());
    client.scratch.write("cards/mine.toml", card("mine", "MIT", "open", way));
    client.fetch(&["mine"]).done();
    client.has("rows.zip", &content);
    drive.put("1abc", "rows.zip", content, Drive::Quota);
    let client = Client::new().with("CORPUS_CARDS", "cards").with("CORPUS_MIRRORS", drive.mirrors());
    client.scratch.write("cards/mine.toml", card("mine", "MIT", "open", way));
    client.fetch(&["mine"]).failed(&["rows.zip", "google.com"]);
    client.has_not("rows.zip");
}
