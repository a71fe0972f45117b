//! A `tokenizer.json` in parts.
//!
//! The vocabulary and the merges are nearly all of such a file, and the library reads them by itself: they are walked
//! once, for what we need to know of each piece, and handed on as they stand. All else is taken apart.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value as Json;
use serde_json::value::RawValue;

/// The fields of an object, each as it stands.
pub(in super::super) type Parts<'f> = BTreeMap<String, &'f RawValue>;

/// A file.
pub(super) struct File<'f> {
    /// All of it; where `vocab` and `merges` stand by themselves, they are empty here.
    root: Json,
    vocab: Option<&'f RawValue>,
    merges: Option<&'f RawValue>,
}

/// A part of a file that is written.
#[derive(Serialize)]
#[serde(untagged)]
enum Part<'p> {
    Json(&'p Json),
    Raw(&'p RawValue),
    Object(BTreeMap<&'p str, Part<'p>>),
}

impl<'f> File<'f> {
    /// Takes the fields of a file apart.
    ///
    /// # Errors
    /// A field that cannot be read, or a model that is no object.
    pub(super) fn of(parts: &Parts<'f>) -> serde_json::Result<File<'f>> {
        let (mut vocab, mut merges) = (None, None);
        let mut root = serde_json::Map::new();
        for (name, part) in parts {
            if name != "model" {
                root.insert(name.clone(), serde_json::from_str(part.get())?);
                continue;
            }
            let mut model = serde_json::Map::new();
            for (name, part) in serde_json::from_str::<Parts<'f>>(part.get())? {
                let mut begins = part.get().chars().filter(|c| !c.is_ascii_whitespace());
                let value = match (name.as_str(), begins.next(), begins.next()) {
                    ("vocab", Some('{'), _) => Json::Object(serde_json::Map::new()),
                    ("vocab", Some('['), _) | ("merges", Some('['), Some('[')) => Json::Array(Vec::new()),
                    // Merges of older files are strings, which today's form does not know.
                    _ => serde_json::from_str(part.get())?,
                };
                match name.as_str() {
                    "vocab" if value.is_object() || value.is_array() => vocab = Some(part),
                    "merges" if value.as_array().is_some_and(Vec::is_empty) => merges = Some(part),
                    _ => {}
                }
                model.insert(name, value);
            }
            root.insert("model".to_owned(), Json::Object(model));
        }
        Ok(File { root: Json::Object(root), vocab, merges })
    }

    /// All of it but the vocabulary and the merges.
    pub(super) fn root(&self) -> &Json {
        &self.root
    }

    /// Hands over each piece of the vocabulary with its id.
    ///
    /// # Errors
    /// A piece that cannot be read.
    pub(super) fn pieces(&self, found: &mut dyn FnMut(&str, u32)) -> serde_json::Result<()> {
        self.vocab.map_or(Ok(()), |vocab| serde_json::Deserializer::from_str(vocab.get()).deserialize_any(Walk(found)))
    }

    /// The whole in the form of today's files, whatever the form it came in.
    ///
    /// # Errors
    /// Why it has none.
    pub(super) fn canonical(mut self) -> Result<String, String> {
        tokenizers::canonicalize_value(&mut self.root).map_err(|e| e.to_string())?;
        let model = self.root["model"].as_object().into_iter().flatten().map(|(name, value)| {
            let raw = match name.as_str() {
                "vocab" => self.vocab,
                "merges" => self.merges,
                _ => None,
            };
            (name.as_str(), raw.map_or(Part::Json(value), Part::Raw))
        });
        let model = Part::Object(model.collect());
        let others = self.root.as_object().into_iter().flatten().filter(|(name, _)| *name != "model");
        let others = others.map(|(name, value)| (name.as_str(), Part::Json(value)));
        let whole: BTreeMap<&str, Part<'_>> = others.chain([("model", model)]).collect();
        serde_json::to_string(&whole).map_err(|e| e.to_string())
    }
}

/// What walks over a vocabulary: an object of ids, or an array whose places are the ids.
struct Walk<'w>(&'w mut dyn FnMut(&str, u32));

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a vocabulary")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some((piece, id)) = map.next_entry::<String, Json>()? {
            if let Some(id) = super::id(&id) {
                (self.0)(&piece, id);
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let mut id = 0;
        while let Some(pair) = seq.next_element::<Json>()? {
            (self.0)(pair[0].as_str().unwrap_or_default(), id);
            id += 1;
        }
        Ok(())
    }
}
