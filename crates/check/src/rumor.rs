//! The rumor checker: does the history of a versioned register have an order that explains it?
//!
//! Each key is a register that starts out empty, as version 0. Whatever takes effect on top of
//! version *n* makes version *n + 1*, so a version tells where an operation stands in the order of
//! all operations: the write that made version *v* comes first, whoever saw version *v* comes after
//! it (and after no later write). A *rumor* is the newest version that anybody has been told of. It
//! reaches every client at once: an operation notes it when it is invoked, and what it returns must
//! be that version or a newer one.
//!
//! A history is linearizable if and only if these rules hold for each key:
//!
//! 1. **One value.** A version has one value for ever.
//! 2. **Justified.** A value that somebody is told of belongs to a write that was invoked before,
//!    that did not fail and was not refused, and that made this version and no other. A
//!    compare-and-set makes the version after the one that it expected.
//! 3. **Rumor.** What an operation saw is no older than what it noted; what a write made is newer
//!    than what it noted. An unknown write that turns out to have taken effect is held to what it
//!    had noted, but when it was given up says nothing: it may take effect at any later time.
//! 4. **No gaps.** A version of which nobody has been told, below one of which somebody has, was
//!    made by a write of which nobody knows what it made: a compare-and-set that expected the
//!    version before, or an unconditional write that had noted an older version. Each write makes
//!    one version.
//! 5. **Answers.** What a write is told it made bears its own value. A refusal names something
//!    else than what was expected. A write that was told it had no effect had none.
//!
//! Why these suffice: rules 2 and 4 give each version exactly one write. Sort all operations by
//! version, the write before those who saw it, and those by their invocations. By rule 3 nothing
//! stands before what had returned when it was invoked, and by rules 1 and 5 each answer is the one
//! that a register gives at that place. Why the gaps do not make it hard: what a compare-and-set
//! expects, somebody had been told before it was invoked (or it is
//! [malformed](crate::Malformed::NeverTold)). So the version before is never a gap itself, and a
//! compare-and-set can fill one certain gap or none. What remains are unconditional writes, and
//! whoever can fill a gap can also fill every newer one.
//!
//! Registers that can be [deleted](RegisterKind::Deletable) have a checker of their own, with
//! two rules more.
//!
//! The steps are looked at one by one, and the first one at which the history so far has become
//! impossible is reported. A prefix of a possible history is possible, so this verdict is final.
//!
//! What is held are the open operations, the versions since the oldest one that an open operation
//! noted, the writes of unknown outcome that may still take effect, and the gaps that they may have
//! to fill. A compare-and-set of unknown outcome is forgotten as soon as it is known who made the
//! version that it would make, or nobody can be told of that version any more; should its value
//! come up later, that is still a violation, of rule 2. A step takes constant time in the plain
//! case. The open writes of the key are looked through when somebody is told of a version before
//! its writer is, and the gaps when something about them has changed.

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
/// let violation = rumor.violation().expect("c2 began after c1 had been told of v1");
/// assert_eq!(violation.reason.name(), "older-than-rumor");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Rumor {
    kind: RegisterKind,
    registers: Vec<Checker>,
    /// Where the register of a key stands.
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

/// What can be done to registers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum RegisterKind {
    /// They are read and written, and never deleted.
    #[default]
    Kept,
    /// They can be deleted, and are never written unconditionally.
    Deletable,
}

impl RegisterKind {
    /// Of which kind the registers of a history are.
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

/// What the checker of its key has to know of an open operation.
#[derive(Clone, Copy, Debug)]
enum Noted {
    Kept(register::Noted),
    Deletable(u64),
}

impl Rumor {
    /// Nothing has happened yet: all registers are empty, and none will be deleted.
    #[must_use]
    pub fn new() -> Rumor {
        Rumor::with(RegisterKind::Kept)
    }

    /// Nothing has happened yet, and registers are of this kind.
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

    /// Looks at the next step. Once there is a [violation](Rumor::violation), further steps are
    /// ignored.
    ///
    /// # Errors
    /// If no clients can have made this step after those before it; it is then left out.
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
    /// It depends on what is going on at the same time, not on how much has happened. Some things
    /// cannot be forgotten, though: an unconditional write of unknown outcome whose value nobody
    /// sees, as long as it may still take effect, and a value that does not name its operation, as
    /// those made by [`Value::of`](history::Value::of) do. Where registers can be deleted, a
    /// compare-and-set of the empty register can still take effect after any deletion; and what
    /// each client was told last is held.
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

/// Both kinds are asked the same.
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
