//! Named functions over a batch. Each is its options as JSON, so that a plan that calls it can be shipped; each is
//! called once in a projection that names its result, and declared volatile, so that nothing runs it twice.

use std::fmt::Debug;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion_common::Result;
use datafusion_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub mod ids;
pub mod judge;
pub mod repeated;
pub mod rows;

/// What a named function does with a batch.
pub trait Kernel: Debug + Send + Sync + Sized + 'static {
    /// The function's name in plans.
    const NAME: &'static str;
    /// Its options.
    type Spec: Serialize + DeserializeOwned + PartialEq + Debug + Send + Sync + Clone + 'static;
    /// Makes it ready to run.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`](crate::Error::Engine) where a stage cannot be built from its options.
    fn new(spec: Self::Spec) -> crate::Result<Self>;
    /// The type of its result.
    fn returns(&self) -> DataType;
    /// Runs it over the arguments, arrays of `rows` values each.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`](crate::Error::Engine) where the arguments are not those that it takes; what a file says that it
    /// reads at its first run.
    fn run(&self, arguments: &[ArrayRef], rows: usize) -> crate::Result<ArrayRef>;
}

/// A kernel as the engine calls it.
#[derive(Debug)]
pub struct Function<K: Kernel> {
    /// Its options: JSON only where a plan is sent elsewhere.
    spec: K::Spec,
    kernel: K,
    signature: Signature,
}

impl<K: Kernel> Function<K> {
    /// The function with these options.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`](crate::Error::Engine) where a stage cannot be built from its options.
    pub fn of(spec: K::Spec) -> crate::Result<ScalarUDF> {
        let signature = Signature::variadic_any(Volatility::Volatile);
        Ok(ScalarUDF::new_from_impl(Function { kernel: K::new(spec.clone())?, spec, signature }))
    }

    fn from_json(options: &str) -> crate::Result<ScalarUDF> {
        let spec = serde_json::from_str(options).map_err(|e| crate::Error::Engine(e.to_string()))?;
        Function::<K>::of(spec)
    }
}

impl<K: Kernel> PartialEq for Function<K> {
    fn eq(&self, other: &Self) -> bool {
        self.spec == other.spec
    }
}
impl<K: Kernel> Eq for Function<K> {}
impl<K: Kernel> Hash for Function<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Equal ones have equal hashes; a plan has few of a kind.
        K::NAME.hash(state);
    }
}

impl<K: Kernel> ScalarUDFImpl for Function<K> {
    fn name(&self) -> &str {
        K::NAME
    }
    fn signature(&self) -> &Signature {
        &self.signature
    }
    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(self.kernel.returns())
    }
    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let result = self.kernel.run(&arrays, args.number_rows).map_err(super::external)?;
        Ok(ColumnarValue::Array(result))
    }
}

/// The options of one of our functions as JSON, for the codec; `None` for any other function.
///
/// # Errors
///
/// [`Error::Engine`](crate::Error::Engine) where options cannot be written as JSON.
pub fn encode(function: &ScalarUDF) -> Option<crate::Result<String>> {
    fn json<K: Kernel>(function: &ScalarUDF) -> Option<serde_json::Result<String>> {
        function.inner().downcast_ref::<Function<K>>().map(|f| serde_json::to_string(&f.spec))
    }
    let json = json::<rows::RowsKernel>(function)
        .or_else(|| json::<judge::JudgeKernel>(function))
        .or_else(|| json::<ids::IdsKernel>(function))
        .or_else(|| json::<repeated::RepeatedKernel>(function))?;
    Some(json.map_err(|e| crate::Error::Engine(e.to_string())))
}

/// The function `name` with these options.
///
/// # Errors
///
/// [`Error::Engine`](crate::Error::Engine) where no function is called so, or the options are not its own.
pub fn decode(name: &str, options: &str) -> crate::Result<Arc<ScalarUDF>> {
    let function = match name {
        rows::RowsKernel::NAME => Function::<rows::RowsKernel>::from_json(options),
        judge::JudgeKernel::NAME => Function::<judge::JudgeKernel>::from_json(options),
        ids::IdsKernel::NAME => Function::<ids::IdsKernel>::from_json(options),
        repeated::RepeatedKernel::NAME => Function::<repeated::RepeatedKernel>::from_json(options),
        _ => Err(crate::Error::Engine(format!("no function is called {name}"))),
    };
    function.map(Arc::new)
}
