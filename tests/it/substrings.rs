//! `substring_dedup`: repeated stretches are cut, or rows made of them go; by the book, for any threads and memory.

use std::collections::{BTreeMap, HashMap};

use crate::harness::{Built, Scratch, document, same_output};

fn source(name: &str, usage: &str) -> String {
    format!("[[source]]\nname='{name}'\npath=['{name}/*.jsonl']\nuse='{usage}'\n")
}

fn recipe(more: &str) -> String {
    format!("name='r'\n{}{more}\n", source("s", "pretrain"))
}

fn docs(texts: &[String]) -> String {
    let line = |(i, text): (usize, &String)| format!("{}\n", serde_json::json!({"id": format!("d{i}"), "text": text}));
    texts.iter().enumerate().map(line).collect()
}

/// Texts of a few characters of all widths, into which pieces of one another are copied.
fn texts(seed: u64, count: usize, alphabet: &[char]) -> Vec<String> {
    let mut state = seed;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let mut all: Vec<String> = Vec::new();
    for i in 0..count {
        let mut text: Vec<char> = (0..next(120)).map(|_| alphabet[next(alphabet.len())]).collect();
        for _ in 0..next(3) {
            let from: Vec<char> = if i == 0 { text.clone() } else { all[next(i)].chars().collect() };
            let (start, length) = (next(from.len() + 1), 10 + next(40));
            let at = next(text.len() + 1);
            text.splice(at..at, from.into_iter().skip(start).take(length));
        }
        all.push(text.into_iter().collect());
    }
    all
}

/// By the book: the characters of each text that are in a window which stood before (or, if not `first`, stands
/// elsewhere), where it does not overlap the first such window.
fn covered(texts: &[String], window: usize, first: bool) -> Vec<Vec<bool>> {
    let texts: Vec<Vec<char>> = texts.iter().map(|t| t.chars().collect()).collect();
    let mut places: HashMap<&[char], Vec<(usize, usize)>> = HashMap::new();
    for (row, text) in texts.iter().enumerate() {
        text.windows(window).enumerate().for_each(|(at, w)| places.entry(w).or_default().push((row, at)));
    }
    let mut covered: Vec<Vec<bool>> = texts.iter().map(|t| vec![false; t.len()]).collect();
    for places in places.values() {
        let apart = |p: &&(usize, usize)| p.0 != places[0].0 || p.1 >= places[0].1 + window;
        if !places.iter().any(|p| apart(&p)) {
            continue;
        }
        for (row, at) in places.iter().filter(|p| !first || apart(p)) {
            covered[*row][*at..at + window].fill(true);
        }
    }
    covered
}

fn cut(texts: &[String], window: usize, first: bool) -> Vec<String> {
    let covered = covered(texts, window, first);
    let stays =
        |(text, passage): (&String, &Vec<bool>)| text.chars().zip(passage).filter(|c| !c.1).map(|c| c.0).collect();
    texts.iter().zip(&covered).map(stays).collect()
}

fn kept(built: &Built) -> BTreeMap<String, String> {
    let texts = built.column("data/pretrain", "text");
    built.column("data/pretrain", "id").into_iter().zip(texts).collect()
}

/// What came out is `expected`; what is missing there is blank.
fn check(built: &Built, expected: &[String]) {
    built.check_accounts();
    let data = kept(built);
    for (i, text) in expected.iter().enumerate() {
        match data.get(&format!("d{i}")) {
            Some(there) => assert_eq!(there, text, "d{i}"),
            None => assert!(text.trim().is_empty(), "d{i} is gone, and should be {text:?}"),
        }
    }
}

