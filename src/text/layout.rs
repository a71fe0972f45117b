//! Layout that a reader of pages or scans left in Chinese text: spaces between its characters, lines broken within a
//! sentence, sentences that stand twice.

use std::borrow::Cow;
use std::collections::HashSet;

use super::classes;
use super::sentences;

/// Punctuation that never has a space, or the beginning of a line, before it in Chinese.
const CLOSING: &[char] =
    &['，', '。', '！', '？', '；', '：', '、', '）', '》', '」', '』', '】', '〉', '〕', '”', '’'];
/// Punctuation that never has a space behind it in Chinese.
const OPENING: &[char] = &['（', '《', '「', '『', '【', '〈', '〔', '“', '‘'];
/// Signs that end a sentence.
const ENDS: &[char] =
    &['。', '！', '？', '…', '；', '：', '.', '!', '?', ';', ':', '”', '」', '』', '）', ')', '】', '~', '～', '—'];

fn han(c: char) -> bool {
    classes::is_han(classes::class(c))
}

/// The text without spaces between Han characters, where a line shows that they part nothing: single characters spaced out
/// (`中 文 字`), or so many gaps that they are word or character breaks; and without a space between a Han character and
/// the Chinese punctuation that belongs to it.
pub fn unspace(text: &str) -> Cow<'_, str> {
    if !text.contains([' ', '\u{3000}']) || text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let mut cuts = Vec::new();
    let mut start = 0;
    for line in text.split('\n') {
        gaps(line, start, &mut cuts);
        start += line.len() + 1;
    }
    sentences::without(text, &cuts)
}

/// Gaps of one line that go, in bytes of the text.
fn gaps(line: &str, offset: usize, cuts: &mut Vec<(usize, usize)>) {
    if line.is_ascii() || !line.contains([' ', '\u{3000}']) {
        return;
    }
    let all: Vec<Gap> = find_gaps(line);
    if all.is_empty() {
        return;
    }
    let between = all.iter().filter(|g| g.between).count();
    let han_count = line.chars().filter(|c| han(*c)).count();
    // Words of Chinese have 1.5 to 2 characters: gaps this near to each other part words or characters.
    let spaced = between >= 5 && han_count <= between * 5 / 2 + 2;
    for (at, gap) in all.iter().enumerate() {
        let single = gap.between && (alone(&all, at) || at > 0 && alone(&all, at - 1) || alone(&all, at + 1));
        // A space behind a sign that had one before it: `好 ， 我` is set so throughout.
        let behind = at > 0 && gap.behind && all[at - 1].sign && line[all[at - 1].end..gap.start].chars().count() == 1;
        if gap.sign || spaced || single || behind {
            cuts.push((offset + gap.start, offset + gap.end));
        }
    }
}

/// White space in a line.
struct Gap {
    start: usize,
    end: usize,
    /// Between two Han characters.
    between: bool,
    /// Beside punctuation that never has a space there.
    sign: bool,
    /// Behind punctuation that mostly has none, and before Han.
    behind: bool,
    /// Han characters from the gap before (of one space) to this one, where there are no others between.
    run: Option<usize>,
    one: bool,
}

/// Whether a single character stands between a gap and the one before, and another before that or behind: three
/// characters in a row that single spaces part.
fn alone(gaps: &[Gap], at: usize) -> bool {
    let single = |at: usize| gaps.get(at).is_some_and(|g| g.between && g.one && g.run == Some(1));
    single(at) && (at > 0 && single(at - 1) || single(at + 1))
}

