//! Converts Lua to MessagePack.

use lua::{Args, Buffer, Lua, Result, TableRef, Value, number};

/// A table nested deeper than this is packed as nil.
const NESTING_MAX: usize = 16;

/// `cmsgpack.pack(value, ...)`
pub(super) fn pack(lua: &mut Lua, args: Args) -> Result<usize> {
    if args.is_empty() {
        return Err(lua.arg_error(args, 0, "MessagePack pack needs input."));
    }
    let packed = Buffer::fill(lua, |lua, buffer| {
        (1..=args.len()).try_for_each(|number| pack_value(lua, buffer, lua.arg(args, number), 0))
    })?;
    lua.push(packed.into())
}

fn pack_value(lua: &mut Lua, buffer: &mut Buffer, value: Value, nesting: usize) -> Result<()> {
    /// What a value costs, in units.
    const VALUE: u64 = 4;
    lua.spend(VALUE)?;
    match value {
        Value::Boolean(value) => buffer.add(lua, &[if value { 0xc3 } else { 0xc2 }]),
        Value::Number(float) => pack_number(lua, buffer, float),
        Value::String(string) => {
            let string = lua.bytes(string).clone();
            match number::length(string.len()) {
                len @ 0..=31 => buffer.add(lua, &[0xa0 | len as u8])?,
                len @ 32..0x100 => header(lua, buffer, 0xd9, len, 1)?,
                len @ 0x100..0x1_0000 => header(lua, buffer, 0xda, len, 2)?,
                len => header(lua, buffer, 0xdb, len, 4)?,
            }
            lua.spend_bytes(string.len())?;
            buffer.add(lua, &string)
        }
        Value::Table(table) if nesting < NESTING_MAX => pack_table(lua, buffer, table, nesting + 1),
        _ => buffer.add(lua, &[0xc0]),
    }
}

/// Packs an integer as one, and another number in the smallest format that holds it exactly.
fn pack_number(lua: &mut Lua, buffer: &mut Buffer, float: f64) -> Result<()> {
    let integer = number::truncate(float);
    if float != number::from_integer(integer) {
        let short = float as f32;
        if f64::from(short) == float {
            buffer.add(lua, &[0xca])?;
            return buffer.add(lua, &short.to_be_bytes());
        }
        buffer.add(lua, &[0xcb])?;
        return buffer.add(lua, &float.to_be_bytes());
    }
    if let Ok(small) = i8::try_from(integer)
        && small >= -32
    {
        return buffer.add(lua, &[small.cast_unsigned()]);
    }
    match integer {
        0..0x100 => header(lua, buffer, 0xcc, integer, 1),
        0x100..0x1_0000 => header(lua, buffer, 0xcd, integer, 2),
        0x1_0000..0x1_0000_0000 => header(lua, buffer, 0xce, integer, 4),
        0x1_0000_0000.. => header(lua, buffer, 0xcf, integer, 8),
        -0x80..0 => header(lua, buffer, 0xd0, integer, 1),
        -0x8000..-0x80 => header(lua, buffer, 0xd1, integer, 2),
        -0x8000_0000..-0x8000 => header(lua, buffer, 0xd2, integer, 4),
        _ => header(lua, buffer, 0xd3, integer, 8),
    }
}

/// Adds a type, and the low `len` bytes of a number, in big-endian order.
fn header(lua: &mut Lua, buffer: &mut Buffer, kind: u8, number: i64, len: usize) -> Result<()> {
    buffer.add(lua, &[kind])?;
    buffer.add(lua, &number.to_be_bytes()[8 - len..])
}

fn pack_table(lua: &mut Lua, buffer: &mut Buffer, table: TableRef, nesting: usize) -> Result<()> {
    let (count, is_array) = survey(lua, table)?;
    let [few, many, more] = if is_array { [0x90, 0xdc, 0xdd] } else { [0x80, 0xde, 0xdf] };
    match number::length(count) {
        count @ 0..=15 => buffer.add(lua, &[few | count as u8])?,
        count @ 16..0x1_0000 => header(lua, buffer, many, count, 2)?,
        count => header(lua, buffer, more, count, 4)?,
    }
    if is_array {
        return (1..=count).try_for_each(|index| {
            let value = lua.element(table, index);
            pack_value(lua, buffer, value, nesting)
        });
    }
    let mut last = Value::Nil;
    while let Some((key, value)) = lua.next(table, last)? {
        last = key;
        pack_value(lua, buffer, key, nesting)?;
        pack_value(lua, buffer, value, nesting)?;
    }
    Ok(())
}

/// Returns the number of entries, and whether they form an array.
fn survey(lua: &mut Lua, table: TableRef) -> Result<(usize, bool)> {
    let (mut count, mut highest, mut are_indexes) = (0, 0.0, true);
    let mut last = Value::Nil;
    while let Some((key, _)) = lua.next(table, last)? {
        last = key;
        lua.spend(1)?;
        count += 1;
        match key {
            Value::Number(index) if index >= 1.0 && index.floor() == index => {
                highest = index.max(highest);
            }
            _ => are_indexes = false,
        }
    }
    let is_array = are_indexes && highest == number::from_integer(number::length(count));
    Ok((count, is_array))
}
