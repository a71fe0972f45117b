//! Numbers, units and days of templates.

use crate::text::date::MONTHS;

/// What stands between two numbers of `{{convert}}`, and how it is shown.
const JOINTS: &[(&str, &str)] = &[
    ("-", "–"),
    ("–", "–"),
    ("to(-)", "–"),
    ("to", "–"),
    ("and(-)", "–"),
    ("and", " and "),
    ("and/or", " and/or "),
    ("or", " or "),
    ("x", "×"),
    ("×", "×"),
    ("*", "×"),
    ("by", "×"),
    ("xx", "×"),
    ("+/-", "±"),
    ("+/−", "±"),
    ("±", "±"),
    ("+", "+"),
    (",", ", "),
    (", and", ", and "),
    (", or", ", or "),
    ("to about", " to about "),
    ("至", "至"),
    ("到", "到"),
    ("或", "或"),
    ("和", "和"),
    ("与", "与"),
];

fn is_number(text: &str) -> bool {
    text.trim_start_matches(['-', '−', '+', '.']).starts_with(|c: char| c.is_ascii_digit())
}

/// `{{convert|10|km}}`, `{{convert|10|to|20|km}}`, `{{convert|6|ft|2|in|m}}`: what is given, without what it is converted to.
pub(super) fn convert(list: &[&str]) -> Option<String> {
    let mut out = (*list.first()?).to_string();
    let mut i = 1;
    while let Some(word) = list.get(i) {
        let next = list.get(i + 1).filter(|n| is_number(n));
        if let (Some((_, joint)), Some(number)) = (JOINTS.iter().find(|(j, _)| j == word), next) {
            out.push_str(joint);
            out.push_str(number);
            i += 2;
            continue;
        }
        if is_number(word) {
            // The precision.
            break;
        }
        out.push(' ');
        out.push_str(word);
        // Feet and inches: a number and its unit follow.
        let (Some(number), Some(_)) = (next, list.get(i + 2).filter(|u| !is_number(u))) else { break };
        out.push(' ');
        out.push_str(number);
        i += 2;
    }
    Some(out)
}

/// `{{percentage|1|4}}`: 25%.
pub(super) fn percent(part: &str, whole: Option<&str>, digits: Option<&str>) -> Option<String> {
    let number = |t: &str| t.replace(',', "").trim().parse::<f64>().ok();
    let share = 100.0 * number(part)? / whole.map_or(Some(100.0), number)?;
    let digits = digits.and_then(|d| d.parse().ok()).unwrap_or(0usize).min(9);
    share.is_finite().then(|| format!("{share:.digits$}%"))
}

/// Year, month and day as numbers: `2012年3月1日`, `1 March 2012`.
pub(super) fn day<'a>(mut list: impl Iterator<Item = &'a str>, chinese: bool) -> Option<String> {
    let year = list.next()?;
    let mut number = || list.next().and_then(|n| n.parse::<usize>().ok());
    let (month, day) = (number().filter(|m| (1..=12).contains(m)), number());
    if chinese {
        let year = if year.ends_with('年') { year.to_string() } else { format!("{year}年") };
        let day = day.filter(|_| month.is_some()).map_or(String::new(), |d| format!("{d}日"));
        return Some(format!("{year}{}{day}", month.map_or(String::new(), |m| format!("{m}月"))));
    }
    let Some(month) = month else { return Some(year.to_string()) };
    let day = day.map_or(String::new(), |d| format!("{d} "));
    Some(format!("{day}{} {year}", MONTHS[month - 1]))
}
