//! Wikitext (MediaWiki's markup) to text that reads like the page: Chinese Wikipedia first, others beside it.
//!
//! Whatever a reader of the page does not see is gone: comments, references, tables, pictures, categories. Templates show
//! what the list in `templates.tsv` says; one that is not on it shows the first of its arguments that is text, inside of a
//! sentence only. Where
//! something was removed, the brackets and commas that stood around it are mended (`（{{lang-en|}}，）` leaves no `（，）`);
//! text around which nothing was removed is never touched. Formulas stay LaTeX: `$E=mc^2$`.
//!
//! `-{zh-hans:…;zh-hant:…}-` gives the words of one variant. Where a variant is asked for, all text is converted to it:
//! the rules that a page states for itself (`-{H|…}-`, `-{A|…}-`, `{{NoteTA|1=…}}`) are applied to the text that follows
//! them, longest match first; so are those of the conversion groups that it names (`{{NoteTA|G1=IT}}`), where the caller
//! has them; all other text goes through [`convert`](super::convert). Formulas, code, `<nowiki>` and `-{R|…}-` do not.
//!
//! Nothing here recurses and every pass is linear in the page, so that a page of a hundred thousand `{{` costs no more
//! than any other of its size; constructs nested deeper than [`DEPTH`] are dropped.
//!
//! ```text
//! tags      comments, <ref>, <math> …        page -> text with holes and stored pieces
//! expand    {{ }}  [[ ]]  -{ }-              by a stack of open marks, innermost first
//!   templates, links, markup                 what a reader sees of each
//! tags      HTML                             stripped
//! lines     tables, headings, lists          text -> blocks, one line each
//!   inline, clean                            links, quotes and entities of a line; mending around holes
//! rules     of the page, of groups, OpenCC   applied
//! ```

mod clean;
pub(in crate::text) mod entities;
mod expand;
mod groups;
mod inline;
mod lines;
mod links;
mod markup;
mod numbers;
mod rule;
mod rules;
mod tags;
mod templates;
mod unlisted;
mod variants;

#[cfg(test)]
mod converter_tests;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub use groups::{Groups, collected, group_of};
pub use unlisted::{Tally, Unlisted};
pub use variants::Variant;

/// The options of reading a page: variant, groups, title.
#[derive(Clone, Copy, Default)]
pub struct Options<'a> {
    /// The variant that all of the text is converted to. Without one the text stays as its authors wrote it, and only
    /// where they gave words of several variants, those of the mainland are taken.
    pub variant: Option<Variant>,
    /// The conversion groups of the wiki.
    pub groups: Option<&'a Groups>,
    /// The title of the page, for `{{PAGENAME}}`.
    pub title: &'a str,
    /// What the wiki calls its namespace of files, in small letters; the names of large wikis are known anyway.
    pub files: &'a [String],
    /// What it calls that of categories.
    pub categories: &'a [String],
    /// Where the templates that are not on the list are counted, if anybody asks.
    pub unlisted: Option<&'a Tally>,
}

/// How deep templates, links and `-{ }-` may be nested; what is deeper is dropped.
pub const DEPTH: usize = 64;

// Marks inside the text under work: noncharacters, which Unicode reserves for such use. They are removed from the page
// before anything else, so a page cannot contain any.
/// Something was removed here.
const HOLE: char = '\u{FDD0}';
/// Starts the number of a stored piece, which no pass may look into.
const PIECE: char = '\u{FDD1}';
/// Ends it.
const END: char = '\u{FDD2}';
/// A line break that starts no new block (`<br>`).
const BREAK: char = '\u{FDD3}';
/// Text from here on is not converted by the page's rules.
const RAW: char = '\u{FDD4}';
/// Text from here on is converted again.
const COOKED: char = '\u{FDD5}';
/// More of the page's rules hold from here on.
const RULES: char = '\u{FDD6}';
/// No rule may see what stands on both sides of this as one word (`-{}-`).
const CUT: char = '\u{FDD7}';

