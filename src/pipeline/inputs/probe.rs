//! One file of a source looked at: what it is, what its bytes hash to, where it is cut, and what is read in its place.

use std::collections::HashSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::agree;
use super::file_cache::{Cut, Known, Knowns, OnDisk, fresh, hashed, name, recall, remember};
use super::find::{below, wanted};
use super::later::Later;
use super::malformed;
use super::read_as::{by_number, only_container};
use super::understood;
use super::understood::Understood;
use super::unpack;
use super::unpack::PlainCopy;
use super::{InputFile, explained, layout};
use crate::formats::detect::Detected;
use crate::formats::{self, Layout, Piece, Split, TextRows, detect};
use crate::input::file::facts;
use crate::input::{self, Compression, Member};
use crate::objects::{self, is_url};
use crate::recipe::{Recipe, Source};
use crate::{Error, Result};

/// Probes files for what they hold: what all of them are probed with.
pub(crate) struct Prober<'a> {
    pub recipe: &'a Recipe,
    pub unit: u64,
    pub work: &'a Path,
    /// Whether big compressed files may be unpacked now.
    pub unpack: bool,
    /// Whether files are not read through, not even to hash them.
    pub glance: bool,
    pub threads: usize,
    pub known: Knowns,
    /// Files that others are to hash, where there are such.
    pub later: Option<Later>,
}

impl Prober<'_> {
    /// The hash of a file and the lines before `starts`; without reading it, something that stands for its hash.
    fn hashed(&self, disk: &OnDisk<'_>, starts: &[u64]) -> Result<Known> {
        match (self.glance, disk.identity()) {
            (true, _) => Ok(Known::unread(disk, starts)),
            (false, Some(identity)) if starts.len() < 2 => Ok(Known::uncounted(identity, starts)),
            (false, _) => hashed(&self.known, disk, starts),
        }
    }

    /// The same where the hash of a file on a disk may be [filled in](Later::fill) later: nothing, and no lines, until then.
    fn hashed_or_later(&self, disk: &OnDisk<'_>, starts: &[u64]) -> Result<Known> {
        match self.later.as_ref().filter(|_| disk.version.is_none()) {
            Some(later) if fresh(&self.known, disk, starts).is_none() => later.ask(disk, starts),
            _ => self.hashed(disk, starts),
        }
    }
}

/// Refuses an archive in a store: its members are found by going through it, and read from its start.
///
/// # Errors
///
/// An archive; what the store answers.
pub fn no_archive(path: &Path, compression: Compression) -> Result<()> {
    if !input::is_archive(path, compression).map_err(Error::io(path))? {
        return Ok(());
    }
    let url = path.display();
    let cure = format!(
        "fetch it and read the copy: `corpus fetch {url}`, and `card = \"{url}\"` in place of `path`; or put its files \
         there one by one"
    );
    Err(Error::input(format!("{url}: an archive is not read in an object store"), cure))
}

/// What a file on disk holds: itself, or the members of an archive, each with what was found in it.
fn members(path: &Path, disk: &mut OnDisk<'_>, compression: Compression) -> Result<Vec<(Option<Member>, Detected)>> {
    let io = |e| Error::io(path)(e);
    if is_url(path) {
        no_archive(path, compression)?;
        return Ok(vec![(None, detect::detect(path, None).map_err(io)?)]);
    }
    let at_hand = disk.tar.as_ref().map(|t| t.0.as_path()).filter(|copy| copy.is_file());
    let found = match at_hand {
        Some(copy) => detect::members(copy, Compression::None),
        None => detect::members(path, compression),
    };
    Ok(match found {
        Ok(None) => vec![(None, detect::detect(path, None).map_err(io)?)],
        Ok(Some(members)) => members.into_iter().map(|(member, found)| (Some(member), found)).collect(),
        // An archive that does not open is one row that cannot be read: no member has an empty name, so opening it
        // says what is wrong.
        Err(_) => {
            disk.tar = None;
            let nothing = Member { name: String::new(), size: disk.bytes };
            vec![(Some(nothing), detect::detect(path, Some("")).map_err(io)?)]
        }
    })
}

