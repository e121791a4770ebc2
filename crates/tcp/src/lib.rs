//! What servers on real TCP have in common: a [`door`] at which clients come in, [`Buffers`] to
//! read into, an [`Outbox`] of bytes to send, a [`Ledger`] of what clients keep in memory, and
//! [`Counter`]s. [`work_done`] tells how much of its time a thread has had a processor.
//!
//! A server here runs on one thread: whatever its connections share they share without locks.

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
