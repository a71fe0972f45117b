//! Whether a message is to be learnt, where its source says so: `loss`, `weight`, `train`, `loss_weight` or `loss_scale`
//! of the message, which a build keeps in `meta.turn_fields`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;

use crate::output::export::Aside;
use crate::rows::Message;

/// The names that trainers have for it (ms-swift, OpenAI, axolotl, LLaMA-Factory).
const NAMES: [&str; 5] = ["loss", "weight", "train", "loss_weight", "loss_scale"];

#[derive(Deserialize)]
struct Meta {
    #[serde(default)]
    turn_fields: BTreeMap<String, BTreeMap<String, Json>>,
}

/// Whether each message is to be learnt, as far as its source says.
///
/// # Errors
///
/// `export_no_mask` where it cannot be told which messages are meant.
pub(super) fn of(messages: &[Message<'_>], meta: Option<&str>) -> Result<Vec<bool>, Aside> {
    let mut flags = vec![true; messages.len()];
    let Some(meta) = meta.filter(|meta| meta.contains("\"turn_fields\"")) else { return Ok(flags) };
    let meta: Meta = serde_json::from_str(meta).unwrap_or(Meta { turn_fields: BTreeMap::new() });
    // By the message's place in the source: `messages.3`.
    let learnt_at: BTreeMap<usize, bool> = meta
        .turn_fields
        .iter()
        .filter_map(|(path, fields)| {
            let at = path.rsplit_once('.').filter(|(list, _)| !list.contains('.'))?.1.parse().ok()?;
            let value = NAMES.iter().find_map(|name| fields.get(*name))?;
            Some((at, value.as_bool().unwrap_or_else(|| value.as_f64() != Some(0.0))))
        })
        .collect();
    if learnt_at.values().all(|learnt| *learnt) {
        return Ok(flags);
    }
    for (at, learnt) in &learnt_at {
        match flags.get_mut(at + shift(messages, &learnt_at)?) {
            Some(flag) => *flag = *learnt,
            None => return Err(unknown()),
        }
    }
    Ok(flags)
}

fn unknown() -> Aside {
    Aside::new("export_no_mask", "it cannot be told which turns the source leaves out of the loss")
}

/// How many messages stand before the first one of the source's list: a system turn may come from a field of its own.
fn shift(messages: &[Message<'_>], learnt_at: &BTreeMap<usize, bool>) -> Result<usize, Aside> {
    let system = messages.first().is_some_and(|m| m.role == "system");
    if !system {
        return Ok(0);
    }
    let of_assistant =
        |shift: usize| learnt_at.keys().all(|at| messages.get(at + shift).is_some_and(|m| m.role == "assistant"));
    let all = |shift: usize| learnt_at.len() + shift == messages.len();
    match [of_assistant(0) || all(0), of_assistant(1) || all(1)] {
        [true, false] => Ok(0),
        [false, true] => Ok(1),
        _ => Err(unknown()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(roles: &[&'static str], meta: &str) -> Result<Vec<bool>, Aside> {
        let messages: Vec<Message<'_>> = roles.iter().map(|role| Message::new(role, "x")).collect();
        of(&messages, Some(meta))
    }

    #[test]
    fn a_message_says_whether_it_is_learnt() {
        let four = ["user", "assistant", "user", "assistant"];
        let meta = |of: &str| format!("{{\"a\":1,\"turn_fields\":{{{of}}}}}");
        assert_eq!(flags(&four, &meta("\"messages.1\":{\"loss\":false}")), Ok(vec![true, false, true, true]));
        assert_eq!(flags(&four, &meta("\"conversations.3\":{\"weight\":0}")), Ok(vec![true, true, true, false]));
        assert_eq!(flags(&four, &meta("\"messages.1\":{\"weight\":1},\"messages.3\":{\"x\":0}")), Ok(vec![true; 4]));
        assert_eq!(flags(&four, &meta("\"messages.1.tool_calls.0\":{\"weight\":0}")), Ok(vec![true; 4]));
        assert_eq!(flags(&four, "{}"), Ok(vec![true; 4]));
        // A system turn from a field of its own stands before the list.
        let five = ["system", "user", "assistant", "user", "assistant"];
        assert_eq!(
            flags(&five, &meta("\"m.1\":{\"loss\":false},\"m.3\":{\"loss\":true}")),
            Ok(vec![true, true, false, true, true])
        );
        assert_eq!(flags(&five, &meta("\"m.4\":{\"loss_scale\":0.0}")), Ok(vec![true, true, true, true, false]));
        let every = (0..5).map(|at| format!("\"m.{at}\":{{\"train\":{}}}", at == 4)).collect::<Vec<_>>().join(",");
        assert_eq!(flags(&five, &meta(&every)), Ok(vec![false, false, false, false, true]));
        assert_eq!(flags(&five, &meta("\"m.9\":{\"loss\":false}")).unwrap_err().reason, "export_no_mask");
    }
}
