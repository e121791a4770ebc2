//! Errors, and other reasons to leave a function early.

use thiserror::Error;

use crate::value::Value;

/// What leaves a function before its end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Error {
    /// An error of the script, which `pcall` catches.
    Thrown(Value),
    /// The script must end. `pcall` does not catch this.
    Ended(End),
    /// The running coroutine yields this many values, which are on top of the stack.
    Yielded(usize),
}

/// Why a script must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum End {
    /// The script spent all its units.
    #[error("Script ran for too many instructions")]
    OutOfInstructions,
    /// The script exceeded its memory limit.
    #[error("Script used too much memory")]
    OutOfMemory,
    /// The host stopped the script ([`Lua::stop_when`](crate::Lua::stop_when)).
    #[error("Script was stopped")]
    Stopped,
}

/// The result of functions written in Rust.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl From<End> for Error {
    fn from(end: End) -> Error {
        Error::Ended(end)
    }
}
