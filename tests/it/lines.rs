//! `line_dedup`: lines that many rows have are cut, or rows made of them go; what stands behind sees the rest.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::harness::{Built, Scratch, document, same_output};

const MENU: &str = "首页 新闻 图片 视频 联系我们";
const LICENCE: &str = "版权所有，未经书面授权不得转载，违者必究。";

fn recipe(more: &str) -> String {
    format!("name='l'\n[[source]]\nname='s'\npath=['docs/*.jsonl']\nuse='pretrain'\n{more}\n")
}

fn docs(texts: &[String]) -> String {
    let line = |(i, text): (usize, &String)| format!("{}\n", serde_json::json!({"id": format!("d{i}"), "text": text}));
    texts.iter().enumerate().map(line).collect()
}

/// Pages with a menu on top and a licence below, every seventh with nothing else.
fn pages(count: u64) -> Vec<String> {
    let page = |i: u64| match i % 7 {
        6 => format!("{MENU}\n{LICENCE}\n"),
        3 => format!("第{i}页，没有菜单的一页：\n}}\n{}", document(i)),
        _ => format!("{MENU}\n  {}\n}}\n{LICENCE}", document(i)),
    };
    (0..count).map(page).collect()
}

/// By the book: the texts without lines that at least `least` of them have.
fn cut(texts: &[String], least: usize, chars: usize) -> Vec<String> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for text in texts {
        let lines: BTreeSet<&str> = text.split('\n').map(str::trim).collect();
        lines.into_iter().for_each(|line| *counts.entry(line).or_default() += 1);
    }
    let stays = |line: &&str| line.trim().chars().count() < chars || counts[line.trim()] < least;
    let without = |text: &String| {
        let mut out = String::new();
        for line in text.split_inclusive('\n') {
            out.push_str(if stays(&line) { line } else { "" });
        }
        out
    };
    texts.iter().map(without).collect()
}

fn kept(built: &Built) -> BTreeMap<String, String> {
    let texts = built.column("data/pretrain", "text");
    built.column("data/pretrain", "id").into_iter().zip(texts).collect()
}

#[test]
fn repeated_lines_are_cut_and_the_rest_is_measured() {
    let texts = pages(120);
    let scratch = Scratch::new();
    scratch.write("docs/a.jsonl", docs(&texts));
    let stages = "[[stage]]\nrun='line_dedup'\n[[stage]]\nrun='keep'\nchars={min=1}\n[[stage]]\nrun='near_dedup'\n";
    scratch.write("recipe.toml", recipe(stages));
    let built = scratch.build("out", &[]);
    built.check_accounts();
    let expected = cut(&texts, 10, 10);
    let data = kept(&built);
    assert!(data.len() > 80);
    for (id, text) in &data {
        assert_eq!(*text, expected[id[1..].parse::<usize>().unwrap()], "{id}");
    }
    let chars = built.column("data/pretrain", "chars");
    for (chars, text) in chars.iter().zip(built.column("data/pretrain", "text")) {
        assert_eq!(chars.parse::<usize>().unwrap(), text.chars().count(), "measured after the cut");
    }
    let reasons = built.reasons();
    assert_eq!(reasons["repeated_lines"], 17, "{reasons:?}");
    let cuts = &built.manifest["cuts"][0];
    let cut: usize = data.iter().map(|(id, text)| texts[id[1..].parse::<usize>().unwrap()].len() - text.len()).sum();
    assert_eq!(cuts["bytes"].as_u64(), Some(cut as u64), "{cuts}");
}

#[test]
fn the_first_row_can_keep_its_lines() {
    let texts = pages(40);
    let scratch = Scratch::new();
    scratch.write("docs/a.jsonl", docs(&texts));
    scratch.write("recipe.toml", recipe("[[stage]]\nrun='line_dedup'\nkeep='first'"));
    let data = kept(&scratch.build("out", &[]));
    assert_eq!(data["d0"], texts[0]);
    assert!(data.iter().all(|(id, text)| id == "d0" || !text.contains(MENU)));
}