#[test]
fn repeated_stretches_are_cut_to_the_character() {
    let alphabets: [&[char]; 3] = [&['a', 'b'], &['中', 'é', '𠮷', '。', '\n', 'x'], &['y']];
    let mut all: Vec<String> = (0..3).flat_map(|i| texts(i as u64, 60, alphabets[i])).collect();
    all.extend(["ab".repeat(90), "𠮷".repeat(150), String::new(), "短".repeat(11), "短".repeat(12), "短".repeat(24)]);
    for (window, keep) in [(12, "first"), (12, "none"), (13, "first"), (30, "none"), (100, "first")] {
        let scratch = Scratch::new();
        scratch.write("s/a.jsonl", docs(&all));
        let stage = format!("[[stage]]\nrun='substring_dedup'\nmin_chars={window}\nkeep='{keep}'\nwhole='characters'");
        scratch.write("recipe.toml", recipe(&stage));
        let built = scratch.build("out", &[]);
        let expected = cut(&all, window, keep == "first");
        check(&built, &expected);
        assert!(expected.iter().zip(&all).any(|(a, b)| a != b));
        let cuts = &built.manifest["cuts"][0];
        let bytes = |texts: &[String]| texts.iter().map(String::len).sum::<usize>();
        let kept: usize = kept(&built).keys().map(|id| id[1..].parse::<usize>().unwrap()).map(|i| all[i].len()).sum();
        let left: usize = kept_bytes(&built);
        assert_eq!(cuts["bytes"].as_u64(), Some((kept - left) as u64), "{cuts}");
        assert!(left <= bytes(&expected));
    }
}

fn kept_bytes(built: &Built) -> usize {
    built.column("data/pretrain", "text").iter().map(String::len).sum()
}

#[test]
fn whole_sentences_are_cut_and_the_rest_is_measured() {
    let notice = "本网站所有内容均受著作权法保护。未经许可不得转载！违者将被追究法律责任。";
    let text = |i: u64| format!("这是第{i}篇文章的开头，{notice}第{i}篇到此为止。\n{}", document(i).replace('\n', ""));
    let all: Vec<String> = (0..50).map(text).collect();
    let scratch = Scratch::new();
    scratch.write("s/a.jsonl", docs(&all));
    let stages = "[[stage]]\nrun='substring_dedup'\nmin_chars=20\n[[stage]]\nrun='keep'\nchars={min=1}";
    scratch.write("recipe.toml", recipe(stages));
    let built = scratch.build("out", &[]);
    // The first sentence began before the notice, so it stays.
    let passage = "未经许可不得转载！违者将被追究法律责任。";
    let expected: Vec<String> =
        all.iter().enumerate().map(|(i, t)| if i == 0 { t.clone() } else { t.replace(passage, "") }).collect();
    check(&built, &expected);
    for (chars, text) in built.column("data/pretrain", "chars").iter().zip(built.column("data/pretrain", "text")) {
        assert_eq!(chars.parse::<usize>().unwrap(), text.chars().count(), "measured after the cut");
    }
}

#[test]
fn rows_made_of_repeated_text_go_and_say_what_it_is() {
    let all = texts(3, 120, &['天', 'b', '𠮷']);
    let scratch = Scratch::new();
    scratch.write("s/a.jsonl", docs(&all));
    let stage = "[[stage]]\nrun='substring_dedup'\nmin_chars=15\naction='drop'\nshare=0.4\nwhole='characters'";
    scratch.write("recipe.toml", recipe(stage));
    let built = scratch.build("out", &[]);
    built.check_accounts();
    let covered = covered(&all, 15, true);
    let share = |i: usize| {
        let passage = all[i].chars().zip(&covered[i]).filter(|c| *c.1).map(|c| c.0.len_utf8()).sum::<usize>();
        passage as f64 / all[i].len().max(1) as f64
    };
    let dropped = |name| built.column("dropped/pretrain", name);
    let rows: Vec<usize> = (0..all.len()).filter(|i| share(*i) >= 0.4).collect();
    let mine: Vec<usize> = (0..dropped("id").len()).filter(|at| dropped("reason")[*at] == "repeated_text").collect();
    assert!(rows.len() > 10);
    assert_eq!(
        mine.iter().map(|at| dropped("id")[*at].clone()).collect::<Vec<_>>(),
        rows.iter().map(|i| format!("d{i}")).collect::<Vec<_>>()
    );
    for (at, row) in mine.iter().zip(&rows) {
        assert!((dropped("value")[*at].parse::<f64>().unwrap() - share(*row)).abs() < 1e-3);
        assert_eq!(dropped("limit")[*at], "15 characters, share 0.4");
        let mut spans: Vec<(usize, usize)> = Vec::new();
        for (start, c) in all[*row].char_indices().zip(&covered[*row]).filter(|c| *c.1).map(|c| c.0) {
            match spans.last_mut() {
                Some(last) if last.1 == start => last.1 += c.len_utf8(),
                _ => spans.push((start, start + c.len_utf8())),
            }
        }
        let said: Vec<String> = spans.iter().map(|(s, e)| format!("{{start: {s}, end: {e}}}")).collect();
        assert_eq!(dropped("spans")[*at], format!("[{}]", said.join(", ")));
    }
    assert!(kept(&built).iter().all(|(id, text)| *text == all[id[1..].parse::<usize>().unwrap()]));
}

