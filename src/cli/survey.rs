//! What a folder holds, as `corpus init` sees it: files of one kind together, the patterns that name just these, and what
//! is no data with the reason.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::peek;
use crate::formats::{self, TextRows, detect, not_data};
use crate::input;
use crate::pipeline::inputs;
use crate::rows::Use;
use crate::{Error, Result};

/// Of a larger archive only the first member is looked at.
const LARGE: u64 = 256 << 20;

/// A file, or why it is left out.
pub struct File {
    /// As a recipe names it.
    pub shown: String,
    /// The folder right under the one that was named which it lies in, if it lies in one.
    pub top: String,
    /// Its bytes on disk.
    pub bytes: u64,
    /// What was seen in it.
    pub seen: Result<Seen, String>,
}

/// What was seen in a file.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The container.
    pub container: String,
    /// The shape of its objects.
    pub shape: Option<String>,
    /// What its rows are for.
    pub usage: Use,
    /// What a row of plain text is.
    pub rows: Option<TextRows>,
    /// The encoding.
    pub encoding: String,
    /// How sure that is, 0 to 1.
    pub sure: f32,
    /// What else it might be.
    pub other: Option<String>,
    /// Rows of the sample that were mapped, and that were not.
    pub sampled: (usize, usize),
    /// Ours ← theirs, in a line.
    pub mapping: String,
    /// Where nothing could be mapped: the field that looks most like the text.
    pub guess: Option<String>,
    /// Fields that are there, where nothing could be mapped.
    pub fields: Vec<String>,
    /// What makes files of one kind: fields that are read, where the shape is not one that says so.
    reads: String,
}

/// Files of one kind, which make a source.
pub struct Group {
    /// Where they lie: see [`File::top`].
    pub top: String,
    /// The files, as a recipe names them.
    pub files: Vec<String>,
    /// Their bytes.
    pub bytes: u64,
    /// What was seen in each.
    pub seen: Vec<Seen>,
}

/// Everything under the paths that were named.
#[derive(Default)]
pub struct Survey {
    /// The files that were looked at.
    pub files: Vec<File>,
    /// Every name that is there, those that were not looked at too: a pattern must not match them.
    names: BTreeSet<String>,
}

impl Survey {
    /// Looks at files and folders; names are as `named` makes them.
    ///
    /// # Errors
    ///
    /// [`Error::Input`] where a path is not there. What a file is not is among its findings.
    pub fn of(paths: &[PathBuf], named: &dyn Fn(&Path) -> String) -> Result<Self> {
        let mut survey = Survey::default();
        for path in paths {
            if !path.exists() {
                return Err(Error::input(
                    format!("there is no {}", path.display()),
                    "name files and folders of raw data: `corpus init data/`",
                ));
            }
            if path.is_dir() { survey.folder(path, named) } else { survey.file(path, named(path), "") }
        }
        Ok(survey)
    }

