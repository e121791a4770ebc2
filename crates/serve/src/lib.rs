//! Redis in memory behind real TCP: any client, in any language, can be tried against it, and
//! against the faults that a [`FaultPlan`] orders.
//!
//! A [`Service`] is one or more servers, each with a port and data of its own, on one thread: a
//! command is executed at once and whole, as in Redis. [`Service::bind`] takes the ports,
//! [`Service::run`] serves until it is interrupted.
//!
//! Invariants
//! 1. What a client sends, and what it does not read, takes a bounded amount of memory, for each
//!    client and for all together.
//! 2. Whatever goes wrong on purpose is drawn from the seed by connection and command
//!    ([`FaultPlan`]): the n-th command of the n-th connection of a server meets the same fate
//!    under the same seed. When it arrives, and what came before it on other connections, is up to
//!    the real world.
//! 3. A fault that strikes is in the log before any client can notice.
//!
//! ```
//! use std::io::{Read as _, Write as _};
//! use std::sync::Arc;
//! use std::sync::atomic::{AtomicBool, Ordering};
//!
//! let options = serve::Options { port: 0, ..serve::Options::default() };
//! let service = serve::Service::bind(options, None)?;
//! let address = service.addresses()[0];
//! let is_done = Arc::new(AtomicBool::new(false));
//! let done = Arc::clone(&is_done);
//! let client = std::thread::spawn(move || -> std::io::Result<String> {
//!     let mut stream = std::net::TcpStream::connect(address)?;
//!     stream.write_all(b"SET lock me NX\r\nSET lock you NX\r\nQUIT\r\n")?;
//!     let mut replies = String::new();
//!     stream.read_to_string(&mut replies)?;
//!     done.store(true, Ordering::Relaxed);
//!     Ok(replies)
//! });
//! service.run(move || is_done.load(Ordering::Relaxed), |_| {})?;
//! assert_eq!(client.join().unwrap()?, "+OK\r\n$-1\r\n+OK\r\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![deny(clippy::float_arithmetic)]

mod busy;
mod connection;
mod fate;
mod fault_log;
mod listener;
mod metrics;
mod node;
mod plan;
mod replies;
mod roster;
mod run;
mod schedule;
mod service;
mod turns;
mod wire;

pub use plan::{
    CrashRule, DelayRule, Delayed, DropRule, FaultPlan, Keep, Only, ResetRule, StallRule, Then,
};
pub use run::Service;
pub use service::{Options, ServeError};
