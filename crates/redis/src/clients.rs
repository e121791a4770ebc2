//! The clients of a server, as they see each other.
//!
//! A [`Connection`] knows of itself only, and a [`Database`](crate::Database) knows of no
//! connection. Whoever holds the connections of a server can let them see each other: the list of
//! `CLIENT LIST`, the victims of `CLIENT KILL` and the totals of `INFO` come through [`Clients`].

use crate::Connection;

/// What is known of the connections of a server, from the view of one of them, which calls.
pub trait Clients {
    /// What is known of the caller.
    fn caller(&self) -> Option<Client>;

    /// Tells of all others, in the order of their numbers.
    fn others(&self, tell: &mut dyn FnMut(&Connection, &Client));

    /// Ends the connection with this number, which is another than the caller's.
    fn end(&mut self, id: u64);

    /// What has been counted so far.
    fn traffic(&self) -> Option<Traffic>;
}

/// A client, as whoever holds its connection knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Where it is, such as `127.0.0.1:50000`.
    pub address: String,
    /// Where it connected to.
    pub local_address: String,
    /// For how many seconds it has been connected.
    pub age_s: u64,
    /// How many seconds ago its last command came.
    pub idle_s: u64,
    /// The full name of that command, if there is such a command.
    pub command: Option<&'static str>,
}

/// What a server counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traffic {
    /// On which port it listens.
    pub port: u16,
    /// For how many seconds it has been running.
    pub uptime_s: u64,
    /// How many connections there are.
    pub connected: usize,
    /// How many connections there have been.
    pub accepted: u64,
    /// How many there was no room for.
    pub rejected: u64,
    /// How many commands have come.
    pub commands: u64,
}

/// A connection that sees no other.
pub(crate) struct Alone;

impl Clients for Alone {
    fn caller(&self) -> Option<Client> {
        None
    }

    fn others(&self, _: &mut dyn FnMut(&Connection, &Client)) {}

    fn end(&mut self, _: u64) {}

    fn traffic(&self) -> Option<Traffic> {
        None
    }
}
