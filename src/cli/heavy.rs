//! What `plan`, `build` and `inspect` say of rules that take more than half of what reaches them.

use super::table::line;
use super::{Context, ui};
use crate::pipeline::heavy::Heavy;
use crate::pipeline::usage::count;

/// Warns of each; `build` is the folder whose rows show it, where there is one already.
pub fn warn(context: &Context, heavy: &[Heavy], build: Option<&str>) {
    for one in heavy {
        ui::warn(context, &said(one, build, crate::messages::chinese()));
    }
}

/// The rule, its share, the source, the key to change.
pub fn said(heavy: &Heavy, build: Option<&str>, chinese: bool) -> String {
    let (share, rows, reached) = (format!("{:.1}%", heavy.share() * 100.0), count(heavy.rows), count(heavy.reached));
    let source = heavy.source.as_deref().map(line);
    let Some(stage) = heavy.stage.as_deref().map(line) else {
        let (source, reason) = (source.unwrap_or_default(), &heavy.reason);
        return if chinese {
            format!("来源 {source} 的行被去掉 {share}（{reached} 行中的 {rows} 行），最多的原因是 {reason}")
        } else {
            format!("the stages together drop {share} of source {source} ({rows} of {reached} rows), most as {reason}")
        };
    };
    let rule = heavy.rule.as_deref().map(line).unwrap_or_else(|| heavy.reason.clone());
    let key = key(heavy, &stage);
    let look = build.map(|folder| format!("corpus inspect {} --near-limit {}", ui::quoted(folder), ui::quoted(&stage)));
    if chinese {
        let of = source.map_or_else(|| "所有来源".to_owned(), |s| format!("来源 {s} "));
        let cure = match key {
            Some(key) => format!("若非本意，请改 `{key}`"),
            None => format!("`corpus explain {}` 说明改哪个选项", heavy.reason),
        };
        let look = look.map_or_else(String::new, |l| format!("；`{l}` 显示界限两边的行"));
        return format!(
            "阶段 {stage} 的 `{rule}` 去掉{of}中到达它的 {share}（{reached} 行中的 {rows} 行）；{cure}{look}"
        );
    }
    let of = source.map_or_else(String::new, |s| format!(" of source {s}"));
    let cure = match key {
        Some(key) => format!("if that is not meant, change `{key}`"),
        None => format!("`corpus explain {}` says what to change", heavy.reason),
    };
    let look = look.map_or_else(String::new, |l| format!("; `{l}` shows rows on both sides"));
    format!("`{rule}` of stage {stage} drops {share} of the rows{of} that reach it ({rows} of {reached}): {cure}{look}")
}

/// The option of a rule as `--set` takes it.
fn key(heavy: &Heavy, stage: &str) -> Option<String> {
    heavy.rule.as_ref()?;
    let (signal, side) = heavy.reason.rsplit_once('_')?;
    Some(format!("{stage}.{signal}.{side}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_share_source_and_key_are_named() {
        let heavy = Heavy {
            stage: Some("basics".into()),
            reason: "han_ratio_min".into(),
            source: Some("web".into()),
            rows: 1_302,
            reached: 2_000,
            rule: Some("han_ratio = { min = 0.4 }".into()),
        };
        assert_eq!(
            said(&heavy, Some("a b"), false),
            "`han_ratio = { min = 0.4 }` of stage basics drops 65.1% of the rows of source web that reach it (1,302 of \
             2,000): if that is not meant, change `basics.han_ratio.min`; `corpus inspect 'a b' --near-limit basics` \
             shows rows on both sides"
        );
        let zh = said(&heavy, None, true);
        assert!(zh.contains("来源 web 中到达它的 65.1%") && zh.contains("`basics.han_ratio.min`"), "{zh}");
        let near = Heavy { stage: Some("near_dedup".into()), reason: "near_duplicate".into(), rule: None, ..heavy };
        assert!(said(&near, None, false).ends_with("`corpus explain near_duplicate` says what to change"));
        let all = Heavy { stage: None, ..near };
        assert!(said(&all, None, false).starts_with("the stages together drop 65.1% of source web"));
        assert!(said(&all, None, true).contains("最多的原因是 near_duplicate"));
    }
}
