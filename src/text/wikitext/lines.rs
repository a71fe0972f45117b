//! Lines: tables, headings, lists, rules; then each line's own markup, and empty sections away.

use super::{BREAK, CUT, HOLE, RULES, clean, inline, is_void};

enum Block {
    Heading {
        level: usize,
        text: String,
    },
    /// A `;` line in a section of references: names what follows, as a heading does.
    Term(String),
    Line(String),
    Blank,
}

/// Sections of which list items that link out of the wiki are dropped: they hold only references.
const APPARATUS: &[&str] = &[
    "参考文献",
    "參考文獻",
    "参考资料",
    "參考資料",
    "参考来源",
    "參考來源",
    "参考",
    "參考",
    "外部链接",
    "外部連結",
    "外部鏈接",
    "外部連接",
    "外部连接",
    "外部链結",
    "注释",
    "註釋",
    "脚注",
    "腳註",
    "脚註",
    "资料来源",
    "資料來源",
    "来源",
    "來源",
    "references",
    "external links",
    "notes",
    "sources",
    "footnotes",
    "notes and references",
    "外部リンク",
    "脚注",
    "出典",
];

/// The text of all lines, blocks parted as on the page.
pub(super) fn text(flat: &str) -> String {
    let mut blocks = blocks(flat);
    drop_empty_sections(&mut blocks);
    let mut out = String::with_capacity(flat.len());
    for block in blocks {
        match block {
            Block::Heading { text, .. } => {
                out.push_str("\n\n");
                out.push_str(&text);
                out.push_str("\n\n");
            }
            Block::Line(line) | Block::Term(line) => {
                out.push_str(&line);
                out.push('\n');
            }
            Block::Blank => out.push('\n'),
        }
    }
    out
}

fn blocks(flat: &str) -> Vec<Block> {
    let lines: Vec<&str> = flat.split('\n').collect();
    let mut blocks = Vec::with_capacity(lines.len());
    let mut apparatus = false;
    // Rule marks of what went, for the next text that stays.
    let mut rules = 0;
    for (at, table) in tables(&lines).into_iter().enumerate() {
        let line = table.rest(lines[at]);
        if line.trim().is_empty() {
            if matches!(table, Table::Outside) {
                blocks.push(Block::Blank);
            } else {
                rules += marks(lines[at]);
            }
            continue;
        }
        let mut own = marks(line);
        let mut due = |text: String| {
            own = own.saturating_sub(marks(&text));
            String::from_iter(std::iter::repeat_n(RULES, std::mem::take(&mut rules))) + &text
        };
        if let Some((level, title)) = heading(line) {
            let (title, _) = inline::read(title);
            let title = clean::mended(&title.replace(BREAK, " "));
            if !title.trim_matches(is_void).is_empty() {
                apparatus = APPARATUS.contains(&title.trim_matches(is_void).to_lowercase().as_str());
                blocks.push(Block::Heading { level, text: due(title) });
            }
            rules += own;
            continue;
        }
        let (marker, rest) = marker(line);
        let list = !marker.is_empty();
        let (term, meaning) = match marker.contains(';').then(|| inline::colon(rest)).flatten() {
            Some(at) => (&rest[..at], Some(&rest[at + 1..])),
            None => (rest, None),
        };
        let term_alone = apparatus && marker == ";" && meaning.is_none();
        for part in [Some(term), meaning].into_iter().flatten() {
            let (text, linked) = inline::read(part);
            if apparatus && list && linked {
                continue;
            }
            for (n, piece) in text.split(BREAK).enumerate() {
                let piece = if list || n > 0 { piece.trim_start() } else { piece.strip_prefix(' ').unwrap_or(piece) };
                if is_stump(piece, &lines[at + 1..]) {
                    continue;
                }
                let piece = clean::mended(piece);
                if !piece.trim_matches(is_void).is_empty() {
                    let text = due(piece);
                    blocks.push(if term_alone { Block::Term(text) } else { Block::Line(text) });
                }
            }
        }
        rules += own;
    }
    blocks
}

