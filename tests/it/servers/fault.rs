//! What can go wrong on the way, and when.

use std::time::Duration;

use super::Content;

/// One thing that goes wrong with one answer. Offsets count bytes of the file; lengths count bytes of the body.
#[derive(Clone)]
pub enum Fault {
    /// Another status, with headers and a short body.
    Status(u16, Vec<(&'static str, String)>),
    /// The connection ends after so many bytes of the body.
    Cut(u64),
    /// The connection ends before any answer.
    Hangup,
    /// Not HTTP at all.
    Garbage,
    /// 200 and the whole file, though a range was asked for.
    Whole,
    /// A `Content-Length` that is off by so many bytes: more than comes, or less.
    Length(i64),
    /// The byte at this offset is another one.
    Flip(u64),
    /// One byte every now and then, for ever.
    Drip(Duration),
    /// Silence after so many bytes of the body; the connection stays open.
    Stall(u64),
    /// A page in HTML with status 200.
    Html,
    /// A redirect (302) to a place.
    Redirect(String),
    /// A redirect to itself.
    Loop,
    /// A redirect to ever new places on the same server.
    Chase,
    /// 206 with the bytes of a place that lies so many bytes further on, and says so.
    ShiftedRange(u64),
    /// 206 with the bytes of a place that lies so many bytes further on, under the asked `Content-Range`.
    LyingRange(u64),
    /// 206 for less than was asked for: only so many bytes, correctly labelled.
    ShortRange(u64),
    /// The answer is compressed (`Content-Encoding: gzip`), asked for or not.
    Gzip,
    /// Compressed, and only this share of the compressed bytes arrives, under a matching `Content-Length`.
    GzipCut(f64),
    /// Compressed zeros without end: so many bytes when unpacked.
    GzipBomb(u64),
    /// No `Content-Length`: chunked.
    Chunked,
    /// Chunked, and the connection ends after so many bytes, before the last chunk.
    ChunkedCut(u64),
    /// The headers come one byte every now and then.
    DripHead(Duration),
    /// Headers without end.
    FloodHead,
    /// Interim answers (100) without end.
    Interim,
    /// 206 without a `Content-Range`.
    Unlabelled,
    /// 206 with so many bytes from the start, though the whole was asked for; ranges are answered as asked.
    Unasked(u64),
    /// 200 and an empty body, labelled so.
    Empty,
    /// Neither `Content-Length` nor chunks; the connection ends after so many bytes, or with the body.
    Closing(u64),
    /// The answer is cut after so many bytes, and from then on the file is another one.
    Replace(u64, Content),
}

/// When a fault strikes.
pub(super) struct Rule {
    /// Path without query; a trailing `*` matches any rest.
    pub path: String,
    pub fault: Fault,
    /// How many answers it still spoils; `None` is every one.
    pub left: Option<usize>,
    /// How many matching requests it lets pass before.
    pub skip: usize,
}

impl Fault {
    /// A status without anything else.
    pub fn status(status: u16) -> Fault {
        Fault::Status(status, Vec::new())
    }

    /// 429 with the seconds to wait.
    pub fn busy(seconds: &str) -> Fault {
        Fault::Status(429, vec![("Retry-After", seconds.to_owned())])
    }

    /// Whether this fault can only spoil a request for a range.
    pub(super) fn needs_range(&self) -> bool {
        matches!(
            self,
            Fault::Whole | Fault::ShiftedRange(_) | Fault::LyingRange(_) | Fault::ShortRange(_) | Fault::Unlabelled
        )
    }

    /// Whether a `HEAD` request meets it too.
    pub(super) fn spoils_head(&self) -> bool {
        matches!(
            self,
            Fault::Status(..) | Fault::Hangup | Fault::Html | Fault::Redirect(_) | Fault::Loop | Fault::Chase
        )
    }
}

impl Rule {
    pub(super) fn matches(&self, path: &str) -> bool {
        match self.path.strip_suffix('*') {
            Some(prefix) => path.starts_with(prefix),
            None => path == self.path,
        }
    }
}
