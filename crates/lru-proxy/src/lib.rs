//! A caching proxy before Redis: an LRU cache whose entries live for a while, clients on one side
//! and a Redis server on the other. By the rules of eastside-eng/redis-proxy, with its flaws as
//! options.
//!
//! # The protocol
//!
//! The proxy answers `GET` from its [`Cache`] if it can: a *hit*. Otherwise it asks the server, and
//! keeps what that says. Every other command goes to the server as it is; when the reply comes
//! back, the keys that the command may have written are thrown out of the cache before anybody
//! hears of it ([`Command`] knows which they are). An entry is served until its time to live is
//! over, or until room is needed and it is the one that was used least recently. A missing key is
//! not kept.
//!
//! Who writes through the proxy is heard of; who writes to the server directly is not. Hence two
//! promises:
//!
//! 1. *Whatever is served was true no longer ago than the time to live.* An entry's time runs from
//!    when the server was asked, not from when its reply came: it may have been overwritten as soon
//!    as the server had read it.
//! 2. *If all writes come through the proxy, it is linearizable*, as the server is. The difficulty
//!    is a read that was under way when a write was: its reply may hold the old value and come
//!    after the write's. So each read that is under way holds a [`Ticket`], which is void once its
//!    key has been written; with a void ticket nothing is kept. And while a write is under way,
//!    somebody may have seen its value already, with a read that went to the server; so what is
//!    kept under its key is not served until its reply is here.
//!
//! What no proxy can mend: a write whose connection broke may still be executed at any later time,
//! and nobody will hear of it. Promise 1 holds then.
//!
//! The *redeemer* removes, every so often, what is past its time and has not been asked for, so
//! that it takes no room.
//!
//! # What the original does otherwise
//!
//! - It serves an entry that is past its time until the redeemer comes: [`Expiry::Swept`].
//! - It lets an entry's time run from when the reply came, and knows of no writes:
//!   [`Fills::Unguarded`].
//! - It does not reply to a command other than `GET` and `PING`: [`Unknown::Unanswered`].
//! - It says that a key is missing if the server cannot be reached: [`Outage::LooksMissing`].
//!
//! Where to read on: [`Cache`] and [`Command`], which the proxy of `rumormill proxy` is made of
//! too, then [`Proxy`](proxy::Proxy) for what is done with them in a run.

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
