//! The table `struct`: lua-struct 0.2, as Redis includes it.

mod format;

use lua::{Args, Buffer, Error, Lua, Result, STACK_MAX, TableRef, Value, number};

use self::format::Format;
use crate::Blob;

/// What an option costs, in units.
const OPTION: u64 = 2;

pub(super) fn table(lua: &mut Lua) -> Result<TableRef> {
    let table = lua.new_table(0, 0)?;
    lua.define(table, "pack", pack)?;
    lua.define(table, "unpack", unpack)?;
    lua.define(table, "size", size)?;
    Ok(table)
}

/// `struct.pack(format, ...)`
fn pack(lua: &mut Lua, args: Args) -> Result<usize> {
    let format = Format::new(lua.check_bytes(args, 1)?);
    let packed = Buffer::fill(lua, |lua, buffer| pack_into(lua, args, format, buffer))?;
    lua.push(packed.into())
}

fn pack_into(lua: &mut Lua, args: Args, mut format: Format, buffer: &mut Buffer) -> Result<()> {
    let mut number = 2;
    while let Some((option, size)) = format.next(lua)? {
        lua.spend(OPTION)?;
        buffer.add_zeros(lua, format.padding(buffer.len(), option, size))?;
        match option {
            b'b' | b'B' | b'h' | b'H' | b'l' | b'L' | b'T' | b'i' | b'I' => {
                let value = integer_bits(packed_number(lua, args, number)?);
                // The bytes beyond those of a long are zero.
                let mut wide = [0; format::INTEGER_MAX];
                wide[..8].copy_from_slice(&value.to_le_bytes());
                buffer.add(lua, format.ordered(&mut wide[..size]))?;
                number += 1;
            }
            b'x' => buffer.add_zeros(lua, 1)?,
            b'f' => {
                let value = packed_number(lua, args, number)? as f32;
                buffer.add(lua, format.ordered(&mut value.to_le_bytes()))?;
                number += 1;
            }
            b'd' => {
                let value = packed_number(lua, args, number)?;
                buffer.add(lua, format.ordered(&mut value.to_le_bytes()))?;
                number += 1;
            }
            b'c' | b's' => {
                let string = packed_string(lua, args, number)?;
                let size = if size == 0 { string.len() } else { size };
                number += 1;
                let Some(string) = string.get(..size) else {
                    return Err(lua.arg_error(args, number, "string too short"));
                };
                lua.spend_bytes(string.len())?;
                buffer.add(lua, string)?;
                if option == b's' {
                    buffer.add_zeros(lua, 1)?;
                }
            }
            _ => format.control(lua, args, option)?,
        }
    }
    Ok(())
}

/// The number to pack. As in C, the first missing argument is nil.
fn packed_number(lua: &mut Lua, args: Args, number: usize) -> Result<f64> {
    if number == args.len() + 1 {
        return Err(lua.arg_error(args, number, "number expected, got nil"));
    }
    lua.check_number(args, number)
}

fn packed_string(lua: &mut Lua, args: Args, number: usize) -> Result<Blob> {
    if number == args.len() + 1 {
        return Err(lua.arg_error(args, number, "string expected, got nil"));
    }
    lua.check_bytes(args, number)
}

/// `struct.unpack(format, bytes [, position])`: returns the values, and the position after them.
fn unpack(lua: &mut Lua, args: Args) -> Result<usize> {
    let mut format = Format::new(lua.check_bytes(args, 1)?);
    let data = lua.check_bytes(args, 2)?;
    let position = lua.integer_or(args, 3, 1)?;
    if position == 0 {
        return Err(lua.arg_error(args, 3, "offset must be 1 or greater"));
    }
    // As in C, a negative position becomes a large unsigned one.
    let mut at = usize::try_from(position.cast_unsigned().wrapping_sub(1)).unwrap_or(usize::MAX);
    let mut count = 0;
    while let Some((option, mut size)) = format.next(lua)? {
        lua.spend(OPTION)?;
        if args.len() + count + 2 > STACK_MAX {
            return Err(lua.throw("stack overflow (too many results)"));
        }
        at = at.saturating_add(format.padding(at, option, size));
        let bytes = part(lua, args, &data, at, size)?;
        match option {
            b'b' | b'B' | b'h' | b'H' | b'l' | b'L' | b'T' | b'i' | b'I' => {
                count += lua.push(format.integer(bytes, option.is_ascii_lowercase()))?;
            }
            b'x' => {}
            b'f' => {
                let float = f32::from_le_bytes(format.little(bytes));
                count += lua.push(f64::from(float).into())?;
            }
            b'd' => {
                count += lua.push(f64::from_le_bytes(format.little(bytes)).into())?;
            }
            b'c' => {
                if size == 0 {
                    let previous = if count == 0 { Value::Nil } else { lua.pop() };
                    let Some(previous) = lua.to_number(previous) else {
                        return Err(lua.throw("format 'c0' needs a previous size"));
                    };
                    count -= 1;
                    size = match usize::try_from(number::truncate(previous)) {
                        Ok(size) => size,
                        Err(_) => return Err(too_short(lua, args)),
                    };
                }
                let string = Blob::copy_from_slice(part(lua, args, &data, at, size)?);
                count += push_string(lua, string)?;
            }
            b's' => {
                let rest = part(lua, args, &data, at, data.len().saturating_sub(at))?;
                let len = memchr::memchr(0, rest);
                lua.spend_bytes(len.unwrap_or(rest.len()))?;
                let Some(len) = len else {
                    return Err(lua.throw("unfinished string in data"));
                };
                count += push_string(lua, Blob::copy_from_slice(&rest[..len]))?;
                size = len + 1;
            }
            _ => format.control(lua, args, option)?,
        }
        at += size;
    }
    let next = number::from_integer(number::length(at.saturating_add(1)));
    Ok(count + lua.push(next.into())?)
}

fn push_string(lua: &mut Lua, string: Blob) -> Result<usize> {
    lua.make_room(64 + string.len())?;
    let string = lua.string(string)?;
    lua.push(string.into())
}

/// The `size` bytes from `at` on.
fn part<'a>(lua: &mut Lua, args: Args, data: &'a Blob, at: usize, size: usize) -> Result<&'a [u8]> {
    let end = at.checked_add(size);
    match end.and_then(|end| data.get(at..end)) {
        Some(part) => Ok(part),
        None => Err(too_short(lua, args)),
    }
}

fn too_short(lua: &mut Lua, args: Args) -> Error {
    lua.arg_error(args, 2, "data string too short")
}

/// `struct.size(format)`
fn size(lua: &mut Lua, args: Args) -> Result<usize> {
    let mut format = Format::new(lua.check_bytes(args, 1)?);
    let mut at = 0_usize;
    while let Some((option, size)) = format.next(lua)? {
        lua.spend(OPTION)?;
        let problem = match (option, size) {
            (b's', _) => Some("option 's' has no fixed size"),
            (b'c', 0) => Some("option 'c0' has no fixed size"),
            _ => None,
        };
        if let Some(problem) = problem {
            return Err(lua.arg_error(args, 1, problem));
        }
        if !option.is_ascii_alphanumeric() {
            format.control(lua, args, option)?;
        }
        at = at.saturating_add(format.padding(at, option, size)).saturating_add(size);
    }
    lua.push(number::from_integer(number::length(at)).into())
}

/// The 64 bits of an integer. A number too large for a signed integer is taken as unsigned.
fn integer_bits(number: f64) -> u64 {
    if number < 0.0 { number::truncate(number).cast_unsigned() } else { number as u64 }
}
