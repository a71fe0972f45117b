//! What is told while files are fetched: counted by the tasks, read by the thread that talks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Who is told how a fetch gets on. All methods are called from one thread.
pub trait Progress {
    /// A line of talk.
    fn say(&self, line: &str);
    /// Something to look out for.
    fn warn(&self, line: &str);
    /// Files of a set begin to arrive: how many, and their bytes where all are known.
    fn begin(&self, set: &str, files: u64, bytes: Option<u64>);
    /// So many bytes and files of the set are here.
    fn at(&self, bytes: u64, files: u64);
    /// A file is whole and in its place.
    fn file(&self, path: &str, bytes: u64);
    /// The set is done, or as far as it goes.
    fn end(&self);
}

/// A receiver that ignores all progress.
pub struct Silent;

impl Progress for Silent {
    fn say(&self, _: &str) {}
    fn warn(&self, _: &str) {}
    fn begin(&self, _: &str, _: u64, _: Option<u64>) {}
    fn at(&self, _: u64, _: u64) {}
    fn file(&self, _: &str, _: u64) {}
    fn end(&self) {}
}

/// An event of a download that a person is shown.
#[derive(Debug)]
pub enum Event {
    /// A try failed and is repeated.
    Retry(String, String),
    /// A file is in its place.
    Done(String, u64),
}

/// The counters and the channel by which download tasks report.
pub struct Events {
    bytes: AtomicU64,
    stop: Arc<AtomicBool>,
    out: UnboundedSender<Event>,
}

impl Events {
    /// Events, and where they arrive. `stop` is the user's wish to end.
    pub fn new(stop: Arc<AtomicBool>) -> (Arc<Self>, UnboundedReceiver<Event>) {
        let (out, events) = unbounded_channel();
        (Arc::new(Events { bytes: AtomicU64::new(0), stop, out }), events)
    }

    /// Counts bytes that have arrived.
    pub fn add(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Bytes were in vain.
    pub fn remove(&self, bytes: u64) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Bytes that are here.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Reports a failed try that is repeated.
    pub fn retry(&self, path: &str, what: &str) {
        let _ = self.out.send(Event::Retry(path.to_owned(), what.to_owned()));
    }

    /// A file is in its place.
    pub fn done(&self, path: &str, bytes: u64) {
        let _ = self.out.send(Event::Done(path.to_owned(), bytes));
    }

    /// Whether the user wants to end.
    pub fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}
