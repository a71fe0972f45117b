//! Dates as pages, feeds and crawlers write them, made comparable.

/// The months, in English.
pub const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
/// Zones by name, in hours; one that means several places (`CST`) is none.
const ZONES: [(&str, i64); 9] =
    [("gmt", 0), ("utc", 0), ("edt", -4), ("est", -5), ("cdt", -5), ("mst", -7), ("mdt", -6), ("pst", -8), ("pdt", -7)];

/// A piece of a date.
#[derive(Clone, Debug, PartialEq)]
enum Piece {
    /// A number and how many digits it has.
    Number(i64, usize),
    /// A word in small letters.
    Word(String),
    /// Any other sign.
    Sign(char),
}

/// The seconds from 1970 on that a date says: `2023年9月30日 下午3:05`, `2023-9-30`, `20230930`, `Sat, 30 Sep 2023 08:00:00
/// +0800`, `September 30, 2023`, `30.9.2023`, `二〇二三年九月三十日`, `民国112年9月30日`. `None` where it says none, or leaves open
/// which number is the month (`1/2/2023`). A time without a zone is taken as it stands.
pub fn seconds(text: &str) -> Option<i64> {
    let mut pieces = pieces(text);
    let clock = take_clock(&mut pieces);
    let (year, month, day, packed) = take_date(&pieces)?;
    let valid = (1..=12).contains(&month) && (1..=31).contains(&day) && (1..=9999).contains(&year);
    valid.then(|| days(year, month, day) * 86_400 + clock + packed)
}

/// The same as a number that a person reads, `20230930150500`, in universal time; later is more.
pub fn stamp(text: &str) -> Option<i64> {
    let seconds = seconds(text)?;
    let (day, time) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = date(day);
    let date = year * 10_000 + month * 100 + day;
    Some(date * 1_000_000 + time / 3600 * 10_000 + time / 60 % 60 * 100 + time % 60)
}

/// Year, month and day of the Gregorian calendar, out of days from 1970-01-01.
pub fn date(day: i64) -> (i64, i64, i64) {
    // The year by its mean length, then down to the first one that begins no later.
    let mut year = 1970 + day.div_euclid(365) + 1;
    while days(year, 1, 1) > day {
        year -= 1;
    }
    let month = (1..=12).rev().find(|month| days(year, *month, 1) <= day).unwrap_or(1);
    (year, month, day - days(year, month, 1) + 1)
}

/// Days from 1970-01-01 to a date of the Gregorian calendar.
pub fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The digit that a Chinese numeral is; ten is 10.
fn numeral(c: char) -> Option<i64> {
    if c == '十' {
        return Some(10);
    }
    let at = "〇一二三四五六七八九".chars().position(|n| n == c);
    at.or(matches!(c, '零' | '○').then_some(0)).and_then(|at| i64::try_from(at).ok())
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut chars = text
        .chars()
        .map(|c| {
            if ('０'..='９').contains(&c) || c == '：' { char::from_u32(c as u32 - 0xFEE0).unwrap_or(c) } else { c }
        })
        .peekable();
    while let Some(c) = chars.next() {
        if let Some(digit) = c.to_digit(10) {
            let (mut number, mut count) = (i64::from(digit), 1);
            while let Some(digit) = chars.peek().and_then(|c| c.to_digit(10)) {
                number = number.saturating_mul(10).saturating_add(digit.into());
                count += 1;
                chars.next();
            }
            pieces.push(Piece::Number(number, count));
        } else if let Some(first) = numeral(c) {
            // 二〇二三 is 2023, 二十三 is 23.
            let mut digits = vec![first];
            while let Some(next) = chars.peek().and_then(|c| numeral(*c)) {
                digits.push(next);
                chars.next();
            }
            let joined = |digits: &[i64]| digits.iter().fold(0i64, |n, d| n.saturating_mul(10).saturating_add(*d));
            let number = match digits.iter().position(|d| *d == 10) {
                Some(0) => 10 + joined(&digits[1..]),
                Some(at) => joined(&digits[..at]).saturating_mul(10).saturating_add(joined(&digits[at + 1..])),
                None => joined(&digits),
            };
            pieces.push(Piece::Number(number, if number > 999 { 4 } else { 2 }));
        } else if c.is_ascii_alphabetic() {
            let mut word = String::from(c.to_ascii_lowercase());
            while let Some(next) = chars.peek().filter(|c| c.is_ascii_alphabetic()) {
                word.push(next.to_ascii_lowercase());
                chars.next();
            }
            pieces.push(Piece::Word(word));
        } else if !c.is_whitespace() {
            pieces.push(Piece::Sign(c));
        }
    }
    pieces
}

