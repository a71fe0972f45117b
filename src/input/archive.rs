//! Zip and tar archives: their members, and one member as a stream.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use flate2::Crc;
use zip::CompressionMethod;

use super::{Compression, decompress, peek};

/// A regular file in an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its path in the archive.
    pub name: String,
    /// Its size in bytes, as it lies in the archive's index.
    pub size: u64,
}

type Stream = Box<dyn Read + Send>;

/// The regular files of a zip or tar archive in its own order; `None` if the file is no archive. `compression` is that
/// of the whole file (`.tar.gz`). What macOS adds (`__MACOSX/`, `.DS_Store`) is left out.
pub fn members(path: &Path, compression: Compression) -> io::Result<Option<Vec<Member>>> {
    if compression == Compression::None && is_zip(path)? {
        let mut archive = zip(path)?;
        let mut members = Vec::with_capacity(archive.len());
        for index in 0..archive.len() {
            let entry = archive.by_index_raw(index).map_err(invalid)?;
            let name = name_of(entry.name_raw());
            if !entry.is_dir() && wanted(&name) {
                members.push(Member { name, size: entry.size() });
            }
        }
        return Ok(Some(members));
    }
    let Some(stream) = tar(path, compression)? else {
        return Ok(None);
    };
    let mut members = Vec::new();
    for entry in tar::Archive::new(stream).entries()? {
        let entry = entry?;
        let name = name_of(&entry.path_bytes());
        if entry.header().entry_type().is_file() && wanted(&name) {
            members.push(Member { name, size: entry.size() });
        }
    }
    Ok(Some(members))
}

/// The bytes of a member, decompressed if it is a compressed file itself.
pub(crate) fn open(path: &Path, member: &str) -> io::Result<Stream> {
    let stream = if is_zip(path)? { open_zip(path, member)? } else { open_tar(path, member)? };
    let (head, stream) = peek(stream, 16);
    decompress::reader(stream, decompress::by_magic(&head))
}

fn wanted(name: &str) -> bool {
    !name.starts_with("__MACOSX/") && name.rsplit('/').next() != Some(".DS_Store")
}

/// Names that are not UTF-8 come from Chinese Windows more often than from anywhere else.
fn name_of(raw: &[u8]) -> String {
    match std::str::from_utf8(raw) {
        Ok(name) => name.to_owned(),
        Err(_) => encoding_rs::GB18030.decode_without_bom_handling(raw).0.into_owned(),
    }
}

fn invalid(error: zip::result::ZipError) -> io::Error {
    match error {
        zip::result::ZipError::Io(error) => error,
        error => io::Error::new(io::ErrorKind::InvalidData, error.to_string()),
    }
}

fn missing(member: &str) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("the archive has no member `{member}`"))
}

fn is_zip(path: &Path) -> io::Result<bool> {
    let mut head = Vec::with_capacity(4);
    File::open(path)?.take(4).read_to_end(&mut head)?;
    Ok(head == *b"PK\x03\x04" || head == *b"PK\x05\x06")
}

fn zip(path: &Path) -> io::Result<zip::ZipArchive<BufReader<File>>> {
    zip::ZipArchive::new(BufReader::new(File::open(path)?)).map_err(invalid)
}

fn open_zip(path: &Path, member: &str) -> io::Result<Stream> {
    let mut archive = zip(path)?;
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(invalid)?;
        if name_of(entry.name_raw()) != member {
            continue;
        }
        let unsupported =
            |what: &str| Err(io::Error::new(io::ErrorKind::Unsupported, format!("the member `{member}` is {what}")));
        if entry.encrypted() {
            return unsupported("encrypted");
        }
        let start = entry.data_start().ok_or_else(|| missing(member))?;
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(start))?;
        let raw = BufReader::with_capacity(256 << 10, file).take(entry.compressed_size());
        let read: Stream = match entry.compression() {
            CompressionMethod::Stored => Box::new(raw),
            CompressionMethod::Deflated => Box::new(flate2::bufread::DeflateDecoder::new(raw)),
            other => return unsupported(&format!("compressed by {other}, which is not read")),
        };
        return Ok(Box::new(Checked { read, left: entry.size(), crc: Some((Crc::new(), entry.crc32())) }));
    }
    Err(missing(member))
}

