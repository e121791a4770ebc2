//! Descriptions of commands: `COMMAND` and its subcommands.
//!
//! A description has the command's name, arity, flags and positions of keys. The rest (ACL
//! categories, hints, key specifications) is empty here. There is no `COMMAND DOCS`: `redis-cli`
//! then shows its own documentation, which it would not do if the reply were empty.

use super::{Command, Flags, Unresolved, find_by_full_name, is_option, resolve, table};
use crate::{Blob, Database, ErrorReply, Reply, UnixTime, glob, integer};

/// `COMMAND`: describes all commands.
pub(super) fn all(database: &mut Database, _: UnixTime, _: &[Blob]) -> Result<Reply, ErrorReply> {
    database.replies.array(table::COMMANDS.iter().map(description))
}

/// `COMMAND COUNT`
pub(super) fn count(_: &mut Database, _: UnixTime, _: &[Blob]) -> Result<Reply, ErrorReply> {
    Ok(Reply::from(table::COMMANDS.len()))
}

/// `COMMAND INFO [name [name ...]]`
pub(super) fn info(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    if arguments.is_empty() {
        return all(database, now, arguments);
    }
    let described =
        arguments.iter().map(|name| find_by_full_name(name).map_or(Reply::Nil, description));
    database.replies.array(described)
}

/// `COMMAND LIST [FILTERBY MODULE name | FILTERBY ACLCAT category | FILTERBY PATTERN pattern]`: no
/// command has a module or a category.
pub(super) fn list(_: &mut Database, _: UnixTime, arguments: &[Blob]) -> Result<Reply, ErrorReply> {
    let names = super::commands().map(|command| command.name);
    let name = |name: &'static str| Reply::Bulk(Blob::from_static(name));
    let listed = match arguments {
        [] => names.map(name).collect(),
        [word, kind, pattern] if is_option(word, "FILTERBY") && is_option(kind, "PATTERN") => {
            let pattern = pattern.to_ascii_lowercase();
            names.filter(|name| glob::matches(&pattern, name.as_bytes())).map(name).collect()
        }
        [word, kind, _]
            if is_option(word, "FILTERBY")
                && (is_option(kind, "MODULE") || is_option(kind, "ACLCAT")) =>
        {
            Vec::new()
        }
        _ => return Err(ErrorReply::syntax()),
    };
    Ok(Reply::Array(listed))
}

/// `COMMAND GETKEYS name argument [argument ...]`: which of the arguments are keys.
pub(super) fn getkeys(_: &mut Database, _: UnixTime, line: &[Blob]) -> Result<Reply, ErrorReply> {
    let (command, has_right_length) = match resolve(line) {
        Ok(resolved) => (Some(resolved.command), true),
        Err(Unresolved::WrongArity { full_name }) => {
            (find_by_full_name(full_name.as_bytes()), false)
        }
        Err(_) => (None, false),
    };
    let command = command.ok_or(ErrorReply::from_static("ERR Invalid command specified"))?;
    let is_movable = command.flags.contains(Flags::MOVABLEKEYS);
    if keys(command) == [0, 0, 0] && !is_movable {
        return Err(ErrorReply::from_static("ERR The command has no key arguments"));
    }
    if !has_right_length {
        return Err(ErrorReply::from_static(
            "ERR Invalid number of arguments specified for command",
        ));
    }
    let found =
        if is_movable { movable_keys(command, line) } else { Some(fixed_keys(command, line)) };
    let found = match found {
        Some(keys) => keys,
        None if command.flags.contains(Flags::NO_MANDATORY_KEYS) => Vec::new(),
        None => {
            return Err(ErrorReply::from_static("ERR Invalid arguments specified for command"));
        }
    };
    Ok(Reply::Array(found.into_iter().map(|key| Reply::Bulk(key.clone())).collect()))
}

/// The keys of a command whose keys are at fixed positions.
fn fixed_keys<'a>(command: &Command, line: &'a [Blob]) -> Vec<&'a Blob> {
    let [first, last, step] = keys(command);
    let place = |place: i64| match place {
        0.. => usize::try_from(place).unwrap_or(usize::MAX),
        _ => line.len().saturating_sub(usize::try_from(-place).unwrap_or(usize::MAX)),
    };
    let places = place(first)..=place(last);
    places.step_by(place(step).max(1)).filter_map(|place| line.get(place)).collect()
}

