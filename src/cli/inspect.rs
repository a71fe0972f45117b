//! `corpus inspect`: look into a build, a Parquet file or a raw file.

use std::fs::File;
use std::path::{Path, PathBuf};

use arrow::array::{AsArray, BooleanArray};
use arrow::compute::kernels::cmp::eq;
use clap::Args;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowPredicateFn, ParquetRecordBatchReaderBuilder, RowFilter};
use serde_json::{Map, Value as Json, json};

use super::opened::{is_build, opened};
use super::show::{self, Fields};
use super::{Context, Format, clusters, peek, pipe, table, ui};
use crate::formats;
use crate::messages::said;
use crate::rows::Use;
use crate::text::figures::plural;
use crate::text::spelling::did_you_mean;
use crate::{Error, Result};

/// Lines of a text that is not asked for whole.
const LINES: usize = 6;

/// Look into a build folder, a Parquet file, or a raw file of any format.
#[derive(Debug, Args)]
pub struct Inspect {
    /// A build folder, a Parquet file, a raw file (or `ARCHIVE!MEMBER`), a pipe (`-`).
    pub(super) path: PathBuf,
    /// Rows to show of each kind.
    #[arg(long, short, default_value = "5")]
    pub(super) rows: usize,
    /// Only rows of this use; for a raw file: read its rows for this use.
    #[arg(long = "use", value_name = "USE", value_parser = parse_use)]
    pub(super) usage: Option<Use>,
    /// Read a raw file as this format (`corpus list formats`) and not as the one it was taken for.
    #[arg(long = "as", value_name = "FORMAT", value_parser = parse_format)]
    read_as: Option<String>,
    /// Show texts whole.
    #[arg(long)]
    pub(super) full: bool,
    /// Show rows that were dropped, and why.
    #[arg(long)]
    pub(super) dropped: bool,
    /// Show what could not be read as a row.
    #[arg(long)]
    pub(super) unreadable: bool,
    /// Show the largest groups of duplicates of a build, pairs side by side with what differs marked.
    #[arg(long, conflicts_with_all = ["dropped", "unreadable", "reason", "id", "grep", "all", "sample"])]
    clusters: bool,
    /// Only rows with this reason word.
    #[arg(long, value_name = "REASON")]
    pub(super) reason: Option<String>,
    /// Show the row of a build with this id, kept or dropped (`corpus why` tells how it came to that).
    #[arg(long, value_name = "ID")]
    pub(super) id: Option<String>,
    /// Only rows of a build that have this in their text, as it is written; with --dropped or --all among those.
    #[arg(long, value_name = "TEXT", conflicts_with = "id")]
    pub(super) grep: Option<String>,
    /// Look among kept, dropped and unreadable rows alike.
    #[arg(long, conflicts_with_all = ["dropped", "unreadable"])]
    pub(super) all: bool,
    /// Show N rows of a build drawn at random, in place of the first.
    #[arg(long, value_name = "N", conflicts_with_all = ["id", "rows"])]
    pub(super) sample: Option<usize>,
    /// Which rows are drawn: another number, other rows.
    #[arg(long, value_name = "S", default_value = "0", requires = "sample")]
    pub(super) seed: u64,
    /// Show the rows of a build that are nearest to each limit, on both sides; of one stage, or of all.
    #[arg(long, value_name = "STAGE", num_args = 0..=1, default_missing_value = "", conflicts_with_all =
        ["dropped", "unreadable", "reason", "clusters", "id", "grep", "all", "sample"])]
    pub(super) near_limit: Option<String>,
}

pub(super) fn parse_use(word: &str) -> Result<Use, String> {
    Use::parse(word).ok_or_else(|| "write pretrain, task, instruct or rlhf".to_owned())
}

fn parse_format(word: &str) -> Result<String, String> {
    match formats::container(word).is_some() || formats::shape(word).is_some() {
        true => Ok(word.to_owned()),
        false => {
            let names = formats::containers::ALL.iter().map(|c| c.name());
            let names: Vec<&str> = names.chain(formats::shapes::ALL.iter().map(|s| s.name())).collect();
            Err(did_you_mean(word, names))
        }
    }
}

