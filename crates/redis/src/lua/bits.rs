//! The table `bit`: Lua BitOp, on signed 32-bit integers.

use mlua::{Lua, Result, Table};

use super::arguments::Arguments;
use super::host::define;

pub(super) fn table(lua: &Lua) -> Result<Table> {
    let table = lua.create_table()?;
    for (name, operation) in UNARY {
        define(lua, &table, name, move |lua, arguments| {
            Ok(f64::from(operation(bits(lua, &arguments, 1)?)))
        })?;
    }
    for (name, operation) in FOLDED {
        define(lua, &table, name, move |lua, arguments| {
            let mut value = bits(lua, &arguments, 1)?;
            for number in 2..=arguments.len() {
                value = operation(value, bits(lua, &arguments, number)?);
            }
            Ok(f64::from(value))
        })?;
    }
    for (name, operation) in SHIFTS {
        define(lua, &table, name, move |lua, arguments| {
            let value = bits(lua, &arguments, 1)?;
            let distance = bits(lua, &arguments, 2)?.cast_unsigned() & 31;
            Ok(f64::from(operation(value, distance)))
        })?;
    }
    define(lua, &table, "tohex", |lua, arguments| to_hex(lua, &arguments))?;
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

/// The low 32 bits of a number, rounded to an integer first: it is added to a number so large that
/// a double has no bits left for a fraction.
#[expect(clippy::float_arithmetic, reason = "Lua's numbers are doubles")]
fn bits(lua: &Lua, arguments: &Arguments, number: usize) -> Result<i32> {
    const ROUNDING: f64 = 6_755_399_441_055_744.0;
    let value = arguments.number(lua, number)?;
    Ok((value + ROUNDING).to_bits() as i32)
}

/// `bit.tohex(x [, n])`: the last digits, in capitals if their number is negative.
fn to_hex(lua: &Lua, arguments: &Arguments) -> Result<String> {
    let value = bits(lua, arguments, 1)?;
    let digits = if arguments.len() < 2 { 8 } else { bits(lua, arguments, 2)? };
    let hex = if digits < 0 { format!("{value:08X}") } else { format!("{value:08x}") };
    let count = usize::try_from(digits.unsigned_abs()).unwrap_or(8).min(8);
    Ok(hex[8 - count..].to_owned())
}
