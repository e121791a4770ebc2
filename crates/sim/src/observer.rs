//! Observers of a run.

use history::{Digest, Fingerprint};

use crate::{Event, Protocol};

/// Sees every event, and never talks back: a run is the same with any observer.
pub trait Observer<P: Protocol> {
    /// Something happened.
    fn event(&mut self, event: &Event<P>);
}

/// No observer.
impl<P: Protocol> Observer<P> for () {
    #[inline]
    fn event(&mut self, _: &Event<P>) {}
}

impl<P: Protocol, O: Observer<P> + ?Sized> Observer<P> for &mut O {
    #[inline]
    fn event(&mut self, event: &Event<P>) {
        (**self).event(event);
    }
}

impl<P: Protocol, A: Observer<P>, B: Observer<P>> Observer<P> for (A, B) {
    #[inline]
    fn event(&mut self, event: &Event<P>) {
        self.0.event(event);
        self.1.event(event);
    }
}

impl<P: Protocol, O: Observer<P>> Observer<P> for Option<O> {
    #[inline]
    fn event(&mut self, event: &Event<P>) {
        if let Some(observer) = self {
            observer.event(event);
        }
    }
}

/// Keeps all events: for tests.
impl<P: Protocol> Observer<P> for Vec<Event<P>> {
    fn event(&mut self, event: &Event<P>) {
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

impl<P: Protocol> Observer<P> for EventDigest {
    #[inline(always)]
    fn event(&mut self, event: &Event<P>) {
        event.digest_into(&mut self.digest);
        self.events += 1;
    }
}
