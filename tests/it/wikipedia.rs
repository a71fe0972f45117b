//! MediaWiki dumps through the command line: one variant of Chinese, with conversion groups from elsewhere in the dump.

use crate::harness::{Scratch, same_items, same_output};

const HEAD: &str = "<mediawiki xml:lang=\"zh\">\n<siteinfo><base>https://zh.wikipedia.org/wiki/X</base></siteinfo>\n";

fn page(id: usize, namespace: i32, title: &str, text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    format!(
        "<page><title>{title}</title><ns>{namespace}</ns><id>{id}</id><revision><id>{id}</id>\
         <timestamp>2024-01-01T00:00:00Z</timestamp><text>{text}</text></revision></page>\n"
    )
}

fn recipe(variant: &str) -> String {
    format!(
        "name = 'wiki'\n[[source]]\nname = 'zhwiki'\npath = ['dump/*']\n{variant}\n\
         [[stage]]\nrun = 'keep'\nchars = {{ min = 1 }}\n"
    )
}

/// Articles, and behind them, in another file, the group that they name.
fn dump() -> [String; 2] {
    let article = "{{NoteTA|G1=IT|1=zh-cn:光盘;zh-tw:光碟}}\n軟體與光碟片，程式、-{程式}-與<math>程式</math>，頭髮。\n";
    let articles: String = (1..=40).map(|id| page(id, 0, &format!("甲{id}"), &format!("{article}第{id}篇"))).collect();
    let group = "return { content = { Item('x', 'zh-cn:程序;zh-tw:程式'), Item('y', 'zh-cn:软件;zh-tw:軟體') } }";
    [
        format!("{HEAD}{articles}</mediawiki>\n"),
        format!("{HEAD}{}</mediawiki>\n", page(99, 828, "Module:CGroup/IT", group)),
    ]
}

#[test]
fn one_variant_with_groups_from_behind_the_articles() {
    let scratch = Scratch::new();
    let [articles, group] = dump();
    scratch.write("dump/a.xml", &articles);
    scratch.write("dump/b.xml", &group);
    scratch.write("recipe.toml", recipe("variant = 'zh-cn'"));
    let built = scratch.build("cn", &["--unit", "2KiB", "--work", "work"]);
    built.check_accounts();
    let texts = built.column("data/pretrain", "text");
    assert_eq!(texts.len(), 40);
    assert_eq!(texts[6], "软件与光盘片，程序、程式与$程式$，头发。\n第7篇");
    assert_eq!(built.reasons()["namespace"], 1);
    // Where the work folder lies and how the input is cut changes nothing.
    let other = scratch.build("cn2", &["--threads", "1"]);
    same_output(&built, &other, "another work folder, other units");
    // From a compressed stream that is unpacked first.
    std::fs::remove_file(scratch.path("dump/a.xml")).unwrap();
    scratch.write("dump/a.xml.zst", zstd::encode_all(articles.as_bytes(), 1).unwrap());
    assert_eq!(scratch.build("zst", &["--unit", "256"]).column("data/pretrain", "text"), texts);

    scratch.write("recipe.toml", recipe("variant = 'zh-tw'"));
    let texts = scratch.build("tw", &[]).column("data/pretrain", "text");
    assert_eq!(texts[6], "軟體與光碟片，程式、程式與$程式$，頭髮。\n第7篇");
    scratch.write("recipe.toml", recipe(""));
    let texts = scratch.build("as-written", &[]).column("data/pretrain", "text");
    assert_eq!(texts[6], "軟體與光碟片，程式、程式與$程式$，頭髮。\n第7篇");
}

