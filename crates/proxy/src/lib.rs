//! The caching proxy before a real Redis, over TCP.
//!
//! Its core is that of [`lru_proxy`], where the protocol is told: the [`Cache`](lru_proxy::Cache),
//! which is the same code as in the simulation, and what is known of each
//! [`Command`](lru_proxy::Command). Here are the sockets.
//!
//! All runs on one thread. A client's *conversation* reads its commands; a *link* is a connection
//! to the server, which all clients share, or which one of them has for itself. Replies are passed
//! on byte by byte as they come.
//!
//! Invariants
//! 1. Replies come in the order of a client's commands.
//! 2. A hit never touches the server. While the server is lost, hits go on, and everything else is
//!    answered with an error that says whether it may have been executed.
//! 3. What clients send, and do not read, takes a bounded amount of memory, and so does the cache.

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
