//! What a build reads: files found, looked at, hashed, and cut into pieces and units, by the inputs alone.

pub mod agree;
pub mod file_cache;
pub mod find;
pub mod group;
pub mod hub;
pub mod in_place;
mod later;
mod looked;
pub mod malformed;
mod outputs;
pub mod part;
pub mod prepare;
pub mod probe;
pub mod read_as;
pub mod sample;
pub mod store_sources;
pub mod understood;
pub mod unpack;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::engine::scan::PieceSpec;
use crate::formats::explain::{self, Mapping};
use crate::formats::{self, Layout, not_data};
use crate::input::Compression;
use crate::objects::{Tag, is_url};
use crate::recipe::{Recipe, Source};
use crate::rows::Use;
use crate::{Error, Result};
pub use find::{Found, find, size, wanted};
pub use looked::{Looked, look};
pub use probe::no_archive;
use probe::{Prober, files_of};
pub use read_as::layout;
use read_as::{is_of_catalog, is_shape_told};
use understood::Understood;
use unpack::PlainCopy;

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
    /// Bytes of the member, as the archive's index has them; else those on disk.
    pub size: u64,
    /// Time of the last change.
    pub modified: u64,
    /// Of an object in a store: which version of it is read.
    pub version: Option<Tag>,
    /// Of the bytes on disk; of an object, of its address, size and version.
    pub sha256: String,
    /// How it is read: shared by the files of a source that are read alike, however many there are.
    pub layout: Arc<Layout>,
    /// The name below the source's folder, where its rows carry it ([`Layout::file`]).
    pub named: Option<String>,
    /// What detection was not sure of.
    pub note: Option<String>,
    /// What detection made of it, and how its sample is mapped.
    pub understood: Understood,
    /// Malformed sequences of an encoding other than UTF-8, which are read as U+FFFD.
    pub replaced: u64,
    /// The plain copy that is read in its place.
    pub unpacked: Option<Box<PlainCopy>>,
    /// Pieces: start, end, lines before.
    pub(crate) cuts: Vec<(u64, u64, u64)>,
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
    /// How they are read, each way once.
    pub layouts: Vec<Arc<Layout>>,
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

/// Bytes that are read in about the time that a file takes to be opened.
const OPENING: u64 = 8 << 10;

/// How much is done to know the inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// Everything: files are hashed, big compressed ones unpacked, objects that make rows together brought together.
    Build,
    /// Files are hashed; of the rest what earlier builds left is used. Nothing is written.
    Known,
    /// Files are opened, and not read through. Nothing is written.
    Glance,
}

/// Finds, looks at and cuts everything that a recipe reads, as [`look`] and [`Looked::inputs`] do.
/// # Errors
/// As these.
pub fn gather(recipe: &Recipe, unit: u64, work: &Path, threads: usize, effort: Effort) -> Result<Inputs> {
    look(recipe, unit, work, threads, (effort, false))?.inputs()
}

/// Objects of a store that are probed side by side.
const ABREAST: usize = 16;

fn probed(
    prober: &Prober<'_>,
    source: &Source,
    found: &[(String, PathBuf)],
    agreed: (Option<(formats::TextRows, usize, usize)>, &agree::Encodings),
) -> Result<Vec<InputFile>> {
    let next = AtomicUsize::new(0);
    let slots: Vec<Mutex<Option<Result<Vec<InputFile>>>>> = found.iter().map(|_| Mutex::new(None)).collect();
    std::thread::scope(|scope| {
        // A store is waited for: more of its objects are asked for than there are threads to work on them.
        let afar = found.iter().any(|(_, path)| is_url(path));
        let threads = if afar { prober.threads.max(ABREAST) } else { prober.threads };
        for _ in 0..threads.clamp(1, found.len().max(1)) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some((shown, path)) = found.get(index) else { break };
                    let result = files_of(prober, source, (shown, path), agreed);
                    if let Ok(mut slot) = slots[index].lock() {
                        *slot = Some(result);
                    }
                }
            });
        }
    });
    let (mut files, mut refused) = (Vec::new(), None);
    for (slot, (shown, _)) in slots.into_iter().zip(found) {
        let result = slot.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        match result.unwrap_or_else(|| Err(Error::Engine("a file was not looked at".into()))) {
            Ok(of) => files.extend(of),
            // What only tells of data ends no build that has some.
            Err(error) if may_go(source, shown) => refused = refused.or(Some(error)),
            Err(error) => return Err(error),
        }
    }
    alike(&mut files);
    match refused {
        Some(error) if files.iter().all(|f| may_go(source, &f.name)) => Err(error),
        _ => Ok(files),
    }
}

/// Ways to read files that are remembered while more files are looked at: those of a folder are few.
const WAYS: usize = 64;

