//! Files of source code with their paths and licences (The Stack, StarCoderData, GitHub Code), for pretraining.
//!
//! ```json
//! {"content": "…", "max_stars_repo_path": "src/a.py", "max_stars_repo_name": "x/y", "max_stars_repo_licenses": ["MIT"],
//!   "lang": "Python", "hexsha": "…", "size": 120}
//! {"code": "…", "repo_name": "x/y", "path": "src/a.py", "language": "Python", "license": "mit", "size": 120}
//! ```
//!
//! The text is `content` or `code`. The licence is that of the row: `max_stars_repo_licenses`, `licenses`,
//! `detected_licenses` (several are joined by ` AND `, for each may hold) or `license`. The subset is the programming
//! language (`lang`, `language`, `programming_language`), which is no language of text; the id is `hexsha`, `blob_id` or
//! `id`. Path, repository, size and the rest are in `meta`.
//!
//! Limits: a row without its content (The Stack v2 has only names of blobs) is unreadable (`field_missing`).
use std::borrow::Cow;

use super::support::reading::Reading;
use super::support::values::{first, items, joined, share, starts, wrong_use};
use crate::formats::{Layout, Object, Shape};
use crate::rows::{Content, Row, Unreadable, Use};

/// The shape.
pub const SHAPE: Code = Code;
/// See the module.
pub struct Code;

const TEXT: &[&str] = &["content", "code"];
const REPOSITORY: [&str; 5] =
    ["max_stars_repo_name", "max_stars_repo_path", "repo_name", "repository_name", "repo_path"];
const LICENSES: &[&str] = &["max_stars_repo_licenses", "licenses", "detected_licenses", "license", "license_type"];
const LANGUAGE: &[&str] = &["lang", "language", "programming_language"];

impl Shape for Code {
    fn name(&self) -> &'static str {
        "code"
    }
    fn about(&self) -> &'static str {
        "files of source code with paths and licences (The Stack, StarCoderData)"
    }
    fn docs(&self) -> &'static str {
        crate::text::docs::module_docs(include_str!("code.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Pretrain]
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        share(sample, |o| {
            let text = |key: &str| starts(o, key) == Some(b'"');
            let place = o.has("path") || o.has("max_stars_repo_path") || o.has("repo_path") || o.has("size");
            TEXT.iter().any(|key| text(key)) && REPOSITORY.iter().any(|key| text(key)) && place
        })
    }
    fn map<'a>(&self, object: &Object<'a>, layout: &Layout, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
        emit(map(object, layout));
    }
}

fn map<'a>(object: &Object<'a>, layout: &Layout) -> Result<Row<'a>, Unreadable> {
    if layout.usage != Use::Pretrain {
        return Err(wrong_use("code", layout));
    }
    let mut reading = Reading::new(object, layout);
    let Some(text) = reading.text("text", TEXT)? else { return Err(reading.missing("text", TEXT[0])) };
    reading.columns.id = reading.option("id", &["hexsha", "blob_id", "id"])?;
    reading.columns.subset = reading.option("subset", LANGUAGE)?;
    // What `lang` says is no language of text.
    reading.columns.language = Some(Cow::Borrowed(""));
    let license = match reading.find("license", LICENSES, |_| true)? {
        Some((path, value)) if first(value) == b'[' => {
            let all: Vec<Cow<'_, str>> =
                items(path, value)?.into_iter().map(|v| joined(path, v)).collect::<Result<_, _>>()?;
            Some(Cow::Owned(all.join(" AND ")))
        }
        Some((path, value)) => Some(joined(path, value)?),
        None => None,
    };
    let mut row = reading.row(Content::Pretrain { text })?;
    row.license = license.filter(|l: &Cow<'_, str>| !l.trim().is_empty()).or(row.license);
    Ok(row)
}

#[cfg(test)]
mod tests {
    use super::super::tests::row;
    use super::*;

    #[test]
    fn the_licence_is_the_rows_and_the_language_a_subset() {
        let stack = r#"{"content":"x = 1\n","max_stars_repo_path":"a.py","max_stars_repo_name":"x/y",
            "max_stars_repo_licenses":["MIT","Apache-2.0"],"lang":"Python","hexsha":"ab","size":6}"#;
        let read = row(&SHAPE, stack, Use::Pretrain).unwrap();
        assert_eq!(read.content, Content::Pretrain { text: "x = 1\n".into() });
        let found = [&read.id, &read.subset, &read.license].map(|t| t.as_deref().unwrap());
        assert_eq!(found, ["ab", "Python", "MIT AND Apache-2.0"]);
        assert_eq!(read.language, None);
        assert_eq!(
            read.meta.as_deref(),
            Some(r#"{"max_stars_repo_path":"a.py","max_stars_repo_name":"x/y","size":6}"#)
        );
        let github = r#"{"code":"x","repo_name":"x/y","path":"a.c","language":"C","license":"mit","size":1}"#;
        let read = row(&SHAPE, github, Use::Pretrain).unwrap();
        assert_eq!([&read.subset, &read.license].map(|t| t.as_deref().unwrap()), ["C", "mit"]);
        assert_eq!(row(&SHAPE, r#"{"blob_id":"b","path":"a.c"}"#, Use::Pretrain).unwrap_err().reason, "field_missing");
    }
}
