//! Recipes that read cards: from the store, by part and use, as their copy is, and as the lock says.

use corpus::rows::Use;
use serde_json::json;

use crate::harness::{Scratch, same_output};

const RECIPE: &str = "name = 'r'\n[[source]]\ncard = 'nlp_chinese_corpus'\nparts = ['webtext2019zh', 'news2016zh']\n";

fn answers(rows: u64) -> String {
    let row = |i: u64| {
        json!({"qid": i, "title": format!("问题{i}？"), "desc": "", "topic": "机器人", "star": 3,
            "content": format!("这是第{i}个回答。"), "answer_id": i, "answerer_tags": "人工智能"})
    };
    (0..rows).map(|i| format!("{}\n", row(i))).collect()
}

fn news(rows: u64) -> String {
    (0..rows)
        .map(|i| format!("{}\n", json!({"news_id": format!("n{i}"), "title": "题目", "content": format!("新闻{i}。")})))
        .collect()
}

fn stored(scratch: &Scratch, revision: &str) {
    let files =
        [("webtext2019zh", "web_text_zh_train.json", answers(3)), ("news2016zh", "news2016zh_train.json", news(2))];
    scratch.store("nlp_chinese_corpus", "drive:", revision, &files);
}

#[test]
fn parts_are_sources_of_one_name() {
    let scratch = Scratch::new();
    stored(&scratch, "-");
    scratch.write("recipe.toml", RECIPE);
    let built = scratch.build("out", &[]);
    built.check_accounts();
    assert_eq!(built.column("data/pretrain", "source"), vec!["nlp_chinese_corpus"; 5]);
    assert_eq!(
        built.column("data/pretrain", "text"),
        ["这是第0个回答。", "这是第1个回答。", "这是第2个回答。", "新闻0。", "新闻1。"]
    );
    let subsets = built.column("data/pretrain", "subset");
    assert_eq!(subsets[3..], ["news2016zh", "news2016zh"]);
    let sources = built.manifest["sources"].as_array().unwrap();
    let [source] = &sources[..] else { panic!("{sources:?}") };
    assert_eq!((&source["name"], &source["card"]), (&json!("nlp_chinese_corpus"), &json!("nlp_chinese_corpus")));
    let file = &source["files"][1];
    assert_eq!(
        (&file["part"], &file["path"]),
        (&json!("news2016zh"), &json!("nlp_chinese_corpus/news2016zh_train.json"))
    );
    assert_eq!(file["origin"]["url"], "https://host.example/news2016zh_train.json");
    assert_eq!(file["origin"]["license"], "CC0-1.0");
}

#[test]
fn another_use_reads_other_fields() {
    let scratch = Scratch::new();
    stored(&scratch, "-");
    let recipe = "[[source]]\ncard = 'nlp_chinese_corpus'\nparts = ['webtext2019zh']\nuse = 'instruct'\n";
    scratch.write("recipe.toml", recipe);
    let messages = scratch.build("out", &[]).column("data/instruct", "messages");
    assert!(messages[0].contains("问题0？") && messages[0].contains("这是第0个回答。"), "{}", messages[0]);
}

#[test]
fn a_mirror_that_lost_fields_refuses_what_needs_them() {
    let scratch = Scratch::new();
    let text: String = (0..3).map(|i| format!("{}\n", json!({"text": format!("回答{i}。")}))).collect();
    let way = "hf:YeungNLP/firefly-pretrain-dataset";
    let store = scratch.store("nlp_chinese_corpus", way, "c0ffee", &[("webtext2019zh", "webText2019zh.jsonl", text)]);
    let set = store.set("nlp_chinese_corpus", "c0ffee");
    let mut manifest = set.manifest().unwrap().unwrap();
    for entry in manifest.files.values_mut() {
        entry.uses = vec![corpus::rows::Use::Pretrain];
        entry.lost = Some("`star`".into());
    }
    set.write(&manifest).unwrap();
    let recipe =
        |usage: &str| format!("[[source]]\ncard = 'nlp_chinese_corpus'\nparts = ['webtext2019zh']\nuse = '{usage}'\n");
    scratch.write("recipe.toml", recipe("pretrain"));
    assert_eq!(scratch.build("out", &[]).total("kept"), 3);
    scratch.write("recipe.toml", recipe("instruct"));
    let run = scratch.try_build("out", &[]);
    assert_eq!(run.code(), 1);
    assert!(run.stderr().contains("not good for instruct: it lost `star`"), "{}", run.stderr());
}

