//! Every text of an object, each a turn that is called by its field: how evaluation sets are read, whatever their
//! fields. No recipe names it, and detection does not try it.

use crate::formats::json::Json;
use crate::formats::{Layout, Object, Shape};
use crate::rows::{Content, Message, Row, Unreadable, Use};

/// The shape.
pub const SHAPE: Texts = Texts;
/// See the module.
pub struct Texts;

impl Shape for Texts {
    fn name(&self) -> &'static str {
        "texts"
    }
    fn about(&self) -> &'static str {
        "every text of an object"
    }
    fn docs(&self) -> &'static str {
        crate::text::docs::module_docs(include_str!("texts.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Instruct]
    }
    fn fits(&self, _sample: &[Object<'_>]) -> f32 {
        0.0
    }
    fn map<'a>(&self, object: &Object<'a>, layout: &Layout, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
        let wanted: Vec<&str> = layout.fields.values().map(String::as_str).collect();
        let messages = of(object, &wanted).into_iter().map(|text| Message::new("text", text)).collect();
        emit(Ok(Row::new(Content::Instruct { messages, tools: None })));
    }
}

/// The texts in the fields `wanted` of an object (nested by dots), or in all its fields, in order.
pub fn of(object: &Object<'_>, wanted: &[&str]) -> Vec<String> {
    let mut texts = Vec::new();
    match wanted {
        [] => object.fields().for_each(|(_, value)| add(value, &mut texts)),
        paths => paths.iter().filter_map(|path| object.get(path)).for_each(|value| add(value, &mut texts)),
    }
    texts
}

/// Adds the texts in a value, in order.
pub fn add(value: Json<'_>, texts: &mut Vec<String>) {
    let json = value.get();
    match json.as_bytes().first() {
        Some(b'"') => texts.extend(serde_json::from_str::<String>(json)),
        Some(b'[') => {
            let items: Vec<Json<'_>> = serde_json::from_str(json).unwrap_or_default();
            items.into_iter().for_each(|item| add(item, texts));
        }
        Some(b'{') => {
            if let Ok(object) = Object::parse(json) {
                object.fields().for_each(|(_, item)| add(item, texts));
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stand_in_their_order() {
        let json = r#"{"question":"q","n":1,"choices":[{"text":"a"},{"text":"b"}],"A":"x","answer":null}"#;
        let object = Object::parse(json).unwrap();
        assert_eq!(of(&object, &[]), ["q", "a", "b", "x"]);
        assert_eq!(of(&object, &["choices.1.text", "A", "none"]), ["b", "x"]);
    }
}
