//! What opens like a refusal and is none: an answer that asks for the piece that it lacks, and one that goes on and answers.

use super::alike::Folded;

/// What letters (Han count two) an answer says at least, beside sentences that refuse, so that it is an answer.
const ANSWERED: usize = 200;
/// The same where the answer speaks of harm: refusals explain themselves at length.
const OF_HARM: usize = 500;
/// Sentences at the end among which a question for what is missing stands: one of politeness may follow it.
const LAST: usize = 2;

/// How somebody is asked for something.
const ASKS: [&str; 42] = [
    "请提供",
    "请您提供",
    "请你提供",
    "请告诉",
    "请告知",
    "请给",
    "请发",
    "请补充",
    "请说明",
    "请描述",
    "请输入",
    "请粘贴",
    "请上传",
    "请确认",
    "请明确",
    "请具体",
    "请再",
    "请重新",
    "请把",
    "请将",
    "请先",
    "麻烦",
    "能提供给我",
    "能为我提供",
    "您能提供",
    "你能提供",
    "能告诉我",
    "please provide",
    "please share",
    "please send",
    "please paste",
    "please tell",
    "please specify",
    "please clarify",
    "please upload",
    "please give",
    "please describe",
    "please let me know",
    "could you",
    "if you can",
    "if you share",
    "if you tell",
];
/// Whom a question asks.
const WHOM: [&str; 14] =
    ["您", "你", "请问", "能否", "哪", "多少", "you", "which", "what", "how ", "who ", "when ", "where ", "whose "];
/// What is asked for where it is no piece that was missing: another question, or one that is allowed.
const ELSE: [&str; 53] = [
    "其他",
    "其它",
    "别的",
    "另外",
    "另一",
    "另请",
    "换一",
    "换个",
    "还需要",
    "还有什么",
    "什么可以",
    "什么帮",
    "什么我",
    "有什么",
    "任何问题",
    "任何疑问",
    "有疑问",
    "有问题",
    "什么问题",
    "问题需要",
    "具体的问题",
    "需要帮助",
    "合法",
    "合规",
    "适当",
    "合适的",
    "合理",
    "正当",
    "恰当",
    "健康的",
    "积极",
    "正确的",
    "后再试",
    "放心",
    "谅解",
    "理解",
    "else",
    "other ",
    "another",
    "instead",
    "different",
    "anything",
    "legal",
    "appropriate",
    "any questions",
    "i help you",
    "i assist",
    "help you today",
    "need help",
    "alternative",
    "can help with",
    "within my",
    "if you need",
];
/// Words of harm and of rules: who refuses for these does not wait for a missing piece.
const HARM: [&str; 36] = [
    "非法",
    "违法",
    "不道德",
    "有害",
    "违反",
    "违背",
    "犯罪",
    "歧视",
    "色情",
    "淫秽",
    "暴力",
    "自杀",
    "自残",
    "伤害",
    "危险",
    "不适当",
    "不合适",
    "不适合",
    "不当",
    "政策",
    "隐私",
    "侵犯",
    "敏感",
    "毒品",
    "武器",
    "illegal",
    "unethical",
    "harmful",
    "inappropriate",
    "violat",
    "dangerous",
    "guideline",
    "policy",
    "policies",
    "offensive",
    "hateful",
];
/// Words with which a refusal refuses, explains itself, and sends people elsewhere.
const REFUSES: [&str; 67] = [
    "抱歉",
    "对不起",
    "遗憾",
    "不好意思",
    "无法",
    "不能",
    "没有能力",
    "没有办法",
    "没法",
    "不会提供",
    "帮不了",
    "不便",
    "不知道",
    "不明白",
    "法律",
    "道德",
    "伦理",
    "尊重",
    "遵守",
    "责任",
    "咨询",
    "专业人士",
    "专业的",
    "寻求",
    "求助",
    "医生",
    "律师",
    "当局",
    "热线",
    "语言模型",
    "人工智能",
    "我的知识",
    "训练",
    "如果您有",
    "如果你有",
    "请随时",
    "乐意",
    "理解您",
    "理解你",
    "我可以帮",
    "sorry",
    "apolog",
    "cannot",
    "can't",
    "can’t",
    "can not",
    "unable",
    "not able",
    "won't",
    "won’t",
    "decline",
    "refuse",
    "ethic",
    "the law",
    "respect",
    "consult",
    "professional",
    "seek ",
    "hotline",
    "language model",
    "as an ai",
    "feel free",
    "report",
    "网站",
    "查询",
    "website",
    "online",
];

