//! Words before a number that say what it is: `电话`, `订单号`, `SSN`; and what behind it says that it is a quantity.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::units::{self, OTHER};

/// What a word before a number says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// A number of a telephone.
    Phone,
    /// A resident identity number.
    Id,
    /// A bank card or account.
    Card,
    /// A QQ number.
    Qq,
    /// A WeChat name.
    Wechat,
    /// A passport or travel permit.
    Passport,
    /// A social security number of the US.
    Ssn,
    /// A vehicle plate.
    Plate,
    /// An address of the internet.
    Ip,
    /// A version, section or object identifier.
    Version,
    /// A number of a thing: an order, a parcel, a product, a document, a group.
    Thing,
}

impl Label {
    /// Every label, with its name in `labels.tsv`.
    const ALL: &[(&str, Label)] = &[
        ("phone", Label::Phone),
        ("id", Label::Id),
        ("card", Label::Card),
        ("qq", Label::Qq),
        ("wechat", Label::Wechat),
        ("passport", Label::Passport),
        ("ssn", Label::Ssn),
        ("plate", Label::Plate),
        ("ip", Label::Ip),
        ("version", Label::Version),
        ("thing", Label::Thing),
    ];
}

/// Words, in lower case, and what they say.
static WORDS: LazyLock<Vec<(Label, Vec<&'static str>)>> = LazyLock::new(|| {
    let lines = include_str!("labels.tsv").lines().filter(|line| !line.starts_with('#'));
    let read = |line: &'static str| {
        let (name, words) = line.split_once('\t')?;
        let label = Label::ALL.iter().find(|(n, _)| *n == name)?.1;
        Some((label, words.split('|').collect()))
    };
    lines.filter_map(read).collect()
});

/// Signs and words between a label and its number.
const JOINS: &[char] = &[
    ' ', ':', '：', ',', '=', '＝', '-', '—', '#', '(', '（', '[', '【', '"', '\'', '“', '”', '‘', '’', '「', '『',
    '.', '．', '\u{3000}', '\u{A0}', '~', '>', '|', '+', '＋', '→', '*', ')', '）', ']', '】', '`', '；', '<', '《',
    '/', '、',
];
const JOINING: &[&str] = &[
    "号码",
    "號碼",
    "号",
    "號",
    "码",
    "是",
    "为",
    "為",
    "叫",
    "账号",
    "帐号",
    "number",
    "no",
    "num",
    "is",
    "id",
    "at",
    "me",
    "on",
    "us",
    "我",
    "请加",
    "加",
    "他的",
    "我的",
    "的",
    "了",
    "搜",
    "搜索",
    "添加",
    ":",
    "my",
    "handle",
    "account",
    "用户",
    "用户名",
    "本人",
    "同号",
    "to",
    "of",
    "您",
];

/// How many bytes before a number are searched for words.
const REACH: usize = 48;

/// What stands before byte `start` in its line and clause, in lower case: at most some sixteen Han characters.
pub fn clause(text: &str, start: usize) -> String {
    let from = text.floor_char_boundary(start.saturating_sub(REACH));
    let head = &text[from..start];
    let behind = |at: usize| at + head[at..].chars().next().map_or(0, char::len_utf8);
    let cut = head.rfind(['\n', '，', '。', '；', '！', '？', ';', '\t']).map_or(0, behind);
    // A colon with words behind it ends a clause too.
    let words = head.trim_end_matches(JOINS);
    let colon = words.rfind(['：', ':']).map_or(0, behind);
    folded(&head[cut.max(colon)..])
}

/// Lower case, full-width letters as ASCII.
fn folded(text: &str) -> String {
    let fold = |c: char| match c {
        'Ａ'..='Ｚ' | 'ａ'..='ｚ' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
        c => c,
    };
    text.chars().map(|c| fold(c).to_ascii_lowercase()).collect()
}

/// Whether a word that begins at `at` is a word of its own: Latin ones must not continue a longer one.
fn apart(text: &str, at: usize, word: &str) -> bool {
    let latin = |c: char| c.is_ascii_alphanumeric();
    let before = !word.starts_with(latin) || !text[..at].ends_with(latin);
    let after = !word.ends_with(latin) || !text[at + word.len()..].starts_with(|c: char| c.is_ascii_alphabetic());
    before && after
}

