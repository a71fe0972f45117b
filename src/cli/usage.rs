//! What is wrong with a command line, in Chinese: clap says it in English alone, but gives away its parts.

use std::error::Error as _;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::help::usage_said;
use crate::messages::said;

/// The words of one part of an error, joined where they are several.
fn part(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) if !texts.is_empty() => Some(texts.join("、")),
        ContextValue::Number(number) => Some(number.to_string()),
        ContextValue::StyledStr(text) => Some(text.to_string()),
        _ => None,
    }
}

/// What is wrong, without what leads it; `None` for what is no mistake (help, the version) or has no words here.
pub fn mistake(error: &clap::Error) -> Option<String> {
    let part = |kind| part(error, kind);
    let arg = || part(ContextKind::InvalidArg).unwrap_or_default();
    let number = |kind| part(kind).unwrap_or_default();
    let what = match error.kind() {
        ErrorKind::InvalidValue => match part(ContextKind::InvalidValue).filter(|value| !value.is_empty()) {
            Some(value) => format!("`{}` 不能取 `{value}` 这个值", arg()),
            None => format!("`{}` 需要一个值", arg()),
        },
        ErrorKind::UnknownArgument => format!("没有 `{}` 这个参数", arg()),
        ErrorKind::InvalidSubcommand => {
            format!("没有 `{}` 这个命令", part(ContextKind::InvalidSubcommand).unwrap_or_default())
        }
        ErrorKind::NoEquals => format!("`{}` 的值要用等号给出", arg()),
        ErrorKind::ValueValidation => {
            let why = error.source().map(|why| format!("：{}", said(&why.to_string()))).unwrap_or_default();
            let value = part(ContextKind::InvalidValue).unwrap_or_default();
            format!("`{}` 的值 `{value}` 不对{why}", arg())
        }
        ErrorKind::TooManyValues => {
            let value = part(ContextKind::InvalidValue).unwrap_or_default();
            format!("`{}` 多了一个值 `{value}`", arg())
        }
        ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            let wanted = part(ContextKind::MinValues).or_else(|| part(ContextKind::ExpectedNumValues));
            let given = number(ContextKind::ActualNumValues);
            format!("`{}` 需要 {} 个值，给了 {given} 个", arg(), wanted.unwrap_or_default())
        }
        ErrorKind::ArgumentConflict => match part(ContextKind::PriorArg).filter(|other| *other != arg()) {
            Some(other) => format!("`{}` 不能与 `{other}` 同用", arg()),
            None => format!("`{}` 不能给两次", arg()),
        },
        ErrorKind::MissingRequiredArgument => format!("缺少必需的参数：{}", arg()),
        ErrorKind::MissingSubcommand => format!("`{}` 后面要有一个命令", part(ContextKind::InvalidSubcommand)?),
        _ => return None,
    };
    Some(what + &more(error))
}

/// What may be meant, and how the command is used.
fn more(error: &clap::Error) -> String {
    let mut more = String::new();
    if let Some(values) = part(error, ContextKind::ValidValue).or_else(|| part(error, ContextKind::ValidSubcommand)) {
        more += &format!("\n  可选：{values}");
    }
    let near = [
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedArg,
        ContextKind::SuggestedValue,
        ContextKind::SuggestedCommand,
    ];
    if let Some(near) = near.into_iter().find_map(|kind| part(error, kind)) {
        more += &format!("\n\n  您要的是 `{near}` 吗？");
    }
    if let Some(usage) = part(error, ContextKind::Usage) {
        more += &format!("\n\n{}", usage_said(&usage));
    }
    more + "\n\n`--help` 有全部说明。"
}
