//! The command line: one file a command. Stdout is data, stderr is talk.

use std::process;

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};

use crate::{Error, Result};

mod build;
mod cache;
mod check;
mod clusters;
mod columns;
mod completions;
mod explain;
mod fetch;
mod fetch_bars;
mod inspect;
mod list;
mod peek;
mod plan;
mod ready;
mod reasons;
mod show;
mod sources;
mod table;
pub mod ui;

/// Collect and clean text for training language models, Chinese first.
#[derive(Debug, Parser)]
#[command(name = "corpus", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// How results are printed.
    #[arg(long, global = true, value_enum, default_value = "human")]
    format: Format,
    /// Say only what went wrong.
    #[arg(short, long, global = true)]
    quiet: bool,
    /// When talk is in colour.
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value = "auto")]
    color: ui::Colour,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Human,
    /// For machines: JSON on stdout.
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    Fetch(fetch::Fetch),
    Build(build::Build),
    Plan(plan::PlanCommand),
    Check(check::Check),
    Inspect(inspect::Inspect),
    List(list::List),
    Explain(explain::Explain),
    Cache(cache::Cache),
    Completions(completions::Completions),
}

/// What every command is given.
pub struct Context {
    /// How results are printed.
    pub format: Format,
    /// Whether to say only what went wrong.
    pub quiet: bool,
}

/// Runs the command line; gives back the exit code: 0 done, 1 the input's fault, 2 anything else, 130 interrupted.
pub fn main() -> u8 {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to stdout and are no error.
            let code = if error.use_stderr() { 2 } else { 0 };
            let _ = error.print();
            return code;
        }
    };
    ui::set_colour(cli.color);
    let context = Context { format: cli.format, quiet: cli.quiet };
    let result = match cli.command {
        Command::Fetch(command) => command.run(&context),
        Command::Build(command) => command.run(&context).map(|()| 0),
        Command::Plan(command) => command.run(&context).map(|()| 0),
        Command::Check(command) => command.run(&context),
        Command::Inspect(command) => command.run(&context).map(|()| 0),
        Command::List(command) => command.run(&context).map(|()| 0),
        Command::Explain(command) => command.run(&context).map(|()| 0),
        Command::Cache(command) => command.run(&context),
        Command::Completions(command) => command.run().map(|()| 0),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            ui::error(&context, &error);
            error.exit_code()
        }
    }
}

/// The command tree, for completions.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Prints data to stdout; a reader that went away ends the program quietly.
pub fn print(text: &str) -> Result<()> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => process::exit(0),
        Err(error) => Err(Error::io("stdout")(error)),
    }
}
