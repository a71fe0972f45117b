//! `corpus man`: manual pages, of the program and of each command.

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Arg, Args, Command};
use clap_mangen::Man;

use super::{Context, ui};
use crate::messages::{chinese, said};
use crate::text::figures::plural;
use crate::{Error, Result};

/// Print the manual page of `corpus`, or write the pages of all commands into a folder.
#[derive(Debug, Args)]
pub struct Manual {
    /// The folder, for example ~/.local/share/man/man1; pages of `corpus` that are there are written anew.
    #[arg(value_name = "FOLDER")]
    out: Option<PathBuf>,
}

/// How every page of ours begins.
const MARK: &[u8] = b".\\\" Written by `corpus man`.\n";

/// How Chinese pages go on: lines may break between characters (groff's macros for Chinese, where they are), and are not
/// stretched at the few blanks that they have.
const CHINESE: &[u8] = b".do mso zh.tmac\n.ad l\n";

/// What `clap_mangen` says in English itself: headings, and marks of defaults and values.
const WORDS: [(&str, &str); 10] = [
    (".SH NAME", ".SH 名称"),
    (".SH SYNOPSIS", ".SH 用法"),
    (".SH DESCRIPTION", ".SH 说明"),
    (".SH OPTIONS", ".SH 选项"),
    (".SH SUBCOMMANDS", ".SH 命令"),
    (".SH EXTRA", ".SH 另外"),
    (".SH VERSION", ".SH 版本"),
    ("\\fIPossible values:\\fR", "\\fI可选：\\fR"),
    ("[default: ", "[默认："),
    ("<\\fIsubcommands\\fR>", "<\\fI命令\\fR>"),
];

/// The pages of a command and of those below it: `corpus-build.1`, and what it says.
fn pages(command: &Command, into: &mut Vec<(String, Vec<u8>)>) -> std::io::Result<()> {
    let page = Man::new(command.clone()).source(concat!("corpus ", env!("CARGO_PKG_VERSION")));
    let mut text = Vec::new();
    page.render(&mut text)?;
    let page = (page.get_filename(), if chinese() { in_chinese(&text) } else { [MARK, &text].concat() });
    into.push(page);
    command.get_subcommands().filter(|c| !c.is_hide_set()).try_for_each(|below| pages(below, into))
}

/// A page whose texts are Chinese already, with the words of `clap_mangen` in Chinese too.
fn in_chinese(page: &[u8]) -> Vec<u8> {
    let page = String::from_utf8_lossy(page).into_owned();
    let said = WORDS.iter().fold(page, |page, (english, chinese)| page.replace(english, chinese));
    [MARK, CHINESE, said.as_bytes()].concat()
}

/// A command with what it, its options and those below it say in Chinese.
fn speaking(command: Command) -> Command {
    let text = |text: &dyn ToString| said(&text.to_string()).into_owned();
    let (about, long) = (command.get_about().map(|t| text(t)), command.get_long_about().map(|t| text(t)));
    let mut command = command;
    if let Some(about) = about {
        command = command.about(about);
    }
    if let Some(long) = long {
        command = command.long_about(long);
    }
    command.mut_args(speaking_of).mut_subcommands(speaking)
}

fn speaking_of(arg: Arg) -> Arg {
    let text = |text: &dyn ToString| said(&text.to_string()).into_owned();
    let (help, long) = (arg.get_help().map(|t| text(t)), arg.get_long_help().map(|t| text(t)));
    let values: Vec<PossibleValue> = arg.get_possible_values();
    let mut arg = arg;
    if let Some(help) = help {
        arg = arg.help(help);
    }
    if let Some(long) = long {
        arg = arg.long_help(long);
    }
    if values.is_empty() || !arg.get_action().takes_values() {
        return arg;
    }
    let of = |value: PossibleValue| match value.get_help().map(|t| text(t)) {
        Some(help) => value.help(help),
        None => value,
    };
    arg.value_parser(PossibleValuesParser::new(values.into_iter().map(of)))
}

impl Manual {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// [`Error::Other`] where a file that is not ours has a page's name; [`Error::Io`] of writing.
    pub fn run(self, context: &Context) -> Result<()> {
        let mut tree = super::command().disable_help_subcommand(true);
        tree.build();
        if chinese() {
            tree = speaking(tree);
        }
        let mut all = Vec::new();
        pages(&tree, &mut all).map_err(Error::io("man"))?;
        let Some(folder) = &self.out else {
            let first = all.first().map(|(_, text)| String::from_utf8_lossy(text).into_owned());
            return super::print(&first.unwrap_or_default());
        };
        std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
        let foreign = |path: &PathBuf| std::fs::read(path).is_ok_and(|there| !there.starts_with(MARK));
        if let Some(path) = all.iter().map(|(name, _)| folder.join(name)).find(foreign) {
            let what = format!("{} is there already, and not from `corpus man`", path.display());
            return Err(Error::other(what, "name another folder, or move the file away"));
        }
        for (name, text) in &all {
            crate::output::parquet_file::write_whole(&folder.join(name), text)?;
        }
        ui::say(context, &format!("wrote {} into {}", plural(all.len() as u64, "page"), folder.display()));
        ui::say(context, "next: `man corpus`, where the folder is in the manual's path");
        Ok(())
    }
}
