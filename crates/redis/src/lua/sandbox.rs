//! The environment of scripts: Lua's libraries without the functions that Redis removes, and the
//! libraries that Redis adds. All of it is read-only.

use std::rc::Rc;

use lua::{Args, Error, Level, Lua, Result, StringRef, TableRef, Value};

use super::convert::Fields;
use super::host::Host;
use super::{bits, cjson, cmsgpack, redis_functions, structs};
use crate::Blob;

/// The names that scripts do not see: those that Redis removes, and those that would be unsafe.
const REMOVED: [&str; 13] = [
    "dofile", "loadfile", "print", "require", "module", "package", "newproxy", "getfenv",
    "setfenv", "io", "os", "debug", "arg",
];

/// The names of the global variables that each script sets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names {
    pub(super) keys: StringRef,
    pub(super) argv: StringRef,
}

/// Builds the environment.
pub(super) fn build(lua: &mut Lua, host: &Rc<Host>) -> Result<(Fields, Names)> {
    let fields = Fields::new(lua)?;
    let globals = lua.globals();
    for name in REMOVED {
        lua.set_field(globals, name, Value::Nil)?;
    }
    let redis = redis_functions::table(lua, host, fields)?;
    let cjson = cjson::table(lua, host)?;
    let cmsgpack = cmsgpack::table(lua)?;
    let structs = structs::table(lua)?;
    let bit = bits::table(lua)?;
    for (name, library) in [
        ("redis", redis),
        ("cjson", cjson),
        ("cmsgpack", cmsgpack),
        ("struct", structs),
        ("bit", bit),
        ("_G", globals),
    ] {
        lua.set_field(globals, name, library.into())?;
    }
    lua.define(globals, "pcall", move |lua, args| pcall(lua, args, fields))?;
    lua.define(globals, "__redis__err__handler", move |lua, args| {
        let error = lua.arg(args, 1);
        let error = with_place(lua, fields, error)?;
        lua.push(error.into())
    })?;
    let names = Names { keys: lua.string("KEYS")?, argv: lua.string("ARGV")? };
    // This reserves places for both variables, so that setting them later does not resize the
    // table.
    lua.raw_set(globals, names.keys.into(), false.into())?;
    lua.raw_set(globals, names.argv.into(), false.into())?;
    protect(lua, globals)?;
    lua.make_permanent();
    Ok((fields, names))
}

/// Makes the global table, the tables in it, and their metatables read-only.
fn protect(lua: &mut Lua, globals: TableRef) -> Result<()> {
    let metatable = lua.new_table(0, 1)?;
    lua.define(metatable, "__index", no_global)?;
    lua.set_metatable(globals, Some(metatable));
    let mut tables: Vec<TableRef> =
        [globals, metatable].into_iter().chain(lua.string_metatable()).collect();
    let mut last = Value::Nil;
    while let Some((key, value)) = lua.next(globals, last)? {
        last = key;
        if let Value::Table(table) = value {
            tables.push(table);
        }
    }
    for table in tables {
        lua.make_read_only(table);
    }
    Ok(())
}

/// Raises the error for a missing global variable.
fn no_global(lua: &mut Lua, args: Args) -> Result<usize> {
    if args.len() != 2 {
        return Err(lua.throw("Wrong number of arguments to luaProtectedTableError"));
    }
    let name = lua.arg(args, 2);
    let Some(name) = lua.to_bytes(name) else {
        return Err(
            lua.throw("Second argument to luaProtectedTableError must be a string or number")
        );
    };
    let name = name.split(|byte| *byte == 0).next().unwrap_or(&[]);
    lua.spend_bytes(2 * name.len())?;
    Err(lua
        .throw([b"Script attempted to access nonexistent global variable '", name, b"'"].concat()))
}

/// Redis's `pcall`: of an error that is a table, it returns only the text.
fn pcall(lua: &mut Lua, args: Args, fields: Fields) -> Result<usize> {
    let error = if args.is_empty() {
        lua.string("attempt to call a boolean value")?.into()
    } else {
        match lua.protected_call_of_arguments(args)? {
            Ok(count) => return Ok(count),
            Err(error) => error,
        }
    };
    let Value::Table(_) = error else {
        return lua.push_all(&[false.into(), error]);
    };
    // A metamethod may run, so the error must be on the stack.
    lua.push(error)?;
    let text = lua.index(error, fields.err.into())?;
    lua.pop();
    match text {
        text @ (Value::String(_) | Value::Number(_)) => lua.push_all(&[false.into(), text]),
        // Redis also returns the original error.
        other => lua.push_all(&[false.into(), error, other]),
    }
}

/// Redis's handler for errors that a script does not catch. It also handles its own errors.
pub(super) fn handle(lua: &mut Lua, fields: Fields, error: Value) -> Result<Value> {
    const TRIES: usize = 10;
    let mut error = error;
    for _ in 0..TRIES {
        match with_place(lua, fields, error) {
            Ok(table) => return Ok(table.into()),
            Err(Error::Thrown(another)) => error = another,
            Err(other) => return Err(other),
        }
    }
    Err(Error::Thrown(error))
}

/// Converts an error to Redis's table of its text and a place. The place is in the function that
/// raised the error, or in its caller if that is a C function.
fn with_place(lua: &mut Lua, fields: Fields, error: Value) -> Result<TableRef> {
    let table = match error {
        Value::Table(table) if lua.is_read_only(table) => return read_only(lua, fields),
        Value::Table(table) => table,
        other => {
            let text = lua.text_of(other)?;
            let text = lua.to_bytes(text).unwrap_or_default();
            let text = lua.string([b"ERR ", &*text].concat())?;
            let table = lua.new_table(0, 0)?;
            lua.raw_set(table, fields.err.into(), text.into())?;
            table
        }
    };
    let level = match lua.level(0) {
        Some(Level::Rust) => lua.level(1),
        level => level,
    };
    let (source, line) = match level {
        None => return Ok(table),
        Some(Level::Lua(place)) => (place.source, f64::from(place.line)),
        Some(Level::Rust) => (Blob::from_static("=[C]"), -1.0),
        Some(Level::TailCall) => (Blob::from_static("=(tail call)"), -1.0),
    };
    // Metamethods may run, so the table must be on the stack.
    lua.push(table.into())?;
    let source = lua.string(source)?;
    lua.set_index(table.into(), fields.source.into(), source.into())?;
    lua.set_index(table.into(), fields.line.into(), line.into())?;
    lua.pop();
    Ok(table)
}

/// The error of Redis's own handler, which is written in Lua, if the error is a read-only table.
fn read_only(lua: &mut Lua, fields: Fields) -> Result<TableRef> {
    let table = lua.new_table(0, 0)?;
    let text = lua.string("ERR err_handler_def:10: Attempt to modify a readonly table")?;
    lua.raw_set(table, fields.err.into(), text.into())?;
    let source = lua.string("@err_handler_def")?;
    lua.raw_set(table, fields.source.into(), source.into())?;
    lua.raw_set(table, fields.line.into(), 10.0.into())?;
    Ok(table)
}

/// The text and the place of such an error, for the client.
pub(super) fn describe(lua: &Lua, fields: Fields, error: TableRef) -> (Blob, Option<Blob>) {
    let field = |name: StringRef| lua.to_bytes(lua.raw_get(error, name.into()));
    let text = field(fields.err).unwrap_or(Blob::from_static("ERR unknown error"));
    let place = field(fields.source).zip(field(fields.line));
    let place = place.map(|(source, line)| Blob::from([&*source, b":", &*line].concat()));
    (text, place)
}
