//! `corpus train-quality`: a classifier of one's own, out of good and bad rows.

use std::fmt::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::{Value as Json, json};

use super::table::table;
use super::{Context, Format, training_rows, ui};
use crate::messages::said;
use crate::models::train::{self, Options, Report};
use crate::text::figures::{plural, size};
use crate::text::words;
use crate::{Error, Result};

/// How text is cut before it is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Preparation {
    /// As it is: characters within what stands between white space.
    Plain,
    /// Cut into words by jieba.
    Jieba,
}

/// Train a quality classifier on good and bad rows, and say how well it does on rows that it has not seen.
///
/// Reads what `corpus inspect` reads. Nine rows of ten are trained on, the tenth is held out (copies of a text are on one
/// side). The model is a file in fastText's format, with the labels `good` and `bad`. The same rows give the same file.
#[derive(Debug, Args)]
pub struct TrainQuality {
    /// Files of rows that are as they should be.
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    good: Vec<PathBuf>,
    /// Files of rows that should go.
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    bad: Vec<PathBuf>,
    /// The model that is written.
    #[arg(short, long, default_value = "quality.bin", value_name = "FILE")]
    out: PathBuf,
    /// How text is cut.
    #[arg(long, value_enum, default_value = "plain")]
    preparation: Preparation,
    /// Rows of each side that are read at most, the first ones.
    #[arg(long, default_value_t = 20_000, value_name = "N")]
    rows: usize,
}

/// How a fastText model begins.
const MAGIC: [u8; 4] = 793_712_314i32.to_le_bytes();

impl TrainQuality {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// [`Error::Input`] of files that cannot be read, [`Error::Other`] where there are too few rows, or another file has
    /// the model's name; [`Error::Io`] of writing.
    pub fn run(self, context: &Context) -> Result<()> {
        training_rows::free(&self.out, &MAGIC, "no model")?;
        let good = self.texts(context, &self.good)?;
        let bad = self.texts(context, &self.bad)?;
        let trained = train::train(&good, &bad, &Options::default())
            .map_err(|e| Error::other(e, "name more files with --good or --bad, or raise --rows"))?;
        let mut model = Vec::new();
        trained.model.write(&mut model).map_err(Error::io(&self.out))?;
        crate::output::parquet_file::write_whole(&self.out, &model)?;
        match context.format {
            Format::Human => super::print(&text(&trained.report))?,
            Format::Json => super::print(&format!("{}\n", self.json(&trained.report, model.len())))?,
        }
        ui::say(context, &format!("{}: {}", self.out.display(), size(model.len() as u64)));
        Ok(())
    }

    fn json(&self, report: &Report, bytes: usize) -> Json {
        let rows = |[bad, good]: [usize; 2]| json!({"good": good, "bad": bad});
        let features = |features: &[(String, f32)]| -> Vec<Json> {
            features.iter().map(|(feature, weight)| json!({"feature": feature, "moves": weight})).collect()
        };
        let curve = report.curve.iter().map(|p| json!({"at": p.at, "good": p.good, "bad": p.bad}));
        json!({
            "v": 1, "out": self.out, "bytes": bytes,
            "trained": rows(report.trained), "held_out": rows(report.held_out),
            "accuracy": report.accuracy, "ranking": report.ranking, "curve": curve.collect::<Vec<_>>(),
            "telling": {"good": features(&report.good), "bad": features(&report.bad)},
        })
    }

    fn texts(&self, context: &Context, files: &[PathBuf]) -> Result<Vec<String>> {
        let mut texts = Vec::new();
        training_rows::each(context, files, &mut |text| {
            texts.push(match self.preparation {
                Preparation::Plain => text,
                Preparation::Jieba => words::spaced(&text),
            });
            texts.len() < self.rows
        })?;
        Ok(texts)
    }
}

/// The report, for people.
fn text(report: &Report) -> String {
    let mut out = String::new();
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    let rows = |[bad, good]: [usize; 2]| format!("{good} good, {bad} bad");
    let lines = [
        format!("trained on   {}", rows(report.trained)),
        format!("held out     {}", rows(report.held_out)),
        format!("accuracy     {} of those held out, at 0.5", percent(report.accuracy)),
        format!("ranking      {} of pairs have the good row first", percent(report.ranking)),
        "\na threshold keeps, of rows held out:".to_owned(),
    ];
    for line in lines {
        let _ = writeln!(out, "{}", said(&line));
    }
    let mut lines = vec![["at least", "good", "bad"].map(|w| said(w).into_owned()).to_vec()];
    lines.extend(report.curve.iter().map(|p| vec![p.at.to_string(), percent(p.good), percent(p.bad)]));
    out.push_str(&table(&lines, 2, 80));
    for (name, features) in [("good", &report.good), ("bad", &report.bad)] {
        let names: Vec<String> = features.iter().map(|(feature, _)| format!("`{feature}`")).collect();
        let telling = format!("most telling of {name} rows, of {}:", plural(names.len() as u64, "feature"));
        let _ = writeln!(out, "\n{}", said(&telling));
        let _ = writeln!(out, "  {}", names.join(" "));
    }
    out
}
