//! `{{ }}`: the few templates and parser functions of which a reader sees the arguments. All others show boxes, notes,
//! sources or data from elsewhere, and are dropped.

use super::rules::Rules;
use super::variants::{Variant, raw};
use super::{BREAK, HOLE, is_void};

/// An argument.
pub(super) struct Arg<'a> {
    /// `name` of `name=value`.
    key: Option<&'a str>,
    value: &'a str,
}

impl<'a> Arg<'a> {
    /// An argument as written; `equals` is where its first `=` is. What stands before it is a name unless it looks like
    /// markup or an address, as in `{{lang|en|[http://a?b=c d]}}`.
    pub(super) fn new(text: &'a str, equals: Option<usize>) -> Arg<'a> {
        let named = equals.map(|at| (text[..at].trim_matches(is_void), &text[at + 1..]));
        match named {
            Some((key, value)) if key.len() <= 60 && !key.contains(['<', '[', '/', '\n', '"']) => {
                Arg { key: Some(key), value: value.trim() }
            }
            _ => Arg { key: None, value: text.trim() },
        }
    }
}

/// A template's name and arguments.
pub(super) struct Args<'a> {
    pub(super) name: &'a str,
    pub(super) list: Vec<Arg<'a>>,
}

impl<'a> Args<'a> {
    /// The argument at that place, counted from 1, if there is something to see in it.
    fn at(&self, n: usize) -> Option<&'a str> {
        let mut seen = 0;
        let mut found = None;
        for arg in &self.list {
            match arg.key {
                None => {
                    seen += 1;
                    if seen == n {
                        found = Some(arg.value);
                    }
                }
                Some(key) if key.parse() == Ok(n) => found = Some(arg.value),
                Some(_) => {}
            }
        }
        found.filter(|v| !v.trim_matches(is_void).is_empty())
    }

    /// The argument of one of these names.
    fn named(&self, keys: &[&str]) -> Option<&'a str> {
        let mut found =
            self.list.iter().filter(|a| a.key.is_some_and(|k| keys.iter().any(|n| n.eq_ignore_ascii_case(k))));
        found.find(|a| !a.value.trim_matches(is_void).is_empty()).map(|a| a.value)
    }

    /// Arguments without a name that have something to see.
    fn unnamed(&self) -> impl Iterator<Item = &'a str> {
        let place = |a: &&Arg| a.key.is_none_or(|k| !k.is_empty() && k.bytes().all(|b| b.is_ascii_digit()));
        self.list.iter().filter(place).map(|a| a.value).filter(|v| !v.trim_matches(is_void).is_empty())
    }

    fn last(&self) -> Option<&'a str> {
        self.unnamed().last()
    }
}

