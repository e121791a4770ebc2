//! Redis in memory behind real TCP. It tests clients in any language, with the faults of a
//! [`FaultPlan`].
//!
//! A [`Service`] is one or more servers on one thread, each with its own port and data. As in
//! Redis, each command is atomic. [`Service::bind`] binds the ports, and [`Service::run`] serves
//! until it is interrupted.
//!
//! Invariants
//! 1. The memory for clients' commands and unread replies is bounded, for each client and for all
//!    together.
//! 2. Faults are drawn from the seed, by connection and command ([`FaultPlan`]). The m-th command
//!    of the n-th connection of a server has the same faults under the same seed. Its arrival time,
//!    and its order among other connections' commands, are not reproducible.
//! 3. A fault is in the log before a client can observe it.
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
