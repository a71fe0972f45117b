//! By how much the chosen answer of a pair is better, as the source says it: what leaves ties out.
//!
//! # What it does
//! Adds `margin`, the number that preference rows carry: the difference of the two scores, or what the source gives
//! itself. 0 is a tie. Pairs that are only ordered, and rows of other uses, have none, and no `min` or `max` drops them.
//!
//! # Example
//! A `keep` that names it has it measured by itself:
//! ```toml
//! [[stage]]
//! run    = "keep"
//! name   = "ties"
//! margin = { min = 0.001 }   # pairs with a margin of 0 go, as `margin_min`
//! ```
//!
//! # Limits
//! Every source scores in its own way (WebGPT from -1 to 1, UltraFeedback from 1 to 10, SHP in votes): a limit above 0
//! means something for one source, so say which with `only = { source = […] }`.

use serde::{Deserialize, Serialize};

use super::{Entry, Kind, Measure, Signal, Stage, Value, module_docs, options};

/// Options of `margin`: none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Margin {}

/// The column and the signal.
pub const MARGIN: &str = "margin";

impl Measure for Margin {
    fn signals(&self) -> Vec<Signal> {
        vec![Signal { name: MARGIN, kind: Kind::Float }]
    }

    fn column(&self) -> Option<&'static str> {
        Some(MARGIN)
    }

    fn measure(&self, _texts: &[&str], out: &mut Vec<Value>) {
        out.push(Value::Null);
    }
}

/// The entry of this stage.
pub const ENTRY: Entry = Entry {
    name: "margin",
    kind: "measure",
    about: "by how much the chosen answer of a pair is better",
    docs: module_docs(include_str!("margin.rs")),
    schema: || schemars::schema_for!(Margin),
    build: |json| {
        let (stage, resolved) = options::<Margin>(json)?;
        Ok((Stage::Measure(Box::new(stage)), resolved))
    },
};
