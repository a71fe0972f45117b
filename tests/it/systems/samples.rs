//! Real rows of the data sets that the recipes read, where the shared folder is beside the repository.

use super::card;
use crate::harness::Scratch;

/// `(file, card, part, rows)`, the rows as the folders' READMEs count them.
const SAMPLES: &[(&str, &str, &str, u64)] = &[
    ("facts/samples/nlp_chinese_corpus/wiki2019zh.row1.json", "nlp_chinese_corpus", "wiki2019zh", 1),
    ("facts/samples/nlp_chinese_corpus/news2016zh.row1.json", "nlp_chinese_corpus", "news2016zh", 1),
    ("facts/samples/nlp_chinese_corpus/baike2018qa.row1.json", "nlp_chinese_corpus", "baike2018qa", 1),
    ("facts/samples/nlp_chinese_corpus/webtext2019zh.row1.json", "nlp_chinese_corpus", "webtext2019zh", 1),
    ("facts/samples/nlp_chinese_corpus/translation2019zh.row1.json", "nlp_chinese_corpus", "translation2019zh", 1),
    ("facts/samples/c4-en/c4-train.00000-of-01024.json.gz", "c4_en", "en", 0),
    ("facts/samples/csl/ts.dev.head60.tsv", "csl", "benchmark", 60),
    ("facts/samples/csl/kg.dev.head60.tsv", "csl", "benchmark", 60),
    ("facts/samples/chatllama-instructions/rows.jsonl", "linly_instructions", "all", 0),
    ("facts/samples-instruct/belle-zh_seed_tasks.jsonl", "belle_zh_seeds", "all", 175),
    ("facts/samples-instruct/self-instruct-seed_tasks.jsonl", "self_instruct", "seeds", 175),
    ("facts/samples-instruct/chinese-vicuna-chat_sample.jsonl", "chinese_vicuna", "chat", 3),
    ("facts/samples-instruct/chinese-vicuna-instruct_sample.jsonl", "chinese_vicuna", "merge", 10),
    ("facts/samples-instruct/fastchat-dummy_conversation.json", "sharegpt", "90k", 500),
    ("facts/samples-instruct/firefly-moss_style-first15.jsonl", "sharegpt_zh_en_90k", "common_zh", 15),
    ("facts/samples-instruct/hh-rlhf-harmless_base_test-selected.jsonl", "hh_rlhf", "harmless-base", 16),
    ("facts/samples-instruct/linly-instructions_readme_rows.jsonl", "linly_instructions", "all", 0),
    ("facts/samples-instruct/llamafactory-alpaca_en_demo-first40.json", "alpaca", "all", 40),
    ("facts/samples-instruct/llamafactory-alpaca_zh_demo-first40.json", "alpaca_gpt4", "zh", 40),
    ("facts/samples-instruct/llamafactory-dpo_en_demo-first12.json", "dpo_en_zh_20k", "en", 12),
    ("facts/samples-instruct/llamafactory-dpo_zh_demo-first12.json", "dpo_en_zh_20k", "zh", 12),
    ("facts/samples-instruct/pclue-train_9-first200.jsonl", "pclue", "train", 200),
    ("facts/samples-instruct/moss-brainstorming_1.json", "moss_003", "no_tools", 1),
    ("facts/samples-instruct/moss-calculator_1.json", "moss_003", "tools", 1),
    ("facts/samples-instruct/gpteacher-toolformer-first15.json", "gpteacher", "toolformer", 15),
    ("data/chat/sharegpt_zh_500.jsonl", "sharegpt_zh_en_90k", "common_zh", 500),
    ("data/prefs/hh-rlhf-harmless-test-1-800.jsonl.gz", "hh_rlhf", "harmless-base", 800),
    ("data/prefs/dpo_zh_demo.json", "dpo_en_zh_20k", "zh", 300),
    ("data/instruct/alpaca_zh_demo.json", "alpaca_gpt4", "zh", 1_000),
];

#[test]
fn real_rows_are_read_as_their_cards_say() {
    let Some(shared) = crate::harness::beside("") else { return };
    let scratch = Scratch::new();
    let mut recipe = String::from("name = 'samples'\n[input]\nmax_unreadable = 1.0\n");
    for (at, (file, name, part, _)) in SAMPLES.iter().enumerate() {
        let card = card(name);
        let part = card.part(part).unwrap();
        let usage = card.part_use(part);
        let reading = card.reading(part, usage);
        let path = shared.join(file);
        recipe += &format!("[[source]]\nname = 's{at}'\npath = ['{}']\nuse = '{usage}'\n", path.display());
        recipe += &reading.format.map_or(String::new(), |f| format!("format = '{f}'\n"));
        let table = |name: &str, map: &std::collections::BTreeMap<String, String>| {
            let pairs: Vec<String> = map.iter().map(|(k, v)| format!("{k} = '{v}'")).collect();
            if pairs.is_empty() { String::new() } else { format!("{name} = {{ {} }}\n", pairs.join(", ")) }
        };
        recipe += &(table("fields", &reading.fields) + &table("options", &reading.options));
    }
    scratch.write("recipe.toml", recipe);
    let built = scratch.build("out", &[]);
    built.check_accounts();
    println!("| file | card (part) | read by | rows | kept | set aside | unreadable |\n|---|---|---|---|---|---|---|");
    let mut wrong = Vec::new();
    for ((file, card, part, rows), source) in SAMPLES.iter().zip(built.manifest["sources"].as_array().unwrap()) {
        let line = &source["files"][0];
        let number = |what: &str| line[what].as_u64().unwrap();
        let (read, kept, dropped, unreadable) =
            (number("read"), number("kept"), number("dropped"), number("unreadable"));
        let format = line["format"].as_str().unwrap();
        println!("| {file} | {card} ({part}) | {format} | {read} | {kept} | {dropped} | {unreadable} |");
        if read == 0 || unreadable > 0 || (*rows > 0 && read != *rows) {
            wrong.push(format!("{file}: {read} rows, {unreadable} unreadable, the README counts {rows}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