/// The words by their first character.
static BY_FIRST: LazyLock<HashMap<char, Vec<(&'static str, Label)>>> = LazyLock::new(|| {
    let mut all: HashMap<char, Vec<(&str, Label)>> = HashMap::new();
    for (label, words) in &*WORDS {
        for word in words {
            all.entry(word.chars().next().unwrap_or_default()).or_default().push((word, *label));
        }
    }
    all
});

/// The nearest word of the clause before a number: the one that ends last, and the longest of those.
pub fn near(clause: &str) -> Option<Label> {
    let mut best: Option<(usize, usize, Label)> = None;
    for (at, c) in clause.char_indices() {
        for (word, label) in BY_FIRST.get(&c).map_or(&[][..], Vec::as_slice) {
            let found = (at + word.len(), word.len(), *label);
            if best.is_some_and(|b| (b.0, b.1) >= (found.0, found.1))
                || !clause[at..].starts_with(word)
                || !apart(clause, at, word)
            {
                continue;
            }
            // One character says little from afar, and nothing within a word: 表 of 代表人.
            let single = word.len() == c.len_utf8();
            let rest = &clause[found.0..];
            if !single || rest.chars().count() <= 3 && !trimmed(rest).contains(|c| matches!(c, '\u{4E00}'..='\u{9FFF}'))
            {
                best = Some(found);
            }
        }
    }
    best.map(|(_, _, label)| label)
}

/// The clause without the signs and words that join a label to its number.
pub fn trimmed(clause: &str) -> &str {
    let mut rest = clause;
    loop {
        let before = rest.len();
        rest = rest.trim_end_matches(JOINS);
        for word in JOINING {
            if let Some(shorter) = rest.strip_suffix(word).filter(|s| apart(rest, s.len(), word)) {
                rest = shorter;
            }
        }
        if rest.len() == before {
            return rest;
        }
    }
}

/// Whether a word of that label stands right before the number, but for signs and words that join them.
pub fn direct(clause: &str, label: Label) -> bool {
    let words = || WORDS.iter().filter(|(l, _)| *l == label).flat_map(|(_, words)| words);
    let ends = |text: &str| words().any(|w| text.strip_suffix(w).is_some_and(|head| apart(text, head.len(), w)));
    // `微信号` is a word, and `号` also joins: both readings count.
    let signs = clause.trim_end_matches(JOINS);
    // Where there are several: `QQ1：`, `微信②：`.
    let counted = signs.trim_end_matches(|c: char| c.is_ascii_digit() || ('①'..='⑳').contains(&c));
    // `q号是`: without `号` it is no word.
    let said = signs.trim_end_matches(['是', '为', '為']);
    ends(signs) || ends(said) || ends(trimmed(clause)) || signs.len() - counted.len() <= 3 && ends(counted)
}

/// Whether what follows byte `end` makes the digits before it a quantity: a unit, a currency, a percent sign.
pub fn quantity(text: &str, end: usize) -> bool {
    const UNITS: &str = "元|万|亿|美元|美金|港币|欧元|日元|人民币|块|吨|米|公里|千米|千克|公斤|克|人|次|个|位用户|\
        字节|毫秒|秒|分钟|小时|天|年|月|日|件|台|辆|条|倍|平方|立方|度|℃|°|%|％|‰|股|票|字|页|円|\
        원|名|户|篇|步|点赞|播放|阅读|bytes|usd|rmb|cny|ms|kb|mb|gb|km|kg|people|users|dollars|\
        yuan|times|rows|records|行";
    let rest = &text[end..];
    let near = folded(&rest[..rest.floor_char_boundary(24)]);
    let near = near.strip_prefix(' ').unwrap_or(&near);
    // What begins with a unit and is none: the next field of a form.
    if ["户名", "户主", "户籍", "人工", "名称", "行号", "字号"].iter().any(|word| near.starts_with(word))
    {
        return false;
    }
    UNITS.split('|').any(|u| near.starts_with(u) && apart(near, 0, u))
}

