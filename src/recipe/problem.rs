//! Problems of a recipe, each shown with file, line, column, underline and cure.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use serde::Serialize;

use super::kinds::Kind;
use crate::Error;
use crate::messages::{chinese, said};

/// Something wrong with a recipe.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// What kind of problem: its id and explanation.
    pub kind: Kind,
    /// Bytes of the recipe that it is about; past its end, bytes of a `--set` (see [`Place`]).
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What the underline says.
    pub label: String,
    /// The cure.
    pub help: Option<String>,
}

impl Problem {
    /// A problem without a known cure.
    pub fn new(kind: Kind, span: Range<usize>, message: impl Into<String>, label: impl Into<String>) -> Self {
        Problem { kind, span, message: message.into(), label: label.into(), help: None }
    }

    /// The problem with a cure.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Everything wrong with one recipe, in its order.
#[derive(Clone, Debug, PartialEq)]
pub struct Problems {
    /// The problems; at least one.
    pub all: Vec<Problem>,
    path: String,
    text: String,
    sets: Vec<String>,
}

/// A problem for programs (`--format json`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Place {
    /// The stable id of its kind, which `corpus explain` takes: `R041`.
    pub id: &'static str,
    /// The wider class of it, in a stable word.
    pub code: &'static str,
    /// The recipe's file, or `--set`.
    #[serde(rename = "file")]
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// The cure.
    pub hint: Option<String>,
}

/// A level by its word in the language of the reader.
fn named(level: Level<'static>, word: &'static str) -> Level<'static> {
    if chinese() { level.with_name(said(word)) } else { level }
}

/// The colons that the renderer puts behind the words for levels, as Chinese has them.
fn full_width(text: String, id: &str) -> String {
    if !chinese() {
        return text;
    }
    let (error, help) = (said("error"), said("help"));
    text.replace(&format!("{error}[{id}]: "), &format!("{error}[{id}]："))
        .replace(&format!("{help}: "), &format!("{help}："))
}

/// Where the text of each `--set` begins, as if they were written behind the recipe.
pub(super) fn starts(text: &str, sets: &[String]) -> Vec<usize> {
    let mut next = text.len() + 1;
    let start = |set: &String| {
        let start = next;
        next += set.len() + 1;
        start
    };
    sets.iter().map(start).collect()
}

impl Problems {
    pub(super) fn new(path: String, text: &str, sets: &[String], mut all: Vec<Problem>) -> Self {
        all.sort_by_key(|p| p.span.start);
        Problems { all, path, text: text.to_owned(), sets: sets.to_vec() }
    }

    /// The text that a problem is about, with its name and the bytes in it.
    fn origin(&self, problem: &Problem) -> (&str, &str, Range<usize>) {
        let mut texts = vec![(self.path.as_str(), self.text.as_str(), 0)];
        let sets = self.sets.iter().zip(starts(&self.text, &self.sets));
        texts.extend(sets.map(|(set, start)| ("--set", set.as_str(), start)));
        let (path, text, start) =
            texts.into_iter().rfind(|t| t.2 <= problem.span.start).unwrap_or((&self.path, &self.text, 0));
        let end = (problem.span.end.max(start) - start).min(text.len());
        (path, text, (problem.span.start - start).min(end)..end)
    }

    /// All of them with line and column, for programs.
    pub fn places(&self) -> Vec<Place> {
        let place = |problem: &Problem| {
            let (path, text, span) = self.origin(problem);
            let before = &text[..text.floor_char_boundary(span.start)];
            let line = before.rsplit('\n').next().unwrap_or_default();
            Place {
                id: problem.kind.row().id,
                code: problem.kind.row().code,
                path: path.to_owned(),
                line: before.matches('\n').count() + 1,
                column: line.chars().count() + 1,
                message: problem.message.clone(),
                hint: problem.help.clone(),
            }
        };
        self.all.iter().map(place).collect()
    }

    /// All of them as a person reads them; the last line counts them.
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let mut out = String::new();
        for problem in &self.all {
            let (path, text, span) = self.origin(problem);
            let snippet = Snippet::source(text).path(path);
            let label = said(&problem.label);
            let snippet = snippet.annotation(AnnotationKind::Primary.span(span).label(&*label));
            let (message, help) = (said(&problem.message), problem.help.as_deref().map(said));
            let (error, cure) = (named(Level::ERROR, "error"), named(Level::HELP, "help"));
            let mut group = error.primary_title(&*message).id(problem.kind.row().id).element(snippet);
            if let Some(help) = &help {
                group = group.element(cure.message(&**help));
            }
            out += &full_width(renderer.render(&[group]), problem.kind.row().id);
            out += "\n\n";
        }
        let count = self.all.len();
        out + &said(&format!("{count} problem{} in {}", if count == 1 { "" } else { "s" }, self.path))
    }

    /// As an error: the recipe's fault, or wrong usage if the recipe is sound and only a `--set` is at fault.
    pub fn into_error(self, colour: bool) -> Error {
        if self.all.is_empty() || self.all.iter().any(|p| p.span.start <= self.text.len()) {
            return Error::Recipe(self.render(colour));
        }
        let starts = starts(&self.text, &self.sets);
        let say = |problem: &Problem| {
            let set = starts.iter().rposition(|start| *start <= problem.span.start).map(|i| self.sets[i].as_str());
            format!("--set {}: {} [{}]", set.unwrap_or_default(), problem.message, problem.kind.row().id)
        };
        let message = self.all.iter().map(say).collect::<Vec<_>>().join("\n");
        Error::Other { message, hint: self.all.iter().find_map(|p| p.help.clone()) }
    }
}
