//! `corpus init`: a recipe for the files of a folder, with what was seen of them as remarks.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::survey::{File, Group, Seen, Survey};
use super::table::{line, remarks_said, wrap};
use super::{Context, Format, check, ui};
use crate::formats::TextRows;
use crate::messages::said;
use crate::pipeline::usage::{count, size};
use crate::recipe::{self, Recipe};
use crate::rows::Use;
use crate::text::figures::plural;
use crate::{Error, Result};

/// Columns of a remark.
const WIDE: usize = 110;
/// Files without data that are named.
const NAMED: usize = 40;
/// What is said above the stages where no recipe is named to take them from, and the stages.
const ORDER: &str = "What happens to rows, in this order. `corpus list stages` has the others; `corpus init --from \
    zh-pretrain` takes those of a shipped recipe.";
const STAGES: &str =
    "[[stage]]\nrun = \"normalize\"\n\n[[stage]]\nrun = \"language\"\n\n[[stage]]\nrun = \"exact_dedup\"\n";

/// Look at files and folders, and write a recipe that reads them, with what was seen as remarks.
///
/// Files of one kind become one source; what is not certain is asked for by a key in a remark, and what is no data is
/// listed. The recipe goes to stdout, or to a file that is not there yet.
#[derive(Debug, Args)]
pub struct Init {
    /// Files and folders of raw data.
    #[arg(default_value = ".")]
    path: Vec<PathBuf>,
    /// A recipe whose stages, limits and output are taken: a path, or the name of a shipped one.
    #[arg(long, value_name = "RECIPE")]
    from: Option<String>,
    /// Write the recipe here; paths in it start from its folder.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write over a file that is there.
    #[arg(long, requires = "out")]
    replace: bool,
}

/// A source to be, and why it is only a remark, if it is one.
struct Draft {
    name: String,
    remarks: Vec<String>,
    keys: Vec<String>,
    off: Option<String>,
}

impl Init {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// [`Error::Other`] where the file is there already, [`Error::Input`] where a path is not there or no recipe that
    /// checks can be written, [`Error::Io`] of writing it.
    pub fn run(self, context: &Context) -> Result<()> {
        if let Some(out) = self.out.as_ref().filter(|out| out.exists() && !self.replace) {
            return Err(Error::other(
                format!("{} is there already, and is not replaced", out.display()),
                "name another file, or say --replace",
            ));
        }
        let base = self.out.as_ref().and_then(|out| out.parent()).filter(|p| !p.as_os_str().is_empty());
        let survey = Survey::of(&self.path, &|path| named(path, base))?;
        let groups = survey.groups();
        let mut drafts: Vec<Draft> = Vec::new();
        for group in &groups {
            let draft = draft(&survey, group, &drafts);
            drafts.push(draft);
        }
        let title = self.path.first().map(|p| title(p)).unwrap_or_default();
        let place = self.out.clone().unwrap_or_else(|| PathBuf::from(format!("{title}.toml")));
        let tail = match &self.from {
            Some(from) => stages_of(from)?,
            None => format!("{}\n{STAGES}", remark(ORDER)),
        };
        let left: Vec<&File> = survey.files.iter().filter(|f| f.seen.is_err()).collect();
        let text = settled(
            &mut drafts,
            &|drafts| document(&title, drafts, &left, &tail),
            &left,
            &place,
            self.from.as_deref(),
        )?;
        match &self.out {
            Some(out) => write(out, &text, self.replace)?,
            None if context.format == Format::Human => super::print(&text)?,
            None => {}
        }
        if context.format == Format::Json {
            let left = left.iter().map(|f| json!({"file": f.shown, "why": f.seen.as_ref().err()}));
            let sources = drafts.iter().zip(&groups).map(|(draft, group)| {
                let first = group.seen.first();
                json!({"name": draft.name, "use": first.map(|s| s.usage), "format": first.map(Seen::format),
                    "files": group.files.len(), "bytes": group.bytes, "left_out": draft.off})
            });
            let json = json!({"v": 1, "out": self.out, "recipe": text, "sources": sources.collect::<Vec<_>>(),
                "no_data": left.collect::<Vec<_>>()});
            return super::print(&format!("{json}\n"));
        }
        self.tell(context, &drafts, &left);
        Ok(())
    }

