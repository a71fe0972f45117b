//! Archives that come in by hand: zip, and tar in any compression. Their names, their sums, their members.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::problem::Problem;
use super::verify::{self, Bombs, Watch};
use crate::formats::not_data::{LZMA, Packing, packing};
use crate::text::shell::quoted;

/// Bytes that may follow the end of a tar archive: blocks of zeros.
const TAIL: u64 = 1 << 30;

/// The kind of archive that a file is, by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// None: a file of data.
    None,
    /// Zip.
    Zip,
    /// Tar, perhaps compressed.
    Tar,
}

/// Whether a name in an archive or folder is data: not what systems leave behind.
pub fn is_data(name: &str) -> bool {
    let hidden =
        |part: &str| part == "__MACOSX" || part == ".DS_Store" || part == "Thumbs.db" || part.starts_with("._");
    !name.ends_with('/') && !name.split('/').any(hidden)
}

/// Whether a file of that name may be a web page.
pub fn is_page_allowed(name: &str) -> bool {
    verify::is_html_name(name)
}

/// The archive or packing that a file is, if it is one that is not opened: by its first bytes.
///
/// # Errors
/// Where the file cannot be read.
pub fn sealed(path: &Path) -> io::Result<Option<Packing>> {
    let mut head = Vec::new();
    File::open(path)?.take(16).read_to_end(&mut head)?;
    // The old LZMA format has no magic: its usual properties and a size of its own, under its own name.
    let lzma = head.starts_with(&[0x5d, 0, 0]) && path.extension().is_some_and(|e| e.eq_ignore_ascii_case("lzma"));
    Ok(packing(&head).or(lzma.then_some(LZMA)))
}

/// What to do about a file that is not opened.
pub fn unpack_first(packing: Packing, path: &Path) -> String {
    let file = quoted(&path.to_string_lossy());
    format!("unpack it (`{} {file}`), and import what comes out: `--from` with that file or folder", packing.command)
}

/// What sort of archive a file is, by its first bytes.
///
/// # Errors
///
/// What the system says of opening or reading the file.
pub fn shape(path: &Path) -> io::Result<Shape> {
    if verify::is_zip(path)? {
        return Ok(Shape::Zip);
    }
    // A zip by name that does not begin like one is a broken zip, not data.
    if verify::is_zip_name(&path.to_string_lossy()) {
        return Ok(Shape::Zip);
    }
    let mut head = [0; 512];
    let is_tar = stream(path).and_then(|mut s| s.read_exact(&mut head)).is_ok() && {
        let mut header = tar::Header::new_old();
        header.as_mut_bytes().copy_from_slice(&head);
        let blank = |(at, byte): (usize, &u8)| if (148..156).contains(&at) { 32 } else { u32::from(*byte) };
        head[0] != 0 && header.cksum().ok() == Some(head.iter().enumerate().map(blank).sum())
    };
    Ok(if is_tar { Shape::Tar } else { Shape::None })
}

/// A file, decompressed by what its first bytes tell.
fn stream(path: &Path) -> io::Result<Box<dyn Read>> {
    let mut head = Vec::new();
    File::open(path)?.take(6).read_to_end(&mut head)?;
    let raw = BufReader::with_capacity(1 << 20, File::open(path)?);
    Ok(match head.as_slice() {
        [0x1f, 0x8b, ..] => Box::new(flate2::bufread::MultiGzDecoder::new(raw)),
        [b'B', b'Z', b'h', ..] => Box::new(bzip2::bufread::MultiBzDecoder::new(raw)),
        [0xfd, b'7', b'z', b'X', b'Z', 0] => Box::new(liblzma::bufread::XzDecoder::new_multi_decoder(raw)),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Box::new(zstd::stream::read::Decoder::with_buffer(raw)?),
        _ => Box::new(raw),
    })
}

/// The names of the files in an archive, and whether each is a link, which is never followed; none of what is no
/// archive.
///
/// # Errors
///
/// A passing problem where the archive is damaged, and what the system says of reading it.
pub fn members(path: &Path, shape: Shape) -> Result<Vec<(String, bool)>, Problem> {
    let mut names = Vec::new();
    match shape {
        Shape::None => {}
        Shape::Zip => {
            let mut archive = verify::open(path)?;
            for index in 0..archive.len() {
                let entry = archive.by_index_raw(index).map_err(|e| verify::damaged(&e.to_string()))?;
                if !entry.is_dir() {
                    names.push((name_of(entry.name_raw()), entry.is_symlink()));
                }
            }
        }
        Shape::Tar => {
            each_of_tar(path, &mut |name, link, _| {
                names.push((name.to_owned(), link));
                Ok(())
            })?;
        }
    }
    names.retain(|(name, _)| is_data(name));
    Ok(names)
}

