//! What a file tells about itself: a zip by the sums of its members, a web page by how it begins.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use super::names;
use super::problem::{Kind, Problem};
use crate::text::figures::size;

/// When packed data is a bomb rather than data.
#[derive(Clone, Copy, Debug)]
pub struct Bombs {
    /// Bytes that an archive may come to.
    pub size: u64,
    /// How many times larger than packed a member may be.
    pub ratio: u64,
}

impl Default for Bombs {
    fn default() -> Self {
        Bombs { size: 4 << 40, ratio: 100 }
    }
}

/// Below this a member may shrink as far as it likes.
const SMALL: u64 = 64 << 20;

/// Whether a name says zip.
pub fn is_zip_name(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with(".zip")
}

/// Whether a name says web page.
pub fn is_html_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".html", ".htm", ".xhtml", ".shtml", ".mhtml"].iter().any(|end| name.ends_with(end))
}

fn head(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    File::open(path)?.take(most).read_to_end(&mut head)?;
    Ok(head)
}

/// Whether a file is a zip by its first bytes.
///
/// # Errors
///
/// What the system says of opening or reading the file.
pub fn is_zip(path: &Path) -> io::Result<bool> {
    let head = head(path, 4)?;
    Ok(head == *b"PK\x03\x04" || head == *b"PK\x05\x06")
}

/// Whether a file begins as web pages do.
///
/// # Errors
///
/// What the system says of opening or reading the file.
pub fn begins_like_html(path: &Path) -> io::Result<bool> {
    let head = head(path, 512)?;
    let text = String::from_utf8_lossy(&head).trim_start_matches('\u{feff}').trim_start().to_ascii_lowercase();
    Ok(text.starts_with("<!doctype html") || text.starts_with("<html"))
}

/// How a file begins, as text.
///
/// # Errors
///
/// What the system says of opening or reading the file.
pub fn beginning(path: &Path) -> io::Result<String> {
    Ok(String::from_utf8_lossy(&head(path, super::page::HEAD as u64)?).into_owned())
}

/// Reads a zip to its end: every member must match its size and sum, and its local header the index.
///
/// # Errors
///
/// As [`open`] and [`member`], of the first member that fails.
pub fn zip(path: &Path, bombs: Bombs, stop: &dyn Fn() -> bool) -> Result<(), Problem> {
    let mut archive = open(path)?;
    let mut watch = Watch::new(bombs);
    for index in 0..archive.len() {
        member(path, &mut archive, index, &mut watch, stop, &mut io::sink())?;
    }
    Ok(())
}

/// An archive opened by its index.
///
/// # Errors
///
/// A lasting problem where it is another thing under the name of a zip, a passing one where it is damaged; what the
/// system says of reading it.
pub fn open(path: &Path) -> Result<zip::ZipArchive<BufReader<File>>, Problem> {
    let other = begins_like(&head(path, 512)?);
    zip::ZipArchive::new(BufReader::with_capacity(256 << 10, File::open(path)?)).map_err(|e| match other {
        Some(other) => Problem::last(Kind::Remote, format!("it is called a zip, and is {other}"))
            .cure("look at what was meant: download it under its own name, and import it with --from"),
        None => damaged(&e.to_string()),
    })
}

/// What bytes begin like that are no zip, where they begin like something known.
fn begins_like(head: &[u8]) -> Option<&'static str> {
    let known: [(&[u8], &str); 6] = [
        (b"\x1f\x8b", "a gzip file"),
        (b"BZh", "a bzip2 file"),
        (b"\xfd7zXZ\0", "an xz file"),
        (b"\x28\xb5\x2f\xfd", "a zstd file"),
        (b"<?xml", "an XML document, perhaps the host's words about an error"),
        (b"{\"", "JSON, perhaps the host's words about an error"),
    ];
    let tar = head.get(257..262) == Some(b"ustar").map(|t| &t[..]);
    let of_head = known.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, name)| *name);
    of_head.or(tar.then_some("a tar archive"))
}

