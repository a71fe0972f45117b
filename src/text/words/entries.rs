//! Lines of a user dictionary in jieba's format.

/// The greatest frequency that a user dictionary may give: jieba's own sum up to some 60 million.
const MOST: u64 = 1_000_000_000;

/// A line of a user dictionary: word, frequency, tag.
pub type Entry<'a> = (&'a str, Option<u64>, Option<&'a str>);

/// Reads a line of a user dictionary; nothing where it is empty. As in jieba, a tag is of small letters, a frequency of
/// digits, and what stands before them is the word.
pub fn entry(line: &str) -> Result<Option<Entry<'_>>, String> {
    let mut word = line.trim();
    let cut = |word: &str, of: fn(&u8) -> bool| {
        let (before, last) = word.rsplit_once(char::is_whitespace)?;
        last.as_bytes().iter().all(of).then_some(before.len())
    };
    let (mut tag, mut frequency) = (None, None);
    if let Some(at) = cut(word, u8::is_ascii_lowercase) {
        tag = Some(word[at..].trim_start());
        word = word[..at].trim_end();
    }
    if let Some(at) = cut(word, u8::is_ascii_digit) {
        let number = word[at..].trim_start();
        match number.parse::<u64>() {
            Ok(parsed) if (1..=MOST).contains(&parsed) => frequency = Some(parsed),
            _ => return Err(format!("`{number}` is no frequency: 1 to {MOST} are possible")),
        }
        word = word[..at].trim_end();
    }
    let strange = |part: &str| part.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
    if let Some(part) = word.split_whitespace().skip(1).find(|part| strange(part)) {
        return Err(format!("`{part}` is no frequency: it is a whole number, and stands behind the word"));
    }
    if let Some(c) = word.chars().find(|c| c.is_control()) {
        return Err(format!("a character that is not printed (U+{:04X}) stands in the word", u32::from(c)));
    }
    Ok((!word.is_empty()).then_some((word, frequency, tag)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_word_frequency_tag() {
        assert_eq!(entry("  创新办 3 i "), Ok(Some(("创新办", Some(3), Some("i")))));
        assert_eq!(entry("台中"), Ok(Some(("台中", None, None))));
        assert_eq!(entry("   "), Ok(None));
    }
}
