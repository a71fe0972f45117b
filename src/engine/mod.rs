//! The only room that names DataFusion.
//!
//! A job of a build is one physical plan from files to files, cut into partitions. Plans are put together operator by
//! operator ([`plan`]), so what runs is what is written here: no optimizer moves or copies a function that reads text.
//! Ours in a plan are the [`scan`] (a `FileSource`), the named [`functions`], the join of sorted rows ([`beside`]), and the
//! [`sink`]; everything between is built in; a [`part`] is a plan only on its way, and [`away`] what is put around one that is
//! run where its files are not. [`codec`] carries all of them through protobuf, as a [`cluster`] needs it. Only [`sql`], which answers questions about a finished build, has plans made for it.

pub mod away;
pub mod beside;
pub mod cluster;
pub mod codec;
pub mod functions;
pub mod part;
pub mod partners;
pub mod plan;
pub mod room;
pub mod scan;
pub mod session;
pub mod sink;
pub mod sql;

pub use session::{Session, drive, in_order, side_by_side};

impl From<datafusion_common::DataFusionError> for crate::Error {
    fn from(error: datafusion_common::DataFusionError) -> Self {
        use datafusion_common::DataFusionError as Df;
        match error {
            Df::IoError(source) => crate::Error::Io { path: "(reading or writing)".into(), source },
            Df::Context(_, inner) => (*inner).into(),
            Df::External(inner) => match inner.downcast::<crate::Error>() {
                Ok(own) => *own,
                Err(other) => crate::Error::Engine(other.to_string()),
            },
            other => crate::Error::Engine(other.to_string()),
        }
    }
}

impl From<arrow::error::ArrowError> for crate::Error {
    fn from(error: arrow::error::ArrowError) -> Self {
        crate::Error::Engine(error.to_string())
    }
}

impl From<parquet::errors::ParquetError> for crate::Error {
    fn from(error: parquet::errors::ParquetError) -> Self {
        match error {
            parquet::errors::ParquetError::External(inner) => match inner.downcast::<std::io::Error>() {
                Ok(source) => crate::Error::Io { path: "(writing Parquet)".into(), source: *source },
                Err(other) => crate::Error::Engine(other.to_string()),
            },
            other => crate::Error::Engine(other.to_string()),
        }
    }
}

/// One of our errors, as the engine carries it.
pub(crate) fn external(error: crate::Error) -> datafusion_common::DataFusionError {
    datafusion_common::DataFusionError::External(Box::new(error))
}
