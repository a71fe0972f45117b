//! Lines and paragraphs of a row, each with its bytes: what comes before the next one belongs to it.

/// Calls `found(piece, bytes)` for each line of the texts of a row, in order: the line, and the bytes from its start to
/// that of the next one. All together are the bytes of the texts, with one byte between two.
pub fn lines<'t>(texts: &[&'t str], mut found: impl FnMut(&'t str, usize)) {
    for (at, text) in texts.iter().enumerate() {
        let between = usize::from(at + 1 < texts.len());
        let mut rest = *text;
        loop {
            match memchr::memchr(b'\n', rest.as_bytes()) {
                Some(end) => {
                    found(&rest[..end], end + 1);
                    rest = &rest[end + 1..];
                }
                None => {
                    found(rest, rest.len() + between);
                    break;
                }
            }
        }
    }
}

/// The same for paragraphs: lines up to one that is blank, which belongs to them as all blank lines do that follow.
pub fn paragraphs<'t>(texts: &[&'t str], mut found: impl FnMut(&'t str, usize)) {
    for (at, text) in texts.iter().enumerate() {
        let between = usize::from(at + 1 < texts.len());
        let (mut start, mut place, mut end, mut blank) = (0, 0, 0, false);
        lines(&[text], |line, bytes| {
            let empty = line.trim().is_empty();
            if !empty {
                if blank {
                    found(&text[start..end], place - start);
                    start = place;
                }
                end = place + line.len();
            }
            blank = empty;
            place += bytes;
        });
        found(&text[start..end.max(start)], text.len() - start + between);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(
        cut: fn(&[&'static str], &mut dyn FnMut(&'static str, usize)),
        texts: &[&'static str],
    ) -> Vec<(&'static str, usize)> {
        let mut all = Vec::new();
        cut(texts, &mut |piece, bytes| all.push((piece, bytes)));
        let bytes: usize = texts.iter().map(|t| t.len()).sum::<usize>() + texts.len().saturating_sub(1);
        assert_eq!(all.iter().map(|a| a.1).sum::<usize>(), bytes);
        all
    }

    #[test]
    fn every_byte_belongs_to_a_line() {
        let lines = |texts: &[&'static str]| all(|t, f| lines(t, f), texts);
        assert_eq!(lines(&["a\n\nbc"]), [("a", 2), ("", 1), ("bc", 2)]);
        assert_eq!(lines(&["a\n", "b"]), [("a", 2), ("", 1), ("b", 1)]);
        assert_eq!(lines(&[""]), [("", 0)]);
        assert_eq!(lines(&[]), []);
    }

    #[test]
    fn every_byte_belongs_to_a_paragraph() {
        let paragraphs = |texts: &[&'static str]| all(|t, f| paragraphs(t, f), texts);
        assert_eq!(paragraphs(&["a\nb\n \n\nc\n", "d"]), [("a\nb", 7), ("c", 3), ("d", 1)]);
        assert_eq!(paragraphs(&["\n\na"]), [("", 2), ("a", 1)]);
        assert_eq!(paragraphs(&["a", ""]), [("a", 2), ("", 0)]);
    }
}
