//! The table `redis`.

use std::rc::Rc;

use lua::{Args, Lua, Result, TableRef, Value, number};

use super::convert::{Fields, word};
use super::host::Host;
use crate::command;
use crate::resp::Shape;
use crate::{Blob, ErrorReply, Reply, Sha1};

/// The version of Redis that scripts see.
const VERSION: &str = "7.0.15";
const VERSION_NUMBER: i32 = 0x0007_000f;

/// The least cost of a command in units.
const CALL: u64 = 20;

pub(super) fn table(lua: &mut Lua, host: &Rc<Host>, fields: Fields) -> Result<TableRef> {
    let table = lua.new_table(0, 0)?;
    constants(lua, table)?;
    calls(lua, table, host, fields)?;
    replies(lua, table, fields)?;
    replication(lua, table, fields)?;

    lua.define(table, "log", move |lua, args| log(lua, args, fields))?;
    lua.define(table, "sha1hex", move |lua, args| sha1hex(lua, args, fields))?;
    lua.define(table, "acl_check_cmd", move |lua, args| acl_check_cmd(lua, args, fields))?;
    lua.define(table, "breakpoint", |lua, _| lua.push(false.into()))?;
    lua.define(table, "debug", |_, _| Ok(0))?;
    let shared = Rc::clone(host);
    lua.define(table, "setresp", move |lua, args| set_resp(lua, args, &shared, fields))?;
    Ok(table)
}

fn constants(lua: &mut Lua, table: TableRef) -> Result<()> {
    let version = lua.string(VERSION)?;
    lua.set_field(table, "REDIS_VERSION", version.into())?;
    let levels = ["DEBUG", "VERBOSE", "NOTICE", "WARNING"].into_iter().zip(0..);
    let flags = [("NONE", 0), ("AOF", 1), ("SLAVE", 2), ("REPLICA", 2), ("ALL", 3)];
    let levels = levels.map(|(name, level)| (format!("LOG_{name}"), level));
    let flags = flags.into_iter().map(|(name, flags)| (format!("REPL_{name}"), flags));
    let version = ("REDIS_VERSION_NUM".to_owned(), VERSION_NUMBER);
    for (name, number) in [version].into_iter().chain(levels).chain(flags) {
        lua.set_field(table, &name, f64::from(number).into())?;
    }
    Ok(())
}

/// `redis.call`, which raises an error reply, and `redis.pcall`, which returns it.
fn calls(lua: &mut Lua, table: TableRef, host: &Rc<Host>, fields: Fields) -> Result<()> {
    let shared = Rc::clone(host);
    lua.define(table, "call", move |lua, args| {
        let (reply, shape) = answer(lua, args, &shared)?;
        match reply {
            Ok(Reply::Error(refusal)) | Err(refusal) => Err(fields.refused(lua, &refusal)),
            Ok(reply) => push_reply(lua, fields, shape, reply),
        }
    })?;
    let shared = Rc::clone(host);
    lua.define(table, "pcall", move |lua, args| {
        let (reply, shape) = answer(lua, args, &shared)?;
        push_reply(lua, fields, shape, reply.unwrap_or_else(Reply::Error))
    })
}

/// A reply, and its shape in RESP3 if the script asked for RESP3.
type Answer = (std::result::Result<Reply, ErrorReply>, Option<Shape>);

/// Runs the command in the arguments, and charges for it.
fn answer(lua: &mut Lua, args: Args, host: &Host) -> Result<Answer> {
    let mut line = host.line.take();
    let mut bytes = 0;
    for value in lua.args_from(args, 1) {
        let Some(word) = word(lua, *value) else {
            return Ok((
                Err(ErrorReply::from_static(
                    "ERR Lua redis lib command arguments must be strings or integers",
                )),
                None,
            ));
        };
        bytes += word.len();
        line.push(word);
    }
    lua.spend(CALL + line.len() as u64)?;
    lua.spend_bytes(bytes)?;
    let reply = host.call(&line);
    let shape = host.wants_resp3.get().then(|| Shape::of(&line));
    line.clear();
    host.line.set(line);
    // A command can take long and cost little.
    lua.look()?;
    Ok((reply, shape))
}

fn push_reply(lua: &mut Lua, fields: Fields, shape: Option<Shape>, reply: Reply) -> Result<usize> {
    let value = match shape {
        Some(shape) => fields.typed(lua, &shape, reply)?,
        None => fields.value(lua, reply)?,
    };
    lua.push(value)
}