/// What a reader sees of a template; nothing where it is dropped.
pub(super) fn shown(args: &Args, variant: Variant, page: &mut Rules<'_>) -> Option<String> {
    let name = name(args.name);
    let text = |t: Option<&str>| t.map(str::to_string);
    if let Some((function, value)) = name.split_once(':') {
        return match function {
            "formatnum" | "lc" | "uc" | "lcfirst" | "ucfirst" | "urlencode" | "fullurl" => {
                let value = args.name.split_once(':').map_or(value, |(_, v)| v).trim_matches(is_void);
                (function != "fullurl" && !value.is_empty()).then(|| value.to_string())
            }
            _ => None,
        };
    }
    match name.as_str() {
        "!" => Some("|".into()),
        "=" => Some("=".into()),
        "(!" => Some("{|".into()),
        "!)" => Some("|}".into()),
        "!-" => Some("|-".into()),
        "!!" => Some("||".into()),
        "notetaplain" | "noteta" | "公共转换组" => {
            for arg in &args.list {
                let number = |k: &str| !k.is_empty() && k.bytes().all(|b| b.is_ascii_digit());
                match arg.key {
                    Some(key) if key.strip_prefix(['G', 'g']).is_some_and(number) => page.group(arg.value, variant),
                    Some(key) if !number(key) => {}
                    _ => page.state(arg.value, variant),
                }
            }
            None
        }
        // Text in another language or script.
        "lang" | "langi" | "lang-x" | "transl" | "transliteration" | "wikt-lang" => {
            foreign(args.at(1).unwrap_or(""), args.at(3).or(args.at(2)))
        }
        "zh" | "chinese" => several(args, &["c", "t", "s", "p"]),
        "nihongo" | "nihongo2" | "nihongo3" | "日語" | "日语" => nihongo(args),
        "unicode" | "ipa" | "mch" | "pua" | "僻字" | "生僻字" | "缺字" | "拼音" | "pinyin" | "漢字" | "汉字" => {
            text(args.at(1))
        }
        "jpn" => foreign("ja", args.at(1)),
        "ruby" | "ruby-ja" | "rubya" | "ruby-zh" | "ruby-py" | "furigana" | "注音" => {
            let base = args.at(1)?;
            Some(args.at(2).map_or(base.into(), |above| format!("{base}（{above}）")))
        }
        // Links to pages in other languages.
        "le" | "lj" | "lk" | "illm" | "interlanguage link multi" => text(args.at(3).or(args.at(1))),
        // One of the arguments is the number of an item of Wikidata.
        "link-wd" | "d-link" => {
            let item = |a: &&str| a.strip_prefix(['Q', 'q']).is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()));
            args.unnamed().find(|a| !item(a)).map(str::to_string)
        }
        "wikt" | "cjk" => text(args.at(2).or(args.at(1))),
        "tsl" | "translink" | "translation link" => text(args.at(4).or(args.at(3)).or(args.at(2))),
        "ilh" | "ill" | "interlanguage link" => {
            let coded = args.at(1)?.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
            text(if coded { args.at(2) } else { args.at(1) })
        }
        "link" | "internal link" => text(args.at(2).or(args.at(1))),
        "linktext" | "ltext" => Some(args.unnamed().collect::<String>()).filter(|t| !t.is_empty()),
        // Text that is only dressed.
        "nowrap"
        | "nobr"
        | "nobold"
        | "noitalic"
        | "nobreak"
        | "small"
        | "smaller"
        | "big"
        | "bigger"
        | "larger"
        | "large"
        | "center"
        | "centre"
        | "left"
        | "right"
        | "sub"
        | "sup"
        | "em"
        | "strong"
        | "b"
        | "i"
        | "s"
        | "u"
        | "strike"
        | "underline"
        | "mvar"
        | "math"
        | "var"
        | "code"
        | "tt"
        | "mono"
        | "kbd"
        | "samp"
        | "codett"
        | "bold"
        | "italic"
        | "abbr"
        | "tooltip"
        | "hovertitle"
        | "title"
        | "sic"
        | "as written"
        | "citation needed span"
        | "cns"
        | "fact span"
        | "block indent"
        | "indent"
        | "hidden ping"
        | "font"
        | "smallcaps"
        | "sc"
        | "overline"
        | "normal"
        | "普通"
        | "text"
        | "竖排"
        | "red"
        | "green"
        | "blue"
        | "gray"
        | "grey"
        | "le-text"
        | "vert"
        | "vertical"
        | "serif"
        | "sans-serif"
        | "楷体"
        | "kaiti"
        | "larger font" => text(args.named(&["text"]).or(args.at(1))),
        "color" | "colour" | "font color" | "fontcolor" | "legend" | "legend inline" | "background color" | "bg"
        | "fontsize" | "font size" | "resize" | "size" => text(args.named(&["text"]).or(args.last())),
        "numblk" | "equation" => text(args.at(2).or(args.at(1))),
        "poem" | "quote" | "quotation" | "blockquote" | "bq" | "quotetext" | "quote box" | "rquote" | "cquote"
        | "引用" | "引言" | "引文" | "centered quote" | "block quote" | "talkquote" | "tq" => quote(&name, args),
        // Lists.
        "plainlist" | "plain list" | "flatlist" | "flat list" | "cols" | "columns-list" | "col-list" | "div col"
        | "columns list" => args.at(1).map(|list| format!("\n{list}\n")),
        "unbulleted list" | "ubl" | "ublist" | "bulleted list" | "ordered list" => {
            Some(args.unnamed().collect::<Vec<_>>().join(&BREAK.to_string())).filter(|t| !t.is_empty())
        }
        "hlist" | "hlist-comma" => Some(args.unnamed().collect::<Vec<_>>().join("、")).filter(|t| !t.is_empty()),
        // Numbers.
        "convert" | "cvt" | "conv" | "unit" => convert(args),
        "val" => value(args),
        "e" => args.at(1).map(|e| format!("×10^{e}")),
        "10^" => args.at(1).map(|e| format!("10^{e}")),
        "frac" | "fraction" | "sfrac" | "分数" | "分數" => fraction(args),
        "gaps" | "chem" | "num" | "nts" | "number" => {
            Some(args.unnamed().collect::<String>()).filter(|t| !t.is_empty())
        }
        "chem2" => text(args.at(1)),
        "bd" | "生卒" => lifetime(args),
        "birth date" | "birth date and age" | "bda" | "birth-date" | "start date" | "end date" | "death date"
        | "death date and age" | "dda" | "film date" | "release date" | "dob" => date(args),
        "flag" | "flagcountry" | "国旗" | "國旗" => text(args.at(1).filter(|c| !c.is_ascii())),
        // Signs.
        "spaces" | "space" | "nbsp" | "sp" | "quad" | "全角空格" => Some(" ".into()),
        "·" | "dot" | "•" | "bullet" | "middot" | "间隔号" | "間隔號" => Some("·".into()),
        "snd" | "spnd" | "spaced ndash" | "ndash" | "–" | "en dash" => Some("–".into()),
        "mdash" | "—" | "em dash" => Some("—".into()),
        "'" => Some("'".into()),
        "\"" => Some("\"".into()),
        "break" | "br" | "crlf" => Some(BREAK.into()),
        _ => match name.split_once('-') {
            Some(("lang", code)) if is_code(code) => foreign(code, args.at(1)),
            Some(("link" | "lk" | "tl", code)) if is_code(code) => text(args.at(3).or(args.at(1))),
            _ if name.starts_with("internal link helper") => text(args.at(3).or(args.at(1))),
            _ => None,
        },
    }
}

