//! Choices that shapes leave to the recipe: `options = { name = "word" }`.

use super::{container, shapes};

/// A choice that a shape leaves to the recipe: `options = { name = "word" }`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Its name.
    pub name: &'static str,
    /// The words to choose from; the first is the default.
    pub words: &'static [&'static str],
    /// What it decides, in a sentence.
    pub about: &'static str,
}

/// What becomes of rows whose answer is there, but says nothing: one rule for all shapes that have answers.
pub const EMPTY: Choice = Choice {
    name: "empty",
    words: &["aside", "keep"],
    about: "whether a row whose answer is empty is set aside (`empty_answer`) or stays",
};

/// What becomes of thoughts that stand in an answer: one rule for all shapes that have answers.
pub const THINK: Choice = Choice {
    name: "think",
    words: &["keep", "split"],
    about: "whether `<think>…</think>` stays in an answer or becomes the message's `reasoning`",
};

/// Where the answer is that a program checks: one rule for all shapes of instructions.
pub const CHECKED: Choice = Choice {
    name: "checked",
    words: &["no", "beside", "only"],
    about: "whether the answer behind `####`, or in the last `\\boxed{…}`, goes to the column `answer`, too, or alone: \
            the row is then the prompt",
};

/// A choice as a recipe may make it: of shapes that call one by the same name, the words of all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    /// Its name.
    pub name: &'static str,
    /// The words to choose from.
    pub words: Vec<&'static str>,
    /// What it decides, in a sentence.
    pub about: &'static str,
}

/// The choices of a source: those of the shape that its `format` names. Where that names a container of objects, or is
/// left out, the shape is detected, and may be any; a container that makes rows by itself has none.
pub fn offered(format: Option<&str>) -> Vec<Offered> {
    let mut all: Vec<Offered> = Vec::new();
    let detected = format.is_none_or(|name| container(name).is_some_and(|c| c.objects()));
    let shapes = shapes::ALL.iter().filter(|shape| detected || format == Some(shape.name()));
    for choice in shapes.flat_map(|shape| shape.choices()) {
        match all.iter_mut().find(|offered| offered.name == choice.name) {
            Some(offered) => {
                let fresh = choice.words.iter().filter(|word| !offered.words.contains(word));
                offered.words.extend(fresh.collect::<Vec<_>>());
            }
            None => all.push(Offered { name: choice.name, words: choice.words.to_vec(), about: choice.about }),
        }
    }
    all
}
