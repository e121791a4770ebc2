//! The checker of one key whose register can be deleted.
//!
//! A deletion names the state that it ends, as a compare-and-set names the one that it replaces.
//! After it the register is empty, and the next write begins a new *incarnation*, again with
//! version 1. Clients are not told which incarnation they see; but no value comes back, and each
//! write names its predecessor. So a state that anybody is told of belongs to one incarnation, and
//! to one place in it: what a compare-and-set of the empty register made is the first state of an
//! incarnation of its own, and what another one made follows the state that it expected. States
//! come to be told of in that order, too, since nobody can expect what nobody was told of.
//!
//! 6. **Chains.** A state is followed by one other at the most: the one that was written on top of
//!    it, or none any more because it was deleted. Within an incarnation the rumor holds: whoever
//!    begins when a state is known sees it or one that follows.
//! 7. **One at a time.** Take for each incarnation the latest invocation among those who made, saw
//!    or deleted its states, and the earliest return among them. Of two incarnations, the latest
//!    invocation of one comes before the earliest return of the other. Whoever saw the register
//!    empty, or was told that it is after a deletion, counts as an incarnation of its own. One that
//!    nobody can have deleted has no latest invocation: it goes on for ever.
//!
//! Why rule 7 suffices: an incarnation has to be there from its earliest return to its latest
//! invocation, if that is the order of the two; then it takes up just that time. Otherwise a single
//! moment between the two is enough, any one. So it can be placed unless the time it takes up
//! overlaps another's, or all of its moments lie in another's; and that is what the rule says, of
//! pairs, which suffices since times that do not overlap leave moments between them. (Gibbons and
//! Korach, ["Testing Shared Memories"](https://doi.org/10.1137/S0097539794279614), 1997, decide so
//! whether a register whose values are unique is linearizable.) Of several deletions that may have
//! ended an incarnation, the one that was invoked first is always as good as any.
//!
//! So that an expectation need not be looked up among everything that anybody was ever told, it has
//! to be what its own client was told last. An unconditional write names no predecessor, and is
//! malformed here.

mod incarnation;

use std::collections::{BTreeMap, BTreeSet};

use history::{Action, Completion, Invoke, NodeId, Observation, OpId, Value, Version};

use self::incarnation::{Incarnation, Limit, Place};
use crate::{Malformed, Reason};

/// Counts the steps of the key.
type Moment = u64;

/// An operation that has not returned, or whose outcome will never be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Operation {
    op: OpId,
    action: Action,
    began: Moment,
}

impl Operation {
    fn deletes(&self, state: Observation) -> bool {
        self.action == Action::Delete { expected: state }
    }

