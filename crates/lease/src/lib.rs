//! Caches in front of a database: cache-aside with leases, on Redis.
//!
//! *Rows* live in a database, and *entries*, which are copies of rows, in caches. A cache does not
//! know the database; clients keep the two together. A reader that misses reads the row and fills
//! in the entry; whoever updates a row invalidates the entry after that. Without more, that is
//! broken: a reader that read the old row may fill it in after the invalidation, and there it stays
//! (a *stale set*). A *lease* prevents that: a miss gives out a token, which has to be shown to
//! fill in the entry, and an invalidation makes all tokens of the entry void (Nishtala et al.,
//! "Scaling Memcache at Facebook", NSDI 2013).
//!
//! # The disciplines
//!
//! Who gets a token, and whose counts ([`Discipline`]):
//!
//! - *newest miss*: each miss gets a token, and the last one counts. A token is the client's own,
//!   so that all keys of an entry can be in one slot of a Redis cluster. (These are the rules of
//!   redis_lease's `get`.)
//! - *single holder*: a miss gets a token if nobody else has had one for a while; others are told
//!   to wait. That also keeps the herd away from the database. (redis_lease's `get_with_lock`,
//!   memcached's own rules.)
//! - *shared token*: all who miss within three seconds get the same number, and the first to fill
//!   in wins. Numbers come from one counter of the server. (memproxy's rules for Redis.)
//! - *stale values*: as the single holder, but a holder keeps others out for a fixed time, and
//!   those are told what was there before the invalidation instead of to wait. (The hot keys of the
//!   paper.)
//! - *none*: plain `GET`, `SET`, `DEL`, which is what most programs do.
//!
//! # What holds
//!
//! 1. A cache takes for an entry only what was read from the database after the last invalidation
//!    of that entry in this cache: no stale sets. This is what a lease is for.
//! 2. If each update is followed by an invalidation that reaches each cache, then, when all is
//!    quiet, each entry is absent or equals its row.
//!
//! What does *not* hold, whatever the discipline: that a read through the cache sees the newest
//! row. Between update and invalidation one reader that misses sees the new row while another one
//! still hits the old entry. And an invalidation that is lost, with a cache that is down or with a
//! client that crashes, leaves an outdated entry until it expires. Three things cure that: flushing
//! a cache that starts ([`AtStart::Flush`](config::AtStart)); letting entries expire; an *outbox*,
//! a table into which an update writes, in its own transaction, what has to be invalidated, and
//! from which a [`relay`] does it again.
//!
//! Where to read on: [`dialect`] for what is said to Redis, then [`client`], [`batch_reader`], and
//! [`checks`](crate::config::Bounds) for what is held against a run.

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
