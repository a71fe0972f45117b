//! What the store has already: without asking anybody, and as a listing means it.

use std::collections::BTreeSet;

use super::context::{Context, file_report, report_of};
use super::problem::{Kind, Problem};
use super::summary::{Failed, SetReport};
use super::targets::Target;
use super::ways::{Glob, Remote};
use crate::Result;
use crate::store::{Manifest, Set};

/// What the store has, without asking anybody.
///
/// # Errors
///
/// [`Error::Other`](crate::Error::Other) where a glob of `--include` is no pattern or the store lacks a part; as
/// [`Set::manifest`](crate::store::Set::manifest).
pub fn offline(context: &Context<'_>, target: &Target) -> Result<SetReport> {
    let globs: Vec<Glob> =
        context.options.include.iter().map(|g| Glob::new(g)).collect::<Result<_, _>>().map_err(Problem::error)?;
    let mut report = report_of(target);
    let mut lacking: BTreeSet<String> = target.parts.iter().cloned().collect();
    for (set, manifest) in context.options.store.revisions(&target.key)? {
        if target.revision.as_deref().is_some_and(|r| !manifest.is_revision(r)) {
            continue;
        }
        for part in lacking.clone() {
            let paths: Vec<String> = if target.grows() {
                target.single_files()
            } else {
                let listed = manifest.listed.iter().filter(|(_, l)| l.part == part);
                listed.map(|(path, _)| path.clone()).collect()
            };
            let mut wanted = paths.iter().filter(|p| globs.is_empty() || globs.iter().any(|g| g.takes(p))).peekable();
            let known = manifest.parts.contains(&part) && wanted.peek().is_some();
            let wanted: Vec<&String> = wanted.collect();
            if !known || !wanted.iter().all(|path| set.has(&manifest, path)) {
                continue;
            }
            report.revision.clone_from(&manifest.revision);
            report.files.extend(wanted.iter().map(|path| file_report(&manifest, path, "cached")));
            lacking.remove(&part);
        }
    }
    if !lacking.is_empty() {
        let parts = lacking.into_iter().collect::<Vec<_>>().join(", ");
        let parts = if target.card.is_some() { format!(" ({parts})") } else { String::new() };
        let problem = Problem::last(Kind::Missing, format!("offline, and the store lacks {}{parts}", target.name));
        report.failed.push(Failed::of(
            "",
            "",
            problem.cure("run the same command without --offline and CORPUS_OFFLINE"),
        ));
    }
    Ok(report)
}

/// Whether the file of the manifest is here, and the one that the listing means.
pub fn is_here(set: &Set, manifest: &Manifest, remote: &Remote) -> bool {
    let Some(entry) = manifest.files.get(&remote.path) else { return false };
    let same = |expected: &Option<String>, is: Option<&String>| match (expected, is) {
        (Some(expected), Some(is)) => expected.eq_ignore_ascii_case(is),
        _ => true,
    };
    let sums = same(&remote.expected.sha256, Some(&entry.sha256))
        && same(&remote.expected.sha1, entry.sums.get("sha1"))
        && same(&remote.expected.md5, entry.sums.get("md5"))
        && same(&remote.expected.git, entry.sums.get("git"));
    let source = remote.expected.any() || entry.source == remote.source;
    let size = remote.bytes.is_none_or(|bytes| bytes == entry.bytes);
    sums && size && source && set.has(manifest, &remote.path)
}

/// Whether a revision is a whole commit, which means the same files for ever.
pub fn is_commit(revision: &str) -> bool {
    revision.len() == 40 && revision.bytes().all(|b| b.is_ascii_hexdigit())
}
