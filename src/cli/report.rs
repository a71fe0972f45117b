//! `corpus report`: a finished build as one page: what went in, what came out, what went and why, what a limit costs.
//!
//! The page is one HTML file without addresses: it loads nothing, and opens from a disk. All that it shows is in it as
//! JSON, which the script of the page draws; texts become text nodes, never markup. What is read of a build is
//! `build.json`, its narrow columns in one pass, and the rows of the samples, so the page stays small for any build.

mod figures;
mod samples;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::{Value as Json, json};

use super::inspect_build::manifest;
use super::{Context, Format, near_limit, rows_of, ui};
use crate::output::parquet_file::write_whole;
use crate::pipeline::publish::manifest::Manifest;
use crate::pipeline::usage::size;
use crate::{Error, Result};

/// The page without its data.
const PAGE: &str = include_str!("report/page.html");
/// How a page of ours begins: another file of the name is never written over.
const HEAD: &str = "<!doctype html><!-- corpus report -->";

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
    /// The language in which the page opens [default: the locale's]; it has a switch for the other.
    #[arg(long, value_enum, value_name = "LANG")]
    lang: Option<Lang>,
    /// Show personal data in samples as it stands.
    #[arg(long)]
    show_personal_data: bool,
    /// Open the page when it is written.
    #[arg(long)]
    open: bool,
}

/// A language of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Lang {
    /// English.
    En,
    /// Chinese.
    Zh,
}

impl Report {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// [`Error::Input`] where the folder is no build, or something else stands where the page would go; shards that
    /// cannot be read.
    pub fn run(self, context: &Context) -> Result<()> {
        if !self.build.join("build.json").is_file() {
            return Err(Error::input(
                format!("{} is no build: it has no build.json", self.build.display()),
                "name the folder of a finished build: `corpus report builds/NAME`",
            ));
        }
        let out = self.out.clone().unwrap_or_else(|| self.build.join("report.html"));
        crate::disk::local("--out", &out)?;
        unclaimed(&out)?;
        let (manifest, json) = manifest(&self.build)?;
        let data = self.data(&manifest, &json)?;
        let page = page(&data, self.lang.unwrap_or_else(Lang::of_locale));
        write_whole(&out, page.as_bytes())?;
        let bytes = page.len() as u64;
        let samples = data["samples"].as_array().map_or(0, |s| s.iter().map(rows_in).sum());
        if context.format == Format::Json {
            let report =
                json!({"v": 1, "out": out, "bytes": bytes, "signals": count(&data["signals"]), "samples": samples});
            super::print(&format!("{report}\n"))?;
        } else {
            super::print(&format!("{}\n", out.display()))?;
            ui::say(context, &format!("{} · {samples} rows shown · opens in any browser, loads nothing", size(bytes)));
        }
        if self.open { opened(&out) } else { Ok(()) }
    }

    /// All that the page shows.
    fn data(&self, manifest: &Manifest, json: &Json) -> Result<Json> {
        let data = rows_of::parts(&self.build, &["data"], None);
        let dropped = rows_of::parts(&self.build, &["dropped"], None);
        let most = usize::from(self.samples);
        let limits = near_limit::found(&self.build, manifest, most.min(3))?;
        let show = samples::Show { most, masked: !self.show_personal_data, seed: seed(&manifest.recipe.fingerprint) };
        let mut samples = samples::by_reason(&show, manifest, &data, &dropped)?;
        samples.extend(samples::near_limits(&show, &limits));
        samples.extend(samples::kept(&show, &data)?);
        let mut sources = json["sources"].clone();
        for source in sources.as_array_mut().into_iter().flatten() {
            // A source may have thousands of files: their sums are enough here.
            let files = source["files"].take();
            let sum =
                |name: &str| -> u64 { files.as_array().into_iter().flatten().filter_map(|f| f[name].as_u64()).sum() };
            let sums = json!({"files": count(&files), "bytes": sum("bytes"), "read": sum("read"), "kept": sum("kept"),
                "dropped": sum("dropped"), "unreadable": sum("unreadable")});
            source["sums"] = sums;
        }
        let fields =
            ["version", "recipe", "totals", "kept_chars", "stages", "reasons", "cuts", "heavy", "gates", "timings"];
        let mut report = json!({"v": 1, "build": name(&self.build), "sources": sources, "samples": samples,
            "signals": figures::signals(manifest, &data, &dropped)?, "shares": figures::shares(&data)?});
        for field in fields {
            report[field] = json[field].clone();
        }
        Ok(report)
    }
}

impl Lang {
    /// The language of the locale: Chinese where it says so, else English.
    fn of_locale() -> Lang {
        let set = |name: &&str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let locale = ["CORPUS_LANG", "LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(set);
        if locale.is_some_and(|l| l.starts_with("zh")) { Lang::Zh } else { Lang::En }
    }
}

/// The page with its data. `<` is written as an escape, so that no text can end the script that holds it.
fn page(data: &Json, lang: Lang) -> String {
    let lang = if lang == Lang::Zh { "zh" } else { "en" };
    let data = data.to_string().replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029");
    let (before, behind) = PAGE.split_once("/*DATA*/").unwrap_or((PAGE, ""));
    format!("{HEAD}\n{}{data}{behind}", before.replacen("/*LANG*/", lang, 1))
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

/// The seed of the samples: that of the build, so that two people see the same page.
fn seed(fingerprint: &str) -> u64 {
    xxhash_rust::xxh3::xxh3_64(fingerprint.as_bytes())
}

/// What a build folder is called.
fn name(build: &Path) -> String {
    let whole = std::path::absolute(build).unwrap_or_else(|_| build.to_path_buf());
    whole.file_name().map_or_else(|| whole.display().to_string(), |name| name.to_string_lossy().into_owned())
}

fn count(list: &Json) -> usize {
    list.as_array().map_or(0, Vec::len)
}

fn rows_in(sample: &Json) -> usize {
    count(&sample["rows"])
}

/// Opens a page in the browser of the desktop.
fn opened(out: &Path) -> Result<()> {
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let cure = format!("open {} yourself", out.display());
    let failed = |what: String| Err(Error::other(format!("{program}: {what}"), cure.clone()));
    match std::process::Command::new(program).arg(out).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => failed(status.to_string()),
        Err(e) => failed(e.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_the_script_that_holds_it() {
        let data = json!({"text": "</script><script>alert(1)</script> \u{2028} <!-- \u{202e} 𠀀"});
        let page = page(&data, Lang::Zh);
        let held = page.split_once("type=\"application/json\">").unwrap().1.split_once("</script>").unwrap().0;
        assert_eq!(serde_json::from_str::<Json>(held).unwrap(), data);
        assert!(page.starts_with(HEAD) && page.contains("lang=\"zh\""));
    }

    #[test]
    fn only_a_page_of_ours_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("report.html");
        unclaimed(&out).unwrap();
        std::fs::write(&out, page(&json!({}), Lang::En)).unwrap();
        unclaimed(&out).unwrap();
        for other in ["", "<!doctype html><title>mine</title>, and more than as many bytes as our head has"] {
            std::fs::write(&out, other).unwrap();
            assert!(unclaimed(&out).unwrap_err().to_string().contains("is in the way"));
        }
    }

    #[test]
    fn the_page_loads_nothing() {
        for word in ["http:", "https:", "src=", "@import", "url(", "innerHTML", "eval(", "fetch("] {
            assert!(!PAGE.contains(word), "{word}");
        }
    }
}
