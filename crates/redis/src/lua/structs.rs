//! The table `struct`: lua-struct 0.2, which comes with Redis.

use std::rc::Rc;

use mlua::{Lua, LuaString, MultiValue, Result, Table, Value};

use super::arguments::Arguments;
use super::host::{Host, define};
use super::{number, raise};

/// The widest integer, in bytes.
const INTEGER_MAX: usize = 32;
/// What `!` without a number aligns to.
const ALIGNMENT: usize = 8;

pub(super) fn table(lua: &Lua, host: &Rc<Host>) -> Result<Table> {
    let table = lua.create_table()?;
    let shared = Rc::clone(host);
    define(lua, &table, "pack", move |lua, arguments| pack(lua, &shared, &arguments))?;
    let shared = Rc::clone(host);
    define(lua, &table, "unpack", move |lua, arguments| unpack(lua, &shared, &arguments))?;
    define(lua, &table, "size", |lua, arguments| size(lua, &arguments))?;
    Ok(table)
}

/// `struct.pack(format, ...)`
fn pack(lua: &Lua, host: &Host, arguments: &Arguments) -> Result<LuaString> {
    let format = arguments.string(lua, 1)?;
    let mut format = Format::new(lua, arguments, &format.as_bytes());
    // Behind the last argument there stands a nil.
    let arguments = &arguments.followed_by_nil();
    let mut bytes = Vec::new();
    let mut number = 2;
    while let Some((option, size)) = format.next()? {
        host.budget.spend(10)?;
        bytes.resize(bytes.len() + format.padding(bytes.len(), option, size), 0);
        match option {
            b'b' | b'B' | b'h' | b'H' | b'l' | b'L' | b'T' | b'i' | b'I' => {
                let value = integer_bits(arguments.number(lua, number)?);
                // What is wider than a long ends in zeros.
                let mut wide = [0; INTEGER_MAX];
                wide[..8].copy_from_slice(&value.to_le_bytes());
                format.put(&wide[..size], &mut bytes);
                number += 1;
            }
            b'x' => bytes.push(0),
            b'f' => {
                let value = arguments.number(lua, number)? as f32;
                format.put(&value.to_le_bytes(), &mut bytes);
                number += 1;
            }
            b'd' => {
                let value = arguments.number(lua, number)?;
                format.put(&value.to_le_bytes(), &mut bytes);
                number += 1;
            }
            b'c' | b's' => {
                let string = arguments.string(lua, number)?;
                let string = &*string.as_bytes();
                host.budget.spend_bytes(string.len())?;
                let size = if size == 0 { string.len() } else { size };
                number += 1;
                let Some(string) = string.get(..size) else {
                    return Err(arguments.problem(lua, number, "string too short"));
                };
                bytes.extend_from_slice(string);
                if option == b's' {
                    bytes.push(0);
                }
            }
            _ => format.control(option)?,
        }
    }
    lua.create_string(bytes)
}

/// `struct.unpack(format, bytes [, position])`: the values, and the position behind them.
fn unpack(lua: &Lua, host: &Host, arguments: &Arguments) -> Result<MultiValue> {
    let format = arguments.string(lua, 1)?;
    let mut format = Format::new(lua, arguments, &format.as_bytes());
    let data = arguments.string(lua, 2)?;
    let data = &*data.as_bytes();
    host.budget.spend_bytes(data.len())?;
    let position = arguments.integer_or(lua, 3, 1)?;
    if position == 0 {
        return Err(arguments.problem(lua, 3, "offset must be 1 or greater"));
    }
    let too_short = || arguments.problem(lua, 2, "data string too short");
    let part = |at: usize, size: usize| {
        let end = at.checked_add(size);
        end.and_then(|end| data.get(at..end)).ok_or_else(too_short)
    };
    // A negative position is a large one.
    let mut at = usize::try_from(position - 1).unwrap_or(usize::MAX);
    let mut values: Vec<Value> = Vec::new();
    while let Some((option, mut size)) = format.next()? {
        host.budget.spend(10)?;
        at = at.saturating_add(format.padding(at, option, size));
        let bytes = part(at, size)?;
        match option {
            b'b' | b'B' | b'h' | b'H' | b'l' | b'L' | b'T' | b'i' | b'I' => {
                values.push(format.integer(bytes, option.is_ascii_lowercase()));
            }
            b'x' => {}
            b'f' => {
                let bytes = format.little(bytes).try_into().unwrap_or_default();
                values.push(Value::Number(f64::from(f32::from_le_bytes(bytes))));
            }
            b'd' => {
                let bytes = format.little(bytes).try_into().unwrap_or_default();
                values.push(Value::Number(f64::from_le_bytes(bytes)));
            }
            b'c' => {
                if size == 0 {
                    let previous = values.pop().and_then(|value| lua.coerce_number(value).ok()?);
                    let Some(previous) = previous else {
                        return Err(raise::text(lua, "format 'c0' needs a previous size"));
                    };
                    let previous = usize::try_from(number::truncate(previous));
                    size = previous.map_err(|_| too_short())?;
                }
                values.push(Value::String(lua.create_string(part(at, size)?)?));
            }
            b's' => {
                let rest = part(at, data.len().saturating_sub(at))?;
                let Some(len) = memchr::memchr(0, rest) else {
                    return Err(raise::text(lua, "unfinished string in data"));
                };
                values.push(Value::String(lua.create_string(&rest[..len])?));
                size = len + 1;
            }
            _ => format.control(option)?,
        }
        at += size;
    }
    values.push(Value::Integer(number::length(at.saturating_add(1))));
    Ok(MultiValue::from_vec(values))
}

