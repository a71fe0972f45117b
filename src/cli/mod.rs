//! The command line: one file a command. Stdout is data, stderr is talk.

use std::process;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::messages::chinese;
use crate::{Error, Result};

mod bare_rows;
mod build;
mod cache;
mod check;
mod choices;
mod cluster;
mod clusters;
mod columns;
mod completions;
mod diff;
mod explain;
mod export;
mod export_tokens;
mod fetch;
mod fetch_bars;
mod gates;
mod heavy;
mod help;
mod init;
mod inspect;
mod inspect_build;
mod interrupt;
mod lang;
mod life;
mod list;
mod man;
mod near_limit;
mod no_rows;
mod notes;
mod opened;
mod peek;
mod pipe;
mod plan;
mod plan_cards;
mod plan_cluster;
mod plan_stages;
mod progress;
mod ready;
mod reasons;
mod report;
mod rows_of;
mod show;
mod sources;
mod sql;
mod sql_tables;
mod survey;
mod table;
mod tables;
mod texts_of;
mod tokenizer_report;
mod train_perplexity;
mod train_quality;
mod train_tokenizer;
mod training_rows;
mod tune;
mod tune_output;
mod tune_reference;
pub mod ui;
mod unlisted;
mod usage;
mod view;
mod why;
mod why_output;

/// Collect and clean text for training language models, Chinese first.
#[derive(Debug, Parser)]
#[command(name = "corpus", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// How results are printed.
    #[arg(long, global = true, value_enum, default_value = "human")]
    format: Layout,
    /// Say only what went wrong.
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Say it of every file, where else a line a kind would do.
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    verbose: bool,
    /// When talk is in colour.
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value = "auto")]
    color: ui::Colour,
    /// The language of help, talk and errors [default: CORPUS_LANG, else that of the locale].
    #[arg(long, global = true, value_enum, value_name = "LANG")]
    lang: Option<lang::Choice>,
}

/// How results are printed, as it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Layout {
    /// For people.
    Human,
    /// For machines: JSON on stdout.
    Json,
    /// A JSON object a line (`sql` alone).
    Jsonl,
    /// Comma-separated values (`sql` alone).
    Csv,
}

/// For whom results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    Init(init::Init),
    Inspect(inspect::Inspect),
    Why(why::Why),
    Diff(diff::Diff),
    Sql(sql::Sql),
    Tune(tune::Tune),
    List(list::List),
    Explain(explain::Explain),
    Report(report::Report),
    View(view::View),
    Export(export::Export),
    TokenizerReport(tokenizer_report::TokenizerReport),
    TrainQuality(train_quality::TrainQuality),
    TrainPerplexity(train_perplexity::TrainPerplexity),
    TrainTokenizer(train_tokenizer::TrainTokenizer),
    Cluster(cluster::ClusterCommand),
    Cache(cache::Cache),
    Completions(completions::Completions),
    Man(man::Manual),
}

/// What every command is given.
pub struct Context {
    /// How results are printed.
    pub format: Format,
    /// Whether to say only what went wrong.
    pub quiet: bool,
    /// Whether to say of every file what else a line a kind says.
    pub verbose: bool,
}

/// Runs the command line; gives back the exit code: 0 done, 1 the input's fault, 2 anything else, 130 interrupted.
pub fn main() -> u8 {
    if completions::asked() {
        return 0;
    }
    lang::settle(asks_for_json());
    let tree = if chinese() { help::chinese(command()) } else { command() };
    let cli = match tree.try_get_matches().and_then(|m| Cli::from_arg_matches(&m)) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to stdout and are no error.
            let code = if error.use_stderr() { 2 } else { 0 };
            if code != 0 && asks_for_json() {
                let text = error.render().to_string();
                let context = Context { format: Format::Json, quiet: false, verbose: false };
                ui::error(&context, &Error::other(text.trim_start_matches("error: ").trim(), "`corpus help`"));
            } else if let Some(mistake) = usage::mistake(&error).filter(|_| chinese()) {
                ui::eprint(&format!("{}{mistake}", ui::lead("31", "error:")));
            } else {
                let _ = error.print();
            }
            return code;
        }
    };
    ui::set_colour(cli.color);
    let format = if cli.format == Layout::Json { Format::Json } else { Format::Human };
    let context = Context { format, quiet: cli.quiet, verbose: cli.verbose };
    match run(cli.command, cli.format, &context) {
        Ok(code) => code,
        Err(error) => {
            ui::error(&context, &error);
            error.exit_code()
        }
    }
}

