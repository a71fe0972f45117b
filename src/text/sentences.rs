//! Sentences, as far as cutting needs them: a stretch widened to whole ones, and the text without it.

use std::borrow::Cow;

/// Signs that end a sentence wherever they stand.
const ENDS: [char; 8] = ['。', '！', '？', '；', '!', '?', '…', '｡'];
/// Signs that may follow the end, and belong to the sentence.
const CLOSING: [char; 9] = ['”', '’', '」', '』', '）', ')', '"', '\'', '》'];

/// Stretches (bytes, ascending) widened to whole sentences, and joined where they meet. A sentence ends behind `。！？；…`
/// or `!?` with the quotes that close there, behind a full stop before white space, and at the end of a line. Where a
/// whole line is taken, its line break is as well.
pub fn widen(text: &str, spans: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut wide: Vec<(usize, usize)> = Vec::with_capacity(spans.len());
    for (start, end) in spans {
        let floor = wide.last().map_or(0, |w| w.1);
        if *end <= floor {
            continue;
        }
        let (start, end) = (before(text, (*start).max(floor), floor), after(text, *end));
        match wide.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => wide.push((start, end)),
        }
    }
    for (start, end) in &mut wide {
        let begins = *start == 0 || text[..*start].ends_with('\n');
        if begins && text[*end..].starts_with('\n') {
            *end += 1;
        } else if begins && *end == text.len() && *start > 0 {
            *start -= 1;
        }
    }
    wide
}

/// Stretches (bytes, ascending, apart) narrowed to the whole sentences in them, and joined where they meet. Sentences are
/// those of [`widen`]. The line breaks of what stays stay as they part it.
pub fn within(text: &str, spans: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut whole: Vec<(usize, usize)> = Vec::new();
    let (mut at, mut spans) = (0, spans.iter().peekable());
    while at < text.len() {
        // A line break counts as a sentence here.
        let end = if text[at..].starts_with('\n') { at + 1 } else { scan(text, at) };
        // One that ends before the sentence does holds neither it nor a later one.
        while spans.next_if(|span| span.1 < end).is_some() {}
        let Some(span) = spans.peek() else { break };
        let blank = end - at - text[at..end].trim_start_matches([' ', '\t', '\u{3000}']).len();
        if at + blank >= span.0 && end <= span.1 {
            let start = at.max(span.0);
            match whole.last_mut() {
                Some(last) if last.1 == start => last.1 = end,
                _ => whole.push((start, end)),
            }
        }
        at = end;
    }
    for (start, end) in &mut whole {
        let breaks = |rest: &str| rest.is_empty() || rest.starts_with('\n');
        while *start < *end && text[*start..].starts_with('\n') && !breaks(&text[*end..]) {
            *start += 1;
        }
        while *start < *end && text[..*end].ends_with('\n') && *start > 0 && !text[..*start].ends_with('\n') {
            *end -= 1;
        }
    }
    whole.retain(|(start, end)| start < end);
    whole
}

/// The text without some stretches of it: ascending, apart from one another.
pub fn without<'a>(text: &'a str, spans: &[(usize, usize)]) -> Cow<'a, str> {
    if spans.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (start, end) in spans {
        out.push_str(&text[from..(*start).max(from)]);
        from = (*end).max(from);
    }
    out.push_str(&text[from..]);
    Cow::Owned(out)
}

/// Whether a sentence ends behind the character `c`, which `next` follows.
fn ends(c: char, next: Option<char>) -> bool {
    c == '\n' || ENDS.contains(&c) || (c == '.' && next.is_none_or(char::is_whitespace))
}

/// Where the sentence begins that has the byte `at`; not before `floor`.
fn before(text: &str, at: usize, floor: usize) -> usize {
    let mut start = at;
    while start > floor {
        let head = &text[..start];
        let Some(last) = head.chars().next_back().filter(|c| *c != '\n') else { break };
        // Quotes that close behind an end belong to the sentence before.
        if !text[start..].starts_with(CLOSING) {
            let body = head.trim_end_matches(CLOSING);
            let sign = body.chars().next_back();
            if sign.is_some_and(|c| ends(c, text[body.len()..].chars().next())) {
                break;
            }
        }
        start -= last.len_utf8();
    }
    start.max(floor)
}

