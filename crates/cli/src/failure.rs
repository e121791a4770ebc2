//! The ways in which a command can end, and their exit codes.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use proxy::ProxyError;
use scenario::{LoadError, NameError, RunError};
use serve::ServeError;
use thiserror::Error;
use trace::LogError;

/// The exit codes. `--help` has the same table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Code {
    /// All is as expected.
    AsExpected = 0,
    /// A run reached a limit.
    Inconclusive = 5,
    /// A violation, or an unmet expectation.
    NotAsExpected = 1,
    /// A pattern selected nothing.
    NothingSelected = 4,
    /// A replay or a check differs from its recording.
    Diverged = 3,
    /// The command line or an input file is wrong.
    Usage = 2,
    /// Output could not be written.
    Output = 74,
    /// A bug of rumormill.
    Internal = 70,
}

/// For the end of `--help`.
pub(crate) const CODES: &str = "\
Exit codes:
  0    all is as expected
  1    a violation, or an expectation that is not met (vacuous and liveness too)
  2    wrong usage, an unknown name, a bad or corrupt input file
  3    a replay and its recording part, or a check finds another outcome than was recorded
  4    a pattern selected nothing
  5    inconclusive: a limit was reached before the run was over
  70   an internal error
  74   output could not be written
  130  interrupted by Ctrl-C (143: by SIGTERM)";

impl Code {
    /// The severity. Of several codes the most severe one is the exit code.
    fn gravity(self) -> u8 {
        match self {
            Code::AsExpected => 0,
            Code::Inconclusive => 1,
            Code::NotAsExpected => 2,
            Code::NothingSelected => 3,
            Code::Diverged => 4,
            Code::Usage => 5,
            Code::Output => 6,
            Code::Internal => 7,
        }
    }

    /// The more severe of two codes.
    #[must_use]
    pub(crate) fn or(self, other: Code) -> Code {
        if other.gravity() > self.gravity() { other } else { self }
    }
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> ExitCode {
        ExitCode::from(code as u8)
    }
}

/// The reason why a command failed.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// The command line is invalid.
    #[error("{0}")]
    Usage(String),
    /// A pattern selected nothing.
    #[error("no scenario matches {0}; `rumormill list` shows all")]
    NothingSelected(String),
    /// A scenario cannot be run.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A name is unknown.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A log cannot be read or written.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The server cannot start.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The proxy cannot start.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    /// A file cannot be written.
    #[error("{path}: could not be written: {source}", path = path.display())]
    File { path: PathBuf, source: std::io::Error },
    /// Stdout cannot be written to.
    #[error("the output could not be written: {0}")]
    Output(std::io::Error),
    /// The command was interrupted.
    #[error("{0}")]
    Interrupted(String),
}

impl Failure {
    /// The failure that this file cannot be written.
    pub(crate) fn of_file(path: &Path) -> impl FnOnce(std::io::Error) -> Failure {
        |source| Failure::File { path: path.to_owned(), source }
    }

    /// The failure that stdout was closed at the start.
    pub(crate) fn closed() -> Failure {
        Failure::Output(std::io::Error::other("stdout is closed"))
    }

    pub(crate) fn code(&self) -> Code {
        match self {
            Failure::NothingSelected(_) => Code::NothingSelected,
            Failure::Log(LogError::Write { .. })
            | Failure::Serve(ServeError::FaultLog(_))
            | Failure::File { .. }
            | Failure::Output(_) => Code::Output,
            _ => Code::Usage,
        }
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Failure {
        match error {
            RunError::Load(error) => Failure::Load(error),
            RunError::Log(error) => Failure::Log(error),
            RunError::Interrupted { .. } => Failure::Interrupted(error.to_string()),
        }
    }
}
