//! How a run is left other than by its end.

use thiserror::Error;

use crate::value::Value;

/// What leaves a function before its end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Error {
    /// An error of the script, which `pcall` catches.
    Thrown(Value),
    /// The script must end. Nothing in it can catch that.
    Ended(End),
    /// The running coroutine yields; what it yields is on top of the stack.
    Yielded(usize),
}

/// Why a script must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum End {
    /// It used up its instructions.
    #[error("Script ran for too many instructions")]
    OutOfInstructions,
    /// It holds more memory than it may.
    #[error("Script used too much memory")]
    OutOfMemory,
    /// The host stopped it ([`Lua::stop_when`](crate::Lua::stop_when)).
    #[error("Script was stopped")]
    Stopped,
}

/// What functions written in Rust return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl From<End> for Error {
    fn from(end: End) -> Error {
        Error::Ended(end)
    }
}
