//! The stages of a recipe in their places: which columns each reads and writes, and what is decided in which order.

use std::ops::Range;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::resources;
use crate::Result;
use crate::engine::functions::judge::{Ask, Decision, JudgeSpec};
use crate::engine::functions::rows::{RowsSpec, StepSpec, column_name};
use crate::pipeline::inputs::{Inputs, SourceInput};
use crate::recipe::{Mix, Only, Recipe};
use crate::rows::column::{CLUSTER_SIZE, Kind};
use crate::rows::{LANGUAGE, Use};
use crate::stages::clause::Clause;
use crate::stages::global::GlobalPass;
use crate::stages::percentile::{Per, Percentile};
use crate::stages::resolved::Resolved;
use crate::stages::resources::Resource;
use crate::stages::{CUT, Column, Effect, Reads, Shown, Stage, Wish};

/// Columns that a judgement reads at most if those behind it are to be asked in the same pass.
const WIDE: usize = 16;

/// A stage in its place.
pub struct PlannedStage {
    /// Its place: columns that it adds are called `signal@number`.
    pub number: usize,
    /// Its name in the recipe; empty for a measuring that was put in since a `keep` needs it.
    pub name: String,
    /// Which rows it applies to.
    pub only: Only,
    /// What it is, and its options.
    pub resolved: Resolved,
    /// Files that it reads.
    pub files: Vec<Resource>,
    /// Whether what it would measure is read nowhere, since the text changes first and it is measured again: it is not
    /// run.
    pub idle: bool,
}

impl PlannedStage {
    /// The stage.
    pub fn stage(&self) -> &Arc<dyn Stage> {
        &self.resolved.stage
    }

    /// The word that it is called by.
    pub fn run(&self) -> &'static str {
        self.resolved.run()
    }

    /// Its pass over all rows.
    pub fn pass(&self) -> Option<&dyn GlobalPass> {
        self.stage().global()
    }

    /// Whether the stage looks at the rows of a source at all.
    pub fn applies(&self, source: &SourceInput) -> bool {
        (self.only.usage.is_empty() || self.only.usage.contains(&source.usage))
            && (self.only.source.is_empty()
                || [&source.source.name, &source.source.label].iter().any(|n| self.only.source.contains(n)))
    }

    /// What its results depend on beside the rows.
    pub fn identity(&self) -> Json {
        let files: Vec<Json> = self.files.iter().map(Resource::identity).collect();
        json!([self.name, self.number, self.run(), self.only, self.resolved.options, files])
    }

    /// The same without its name and place.
    pub fn content(&self) -> Json {
        let files: Vec<Json> = self.files.iter().map(Resource::identity).collect();
        json!([self.run(), self.only, self.resolved.options, files])
    }

    /// Whether the stage changes text.
    pub fn changes_text(&self) -> bool {
        self.stage().effect() != Effect::None
    }

    /// Whether the stage takes out of texts what only all rows together tell.
    pub fn cuts_late(&self) -> bool {
        matches!(self.stage().effect(), Effect::CutsLate { .. })
    }

    /// Whether it decides which rows stay.
    pub fn decides(&self) -> bool {
        self.judges() || self.pass().is_some() || self.stage().order().is_some()
    }

    /// Whether rows are judged one by one.
    fn judges(&self) -> bool {
        self.stage().reads().is_some()
    }

    /// The columns that it adds.
    fn columns(&self) -> Vec<Column> {
        if self.idle { Vec::new() } else { self.stage().columns() }
    }

    pub(super) fn signals(&self) -> impl Iterator<Item = Column> {
        self.columns().into_iter().filter(Column::is_signal)
    }

    pub(super) fn measures(&self, signal: &str) -> bool {
        self.signals().any(|s| s.name == signal)
    }

    /// Whether it measures text (and does not hand on what the source says).
    pub(super) fn measures_text(&self) -> bool {
        self.stage().of_text() && self.stage().columns().iter().any(Column::is_signal)
    }

    /// The signals that it judges by.
    fn judges_by(&self) -> Vec<String> {
        let signal = |reads| match reads {
            Reads::Signal(signal) => Some(signal),
            Reads::Own(_) | Reads::Id => None,
        };
        self.stage().reads().unwrap_or_default().into_iter().filter_map(signal).collect()
    }

    /// Whether it decides by a signal, or by a language which is one.
    pub(super) fn reads(&self, signal: &str) -> bool {
        let by_language = signal == LANGUAGE && !self.only.language.is_empty();
        by_language
            || self.stage().chooses_by().as_deref() == Some(signal)
            || self.judges_by().iter().any(|by| by == signal)
    }

    /// The percentiles of the corpus that it judges by.
    pub fn percentiles(&self) -> Vec<Percentile> {
        Clause::of(self.stage().rules()).percentiles()
    }

    /// Whether it ends the measuring of rows within the scan.
    pub(super) fn stops_measuring(&self) -> bool {
        self.stage().works() && self.judges() && self.stage().columns().is_empty()
    }

    /// The column that says how much it cut out of a row, if it cuts.
    fn cut_column(&self) -> Option<String> {
        let cuts = matches!(self.stage().effect(), Effect::Cuts | Effect::CutsLate { .. });
        cuts.then(|| column_name(CUT, self.number))
    }
}

