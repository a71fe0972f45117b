//! A plan that is run where nobody sees the folder of jobs of whoever made it: what it reads is brought from an object store
//! into a folder made for it alone, its paths are changed to those in there, and what it writes is handed over ([`lists`]).
//! So the plan below is the one that is run on a folder that all see, and knows nothing of this.

pub mod lists;

use std::fmt;
use std::fs::create_dir_all;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion_common::Result as EngineResult;
use datafusion_common::tree_node::TreeNodeRecursion;
use datafusion_datasource::file_groups::FileGroup;
use datafusion_datasource::file_scan_config::{FileScanConfig, FileScanConfigBuilder};
use datafusion_datasource::source::DataSourceExec;
use datafusion_datasource_parquet::source::ParquetSource;
use datafusion_execution::{SendableRecordBatchStream, TaskContext};
use datafusion_physical_expr::PhysicalExpr;
use datafusion_physical_plan::execution_plan::{PlanProperties, ReplaceChildrenOptions, replace_children_if_necessary};
use datafusion_physical_plan::stream::RecordBatchStreamAdapter;
use datafusion_physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan};
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path as Location;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use walkdir::WalkDir;

use super::external;
use super::part::{self, PartExec};
use super::plan::Plan;
use super::room::room;
use super::scan;
use super::sink::SinkExec;
use crate::objects::{Address, Folder, View, elsewhere, stop};
use crate::{Error, Result};
use lists::Stored;

/// What is to be known of a plan to run it elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AwaySpec {
    /// The address of the jobs.
    pub store: String,
    /// The name of the part there.
    pub part: String,
    /// The folder of jobs, as paths of the plan have it, and without links in it.
    pub roots: Vec<PathBuf>,
    /// The files in it that the plan reads.
    pub reads: Vec<Stored>,
    /// Folders in it that are there.
    pub folders: Vec<String>,
}

/// The operator.
#[derive(Debug)]
struct AwayExec {
    spec: AwaySpec,
    plan: Plan,
}

/// A plan of one partition, to be run elsewhere.
pub fn away(spec: AwaySpec, plan: Plan) -> Plan {
    Arc::new(AwayExec { spec, plan })
}

/// What a plan is that [`away`] made.
pub fn parts(plan: &dyn ExecutionPlan) -> Option<&AwaySpec> {
    Some(&plan.downcast_ref::<AwayExec>()?.spec)
}

/// Paths that a plan names below one of `roots`, as they stand below it; in no order, each as often as it is named.
///
/// # Errors
///
/// [`Error::Engine`] of a node that cannot be looked into.
pub fn paths(plan: &Plan, roots: &[PathBuf]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut note = |below: &str| {
        found.push(below.to_owned());
        None
    };
    changed(plan, &mut Change { roots, note: &mut note })?;
    Ok(found)
}

/// What is done with paths below some roots: `note` hears of each, and may say what stands there from now on.
struct Change<'a> {
    roots: &'a [PathBuf],
    note: &'a mut dyn FnMut(&str) -> Option<PathBuf>,
}

impl Change<'_> {
    /// What stands in the place of a path, if something does.
    fn path(&mut self, path: &str) -> Option<PathBuf> {
        let below = self.roots.iter().find_map(|root| Path::new(path).strip_prefix(root).ok())?;
        (self.note)(&below.to_string_lossy())
    }

    /// Changes all paths in a value; how many there are.
    fn json(&mut self, value: &mut Json) -> usize {
        match value {
            Json::String(text) => self.path(text).map_or(0, |path| {
                *text = path.to_string_lossy().into_owned();
                1
            }),
            Json::Array(all) => all.iter_mut().map(|one| self.json(one)).sum(),
            Json::Object(all) => all.values_mut().map(|one| self.json(one)).sum(),
            _ => 0,
        }
    }

    /// Options with paths changed; none where none is.
    fn options<T: Serialize + DeserializeOwned>(&mut self, options: &T) -> Result<Option<T>> {
        let json = |e: serde_json::Error| Error::Engine(e.to_string());
        let mut value = serde_json::to_value(options).map_err(json)?;
        if self.json(&mut value) > 0 { serde_json::from_value(value).map(Some).map_err(json) } else { Ok(None) }
    }

    /// Files of the engine's own scan.
    fn files(&mut self, config: &FileScanConfig) -> Result<Option<Vec<FileGroup>>> {
        let (mut any, mut groups) = (false, Vec::new());
        for group in &config.file_groups {
            let mut files = group.files().to_vec();
            for file in &mut files {
                let engine = |e: object_store::path::Error| Error::Engine(e.to_string());
                let path = self.roots.iter().find_map(|root| {
                    let root = Location::from_absolute_path(root).ok()?;
                    let below = file.object_meta.location.prefix_match(&root)?;
                    // Names of files of jobs have nothing that a location would have escaped.
                    let names: Vec<String> = below.map(|part| part.as_ref().to_owned()).collect();
                    (self.note)(&names.join("/"))
                });
                if let Some(path) = path {
                    file.object_meta.location = Location::from_absolute_path(path).map_err(engine)?;
                    any = true;
                }
            }
            groups.push(FileGroup::new(files));
        }
        Ok(any.then_some(groups))
    }
}