/// `redis.error_reply` and `redis.status_reply`
fn replies(lua: &mut Lua, table: TableRef, fields: Fields) -> Result<()> {
    const WRONG: ErrorReply = ErrorReply::from_static("ERR wrong number or type of arguments");
    lua.define(table, "error_reply", move |lua, args| {
        let error = match lua.args_from(args, 1) {
            [Value::String(text)] => error_reply(lua.bytes(*text)),
            _ => WRONG,
        };
        lua.spend_bytes(2 * error.text().len())?;
        let value = fields.error_value(lua, &error)?;
        lua.push(value)
    })?;
    lua.define(table, "status_reply", move |lua, args| {
        let value = match *lua.args_from(args, 1) {
            [Value::String(text)] => fields.status_value(lua, text)?,
            _ => fields.error_value(lua, &WRONG)?,
        };
        lua.push(value)
    })
}

/// The error reply for `text`. A text with a blank begins with a code; otherwise the code is `ERR`.
fn error_reply(text: &[u8]) -> ErrorReply {
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let error = ErrorReply::new(text);
    if text.contains(&b' ') { error } else { ErrorReply::new(&[b"ERR ", &**error.text()].concat()) }
}

/// The error that a function of this table raises.
fn refuse(lua: &mut Lua, fields: Fields, message: &'static str) -> lua::Error {
    fields.refused(lua, &ErrorReply::from_static(message))
}

fn replication(lua: &mut Lua, table: TableRef, fields: Fields) -> Result<()> {
    lua.define(table, "replicate_commands", |lua, _| lua.push(true.into()))?;
    lua.define(table, "set_repl", move |lua, args| {
        if args.len() != 1 {
            return Err(refuse(lua, fields, "ERR redis.set_repl() requires two arguments."));
        }
        let flags = lua.to_number(lua.arg(args, 1)).map_or(0, number::truncate);
        if !(0..=3).contains(&flags) {
            return Err(refuse(
                lua,
                fields,
                "ERR Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.",
            ));
        }
        Ok(0)
    })
}

/// `redis.log`: checks its arguments and drops the message.
fn log(lua: &mut Lua, args: Args, fields: Fields) -> Result<usize> {
    if args.len() < 2 {
        return Err(refuse(lua, fields, "ERR redis.log() requires two arguments or more."));
    }
    let Value::Number(level) = lua.arg(args, 1) else {
        return Err(refuse(lua, fields, "ERR First argument must be a number (log level)."));
    };
    if !(0..=3).contains(&number::truncate(level)) {
        return Err(refuse(lua, fields, "ERR Invalid debug level."));
    }
    Ok(0)
}

fn sha1hex(lua: &mut Lua, args: Args, fields: Fields) -> Result<usize> {
    /// Hashing a byte costs this many times as much as copying it.
    const FACTOR: usize = 8;
    if args.len() != 1 {
        return Err(refuse(lua, fields, "ERR wrong number of arguments"));
    }
    let text = lua.to_bytes(lua.arg(args, 1)).unwrap_or_default();
    lua.spend_bytes(64 + text.len().saturating_mul(FACTOR))?;
    let hex = lua.string(Sha1::of(&text).to_hex())?;
    lua.push(hex.into())
}

fn set_resp(lua: &mut Lua, args: Args, host: &Host, fields: Fields) -> Result<usize> {
    if args.len() != 1 {
        return Err(refuse(lua, fields, "ERR redis.setresp() requires one argument."));
    }
    let version = lua.to_number(lua.arg(args, 1)).map_or(0, number::truncate);
    if !(2..=3).contains(&version) {
        return Err(refuse(lua, fields, "ERR RESP version must be 2 or 3."));
    }
    host.wants_resp3.set(version == 3);
    Ok(0)
}

/// `redis.acl_check_cmd`: true for every command that exists, because there are no ACLs.
fn acl_check_cmd(lua: &mut Lua, args: Args, fields: Fields) -> Result<usize> {
    if args.is_empty() {
        return Err(refuse(
            lua,
            fields,
            "ERR Please specify at least one argument for this redis lib call",
        ));
    }
    lua.spend(CALL + args.len() as u64)?;
    let words = lua.args_from(args, 1).iter().map(|value| word(lua, *value));
    let Some(words) = words.collect::<Option<Vec<Blob>>>() else {
        return Err(refuse(
            lua,
            fields,
            "ERR redis.acl_check_cmd() command arguments must be strings or integers",
        ));
    };
    match command::resolve(&words) {
        Ok(_) | Err(command::Unresolved::WrongArity { .. }) => lua.push(true.into()),
        Err(_) => Err(refuse(lua, fields, "ERR Invalid command passed to redis.acl_check_cmd()")),
    }
}
