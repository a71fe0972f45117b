//! What a manifest says of the sources: a line each, with a line a file.

use std::collections::BTreeMap;

use super::{FileLine, SourceLine};
use crate::pipeline::inputs::Inputs;
use crate::pipeline::run::slabs::{Counts, Layout};

/// The sums of all rows, and a line a source with a line a file. Parts of one card stand together.
pub(super) fn source_lines(inputs: &Inputs, layout: &Layout) -> (Counts, Vec<SourceLine>) {
    let mut totals = Counts::default();
    let mut sources: Vec<SourceLine> = Vec::new();
    for source in &inputs.sources {
        let mut counts = vec![Counts::default(); source.files.len()];
        for piece in source.pieces.clone() {
            counts[inputs.owners[piece].1].add(&layout.pieces[piece]);
        }
        let files = source.files.iter().zip(counts).map(|(file, counts)| {
            totals.add(&counts);
            let l = &file.layout;
            FileLine {
                path: file.name.clone(),
                part: source.source.card.as_ref().and_then(|c| c.part.clone()),
                license: source.source.license.clone(),
                sha256: if file.version.is_none() { file.sha256.clone() } else { String::new() },
                e_tag: file.version.as_ref().and_then(|tag| tag.e_tag.clone()),
                version: file.version.as_ref().and_then(|tag| tag.version.clone()),
                bytes: file.bytes,
                format: l.shape.as_ref().map_or_else(|| l.container.clone(), |s| format!("{}/{s}", l.container)),
                encoding: l.transport.encoding.0.clone(),
                replaced: file.replaced,
                note: file.note.clone(),
                rows: counts.read,
                origin: source.source.stored.iter().find(|s| s.path == file.path).map(|s| s.origin.clone()),
                counts,
                uses: BTreeMap::from([(source.usage, counts.kept)]),
            }
        });
        let files: Vec<FileLine> = files.collect();
        let of = &source.source;
        match sources.last_mut().filter(|s| s.name == of.label) {
            Some(line) => {
                line.files.extend(files);
                if !line.uses.contains(&source.usage) {
                    line.uses.push(source.usage);
                }
                if line.license != of.license {
                    line.license = None;
                }
            }
            None => sources.push(SourceLine {
                name: of.label.clone(),
                card: of.card.as_ref().map(|c| c.card.clone()),
                license: of.license.clone(),
                uses: vec![source.usage],
                files,
            }),
        }
    }
    (totals, sources)
}