/// A plan with other paths in it.
fn changed(plan: &Plan, change: &mut Change<'_>) -> Result<Plan> {
    let children = plan.children().into_iter().map(|child| changed(child, change)).collect::<Result<Vec<_>>>()?;
    let plan = replace_children_if_necessary(plan.clone(), children)?;
    if let Some((spec, groups)) = scan::parts(plan.as_ref()) {
        let spec = change.options(spec.as_ref())?;
        return Ok(spec.map_or(plan, |spec| {
            let view = View::of(spec.build);
            scan::seen(Arc::new(spec), &groups, view)
        }));
    }
    if let Some(sink) = plan.downcast_ref::<SinkExec>() {
        let spec = change.options(sink.spec())?;
        let input = plan.children().into_iter().next().cloned();
        let ends = spec.zip(input).map(|(spec, input)| Arc::new(SinkExec::new(spec, input)) as Plan);
        return Ok(ends.unwrap_or(plan));
    }
    if let Some(done) = plan.downcast_ref::<PartExec>() {
        let spec = change.options(done.spec())?;
        return Ok(
            spec.map_or_else(|| plan.clone(), |spec| part::part(spec, plan.children().first().copied().cloned()))
        );
    }
    let source = plan.downcast_ref::<DataSourceExec>();
    if let Some((config, _)) = source.and_then(|source| source.downcast_to_file_source::<ParquetSource>())
        && let Some(groups) = change.files(config)?
    {
        let config = FileScanConfigBuilder::from(config.clone()).with_file_groups(groups).build();
        return Ok(DataSourceExec::from_data_source(config));
    }
    Ok(plan)
}

impl AwaySpec {
    /// The objects below the address of the jobs.
    fn folder(&self) -> Result<Folder> {
        Folder::new(Address::read("--work", &self.store)?, stop())
    }

    /// Brings what the plan reads into a folder of its own; nothing where the part is done.
    fn begin(&self) -> Result<Option<tempfile::TempDir>> {
        let folder = self.folder()?;
        let scratch = room().scratch;
        if lists::lists(&folder, std::slice::from_ref(&self.part))?.iter().any(Option::is_some) {
            return Ok(None);
        }
        let root = tempfile::Builder::new().prefix("away-").tempdir_in(&scratch).map_err(Error::io(&scratch))?;
        for name in &self.folders {
            let path = root.path().join(name);
            create_dir_all(&path).map_err(Error::io(&path))?;
        }
        for stored in &self.reads {
            lists::bring(&folder, stored, &root.path().join(&stored.file))?;
        }
        Ok(Some(root))
    }

    /// An error of the store, which other machines may reach.
    fn told(&self, error: Error) -> Error {
        match error {
            Error::Other { .. } => elsewhere(format!("an executor moves {}: {error}", self.part), &error),
            error => error,
        }
    }

    /// Hands over what was written there.
    fn end(&self, root: &Path) -> Result<()> {
        let job = self.part.rsplit_once('/').map_or("", |(job, _)| job);
        let read = |file: &Path| self.reads.iter().any(|stored| Path::new(&stored.file) == file);
        let mut files = Vec::new();
        for entry in WalkDir::new(root).sort_by_file_name() {
            let entry = entry.map_err(|e| Error::Engine(e.to_string()))?;
            let below = entry.path().strip_prefix(root).unwrap_or(entry.path());
            if entry.file_type().is_file() && !read(below) {
                let of_job = || Error::Engine(format!("{} is no file of {job}", below.display()));
                let name = below.strip_prefix(job).map_err(|_| of_job())?.to_string_lossy().into_owned();
                files.push((name, entry.path().to_path_buf()));
            }
        }
        let by = format!("task-{:016x}", fastrand::u64(..));
        lists::hand(&self.folder()?, (&self.part, &by), &files).map(drop)
    }
}

/// Does what waits for a store or a disk, on a thread for that.
async fn waiting<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|panic| Err(Error::Engine(format!("a part failed: {panic}"))))
}

async fn run(spec: AwaySpec, plan: Plan, context: Arc<TaskContext>) -> Result<Vec<RecordBatch>> {
    let begun = spec.clone();
    let Some(root) = waiting(move || begun.begin().map_err(|error| begun.told(error))).await? else {
        return Ok(Vec::new());
    };
    let rows = {
        let mut here = |below: &str| Some(root.path().join(below));
        let plan = changed(&plan, &mut Change { roots: &spec.roots, note: &mut here })?;
        plan.execute(0, context)?.try_collect().await?
    };
    // The folder goes when all is handed over.
    waiting(move || spec.end(root.path()).map_err(|error| spec.told(error))).await?;
    Ok(rows)
}

impl DisplayAs for AwayExec {
    fn fmt_as(&self, _t: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "AwayExec: {}", self.spec.part)
    }
}