/// `struct.size(format)`
fn size(lua: &Lua, arguments: &Arguments) -> Result<i64> {
    let format = arguments.string(lua, 1)?;
    let mut format = Format::new(lua, arguments, &format.as_bytes());
    let mut at = 0_usize;
    while let Some((option, size)) = format.next()? {
        let problem = match (option, size) {
            (b's', _) => Some("option 's' has no fixed size"),
            (b'c', 0) => Some("option 'c0' has no fixed size"),
            _ => None,
        };
        if let Some(problem) = problem {
            return Err(arguments.problem(lua, 1, problem));
        }
        if !option.is_ascii_alphanumeric() {
            format.control(option)?;
        }
        at = at.saturating_add(format.padding(at, option, size)).saturating_add(size);
    }
    Ok(number::length(at))
}

/// The 64 bits of an integer: what is past the signed ones is unsigned.
fn integer_bits(number: f64) -> u64 {
    if number < 0.0 { number::truncate(number).cast_unsigned() } else { number as u64 }
}

/// A format, read option by option.
struct Format<'a> {
    lua: &'a Lua,
    arguments: &'a Arguments,
    options: Vec<u8>,
    at: usize,
    big_endian: bool,
    alignment: usize,
}

impl<'a> Format<'a> {
    /// A zero byte ends it.
    fn new(lua: &'a Lua, arguments: &'a Arguments, format: &[u8]) -> Format<'a> {
        let options = format.iter().copied().take_while(|byte| *byte != 0).collect();
        Format { lua, arguments, options, at: 0, big_endian: false, alignment: 1 }
    }

    /// The next option and its size in bytes.
    fn next(&mut self) -> Result<Option<(u8, usize)>> {
        let Some(&option) = self.options.get(self.at) else {
            return Ok(None);
        };
        self.at += 1;
        let size = match option {
            b'b' | b'B' | b'x' => 1,
            b'h' | b'H' => 2,
            b'f' => 4,
            b'l' | b'L' | b'T' | b'd' => 8,
            b'c' => self.count(1)?,
            b'i' | b'I' => {
                let size = self.count(4)?;
                if size > INTEGER_MAX {
                    let problem =
                        format!("integral size {size} is larger than limit of {INTEGER_MAX}");
                    return Err(raise::text(self.lua, problem));
                }
                size
            }
            _ => 0,
        };
        Ok(Some((option, size)))
    }

    /// The number behind an option.
    fn count(&mut self, default: usize) -> Result<usize> {
        let rest = &self.options[self.at..];
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            return Ok(default);
        }
        let number = rest[..digits].iter().try_fold(0_i32, |number, digit| {
            number.checked_mul(10)?.checked_add(i32::from(digit - b'0'))
        });
        self.at += digits;
        let number = number.and_then(|number| usize::try_from(number).ok());
        number.ok_or_else(|| raise::text(self.lua, "integral size overflow"))
    }

    /// What is no value: byte order, alignment, blanks.
    fn control(&mut self, option: u8) -> Result<()> {
        match option {
            b' ' => {}
            b'<' => self.big_endian = false,
            b'>' => self.big_endian = true,
            b'!' => {
                let alignment = self.count(ALIGNMENT)?;
                if !alignment.is_power_of_two() {
                    let problem = format!("alignment {alignment} is not a power of 2");
                    return Err(raise::text(self.lua, problem));
                }
                self.alignment = alignment;
            }
            _ => {
                let problem = format!("invalid format option '{}'", char::from(option));
                return Err(self.arguments.problem(self.lua, 1, &problem));
            }
        }
        Ok(())
    }

    /// The zeros before an option of that size.
    fn padding(&self, at: usize, option: u8, size: usize) -> usize {
        if size == 0 || option == b'c' {
            return 0;
        }
        let mask = size.min(self.alignment) - 1;
        (mask + 1).wrapping_sub(at & mask) & mask
    }

    /// Adds bytes that are given with the lowest first.
    fn put(&self, little: &[u8], bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(little);
        if self.big_endian {
            let start = bytes.len() - little.len();
            bytes[start..].reverse();
        }
    }

    /// The bytes with the lowest first.
    fn little(&self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        if self.big_endian {
            bytes.reverse();
        }
        bytes
    }

    /// Of a wide integer the low 64 bits count.
    fn integer(&self, bytes: &[u8], is_signed: bool) -> Value {
        let little = self.little(bytes);
        let add = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
        let value = little.iter().rev().fold(0, add);
        if !is_signed {
            return Value::Number(number::from_unsigned(value));
        }
        let bits = u32::try_from(bytes.len()).unwrap_or(8).wrapping_mul(8);
        let mask = u64::MAX.wrapping_shl(bits.wrapping_sub(1));
        let value = if value & mask == 0 { value } else { value | mask };
        Value::Number(number::from_integer(value.cast_signed()))
    }
}
