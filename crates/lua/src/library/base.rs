//! The basic functions that look at values and tables.

use super::{
    Function, STACK_MAX, check_int, define_all, get_at, int_length, int_or, push_integer, text_cost,
};
use crate::c_string;
use crate::error::Result;
use crate::machine::{Args, Lua};
use crate::metamethod::Metamethod;
use crate::number;
use crate::value::{StringRef, TableRef, Value};

pub(super) fn open(lua: &mut Lua, globals: TableRef) -> Result<()> {
    let functions: [(&str, Function); 12] = [
        ("collectgarbage", collectgarbage),
        ("gcinfo", gcinfo),
        ("getmetatable", getmetatable),
        ("next", next),
        ("rawequal", rawequal),
        ("rawget", rawget),
        ("rawset", rawset),
        ("select", select),
        ("setmetatable", setmetatable),
        ("tonumber", tonumber),
        ("tostring", tostring),
        ("unpack", unpack),
    ];
    define_all(lua, globals, &functions)?;
    open_walks(lua, globals)?;
    open_type(lua, globals)?;
    lua.set_field(globals, "_G", globals.into())?;
    let version = lua.string("Lua 5.1")?;
    lua.set_field(globals, "_VERSION", version.into())
}

/// `pairs(t)` and `ipairs(t)`: each returns an iterator function.
fn open_walks(lua: &mut Lua, globals: TableRef) -> Result<()> {
    let step = lua.register(next);
    let step = lua.closure(step, &[])?;
    lua.define(globals, "pairs", move |lua, args| {
        let table = lua.check_table(args, 1)?;
        lua.push_all(&[step.into(), table.into(), Value::Nil])
    })?;
    let step = lua.register(next_element);
    let step = lua.closure(step, &[])?;
    lua.define(globals, "ipairs", move |lua, args| {
        let table = lua.check_table(args, 1)?;
        lua.push_all(&[step.into(), table.into(), 0.0.into()])
    })
}

/// `type(value)`. The names are made once.
fn open_type(lua: &mut Lua, globals: TableRef) -> Result<()> {
    const NAMES: [&str; 8] =
        ["nil", "boolean", "number", "string", "table", "function", "thread", "userdata"];
    let mut names: [Option<StringRef>; NAMES.len()] = [None; NAMES.len()];
    for (slot, name) in names.iter_mut().zip(NAMES) {
        *slot = Some(lua.string(name)?);
    }
    lua.define(globals, "type", move |lua, args| {
        let name = names[match lua.check_any(args, 1)? {
            Value::Nil => 0,
            Value::Boolean(_) => 1,
            Value::Number(_) => 2,
            Value::String(_) => 3,
            Value::Table(_) => 4,
            Value::Function(_) => 5,
            Value::Thread(_) => 6,
            Value::Null => 7,
        }];
        lua.push(name.map_or(Value::Nil, Value::String))
    })
}

/// `collectgarbage([what [, argument]])`. All answers are constant, because a script cannot observe
/// the collector.
fn collectgarbage(lua: &mut Lua, args: Args) -> Result<usize> {
    /// How many bytes of a wrong option an error message shows.
    const SHOWN: usize = 100;
    let what = match lua.arg(args, 1) {
        Value::Nil => "collect".into(),
        _ => lua.check_bytes(args, 1)?,
    };
    let what = c_string(&what);
    let answer = match what {
        b"stop" | b"restart" | b"collect" | b"count" => 0.0.into(),
        b"step" => false.into(),
        b"setpause" | b"setstepmul" => 200.0.into(),
        _ => {
            let shown = String::from_utf8_lossy(&what[..what.len().min(SHOWN)]);
            let problem = format!("invalid option '{shown}'");
            return Err(lua.arg_error(args, 1, &problem));
        }
    };
    int_or(lua, args, 2, 0)?;
    lua.push(answer)
}

/// `gcinfo()`
fn gcinfo(lua: &mut Lua, _: Args) -> Result<usize> {
    lua.push_all(&[0.0.into(), 0.0.into()])
}

/// `getmetatable(value)`
fn getmetatable(lua: &mut Lua, args: Args) -> Result<usize> {
    let metatable = match lua.check_any(args, 1)? {
        Value::Table(table) => lua.metatable(table),
        Value::String(_) => lua.string_metatable(),
        _ => None,
    };
    let Some(metatable) = metatable else {
        return lua.push(Value::Nil);
    };
    let protection = lua.metamethod_in(metatable, Metamethod::Metatable);
    lua.push(if protection.is_nil() { metatable.into() } else { protection })
}

/// `setmetatable(t, metatable)`
fn setmetatable(lua: &mut Lua, args: Args) -> Result<usize> {
    let table = lua.check_table(args, 1)?;
    let metatable = match lua.arg(args, 2) {
        Value::Table(metatable) => Some(metatable),
        Value::Nil if args.len() >= 2 => None,
        _ => return Err(lua.arg_error(args, 2, "nil or table expected")),
    };
    if let Some(current) = lua.metatable(table)
        && !lua.metamethod_in(current, Metamethod::Metatable).is_nil()
    {
        return Err(lua.throw("cannot change a protected metatable"));
    }
    if lua.is_read_only(table) {
        return Err(lua.read_only());
    }
    lua.set_metatable(table, metatable);
    lua.push(table.into())
}

/// `next(t [, key])`
fn next(lua: &mut Lua, args: Args) -> Result<usize> {
    let table = lua.check_table(args, 1)?;
    let key = lua.arg(args, 2);
    match lua.next(table, key)? {
        Some((key, value)) => lua.push_all(&[key, value]),
        None => lua.push(Value::Nil),
    }
}

