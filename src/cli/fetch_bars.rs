//! How a fetch is shown: a bar on a terminal, a line every ten seconds elsewhere.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;

use super::progress::Shown;
use super::{Context, Format, table, ui};
use crate::fetch::Progress;
use crate::messages::said;
use crate::pipeline::Amount;
use crate::text::figures::{plural, size};

/// A bar of bytes, files, speed and time left.
pub struct FetchBars {
    quiet: bool,
    terminal: bool,
    state: Mutex<State>,
}

struct State {
    bar: ProgressBar,
    set: String,
    files: u64,
    bytes: Option<u64>,
    began: Instant,
    said: Instant,
    /// Time and bytes at the last line.
    last: (Instant, u64),
}

impl FetchBars {
    /// Bars for a command.
    pub fn new(context: &Context) -> Self {
        let now = Instant::now();
        let state = State {
            bar: ProgressBar::hidden(),
            set: String::new(),
            files: 0,
            bytes: None,
            began: now,
            said: now,
            last: (now, 0),
        };
        FetchBars {
            quiet: context.quiet || context.format == Format::Json,
            terminal: std::io::stderr().is_terminal(),
            state: Mutex::new(state),
        }
    }

    fn with(&self, act: impl FnOnce(&mut State)) {
        if !self.quiet
            && let Ok(mut state) = self.state.lock()
        {
            act(&mut state);
        }
    }

    fn line(&self, line: &str) {
        self.with(|state| state.bar.suspend(|| eprint(line)));
    }
}

fn eprint(line: &str) {
    let _ = std::io::stderr().write_all(format!("{line}\n").as_bytes());
}

impl Progress for FetchBars {
    fn say(&self, line: &str) {
        self.line(&format!("  {}", lines(&said(line))));
    }

    fn warn(&self, line: &str) {
        self.line(&format!("{}{}", ui::lead("33", "warning:"), lines(&said(line))));
    }

    fn begin(&self, set: &str, files: u64, bytes: Option<u64>) {
        self.with(|state| {
            let now = Instant::now();
            let set = table::line(set);
            state.bar = if self.terminal {
                ui::drawn(u64::MAX)
            } else {
                let total = bytes.map(|b| format!(", {}", size(b))).unwrap_or_default();
                let line = format!("{set}: {}{total}", plural(files, "file"));
                eprint(&format!("{} {}", table::right(&said("Fetching"), 12), said(&line)));
                ProgressBar::hidden()
            };
            (state.set, state.files, state.bytes) = (set, files, bytes);
            (state.began, state.said, state.last) = (now, now, (now, 0));
        });
    }

    fn at(&self, bytes: u64, files: u64) {
        self.with(|state| {
            let of = said(&format!("{files}/{} files", state.files)).into_owned();
            let shown = |done: u64, seconds: f64, note: String| Shown {
                name: said("Fetching").into_owned(),
                done,
                total: state.bytes.map(|b| b.max(done)),
                reused: 0,
                amount: Some(Amount::Bytes(state.bytes.map_or(0, |b| b.max(done)))),
                seconds,
                note,
            };
            if self.terminal {
                let shown = shown(bytes, state.began.elapsed().as_secs_f64(), of);
                state.bar.set_message(shown.line(table::talk(), state.bytes.is_some()));
            } else if state.said.elapsed() > Duration::from_secs(10) {
                // The speed of the last ten seconds.
                let mut shown = shown(bytes, state.last.0.elapsed().as_secs_f64(), format!("{of} of {}", state.set));
                shown.reused = state.last.1;
                eprint(&shown.line(table::talk(), false));
                state.said = Instant::now();
                state.last = (Instant::now(), bytes);
            }
        });
    }

    fn file(&self, path: &str, bytes: u64) {
        // Of very many files each would be a flood.
        self.with(|state| {
            if state.files <= 200 {
                let line = format!(
                    "{} {} ({})",
                    ui::paint("32", &table::right(&said("Stored"), 12)),
                    table::line(path),
                    size(bytes)
                );
                state.bar.suspend(|| eprint(&line));
            }
        });
    }

    fn end(&self) {
        self.with(|state| state.bar.finish_and_clear());
    }
}

/// Lines of talk, each without what steers a terminal.
fn lines(text: &str) -> String {
    text.lines().map(table::line).collect::<Vec<_>>().join("\n    ")
}
