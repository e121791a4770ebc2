//! A checker for locks: at most one client relies on a lock at a time.
//!
//! A client *relies on* a lock from the return of the operation that acquired it. It stops when it
//! invokes the release, when the time of its own [`Grant`](history::lock::Grant) has passed, or
//! when it crashes. The checker compares these intervals in the true time of the history. It finds
//! a violation exactly if two clients rely on the same lock at the same moment.
//!
//! There are two causes, and the finding says which:
//!
//! - The lease of the first client had ended, and the client still relied on the lock: it *outlived
//!   its lease*. A pause, a slow network or a wrong clock does that. (Kleppmann, "How to do
//!   distributed locking", 2016.)
//! - Its lease had not ended: the service gave the lock to two clients.
//!
//! An acquisition whose outcome is unknown gives no client a reason to rely on the lock. The time
//! of a grant counts as true time: a client with a slow clock relies on the lock for longer than
//! the checker assumes.

use std::collections::BTreeMap;

use history::lock::{Action, Lock};
use history::{Completion, Entry, Invoke, Key, Names, NodeId, OpId, Span, Step, Time};

use crate::{Found, HistoryChecker};

/// Checks that no two clients rely on the same lock at the same time.
///
/// ```
/// use check::HistoryChecker as _;
/// use check::lock::Exclusion;
/// use history::lock::{Action, Grant};
/// use history::{Completion, Entry, Invoke, Key, Names, NodeId, OpId, Return, Span, Step, Time};
///
/// let mut exclusion = Exclusion::new();
/// for (client, at) in [(0, 5), (1, 130)] {
///     let op = OpId { client: NodeId(client), ordinal: 0 };
///     let action = Action::Acquire { lease: Some(Span(100)) };
///     let invoke = Step::Invoke(Invoke { op, key: Key(0), action });
///     let ended = Step::Return(Return { op, completion: Completion::Ok(Grant::default()) });
///     exclusion.step(&Entry { at: Time(at), step: invoke });
///     exclusion.step(&Entry { at: Time(at + 5), step: ended });
/// }
/// let found = exclusion.finding(&Names::default()).expect("both rely on the lock");
/// assert_eq!(
///     found.summary,
///     "n1 got the lock k0 while n0 still relied on it, 25ns after the lease of n0 had ended"
/// );
/// ```
#[derive(Clone, Debug, Default)]
pub struct Exclusion {
    open: BTreeMap<OpId, (Time, Invoke<Lock>)>,
    held: BTreeMap<Key, Hold>,
    overlap: Option<Overlap>,
}

/// A client relies on a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Hold {
    client: NodeId,
    /// The times of the request and of the reply. An extension counts as a new request.
    asked: Time,
    got: Time,
    /// The length of the lease, counted from the request. `None` means no end.
    lease: Option<Span>,
    /// The time at which the client stops relying on the lock by itself.
    until: Option<Time>,
}

/// Two clients rely on the same lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Overlap {
    key: Key,
    first: Hold,
    second: Hold,
}

impl Exclusion {
    /// A checker that has seen no step.
    #[must_use]
    pub fn new() -> Exclusion {
        Exclusion::default()
    }

    fn returned(&mut self, at: Time, op: OpId, is_ok: bool, valid_for: Option<Span>) {
        let Some((asked, Invoke { key, action, .. })) = self.open.remove(&op) else { return };
        let lease = match action {
            Action::Acquire { lease } | Action::TryAcquire { lease } => lease,
            Action::Extend { lease } => Some(lease),
            Action::Release => return,
        };
        let until = valid_for.map(|span| at + span);
        let hold = Hold { client: op.client, asked, got: at, lease, until };
        match (action, is_ok) {
            (_, false) => (),
            (Action::Extend { .. }, true) => {
                // An acquisition in between came too early, and was reported then.
                if self.held.get(&key).is_some_and(|held| held.client == op.client) {
                    self.held.insert(key, hold);
                }
            }
            (_, true) => {
                let before = self.held.insert(key, hold);
                let relies = |held: &Hold| {
                    held.client != op.client && held.until.is_none_or(|until| at < until)
                };
                if let Some(first) = before.filter(relies) {
                    self.overlap = Some(Overlap { key, first, second: hold });
                }
            }
        }
    }