fn is_mark(c: char) -> bool {
    ('\u{FDD0}'..='\u{FDEF}').contains(&c)
}

/// Whether a mark may be in a text: all of them begin with the same two bytes, as few other characters do.
fn may_have_marks(text: &str) -> bool {
    memchr::memmem::find(text.as_bytes(), b"\xEF\xB7").is_some()
}

/// Nothing that a reader would see.
fn is_void(c: char) -> bool {
    c.is_whitespace() || matches!(c, HOLE | BREAK | RULES | RAW | COOKED | CUT)
}

/// The text of a page.
pub fn plain(wikitext: &str, options: &Options) -> String {
    let page = prepared(wikitext);
    if is_redirect(&page) {
        return String::new();
    }
    let mut pieces = Pieces::default();
    let stripped = tags::strip(&page, &mut pieces);
    // `-{ }-` still show the words of the variant.
    let to = options.variant.filter(|_| !inline::keeps_as_written(&stripped));
    let (expanded, rules) = expand::expand(&stripped, options, to.is_some());
    drop(stripped);
    let flat = tags::html(&expanded);
    drop(expanded);
    let text = lines::text(&flat);
    folded(&pieces.restored(&rules.applied(&text, to)))
}

/// Without marks of ours, and with `\n` for every line end.
fn prepared(wikitext: &str) -> Cow<'_, str> {
    let wikitext = wikitext.strip_prefix('\u{FEFF}').unwrap_or(wikitext);
    let dirty = memchr::memchr(b'\r', wikitext.as_bytes()).is_some() || may_have_marks(wikitext);
    if !dirty {
        return Cow::Borrowed(wikitext);
    }
    Cow::Owned(wikitext.replace("\r\n", "\n").replace('\r', "\n").replace(is_mark, ""))
}

/// `#REDIRECT [[…]]`, in the languages at hand.
fn is_redirect(page: &str) -> bool {
    let Some(rest) = page.trim_start().strip_prefix('#') else { return false };
    let words = ["redirect", "重定向", "重新導向", "重新导向", "転送", "weiterleitung"];
    words.iter().any(|w| {
        let head = rest.get(..w.len());
        head.is_some_and(|h| h.eq_ignore_ascii_case(w))
            && rest[w.len()..].trim_start_matches(|c: char| c.is_whitespace() || c == ':').starts_with("[[")
    })
}

/// Lines trimmed at their ends, at most one blank line in a row, none at either end.
fn folded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut blank = false;
    for line in text.lines().map(str::trim_end) {
        if line.is_empty() {
            blank = true;
            continue;
        }
        if !out.is_empty() {
            out.push_str(if blank { "\n\n" } else { "\n" });
        }
        blank = false;
        out.push_str(line);
    }
    out
}

/// Finished text that waits outside until all passes are over: formulas, `<nowiki>`, code.
#[derive(Default)]
struct Pieces(Vec<String>);

impl Pieces {
    /// Stores a piece and writes its number.
    fn put(&mut self, out: &mut String, piece: String) {
        out.push(PIECE);
        out.push_str(&self.0.len().to_string());
        out.push(END);
        self.0.push(piece);
    }

    /// The text with every piece back in its place.
    fn restored<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.0.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len() + self.0.iter().map(String::len).sum::<usize>());
        let mut rest = text;
        while let Some(at) = rest.find(PIECE) {
            out.push_str(&rest[..at]);
            rest = &rest[at + PIECE.len_utf8()..];
            let Some(end) = rest.find(END) else { break };
            if let Some(piece) = rest[..end].parse::<usize>().ok().and_then(|n| self.0.get(n)) {
                out.push_str(piece);
            }
            rest = &rest[end + END.len_utf8()..];
        }
        out.push_str(rest);
        Cow::Owned(out)
    }
}
