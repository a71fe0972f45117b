//! A stage of a recipe, built once from its options and shared by whoever needs it. Only a plan that is sent elsewhere
//! holds it as JSON: its word and its options.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;

use super::{Entry, Stage, entry};
use crate::{Error, Result};

/// A stage, the word that it is called by, and its options with every default written out.
#[derive(Clone)]
pub struct Resolved {
    /// Its description.
    pub entry: &'static Entry,
    /// Its options.
    pub options: Json,
    /// The stage.
    pub stage: Arc<dyn Stage>,
}

impl Resolved {
    /// Builds the stage `run` from its options.
    ///
    /// # Errors
    /// A word that names no stage; options that it cannot be built from.
    pub fn new(run: &str, options: &Json) -> Result<Self> {
        let entry = entry(run).ok_or_else(|| Error::Recipe(format!("error: no stage is called `{run}`")))?;
        let (stage, options) =
            (entry.build)(options.clone()).map_err(|e| Error::Recipe(format!("error: `{run}`: {e}")))?;
        Ok(Resolved { entry, options, stage })
    }

    /// The stage's word.
    pub fn run(&self) -> &'static str {
        self.entry.name
    }
}

impl PartialEq for Resolved {
    fn eq(&self, other: &Self) -> bool {
        self.run() == other.run() && self.options == other.options
    }
}

impl fmt::Debug for Resolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.run(), self.options)
    }
}

impl Serialize for Resolved {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        (self.run(), &self.options).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Resolved {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let (run, options) = <(String, Json)>::deserialize(deserializer)?;
        Resolved::new(&run, &options).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_comes_back_with_its_options() {
        let keep = Resolved::new("keep", &serde_json::json!({"chars": {"min": 5}})).unwrap();
        let json = serde_json::to_string(&keep).unwrap();
        assert_eq!(serde_json::from_str::<Resolved>(&json).unwrap(), keep);
        assert!(serde_json::from_str::<Resolved>("[\"kep\", {}]").is_err());
    }
}
