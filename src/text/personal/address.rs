//! Chinese street addresses, as far as their form tells them: a road or estate, its number, and what stands before and
//! behind (`浙江省杭州市西湖区文三路478号3幢2单元501室`).

use std::sync::LazyLock;

use super::kinds::{Kind, Span};
use super::labels;
use super::units;

/// Names of provinces and cities, where an address may begin.
static REGIONS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let lines = include_str!("regions.txt").lines().filter(|l| !l.starts_with('#'));
    lines.flat_map(str::split_whitespace).collect()
});

/// What a number of a house has behind it.
const UNITS: &[&str] = &[
    "号院", "号楼", "号", "號", "弄", "栋", "幢", "座", "单元", "室", "层", "楼", "房", "户", "门", "巷", "组", "支弄",
    "街坊", "区", "期", "铺", "院", "排", "塔",
];
/// What no number of a house has behind its unit: lines, documents, models, halls of airports.
const NOT: &[&str] = &[
    "线",
    "文",
    "令",
    "公告",
    "公交",
    "航站",
    "机",
    "选手",
    "球",
    "专线",
    "种子",
    "站台",
    "口",
    "出口",
    "国道",
    "高速",
    "服务区",
    "矿",
    "井",
    "提案",
    "议案",
    "决议",
    "位",
    "车",
    "地块",
];
/// Ends of names of roads.
const ROADS: &[&str] = &["路", "街", "大道", "大街", "巷", "胡同", "弄", "東路", "道", "里", "条", "路段", "段", "环"];
/// Ends of names of places that have houses, where a region or a room stands beside.
const PLACES: &[&str] = &[
    "小区",
    "花园",
    "公寓",
    "大厦",
    "新村",
    "家园",
    "花苑",
    "苑",
    "园",
    "城",
    "府",
    "庄",
    "村",
    "屯",
    "镇",
    "乡",
    "社区",
    "广场",
    "中心",
    "大楼",
    "湾",
    "庭",
    "居",
    "坊",
    "郡",
    "邸",
    "里",
    "庄园",
    "山庄",
    "家属院",
    "宿舍",
    "院",
    "楼",
    "湖",
    "轩",
    "阁",
    "都",
    "场",
    "厂",
    "大学",
    "学院",
    "学校",
    "墅",
    "公馆",
    "寓",
    "营",
    "桥",
    "港",
    "岸",
];
/// Words that end like a road and are none.
const NO_ROADS: &[&str] = &[
    "公路",
    "铁路",
    "道路",
    "马路",
    "线路",
    "电路",
    "思路",
    "网路",
    "通路",
    "回路",
    "水路",
    "陆路",
    "套路",
    "同路",
    "半路",
    "出路",
    "门路",
    "岔路",
    "走路",
    "一路",
    "这条路",
    "条路",
    "修路",
    "赛道",
    "跑道",
    "隧道",
    "管道",
    "频道",
    "通道",
    "车道",
    "河道",
    "轨道",
    "街道",
    "知道",
    "报道",
    "渠道",
    "味道",
    "上街",
    "逛街",
    "这里",
    "那里",
    "哪里",
    "家里",
    "公里",
    "英里",
    "海里",
    "心里",
    "手里",
    "里程",
    "阶段",
    "时段",
    "手段",
    "路段",
    "片段",
    "分段",
    "字段",
    "前段",
    "一段",
    "三环",
    "四环",
    "二环",
    "五环",
    "循环",
    "一条",
    "几条",
    "条条",
    "第一条",
];

/// Words before an address that make it somebody's: where people live, or get mail.
const SAID: &[&str] = &["址", "住", "寄", "收货", "收件", "搬", "公司", "户籍", "address", "ship to"];
/// Words before an address of a house that all may know.
const PLACED: &[&str] = &["位于", "坐落", "座落", "地处", "驻", "设于", "设在", "旧址", "故居", "馆"];
/// Words behind one that make it somebody's.
const AT_HOME: &[&str] = &["的家", "家里", "家中", "的住处", "收"];

/// Characters that stand before an address and never in one.
const STOPS: &[char] = &[
    '在', '到', '住', '址', '为', '是', '的', '了', '往', '与', '及', '位', '寄', '送', '至', '去', '回', '给', '来',
    '把', '由', '找', '我', '他', '她', '你', '们', '搬', '经', '离', '以', '有', '驻', '今',
];

/// Whether a character is part of names: Han.
fn han(c: char) -> bool {
    matches!(c, '\u{4E00}'..='\u{9FFF}' | '〇' | '\u{3400}'..='\u{4DBF}')
}

