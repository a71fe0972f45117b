//! Minimal rows of every data set that a shipped recipe reads, in the shapes that their authors gave them, with what is
//! known to be broken in them. All texts are made up here.

use serde_json::{Value as Json, json};

/// What a file holds.
pub enum Raw {
    /// Objects: JSON lines, or Parquet.
    Rows(Vec<Json>),
    /// One JSON array.
    Array(Vec<Json>),
    /// LMFlow's one object with `instances`.
    LmFlow(Vec<Json>),
    /// Text of whatever kind.
    Text(String),
    /// A file each.
    Each(Vec<Json>),
}

const ZH: [&str; 24] = [
    "老城的茶馆",
    "清晨的渡口",
    "山里的小学",
    "雨后的稻田",
    "图书馆的志愿者",
    "修桥的工人",
    "夜市的摊主",
    "海边的灯塔",
    "写着诗的信",
    "一箱旧照片",
    "新开的航线",
    "古琴的弦",
    "会修钟的爷爷",
    "刚熟的杏子",
    "去年的账本",
    "远方的来客",
    "忽然停了下来",
    "让人想起童年",
    "被重新点亮",
    "传到了邻村",
    "值得慢慢地看",
    "成了大家的话题",
    "没有人再提起",
    "在风里轻轻响着",
];
const EN: [&str; 24] = [
    "the old bridge",
    "a quiet harbour",
    "the village school",
    "our neighbour",
    "a letter of thanks",
    "the night market",
    "some ripe apricots",
    "her small garden",
    "the train to the north",
    "a box of photographs",
    "the clock maker",
    "every visitor",
    "was opened again",
    "came back in the spring",
    "has never been so busy",
    "made them laugh",
    "should be read slowly",
    "stood in the rain",
    "was talked about for weeks",
    "could be heard from afar",
    "needs more care than it gets",
    "is worth a long walk",
    "turned out to be true",
    "went on until the morning",
];

/// Different text for each number, the same for each call.
fn speak(words: &[&str; 24], number: u64, gap: &str, mark: &str, parts: u64) -> String {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = |range: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) % range
    };
    let mut said = Vec::new();
    for _ in 0..parts {
        let (who, what) = (words[next(12) as usize], words[12 + next(12) as usize]);
        said.push(format!("{who}{gap}{what}"));
    }
    said.join(mark) + mark
}

/// Some Chinese.
pub fn zh(number: u64) -> String {
    speak(&ZH, number, "", "，", 6 + number % 4).trim_end_matches('，').to_owned() + "。"
}

/// Some English.
pub fn en(number: u64) -> String {
    speak(&EN, number, " ", ". ", 4 + number % 4).trim_end().to_owned()
}

type Say = fn(u64) -> String;

