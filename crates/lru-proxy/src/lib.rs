//! A caching proxy in front of Redis: an LRU cache with a time to live, between clients and a Redis
//! server. It follows the rules of eastside-eng/redis-proxy, with the flaws of the original as
//! options.
//!
//! # The protocol
//!
//! The proxy answers `GET` from its [`Cache`] if it can: a *hit*. Otherwise it reads from the
//! server, and caches the value. Every other command goes to the server unchanged. When the reply
//! comes back, the proxy first removes the keys that the command may have written from the cache,
//! and then passes the reply on. [`Command`] knows these keys. An entry is served until its time to
//! live is over, or until it is evicted as the least recently used one. A missing key is not
//! cached.
//!
//! The proxy sees the writes that go through it, but not those that go to the server directly.
//! Hence two promises:
//!
//! 1. *A served value is at most as old as the time to live.* An entry's time starts at the request
//!    to the server, not at its reply: the value may be overwritten as soon as the server has read
//!    it.
//! 2. *If all writes come through the proxy, it is linearizable*, as the server is. The difficulty
//!    is a read that overlaps a write: its reply may have the old value and arrive after the
//!    write's reply. So each open read holds a [`Ticket`], which is void once its key has been
//!    written. A reply with a void ticket is not cached. While a write is open, another client may
//!    already have read its value from the server. So the cached value of its key is not served
//!    until the write's reply arrives.
//!
//! No proxy can prevent one case: a write whose connection broke may still be executed at any later
//! time, without a reply. Then only promise 1 holds.
//!
//! A periodic sweep (the *redeemer*) removes expired entries, so that they take no room.
//!
//! # Differences of the original
//!
//! - It serves an expired entry until the next sweep: [`Expiry::Swept`].
//! - An entry's time starts at the reply, and writes are ignored: [`Fills::Unguarded`].
//! - It does not reply to a command other than `GET` and `PING`: [`Unknown::Unanswered`].
//! - It replies that a key is missing if the server is unreachable: [`Outage::LooksMissing`].
//!
//! Continue with [`Cache`] and [`Command`], which `rumormill proxy` uses too, and then
//! [`Proxy`](proxy::Proxy), the simulated proxy.

#![deny(clippy::float_arithmetic)]

mod cache;
mod checks;
pub mod client;
mod command;
mod config;
mod message;
pub mod proxy;
mod system;

pub use cache::{Cache, Capacity, Expiry, Fills, Ticket};
pub use command::{Command, Keys, Standing};
pub use config::{Config, Route};
pub use message::{Protocol, Timer};
pub use proxy::{Outage, Unknown};
pub use redis_node::Message;
pub use system::{LruProxy, Process};
