//! A window over a stream: the bytes that were read and not yet used.

use std::io::{self, Read};

/// Bytes asked for at once.
const CHUNK: usize = 1 << 20;
/// Bytes of the buffer beyond which its memory is not kept for the next record.
const LONG: usize = 4 << 20;

/// A stream with a buffer that grows as long as nothing is consumed. A read error is kept: the bytes before it are
/// still returned.
pub struct Window {
    read: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    offset: u64,
    over: bool,
    error: Option<io::Error>,
}

impl Window {
    /// A window over a stream whose first byte stands at `offset` of the decoded file.
    pub fn new(read: Box<dyn Read + Send>, offset: u64) -> Self {
        Window { read, buffer: Vec::new(), start: 0, end: 0, offset, over: false, error: None }
    }

    /// The buffered bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Where the first buffered byte stands in the decoded file.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Reads on; false at the end of the stream or at an error, which [`Window::error`] then returns.
    pub fn more(&mut self) -> bool {
        if self.over {
            return false;
        }
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.buffer.len() - self.end < CHUNK / 2 {
            // What is reserved doubles, so that a long record costs linear time; what is touched grows with it.
            self.buffer.resize(self.end + CHUNK, 0);
        }
        loop {
            match self.read.read(&mut self.buffer[self.end..]) {
                Ok(0) => break,
                Ok(count) => {
                    self.end += count;
                    return true;
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => {
                    self.error = Some(e);
                    break;
                }
            }
        }
        self.over = true;
        false
    }

    /// Removes buffered bytes from the front.
    pub fn consume(&mut self, count: usize) {
        let count = count.min(self.end - self.start);
        self.start += count;
        self.offset += count as u64;
    }

    /// Gives back the memory of a long record, once it is consumed.
    pub fn release(&mut self) {
        if self.buffer.len() > LONG && self.end - self.start <= LONG / 2 {
            self.buffer = self.bytes().to_vec();
            (self.start, self.end) = (0, self.buffer.len());
        }
    }

    /// Whether the stream has ended (the buffered bytes are its last).
    pub fn over(&self) -> bool {
        self.over
    }

    /// Whether an error ended the stream and was not returned yet.
    pub fn failed(&self) -> bool {
        self.error.is_some()
    }

    /// The error that ended the stream, once.
    pub fn error(&mut self) -> Option<io::Error> {
        self.error.take()
    }
}
