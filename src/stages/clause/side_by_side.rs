//! A rule asked of 64 rows at once, a bit a row: what the limits of many rows say is combined by a few operations on words.

use super::{Asked, Bound, Limit, Side};
use crate::stages::judge::{Known, Stretch};

/// What must hold, among others, for a rule to hold.
pub enum Part<'r> {
    /// A limit of its own.
    Limit(&'r Limit),
    /// A rule of `all`.
    Rule(&'r Asked),
    /// One of `any`.
    Any(&'r [Asked]),
    /// What `not` has does not.
    Not(&'r Asked),
}

impl Part<'_> {
    /// Whether it holds for each of 64 rows.
    pub fn holds_of_many(&self, of: &impl Fn(&Limit) -> Known) -> Known {
        match self {
            Part::Limit(limit) => of(limit),
            Part::Rule(rule) => rule.holds_of_many(of),
            Part::Any(rules) => Known::any(rules.iter().map(|rule| rule.holds_of_many(of))),
            Part::Not(rule) => rule.holds_of_many(of).opposite(),
        }
    }

    /// The limits in it.
    pub fn limits(&self) -> Vec<&Limit> {
        match self {
            Part::Limit(limit) => vec![limit],
            Part::Rule(rule) | Part::Not(rule) => rule.limits(),
            Part::Any(rules) => rules.iter().flat_map(Asked::limits).collect(),
        }
    }
}

impl Asked {
    /// What must hold, all of it, of the rows that it is asked of.
    pub fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        let limits = self.limits.iter().map(Part::Limit);
        let all = self.all.iter().map(Part::Rule);
        let any = self.any.iter().map(|rules| Part::Any(rules));
        let not = self.not.iter().map(|rule| Part::Not(rule));
        limits.chain(all).chain(any).chain(not)
    }

    /// Whether it holds for each of 64 rows whose limits hold as `of` says: as [`Asked::holds`] of each.
    pub fn holds_of_many(&self, of: &impl Fn(&Limit) -> Known) -> Known {
        self.asked_of(Known::all(self.parts().map(|part| part.holds_of_many(of))), of)
    }

    /// Whether it holds for each of 64 rows of which it is known whether all its parts hold.
    pub fn asked_of(&self, parts: Known, of: &impl Fn(&Limit) -> Known) -> Known {
        let asked = self.when.as_ref().map_or(u64::MAX, |when| when.holds_of_many(of).yes);
        Known { yes: parts.yes | !asked, no: parts.no & asked }
    }
}

impl Limit {
    /// Whether it is one number for all rows.
    pub fn is_plain(&self) -> bool {
        matches!(self.side, Side::Min(Bound::Value(_)) | Side::Max(Bound::Value(_)))
    }

    /// Which rows keep to it, as [`Limit::holds`] of each.
    pub fn holds_of_many(&self, rows: &Stretch<'_>) -> Known {
        match self.side {
            // A number that is none is beyond no limit.
            Side::Min(Bound::Value(min)) => rows.numbers(self.at, |value| value >= min || value.is_nan()),
            Side::Max(Bound::Value(max)) => rows.numbers(self.at, |value| value <= max || value.is_nan()),
            _ => rows.known(|row| self.holds(&rows.row(row))),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::stages::clause::Clause;

    /// Every outcome of three limits, known or not, for rules of every kind.
    #[test]
    fn it_is_what_one_row_after_the_other_says() {
        let signals = ["a", "b", "c"].map(String::from);
        let outcomes = [Some(true), Some(false), None];
        let rows: Vec<[Option<bool>; 3]> =
            (0..27).map(|n| [outcomes[n % 3], outcomes[n / 3 % 3], outcomes[n / 9]]).collect();
        let (a, b, c) = (json!({"min": 1}), json!({"min": 2}), json!({"min": 3}));
        for rule in [
            json!({"a": a, "b": b}),
            json!({"when": {"a": a}, "b": b, "c": c}),
            json!({"any": [{"a": a}, {"b": b, "c": c}]}),
            json!({"any": []}),
            json!({"not": {"any": [{"a": a}, {"not": {"b": b}}]}, "c": c}),
            json!({"when": {"not": {"a": a}}, "all": [{"b": b}, {"any": [{"c": c}]}]}),
        ] {
            let asked = serde_json::from_value::<Clause>(rule.clone()).unwrap().asked(&signals);
            let bits = |limit: &Limit, outcome| {
                let bit =
                    |(row, known): (usize, &[Option<bool>; 3])| u64::from(known[limit.at] == Some(outcome)) << row;
                rows.iter().enumerate().map(bit).sum()
            };
            let many = asked.holds_of_many(&|limit| Known { yes: bits(limit, true), no: bits(limit, false) });
            for (row, known) in rows.iter().enumerate() {
                let one = asked.holds(&|limit| known[limit.at]);
                let bit = |word: u64| word >> row & 1 == 1;
                let here = (bit(many.yes), bit(many.no));
                assert_eq!(here, (one == Some(true), one == Some(false)), "{rule} of {known:?}");
            }
        }
    }
}
