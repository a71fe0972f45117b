//! Checks that layouts share: what makes trainers fail, or learn nothing, or learn something else.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::{Aside, Example, Part, messages};
use crate::rows::{Content, Message, Preference, Task};

/// Why rows are set aside by exports: a word and its sentence.
pub const REASONS: &[(&str, &str)] = &[
    (
        "export_no_turns",
        "The row has no messages, and a layout of dialogues has nothing to write. `dropped/` of the export has the row",
    ),
    (
        "export_empty_turn",
        "A turn says nothing and calls no tool (the detail says which): trainers refuse it, or learn to be silent. `dropped/` of the export has the row",
    ),
    (
        "export_no_answer",
        "The dialogue does not end on the assistant, so there is no answer to learn: a prompt for reinforcement learning, or a dialogue that broke off. Export prompts to a layout that takes them",
    ),
    (
        "export_no_pair",
        "The row lacks its input or its output, so it is no example of a task. Running text of a domain goes to a layout for pretraining",
    ),
    ("export_unpaired", "The row has one labelled answer (KTO), and the layout wants a chosen and a rejected one"),
    ("export_paired", "The row has a chosen and a rejected answer, and the layout wants one labelled answer (KTO)"),
    ("export_equal_answers", "The chosen and the rejected answer are the same, so nothing can be preferred"),
    ("export_several_turns", "The answer is not one turn of the assistant, and the layout has a place for one"),
    (
        "export_no_prompt",
        "The row has no prompt, or one that ends on the assistant or the system: there is no question to answer",
    ),
    (
        "export_not_alternating",
        "Turns that ask (user, tool) and turns of the assistant do not follow one another, and the trainer would empty the row without a word",
    ),
    ("export_arguments", "The arguments of a call are no JSON object, and the trainer takes calls apart as JSON"),
    (
        "export_tools",
        "The row has tools, or calls of them, for which the layout has no place. Export such rows to `openai` or `llama_factory`",
    ),
    (
        "export_turn_order",
        "A system turn stands behind other turns, or the first other turn is not of the user: chat templates refuse such a dialogue, or move turns without a word",
    ),
    (
        "export_no_truth",
        "The prompt has no answer that a program could check, and the trainer's rewards need one. Export prompts to `trl`, with a reward of your own",
    ),
    ("export_no_text", "The row is white space alone"),
    ("export_labelled", "The row has one labelled answer (KTO), and the trainer has no such training"),
    ("export_long_prompt", "The prompt is more than one turn of the user, and the layout has a place for one"),
    (
        "export_special_token",
        "A text holds a string that tokenizers read as a special token (`<|im_end|>`, `</s>`): the trainer would see the end of a turn or a text where there is none. Clean the text, or export it to `jsonl`",
    ),
    (
        "export_template",
        "The chat template does not take the row (turns that do not alternate, a system turn that it has no place for, a call that it cannot write): the detail is what it says. `dropped/` of the export has the row",
    ),
    (
        "export_no_mask",
        "It cannot be told which tokens of the row are learnt: the template writes turns otherwise once others follow, or the source's own marks cannot be placed. A template with `{% generation %}` blocks says it itself",
    ),
    (
        "export_nothing_learnt",
        "No token of the row is learnt: its source leaves every answer out of the loss, or the template writes none",
    ),
    ("export_too_long", "The row has more tokens than `--seq-length`, and dialogues are not cut"),
    (
        "export_not_cut",
        "The tokenizer cannot cut what the template wrote, or not so that words that read like a special token stay words: the detail says why",
    ),
    (
        "export_tools_no_list",
        "The tools on offer are no JSON list of objects, so a chat template could not read them. `dropped/` of the export has the row",
    ),
];

/// Turns that a trainer can read: at least one, and none that is empty.
///
/// # Errors
///
/// `export_no_turns`, `export_empty_turn`.
pub fn turns(messages: &[Message<'_>]) -> Result<(), Aside> {
    if messages.is_empty() {
        return Err(Aside::new("export_no_turns", "no messages"));
    }
    // A system turn may be empty, and so may what a tool answered.
    let says = |m: &Message<'_>| {
        !m.content.trim().is_empty() || m.tool_calls.is_some() || ["system", "tool"].contains(&m.role.as_ref())
    };
    match messages.iter().position(|m| !says(m)) {
        Some(at) => Err(Aside::new("export_empty_turn", format!("turn {} ({}) is empty", at + 1, messages[at].role))),
        None => Ok(()),
    }
}