/// A template's name, comparable.
fn name(written: &str) -> String {
    // Only a short name can be known; a long one is text that was never closed.
    let written = written.trim_matches(is_void);
    if written.len() > 256 {
        return String::new();
    }
    let mut name = written.replace(HOLE, "").replace('_', " ").to_lowercase();
    for prefix in ["template:", "模板:", "样板:", "樣板:", "t:", "subst:", "safesubst:"] {
        if let Some(rest) = name.strip_prefix(prefix) {
            name = rest.trim_start().to_string();
        }
    }
    name
}

/// Text in a language: that which is written like Chinese and is not Chinese must not be converted.
fn foreign(code: &str, text: Option<&str>) -> Option<String> {
    let code = code.trim().split('-').next().unwrap_or("");
    let keep = ["ja", "ko", "vi"].iter().any(|c| c.eq_ignore_ascii_case(code));
    text.map(|text| if keep { raw(text) } else { text.to_owned() })
}

/// Whether it looks like a language's code.
fn is_code(word: &str) -> bool {
    !word.is_empty() && word.len() <= 16 && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// The first argument, or those named ones that there are.
fn several(args: &Args, keys: &[&str]) -> Option<String> {
    let mut list: Vec<&str> = args.at(1).into_iter().collect();
    for value in keys.iter().filter_map(|k| args.named(&[k])) {
        if !list.contains(&value) {
            list.push(value);
        }
    }
    (!list.is_empty()).then(|| list.join("；"))
}

/// `{{nihongo|text|kanji|romaji}}`
fn nihongo(args: &Args) -> Option<String> {
    let inside: Vec<&str> = [args.at(2), args.at(3)].into_iter().flatten().collect();
    match (args.at(1), inside.is_empty()) {
        (Some(text), false) => Some(format!("{text}（{}）", inside.join("，"))),
        (Some(text), true) => Some(text.into()),
        (None, false) => Some(inside.join("，")),
        (None, true) => None,
    }
}

/// On lines of its own, and who said it.
fn quote(name: &str, args: &Args) -> Option<String> {
    let text = args.named(&["text", "quote", "quotetext", "content"]).or(args.at(1))?;
    if name == "tq" {
        return Some(text.into());
    }
    // These have a picture's or a sign's size in between.
    let (who, source) = if matches!(name, "cquote" | "rquote" | "centered quote") {
        (args.at(4).or(args.at(2).filter(|_| name == "rquote")), args.at(5))
    } else {
        (args.at(2), args.at(3))
    };
    let who = args.named(&["author", "sign", "作者"]).or(who);
    let source = args.named(&["source", "来源", "來源"]).or(source);
    let by: Vec<&str> = [who, source].into_iter().flatten().collect();
    let by = if by.is_empty() { String::new() } else { format!("——{}\n", by.join("，")) };
    Some(format!("\n{text}\n{by}"))
}

/// `{{convert|10|km}}`, `{{convert|10|to|20|km}}`
fn convert(args: &Args) -> Option<String> {
    let (number, second) = (args.at(1)?, args.at(2));
    let joint = match second {
        Some("-" | "–" | "to" | "and" | "to(-)") => Some("–"),
        Some("x" | "by" | "×") => Some("×"),
        _ => None,
    };
    match (joint, args.at(3), args.at(4)) {
        (Some(joint), Some(upper), Some(unit)) => Some(format!("{number}{joint}{upper} {unit}")),
        (Some(_), _, _) | (None, _, _) if second.is_none() => Some(number.into()),
        _ => second.map(|unit| format!("{number} {unit}")),
    }
}

/// `{{val|1.5|e=3|u=m}}`
fn value(args: &Args) -> Option<String> {
    let mut out = args.at(1)?.to_string();
    if let Some(spread) = args.at(2) {
        out.push('±');
        out.push_str(spread);
    }
    if let Some(power) = args.named(&["e"]) {
        out.push_str("×10^");
        out.push_str(power);
    }
    if let Some(unit) = args.named(&["u", "ul", "up"]) {
        out.push(' ');
        out.push_str(unit);
    }
    Some(out)
}

/// `{{frac|whole|a|b}}`, `{{frac|a|b}}`, `{{frac|b}}`
fn fraction(args: &Args) -> Option<String> {
    match (args.at(1), args.at(2), args.at(3)) {
        (Some(whole), Some(a), Some(b)) => Some(format!("{whole} {a}/{b}")),
        (Some(a), Some(b), None) => Some(format!("{a}/{b}")),
        (Some(b), None, None) => Some(format!("1/{b}")),
        _ => None,
    }
}

/// `{{bd|1900年|1月1日|1980年|2月2日}}`
fn lifetime(args: &Args) -> Option<String> {
    let day = |year: usize| format!("{}{}", args.at(year).unwrap_or(""), args.at(year + 1).unwrap_or(""));
    let (born, died) = (day(1), day(3));
    (!born.is_empty() || !died.is_empty()).then(|| format!("（{born}－{died}）"))
}

/// `{{start date|1900|1|1}}`
fn date(args: &Args) -> Option<String> {
    let mut out = String::new();
    for (n, unit) in [(1, "年"), (2, "月"), (3, "日")] {
        let Some(number) = args.at(n).filter(|v| v.bytes().all(|b| b.is_ascii_digit())) else { break };
        out.push_str(number.trim_start_matches('0'));
        out.push_str(unit);
    }
    (!out.is_empty()).then_some(out)
}
