//! What a build reads: files found, looked at, hashed, and cut into pieces and units, by the inputs alone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

pub use super::find::find;
use super::find::wanted;
use super::known::{Known, Knowns, hashed};
use super::parquet_file::write_whole;
use super::{malformed, prepare, unpack};
use crate::engine::scan::{PieceSpec, modified};
use crate::formats::{self, Layout, Split, detect};
use crate::input::{self, Compression, Encoding};
use crate::recipe::{Recipe, Source};
use crate::rows::Use;
use crate::{Error, Result};

/// One file (or member of an archive) of a source.
#[derive(Clone, Debug, PartialEq)]
pub struct InputFile {
    /// As the recipe's author would write it; members as `archive!member`.
    pub name: String,
    /// Where it is on disk.
    pub path: PathBuf,
    /// The member of an archive.
    pub member: Option<String>,
    /// Bytes on disk (of the archive).
    pub bytes: u64,
    /// Time of the last change.
    pub modified: u64,
    /// Of the bytes on disk.
    pub sha256: String,
    /// How it is read.
    pub layout: Layout,
    /// What detection was not sure of.
    pub note: Option<String>,
    /// Malformed sequences of an encoding other than UTF-8, which are read as U+FFFD.
    pub replaced: u64,
    /// The plain copy that is read in its place: where it is, its bytes, and how it is read.
    pub unpacked: Option<(PathBuf, u64, Layout)>,
    /// Pieces: start, end, lines before.
    pub(super) cuts: Vec<(u64, u64, u64)>,
}

/// A source with its files.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceInput {
    /// The recipe's words.
    pub source: Source,
    /// The use of all its rows.
    pub usage: Use,
    /// Its files, in order.
    pub files: Vec<InputFile>,
    /// Whether its text is written down after cleaning, rather than read from the raw files a second time: right where
    /// reading costs more than a copy.
    pub staged: bool,
    /// Numbers of its pieces.
    pub pieces: std::ops::Range<usize>,
    /// Numbers of its units.
    pub units: std::ops::Range<usize>,
}

/// A slice of the input: pieces that are worked on together.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    /// Its pieces.
    pub pieces: std::ops::Range<usize>,
}

/// All inputs of a build.
#[derive(Clone, Debug, PartialEq)]
pub struct Inputs {
    /// The sources, in order.
    pub sources: Vec<SourceInput>,
    /// All pieces, in order; the number of a piece is its place.
    pub pieces: Vec<PieceSpec>,
    /// `(source, file)` of each piece.
    pub owners: Vec<(usize, usize)>,
    /// All units, in order.
    pub units: Vec<Unit>,
}

/// What looking at files needs to know.
struct Look<'a> {
    recipe: &'a Recipe,
    unit: u64,
    work: &'a Path,
    /// Whether big compressed files may be unpacked now.
    unpack: bool,
    threads: usize,
    known: Knowns,
}

impl Look<'_> {
    /// Adds to what is remembered of a file.
    fn remember(&self, path: &Path, add: impl FnOnce(&mut Known)) {
        if let Ok(mut all) = self.known.lock()
            && let Some(known) = all.get_mut(path.to_string_lossy().as_ref())
        {
            add(known);
        }
    }
}

/// Finds, looks at and cuts everything that a recipe reads. `unit` is in bytes; `work` is the folder of what is
/// remembered between builds, and of plain copies of big compressed files, which are made only if `unpack` says so;
/// `threads` files are looked at side by side.
pub fn gather(recipe: &Recipe, unit: u64, work: &Path, threads: usize, unpack: bool) -> Result<Inputs> {
    let store = work.join("inputs.json");
    let known: BTreeMap<String, Known> =
        std::fs::read(&store).ok().and_then(|b| serde_json::from_slice(&b).ok()).unwrap_or_default();
    let look = Look { recipe, unit, work, unpack, threads, known: Mutex::new(known) };
    let mut inputs = Inputs { sources: Vec::new(), pieces: Vec::new(), owners: Vec::new(), units: Vec::new() };
    for source in &recipe.sources {
        let found = find(recipe, source)?;
        let mut files = look_at(&look, source, &found, threads)?;
        prepare::prepare(&mut files, work, threads, unpack)?;
        inputs.add(source, files, unit)?;
    }
    let known = look.known.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    write_whole(&store, &serde_json::to_vec(&known).unwrap_or_default())?;
    Ok(inputs)
}

