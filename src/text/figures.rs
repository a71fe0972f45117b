//! Numbers for people, and the room that characters take on a terminal.

/// Bytes for people: `64 MiB`.
pub fn size(bytes: u64) -> String {
    let (mut value, mut unit) = (bytes as f64, 0);
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    while value >= 1024.0 && unit < units.len() - 1 {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 || value >= 100.0 {
        format!("{value:.0} {}", units[unit])
    } else {
        format!("{value:.1} {}", units[unit])
    }
}

/// A count for people: `1,914,220`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Columns that a character takes on a terminal.
pub fn columns_of(c: char) -> usize {
    match u32::from(c) {
        0..0x20 | 0x7f..0xa0 | 0x300..0x370 | 0x200b..0x2010 | 0x2028..0x2030 | 0xfe00..0xfe10 | 0xfeff => 0,
        0x1100..0x1160 | 0x2e80..0x303f | 0x3041..0xa4d0 | 0xa960..0xa980 | 0xac00..0xd7a4 | 0xf900..0xfb00 => 2,
        0xfe10..0xfe20 | 0xfe30..0xfe70 | 0xff00..0xff61 | 0xffe0..0xffe7 | 0x1f300..0x1f650 | 0x1f680..0x1f700 => 2,
        0x1f900..0x1fb00 | 0x20000..0x3fffe => 2,
        _ => 1,
    }
}

/// `1 file`, `2 files`.
pub fn plural(number: u64, word: &str) -> String {
    format!("{} {word}{}", count(number), if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!((count(0), count(999), count(1_914_220)), ("0".into(), "999".into(), "1,914,220".into()));
        assert_eq!((size(10), size(1536), size(64 << 20)), ("10 B".into(), "1.5 KiB".into(), "64.0 MiB".into()));
        assert_eq!((plural(1, "file"), plural(2, "file")), ("1 file".into(), "2 files".into()));
    }
}
