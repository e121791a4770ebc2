//! The table `redis`.

use std::rc::Rc;

use mlua::{FromLuaMulti, Lua, LuaString, MultiValue, Result, Table, Value};

use super::arguments::Arguments;
use super::convert::{Fields, blob, word};
use super::host::{Host, constant, define, function};
use super::raise::{self, Raised};
use super::{direct, number};
use crate::command;
use crate::resp::Shape;
use crate::{Blob, ErrorReply, Reply, Sha1};

/// The version whose behaviour this is.
const VERSION: &str = "7.0.15";
const VERSION_NUMBER: i64 = 0x0007_000f;

pub(super) fn table(lua: &Lua, host: &Rc<Host>, fields: &Rc<Fields>) -> Result<Table> {
    let table = lua.create_table()?;
    constants(&table)?;
    calls(lua, &table, host, fields)?;
    replies(lua, &table, fields)?;
    replication(lua, &table)?;

    define(lua, &table, "log", log)?;
    define(lua, &table, "sha1hex", |lua, arguments| sha1hex(lua, &arguments))?;
    define(lua, &table, "acl_check_cmd", |_, arguments| acl_check_cmd(&arguments))?;
    define(lua, &table, "breakpoint", |_, _| Ok(false))?;
    define(lua, &table, "debug", |_, _| Ok(()))?;
    let shared = Rc::clone(host);
    define(lua, &table, "setresp", move |lua, arguments| set_resp(lua, &shared, &arguments))?;
    Ok(table)
}

fn constants(table: &Table) -> Result<()> {
    constant(table, "REDIS_VERSION", VERSION)?;
    constant(table, "REDIS_VERSION_NUM", VERSION_NUMBER)?;
    for (level, name) in ["DEBUG", "VERBOSE", "NOTICE", "WARNING"].into_iter().enumerate() {
        constant(table, &format!("LOG_{name}"), level)?;
    }
    for (name, flags) in [("NONE", 0), ("AOF", 1), ("SLAVE", 2), ("REPLICA", 2), ("ALL", 3)] {
        constant(table, &format!("REPL_{name}"), flags)?;
    }
    Ok(())
}

/// `redis.call` and `redis.pcall`, which differ in what becomes of a refusal.
fn calls(lua: &Lua, table: &Table, host: &Rc<Host>, fields: &Rc<Fields>) -> Result<()> {
    let shared = (Rc::clone(host), Rc::clone(fields));
    let call = move |lua: &Lua, line: Line| {
        let (host, fields) = &shared;
        let shape = shape(host, &line);
        match answer(host, line)? {
            Ok(Reply::Error(refusal)) | Err(refusal) => Err(Raised::Refusal(refusal).into()),
            Ok(reply) => value(lua, fields, shape, &reply),
        }
    };
    table.raw_set("call", direct::call_ahead_of(lua, host, &function(lua, call)?)?)?;
    let shared = (Rc::clone(host), Rc::clone(fields));
    let pcall = move |lua: &Lua, line: Line| {
        let (host, fields) = &shared;
        let shape = shape(host, &line);
        let reply = answer(host, line)?.unwrap_or_else(Reply::Error);
        value(lua, fields, shape, &reply)
    };
    table.raw_set("pcall", direct::call_ahead_of(lua, host, &function(lua, pcall)?)?)
}

/// The words of a command, `None` if one of them is neither a text nor a number.
struct Line(Option<Vec<Blob>>);

impl FromLuaMulti for Line {
    fn from_lua_multi(values: MultiValue, _: &Lua) -> Result<Line> {
        let mut line = Vec::with_capacity(values.len());
        for value in &values {
            match word(value) {
                Some(word) => line.push(word),
                None => return Ok(Line(None)),
            }
        }
        Ok(Line(Some(line)))
    }
}

/// What the reply to this line is in RESP3, if the script wants to have it in that.
fn shape(host: &Host, line: &Line) -> Option<Shape> {
    (host.resp.get() == 3).then(|| line.0.as_deref().map_or(Shape::AsIs, Shape::of))
}

fn value(lua: &Lua, fields: &Fields, shape: Option<Shape>, reply: &Reply) -> Result<Value> {
    match shape {
        Some(shape) => fields.typed(lua, &shape, reply),
        None => fields.value(lua, reply, 2),
    }
}

