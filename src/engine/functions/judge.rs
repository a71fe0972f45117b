//! `corpus_judge(…)`: whether a row is dropped, by which stage and why. It sees narrow columns only.

use std::sync::{Arc, OnceLock};

use arrow::array::{Array, ArrayRef, AsArray, Float64Builder, StringBuilder, StructArray};
use arrow::datatypes::{DataType, Field, Fields, Float64Type};
use serde::{Deserialize, Serialize};

use super::Kernel;
use crate::Result;
use crate::output::take::{NOT_SAMPLED, Take};
use crate::rows::spans::{Spans, spans_of, spans_type};
use crate::stages::judge::{Column, Failure, Judge, JudgedRow, Stretch, Verdict};
use crate::stages::percentile::FoundLimit;
use crate::stages::resolved::Resolved;
use crate::stages::resources::Resource;
use crate::stages::rule::number as number_of;

/// One decision, in the order of the recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// Name of the stage in the recipe.
    pub stage: String,
    /// Rows of these languages only; empty is all.
    pub languages: Vec<String>,
    /// Where the signal argument stands that says what the stage cut out of a row, if it cuts: a row that it cut to
    /// nothing is not one that was read empty.
    pub cut: Option<usize>,
    /// What the percentiles that it asks for are, for the rows of the source.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub found: Vec<FoundLimit>,
    /// What is asked.
    pub ask: Ask,
}

/// What a decision asks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// A stage, by the signal arguments that it reads (none where the source has no such column), and its files.
    Stage(Resolved, Vec<Option<usize>>, Vec<Resource>),
    /// What a mix takes.
    Take(Take),
    /// Rows of which a cut left nothing: the reason, and its limit.
    Emptied(String, String),
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
    /// Index of the language among the signal arguments, where it was measured.
    pub language: Option<usize>,
    /// The language of the source, where stated.
    pub stated: Option<String>,
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
pub struct JudgeKernel {
    spec: JudgeSpec,
    /// The judgement of each decision that is a stage's, made with the first batch.
    judges: OnceLock<Vec<Option<Box<dyn Judge>>>>,
}

impl std::fmt::Debug for JudgeKernel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.spec.fmt(f)
    }
}

/// A row that goes: the stage, and why.
type Dropped<'a> = (&'a str, Verdict);

impl Kernel for JudgeKernel {
    const NAME: &'static str = "corpus_judge";
    type Spec = JudgeSpec;

    fn new(spec: JudgeSpec) -> Result<Self> {
        Ok(JudgeKernel { spec, judges: OnceLock::new() })
    }

    fn returns(&self) -> DataType {
        DataType::Struct(drop_fields())
    }

