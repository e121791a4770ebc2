//! How a command can end, and with which exit code.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use proxy::ProxyError;
use scenario::{LoadError, NameError, RunError};
use serve::ServeError;
use thiserror::Error;
use trace::LogError;

/// The exit codes. `--help` has this table in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Code {
    /// All is as expected.
    AsExpected = 0,
    /// A run could not be brought to its end.
    Inconclusive = 5,
    /// A violation, or an expectation that is not met.
    NotAsExpected = 1,
    /// A pattern selected nothing.
    NothingSelected = 4,
    /// A replay and its recording part, or a check and its recording.
    Diverged = 3,
    /// The command line or an input file is wrong.
    Usage = 2,
    /// Output could not be written.
    Output = 74,
    /// A bug of ours.
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
    /// How grave it is: of several, the gravest is the exit code.
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

    /// The graver of two.
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

/// Why a command did not come to its end.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// The command line does not make sense.
    #[error("{0}")]
    Usage(String),
    /// A pattern selected nothing.
    #[error("no scenario matches {0}; `rumormill list` shows all")]
    NothingSelected(String),
    /// A scenario cannot be run.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A name means nothing.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A log cannot be read or written.
    #[error(transparent)]
    Log(#[from] LogError),
    /// Nothing can be served.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// Nothing can be proxied.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    /// A file cannot be written.
    #[error("{path}: could not be written: {source}", path = path.display())]
    File { path: PathBuf, source: std::io::Error },
    /// Stdout cannot be written to.
    #[error("the output could not be written: {0}")]
    Output(std::io::Error),
    /// Somebody wanted it to end.
    #[error("{0}")]
    Interrupted(String),
}

impl Failure {
    /// What it is that this file cannot be written.
    pub(crate) fn of_file(path: &Path) -> impl FnOnce(std::io::Error) -> Failure {
        |source| Failure::File { path: path.to_owned(), source }
    }

    /// That stdout was closed when the program began.
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
