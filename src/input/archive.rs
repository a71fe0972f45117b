//! Members of zip and tar archives.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use super::{BLOCK, Compression, decompress};

/// A file in an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its path in the archive.
    pub name: String,
    /// Its bytes, unpacked.
    pub size: u64,
}

/// The regular files of a zip or tar archive (also a compressed tar), in the archive's order; `None` for other files.
pub fn members(path: &Path, compression: Compression) -> io::Result<Option<Vec<Member>>> {
    if compression == Compression::None && is_zip(path)? {
        let mut zip = zip::ZipArchive::new(BufReader::new(File::open(path)?))?;
        let mut members = Vec::new();
        for i in 0..zip.len() {
            let file = zip.by_index_raw(i)?;
            let name = file.name()?.into_owned();
            if file.is_file() && wanted(&name) {
                members.push(Member { name, size: file.size() });
            }
        }
        return Ok(Some(members));
    }
    if !is_tar(path, compression)? {
        return Ok(None);
    }
    let mut tar = tar::Archive::new(decompress(Box::new(File::open(path)?), compression)?);
    let mut members = Vec::new();
    for entry in tar.entries()? {
        let entry = entry?;
        let name = entry.path()?.to_string_lossy().into_owned();
        if entry.header().entry_type().is_file() && wanted(&name) {
            members.push(Member { name, size: entry.size() });
        }
    }
    Ok(Some(members))
}

fn is_zip(path: &Path) -> io::Result<bool> {
    let mut head = [0; 4];
    let read = File::open(path)?.read(&mut head)?;
    Ok(read == 4 && (head == *b"PK\x03\x04" || head == *b"PK\x05\x06"))
}

/// A tar has `ustar` at byte 257 of its first header.
fn is_tar(path: &Path, compression: Compression) -> io::Result<bool> {
    let mut stream = decompress(Box::new(File::open(path)?), compression)?;
    let mut head = [0; 262];
    Ok(stream.read_exact(&mut head).is_ok() && &head[257..262] == b"ustar")
}

/// Not what systems leave beside data.
fn wanted(name: &str) -> bool {
    !name.starts_with("__MACOSX/") && !name.ends_with(".DS_Store")
}

/// A member's bytes.
pub fn open(path: &Path, name: &str, compression: Compression) -> io::Result<Box<dyn Read + Send>> {
    let missing = || io::Error::new(io::ErrorKind::NotFound, format!("{name} is not in the archive"));
    if compression == Compression::None && is_zip(path)? {
        let mut zip = zip::ZipArchive::new(BufReader::new(File::open(path)?))?;
        let index = zip.index_for_name(name).ok_or_else(missing)?;
        let (start, size, method) = {
            let file = zip.by_index(index)?;
            (file.data_start(), file.compressed_size(), file.compression())
        };
        let start = start.ok_or_else(|| io::Error::other("the archive does not say where the member begins"))?;
        let mut file = File::open(path)?;
        io::Seek::seek(&mut file, io::SeekFrom::Start(start))?;
        let raw = BufReader::with_capacity(BLOCK, file.take(size));
        return match method {
            zip::CompressionMethod::Stored => Ok(Box::new(raw)),
            zip::CompressionMethod::Deflated => Ok(Box::new(flate2::bufread::DeflateDecoder::new(raw))),
            other => {
                Err(io::Error::other(format!("{other} is not supported in zip archives; unpack the archive first")))
            }
        };
    }
    let mut tar = tar::Archive::new(decompress(Box::new(File::open(path)?), compression)?);
    let mut at = None;
    for entry in tar.entries()? {
        let entry = entry?;
        if entry.path()?.to_string_lossy() == name {
            at = Some((entry.raw_file_position(), entry.size()));
            break;
        }
    }
    let (start, size) = at.ok_or_else(missing)?;
    let mut stream = decompress(Box::new(File::open(path)?), compression)?;
    io::copy(&mut (&mut stream).take(start), &mut io::sink())?;
    Ok(Box::new(stream.take(size)))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn text(path: &Path, name: &str, compression: Compression) -> String {
        let mut text = String::new();
        open(path, name, compression).unwrap().read_to_string(&mut text).unwrap();
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
        names.iter().for_each(|name| assert_eq!(text(&zipped, name, Compression::None), *name));

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
        found.iter().for_each(|m| assert_eq!(text(&tarred, &m.name, Compression::Gzip), m.name));
    }
}
