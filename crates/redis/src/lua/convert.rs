//! Conversion between Lua's values and Redis's replies. Source: "Redis Lua API reference", section
//! "Data type conversion".

use lua::{Error, Lua, Result, StringRef, TableRef, Value, number};

use crate::{Blob, ErrorReply, Reply, integer};

/// How deep tables may be nested in a reply. In Redis, the limit is Lua's stack.
const DEPTH_MAX: usize = 500;

/// What it costs in units to convert an element of an array.
const ELEMENT: u64 = 4;

/// The names of fields that give a table a meaning. They are made once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields {
    pub(super) err: StringRef,
    pub(super) source: StringRef,
    pub(super) line: StringRef,
    ignore: StringRef,
    ok: StringRef,
    pub(super) double: StringRef,
    pub(super) map: StringRef,
    pub(super) set: StringRef,
    big_number: StringRef,
    pub(super) verbatim_string: StringRef,
    pub(super) string: StringRef,
    pub(super) format: StringRef,
}

impl Fields {
    pub(super) fn new(lua: &mut Lua) -> Result<Fields> {
        let mut name = |text: &str| lua.string(text);
        Ok(Fields {
            err: name("err")?,
            source: name("source")?,
            line: name("line")?,
            ignore: name("ignore_error_stats_update")?,
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

    /// Converts a script's return value to a reply. The reply shares the strings, but the script is
    /// charged as if they were copied. Too large a reply ends the script.
    pub(super) fn reply(&self, lua: &mut Lua, value: Value) -> Result<Reply> {
        self.nested_reply(lua, value, DEPTH_MAX)
    }

    fn nested_reply(&self, lua: &mut Lua, value: Value, depth: usize) -> Result<Reply> {
        Ok(match value {
            Value::String(string) => bulk(lua, string)?,
            Value::Number(number) => Reply::Integer(number::truncate(number)),
            Value::Boolean(true) => Reply::Integer(1),
            Value::Table(_) if depth == 0 => {
                Reply::Error(ErrorReply::from_static("ERR reached lua stack limit"))
            }
            Value::Table(table) => self.table_reply(lua, table, depth)?,
            _ => Reply::Nil,
        })
    }

    fn table_reply(&self, lua: &mut Lua, table: TableRef, depth: usize) -> Result<Reply> {
        let field = |lua: &Lua, name: StringRef| lua.raw_get(table, name.into());
        if let Value::String(error) = field(lua, self.err) {
            lua.spend_bytes(lua.bytes(error).len())?;
            return Ok(Reply::Error(ErrorReply::new(lua.bytes(error))));
        }
        if let Value::String(status) = field(lua, self.ok) {
            lua.spend_bytes(lua.bytes(status).len())?;
            let line = ErrorReply::new(lua.bytes(status));
            return Ok(Reply::Status(line.text().clone()));
        }
        if let Value::Number(double) = field(lua, self.double) {
            return Ok(Reply::Bulk(Blob::from(number::general(double, 17))));
        }
        for (name, with_values) in [(self.map, true), (self.set, false)] {
            if let Value::Table(entries) = field(lua, name) {
                return self.flat(lua, entries, with_values, depth);
            }
        }
        if let Value::String(digits) = field(lua, self.big_number) {
            return bulk(lua, digits);
        }
        if let Value::Table(verbatim) = field(lua, self.verbatim_string)
            && let Value::String(string) = lua.raw_get(verbatim, self.string.into())
            && let Value::String(_) = lua.raw_get(verbatim, self.format.into())
        {
            return bulk(lua, string);
        }
        self.array_reply(lua, table, depth)
    }

    /// The elements up to the first nil.
    fn array_reply(&self, lua: &mut Lua, table: TableRef, depth: usize) -> Result<Reply> {
        let mut replies = Vec::new();
        for index in 1.. {
            let value = lua.element(table, index);
            if value.is_nil() {
                break;
            }
            element(lua)?;
            replies.push(self.nested_reply(lua, value, depth - 1)?);
        }
        Ok(Reply::Array(replies))
    }

    /// A map or a set for a client that speaks RESP2.
    fn flat(
        &self,
        lua: &mut Lua,
        entries: TableRef,
        with_values: bool,
        depth: usize,
    ) -> Result<Reply> {
        let mut replies = Vec::new();
        let mut last = Value::Nil;
        while let Some((key, value)) = lua.next(entries, last)? {
            last = key;
            element(lua)?;
            replies.push(self.nested_reply(lua, key, depth - 1)?);
            if with_values {
                element(lua)?;
                replies.push(self.nested_reply(lua, value, depth - 1)?);
            }
        }
        Ok(Reply::Array(replies))
    }

    /// Converts a reply to the value that `redis.call` returns. May collect garbage first.
    pub(super) fn value(&self, lua: &mut Lua, reply: Reply) -> Result<Value> {
        make_room(lua, &reply, 1)?;
        self.converted(lua, reply, Value::Boolean(false))
    }

    /// As [`Fields::value`], but does not make room first. `nil` is the value for nil replies.
    pub(super) fn converted(&self, lua: &mut Lua, reply: Reply, nil: Value) -> Result<Value> {
        Ok(match reply {
            Reply::Nil => nil,
            Reply::Integer(integer) => Value::Number(number::from_integer(integer)),
            Reply::Bulk(bytes) => lua.string(bytes)?.into(),
            Reply::Status(status) => {
                let status = lua.string(status)?;
                self.one_field(lua, self.ok, status.into())?
            }
            Reply::Error(error) => self.error_value(lua, &error)?,
            Reply::Array(replies) => {
                let table = lua.new_table(replies.len(), 0)?;
                for (index, reply) in replies.into_iter().enumerate() {
                    lua.spend(ELEMENT)?;
                    let value = self.converted(lua, reply, nil)?;
                    lua.set_element(table, index + 1, value)?;
                }
                table.into()
            }
        })
    }

    /// A table with one field, whose name says what the table means.
    pub(super) fn one_field(&self, lua: &mut Lua, name: StringRef, value: Value) -> Result<Value> {
        let table = lua.new_table(0, 1)?;
        lua.raw_set(table, name.into(), value)?;
        Ok(table.into())
    }

    /// `{ok = status}`
    pub(super) fn status_value(&self, lua: &mut Lua, status: StringRef) -> Result<Value> {
        self.one_field(lua, self.ok, status.into())
    }

    /// The table for an error reply.
    pub(super) fn error_value(&self, lua: &mut Lua, error: &ErrorReply) -> Result<Value> {
        let table = lua.new_table(0, 2)?;
        let text = lua.string(error.text().clone())?;
        lua.raw_set(table, self.err.into(), text.into())?;
        lua.raw_set(table, self.ignore.into(), Value::Boolean(true))?;
        Ok(table.into())
    }

    /// An error reply as a Lua error.
    pub(super) fn refused(&self, lua: &mut Lua, error: &ErrorReply) -> Error {
        match self.error_value(lua, error) {
            Ok(value) => Error::Thrown(value),
            Err(ended) => ended,
        }
    }
}

/// Makes room for the value of a reply. It takes at most `factor` times as much as an array of
/// strings.
pub(super) fn make_room(lua: &mut Lua, reply: &Reply, factor: usize) -> Result<()> {
    lua.make_room(size(reply).saturating_mul(factor))
}

/// An upper estimate of a reply's size as a Lua value, in bytes.
fn size(reply: &Reply) -> usize {
    match reply {
        Reply::Nil | Reply::Integer(_) => 0,
        Reply::Bulk(text) => 64 + text.len(),
        Reply::Status(text) => 256 + text.len(),
        Reply::Error(error) => 320 + error.text().len(),
        Reply::Array(replies) => 128 + replies.iter().map(|reply| 16 + size(reply)).sum::<usize>(),
    }
}

/// Charges for an element of a reply.
fn element(lua: &mut Lua) -> Result<()> {
    lua.spend(ELEMENT)?;
    lua.account(size_of::<Reply>())
}

fn bulk(lua: &mut Lua, string: StringRef) -> Result<Reply> {
    let text = lua.bytes(string).clone();
    lua.spend_bytes(text.len())?;
    Ok(Reply::Bulk(text))
}

/// A word of a command line: a string, or a number printed as Redis prints it.
#[inline]
pub(super) fn word(lua: &Lua, value: Value) -> Option<Blob> {
    /// Past 17 digits a number is printed as a power of ten.
    const INTEGERS: f64 = 1e17;
    match value {
        Value::String(string) => Some(lua.bytes(string).clone()),
        Value::Number(number) => {
            let whole = number::truncate(number);
            let is_whole = number::from_integer(whole) == number && number.abs() < INTEGERS;
            if is_whole && (whole != 0 || number.is_sign_positive()) {
                return Some(integer::write(whole));
            }
            Some(Blob::from(number::general(number, 17)))
        }
        _ => None,
    }
}
