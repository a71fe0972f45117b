//! What can go wrong, one variant for each thing a user can do about it.

use std::path::PathBuf;

/// The result of everything fallible in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error with its place and, where there is one, its cure.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The input is at fault: a file that cannot be what the recipe says. Exit code 1.
    #[error("{message}")]
    Input {
        /// What is wrong, with the file (and line) it was found in.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// The recipe is at fault; the text is already rendered with file, line, column and underline. Exit code 1.
    #[error("{0}")]
    Recipe(String),
    /// The operating system refused. Exit code 2.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file or folder it was about.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Wrong usage, or something unexpected. Exit code 2.
    #[error("{message}")]
    Other {
        /// What happened.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// The engine failed. Exit code 2.
    #[error("{0}")]
    Engine(String),
    /// Stopped by the user; what is finished is kept, and the same command resumes. Exit code 130.
    #[error("interrupted; run the same command again to resume")]
    Interrupted,
}

/// What helps where a file may not be read or written.
pub const NO_RIGHT: &str =
    "you have no right to it: `ls -ld` shows whose it is; ask for the right (`chmod`, `chown`), or name another place";

impl Error {
    /// An error that the input caused, with its cure.
    pub fn input(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Error::Input { message: message.into(), hint: Some(hint.into()) }
    }

    /// Anything else, with its cure.
    pub fn other(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Error::Other { message: message.into(), hint: Some(hint.into()) }
    }

    /// Wraps what the system said about `path`.
    pub fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Error::Io { path, source }
    }

    /// The cure, where one is known.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Error::Input { hint, .. } | Error::Other { hint, .. } => hint.as_deref(),
            Error::Io { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => {
                Some("free some space, or name another place with --out or --work; the same command then resumes")
            }
            Error::Io { source, .. } => match source.kind() {
                std::io::ErrorKind::PermissionDenied => Some(NO_RIGHT),
                std::io::ErrorKind::ReadOnlyFilesystem => {
                    Some("the disk takes no writing: name another place with --out and --work")
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// Who is at fault, in a stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Error::Input { .. } => "input",
            Error::Recipe(_) => "recipe",
            Error::Io { .. } => "io",
            Error::Other { .. } => "usage",
            Error::Engine(_) => "engine",
            Error::Interrupted => "interrupted",
        }
    }

    /// The exit code of the process: 1 the input's fault, 2 anything else, 130 interrupted.
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Input { .. } | Error::Recipe(_) => 1,
            Error::Interrupted => 130,
            _ => 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_refuses_has_a_cure() {
        let hint = |kind: std::io::ErrorKind| Error::io("/a")(kind.into()).hint().map(str::to_owned);
        assert!(hint(std::io::ErrorKind::PermissionDenied).unwrap().contains("chmod"));
        assert!(hint(std::io::ErrorKind::ReadOnlyFilesystem).unwrap().contains("--out"));
        assert!(hint(std::io::ErrorKind::StorageFull).unwrap().contains("free some space"));
        assert_eq!(hint(std::io::ErrorKind::NotFound), None);
    }
}
