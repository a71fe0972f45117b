//! Whether an answer breaks off.

use super::code::{Code, is_code_line};

/// What a sentence ends with.
const ENDS: &str = "。！？!?…；;｡．～~♪";
/// What stands behind the end of a sentence, or is no part of what is said.
const BEHIND: &str = "\"'”’」』）)】]》>*_`#|}〕";
/// What no text ends with: something has to follow.
const HANGING: &str = "，、,（([{【「『“《：:";
/// What a line asks for that ends in a colon and is whole.
const ASKS: [&str; 8] = ["请", "選擇", "选择", "输入", "lease", "nter", "hoose", "elect"];
/// Letters (Han count two) under which a message that ends in a comma says too little to have broken off.
const LEAST: usize = 8;
/// The same of one that ends in a bracket or a colon.
const SHORT: usize = 20;
/// The same of a message whose last sentence lacks its end.
const LONG: usize = 120;
/// The same of a sentence that fills a paragraph.
const SENTENCE: usize = 60;
/// The same of one behind another.
const TAIL: usize = 8;

/// Whether a text with this code breaks off: a fence is open; it ends with a sign behind which something has to follow,
/// or within brackets that its last line opens; or it is long, and its last line has a sentence that ends and one that
/// does not.
pub fn is_truncated(text: &str, code: &Code) -> bool {
    if code.open {
        return true;
    }
    let text = text.trim_end();
    // Code that is closed is an ending; so are tables and rules.
    if code.spans.last().is_some_and(|span| span.end >= text.len()) {
        return false;
    }
    let line = text.rsplit('\n').next().unwrap_or_default().trim();
    let letters = weight(text);
    if cut_row(text, line) {
        return true;
    }
    if letters < LEAST || line.starts_with('|') || is_code_line(line) || is_rule(line) && !lone_mark(text, line) {
        return false;
    }
    let Some(last) = line.chars().next_back() else { return false };
    if HANGING.contains(last) {
        // What is to be typed in follows in the next message.
        let asks = || matches!(last, ':' | '：') && ASKS.iter().any(|word| line.contains(word));
        return matches!(last, '，' | '、' | ',') || letters >= SHORT && !asks();
    }
    if letters < SHORT {
        return lone_mark(text, line);
    }
    if opened(line) || quoted(line) || lone_mark(text, line) || cut_row(text, line) || follows(line) {
        return true;
    }
    letters >= LONG && (unfinished(line) || alone(text, line))
}

/// Whether a quotation of Chinese text opens in the last line and stays open; so it does at the end of a paragraph whose
/// quotation goes on, but not at the end of a text.
fn quoted(line: &str) -> bool {
    let open = line.rfind('“').filter(|at| !line[*at..].contains('”'));
    open.is_some_and(|at| weight(&line[at..]) > 3 && !line.ends_with(|c| ENDS.contains(c)))
}

/// Whether the last line is the number of an entry that did not come: `3.` behind `1. …` and `2. …`.
fn lone_mark(text: &str, line: &str) -> bool {
    let number = line.trim_end_matches(['.', '、', ')', '）', '．']);
    let next = number.parse::<u32>().ok().filter(|n| number.len() < line.len() && (2..100).contains(n));
    next.is_some_and(|n| {
        let before = format!("\n{}{}", n - 1, &line[number.len()..]);
        text[..text.len() - line.len()].contains(&before)
    })
}

/// Whether the last row of a table stops before its last cell ends.
fn cut_row(text: &str, line: &str) -> bool {
    let mut rows = text.lines().rev().skip(1).map(str::trim).take_while(|row| row.starts_with('|'));
    let ends = |row: &str| row.len() > 1 && row.ends_with('|');
    line.starts_with('|') && !ends(line) && rows.next().is_some_and(ends) && rows.next().is_some_and(ends)
}

/// Whether the last line ends in a word behind which something has to follow.
fn follows(line: &str) -> bool {
    const ZH: [&str; 25] = [
        "但是",
        "因为",
        "以及",
        "例如",
        "比如",
        "并且",
        "而且",
        "如果",
        "由于",
        "因此",
        "然而",
        "其中",
        "分别是",
        "主要是",
        "也就是",
        "第一是",
        "第二是",
        "第三是",
        "关于",
        "根据",
        "通过",
        "除了",
        "甚至",
        "尤其是",
        "一种",
    ];
    const EN: [&str; 22] = [
        " the",
        " a",
        " an",
        " of",
        " and",
        " or",
        " in the",
        " with",
        " is",
        " are",
        " was",
        " were",
        " which",
        " because",
        " such as",
        " including",
        " their",
        " its",
        " your",
        " my",
        " be",
        " into",
    ];
    let lower = || line.to_ascii_lowercase();
    ZH.iter().any(|w| line.ends_with(w))
        || line.is_ascii() && line.contains(", ") && EN.iter().any(|w| lower().ends_with(w))
}

/// Letters and numbers of a text; those beyond U+2E80 count two.
fn weight(text: &str) -> usize {
    let of = |c: char| if c as u32 >= 0x2E80 { 2 } else { 1 };
    text.chars().filter(|c| c.is_alphanumeric()).map(of).sum()
}

/// Whether a line is drawn rather than written.
fn is_rule(line: &str) -> bool {
    !line.chars().any(char::is_alphanumeric)
}

/// Whether a bracket of Chinese text stays open, or one of a Latin text with words behind it.
fn opened(line: &str) -> bool {
    let mut open: Vec<(char, usize)> = Vec::new();
    for (at, c) in line.char_indices() {
        match c {
            '（' | '(' | '「' | '『' | '《' | '【' => open.push((c, at)),
            '）' | ')' | '」' | '』' | '》' | '】' => {
                open.pop();
            }
            _ => {}
        }
    }
    // `:(` and `(1` are no brackets that were left open.
    open.last().is_some_and(|(_, at)| {
        let inside = &line[*at..];
        weight(inside) > 3 && !line[..*at].ends_with(':') && !line.ends_with(|c| ENDS.contains(c) || c == '.')
    })
}

