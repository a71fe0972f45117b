//! The pages of the catalog: `docs/datasets.md` opens with what to take for each task, then a table a use, what must
//! never be together, and a section a set. What is there to reproduce older models, and what is there to measure with,
//! have pages of their own. Each in English and in Chinese, from the same cards.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::card::{Card, Freedom, Words};
use super::picks::{self, ranked};
use crate::rows::Use;
use crate::text::figures::{count, size};

/// A page: its path in the repository, and its text.
pub struct Page {
    /// `docs/datasets.md`.
    pub path: &'static str,
    /// Markdown.
    pub text: String,
}

/// The language of a page.
#[derive(Clone, Copy, PartialEq, Eq)]
struct In {
    zh: bool,
}

impl In {
    fn of(self, words: &Words) -> &str {
        if self.zh { &words.zh } else { &words.en }
    }

    fn or(self, en: &'static str, zh: &'static str) -> &'static str {
        if self.zh { zh } else { en }
    }
}

/// Uses in the order of a model's training, their names in both languages, and what such data must be.
const USES: [(Use, [&str; 2], [&str; 2]); 4] = [
    (
        Use::Pretrain,
        ["Pretraining", "预训练"],
        [
            "Running text, as much and as varied as can be had; quality is made by filtering and deduplication.",
            "连贯文本，越多越杂越好；质量靠过滤与去重。",
        ],
    ),
    (
        Use::Task,
        ["Task tuning", "任务微调"],
        [
            "An input and the one output that is right for it: translation, classification, extraction, questions.",
            "一个输入对应一个正确输出：翻译、分类、抽取、问答。",
        ],
    ),
    (
        Use::Instruct,
        ["Instruction tuning", "指令微调"],
        [
            "Requests as people make them, answered as an assistant should, over one or several turns.",
            "人会提出的请求与助手应有的回答，单轮或多轮。",
        ],
    ),
    (
        Use::Rlhf,
        ["Preferences", "偏好（RLHF、DPO、奖励模型）"],
        [
            "Two answers to one prompt, and which of them is better. Rejected answers are never training text.",
            "同一提示的两个回答及其优劣；被拒的回答绝不能当训练文本。",
        ],
    ),
];

const MADE: &str =
    "<!-- Generated from src/catalog by `CORPUS_UPDATE=1 cargo test generated`: change a card, not this page. -->";

/// All pages.
pub fn pages(cards: &[Card]) -> Vec<Page> {
    let (en, zh) = (In { zh: false }, In { zh: true });
    vec![
        Page { path: "docs/datasets.md", text: training(cards, en) },
        Page { path: "docs/datasets.zh.md", text: training(cards, zh) },
        Page { path: "docs/datasets-older.md", text: older(cards, en) },
        Page { path: "docs/datasets-older.zh.md", text: older(cards, zh) },
        Page { path: "docs/datasets-evaluation.md", text: evaluation(cards, en) },
        Page { path: "docs/datasets-evaluation.zh.md", text: evaluation(cards, zh) },
        Page { path: "docs/datasets-models.md", text: models(cards, en) },
        Page { path: "docs/datasets-models.zh.md", text: models(cards, zh) },
    ]
}

/// The page of what to train on today.
fn training(cards: &[Card], lang: In) -> String {
    let sets: Vec<&Card> = ranked(cards.iter().filter(|c| c.is_training() && c.reproduce.is_none()));
    let open = sets.iter().filter(|c| c.freedom() == Freedom::Open).count();
    let (all, older) = (sets.len(), cards.iter().filter(|c| !c.evaluation && c.reproduce.is_some()).count());
    let measured = cards.iter().filter(|c| c.evaluation).count();
    let models = cards.iter().filter(|c| c.model.is_some()).count();
    let mut out = head(lang.or("Data sets by best use", "按最佳用途排列的数据集"));
    out += lang.or("[中文](datasets.zh.md)\n\n", "[English](datasets.md)\n\n");
    let _ = match lang.zh {
        false => writeln!(
            out,
            "{all} data sets to train on, {open} of them under an open licence. {older} more are there only [to reproduce \
             older models](datasets-older.md), and {measured} are [evaluation sets](datasets-evaluation.md), to keep out \
             of them; {models} [models that judge text](datasets-models.md) have cards too. `corpus list sources --best` prints the picks, `corpus explain NAME` all that is known of a set, \
             `corpus fetch NAME` fetches it.\n"
        ),
        true => writeln!(
            out,
            "可训练的数据集 {all} 个，其中 {open} 个为开放许可。另有 {older} 个仅[供复现旧模型](datasets-older.zh.md)，\
             {measured} 个是[评测集](datasets-evaluation.zh.md)，训练数据应避开；另有 {models} 个[判别文本的模型](datasets-models.zh.md)。`corpus list sources --best` 列出推荐，\
             `corpus explain 名称` 给出全部细节，`corpus fetch 名称` 负责下载。\n"
        ),
    };
    picked(&mut out, cards, lang);
    out += lang.or(LICENCES, LICENCES_ZH);
    for (usage, title, about) in USES {
        let title = title[usize::from(lang.zh)];
        let _ = writeln!(out, "## {title}\n\n{}\n", about[usize::from(lang.zh)]);
        let of_use: Vec<&Card> = sets.iter().copied().filter(|c| c.best == usage).collect();
        table(&mut out, &of_use, lang);
        let also: Vec<&Card> = sets.iter().copied().filter(|c| c.best != usage && c.uses().contains(&usage)).collect();
        if !also.is_empty() {
            let names: Vec<String> = also.iter().map(|c| link(c, lang)).collect();
            let _ =
                writeln!(out, "{}{}\n", lang.or("Also of use here: ", "也可用于此："), names.join(lang.or(", ", "、")));
        }
    }
    never(&mut out, &sets, lang);
    let _ = writeln!(out, "## {}\n", lang.or("Each set", "逐个说明"));
    sets.iter().for_each(|card| section(&mut out, card, lang));
    out
}

