//! Rules on signals as a recipe has them: known signals, measured before, with limits that fit; and `when`, `any`, `all`,
//! `not` of rules.

use super::kinds::Kind;
use super::reader::Reader;
use super::signals::{Measured, has, signals};
use super::toml::{Entry, Node, Value};
use crate::stages::Kind as Type;
use crate::stages::clause::WORDS;
use crate::text::spelling::did_you_mean;

/// What the rules are part of.
#[derive(Clone, Copy)]
pub(super) struct Within<'m> {
    /// The signals that are measured before.
    pub(super) measured: &'m [Measured],
    /// Whether they stand in a `not`.
    pub(super) not: bool,
    /// Whether they are asked while rows are read.
    pub(super) early: bool,
}

/// What a rule on a number can say.
const NUMBERS: [&str; 5] = ["min", "max", "min_percentile", "max_percentile", "per"];

impl Reader {
    /// A list of rules: each a table.
    pub(super) fn clauses(&mut self, list: &Entry, within: Within<'_>) {
        let Value::List(items) = &list.node.value else {
            return self.wrong(list, "a list of rules: [{ chars = { min = 50 } }, …]");
        };
        if items.is_empty() {
            let message = format!("`{}` lists no rule", list.key);
            self.cure(Kind::Empty, &list.node.span, message, "empty", "for example [{ chars = { min = 50 } }]");
        }
        for item in items {
            self.clause(item, within);
        }
    }

    /// One rule: a table.
    fn clause(&mut self, node: &Node, within: Within<'_>) {
        let Some(entries) = node.entries() else {
            let message = format!("a rule is a table, not {}", node.kind());
            return self.cure(
                Kind::WrongType,
                &node.span,
                message,
                "wrong type",
                "for example { chars = { min = 50 } }",
            );
        };
        if entries.is_empty() {
            self.cure(
                Kind::NoLimits,
                &node.span,
                "the rule says nothing",
                "empty",
                "for example { chars = { min = 50 } }",
            );
        }
        self.clause_of(entries, within);
    }

