//! What a build tells of its progress.

use super::inputs::Inputs;

/// Hears how a build goes on.
pub trait Progress {
    /// A phase begins; it has `total` steps.
    fn phase(&self, name: &str, total: u64);
    /// The same, where the steps make so much of something that people count in.
    fn counted(&self, name: &str, total: u64, _amount: Amount) {
        self.phase(name, total);
    }
    /// `steps` more are done.
    fn advance(&self, steps: u64);
    /// `steps` were done by an earlier run.
    fn reused(&self, steps: u64) {
        self.advance(steps);
    }
    /// The phase is over; a sentence says what it did.
    fn done(&self, summary: &str);
    /// The same where all that is to be said are names that a user gave: those are said as they are.
    fn named(&self, names: &str) {
        self.done(names);
    }
    /// The inputs were looked at: how each source is read and mapped is known.
    fn inputs(&self, _inputs: &Inputs) {}
}

/// What the steps of a phase come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Amount {
    Bytes(u64),
    Rows(u64),
}
