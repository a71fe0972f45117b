//! A pass over all rows on one machine: what it asks for is read by plans of the engine, and what it gives back is
//! collected by unit.

mod elsewhere;

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::UInt64Type;
use datafusion_physical_plan::ExecutionPlan;
use futures::StreamExt;
use tokio::runtime::Handle;

use super::cuts::write_cuts;
use super::drops::{self, Buckets, from_record, to_record};
use crate::disk::sync_folder;
use crate::engine::functions::Kernel;
use crate::engine::functions::ids::IdsKernel;
use crate::engine::functions::repeated::Seen;
use crate::engine::functions::rows::column_name;
use crate::engine::plan::{self, Plan};
use crate::engine::session::{NARROW_ROWS, TEXT_ROWS};
use crate::engine::sink::unit_file;
use crate::engine::{in_order, side_by_side};
use crate::output::parquet_file::settle;
use crate::pipeline::inputs::SourceInput;
use crate::pipeline::jobs::Job;
use crate::pipeline::plan::folders::Folders;
use crate::pipeline::plan::planner::Plans;
use crate::pipeline::plan::stage_plan::PlannedStage;
use crate::pipeline::{Build, Progress, Scanned};
use crate::rows::batch::Batch;
use crate::spill::{Space, scratch};
use crate::stages::global::{Drop, Fed, GlobalContext, GlobalPass, Part, PassProgress, SortedRows, SourceRows};
use crate::stages::resources::Resource;
use crate::{Error, Result};

/// The share of the build's memory, one in so many, for what is noted of keys while those are found that repeat.
const KEYS: u64 = 8;
/// The folder of a job's sizes, by unit.
pub const SIZES: &str = "sizes";
/// The folder of rows that are held out, by unit.
pub const SPLITS: &str = "splits";
/// The folder of a job's cuts, by unit.
pub const CUTS: &str = "cuts";

/// The file that a pass leaves in the folder of its job.
pub fn artifact(job: &Job) -> PathBuf {
    job.folder.join("index").join("rows.parquet")
}

/// The file of links that a pass found, if it found any: pairs of row keys, 8 bytes each.
pub fn linked(job: &Job) -> Option<PathBuf> {
    let path = job.folder.join(LINKS);
    path.is_file().then_some(path)
}

/// The name of that file.
pub const LINKS: &str = "links";

/// What a pass is offered.
struct PassContext<'a> {
    build: &'a Build<'a>,
    plans: &'a Plans<'a>,
    scanned: &'a Scanned,
    at: Folders<'a>,
    stage: &'a PlannedStage,
    job: &'a Job,
    sources: Vec<SourceRows>,
    ids: IdsKernel,
    drops: RefCell<Buckets>,
    cuts: RefCell<Buckets>,
    /// Links of the passes before.
    links: &'a [PathBuf],
    /// Those that this one finds.
    found: RefCell<Option<BufWriter<File>>>,
    /// How many parts were handed to others.
    handed: Cell<u64>,
}

/// Makes the folders that a pass fills.
fn begin(job: &Job, pass: &dyn GlobalPass) -> Result<()> {
    let folders = [(pass.counts(), SIZES), (pass.splits(), SPLITS)].into_iter().filter(|of| of.0);
    folders.map(|(_, name)| job.folder.join(name)).try_for_each(|folder| scratch(&folder))
}

