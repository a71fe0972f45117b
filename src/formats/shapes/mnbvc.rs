//! MNBVC: documents as lists of paragraphs, files of source code, and questions with answers.
//!
//! ```json
//! {"文件名": "a.txt", "是否待查文件": false, "是否重复文件": false, "段落": [
//!   {"行号": 1, "是否重复": false, "是否跨文件重复": false, "md5": "…", "内容": "…"}]}
//! {"来源": "github", "仓库名": "owner/name", "path": "/src/a.py", "文件名": "a.py", "ext": "py", "size": 12,
//!   "原始编码": "GBK", "md5": "…", "text": "…"}
//! {"id": "1", "问": "…", "答": "…", "来源": "…"}
//! ```
//!
//! A document is the contents (`内容`) of its paragraphs, a line each. Paragraphs that the corpus marks as repeated within
//! the file (`是否重复`) are left out; `repeated = "keep"` keeps them. A file that it marks as a copy (`是否重复文件`) is set
//! aside (`duplicate_file`). The id is `文件名`; the marks and sums of paragraphs are not kept.
//! A file of code is its `text`; the id is `仓库名` and `path`, the subset `来源`.
//! Rows of `问` and `答` are for instruction tuning.
//!
//! Limits: parallel text is read by `mnbvc_parallel`.
use super::support::reading::Reading;
use super::support::values::{first, items, share, starts, wrong_use};
use crate::formats::object::field_type;
use crate::formats::{Choice, Layout, Object, Shape};
use crate::rows::{Content, Message, Row, Unreadable, Use};

/// The shape.
pub const SHAPE: Mnbvc = Mnbvc;
/// See the module.
pub struct Mnbvc;

impl Shape for Mnbvc {
    fn name(&self) -> &'static str {
        "mnbvc"
    }
    fn about(&self) -> &'static str {
        "MNBVC: documents as paragraphs with marks of repetition"
    }
    fn docs(&self) -> &'static str {
        crate::text::docs::module_docs(include_str!("mnbvc.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Pretrain, Use::Instruct]
    }
    fn options(&self) -> &'static [Choice] {
        const REPEATED: Choice =
            Choice { name: "repeated", words: &["drop", "keep"], about: "whether paragraphs marked as repeated stay" };
        &[REPEATED]
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        let all = |o: &Object<'_>, keys: [&str; 2]| keys.iter().all(|key| starts(o, key).is_some());
        let document = |o: &Object<'_>| starts(o, "段落") == Some(b'[') && o.get("段落.0.zh_text").is_none();
        share(sample, |o| document(o) || all(o, ["问", "答"]) || all(o, ["仓库名", "text"]))
    }
    fn map<'a>(&self, object: &Object<'a>, layout: &Layout, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
        emit(map(object, layout));
    }
}

fn map<'a>(object: &Object<'a>, layout: &Layout) -> Result<Row<'a>, Unreadable> {
    let mut reading = Reading::new(object, layout);
    if layout.usage == Use::Instruct {
        let messages = vec![
            Message::new("user", reading.need("prompt", &["问"])?),
            Message::new("assistant", reading.need("response", &["答"])?),
        ];
        return reading.row(Content::Instruct { messages, tools: None });
    }
    if layout.usage != Use::Pretrain {
        return Err(wrong_use("mnbvc", layout));
    }
    if starts(object, "仓库名").is_some() {
        let [repository, path] = ["仓库名", "path"].map(|key| reading.option(key, &[key]));
        reading.columns.id = Some(format!("{}{}", repository?.unwrap_or_default(), path?.unwrap_or_default()).into());
        reading.columns.subset = reading.option("subset", &["来源"])?;
        let text = reading.need("text", &["text"])?;
        return reading.row(Content::Pretrain { text });
    }
    reading.columns.id = reading.option("id", &["文件名"])?;
    let Some((path, value)) = reading.find("text", &["段落"], |v| first(v) != b'"')? else {
        return Err(reading.missing("text", "段落"));
    };
    let all = layout.option("repeated") == Some("keep");
    let says = |object: &Object<'_>, key: &str| object.get(key).is_some_and(|v| v.get() == "true");
    let mut text = String::new();
    let mut count = 0;
    for (index, paragraph) in items(path, value)?.into_iter().enumerate() {
        let at = format!("{path}.{index}");
        let paragraph = Object::parse(paragraph.get()).map_err(|e| field_type(&at, "a paragraph", &e.to_string()))?;
        let content = paragraph.require("内容")?;
        if all || !says(&paragraph, "是否重复") {
            text.push_str(if count == 0 { "" } else { "\n" });
            text.push_str(&content);
            count += 1;
        }
    }
    if says(object, "是否重复文件") {
        reading.aside("duplicate_file", "");
    }
    reading.row(Content::Pretrain { text: text.into() })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{instruct, layout, row, row_with, said};
    use super::*;

    #[test]
    fn joins_paragraphs_and_leaves_repeated_ones_out() {
        let json = r#"{"文件名":"f","是否重复文件":true,"扩展":1,"段落":[{"行号":1,"是否重复":false,"内容":"一"},{"是否重复":true,"内容":"一"},{"内容":"二"}]}"#;
        let read = row(&SHAPE, json, Use::Pretrain).unwrap();
        assert_eq!(read.content, Content::Pretrain { text: "一\n二".into() });
        assert_eq!((read.id.as_deref(), read.aside.clone()), (Some("f"), Some(("duplicate_file", String::new()))));
        assert_eq!(read.meta.as_deref(), Some(r#"{"是否重复文件":true,"扩展":1}"#));
        let mut keep = layout(Use::Pretrain);
        keep.options.insert("repeated".into(), "keep".into());
        assert_eq!(row_with(&SHAPE, json, &keep).unwrap().content, Content::Pretrain { text: "一\n一\n二".into() });
        let qa = row(&SHAPE, r#"{"id":"1","问":"q","答":"a","来源":"s"}"#, Use::Instruct).unwrap();
        assert_eq!(said(instruct(&qa)), ["user: q", "assistant: a"]);
        let code = r#"{"来源":"github","仓库名":"a/b","path":"/c.py","文件名":"c.py","ext":"py","size":1,"原始编码":"GBK","md5":"x","text":"print()"}"#;
        let code = row(&SHAPE, code, Use::Pretrain).unwrap();
        assert_eq!(code.content, Content::Pretrain { text: "print()".into() });
        assert_eq!((code.id.as_deref(), code.subset.as_deref()), (Some("a/b/c.py"), Some("github")));
        let meta = r#"{"文件名":"c.py","ext":"py","size":1,"原始编码":"GBK","md5":"x"}"#;
        assert_eq!(code.meta.as_deref(), Some(meta));
        assert_eq!(row(&SHAPE, r#"{"段落":[1]}"#, Use::Pretrain).unwrap_err().reason, "field_type");
    }
}
