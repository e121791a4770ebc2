//! All operations of one key, with their outcomes in the whole history, up to a violation.

use std::collections::BTreeMap;

use history::{Action, Completion, Entry, Observation, OpId, Step, Time, Value, Version};

use crate::Violation;

/// A step of the history, and its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment {
    pub(crate) step: usize,
    pub(crate) at: Time,
}

/// The state of an operation at the violation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The operation has not returned.
    Open,
    /// The operation has returned.
    Returned(Moment, Completion),
    /// The operation's client is gone.
    Gone(Moment),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Operation {
    pub(crate) id: OpId,
    pub(crate) action: Action,
    pub(crate) began: Moment,
    pub(crate) end: End,
}

impl Operation {
    /// The same operation as it stood right after a step.
    pub(crate) fn as_of(&self, step: usize) -> Operation {
        let is_later = match self.end {
            End::Returned(moment, _) | End::Gone(moment) => moment.step > step,
            End::Open => false,
        };
        Operation { end: if is_later { End::Open } else { self.end }, ..*self }
    }

    /// What the operation returned to its client, and when.
    pub(crate) fn told(&self) -> Option<(Moment, Observation)> {
        match self.end {
            End::Returned(moment, Completion::Ok(told) | Completion::Refused(told)) => {
                Some((moment, told))
            }
            _ => None,
        }
    }

    /// The state that the operation saw, unless it made that state itself.
    pub(crate) fn saw(&self) -> Option<Observation> {
        match (self.action, self.end) {
            (_, End::Returned(_, Completion::Refused(seen))) => Some(seen),
            (Action::Read, End::Returned(_, Completion::Ok(seen))) => Some(seen),
            _ => None,
        }
    }

    /// Whether it may have taken effect although its client does not know.
    pub(crate) fn is_unknown_write(&self) -> bool {
        let known =
            matches!(self.end, End::Returned(_, completion) if completion != Completion::Unknown);
        self.action.written().is_some() && !known
    }

    /// Whether it returned that it had no effect.
    pub(crate) fn is_denied(&self) -> bool {
        matches!(self.end, End::Returned(_, Completion::Failed | Completion::Refused(_)))
    }
}

#[derive(Debug)]
pub(crate) struct Chronicle {
    /// In the order of their invocations.
    operations: Vec<Operation>,
    /// The first operation that observed each version.
    first_report: BTreeMap<Version, usize>,
    /// The first operation that observed each value.
    first_sight: BTreeMap<Value, usize>,
    /// The steps at which a new newest version became known, and that version.
    rumors: Vec<(usize, Version)>,
    /// The step of the violation.
    until: usize,
}

impl Chronicle {
    /// `None` if the history does not contain the operation that the violation names.
    pub(crate) fn new(history: &[Entry], violation: &Violation) -> Option<Chronicle> {
        let is_it = |entry: &Entry| matches!(entry.step, Step::Return(it) if it.op == violation.op);
        let until = history.iter().position(is_it)?;
        let mut chronicle = Chronicle {
            operations: Vec::new(),
            first_report: BTreeMap::new(),
            first_sight: BTreeMap::new(),
            rumors: Vec::new(),
            until,
        };
        let mut places = BTreeMap::new();
        for (step, entry) in history.iter().enumerate() {
            let moment = Moment { step, at: entry.at };
            chronicle.read(moment, &entry.step, violation, &mut places);
        }
        places.contains_key(&violation.op).then_some(chronicle)
    }

    fn read(
        &mut self,
        moment: Moment,
        step: &Step,
        violation: &Violation,
        places: &mut BTreeMap<OpId, usize>,
    ) {
        match *step {
            Step::Invoke(invoke) if invoke.key == violation.key => {
                places.insert(invoke.op, self.operations.len());
                self.operations.push(Operation {
                    id: invoke.op,
                    action: invoke.action,
                    began: moment,
                    end: End::Open,
                });
            }
            // The checker does not know later steps when it finds the violation. Only invocations
            // of writes count.
            Step::Return(returned) if moment.step <= self.until => {
                if let Some(place) = places.get(&returned.op) {
                    self.operations[*place].end = End::Returned(moment, returned.completion);
                    if let Some((_, told)) = self.operations[*place].told() {
                        self.first_report.entry(told.version).or_insert(*place);
                        self.first_sight.entry(told.value).or_insert(*place);
                        if told.version > self.noted(moment.step) {
                            self.rumors.push((moment.step, told.version));
                        }
                    }
                }
            }
            Step::Gone(client) if moment.step <= self.until => {
                let open = self.operations.iter_mut();
                open.filter(|operation| {
                    operation.id.client == client && operation.end == End::Open
                })
                .for_each(|operation| operation.end = End::Gone(moment));
            }
            _ => {}
        }
    }

    /// The step of the violation.
    pub(crate) fn until(&self) -> usize {
        self.until
    }

    /// All operations of the key, in the order of their invocations.
    pub(crate) fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// Whether the history deletes the register, so that versions start over.
    pub(crate) fn deletes(&self) -> bool {
        let mut operations = self.operations.iter();
        operations.any(|operation| matches!(operation.action, Action::Delete { .. }))
    }

    pub(crate) fn operation(&self, id: OpId) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.id == id)
    }

    /// The write of a value, even if it began only after the violation.
    pub(crate) fn writer(&self, value: Value) -> Option<&Operation> {
        let mut operations = self.operations.iter();
        operations.find(|operation| operation.action.written() == Some(value))
    }

    /// The latest observation before an operation began that differs from `except`, and its
    /// operation.
    pub(crate) fn latest_report_before(
        &self,
        op: OpId,
        except: Observation,
    ) -> Option<(OpId, Observation)> {
        let began = self.operation(op)?.began;
        let told = self.operations.iter().filter_map(|it| it.told().map(|told| (told, it.id)));
        let other = told.filter(|((at, told), _)| at.step < began.step && *told != except);
        let ((_, told), by) = other.max_by_key(|((at, _), _)| at.step)?;
        Some((by, told))
    }

    /// The first operation that observed a version.
    pub(crate) fn first_report(&self, version: Version) -> Option<&Operation> {
        Some(&self.operations[*self.first_report.get(&version)?])
    }

    /// The versions that were observed up to the violation, each with the first operation that
    /// observed it.
    pub(crate) fn reported_versions(
        &self,
    ) -> impl DoubleEndedIterator<Item = (Version, &Operation)> {
        let first_report = self.first_report.iter();
        first_report.map(|(version, place)| (*version, &self.operations[*place]))
    }

    /// The first operation that observed a value, and the version in which it did.
    pub(crate) fn first_sight(&self, value: Value) -> Option<(Version, &Operation)> {
        let operation = &self.operations[*self.first_sight.get(&value)?];
        let (_, told) = operation.told()?;
        Some((told.version, operation))
    }

    /// The newest version known before a step. An operation that begins at that step notes it.
    pub(crate) fn noted(&self, step: usize) -> Version {
        let before = self.rumors.partition_point(|(known, _)| *known < step);
        before.checked_sub(1).map_or(Version(0), |latest| self.rumors[latest].1)
    }
}
