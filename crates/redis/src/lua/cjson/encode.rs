//! Converts Lua to JSON.

use lua::{Args, Buffer, Error, Lua, Result, STACK_MAX, TableRef, Value, number};

use super::{Invalid, Settings};

/// What a value costs, in units.
const VALUE: u64 = 4;

/// What it costs in units to print a number.
const NUMBER: u64 = 20;

/// `cjson.encode(value)`
pub(super) fn encode(lua: &mut Lua, args: Args, settings: &Settings) -> Result<usize> {
    if args.len() != 1 {
        return Err(lua.arg_error(args, 1, "expected 1 argument"));
    }
    let text = Buffer::fill(lua, |lua, buffer| {
        let value = lua.arg(args, 1);
        Encoder { lua, settings, buffer, open: Vec::new(), used: 1 }.document(value)
    })?;
    lua.push(text.into())
}

struct Encoder<'a> {
    lua: &'a mut Lua,
    settings: &'a Settings,
    buffer: &'a mut Buffer,
    /// The incomplete tables, the innermost last.
    open: Vec<Open>,
    /// How many values the function in C would have on its stack.
    used: usize,
}

/// A table, and the entry that was written last.
#[derive(Clone, Copy)]
enum Open {
    Array { table: TableRef, index: i32, length: i32 },
    Object { table: TableRef, key: Value },
}

