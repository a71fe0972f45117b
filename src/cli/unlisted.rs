//! Templates of a wiki's dump that are not on the list, as `corpus inspect` shows them.

use serde_json::{Value as Json, json};

use super::table;
use crate::messages::said;
use crate::pipeline::usage::count;
use crate::text::figures::plural;
use crate::text::wikitext::Unlisted;

/// Templates that are named.
const NAMED: usize = 20;

/// All of them, for a program.
pub fn json(all: &[Unlisted]) -> Json {
    let of = |t: &Unlisted| {
        json!({"name": t.name, "times": t.times, "shown": t.shown, "by_name": t.by_name, "example": t.example,
            "text": t.text})
    };
    all.iter().map(of).collect()
}

/// The most frequent ones for a person, of the first `pages` pages.
pub fn text(all: &[Unlisted], pages: u64, columns: usize) -> String {
    let times: u64 = all.iter().map(|t| t.times).sum();
    let looked = format!("of the articles among the first {}", plural(pages, "page"));
    if all.is_empty() {
        return format!("{}\n", said(&format!("templates that are not on the list: none, {looked}")));
    }
    let ranked =
        if all.len() > NAMED { format!(", the first {NAMED} (all with --format json)") } else { String::new() };
    let mut rows =
        vec![["template", "times", "showed text", "the first one", "reads"].map(|w| said(w).into_owned()).to_vec()];
    // Those that nobody expects to show anything come last.
    let (named, others): (Vec<&Unlisted>, Vec<&Unlisted>) = all.iter().partition(|t| t.by_name);
    rows.extend(others.into_iter().chain(named).take(NAMED).map(|t| {
        let shown = match (t.shown, t.by_name) {
            (0, true) => "never, for its name".to_owned(),
            (0, false) => "never".to_owned(),
            (shown, _) => format!("{} times", count(shown)),
        };
        let reads = t.text.as_deref().map_or(said("(nothing)").into_owned(), table::line);
        vec![table::line(&t.name), count(t.times), said(&shown).into_owned(), table::line(&t.example), reads]
    }));
    let kinds = plural(all.len() as u64, "name");
    let head = format!("templates that are not on the list: {kinds}, {} in all, {looked}{ranked}", count(times));
    format!("{}\n{}", said(&head), table::table(&rows, 2, columns))
}