/// The iterator that `ipairs` returns.
fn next_element(lua: &mut Lua, args: Args) -> Result<usize> {
    let index = check_int(lua, args, 2)?.wrapping_add(1);
    let table = lua.check_table(args, 1)?;
    match get_at(lua, table, index) {
        Value::Nil => Ok(0),
        value => lua.push_all(&[f64::from(index).into(), value]),
    }
}

/// `rawequal(one, other)`
fn rawequal(lua: &mut Lua, args: Args) -> Result<usize> {
    let (one, other) = (lua.check_any(args, 1)?, lua.check_any(args, 2)?);
    let equal = lua.raw_equal(one, other);
    lua.push(equal.into())
}

/// `rawget(t, key)`
fn rawget(lua: &mut Lua, args: Args) -> Result<usize> {
    let table = lua.check_table(args, 1)?;
    let key = lua.check_any(args, 2)?;
    let value = lua.raw_get(table, key);
    lua.push(value)
}

/// `rawset(t, key, value)`
fn rawset(lua: &mut Lua, args: Args) -> Result<usize> {
    let table = lua.check_table(args, 1)?;
    let (key, value) = (lua.check_any(args, 2)?, lua.check_any(args, 3)?);
    if lua.is_read_only(table) {
        return Err(lua.read_only());
    }
    lua.raw_set(table, key, value)?;
    lua.push(table.into())
}

/// `select(n, ...)` and `select('#', ...)`
fn select(lua: &mut Lua, args: Args) -> Result<usize> {
    if let Value::String(text) = lua.arg(args, 1)
        && lua.bytes(text).starts_with(b"#")
    {
        return push_integer(lua, args.len() - 1);
    }
    let from = i64::from(check_int(lua, args, 1)?);
    let count = number::length(args.len());
    let from = if from < 0 { count + from } else { from.min(count) };
    if from < 1 {
        return Err(lua.arg_error(args, 1, "index out of range"));
    }
    // The results are already on top of the stack.
    let results = usize::try_from(count - from).unwrap_or(0);
    lua.spend(results as u64 / 8)?;
    Ok(results)
}

/// `tonumber(value [, base])`
fn tonumber(lua: &mut Lua, args: Args) -> Result<usize> {
    let base = int_or(lua, args, 2, 10)?;
    if base == 10 {
        let value = lua.check_any(args, 1)?;
        if let Value::String(text) = value {
            lua.spend_bytes(lua.bytes(text).len())?;
        }
        let number = lua.to_number(value);
        return lua.push(number.map_or(Value::Nil, Value::Number));
    }
    let text = lua.check_bytes(args, 1)?;
    let base = match u32::try_from(base) {
        Ok(base @ 2..=36) => base,
        _ => return Err(lua.arg_error(args, 2, "base out of range")),
    };
    lua.spend_bytes(8 * text.len())?;
    let number = whole_number(c_string(&text), base);
    lua.push(number.map_or(Value::Nil, |number| number::from_unsigned(number).into()))
}

/// Reads the whole text as a number in this base, as C's `strtoul` does. A sign is allowed, a
/// negative number wraps around, and a number that is too large becomes the largest one.
fn whole_number(text: &[u8], base: u32) -> Option<u64> {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t'..=b'\r');
    let begin = text.iter().position(|byte| !is_space(byte))?;
    let end = text.iter().rposition(|byte| !is_space(byte))?;
    let text = &text[begin..=end];
    let (is_negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let digits = match text {
        [b'0', b'x' | b'X', rest @ ..] if base == 16 => rest,
        _ => text,
    };
    if digits.is_empty() {
        return None;
    }
    let mut number = Some(0_u64);
    for byte in digits {
        let digit = u64::from(char::from(*byte).to_digit(base)?);
        number = number
            .and_then(|number| number.checked_mul(u64::from(base)))
            .and_then(|number| number.checked_add(digit));
    }
    Some(match number {
        Some(number) if is_negative => number.wrapping_neg(),
        Some(number) => number,
        None => u64::MAX,
    })
}

/// `tostring(value)`
fn tostring(lua: &mut Lua, args: Args) -> Result<usize> {
    let value = lua.check_any(args, 1)?;
    lua.spend(text_cost(value))?;
    let text = lua.text_of(value)?;
    lua.push(text)
}

/// `unpack(t [, i [, j]])`
fn unpack(lua: &mut Lua, args: Args) -> Result<usize> {
    let table = lua.check_table(args, 1)?;
    let first = int_or(lua, args, 2, 1)?;
    let last = match lua.arg(args, 3) {
        Value::Nil => int_length(lua, table),
        _ => check_int(lua, args, 3)?,
    };
    if first > last {
        return Ok(0);
    }
    let count = first.abs_diff(last) as usize + 1;
    if count + args.len() > STACK_MAX {
        return Err(lua.throw("too many results to unpack"));
    }
    lua.spend(count as u64)?;
    for index in first..=last {
        let value = get_at(lua, table, index);
        lua.push(value)?;
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_in_any_base_as_strtoul_reads_them() {
        let cases: [(&str, u32, Option<u64>); 15] = [
            ("ff", 16, Some(255)),
            (" \t0xFf\n", 16, Some(255)),
            ("0x", 16, None),
            ("0x10", 15, None),
            ("zz", 36, Some(1_295)),
            ("12", 2, None),
            ("-1", 16, Some(u64::MAX)),
            ("+7", 8, Some(7)),
            ("- 1", 8, None),
            ("--1", 8, None),
            ("-", 8, None),
            ("", 8, None),
            ("  ", 8, None),
            ("ffffffffffffffffff", 16, Some(u64::MAX)),
            ("-ffffffffffffffffff", 16, Some(u64::MAX)),
        ];
        for (text, base, expected) in cases {
            assert_eq!(whole_number(text.as_bytes(), base), expected, "{text} in base {base}");
        }
    }
}