fn look_at(look: &Look<'_>, source: &Source, found: &[(String, PathBuf)], threads: usize) -> Result<Vec<InputFile>> {
    let next = AtomicUsize::new(0);
    let slots: Vec<Mutex<Option<Result<Vec<InputFile>>>>> = found.iter().map(|_| Mutex::new(None)).collect();
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, found.len().max(1)) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some((shown, path)) = found.get(index) else { break };
                    let result = files_of(look, source, shown, path);
                    if let Ok(mut slot) = slots[index].lock() {
                        *slot = Some(result);
                    }
                }
            });
        }
    });
    let mut files = Vec::new();
    for slot in slots {
        let result = slot.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        files.extend(result.unwrap_or_else(|| Err(Error::Engine("a file was not looked at".into())))?);
    }
    Ok(files)
}

fn files_of(look: &Look<'_>, source: &Source, shown: &str, path: &Path) -> Result<Vec<InputFile>> {
    let io = |e| Error::io(path)(e);
    let meta = std::fs::metadata(path).map_err(io)?;
    let compression = input::compression(path).map_err(io)?;
    let names: Vec<Option<String>> = match input::members(path, compression) {
        Ok(None) => vec![None],
        Ok(Some(members)) => {
            wanted(source, members.into_iter().map(|m| m.name).collect()).into_iter().map(Some).collect()
        }
        // An archive that does not open is one row that cannot be read: no member has an empty name, so opening it
        // says what is wrong.
        Err(_) => vec![Some(String::new())],
    };
    let mut files = Vec::new();
    for member in names {
        let (layout, mut note) = layout(look.recipe.input.max_row, source, path, member.as_deref())?;
        let starts = starts(path, member.as_deref(), &layout, meta.len(), look.unit).map_err(io)?;
        let known = hashed(path, &meta, &starts, &look.known)?;
        let (replaced, chars) = replaced(look, path, member.as_deref(), &layout, &known);
        note =
            [note, malformed::note(replaced, chars, &layout)].into_iter().flatten().reduce(|a, b| format!("{a}; {b}"));
        let plain = plain_copy(look, path, member.as_deref(), &layout, &known)?;
        let (unpacked, starts, lines) = match plain {
            None => (None, starts, known.lines),
            Some((copy, bytes, starts, lines)) => (Some((copy, bytes, unpack::layout(&layout))), starts, lines),
        };
        let end = |i: usize| starts.get(i + 1).copied().unwrap_or(u64::MAX);
        files.push(InputFile {
            name: match member.as_deref() {
                None | Some("") => shown.to_owned(),
                Some(member) => format!("{shown}!{member}"),
            },
            path: std::path::absolute(path).map_err(io)?,
            member,
            bytes: meta.len(),
            modified: modified(&meta),
            sha256: known.sha256,
            layout,
            note,
            replaced,
            cuts: (0..starts.len()).map(|i| (starts[i], end(i), lines[i])).collect(),
            unpacked,
        });
    }
    Ok(files)
}

/// Malformed sequences and characters of a file that is not UTF-8: counted once, and remembered.
fn replaced(look: &Look<'_>, path: &Path, member: Option<&str>, layout: &Layout, known: &Known) -> (u64, u64) {
    let key = format!("{} {}", layout.encoding.0, member.unwrap_or_default());
    if let Some(counted) = known.replaced.get(&key) {
        return *counted;
    }
    let counted = malformed::count(path, member, layout);
    look.remember(path, |known| {
        known.replaced.insert(key, counted);
    });
    counted
}

type PlainCopy = (PathBuf, u64, Vec<u64>, Vec<u64>);

/// The plain copy of a file that is worth one: where it is, its bytes, cuts and lines. What is known of it from an
/// earlier build is enough: the copy itself is made again only if its rows must be read again.
fn plain_copy(
    look: &Look<'_>,
    path: &Path,
    member: Option<&str>,
    layout: &Layout,
    known: &Known,
) -> Result<Option<PlainCopy>> {
    if !unpack::worth(layout, member, known.bytes, look.unit) {
        return Ok(None);
    }
    let place = unpack::place(look.work, &known.sha256, layout);
    if let Some((bytes, starts, lines)) = known.unpacked.clone().filter(|u| u.1.len() < 2 || u.1[1] >= look.unit) {
        return Ok(Some((place, bytes, starts, lines)));
    }
    if !look.unpack || !unpack::unpack(path, layout, &place, look.threads)? {
        return Ok(None);
    }
    let meta = std::fs::metadata(&place).map_err(Error::io(&place))?;
    let starts = starts(&place, None, &unpack::layout(layout), meta.len(), look.unit).map_err(Error::io(&place))?;
    let lines = hashed(&place, &meta, &starts, &look.known)?.lines;
    look.remember(path, |known| known.unpacked = Some((meta.len(), starts.clone(), lines.clone())));
    Ok(Some((place, meta.len(), starts, lines)))
}

