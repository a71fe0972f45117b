//! `corpus why BUILD ID`: the life of one row: where it stands in the input, what each stage measured and decided, what
//! was cut out of it, which row stayed in its place, and where it went in the output.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::array::{Array, AsArray};
use arrow::datatypes::Float64Type;
use clap::Args;
use parquet::arrow::ProjectionMask;
use serde_json::Value as Json;

use super::inspect_build::manifest;
use super::life::{Life, Outcome, Place, StandsFor};
use super::opened::{is_build, no_build, opened};
use super::rows_of::{self, Part, UNREADABLE, Wanted};
use super::show::{self, Fields};
use super::tables::on_all_cores;
use super::{Context, Format, table, ui, why_output};
use crate::output::parquet_files::open;
use crate::pipeline::publish::manifest::{FileLine, Manifest};
use crate::pipeline::trace::trace;
use crate::text::spelling::nearest;
use crate::{Error, Result};

/// Tell all of one row of a build: its place in the input, every stage's verdict, what was cut, where it went.
#[derive(Debug, Args)]
pub struct Why {
    /// A build folder.
    build: PathBuf,
    /// The row's id; of what could not be read, FILE:LINE as `corpus inspect BUILD --unreadable` shows it.
    id: String,
    /// The build's folder of finished jobs [default: BUILD/.work].
    #[arg(long)]
    work: Option<PathBuf>,
    /// Show texts whole.
    #[arg(long)]
    full: bool,
}

/// Finds a row by its id (or `FILE:LINE`), and everything about it.
///
/// # Errors
///
/// [`Error::Input`] where no row has the id; a file of the build that cannot be read.
pub(super) fn life<'m>(build: &Path, work: &Path, manifest: &'m Manifest, id: &str) -> Result<Life<'m>> {
    let (build, work) = (build.to_path_buf(), Some(work.to_path_buf()));
    Why { build, id: id.to_owned(), work, full: false }.life(manifest)
}

/// Rows that went for a row which are named.
const NAMED: usize = 5;
/// Copies of a row that are named.
const COPIES: usize = 100;

impl Why {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// [`Error::Input`] where the folder is no build, or no row has the id; a file of the build that cannot be read.
    pub fn run(mut self, context: &Context) -> Result<()> {
        self.build = opened(&self.build)?;
        if !is_build(&self.build) {
            return Err(no_build(&self.build, "corpus why builds/NAME ID"));
        }
        let (manifest, _) = manifest(&self.build)?;
        let life = self.life(&manifest)?;
        if context.format == Format::Json {
            return super::print(&format!("{}\n", why_output::json(&life)));
        }
        super::print(&why_output::text(&life, table::terminal(), self.full))?;
        self.remarks(context, &life);
        Ok(())
    }

