//! The checker of one key. The rules are numbered in [`super`].

use std::collections::BTreeSet;

use history::{Action, Completion, Invoke, Observation, OpId, Value, Version};
use slab::Slab;

use super::gaps::Gaps;
use super::lost::{Lost, LostSwap, LostWrite};
use super::versions::{Forgotten, Told, Versions};
use crate::{Malformed, Reason};

/// What an open operation remembers of its invocation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Noted {
    /// The newest version that any client had observed.
    rumor: Version,
    /// The slot of its write, if the operation is a write.
    write: Option<usize>,
}

/// A write whose client still waits for the reply.
#[derive(Clone, Copy, Debug)]
struct Write {
    op: OpId,
    value: Value,
    /// What a compare-and-set expects.
    expected: Option<Observation>,
    noted: Version,
    /// The version with its value, if an operation has observed it.
    made: Option<Version>,
}

impl Write {
    /// The one version that a compare-and-set can make.
    fn makes(&self) -> Option<Version> {
        self.expected.map(|expected| expected.version.next())
    }

    /// The version that it may have made without being observed.
    fn candidate_for(&self) -> Candidate {
        match self.makes() {
            _ if self.made.is_some() => Candidate::Nothing,
            None => Candidate::AnyAbove(self.noted),
            Some(makes) if makes > self.noted => Candidate::Only(makes),
            Some(_) => Candidate::Nothing,
        }
    }
}

enum Candidate {
    AnyAbove(Version),
    Only(Version),
    Nothing,
}

#[derive(Clone, Debug)]
pub(super) struct Register {
    versions: Versions,
    open: Slab<Write>,
    lost: Lost,
    gaps: Gaps,
    /// Written values that do not name their operation. They are kept to detect a reuse.
    nameless: BTreeSet<Value>,
}

impl Register {
    pub(super) fn new() -> Register {
        Register {
            versions: Versions::new(),
            open: Slab::new(),
            lost: Lost::default(),
            gaps: Gaps::new(),
            nameless: BTreeSet::new(),
        }
    }

    pub(super) fn retained(&self) -> usize {
        self.versions.len()
            + self.open.len()
            + self.lost.len()
            + self.gaps.len()
            + self.nameless.len()
    }

    /// Whether an open operation can be refused.
    pub(super) fn is_refusable(&self, noted: Noted) -> bool {
        noted.write.is_some_and(|slot| self.open[slot].expected.is_some())
    }

    /// An operation begins. A malformed invocation changes nothing.
    pub(super) fn invoke(&mut self, invoke: &Invoke) -> Result<Noted, Malformed> {
        let newest = self.versions.newest();
        let expected = match invoke.action {
            Action::Cas { expected, .. } => Some(expected),
            Action::Read | Action::Write { .. } => None,
            Action::Delete { .. } => return Err(Malformed::NotDeletable { op: invoke.op }),
        };
        let unreported = |expected: Observation| {
            expected.version > newest.version
                || (expected.version == newest.version && expected != newest)
        };
        if let Some(expected) = expected.filter(|expected| unreported(*expected)) {
            let op = invoke.op;
            return Err(Malformed::NeverTold { op, expected });
        }
        let write = match invoke.action.written() {
            None => None,
            Some(value) => Some(self.begin(invoke.op, value, expected)?),
        };
        let rumor = self.versions.note();
        Ok(Noted { rumor, write })
    }

    fn begin(
        &mut self,
        op: OpId,
        value: Value,
        expected: Option<Observation>,
    ) -> Result<usize, Malformed> {
        if value == Value::NONE {
            return Err(Malformed::NoValue { op });
        }
        let unused = match value.writer() {
            Some(writer) => writer == op,
            None => self.nameless.insert(value),
        };
        if !unused {
            return Err(Malformed::ValueReused { op, value });
        }
        let newest = self.versions.newest();
        let write = Write { op, value, expected, noted: newest.version, made: None };
        match write.candidate_for() {
            Candidate::AnyAbove(noted) => self.gaps.write_began(noted),
            Candidate::Only(_) => self.versions.swap_began(),
            Candidate::Nothing => {}
        }
        Ok(self.open.insert(write))
    }

