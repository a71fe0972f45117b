//! The tree as Markdown: blocks one below the other, each made of inline text.

use std::collections::HashSet;

use super::tree::{Id, Node, Tree};

/// HTML of a chat page as Markdown. Text that has only white space gives none.
pub fn markdown(html: &str) -> String {
    let tree = Tree::parse(html);
    let blocks = Render { tree: &tree }.blocks(0, 0);
    let mut out = String::new();
    for block in &blocks {
        push(&mut out, block, "");
    }
    without_counters(out.trim())
}

/// What stands below one another.
#[derive(Debug, Default)]
struct Block {
    text: String,
    /// Code, which stands directly below and above its neighbours, as on the page.
    code: bool,
}

struct Render<'t> {
    tree: &'t Tree,
}

/// Adds a block below what is there, its lines behind `indent`.
fn push(out: &mut String, block: &Block, indent: &str) {
    if !out.is_empty() {
        let close = block.code || out.trim_end_matches(['\t', ' ']).ends_with("```");
        out.push_str(if close { "\n" } else { "\n\n" });
    }
    for (index, line) in block.text.split('\n').enumerate() {
        if index > 0 {
            out.push('\n');
        }
        if !line.is_empty() && (index > 0 || !out.is_empty()) {
            out.push_str(indent);
        }
        out.push_str(line);
    }
}

fn heading(name: &str) -> Option<usize> {
    let level = name.strip_prefix('h')?.parse().ok()?;
    (1..=6).contains(&level).then_some(level)
}

/// Elements that are a block of their own, or hold blocks.
fn is_block(node: &Node) -> bool {
    const NAMES: [&str; 17] = [
        "p",
        "div",
        "ul",
        "ol",
        "li",
        "pre",
        "blockquote",
        "table",
        "hr",
        "section",
        "article",
        "main",
        "body",
        "html",
        "dl",
        "dd",
        "dt",
    ];
    NAMES.contains(&node.name.as_str()) || heading(&node.name).is_some()
}

/// What is on the page and was not said: buttons, icons, code that runs.
fn is_furniture(node: &Node) -> bool {
    matches!(node.name.as_str(), "button" | "svg" | "script" | "style" | "head" | "template")
}

