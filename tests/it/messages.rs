//! The Chinese catalogue: its lines are those of sentences that the source has, with the same places, and none of the
//! kinds that are whole is missing; how much of the rest is there; typography.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use corpus::messages::{Catalogue, FILES, Filling, Pattern, Sentence, Speech, lines, prose, remarks};
use corpus::{formats, output, recipe, stages};

use crate::harness::files_under;
use crate::house::source::File;

/// Files whose English is not a literal of the source: what libraries say, words that are counted, several sentences
/// in one.
const FOREIGN: [&str; 3] = ["foreign", "counted", "composed"];

/// The share of the sentences in the source that have to be there in Chinese. It may only rise.
const LEAST: f64 = 0.85;

fn all() -> Vec<(&'static str, String, String)> {
    let of = |(name, text): &(&'static str, &str)| {
        let lines = lines(text).unwrap_or_else(|e| panic!("src/messages/zh/{name}.toml: {e}"));
        lines.into_iter().map(|(english, chinese)| (*name, english, chinese)).collect::<Vec<_>>()
    };
    FILES.iter().flat_map(of).collect()
}

/// The text of a token that is a string, as a compiler reads it.
fn literal(token: &str) -> Option<String> {
    // A raw string; not a word that begins with r.
    if let Some(raw) = token.strip_prefix('r').filter(|raw| raw.trim_start_matches('#').starts_with('"')) {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        return raw.get(hashes + 1..raw.len() - hashes - 1).map(str::to_owned);
    }
    let inside = token.strip_prefix('"')?.strip_suffix('"')?;
    let (mut text, mut chars) = (String::new(), inside.chars().peekable());
    while let Some(c) = chars.next() {
        match (c, if c == '\\' { chars.next() } else { None }) {
            ('\\', Some('\n')) => while chars.next_if(|c| c.is_whitespace()).is_some() {},
            ('\\', Some('n')) => text.push('\n'),
            ('\\', Some('t')) => text.push('\t'),
            ('\\', Some('u')) => {
                let code: String = chars.by_ref().skip(1).take_while(|c| *c != '}').collect();
                text.extend(u32::from_str_radix(&code, 16).ok().and_then(char::from_u32));
            }
            ('\\', other) => text.extend(other),
            (c, _) => text.push(c),
        }
    }
    Some(text)
}

/// The literals of the source by file.
fn source() -> BTreeMap<String, Vec<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let rust = |path: &&std::path::PathBuf| path.extension().is_some_and(|e| e == "rs");
    let of = |path: &std::path::PathBuf| {
        let shown = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
        let file = File::new(&shown, std::fs::read_to_string(path).unwrap());
        (shown, file.code.iter().filter_map(|token| literal(&token.text)).collect())
    };
    files_under(&root).iter().filter(rust).map(of).collect()
}

/// Helps of the command tree, as clap has them.
fn helps() -> BTreeSet<String> {
    fn of(command: &clap::Command, all: &mut BTreeSet<String>) {
        let own = [command.get_about(), command.get_long_about()];
        all.extend(own.into_iter().flatten().map(ToString::to_string));
        for arg in command.get_arguments().filter(|a| !a.is_hide_set()) {
            all.extend([arg.get_help(), arg.get_long_help()].into_iter().flatten().map(ToString::to_string));
            if arg.get_action().takes_values() {
                all.extend(arg.get_possible_values().iter().filter_map(|v| v.get_help().map(ToString::to_string)));
            }
        }
        command.get_subcommands().for_each(|sub| of(sub, all));
    }
    let (mut tree, mut all) = (corpus::cli::command(), BTreeSet::new());
    tree.build();
    of(&tree, &mut all);
    all
}

/// What `explain` says of stages, formats, layouts and tables: paragraphs and items of their texts, and what options are.
fn explained() -> BTreeSet<String> {
    fn described(schema: &serde_json::Value, all: &mut BTreeSet<String>) {
        match schema {
            serde_json::Value::Object(fields) => {
                let about = fields.get("description").and_then(|d| d.as_str());
                all.extend(about.map(|about| about.split_whitespace().collect::<Vec<_>>().join(" ")));
                fields.values().for_each(|field| described(field, all));
            }
            serde_json::Value::Array(items) => items.iter().for_each(|item| described(item, all)),
            _ => {}
        }
    }
    let mut all: BTreeSet<String> = documented().into_iter().flat_map(|(_, docs)| paragraphs(docs)).collect();
    let tables = ["split"].iter().filter_map(|name| stages::table(name));
    stages::ALL.iter().copied().chain(tables).for_each(|entry| {
        described(&serde_json::to_value((entry.schema)()).unwrap(), &mut all);
    });
    all
}