    fn folder(&mut self, folder: &Path, named: &dyn Fn(&Path) -> String) {
        let hidden = |e: &walkdir::DirEntry| e.depth() > 0 && e.file_name().to_string_lossy().starts_with('.');
        let mut builds: Vec<PathBuf> = Vec::new();
        let tree = walkdir::WalkDir::new(folder).follow_links(true).sort_by_file_name().into_iter();
        for entry in tree.filter_entry(|e| !hidden(e)) {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let shown = error.path().map(named).unwrap_or_default();
                    self.left(shown, 0, "cannot be looked into");
                    continue;
                }
            };
            let path = entry.path();
            if entry.file_type().is_dir() {
                if path.join("build.json").is_file() || path.join(".corpus-work").is_file() {
                    self.left(named(path), 0, "a build of corpus");
                    builds.push(path.to_path_buf());
                }
            } else if builds.iter().any(|b| path.starts_with(b)) {
                self.names.insert(named(path));
            } else {
                let inner = path.strip_prefix(folder).ok().and_then(Path::parent);
                let top =
                    inner.and_then(|p| p.components().next()).map(|c| c.as_os_str().to_string_lossy().into_owned());
                self.file(path, named(path), &top.unwrap_or_default());
            }
        }
    }

    fn left(&mut self, shown: String, bytes: u64, why: &str) {
        self.names.insert(shown.clone());
        self.files.push(File { shown, top: String::new(), bytes, seen: Err(why.to_owned()) });
    }

    fn file(&mut self, path: &Path, shown: String, top: &str) {
        if !self.names.insert(shown.clone()) {
            return;
        }
        let bytes = path.metadata().map(|m| m.len()).unwrap_or_default();
        if not_data::tells_of_data(&shown) || shown.ends_with("corpus.lock") {
            return self.left(shown, bytes, "stands beside data and tells of it");
        }
        let seen = look(path, bytes).map_err(|e| e.to_string()).and_then(|seen| seen);
        self.files.push(File { shown, top: top.to_owned(), bytes, seen });
    }

    /// Files of one kind that lie under one folder of what was named, in the order in which the first of each comes.
    pub fn groups(&self) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        for file in &self.files {
            let Ok(seen) = &file.seen else { continue };
            let same = |g: &&mut Group| g.top == file.top && g.seen.first().is_some_and(|s| s.alike(seen));
            match groups.iter_mut().find(same) {
                Some(group) => {
                    group.files.push(file.shown.clone());
                    group.bytes += file.bytes;
                    group.seen.push(seen.clone());
                }
                None => groups.push(Group {
                    top: file.top.clone(),
                    files: vec![file.shown.clone()],
                    bytes: file.bytes,
                    seen: vec![seen.clone()],
                }),
            }
        }
        groups
    }

    /// Patterns that match these files and no other that is there; names where no pattern does.
    pub fn patterns(&self, files: &[String]) -> Vec<String> {
        let mut by_end: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for file in files {
            by_end.entry(end(file)).or_default().push(file);
        }
        let mut found = Vec::new();
        for (end, files) in by_end {
            let top = common(&files);
            let below =
                |f: &str| f.strip_prefix(top.as_str()).is_some_and(|rest| top.is_empty() || rest.starts_with('/'));
            let all = |keep: &dyn Fn(&str) -> bool| -> Vec<&str> {
                self.names.iter().map(String::as_str).filter(|f| f.ends_with(&format!(".{end}")) && keep(f)).collect()
            };
            let folders: BTreeSet<&str> = files.iter().map(|f| parent(f)).collect();
            let plain = |folder: &str| !folder.contains('*') && !end.is_empty();
            if plain(&top) && folders.len() > 1 && all(&below).len() == files.len() {
                found.push(join(&top, &format!("**/*.{end}")));
                continue;
            }
            for folder in folders {
                let here: Vec<&str> = files.iter().copied().filter(|f| parent(f) == folder).collect();
                if plain(folder) && here.len() > 1 && all(&|f| parent(f) == folder).len() == here.len() {
                    found.push(join(folder, &format!("*.{end}")));
                } else {
                    found.extend(here.into_iter().map(str::to_owned));
                }
            }
        }
        found
    }
}

/// Looks into a file; the inner error says why it is no data.
fn look(path: &Path, bytes: u64) -> Result<Result<Seen, String>> {
    let io = |e| Error::io(path)(e);
    let compression = input::compression(path).map_err(io)?;
    let members = match bytes <= LARGE {
        true => detect::members(path, compression).map_err(io)?,
        false => None,
    };
    let Some(members) = members else {
        let first = input::members(path, compression).unwrap_or(None).and_then(|m| m.into_iter().next());
        let found = detect::detect(path, first.as_ref().map(|m| m.name.as_str())).map_err(io)?;
        return seen(path, found);
    };
    let mut all: Vec<Seen> = Vec::new();
    for (member, found) in members {
        if not_data::tells_of_data(&member.name) {
            continue;
        }
        if let Ok(seen) = seen(path, found)? {
            all.push(seen);
        }
    }
    let Some(first) = all.first().cloned() else { return Ok(Err("an archive without data".into())) };
    if let Some(other) = all.iter().find(|s| !s.alike(&first)) {
        return Ok(Err(format!(
            "an archive of several kinds of rows ({} for {}, {} for {}): unpack it, and look at the folder",
            first.format(),
            first.usage,
            other.format(),
            other.usage
        )));
    }
    Ok(Ok(first))
}

fn seen(path: &Path, mut found: detect::Detected) -> Result<Result<Seen, String>> {
    let note = found.note.clone();
    if found.container == not_data::NAME {
        return Ok(Err(note.unwrap_or_else(|| "no data".into())));
    }
    if note.as_deref() == Some("the file is empty") {
        return Ok(Err("empty".into()));
    }
    let sample = std::mem::take(&mut found.sample);
    let (sure, other, rows) = (found.confidence, found.runner_up.clone(), found.rows);
    let (layout, _) = inputs::layout(64 << 20, &peek::source("init", None), path, found)?;
    let mapping = inputs::mapping(&layout, &sample).unwrap_or_default();
    let unread = mapping.rows == 0 && mapping.failed > 0;
    let reads: Vec<String> = mapping.read.iter().map(|(ours, theirs)| format!("{ours}={theirs}")).collect();
    let guess = if unread { longest(&sample) } else { None };
    let loose = layout.shape.as_deref() == Some("fields");
    Ok(Ok(Seen {
        container: layout.container,
        shape: layout.shape,
        usage: layout.usage,
        rows,
        encoding: layout.transport.encoding.0,
        sure,
        other,
        sampled: (mapping.rows, mapping.failed),
        mapping: if mapping.rows > 0 { mapping.line() } else { String::new() },
        fields: if unread { texts(&sample).into_keys().collect() } else { Vec::new() },
        reads: if loose { guess.clone().unwrap_or_else(|| reads.join(" ")) } else { String::new() },
        guess,
    }))
}

