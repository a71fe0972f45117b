//! `corpus_judge(…)`: whether a row is dropped, by which stage and why. It sees narrow columns only.

use std::sync::{Arc, OnceLock};

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Builder, StringBuilder, StructArray};
use arrow::datatypes::{DataType, Field, Fields, Float64Type, Int64Type};
use serde::{Deserialize, Serialize};

use super::Kernel;
use super::block::{self, BlockAsk, List};
use crate::Result;
use crate::output::take::Take;
use crate::rows::spans::{Spans, spans_of, spans_type};
use crate::stages::keep::{Failure, Rule};
use crate::stages::sample::Sample;
use crate::stages::{Kind, Value};

/// One decision, in the order of the recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// Name of the stage in the recipe.
    pub stage: String,
    /// Rows of these languages only; empty is all.
    pub languages: Vec<String>,
    /// What is asked.
    pub ask: Ask,
}

/// What a decision asks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// `(signal, index into the signal arguments, rule)`.
    Keep(Vec<(String, usize, Rule)>),
    /// A share of the rows, by id.
    Sample(Sample),
    /// What a mix takes.
    Take(Take),
    /// Rows that are on lists.
    Block(BlockAsk),
    /// Rows that overlap with evaluation sets.
    Overlap(OverlapAsk),
    /// Rows of which a cut left nothing: the signal argument that says what was cut, the reason, and its limit.
    Emptied(usize, String, String),
}

/// What of an overlap makes a row go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OverlapAsk {
    /// Indexes of the overlap, the hit, its spans and what was cut, among the signal arguments.
    pub columns: [usize; 4],
    /// From which overlap.
    pub enough: f64,
    /// Whether only rows of which nothing is left go.
    pub cut: bool,
    /// What stands under `limit`.
    pub limit: String,
}

/// What is judged, for the rows of one source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JudgeSpec {
    /// Whether this is the first judgement: rows that are unreadable, set aside or empty are dropped first.
    pub first: bool,
    /// Name of the format, the stage of rows that it set aside.
    pub format: String,
    /// The decisions.
    pub decisions: Vec<Decision>,
    /// Types of the signal arguments, which follow the fixed ones.
    pub signals: Vec<SignalType>,
    /// Index of the language among the signal arguments, where it was measured.
    pub language: Option<usize>,
    /// The language of the source, where stated.
    pub stated: Option<String>,
}

/// Type of a signal argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum SignalType {
    Int,
    Float,
    Text,
    /// Of a whole stage or list, for no rule.
    Key,
}

impl From<Kind> for SignalType {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Int => SignalType::Int,
            Kind::Float => SignalType::Float,
            Kind::Text | Kind::Words => SignalType::Text,
        }
    }
}

/// The stage name under which unreadable rows stand among the drops (they are counted apart).
pub const UNREADABLE: &str = "(unreadable)";
/// The stage name of rows that were read but hold no text.
pub const READ: &str = "read";

/// The columns of a drop beside `ord`.
pub fn drop_fields() -> Fields {
    let text = |name| Field::new(name, DataType::Utf8, true);
    Fields::from(vec![
        text("stage"),
        text("reason"),
        text("value"),
        text("limit"),
        text("kept_id"),
        Field::new("similarity", DataType::Float64, true),
        Field::new("spans", spans_type(), true),
    ])
}

/// The fixed arguments, in order; the signals follow.
pub const ARGUMENTS: [&str; 14] = [
    "stage",
    "reason",
    "value",
    "limit",
    "kept_id",
    "similarity",
    "spans",
    "error",
    "aside",
    "aside_value",
    "blank",
    "final_id",
    "language_hint",
    "id",
];

/// Places of the fixed arguments behind those of a drop.
const ERROR: usize = 7;
const ASIDE: usize = 8;
const ASIDE_VALUE: usize = 9;
const BLANK: usize = 10;
const FINAL_ID: usize = 11;
const HINT: usize = 12;
const OWN_ID: usize = 13;

/// The ready function.
#[derive(Debug)]
pub struct JudgeKernel {
    spec: JudgeSpec,
    /// The lists of each decision, read with the first batch.
    lists: OnceLock<Vec<Vec<Arc<List>>>>,
}

impl Kernel for JudgeKernel {
    const NAME: &'static str = "corpus_judge";
    type Spec = JudgeSpec;

