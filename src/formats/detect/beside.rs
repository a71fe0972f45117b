//! Files that belong to one beside them: the two sides of aligned texts.

use super::{Detected, also, of_encoding};
use crate::formats::containers::aligned::Partner;
use crate::input::Encoding;

/// Text of lines: with a file beside it that differs by a language, only names tell what is aligned.
pub(super) fn is_lines(found: &Detected) -> bool {
    matches!(found.container, "text" | "tsv" | "csv")
}

/// Reads a file as aligned with its partner, each in its own encoding: one side tells nothing of the other's.
pub(super) fn aligned(found: &mut Detected, partner: Option<Partner>, encoding: Option<Encoding>) {
    let Some((other, codes)) = partner else { return };
    let before = of_encoding(found.note.take());
    let name = other.1.unwrap_or_else(|| other.0.file_name().unwrap_or_default().to_string_lossy().into_owned());
    (found.container, found.rows, found.runner_up) = ("aligned", None, Some("text".into()));
    (found.shape, found.confidence) = (Some("pairs".into()), 0.8);
    found.note = Some(format!(
        "read as aligned with {name} ({} and {}), by the names of both; say `format` to settle it",
        codes[0], codes[1]
    ));
    found.other = encoding;
    if let Some(before) = before {
        also(found, before);
    }
}

/// What is said of a text beside another one that its lines seem to belong to: which is the question is not ours to guess.
pub(super) fn sides(found: &mut Detected, own: &str, counterpart: Option<String>) {
    let Some(other) = counterpart else { return };
    also(
        found,
        format!(
            "read by itself, though its lines may belong to those of {other}: to read both as rows, put them side by side \
             (paste {own} {other} > rows.tsv) and name the columns: fields = {{ input = \"1\", output = \"2\" }}"
        ),
    );
}