/// Whether an answer that begins as a refusal does is none.
pub fn is_none(said: &str) -> bool {
    let said = said.to_lowercase();
    let sentences: Vec<&str> = sentences(&said).collect();
    asks(&sentences) || answers(&sentences)
}

/// Whether it ends in asking for what is missing.
fn asks(sentences: &[&str]) -> bool {
    let harm = sentences.iter().any(|sentence| has(sentence, &HARM));
    let last = &sentences[sentences.len().saturating_sub(LAST)..];
    let question = |sentence: &str| sentence.ends_with(['？', '?']) && has(sentence, &WHOM);
    !harm && last.iter().any(|sentence| (has(sentence, &ASKS) || question(sentence)) && !has(sentence, &ELSE))
}

/// Whether it says enough beside refusing, and more than it refuses.
fn answers(sentences: &[&str]) -> bool {
    let least = if sentences.iter().any(|sentence| has(sentence, &HARM)) { OF_HARM } else { ANSWERED };
    let (mut said, mut refused) = (0, 0);
    for sentence in sentences {
        let weight = Folded::of(sentence).weight;
        let sum = if has(sentence, &REFUSES) || has(sentence, &HARM) { &mut refused } else { &mut said };
        *sum += weight;
    }
    said >= least && said > refused
}

fn has(sentence: &str, words: &[&str]) -> bool {
    words.iter().any(|word| sentence.contains(word))
}

/// The sentences of a text with their signs; lines end sentences.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            rest = rest.trim_start();
            if rest.is_empty() {
                return None;
            }
            let end = rest.char_indices().find_map(|(at, c)| {
                let behind = &rest[at + c.len_utf8()..];
                let full_stop = c == '.' && behind.chars().next().is_none_or(char::is_whitespace);
                (full_stop || matches!(c, '。' | '！' | '？' | '!' | '?' | '\n')).then_some(at + c.len_utf8())
            });
            let (sentence, behind) = rest.split_at(end.unwrap_or(rest.len()));
            rest = behind;
            if sentence.chars().any(char::is_alphanumeric) {
                return Some(sentence);
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::text::dialogue::Meter;
    use crate::text::dialogue::signal::Signal;
    use crate::text::dialogue::turn::{Dialogue, Part, Role, Turn};

    /// Answers, a line each: `refuses` or `answers`, a tab, the answer with `\n` for breaks. Written for this test.
    const ANSWERS: &str = include_str!("refusals.tsv");

    #[test]
    fn refusals_and_what_only_opens_like_one() {
        let (mut wrong, mut tally) = (Vec::new(), [0, 0]);
        for line in ANSWERS.lines() {
            let (kind, answer) = line.split_once('\t').unwrap();
            let answer = answer.replace("\\n", "\n");
            let turn = |role, content| Turn { part: Part::Dialogue, ..Turn::new(role, content) };
            let turns = vec![turn(Role::User, "请帮我做这件事。"), turn(Role::Assistant, answer.as_str())];
            let found = Meter::default().measure(&Dialogue { turns, ..Dialogue::default() }).get(Signal::Refusal) > 0.0;
            tally[usize::from(kind == "refuses")] += 1;
            if found != (kind == "refuses") {
                wrong.push(line);
            }
        }
        assert!(tally.iter().all(|count| *count >= 60), "{tally:?}");
        assert!(wrong.is_empty(), "{} of {tally:?}:\n{}", wrong.len(), wrong.join("\n"));
    }
}