impl Render<'_> {
    fn node(&self, id: Id) -> &Node {
        &self.tree.nodes[id]
    }

    /// The blocks of an element; `bullets` are the unordered lists around it.
    fn blocks(&self, id: Id, bullets: usize) -> Vec<Block> {
        let mut out: Vec<Block> = Vec::new();
        let mut inline: Vec<Id> = Vec::new();
        for &child in &self.node(id).children {
            let node = self.node(child);
            if is_furniture(node) {
                continue;
            }
            // A formula on a line of its own is a block for Markdown too.
            if !is_block(node) && !self.holds_block(child) {
                inline.push(child);
                continue;
            }
            self.flush(&mut inline, &mut out);
            self.block(child, bullets, &mut out);
        }
        self.flush(&mut inline, &mut out);
        out
    }

    /// Whether an inline element has a block inside, as in `<span><p>…</p></span>`.
    fn holds_block(&self, id: Id) -> bool {
        let node = self.node(id);
        !node.children.is_empty()
            && !self.is_formula(node)
            && self.tree.under(id).iter().skip(1).any(|id| is_block(self.node(*id)))
    }

    fn flush(&self, inline: &mut Vec<Id>, out: &mut Vec<Block>) {
        let text = self.inline(inline);
        inline.clear();
        if !text.is_empty() {
            out.push(Block { text, code: false });
        }
    }

    fn block(&self, id: Id, bullets: usize, out: &mut Vec<Block>) {
        let node = self.node(id);
        let plain = |text: String| Block { text, code: false };
        match node.name.as_str() {
            "pre" => out.push(self.code(id)),
            "hr" => out.push(plain("---".into())),
            "ul" | "ol" => {
                let text = self.list(id, bullets);
                if !text.is_empty() {
                    out.push(plain(text));
                }
            }
            "table" => out.push(plain(self.table(id))),
            "blockquote" => {
                let mut inner = String::new();
                self.blocks(id, bullets).iter().for_each(|block| push(&mut inner, block, ""));
                let quoted: Vec<String> =
                    inner.split('\n').map(|line| format!("> {line}").trim_end().to_owned()).collect();
                if !inner.is_empty() {
                    out.push(plain(quoted.join("\n")));
                }
            }
            name => match heading(name) {
                Some(level) => {
                    let text = self.inline(&node.children).replace('\n', " ");
                    let under = |mark: &str| format!("{text}\n{}", mark.repeat(text.chars().count()));
                    match level {
                        _ if text.is_empty() => {}
                        1 => out.push(plain(under("="))),
                        2 => out.push(plain(under("-"))),
                        level => out.push(plain(format!("{} {text}", "#".repeat(level)))),
                    }
                }
                None => out.extend(self.blocks(id, bullets)),
            },
        }
    }

    fn list(&self, id: Id, bullets: usize) -> String {
        let node = self.node(id);
        let ordered = node.name == "ol";
        let mark = ['*', '+', '-'][bullets % 3];
        let mut number = node.start.parse::<u64>().unwrap_or(1);
        let inner = bullets + usize::from(!ordered);
        let mut out = String::new();
        for &child in &node.children {
            let item = self.node(child);
            if item.name.is_empty() && item.text.trim().is_empty() {
                continue;
            }
            let blocks = match item.name.as_str() {
                "li" => self.blocks(child, inner),
                // Lists right inside of lists, as broken pages have them.
                _ => {
                    let mut blocks = Vec::new();
                    if is_block(item) {
                        self.block(child, inner, &mut blocks);
                    } else {
                        self.flush(&mut vec![child], &mut blocks);
                    }
                    blocks
                }
            };
            let holds_list = self.is_list(child);
            let mut text = String::new();
            for block in &blocks {
                let list =
                    block.text.starts_with(['*', '+', '-']) || block.text.starts_with(|c: char| c.is_ascii_digit());
                if list && !text.is_empty() && holds_list {
                    // A list below its item's text, without an empty line.
                    text.push('\n');
                    let lines: Vec<String> = block.text.split('\n').map(|line| format!("\t{line}")).collect();
                    text.push_str(&lines.join("\n"));
                } else {
                    push(&mut text, block, "\t");
                }
            }
            if !out.is_empty() {
                out.push('\n');
            }
            match ordered {
                true => out.push_str(&format!("{number}. {text}")),
                false => out.push_str(&format!("{mark} {text}")),
            }
            number = number.saturating_add(1);
        }
        out
    }

    /// Whether an item holds a list.
    fn is_list(&self, id: Id) -> bool {
        self.node(id).children.iter().any(|c| matches!(self.node(*c).name.as_str(), "ul" | "ol"))
    }

    /// The rows of a table: those of tables inside it are their own. Text that stands outside of any row is one.
    fn rows(&self, id: Id) -> Vec<Id> {
        let (mut out, mut stack) = (Vec::new(), vec![id]);
        while let Some(at) = stack.pop() {
            match self.node(at).name.as_str() {
                "tr" => out.push(at),
                "table" if at != id => out.push(at),
                "" if !self.node(at).text.trim().is_empty() => out.push(at),
                _ => stack.extend(self.node(at).children.iter().rev()),
            }
        }
        out
    }

    fn table(&self, id: Id) -> String {
        let mut rows: Vec<Vec<String>> = Vec::new();
        for row in self.rows(id) {
            let own = [row];
            let cells: &[Id] = if self.node(row).name == "tr" { &self.node(row).children } else { &own };
            let blank = |id: &&Id| self.node(**id).name.is_empty() && self.node(**id).text.trim().is_empty();
            let cell = |id: &Id| {
                let blocks = match self.node(*id).name.as_str() {
                    "td" | "th" => self.blocks(*id, 0),
                    _ => {
                        let mut blocks = Vec::new();
                        if is_block(self.node(*id)) {
                            self.block(*id, 0, &mut blocks);
                        } else {
                            self.flush(&mut vec![*id], &mut blocks);
                        }
                        blocks
                    }
                };
                let blocks: Vec<String> = blocks.into_iter().map(|b| b.text).collect();
                blocks.join(" ").replace("  \n", " ").replace('\n', " ").replace('|', "\\|")
            };
            rows.push(cells.iter().filter(|id| !blank(id)).map(cell).collect());
        }
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let line = |cells: &[String]| {
            let padded = cells.iter().map(String::as_str).chain(std::iter::repeat_n("", columns - cells.len()));
            format!("| {} |", padded.collect::<Vec<_>>().join(" | "))
        };
        let mut lines: Vec<String> = rows.iter().map(|row| line(row)).collect();
        if !lines.is_empty() {
            lines.insert(1, line(&vec!["---".to_owned(); columns]));
        }
        lines.join("\n")
    }

    /// A code block: its language is said above it or in the class of the code.
    fn code(&self, id: Id) -> Block {
        let under = self.tree.under(id);
        let code = under.iter().copied().find(|id| self.node(*id).name == "code");
        let class = |id: Id| self.node(id).class.split(' ').find_map(|c| c.strip_prefix("language-"));
        let label = code.and_then(|code| {
            // The first text before the code that no button says.
            let furniture = under.iter().filter(|id| is_furniture(self.node(**id)));
            let buttons: HashSet<Id> = furniture.flat_map(|id| self.tree.under(*id)).collect();
            let before = under.iter().take_while(|id| **id != code);
            let said = before.filter(|id| !buttons.contains(id)).map(|id| self.node(*id).text.trim());
            said.map(|text| text.trim_end_matches("Copy code").trim()).find(|text| !text.is_empty())
        });
        let language = label.filter(|l| !l.contains(char::is_whitespace)).or(code.and_then(class)).unwrap_or("");
        let text = self.tree.text(code.unwrap_or(id));
        let text = text.trim_end().trim_start_matches('\n');
        let longest =
            text.split('\n').map(|l| l.trim_start().bytes().take_while(|b| *b == b'`').count()).max().unwrap_or(0);
        let fence = "`".repeat(longest.max(2) + 1);
        let text = match text.is_empty() {
            true => format!("{fence}{language}\n{fence}"),
            false => format!("{fence}{language}\n{text}\n{fence}"),
        };
        Block { text, code: true }
    }

    fn is_formula(&self, node: &Node) -> bool {
        node.name == "math" || node.class.split(' ').any(|c| matches!(c, "katex" | "katex-display" | "math"))
    }

    /// A formula as LaTeX; as the text that it shows where its source is not on the page.
    fn formula(&self, id: Id) -> String {
        let under = self.tree.under(id);
        let source = under.iter().find(|id| {
            let node = self.node(**id);
            node.name == "annotation" && node.encoding == "application/x-tex"
        });
        if let Some(source) = source {
            let display = under
                .iter()
                .any(|id| self.node(*id).class.split(' ').any(|c| matches!(c, "math-display" | "katex-display")));
            let text = self.tree.text(*source);
            return if display { format!("$${}$$", text.trim()) } else { format!("${}$", text.trim()) };
        }
        let shown = under.iter().copied().find(|id| self.node(*id).class.split(' ').any(|c| c == "katex-html"));
        self.tree.text(shown.unwrap_or(id)).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Inline text of nodes, without white space around it.
    fn inline(&self, ids: &[Id]) -> String {
        let mut out = String::new();
        ids.iter().for_each(|id| self.span(*id, &mut out));
        // No line but one that `<br>` ends keeps blanks at its end.
        out.trim_matches([' ', '\n', '\t']).to_owned()
    }

    /// What an element says, between marks; blanks at its ends stand outside of them.
    fn around(&self, node: &Node, mark: &str, out: &mut String) {
        let mut inner = String::new();
        node.children.iter().for_each(|child| self.span(*child, &mut inner));
        let said = inner.trim();
        let (before, behind) = (inner.starts_with(' '), inner.ends_with(' ') && !said.is_empty());
        if before && !out.is_empty() && !out.ends_with([' ', '\n']) {
            out.push(' ');
        }
        if !said.is_empty() {
            out.push_str(&format!("{mark}{said}{mark}"));
        }
        if behind {
            out.push(' ');
        }
    }

    fn span(&self, id: Id, out: &mut String) {
        let node = self.node(id);
        if node.name.is_empty() {
            for c in node.text.chars() {
                match c {
                    ' ' | '\n' | '\t' | '\r' if out.is_empty() || out.ends_with([' ', '\n']) => {}
                    ' ' | '\n' | '\t' | '\r' => out.push(' '),
                    c => out.push(c),
                }
            }
            return;
        }
        if is_furniture(node) {
            return;
        }
        if self.is_formula(node) {
            out.push_str(&self.formula(id));
            return;
        }
        match node.name.as_str() {
            "br" => {
                let kept = out.trim_end_matches(' ').len();
                out.truncate(kept);
                out.push_str("  \n");
            }
            "strong" | "b" => self.around(node, "**", out),
            "em" | "i" => self.around(node, "*", out),
            "del" | "s" | "strike" => self.around(node, "~~", out),
            "code" | "kbd" | "samp" => out.push_str(&code(&self.tree.text(id).replace('\n', " "))),
            "a" => {
                let text = self.inline(&node.children);
                match node.href.as_str() {
                    "" => out.push_str(&text),
                    href if href == text => out.push_str(&format!("<{href}>")),
                    _ if text.is_empty() => {}
                    href => out.push_str(&format!("[{text}]({href})")),
                }
            }
            "img" if !node.href.is_empty() => out.push_str(&format!("![{}]({})", node.alt, node.href)),
            _ => node.children.iter().for_each(|child| self.span(*child, out)),
        }
    }
}

