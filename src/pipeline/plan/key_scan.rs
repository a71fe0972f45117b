//! Rows by their keys: own ids and what passes sort by, of all rows or of those that may have a partner.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion_common::ScalarValue;

use super::column_scan::Narrow;
use super::folders::Folders;
use super::planner::Plans;
use crate::Result;
use crate::engine::functions::repeated::RepeatedSpec;
use crate::engine::plan::{self, Direction, Plan};
use crate::engine::sink::unit_file;
use crate::pipeline::inputs::SourceInput;
use crate::rows::column::KEY;
use crate::stages::global::SortedRows;

impl Plans<'_> {
    /// Own ids sorted, so that those that repeat stand together. `key` is `id_key`.
    ///
    /// # Errors
    /// Where the engine refuses the plan.
    pub fn ids(&self, units: &[usize], at: &Folders<'_>, groups: usize) -> Result<Plan> {
        plan::sort(self.own_ids(&contiguous(units, groups), at, None)?, &IDS)
    }

    /// Row keys and hashes of own ids, the units of a group in a partition; of rows that are `repeated`, where that is known.
    ///
    /// # Errors
    /// Where the engine refuses the plan.
    pub fn own_ids(&self, groups: &[Vec<usize>], at: &Folders<'_>, repeated: Option<RepeatedSpec>) -> Result<Plan> {
        let schema = key_schema(ID_KEY, false);
        let read = Narrow::of(groups, vec!["ord", ID_KEY], &schema, at);
        let read = Narrow { repeated: repeated.map(|spec| ("ord", spec)), repeats: None, drops: None, ..read };
        let node = self.narrow(&read)?;
        let predicate = plan::is_not_null(&node, ID_KEY)?;
        plan::filter(node, predicate)
    }

    /// The column of a key of all rows of some units, a partition a unit.
    ///
    /// # Errors
    /// Where the engine refuses the plan.
    pub fn keys(&self, key: &str, units: &[usize], at: &Folders<'_>) -> Result<Plan> {
        let files: Vec<_> = units.iter().map(|unit| vec![(unit_file(at.units, *unit as u64), Vec::new())]).collect();
        plan::parquet(&files, &key_schema(key, false), &[key], &[])
    }

    /// Rows that are still there, sorted as a pass over all rows asks for it, the one to keep first: those whose key may
    /// be `repeated`. Read and sorted in so many `groups` of units.
    ///
    /// # Errors
    /// Where the engine refuses the plan, or a column that the sort names is in no unit file.
    pub fn sorted(
        &self,
        sort: &SortedRows<'_>,
        sources: &[&SourceInput],
        units: &[Vec<usize>],
        at: &Folders<'_>,
        (repeated, groups): (&RepeatedSpec, usize),
    ) -> Result<Plan> {
        let priority = priorities(sources);
        let used = |s: &&SourceInput, u: &usize| units.iter().any(|of| of.contains(u)) && s.units.contains(u);
        let units: Vec<(usize, Vec<ScalarValue>)> = sources
            .iter()
            .flat_map(|s| s.units.clone().filter(|u| used(s, u)).map(|u| (u, constants(s, priority))))
            .collect();
        let repeated = (sort.key, repeated.clone());
        let node = self.partners(sort, contiguous(&units, groups), priority, at, repeated)?;
        plan::sort(node, &order(sort, priority))
    }

    /// Rows of some units that are still there and may have a partner, with what [`Plans::sorted`] has of them, but for the
    /// priorities of sources: the units in one partition.
    ///
    /// # Errors
    /// As of [`Plans::sorted`].
    pub fn listed(
        &self,
        sort: &SortedRows<'_>,
        units: &[usize],
        at: &Folders<'_>,
        repeated: RepeatedSpec,
    ) -> Result<Plan> {
        let groups = vec![units.iter().map(|unit| (*unit, vec![])).collect()];
        self.partners(sort, groups, false, at, ("ord", repeated))
    }

    /// Files of such rows, each with its source, sorted as [`Plans::sorted`] does. Read and sorted in so many `groups`.
    ///
    /// # Errors
    /// As of [`Plans::sorted`].
    pub fn sorted_files(
        &self,
        sort: &SortedRows<'_>,
        schema: &SchemaRef,
        files: Vec<(PathBuf, &SourceInput)>,
        groups: usize,
    ) -> Result<Plan> {
        let sources: Vec<&SourceInput> = files.iter().map(|file| file.1).collect();
        let priority = priorities(&sources);
        let files: Vec<plan::Part> = files.into_iter().map(|(path, s)| (path, constants(s, priority))).collect();
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        let node = plan::parquet(&contiguous(&files, groups), schema, &names, &priority_field(priority))?;
        plan::sort(node, &order(sort, priority))
    }

    /// What is sorted, before it is.
    fn partners(
        &self,
        sort: &SortedRows<'_>,
        groups: Vec<Vec<(usize, Vec<ScalarValue>)>>,
        priority: bool,
        at: &Folders<'_>,
        repeated: (&str, RepeatedSpec),
    ) -> Result<Plan> {
        let schema = key_schema(sort.key, true);
        let mut wanted = vec!["ord", sort.key];
        if at.own_ids {
            wanted.push("id");
        }
        wanted.extend(sort.prefer);
        let read = Narrow::of(&[], wanted, &schema, at);
        let read = Narrow { groups, constants: priority_field(priority), repeated: Some(repeated), ..read };
        let mut node = self.narrow(&read)?;
        if at.drops.is_some() {
            node = plan::filter(node.clone(), plan::is_null(&node, "stage")?)?;
        }
        node = plan::filter(node.clone(), plan::is_not_null(&node, sort.key)?)?;
        let order = order(sort, priority);
        let mut names: Vec<&str> = order.iter().map(|o| o.0).collect();
        if at.own_ids {
            names.push("id");
        }
        if at.repeats.is_some() {
            names.push("repeat");
        }
        plan::select(node, &names)
    }
}

