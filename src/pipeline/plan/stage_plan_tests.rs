use std::collections::BTreeSet;
use std::path::Path;

use super::stage_plan::{PlannedStage, StagePlan};

fn plan(stages: &str) -> StagePlan {
    let recipe = format!("name='b'\n[[source]]\nname='s'\npath='a.jsonl'\nuse='pretrain'\n{stages}");
    let recipe = crate::recipe::read(&recipe, Path::new("r.toml"), Path::new("."), &[]).unwrap();
    StagePlan::new(&recipe).unwrap()
}

/// Which of two signals each stage of a recipe measures, with the number of the stage.
fn measured(stages: &str) -> BTreeSet<String> {
    let plan = plan(stages);
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

/// What each judging stage of a recipe has `units` counted in, and how often texts are measured.
fn units(stages: &[&str]) -> (Vec<String>, usize) {
    let plan = plan(&stages.concat());
    let measuring = |l: &&PlannedStage| !l.idle && l.stage().columns().iter().any(|c| c.name == "units");
    let of = |judging: usize| {
        let last = plan.stages[..judging].iter().rfind(measuring);
        last.map_or(String::new(), |l| l.resolved.options["unit"].as_str().unwrap().to_owned())
    };
    let judging = (0..plan.stages.len()).filter(|at| plan.stages[*at].stage().reads().is_some());
    (judging.map(of).collect(), plan.stages.iter().filter(measuring).count())
}

/// A profile that was published in words is judged in words, whatever stands before it, and nobody else is by it.
#[test]
fn a_profile_is_measured_in_its_own_units() {
    const KEEP: &str = "[[stage]]\nrun='keep'\nunits={min=9}\n";
    const GOPHER: &str = "[[stage]]\nrun='profile'\nprofile='gopher'\nname='gopher'\n";
    const HAN: &str = "[[stage]]\nrun='profile'\nprofile='fineweb2-cmn_Hani'\n";
    const OURS: &str = "[[stage]]\nrun='profile'\nprofile='zh-web'\nname='ours'\n";
    const CHARACTERS: &str = "[[stage]]\nrun='quality'\n";
    const WORDS: &str = "[[stage]]\nrun='quality'\nunit='words'\n";
    let told = |stages: &[&str], of: &[&str], measured: usize| {
        assert_eq!(units(stages), (of.iter().map(|unit| (*unit).to_owned()).collect(), measured), "{stages:?}");
    };
    told(&[HAN], &["words"], 1);
    told(&[HAN, GOPHER], &["words", "words"], 1);
    told(&[OURS, HAN, KEEP], &["characters", "words", "characters"], 3);
    told(&[GOPHER, OURS, KEEP], &["words", "characters", "characters"], 2);
    told(&[CHARACTERS, GOPHER], &["words"], 2);
    told(&[CHARACTERS, CLEAN, GOPHER], &["words"], 2);
    told(&[OURS, CLEAN, GOPHER], &["characters", "words"], 2);
    // What a recipe has measured is what those read that want nothing else.
    told(&[WORDS, OURS, GOPHER, KEEP], &["words", "words", "words"], 1);
    told(&[WORDS, CLEAN, OURS], &["words"], 1);
    told(&[GOPHER, CLEAN, OURS], &["words", "characters"], 2);
    told(&[CLEAN, WORDS, &HAN.replace("run=", "unit='characters'\nrun=")], &["characters"], 2);
}
