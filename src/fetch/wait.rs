//! Whether to ask again, and how long to wait before: as the host says, else longer each time and never all at once.

use std::time::{Duration, Instant, SystemTime};

use reqwest::header::{HeaderMap, RETRY_AFTER};

use super::Limits;
use super::problem::Problem;

/// Waits that hosts may ask for in a row, and fresh starts of one file.
pub const FEW: u32 = 6;

/// Tries in a row that gained nothing.
#[derive(Debug, Default)]
pub struct Tries {
    count: u32,
    /// Tries after which the host asked to wait.
    asked: u32,
    since: Option<Instant>,
}

impl Tries {
    /// Something was gained: the count begins anew.
    pub fn gained(&mut self) {
        *self = Tries::default();
    }

    /// How long to wait before the next try.
    ///
    /// # Errors
    /// The problem itself, with what was tried, once asking again is given up.
    pub fn next(&mut self, problem: Problem, limits: &Limits) -> Result<Duration, Problem> {
        if !problem.retry {
            return Err(problem);
        }
        self.count += 1;
        let since = *self.since.get_or_insert_with(Instant::now);
        let most = problem.most.unwrap_or(u32::MAX).min(limits.tries);
        let late = since.elapsed() >= limits.retry_for;
        if self.count < most && self.asked < FEW && !late {
            let Some(wait) = problem.wait else { return Ok(backoff(self.count)) };
            // Time that the host asked for is not time that was lost on it.
            (self.asked, self.since) = (self.asked + 1, Some(since + wait));
            return Ok(wait);
        }
        let option = if late { "--retry-for" } else { "--tries" };
        let (what, time) = (&problem.what, words(since.elapsed()));
        let what = match self.count {
            1 => problem.what.clone(),
            count if late || count >= limits.tries => {
                format!("{what} (tried {count} times in {time}; {option} changes that)")
            }
            count => format!("{what} (tried {count} times in {time})"),
        };
        Err(Problem { what, ..problem })
    }
}

/// A wait that the host asks for: `Retry-After` as seconds or a date, else the hub's `RateLimit: "…";r=0;t=42`. `None`
/// where it says nothing that can be read, or a moment that has passed.
pub fn asked(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).map(str::trim);
    text(RETRY_AFTER.as_str()).and_then(retry_after).or_else(|| text("ratelimit").and_then(rate_limit))
}

fn retry_after(text: &str) -> Option<Duration> {
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        // A number beyond all bounds is still a number: it is refused for its length, not ignored.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX / 4))).filter(|d| !d.is_zero());
    }
    httpdate::parse_http_date(text).ok()?.duration_since(SystemTime::now()).ok()
}

fn rate_limit(text: &str) -> Option<Duration> {
    let value =
        |key: &str| text.split(';').find_map(|p| p.trim().strip_prefix(key)?.strip_prefix('=')?.parse::<u64>().ok());
    (value("r").unwrap_or(0) == 0).then(|| value("t"))?.map(Duration::from_secs).filter(|d| !d.is_zero())
}

/// The wait before try number `tries` + 1: half a second doubled each time, at most 30 s, half of it by chance.
pub fn backoff(tries: u32) -> Duration {
    let most = (0.5 * f64::from(2u32.saturating_pow(tries.saturating_sub(1).min(10)))).min(30.0);
    Duration::from_secs_f64(most * (0.5 + fastrand::f64() / 2.0))
}

/// A duration for people: `90 s`, `25 min`, `3 h`, `12 days`.
pub fn words(wait: Duration) -> String {
    match wait.as_secs() {
        s @ 0..=119 => format!("{s} s"),
        s @ 120..=7199 => format!("{} min", s / 60),
        s @ 7200..=172_799 => format!("{} h", s / 3600),
        s if s > 3_155_760_000 => "more than a hundred years".into(),
        s => format!("{} days", s / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &'static str, value: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        asked(&headers)
    }

    #[test]
    fn hosts_say_how_long() {
        let seconds = |s| Some(Duration::from_secs(s));
        assert_eq!(of("retry-after", "7"), seconds(7));
        assert_eq!(of("retry-after", "soon"), None);
        assert_eq!(of("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT"), None);
        assert!(of("retry-after", "Fri, 31 Dec 2100 23:59:59 GMT") > seconds(1_000_000));
        assert!(of("retry-after", "99999999999999999999") > seconds(1_000_000_000));
        assert_eq!(of("ratelimit", "\"api\";r=0;t=42"), seconds(42));
        assert_eq!(of("ratelimit", "\"api\";r=9;t=42"), None);
    }

    #[test]
    fn tries_end_by_time_or_number() {
        let limits = Limits { retry_for: Duration::from_millis(30), ..Limits::default() };
        let (mut tries, mut count) = (Tries::default(), 0);
        let problem = loop {
            match tries.next(Problem::passing("h: 503"), &limits) {
                Ok(_) => std::thread::sleep(Duration::from_millis(1)),
                Err(problem) => break problem.what,
            }
            count += 1;
        };
        assert!(count > 6 && problem.contains("--retry-for"), "{count}: {problem}");
        let limits = Limits { tries: 3, ..Limits::default() };
        let mut tries = Tries::default();
        for _ in 0..2 {
            tries.next(Problem::passing("h"), &limits).unwrap();
        }
        assert!(tries.next(Problem::passing("h"), &limits).unwrap_err().what.contains("tried 3 times"));
        tries.gained();
        assert!(tries.next(Problem::passing("h"), &limits).is_ok());
        assert_eq!(
            Tries::default().next(Problem::last(super::super::problem::Kind::Missing, "h"), &limits).unwrap_err().what,
            "h"
        );
        // What rarely passes is not asked for minutes, nor is a host that asks to wait for ever.
        let limits = Limits::default();
        for problem in [
            Problem::passing("page").at_most(3),
            Problem { wait: Some(Duration::from_secs(1)), ..Problem::passing("busy") },
        ] {
            let mut tries = Tries::default();
            let count = (0..20).take_while(|_| tries.next(problem.clone(), &limits).is_ok()).count();
            assert!((2..=6).contains(&count), "{}: {count}", problem.what);
        }
    }

    #[test]
    fn waits_grow_and_differ() {
        for tries in 1..20 {
            let wait = backoff(tries).as_secs_f64();
            assert!((0.25..=30.0).contains(&wait), "{tries}: {wait}");
        }
        assert!(backoff(7) > backoff(1) * 8);
    }
}