/// A tar archive by its first header: the checksum of a header is hard to hit by chance.
fn tar(path: &Path, compression: Compression) -> io::Result<Option<Stream>> {
    let stream = decompress::reader(File::open(path)?, compression)?;
    let stream: Stream = if compression == Compression::None { Box::new(BufReader::new(stream)) } else { stream };
    let (head, stream) = peek(stream, 512);
    if head.len() < 512 || head[0] == 0 {
        return Ok(None);
    }
    let mut header = tar::Header::new_old();
    header.as_mut_bytes().copy_from_slice(&head);
    // The checksum counts its own eight bytes as blanks.
    let sum: u32 = head.iter().enumerate().map(|(i, b)| if (148..156).contains(&i) { 32 } else { u32::from(*b) }).sum();
    Ok((header.cksum().ok() == Some(sum)).then_some(stream))
}

fn open_tar(path: &Path, member: &str) -> io::Result<Stream> {
    let not_tar = || io::Error::new(io::ErrorKind::InvalidData, "the file is neither a zip nor a tar archive");
    let mut stream = tar(path, super::compression(path)?)?.ok_or_else(not_tar)?;
    let mut size = None;
    for entry in tar::Archive::new(&mut stream).entries()? {
        let entry = entry?;
        if entry.header().entry_type().is_file() && name_of(&entry.path_bytes()) == member {
            // The stream now stands at the first byte of the member: the crate reads no further than headers.
            size = Some(entry.size());
            break;
        }
    }
    Ok(Box::new(Checked { read: stream, left: size.ok_or_else(|| missing(member))?, crc: None }))
}

/// Reads exactly as many bytes as the index promises, and compares their checksum.
struct Checked {
    read: Stream,
    left: u64,
    crc: Option<(Crc, u32)>,
}

impl Read for Checked {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 || out.is_empty() {
            return match self.crc.take() {
                Some((sum, wanted)) if self.left == 0 && sum.sum() != wanted => {
                    Err(io::Error::new(io::ErrorKind::InvalidData, "the member's checksum does not match"))
                }
                other => {
                    self.crc = other;
                    Ok(0)
                }
            };
        }
        let room = usize::try_from(self.left).unwrap_or(usize::MAX).min(out.len());
        let count = self.read.read(&mut out[..room])?;
        if count == 0 {
            let message = format!("the member ends {} bytes early", self.left);
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, message));
        }
        self.left -= count as u64;
        if let Some((sum, _)) = &mut self.crc {
            sum.update(&out[..count]);
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn text(path: &Path, name: &str) -> String {
        let mut text = String::new();
        open(path, name).unwrap().read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn reads_members_of_zip_and_compressed_tar() {
        let folder = tempfile::tempdir().unwrap();
        let zipped = folder.path().join("a.zip");
        let mut zip = zip::ZipWriter::new(File::create(&zipped).unwrap());
        for (name, method) in
            [("x/一.txt", zip::CompressionMethod::Deflated), ("二.txt", zip::CompressionMethod::Stored)]
        {
            let options = zip::write::SimpleFileOptions::default().compression_method(method);
            zip.start_file(name, options).unwrap();
            zip.write_all(name.as_bytes()).unwrap();
        }
        zip.finish().unwrap();
        let names: Vec<_> = members(&zipped, Compression::None).unwrap().unwrap().into_iter().map(|m| m.name).collect();
        assert_eq!(names, ["x/一.txt", "二.txt"]);
        names.iter().for_each(|name| assert_eq!(text(&zipped, name), *name));

        let tarred = folder.path().join("a.tar.gz");
        let gz = flate2::write::GzEncoder::new(File::create(&tarred).unwrap(), flate2::Compression::fast());
        let mut tar = tar::Builder::new(gz);
        for name in ["a.txt", "b/c.txt"] {
            let mut header = tar::Header::new_gnu();
            header.set_size(name.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, name, name.as_bytes()).unwrap();
        }
        tar.into_inner().unwrap().finish().unwrap();
        let found = members(&tarred, Compression::Gzip).unwrap().unwrap();
        assert_eq!(found.len(), 2);
        found.iter().for_each(|m| assert_eq!(text(&tarred, &m.name), m.name));
    }
}
