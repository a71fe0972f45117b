use serde_json::json;

use super::*;

/// Columns: a number `a`, a number `b`, a number that was not measured, a word.
struct Row;

const SIGNALS: [&str; 4] = ["a", "b", "none", "language"];

impl Values for Row {
    fn number(&self, at: usize) -> Option<f64> {
        [Some(2.0), Some(5.0), None, None][at]
    }

    fn word(&self, at: usize) -> Option<&str> {
        [None, None, None, Some("zh")][at]
    }
}

fn rule(json: serde_json::Value) -> Clause {
    serde_json::from_value(json).unwrap()
}

fn reason(json: serde_json::Value) -> Option<String> {
    rule(json).asked(&SIGNALS.map(String::from)).fails(&Row).map(|f| f.reason)
}

#[test]
fn rules_of_rules() {
    assert_eq!(reason(json!({"a": {"min": 1}, "b": {"max": 5}})), None);
    assert_eq!(reason(json!({"any": [{"a": {"min": 3}}, {"b": {"min": 6}}]})).as_deref(), Some("a_min"));
    assert_eq!(reason(json!({"any": [{"a": {"min": 3}}, {"all": [{"b": {"min": 5}}]}]})), None);
    assert_eq!(reason(json!({"all": [{"a": {"min": 1}}, {"b": {"max": 4}}]})).as_deref(), Some("b_max"));
    assert_eq!(reason(json!({"not": {"a": {"min": 1}}})).as_deref(), Some("a_max"));
    assert_eq!(reason(json!({"not": {"a": {"min": 3}}})), None);
    // Of several that must not hold, the one that does says why; what must not fail, why it fails.
    assert_eq!(reason(json!({"not": {"any": [{"a": {"min": 3}}, {"b": {"max": 9}}]}})).as_deref(), Some("b_min"));
    assert_eq!(reason(json!({"not": {"not": {"a": {"min": 3}}}})).as_deref(), Some("a_min"));
    // All that one table says must hold.
    assert_eq!(reason(json!({"a": {"min": 1}, "any": [{"b": {"max": 4}}]})).as_deref(), Some("b_max"));
}

#[test]
fn some_rows_are_asked() {
    assert_eq!(reason(json!({"when": {"language": "zh"}, "a": {"min": 3}})).as_deref(), Some("a_min"));
    assert_eq!(reason(json!({"when": {"language": ["en", "de"]}, "a": {"min": 3}})), None);
    assert_eq!(reason(json!({"when": {"not": {"language": "en"}}, "a": {"min": 3}})).as_deref(), Some("a_min"));
    assert_eq!(reason(json!({"when": {"none": {"max": 1}}, "a": {"min": 3}})), None);
}

#[test]
fn what_was_not_measured_drops_no_row() {
    for clause in [
        json!({"none": {"min": 1}}),
        json!({"not": {"none": {"max": 1}}}),
        json!({"not": {"any": [{"none": {"max": 1}}, {"a": {"min": 3}}]}}),
        json!({"any": [{"none": {"min": 1}}, {"a": {"min": 3}}]}),
    ] {
        assert_eq!(reason(clause.clone()), None, "{clause}");
    }
    assert_eq!(reason(json!({"none": {"min": 1}, "a": {"min": 3}})).as_deref(), Some("a_min"));
    // A word that was not found is none of those that stay.
    assert_eq!(reason(json!({"a": {"in": ["zh"]}})).as_deref(), Some("a_in"));
}

#[test]
fn percentiles_are_numbered_as_they_are_asked() {
    let clause = rule(json!({"when": {"b": {"max_percentile": 50}}, "a": {"min_percentile": 5, "per": "source"},
        "any": [{"b": {"min_percentile": 1, "max_percentile": 99}}]}));
    let shown = |p: Percentile| format!("{} {} {}", p.signal, if p.upper { "max" } else { "min" }, p.percentile);
    assert_eq!(
        clause.percentiles().into_iter().map(shown).collect::<Vec<_>>(),
        ["b max 50", "a min 5", "b min 1", "b max 99"]
    );
    let keys = ["when.b.max_percentile", "a.min_percentile", "any[0].b.min_percentile", "any[0].b.max_percentile"];
    assert_eq!(clause.keys(), keys);
    struct Known;
    impl Values for Known {
        fn number(&self, at: usize) -> Option<f64> {
            Row.number(at)
        }
        fn word(&self, at: usize) -> Option<&str> {
            Row.word(at)
        }
        fn found(&self, number: usize) -> Option<f64> {
            [Some(6.0), Some(2.5), None, None][number]
        }
    }
    let failure = clause.asked(&SIGNALS.map(String::from)).fails(&Known).unwrap();
    assert_eq!((failure.reason.as_str(), failure.value.as_str(), failure.limit.as_str()), ("a_min", "2", "2.5"));
    // What is not known drops no row.
    assert_eq!(reason(json!({"a": {"max_percentile": 50}})), None);
    assert_eq!(
        clause.line(&|_| String::new()),
        "when b ≤ percentile 50: a ≥ percentile 5 of its source and b ≥ percentile 1, ≤ percentile 99"
    );
}