    fn tell(&self, context: &Context, drafts: &[Draft], left: &[&File]) {
        for draft in drafts {
            if let Some(why) = &draft.off {
                ui::warn(context, &format!("source `{}` is only a remark: {}", draft.name, line(why)));
            }
        }
        let sources = drafts.iter().filter(|d| d.off.is_none()).count() as u64;
        let no_data =
            if left.is_empty() { String::new() } else { format!(", {} without data", count(left.len() as u64)) };
        ui::say(context, &format!("{}{no_data}; what is not certain is in the remarks", plural(sources, "source")));
        let out = self.out.as_ref().map_or("RECIPE".to_owned(), |out| ui::quoted(&out.display().to_string()));
        ui::say(context, &format!("next: read it, then `corpus check {out}` and `corpus plan --recipe {out}`"));
    }
}

/// A recipe with nothing but a source that reads one file, if there is one that `check` accepts.
pub fn suggestion(path: &Path, usage: Option<Use>, format: Option<&str>) -> Option<String> {
    let survey = Survey::of(&[path.to_path_buf()], &|path| named(path, None)).ok()?;
    let group = survey.groups().into_iter().next()?;
    let mut draft = draft(&survey, &group, &[]);
    draft.keys.retain(|k| {
        !(k.starts_with('#') || usage.is_some() && k.starts_with("use") || format.is_some() && k.starts_with("fields"))
    });
    draft.keys.extend(usage.map(|u| format!("use = \"{u}\"")));
    draft.keys.extend(format.map(|f| format!("format = \"{f}\"")));
    let text = format!("[[source]]\n{}\n", draft.keys.join("\n"));
    let recipe = recipe::read(&text, Path::new("recipe.toml"), Path::new("."), &[]).ok()?;
    check::faults(&recipe, recipe.sources.first()?).is_empty().then_some(text)
}

/// The text of the recipe, once every source that `check` refuses is only a remark.
fn settled(
    drafts: &mut [Draft],
    text: &dyn Fn(&[Draft]) -> String,
    left: &[&File],
    place: &Path,
    from: Option<&str>,
) -> Result<String> {
    let base = place.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let none = |drafts: &[Draft]| {
        // Of files that are no data the first says why.
        let no_data = || {
            let (name, why) = left.iter().find_map(|f| f.seen.as_ref().err().map(|why| (&f.shown, why)))?;
            Some(format!("no file of data is there; {name}: {why}"))
        };
        let why = drafts.iter().find_map(|d| d.off.clone()).or_else(no_data);
        Error::input(
            why.unwrap_or_else(|| "no file of data is there".into()),
            "`corpus inspect FILE` says what was seen in a file; `corpus list formats` what can be read",
        )
    };
    if drafts.is_empty() {
        return Err(none(drafts));
    }
    let written = text(drafts);
    let recipe: Recipe =
        recipe::read::check(&written, place, base, &[]).map_err(|problems| fits_not(from, &problems.render(false)))?;
    for source in &recipe.sources {
        let faults = check::faults(&recipe, source);
        if let Some((draft, fault)) = drafts.iter_mut().find(|d| d.name == source.label).zip(faults.first()) {
            draft.off = Some(fault.hint().map_or_else(|| fault.to_string(), |hint| format!("{fault}; {hint}")));
        }
    }
    if drafts.iter().all(|d| d.off.is_some()) {
        return Err(none(drafts));
    }
    Ok(text(drafts))
}

fn fits_not(from: Option<&str>, problems: &str) -> Error {
    let what = from.map_or("the recipe".to_owned(), |from| format!("with the stages of {from} the recipe"));
    Error::input(format!("{what} does not check:\n{problems}"), "take the stages of another recipe, or none")
}

/// A path as a recipe in `base` names it.
fn named(path: &Path, base: Option<&Path>) -> String {
    let plain = |path: &Path| {
        let text = path.to_string_lossy().into_owned();
        text.strip_prefix("./").map(str::to_owned).unwrap_or(text)
    };
    let Some(base) = base else { return plain(path) };
    let (Ok(whole), Ok(folder)) = (std::path::absolute(path), std::path::absolute(base)) else { return plain(path) };
    whole.strip_prefix(&folder).map_or_else(|_| plain(&whole), plain)
}

