//! The signals that a recipe can name: those that stages measure, and those that are there at a place of it.

use std::borrow::Cow;

use crate::stages::{self, Kind as Type};

/// A signal that is there, and its type.
pub(super) type Measured = (Cow<'static, str>, Type);

/// The type of a signal, if it is there.
pub(super) fn has(measured: &[Measured], signal: &str) -> Option<Type> {
    measured.iter().find(|m| m.0 == signal).map(|m| m.1)
}

/// Every signal, the stage that measures it, and its type.
pub fn signals() -> Vec<(&'static str, &'static str, Type)> {
    let of = |entry: &&'static stages::Entry| {
        let entry: &'static stages::Entry = entry;
        entry.signals.iter().map(|s| (s.name, entry.name, s.kind))
    };
    stages::ALL.iter().flat_map(of).collect()
}

/// Signals that are measured wherever a rule asks for them.
pub(super) fn always() -> Vec<Measured> {
    let implied = stages::ALL.iter().filter(|entry| entry.implied.is_some());
    implied.flat_map(|entry| entry.signals).map(|s| (s.name.into(), s.kind)).collect()
}
