//! Sets of the hub: which files of a folder are its data.
//!
//! A set is what a fetch of `hf:owner/name` stored, or a folder with a card (a README.md that begins with YAML). Its
//! data are the files that the card's `configs` name; without them all that do not merely tell of it. Of the splits
//! `train` is read where there is one: by the card, else by names of folders and files (`train`, `validation`, `test`
//! and their usual relatives). What is left out is said, with the key that reads it. A plain folder is judged by names
//! alone, each folder within it by itself.

use std::collections::{BTreeMap, BTreeSet};

use saphyr::{LoadableYamlNode, Yaml};

use crate::formats::not_data;
use crate::text::splits::{self, ALL};

/// What a recipe says of splits and configurations; nothing where it leaves them to us.
pub(crate) struct Asked<'r> {
    pub split: &'r [String],
    pub config: &'r [String],
}

/// The files of a set that are read (by number, ascending), and what is said of the others.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Chosen {
    pub files: Vec<usize>,
    pub said: Vec<String>,
}

/// Kinds of files that one table is published as side by side, the one that is read first.
const KINDS: [&str; 6] = ["parquet", "jsonl", "ndjson", "json", "csv", "tsv"];

/// A configuration of a card: its name, and globs by split.
#[derive(Debug)]
struct Config {
    name: String,
    default: bool,
    files: Vec<Glob>,
}

/// A glob of a card: the split that its files are of (empty: by names), as it is written, and compiled.
#[derive(Debug)]
struct Glob {
    split: String,
    text: String,
    matcher: Option<globset::GlobMatcher>,
}

/// A file of a set on its way.
struct Entry<'n> {
    number: usize,
    name: &'n str,
    split: Option<String>,
}

/// The card of a set, if a README is one: the YAML between its first two lines of three dashes.
pub(crate) fn card(readme: &str) -> Option<&str> {
    let rest =
        readme.trim_start_matches('\u{feff}').strip_prefix("---")?.trim_start_matches('\r').strip_prefix('\n')?;
    let end = rest.find("\n---")?;
    Some(&rest[..=end])
}

/// Chooses the files of a set, by their names below its folder; `card` is the YAML of its card. `set` says that it is
/// one of the hub, and no folder that merely looks like one.
///
/// # Errors
/// A split or configuration that the recipe asks for is not there: which ones are.
pub(crate) fn choose(names: &[&str], card: Option<&str>, set: bool, asked: &Asked<'_>) -> Result<Chosen, String> {
    let mut said = Vec::new();
    let mut files: Vec<Entry<'_>> =
        names.iter().enumerate().map(|(number, name)| Entry { number, name, split: None }).collect();
    if set && files.iter().any(|f| !tells(f.name)) {
        let (left, kept): (Vec<_>, Vec<_>) = files.into_iter().partition(|f| tells(f.name));
        files = kept;
        if !left.is_empty() {
            said.push(format!("left out what tells of the data: {}", named(left.iter().map(|f| f.name))));
        }
    }
    let configs = card.map_or(Vec::new(), configs);
    if configs.is_empty() && !asked.config.is_empty() {
        return Err("its card has no `configs`".into());
    }
    files = by_config(files, &configs, asked, &mut said)?;
    for file in files.iter_mut().filter(|f| f.split.is_none()) {
        file.split = split(file.name).map(str::to_owned);
    }
    files = by_split(files, set, asked, &mut said)?;
    if set {
        files = one_kind(files, &mut said);
    }
    Ok(Chosen { files: files.iter().map(|f| f.number).collect(), said })
}

fn tells(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name);
    not_data::tells_of_data(name) || matches!(file, "dataset_dict.json" | "state.json")
}

/// Some names, and how many more there are.
fn named<'n>(names: impl Iterator<Item = &'n str>) -> String {
    const SHOWN: usize = 4;
    let names: Vec<&str> = names.collect();
    let more = if names.len() > SHOWN { format!(" and {} more", names.len() - SHOWN) } else { String::new() };
    format!("{}{more}", names[..names.len().min(SHOWN)].join(", "))
}

