//! The state of one connection, apart from its socket.
//!
//! A [`Connection`] is a value, like a [`Database`]. Each call passes the database and a command
//! line. The database knows only which connections watch which keys. So:
//!
//! 1. Each connection of a server needs its own number ([`Connection::new`]).
//! 2. The server calls [`Connection::close`] when a connection ends. Otherwise, the watched keys
//!    keep its number until they change.
//!
//! A transaction is a queue of command lines. A line's command and length are checked when it is
//! queued. If that fails, or if there is no memory, `EXEC` refuses the whole transaction. `EXEC`
//! also runs nothing if a watched key has changed. A command that fails during `EXEC` does not stop
//! the others.

mod protocol;
mod transaction;

pub use self::protocol::Protocol;
pub(crate) use self::transaction::Transaction;

use std::collections::BTreeSet;

use crate::clients::Alone;
use crate::command::{self, Flags, Resolved};
use crate::keyspace::WATCHER_BYTES;
use crate::reply::ReplyBudget;
use crate::value::memory::{self, Tree};
use crate::{Blob, Clients, Database, ErrorReply, Reply, UnixTime};

/// What a watched key takes here and in the database, besides its text: the nodes of a `BTreeSet`
/// are as full as those of a tree there.
const WATCH_BYTES: usize = WATCHER_BYTES + Tree::of::<(u8, Blob), ()>().element();

/// One client's connection: its selected database, its transaction, the keys that it watches, its
/// name, and which version of the protocol it speaks.
///
/// ```
/// use redis::{Blob, Connection, Database, Reply, UnixTime};
///
/// let mut database = Database::default();
/// let (mut one, mut other) = (Connection::new(1), Connection::new(2));
/// let mut call = |connection: &mut Connection, line: &str| {
///     let line: Vec<Blob> = line.split(' ').map(Blob::from).collect();
///     connection.call(&mut database, UnixTime::from_millis(1_000), &line)
/// };
/// call(&mut one, "WATCH stock");
/// call(&mut one, "MULTI");
/// assert_eq!(call(&mut one, "DECR stock"), Reply::Status(Blob::from("QUEUED")));
/// assert_eq!(call(&mut other, "SET stock 0"), Reply::ok());
/// assert_eq!(call(&mut one, "EXEC"), Reply::Nil);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Connection {
    pub(crate) id: u64,
    /// The name that the client gave, or an empty one.
    pub(crate) name: Blob,
    pub(crate) protocol: Protocol,
    /// The number of the selected database.
    pub(crate) selected: u8,
    pub(crate) transaction: Option<Transaction>,
    /// The watched keys, with the numbers of their databases.
    watched: BTreeSet<(u8, Blob)>,
    watched_bytes: usize,
    is_closing: bool,
    /// Whether the client turned replies off.
    is_mute: bool,
    /// How many replies to skip, beginning with the current command's.
    skipped: u8,
    /// The largest reply, by [`Reply::size`].
    reply_bytes_max: usize,
    /// Whether the last reply exceeded it.
    is_flooded: bool,
}

impl Connection {
    /// A new connection. `id` must be unique among all connections of the server, closed ones
    /// included.
    #[must_use]
    pub fn new(id: u64) -> Connection {
        Connection {
            id,
            name: Blob::default(),
            protocol: Protocol::default(),
            selected: 0,
            transaction: None,
            watched: BTreeSet::new(),
            watched_bytes: 0,
            is_closing: false,
            is_mute: false,
            skipped: 0,
            reply_bytes_max: ReplyBudget::DEFAULT,
            is_flooded: false,
        }
    }

    /// The protocol version for replies.
    #[must_use]
    pub const fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Whether the client asked to end the connection. The server closes it after sending the
    /// reply.
    #[must_use]
    pub const fn is_closing(&self) -> bool {
        self.is_closing
    }

    /// Whether to send the reply to the last command. A client can turn replies off.
    #[must_use]
    pub const fn wants_reply(&self) -> bool {
        !self.is_mute && self.skipped == 0
    }

    /// Limits the size of replies, by [`Reply::size`].
    pub const fn limit_replies(&mut self, bytes: usize) {
        self.reply_bytes_max = bytes;
    }

    /// Whether the reply to the last command was dropped because it was too large. The command was
    /// executed. Redis ends the connection of such a client.
    #[must_use]
    pub const fn is_flooded(&self) -> bool {
        self.is_flooded
    }

    /// `CLIENT REPLY ON` and `OFF`.
    pub(crate) fn mute(&mut self, is_mute: bool) {
        self.is_mute = is_mute;
        self.skipped = 0;
    }

    /// `CLIENT REPLY SKIP`: skips the replies to this command and to the next one.
    pub(crate) fn skip_next(&mut self) {
        self.skipped = 2;
    }

