//! What of a tar cannot be read as a member.

use std::io::{self, Read};

/// What stands for the rest of a tar behind members that can be read: opening it says what is wrong there.
pub const BROKEN_OFF: &str = "(broken off)";
/// Why a sparse member is not read.
pub const SPARSE: &str = "a sparse file, which is not read: unpack the archive first";

/// Fails, as what follows in the archive does.
pub struct Fails(pub Option<io::Error>);

impl Read for Fails {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// The error for a member of a kind that is not read.
pub fn unsupported(member: &str, what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, format!("the member `{member}` is {what}"))
}

/// The entries of a tar, of joined ones too: what stands behind the zeros at the end of the first is read as well.
pub fn whole<R: Read>(stream: R) -> tar::Archive<R> {
    let mut archive = tar::Archive::new(stream);
    archive.set_ignore_zeros(true);
    archive
}
