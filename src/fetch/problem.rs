//! What goes wrong on the way, and whether asking again may help.

use std::fmt;
use std::time::Duration;

use crate::Error;

/// Why something could not be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It is not there (or hides itself from who may not see it).
    Missing,
    /// One must ask for access, or log in.
    Gated,
    /// The host refuses, is unreachable, is over its quota, or sends what cannot be used.
    Remote,
    /// The file is not the one it was when the fetch began.
    Changed,
    /// The host does not do ranges.
    NoRanges,
    /// A name that no store takes.
    Name,
    /// Something on this machine: a disk that is full, a folder that cannot be written.
    Here,
}

/// A failure of a request or of a check, with its cure and whether to retry.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The class of the failure.
    pub kind: Kind,
    /// What happened, with the hosts it happened at.
    pub what: String,
    /// What to do about it.
    pub cure: Option<String>,
    /// Whether the same request may succeed later.
    pub retry: bool,
    /// The delay that the host asks for (`Retry-After`).
    pub wait: Option<Duration>,
    /// How many tries it is worth at most, where it rarely passes.
    pub most: Option<u32>,
    /// The status it answered with.
    pub status: Option<u16>,
    /// The error code of the hub (`X-Error-Code`).
    pub code: Option<Box<str>>,
    /// The origin that answered, where a redirect led away from the one that was asked: it saw no token.
    pub strayed: Option<Box<str>>,
}

impl Problem {
    /// A failure that asking again does not cure.
    pub fn last(kind: Kind, what: impl Into<String>) -> Self {
        Problem {
            kind,
            what: what.into(),
            cure: None,
            retry: false,
            wait: None,
            most: None,
            status: None,
            code: None,
            strayed: None,
        }
    }

    /// A failure that may pass.
    pub fn passing(what: impl Into<String>) -> Self {
        Problem { retry: true, ..Problem::last(Kind::Remote, what) }
    }

    /// Worth no more than some tries.
    pub fn at_most(mut self, tries: u32) -> Self {
        self.most = Some(tries);
        self
    }

    /// The problem with a cure.
    pub fn cure(mut self, cure: impl Into<String>) -> Self {
        self.cure = Some(cure.into());
        self
    }

    /// The problem with another message.
    pub fn say(mut self, what: impl Into<String>) -> Self {
        self.what = what.into();
        self
    }

    /// Says first what it was about.
    pub fn about(mut self, what: impl fmt::Display) -> Self {
        self.what = format!("{what}: {}", self.what);
        self
    }

    /// What helps: what was said of it, else what its kind tells.
    pub fn remedy(&self) -> String {
        self.cure.clone().unwrap_or_else(|| self.kind.cure(self.retry).to_owned())
    }

    /// As an error of the command: exit code 1, or 2 where this machine is at fault.
    pub fn error(self) -> Error {
        let cure = self.remedy();
        match self.kind {
            Kind::Here => Error::other(self.what, cure),
            _ => Error::input(self.what, cure),
        }
    }
}

impl Kind {
    /// What helps where nothing better is known; `passing`, where the same request may succeed later.
    pub fn cure(self, passing: bool) -> &'static str {
        match self {
            Kind::Missing => "check the name and the revision",
            Kind::Gated => {
                "the host wants to know who asks: ask for access at the page of the set, and for the hub set HF_TOKEN; what \
                 another host gives to a browser only is downloaded there and imported with --from"
            }
            Kind::Remote if !passing => {
                "the host is at fault, and asking again hardly helps: take another way or a mirror (HF_ENDPOINT, \
                 CORPUS_MIRRORS), or download it with a browser and import it with --from"
            }
            Kind::Remote | Kind::Changed | Kind::NoRanges => {
                "run the same command again: it goes on where it stopped; behind a slow or closed link set a mirror \
                 (HF_ENDPOINT, CORPUS_MIRRORS) or a proxy"
            }
            Kind::Name => "fetch that file by hand under another name",
            Kind::Here => "free some space, or set CORPUS_CACHE to another disk; the same command then resumes",
        }
    }
}

impl From<std::io::Error> for Problem {
    fn from(error: std::io::Error) -> Self {
        Problem::last(Kind::Here, format!("this machine: {error}"))
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let kind = if error.exit_code() == 1 { Kind::Remote } else { Kind::Here };
        let problem = Problem::last(kind, error.to_string());
        match error.hint() {
            Some(hint) => problem.cure(hint.to_owned()),
            None => problem,
        }
    }
}

/// What happened, after the hosts it happened at.
pub fn at(hosts: &[String], what: &str) -> String {
    format!("{}: {what}", hosts.join(" -> "))
}