    fn stops(&mut self, client: NodeId, key: Key) {
        if self.held.get(&key).is_some_and(|held| held.client == client) {
            self.held.remove(&key);
        }
    }
}

impl HistoryChecker for Exclusion {
    type Object = Lock;

    fn step(&mut self, entry: &Entry<Lock>) {
        if self.overlap.is_some() {
            return;
        }
        match entry.step {
            Step::Invoke(invoke) => {
                if invoke.action == Action::Release {
                    self.stops(invoke.op.client, invoke.key);
                }
                self.open.insert(invoke.op, (entry.at, invoke));
            }
            Step::Return(ended) => {
                let (is_ok, valid_for) = match ended.completion {
                    Completion::Ok(grant) => (true, grant.valid_for),
                    _ => (false, None),
                };
                self.returned(entry.at, ended.op, is_ok, valid_for);
            }
            Step::Gone(client) => {
                self.held.retain(|_, held| held.client != client);
                self.open.retain(|op, _| op.client != client);
            }
        }
    }

    fn finding(&self, names: &Names) -> Option<Found> {
        let Overlap { key, first, second } = self.overlap?;
        let (lock, one, other) =
            (names.key(key), names.node(first.client), names.node(second.client));
        // The lease began when the service handled the request, between request and reply.
        let ended = first.lease.map(|lease| first.got + lease).filter(|end| *end <= second.got);
        let summary = match ended {
            Some(end) => format!(
                "{other} got the lock {lock} while {one} still relied on it, {} after the lease of \
                 {one} had ended",
                second.got.since(end)
            ),
            None => format!(
                "{other} got the lock {lock} while {one} relied on it, and the lease of {one} had \
                 not ended: the service gave the lock to both"
            ),
        };
        let asks = |hold: &Hold| match hold.lease {
            Some(lease) => {
                format!("{} asks for the lock {lock} for {lease}", names.node(hold.client))
            }
            None => format!("{} asks for the lock {lock}", names.node(hold.client)),
        };
        let mut steps = vec![
            (first.asked, asks(&first)),
            (first.got, format!("{one} gets the lock and relies on it from now on")),
        ];
        steps.extend(ended.map(|end| (end, format!("the lease of {one} has ended"))));
        steps.push((second.asked, asks(&second)));
        steps.push((second.got, format!("{other} gets the lock, and {one} has not released it")));
        Some(Found { summary, steps, clients: vec![first.client, second.client] })
    }
}

#[cfg(test)]
mod tests {
    use history::Return;
    use history::lock::Grant;

    use super::*;

    /// A history of one lock, in milliseconds.
    #[derive(Default)]
    struct Told {
        exclusion: Exclusion,
        ordinals: BTreeMap<u16, u32>,
    }

    const LEASE: Span = Span::from_millis(100);

    impl Told {
        fn step(&mut self, at: u64, step: Step<Lock>) {
            self.exclusion.step(&Entry { at: Time::ZERO + Span::from_millis(at), step });
        }

        fn invoke(&mut self, at: u64, client: u16, action: Action) -> OpId {
            let ordinal = self.ordinals.entry(client).or_default();
            let op = OpId { client: NodeId(client), ordinal: *ordinal };
            *ordinal += 1;
            self.step(at, Step::Invoke(Invoke { op, key: Key(0), action }));
            op
        }

        fn ends(&mut self, at: u64, op: OpId, completion: Completion<Grant>) {
            self.step(at, Step::Return(Return { op, completion }));
        }

