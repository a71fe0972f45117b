//! Boilerplate of web pages: lines that belong to the page and not to its text (`展开全文`, `责任编辑：…`, `Share this`).
//!
//! Patterns are data ([`Pattern`]): each takes a whole line, or the bracketed or last piece of one, so that a sentence about
//! copyright stays. Some are cut wherever they stand, others only at the edges of a text: among its first and last lines.

use std::borrow::Cow;
use std::collections::HashMap;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use memchr::memmem;

mod rounds;

use rounds::{Facts, Found, Judge};

/// The most characters that `*` stands for.
const SHORT: usize = 40;
/// The most characters that `**` stands for.
const LONG: usize = 300;

/// Where a pattern is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Wherever it stands.
    Any,
    /// Among the first and last lines only.
    Edge,
    /// There, and only beside other boilerplate: a word that is a title too (`教育`).
    Menu,
}

/// One pattern, with where it was seen and an example that it takes.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// `expand`, `navigate`, `editor`, `copyright`, `follow`, `share`, `comment`, `advert`, or one of the user's.
    pub group: String,
    /// Where it is cut.
    pub place: Place,
    /// The pattern as written.
    pub text: String,
    /// Where it was seen.
    pub source: String,
    /// A line that it takes.
    pub example: String,
}

/// Chinese patterns, as [`parse`] reads them.
pub const ZH: &str = include_str!("zh.tsv");
/// English patterns, as [`parse`] reads them.
pub const EN: &str = include_str!("en.tsv");

/// Reads patterns: a line each of group, place (`any`, `edge` or `menu`), pattern, source and example, tabs between; lines that
/// begin with `#` are comment.
///
/// # Errors
/// Names the line that is not of this form, or whose example its pattern does not take.
pub fn parse(tsv: &str) -> Result<Vec<Pattern>, String> {
    let mut patterns = Vec::new();
    for (at, line) in tsv.lines().enumerate().filter(|(_, l)| !l.is_empty() && !l.starts_with('#')) {
        let number = at + 1;
        let fields: Vec<&str> = line.split('\t').collect();
        let [group, place, text, source, example] = fields[..] else {
            return Err(format!(
                "line {number}: {} fields where there are five: group, place, pattern, source, example",
                fields.len()
            ));
        };
        let place = match place {
            "any" => Place::Any,
            "edge" => Place::Edge,
            "menu" => Place::Menu,
            other => {
                return Err(format!("line {number}: `{other}` is no place; write `any`, `edge` or `menu`"));
            }
        };
        let parts = Parts::of(text).ok_or_else(|| format!("line {number}: the pattern `{text}` has no words"))?;
        if !parts.take(&bare(example).to_lowercase()) {
            return Err(format!("line {number}: the pattern `{text}` does not take its example `{example}`"));
        }
        patterns.push(Pattern {
            group: group.into(),
            place,
            text: text.into(),
            source: source.into(),
            example: example.into(),
        });
    }
    Ok(patterns)
}

/// A pattern ready to match: its words in lower case, and the gap before each and behind the last (0: none).
#[derive(Clone, Debug)]
struct Parts {
    words: Vec<String>,
    /// What finds each word.
    finders: Vec<memmem::Finder<'static>>,
    gaps: Vec<usize>,
}

impl Parts {
    fn of(pattern: &str) -> Option<Parts> {
        let pattern = pattern.to_lowercase();
        let (mut words, mut gaps) = (Vec::<String>::new(), Vec::new());
        let mut gap = 0;
        let mut rest = pattern.as_str();
        while !rest.is_empty() {
            if let Some(behind) = rest.strip_prefix("**") {
                (gap, rest) = (LONG, behind);
            } else if let Some(behind) = rest.strip_prefix('*') {
                (gap, rest) = (SHORT, behind);
            } else {
                let end = rest.find('*').unwrap_or(rest.len());
                words.push(rest[..end].to_owned());
                gaps.push(gap);
                (gap, rest) = (0, &rest[end..]);
            }
        }
        gaps.push(gap);
        let finders = words.iter().map(|word| memmem::Finder::new(word).into_owned()).collect();
        (!words.is_empty()).then_some(Parts { words, finders, gaps })
    }

