//! The functions written in Rust that `prelude.lua` is built on: how errors are raised and caught,
//! and what takes the place of Lua's own functions.

use std::rc::Rc;

use mlua::chunk::ChunkMode;
use mlua::{Function, Lua, MultiValue, Result, Table, Value};

use super::arguments::Arguments;
use super::convert::{Fields, blob};
use super::host::{Failure, Host, define, function};
use super::raise::{self, Final, Raised};
use super::{number, redis_functions, strings};
use crate::{Blob, ErrorReply};

/// The name of `prelude.lua`, as it would stand before an error that is raised in it.
pub(super) const PRELUDE: &str = "lua";

/// What Lua says when it is refused memory.
const NO_MEMORY: &[u8] = b"not enough memory";

/// The longest text that a script may compile: that can take time that grows with its square.
const TEXT_MAX: usize = 128 << 10;

/// The table `host` of `prelude.lua`.
pub(super) fn table(lua: &Lua, host: &Rc<Host>, fields: &Rc<Fields>) -> Result<Table> {
    let table = lua.create_table()?;
    raising(lua, &table)?;
    catching(lua, &table, host, fields)?;
    counting(lua, &table, host)?;
    table.raw_set("redis", redis_functions::table(lua, host, fields)?)?;
    table.raw_set("string", strings::table(lua, host)?)?;
    table.raw_set("math", math(lua, host)?)?;
    table.raw_set("globals", lua.create_table()?)?;
    Ok(table)
}

/// What compiles texts within scripts: they see the world that `environment` is.
pub(super) fn loadstring(lua: &Lua, environment: Table) -> Result<Function> {
    function(lua, move |lua, arguments: Arguments| {
        let text = blob(&arguments.string(lua, 1)?);
        let name = match arguments.is_none_or_nil(2) {
            true => text.clone(),
            false => blob(&arguments.string(lua, 2)?),
        };
        let name = name.split(|byte| *byte == 0).next().unwrap_or(&[]);
        let refused = |message: &str| -> Result<(Value, Value)> {
            Ok((Value::Nil, Value::String(lua.create_string(message)?)))
        };
        if text.len() > TEXT_MAX {
            return refused("chunk is too long");
        }
        let name = String::from_utf8_lossy(name).into_owned();
        match compile(lua, &text, name, &environment) {
            Ok(function) => Ok((Value::Function(function), Value::Nil)),
            Err(mlua::Error::SyntaxError { message, .. }) => refused(&message),
            Err(other) => Err(other),
        }
    })
}

/// Text only: there is no telling what byte code would do.
pub(super) fn compile(
    lua: &Lua,
    text: &[u8],
    name: String,
    environment: &Table,
) -> Result<Function> {
    lua.load(text)
        .set_mode(ChunkMode::Text)
        .set_name(name)
        .set_environment(environment.clone())
        .into_function()
}

fn raising(lua: &Lua, table: &Table) -> Result<()> {
    define(lua, table, "complain", |lua, arguments| complain(lua, &arguments))?;
    define(lua, table, "missing", |lua, arguments: Arguments| -> Result<()> {
        let number = usize::try_from(arguments.integer(lua, 1)?).unwrap_or(1);
        Err(raise::argument_at(lua, 2, number, "value expected"))
    })?;
    define(lua, table, "expected", |lua, arguments: Arguments| -> Result<()> {
        let number = usize::try_from(arguments.integer(lua, 1)?).unwrap_or(1);
        let word = |number| arguments.string(lua, number).map(|word| word.to_string_lossy());
        let problem = format!("{} expected, got {}", word(2)?, word(3)?);
        Err(raise::argument_at(lua, 1, number, &problem))
    })?;
    const READ_ONLY: &str = "Attempt to modify a readonly table";
    define(lua, table, "read_only", |lua, _| -> Result<()> { Err(raise::text(lua, READ_ONLY)) })?;
    define(lua, table, "read_only_raw", |_, _| -> Result<()> {
        Err(Raised::Text(Blob::from_static(READ_ONLY)).into())
    })?;
    define(lua, table, "no_global", |lua, arguments: Arguments| -> Result<()> {
        let name = arguments.string(lua, 2)?;
        let message =
            [b"Script attempted to access nonexistent global variable '", &*name.as_bytes(), b"'"];
        Err(raise::text(lua, message.concat()))
    })
}