#[test]
fn failures_name_value_and_limit() {
    let failure = |json| {
        let failure = rule(json).asked(&SIGNALS.map(String::from)).fails(&Row).unwrap();
        [failure.reason, failure.value, failure.limit].join(" ")
    };
    assert_eq!(failure(json!({"a": {"min": 2.5, "max": 3}})), "a_min 2 2.5");
    assert_eq!(failure(json!({"b": {"max": 4.25}})), "b_max 5 4.25");
    assert_eq!(failure(json!({"language": {"in": ["en", "de"]}})), "language_in zh en, de");
    assert_eq!(failure(json!({"not": {"language": "zh"}})), "language_in zh zh");
}

#[test]
fn a_failure_of_a_message_names_it() {
    let value = |signal: &str| {
        let signals = [String::from("a"), signal.into()];
        rule(json!({signal: {"max": 0}})).asked(&signals).fails(&Row).unwrap().value
    };
    assert_eq!((value("refusal"), value("system_messages")), ("message 5".into(), "5".into()));
}

#[test]
fn one_form_is_written() {
    let clause = rule(json!({"when": {"language": "zh"}, "a": {"min": 3}, "not": {"b": {"max": 1}}}));
    let written = json!({"when": {"language": {"in": ["zh"]}}, "a": {"min": 3.0}, "not": {"b": {"max": 1.0}}});
    assert_eq!(serde_json::to_value(&clause).unwrap(), written);
    assert_eq!(clause.signals(), ["a", "language", "b"]);
    let line = clause.line(&|signal| if signal == "a" { " 2".into() } else { String::new() });
    assert_eq!(line, "when language in zh: a 2 ≥ 3 and not (b ≤ 1)");
    let any = rule(json!({"any": [{"a": {"min": 1, "max": 2}}, {"b": {"max": 1}}]}));
    assert_eq!(any.line(&|_| String::new()), "(a ≥ 1, ≤ 2 or b ≤ 1)");
}

#[test]
fn what_cannot_be_asked_is_said() {
    for (clause, said) in [
        (json!({}), "names a signal"),
        (json!({"any": []}), "names a signal"),
        (json!({"units": {"min": 1}, "any": []}), "`any` needs rules"),
        (json!({"units": {"min": 1}, "all": [{}]}), "names a signal"),
        (json!({"units": {}}), "no limits"),
        (json!({"units": {"in": ["zh"]}}), "`units` is a number"),
        (json!({"language": {"min": 1}}), "`language` is a word"),
        (json!({"not": {"words": {"min": 1}}}), "`words` is a list"),
        (json!({"when": {"language": "zh"}}), "add the rule beside it"),
        (json!({"not": {"all": [{"when": {"language": "zh"}, "units": {"min": 1}}]}}), "cannot stand in `not`"),
        (json!({"units": {"min": 3, "max": 2}}), "greater than its `max`"),
        (json!({"language": []}), "lists no word"),
        (json!({"units": {"min": 1, "min_percentile": 5}}), "`min` and `min_percentile`"),
        (json!({"units": {"max_percentile": 100}}), "between 0 and 100"),
        (json!({"units": {"min": 1, "per": "source"}}), "add `max_percentile`"),
        (json!({"language": {"max_percentile": 5}}), "`language` is a word"),
    ] {
        let error = rule(clause.clone()).check().err().unwrap_or_else(|| panic!("can be asked: {clause}"));
        assert!(error.contains(said), "{clause}: {error}");
    }
    rule(json!({"when": {"language": "zh"}, "not": {"chars": {"max": 9}}})).check().unwrap();
    assert!(rule(json!({"unitz": {"min": 1}})).check_signals().unwrap_err().contains("did you mean `units`?"));
}
