//! From MessagePack to Lua.

use mlua::{Lua, MultiValue, Result, Value};

use crate::Blob;
use crate::lua::arguments::Arguments;
use crate::lua::host::Host;
use crate::lua::number;
use crate::lua::raise::{self, Raised};

/// How deep arrays and maps may be nested. Redis goes as far as Lua's stack does.
const NESTING_MAX: usize = 1_000;

/// How many values a function may return: as many as fit on Lua's stack.
const VALUES_MAX: usize = 7_990;

/// Which values are asked for: so many, from an offset on; all if both are 0.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub(super) limit: i64,
    pub(super) offset: i64,
}

/// `cmsgpack.unpack(bytes)` and its relations, which first give the offset where to go on: -1 at
/// the end.
pub(super) fn unpack(
    lua: &Lua,
    host: &Host,
    arguments: &Arguments,
    part: Part,
) -> Result<MultiValue> {
    let input = arguments.string(lua, 1)?;
    let input = &*input.as_bytes();
    host.budget.spend_bytes(input.len())?;
    let Part { limit, offset } = part;
    let (Ok(most), Ok(start)) = (usize::try_from(limit), usize::try_from(offset)) else {
        let problem = format!(
            "Invalid request to unpack with offset of {offset} and limit of {}.",
            input.len()
        );
        return Err(raise::text(lua, problem));
    };
    let Some(rest) = input.get(start..) else {
        let problem = format!("Start offset {offset} greater than input length {}.", input.len());
        return Err(raise::text(lua, problem));
    };
    let mut unpacker = Unpacker { lua, host, rest };
    let mut values = MultiValue::new();
    while !unpacker.rest.is_empty() && (most == 0 || values.len() < most) {
        if values.len() == VALUES_MAX {
            return Err(raise::text(
                lua,
                "stack overflow (too many return values at once; \
                 use unpack_one or unpack_limit instead.)",
            ));
        }
        let value = unpacker.value(0).map_err(|fault| fault.raise(lua))?;
        values.push_back(value);
    }
    if limit != 0 || offset != 0 {
        let left = unpacker.rest.len();
        let next = if left == 0 { -1 } else { number::length(input.len() - left) };
        values.push_front(Value::Integer(next));
    }
    Ok(values)
}

/// Why there is no value.
enum Fault {
    Missing,
    BadFormat,
    TooDeep,
    Other(mlua::Error),
}

impl Fault {
    fn raise(self, lua: &Lua) -> mlua::Error {
        match self {
            Fault::Missing => raise::text(lua, "Missing bytes in input."),
            Fault::BadFormat => raise::text(lua, "Bad data format in input."),
            Fault::TooDeep => {
                raise::text(lua, "stack overflow (in function mp_decode_to_lua_array)")
            }
            Fault::Other(error) => error,
        }
    }
}

impl From<mlua::Error> for Fault {
    fn from(error: mlua::Error) -> Fault {
        Fault::Other(error)
    }
}

struct Unpacker<'a> {
    lua: &'a Lua,
    host: &'a Host,
    rest: &'a [u8],
}

impl Unpacker<'_> {
    fn value(&mut self, nesting: usize) -> std::result::Result<Value, Fault> {
        if nesting > NESTING_MAX {
            return Err(Fault::TooDeep);
        }
        self.host.budget.spend(20)?;
        self.host.budget.check_memory(self.lua)?;
        let [kind] = self.bytes()?;
        Ok(match kind {
            0..=0x7f | 0xe0..=0xff => Value::Integer(i64::from(kind.cast_signed())),
            0x80..=0x8f => self.map(u64::from(kind & 0x0f), nesting)?,
            0x90..=0x9f => self.array(u64::from(kind & 0x0f), nesting)?,
            0xa0..=0xbf => self.string(u64::from(kind & 0x1f))?,
            0xc0 => Value::Nil,
            0xc2 | 0xc3 => Value::Boolean(kind == 0xc3),
            0xca => Value::Number(f64::from(f32::from_be_bytes(self.bytes()?))),
            0xcb => Value::Number(f64::from_be_bytes(self.bytes()?)),
            // The largest ones come out negative: as they do of C's `long long`.
            0xcc..=0xcf => Value::Integer(self.unsigned(kind - 0xcc)?.cast_signed()),
            0xd0 => Value::Integer(i64::from(i8::from_be_bytes(self.bytes()?))),
            0xd1 => Value::Integer(i64::from(i16::from_be_bytes(self.bytes()?))),
            0xd2 => Value::Integer(i64::from(i32::from_be_bytes(self.bytes()?))),
            0xd3 => Value::Integer(i64::from_be_bytes(self.bytes()?)),
            0xd9..=0xdb => {
                let len = self.unsigned(kind - 0xd9)?;
                self.string(len)?
            }
            0xdc | 0xdd => {
                let len = self.unsigned(kind - 0xdc + 1)?;
                self.array(len, nesting)?
            }
            0xde | 0xdf => {
                let len = self.unsigned(kind - 0xde + 1)?;
                self.map(len, nesting)?
            }
            _ => return Err(Fault::BadFormat),
        })
    }

    fn bytes<const LEN: usize>(&mut self) -> std::result::Result<[u8; LEN], Fault> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(Fault::Missing)?;
        self.rest = rest;
        Ok(*bytes)
    }

    /// A number of 1, 2, 4 or 8 bytes, of which `size` is the logarithm.
    fn unsigned(&mut self, size: u8) -> std::result::Result<u64, Fault> {
        Ok(match size {
            0 => u64::from(u8::from_be_bytes(self.bytes()?)),
            1 => u64::from(u16::from_be_bytes(self.bytes()?)),
            2 => u64::from(u32::from_be_bytes(self.bytes()?)),
            _ => u64::from_be_bytes(self.bytes()?),
        })
    }

    fn string(&mut self, len: u64) -> std::result::Result<Value, Fault> {
        let len = usize::try_from(len).map_err(|_| Fault::Missing)?;
        let (string, rest) = self.rest.split_at_checked(len).ok_or(Fault::Missing)?;
        self.rest = rest;
        Ok(Value::String(self.lua.create_string(string)?))
    }

    fn array(&mut self, len: u64, nesting: usize) -> std::result::Result<Value, Fault> {
        let table = self.lua.create_table()?;
        for index in 1..=len {
            let value = self.value(nesting + 1)?;
            table.raw_set(index, value)?;
        }
        Ok(Value::Table(table))
    }

    fn map(&mut self, len: u64, nesting: usize) -> std::result::Result<Value, Fault> {
        let table = self.lua.create_table()?;
        for _ in 0..len {
            let key = self.value(nesting + 1)?;
            let value = self.value(nesting + 1)?;
            let problem = match &key {
                Value::Nil => "table index is nil",
                Value::Number(float) if float.is_nan() => "table index is NaN",
                _ => {
                    table.raw_set(key, value)?;
                    continue;
                }
            };
            return Err(mlua::Error::from(Raised::Text(Blob::from_static(problem))).into());
        }
        Ok(Value::Table(table))
    }
}