/// The outer result is an error if the script must end.
fn answer(host: &Host, line: Line) -> Result<std::result::Result<Reply, ErrorReply>> {
    if let Some(answered) = host.answered.take() {
        return Ok(answered);
    }
    let Line(Some(line)) = line else {
        return Ok(Err(ErrorReply::from_static(
            "ERR Lua redis lib command arguments must be strings or integers",
        )));
    };
    host.budget.spend_bytes(line.iter().map(|word| word.len()).sum())?;
    Ok(host.call(&line))
}

/// `redis.error_reply` and `redis.status_reply`
fn replies(lua: &Lua, table: &Table, fields: &Rc<Fields>) -> Result<()> {
    let shared = Rc::clone(fields);
    let wrong = ErrorReply::from_static("ERR wrong number or type of arguments");
    let refusal = wrong.clone();
    define(lua, table, "error_reply", move |lua, arguments| match arguments.values() {
        [Value::String(text)] => shared.error_value(lua, &error_reply(&text.as_bytes())),
        _ => shared.error_value(lua, &refusal),
    })?;
    let shared = Rc::clone(fields);
    define(lua, table, "status_reply", move |lua, arguments| match arguments.values() {
        [Value::String(text)] => {
            let table = lua.create_table()?;
            table.raw_set("ok", text)?;
            Ok(Value::Table(table))
        }
        _ => shared.error_value(lua, &wrong),
    })
}

/// The text of an `{err = ...}`: after a code, if it has one, which is a word with something
/// behind it.
fn error_reply(text: &[u8]) -> ErrorReply {
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let error = ErrorReply::new(text);
    if text.contains(&b' ') { error } else { ErrorReply::new(&[b"ERR ", &**error.text()].concat()) }
}

fn replication(lua: &Lua, table: &Table) -> Result<()> {
    define(lua, table, "replicate_commands", |_, _| Ok(true))?;
    define(lua, table, "set_repl", |lua, arguments| {
        if arguments.len() != 1 {
            return Err(raise::refusal("ERR redis.set_repl() requires two arguments."));
        }
        let flags = lua.coerce_number(arguments.get(1).clone())?.map_or(0, number::truncate);
        if !(0..=3).contains(&flags) {
            return Err(raise::refusal(
                "ERR Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.",
            ));
        }
        Ok(())
    })
}

/// What is logged goes nowhere.
fn log(_: &Lua, arguments: Arguments) -> Result<()> {
    if arguments.len() < 2 {
        return Err(raise::refusal("ERR redis.log() requires two arguments or more."));
    }
    let Some(level) = number::of(arguments.get(1)) else {
        return Err(raise::refusal("ERR First argument must be a number (log level)."));
    };
    if !(0..=3).contains(&number::truncate(level)) {
        return Err(raise::refusal("ERR Invalid debug level."));
    }
    Ok(())
}

fn sha1hex(lua: &Lua, arguments: &Arguments) -> Result<LuaString> {
    if arguments.len() != 1 {
        return Err(raise::refusal("ERR wrong number of arguments"));
    }
    let text = match arguments.get(1) {
        Value::String(text) => Some(text.clone()),
        value @ (Value::Integer(_) | Value::Number(_)) => lua.coerce_string(value.clone())?,
        _ => None,
    };
    let sha = text.map_or_else(|| Sha1::of(b""), |text| Sha1::of(&blob(&text)));
    lua.create_string(sha.to_hex())
}

fn set_resp(lua: &Lua, host: &Host, arguments: &Arguments) -> Result<()> {
    if arguments.len() != 1 {
        return Err(raise::refusal("ERR redis.setresp() requires one argument."));
    }
    let version = lua.coerce_number(arguments.get(1).clone())?.map_or(0, number::truncate);
    if !(2..=3).contains(&version) {
        return Err(raise::refusal("ERR RESP version must be 2 or 3."));
    }
    host.resp.set(version);
    Ok(())
}

/// Nobody is refused anything here, but the command must be one.
fn acl_check_cmd(arguments: &Arguments) -> Result<bool> {
    if arguments.len() == 0 {
        return Err(raise::refusal(
            "ERR Please specify at least one argument for this redis lib call",
        ));
    }
    let words: Option<Vec<Blob>> = arguments.values().iter().map(word).collect();
    let words = words.ok_or_else(|| {
        raise::refusal("ERR redis.acl_check_cmd() command arguments must be strings or integers")
    })?;
    match command::resolve(&words) {
        Ok(_) | Err(command::Unresolved::WrongArity { .. }) => Ok(true),
        Err(_) => Err(raise::refusal("ERR Invalid command passed to redis.acl_check_cmd()")),
    }
}
