//! `{{ }}`: the few templates and parser functions of which a reader sees the arguments. All others show boxes, notes,
//! sources or data from elsewhere, and are dropped.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::OnceLock;

use super::markup::raw;
use super::numbers;
use super::rules::Rules;
use super::unlisted::Rule;
use super::variants::Variant;
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
    /// The title of the page.
    pub(super) title: &'a str,
    /// The text before it, as far as it is known by then, and after it, as written.
    pub(super) before: &'a str,
    pub(super) after: &'a str,
    /// The rule that decided what it shows, where it is not on the list.
    pub(super) unlisted: Cell<Option<Rule>>,
}

impl<'a> Args<'a> {
    /// The end of the text before it that is on the same line, as far as it matters.
    fn line(&self) -> &'a str {
        let mut from = self.before.len().saturating_sub(120);
        while !self.before.is_char_boundary(from) {
            from += 1;
        }
        let near = &self.before[from..];
        near.rfind(['\n', BREAK]).map_or(near, |at| near[at..].trim_start_matches(['\n', BREAK]))
    }

    /// The visible character right after it.
    fn next(&self) -> Option<char> {
        self.after.chars().take(6).find(|c| *c != '\'')
    }

    /// Whether the text beside it is Chinese.
    fn chinese(&self) -> bool {
        let wide = |c: char| matches!(c, '\u{2E80}'..='\u{9FFF}' | '\u{FF00}'..='\u{FFEF}' | '\u{20000}'..='\u{3FFFF}');
        let visible = |c: &char| !is_void(*c) && !c.is_ascii_punctuation();
        let next = self.after.chars().take(8).find(|c| !matches!(c, '\'' | '[' | ' '));
        self.line().chars().rev().find(visible).into_iter().chain(next).any(wide)
    }

    /// Whether it stands inside a sentence: after text on its line, or right before some.
    fn in_sentence(&self) -> bool {
        let starts = |c: char| c.is_alphanumeric() || matches!(c, '，' | '、' | '。' | '（' | '；');
        self.next().is_some_and(starts) || self.line().contains(char::is_alphanumeric)
    }

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

/// The list of known templates.
const LIST: &str = include_str!("templates.tsv");

/// What becomes of a known template, by its name in small letters or, first, as it is written.
fn known(written: &str, lower: &str) -> Option<&'static str> {
    static TABLE: OnceLock<HashMap<&str, &str>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        let rows = LIST.lines().filter(|l| !l.starts_with('#'));
        let rows =
            rows.filter_map(|l| l.split_once('\t').map(|(names, rest)| (names, rest.split('\t').next().unwrap_or(""))));
        rows.flat_map(|(names, shows)| names.split(';').map(move |n| (n, shows))).collect()
    });
    table.get(written).or_else(|| table.get(lower)).copied()
}

/// Words before a colon that tell the wiki something and show nothing.
const WORDS: &[&str] =
    &["defaultsort", "displaytitle", "默认排序", "默認排序", "預設排序", "预设排序", "显示标题", "顯示標題"];

/// What a reader sees of a template; nothing where it is dropped.
pub(super) fn shown(args: &Args, variant: Variant, page: &mut Rules<'_>) -> Option<String> {
    let name = name(args.name);
    if let Some((function, value)) = name.split_once(':') {
        return match function {
            "formatnum" | "lc" | "uc" | "lcfirst" | "ucfirst" | "urlencode" | "fullurl" => {
                let value = args.name.split_once(':').map_or(value, |(_, v)| v).trim_matches(is_void);
                (function != "fullurl" && !value.is_empty()).then(|| value.to_string())
            }
            _ => {
                args.unlisted.set(Some(Rule::Name).filter(|_| !WORDS.contains(&function)));
                None
            }
        };
    }
    match name.as_str() {
        "!" => return Some("|".into()),
        "=" => return Some("=".into()),
        "(!" => return Some("{|".into()),
        "!)" => return Some("|}".into()),
        "!-" => return Some("|-".into()),
        "!!" => return Some("||".into()),
        "notetaplain" | "noteta" | "公共转换组" => {
            note(args, variant, page);
            return None;
        }
        _ => {}
    }
    let written = args.name.trim_matches(is_void);
    if written.len() == 3 && written.bytes().all(|b| b.is_ascii_uppercase()) && country(written).is_some() {
        return Some(nation(written, args));
    }
    match known(written, &name) {
        Some("-") => return None,
        Some(function) if function.starts_with('@') => return special(&function[1..], &name, args, variant),
        Some(pattern) => return filled(pattern, args),
        None => {}
    }
    match name.split_once('-') {
        Some(("lang", code)) if is_code(code) => return foreign(code, args.at(1)),
        Some(("link" | "lk" | "tl", code)) if is_code(code) => return args.at(3).or(args.at(1)).map(str::to_string),
        _ if name.starts_with("internal link helper") => return args.at(3).or(args.at(1)).map(str::to_string),
        _ => {}
    }
    unknown(&name, args)
}