/// The keys of a command with `numkeys`, and the destination key before it. `None` if there are
/// fewer than `numkeys`.
fn movable_keys<'a>(command: &Command, line: &'a [Blob]) -> Option<Vec<&'a Blob>> {
    let stores = command.full_name.ends_with("store");
    let follows_script = command.full_name.starts_with("eval");
    let number_at = if stores || follows_script { 2 } else { 1 };
    let number = usize::try_from(integer::parse(line.get(number_at)?).ok()?).ok()?;
    let (keys, _) = line.get(number_at + 1..)?.split_at_checked(number)?;
    let stored = if stores { line.get(1) } else { None };
    Some(stored.into_iter().chain(keys).collect())
}

/// The subcommands of a container. The text is shorter than Redis's.
fn help_of(container: &[u8]) -> Reply {
    let names = find_by_full_name(container).map_or(&[][..], Command::subcommands);
    let lines = names.iter().map(|command| {
        let name = command.full_name.replace('|', " ").to_uppercase();
        Reply::Status(Blob::from(name))
    });
    Reply::Array(lines.collect())
}

/// `COMMAND HELP`
pub(super) fn help(_: &mut Database, _: UnixTime, _: &[Blob]) -> Result<Reply, ErrorReply> {
    Ok(help_of(b"command"))
}

/// `CLIENT HELP`
pub(super) fn client_help(_: &mut Database, _: UnixTime, _: &[Blob]) -> Result<Reply, ErrorReply> {
    Ok(help_of(b"client"))
}

/// `CONFIG HELP`
pub(super) fn config_help(_: &mut Database, _: UnixTime, _: &[Blob]) -> Result<Reply, ErrorReply> {
    Ok(help_of(b"config"))
}

/// `SCRIPT HELP`
pub(super) fn script_help(_: &mut Database, _: UnixTime, _: &[Blob]) -> Result<Reply, ErrorReply> {
    Ok(help_of(b"script"))
}

fn description(command: &Command) -> Reply {
    let [first, last, step] = keys(command).map(Reply::Integer);
    let flags = command.flags.names().map(|name| Reply::Status(Blob::from_static(name)));
    let nothing = || Reply::Array(Vec::new());
    Reply::Array(vec![
        Reply::Bulk(Blob::from_static(command.full_name)),
        Reply::Integer(command.arity.into()),
        Reply::Array(flags.collect()),
        first,
        last,
        step,
        nothing(),
        nothing(),
        nothing(),
        Reply::Array(command.subcommands().iter().map(description).collect()),
    ])
}

/// The positions of the first and the last key, and the step between keys. A negative position
/// counts from the end. Most commands have one key, which comes first.
pub(super) fn keys(command: &Command) -> [i64; 3] {
    match command.full_name {
        "dbsize" | "flushall" | "flushdb" | "keys" | "randomkey" | "scan" | "swapdb" => [0, 0, 0],
        "eval_ro" | "evalsha_ro" => [0, 0, 0],
        "sintercard" | "zdiff" | "zinter" | "zintercard" | "zunion" => [0, 0, 0],
        "copy" | "lmove" | "rename" | "renamenx" | "rpoplpush" | "smove" | "zrangestore" => {
            [1, 2, 1]
        }
        "del" | "exists" | "mget" | "sdiff" | "sdiffstore" | "sinter" | "sinterstore"
        | "sunion" | "sunionstore" | "touch" | "unlink" | "watch" => [1, -1, 1],
        "mset" | "msetnx" => [1, -1, 2],
        "object|help" => [0, 0, 0],
        name if name.starts_with("object|") => [2, 2, 1],
        _ if command.flags.contains(Flags::READONLY) => [1, 1, 1],
        _ if command.flags.contains(Flags::WRITE) => [1, 1, 1],
        _ => [0, 0, 0],
    }
}