/// The rows of a part; `n` begins its numbers.
pub fn of(card: &str, part: &str, language: Option<&str>, n: u64) -> Raw {
    let say: Say = if language == Some("en") { en } else { zh };
    let rows = |row: &dyn Fn(u64) -> Json, broken: &[Json]| -> Vec<Json> {
        // Eight rows, the first of them once more, and what is broken.
        (n..n + 8).chain([n]).map(|i| row(i * 10)).chain(broken.iter().cloned()).collect()
    };
    match (card, part) {
        ("adgen", _) => {
            Raw::Rows(rows(&|i| json!({"content": format!("类型#裙*颜色#蓝*款号#{i}"), "summary": zh(i)}), &[]))
        }
        ("pclue", _) => Raw::Rows(rows(
            &|i| json!({"input": format!("{}\n选项：科技，体育\n答案：", zh(i)), "target": "电竞", "answer_choices": ["科技", "体育", "科技"], "type": "classify"}),
            &[json!({"input": "没有答案的一行：", "type": "mrc"})],
        )),
        ("firefly_train_1.1m", _) => {
            Raw::Rows(rows(&|i| json!({"kind": "Couplet", "input": zh(i), "target": zh(i + 1)}), &[]))
        }
        ("belle_0.5m", _) => {
            Raw::Rows(rows(&|i| json!({"input": format!("{}\\n\n", zh(i)), "target": zh(i + 1)}), &[]))
        }
        ("belle_multiturn_0.8m", _) => Raw::Rows(rows(
            &|i| json!({"instruction": format!("Human:{}\nAssistant:{}\nHuman:{}\nAssistant:\n", zh(i), zh(i + 1), zh(i + 2)), "input": "", "output": zh(i + 3)}),
            &[],
        )),
        ("belle_generated_chat_0.4m", _) => Raw::Rows(rows(
            &|i| json!({"instruction": format!("给出两人的对话，主题：{}", zh(i)), "input": "", "output": format!("\n小王：{}\n小李：{}", zh(i + 1), zh(i + 2))}),
            &[],
        )),
        ("dolly_15k", _) => Raw::Rows(rows(
            &|i| json!({"instruction": en(i), "context": if i % 20 == 0 { String::new() } else { en(i + 1) + "[42]" }, "response": en(i + 2), "category": "closed_qa"}),
            &[],
        )),
        ("chinese_vicuna", "chat") => Raw::Rows(rows(
            &|i| json!({"input": [zh(i), zh(i + 1)], "output": [zh(i + 2), zh(i + 3)]}),
            &[json!({"instruction": zh(n), "output": zh(n + 1)})],
        )),
        ("belle_1m" | "belle_school_math" | "linly_instructions" | "coig", "all" | "leetcode") => {
            Raw::Rows(rows(&alpaca(say), &[]))
        }
        ("alpaca" | "alpaca_cleaned" | "alpaca_zh_51k" | "chinese_vicuna", _)
        | ("alpaca_gpt4", "zh" | "en")
        | ("coig", "values_1") => Raw::Array(rows(&alpaca(say), &[])),
        ("alpaca_gpt4", "comparison") => {
            let answer =
                |i: u64, source: &str, score: f64| json!({"response": en(i), "source": source, "score": score});
            Raw::Array(rows(
                &|i| json!({"user_input": en(i), "responses_and_scores": [answer(i + 1, "gpt4", 9.0), answer(i + 2, "davinci", 7.0), answer(i + 3, "opt", 7.0)]}),
                &[json!({"user_input": en(n), "responses_and_scores": [answer(n + 1, "gpt4", 9.0)]})],
            ))
        }
        ("sharegpt" | "sharegpt_vicuna", _) => Raw::Array(rows(&dialogue, &sharegpt_broken(n))),
        ("sharegpt_zh_en_90k", _) => Raw::Rows(rows(
            &|i| json!({"conversation_id": i.to_string(), "category": "x", "conversation": [{"human": zh(i), "assistant": zh(i + 1)}, {"human": zh(i + 2), "assistant": zh(i + 3)}]}),
            &[],
        )),
        ("hh_rlhf", _) => {
            let side = |i: u64, last: &str| {
                format!("\n\nHuman: {}\n\nAssistant: {}\n\nHuman: {}\n\nAssistant: {last}", en(i), en(i + 1), en(i + 2))
            };
            Raw::Rows(rows(
                &|i| json!({"chosen": side(i, &en(i + 3)), "rejected": side(i, &en(i + 4))}),
                &[
                    json!({"chosen": side(n, ""), "rejected": side(n, "No.")}),
                    json!({"chosen": side(n, "Yes."), "rejected": side(n + 1, "No.")}),
                ],
            ))
        }
        ("rm_static" | "full_hh_rlhf", _) => Raw::Rows(rows(
            &|i| json!({"prompt": format!("\n\nHuman: {}\n\nAssistant:", en(i)), "response": format!(" {}", en(i + 1)), "chosen": format!(" {}", en(i + 1)), "rejected": format!(" {}", en(i + 2))}),
            &[
                json!({"prompt": format!("\n\nHuman: {}\n\nAssistant:", en(n)), "response": "", "chosen": "", "rejected": " No."}),
            ],
        )),
        ("rlhf_reward_datasets", _) => Raw::Rows(rows(
            &|i| json!({"prompt": format!("\n\nHuman: {} ", en(i)), "chosen": format!("Assistant: {}", en(i + 1)), "rejected": format!("Assistant: {}", en(i + 2))}),
            &[],
        )),
        ("synthetic_instruct_gptj_pairwise" | "summarize_from_feedback", _) => {
            Raw::Rows(rows(&|i| json!({"prompt": en(i), "chosen": en(i + 1), "rejected": en(i + 2)}), &[]))
        }
        ("webgpt_comparisons", _) => {
            let quotes = json!({"title": ["A title"], "extract": ["An extract"]});
            let row = |i: u64, score: f64| {
                json!({"question": {"dataset": "eli5", "id": format!("q{i}"), "full_text": en(i)}, "quotes_0": quotes, "quotes_1": quotes,
                "answer_0": format!("{} [1] (see there) ", en(i + 1)), "answer_1": en(i + 2), "score_0": score, "score_1": -score})
            };
            Raw::Rows(rows(&|i| row(i, 0.5), &[row(n + 1, 0.0)]))
        }
        ("shp", _) => {
            let row = |i: u64, a: String| {
                json!({"post_id": format!("p{i}"), "domain": "askculinary_train", "history": en(i), "human_ref_A": a, "human_ref_B": en(i + 2),
                    "labels": 1, "score_A": 12, "score_B": 4, "score_ratio": 3.0})
            };
            Raw::Rows(rows(&|i| row(i, en(i + 1)), &[row(n + 1, "[removed]".into())]))
        }
        ("oig", _) => Raw::Rows(rows(
            &|i| json!({"text": format!("{}\n<human>: {}\n<bot>: {}\n", en(i), en(i + 1), en(i + 2)), "metadata": {"source": format!("unified_{part}")}}),
            &[json!({"text": "User: no marker of this set", "metadata": {}})],
        )),
        ("nlp_chinese_corpus", "wiki2019zh") => Raw::Rows(rows(
            &|i| json!({"id": i.to_string(), "url": format!("https://zh.wikipedia.org/wiki?curid={i}"), "title": "题", "text": format!("题\n\n{}\n\n{}", zh(i), zh(i + 1))}),
            &[],
        )),
        ("nlp_chinese_corpus", "news2016zh") => Raw::Rows(rows(
            &|i| json!({"news_id": i.to_string(), "keywords": "茶，桥", "title": zh(i), "desc": zh(i + 1), "source": "某报", "time": "03-22 12:00", "content": zh(i + 1) + &zh(i + 2)}),
            &[
                json!({"news_id": "0", "keywords": "", "title": "", "desc": "", "source": "", "time": "", "content": zh(n + 5) + &zh(n + 6)}),
            ],
        )),
        ("nlp_chinese_corpus", "baike2018qa") => Raw::Rows(rows(
            &|i| json!({"qid": format!("qid_{i}"), "category": "生活-美食", "title": zh(i), "desc": "", "answer": format!("{}\r\r{} ", zh(i + 1), zh(i + 2))}),
            &[],
        )),
        ("nlp_chinese_corpus", "webtext2019zh") => Raw::Rows(rows(
            &|i| json!({"qid": i / 20, "title": zh(i), "desc": format!("{}<br>{}", zh(i + 3), zh(i + 4)), "topic": "茶", "star": 3, "content": zh(i + 1) + &zh(i + 2), "answer_id": i, "answerer_tags": "茶@桥"}),
            &[],
        )),
        ("nlp_chinese_corpus", _) => Raw::Rows(rows(
            &|i| json!({"english": en(i), "chinese": zh(i)}),
            &[json!({"english": "Only one side", "chinese": ""})],
        )),
        ("linly_pretrain", _) => Raw::Rows(rows(&|i| json!({"text": format!("{}\n{}", zh(i), zh(i + 1))}), &[])),
        ("cluecorpussmall", _) => {
            Raw::Text((n..n + 8).map(|i| format!("{}\n{}\n\n", zh(i * 10), zh(i * 10 + 1))).collect())
        }
        ("redpajama1", _) => Raw::Rows(rows(
            &|i| json!({"text": en(i) + " " + &en(i + 1), "meta": {"url": format!("https://x.example/{i}"), "timestamp": "2023"}}),
            &[],
        )),
        ("enwiki", _) => Raw::Text(dump(n)),
        ("csl", _) => Raw::Rows(rows(
            &|i| json!({"doc_id": i.to_string(), "title": zh(i), "abstract": zh(i + 1) + &zh(i + 2), "keywords": ["茶", "桥"], "category": "工学", "discipline": "土木工程"}),
            &[],
        )),
        ("wikimatrix", _) => Raw::Text((n..n + 8).map(|i| format!("1.0{}\t{}\t{}\n", i % 10, en(i), zh(i))).collect()),
        ("massive", _) => Raw::Rows(rows(
            &|i| json!({"id": i.to_string(), "locale": "zh-CN", "partition": "train", "scenario": "alarm", "intent": "alarm_set", "utt": zh(i), "annot_utt": zh(i)}),
            &[],
        )),
        ("coig", "exam") => Raw::Rows(rows(
            &|i| json!({"textbox_q_instruction": "选出正确的一项。", "textbox_q_context": zh(i), "textbox_question": zh(i + 1), "textbox_answer": "C", "textbox_answer_analysis": zh(i + 2), "subject": "语文"}),
            &[],
        )),
        ("coig", "translated") => Raw::Rows(rows(
            &|i| json!({"instruction": en(i), "input": "", "output": en(i + 1), "trans_instruction": zh(i), "trans_input": "", "trans_output": zh(i + 1)}),
            &[],
        )),
        ("coig", "values_2") => Raw::Rows(rows(
            &|i| json!({"textbox_q_instruction": "", "textbox_q_context": "", "textbox_question": zh(i), "textbox_answer": zh(i + 1), "textbox_answer_analysis": ""}),
            &[],
        )),
        ("coig", "correction_chat") => {
            let round = |q: u64, a: u64| json!({"response": json!({"Q": zh(q), "A": zh(a)}).to_string()});
            Raw::Each(rows(&|i| json!({"round_0": round(i, i + 1), "round_1": round(i + 2, i + 3)}), &[]))
        }
        ("oasst2", _) => {
            let say = |role: &str, i: u64, rank: Json, replies: Json| json!({"message_id": i.to_string(), "text": zh(i), "role": role, "lang": "zh", "review_result": true, "deleted": false, "rank": rank, "replies": replies});
            let tree = |i: u64, replies: Json| json!({"message_tree_id": format!("t{i}"), "tree_state": "ready_for_export", "prompt": say("prompter", i, Json::Null, replies)});
            Raw::Rows(rows(
                &|i| {
                    tree(
                        i,
                        json!([
                            say("assistant", i + 1, json!(1), json!([])),
                            say("assistant", i + 2, json!(0), json!([]))
                        ]),
                    )
                },
                &[tree(n + 1, json!([say("assistant", n + 2, Json::Null, json!([]))]))],
            ))
        }
        ("hc3_chinese", _) => Raw::Rows(rows(
            &|i| json!({"question": zh(i), "human_answers": [zh(i + 1)], "chatgpt_answers": [zh(i + 2)], "source": "baike", "index": i}),
            &[
                json!({"question": zh(n), "human_answers": [""], "chatgpt_answers": [zh(n + 1)], "source": "baike", "index": 0}),
            ],
        )),
        ("cvalues_comparison", _) => Raw::Rows(rows(
            &|i| json!({"prompt": zh(i), "pos_resp": zh(i + 1), "neg_resp": zh(i + 2), "pos_type": "拒绝为主", "neg_type": "风险回复"}),
            &[],
        )),
        ("zhihu_rlhf_3k", _) => {
            let row = |i: u64| format!("{}\t{}\t{}\n", zh(i), zh(i + 1), zh(i + 2));
            Raw::Text(
                std::iter::once("prompt\tchosen\trejected\n".to_owned())
                    .chain((n..n + 8).map(|i| row(i * 10)))
                    .collect(),
            )
        }
        ("lmflow", _) => {
            Raw::LmFlow(rows(&|i| json!({"input": format!("Question: {}\n\nAnswer:", en(i)), "output": "yes"}), &[]))
        }
        _ => super::today::of(card, part, n).unwrap_or_else(|| panic!("no rows are written for {card} ({part})")),
    }
}

