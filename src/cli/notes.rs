//! What is not certain about files: a line a kind, with how many files it is about and the first of them.

use super::table::line;
use super::{Context, ui};
use crate::text::figures::plural;

/// One remark about one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The file, as the recipe's source has it; none where it is about no single file.
    pub file: Option<String>,
    /// What is remarked.
    pub text: String,
}

impl Note {
    /// A remark about a file.
    pub fn of(file: &str, text: impl Into<String>) -> Self {
        Note { file: Some(file.to_owned()), text: text.into() }
    }

    /// What notes of one kind have in common: the words without the figures. One about no file is a kind of its own.
    fn kind(&self) -> String {
        if self.file.is_none() {
            return self.text.clone();
        }
        let mut kind = String::with_capacity(self.text.len());
        for c in self.text.chars() {
            match c {
                '0'..='9' if kind.ends_with('#') => {}
                '0'..='9' => kind.push('#'),
                c => kind.push(c),
            }
        }
        kind
    }

    fn whole(&self) -> String {
        self.file.as_ref().map_or_else(|| self.text.clone(), |file| format!("{}: {}", line(file), self.text))
    }
}

/// The lines that say all notes; `every` gives each note a line of its own.
pub fn lines(notes: &[Note], every: bool) -> Vec<String> {
    if every {
        return notes.iter().map(Note::whole).collect();
    }
    let mut kinds: Vec<(String, Vec<&Note>)> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for note in notes {
        let kind = note.kind();
        let place = *places.entry(kind.clone()).or_insert(kinds.len());
        match kinds.get_mut(place) {
            Some((_, all)) => all.push(note),
            None => kinds.push((kind, vec![note])),
        }
    }
    let said = |(_, all): &(String, Vec<&Note>)| match all.as_slice() {
        [] => String::new(),
        [one] => one.whole(),
        [first, ..] => {
            let same = all.iter().all(|n| n.text == first.text);
            let of = plural(all.len() as u64, "file");
            let file = first.file.as_deref().map_or(String::new(), line);
            if same {
                format!("{of}: {} (first: {file})", first.text)
            } else {
                format!("{of} like {file}: {}", first.text)
            }
        }
    };
    kinds.iter().map(said).collect()
}

/// Warns of all notes, a line a kind; with `--verbose` a line a file.
pub fn warn(context: &Context, notes: &[Note]) {
    let said = lines(notes, context.verbose);
    said.iter().for_each(|line| ui::warn(context, line));
    if said.len() < notes.len() {
        ui::say(context, "  (-v names every file)");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_a_kind() {
        let mut notes: Vec<Note> = (0..300).map(|i| Note::of(&format!("n/{i}.txt"), "read as GBK")).collect();
        notes.push(Note::of("odd", "7 malformed sequences among 9 characters"));
        notes.push(Note::of("other", "12 malformed sequences among 1000 characters"));
        notes.push(Note::of("c", "the file is empty"));
        let looked =
            |source: &str| Note { file: None, text: format!("source `{source}`: looked into 75 of 150 files") };
        assert_eq!(lines(&[looked("p1"), looked("p2")], false).len(), 2, "each source is named");
        let said = lines(&notes, false);
        assert_eq!(
            said,
            [
                "300 files: read as GBK (first: n/0.txt)",
                "2 files like odd: 7 malformed sequences among 9 characters",
                "c: the file is empty"
            ]
        );
        assert_eq!(lines(&notes, true).len(), 303);
    }
}
