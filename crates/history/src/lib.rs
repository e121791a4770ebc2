//! The events of a run, as types that every other crate shares.
//!
//! A run is a sequence of events in *virtual time* ([`Time`], integer nanoseconds). Among them are
//! the *operations* of clients: each is invoked once ([`Invoke`]) and returns at most once
//! ([`Return`]). The possible actions and observations depend on the kind of [`Object`]. An
//! operation on a [`Register`] returns an [`Observation`]: a version and its value. A *history* is
//! a list of invocations and returns, in the order in which they happened. A checker sees the
//! history and nothing else.
//!
//! The simulator and the checkers do not depend on each other, but both depend on this crate. It
//! also defines the *canonical encoding* of events ([`canonical`]), over which the [`Digest`] of a
//! run is computed: the same run has the same digest on every machine.

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
