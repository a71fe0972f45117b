//! MNBVC's parallel text: the same paragraph in many languages, as a translation task.
//!
//! ```json
//! {"文件名": "…", "行号": 1, "是否重复": false, "是否跨文件重复": false, "zh_text": "…", "en_text": "…", "fr_text": ""}
//! {"文件名": "…", "是否重复文件": false, "段落": [{"行号": 1, "是否重复": false, "zh_text": "…", "en_text": "…"}]}
//! ```
//!
//! The first layout is the one of today, the second that of older files (`段落` may also be a single object). English is
//! the input and Chinese the output; with `languages = "all"` every language that the paragraph has besides Chinese
//! makes a row, in the order of the fields (`cht_text` is `zh-Hant`). The id is `文件名` and `行号`, the task
//! `translation`. For instruction tuning the pairs become instructions as those of `pairs` do.
//!
//! A paragraph of which one side is empty is set aside (`one_side_empty`), one that the corpus marks as repeated
//! (`是否重复`) too (`duplicate_paragraph`; `repeated = "keep"` keeps it), and those of a file that it marks as a copy
//! (`是否重复文件`, `duplicate_file`).
//!
//! Limits: texts in `扩展字段` (languages without a field of their own) and in `other1_text`, `other2_text`, whose
//! language nobody says, are not read.
use std::borrow::Cow;

use super::support::reading::{Reading, all};
use super::support::translation::{self, DIRECTION, TEMPLATE};
use super::support::values::{first, is_null, items, share, wrong_use};
use crate::formats::object::field_type;
use crate::formats::{Choice, Layout, Object, Shape};
use crate::rows::{Row, Task, Unreadable, Use};
use crate::text::language;

/// The shape.
pub const SHAPE: MnbvcParallel = MnbvcParallel;
/// See the module.
pub struct MnbvcParallel;

impl Shape for MnbvcParallel {
    fn name(&self) -> &'static str {
        "mnbvc_parallel"
    }
    fn about(&self) -> &'static str {
        "MNBVC's parallel text: paragraphs in many languages"
    }
    fn docs(&self) -> &'static str {
        crate::text::docs::module_docs(include_str!("mnbvc_parallel.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Task, Use::Instruct]
    }
    fn options(&self) -> &'static [Choice] {
        const LANGUAGES: Choice = Choice {
            name: "languages",
            words: &["en", "all"],
            about: "English and Chinese, or every language with Chinese",
        };
        const REPEATED: Choice =
            Choice { name: "repeated", words: &["drop", "keep"], about: "whether paragraphs marked as repeated stay" };
        &[LANGUAGES, REPEATED, TEMPLATE, DIRECTION]
    }
    fn several(&self) -> bool {
        true
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        let both = |o: &Object<'_>, at: &str| ["zh", "en"].iter().all(|l| o.get(&format!("{at}{l}_text")).is_some());
        // Documents of paragraphs, too, have a field `段落`: this shape is sure of what it sees in them.
        share(sample, |o| both(o, "") || both(o, "段落.0.") || both(o, "段落."))
    }
    fn map<'a>(&self, object: &Object<'a>, layout: &Layout, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
        let mut rows = Vec::new();
        all(read(object, layout, &mut rows).map(|()| rows), emit);
    }
}

fn read<'a>(object: &Object<'a>, layout: &Layout, rows: &mut Vec<Row<'a>>) -> Result<(), Unreadable> {
    if !matches!(layout.usage, Use::Task | Use::Instruct) {
        return Err(wrong_use("mnbvc_parallel", layout));
    }
    let mut reading = Reading::new(object, layout);
    let Some(value) = object.get("段落").filter(|v| !is_null(*v)) else {
        return paragraph(object, object, layout, rows);
    };
    let list = if first(value) == b'[' { items("段落", value)? } else { vec![value] };
    for (index, item) in list.iter().enumerate() {
        let wrong = |e: serde_json::Error| field_type(&format!("段落.{index}"), "a paragraph", &e.to_string());
        paragraph(object, &Object::parse(item.get()).map_err(wrong)?, layout, rows)?;
    }
    if list.is_empty() {
        reading.aside("no_answer", "no paragraphs");
        reading.take("段落");
        rows.push(reading.row(translation::content(
            layout,
            Task { input: Some("".into()), output: Some("".into()), ..Task::default() },
        ))?);
    }
    Ok(())
}