    /// The keys of a rule.
    pub(super) fn clause_of<'e>(&mut self, entries: impl IntoIterator<Item = &'e Entry>, within: Within<'_>) {
        let entries: Vec<&Entry> = entries.into_iter().collect();
        for entry in &entries {
            match entry.key.as_str() {
                "any" | "all" => self.clauses(entry, within),
                "when" if within.not => {
                    let help = "put it beside: { when = …, not = … }";
                    self.cure(Kind::MisplacedRule, &entry.span, "`when` stands in a `not`", "not possible here", help);
                }
                "when" => {
                    self.clause(&entry.node, within);
                    if entries.len() == 1 {
                        let help = "add a rule beside it: { when = { language = \"zh\" }, chars = { min = 50 } }";
                        self.cure(Kind::NoLimits, &entry.span, "`when` has no rule beside it", "for which rule?", help);
                    }
                }
                "not" => self.clause(&entry.node, Within { not: true, ..within }),
                _ => self.rule(entry, within),
            }
        }
    }

    /// The rule on one signal: it is known, measured before, and its limits fit its type.
    fn rule(&mut self, option: &Entry, within: Within<'_>) {
        let measured = within.measured;
        let signal = option.key.as_str();
        let known = signals();
        // A stage may measure signals that its options name.
        let of_options = has(measured, signal).map(|kind| ("", kind));
        let of_stages = known.iter().find(|s| s.0 == signal).map(|s| (s.1, s.2));
        let Some((stage, kind)) = of_stages.or(of_options) else {
            let help = did_you_mean(signal, known.iter().map(|s| s.0).chain(WORDS));
            let message = format!("no signal is called `{signal}`");
            return self.cure(Kind::UnknownSignal, &option.span, message, "unknown signal", help);
        };
        let (example, limits): (_, &[&str]) = match kind {
            Type::Int | Type::Float => ("{ min = 50 }", &NUMBERS),
            Type::Text => ("{ in = [\"zh\"] }", &["in"]),
            Type::Words | Type::Key | Type::Bytes | Type::Fixed(_) | Type::Spans => {
                let message = format!("`{signal}` is a list: no rule can look at it");
                return self.cure(Kind::NoRule, &option.span, message, "no number, no word", "there is `word_count`");
            }
        };
        if has(measured, signal).is_none() {
            self.unmeasured(&option.span, signal, stage, "no stage before this one measures");
        }
        if kind == Type::Text && matches!(option.node.value, Value::Text(_) | Value::List(_)) {
            return self.words(option, signal);
        }
        let Some(entries) = option.node.entries() else {
            return self.wrong(option, &format!("limits such as {example}"));
        };
        self.unknown(entries, limits, &format!("a rule on `{signal}`"));
        if entries.is_empty() {
            let message = format!("the rule on `{signal}` has no limits");
            self.cure(Kind::NoLimits, &option.node.span, message, "keeps everything", format!("for example {example}"));
        }
        let numbers = self.limits(entries, limits);
        let find = |key: &str| numbers.iter().find(|n| n.0.key == key);
        for (lower, upper) in [("min", "max"), ("min_percentile", "max_percentile")] {
            if let (Some((least, min)), Some((most, max))) = (find(lower), find(upper))
                && min > max
            {
                let span = std::cmp::max_by_key(&least.node.span, &most.node.span, |span| span.start);
                let message = format!("`{lower}` is greater than `{upper}`: nothing would stay");
                self.problem(Kind::MinOverMax, span, message, "this limit");
            }
        }
        self.percentiles(entries, &numbers, within);
    }

    /// What a rule says of percentiles.
    fn percentiles(&mut self, entries: &[Entry], numbers: &[(&Entry, f64)], within: Within<'_>) {
        let has = |key: &str| entries.iter().find(|e| e.key == key);
        for (side, key) in [("min", "min_percentile"), ("max", "max_percentile")] {
            let Some(entry) = has(key) else { continue };
            if has(side).is_some() {
                let help = "two rules say both: all = [{ … }, { … }]";
                let message = format!("`{side}` and `{key}` of one signal");
                self.cure(Kind::MisplacedRule, &entry.span, message, "the second", help);
            }
            if within.early {
                let help = "put the rule into another `keep`, without `early`";
                let message = "`early` decides while rows are read, and a percentile is known when all are";
                self.cure(Kind::MisplacedRule, &entry.span, message, "not possible here", help);
            }
        }
        for (entry, value) in numbers.iter().filter(|n| n.0.key.ends_with("_percentile")) {
            if *value <= 0.0 || *value >= 100.0 {
                let message = format!("`{}` lies between 0 and 100", entry.key);
                self.problem(Kind::NoShare, &entry.node.span, message, "out of range");
            }
        }
        let Some(per) = has("per") else { return };
        if has("min_percentile").or(has("max_percentile")).is_none() {
            let help = "add `max_percentile = 95`: `per` says within which rows it is taken";
            self.cure(Kind::NoLimits, &per.span, "`per` without a percentile", "of what?", help);
        }
        if let Some(word) = self.text(per) {
            let known = ["source", "language"];
            let found = known.contains(&word.as_str()).then_some(());
            self.word(&word, &per.node.span, "per", &known, found);
        }
    }

    /// The words that stay, as a list or one alone.
    fn words(&mut self, entry: &Entry, of: &str) {
        match &entry.node.value {
            Value::List(words) if words.is_empty() => {
                let message = format!("`{of}` lists no word: nothing would stay");
                self.problem(Kind::Empty, &entry.node.span, message, "empty");
            }
            _ => drop(self.texts(entry)),
        }
    }

    /// The limits of a rule that are numbers; what is wrong with any limit is a problem.
    fn limits<'e>(&mut self, entries: &'e [Entry], limits: &[&str]) -> Vec<(&'e Entry, f64)> {
        let mut numbers = Vec::new();
        for limit in entries.iter().filter(|e| limits.contains(&e.key.as_str())) {
            match (&limit.node.value, limit.key.as_str()) {
                (Value::List(_), "in") => self.words(limit, "in"),
                (_, "in") => self.wrong(limit, "a list of texts"),
                (_, "per") => {}
                (Value::Int(number), _) => numbers.push((limit, *number as f64)),
                (Value::Float(number), _) if number.is_finite() => numbers.push((limit, *number)),
                (Value::Float(_), _) => {
                    let message = format!("`{}` is no finite number", limit.key);
                    self.problem(Kind::NotFinite, &limit.node.span, message, "no limit");
                }
                _ => self.wrong(limit, "a number"),
            }
        }
        numbers
    }
}
