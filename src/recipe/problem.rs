//! Problems of a recipe, each shown with file, line, column, underline and cure.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::Error;

/// Something wrong with a recipe.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// Bytes of the recipe that it is about.
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
    pub fn new(span: Range<usize>, message: impl Into<String>, label: impl Into<String>) -> Self {
        Problem { span, message: message.into(), label: label.into(), help: None }
    }

    /// The same with a cure.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Of `known`, the word nearest to `word`, if any is near.
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let near = known.into_iter().map(|k| (strsim::jaro_winkler(word, k), k)).filter(|(score, _)| *score > 0.78);
    near.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, k)| k)
}

/// `did you mean …`, or the words there are.
pub fn did_you_mean<'k>(word: &str, known: impl IntoIterator<Item = &'k str> + Clone) -> String {
    match nearest(word, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are: {}", known.into_iter().collect::<Vec<_>>().join(", ")),
    }
}

/// All problems as one error, in the order of the recipe.
pub fn render(path: &str, text: &str, mut problems: Vec<Problem>) -> Error {
    problems.sort_by_key(|p| p.span.start);
    let renderer = Renderer::plain();
    let mut out = String::new();
    for problem in &problems {
        let end = problem.span.end.min(text.len());
        let span = problem.span.start.min(end)..end;
        let snippet = Snippet::source(text).path(path);
        let snippet = snippet.annotation(AnnotationKind::Primary.span(span).label(problem.label.as_str()));
        let mut group = Level::ERROR.primary_title(problem.message.as_str()).element(snippet);
        if let Some(help) = &problem.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        out += &renderer.render(&[group]);
        out += "\n\n";
    }
    let count = problems.len();
    out += &format!("{count} problem{} in {path}", if count == 1 { "" } else { "s" });
    Error::Recipe(out)
}
