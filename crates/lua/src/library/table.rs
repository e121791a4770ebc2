//! The table `table`.

use blob::Blob;

use super::{
    Buffer, Function, check_int, define_all, get_at, int_length, int_or, push_integer, set_at,
    sort, text_cost,
};
use crate::error::Result;
use crate::machine::{Args, Lua};
use crate::number;
use crate::value::{TableRef, Value};

/// What it costs in units to move an element within the array.
const MOVE: u64 = 2;

/// What it costs in units to move an element that may be in the hash.
const MOVE_FAR: u64 = 20;

pub(super) fn open(lua: &mut Lua, table: TableRef) -> Result<()> {
    let functions: [(&str, Function); 9] = [
        ("concat", concat),
        ("foreach", foreach),
        ("foreachi", foreachi),
        ("getn", getn),
        ("insert", insert),
        ("maxn", maxn),
        ("remove", remove),
        ("setn", setn),
        ("sort", sort::sort),
    ];
    define_all(lua, table, &functions)
}

/// `table.concat(t [, separator [, i [, j]]])`
fn concat(lua: &mut Lua, args: Args) -> Result<usize> {
    let separator = match lua.arg(args, 2) {
        Value::Nil => Blob::default(),
        _ => lua.check_bytes(args, 2)?,
    };
    let table = lua.check_table(args, 1)?;
    let first = int_or(lua, args, 3, 1)?;
    let last = match lua.arg(args, 4) {
        Value::Nil => int_length(lua, table),
        _ => check_int(lua, args, 4)?,
    };
    let result = Buffer::fill(lua, |lua, result| {
        for index in first..=last {
            let value = get_at(lua, table, index);
            lua.spend(1 + text_cost(value))?;
            let Some(bytes) = lua.to_bytes(value) else {
                let kind = value.type_name();
                return Err(lua.throw(format!(
                    "invalid value ({kind}) at index {index} in table for 'concat'"
                )));
            };
            lua.spend_bytes(bytes.len() + separator.len())?;
            result.add(lua, &bytes)?;
            if index < last {
                result.add(lua, &separator)?;
            }
        }
        Ok(())
    })?;
    lua.push(result.into())
}

/// `table.foreach(t, f)`
fn foreach(lua: &mut Lua, args: Args) -> Result<usize> {
    let table = lua.check_table(args, 1)?;
    let function = lua.check_function(args, 2)?;
    let mut last = Value::Nil;
    while let Some((key, value)) = lua.next(table, last)? {
        // `f` may remove the key from the table.
        lua.push(key)?;
        let result = lua.call_for_one(function.into(), &[key, value])?;
        lua.pop();
        if !result.is_nil() {
            return lua.push(result);
        }
        last = key;
    }
    Ok(0)
}

/// `table.foreachi(t, f)`
fn foreachi(lua: &mut Lua, args: Args) -> Result<usize> {
    let table = lua.check_table(args, 1)?;
    let length = int_length(lua, table);
    let function = lua.check_function(args, 2)?;
    for index in 1..=length {
        let value = get_at(lua, table, index);
        let result = lua.call_for_one(function.into(), &[f64::from(index).into(), value])?;
        if !result.is_nil() {
            return lua.push(result);
        }
    }
    Ok(0)
}

/// `table.getn(t)`
fn getn(lua: &mut Lua, args: Args) -> Result<usize> {
    let table = lua.check_table(args, 1)?;
    push_integer(lua, lua.length(table))
}

/// `table.maxn(t)`
fn maxn(lua: &mut Lua, args: Args) -> Result<usize> {
    let table = lua.check_table(args, 1)?;
    let (mut max, mut last) = (0.0, Value::Nil);
    while let Some((key, _)) = lua.next(table, last)? {
        lua.spend(MOVE)?;
        if let Value::Number(number) = key
            && number > max
        {
            max = number;
        }
        last = key;
    }
    lua.push(max.into())
}

/// `table.setn(t, n)`
fn setn(lua: &mut Lua, args: Args) -> Result<usize> {
    lua.check_table(args, 1)?;
    Err(lua.throw("'setn' is obsolete"))
}

/// `table.insert(t, [position,] value)`
fn insert(lua: &mut Lua, args: Args) -> Result<usize> {
    let table = lua.check_table(args, 1)?;
    let end = int_length(lua, table).wrapping_add(1);
    let (position, value) = match args.len() {
        2 => (end, lua.arg(args, 2)),
        3 => (check_int(lua, args, 2)?, lua.arg(args, 3)),
        _ => return Err(lua.throw("wrong number of arguments to 'insert'")),
    };
    let cost = if (1..=end).contains(&position) { MOVE } else { MOVE_FAR };
    let mut index = end.max(position);
    while index > position {
        lua.spend(cost)?;
        let moved = get_at(lua, table, index - 1);
        set_at(lua, table, index, moved)?;
        index -= 1;
    }
    set_at(lua, table, position, value)?;
    Ok(0)
}

/// `table.remove(t [, position])`
fn remove(lua: &mut Lua, args: Args) -> Result<usize> {
    let table = lua.check_table(args, 1)?;
    let end = int_length(lua, table);
    let position = number::c_int(lua.integer_or(args, 2, i64::from(end))?);
    if !(1..=end).contains(&position) {
        return Ok(0);
    }
    let removed = get_at(lua, table, position);
    for index in position..end {
        lua.spend(MOVE)?;
        let moved = get_at(lua, table, index + 1);
        set_at(lua, table, index, moved)?;
    }
    set_at(lua, table, end, Value::Nil)?;
    lua.push(removed)
}
