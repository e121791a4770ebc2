//! The rumor checker: does the history of a versioned register have an order that explains it?
//!
//! Each key is a register that starts out empty, as version 0. A write on top of version *n* makes
//! version *n + 1*. So a version gives the place of an operation in the order of all operations: an
//! operation that saw version *v* comes after the write that made *v*, and before every later
//! write. A *rumor* is the newest version that any client has observed. Each operation notes the
//! rumor when it is invoked, and must return that version or a newer one.
//!
//! A history is linearizable if and only if these rules hold for each key:
//!
//! 1. **One value.** A version has one value.
//! 2. **Justified.** An observed value belongs to a write that was invoked before, that did not
//!    fail and was not refused, and that made this version and no other. A compare-and-set makes
//!    the version after the one that it expected.
//! 3. **Rumor.** A read sees no version older than the one that it noted. A write makes a version
//!    newer than the one that it noted. This holds for a write of unknown outcome too, if it took
//!    effect. But such a write may take effect at any time after its invocation, even after its
//!    client stopped waiting.
//! 4. **No gaps.** A version that no client observed, below one that a client observed, was made by
//!    a write of unknown outcome. Either a compare-and-set expected the version before, or an
//!    unconditional write had noted an older version. Each write makes one version.
//! 5. **Answers.** A successful write returns its own value. A refusal returns a state that differs
//!    from the expected one. A write that failed or was refused had no effect.
//!
//! Why these rules suffice: rules 2 and 4 give each version exactly one write. Sort all operations
//! by version, each write before the operations that saw its version, and those by their
//! invocations. By rule 3 no operation comes before one that had returned when it was invoked. By
//! rules 1 and 5 each reply is the one that a register gives at that place. Why gaps do not make
//! the problem hard: a client had observed the state that a compare-and-set expects before it was
//! invoked (otherwise the history is [malformed](crate::Malformed::NeverTold)). So the version
//! before is never a gap itself, and a compare-and-set can fill one particular gap or none. Only
//! unconditional writes remain, and a write that can fill a gap can also fill every newer one.
//!
//! Registers that can be [deleted](RegisterKind::Deletable) have their own checker, with two more
//! rules.
//!
//! The checker processes one step at a time. It reports the first step at which the history so far
//! is impossible. A prefix of a possible history is possible, so this verdict is final.
//!
//! The checker holds the open operations, the versions since the oldest one that an open operation
//! noted, the writes of unknown outcome that may still take effect, and the gaps that they may have
//! to fill. It forgets a compare-and-set of unknown outcome once another write is known to have
//! made its version, or no operation can return that version any more. If its value shows up later,
//! that still violates rule 2. A step takes constant time in the plain case. The checker scans the
//! open writes of the key when a version is observed before its writer returns. It scans the gaps
//! when they change.

mod deletable;
mod gaps;
mod lost;
mod register;
mod versions;

use std::collections::BTreeMap;

use history::{Action, Completion, Entry, Invoke, Key, NodeId, OpId, Return, Step, Time};

use self::deletable::Deletable;
use self::register::Register;
use crate::{Malformed, Reason, Violation};

/// Checks a history step by step, in bounded memory.
///
/// ```
/// use check::{Rumor, notation};
///
/// let (history, _) = notation::parse(
///     "200ms c1 cas empty
///      212ms c1 made v1
///      230ms c2 read
///      236ms c2 saw empty",
/// )?;
/// let mut rumor = Rumor::new();
/// for entry in &history {
///     rumor.step(entry)?;
/// }
/// let violation = rumor.violation().expect("c2 began after c1 had learned of v1");
/// assert_eq!(violation.reason.name(), "older-than-rumor");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Rumor {
    kind: RegisterKind,
    registers: Vec<Checker>,
    /// The position of a key's register.
    places: BTreeMap<Key, usize>,
    clients: Vec<Client>,
    now: Time,
    violation: Option<Violation>,
}

#[derive(Clone, Debug, Default)]
struct Client {
    /// The ordinal of its latest operation.
    latest: Option<u32>,
    open: Vec<Open>,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    ordinal: u32,
    key: Key,
    place: usize,
    noted: Noted,
}

/// The kind of the registers in a history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum RegisterKind {
    /// Registers are read and written, and never deleted.
    #[default]
    Kept,
    /// Registers can be deleted, and are never written unconditionally.
    Deletable,
}

impl RegisterKind {
    /// Returns the kind of the registers in a history.
    #[must_use]
    pub fn of(history: &[Entry]) -> RegisterKind {
        let deletes = |entry: &Entry| match entry.step {
            Step::Invoke(invoke) => matches!(invoke.action, Action::Delete { .. }),
            Step::Return(_) | Step::Gone(_) => false,
        };
        if history.iter().any(deletes) { RegisterKind::Deletable } else { RegisterKind::Kept }
    }
}

/// The checker of one key.
#[derive(Clone, Debug)]
enum Checker {
    Kept(Register),
    Deletable(Deletable),
}

/// What the checker of a key remembers of an open operation.
#[derive(Clone, Copy, Debug)]
enum Noted {
    Kept(register::Noted),
    Deletable(u64),
}

impl Rumor {
    /// Creates a checker for empty registers that cannot be deleted.
    #[must_use]
    pub fn new() -> Rumor {
        Rumor::with(RegisterKind::Kept)
    }

    /// Creates a checker for empty registers of this kind.
    #[must_use]
    pub fn with(kind: RegisterKind) -> Rumor {
        Rumor {
            kind,
            registers: Vec::new(),
            places: BTreeMap::new(),
            clients: Vec::new(),
            now: Time::ZERO,
            violation: None,
        }
    }

