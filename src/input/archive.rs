//! Zip and tar archives: their members, and one member as a stream.
//!
//! Of a zip, and of a tar that is not compressed, it is remembered where each member lies, so that opening one is a seek.
//! A compressed tar has to be streamed from its start for each: builds make a plain copy of it instead.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use flate2::Crc;

mod method;
mod rest;

use method::Method;
use rest::{BROKEN_OFF, Fails, SPARSE, unsupported, whole};

use super::{Compression, decompress, file, peek};

/// A regular file in an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its path in the archive.
    pub name: String,
    /// Its size in bytes, as it lies in the archive's index.
    pub size: u64,
}

type Stream = Box<dyn Read + Send>;

/// Archives whose members are remembered.
const REMEMBERED: usize = 16;
/// Bytes of a member that is compressed itself which give its first decoded ones: a block of bzip2 and more.
const PACKED_HEAD: usize = 4 << 20;

/// Where the members of a zip or a plain tar lie.
struct Index {
    members: Vec<Member>,
    places: Vec<Place>,
    by_name: HashMap<String, usize>,
}

/// Where a member lies.
#[derive(Clone, Debug)]
enum Place {
    /// In a tar, as it is: from this byte on.
    Plain(u64),
    /// In a zip: the first byte, how many there are, how they are compressed, and the checksum of what comes out.
    Zip(u64, u64, Method, u32),
    /// In a zip, and why it is not read.
    Refused(String),
}

/// The regular files of a zip or tar archive in its own order; `None` if the file is no archive. `compression` is that
/// of the whole file (`.tar.gz`). What macOS adds (`__MACOSX/`, `.DS_Store`, `._x`)
/// is left out. The second `x` is called `x~2`.
///
/// # Errors
///
/// What the system says of opening or reading the file, and what is broken in a zip's directory or a tar's headers.
pub fn members(path: &Path, compression: Compression) -> io::Result<Option<Vec<Member>>> {
    if compression == Compression::None {
        return Ok(index(path)?.map(|index| index.members.clone()));
    }
    let mut members = Vec::new();
    let found = each_member(path, compression, &mut |member, _| {
        members.push(member);
        Ok(true)
    })?;
    Ok(found.then_some(members))
}

/// How many members a compressed tar has, counted to `most` (reading no further than that takes); 0 if it is no tar.
///
/// # Errors
///
/// What the system says of opening or reading the file, and what is broken in the stream or the headers before `most`
/// is reached.
pub fn at_least(path: &Path, compression: Compression, most: usize) -> io::Result<usize> {
    let mut seen = 0;
    each_member(path, compression, &mut |_, _| {
        seen += 1;
        Ok(seen < most)
    })?;
    Ok(seen)
}

/// The members of an archive, each with its first `limit` decoded bytes as [`head`](super::head) gives them, in one
/// pass; false if the file is no archive.
///
/// # Errors
///
/// What the system says of opening or reading the file, and what is broken in its directory or headers. A member that
/// cannot be read has none.
pub fn heads(
    path: &Path,
    compression: Compression,
    limit: usize,
    each: &mut dyn FnMut(Member, Option<Vec<u8>>),
) -> io::Result<bool> {
    if compression != Compression::None {
        return each_member(path, compression, &mut |member, bytes| {
            let mut raw = Vec::new();
            let mut read = bytes.take(limit as u64).read_to_end(&mut raw);
            let packed = decompress::by_magic(&raw);
            if packed != Compression::None {
                read = bytes.take((PACKED_HEAD.saturating_sub(raw.len())) as u64).read_to_end(&mut raw);
                raw = super::first(decompress::reader(io::Cursor::new(raw), packed)?, limit);
            }
            // What breaks off is told by the reader of the member.
            each(member, Some(raw).filter(|raw| read.is_ok() || !raw.is_empty()));
            Ok(true)
        });
    }
    let Some(index) = index(path)? else { return Ok(false) };
    for member in &index.members {
        each(member.clone(), super::head(path, Some(&member.name), compression, limit).ok());
    }
    Ok(true)
}

/// Hands over the members of a tar one by one, with their bytes, as long as `each` says; false if it is no tar. Where the
/// archive is broken behind a member, the last one handed over is what is left, whose bytes cannot be read.
///
/// # Errors
///
/// What the system says of opening or reading the file, what is broken in its first header, and what `each` says.
pub fn each_member(
    path: &Path,
    compression: Compression,
    each: &mut dyn FnMut(Member, &mut dyn Read) -> io::Result<bool>,
) -> io::Result<bool> {
    let Some(stream) = tar(path, compression)? else { return Ok(false) };
    let (mut names, mut seen) = (Names::default(), false);
    for entry in whole(stream).entries()? {
        let mut entry = match entry {
            Ok(entry) => entry,
            Err(error) if seen => {
                each(Member { name: BROKEN_OFF.into(), size: 0 }, &mut Fails(Some(error)))?;
                break;
            }
            Err(error) => return Err(error),
        };
        let mut member = Member { name: name_of(&entry.path_bytes()), size: entry.size() };
        let kind = entry.header().entry_type();
        if !(kind.is_file() || kind.is_gnu_sparse()) || !wanted(&member.name) {
            continue;
        }
        seen = true;
        member.name = names.distinct(member.name);
        if kind.is_gnu_sparse() {
            let error = unsupported(&member.name, SPARSE);
            if !each(member, &mut Fails(Some(error)))? {
                break;
            }
            continue;
        }
        let mut counted = Counted { read: &mut entry, left: member.size };
        if !each(member, &mut counted)? {
            break;
        }
        // An archive that is cut, or was before it was compressed: the reader of this member tells.
        if io::copy(&mut counted, &mut io::sink()).is_err() || counted.left > 0 {
            break;
        }
    }
    Ok(true)
}

