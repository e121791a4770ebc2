//! The engine itself: Lua, the scripts that it has compiled, and how one is run.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use mlua::{Function, Lua, LuaOptions, Result, StdLib, Table};

use super::budget::Budget;
use super::builtins::{self, PRELUDE};
use super::cjson::Cjson;
use super::convert::Fields;
use super::direct::{self, Outcome};
use super::host::{Host, Running};
use super::raise::{self, Final, Raised};
use super::{bits, cmsgpack, shebang, structs};
use crate::reply::ReplyBudget;
use crate::{Blob, Database, ErrorReply, Reply, Sha1, UnixTime};

/// The longest script.
const TEXT_MAX: usize = 512 << 10;

/// So many scripts are kept compiled.
const COMPILED_MAX: usize = 500;

/// Garbage of earlier scripts is collected when there are so many bytes of it: not more than a
/// cache holds, for whatever a script makes is made where garbage was.
const COLLECT_AFTER: usize = 192 << 10;

/// Whether a script may run commands that write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    ReadWrite,
    ReadOnly,
}

/// A script to run.
pub(crate) struct Call<'a> {
    pub(crate) sha: &'a Sha1,
    pub(crate) text: &'a Blob,
    pub(crate) keys: &'a [Blob],
    pub(crate) arguments: &'a [Blob],
    pub(crate) access: Access,
}

/// Lua, ready to run scripts.
struct Engine {
    lua: Lua,
    host: Rc<Host>,
    fields: Rc<Fields>,
    cjson: Cjson,
    /// What scripts see as global variables, which they cannot change.
    environment: Table,
    /// Runs a compiled script: `run` of `prelude.lua`.
    run: Function,
    compiled: BTreeMap<Sha1, Function>,
    collect_at: usize,
}

thread_local! {
    static ENGINE: RefCell<Option<Engine>> = const { RefCell::new(None) };
}

/// Checks that a script compiles.
///
/// # Errors
/// The error that `SCRIPT LOAD` gives.
pub(crate) fn compile(sha: &Sha1, text: &Blob) -> std::result::Result<(), ErrorReply> {
    with_engine(|engine| engine.function(sha, text).map(|_| ()))
}

/// Runs a script at the time `now` of the server's wall clock.
///
/// # Errors
/// The error that ended it. What it had written by then stays written.
pub(crate) fn run(
    database: &mut Database,
    now: UnixTime,
    call: &Call<'_>,
) -> std::result::Result<Reply, ErrorReply> {
    with_engine(|engine| engine.run(database, now, call))
}

fn with_engine<T>(
    work: impl FnOnce(&mut Engine) -> std::result::Result<T, ErrorReply>,
) -> std::result::Result<T, ErrorReply> {
    ENGINE.with_borrow_mut(|place| {
        let engine = match place.take() {
            Some(engine) => engine,
            None => Engine::new().map_err(|error| internal(&error))?,
        };
        work(place.insert(engine))
    })
}

/// What should not happen: Lua has no memory for what is not the script's.
fn internal(error: &mlua::Error) -> ErrorReply {
    ErrorReply::new(&builtins::failure_text(&raise::raised(error)))
}

impl Engine {
    fn new() -> Result<Engine> {
        let libraries = StdLib::STRING | StdLib::TABLE | StdLib::MATH;
        let lua = Lua::new_with(libraries, LuaOptions::new().catch_rust_panics(true))?;
        lua.gc_stop();
        let host = Rc::new(Host::default());
        let fields = Rc::new(Fields::new(&lua)?);
        let builtins = builtins::table(&lua, &host, &fields)?;
        let prelude = lua
            .load(include_str!("prelude.lua"))
            .set_name(format!("={PRELUDE}"))
            .set_mode(mlua::chunk::ChunkMode::Text)
            .into_function()?;
        let cjson = Cjson::default();
        builtins.raw_set("bit", bits::table(&lua)?)?;
        builtins.raw_set("struct", structs::table(&lua, &host)?)?;
        builtins.raw_set("cmsgpack", cmsgpack::table(&lua, &host)?)?;
        builtins.raw_set("cjson", cjson.table(&lua, &host)?)?;
        let (environment, globals, run): (Table, Table, Function) = prelude.call(builtins)?;
        let (triggers, hook) = Budget::hook(Rc::clone(&host.budget));
        lua.set_global_hook(triggers, hook)?;
        globals.raw_set("loadstring", builtins::loadstring(&lua, environment.clone())?)?;
        Ok(Engine {
            lua,
            host,
            fields,
            cjson,
            environment,
            run,
            compiled: BTreeMap::new(),
            collect_at: 0,
        })
    }

