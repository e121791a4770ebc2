//! The orchestrator: erases deleted registers and changes the membership while clients are at work.
//!
//! Both are lists of steps, which the [rules](crate::rules) define. A step is an order to some
//! nodes, and it is done when all of them have reported. Until then the orchestrator repeats the
//! order to the others, because the order and the report may be lost, duplicated or late. The
//! orchestrator stores its remaining work before it gives an order. So it can crash at any moment,
//! and continues with the same step after a restart. It does one job at a time, so a deletion and a
//! change of membership never overlap. A change that is due comes first. A deletion that is still
//! in its first step is postponed for it: that step needs all acceptors, and the change may remove
//! one that is gone.
//!
//! # Deletion
//!
//! (CASPaxos paper, section 3.1.) A client deletes a register with an ordinary change: a quorum
//! accepts the empty state, which is a *tombstone*, and the client gets its reply. The register is
//! empty then, but every acceptor still stores it. To erase it,
//!
//! 1. the state is committed again *by all acceptors*; if it is still empty, under a ballot b, then
//! 2. every proposer *forgets* the register, moves past b, and begins a new *age*: its earlier
//!    messages have an older age;
//! 3. every acceptor gets these ages, and *rejects* messages of an older age;
//! 4. every acceptor *erases* the register if it still holds the state that it accepted under b,
//!    and has promised nothing since. If an acceptor has, the deletion starts over.
//!
//! Step 1 ensures that no state older than the tombstone remains once the tombstone is gone. Step 2
//! ensures that no proposer writes below a remaining tombstone. Step 3 ensures that no message in
//! flight revives the register. Step 4 ensures that no promise is forgotten. A proposer keeps its
//! age and its lowest ballot when it crashes.
//!
//! # Membership
//!
//! (CASPaxos paper, section 2.3.) Proposers get new acceptors while they are at work, in
//! configurations with an *epoch*, so that an old configuration does not replace a newer one. A
//! configuration is a majority of a set of acceptors, for both phases, and has one acceptor more or
//! less than the one before. When the number of acceptors has become *even*, all keys are
//! *rescanned*: committed again.
//!
//! Why that suffices: two majorities of sets that differ by one always meet, so proposers of two
//! consecutive configurations can work side by side. A majority of an even number, F + 2 of 2F + 2,
//! also meets each majority of a set that differs by two. Two rescans are at most two changes
//! apart, so no quorum between them can miss a state that the first rescan left. From even to odd
//! no rescan is needed: the joining acceptor counts as one that was down. (The paper first changes
//! the accept quorum, rescans, and then changes the prepare quorum. It rescans once more before an
//! even number becomes odd, and that second rescan suffices.)
//!
//! The quorums of attempts must meet too. A proposer that led, or was in the middle of a change,
//! relies on promises of acceptors that it no longer asks. After two changes other proposers need
//! not meet those acceptors. So a proposer starts over with each new configuration, and its
//! messages from before a rescan arrive too late after it.
//!
//! To replace an acceptor, the orchestrator adds one and removes another. To add a proposer, it
//! gives the proposer a configuration; from then on the proposer gets the orders to forget too. To
//! remove a proposer, it turns the proposer off. Where registers are deleted, the proposer also
//! begins a new age, and its earlier messages are rejected.

mod plan;
mod step;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use history::{Key, NodeId, Observation, Span};
use sim::{Context, Input, Keep, TimerId, Waiting};

pub(crate) use self::plan::Job;
pub use self::plan::{Cast, OrchestratedChange};
use self::step::Round;
pub use self::step::Step;
use crate::order::Report;
use crate::rules::Rules;
use crate::{Ballot, Message, Protocol, Timer};

type Cx<'a> = Context<'a, Protocol>;

/// The timing of an orchestrator.
#[derive(Clone, Copy, Debug, Hash)]
pub(crate) struct Pace {
    /// The time between two changes.
    pub(crate) every: Span,
    /// The time before an order is repeated.
    pub(crate) retry: Span,
}

/// An orchestrator. All of its state but the timer survives a crash.
#[derive(Clone, Debug, Hash)]
pub struct Orchestrator {
    cast: Cast,
    pace: Pace,
    rules: &'static dyn Rules,
    /// Whether the next job may begin.
    is_due: bool,
    jobs: VecDeque<Job>,
    /// The deleted registers, and the ballots of their tombstones.
    deleted: VecDeque<(Key, Ballot)>,
    /// The number of the latest configuration.
    epoch: u64,
    /// The number of the latest order.
    number: u32,
    /// The last reported ages of proposers.
    ages: Vec<(NodeId, u32)>,
    /// The steps after the present one.
    steps: VecDeque<Step>,
    round: Option<Round>,
    timer: Option<TimerId>,
}

impl sim::Process for Orchestrator {
    type Protocol = Protocol;

    fn handle(&mut self, cx: &mut Cx<'_>, input: Input<Protocol>) {
        match input {
            Input::Start => {
                self.await_next_job(cx);
                if self.round.is_some() {
                    cx.mark("orchestrator-resumed");
                    self.give(cx);
                }
            }
            Input::Timer(Timer::Change) => self.is_due = true,
            Input::Timer(Timer::Try) => self.give(cx),
            Input::Message { message: Message::Deleted { key, tombstone }, .. } => {
                // Each key is listed once, so the list is no longer than the number of keys.
                self.deleted.retain(|(queued, _)| *queued != key);
                self.deleted.push_back((key, tombstone));
            }
            Input::Message { from, message: Message::Report { number, report } } => {
                self.on_report(cx, from, number, report);
            }
            _ => (),
        }
        self.proceed(cx);
    }