impl Build<'_> {
    /// Runs the pass of a stage, if its job is not done; writes its drops after those before, and what it cuts. One does it
    /// for all who share the build.
    pub(crate) async fn global(
        &self,
        plans: &Plans<'_>,
        scanned: &Scanned,
        (repeats, before, links): (Option<&Job>, Option<&Job>, &[PathBuf]),
        (stage, pass): (&PlannedStage, &dyn GlobalPass),
        job: &Job,
    ) -> Result<()> {
        let units: Vec<usize> = scanned.units.concat();
        let left = || pass.leaves(&stage.name).is_none() || artifact(job).is_file();
        let done = || units.iter().all(|u| job.has(*u)) && left();
        let Some(turn) = self.turn(&job.folder.join("pass"), done).await? else {
            self.progress.phase("Comparing", 0);
            self.progress.done(&format!("{}: reused", stage.name));
            return Ok(());
        };
        self.log.line(job, 0, "start");
        // What is under way lies apart, and nobody else writes there.
        let (whole, job) = (job, &Job { folder: turn.folder(&job.folder)?, ..job.clone() });
        let folder = |name: &str| job.folder.join(name);
        begin(job, pass)?;
        let context = PassContext {
            build: self,
            plans,
            scanned,
            at: scanned.folders(repeats, before),
            stage,
            job,
            sources: sources(plans, scanned, stage),
            ids: IdsKernel::new(scanned.ids.clone())?,
            drops: RefCell::new(Buckets::new(folder("drops"))?),
            cuts: RefCell::new(Buckets::new(folder("found"))?),
            links,
            found: RefCell::new(None),
            handed: Cell::new(0),
        };
        // The pass blocks: the thread that runs it drives the plans that it asks for.
        tokio::task::block_in_place(|| pass.run(&context))?;
        context.end_links()?;
        let found = (context.drops.into_inner(), context.cuts.into_inner());
        self.write_found(stage, (before, job), &units, found)?;
        for name in ["work", "drops", "found"] {
            let _ = std::fs::remove_dir_all(folder(name));
        }
        turn.check()?;
        move_outputs(&job.folder, &whole.folder)?;
        turn.hand(|| outputs(&whole.folder))?;
        self.log.line(job, 0, "done");
        Ok(())
    }

    /// Writes what a pass found, drops and cuts, unit by unit, side by side.
    fn write_found(
        &self,
        stage: &PlannedStage,
        (before, job): (Option<&Job>, &Job),
        units: &[usize],
        found: (Buckets, Buckets),
    ) -> Result<()> {
        let (found, folder) = (Mutex::new(found), |name: &str| job.folder.join(name));
        if stage.cuts_late() {
            std::fs::create_dir_all(folder(CUTS)).map_err(Error::io(folder(CUTS)))?;
        }
        let space = self.all_threads(&folder("work"), 0);
        let space = Space { threads: self.session.at_once(), ..space };
        let write = |at: usize| write_unit(units[at], &found, before, stage, job);
        tokio::task::block_in_place(|| space.side_by_side(units.len(), write)).map(drop)
    }
}

/// Writes what a pass found of a unit, drops and cuts, behind the drops of the job `before`.
fn write_unit(
    unit: usize,
    found: &Mutex<(Buckets, Buckets)>,
    before: Option<&Job>,
    stage: &PlannedStage,
    job: &Job,
) -> Result<()> {
    let (drops, cuts) = {
        let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
        (found.0.part(unit), found.1.part(unit))
    };
    let drop = |(ord, record): (u64, Vec<u8>)| from_record(&stage.name, ord, &record);
    if stage.cuts_late() {
        let cuts: Vec<_> = cuts.read()?.into_iter().map(drop).collect();
        write_cuts(&job.cuts(unit), stage.number, &cuts)?;
    }
    let mut all = match before {
        Some(before) => drops::read_drops(&before.unit(unit))?,
        None => Vec::new(),
    };
    all.extend(drops.read()?.into_iter().map(drop));
    all.sort_by_key(|d| d.ord);
    drops::write_drops(&job.unit(unit), &all)
}

