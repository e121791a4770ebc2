//! The commands, in one table sorted by name.
//!
//! A command line is looked up in the table and its length held against the command's arity before
//! anything else happens ([`resolve`]). Hence a handler, which is given the words after the name,
//! may rely on there being as many as its arity says. It reads all of its arguments before it
//! changes anything, so that an error changes nothing.

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

/// What a command does with the words after its name.
pub(crate) type Handler = fn(&mut Database, UnixTime, &[Blob]) -> Result<Reply, ErrorReply>;

/// The same for a command that is about the connection through which it came.
pub(crate) type ConnectionHandler =
    fn(&mut Connection, &mut Database, UnixTime, &[Blob]) -> Result<Reply, ErrorReply>;

/// The same for a command that is about the other connections, too.
pub(crate) type ClientsHandler = fn(
    &mut Connection,
    &mut dyn Clients,
    &mut Database,
    UnixTime,
    &[Blob],
) -> Result<Reply, ErrorReply>;

/// One row of the table.
pub(crate) struct Command {
    /// The word by which it is called, in lower case.
    name: &'static str,
    /// What Redis calls it in errors: `script|load` for `load`.
    full_name: &'static str,
    /// As Redis counts it: the number of words, names included; negative if there may be more.
    arity: i16,
    pub(crate) flags: Flags,
    action: Action,
}

#[derive(Clone, Copy)]
enum Action {
    Run(Handler),
    RunFor(ConnectionHandler),
    RunAmong(ClientsHandler),
    /// It knows more if it comes through a connection.
    RunOrRunAmong(Handler, ClientsHandler),
    /// The next word is the name of one of these.
    Container(&'static [Command]),
    /// The same, but there may be no next word.
    RunOrContainer(Handler, &'static [Command]),
}

/// What `COMMAND INFO` tells of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandInfo {
    /// By which it is called, in lower case; `script|load` for a command in a container.
    pub name: &'static str,
    /// The number of words, names included; negative if there may be more.
    pub arity: i16,
    /// What else is known of it.
    pub flags: Flags,
}

/// All commands, in the order of their names, containers before what they contain.
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

/// What Redis calls the command of this line, such as `get` or `script|load`; none if there is no
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

/// Finds the command that `line` calls and checks how many words it has.
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

    /// Whether it is about the connection itself.
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

    /// Whether no key is watched after it.
    pub(crate) fn unwatches(&self) -> bool {
        matches!(self.full_name, "unwatch" | "discard" | "reset")
    }

    pub(crate) fn kills_scripts(&self) -> bool {
        self.full_name == "script|kill"
    }

    /// Whether it is run at once even within a transaction.
    pub(crate) fn is_immediate(&self) -> bool {
        matches!(self.full_name, "multi" | "watch") || self.ends_transaction()
    }

    /// Whether a transaction is over after it.
    pub(crate) fn ends_transaction(&self) -> bool {
        matches!(self.full_name, "discard" | "exec" | "quit" | "reset")
    }
}

impl Resolved<'_> {
    /// Runs a command that came through no connection.
    #[inline]
    pub(crate) fn run(self, database: &mut Database, now: UnixTime) -> Result<Reply, ErrorReply> {
        match self.command.action {
            Action::Run(handler) if self.command.flags.contains(Flags::NOSCRIPT) => {
                // What a script selects is selected for the script only.
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
    /// Whether `EXEC` was called, if wrongly.
    pub(crate) fn is_exec(&self) -> bool {
        matches!(self, Unresolved::WrongArity { full_name: "exec" })
    }

    /// What a client is told who sent `line`.
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

/// The command of that name, in whatever case it is written.
#[inline]
fn find(name: &[u8]) -> Option<&'static Command> {
    static INDEX: Index = Index::of(table::COMMANDS);
    INDEX.find(table::COMMANDS, name)
}

/// The one of a few commands that has that name.
fn find_among(commands: &'static [Command], name: &[u8]) -> Option<&'static Command> {
    commands.iter().find(|command| name.eq_ignore_ascii_case(command.name.as_bytes()))
}

/// The command that Redis calls so: `get`, or `script|load`.
fn find_by_full_name(name: &[u8]) -> Option<&'static Command> {
    match name.iter().position(|byte| *byte == b'|') {
        None => find(name),
        Some(place) => find_among(find(&name[..place])?.subcommands(), &name[place + 1..]),
    }
}

/// Whether `argument` is the option `keyword`, in whatever case it is written. Redis compares C
/// strings: whatever follows a zero byte does not count.
fn is_option(argument: &[u8], keyword: &str) -> bool {
    let Some((word, rest)) = argument.split_at_checked(keyword.len()) else {
        return false;
    };
    word.eq_ignore_ascii_case(keyword.as_bytes()) && matches!(rest, [] | [0, ..])
}