    fn crash(self, _: Keep) -> Orchestrator {
        Orchestrator { timer: None, ..self }
    }
}

impl Orchestrator {
    pub(crate) fn new(
        cast: Cast,
        jobs: Vec<Job>,
        pace: Pace,
        rules: &'static dyn Rules,
    ) -> Orchestrator {
        Orchestrator {
            cast,
            pace,
            rules,
            is_due: false,
            jobs: jobs.into(),
            deleted: VecDeque::new(),
            epoch: 0,
            number: 0,
            ages: Vec::new(),
            steps: VecDeque::new(),
            round: None,
            timer: None,
        }
    }

    /// The number of jobs that are left.
    pub(crate) fn missing(&self) -> usize {
        let present = usize::from(self.round.is_some());
        present + self.steps.len() + self.jobs.len() + self.deleted.len()
    }

    /// The nodes for which it waits.
    pub(crate) fn waits_for(&self) -> Vec<Waiting> {
        let nodes = self.round.iter().flat_map(|round| &round.waiting);
        let wait = |on: &NodeId| Waiting { on: *on, what: "a report".to_owned(), key: None };
        nodes.map(wait).collect()
    }

    fn await_next_job(&self, cx: &mut Cx<'_>) {
        if !self.jobs.is_empty() {
            cx.set_timer(self.pace.every, Timer::Change);
        }
    }

    /// Begins the next step, or the next job, unless it is at one.
    fn proceed(&mut self, cx: &mut Cx<'_>) {
        self.make_way();
        while self.round.is_none() {
            if let Some(step) = self.steps.pop_front() {
                self.begin(cx, step);
            } else if self.is_due
                && let Some(job) = self.jobs.pop_front()
            {
                self.is_due = false;
                self.steps = self.plan(cx, job);
                self.await_next_job(cx);
            } else if let Some((key, tombstone)) = self.deleted.pop_front() {
                self.begin(cx, self.rules.after_deletion(key, tombstone));
            } else {
                return;
            }
        }
    }

    /// Postpones a deletion that is still in its first step, if a change is due.
    fn make_way(&mut self) {
        if self.is_due
            && !self.jobs.is_empty()
            && let Some(Round { step: Step::Commit { key, tombstone, .. }, .. }) = self.round
        {
            self.round = None;
            self.put_off(key, tombstone);
        }
    }

    fn put_off(&mut self, key: Key, tombstone: Ballot) {
        // A register that was deleted again meanwhile is already in the list.
        if self.deleted.iter().all(|(queued, _)| *queued != key) {
            self.deleted.push_front((key, tombstone));
        }
    }

    fn begin(&mut self, cx: &mut Cx<'_>, step: Step) {
        self.number += 1;
        if let Step::Configure(_) = step {
            self.epoch += 1;
        }
        let waiting = step.nodes(&self.cast);
        self.round = Some(Round::new(self.number, step, waiting));
        self.give(cx);
    }

    /// Gives the order of the present step to the nodes that have not reported.
    fn give(&mut self, cx: &mut Cx<'_>) {
        let Some(Round { number, step, waiting, .. }) = &self.round else {
            return;
        };
        let (number, order) = (*number, step.order(self.epoch, &self.ages));
        match step {
            // One of them is enough.
            Step::Commit { .. } | Step::Rescan(_) => {
                let place = cx.choose("committing-proposer", waiting.len() as u64) as usize;
                cx.send(waiting[place], Message::Order { number, order });
            }
            _ => {
                for node in waiting {
                    cx.send(*node, Message::Order { number, order: order.clone() });
                }
            }
        }
        if let Some(timer) = self.timer.take() {
            cx.cancel_timer(timer);
        }
        self.timer = Some(cx.set_timer(self.pace.retry, Timer::Try));
    }

    fn on_report(&mut self, cx: &mut Cx<'_>, from: NodeId, number: u32, report: Report) {
        let Some(round) = self.round.as_mut().filter(|round| round.number == number) else {
            return;
        };
        round.on_report(from, report);
        if !round.waiting.is_empty() {
            return;
        }
        if let Some(timer) = self.timer.take() {
            cx.cancel_timer(timer);
        }
        if let Some(round) = self.round.take() {
            self.finish(cx, round);
        }
    }

    /// Ends a step, and adds the steps that follow from its reports.
    fn finish(&mut self, cx: &mut Cx<'_>, round: Round) {
        match round.step {
            Step::Commit { key, .. } => {
                if let Some((tombstone, Observation::EMPTY)) = round.committed {
                    self.steps = self.rules.after_commit(key, tombstone).into();
                }
            }
            Step::Forget { .. } | Step::Retire(_) => self.ages = round.ages,
            Step::Erase { key, tombstone } if round.is_kept => {
                cx.mark("promised-meanwhile");
                self.put_off(key, tombstone);
            }
            Step::Configure(_) => cx.mark("membership-changed"),
            Step::Rescan(_) => cx.mark("rescanned"),
            Step::Erase { .. } | Step::Reject | Step::Sweep(_) => (),
        }
    }
}