    /// The outcome of an operation stays unknown.
    pub(super) fn lose(&mut self, noted: Noted) {
        if let Some(write) = noted.write.map(|slot| self.open.remove(slot)) {
            match write.candidate_for() {
                Candidate::AnyAbove(noted) => {
                    let op = write.op;
                    self.lost.add_write(write.value, LostWrite { op, noted });
                }
                Candidate::Only(makes) if self.versions.told(makes).is_none() => {
                    let (op, expected) = (write.op, write.expected.unwrap_or_default());
                    self.lost.add_swap(write.value, LostSwap { op, expected });
                }
                Candidate::Only(_) | Candidate::Nothing => {}
            }
        }
        self.release(noted.rumor);
    }

    /// An operation ends with a known outcome.
    pub(super) fn complete(
        &mut self,
        op: OpId,
        noted: Noted,
        completion: Completion,
    ) -> Result<(), Reason> {
        let write = noted.write.map(|slot| self.withdraw(slot));
        match (completion, write) {
            (Completion::Ok(made), Some(write)) => self.install(write, made)?,
            (Completion::Ok(seen), None) => self.observe(op, noted.rumor, seen)?,
            (Completion::Refused(seen), write) => {
                write.map_or(Ok(()), |write| self.deny(write))?;
                if let Some(expected) = write.and_then(|write| write.expected)
                    && expected == seen
                {
                    return Err(Reason::RefusedAlthoughCurrent { expected });
                }
                self.observe(op, noted.rumor, seen)?;
            }
            (Completion::Failed, Some(write)) => self.deny(write)?,
            (Completion::Failed, None) => {}
            (Completion::Unknown, _) => unreachable!("an unknown outcome is lost, not completed"),
        }
        if let Some(version) = self.gaps.unfillable() {
            let newest = self.versions.newest().version;
            return Err(Reason::MissingVersion { version, newest });
        }
        self.release(noted.rumor);
        Ok(())
    }

    /// The outcome of a write is known, so it is no candidate for other versions any more (rule 4).
    fn withdraw(&mut self, slot: usize) -> Write {
        let write = self.open.remove(slot);
        match write.candidate_for() {
            Candidate::AnyAbove(noted) => self.gaps.write_gone(noted),
            Candidate::Only(makes) => {
                if self.versions.swap_gone(makes) {
                    self.gaps.missing(makes);
                }
            }
            Candidate::Nothing => {}
        }
        write
    }

    /// A write returned the state that it made (rules 1, 3 and 5).
    fn install(&mut self, write: Write, made: Observation) -> Result<(), Reason> {
        let Observation { version, value } = made;
        let wrong_version = write.makes().is_some_and(|makes| makes != version);
        if wrong_version || value != write.value || version == Version(0) {
            return Err(Reason::Nonsense { answer: made });
        }
        if version <= write.noted {
            return Err(self.older(write.noted, made));
        }
        match (write.made, self.versions.told(version)) {
            (Some(seen), _) if seen == version => Ok(()),
            (Some(first), _) => {
                Err(Reason::TwoVersions { writer: write.op, value, first, second: version })
            }
            (None, Some(told)) => Err(two_values(told, made)),
            (None, None) => self.tell(made, write.op),
        }
    }

    /// An operation returned the state that it saw (rules 1 and 3).
    fn observe(&mut self, op: OpId, rumor: Version, seen: Observation) -> Result<(), Reason> {
        if (seen.version == Version(0)) != (seen.value == Value::NONE) {
            return Err(Reason::Nonsense { answer: seen });
        }
        if seen.version < rumor {
            return Err(self.older(rumor, seen));
        }
        match self.versions.told(seen.version) {
            Some(told) if told.value == seen.value => Ok(()),
            Some(told) => Err(two_values(told, seen)),
            None => {
                self.justify(seen)?;
                self.tell(seen, op)
            }
        }
    }

