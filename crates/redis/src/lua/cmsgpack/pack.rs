//! From Lua to MessagePack.

use mlua::{Lua, LuaString, Result, Table, Value};

use crate::lua::arguments::Arguments;
use crate::lua::budget::MEMORY;
use crate::lua::host::Host;
use crate::lua::number;
use crate::lua::raise::Final;

/// A table so deep within others is packed as nil.
const NESTING_MAX: usize = 16;

/// `cmsgpack.pack(value, ...)`
pub(super) fn pack(lua: &Lua, host: &Host, arguments: &Arguments) -> Result<LuaString> {
    if arguments.len() == 0 {
        return Err(arguments.problem(lua, 0, "MessagePack pack needs input."));
    }
    let mut packer = Packer { host, bytes: Vec::new() };
    for value in arguments.values() {
        packer.value(value, 0)?;
    }
    lua.create_string(packer.bytes)
}

struct Packer<'a> {
    host: &'a Host,
    bytes: Vec<u8>,
}

impl Packer<'_> {
    fn value(&mut self, value: &Value, nesting: usize) -> Result<()> {
        self.host.budget.spend(20)?;
        if self.bytes.len() > MEMORY {
            return Err(self.host.budget.end(Final::OutOfMemory));
        }
        match value {
            Value::Boolean(value) => self.bytes.push(if *value { 0xc3 } else { 0xc2 }),
            Value::Integer(integer) => self.integer(*integer),
            Value::Number(float) => self.float(*float),
            Value::String(string) => self.string(&string.as_bytes())?,
            Value::Table(table) if nesting < NESTING_MAX => self.table(table, nesting + 1)?,
            _ => self.bytes.push(0xc0),
        }
        Ok(())
    }

    fn integer(&mut self, integer: i64) {
        if let Ok(small) = i8::try_from(integer)
            && small >= -32
        {
            return self.bytes.push(small.cast_unsigned());
        }
        match integer {
            0..0x100 => self.header(0xcc, integer, 1),
            0x100..0x1_0000 => self.header(0xcd, integer, 2),
            0x1_0000..0x1_0000_0000 => self.header(0xce, integer, 4),
            0x1_0000_0000.. => self.header(0xcf, integer, 8),
            -0x80..0 => self.header(0xd0, integer, 1),
            -0x8000..-0x80 => self.header(0xd1, integer, 2),
            -0x8000_0000..-0x8000 => self.header(0xd2, integer, 4),
            _ => self.header(0xd3, integer, 8),
        }
    }

    /// A type and the low bytes of a number, the highest first.
    fn header(&mut self, kind: u8, number: i64, len: usize) {
        self.bytes.push(kind);
        self.bytes.extend_from_slice(&number.to_be_bytes()[8 - len..]);
    }

    /// As an integer if it is one, else in the fewer bytes that hold it.
    fn float(&mut self, float: f64) {
        let integer = number::truncate(float);
        if float == number::from_integer(integer) {
            return self.integer(integer);
        }
        let short = float as f32;
        if f64::from(short) == float {
            self.bytes.push(0xca);
            self.bytes.extend_from_slice(&short.to_be_bytes());
        } else {
            self.bytes.push(0xcb);
            self.bytes.extend_from_slice(&float.to_be_bytes());
        }
    }

    fn string(&mut self, string: &[u8]) -> Result<()> {
        self.host.budget.spend_bytes(string.len())?;
        match number::length(string.len()) {
            len @ 0..=31 => self.bytes.push(0xa0 | len as u8),
            len @ 32..0x100 => self.header(0xd9, len, 1),
            len @ 0x100..0x1_0000 => self.header(0xda, len, 2),
            len => self.header(0xdb, len, 4),
        }
        self.bytes.extend_from_slice(string);
        Ok(())
    }

    fn table(&mut self, table: &Table, nesting: usize) -> Result<()> {
        let (count, is_array) = self.survey(table)?;
        if is_array {
            match count {
                0..=15 => self.bytes.push(0x90 | count as u8),
                16..0x1_0000 => self.header(0xdc, count, 2),
                _ => self.header(0xdd, count, 4),
            }
            for index in 1..=count {
                self.value(&table.raw_get(index)?, nesting)?;
            }
            return Ok(());
        }
        match count {
            0..=15 => self.bytes.push(0x80 | count as u8),
            16..0x1_0000 => self.header(0xde, count, 2),
            _ => self.header(0xdf, count, 4),
        }
        for pair in table.pairs::<Value, Value>() {
            let (key, value) = pair?;
            if matches!(key, Value::Table(_) | Value::Function(_) | Value::Thread(_)) {
                return Err(self.host.budget.end(Final::NoOrder));
            }
            self.value(&key, nesting)?;
            self.value(&value, nesting)?;
        }
        Ok(())
    }

    /// How many entries there are, and whether they are those of an array.
    fn survey(&self, table: &Table) -> Result<(i64, bool)> {
        let (mut count, mut highest, mut indexes) = (0_i64, 0_i64, true);
        for pair in table.pairs::<Value, Value>() {
            let (key, _) = pair?;
            self.host.budget.spend(20)?;
            count += 1;
            match key {
                Value::Integer(index @ 1..) => highest = highest.max(index),
                _ => indexes = false,
            }
        }
        Ok((count, indexes && highest == count))
    }
}
