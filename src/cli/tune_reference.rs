//! `corpus tune --from-reference FILE…`: a profile out of text that is known to be good, printed as TOML.

use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use super::{Context, Format, training_rows, ui};
use crate::messages::said;
use crate::stages::rule::number;
use crate::text::figures::plural;
use crate::text::quality::Meter;
use crate::text::quality::reference::{LEAST, MOST, Method};
use crate::text::quality::signal::SIGNALS;
use crate::text::words;
use crate::{Error, Result};

/// A set of trusted text: its name, and by row the values of the signals, in order; NaN where there is none.
struct Set {
    name: String,
    rows: Vec<Vec<f64>>,
}

/// A limit, and the share of each set that fails it.
struct Limit {
    signal: &'static str,
    upper: bool,
    limit: f64,
    beyond: Vec<f64>,
}

/// The signals that are measured, each with its place among all and whether it is limited from above.
fn signals() -> Vec<(&'static str, usize, bool)> {
    let place = |name: &&str| SIGNALS.iter().position(|about| about.name == *name);
    let of =
        |names: &'static [&'static str], upper| names.iter().filter_map(move |name| Some((*name, place(name)?, upper)));
    of(LEAST, false).chain(of(MOST, true)).collect()
}

/// Measures the sets, takes the limits, and prints the profile.
///
/// # Errors
///
/// [`Error::Input`] where a file is no data or holds no text; a file that cannot be read.
pub(super) fn run(context: &Context, paths: &[PathBuf], method: Method, by_words: bool) -> Result<()> {
    let signals = signals();
    let sets: Vec<Set> = paths.iter().map(|path| measured(context, path, &signals, by_words)).collect::<Result<_>>()?;
    let mut limits = Vec::new();
    for (at, (signal, _, upper)) in signals.iter().enumerate() {
        let mut values: Vec<Vec<f64>> = sets.iter().map(|set| column(set, at)).collect();
        let Some(limit) = method.widest(&mut values, *upper) else { continue };
        // What every text keeps to is no rule.
        if limit == 0.0 && !upper {
            continue;
        }
        let fails =
            |values: &Vec<f64>| values.iter().filter(|v| if *upper { **v > limit } else { **v < limit }).count();
        let share = |values: &Vec<f64>| fails(values) as f64 / values.len().max(1) as f64;
        limits.push(Limit { signal, upper: *upper, limit, beyond: values.iter().map(share).collect() });
    }
    let passes: Vec<f64> = sets.iter().map(|set| passing(set, &signals, &limits)).collect();
    let about = about(method, by_words);
    if context.format == Format::Json {
        return super::print(&format!("{}\n", document(&about, &sets, &limits, &passes)));
    }
    super::print(&profile(&about, &sets, &limits))?;
    for (set, passes) in sets.iter().zip(&passes) {
        ui::say(
            context,
            &format!(
                "{}: {:.2} % of {} keep to all limits",
                set.name,
                passes * 100.0,
                plural(set.rows.len() as u64, "row")
            ),
        );
    }
    ui::say(
        context,
        "next: put `rules` below a [[stage]] with `run = \"profile\"`; `corpus explain profile` has an example",
    );
    Ok(())
}

/// The values of one signal, of the rows that have it.
fn column(set: &Set, at: usize) -> Vec<f64> {
    set.rows.iter().map(|row| row[at]).filter(|value| !value.is_nan()).collect()
}