/// Puts what a pass has written into the folder of its job: drops by unit last, since they tell that all is there.
fn move_outputs(from: &Path, to: &Path) -> Result<()> {
    let entries = std::fs::read_dir(from).map_err(Error::io(from))?.flatten().map(|entry| entry.path());
    let is_unit = |path: &Path| path.is_file() && path.extension().is_some_and(|end| end == "parquet");
    let (mut units, beside): (Vec<PathBuf>, Vec<PathBuf>) = entries.partition(|path| is_unit(path));
    units.sort();
    for path in beside.into_iter().chain(units) {
        let place = to.join(path.file_name().unwrap_or_default());
        if place.is_dir() {
            std::fs::remove_dir_all(&place).map_err(Error::io(&place))?;
        }
        std::fs::rename(&path, &place).map_err(Error::io(&place))?;
    }
    sync_folder(to).map_err(Error::io(to))?;
    std::fs::remove_dir(from).map_err(Error::io(from))
}

/// All that a pass has written into the folder of its job.
fn outputs(folder: &Path) -> Vec<PathBuf> {
    let all = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().flatten();
    let files = all.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path);
    files.filter(|path| path.extension().is_none_or(|end| end != "tmp")).collect()
}

/// The sources that the stage applies to and that have rows, in order.
fn sources(plans: &Plans<'_>, scanned: &Scanned, stage: &PlannedStage) -> Vec<SourceRows> {
    let all = plans.inputs.sources.iter().zip(&scanned.units).enumerate();
    all.filter(|(_, (s, units))| stage.applies(s) && !units.is_empty())
        .map(|(number, (s, units))| SourceRows {
            number,
            name: s.source.name.clone(),
            usage: s.usage,
            priority: s.source.priority,
            units: units.clone(),
        })
        .collect()
}

impl PassContext<'_> {
    fn input(&self, source: &SourceRows) -> &SourceInput {
        &self.plans.inputs.sources[source.number]
    }

    /// Runs a plan whose partitions follow one another, a batch at a time.
    fn in_order(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        rows: usize,
        each: &mut dyn FnMut(&RecordBatch) -> Result<()>,
    ) -> Result<()> {
        Handle::current().block_on(in_order(&self.build.session, self.build.seen(plan), rows, each))
    }

    /// The plan of a sort by this process.
    fn sorted_here(&self, sort: &SortedRows<'_>) -> Result<Plan> {
        let sources: Vec<&SourceInput> = self.sources.iter().map(|s| self.input(s)).collect();
        let session = &self.build.session;
        let units: Vec<usize> = self.sources.iter().flat_map(|source| source.units.iter().copied()).collect();
        // Few rows have a partner: only these are sorted.
        let seen = Arc::new(Seen::new(self.rows(), self.build.options.memory / KEYS));
        let plan = self.build.seen(self.plans.keys(sort.key, &units, &self.at)?);
        let add = seen.clone();
        Handle::current().block_on(side_by_side(session, plan, NARROW_ROWS, move |batch| add.add(batch)))?;
        let seen = Arc::into_inner(seen).ok_or_else(|| Error::Engine("a worker goes on".into()))?;
        let folder = self.job.folder.join("work");
        scratch(&folder)?;
        let repeated = seen.write(&folder.join("repeated"))?;
        self.plans.sorted(sort, &sources, &self.scanned.units, &self.at, (&repeated, session.at_once()))
    }

    /// Gives the links that were found their name.
    fn end_links(&self) -> Result<()> {
        let Some(file) = self.found.borrow_mut().take() else { return Ok(()) };
        let path = self.job.folder.join(LINKS);
        let file = file.into_inner().map_err(|e| Error::io(&path)(e.into_error()))?;
        settle(file, &path.with_extension("tmp"), &path)
    }
}