    fn run(&self, arguments: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        if self.judges.get().is_none() {
            // Another thread may have been faster, with the same.
            let _ = self.judges.set(self.spec.decisions.iter().map(judge).collect::<Result<_>>()?);
        }
        let columns: Vec<Vec<Option<Column<'_>>>> = self.spec.decisions.iter().map(|d| columns(d, arguments)).collect();
        let before: Vec<_> = arguments[..5].iter().map(|a| a.as_string::<i32>()).collect();
        let similarity = arguments[5].as_primitive::<Float64Type>();
        let mut texts: [StringBuilder; 5] = Default::default();
        let (mut similarities, mut spans) = (Float64Builder::new(), Spans::default());
        let mut may_go = Vec::new();
        for row in 0..rows {
            if row % 64 == 0 {
                may_go = self.may_go(arguments, &columns, (row, rows.min(row + 64) - row));
            }
            if before[0].is_valid(row) {
                for (builder, column) in texts.iter_mut().zip(&before) {
                    builder.append_option(column.is_valid(row).then(|| column.value(row)));
                }
                similarities.append_option(similarity.is_valid(row).then(|| similarity.value(row)));
                spans.push(&spans_of(&arguments[6], row));
                continue;
            }
            similarities.append_null();
            match self.judge(arguments, &columns, (row, &may_go)) {
                None => {
                    texts.iter_mut().for_each(StringBuilder::append_null);
                    spans.push(&[]);
                }
                Some((stage, Verdict { failure, spans: guilty })) => {
                    spans.push(&guilty);
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

fn judge(decision: &Decision) -> Result<Option<Box<dyn Judge>>> {
    match &decision.ask {
        Ask::Stage(stage, _, files) => stage.stage.judge(files),
        Ask::Take(_) | Ask::Emptied(..) => Ok(None),
    }
}

/// What a decision reads of a batch.
fn columns<'a>(decision: &Decision, arguments: &'a [ArrayRef]) -> Vec<Option<Column<'a>>> {
    match &decision.ask {
        Ask::Stage(_, reads, _) => {
            reads.iter().map(|at| arguments.get(ARGUMENTS.len() + (*at)?).map(Column::from)).collect()
        }
        Ask::Take(_) | Ask::Emptied(..) => Vec::new(),
    }
}

fn text(column: &ArrayRef, row: usize) -> Option<&str> {
    column.is_valid(row).then(|| column.as_string::<i32>().value(row))
}

fn failure(reason: &str, value: &str, limit: String) -> Verdict {
    Failure { reason: reason.to_owned(), value: value.to_owned(), limit }.into()
}

impl JudgeKernel {
    /// By decision: which of some rows may go by it, a bit each; the first row and how many there are.
    fn may_go<'a>(
        &'a self,
        arguments: &'a [ArrayRef],
        columns: &[Vec<Option<Column<'a>>>],
        (first, rows): (usize, usize),
    ) -> Vec<u64> {
        let language = |row| self.language(arguments, row);
        let of = |(number, decision): (usize, &'a Decision)| match self.ready(number) {
            Some(judge) => judge.may_go(&Stretch {
                columns: &columns[number],
                first,
                rows,
                found: &decision.found,
                language: &language,
            }),
            None => u64::MAX,
        };
        self.spec.decisions.iter().enumerate().map(of).collect()
    }

    /// The judgement of a decision, where it is a stage's.
    fn ready(&self, number: usize) -> Option<&dyn Judge> {
        self.judges.get()?[number].as_deref()
    }

    /// The language of a row.
    fn language<'a>(&'a self, arguments: &'a [ArrayRef], row: usize) -> &'a str {
        let (fixed, signals) = arguments.split_at(ARGUMENTS.len());
        let measured = self.spec.language.and_then(|i| text(&signals[i], row));
        measured.or_else(|| text(&fixed[HINT], row)).or(self.spec.stated.as_deref()).unwrap_or("und")
    }

    /// The stage by which a row goes, and why: asked are the decisions by which it may go.
    fn judge(
        &self,
        arguments: &[ArrayRef],
        columns: &[Vec<Option<Column<'_>>>],
        (row, may_go): (usize, &[u64]),
    ) -> Option<Dropped<'_>> {
        let (fixed, signals) = arguments.split_at(ARGUMENTS.len());
        let blank = fixed[BLANK].as_boolean().value(row);
        // Whether a stage has cut the row to nothing.
        let emptied = |d: &Decision| blank && d.cut.is_some_and(|at| signals[at].is_valid(row));
        if self.spec.first
            && let Some(dropped) = self.first(fixed, row, blank && !self.spec.decisions.iter().any(emptied))
        {
            return Some(dropped);
        }
        let asked = self.spec.decisions.iter().enumerate().filter(|(number, _)| may_go[*number] >> (row % 64) & 1 == 1);
        for (number, decision) in asked {
            let language = self.language(arguments, row);
            if !decision.languages.is_empty() && !decision.languages.iter().any(|l| l == language) {
                continue;
            }
            let final_id = text(&fixed[FINAL_ID], row).unwrap_or_default();
            let verdict = match &decision.ask {
                Ask::Stage(..) => {
                    let (own_id, columns) = (text(&fixed[OWN_ID], row), &columns[number]);
                    let found = &decision.found;
                    let row = JudgedRow { columns, row, own_id, final_id, blank, found, language };
                    self.ready(number).and_then(|judge| judge.judge(&row))
                }
                Ask::Take(take) => (take.copies(final_id) == 0)
                    .then(|| failure(NOT_SAMPLED, "", number_of((take.share * 1e4).round() / 1e4))),
                Ask::Emptied(reason, limit) => emptied(decision).then(|| failure(reason, "1", limit.clone())),
            };
            if let Some(verdict) = verdict {
                return Some((&decision.stage, verdict));
            }
        }
        None
    }

    /// What goes before any stage: rows that are unreadable, set aside by their format, or read empty.
    fn first(&self, fixed: &[ArrayRef], row: usize, empty: bool) -> Option<Dropped<'_>> {
        if let Some(error) = text(&fixed[ERROR], row) {
            return Some((UNREADABLE, failure(error, "", String::new())));
        }
        if let Some(aside) = text(&fixed[ASIDE], row) {
            let value = text(&fixed[ASIDE_VALUE], row).unwrap_or_default();
            return Some((&self.spec.format, failure(aside, value, String::new())));
        }
        empty.then(|| (READ, failure("empty", "", String::new())))
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
