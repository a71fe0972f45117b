//! How much speaks for a random order of a text's characters or words, all in all.
//!
//! Each measure of order alone is passed by some gibberish and failed by some good text: names have pairs that nothing else
//! has, reports have few particles, verse has an order of its own, short texts differ by chance. Together they tell more:
//! few particles say nothing of a poem and much of what has the pairs of an essay. `data/disorder.txt` has a small network
//! of one hidden layer that weighs them: the logarithm of the odds that a text is one of those that
//! `tests/bench/disorder.py` put into disorder, and none of good text, windows of 60 to 900 characters and whole.

use std::sync::LazyLock;

use super::signal::{SIGNALS, Signal};

/// Characters of a text from which on, and up to which, its length is weighed.
const LENGTHS: (f64, f64) = (20.0, 600.0);
/// Units of the hidden layer.
const HIDDEN: usize = 24;
/// How many standard deviations from the mean a measure counts.
const FARTHEST: f64 = 5.0;

/// How much of both scripts the lines of a text may have, all in all, that is taken for text of one script or of lines in
/// one each.
const MIXED: f64 = 0.03;

/// Weights of the units of the hidden layer.
type Units = [f64; HIDDEN];

/// What a measure is of.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Of {
    Signal(usize),
    /// What `traditional_ratio` is to the network: see [`script`].
    Script,
    /// The root of a hundredth of the characters.
    Length,
    /// Its logarithm.
    LogLength,
}

/// A measure: from what value on it counts no more, its mean and standard deviation, and its weights.
struct Measure {
    of: Of,
    bound: f64,
    mean: f64,
    deviation: f64,
    weights: Units,
}

/// The network.
struct Network {
    measures: Vec<Measure>,
    /// What each unit begins with, and what it weighs.
    hidden: Units,
    out: Units,
    start: f64,
}

static NETWORK: LazyLock<Network> = LazyLock::new(|| Network::of(include_str!("data/disorder.txt")));

impl Network {
    /// Reads the weights. A test reads the file: whatever is missing there counts nothing.
    fn of(file: &str) -> Network {
        let mut network = Network { measures: Vec::new(), hidden: [0.0; HIDDEN], out: [0.0; HIDDEN], start: 0.0 };
        for line in file.lines().filter(|line| !line.starts_with('#')) {
            let mut fields = line.split(' ');
            let name = fields.next().unwrap_or_default();
            let mut next = || fields.next().and_then(|field| field.parse().ok()).unwrap_or(0.0);
            let of = match name {
                "start" => {
                    network.start = next();
                    continue;
                }
                "hidden" => {
                    network.hidden = std::array::from_fn(|_| next());
                    continue;
                }
                "out" => {
                    network.out = std::array::from_fn(|_| next());
                    continue;
                }
                "traditional_ratio" => Some(Of::Script),
                "length" => Some(Of::Length),
                "log_length" => Some(Of::LogLength),
                name => SIGNALS.iter().position(|s| s.name == name).map(Of::Signal),
            };
            let [bound, mean, deviation] = std::array::from_fn(|_| next());
            network.measures.extend(of.map(|of| Measure {
                of,
                bound,
                mean,
                deviation,
                weights: std::array::from_fn(|_| next()),
            }));
        }
        network
    }

    fn odds(&self, values: &[f64], characters: u64) -> f64 {
        let root = ((characters as f64).clamp(LENGTHS.0, LENGTHS.1) / 100.0).sqrt();
        let mut units = self.hidden;
        for measure in &self.measures {
            let value = match measure.of {
                Of::Signal(signal) => values[signal],
                Of::Script => script(values),
                Of::Length => root,
                Of::LogLength => root.ln(),
            };
            let far = ((value.min(measure.bound) - measure.mean) / measure.deviation).clamp(-FARTHEST, FARTHEST);
            units.iter_mut().zip(&measure.weights).for_each(|(unit, weight)| *unit += far * weight);
        }
        self.start + units.iter().zip(&self.out).map(|(unit, weight)| unit.max(0.0) * weight).sum::<f64>()
    }
}

/// The share of traditional characters, where lines mix both scripts, as gibberish and disguised words do; otherwise the
/// script that most are of. The network was fitted on texts of one script, and knows what lies between from gibberish
/// alone: a dialogue whose answers are in the other script, and good text, is none.
fn script(values: &[f64]) -> f64 {
    let share = values[Signal::TraditionalRatio as usize];
    if values[Signal::MixedLines as usize] > MIXED { share } else { f64::from(u8::from(share >= 0.5)) }
}