    fn new(spec: JudgeSpec) -> Result<Self> {
        Ok(JudgeKernel { spec, lists: OnceLock::new() })
    }

    fn returns(&self) -> DataType {
        DataType::Struct(drop_fields())
    }

    fn run(&self, arguments: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        if self.lists.get().is_none() {
            // Another thread may have been faster, with the same.
            let _ = self.lists.set(self.spec.decisions.iter().map(lists).collect::<Result<_>>()?);
        }
        let before: Vec<_> = arguments[..5].iter().map(|a| a.as_string::<i32>()).collect();
        let similarity = arguments[5].as_primitive::<Float64Type>();
        let mut texts: [StringBuilder; 5] = Default::default();
        let (mut similarities, mut spans) = (Float64Builder::new(), Spans::default());
        for row in 0..rows {
            if before[0].is_valid(row) {
                for (builder, column) in texts.iter_mut().zip(&before) {
                    builder.append_option(column.is_valid(row).then(|| column.value(row)));
                }
                similarities.append_option(similarity.is_valid(row).then(|| similarity.value(row)));
                spans.push(&spans_of(&arguments[6], row));
                continue;
            }
            similarities.append_null();
            match self.judge(arguments, row) {
                None => {
                    texts.iter_mut().for_each(StringBuilder::append_null);
                    spans.push(&[]);
                }
                Some((stage, failure, at)) => {
                    spans.push(&at.map_or(Vec::new(), |at| spans_of(&arguments[ARGUMENTS.len() + at], row)));
                    let values = [stage, &failure.reason, &failure.value, &failure.limit];
                    for (builder, value) in texts.iter_mut().zip(values) {
                        builder.append_option((!value.is_empty()).then_some(value));
                    }
                    texts[4].append_null();
                }
            }
        }
        let mut columns: Vec<ArrayRef> = texts.iter_mut().map(|b| Arc::new(b.finish()) as ArrayRef).collect();
        columns.push(Arc::new(similarities.finish()));
        columns.push(spans.finish());
        Ok(Arc::new(StructArray::new(drop_fields(), columns, None)))
    }
}

fn lists(decision: &Decision) -> Result<Vec<Arc<List>>> {
    match &decision.ask {
        Ask::Block(ask) => ask.lists.iter().map(|(by, given, _)| block::list(*by, given)).collect(),
        _ => Ok(Vec::new()),
    }
}

fn blank(fixed: &[ArrayRef], row: usize) -> bool {
    let blank: &BooleanArray = fixed[BLANK].as_boolean();
    blank.value(row)
}

impl OverlapAsk {
    fn column<'a>(&self, signals: &'a [ArrayRef], which: usize, row: usize) -> Option<&'a ArrayRef> {
        signals.get(self.columns[which]).filter(|c| c.is_valid(row))
    }

    fn judge(&self, signals: &[ArrayRef], row: usize) -> Option<Failure> {
        let share = self.column(signals, 0, row)?.as_primitive::<Float64Type>().value(row);
        let hit = self.column(signals, 1, row).and_then(|c| text(c, row)).unwrap_or_default();
        let failure = Failure { reason: "contaminated".into(), value: hit.to_owned(), limit: self.limit.clone() };
        (share >= self.enough).then_some(failure)
    }

    /// Whether the row was cut, and nothing of it is left.
    fn empties(&self, fixed: &[ArrayRef], signals: &[ArrayRef], row: usize) -> bool {
        emptied(self.columns[3], fixed, signals, row)
    }
}

/// Whether a row was cut, and nothing of it is left.
fn emptied(cut: usize, fixed: &[ArrayRef], signals: &[ArrayRef], row: usize) -> bool {
    signals.get(cut).is_some_and(|c| c.is_valid(row)) && blank(fixed, row)
}

fn text(column: &ArrayRef, row: usize) -> Option<&str> {
    column.is_valid(row).then(|| column.as_string::<i32>().value(row))
}