/// The name of a member: names that are not UTF-8 come from Chinese Windows more often than from anywhere else.
fn name_of(raw: &[u8]) -> String {
    match std::str::from_utf8(raw) {
        Ok(name) => plain_name(name),
        Err(_) => plain_name(&encoding_rs::GB18030.decode_without_bom_handling(raw).0),
    }
}

/// A member's name without what packers add: `tar cf x .` writes `./a`, and Windows writes `a\\b`. What leads
/// elsewhere (`..`, a root, a drive) stays as it is, to be refused.
fn plain_name(name: &str) -> String {
    let name = name.replace('\\', "/");
    let folder = if name.ends_with('/') { "/" } else { "" };
    let root = if name.starts_with('/') { "/" } else { "" };
    let parts: Vec<&str> = name.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    format!("{root}{}{folder}", parts.join("/"))
}

type Visit<'v> = dyn FnMut(&str, bool, &mut dyn Read) -> Result<(), Problem> + 'v;

/// Visits the files and links of a tar archive.
fn each_of_tar(path: &Path, visit: &mut Visit<'_>) -> Result<(), Problem> {
    let broken = |e: io::Error| verify::damaged(&e.to_string());
    let mut stream = stream(path)?;
    let mut archive = tar::Archive::new(&mut stream);
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let name = name_of(&entry.path_bytes());
        let kind = entry.header().entry_type();
        let link = kind.is_symlink() || kind.is_hard_link();
        if link || kind.is_file() {
            visit(&name, link, &mut entry)?;
        }
    }
    // What packs the archive has its own sum, which stands at its end.
    io::copy(&mut stream.take(TAIL), &mut io::sink()).map_err(broken)?;
    Ok(())
}

/// Reads an archive to its end, against its own sums and the bounds of bombs.
///
/// # Errors
///
/// A passing problem where the archive is damaged, a lasting one where it is a bomb or locked by a password;
/// `Interrupted` once `stop` says so.
pub fn check(path: &Path, shape: Shape, bombs: Bombs, stop: &dyn Fn() -> bool) -> Result<(), Problem> {
    match shape {
        Shape::None => Ok(()),
        Shape::Zip => verify::zip(path, bombs, stop),
        Shape::Tar => unpack(path, shape, bombs, stop, &|_| None).map(drop),
    }
}

/// Reads an archive to its end, and writes the members that `to` gives a path. Nothing stays behind on failure.
///
/// # Errors
///
/// As [`check`], and what the system says of writing a member.
pub fn unpack(
    path: &Path,
    shape: Shape,
    bombs: Bombs,
    stop: &dyn Fn() -> bool,
    to: &dyn Fn(&str) -> Option<PathBuf>,
) -> Result<Vec<(String, PathBuf)>, Problem> {
    let mut written: Vec<(String, PathBuf)> = Vec::new();
    let result = each(path, shape, bombs, stop, &mut |name| {
        let Some(path) = to(name) else { return Ok(Box::new(io::sink())) };
        let file = File::create_new(&path)?;
        written.push((name.to_owned(), path));
        Ok(Box::new(file))
    });
    if result.is_err() {
        for (_, path) in &written {
            let _ = std::fs::remove_file(path);
        }
    }
    result.map(|()| written)
}

/// Opens the writer for a member of an archive, by its name.
type Sink<'s> = dyn FnMut(&str) -> io::Result<Box<dyn Write>> + 's;

/// Reads an archive to its end, each member into what `sink` gives for its name.
fn each(path: &Path, shape: Shape, bombs: Bombs, stop: &dyn Fn() -> bool, sink: &mut Sink<'_>) -> Result<(), Problem> {
    let mut watch = Watch::new(bombs);
    match shape {
        Shape::None => Ok(()),
        Shape::Zip => {
            let mut archive = verify::open(path)?;
            for index in 0..archive.len() {
                let name = {
                    let entry = archive.by_index_raw(index).map_err(|e| verify::damaged(&e.to_string()))?;
                    (!entry.is_dir() && !entry.is_symlink()).then(|| name_of(entry.name_raw()))
                };
                let mut out = sink(name.as_deref().unwrap_or_default())?;
                verify::member(path, &mut archive, index, &mut watch, stop, &mut out)?;
            }
            Ok(())
        }
        Shape::Tar => {
            let packed = std::fs::metadata(path)?.len();
            let mut block = vec![0; 256 << 10];
            each_of_tar(path, &mut |name, link, member| {
                if link {
                    return Ok(());
                }
                let mut out = sink(name)?;
                loop {
                    if stop() {
                        return Err(io::Error::from(io::ErrorKind::Interrupted).into());
                    }
                    match member.read(&mut block).map_err(|e| verify::damaged(&format!("member `{name}`: {e}")))? {
                        0 => return Ok(()),
                        count => {
                            watch.stream(count as u64, packed)?;
                            out.write_all(&block[..count])?;
                        }
                    }
                }
            })
        }
    }
}

