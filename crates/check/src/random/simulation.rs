//! Clients of a register that works, or misbehaves once.

use std::collections::{BTreeMap, VecDeque};

use history::{
    Action, Completion, Entry, Invoke, Key, NodeId, Observation, OpId, Return, Span, Step, Time,
    Value,
};

use super::Source;
use crate::exhaustive::apply;

/// The number of clients, and the shares of what they do. Shares are in percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mix {
    /// The number of clients. Each has one open operation at a time.
    pub clients: u16,
    /// The number of keys.
    pub keys: u32,
    /// The total number of operations.
    pub operations: u64,
    /// The share of unconditional writes among the operations.
    pub writes: u64,
    /// The share of compare-and-sets among the operations. The rest are reads.
    pub swaps: u64,
    /// The share of deletions among the operations. If there are any, there are no unconditional
    /// writes, and clients expect the last state that they saw.
    pub deletions: u64,
    /// The share of compare-and-sets that expect an observed version which may be outdated.
    pub outdated: u64,
    /// The share of operations that fail without effect.
    pub failed: u64,
    /// The share of operations whose outcome is unknown and that may take effect later.
    pub delayed: u64,
    /// The share of delayed writes that never take effect.
    pub never: u64,
    /// The share of operations that took effect and end as unknown because their reply is lost.
    pub unanswered: u64,
    /// The share of operations during which the client is gone.
    pub gone: u64,
    /// The probability, at each step after the last invocation, that the history ends with open
    /// operations.
    pub cut: u64,
}

impl Mix {
    /// Reads and compare-and-sets of 8 clients on one key, all with replies: the usual load of a
    /// checker.
    ///
    /// ```
    /// # use check::random::{Mix, Simulation, Source};
    /// let simulation = Simulation::new(Mix::plain(100), Source::new(7, 0));
    /// assert_eq!(simulation.count(), 200, "each operation is invoked and returns");
    /// ```
    #[must_use]
    pub const fn plain(operations: u64) -> Mix {
        Mix {
            clients: 8,
            keys: 1,
            operations,
            writes: 0,
            swaps: 50,
            deletions: 0,
            outdated: 0,
            failed: 0,
            delayed: 0,
            never: 0,
            unanswered: 0,
            gone: 0,
            cut: 0,
        }
    }

    /// A new random mix for each short history, so that rare events are common in some of them.
    pub(super) fn short(source: &mut Source) -> Mix {
        let writes = [0, 20, 50, 80][source.below(4) as usize];
        Mix {
            clients: 2 + source.below(4) as u16,
            keys: if source.percent(90) { 1 } else { 2 },
            operations: 3 + source.below(7),
            writes,
            swaps: source.below(101 - writes),
            deletions: 0,
            outdated: [0, 20, 50][source.below(3) as usize],
            failed: [0, 10, 20][source.below(3) as usize],
            delayed: [0, 15, 40][source.below(3) as usize],
            never: [0, 30][source.below(2) as usize],
            unanswered: [0, 20, 40][source.below(3) as usize],
            gone: [0, 5][source.below(2) as usize],
            cut: 5,
        }
    }
}

impl Mix {
    /// Like `short`, for registers that can be deleted.
    pub(super) fn short_with_deletions(source: &mut Source) -> Mix {
        let deletions = [20, 30, 40][source.below(3) as usize];
        let swaps = [40, 50, 60][source.below(3) as usize];
        let (clients, operations) = (2 + source.below(2) as u16, 6 + source.below(5));
        let mix = Mix { writes: 0, swaps, deletions, operations, ..Mix::short(source) };
        Mix { clients, keys: 1, outdated: 0, ..mix }
    }
}

/// A fault of a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hazard {
    /// It returns its state before the latest write.
    Stale,
    /// It reports that it made a version, and did not.
    LostWrite,
    /// It applies one write twice.
    Twice,
    /// It applies a compare-and-set whose expectation does not match.
    Fork,
    /// It reports that a write failed, and applied it.
    Undead,
    /// It returns to its state before a deletion.
    LostDelete,
    /// It applies a deletion whose expectation does not match.
    WrongDelete,
}

impl Hazard {
    /// The faults of registers that cannot be deleted.
    pub const ALL: [Hazard; 5] =
        [Hazard::Stale, Hazard::LostWrite, Hazard::Twice, Hazard::Fork, Hazard::Undead];
    /// The faults of registers that can be deleted.
    pub const OF_DELETABLE: [Hazard; 5] =
        [Hazard::Stale, Hazard::Fork, Hazard::Undead, Hazard::LostDelete, Hazard::WrongDelete];
}

