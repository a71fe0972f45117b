//! `corpus completions`: a script for the shell.

use clap::Args;
use clap_complete::Shell;

use crate::Result;

/// Print a script that teaches the shell to complete commands and options.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell; then for example `corpus completions bash > ~/.local/share/bash-completion/completions/corpus`.
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    /// Runs the command.
    pub fn run(self) -> Result<()> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut super::command(), "corpus", &mut script);
        super::print(&String::from_utf8_lossy(&script))
    }
}
