//! The commands, in one table sorted by name.
//!
//! [`resolve`] first looks up a command line in the table and checks its length against the
//! command's arity. So a handler may rely on getting as many arguments as its arity says. A handler
//! reads all of its arguments before it changes anything, so that an error changes nothing.

mod batches;
mod chance;
mod clients;
mod config;
mod connections;
mod counters;
mod expiry;
mod flags;
mod hashes;
mod index;
mod info;
mod introspection;
mod keys;
mod lists;
mod moves;
mod object;
mod places;
mod ranges;
mod scan;
mod scripting;
mod server;
mod set;
mod set_algebra;
mod sets;
mod sorted_sets;
mod strings;
mod table;
#[cfg(test)]
mod tests;
mod transactions;

pub use self::flags::Flags;
use self::index::Index;
use crate::{Blob, Clients, Connection, Database, ErrorReply, Reply, UnixTime};

/// Runs a command with the words after its name.
pub(crate) type Handler = fn(&mut Database, UnixTime, &[Blob]) -> Result<Reply, ErrorReply>;

/// Runs a command that needs the connection through which it came.
pub(crate) type ConnectionHandler =
    fn(&mut Connection, &mut Database, UnixTime, &[Blob]) -> Result<Reply, ErrorReply>;

/// Runs a command that also needs the other connections.
pub(crate) type ClientsHandler = fn(
    &mut Connection,
    &mut dyn Clients,
    &mut Database,
    UnixTime,
    &[Blob],
) -> Result<Reply, ErrorReply>;

/// One row of the table.
pub(crate) struct Command {
    /// Its name, in lower case.
    name: &'static str,
    /// Its name in errors: `script|load` for `load`.
    full_name: &'static str,
    /// The number of words, names included. It is negative if there may be more.
    arity: i16,
    pub(crate) flags: Flags,
    action: Action,
}

#[derive(Clone, Copy)]
enum Action {
    Run(Handler),
    RunFor(ConnectionHandler),
    RunAmong(ClientsHandler),
    /// It has a second handler, for calls through a connection.
    RunOrRunAmong(Handler, ClientsHandler),
    /// The next word is the name of a subcommand.
    Container(&'static [Command]),
    /// The next word, if there is one, is the name of a subcommand.
    RunOrContainer(Handler, &'static [Command]),
}

/// The description of a command that `COMMAND INFO` gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandInfo {
    /// Its name, in lower case: `script|load` for a subcommand.
    pub name: &'static str,
    /// The number of words, names included. It is negative if there may be more.
    pub arity: i16,
    /// Its flags.
    pub flags: Flags,
}

/// All commands, in the order of their names. A container comes before its subcommands.
pub fn commands() -> impl Iterator<Item = CommandInfo> {
    let info = |command: &Command| {
        let Command { full_name, arity, flags, .. } = *command;
        CommandInfo { name: full_name, arity, flags }
    };
    table::COMMANDS
        .iter()
        .flat_map(|command| std::iter::once(command).chain(command.subcommands()))
        .map(info)
}

/// The full name of the command in this line, such as `get` or `script|load`. `None` if there is no
/// such command.
///
/// ```
/// use redis::{Blob, command_name};
///
/// assert_eq!(command_name(&["Script", "LOAD", "return 1"].map(Blob::from)), Some("script|load"));
/// assert_eq!(command_name(&["NONSENSE"].map(Blob::from)), None);
/// ```
#[must_use]
pub fn command_name(line: &[Blob]) -> Option<&'static str> {
    let command = find(line.first()?)?;
    let subcommand = line.get(1).and_then(|name| find_among(command.subcommands(), name));
    Some(subcommand.unwrap_or(command).full_name)
}

/// A command line that can be run.
pub(crate) struct Resolved<'a> {
    pub(crate) command: &'static Command,
    arguments: &'a [Blob],
}

/// Why a command line cannot be run.
pub(crate) enum Unresolved {
    Unknown,
    UnknownSubcommand { container: &'static str },
    WrongArity { full_name: &'static str },
}

/// Finds the command that `line` calls, and checks the number of words.
#[inline]
pub(crate) fn resolve(line: &[Blob]) -> Result<Resolved<'_>, Unresolved> {
    let (name, mut arguments) = line.split_first().ok_or(Unresolved::Unknown)?;
    let mut command = find(name).ok_or(Unresolved::Unknown)?;
    if let Action::Container(subcommands) | Action::RunOrContainer(_, subcommands) = command.action
        && let Some((name, rest)) = arguments.split_first()
    {
        let container = command.name;
        command =
            find_among(subcommands, name).ok_or(Unresolved::UnknownSubcommand { container })?;
        arguments = rest;
    }
    match command.action {
        Action::Container(_) => Err(Unresolved::WrongArity { full_name: command.full_name }),
        _ if command.accepts(line.len()) => Ok(Resolved { command, arguments }),
        _ => Err(Unresolved::WrongArity { full_name: command.full_name }),
    }
}

impl Command {
    fn accepts(&self, words: usize) -> bool {
        let arity = usize::from(self.arity.unsigned_abs());
        match self.arity {
            0.. => words == arity,
            _ => words >= arity,
        }
    }

