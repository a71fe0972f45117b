//! The table of all data sets by best use, Chinese and English side by side: `docs/datasets.md`.

use std::fmt::Write;

use super::card::{Card, Freedom, Words};
use crate::rows::Use;
use crate::text::figures::{count, size};

/// Headings, in the order of a model's training: the use, its name in both languages, and what such data must be.
const USES: [(Use, &str, &str, &str); 4] = [
    (
        Use::Pretrain,
        "Pretraining · 预训练",
        "Running text, as much and as varied as can be had; quality is made by filtering and deduplication.",
        "连贯文本，越多越杂越好；质量靠过滤与去重。",
    ),
    (
        Use::Task,
        "Task tuning · 任务微调",
        "An input and the one output that is right for it: translation, classification, extraction, questions.",
        "一个输入对应一个正确输出：翻译、分类、抽取、问答。",
    ),
    (
        Use::Instruct,
        "Instruction tuning · 指令微调",
        "Requests as people make them, answered as an assistant should, over one or several turns.",
        "人会提出的请求与助手应有的回答，单轮或多轮。",
    ),
    (
        Use::Rlhf,
        "Preferences · 偏好（RLHF、DPO、奖励模型）",
        "Two answers to one prompt, and which of them is better. Rejected answers are never training text.",
        "同一提示的两个回答及其优劣；被拒的回答绝不能当训练文本。",
    ),
];

/// The whole page.
pub fn markdown(cards: &[Card]) -> String {
    let mut out = String::from(INTRO);
    let sets: Vec<&Card> = cards.iter().filter(|c| !c.evaluation).collect();
    let (open, all) = (sets.iter().filter(|c| c.freedom() == Freedom::Open).count(), sets.len());
    let _ = writeln!(
        out,
        "{all} data sets, {open} of them under an open licence, and {} evaluation sets to keep out of them.\n\
         共 {all} 个数据集，其中 {open} 个为开放许可；另有 {} 个评测集，训练数据应避开。\n",
        cards.len() - all,
        cards.len() - all,
    );
    for (usage, title, en, zh) in USES {
        let mut of_use: Vec<&Card> = sets.iter().copied().filter(|c| c.best == usage).collect();
        section(&mut out, title, en, zh, &mut of_use);
        let also: Vec<&Card> = sets.iter().copied().filter(|c| c.best != usage && c.uses().contains(&usage)).collect();
        if !also.is_empty() {
            let names: Vec<String> = also.iter().map(|c| format!("`{}`", c.name)).collect();
            let _ = writeln!(out, "Also of use here · 也可用于此：{}\n", names.join(", "));
        }
    }
    let mut evaluation: Vec<&Card> = cards.iter().filter(|c| c.evaluation).collect();
    section(
        &mut out,
        "Evaluation · 评测集（不可用于训练）",
        "To measure with, and therefore to decontaminate against; never to train on.",
        "用于评测，也用于去污染；绝不能拿来训练。",
        &mut evaluation,
    );
    out
}

const INTRO: &str = "# Data sets by best use · 按最佳用途排列的数据集

<!-- Generated from src/catalog/cards by `CORPUS_UPDATE=1 cargo test generated`: change a card, not this page. -->

`corpus explain NAME` says all that is known of a data set: parts, fields, mirrors and what each of them lost, problems,
overlaps. `corpus fetch NAME` fetches it. Licence kinds: *open*, *packaging* (free as a
packaging only: the texts inside are others'), *custom* (read its terms), *unstated*, *noncommercial*,
*research*; where two sources contradict each other, both are given and the stricter one counts. A question mark is a
fact that nobody has verified at its source.

`corpus explain 名称` 给出全部细节（分部、字段、各镜像丢失的内容、已知问题、与其他数据集的重叠），`corpus fetch 名称`
负责下载。许可类别：open 开放、packaging 仅包装（内容归他人）、custom 自定条款、unstated 未声明、noncommercial 非商用、research 仅限研究；说法不一时两者
都列出，以较严者为准。问号表示尚无人在源头核实。

";

fn section(out: &mut String, title: &str, en: &str, zh: &str, cards: &mut [&Card]) {
    // Chinese first, then mixed, then the rest.
    let rank = |card: &Card| card.languages.iter().position(|l| l == "zh").unwrap_or(9);
    cards.sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| a.name.cmp(&b.name)));
    let _ = writeln!(out, "## {title}\n\n{en}\n{zh}\n");
    if cards.is_empty() {
        let _ = writeln!(out, "None yet · 暂无\n");
        return;
    }
    let _ = writeln!(
        out,
        "| data set 数据集 | best for, and why · 最适合，及理由 | rows 行数 | size 大小 | licence 许可 |"
    );
    let _ = writeln!(out, "| --- | --- | ---: | ---: | --- |");
    for card in cards.iter() {
        let _ = writeln!(
            out,
            "| [`{}`]({})<br>{}<br>{} | {}<br>{} | {} | {} | {} |",
            card.name,
            card.homepage,
            title_line(&card.title),
            card.languages.join(", "),
            cell(&card.why.en),
            cell(&card.why.zh),
            figure(card, "rows", card.rows.map(count)),
            figure(card, "bytes", card.bytes.map(size)),
            license(card),
        );
    }
    out.push('\n');
    problems(out, cards);
}

fn problems(out: &mut String, cards: &[&Card]) {
    if cards.iter().all(|c| c.problems.is_empty()) {
        return;
    }
    let _ = writeln!(out, "<details><summary>What is wrong with them · 已知问题</summary>\n");
    for card in cards.iter().filter(|c| !c.problems.is_empty()) {
        let _ = writeln!(out, "- **{}**: {}", card.name, card.problems.join(" "));
    }
    let _ = writeln!(out, "\n</details>\n");
}

fn title_line(title: &Words) -> String {
    if title.en == title.zh { cell(&title.en) } else { format!("{}<br>{}", cell(&title.en), cell(&title.zh)) }
}

fn figure(card: &Card, fact: &str, value: Option<String>) -> String {
    match value {
        None => "–".into(),
        Some(value) if card.is_unverified(fact) => format!("{value}?"),
        Some(value) => value,
    }
}

fn license(card: &Card) -> String {
    let kind = card.freedom();
    let doubt = if card.is_unverified("license") { "?" } else { "" };
    let names: Vec<String> = card.license.iter().map(|l| cell(&l.name)).collect();
    if kind == Freedom::Unstated && names.len() == 1 {
        return format!("{} · {}{doubt}", kind.as_str(), kind.zh());
    }
    format!("{}{doubt}<br>{} · {}", names.join("; "), kind.as_str(), kind.zh())
}

/// Text that cannot break out of a table's cell.
fn cell(text: &str) -> String {
    text.trim().replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_card_stands_in_the_table_once() {
        let page = markdown(super::super::shipped());
        for card in super::super::shipped() {
            let row = format!("| [`{}`](", card.name);
            assert_eq!(page.matches(&row).count(), 1, "{}", card.name);
        }
        let broken: Vec<&str> =
            page.lines().filter(|l| l.starts_with("| [") && l.matches(" | ").count() != 4).collect();
        assert!(broken.is_empty(), "{broken:?}");
    }
}
