//! What is said between a build and a program: a row as a JSON object, and an answer to it, read and checked.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Float64Type};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use crate::rows::batch::Batch;
use crate::rows::{self, LANGUAGE, Use};
use crate::stages::judge::value;
use crate::stages::{RowContext, Value};

/// The type of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignalType {
    /// A number.
    Number,
    /// A whole number.
    Integer,
    /// A word or a sentence.
    Text,
}

/// What answers may hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Asks {
    /// Signals, in the order of their columns.
    pub signals: Vec<(String, SignalType)>,
    /// Whether texts come back.
    pub rewrites: bool,
    /// Whether rows are kept or dropped by it.
    pub judges: bool,
}

/// A row as the program gets it.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// Its place in the batch.
    pub row: usize,
    /// What the answer has to repeat.
    pub id: String,
    /// The object.
    pub object: Map<String, Json>,
}

/// What the program says of a row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// A value for each signal.
    pub values: Vec<Value>,
    /// The texts of the row in reading order, where any has changed.
    pub texts: Option<Vec<String>>,
    /// Why the row goes, if it does: a word, and a value.
    pub dropped: Option<(String, Option<String>)>,
}

/// What is wrong with an answer, and the cure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub cure: String,
}

/// The reason of a row that the program drops without saying why.
pub const REFUSED: &str = "refused";

fn wrong<T>(what: impl Into<String>, cure: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong { what: what.into(), cure: cure.into() })
}

/// The rows of a batch that have texts and to which the stage applies, as questions; with what was measured of them, where
/// `measured` says so.
pub fn questions(batch: &Batch<'_>, context: &RowContext<'_>, measured: bool) -> Vec<Question> {
    let names: Vec<String> = rows::content(batch.usage()).iter().map(|f| f.name().clone()).collect();
    let content = batch.content();
    let mut texts = Vec::new();
    let mut all = Vec::new();
    for row in (0..context.rows).filter(|row| context.applies(*row)) {
        batch.texts(row, &mut texts);
        if texts.is_empty() {
            continue;
        }
        let mut object = common(context, row, measured);
        object.insert("use".into(), json!(batch.usage()));
        for (name, column) in names.iter().zip(&content) {
            object.extend(cell(column, row).map(|cell| (name.clone(), cell)));
        }
        let own = object.get("id").and_then(Json::as_str).map(str::to_owned);
        // A row without an id of its own is named by its content: neither place nor batch, which may be others next time.
        let id = own.unwrap_or_else(|| format!("#{:032x}", batch.content_key(row, 0).unwrap_or_default()));
        object.insert("id".into(), json!(id));
        all.push(Question { row, id, object });
    }
    all
}

/// What is known of a row beside its content.
fn common(context: &RowContext<'_>, row: usize, measured: bool) -> Map<String, Json> {
    let mut object = Map::new();
    for (name, column) in ["id", "url", "subset", LANGUAGE, "meta"].into_iter().zip(context.common) {
        let Some(text) = cell(column, row) else { continue };
        let text = match (name, text.as_str().map(serde_json::from_str)) {
            ("meta", Some(Ok(meta))) => meta,
            _ => text,
        };
        object.insert(name.into(), text);
    }
    let mut signals = Map::new();
    for (name, column) in context.measured.iter().filter(|_| measured) {
        let json = match value(column, row) {
            Value::Int(number) => json!(number),
            Value::Float(number) => json!(number),
            Value::Text(text) => json!(text),
            Value::Words(_) | Value::Null => continue,
        };
        if name == LANGUAGE {
            object.insert(LANGUAGE.into(), json.clone());
        }
        signals.insert(name.to_string(), json);
    }
    if !signals.is_empty() {
        object.insert("signals".into(), Json::Object(signals));
    }
    object
}

/// A value of a content column; none where it is null.
fn cell(column: &ArrayRef, row: usize) -> Option<Json> {
    if column.is_null(row) {
        return None;
    }
    match column.data_type() {
        DataType::Utf8 => Some(json!(column.as_string::<i32>().value(row))),
        DataType::Float64 => Some(json!(column.as_primitive::<Float64Type>().value(row))),
        DataType::Boolean => Some(json!(column.as_boolean().value(row))),
        DataType::List(_) => {
            let items = column.as_list::<i32>().value(row);
            Some((0..items.len()).map(|at| cell(&items, at).unwrap_or_default()).collect())
        }
        DataType::Struct(fields) => {
            let columns = column.as_struct().columns();
            let filled = fields.iter().zip(columns).filter_map(|(f, c)| Some((f.name().clone(), cell(c, row)?)));
            Some(Json::Object(filled.collect()))
        }
        _ => None,
    }
}

/// A text of a content column: the turn that says it, the part of the turn, and the text.
type Spot<'j> = (usize, &'static str, &'j str);