/// Has files that are read alike share their layout.
fn alike(files: &mut [InputFile]) {
    let mut ways: Vec<Arc<Layout>> = Vec::new();
    for file in files {
        let copy = file.unpacked.as_mut().map(|copy| &mut copy.layout);
        for layout in [&mut file.layout].into_iter().chain(copy) {
            match ways.iter().find(|way| *way == layout) {
                Some(way) => *layout = way.clone(),
                None if ways.len() < WAYS => ways.push(layout.clone()),
                None => {}
            }
        }
    }
}

/// The use of a source's files; what is no data has none of its own, and is given it.
fn usage_of(files: &mut [InputFile]) -> Use {
    let first_data = files.iter().find(|f| f.layout.container != not_data::NAME).or(files.first());
    let usage = first_data.map_or(Use::Pretrain, |f| f.layout.usage);
    for file in files.iter_mut().filter(|f| f.layout.container == not_data::NAME && f.layout.usage != usage) {
        Arc::make_mut(&mut file.layout).usage = usage;
    }
    usage
}

/// The place of a layout among those of a source; it is put behind them where it is not there.
fn way_of(layouts: &mut Vec<Arc<Layout>>, layout: &Arc<Layout>) -> usize {
    let back = layouts.iter().rev().take(WAYS).position(|way| Arc::ptr_eq(way, layout) || way == layout);
    if back.is_none() {
        layouts.push(layout.clone());
    }
    layouts.len() - 1 - back.unwrap_or(0)
}

/// Whether reading a file twice costs more than keeping its text in between.
fn is_costly(file: &InputFile) -> bool {
    let transport = &file.layout.transport;
    matches!(transport.compression, Compression::Bzip2 | Compression::Xz)
        || file.member.is_some() && transport.is_compressed()
        || file.unpacked.is_some()
        || formats::container(&file.layout.container).is_some_and(|c| c.costly())
}

/// Whether a file may be left out by its name: it tells of data, and neither is named nor is a kind of file said.
pub fn may_go(source: &Source, name: &str) -> bool {
    let asked_for = source.format.is_some() || source.rows.is_some() || source.path.iter().any(|p| p == name);
    !asked_for && not_data::tells_of_data(name)
}

/// Leaves out what stands beside data and tells of it (README, LICENSE, scripts); gives back what it says of them. A file
/// that the recipe names by itself stays, and so does each where `format` or `rows` says what all are.
pub fn only_data<F>(source: &Source, files: &mut Vec<F>, of: impl Fn(&F) -> (&String, &Layout)) -> Option<String> {
    let holds = |f: &F| !matches!(of(f).1.container.as_str(), "text" | not_data::NAME);
    let beside = |f: &F| may_go(source, of(f).0);
    if !files.iter().any(|f| holds(f) && !beside(f)) {
        return None;
    }
    let (left, kept): (Vec<_>, Vec<_>) = std::mem::take(files).into_iter().partition(beside);
    *files = kept;
    let names: Vec<&str> = left.iter().map(|f| of(f).0.as_str()).collect();
    let more = if names.len() > 5 { format!(" and {} more", names.len() - 5) } else { String::new() };
    (!names.is_empty()).then(|| {
        format!(
            "left out what lies beside data and tells of it: {}{more}; name such a file in `path` to read it",
            names[..names.len().min(5)].join(", ")
        )
    })
}

/// How a shape maps the sample of a file; `None` where no shape reads it.
pub fn mapping(layout: &Layout, sample: &[String]) -> Option<Mapping> {
    let shape = formats::shape(layout.shape.as_deref()?)?;
    Some(explain::mapping(sample, shape, layout)).filter(|m| m.rows + m.failed > 0)
}

/// Refuses a file whose shape was detected, and does not explain its rows: something that looks like content would go
/// to `meta`. What the recipe or a card says of the format is believed.
/// Where no row of the sample has the fields that the shape reads, the whole file is refused for that reason, unless
/// rows may be unreadable without `limit` (a share of 1).
///
/// # Errors
/// [`Error::Input`] that names the fields that would be lost, and the keys that settle it.
pub fn explained(
    source: &Source,
    shown: &str,
    layout: &Layout,
    sample: &[String],
    limit: f64,
) -> Result<Option<Mapping>> {
    let Some(mapping) = mapping(layout, sample) else { return Ok(None) };
    let declared = is_shape_told(source) || !source.fields.is_empty() || is_of_catalog(source);
    let shape = layout.shape.as_deref().unwrap_or("fields");
    if let Some(reason) = mapping.reason.as_ref().filter(|r| limit < 1.0 && r.starts_with("field_missing")) {
        let names: Vec<String> = sample.iter().map(|json| fields_of(json)).find(|f| !f.is_empty()).unwrap_or_default();
        let there = if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) };
        return Err(Error::input(
            format!("source `{}`: {shown}: none of {} sampled rows can be read: {reason}", source.name, mapping.failed),
            format!("map the fields that are there{there}: use = \"…\", fields = {{ … }}, or say the `format`"),
        ));
    }
    // Whoever wants texts for pretraining has said what becomes of the question that they answer.
    let told = source.usage == Some(Use::Pretrain) && mapping.asks_alone();
    match mapping.refusal(shape, layout.usage).filter(|_| !told) {
        Some((message, cure)) if !declared => {
            Err(Error::input(format!("source `{}`: {shown}: {message}", source.name), cure))
        }
        _ => Ok(Some(mapping)),
    }
}