/// Rows as the hub card of CCI 3.0 shows them, and as a loader reads them: a build keeps both.
#[test]
fn a_set_described_in_two_ways_is_read_in_both() {
    for name in ["content", "text"] {
        let scratch = Scratch::new();
        let row = |i: u64| {
            let mut row = json!({"id": format!("page{i}"), "meta_info": "{\"quality_score\": 2.5}"});
            row[name] = json!(format!("第{i}页的正文，讲的是水稻的种植。"));
            format!("{row}\n")
        };
        let text: String = (0..2).map(row).collect();
        scratch.store("cci3", "hf:BAAI/CCI3-Data", "c0ffee", &[("all", "data/part-0.jsonl", text)]);
        scratch.write("recipe.toml", "[[source]]\ncard = 'cci3'\n");
        let built = scratch.build("out", &[]);
        assert_eq!((built.total("kept"), built.total("unreadable")), (2, 0), "{name}");
        assert!(built.column("data/pretrain", "id")[0].contains("page0"));
    }
}

/// A licence of the packaging is not a licence of the texts: `open` lets no such card through.
#[test]
fn a_licence_of_the_packaging_is_not_open() {
    let catalog = corpus::catalog::Catalog::load(None).unwrap();
    for name in ["mnbvc", "oscar", "paracrawl", "nllb", "xp3", "natural_instructions", "opus_software", "wanjuan1"] {
        assert_eq!(catalog.find(name).unwrap().freedom().as_str(), "packaging", "{name}");
    }
    let scratch = Scratch::new();
    scratch.write("recipe.toml", "[policy]\nlicenses = ['open']\n[[source]]\ncard = 'oscar'\n");
    let run = scratch.try_build("out", &["--offline"]);
    run.says(1, &["`oscar`", "packaging"]);
}

#[test]
fn the_lock_holds_revisions_and_bytes() {
    let scratch = Scratch::new();
    scratch.write("recipe.toml", RECIPE);
    let run = scratch.try_build("out", &["--offline"]);
    assert_eq!(run.code(), 1);
    assert!(run.stderr().contains("corpus fetch nlp_chinese_corpus"), "{}", run.stderr());

    stored(&scratch, "r1");
    let run = scratch.try_build("out", &["--locked", "--offline"]);
    run.says(1, &["is not locked"]);
    let first = scratch.build("out", &[]);
    let lock = std::fs::read_to_string(scratch.path("corpus.lock")).unwrap();
    assert!(lock.contains("revision = \"r1\"") && lock.contains("news2016zh_train.json"), "{lock}");

    // A newer revision is not taken unasked.
    let files =
        [("webtext2019zh", "web_text_zh_train.json", answers(9)), ("news2016zh", "news2016zh_train.json", news(9))];
    scratch.store("nlp_chinese_corpus", "drive:", "r2-newer", &files);
    same_output(&scratch.build("out2", &["--locked"]), &first, "a newer revision was taken unasked");
    assert_eq!(scratch.build("out3", &["--update"]).total("read"), 18);
    assert!(std::fs::read_to_string(scratch.path("corpus.lock")).unwrap().contains("r2-newer"));

    // Other bytes under the locked revision are refused.
    let changed = [("news2016zh", "news2016zh_train.json", news(4))];
    scratch.store("nlp_chinese_corpus", "drive:", "r2-newer", &changed);
    let run = scratch.try_build("out4", &[]);
    assert_eq!(run.code(), 1);
    assert!(run.stderr().contains("news2016zh_train.json is not what corpus.lock has locked"), "{}", run.stderr());
}

