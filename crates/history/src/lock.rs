//! The lock: at most one client holds it at a time.
//!
//! A lock is *leased*: whoever takes it holds it until it is released or the lease ends. Client and
//! lock service each measure the lease by their own clock, and they can disagree. So a
//! [`Grant`] says until when the *client* relies on the lock.

use serde::{Deserialize, Serialize};

use crate::{Object, Span};

/// The lock as a kind of [`Object`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lock {}

/// What a client asks of a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Take the lock. The client goes on trying while another client holds it.
    Acquire {
        /// For how long; for ever, if `None`.
        lease: Option<Span>,
    },
    /// Take the lock if no client holds it; otherwise refuse.
    TryAcquire {
        /// For how long; for ever, if `None`.
        lease: Option<Span>,
    },
    /// Keep the lock for longer. Refused if this client does not hold it any more.
    Extend {
        /// For how long from now.
        lease: Span,
    },
    /// Give the lock back. Refused if this client does not hold it any more.
    Release,
}

/// A number that grows with each acquisition of a lock, so that a resource can turn away a client
/// that held the lock earlier (a *fencing token*).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Token(pub u64);

/// What a client knows of a lock after an operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Grant {
    /// How long the client relies on the lock, by its own monotonic clock from the return of the
    /// operation on. `None` if the grant has no end. Not used in the answers to a release and in
    /// refusals.
    pub valid_for: Option<Span>,
    /// The fencing token, if the service hands out tokens.
    pub token: Option<Token>,
}

impl Object for Lock {
    type Action = Action;
    type Observation = Grant;

    fn is_write(action: &Action) -> bool {
        matches!(action, Action::Acquire { .. } | Action::TryAcquire { .. })
    }
}