/// The hash of a row's own id.
pub const ID_KEY: &str = "id_key";
/// The order in which own ids that repeat stand together.
pub const IDS: [(&str, Direction); 2] = [(ID_KEY, Direction::Up), ("ord", Direction::Up)];

/// Whether sources have priorities.
fn priorities(sources: &[&SourceInput]) -> bool {
    sources.iter().any(|s| s.source.priority != sources[0].source.priority)
}

fn priority_field(priority: bool) -> Vec<Field> {
    if priority { vec![Field::new("priority", DataType::Int64, true)] } else { vec![] }
}

fn constants(source: &SourceInput, priority: bool) -> Vec<ScalarValue> {
    if priority { vec![ScalarValue::Int64(Some(source.source.priority))] } else { vec![] }
}

/// The order of a sort.
fn order<'a>(sort: &SortedRows<'a>, priority: bool) -> Vec<(&'a str, Direction)> {
    let priority = priority.then_some(("priority", Direction::Down));
    let prefer = sort.prefer.map(|column| (column, Direction::Down));
    let first = std::iter::once((sort.key, Direction::Up));
    first.chain(priority).chain(prefer).chain([("ord", Direction::Up)]).collect()
}

fn key_schema(key: &str, more: bool) -> SchemaRef {
    let mut fields = vec![Field::new("ord", DataType::UInt64, false), Field::new(key, KEY, true)];
    if more {
        fields.push(Field::new("id", DataType::Utf8, true));
        fields.push(Field::new("row_bytes", DataType::Int64, true));
    }
    Arc::new(Schema::new(fields))
}

/// At most `groups` runs of neighbours, none empty.
pub(crate) fn contiguous<T: Clone>(items: &[T], groups: usize) -> Vec<Vec<T>> {
    let size = items.len().div_ceil(groups.max(1)).max(1);
    items.chunks(size).map(<[T]>::to_vec).collect()
}