    /// Finds the row, and everything about it.
    fn life<'m>(&self, manifest: &'m Manifest) -> Result<Life<'m>> {
        let (outcome, places) = self.places()?;
        let row = &places[0].row;
        let name = show::text(row, "source").unwrap_or_default();
        let source = manifest.sources.iter().find(|s| s.name == name);
        let work = self.work.clone().unwrap_or_else(|| self.build.join(".work"));
        // Copies that a mix makes are of one row.
        let id = base(&self.id, &places);
        let traced = match outcome {
            Outcome::Unreadable => None,
            _ => trace(manifest, &work, name, id)?,
        };
        let (mut source, mut file, mut row_in_file) = (source, None, None);
        if let Some((trace, (at, of))) = traced.as_ref().and_then(|t| Some((t, t.file?))) {
            source = manifest.sources.get(at);
            file = source.and_then(|s| s.files.get(of));
            row_in_file = Some(trace.row + 1);
        }
        let path = show::text(row, "path").map(str::to_owned).or_else(|| path_in_meta(row));
        let named = |f: &&FileLine| path.as_deref().is_some_and(|p| f.path == p || f.path.ends_with(&format!("/{p}")));
        file = file.or_else(|| source.and_then(|s| s.files.iter().find(named)));
        // A source of one file leaves no choice.
        file = file.or_else(|| source.filter(|s| s.files.len() == 1).map(|s| &s.files[0]));
        let kept = match show::text(row, "kept_id") {
            Some(kept) => find(&self.build, &["data", "dropped"], |id| id == kept, 1)?.pop(),
            None => None,
        };
        let stands_for = match outcome {
            Outcome::Kept => stands_for(&self.build, id)?,
            _ => StandsFor::default(),
        };
        let id = self.id.clone();
        Ok(Life { id, outcome, manifest, places, source, file, row_in_file, trace: traced, kept, stands_for })
    }

    /// Where the row is in the output.
    fn places(&self) -> Result<(Outcome, Vec<Place>)> {
        let copy = |id: &str| {
            let number = id.strip_prefix(&self.id).and_then(|rest| rest.strip_prefix('#'));
            id == self.id || number.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
        };
        for (kind, outcome) in [("data", Outcome::Kept), ("dropped", Outcome::Dropped)] {
            let mut places = find(&self.build, &[kind], copy, COPIES)?;
            places.sort_by_key(|p| show::text(&p.row, "id") != Some(self.id.as_str()));
            if places.first().is_some_and(|p| show::text(&p.row, "id") == Some(self.id.as_str())) {
                return Ok((outcome, places));
            }
        }
        let unreadable = self.unreadable()?;
        if !unreadable.is_empty() {
            return Ok((Outcome::Unreadable, unreadable));
        }
        let near = self.like()?;
        let folder = ui::quoted(&self.build.display().to_string());
        let hint = match near.is_empty() {
            true => format!("ids here look otherwise; see them with `corpus inspect {folder}`"),
            false => format!("there is {}", near.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ")),
        };
        Err(Error::input(
            format!("{} has no row with the id `{}`", self.build.display(), table::line(&self.id)),
            format!("{hint}; `corpus inspect {folder} --grep TEXT --all` finds rows by what they say"),
        ))
    }

    /// What could not be read at FILE:LINE.
    fn unreadable(&self) -> Result<Vec<Place>> {
        let Some((path, line)) = self.id.rsplit_once(':') else { return Ok(Vec::new()) };
        let Ok(line) = line.parse::<u64>() else { return Ok(Vec::new()) };
        let (mut all, wanted) = (Vec::new(), Wanted::default());
        for part in rows_of::parts(&self.build, &[UNREADABLE], None) {
            for file in &part.files {
                let one = part.only(file);
                let named = |row: &Fields| {
                    let there = show::text(row, "path").unwrap_or_default();
                    let same = there == path || there.ends_with(&format!("/{path}"));
                    same && row.iter().any(|f| f.0 == "line" && f.1.as_u64() == Some(line))
                };
                let rows = rows_of::each(&one, &wanted)?;
                for (at, row) in rows.enumerate() {
                    let row = row?;
                    if named(&row) {
                        all.push(Place {
                            part: part.name.clone(),
                            file: within(&self.build, file),
                            at: at as u64,
                            row,
                        });
                    }
                }
            }
        }
        Ok(all)
    }

    /// A few ids that are much like the one asked for.
    fn like(&self) -> Result<Vec<String>> {
        let mut near: Vec<String> = Vec::new();
        let mut some: Vec<String> = Vec::new();
        let like = |id: &str| id.contains(&self.id) || self.id.contains(id) && id.len() > 3;
        ids(&self.build, &["data", "dropped"], |id| {
            if near.len() < 3 && like(id) {
                near.push(id.to_owned());
            }
            if some.len() < 2_000 {
                some.push(id.to_owned());
            }
            near.len() < 3
        })?;
        if near.is_empty() {
            near.extend(nearest(&self.id, some.iter().map(String::as_str)).map(str::to_owned));
        }
        Ok(near)
    }

    /// What else can be said, and what to look at next.
    fn remarks(&self, context: &Context, life: &Life<'_>) {
        let build = ui::quoted(&self.build.display().to_string());
        if life.trace.is_none() && life.outcome != Outcome::Unreadable {
            ui::say(
                context,
                "what was measured at each stage is in the build's work folder, which is gone or elsewhere: name it with --work",
            );
        }
        let next = match (life.outcome, &life.kept) {
            (Outcome::Dropped, Some(kept)) => {
                let id = ui::quoted(show::text(&kept.row, "id").unwrap_or_default());
                format!("next: `corpus why {build} {id}`, the row that stayed")
            }
            (Outcome::Kept, _) => return,
            _ => {
                let reason = show::text(&life.places[0].row, "reason").unwrap_or_default().to_owned();
                format!("next: `corpus explain {reason}`")
            }
        };
        ui::say(context, &next);
    }
}

/// The id that a row has apart from a mix: `x` of the copy `x#2`.
fn base<'i>(id: &'i str, places: &[Place]) -> &'i str {
    let copy = id.rsplit_once('#').filter(|c| !c.1.is_empty() && c.1.bytes().all(|b| b.is_ascii_digit()));
    match copy {
        Some((base, _)) if places.iter().all(|p| p.part.starts_with("data/")) => base,
        _ => id,
    }
}