/// The failure of an archive whose own sums do not match.
pub fn damaged(what: &str) -> Problem {
    Problem::passing(format!("the archive is damaged: {}", names::shown(what)))
        .cure("fetch it again, or from another place: what is there is no whole copy")
}

/// Counts what an archive comes to.
pub struct Watch {
    bombs: Bombs,
    all: u64,
}

impl Watch {
    /// Nothing yet.
    pub fn new(bombs: Bombs) -> Self {
        Watch { bombs, all: 0 }
    }

    /// Counts bytes of an archive that is packed as a whole.
    ///
    /// # Errors
    ///
    /// A lasting problem where the archive is a bomb.
    pub fn stream(&mut self, bytes: u64, packed: u64) -> Result<(), Problem> {
        let all = self.all + bytes;
        self.step(bytes, all, packed)
    }

    fn step(&mut self, bytes: u64, member: u64, packed: u64) -> Result<(), Problem> {
        self.all += bytes;
        let bomb = |what: String| {
            Problem::last(Kind::Remote, format!("the archive is a bomb: {what}"))
                .cure("if this is right for these data, raise --bomb-size or --bomb-ratio")
        };
        if self.all > self.bombs.size {
            return Err(bomb(format!("it comes to more than {}", size(self.bombs.size))));
        }
        if member > SMALL && member / self.bombs.ratio.max(1) > packed.max(1) {
            return Err(bomb(format!("a member is more than {} times larger than packed", self.bombs.ratio)));
        }
        Ok(())
    }
}

/// Reads one member to its end, checks it, and writes it to `out`.
///
/// # Errors
///
/// A passing problem where the member is damaged, a lasting one where it is locked or the archive is a bomb; what `out`
/// says; `Interrupted` once `stop` says so.
pub fn member(
    path: &Path,
    archive: &mut zip::ZipArchive<BufReader<File>>,
    index: usize,
    watch: &mut Watch,
    stop: &dyn Fn() -> bool,
    out: &mut dyn io::Write,
) -> Result<(), Problem> {
    let raw = archive.by_index_raw(index).map_err(|e| damaged(&e.to_string()))?;
    let name = String::from_utf8_lossy(raw.name_raw()).into_owned();
    local_header(path, &raw).map_err(|what| damaged(&format!("member `{name}`: {what}")))?;
    let (wanted, packed, locked) = (raw.size(), raw.compressed_size(), raw.encrypted());
    drop(raw);
    if locked {
        let what = format!("the member `{}` is locked by a password", names::shown(&name));
        return Err(
            Problem::last(Kind::Remote, what).cure("unpack the archive by hand, and import what is in it with --from")
        );
    }
    let mut reader = archive.by_index(index).map_err(|e| damaged(&format!("member `{name}`: {e}")))?;
    let (mut block, mut bytes) = (vec![0; 256 << 10], 0u64);
    loop {
        if stop() {
            return Err(io::Error::from(io::ErrorKind::Interrupted).into());
        }
        let count = match reader.read(&mut block) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) => return Err(damaged(&format!("member `{name}`: {error}"))),
        };
        bytes += count as u64;
        watch.step(count as u64, bytes, packed)?;
        out.write_all(&block[..count])?;
    }
    if bytes != wanted {
        return Err(damaged(&format!("member `{name}` has {bytes} bytes, not {wanted}")));
    }
    Ok(())
}

/// The number of a method; that of an unknown one is not compared.
fn method(method: zip::CompressionMethod) -> u16 {
    match method {
        zip::CompressionMethod::Stored => 0,
        _ => 8,
    }
}