/// The texts of a content column in reading order: what is said, then what was thought, as batches have them.
fn spots(column: Option<&Json>) -> Vec<Spot<'_>> {
    match column {
        Some(Json::String(text)) => vec![(0, "text", text)],
        Some(Json::Array(turns)) => {
            let of = |part: &'static str| {
                turns.iter().enumerate().filter_map(move |(at, turn)| Some((at, part, turn.get(part)?.as_str()?)))
            };
            of("content").chain(of("reasoning")).collect()
        }
        _ => Vec::new(),
    }
}

/// The first characters of an answer, for messages.
pub fn head(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let text = text.trim_end();
    let short: String = text.chars().take(120).collect();
    if short.len() < text.len() { format!("{short} …") } else { short }
}

impl Asks {
    /// Reads the answer to a question.
    ///
    /// # Errors
    /// What is wrong with it: no object, another row's, a signal that lacks or has another type, other turns.
    pub fn read(&self, answer: &Json, question: &Question, usage: Use) -> Result<Answer, Wrong> {
        let Some(object) = answer.as_object() else {
            return wrong(
                format!("the answer is no object: {}", head(answer.to_string().as_bytes())),
                "each answer is a JSON object with the `id` of its row",
            );
        };
        if object.get("id").and_then(Json::as_str) != Some(question.id.as_str()) {
            let what = match object.get("id") {
                None => "the answer has no `id`".to_owned(),
                Some(id) => format!("the answer is for the row {id}"),
            };
            let cure = "it has to answer each row once, in the order in which they come, and to repeat the row's `id`";
            return wrong(what, cure);
        }
        let values = self.signals.iter().map(|(name, kind)| signal(object, name, *kind)).collect::<Result<_, _>>()?;
        Ok(Answer { values, texts: self.texts(object, question, usage)?, dropped: self.verdict(object)? })
    }

    /// The texts in reading order, where any is another one than in the question.
    fn texts(&self, object: &Map<String, Json>, question: &Question, usage: Use) -> Result<Option<Vec<String>>, Wrong> {
        let (mut texts, mut changed) = (Vec::new(), false);
        for name in rows::text_columns(usage) {
            let before = spots(question.object.get(*name));
            let after = match object.get(*name) {
                // What is left out stays as it is.
                None | Some(Json::Null) => before.clone(),
                Some(column) => spots(Some(column)),
            };
            let same_places =
                before.len() == after.len() && before.iter().zip(&after).all(|(b, a)| (b.0, b.1) == (a.0, a.1));
            if !same_places {
                return wrong(
                    format!("`{name}` of the answer has other texts than the row's, in number or place"),
                    "a rewriting changes what a text says, and neither adds nor removes one; `keep = false` drops a row",
                );
            }
            changed |= before.iter().zip(&after).any(|(b, a)| b.2 != a.2);
            if changed && !self.rewrites {
                return wrong(
                    format!("the answer changes `{name}`, and the stage does not say that it does"),
                    "set `rewrites = true` in the stage, or leave the text out of the answer",
                );
            }
            texts.extend(after.into_iter().map(|spot| spot.2.to_owned()));
        }
        Ok(changed.then_some(texts))
    }

    fn verdict(&self, object: &Map<String, Json>) -> Result<Option<(String, Option<String>)>, Wrong> {
        let keep = match object.get("keep") {
            Some(Json::Bool(keep)) => *keep,
            None | Some(Json::Null) if !self.judges => return Ok(None),
            None => return wrong("the answer has no `keep`", "say `\"keep\": true`, or `false` to drop the row"),
            Some(other) => {
                return wrong(format!("`keep` is {}", head(other.to_string().as_bytes())), "it is `true` or `false`");
            }
        };
        if keep {
            return Ok(None);
        }
        if !self.judges {
            return wrong(
                "the answer drops the row, and the stage does not say that it does",
                "set `judges = true` in the stage, or leave `keep` out of the answer",
            );
        }
        let reason = match object.get("reason") {
            None | Some(Json::Null) => REFUSED.to_owned(),
            Some(Json::String(word)) if is_word(word) => word.clone(),
            Some(other) => {
                let what = format!("`reason` is {}", head(other.to_string().as_bytes()));
                return wrong(
                    what,
                    "a reason is a word of lower-case letters, digits and `_`; put figures into `value`",
                );
            }
        };
        let value = match object.get("value") {
            None | Some(Json::Null) => None,
            Some(Json::String(text)) => Some(text.clone()),
            Some(other) => Some(other.to_string()),
        };
        Ok(Some((reason, value)))
    }
}

