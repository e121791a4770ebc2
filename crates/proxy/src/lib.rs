//! The caching proxy in front of a real Redis, over TCP.
//!
//! [`lru_proxy`] describes the protocol. Its [`Cache`](lru_proxy::Cache) and its
//! [`Command`](lru_proxy::Command)s are the same code as in the simulation. This crate adds the
//! sockets.
//!
//! Everything runs on one thread. A client's *conversation* reads its commands. A *link* is a
//! connection to the server. All clients share one link, and a client can have its own. Replies are
//! passed on byte by byte as they arrive.
//!
//! Invariants
//! 1. A client gets its replies in the order of its commands.
//! 2. A hit does not involve the server. While the server is unreachable, hits are still served.
//!    All other commands get an error that says whether the command may have been executed.
//! 3. Memory is bounded: for the clients' commands, for their unread replies, and for the cache.

#![deny(clippy::float_arithmetic)]

mod client;
mod conversation;
mod frame;
mod http;
mod link;
mod metrics;
mod options;
mod replies;
mod run;
mod shared;
mod slot;
mod written;

pub use options::{Options, ProxyError};
pub use run::Proxy;