/// Whether the last line of a text is one long sentence without an end, behind a paragraph that has one.
fn alone(text: &str, line: &str) -> bool {
    let before = text[..text.len() - line.len()].trim_end().rsplit('\n').next().unwrap_or_default();
    let ends = |part: &str| part.trim_end_matches(|c| BEHIND.contains(c)).ends_with(|c| ENDS.contains(c) || c == '.');
    let begins = line.starts_with(|c: char| c.is_uppercase() || c as u32 >= 0x2E80 && c.is_alphabetic());
    let word = line.ends_with(char::is_alphanumeric) && !line.contains(['#', '＃', ':', '：']);
    begins && word && weight(line) >= SENTENCE && weight(before) >= SENTENCE && ends(before)
}

/// Whether a line has a sentence that ends, and behind it one that does not.
fn unfinished(line: &str) -> bool {
    let bare = line.trim_end_matches(|c| BEHIND.contains(c));
    let Some(last) = bare.chars().next_back() else { return false };
    if ENDS.contains(last) || last == '.' || !(last.is_alphanumeric() || last == '%') || bare.len() < line.len() {
        return false;
    }
    let chars: Vec<(usize, char)> = bare.char_indices().collect();
    let next = |at: usize| chars.get(at + 1).map_or(' ', |c| c.1);
    let end = (0..chars.len()).rev().find(|at| match chars[*at].1 {
        '。' | '！' | '？' => true,
        // Not of a number, an initial or an abbreviation.
        '.' | '!' | '?' => {
            next(*at).is_whitespace() && *at > 2 && chars[at - 3..*at].iter().all(|c| c.1.is_lowercase())
        }
        _ => false,
    });
    let Some(end) = end else { return false };
    let tail = bare[chars[end].0..].trim_start_matches(|c: char| !c.is_alphanumeric() && !"-–—#@～[".contains(c));
    let word = tail.split_whitespace().next_back().unwrap_or_default();
    let quiet = tail.starts_with(['-', '–', '—', '#', '@', '~']) || tail.contains(['#', '＃']) || word.contains("//");
    // Entries of a list in one line have no end, as those on lines of their own.
    let listed = |pair: &[char]| pair[0].is_ascii_digit() && matches!(pair[1], '.' | '、' | ')' | '．');
    let listed = tail.chars().collect::<Vec<_>>().windows(2).any(listed);
    // A name or a date below a text is no sentence.
    !quiet && !listed && weight(tail) >= TAIL && (tail.contains(' ') || !tail.is_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> bool {
        is_truncated(text, &Code::of(text))
    }

    /// A text long enough to have been cut at a limit.
    fn long(zh: bool, end: &str) -> String {
        let body = match zh {
            true => "老城的街道窄而弯，两旁的屋檐几乎碰在一起，下雨的时候，人们可以一路走到河边而不湿鞋。".repeat(4),
            false => "The old town has narrow streets, and the roofs on both sides nearly touch each other. ".repeat(4),
        };
        format!("{body}{end}")
    }

    #[test]
    fn what_breaks_off_is_seen() {
        for text in [
            "常见的乐器有钢琴、小提琴、萨克斯、小号、",
            "可以从下面几个方面来看这个问题：",
            "There are three things that you should know about it,",
            "下面是代码：\n```python\nfor i in range(3):\n    print(i",
            "他最喜欢的是那本很旧的小说（写的是他父亲年轻时",
            "他站起来，看着大家，慢慢地说：“我们明天就",
            "要准备的东西如下：\n1. 一口锅\n2. 面粉\n3.",
            "各朝的年代：\n| 朝代 | 年份 |\n| --- | --- |\n| 秦 | 前2",
            "通货膨胀有三个原因，需求拉动是一个，第三是",
            "The sky looks blue, since short waves are scattered by the",
            "The first reason is the weather (which in that part of the country",
            &long(true, "到了冬天，河面结了冰，孩子们便在上面"),
            &long(false, "In winter the river freezes over, and the children of the"),
            &long(false, "\n\nThese days can be seen as the end of a long war of nerves that finally boiled over"),
        ] {
            assert!(cut(text), "{text}");
        }
    }

    #[test]
    fn what_ends_otherwise_is_whole() {
        for text in [
            "北京",
            "好的：",
            "1.\n2.",
            "他说：“我来。”她说：“好。”然后就走了",
            "3.",
            "1. 苹果\n2. 香蕉\n3. 我们常吃的梨和桃子还有葡萄",
            "下面是代码：\n```python\nprint(1)\n```",
            "他说：“我们明天再来看看这件事情怎么办。”",
            "祝你今天过得愉快，一切都顺利！:)",
            "The answers are (a) the river, (b) the sea and (c) the lake",
            &long(true, ""),
            &long(true, "你想去哪里？ 1.到河边看看船 2.去老城里走一走"),
            "欢迎来到老城，这里有三条街。请输入您的选择：",
            &long(true, "\n\n此致\n敬礼\n王小明"),
            &long(false, "Never give up! #motivation #success"),
            &long(true, "快来看看这座老城吧🚀＃老城＃旅行"),
            &long(false, "- C. S. Lewis"),
            &long(true, "详见 https://example.org/a/b"),
            &long(true, "\n| 甲 | 乙 |\n| 一 | 二 |"),
            "",
            "\n\n",
        ] {
            assert!(!cut(text), "{text}");
        }
    }
}
