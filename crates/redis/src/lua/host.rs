//! What the functions that scripts call share: the server whose script runs, and its means.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use mlua::{Function, IntoLua, Lua, Result, Table};

use super::arguments::Arguments;
use super::budget::Budget;
use super::engine::Access;
use super::random::Random;
use crate::{Blob, Database, ErrorReply, Reply, ScriptContext, UnixTime};

/// One for each engine.
#[derive(Debug, Default)]
pub(super) struct Host {
    /// The server, while a script of it runs.
    pub(super) running: RefCell<Option<Running>>,
    pub(super) budget: Rc<Budget>,
    pub(super) random: Random,
    /// 2 or 3: which replies `redis.call` gives.
    pub(super) resp: Cell<i64>,
    /// The error that ended the script, as its client will see it, but for the script's name.
    pub(super) failure: RefCell<Option<Failure>>,
    /// The line of the last command, kept for its memory.
    pub(super) line: RefCell<Vec<Blob>>,
    /// The last text that a command replied with, until it has been copied to Lua.
    pub(super) text: RefCell<Blob>,
    /// What a command came to that has run, if `redis.call` has yet to hand it on.
    pub(super) answered: RefCell<Option<std::result::Result<Reply, ErrorReply>>>,
}

/// The server whose script runs.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) database: Database,
    pub(super) now: UnixTime,
    pub(super) access: Access,
    /// Whether there was no memory when the script began, and it has not written since.
    pub(super) lacks_memory: bool,
}

/// How a script ended in an error.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) message: Blob,
    /// As `@user_script:1`, if it is known.
    pub(super) place: Option<String>,
}

impl Host {
    /// What `redis.call` does.
    pub(super) fn call(&self, line: &[Blob]) -> std::result::Result<Reply, ErrorReply> {
        let mut running = self.running.borrow_mut();
        let Some(running) = running.as_mut() else {
            return Err(ErrorReply::from_static("ERR no script is running"));
        };
        let Running { database, now, access, lacks_memory } = running;
        let mut context = ScriptContext::resumed(database, *now, *lacks_memory);
        let result = context.call_with(*access, line);
        *lacks_memory = context.lacks_memory();
        result
    }
}

/// Puts a function written in Rust into a table.
pub(super) fn define<F, R>(lua: &Lua, table: &Table, name: &str, function: F) -> Result<()>
where
    F: Fn(&Lua, Arguments) -> Result<R> + 'static,
    R: mlua::IntoLuaMulti,
{
    table.raw_set(name, self::function(lua, function)?)
}

/// A function written in Rust. While it runs, the limit on memory is lifted: under a limit `mlua`
/// must guard each string and table that it makes, which takes longer than to make it. So a
/// function that can make many, or large ones, looks at [`Budget::check_memory`] itself.
pub(super) fn function<F, A, R>(lua: &Lua, function: F) -> Result<Function>
where
    F: Fn(&Lua, A) -> Result<R> + 'static,
    A: mlua::FromLuaMulti,
    R: mlua::IntoLuaMulti,
{
    lua.create_function(move |lua, arguments| {
        let _lifted = LiftedLimit { lua, limit: lua.set_memory_limit(0)? };
        function(lua, arguments)
    })
}

/// Sets the limit again when it is dropped.
struct LiftedLimit<'a> {
    lua: &'a Lua,
    limit: usize,
}

impl Drop for LiftedLimit<'_> {
    fn drop(&mut self) {
        // It cannot fail: Lua 5.1 has a limit to set.
        let _ = self.lua.set_memory_limit(self.limit);
    }
}

/// Puts a value into a table.
pub(super) fn constant(table: &Table, name: &str, value: impl IntoLua) -> Result<()> {
    table.raw_set(name, value)
}
