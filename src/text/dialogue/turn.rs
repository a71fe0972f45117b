//! A message of a dialogue as the checks see it.

/// Who speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// What sets the scene.
    System,
    /// Who asks.
    User,
    /// Who answers: the model to be trained.
    Assistant,
    /// The result of a call.
    Tool,
    /// A role that no template knows.
    #[default]
    Other,
}

impl Role {
    /// The role that a row's word names.
    pub fn of(word: &str) -> Role {
        match word {
            "system" | "developer" => Role::System,
            "user" => Role::User,
            "assistant" => Role::Assistant,
            "tool" => Role::Tool,
            _ => Role::Other,
        }
    }
}

/// The part of a row that a message stands in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Part {
    /// A dialogue, the prompt of a preference, a task.
    #[default]
    Dialogue,
    /// The better answer, or an answer that is labelled good.
    Chosen,
    /// The worse answer, or an answer that is labelled bad.
    Rejected,
}

/// One message.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Turn<'a> {
    /// Who speaks.
    pub role: Role,
    /// Where it stands.
    pub part: Part,
    /// What is said; empty where nothing is.
    pub content: &'a str,
    /// What was thought before, where it is kept apart.
    pub reasoning: Option<&'a str>,
    /// Calls of tools: the JSON text of a list in OpenAI's form.
    pub calls: Option<&'a str>,
    /// The call that a tool answers.
    pub call_id: Option<&'a str>,
}

impl<'a> Turn<'a> {
    /// A message that says something and no more.
    pub fn new(role: Role, content: &'a str) -> Self {
        Turn { role, content, ..Turn::default() }
    }

    /// Whether the model says it.
    pub fn answers(&self) -> bool {
        self.role == Role::Assistant
    }

    /// Whether a model learns to say it: not so the worse answer of a pair.
    pub fn is_taught(&self) -> bool {
        self.answers() && self.part != Part::Rejected
    }

    /// Whether it calls a tool.
    pub fn has_calls(&self) -> bool {
        self.calls.is_some_and(|calls| !matches!(calls.trim(), "" | "[]" | "null"))
    }
}

/// A row: its messages in reading order (prompt, chosen, rejected), and the tools on offer as JSON text.
#[derive(Clone, Debug, Default)]
pub struct Dialogue<'a> {
    /// The messages.
    pub turns: Vec<Turn<'a>>,
    /// The tools.
    pub tools: Option<&'a str>,
}