    /// A write returned that it had no effect (rule 5).
    fn deny(&self, write: Write) -> Result<(), Reason> {
        let Some(version) = write.made else {
            return Ok(());
        };
        let told = self.versions.told(version);
        Err(Reason::DeniedButSeen {
            seen: Observation { version, value: write.value },
            seen_by: told.expect("a version above an open note is kept").by,
        })
    }

    /// Finds the write of a value that is observed for the first time (rule 2).
    fn justify(&mut self, seen: Observation) -> Result<(), Reason> {
        let mut open = self.open.iter_mut().map(|(_, write)| write);
        if let Some(write) = open.find(|write| write.value == seen.value) {
            could_have_made(write, seen)?;
            write.made = Some(seen.version);
            if write.expected.is_none() {
                self.gaps.write_gone(write.noted);
            }
            return Ok(());
        }
        if self.lost.has_swap(seen.version, seen.value) {
            return Ok(());
        }
        if let Some(LostWrite { op, noted }) = self.lost.write(seen.value) {
            if seen.version <= noted {
                return Err(Reason::WrittenTooLate { seen, writer: op, rumor: noted });
            }
            self.lost.forget_write(seen.value);
            self.gaps.write_gone(noted);
            return Ok(());
        }
        Err(match self.lost.swap(seen.value) {
            Some(LostSwap { op, expected }) => {
                Reason::NotWhatItExpected { seen, writer: op, expected }
            }
            None => Reason::NotWritten { seen },
        })
    }

    /// A version is observed for the first time.
    fn tell(&mut self, seen: Observation, by: OpId) -> Result<(), Reason> {
        let Observation { version, value } = seen;
        let told = Told { value, by };
        self.lost.forget_swaps(version);
        let newest = self.versions.newest().version;
        if version < newest {
            if self.versions.fill(version, told) {
                self.gaps.found(version);
            }
            return Ok(());
        }
        let mut between = newest.next();
        while between < version {
            if self.versions.push_gap() {
                self.gaps.missing(between);
            }
            // Checked here and not after the loop, because a version without a write may be any
            // number.
            if let Some(missing) = self.gaps.unfillable() {
                return Err(Reason::MissingVersion { version: missing, newest: version });
            }
            between = between.next();
        }
        self.versions.push(told);
        Ok(())
    }

    /// An operation ends: versions that only it could touch are forgotten.
    fn release(&mut self, rumor: Version) {
        self.versions.release(rumor);
        while let Some(forgotten) = self.versions.forget_oldest() {
            if let Forgotten::Swapped(version) = forgotten {
                self.lost.forget_swaps(version);
            }
        }
        if let Some(version) = self.gaps.settle(self.versions.oldest()) {
            self.lost.forget_writes_below(version);
        }
    }

    fn older(&self, rumor: Version, claimed: Observation) -> Reason {
        let told = self.versions.told(rumor).expect("a note is kept");
        Reason::OlderThanRumor {
            claimed,
            rumor: Observation { version: rumor, value: told.value },
            reported_to: told.by,
        }
    }
}

/// Whether an open write can have made this state, which is observed for the first time.
fn could_have_made(write: &Write, seen: Observation) -> Result<(), Reason> {
    let writer = write.op;
    if let Some(first) = write.made {
        return Err(Reason::TwoVersions {
            writer,
            value: write.value,
            first,
            second: seen.version,
        });
    }
    if let Some(expected) = write.expected
        && expected.version.next() != seen.version
    {
        return Err(Reason::NotWhatItExpected { seen, writer, expected });
    }
    if seen.version <= write.noted {
        return Err(Reason::WrittenTooLate { seen, writer, rumor: write.noted });
    }
    Ok(())
}

fn two_values(told: Told, second: Observation) -> Reason {
    Reason::TwoValues {
        version: second.version,
        first: told.value,
        reported_to: told.by,
        second: second.value,
    }
}
