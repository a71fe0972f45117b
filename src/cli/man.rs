//! `corpus man`: manual pages, of the program and of each command.

use std::path::PathBuf;

use clap::Args;
use clap_mangen::Man;

use super::{Context, ui};
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

/// The pages of a command and of those below it: `corpus-build.1`, and what it says.
fn pages(command: &clap::Command, into: &mut Vec<(String, Vec<u8>)>) -> std::io::Result<()> {
    let page = Man::new(command.clone()).source(concat!("corpus ", env!("CARGO_PKG_VERSION")));
    let mut text = MARK.to_vec();
    page.render(&mut text)?;
    into.push((page.get_filename(), text));
    command.get_subcommands().filter(|c| !c.is_hide_set()).try_for_each(|below| pages(below, into))
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
        ui::say(context, &format!("{} in {}", plural(all.len() as u64, "page"), folder.display()));
        ui::say(context, "next: `man corpus`, where the folder is in the manual's path");
        Ok(())
    }
}
