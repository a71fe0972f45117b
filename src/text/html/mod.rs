//! HTML as chat services show it, to Markdown.
//!
//! ShareGPT dumps hold the answers of ChatGPT as the HTML of its page: `<div class="markdown prose …"><p>…</p></div>`, with
//! buttons, counters and highlighting between. [`markdown`] gives back the Markdown that the model most likely wrote:
//! paragraphs, headings, nested lists, tables, quotes, links, code blocks with their language, formulas as LaTeX.
//!
//! Against FastChat's cleaner (markdownify and regular expressions), which was measured on the same pages: text is not
//! escaped (`snake_case` stays), formulas come once, quotes leave no scars, blocks inside list items are indented, a
//! fence is longer than the fences inside it. [`is_page`] tells such values from plain text, which must not be parsed:
//! `List<int>` is no tag.

mod render;
mod tree;

#[cfg(test)]
mod tests;

pub use render::markdown;

/// Elements that a value of such a dump begins with.
const BLOCKS: [&str; 13] = ["div", "p", "pre", "ol", "ul", "h1", "h2", "h3", "h4", "h5", "h6", "table", "blockquote"];

/// What only the page of a chat has.
const PAGE: [&str; 8] = [
    "markdown prose",
    ">Copy code<",
    "whitespace-pre hljs",
    "class=\"hljs",
    "<button class=\"flex",
    "class=\"p-4 overflow-y-auto",
    "class=\"min-h-[20px]",
    "<div class=\"bg-black",
];

/// Whether the answers of a dialogue were copied from a chat page: one of them has what only the page has, or all are
/// HTML, of which one begins with a paragraph, and none has a class, a style, an id or a placeholder, as HTML that
/// somebody asked for has.
pub fn from_chat<'t, A: Iterator<Item = &'t str>>(answers: impl Fn() -> A) -> bool {
    if answers().any(|text| PAGE.iter().any(|mark| text.contains(mark))) {
        return true;
    }
    let own = |text: &str| [" class=", " style=", " id=", "{{", "${", "{%"].iter().any(|mark| text.contains(mark));
    answers().any(|text| text.trim_start().starts_with("<p>"))
        && answers().all(|text| text.trim().is_empty() || is_page(text) && !own(text))
}

/// Whether a text is HTML of a chat page: it begins with a block element, and that element's end, or another one's, ends
/// it.
pub fn is_page(text: &str) -> bool {
    let text = text.trim();
    let Some(rest) = text.strip_prefix('<') else { return false };
    if rest.starts_with("div class=\"markdown prose") {
        return true;
    }
    let name = rest.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    let behind = &rest[name.len()..];
    let Some(inner) = text.strip_suffix('>') else { return false };
    let last = inner.rsplit_once("</").map_or("", |(_, name)| name.trim());
    BLOCKS.contains(&name) && behind.starts_with(['>', ' ']) && BLOCKS.contains(&last)
}
