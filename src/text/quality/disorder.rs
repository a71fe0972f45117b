//! How much speaks for a random order of a text's characters or words, all in all.
//!
//! Each measure of order alone is passed by some gibberish and failed by some good text: names have pairs that nothing else
//! has, reports have few particles, verse has an order of its own, short texts differ by chance. Together they tell more:
//! few particles say nothing of a poem and much of what has the pairs of an essay. `data/disorder.txt` has small trees of
//! decisions that weigh them (boosted, Friedman 2001): the sum of their leaves is the logarithm of the odds that a text is
//! one of those that `tests/bench/disorder.py` put into disorder, and none of good text, windows of 60 to 900 characters
//! and whole.

use std::sync::LazyLock;

use super::signal::{SIGNALS, Signal};

/// Characters of a text from which on, and up to which, its length is weighed.
const LENGTHS: (f64, f64) = (20.0, 600.0);

/// How much of both scripts the lines of a text may have, all in all, that is taken for text of one script or of lines in
/// one each.
const MIXED: f64 = 0.03;

/// What a measure is of.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Of {
    Signal(usize),
    /// What `traditional_ratio` is to the trees: see [`script`].
    Script,
    /// The root of a hundredth of the characters.
    Length,
}

/// A place in a tree: a question, or where `other` is 0 a leaf.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Node {
    /// The measure asked for.
    measure: u16,
    /// Where to go on where the measure is larger; otherwise with the next node.
    other: u16,
    /// The largest value of the nearer side; of a leaf, what it adds.
    value: f64,
}

/// The trees, one behind the other.
struct Forest {
    measures: Vec<Of>,
    nodes: Vec<Node>,
    roots: Vec<usize>,
    /// What the odds begin with.
    start: f64,
}

static FOREST: LazyLock<Forest> = LazyLock::new(|| Forest::of(include_str!("data/disorder.txt")));

impl Forest {
    /// Reads the trees. A test reads the file: a line that is wrong counts nothing.
    fn of(file: &str) -> Forest {
        let mut forest = Forest { measures: Vec::new(), nodes: Vec::new(), roots: Vec::new(), start: 0.0 };
        for line in file.lines().filter(|line| !line.starts_with('#')) {
            let mut fields = line.split(' ');
            match fields.next() {
                Some("start") => forest.start = fields.next().and_then(|field| field.parse().ok()).unwrap_or(0.0),
                Some("measures") => forest.measures = fields.filter_map(measure).collect(),
                Some("tree") => forest.tree(fields),
                _ => {}
            }
        }
        forest
    }

    /// Adds a tree: `measure:value` is a question, before both sides of it, a number alone a leaf.
    fn tree<'f>(&mut self, fields: impl Iterator<Item = &'f str>) {
        self.roots.push(self.nodes.len());
        let mut open = Vec::new();
        for field in fields {
            let (measure, value) = field.split_once(':').unwrap_or(("0", field));
            let node = Node { measure: measure.parse().unwrap_or(0), other: 0, value: value.parse().unwrap_or(0.0) };
            self.nodes.push(node);
            if value.len() < field.len() {
                open.push(self.nodes.len() - 1);
            } else if let Some(question) = open.pop() {
                self.nodes[question].other = self.nodes.len() as u16;
            }
        }
    }

    fn odds(&self, values: &[f64], characters: u64) -> f64 {
        let of = |measure: &Of| match measure {
            Of::Signal(signal) => values[*signal],
            Of::Script => script(values),
            Of::Length => ((characters as f64).clamp(LENGTHS.0, LENGTHS.1) / 100.0).sqrt(),
        };
        let found: Vec<f64> = self.measures.iter().map(of).collect();
        let leaf = |root: &usize| {
            let mut at = *root;
            loop {
                let node = self.nodes[at];
                if node.other == 0 {
                    return node.value;
                }
                at = if found[usize::from(node.measure)] <= node.value { at + 1 } else { usize::from(node.other) };
            }
        };
        self.start + self.roots.iter().map(leaf).sum::<f64>()
    }
}

/// The measure of a name.
fn measure(name: &str) -> Option<Of> {
    match name {
        "traditional_ratio" => Some(Of::Script),
        "length" => Some(Of::Length),
        name => SIGNALS.iter().position(|s| s.name == name).map(Of::Signal),
    }
}

/// The share of traditional characters, where lines mix both scripts, as gibberish and disguised words do; otherwise the
/// script that most are of. The trees were fitted on texts of one script, and knows what lies between from gibberish
/// alone: a dialogue whose answers are in the other script, and good text, is none.
fn script(values: &[f64]) -> f64 {
    let share = values[Signal::TraditionalRatio as usize];
    if values[Signal::MixedLines as usize] > MIXED { share } else { f64::from(u8::from(share >= 0.5)) }
}

/// The logarithm of the odds, by the signals of a text of that many characters without white space.
pub fn disorder(values: &[f64], characters: u64) -> f64 {
    FOREST.odds(values, characters)
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
    fn the_trees_are_read() {
        let file = include_str!("data/disorder.txt");
        let names = file.lines().find_map(|line| line.strip_prefix("measures ")).unwrap().split(' ').count();
        // Every name of the list is that of a measure, every question asks for one of them and has two sides.
        assert_eq!(FOREST.measures.len(), names);
        assert_eq!(FOREST.roots.len(), file.lines().filter(|line| line.starts_with("tree ")).count());
        let fields = || file.lines().filter_map(|line| line.strip_prefix("tree ")).flat_map(|line| line.split(' '));
        assert!(fields().all(|field| field.rsplit(':').next().unwrap().parse::<f64>().is_ok()));
        assert_eq!(
            FOREST.nodes.iter().filter(|node| node.other > 0).count(),
            fields().filter(|f| f.contains(':')).count()
        );
        assert!(FOREST.nodes.len() < usize::from(u16::MAX));
        assert!(FOREST.nodes.iter().all(|node| usize::from(node.measure) < names));
        let ends: Vec<usize> = FOREST.roots[1..].iter().copied().chain([FOREST.nodes.len()]).collect();
        for (root, end) in FOREST.roots.iter().zip(ends) {
            assert!(FOREST.nodes[*root..end].iter().all(|node| usize::from(node.other) < end));
        }
    }

    #[test]
    fn a_tree_is_asked_from_its_root() {
        let forest = Forest::of("# c\nstart -1\nmeasures sense length\ntree 0:0.5 1:2 1 2 3\ntree 0.25");
        let of = |sense: f64, characters| {
            let mut values = vec![0.0; SIGNALS.len()];
            values[Signal::Sense as usize] = sense;
            forest.odds(&values, characters)
        };
        // The root of four is the last of the nearer side.
        assert_eq!([of(0.5, 400), of(0.1, 500), of(0.6, 400)], [0.25, 1.25, 2.25]);
    }
}
