//! Shared parts of servers on real TCP. [`door`] listens and accepts, [`Buffers`] is a pool of read
//! buffers, an [`Outbox`] holds unsent bytes, a [`Ledger`] counts the memory of clients, and a
//! [`Counter`] is a metric. [`work_done`] returns the processor time of a thread.
//!
//! A server runs on one thread, so its connections share state without locks.

#![deny(clippy::float_arithmetic)]

mod buffers;
mod counter;
pub mod door;
mod memory;
mod outbox;
mod work;

pub use buffers::Buffers;
pub use counter::Counter;
pub use memory::{Ledger, Share};
pub use outbox::Outbox;
pub use work::work_done;