#[test]
fn rows_made_of_repeated_lines_go() {
    let texts = pages(120);
    let scratch = Scratch::new();
    scratch.write("docs/a.jsonl", docs(&texts));
    scratch.write("recipe.toml", recipe("[[stage]]\nrun='line_dedup'\naction='drop'\nshare=0.9"));
    let built = scratch.build("out", &[]);
    built.check_accounts();
    let dropped = |name| built.column("dropped/pretrain", name);
    assert_eq!(dropped("id").len(), 17);
    assert!(dropped("reason").iter().all(|r| r == "repeated_lines") && dropped("value").iter().all(|v| v == "1"));
    assert!(dropped("limit").iter().all(|l| l == "10 documents, share 0.9"));
    let whole = texts[6].len();
    assert!(dropped("spans").iter().all(|s| *s == format!("[{{start: 0, end: {whole}}}]")), "{:?}", dropped("spans"));
    assert!(kept(&built).iter().all(|(id, text)| *text == texts[id[1..].parse::<usize>().unwrap()]));
}

#[test]
fn paragraphs_are_compared_as_wholes() {
    let text = |i: u64| format!("{MENU}\n{LICENCE}\n\n{}\n \n{MENU}", document(i).replace('\n', ""));
    let texts: Vec<String> = (0..20).map(text).collect();
    let scratch = Scratch::new();
    scratch.write("docs/a.jsonl", docs(&texts));
    scratch.write("recipe.toml", recipe("[[stage]]\nrun='line_dedup'\nunit='paragraph'"));
    let data = kept(&scratch.build("out", &[]));
    for (i, text) in data.iter().map(|(id, text)| (id[1..].parse::<u64>().unwrap(), text)) {
        assert_eq!(*text, format!("{}\n \n", document(i).replace('\n', "")));
    }
}

/// Cleaning before and behind, two cuts, a comparison of texts, rows of two sources of which one is left alone.
#[test]
fn bytes_depend_on_rows_and_options_alone() {
    let scratch = Scratch::new();
    let texts = pages(3_000);
    let all = docs(&texts);
    scratch.write("docs/a.jsonl", &all);
    scratch.write("other.jsonl", docs(&pages(50)));
    let stages = "[[source]]\nname='o'\npath=['other.jsonl']\nuse='pretrain'\n[[stage]]\nrun='normalize'\n\
         [[stage]]\nrun='line_dedup'\nonly={source=['s']}\n[[stage]]\nrun='normalize'\nname='again'\n\
         [[stage]]\nrun='line_dedup'\nname='second'\ndocuments=3\nmin_chars=5\nonly={source=['s']}\n\
         [[stage]]\nrun='near_dedup'\n[[stage]]\nrun='keep'\nchars={min=5}";
    scratch.write("recipe.toml", recipe(stages));
    let one = scratch.build("one", &["--threads", "1"]);
    one.check_accounts();
    assert!(one.reasons()["repeated_lines"] > 400, "{:?}", one.reasons());
    let data = kept(&one);
    assert!(data.iter().any(|(id, text)| id.ends_with("~2") && text.contains(MENU)), "the other source is left alone");
    for (out, more) in [
        ("two", ["--threads", "2", "--unit", "32KiB"]),
        ("four", ["--threads", "4", "--unit", "128KiB"]),
        ("spill", ["--memory", "16MiB", "--unit", "64KiB"]),
    ] {
        same_output(&one, &scratch.build(out, &more), &format!("{more:?} changed the bytes"));
    }
    std::fs::remove_file(scratch.path("docs/a.jsonl")).unwrap();
    let lines: Vec<&str> = all.split_inclusive('\n').collect();
    for (i, part) in lines.chunks(777).enumerate() {
        scratch.write(&format!("docs/part-{i}.jsonl"), part.concat());
    }
    same_output(&one, &scratch.build("split", &[]), "splitting the input changed the bytes");
}

/// Text that is staged with the units is the text without the cuts.
#[test]
fn staged_text_is_cut_as_well() {
    use std::io::Write;
    let texts = pages(200);
    let scratch = Scratch::new();
    let mut packed = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    packed.write_all(docs(&texts).as_bytes()).unwrap();
    scratch.write("docs/a.jsonl.bz2", packed.finish().unwrap());
    scratch.write("recipe.toml", recipe("[[stage]]\nrun='line_dedup'").replace("*.jsonl", "*.bz2"));
    let expected = cut(&texts, 10, 10);
    let data = kept(&scratch.build("out", &[]));
    assert!(data.len() > 150 && data.iter().all(|(id, text)| *text == expected[id[1..].parse::<usize>().unwrap()]));
}
