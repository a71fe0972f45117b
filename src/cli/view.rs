//! `corpus view`: a finished build in the browser, live: its rows page by page, by source, reason, signal and by what they
//! say, each with its whole life, and its limits judged again.
//!
//! A server on a loopback port answers the page of this process and nobody else: the address has a token, and a request
//! that a page of another site makes, or that comes by another name, is refused ([`guard`]). Nothing is written.

mod answers;
mod condition;
mod guard;
mod http;
mod query;

use std::net::TcpListener;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::inspect_build::manifest;
use super::opened::{is_build, no_build};
use super::report::model::Options;
use super::report::opened;
use super::report::page::Lang;
use super::{Context, Format, ui};
use crate::{Error, Result};
use answers::{Answers, Opened};
use guard::Guard;

/// Rows of a group of samples.
const SAMPLES: usize = 6;
/// Characters of a text among samples.
const CHARS: usize = 700;

/// Look through a finished build in the browser: rows by page, filter and search, one row's life, limits tried out.
///
/// Prints the address of a page that this computer alone can open, and answers it until Ctrl-C. Nothing is changed.
#[derive(Debug, Args)]
pub struct View {
    /// A build folder [default: the last one under builds/].
    build: Option<PathBuf>,
    /// The port [default: a free one].
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    port: u16,
    /// The build's folder of finished jobs [default: BUILD/.work].
    #[arg(long)]
    work: Option<PathBuf>,
    /// Show personal data as it stands.
    #[arg(long)]
    show_personal_data: bool,
    /// Open the page in the browser of the desktop.
    #[arg(long)]
    open: bool,
}

impl View {
    /// Runs the command until it is ended.
    ///
    /// # Errors
    ///
    /// [`Error::Input`] where there is no such build; a port that is taken; shards that cannot be read.
    pub fn run(self, context: &Context) -> Result<()> {
        let build =
            self.build.clone().map_or_else(|| last(Path::new("builds")), |build| super::opened::opened(&build))?;
        if !is_build(&build) {
            return Err(no_build(&build, "corpus view builds/NAME"));
        }
        let (manifest, json) = manifest(&build)?;
        let listener = TcpListener::bind(("127.0.0.1", self.port));
        let port = listener.and_then(|listener| Ok((listener.local_addr()?.port(), listener)));
        let (port, listener) = port.map_err(|e| {
            Error::input(
                format!("127.0.0.1:{} cannot be used: {e}", self.port),
                "name another one with --port, or none",
            )
        })?;
        let work = self.work.clone().unwrap_or_else(|| build.join(".work"));
        let options = Options { most: SAMPLES, masked: !self.show_personal_data, chars: CHARS };
        let lang = Lang::of_reader();
        let answers =
            Answers::new(Opened { build: build.clone(), work, manifest, json, options, lang }, Guard::new(port))?;
        let address = answers.address();
        match context.format {
            Format::Json => super::print(&format!("{}\n", json!({"v": 1, "url": address, "build": build})))?,
            Format::Human => super::print(&format!("{address}\n"))?,
        }
        ui::say(context, &format!("{} · this computer alone can open it · Ctrl-C ends it", build.display()));
        if self.open {
            opened(&address)?;
        }
        http::serve(&listener, |request| answers.answer(request));
        Ok(())
    }
}

/// The build of a folder that was finished last.
fn last(folder: &Path) -> Result<PathBuf> {
    let builds = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let finished = |build: &PathBuf| std::fs::metadata(build.join("build.json")).and_then(|m| m.modified()).ok();
    let found = builds.filter_map(|build| Some((finished(&build)?, build))).max();
    found.map(|found| found.1).ok_or_else(|| {
        Error::input(
            format!("there is no build under {}", folder.display()),
            "name the folder of a finished build: `corpus view FOLDER`",
        )
    })
}