fn alpaca(say: Say) -> impl Fn(u64) -> Json {
    move |i| {
        let input = if i % 20 == 0 { "<noinput>".to_owned() } else { say(i + 1) };
        json!({"instruction": say(i), "input": input, "output": say(i + 2)})
    }
}

fn dialogue(i: u64) -> Json {
    let page =
        format!("<div class=\"markdown prose w-full\"><p>{}</p><ol><li>one</li><li>two</li></ol></div>", en(i + 1));
    json!({"id": format!("s{i}"), "conversations": [{"from": "human", "value": en(i)}, {"from": "gpt", "value": page},
        {"from": "human", "value": en(i + 2)}, {"from": "gpt", "value": en(i + 3)}]})
}

/// What FastChat's rules are for.
fn sharegpt_broken(n: u64) -> Vec<Json> {
    let said = |turns: &[(&str, String)]| -> Json {
        let turns: Vec<Json> = turns.iter().map(|(from, value)| json!({"from": from, "value": value})).collect();
        json!({"id": format!("broken{}{}", n, turns.len()), "conversations": turns})
    };
    vec![
        said(&[("human", en(n)), ("gpt", "As a model of OpenAI, I cannot say.".into())]),
        said(&[("human", en(n + 1)), ("human", en(n + 2)), ("gpt", en(n + 3))]),
        said(&[("human", en(n + 4))]),
        said(&[
            ("human", en(n + 5)),
            ("gpt", "Too many requests in 1 hour. Try again later.".into()),
            ("human", en(n + 6)),
            ("gpt", en(n + 7)),
        ]),
    ]
}

fn dump(n: u64) -> String {
    let page = |i: u64, ns: u64, title: &str, text: &str| {
        format!(
            "<page><title>{title}</title><ns>{ns}</ns><id>{i}</id><revision><id>{i}</id><timestamp>2024-01-01T00:00:00Z</timestamp><model>wikitext</model><text>{text}</text></revision></page>\n"
        )
    };
    let head =
        "<mediawiki xml:lang=\"en\">\n<siteinfo><base>https://en.wikipedia.org/wiki/Main_Page</base></siteinfo>\n";
    let pages: String = (n..n + 8)
        .map(|i| {
            page(i, 0, &format!("Title {i}"), &format!("'''Title {i}''': {}\n\n== More ==\n{}", en(i), en(i + 900)))
        })
        .collect();
    let aside = page(n + 90, 0, "Old name", "#REDIRECT [[Title 1]]") + &page(n + 91, 10, "Template:Box", "a box");
    format!("{head}{pages}{aside}</mediawiki>\n")
}
