//! The interface of native scripts to the server.

use crate::command::{self, Flags, Unresolved};
use crate::lua::{self, Access};
use crate::{Blob, Database, Entry, ErrorReply, Reply, UnixTime};

/// The context of a native script: its keys and arguments, and the commands that it can call.
///
/// ```
/// use redis::{Blob, ErrorReply, Reply, ScriptContext};
///
/// /// `return redis.call('INCRBY', KEYS[1], ARGV[1])`
/// fn add(context: &mut ScriptContext<'_>) -> Result<Reply, ErrorReply> {
///     let (key, amount) = (context.key(1)?.clone(), context.argument(1)?.clone());
///     context.call(&[Blob::from_static("INCRBY"), key, amount])
/// }
/// ```
#[derive(Debug)]
pub struct ScriptContext<'a> {
    database: &'a mut Database,
    now: UnixTime,
    keys: &'a [Blob],
    arguments: &'a [Blob],
    /// Whether the memory limit was exceeded when the script began, and it has not written since.
    lacks_memory: bool,
}

impl<'a> ScriptContext<'a> {
    pub(crate) fn new(
        database: &'a mut Database,
        now: UnixTime,
        keys: &'a [Blob],
        arguments: &'a [Blob],
    ) -> ScriptContext<'a> {
        let lacks_memory = database.lacks_memory();
        ScriptContext { database, now, keys, arguments, lacks_memory }
    }

    /// The context of a script in Lua, which has its keys and arguments elsewhere.
    pub(crate) const fn resumed(
        database: &'a mut Database,
        now: UnixTime,
        lacks_memory: bool,
    ) -> ScriptContext<'a> {
        ScriptContext { database, now, keys: &[], arguments: &[], lacks_memory }
    }

    pub(crate) const fn lacks_memory(&self) -> bool {
        self.lacks_memory
    }

    /// All of `KEYS`.
    #[must_use]
    pub const fn keys(&self) -> &'a [Blob] {
        self.keys
    }

    /// All of `ARGV`.
    #[must_use]
    pub const fn arguments(&self) -> &'a [Blob] {
        self.arguments
    }

    /// `KEYS[number]`. As in Lua, the first key has number 1.
    ///
    /// # Errors
    /// If the caller gave fewer: the error that `redis.call` raises for nil.
    pub fn key(&self, number: usize) -> Result<&'a Blob, ErrorReply> {
        nth(self.keys, number)
    }

    /// `ARGV[number]`. As in Lua, the first argument has number 1.
    ///
    /// # Errors
    /// If the caller gave fewer: the error that `redis.call` raises for nil.
    pub fn argument(&self, number: usize) -> Result<&'a Blob, ErrorReply> {
        nth(self.arguments, number)
    }

    /// `redis.call(...)`: runs the command line, whose first word is the command's name.
    ///
    /// Integers in the reply are exact. In Lua, integers beyond 2^53 are rounded, because numbers
    /// are doubles.
    ///
    /// # Errors
    /// The error reply of the command, or the error for a command that scripts may not call. A
    /// script that returns the error behaves like `redis.call`, and one that keeps it like
    /// `redis.pcall`.
    pub fn call(&mut self, line: &[Blob]) -> Result<Reply, ErrorReply> {
        self.call_with(Access::ReadWrite, line)
    }

    /// As [`ScriptContext::call`], for a script with this access.
    pub(crate) fn call_with(&mut self, access: Access, line: &[Blob]) -> Result<Reply, ErrorReply> {
        if line.is_empty() {
            return Err(ErrorReply::from_static(
                "ERR Please specify at least one argument for this redis lib call",
            ));
        }
        let resolved = command::resolve(line).map_err(|unresolved| match unresolved {
            Unresolved::WrongArity { .. } => ErrorReply::from_static(
                "ERR Wrong number of args calling Redis command from script",
            ),
            Unresolved::Unknown | Unresolved::UnknownSubcommand { .. } => {
                ErrorReply::from_static("ERR Unknown Redis command called from script")
            }
        })?;
        if resolved.command.flags.contains(Flags::NOSCRIPT) {
            return Err(ErrorReply::from_static(
                "ERR This Redis command is not allowed from script",
            ));
        }
        if access == Access::ReadOnly && resolved.command.flags.contains(Flags::WRITE) {
            return Err(ErrorReply::from_static(
                "ERR Write commands are not allowed from read-only scripts.",
            ));
        }
        self.check_memory(resolved.command.flags)?;
        if resolved.command.flags.contains(Flags::WRITE) {
            lua::note_write();
        }
        // The command's reply does not count against the script's own reply.
        let before = self.database.replies;
        let result = resolved.run(self.database, self.now);
        self.database.replies = before;
        result
    }

    /// Checks the memory limit. No keys are evicted while a script runs. If the limit was exceeded
    /// when the script began, it may not take memory. But after its first write, it may.
    fn check_memory(&mut self, flags: Flags) -> Result<(), ErrorReply> {
        if self.lacks_memory && flags.contains(Flags::DENYOOM) {
            return Err(ErrorReply::out_of_memory());
        }
        self.lacks_memory &= !flags.contains(Flags::WRITE);
        Ok(())
    }

    /// As `redis.call('GET', key)`, without a lookup in the command table.
    ///
    /// # Errors
    /// "WRONGTYPE" if the value is not a string.
    pub fn get(&mut self, key: &Blob) -> Result<Option<Blob>, ErrorReply> {
        self.database.keyspace.read_as(self.now, key, Blob::clone)
    }

    /// As `redis.call('SET', key, value)`, without a lookup in the command table. The key loses its
    /// expiry.
    ///
    /// # Errors
    /// "OOM" if the memory limit was exceeded when the script began, and it has not written since.
    pub fn set(&mut self, key: Blob, value: Blob) -> Result<(), ErrorReply> {
        self.check_memory(Flags::WRITE.and(Flags::DENYOOM))?;
        self.database.keyspace.set(&key, Entry::lasting(value));
        Ok(())
    }
}

fn nth(blobs: &[Blob], number: usize) -> Result<&Blob, ErrorReply> {
    number.checked_sub(1).and_then(|index| blobs.get(index)).ok_or(ErrorReply::from_static(
        "ERR Lua redis lib command arguments must be strings or integers",
    ))
}