/// A name for a recipe or a source: of a folder, or of a file without its ends.
fn title(path: &Path) -> String {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let name = whole.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let stem = if whole.is_dir() { name.as_str() } else { name.split('.').next().unwrap_or_default() };
    clean(stem)
}

fn clean(name: &str) -> String {
    let name: String = name.chars().map(|c| if c.is_alphanumeric() || "-_".contains(c) { c } else { '_' }).collect();
    let name = name.trim_matches('_');
    if name.is_empty() { "data".to_owned() } else { name.to_owned() }
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// What a source is called: by the folder of its files, or by its only file.
fn called(group: &Group, before: &[Draft]) -> String {
    let first = group.files.first().map(String::as_str).unwrap_or_default();
    let folder = |file: &str| file.rsplit('/').nth(1).map(str::to_owned);
    let of_file = first.rsplit('/').next().unwrap_or(first).split('.').next().unwrap_or_default().to_owned();
    let folders: Vec<_> = group.files.iter().map(|f| folder(f)).collect();
    let name = match (group.files.len(), &folders[0]) {
        (1, _) => of_file,
        (_, Some(folder)) if folders.iter().all(|f| f.as_ref() == Some(folder)) => folder.clone(),
        _ => group.files.first().and_then(|f| f.split_once('/')).map_or(of_file, |(top, _)| top.to_owned()),
    };
    let name = clean(&name);
    let taken = |name: &str| before.iter().any(|d| d.name == name);
    let usage = group.seen.first().map_or("", |s| s.usage.as_str());
    let mut tries = std::iter::once(name.clone())
        .chain(std::iter::once(format!("{name}_{usage}")))
        .chain((2..).map(|n| format!("{name}_{n}")));
    tries.find(|n| !taken(n)).unwrap_or(name)
}

/// A source for files of one kind.
fn draft(survey: &Survey, group: &Group, before: &[Draft]) -> Draft {
    let name = called(group, before);
    let Some(seen) = group.seen.first() else {
        return Draft { name, remarks: Vec::new(), keys: Vec::new(), off: Some("nothing was seen".into()) };
    };
    let mut remarks = vec![facts(group, seen)];
    remarks.extend(Some(&seen.mapping).filter(|m| !m.is_empty()).map(|m| format!("Mapped: {m}.")));
    let unsure: Vec<&Seen> = group.seen.iter().filter(|s| s.sure < 0.8 || s.other.is_some()).collect();
    if let Some(least) = unsure.iter().min_by(|a, b| a.sure.total_cmp(&b.sure)) {
        let other = least.other.as_ref().map_or(String::new(), |other| format!("; else it would be {other}"));
        let many =
            if group.files.len() > 1 { format!(" of {}", plural(unsure.len() as u64, "file")) } else { String::new() };
        remarks.push(format!("Not certain{many}: {:.0} % sure{other}.", least.sure * 100.0));
    }
    let patterns = survey.patterns(&group.files);
    let path = match patterns.as_slice() {
        [one] => format!("[{}]", quoted(one)),
        many => format!("[\n{}]", many.iter().map(|p| format!("    {},\n", quoted(p))).collect::<String>()),
    };
    let mut keys = vec![format!("name = {}", quoted(&name)), format!("path = {path}")];
    if let Some(guess) = &seen.guess {
        remarks.push(format!(
            "A GUESS: no shape reads these rows. Their text fields are {}; the longest is taken for the text. If they are \
             tasks or dialogues, say which field is what, for example: use = \"task\", fields = {{ input = \"…\", output = \
             \"…\" }}.",
            seen.fields.join(", ")
        ));
        keys.push("use = \"pretrain\"".to_owned());
        keys.push(format!("fields = {{ text = {} }}", quoted(guess)));
    } else {
        keys.extend(use_key(seen));
    }
    if seen.container == "text" {
        let word = rows_word(seen.rows);
        keys.push(format!(
            "# rows = \"{word}\"  # {}",
            said("a document a file, a line, or a block between blank lines: settles it")
        ));
    } else if let Some(shape) = seen.shape.as_ref().filter(|_| seen.guess.is_none() && !unsure.is_empty()) {
        keys.push(format!("# format = \"{shape}\"  # {}", said("settles it")));
    }
    keys.push(format!("# license = \"…\"  # {}", said("each row carries it")));
    Draft { name, remarks, keys, off: None }
}

fn rows_word(rows: Option<TextRows>) -> &'static str {
    match rows {
        Some(TextRows::Line) => "line",
        Some(TextRows::Block) => "block",
        _ => "file",
    }
}