/// `complain(message, depth)`: raises an error that a C function raised, called from the function
/// that many levels up, as if that function were the C function. Other errors are left alone.
fn complain(lua: &Lua, arguments: &Arguments) -> Result<()> {
    let Value::String(message) = arguments.get(1) else {
        return Ok(());
    };
    let message = message.to_string_lossy();
    if let Some(inner) = message.strip_prefix(PRELUDE).and_then(|rest| rest.strip_prefix(':')) {
        let inner = inner.trim_start_matches(|digit: char| digit.is_ascii_digit());
        let inner = inner.strip_prefix(": ").unwrap_or(inner);
        return Err(Raised::Text(Blob::from(inner)).into());
    }
    if message.as_bytes() == NO_MEMORY || message.starts_with("attempt to ") {
        return Ok(());
    }
    let depth = usize::try_from(arguments.integer(lua, 2)?).unwrap_or(1);
    let (name, is_method) = raise::name(lua, depth);
    let mut message = message.replace("'?'", &format!("'{name}'"));
    if is_method {
        message = for_method(&message, &name);
    }
    if message.starts_with("invalid key to 'next'") {
        return Ok(());
    }
    Err(raise::text_at(lua, depth + 1, message.as_bytes()))
}

/// In a method's call its object does not count as an argument.
fn for_method(message: &str, name: &str) -> String {
    let Some((number, rest)) =
        message.strip_prefix("bad argument #").and_then(|rest| rest.split_once(' '))
    else {
        return message.to_owned();
    };
    match number.parse::<usize>() {
        Ok(number @ 2..) => format!("bad argument #{} {rest}", number - 1),
        _ => format!("calling '{name}' on bad self"),
    }
}

/// What those functions do with an error that they caught.
fn catching(lua: &Lua, table: &Table, host: &Rc<Host>, fields: &Rc<Fields>) -> Result<()> {
    let shared = (Rc::clone(host), Rc::clone(fields));
    define(lua, table, "caught", move |lua, arguments| {
        let (host, fields) = &shared;
        let told = told(lua, host, fields, &arguments)?;
        let text = told.as_table().and_then(|table| fields.error_text(table));
        Ok(text.map_or(told, Value::String))
    })?;
    let shared = (Rc::clone(host), Rc::clone(fields));
    define(lua, table, "told", move |lua, arguments| {
        let (host, fields) = &shared;
        told(lua, host, fields, &arguments)
    })?;
    let shared = Rc::clone(host);
    define(lua, table, "is_final", move |_, arguments| {
        let reason = final_reason(&shared, arguments.get(1));
        Ok(reason.map(|reason| shared.budget.end(reason)).is_some())
    })?;
    let shared = Rc::clone(host);
    define(lua, table, "stop_if_due", move |_, _| shared.budget.spend(0))?;
    let shared = (Rc::clone(host), Rc::clone(fields));
    define(lua, table, "at_error", move |lua, arguments| {
        let (host, fields) = &shared;
        let failure = failure(lua, host, fields, arguments.get(1));
        host.failure.replace(Some(failure));
        Ok(())
    })
}

/// An error as a script may see it, unless it is one that no script may see.
fn told(lua: &Lua, host: &Host, fields: &Fields, arguments: &Arguments) -> Result<Value> {
    host.budget.spend_bytes(0)?;
    let value = arguments.get(1);
    if let Some(reason) = final_reason(host, value) {
        return Err(host.budget.end(reason));
    }
    let Value::Error(error) = value else {
        return Ok(value.clone());
    };
    match raise::raised(error) {
        Raised::Text(text) => Ok(Value::String(lua.create_string(text)?)),
        Raised::Refusal(refusal) => fields.error_value(lua, &refusal),
        Raised::Final(reason) => Err(host.budget.end(reason)),
    }
}