/// Runs a command; gives back its exit code.
fn run(command: Command, layout: Layout, context: &Context) -> Result<u8> {
    match command {
        Command::Sql(command) => command.run(context, layout).map(|()| 0),
        _ if matches!(layout, Layout::Jsonl | Layout::Csv) => {
            Err(Error::other("only `corpus sql` prints jsonl and csv", "say `--format json`"))
        }
        Command::Fetch(command) => command.run(context),
        Command::Build(command) => command.run(context).map(|()| 0),
        Command::Plan(command) => command.run(context).map(|()| 0),
        Command::Check(command) => command.run(context),
        Command::Init(command) => command.run(context).map(|()| 0),
        Command::Inspect(command) => command.run(context).map(|()| 0),
        Command::Why(command) => command.run(context).map(|()| 0),
        Command::Diff(command) => command.run(context).map(|()| 0),
        Command::Tune(command) => command.run(context).map(|()| 0),
        Command::List(command) => command.run(context).map(|()| 0),
        Command::Explain(command) => command.run(context).map(|()| 0),
        Command::Report(command) => command.run(context).map(|()| 0),
        Command::View(command) => command.run(context).map(|()| 0),
        Command::Export(command) => command.run(context).map(|()| 0),
        Command::TokenizerReport(command) => command.run(context).map(|()| 0),
        Command::TrainQuality(command) => command.run(context).map(|()| 0),
        Command::TrainPerplexity(command) => command.run(context).map(|()| 0),
        Command::TrainTokenizer(command) => command.run(context).map(|()| 0),
        Command::Cluster(command) => command.run(context).map(|()| 0),
        Command::Cache(command) => command.run(context),
        Command::Completions(command) => command.run().map(|()| 0),
        Command::Man(command) => command.run(context).map(|()| 0),
    }
}

/// Whether a command line that could not be read asks for JSON all the same.
fn asks_for_json() -> bool {
    let words: Vec<String> = std::env::args_os().skip(1).map(|w| w.to_string_lossy().into_owned()).collect();
    words.iter().any(|w| w == "--format=json") || words.windows(2).any(|w| w[0] == "--format" && w[1] == "json")
}

/// Commands whose `--format json` has a schema of its own: `schemas/output/NAME.json`.
pub const SCHEMAS: [&str; 20] = [
    "build",
    "cache",
    "check",
    "diff",
    "explain",
    "export",
    "fetch",
    "init",
    "inspect",
    "list",
    "plan",
    "report",
    "sql",
    "tokenizer-report",
    "train-perplexity",
    "train-quality",
    "train-tokenizer",
    "tune",
    "view",
    "why",
];

/// The command tree. Help of a command that prints JSON names the schema of it.
pub fn command() -> clap::Command {
    fn named(command: clap::Command, schema: &str) -> clap::Command {
        let schema_note = format!(
            "JSON: --format json prints what schemas/output/{schema}.json describes, and on failure what \
             schemas/output/error.json does."
        );
        command.after_help(schema_note).mut_subcommands(|sub| named(sub, schema))
    }
    Cli::command().mut_subcommands(|sub| {
        let name = sub.get_name().to_owned();
        if SCHEMAS.contains(&name.as_str()) { named(sub, &name) } else { sub }
    })
}

/// Prints data to stdout; a reader that went away ends the program quietly.
///
/// # Errors
///
/// [`Error::Io`] of writing to stdout, but for a closed pipe.
pub fn print(text: &str) -> Result<()> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => process::exit(0),
        Err(error) => Err(Error::io("stdout")(error)),
    }
}
