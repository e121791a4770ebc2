//! The table `bit`: Lua BitOp, on signed 32-bit integers.

use lua::{Args, Lua, Result, TableRef};

use crate::Blob;

pub(super) fn table(lua: &mut Lua) -> Result<TableRef> {
    let table = lua.new_table(0, 0)?;
    for (name, operation) in UNARY {
        lua.define(table, name, move |lua, args| {
            let value = bits(lua, args, 1)?;
            lua.push(f64::from(operation(value)).into())
        })?;
    }
    for (name, operation) in FOLDED {
        lua.define(table, name, move |lua, args| {
            let mut value = bits(lua, args, 1)?;
            lua.spend(args.len() as u64 / 4)?;
            for number in 2..=args.len() {
                value = operation(value, bits(lua, args, number)?);
            }
            lua.push(f64::from(value).into())
        })?;
    }
    for (name, operation) in SHIFTS {
        lua.define(table, name, move |lua, args| {
            let value = bits(lua, args, 1)?;
            let distance = bits(lua, args, 2)?.cast_unsigned() & 31;
            lua.push(f64::from(operation(value, distance)).into())
        })?;
    }
    lua.define(table, "tohex", to_hex)?;
    Ok(table)
}

type Unary = fn(i32) -> i32;
type Folded = fn(i32, i32) -> i32;
type Shift = fn(i32, u32) -> i32;

const UNARY: [(&str, Unary); 3] =
    [("tobit", |value| value), ("bnot", |value| !value), ("bswap", i32::swap_bytes)];

const FOLDED: [(&str, Folded); 3] =
    [("band", |a, b| a & b), ("bor", |a, b| a | b), ("bxor", |a, b| a ^ b)];

const SHIFTS: [(&str, Shift); 5] = [
    ("lshift", i32::wrapping_shl),
    ("rshift", |value, distance| (value.cast_unsigned() >> distance).cast_signed()),
    ("arshift", i32::wrapping_shr),
    ("rol", i32::rotate_left),
    ("ror", i32::rotate_right),
];

/// The low 32 bits of a number, which is rounded to an integer first. Adding a large number rounds,
/// because the sum has no bits left for a fraction.
#[expect(clippy::float_arithmetic, reason = "Lua's numbers are doubles")]
fn bits(lua: &mut Lua, args: Args, number: usize) -> Result<i32> {
    const ROUNDING: f64 = 6_755_399_441_055_744.0;
    let value = lua.check_number(args, number)?;
    Ok((value + ROUNDING).to_bits() as i32)
}

/// `bit.tohex(x [, n])`: returns the last `|n|` digits, in capitals if `n` is negative.
fn to_hex(lua: &mut Lua, args: Args) -> Result<usize> {
    let value = bits(lua, args, 1)?;
    let digits = if args.len() < 2 { 8 } else { bits(lua, args, 2)? };
    let hex = if digits < 0 { format!("{value:08X}") } else { format!("{value:08x}") };
    let count = usize::try_from(digits.unsigned_abs()).unwrap_or(8).min(8);
    let hex = lua.string(Blob::from(&hex[8 - count..]))?;
    lua.push(hex.into())
}