        /// Requests the lock, and gets it one millisecond later.
        fn acquires(&mut self, at: u64, client: u16, valid_for: Option<u64>) {
            let op = self.invoke(at, client, Action::Acquire { lease: Some(LEASE) });
            let valid_for = valid_for.map(Span::from_millis);
            self.ends(at + 1, op, Completion::Ok(Grant { valid_for, token: None }));
        }

        fn releases(&mut self, at: u64, client: u16) {
            let op = self.invoke(at, client, Action::Release);
            self.ends(at + 1, op, Completion::Ok(Grant::default()));
        }

        fn summary(&self) -> Option<String> {
            Some(self.exclusion.finding(&Names::default())?.summary)
        }
    }

    #[test]
    fn one_after_the_other_is_fine() {
        let mut told = Told::default();
        told.acquires(0, 1, None);
        told.releases(50, 1);
        told.acquires(50, 2, None);
        assert_eq!(told.summary(), None, "the release was invoked before the second return");
    }

    #[test]
    fn a_client_that_outlives_its_lease_is_told_from_a_service_that_grants_twice() {
        let mut outlived = Told::default();
        outlived.acquires(0, 1, None);
        outlived.acquires(120, 2, None);
        assert_eq!(
            outlived.summary().unwrap(),
            "n2 got the lock k0 while n1 still relied on it, 20ms after the lease of n1 had ended"
        );
        let mut twice = Told::default();
        twice.acquires(0, 1, None);
        twice.acquires(99, 2, None);
        assert_eq!(
            twice.summary().unwrap(),
            "n2 got the lock k0 while n1 relied on it, and the lease of n1 had not ended: the \
             service gave the lock to both"
        );
    }

    #[test]
    fn a_client_does_not_rely_on_a_lock_for_longer_than_its_grant_is_valid() {
        for (at, is_found) in [(49, true), (50, false)] {
            let mut told = Told::default();
            told.acquires(0, 1, Some(50));
            told.acquires(at, 2, None);
            assert_eq!(told.summary().is_some(), is_found, "at {at}ms");
        }
    }

    #[test]
    fn an_extension_counts_from_its_own_return() {
        for (at, is_found) in [(80, true), (81, false)] {
            let mut told = Told::default();
            told.acquires(0, 1, Some(50));
            let extend = told.invoke(30, 1, Action::Extend { lease: LEASE });
            let valid_for = Some(Span::from_millis(50));
            told.ends(32, extend, Completion::Ok(Grant { valid_for, token: None }));
            told.acquires(at, 2, None);
            assert_eq!(told.summary().is_some(), is_found, "at {at}ms");
        }
    }

    #[test]
    fn a_refused_or_unknown_acquisition_gives_nothing_to_rely_on() {
        for completion in
            [Completion::Refused(Grant::default()), Completion::Unknown, Completion::Failed]
        {
            let mut told = Told::default();
            let op = told.invoke(0, 1, Action::TryAcquire { lease: Some(LEASE) });
            told.ends(1, op, completion);
            told.acquires(2, 2, None);
            assert_eq!(told.summary(), None, "{completion:?}");
        }
    }

    #[test]
    fn a_client_that_crashes_relies_on_nothing() {
        let mut told = Told::default();
        told.acquires(0, 1, None);
        told.step(5, Step::Gone(NodeId(1)));
        told.acquires(6, 2, None);
        assert_eq!(told.summary(), None);
    }

    #[test]
    fn locks_of_other_names_have_nothing_to_do_with_it() {
        let mut told = Told::default();
        told.acquires(0, 1, None);
        let op = OpId { client: NodeId(2), ordinal: 0 };
        let action = Action::Acquire { lease: None };
        told.step(3, Step::Invoke(Invoke { op, key: Key(1), action }));
        told.ends(4, op, Completion::Ok(Grant::default()));
        assert_eq!(told.summary(), None);
    }
}