/// The files of the configurations that are read, with the splits that the card puts them in.
fn by_config<'n>(
    files: Vec<Entry<'n>>,
    configs: &[Config],
    asked: &Asked<'_>,
    said: &mut Vec<String>,
) -> Result<Vec<Entry<'n>>, String> {
    if configs.is_empty() {
        return Ok(files);
    }
    let all = || named(configs.iter().map(|c| c.name.as_str()));
    if let Some(unknown) = asked.config.iter().find(|a| *a != ALL && !configs.iter().any(|c| c.name == **a)) {
        return Err(format!("no configuration is called `{unknown}`; there are {}", all()));
    }
    let default = configs.iter().find(|c| c.default || configs.len() > 1 && c.name == "default");
    let wanted = |config: &Config| match (asked.config, default) {
        ([], Some(default)) => config.name == default.name,
        ([], None) => true,
        (asked, _) => asked.iter().any(|a| a == ALL || *a == config.name),
    };
    let split_of = |config: &Config, name: &str| config.files.iter().find(|f| f.names(name)).map(|f| f.split.clone());
    let (mut kept, mut others, mut nowhere) = (Vec::new(), BTreeMap::<&str, Vec<&str>>::new(), Vec::new());
    for mut file in files {
        if let Some(split) = configs.iter().filter(|c| wanted(c)).find_map(|c| split_of(c, file.name)) {
            file.split = Some(split).filter(|s| !s.is_empty());
            kept.push(file);
        } else if let Some(config) = configs.iter().find(|c| split_of(c, file.name).is_some()) {
            others.entry(&config.name).or_default().push(file.name);
        } else {
            nowhere.push(file);
        }
    }
    // What no configuration names may be data all the same, where none stands for the whole set.
    let kind = |name: &str| name.rsplit_once('.').map_or(String::new(), |n| n.1.to_ascii_lowercase());
    let kinds: Vec<String> = kept.iter().map(|f| kind(f.name)).collect();
    let all_asked = asked.config.iter().any(|a| a == ALL);
    let whole = asked.config.is_empty() && default.is_none() && !configs.iter().any(|c| c.name == "default");
    let (more, left): (Vec<_>, Vec<_>) =
        nowhere.into_iter().partition(|f| all_asked || kept.is_empty() || whole && kinds.contains(&kind(f.name)));
    kept.extend(more);
    kept.sort_by_key(|f| f.number);
    if !others.is_empty() {
        let lists: Vec<String> =
            others.iter().map(|(name, files)| format!("`{name}` ({})", named(files.iter().copied()))).collect();
        said.push(format!(
            "left out configurations of its card: {}; config = \"{ALL}\", or a list of names, reads them",
            lists.join(", ")
        ));
    }
    if !left.is_empty() {
        said.push(format!(
            "left out what no configuration of its card names: {}; config = \"{ALL}\" reads it too",
            named(left.iter().map(|f| f.name))
        ));
    }
    Ok(kept)
}

/// The files of the splits that are read.
fn by_split<'n>(
    files: Vec<Entry<'n>>,
    set: bool,
    asked: &Asked<'_>,
    said: &mut Vec<String>,
) -> Result<Vec<Entry<'n>>, String> {
    let class = |file: &Entry<'_>| file.split.as_deref().and_then(split);
    if !asked.split.is_empty() {
        let is = |file: &Entry<'_>, word: &String| {
            word == ALL || file.split.as_ref() == Some(word) || class(file) == Some(word)
        };
        // The splits of a JSON file may be lists within it.
        if files.iter().all(|f| f.split.is_none()) && files.iter().any(|f| f.name.contains(".json")) {
            return Ok(files);
        }
        let missing = asked.split.iter().find(|word| !files.iter().any(|f| is(f, word)));
        if let Some(missing) = missing {
            let mut there: Vec<&str> = files.iter().filter_map(|f| f.split.as_deref()).collect();
            there.sort_unstable();
            there.dedup();
            let there = if there.is_empty() { "none by name".to_owned() } else { named(there.into_iter()) };
            return Err(format!("no split is called `{missing}`; there are {there}"));
        }
        return Ok(files.into_iter().filter(|f| asked.split.iter().any(|word| is(f, word))).collect());
    }
    // Of a plain folder, a file is of the set that lies in its own folder.
    let home = |file: &Entry<'_>| if set { String::new() } else { home(file.name) };
    let with_train: BTreeSet<String> = files.iter().filter(|f| class(f) == Some("train")).map(home).collect();
    let (kept, left): (Vec<_>, Vec<_>) = files
        .into_iter()
        .partition(|f| class(f).is_none_or(|class| class == "train") || !with_train.contains(&home(f)));
    if !left.is_empty() {
        let mut splits: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        left.iter().for_each(|f| splits.entry(f.split.as_deref().unwrap_or_default()).or_default().push(f.name));
        let lists: Vec<String> =
            splits.iter().map(|(split, files)| format!("`{split}` ({})", named(files.iter().copied()))).collect();
        said.push(format!(
            "read the split `train`, and left out {}; split = \"{ALL}\", or a list of names, reads them",
            lists.join(", ")
        ));
    }
    Ok(kept)
}