/// How somebody who reads signals has them measured.
pub(super) enum Measured {
    /// As it wishes.
    As(Wish),
    /// As the recipe has them measured, and plainly where it says nothing.
    AsWritten,
    /// As they were measured last: to be shown.
    AsLast,
}

impl Measured {
    /// The wish, where there is one.
    pub(super) fn wished(wish: Option<Wish>) -> Self {
        wish.map_or(Measured::AsWritten, Measured::As)
    }
}

/// All stages in order.
pub struct StagePlan {
    /// The stages, measurings that were put in among them.
    pub stages: Vec<PlannedStage>,
    /// How the sources are mixed, if they are: the last decision.
    pub mix: Option<Mix>,
}

/// What is decided in one go.
pub enum Decide<'a> {
    /// Row by row, on narrow columns; after the cuts of a stage, which rows they leave nothing of.
    Judge(Vec<&'a PlannedStage>),
    /// By a pass over all rows.
    Global(&'a PlannedStage, &'a dyn GlobalPass),
    /// By the shares of the sources.
    Mix(Mix),
}

impl StagePlan {
    /// Resolves the stages of a recipe.
    ///
    /// # Errors
    /// A stage that cannot be built, or whose files are not there.
    pub fn new(recipe: &Recipe) -> Result<Self> {
        let mut plan = StagePlan { stages: Vec::new(), mix: recipe.mix };
        for step in &recipe.stages {
            let resolved = Resolved::new(&step.run, &step.options)?;
            let files = resources::files(recipe, step, &resolved)?;
            let stage = PlannedStage {
                number: 0,
                name: step.name.clone(),
                only: step.only.clone(),
                resolved,
                files,
                idle: false,
            };
            plan.measure_first(&stage.judges_by(), &Measured::wished(stage.stage().wishes()))?;
            plan.measure_first(stage.stage().chooses_by().as_slice(), &Measured::AsWritten)?;
            plan.push(stage);
        }
        let fixed = plan.every_signal(|s| matches!(s.shown, Shown::Always | Shown::Row));
        let wanted: Vec<String> = match &recipe.output.signals {
            Some(names) => names.iter().cloned().chain(fixed).collect(),
            None => plan.decided_by().into_iter().chain(fixed).collect(),
        };
        plan.measure_first(&wanted, &Measured::AsLast)?;
        plan.rest();
        plan.narrow(&wanted)?;
        Ok(plan)
    }

    /// Makes sure that what the stages need is there, and can be read; says what it is.
    ///
    /// # Errors
    /// As of [`resources::open`].
    pub fn open(&self, recipe: &Recipe, mut said: impl FnMut(&str)) -> Result<()> {
        for stage in &self.stages {
            let step = recipe.stages.iter().find(|s| s.name == stage.name);
            for line in resources::open(&stage.name, &stage.resolved, &stage.files, step)? {
                said(&format!("{}: {line}", stage.name));
            }
        }
        Ok(())
    }

    /// Names of the signals that are measured and are so shown.
    fn every_signal(&self, shown: impl Fn(&Column) -> bool) -> Vec<String> {
        let signals = self.stages.iter().flat_map(PlannedStage::signals);
        signals.filter(|s| shown(s)).map(|s| s.name.into_owned()).collect()
    }

    /// Signals that the recipe decides by.
    fn decided_by(&self) -> Vec<String> {
        self.stages.iter().flat_map(PlannedStage::judges_by).collect()
    }

    pub(super) fn push(&mut self, mut stage: PlannedStage) {
        stage.number = self.stages.len();
        self.stages.push(stage);
    }