    /// Whether it takes a whole line, which is in lower case.
    fn take(&self, line: &str) -> bool {
        self.from(line, 0)
    }

    fn from(&self, rest: &str, at: usize) -> bool {
        let gap = self.gaps[at];
        let Some(word) = self.words.get(at) else {
            return gap_fits(rest, gap);
        };
        if gap == 0 {
            return rest.strip_prefix(word.as_str()).is_some_and(|behind| self.from(behind, at + 1));
        }
        self.finders[at]
            .find_iter(rest.as_bytes())
            .take_while(|place| gap_fits(&rest[..*place], gap))
            .any(|place| self.from(&rest[place + word.len()..], at + 1))
    }
}

/// Whether a gap of a pattern may stand for these characters.
fn gap_fits(text: &str, gap: usize) -> bool {
    let ends = |c: char| matches!(c, '。' | '！' | '？' | '；');
    // Sentences end in the gap only at its very end.
    let inner = text.trim_end_matches(['。', '！', '？', '；', '.', '!', '?', ' ']);
    text.is_empty()
        || gap > 0
            && text.len() <= gap * 4
            && text.chars().count() <= gap
            && (gap == LONG || !inner.contains(ends) && !inner.contains(". "))
}

/// A line without the signs that decorate it.
fn bare(line: &str) -> &str {
    const SIGNS: &[char] = &[
        ' ', '\t', '\u{3000}', '\u{A0}', '【', '】', '[', ']', '（', '）', '(', ')', '<', '>', '«', '»', '>', '》',
        '《', '|', '｜', '▲', '▼', '▶', '►', '●', '■', '◆', '★', '☆', '·', '•', '-', '—', '–', '*', '#', '→', '←', '↑',
        '↓', '=', '_', '~', '～', '…', '：', ':', '。', '.', '!', '！', '?', '？', '"', '“', '”', '\r', '›', '‹', '/',
        '＞', '×', '，', ',', '、',
    ];
    line.trim_matches(SIGNS)
}

/// Patterns ready to cut.
pub struct Cutter {
    patterns: Vec<Pattern>,
    parts: Vec<Parts>,
    /// Patterns that begin with a word, by its first character.
    by_first: HashMap<char, Vec<usize>>,
    /// Patterns that begin with a gap.
    open: Vec<usize>,
    /// The first words of all: a line without any of them has no pattern. `None` without patterns.
    words: Option<AhoCorasick>,
}

impl Cutter {
    /// The cutter of these patterns.
    pub fn new(patterns: Vec<Pattern>) -> Cutter {
        let (mut by_first, mut open, mut parts) = (HashMap::<char, Vec<usize>>::new(), Vec::new(), Vec::new());
        let mut kept = Vec::new();
        for pattern in patterns {
            let Some(ready) = Parts::of(&pattern.text) else {
                continue;
            };
            match ready.words[0].chars().next().filter(|_| ready.gaps[0] == 0) {
                Some(first) => by_first.entry(first).or_default().push(parts.len()),
                None => open.push(parts.len()),
            }
            parts.push(ready);
            kept.push(pattern);
        }
        let first = parts.iter().map(|p: &Parts| p.words[0].as_str());
        // A table of all steps: some megabytes, and three times as fast as the automaton that would be chosen.
        let mut builder = AhoCorasick::builder();
        builder.ascii_case_insensitive(true).kind(Some(AhoCorasickKind::DFA));
        let words = builder.build(first).ok().filter(|_| !parts.is_empty());
        Cutter { patterns: kept, parts, by_first, open, words }
    }