/// Whether a word can name a reason or a signal.
pub fn is_word(word: &str) -> bool {
    word.len() <= 64
        && word.starts_with(|c: char| c.is_ascii_lowercase())
        && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// The value of a signal.
fn signal(object: &Map<String, Json>, name: &str, kind: SignalType) -> Result<Value, Wrong> {
    let found = match (object.get(name), kind) {
        (None, _) => {
            let cure = format!("say `\"{name}\": null` where a row has none");
            return wrong(format!("the answer lacks the signal `{name}`"), cure);
        }
        (Some(Json::Null), _) => Some(Value::Null),
        (Some(Json::Number(number)), SignalType::Number) => number.as_f64().map(Value::Float),
        (Some(Json::Number(number)), SignalType::Integer) => number.as_i64().map(Value::Int),
        (Some(Json::String(text)), SignalType::Text) => Some(Value::Text(text.clone().into())),
        _ => None,
    };
    found.map_or_else(
        || {
            let (kind, found) = (json!(kind), head(object[name].to_string().as_bytes()));
            let cure = format!("answer as `signals` of the stage says ({name} = {kind}), or change it there");
            wrong(format!("the signal `{name}` is {found}, which is no {}", kind.as_str().unwrap_or_default()), cure)
        },
        Ok,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks() -> Asks {
        let signals = [("n", SignalType::Integer), ("score", SignalType::Number), ("tag", SignalType::Text)];
        Asks { signals: signals.map(|(n, t)| (n.to_owned(), t)).to_vec(), rewrites: true, judges: true }
    }

    fn question(object: Json) -> Question {
        let Json::Object(object) = object else { panic!() };
        Question { row: 0, id: object["id"].as_str().unwrap().into(), object }
    }

    fn read(asks: &Asks, answer: &Json) -> Result<Answer, Wrong> {
        asks.read(answer, &question(json!({"id": "a", "text": "猫"})), Use::Pretrain)
    }

    #[test]
    fn an_answer_is_values_texts_and_a_verdict() {
        let whole = json!({"id": "a", "n": 2, "score": 1, "tag": null, "text": "狗", "keep": false,
            "reason": "too_sad", "value": 0.5});
        let values = vec![Value::Int(2), Value::Float(1.0), Value::Null];
        let dropped = Some(("too_sad".to_owned(), Some("0.5".to_owned())));
        let answer = Answer { values: values.clone(), texts: Some(vec!["狗".into()]), dropped };
        assert_eq!(read(&asks(), &whole), Ok(answer));
        let echo = json!({"id": "a", "n": 2, "score": 1, "tag": null, "text": "猫", "keep": true});
        assert_eq!(read(&asks(), &echo), Ok(Answer { values, texts: None, dropped: None }));
        assert_eq!(read(&Asks::default(), &json!({"id": "a"})), Ok(Answer::default()));
        let bare = json!({"id": "a", "n": null, "score": null, "tag": null, "keep": false});
        assert_eq!(read(&asks(), &bare).unwrap().dropped, Some((REFUSED.to_owned(), None)));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_cure() {
        let base = json!({"id": "a", "n": 2, "score": 1.5, "tag": "x", "keep": true});
        let with = |key: &str, value: Json| {
            let mut answer = base.clone();
            answer[key] = value;
            read(&asks(), &answer).unwrap_err()
        };
        assert!(read(&asks(), &base).is_ok());
        assert!(with("id", json!("b")).what.contains("for the row \"b\""));
        assert!(with("n", json!(2.5)).what.contains("`n` is 2.5, which is no integer"));
        assert!(with("score", json!("high")).what.contains("which is no number"));
        assert!(with("tag", json!(1)).cure.contains("tag = \"text\""));
        assert!(with("keep", json!("no")).cure.contains("`true` or `false`"));
        assert!(with("text", json!(["猫"])).what.contains("other texts"));
        let drop = |reason: Json| {
            let answer = json!({"id": "a", "n": 2, "score": 1.5, "tag": "x", "keep": false, "reason": reason});
            read(&asks(), &answer).unwrap_err()
        };
        assert!(drop(json!("Too sad!")).cure.contains("lower-case"));
        assert!(read(&asks(), &json!([1])).unwrap_err().what.contains("no object"));
        assert!(read(&asks(), &json!({"n": 1})).unwrap_err().what.contains("no `id`"));
        assert!(read(&asks(), &json!({"id": "a", "keep": true})).unwrap_err().what.contains("lacks the signal `n`"));
        let none = Asks::default();
        assert!(read(&none, &json!({"id": "a", "text": "狗"})).unwrap_err().cure.contains("rewrites = true"));
        assert!(read(&none, &json!({"id": "a", "keep": false})).unwrap_err().cure.contains("judges = true"));
    }

    #[test]
    fn texts_of_turns_stand_in_reading_order() {
        let row = json!({"id": "a", "messages": [
            {"role": "user", "content": "一"},
            {"role": "assistant", "content": "二", "reasoning": "三"},
        ]});
        let mut answer = row.clone();
        answer["messages"][1]["reasoning"] = json!("四");
        let asks = Asks { rewrites: true, ..Asks::default() };
        let read = |answer: &Json| asks.read(answer, &question(row.clone()), Use::Instruct);
        let texts = ["一", "二", "四"].map(str::to_owned).to_vec();
        assert_eq!(read(&answer).unwrap().texts, Some(texts));
        answer["messages"].as_array_mut().unwrap().pop();
        assert!(read(&answer).unwrap_err().what.contains("`messages`"));
    }
}