/// The file that a row of plain text names.
fn path_in_meta(row: &Fields) -> Option<String> {
    let meta: Json = serde_json::from_str(show::text(row, "meta")?).ok()?;
    ["path", "file"].iter().find_map(|key| meta.get(*key)?.as_str().map(str::to_owned))
}

/// A file's name within the build.
fn within(build: &Path, file: &Path) -> String {
    file.strip_prefix(build).unwrap_or(file).display().to_string()
}

/// Goes through the ids of some tables, until told to stop.
fn ids(build: &Path, kinds: &[&str], mut see: impl FnMut(&str) -> bool) -> Result<()> {
    let mut go_on = true;
    for file in rows_of::parts(build, kinds, None).iter().flat_map(|part| &part.files) {
        ids_of(file, |_, id| {
            go_on = see(id);
            go_on
        })?;
        if !go_on {
            break;
        }
    }
    Ok(())
}

/// Goes through the ids of a file, place and id, until told to stop.
fn ids_of(file: &Path, mut see: impl FnMut(u64, &str) -> bool) -> Result<()> {
    let reader = open(file)?;
    let mask = ProjectionMask::columns(reader.parquet_schema(), ["id"]);
    let mut at = 0;
    for batch in reader.with_projection(mask).with_batch_size(8192).build()? {
        let batch = batch?;
        let Some(column) = batch.columns().first().and_then(|c| c.as_string_opt::<i32>()) else { break };
        for id in column {
            if !see(at, id.unwrap_or_default()) {
                return Ok(());
            }
            at += 1;
        }
    }
    Ok(())
}

/// The first `most` rows of some tables whose ids fit, with their places. Files are looked through on all cores; where
/// one row is enough, no further than until some core has it.
fn find(build: &Path, kinds: &[&str], fits: impl Fn(&str) -> bool + Sync, most: usize) -> Result<Vec<Place>> {
    let parts = rows_of::parts(build, kinds, None);
    let of = |(at, part): (usize, &Part)| (0..part.files.len()).map(move |file| (at, file)).collect::<Vec<_>>();
    let files: Vec<(usize, usize)> = parts.iter().enumerate().flat_map(of).collect();
    let enough = AtomicBool::new(false);
    let found = on_all_cores(&files, Vec::new, |found: &mut Vec<(usize, usize, u64, String)>, (part, file)| {
        let before = found.len();
        ids_of(&parts[*part].files[*file], |at, id| {
            if fits(id) {
                found.push((*part, *file, at, id.to_owned()));
                enough.store(most == 1, Ordering::Relaxed);
            }
            found.len() - before < most && !enough.load(Ordering::Relaxed)
        })
    })?;
    let mut found: Vec<(usize, usize, u64, String)> = found.into_iter().flatten().collect();
    found.sort_unstable();
    found.truncate(most);
    let mut places = Vec::new();
    for (part, file, at, id) in found {
        let path = &parts[part].files[file];
        let one = parts[part].only(path);
        let row = rows_of::by_ids(&one, &[id])?.pop();
        places.extend(row.map(|row| Place { part: one.name.clone(), file: within(build, path), at, row }));
    }
    Ok(places)
}

/// Rows that went since `id` stayed.
fn stands_for(build: &Path, id: &str) -> Result<StandsFor> {
    let mut all = StandsFor::default();
    for part in rows_of::parts(build, &["dropped"], None) {
        for file in &part.files {
            let reader = open(file)?;
            let mask = ProjectionMask::columns(reader.parquet_schema(), ["id", "stage", "kept_id", "similarity"]);
            for batch in reader.with_projection(mask).with_batch_size(8192).build()? {
                let batch = batch?;
                let text = |name: &str| batch.column_by_name(name).and_then(|c| c.as_string_opt::<i32>());
                let (Some(ids), Some(stages), Some(kept)) = (text("id"), text("stage"), text("kept_id")) else {
                    continue;
                };
                let alike = batch.column_by_name("similarity").and_then(|c| c.as_primitive_opt::<Float64Type>());
                for row in (0..batch.num_rows()).filter(|row| kept.is_valid(*row) && kept.value(*row) == id) {
                    all.rows += 1;
                    if all.first.len() < NAMED {
                        let similarity = alike.filter(|a| a.is_valid(row)).map(|a| a.value(row));
                        all.first.push((ids.value(row).to_owned(), stages.value(row).to_owned(), similarity));
                    }
                }
            }
        }
    }
    Ok(all)
}
