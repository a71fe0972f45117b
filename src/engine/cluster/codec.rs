//! Plans between the processes of a cluster: ours by [`super::super::codec`], Ballista's own by its codec, everything else
//! as DataFusion writes it. Before what is ours stands the version of the code that wrote it: the same options may mean
//! something else to another one.

use std::sync::Arc;

use ballista_core::serde::BallistaPhysicalExtensionCodec;
use datafusion_common::{DataFusionError, Result};
use datafusion_execution::TaskContext;
use datafusion_expr::ScalarUDF;
use datafusion_physical_plan::ExecutionPlan;
use datafusion_proto::physical_plan::{PhysicalExtensionCodec, PhysicalProtoConverterExtension};

use crate::engine::codec::Codec;
use crate::engine::external;

/// What stands before the version: no message of Ballista's begins so.
const MARK: &[u8] = b"corpus\0";

/// How the error of another version begins; the driver knows it by that.
pub(super) const VERSIONS: &str = "the cluster runs corpus ";

/// The codec of all processes of a cluster.
#[derive(Debug)]
pub(super) struct ClusterCodec {
    version: &'static str,
    own: Codec,
    ballista: BallistaPhysicalExtensionCodec,
}

impl ClusterCodec {
    /// The codec of this version of the code.
    pub(super) fn new(version: &'static str) -> Self {
        ClusterCodec { version, own: Codec, ballista: BallistaPhysicalExtensionCodec::default() }
    }

    /// Writes what is ours: packed, since a unit's plan names every row's source and every stage in JSON.
    fn seal(&self, inner: &[u8], buf: &mut Vec<u8>) -> Result<()> {
        buf.extend_from_slice(MARK);
        buf.extend_from_slice(self.version.as_bytes());
        buf.push(0);
        buf.extend(zstd::encode_all(inner, 1)?);
        Ok(())
    }

    /// What is ours; `None` where it is Ballista's.
    fn opened(&self, buf: &[u8]) -> Result<Option<Vec<u8>>> {
        let Some(rest) = buf.strip_prefix(MARK) else { return Ok(None) };
        let end = rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len());
        let version = String::from_utf8_lossy(&rest[..end]);
        if version != self.version {
            let message = format!("{VERSIONS}{}, and the build {version}", self.version);
            return Err(external(crate::Error::Engine(message)));
        }
        Ok(Some(zstd::decode_all(rest.get(end + 1..).unwrap_or_default())?))
    }
}

impl PhysicalExtensionCodec for ClusterCodec {
    fn try_decode(
        &self,
        buf: &[u8],
        inputs: &[Arc<dyn ExecutionPlan>],
        ctx: &TaskContext,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match self.opened(buf)? {
            Some(inner) => self.own.try_decode(&inner, inputs, ctx, converter),
            None => self.ballista.try_decode(buf, inputs, ctx, converter),
        }
    }

    fn try_encode(
        &self,
        node: Arc<dyn ExecutionPlan>,
        buf: &mut Vec<u8>,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<()> {
        let mut inner = Vec::new();
        match self.own.try_encode(node.clone(), &mut inner, converter) {
            Ok(()) => self.seal(&inner, buf),
            Err(DataFusionError::NotImplemented(_)) => self.ballista.try_encode(node, buf, converter),
            Err(error) => Err(error),
        }
    }

    fn try_decode_udf(&self, name: &str, buf: &[u8]) -> Result<Arc<ScalarUDF>> {
        match self.opened(buf)? {
            Some(inner) => self.own.try_decode_udf(name, &inner),
            None => self.ballista.try_decode_udf(name, buf),
        }
    }

    fn try_encode_udf(&self, node: &ScalarUDF, buf: &mut Vec<u8>) -> Result<()> {
        let mut inner = Vec::new();
        self.own.try_encode_udf(node, &mut inner)?;
        self.seal(&inner, buf)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_version_wrote_is_refused() {
        let (ours, theirs) = (ClusterCodec::new("1/2"), ClusterCodec::new("1/3"));
        let mut sealed = Vec::new();
        ours.seal(b"options", &mut sealed).unwrap();
        assert_eq!(ours.opened(&sealed).unwrap().as_deref(), Some(&b"options"[..]));
        let error = theirs.opened(&sealed).unwrap_err().to_string();
        assert!(error.contains("the cluster runs corpus 1/3, and the build 1/2"), "{error}");
        assert_eq!(ours.opened(b"\x0a\x02ab").unwrap(), None);
    }
}
