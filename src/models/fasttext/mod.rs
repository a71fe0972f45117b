//! Classifiers in fastText's format, `.bin` and quantised `.ftz`: read and applied as the C++ program does
//! (<https://github.com/facebookresearch/fastText>, MIT; file versions 11 and 12), and written as `.bin`.
//!
//! Labels and probabilities are those of `fasttext predict-prob`. What fastText reads as one line is one text here: line
//! ends are white space, and the word `</s>` ends it. A probability is fastText's, which may be 1.00001.

use std::path::Path;

use super::source::Source;
use super::{Error, Result};
use dictionary::{Dictionary, END, Grams, is_space};
use matrix::Matrix;
use output::{Loss, Output};

pub mod dictionary;
mod heap;
pub mod matrix;
pub mod output;
pub mod write;

const MAGIC: i32 = 793_712_314;

/// Longest n-gram, in words or characters, that a file may ask for; models have 6 at most.
const LONGEST: i32 = 64;

/// A supervised model. Read-only: threads share one.
#[derive(Debug)]
pub struct Model {
    dictionary: Dictionary,
    input: Matrix,
    output: Output,
    labels: Vec<String>,
}

/// Scratch memory of one thread.
#[derive(Debug, Default)]
pub struct Scratch {
    hidden: Vec<f32>,
    rows: u64,
    hashes: Vec<u32>,
    scores: Vec<f32>,
    /// Labels and their probabilities, as [`Model::best`] leaves them: the most probable first.
    pub best: Vec<(u32, f32)>,
}

/// Arguments of a model that matter after training, as its file begins with them.
struct Arguments {
    columns: usize,
    loss: Loss,
    grams: Grams,
}

impl Arguments {
    fn read(source: &mut Source) -> Result<Arguments> {
        if source.int("the first bytes")? != MAGIC {
            return Err(source.error(0, "is no fastText model: it does not begin with fastText's number"));
        }
        let version = source.int_in("the version of the file", 11, 12)?;
        let columns = source.int_in("the size of vectors", 1, 1 << 16)? as usize;
        for what in ["the window", "the epochs", "the least count", "the negative samples"] {
            source.int(what)?;
        }
        let words = source.int_in("the longest word n-gram", 0, LONGEST)?;
        let loss = match source.int_in("the loss", 1, 4)? {
            1 => Loss::Tree,
            2 => Loss::Negative,
            3 => Loss::Softmax,
            _ => Loss::OneVsAll,
        };
        let at = source.at();
        if source.int_in("the kind of model", 1, 3)? != 3 {
            return Err(source.error(at, "holds word vectors, not a classifier: no labels were trained"));
        }
        let at = source.at();
        let buckets = source.int_in("the number of buckets", 0, i32::MAX)?;
        let least = source.int_in("the shortest subword", 0, LONGEST)?;
        let most = source.int_in("the longest subword", 0, LONGEST)?;
        source.int("the rate of updates")?;
        source.long("the sampling threshold")?;
        // Old supervised models do not use subwords, whatever they say.
        let most = if version == 11 { 0 } else { most };
        if buckets == 0 && (words > 1 || most > 0) {
            return Err(source.error(at, "n-grams without buckets"));
        }
        let grams =
            Grams { words: words as usize, least: least as usize, most: most as usize, buckets: buckets as u32 };
        Ok(Arguments { columns, loss, grams })
    }
}

impl Model {
    /// Reads a model, `.bin` or `.ftz`; the content decides, not the name. Memory is about the size of the file; a small
    /// quantised one (up to 64 MiB as numbers) takes what its numbers take.
    ///
    /// # Errors
    /// If the file cannot be read, or is none that fastText could have written; the error names the byte.
    pub fn read(path: &Path) -> Result<Model> {
        let mut source = Source::open(path)?;
        let arguments = Arguments::read(&mut source)?;
        let at = source.at();
        let dictionary = Dictionary::read(&mut source, arguments.grams)?;
        if dictionary.labels() == 0 {
            return Err(source.error(at, "has no labels"));
        }
        let quantised = source.flag("whether the input is quantised")?;
        if !quantised && dictionary.is_pruned() {
            return Err(source.error(at, "pruned but not quantised: an early model with a known fault; fetch it anew"));
        }
        let columns = arguments.columns;
        let input = Matrix::read(&mut source, quantised, columns, dictionary.rows(), "input matrix")?.written_out();
        let coded = source.flag("whether the output is quantised")? && quantised;
        let output = Matrix::read(&mut source, coded, columns, dictionary.labels().into(), "output matrix")?;
        if source.left() > 0 {
            return Err(source.error(source.at(), format!("{} bytes too many: is it two files in one?", source.left())));
        }
        Ok(Model::new(dictionary, input, output, arguments.loss))
    }

