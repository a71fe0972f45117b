//! A quality classifier trained on two sets of texts, good and bad: logistic regression over hashed n-grams.
//!
//! Features are those of fastText with two-dimensional vectors, so that the result is a fastText model: words, characters
//! n-grams within words (all of a Chinese clause is one word unless it was cut before) and pairs of words, each with the
//! share that it has of all features of the text. The first number of a feature's vector is its weight, the second is 1,
//! which makes room for a constant. Weights start as naive Bayes has them, log ratios of the shares in both sets, as Wang
//! and Manning (2012, "Baselines and Bigrams") found best for texts of any length, and are then improved by AdaGrad
//! (Duchi and others, 2011) in one thread and a fixed order: the same texts give the same model, bit for bit.

use std::borrow::Cow;

use super::fasttext::Model;
use super::fasttext::dictionary::{Dictionary, END, Grams, hash, is_space};
use super::fasttext::matrix::Matrix;
use super::fasttext::output::Loss;

pub mod report;

pub use report::Report;

/// How a classifier is trained.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The features.
    pub grams: Grams,
    /// How often the training texts are gone through: fewer times where there is much text, no more often than this.
    pub epochs: u32,
    /// The first step of a weight.
    pub rate: f32,
    /// The share of the texts that is held out to measure the result.
    pub held_out: f64,
    /// Texts that must have a feature, for it to have a weight.
    pub least_texts: u32,
}

impl Default for Options {
    fn default() -> Options {
        let grams = Grams { words: 2, least: 1, most: 3, buckets: 1 << 20 };
        Options { grams, epochs: 15, rate: 1.0, held_out: 0.1, least_texts: 2 }
    }
}

/// The words that have a row of their own: at most so many, that stand at least so often, of at most so many bytes.
const WORDS: usize = 50_000;
const WORD_COUNT: i64 = 5;
const WORD_BYTES: usize = 24;

/// Characters that are gone through while training, all times together: 12 CPU seconds or so. Texts are gone through four
/// times at least, and long ones are cut to what that leaves.
const CHARACTERS: usize = 120_000_000;
const LEAST_EPOCHS: usize = 4;

/// A trained model and what is known of it.
pub struct Trained {
    /// The model; its labels are `good` and `bad`.
    pub model: Model,
    /// How well it does on texts that it was not trained on.
    pub report: Report,
}

/// A text of a set.
#[derive(Clone, Copy)]
struct Example<'a> {
    text: &'a str,
    good: bool,
}

/// Trains a classifier. A text is cut at white space, so Chinese that shall be judged by words is handed over as words.
///
/// # Errors
/// If a side has too few texts to train on and to hold out; the message names the side.
pub fn train(good: &[String], bad: &[String], options: &Options) -> Result<Trained, String> {
    let (mut learn, mut held) = (Vec::new(), Vec::new());
    let labelled = good.iter().map(|text| (text, true)).chain(bad.iter().map(|text| (text, false)));
    for (text, good) in labelled {
        let set = if is_held_out(text, options.held_out) { &mut held } else { &mut learn };
        set.push(Example { text: text.as_str(), good });
    }
    for (side, name) in [(true, "good"), (false, "bad")] {
        let count = |examples: &[Example]| examples.iter().filter(|e| e.good == side).count();
        let (learns, holds) = (count(&learn), count(&held));
        if learns < 10 || holds == 0 {
            return Err(format!("too few {name} texts: {learns} to train on and {holds} held out; 200 is a start"));
        }
    }
    let cut: Vec<Cow<'_, str>> = shortened(&learn);
    let learn: Vec<Example> = learn.iter().zip(&cut).map(|(e, text)| Example { text, good: e.good }).collect();
    let mut work = Work::new(&learn, options);
    work.start(&learn);
    work.fit(&learn, options);
    let model = work.model();
    let report = report::measure(&model, &work, &learn, &held);
    Ok(Trained { model, report })
}

