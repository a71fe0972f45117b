//! What a server serves: bytes in memory, or a block repeated up to any length.

use std::fmt::Write;
use std::sync::Arc;

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// Bytes that are cheap to share. A long content repeats a block whose length is a prime, so that no two offsets that
/// a client is likely to confuse hold the same bytes.
#[derive(Clone)]
pub struct Content {
    block: Arc<Vec<u8>>,
    len: u64,
}

/// A prime a little over 16 MiB.
const PERIOD: u64 = 16_777_259;

impl Content {
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        let block = bytes.into();
        Content { len: block.len() as u64, block: Arc::new(block) }
    }

    /// Noise of `len` bytes, the same for the same seed.
    pub fn noise(seed: u64, len: u64) -> Self {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut block = Vec::with_capacity(len.min(PERIOD) as usize + 8);
        while (block.len() as u64) < len.min(PERIOD) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            block.extend(state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_le_bytes());
        }
        block.truncate(len.min(PERIOD) as usize);
        Content { block: Arc::new(block), len }
    }

    pub fn len(&self) -> u64 {
        self.len
    }

    /// The longest slice at an offset without copying, at most `max` bytes; empty at the end.
    pub fn slice(&self, at: u64, max: u64) -> &[u8] {
        if at >= self.len {
            return &[];
        }
        let start = (at % self.block.len() as u64) as usize;
        let room = (self.len - at).min(max).min((self.block.len() - start) as u64);
        &self.block[start..start + room as usize]
    }

    pub fn to_vec(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.len as usize);
        self.each(|slice| bytes.extend_from_slice(slice));
        bytes
    }

    fn each(&self, mut take: impl FnMut(&[u8])) {
        let mut at = 0;
        while at < self.len {
            let slice = self.slice(at, u64::MAX);
            take(slice);
            at += slice.len() as u64;
        }
    }

    fn digest<D: Digest>(&self, head: &[u8]) -> String {
        let mut hasher = D::new();
        hasher.update(head);
        self.each(|slice| hasher.update(slice));
        hex(&hasher.finalize())
    }

    pub fn sha256(&self) -> String {
        self.digest::<Sha256>(b"")
    }

    pub fn sha1(&self) -> String {
        self.digest::<Sha1>(b"")
    }

    pub fn md5(&self) -> String {
        self.digest::<Md5>(b"")
    }

    /// The name that git gives these bytes: the SHA-1 of `blob LENGTH\0` and the bytes.
    pub fn git_blob(&self) -> String {
        self.digest::<Sha1>(format!("blob {}\0", self.len).as_bytes())
    }
}

impl<T: AsRef<[u8]>> From<T> for Content {
    fn from(bytes: T) -> Self {
        Content::new(bytes.as_ref())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}
