//! What names of fields say, in English and Chinese.

/// What a field is, as far as its name tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sense {
    /// What a model shall say.
    Answer,
    /// What it is asked.
    Question,
    /// What stands beside a question or answer, and is needed.
    Aid,
    /// A class, or a judgement.
    Label,
    /// A class of what is talked about: beside a dialogue that has its answers it says nothing of them.
    Class,
    /// A judgement, where it is true or false.
    Verdict,
    /// Answers to choose from.
    Choices,
    /// What a program is, if it is long enough for one.
    Code,
    /// How good something is.
    Score,
    /// About the row.
    Metadata,
}

const ANSWER: &[&str] = &[
    "answer",
    "answers",
    "ans",
    "solution",
    "solutions",
    "response",
    "responses",
    "output",
    "outputs",
    "target",
    "targets",
    "completion",
    "completions",
    "reply",
    "replies",
    "chosen",
    "rejected",
    "gold",
    "groundtruth",
    "truth",
    "translation",
    "assistant",
    "回答",
    "答案",
    "答",
    "回复",
    "输出",
    "解答",
    "答复",
    "译文",
    "参考答案",
    "标准答案",
];
const QUESTION: &[&str] = &[
    "question",
    "questions",
    "prompt",
    "query",
    "instruction",
    "instructions",
    "input",
    "inputs",
    "problem",
    "user",
    "human",
    "问题",
    "指令",
    "提问",
    "输入",
    "题目",
    "问",
];
const AID: &[&str] = &[
    "context",
    "passage",
    "reasoning",
    "thinking",
    "think",
    "thought",
    "thoughts",
    "cot",
    "rationale",
    "history",
    "tools",
    "functions",
    "上下文",
    "思考",
    "推理",
    "解析",
    "背景",
];
const LABEL: &[&str] = &[
    "label",
    "labels",
    "verdict",
    "judgement",
    "judgment",
    "winner",
    "correct",
    "preferred",
    "preference",
    "safe",
    "unsafe",
    "harmful",
    "harmless",
    "helpful",
    "accepted",
    "标签",
    "标注",
    "判断",
    "是否正确",
];
const CLASS: &[&str] = &["toxic", "sentiment", "polarity", "情感"];
const VERDICT: &[&str] = &[
    "good",
    "bad",
    "like",
    "liked",
    "disliked",
    "thumb",
    "thumbs",
    "up",
    "feedback",
    "desirable",
    "undesirable",
    "approved",
    "acceptable",
    "passed",
    "pass",
    "wrong",
    "点赞",
    "采纳",
];
const CODE: &[&str] = &["code", "sql", "代码"];
const CHOICES: &[&str] = &["choice", "choices", "option", "options", "candidates", "distractors", "选项", "候选"];
const SCORE: &[&str] = &[
    "helpfulness",
    "correctness",
    "coherence",
    "verbosity",
    "harmlessness",
    "score",
    "scores",
    "rating",
    "ratings",
    "reward",
    "rewards",
    "stars",
    "评分",
    "得分",
    "分数",
    "打分",
];
/// Last words of names that are about the row, whatever the others are.
const ABOUT: &[&str] = &[
    "id",
    "ids",
    "idx",
    "index",
    "type",
    "types",
    "len",
    "length",
    "count",
    "counts",
    "num",
    "number",
    "source",
    "sources",
    "lang",
    "language",
    "tokens",
    "model",
    "tags",
    "tag",
    "time",
    "date",
    "timestamp",
    "start",
    "end",
    "url",
    "uri",
    "link",
    "author",
    "key",
    "hash",
    "md5",
    "category",
    "categories",
    "domain",
    "topic",
    "topics",
    "title",
    "name",
    "split",
    "license",
    "version",
    "difficulty",
    "level",
    "subset",
    "dataset",
    "file",
    "path",
    "html",
    "raw",
    "meta",
    "metadata",
    "from",
    "quality",
    "uuid",
    "ratio",
    "keywords",
    "subject",
    "year",
    "email",
    "format",
    "status",
    "size",
    "编号",
    "来源",
    "类别",
    "标题",
    "作者",
    "日期",
    "时间",
    "链接",
    "类型",
    "关键词",
];

/// Last words of names that tell a language: what is in it, the words before say.
const LANGUAGE: &[&str] = &["zh", "en", "cn", "chinese", "english"];

/// The words of a name: `std_answer`, `stdAnswer`, `std-answer`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut lower = false;
    for c in name.chars() {
        let breaks = !c.is_alphanumeric() || c.is_uppercase() && lower;
        if breaks && words.last().is_some_and(|w| !w.is_empty()) {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        lower = c.is_lowercase();
    }
    words.retain(|w| !w.is_empty());
    // Of `answer_1` and `answer1` the number says nothing.
    let bare: Vec<String> = words.iter().map(|w| w.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned()).collect();
    let named: Vec<String> = bare.into_iter().filter(|w| !w.is_empty()).collect();
    if named.is_empty() { words } else { named }
}