/// The page of what is there to reproduce older models.
fn older(cards: &[Card], lang: In) -> String {
    let sets: Vec<&Card> = ranked(cards.iter().filter(|c| !c.evaluation && c.reproduce.is_some()));
    let mut out = head(lang.or("Data sets to reproduce older models", "仅供复现旧模型的数据集"));
    out += lang.or("[中文](datasets-older.zh.md)\n\n", "[English](datasets-older.md)\n\n");
    out += lang.or(
        "For new models take what stands on [the page of today](datasets.md); the recipes that use these are in \
         [systems.md](systems.md). A set stands here when it is of 2023 or before and its answers are of models of its day \
         (but for those of real users' questions and of a domain), or it is a pack, copy or sample of other sets, or newer \
         sets of its kind have replaced it; it is never a pick, and no recipe of ours reads it. Each says below which of the \
         three it is. A set that one newer set replaces stays on the page of today, and names it.\n\n",
        "新模型请用[现行数据集](datasets.zh.md)；用到这些数据的配方见 [systems.md](systems.md)。列在这里的条件：2023 年或更早，\
         且属于三者之一——回答出自当年的模型（真实用户提问与专业领域的集合除外）；是其他数据集的打包、副本或抽样；已被同类新集取代。\
         它们不会被推荐，我们的配方也不读取。下面逐个写明属于哪一种。只被某一个新集取代的，仍在现行页面上，并写明由谁取代。\n\n",
    );
    table(&mut out, &sets, lang);
    never(&mut out, &sets, lang);
    let _ = writeln!(out, "## {}\n", lang.or("Each set", "逐个说明"));
    sets.iter().for_each(|card| section(&mut out, card, lang));
    out
}

/// The page of what is there to measure with.
fn evaluation(cards: &[Card], lang: In) -> String {
    let sets: Vec<&Card> = ranked(cards.iter().filter(|c| c.evaluation));
    let mut out = head(lang.or("Evaluation sets", "评测集（不可用于训练）"));
    out += lang.or("[中文](datasets-evaluation.zh.md)\n\n", "[English](datasets-evaluation.md)\n\n");
    out += lang.or(
        "To measure with, and therefore to decontaminate against (`run = \"decontaminate\"`, \
         [decontamination.md](decontamination.md)); never to train on.\n\n",
        "用于评测，因此也用于去污染（`run = \"decontaminate\"`，见 [decontamination.md](decontamination.md)）；绝不能拿来训练。\n\n",
    );
    table(&mut out, &sets, lang);
    let _ = writeln!(out, "## {}\n", lang.or("Each set", "逐个说明"));
    sets.iter().for_each(|card| section(&mut out, card, lang));
    out
}

