//! Whoever watches a run.

use history::{Digest, Fingerprint};
use serde::Serialize;

use crate::Event;

/// Sees every event, and never talks back: a run is the same whoever watches.
pub trait Observer<M, T> {
    /// Something happened.
    fn event(&mut self, event: &Event<M, T>);
}

/// Nobody watches.
impl<M, T> Observer<M, T> for () {
    #[inline]
    fn event(&mut self, _: &Event<M, T>) {}
}

impl<M, T, O: Observer<M, T> + ?Sized> Observer<M, T> for &mut O {
    #[inline]
    fn event(&mut self, event: &Event<M, T>) {
        (**self).event(event);
    }
}

impl<M, T, A: Observer<M, T>, B: Observer<M, T>> Observer<M, T> for (A, B) {
    #[inline]
    fn event(&mut self, event: &Event<M, T>) {
        self.0.event(event);
        self.1.event(event);
    }
}

impl<M, T, O: Observer<M, T>> Observer<M, T> for Option<O> {
    #[inline]
    fn event(&mut self, event: &Event<M, T>) {
        if let Some(observer) = self {
            observer.event(event);
        }
    }
}

/// Keeps all events: for tests.
impl<M: Clone, T: Clone> Observer<M, T> for Vec<Event<M, T>> {
    fn event(&mut self, event: &Event<M, T>) {
        self.push(event.clone());
    }
}

/// Computes the digest of a run: over the canonical encoding of all its events.
#[derive(Clone, Debug, Default)]
pub struct EventDigest {
    digest: Digest,
    events: u64,
}

impl EventDigest {
    /// The digest of the events so far.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.digest.fingerprint()
    }

    /// How many events there were so far.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events
    }
}

impl<M: Serialize, T: Serialize> Observer<M, T> for EventDigest {
    #[inline(always)]
    fn event(&mut self, event: &Event<M, T>) {
        event.digest_into(&mut self.digest);
        self.events += 1;
    }
}
