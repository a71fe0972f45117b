use std::collections::BTreeSet;
use std::path::Path;

use super::stage_plan::StagePlan;

/// Which of two signals each stage of a recipe measures, with the number of the stage.
fn measured(stages: &str) -> BTreeSet<String> {
    let recipe = format!("name='b'\n[[source]]\nname='s'\npath='a.jsonl'\nuse='pretrain'\n{stages}");
    let recipe = crate::recipe::read(&recipe, Path::new("r.toml"), Path::new("."), &[]).unwrap();
    let plan = StagePlan::new(&recipe).unwrap();
    let column = |stage: usize, signal: &str| {
        let stage = &plan.stages[stage];
        let there = !stage.idle && stage.stage().columns().iter().any(|c| c.name == signal);
        there.then(|| format!("{signal}@{}", stage.number))
    };
    (0..plan.stages.len())
        .flat_map(|stage| ["dup_lines", "char_dup_13"].map(|signal| column(stage, signal)))
        .flatten()
        .collect()
}

const LINES: &str = "[[stage]]\nrun='keep'\ndup_lines={max=0.5}\n";
const GRAMS: &str = "[[stage]]\nrun='keep'\nchar_dup_13={max=0.5}\n";
const CLEAN: &str = "[[stage]]\nrun='normalize'\n";

/// What is measured before a cleaning is what the rules before it read; behind it, all that the output shows.
#[test]
fn what_is_measured_again_is_measured_for_its_own_readers() {
    let names = |all: &[&str]| all.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(measured(&[LINES, GRAMS].concat()), names(&["dup_lines@0", "char_dup_13@0"]));
    let again = measured(&[LINES, CLEAN, GRAMS].concat());
    assert_eq!(again, names(&["dup_lines@0", "dup_lines@3", "char_dup_13@3"]));
    // Rows that an early rule drops are not measured again: what the output shows of them is measured before.
    let early = LINES.replace("}\n", "}\nearly=true\n");
    let again = measured(&[&early, CLEAN, GRAMS].concat());
    assert_eq!(again, names(&["dup_lines@0", "char_dup_13@0", "dup_lines@3", "char_dup_13@3"]));
}
