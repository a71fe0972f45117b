//! Minimal rows of the data sets of today (the recipes `zh-…`), and of the evaluation sets that they keep out.

use serde_json::json;

use super::rows::{Raw, en, zh};

/// A problem that the evaluation sets have, and one row of what is trained on.
fn problem(sum: u64) -> String {
    format!("Find how many pairs of whole numbers add up to {sum} while their product is itself the square of a third.")
}

/// The rows of a part, eight and the first of them once more; `n` begins their numbers.
pub fn of(card: &str, part: &str, n: u64) -> Option<Raw> {
    let eight = || (n..n + 8).chain([n]).map(|i| i * 10);
    Some(match (card, part) {
        // Its last row is a problem of an evaluation set.
        ("dapo_math_17k", _) => Raw::Rows(
            eight()
                .map(|i| (i, if i % 20 == 0 { zh(i) } else { en(i) }))
                .chain([(1, problem(70))])
                .map(|(i, prompt)| json!({"prompt": prompt, "solution": (i % 97).to_string(), "data_source": "math_dapo"}))
                .collect(),
        ),
        ("openr1_math_220k", _) => Raw::Rows(
            eight()
                .map(|i| {
                    json!({"problem": en(i), "solution": format!("{} \\boxed{{{i}}}", en(i + 1)), "answer": i.to_string(), "source": "amc",
                        "messages": [{"role": "user", "content": en(i)},
                            {"role": "assistant", "content": format!("<think>\n{}\n</think>\n\n\\boxed{{{i}}}", en(i + 2))}]})
                })
                .collect(),
        ),
        ("verifiable_coding_python", _) => Raw::Rows(
            eight()
                .map(|i| {
                    json!({"problem_statement": en(i), "source": "taco",
                        "verification_info": {"language": "python", "test_cases": [{"input": "1", "output": i.to_string()}]}})
                })
                .collect(),
        ),
        ("r1_distill_zh_110k", _) => Raw::Rows(
            eight()
                .map(|i| {
                    json!({"input": zh(i), "reasoning_content": zh(i + 1), "content": zh(i + 2), "repo_name": "a/b", "score": 9})
                })
                .collect(),
        ),
        ("openthoughts3", _) => Raw::Rows(
            eight()
                .map(|i| {
                    let answer = format!("<think>\n{}\n</think>\n\n{}", en(i + 1), en(i + 2));
                    json!({"difficulty": 7, "source": "ai2-adapt-dev/openmath-2-math", "domain": "math",
                        "conversations": [{"from": "human", "value": en(i)}, {"from": "gpt", "value": answer}]})
                })
                .collect(),
        ),
        ("ling_coder_sft", _) => Raw::Rows(
            eight()
                .map(|i| {
                    let said = |role: &str, i: u64| json!({"role": role, "content": zh(i)});
                    json!({"mid": format!("m{i}"), "messages": [said("HUMAN", i), said("ASSISTANT", i + 1)], "tags": ["code"],
                        "languages": ["python"]})
                })
                .collect(),
        ),
        // The embedding is not read; the last page is in another language.
        ("fineweb2_hq", _) => {
            let page = |(at, text): (u64, String)| {
                json!({"text": text, "id": format!("<urn:{at}>"), "url": format!("https://x.example/{at}"), "date": "2024-01-01",
                    "quality_score": 0.5, "embeddings": [0.25, 0.5]})
            };
            let pages = eight().map(|i| zh(i) + &zh(i + 1)).chain([en(n) + &en(n + 1)]);
            Raw::Rows((n..).zip(pages).map(page).collect())
        }
        ("zhwiki", _) => Raw::Text(articles(n)),
        ("coig_cqia", _) => {
            let row = |i| json!({"instruction": zh(i), "input": "", "output": zh(i + 1), "task_type": {"major": ["问答"]}, "human_verified": true});
            Raw::Rows(eight().map(row).collect())
        }
        ("smoltalk_chinese", _) => Raw::Rows(
            eight()
                .map(|i| {
                    let said = |from: &str, i: u64| json!({"from": from, "value": zh(i)});
                    json!({"id": i, "conversations": [said("human", i), said("gpt", i + 1), said("human", i + 2), said("gpt", i + 3)],
                        "first_query_category": "advice", "first_query_score": 4})
                })
                .collect(),
        ),
        ("toolmind", _) => Raw::Rows(
            eight()
                .map(|i| {
                    let call = json!([{"type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"杭州\"}"}}]);
                    json!({"conversations": [
                            {"role": "user", "content": zh(i)},
                            {"role": "assistant", "content": "", "reasoning_content": zh(i + 1), "tool_calls": call},
                            {"role": "tool", "content": "晴，二十度"},
                            {"role": "assistant", "content": zh(i + 2), "reasoning_content": zh(i + 3)}],
                        "tools": [{"type": "function", "function": {"name": "weather", "description": "天气", "parameters": {"type": "object"}}}]})
                })
                .collect(),
        ),
        ("longwriter_6k", _) => Raw::Rows(
            eight()
                .map(|i| {
                    let long: String = (1..6).map(|part| zh(i * 7 + part)).collect();
                    json!({"messages": [{"role": "user", "content": zh(i)}, {"role": "assistant", "content": long}]})
                })
                .collect(),
        ),
        ("huozi_rlhf", _) => {
            Raw::Array(eight().map(|i| json!({"prompt": zh(i), "chosen": zh(i + 1), "rejected": zh(i + 2)})).collect())
        }
        // The last is a tie.
        ("helpsteer3", _) => {
            let row = |i: u64, language: &str, question: String, preference: i64| {
                json!({"domain": "general", "language": language, "context": [{"role": "user", "content": question}],
                    "response1": zh(i + 1), "response2": zh(i + 2), "overall_preference": preference,
                    "individual_preference": [{"score": preference, "reasoning": "clearer", "feedback1": "", "feedback2": ""}]})
            };
            let mut rows: Vec<_> = eight().map(|i| row(i, "chinese", zh(i), -2)).collect();
            rows.push(row(n + 1, "chinese", zh(n + 1), 0));
            Raw::Rows(rows)
        }
        // Three pairs a prompt.
        ("coig_p", _) => Raw::Rows(
            (0..9)
                .map(|at| {
                    let i = (n + at) * 10;
                    let said = |from: &str, i: u64| json!({"from": from, "value": zh(i)});
                    json!({"conversations": [said("human", (n + at / 3) * 10)], "chosen": said("gpt", i + 1), "rejected": said("gpt", i + 2)})
                })
                .collect(),
        ),
        ("aime", _) => measured(&["origin_prompt", "question"]),
        ("math_500", _) => measured(&["problem"]),
        ("olymmath", _) => measured(&["problem"]),
        _ => return None,
    })
}