/// Names of the first fields of an object.
fn fields_of(json: &str) -> Vec<String> {
    let object = formats::Object::parse(json.trim()).unwrap_or_default();
    object.fields().take(12).map(|f| f.0.to_owned()).collect()
}

impl InputFile {
    /// How the bytes that are read are laid out: those of the plain copy, where there is one.
    pub fn read_as(&self) -> &Arc<Layout> {
        self.unpacked.as_ref().map_or(&self.layout, |copy| &copy.layout)
    }

    /// The same, with the name that its rows carry.
    pub fn read_whole_as(&self) -> Layout {
        Layout { file: self.named.clone(), ..self.read_as().as_ref().clone() }
    }

    /// Where the bytes that are read lie: the file, and the member of it.
    pub fn read_from(&self) -> (&Path, Option<&String>) {
        self.unpacked.as_ref().map_or((&self.path, self.member.as_ref()), |c| (&c.path, c.member.as_ref()))
    }

    /// Makes the plain copy again, if there should be one and it is gone.
    /// # Errors
    /// As [`unpack::unpack`].
    pub fn make_readable(&self, threads: usize) -> Result<()> {
        let Some(copy) = self.unpacked.as_ref().filter(|copy| !copy.path.is_file()) else { return Ok(()) };
        // The copy of an archive has the members in it; that of a member is the member.
        let member = if copy.member.is_some() { None } else { self.member.as_deref() };
        unpack::unpack(&self.path, member, &self.layout, &copy.path, threads).map(|_| ())
    }
}

impl Inputs {
    pub(crate) fn add(&mut self, source: &Source, mut files: Vec<InputFile>, unit: u64) -> Result<()> {
        let usage = usage_of(&mut files);
        understood::one_use(source, files.iter().map(|f| (f.name.as_str(), f.layout.usage)))?;
        let mut layouts: Vec<Arc<Layout>> = Vec::new();
        let (first_piece, first_unit) = (self.pieces.len(), self.units.len());
        let mut staged = false;
        let (mut open, mut weight) = (first_piece, 0);
        for (index, file) in files.iter().enumerate() {
            let (path, member) = file.read_from();
            let (bytes, modified, length) = match &file.unpacked {
                // A copy made again has another time.
                Some(copy) => (copy.bytes, 0, if member.is_some() { file.size } else { copy.bytes }),
                None => (file.bytes, file.modified, file.size),
            };
            staged |= is_costly(file);
            let way = way_of(&mut layouts, file.read_as());
            for (start, end, lines) in &file.cuts {
                let size = (*end).min(length.max(*start)) - start;
                let size = if file.cuts.len() > 1 && file.layout.is_random_access() { unit } else { size };
                if weight > 0 && weight + size > unit {
                    self.units.push(Unit { pieces: open..self.pieces.len() });
                    (open, weight) = (self.pieces.len(), 0);
                }
                // Opening a file takes as long as reading some more of it.
                weight += size.max(OPENING.min(unit >> 10)).max(1);
                self.owners.push((self.sources.len(), index));
                self.pieces.push(PieceSpec {
                    number: self.pieces.len() as u64,
                    path: path.to_path_buf(),
                    member: member.cloned(),
                    start: *start,
                    end: *end,
                    lines: *lines,
                    layout: way,
                    named: file.named.clone(),
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
            layouts,
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

    /// Files of which something is to be said, and what.
    pub fn notes(&self) -> Vec<(String, String)> {
        let files = self.sources.iter().flat_map(|s| &s.files);
        files.filter_map(|f| Some((f.name.clone(), f.note.clone()?))).collect()
    }

    /// Bytes on disk, each file once.
    pub fn bytes(&self) -> u64 {
        let mut paths: Vec<_> = self.sources.iter().flat_map(|s| &s.files).map(|f| (&f.path, f.bytes)).collect();
        paths.sort();
        paths.dedup();
        paths.iter().map(|p| p.1).sum()
    }
}
