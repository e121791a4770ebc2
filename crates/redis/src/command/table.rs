//! The table of commands. A new command is one row here and one function beside it.

use super::{Action, Command, FromScripts, Handler};
use super::{counters, expiry, keys, scripting, server, set, strings};

/// Sorted by name.
pub(super) static COMMANDS: [Command; 29] = [
    command("append", 3, strings::append),
    command("dbsize", 1, keys::dbsize),
    command("decr", 2, counters::decr),
    command("decrby", 3, counters::decrby),
    command("del", -2, keys::del),
    command("echo", 2, server::echo),
    command("evalsha", -3, scripting::evalsha).refused_from_scripts(),
    command("exists", -2, keys::exists),
    command("expire", -3, expiry::expire),
    command("expireat", -3, expiry::expireat),
    command("flushall", -1, keys::flush),
    command("flushdb", -1, keys::flush),
    command("get", 2, strings::get),
    command("getdel", 2, strings::getdel),
    command("incr", 2, counters::incr),
    command("incrby", 3, counters::incrby),
    command("keys", 2, keys::keys),
    command("persist", 2, expiry::persist),
    command("pexpire", -3, expiry::pexpire),
    command("pexpireat", -3, expiry::pexpireat),
    command("ping", -1, server::ping),
    command("pttl", 2, expiry::pttl),
    container("script", -2, &SCRIPT),
    command("set", -3, set::set),
    command("setnx", 3, set::setnx),
    command("strlen", 2, strings::strlen),
    command("time", 1, server::time),
    command("ttl", 2, expiry::ttl),
    command("type", 2, keys::type_),
];

/// Sorted by name.
static SCRIPT: [Command; 3] = [
    subcommand("exists", "script|exists", -3, scripting::exists).refused_from_scripts(),
    subcommand("flush", "script|flush", -2, scripting::flush).refused_from_scripts(),
    subcommand("load", "script|load", 3, scripting::load).refused_from_scripts(),
];

const fn command(name: &'static str, arity: i16, handler: Handler) -> Command {
    subcommand(name, name, arity, handler)
}

const fn subcommand(
    name: &'static str,
    full_name: &'static str,
    arity: i16,
    handler: Handler,
) -> Command {
    Command {
        name,
        full_name,
        arity,
        action: Action::Run(handler),
        from_scripts: FromScripts::Allowed,
    }
}

const fn container(name: &'static str, arity: i16, subcommands: &'static [Command]) -> Command {
    Command {
        name,
        full_name: name,
        arity,
        action: Action::Container(subcommands),
        from_scripts: FromScripts::Refused,
    }
}

impl Command {
    const fn refused_from_scripts(self) -> Command {
        Command { from_scripts: FromScripts::Refused, ..self }
    }
}