/// What `explain` says of the options of stages and tables.
fn options() -> Vec<String> {
    let line = |about: &str| about.split_whitespace().collect::<Vec<_>>().join(" ");
    let of = |entry: &stages::Entry| {
        let schema = serde_json::to_value((entry.schema)()).unwrap();
        // Names of the user's own have a description too.
        let named = schema["properties"].as_object().into_iter().flat_map(|f| f.values().cloned());
        let fields: Vec<serde_json::Value> = named.chain([schema["additionalProperties"].clone()]).collect();
        let whole = |field: &serde_json::Value| field["$ref"].as_str().and_then(|r| schema.pointer(&r[1..])).cloned();
        let about = |field: &serde_json::Value| {
            let own = field["description"].as_str().map(line);
            own.or_else(|| whole(field)?["description"].as_str().map(line))
        };
        fields.iter().filter_map(about).collect::<Vec<_>>()
    };
    stages::ALL.iter().copied().chain(stages::table("split")).flat_map(of).collect()
}

/// Everything that has a text of its own in `explain`: its name, and its `//!` text.
fn documented() -> Vec<(&'static str, &'static str)> {
    let mut all: Vec<(&str, &str)> = stages::ALL.iter().map(|entry| (entry.name, entry.docs)).collect();
    all.extend(stages::table("split").map(|table| (table.name, table.docs)));
    all.extend([("mix", recipe::mix::DOCS), ("gates", recipe::gates::DOCS)]);
    all.extend(formats::containers::ALL.iter().map(|container| (container.name(), container.docs())));
    all.extend(formats::shapes::ALL.iter().map(|shape| (shape.name(), shape.docs())));
    all.extend(output::export::ALL.iter().map(|layout| (layout.name(), layout.docs())));
    all.extend(output::tokens::ALL.iter().map(|layout| (layout.name(), layout.docs())));
    all
}

/// The paragraphs, items, headings and rows of tables of a `//!` text, as `explain` asks for their Chinese, and remarks
/// of code; the rule of a table left out.
fn paragraphs(docs: &str) -> Vec<String> {
    let plain = |line: &str| line.trim_start_matches("//!").trim_start_matches(' ').to_owned();
    let text = docs.lines().map(plain).collect::<Vec<_>>().join("\n");
    let (mut code, mut found) = (false, Vec::new());
    for line in prose(&text).lines() {
        let fence = line.starts_with("```");
        let remark = line.split_once("# ").filter(|(before, _)| before.is_empty() || before.ends_with(' '));
        match code {
            _ if fence => {}
            true => found.extend(remark.map(|(_, remark)| remark.to_owned())),
            false if line.chars().any(char::is_alphabetic) => found.push(line.trim_start_matches("- ").to_owned()),
            false => {}
        }
        code ^= fence;
    }
    found
}

/// The remarks of shipped recipes, without commands and lines of a recipe among them.
fn remarked() -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let laid = |text: &str, _: usize| vec![text.to_owned()];
    for (_, recipe) in recipe::SHIPPED {
        let said = &mut |text: &str| {
            all.insert(text.to_owned());
            None
        };
        assert_eq!(remarks(recipe, &mut Speech { said, laid: &laid }).trim_end(), recipe.trim_end());
    }
    let code = |text: &str| {
        text.is_empty() || text.starts_with("[[") || text.starts_with("corpus ") || text.parse::<toml::Table>().is_ok()
    };
    all.retain(|text| !code(text));
    all
}

#[test]
fn remarks_of_shipped_recipes_are_whole() {
    let untranslated: Vec<String> =
        remarked().into_iter().filter(|text| Catalogue::shipped().exactly(text).is_none()).collect();
    let cure = "without a line in src/messages/zh/recipes.toml";
    assert!(untranslated.is_empty(), "{} {cure}:\n{}", untranslated.len(), untranslated.join("\n"));
}

