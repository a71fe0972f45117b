//! The day that a template says it is: `strftime_now`, at midnight of a day that is given, so that an export can be made again.

use minijinja::{Error, ErrorKind};

use crate::text::date::{MONTHS, date, days};

/// A day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// Days from 1970-01-01.
    days: i64,
}

const WEEKDAYS: [&str; 7] = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];

impl Day {
    /// Today, in universal time.
    pub fn today() -> Self {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Day { days: since.map_or(0, |s| (s.as_secs() / 86_400) as i64) }
    }

    /// A day as `2026-11-29`; `None` where it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '-').map(|part| part.parse::<i64>().ok());
        let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
        let days = days(year, month, day);
        ((1..=9999).contains(&year) && date(days) == (year, month, day)).then_some(Day { days })
    }

    /// The day in the words of Python's `strftime`.
    ///
    /// # Errors
    ///
    /// A code that is not known here.
    pub(super) fn format(self, format: &str) -> Result<String, Error> {
        let (year, month, day) = date(self.days);
        let (month_name, weekday) = (MONTHS[month as usize - 1], WEEKDAYS[self.days.rem_euclid(7) as usize]);
        let (mut out, mut rest) = (String::new(), format);
        while let Some(at) = rest.find('%') {
            out.push_str(&rest[..at]);
            let code = &rest[at + 1..];
            let (bare, code) = code.strip_prefix('-').map_or((false, code), |code| (true, code));
            let two = |n: i64| if bare { n.to_string() } else { format!("{n:02}") };
            let mut chars = code.chars();
            out.push_str(&match chars.next() {
                Some('Y') => format!("{year:04}"),
                Some('y') => two(year % 100),
                Some('m') => two(month),
                Some('d') => two(day),
                Some('B') => month_name.to_owned(),
                Some('b' | 'h') => month_name[..3].to_owned(),
                Some('A') => weekday.to_owned(),
                Some('a') => weekday[..3].to_owned(),
                Some('j') if bare => (self.days - days(year, 1, 1) + 1).to_string(),
                Some('j') => format!("{:03}", self.days - days(year, 1, 1) + 1),
                Some('H' | 'M' | 'S') => two(0),
                Some('I') => "12".to_owned(),
                Some('p') => "AM".to_owned(),
                Some('F') => format!("{year:04}-{month:02}-{day:02}"),
                Some('T') => "00:00:00".to_owned(),
                Some('%') => "%".to_owned(),
                other => {
                    let code = other.map(String::from).unwrap_or_default();
                    let what = format!("strftime_now is asked for `%{code}`, which is not known here");
                    return Err(Error::new(ErrorKind::InvalidOperation, what));
                }
            });
            rest = chars.as_str();
        }
        out.push_str(rest);
        Ok(out)
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (year, month, day) = date(self.days);
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::Day;

    #[test]
    fn days_are_told_as_python_does() {
        let day = Day::parse("2026-11-29").unwrap();
        assert_eq!(
            day.format("%d %b %Y, %A %-d.%-m.%y (%j) %H:%M %I %p 100%%").unwrap(),
            "29 Nov 2026, Sunday 29.11.26 (333) 00:00 12 AM 100%"
        );
        assert_eq!(Day::parse("2024-02-29").unwrap().format("%a %B %F").unwrap(), "Thu February 2024-02-29");
        assert_eq!(Day::parse("1970-01-01").unwrap().format("%a %-d %j").unwrap(), "Thu 1 001");
        assert!(day.format("%Q").unwrap_err().to_string().contains("%Q"));
        for wrong in ["2026-02-30", "2026-13-01", "today", "2026-11", "2026-11-29-1"] {
            assert_eq!(Day::parse(wrong), None, "{wrong}");
        }
        assert_eq!(day.to_string(), "2026-11-29");
    }
}
