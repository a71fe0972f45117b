//! How a fetch is shown: a bar on a terminal, a line every ten seconds elsewhere.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{Context, Format, table, ui};
use crate::fetch::Progress;
use crate::text::figures::size;

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
    said: Instant,
    /// Time and bytes at the last line.
    last: (Instant, u64),
}

impl FetchBars {
    /// Bars for a command.
    pub fn new(context: &Context) -> Self {
        let now = Instant::now();
        let state =
            State { bar: ProgressBar::hidden(), set: String::new(), files: 0, bytes: None, said: now, last: (now, 0) };
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
        self.line(&format!("  {}", lines(line)));
    }

    fn warn(&self, line: &str) {
        self.line(&format!("{} {}", ui::paint("33", "warning:"), lines(line)));
    }

    fn begin(&self, set: &str, files: u64, bytes: Option<u64>) {
        self.with(|state| {
            let now = Instant::now();
            let set = table::line(set);
            state.bar = if self.terminal {
                let bar = ProgressBar::with_draw_target(bytes, ProgressDrawTarget::stderr());
                let style = if bytes.is_some() {
                    "{prefix:>12} {bar:24} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} {eta} {msg}"
                } else {
                    "{prefix:>12} {spinner} {binary_bytes} {binary_bytes_per_sec} {msg}"
                };
                if let Ok(style) = ProgressStyle::with_template(style) {
                    bar.set_style(style.progress_chars("━╸ "));
                }
                bar.set_prefix("Fetching");
                bar.enable_steady_tick(Duration::from_millis(200));
                bar
            } else {
                let total = bytes.map(|b| format!(", {}", size(b))).unwrap_or_default();
                eprint(&format!("{:>12} {set}: {}{total}", "Fetching", table::plural(files, "file")));
                ProgressBar::hidden()
            };
            (state.set, state.files, state.bytes) = (set, files, bytes);
            (state.said, state.last) = (now, (now, 0));
        });
    }

    fn at(&self, bytes: u64, files: u64) {
        self.with(|state| {
            if self.terminal {
                state.bar.set_position(bytes);
                state.bar.set_message(format!("{files}/{} files", state.files));
            } else if state.said.elapsed() > Duration::from_secs(10) {
                let speed = bytes.saturating_sub(state.last.1) as f64 / state.last.0.elapsed().as_secs_f64();
                let left = state.bytes.filter(|_| speed > 1.0).map(|all| all.saturating_sub(bytes) as f64 / speed);
                let left = left
                    .map(|s| format!(", {} left", crate::fetch::wait::words(Duration::from_secs_f64(s))))
                    .unwrap_or_default();
                let of = state.bytes.map(|b| format!(" of {}", size(b))).unwrap_or_default();
                eprint(&format!(
                    "{:>12} {}: {files}/{} files, {}{of}, {}/s{left}",
                    "Fetching",
                    state.set,
                    state.files,
                    size(bytes),
                    size(speed as u64)
                ));
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
                    ui::paint("32", &format!("{:>12}", "Stored")),
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
