//! Inputs in two steps: files are looked at, and what depends on their hashes follows. In between somebody else may hash them.

use std::path::Path;

use super::file_cache::Knowns;
use super::find::{Found, find};
use super::later::Later;
use super::probe::Prober;
use super::{Effort, InputFile, Inputs, agree, group, only_data, prepare, probed, understood};
use crate::Result;
use crate::input::hash::{Hashed, Unhashed};
use crate::recipe::{Recipe, Source};

/// Files that were looked at.
pub struct Looked<'a> {
    prober: Prober<'a>,
    sources: Vec<(&'a Source, Vec<InputFile>)>,
}

/// Finds everything that a recipe reads, and looks at it. `unit` is in bytes; `work` is the folder of what is remembered between
/// builds, and of plain copies of big compressed files; `threads` files are looked at side by side. With `later` files on a disk
/// need not be hashed yet ([`Looked::unhashed`]).
///
/// # Errors
///
/// As [`super::find()`], [`super::layout`] and [`super::explained`]; [`crate::Error::Io`] of reading.
pub fn look<'a>(
    recipe: &'a Recipe,
    unit: u64,
    work: &'a Path,
    threads: usize,
    (effort, later): (Effort, bool),
) -> Result<Looked<'a>> {
    let (glance, unpack) = (effort == Effort::Glance, effort == Effort::Build);
    // Whoever makes no copies (a plan) leaves the folder as it is: a build may be at work in it.
    let known = Knowns::open(work, unpack)?;
    let later = later.then(Later::default);
    let prober = Prober { recipe, unit, work, unpack, glance, threads, known, later };
    let mut sources = Vec::new();
    for source in &recipe.sources {
        let Found { files: found, mut said } = find(recipe, source)?;
        let mut files = probed(&prober, source, &found, (None, &agree::Encodings::new()))?;
        let most = understood::one_reading(source, files.iter().map(|f| (f.layout.as_ref(), &f.understood)));
        let encodings = agree::encodings(source, &files);
        if most.is_some() || !encodings.is_empty() {
            files = probed(&prober, source, &found, (most, &encodings))?;
        }
        agree::paired(source, &files)?;
        said.extend(only_data(source, &mut files, |f| (&f.name, f.layout.as_ref())));
        if let (Some(first), false) = (files.first_mut(), said.is_empty()) {
            let before = first.note.take();
            first.note = Some(before.into_iter().chain(said).collect::<Vec<_>>().join("; "));
        }
        sources.push((source, files));
    }
    Ok(Looked { prober, sources })
}

impl Looked<'_> {
    /// Files that are not hashed, and that nobody remembers.
    pub fn unhashed(&self) -> Vec<Unhashed> {
        self.prober.later.as_ref().map_or(Vec::new(), Later::asked)
    }

    /// Takes what somebody has found of some files.
    pub fn hashed(&mut self, found: impl Iterator<Item = (Unhashed, Hashed)>) {
        if let Some(later) = &mut self.prober.later {
            found.for_each(|(asked, hashed)| later.take(&self.prober.known, asked, hashed));
        }
    }

    /// All inputs: what has to be brought together is, and everything is cut.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Io`] of reading and of writing what is remembered; a file that nobody has hashed.
    pub fn inputs(self) -> Result<Inputs> {
        let Looked { prober, sources } = self;
        let Prober { unit, work, threads, unpack, glance, .. } = prober;
        let mut inputs = Inputs { sources: Vec::new(), pieces: Vec::new(), owners: Vec::new(), units: Vec::new() };
        for (source, mut files) in sources {
            if let Some(later) = &prober.later {
                files.iter_mut().try_for_each(|file| later.fill(file))?;
            }
            if !glance {
                prepare::prepare(&mut files, work, threads, unpack)?;
                group::group(&mut files, work, unit, threads, unpack)?;
            }
            inputs.add(source, files, unit)?;
        }
        prober.known.close()?;
        Ok(inputs)
    }
}
