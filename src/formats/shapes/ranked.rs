//! A question with several scored answers: UltraFeedback, GPT-4-LLM's comparisons, LMFlow's scored lists.
//!
//! ```json
//! {"instruction": "…", "completions": [{"model": "gpt-4", "response": "…", "fine-grained_score": 4.5,
//!   "overall_score": 8.0}, {…}]}
//! {"user_input": "…", "responses_and_scores": [{"response": "…", "source": "gpt4", "score": 9.0}, {…}]}
//! {"input": "…", "output": [{"score": 1.0, "text": "…"}, {…}]}
//! {"instruction": "…", "input": "…", "output": ["best", "second", "third"], "history": [["问", "答"]]}
//! ```
//!
//! For RLHF the best answer is set against each other one, or, with `pairs = "all"`, every two answers; equal scores
//! are kept as ties, with a margin of 0. For instruction tuning the best answer is the row, or, with `answers = "all"`,
//! each is one. An answer's `name` is the model that gave it; critiques and annotations stay in `meta`.
//!
//! UltraFeedback scores twice: `score = "fine"` (the default) is the mean of the four ratings (`fine-grained_score`),
//! `score = "overall"` the critic's own number, of which 2,628 are wrongly 10 in files from before December 2023. The
//! answers of a row are all compared by one of the two: by the other one where more of them have it.
//!
//! A list of plain texts of which some row has three or more (LLaMA-Factory's reward sets) is in order, best first; it has
//! no scores.
//!
//! Limits: answers without a score (`N/A`) make no pair; fewer than two scored answers are set aside (`unranked`).
use super::preference;
use super::support::ranking::{RANKED_PAIRS, RankedAnswer, pairs, unpaired};
use super::support::reading::Reading;
use super::support::values::{first, items, scalar, share, starts, wrong_use};
use crate::formats::object::field_type;
use crate::formats::{Choice, Layout, Object, Shape};
use crate::rows::{Content, Message, Row, Unreadable, Use};

/// The shape.
pub const SHAPE: Ranked = Ranked;
/// See the module.
pub struct Ranked;

const LISTS: &[&str] = &["completions", "responses_and_scores", "output"];
const SAID: [&str; 2] = ["response", "text"];

impl Shape for Ranked {
    fn name(&self) -> &'static str {
        "ranked"
    }
    fn about(&self) -> &'static str {
        "a question with several scored answers (UltraFeedback, GPT-4-LLM)"
    }
    fn docs(&self) -> &'static str {
        crate::text::docs::module_docs(include_str!("ranked.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Rlhf, Use::Instruct]
    }
    fn options(&self) -> &'static [Choice] {
        const ANSWERS: Choice =
            Choice { name: "answers", words: &["best", "all"], about: "which answers are rows for instruction tuning" };
        const SCORE: Choice =
            Choice { name: "score", words: &["fine", "overall"], about: "which of UltraFeedback's two scores decides" };
        &[RANKED_PAIRS, ANSWERS, SCORE]
    }
    fn several(&self) -> bool {
        true
    }
    /// UltraFeedback's lists of what is true and false, which are no answers of a model.
    fn leaves(&self) -> &'static [&'static str] {
        &["correct_answers", "incorrect_answers"]
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        share(sample, |o| {
            let scored = |key: &str| {
                let list = o.get(key).filter(|v| first(*v) == b'[').and_then(|v| items(key, v).ok());
                let answer = list.and_then(|l| Object::parse(l.first()?.get()).ok());
                answer.is_some_and(|a| SAID.iter().any(|k| a.has(k)) && (a.has("score") || a.has("overall_score")))
            };
            LISTS.iter().any(|key| scored(key))
        })
        .max(listed(sample))
    }
    fn map<'a>(&self, object: &Object<'a>, layout: &Layout, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
        let mut reading = Reading::new(object, layout);
        match contents(&mut reading) {
            Ok(contents) => reading.rows(contents, emit),
            Err(error) => emit(Err(error)),
        }
    }
}

/// How many texts `output` lists, the best first; 0 where it is something else.
fn ordered(object: &Object<'_>) -> usize {
    let list = object.get("output").filter(|v| first(*v) == b'[').and_then(|v| items("output", v).ok());
    list.filter(|l| l.iter().all(|item| first(*item) == b'"')).map_or(0, |l| l.len())
}