impl Inspect {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// [`Error::Input`] where the path is not there, or is no build and an option is for builds; what cannot be read of
    /// a file.
    pub fn run(mut self, context: &Context) -> Result<()> {
        self.path = opened(&self.path)?;
        if is_build(&self.path) && self.clusters {
            return self.clusters(context);
        }
        if self.clusters {
            return Err(Error::input(
                format!("{} is no build: it has no build.json", self.path.display()),
                "clusters are of a finished build: name its folder (`builds/NAME`)",
            ));
        }
        if is_build(&self.path) {
            return self.build(context);
        }
        if let Some(option) = self.of_builds() {
            return Err(Error::input(
                format!("{} is no build: it has no build.json", self.path.display()),
                format!("{option} is for a finished build: name its folder (`builds/NAME`)"),
            ));
        }
        if self.path.is_dir() {
            let rows = peek::folder(&self.path);
            if context.format == Format::Json {
                let files =
                    rows.iter().skip(1).map(|r| json!({"file": r[0], "size": r[1], "format": r[2], "note": r[3]}));
                return super::print(&format!(
                    "{}\n",
                    json!({"v": 1, "kind": "folder", "files": files.collect::<Vec<_>>()})
                ));
            }
            super::print(&table::table(&rows, 0, table::terminal()))?;
            ui::say(context, "no build.json there, so this is a folder of raw files\nnext: `corpus inspect FILE`");
            return Ok(());
        }
        let piped = pipe::spooled(&self.path)?;
        let (path, member) = match &piped {
            Some(copy) => (copy.path().to_path_buf(), None),
            None => self.place()?,
        };
        if member.is_none() && is_parquet(&path) && self.parquet(context, &path)? {
            return Ok(());
        }
        let reason = self.reason.as_deref();
        let (rows, dropped, usage, format) = (self.rows, self.dropped, self.usage, self.read_as.as_deref());
        let wanted = peek::Wanted { rows, dropped, reason, usage, format, lines: self.lines() };
        let peek = peek::peek(&path, member.as_deref(), &wanted)?;
        let peek = if piped.is_some() { peek.through(&self.path) } else { peek };
        // Which recipe would read it is no question of who asks for certain rows.
        let asked = self.unreadable || self.dropped || wanted.reason.is_some();
        let plain = member.is_none() && piped.is_none() && !asked;
        let recipe = plain.then(|| super::init::suggestion(&path, usage, format)).flatten();
        if context.format == Format::Json {
            return super::print(&format!("{}\n", peek.json(recipe.as_deref())));
        }
        super::print(&peek.text(table::terminal(), &wanted, !self.unreadable || self.dropped))?;
        ui::say(context, &peek.next(recipe.as_deref()));
        Ok(())
    }

    /// An option that only a build answers to.
    fn of_builds(&self) -> Option<&'static str> {
        let asked = [
            (self.id.is_some(), "--id"),
            (self.grep.is_some(), "--grep"),
            (self.all, "--all"),
            (self.sample.is_some(), "--sample"),
            (self.near_limit.is_some(), "--near-limit"),
        ];
        asked.into_iter().find(|a| a.0).map(|a| a.1)
    }

    /// Lines that a text may take.
    pub(super) fn lines(&self) -> usize {
        if self.full { show::FULL } else { LINES }
    }

    /// The file, and the member after `!` where it is named so.
    fn place(&self) -> Result<(PathBuf, Option<String>)> {
        if self.path.exists() {
            return Ok((self.path.clone(), None));
        }
        let text = self.path.to_string_lossy();
        if let Some((archive, member)) = text.split_once('!')
            && Path::new(archive).is_file()
        {
            return Ok((archive.into(), Some(member.to_owned())));
        }
        Err(Error::input(
            format!("there is no {text}"),
            "name a build folder (`builds/NAME`), a Parquet file or a raw file",
        ))
    }

    /// A Parquet file that a build wrote; false where it is raw data in Parquet.
    fn parquet(&self, context: &Context, path: &Path) -> Result<bool> {
        let file = File::open(path).map_err(Error::io(path))?;
        // A damaged file is for the raw reader to explain.
        let Ok(builder) = ParquetRecordBatchReaderBuilder::try_new(file) else { return Ok(false) };
        let metadata = builder.metadata().file_metadata();
        let pairs = metadata.key_value_metadata().cloned().unwrap_or_default();
        let labels: Vec<(String, String)> = pairs
            .into_iter()
            .filter(|p| p.key.starts_with("corpus.") && p.key != "corpus.schema")
            .filter_map(|p| Some((p.key, p.value?)))
            .collect();
        if labels.is_empty() {
            return Ok(false);
        }
        let (total, groups) = (metadata.num_rows().max(0) as u64, builder.metadata().num_row_groups());
        let schema: Vec<(String, String)> =
            builder.schema().fields().iter().map(|f| (f.name().clone(), type_name(f.data_type()))).collect();
        let rows = read(path, self.rows, self.reason.as_deref())?;
        if context.format == Format::Json {
            let pairs =
                |of: Vec<(String, String)>| of.into_iter().map(|(k, v)| (k, Json::from(v))).collect::<Map<_, _>>();
            let rows: Vec<Json> = rows.iter().map(show::object).collect();
            let json = json!({"v": 1, "kind": "parquet", "path": path.display().to_string(), "total": total,
                "labels": pairs(labels), "schema": pairs(schema), "rows": rows});
            super::print(&format!("{json}\n"))?;
            return Ok(true);
        }
        let columns = table::terminal();
        let mut text =
            format!("{} · {} in {}", path.display(), plural(total, "row"), plural(groups as u64, "row group"));
        text = said(&text).into_owned() + "\n";
        text += &labels.iter().map(|(key, value)| format!("  {key} = {}\n", table::line(value))).collect::<String>();
        let schema: Vec<Vec<String>> = schema.into_iter().map(|(name, kind)| vec![name, kind]).collect();
        text += &format!("\n{}", table::table(&schema, 2, columns));
        text += &rows_text(&rows, columns, self.lines());
        super::print(&text)?;
        Ok(true)
    }

    /// The largest clusters of a build.
    fn clusters(&self, context: &Context) -> Result<()> {
        let uses: Vec<Use> = Use::ALL.into_iter().filter(|u| self.usage.is_none_or(|w| w == *u)).collect();
        let all = clusters::largest(&self.path, &uses, self.rows)?;
        if context.format == Format::Json {
            let all: Vec<Json> = all.iter().map(clusters::Cluster::json).collect();
            return super::print(&format!("{}\n", json!({"v": 1, "kind": "clusters", "clusters": all})));
        }
        let columns = table::terminal();
        super::print(&all.iter().map(|c| c.text(columns)).collect::<Vec<_>>().join("\n"))?;
        let of = ui::quoted(&self.path.display().to_string());
        ui::say(
            context,
            &match all.first().map(clusters::Cluster::least_like) {
                None => "no row was dropped for another one: no clusters".to_owned(),
                Some(id) => format!("next: `corpus why {of} {}`", ui::quoted(id)),
            },
        );
        Ok(())
    }
}