/// Whether there is Han within some eight characters before or after.
pub fn beside_han(text: &str, start: usize, end: usize) -> bool {
    let b = text.as_bytes();
    let (from, to) = (start.saturating_sub(24), (end + 24).min(b.len()));
    let same_line = |byte: &&u8| **byte != b'\n';
    let before = b[from..start].iter().rev().take_while(same_line);
    before.chain(b[end..to].iter().take_while(same_line)).any(|byte| units::leads_han(*byte))
}

/// Whether a number may begin at byte `start`: not inside a word, path, decimal or amount of money.
pub fn opens(text: &str, start: usize) -> bool {
    let b = text.as_bytes();
    let (c, len) = units::before(b, start);
    let (further, _) = units::before(b, start - len);
    match c {
        OTHER => !text[..start].ends_with(['¥', '￥', '€', '£', '№']),
        b'_' | b'$' | b'#' | b'*' | b'\\' | b'^' | b'%' | b'&' => false,
        b'.' | b'+' => !further.is_ascii_alphanumeric(),
        b'-' | b'/' => {
            if further.is_ascii_alphabetic() {
                let clause = clause(text, start - len);
                matches!(near(&clause), Some(l) if direct(&clause, l) && l != Label::Thing && l != Label::Version)
            } else {
                c == b'/' || !further.is_ascii_digit()
            }
        }
        c => !c.is_ascii_alphanumeric(),
    }
}

/// Whether a number may end at byte `end`.
pub fn closes(text: &str, end: usize) -> bool {
    let b = text.as_bytes();
    let (c, len) = units::at(b, end);
    let (further, _) = units::at(b, end + len);
    match c {
        b'_' | b'%' | b'*' | b'@' | b'\\' | b'^' | b'$' => false,
        b'.' => !further.is_ascii_alphanumeric() || b.get(end + len).is_some_and(|c| *c >= 0x80),
        b'-' | b'=' => !further.is_ascii_alphanumeric(),
        c if c.is_ascii_alphabetic() => {
            let rest = folded(&text[end..text.floor_char_boundary(end + 12)]);
            ["qq", "wx", "vx", "wechat", "tel", "weixin"].iter().any(|w| rest.starts_with(w))
        }
        c => !c.is_ascii_digit(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_data_is_read() {
        assert_eq!(WORDS.len(), Label::ALL.len());
        let lower = |word: &&str| !word.is_empty() && word.to_ascii_lowercase() == **word;
        assert!(WORDS.iter().flat_map(|(_, words)| words).all(lower));
    }

    #[test]
    fn the_nearest_word_counts() {
        let of = |text: &str| near(&clause(text, text.len()));
        assert_eq!(of("订单已发，手机号码："), Some(Label::Phone));
        assert_eq!(of("手机订单号："), Some(Label::Thing));
        assert_eq!(of("My SSN is "), Some(Label::Ssn));
        assert_eq!(of("hotel "), None);
        assert_eq!(of("电话\n"), None);
        assert!(direct(&clause("我的ＱＱ号是：", 21), Label::Qq));
        assert!(!direct(&clause("QQ群：", 8), Label::Qq));
        assert!(direct("微信号：", Label::Wechat) && direct("wechat id is ", Label::Wechat));
    }

    #[test]
    fn numbers_have_edges() {
        let open = |text: &str| opens(text, text.len());
        assert!(open("") && open("电话") && open("tel-") && open("(") && open("，") && open("010/"));
        assert!(!open("a") && !open("0.") && !open("￥") && !open("order-") && !open("x_") && !open("v/"));
        assert!(closes("1。", 1) && closes("1.", 1) && closes("1微信", 1) && closes("1qq", 1) && closes("1", 1));
        assert!(!closes("1a", 1) && !closes("1.5", 1) && !closes("1%", 1) && !closes("1@", 1));
        assert!(quantity("1 万元", 1) && quantity("1元", 1) && quantity("1 people", 1));
    }
}
