//! What makes a card complete and well-formed.

use std::collections::BTreeSet;

use super::card::{Card, Freedom, Part, Reading, Way, Words};
use crate::formats::{self, FIELDS, TextRows};

/// Facts that `unverified` can name.
pub const FACTS: [&str; 13] = [
    "rows",
    "bytes",
    "tokens",
    "year",
    "license",
    "ways",
    "fields",
    "citation",
    "used_by",
    "problems",
    "languages",
    "homepage",
    "why",
];
/// The prefixes that `from` can have.
pub const SCHEMES: [&str; 11] =
    ["hf:", "ms:", "wikimedia:", "opus:", "https://", "http://", "s3://", "gs://", "az://", "drive:", "hand"];

/// Everything wrong with a card that stands in `stem.toml`, in the order of its keys.
pub fn problems(card: &Card, stem: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut say = |problem: String| found.push(problem);
    if card.name != stem {
        say(format!("`name` is `{}`, but the file is called `{stem}`", card.name));
    }
    if !is_word(&card.name) {
        say(format!("`{}` is no name: lower case letters, digits, `_`, `-`, `.`", card.name));
    }
    words(&card.title, "title", &mut say);
    words(&card.about, "about", &mut say);
    words(&card.why, "why", &mut say);
    let mut uses = BTreeSet::from([card.best]);
    for also in &card.also {
        words(&also.why, "also.why", &mut say);
        if !uses.insert(also.usage) {
            say(format!("`also` says `{}` twice, or it is the best use", also.usage));
        }
    }
    if card.languages.is_empty() {
        say("`languages` is empty".into());
    }
    for license in card.license.iter().chain(card.part.iter().filter_map(|p| p.license.as_ref())) {
        if license.name.trim().is_empty() || license.says.trim().is_empty() {
            say("a licence needs a `name` and who `says` so".into());
        }
        if (license.name == "unstated") != (license.kind == Freedom::Unstated) {
            say("a licence that nobody states has the name and the kind `unstated`".into());
        }
    }
    if card.license.is_empty() {
        say("`license` is empty: where nobody states one, say so".into());
    }
    if url::Url::parse(&card.homepage).map_or(true, |u| !u.scheme().starts_with("http")) {
        say(format!("`homepage` is no URL: {}", card.homepage));
    }
    for fact in card.unverified.iter().filter(|f| !FACTS.contains(&f.as_str())) {
        say(format!("`unverified` names `{fact}`; there are: {}", FACTS.join(", ")));
    }
    if !card.problems_zh.is_empty() && card.problems_zh.len() != card.problems.len() {
        say("`problems_zh` has as many sentences as `problems`, in the same order".into());
    }
    if !card.used_by_zh.is_empty() && card.used_by_zh.len() != card.used_by.len() {
        say("`used_by_zh` has as many names as `used_by`, in the same order".into());
    }
    if card.year.is_some_and(|year| !(1990..=2100).contains(&year)) {
        say("`year` is the year of the newest edition that the card describes".into());
    }
    model(card, &mut say);
    others(card, &mut say);
    parts(card, &mut say);
    ways(card, &mut say);
    found
}

/// What a card says of the model that it is.
fn model(card: &Card, say: &mut impl FnMut(String)) {
    let Some(model) = &card.model else { return };
    if !["language", "classify", "perplexity"].contains(&model.stage.as_str()) {
        say(format!("`model.stage` is `{}`: models are read by `language`, `classify` and `perplexity`", model.stage));
    }
    if model.preparation.as_ref().is_some_and(|p| !["plain", "jieba", "pieces"].contains(&p.as_str())) {
        say("`model.preparation` is `plain`, `jieba` or `pieces`".into());
    }
    if card.evaluation || card.reproduce.is_some() {
        say("a model is no evaluation set, and not `reproduce`".into());
    }
}

/// What a card says of other cards.
fn others(card: &Card, say: &mut impl FnMut(String)) {
    if card.superseded_by.as_ref() == Some(&card.name) {
        say("`superseded_by` names the card itself".into());
    }
    if card.superseded_by.is_some() && card.reproduce.is_some() {
        say("a card that another one supersedes is not `reproduce` as well: it says so by the other's name".into());
    }
    let mut named = BTreeSet::from([card.name.as_str()]);
    for overlap in card.overlaps.iter().filter(|o| !named.insert(o.card.as_str())) {
        say(format!("`overlaps` names `{}` twice, or the card itself", overlap.card));
    }
}

fn is_word(name: &str) -> bool {
    !name.is_empty()
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-.".contains(c))
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
}

fn words(words: &Words, key: &str, say: &mut impl FnMut(String)) {
    if words.en.trim().is_empty() || words.zh.trim().is_empty() {
        say(format!("`{key}` wants both `en` and `zh`"));
    }
}

