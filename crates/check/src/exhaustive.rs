//! The slow and obvious twin of the rumor checker: it tries all orders.
//!
//! It knows two rules. [`apply`] says what a register does when operations come one after the
//! other. Real time says that an operation that had returned before another was invoked comes
//! before it. It knows nothing of rumors, gaps or justifications. An operation that returned `Ok`
//! or `Refused` has a place in the order. A write with an unknown outcome has a place anywhere
//! after its invocation, or none. A failed operation has none, and a read without a reply needs
//! none.
//!
//! Its running time grows exponentially with the number of operations that are open at the same
//! time. It exists to test the rumor checker.

use std::collections::{BTreeMap, BTreeSet};

use history::{
    Action, Completion, Entry, Invoke, Key, NodeId, Observation, OpId, Return, Step, Time, Value,
    Version,
};

use crate::{Malformed, RegisterKind};

/// The maximum number of operations of a key.
pub const OPERATIONS_MAX: usize = 64;

/// Whether the operations of each key have an order that explains what they returned.
///
/// ```
/// use check::{exhaustive, notation};
///
/// // The outcome of c1's write is unknown. c2 saw it, and then no longer saw it.
/// let (history, _) = notation::parse(
///     "1ms c1 write
///      2ms c1 unknown
///      3ms c2 read
///      4ms c2 saw v1=c1#0
///      5ms c2 read
///      6ms c2 saw empty",
/// )?;
/// assert_eq!(exhaustive::is_linearizable(&history[..4]), Ok(true));
/// assert_eq!(exhaustive::is_linearizable(&history), Ok(false));
/// # Ok::<(), check::notation::ParseError>(())
/// ```
///
/// # Errors
/// If no clients can have produced this history.
///
/// # Panics
/// If a key has more than [`OPERATIONS_MAX`] operations.
pub fn is_linearizable(history: &[Entry]) -> Result<bool, Malformed> {
    explains(history, RegisterKind::of(history))
}

/// Like [`is_linearizable`], for a prefix of a history whose registers are of this kind.
///
/// # Errors
/// As [`is_linearizable`].
///
/// # Panics
/// As [`is_linearizable`].
pub fn explains(history: &[Entry], kind: RegisterKind) -> Result<bool, Malformed> {
    let mut reading = Reading { kind, ..Reading::default() };
    for (step, entry) in history.iter().enumerate() {
        reading.read(step, entry)?;
    }
    let mut keys: BTreeMap<Key, Vec<Operation>> = BTreeMap::new();
    for (key, operation) in reading.operations.into_values() {
        keys.entry(key).or_default().push(operation);
    }
    let mut searches = keys.into_values().map(Search::new);
    Ok(searches.all(|mut search| search.explains(0, Observation::EMPTY)))
}

/// Returns the register after the operation, or `None` if the operation cannot have returned this.
///
/// ```
/// use check::exhaustive::apply;
/// use history::{Action, Completion, Observation, Value, Version};
///
/// let first = Observation { version: Version(1), value: Value(7) };
/// let write = Action::Write { value: Value(7) };
/// assert_eq!(apply(Observation::EMPTY, write, Completion::Ok(first)), Some(first));
/// assert_eq!(apply(Observation::EMPTY, write, Completion::Unknown), Some(first));
/// assert_eq!(apply(first, write, Completion::Ok(first)), None, "it would make version 2");
/// ```
#[must_use]
pub fn apply(register: Observation, action: Action, completion: Completion) -> Option<Observation> {
    let written = |value| Observation { version: register.version.next(), value };
    let (answer, after) = match action {
        Action::Read => (Completion::Ok(register), register),
        Action::Write { value } => (Completion::Ok(written(value)), written(value)),
        Action::Cas { expected, value } if expected == register => {
            (Completion::Ok(written(value)), written(value))
        }
        Action::Delete { expected } if expected == register => {
            (Completion::Ok(Observation::EMPTY), Observation::EMPTY)
        }
        Action::Cas { .. } | Action::Delete { .. } => (Completion::Refused(register), register),
    };
    (completion == answer || completion == Completion::Unknown).then_some(after)
}