    /// Decides which sources' text is written down: what costs more than a copy is not done twice.
    pub fn stage(&self, inputs: &mut Inputs) {
        let copies = self.stages.iter().any(|l| !l.idle && l.stage().is_costly());
        inputs.sources.iter_mut().for_each(|s| s.staged |= copies);
    }

    /// The row-wise work for a source.
    pub fn rows(&self, source: &SourceInput, content: bool, signals: bool) -> RowsSpec {
        // What changes the text of some languages only must know the language, however often the text is read.
        let by_language = |l: &&PlannedStage| !l.only.language.is_empty() && l.changes_text() && l.applies(source);
        let last = self.stages.iter().filter(by_language).map(|l| l.number).max();
        let steps = self
            .stages
            .iter()
            .filter(|l| l.applies(source) && !l.idle && l.stage().works())
            .filter(|l| {
                signals || l.changes_text() || (l.measures(LANGUAGE) && last.is_some_and(|last| l.number < last))
            })
            .map(|l| StepSpec {
                number: l.number,
                stage: l.resolved.clone(),
                languages: l.only.language.clone(),
                files: l.files.iter().filter(|file| file.for_rows).cloned().collect(),
            })
            .collect();
        let language = source.source.language.clone();
        RowsSpec { usage: source.usage, language, steps, content, signals, cuts: Vec::new(), places: Vec::new() }
    }

    /// The row-wise work that leaves the text of a source as stage `before` finds it.
    pub fn rows_before(&self, source: &SourceInput, before: usize) -> RowsSpec {
        let mut spec = self.rows(source, true, false);
        spec.steps.retain(|s| s.number < before);
        spec
    }

    /// Whether any of the stages with these numbers changes the text of a source.
    pub fn cleans(&self, source: &SourceInput, numbers: Range<usize>) -> bool {
        let cleans = |l: &PlannedStage| l.changes_text() && l.applies(source);
        self.stages.iter().any(|l| numbers.contains(&l.number) && cleans(l))
    }

    /// The stages that cut text of a source, each with the column that says how much.
    pub fn cutting(&self, source: &SourceInput) -> Vec<(String, String)> {
        let stages = self.stages.iter().filter(|l| l.applies(source));
        stages.filter_map(|l| Some((l.name.clone(), l.cut_column()?))).collect()
    }

    /// The column (and type) of `signal` as it stands before stage `before`, for a source.
    pub fn column(&self, source: &SourceInput, signal: &str, before: usize) -> Option<(String, Kind)> {
        let stages = self.stages.iter().filter(|l| l.number < before && l.applies(source));
        stages
            .flat_map(|l| l.signals().map(move |s| (l.number, s)))
            .filter(|(_, s)| s.name == signal)
            .last()
            .map(|(number, s)| (column_name(signal, number), s.kind))
    }

    /// The stage that measures `signal` last for a source: of the text that comes out.
    pub fn last_measuring(&self, source: &SourceInput, signal: &str) -> Option<&PlannedStage> {
        self.stages.iter().rev().find(|l| l.applies(source) && l.measures(signal))
    }

    /// The column of `signal` that this stage adds.
    pub fn last_column(&self, source: &SourceInput, signal: &str) -> Option<String> {
        self.last_measuring(source, signal).map(|l| column_name(signal, l.number))
    }

    /// The columns of `signal` for a source, the last first: where the last is null, since a stage had measuring end for
    /// rows that go, the one before says what was known.
    pub fn all_columns(&self, source: &SourceInput, signal: &str) -> Vec<String> {
        let stages = self.stages.iter().rev().filter(|l| l.applies(source) && l.measures(signal));
        stages.map(|l| column_name(signal, l.number)).collect()
    }

    /// The type of a signal, where any stage measures it.
    pub fn kind(&self, signal: &str) -> Option<Kind> {
        self.stages.iter().flat_map(PlannedStage::signals).find(|s| s.name == signal).map(|s| s.kind)
    }

