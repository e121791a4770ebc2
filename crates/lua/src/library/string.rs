//! The table `string`: the functions that look at bytes.

use super::{
    Function, STACK_MAX, check_int, define_all, format, gsub, make_room_if_large, push_bytes,
    push_integer, search,
};
use blob::Blob;

use crate::error::Result;
use crate::machine::{Args, Lua};
use crate::number;
use crate::value::TableRef;

pub(super) fn open(lua: &mut Lua, table: TableRef) -> Result<()> {
    let functions: [(&str, Function); 12] = [
        ("byte", byte),
        ("char", char),
        ("dump", dump),
        ("find", search::find),
        ("format", format::format),
        ("gsub", gsub::gsub),
        ("len", len),
        ("lower", lower),
        ("match", search::match_),
        ("rep", rep),
        ("reverse", reverse),
        ("sub", sub),
    ];
    define_all(lua, table, &functions)?;
    lua.define(table, "upper", upper)?;
    search::open_gmatch(lua, table)?;
    let metatable = lua.new_table(0, 1)?;
    lua.set_field(metatable, "__index", table.into())?;
    lua.set_string_metatable(metatable);
    Ok(())
}

/// An absolute position in a string of this length. A negative position counts from the end.
pub(super) fn relative(position: i64, len: usize) -> i64 {
    let position = if position < 0 { position + number::length(len) + 1 } else { position };
    position.max(0)
}

/// `string.byte(s [, i [, j]])`
fn byte(lua: &mut Lua, args: Args) -> Result<usize> {
    let string = lua.check_bytes(args, 1)?;
    let first = relative(lua.integer_or(args, 2, 1)?, string.len());
    let last = relative(lua.integer_or(args, 3, first)?, string.len());
    let bytes = slice(&string, first, last);
    if bytes.len() + args.len() > STACK_MAX {
        return Err(lua.throw("stack overflow (string slice too long)"));
    }
    lua.spend(bytes.len() as u64)?;
    for byte in bytes {
        lua.push(f64::from(*byte).into())?;
    }
    Ok(bytes.len())
}

/// The existing bytes from position `first` to `last`, both inclusive.
fn slice(string: &[u8], first: i64, last: i64) -> &[u8] {
    let last = usize::try_from(last).unwrap_or(0).min(string.len());
    let before = usize::try_from(first.max(1) - 1).unwrap_or(0);
    string.get(before..last).unwrap_or(&[])
}

/// `string.char(...)`
fn char(lua: &mut Lua, args: Args) -> Result<usize> {
    lua.spend(args.len() as u64)?;
    let mut bytes = Vec::with_capacity(args.len());
    for index in 1..=args.len() {
        match u8::try_from(check_int(lua, args, index)?) {
            Ok(byte) => bytes.push(byte),
            Err(_) => return Err(lua.arg_error(args, index, "invalid value")),
        }
    }
    push_bytes(lua, bytes)
}

/// `string.dump(f)`: always fails, because there is no byte code.
fn dump(lua: &mut Lua, args: Args) -> Result<usize> {
    lua.check_function(args, 1)?;
    Err(lua.throw("unable to dump given function"))
}

/// `string.len(s)`
fn len(lua: &mut Lua, args: Args) -> Result<usize> {
    let string = lua.check_string(args, 1)?;
    push_integer(lua, lua.bytes(string).len())
}

/// `string.lower(s)`
fn lower(lua: &mut Lua, args: Args) -> Result<usize> {
    changed(lua, args, <[u8]>::to_ascii_lowercase)
}

/// `string.upper(s)`
fn upper(lua: &mut Lua, args: Args) -> Result<usize> {
    changed(lua, args, <[u8]>::to_ascii_uppercase)
}

/// `string.reverse(s)`
fn reverse(lua: &mut Lua, args: Args) -> Result<usize> {
    changed(lua, args, |bytes| bytes.iter().rev().copied().collect())
}

/// Changes a string to another one of the same length.
fn changed(lua: &mut Lua, args: Args, change: fn(&[u8]) -> Vec<u8>) -> Result<usize> {
    let string = lua.check_bytes(args, 1)?;
    lua.spend_bytes(string.len())?;
    make_room_if_large(lua, string.len())?;
    push_bytes(lua, change(&string))
}

/// `string.rep(s, n)`
fn rep(lua: &mut Lua, args: Args) -> Result<usize> {
    let string = lua.check_bytes(args, 1)?;
    let count = usize::try_from(check_int(lua, args, 2)?).unwrap_or(0);
    let len = string.len().saturating_mul(count);
    if len == 0 {
        return push_bytes(lua, Blob::default());
    }
    lua.spend_bytes(len)?;
    make_room_if_large(lua, len)?;
    push_bytes(lua, string.repeat(count))
}

/// `string.sub(s, i [, j])`
fn sub(lua: &mut Lua, args: Args) -> Result<usize> {
    let string = lua.check_bytes(args, 1)?;
    let first = relative(lua.check_integer(args, 2)?, string.len());
    let last = relative(lua.integer_or(args, 3, -1)?, string.len());
    let bytes = slice(&string, first, last);
    make_room_if_large(lua, bytes.len())?;
    push_bytes(lua, Blob::copy_from_slice(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_counted_from_either_end() {
        let cases: [(i64, i64, &str); 9] = [
            (2, 4, "ell"),
            (-3, -1, "llo"),
            (0, 100, "hello"),
            (-100, 2, "he"),
            (4, 2, ""),
            (6, -1, ""),
            (i64::MIN, i64::MIN, ""),
            (i64::MAX, i64::MAX, ""),
            (i64::MIN, i64::MAX, "hello"),
        ];
        for (first, last, expected) in cases {
            let (begin, end) = (relative(first, 5), relative(last, 5));
            let found = slice(b"hello", begin, end);
            assert_eq!(found, expected.as_bytes(), "{first} {last}");
        }
    }
}
