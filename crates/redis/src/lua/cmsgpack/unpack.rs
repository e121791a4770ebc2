//! Converts MessagePack to Lua. All unpacked values are on Lua's stack, where the collector sees
//! them: the complete values, then the incomplete tables, and keys whose values have not been read
//! yet.

use lua::{Args, Error, Lua, Result, STACK_MAX, TableRef, Value, number};

use crate::Blob;

/// The values to unpack: `limit` values from `offset` on, or all if both are 0.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub(super) limit: i64,
    pub(super) offset: i64,
}

/// `cmsgpack.unpack(bytes)`, `unpack_one` and `unpack_limit`. The latter two first return the
/// offset of the next value, or -1 at the end.
pub(super) fn unpack(lua: &mut Lua, args: Args, part: Part) -> Result<usize> {
    let input = lua.check_bytes(args, 1)?;
    let Part { limit, offset } = part;
    let (Ok(most), Ok(start)) = (usize::try_from(limit), usize::try_from(offset)) else {
        let problem = format!(
            "Invalid request to unpack with offset of {offset} and limit of {}.",
            input.len()
        );
        return Err(lua.throw(problem));
    };
    let Some(rest) = input.get(start..) else {
        let problem = format!("Start offset {offset} greater than input length {}.", input.len());
        return Err(lua.throw(problem));
    };
    let mut values = Vec::new();
    let mut unpacker = Unpacker { lua, rest, open: Vec::new(), used: args.len() };
    while !unpacker.rest.is_empty() && (most == 0 || values.len() < most) {
        let value = unpacker.value().map_err(|fault| fault.raise(unpacker.lua))?;
        unpacker.lua.push(value)?;
        unpacker.used += 1;
        values.push(value);
    }
    if limit == 0 && offset == 0 {
        return Ok(values.len());
    }
    let left = unpacker.rest.len();
    let next = if left == 0 { -1 } else { number::length(input.len() - left) };
    let count = lua.push(number::from_integer(next).into())?;
    Ok(count + lua.push_all(&values)?)
}

/// Why no value can be unpacked.
enum Fault {
    Missing,
    BadFormat,
    StackOverflow(&'static str),
    Other(Error),
}

impl Fault {
    fn raise(self, lua: &mut Lua) -> Error {
        match self {
            Fault::Missing => lua.throw("Missing bytes in input."),
            Fault::BadFormat => lua.throw("Bad data format in input."),
            Fault::StackOverflow(what) => lua.throw(format!("stack overflow ({what})")),
            Fault::Other(error) => error,
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Fault {
        Fault::Other(error)
    }
}

struct Unpacker<'a> {
    lua: &'a mut Lua,
    rest: &'a [u8],
    /// The incomplete tables, the innermost last.
    open: Vec<Open>,
    /// How many values the function in C would have on its stack.
    used: usize,
}

/// An incomplete table, and how many entries it has or still lacks.
enum Open {
    Array { table: TableRef, there: u64, len: u64 },
    Map { table: TableRef, missing: u64, key: Option<Value> },
}

/// An item of the input.
enum Item {
    Value(Value),
    Array(u64),
    Map(u64),
}

impl Unpacker<'_> {
    /// Reads the next value, with all its contents.
    fn value(&mut self) -> std::result::Result<Value, Fault> {
        loop {
            if self.used >= STACK_MAX {
                return Err(Fault::StackOverflow(
                    "too many return values at once; use unpack_one or unpack_limit instead.",
                ));
            }
            let mut whole = match self.item()? {
                Item::Value(value) => Some(value),
                Item::Array(len) => self.begin(|table| Open::Array { table, there: 0, len })?,
                Item::Map(missing) => {
                    self.begin(|table| Open::Map { table, missing, key: None })?
                }
            };
            while let Some(value) = whole {
                if self.open.is_empty() {
                    return Ok(value);
                }
                whole = self.put(value)?;
            }
        }
    }

