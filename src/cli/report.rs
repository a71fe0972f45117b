//! `corpus report`: a finished build as one page: what went in, what came out, what went and why, what a limit costs.
//!
//! The page is one HTML file without addresses: it loads nothing, and opens from a disk. All that it shows is in it as
//! JSON, which the script of the page draws; texts become text nodes, never markup, and the page's own policy lets no
//! other script run. What is read of a build is `build.json`, its narrow columns in one pass, and the rows that are shown,
//! so the page stays small for any build.

mod dropped;
mod duplicates;
mod figures;
mod kept;
pub(super) mod model;
pub(super) mod page;
pub(super) mod rows;
mod samples;
mod values;
mod words;

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value as Json, json};

use super::inspect_build::manifest;
use super::opened::{beside, is_build, no_build, opened as at};
use super::{Context, Format, ui};
use crate::output::parquet_file::write_whole;
use crate::pipeline::usage::size;
use crate::{Error, Result};
use model::Options;
use page::{HEAD, Lang};

/// Characters of a text that the page shows.
const CHARS: usize = 700;

/// Show a finished build as one HTML page: funnel, reasons, signals with their limits, samples.
#[derive(Debug, Args)]
pub struct Report {
    /// A build folder.
    build: PathBuf,
    /// Where the page goes [default: BUILD/report.html].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Rows shown for each reason, limit and use.
    #[arg(long, value_name = "N", default_value = "6", value_parser = clap::value_parser!(u16).range(0..=100))]
    samples: u16,
    /// Show personal data in samples as it stands.
    #[arg(long)]
    show_personal_data: bool,
    /// Open the page when it is written.
    #[arg(long)]
    open: bool,
}

impl Report {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// [`Error::Input`] where the folder is no build, or something else stands where the page would go; shards that
    /// cannot be read.
    pub fn run(mut self, context: &Context) -> Result<()> {
        self.build = at(&self.build)?;
        if !is_build(&self.build) {
            return Err(no_build(&self.build, "corpus report builds/NAME"));
        }
        let out = match &self.out {
            Some(out) => out.clone(),
            None => beside(&self.build, "report.html", "--out")?,
        };
        crate::disk::local("--out", &out)?;
        unclaimed(&out)?;
        let (manifest, json) = manifest(&self.build)?;
        let options = Options { most: usize::from(self.samples), masked: !self.show_personal_data, chars: CHARS };
        let mut data = model::head(&self.build, &json);
        if let Json::Object(rows) = model::rows(&self.build, &manifest, &options)? {
            rows.into_iter().for_each(|(name, value)| data[name] = value);
        }
        let page = page::report(&data, Lang::of_reader());
        write_whole(&out, page.as_bytes())?;
        let bytes = page.len() as u64;
        let samples = data["samples"].as_array().map_or(0, |s| s.iter().map(|s| count(&s["rows"])).sum());
        if context.format == Format::Json {
            let report =
                json!({"v": 1, "out": out, "bytes": bytes, "signals": count(&data["signals"]), "samples": samples});
            super::print(&format!("{report}\n"))?;
        } else {
            super::print(&format!("{}\n", out.display()))?;
            ui::say(context, &format!("{} · {samples} rows shown · opens in any browser, loads nothing", size(bytes)));
        }
        if self.open { opened(&out.display().to_string()) } else { Ok(()) }
    }
}

/// Refuses to write over what is no page of ours.
fn unclaimed(out: &Path) -> Result<()> {
    use std::io::Read;
    if std::fs::symlink_metadata(out).is_err() {
        return Ok(());
    }
    let mut head = [0; HEAD.len()];
    let ours = std::fs::File::open(out).and_then(|mut f| f.read_exact(&mut head)).is_ok() && head == HEAD.as_bytes();
    if ours {
        return Ok(());
    }
    let message = format!("{} is in the way: it is no page that `corpus report` wrote", out.display());
    Err(Error::input(message, "name another file with --out, or move this one"))
}

fn count(list: &Json) -> usize {
    list.as_array().map_or(0, Vec::len)
}

/// Opens a file or an address in the browser of the desktop.
///
/// # Errors
///
/// [`Error::Other`] where that cannot be done.
pub(super) fn opened(what: &str) -> Result<()> {
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let cure = format!("open {what} yourself");
    let failed = |why: String| Err(Error::other(format!("{program}: {why}"), cure.clone()));
    match std::process::Command::new(program).arg(what).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => failed(status.to_string()),
        Err(e) => failed(e.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_page_of_ours_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("report.html");
        unclaimed(&out).unwrap();
        std::fs::write(&out, page::report(&json!({}), Lang::En)).unwrap();
        unclaimed(&out).unwrap();
        for other in ["", "<!doctype html><title>mine</title>, and more than as many bytes as our head has"] {
            std::fs::write(&out, other).unwrap();
            assert!(unclaimed(&out).unwrap_err().to_string().contains("is in the way"));
        }
    }
}