/// The logarithm of the odds, by the signals of a text of that many characters without white space.
pub fn disorder(values: &[f64], characters: u64) -> f64 {
    NETWORK.odds(values, characters)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::quality::Meter;
    use crate::text::quality::signal::{Group, Groups};

    fn of(text: &str) -> f64 {
        Meter::default().measure(text, None).get(Signal::Disorder).unwrap()
    }

    #[test]
    fn text_and_what_is_none() {
        let text = "清晨的集市上，卖菜的老人把沾着露水的青菜一捆一捆摆好，旁边的孩子蹲在地上写作业。有人问价，他就抬起头来笑一笑，说自家地里种的，便宜。太阳升起来以后，人渐渐多了，街口的面馆也开了门。";
        assert!(of(text) < -2.0, "{}", of(text));
        let verse = "春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少。\n白日依山尽，黄河入海流。欲穷千里目，更上一层楼。\n红豆生南国，春来发几枝。愿君多采撷，此物最相思。";
        assert!(of(verse) < 0.0, "{}", of(verse));
        // Its words in another order, and words that were drawn.
        let mixed = "的上捆一青菜集市清晨，作业孩子露水老人写把一捆旁边好摆沾着的卖菜，地上在的蹲。种价便宜问有人，来抬起自家笑一笑地里他头就的，说。门街口开了人渐渐太阳以后了也多，面馆起来的升。";
        assert!(of(mixed) > 1.5, "{}", of(mixed));
        let drawn = "部队胡须推行城市年轻化枣肉，刺史应用之心经验控制；连累语言农作物扬子疏远影响力。长生不老工业无德司机，东方太康淡水修正颖川黑暗，领域鉴别盗贼激怒考察礼貌。编辑泥泞撕碎稀饭中央电视台雄才伟略，惊慌失措轻工业维持对待灭亡。";
        assert!(of(drawn) > 1.5, "{}", of(drawn));
    }

    #[test]
    fn scripts_of_a_text_and_within_its_lines() {
        let plain = "清晨的集市上，卖菜的老人把沾着露水的青菜一捆一捆摆好，旁边的孩子蹲在地上写作业。";
        let other =
            "有人問價，他就抬起頭來笑一笑，說自家地裡種的，便宜。太陽升起來以後，人漸漸多了，街口的麵館也開了門。";
        // A line each: text. Both in one line are as they were.
        let lines = of(&format!("{plain}\n{other}"));
        assert!(lines < -2.0, "{lines}");
        assert!(of(&format!("{plain}{other}")) > lines + 1.0);
    }

    #[test]
    fn the_same_whatever_else_is_measured() {
        let (text, mut meter) = ("他把书放在桌上，看了看窗外的雨，想起昨天没有说完的话来。", Meter::default());
        let some = meter.measure_some(text, None, Groups::from_iter([Group::Places])).get(Signal::Disorder);
        assert_eq!(some, meter.measure(text, None).get(Signal::Disorder));
        assert!(some.is_some_and(f64::is_finite));
    }

    #[test]
    fn the_network_is_read() {
        let lines = include_str!("data/disorder.txt").lines().filter(|line| !line.starts_with('#'));
        // Every name of the list is that of a signal, and every line is whole.
        assert_eq!(NETWORK.measures.len() + 3, lines.clone().count());
        for line in lines {
            let wanted = match line.split(' ').next() {
                Some("start") => 1,
                Some("hidden" | "out") => HIDDEN,
                _ => HIDDEN + 3,
            };
            assert_eq!(line.split(' ').skip(1).filter(|field| field.parse::<f64>().is_ok()).count(), wanted, "{line}");
        }
        assert!(NETWORK.measures.iter().all(|m| m.deviation > 0.0 && m.bound > m.mean));
    }

    #[test]
    fn units_below_nothing_count_nothing() {
        let mut file = "start -1\nout 1 2".to_owned() + &" 0".repeat(22) + "\nhidden 0.5 0" + &" 0".repeat(22);
        file += &format!("\nsense 1 0.5 0.25 -1 1{}\nlength 9 1 2 0 0{}", " 0".repeat(22), " 0".repeat(22));
        let mut values = vec![0.0; SIGNALS.len()];
        // Two deviations above the mean, where the bound cuts: units of -1.5 and 2.
        values[Signal::Sense as usize] = 3.0;
        assert_eq!(Network::of(&file).odds(&values, 400), -1.0 + 2.0 * 2.0);
        values[Signal::Sense as usize] = -9.0;
        // No farther than five deviations.
        assert_eq!(Network::of(&file).odds(&values, 400), -1.0 + 5.5);
    }
}