#[test]
fn every_line_is_of_a_sentence_that_is_said() {
    let mut said: BTreeSet<String> = helps();
    said.extend(remarked());
    said.extend(explained());
    said.extend(recipe::SHIPPED.iter().filter_map(|(_, text)| about(text)));
    for text in source().into_values().flatten() {
        said.extend(text.split('\n').map(|line| line.trim().to_owned()));
        said.insert(text.trim_matches([' ', '\n']).to_owned());
    }
    let untranslated: Vec<String> = (all().into_iter())
        .filter(|(name, english, _)| !FOREIGN.contains(name) && !said.contains(english.trim_matches([' ', '\n'])))
        .map(|(name, english, _)| format!("src/messages/zh/{name}.toml: {english:?}"))
        .collect();
    let cure = "change the line as the sentence changed, or take it out";
    assert!(
        untranslated.is_empty(),
        "{} lines of what nothing says any more; {cure}:\n{}",
        untranslated.len(),
        untranslated.join("\n")
    );
}

#[test]
fn both_languages_have_the_same_places() {
    let (mut wrong, mut seen) = (Vec::new(), BTreeMap::new());
    for (name, english, chinese) in all() {
        // A word that is counted has another line where it stands alone.
        if let Some(other) = seen.insert((name == "counted", english.clone()), name) {
            wrong.push(format!("{name}.toml: {english:?} stands in {other}.toml too"));
        }
        let places: BTreeSet<String> = Pattern::read(&english).places.into_iter().collect();
        let sentence = Sentence::read(&chinese);
        let filled: BTreeSet<String> = sentence.places().map(|(place, _)| place.to_owned()).collect();
        if places != filled {
            wrong.push(format!("{name}.toml: {english:?} has {places:?}, {chinese:?} has {filled:?}"));
        }
        let only_places = Pattern::read(&english).weight() == 0;
        if only_places || chinese.is_empty() && sentence.places().all(|(_, how)| how != Filling::Nothing) {
            wrong.push(format!("{name}.toml: {english:?} = {chinese:?} says nothing"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a recipe says that it is for.
fn about(text: &str) -> Option<String> {
    Some(text.parse::<toml::Table>().ok()?.get("about")?.as_str()?.to_owned())
}

/// Texts that have no Chinese yet.
fn missing(texts: impl IntoIterator<Item = String>) -> Vec<String> {
    texts.into_iter().filter(|text| !text.is_empty() && Catalogue::shipped().say(text).is_none()).collect()
}

#[test]
fn help_lists_and_reasons_are_whole() {
    let untranslated = missing(helps());
    assert!(untranslated.is_empty(), "help without a line in src/messages/zh/help.toml:\n{}", untranslated.join("\n"));
    let mut texts: Vec<String> = Vec::new();
    for entry in stages::ALL {
        texts.push(entry.about.to_owned());
        texts.extend(entry.reasons.iter().map(|reason| reason.1.to_owned()));
        texts.extend(entry.signals.iter().map(|signal| signal.about.to_owned()));
    }
    texts.extend(formats::containers::ALL.iter().map(|c| c.about().to_owned()));
    texts.extend(formats::shapes::ALL.iter().map(|s| s.about().to_owned()));
    texts.extend(output::export::ALL.iter().map(|e| e.about().to_owned()));
    texts.extend(output::tokens::ALL.iter().map(|e| e.about().to_owned()));
    texts.extend(recipe::kinds::ALL.iter().flat_map(|row| [row.title.to_owned(), row.about.to_owned()]));
    texts.extend(recipe::SHIPPED.iter().filter_map(|(_, text)| about(text)));
    let untranslated = missing(texts);
    assert!(
        untranslated.is_empty(),
        "{} without a line in src/messages/zh:\n{}",
        untranslated.len(),
        untranslated.join("\n")
    );
}

#[test]
fn what_explain_says_is_whole() {
    let mut untranslated: Vec<String> = Vec::new();
    for (name, docs) in documented() {
        let lacking = |text: &String| !all_english().contains(text.trim_matches([' ', '\n']));
        untranslated.extend(paragraphs(docs).into_iter().filter(lacking).map(|text| format!("{name}: {text}")));
    }
    untranslated.extend(missing(options()));
    for shape in formats::shapes::ALL {
        untranslated.extend(missing(shape.choices().iter().map(|choice| choice.about.to_owned())));
    }
    let files = "explain, options, containers, shapes, exports";
    assert!(
        untranslated.is_empty(),
        "{} without a line in src/messages/zh ({files}):\n{}",
        untranslated.len(),
        untranslated.join("\n")
    );
}

/// Whether a literal looks like words for people: it has three words or more, and is no TOML, path or markup.
fn is_sentence(text: &str) -> bool {
    let words = text.split(|c: char| c.is_whitespace() || c == '{' || c == '}' || c == '`');
    let words = words.filter(|w| w.len() > 1 && w.chars().all(|c| c.is_ascii_alphabetic() || ",.:;'’-".contains(c)));
    let markup = ["[[", "//", "</", "Vec<", "--\n", "::", "\\n"];
    words.count() >= 3 && !markup.iter().any(|m| text.contains(m))
}

#[test]
fn most_of_what_is_said_is_there() {
    // Not said to people: kernels, the engine's own faults, descriptions of schemas, layouts of data cards.
    let aside = ["text/", "engine/", "spill/", "catalog/", "recipe/schema.rs", "recipe/samples.rs", "publish/card.rs"];
    let (mut there, mut untranslated) = (0, BTreeMap::<String, Vec<String>>::new());
    for (file, texts) in source() {
        if aside.iter().any(|a| file.contains(a)) || file.ends_with("tests.rs") {
            continue;
        }
        for text in texts.iter().filter(|text| is_sentence(text)) {
            match all_english().contains(text.trim_matches([' ', '\n'])) {
                true => there += 1,
                false => untranslated.entry(file.clone()).or_default().push(text.clone()),
            }
        }
    }
    let lacking: usize = untranslated.values().map(Vec::len).sum();
    let share = f64::from(there) / (f64::from(there) + lacking as f64);
    let listed: Vec<String> =
        untranslated.iter().map(|(file, texts)| format!("{file}: {}", texts.join("\n    "))).collect();
    println!(
        "{there} of {} sentences ({:.1} %); missing:\n{}",
        there as usize + lacking,
        share * 100.0,
        listed.join("\n")
    );
    assert!(share >= LEAST, "{share:.3} of the sentences are there in Chinese, {LEAST} were:\n{}", listed.join("\n"));
}

fn all_english() -> &'static BTreeSet<String> {
    static ALL: std::sync::OnceLock<BTreeSet<String>> = std::sync::OnceLock::new();
    ALL.get_or_init(|| all().into_iter().map(|(_, english, _)| english.trim_matches([' ', '\n']).to_owned()).collect())
}

/// Whether a character is Chinese, marks among them.
fn is_han(c: char) -> bool {
    matches!(u32::from(c), 0x3400..0xa000)
}

#[test]
fn chinese_is_set_as_chinese() {
    let mut wrong = Vec::new();
    for (name, _, whole) in all() {
        // What stands in backticks is quoted as it is.
        let chinese = whole.split('`').step_by(2).collect::<Vec<_>>().join("`");
        // The bars of a table have spaces on both sides.
        let chinese = if whole.starts_with('|') { chinese.replace(" | ", "|").replace(" |", "|") } else { chinese };
        let chars: Vec<char> = chinese.chars().collect();
        for pair in chars.windows(2) {
            // A comma, colon or the like of half width behind Han; a space beside a mark of full width.
            let narrow = is_han(pair[0]) && ",;:!?(".contains(pair[1]);
            let gap = "，。；：！？（）、".contains(pair[0]) && pair[1] == ' ';
            let before = pair[0] == ' ' && "，。；：！？（）、".contains(pair[1]);
            if narrow || gap || before {
                wrong.push(format!("{name}.toml: `{}{}` in {chinese}", pair[0], pair[1]));
            }
        }
        // Two characters on each side: single ones are lists of characters.
        for five in chars.windows(5) {
            let words = [five[0], five[1], five[3], five[4]].into_iter().all(is_han);
            if words && five[2] == ' ' && name != "cli" {
                wrong.push(format!("{name}.toml: a space between Chinese in {chinese}"));
            }
        }
        if chinese.contains("你") && !chinese.contains("你好") {
            wrong.push(format!("{name}.toml: readers are addressed as 您, or not at all: {chinese}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