    /// Its patterns.
    pub fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }

    /// The text without boilerplate.
    pub fn clean<'a>(&self, text: &'a str) -> Cow<'a, str> {
        rounds::clean(self, text)
    }

    /// The pattern that takes a line, whole or piece by piece.
    fn line(&self, line: &str, edge: bool) -> Option<usize> {
        if line.len() > LONG * 3 {
            return None;
        }
        let whole = bare(line);
        if whole.is_empty() {
            return None;
        }
        if let Some(found) = self.piece(whole, edge) {
            return (!self.is_said(found, line)).then_some(found);
        }
        let pieces: Vec<&str> = whole
            .split(['|', '｜', '/', '·', '•', '\t', '\u{3000}', '»', '>'])
            .flat_map(|p| p.split("  "))
            .map(bare)
            .filter(|p| !p.is_empty())
            .collect();
        let pieces = if pieces.len() > 1 { pieces } else { whole.split_whitespace().collect() };
        if pieces.len() < 2 || pieces.len() > 30 {
            return None;
        }
        let mut first = None;
        for piece in pieces {
            let found = self.piece(piece, true)?;
            first.get_or_insert(found);
        }
        first.filter(|at| edge || self.patterns[*at].place == Place::Any)
    }

    /// Whether what follows the name of an office is what somebody says: `记者：您喜欢什么？`, and no name.
    fn is_said(&self, pattern: usize, line: &str) -> bool {
        let Pattern { group, text, .. } = &self.patterns[pattern];
        if group != "editor" || !text.ends_with(['：', ':', '*']) {
            return false;
        }
        let line = line.trim_end();
        let behind = line.split_once(['：', ':']).map_or(0, |parts| parts.1.chars().count());
        line.ends_with(['？', '?', '！', '!', '”', '」']) || line.ends_with(['。', '…']) && behind > 12
    }

    fn piece(&self, piece: &str, edge: bool) -> Option<usize> {
        if piece.len() > LONG * 3 {
            return None;
        }
        let short = piece.len() <= SHORT * 3 * 2;
        let first = piece.chars().next()?.to_lowercase().next()?;
        let begun = self.by_first.get(&first).map_or(&[][..], Vec::as_slice);
        if begun.is_empty() && !short {
            return None;
        }
        let lower = piece.to_lowercase();
        let open = if short { &self.open[..] } else { &[] };
        let fits = |at: &&usize| (edge || self.patterns[**at].place == Place::Any) && self.parts[**at].take(&lower);
        begun.iter().chain(open).find(fits).copied()
    }

    /// The end of a line that a pattern takes: its last bracketed piece, or what follows its last sentence.
    fn tail(&self, line: &str, edge: bool) -> Option<(usize, usize)> {
        let trimmed = line.trim_end();
        let from = match trimmed.chars().next_back()? {
            '）' | ')' => trimmed.rfind(['（', '('])?,
            '】' | ']' => trimmed.rfind(['【', '['])?,
            _ => {
                let body = trimmed.trim_end_matches(['。', '！', '？', '>', '»', '.', '…']);
                let end = body.rfind(['。', '！', '？', '…', '”', '」'])?;
                end + body[end..].chars().next().map_or(0, char::len_utf8)
            }
        };
        let piece = bare(&trimmed[from..]);
        if from == 0 || piece.is_empty() || piece.len() > SHORT * 3 {
            return None;
        }
        self.piece(piece, edge).filter(|at| self.parts[*at].gaps[0] == 0 || edge).map(|at| (from, at))
    }
}

impl Judge for Cutter {
    fn words(&self) -> Option<&AhoCorasick> {
        self.words.as_ref()
    }

    fn judge(&self, line: &str, facts: &Facts, edge: bool, last: bool) -> Option<Found> {
        if facts.is_code(line) {
            return None;
        }
        let tail = || self.tail(line, last).map(|(from, pattern)| Found::Tail(from, pattern));
        self.line(line, edge).map(Found::Whole).or_else(tail)
    }

