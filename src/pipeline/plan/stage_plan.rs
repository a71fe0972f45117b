//! The stages of a recipe, resolved: which columns each reads and writes, and what is decided in which order.

use std::ops::Range;

use serde_json::{Value as Json, json};

use super::resources;
use crate::engine::functions::block::{self, BlockAsk};
use crate::engine::functions::given::Given;
use crate::engine::functions::judge::{Ask, Decision, JudgeSpec, OverlapAsk, SignalType};
use crate::engine::functions::overlap;
use crate::engine::functions::rows::{RowsSpec, StepSpec};
use crate::pipeline::inputs::{Inputs, SourceInput};
use crate::pipeline::run::near::how::How;
use crate::recipe::{Mix, Only, Recipe};
use crate::rows::Use;
use crate::rows::spans;
use crate::stages::decontaminate::Action;
use crate::stages::exact_dedup::ExactDedup;
use crate::stages::line_dedup::LineDedup;
use crate::stages::margin::MARGIN;
use crate::stages::near_dedup::CLUSTER_SIZE;
use crate::stages::shuffle::Shuffle;
use crate::stages::substring_dedup::SubstringDedup;
use crate::stages::words::WORDS;
use crate::stages::{self, Kind, Signal, Stage};
use crate::{Error, Result};

/// A stage in its place.
pub struct Link {
    /// Its place: columns that it adds are called `signal@number`.
    pub number: usize,
    /// Its name in the recipe; empty for a measuring that was put in since a `keep` needs it.
    pub name: String,
    /// The stage's word.
    pub run: String,
    /// Which rows it applies to.
    pub only: Only,
    /// Its options.
    pub options: Json,
    /// What it is.
    pub stage: Stage,
    /// Files that it reads.
    pub files: Vec<Given>,
    /// Whether what it would measure is read nowhere, since the text changes first and it is measured again: it is not
    /// run.
    pub idle: bool,
}

impl Link {
    /// Whether the stage looks at the rows of a source at all.
    pub fn applies(&self, source: &SourceInput) -> bool {
        (self.only.usage.is_empty() || self.only.usage.contains(&source.usage))
            && (self.only.source.is_empty()
                || [&source.source.name, &source.source.label].iter().any(|n| self.only.source.contains(n)))
    }

    /// What its results depend on beside the rows.
    pub fn identity(&self) -> Json {
        let files: Vec<Given> = self.files.iter().map(Given::identity).collect();
        json!([self.name, self.number, self.run, self.only, self.options, files])
    }

    /// Whether the stage changes text.
    pub fn changes_text(&self) -> bool {
        match &self.stage {
            Stage::Clean(_) => true,
            Stage::Decontaminate(options) => options.action == Action::Cut,
            stage => stage.cuts_late().is_some(),
        }
    }

    /// Whether the stage takes out of texts what only all rows together tell.
    pub fn cuts_late(&self) -> bool {
        self.stage.cuts_late().is_some()
    }

    /// Whether rows are judged one by one.
    fn judges(&self) -> bool {
        matches!(self.stage, Stage::Keep(_) | Stage::Sample(_) | Stage::Block(_) | Stage::Decontaminate(_))
    }

    fn signals(&self) -> Vec<Signal> {
        match &self.stage {
            Stage::Measure(measure) if !self.idle => measure.signals(),
            _ => Vec::new(),
        }
    }

    /// Whether it measures text (and does not hand on what the source says).
    fn measures_text(&self) -> bool {
        matches!(&self.stage, Stage::Measure(measure) if measure.column().is_none())
    }

    /// Whether it measures the same as another link, of the same rows at least.
    fn stands_for(&self, other: &Link) -> bool {
        self.run == other.run
            && self.options == other.options
            && (self.only == other.only || self.only == Only::default())
    }

    /// Whether it decides by a signal, or by a language which is one.
    fn reads(&self, signal: &str) -> bool {
        let rules = self.stage.rules().and_then(|rules| rules.signal());
        let by_language = signal == "language" && !self.only.language.is_empty();
        by_language
            || rules == Some(signal)
            || matches!(&self.stage, Stage::Keep(keep) if keep.rules.contains_key(signal))
    }
}