    /// Processes the next step. After a [violation](Rumor::violation) further steps are ignored.
    ///
    /// # Errors
    /// If no clients can have produced this step after the earlier ones. The step is then skipped.
    pub fn step(&mut self, entry: &Entry) -> Result<(), Malformed> {
        if self.violation.is_some() {
            return Ok(());
        }
        if entry.at < self.now {
            return Err(Malformed::TimeRunsBack { at: entry.at, before: self.now });
        }
        match &entry.step {
            Step::Invoke(invoke) => self.invoke(invoke)?,
            Step::Return(returned) => self.complete(entry.at, returned)?,
            Step::Gone(client) => self.gone(*client),
        }
        self.now = entry.at;
        Ok(())
    }

    /// The first violation, if there is one.
    #[must_use]
    pub fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }

    /// How many records are held: versions, open operations, writes of unknown outcome, gaps.
    ///
    /// The number depends on the concurrency of the history, not on its length. There are
    /// exceptions. An unconditional write of unknown outcome is held as long as it may take effect
    /// and no operation has seen its value. A value that does not name its operation is held
    /// forever; those of [`Value::of`](history::Value::of) do name it. Where registers can be
    /// deleted, a compare-and-set of the empty register can take effect after any later deletion,
    /// and the last state that each client saw is held.
    #[must_use]
    pub fn retained(&self) -> usize {
        let registers = self.registers.iter().map(Checker::retained);
        let open = self.clients.iter().map(|client| client.open.len());
        registers.sum::<usize>() + open.sum::<usize>()
    }

    fn invoke(&mut self, invoke: &Invoke) -> Result<(), Malformed> {
        let OpId { client, ordinal } = invoke.op;
        if client.index() >= self.clients.len() {
            self.clients.resize_with(client.index() + 1, Client::default);
        }
        let client = &mut self.clients[client.index()];
        if client.latest.is_some_and(|latest| ordinal <= latest) {
            return Err(Malformed::OutOfOrder { op: invoke.op });
        }
        let place = *self.places.entry(invoke.key).or_insert_with(|| {
            self.registers.push(Checker::new(self.kind));
            self.registers.len() - 1
        });
        let noted = self.registers[place].invoke(invoke)?;
        client.latest = Some(ordinal);
        client.open.push(Open { ordinal, key: invoke.key, place, noted });
        Ok(())
    }

    fn complete(&mut self, at: Time, returned: &Return) -> Result<(), Malformed> {
        let Return { op, completion } = *returned;
        let client = self.clients.get_mut(op.client.index());
        let found = client.and_then(|client| {
            let is_it = |open: &Open| open.ordinal == op.ordinal;
            Some((client.open.iter().position(is_it)?, client))
        });
        let Some((index, client)) = found else {
            return Err(Malformed::NotOpen { op });
        };
        let register = &mut self.registers[client.open[index].place];
        let refused = matches!(completion, Completion::Refused(_));
        if refused && !register.is_refusable(client.open[index].noted) {
            return Err(Malformed::RefusedWithoutExpectation { op });
        }
        let Open { key, noted, .. } = client.open.swap_remove(index);
        if completion == Completion::Unknown {
            register.lose(noted);
        } else if let Err(reason) = register.complete(op, noted, completion) {
            self.violation = Some(Violation { at, key, op, reason });
        }
        Ok(())
    }

    fn gone(&mut self, client: NodeId) {
        if let Some(client) = self.clients.get_mut(client.index()) {
            for open in client.open.drain(..) {
                self.registers[open.place].lose(open.noted);
            }
        }
    }
}

/// Both kinds have the same interface.
impl Checker {
    fn new(kind: RegisterKind) -> Checker {
        match kind {
            RegisterKind::Kept => Checker::Kept(Register::new()),
            RegisterKind::Deletable => Checker::Deletable(Deletable::default()),
        }
    }

    fn retained(&self) -> usize {
        match self {
            Checker::Kept(register) => register.retained(),
            Checker::Deletable(register) => register.retained(),
        }
    }

    fn is_refusable(&self, noted: Noted) -> bool {
        match (self, noted) {
            (Checker::Kept(register), Noted::Kept(noted)) => register.is_refusable(noted),
            (Checker::Deletable(register), Noted::Deletable(began)) => register.is_refusable(began),
            _ => false,
        }
    }

    fn invoke(&mut self, invoke: &Invoke) -> Result<Noted, Malformed> {
        match self {
            Checker::Kept(register) => register.invoke(invoke).map(Noted::Kept),
            Checker::Deletable(register) => register.invoke(invoke).map(Noted::Deletable),
        }
    }

    fn lose(&mut self, noted: Noted) {
        match (self, noted) {
            (Checker::Kept(register), Noted::Kept(noted)) => register.lose(noted),
            (Checker::Deletable(register), Noted::Deletable(began)) => register.lose(began),
            _ => (),
        }
    }

    fn complete(&mut self, op: OpId, noted: Noted, completion: Completion) -> Result<(), Reason> {
        match (self, noted) {
            (Checker::Kept(register), Noted::Kept(noted)) => {
                register.complete(op, noted, completion)
            }
            (Checker::Deletable(register), Noted::Deletable(began)) => {
                register.complete(began, completion)
            }
            _ => Ok(()),
        }
    }
}

impl Default for Rumor {
    fn default() -> Rumor {
        Rumor::new()
    }
}