    /// The script, compiled.
    fn function(&mut self, sha: &Sha1, text: &Blob) -> std::result::Result<Function, ErrorReply> {
        if let Some(function) = self.compiled.get(sha) {
            return Ok(function.clone());
        }
        if text.len() > TEXT_MAX {
            return Err(ErrorReply::from_static("ERR script is too long"));
        }
        self.lua.set_memory_limit(0).map_err(|error| internal(&error))?;
        let body = shebang::body(text)?;
        let name = "@user_script".to_owned();
        let compiled = builtins::compile(&self.lua, &body, name, &self.environment);
        let function = compiled.map_err(|error| match error {
            mlua::Error::SyntaxError { message, .. } => {
                let text = format!("ERR Error compiling script (new function): {message}");
                ErrorReply::new(text.as_bytes())
            }
            other => internal(&other),
        })?;
        if self.compiled.len() == COMPILED_MAX {
            self.compiled.clear();
        }
        self.compiled.insert(*sha, function.clone());
        Ok(function)
    }

    fn run(
        &mut self,
        database: &mut Database,
        now: UnixTime,
        call: &Call<'_>,
    ) -> std::result::Result<Reply, ErrorReply> {
        let function = self.function(call.sha, call.text)?;
        let (access, lacks_memory) =
            shebang::permit(call.text, call.access, database.lacks_memory())?;
        let database_here = std::mem::take(database);
        let running = Running { database: database_here, now, access, lacks_memory };
        self.host.running.replace(Some(running));
        let outcome = self
            .prepare()
            .and_then(|()| direct::run(&self.lua, &self.host, [&self.run, &function], call));
        if let Some(running) = self.host.running.take() {
            *database = running.database;
        }
        let reply = self.reply(call, outcome, &mut database.replies);
        self.clean_up();
        reply
    }

    /// Makes all as it is for each script.
    fn prepare(&self) -> Result<()> {
        let Engine { lua, host, .. } = self;
        lua.set_memory_limit(0)?;
        host.resp.set(2);
        host.random.seed(0);
        host.failure.take();
        host.text.take();
        self.cjson.reset();
        Ok(())
    }

    /// What the script's end comes to: its value as a reply, or its error.
    fn reply(
        &self,
        call: &Call<'_>,
        outcome: Result<Outcome>,
        replies: &mut ReplyBudget,
    ) -> std::result::Result<Reply, ErrorReply> {
        let in_script = |message: &Blob, place: Option<&str>| {
            let place = place.map_or_else(String::new, |place| format!(", on {place}."));
            let suffix = format!(" script: {}{place}", call.sha);
            ErrorReply::new(&[message, suffix.as_bytes()].concat())
        };
        let raised = match outcome {
            Ok(Outcome::Reply(reply)) => return Ok(reply),
            Ok(Outcome::Results(Some(true), value)) => match self.fields.reply(&value, replies) {
                Ok(reply) => return Ok(reply),
                Err(error) => raise::raised(&error),
            },
            Ok(Outcome::Results(..)) => match self.host.failure.take() {
                Some(failure) => {
                    return Err(in_script(&failure.message, failure.place.as_deref()));
                }
                None => {
                    let ended = self.host.budget.ended();
                    Raised::Final(ended.unwrap_or(Final::OutOfMemory))
                }
            },
            Err(error) => raise::raised(&error),
        };
        Err(in_script(&builtins::failure_text(&raised), None))
    }

    /// Collects the garbage of scripts when it is worth the time.
    fn clean_up(&mut self) {
        let Engine { lua, .. } = self;
        // Neither can fail: Lua 5.1 has a limit to set, and no script's finalizers to run.
        let _ = lua.set_memory_limit(0);
        if lua.used_memory() >= self.collect_at {
            let _ = lua.gc_collect();
            lua.gc_stop();
            self.collect_at = lua.used_memory().saturating_add(COLLECT_AFTER);
        }
    }
}