    /// Whether it needs the connection.
    pub(crate) const fn is_for_connections(&self) -> bool {
        matches!(self.action, Action::RunFor(_) | Action::RunAmong(_))
    }

    fn subcommands(&self) -> &'static [Command] {
        match self.action {
            Action::Container(subcommands) | Action::RunOrContainer(_, subcommands) => subcommands,
            _ => &[],
        }
    }

    pub(crate) fn is_exec(&self) -> bool {
        self.full_name == "exec"
    }

    pub(crate) fn watches(&self) -> bool {
        self.full_name == "watch"
    }

    /// Whether it unwatches all keys.
    pub(crate) fn unwatches(&self) -> bool {
        matches!(self.full_name, "unwatch" | "discard" | "reset")
    }

    pub(crate) fn kills_scripts(&self) -> bool {
        self.full_name == "script|kill"
    }

    /// Whether it runs immediately, even within a transaction.
    pub(crate) fn is_immediate(&self) -> bool {
        matches!(self.full_name, "multi" | "watch") || self.ends_transaction()
    }

    /// Whether it ends a transaction.
    pub(crate) fn ends_transaction(&self) -> bool {
        matches!(self.full_name, "discard" | "exec" | "quit" | "reset")
    }
}

impl Resolved<'_> {
    /// Runs a command that did not come through a connection.
    #[inline]
    pub(crate) fn run(self, database: &mut Database, now: UnixTime) -> Result<Reply, ErrorReply> {
        match self.command.action {
            Action::Run(handler) if self.command.flags.contains(Flags::NOSCRIPT) => {
                // A script's `SELECT` holds only for the rest of the script.
                let selected = database.selected();
                let result = handler(database, now, self.arguments);
                database.select(selected);
                result
            }
            Action::Run(handler)
            | Action::RunOrContainer(handler, _)
            | Action::RunOrRunAmong(handler, _) => handler(database, now, self.arguments),
            Action::RunFor(_) | Action::RunAmong(_) | Action::Container(_) => {
                Err(ErrorReply::needs_a_connection())
            }
        }
    }

    /// Runs a command that came through a connection.
    pub(crate) fn run_for(
        self,
        connection: &mut Connection,
        clients: &mut dyn Clients,
        database: &mut Database,
        now: UnixTime,
    ) -> Result<Reply, ErrorReply> {
        match self.command.action {
            Action::RunFor(handler) => handler(connection, database, now, self.arguments),
            Action::RunAmong(handler) | Action::RunOrRunAmong(_, handler) => {
                handler(connection, clients, database, now, self.arguments)
            }
            _ => self.run(database, now),
        }
    }
}

impl Unresolved {
    /// Whether the line is an `EXEC` that cannot be run.
    pub(crate) fn is_exec(&self) -> bool {
        matches!(self, Unresolved::WrongArity { full_name: "exec" })
    }

    /// The error for the client that sent `line`.
    pub(crate) fn refusal(self, line: &[Blob]) -> ErrorReply {
        match self {
            Unresolved::Unknown => ErrorReply::unknown_command(line),
            Unresolved::UnknownSubcommand { container } => {
                let subcommand: &[u8] = line.get(1).map_or(&[], |name| name);
                ErrorReply::unknown_subcommand(container, subcommand)
            }
            Unresolved::WrongArity { full_name } => {
                ErrorReply::wrong_number_of_arguments(full_name)
            }
        }
    }
}

/// The command with this name, ignoring case.
#[inline]
fn find(name: &[u8]) -> Option<&'static Command> {
    static INDEX: Index = Index::of(table::COMMANDS);
    INDEX.find(table::COMMANDS, name)
}

/// The subcommand with this name, ignoring case.
fn find_among(commands: &'static [Command], name: &[u8]) -> Option<&'static Command> {
    commands.iter().find(|command| name.eq_ignore_ascii_case(command.name.as_bytes()))
}

/// The command with this full name: `get`, or `script|load`.
fn find_by_full_name(name: &[u8]) -> Option<&'static Command> {
    match name.iter().position(|byte| *byte == b'|') {
        None => find(name),
        Some(place) => find_among(find(&name[..place])?.subcommands(), &name[place + 1..]),
    }
}

/// Whether `argument` is the option `keyword`, ignoring case. Redis compares C strings, so a zero
/// byte ends the argument.
fn is_option(argument: &[u8], keyword: &str) -> bool {
    let Some((word, rest)) = argument.split_at_checked(keyword.len()) else {
        return false;
    };
    word.eq_ignore_ascii_case(keyword.as_bytes()) && matches!(rest, [] | [0, ..])
}