fn find_gaps(line: &str) -> Vec<Gap> {
    let mut all: Vec<Gap> = Vec::new();
    let mut at = 0;
    while let Some(found) = line[at..].find([' ', '\u{3000}']) {
        let start = at + found;
        let end = start + line[start..].len() - line[start..].trim_start_matches([' ', '\u{3000}']).len();
        at = end;
        let (Some(before), Some(behind)) = (line[..start].chars().next_back(), line[end..].chars().next()) else {
            continue;
        };
        let between = han(before) && han(behind);
        let word = han(before) || before.is_ascii_alphanumeric() || matches!(before, '%' | '”' | '》' | '）');
        let sign = word && CLOSING.contains(&behind) && !matches!(behind, '”' | '’')
            || OPENING.contains(&before) && !matches!(before, '“' | '‘') && han(behind);
        let behind_sign = CLOSING.contains(&before) && han(behind);
        if !between && !sign && !behind_sign {
            continue;
        }
        let since = all.last().map_or(0, |g| g.end);
        let piece = &line[since..start];
        let run = piece.chars().all(han).then(|| piece.chars().count());
        all.push(Gap { start, end, between, sign, run, one: end - start == 1, behind: behind_sign });
    }
    all
}

/// The text with lines joined that were broken within a sentence: where a line begins with punctuation that cannot begin
/// one, and in paragraphs that are broken at one width (three lines or more, 18 characters or wider), as e-mail, scans and
/// PDF files have them.
pub fn unbreak(text: &str) -> Cow<'_, str> {
    if !text.contains('\n') || text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let lines: Vec<&str> = text.split('\n').collect();
    let mut join = vec![false; lines.len()];
    let mut from = 0;
    while from < lines.len() {
        let to = (from..lines.len()).find(|at| lines[*at].trim().is_empty()).unwrap_or(lines.len());
        mark(&lines[from..to], &mut join[from..to]);
        from = to + 1;
    }
    if !join.contains(&true) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for (at, line) in lines.iter().enumerate() {
        if at == 0 {
            out.push_str(line);
        } else if join[at] {
            let line = line.trim_start_matches([' ', '\u{3000}', '\t']);
            let kept = out.trim_end_matches([' ', '\u{3000}', '\t', '\r']).len();
            out.truncate(kept);
            // Latin words keep a space between them.
            let latin = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
            if latin(out.chars().next_back()) && latin(line.chars().next()) {
                out.push(' ');
            }
            out.push_str(line);
        } else {
            out.push('\n');
            out.push_str(line);
        }
    }
    Cow::Owned(out)
}

/// Marks the lines of one block that go on the line before.
fn mark(lines: &[&str], join: &mut [bool]) {
    let widths: Vec<usize> = lines.iter().map(|l| width(l)).collect();
    let widest = widths.iter().copied().max().unwrap_or(0);
    let full = |at: usize| widths[at] + 4 >= widest;
    let whole = lines.len().saturating_sub(1);
    let wrapped = lines.len() >= 3
        && widest >= 36
        && (0..whole).filter(|at| full(*at)).count() * 10 >= whole * 7
        && (0..whole).filter(|at| full(*at) && open(lines[*at])).count() >= 2;
    for at in 1..lines.len() {
        let (before, line) = (lines[at - 1], lines[at]);
        let first = line.trim_start_matches([' ', '\u{3000}']).chars().next().unwrap_or(' ');
        let dangling = CLOSING.contains(&first)
            && !matches!(first, '”' | '’' | '：')
            && before.trim_end().chars().next_back().is_some_and(han);
        let flows = wrapped && full(at - 1) && open(before) && continues(line);
        join[at] = (dangling || flows) && !marked(line) && !marked(before);
    }
}

/// Columns of a line: Han and full-width signs have two.
fn width(line: &str) -> usize {
    line.trim_end().chars().map(|c| 1 + usize::from(c >= '\u{2E80}')).sum()
}

/// Whether a line ends within a sentence: in a Han character, or a comma.
fn open(line: &str) -> bool {
    let last = line.trim_end().chars().next_back();
    last.is_some_and(|c| (han(c) || matches!(c, '，' | '、') || c.is_ascii_alphanumeric()) && !ENDS.contains(&c))
        && line.chars().any(han)
}

