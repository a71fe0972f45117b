//! What is measured where: signals are ready for whoever reads them, of the text as it stands there, and nothing is measured
//! that nobody reads.

use serde_json::Value as Json;

use super::stage_plan::{Measured, PlannedStage, StagePlan};
use crate::Result;
use crate::recipe::Only;
use crate::rows::LANGUAGE;
use crate::stages::resolved::Resolved;
use crate::stages::{self, Wish};

impl PlannedStage {
    /// Whether it measures all that another one does, of the same rows at least: who comes after both reads this one.
    fn stands_for(&self, other: &PlannedStage) -> bool {
        let same_rows = self.only == other.only || self.only == Only::default();
        // What measures all there is, whoever reads it, is not replaced by what measures only what is read.
        let as_much = || !self.measures_what_is_read() || other.measures_what_is_read();
        let all = || other.signals().all(|signal| self.measures(&signal.name));
        self.run() == other.run() && same_rows && (self.resolved == other.resolved || as_much() && all())
    }

    /// Whether it measures only what somebody reads.
    fn measures_what_is_read(&self) -> bool {
        self.stage().for_readers(&|_| true).is_some()
    }

    /// Whether it measures as somebody wishes.
    fn grants(&self, wish: &Wish) -> bool {
        self.run() == wish.stage && self.resolved.options.get(wish.option) == Some(&wish.value)
    }
}

impl StagePlan {
    /// Has signals ready for whoever reads them next: stages that need not be named
    /// ([`stages::Entry::implied`]) are put in, and what was measured before the text changed is measured once more, since
    /// a signal is of the text as it stands.
    pub(super) fn measure_first(&mut self, wanted: &[String], how: &Measured) -> Result<()> {
        self.measure_again(wanted);
        for (entry, options) in stages::ALL.iter().filter_map(|entry| Some((entry, entry.implied?))) {
            let plain = Resolved::new(entry.name, &options())?;
            let (known, of_text) = (plain.stage.columns(), plain.stage.of_text());
            if !wanted.iter().any(|w| known.iter().any(|s| s.name == *w)) {
                continue;
            }
            // What is no text does not change with it.
            let last_clean = self.stages.iter().rposition(|l| l.changes_text() && of_text);
            let last_run = self.stages.iter().rposition(|l| l.run() == entry.name && l.only == Only::default());
            let suits = |at: usize| match how {
                Measured::As(wish) if wish.stage == entry.name => self.stages[at].grants(wish),
                Measured::AsLast => true,
                // What another stage wished is not what this one reads.
                _ => self.stages[at].resolved == plain || self.is_written(at),
            };
            if last_run >= last_clean && last_run.is_some_and(suits) {
                continue;
            }
            self.put_in(match how {
                Measured::As(wish) if wish.stage == entry.name => wished(wish, options())?,
                _ => plain,
            });
        }
        Ok(())
    }

    /// Whether the recipe has a stage that measures as this one does.
    fn is_written(&self, at: usize) -> bool {
        self.stages.iter().any(|l| !l.name.is_empty() && l.resolved == self.stages[at].resolved)
    }

    /// Puts a measuring of all rows in.
    fn put_in(&mut self, resolved: Resolved) {
        let (name, only) = (String::new(), Only::default());
        self.push(PlannedStage { number: 0, name, only, resolved, files: Vec::new(), idle: false });
    }

    /// Puts in what a stage before measures, once more.
    fn put_in_again(&mut self, at: usize) {
        let PlannedStage { resolved, only, files, .. } = &self.stages[at];
        let (resolved, only, files) = (resolved.clone(), only.clone(), files.clone());
        self.push(PlannedStage { number: 0, name: String::new(), only, resolved, files, idle: false });
    }

    /// Measures wanted signals of a text that has changed since they were measured, as they were then.
    fn measure_again(&mut self, wanted: &[String]) {
        let Some(changed) = self.stages.iter().rposition(PlannedStage::changes_text) else { return };
        for at in 0..changed {
            let stage = &self.stages[at];
            let asked = stage.signals().any(|s| wanted.iter().any(|w| *w == s.name));
            if asked && stage.measures_text() && self.measured_again(at).is_none() {
                self.put_in_again(at);
            }
        }
    }

    /// The stage behind this one that measures the same once more, if there is one: whoever comes after it reads that.
    fn measured_again(&self, at: usize) -> Option<usize> {
        let behind = self.stages[at + 1..].iter().position(|other| other.stands_for(&self.stages[at]));
        behind.map(|next| at + 1 + next)
    }

    /// Marks measurings that nobody reads before they are made again.
    pub(super) fn rest(&mut self) {
        for at in 0..self.stages.len() {
            let stage = &self.stages[at];
            let Some(again) = self.measured_again(at).filter(|_| stage.measures_text()) else { continue };
            // Rows that an early rule drops are measured no further, and still say their language.
            let early = |l: &PlannedStage| l.stops_measuring() && stage.measures(LANGUAGE);
            let read = |l: &PlannedStage| early(l) || stage.signals().any(|s| l.reads(&s.name));
            self.stages[at].idle = !self.stages[at + 1..again].iter().any(read);
        }
    }

    /// Has stages that measure only what is read measure that: what stages behind them read before it is measured again,
    /// and what is `wanted` at the end. One of which nobody reads anything is not run.
    pub(super) fn narrow(&mut self, wanted: &[String]) -> Result<()> {
        for at in 0..self.stages.len() {
            let again = self.measured_again(at);
            let readers = &self.stages[at + 1..again.unwrap_or(self.stages.len())];
            let all = readers.iter().any(|stage| stage.stage().hands_on());
            // Rows that an early rule drops are not measured again.
            let last = again.is_none() || readers.iter().any(PlannedStage::stops_measuring);
            let read = |signal: &str| {
                let shown = last && wanted.iter().any(|w| w == signal);
                all || shown || readers.iter().any(|stage| stage.reads(signal))
            };
            let stage = &self.stages[at];
            let Some(options) = stage.stage().for_readers(&read).filter(|_| !stage.idle) else { continue };
            let narrowed = Resolved::new(stage.run(), &options)?;
            self.stages[at].idle = narrowed.stage.columns().is_empty();
            self.stages[at].resolved = narrowed;
        }
        Ok(())
    }
}

/// A stage that need not be named, with the options that somebody wishes of it.
fn wished(wish: &Wish, mut options: Json) -> Result<Resolved> {
    options[wish.option] = wish.value.clone();
    Resolved::new(wish.stage, &options)
}