    /// How many bytes it takes to keep what the client may choose: the commands that wait for
    /// `EXEC`, the keys that are watched, and the client's name.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let queued = self.transaction.as_ref().map_or(0, Transaction::bytes);
        queued + self.watched_bytes + memory::text(&self.name)
    }

    /// Runs one command line of this connection, at the time `now` of the server's wall clock. The
    /// connection sees no others.
    pub fn call(&mut self, database: &mut Database, now: UnixTime, line: &[Blob]) -> Reply {
        self.call_among(&mut Alone, database, now, line)
    }

    /// As [`Connection::call`], for a connection that sees the others through `clients`.
    pub fn call_among(
        &mut self,
        clients: &mut dyn Clients,
        database: &mut Database,
        now: UnixTime,
        line: &[Blob],
    ) -> Reply {
        self.skipped = self.skipped.saturating_sub(1);
        self.is_flooded = false;
        let resolved = match command::resolve(line) {
            Ok(resolved) => resolved,
            Err(unresolved) => {
                let is_exec = unresolved.is_exec();
                return Reply::Error(self.refuse(database, unresolved.refusal(line), is_exec));
            }
        };
        let flags = self.flags(&resolved);
        // Queueing takes memory, whatever the command does.
        let may_queue = self.transaction.is_some() && !resolved.command.ends_transaction();
        let needs = if may_queue { flags.and(Flags::DENYOOM) } else { flags };
        if let Err(refusal) = database.make_room(needs) {
            let is_exec = resolved.command.is_exec();
            return Reply::Error(self.refuse(database, refusal, is_exec));
        }
        if let Some(transaction) = &mut self.transaction
            && !resolved.command.is_immediate()
        {
            return transaction.queue(line, flags).into();
        }
        database.replies = ReplyBudget::new(self.reply_bytes_max);
        let reply = self.run(clients, database, now, resolved);
        self.is_flooded = database.replies.is_exceeded();
        reply
    }

    /// The reply to a command line while another connection's script has been running for longer
    /// than `busy-reply-threshold`. `kill` is called for `SCRIPT KILL`. `None` if the command must
    /// wait for the end of the script: it is allowed now, but changes which keys are watched.
    pub fn call_while_busy(
        &mut self,
        kill: &mut dyn FnMut() -> Result<(), ErrorReply>,
        now: UnixTime,
        line: &[Blob],
    ) -> Option<Reply> {
        // The script has the server's data. No command that runs here reads it.
        let mut database = Database::default();
        let refusal = match command::resolve(line) {
            Ok(resolved) if !resolved.command.flags.contains(Flags::ALLOW_BUSY) => {
                (ErrorReply::busy(), resolved.command.is_exec())
            }
            Ok(resolved) if self.watches_keys_by(&resolved) => return None,
            Ok(resolved) if resolved.command.kills_scripts() && self.transaction.is_none() => {
                self.skipped = self.skipped.saturating_sub(1);
                return Some(kill().map(|()| Reply::ok()).into());
            }
            Ok(_) => return Some(self.call(&mut database, now, line)),
            Err(unresolved) => {
                let is_exec = unresolved.is_exec();
                (unresolved.refusal(line), is_exec)
            }
        };
        if refusal.1 && !self.watched.is_empty() {
            return None;
        }
        self.skipped = self.skipped.saturating_sub(1);
        self.is_flooded = false;
        Some(Reply::Error(self.refuse(&mut database, refusal.0, refusal.1)))
    }

    /// Whether the command changes which keys are watched.
    fn watches_keys_by(&self, resolved: &Resolved<'_>) -> bool {
        resolved.command.watches() || !self.watched.is_empty() && resolved.command.unwatches()
    }

    /// The flags of the command. For `EXEC`, the flags of all queued commands.
    fn flags(&self, resolved: &Resolved<'_>) -> Flags {
        match &self.transaction {
            Some(transaction) if resolved.command.is_exec() => transaction.flags,
            _ => resolved.command.flags,
        }
    }

    /// Runs a command in the connection's database.
    pub(crate) fn run(
        &mut self,
        clients: &mut dyn Clients,
        database: &mut Database,
        now: UnixTime,
        resolved: Resolved<'_>,
    ) -> Reply {
        database.select(self.selected);
        let command = resolved.command;
        let result = resolved.run_for(self, clients, database, now);
        if !command.is_for_connections() {
            self.selected = database.selected();
        }
        database.select(0);
        result.into()
    }

    /// A command that cannot be run breaks the current transaction. If it is `EXEC`, it ends the
    /// transaction.
    fn refuse(
        &mut self,
        database: &mut Database,
        refusal: ErrorReply,
        is_exec: bool,
    ) -> ErrorReply {
        if is_exec {
            self.discard(database);
            return refusal.aborting_transaction();
        }
        if let Some(transaction) = &mut self.transaction {
            transaction.is_broken = true;
        }
        refusal
    }

    /// Drops the transaction and the watched keys.
    pub(crate) fn discard(&mut self, database: &mut Database) {
        self.transaction = None;
        self.unwatch(database);
    }

    /// What it takes to watch a key.
    pub(crate) fn watch_bytes(key: &Blob) -> usize {
        WATCH_BYTES + memory::text(key)
    }

    /// Watches a key of the selected database.
    pub(crate) fn watch(&mut self, database: &mut Database, now: UnixTime, key: &Blob) {
        if self.watched.insert((self.selected, key.clone())) {
            self.watched_bytes += Connection::watch_bytes(key);
            database.keyspace.watch(now, key, self.id);
        }
    }

    /// Stops watching all keys.
    pub(crate) fn unwatch(&mut self, database: &mut Database) {
        let selected = database.selected();
        self.watched_bytes = 0;
        for (number, key) in std::mem::take(&mut self.watched) {
            database.select(number);
            database.keyspace.unwatch(&key, self.id);
        }
        database.select(selected);
    }

    /// Whether no watched key has changed.
    pub(crate) fn sees_no_change(&self, database: &mut Database, now: UnixTime) -> bool {
        let selected = database.selected();
        let is_unchanged = self.watched.iter().all(|(number, key)| {
            database.select(*number);
            database.keyspace.is_unchanged(now, key, self.id)
        });
        database.select(selected);
        is_unchanged
    }

    /// Resets the connection to its initial state. It keeps its number.
    pub(crate) fn reset(&mut self, database: &mut Database) {
        self.discard(database);
        let Connection { id, skipped, reply_bytes_max, .. } = *self;
        *self = Connection { skipped, reply_bytes_max, ..Connection::new(id) };
        database.select(self.selected);
    }

    pub(crate) fn end_after_reply(&mut self) {
        self.is_closing = true;
    }

    /// Ends the connection: removes its watched keys from the database.
    pub fn close(mut self, database: &mut Database) {
        self.discard(database);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines whose replies a client receives.
    fn seen<'a>(lines: &[&'a str]) -> Vec<&'a str> {
        let (mut connection, mut database) = (Connection::new(1), Database::default());
        let mut seen = Vec::new();
        for line in lines {
            let words: Vec<Blob> = line.split(' ').map(Blob::from).collect();
            connection.call(&mut database, UnixTime::default(), &words);
            if connection.wants_reply() {
                seen.push(*line);
            }
        }
        seen
    }

    #[test]
    fn a_client_can_have_replies_left_out() {
        let skipped = ["CLIENT REPLY SKIP", "GET a", "GET b", "CLIENT REPLY SKIP"];
        assert_eq!(seen(&skipped), ["GET b"]);
        let twice = ["CLIENT REPLY SKIP", "CLIENT REPLY SKIP", "GET a", "GET b"];
        assert_eq!(seen(&twice), ["GET b"]);
        let off = ["CLIENT REPLY OFF", "GET a", "CLIENT REPLY SKIP", "NONSENSE", "CLIENT REPLY ON"];
        assert_eq!(seen(&off), ["CLIENT REPLY ON"]);
        assert_eq!(seen(&["CLIENT REPLY OFF", "RESET", "GET a"]), ["RESET", "GET a"]);
        assert_eq!(seen(&["CLIENT REPLY SKIP", "RESET", "GET a"]), ["GET a"]);
    }

    #[test]
    fn a_client_may_end_itself_but_no_other() {
        let (mut connection, mut database) = (Connection::new(7), Database::default());
        let mut kill = |line: &str| {
            let words: Vec<Blob> = line.split(' ').map(Blob::from).collect();
            let reply = connection.call(&mut database, UnixTime::default(), &words);
            (reply, connection.is_closing())
        };
        assert_eq!(kill("CLIENT KILL ID 7"), (Reply::Integer(0), false));
        assert_eq!(kill("CLIENT KILL ID 8 SKIPME no"), (Reply::Integer(0), false));
        assert_eq!(kill("CLIENT KILL ID 7 TYPE normal SKIPME no"), (Reply::Integer(1), true));
    }

    #[test]
    fn what_waits_and_what_is_watched_takes_memory() {
        let (mut connection, mut database) = (Connection::new(1), Database::default());
        let mut bytes = |line: &str| {
            let words: Vec<Blob> = line.split(' ').map(Blob::from).collect();
            connection.call(&mut database, UnixTime::default(), &words);
            connection.bytes()
        };
        assert_eq!(bytes("GET a"), 0);
        let watched = bytes("WATCH a b");
        assert_eq!(bytes("WATCH a b"), watched, "once is enough");
        assert_eq!(bytes("MULTI"), watched);
        assert!(bytes("SET a 1") > watched);
        assert_eq!(bytes("EXEC"), 0);
    }
}
