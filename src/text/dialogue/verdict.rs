//! What a preference row says of its answers, so that rows which say the opposite are found.

use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use super::turn::{Dialogue, Part, Turn};

/// A row's word on an answer, or on a pair of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// xxh3-128 of the prompt and the answer; of a pair, of both answers whichever is the better one.
    pub key: u128,
    /// Whether it is on one side: a good answer, or the first of the two preferred.
    pub good: bool,
    /// Whether it is on the other side; on both, where both answers are the same.
    pub bad: bool,
}

/// What a row says; `None` of a row without answers of a preference.
pub fn verdict(dialogue: &Dialogue<'_>) -> Option<Verdict> {
    let prompt = digest(&dialogue.turns, Part::Dialogue);
    let of = |part| {
        let any = dialogue.turns.iter().any(|t| t.part == part);
        any.then(|| digest(&dialogue.turns, part))
    };
    let key = |a: u128, b: u128| {
        let bytes: Vec<u8> = [prompt, a, b].iter().flat_map(|n| n.to_le_bytes()).collect();
        xxh3_128(&bytes)
    };
    match (of(Part::Chosen), of(Part::Rejected)) {
        (None, None) => None,
        // No digest of an answer is 0 in practice: a pair has the key of no single answer.
        (Some(a), None) => Some(Verdict { key: key(a, 0), good: true, bad: false }),
        (None, Some(b)) => Some(Verdict { key: key(b, 0), good: false, bad: true }),
        (Some(a), Some(b)) => Some(Verdict { key: key(a.min(b), a.max(b)), good: a <= b, bad: b <= a }),
    }
}

/// xxh3-128 of the messages of a part.
fn digest(turns: &[Turn<'_>], part: Part) -> u128 {
    let mut hash = Xxh3::new();
    for turn in turns.iter().filter(|t| t.part == part) {
        hash.update(&[turn.role as u8]);
        for text in [Some(turn.content), turn.reasoning, turn.calls] {
            let text = text.unwrap_or_default().trim();
            hash.update(&(text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        }
    }
    hash.digest128()
}

#[cfg(test)]
mod tests {
    use super::super::turn::Role;
    use super::*;

    fn row(prompt: &str, better: Option<&str>, worse: Option<&str>) -> Option<Verdict> {
        let mut turns = vec![Turn::new(Role::User, prompt)];
        for (part, text) in [(Part::Chosen, better), (Part::Rejected, worse)] {
            turns.extend(text.map(|text| Turn { part, ..Turn::new(Role::Assistant, text) }));
        }
        verdict(&Dialogue { turns, tools: None })
    }

    #[test]
    fn opposite_rows_have_one_key_and_two_sides() {
        let opposite = |a: Option<Verdict>, b: Option<Verdict>| {
            let (a, b) = (a.unwrap(), b.unwrap());
            a.key == b.key && (a.good && b.bad || a.bad && b.good)
        };
        assert!(opposite(row("问", Some("甲"), None), row("问", None, Some("甲 "))));
        assert!(opposite(row("问", Some("甲"), Some("乙")), row("问", Some("乙"), Some("甲"))));
        assert!(opposite(row("问", Some("甲"), Some("甲")), row("问", Some("甲"), Some("甲"))));
        for (a, b) in [
            (row("问", Some("甲"), None), row("答", None, Some("甲"))),
            (row("问", Some("甲"), None), row("问", Some("甲"), None)),
            (row("问", Some("甲"), Some("乙")), row("问", Some("乙"), Some("丙"))),
            (row("问", Some("甲"), Some("乙")), row("问", Some("甲"), Some("乙"))),
            (row("问", Some("甲"), Some("乙")), row("问", None, Some("甲"))),
        ] {
            assert!(!opposite(a, b), "{a:?} {b:?}");
        }
        assert_eq!(row("问", None, None), None);
    }
}