/// The files that a source has in one file on disk: itself, or the members of an archive.
/// Texts that leave open how they fall into rows do so as `most` of the source, where that is given, and `encodings` are
/// those that other files tell.
pub(crate) fn files_of(
    prober: &Prober<'_>,
    source: &Source,
    (shown, path): (&str, &Path),
    agreed: (Option<(TextRows, usize, usize)>, &agree::Encodings),
) -> Result<Vec<InputFile>> {
    let files = probed(prober, source, (shown, path), agreed);
    // A store that did not answer makes a file look like another one.
    objects::lost().map_or(files, Err)
}

fn probed(
    prober: &Prober<'_>,
    source: &Source,
    (shown, path): (&str, &Path),
    (most, encodings): (Option<(TextRows, usize, usize)>, &agree::Encodings),
) -> Result<Vec<InputFile>> {
    let io = |e| Error::io(path)(e);
    let now = facts(path).map_err(io)?;
    let compression = input::compression(path).map_err(io)?;
    let version = if is_url(path) { Some(objects::pinned(shown)?.found().tag.clone()) } else { None };
    let mut disk = OnDisk { path, bytes: now.bytes, modified: now.modified, tar: None, version };
    disk.tar = if is_url(path) { None } else { tar(prober, &disk, compression)? };
    let mut found = members(path, &mut disk, compression)?;
    only_wanted(source, &mut found);
    // Room for no more than there are: a source may have a hundred thousand files.
    let mut files = Vec::with_capacity(found.len());
    for (member, mut found) in found {
        found.compression = compression;
        let name_of = named(shown, member.as_ref());
        as_asked(source, &disk, (&name_of, member.as_ref()), &mut found);
        let sample = std::mem::take(&mut found.sample);
        agree::settle(encodings, &name_of, &mut found);
        let seen = Understood { confidence: found.confidence, runner_up: found.runner_up.clone(), mapping: None };
        let (mut layout, mut note) = layout(prober.recipe.input.max_row, source, path, found)?;
        let open = layout.container == "text" && understood::is_open(seen.runner_up.as_deref());
        if let Some(most) = most.filter(|most| open && layout.rows != Some(most.0)) {
            (layout.rows, note) = (Some(most.0), Some(understood::as_most(most)));
        }
        let mapping = explained(source, &name_of, &layout, &sample, prober.recipe.input.max_unreadable)?;
        let named = formats::container(&layout.container).filter(|c| c.names_file()).map(|_| {
            let file = below(prober.recipe, source, path).unwrap_or_else(|| shown.to_owned());
            named(&file, member.as_ref())
        });
        let (replaced, chars) = malformed(prober, &disk, member.as_ref(), &layout);
        let note = note.into_iter().chain(malformed::note(replaced, chars, &layout)).reduce(|a, b| format!("{a}; {b}"));
        let read = reading(prober, &disk, member.as_ref(), &layout)?;
        let like = files.last().filter(|last: &&InputFile| *last.layout == layout);
        let layout = like.map_or_else(|| Arc::new(layout), |last| last.layout.clone());
        let end = |i: usize| read.starts.get(i + 1).copied().unwrap_or(u64::MAX);
        files.push(InputFile {
            name: name_of,
            path: if is_url(path) { path.to_path_buf() } else { std::path::absolute(path).map_err(io)? },
            bytes: disk.bytes,
            size: member.as_ref().map_or(disk.bytes, |m| m.size),
            member: member.map(|m| m.name),
            modified: disk.modified,
            version: disk.version.clone(),
            sha256: read.sha256,
            layout,
            named,
            note,
            understood: Understood { mapping, ..seen },
            replaced,
            cuts: (0..read.starts.len()).map(|i| (read.starts[i], end(i), read.lines[i])).collect(),
            unpacked: read.copy.map(Box::new),
        });
    }
    Ok(files)
}

/// Leaves out the members that the source does not read.
fn only_wanted(source: &Source, found: &mut Vec<(Option<Member>, Detected)>) {
    let names = found.iter().filter_map(|f| Some(f.0.as_ref()?.name.clone())).collect();
    let wanted: HashSet<String> = wanted(source, names).into_iter().collect();
    found.retain(|f| f.0.as_ref().is_none_or(|member| wanted.contains(&member.name)));
}

/// Looks at a file as one of the container that the recipe names, where it names one.
fn as_asked(source: &Source, disk: &OnDisk<'_>, (name, member): (&str, Option<&Member>), found: &mut Detected) {
    let Some(container) = only_container(source).or_else(|| by_number(source, name, found)) else { return };
    let at_hand = disk.tar.as_ref().map(|tar| tar.0.as_path()).filter(|copy| copy.is_file());
    let (path, packed) = at_hand.map_or((disk.path, found.compression), |copy| (copy, Compression::None));
    detect::asked((path, member.map(|m| m.name.as_str()), packed), container, found);
}

