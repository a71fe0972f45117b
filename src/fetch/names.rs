//! Names that come from elsewhere. A name is taken as it is, or refused: nothing leaves the folder of its set, hides
//! another file, or fools a terminal.

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization;

use crate::store::{PARTIAL, manifest};

/// Bytes of one component; what common file systems hold.
const LONGEST: usize = 255;
/// Bytes of a path, which leaves room for the folder of the store.
const LONGEST_PATH: usize = 2000;

/// Why no file may have this path (`/` between components), if so.
pub fn refusal(path: &str) -> Option<String> {
    if path.is_empty() {
        return Some("it is empty".into());
    }
    if path.len() > LONGEST_PATH {
        return Some(format!("its path has {} bytes, {LONGEST_PATH} are the most", path.len()));
    }
    if path.starts_with('/') {
        return Some("it is an absolute path".into());
    }
    if path.contains('\\') {
        return Some("it holds a backslash, which parts folders on Windows".into());
    }
    let bytes = path.as_bytes();
    if bytes.len() > 1 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':' {
        return Some("it begins with a drive letter".into());
    }
    if path.chars().any(steers) {
        return Some("it holds control characters".into());
    }
    path.split('/').find_map(component)
}

fn component(part: &str) -> Option<String> {
    let stem = part.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let numbered = |word: &str| {
        stem.strip_prefix(word)
            .is_some_and(|n| matches!(n, "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "¹" | "²" | "³"))
    };
    match part {
        "" => Some("it has an empty component".into()),
        "." | ".." => Some("it leaves its folder".into()),
        _ if part.len() > LONGEST => Some(format!("a component has {} bytes, {LONGEST} are the most", part.len())),
        _ if part.ends_with('.') || part.ends_with(' ') || part.starts_with(' ') => {
            Some("a component begins or ends with a blank, or ends with a dot".into())
        }
        _ if matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL") || numbered("COM") || numbered("LPT") => {
            Some("it is the name of a device on Windows".into())
        }
        _ if part.eq_ignore_ascii_case(PARTIAL) || part.eq_ignore_ascii_case(manifest::NAME) => {
            Some("the store itself uses that name".into())
        }
        _ => None,
    }
}

/// Characters that steer a terminal or turn text around.
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// A name from elsewhere for people: on one line, nothing that steers, the middle of a very long one left out.
pub fn shown(name: &str) -> String {
    let clean: Vec<char> = name.chars().map(|c| if steers(c) { '\u{fffd}' } else { c }).collect();
    if clean.len() <= 200 {
        return clean.into_iter().collect();
    }
    let part = |part: &[char]| part.iter().collect::<String>();
    format!("{}…{}", part(&clean[..120]), part(&clean[clean.len() - 60..]))
}

/// Finds names that are one file on some systems: they differ by case or by how accents are written, or one is a
/// folder of the other.
#[derive(Default)]
pub struct Taken {
    files: BTreeMap<String, String>,
    folders: BTreeMap<String, String>,
}

impl Taken {
    /// Takes a name, or says why it cannot be taken beside the others.
    ///
    /// # Errors
    ///
    /// Which name of before it collides with, on file systems that fold case or forms.
    pub fn take(&mut self, path: &str) -> Result<(), String> {
        let key = folded(path);
        let clash = |other: &str| Err(format!("it is the same file as `{}` on some systems", shown(other)));
        if let Some(other) = self.files.get(&key).or_else(|| self.folders.get(&key)) {
            return clash(other);
        }
        let parents = || key.match_indices('/').map(|(at, _)| &key[..at]);
        if let Some(other) = parents().find_map(|parent| self.files.get(parent)) {
            return clash(other);
        }
        for parent in parents().map(str::to_owned).collect::<Vec<_>>() {
            self.folders.entry(parent).or_insert_with(|| path.to_owned());
        }
        self.files.insert(key, path.to_owned());
        Ok(())
    }
}

/// As a file system compares that keeps neither case nor the form of accents.
fn folded(path: &str) -> String {
    path.nfd().collect::<String>().to_uppercase().to_lowercase().nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_are_refused() {
        let long = "长".repeat(200);
        let deep = format!("{}x", "d/".repeat(3000));
        for name in [
            "",
            "..",
            "a/..",
            "../a",
            "a/../b",
            ".",
            "./a",
            "a/./b",
            "a//b",
            "a/",
            "/a",
            "//h/s",
            "C:/a",
            "c:a",
            "a\\b",
            "\\\\h\\s",
            "a\nb",
            "a\0b",
            "a\x7fb",
            "a\u{9b}b",
            "a\u{202e}b",
            "CON",
            "nul.txt",
            "a/COM1.x",
            "aux",
            "com¹",
            "a.",
            "a./b",
            "a ",
            " a",
            ".partial/x",
            "a/.Partial",
            ".corpus.json",
            ".CORPUS.json",
            &long,
            &deep,
        ] {
            assert!(refusal(name).is_some(), "{name:?}");
        }
        for name in [
            "a",
            ".hidden",
            "...three",
            "a..b",
            "数据/第一 部分.jsonl",
            "a+b&c=d#e%20f",
            "console.txt",
            "COM10",
            "a?*|b",
            "xy:z",
        ] {
            assert_eq!(refusal(name), None, "{name:?}");
        }
    }

    #[test]
    fn names_that_are_one_file() {
        for (one, two) in
            [("A", "a"), ("a/B", "A/b"), ("é", "e\u{301}"), ("a", "a/b"), ("A/b", "a"), ("Straße", "STRASSE")]
        {
            let mut taken = Taken::default();
            assert!(taken.take(one).is_ok());
            assert!(taken.take(two).is_err(), "{one} {two}");
            assert!(taken.take("other").is_ok());
        }
    }

    #[test]
    fn what_is_shown_cannot_steer() {
        assert_eq!(shown("a\x1b[2J\u{202e}b"), "a\u{fffd}[2J\u{fffd}b");
        assert!(shown(&"长".repeat(5000)).chars().count() < 200);
    }
}
