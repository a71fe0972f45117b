//! Talk on stderr: progress, summaries, errors. Bars only on a terminal; colours only there, and never with `NO_COLOR`.

use std::io::IsTerminal;
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use super::progress::Shown;
use super::{Context, Format, table};
use crate::Error;
use crate::messages::{chinese, said};
use crate::pipeline::inputs::Inputs;
use crate::pipeline::inputs::understood;
use crate::pipeline::{Amount, Progress};
use crate::recipe::kinds::Kind;
pub use crate::text::shell::quoted;

/// Sources whose mapping a build prints.
const SOURCES: usize = 12;
/// Columns in which the name of a phase stands, to the right.
const PHASE: usize = 12;

/// When talk is in colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Colour {
    /// On a terminal, unless `NO_COLOR` is set; elsewhere where `CLICOLOR_FORCE` asks for it.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

static COLOUR: OnceLock<Colour> = OnceLock::new();

/// Settles `--color` for the whole process.
pub fn set_colour(colour: Colour) {
    let _ = COLOUR.set(colour);
}

/// Whether stderr takes colours: `--color`, then `NO_COLOR` (<https://no-color.org>), then `CLICOLOR_FORCE` and
/// `CLICOLOR` (<https://bixense.com/clicolors>), then whether it is a terminal.
pub fn colours() -> bool {
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty());
    match COLOUR.get() {
        Some(Colour::Always) => true,
        Some(Colour::Never) => false,
        _ if set("NO_COLOR").is_some() => false,
        _ if set("CLICOLOR_FORCE").is_some_and(|v| v != "0") => true,
        _ => std::io::stderr().is_terminal() && set("CLICOLOR").is_none_or(|v| v != "0"),
    }
}

