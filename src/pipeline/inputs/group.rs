//! Objects that make rows together ([`Shape::groups`](crate::formats::Shape::groups)): brought together beforehand, in a
//! copy in the work folder that is read in place of the files, cut like any plain file, and gone when its units are there.
//!
//! One line of the copy is `{"group": […]}`: all objects of a source that have the same key, in the order of the files.
//! Groups stand in the order of their keys' hashes, so the copy depends on the objects and their order alone. It is
//! sorted on disk: objects are spread over files by the leading bits of the hash until each fits into memory. Files are
//! read a second time for what could not be brought together, so that it comes out under its own file and line.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::InputFile;
use super::unpack::PlainCopy;
use crate::formats::{self, Grouped, Layout, Piece};
use crate::input::Transport;
use crate::objects;
use crate::output::parquet_file::{settle, write_whole};
use crate::pipeline::jobs::{CODE, fingerprint};
use crate::rows::Content;
use crate::{Error, Result};

/// Bytes of objects that are sorted in memory at once.
const FITS: u64 = 64 << 20;
/// Files that objects are spread over at a time, by bits of the hash.
const BITS: u32 = 7;

/// What is remembered of a copy.
#[derive(Serialize, Deserialize)]
struct Known {
    bytes: u64,
}

fn groups(file: &InputFile) -> bool {
    let shape = file.layout.shape.as_deref().and_then(formats::shape);
    shape.is_some_and(|shape| shape.groups(&file.layout))
}

/// Brings together the objects of a source's files, where the shape wants that: the copy becomes one more file, behind
/// them. It is made only if `make` says so; what is known of it from an earlier build is enough.
///
/// # Errors
///
/// What reading the files or writing the copy says.
pub fn group(files: &mut Vec<InputFile>, work: &Path, unit: u64, threads: usize, make: bool) -> Result<()> {
    let members: Vec<usize> = (0..files.len()).filter(|n| groups(&files[*n])).collect();
    let Some(first) = members.first().map(|n| &files[*n]) else { return Ok(()) };
    // Which objects make pairs is chosen when the copy is read.
    let unchosen = |f: &InputFile| Layout { options: Default::default(), ..f.layout.as_ref().clone() };
    let inputs: Vec<_> = members.iter().map(|n| &files[*n]).map(|f| (&f.sha256, &f.member, unchosen(f))).collect();
    let sha256 = fingerprint(&(CODE, "groups", inputs));
    let place = work.join("unpacked").join(format!("{sha256}-groups"));
    let note = work.join("prepared").join(format!("{sha256}-groups"));
    let layout = Arc::new(Layout {
        container: "jsonl".into(),
        transport: Transport::plain(),
        rows: None,
        columns: None,
        max_row: u64::MAX,
        ..first.layout.as_ref().clone()
    });
    let known: Option<Known> = std::fs::read(&note).ok().and_then(|b| serde_json::from_slice(&b).ok());
    let bytes = match known {
        Some(known) => known.bytes,
        None if !make => return Ok(()),
        None => {
            write(files, &place, threads)?;
            let bytes = std::fs::metadata(&place).map_err(Error::io(&place))?.len();
            if let Some(folder) = note.parent() {
                std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
            }
            write_whole(&note, &serde_json::to_vec(&Known { bytes }).unwrap_or_default())?;
            bytes
        }
    };
    let starts: Vec<u64> = (0..bytes.div_ceil(unit).max(1)).map(|n| n * unit).collect();
    let end = |n: usize| starts.get(n + 1).copied().unwrap_or(u64::MAX);
    let copy = PlainCopy { path: place.clone(), bytes, member: None, layout: layout.clone() };
    let grouped = InputFile {
        name: format!("{} (grouped)", first.layout.source),
        path: place,
        member: None,
        bytes: 0,
        size: 0,
        modified: 0,
        version: None,
        sha256,
        layout,
        named: None,
        note: None,
        understood: Default::default(),
        replaced: 0,
        // Nothing in it is unreadable, so lines need no numbers.
        cuts: (0..starts.len()).map(|n| (starts[n], end(n), 0)).collect(),
        unpacked: Some(Box::new(copy)),
    };
    for file in members {
        rest(&mut files[file]);
    }
    files.push(grouped);
    Ok(())
}

/// Of a file whose objects are read elsewhere, what could not be brought together is read.
fn rest(file: &mut InputFile) {
    Arc::make_mut(&mut file.layout).grouped = Some(Grouped::Rest);
    if let Some(copy) = &mut file.unpacked {
        Arc::make_mut(&mut copy.layout).grouped = Some(Grouped::Rest);
    }
}