    /// What is decided, in order. It begins with a judgement: rows that are unreadable, set aside or empty go first.
    pub fn decisions(&self) -> Vec<Decide<'_>> {
        let mut all = vec![Decide::Judge(Vec::new())];
        let wide = |of: &&PlannedStage| of.stage().reads().is_some_and(|reads| reads.len() > WIDE);
        for stage in &self.stages {
            if stage.judges() {
                match all.last_mut() {
                    // Percentiles are of what the stages before have left.
                    // What reads much is not asked again for another limit of a stage behind it.
                    Some(Decide::Judge(before))
                        if stage.percentiles().is_empty() && !before.last().is_some_and(wide) =>
                    {
                        before.push(stage);
                    }
                    _ => all.push(Decide::Judge(vec![stage])),
                }
            }
            all.extend(stage.pass().filter(|pass| !pass.splits()).map(|pass| Decide::Global(stage, pass)));
            // Then rows of which nothing is left.
            all.extend(stage.cuts_late().then(|| Decide::Judge(vec![stage])));
        }
        all.extend(self.mix.map(Decide::Mix));
        // What is held out is held out of what is kept.
        let splits = self.stages.iter().filter_map(|stage| Some((stage, stage.pass()?)));
        all.extend(splits.filter(|(_, pass)| pass.splits()).map(|(stage, pass)| Decide::Global(stage, pass)));
        all
    }

    /// The seed of the order of a use's kept rows, where they do not stay as they came.
    pub fn shuffle(&self, usage: Use) -> Option<u64> {
        let mine = |l: &&PlannedStage| l.only.usage.is_empty() || l.only.usage.contains(&usage);
        self.stages.iter().filter(mine).find_map(|l| l.stage().order())
    }

    /// A judgement over the rows of one source, and the columns that it reads, in the order of its arguments.
    pub fn judge(&self, source: &SourceInput, stages: &[&PlannedStage], first: bool) -> (JudgeSpec, Vec<String>) {
        let mut columns: Vec<String> = Vec::new();
        let mut place = |column: String| {
            columns.iter().position(|c| *c == column).unwrap_or_else(|| {
                columns.push(column);
                columns.len() - 1
            })
        };
        let mut decisions = Vec::new();
        let mut language = None;
        let signal = |name: &str, before| self.column(source, name, before).map(|c| c.0);
        for stage in stages.iter().filter(|l| l.applies(source)) {
            if !stage.only.language.is_empty() || stage.percentiles().iter().any(|p| p.per == Some(Per::Language)) {
                language = signal(LANGUAGE, stage.number).map(&mut place);
            }
            let ask = match (stage.stage().reads(), stage.stage().effect()) {
                (Some(reads), _) => {
                    let column = |reads: Reads| match reads {
                        Reads::Signal(name) => signal(&name, stage.number),
                        Reads::Own(name) => Some(column_name(name, stage.number)),
                        Reads::Id => None,
                    };
                    let reads = reads.into_iter().map(|r| column(r).map(&mut place)).collect();
                    Ask::Stage(stage.resolved.clone(), reads, stage.files.clone())
                }
                (None, Effect::CutsLate { reason, limit }) => Ask::Emptied(reason.into(), limit),
                _ => continue,
            };
            let cut = stage.cut_column().map(&mut place);
            let (languages, found) = (stage.only.language.clone(), Vec::new());
            decisions.push(Decision { stage: stage.name.clone(), languages, cut, found, ask });
        }
        let format = source.files.first().map_or_else(String::new, |f| f.layout.container.clone());
        let spec = JudgeSpec { first, format, decisions, language, stated: source.source.language.clone() };
        (spec, columns)
    }

    /// Whether some of the kept rows are held out of training.
    pub fn splits(&self) -> bool {
        self.stages.iter().any(|l| l.pass().is_some_and(GlobalPass::splits))
    }

    /// Whether the rows of `data/` say how many they stand for.
    pub fn sized(&self) -> bool {
        self.stages.iter().any(|l| l.pass().is_some_and(GlobalPass::counts))
    }

    /// The signals in `data/`: those that the recipe lists, else those that it decides by, and those that are always
    /// written. What is a column of every row anyway is none.
    pub fn output_signals(&self, recipe: &Recipe) -> Vec<(String, Kind)> {
        let mut names: Vec<String> = match &recipe.output.signals {
            Some(names) => names.clone(),
            None => self.decided_by(),
        };
        names.extend(self.every_signal(|s| s.shown == Shown::Always));
        let fixed = self.every_signal(|s| matches!(s.shown, Shown::Row | Shown::Source));
        let mut signals: Vec<(String, Kind)> = Vec::new();
        for name in names {
            if fixed.contains(&name) || signals.iter().any(|s| s.0 == name) {
                continue;
            }
            signals.extend(self.kind(&name).map(|kind| (name, kind)));
        }
        signals.extend(self.sized().then(|| (CLUSTER_SIZE.to_owned(), Kind::Int)));
        signals
    }
}
