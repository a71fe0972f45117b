//! In what two recipes differ, key by key, every default written out.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value as Json;

use super::Recipe;

/// A key that two recipes say differently.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// The key, as a recipe's author would write it: `stage.keep.chars.min`, `source.news.path`, `output.shard`.
    pub key: String,
    /// What each says; none where it says nothing.
    pub of: [Option<Json>; 2],
}

/// The keys that two recipes say differently, in order. Sources and stages are told apart by their names.
pub fn differences(a: &Recipe, b: &Recipe) -> Vec<Difference> {
    let of = |recipe: &Recipe| serde_json::to_value(recipe).unwrap_or_default();
    let mut found = Vec::new();
    walk("", Some(&of(a)), Some(&of(b)), &mut found);
    found
}

fn walk(key: &str, a: Option<&Json>, b: Option<&Json>, found: &mut Vec<Difference>) {
    // What is null is not said.
    let (a, b) = (a.filter(|a| !a.is_null()), b.filter(|b| !b.is_null()));
    if a == b {
        return;
    }
    if let (Some(Json::Object(one)), Some(Json::Object(other))) = (a, b) {
        let keys: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
        keys.into_iter().for_each(|name| walk(&inner(key, name), one.get(name), other.get(name), found));
    } else if let Some((ours, theirs)) = a.and_then(named).zip(b.and_then(named)) {
        let mut names: Vec<&str> = ours.iter().map(|item| item.0).collect();
        names.extend(theirs.iter().map(|item| item.0).filter(|name| !ours.iter().any(|item| item.0 == *name)));
        for name in &names {
            let of = |items: &Items<'_>| items.iter().position(|item| item.0 == *name);
            let (one, other) = (of(&ours).map(|at| ours[at].1), of(&theirs).map(|at| theirs[at].1));
            walk(&inner(key, name), one, other, found);
        }
        order(key, &ours, &theirs, found);
    } else {
        found.push(Difference { key: key.to_owned(), of: [a.cloned(), b.cloned()] });
    }
}

/// The items of a list, each with its name.
type Items<'j> = Vec<(&'j str, &'j Json)>;

/// Says that items which both lists have stand in another order.
fn order(key: &str, ours: &[(&str, &Json)], theirs: &[(&str, &Json)], found: &mut Vec<Difference>) {
    let shared = |of: &[(&str, &Json)], other: &[(&str, &Json)]| -> Vec<Json> {
        let there = |item: &&(&str, &Json)| other.iter().any(|o| o.0 == item.0);
        of.iter().filter(there).map(|item| Json::from(item.0)).collect()
    };
    let (one, other) = (shared(ours, theirs), shared(theirs, ours));
    if one != other {
        found.push(Difference { key: format!("{key} (order)"), of: [Some(one.into()), Some(other.into())] });
    }
}

/// The key of something within another.
fn inner(key: &str, name: &str) -> String {
    match (key, name) {
        ("", "sources") => "source".into(),
        ("", "stages") => "stage".into(),
        ("", name) => name.to_owned(),
        // Options stand beside `run` in a recipe.
        (key, "options") if key.starts_with("stage.") => key.to_owned(),
        (key, name) => format!("{key}.{name}"),
    }
}

/// The items of a list by their names, where all have one.
fn named(list: &Json) -> Option<Items<'_>> {
    list.as_array()?.iter().map(|item| Some((item.get("name")?.as_str()?, item))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_named_as_a_recipe_has_them() {
        let folder = tempfile::tempdir().unwrap();
        let recipe = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            crate::recipe::load(path.to_str().unwrap(), &[]).unwrap()
        };
        let source = "name='r'\n[[source]]\nname='s'\npath=['a.jsonl']\n";
        let one = format!("{source}[[stage]]\nrun='normalize'\n[[stage]]\nrun='keep'\nchars={{min=50}}\n");
        let other = format!(
            "{source}[[source]]\nname='t'\npath=['b.jsonl']\n[[stage]]\nrun='keep'\nchars={{min=80}}\n\
             [[stage]]\nrun='normalize'\n[output]\nshard='1MiB'\n"
        );
        let (one, other) = (recipe("one.toml", &one), recipe("other.toml", &other));
        let found = differences(&one, &other);
        let keys: Vec<&str> = found.iter().map(|d| d.key.as_str()).collect();
        assert_eq!(keys, ["output.shard", "source.t", "stage.keep.chars.min", "stage (order)"]);
        assert_eq!(found[2].of, [Some(50.0.into()), Some(80.0.into())]);
        assert_eq!(differences(&one, &one), []);
    }
}