/// What is published under a name of today is read by the card of that name: one row of each layout, in words of our own,
/// and what must be in the row that comes out.
#[test]
fn cards_of_today_read_their_layouts() {
    let dialogue = json!([{"role": "user", "content": "一加一？"}, {"role": "assistant", "content": "二。"}]);
    let turns = json!([{"from": "human", "value": "一加一？"}, {"from": "gpt", "value": "二。"}]);
    let scene = json!({"input": "", "instruction": "一加一？", "output": "二。"});
    let rows = [
        (
            "r1_distill_zh_110k",
            "all",
            json!({"input": "一加一？", "reasoning_content": "数手指。", "content": "二。", "score": 10, "repo_name": "r"}),
            "数手指。",
        ),
        (
            "medical_o1",
            "zh",
            json!({"Question": "一加一？", "Complex_CoT": "数手指。", "Response": "二。"}),
            "数手指。",
        ),
        (
            "ultra_innerthought",
            "all",
            json!({"id": "1", "conversations": [{"user": "一加一？", "inner_thought": "数手指。", "assistant": "二。"}], "data_source": "d"}),
            "数手指。",
        ),
        ("dapo_math_17k", "all", json!({"prompt": "一加一？", "solution": "2", "ability": "MATH"}), "一加一？"),
        (
            "verifiable_coding_python",
            "decontaminated",
            json!({"problem_statement": "一加一？", "verification_info": {"language": "python", "test_cases": []}}),
            "一加一？",
        ),
        (
            "numinamath",
            "v1.5",
            json!({"problem": "一加一？", "solution": "二。", "answer": "2", "source": "amc"}),
            "二。",
        ),
        (
            "openr1_math_220k",
            "default",
            json!({"problem": "一加一？", "solution": "数。", "answer": "2", "source": "amc", "messages": dialogue, "generations": ["二。"]}),
            "二。",
        ),
        ("coig_cqia", "all", scene.clone(), "二。"),
        ("lawyer_llama", "all", scene.clone(), "二。"),
        (
            "disc_law_sft",
            "triplets",
            json!({"id": "1", "reference": ["第一条"], "input": "一加一？", "output": "二。"}),
            "二。",
        ),
        ("disc_med_sft", "all", json!({"_id": 1, "source": "s", "conversation": dialogue}), "二。"),
        ("huatuogpt_sft", "all", json!({"data": ["问：一加一？", "答：二。"]}), "二。"),
        (
            "huatuo26m_lite",
            "all",
            json!({"id": 1, "question": "一加一？", "answer": "二。", "score": 5, "label": "内科"}),
            "二。",
        ),
        ("wildchat", "all", json!({"conversation": dialogue, "model": "m", "turn": 1}), "二。"),
        ("infinity_instruct", "chat", json!({"id": "1", "conversations": turns, "source": "s"}), "二。"),
        (
            "magpie_qwen2_zh",
            "all",
            json!({"uuid": "1", "instruction": "一加一？", "response": "二。", "conversations": turns}),
            "二。",
        ),
        ("tulu3_sft", "all", json!({"id": "1", "messages": dialogue, "source": "s"}), "二。"),
        ("toolmind", "all", json!({"conversations": dialogue, "tools": []}), "二。"),
        (
            "openorca",
            "all",
            json!({"id": "1", "system_prompt": "答。", "question": "一加一？", "response": "二。"}),
            "二。",
        ),
        ("poison_mpts_100", "all", json!({"prompt": "一加一？", "answer": "二。", "domain_zh": "数"}), "二。"),
        (
            "xlam_60k",
            "all",
            json!({"id": 0, "query": "一加一？", "answers": "[{\"name\": \"add\", \"arguments\": {\"a\": 1}}]", "tools": "[{\"name\": \"add\"}]"}),
            "add",
        ),
        (
            "helpsteer3",
            "all",
            json!({"domain": "general", "language": "chinese", "context": [{"role": "user", "content": "一加一？"}], "response1": "二。", "response2": "三。", "overall_preference": -2}),
            "二。",
        ),
        (
            "arena_140k",
            "all",
            json!({"id": "1", "model_a": "a", "model_b": "b", "winner": "model_a", "conversation_a": dialogue, "conversation_b": [{"role": "user", "content": "一加一？"}, {"role": "assistant", "content": "三。"}]}),
            "二。",
        ),
        ("dpo_zh_en_emoji", "all", json!({"question": "一加一？", "answer_zh": "二。", "answer_en": "Two."}), "Two."),
        ("huozi_rlhf", "pairs", json!({"prompt": "一加一？", "chosen": "二。", "rejected": "三。"}), "二。"),
        (
            "skywork_reward_80k",
            "all",
            json!({"chosen": dialogue, "rejected": [{"role": "user", "content": "一加一？"}, {"role": "assistant", "content": "三。"}], "source": "s"}),
            "二。",
        ),
        (
            "beavertails",
            "all",
            json!({"prompt": "一加一？", "response": "二。", "is_safe": true, "category": {"a": false}}),
            "二。",
        ),
        ("telechat_ptd", "all", json!({"data": "一加一等于二。"}), "等于二"),
        (
            "starcoderdata",
            "all",
            json!({"max_stars_repo_path": "a.py", "max_stars_repo_name": "x/y", "max_stars_count": 1, "id": "1", "content": "one = 1"}),
            "one = 1",
        ),
    ];
    for (name, part, row, said) in rows {
        let catalog = corpus::catalog::Catalog::load(None).unwrap();
        let card = catalog.find(name).unwrap();
        let way = card.way.iter().find(|w| w.files.contains_key(part)).unwrap();
        let usage = card.part_use(card.part(part).unwrap());
        let columns: &[&str] = match usage {
            Use::Pretrain => &["text"],
            Use::Task => &["input", "output"],
            Use::Instruct => &["messages"],
            Use::Rlhf if name == "beavertails" => &["completion"],
            Use::Rlhf => &["chosen", "rejected"],
        };
        let scratch = Scratch::new();
        scratch.store(name, &way.from, "r", &[(part, "rows.jsonl", format!("{row}\n"))]);
        scratch.write("recipe.toml", format!("[[source]]\ncard = '{name}'\nparts = ['{part}']\n"));
        let built = scratch.build("out", &[]);
        assert_eq!((built.total("kept"), built.total("unreadable")), (1, 0), "{name}");
        let text: String = columns.iter().flat_map(|c| built.column(&format!("data/{usage}"), c)).collect();
        assert!(text.contains(said), "{name}: {text}");
    }
}

/// Of every card it can be said, without a network, what would be fetched, or what to do by hand.
#[test]
fn every_card_has_a_plan() {
    let scratch = Scratch::new();
    let catalog = corpus::catalog::Catalog::load(None).unwrap();
    let store = corpus::store::Store::at(scratch.path("cache")).unwrap();
    let options = corpus::fetch::Options { offline: true, ..corpus::fetch::Options::new(store) };
    for card in corpus::catalog::shipped() {
        let targets = corpus::fetch::targets::read(&catalog, std::slice::from_ref(&card.name), &[], None).unwrap();
        let plan = corpus::fetch::plan::plan(&targets, &options).unwrap();
        let [set] = &plan.sets[..] else { panic!("{}: {} sets", card.name, plan.sets.len()) };
        assert!(set.failed.is_empty(), "{}: {:?}", card.name, set.failed);
        assert!(!set.parts.is_empty() && !set.ways.is_empty(), "{}", card.name);
        let listed = set.ways.iter().all(|w| w.request.is_some()) || !set.files.is_empty();
        assert!(listed, "{}: neither files nor the request that lists them", card.name);
    }
}