/// The texts, long ones cut to their beginning and end, so that all have as many characters as can be gone through.
fn shortened<'a>(learn: &[Example<'a>]) -> Vec<Cow<'a, str>> {
    let lengths: Vec<usize> = learn.iter().map(|e| e.text.chars().count()).collect();
    let total = |most: usize| lengths.iter().map(|n| (*n).min(most)).sum::<usize>();
    let mut most = lengths.iter().copied().max().unwrap_or(0);
    while total(most) > CHARACTERS / LEAST_EPOCHS && most > 100 {
        most = most * 9 / 10;
    }
    let cut = |(example, length): (&Example<'a>, &usize)| {
        if *length <= most {
            return Cow::Borrowed(example.text);
        }
        let at = |n: usize| example.text.char_indices().nth(n).map_or(example.text.len(), |(at, _)| at);
        Cow::Owned(format!("{} {}", &example.text[..at(most / 2)], &example.text[at(length - most / 2)..]))
    };
    learn.iter().zip(&lengths).map(cut).collect()
}

/// Whether a text is among the share that is held out: its hash decides, so copies of a text are on one side.
fn is_held_out(text: &str, share: f64) -> bool {
    ((mix(u64::from(hash(text.as_bytes()))) >> 40) as f64) < share * (1u64 << 24) as f64
}

/// The finaliser of SplitMix64 (Steele and others, 2014).
fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// What training holds: a few numbers a feature.
struct Work {
    dictionary: Dictionary,
    counts: [i64; 2],
    /// Weight, and sum of squared gradients.
    weights: Vec<[f32; 2]>,
    /// Mean share in bad and good texts.
    shares: Vec<[f32; 2]>,
    bias: [f32; 2],
}

/// Scratch: the features of a text.
#[derive(Default)]
struct Features {
    rows: Vec<u32>,
    hashes: Vec<u32>,
}

impl Features {
    /// Takes the features of a text as the model will.
    fn take(&mut self, dictionary: &Dictionary, text: &str) {
        let Features { rows, hashes } = self;
        rows.clear();
        hashes.clear();
        for word in text.as_bytes().split(|b| is_space(*b)).filter(|w| !w.is_empty()).take_while(|w| *w != END) {
            hashes.extend(dictionary.word_rows(word, &mut |row| rows.push(row)));
        }
        hashes.extend(dictionary.word_rows(END, &mut |row| rows.push(row)));
        dictionary.word_gram_rows(hashes, &mut |row| rows.push(row));
    }
}

/// The words that stand most often, `</s>` first.
fn vocabulary<'a>(learn: &[Example<'a>]) -> Vec<(&'a str, i64)> {
    let mut counts = std::collections::HashMap::<&'a str, i64>::new();
    for example in learn {
        for word in example.text.split(|c: char| c.is_ascii() && is_space(c as u8)) {
            if !word.is_empty() && word.len() <= WORD_BYTES && !word.starts_with("__label__") && word.as_bytes() != END
            {
                *counts.entry(word).or_default() += 1;
            }
        }
    }
    let mut words: Vec<(&str, i64)> = counts.into_iter().filter(|(_, n)| *n >= WORD_COUNT).collect();
    words.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    words.truncate(WORDS);
    words.insert(0, ("</s>", learn.len() as i64));
    words
}

impl Work {
    fn new(learn: &[Example], options: &Options) -> Work {
        let good = learn.iter().filter(|e| e.good).count() as i64;
        let counts = [learn.len() as i64 - good, good];
        let words = vocabulary(learn);
        let labels = [("__label__bad", counts[0]), ("__label__good", counts[1])];
        let dictionary = Dictionary::new(&words, &labels, options.grams);
        let rows = dictionary.rows() as usize;
        let mut work =
            Work { dictionary, counts, weights: vec![[0.0; 2]; rows], shares: vec![[0.0; 2]; rows], bias: [0.0; 2] };
        let seen = work.share(learn);
        for (shares, _) in work.shares.iter_mut().zip(seen).filter(|(_, n)| *n < options.least_texts) {
            *shares = [0.0; 2];
        }
        work
    }

    /// Takes the mean shares of the features; gives how many texts have each.
    fn share(&mut self, learn: &[Example]) -> Vec<u32> {
        let (mut texts, mut last) = (vec![0u32; self.shares.len()], vec![u32::MAX; self.shares.len()]);
        let mut features = Features::default();
        for (n, example) in learn.iter().enumerate() {
            features.take(&self.dictionary, example.text);
            let side = usize::from(example.good);
            let share = 1.0 / (features.rows.len() as f32 * self.counts[side] as f32);
            for row in &features.rows {
                let row = *row as usize;
                self.shares[row][side] += share;
                if last[row] != n as u32 {
                    last[row] = n as u32;
                    texts[row] += 1;
                }
            }
        }
        texts
    }

