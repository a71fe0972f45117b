//! Rows of web corpora: CCNet, RedPajama, OSCAR, WuDao, The Pile; for pretraining.
//!
//! ```json
//! {"url": "…", "digest": "sha1:…", "title": "…", "raw_content": "…", "language": "zh", "perplexity": 337.9}
//! {"text": "…", "meta": {"url": "…", "language": "en", "timestamp": "…"}}
//! {"text": "…", "meta": "{'url': '…', 'language': 'en'}"}
//! {"content": "…", "warc_headers": {"warc-target-uri": "…"}, "metadata": {"identification": {"label": "zh"}}}
//! {"uniqueKey": "…", "titleUkey": "…", "dataType": "百科", "title": "…", "content": "…"}
//! ```
//!
//! The text is `raw_content`, `text` or `content`. Url, language and subset are searched for in the row, then in `meta`,
//! `metadata` and OSCAR's headers; WuDao's `dataType` and The Pile's `meta.pile_set_name` are the subset. The id is
//! `id`, `digest` or `uniqueKey`. A `meta` that is Python's way of writing a dictionary is read as one. `title = "first"`
//! puts the title on a line before the text. All else stays in `meta`.
//!
//! Limits: a `meta` text that is neither JSON nor such a dictionary stays text.
use super::news::{TITLE, titled};
use super::support::python_literal;
use super::support::reading::Reading;
use super::support::values::{share, starts, wrong_use};
use crate::formats::{Choice, Layout, Object, Shape};
use crate::rows::{Content, Row, Unreadable, Use};

/// The shape.
pub const SHAPE: Web = Web;
/// See the module.
pub struct Web;

const TEXT: &[&str] = &["raw_content", "text", "content"];
const URL: &[&str] = &["url", "meta.url", "metadata.url", "warc_headers.warc-target-uri"];
const LANGUAGE: &[&str] = &["language", "lang", "meta.language", "metadata.language", "metadata.identification.label"];
const SUBSET: &[&str] = &["subset", "dataType", "meta.pile_set_name"];

impl Shape for Web {
    fn name(&self) -> &'static str {
        "web"
    }
    fn about(&self) -> &'static str {
        "rows of web corpora: CCNet, RedPajama, OSCAR, WuDao, The Pile"
    }
    fn docs(&self) -> &'static str {
        crate::text::docs::module_docs(include_str!("web.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Pretrain]
    }
    fn options(&self) -> &'static [Choice] {
        &[TITLE]
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        share(sample, |o| {
            let text = |key: &str| starts(o, key) == Some(b'"');
            let python = o.get("meta").is_some_and(|v| v.get().starts_with("\"{"));
            let object = |key: &str| starts(o, key) == Some(b'{');
            let with_meta = text("text") && (object("meta") || object("metadata") || python);
            let headers = text("content") && object("warc_headers");
            // A dialogue in a text is more than a text.
            let plain = !o.get("text").is_some_and(|v| v.get().contains("<human>:"));
            text("raw_content") || (with_meta && plain) || headers || (text("uniqueKey") && text("content"))
        })
    }
    fn map<'a>(&self, object: &Object<'a>, layout: &Layout, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
        emit(map(object, layout));
    }
}

fn map<'a>(object: &Object<'a>, layout: &Layout) -> Result<Row<'a>, Unreadable> {
    if layout.usage != Use::Pretrain {
        return Err(wrong_use("web", layout));
    }
    let mut reading = Reading::new(object, layout);
    let Some(text) = reading.text("text", TEXT)? else { return Err(reading.missing("text", "text")) };
    reading.columns.url = reading.option("url", URL)?;
    reading.columns.language = reading.option("language", LANGUAGE)?;
    reading.columns.subset = reading.option("subset", SUBSET)?;
    reading.columns.id = reading.option("id", &["id", "digest", "uniqueKey"])?;
    if starts(object, "meta") == Some(b'"')
        && let Some(json) = object.text("meta")?.and_then(|meta| python_literal::json(&meta))
        && let Ok(inner) = Object::parse(&json)
    {
        reading.take("meta");
        let found = |key: &str| inner.text(key).ok().flatten().map(|t| t.into_owned().into());
        let columns = &mut reading.columns;
        columns.url = columns.url.take().or_else(|| found("url"));
        columns.language = columns.language.take().or_else(|| found("language"));
        columns.subset = columns.subset.take().or_else(|| found("pile_set_name"));
        reading.extra("meta", &json);
    }
    let text = titled(&mut reading, text)?;
    reading.row(Content::Pretrain { text })
}

#[cfg(test)]
mod tests {
    use super::super::tests::row;
    use super::*;

    /// Text, id, url, subset, language.
    fn read(json: &str) -> [String; 5] {
        let row = row(&SHAPE, json, Use::Pretrain).unwrap();
        let Content::Pretrain { text } = row.content else { panic!() };
        assert_eq!(SHAPE.fits(&[Object::parse(json).unwrap()]), 1.0, "{json}");
        let fields = [row.id, row.url, row.subset, row.language].map(|f| f.unwrap_or_default().into_owned());
        let [id, url, subset, language] = fields;
        [text.into_owned(), id, url, subset, language]
    }

    #[test]
    fn reads_every_corpus() {
        let ccnet = r#"{"url":"u","date_download":"d","digest":"sha1:X","title":"t","raw_content":"c","language":"zh","perplexity":3.5}"#;
        assert_eq!(read(ccnet), ["c", "sha1:X", "u", "", "zh"]);
        assert_eq!(
            read(r#"{"text":"c","meta":{"url":"u","language":"en","timestamp":"x"}}"#),
            ["c", "", "u", "", "en"]
        );
        assert_eq!(
            read(r#"{"text":"c","meta":"{'url': 'u', 'language': 'en', 'n': None}"}"#),
            ["c", "", "u", "", "en"]
        );
        assert_eq!(read(r#"{"text":"c","meta":{"pile_set_name":"Books"}}"#), ["c", "", "", "Books", ""]);
        let oscar = r#"{"content":"c","warc_headers":{"warc-target-uri":"u"},"metadata":{"identification":{"label":"zh","prob":0.9}}}"#;
        assert_eq!(read(oscar), ["c", "", "u", "", "zh"]);
        assert_eq!(
            read(r#"{"uniqueKey":"k","dataType":"百科","title":"t","content":"c"}"#),
            ["c", "k", "", "百科", ""]
        );
    }

    #[test]
    fn meta_keeps_the_rest() {
        let json = r#"{"text":"c","meta":"{'url': 'u', 'n': None}","x":1}"#;
        let meta = row(&SHAPE, json, Use::Pretrain).unwrap().meta.unwrap().into_owned();
        assert_eq!(meta, r#"{"x":1,"meta":{"url":"u","n":null}}"#);
        let json = r#"{"text":"c","meta":{"url":"u","n":2}}"#;
        assert_eq!(row(&SHAPE, json, Use::Pretrain).unwrap().meta.as_deref(), Some(r#"{"meta":{"n":2}}"#));
        let json = r#"{"text":"c","meta":"{broken"}"#;
        assert_eq!(row(&SHAPE, json, Use::Pretrain).unwrap().meta.as_deref(), Some(r#"{"meta":"{broken"}"#));
    }
}
