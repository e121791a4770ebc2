//! The lock: at most one client holds it at a time.
//!
//! A lock is *leased*: a client that acquires it holds it until the client releases it or the lease
//! ends. The client and the lock service each measure the lease by their own clock, and the clocks
//! can disagree. So a [`Grant`] says how long the *client* relies on the lock.

use serde::{Deserialize, Serialize};

use crate::{Object, Span};

/// The lock as a kind of [`Object`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lock {}

/// An action on a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Take the lock. The client goes on trying while another client holds it.
    Acquire {
        /// The length of the lease. `None` means no end.
        lease: Option<Span>,
    },
    /// Take the lock if no client holds it; otherwise refuse.
    TryAcquire {
        /// The length of the lease. `None` means no end.
        lease: Option<Span>,
    },
    /// Extend the lease. Refused if this client no longer holds the lock.
    Extend {
        /// The length of the lease from now on.
        lease: Span,
    },
    /// Release the lock. Refused if this client no longer holds it.
    Release,
}

/// A *fencing token*: a number that grows with each acquisition of a lock. A resource uses it to
/// reject a client that held the lock earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Token(pub u64);

/// The observation of an operation on a lock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Grant {
    /// How long the client relies on the lock, by its own monotonic clock, from the return of the
    /// operation. `None` if the grant has no end. Unused for releases and refusals.
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