/// The name of a file, or of a member of it.
fn named(file: &str, member: Option<&Member>) -> String {
    match member {
        Some(member) if !member.name.is_empty() => format!("{file}!{}", member.name),
        _ => file.to_owned(),
    }
}

/// Malformed sequences and characters of a file that is not UTF-8: counted once, and remembered.
fn malformed(prober: &Prober<'_>, disk: &OnDisk<'_>, member: Option<&Member>, layout: &Layout) -> (u64, u64) {
    if layout.transport.encoding.is_utf8() || layout.is_random_access() || prober.glance {
        return (0, 0);
    }
    let key = name(disk.path, member);
    if let Some(known) =
        recall(&prober.known, &key, disk, |known| known.malformed.get(&layout.transport.encoding.0).copied())
    {
        return known;
    }
    let member = member.map(|m| m.name.as_str());
    let counted = match disk.tar.as_ref().filter(|(copy, _)| copy.is_file()) {
        Some((copy, _)) => {
            let plain = layout.decompressed();
            malformed::count(&Piece::whole(copy, member), &plain)
        }
        None => malformed::count(&Piece::whole(disk.path, member), layout),
    };
    // What could not be read to its end is not remembered.
    if is_url(disk.path) && objects::is_lost() {
        return counted;
    }
    remember(&prober.known, &key, disk, |known| {
        known.malformed.insert(layout.transport.encoding.0.clone(), counted);
    });
    counted
}

/// The plain copy of a compressed tar of several members, or of one that is larger than a unit: it is unpacked in one
/// pass, and then its members are read where they lie. `None` where it is not worth a copy, or broken.
fn tar(prober: &Prober<'_>, disk: &OnDisk<'_>, compression: Compression) -> Result<Option<(PathBuf, u64)>> {
    if compression == Compression::None {
        return Ok(None);
    }
    let members = input::at_least(disk.path, compression, 2).unwrap_or(0);
    if members == 0 || members == 1 && disk.bytes <= prober.unit {
        return Ok(None);
    }
    let known = prober.hashed(disk, &[0])?;
    let place = unpack::place(prober.work, &known.sha256, "tar");
    if let Some(cut) = &known.cut {
        return Ok(Some((place, cut.bytes)));
    }
    if !prober.unpack || !unpack::archive(disk.path, compression, &place, prober.threads)? {
        return Ok(None);
    }
    let bytes = std::fs::metadata(&place).map_err(Error::io(&place))?.len();
    let cut = Cut { own: true, bytes, starts: vec![0], lines: vec![0] };
    remember(&prober.known, &name(disk.path, None), disk, |known| known.cut = Some(cut));
    Ok(Some((place, bytes)))
}

/// How a file is read.
struct Reading {
    sha256: String,
    copy: Option<PlainCopy>,
    starts: Vec<u64>,
    lines: Vec<u64>,
}