/// The key `use`: as a remark where the rows can be read for other uses too.
fn use_key(seen: &Seen) -> Option<String> {
    let uses = seen.uses();
    let others: Vec<&str> = uses.iter().filter(|u| **u != seen.usage).map(|u| u.as_str()).collect();
    Some(match others.is_empty() {
        true => format!("use = \"{}\"", seen.usage),
        false => {
            let so = format!("so it is read now; or: {}", others.join(", "));
            format!("# use = \"{}\"  # {}", seen.usage, said(&so))
        }
    })
}

/// How many files, how large, what they are.
fn facts(group: &Group, seen: &Seen) -> String {
    let tally = |of: &dyn Fn(&Seen) -> String| {
        let mut counts: Vec<(String, u64)> = Vec::new();
        for word in group.seen.iter().map(of) {
            match counts.iter_mut().find(|c| c.0 == word) {
                Some(count) => count.1 += 1,
                None => counts.push((word, 1)),
            }
        }
        match counts.as_slice() {
            [one] => one.0.clone(),
            many => many.iter().map(|(word, n)| format!("{word} ({})", count(*n))).collect::<Vec<_>>().join(", "),
        }
    };
    let mut parts = vec![plural(group.files.len() as u64, "file"), size(group.bytes), seen.format()];
    parts.push(tally(&|s| s.encoding.clone()));
    if seen.container == "text" {
        parts.push(tally(&|s| format!("a row a {}", rows_word(s.rows))));
    }
    let (rows, failed) = group.seen.iter().fold((0, 0), |sum, s| (sum.0 + s.sampled.0, sum.1 + s.sampled.1));
    let all = rows + failed;
    if all > 0 {
        let rows = plural(all as u64, "row");
        parts.push(match failed {
            0 => format!("{rows} sampled"),
            _ => format!("{rows} sampled, {} of them not readable", count(failed as u64)),
        });
    }
    parts.push(format!("use {}", if seen.guess.is_some() { "not known".to_owned() } else { seen.usage.to_string() }));
    parts.join(" · ")
}

/// Remarks of a text, each line with its `#`.
fn remark(text: &str) -> String {
    wrap(&line(&said(text)), WIDE, 50).into_iter().map(|line| format!("# {line}\n")).collect()
}

/// The whole recipe.
fn document(title: &str, drafts: &[Draft], left: &[&File], tail: &str) -> String {
    let mut out = remark(
        "Written by `corpus init` from what the files look like. What is behind # is a remark, or a key to settle what is not certain: read it through.",
    );
    let _ = writeln!(out, "name = {}", quoted(title));
    for draft in drafts {
        out.push('\n');
        draft.remarks.iter().for_each(|text| out += &remark(text));
        let source = format!("[[source]]\n{}\n", draft.keys.join("\n"));
        match &draft.off {
            None => out += &source,
            Some(why) => {
                out += &remark(&format!("LEFT OUT: {why}"));
                source.lines().for_each(|line| out += &format!("# {line}\n"));
            }
        }
    }
    if !left.is_empty() {
        out += &format!("\n{}", remark("No data, and not read:"));
        for file in left.iter().take(NAMED) {
            let why = file.seen.as_ref().err().map(String::as_str).unwrap_or_default();
            for part in wrap(&line(&said(&format!("{}: {why}", file.shown))), WIDE, 5) {
                out += &format!("#   {part}\n");
            }
        }
        if left.len() > NAMED {
            out += &format!("#   … and {} more\n", count((left.len() - NAMED) as u64));
        }
    }
    format!("{out}\n{tail}")
}

