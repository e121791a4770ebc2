//! Conversion of RESP3 replies for scripts that called `redis.setresp(3)`. Source: "Redis Lua API
//! reference", section "RESP3 to Lua type conversion".

use lua::{Lua, Result, TableRef, Value};

use super::convert::{self, Fields};
use crate::resp::{Second, Shape};
use crate::{Blob, Reply};

/// The tables of a reply take at most this many times as much as its strings.
const FACTOR: usize = 4;

impl Fields {
    /// Converts a reply of this shape. Maps, sets, numbers and texts become tables with one field,
    /// whose name is the type. May collect garbage first.
    pub(super) fn typed(&self, lua: &mut Lua, shape: &Shape, reply: Reply) -> Result<Value> {
        convert::make_room(lua, &reply, FACTOR)?;
        self.shaped(lua, shape, reply)
    }

    fn shaped(&self, lua: &mut Lua, shape: &Shape, reply: Reply) -> Result<Value> {
        match (shape, reply) {
            (Shape::Map, Reply::Array(entries)) => {
                let map = lua.new_table(0, 0)?;
                let mut entries = entries.into_iter();
                while let (Some(key), Some(value)) = (entries.next(), entries.next()) {
                    let (key, value) = (self.plain(lua, key)?, self.plain(lua, value)?);
                    lua.raw_set(map, key, value)?;
                }
                self.one_field(lua, self.map, map.into())
            }
            (Shape::Set, Reply::Array(members)) => {
                let set = lua.new_table(0, 0)?;
                for member in members {
                    let member = self.plain(lua, member)?;
                    lua.raw_set(set, member, Value::Boolean(true))?;
                }
                self.one_field(lua, self.set, set.into())
            }
            (Shape::Number, Reply::Bulk(text)) => {
                self.one_field(lua, self.double, Value::Number(double(&text)))
            }
            (Shape::Number, Reply::Array(entries)) => {
                list(lua, entries.into_iter(), |lua, entry| self.shaped(lua, shape, entry))
            }
            (Shape::Text, reply @ Reply::Bulk(_)) => {
                let text = self.plain(lua, reply)?;
                let verbatim = lua.new_table(0, 2)?;
                lua.raw_set(verbatim, self.string.into(), text)?;
                let format = lua.string(Blob::from_static("txt"))?;
                lua.raw_set(verbatim, self.format.into(), format.into())?;
                self.one_field(lua, self.verbatim_string, verbatim.into())
            }
            (Shape::Popped, Reply::Array(entries)) => {
                self.pair(lua, entries.into_iter(), &Shape::Number)
            }
            (Shape::Pairs(second), Reply::Array(entries)) => {
                let second = match second {
                    Second::AsIs => Shape::AsIs,
                    Second::Number => Shape::Number,
                };
                let pairs = lua.new_table(entries.len().div_ceil(2), 0)?;
                let mut entries = entries.into_iter();
                let mut index = 0;
                while entries.len() > 0 {
                    index += 1;
                    let pair = self.pair(lua, entries.by_ref().take(2), &second)?;
                    lua.set_element(pairs, index, pair)?;
                }
                Ok(pairs.into())
            }
            (_, reply) => self.plain(lua, reply),
        }
    }

    fn plain(&self, lua: &mut Lua, reply: Reply) -> Result<Value> {
        lua.spend(4)?;
        self.converted(lua, reply, Value::Nil)
    }

    fn pair(
        &self,
        lua: &mut Lua,
        entries: impl Iterator<Item = Reply>,
        second: &Shape,
    ) -> Result<Value> {
        let shapes = [&Shape::AsIs, second];
        list(lua, shapes.into_iter().zip(entries), |lua, (shape, entry)| {
            self.shaped(lua, shape, entry)
        })
    }
}

fn list<T>(
    lua: &mut Lua,
    entries: impl Iterator<Item = T>,
    convert: impl Fn(&mut Lua, T) -> Result<Value>,
) -> Result<Value> {
    let table: TableRef = lua.new_table(0, 0)?;
    for (index, entry) in entries.enumerate() {
        let value = convert(lua, entry)?;
        lua.set_element(table, index + 1, value)?;
    }
    Ok(table.into())
}

/// Parses a floating-point number in a command's reply.
fn double(text: &Blob) -> f64 {
    std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()).unwrap_or(f64::NAN)
}
