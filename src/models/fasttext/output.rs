//! From the hidden vector of a fastText model to the probabilities of its labels (`loss.cc` of fastText), rounding and
//! tables included, so that scores are those of the C++ program.

use super::dictionary::Dictionary;
use super::heap::{keep, sort};
use super::matrix::Matrix;

/// How a model was trained, which decides how its output is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// A binary tree of labels (`hs`).
    Tree,
    /// Negative sampling (`ns`): each label by itself.
    Negative,
    /// All labels share 1 (`softmax`).
    Softmax,
    /// One against all (`ova`): each label by itself.
    OneVsAll,
}

/// The Huffman tree of the labels: nodes below `labels` are leaves, the last is the root.
#[derive(Debug)]
pub struct Tree {
    labels: u32,
    /// Both children of each inner node.
    children: Vec<[u32; 2]>,
    /// The parent of each node, and whether it is the right child.
    parents: Vec<(u32, bool)>,
}

impl Tree {
    /// The tree of labels in their order, by how often each stands in the training text.
    pub fn new(dictionary: &Dictionary) -> Tree {
        let labels = dictionary.labels() as usize;
        let mut counts: Vec<i64> = (0..labels as u32).map(|l| dictionary.count(dictionary.words() + l)).collect();
        counts.resize((2 * labels).saturating_sub(1), 1_000_000_000_000_000);
        let mut tree = Tree { labels: labels as u32, children: Vec::new(), parents: vec![(0, false); counts.len()] };
        let (mut leaf, mut node) = (labels, labels);
        for inner in labels..counts.len() {
            let mut least = || {
                if leaf > 0 && counts[leaf - 1] < counts[node] {
                    leaf -= 1;
                    leaf
                } else {
                    node += 1;
                    node - 1
                }
            };
            let pair = [least(), least()];
            counts[inner] = counts[pair[0]] + counts[pair[1]];
            tree.children.push(pair.map(|n| n as u32));
            tree.parents[pair[0]] = (inner as u32, false);
            tree.parents[pair[1]] = (inner as u32, true);
        }
        tree
    }

    fn root(&self) -> u32 {
        (2 * self.labels).saturating_sub(2)
    }
}

/// The output layer: the matrix, and what its products mean.
#[derive(Debug)]
pub struct Output {
    matrix: Matrix,
    loss: Loss,
    labels: u32,
    tree: Option<Tree>,
    sigmoid: Vec<f32>,
}

/// fastText's logarithm of a probability.
fn log(p: f32) -> f32 {
    (f64::from(p) + 1e-5).ln() as f32
}

/// The highest magnitude in fastText's table of the logistic function, and its steps.
const HIGHEST: f32 = 8.0;
const STEPS: usize = 512;

impl Output {
    /// The output layer of a model; the matrix has a row a label.
    pub fn new(matrix: Matrix, loss: Loss, dictionary: &Dictionary) -> Output {
        let at = |i: usize| (i * 16) as f32 / STEPS as f32 - HIGHEST;
        // In C++ `1.0 / (1.0 + std::exp(-x))`: the exponential of a float is a float, the rest is double.
        let sigmoid = (0..=STEPS).map(|i| (1.0 / (1.0 + f64::from((-at(i)).exp()))) as f32).collect();
        let tree = (loss == Loss::Tree).then(|| Tree::new(dictionary));
        Output { matrix, loss, labels: dictionary.labels(), tree, sigmoid }
    }

    /// The matrix.
    pub fn matrix(&self) -> &Matrix {
        &self.matrix
    }

    /// How the model was trained.
    pub fn loss(&self) -> Loss {
        self.loss
    }

    /// Bytes in memory.
    pub fn memory(&self) -> usize {
        self.matrix.memory() + self.tree.as_ref().map_or(0, |t| 8 * (t.children.len() + t.parents.len()))
    }

    fn sigmoid(&self, x: f32) -> f32 {
        if x < -HIGHEST {
            0.0
        } else if x > HIGHEST {
            1.0
        } else {
            self.sigmoid[((x + HIGHEST) * STEPS as f32 / HIGHEST / 2.0) as usize]
        }
    }

    /// The share of an inner node that goes to its right child.
    fn right(&self, node: u32, hidden: &[f32]) -> f32 {
        let dot = self.matrix.dot((node - self.labels) as usize, hidden);
        (1.0 / f64::from(1.0 + (-dot).exp())) as f32
    }

    /// Pushes each label's probability, before fastText's rounding. Not for trees.
    fn all(&self, hidden: &[f32], out: &mut Vec<f32>) {
        out.clear();
        out.extend((0..self.labels as usize).map(|row| self.matrix.dot(row, hidden)));
        if self.loss != Loss::Softmax {
            return out.iter_mut().for_each(|p| *p = self.sigmoid(*p));
        }
        let most = out.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut sum = 0.0;
        for p in out.iter_mut() {
            *p = (*p - most).exp();
            sum += *p;
        }
        out.iter_mut().for_each(|p| *p /= sum);
    }

    /// The `count` most probable labels, the most probable first. `scores` is scratch.
    pub fn best(&self, hidden: &[f32], count: usize, scores: &mut Vec<f32>, best: &mut Vec<(u32, f32)>) {
        best.clear();
        if count == 0 || self.labels == 0 {
            return;
        }
        if let Some(tree) = &self.tree {
            self.descend(tree, hidden, count, best);
        } else {
            self.all(hidden, scores);
            for (label, p) in scores.iter().enumerate().filter(|(_, p)| !p.is_nan()) {
                keep(best, count, label as u32, log(*p));
            }
        }
        sort(best);
        best.iter_mut().for_each(|(_, log)| *log = log.exp());
    }

    /// Walks the tree, left out where even a certain label would not be among the best.
    fn descend(&self, tree: &Tree, hidden: &[f32], count: usize, best: &mut Vec<(u32, f32)>) {
        let mut stack = vec![(tree.root(), 0f32)];
        while let Some((node, score)) = stack.pop() {
            let beaten = best.len() == count && best.first().is_some_and(|(_, least)| score < *least);
            if beaten || score.is_nan() || score < log(0.0) {
                continue;
            }
            if node < self.labels {
                keep(best, count, node, score);
                continue;
            }
            let right = self.right(node, hidden);
            let [l, r] = tree.children[(node - self.labels) as usize];
            stack.push((r, score + log(right)));
            stack.push((l, score + log((1.0 - f64::from(right)) as f32)));
        }
    }

    /// The probability of one label. `scores` is scratch.
    pub fn of(&self, hidden: &[f32], label: u32, scores: &mut Vec<f32>) -> f32 {
        if let Some(tree) = &self.tree {
            let (mut node, mut path) = (label, Vec::new());
            while node != tree.root() {
                let (parent, right) = tree.parents[node as usize];
                let p = self.right(parent, hidden);
                path.push(log(if right { p } else { (1.0 - f64::from(p)) as f32 }));
                node = parent;
            }
            return path.iter().rev().fold(0f32, |sum, p| sum + p).exp();
        }
        if self.loss != Loss::Softmax {
            return log(self.sigmoid(self.matrix.dot(label as usize, hidden))).exp();
        }
        self.all(hidden, scores);
        log(scores[label as usize]).exp()
    }
}