/// The rules that `{{NoteTA}}` states.
fn note(args: &Args, variant: Variant, page: &mut Rules<'_>) {
    for arg in &args.list {
        let number = |k: &str| !k.is_empty() && k.bytes().all(|b| b.is_ascii_digit());
        match arg.key {
            Some(key) if key.strip_prefix(['G', 'g']).is_some_and(number) => page.group(arg.value, variant),
            Some(key) if !number(key) => {}
            _ => page.state(arg.value, variant),
        }
    }
}

/// What a reader sees of the templates of which a pattern cannot say it.
fn special(function: &str, name: &str, args: &Args, variant: Variant) -> Option<String> {
    let text = |t: Option<&str>| t.map(str::to_string);
    match function {
        "lang" => foreign(args.at(1).unwrap_or(""), args.at(3).or(args.at(2))),
        "langx" => foreign(args.at(1).unwrap_or(""), args.named(&["text"]).or(args.at(2))),
        "zh" => several(args, &["c", "t", "s", "p"]),
        "nihongo" => nihongo(args),
        "jpn" => foreign("ja", filled("{j}[，{hg}][，{rm}] or {1}[，{2}] or {hg}[，{rm}]", args).as_deref()),
        "wd" => {
            // One of the arguments is the number of an item of Wikidata.
            let item = |a: &&str| a.strip_prefix(['Q', 'q']).is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()));
            args.unnamed().find(|a| !item(a)).map(str::to_string)
        }
        "ill" => {
            let coded = args.at(1)?.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
            text(if coded { args.at(2) } else { args.at(1) })
        }
        "quote" => quote(name, args),
        "block" => args.at(1).map(|list| format!("\n{list}\n")),
        "hidden" => args.at(2).map(|body| format!("\n{}\n{body}\n", args.at(1).unwrap_or(""))),
        "list" => Some(args.unnamed().collect::<Vec<_>>().join(&BREAK.to_string())).filter(|t| !t.is_empty()),
        "hlist" => Some(args.unnamed().collect::<Vec<_>>().join("、")).filter(|t| !t.is_empty()),
        "convert" => numbers::convert(&args.unnamed().collect::<Vec<_>>()),
        "val" => value(args),
        "frac" => {
            let apart = args.before.ends_with(|c: char| c.is_ascii_digit());
            fraction(args).map(|f| if apart { format!(" {f}") } else { f })
        }
        "percent" => numbers::percent(args.at(1)?, args.at(2), args.at(3)),
        "bd" => lifetime(args),
        "BD" => lifetime(args).map(|life| format!("（{life}）")),
        "date" => date(args),
        "asof" => {
            let day = numbers::day(args.unnamed(), args.chinese())?;
            Some(if args.chinese() { format!("截至{day}") } else { format!("As of {day}") })
        }
        "circa" => {
            let year = filled("{1}[–{2}]", args)?;
            Some(if args.chinese() { format!("约{year}") } else { format!("c. {year}") })
        }
        "country" => args.at(1).map(|code| nation(code, args)),
        "title" => Some(args.title.to_string()).filter(|t| !t.is_empty()),
        "region" => region(args, variant),
        "space" => Some(" ".into()),
        "break" => Some(BREAK.into()),
        _ => None,
    }
}