/// An iterator over a history. It ends after the last operation.
///
/// ```
/// # use check::random::{Mix, Simulation, Source};
/// let mix = Mix { unanswered: 10, delayed: 10, ..Mix::plain(1_000) };
/// let history: Vec<_> = Simulation::new(mix, Source::new(7, 0)).collect();
/// assert_eq!(check::check_history(&history), Ok(None));
/// ```
#[derive(Clone, Debug)]
pub struct Simulation {
    mix: Mix,
    source: Source,
    now: Time,
    registers: Vec<Register>,
    clients: Vec<Client>,
    /// Writes whose outcome is unknown to their clients, and that may still arrive.
    delayed: Vec<Invoke>,
    invoked: u64,
    hazard: Option<Hazard>,
    sprung: Option<Hazard>,
}

#[derive(Clone, Debug, Default)]
struct Register {
    before: Observation,
    now: Observation,
    /// The states that clients saw last.
    told: VecDeque<Observation>,
}

#[derive(Clone, Debug, Default)]
struct Client {
    ordinal: u32,
    doing: Option<Doing>,
    /// The state that it saw last, by key.
    told: BTreeMap<Key, Observation>,
}

#[derive(Clone, Copy, Debug)]
struct Doing {
    invoke: Invoke,
    /// The reply to the client, once it is decided.
    answer: Option<Completion>,
}

/// The probability that a planted hazard uses an occasion, so that it is not always the first one.
const SPRING_PERCENT: u64 = 35;

/// The probability that one of the delayed writes arrives at a step.
const LATE_PERCENT: u64 = 15;

/// The number of observed states that are remembered for expectations.
const TOLD_MAX: usize = 4;

impl Simulation {
    /// Creates a simulation with empty registers and idle clients. There must be at least one
    /// client and one key.
    #[must_use]
    pub fn new(mix: Mix, source: Source) -> Simulation {
        Simulation {
            registers: vec![Register::default(); mix.keys as usize],
            clients: vec![Client::default(); usize::from(mix.clients)],
            mix,
            source,
            now: Time::ZERO,
            delayed: Vec::new(),
            invoked: 0,
            hazard: None,
            sprung: None,
        }
    }

    /// Makes this fault happen once, if there is an occasion for it.
    pub(super) fn plant(&mut self, hazard: Hazard) {
        self.hazard = Some(hazard);
    }

    /// The fault that happened.
    pub(super) fn sprung(&self) -> Option<Hazard> {
        self.sprung
    }

    pub(super) fn into_source(self) -> Source {
        self.source
    }

    fn invoke(&mut self, client: u16) -> Step {
        self.invoked += 1;
        let key = Key(self.source.below(u64::from(self.mix.keys)) as u32);
        let state = &mut self.clients[usize::from(client)];
        let op = OpId { client: NodeId(client), ordinal: state.ordinal };
        state.ordinal += 1;
        let value = Value::of(op);
        let told = &self.registers[key.index()].told;
        let action = match self.source.below(100) {
            share if share < self.mix.writes => Action::Write { value },
            share if share < self.mix.writes + self.mix.swaps => {
                let age = match self.source.percent(self.mix.outdated) {
                    true => self.source.below(told.len() as u64 + 1) as usize,
                    false => 0,
                };
                let expected = told.iter().rev().nth(age).copied();
                let expected = expected.unwrap_or(Observation::EMPTY);
                let last_reported = || state.told.get(&key).copied().unwrap_or_default();
                let expected = if self.mix.deletions > 0 { last_reported() } else { expected };
                Action::Cas { expected, value }
            }
            share if share < self.mix.writes + self.mix.swaps + self.mix.deletions => {
                match state.told.get(&key).copied().unwrap_or_default() {
                    Observation::EMPTY => Action::Read,
                    expected => Action::Delete { expected },
                }
            }
            _ => Action::Read,
        };
        let invoke = Invoke { op, key, action };
        state.doing = Some(Doing { invoke, answer: None });
        Step::Invoke(invoke)
    }

    /// Decides the outcome of an operation. Most operations take effect now.
    fn settle(&mut self, invoke: Invoke) -> Completion {
        if self.source.percent(self.mix.failed) {
            return Completion::Failed;
        }
        if self.source.percent(self.mix.delayed) {
            self.delayed.push(invoke);
            return Completion::Unknown;
        }
        let answer = self.take_effect(&invoke);
        match self.source.percent(self.mix.unanswered) {
            true => Completion::Unknown,
            false => answer,
        }
    }