#[test]
fn rows_are_compared_within_their_scope() {
    let copied = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥";
    let turns = serde_json::json!({"messages": [{"role": "user", "content": "问"}, {"role": "assistant", "content": format!("答{copied}")}]});
    for (scope, cuts) in [("source", 0), ("use", 1), ("all", 2)] {
        let scratch = Scratch::new();
        scratch.write("s/a.jsonl", docs(&[format!("一{copied}")]));
        scratch.write("o/a.jsonl", docs(&[format!("二{copied}")]));
        scratch.write("t/a.jsonl", format!("{turns}\n"));
        let sources = source("o", "pretrain") + &source("t", "instruct");
        let stage = format!("[[stage]]\nrun='substring_dedup'\nmin_chars=20\nwhole='characters'\nscope='{scope}'");
        scratch.write("recipe.toml", recipe(&(sources + &stage)));
        let built = scratch.build("out", &[]);
        built.check_accounts();
        let texts = built.column("data/pretrain", "text");
        assert_eq!(
            texts,
            [format!("一{copied}"), if cuts > 0 { "二".into() } else { format!("二{copied}") }],
            "{scope}"
        );
        let said = built.column("data/instruct", "messages").concat();
        assert_eq!(said.contains(copied), cuts < 2, "{scope}: {said}");
        assert!(said.contains('答') && said.contains('问'));
    }
}

/// Turns are one text; a stretch that reaches over their border is taken out of both, and the border stays.
#[test]
fn stretches_may_reach_over_turns() {
    let dialogue = |i: usize| {
        let turn = |role: &str, content: String| serde_json::json!({"role": role, "content": content});
        let (q, a) = (format!("第{i}问：请解释动量守恒定律"), format!("系统不受外力时总动量不变。以上是答{i}"));
        format!("{}\n", serde_json::json!({"messages": [turn("user", q), turn("assistant", a)]}))
    };
    let scratch = Scratch::new();
    scratch.write("t/a.jsonl", (1..=2).map(dialogue).collect::<String>());
    let stage = "[[stage]]\nrun='substring_dedup'\nmin_chars=20\nwhole='characters'";
    scratch.write("recipe.toml", format!("name='t'\n{}{stage}", source("t", "instruct")));
    let said = scratch.build("out", &[]).column("data/instruct", "messages");
    assert!(said[0].contains("第1问：请解释动量守恒定律") && said[0].contains("总动量不变。以上是答1"), "{}", said[0]);
    assert!(said[1].contains("content: 第2}") && said[1].contains("content: 2}"), "{}", said[1]);
}