/// The page of models that judge text.
fn models(cards: &[Card], lang: In) -> String {
    let all: Vec<&Card> = ranked(cards.iter().filter(|c| c.model.is_some()));
    let mut out = head(lang.or("Models that judge text", "判别文本的模型"));
    out += lang.or("[中文](datasets-models.zh.md)\n\n", "[English](datasets-models.md)\n\n");
    out += lang.or(
        "Trained models that a stage reads (`model = \"lid176\"`, or one part of it, `model = \"lid176/bin\"`; \
         [models.md](models.md)), fetched as data sets are: `corpus fetch lid176`. How text is prepared, and which label \
         is the score, the stage takes from the card where the recipe does not say it. A question mark is a fact that \
         nobody has verified at its source.\n\n",
        "供阶段读取的模型（`model = \"lid176\"`，或其中一部分 `model = \"lid176/bin\"`；见 [models.md](models.md)），下载方式与数据集\
         相同：`corpus fetch lid176`。文本如何预处理、以哪个标签为分数，配方未写时取自卡片。问号表示尚无人在源头核实。\n\n",
    );
    table(&mut out, &all, lang);
    let _ = writeln!(out, "## {}\n", lang.or("Each model", "逐个说明"));
    all.iter().for_each(|card| section(&mut out, card, lang));
    out
}

fn head(title: &str) -> String {
    format!("# {title}\n\n{MADE}\n\n")
}

const LICENCES: &str = "Licence kinds: *open*, *packaging* (free as a packaging only: the texts inside are others'), \
*custom* (read its terms), *unstated*, *noncommercial*, *research*; where two sources contradict each other, both are \
given and the stricter one counts. For a product: *open* may be used, with the attribution that it asks for (texts under a \
share-alike licence stay under it); *packaging*, *custom* and *unstated* need somebody's judgement of the text or the \
terms; *noncommercial* and *research* are out. A tag is what the uploader says: it does not bind those whose texts are \
inside. The recipes `zh-web`, `zh-task-open`, `zh-instruct-open`, `zh-reason`, `zh-rlhf-open` and `zh-rl` read open sets \
alone. A question mark is a fact that nobody has verified at its source. In the tables, \
what is picked above comes first, then what is current, Chinese before other languages, new before old; what was \
superseded stands last.\n\n";

const LICENCES_ZH: &str = "许可类别：开放（open）、仅包装（packaging，内容归他人）、自定条款（custom）、未声明（unstated）、\
非商用（noncommercial）、仅限研究（research）；说法不一时两者都列出，以较严者为准。用于产品：“开放”可用，须按要求署名（相同方式\
共享的文本仍须保持该许可）；“仅包装”“自定条款”“未声明”须有人审阅内容或条款；“非商用”“仅限研究”不可用。标签只是上传者的说法，\
约束不了集合里文本的权利人。配方 `zh-web`、`zh-task-open`、`zh-instruct-open`、`zh-reason`、`zh-rlhf-open`、`zh-rl` 只读开放\
许可的数据。问号表示尚无人在源头核实。表中先列上面推荐的，\
再列现行的（中文在前，新的在前），已被取代的在最后。\n\n";

/// What to take for each task.
fn picked(out: &mut String, cards: &[Card], lang: In) {
    let _ = writeln!(out, "## {}\n", lang.or("What to take", "该用哪些"));
    for task in picks::all() {
        let _ = writeln!(out, "**{}{}** {}\n", lang.of(&task.title), lang.or(".", "。"), lang.of(&task.advice));
        for pick in &task.pick {
            let Some(card) = cards.iter().find(|c| c.name == pick.card) else { continue };
            let size = figure(card, "bytes", card.bytes.map(size));
            let facts = [kind(card, lang), access(card, lang).to_owned(), size];
            let facts: Vec<String> = facts.into_iter().filter(|t| t != "–").collect();
            let why = lang.of(&pick.why).trim_end_matches('。');
            let _ = match lang.zh {
                false => writeln!(out, "- {}: {why} ({})", link(card, lang), facts.join(", ")),
                true => writeln!(out, "- {}：{why}（{}）。", link(card, lang), facts.join("，")),
            };
        }
        out.push('\n');
    }
}

/// One line a set.
fn table(out: &mut String, cards: &[&Card], lang: In) {
    *out += lang.or(
        "| set | best for | year | size | licence | access |\n| --- | --- | ---: | ---: | --- | --- |\n",
        "| 数据集 | 最适合 | 年份 | 大小 | 许可 | 获取 |\n| --- | --- | ---: | ---: | --- | --- |\n",
    );
    for card in cards {
        let mut why = cell(first(lang.of(&card.why), lang));
        if let Some(other) = &card.superseded_by {
            why = format!("{}`{other}`", lang.or("superseded: take ", "已被取代，请用 "));
        }
        let tokens = card.tokens.map(|n| format!("{} {}", scaled(n), lang.or("tokens", "token")));
        let sizes =
            [card.bytes.map(size), tokens, card.rows.map(|n| format!("{} {}", count(n), lang.or("rows", "行")))];
        let _ = writeln!(
            out,
            "| {} ({}) | {why} | {} | {} | {} | {} |",
            link(card, lang),
            card.languages.join(", "),
            figure(card, "year", card.year.map(|y| y.to_string())),
            sizes.into_iter().flatten().next().unwrap_or_else(|| "–".into()),
            kind(card, lang),
            access(card, lang),
        );
    }
    out.push('\n');
}

