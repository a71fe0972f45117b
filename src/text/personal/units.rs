//! Characters as numbers and codes are written with: ASCII, its full-width forms, and the spaces and hyphens that stand
//! in for it; and runs of digits with what stands between their groups.

/// What [`at`] and [`before`] answer for a character that stands for none of ASCII.
pub const OTHER: u8 = 0x80;

/// The character that begins at byte `i`, folded to ASCII, and its length in bytes; `(0, 0)` at the end.
pub fn at(b: &[u8], i: usize) -> (u8, usize) {
    match b.get(i) {
        None => (0, 0),
        Some(byte) if *byte < 0x80 => (*byte, 1),
        Some(0xEF) => match (b.get(i + 1), b.get(i + 2)) {
            // U+FF01–FF3F and U+FF40–FF5E are ASCII in full width.
            (Some(0xBC), Some(c @ 0x81..)) => (c - 0x60, 3),
            (Some(0xBD), Some(c @ 0x80..=0x9E)) => (c - 0x20, 3),
            (Some(0xB9), Some(0xA3)) => (b'-', 3),
            _ => (OTHER, 3),
        },
        Some(0xE2) => match (b.get(i + 1), b.get(i + 2)) {
            (Some(0x80), Some(0x90..=0x95)) | (Some(0x88), Some(0x92)) => (b'-', 3),
            (Some(0x80), Some(0x80..=0x8A | 0xAF)) => (b' ', 3),
            _ => (OTHER, 3),
        },
        Some(0xE3) if b.get(i + 1) == Some(&0x80) && b.get(i + 2) == Some(&0x80) => (b' ', 3),
        Some(0xC2) if b.get(i + 1) == Some(&0xA0) => (b' ', 2),
        Some(byte) => (OTHER, 2 + usize::from(*byte >= 0xE0) + usize::from(*byte >= 0xF0)),
    }
}

/// The character that ends before byte `i`, as [`at`] has it; `(0, 0)` at the start.
pub fn before(b: &[u8], i: usize) -> (u8, usize) {
    if i == 0 {
        return (0, 0);
    }
    let mut start = i - 1;
    while start > 0 && b[start] & 0xC0 == 0x80 {
        start -= 1;
    }
    at(b, start)
}

/// Whether a character of UTF-8 that begins with this byte may be Han (U+4000–9FFF, or beyond the base plane).
pub fn leads_han(byte: u8) -> bool {
    matches!(byte, 0xE4..=0xE9 | 0xF0)
}

/// What stands between two groups of digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sep {
    /// Nothing: the first group.
    #[default]
    None,
    /// One space.
    Space,
    /// A hyphen or dash, with or without spaces around.
    Hyphen,
    /// A full stop.
    Dot,
    /// A parenthesis, with or without a space or hyphen.
    Paren,
}

/// Digits without anything between them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Group {
    /// The first digit, in [`Run::digits`].
    pub from: usize,
    /// Behind the last.
    pub to: usize,
    /// What stands before it.
    pub sep: Sep,
}

/// Digits held of one run; longer ones are no number of a person.
const DIGITS: usize = 48;
/// Groups held of one run.
const GROUPS: usize = 16;

/// Groups of digits that one separator each parts.
pub struct Run {
    /// The values, 0–9.
    pub digits: [u8; DIGITS],
    starts: [u32; DIGITS],
    lens: [u8; DIGITS],
    /// Where it begins, in bytes of the text: places are held from there.
    base: usize,
    n: usize,
    groups: [Group; GROUPS],
    len: usize,
    /// Behind its last digit, in bytes of the text.
    pub end: usize,
    /// Whether it has more digits than are held.
    pub overlong: bool,
}