/// Texts by the path of the field, over sampled objects: characters, and how many rows have it.
fn texts(sample: &[String]) -> BTreeMap<String, (usize, usize)> {
    fn walk(value: &Json, path: &str, into: &mut BTreeMap<String, (usize, usize)>) {
        match value {
            Json::String(text) => {
                let field = into.entry(path.to_owned()).or_default();
                *field = (field.0 + text.chars().count(), field.1 + 1);
            }
            Json::Object(fields) => {
                for (name, inner) in fields.iter().filter(|f| !f.0.contains('.')) {
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    walk(inner, &path, into);
                }
            }
            _ => {}
        }
    }
    let mut found = BTreeMap::new();
    for row in sample.iter().filter_map(|row| serde_json::from_str(row).ok()) {
        walk(&row, "", &mut found);
    }
    found
}

/// The field that every row has and that holds most text.
fn longest(sample: &[String]) -> Option<String> {
    let all = texts(sample).into_iter().filter(|(_, (chars, rows))| *rows == sample.len() && *chars > *rows);
    all.max_by_key(|(_, (chars, _))| *chars).map(|(path, _)| path)
}

impl Seen {
    /// `container/shape`.
    pub fn format(&self) -> String {
        self.shape.as_ref().map_or_else(|| self.container.clone(), |s| format!("{}/{s}", self.container))
    }

    /// The uses that its rows can be read for.
    pub fn uses(&self) -> Vec<Use> {
        let of_shape = self.shape.as_deref().and_then(formats::shape).map(|s| s.uses().to_vec());
        of_shape.or_else(|| formats::container(&self.container).map(|c| c.uses().to_vec())).unwrap_or_default()
    }

    /// Whether both can stand in one source.
    fn alike(&self, other: &Seen) -> bool {
        (&self.container, &self.shape, self.usage, &self.reads)
            == (&other.container, &other.shape, other.usage, &other.reads)
    }
}

fn parent(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// What a name ends with behind its dot, the end of a compressed file with the one before it; empty where that is
/// nothing a pattern could be made of.
fn end(file: &str) -> &str {
    let name = file.rsplit('/').next().unwrap_or(file);
    let last = |name: &str| name.rfind('.').filter(|at| *at > 0).map(|at| at + 1);
    let Some(mut at) = last(name) else { return "" };
    if matches!(&name[at..], "gz" | "bz2" | "xz" | "zst" | "tar") {
        at = last(&name[..at - 1]).unwrap_or(at);
    }
    let end = &name[at..];
    let plain = !end.is_empty() && end.len() <= 12 && end.chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
    if plain { end } else { "" }
}

/// The folder that all files lie under.
fn common(files: &[&str]) -> String {
    let mut folders = files.iter().map(|f| parent(f).split('/').collect::<Vec<_>>());
    let mut top = folders.next().unwrap_or_default();
    for folder in folders {
        let same = top.iter().zip(&folder).take_while(|(a, b)| a == b).count();
        top.truncate(same);
    }
    top.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_no_other_file() {
        let names = ["a.txt", "n/1.txt", "n/2.txt", "n/deep/3.txt", "j/1.json", "j/2.json", "j/3.jsonl.gz", "k/README"];
        let survey = Survey { files: Vec::new(), names: names.map(str::to_owned).into() };
        let of = |files: &[&str]| survey.patterns(&files.iter().map(|f| (*f).to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&["n/1.txt", "n/2.txt", "n/deep/3.txt"]), ["n/**/*.txt"]);
        assert_eq!(of(&["a.txt", "n/1.txt", "n/2.txt", "n/deep/3.txt"]), ["**/*.txt"]);
        assert_eq!(of(&["n/1.txt", "n/2.txt"]), ["n/*.txt"]);
        assert_eq!(of(&["j/1.json"]), ["j/1.json"]);
        assert_eq!(of(&["j/1.json", "j/2.json", "j/3.jsonl.gz"]), ["j/*.json", "j/3.jsonl.gz"]);
        assert_eq!(of(&["n/1.txt", "n/deep/3.txt"]), ["n/1.txt", "n/deep/3.txt"]);
        assert_eq!((end("a/b.jsonl.gz"), end("c.tar.xz"), end("wiki_00"), end("d.中")), ("jsonl.gz", "tar.xz", "", ""));
    }

    #[test]
    fn the_field_with_most_text() {
        let sample = [
            r#"{"id":"12345678901234567890","body":{"t":"一篇很长很长的文章，说了许多许多许多事情"}}"#,
            r#"{"id":"1","body":{"t":"又一篇不短的文章"},"x":"y"}"#,
        ];
        let sample = sample.map(str::to_owned);
        assert_eq!(longest(&sample).as_deref(), Some("body.t"));
        assert_eq!(longest(&[]), None);
    }
}
