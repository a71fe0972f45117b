//! Languages line by line.

use std::borrow::Cow;
use std::fmt::Write;

use super::detector::Detector;
use crate::text::classes::Counts;
use crate::text::script::{self, UND};

/// Lines of a text that are judged.
const LINES: usize = 1_000;
/// Languages that are shown.
const SHOWN: usize = 5;
/// Signs of program code.
const CODE: &str = "{}[]()<>=;$\\|&_#*/";

/// How much of a text is in which language, by the letters of its lines.
#[derive(Debug, Default)]
pub struct Shares {
    languages: Vec<(Cow<'static, str>, usize)>,
    all: usize,
}

impl Shares {
    fn add(&mut self, language: Cow<'static, str>, weight: usize) {
        self.all += weight;
        match self.languages.iter_mut().find(|(known, _)| *known == language) {
            Some((_, sum)) => *sum += weight,
            None => self.languages.push((language, weight)),
        }
    }

    /// The share of a language; `None` where no line has one.
    pub fn of(&self, language: &str) -> Option<f64> {
        let own = self.languages.iter().find(|(known, _)| known == language).map_or(0, |(_, sum)| *sum);
        (self.all > 0).then(|| own as f64 / self.all as f64)
    }

    /// The languages with their shares, the largest first: `zh=0.85 en=0.15`.
    pub fn shown(&self) -> Option<String> {
        let mut languages: Vec<&(Cow<'static, str>, usize)> = self.languages.iter().collect();
        languages.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let mut shown = String::new();
        for (language, sum) in languages.into_iter().take(SHOWN) {
            let space = if shown.is_empty() { "" } else { " " };
            let _ = write!(shown, "{space}{language}={:.2}", *sum as f64 / self.all as f64);
        }
        (!shown.is_empty()).then_some(shown)
    }
}

/// The languages of the lines of texts that belong together. Lines of program code and lines without a language do not
/// count.
pub fn shares(texts: &[&str], detector: &mut Detector) -> Shares {
    let lines = || texts.iter().flat_map(|text| text.lines());
    let all = if texts.iter().map(|text| text.len()).sum::<usize>() > LINES { lines().count() } else { 0 };
    let mut shares = Shares::default();
    let mut fenced = false;
    for (number, line) in lines().enumerate() {
        let line = line.trim();
        let fence = line.starts_with("```") || line.starts_with("~~~");
        fenced ^= fence;
        // Of too many lines as many as are judged, evenly over all of them.
        let skipped = all > LINES && number * LINES / all == (number + 1) * LINES / all;
        if line.is_empty() || fence || fenced || skipped {
            continue;
        }
        let counts = Counts::of(line);
        if like_code(line, &counts) {
            continue;
        }
        let found = detector.detect(&counts, &[line]);
        if found.language != UND {
            shares.add(found.language, script::weight(&counts));
        }
    }
    shares
}

/// Whether a line is of program code: no Han, and one sign of code in ten characters.
fn like_code(line: &str, counts: &Counts) -> bool {
    let signs = line.chars().filter(|c| CODE.contains(*c)).count();
    counts.han() == 0 && signs > 1 && signs * 10 >= counts.chars()
}

#[cfg(test)]
mod tests {
    use super::super::detector::Decide;
    use super::*;

    #[test]
    fn many_lines_are_judged_evenly() {
        let text = "我们在学习汉语。\n".repeat(3_000) + &"이것은 한국어 문장입니다.\n".repeat(1_000);
        let shares = shares(&[&text], &mut Detector::new(None, Decide::Both));
        assert_eq!(shares.languages, [("zh".into(), 750 * 7 * 5), ("ko".into(), 250 * 11 * 5)]);
        assert_eq!(shares.shown().unwrap(), "zh=0.66 ko=0.34");
    }

    #[test]
    fn a_fence_holds_code() {
        let text = "下面是命令：\n```\nthis is a plain English sentence in a block\n```\n完成。";
        let shares = shares(&[text], &mut Detector::new(None, Decide::Both));
        assert_eq!(shares.of("zh"), Some(1.0));
    }
}