impl GlobalContext for PassContext<'_> {
    fn stage(&self) -> &str {
        &self.stage.name
    }

    fn files(&self) -> &[Resource] {
        &self.stage.files
    }

    fn sources(&self) -> &[SourceRows] {
        &self.sources
    }

    fn rows(&self) -> u64 {
        self.scanned.rows.iter().sum()
    }

    fn own(&self, column: &str) -> String {
        column_name(column, self.stage.number)
    }

    fn signal(&self, source: &SourceRows, signal: &str) -> Option<String> {
        self.plans.chain.column(self.input(source), signal, self.stage.number).map(|c| c.0)
    }

    fn scan(
        &self,
        source: &SourceRows,
        units: &[usize],
        columns: &[&str],
        each: &mut dyn FnMut(&RecordBatch) -> Result<()>,
    ) -> Result<()> {
        let rows = self.plans.still_there(self.input(source), units, &self.at, columns, false)?;
        self.in_order(plan::select(rows, columns)?, NARROW_ROWS, each)
    }

    fn sorted(&self, sort: &SortedRows<'_>, each: &mut dyn FnMut(&RecordBatch) -> Result<()>) -> Result<()> {
        if self.sources.is_empty() {
            return Ok(());
        }
        let (session, handle) = (&self.build.session, Handle::current());
        let plan = match self.build.executors() {
            Some(_) => handle.block_on(self.sorted_elsewhere(sort))?,
            None => self.sorted_here(sort)?,
        };
        let mut rows = self.build.seen(plan).execute(0, session.context(NARROW_ROWS))?;
        handle.block_on(async {
            while let Some(batch) = rows.next().await {
                self.check()?;
                each(&batch?)?;
            }
            Ok(())
        })
    }

    fn texts(
        &self,
        source: &SourceRows,
        wanted: &[(usize, Vec<u64>)],
        each: &mut dyn FnMut(&Batch<'_>, usize) -> Result<()>,
    ) -> Result<()> {
        let input = self.input(source);
        let staged = self.plans.is_staged(self.stage, input);
        if !staged {
            crate::pipeline::inputs::group::make_readable(&input.files, self.build.session.threads)?;
        }
        let elsewhere = if staged { None } else { self.texts_elsewhere(input, wanted)? };
        let plan = match &elsewhere {
            Some(texts) => texts.plan()?,
            None => self.plans.texts(self.stage, input, (wanted, false), &self.at)?,
        };
        let mut wanted = wanted.iter().flat_map(|(_, ords)| ords).peekable();
        let rows = if staged { TEXT_ROWS } else { NARROW_ROWS };
        self.in_order(plan, rows, &mut |batch| {
            let content = Batch::new(source.usage, &batch.columns()[1..], batch.num_rows())?;
            for (row, ord) in batch.column(0).as_primitive::<UInt64Type>().values().iter().enumerate() {
                if wanted.next_if_eq(&ord).is_some() {
                    each(&content, row)?;
                }
            }
            Ok(())
        })?;
        match wanted.next() {
            None => Ok(()),
            Some(ord) => Err(Error::Engine(format!("row {ord:x} was not read again"))),
        }
    }

    fn has_own_ids(&self) -> bool {
        self.scanned.own_ids
    }

    fn ids(&self, source: &SourceRows, each: &mut dyn FnMut(&RecordBatch) -> Result<()>) -> Result<()> {
        self.in_order(self.plans.final_ids(self.input(source), &source.units, &self.at)?, NARROW_ROWS, each)
    }

    fn kept_id(&self, ord: u64, own: Option<(&str, i64)>) -> Result<String> {
        Ok(match own {
            Some((id, 0)) => id.to_owned(),
            Some((id, repeat)) => format!("{id}~{repeat}"),
            None => self.ids.generated(ord),
        })
    }

    fn units(&self) -> Vec<usize> {
        self.scanned.units.concat()
    }

    fn unit_of(&self, ord: u64) -> usize {
        self.build.unit_of(self.plans.inputs, ord)
    }

    fn unit_end(&self, unit: usize) -> u64 {
        (self.plans.inputs.units[unit].pieces.end as u64) << 32
    }

    fn space(&self, share: f64) -> Result<Space> {
        let budget = (self.build.options.memory as f64 * share) as usize;
        let space = self.build.all_threads(&self.job.folder.join("work"), budget);
        scratch(&space.folder)?;
        Ok(space)
    }

    fn elsewhere(&self) -> usize {
        self.threads_elsewhere()
    }

    fn parts(&self, folder: &Path, parts: &[Part]) -> Result<()> {
        self.parts_elsewhere(folder, parts)
    }

    fn fed(&self, folder: &Path, columns: &[&str], parts: &[Fed]) -> Result<()> {
        self.fed_elsewhere(folder, columns, parts)
    }

    fn fed_texts(&self, folder: &Path, parts: &[(Fed, Vec<Vec<u64>>)]) -> Result<()> {
        self.fed_texts_elsewhere(folder, parts)
    }

    fn drop_row(&self, drop: Drop) -> Result<()> {
        self.drops.borrow_mut().add(self.unit_of(drop.ord), drop.ord, to_record(&drop))
    }

    fn drop_rows(&self, parts: usize, made: &(dyn Fn(usize) -> Result<Vec<Drop>> + Sync)) -> Result<()> {
        let records = |part| -> Result<Vec<_>> {
            let drops: Vec<Drop> = made(part)?;
            Ok(drops.iter().map(|drop| (drop.ord, to_record(drop))).collect())
        };
        let mut drops = self.drops.borrow_mut();
        let lists = self.build.all_threads(&self.job.folder, 0).side_by_side(parts, records)?;
        lists.into_iter().flatten().try_for_each(|(ord, record)| drops.add(self.unit_of(ord), ord, record))
    }

    fn cut_row(&self, ord: u64, spans: Vec<(usize, usize)>) -> Result<()> {
        let cut = Drop { ord, spans, ..Drop::default() };
        self.cuts.borrow_mut().add(self.unit_of(ord), ord, to_record(&cut))
    }

    fn sizes(&self, unit: usize, sizes: &[(u64, i64)]) -> Result<()> {
        let folder: &Path = &self.job.folder.join(SIZES);
        drops::write_numbers(&unit_file(folder, unit as u64), drops::sizes_schema(), sizes)
    }

    fn link(&self, a: u64, b: u64) -> Result<()> {
        let path = self.job.folder.join(LINKS).with_extension("tmp");
        let mut found = self.found.borrow_mut();
        let file = match found.as_mut() {
            Some(file) => file,
            None => found.insert(BufWriter::new(File::create(&path).map_err(Error::io(&path))?)),
        };
        file.write_all(&[a.to_le_bytes(), b.to_le_bytes()].concat()).map_err(Error::io(&path))
    }

    fn links(&self, each: &mut dyn FnMut(u64, u64) -> Result<()>) -> Result<()> {
        for path in self.links {
            let mut file = BufReader::new(File::open(path).map_err(Error::io(path))?);
            let mut pair = [0; 16];
            while !file.fill_buf().map_err(Error::io(path))?.is_empty() {
                file.read_exact(&mut pair).map_err(Error::io(path))?;
                let word = |at: usize| u64::from_le_bytes(pair[at..at + 8].try_into().unwrap_or_default());
                each(word(0), word(8))?;
            }
        }
        Ok(())
    }

    fn held_out(&self, unit: usize, rows: &[(u64, i64)]) -> Result<()> {
        let folder: &Path = &self.job.folder.join(SPLITS);
        drops::write_numbers(&unit_file(folder, unit as u64), drops::splits_schema(), rows)
    }

    fn artifact(&self) -> PathBuf {
        artifact(self.job)
    }

    fn progress(&self) -> &dyn PassProgress {
        self
    }

    fn check(&self) -> Result<()> {
        if self.build.session.stopped() { Err(Error::Interrupted) } else { Ok(()) }
    }
}

impl PassProgress for PassContext<'_> {
    fn phase(&self, name: &str, total: u64) {
        Progress::phase(self.build.progress, name, total);
    }

    fn advance(&self, steps: u64) {
        Progress::advance(self.build.progress, steps);
    }

    fn done(&self, summary: &str) {
        Progress::done(self.build.progress, summary);
    }
}