/// Whether all files of a source can be read as they are: no copy is gone.
pub fn is_readable(files: &[InputFile]) -> bool {
    files.iter().all(|file| file.unpacked.as_ref().is_none_or(|copy| copy.path.is_file()))
}

/// Makes sure that all files of a source can be read: copies that are gone are made again.
///
/// # Errors
///
/// What reading the files or writing a copy says.
pub fn make_readable(files: &[InputFile], threads: usize) -> Result<()> {
    let grouped = |file: &&InputFile| groups(file) && file.layout.grouped.is_none();
    match files.iter().find(grouped) {
        Some(copy) if !copy.path.is_file() => write(files, &copy.path, threads)?,
        _ => {}
    }
    files.iter().filter(|file| !grouped(file)).try_for_each(|file| file.make_readable(threads))
}

/// Writes the copy.
fn write(files: &[InputFile], place: &Path, threads: usize) -> Result<()> {
    let files: Vec<&InputFile> = files.iter().filter(|f| groups(f) && f.path != place).collect();
    files.iter().try_for_each(|file| file.make_readable(threads))?;
    let pieces: Vec<(&InputFile, u64, u64)> =
        files.iter().flat_map(|f| f.cuts.iter().map(|(start, end, _)| (*f, *start, *end))).collect();
    let folder = place.with_extension("parts");
    let io = |e| Error::io(&folder)(e);
    let _ = std::fs::remove_dir_all(&folder);
    let parts = Parts::new(&folder, 0).map_err(io)?;
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(None));
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, pieces.len().max(1)) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some((file, start, end)) = pieces.get(number) else { break };
                    if let Err(error) = gather(file, *start, *end, number as u64, &parts)
                        && let Ok(mut failed) = failed.lock()
                    {
                        failed.get_or_insert(error);
                    }
                }
            });
        }
    });
    if let Some(error) = failed.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
        return Err(io(error));
    }
    let aside = place.with_extension("tmp");
    let mut out = BufWriter::with_capacity(1 << 20, File::create(&aside).map_err(Error::io(&aside))?);
    parts.join(&mut out).map_err(io)?;
    let file = out.into_inner().map_err(|e| Error::io(&aside)(e.into_error()))?;
    settle(file, &aside, place)?;
    std::fs::remove_dir_all(&folder).map_err(io)
}

/// Reads the objects of a piece. One that cannot be read, or has no place in a group, is left to the scan.
fn gather(file: &InputFile, start: u64, end: u64, number: u64, parts: &Parts) -> io::Result<()> {
    let layout = Layout { grouped: Some(Grouped::Gather), ..file.read_as().as_ref().clone() };
    let (path, member) = file.read_from();
    let piece = Piece { start, end, ..Piece::whole(path, member.map(String::as_str)) };
    let Some(container) = formats::container(&layout.container) else { return Ok(()) };
    // A file that does not open is a row of the scan.
    let Ok(mut reader) = container.open(&piece, &layout) else {
        return objects::lost().map_or(Ok(()), |error| Err(io::Error::other(error)));
    };
    let (mut order, mut result) = (number << 32, Ok(()));
    while reader.next(&mut |record| {
        if let Ok(row) = record.row
            && let (Some(key), Content::Pretrain { text }) = (row.id, row.content)
        {
            result = std::mem::replace(&mut result, Ok(())).and_then(|()| parts.add(&key, order, &text));
            order += 1;
        }
    }) && result.is_ok()
    {}
    objects::lost().map_or(result, |error| Err(io::Error::other(error)))
}

/// Files of objects by a few bits of their keys' hashes.
struct Parts {
    folder: PathBuf,
    /// Bits of the hash that were used before.
    used: u32,
    files: Vec<Mutex<BufWriter<File>>>,
}

/// Bytes in front of an object in a part: hash, order, and the lengths of key and object.
const HEAD: usize = 24;