/// As `…-pages-articles-multistream.xml.bz2`: the head, a few hundred pages at a time, and the end, each a stream.
#[test]
fn a_multistream_dump_gives_what_its_plain_text_gives() {
    let scratch = Scratch::new();
    let text = |id: usize| (0..400).map(|n| format!("{} ", (id * 7919 + n * 104_729) % 1_000_003)).collect::<String>();
    let pages: Vec<String> = (1..=4000).map(|id| page(id, 0, &format!("甲{id}"), &text(id))).collect();
    let group = page(9999, 828, "Module:CGroup/IT", "return { Item('x', 'zh-cn:程序;zh-tw:程式') }");
    let mut streams = vec![HEAD.to_owned()];
    streams.extend(pages.chunks(300).map(<[String]>::concat));
    streams.extend([group, "</mediawiki>\n".to_owned()]);
    let packed: Vec<u8> = streams.iter().flat_map(|s| bzip2(s.as_bytes())).collect();
    scratch.write("dump/a-multistream.xml.bz2", &packed);
    scratch.write("recipe.toml", recipe("variant = 'zh-cn'"));
    let built = scratch.build("bz2", &["--unit", "256KiB", "--threads", "3"]);
    built.check_accounts();
    assert_eq!(built.total("kept"), 4000);
    same_output(&built, &scratch.build("one", &["--threads", "1"]), "one thread, another unit");
    std::fs::remove_file(scratch.path("dump/a-multistream.xml.bz2")).unwrap();
    scratch.write("dump/a.xml", streams.concat());
    let plain = scratch.build("plain", &[]).column("data/pretrain", "text");
    same_items(&built.column("data/pretrain", "text"), &plain, "the dump, packed and plain");
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    std::io::Write::write_all(&mut encoder, bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_variant_is_for_dumps_alone() {
    let scratch = Scratch::new();
    scratch.write("dump/a.jsonl", "{\"text\": \"a\"}\n");
    scratch.write("recipe.toml", recipe("variant = 'zh-cn'"));
    let run = scratch.try_build("out", &[]);
    assert_eq!(run.code(), 1, "{}", run.stderr());
    assert!(run.stderr().contains("convert_script"), "{}", run.stderr());
    scratch.write("recipe.toml", recipe("variant = 'zh-xx'"));
    let run = scratch.try_build("out", &[]);
    assert!(run.stderr().contains("is no `variant`"), "{}", run.stderr());
}

#[test]
fn inspect_lists_templates_that_nobody_knows() {
    let scratch = Scratch::new();
    let articles = [
        page(
            1,
            0,
            "镜湖",
            "{{湖泊信息框|名={{水位标|一}}}}\n'''镜湖'''深{{水位标|九尺}}，又名{{lang|de|Spiegelsee}}。",
        ),
        page(2, 0, "石桥", "桥高{{水位标|三丈}}，长{{水位标}}，始建于{{纪元换算|某年|x}}。<ref>{{水位标|注}}</ref>"),
        // Pages of which no text comes count nothing.
        page(3, 10, "Template:水位标", "{{水位标|甲}}"),
        page(4, 0, "旧名", "#REDIRECT [[镜湖]] {{水位标|乙}}"),
    ];
    let dump = format!("{HEAD}{}</mediawiki>\n", articles.concat());
    scratch.write("wiki.xml", &dump);
    let out = scratch.corpus(&["inspect", "wiki.xml", "--format", "json"]);
    assert_eq!(out.code(), 0, "{}", out.stderr());
    let json: serde_json::Value = serde_json::from_str(&out.stdout()).unwrap();
    let row = |name: &str, times: u64, shown: u64, example: &str, text: Option<&str>| {
        serde_json::json!({"name": name, "times": times, "shown": shown, "by_name": false, "example": example,
            "text": text})
    };
    let expected = [
        row("水位标", 3, 2, "{{水位标|九尺}}", Some("九尺")),
        row("湖泊信息框", 1, 0, "{{湖泊信息框|名=一}}", None),
        row("纪元换算", 1, 1, "{{纪元换算|某年|x}}", Some("某年")),
    ];
    assert_eq!(json["unlisted_templates"], serde_json::json!(expected), "{json}");
    assert_eq!(json["looked_at"]["records"], 4);
    assert!(json["rows"][0]["text"].as_str().unwrap().contains("深九尺，又名Spiegelsee。"), "{json}");

    let out = scratch.corpus(&["inspect", "wiki.xml"]);
    let shown = out.stdout();
    let head = "templates that are not on the list: 3 names, 5 in all, of the articles among the first 4 pages";
    assert!(shown.contains(head), "{shown}");
    assert!(shown.lines().any(|l| l.contains("水位标") && l.contains("2 times") && l.contains("九尺")), "{shown}");
    assert!(shown.lines().any(|l| l.contains("湖泊信息框") && l.contains("never")), "{shown}");

    // Of other files nothing is said.
    scratch.write("a.jsonl", "{\"text\": \"{{水位标|九尺}}\"}\n");
    let out = scratch.corpus(&["inspect", "a.jsonl", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&out.stdout()).unwrap();
    assert!(json["unlisted_templates"].is_null(), "{json}");
    assert!(!scratch.corpus(&["inspect", "a.jsonl"]).stdout().contains("templates that"));
}
