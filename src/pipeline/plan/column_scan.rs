//! Unit files read without their text: the columns that a plan wants, joined with what was decided so far.

use std::path::Path;

use arrow::datatypes::{Field, SchemaRef};
use datafusion_common::ScalarValue;

use super::folders::Folders;
use super::planner::Plans;
use crate::Result;
use crate::engine::functions::Function;
use crate::engine::functions::repeated::{RepeatedKernel, RepeatedSpec};
use crate::engine::plan::{self, Part, Plan};
use crate::engine::sink::unit_file;
use crate::pipeline::inputs::SourceInput;
use crate::pipeline::run::drops::{drops_schema, repeats_schema, sizes_schema, splits_schema};
use crate::rows::column::CLUSTER_SIZE;
use crate::rows::split::SPLIT;

/// Which narrow columns are read, and joined with what.
pub(crate) struct Narrow<'a> {
    pub(crate) groups: Vec<Vec<(usize, Vec<ScalarValue>)>>,
    pub(crate) units: &'a Path,
    pub(crate) schema: &'a SchemaRef,
    pub(crate) wanted: Vec<&'a str>,
    pub(crate) constants: Vec<Field>,
    /// Only rows that may have a partner, by this column: that of a key, or that of row keys where rows are listed.
    pub(crate) repeated: Option<(&'a str, RepeatedSpec)>,
    pub(crate) cuts: &'a [(u64, u64)],
    pub(crate) repeats: Option<&'a Path>,
    pub(crate) sizes: Option<&'a Path>,
    pub(crate) splits: Option<&'a Path>,
    pub(crate) drops: Option<&'a Path>,
}

impl<'a> Narrow<'a> {
    /// Columns of the units of each group, joined with the repeats of ids and the drops so far.
    pub(crate) fn of(groups: &[Vec<usize>], wanted: Vec<&'a str>, schema: &'a SchemaRef, at: &'a Folders<'_>) -> Self {
        Narrow {
            groups: groups.iter().map(|units| units.iter().map(|unit| (*unit, vec![])).collect()).collect(),
            units: at.units,
            schema,
            wanted,
            constants: vec![],
            repeated: None,
            cuts: &at.cuts,
            repeats: at.repeats,
            sizes: None,
            splits: None,
            drops: at.drops,
        }
    }
}

/// Each unit in a group of its own.
pub(crate) fn each(units: &[usize]) -> Vec<Vec<usize>> {
    units.iter().map(|unit| vec![*unit]).collect()
}

impl Plans<'_> {
    /// Columns of the rows of a source that are still there, in order, a partition a unit; with the repeats of ids, if
    /// `repeats` says so.
    pub(crate) fn still_there(
        &self,
        source: &SourceInput,
        units: &[usize],
        at: &Folders<'_>,
        wanted: &[&str],
        repeats: bool,
    ) -> Result<Plan> {
        self.together(source, &each(units), at, wanted, repeats)
    }

    /// The same with the units of a group in one partition.
    pub(crate) fn together(
        &self,
        source: &SourceInput,
        groups: &[Vec<usize>],
        at: &Folders<'_>,
        wanted: &[&str],
        repeats: bool,
    ) -> Result<Plan> {
        let schema = self.unit_schema(source)?;
        let read = Narrow::of(groups, wanted.to_vec(), &schema, at);
        let node = self.narrow(&Narrow { repeats: at.repeats.filter(|_| repeats), ..read })?;
        if at.drops.is_none() {
            return Ok(node);
        }
        let predicate = plan::is_null(&node, "stage")?;
        plan::filter(node, predicate)
    }

    /// Reads columns of units, with the repeats of ids and the drops so far where there are any.
    pub(crate) fn narrow(&self, read: &Narrow<'_>) -> Result<Plan> {
        let part = |folder: &Path| -> Vec<Vec<Part>> {
            let of =
                |(unit, constants): &(usize, Vec<ScalarValue>)| (unit_file(folder, *unit as u64), constants.clone());
            read.groups.iter().map(|group| group.iter().map(of).collect()).collect()
        };
        // Of these, too, only what lies within the bounds is read.
        let bounded = read.constants.iter().any(|f| f.name() == plan::BOUNDS[0]);
        let beside = |folder: &Path, schema: &SchemaRef, names: &[&str]| -> Result<Plan> {
            if bounded {
                let node = plan::parquet(&part(folder), schema, names, &read.constants)?;
                return plan::select(node, names);
            }
            let mut parts = part(folder);
            parts.iter_mut().flatten().for_each(|part| part.1.clear());
            plan::parquet(&parts, schema, names, &[])
        };
        let mut node = plan::parquet(&part(read.units), read.schema, &read.wanted, &read.constants)?;
        if let Some((column, spec)) = &read.repeated {
            let key = vec![plan::column(&node, column)?];
            let predicate = plan::call(&node, Function::<RepeatedKernel>::of(spec.clone())?, key)?;
            node = plan::filter(node, predicate)?;
        }
        for (first, last) in read.cuts {
            let predicate = plan::outside(&node, "ord", *first, *last)?;
            node = plan::filter(node, predicate)?;
        }
        if let Some(folder) = read.repeats {
            let repeats = beside(folder, &repeats_schema(), &["ord", "repeat"])?;
            node = plan::left_join(node, repeats)?;
        }
        if let Some(folder) = read.sizes {
            let sizes = beside(folder, &sizes_schema(), &["ord", CLUSTER_SIZE])?;
            node = plan::left_join(node, sizes)?;
        }
        if let Some(folder) = read.splits {
            let splits = beside(folder, &splits_schema(), &["ord", SPLIT])?;
            node = plan::left_join(node, splits)?;
        }
        if let Some(folder) = read.drops {
            let schema = drops_schema();
            let names: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
            node = plan::left_join(node, beside(folder, &schema, &names)?)?;
        }
        Ok(node)
    }
}
