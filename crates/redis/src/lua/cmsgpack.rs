//! The table `cmsgpack`: lua-cmsgpack 0.4, which comes with Redis.

mod pack;
mod unpack;

use std::rc::Rc;

use mlua::{Lua, Result, Table};

use super::host::{Host, constant, define};

pub(super) fn table(lua: &Lua, host: &Rc<Host>) -> Result<Table> {
    let table = lua.create_table()?;
    constant(&table, "_NAME", "cmsgpack")?;
    constant(&table, "_VERSION", "lua-cmsgpack 0.4.0")?;
    constant(&table, "_COPYRIGHT", "Copyright (C) 2012, Salvatore Sanfilippo")?;
    constant(&table, "_DESCRIPTION", "MessagePack C implementation for Lua")?;
    let shared = Rc::clone(host);
    define(lua, &table, "pack", move |lua, arguments| pack::pack(lua, &shared, &arguments))?;
    let shared = Rc::clone(host);
    define(lua, &table, "unpack", move |lua, arguments| {
        unpack::unpack(lua, &shared, &arguments, unpack::Part { limit: 0, offset: 0 })
    })?;
    let shared = Rc::clone(host);
    define(lua, &table, "unpack_one", move |lua, arguments| {
        let offset = arguments.integer_or(lua, 2, 0)?;
        unpack::unpack(lua, &shared, &arguments, unpack::Part { limit: 1, offset })
    })?;
    let shared = Rc::clone(host);
    define(lua, &table, "unpack_limit", move |lua, arguments| {
        let (limit, offset) = (arguments.integer(lua, 2)?, arguments.integer_or(lua, 3, 0)?);
        unpack::unpack(lua, &shared, &arguments, unpack::Part { limit, offset })
    })?;
    Ok(table)
}