/// An operation as the search sees it. Times are steps of the history.
#[derive(Clone, Copy)]
struct Operation {
    invoked: usize,
    action: Action,
    /// `None` if the operation has not returned, or returned with an unknown outcome.
    returned: Option<(usize, Completion)>,
}

impl Operation {
    /// Whether it must have a place in the order.
    fn has_place(&self) -> bool {
        matches!(self.returned, Some((_, Completion::Ok(_) | Completion::Refused(_))))
    }

    /// Whether it must not have a place in the order.
    fn has_no_place(&self) -> bool {
        matches!(self.returned, Some((_, Completion::Failed)))
    }
}

/// The search for an order of the operations of one key. Sets of operations are bit masks.
struct Search {
    operations: Vec<Operation>,
    /// For each operation, those that come before it.
    before: Vec<u64>,
    /// The operations that must have a place.
    needed: u64,
    /// Searched states without an order: the placed operations, and the register.
    dead_ends: BTreeSet<(u64, Observation)>,
}

impl Search {
    fn new(mut operations: Vec<Operation>) -> Search {
        operations.retain(|operation| !operation.has_no_place());
        assert!(operations.len() <= OPERATIONS_MAX, "too many operations");
        let mask_of = |picked: &dyn Fn(&Operation) -> bool| {
            let picked = |bit: usize| u64::from(picked(&operations[bit])) << bit;
            (0..operations.len()).map(picked).sum::<u64>()
        };
        let before = operations.iter().map(|later| {
            mask_of(&|earlier| {
                let returned = earlier.returned.is_some_and(|(step, _)| step < later.invoked);
                returned && earlier.has_place()
            })
        });
        Search {
            before: before.collect(),
            needed: mask_of(&Operation::has_place),
            operations,
            dead_ends: BTreeSet::new(),
        }
    }

    /// Whether the operations that are not yet `placed` can continue from this state of the
    /// register.
    fn explains(&mut self, placed: u64, register: Observation) -> bool {
        if self.needed & !placed == 0 {
            return true;
        }
        if self.dead_ends.contains(&(placed, register)) {
            return false;
        }
        for bit in 0..self.operations.len() {
            let is_free = placed & (1 << bit) == 0;
            let is_next = self.before[bit] & !placed == 0;
            if is_free && is_next {
                let Operation { action, returned, .. } = self.operations[bit];
                let completion = returned.map_or(Completion::Unknown, |(_, completion)| completion);
                if let Some(after) = apply(register, action, completion)
                    && self.explains(placed | (1 << bit), after)
                {
                    return true;
                }
            }
        }
        self.dead_ends.insert((placed, register));
        false
    }
}

/// Reads a history from its start, and remembers all of it.
#[derive(Default)]
struct Reading {
    kind: RegisterKind,
    now: Time,
    operations: BTreeMap<OpId, (Key, Operation)>,
    open: BTreeSet<OpId>,
    written: BTreeSet<(Key, Value)>,
    told: BTreeMap<Key, BTreeSet<Observation>>,
    last_reported: BTreeMap<(Key, NodeId), Observation>,
}

impl Reading {
    fn read(&mut self, step: usize, entry: &Entry) -> Result<(), Malformed> {
        if entry.at < self.now {
            return Err(Malformed::TimeRunsBack { at: entry.at, before: self.now });
        }
        self.now = entry.at;
        match &entry.step {
            Step::Invoke(invoke) => self.invoke(step, invoke),
            Step::Return(returned) => self.complete(step, returned),
            Step::Gone(client) => {
                self.open.retain(|op| op.client != *client);
                Ok(())
            }
        }
    }

