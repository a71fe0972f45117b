//! Statistics of dropped rows, by one pass over their narrow columns: by stage and reason how many, their values and the
//! limit, those nearest to it, and which are drawn to be shown.

use std::collections::{BTreeMap, HashMap};

use arrow::array::{Array, AsArray, RecordBatch, StringArray};

use super::kept::{Limit, WORDED, drawn, drawn_together};
use super::values::{Least, Values};
use crate::Result;
use crate::cli::tables::{Table, Words};
use crate::output::take::NOT_SAMPLED;
use crate::pipeline::publish::manifest::Manifest;
use crate::rows::draw::sampled;

/// Statistics of the rows that one reason dropped.
#[derive(Clone)]
pub struct OfReason {
    /// What they had, where that is a number.
    pub values: Values,
    /// The limit of the first that has one, with its table and place.
    limit: Option<(usize, u64, f64)>,
    /// Those nearest to their limit.
    pub near: Least,
    /// Those that are shown.
    pub shown: Least,
}

/// Stage and reason.
pub type Why = (String, String);

/// Statistics of all dropped rows.
pub struct Dropped {
    /// By stage and reason.
    pub all: BTreeMap<Why, OfReason>,
    /// Rows whose words are counted.
    pub worded: Vec<(usize, u64)>,
}

/// How rows are drawn.
#[derive(Clone, Copy)]
pub struct Draw {
    /// Rows that are shown of each reason.
    pub shown: usize,
    /// Rows next to each limit.
    pub near: usize,
    /// The share of dropped rows that have their text.
    pub text: f64,
    /// The seed.
    pub seed: u64,
}

struct State {
    all: HashMap<Why, OfReason>,
    worded: Least,
}

impl OfReason {
    fn new(draw: Draw) -> OfReason {
        OfReason { values: Values::default(), limit: None, near: Least::new(draw.near), shown: Least::new(draw.shown) }
    }

    fn merge(&mut self, other: OfReason) {
        self.values.merge(&other.values);
        self.near.merge(other.near);
        self.shown.merge(other.shown);
        let first = |limit: &(usize, u64, f64)| (limit.0, limit.1);
        self.limit = self.limit.into_iter().chain(other.limit).min_by_key(first);
    }

    fn see(&mut self, value: &str, limit: &str, table: usize, place: u64) {
        let (Ok(value), Ok(limit)) = (value.parse::<f64>(), limit.parse::<f64>()) else { return };
        self.values.add(value);
        self.near.see((value - limit).abs(), table, place);
        if self.limit.is_none_or(|first| (table, place) < (first.0, first.1)) {
            self.limit = Some((table, place, limit));
        }
    }
}

/// What is known of all dropped rows of these tables.
///
/// # Errors
/// Shards that cannot be read.
pub fn dropped(tables: &[Table], draw: Draw) -> Result<Dropped> {
    let mut all: BTreeMap<Why, OfReason> = BTreeMap::new();
    let mut worded = Least::new(WORDED);
    let mut columns = vec!["stage", "reason", "value", "limit", "kept_id"];
    columns.extend((draw.text < 1.0).then_some("id"));
    let new = || State { all: HashMap::new(), worded: Least::new(WORDED) };
    for (at, table) in tables.iter().enumerate() {
        let step = |state: &mut State, batch: &RecordBatch, first: u64| {
            state.see(batch, at, first, draw);
            Ok(())
        };
        for state in table.fold(&columns, new, step)? {
            for (why, one) in state.all {
                all.entry(why).or_insert_with(|| OfReason::new(draw)).merge(one);
            }
            worded.merge(state.worded);
        }
    }
    Ok(Dropped { all, worded: worded.rows.into_iter().map(|row| (row.1, row.2)).collect() })
}

impl State {
    fn see(&mut self, batch: &RecordBatch, table: usize, first: u64, draw: Draw) {
        let (Some(stages), Some(reasons)) = (Words::of(batch, "stage"), Words::of(batch, "reason")) else { return };
        let limits = Words::of(batch, "limit");
        let text = |name: &str| batch.column_by_name(name).and_then(|c| c.as_string_opt::<i32>());
        let (values, kept, ids) = (text("value"), text("kept_id"), text("id"));
        let own = |column: Option<&'_ StringArray>, row: usize| column.is_some_and(|c| c.is_valid(row));
        let mut by_stage: HashMap<(usize, usize), (Vec<usize>, Why)> = HashMap::new();
        for row in 0..batch.num_rows() {
            let Some(key) = stages.key(row).zip(reasons.key(row)) else { continue };
            let why = || (stages.words.value(key.0).to_owned(), reasons.words.value(key.1).to_owned());
            by_stage.entry(key).or_insert_with(|| (Vec::new(), why())).0.push(row);
        }
        for (rows, why) in by_stage.into_values() {
            let sample = why.1 == NOT_SAMPLED;
            let of_reason = self.all.entry(why).or_insert_with(|| OfReason::new(draw));
            for row in rows {
                let place = first + row as u64;
                if let (Some(values), Some(limit)) =
                    (values.filter(|v| v.is_valid(row)), limits.as_ref().and_then(|l| l.get(row)))
                {
                    of_reason.see(values.value(row), limit, table, place);
                }
                let there = draw.text >= 1.0
                    || ids.is_some_and(|ids| ids.is_valid(row) && sampled(0, draw.text, ids.value(row)));
                if there && !sample {
                    of_reason.shown.see(drawn(draw.seed, table, place, 1), table, place);
                    if !own(kept, row) {
                        self.worded.see(drawn_together(draw.seed, table, place), table, place);
                    }
                }
            }
        }
    }
}

/// The limits of a build: those of its rules, and those that dropped rows tell of.
pub fn limits(manifest: &Manifest, dropped: &Dropped) -> Vec<Limit> {
    let mut all: Vec<Limit> = Vec::new();
    for stage in &manifest.stages {
        for (signal, rule) in &stage.rules {
            for (side, limit) in [("min", rule.min), ("max", rule.max)] {
                let Some(limit) = limit else { continue };
                let (name, only) = (stage.name.clone(), stage.only.clone());
                let (reason, signal) = (format!("{signal}_{side}"), Some(signal.clone()));
                all.push(Limit { stage: name, reason, signal, upper: side == "max", limit, only });
            }
        }
        let of_stage = dropped.all.iter().filter(|((name, _), _)| *name == stage.name);
        for ((name, reason), rows) in of_stage {
            let Some((.., limit)) = rows.limit else { continue };
            if all.iter().any(|l| l.stage == *name && l.reason == *reason) {
                continue;
            }
            let side = reason.rsplit_once('_').filter(|side| stage.judges() && ["min", "max"].contains(&side.1));
            let (signal, upper) = (side.map(|side| side.0.to_owned()), side.is_some_and(|side| side.1 == "max"));
            let (stage, reason, only) = (name.clone(), reason.clone(), stage.only.clone());
            all.push(Limit { stage, reason, signal, upper, limit, only });
        }
    }
    all
}
