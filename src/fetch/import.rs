//! `--from`: what was fetched by hand, into the store: found by the names of its parts, checked, recorded.
//!
//! An archive that is named after a part comes in as it is, once all its members match their sums; if it holds names
//! that no store takes, these are refused and the others are taken out of it. Of any other archive the members that
//! a part wants are taken out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use super::archive::{self, Shape};
use super::bring::{bring, sums_of};
use super::context::{Context, file_report, report_of};
use super::door::{self, InForce};
use super::problem::{Kind, Problem};
use super::summary::{Failed, SetReport};
use super::sums::Checksums;
use super::targets::Target;
use super::ways::Glob;
use super::{names, page, verify};
use crate::catalog::card::Pin;
use crate::disk;
use crate::store::{Entry, Listed, Manifest, PARTIAL, Set, is_left};
use crate::{Error, Result};

/// The revision of what comes from a person.
const REVISION: &str = "-";
/// The way that the manifest names.
const WAY: &str = "from";

/// Imports what a file or folder holds of a target.
///
/// # Errors
///
/// [`Error::Input`] where the path is not there, a licence is not accepted, or a file is not what the card says;
/// [`Error::Interrupted`]; [`Error::Io`] of reading or writing.
pub fn import(context: &Context<'_>, target: &Target, from: &Path) -> Result<SetReport> {
    let licenses = door::pass(target, None, &context.options.accept, &context.options.command)?;
    let given = from.to_owned();
    let from = from
        .canonicalize()
        .map_err(|e| Error::input(format!("{}: {e}", from.display()), "--from names a file or folder that is there"))?;
    let stop = &context.options.stop;
    let set = context.options.store.set(&target.key, REVISION);
    let waiting = || context.progress.say(&format!("another process fetches {}; waiting for it", target.name));
    let _lock = set.lock(&waiting, &|| stop.load(Ordering::Relaxed))?;
    let manifest = set.manifest()?.unwrap_or_else(|| Manifest::new(&target.name, REVISION));
    let wants = wants(target)?;
    let mut work = Import {
        context,
        target,
        set,
        manifest,
        licenses,
        wants,
        report: report_of(target),
        taken: names::Taken::default(),
        sealed: Vec::new(),
    };
    work.report.ways.push(WAY.into());
    work.sweep();
    let (mut files, lost) = files(&given, &from)?;
    for link in lost {
        context.progress.warn(&format!("{}: a link that leads nowhere, left out", link.display()));
    }
    work.leave_copies(&mut files);
    context.progress.begin(&target.name, files.len() as u64, None);
    for (name, path) in &files {
        if stop.load(Ordering::Relaxed) {
            work.finish()?;
            return Err(Error::Interrupted);
        }
        work.file(name, path)?;
    }
    context.progress.end();
    work.missing(&from);
    work.finish()?;
    Ok(work.report)
}

/// What a part looks for.
struct Wants {
    part: String,
    texts: Vec<String>,
    globs: Vec<Glob>,
}

fn wants(target: &Target) -> Result<Vec<Wants>> {
    let mut wants = Vec::new();
    for part in &target.parts {
        let card = target.card.as_ref();
        let mut texts: Vec<String> = card.and_then(|c| c.part(part)).map(|p| p.names.clone()).unwrap_or_default();
        if texts.is_empty() {
            // A card that names no layout of the original is looked for by the names that its ways have.
            let files = card.into_iter().flat_map(|c| &c.way).filter_map(|w| w.files.get(part)).flatten();
            texts = files.filter_map(|f| Some(f.rsplit('/').next()?.to_owned())).collect();
        }
        if card.is_none() {
            texts = vec!["**".into()];
        }
        let globs = texts.iter().map(|t| Glob::new(t)).collect::<Result<_, Problem>>().map_err(Problem::error)?;
        wants.push(Wants { part: part.clone(), texts, globs });
    }
    Ok(wants)
}

/// Files by their names, and links that lead nowhere.
type Files = (Vec<(String, PathBuf)>, Vec<PathBuf>);

/// The files under a path, by their names from it; a file alone has the name it was given by, which may be a link's.
fn files(given: &Path, from: &Path) -> Result<Files> {
    if from.is_file() {
        let base = given.file_name().or_else(|| from.file_name());
        return Ok((vec![(base.unwrap_or_default().to_string_lossy().into_owned(), from.to_owned())], Vec::new()));
    }
    let (mut found, mut lost) = (Vec::new(), Vec::new());
    for entry in walkdir::WalkDir::new(from).follow_links(true).sort_by_file_name() {
        let is_link = |path: &&Path| fs::symlink_metadata(path).is_ok_and(|m| m.is_symlink());
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => match error.path().filter(is_link) {
                Some(link) => {
                    lost.push(link.to_owned());
                    continue;
                }
                None => {
                    let path = error.path().unwrap_or(from).display().to_string();
                    return Err(Error::input(format!("{path}: {error}"), "make it readable"));
                }
            },
        };
        let name = entry.path().strip_prefix(from).unwrap_or(entry.path()).to_string_lossy().replace('\\', "/");
        if entry.file_type().is_file() && archive::is_data(&name) {
            found.push((name, entry.into_path()));
        }
    }
    Ok((found, lost))
}

