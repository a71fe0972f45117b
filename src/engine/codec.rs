//! Plans through protobuf: the scan, the functions, the join and the sink as their options in JSON, everything else as
//! DataFusion writes it. A cluster's codec wraps its own around this one.

use std::sync::Arc;

use datafusion_common::{DataFusionError, Result};
use datafusion_execution::TaskContext;
use datafusion_expr::ScalarUDF;
use datafusion_physical_plan::ExecutionPlan;
use datafusion_proto::physical_plan::{PhysicalExtensionCodec, PhysicalProtoConverterExtension};
use serde::{Deserialize, Serialize};

use super::away::{self, AwaySpec};
use super::beside::BesideExec;
use super::functions;
use super::part::{self, PartExec, PartSpec};
use super::scan::{self, ScanSpec};
use super::sink::{SinkExec, SinkSpec};
use crate::objects::View;

/// Our nodes.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "one a plan")]
enum Node {
    Scan { spec: ScanSpec, groups: Vec<Vec<usize>> },
    Sink { spec: SinkSpec },
    Part { spec: PartSpec },
    Away { spec: AwaySpec },
    Beside,
}

/// The codec.
#[derive(Debug, Default)]
pub struct Codec;

fn json(error: serde_json::Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

impl PhysicalExtensionCodec for Codec {
    fn try_decode(
        &self,
        buf: &[u8],
        inputs: &[Arc<dyn ExecutionPlan>],
        _ctx: &TaskContext,
        _converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match serde_json::from_slice(buf).map_err(json)? {
            Node::Part { spec } => Ok(part::part(spec, inputs.first().cloned())),
            Node::Scan { spec, groups } => {
                // Who is sent a plan does the work of many builds.
                let view = View::of(spec.build);
                Ok(scan::seen(Arc::new(spec), &groups, view))
            }
            Node::Away { spec } => match inputs {
                [plan] => Ok(away::away(spec, plan.clone())),
                _ => Err(DataFusionError::Internal("one plan is run elsewhere".into())),
            },
            Node::Beside => BesideExec::of(inputs.to_vec()),
            Node::Sink { spec } => match inputs {
                [input] => Ok(Arc::new(SinkExec::new(spec, input.clone()))),
                _ => Err(DataFusionError::Internal("a sink has one input".into())),
            },
        }
    }

    fn try_encode(
        &self,
        node: Arc<dyn ExecutionPlan>,
        buf: &mut Vec<u8>,
        _converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<()> {
        let node = if let Some((spec, groups)) = scan::parts(node.as_ref()) {
            Node::Scan { spec: spec.as_ref().clone(), groups }
        } else if let Some(sink) = node.downcast_ref::<SinkExec>() {
            Node::Sink { spec: sink.spec().clone() }
        } else if let Some(part) = node.downcast_ref::<PartExec>() {
            Node::Part { spec: part.spec().clone() }
        } else if let Some(spec) = away::parts(node.as_ref()) {
            Node::Away { spec: spec.clone() }
        } else if node.is::<BesideExec>() {
            Node::Beside
        } else {
            return Err(DataFusionError::NotImplemented(format!("{} cannot be shipped", node.name())));
        };
        serde_json::to_writer(buf, &node).map_err(json)
    }

    fn try_decode_udf(&self, name: &str, buf: &[u8]) -> Result<Arc<ScalarUDF>> {
        if name == "get_field" {
            return Ok(datafusion_functions::core::get_field());
        }
        let options = std::str::from_utf8(buf).map_err(|e| DataFusionError::External(Box::new(e)))?;
        functions::decode(name, options).map_err(super::external)
    }

    fn try_encode_udf(&self, node: &ScalarUDF, buf: &mut Vec<u8>) -> Result<()> {
        // An empty buffer would make the reader look the name up, and lose the options.
        let options = functions::encode(node).transpose().map_err(super::external)?;
        buf.extend_from_slice(options.as_deref().unwrap_or("{}").as_bytes());
        Ok(())
    }
}