/// How a file is read: what the recipe says, and detection for the rest.
pub fn layout(max_row: u64, source: &Source, path: &Path, member: Option<&str>) -> Result<(Layout, Option<String>)> {
    let found = detect::detect(path, member).map_err(Error::io(path))?;
    let mut container = found.container.to_string();
    let mut shape = found.shape.clone();
    if let Some(format) = &source.format {
        if let Some(named) = formats::container(format) {
            container = format.clone();
            shape = Some(named.shape().to_owned());
        } else {
            shape = Some(format.clone());
        }
    }
    if !source.fields.is_empty() && source.format.is_none() && shape.as_deref().is_some_and(|s| s != "pairs") {
        shape = Some("fields".into());
    }
    if source.variant.is_some() && container != "mediawiki" {
        return Err(Error::input(
            format!(
                "source `{}`: `variant` is for MediaWiki dumps, but {} is {container}",
                source.name,
                path.display()
            ),
            "leave `variant` out, and convert the text by a stage: run = \"convert_script\"",
        ));
    }
    // Of the shapes that fit, the one that has rows for the recipe's use.
    if let (Some(usage), None, Some(name)) = (source.usage, &source.format, &shape)
        && formats::shape(name).is_some_and(|s| !s.uses().contains(&usage))
        && let Some(other) = found.fits.iter().find(|f| formats::shape(f).is_some_and(|s| s.uses().contains(&usage)))
    {
        shape = Some(other.clone());
    }
    let objects = formats::container(&container).is_none_or(|c| c.objects());
    if !objects {
        if let Some(format) = source.format.as_ref().filter(|f| formats::shape(f).is_some()) {
            return Err(Error::input(
                format!("{}: `{format}` describes objects, but the file is {container}", path.display()),
                "leave `format` out to see what `corpus inspect` finds in the file",
            ));
        }
        shape = None;
    }
    let shape = if objects { Some(shape.unwrap_or_else(|| "fields".into())) } else { None };
    let usage = source.usage.or_else(|| {
        shape.as_ref().map_or_else(
            || formats::container(&container).and_then(|c| c.uses().first().copied()),
            |s| formats::shape(s).and_then(|s| s.uses().first().copied()),
        )
    });
    let usage = usage.unwrap_or(Use::Pretrain);
    if let Some(name) = &shape
        && let Some(shape) = formats::shape(name)
        && !shape.uses().contains(&usage)
    {
        let uses: Vec<&str> = shape.uses().iter().map(|u| u.as_str()).collect();
        return Err(Error::input(
            format!("source `{}`: `{name}` rows are for {}, not for {usage}", source.name, uses.join(" or ")),
            "change `use`, or describe the rows with `fields`",
        ));
    }
    let known = shape.as_ref().and_then(|name| formats::shape(name)).map_or(Vec::new(), |s| s.choices());
    for (name, word) in &source.options {
        if !known.iter().any(|c| c.name == name && c.words.contains(&word.as_str())) {
            let what = shape.as_deref().unwrap_or(&container);
            return Err(Error::input(
                format!("source `{}`: `{what}` has no option {name} = \"{word}\"", source.name),
                format!("`corpus explain {what}` lists them; or name the `format` that has it"),
            ));
        }
    }
    let encoding = source.encoding.clone().map_or(found.encoding, Encoding);
    let rows = source.rows.or(found.rows);
    let note = found.note.filter(|_| source.rows.is_none() && source.format.is_none());
    let layout = Layout {
        container,
        shape,
        usage,
        compression: found.compression,
        encoding,
        rows,
        fields: source.fields.clone(),
        columns: found.columns,
        options: source.options.clone(),
        source: source.label.clone(),
        language: source.language.clone(),
        variant: source.variant.clone(),
        prepared: None,
        max_row,
    };
    Ok((layout, note))
}

