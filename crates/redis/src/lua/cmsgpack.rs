//! The table `cmsgpack`: lua-cmsgpack 0.4, as Redis includes it.

mod pack;
mod unpack;

use lua::{Lua, Result, TableRef};

use self::unpack::{Part, unpack};

pub(super) fn table(lua: &mut Lua) -> Result<TableRef> {
    let table = lua.new_table(0, 0)?;
    for (name, text) in [
        ("_NAME", "cmsgpack"),
        ("_VERSION", "lua-cmsgpack 0.4.0"),
        ("_COPYRIGHT", "Copyright (C) 2012, Salvatore Sanfilippo"),
        ("_DESCRIPTION", "MessagePack C implementation for Lua"),
    ] {
        let text = lua.string(text)?;
        lua.set_field(table, name, text.into())?;
    }
    lua.define(table, "pack", pack::pack)?;
    lua.define(table, "unpack", |lua, args| unpack(lua, args, Part { limit: 0, offset: 0 }))?;
    lua.define(table, "unpack_one", |lua, args| {
        let offset = lua.integer_or(args, 2, 0)?;
        unpack(lua, args, Part { limit: 1, offset })
    })?;
    lua.define(table, "unpack_limit", |lua, args| {
        let (limit, offset) = (lua.check_integer(args, 2)?, lua.integer_or(args, 3, 0)?);
        unpack(lua, args, Part { limit, offset })
    })?;
    Ok(table)
}