/// Takes the time of day with its zone out of the pieces, as seconds.
fn take_clock(pieces: &mut Vec<Piece>) -> i64 {
    let colon = |p: Option<&Piece>| matches!(p, Some(Piece::Sign(':' | '时' | '時' | '点' | '點')));
    let number = |p: Option<&Piece>| match p {
        Some(Piece::Number(n, 1..=2)) => Some(*n),
        _ => None,
    };
    let Some(at) = (0..pieces.len()).find(|at| number(pieces.get(*at)).is_some() && colon(pieces.get(at + 1))) else {
        return 0;
    };
    let mut end = at + 2;
    let mut parts = [number(pieces.get(at)).unwrap_or(0), 0, 0];
    for part in &mut parts[1..] {
        let Some(next) = number(pieces.get(end)) else { break };
        *part = next;
        end += 1;
        if !matches!(pieces.get(end), Some(Piece::Sign(':' | '分' | '秒'))) {
            break;
        }
        end += 1;
    }
    // Fractions of a second.
    if matches!(pieces.get(end), Some(Piece::Sign('.' | ','))) && matches!(pieces.get(end + 1), Some(Piece::Number(..)))
    {
        end += 2;
    }
    let before = &pieces[..at];
    let word = |said: &str| pieces.iter().any(|p| matches!(p, Piece::Word(w) if w == said));
    let ends = |a: char, b: char| before.ends_with(&[Piece::Sign(a), Piece::Sign(b)]);
    let afternoon = word("pm") || ends('下', '午') || ends('晚', '上');
    let noon = parts[0] == 12;
    match (afternoon, word("am") || ends('上', '午') || ends('凌', '晨')) {
        (true, _) if parts[0] < 12 => parts[0] += 12,
        (_, true) if noon => parts[0] = 0,
        _ => {}
    }
    let (zone, end) = zone(pieces, end);
    pieces.drain(at..end);
    parts[0] * 3600 + parts[1] * 60 + parts[2] - zone
}

/// The zone that is said behind a time, in seconds, and where it ends.
fn zone(pieces: &[Piece], at: usize) -> (i64, usize) {
    let named = pieces[at..].iter().find_map(|p| match p {
        Piece::Word(word) => ZONES.iter().find(|z| z.0 == word).map(|z| z.1 * 3600),
        _ => None,
    });
    // Behind a name that may itself stand before the sign: `GMT+8`.
    let skip = at + usize::from(matches!(pieces.get(at), Some(Piece::Word(_))));
    let sign = match pieces.get(skip) {
        Some(Piece::Sign('+')) => 1,
        Some(Piece::Sign('-' | '−')) => -1,
        _ => return (named.unwrap_or(0), at),
    };
    match (pieces.get(skip + 1), pieces.get(skip + 2), pieces.get(skip + 3)) {
        (Some(Piece::Number(n, 3..=4)), ..) => (sign * (n / 100 * 3600 + n % 100 * 60), skip + 2),
        (Some(Piece::Number(h, 1..=2)), Some(Piece::Sign(':')), Some(Piece::Number(m, 2))) => {
            (sign * (h * 3600 + m * 60), skip + 4)
        }
        (Some(Piece::Number(h, 1..=2)), ..) => (sign * h * 3600, skip + 2),
        _ => (named.unwrap_or(0), at),
    }
}

