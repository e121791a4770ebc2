//! `assert`, `error`, `pcall` and `xpcall`: how errors are raised and caught.

use super::{Function, define_all, int_or};
use crate::c_string;
use crate::error::{Error, Result};
use crate::machine::{Args, Lua};
use crate::value::{TableRef, Value};

pub(super) fn open(lua: &mut Lua, globals: TableRef) -> Result<()> {
    let functions: [(&str, Function); 4] =
        [("assert", assert), ("error", error), ("pcall", pcall), ("xpcall", xpcall)];
    define_all(lua, globals, &functions)
}

/// `assert(value [, message])`
fn assert(lua: &mut Lua, args: Args) -> Result<usize> {
    if lua.check_any(args, 1)?.is_falsy() {
        if lua.arg(args, 2).is_nil() {
            return Err(lua.throw("assertion failed!"));
        }
        let message = lua.check_bytes(args, 2)?;
        return Err(lua.throw(c_string(&message)));
    }
    // The arguments are on the stack, and are the results.
    lua.spend(args.len() as u64 / 8)?;
    Ok(args.len())
}

/// `error(message [, level])`
fn error(lua: &mut Lua, args: Args) -> Result<usize> {
    let level = int_or(lua, args, 2, 1)?;
    let value = lua.arg(args, 1);
    Err(match (usize::try_from(level), lua.to_bytes(value)) {
        (Ok(level @ 1..), Some(message)) => lua.throw_at(level, message),
        _ => Error::Thrown(value),
    })
}

/// `pcall(f, ...)`
fn pcall(lua: &mut Lua, args: Args) -> Result<usize> {
    lua.check_any(args, 1)?;
    match lua.protected_call_of_arguments(args)? {
        Ok(count) => Ok(count),
        Err(error) => lua.push_all(&[false.into(), error]),
    }
}

/// `xpcall(f, handler)`
fn xpcall(lua: &mut Lua, args: Args) -> Result<usize> {
    lua.check_any(args, 2)?;
    let (function, handler) = (lua.arg(args, 1), lua.arg(args, 2));
    lua.push(true.into())?;
    let outcome = lua.handled_call(function, &[], |lua, error| handle(lua, handler, error))?;
    finish(lua, outcome)
}

/// Calls the handler. The handler also handles its own errors, until C's stack would overflow.
fn handle(lua: &mut Lua, handler: Value, error: Value) -> Result<Value> {
    /// More calls than fit on the stack of C.
    const CALLS_MAX: u32 = 250;
    let mut error = error;
    for _ in 0..CALLS_MAX {
        let Value::Function(_) = handler else { break };
        match lua.call_for_one(handler, &[error]) {
            Err(Error::Thrown(another)) => error = another,
            other => return other,
        }
    }
    Err(Error::Thrown(error))
}

/// A `true` is already before the results.
fn finish(lua: &mut Lua, outcome: std::result::Result<usize, Value>) -> Result<usize> {
    match outcome {
        Ok(count) => Ok(count + 1),
        Err(error) => {
            lua.pop();
            lua.push_all(&[false.into(), error])
        }
    }
}
