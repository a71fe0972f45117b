//! An object that holds the rows of its file, in arrays under known keys.

use super::scan::{Scan, scan};
use crate::formats::Object;
use crate::text::splits;

/// Keys under which an object may hold the array of rows.
const HOLDERS: [&str; 7] = ["data", "rows", "example", "examples", "instances", "items", "records"];
/// The scenes of Safety-Prompts, each an array of rows in the one object of the file.
const SCENES: [&str; 13] = [
    "Crimes_And_Illegal_Activities",
    "Ethics_And_Morality",
    "Goal_Hijacking",
    "Inquiry_With_Unsafe_Opinion",
    "Insult",
    "Mental_Health",
    "Physical_Harm",
    "Privacy_And_Property",
    "Prompt_Leaking",
    "Reverse_Exposure",
    "Role_Play_Instruction",
    "Unfairness_And_Discrimination",
    "Unsafe_Instruction_Topic",
];

/// Whether an object is one turn of a dialogue.
fn is_turn(bytes: &[u8]) -> bool {
    let Scan::Done(end) = scan(bytes, &mut false, &mut false, &mut Vec::new(), true) else { return false };
    let object = std::str::from_utf8(&bytes[..end]).ok().and_then(|text| Object::parse(text).ok());
    let text = |o: &Object<'_>, key: &str| o.get(key).is_some_and(|v| v.get().starts_with('"'));
    object.is_some_and(|o| text(&o, "from") && text(&o, "value") || text(&o, "role") && text(&o, "content"))
}

/// Whether arrays of rows stand under a key.
pub fn holds(key: &str) -> bool {
    HOLDERS.contains(&key) || SCENES.contains(&key) || splits::word(key).is_some()
}

/// An array of objects that a field of an object holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct List {
    /// Where its first object is.
    pub at: usize,
    /// The split that its key names.
    pub split: Option<&'static str>,
    /// Whether its end was seen.
    closed: bool,
}

/// An object that holds the rows of its file, by its first bytes.
#[derive(Debug, Default)]
pub struct Holder {
    /// The arrays of rows in it, as far as it was seen; none where the object is a row itself.
    pub lists: Vec<List>,
    /// Whether it was seen to its end.
    pub whole: bool,
}

/// If the bytes begin an object that is the only one of its file: the arrays of objects under known keys in it, as far
/// as it is there. `complete` says that the bytes are the whole file. A field `test` alone makes no data set, unless it
/// is so large that its end is not among the bytes.
pub fn holder(bytes: &[u8], complete: bool) -> Holder {
    let (mut text, mut escaped, mut stack) = (false, false, Vec::new());
    let end = match scan(bytes, &mut text, &mut escaped, &mut stack, true) {
        Scan::Done(end) => Some(end),
        Scan::Broken(_) => return Holder::default(),
        Scan::More => None,
    };
    if end.map_or(complete, |end| !bytes[end..].trim_ascii().is_empty()) {
        return Holder::default();
    }
    let mut lists = Vec::new();
    let _ = add_lists(bytes, &mut lists);
    let is_one = |l: &List| l.split.is_none_or(|split| split == "train") || !l.closed;
    if lists.iter().any(is_one) || lists.len() > 1 { Holder { lists, whole: end.is_some() } } else { Holder::default() }
}

/// Adds the arrays of objects under known keys of an object; `None` where it breaks off.
fn add_lists(bytes: &[u8], lists: &mut Vec<List>) -> Option<()> {
    let blanks = |at: usize| at + bytes[at..].iter().take_while(|b| b.is_ascii_whitespace()).count();
    let mut at = 1;
    loop {
        // A key, a colon, and the value.
        at = blanks(at);
        if bytes.get(at) == Some(&b',') {
            at = blanks(at + 1);
        }
        let (mut text, mut escaped, mut stack) = (false, false, Vec::new());
        let Scan::Done(length) = scan(bytes.get(at..)?, &mut text, &mut escaped, &mut stack, true) else {
            return None;
        };
        let key = bytes[at..at + length].strip_prefix(b"\"")?.strip_suffix(b"\"")?;
        at = blanks(at + length);
        if *bytes.get(at)? != b':' {
            return None;
        }
        at = blanks(at + 1);
        let (key, known) = (std::str::from_utf8(key).unwrap_or_default(), lists.len());
        if holds(key) && *bytes.get(at)? == b'[' {
            let first = blanks(at + 1);
            // Turns are no rows: the object that holds them is a dialogue.
            if *bytes.get(first)? == b'{' && !is_turn(&bytes[first..]) {
                lists.push(List { at: first, split: splits::word(key), closed: false });
            }
        }
        let Scan::Done(length) = scan(bytes.get(at..)?, &mut text, &mut escaped, &mut stack, true) else {
            return None;
        };
        lists[known..].iter_mut().for_each(|list| list.closed = true);
        at += length.max(1);
    }
}