/// The rows of a paragraph of `file`, which may be the same object.
fn paragraph<'a>(
    file: &Object<'a>,
    paragraph: &Object<'a>,
    layout: &Layout,
    rows: &mut Vec<Row<'a>>,
) -> Result<(), Unreadable> {
    let says = |object: &Object<'_>, key: &str| object.get(key).is_some_and(|v| v.get() == "true");
    let code = |key: &str| match key.strip_suffix("_text")? {
        "cht" => Some(Cow::Borrowed("zh-Hant")),
        code => language::tag(code),
    };
    let chinese = paragraph.require("zh_text")?;
    let mut others: Vec<(Cow<'static, str>, Cow<'a, str>)> = Vec::new();
    for (key, _) in paragraph.fields().filter(|(key, _)| *key != "zh_text") {
        if let Some(code) = code(key).filter(|code| code == "en" || layout.option("languages") == Some("all")) {
            others.push((code, paragraph.text(key)?.unwrap_or_default()));
        }
    }
    // Every paragraph has a field for every language: those that say nothing are no pairs, unless all say nothing.
    let said = others.iter().any(|(_, text)| !text.trim().is_empty());
    others.retain(|(code, text)| if said { !text.trim().is_empty() } else { code == "en" });
    if others.is_empty() {
        return Err(paragraph.missing("en_text"));
    }
    let [name, line] = [file.text("文件名")?, paragraph.text("行号")?].map(Option::unwrap_or_default);
    for (code, other) in others {
        let mut reading = Reading::new(file, layout);
        let texts = file.fields().map(|(key, _)| key).filter(|key| key.ends_with("_text"));
        let used: Vec<String> = texts.chain(["文件名", "行号", "段落", "zh_text_md5"]).map(str::to_owned).collect();
        used.into_iter().for_each(|key| reading.take_path(key));
        reading.take("段落");
        reading.columns.id = Some(format!("{name}:{line}").into());
        if says(file, "是否重复文件") {
            reading.aside("duplicate_file", "");
        }
        if says(paragraph, "是否重复") && layout.option("repeated") != Some("keep") {
            reading.aside("duplicate_paragraph", "");
        }
        match (other.trim().is_empty(), chinese.trim().is_empty()) {
            (true, false) => reading.aside("one_side_empty", "input"),
            (false, true) => reading.aside("one_side_empty", "output"),
            _ => {}
        }
        let task = Task {
            task: Some(Cow::Borrowed("translation")),
            input: Some(other),
            output: Some(chinese.clone()),
            input_language: Some(code),
            output_language: Some(Cow::Borrowed("zh")),
            ..Task::default()
        };
        rows.push(reading.row(translation::content(layout, task))?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{layout, rows_with};
    use super::*;
    use crate::rows::Content;

    fn read(json: &str, options: &[(&str, &str)]) -> Vec<String> {
        let mut layout = layout(Use::Task);
        options.iter().for_each(|(k, v)| drop(layout.options.insert((*k).into(), (*v).into())));
        let show = |row: Result<Row<'_>, Unreadable>| match row {
            Ok(row) => {
                let Content::Task(task) = &row.content else { panic!() };
                let side = |text: &Option<Cow<'_, str>>| text.as_deref().unwrap_or("-").to_owned();
                let aside = row.aside.map_or(String::new(), |a| format!(" {} {}", a.0, a.1));
                let (id, from) = (row.id.unwrap_or_default(), side(&task.input_language));
                format!("{id} {from} {} > {}{aside}", side(&task.input), side(&task.output))
            }
            Err(error) => error.reason.to_owned(),
        };
        rows_with(&SHAPE, json, &layout).into_iter().map(show).collect()
    }

    #[test]
    fn both_layouts_and_all_languages() {
        let flat = r#"{"文件名":"f","是否重复文件":false,"行号":3,"是否重复":false,"zh_text":"你好","en_text":"Hello","cht_text":"你好","fr_text":"Bonjour","de_text":"","other1_text":"x","扩展字段":"{}"}"#;
        assert_eq!(read(flat, &[]), ["f:3 en Hello > 你好"]);
        let all = read(flat, &[("languages", "all")]);
        assert_eq!(all, ["f:3 en Hello > 你好", "f:3 zh-Hant 你好 > 你好", "f:3 fr Bonjour > 你好"]);
        let nested = r#"{"文件名":"f","段落":[{"行号":1,"zh_text":"甲","en_text":"A"},{"行号":2,"是否重复":true,"zh_text":"乙","en_text":"B"},
            {"行号":3,"zh_text":"","en_text":"C"},{"行号":4,"zh_text":"丁","en_text":""}]}"#;
        let want = [
            "f:1 en A > 甲",
            "f:2 en B > 乙 duplicate_paragraph ",
            "f:3 en C >  one_side_empty output",
            "f:4 en  > 丁 one_side_empty input",
        ];
        assert_eq!(read(nested, &[]), want);
        assert_eq!(read(nested, &[("repeated", "keep")])[1], "f:2 en B > 乙");
        let single = r#"{"文件名":"f","是否重复文件":true,"段落":{"行号":1,"zh_text":"甲","en_text":"A"}}"#;
        assert_eq!(read(single, &[]), ["f:1 en A > 甲 duplicate_file "]);
        let parse = |json| Object::parse(json).unwrap();
        assert_eq!(SHAPE.fits(&[parse(flat), parse(nested), parse(single)]), 1.0);
        assert_eq!(read(r#"{"zh_text":"甲"}"#, &[]), ["field_missing"]);
    }
}