fn parts(card: &Card, say: &mut impl FnMut(String)) {
    if card.part.is_empty() {
        say("a card has at least one [[part]]; a card of one part calls it `all`".into());
    }
    let mut names = BTreeSet::new();
    for part in &card.part {
        if !is_word(&part.name) || !names.insert(&part.name) {
            say(format!("the part `{}` stands twice, or is no name", part.name));
        }
        let own = part.own_reading();
        for reading in part.readings.values().chain([&own]) {
            format(reading.format.as_ref(), &part.name, say);
            options(reading, &part.name, say);
            for field in reading.fields.keys().filter(|f| !FIELDS.contains(&f.as_str())) {
                say(format!("part `{}`: rows have no field `{field}`", part.name));
            }
        }
        if part.rows_are.as_ref().is_some_and(|r| TextRows::parse(r).is_none()) {
            say(format!("part `{}`: `rows_are` is `file`, `line` or `block`", part.name));
        }
        globs(&part.names, &part.name, say);
        let reachable = card.way.iter().any(|way| way.files.contains_key(&part.name));
        let by_hand = !part.names.is_empty() && card.way.iter().any(|way| way.from == "hand");
        if !reachable && !by_hand {
            say(format!("no way leads to the part `{}`: neither `files`, nor `hand` and `names`", part.name));
        }
    }
}

fn format(format: Option<&String>, place: &str, say: &mut impl FnMut(String)) {
    if let Some(format) = format
        && formats::container(format).is_none()
        && formats::shape(format).is_none()
    {
        say(format!("`{place}`: there is no format `{format}`"));
    }
}

fn options(reading: &Reading, place: &str, say: &mut impl FnMut(String)) {
    let known = reading.format.as_ref().and_then(|f| formats::shape(f)).map_or(Vec::new(), |s| s.choices());
    for (name, word) in &reading.options {
        if !known.iter().any(|choice| choice.name == name && choice.words.contains(&word.as_str())) {
            say(format!("part `{place}`: its format leaves no choice `{name} = \"{word}\"`"));
        }
    }
}

fn globs(patterns: &[String], place: &str, say: &mut impl FnMut(String)) {
    for pattern in patterns {
        if let Err(error) = globset::Glob::new(pattern) {
            say(format!("`{place}`: {error}"));
        }
    }
}

fn ways(card: &Card, say: &mut impl FnMut(String)) {
    if card.way.is_empty() {
        say("a card has at least one [[way]]".into());
    }
    for way in &card.way {
        let from = way.from.as_str();
        if !SCHEMES.iter().any(|s| from.starts_with(s)) {
            say(format!("`from = \"{from}\"`: ways begin with {}", SCHEMES.join(", ")));
        }
        for part in way.files.keys().filter(|name| card.part(name).is_none()) {
            say(format!("`{from}`: the card has no part `{part}`"));
        }
        format(way.format.as_ref(), from, say);
        for field in way.fields.keys().filter(|f| !FIELDS.contains(&f.as_str())) {
            say(format!("`{from}`: rows have no field `{field}`"));
        }
        if from == "hand" {
            match &way.how {
                None => say("`hand` wants `how`: exactly what to do".into()),
                Some(how) => words(how, "how", say),
            }
            if card.part.iter().all(|p: &Part| p.names.is_empty()) {
                say("`hand` wants `names` in the parts: what `--from` looks for".into());
            }
        } else if way.files.values().all(Vec::is_empty) {
            say(format!("`{from}` names no `files`"));
        } else if !from.starts_with("drive:") {
            way.files.iter().for_each(|(part, files)| globs(files, part, say));
        }
        pins(way, say);
    }
}

