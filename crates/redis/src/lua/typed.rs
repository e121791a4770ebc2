//! What `redis.call` gives a script that asked for RESP3 by `redis.setresp(3)`: "RESP3 to Lua type
//! conversion" in "Redis Lua API reference".

use mlua::{Lua, Result, Table, Value};

use super::convert::Fields;
use crate::resp::{Second, Shape};
use crate::{Blob, Reply};

const RESP3: i64 = 3;

impl Fields {
    /// The value of a reply of this shape: maps, sets, numbers and texts are tables with one field,
    /// which says what they are.
    pub(super) fn typed(&self, lua: &Lua, shape: &Shape, reply: &Reply) -> Result<Value> {
        let tagged = |tag: &str, value: Value| lua.create_table_from([(tag, value)]);
        let plain = |reply: &Reply| self.value(lua, reply, RESP3);
        Ok(Value::Table(match (shape, reply) {
            (Shape::Map, Reply::Array(entries)) => {
                let map = lua.create_table()?;
                for pair in entries.chunks_exact(2) {
                    map.raw_set(plain(&pair[0])?, plain(&pair[1])?)?;
                }
                tagged("map", Value::Table(map))?
            }
            (Shape::Set, Reply::Array(members)) => {
                let set = lua.create_table()?;
                for member in members {
                    set.raw_set(plain(member)?, true)?;
                }
                tagged("set", Value::Table(set))?
            }
            (Shape::Number, Reply::Bulk(text)) => tagged("double", Value::Number(double(text)))?,
            (Shape::Number, Reply::Array(entries)) => {
                list(lua, entries.iter().map(|entry| self.typed(lua, shape, entry)))?
            }
            (Shape::Text, Reply::Bulk(_)) => {
                let text = tagged("string", plain(reply)?)?;
                text.raw_set("format", "txt")?;
                tagged("verbatim_string", Value::Table(text))?
            }
            (Shape::Popped, Reply::Array(entries)) => self.pair(lua, entries, &Shape::Number)?,
            (Shape::Pairs(second), Reply::Array(entries)) => {
                let second = match second {
                    Second::AsIs => Shape::AsIs,
                    Second::Number => Shape::Number,
                };
                let pairs = entries.chunks(2).map(|pair| self.pair(lua, pair, &second));
                list(lua, pairs.map(|pair| pair.map(Value::Table)))?
            }
            _ => return plain(reply),
        }))
    }

    fn pair(&self, lua: &Lua, entries: &[Reply], second: &Shape) -> Result<Table> {
        let shapes = [&Shape::AsIs, second];
        list(
            lua,
            shapes.into_iter().zip(entries).map(|(shape, entry)| self.typed(lua, shape, entry)),
        )
    }
}

fn list(lua: &Lua, values: impl Iterator<Item = Result<Value>>) -> Result<Table> {
    let table = lua.create_table()?;
    for (index, value) in values.enumerate() {
        table.raw_set(index + 1, value?)?;
    }
    Ok(table)
}

/// A number as a command writes it.
fn double(text: &Blob) -> f64 {
    std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()).unwrap_or(f64::NAN)
}
