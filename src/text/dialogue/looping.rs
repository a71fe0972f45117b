//! Answers that turn in a circle: the same sentences, lines or letters over and over.

use super::alike::Folded;
use super::hash;

/// What letters (Han count two) a sentence has at least that counts when it is said again: `是的。` is no loop.
const SENTENCE: usize = 12;
/// What a group of sentences has at least.
const GROUP: usize = 24;
/// Sentences of the longest group.
const LONGEST: usize = 12;
/// Letters of the longest period that needs no sentences, and of the shortest stretch of it.
const PERIOD: usize = 12;
const STRETCH: usize = 48;

/// A sentence or line: its letters, by hash, and their weight.
#[derive(Clone, Copy)]
struct Unit {
    hash: u64,
    weight: usize,
}

/// Whether a text, without its code, says the same over and over: a group of sentences three times in a row (one alone four
/// times) or twice and nothing else; sentences that stood before for more than half of it; or letters in a short period.
pub fn turns(parts: &[&str]) -> bool {
    let units: Vec<Unit> = parts.iter().flat_map(|part| part.split(is_end)).filter_map(unit).collect();
    in_a_row(&units) || mostly(&units) || parts.iter().any(|part| periodic(part))
}

fn is_end(c: char) -> bool {
    matches!(c, '。' | '！' | '？' | '；' | '!' | '?' | '.' | ';' | '\n')
}

/// A sentence with letters in it. Numbers alone are a table.
fn unit(text: &str) -> Option<Unit> {
    let folded = Folded::of(text);
    let said = folded.text.iter().any(|c| c.is_alphabetic());
    said.then(|| Unit { hash: hash(&folded.text), weight: folded.weight })
}

/// Whether a group of sentences stands several times in a row.
fn in_a_row(units: &[Unit]) -> bool {
    (1..=LONGEST.min(units.len() / 2)).any(|size| {
        let times = if size == 1 { 4 } else { 3 };
        // How many in a row are the one that stands `size` before them.
        let mut same = 0;
        for at in size..units.len() {
            same = if units[at].hash == units[at - size].hash { same + 1 } else { 0 };
            if same == 0 {
                continue;
            }
            let group: usize = units[at + 1 - size..=at].iter().map(|unit| unit.weight).sum();
            let least = if size == 1 { SENTENCE } else { GROUP };
            let whole = same + size == units.len() && units.len().is_multiple_of(size) && group >= 2 * GROUP;
            if group >= least && (same >= size * (times - 1) || whole) {
                return true;
            }
        }
        false
    })
}

/// Whether more than half of a text are sentences that stood before, one of them three times.
fn mostly(units: &[Unit]) -> bool {
    let mut hashes: Vec<(u64, usize)> =
        units.iter().filter(|u| u.weight >= SENTENCE).map(|u| (u.hash, u.weight)).collect();
    hashes.sort_unstable();
    let all: usize = units.iter().map(|unit| unit.weight).sum();
    let (mut again, mut most) = (0, 0);
    for group in hashes.chunk_by(|a, b| a.0 == b.0) {
        again += group[0].1 * (group.len() - 1);
        most = most.max(group.len());
    }
    most >= 3 && again * 2 > all
}

/// Whether letters come back every few places, for long: `哈哈哈哈`, `很好很好很好`.
fn periodic(text: &str) -> bool {
    let letters: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    if letters.len() < STRETCH {
        return false;
    }
    (1..=PERIOD).any(|period| {
        let mut same = 0;
        letters.iter().zip(&letters[period..]).enumerate().any(|(at, (before, this))| {
            same = if before == this { same + 1 } else { 0 };
            same + period >= STRETCH && letters[at..at + period].iter().any(|c| c.is_alphabetic())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circles() {
        for text in [
            "长城始建于春秋战国时期。长城始建于春秋战国时期。长城始建于春秋战国时期。长城始建于春秋战国时期。",
            "The weather is nice today.\nThe weather is nice today.\nThe weather is nice today.\nThe weather is nice today.",
            "先装好解释器，学会变量和循环，再动手做一个小项目。遇到问题多查文档，不要怕错。\n\
             先装好解释器，学会变量和循环，再动手做一个小项目。遇到问题多查文档，不要怕错。",
            "这是开头的一句话，讲的是别的事。接着讲第二件事情。苹果很好吃，梨也好吃！我也爱吃。苹果很好吃，梨也好吃！我也爱吃。\
             苹果很好吃，梨也好吃！我也爱吃。",
            &"很好很好".repeat(14),
            &"and then ".repeat(8),
        ] {
            assert!(turns(&[text]), "{text}");
        }
    }

    #[test]
    fn what_comes_back_in_good_answers() {
        for text in [
            "是的。是的。是的。是的。",
            "第一，要多读书。第二，要多走路。第三，要多读书。",
            "我爱你，塞北的雪。\n你从天上来。\n我爱你，塞北的雪。\n你飘飘洒洒漫天遍野。\n你用白玉般的身躯，装扮银光闪闪的世界。",
            "| 甲 | 0 | 0 |\n| 乙 | 0 | 0 |\n| 丙 | 0 | 0 |\n| 丁 | 0 | 0 |",
            "1.000000000000000000000000000000000000000000000000000001",
            "------------------------------------------------------------",
            "问：多少钱？答：三元。问：多少钱？答：五元。问：多少钱？答：七元。",
            "",
        ] {
            assert!(!turns(&[text]), "{text}");
        }
    }
}