/// The address of which `start..end` is a number: before it a road or an estate, behind it `号` or the like. `floor` is
/// where it may begin.
pub fn address(text: &str, floor: usize, start: usize, end: usize) -> Option<Span> {
    let after = unit(text, end)?;
    let from = text.floor_char_boundary(start.saturating_sub(40 * 3).max(floor));
    let head = &text[from..start];
    let head = head.trim_end_matches([' ', '\u{3000}', '第']);
    let names = name_run(head);
    let road = ROADS.iter().any(|r| names.ends_with(r)) && !NO_ROADS.iter().any(|r| names.ends_with(r));
    let place = PLACES.iter().any(|p| names.ends_with(p)) && !NO_ROADS.iter().any(|r| names.ends_with(r));
    if !(road || place) || names.chars().count() < 3 {
        return None;
    }
    let cut = cut(names);
    let (begin, region) = begin(cut);
    let name = &cut[begin..];
    let (to, units) = extend(text, after);
    let ward = ["省", "市", "区", "县", "旗", "镇", "乡", "州"].iter().filter(|w| name.contains(**w)).count()
        + usize::from(region);
    let clause = labels::clause(text, start - (text[from..start].len() - from_names(head, names)));
    let before = &names[..names.len() - cut.len() + begin];
    let said = |words: &[&str]| words.iter().any(|w| clause.contains(w) || before.contains(w));
    let labelled = said(SAID) || AT_HOME.iter().any(|w| text[to..].starts_with(w));
    let small = ["里", "道", "条", "段", "环"].iter().any(|r| names.ends_with(r)) && !names.ends_with("大道");
    // A road and a number are a place of the town, unless a district stands before, a building behind, or a word says that
    // somebody lives or gets mail there.
    let own = units > 1 || ward > 1;
    let enough = match road && !small {
        true => labelled || units > 2 || own && !said(PLACED),
        false => ward > 0 && own || labelled && units > 1,
    };
    let length = name.chars().count();
    if !enough || !(3..=36).contains(&length) {
        return None;
    }
    // A road alone has a short name: what stands before is a sentence.
    let begin = if ward == 0 && road { begin + shorten(name) } else { begin };
    let at = from + head.len() - cut.len() + begin;
    (at >= floor).then_some(Span { start: at, end: to, kind: Kind::Address })
}

fn from_names(head: &str, names: &str) -> usize {
    head.len() - names.len()
}

/// The Han characters at the end of a text, with house numbers of lanes and hyphens of letters between.
fn name_run(head: &str) -> &str {
    let mut start = head.len();
    for (at, c) in head.char_indices().rev() {
        let c_ok = han(c) || c.is_ascii_digit() || matches!(c, 'A'..='Z' | '（' | '）' | '(' | ')' | ' ' | '０'..='９');
        if !c_ok {
            break;
        }
        start = at;
    }
    head[start..].trim_start()
}

/// What is left behind the last character that stands before addresses.
fn cut(names: &str) -> &str {
    let at = names.char_indices().rev().find(|(_, c)| STOPS.contains(c)).map_or(0, |(at, c)| at + c.len_utf8());
    let rest = &names[at..];
    // Brackets that were not opened are left out, and so is `家` of `家住`.
    let rest = rest.rsplit([')', '）']).next().filter(|r| !r.is_empty()).unwrap_or(rest);
    let rest = rest.trim_start_matches([' ', '（', '(']);
    // `位于`, `在于`: the second half of the word.
    // `住所地`: what is left of the word.
    let word = ["于", "所地", "所"].into_iter().find_map(|word| rest.strip_prefix(word));
    if at > 0 { word.unwrap_or(rest) } else { rest }
}

/// Where an address begins in its names: at a known province or city, else at their beginning; whether one is known.
fn begin(names: &str) -> (usize, bool) {
    let followed = |rest: &str| rest.is_empty() || rest.chars().next().is_some_and(|c| han(c) || c == ' ');
    let found = REGIONS.iter().filter_map(|r| names.find(r).filter(|at| followed(&names[at + r.len()..]))).min();
    match found {
        Some(at) if !names[at..].starts_with("中山路") && !road_named(&names[at..]) => (at, true),
        _ => (0, false),
    }
}

/// Whether a region's name is that of a road here: `南京路`, `北京西路`, `四川北路`.
fn road_named(names: &str) -> bool {
    let ends = [
        "路", "东路", "西路", "南路", "北路", "中路", "大道", "街", "大街", "东街", "西街", "南街", "北街", "一路",
        "二路",
    ];
    REGIONS.iter().any(|r| names.strip_prefix(r).is_some_and(|rest| ends.iter().any(|e| rest.starts_with(e))))
}