/// The first alternative of a pattern whose arguments are all there.
fn filled(pattern: &str, args: &Args) -> Option<String> {
    pattern.split(" or ").find_map(|alternative| {
        let mut out = String::new();
        let mut rest = alternative;
        while let Some(at) = rest.find('[') {
            out.push_str(&holding(&rest[..at], args)?);
            let end = at + rest[at..].find(']')?;
            out.push_str(&holding(&rest[at + 1..end], args).unwrap_or_default());
            rest = &rest[end + 1..];
        }
        out.push_str(&holding(rest, args)?);
        Some(out).filter(|t| !t.is_empty())
    })
}

/// A text with `{…}` replaced, if all of them are there.
fn holding(text: &str, args: &Args) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, tail)) = rest.split_once('{') {
        let (slot, tail) = tail.split_once('}')?;
        out.push_str(before);
        match slot {
            "*" => out.push_str(&Some(args.unnamed().collect::<String>()).filter(|t| !t.is_empty())?),
            "last" => out.push_str(args.last()?),
            "name" => out.push_str(args.name.trim_matches(is_void)),
            _ => match slot.parse() {
                Ok(place) => out.push_str(args.at(place)?),
                Err(_) => out.push_str(args.named(&slot.split(',').collect::<Vec<_>>())?),
            },
        }
        rest = tail;
    }
    out.push_str(rest);
    Some(out)
}

/// What a template shows that is not on the list: the first of its arguments without a name that is text, where it stands
/// inside a sentence. Text has a letter outside of ASCII, or is all that the template is given; it has no line break and
/// no more than 60 characters.
fn unknown(name: &str, args: &Args) -> Option<String> {
    const NOTES: &[&str] = &[
        "cite", "citation", "icon", "note", "ref", "need", "注", "来源", "來源", "文献", "文獻", "ipa", "#", "stub",
        "box",
    ];
    let by_name = name.is_empty() || NOTES.iter().any(|n| name.contains(n));
    args.unlisted.set(Some(if by_name { Rule::Name } else { Rule::Text }));
    if by_name {
        return None;
    }
    let alone = args.unnamed().nth(1).is_none();
    let text = |a: &&str| {
        let short = a.chars().count() <= 60 && !a.contains(['\n', '/', '=']);
        short && a.chars().any(|c| c.is_alphanumeric() && (alone || !c.is_ascii()))
    };
    args.unnamed().find(text).filter(|_| args.in_sentence()).map(str::to_string)
}