/// Whether nothing but a name and its colon is left of a line (`Web: {{url|a}}`), and no list follows.
fn is_stump(piece: &str, next: &[&str]) -> bool {
    let shown = piece.trim_end_matches(is_void);
    shown.ends_with([':', '：'])
        && piece[shown.len()..].contains(HOLE)
        && !piece[shown.len()..].contains([CUT, RULES])
        && shown.chars().take(21).count() <= 20
        && !shown.contains(['，', '。', '；', '！', '？', ',', '.'])
        && !next.iter().find(|l| !l.trim().is_empty()).is_some_and(|l| l.starts_with(['*', '#', ':', ';', BREAK]))
}

fn marks(text: &str) -> usize {
    text.matches(RULES).count()
}

#[derive(Clone, Copy)]
enum Table {
    Outside,
    Inside,
    /// The line with the `|}` of an outermost table.
    End,
}

impl Table {
    /// What a line has outside of the table.
    fn rest<'l>(&self, line: &'l str) -> &'l str {
        match self {
            Table::Outside => line,
            Table::Inside => "",
            Table::End => line.split_once("|}").map_or("", |(_, rest)| rest),
        }
    }
}

/// Which lines are in tables: all between a `{|` and its `|}`, and single ones that only a table can have.
fn tables(lines: &[&str]) -> Vec<Table> {
    let mut kinds = vec![Table::Outside; lines.len()];
    let mut open = Vec::new();
    // How much deeper each line is than the one before.
    let mut steps = vec![0isize; lines.len() + 1];
    for (n, line) in lines.iter().enumerate() {
        let line = line.trim_start_matches(|c: char| is_void(c) || c == ':');
        if line.starts_with("{|") {
            open.push(n);
            kinds[n] = Table::Inside;
        } else if line.starts_with("|}") {
            if let Some(start) = open.pop() {
                steps[start] += 1;
                steps[n] -= 1;
            }
            kinds[n] = Table::End;
        } else if line.starts_with('|') || (line.starts_with('!') && !open.is_empty()) {
            // A row out of a table that is never closed, or an argument out of such a template.
            kinds[n] = Table::Inside;
        }
    }
    let mut depth = 0;
    for (kind, step) in kinds.iter_mut().zip(steps) {
        depth += step;
        if depth > 0 {
            *kind = Table::Inside;
        }
    }
    kinds
}

/// Level and title of `== title ==`.
fn heading(line: &str) -> Option<(usize, &str)> {
    let line = line.trim_start_matches([HOLE, RULES]).trim_end_matches(is_void);
    let open = line.bytes().take_while(|b| *b == b'=').count();
    let close = line.bytes().rev().take_while(|b| *b == b'=').count();
    let level = open.min(close).min(6);
    (level > 0 && line.len() > 2 * level).then(|| (level, line[level..line.len() - level].trim_matches(is_void)))
}

/// The list markers or the rule that a line starts with, and the rest.
fn marker(line: &str) -> (&str, &str) {
    let bare = line.trim_start_matches([HOLE, RULES]);
    let dashes = bare.len() - bare.trim_start_matches('-').len();
    if dashes >= 4 {
        return ("", &bare[dashes..]);
    }
    let rest = bare.trim_start_matches(['*', '#', ':', ';']);
    let marker = &bare[..bare.len() - rest.len()];
    if marker.is_empty() { ("", line) } else { (marker, rest) }
}

/// Headings with nothing under them, or only such headings.
fn drop_empty_sections(blocks: &mut [Block]) {
    // Whether there is text from here on, before a heading of that level or above.
    let mut filled = [false; 7];
    for block in blocks.iter_mut().rev() {
        match block {
            Block::Line(_) => filled = [true; 7],
            Block::Heading { level, .. } => {
                let keep = filled[*level];
                filled[*level..].fill(false);
                if !keep {
                    *block = Block::Blank;
                }
            }
            Block::Term(_) if !filled[6] => *block = Block::Blank,
            Block::Term(_) | Block::Blank => {}
        }
    }
}