    /// A model of its parts, which fit each other.
    pub fn new(dictionary: Dictionary, input: Matrix, output: Matrix, loss: Loss) -> Model {
        let name = |label| {
            let word = String::from_utf8_lossy(dictionary.word(dictionary.words() + label)).into_owned();
            word.strip_prefix("__label__").map(str::to_owned).unwrap_or(word)
        };
        let labels = (0..dictionary.labels()).map(name).collect();
        let output = Output::new(output, loss, &dictionary);
        Model { dictionary, input, output, labels }
    }

    /// The names of the labels, without `__label__`, in the order of their numbers.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// The number of a label, with or without `__label__` before it.
    ///
    /// # Errors
    /// If the model (read from `path`) has no such label: says which it has.
    pub fn label(&self, name: &str, path: &Path) -> Result<u32> {
        let bare = name.strip_prefix("__label__").unwrap_or(name);
        self.labels.iter().position(|l| l == bare).map(|at| at as u32).ok_or_else(|| {
            let some: Vec<&str> = self.labels.iter().take(12).map(String::as_str).collect();
            let more = if self.labels.len() > 12 { " …" } else { "" };
            Error::file(path, format!("has no label `{bare}`; its labels: {}{more}", some.join(", ")))
        })
    }

    /// Words and labels.
    pub fn dictionary(&self) -> &Dictionary {
        &self.dictionary
    }

    /// Bytes in memory.
    pub fn memory(&self) -> usize {
        self.dictionary.memory() + self.input.memory() + self.output.memory()
    }

    /// Begins a text.
    pub fn begin(&self, scratch: &mut Scratch) {
        scratch.hidden.clear();
        scratch.hidden.resize(self.input.columns(), 0.0);
        scratch.hashes.clear();
        scratch.rows = 0;
    }

    /// Goes on with the text. White space cuts words, as does the border between two pieces: hand over a whole text, or
    /// the words of a segmenter one by one. False once the word `</s>` was read, which ends the text.
    pub fn push(&self, scratch: &mut Scratch, piece: &str) -> bool {
        for word in piece.as_bytes().split(|b| is_space(*b)).filter(|w| !w.is_empty()) {
            self.word(scratch, word);
            if word == END {
                return false;
            }
        }
        true
    }

    #[inline]
    fn word(&self, scratch: &mut Scratch, word: &[u8]) {
        let Scratch { hidden, rows, hashes, .. } = scratch;
        let hash = self.dictionary.word_rows(word, &mut |row| {
            self.input.add(row, hidden);
            *rows += 1;
        });
        hashes.extend(hash);
    }

    /// Ends the text: the word `</s>`, the word n-grams, and the mean.
    pub fn end(&self, scratch: &mut Scratch) {
        if scratch.hashes.last() != Some(&dictionary::hash(END)) {
            self.word(scratch, END);
        }
        let Scratch { hidden, rows, hashes, .. } = scratch;
        if self.dictionary.grams().words > 1 {
            self.dictionary.word_gram_rows(hashes, &mut |row| {
                self.input.add(row, hidden);
                *rows += 1;
            });
        }
        let mean = (1.0 / *rows as f64) as f32;
        hidden.iter_mut().for_each(|h| *h *= mean);
    }

    /// The `count` most probable labels of a text, in `scratch.best`; none if the model knows nothing that is in it.
    pub fn best(&self, scratch: &mut Scratch, text: &str, count: usize) {
        self.begin(scratch);
        self.push(scratch, text);
        self.best_of_pushed(scratch, count);
    }

    /// Ends the text that was pushed; its `count` most probable labels are in `scratch.best`.
    pub fn best_of_pushed(&self, scratch: &mut Scratch, count: usize) {
        self.end(scratch);
        scratch.best.clear();
        if scratch.rows > 0 {
            self.output.best(&scratch.hidden, count, &mut scratch.scores, &mut scratch.best);
        }
    }

    /// Ends the text that was pushed; the probability of one label, `None` if the model knows nothing that is in it.
    pub fn probability_of_pushed(&self, scratch: &mut Scratch, label: u32) -> Option<f32> {
        self.end(scratch);
        self.probability(scratch, label)
    }

    /// The probability of one label for the text that was ended last.
    pub fn probability(&self, scratch: &mut Scratch, label: u32) -> Option<f32> {
        let p = (scratch.rows > 0).then(|| self.output.of(&scratch.hidden, label, &mut scratch.scores))?;
        (!p.is_nan()).then_some(p)
    }
}