    fn writes(&self, value: Value) -> bool {
        self.action.written() == Some(value)
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Deletable {
    now: Moment,
    /// By their beginnings, the oldest first.
    open: BTreeMap<Moment, Operation>,
    /// Those that may still take effect, though their clients have given them up.
    lost: Vec<Operation>,
    /// Those in which somebody can still be told of a state, by their earliest returns.
    incarnations: Vec<Incarnation>,
    /// What each client was told last.
    told: BTreeMap<NodeId, Observation>,
    /// Written values that do not name their operation: only remembering them tells a reuse.
    nameless: BTreeSet<Value>,
}

impl Deletable {
    pub(super) fn retained(&self) -> usize {
        let states = self.incarnations.iter().map(Incarnation::len);
        self.open.len()
            + self.lost.len()
            + states.sum::<usize>()
            + self.told.len()
            + self.nameless.len()
    }

    /// Whether an open operation can be refused.
    pub(super) fn is_refusable(&self, began: Moment) -> bool {
        self.open[&began].action.expected().is_some()
    }

    /// An operation begins. Nothing is changed if that is malformed.
    pub(super) fn invoke(&mut self, invoke: &Invoke) -> Result<Moment, Malformed> {
        let Invoke { op, action, .. } = *invoke;
        let told = self.told.get(&op.client).copied().unwrap_or_default();
        match action {
            Action::Write { .. } => return Err(Malformed::WriteOfDeletable { op }),
            Action::Delete { expected: Observation::EMPTY } => {
                return Err(Malformed::NothingToDelete { op });
            }
            Action::Cas { expected, .. } | Action::Delete { expected } if expected != told => {
                return Err(Malformed::NotToldLast { op, expected });
            }
            Action::Read | Action::Cas { .. } | Action::Delete { .. } => (),
        }
        if let Some(value) = action.written() {
            let unused = match value.writer() {
                _ if value == Value::NONE => return Err(Malformed::NoValue { op }),
                Some(writer) => writer == op,
                None => self.nameless.insert(value),
            };
            if !unused {
                return Err(Malformed::ValueReused { op, value });
            }
        }
        self.now += 1;
        self.open.insert(self.now, Operation { op, action, began: self.now });
        Ok(self.now)
    }

    /// The outcome of an operation will never be known.
    pub(super) fn lose(&mut self, began: Moment) {
        self.now += 1;
        if let Some(operation) = self.open.remove(&began).filter(|it| self.may_take_effect(it)) {
            self.lost.push(operation);
        }
        self.forget();
    }

    /// An operation ends, and its client knows how.
    pub(super) fn complete(&mut self, began: Moment, completion: Completion) -> Result<(), Reason> {
        self.now += 1;
        let operation = self.open.remove(&began).expect("what is open is known");
        match completion {
            Completion::Ok(told) => match operation.action {
                Action::Delete { expected } => self.deleted(&operation, expected, told)?,
                action => self.told(&operation, action.written(), told)?,
            },
            Completion::Refused(seen) => {
                self.deny(&operation)?;
                if let Some(expected) = operation.action.expected().filter(|it| *it == seen) {
                    return Err(Reason::RefusedAlthoughCurrent { expected });
                }
                self.told(&operation, None, seen)?;
            }
            Completion::Failed => self.deny(&operation)?,
            Completion::Unknown => unreachable!("an unknown outcome is lost, not completed"),
        }
        if let Completion::Ok(told) | Completion::Refused(told) = completion {
            self.told.insert(operation.op.client, told);
        }
        self.judge()?;
        self.forget();
        Ok(())
    }

    /// An operation was told what there is, or, if it has `written` something, what that made.
    fn told(
        &mut self,
        operation: &Operation,
        written: Option<Value>,
        seen: Observation,
    ) -> Result<(), Reason> {
        let expected = operation.action.expected().filter(|_| written.is_some());
        let is_own = written.is_none_or(|value| value == seen.value);
        let follows = expected.is_none_or(|expected| seen.version == expected.version.next());
        if !is_own || !follows || (seen.version == Version(0)) != (seen.value == Value::NONE) {
            return Err(Reason::Nonsense { answer: seen });
        }
        let began = operation.began;
        if seen == Observation::EMPTY {
            self.was_empty(operation);
            return Ok(());
        }
        if let Some(Place { incarnation, next }) = self.find(seen) {
            if let Some(next) = next.filter(|next| next.told_at < began) {
                let (rumor, told_by) = (next.seen, next.by);
                return Err(Reason::OlderThanRumor { claimed: seen, rumor, told_by });
            }
            self.incarnations[incarnation].touch(began);
            return Ok(());
        }
        let write = if written.is_some() { *operation } else { self.writer(seen)? };
        self.install(&write, seen, operation)
    }

    /// The register was empty at some moment since the operation began.
    fn was_empty(&mut self, operation: &Operation) {
        let limit = Limit { before: self.now, seen: Observation::EMPTY, by: operation.op };
        let before = self.incarnations.iter_mut().filter(|it| it.first_told() < operation.began);
        before.for_each(|incarnation| incarnation.limit(limit));
    }

    /// The write of a state that nobody had been told of.
    fn writer(&self, seen: Observation) -> Result<Operation, Reason> {
        let mut candidates = self.open.values().chain(&self.lost);
        let write = candidates.find(|operation| operation.writes(seen.value));
        let write = *write.ok_or(Reason::NotWritten { seen })?;
        let expected = write.action.expected().expect("a write here is a compare-and-set");
        if expected.version.next() != seen.version {
            let writer = write.op;
            return Err(Reason::NotWhatItExpected { seen, writer, expected });
        }
        Ok(write)
    }

    /// Somebody is told of a state for the first time.
    fn install(
        &mut self,
        write: &Operation,
        seen: Observation,
        teller: &Operation,
    ) -> Result<(), Reason> {
        let expected = write.action.expected().expect("a write here is a compare-and-set");
        self.lost.retain(|lost| lost.op != write.op);
        let begun = write.began.max(teller.began);
        if expected == Observation::EMPTY {
            self.incarnations.push(Incarnation::new(seen, teller.op, self.now, begun));
            return Ok(());
        }
        let index = self.succeed(expected, write.op, seen)?;
        self.incarnations[index].extend(seen, teller.op, self.now, begun);
        // What else wanted to follow the same state never will.
        self.lost.retain(|lost| lost.action.expected() != Some(expected));
        Ok(())
    }

    /// The incarnation of which this is the newest state, if nothing follows it yet.
    fn succeed(
        &self,
        expected: Observation,
        by: OpId,
        second: Observation,
    ) -> Result<usize, Reason> {
        let Some(Place { incarnation, next }) = self.find(expected) else {
            return Err(Reason::Outdated { made: second, writer: by, expected });
        };
        let deletion = self.incarnations[incarnation].deletion();
        let first = match (next, deletion) {
            (Some(next), _) => Some((next.seen, next.by)),
            (None, Some(deletion)) => Some((Observation::EMPTY, deletion)),
            (None, None) => None,
        };
        match first {
            None => Ok(incarnation),
            Some((first, told_by)) => {
                Err(Reason::TwoSuccessors { state: expected, first, told_by, second })
            }
        }
    }

    /// A deletion was told that the register is empty now.
    fn deleted(
        &mut self,
        operation: &Operation,
        expected: Observation,
        told: Observation,
    ) -> Result<(), Reason> {
        if told != Observation::EMPTY {
            return Err(Reason::Nonsense { answer: told });
        }
        let index = self.succeed(expected, operation.op, told)?;
        self.incarnations[index].delete(operation.op, operation.began);
        self.was_empty(operation);
        self.lost.retain(|lost| lost.action.expected() != Some(expected));
        Ok(())
    }

    /// An operation was told that it had no effect.
    fn deny(&self, operation: &Operation) -> Result<(), Reason> {
        let Some(value) = operation.action.written() else {
            return Ok(());
        };
        let mut states = self.incarnations.iter().flat_map(Incarnation::states);
        match states.find(|state| state.seen.value == value) {
            None => Ok(()),
            Some(state) => Err(Reason::DeniedButSeen { seen: state.seen, seen_by: state.by }),
        }
    }

    fn find(&self, seen: Observation) -> Option<Place> {
        let mut incarnations = self.incarnations.iter().enumerate();
        incarnations.find_map(|(incarnation, it)| {
            let next = it.after(seen)?;
            Some(Place { incarnation, next })
        })
    }

    /// Whether an operation that was given up may still take effect, for all that is known.
    fn may_take_effect(&self, operation: &Operation) -> bool {
        let Some(expected) = operation.action.expected() else {
            return false;
        };
        let is_known = operation.action.written().is_some_and(|value| {
            let mut states = self.incarnations.iter().flat_map(Incarnation::states);
            states.any(|state| state.seen.value == value)
        });
        let is_deletion = matches!(operation.action, Action::Delete { .. });
        // Of several deletions of one state, the one that was invoked first will do.
        let is_spare = is_deletion
            && self.lost.iter().any(|lost| lost.deletes(expected) && lost.began < operation.began);
        let is_current = || {
            let current = self.incarnations.iter().filter(|it| it.deletion().is_none());
            current.map(Incarnation::newest).any(|newest| newest.seen == expected)
        };
        !is_known && !is_spare && (expected == Observation::EMPTY || is_current())
    }

    /// The earliest invocation among the deletions that may have ended an incarnation.
    fn end_of(&self, incarnation: &Incarnation) -> Option<Moment> {
        let newest = incarnation.newest().seen;
        let operations = self.open.values().chain(&self.lost);
        let deletions = operations.filter(|operation| operation.deletes(newest));
        incarnation.end(deletions.map(|deletion| deletion.began).min())
    }

    /// Rule 7.
    fn judge(&mut self) -> Result<(), Reason> {
        let ends: Vec<_> = self.incarnations.iter().map(|it| self.end_of(it)).collect();
        for one in 0..ends.len() {
            for (other, end) in ends.iter().enumerate().filter(|(other, _)| *other != one) {
                let first_told = self.incarnations[one].first_told();
                if end.is_none_or(|end| end > first_told) {
                    // The other one comes after this one.
                    let limit = self.incarnations[other].as_limit();
                    self.incarnations[one].limit(limit);
                }
            }
        }
        let mut judged = self.incarnations.iter().zip(&ends);
        judged.find_map(|(incarnation, end)| incarnation.overlap(*end)).map_or(Ok(()), Err)
    }

    /// Forgets what no open operation, and none that will begin, can be told of.
    fn forget(&mut self) {
        let oldest = self.open.keys().next().copied().unwrap_or(self.now + 1);
        self.incarnations.iter_mut().for_each(|it| it.forget_states_before(oldest));
        let lost = &self.lost;
        let is_over = |incarnation: &Incarnation| {
            let newest = incarnation.newest().seen;
            let is_deleted =
                incarnation.deletion().is_some() || lost.iter().any(|lost| lost.deletes(newest));
            is_deleted && incarnation.is_closed_to(oldest)
        };
        let over: BTreeSet<Observation> =
            self.incarnations.iter().filter(|it| is_over(it)).map(|it| it.newest().seen).collect();
        if !over.is_empty() {
            self.incarnations.retain(|it| !over.contains(&it.newest().seen));
            self.lost.retain(|lost| lost.action.expected().is_none_or(|it| !over.contains(&it)));
        }
    }
}