impl Encoder<'_> {
    fn document(&mut self, value: Value) -> Result<()> {
        self.value(value)?;
        while let Some(open) = self.open.pop() {
            match open {
                Open::Array { table, index, length } => self.element(table, index, length)?,
                Open::Object { table, key } => self.field(table, key)?,
            }
        }
        Ok(())
    }

    /// Writes the next element, or the end of the array.
    fn element(&mut self, table: TableRef, index: i32, length: i32) -> Result<()> {
        if index == length {
            self.used -= 1;
            return self.add(b"]");
        }
        if index > 0 {
            self.add(b",")?;
        }
        let index = index + 1;
        self.open.push(Open::Array { table, index, length });
        let value = self.lua.element(table, usize::try_from(index).unwrap_or(0));
        self.value(value)
    }

    /// Writes the next entry, or the end of the object.
    fn field(&mut self, table: TableRef, key: Value) -> Result<()> {
        let Some((next, value)) = self.lua.next(table, key)? else {
            self.used -= 2;
            return self.add(b"}");
        };
        if !key.is_nil() {
            self.add(b",")?;
        }
        match next {
            Value::Number(number) => {
                self.add(b"\"")?;
                self.number(number)?;
                self.add(b"\"")?;
            }
            Value::String(string) => {
                let string = self.lua.bytes(string).clone();
                self.string(&string)?;
            }
            _ => return Err(self.refused(next, "table key must be a number or string")),
        }
        self.add(b":")?;
        self.open.push(Open::Object { table, key: next });
        self.value(value)
    }

    /// Writes a value. Of a table, writes only the beginning.
    fn value(&mut self, value: Value) -> Result<()> {
        self.lua.spend(VALUE)?;
        match value {
            Value::Nil | Value::Null => self.add(b"null"),
            Value::Boolean(true) => self.add(b"true"),
            Value::Boolean(false) => self.add(b"false"),
            Value::Number(number) => self.number(number),
            Value::String(string) => {
                let string = self.lua.bytes(string).clone();
                self.string(&string)
            }
            Value::Table(table) => self.begin(table),
            other => Err(self.refused(other, "type not supported")),
        }
    }

    fn begin(&mut self, table: TableRef) -> Result<()> {
        let depth = self.open.len() + 1;
        let most = usize::try_from(self.settings.encode_depth).unwrap_or(0);
        if depth > most || self.used + 3 > STACK_MAX {
            return Err(self.lua.throw(format!("Cannot serialise, excessive nesting ({depth})")));
        }
        let length = self.array_length(table)?;
        if length > 0 {
            self.used += 1;
            self.open.push(Open::Array { table, index: 0, length });
            return self.add(b"[");
        }
        self.used += 2;
        self.open.push(Open::Object { table, key: Value::Nil });
        self.add(b"{")
    }

    fn add(&mut self, bytes: &[u8]) -> Result<()> {
        self.buffer.add(self.lua, bytes)
    }

    fn number(&mut self, number: f64) -> Result<()> {
        if number.is_finite() {
            self.lua.spend(NUMBER)?;
            if self.settings.digits == 14 {
                return self.add(&number::text(number));
            }
            let digits = usize::try_from(self.settings.digits).unwrap_or(14);
            return self.add(number::general(number, digits).as_bytes());
        }
        let text = match self.settings.encode_invalid {
            Invalid::Refuse => {
                return Err(self.refused(Value::Number(number), "must not be NaN or Inf"));
            }
            Invalid::Null => "null",
            Invalid::AsTheyAre if number.is_nan() => "nan",
            Invalid::AsTheyAre if number.is_sign_negative() => "-inf",
            Invalid::AsTheyAre => "inf",
        };
        self.add(text.as_bytes())
    }

    fn string(&mut self, string: &[u8]) -> Result<()> {
        /// Reading a byte costs this many times as much as copying it.
        const FACTOR: usize = 8;
        self.lua.spend_bytes(string.len().saturating_mul(FACTOR))?;
        self.add(b"\"")?;
        let mut rest = string;
        loop {
            let plain = rest.iter().position(|byte| escape(*byte).is_some());
            let (plain, escaped) = rest.split_at(plain.unwrap_or(rest.len()));
            self.lua.spend_bytes(plain.len())?;
            self.add(plain)?;
            let Some((&byte, left)) = escaped.split_first() else {
                break;
            };
            match escape(byte) {
                Some(Escape::Short(short)) => self.add(&[b'\\', short])?,
                _ => {
                    self.lua.spend(4)?;
                    self.add(format!("\\u{byte:04x}").as_bytes())?;
                }
            }
            rest = left;
        }
        self.add(b"\"")
    }

    /// The highest index if all keys are indexes. Not positive if the table is not an array.
    fn array_length(&mut self, table: TableRef) -> Result<i32> {
        let (mut highest, mut count) = (0_i32, 0_i64);
        let mut last = Value::Nil;
        while let Some((key, _)) = self.lua.next(table, last)? {
            last = key;
            self.lua.spend(1)?;
            let index = match key {
                Value::Number(index) if index.floor() == index && index >= 1.0 => index,
                _ => return Ok(-1),
            };
            if index > f64::from(highest) {
                // A number that does not fit becomes the lowest one, as in C.
                highest = i32::try_from(number::truncate(index)).unwrap_or(i32::MIN);
            }
            count += 1;
        }
        let Settings { sparse_ratio, sparse_safe, sparse_as_object, .. } = *self.settings;
        let most = count.saturating_mul(i64::from(sparse_ratio));
        if sparse_ratio > 0 && i64::from(highest) > most && highest > sparse_safe {
            if !sparse_as_object {
                return Err(self.lua.throw("Cannot serialise table: excessively sparse array"));
            }
            return Ok(-1);
        }
        Ok(highest)
    }

    fn refused(&mut self, value: Value, why: &str) -> Error {
        self.lua.throw(format!("Cannot serialise {}: {why}", value.type_name()))
    }
}

/// How a byte is escaped.
enum Escape {
    /// As a backslash and a letter.
    Short(u8),
    /// As its code in hexadecimal.
    Number,
}

const fn escape(byte: u8) -> Option<Escape> {
    Some(match byte {
        b'"' | b'\\' | b'/' => Escape::Short(byte),
        0x08 => Escape::Short(b'b'),
        b'\t' => Escape::Short(b't'),
        b'\n' => Escape::Short(b'n'),
        0x0c => Escape::Short(b'f'),
        b'\r' => Escape::Short(b'r'),
        0..0x20 | 0x7f => Escape::Number,
        _ => return None,
    })
}