impl Run {
    /// The run whose first digit is at byte `i`.
    pub fn gather(b: &[u8], i: usize) -> Run {
        let mut run = Run {
            digits: [0; DIGITS],
            starts: [0; DIGITS],
            lens: [0; DIGITS],
            base: i,
            n: 0,
            groups: [Group::default(); GROUPS],
            len: 0,
            end: i,
            overlong: false,
        };
        let (mut at_byte, mut sep) = (i, Sep::None);
        while run.len < GROUPS {
            let from = run.n;
            let end = run.group(b, at_byte);
            if run.overlong && run.len > 0 {
                // What does not fit begins a run of its own.
                (run.overlong, run.n) = (false, from);
                break;
            }
            (at_byte, run.end) = (end, end);
            if run.overlong {
                break;
            }
            run.groups[run.len] = Group { from, to: run.n, sep };
            run.len += 1;
            let Some((next, place)) = separator(b, at_byte) else { break };
            (sep, at_byte) = (next, place);
        }
        run
    }

    fn group(&mut self, b: &[u8], mut i: usize) -> usize {
        loop {
            let (c, len) = at(b, i);
            if !c.is_ascii_digit() {
                return i;
            }
            if self.n < DIGITS {
                (self.digits[self.n], self.starts[self.n]) = (c - b'0', (i - self.base) as u32);
                self.lens[self.n] = len as u8;
                self.n += 1;
            } else {
                self.overlong = true;
            }
            i += len;
        }
    }

    /// Its groups.
    pub fn groups(&self) -> &[Group] {
        &self.groups[..self.len]
    }

    /// Where the digit `k` begins, in bytes of the text.
    pub fn start_of(&self, k: usize) -> usize {
        self.base + self.starts[k] as usize
    }

    /// Where the digit before `k` ends, in bytes of the text.
    pub fn end_of(&self, k: usize) -> usize {
        self.start_of(k - 1) + usize::from(self.lens[k - 1])
    }
}

/// The separator at byte `i`, and where the digit behind it begins.
pub fn separator(b: &[u8], i: usize) -> Option<(Sep, usize)> {
    let (mut place, mut sep, mut spaces) = (i, Sep::Space, 0);
    for _ in 0..4 {
        let (c, len) = at(b, place);
        match c {
            b'0'..=b'9' => return (place > i).then_some((sep, place)),
            b' ' if spaces == 0 || spaces == 1 && sep == Sep::Hyphen => spaces += 1,
            b'-' if matches!(sep, Sep::Space) => sep = Sep::Hyphen,
            b'-' if sep == Sep::Paren => {}
            b'.' if place == i => {
                let (next, _) = at(b, place + len);
                return next.is_ascii_digit().then_some((Sep::Dot, place + len));
            }
            b'(' | b')' if sep != Sep::Hyphen => sep = Sep::Paren,
            _ => return None,
        }
        place += len;
    }
    let (c, _) = at(b, place);
    c.is_ascii_digit().then_some((sep, place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_fold_to_ascii() {
        let text = "a０Ａｚ～\u{3000}\u{A0}–−－文é𠀀";
        let mut i = 0;
        let mut folded = Vec::new();
        while i < text.len() {
            let (c, len) = at(text.as_bytes(), i);
            i += len;
            assert_eq!(before(text.as_bytes(), i), (c, len));
            folded.push(c);
        }
        assert_eq!(folded, [b"a0Az~  ---".as_slice(), &[OTHER; 3]].concat());
        assert_eq!((at(b"", 0), before(b"a", 0)), ((0, 0), (0, 0)));
    }

    #[test]
    fn runs_hold_groups_and_separators() {
        let groups = |text: &str| {
            let run = Run::gather(text.as_bytes(), text.find(|c: char| c.is_numeric()).unwrap());
            let all: Vec<_> = run.groups().iter().map(|g| (g.to - g.from, g.sep)).collect();
            (all, run.end)
        };
        assert_eq!(groups("138 0013-8000,9").0, [(3, Sep::None), (4, Sep::Space), (4, Sep::Hyphen)]);
        assert_eq!(groups("(010) 6234．5678。").0, [(3, Sep::None), (4, Sep::Paren), (4, Sep::Dot)]);
        assert_eq!(groups("1.\n2").0, [(1, Sep::None)]);
        assert_eq!(groups("１２　３").1, 12);
        assert!(Run::gather("1".repeat(65).as_bytes(), 0).overlong);
        assert_eq!(
            groups(&"13800138000 ".repeat(6)),
            ([vec![(11, Sep::None)], vec![(11, Sep::Space); 3]].concat(), 47)
        );
    }
}