/// Compares what is written to it with a file.
struct Compare {
    file: BufReader<File>,
    /// Bytes that were the same; `None` once any differed.
    same: Rc<Cell<Option<u64>>>,
}

impl Write for Compare {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut there = vec![0; bytes.len()];
        let same = self.file.read_exact(&mut there).is_ok() && there == bytes;
        self.same.set(self.same.get().filter(|_| same).map(|so_far| so_far + bytes.len() as u64));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Of files that may be the unpacked members of an archive (by the member's name), those that are, byte for byte.
/// None where the archive cannot be read to its end.
pub fn unpacked(
    path: &Path,
    shape: Shape,
    bombs: Bombs,
    stop: &dyn Fn() -> bool,
    candidates: &BTreeMap<String, PathBuf>,
) -> Vec<PathBuf> {
    let mut found: Vec<(PathBuf, Rc<Cell<Option<u64>>>)> = Vec::new();
    let read = each(path, shape, bombs, stop, &mut |name| {
        let Some(beside) = candidates.get(name) else { return Ok(Box::new(io::sink())) };
        let same = Rc::new(Cell::new(Some(0)));
        found.push((beside.clone(), same.clone()));
        Ok(Box::new(Compare { file: BufReader::new(File::open(beside)?), same }))
    });
    let whole = |(path, same): &(PathBuf, Rc<Cell<Option<u64>>>)| path.metadata().ok().map(|m| m.len()) == same.get();
    found.retain(whole);
    if read.is_err() { Vec::new() } else { found.into_iter().map(|(path, _)| path).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_packers_write_them() {
        for (raw, name) in
            [("./a/b", "a/b"), ("a\\b", "a/b"), (".\\a", "a"), ("a/./b//c", "a/b/c"), ("./", "/"), ("a\\", "a/")]
        {
            assert_eq!(plain_name(raw), name, "{raw}");
        }
        for raw in ["../a", "/a", "C:\\a", "\\\\h\\s", "a\\..\\b", "./../a"] {
            assert!(super::super::names::refusal(&plain_name(raw)).is_some(), "{raw}");
        }
    }

    #[test]
    fn members_of_a_tar_are_taken_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tar.gz");
        let gz = flate2::write::GzEncoder::new(File::create(&path).unwrap(), flate2::Compression::fast());
        let mut tar = tar::Builder::new(gz);
        for name in ["x/a.txt", "x/._a.txt", "b.txt"] {
            let mut header = tar::Header::new_gnu();
            header.set_size(3);
            tar.append_data(&mut header, name, &b"abc"[..]).unwrap();
        }
        tar.into_inner().unwrap().finish().unwrap();
        assert_eq!(shape(&path).unwrap(), Shape::Tar);
        let file = |name: &str| (name.to_owned(), false);
        assert_eq!(members(&path, Shape::Tar).unwrap(), [file("x/a.txt"), file("b.txt")]);
        let to = |name: &str| (name == "b.txt").then(|| folder.path().join("out"));
        assert_eq!(unpack(&path, Shape::Tar, Bombs::default(), &|| false, &to).unwrap().len(), 1);
        assert_eq!(std::fs::read(folder.path().join("out")).unwrap(), b"abc");
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 9]).unwrap();
        std::fs::remove_file(folder.path().join("out")).unwrap();
        assert!(unpack(&path, Shape::Tar, Bombs::default(), &|| false, &to).is_err());
        assert!(!folder.path().join("out").exists());
    }

    #[test]
    fn data_is_known_by_its_name() {
        assert!(is_data("a/b.json") && is_data(".hidden"));
        assert!(!is_data("__MACOSX/a"));
        assert!(!is_data("a/._b"));
        assert!(!is_data("a/"));
        assert!(!is_data("a/.DS_Store"));
    }
}
