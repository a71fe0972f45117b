//! Dropped rows whose text a build did not keep: which they are, and what to say of them.

use serde_json::Value as Json;

use super::rows_of::Part;
use super::show::Fields;
use crate::messages::chinese;
use crate::pipeline::publish::manifest::Manifest;

/// Why dropped rows have no text, and which key keeps it.
pub fn bare_rows(manifest: &Manifest, searched: bool) -> String {
    let share = match manifest.dropped_text {
        Some(share) if share >= 1.0 => "the recipe keeps the text of every dropped row".to_owned(),
        Some(share) => format!("the recipe keeps the text of {} % of the dropped rows", share * 100.0),
        None => "the recipe keeps the text of a part of the dropped rows".to_owned(),
    };
    let (zh_share, all) = (manifest.dropped_text.map_or(100.0, |s| s * 100.0), "dropped_text = 1.0");
    match (chinese(), searched) {
        (false, false) => format!(
            "rows without text: {share}, of those left out by `sample` or a mix none; `{all}` under [output] keeps all"
        ),
        (false, true) => {
            format!("only dropped rows with text can be searched: {share}; `{all}` under [output] keeps all")
        }
        (true, false) => format!(
            "没有正文的行：配方只保留 {zh_share} % 被去掉的行的正文，`sample` 或配比未取的行都不保留；[output] 下写 `{all}` 则全部保留"
        ),
        (true, true) => {
            format!(
                "只有保留了正文的行能被搜索：配方保留 {zh_share} % 被去掉的行的正文；[output] 下写 `{all}` 则全部保留"
            )
        }
    }
}

/// Whether a dropped row came without its content.
pub fn without_text(part: &Part, row: &Fields) -> bool {
    let text = |f: &&(String, Json)| part.texts().contains(&f.0);
    part.name.starts_with("dropped/") && row.iter().filter(text).all(|f| f.1.is_null())
}