    fn invoke(&mut self, step: usize, invoke: &Invoke) -> Result<(), Malformed> {
        let Invoke { op, key, action } = *invoke;
        let last_of_client = OpId { client: op.client, ordinal: u32::MAX };
        if self.operations.range(op..=last_of_client).next().is_some() {
            return Err(Malformed::OutOfOrder { op });
        }
        match self.kind {
            RegisterKind::Kept => self.may_be_kept(op, key, action)?,
            RegisterKind::Deletable => self.may_be_deleted(op, key, action)?,
        }
        if let Some(value) = action.written() {
            let borrowed = value.writer().is_some_and(|writer| writer != op);
            if value == Value::NONE {
                return Err(Malformed::NoValue { op });
            }
            if borrowed || !self.written.insert((key, value)) {
                return Err(Malformed::ValueReused { op, value });
            }
        }
        let operation = Operation { invoked: step, action, returned: None };
        self.operations.insert(op, (key, operation));
        self.open.insert(op);
        Ok(())
    }

    fn may_be_kept(&self, op: OpId, key: Key, action: Action) -> Result<(), Malformed> {
        if let Action::Delete { .. } = action {
            return Err(Malformed::NotDeletable { op });
        }
        if let Action::Cas { expected, .. } = action {
            let empty = BTreeSet::from([Observation::EMPTY]);
            let told = self.told.get(&key).unwrap_or(&empty);
            let newest = told.last().map_or(Version(0), |newest| newest.version);
            if expected.version >= newest && !told.contains(&expected) {
                return Err(Malformed::NeverTold { op, expected });
            }
        }
        Ok(())
    }

    fn may_be_deleted(&self, op: OpId, key: Key, action: Action) -> Result<(), Malformed> {
        let told = self.last_reported.get(&(key, op.client)).copied().unwrap_or_default();
        match action {
            Action::Write { .. } => Err(Malformed::WriteOfDeletable { op }),
            Action::Delete { expected: Observation::EMPTY } => {
                Err(Malformed::NothingToDelete { op })
            }
            Action::Cas { expected, .. } | Action::Delete { expected } if expected != told => {
                Err(Malformed::NotToldLast { op, expected })
            }
            Action::Read | Action::Cas { .. } | Action::Delete { .. } => Ok(()),
        }
    }

    fn complete(&mut self, step: usize, returned: &Return) -> Result<(), Malformed> {
        let Return { op, completion } = *returned;
        if !self.open.remove(&op) {
            return Err(Malformed::NotOpen { op });
        }
        let (key, operation) = self.operations.get_mut(&op).expect("what is open is known");
        let refusable = operation.action.expected().is_some();
        match completion {
            Completion::Refused(_) if !refusable => {
                return Err(Malformed::RefusedWithoutExpectation { op });
            }
            Completion::Ok(seen) | Completion::Refused(seen) => {
                let empty = || BTreeSet::from([Observation::EMPTY]);
                self.told.entry(*key).or_insert_with(empty).insert(seen);
                self.last_reported.insert((*key, op.client), seen);
            }
            Completion::Failed | Completion::Unknown => {}
        }
        if completion != Completion::Unknown {
            operation.returned = Some((step, completion));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notation;

    fn verdict(text: &str) -> bool {
        let (history, _) = notation::parse(text).expect("the test is in the notation");
        is_linearizable(&history).expect("the test is a history")
    }

    #[test]
    fn a_lost_write_takes_effect_late_or_never() {
        let lost = "1ms c1 write
                    2ms c1 unknown
                    3ms c2 read
                    4ms c2 saw empty";
        assert!(verdict(lost));
        assert!(verdict(&format!("{lost}\n5ms c2 read\n6ms c2 saw v1=c1#0")));
    }

    #[test]
    fn operations_of_the_same_time_may_come_in_any_order() {
        let both = "1ms c1 write
                    1ms c2 write
                    2ms c1 made v2
                    2ms c2 made v1";
        assert!(verdict(both));
        assert!(!verdict(
            &both
                .replace("1ms c2 write\n", "")
                .replace("2ms c2 made v1", "3ms c2 write\n4ms c2 made v1")
        ));
    }

    #[test]
    fn refusals_that_saw_different_versions_need_an_order_too() {
        assert!(!verdict(
            "0ms c0 write
             0ms c0 made v1
             0ms c1 cas v1=c0#0
             1ms c2 cas v1=c0#0
             4ms c2 refused v2=c1#0
             5ms c3 read
             9ms c3 saw v1=c0#0
             10ms c1 made v2"
        ));
    }
}
