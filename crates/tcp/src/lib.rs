//! What servers on real TCP have in common: a [`door`] at which clients come in, [`Buffers`] to
//! read into, an [`Outbox`] of bytes to send, a [`Ledger`] of what clients keep in memory, and
//! [`Counter`]s.
//!
//! A server here runs on one thread: whatever its connections share they share without locks.

#![deny(clippy::float_arithmetic)]

mod buffers;
mod counter;
pub mod door;
mod memory;
mod outbox;

pub use buffers::Buffers;
pub use counter::Counter;
pub use memory::{Ledger, Share};
pub use outbox::Outbox;