/// Rows for a person, one below the other.
pub(super) fn rows_text(rows: &[Fields], columns: usize, lines: usize) -> String {
    let of = |fields: &Fields| {
        let at = fields
            .iter()
            .find(|f| f.0 == "line")
            .map_or(String::new(), |f| said(&format!("line {}", f.1)).into_owned());
        format!("\n{}", show::row(fields, &at, columns, lines))
    };
    rows.iter().map(of).collect()
}

/// The first rows of a Parquet file, those with a reason where one is asked for.
fn read(path: &Path, wanted: usize, reason: Option<&str>) -> Result<Vec<Fields>> {
    let file = File::open(path).map_err(Error::io(path))?;
    let mut builder =
        ParquetRecordBatchReaderBuilder::try_new(file)?.with_batch_size(wanted.clamp(1, 1024)).with_limit(wanted);
    if let Some(reason) = reason {
        let Ok(index) = builder.schema().index_of("reason") else { return Ok(Vec::new()) };
        let mask = ProjectionMask::roots(builder.parquet_schema(), [index]);
        let reason = arrow::array::StringArray::new_scalar(reason);
        let predicate = ArrowPredicateFn::new(mask, move |batch| -> Result<BooleanArray, _> {
            eq(batch.column(0).as_string::<i32>(), &reason)
        });
        builder = builder.with_row_filter(RowFilter::new(vec![Box::new(predicate)]));
    }
    let mut rows = Vec::new();
    for batch in builder.build()? {
        rows.extend(show::rows(&batch?));
    }
    Ok(rows)
}

fn is_parquet(path: &Path) -> bool {
    let mut magic = [0; 4];
    File::open(path).and_then(|mut f| std::io::Read::read_exact(&mut f, &mut magic)).is_ok() && &magic == b"PAR1"
}

/// A type as people write it: `text`, `list<{role, content}>`.
fn type_name(kind: &arrow::datatypes::DataType) -> String {
    use arrow::datatypes::DataType;
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text".into(),
        DataType::List(item) | DataType::LargeList(item) => format!("list<{}>", type_name(item.data_type())),
        DataType::Struct(fields) => {
            let names: Vec<&str> = fields.iter().map(|f| f.name().as_str()).collect();
            format!("{{{}}}", names.join(", "))
        }
        other => other.to_string().to_lowercase(),
    }
}
