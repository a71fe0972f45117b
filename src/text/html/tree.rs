//! Tokens of html5ever to a small tree. Whatever is left open is closed, whatever is closed too often is passed over.

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{BufferQueue, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};

/// Elements inside one another that count; what is deeper belongs to the deepest one.
const DEEPEST: usize = 60;

/// A node, by its number in the [`Tree`].
pub(super) type Id = usize;

/// An element, or a text (whose name is empty).
#[derive(Debug, Default)]
pub(super) struct Node {
    pub name: String,
    pub text: String,
    pub class: String,
    pub href: String,
    pub alt: String,
    pub start: String,
    pub encoding: String,
    pub children: Vec<Id>,
}

/// All nodes; the first is the root.
#[derive(Debug)]
pub(super) struct Tree {
    pub nodes: Vec<Node>,
}

struct Builder {
    nodes: Vec<Node>,
    open: Vec<Id>,
}

const VOID: [&str; 9] = ["br", "hr", "img", "input", "meta", "link", "wbr", "col", "source"];

impl Builder {
    fn add(&mut self, node: Node) -> Id {
        let id = self.nodes.len();
        self.nodes.push(node);
        let parent = self.open.last().copied().unwrap_or(0);
        self.nodes[parent].children.push(id);
        id
    }

    fn text(&mut self, text: &str) {
        let parent = self.open.last().copied().unwrap_or(0);
        match self.nodes[parent].children.last().copied().filter(|id| self.nodes[*id].name.is_empty()) {
            Some(id) => self.nodes[id].text.push_str(text),
            None => {
                self.add(Node { text: text.to_owned(), ..Node::default() });
            }
        }
    }

    /// Closes the nearest open element of that name, unless one of `within` stands between.
    fn close(&mut self, name: &str, within: &[&str]) {
        for at in (1..self.open.len()).rev() {
            let open = &self.nodes[self.open[at]].name;
            if open == name {
                self.open.truncate(at);
                return;
            }
            if within.contains(&open.as_str()) {
                return;
            }
        }
    }
}

struct Sink(RefCell<Builder>);

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut builder = self.0.borrow_mut();
        match token {
            Token::CharacterTokens(text) => builder.text(&text),
            Token::TagToken(tag) => {
                let name = tag.name.to_string();
                if tag.kind == TagKind::EndTag {
                    let within: &[&str] = match name.as_str() {
                        "li" | "p" => &["ol", "ul", "table", "pre"],
                        "td" | "th" | "tr" => &["table"],
                        _ => &[],
                    };
                    builder.close(&name, within);
                    return TokenSinkResult::Continue;
                }
                // An item or a paragraph ends where the next one begins.
                match name.as_str() {
                    "li" => builder.close("li", &["ol", "ul"]),
                    "p" | "ul" | "ol" | "pre" | "table" | "blockquote" => {
                        builder.close("p", &["li", "td", "th", "blockquote", "div"])
                    }
                    "tr" => builder.close("tr", &["table"]),
                    "td" | "th" => ["td", "th"].iter().for_each(|cell| builder.close(cell, &["tr", "table"])),
                    _ => {}
                }
                let attribute = |key: &str| {
                    let found = tag.attrs.iter().find(|a| &*a.name.local == key);
                    found.map(|a| a.value.to_string()).unwrap_or_default()
                };
                let node = Node {
                    class: attribute("class"),
                    href: if name == "img" { attribute("src") } else { attribute("href") },
                    alt: attribute("alt"),
                    start: attribute("start"),
                    encoding: attribute("encoding"),
                    name: name.clone(),
                    ..Node::default()
                };
                let id = builder.add(node);
                if !tag.self_closing && !VOID.contains(&name.as_str()) && builder.open.len() < DEEPEST {
                    builder.open.push(id);
                }
                if matches!(name.as_str(), "script" | "style") && !tag.self_closing {
                    return TokenSinkResult::RawData(RawKind::Rawtext);
                }
            }
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

impl Tree {
    /// Reads HTML, however broken.
    pub fn parse(html: &str) -> Self {
        let sink = Sink(RefCell::new(Builder { nodes: vec![Node::default()], open: vec![0] }));
        let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
        let queue = BufferQueue::default();
        queue.push_back(StrTendril::from_slice(html));
        let _ = tokenizer.feed(&queue);
        tokenizer.end();
        Tree { nodes: tokenizer.sink.0.into_inner().nodes }
    }

    /// The nodes under one in the order of the text, itself first.
    pub fn under(&self, id: Id) -> Vec<Id> {
        let (mut out, mut stack) = (Vec::new(), vec![id]);
        while let Some(id) = stack.pop() {
            out.push(id);
            stack.extend(self.nodes[id].children.iter().rev());
        }
        out
    }

    /// The text under a node as it stands.
    pub fn text(&self, id: Id) -> String {
        self.under(id).into_iter().map(|id| self.nodes[id].text.as_str()).collect()
    }
}
