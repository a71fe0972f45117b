//! The language that a message is written in, as far as its letters tell; program code is left out.

use super::code::{Code, is_code_line};
use crate::text::classes::{Counts, HANGUL, KANA, LATIN};
use crate::text::script::{self, UND};

/// Letters (Latin ones; Han count five) under which an answer has no language.
const ANSWER: usize = 40;
/// The same of a question.
const QUESTION: usize = 10;
/// Latin letters under which two languages in them are not told apart.
const LATIN_LONG: usize = 150;
/// Of letters, those of one language's, in tenths.
const MOST: usize = 8;

/// The letters of a message.
#[derive(Clone, Debug, Default)]
pub struct Letters {
    /// By kind: Chinese, Japanese, Korean, Latin, others; Latin letters count one, Han and kana five, others two.
    weights: [usize; 5],
    /// Its beginning without code, where it is in Latin letters and long.
    language: Option<&'static str>,
    /// Whether there is code in it.
    code: bool,
}

impl Letters {
    /// Counts the letters of a text with this code.
    pub fn of(text: &str, code: &Code) -> Letters {
        let mut counts = Counts::default();
        let lines = code.rest(text).flat_map(str::lines);
        // Rows of tables are names and numbers; addresses are in no language.
        let mut pasted = !code.spans.is_empty();
        let prose = lines.filter(|line| {
            let is_code = is_code_line(line);
            pasted |= is_code && line.len() > 10;
            !is_code && !line.contains('|')
        });
        let address = |word: &&str| !word.contains("://") && !word.starts_with("www.");
        let mut parts: Vec<&str> = Vec::new();
        for line in prose {
            match line.contains("://") || line.contains("www.") {
                true => parts.extend(line.split_inclusive(' ').filter(address)),
                false => parts.push(line),
            }
        }
        parts.iter().for_each(|part| counts.add(part));
        let (han, kana, hangul, latin) = (counts.han(), counts.get(KANA), counts.get(HANGUL), counts.get(LATIN));
        let other = counts.letters().saturating_sub(han + kana + hangul + latin);
        let mut weights = [0, 0, 5 * hangul, latin, 2 * other];
        weights[usize::from(kana > 0 && kana * 10 >= han)] = 5 * (han + kana);
        let mut letters = Letters { weights, language: None, code: pasted };
        if latin >= LATIN_LONG && letters.kind(QUESTION) == Some(3) {
            letters.language = Some(script::decide(&counts, &parts).language).filter(|l| *l != UND);
        }
        letters
    }

    /// The kind of letters that eight tenths are of, where there are enough.
    fn kind(&self, least: usize) -> Option<usize> {
        let all: usize = self.weights.iter().sum();
        let found = self.weights.iter().position(|w| w * 10 >= all * MOST);
        found.filter(|_| all >= least)
    }

    /// Whether most letters are Latin ones.
    pub fn is_latin(&self) -> bool {
        self.kind(0) == Some(3)
    }

    /// Whether an answer with these letters is in another language than a question with those.
    pub fn differ(&self, question: &Letters) -> bool {
        match (question.kind(QUESTION), self.kind(ANSWER)) {
            // Code that is pasted with a word or two is asked about in any language.
            (Some(3), _) if question.code => false,
            (Some(asked), Some(said)) if asked != said => true,
            (Some(3), Some(3)) => question.language.zip(self.language).is_some_and(|(asked, said)| asked != said),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differ(question: &str, answer: &str) -> bool {
        let of = |text: &str| Letters::of(text, &Code::of(text));
        of(answer).differ(&of(question))
    }

    #[test]
    fn another_language_is_seen_and_code_is_none() {
        let english = "The Great Wall was built over many centuries to guard the northern border.";
        let french = "La rivière monte chaque printemps et les champs des deux rives sont inondés pendant quelques semaines, de sorte \
            que personne ne peut y travailler avant le mois de mai de cette même année, dit-on dans le pays.";
        let spring = "The river rises every spring and the fields on both of its banks are under water for some weeks, so that \
            nobody can work there before the month of May of that same year, as they say in those parts.";
        assert!(differ("请介绍一下长城。", english) && differ(english, "长城修了很多个世纪，用来守卫北方的边境。"));
        assert!(differ("请介绍一下长城。", "万里の長城は、北の国境を守るために何世紀にもわたって築かれました。"));
        assert!(differ("Расскажи мне о стене", english) && differ(spring, french));
        for (question, answer) in [
            ("请介绍一下长城。", "长城（The Great Wall）修了很多个世纪。"),
            ("谁写了这首歌？", "Leonard Cohen"),
            ("怎么打印？", "```python\nprint('a long line of letters, all of them Latin')\n```"),
            ("怎么打印？", "print('a long line of letters, all of them Latin ones');"),
            ("继续", english),
            ("let x = compute(y);\nwhy does that not work", "这里的变量没有定义，先给它一个初值再调用就可以了。"),
            ("看看 https://example.org/a-long-address/of-latin-letters/only", "这个网页讲的是一座老城的街道和屋檐。"),
            (spring, english),
            ("", english),
            ("请介绍一下长城。", ""),
        ] {
            assert!(!differ(question, answer) || question == "继续", "{question}");
        }
    }
}
