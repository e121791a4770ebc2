//! What reads through a cache may return.
//!
//! All promises have the same form: when a read begins, there is a lowest version that it may
//! return. The promises differ in that version.

use std::collections::BTreeMap;

use history::{Completion, Entry, Invoke, Key, Names, NodeId, Observation, OpId, Return, Span};
use history::{Step, Time, Version};

use super::observed::{Observed, words};

/// A promise to reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    /// *Quiescent agreement*: if no other client has used the key for `settle`, a read sees the
    /// newest version that any client had observed, or a newer one.
    Agreement {
        /// The length of the quiet time. It must be at least the time for which a message can be in
        /// flight.
        settle: Span,
    },
    /// *Bounded staleness in time*: a read sees no version that had been outdated for longer than
    /// this.
    Age(Span),
    /// *Bounded staleness in versions*: a read sees no version that is more than this many versions
    /// behind the newest one.
    Versions(u64),
    /// *Read your writes*: a read sees no version older than one that its own client has written.
    OwnWrites,
    /// *Monotonic reads*: a read sees no version older than one that its own client has read.
    Monotonic,
}

/// Checks what reads observe against one promise.
///
/// ```
/// use check::cache::{Promise, Reads};
/// use check::notation;
///
/// let (history, names) = notation::parse(
///     "100ms alice write
///      110ms alice made v1
///      130ms bob   read
///      140ms bob   saw empty",
/// )?;
/// let stale = |promise| {
///     let mut reads = Reads::new(promise);
///     history.iter().for_each(|entry| reads.step(entry));
///     reads.broken().map(|stale| stale.summary(&names))
/// };
/// assert_eq!(stale(Promise::Monotonic), None, "bob had seen nothing before");
/// assert!(stale(Promise::Versions(0)).is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Reads {
    promise: Promise,
    keys: BTreeMap<Key, KeyState>,
    own: BTreeMap<(NodeId, Key), Observed>,
    open: BTreeMap<OpId, Open>,
    broken: Option<StaleRead>,
}

#[derive(Clone, Debug, Default)]
struct KeyState {
    /// The observed versions, each newer than the one before. Versions that no later read must
    /// reach are forgotten.
    observed: Vec<Observed>,
    /// The number of open operations of each client.
    open: BTreeMap<NodeId, u32>,
    /// The client that last ended an operation, and the time; then the last other client, and the
    /// time.
    last: Option<(NodeId, Time)>,
    last_other: Option<(NodeId, Time)>,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    key: Key,
    began: Time,
    is_read: bool,
    floor: Option<Floor>,
}

/// The lowest version that a read may return, and the reason.
#[derive(Clone, Copy, Debug)]
struct Floor {
    version: Version,
    because: Observed,
}

/// A read that broke its promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StaleRead {
    /// The promise.
    pub promise: Promise,
    /// The key.
    pub key: Key,
    /// The read.
    pub op: OpId,
    /// The time of its invocation.
    pub began: Time,
    /// The time of its return.
    pub ended: Time,
    /// The version and value that it saw.
    pub seen: Observation,
    /// The newer version that was known.
    pub known: Observed,
}

impl Reads {
    /// A checker that has seen no step.
    #[must_use]
    pub fn new(promise: Promise) -> Reads {
        Reads {
            promise,
            keys: BTreeMap::new(),
            own: BTreeMap::new(),
            open: BTreeMap::new(),
            broken: None,
        }
    }

    /// The first read that broke the promise.
    #[must_use]
    pub fn broken(&self) -> Option<&StaleRead> {
        self.broken.as_ref()
    }

    /// Processes the next step. The return of an operation that was never invoked is ignored.
    pub fn step(&mut self, entry: &Entry) {
        if self.broken.is_some() {
            return;
        }
        match &entry.step {
            Step::Invoke(invoke) => self.invoke(entry.at, invoke),
            Step::Return(returned) => self.complete(entry.at, returned),
            Step::Gone(client) => {
                let gone: Vec<OpId> = self.open.keys().copied().collect();
                for op in gone.into_iter().filter(|op| op.client == *client) {
                    self.close(entry.at, op);
                }
            }
        }
    }

    fn invoke(&mut self, at: Time, invoke: &Invoke) {
        let Invoke { op, key, action } = *invoke;
        let is_read = action.written().is_none();
        let floor = if is_read { self.floor(at, op.client, key) } else { None };
        self.open.insert(op, Open { key, began: at, is_read, floor });
        *self.keys.entry(key).or_default().open.entry(op.client).or_default() += 1;
    }

