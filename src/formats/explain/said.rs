//! What is said of how a sample was mapped: in a line, and as a refusal with its cure.

use serde_json::Value;

use super::ours::is_content;
use super::{Left, Mapping};
use crate::formats::FIELDS;
use crate::rows::Use;

impl Mapping {
    /// The fields that must not be lost.
    pub fn suspects(&self) -> impl Iterator<Item = &Left> {
        self.left.iter().filter(|l| l.suspect.is_some())
    }

    /// Whether nothing but what the text answers would be left over.
    pub fn asks_alone(&self) -> bool {
        self.suspects().all(|l| l.suspect.is_some_and(|s| s.0 == "what an answer answers"))
    }

    /// In a line: ours ← theirs, what goes to `meta`, and of how many rows.
    pub fn line(&self) -> String {
        let mut parts: Vec<String> = self.read.iter().map(|(ours, theirs)| format!("{ours} ← {theirs}")).collect();
        if !self.left.is_empty() {
            let names: Vec<&str> = self.left.iter().map(|l| l.name.as_str()).collect();
            parts.push(format!("meta ← {}", names.join(", ")));
        }
        let failed = if self.failed > 0 { format!(", {} not readable", self.failed) } else { String::new() };
        parts.push(format!("{} of the sample's rows{failed}", self.rows));
        parts.join("; ")
    }

    /// As [`line`](Mapping::line), with no more than a few of the fields that go to `meta`.
    pub fn brief(&self) -> String {
        const FEW: usize = 4;
        let mut parts: Vec<String> = self.read.iter().map(|(ours, theirs)| format!("{ours} ← {theirs}")).collect();
        let names: Vec<&str> = self.left.iter().take(FEW).map(|l| l.name.as_str()).collect();
        match self.left.len() {
            0 => {}
            all if all > FEW => parts.push(format!("meta ← {} and {} more", names.join(", "), all - FEW)),
            _ => parts.push(format!("meta ← {}", names.join(", "))),
        }
        parts.join("; ")
    }

    /// What would be lost, and the keys that settle it; `None` where the shape explains the rows.
    pub fn refusal(&self, shape: &str, usage: Use) -> Option<(String, String)> {
        let all = self.rows;
        let lost: Vec<String> = self
            .suspects()
            .map(|l| {
                let looks = l.suspect.map_or("", |s| s.0);
                let many =
                    if l.rows == all { "in every row".to_owned() } else { format!("in {} of {all} rows", l.rows) };
                format!("`{}` ({}, {many} of the sample: {looks})", l.name, l.kind)
            })
            .collect();
        if lost.is_empty() {
            return None;
        }
        let message = format!("taken for `{shape}` rows for {usage}, but {} would be lost", lost.join(", "));
        Some((message, self.cure(shape, usage)))
    }

    /// The key that names every field of the source, and the one that leaves them to `meta`.
    fn cure(&self, shape: &str, usage: Use) -> String {
        let all = |what: &str| self.suspects().all(|l| l.suspect.is_some_and(|s| s.0 == what));
        if usage != Use::Rlhf && all("a score") {
            return format!(
                "if answers are to be learned whatever their score, which then goes to `meta`: format = \"{shape}\""
            );
        }
        if shape != "choices" && self.suspects().filter(|l| l.suspect.is_some_and(|s| s.0 == "choices")).count() > 1 {
            return "say that these are answers to choose from: format = \"choices\" (and options = { index = \"one\" } \
                    where the right one is a number from 1)"
                .into();
        }
        // What no key reads: it has to be written otherwise first.
        if let Some(left) = self.suspects().find(|l| l.suspect.is_some_and(|s| s.1.is_empty())) {
            let (name, what) = (&left.name, left.suspect.map_or("", |s| s.0));
            let how = match what {
                "part of what is asked or answered" => "write it into the text that it belongs to",
                "a label that is no text" => "write it as the text that is to be learned",
                _ => "make a row of each, or write the one that is to be learned as a text",
            };
            return format!(
                "no key reads `{name}` as it stands: {how}, before the build; or, if it is to go to `meta`: format = \"{shape}\""
            );
        }
        let fields = self.fields_said(shape, usage);
        let quoted = |name: &str| Value::from(name).to_string();
        let named: Vec<String> = fields.iter().map(|(ours, theirs)| format!("{ours} = {}", quoted(theirs))).collect();
        let of = crate::formats::usage_of(fields.iter().map(|f| f.0.as_str())).unwrap_or(usage);
        if let Some((_, theirs)) = fields.iter().find(|f| f.0 == "response").filter(|_| shape == "alpaca") {
            // The instruction and what stands below it make one prompt.
            let theirs = quoted(theirs);
            return format!(
                "say what it is: format = \"alpaca\", fields = {{ output = {theirs} }}; or, if it is to go to `meta`: \
                 format = \"alpaca\""
            );
        }
        format!(
            "say what they are: use = \"{of}\", fields = {{ {} }}; or, if they are to go to `meta`: format = \"{shape}\"",
            named.join(", ")
        )
    }

    /// Our fields and theirs: those that would be lost, and beside them what was read.
    fn fields_said(&self, shape: &str, usage: Use) -> Vec<(String, String)> {
        let mut fields: Vec<(String, String)> = Vec::new();
        // What is called an answer comes before what only may be one, and what is said of the answer before all else.
        let mut suspects: Vec<&Left> = self.suspects().collect();
        suspects.sort_by_key(|l| l.suspect.is_some_and(|s| s.0.starts_with("text beside")));
        for (ours, theirs) in suspects.into_iter().filter_map(|l| Some((l.suspect?.1, &l.name))) {
            if !fields.iter().any(|f| f.0 == ours) {
                fields.push((ours.to_owned(), theirs.clone()));
            }
        }
        // An instruction and its input make one prompt, which is found by their names.
        let asked = self.read.iter().filter(|r| r.0 == "prompt");
        let joint = shape == "alpaca" || usage == Use::Rlhf && asked.count() > 1;
        // A question that was taken for the document stays what it is beside its answer.
        let read = self.read.iter().filter(|r| is_content(&r.0) && FIELDS.contains(&r.0.as_str()));
        for (ours, theirs) in read {
            let task = fields.iter().any(|f| f.0 == "output" || f.0 == "choices");
            let ours = match ours.as_str() {
                "prompt" if joint => continue,
                "response" if fields.iter().any(|f| f.0 == "label") => "completion",
                "prompt" if task => "input",
                "response" if task => "output",
                "text" if task => "input",
                "text" if fields.iter().any(|f| f.0 == "response") => "prompt",
                "text" if fields.iter().any(|f| f.0 == "prompt") => "response",
                ours => ours,
            };
            if !fields.iter().any(|f| f.0 == ours || f.1 == *theirs) {
                fields.push((ours.to_owned(), theirs.clone()));
            }
        }
        fields
    }
}