/// Knows how much is left to be read.
struct Counted<'a> {
    read: &'a mut dyn Read,
    left: u64,
}

impl Read for Counted<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.read.read(out)?;
        self.left = self.left.saturating_sub(count as u64);
        Ok(count)
    }
}

/// The bytes of a member, decompressed if it is a compressed file itself.
pub(crate) fn open(path: &Path, member: &str) -> io::Result<Stream> {
    let (stream, compression) = packed(path, member)?;
    decompress::reader(stream, compression)
}

/// The bytes of a member as they lie in the archive, and how these are compressed where it is a compressed file itself.
///
/// # Errors
///
/// `NotFound` where the archive has no such member; else what the system says of opening it, and what is broken in it.
pub fn packed(path: &Path, member: &str) -> io::Result<(Stream, Compression)> {
    let stream = match index(path)? {
        None => open_tar(path, member)?,
        Some(index) => {
            let at = *index.by_name.get(member).ok_or_else(|| missing(member))?;
            open_at(path, &index.members[at], &index.places[at], 0)?
        }
    };
    let (head, stream) = peek(stream, 16);
    Ok((stream, decompress::by_magic(&head)))
}

/// Where the deflated bytes of a member lie in a zip, how many there are, and what comes out.
pub(crate) struct Deflated {
    pub start: u64,
    pub packed: u64,
    pub size: u64,
    pub crc: u32,
}

/// Where a deflated member of a zip lies; `None` for all others, and where it is a compressed file itself.
pub(crate) fn deflated(path: &Path, member: &str) -> io::Result<Option<Deflated>> {
    let Some(index) = index(path)? else { return Ok(None) };
    let at = *index.by_name.get(member).ok_or_else(|| missing(member))?;
    let Place::Zip(start, packed, Method::Deflate, crc) = index.places[at] else { return Ok(None) };
    let (_, compression) = self::packed(path, member)?;
    let found = Deflated { start, packed, size: index.members[at].size, crc };
    Ok((compression == Compression::None).then_some(found))
}

/// The bytes of a member from `start` on, if they lie in the archive as they are (in a plain tar, not
/// compressed, and all of them).
///
/// # Errors
///
/// `NotFound` where the archive has no such member; else what the system says of opening or seeking in it.
pub fn within(path: &Path, member: &str, start: u64) -> io::Result<Option<Stream>> {
    let Some(index) = index(path)? else { return Ok(None) };
    let at = *index.by_name.get(member).ok_or_else(|| missing(member))?;
    let (member, place) = (&index.members[at], &index.places[at]);
    let Place::Plain(at) = place else { return Ok(None) };
    if at + member.size > std::fs::metadata(path)?.len() {
        return Ok(None);
    }
    let (head, _) = peek(open_at(path, member, place, 0)?, 16);
    let plain = decompress::by_magic(&head) == Compression::None;
    plain.then(|| open_at(path, member, place, start)).transpose()
}

fn open_at(path: &Path, member: &Member, place: &Place, start: u64) -> io::Result<Stream> {
    let seek = |to: u64| -> io::Result<File> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(to))?;
        Ok(file)
    };
    Ok(match place {
        Place::Refused(what) => {
            return Err(unsupported(&member.name, what));
        }
        Place::Plain(at) => {
            let start = start.min(member.size);
            Box::new(Checked { read: Box::new(seek(at + start)?), left: member.size - start, crc: None })
        }
        Place::Zip(at, bytes, method, crc) => {
            let raw = BufReader::with_capacity((*bytes).clamp(64, 256 << 10) as usize, seek(*at)?).take(*bytes);
            let read = method.reader(raw, member.size)?;
            Box::new(Checked { read, left: member.size, crc: Some((Crc::new(), *crc)) })
        }
    })
}

/// What is remembered of an archive: it is the same file as long as size and time of change are.
type Known = (PathBuf, u64, SystemTime, Arc<Index>);

