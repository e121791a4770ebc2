//! Caches in front of a database: cache-aside with leases, on Redis.
//!
//! *Rows* live in a database. *Entries* are copies of rows in caches. A cache does not know the
//! database; clients keep the two consistent. A reader that misses reads the row and fills in the
//! entry. A client that updates a row invalidates the entry afterwards. That alone is broken: a
//! reader that read the old row may fill it in after the invalidation, and the entry stays outdated
//! (a *stale set*). A *lease* prevents that: a miss returns a token, a fill needs the token, and an
//! invalidation makes all tokens of the entry void (Nishtala et al., "Scaling Memcache at
//! Facebook", NSDI 2013).
//!
//! # The disciplines
//!
//! A [`Discipline`] says which client gets a token, and which token is valid:
//!
//! - *newest miss*: each miss gets a token, and only the last one is valid. The client makes its
//!   token, so that all keys of an entry can be in one slot of a Redis cluster. (These are the
//!   rules of redis_lease's `get`.)
//! - *single holder*: a miss gets a token if no other client has got one for a while. Other clients
//!   back off. That also prevents a thundering herd. (redis_lease's `get_with_lock`, memcached's
//!   own rules.)
//! - *shared token*: all clients that miss within three seconds get the same number, and the first
//!   fill wins. Numbers come from one counter of the server. (memproxy's rules for Redis.)
//! - *stale values*: as the single holder, but a lease blocks other leases for a fixed time, and
//!   other clients get the value from before the invalidation instead of backing off. (The hot keys
//!   of the paper.)
//! - *none*: plain `GET`, `SET`, `DEL`, which is what most programs do.
//!
//! # What holds
//!
//! 1. A cache stores only rows that were read from the database after the last invalidation of the
//!    entry in this cache: no stale sets. This is the purpose of a lease.
//! 2. If each update is followed by an invalidation that reaches each cache, then in a quiet time
//!    each entry is absent or equals its row.
//!
//! With any discipline, a read through the cache does *not* always see the newest row. Between
//! update and invalidation one reader that misses sees the new row while another one still hits the
//! old entry. A lost invalidation leaves an outdated entry until it expires. An invalidation is
//! lost when a cache is down or a client crashes. There are three remedies: flush a cache that
//! starts ([`AtStart::Flush`](config::AtStart)); let entries expire; or use an *outbox*. An outbox
//! is a table into which an update writes its invalidation, in its own transaction, and from which
//! a [`relay`] repeats the invalidation.
//!
//! Continue with [`dialect`] for the Redis commands, then [`client`], [`batch_reader`], and
//! [`checks`](crate::config::Bounds) for the checkers.

#![deny(clippy::float_arithmetic)]

pub mod auditor;
pub mod batch_reader;
pub mod cache;
mod checks;
pub mod client;
pub mod cluster;
pub mod config;
pub mod database;
pub mod dialect;
mod load;
mod message;
mod process;
pub mod relay;
mod rounds;
mod route;
pub mod scripts;
pub mod small_scope;
mod system;

pub use config::{Config, Discipline};
pub use message::{
    Answer, Call, Message, OutboxRow, Protocol, Query, QueryResult, Ticket, Timer, Token,
};
pub use process::Process;
pub use rounds::Rounds;
pub use system::LeaseCache;