/// Which sets must never be together: one holds the other, or most of it.
fn never(out: &mut String, cards: &[&Card], lang: In) {
    let mut listed: BTreeSet<(&str, &str)> = BTreeSet::new();
    let mut lines = String::new();
    for card in cards {
        let others = card.overlaps.iter().filter(|o| o.never);
        for other in others {
            let (a, b) = (card.name.as_str(), other.card.as_str());
            if listed.insert((a.min(b), a.max(b))) {
                let _ = writeln!(lines, "| `{a}` | `{b}` | {} |", cell(other.said(lang.zh)));
            }
        }
    }
    if !lines.is_empty() {
        *out += lang.or(
            "## Never together\n\nOne holds the other, or most of it: rows would count twice. The words are of the first set; “it” is the second.\n\n| | | how |\n| --- | --- | --- |\n",
            "## 绝不可同用\n\n一方包含另一方或其大部分，行会重复计数。关系从第一个集合的角度说，“它”指第二个。\n\n| | | 关系 |\n| --- | --- | --- |\n",
        );
        *out += &lines;
        out.push('\n');
    }
}

/// All that a reader must know of a set before taking it.
fn section(out: &mut String, card: &Card, lang: In) {
    let _ = writeln!(
        out,
        "### {}\n\n[{}]({}){}{}\n",
        card.name,
        cell(lang.of(&card.title)),
        card.homepage,
        lang.or(". ", "："),
        lang.of(&card.about)
    );
    let mut bullet = |title: &str, text: String| {
        let _ = writeln!(out, "- {title}{}{text}", lang.or(": ", "："));
    };
    if let Some(model) = &card.model {
        bullet(lang.or("read by", "读取阶段"), model.said());
    }
    let use_of = |usage: Use| if lang.zh { name_zh(usage) } else { usage.as_str() };
    let stop = lang.or(". ", "。");
    bullet(lang.or("best for", "最适合"), format!("{}{stop}{}", use_of(card.best), lang.of(&card.why)));
    for also in &card.also {
        bullet(lang.or("also for", "也可用于"), format!("{}{stop}{}", use_of(also.usage), lang.of(&also.why)));
    }
    if let Some(why) = card.reproduce {
        bullet(lang.or("only to reproduce", "仅供复现"), why.said(lang.zh).to_owned());
    }
    if let Some(other) = &card.superseded_by {
        bullet(lang.or("superseded by", "已被取代"), format!("`{other}`"));
    }
    let figures = [
        figure(card, "rows", card.rows.map(|n| format!("{} {}", count(n), lang.or("rows", "行")))),
        figure(card, "tokens", card.tokens.map(|n| format!("{} {}", scaled(n), lang.or("tokens", "token")))),
        figure(card, "bytes", card.bytes.map(size)),
    ];
    let figures: Vec<String> = figures.into_iter().filter(|f| f != "–").collect();
    if !figures.is_empty() {
        bullet(lang.or("size", "规模"), figures.join(lang.or(", ", "，")));
    }
    origins(&mut bullet, card, lang);
    let problems = if lang.zh && !card.problems_zh.is_empty() { &card.problems_zh } else { &card.problems };
    problems.iter().for_each(|problem| bullet(lang.or("problem", "问题"), problem.clone()));
    out.push('\n');
}

/// Its licences, where it lies, and what it shares with other sets.
fn origins(bullet: &mut impl FnMut(&str, String), card: &Card, lang: In) {
    let doubt = if card.is_unverified("license") { "?" } else { "" };
    for license in &card.license {
        let (name, says) = license.said(lang.zh);
        let line = match lang.zh {
            false => format!("{name}{doubt} ({}); says {says}", license.kind.as_str()),
            true if name == license.kind.zh() => format!("{name}{doubt}；依据：{says}"),
            true => format!("{name}{doubt}（{}）；依据：{says}", license.kind.zh()),
        };
        bullet(lang.or("licence", "许可"), line);
    }
    let semicolon = lang.or("; ", "；");
    for way in &card.way {
        let lost =
            way.lost(lang.zh).map_or(String::new(), |l| format!("{semicolon}{}{l}", lang.or("lost: ", "丢失：")));
        let how = way.how.as_ref().map_or(String::new(), |h| format!("{semicolon}{}", lang.of(h)));
        let gated = if way.gated { lang.or("; ask for access there", "；须在该处申请") } else { "" };
        let doubt = if way.unverified || card.is_unverified("ways") { "?" } else { "" };
        let from = if way.from == "hand" { lang.or("by hand", "手动").to_owned() } else { format!("`{}`", way.from) };
        bullet(lang.or("from", "来源"), format!("{from}{doubt}{gated}{lost}{how}"));
    }
    for overlap in &card.overlaps {
        let never = if overlap.never { lang.or(" (never together)", "（绝不可同用）") } else { "" };
        let colon = lang.or(": ", "：");
        bullet(lang.or("overlaps", "重叠"), format!("`{}`{never}{colon}{}", overlap.card, overlap.said(lang.zh)));
    }
}