impl ExecutionPlan for AwayExec {
    fn name(&self) -> &str {
        "AwayExec"
    }
    fn properties(&self) -> &Arc<PlanProperties> {
        self.plan.properties()
    }
    fn children(&self) -> Vec<&Plan> {
        vec![&self.plan]
    }
    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> EngineResult<TreeNodeRecursion>,
    ) -> EngineResult<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }
    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Plan>,
        _options: ReplaceChildrenOptions,
    ) -> EngineResult<Plan> {
        Ok(away(self.spec.clone(), children.pop().unwrap_or_else(|| self.plan.clone())))
    }
    #[allow(deprecated)]
    fn with_new_children(self: Arc<Self>, mut children: Vec<Plan>) -> EngineResult<Plan> {
        Ok(away(self.spec.clone(), children.pop().unwrap_or_else(|| self.plan.clone())))
    }
    fn execute(&self, _partition: usize, context: Arc<TaskContext>) -> EngineResult<SendableRecordBatchStream> {
        let (spec, plan) = (self.spec.clone(), self.plan.clone());
        let rows = futures::stream::once(async move { run(spec, plan, context).await.map_err(external) });
        let rows = rows.map_ok(|rows| futures::stream::iter(rows.into_iter().map(Ok))).try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.plan.schema(), rows.boxed())))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use arrow::array::{ArrayRef, UInt64Array};
    use arrow::datatypes::{DataType, Field, Schema};
    use datafusion_proto::physical_plan::AsExecutionPlan;
    use datafusion_proto::protobuf::PhysicalPlanNode;

    use super::*;
    use crate::engine::codec::Codec;
    use crate::engine::plan::parquet;
    use crate::engine::sink::{SinkSpec, UnitsSpec, unit_file};
    use crate::output::parquet_file::{PartFile, Style};

    /// All that a plan names below the folder of jobs is found, comes through protobuf, and is somewhere else then: a plan
    /// that was made over one folder reads and writes in another.
    #[tokio::test]
    async fn a_plan_runs_in_another_folder() {
        let [here, there] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let schema = Arc::new(Schema::new(vec![Field::new("ord", DataType::UInt64, false)]));
        let file = unit_file(&here.path().join("scan-1"), 0);
        create_dir_all(file.parent().unwrap()).unwrap();
        let mut rows = PartFile::create(&file, schema.clone(), Style::Stage).unwrap();
        let column: ArrayRef = Arc::new(UInt64Array::from(vec![1, 2]));
        rows.write_all(&RecordBatch::try_new(schema.clone(), vec![column]).unwrap()).unwrap();
        rows.finish().unwrap();
        let rows = parquet(&[vec![(file.clone(), Vec::new())]], &schema, &["ord"], &[]).unwrap();
        let units = UnitsSpec { folder: here.path().join("judge-2"), units: vec![(0, 0)] };
        let plan: Plan = Arc::new(SinkExec::new(SinkSpec::Units(units), rows));
        let roots = [here.path().to_path_buf(), std::fs::canonicalize(here.path()).unwrap()];
        let named: BTreeSet<String> = paths(&plan, &roots).unwrap().into_iter().collect();
        assert_eq!(named, BTreeSet::from(["judge-2".to_owned(), "scan-1/unit-000000.parquet".to_owned()]));
        assert_eq!(paths(&plan, &[there.path().to_path_buf()]).unwrap(), Vec::<String>::new());

        let stored = Stored { object: "o".into(), file: "scan-1/unit-000000.parquet".into(), bytes: 9 };
        let spec = AwaySpec {
            store: "s3://bucket/jobs".into(),
            part: "judge-2/part-000000".into(),
            roots: roots.to_vec(),
            reads: vec![stored],
            folders: vec!["judge-2".into()],
        };
        let mut sent = Vec::new();
        let plan = away(spec.clone(), plan);
        PhysicalPlanNode::try_from_physical_plan(plan, &Codec).unwrap().try_encode(&mut sent).unwrap();
        let context = Arc::new(TaskContext::default());
        let back = PhysicalPlanNode::try_decode(&sent).unwrap().try_into_physical_plan(&context, &Codec).unwrap();
        assert_eq!(parts(back.as_ref()), Some(&spec));

        for name in ["scan-1", "judge-2"] {
            create_dir_all(there.path().join(name)).unwrap();
        }
        std::fs::rename(&file, there.path().join("scan-1/unit-000000.parquet")).unwrap();
        let mut other = |below: &str| Some(there.path().join(below));
        let moved = changed(back.children()[0], &mut Change { roots: &roots, note: &mut other }).unwrap();
        let written: Vec<RecordBatch> = moved.execute(0, context).unwrap().try_collect().await.unwrap();
        assert_eq!(written.iter().map(RecordBatch::num_rows).sum::<usize>(), 1);
        assert!(unit_file(&there.path().join("judge-2"), 0).is_file() && !here.path().join("judge-2").exists());
    }
}