/// Two such problems of an evaluation set, under these names.
fn measured(names: &[&str]) -> Raw {
    let row = |i: u64| names.iter().map(|name| ((*name).to_owned(), json!(problem(i)))).collect();
    Raw::Rows([70, 71].map(row).into_iter().collect())
}

/// A dump: articles of which one has both scripts, a redirection, and a page of another kind.
fn articles(n: u64) -> String {
    let page = |i: u64, ns: u64, title: &str, text: &str| {
        format!(
            "<page><title>{title}</title><ns>{ns}</ns><id>{i}</id><revision><id>{i}</id><timestamp>2026-01-01T00:00:00Z</timestamp><model>wikitext</model><text>{text}</text></revision></page>\n"
        )
    };
    let pages: String = (n..n + 8)
        .map(|i| {
            page(i, 0, &format!("題目{i}"), &format!("'''題目{i}'''：{}\n\n== 歷史 ==\n{}", zh(i * 10), zh(i * 10 + 5)))
        })
        .collect();
    let aside = page(n + 90, 0, "旧名", "#重定向 [[题目1]]") + &page(n + 91, 10, "Template:框", "一个框");
    let head = "<mediawiki xml:lang=\"zh\">\n<siteinfo><base>https://zh.wikipedia.org/wiki/Wikipedia:%E9%A6%96%E9%A1%B5</base></siteinfo>\n";
    format!("{head}{pages}{aside}</mediawiki>\n")
}
