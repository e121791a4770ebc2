//! The table `coroutine`.

use super::{Function, STACK_MAX, define_all, push_bytes};
use crate::error::{Error, Result};
use crate::machine::{Args, Lua};
use crate::value::{TableRef, ThreadRef, Value};

pub(super) fn open(lua: &mut Lua, table: TableRef) -> Result<()> {
    let functions: [(&str, Function); 5] = [
        ("create", create),
        ("resume", resume),
        ("running", running),
        ("status", status),
        ("yield", yield_values),
    ];
    define_all(lua, table, &functions)?;
    let wrapped = lua.register(resume_wrapped);
    lua.define(table, "wrap", move |lua, args| {
        let thread = new_thread(lua, args)?;
        let function = lua.closure(wrapped, &[Value::Thread(thread)])?;
        lua.push(function.into())
    })
}

fn new_thread(lua: &mut Lua, args: Args) -> Result<ThreadRef> {
    match lua.arg(args, 1) {
        Value::Function(function) if !lua.is_native(function) => lua.new_coroutine(function),
        _ => Err(lua.arg_error(args, 1, "Lua function expected")),
    }
}

fn check_thread(lua: &mut Lua, args: Args) -> Result<ThreadRef> {
    match lua.arg(args, 1) {
        Value::Thread(thread) => Ok(thread),
        _ => Err(lua.arg_error(args, 1, "coroutine expected")),
    }
}

/// `coroutine.create(f)`
fn create(lua: &mut Lua, args: Args) -> Result<usize> {
    let thread = new_thread(lua, args)?;
    lua.push(Value::Thread(thread))
}

/// `coroutine.resume(thread, ...)`
fn resume(lua: &mut Lua, args: Args) -> Result<usize> {
    let thread = check_thread(lua, args)?;
    lua.push(true.into())?;
    match resume_with(lua, thread, args, 2)? {
        Ok(count) => Ok(count + 1),
        Err(error) => {
            lua.pop();
            lua.push_all(&[false.into(), error])
        }
    }
}

/// Resumes with the arguments from number `first` on.
fn resume_with(
    lua: &mut Lua,
    thread: ThreadRef,
    args: Args,
    from: usize,
) -> Result<std::result::Result<usize, Value>> {
    let arguments = lua.args_from(args, from).to_vec();
    if arguments.len() > STACK_MAX {
        return Err(lua.throw("too many arguments to resume"));
    }
    lua.resume(thread, &arguments)
}

/// The function that `coroutine.wrap` returns. It passes errors on, prefixed with the caller's
/// place.
fn resume_wrapped(lua: &mut Lua, args: Args) -> Result<usize> {
    let Value::Thread(thread) = lua.upvalue(args, 0) else {
        return Ok(0);
    };
    match resume_with(lua, thread, args, 1)? {
        Ok(count) => Ok(count),
        Err(error) => Err(match lua.to_bytes(error) {
            Some(message) => lua.throw(message),
            None => Error::Thrown(error),
        }),
    }
}

/// `coroutine.running()`
fn running(lua: &mut Lua, _: Args) -> Result<usize> {
    let thread = lua.running_coroutine();
    lua.push(thread.map_or(Value::Nil, Value::Thread))
}

/// `coroutine.status(thread)`
fn status(lua: &mut Lua, args: Args) -> Result<usize> {
    let thread = check_thread(lua, args)?;
    let status = lua.coroutine_status(thread);
    push_bytes(lua, status)
}

/// `coroutine.yield(...)`
fn yield_values(lua: &mut Lua, args: Args) -> Result<usize> {
    let values = lua.args_from(args, 1).to_vec();
    lua.spend(values.len() as u64 / 8)?;
    lua.yield_now(&values)
}
