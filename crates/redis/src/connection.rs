//! What one connection is to the server, beyond its bytes.
//!
//! A [`Connection`] is a value, as a [`Database`] is: it is handed the database with each command
//! line. What the database knows of connections is only which keys they watch. So
//!
//! 1. each connection of a server has a number of its own ([`Connection::new`]), and
//! 2. a connection that ends is told so ([`Connection::close`]), or its number stays written down
//!    under the keys that it watched, until they change.
//!
//! A transaction is a queue of command lines. A line is looked up and its length checked when it is
//! queued; if that fails, or there is no memory for it, `EXEC` refuses the whole transaction. It
//! runs nothing either if a watched key has changed. What fails while it runs stops nothing.

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
    /// Empty if the client gave none.
    pub(crate) name: Blob,
    pub(crate) protocol: Protocol,
    /// The number of its database.
    pub(crate) selected: u8,
    pub(crate) transaction: Option<Transaction>,
    /// With the number of the database.
    watched: BTreeSet<(u8, Blob)>,
    watched_bytes: usize,
    is_closing: bool,
    /// Whether the client wants no replies until it says otherwise.
    is_mute: bool,
    /// How many replies are to be left out, that to the present command included.
    left_out: u8,
    /// What a reply may take.
    reply_bytes_max: usize,
    /// Whether the last one would have taken more.
    is_flooded: bool,
}

impl Connection {
    /// A connection with a number that no other of the same server has, or had.
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
            left_out: 0,
            reply_bytes_max: ReplyBudget::DEFAULT,
            is_flooded: false,
        }
    }

    /// Which version of the protocol replies are to be written in.
    #[must_use]
    pub const fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Whether the client asked to end it: it is to be closed once the reply is sent.
    #[must_use]
    pub const fn is_closing(&self) -> bool {
        self.is_closing
    }

    /// Whether the reply to the last command is to be sent: a client can have replies left out.
    #[must_use]
    pub const fn wants_reply(&self) -> bool {
        !self.is_mute && self.left_out == 0
    }

    /// From now on no reply may take more than this, by [`Reply::size`].
    pub const fn limit_replies(&mut self, bytes: usize) {
        self.reply_bytes_max = bytes;
    }

    /// Whether the reply to the last command was given up because it would have taken more than it
    /// may. The command has been executed; Redis ends the connection of such a client.
    #[must_use]
    pub const fn is_flooded(&self) -> bool {
        self.is_flooded
    }

    /// `CLIENT REPLY ON` and `OFF`.
    pub(crate) fn mute(&mut self, is_mute: bool) {
        self.is_mute = is_mute;
        self.left_out = 0;
    }

    /// `CLIENT REPLY SKIP`: neither the reply to this command nor that to the next.
    pub(crate) fn leave_out_next(&mut self) {
        self.left_out = 2;
    }

    /// How many bytes it takes to keep what the client may choose: the commands that wait for
    /// `EXEC`, the keys that are watched, and the client's name.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let queued = self.transaction.as_ref().map_or(0, Transaction::bytes);
        queued + self.watched_bytes + memory::text(&self.name)
    }

    /// Runs one command line of this connection, at the time `now` of the server's wall clock. It
    /// sees no other connection.
    pub fn call(&mut self, database: &mut Database, now: UnixTime, line: &[Blob]) -> Reply {
        self.call_among(&mut Alone, database, now, line)
    }

    /// The same for a connection that sees the others.
    pub fn call_among(
        &mut self,
        clients: &mut dyn Clients,
        database: &mut Database,
        now: UnixTime,
        line: &[Blob],
    ) -> Reply {
        self.left_out = self.left_out.saturating_sub(1);
        self.is_flooded = false;
        let resolved = match command::resolve(line) {
            Ok(resolved) => resolved,
            Err(unresolved) => {
                let is_exec = unresolved.is_exec();
                return Reply::Error(self.refuse(database, unresolved.refusal(line), is_exec));
            }
        };
        let flags = self.flags(&resolved);
        // A queue takes memory, whatever is in it.
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

    /// What the server answers to a command line of this connection while a script of another one
    /// has been running for longer than `busy-reply-threshold`. `kill` is called for
    /// `SCRIPT KILL`. `None` if the command has to wait for the end of the script: it is one of the
    /// few that are allowed now, and changes which keys are watched.
    pub fn call_while_busy(
        &mut self,
        kill: &mut dyn FnMut() -> Result<(), ErrorReply>,
        now: UnixTime,
        line: &[Blob],
    ) -> Option<Reply> {
        // The server's data is in the hands of the script. None of what is called here reads it.
        let mut database = Database::default();
        let refusal = match command::resolve(line) {
            Ok(resolved) if !resolved.command.flags.contains(Flags::ALLOW_BUSY) => {
                (ErrorReply::busy(), resolved.command.is_exec())
            }
            Ok(resolved) if self.watches_keys_by(&resolved) => return None,
            Ok(resolved) if resolved.command.kills_scripts() && self.transaction.is_none() => {
                self.left_out = self.left_out.saturating_sub(1);
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
        self.left_out = self.left_out.saturating_sub(1);
        self.is_flooded = false;
        Some(Reply::Error(self.refuse(&mut database, refusal.0, refusal.1)))
    }

    /// Whether the command would change which keys are watched.
    fn watches_keys_by(&self, resolved: &Resolved<'_>) -> bool {
        resolved.command.watches() || !self.watched.is_empty() && resolved.command.unwatches()
    }

    /// Those of the command; for `EXEC`, those of what it is to run.
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

    /// A command that cannot be run breaks the transaction that it was meant for, and ends it if it
    /// is `EXEC` itself.
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

    /// Forgets the transaction and the watched keys.
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

    /// Watches nothing any more.
    pub(crate) fn unwatch(&mut self, database: &mut Database) {
        let selected = database.selected();
        self.watched_bytes = 0;
        for (number, key) in std::mem::take(&mut self.watched) {
            database.select(number);
            database.keyspace.unwatch(&key, self.id);
        }
        database.select(selected);
    }

    /// Whether every watched key is as it was.
    pub(crate) fn sees_no_change(&self, database: &mut Database, now: UnixTime) -> bool {
        let selected = database.selected();
        let is_unchanged = self.watched.iter().all(|(number, key)| {
            database.select(*number);
            database.keyspace.is_unchanged(now, key, self.id)
        });
        database.select(selected);
        is_unchanged
    }

    /// As a connection is when it begins, but for its number.
    pub(crate) fn reset(&mut self, database: &mut Database) {
        self.discard(database);
        let Connection { id, left_out, reply_bytes_max, .. } = *self;
        *self = Connection { left_out, reply_bytes_max, ..Connection::new(id) };
        database.select(self.selected);
    }

    pub(crate) fn end_after_reply(&mut self) {
        self.is_closing = true;
    }

    /// Strikes the connection off the database: no more command will come.
    pub fn close(mut self, database: &mut Database) {
        self.discard(database);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of `lines` whose replies a client gets to see.
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