/// Everything of a recipe but its sources, and what is about them: its stages, limits and output, with their remarks.
fn stages_of(from: &str) -> Result<String> {
    let text = match recipe::shipped(from).filter(|_| !Path::new(from).is_file()) {
        Some(text) => remarks_said(text),
        None => {
            recipe::load(from, &[])?;
            std::fs::read_to_string(from).map_err(Error::io(from))?
        }
    };
    let mut kept: Vec<String> = Vec::new();
    for (header, text) in tables(&text) {
        if !["stage", "input", "output"].iter().any(|k| is_of(&header, k)) {
            continue;
        }
        match kept.last_mut().filter(|_| header.trim_start_matches('[').trim_start().starts_with("stage.")) {
            Some(stage) => *stage += &format!("\n{}", text.trim_end()),
            None => kept.push(text.trim().to_owned()),
        }
    }
    kept.iter_mut().filter(|stage| names_sources(stage)).for_each(|stage| *stage = as_remark(stage));
    Ok(format!("{}\n{}\n", remark(&format!("From here on as in `{from}`.")), kept.join("\n\n")))
}

/// Whether a stage is for sources that it names.
fn names_sources(stage: &str) -> bool {
    let table = stage.parse::<toml::Table>().unwrap_or_default();
    let first = table.get("stage").and_then(|s| s.as_array()).and_then(|s| s.first());
    first.and_then(|s| s.get("only")).is_some_and(|only| only.get("source").is_some())
}

fn as_remark(stage: &str) -> String {
    let lines: Vec<String> = stage.lines().map(|line| format!("# {line}").trim_end().to_owned()).collect();
    let why = remark("LEFT OUT: it is for sources of that recipe; name your own in `only`.");
    format!("{why}{}", lines.join("\n"))
}

/// Whether a header such as `[[stage]]` or `[stage.only]` is of the table `name`.
fn is_of(header: &str, name: &str) -> bool {
    let inner = header.trim_start_matches('[').trim_start();
    inner.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with([']', '.']))
}

/// The tables of a recipe with their headers; the remark right above a header is the table's.
fn tables(text: &str) -> Vec<(String, String)> {
    let mut found = vec![(String::new(), String::new())];
    let mut above: Vec<&str> = Vec::new();
    for line in text.lines() {
        let last = found.len() - 1;
        if line.trim_start().starts_with('[') && !line.starts_with(' ') {
            let start = above.drain(..).map(|l| format!("{l}\n")).collect::<String>();
            found.push((line.trim().to_owned(), format!("{start}{line}\n")));
        } else if line.starts_with('#') {
            above.push(line);
        } else {
            let rest = above.drain(..).chain([line]).map(|l| format!("{l}\n")).collect::<String>();
            found[last].1 += &rest;
        }
    }
    found
}

/// Writes a file that is there whole or not at all; one that is there already only where it is to be replaced.
fn write(out: &Path, text: &str, replace: bool) -> Result<()> {
    if replace {
        return crate::output::parquet_file::write_whole(out, text.as_bytes());
    }
    let file = std::fs::OpenOptions::new().write(true).create_new(true).open(out);
    let mut file = file.map_err(Error::io(out))?;
    std::io::Write::write_all(&mut file, text.as_bytes()).map_err(Error::io(out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_keep_the_remarks_above_them() {
        let text = "# top\nname='x'\n\n[[source]]\nname='a'\n\n# far\n\n# near\n[[stage]]\nrun='keep' # [[x]]\n  [y]\n[stage.only]\nuse=[]\n";
        let found = tables(text);
        let headers: Vec<&str> = found.iter().map(|t| t.0.as_str()).collect();
        assert_eq!(headers, ["", "[[source]]", "[[stage]]", "[stage.only]"]);
        assert!(found[1].1.contains("# far") && found[2].1.starts_with("# near\n[[stage]]"), "{found:?}");
        assert!(is_of("[stage.only]", "stage"));
        assert!(is_of("[[ stage ]]", "stage"));
        assert!(!is_of("[stages]", "stage"));
    }
}
