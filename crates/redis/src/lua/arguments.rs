//! The arguments of functions written in Rust, read as Lua's own functions in C read theirs.

use mlua::{FromLuaMulti, Lua, LuaString, MultiValue, Result, Value};

use super::raise;

/// The arguments of one call. They are counted from 1, as in error messages.
pub(super) struct Arguments {
    values: Vec<Value>,
    /// How many levels up the function is that scripts call: errors name it.
    level: usize,
}

impl FromLuaMulti for Arguments {
    fn from_lua_multi(values: MultiValue, _: &Lua) -> Result<Arguments> {
        Ok(Arguments { values: values.into_iter().collect(), level: 0 })
    }
}

impl Arguments {
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    pub(super) fn values(&self) -> &[Value] {
        &self.values
    }

    /// That argument, nil if there are not so many.
    pub(super) fn get(&self, number: usize) -> &Value {
        self.values.get(number - 1).unwrap_or(&Value::Nil)
    }

    pub(super) fn is_none_or_nil(&self, number: usize) -> bool {
        matches!(self.get(number), Value::Nil)
    }

    /// A string, or a number written as one.
    pub(super) fn string(&self, lua: &Lua, number: usize) -> Result<LuaString> {
        match self.get(number) {
            Value::String(string) => Ok(string.clone()),
            value @ (Value::Integer(_) | Value::Number(_)) => {
                let string = lua.coerce_string(value.clone())?;
                string.ok_or_else(|| self.expected(lua, number, "string"))
            }
            _ => Err(self.expected(lua, number, "string")),
        }
    }

    /// A number, or a string that can be read as one.
    pub(super) fn number(&self, lua: &Lua, number: usize) -> Result<f64> {
        match self.get(number) {
            Value::Number(value) => Ok(*value),
            Value::Integer(value) => Ok(super::number::from_integer(*value)),
            value @ Value::String(_) => {
                let value = lua.coerce_number(value.clone())?;
                value.ok_or_else(|| self.expected(lua, number, "number"))
            }
            _ => Err(self.expected(lua, number, "number")),
        }
    }

    /// A number cut to an integer.
    pub(super) fn integer(&self, lua: &Lua, number: usize) -> Result<i64> {
        match self.get(number) {
            Value::Integer(value) => Ok(*value),
            _ => Ok(super::number::truncate(self.number(lua, number)?)),
        }
    }

    /// As [`Arguments::integer`], if it is there.
    pub(super) fn integer_or(&self, lua: &Lua, number: usize, default: i64) -> Result<i64> {
        if self.is_none_or_nil(number) { Ok(default) } else { self.integer(lua, number) }
    }

    pub(super) fn expected(&self, lua: &Lua, number: usize, expected: &str) -> mlua::Error {
        let got = self.values.get(number - 1).map_or("no value", raise::type_name);
        self.problem(lua, number, &format!("{expected} expected, got {got}"))
    }

    pub(super) fn problem(&self, lua: &Lua, number: usize, problem: &str) -> mlua::Error {
        raise::argument_at(lua, self.level, number, problem)
    }

    /// The same arguments and a nil.
    pub(super) fn followed_by_nil(&self) -> Arguments {
        let values = self.values.iter().cloned().chain([Value::Nil]);
        Arguments { values: values.collect(), level: self.level }
    }

    /// The same arguments, of a function that `prelude.lua` calls in that many levels.
    pub(super) fn called_through(self, level: usize) -> Arguments {
        Arguments { level, ..self }
    }
}