/// A use in Chinese.
fn name_zh(usage: Use) -> &'static str {
    USES.iter().find(|u| u.0 == usage).map_or(usage.as_str(), |u| u.1[1])
}

fn link(card: &Card, lang: In) -> String {
    let page = match (card.evaluation, card.reproduce.is_some()) {
        _ if card.model.is_some() => lang.or("datasets-models.md", "datasets-models.zh.md"),
        (true, _) => lang.or("datasets-evaluation.md", "datasets-evaluation.zh.md"),
        (_, true) => lang.or("datasets-older.md", "datasets-older.zh.md"),
        _ => lang.or("datasets.md", "datasets.zh.md"),
    };
    // As GitHub makes anchors of headings: without dots.
    format!("[`{}`]({page}#{})", card.name, card.name.replace('.', ""))
}

/// The first sentence.
fn first(text: &str, lang: In) -> &str {
    let text = text.trim();
    let end = text.char_indices().find(|(at, c)| match c {
        '。' | '；' => lang.zh,
        '.' | ';' => !lang.zh && text[at + 1..].starts_with(' '),
        _ => false,
    });
    let text = end.map_or(text, |(at, _)| &text[..at]);
    text.trim_end_matches(['.', '。'])
}

/// 1.5 T, 300 B.
fn scaled(tokens: u64) -> String {
    match tokens {
        0..1_000_000_000 => format!("{} M", tokens / 1_000_000),
        1_000_000_000..1_000_000_000_000 => format!("{} B", tokens / 1_000_000_000),
        _ => format!("{:.1} T", tokens as f64 / 1e12),
    }
}

fn figure(card: &Card, fact: &str, value: Option<String>) -> String {
    match value {
        None => "–".into(),
        Some(value) if card.is_unverified(fact) => format!("{value}?"),
        Some(value) => value,
    }
}

fn kind(card: &Card, lang: In) -> String {
    let doubt = if card.is_unverified("license") { "?" } else { "" };
    let kind = card.freedom();
    format!("{}{doubt}", if lang.zh { kind.zh() } else { kind.as_str() })
}

fn access(card: &Card, lang: In) -> &'static str {
    if lang.zh { card.access().zh() } else { card.access().as_str() }
}

/// Text that cannot break out of a table's cell.
fn cell(text: &str) -> String {
    text.trim().replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::super::shipped;
    use super::*;

    #[test]
    fn every_card_has_a_line_and_a_section_on_one_page_of_each_language() {
        let pages = pages(shipped());
        for lang in [".zh.md", ".md"] {
            let mine =
                pages.iter().filter(|p| p.path.ends_with(lang) && (lang != ".md" || !p.path.ends_with(".zh.md")));
            let all: String = mine.map(|p| p.text.as_str()).collect();
            for card in shipped() {
                let row = format!("\n| [`{}`](", card.name);
                assert_eq!(all.matches(&row).count(), 1, "{}", card.name);
                assert_eq!(all.matches(&format!("\n### {}\n", card.name)).count(), 1, "{}", card.name);
            }
            let broken = all.lines().filter(|l| l.starts_with("| [") && l.matches(" | ").count() != 5);
            assert_eq!(broken.count(), 0);
        }
    }

    #[test]
    fn a_sentence_ends_where_it_ends() {
        let (en, zh) = (In { zh: false }, In { zh: true });
        assert_eq!(first("Version 1.5 is small. Take it.", en), "Version 1.5 is small");
        assert_eq!(first("It drops “源于。” and more. Take it.", en), "It drops “源于。” and more");
        assert_eq!((first("小而精。再用。", zh), first("只此一句。", zh)), ("小而精", "只此一句"));
        assert_eq!((scaled(1_506_000_000_000), scaled(34_000_000_000)), ("1.5 T".into(), "34 B".into()));
    }
}