impl JudgeKernel {
    /// The stage by which a row goes, why, and the signal argument that holds the stretches to blame, if one does.
    fn judge(&self, arguments: &[ArrayRef], row: usize) -> Option<(&str, Failure, Option<usize>)> {
        let (fixed, signals) = arguments.split_at(ARGUMENTS.len());
        if self.spec.first
            && let Some((stage, failure)) = self.first(fixed, signals, row)
        {
            return Some((stage, failure, None));
        }
        let measured = self.spec.language.and_then(|i| text(&signals[i], row));
        let language = measured.or_else(|| text(&fixed[HINT], row)).or(self.spec.stated.as_deref()).unwrap_or("und");
        for (number, decision) in self.spec.decisions.iter().enumerate() {
            if !decision.languages.is_empty() && !decision.languages.iter().any(|l| l == language) {
                continue;
            }
            let failure = match &decision.ask {
                Ask::Keep(rules) => {
                    rules.iter().find_map(|(signal, at, rule)| rule.judge(signal, &self.value(*at, signals, row)))
                }
                Ask::Sample(sample) => {
                    (!sample.keeps(text(&fixed[FINAL_ID], row).unwrap_or_default())).then(|| Failure {
                        reason: "not_sampled".into(),
                        value: String::new(),
                        limit: crate::stages::keep::number(sample.share),
                    })
                }
                Ask::Take(take) => {
                    (take.copies(text(&fixed[FINAL_ID], row).unwrap_or_default()) == 0).then(|| Failure {
                        reason: "not_sampled".into(),
                        value: String::new(),
                        limit: crate::stages::keep::number((take.share * 1e4).round() / 1e4),
                    })
                }
                Ask::Block(ask) => {
                    let lists = self.lists.get().map_or(&[][..], |lists| &lists[number]);
                    block::judge(ask, lists, [text(&fixed[OWN_ID], row), text(&fixed[FINAL_ID], row)], signals, row)
                }
                Ask::Emptied(at, reason, limit) => emptied(*at, fixed, signals, row).then(|| Failure {
                    reason: reason.clone(),
                    value: "1".into(),
                    limit: limit.clone(),
                }),
                Ask::Overlap(ask) => {
                    let failure = ask.judge(signals, row).filter(|_| !ask.cut || ask.empties(fixed, signals, row));
                    if let Some(failure) = failure {
                        return Some((&decision.stage, failure, Some(ask.columns[2])));
                    }
                    None
                }
            };
            if let Some(failure) = failure {
                return Some((&decision.stage, failure, None));
            }
        }
        None
    }

    fn first(&self, fixed: &[ArrayRef], signals: &[ArrayRef], row: usize) -> Option<(&str, Failure)> {
        let failure = |reason: &str, value: &str| Failure {
            reason: reason.to_owned(),
            value: value.to_owned(),
            limit: String::new(),
        };
        if let Some(error) = text(&fixed[ERROR], row) {
            return Some((UNREADABLE, failure(error, "")));
        }
        if let Some(aside) = text(&fixed[ASIDE], row) {
            return Some((&self.spec.format, failure(aside, text(&fixed[ASIDE_VALUE], row).unwrap_or_default())));
        }
        // What a stage has cut to nothing is not what was read empty.
        let cut = |decision: &Decision| match &decision.ask {
            Ask::Overlap(ask) => ask.cut && ask.empties(fixed, signals, row),
            Ask::Emptied(at, ..) => emptied(*at, fixed, signals, row),
            _ => false,
        };
        let empty = blank(fixed, row) && !self.spec.decisions.iter().any(cut);
        empty.then(|| (READ, failure("empty", "")))
    }

    /// The value of signal `at`; null where this source does not measure it.
    fn value(&self, at: usize, signals: &[ArrayRef], row: usize) -> Value {
        let Some(column) = signals.get(at).filter(|c| c.is_valid(row)) else { return Value::Null };
        match self.spec.signals[at] {
            SignalType::Int => Value::Int(column.as_primitive::<Int64Type>().value(row)),
            SignalType::Float => Value::Float(column.as_primitive::<Float64Type>().value(row)),
            SignalType::Key => Value::Null,
            SignalType::Text => Value::Text(column.as_string::<i32>().value(row).to_owned().into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_stand_where_they_are_looked_for() {
        let places = [ERROR, ASIDE, ASIDE_VALUE, BLANK, FINAL_ID, HINT, OWN_ID].map(|at| ARGUMENTS[at]);
        assert_eq!(places, ["error", "aside", "aside_value", "blank", "final_id", "language_hint", "id"]);
        assert!(drop_fields().iter().map(|f| f.name().as_str()).eq(ARGUMENTS[..ERROR].iter().copied()));
    }
}
