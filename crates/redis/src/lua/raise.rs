//! Errors that functions written in Rust raise in Lua.
//!
//! `mlua` raises them as a userdata. Scripts never see it: each function that catches errors
//! (`pcall`, `xpcall`, `coroutine.resume`) turns it into what the same function of Redis, written
//! in C, would have raised: a text, or the table `{err = ...}` of a refused command.

use mlua::{Error, Lua, Value};
use thiserror::Error;

use crate::{Blob, ErrorReply};

/// What is raised.
#[derive(Clone, Debug, Error)]
pub(super) enum Raised {
    /// A text with its place, as `luaL_error` raises it.
    #[error("{0}")]
    Text(Blob),
    /// The refusal of a command, or of a function of the table `redis`.
    #[error("{0}")]
    Refusal(ErrorReply),
    /// The script must end: no script can catch it.
    #[error("{0}")]
    Final(Final),
}

/// Why a script must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(super) enum Final {
    #[error("Script ran for too many instructions")]
    OutOfInstructions,
    #[error("Script ran for too long")]
    OutOfTime,
    #[error("Script killed by user with SCRIPT KILL...")]
    Killed,
    #[error("Script was interrupted: the server ends")]
    Interrupted,
    #[error("Script used too much memory")]
    OutOfMemory,
    #[error("Script walked through a table whose order depends on addresses")]
    NoOrder,
}

impl From<Raised> for Error {
    fn from(raised: Raised) -> Error {
        Error::external(raised)
    }
}

/// What `error` was made of, if it was raised from here. What `mlua` raises by itself is a lack of
/// memory or of stack.
pub(super) fn raised(error: &Error) -> Raised {
    match error {
        Error::CallbackError { cause, .. } => raised(cause),
        Error::ExternalError(inner) => match inner.downcast_ref::<Raised>() {
            Some(raised) => raised.clone(),
            None => Raised::Text(Blob::from(inner.to_string())),
        },
        Error::MemoryError(_) => Raised::Final(Final::OutOfMemory),
        Error::StackError => Raised::Text(Blob::from("stack overflow")),
        Error::RuntimeError(text) => Raised::Text(Blob::from(text.as_str())),
        other => Raised::Text(Blob::from(other.to_string())),
    }
}

/// A text, after the place from which the running function was called.
pub(super) fn text(lua: &Lua, message: impl AsRef<[u8]>) -> Error {
    text_at(lua, 1, message.as_ref())
}

/// A text, after the place of the function that many levels up.
pub(super) fn text_at(lua: &Lua, level: usize, message: &[u8]) -> Error {
    let place = place(lua, level);
    Raised::Text(Blob::from([place.as_bytes(), message].concat())).into()
}

/// An `{err = ...}` of a function of the table `redis`.
pub(super) fn refusal(message: &'static str) -> Error {
    Raised::Refusal(ErrorReply::from_static(message)).into()
}

/// That an argument of the running function is not what it should be.
pub(super) fn argument(lua: &Lua, number: usize, problem: &str) -> Error {
    argument_at(lua, 0, number, problem)
}

/// As [`argument`], for the function that many levels up.
pub(super) fn argument_at(lua: &Lua, level: usize, number: usize, problem: &str) -> Error {
    let (name, is_method) = name(lua, level);
    let message = match (number, is_method) {
        (1, true) => format!("calling '{name}' on bad self"),
        (_, true) => format!("bad argument #{} to '{name}' ({problem})", number - 1),
        (_, false) => format!("bad argument #{number} to '{name}' ({problem})"),
    };
    text_at(lua, level + 1, message.as_bytes())
}

/// What the function that many levels up was called as, and whether as a method.
pub(super) fn name(lua: &Lua, level: usize) -> (String, bool) {
    let look = |debug: &mlua::debug::Debug<'_>| {
        let names = debug.names();
        let name = names.name.map_or_else(|| "?".to_owned(), |name| name.into_owned());
        (name, names.name_what == Some("method"))
    };
    lua.inspect_stack(level, look).unwrap_or(("?".to_owned(), false))
}

/// As `user_script:1: `; empty for what is not Lua.
fn place(lua: &Lua, level: usize) -> String {
    let look = |debug: &mlua::debug::Debug<'_>| {
        let line = debug.current_line()?;
        let source = debug.source();
        Some(format!("{}:{line}: ", source.short_src.unwrap_or_default()))
    };
    lua.inspect_stack(level, look).flatten().unwrap_or_default()
}

/// The name of a value's type, as Lua's `type` gives it.
pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Nil => "nil",
        Value::Boolean(_) => "boolean",
        Value::Integer(_) | Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Table(_) => "table",
        Value::Function(_) => "function",
        Value::Thread(_) => "thread",
        _ => "userdata",
    }
}