/// Where the pieces of a file start.
fn starts(path: &Path, member: Option<&str>, layout: &Layout, bytes: u64, unit: u64) -> std::io::Result<Vec<u64>> {
    let Some(container) = formats::container(&layout.container) else { return Ok(vec![0]) };
    let plain = layout.compression == Compression::None && member.is_none();
    let utf8 = layout.encoding.0.eq_ignore_ascii_case("utf-8") || layout.container == "parquet";
    if !plain || !utf8 || bytes <= unit {
        return Ok(vec![0]);
    }
    match container.split(layout) {
        Split::Whole => Ok(vec![0]),
        Split::Bytes => Ok((0..bytes.div_ceil(unit)).map(|i| i * unit).collect()),
        // A broken file has no cuts to give; its reader says what is wrong with it.
        Split::Cuts => Ok(container.cuts(path, layout, unit).unwrap_or_else(|_| vec![0])),
    }
}

impl InputFile {
    /// How the bytes that are read are laid out: those of the plain copy, where there is one.
    pub fn read_as(&self) -> &Layout {
        self.unpacked.as_ref().map_or(&self.layout, |u| &u.2)
    }

    /// Makes the plain copy again, if there should be one and it is gone.
    pub fn make_readable(&self, threads: usize) -> Result<()> {
        match &self.unpacked {
            Some((copy, ..)) if !copy.is_file() => unpack::unpack(&self.path, &self.layout, copy, threads).map(|_| ()),
            _ => Ok(()),
        }
    }
}

impl Inputs {
    pub(super) fn add(&mut self, source: &Source, files: Vec<InputFile>, unit: u64) -> Result<()> {
        let usage = files.first().map_or(Use::Pretrain, |f| f.layout.usage);
        if let Some(other) = files.iter().find(|f| f.layout.usage != usage) {
            return Err(Error::input(
                format!(
                    "source `{}`: {} holds rows for {usage}, {} rows for {}",
                    source.name, files[0].name, other.name, other.layout.usage
                ),
                "make them two sources, or say `use`",
            ));
        }
        let (first_piece, first_unit) = (self.pieces.len(), self.units.len());
        let mut staged = false;
        let (mut open, mut weight) = (first_piece, 0);
        for (index, file) in files.iter().enumerate() {
            let slow = matches!(file.layout.compression, Compression::Bzip2 | Compression::Xz);
            let tar = file.member.is_some() && file.layout.compression != Compression::None;
            let (path, bytes, modified) = match &file.unpacked {
                // A copy made again has another time.
                Some((copy, bytes, _)) => (copy, *bytes, 0),
                None => (&file.path, file.bytes, file.modified),
            };
            staged |= slow
                || tar
                || file.unpacked.is_some()
                || formats::container(&file.layout.container).is_some_and(|c| c.costly());
            for (start, end, lines) in &file.cuts {
                let size = (*end).min(bytes.max(*start)) - start;
                let size = if file.cuts.len() > 1 && file.layout.container == "parquet" { unit } else { size };
                if weight > 0 && weight + size > unit {
                    self.units.push(Unit { pieces: open..self.pieces.len() });
                    (open, weight) = (self.pieces.len(), 0);
                }
                weight += size.max(1);
                self.owners.push((self.sources.len(), index));
                self.pieces.push(PieceSpec {
                    number: self.pieces.len() as u64,
                    path: path.clone(),
                    member: file.member.clone(),
                    start: *start,
                    end: *end,
                    lines: *lines,
                    layout: index,
                    bytes,
                    modified,
                    first: 0,
                    last: u64::MAX,
                    only: None,
                });
            }
        }
        if open < self.pieces.len() {
            self.units.push(Unit { pieces: open..self.pieces.len() });
        }
        self.sources.push(SourceInput {
            source: source.clone(),
            usage,
            files,
            staged,
            pieces: first_piece..self.pieces.len(),
            units: first_unit..self.units.len(),
        });
        Ok(())
    }

    /// The file that a piece belongs to.
    pub fn file(&self, piece: usize) -> &InputFile {
        let (source, file) = self.owners[piece];
        &self.sources[source].files[file]
    }

    /// Bytes on disk, each file once.
    pub fn bytes(&self) -> u64 {
        let mut paths: Vec<_> = self.sources.iter().flat_map(|s| &s.files).map(|f| (&f.path, f.bytes)).collect();
        paths.sort();
        paths.dedup();
        paths.iter().map(|p| p.1).sum()
    }
}
