//! Archives and packings that are not opened: their first bytes, and the command that opens each.

/// An archive or packing that is not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packing {
    /// What a file of it is: "a 7z archive".
    pub what: &'static str,
    /// The command that unpacks it, before the file's name.
    pub command: &'static str,
}

/// The old LZMA format. It has no magic number, so only the name of a file tells it.
pub const LZMA: Packing = Packing { what: "a file compressed by lzma", command: "xz -dk" };

/// The first bytes of a file, what it is, and the command that unpacks it.
const PACKINGS: [(&[u8], &str, &str); 10] = [
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "7z x"),
    (b"Rar!\x1a\x07", "a RAR archive", "unrar x"),
    (b"\x04\x22\x4d\x18", "a file compressed by lz4", "lz4 -d"),
    (b"\xff\x06\0\0sNaPpY", "a file compressed by snappy", "snzip -dk"),
    (b"LZIP\x01", "a file compressed by lzip", "lzip -dk"),
    (b"\x89LZO\0\r\n\x1a\n", "a file compressed by lzop", "lzop -d"),
    (b"\x1f\x9d", "a file compressed by compress (.Z)", "gzip -dk"),
    (b"MSCF\0\0\0\0", "a cabinet archive", "7z x"),
    (b"!<arch>\n", "an archive of ar", "ar x"),
    (b"PK\x07\x08PK\x03\x04", "the first of several pieces of a zip", "7z x"),
];

/// The packing that the first bytes of a file tell; 10 bytes are enough.
pub fn packing(head: &[u8]) -> Option<Packing> {
    let (_, what, command) = PACKINGS.iter().find(|(magic, ..)| head.starts_with(magic))?;
    Some(Packing { what, command })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_fetch_and_a_build_do_not_open_is_one_list() {
        for (magic, what, command) in PACKINGS {
            assert!(magic.len() <= 10 && packing(magic) == Some(Packing { what, command }), "{what}");
            let refused = super::super::by_bytes(magic).unwrap();
            assert!(refused.what == what && refused.cure.contains("unpack it first"), "{what}");
        }
        assert_eq!((packing(b"PK\x03\x04"), packing(b"LZIP is a program"), packing(b"")), (None, None, None));
    }
}
