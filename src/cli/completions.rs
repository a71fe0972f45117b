//! `corpus completions`: a script for the shell, which then asks this program: recipes, data sets, stages, formats and
//! reasons complete by name.

use std::ffi::OsStr;

use clap::{Args, ValueEnum};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter};
use clap_complete::env::{Bash, CompleteEnv, Elvish, EnvCompleter, Fish, Powershell, Zsh};

use super::list::Section;
use super::{explain, lang, reasons};
use crate::catalog::Catalog;
use crate::messages::said;
use crate::store::Store;
use crate::{Error, Result, formats, recipe, stages};

/// The variable by which the shell's script asks.
const VARIABLE: &str = "COMPLETE";

/// Print a script that teaches the shell to complete commands, options and names.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell; then for example `corpus completions bash > ~/.local/share/bash-completion/completions/corpus`.
    #[arg(value_enum)]
    shell: Shell,
}

/// A shell.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[allow(missing_docs)]
pub enum Shell {
    Bash,
    Elvish,
    Fish,
    #[value(name = "powershell")]
    Power,
    Zsh,
}

impl Completions {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// What the system says of writing to stdout.
    pub fn run(self) -> Result<()> {
        let shell: &dyn EnvCompleter = match self.shell {
            Shell::Bash => &Bash,
            Shell::Elvish => &Elvish,
            Shell::Fish => &Fish,
            Shell::Power => &Powershell,
            Shell::Zsh => &Zsh,
        };
        let mut script = Vec::new();
        shell.write_registration(VARIABLE, "corpus", "corpus", "corpus", &mut script).map_err(Error::io("stdout"))?;
        super::print(&String::from_utf8_lossy(&script))
    }
}

/// Answers the shell, where it is the shell that asks.
pub fn asked() -> bool {
    let folder = std::env::current_dir().ok();
    CompleteEnv::with_factory(|| named(super::command()))
        .var(VARIABLE)
        .bin("corpus")
        .try_complete(std::env::args_os(), folder.as_deref())
        .unwrap_or_else(|error| {
            let _ = error.print();
            true
        })
}

/// Names of one kind, and files beside them where a path may stand too.
struct Names {
    all: fn() -> Vec<(String, String)>,
    files: Option<&'static str>,
}

impl ValueCompleter for Names {
    fn complete(&self, current: &OsStr) -> Vec<CompletionCandidate> {
        // The shell asks before anything else is looked at.
        lang::settle(false);
        let begun = current.to_string_lossy();
        let fits = (self.all)().into_iter().filter(|(name, _)| name.starts_with(begun.as_ref()));
        let mut found: Vec<CompletionCandidate> = fits
            .map(|(name, about)| CompletionCandidate::new(name).help(Some(said(&about).into_owned().into())))
            .collect();
        if let Some(end) = self.files {
            let wanted = move |path: &std::path::Path| path.is_dir() || path.extension().is_some_and(|x| x == end);
            found.extend(PathCompleter::any().filter(wanted).complete(current));
        }
        found
    }
}

/// The command tree with what completes its arguments, by command and argument.
fn named(tree: clap::Command) -> clap::Command {
    type All = fn() -> Vec<(String, String)>;
    let table: [(&[&str], &str, All, Option<&'static str>); 15] = [
        (&["build"], "recipe", recipes, Some("toml")),
        (&["build"], "set", options, None),
        (&["plan"], "recipe", recipes, Some("toml")),
        (&["plan"], "set", options, None),
        (&["check"], "recipes", recipes, Some("toml")),
        (&["init"], "from", recipes, Some("toml")),
        (&["explain"], "name", explained, None),
        (&["export"], "to", exports, None),
        (&["fetch"], "names", cards, None),
        (&["fetch"], "part", parts, None),
        (&["inspect"], "read_as", shapes, None),
        (&["inspect"], "reason", words, None),
        (&["cache", "list"], "names", stored, None),
        (&["cache", "verify"], "names", stored, None),
        (&["cache", "prune"], "names", stored, None),
    ];
    let with = |tree, (path, argument, all, files): &(&[&str], &'static str, All, Option<&'static str>)| {
        let names = Names { all: *all, files: *files };
        at(tree, path, &|command| {
            command
                .mut_arg(*argument, |arg| arg.add(ArgValueCompleter::new(Names { all: names.all, files: names.files })))
        })
    };
    table.iter().fold(tree, with)
}

/// Changes the command at the end of a path of subcommands.
fn at(tree: clap::Command, path: &[&str], change: &dyn Fn(clap::Command) -> clap::Command) -> clap::Command {
    match path {
        [] => change(tree),
        [first, rest @ ..] => tree.mut_subcommand(*first, |command| at(command, rest, change)),
    }
}

fn recipes() -> Vec<(String, String)> {
    let about = |text: &str| {
        let table = text.parse::<toml::Table>().unwrap_or_default();
        table.get("about").and_then(|a| a.as_str()).unwrap_or_default().to_owned()
    };
    recipe::SHIPPED.iter().map(|(name, text)| ((*name).to_owned(), about(text))).collect()
}

/// Stages by the name that `--set` calls them, if the recipe gives them no other.
fn options() -> Vec<(String, String)> {
    stages::ALL.iter().map(|s| (format!("{}.", s.name), s.about.to_owned())).collect()
}

fn explained() -> Vec<(String, String)> {
    explain::names().into_iter().map(|name| (name, String::new())).collect()
}

fn exports() -> Vec<(String, String)> {
    Section::Exports.items().into_iter().map(|item| (item.name, item.about)).collect()
}

fn cards() -> Vec<(String, String)> {
    let catalog = Catalog::load(None).unwrap_or_default();
    catalog.iter().map(|card| (card.name.clone(), card.title.en.clone())).collect()
}

fn parts() -> Vec<(String, String)> {
    let catalog = Catalog::load(None).unwrap_or_default();
    let of = |card: &crate::catalog::Card| {
        let name = card.name.clone();
        card.part.iter().map(move |p| (format!("{name}/{}", p.name), String::new())).collect::<Vec<_>>()
    };
    catalog.iter().flat_map(of).collect()
}

fn shapes() -> Vec<(String, String)> {
    let containers = formats::containers::ALL.iter().map(|c| (c.name().to_owned(), c.about().to_owned()));
    containers.chain(formats::shapes::ALL.iter().map(|s| (s.name().to_owned(), s.about().to_owned()))).collect()
}

fn words() -> Vec<(String, String)> {
    let mut words: Vec<String> = reasons::words().map(|word| word.0.to_owned()).collect();
    for signal in Section::Signals.items() {
        let ends: &[&str] = if signal.kind == "word" { &["in"] } else { &["min", "max"] };
        words.extend(ends.iter().map(|end| format!("{}_{end}", signal.name)));
    }
    words.into_iter().map(|word| (word, String::new())).collect()
}

/// Sets of the store.
fn stored() -> Vec<(String, String)> {
    let sets = Store::open().and_then(|store| store.sets()).unwrap_or_default();
    sets.into_iter().map(|(_, manifest)| (manifest.card, manifest.revision)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_argument_of_the_table_is_there() {
        // `mut_arg` makes an argument that is not there, and the tree then says so.
        named(super::super::command()).debug_assert();
        let names = Names { all: recipes, files: None };
        let found = names.complete(OsStr::new("zh-pre"));
        assert_eq!(found.iter().map(CompletionCandidate::get_value).collect::<Vec<_>>(), ["zh-pretrain"]);
        for all in [recipes, options, explained, cards, parts, shapes, words] {
            assert!(all().len() > 5 && all().iter().all(|n| !n.0.is_empty()));
        }
    }
}