fn pins(way: &Way, say: &mut impl FnMut(String)) {
    for pin in &way.pin {
        if !way.files.values().flatten().any(|f| *f == pin.path) {
            say(format!("`{}`: the pin `{}` is none of `files`", way.from, pin.path));
        }
        for (sum, digits) in [(&pin.sha256, 64), (&pin.sha1, 40), (&pin.md5, 32)] {
            if sum.as_ref().is_some_and(|s| s.len() != digits || !s.bytes().all(|b| b.is_ascii_hexdigit())) {
                say(format!("`{}`: a checksum of `{}` is not {digits} hex digits", way.from, pin.path));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::card::{Overlap, Reproduce, Trained};
    use super::super::{cards, picks, shipped};
    use super::*;
    use crate::rows::Use;

    #[test]
    fn every_card_is_complete_and_well_formed() {
        let mut wrong = Vec::new();
        for (stem, text) in cards::ALL {
            match toml::from_str::<Card>(text) {
                Err(error) => wrong.push(format!("{stem}.toml: {error}")),
                Ok(card) => wrong.extend(problems(&card, stem).into_iter().map(|p| format!("{stem}.toml: {p}"))),
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn overlaps_name_cards() {
        let names: BTreeSet<&str> = shipped().iter().map(|c| c.name.as_str()).collect();
        let overlaps = shipped().iter().flat_map(|c| {
            c.overlaps.iter().map(|o| &o.card).chain(&c.superseded_by).map(move |other| (&c.name, other))
        });
        let lost: Vec<_> = overlaps.filter(|(_, other)| !names.contains(other.as_str())).collect();
        assert!(lost.is_empty(), "{lost:?}");
    }

    #[test]
    fn what_must_never_be_together_is_said_on_both_cards() {
        let never = |card: &Card, other: &str| card.overlaps.iter().any(|o| o.never && o.card == other);
        let mut silent = Vec::new();
        for card in shipped() {
            for overlap in card.overlaps.iter().filter(|o| o.never) {
                let other = shipped().iter().find(|c| c.name == overlap.card);
                if !other.is_some_and(|other| never(other, &card.name)) {
                    silent.push(format!("{} says it, {} does not", card.name, overlap.card));
                }
            }
        }
        assert!(silent.is_empty(), "{}", silent.join("\n"));
    }

    #[test]
    fn what_supersedes_a_set_is_a_current_one() {
        for card in shipped() {
            let newer = card.superseded_by.as_ref().and_then(|name| shipped().iter().find(|c| &c.name == name));
            if let Some(newer) = newer {
                assert!(newer.superseded_by.is_none() && newer.reproduce.is_none(), "{} -> {}", card.name, newer.name);
                assert!(newer.year >= card.year && newer.best == card.best, "{} -> {}", card.name, newer.name);
            }
        }
    }

    #[test]
    fn every_card_says_its_year_and_its_problems_in_both_languages() {
        for card in shipped() {
            assert!(card.year.is_some(), "{} has no year", card.name);
            assert_eq!(card.problems.len(), card.problems_zh.len(), "{}: problems without Chinese", card.name);
            let plain = card.problems_zh.iter().find(|p| !p.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)));
            assert_eq!(plain, None, "{}: no Chinese in it", card.name);
        }
    }

    #[test]
    fn who_used_a_set_is_chinese_where_it_is_more_than_a_name() {
        let word = |w: &str| w.len() > 1 && w.chars().all(|c| c.is_ascii_lowercase());
        let plain = |by: &str| by.split([' ', '(', ')', ',', '\'']).any(word);
        for card in shipped() {
            let said = if card.used_by_zh.is_empty() { &card.used_by } else { &card.used_by_zh };
            assert_eq!(said.iter().find(|by| plain(by)), None, "{}: no Chinese in it", card.name);
        }
        assert!(plain("Koala (five of the files)") && !plain("Guanaco (JosephusCheung)") && !plain("pCLUE"));
    }

    /// Which sets are there to reproduce older models alone, by the rule that docs/datasets-older.md states.
    #[test]
    fn what_is_only_to_reproduce_older_models_keeps_the_rule() {
        // What real users asked, and sets of a domain (safety, law, medicine, finance), are worth more than their answers.
        let stay = "sharegpt sharegpt_vicuna sharegpt_zh_en_90k moss_003 safety_prompts huatuogpt_sft disc_fin_sft";
        let current = |c: &&Card| c.reproduce.is_none() && c.superseded_by.is_none() && !c.evaluation;
        let picked = |name: &str| picks::all().iter().any(|t| t.pick.iter().any(|p| p.card == name));
        for card in shipped() {
            let (year, name) = (card.year.unwrap(), card.name.as_str());
            let by_openai = card.license.iter().any(|l| l.name.starts_with("OpenAI's terms"));
            match card.reproduce {
                None => {
                    let general = !picked(name) && !stay.split_whitespace().any(|s| s == name);
                    let old = card.best == Use::Instruct && year <= 2023 && by_openai && general;
                    assert!(
                        !old || !current(&card),
                        "{name}: answers of a model of {year}, and no word of reproducing"
                    );
                    continue;
                }
                Some(Reproduce::Answers) => {
                    let model = ["GPT", "davinci"].iter().any(|m| card.about.en.contains(m));
                    assert!(by_openai || model, "{name}: whose answers?");
                }
                Some(Reproduce::Pack) => assert!(!card.overlaps.is_empty(), "{name}: a pack of what?"),
                Some(Reproduce::Replaced) => {
                    let newer = |c: &Card| {
                        c.best == card.best && c.year > card.year && c.languages.contains(&card.languages[0])
                    };
                    assert!(shipped().iter().filter(current).any(newer), "{name}: replaced by what?");
                }
            }
            assert!(year <= 2023 && !card.evaluation && !picked(name), "{name} is of today");
            let todays = crate::recipe::SHIPPED.iter().filter(|(recipe, _)| recipe.starts_with("zh-"));
            for (recipe, text) in todays {
                let read = text.lines().any(|l| l.starts_with("card") && l.contains(&format!("\"{name}\"")));
                assert!(!read, "{recipe} reads {name}, which is there to reproduce older models");
            }
        }
    }

    /// What the Chinese pages print is Chinese: overlaps, parts, what copies lost, and who says a licence.
    #[test]
    fn what_cards_say_of_others_and_of_their_parts_is_there_in_chinese() {
        let han = |text: &&String| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
        let mut english = Vec::new();
        for card in shipped() {
            let licenses = card.license.iter().chain(card.part.iter().filter_map(|p| p.license.as_ref()));
            let overlaps = card.overlaps.iter().map(|o| (Some(&o.how), &o.how_zh));
            let parts = card.part.iter().map(|p| (p.about.as_ref(), &p.about_zh));
            let lost = card.way.iter().map(|w| (w.lost.as_ref(), &w.lost_zh));
            // One word is the name of somebody.
            let says = licenses.map(|l| (Some(&l.says).filter(|s| s.contains(' ')), &l.says_zh));
            for (said, chinese) in overlaps.chain(parts).chain(lost).chain(says) {
                if said.is_some() && chinese.as_ref().filter(han).is_none() {
                    english.push(format!("{}: {}", card.name, said.map_or("", String::as_str)));
                }
            }
        }
        assert!(
            english.is_empty(),
            "without Chinese (`how_zh`, `about_zh`, `lost_zh`, `says_zh`):\n{}",
            english.join("\n")
        );
    }

    /// The sets that models of today are measured with can be named in `decontaminate`, and say which text is asked.
    #[test]
    fn the_evaluation_sets_of_today_can_be_named() {
        let catalog = super::super::Catalog::load(None).unwrap();
        let wanted = "aime2024 aime2025 aime2026 math-500 olymmath olympiadbench cmo_fib livemathbench beyond_aime \
            livecodebench humaneval_plus mbpp_plus bigcodebench ifeval followbench supergpqa hle simpleqa \
            chinese_simpleqa bbeh mmmlu-zh cmb cmexam lawbench financeiq alignbench xiezhi charm korbench longbench \
            longbench_v2 coig_crbench arena_hard global_mmlu";
        for name in wanted.split_whitespace() {
            let card = catalog.find(name).unwrap();
            assert!(card.evaluation, "{name} is no evaluation set");
            let asked = card.part.iter().all(|p| p.fields.contains_key("input"));
            assert!(asked, "{name}: a part does not say which field is the question");
        }
    }

    #[test]
    fn nothing_goes_by_two_names() {
        let mut seen = BTreeSet::new();
        for card in shipped() {
            for name in card.aliases.iter().chain([&card.name]) {
                assert!(seen.insert(name), "{name} stands for two cards");
            }
        }
    }

    #[test]
    fn every_file_is_registered() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/catalog/cards");
        let mut there: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .flatten()
            .filter_map(|e| Some(e.file_name().to_string_lossy().strip_suffix(".toml")?.to_owned()))
            .collect();
        there.sort();
        let named: Vec<&str> = cards::ALL.iter().map(|c| c.0).collect();
        assert_eq!(there, named, "cards/mod.rs names every card, sorted");
    }

    #[test]
    fn a_bad_card_is_told_what_is_wrong() {
        let text = cards::ALL[0].1;
        let mut card: Card = toml::from_str(text).unwrap();
        card.homepage = "nowhere".into();
        card.part[0].name = "Not A Word".into();
        card.way[0].from = "ftp://x".into();
        card.year = Some(23);
        card.superseded_by = Some(card.name.clone());
        card.reproduce = Some(Reproduce::Pack);
        let (stage, preparation) = ("keep".into(), Some("bytes".into()));
        card.model = Some(Trained { stage, preparation, lowercase: false, label: None, labels: None });
        card.problems_zh.push("一句".into());
        let own = Overlap { card: card.name.clone(), how: "itself".into(), how_zh: None, never: true };
        card.overlaps.push(own);
        let found = problems(&card, "other");
        let itself = ["`superseded_by` names the card itself", "not `reproduce` as well", "`overlaps` names"];
        let words =
            ["the file is called", "homepage", "is no name", "ways begin with", "`year` is", "`problems_zh` has"];
        let of_model = ["`model.stage` is `keep`", "`model.preparation` is", "no evaluation set, and not `reproduce`"];
        for word in words.into_iter().chain(itself).chain(of_model) {
            assert!(found.iter().any(|p| p.contains(word)), "{word}: {found:?}");
        }
    }
}
