//! What the clients of a server can find out about each other.
//!
//! A [`Connection`] knows only itself, and a [`Database`](crate::Database) knows no connection. A
//! server that holds the connections can implement [`Clients`]. `CLIENT LIST`, `CLIENT KILL` and
//! the totals of `INFO` use it.

use crate::Connection;

/// The connections of a server, from the view of the one that called a command: the caller.
pub trait Clients {
    /// The caller, if its details are known.
    fn caller(&self) -> Option<Client>;

    /// Calls `tell` for all other connections, in the order of their numbers.
    fn others(&self, tell: &mut dyn FnMut(&Connection, &Client));

    /// Ends the connection with this number. It is not the caller's.
    fn end(&mut self, id: u64);

    /// The counters of the server.
    fn traffic(&self) -> Option<Traffic>;
}

/// The details of a client that its connection does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The client's address, such as `127.0.0.1:50000`.
    pub address: String,
    /// The server's address that it connected to.
    pub local_address: String,
    /// How many seconds ago it connected.
    pub age_s: u64,
    /// How many seconds ago its last command arrived.
    pub idle_s: u64,
    /// The full name of its last command, if that command exists.
    pub command: Option<&'static str>,
}

/// The counters of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traffic {
    /// The port that it listens on.
    pub port: u16,
    /// How many seconds ago it started.
    pub uptime_s: u64,
    /// The number of open connections.
    pub connected: usize,
    /// The number of connections accepted so far.
    pub accepted: u64,
    /// The number of connections refused because of `maxclients`.
    pub rejected: u64,
    /// The number of commands received.
    pub commands: u64,
}

/// A server whose connections do not see each other.
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