/// Whether a line may go on the one before: it begins with a letter, without an indent.
fn continues(line: &str) -> bool {
    line.chars().next().is_some_and(|c| han(c) || c.is_ascii_alphanumeric() || OPENING.contains(&c))
        && line.chars().any(han)
}

/// Whether a line is a heading, an item, a row of a table or code.
fn marked(line: &str) -> bool {
    let start = line.trim_start();
    let number = start.trim_start_matches(|c: char| c.is_ascii_digit() || "一二三四五六七八九十百第".contains(c));
    let item = number.len() < start.len()
        && number.starts_with(['.', '、', '．', ')', '）', '章', '节', '条', '回', '卷', '篇']);
    start.starts_with(['#', '-', '*', '>', '|', '•', '·', '●', '+', '`', '/', '$', '=', '<'])
        || item
        || line.contains(['|', '\t', '`', '{', '}'])
}

/// Bytes that may be read again and again until nothing stands twice.
const ROUNDS_BYTES: usize = 1 << 24;

/// The text without sentences and lines that stood in it before: those of at least `chars` characters, without white space
/// and the signs around; the first stays.
pub fn unrepeat(text: &str, chars: usize) -> Cow<'_, str> {
    let mut out = Cow::Borrowed(text);
    // What is cut may bring two halves together.
    let most = (ROUNDS_BYTES / text.len().max(1)).max(8);
    for _ in 0..most {
        let spans = repeats(&out, chars.max(1));
        if spans.is_empty() {
            break;
        }
        let rest = sentences::without(&out, &spans).into_owned();
        out = Cow::Owned(rest.trim_end_matches('\n').to_owned());
    }
    out
}

/// Sentences that stood before, in bytes of the text; lines with their breaks.
pub fn repeats(text: &str, chars: usize) -> Vec<(usize, usize)> {
    let mut seen: HashSet<&str> = HashSet::new();
    let mut spans: Vec<(usize, usize)> = Vec::new();
    let mut fenced = false;
    let mut start = 0;
    for line in text.split('\n') {
        let end = start + line.len();
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced && !line.contains(['|', '`', '\t']) && !line.starts_with("    ") {
            let mut cut = 0;
            for (from, to) in pieces(line) {
                let key = line[from..to].trim();
                if is_sentence(key, chars) && !seen.insert(key) {
                    spans.push((start + from, start + to));
                    cut += to - from;
                }
            }
            if cut > 0 && cut == line.len() {
                // A whole line takes its break along.
                let own = spans.partition_point(|s| s.0 < start);
                spans.truncate(own);
                spans.push((start, (end + 1).min(text.len())));
            }
        }
        start = end + 1;
    }
    spans
}

/// Whether a piece is a sentence of so many letters or more, and no code, link or address.
fn is_sentence(piece: &str, chars: usize) -> bool {
    let letters = piece.chars().filter(|c| c.is_alphanumeric()).count();
    let coded = piece.contains(['{', '}', '=', '$', '<', '>', '\\', '_'])
        || piece.contains("](")
        || piece.contains("://")
        || piece.ends_with(';');
    letters >= chars && !coded && (piece.chars().any(han) || piece.split_whitespace().count() >= 4)
}

