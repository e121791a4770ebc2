//! `load` and `loadstring`: how a script compiles texts.

use blob::Blob;

use super::{Buffer, Function, define_all, push_bytes};
use crate::c_string;
use crate::error::{Error, Result};
use crate::machine::{Args, Lua};
use crate::value::{TableRef, Value};

/// The longest text that a script may compile.
const TEXT_MAX: usize = 128 << 10;

const TOO_LONG: &str = "chunk is too long";

/// How many bytes of memory a compiled function takes for each byte of its text.
const COMPILED: usize = 8;

pub(super) fn open(lua: &mut Lua, globals: TableRef) -> Result<()> {
    let functions: [(&str, Function); 2] = [("load", load), ("loadstring", loadstring)];
    define_all(lua, globals, &functions)
}

/// `loadstring(text [, name])`
fn loadstring(lua: &mut Lua, args: Args) -> Result<usize> {
    let text = lua.check_bytes(args, 1)?;
    let name = if lua.arg(args, 2).is_nil() { text.clone() } else { lua.check_bytes(args, 2)? };
    compile(lua, &text, &name)
}

/// `load(reader [, name])`
fn load(lua: &mut Lua, args: Args) -> Result<usize> {
    let name = match lua.arg(args, 2) {
        Value::Nil => Blob::from_static("=(load)"),
        _ => lua.check_bytes(args, 2)?,
    };
    let reader = lua.check_function(args, 1)?;
    let text = Buffer::fill(lua, |lua, text| {
        while let Some(piece) = read(lua, reader.into())? {
            if text.len() + piece.len() > TEXT_MAX {
                return Err(Error::Thrown(lua.string(TOO_LONG)?.into()));
            }
            text.add(lua, &piece)?;
        }
        Ok(())
    });
    let text = match text {
        Ok(text) => lua.bytes(text).clone(),
        Err(Error::Thrown(error)) => return lua.push_all(&[Value::Nil, error]),
        Err(other) => return Err(other),
    };
    compile(lua, &text, &name)
}

/// The next piece, `None` at the end.
fn read(lua: &mut Lua, reader: Value) -> Result<Option<Blob>> {
    let count = match lua.protected_call(reader, &[])? {
        Ok(count) => count,
        Err(error) => return Err(Error::Thrown(error)),
    };
    let mut piece = Value::Nil;
    for _ in 0..count {
        piece = lua.pop();
    }
    match lua.to_bytes(piece) {
        Some(piece) => Ok(Some(piece).filter(|piece| !piece.is_empty())),
        None if piece.is_nil() => Ok(None),
        None => Err(lua.throw("reader function must return a string")),
    }
}

fn compile(lua: &mut Lua, text: &Blob, name: &[u8]) -> Result<usize> {
    if text.len() > TEXT_MAX {
        lua.push(Value::Nil)?;
        push_bytes(lua, TOO_LONG)?;
        return Ok(2);
    }
    // This may collect garbage. `text` and `name` are safe, because they are outside the heap.
    lua.make_room(COMPILED * text.len())?;
    match lua.load(text, &Blob::copy_from_slice(c_string(name)))? {
        Ok(function) => lua.push(function.into()),
        Err(message) => {
            lua.push(Value::Nil)?;
            push_bytes(lua, message)?;
            Ok(2)
        }
    }
}
