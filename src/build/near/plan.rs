//! The plans of `near_dedup`: narrow columns in order, ids in order, and the texts of some rows in order.

use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use crate::Result;
use crate::build::chain::Link;
use crate::build::inputs::SourceInput;
use crate::build::plans::{Folders, Narrow, Plans, id_of, worked};
use crate::engine::functions::near::columns;
use crate::engine::plan::{self, Part, Plan};
use crate::engine::scan::scan;
use crate::engine::sink::unit_file;
use crate::rows;
use crate::stages::near_dedup::{Keep, NearDedup};

/// Keys of the rows whose text is wanted.
pub fn wanted_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("ord", DataType::UInt64, false)]))
}

impl Plans<'_> {
    /// The rows of a source that are still there and that the stage applies to, in order and in one partition: `ord`,
    /// sketch, key of the text, and the value that decides who stays, where there is one.
    pub fn near_rows(
        &self,
        link: &Link,
        near: &NearDedup,
        source: &SourceInput,
        units: &[usize],
        at: &Folders<'_>,
    ) -> Result<Plan> {
        let schema = self.unit_schema(source)?;
        let [sketch, text, time] = columns(link.number);
        let value = match near.keep {
            Keep::First => None,
            Keep::Longest => Some("row_bytes".to_owned()),
            Keep::Newest => Some(time),
            Keep::Best => near.signal().and_then(|s| self.chain.column(source, s, link.number)).map(|c| c.0),
        };
        let mut wanted = vec!["ord", &sketch, &text];
        wanted.extend(value.as_deref());
        let read = Narrow {
            groups: vec![units.iter().map(|u| (*u, vec![])).collect()],
            units: at.units,
            schema: &schema,
            wanted: wanted.clone(),
            constants: vec![],
            cuts: &at.cuts,
            repeats: None,
            drops: at.drops,
        };
        let mut node = self.narrow(&read)?;
        if at.drops.is_some() {
            let predicate = plan::is_null(&node, "stage")?;
            node = plan::filter(node, predicate)?;
        }
        let predicate = plan::is_not_null(&node, &text)?;
        plan::select(plan::filter(node, predicate)?, &wanted)
    }

    /// The final ids of a source's rows, in order and in one partition: `ord`, `final_id`.
    pub fn near_ids(&self, source: &SourceInput, units: &[usize], at: &Folders<'_>) -> Result<Plan> {
        let schema = self.unit_schema(source)?;
        let read = Narrow {
            groups: vec![units.iter().map(|u| (*u, vec![])).collect()],
            units: at.units,
            schema: &schema,
            wanted: vec!["ord", "id"],
            constants: vec![],
            cuts: &at.cuts,
            repeats: at.repeats,
            drops: None,
        };
        let node = self.narrow(&read)?;
        let columns = vec![(plan::column(&node, "ord")?, "ord".to_owned()), (id_of(&node, at)?, "final_id".to_owned())];
        plan::project(node, columns)
    }

    /// The content of the rows listed in the folder `wanted` (a file a unit), as `link` finds it: one partition a unit,
    /// in order; `ord`, then the content columns.
    pub fn near_texts(
        &self,
        link: &Link,
        source: &SourceInput,
        units: &[usize],
        at: &Folders<'_>,
        wanted: &Path,
    ) -> Result<Plan> {
        let parts = |folder: &Path| -> Vec<Vec<Part>> {
            units.iter().map(|u| vec![(unit_file(folder, *u as u64), Vec::new())]).collect()
        };
        let wanted = plan::parquet(&parts(wanted), &wanted_schema(), &["ord"], &[])?;
        let content = rows::content(source.usage);
        let names: Vec<&str> = std::iter::once("ord").chain(content.iter().map(|f| f.name().as_str())).collect();
        if self.is_staged(link, source) {
            let schema = self.unit_schema(source)?;
            return plan::inner_join(plan::parquet(&parts(at.units), &schema, &names, &[])?, wanted);
        }
        let first = source.pieces.start;
        let groups: Vec<Vec<usize>> =
            units.iter().map(|u| self.inputs.units[*u].pieces.clone().map(|p| p - first).collect()).collect();
        let scanned = plan::inner_join(scan(Arc::new(self.scan_spec(source)), &groups), wanted)?;
        if self.chain.cleans(source, 0..link.number) {
            return worked(scanned, source, &["ord"], self.chain.rows_before(source, link.number));
        }
        plan::select(scanned, &names)
    }

    /// Whether the unit files hold the text as `link` finds it.
    pub fn is_staged(&self, link: &Link, source: &SourceInput) -> bool {
        source.staged && !self.chain.cleans(source, link.number..usize::MAX)
    }
}