/// How well the sample fits lists of plain texts: pairs alone are the shape `preference`.
fn listed(sample: &[Object<'_>]) -> f32 {
    let more = sample.iter().any(|o| ordered(o) > 2);
    if more { share(sample, |o| ordered(o) > 1 && starts(o, "instruction") == Some(b'"')) } else { 0.0 }
}

/// Reads a list of plain texts, the best first.
fn in_order<'a>(reading: &mut Reading<'_, 'a>) -> Result<Vec<Content<'a>>, Unreadable> {
    let prompt = preference::prompt(reading)?;
    let Some((path, value)) = reading.find("output", &["output"], |_| true)? else {
        return Err(reading.missing("completions", LISTS[0]));
    };
    let mut answers = Vec::new();
    for (place, item) in items(path, value)?.into_iter().enumerate() {
        let message = Message::new("assistant", scalar(&format!("{path}.{place}"), item)?);
        answers.push(RankedAnswer { message, score: -(place as f64) });
    }
    rows(reading, prompt, answers, Vec::new(), false)
}

fn contents<'a>(reading: &mut Reading<'_, 'a>) -> Result<Vec<Content<'a>>, Unreadable> {
    if ordered(reading.object) > 0 {
        return in_order(reading);
    }
    let layout = reading.layout;
    let asked = reading.need("prompt", &["instruction", "user_input", "prompt", "input"])?;
    let mut prompt = Vec::new();
    if let Some(system) = reading.option("system", &["system"])? {
        prompt.push(Message::new("system", system));
    }
    prompt.push(Message::new("user", asked));
    let list = LISTS.iter().find_map(|key| reading.object.get(key).filter(|v| first(*v) == b'[').map(|v| (*key, v)));
    let Some((list, value)) = list else { return Err(reading.missing("completions", LISTS[0])) };
    let scores = match layout.option("score") {
        Some("overall") => ["overall_score", "fine-grained_score", "score"],
        _ => ["fine-grained_score", "overall_score", "score"],
    };
    let mut said = Vec::new();
    for (index, value) in items(list, value)?.into_iter().enumerate() {
        let path = format!("{list}.{index}");
        let answer = Object::parse(value.get()).map_err(|e| field_type(&path, "an answer", &e.to_string()))?;
        let key = SAID.into_iter().find(|key| answer.has(key)).unwrap_or(SAID[0]);
        let mut message = Message::new("assistant", answer.require(key)?);
        reading.take_path(format!("{path}.{key}"));
        if let Some(key) = ["model", "source"].into_iter().find(|key| matches!(answer.text(key), Ok(Some(_)))) {
            message.name = answer.text(key)?;
            reading.take_path(format!("{path}.{key}"));
        }
        let score = |key: &str| answer.text(key).ok()??.trim().parse::<f64>().ok().filter(|s| s.is_finite());
        said.push((message, scores.map(score)));
    }
    // Scores of two scales are not compared: the one that most answers have decides for all.
    let have = |scale: usize| said.iter().filter(|(_, scores)| scores[scale].is_some()).count();
    let scale = (0..scores.len()).rev().max_by_key(|scale| have(*scale)).unwrap_or(0);
    let (mut answers, mut others) = (Vec::new(), Vec::new());
    for (message, scores) in said {
        match scores[scale] {
            Some(score) => answers.push(RankedAnswer { message, score }),
            None => others.push(message),
        }
    }
    rows(reading, prompt, answers, others, true)
}

/// The rows of a question: `others` are answers without a score.
fn rows<'a>(
    reading: &mut Reading<'_, 'a>,
    prompt: Vec<Message<'a>>,
    answers: Vec<RankedAnswer<'a>>,
    mut others: Vec<Message<'a>>,
    scored: bool,
) -> Result<Vec<Content<'a>>, Unreadable> {
    let layout = reading.layout;
    let mut rows: Vec<Content<'a>> = match layout.usage {
        Use::Rlhf => pairs(layout, &prompt, answers, scored).into_iter().map(|p| p.0).collect(),
        Use::Instruct => {
            let mut order: Vec<usize> = (0..answers.len()).collect();
            if layout.option("answers") != Some("all") {
                order.sort_by(|a, b| answers[*b].score.total_cmp(&answers[*a].score).then(a.cmp(b)));
                order.truncate(1);
                others.clear();
            }
            let chosen = order.into_iter().map(|i| answers[i].message.clone()).chain(others);
            let row = |m| Content::Instruct { messages: [prompt.clone(), vec![m]].concat(), tools: None };
            chosen.map(row).collect()
        }
        _ => return Err(wrong_use("ranked", layout)),
    };
    if rows.is_empty() {
        reading.aside("unranked", "");
        rows.push(match layout.usage {
            Use::Rlhf => unpaired(prompt),
            _ => Content::Instruct { messages: prompt, tools: None },
        });
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{instruct, layout, preference, rows_with, said};
    use super::*;

    const ULTRA: &str = r#"{"source":"flan","instruction":"q","completions":[
        {"model":"a","response":"A","overall_score":10.0,"fine-grained_score":2.0,"critique":"c"},
        {"model":"b","response":"B","overall_score":7.0,"fine-grained_score":4.5},
        {"model":"d","response":"D","overall_score":7.0,"fine-grained_score":4.5},
        {"model":"e","response":"E","overall_score":"N/A"}]}"#;

    fn pairs(json: &str, options: &[(&str, &str)]) -> Vec<(String, String, Option<f64>)> {
        let mut layout = layout(Use::Rlhf);
        options.iter().for_each(|(k, v)| drop(layout.options.insert((*k).into(), (*v).into())));
        let text = |m: &Option<Vec<Message<'_>>>| m.as_ref().unwrap()[0].content.to_string();
        let rows = rows_with(&SHAPE, json, &layout);
        rows.iter()
            .map(|r| preference(r.as_ref().unwrap()))
            .map(|p| (text(&p.chosen), text(&p.rejected), p.margin))
            .collect()
    }

    #[test]
    fn the_best_against_the_others_and_ties_stay_ties() {
        let pair = |a: &str, b: &str, margin| (a.to_owned(), b.to_owned(), Some(margin));
        assert_eq!(pairs(ULTRA, &[]), [pair("B", "D", 0.0), pair("B", "A", 2.5)]);
        assert_eq!(pairs(ULTRA, &[("score", "overall")]), [pair("A", "B", 3.0), pair("A", "D", 3.0)]);
        assert_eq!(pairs(ULTRA, &[("pairs", "all")]).len(), 3);
        let gpt4 = r#"{"user_input":"q","responses_and_scores":[{"response":"x","source":"opt","score":3},{"response":"y","source":"gpt4","score":"9.5"}]}"#;
        assert_eq!(pairs(gpt4, &[]), [pair("y", "x", 6.5)]);
        let lmflow = r#"{"input":"q","output":[{"score":1.0,"text":"x"},{"score":-1.0,"text":"y"}]}"#;
        assert_eq!(pairs(lmflow, &[]), [pair("x", "y", 2.0)]);
    }

    #[test]
    fn one_scale_decides_for_all_answers() {
        let one = r#"{"instruction":"q","completions":[{"response":"x","overall_score":6,"fine-grained_score":null},
            {"response":"y","overall_score":"9","fine-grained_score":4.75}]}"#;
        assert_eq!(pairs(one, &[]), [("y".into(), "x".into(), Some(3.0))]);
        // Where each scale has a hole, the wanted one decides, and what lacks it makes no pair.
        let two = r#"{"instruction":"q","completions":[{"response":"x","overall_score":6,"fine-grained_score":2.0},
            {"response":"y","overall_score":null,"fine-grained_score":3.5},{"response":"z","overall_score":9}]}"#;
        assert_eq!(pairs(two, &[]), [("y".into(), "x".into(), Some(1.5))]);
        assert_eq!(pairs(two, &[("score", "overall")]), [("z".into(), "x".into(), Some(3.0))]);
    }

    #[test]
    fn a_list_of_texts_is_in_order() {
        let list = r#"{"instruction":"q","input":"i","output":["x","y","z"],"history":[["a","b"]]}"#;
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned(), None);
        assert_eq!(pairs(list, &[]), [pair("x", "y"), pair("x", "z")]);
        assert_eq!(pairs(list, &[("pairs", "all")]).len(), 3);
        let rows = rows_with(&SHAPE, list, &layout(Use::Rlhf));
        assert_eq!(said(&preference(rows[0].as_ref().unwrap()).prompt), ["user: a", "assistant: b", "user: q\ni"]);
        let two = r#"{"instruction":"q","output":["x","y"]}"#;
        assert_eq!(SHAPE.fits(&[Object::parse(list).unwrap(), Object::parse(two).unwrap()]), 1.0);
        assert_eq!(SHAPE.fits(&[Object::parse(two).unwrap()]), 0.0);
    }

    #[test]
    fn names_meta_and_what_is_unranked() {
        let rows = rows_with(&SHAPE, ULTRA, &layout(Use::Instruct));
        let row = rows[0].as_ref().unwrap();
        assert_eq!((rows.len(), said(instruct(row))[1].as_str()), (1, "assistant: B"));
        assert_eq!(instruct(row)[1].name.as_deref(), Some("b"));
        assert!(row.meta.as_deref().unwrap().contains(r#""critique":"c""#));
        let mut all = layout(Use::Instruct);
        all.options.insert("answers".into(), "all".into());
        assert_eq!(rows_with(&SHAPE, ULTRA, &all).len(), 4);
        let lone = r#"{"instruction":"q","completions":[{"response":"A","overall_score":1}]}"#;
        let row = rows_with(&SHAPE, lone, &layout(Use::Rlhf)).remove(0).unwrap();
        assert_eq!(row.aside, Some(("unranked", String::new())));
    }
}
