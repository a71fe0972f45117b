//! How much speaks for a random order of a text's characters or words, all in all.
//!
//! Each measure of order alone is passed by some gibberish and failed by some good text: names have pairs that nothing else
//! has, reports have few particles, short texts differ by chance. Together they tell more. `data/disorder.txt` weighs them:
//! the logarithm of the odds that a text is one of those that `tests/bench/disorder.py` put into disorder, and none of
//! good text, windows of 60 to 900 characters and whole.

use std::sync::LazyLock;

use super::signal::SIGNALS;

/// Characters of a text from which on, and up to which, its length is weighed.
const LENGTHS: (f64, f64) = (20.0, 600.0);

/// The weights: of nothing, of the length, and of signals; in a text of any length, and by the root of its length.
struct Weights {
    start: f64,
    length: [f64; 2],
    signals: Vec<(usize, [f64; 2])>,
}

static WEIGHTS: LazyLock<Weights> = LazyLock::new(|| {
    let mut weights = Weights { start: 0.0, length: [0.0; 2], signals: Vec::new() };
    for line in include_str!("data/disorder.txt").lines().filter(|line| !line.starts_with('#')) {
        let mut fields = line.split(' ');
        let (Some(name), Some(any), Some(root)) = (fields.next(), fields.next(), fields.next()) else { continue };
        // A test reads the file.
        let [any, root] = [any, root].map(|weight| weight.parse().unwrap_or(0.0));
        match name {
            "start" => weights.start = any,
            "length" => weights.length = [any, root],
            name => weights.signals.extend(SIGNALS.iter().position(|s| s.name == name).map(|at| (at, [any, root]))),
        }
    }
    weights
});

/// The logarithm of the odds, by the signals of a text of that many characters without white space.
pub fn disorder(values: &[f64], characters: u64) -> f64 {
    let weights = &*WEIGHTS;
    let root = ((characters as f64).clamp(LENGTHS.0, LENGTHS.1) / 100.0).sqrt();
    let of = |(signal, [any, by_root]): &(usize, [f64; 2])| values[*signal] * (any + by_root * root);
    let length = weights.length[0] * root.ln() + weights.length[1] * root;
    weights.start + length + weights.signals.iter().map(of).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::quality::Meter;
    use crate::text::quality::signal::{Group, Groups, Signal};

    fn of(text: &str) -> f64 {
        Meter::default().measure(text, None).get(Signal::Disorder).unwrap()
    }

    #[test]
    fn text_and_what_is_none() {
        let text = "清晨的集市上，卖菜的老人把沾着露水的青菜一捆一捆摆好，旁边的孩子蹲在地上写作业。有人问价，他就抬起头来笑一笑，说自家地里种的，便宜。太阳升起来以后，人渐渐多了，街口的面馆也开了门。";
        assert!(of(text) < -2.0, "{}", of(text));
        // Its words in another order, and words that were drawn.
        let mixed = "的上捆一青菜集市清晨，作业孩子露水老人写把一捆旁边好摆沾着的卖菜，地上在的蹲。种价便宜问有人，来抬起自家笑一笑地里他头就的，说。门街口开了人渐渐太阳以后了也多，面馆起来的升。";
        assert!(of(mixed) > 1.5, "{}", of(mixed));
        let drawn = "部队胡须推行城市年轻化枣肉，刺史应用之心经验控制；连累语言农作物扬子疏远影响力。长生不老工业无德司机，东方太康淡水修正颖川黑暗，领域鉴别盗贼激怒考察礼貌。编辑泥泞撕碎稀饭中央电视台雄才伟略，惊慌失措轻工业维持对待灭亡。";
        assert!(of(drawn) > 1.5, "{}", of(drawn));
    }

    #[test]
    fn the_same_whatever_else_is_measured() {
        let (text, mut meter) = ("他把书放在桌上，看了看窗外的雨，想起昨天没有说完的话来。", Meter::default());
        let some = meter.measure_some(text, None, Groups::from_iter([Group::Places])).get(Signal::Disorder);
        assert_eq!(some, meter.measure(text, None).get(Signal::Disorder));
        assert!(some.is_some_and(f64::is_finite));
        // Every name of the list is that of a signal.
        assert_eq!(WEIGHTS.signals.len() + 2, include_str!("data/disorder.txt").lines().skip(3).count());
    }
}
