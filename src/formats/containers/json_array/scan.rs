//! The end of a JSON value, found without parsing it.

/// Where a scan stands.
pub enum Scan {
    /// The element ends after so many bytes.
    Done(usize),
    /// A text runs over a line break after so many bytes.
    Broken(usize),
    /// Behind the bytes.
    More,
}

/// Looks for the end of an element. A closing bracket that does not match closes what stands open within: the parser
/// refuses such an element, its neighbours are read.
pub fn scan(bytes: &[u8], text: &mut bool, escaped: &mut bool, stack: &mut Vec<u8>, first: bool) -> Scan {
    let mut i = 0;
    while i < bytes.len() {
        if std::mem::take(escaped) {
            i += 1;
            continue;
        }
        if *text {
            match memchr::memchr3(b'"', b'\\', b'\n', &bytes[i..]) {
                None => return Scan::More,
                Some(found) => {
                    i += found + 1;
                    match bytes[i - 1] {
                        b'"' => *text = false,
                        b'\\' => *escaped = true,
                        _ => return Scan::Broken(i - 1),
                    }
                    if !*text && stack.is_empty() {
                        return Scan::Done(i);
                    }
                }
            }
            continue;
        }
        match bytes[i] {
            b'"' => *text = true,
            open @ (b'{' | b'[') => stack.push(open),
            close @ (b'}' | b']') => {
                let open = if close == b'}' { b'{' } else { b'[' };
                match stack.iter().rposition(|b| *b == open) {
                    Some(depth) => {
                        stack.truncate(depth);
                        if depth == 0 {
                            return Scan::Done(i + 1);
                        }
                    }
                    // It closes nothing: alone it is an element, behind a number the end of the array.
                    None if stack.is_empty() => return Scan::Done(if first && i == 0 { 1 } else { i }),
                    None => {}
                }
            }
            b',' if stack.is_empty() => return Scan::Done(i),
            blank if stack.is_empty() && blank.is_ascii_whitespace() => return Scan::Done(i),
            _ => {}
        }
        i += 1;
    }
    Scan::More
}