/// All stages in order.
pub struct Chain {
    /// The stages, measurings that were put in among them.
    pub links: Vec<Link>,
    /// How the sources are mixed, if they are: the last decision.
    pub mix: Option<Mix>,
}

/// What is decided in one go.
pub enum Decide<'a> {
    /// Row by row, on narrow columns.
    Judge(Vec<&'a Link>),
    /// By comparing keys.
    Dedup(&'a Link, &'a ExactDedup),
    /// By comparing texts.
    Near(&'a Link, How<'a>),
    /// By counting lines.
    Lines(&'a Link, &'a LineDedup),
    /// By comparing stretches of text.
    Substrings(&'a Link, &'a SubstringDedup),
    /// By the shares of the sources.
    Mix(Mix),
}

impl Chain {
    /// Resolves the stages of a recipe.
    pub fn new(recipe: &Recipe) -> Result<Self> {
        let mut chain = Chain { links: Vec::new(), mix: recipe.mix };
        for step in &recipe.stages {
            let stage = chain.build(&step.run, &step.options)?;
            if let Stage::Keep(keep) = &stage {
                chain.measure_first(keep.rules.keys())?;
            }
            if let Some(rules) = stage.rules() {
                chain.measure_first(rules.signal().map(str::to_owned).iter())?;
            }
            let files = resources::files(recipe, step, &stage)?;
            chain.push(&step.name, &step.run, step.only.clone(), step.options.clone(), stage);
            if let Some(link) = chain.links.last_mut() {
                link.files = files;
            }
        }
        let fixed = ["language", "script", WORDS].map(str::to_owned);
        let wanted: Vec<String> = match &recipe.output.signals {
            Some(names) => names.iter().chain(&fixed).cloned().collect(),
            None => chain.decided_by().into_iter().chain(fixed).collect(),
        };
        chain.measure_first(wanted.iter())?;
        chain.rest();
        Ok(chain)
    }

    /// Signals that the recipe decides by.
    fn decided_by(&self) -> Vec<String> {
        let keeps = self.links.iter().filter_map(|l| match &l.stage {
            Stage::Keep(keep) => Some(keep.rules.keys().cloned()),
            _ => None,
        });
        keeps.flatten().collect()
    }

    fn build(&self, run: &str, options: &Json) -> Result<Stage> {
        let entry = stages::entry(run).ok_or_else(|| Error::Recipe(format!("error: no stage is called `{run}`")))?;
        (entry.build)(options.clone()).map(|built| built.0).map_err(|e| Error::Recipe(format!("error: `{run}`: {e}")))
    }

    fn push(&mut self, name: &str, run: &str, only: Only, options: Json, stage: Stage) {
        let (name, run) = (name.to_owned(), run.to_owned());
        let number = self.links.len();
        self.links.push(Link { number, name, run, only, options, stage, files: Vec::new(), idle: false });
    }