/// Compares the header before a member with what the index says of it.
fn local_header<R: Read>(path: &Path, entry: &zip::read::ZipFile<'_, R>) -> Result<(), String> {
    let read = || -> io::Result<([u8; 30], Vec<u8>)> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(entry.header_start()))?;
        let mut head = [0; 30];
        file.read_exact(&mut head)?;
        let mut name = vec![0; usize::from(u16::from_le_bytes([head[26], head[27]]))];
        file.read_exact(&mut name)?;
        Ok((head, name))
    };
    let (head, name) = read().map_err(|e| e.to_string())?;
    let word = |at: usize| u16::from_le_bytes([head[at], head[at + 1]]);
    let long = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let time = entry.last_modified();
    let later = word(6) & 8 != 0; // sizes and sum stand behind the member
    let same = head[..4] == *b"PK\x03\x04"
        && name == entry.name_raw()
        && time.is_none_or(|t| (t.timepart(), t.datepart()) == (word(10), word(12)))
        && (later || long(14) == entry.crc32())
        && word(8) == method(entry.compression())
        && (word(6) & 1 != 0) == entry.encrypted();
    if same { Ok(()) } else { Err("its header is not the one that the index tells".into()) }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::write::SimpleFileOptions;

    use super::*;

    fn packed(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
        for (name, bytes) in members {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn check(bytes: &[u8], bombs: Bombs) -> Result<(), Problem> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        zip(file.path(), bombs, &|| false)
    }

    #[test]
    fn damage_is_found_by_sums() {
        let whole = packed(&[("a/x.json", &b"{\"a\":1}\n".repeat(50)), ("b.json", b"{}\n")]);
        check(&whole, Bombs::default()).unwrap();
        let data = whole.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
        let missed: Vec<usize> = (0..data)
            .filter(|at| {
                let mut bytes = whole.clone();
                bytes[*at] ^= 0x55;
                check(&bytes, Bombs::default()).is_ok()
            })
            .collect();
        // What no sum covers: the version needed, some flags, the lengths and extra field of the header.
        assert!(missed.len() <= 30, "{} of {data} flips are not found: {missed:?}", missed.len());
        assert!(check(&whole[..whole.len() / 2], Bombs::default()).is_err());
        assert!(check(b"<html>", Bombs::default()).is_err());
    }

    #[test]
    fn what_is_called_a_zip_and_is_another_thing_is_named() {
        let mut tar = vec![0; 512];
        tar[257..262].copy_from_slice(b"ustar");
        for (bytes, says) in [
            (&b"\x1f\x8b\x08\0"[..], "gzip"),
            (b"<?xml version=\"1.0\"?><Error><Code>AccessDenied", "XML"),
            (b"{\"error\":\"no\"}", "JSON"),
            (&tar, "tar archive"),
        ] {
            let problem = check(bytes, Bombs::default()).unwrap_err();
            assert!(problem.what.contains(says) && !problem.what.contains("damaged"), "{}", problem.what);
        }
        assert!(check(b"PK\x03\x04 and no more", Bombs::default()).unwrap_err().what.contains("damaged"));
    }

    #[test]
    fn bombs_stop() {
        let zeros = vec![0; 80 << 20];
        let bomb = packed(&[("a", &zeros)]);
        check(&bomb, Bombs { size: 1 << 40, ratio: 2000 }).unwrap();
        assert!(check(&bomb, Bombs { size: 1 << 40, ratio: 100 }).unwrap_err().what.contains("bomb"));
        assert!(check(&bomb, Bombs { size: 1 << 20, ratio: 2000 }).unwrap_err().what.contains("bomb"));
    }

    #[test]
    fn pages_are_known() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for (text, is) in
            [("\u{feff} <!DOCTYPE html>", true), ("<HTML>", true), ("{\"a\":\"<html>\"}", false), ("", false)]
        {
            std::fs::write(file.path(), text).unwrap();
            assert_eq!(begins_like_html(file.path()).unwrap(), is, "{text}");
        }
        assert!(is_html_name("a/B.HTM") && !is_html_name("html"));
    }
}
