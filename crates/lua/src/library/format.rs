//! `string.format`.

use blob::Blob;

use super::Buffer;
use super::printf::{Spec, SpecError};
use crate::c_string;
use crate::error::Result;
use crate::machine::{Args, Lua};
use crate::number;

/// What one item costs in units, besides its bytes.
const ITEM: u64 = 20;

/// `string.format(format, ...)`
pub(super) fn format(lua: &mut Lua, args: Args) -> Result<usize> {
    let format = lua.check_bytes(args, 1)?;
    lua.spend_bytes(format.len())?;
    let result = Buffer::fill(lua, |lua, result| fill(lua, args, result, &format))?;
    lua.push(result.into())
}

fn fill(lua: &mut Lua, args: Args, result: &mut Buffer, format: &[u8]) -> Result<()> {
    let mut rest = format;
    let mut arg = 1;
    while let Some(plain) = memchr::memchr(b'%', rest) {
        result.add(lua, &rest[..plain])?;
        rest = &rest[plain + 1..];
        lua.spend(1)?;
        if let [b'%', behind @ ..] = rest {
            result.add(lua, b"%")?;
            rest = behind;
            continue;
        }
        arg += 1;
        if arg > args.len() {
            return Err(lua.arg_error(args, arg, "no value"));
        }
        lua.spend(ITEM)?;
        let (spec, len) = match Spec::parse(rest) {
            Ok(parsed) => parsed,
            Err(SpecError::RepeatedFlags) => {
                return Err(lua.throw("invalid format (repeated flags)"));
            }
            Err(SpecError::TooLong) => {
                return Err(lua.throw("invalid format (width or precision too long)"));
            }
        };
        // C sees a zero after the last byte.
        let conversion = rest.get(len).copied().unwrap_or(0);
        rest = rest.get(len + 1..).unwrap_or(&[]);
        add_item(lua, args, result, &spec, conversion, arg)?;
    }
    result.add(lua, rest)
}

fn add_item(
    lua: &mut Lua,
    args: Args,
    result: &mut Buffer,
    spec: &Spec,
    conversion: u8,
    arg: usize,
) -> Result<()> {
    /// A string of at least this many bytes is added unchanged, as in C.
    const LONG: usize = 100;
    let item = match conversion {
        b'c' => spec.character(low_byte(lua.check_number(args, arg)?)),
        b'd' | b'i' if spec.is_plain() => {
            let integer = number::truncate(lua.check_number(args, arg)?);
            return result.add(lua, &Blob::format(format_args!("{integer}")));
        }
        b'd' | b'i' => spec.signed(number::truncate(lua.check_number(args, arg)?)),
        b'o' | b'u' | b'x' | b'X' => {
            spec.unsigned(unsigned(lua.check_number(args, arg)?), conversion)
        }
        b'e' | b'E' | b'f' | b'g' | b'G' => {
            let number = lua.check_number(args, arg)?;
            lua.spend(spec.float_cost(number))?;
            spec.float(number, conversion)
        }
        b'q' => return add_quoted(lua, args, result, arg),
        b's' => {
            let string = lua.check_bytes(args, arg)?;
            if spec.is_plain() && string.len() < LONG {
                return result.add(lua, c_string(&string));
            }
            if spec.precision.is_none() && string.len() >= LONG {
                lua.spend_bytes(string.len())?;
                return result.add(lua, &string);
            }
            spec.string(&string)
        }
        other => {
            // `%c` of `luaO_pushfstring` writes nothing for a zero.
            let shown: &[u8] = if other == 0 { &[] } else { &[other] };
            return Err(lua.throw([b"invalid option '%", shown, b"' to 'format'"].concat()));
        }
    };
    result.add(lua, &item)
}

/// The byte that C converts a number to, by way of a 32-bit integer. A number that does not fit
/// becomes the smallest integer.
fn low_byte(number: f64) -> u8 {
    let integer = i32::try_from(number::truncate(number)).unwrap_or(i32::MIN);
    integer.to_le_bytes()[0]
}

/// The unsigned integer that C converts a number to on x86-64.
fn unsigned(number: f64) -> u64 {
    const HALF: f64 = 9_223_372_036_854_775_808.0;
    if number >= HALF {
        return number::truncate(number - HALF).cast_unsigned() ^ 1 << 63;
    }
    number::truncate(number).cast_unsigned()
}

/// Adds a string as a literal of Lua.
fn add_quoted(lua: &mut Lua, args: Args, result: &mut Buffer, arg: usize) -> Result<()> {
    let string = lua.check_bytes(args, arg)?;
    lua.spend_bytes(4 * string.len())?;
    result.add(lua, b"\"")?;
    for byte in &string[..] {
        match byte {
            b'"' | b'\\' | b'\n' => result.add(lua, &[b'\\', *byte])?,
            b'\r' => result.add(lua, b"\\r")?,
            0 => result.add(lua, b"\\000")?,
            _ => result.add(lua, &[*byte])?,
        }
    }
    result.add(lua, b"\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_integers_as_on_x86_64() {
        let cases = [
            (-1.0, u64::MAX),
            (9_223_372_036_854_775_808.0, 1 << 63),
            (18_446_744_073_709_549_568.0, u64::MAX - 2_047),
            (18_446_744_073_709_551_616.0, 0),
            (-1e300, 1 << 63),
            (f64::NAN, 1 << 63),
        ];
        for (number, expected) in cases {
            assert_eq!(unsigned(number), expected, "{number}");
        }
        assert_eq!([65.9, 321.0, -191.0, 4e9].map(low_byte), [65, 65, 65, 0]);
    }
}