struct Import<'a> {
    context: &'a Context<'a>,
    target: &'a Target,
    set: Set,
    manifest: Manifest,
    licenses: BTreeMap<String, InForce>,
    wants: Vec<Wants>,
    report: SetReport,
    taken: names::Taken,
    /// Archives that are not opened, whose names no part wants.
    sealed: Vec<(PathBuf, Problem)>,
}

impl Import<'_> {
    /// The part that wants a name: by its path, the end of its path, or the name alone.
    fn part_of(&self, name: &str) -> Option<String> {
        let ends = || std::iter::once(name).chain(name.match_indices('/').map(|(at, _)| &name[at + 1..]));
        let wanted = |w: &&Wants| w.globs.iter().any(|g| ends().any(|end| g.takes(end)));
        self.wants.iter().find(wanted).map(|w| w.part.clone())
    }

    /// Takes away what an import that was killed has left: we hold the lock, so nobody works on it.
    fn sweep(&self) {
        for entry in fs::read_dir(self.set.partial()).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let import = name.ends_with(".import") || name.ends_with(".member");
            if import && is_left(&format!("{PARTIAL}/{name}")) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// Leaves out files that an archive beside them holds, byte for byte: their rows would come twice.
    fn leave_copies(&self, files: &mut Vec<(String, PathBuf)>) {
        let stop = &self.context.options.stop;
        let mut copies: BTreeSet<PathBuf> = BTreeSet::new();
        for (name, path) in files.iter().filter(|(_, path)| !copies.contains(path)).collect::<Vec<_>>() {
            let Ok(shape) = archive::shape(path) else { continue };
            let members = archive::members(path, shape).unwrap_or_default();
            let own = self.part_of(name).is_some();
            let mut beside = BTreeMap::new();
            for (member, link) in members {
                let ends = |file: &str| file == member || file.ends_with(&format!("/{member}"));
                let last = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
                let same = |(file, at): &&(String, PathBuf)| at != path && last(file) == last(&member);
                let wanted = refusal(&member, link).is_none() && (own || self.part_of(&member).is_some());
                let near = files.iter().filter(same).find(|f| ends(&f.0)).or_else(|| files.iter().find(same));
                if let Some((_, at)) = near.filter(|_| wanted) {
                    beside.insert(member, at.clone());
                }
            }
            if beside.is_empty() {
                continue;
            }
            let stopped = || stop.load(Ordering::Relaxed);
            let found = archive::unpacked(path, shape, self.context.client.limits.bombs, &stopped, &beside);
            if let Some(first) = found.first() {
                let (count, first) = (found.len(), first.display());
                let what = if count == 1 { format!("{first} is") } else { format!("{count} files ({first} …) are") };
                self.context.progress.warn(&format!("{what} also in {}: counted once, from there", path.display()));
            }
            copies.extend(found);
        }
        files.retain(|(_, path)| !copies.contains(path));
    }

    fn fail(&mut self, path: &Path, part: &str, problem: Problem) -> Result<()> {
        if self.context.options.stop.load(Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }
        if problem.kind == Kind::Here {
            return Err(problem.about(path.display()).error());
        }
        self.report.failed.push(Failed::of(&path.to_string_lossy(), part, problem));
        Ok(())
    }

    /// A file that lies in `--from`.
    fn file(&mut self, name: &str, path: &Path) -> Result<()> {
        let own = self.part_of(name);
        let shape = archive::shape(path).map_err(Error::io(path))?;
        if let Some(sealed) = archive::sealed(path).map_err(Error::io(path))? {
            let what = format!("it is {}, which is not opened here", sealed.what);
            let problem = Problem::last(Kind::Remote, what).cure(archive::unpack_first(sealed, path));
            if let Some(part) = own {
                return self.fail(path, &part, problem);
            }
            // Perhaps what is looked for lies in it; perhaps it lies there by chance.
            self.sealed.push((path.to_owned(), problem));
            return Ok(());
        }
        // A page that was saved under an archive's name is no damaged archive.
        if shape == Shape::Zip && verify::begins_like_html(path).map_err(Error::io(path))? {
            let page = verify::beginning(path).map_err(Error::io(path))?;
            return self.fail(path, &own.unwrap_or_default(), page::saved(&page));
        }
        if own.is_none() && shape == Shape::None {
            return Ok(());
        }
        let stop = self.context.options.stop.clone();
        let stop = || stop.load(Ordering::Relaxed);
        let part = own.clone().unwrap_or_default();
        let members = match archive::members(path, shape) {
            Ok(members) => members,
            Err(problem) => return self.fail(path, &part, problem),
        };
        let hostile: Vec<(String, String)> =
            members.iter().filter_map(|(m, link)| Some((m.clone(), refusal(m, *link)?))).collect();
        for (member, why) in &hostile {
            if own.is_some() || self.part_of(member).is_some() {
                let what = format!("{}: the member `{}` is refused: {why}", path.display(), names::shown(member));
                self.report.failed.push(Failed::of(member, &part, Problem::last(Kind::Name, what)));
            }
        }
        if own.is_some() && hostile.is_empty() {
            if let Err(problem) = archive::check(path, shape, self.context.client.limits.bombs, &stop) {
                return self.fail(path, &part, problem);
            }
            return match self.whole(name, path, &part) {
                Ok(()) => Ok(()),
                Err(problem) => self.fail(path, &part, problem),
            };
        }
        self.unpack(path, shape, &members, own.as_deref())
    }

    /// Takes the members that parts want out of an archive; all of them are of the part `own`, where it is one.
    fn unpack(&mut self, path: &Path, shape: Shape, members: &[(String, bool)], own: Option<&str>) -> Result<()> {
        let stop = self.context.options.stop.clone();
        let stop = || stop.load(Ordering::Relaxed);
        let partial = self.set.partial();
        let wanted: BTreeMap<String, String> = members
            .iter()
            .filter(|(m, link)| refusal(m, *link).is_none())
            .filter_map(|(m, _)| Some((m.clone(), own.map(str::to_owned).or_else(|| self.part_of(m))?)))
            .collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let unpack =
            |member: &str| wanted.contains_key(member).then(|| partial.join(format!("{:x}.member", fastrand::u64(..))));
        match archive::unpack(path, shape, self.context.client.limits.bombs, &stop, &unpack) {
            Ok(unpacked) => {
                let placed = unpacked.iter().try_for_each(|(member, aside)| {
                    let source = format!("{}!/{member}", path.display());
                    match self.place(member, &wanted[member], aside, &source, true) {
                        Ok(()) => Ok(()),
                        Err(problem) => self.fail(path, &wanted[member], problem.about(names::shown(member))),
                    }
                });
                // What did not come to its place goes.
                for (_, aside) in &unpacked {
                    let _ = fs::remove_file(aside);
                }
                placed
            }
            Err(problem) => self.fail(path, own.unwrap_or_default(), problem),
        }
    }

    /// A file that comes in as it is: a second name for it where the disk is the same, else a copy.
    fn whole(&mut self, name: &str, path: &Path, part: &str) -> Result<(), Problem> {
        if let Some(why) = names::refusal(name) {
            return Err(Problem::last(Kind::Name, format!("this file is refused: {why}")));
        }
        self.place(name, part, path, &path.to_string_lossy(), false)
    }

    /// Gives bytes that lie at `aside` their place. `own`: they were made by us, and move there.
    fn place(&mut self, name: &str, part: &str, aside: &Path, source: &str, own: bool) -> Result<(), Problem> {
        self.taken.take(name).map_err(|why| Problem::last(Kind::Name, format!("this file is refused: {why}")))?;
        let pin = self.pin(name);
        let stop = self.context.options.stop.clone();
        let mut expected = Checksums::default();
        pin.iter().for_each(|p| expected.pin(p));
        let (found, bytes) = sums_of(aside, &expected, &|| stop.load(Ordering::Relaxed))?
            .map_err(|what| super::sums::mismatch(what).about("compared with the card"))?;
        if let Some(pinned) = pin.as_ref().and_then(|p| p.bytes).filter(|p| *p != bytes) {
            return Err(Problem::last(Kind::Remote, format!("it has {bytes} bytes, and the card says {pinned}"))
                .cure("download it again: what was saved is not the file that the card names, or not all of it"));
        }
        if !archive::is_page_allowed(name) && verify::begins_like_html(aside)? {
            return Err(page::saved(&verify::beginning(aside)?));
        }
        let to = self.set.path(name);
        let known = self.manifest.files.get(name).is_some_and(|e| e.sha256 == found.sha256)
            && self.set.has(&self.manifest, name);
        if !known && !self.context.options.replace {
            self.free_for(name)?;
        }
        if !known {
            self.set.unclaimed(name, &found.sha256)?;
            self.set.make_room(name)?;
            if own {
                File::open(aside)?.sync_all()?;
                fs::rename(aside, &to)?;
            } else {
                bring(aside, &to, &self.set.partial(), &|| stop.load(Ordering::Relaxed))?;
            }
            to.parent().map_or(Ok(()), disk::sync_folder)?;
        } else if own {
            fs::remove_file(aside)?;
        }
        let license = self.licenses.get(part);
        let entry = Entry {
            part: part.to_owned(),
            bytes,
            sha256: found.sha256,
            sums: found.others.into_iter().map(|(n, s)| (n.to_owned(), s)).collect(),
            source: names::shown(source),
            way: WAY.into(),
            etag: None,
            license: license.map_or_else(|| "unstated".into(), |l| l.line.clone()),
            freedom: license.map_or("unstated", |l| l.freedom.as_str()).to_owned(),
            accepted: license.and_then(|l| l.accepted.clone()),
            fetched: disk::timestamp(SystemTime::now()),
            damaged: false,
            lost: None,
            uses: Vec::new(),
        };
        self.manifest.files.insert(name.to_owned(), entry);
        self.report.files.push(file_report(&self.manifest, name, if known { "cached" } else { "imported" }));
        self.context.progress.file(name, bytes);
        Ok(())
    }

    /// Whether a name may be given to new bytes: a file of it that is here is not replaced unasked.
    fn free_for(&self, name: &str) -> Result<(), Problem> {
        let Some(entry) = self.manifest.files.get(name).filter(|_| self.set.has(&self.manifest, name)) else {
            return Ok(());
        };
        let what =
            format!("the store has another file of that name, from {}, and keeps it", names::shown(&entry.source));
        Err(Problem::last(Kind::Name, what)
            .cure("add --replace to put the new file in its place, or give it a name of its own"))
    }

    /// What a card pins of a file of that name.
    fn pin(&self, name: &str) -> Option<Pin> {
        self.target.card.as_ref().and_then(|card| card.pin_of(name)).cloned()
    }

    /// Says which parts were not found, where any part was asked for by name, or none was found.
    fn missing(&mut self, from: &Path) {
        let found: BTreeSet<&String> = self.report.files.iter().map(|f| &f.part).collect();
        let lacking: Vec<&Wants> = self.wants.iter().filter(|w| !found.contains(&w.part)).collect();
        if !lacking.is_empty() {
            for (path, problem) in self.sealed.drain(..) {
                self.report.failed.push(Failed::of(&path.to_string_lossy(), "", problem));
            }
        }
        if !self.report.failed.is_empty() || lacking.is_empty() {
            return;
        }
        let words = |w: &&Wants| format!("{} (looked for {})", w.part, w.texts.join(", "));
        if found.is_empty() || self.target.by_name {
            let parts: Vec<String> = lacking.iter().map(words).collect();
            let what = format!("{} holds nothing of {}: {}", from.display(), self.target.name, parts.join("; "));
            let cure = "name the folder or file that was downloaded; files are known by their original names";
            self.report.failed.push(Failed::of("", "", Problem::last(Kind::Missing, what).cure(cure)));
        } else {
            let parts: Vec<&str> = lacking.iter().map(|w| w.part.as_str()).collect();
            self.context.progress.say(&format!("{} holds nothing of {}", from.display(), parts.join(", ")));
        }
    }

    /// Writes the manifest: what came by hand before and is still here stays listed beside what came now.
    fn finish(&mut self) -> Result<()> {
        let parts: BTreeSet<String> = self.report.files.iter().map(|f| f.part.clone()).collect();
        if parts.is_empty() {
            return Ok(());
        }
        let of_hand = |(path, entry): (&String, &Entry)| {
            let ours = entry.way == WAY && parts.contains(&entry.part) && self.set.has(&self.manifest, path);
            ours.then(|| (path.clone(), Listed { part: entry.part.clone(), bytes: Some(entry.bytes) }))
        };
        let listed: Vec<(String, Listed)> = self.manifest.files.iter().filter_map(of_hand).collect();
        self.manifest.list(&parts, listed);
        for license in parts.iter().filter_map(|p| self.licenses.get(p)) {
            if !self.report.licenses.contains(&license.line) {
                self.report.licenses.push(license.line.clone());
            }
        }
        self.set.write(&self.manifest)
    }
}

/// Why a member of an archive is not taken.
fn refusal(name: &str, link: bool) -> Option<String> {
    if link { Some("it is a link".into()) } else { names::refusal(name) }
}
