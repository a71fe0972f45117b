//! Preference rows as token ids, split as TRL's trainers split them.
//!
//! The prompt, and the prompt with each answer behind it, are written and cut one by one; an answer begins where the ids of
//! the prompt and of prompt and answer part. That is where the prompt ends, unless a token stands on both sides of it, or
//! the template writes the prompt alone otherwise.

use super::dialogue::Dialogue;
use super::{Chat, Ids};
use crate::models::tokenizer::{Scratch, Tokenizer, Turns};
use crate::output::export::{Aside, Example, checks};
use crate::rows::{Content, Message, Preference};

/// A row, the tokenizer, and how many tokens fit.
type Given<'g> = (&'g Example<'g>, &'g Tokenizer, u32);

fn row<'r, 'a>(row: &'r Example<'a>) -> Result<&'r Preference<'a>, Aside> {
    match &row.content {
        Content::Rlhf(row) => Ok(row),
        _ => Err(Aside::new("export_unpaired", format!("a {} row", row.content.usage()))),
    }
}

/// How many ids two lists begin with alike.
fn alike(one: &[u32], other: &[u32]) -> usize {
    one.iter().zip(other).take_while(|(a, b)| a == b).count()
}

impl Chat {
    /// Prompt, chosen and rejected answer, as `DPOTrainer` takes them.
    ///
    /// # Errors
    ///
    /// Why the row has no place.
    pub fn pair(&self, (example, tokenizer, length): Given<'_>, scratch: &mut Scratch) -> Result<Ids, Aside> {
        let pair = row(example)?;
        checks::prompt(&pair.prompt)?;
        let (chosen, rejected) = checks::pair(pair)?;
        let prompt = self.ids((&pair.prompt, true), tokenizer, scratch)?;
        let [chosen, rejected] = [chosen, rejected].map(|answer| [pair.prompt.as_slice(), answer].concat());
        let chosen = self.ids((&chosen, false), tokenizer, scratch)?;
        let rejected = self.ids((&rejected, false), tokenizer, scratch)?;
        let begin = alike(&prompt, &chosen).min(alike(&prompt, &rejected));
        let parts = [&prompt[..begin], &chosen[begin..], &rejected[begin..]];
        fit(chosen.len().max(rejected.len()), length)?;
        answers(&parts[1..])?;
        Ok(joined(&parts, None))
    }

    /// The whole dialogues with the chosen and with the rejected answer, and by how much the first is better, as
    /// `RewardTrainer` takes them.
    ///
    /// # Errors
    ///
    /// Why the row has no place.
    pub fn compared(&self, (example, tokenizer, length): Given<'_>, scratch: &mut Scratch) -> Result<Ids, Aside> {
        let pair = row(example)?;
        checks::prompt(&pair.prompt)?;
        let (chosen, rejected) = checks::pair(pair)?;
        let [chosen, rejected] = [chosen, rejected].map(|answer| [pair.prompt.as_slice(), answer].concat());
        let chosen = self.ids((&chosen, false), tokenizer, scratch)?;
        let rejected = self.ids((&rejected, false), tokenizer, scratch)?;
        fit(chosen.len().max(rejected.len()), length)?;
        if chosen == rejected {
            return Err(Aside::new("export_equal_answers", "the template writes both answers alike"));
        }
        Ok(joined(&[chosen.as_slice(), rejected.as_slice()], Some(checks::margin(pair))))
    }

    /// Prompt, one answer, and whether it is a good one, as `KTOTrainer` takes them.
    ///
    /// # Errors
    ///
    /// Why the row has no place.
    pub fn labelled(&self, (example, tokenizer, length): Given<'_>, scratch: &mut Scratch) -> Result<Ids, Aside> {
        let labelled = row(example)?;
        let (Some(answer), Some(label)) = (&labelled.completion, labelled.label) else {
            return Err(Aside::new("export_paired", "no labelled answer"));
        };
        checks::prompt(&labelled.prompt)?;
        checks::answered(answer)?;
        let prompt = self.ids((&labelled.prompt, true), tokenizer, scratch)?;
        let whole = self.ids((&[labelled.prompt.as_slice(), answer.as_slice()].concat(), false), tokenizer, scratch)?;
        let begin = alike(&prompt, &whole);
        fit(whole.len(), length)?;
        answers(&[&whole[begin..]])?;
        Ok(joined(&[&prompt[..begin], &whole[begin..]], Some(f64::from(u8::from(label)))))
    }

    /// The ids of a dialogue, or of a prompt with the beginning of an answer behind it.
    fn ids(
        &self,
        (messages, prompt): (&[Message<'_>], bool),
        tokenizer: &Tokenizer,
        scratch: &mut Scratch,
    ) -> Result<Vec<u32>, Aside> {
        checks::arguments(messages)?;
        let rendered = Dialogue::any(self, messages, None, |dialogue| dialogue.render(messages.len(), prompt))?;
        let turns = Turns { text: &rendered.text, words: &rendered.words, learnt: &[] };
        Ok(self.cut(&turns, tokenizer, scratch)?.ids)
    }
}

fn fit(count: usize, length: u32) -> Result<(), Aside> {
    if count > length as usize {
        return Err(Aside::new("export_too_long", format!("{count} tokens")));
    }
    Ok(())
}

/// Answers of which something is left.
fn answers(parts: &[&[u32]]) -> Result<(), Aside> {
    match parts.iter().any(|part| part.is_empty()) {
        true => Err(Aside::new("export_nothing_learnt", "the template writes nothing of an answer")),
        false => Ok(()),
    }
}

fn joined(parts: &[&[u32]], value: Option<f64>) -> Ids {
    Ids { ids: parts.concat(), lengths: parts.iter().map(|part| part.len() as u32).collect(), value }
}
