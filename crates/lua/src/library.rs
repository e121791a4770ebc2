//! The libraries that scripts have: the basic functions, `string`, `table`, `math`, `coroutine`.
//!
//! The functions behave as those of Lua 5.1.5 do, errors included. As in Redis, there are no
//! functions that read files, load modules, print or change environments.
//!
//! Each function follows three rules, besides those of the [machine](crate::machine):
//!
//! 1. It charges for each loop whose length a script can choose, while the loop runs.
//! 2. It builds a result that may be large in a [`Buffer`], or after [`make_room`](Lua::make_room).
//! 3. It does not change a read-only table.

mod base;
mod buffer;
mod coroutine;
mod errors;
mod format;
mod gsub;
mod load;
mod math;
mod pattern;
mod printf;
pub(crate) mod random;
mod search;
mod sort;
mod string;
mod table;
#[cfg(test)]
mod tests;

use blob::Blob;

pub use self::buffer::Buffer;
use crate::error::Result;
use crate::machine::{Args, Lua};
use crate::number;
use crate::value::{TableRef, Value};

/// A function of a library.
type Function = fn(&mut Lua, Args) -> Result<usize>;

/// The most values that a function in C can have on its stack: `LUAI_MAXCSTACK`. It bounds how many
/// values a library function takes or returns, and how deep the data that it reads is nested.
pub const STACK_MAX: usize = 8_000;

/// The largest result in bytes that is made without asking for room.
const SMALL: usize = 4_096;

/// Puts all libraries among the global variables.
pub(crate) fn open(lua: &mut Lua) -> Result<()> {
    let globals = lua.globals();
    base::open(lua, globals)?;
    errors::open(lua, globals)?;
    load::open(lua, globals)?;
    let library = new_library(lua, "string")?;
    string::open(lua, library)?;
    let library = new_library(lua, "table")?;
    table::open(lua, library)?;
    let library = new_library(lua, "math")?;
    math::open(lua, library)?;
    let library = new_library(lua, "coroutine")?;
    coroutine::open(lua, library)
}

fn new_library(lua: &mut Lua, name: &str) -> Result<TableRef> {
    let library = lua.new_table(0, 0)?;
    let globals = lua.globals();
    lua.set_field(globals, name, library.into())?;
    Ok(library)
}

/// Puts functions into a table.
fn define_all(lua: &mut Lua, table: TableRef, functions: &[(&str, Function)]) -> Result<()> {
    for (name, function) in functions {
        lua.define(table, name, *function)?;
    }
    Ok(())
}

/// Adds a result that is a string.
fn push_bytes(lua: &mut Lua, bytes: impl Into<Blob>) -> Result<usize> {
    let string = lua.string(bytes)?;
    lua.push(string.into())
}

/// Adds a result that is an integer.
fn push_integer(lua: &mut Lua, integer: usize) -> Result<usize> {
    lua.push(number::from_integer(number::length(integer)).into())
}

/// What it costs in units to write a value as text, besides its bytes. Only numbers cost anything.
fn text_cost(value: Value) -> u64 {
    if let Value::Number(number) = value { number::text_cost(number) } else { 0 }
}

/// [Makes room](Lua::make_room) for a result of that size, if it is large. A heap that is nearly
/// full would otherwise be collected for each small string.
fn make_room_if_large(lua: &mut Lua, bytes: usize) -> Result<()> {
    if bytes > SMALL { lua.make_room(bytes) } else { Ok(()) }
}

/// An argument that is an integer, cut to a C `int`.
fn check_int(lua: &mut Lua, args: Args, number: usize) -> Result<i32> {
    Ok(number::c_int(lua.check_integer(args, number)?))
}

/// As [`check_int`], or the default if there is no such argument.
fn int_or(lua: &mut Lua, args: Args, number: usize, default: i32) -> Result<i32> {
    Ok(number::c_int(lua.integer_or(args, number, i64::from(default))?))
}

/// The element of a table at any integer.
fn get_at(lua: &Lua, table: TableRef, index: i32) -> Value {
    lua.raw_get(table, Value::Number(f64::from(index)))
}

/// Sets the element of a table at any integer, unless the table is read-only.
fn set_at(lua: &mut Lua, table: TableRef, index: i32, value: Value) -> Result<()> {
    if lua.is_read_only(table) {
        return Err(lua.read_only());
    }
    lua.raw_set(table, Value::Number(f64::from(index)), value)
}

/// The length of a table as a C `int`.
fn int_length(lua: &Lua, table: TableRef) -> i32 {
    number::c_int(number::length(lua.length(table)))
}
