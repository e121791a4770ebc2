//! The table `cjson`: lua-cjson 2.1, which comes with Redis, with its settings.

mod decode;
mod encode;

use std::cell::Cell;
use std::rc::Rc;

use mlua::{Lua, Result, Table, Value};

use super::arguments::Arguments;
use super::host::{Host, constant, define};
use super::number;

/// What scripts can set. Unlike Redis, which keeps the settings of one script for all others, each
/// script begins with these.
#[derive(Clone, Copy, Debug)]
struct Settings {
    /// What becomes of an array with too many holes: an object, or else an error.
    sparse_as_object: bool,
    /// How many times longer than its number of elements an array may be; 0 for no limit.
    sparse_ratio: i32,
    /// An array so long may have any number of holes.
    sparse_safe: i32,
    encode_depth: i32,
    decode_depth: i32,
    digits: i32,
    keep_buffer: bool,
    encode_invalid: Invalid,
    decode_invalid: bool,
}

/// How a number is written that JSON does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Invalid {
    Refuse,
    AsTheyAre,
    Null,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            sparse_as_object: false,
            sparse_ratio: 2,
            sparse_safe: 10,
            encode_depth: 1_000,
            decode_depth: 1_000,
            digits: 14,
            keep_buffer: true,
            encode_invalid: Invalid::Refuse,
            decode_invalid: true,
        }
    }
}

/// The settings of one table of functions.
#[derive(Clone, Debug, Default)]
pub(super) struct Cjson(Rc<Cell<Settings>>);

impl Cjson {
    /// As they are at the start of a script.
    pub(super) fn reset(&self) {
        self.0.set(Settings::default());
    }

    /// The table of functions that go by these settings.
    pub(super) fn table(&self, lua: &Lua, host: &Rc<Host>) -> Result<Table> {
        let table = lua.create_table()?;
        constant(&table, "null", Value::NULL)?;
        constant(&table, "_NAME", "cjson")?;
        constant(&table, "_VERSION", "2.1.0")?;
        let (settings, shared) = (Rc::clone(&self.0), Rc::clone(host));
        define(lua, &table, "encode", move |lua, arguments| {
            encode::encode(lua, &shared, &settings.get(), &arguments)
        })?;
        let (settings, shared) = (Rc::clone(&self.0), Rc::clone(host));
        define(lua, &table, "decode", move |lua, arguments| {
            decode::decode(lua, &shared, &settings.get(), &arguments)
        })?;
        let shared = Rc::clone(host);
        define(lua, &table, "new", move |lua, _| {
            shared.budget.spend_bytes(10_000)?;
            Cjson::default().table(lua, &shared)
        })?;
        self.set_functions(lua, &table)?;
        Ok(table)
    }

    fn set_functions(&self, lua: &Lua, table: &Table) -> Result<()> {
        let settings = Rc::clone(&self.0);
        define(lua, table, "encode_sparse_array", move |lua, arguments| {
            let mut new = settings.get();
            at_most(lua, &arguments, 3)?;
            switch(lua, &arguments, &mut new.sparse_as_object)?;
            integer(lua, &arguments, 2, 0, i32::MAX, &mut new.sparse_ratio)?;
            integer(lua, &arguments, 3, 0, i32::MAX, &mut new.sparse_safe)?;
            settings.set(new);
            Ok((new.sparse_as_object, new.sparse_ratio, new.sparse_safe))
        })?;
        self.integer_function(lua, table, "encode_max_depth", i32::MAX, |new| {
            &mut new.encode_depth
        })?;
        self.integer_function(lua, table, "decode_max_depth", i32::MAX, |new| {
            &mut new.decode_depth
        })?;
        self.integer_function(lua, table, "encode_number_precision", 14, |new| &mut new.digits)?;
        self.switch_function(lua, table, "encode_keep_buffer", |new| &mut new.keep_buffer)?;
        self.switch_function(lua, table, "decode_invalid_numbers", |new| &mut new.decode_invalid)?;
        let settings = Rc::clone(&self.0);
        define(lua, table, "encode_invalid_numbers", move |lua, arguments| {
            let mut new = settings.get();
            at_most(lua, &arguments, 1)?;
            let options =
                [("off", Invalid::Refuse), ("on", Invalid::AsTheyAre), ("null", Invalid::Null)];
            match arguments.get(1) {
                Value::Nil => {}
                Value::Boolean(true) => new.encode_invalid = Invalid::AsTheyAre,
                Value::Boolean(false) => new.encode_invalid = Invalid::Refuse,
                _ => new.encode_invalid = option(lua, &arguments, &options)?,
            }
            settings.set(new);
            match new.encode_invalid {
                Invalid::Refuse => Ok(Value::Boolean(false)),
                Invalid::AsTheyAre => Ok(Value::Boolean(true)),
                Invalid::Null => Ok(Value::String(lua.create_string("null")?)),
            }
        })
    }

    fn integer_function(
        &self,
        lua: &Lua,
        table: &Table,
        name: &str,
        most: i32,
        setting: fn(&mut Settings) -> &mut i32,
    ) -> Result<()> {
        let settings = Rc::clone(&self.0);
        define(lua, table, name, move |lua, arguments| {
            let mut new = settings.get();
            at_most(lua, &arguments, 1)?;
            integer(lua, &arguments, 1, 1, most, setting(&mut new))?;
            settings.set(new);
            Ok(*setting(&mut new))
        })
    }

    fn switch_function(
        &self,
        lua: &Lua,
        table: &Table,
        name: &str,
        setting: fn(&mut Settings) -> &mut bool,
    ) -> Result<()> {
        let settings = Rc::clone(&self.0);
        define(lua, table, name, move |lua, arguments| {
            let mut new = settings.get();
            at_most(lua, &arguments, 1)?;
            switch(lua, &arguments, setting(&mut new))?;
            settings.set(new);
            Ok(*setting(&mut new))
        })
    }
}

fn at_most(lua: &Lua, arguments: &Arguments, most: usize) -> Result<()> {
    if arguments.len() > most {
        return Err(arguments.problem(lua, most + 1, "found too many arguments"));
    }
    Ok(())
}

/// The first argument as a switch: true or false, or `on` or `off`.
fn switch(lua: &Lua, arguments: &Arguments, setting: &mut bool) -> Result<()> {
    match arguments.get(1) {
        Value::Nil => {}
        Value::Boolean(on) => *setting = *on,
        _ => *setting = option(lua, arguments, &[("off", false), ("on", true)])?,
    }
    Ok(())
}

fn option<T: Copy>(lua: &Lua, arguments: &Arguments, options: &[(&str, T)]) -> Result<T> {
    let word = arguments.string(lua, 1)?.to_string_lossy();
    let found = options.iter().find(|(name, _)| *name == word);
    let problem = || arguments.problem(lua, 1, &format!("invalid option '{word}'"));
    found.map(|(_, value)| *value).ok_or_else(problem)
}

fn integer(
    lua: &Lua,
    arguments: &Arguments,
    place: usize,
    least: i32,
    most: i32,
    setting: &mut i32,
) -> Result<()> {
    if arguments.is_none_or_nil(place) {
        return Ok(());
    }
    let value = number::c_int(arguments.integer(lua, place)?);
    if !(least..=most).contains(&value) {
        let problem = format!("expected integer between {least} and {most}");
        // Whichever argument it is, lua-cjson calls it the first.
        return Err(arguments.problem(lua, 1, &problem));
    }
    *setting = value;
    Ok(())
}
