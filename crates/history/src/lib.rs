//! What happened in a run, in the words that every other crate shares.
//!
//! A run is a line of events in *virtual time* ([`Time`], integer nanoseconds). Among them are the
//! *operations* of clients: each is invoked once ([`Invoke`]) and returns at most once
//! ([`Return`]). What can be asked, and what an answer tells, depends on the kind of [`Object`]: of
//! a [`Register`] an operation learns an [`Observation`], a version and the value that it carries.
//! A list of those two, in the order in which they happened, is a history, and that is all a
//! checker ever sees.
//!
//! The simulator and the checkers do not know each other; this crate is what they have in common.
//! It also defines the one *canonical encoding* of things that happened ([`canonical`]), over which
//! the [`Digest`] of a run is computed: the same run has the same digest on every machine.

#![deny(clippy::float_arithmetic)]

mod bytes;
pub mod canonical;
mod digest;
mod id;
pub mod lock;
mod names;
mod object;
pub mod queue;
mod register;
mod time;

pub use bytes::{Bytes, ParseBytesError};
pub use digest::{Digest, Fingerprint};
pub use id::{Key, NodeId, OpId};
pub use names::Names;
pub use object::{Completion, Data, Entry, Includes, Invoke, Object, Return, Step};
pub use register::{Action, Observation, Register, Value, Version};
pub use time::{ParseSpanError, Span, Time};