/// What a name says: its last word counts most, then its first.
pub(super) fn sense(name: &str) -> Option<Sense> {
    // Options in columns of their own.
    if ["A", "B", "C", "D", "E"].contains(&name) {
        return Some(Sense::Choices);
    }
    let words = words(name);
    // `answerA`, `option_b`.
    if let [stem, letter] = &words[..]
        && ["answer", "option", "choice", "opt"].contains(&stem.as_str())
        && ["a", "b", "c", "d", "e"].contains(&letter.as_str())
    {
        return Some(Sense::Choices);
    }
    let (first, last) = (words.first()?, words.last()?);
    let kinds = [
        (Sense::Answer, ANSWER),
        (Sense::Question, QUESTION),
        (Sense::Aid, AID),
        (Sense::Label, LABEL),
        (Sense::Class, CLASS),
        (Sense::Verdict, VERDICT),
        (Sense::Choices, CHOICES),
        (Sense::Code, CODE),
        (Sense::Score, SCORE),
        (Sense::Metadata, ABOUT),
    ];
    let of = |word: &String| kinds.iter().find(|k| k.1.contains(&word.as_str())).map(|k| k.0);
    // Of Chinese, whose words are not parted, the end.
    let ends =
        |kind: &&(Sense, &[&str])| kind.1.iter().any(|w| !w.is_ascii() && w.chars().count() > 1 && name.ends_with(w));
    // The words of a question that was told in others, which the row has.
    // What is said of the question is no verdict on its answer.
    // What somebody was asked to judge rows by, and said.
    let of_judge =
        ["labelling", "labeling", "judge", "grader"].iter().any(|w| words[..words.len() - 1].iter().any(|o| o == w));
    let of_question = words.len() > 1 && QUESTION.contains(&first.as_str());
    let former = ["original", "orig", "seed", "raw"].contains(&first.as_str()) && words.len() > 1;
    let said = of(last).or_else(|| kinds.iter().find(ends).map(|k| k.0)).or_else(|| {
        // `output_text`, `answer_zh`: the first word; but a score is one only at the end.
        // `target_audience` is no target, `user_rank` not what the user says.
        let first =
            Some(first).filter(|word| !["target", "user", "human", "code", "up", "like"].contains(&word.as_str()));
        let begins = first.and_then(of).filter(|s| !matches!(s, Sense::Score | Sense::Class | Sense::Metadata));
        // `domain_zh` is about the row.
        begins.or_else(|| LANGUAGE.contains(&last.as_str()).then_some(Sense::Metadata))
    });
    said.map(|s| match s {
        Sense::Question if former => Sense::Metadata,
        Sense::Question | Sense::Answer if of_judge => Sense::Metadata,
        Sense::Label | Sense::Verdict if of_question => Sense::Metadata,
        s => s,
    })
}

/// Our field for an aid of this name; none where it has to be written into what it belongs to.
pub(super) fn aid(name: &str) -> &'static str {
    let words = words(name);
    let is = |all: &[&str]| words.iter().any(|w| all.contains(&w.as_str())) || all.contains(&name);
    match () {
        () if is(&["reasoning", "thinking", "think", "thought", "thoughts", "cot", "rationale", "思考", "推理"]) => {
            "reasoning"
        }
        () if is(&["history"]) => "history",
        () if is(&["tools", "functions"]) => "tools",
        () => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_what_a_field_is() {
        let cases: [(&str, Option<Sense>); 29] = [
            ("output_zh", Some(Sense::Answer)),
            ("is_good", Some(Sense::Verdict)),
            ("thumbs_up", Some(Sense::Verdict)),
            ("toxic", Some(Sense::Class)),
            ("answer_from", Some(Sense::Metadata)),
            ("input_quality", Some(Sense::Metadata)),
            ("target_audience", None),
            ("prompt_harm_label", Some(Sense::Metadata)),
            ("response_harm_label", Some(Sense::Label)),
            ("sql", Some(Sense::Code)),
            ("original_question", Some(Sense::Metadata)),
            ("original_response", Some(Sense::Answer)),
            ("std_answer", Some(Sense::Answer)),
            ("referenceAnswer", Some(Sense::Answer)),
            ("answer_1", Some(Sense::Answer)),
            ("output_text", Some(Sense::Answer)),
            ("正确答案", Some(Sense::Answer)),
            ("answer_id", Some(Sense::Metadata)),
            ("score_ratio", Some(Sense::Metadata)),
            ("overall-score", Some(Sense::Score)),
            ("reasoning_content", Some(Sense::Aid)),
            ("gold_label", Some(Sense::Label)),
            ("选项", Some(Sense::Choices)),
            ("domain_zh", Some(Sense::Metadata)),
            ("B", Some(Sense::Choices)),
            ("perplexity", None),
            ("1", None),
            ("", None),
            ("_", None),
        ];
        for (name, wanted) in cases {
            assert_eq!(sense(name), wanted, "{name}");
        }
    }
}