/// Of the same table in files of several kinds, one.
fn one_kind<'n>(files: Vec<Entry<'n>>, said: &mut Vec<String>) -> Vec<Entry<'n>> {
    let parts = |name: &'n str| {
        let (stem, end) = name.rsplit_once('.')?;
        Some((stem, KINDS.iter().position(|k| end.eq_ignore_ascii_case(k))?))
    };
    let mut best: BTreeMap<&str, usize> = BTreeMap::new();
    for (stem, kind) in files.iter().filter_map(|f| parts(f.name)) {
        best.entry(stem).and_modify(|b| *b = kind.min(*b)).or_insert(kind);
    }
    let (kept, left): (Vec<_>, Vec<_>) =
        files.into_iter().partition(|f| parts(f.name).is_none_or(|(stem, kind)| best.get(stem) == Some(&kind)));
    if !left.is_empty() {
        said.push(format!(
            "left out what lies there in another kind of file under the same name (of {} the first): {}",
            KINDS.join(", "),
            named(left.iter().map(|f| f.name))
        ));
    }
    kept
}

/// The split that a path is of: that of its last part that has the word for one, where its words agree.
fn split(path: &str) -> Option<&'static str> {
    let has = |part: &&str| part.split(|c: char| !c.is_alphanumeric()).any(|w| splits::word(w).is_some());
    path.rsplit('/').find(has).and_then(splits::name)
}

/// The folder of the set that a file is of, as far as its name tells: before the folder that names its split.
fn home(name: &str) -> String {
    let parts: Vec<&str> = name.split('/').collect();
    let folders = parts.len() - 1;
    let named = (0..folders).rev().find(|n| split(parts[*n]).is_some());
    let own = split(parts[folders]).is_some();
    let end = named.filter(|_| !own).unwrap_or(folders);
    parts[..end].join("/")
}

impl Glob {
    /// A glob of a card, below `folder`.
    fn new(split: String, folder: &str, glob: &str) -> Self {
        let text = format!("{folder}{glob}").trim_start_matches("./").to_owned();
        let matcher =
            globset::GlobBuilder::new(&text).literal_separator(true).build().ok().map(|g| g.compile_matcher());
        Glob { split, text, matcher }
    }

    /// Whether it names a file, or a folder that the file is in.
    fn names(&self, name: &str) -> bool {
        self.matcher.as_ref().is_some_and(|m| m.is_match(name))
            || name.strip_prefix(&self.text).is_some_and(|rest| rest.starts_with('/'))
    }
}

/// The configurations of a card; none where it has none, or is no YAML.
fn configs(card: &str) -> Vec<Config> {
    let documents = Yaml::load_from_str(card).unwrap_or_default();
    let list = documents.first().and_then(|d| d.as_mapping_get("configs")).and_then(|c| c.as_sequence());
    let all = list.into_iter().flatten().map(|config| {
        let text = |key: &str| config.as_mapping_get(key).and_then(|v| v.as_str()).map(str::to_owned);
        let folder = text("data_dir").map_or(String::new(), |d| format!("{}/", d.trim_end_matches('/')));
        let mut files = Vec::new();
        match config.as_mapping_get("data_files") {
            Some(value) => data_files(value, &mut files),
            None if !folder.is_empty() => files.push((String::new(), "**".into())),
            None => {}
        }
        Config {
            name: text("config_name").unwrap_or_else(|| "default".into()),
            default: config.as_mapping_get("default").and_then(|v| v.as_bool()).unwrap_or(false),
            files: files.into_iter().map(|(split, glob)| Glob::new(split, &folder, &glob)).collect(),
        }
    });
    all.filter(|config| !config.files.is_empty()).collect()
}

/// Globs by split: a text or texts are `train`; else a list of `split` and `path`, or a table of splits.
fn data_files(value: &Yaml<'_>, files: &mut Vec<(String, String)>) {
    let mut add = |split: &str, globs: &Yaml<'_>| {
        let one = globs.as_str().into_iter();
        let many = globs.as_sequence().into_iter().flatten().filter_map(|g| g.as_str());
        files.extend(one.chain(many).map(|glob| (split.to_owned(), glob.to_owned())));
    };
    if let Some(items) = value.as_sequence() {
        for item in items {
            match (item.as_mapping_get("split").and_then(|s| s.as_str()), item.as_mapping_get("path")) {
                (split, Some(path)) => add(split.unwrap_or("train"), path),
                (_, None) => add("train", item),
            }
        }
    } else if let Some(table) = value.as_mapping() {
        for (split, globs) in table {
            add(split.as_str().unwrap_or_default(), globs);
        }
    } else {
        add("train", value);
    }
}

#[cfg(test)]
mod tests;
