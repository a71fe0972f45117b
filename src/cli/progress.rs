//! How far a long piece of work is, in one line that fits: what is done, of how much, how fast, how long it takes yet.

use std::time::Duration;

use super::table::{cut, width};
use crate::fetch::wait::words;
use crate::messages::{chinese, said};
use crate::pipeline::Amount;
use crate::text::figures::{count, size};

/// How far a phase is.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// What is done.
    pub name: String,
    /// Steps that are done, those of an earlier run among them.
    pub done: u64,
    /// Steps in all, where that is known.
    pub total: Option<u64>,
    /// Steps that an earlier run did.
    pub reused: u64,
    /// What all steps come to.
    pub amount: Option<Amount>,
    /// Seconds since it began, or since the speed is measured.
    pub seconds: f64,
    /// What else is to be said.
    pub note: String,
}

/// What stands between two parts of a line.
fn comma() -> &'static str {
    if chinese() { "，" } else { ", " }
}

/// The part of a whole as a bar of `columns` columns.
fn bar(done: u64, total: u64, columns: usize) -> String {
    let full = (done.min(total) as u128 * columns as u128 / u128::from(total.max(1))) as usize;
    format!("{}{}", "━".repeat(full), "─".repeat(columns - full))
}

impl Shown {
    /// `done`, `total` and a second's worth as people count them.
    fn figures(&self) -> (String, Option<String>, Option<String>) {
        let fresh = self.done.saturating_sub(self.reused);
        let speed = (self.seconds >= 1.0 && fresh > 0).then(|| fresh as f64 / self.seconds);
        let part = |all: u64, steps: f64| (all as f64 * steps / self.total.unwrap_or(1).max(1) as f64) as u64;
        match self.amount {
            Some(Amount::Bytes(_)) if self.total.is_none() => {
                (size(self.done), speed.map(|s| format!("{}/s", size(s as u64))), None)
            }
            Some(Amount::Bytes(all)) => (
                format!("{} of {}", size(part(all, self.done as f64)), size(all)),
                speed.map(|s| format!("{}/s", size(part(all, s)))),
                None,
            ),
            Some(Amount::Rows(all)) => (
                format!("{} of {} rows", count(part(all, self.done as f64)), count(all)),
                speed.map(|s| format!("{} rows/s", count(part(all, s)))),
                None,
            ),
            None => (count(self.done), None, self.total.map(count)),
        }
    }

    /// Seconds until the rest is done, at the speed so far.
    fn left(&self) -> Option<f64> {
        let fresh = self.done.saturating_sub(self.reused);
        let rest = self.total?.saturating_sub(self.done);
        (self.seconds >= 1.0 && fresh > 0 && rest > 0).then(|| self.seconds * rest as f64 / fresh as f64)
    }

    /// The line, at most `columns` wide: what has no room is left out, the bar first.
    pub fn line(&self, columns: usize, with_bar: bool) -> String {
        let (done, speed, total) = self.figures();
        let done = total.map_or(done.clone(), |total| format!("{done} of {total}"));
        let mut parts = vec![said(&done).into_owned()];
        parts.extend(speed.map(|speed| said(&speed).into_owned()));
        parts.extend(
            self.left()
                .map(|s| format!("{} left", words(Duration::from_secs_f64(s.min(1e10)))))
                .map(|left| said(&left).into_owned()),
        );
        parts.extend(Some(self.note.clone()).filter(|n| !n.is_empty()));
        let gap = " ".repeat(12usize.saturating_sub(width(&self.name)));
        let head = format!("{gap}{}", self.name);
        let text = |parts: &[String]| format!("{head} {}", parts.join(comma()));
        while parts.len() > 1 && width(&text(&parts)) > columns {
            parts.pop();
        }
        let room = columns.saturating_sub(width(&text(&parts)) + 1);
        match self.total.filter(|t| with_bar && *t > 0 && room >= 8) {
            Some(total) => format!("{head} {} {}", bar(self.done, total, room.min(24)), parts.join(comma())),
            None => cut(&text(&parts), columns),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_rows_and_time_left() {
        let mut shown = Shown {
            name: "Reading".into(),
            done: 6,
            total: Some(10),
            reused: 2,
            amount: Some(Amount::Bytes(640 << 20)),
            seconds: 8.0,
            note: String::new(),
        };
        assert_eq!(shown.line(100, false), "     Reading 384 MiB of 640 MiB, 32.0 MiB/s, 8 s left");
        shown.amount = Some(Amount::Rows(50_000));
        assert_eq!(shown.line(100, false), "     Reading 30,000 of 50,000 rows, 2,500 rows/s, 8 s left");
        shown.amount = None;
        shown.seconds = 0.1;
        assert_eq!(shown.line(100, true), format!("     Reading {}{} 6 of 10", "━".repeat(14), "─".repeat(10)));
        assert_eq!(shown.line(18, true), "     Reading 6 of…");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for columns in 40..=200 {
            for (name, note) in
                [("Fetching", "1,234/99,999 files"), ("逐对核实相近的行", "很长的说明很长的说明"), ("x", "")]
            {
                for (total, amount) in [(None, None), (Some(u64::MAX), Some(Amount::Bytes(u64::MAX)))] {
                    let shown = Shown {
                        name: name.into(),
                        done: 1 << 60,
                        total,
                        reused: 0,
                        amount,
                        seconds: 1e9,
                        note: note.into(),
                    };
                    for with_bar in [true, false] {
                        let line = shown.line(columns, with_bar);
                        assert!(width(&line) <= columns, "{columns}: {line}");
                    }
                }
            }
        }
    }
}