/// The index of a zip or plain tar, made once; `None` if the file is neither.
fn index(path: &Path) -> io::Result<Option<Arc<Index>>> {
    static KNOWN: Mutex<Vec<Known>> = Mutex::new(Vec::new());
    let meta = std::fs::metadata(path)?;
    let (size, modified) = (meta.len(), meta.modified().unwrap_or(SystemTime::UNIX_EPOCH));
    let same = |k: &Known| k.0 == path && k.1 == size && k.2 == modified;
    if let Some(known) = KNOWN.lock().unwrap_or_else(PoisonError::into_inner).iter().find(|k| same(k)) {
        return Ok(Some(known.3.clone()));
    }
    let found = if is_zip(path)? {
        zipped(path)?
    } else if tar(path, Compression::None)?.is_some() {
        tarred(path, size)?
    } else {
        return Ok(None);
    };
    let mut index = Index { members: Vec::new(), places: Vec::new(), by_name: HashMap::new() };
    let mut names = Names::default();
    for (mut member, place) in found {
        member.name = names.distinct(member.name);
        index.by_name.insert(member.name.clone(), index.members.len());
        index.members.push(member);
        index.places.push(place);
    }
    let index = Arc::new(index);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.retain(|k| k.0 != path);
    if known.len() >= REMEMBERED {
        known.remove(0);
    }
    known.push((path.to_path_buf(), size, modified, index.clone()));
    Ok(Some(index))
}

fn zipped(path: &Path) -> io::Result<Vec<(Member, Place)>> {
    let mut archive = zip::ZipArchive::new(BufReader::new(File::open(path)?)).map_err(invalid)?;
    let mut found = Vec::with_capacity(archive.len());
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(invalid)?;
        let member = Member { name: name_of(entry.name_raw()), size: entry.size() };
        if entry.is_dir() || !wanted(&member.name) {
            continue;
        }
        let start = entry.data_start().ok_or_else(|| missing(&member.name))?;
        let place = match Method::of(entry.compression()) {
            _ if entry.encrypted() => Place::Refused("encrypted: unpack it with its password first".into()),
            Some(method) => Place::Zip(start, entry.compressed_size(), method, entry.crc32()),
            None => {
                let other = entry.compression();
                Place::Refused(format!("compressed by {other}, which is not read: unpack the archive first"))
            }
        };
        found.push((member, place));
    }
    Ok(found)
}

fn tarred(path: &Path, bytes: u64) -> io::Result<Vec<(Member, Place)>> {
    let mut archive = whole(BufReader::new(File::open(path)?));
    let mut found = Vec::new();
    for entry in archive.entries_with_seek()? {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) if !found.is_empty() => {
                let rest = Member { name: BROKEN_OFF.into(), size: 0 };
                found.push((rest, Place::Refused(format!("what is left of a broken archive: {error}"))));
                break;
            }
            Err(error) => return Err(error),
        };
        let member = Member { name: name_of(&entry.path_bytes()), size: entry.size() };
        let start = entry.raw_file_position();
        if entry.header().entry_type().is_gnu_sparse() && wanted(&member.name) {
            found.push((member, Place::Refused(SPARSE.into())));
        } else if entry.header().entry_type().is_file() && wanted(&member.name) {
            // Of an archive that is cut, the last member is cut: its reader tells.
            let cut = start.saturating_add(member.size) > bytes;
            found.push((member, Place::Plain(start)));
            if cut {
                break;
            }
        }
    }
    Ok(found)
}

fn wanted(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name);
    !name.starts_with("__MACOSX/") && file != ".DS_Store" && !file.starts_with("._")
}

/// The names of an archive's members so far. An archive may have a name twice (a file appended anew, names that were
/// cut, or that differ in bytes which no encoding has): the second `x` is called `x~2`, so that each is read once.
#[derive(Default)]
struct Names(HashSet<String>);

impl Names {
    fn distinct(&mut self, name: String) -> String {
        let mut own = name.clone();
        let mut number = 2;
        while !self.0.insert(own.clone()) {
            own = format!("{name}~{number}");
            number += 1;
        }
        own
    }
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

/// Whether a file is an archive, by its first bytes.
///
/// # Errors
///
/// What the system or the store says of opening it.
pub fn is_archive(path: &Path, compression: Compression) -> io::Result<bool> {
    Ok(compression == Compression::None && is_zip(path)? || tar(path, compression)?.is_some())
}

fn is_zip(path: &Path) -> io::Result<bool> {
    let mut head = Vec::with_capacity(4);
    file::open(path)?.take(4).read_to_end(&mut head)?;
    Ok(head == *b"PK\x03\x04" || head == *b"PK\x05\x06")
}

/// A tar archive by its first header: the checksum of a header is hard to hit by chance.
fn tar(path: &Path, compression: Compression) -> io::Result<Option<Stream>> {
    let stream = decompress::reader(file::open(path)?, compression)?;
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
    let (mut size, mut names) = (None, Names::default());
    for entry in whole(&mut stream).entries()? {
        let entry = entry?;
        let name = name_of(&entry.path_bytes());
        let kind = entry.header().entry_type();
        if (kind.is_file() || kind.is_gnu_sparse()) && wanted(&name) && names.distinct(name) == member {
            if kind.is_gnu_sparse() {
                return Err(unsupported(member, SPARSE));
            }
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
mod tests;
