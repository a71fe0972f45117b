//! Mending: what a removal leaves around it. Away from a hole, nothing changes.

use super::{CUT, HOLE, RULES, is_void};

/// Text of one line without holes and without what they made senseless: empty brackets, doubled commas, spaces before
/// punctuation. Empty when nothing but holes and punctuation was left.
pub(super) fn mended(line: &str) -> String {
    let line = line.trim_end();
    if !line.contains(HOLE) {
        return line.to_string();
    }
    let mut out = String::with_capacity(line.len());
    // Whether only spaces lie between the last hole and here.
    let mut hole = false;
    // Rule marks that were met there; they go before the next character that stays.
    let mut rules = String::new();
    let mut rest = line;
    while !rest.is_empty() {
        if !hole {
            let next = rest.find(HOLE).unwrap_or(rest.len());
            out.push_str(&rest[..next]);
            rest = &rest[next..];
        }
        let mut chars = rest.chars();
        let Some(c) = chars.next() else { break };
        rest = chars.as_str();
        if c == HOLE {
            hole = true;
            // Of the spaces before it, one is enough, and keeps what follows linear.
            let kept = out.trim_end().len();
            if kept < out.len() {
                out.truncate(kept);
                out.push(' ');
            }
            continue;
        }
        if c == RULES || c == CUT {
            rules.push(c);
            continue;
        }
        let last = out.trim_end().chars().next_back();
        if c.is_whitespace() {
            if last.is_some_and(|l| !is_opening(l)) && !out.ends_with(char::is_whitespace) {
                out.push(c);
            }
            continue;
        }
        hole = joined(&mut out, c);
        if !hole {
            out.insert_str(out.len() - c.len_utf8(), &rules);
            rules.clear();
        }
    }
    let text = out.trim_end();
    if text.chars().all(|c| is_void(c) || is_stop(c) || is_opening(c) || closed_by(c).is_some()) {
        return String::new();
    }
    text.to_string()
}

/// Adds a character after a hole. Says whether the hole is still there: when it was taken with something beside it.
fn joined(out: &mut String, c: char) -> bool {
    loop {
        let spaced = out.len() != out.trim_end().len();
        let last = out.trim_end().chars().next_back();
        let Some(last) = last else {
            // At the start of a line, no comma.
            if is_pause(c) || matches!(c, '。' | '！') {
                return true;
            }
            out.clear();
            out.push(c);
            return false;
        };
        if closed_by(c).is_some_and(|open| open.contains(&last)) {
            cut(out, last);
            return true;
        }
        if is_opening(last) {
            out.truncate(out.trim_end().len());
            if is_pause(c) {
                return true;
            }
        } else if closed_by(c).is_some() {
            out.truncate(out.trim_end().len());
            if is_pause(last) {
                cut(out, last);
                continue;
            }
        } else if is_stop(c) {
            if is_wide(c) || c == ',' || c == '.' {
                out.truncate(out.trim_end().len());
            }
            if is_pause(last) && (is_pause(c) || matches!(c, '。' | '！' | '？' | '.')) && same_width(last, c) {
                if is_pause(c) {
                    return true;
                }
                cut(out, last);
                continue;
            }
            if last == c && c == '。' {
                return true;
            }
        } else if spaced && is_wide(last) && is_wide(c) {
            out.truncate(out.trim_end().len());
        }
        out.push(c);
        return false;
    }
}

/// Takes the last character, and what is blank after it.
fn cut(out: &mut String, last: char) {
    out.truncate(out.trim_end().len() - last.len_utf8());
}

fn is_opening(c: char) -> bool {
    matches!(c, '（' | '(' | '［' | '[' | '〔' | '【' | '「' | '『' | '《' | '“')
}

/// The brackets that a closing one closes.
fn closed_by(c: char) -> Option<&'static [char]> {
    Some(match c {
        '）' | ')' => &['（', '('],
        '］' | ']' => &['［', '['],
        '〕' => &['〔'],
        '】' => &['【'],
        '」' => &['「'],
        '』' => &['『'],
        '》' => &['《'],
        '”' => &['“'],
        _ => return None,
    })
}

/// Whether a mark parts a sentence.
fn is_pause(c: char) -> bool {
    matches!(c, '，' | '、' | '；' | '：' | ',' | ';' | ':')
}

fn is_stop(c: char) -> bool {
    is_pause(c) || matches!(c, '。' | '！' | '？' | '.' | '．' | '·')
}

fn same_width(a: char, b: char) -> bool {
    a.is_ascii() == b.is_ascii()
}

/// Chinese, Japanese or a full-width sign: stands without spaces.
fn is_wide(c: char) -> bool {
    matches!(c, '\u{2E80}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{FE30}'..='\u{FE4F}' | '\u{FF00}'..='\u{FFEF}' | '\u{20000}'..='\u{3FFFF}')
}
