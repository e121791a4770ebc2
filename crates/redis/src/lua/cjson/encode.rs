//! From Lua to JSON.

use mlua::{Lua, LuaString, Result, Table, Value};

use super::{Invalid, Settings};
use crate::lua::arguments::Arguments;
use crate::lua::budget::MEMORY;
use crate::lua::host::Host;
use crate::lua::number;
use crate::lua::raise::{self, Final};

/// `cjson.encode(value)`
pub(super) fn encode(
    lua: &Lua,
    host: &Host,
    settings: &Settings,
    arguments: &Arguments,
) -> Result<LuaString> {
    if arguments.len() != 1 {
        return Err(arguments.problem(lua, 1, "expected 1 argument"));
    }
    let mut encoder = Encoder { lua, host, settings, text: Vec::new() };
    encoder.value(arguments.get(1), 0)?;
    lua.create_string(encoder.text)
}

struct Encoder<'a> {
    lua: &'a Lua,
    host: &'a Host,
    settings: &'a Settings,
    text: Vec<u8>,
}

impl Encoder<'_> {
    fn value(&mut self, value: &Value, depth: i32) -> Result<()> {
        self.host.budget.spend(20)?;
        if self.text.len() > MEMORY {
            return Err(self.host.budget.end(Final::OutOfMemory));
        }
        match value {
            Value::Nil => self.text.extend_from_slice(b"null"),
            Value::LightUserData(pointer) if pointer.0.is_null() => {
                self.text.extend_from_slice(b"null");
            }
            Value::Boolean(true) => self.text.extend_from_slice(b"true"),
            Value::Boolean(false) => self.text.extend_from_slice(b"false"),
            Value::Integer(_) | Value::Number(_) => self.number(value)?,
            Value::String(string) => self.string(&string.as_bytes())?,
            Value::Table(table) => self.table(table, depth + 1)?,
            other => return Err(self.refused(other, "type not supported")),
        }
        Ok(())
    }

    fn number(&mut self, value: &Value) -> Result<()> {
        let float = number::of(value).unwrap_or_default();
        if float.is_finite() {
            let digits = usize::try_from(self.settings.digits).unwrap_or(14);
            self.text.extend_from_slice(number::general(float, digits).as_bytes());
            return Ok(());
        }
        let text = match self.settings.encode_invalid {
            Invalid::Refuse => return Err(self.refused(value, "must not be NaN or Inf")),
            Invalid::Null => "null",
            Invalid::AsTheyAre if float.is_nan() => "nan",
            Invalid::AsTheyAre if float.is_sign_negative() => "-inf",
            Invalid::AsTheyAre => "inf",
        };
        self.text.extend_from_slice(text.as_bytes());
        Ok(())
    }

    fn string(&mut self, string: &[u8]) -> Result<()> {
        self.host.budget.spend_bytes(string.len().saturating_mul(8))?;
        self.text.push(b'"');
        for &byte in string {
            let short = match byte {
                b'"' | b'\\' | b'/' => byte,
                0x08 => b'b',
                b'\t' => b't',
                b'\n' => b'n',
                0x0c => b'f',
                b'\r' => b'r',
                0..0x20 | 0x7f => {
                    self.text.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
                    continue;
                }
                _ => {
                    self.text.push(byte);
                    continue;
                }
            };
            self.text.extend_from_slice(&[b'\\', short]);
        }
        self.text.push(b'"');
        Ok(())
    }

    fn table(&mut self, table: &Table, depth: i32) -> Result<()> {
        if depth > self.settings.encode_depth {
            let problem = format!("Cannot serialise, excessive nesting ({depth})");
            return Err(raise::text(self.lua, problem));
        }
        let length = self.array_length(table)?;
        if length <= 0 {
            return self.object(table, depth);
        }
        self.text.push(b'[');
        for index in 1..=length {
            if index > 1 {
                self.text.push(b',');
            }
            self.value(&table.raw_get(index)?, depth)?;
        }
        self.text.push(b']');
        Ok(())
    }

    fn object(&mut self, table: &Table, depth: i32) -> Result<()> {
        self.text.push(b'{');
        let mut first = true;
        for pair in table.pairs::<Value, Value>() {
            let (key, value) = pair?;
            if !first {
                self.text.push(b',');
            }
            first = false;
            match &key {
                Value::Integer(_) | Value::Number(_) => {
                    self.text.push(b'"');
                    self.number(&key)?;
                    self.text.push(b'"');
                }
                Value::String(string) => self.string(&string.as_bytes())?,
                _ => return Err(self.refused(&key, "table key must be a number or string")),
            }
            self.text.push(b':');
            self.value(&value, depth)?;
        }
        self.text.push(b'}');
        Ok(())
    }

    /// The highest index if all keys are indexes; not positive if the table is no array.
    fn array_length(&self, table: &Table) -> Result<i32> {
        let (mut highest, mut count) = (0_i32, 0_i64);
        for pair in table.pairs::<Value, Value>() {
            let (key, _) = pair?;
            self.host.budget.spend(20)?;
            let index = number::of(&key).filter(|index| index.floor() == *index && *index >= 1.0);
            let Some(index) = index else {
                return Ok(-1);
            };
            if index > f64::from(highest) {
                // What does not fit becomes the lowest number, as in C.
                highest = i32::try_from(number::truncate(index)).unwrap_or(i32::MIN);
            }
            count += 1;
        }
        let Settings { sparse_ratio, sparse_safe, sparse_as_object, .. } = *self.settings;
        let most = count.saturating_mul(i64::from(sparse_ratio));
        if sparse_ratio > 0 && i64::from(highest) > most && highest > sparse_safe {
            if !sparse_as_object {
                let problem = "Cannot serialise table: excessively sparse array";
                return Err(raise::text(self.lua, problem));
            }
            return Ok(-1);
        }
        Ok(highest)
    }

    fn refused(&self, value: &Value, why: &str) -> mlua::Error {
        let problem = format!("Cannot serialise {}: {why}", raise::type_name(value));
        raise::text(self.lua, problem)
    }
}