/// Code inside of a line, between more backticks than it has itself.
fn code(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let mark = "`".repeat(longest + 1);
    let gap = if longest > 0 { " " } else { "" };
    format!("{mark}{gap}{text}{gap}{mark}")
}

/// Without what the page counts: `2 / 3` above a regenerated answer, and `Copy12 chars / 3 words`.
fn without_counters(text: &str) -> String {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut text = text;
    let first = text.split('\n').next().unwrap_or_default();
    if let Some((now, all)) = first.split_once(" / ")
        && !now.is_empty()
        && digits(now) == now.len()
        && !all.is_empty()
        && digits(all) == all.len()
    {
        text = text[first.len()..].trim_start();
    }
    let mut out = String::with_capacity(text.len());
    while let Some(at) = text.find("Copy") {
        let behind = &text[at + 4..];
        let chars = digits(behind);
        let counter = behind[chars..].strip_prefix(" chars / ").filter(|_| chars > 0).and_then(|rest| {
            let words = digits(rest);
            rest[words..].strip_prefix(" words").filter(|_| words > 0)
        });
        out.push_str(&text[..at]);
        match counter {
            Some(rest) => text = rest,
            None => {
                out.push_str("Copy");
                text = behind;
            }
        }
    }
    out.push_str(text);
    out.trim().to_owned()
}