/// A dialogue with an answer at its end.
///
/// # Errors
///
/// As [`turns`], and `export_no_answer`.
pub fn answered(messages: &[Message<'_>]) -> Result<(), Aside> {
    turns(messages)?;
    match messages.last() {
        Some(last) if last.role != "assistant" => {
            Err(Aside::new("export_no_answer", format!("the last turn is of {}", last.role)))
        }
        _ => Ok(()),
    }
}

/// A task, or a dialogue with an answer at its end and without tools: what layouts of plain conversations take.
///
/// # Errors
///
/// As [`no_tools`], [`task`] and [`answered`]; `export_no_turns` of other rows.
pub fn conversation(row: &Example<'_>) -> Result<(), Aside> {
    no_tools(row)?;
    match &row.content {
        Content::Task(asked) => task(asked),
        Content::Instruct { messages, .. } => answered(messages),
        Content::Pretrain { .. } | Content::Rlhf(_) => Err(Aside::new("export_no_turns", "no dialogue")),
    }
}

/// The same, where turns that ask and turns of the assistant follow one another.
///
/// # Errors
///
/// As [`conversation`] and [`alternates`].
pub fn exchanges(row: &Example<'_>) -> Result<(), Aside> {
    conversation(row)?;
    match &row.content {
        Content::Instruct { messages, .. } => alternates(messages),
        _ => Ok(()),
    }
}

/// The first question and the answer right behind it.
///
/// # Errors
///
/// `export_no_answer` where there is none: none in words either, where a call of a tool answers.
pub fn exchange<'m>(messages: &'m [Message<'_>]) -> Result<(&'m str, &'m str), Aside> {
    let mut behind = messages.iter().skip_while(|m| m.role != "user");
    let question = behind.next();
    let answer = behind.next().filter(|m| m.role == "assistant" && m.tool_calls.is_none());
    match (question, answer) {
        (Some(question), Some(answer)) => Ok((&question.content, &answer.content)),
        _ => Err(Aside::new("export_no_answer", "the first question has no answer in words behind it")),
    }
}

/// A task with input and output.
///
/// # Errors
///
/// `export_no_pair`.
pub fn task(task: &Task<'_>) -> Result<(), Aside> {
    for (name, value) in [("input", &task.input), ("output", &task.output)] {
        if value.as_ref().is_none_or(|v| v.trim().is_empty()) {
            return Err(Aside::new("export_no_pair", format!("no {name}")));
        }
    }
    Ok(())
}

/// A prompt that asks something: its last turn is of the user, or of a tool.
///
/// # Errors
///
/// `export_no_prompt`, `export_empty_turn`.
pub fn prompt(messages: &[Message<'_>]) -> Result<(), Aside> {
    match messages.last() {
        None => Err(Aside::new("export_no_prompt", "no prompt")),
        Some(last) if !["user", "tool"].contains(&last.role.as_ref()) => {
            Err(Aside::new("export_no_prompt", format!("the prompt ends on {}", last.role)))
        }
        Some(_) => turns(messages),
    }
}

/// The chosen and the rejected answer of a row that has both, which differ.
///
/// # Errors
///
/// `export_unpaired`, `export_equal_answers`, and as [`answered`].
pub fn pair<'r, 'a>(row: &'r Preference<'a>) -> Result<(&'r [Message<'a>], &'r [Message<'a>]), Aside> {
    let (Some(chosen), Some(rejected)) = (&row.chosen, &row.rejected) else {
        return Err(Aside::new("export_unpaired", "one labelled answer"));
    };
    if chosen == rejected {
        return Err(Aside::new("export_equal_answers", "chosen and rejected are the same"));
    }
    answered(chosen)?;
    answered(rejected)?;
    Ok((chosen, rejected))
}