/// How much of a name in front of a road is a sentence: all but the last six characters.
fn shorten(name: &str) -> usize {
    name.char_indices().rev().nth(5).map_or(0, |(at, _)| at)
}

/// The end of the unit that follows a number of a house at byte `at`.
fn unit(text: &str, at: usize) -> Option<usize> {
    let mut rest = &text[at..];
    let mut place = at;
    for mark in ["甲", "乙", "丙", "丁", "之一", "之二", "之三", "附", " "] {
        if let Some(shorter) = rest.strip_prefix(mark) {
            (rest, place) = (shorter, place + mark.len());
        }
    }
    let found = UNITS.iter().find(|u| rest.starts_with(**u))?;
    let behind = &rest[found.len()..];
    let refused = matches!(*found, "号" | "號" | "楼" | "区" | "条" | "层" | "门" | "房" | "户")
        && NOT.iter().any(|n| behind.starts_with(n));
    (!refused).then_some(place + found.len())
}

/// How far an address goes on behind its first unit, which ends at byte `first`, and how many units it has: numbers with
/// units, and a building's name before one.
fn extend(text: &str, first: usize) -> (usize, usize) {
    let (mut end, mut units) = (first, 1);
    while units < 8 {
        let gap = skip_blank(text, end);
        if let Some(next) = numbered(text, gap) {
            (end, units) = (next, units + 1);
            continue;
        }
        let Some(next) = building(text, gap) else { break };
        (end, units) = (next, units + 1);
    }
    // `3-2-501`, `1203` behind a building.
    let b = text.as_bytes();
    let mut last = end;
    loop {
        let (c, len) = units::at(b, last);
        let hyphen = c == b'-' && last > end;
        if !(c.is_ascii_digit() || hyphen) || last - end > 16 {
            break;
        }
        last += len;
    }
    let counted = units > 1 && last - end >= 2 && !labels::quantity(text, last) && units::at(b, last).0 != b':';
    (if counted { last } else { end }, units)
}

fn skip_blank(text: &str, at: usize) -> usize {
    if text[at..].starts_with(' ') { at + 1 } else { at }
}

/// The end of `3号楼`, `A座`, `二单元`, `501室` at byte `at`.
fn numbered(text: &str, at: usize) -> Option<usize> {
    let b = text.as_bytes();
    let mut end = at;
    let (mut count, mut place) = (0, at);
    loop {
        let (c, len) = units::at(b, place);
        if !(c.is_ascii_alphanumeric() || c == b'-' && count > 0) || count > 8 {
            break;
        }
        (place, count) = (place + len, count + 1);
    }
    if count == 0 {
        for c in text[at..].chars().take(4) {
            if !"一二三四五六七八九十百零〇甲乙丙丁东西南北负".contains(c) {
                break;
            }
            (place, count) = (place + c.len_utf8(), count + 1);
        }
    }
    if count > 0 {
        end = unit(text, place)?;
    }
    (end > at).then_some(end)
}

/// The end of a building's name and its unit at byte `at`: `华星时代广场A座1203室`.
fn building(text: &str, at: usize) -> Option<usize> {
    const ENDS: &[&str] = &[
        "大厦",
        "广场",
        "小区",
        "花园",
        "公寓",
        "中心",
        "大楼",
        "家园",
        "新村",
        "苑",
        "城",
        "大院",
        "宿舍",
        "写字楼",
        "科技园",
        "产业园",
        "园区",
        "酒店",
        "宾馆",
        "商场",
        "国际",
        "公馆",
        "府",
        "园",
        "院",
        "里",
        "村",
        "庭",
        "居",
        "湾",
    ];
    let rest = &text[at..];
    let named = |c: &char| han(*c) || c.is_ascii_uppercase();
    let run: usize = rest.chars().take(14).take_while(named).map(char::len_utf8).sum();
    let name = &rest[..run];
    // The longest beginning that ends like a building and has a numbered unit behind.
    let ends = name.char_indices().map(|(i, c)| i + c.len_utf8()).filter(|end| *end >= 6);
    let mut found = None;
    for end in ends {
        if !ENDS.iter().any(|e| name[..end].ends_with(e)) {
            continue;
        }
        if name[..end].contains(STOPS) {
            break;
        }
        let next = numbered(text, skip_blank(text, at + end))
            .filter(|_| text.as_bytes().get(skip_blank(text, at + end)).is_some_and(|c| c.is_ascii_alphanumeric()));
        if next.is_some() {
            found = next;
        }
    }
    found
}