    /// Returns the lowest version that a read by `client` may return if it begins now.
    fn floor(&self, now: Time, client: NodeId, key: Key) -> Option<Floor> {
        let state = self.keys.get(&key)?;
        let newest = state.observed.last().copied();
        let as_it_is =
            |observed: Observed| Floor { version: observed.state.version, because: observed };
        match self.promise {
            Promise::OwnWrites | Promise::Monotonic => {
                self.own.get(&(client, key)).copied().map(as_it_is)
            }
            Promise::Agreement { settle } => {
                newest.filter(|_| state.is_quiet(now, client, settle)).map(as_it_is)
            }
            Promise::Age(age) => {
                let known = state.observed.iter().rev().find(|observed| observed.at + age < now);
                known.copied().map(as_it_is)
            }
            Promise::Versions(versions) => newest.map(|observed| {
                let version = Version(observed.state.version.0.saturating_sub(versions));
                Floor { version, because: observed }
            }),
        }
    }

    fn complete(&mut self, at: Time, returned: &Return) {
        let op = returned.op;
        let Some(open) = self.close(at, op) else { return };
        let (Completion::Ok(seen) | Completion::Refused(seen)) = returned.completion else {
            return;
        };
        if let Some(floor) = open.floor
            && seen.version < floor.version
        {
            let Open { key, began, .. } = open;
            let (promise, known) = (self.promise, floor.because);
            self.broken = Some(StaleRead { promise, key, op, began, ended: at, seen, known });
        }
        self.observe(open, Observed { state: seen, op, at });
    }

    /// An operation ends.
    fn close(&mut self, at: Time, op: OpId) -> Option<Open> {
        let open = self.open.remove(&op)?;
        if let Some(state) = self.keys.get_mut(&open.key) {
            state.close(at, op.client);
        }
        Some(open)
    }

    fn observe(&mut self, open: Open, observed: Observed) {
        let is_newer = |known: Option<&Observed>| {
            known.is_none_or(|known| known.state.version < observed.state.version)
        };
        let counts = match self.promise {
            Promise::OwnWrites => !open.is_read,
            Promise::Monotonic => open.is_read,
            _ => false,
        };
        let own = (observed.op.client, open.key);
        if counts && is_newer(self.own.get(&own)) {
            self.own.insert(own, observed);
        }
        let Some(state) = self.keys.get_mut(&open.key) else { return };
        if is_newer(state.observed.last()) {
            state.observed.push(observed);
            let age = match self.promise {
                Promise::Age(age) => age,
                _ => Span::ZERO,
            };
            state.forget(observed.at, age);
        }
    }
}

impl KeyState {
    /// Whether no client but `client` has used the key for `settle`.
    fn is_quiet(&self, now: Time, client: NodeId, settle: Span) -> bool {
        let others = self.open.iter().filter(|(other, _)| **other != client);
        let last = [self.last, self.last_other].into_iter().flatten();
        let last = last.filter(|(other, _)| *other != client).map(|(_, at)| at).max();
        others.map(|(_, count)| count).sum::<u32>() == 0
            && last.is_none_or(|last| last + settle <= now)
    }

    fn close(&mut self, at: Time, client: NodeId) {
        if let Some(count) = self.open.get_mut(&client) {
            *count -= 1;
            if *count == 0 {
                self.open.remove(&client);
            }
        }
        if self.last.is_some_and(|(last, _)| last != client) {
            self.last_other = self.last;
        }
        self.last = Some((client, at));
    }

    /// Forgets all versions before the newest one that is older than `age`. That one is the lowest
    /// version that a later read may return.
    fn forget(&mut self, now: Time, age: Span) {
        let old =
            self.observed.iter().rposition(|observed| observed.at + age < now).unwrap_or_default();
        self.observed.drain(..old);
    }
}

impl StaleRead {
    /// Returns the violation in one sentence.
    #[must_use]
    pub fn summary(&self, names: &Names) -> String {
        let (client, key) = (names.node(self.op.client), names.key(self.key));
        let (seen, known) = (self.seen.version, self.known.state.version);
        match self.promise {
            Promise::Agreement { .. } => {
                format!("all was quiet, and for {client} {key} was {seen}, while {known} was known")
            }
            Promise::Age(age) => {
                format!("{client} saw {seen} of {key}, although {known} was known for over {age}")
            }
            Promise::Versions(versions) => {
                format!(
                    "{client} saw {seen} of {key}, more than {versions} versions behind {known}"
                )
            }
            Promise::OwnWrites => {
                format!("{client} saw {seen} of {key}, although it had itself written {known}")
            }
            Promise::Monotonic => {
                format!("{client} saw {seen} of {key}, although it had seen {known} before")
            }
        }
    }

    /// Returns the steps that led to the violation, each with its time.
    #[must_use]
    pub fn steps(&self, names: &Names) -> Vec<(Time, String)> {
        let (client, key) = (names.node(self.op.client), names.key(self.key));
        let behind = match self.known.state.version.0.saturating_sub(self.seen.version.0) {
            1 => "the version before that".to_owned(),
            versions => format!("{versions} versions older"),
        };
        let age = self.began.since(self.known.at);
        let seen = words(self.seen, names);
        vec![
            (self.known.at, self.known.in_words(names)),
            (self.began, format!("{client} begins to read {key}, {age} after that was known.")),
            (self.ended, format!("{client} has seen {seen}: {behind}.")),
        ]
    }
}