/// Where a file's bytes are read, and cut. What is known from an earlier build is enough: a copy is made again only if
/// its rows must be read again.
fn reading(prober: &Prober<'_>, disk: &OnDisk<'_>, member: Option<&Member>, layout: &Layout) -> Result<Reading> {
    let io = |e| Error::io(disk.path)(e);
    let key = name(disk.path, member);
    let plain = member.is_none() && layout.transport.is_plain();
    if plain || member.is_none() && layout.is_random_access() {
        let starts = starts(&Piece::whole(disk.path, None), layout, disk.bytes, prober.unit).map_err(io)?;
        if let Some(sha256) = disk.identity().filter(|_| layout.is_random_access()) {
            return Ok(Reading { sha256, copy: None, lines: vec![0; starts.len()], starts });
        }
        let known = prober.hashed_or_later(disk, &starts)?;
        return Ok(Reading { sha256: known.sha256, copy: None, starts, lines: known.lines });
    }
    let member_name = member.map(|m| m.name.as_str());
    // The member within the copy of its archive.
    let within = disk.tar.as_ref().zip(member).map(|((copy, bytes), member)| PlainCopy {
        path: copy.clone(),
        bytes: *bytes,
        member: Some(member.name.clone()),
        layout: Arc::new(layout.decompressed()),
    });
    let whole = |sha256: String, copy: Option<PlainCopy>| Reading { sha256, copy, starts: vec![0], lines: vec![0] };
    let bytes = member.map_or(disk.bytes, |m| m.size);
    // What lies in a store is read as it is: a copy would be a copy of the corpus.
    if is_url(disk.path) || !unpack::worth(disk.path, layout, member.is_some(), bytes, prober.unit).map_err(io)? {
        return Ok(whole(prober.hashed_or_later(disk, &[0])?.sha256, within));
    }
    let sha256 = prober.hashed(disk, &[0])?.sha256;
    let place = unpack::place(prober.work, &sha256, &unpack::tail(layout, member_name));
    let own =
        |bytes: u64| PlainCopy { path: place.clone(), bytes, member: None, layout: Arc::new(unpack::layout(layout)) };
    let known = recall(&prober.known, &key, disk, |known| known.cut.clone());
    if let Some(cut) = known.filter(|c| c.starts.len() < 2 || c.starts[1] >= prober.unit) {
        let copy = if cut.own { Some(own(cut.bytes)) } else { within };
        return Ok(Reading { sha256, copy, starts: cut.starts, lines: cut.lines });
    }
    let (at, read_as) =
        within.as_ref().filter(|c| c.path.is_file()).map_or((disk.path, layout), |c| (&c.path, c.layout.as_ref()));
    let in_place = match member_name {
        Some(name) if read_as.transport.encoding.is_utf8() && !read_as.is_random_access() => {
            !read_as.transport.is_compressed() && input::within(at, name, 0).map_err(io)?.is_some()
        }
        _ => false,
    };
    let (copy, cut) = if in_place {
        (within.clone(), Piece::whole(at, member_name))
    } else if prober.unpack && unpack::unpack(at, member_name, read_as, &place, prober.threads)? {
        let bytes = std::fs::metadata(&place).map_err(Error::io(&place))?.len();
        (Some(own(bytes)), Piece::whole(&place, None))
    } else {
        return Ok(whole(sha256, within));
    };
    let read_as = if in_place { read_as } else { &unpack::layout(layout) };
    let bytes = if in_place { bytes } else { copy.as_ref().map_or(0, |c| c.bytes) };
    let starts = starts(&cut, read_as, bytes, prober.unit).map_err(io)?;
    let lines = lines_before(&cut, read_as, &starts).map_err(io)?;
    let fresh = Cut { own: !in_place, bytes, starts: starts.clone(), lines: lines.clone() };
    remember(&prober.known, &key, disk, |known| known.cut = Some(fresh));
    Ok(Reading { sha256, copy, starts, lines })
}

/// Where the pieces of a plain file, or of a member of a plain tar, start.
fn starts(whole: &Piece, layout: &Layout, bytes: u64, unit: u64) -> std::io::Result<Vec<u64>> {
    let Some(container) = formats::container(&layout.container) else { return Ok(vec![0]) };
    if layout.transport.is_compressed() || bytes <= unit {
        return Ok(vec![0]);
    }
    match container.split(layout) {
        Split::Whole => Ok(vec![0]),
        Split::Bytes => Ok((0..bytes.div_ceil(unit)).map(|i| i * unit).collect()),
        // A broken file has no cuts to give; its reader says what is wrong with it.
        Split::Cuts => Ok(container.cuts(whole, layout, unit).unwrap_or_else(|_| vec![0])),
    }
}

/// Line breaks before each start.
fn lines_before(whole: &Piece, layout: &Layout, starts: &[u64]) -> std::io::Result<Vec<u64>> {
    if starts.len() < 2 || layout.is_random_access() {
        return Ok(vec![0; starts.len()]);
    }
    let opened = input::open_at(whole, &layout.transport)?;
    let (mut stream, mut at, mut newlines) = (opened.stream, opened.offset, 0);
    let (mut lines, mut buffer) = (vec![0], vec![0; 1 << 20]);
    for start in &starts[1..] {
        while at < *start {
            let room = usize::try_from(start - at).unwrap_or(usize::MAX).min(buffer.len());
            let read = stream.read(&mut buffer[..room])?;
            if read == 0 {
                break;
            }
            newlines += memchr::memchr_iter(b'\n', &buffer[..read]).count() as u64;
            at += read as u64;
        }
        lines.push(newlines);
    }
    Ok(lines)
}
