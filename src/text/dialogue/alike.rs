//! What two messages have in common: an answer that is its question, an answer said twice, two answers of a pair.

use std::collections::HashMap;

/// Length of the n-grams by which answers are compared.
const GRAM: usize = 5;
/// Weight of letters under which a repeated question says nothing (a greeting is answered with a greeting).
const LEAST: usize = 10;

/// The letters and numbers of a text in lower case, and how much they say: a letter beyond U+2E80 is worth two.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folded {
    /// The characters.
    pub text: Vec<char>,
    /// What they say.
    pub weight: usize,
}

impl Folded {
    /// Folds a text.
    pub fn of(text: &str) -> Folded {
        let mut folded = Folded { text: Vec::with_capacity(text.len()), weight: 0 };
        for c in text.chars() {
            if c.is_ascii() {
                if c.is_ascii_alphanumeric() {
                    folded.text.push(c.to_ascii_lowercase());
                    folded.weight += 1;
                }
            } else if c.is_alphanumeric() {
                folded.text.extend(c.to_lowercase());
                folded.weight += if c as u32 >= 0x2E80 { 2 } else { 1 };
            }
        }
        folded
    }
}

/// Letters before a question that is said again: `问题：`, `您问的是：`.
const PREFIX: usize = 8;

/// Whether an answer is the question again: equal; or it begins with nine tenths of it and is at most half as long
/// again; or it is the question, once or several times, behind a few letters; or, where no text is to be mended
/// (`mends`), nine tenths of the question and no more.
pub fn echoes(question: &Folded, answer: &Folded, mends: bool) -> bool {
    let (asked, said) = (question.text.len(), answer.text.len());
    if question.weight < LEAST || said * 10 < asked * 9 {
        return false;
    }
    let mut before = answer.text.as_slice();
    while let Some(rest) = before.strip_suffix(question.text.as_slice()) {
        before = rest;
    }
    if before.len() < said && before.len() <= PREFIX {
        return true;
    }
    if said * 2 > asked * 3 {
        return false;
    }
    let same = question.text.iter().zip(&answer.text).take_while(|(a, b)| a == b).count();
    let within = || question.text.windows(said).any(|part| part == answer.text);
    same * 10 >= asked * 9 || !mends && said <= asked && said > 0 && within()
}

/// How alike two answers are: 1 where letters and numbers are the same (all characters, where there are none), else the
/// Dice coefficient of their n-grams, each as often as it comes; below 1.
pub fn likeness(one: &str, other: &str) -> f64 {
    let (a, b) = (Folded::of(one).text, Folded::of(other).text);
    if a == b {
        // `+` and `-` are no letters, and not the same.
        return if a.is_empty() && one.trim() != other.trim() { 0.0 } else { 1.0 };
    }
    if a.len() < GRAM || b.len() < GRAM {
        return 0.0;
    }
    let mut grams: HashMap<&[char], u32> = HashMap::with_capacity(a.len());
    for gram in a.windows(GRAM) {
        *grams.entry(gram).or_default() += 1;
    }
    let mut common = 0;
    for gram in b.windows(GRAM) {
        if let Some(left) = grams.get_mut(gram).filter(|left| **left > 0) {
            *left -= 1;
            common += 1;
        }
    }
    let all = a.len() + b.len() + 2 - 2 * GRAM;
    // Texts of the same n-grams in another order are not the same.
    (2.0 * f64::from(common) / all as f64).min(1.0 - f64::EPSILON)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn echo(question: &str, answer: &str) -> bool {
        echoes(&Folded::of(question), &Folded::of(answer), false)
    }

    #[test]
    fn a_question_said_again_is_an_echo() {
        for (question, answer) in [
            ("请介绍一下长城。", "请介绍一下长城"),
            ("What is the capital of France?", "what is the capital of France"),
            ("What is the capital of France?", "What is the capital of France? Paris."),
            ("为什么天空是蓝色的？请说明", "为什么天空是蓝色的？请说明。好的。"),
            ("推荐三本小说。", "问题：推荐三本小说。\n推荐三本小说。"),
            ("推荐三本小说。", "您的问题是：推荐三本小说。"),
        ] {
            assert!(echo(question, answer), "{question}");
        }
        for (question, answer) in [
            ("你好！", "你好！"),
            ("Hi there", "Hi there"),
            ("中国的首都是哪里？", "中国的首都是北京。"),
            ("What is the capital of France?", "The capital of France is Paris."),
            (
                "请续写：从前有座山，山里有座庙",
                "从前有座山，山里有座庙，庙里有个老和尚在给小和尚讲故事，讲的是什么故事呢？",
            ),
            ("推荐三本小说。", "您没有说要哪一种。那么我先问您：推荐三本小说。"),
            ("请介绍一下长城。", ""),
            ("", "长城很长，有一万多里。"),
        ] {
            assert!(!echo(question, answer), "{question}");
        }
        let text = "春天来了，小河里的冰慢慢化开，田里的人也多了起来，孩子们在路上跑来跑去，远处的山一天比一天绿";
        let (asked, said) = (Folded::of(&format!("润色：{text}")), Folded::of(text));
        assert!(echoes(&asked, &said, false) && !echoes(&asked, &said, true));
    }

    #[test]
    fn likeness_is_one_for_the_same_and_near_it_for_one_word() {
        assert_eq!(likeness("天气很好。", "天气很好！"), 1.0);
        assert_eq!(likeness("", ""), 1.0);
        assert_eq!((likeness("+", "-"), likeness("4", "5"), likeness("好", "")), (0.0, 0.0, 0.0));
        let text = "The river rises every spring, and the fields on both sides of it are flooded for some weeks.";
        let near = likeness(text, &text.replace("spring", "autumn"));
        assert!(near > 0.8 && near < 1.0, "{near}");
        assert!(likeness(text, "Nobody here has ever heard of such a thing.") < 0.1);
        assert!(likeness("abcabcabcabc", "bcabcabcabca") < 1.0);
    }
}