/// Codes of countries and their Chinese names.
const COUNTRIES: &str = "ARG阿根廷 AUS澳大利亚 AUT奥地利 BEL比利时 BRA巴西 CAN加拿大 CHE瑞士 SUI瑞士 CHL智利 CHI智利 CHN中国 \
    COL哥伦比亚 CRO克罗地亚 HRV克罗地亚 CUB古巴 CZE捷克 DEN丹麦 DNK丹麦 EGY埃及 ENG英格兰 ESP西班牙 FIN芬兰 FRA法国 GBR英国 GER德国 \
    DEU德国 GRE希腊 GRC希腊 HKG香港 HUN匈牙利 IDN印度尼西亚 INA印度尼西亚 IND印度 IRI伊朗 IRN伊朗 IRL爱尔兰 ISR以色列 ITA意大利 JPN日本 \
    KAZ哈萨克斯坦 KOR韩国 PRK朝鲜 MAC澳门 MAS马来西亚 MYS马来西亚 MEX墨西哥 MGL蒙古 NED荷兰 NLD荷兰 NGA尼日利亚 NOR挪威 NZL新西兰 \
    PAK巴基斯坦 PER秘鲁 PHI菲律宾 PHL菲律宾 POL波兰 POR葡萄牙 PRT葡萄牙 ROU罗马尼亚 RSA南非 ZAF南非 RUS俄罗斯 SCO苏格兰 SGP新加坡 \
    SRB塞尔维亚 SWE瑞典 THA泰国 TPE中华台北 TUR土耳其 UKR乌克兰 URU乌拉圭 USA美国 VIE越南 VNM越南 WAL威尔士 \
    AFG阿富汗 ALB阿尔巴尼亚 ALG阿尔及利亚 DZA阿尔及利亚 AGO安哥拉 ARM亚美尼亚 AZE阿塞拜疆 BGD孟加拉国 \
    BLR白俄罗斯 BUL保加利亚 BGR保加利亚 BOL玻利维亚 BIH波黑 KHM柬埔寨 CAM柬埔寨 CMR喀麦隆 CYP塞浦路斯 \
    ECU厄瓜多尔 EST爱沙尼亚 ETH埃塞俄比亚 GEO格鲁吉亚 GHA加纳 ISL冰岛 IRQ伊拉克 JAM牙买加 JOR约旦 KEN肯尼亚 \
    KUW科威特 KWT科威特 KGZ吉尔吉斯斯坦 LAO老挝 LAT拉脱维亚 LVA拉脱维亚 LTU立陶宛 LUX卢森堡 LBN黎巴嫩 MAR摩洛哥 \
    MDA摩尔多瓦 MMR缅甸 MYA缅甸 NAM纳米比亚 NEP尼泊尔 NPL尼泊尔 PAN巴拿马 PAR巴拉圭 PRY巴拉圭 QAT卡塔尔 \
    KSA沙特阿拉伯 SAU沙特阿拉伯 SPA西班牙 SRI斯里兰卡 LKA斯里兰卡 SVK斯洛伐克 SLO斯洛文尼亚 SVN斯洛文尼亚 \
    SYR叙利亚 TJK塔吉克斯坦 TKM土库曼斯坦 TUN突尼斯 UAE阿联酋 ARE阿联酋 UZB乌兹别克斯坦 VEN委内瑞拉 YEM也门";

fn country(code: &str) -> Option<&'static str> {
    COUNTRIES.split_whitespace().find_map(|c| c.strip_prefix(code).filter(|_| code.len() == 3))
}

/// A country by its code: its name inside of Chinese text, elsewhere as written.
fn nation(code: &str, args: &Args) -> String {
    country(code).filter(|_| args.chinese()).unwrap_or(code).to_string()
}

/// `{{地区用词|cn=硅|tw=矽|start=…}}`: the word of the reader's region.
fn region(args: &Args, variant: Variant) -> Option<String> {
    let of = |v: Variant| {
        let code = v.code();
        args.named(&[code, code.strip_prefix("zh-").unwrap_or(code)])
    };
    let word = of(variant).or_else(|| variant.fallbacks().iter().find_map(|v| of(*v)));
    let word = word.or_else(|| Variant::ALL.iter().find_map(|v| of(*v)))?;
    let start = args.named(&["start"]).map_or(String::new(), |s| format!("（{s}）"));
    Some(format!("{}{start}", raw(word)))
}

/// The name by which a template is counted: of a function its own, without what it is given.
pub(super) fn counted_name(written: &str) -> String {
    let name = name(written);
    match name.split_once(':') {
        Some((function, _)) if function.starts_with('#') => function.to_owned(),
        _ => name,
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
    (!born.is_empty() || !died.is_empty()).then(|| format!("{born}－{died}"))
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

#[cfg(test)]
mod tests {
    use super::LIST;
    use crate::text::wikitext::{Options, plain};

    #[test]
    fn every_row_of_the_list_shows_what_it_says() {
        let mut names = std::collections::HashSet::new();
        let options = Options { title: "题", ..Options::default() };
        let wrong: Vec<String> = LIST
            .lines()
            .filter(|l| !l.starts_with('#'))
            .filter_map(|line| {
                let [list, _, example, text] = line.split('\t').collect::<Vec<_>>()[..] else {
                    panic!("four columns: {line}")
                };
                assert!(list.split(';').all(|n| !n.is_empty() && names.insert(n)), "twice or empty: {line}");
                let (got, text) = (plain(example, &options), text.replace("\\n", "\n"));
                (got != text).then(|| format!("{example}\n    {got}\n    {text}"))
            })
            .collect();
        assert!(names.len() > 200 && wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