/// Why the script must end, if that is what the error says.
fn final_reason(host: &Host, value: &Value) -> Option<Final> {
    if let Some(reason) = host.budget.ended() {
        return Some(reason);
    }
    match value {
        Value::Error(error) => match raise::raised(error) {
            Raised::Final(reason) => Some(reason),
            _ => None,
        },
        Value::String(text) if *text.as_bytes() == *NO_MEMORY => Some(Final::OutOfMemory),
        _ => None,
    }
}

/// What becomes of an error that a script does not catch. Redis names the place of the function
/// that raised it, or of its caller if that is one of C; what `prelude.lua` does is done in C
/// there.
fn failure(lua: &Lua, host: &Host, fields: &Fields, value: &Value) -> Failure {
    let place_at = |level: usize| {
        let look = |debug: &mlua::debug::Debug<'_>| {
            let source = debug.source();
            let line = debug.current_line().map_or_else(|| "-1".to_owned(), |n| n.to_string());
            let name = source.source.unwrap_or_default();
            let is_ours = source.what == "C" || name.strip_prefix('=') == Some(PRELUDE);
            (is_ours, format!("{name}:{line}"))
        };
        lua.inspect_stack(level, look)
    };
    let mut places = (1..).map_while(place_at);
    let place = places.find_map(|(is_ours, place)| (!is_ours).then_some(place));
    let message = match final_reason(host, value) {
        Some(reason) => failure_text(&Raised::Final(reason)),
        None => match value {
            Value::Error(error) => failure_text(&raise::raised(error)),
            Value::Table(table) => match fields.error_text(table) {
                Some(text) => blob(&text),
                None => Blob::from_static("ERR unknown error"),
            },
            Value::String(text) => Blob::from([&b"ERR "[..], &text.as_bytes()].concat()),
            Value::Nil => Blob::from_static("ERR nil"),
            Value::Boolean(value) => Blob::format(format_args!("ERR {value}")),
            other => match number::of(other) {
                Some(number) => Blob::from(format!("ERR {}", number::general(number, 14))),
                None => Blob::from(format!("ERR {}", raise::type_name(other))),
            },
        },
    };
    Failure { message, place }
}

/// The words in which a client is told of an error.
pub(super) fn failure_text(raised: &Raised) -> Blob {
    match raised {
        Raised::Refusal(refusal) => ErrorReply::text(refusal).clone(),
        Raised::Text(text) => Blob::from([&b"ERR "[..], text].concat()),
        Raised::Final(reason) => Blob::from(format!("ERR {reason}")),
    }
}

fn counting(lua: &Lua, table: &Table, host: &Rc<Host>) -> Result<()> {
    let shared = Rc::clone(host);
    define(lua, table, "spend", move |lua, arguments| {
        let steps = arguments.number(lua, 1)?;
        shared.budget.spend(u64::try_from(number::truncate(steps)).unwrap_or(0))
    })?;
    let shared = Rc::clone(host);
    define(lua, table, "no_order", move |_, _| -> Result<()> {
        Err(shared.budget.end(Final::NoOrder))
    })
}

/// `math.random` and `math.randomseed`
fn math(lua: &Lua, host: &Rc<Host>) -> Result<Table> {
    let table = lua.create_table()?;
    let shared = Rc::clone(host);
    define(lua, &table, "random", move |lua, arguments| shared.random.random(lua, &arguments))?;
    let shared = Rc::clone(host);
    define(lua, &table, "randomseed", move |lua, arguments: Arguments| {
        shared.random.seed(number::c_int(arguments.integer(lua, 1)?));
        Ok(MultiValue::new())
    })?;
    Ok(table)
}