/// An answer of one turn of the assistant, in words.
///
/// # Errors
///
/// `export_several_turns`.
pub fn one_turn(answer: &[Message<'_>]) -> Result<(), Aside> {
    match answer {
        [turn] if turn.role == "assistant" && turn.tool_calls.is_none() => Ok(()),
        _ => Err(Aside::new("export_several_turns", format!("an answer of {} turns", answer.len()))),
    }
}

/// Tools on offer as a list of objects.
///
/// # Errors
///
/// `export_tools_no_list`.
pub fn tools(tools: Option<&str>) -> Result<(), Aside> {
    type Objects<'a> = Vec<std::collections::BTreeMap<String, &'a serde_json::value::RawValue>>;
    match tools.map(serde_json::from_str::<Objects<'_>>) {
        Some(Err(error)) => Err(Aside::new("export_tools_no_list", error.to_string())),
        _ => Ok(()),
    }
}

/// Whether a dialogue asks and is not answered.
pub fn asks(messages: &[Message<'_>]) -> bool {
    messages.last().is_some_and(|m| m.role == "user")
}

/// Turns that a chat template takes: one of the system at most, the first of all, then one of the user.
///
/// # Errors
///
/// `export_turn_order`.
pub fn opens(messages: &[Message<'_>]) -> Result<(), Aside> {
    let system = usize::from(messages.first().is_some_and(|m| m.role == "system"));
    let spoken = &messages[system..];
    let late = spoken.iter().position(|m| m.role == "system");
    let wrong = late.or_else(|| spoken.first().filter(|m| m.role != "user").map(|_| 0));
    match wrong {
        Some(at) => {
            let detail = format!("turn {} is of {}", at + system + 1, spoken[at].role);
            Err(Aside::new("export_turn_order", detail))
        }
        None => Ok(()),
    }
}

/// Turns of the user and of the assistant, one after the other, beginning with the user; one of the system may stand before
/// them.
///
/// # Errors
///
/// `export_not_alternating`.
pub fn alternates(messages: &[Message<'_>]) -> Result<(), Aside> {
    let system = usize::from(messages.first().is_some_and(|m| m.role == "system"));
    let wrong = messages[system..].iter().enumerate().find(|(at, m)| m.role != ["user", "assistant"][at % 2]);
    match wrong {
        Some((at, message)) => {
            let detail = format!("turn {} is of {}", at + system + 1, message.role);
            Err(Aside::new("export_not_alternating", detail))
        }
        None => Ok(()),
    }
}

/// Calls with JSON objects as arguments.
///
/// # Errors
///
/// `export_arguments`.
pub fn arguments(messages: &[Message<'_>]) -> Result<(), Aside> {
    let broken = |m: &Message<'_>| m.tool_calls.as_deref().is_some_and(|calls| messages::functions(calls).is_none());
    match messages.iter().position(broken) {
        Some(at) => Err(Aside::new("export_arguments", format!("a call in turn {} has no JSON object", at + 1))),
        None => Ok(()),
    }
}

/// A row without tools, and without calls of them.
///
/// # Errors
///
/// `export_tools`.
pub fn no_tools(row: &Example<'_>) -> Result<(), Aside> {
    match row.has(Part::Tools) {
        true => Err(Aside::new("export_tools", "tools, or calls of them")),
        false => Ok(()),
    }
}

/// A row that is no labelled answer.
///
/// # Errors
///
/// `export_labelled`.
pub fn pairs_only(row: &Preference<'_>) -> Result<(), Aside> {
    match row.completion {
        Some(_) => Err(Aside::new("export_labelled", "one labelled answer")),
        None => Ok(()),
    }
}

/// A prompt with a labelled answer, or with two that differ.
///
/// # Errors
///
/// As [`prompt`] and [`pair`]; `export_unpaired` for an answer without a label.
pub fn preference(row: &Preference<'_>) -> Result<(), Aside> {
    prompt(&row.prompt)?;
    match (&row.completion, row.label) {
        (Some(completion), Some(_)) => answered(completion),
        (Some(_), None) => Err(Aside::new("export_unpaired", "an answer without a label")),
        (None, _) => pair(row).map(|_| ()),
    }
}

/// By how much the chosen answer is better: the margin of the row, else the difference of its scores, else 0.
pub fn margin(row: &Preference<'_>) -> f64 {
    let scores = row.chosen_score.zip(row.rejected_score);
    row.margin.or(scores.map(|(chosen, rejected)| chosen - rejected)).unwrap_or(0.0)
}

/// Strings that the tokenizers of GPT-2, LLaMA 2 to 4, Qwen, DeepSeek, GLM, Gemma, Yi, Baichuan and InternLM read as one
/// special token wherever they stand, as their `tokenizer_config.json` and `special_tokens_map.json` have them.
pub const SPECIAL: [&str; 28] = [
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|begin_of_text|>",
    "<|end_of_text|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|python_tag|>",
    "<|header_start|>",
    "<|header_end|>",
    "<|eot|>",
    "<\u{ff5c}begin\u{2581}of\u{2581}sentence\u{ff5c}>",
    "<\u{ff5c}end\u{2581}of\u{2581}sentence\u{ff5c}>",
    "<\u{ff5c}User\u{ff5c}>",
    "<\u{ff5c}Assistant\u{ff5c}>",
    "<|system|>",
    "<|user|>",
    "<|assistant|>",
    "<|observation|>",
    "[gMASK]",
    "<s>",
    "</s>",
    "<bos>",
    "<eos>",
    "<start_of_turn>",
    "<end_of_turn>",
];

static SPECIALS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| AhoCorasick::new(SPECIAL).ok());

/// Texts without strings that tokenizers read as special tokens ([`SPECIAL`]).
///
/// # Errors
///
/// `export_special_token`.
pub fn special(row: &Example<'_>) -> Result<(), Aside> {
    let found = |text: &str| SPECIALS.as_ref().and_then(|words| words.find(text));
    match row.texts().into_iter().find_map(|text| Some((text, found(text)?))) {
        Some((text, at)) => Err(Aside::new("export_special_token", format!("`{}`", &text[at.range()]))),
        None => Ok(()),
    }
}