/// Cleaning before and behind, two such stages and one of lines, staged text, a source that is left alone.
#[test]
fn bytes_depend_on_rows_and_options_alone() {
    let scratch = Scratch::new();
    let page = |i: u64| {
        let copied = document(i % 40 + 60).repeat(2);
        format!("{}\n{copied}。{}\n公共的一行，每一页都有它", document(i + 1_000), document(i % 150))
    };
    let all = docs(&(0..700).map(page).collect::<Vec<_>>());
    scratch.write("s/a.jsonl", &all);
    scratch.write("o/a.jsonl", docs(&(0..50).map(page).collect::<Vec<_>>()));
    let stages = source("o", "pretrain")
        + "[[stage]]\nrun='normalize'\n[[stage]]\nrun='substring_dedup'\nmin_chars=40\nonly={source=['s']}\n\
           [[stage]]\nrun='line_dedup'\n[[stage]]\nrun='substring_dedup'\nname='again'\nmin_chars=20\nkeep='none'\n\
           whole='characters'\nscope='source'\n[[stage]]\nrun='near_dedup'\n[[stage]]\nrun='keep'\nchars={min=5}";
    scratch.write("recipe.toml", recipe(&stages));
    let one = scratch.build("one", &["--threads", "1"]);
    one.check_accounts();
    let cuts: Vec<u64> = (0..3).map(|i| one.manifest["cuts"][i]["rows"].as_u64().unwrap()).collect();
    assert!(cuts.iter().all(|rows| *rows > 10), "{cuts:?}");
    for (out, more) in
        [("two", ["--threads", "2", "--unit", "32KiB"]), ("four", ["--threads", "4", "--unit", "128KiB"])]
    {
        same_output(&one, &scratch.build(out, &more), &format!("{more:?} changed the bytes"));
    }
    std::fs::remove_file(scratch.path("s/a.jsonl")).unwrap();
    let lines: Vec<&str> = all.split_inclusive('\n').collect();
    for (i, part) in lines.chunks(177).enumerate() {
        scratch.write(&format!("s/part-{i}.jsonl"), part.concat());
    }
    same_output(&one, &scratch.build("split", &[]), "splitting the input changed the bytes");
}

/// More windows than the least memory holds: they are sorted on disk.
#[test]
fn bytes_do_not_depend_on_memory() {
    let mut state = 7u32;
    let mut character = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from_u32(0x4e00 + (state >> 12) % 0x5000).unwrap()
    };
    let mut all: Vec<String> = (0..130).map(|_| (0..5_000).map(|_| character()).collect()).collect();
    all.extend(all.clone().iter().map(|text| format!("{text}另有一句。")));
    let windows: usize = all.iter().map(|text| text.chars().count() - 49).sum();
    assert!(windows * 16 > 16 << 20, "a quarter of 64 MiB, the least, would hold them");
    let scratch = Scratch::new();
    scratch.write("s/a.jsonl", docs(&all));
    let stage = "[[stage]]\nrun='substring_dedup'\nmin_chars=50\nkeep='none'\nwhole='characters'";
    scratch.write("recipe.toml", recipe(stage));
    let one = scratch.build("one", &["--memory", "4GiB"]);
    assert_eq!((one.total("kept"), one.reasons()["repeated_text"]), (130, 130));
    assert!(one.column("data/pretrain", "text").iter().all(|text| text == "另有一句。"));
    same_output(&one, &scratch.build("two", &["--memory", "1MiB"]), "little memory");
}

/// Text that is staged with the units is read from there, and comes out without the cuts.
#[test]
fn staged_text_is_cut_as_well() {
    use std::io::Write;
    let all = texts(9, 100, &['天', '地', '𠮷', 'x']);
    let scratch = Scratch::new();
    let mut packed = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    packed.write_all(docs(&all).as_bytes()).unwrap();
    scratch.write("s/a.jsonl.bz2", packed.finish().unwrap());
    let stage = "[[stage]]\nrun='substring_dedup'\nmin_chars=12\nwhole='characters'";
    scratch.write("recipe.toml", recipe(stage).replace("*.jsonl", "*.bz2"));
    check(&scratch.build("out", &[]), &cut(&all, 12, true));
}
