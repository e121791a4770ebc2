//! Errors before or instead of a run.

use std::fmt;

use thiserror::Error;
use trace::LogError;

use crate::NameError;

/// An invalid part of a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where, as a path of keys and numbers, such as `caspaxos.prepare.quorum` or `link.0.from`.
    pub path: String,
    /// What is wrong, and what is allowed.
    pub message: String,
}

impl Problem {
    /// There is a problem at `path`.
    pub fn new(path: impl Into<String>, message: impl fmt::Display) -> Problem {
        Problem { path: path.into(), message: message.to_string() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

/// A scenario cannot be run as it is written: correct it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LoadError {
    /// Something in the file is wrong.
    #[error("{origin}:{line}: {message}")]
    Invalid {
        /// The file.
        origin: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong, and what is allowed.
        message: String,
    },
    /// The file is right, but not with what was set on the command line.
    #[error("{origin} with {overrides}: {message}")]
    Override {
        /// The file.
        origin: String,
        /// What was set.
        overrides: String,
        /// What is wrong, and what is allowed.
        message: String,
    },
    /// There is no scenario of that name.
    #[error(transparent)]
    Name(#[from] NameError),
}

/// A run could not start, or did not end.
#[derive(Debug, Error)]
pub enum RunError {
    /// Its scenario cannot be run.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// Its log cannot be read or written.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The run was interrupted.
    #[error("interrupted{}", so_far(partial.as_deref()))]
    Interrupted {
        /// What was recorded so far.
        partial: Option<std::path::PathBuf>,
    },
}

fn so_far(partial: Option<&std::path::Path>) -> String {
    let path = partial.map(|path| format!("; what was recorded so far is in {}", path.display()));
    path.unwrap_or_default()
}
