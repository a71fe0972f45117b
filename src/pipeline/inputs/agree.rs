//! What the files of a source say of one another: which encoding a file has that is too short to tell, and which two
//! belong together.

use std::collections::BTreeMap;

use super::InputFile;
use crate::formats::containers::aligned;
use crate::formats::detect::Detected;
use crate::formats::not_data;
use crate::input::{self, Encoding, encoding};
use crate::recipe::Source;
use crate::{Error, Result};

/// A file of fewer bytes does not tell its encoding for certain.
const TINY: u64 = 2 << 10;
/// Bytes of all files together which tell it.
const ENOUGH: usize = 64 << 10;

/// Encodings by the names of files.
pub(crate) type Encodings = BTreeMap<String, Encoding>;

/// Reads a file in the encoding of those beside it.
pub(crate) fn settle(encodings: &Encodings, name: &str, found: &mut Detected) {
    let Some(encoding) = encodings.get(name) else { return };
    let name = &encoding.0;
    found.note = Some(format!(
        "read as {name}, as the files beside it are; say `encoding = \"{name}\"` (or another) to settle it"
    ));
    found.encoding = encoding.clone();
    if let Some(other) = found.other.as_mut().filter(|other| !other.0.starts_with("UTF-")) {
        *other = encoding.clone();
    }
}

/// Refuses a source of aligned files of which no two belong together: it would have no row, without a word.
pub(crate) fn paired(source: &Source, files: &[InputFile]) -> Result<()> {
    let partner = |f: &InputFile| aligned::partner(&f.path, f.member.as_deref());
    let alone = |f: &InputFile| f.layout.container == "aligned" && matches!(partner(f), Ok(None));
    if files.is_empty() || !files.iter().all(alone) {
        return Ok(());
    }
    let names: Vec<&str> = files.iter().take(5).map(|f| f.name.as_str()).collect();
    Err(Error::input(
        format!(
            "source `{}`: no two of its files have names that differ by a language only: {}",
            source.name,
            names.join(", ")
        ),
        "name the two sides NAME.en and NAME.zh (or the like) side by side, or leave `format` out",
    ))
}

/// The encoding of short files that are neither UTF-8 nor what all files together say they are.
pub(crate) fn encodings(source: &Source, files: &[InputFile]) -> Encodings {
    let other =
        |f: &InputFile| !f.layout.transport.encoding.0.starts_with("UTF-") && f.layout.container != not_data::NAME;
    if source.encoding.is_some() || files.len() < 2 || !files.iter().any(other) {
        return Encodings::new();
    }
    let reads = |f: &&InputFile| f.member.is_none() || !f.layout.transport.is_compressed();
    let head =
        |f: &InputFile| input::head(&f.path, f.member.as_deref(), f.layout.transport.compression, ENOUGH / 4).ok();
    let mut all = Vec::new();
    for file in files.iter().filter(|f| other(f)).filter(reads) {
        all.extend(head(file).unwrap_or_default());
        all.push(b'\n');
        if all.len() > ENOUGH {
            break;
        }
    }
    let guessed = encoding::guess(&all, true).encoding;
    if guessed.0.starts_with("UTF-") {
        return Encodings::new();
    }
    let short = files.iter().filter(|f| f.size <= TINY && f.layout.transport.encoding != guessed).filter(reads);
    let fits = |f: &&InputFile| {
        let bytes = head(f).unwrap_or_default();
        std::str::from_utf8(&bytes).is_err() && !encoding::decoded(&bytes, &guessed).contains('\u{fffd}')
    };
    let whole =
        |f: &&InputFile| f.layout.container != not_data::NAME && (f.layout.transport.encoding.is_utf8() || other(f));
    short.filter(whole).filter(fits).map(|f| (f.name.clone(), guessed.clone())).collect()
}