/// Year, month, day, and the seconds of a time that is written with the date in one number.
fn take_date(pieces: &[Piece]) -> Option<(i64, i64, i64, i64)> {
    let month = pieces.iter().find_map(|p| match p {
        Piece::Word(word) if word.len() >= 3 => {
            MONTHS.iter().position(|m| word.get(..3).is_some_and(|begin| m[..3].eq_ignore_ascii_case(begin)))
        }
        _ => None,
    });
    let numbers: Vec<(i64, usize, Option<char>)> = pieces
        .iter()
        .enumerate()
        .filter_map(|(at, piece)| match (piece, pieces.get(at + 1)) {
            (Piece::Number(n, digits), Some(Piece::Sign(sign))) => Some((*n, *digits, Some(*sign))),
            (Piece::Number(n, digits), _) => Some((*n, *digits, None)),
            _ => None,
        })
        .collect();
    let &(first, digits, sign) = numbers.first()?;
    let part = |at: usize| numbers.get(at).map_or(1, |n| n.0);
    if let Some(month) = month {
        let month = i64::try_from(month).ok()? + 1;
        let year = numbers.iter().position(|n| n.1 == 4);
        let day = numbers.iter().enumerate().find(|(at, n)| n.1 <= 2 && Some(*at) != year).map_or(1, |(_, n)| n.0);
        let year = match year {
            Some(at) => part(at),
            // `Saturday, 30-Sep-23`.
            None if numbers.len() > 1 && numbers[1].1 == 2 => part(1) + if part(1) < 70 { 2000 } else { 1900 },
            None => return None,
        };
        return Some((year, month, day, 0));
    }
    if let 8 | 12 | 14 = digits {
        let packed = if digits == 8 { first * 1_000_000 } else { first * if digits == 12 { 100 } else { 1 } };
        let (date, time) = (packed / 1_000_000, packed % 1_000_000);
        let time = time / 10_000 * 3600 + time / 100 % 100 * 60 + time % 100;
        return Some((date / 10_000, date / 100 % 100, date % 100, time));
    }
    let republic = pieces.windows(2).any(|p| matches!(p, [Piece::Sign('民'), Piece::Sign('国' | '國')]));
    if digits == 4 || sign == Some('年') {
        let year = match first {
            year if republic => year + 1911,
            year if digits == 2 && year < 100 => year + if year < 70 { 2000 } else { 1900 },
            year => year,
        };
        return Some((year, part(1), part(2), 0));
    }
    // The year stands last: only dots, or a number above 12, tell the day from the month.
    let [(a, 1..=2, sign), (b, 1..=2, _), (year, 4, _)] = numbers[..] else { return None };
    match (sign, a > 12, b > 12) {
        (Some('.'), _, false) | (_, true, false) => Some((year, b, a, 0)),
        (_, false, true) => Some((year, a, b, 0)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_day_in_many_spellings() {
        let day = seconds("2023-09-30").unwrap();
        assert_eq!(day, 1_696_032_000);
        for same in [
            "2023-9-30",
            "2023/09/30",
            "2023.9.30",
            "20230930",
            "2023年9月30日",
            "2023年09月30日 00:00",
            "２０２３年９月３０日",
            "二〇二三年九月三十日",
            "民国112年9月30日",
            "23年9月30日",
            "30 Sep 2023",
            "Sep. 30, 2023",
            "September 30, 2023",
            "Saturday, 30-Sep-23 00:00:00 GMT",
            "Sat Sep 30 00:00:00 2023",
            "30.9.2023",
            "30/9/2023",
            "9/30/2023",
            "2023-09-30T08:00:00+08:00",
            "Sat, 30 Sep 2023 08:00:00 +0800",
            "2023-09-29T19:00:00.123-05:00",
            "2023年9月30日 上午8:00 GMT+8",
            "20230930000000",
            "发布时间：2023-09-30 00:00:00",
        ] {
            assert_eq!(seconds(same), Some(day), "{same}");
        }
    }

    #[test]
    fn a_stamp_is_the_date_as_digits() {
        for (text, stamp_of_it) in [
            ("2023年9月30日 下午3:05", 20_230_930_150_500),
            ("2024-02-29T23:00:00-05:00", 20_240_301_040_000),
            ("1969-12-31 23:59:59", 19_691_231_235_959),
            ("1900-03-01", 19_000_301_000_000),
            ("2024", 20_240_101_000_000),
        ] {
            assert_eq!(stamp(text), Some(stamp_of_it), "{text}");
        }
    }

    #[test]
    fn later_is_more_and_what_is_open_is_none() {
        for (before, after) in [
            ("2023年9月30日", "2023年10月1日"),
            ("2023-9-30", "2023-10-01"),
            ("Sat, 30 Sep 2023 08:00:00 GMT", "Sun, 01 Oct 2023 08:00:00 GMT"),
            ("2023-10-01T02:00:00Z", "2023-09-30T23:00:00-05:00"),
            ("2023-12-31 23:59", "2024"),
            ("2024-02-28 下午3:05", "2024-02-28 16:00"),
            ("2024年2月", "2024年3月"),
            ("十二月 2023, 2023年十一月二十九日", "2024年1月"),
            ("1969-12-31", "1970-01-02"),
        ] {
            assert!(seconds(before) < seconds(after), "{before} {after}");
        }
        for open in ["1/2/2023", "soon", "", "12:30", "2023-13-01", "3 days ago", "v1.2.3", "99999999999999999999"] {
            assert_eq!(seconds(open), None, "{open}");
        }
    }
}
