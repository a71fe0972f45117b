//! What is generated from code stands in the repository as the code would write it today.

use std::path::Path;

use crate::harness::up_to_date;

/// `CORPUS_UPDATE=1 cargo test generated` writes the files anew.
#[test]
fn schemas_are_up_to_date() {
    for (name, content) in corpus::recipe::schema::files() {
        let fresh = format!("{}\n", serde_json::to_string_pretty(&content).unwrap());
        up_to_date(&format!("schemas/{name}"), &fresh, "generated");
    }
}

/// The page of problems is the table of their kinds.
#[test]
fn the_page_of_problems_is_up_to_date() {
    up_to_date("docs/problems.md", &corpus::recipe::kinds::page(), "generated");
}

/// The pages of signals and profiles are what the code has.
#[test]
fn the_pages_of_quality_are_up_to_date() {
    up_to_date("docs/quality.md", &corpus::stages::quality::page(), "generated");
    up_to_date("docs/dialogue.md", &corpus::stages::dialogue::page(), "generated");
    up_to_date("docs/profiles.md", &corpus::stages::profile::page(), "generated");
}

/// Every stage, container and shape says what a user must know, and is in the recipe's schema.
#[test]
fn components_document_themselves() {
    let schema = corpus::recipe::schema::recipe().to_string();
    let stages = corpus::stages::ALL.iter().map(|s| (s.name, s.about, s.docs));
    let containers = corpus::formats::containers::ALL.iter().map(|c| (c.name(), c.about(), c.docs()));
    let shapes = corpus::formats::shapes::ALL.iter().map(|s| (s.name(), s.about(), s.docs()));
    for (name, about, docs) in stages.chain(containers).chain(shapes) {
        assert!(schema.contains(&format!("\"{name}\"")), "{name} is not in the recipe's schema");
        assert!(!about.is_empty() && !about.ends_with('.'), "{name}: {about:?}");
        assert!(docs.lines().count() >= 4, "{name} says too little:\n{docs}");
        assert!(docs.contains("Limits") && docs.contains("```"), "{name} lacks its limits or an example:\n{docs}");
    }
}

/// The pages of data sets are those of today's cards.
#[test]
fn the_pages_of_data_sets_are_up_to_date() {
    for page in corpus::catalog::page::pages(corpus::catalog::shipped()) {
        up_to_date(page.path, &page.text, "generated");
    }
    let cards = corpus::catalog::shipped();
    let count = |of: &dyn Fn(&corpus::catalog::Card) -> bool| cards.iter().filter(|c| of(c)).count();
    let (older, measured) = (count(&|c| c.reproduce.is_some() && !c.evaluation), count(&|c| c.evaluation));
    let training = cards.len() - older - measured - count(&|c| c.model.is_some());
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    for said in [
        format!("{training} data sets by best use ({older} older ones and {measured} evaluation sets"),
        format!("{training} 个数据集（另有 {older} 个仅供复现旧模型、{measured} 个评测集"),
    ] {
        assert!(readme.contains(&said), "README.md does not say: {said}");
    }
}
