//! Archives as they lie about in the wild, and some that nobody should unpack.

use std::io::{Cursor, Write};

use flate2::{Compress, Compression, Crc, FlushCompress};
use zip::write::SimpleFileOptions;

use super::Content;

/// A zip of members; a name that ends in `/` is a folder.
pub fn zip_of(members: &[(&str, &[u8])]) -> Content {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    Content::new(writer.finish().unwrap().into_inner())
}

/// A zip whose member is a symbolic link, beside one that is a file.
pub fn zip_with_link(link: &str, to: &str, file: &str, bytes: &[u8]) -> Content {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    writer.add_symlink(link, to, SimpleFileOptions::default()).unwrap();
    writer.start_file(file, SimpleFileOptions::default()).unwrap();
    writer.write_all(bytes).unwrap();
    Content::new(writer.finish().unwrap().into_inner())
}

/// A zip with one member of so many bytes of zeros (less than 4 GiB), whole and correct, a thousandth of that in size.
pub fn zip_bomb(name: &str, size: u32) -> Content {
    const BLOCK: usize = 16 << 20;
    let zeros = vec![0; BLOCK];
    // Blocks that end at a byte are strung together; an empty last block ends the stream.
    let packed = |bytes: &[u8]| {
        let mut packer = Compress::new(Compression::fast(), false);
        let mut out = Vec::with_capacity(1 << 20);
        packer.compress_vec(bytes, &mut out, FlushCompress::Sync).unwrap();
        out
    };
    let (whole, rest) = (size as usize / BLOCK, size as usize % BLOCK);
    let mut data = packed(&zeros).repeat(whole);
    data.extend(packed(&zeros[..rest]));
    data.extend([3, 0]);
    let mut crc = Crc::new();
    (0..whole).for_each(|_| crc.update(&zeros));
    crc.update(&zeros[..rest]);

    let entry = |head: &[u8]| {
        let mut out = head.to_vec();
        out.extend([20, 0, 0, 0, 8, 0, 0, 0, 0x21, 0x58]); // version, flags, deflate, time, date
        for number in [crc.sum(), data.len() as u32, size] {
            out.extend(number.to_le_bytes());
        }
        out.extend((name.len() as u16).to_le_bytes());
        out.extend([0, 0]);
        out
    };
    let mut zip = entry(b"PK\x03\x04");
    zip.extend(name.as_bytes());
    zip.extend(&data);
    let directory = zip.len() as u32;
    zip.extend(entry(b"PK\x01\x02\x14\x00"));
    zip.extend([0; 14]); // comment, disk, attributes, offset 0
    zip.extend(name.as_bytes());
    let length = zip.len() as u32 - directory;
    zip.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    zip.extend(length.to_le_bytes());
    zip.extend(directory.to_le_bytes());
    zip.extend([0, 0]);
    Content::new(zip)
}