    /// Begins a table. Returns it if it has no entries and so is complete.
    fn begin(
        &mut self,
        open: impl FnOnce(TableRef) -> Open,
    ) -> std::result::Result<Option<Value>, Fault> {
        self.lua.make_room(64)?;
        let table = self.lua.new_table(0, 0)?;
        self.lua.push(table.into())?;
        let open = open(table);
        // The table, and the index or the key of the next entry.
        if self.used + 2 > STACK_MAX {
            return Err(Fault::StackOverflow("in function mp_decode_to_lua_array"));
        }
        self.used += match open {
            Open::Array { .. } => 2,
            Open::Map { .. } => 1,
        };
        self.open.push(open);
        Ok(self.end_if_whole())
    }

    /// Puts a value into the innermost table. Returns the table if that completes it.
    fn put(&mut self, value: Value) -> std::result::Result<Option<Value>, Fault> {
        match self.open.last_mut() {
            None => {}
            Some(Open::Array { table, there, .. }) => {
                *there += 1;
                let index = usize::try_from(*there).unwrap_or(usize::MAX);
                self.lua.set_element(*table, index, value)?;
            }
            Some(Open::Map { table, missing, key }) => {
                let Some(key) = key.take() else {
                    *key = Some(value);
                    self.used += 1;
                    self.lua.push(value)?;
                    return Ok(None);
                };
                *missing -= 1;
                self.used -= 1;
                self.lua.pop();
                self.lua.raw_set(*table, key, value)?;
            }
        }
        Ok(self.end_if_whole())
    }

    fn end_if_whole(&mut self) -> Option<Value> {
        let (table, slots) = match self.open.last()? {
            Open::Array { table, there, len } if there == len => (*table, 2),
            Open::Map { table, missing: 0, .. } => (*table, 1),
            _ => return None,
        };
        self.used -= slots;
        self.open.pop();
        self.lua.pop();
        Some(table.into())
    }

    fn item(&mut self) -> std::result::Result<Item, Fault> {
        /// What a value costs, in units.
        const VALUE: u64 = 5;
        self.lua.spend(VALUE)?;
        self.lua.collect_if_full()?;
        let number = |integer: i64| Value::Number(number::from_integer(integer));
        let [kind] = self.bytes()?;
        Ok(Item::Value(match kind {
            0..=0x7f | 0xe0..=0xff => number(i64::from(kind.cast_signed())),
            0x80..=0x8f => return Ok(Item::Map(u64::from(kind & 0x0f))),
            0x90..=0x9f => return Ok(Item::Array(u64::from(kind & 0x0f))),
            0xa0..=0xbf => self.string(u64::from(kind & 0x1f))?,
            0xc0 => Value::Nil,
            0xc2 | 0xc3 => Value::Boolean(kind == 0xc3),
            0xca => Value::Number(f64::from(f32::from_be_bytes(self.bytes()?))),
            0xcb => Value::Number(f64::from_be_bytes(self.bytes()?)),
            // The largest numbers become negative, as in C's `long long`.
            0xcc..=0xcf => number(self.unsigned(kind - 0xcc)?.cast_signed()),
            0xd0 => number(i64::from(i8::from_be_bytes(self.bytes()?))),
            0xd1 => number(i64::from(i16::from_be_bytes(self.bytes()?))),
            0xd2 => number(i64::from(i32::from_be_bytes(self.bytes()?))),
            0xd3 => number(i64::from_be_bytes(self.bytes()?)),
            0xd9..=0xdb => {
                let len = self.unsigned(kind - 0xd9)?;
                self.string(len)?
            }
            0xdc | 0xdd => return Ok(Item::Array(self.unsigned(kind - 0xdc + 1)?)),
            0xde | 0xdf => return Ok(Item::Map(self.unsigned(kind - 0xde + 1)?)),
            _ => return Err(Fault::BadFormat),
        }))
    }

    fn bytes<const LEN: usize>(&mut self) -> std::result::Result<[u8; LEN], Fault> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(Fault::Missing)?;
        self.rest = rest;
        Ok(*bytes)
    }

    /// Reads a number of `2^size` bytes: 1, 2, 4 or 8.
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
        self.lua.make_room(64 + len)?;
        Ok(self.lua.string(Blob::copy_from_slice(string))?.into())
    }
}
