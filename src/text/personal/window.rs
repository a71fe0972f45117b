//! Some groups of a run of digits, taken together as one number.

use super::labels::{self, Label};
use super::units::{self, Group, Run, Sep};

/// Groups `first..last` of a run.
pub struct Window<'a> {
    pub text: &'a str,
    /// Its groups; the separator of the first one stands before the window.
    pub groups: &'a [Group],
    /// Its digits, 0–9.
    pub digits: &'a [u8],
    /// Its first byte: the first digit.
    pub start: usize,
    /// Behind its last digit.
    pub end: usize,
    /// Whether the run has further groups before or behind it.
    pub inner: (bool, bool),
    clause: std::cell::OnceCell<String>,
}

impl<'a> Window<'a> {
    /// The window of those groups.
    pub fn new(text: &'a str, run: &'a Run, first: usize, last: usize) -> Window<'a> {
        let groups = &run.groups()[first..last];
        let (from, to) = (groups[0].from, groups[groups.len() - 1].to);
        Window {
            text,
            groups,
            digits: &run.digits[from..to],
            start: run.start_of(from),
            end: run.end_of(to),
            inner: (first > 0, last < run.groups().len()),
            clause: std::cell::OnceCell::new(),
        }
    }

    /// The digits of each group.
    pub fn lens(&self) -> Vec<usize> {
        self.groups.iter().map(|g| g.to - g.from).collect()
    }

    /// Whether all separators within are among these.
    pub fn only(&self, seps: &[Sep]) -> bool {
        self.groups.iter().skip(1).all(|g| seps.contains(&g.sep))
    }

    /// The words before it.
    pub fn clause(&self) -> &str {
        self.clause.get_or_init(|| labels::clause(self.text, self.start))
    }

    /// What the nearest word before it says.
    pub fn label(&self) -> Option<Label> {
        labels::near(self.clause())
    }

    /// Whether a word of that label stands right before it.
    pub fn direct(&self, label: Label) -> bool {
        labels::direct(self.clause(), label)
    }

    /// Whether a word before it says that it is the number of a thing.
    pub fn thing(&self) -> bool {
        matches!(self.label(), Some(Label::Thing | Label::Version))
    }

    /// Whether it has a plus sign or double zero in front; the start of the sign, or of an open parenthesis.
    pub fn lead(&self) -> (bool, usize) {
        let b = self.text.as_bytes();
        let (mut plus, mut start) = (false, self.start);
        for _ in 0..2 {
            let (c, len) = units::before(b, start);
            if c == b'+' && !plus && !units::before(b, start - len).0.is_ascii_alphanumeric() {
                plus = true;
                start -= len;
            } else if c == b'(' && self.closes_paren() {
                start -= len;
            }
        }
        (plus, start)
    }

    fn closes_paren(&self) -> bool {
        let inside = &self.text[self.start..self.end];
        let opens = inside.matches(['(', '（']).count();
        inside.matches([')', '）']).count() > opens
    }
}

/// Windows of a run that may be a number: those bounded by the run's ends, spaces and parentheses; longest first for
/// each start.
pub fn bounded(run: &Run, first: usize) -> impl Iterator<Item = usize> + '_ {
    let groups = run.groups();
    let open = first == 0 || matches!(groups[first].sep, Sep::Space | Sep::Paren);
    let last = groups.len().min(first + 12);
    (first + 1..=last)
        .rev()
        .filter(move |end| open && (*end == groups.len() || matches!(groups[*end].sep, Sep::Space | Sep::Paren)))
}
