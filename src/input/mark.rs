//! Places of a packed stream from which it can be read on, and who hears of them.

use std::io;

use serde::{Deserialize, Serialize};

/// From where a stream can be read on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Mark {
    /// A stretch of blocks of bzip2.
    Blocks(usize),
    /// A byte at which a frame of zstd begins.
    Frame(u64),
    /// Between two blocks of deflated text.
    Inflate(Inflating),
}

/// The state of inflating between two blocks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Inflating {
    /// Bytes that were read.
    pub(super) at: u64,
    /// Bits of the last of them that belong to the next block, and how many.
    pub(super) bits: (u8, u8),
    /// The last 32 KiB of what came out.
    pub(super) window: Vec<u8>,
    /// Checksum and length of what came out of the member.
    pub(super) sum: (u32, u64),
}

/// Takes what is decoded.
pub trait Sink {
    /// Takes bytes, in order.
    ///
    /// # Errors
    ///
    /// What taking them says.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// All bytes so far are whole: `mark` tells from where to go on, for whoever wants to note it.
    ///
    /// # Errors
    ///
    /// What noting it says.
    fn mark(&mut self, mark: &mut dyn FnMut() -> Mark) -> io::Result<()>;
}
