//! Values of signals.

use std::borrow::Cow;

/// A value of a signal.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Value {
    Null,
    Int(i64),
    Float(f64),
    Text(Cow<'static, str>),
    Words(Vec<String>),
}