    /// Has signals ready for whoever reads them next: stages that need not be named ([`stages::ALWAYS`]) are put in, and
    /// what was measured before the text changed is measured once more, since a signal is of the text as it stands.
    fn measure_first<'s>(&mut self, wanted: impl Iterator<Item = &'s String>) -> Result<()> {
        let wanted: Vec<&String> = wanted.collect();
        for run in stages::ALWAYS {
            let stage = self.build(run, &json!({}))?;
            let Stage::Measure(measure) = &stage else { continue };
            let known = measure.signals();
            // What is no text does not change with it.
            let last_clean = self.links.iter().rposition(|l| l.changes_text() && measure.column().is_none());
            let last_run = self.links.iter().rposition(|l| l.run == run && l.only == Only::default());
            let asked = wanted.iter().any(|w| known.iter().any(|s| s.name == *w));
            if asked && (last_run.is_none() || last_run < last_clean) {
                self.push("", run, Only::default(), json!({}), stage);
            }
        }
        self.measure_again(&wanted)
    }

    /// Measures wanted signals of a text that has changed since they were measured, as they were then.
    fn measure_again(&mut self, wanted: &[&String]) -> Result<()> {
        let Some(changed) = self.links.iter().rposition(Link::changes_text) else { return Ok(()) };
        for at in 0..changed {
            let link = &self.links[at];
            let asked = link.signals().iter().any(|s| wanted.iter().any(|w| *w == s.name));
            let fresh = |other: &&Link| other.stands_for(link);
            if !asked || !link.measures_text() || self.links[at + 1..].iter().filter(fresh).count() > 0 {
                continue;
            }
            let (run, only, options) = (link.run.clone(), link.only.clone(), link.options.clone());
            let stage = self.build(&run, &options)?;
            self.push("", &run, only, options, stage);
        }
        Ok(())
    }

    /// Marks measurings that nobody reads before they are made again.
    fn rest(&mut self) {
        for at in 0..self.links.len() {
            let link = &self.links[at];
            let again = self.links[at + 1..].iter().position(|l| l.stands_for(link)).map(|next| at + 1 + next);
            let Some(again) = again.filter(|_| link.measures_text()) else { continue };
            // Rows that an early rule drops are measured no further, and still say their language.
            let early = |l: &Link| matches!(&l.stage, Stage::Keep(keep) if keep.early) && link.run == "language";
            let read = |l: &Link| early(l) || link.signals().iter().any(|s| l.reads(s.name));
            self.links[at].idle = !self.links[at + 1..again].iter().any(read);
        }
    }

    /// Decides which sources' text is written down: word lists cost too much to make twice.
    pub fn stage(&self, inputs: &mut Inputs) {
        let copies = self.kind(WORDS).is_some();
        inputs.sources.iter_mut().for_each(|s| s.staged |= copies);
    }

    /// The row-wise work for a source.
    pub fn rows(&self, source: &SourceInput, content: bool, signals: bool) -> RowsSpec {
        // What changes the text of some languages only must know the language, however often the text is read.
        let by_language = |l: &&Link| !l.only.language.is_empty() && l.changes_text() && l.applies(source);
        let last = self.links.iter().filter(by_language).map(|l| l.number).max();
        let steps = self
            .links
            .iter()
            .filter(|l| l.applies(source) && !l.idle)
            .filter(|l| match l.stage {
                Stage::Measure(_) if l.run == "language" => signals || last.is_some_and(|last| l.number < last),
                _ if l.changes_text() => true,
                Stage::Block(ref block) => signals && block.measures(),
                Stage::Clean(_) | Stage::Decontaminate(_) | Stage::Measure(_) => signals,
                Stage::LineDedup(_) | Stage::SubstringDedup(_) | Stage::ExactDedup(_) => signals,
                Stage::NearDedup(_) | Stage::SimhashDedup(_) => signals,
                Stage::Keep(ref keep) => signals && keep.early,
                Stage::Sample(_) | Stage::Shuffle(_) => false,
            })
            .map(|l| StepSpec {
                number: l.number,
                run: l.run.clone(),
                options: match &l.stage {
                    // Another threshold reads nothing again.
                    Stage::NearDedup(near) => near.measured(),
                    Stage::SimhashDedup(simhash) => simhash.measured(),
                    Stage::ExactDedup(dedup) => dedup.measured(),
                    Stage::Block(block) => block.measured(),
                    Stage::Decontaminate(options) => options.measured(),
                    Stage::LineDedup(options) => options.measured(),
                    Stage::SubstringDedup(options) => options.measured(),
                    _ => l.options.clone(),
                },
                languages: l.only.language.clone(),
                // A judgement reads lists, a comparison indexes; the row-wise work need not depend on them.
                files: match l.stage {
                    Stage::Block(_) | Stage::NearDedup(_) => Vec::new(),
                    _ => l.files.clone(),
                },
            })
            .collect();
        let cuts = Vec::new();
        RowsSpec { usage: source.usage, language: source.source.language.clone(), steps, content, signals, cuts }
    }

    /// The row-wise work that leaves the text of a source as stage `before` finds it.
    pub fn rows_before(&self, source: &SourceInput, before: usize) -> RowsSpec {
        let mut spec = self.rows(source, true, false);
        spec.steps.retain(|s| s.number < before);
        spec
    }

    /// Whether any of the stages with these numbers changes the text of a source.
    pub fn cleans(&self, source: &SourceInput, numbers: Range<usize>) -> bool {
        let cleans = |l: &Link| l.changes_text() && l.applies(source);
        self.links.iter().any(|l| numbers.contains(&l.number) && cleans(l))
    }

    /// The stages that cut text of a source, each with the column that says how much.
    pub fn cutting(&self, source: &SourceInput) -> Vec<(String, String)> {
        let cut = |l: &Link| match &l.stage {
            Stage::Decontaminate(options) if options.action == Action::Cut => {
                let [_, _, _, cut] = overlap::columns(l.number);
                Some((l.name.clone(), cut))
            }
            stage => stage.cuts_late().map(|_| (l.name.clone(), spans::cut_column(l.number))),
        };
        self.links.iter().filter(|l| l.applies(source)).filter_map(cut).collect()
    }

    /// The column (and type) of `signal` as it stands before stage `before`, for a source.
    pub fn column(&self, source: &SourceInput, signal: &str, before: usize) -> Option<(String, Kind)> {
        let links = self.links.iter().filter(|l| l.number < before && l.applies(source));
        links
            .flat_map(|l| l.signals().into_iter().map(move |s| (l.number, s)))
            .rfind(|(_, s)| s.name == signal)
            .map(|(number, s)| (format!("{signal}@{number}"), s.kind))
    }

    /// The columns of `signal` for a source, the last first: where the last is null, since a stage had measuring end for
    /// rows that go, the one before says what was known.
    pub fn all_columns(&self, source: &SourceInput, signal: &str) -> Vec<String> {
        let links = self.links.iter().rev().filter(|l| l.applies(source));
        links
            .filter(|l| l.signals().iter().any(|s| s.name == signal))
            .map(|l| format!("{signal}@{}", l.number))
            .collect()
    }

    /// The type of a signal, where any stage measures it.
    pub fn kind(&self, signal: &str) -> Option<Kind> {
        self.links.iter().flat_map(Link::signals).find(|s| s.name == signal).map(|s| s.kind)
    }

    /// All columns that a source's rows carry beside the fixed ones: signals, then keys.
    pub fn columns(&self, source: &SourceInput) -> Vec<(String, Kind)> {
        let links = self.links.iter().filter(|l| l.applies(source));
        links.flat_map(|l| l.signals().into_iter().map(move |s| (format!("{}@{}", s.name, l.number), s.kind))).collect()
    }

    /// What is decided, in order. It begins with a judgement: rows that are unreadable, set aside or empty go first.
    pub fn decisions(&self) -> Vec<Decide<'_>> {
        let mut all = vec![Decide::Judge(Vec::new())];
        for link in &self.links {
            match (&link.stage, all.last_mut()) {
                (_, Some(Decide::Judge(links))) if link.judges() => links.push(link),
                _ if link.judges() => all.push(Decide::Judge(vec![link])),
                (Stage::ExactDedup(dedup), _) => all.push(Decide::Dedup(link, dedup)),
                (stage @ (Stage::NearDedup(_) | Stage::SimhashDedup(_)), _) => {
                    all.extend(How::of(stage).map(|how| Decide::Near(link, how)));
                }
                (Stage::LineDedup(options), _) => all.push(Decide::Lines(link, options)),
                (Stage::SubstringDedup(options), _) => all.push(Decide::Substrings(link, options)),
                _ => {}
            }
            // Then rows of which nothing is left.
            all.extend(link.cuts_late().then(|| Decide::Judge(vec![link])));
        }
        all.extend(self.mix.map(Decide::Mix));
        all
    }

    /// How the kept rows of a use are ordered, where not as they came.
    pub fn shuffle(&self, usage: Use) -> Option<&Shuffle> {
        self.links.iter().find_map(|l| match &l.stage {
            Stage::Shuffle(shuffle) if l.only.usage.is_empty() || l.only.usage.contains(&usage) => Some(shuffle),
            _ => None,
        })
    }

    /// A judgement over the rows of one source, and the signal columns that it reads, in the order of its arguments.
    pub fn judge(&self, source: &SourceInput, links: &[&Link], first: bool) -> (JudgeSpec, Vec<String>) {
        let mut columns: Vec<(String, SignalType)> = Vec::new();
        let mut place = |column: Option<(String, SignalType)>| match column {
            None => usize::MAX,
            Some(column) => columns.iter().position(|c| *c == column).unwrap_or_else(|| {
                columns.push(column);
                columns.len() - 1
            }),
        };
        let mut decisions = Vec::new();
        let mut language = None;
        let signal = |name: &str, before| self.column(source, name, before).map(|(name, kind)| (name, kind.into()));
        for link in links.iter().filter(|l| l.applies(source)) {
            if !link.only.language.is_empty() {
                language = Some(place(signal("language", link.number))).filter(|at| *at != usize::MAX);
            }
            let ask = match &link.stage {
                Stage::Keep(keep) => Ask::Keep(
                    keep.rules
                        .iter()
                        .map(|(name, rule)| (name.clone(), place(signal(name, link.number)), rule.clone()))
                        .collect(),
                ),
                Stage::Sample(sample) => Ask::Sample(sample.clone()),
                Stage::Decontaminate(options) => {
                    let kinds = [SignalType::Float, SignalType::Key, SignalType::Key, SignalType::Key];
                    let names = overlap::columns(link.number).into_iter().zip(kinds);
                    let mut at = names.map(|column| place(Some(column)));
                    Ask::Overlap(OverlapAsk {
                        columns: std::array::from_fn(|_| at.next().unwrap_or(usize::MAX)),
                        enough: options.overlap,
                        cut: options.action == Action::Cut,
                        limit: options.limit(),
                    })
                }
                Stage::Block(block) => {
                    let at =
                        |by| block::column(by).map(|(name, _)| (format!("{name}@{}", link.number), SignalType::Key));
                    let lists = block.lists().into_iter().zip(&link.files);
                    Ask::Block(BlockAsk {
                        lists: lists
                            .map(|((by, _), file)| (by, file.clone(), at(by).map(|column| place(Some(column)))))
                            .collect(),
                    })
                }
                stage => match stage.cuts_late() {
                    Some((reason, limit)) => {
                        let cut = (spans::cut_column(link.number), SignalType::Key);
                        Ask::Emptied(place(Some(cut)), reason.into(), limit)
                    }
                    None => continue,
                },
            };
            decisions.push(Decision { stage: link.name.clone(), languages: link.only.language.clone(), ask });
        }
        let format = source.files.first().map_or_else(String::new, |f| f.layout.container.clone());
        let spec = JudgeSpec {
            first,
            format,
            decisions,
            signals: columns.iter().map(|c| c.1).collect(),
            language,
            stated: source.source.language.clone(),
        };
        (spec, columns.into_iter().map(|c| c.0).collect())
    }

    /// The last stage that counts what each row stands for.
    pub fn sized(&self) -> Option<&Link> {
        self.links.iter().rfind(|l| l.stage.rules().is_some_and(|rules| rules.cluster_size))
    }

    /// The signals in `data/`: those that the recipe lists, else those that it decides by, and `words` where a stage
    /// writes it. `language` and `script` are columns of every row anyway, `margin` is one of every pair.
    pub fn output_signals(&self, recipe: &Recipe) -> Vec<(String, Kind)> {
        let mut names: Vec<String> = match &recipe.output.signals {
            Some(names) => names.clone(),
            None => self.decided_by(),
        };
        if self.kind(WORDS).is_some() {
            names.push(WORDS.into());
        }
        let mut signals: Vec<(String, Kind)> = Vec::new();
        for name in names {
            let fixed = matches!(name.as_str(), "language" | "script" | MARGIN) || signals.iter().any(|s| s.0 == name);
            if let Some(kind) = self.kind(&name).filter(|_| !fixed) {
                signals.push((name, kind));
            }
        }
        signals.extend(self.sized().map(|_| (CLUSTER_SIZE.to_owned(), Kind::Int)));
        signals
    }
}