/// The sentences of a line, with the quotes that close behind them.
fn pieces(line: &str) -> Vec<(usize, usize)> {
    let mut all = Vec::new();
    let mut from = 0;
    let mut chars = line.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|n| n.1);
        // The number of an item is no sentence, and ASCII signs end one before white space only.
        let number = c == '.' && line[..at].ends_with(|c: char| c.is_ascii_digit());
        let ascii = matches!(c, '.' | '!' | '?') && next.is_none_or(char::is_whitespace) && !number;
        let ends = matches!(c, '。' | '！' | '？') || ascii;
        if !ends
            || next.is_some_and(|n| {
                matches!(n, '。' | '！' | '？' | '!' | '?' | '”' | '’' | '」' | '』' | '）' | ')' | '"')
            })
        {
            let closes = matches!(c, '”' | '’' | '」' | '』' | '）' | ')' | '"')
                && line[..at].ends_with(['。', '！', '？', '!', '?', '.']);
            if !closes || next.is_some_and(|n| matches!(n, '”' | '’' | '」' | '』' | '）' | ')' | '"')) {
                continue;
            }
        }
        all.push((from, at + c.len_utf8()));
        from = at + c.len_utf8();
    }
    if from < line.len() {
        all.push((from, line.len()));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_that_part_nothing_go() {
        for (text, clean) in [
            ("中 文 字 体 的 设 计", "中文字体的设计"),
            ("这 是 一个 测试 文本 ， 分词 之后 有 空格 。", "这是一个测试文本，分词之后有空格。"),
            ("他说 ，好的 。《 红楼梦 》很好", "他说，好的。《红楼梦》很好"),
            ("关于 扫 描 件 的 说明", "关于扫描件的说明"),
            ("今天很好 。 我们去 ， 他不去 。", "今天很好。我们去，他不去。"),
            ("共有 202 。比例为 30% ，不算高", "共有 202。比例为 30%，不算高"),
        ] {
            assert_eq!(unspace(text), clean);
            assert_eq!(unspace(clean), clean);
        }
        for text in [
            "第一章 总则",
            "张三 李四 王五",
            "床前明月光 疑是地上霜",
            "使用 Python 编写 程序",
            "北京 上海 广州 深圳 杭州 成都 都是大城市里头的代表",
            "甲 乙",
            "　　段首缩进的正文。",
            "说：“ 引文”",
            "a b c 中 d",
        ] {
            assert!(matches!(unspace(text), Cow::Borrowed(_)), "{text} -> {}", unspace(text));
        }
    }

    #[test]
    fn lines_broken_at_one_width_are_joined() {
        let wrapped = "清晨的阳光照进了院子里面，母亲已经把早饭\n端上了桌子，孩子们还在睡梦之中没有醒来，\n只有那只花猫悄悄地走过窗台，跳到了地板上\n面去。";
        let joined = unbreak(wrapped).into_owned();
        assert_eq!(joined, wrapped.replace('\n', ""));
        assert_eq!(unbreak(&joined), joined);
        assert_eq!(unbreak("他说了很久\n，没有人回答\n。"), "他说了很久，没有人回答。");
        for text in [
            "床前明月光，\n疑是地上霜。\n举头望明月，\n低头思故乡。",
            "第一章 总则\n第二章 分则\n第三章 附则",
            "- 第一项的内容是这样的一些东西\n- 第二项的内容是那样的一些东西\n- 第三项的内容是别样的一些东西",
            "一个完整的段落。\n另一个完整的段落。",
            "标题\n正文从这里开始，写了许多。\n结束",
        ] {
            assert!(matches!(unbreak(text), Cow::Borrowed(_)), "{text}");
        }
    }

    #[test]
    fn sentences_stand_once() {
        let text = "这一句话在文中会出现两次吗？中间有别的话。这一句话在文中会出现两次吗？后面还有。";
        assert_eq!(unrepeat(text, 8), "这一句话在文中会出现两次吗？中间有别的话。后面还有。");
        assert_eq!(
            unrepeat("同一行文字写了两遍在这里\n别的\n同一行文字写了两遍在这里\n末尾", 8),
            "同一行文字写了两遍在这里\n别的\n末尾"
        );
        assert_eq!(unrepeat("短句。短句。短句。", 8), "短句。短句。短句。");
        assert_eq!(
            unrepeat("他说：“这句话要说上两遍才行。”他说：“这句话要说上两遍才行。”完", 8),
            "他说：“这句话要说上两遍才行。”完"
        );
        let code = "```\nlet value = compute(value);\nlet value = compute(value);\n```";
        assert!(matches!(unrepeat(code, 8), Cow::Borrowed(_)));
        let once = unrepeat(&text.repeat(3), 8).into_owned();
        assert_eq!(unrepeat(&once, 8), once);
    }
}
