//! Between Lua's values and Redis's replies, by the rules of "Redis Lua API reference", section
//! "Data type conversion".

use mlua::{Either, IntoLua, Lua, LuaString, Result, Table, Value};

use super::number;
use super::raise::Raised;
use crate::reply::ReplyBudget;
use crate::{Blob, ErrorReply, Reply};

/// How deep a table may be nested in a reply. Redis goes as far as Lua's stack does; the rest of
/// this program need not.
const DEPTH_MAX: usize = 500;

/// The names of fields that give a table a meaning, made once.
pub(super) struct Fields {
    err: LuaString,
    ok: LuaString,
    double: LuaString,
    map: LuaString,
    set: LuaString,
    big_number: LuaString,
    verbatim_string: LuaString,
    string: LuaString,
    format: LuaString,
}

impl Fields {
    pub(super) fn new(lua: &Lua) -> Result<Fields> {
        let name = |text: &str| lua.create_string(text);
        Ok(Fields {
            err: name("err")?,
            ok: name("ok")?,
            double: name("double")?,
            map: name("map")?,
            set: name("set")?,
            big_number: name("big_number")?,
            verbatim_string: name("verbatim_string")?,
            string: name("string")?,
            format: name("format")?,
        })
    }

    /// The reply that a script's return value makes, if there is room for it.
    pub(super) fn reply(&self, value: &Value, replies: &mut ReplyBudget) -> Result<Reply> {
        self.nested_reply(value, DEPTH_MAX, replies)
    }

    fn nested_reply(
        &self,
        value: &Value,
        depth: usize,
        replies: &mut ReplyBudget,
    ) -> Result<Reply> {
        let text = value.as_string().map_or(0, |text| text.as_bytes().len());
        replies.take(Reply::ELEMENT_BYTES + text).map_err(Raised::Refusal)?;
        Ok(match value {
            Value::String(string) => Reply::Bulk(blob(string)),
            Value::Integer(number) => Reply::Integer(*number),
            Value::Number(number) => Reply::Integer(number::truncate(*number)),
            Value::Boolean(true) => Reply::Integer(1),
            Value::Table(_) if depth == 0 => {
                Reply::Error(ErrorReply::from_static("ERR reached lua stack limit"))
            }
            Value::Table(table) => self.table_reply(table, depth, replies)?,
            _ => Reply::Nil,
        })
    }

    fn table_reply(&self, table: &Table, depth: usize, budget: &mut ReplyBudget) -> Result<Reply> {
        if let Value::String(error) = table.raw_get(&self.err)? {
            return Ok(Reply::Error(ErrorReply::new(&error.as_bytes())));
        }
        if let Value::String(status) = table.raw_get(&self.ok)? {
            let line = ErrorReply::new(&status.as_bytes());
            return Ok(Reply::Status(line.text().clone()));
        }
        let double: Value = table.raw_get(&self.double)?;
        if let Some(double) = number::of(&double) {
            return Ok(Reply::Bulk(Blob::from(number::general(double, 17))));
        }
        for (name, with_values) in [(&self.map, true), (&self.set, false)] {
            if let Value::Table(entries) = table.raw_get(name)? {
                return self.flat(&entries, with_values, depth, budget);
            }
        }
        if let Value::String(digits) = table.raw_get(&self.big_number)? {
            return Ok(Reply::Bulk(blob(&digits)));
        }
        if let Value::Table(verbatim) = table.raw_get(&self.verbatim_string)?
            && let Value::String(string) = verbatim.raw_get(&self.string)?
            && let Value::String(_) = verbatim.raw_get(&self.format)?
        {
            return Ok(Reply::Bulk(blob(&string)));
        }
        self.array_reply(table, depth, budget)
    }

    /// The elements up to the first nil.
    fn array_reply(&self, table: &Table, depth: usize, budget: &mut ReplyBudget) -> Result<Reply> {
        let mut replies = Vec::new();
        for index in 1_i64.. {
            match table.raw_get(index)? {
                Value::Nil => break,
                value => replies.push(self.nested_reply(&value, depth - 1, budget)?),
            }
        }
        Ok(Reply::Array(replies))
    }

    /// A map or a set for a client that speaks RESP2.
    fn flat(
        &self,
        entries: &Table,
        with_values: bool,
        depth: usize,
        budget: &mut ReplyBudget,
    ) -> Result<Reply> {
        let mut replies = Vec::new();
        for pair in entries.pairs::<Value, Value>() {
            let (key, value) = pair?;
            replies.push(self.nested_reply(&key, depth - 1, budget)?);
            if with_values {
                replies.push(self.nested_reply(&value, depth - 1, budget)?);
            }
        }
        Ok(Reply::Array(replies))
    }

    /// What `redis.call` gives a script.
    pub(super) fn value(&self, lua: &Lua, reply: &Reply, resp: i64) -> Result<Value> {
        Ok(match reply {
            Reply::Nil if resp == 3 => Value::Nil,
            Reply::Nil => Value::Boolean(false),
            Reply::Integer(integer) => Value::Number(number::from_integer(*integer)),
            Reply::Bulk(bytes) => Value::String(lua.create_string(bytes)?),
            Reply::Status(status) => Value::Table(lua.create_table_from([("ok", text(status))])?),
            Reply::Error(error) => self.error_value(lua, error)?,
            Reply::Array(replies) => {
                let table = lua.create_table_with_capacity(replies.len(), 0)?;
                for (index, reply) in replies.iter().enumerate() {
                    table.raw_set(index + 1, self.value(lua, reply, resp)?)?;
                }
                Value::Table(table)
            }
        })
    }

    /// The table that stands for a refusal.
    pub(super) fn error_value(&self, lua: &Lua, error: &ErrorReply) -> Result<Value> {
        let table = lua.create_table_with_capacity(0, 2)?;
        table.raw_set(&self.err, lua.create_string(error.text())?)?;
        table.raw_set("ignore_error_stats_update", true)?;
        Ok(Value::Table(table))
    }

    /// The text in a table that stands for a refusal.
    pub(super) fn error_text(&self, table: &Table) -> Option<LuaString> {
        match table.raw_get(&self.err) {
            Ok(Value::String(text)) => Some(text),
            _ => None,
        }
    }
}

/// A text on its way to Lua: what `mlua` takes as it is, if it is UTF-8.
pub(super) fn text(bytes: &[u8]) -> impl IntoLua {
    std::str::from_utf8(bytes).map_or_else(|_| Either::Right(LuaString::wrap(bytes)), Either::Left)
}

pub(super) fn blob(string: &LuaString) -> Blob {
    Blob::copy_from_slice(&string.as_bytes())
}

/// A word of a command line: a string, or a number printed as Redis prints it.
pub(super) fn word(value: &Value) -> Option<Blob> {
    match value {
        Value::String(string) => Some(blob(string)),
        Value::Integer(integer) => Some(integer_word(*integer)),
        Value::Number(float) => Some(Blob::from(number::general(*float, 17))),
        _ => None,
    }
}

/// Past 17 digits a number is printed as a power of ten.
fn integer_word(integer: i64) -> Blob {
    if integer.unsigned_abs() < 100_000_000_000_000_000 {
        return crate::integer::write(integer);
    }
    Blob::from(number::general(number::from_integer(integer), 17))
}