/// Where the sentence ends that has the byte before `at`; its line break is not part of it.
fn after(text: &str, at: usize) -> usize {
    if text[..at].ends_with(|c| ENDS.contains(&c)) {
        return at + text[at..].len() - text[at..].trim_start_matches(CLOSING).len();
    }
    scan(text, at)
}

/// Where the first sentence from `at` on ends; its line break is not part of it.
fn scan(text: &str, at: usize) -> usize {
    let mut rest = text[at..].char_indices().peekable();
    while let Some((place, c)) = rest.next() {
        if c == '\n' {
            return at + place;
        }
        if ends(c, rest.peek().map(|next| next.1)) {
            let end = at + place + c.len_utf8();
            return end + text[end..].len() - text[end..].trim_start_matches(CLOSING).len();
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str, what: &str) -> String {
        let at = text.find(what).unwrap();
        without(text, &widen(text, &[(at, at + what.len())])).into_owned()
    }

    #[test]
    fn whole_sentences_go() {
        assert_eq!(cut("前面。中间有它，在此。后面。", "有它"), "前面。后面。");
        assert_eq!(cut("他说：“就是它。”然后走了。", "是它"), "然后走了。");
        assert_eq!(cut("他说：“好。”就是它。完。", "就是它"), "他说：“好。”完。");
        assert_eq!(cut("First one. It costs 3.5 dollars here. Last.", "costs"), "First one. Last.");
        assert_eq!(cut("一句。跨过。两句。", "过。两"), "一句。");
        assert_eq!(cut("全部", "全"), "");
    }

    #[test]
    fn whole_lines_take_their_break_along() {
        assert_eq!(cut("a\nb\nc", "b"), "a\nc");
        assert_eq!(cut("a\nb\nc", "a"), "b\nc");
        assert_eq!(cut("a\nb\nc", "c"), "a\nb");
        assert_eq!(cut("a。b\nc", "b"), "a。\nc");
    }

    fn cut_within(text: &str, what: &str) -> String {
        let at = text.find(what).unwrap();
        without(text, &within(text, &[(at, at + what.len())])).into_owned()
    }

    #[test]
    fn only_sentences_that_are_wholly_inside_go() {
        assert_eq!(cut_within("前面一句。中间一句！后面一句。", "一句。中间一句！后面"), "前面一句。后面一句。");
        assert_eq!(cut_within("前面一句。中间一句。", "中间一"), "前面一句。中间一句。");
        assert_eq!(cut_within("他说：“就是它。”然后走了。", "他说：“就是它。"), "他说：“就是它。”然后走了。");
        assert_eq!(cut_within("他说：“就是它。”然后走了。", "他说：“就是它。”"), "然后走了。");
        assert_eq!(cut_within("First. It costs 3.5 dollars. Last.", "It costs 3.5 dollars."), "First.  Last.");
        assert_eq!(
            cut_within("First. It costs 3.5 dollars. Last.", "costs 3.5 dollars."),
            "First. It costs 3.5 dollars. Last."
        );
        assert_eq!(cut_within("没有标点", "没有标点"), "");
        // The first stretch ends in the space before the second.
        assert_eq!(within("甲。  乙丙。丁", &[(0, 7), (8, 17)]), [(0, 6), (8, 17)]);
    }

    #[test]
    fn lines_that_stay_are_not_glued() {
        assert_eq!(cut_within("甲\n乙。\n丙", "\n乙。\n"), "甲\n丙");
        assert_eq!(cut_within("甲\n乙。丙", "\n乙。"), "甲\n丙");
        assert_eq!(cut_within("甲。乙。\n丙", "乙。\n"), "甲。\n丙");
        assert_eq!(cut_within("甲\n乙。", "\n乙。"), "甲");
        assert_eq!(cut_within("甲\n乙。", "甲\n"), "乙。");
        assert_eq!(cut_within("标题\n正文。", "题\n正文。"), "标题");
    }

    #[test]
    fn stretches_that_meet_are_one() {
        let text = "一二。三四。五六。";
        assert_eq!(widen(text, &[(0, 3), (3, 6), (12, 15)]), [(0, 18)]);
        assert_eq!(without(text, &[]), text);
    }
}