    fn take_effect(&mut self, invoke: &Invoke) -> Completion {
        if let Some(hazard) = self.hazard
            && self.source.percent(SPRING_PERCENT)
            && let Some(answer) = self.go_wrong(hazard, invoke)
        {
            self.hazard = None;
            self.sprung = Some(hazard);
            return answer;
        }
        let register = &mut self.registers[invoke.key.index()];
        let now = register.now;
        let after = apply(now, invoke.action, Completion::Unknown).unwrap_or(now);
        if after != now {
            register.before = now;
            register.now = after;
        }
        match invoke.action {
            Action::Cas { .. } | Action::Delete { .. } if after == now => Completion::Refused(now),
            _ => Completion::Ok(after),
        }
    }

    /// Returns `None` if this operation is no occasion for the fault.
    fn go_wrong(&mut self, hazard: Hazard, invoke: &Invoke) -> Option<Completion> {
        let register = &mut self.registers[invoke.key.index()];
        let now = register.now;
        let written =
            invoke.action.written().map(|value| Observation { version: now.version.next(), value });
        match (hazard, invoke.action, written) {
            (Hazard::Stale, Action::Read, _) => Some(Completion::Ok(register.before)),
            (Hazard::LostWrite, Action::Write { .. }, Some(made)) => Some(Completion::Ok(made)),
            (Hazard::Twice, Action::Write { .. }, Some(mut made)) => {
                register.before = made;
                let answer = Completion::Ok(made);
                made.version = made.version.next();
                register.now = made;
                Some(answer)
            }
            (Hazard::Fork, Action::Cas { expected, value }, _) if expected != now => {
                register.before = now;
                register.now = Observation { version: expected.version.next(), value };
                Some(Completion::Ok(register.now))
            }
            (Hazard::LostDelete, Action::Delete { expected }, _) if expected == now => {
                Some(Completion::Ok(Observation::EMPTY))
            }
            (Hazard::WrongDelete, Action::Delete { expected }, _) if expected != now => {
                register.before = now;
                register.now = Observation::EMPTY;
                Some(Completion::Ok(Observation::EMPTY))
            }
            (Hazard::Undead, _, Some(made)) => {
                register.before = now;
                register.now = made;
                Some(Completion::Failed)
            }
            _ => None,
        }
    }

    /// The client gets its reply, or is gone before.
    fn answer(&mut self, client: u16, doing: Doing, answer: Completion) -> Step {
        self.clients[usize::from(client)].doing = None;
        let Invoke { op, key, .. } = doing.invoke;
        if self.source.percent(self.mix.gone) {
            return Step::Gone(op.client);
        }
        if let Completion::Ok(seen) | Completion::Refused(seen) = answer {
            self.clients[usize::from(client)].told.insert(key, seen);
            let told = &mut self.registers[key.index()].told;
            // Kept in order, so that the newest is last.
            let place = told.partition_point(|other| *other < seen);
            told.insert(place, seen);
            if told.len() > TOLD_MAX {
                told.pop_front();
            }
        }
        Step::Return(Return { op, completion: answer })
    }

    /// A delayed write may take effect now.
    fn late_effect(&mut self) {
        if self.delayed.is_empty() || !self.source.percent(LATE_PERCENT) {
            return;
        }
        let index = self.source.below(self.delayed.len() as u64) as usize;
        let invoke = self.delayed.swap_remove(index);
        if !self.source.percent(self.mix.never) {
            self.take_effect(&invoke);
        }
    }

    fn is_over(&mut self) -> bool {
        let all_returned = self.clients.iter().all(|client| client.doing.is_none());
        self.invoked == self.mix.operations && (all_returned || self.source.percent(self.mix.cut))
    }
}

impl Iterator for Simulation {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        loop {
            if self.is_over() {
                return None;
            }
            self.late_effect();
            let client = self.source.below(u64::from(self.mix.clients)) as u16;
            let step = match self.clients[usize::from(client)].doing {
                None if self.invoked == self.mix.operations => continue,
                None => self.invoke(client),
                Some(mut doing) => match doing.answer {
                    None => {
                        doing.answer = Some(self.settle(doing.invoke));
                        self.clients[usize::from(client)].doing = Some(doing);
                        continue;
                    }
                    Some(answer) => self.answer(client, doing, answer),
                },
            };
            self.now += Span(self.source.below(5) * 1_000_000);
            return Some(Entry { at: self.now, step });
        }
    }
}
