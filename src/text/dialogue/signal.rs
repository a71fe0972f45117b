//! The signals of dialogues: name, definition and unit of each.
//!
//! A *place* is the number of the first message that has the problem, counted from 1 in reading order (of a preference:
//! prompt, chosen, rejected, completion), and 0 where none has it.

/// What a signal's number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// How many.
    Count,
    /// A share or a ratio.
    Number,
    /// The number of a message.
    Message,
}

/// A signal.
pub struct About {
    /// Its name in recipes and output.
    pub name: &'static str,
    /// What its number is.
    pub unit: Unit,
    /// What it is.
    pub about: &'static str,
}

macro_rules! signals {
    ($($signal:ident $name:literal $unit:ident $about:literal;)*) => {
        /// A signal, by number.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs)]
        pub enum Signal { $($signal),* }

        /// All signals in the order of their numbers.
        pub static SIGNALS: &[About] = &[$(About { name: $name, unit: Unit::$unit, about: $about }),*];
    };
}

signals! {
    Messages "message_count" Count "messages of the row; a task has an input and an output";
    SystemMessages "system_messages" Count "messages with the role `system`";
    Answers "answer_count" Count "messages of the assistant";
    Tools "tools_on_offer" Count "different names of tools on offer";
    LongestMessage "longest_message" Count "characters of the longest message";
    ShortestAnswer "shortest_answer" Count "characters of the shortest answer that a model learns; an answer that calls a tool and says nothing is left out";
    AnswerRatio "answer_ratio" Number "characters of answers by characters of what the user says";
    RefusalRatio "refusal_ratio" Number "answers that refuse, by answers";
    WrongOrder "wrong_order" Message "a message that cannot stand where it stands: an answer first or after an answer, a user after a user or a tool, a system message after another role, a result without a call before it, a role that no template knows";
    NoAnswer "no_answer" Message "the last message of a row, or of one of its answers, where it is none of the assistant; 1 where there is no message at all";
    EmptyMessage "empty_message" Message "a message of user or assistant that says nothing: blank, only dots and dashes, or a word such as `nan` and `<noinput>`; calls of tools say something, and thoughts alone do not";
    Echo "echo" Message "an answer that is the question again: equal to it, or nine tenths of it at the start of an answer that is at most half as long again, or the whole of it, once or several times, behind at most eight letters (signs and letter case aside; ten letters, or five Han, at least)";
    RepeatedAnswer "repeated_answer" Message "an answer of 40 letters (20 Han) or more that stood before in the dialogue (signs and letter case aside)";
    LoopingAnswer "looping_answer" Message "an answer that turns in a circle, code aside: a group of sentences three times in a row (one of 12 letters or six Han four times) or the whole twice, sentences that stood before for more than half of it, or letters in a period of at most 12; not where a question asks for a text again";
    Refusal "refusal" Message "an answer whose beginning refuses (`抱歉，我无法`, `I can't help with`); not one that ends in asking for what is missing (`请提供原文`), or that goes on with a long answer";
    AiLine "ai_line" Message "an answer that speaks as a language model (`作为一个AI语言模型，我`, `As an AI`)";
    ModelName "model_name" Message "an answer that says it is a model of a known maker (`我是由OpenAI训练的`)";
    AnswerLanguage "answer_language" Message "an answer in another language than the question before it: other letters, or in Latin letters another language by whichlang. Code aside; not where a question or the system message speaks of languages or code";
    Placeholder "placeholder" Message "an answer with a blank left to fill in (`[您的姓名]`, `[Your Name]`, `TODO:`, lorem ipsum), outside of code; not where a template, a letter or a form is asked for";
    Unfilled "unfilled" Message "a message with a variable of a template that was not filled in (`{{name}}`, `${name}`, `{question}`), outside of code; not where templates or code are talked of";
    Truncated "truncated" Message "an answer that breaks off: a code fence or bracket that is not closed, an end in `，、：(` or the like, a long answer whose last paragraph stops in mid-sentence";
    SpecialToken "special_token" Message "a message with a token of a model's vocabulary (`<|im_end|>`, `</s>`, `[INST]`), outside of code";
    LeakedPrompt "leaked_prompt" Message "a message with parts of a prompt's template (`### Response:`), or an answer with lines of both speakers (`Human:`), outside of code";
    UndeclaredTool "undeclared_tool" Message "a call of a tool that is not on offer, where tools are; else one whose name no message before it has";
    BadArguments "bad_arguments" Message "a call whose arguments are no JSON";
    CallWithoutResult "call_without_result" Message "a call that another message than a tool's follows, or that fewer results follow than there are calls; a row may end on calls";
    ResultWithoutCall "result_without_call" Message "a result that stands behind no call, or whose id no call has";
    EmptyReasoning "empty_reasoning" Message "reasoning that says nothing, apart or between `<think>` and `</think>`";
    UnclosedReasoning "unclosed_reasoning" Message "`<think>` without `</think>` behind it";
    NeedlessRefusal "needless_refusal" Message "the better answer of a pair, where it refuses in at most 60 letters (30 Han), the worse one is longer and answers, and no message has a word of harm, law, health or what a model cannot know";
    PairLikeness "pair_likeness" Number "how alike the better and the worse answer are: 1 where letters and numbers are the same, else the Dice coefficient of their 5-grams of characters; thoughts and calls among them";
    PairRatio "pair_ratio" Number "characters of the better answer by characters of the worse one";
}

/// How many signals there are.
pub const COUNT: usize = SIGNALS.len();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_words_of_their_own() {
        let mut names: Vec<_> = SIGNALS.iter().map(|s| s.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), COUNT);
        assert_eq!(SIGNALS[Signal::PairRatio as usize].name, "pair_ratio");
    }
}
