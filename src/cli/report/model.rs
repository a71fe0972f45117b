//! All that a page shows of a build, as JSON: what `build.json` says, and what its rows tell.

use std::path::Path;

use serde_json::{Value as Json, json};

use super::dropped::{self, Draw};
use super::kept::{self, Asked};
use super::rows::{Show, said};
use super::samples::Samples;
use super::values::Values;
use super::words::{self, Counts};
use super::{duplicates, figures};
use crate::Result;
use crate::cli::rows_of;
use crate::cli::show;
use crate::cli::tables::Table;
use crate::objects::is_url;
use crate::pipeline::publish::manifest::Manifest;

/// Rows on each side of a limit.
const NEAR: usize = 3;
/// Groups of duplicates that are shown.
const CLUSTERS: usize = 8;
/// Files of a source that are named.
const FILES: usize = 20;

/// What is shown of a build.
#[derive(Clone, Copy)]
pub struct Options {
    /// Rows of a group.
    pub most: usize,
    /// Whether personal data is masked.
    pub masked: bool,
    /// Characters of a text.
    pub chars: usize,
}

/// What a build's own account says: no row is read for it.
pub fn head(build: &Path, json: &Json) -> Json {
    let mut sources = json["sources"].clone();
    for source in sources.as_array_mut().into_iter().flatten() {
        // A source may have thousands of files: their sums, and the first of them.
        let files = source["files"].take();
        let files = files.as_array().map_or(&[][..], Vec::as_slice);
        let sum = |name: &str| -> u64 { files.iter().filter_map(|f| f[name].as_u64()).sum() };
        source["sums"] = json!({"files": files.len(), "bytes": sum("bytes"), "read": sum("read"), "kept": sum("kept"),
            "dropped": sum("dropped"), "unreadable": sum("unreadable")});
        source["files"] = files.iter().take(FILES).map(file).collect();
    }
    let fields = [
        "version",
        "recipe",
        "totals",
        "kept_chars",
        "tokens",
        "stages",
        "reasons",
        "cuts",
        "heavy",
        "gates",
        "exports",
        "indexes",
        "dropped_text",
        "timings",
    ];
    let mut head = json!({"v": 1, "build": name(build), "sources": sources});
    for field in fields.into_iter().filter(|field| !json[*field].is_null()) {
        head[field] = json[field].clone();
    }
    head
}

/// What is shown of a file.
fn file(file: &Json) -> Json {
    let mut shown = json!({});
    let fields =
        ["path", "part", "license", "bytes", "format", "encoding", "note", "read", "kept", "dropped", "unreadable"];
    for field in fields.into_iter().filter(|field| !file[*field].is_null()) {
        shown[field] = file[field].clone();
    }
    // What was read in an object store has an entity tag in its place.
    let sum = file["sha256"].as_str().or(file["e_tag"].as_str()).unwrap_or_default().trim_matches('"');
    shown["sha256"] = sum.chars().take(12).collect::<String>().into();
    for field in ["url", "revision", "license"].into_iter().filter(|field| file["origin"][*field].is_string()) {
        shown["origin"][field] = file["origin"][field].clone();
    }
    shown
}

/// What the rows of a build tell: signals, shares, words, duplicates, samples.
///
/// # Errors
/// Shards that cannot be read.
pub fn rows(build: &Path, manifest: &Manifest, options: &Options) -> Result<Json> {
    let data = Table::open_all(&rows_of::parts(build, &["data"], None))?;
    let dropped = Table::open_all(&rows_of::parts(build, &["dropped"], None))?;
    let seed = seed(&manifest.recipe.fingerprint);
    let draw =
        Draw { shown: options.most, near: options.most.min(NEAR), text: manifest.dropped_text.unwrap_or(1.0), seed };
    let by_reason = dropped::dropped(&dropped, draw)?;
    let limits = dropped::limits(manifest, &by_reason);
    let kept = kept::kept(&data, &Asked { limits: &limits, most: draw.near, seed })?;
    let clusters = duplicates::clusters(&dropped, CLUSTERS)?;
    let show = Show { chars: options.chars, masked: options.masked };
    let samples = Samples { data: &data, dropped: &dropped, show, most: options.most, seed };
    let (samples, duplicates) = samples.groups(manifest, (&kept, &by_reason, &limits), &clusters)?;
    let (words, sampled) = worded(&data, &kept.worded, &dropped, &by_reason.worded, options.masked)?;
    // The characters of all rows where they are a column, else of the rows whose words were counted.
    let chars = kept.names.iter().position(|name| name == "chars").map(|at| &kept.values[at]);
    let lengths = chars.filter(|all| all.count == data.iter().map(Table::rows).sum::<u64>());
    let lengths = json!({"whole": lengths.is_some(), "bars": figures::lengths(lengths.unwrap_or(&sampled))});
    Ok(json!({"samples": samples, "duplicates": duplicates, "words": words, "lengths": lengths,
        "signals": figures::signals(&kept, &by_reason, &limits), "shares": figures::shares(&kept),
        "relations": figures::relations(&kept, &limits)}))
}

/// What the words of the drawn rows tell, and how long the kept ones are.
fn worded(
    data: &[Table],
    kept: &[(usize, u64)],
    dropped: &[Table],
    drawn: &[(usize, u64)],
    masked: bool,
) -> Result<(Json, Values)> {
    let places = |rows: &[(usize, u64)], at: usize| -> Vec<u64> {
        rows.iter().filter(|row| row.0 == at).map(|row| row.1).collect()
    };
    let (mut all, mut lengths) = (Counts::default(), Values::default());
    for (at, table) in data.iter().enumerate() {
        let new = || (Counts::default(), Values::default());
        let found = table.each_at(&places(kept, at), new, |(counts, lengths), _, row| {
            let text = said(&row);
            lengths.add(text.chars().count() as f64);
            counts.see(&text, masked);
        })?;
        found.into_iter().for_each(|(counts, some)| {
            all.merge(counts);
            lengths.merge(&some);
        });
    }
    let mut reasons = words::ByReason::default();
    for (at, table) in dropped.iter().enumerate() {
        let found = table.each_at(&places(drawn, at), words::ByReason::default, |reasons, _, row| {
            let of = |name: &str| show::text(&row, name).unwrap_or_default().to_owned();
            reasons.see((of("stage"), of("reason")), &said(&row), masked);
        })?;
        found.into_iter().for_each(|some| reasons.merge(some));
    }
    Ok((words::json(&all, &reasons), lengths))
}

/// The seed of the samples: that of the build, so that two people see the same page.
pub fn seed(fingerprint: &str) -> u64 {
    xxhash_rust::xxh3::xxh3_64(fingerprint.as_bytes())
}

/// What a build folder is called.
fn name(build: &Path) -> String {
    // In a store the files lie in the folder of a version, which is the build's own.
    let shown = build.to_string_lossy();
    let build = shown.rsplit_once("/versions/").filter(|_| is_url(build)).map_or(build, |(place, _)| Path::new(place));
    let whole = std::path::absolute(build).unwrap_or_else(|_| build.to_path_buf());
    whole.file_name().map_or_else(|| whole.display().to_string(), |name| name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_in_a_store_has_the_name_of_its_place() {
        assert_eq!(name(Path::new("s3://bucket/zh/versions/1f-2e")), "zh");
        assert_eq!(name(Path::new("builds/zh")), "zh");
    }
}
