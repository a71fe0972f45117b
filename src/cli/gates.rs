//! What is told of the gates of a build.

use std::path::Path;

use super::table;
use crate::messages::said;
use crate::pipeline::gates::Judged;
use crate::pipeline::usage::count;
use crate::{Error, Result};

/// A limit or a value, in its unit.
fn figure(gate: &Judged, number: f64) -> String {
    match gate.is_share() {
        true => format!("{}%", short(number * 100.0)),
        false => count(number as u64),
    }
}

/// A number with as many digits as say something.
fn short(number: f64) -> String {
    let text = format!("{number:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A gate with its value and limit: `max_dropped.near_duplicate: 7.2%, at most 5%`.
fn line(gate: &Judged) -> String {
    let least = if gate.gate.starts_with("min_") { "at least" } else { "at most" };
    let (mut value, limit) = (figure(gate, gate.value), figure(gate, gate.limit));
    if value == limit && !gate.passed {
        value = format!("{}%", gate.value * 100.0);
    }
    format!("{}: {value}, {least} {limit}", gate.name())
}

/// The lines of a build's summary.
pub fn lines(gates: &[Judged]) -> Vec<String> {
    let word = |gate: &Judged| if gate.passed { "passed" } else { "FAILED" };
    gates.iter().map(|gate| format!("  gate {}  {}", word(gate), line(gate))).collect()
}

/// The gates of a recipe beside what is expected of them, as `corpus plan` shows them: rows and drops are estimated, the
/// rest is known when the build is done. Nothing where there are none.
pub fn table(expected: &[Judged], columns: usize) -> String {
    let mut rows = vec![["gate", "limit", "expected", ""].map(|w| said(w).into_owned()).to_vec()];
    rows.extend(expected.iter().map(|gate| {
        let least = if gate.gate.starts_with("min_") { "at least" } else { "at most" };
        let limit = format!("{least} {}", figure(gate, gate.limit));
        let (value, word) = match (estimated(gate), gate.passed) {
            (false, _) => ("?".to_owned(), ""),
            (true, true) => (figure(gate, gate.value), "pass"),
            (true, false) => (figure(gate, gate.value), "FAIL"),
        };
        vec![gate.name(), said(&limit).into_owned(), value, said(word).into_owned()]
    }));
    if rows.len() > 1 { format!("\n{}", table::table(&rows, 2, columns)) } else { String::new() }
}

/// Whether a plan can tell what a gate looks at.
pub fn estimated(gate: &Judged) -> bool {
    ["min_rows", "max_dropped"].contains(&gate.gate.as_str())
}

/// # Errors
///
/// Where a gate failed: which ones, by how much, and where the build is.
pub fn judge(gates: &[Judged], out: &Path) -> Result<()> {
    let failed: Vec<String> = gates.iter().filter(|gate| !gate.passed).map(line).collect();
    if failed.is_empty() {
        return Ok(());
    }
    let which = failed.join("; ");
    let message = match gates.len() {
        1 => format!("the gate failed: {which}"),
        all => format!("{} of {all} gates failed: {which}", failed.len()),
    };
    Err(Error::input(
        message,
        format!("the build is in {} as it is; mend its recipe, or change [gates]", out.display()),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(name: &str, of: Option<&str>, limit: f64, value: f64, passed: bool) -> Judged {
        Judged { gate: name.into(), of: of.map(str::to_owned), limit, value, passed }
    }

    #[test]
    fn gates_are_told_in_their_units() {
        let gates = [
            gate("min_rows", None, 10_000.0, 12_345.0, true),
            gate("max_dropped", Some("near_duplicate"), 0.05, 0.072_34, false),
        ];
        let shown = lines(&gates);
        assert_eq!(shown[0], format!("  gate passed  min_rows: {}, at least {}", count(12_345), count(10_000)));
        assert_eq!(shown[1], "  gate FAILED  max_dropped.near_duplicate: 7.234%, at most 5%");
        let close = gate("max_dropped", Some("all"), 0.05, 0.050_001, false);
        assert!(lines(&[close])[0].ends_with("max_dropped.all: 5.0001%, at most 5%"));
        let error = judge(&gates, Path::new("builds/x")).unwrap_err();
        assert!(error.to_string().starts_with("1 of 2 gates failed: max_dropped.near_duplicate: 7.234%"), "{error}");
        assert!(error.hint().unwrap().contains("builds/x"));
        assert!(judge(&gates[..1], Path::new("x")).is_ok());
    }
}