/// The command as it was given, for a shell.
pub fn command_line() -> String {
    let words = std::env::args_os().skip(1).map(|w| quoted(&w.to_string_lossy()));
    std::iter::once("corpus".to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}

/// Whether `CORPUS_OFFLINE` forbids the network.
pub fn offline() -> bool {
    is_on("CORPUS_OFFLINE")
}

/// Whether `CORPUS_NO_COMMANDS` forbids programs of recipes.
pub fn no_commands() -> bool {
    is_on("CORPUS_NO_COMMANDS")
}

fn is_on(name: &str) -> bool {
    std::env::var(name).is_ok_and(|v| !["", "0", "false", "no"].contains(&v.as_str()))
}

/// The word that leads a line of talk, in a colour: `error:`, `warning:`, `hint:`. Chinese has no space behind its colon.
pub fn lead(code: &str, word: &str) -> String {
    let gap = if chinese() { "" } else { " " };
    format!("{}{gap}", paint(code, &said(word)))
}

/// Text in a colour, where stderr takes colours.
pub fn paint(code: &str, text: &str) -> String {
    if colours() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
}

/// A line of talk, in the language of the reader.
pub fn say(context: &Context, line: &str) {
    if !context.quiet && context.format == Format::Human {
        eprint(&said(line));
    }
}

/// A warning.
pub fn warn(context: &Context, line: &str) {
    say(context, &format!("{}{}", lead("33", "warning:"), said(line)));
}

/// An error with its cure.
pub fn error(context: &Context, error: &Error) {
    problem(context, None, error);
}

/// An error with its cure, and the id of its kind before it: `error[R102]: …`.
pub fn problem(context: &Context, kind: Option<Kind>, error: &Error) {
    if context.format == Format::Json {
        let said = json!({"code": error.code(), "message": error.to_string(), "hint": error.hint()});
        let line = json!({"v": 1, "error": said});
        let _ = super::print(&format!("{line}\n"));
        return;
    }
    let mut text = match error {
        Error::Recipe(rendered) => rendered.trim_end().to_owned(),
        other => {
            let id = kind.map_or(String::new(), |kind| format!("[{}]", kind.row().id));
            format!("{}{}", lead("31", &format!("error{id}:")), said(&other.to_string()))
        }
    };
    if let Some(hint) = error.hint() {
        text += &format!("\n\n{}{}", lead("36", "hint:"), said(hint));
    }
    eprint(&text);
}

/// Bars on a terminal, a line every ten seconds elsewhere, one line at the end of each phase.
pub struct Bars {
    quiet: bool,
    state: Mutex<State>,
}

struct State {
    shown: Shown,
    bar: ProgressBar,
    began: Instant,
    said: Instant,
}

impl Bars {
    /// Progress for a command.
    pub fn new(context: &Context) -> Self {
        let now = Instant::now();
        let state = State { shown: Shown::default(), bar: ProgressBar::hidden(), began: now, said: now };
        Bars { quiet: context.quiet || context.format == Format::Json, state: Mutex::new(state) }
    }

    fn with(&self, act: impl FnOnce(&mut State)) {
        if let Ok(mut state) = self.state.lock() {
            act(&mut state);
        }
    }

    fn begin(&self, name: &str, total: u64, amount: Option<Amount>) {
        if self.quiet {
            return;
        }
        self.with(|state| {
            let now = Instant::now();
            let bar = if std::io::stderr().is_terminal() { drawn(total) } else { ProgressBar::hidden() };
            let name = said(name.trim()).into_owned();
            let shown = Shown { name, total: Some(total), amount, ..Shown::default() };
            bar.set_prefix(table::right(&shown.name, PHASE));
            *state = State { shown, bar, began: now, said: now };
            state.draw();
        });
    }
}

/// A line on the terminal that is drawn again and again: what `Shown::line` makes, or a wheel where no steps are
/// counted. It is never wider than the terminal.
pub fn drawn(total: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let style = if total == 0 { "{prefix} {spinner}" } else { "{wide_msg}" };
    if let Ok(style) = ProgressStyle::with_template(style) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

impl State {
    fn draw(&mut self) {
        self.shown.seconds = self.began.elapsed().as_secs_f64();
        if self.bar.is_hidden() {
            if self.said.elapsed() > Duration::from_secs(10) {
                self.said = Instant::now();
                eprint(&self.shown.line(table::talk(), false));
            }
        } else if self.shown.total.is_some_and(|t| t > 0) {
            self.bar.set_message(self.shown.line(table::talk(), true));
        }
    }
}

impl Progress for Bars {
    fn phase(&self, name: &str, total: u64) {
        self.begin(name, total, None);
    }

    fn counted(&self, name: &str, total: u64, amount: Amount) {
        self.begin(name, total, Some(amount));
    }

    fn advance(&self, steps: u64) {
        if self.quiet {
            return;
        }
        self.with(|state| {
            state.shown.done += steps;
            state.draw();
        });
    }

    fn reused(&self, steps: u64) {
        self.with(|state| state.shown.reused += steps);
        self.advance(steps);
    }

    fn done(&self, summary: &str) {
        self.named(&said(summary));
    }

    fn named(&self, names: &str) {
        if self.quiet {
            return;
        }
        self.with(|state| {
            state.bar.finish_and_clear();
            let seconds = state.began.elapsed().as_secs_f64();
            let phase = paint("32", &table::right(&state.shown.name, PHASE));
            eprint(&format!("{phase} {names} ({seconds:.1} s)"));
        });
    }

    fn inputs(&self, inputs: &Inputs) {
        if self.quiet {
            return;
        }
        for source in inputs.sources.iter().take(SOURCES) {
            let files = source.files.iter().filter(|f| f.bytes > 0 || f.unpacked.is_none());
            let files = files.map(|f| (f.layout.as_ref(), &f.understood));
            let lines = understood::lines(&source.source, files, false);
            lines.iter().for_each(|line| eprint(&format!("{:>PHASE$} {}", "", said(line))));
        }
        if inputs.sources.len() > SOURCES {
            let more = inputs.sources.len() - SOURCES;
            let more = format!("and {more} more sources; `corpus check` shows how all are read");
            eprint(&format!("{:>PHASE$} {}", "", said(&more)));
        }
    }
}

/// A line on stderr.
pub fn eprint(line: &str) {
    let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("{line}\n").as_bytes());
}