impl Parts {
    fn new(folder: &Path, used: u32) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let create = |n: usize| File::create(folder.join(n.to_string()));
        let files = (0..1 << BITS).map(|n| Ok(Mutex::new(BufWriter::with_capacity(64 << 10, create(n)?))));
        Ok(Parts { folder: folder.to_path_buf(), used, files: files.collect::<io::Result<_>>()? })
    }

    fn add(&self, key: &str, order: u64, json: &str) -> io::Result<()> {
        let too_long = |_| io::Error::other("an object of more than 4 GiB");
        let mut record = Vec::with_capacity(HEAD + key.len() + json.len());
        record.extend(xxh3_64(key.as_bytes()).to_le_bytes());
        record.extend(order.to_le_bytes());
        record.extend(u32::try_from(key.len()).map_err(too_long)?.to_le_bytes());
        record.extend(u32::try_from(json.len()).map_err(too_long)?.to_le_bytes());
        record.extend(key.as_bytes());
        // Between the values of an object may be line breaks; within them are none.
        record.extend(json.bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte }));
        self.write(&record)
    }

    fn write(&self, record: &[u8]) -> io::Result<()> {
        let part = hash(record) << self.used >> (64 - BITS);
        let mut file = self.files[part as usize].lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        file.write_all(record)
    }

    /// Writes the groups of all parts, in the order of the hash.
    fn join(self, out: &mut impl Write) -> io::Result<()> {
        for (number, file) in self.files.into_iter().enumerate() {
            file.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).flush()?;
            let path = self.folder.join(number.to_string());
            if std::fs::metadata(&path)?.len() <= FITS || self.used + 2 * BITS > 64 {
                join(&std::fs::read(&path)?, out)?;
            } else {
                let inner = self.folder.join(format!("{number}-"));
                let parts = Parts::new(&inner, self.used + BITS)?;
                let mut records = BufReader::with_capacity(1 << 20, File::open(&path)?);
                let mut record = Vec::new();
                while read(&mut records, &mut record)? {
                    parts.write(&record)?;
                }
                std::fs::remove_file(&path)?;
                parts.join(out)?;
                std::fs::remove_dir_all(&inner)?;
                continue;
            }
            std::fs::remove_file(&path)?;
        }
        Ok(())
    }
}

fn number<const N: usize>(record: &[u8], at: usize) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&record[at..at + N]);
    bytes
}

fn hash(record: &[u8]) -> u64 {
    u64::from_le_bytes(number(record, 0))
}

/// Bytes of the key, and of the object behind it.
fn lengths(record: &[u8]) -> (usize, usize) {
    let length = |at| u32::from_le_bytes(number(record, at)) as usize;
    (length(16), length(20))
}

/// Reads the next record; false at the end.
fn read(records: &mut impl Read, record: &mut Vec<u8>) -> io::Result<bool> {
    record.clear();
    if records.by_ref().take(HEAD as u64).read_to_end(record)? == 0 {
        return Ok(false);
    }
    if record.len() < HEAD {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let (key, json) = lengths(record);
    records.by_ref().take((key + json) as u64).read_to_end(record)?;
    Ok(true)
}

/// Writes the groups of records that are in memory.
fn join(records: &[u8], out: &mut impl Write) -> io::Result<()> {
    let (mut all, mut at) = (Vec::new(), 0);
    while at < records.len() {
        let record = &records[at..];
        let (key, json) = lengths(record);
        let body = &record[HEAD..HEAD + key + json];
        all.push((hash(record), &body[..key], u64::from_le_bytes(number(record, 8)), &body[key..]));
        at += HEAD + key + json;
    }
    all.sort_unstable();
    for group in all.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        for (index, object) in group.iter().enumerate() {
            out.write_all(if index == 0 { b"{\"group\":[" } else { b"," })?;
            out.write_all(object.3)?;
        }
        out.write_all(b"]}\n")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_stand_in_the_order_of_the_hash_whatever_the_parts() {
        let folder = tempfile::tempdir().unwrap();
        let objects: Vec<(String, String)> =
            (0..3000).map(|n| (format!("k{}", n % 700), format!("{{\"n\":\n{n}}}"))).collect();
        let joined = |used: u32, backwards: bool| {
            let parts = Parts::new(&folder.path().join(format!("{used}{backwards}")), used).unwrap();
            let mut order: Vec<usize> = (0..objects.len()).collect();
            if backwards {
                order.reverse();
            }
            order.iter().for_each(|n| parts.add(&objects[*n].0, *n as u64, &objects[*n].1).unwrap());
            let mut out = Vec::new();
            parts.join(&mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        let once = joined(0, false);
        assert_eq!(once, joined(0, true));
        let lines: Vec<&str> = once.lines().collect();
        assert_eq!(lines.len(), 700);
        let line = "{\"group\":[{\"n\": 3},{\"n\": 703},{\"n\": 1403},{\"n\": 2103},{\"n\": 2803}]}";
        assert!(lines.contains(&line));
        let key = |line: &&str| {
            let n: usize = line.split([' ', '}']).nth(1).unwrap().parse().unwrap();
            xxh3_64(objects[n].0.as_bytes())
        };
        assert!(lines.iter().map(key).is_sorted());
    }
}