    fn is_word(&self, pattern: usize, text: &str) -> (bool, Place) {
        let pattern = &self.patterns[pattern];
        // A row of words is no title.
        let row = bare(text).len() > pattern.text.len();
        let place = if row && pattern.place == Place::Menu { Place::Edge } else { pattern.place };
        (!pattern.text.contains('*'), place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cutter() -> Cutter {
        Cutter::new([parse(ZH).unwrap(), parse(EN).unwrap()].concat())
    }

    #[test]
    fn every_example_is_taken() {
        let cutter = cutter();
        for pattern in cutter.patterns().to_vec() {
            let body = "第一段讲了许多事情，读来很有意思。\n".repeat(9);
            let beside = if pattern.place == Place::Menu { "首页\n" } else { "" };
            let text = format!("{body}{beside}{}\n", pattern.example);
            assert_eq!(cutter.clean(&text), body.trim_end(), "{pattern:?}");
            if pattern.place == Place::Any {
                assert_eq!(
                    cutter.clean(&format!("{body}{}\n{body}{body}", pattern.example)),
                    body.repeat(3).trim_end(),
                    "{pattern:?}"
                );
            }
        }
    }

    #[test]
    fn text_about_such_things_stays() {
        let cutter = cutter();
        for text in [
            "版权声明是作者对作品权利的公开说明，它通常写在书的扉页。",
            "扫码关注已经成了商家的口头禅，谁都听得见。",
            "记者：您从什么时候开始修钟表的？\n陈师傅：十六岁。\n记者：现在还有人修机械表吗？\n陈师傅：有，年轻人多。",
            "未经授权的访问会被防火墙拒绝。\n管理员应当定期检查日志，并保留证据。",
            "他在报社做责任编辑已经二十年了，经手的稿子数不清。",
            "上一篇论文讨论了气候，下一篇则谈海洋。两者互为补充。",
            "扫码支付在城市里十分普遍，老人却常常不知如何使用。",
            "关注公众号运营的人都知道，标题最重要。\n内容其次。",
            "This essay asks why all rights reserved became the default in law. It then turns to history.",
            "Read more books and you will write better sentences. Share this with nobody else in the room, he said.",
            "点击率很高的广告往往很吵，读者并不喜欢。",
            "用户需要下载银行的客户端才能办理这项业务，这让老人为难。\n所以柜台还在。",
            "我们分享到此结束。",
            "首页设计是网站建设的第一步。",
            "目录学是研究书目的学问。",
            // A title, of a text or of what follows.
            "教育\n\n教育是培养人的活动。\n它与社会的发展分不开。",
            "第一章讲过了。\n第二章也讲过了。\n\n图片",
            "News\n\nNews is what people have not heard yet.\nIt ages fast.",
        ] {
            assert_eq!(cutter.clean(text), text);
        }
    }

    #[test]
    fn ends_of_lines_and_rows_of_links() {
        let cutter = cutter();
        assert_eq!(cutter.clean("会议昨天闭幕。（责任编辑：王小明）"), "会议昨天闭幕。");
        assert_eq!(
            cutter.clean("新闻\n教育\n正文在此，很长很长。\n正文还没有完。"),
            "正文在此，很长很长。\n正文还没有完。"
        );
        assert_eq!(
            cutter.clean("教育 | 科技\n正文在此，很长很长。\n正文还没有完。"),
            "正文在此，很长很长。\n正文还没有完。"
        );
        assert_eq!(cutter.clean("会议昨天闭幕，各方满意。展开全文"), "会议昨天闭幕，各方满意。");
        assert_eq!(
            cutter.clean("首页 | 新闻 | 体育 | 登录\n正文在此，很长很长。\n上一篇：甲 下一篇：乙"),
            "正文在此，很长很长。"
        );
        assert_eq!(
            cutter.clean("正文在此。\n\n来源：某某网\n责任编辑：李四\n版权声明：本文归作者所有。转载请联系。"),
            "正文在此。"
        );
        let item = "Some plans.\n- Start a hobby\n- Read more\n- Get organised\nThat is all.";
        assert_eq!(cutter.clean(item), item);
        assert_eq!(cutter.clean("Home | About | Contact\nThe text.\nShare this:\nFacebook\nTwitter"), "The text.");
    }

    #[test]
    fn errors_name_their_line() {
        assert!(parse("a\tany\tx\ty").unwrap_err().contains("line 1"));
        assert!(parse("# c\na\teverywhere\tx\ty\tz").unwrap_err().contains("line 2"));
        assert!(parse("a\tany\tx\ty\tz").unwrap_err().contains("does not take"));
        assert!(parse("a\tany\t**\ty\tz").unwrap_err().contains("no words"));
    }
}