    /// Naive Bayes, and the scale and constant that fit it best to the texts (Newton's method).
    fn start(&mut self, learn: &[Example]) {
        let known = self.shares.iter().filter(|s| s[0] + s[1] > 0.0).count().max(1);
        let smooth = 0.5 / known as f32;
        for (weight, [bad, good]) in self.weights.iter_mut().zip(&self.shares) {
            if bad + good > 0.0 {
                weight[0] = ((good + smooth) / (bad + smooth)).ln();
            }
        }
        let mut features = Features::default();
        let scored: Vec<(f64, f64)> =
            learn.iter().map(|e| (f64::from(self.mean(&mut features, e.text)), f64::from(u8::from(e.good)))).collect();
        let (scale, constant) = logistic(&scored);
        self.weights.iter_mut().for_each(|w| w[0] *= scale);
        self.bias[0] = constant;
    }

    /// The mean weight of a text's features, which are left in `features`.
    fn mean(&self, features: &mut Features, text: &str) -> f32 {
        features.take(&self.dictionary, text);
        let sum: f32 = features.rows.iter().map(|row| self.weights[*row as usize][0]).sum();
        sum / features.rows.len() as f32
    }

    /// AdaGrad over the texts, in an order that a fixed seed shuffles anew each time.
    fn fit(&mut self, learn: &[Example], options: &Options) {
        let mut order: Vec<u32> = (0..learn.len() as u32).collect();
        let mut features = Features::default();
        let mut state = 0;
        let characters = learn.iter().map(|e| e.text.chars().count()).sum::<usize>().max(1);
        for _ in 0..options.epochs.min((CHARACTERS / characters).max(LEAST_EPOCHS) as u32) {
            for at in (1..order.len()).rev() {
                state = mix(state);
                order.swap(at, (state % (at as u64 + 1)) as usize);
            }
            for n in &order {
                let example = &learn[*n as usize];
                let logit = self.mean(&mut features, example.text) + self.bias[0];
                let error = 1.0 / (1.0 + (-logit).exp()) - f32::from(u8::from(example.good));
                self.step(&features.rows, error, options.rate);
            }
        }
    }

    fn step(&mut self, rows: &[u32], error: f32, rate: f32) {
        let gradient = error / rows.len() as f32;
        let square = gradient * gradient;
        for row in rows {
            let [bad, good] = self.shares[*row as usize];
            if bad + good > 0.0 {
                let weight = &mut self.weights[*row as usize];
                weight[1] += square;
                weight[0] -= rate * gradient / (weight[1] + 1e-20).sqrt();
            }
        }
        self.bias[1] += error * error;
        self.bias[0] -= rate * 0.1 * error / (self.bias[1] + 1e-20).sqrt();
    }

    /// The weights as a fastText model.
    fn model(&self) -> Model {
        let mut input = Vec::with_capacity(2 * self.weights.len());
        self.weights.iter().for_each(|[weight, _]| input.extend([*weight, 1.0]));
        // Softmax of two: the difference of both outputs is the logit.
        let half = self.bias[0] / 2.0;
        let output = Matrix::dense(2, vec![-0.5, -half, 0.5, half]);
        Model::new(self.dictionary.clone(), Matrix::dense(2, input), output, Loss::Softmax)
    }
}

/// Scale and constant of a logistic regression on one number.
fn logistic(scored: &[(f64, f64)]) -> (f32, f32) {
    let (mut scale, mut constant) = (1.0f64, 0.0f64);
    for _ in 0..12 {
        let (mut g, mut h) = ([0.0; 2], [1e-3, 0.0, 1e-3]);
        for (x, y) in scored {
            let p = 1.0 / (1.0 + (-(scale * x + constant)).exp());
            let (e, w) = (p - y, p * (1.0 - p));
            g = [g[0] + e * x, g[1] + e];
            h = [h[0] + w * x * x, h[1] + w * x, h[2] + w];
        }
        let determinant = h[0] * h[2] - h[1] * h[1];
        if determinant.abs() < 1e-12 {
            break;
        }
        let (ds, dc) = ((h[2] * g[0] - h[1] * g[1]) / determinant, (h[0] * g[1] - h[1] * g[0]) / determinant);
        scale = (scale - ds.clamp(-4.0, 4.0)).clamp(0.1, 50.0);
        constant = (constant - dc.clamp(-4.0, 4.0)).clamp(-50.0, 50.0);
    }
    (scale as f32, constant as f32)
}
