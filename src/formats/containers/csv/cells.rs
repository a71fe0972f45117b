//! Rows of cells in bytes: where a row ends, and its cells without their quotes.

/// Bytes of a row's cells beyond which their memory is not kept for the next row.
const LONG: usize = 4 << 20;

/// The search for the end of a row, which goes on where more bytes have come.
#[derive(Default)]
pub(super) struct End {
    at: usize,
    /// Not at the first byte of a cell, where a quote would open one.
    inside: bool,
    quoted: bool,
}

impl End {
    /// How long the row at the front of `bytes` is, its line break included; `None` where it does not end in them.
    /// `over` says that no bytes follow.
    pub(super) fn find(&mut self, bytes: &[u8], separator: u8, over: bool) -> Option<usize> {
        while self.at < bytes.len() {
            if self.quoted {
                let Some(found) = memchr::memchr(b'"', &bytes[self.at..]) else {
                    self.at = bytes.len();
                    break;
                };
                // Two quotes are one within the cell.
                match bytes.get(self.at + found + 1) {
                    Some(b'"') => self.at += found + 2,
                    None if !over => {
                        self.at += found;
                        break;
                    }
                    _ => (self.at, self.quoted) = (self.at + found + 1, false),
                }
                continue;
            }
            if !std::mem::replace(&mut self.inside, true) && bytes[self.at] == b'"' {
                (self.at, self.quoted) = (self.at + 1, true);
                continue;
            }
            match memchr::memchr2(separator, b'\n', &bytes[self.at..]) {
                None => self.at = bytes.len(),
                Some(found) => {
                    self.at += found + 1;
                    if bytes[self.at - 1] == b'\n' {
                        return Some(self.at);
                    }
                    self.inside = false;
                }
            }
        }
        None
    }

    /// Whether a quote is open where the search stands.
    pub(super) fn is_quoted(&self) -> bool {
        self.quoted
    }
}

/// The cells of a row, without quotes, one after the other.
#[derive(Default)]
pub(super) struct Cells {
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Cells {
    /// Takes a row apart; its line break is no part of it.
    pub(super) fn take(&mut self, row: &[u8], separator: u8) {
        self.text.clear();
        self.ends.clear();
        let bytes = row.strip_suffix(b"\n").unwrap_or(row);
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        let mut at = 0;
        loop {
            if bytes.get(at) == Some(&b'"') {
                at += 1;
                while let Some(found) = memchr::memchr(b'"', &bytes[at..]) {
                    self.text.extend_from_slice(&bytes[at..at + found]);
                    at += found + 1;
                    if bytes.get(at) != Some(&b'"') {
                        break;
                    }
                    self.text.push(b'"');
                    at += 1;
                }
            }
            // What stands outside of quotes; behind a closing quote there should be nothing.
            let end = memchr::memchr(separator, &bytes[at..]).map(|found| at + found);
            self.text.extend_from_slice(&bytes[at..end.unwrap_or(bytes.len())]);
            self.ends.push(self.text.len());
            match end {
                Some(end) => at = end + 1,
                None => return,
            }
        }
    }

    /// The cells of the row that was taken apart last.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.text[start..*end])
    }

    /// Gives back the memory of the last row, if it was long.
    pub(super) fn release(&mut self) {
        if self.text.capacity() > LONG {
            self.text = Vec::new();
        }
    }
}

/// The first rows of a text, `most` at the most, as the reader takes them apart, for detection: blank ones are left out,
/// and so is one whose quote is not closed in this text.
pub(in crate::formats) fn first_rows(text: &str, separator: u8, most: usize) -> Vec<Vec<String>> {
    let (mut rows, mut cells, mut rest) = (Vec::new(), Cells::default(), text.as_bytes());
    while !rest.is_empty() && rows.len() < most {
        let mut end = End::default();
        let found = end.find(rest, separator, true);
        if found.is_none() && end.is_quoted() {
            break;
        }
        let (row, behind) = rest.split_at(found.unwrap_or(rest.len()));
        rest = behind;
        cells.take(row, separator);
        let row: Vec<String> = cells.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect();
        rows.extend(row.iter().any(|cell| !cell.trim().is_empty()).then_some(row));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rows_are_those_of_the_reader() {
        let rows = |text: &str, most| first_rows(text, b',', most);
        let text = "a,b\r\n\n\"一,\"\"二\"\"\n三\",四\n,\n5\" 屏,六\n\"没有关,七\n";
        assert_eq!(rows(text, 9), [["a", "b"], ["一,\"二\"\n三", "四"], ["5\" 屏", "六"]]);
        assert_eq!(rows(text, 1), [["a", "b"]]);
        assert_eq!(rows("a,b", 9), [["a", "b"]]);
        assert!(rows("", 9).is_empty());
    }

    #[test]
    fn the_end_of_a_row_is_found_in_pieces() {
        let row = b"\"a\"\"\nb\",c\nd";
        let mut end = End::default();
        for length in 1..10 {
            assert_eq!(end.find(&row[..length], b',', false), None, "{length}");
        }
        assert_eq!(end.find(row, b',', false), Some(10));
    }
}