/// Measures the rows of a file, or of a build's `data/`.
fn measured(context: &Context, path: &Path, signals: &[(&'static str, usize, bool)], by_words: bool) -> Result<Set> {
    let files = if path.join("build.json").is_file() { data(path) } else { vec![path.to_path_buf()] };
    let (mut meter, mut rows) = (Meter::default(), Vec::new());
    training_rows::each(context, &files, &mut |text| {
        let words = by_words.then(|| words::split(&text));
        let values = meter.measure(&text, words.as_deref());
        rows.push(signals.iter().map(|(_, place, _)| values.0[*place]).collect());
        true
    })?;
    if rows.is_empty() {
        return Err(Error::input(
            format!("{} holds no text", path.display()),
            "name files of text that is known to be good",
        ));
    }
    let name = path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
    Ok(Set { name, rows })
}

/// The files of the rows that a build kept.
fn data(build: &Path) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(build.join("data")).sort_by_file_name().into_iter().flatten();
    entries.map(walkdir::DirEntry::into_path).filter(|p| p.extension().is_some_and(|x| x == "parquet")).collect()
}

/// The share of the rows that keep to all limits.
fn passing(set: &Set, signals: &[(&'static str, usize, bool)], limits: &[Limit]) -> f64 {
    let places: Vec<(usize, &Limit)> = limits
        .iter()
        .filter_map(|limit| Some((signals.iter().position(|s| s.0 == limit.signal && s.2 == limit.upper)?, limit)))
        .collect();
    let keeps = |row: &&Vec<f64>| {
        places.iter().all(|(at, l)| {
            if l.upper { row[*at].is_nan() || row[*at] <= l.limit } else { row[*at].is_nan() || row[*at] >= l.limit }
        })
    };
    set.rows.iter().filter(keeps).count() as f64 / set.rows.len().max(1) as f64
}

/// How the limits were taken, in a sentence.
fn about(method: Method, by_words: bool) -> String {
    let unit = if by_words { "words" } else { "characters in Chinese, else words" };
    let how = match method {
        Method::Tail(tail) => format!(
            "where the last {} % of the rows lie, moved out by a quarter of the distance to the median",
            number(tail * 100.0)
        ),
        Method::MeanStd(times) => format!("{} standard deviations from the mean", number(times)),
    };
    format!("{how}; of several sets the widest; rounded outwards to two digits; units are {unit}")
}

fn side(upper: bool) -> &'static str {
    if upper { "max" } else { "min" }
}

/// The profile as TOML.
fn profile(about: &str, sets: &[Set], limits: &[Limit]) -> String {
    let named = |set: &Set| format!("{} ({})", set.name, plural(set.rows.len() as u64, "row"));
    let names = sets.iter().map(named).collect::<Vec<_>>().join(", ");
    let source = format!(
        "Method: FineWeb-2's (limits from the statistics of trusted text, arXiv 2506.20920), by `corpus tune --from-reference FILE…`:\n\
         {about}.\nReference: {names}."
    );
    let mut out = format!("about = \"like {}\"\nsource = \"\"\"\n{}\n\"\"\"\n", escaped(&names), escaped(&source));
    if limits.iter().any(|limit| limit.upper) {
        let remark = said("Beside each limit: the share of the rows of each set that fails it.");
        out += &format!("# {remark}\n");
    }
    out += "rules = [\n";
    for limit in limits {
        let rule = format!("{{ {} = {{ {} = {} }} }},", limit.signal, side(limit.upper), limit.limit);
        let shares = limit.beyond.iter().map(|share| format!("{:.2} %", share * 100.0)).collect::<Vec<_>>().join(", ");
        out += &format!("    {rule:<48} # {shares}\n");
    }
    out + "]\n"
}

/// A text within quotes of TOML.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

fn document(about: &str, sets: &[Set], limits: &[Limit], passes: &[f64]) -> Json {
    let sets: Vec<Json> = sets.iter().map(|set| json!({"name": set.name, "rows": set.rows.len()})).collect();
    let limit = |l: &Limit| json!({"signal": l.signal, "side": side(l.upper), "limit": l.limit, "beyond": l.beyond});
    json!({"v": 1, "kind": "reference", "about": about, "sets": sets,
        "limits": limits.iter().map(limit).collect::<Vec<_>>(), "passes": passes})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stages::clause::Clause;

    #[derive(serde::Deserialize)]
    struct Printed {
        about: String,
        rules: Vec<Clause>,
    }

    #[test]
    fn what_is_printed_is_a_profile() {
        let sets = [Set { name: "a \"b\".jsonl".into(), rows: vec![vec![1.0], vec![f64::NAN]] }];
        let limits = [Limit { signal: "units", upper: false, limit: 20.0, beyond: vec![0.002] }];
        let printed = profile(&about(Method::Tail(0.002), false), &sets, &limits);
        let profile: Printed = toml::from_str(&printed).unwrap();
        assert_eq!(profile.rules[0].limits["units"].min, Some(20.0), "{printed}");
        assert!(printed.contains("# 0.20 %") && profile.about.contains("(2 rows)"), "{printed}");
        profile.rules[0].check().unwrap();
        assert_eq!(passing(&sets[0], &[("units", 0, false)], &limits), 0.5);
    }
}
